//! Where the fixes land, and that they are safe to paste.

use pulldoctor::diagnose::Diagnosis;
use pulldoctor::facts::{Lookup, Manager, ObjectName, Place, PlaceKind, State};

use super::world::{
    ANONYMOUS, BLURRED, OwnerOf, WRONG_LOGIN, World, commands, expired_login, logins, time,
};

fn reg() -> String {
    logins(&["reg.example.com"])
}

/// A pod that does not refer to secret `a`, which would serve.
fn unreferred() -> World {
    World::new(BLURRED).secret("a", &reg())
}

fn manifests(diagnosis: &Diagnosis) -> String {
    diagnosis.fixes.iter().filter_map(|fix| fix.manifest.clone()).collect()
}

#[test]
fn the_reference_lands_in_the_outermost_owner() {
    let replica_set = ("apps/v1", "ReplicaSet", "web-5d4f8c7b9", &[][..]);
    let job = ("batch/v1", "Job", "nightly-1", &[][..]);
    #[rustfmt::skip]
    let cases: &[(&[OwnerOf<'_>], &str)] = &[
        (&[replica_set, ("apps/v1", "Deployment", "web", &[])], "kubectl patch deployment web -n shop -p '{\"spec\":{\"template\":{\"spec\":{\"imagePullSecrets\":[{\"name\":\"a\"}]}}}}'"),
        (&[("apps/v1", "StatefulSet", "db", &[])], "kubectl patch statefulset db -n shop -p"),
        (&[("apps/v1", "DaemonSet", "agent", &[])], "kubectl patch daemonset agent -n shop -p"),
        (&[("v1", "ReplicationController", "old", &[])], "kubectl patch replicationcontroller old -n shop -p"),
        (&[job, ("batch/v1", "CronJob", "nightly", &[])], "kubectl patch cronjob nightly -n shop -p '{\"spec\":{\"jobTemplate\":"),
        (&[job], "kubectl get job nightly-1 -n shop -o yaml | kubectl patch --local"),
        (&[], "kubectl get pod web -n shop -o yaml | kubectl patch --local -f - -p '{\"spec\":{\"imagePullSecrets\":[{\"name\":\"a\"}]}}' -o yaml | kubectl replace --force -f -"),
    ];
    for (owners, command) in cases {
        let diagnosis = unreferred().owned_by(owners).judged();
        assert!(commands(&diagnosis).starts_with(command), "{}", commands(&diagnosis));
        assert!(manifests(&diagnosis).contains("imagePullSecrets:"), "{owners:?}");
    }
}

#[test]
fn an_unknown_controller_is_named_as_it_is() {
    let owners: &[OwnerOf<'_>] = &[
        ("apps/v1", "ReplicaSet", "web-1", &[]),
        ("fleet.example.com/v2", "GameServerSet", "lobby", &[]),
    ];
    let diagnosis = unreferred().owned_by(owners).judged();
    assert_eq!(diagnosis.owner.as_ref().unwrap().kind, "GameServerSet");
    let fix = &diagnosis.fixes[0];
    assert!(fix.title.contains("GameServerSet lobby"), "{}", fix.title);
    assert!(fix.commands.is_empty());
    assert!(fix.manifest.as_ref().unwrap().contains("apiVersion: fleet.example.com/v2"));
}

#[test]
fn who_would_undo_a_patch_is_named() {
    for (managers, words) in [
        (&[Manager::Helm][..], "Helm manages this Deployment"),
        (&[Manager::ArgoCd], "Argo CD manages this Deployment"),
        (&[Manager::Flux], "Flux manages this Deployment"),
        (&[Manager::Helm, Manager::ArgoCd], "Argo CD manages this Deployment"),
    ] {
        let world = unreferred().owned_by(&[("apps/v1", "Deployment", "web", &[])]).with(|world| {
            for owner in world.facts.owners.values_mut() {
                if let Lookup::Found(owner) = owner {
                    owner.managed_by = managers.to_vec();
                }
            }
        });
        let says = &world.judged().fixes[0].says;
        assert!(says.contains(words), "{says}");
    }
}

#[test]
fn an_account_s_list_is_replaced_whole() {
    let world =
        unreferred().secret("quay", &logins(&["quay.io"])).account(&["quay"], Some(time("05:00")));
    let all = commands(&world.judged());
    assert!(
        all.contains(
            "kubectl patch serviceaccount default -n shop -p \
             '{\"imagePullSecrets\":[{\"name\":\"quay\"},{\"name\":\"a\"}]}'"
        ),
        "{all}"
    );
    assert!(manifests(&world.judged()).contains("kind: ServiceAccount"));
}

#[test]
fn what_came_from_the_account_is_not_lost_to_the_template() {
    let world = unreferred()
        .secret("quay", &logins(&["quay.io"]))
        .account(&["quay"], Some(time("05:00")))
        .refers(&["quay"])
        .owned_by(&[("apps/v1", "Deployment", "web", &[])]);
    let all = commands(&world.judged());
    assert!(all.contains("[{\"name\":\"quay\"},{\"name\":\"a\"}]"), "{all}");
    assert!(all.contains("patch serviceaccount default"), "{all}");
}

#[test]
fn a_pod_with_ephemeral_containers_is_created_without_them() {
    let world = unreferred().with(|world| {
        world.pod().places.push(Place {
            kind: PlaceKind::Ephemeral,
            name: "debug".to_owned(),
            image: "busybox".to_owned(),
            pull_policy: None,
            state: State::Running,
            mounts: Vec::new(),
        });
    });
    let all = commands(&world.judged());
    assert!(all.contains("\"ephemeralContainers\":null"), "{all}");
    for line in all.lines().filter(|line| line.contains("replace --force")) {
        assert!(line.contains("\"ephemeralContainers\":null"), "{line}");
    }
}

#[test]
fn a_pod_that_is_being_deleted_is_not_created_anew_by_command() {
    let world = unreferred().with(|world| world.pod().deleting = Some(time("07:59")));
    let diagnosis = world.judged();
    assert!(!commands(&diagnosis).contains("replace --force"), "{}", commands(&diagnosis));
    assert!(diagnosis.fixes[0].says.contains("being deleted"), "{}", diagnosis.fixes[0].says);
}

#[test]
fn a_secret_of_another_namespace_is_copied_without_being_shown() {
    let world = World::new(BLURRED).secret("team/hub", &reg());
    let diagnosis = world.judged();
    assert!(diagnosis.summary.contains("Secret hub in namespace team"), "{}", diagnosis.summary);
    assert_eq!(
        diagnosis.fixes[0].commands,
        ["kubectl get secret hub -n team \
          -o go-template='{{index .data \".dockerconfigjson\" | base64decode}}' | \
          kubectl create secret generic hub -n shop --type=kubernetes.io/dockerconfigjson \
          --from-file=.dockerconfigjson=/dev/stdin"]
    );
}

#[test]
fn the_same_namespace_comes_first() {
    let world =
        World::new(ANONYMOUS).refers(&["nope"]).secret("a", &reg()).secret("team/nope", &reg());
    let all = commands(&world.judged());
    assert!(all.starts_with("kubectl get secret a -n shop"), "{all}");
    assert!(all.contains("create secret generic nope -n shop"), "{all}");
}

#[test]
fn a_wrong_type_is_mended_without_a_new_login() {
    let world = World::new(ANONYMOUS).refers(&["a"]).secret_of("a", "Opaque", &reg());
    let fix = &world.judged().fixes[0];
    let command = &fix.commands[0];
    assert!(command.starts_with("kubectl get secret a -n shop -o go-template="), "{command}");
    assert!(command.contains("--type=kubernetes.io/dockerconfigjson"), "{command}");
    assert!(command.ends_with("| kubectl replace --force -f -"), "{command}");
    // One that would not serve is of no use under any type.
    let other = World::new(ANONYMOUS).refers(&["a"]).secret_of("a", "Opaque", &logins(&["b.io"]));
    assert!(!commands(&other.judged()).contains("go-template"));
}

#[test]
fn a_misspelt_key_is_mended_without_a_new_login() {
    let mend = |image: &str, key: &str| {
        let world = World::failing(image, BLURRED).refers(&["a"]).secret("a", &logins(&[key]));
        commands(&world.judged())
    };
    let hub = mend("acme/app", "https://index.docker.io/v1");
    assert!(
        hub.contains(
            "| sed 's|\"https://index\\.docker\\.io/v1\"|\"https://index.docker.io/v1/\"|' |"
        ),
        "{hub}"
    );
    let ecr = |account: &str| format!("{account}.dkr.ecr.eu-central-1.amazonaws.com");
    let sibling = mend(&format!("{}/app", ecr("123456789012")), &ecr("999999999999"));
    assert!(!sibling.contains("sed"), "{sibling}");
}

#[test]
fn an_expired_secret_that_nobody_refers_to_is_renewed_first() {
    let world = World::new(ANONYMOUS).secret("old", &expired_login("reg.example.com"));
    let diagnosis = world.judged();
    let all = commands(&diagnosis);
    assert!(diagnosis.summary.contains("old has expired"), "{}", diagnosis.summary);
    assert!(all.starts_with("kubectl create secret docker-registry old -n shop"), "{all}");
    assert!(all.contains("[{\"name\":\"old\"}]"), "{all}");
}

#[test]
fn names_are_quoted_for_the_shell() {
    let world = World::new(ANONYMOUS).with(|world| {
        world.pod().name = ObjectName::new("shop", "web; rm -rf $HOME");
        world.facts.events.clear();
    });
    let all = commands(&world.judged());
    assert!(all.contains("'web; rm -rf $HOME'"), "{all}");
}

#[test]
fn nothing_is_logged_in_to_for_a_public_image() {
    for image in ["ngnix", "registry.k8s.io/pause:9", "mcr.microsoft.com/x:1"] {
        let all = commands(&World::failing(image, BLURRED).judged());
        assert!(!all.contains("create secret"), "{image}: {all}");
    }
}

#[test]
fn a_login_of_the_node_is_mended_on_the_node_or_overruled() {
    let diagnosis = World::new(WRONG_LOGIN).judged();
    assert!(diagnosis.fixes[0].title.contains("give node-1 itself a login"));
    assert!(diagnosis.fixes[1].title.starts_with("or create pull secret regcred"));
    assert!(diagnosis.fixes[1].says.contains("before the node's own"));
}

#[test]
fn a_sibling_s_login_is_left_alone() {
    let host = |account: &str| format!("{account}.dkr.ecr.eu-central-1.amazonaws.com");
    let world = World::failing(&format!("{}/app", host("123456789012")), ANONYMOUS)
        .refers(&["other"])
        .secret("other", &logins(&[&host("999999999999")]));
    let all = commands(&world.judged());
    assert!(all.starts_with("kubectl create secret docker-registry regcred -n shop"), "{all}");
    assert!(!all.contains("docker-registry other"), "{all}");
}
