//! `pulldoctor check` of kinds that are not Kubernetes' own: found as kubectl finds them, and their
//! pods by whatever selects them.

pub mod support;

use serde_json::{Value, json};
use support::apiserver::{ApiServer, Builder, CustomKind, Deny, Fault, On};
use support::shop::{Waiting, check, creating, no_tag, pod, replica_set, serve, up};

const ROLLOUT: CustomKind = CustomKind {
    api_version: "argoproj.io/v1alpha1",
    kind: "Rollout",
    plural: "rollouts",
    short_names: &["ro"],
    has_scale: true,
};
const CLONE_SET: CustomKind = CustomKind {
    api_version: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    plural: "clonesets",
    short_names: &["clone"],
    has_scale: true,
};

fn rollout(generation: u32, observed: u32, replicas: u32) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": { "name": "web", "namespace": "shop", "uid": "ro", "generation": generation },
        "spec": { "replicas": replicas, "selector": { "matchLabels": { "app": "web" } },
            "paused": { "odd": true } },
        "status": { "observedGeneration": observed.to_string(), "conditions": {} },
    })
}

/// A replica set of the Rollout.
fn set(hash: &str, revision: u32, replicas: u32) -> Value {
    let mut set = replica_set(hash, 0);
    set["metadata"]["annotations"] =
        json!({ "rollout.argoproj.io/revision": revision.to_string() });
    set["metadata"]["ownerReferences"] = json!([{ "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout", "name": "web", "uid": "ro", "controller": true }]);
    set["spec"] = json!({ "replicas": replicas });
    set
}

/// A pod of somebody else with the same labels.
fn stranger() -> Value {
    let mut stranger = pod("stranger", "9", no_tag());
    stranger["metadata"]["ownerReferences"] = json!([]);
    stranger
}

fn build(kind: CustomKind, objects: &[Value]) -> Builder {
    objects.iter().fold(ApiServer::builder().kind(kind), |it, object| it.object(object.clone()))
}

fn examined(server: &ApiServer, workload: &str) -> (i32, Value) {
    let run = check(server, &[workload, "-n", "shop", "-o", "json"]);
    assert!(run.code < 2, "{workload}: {}", run.stderr);
    (run.code, run.json()["summary"]["podsExamined"].clone())
}

#[test]
fn a_rollout_is_found_by_every_name_that_kubectl_takes() {
    for is_aggregated in [true, false] {
        let builder =
            build(ROLLOUT, &[rollout(1, 1, 2), set("1", 1, 1), set("2", 2, 1), stranger()])
                .object(pod("old", "1", up()))
                .object(pod("new", "2", no_tag()));
        let server = if is_aggregated { builder.start() } else { builder.separate_kinds().start() };
        for typed in [
            "rollout/web",
            "rollouts/web",
            "ro/web",
            "Rollout/web",
            "rollouts.argoproj.io/web",
            "rollouts.v1alpha1.argoproj.io/web",
        ] {
            assert_eq!(examined(&server, typed), (1, json!(2)), "{typed}");
        }
        let asked = server.requests();
        let kinds = asked.iter().filter(|it| it.path == "/apis");
        assert_eq!(kinds.count(), 6, "once a run");
        assert_eq!(asked.iter().any(|it| it.path == "/apis/apps/v1"), !is_aggregated);
    }
}

#[test]
fn a_scale_tells_what_an_object_does_not() {
    let set = json!({
        "apiVersion": "apps.kruise.io/v1alpha1", "kind": "CloneSet",
        "metadata": { "name": "x", "namespace": "shop", "uid": "c" },
        "spec": { "replicas": 1 }, "status": { "labelSelector": "app=web,pod-template-hash in (1)" },
    });
    let objects = [set, pod("a", "1", no_tag()), pod("b", "2", no_tag())];
    let server = build(CLONE_SET, &objects).start();
    assert_eq!(examined(&server, "cloneset/x"), (1, json!(1)));
    let run =
        Waiting::start(&server, &["clonesets/x", "-n", "shop", "--wait", "60s", "--grace", "0s"])
            .end();
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.starts_with("1 of 1 pod cannot pull"), "{}", run.stdout);

    // Who may not see it is left with the owners of the pods, and here there is none.
    let server = build(CLONE_SET, &objects).deny(Deny::to("get", "clonesets/scale")).start();
    assert_eq!(examined(&server, "cloneset/x"), (0, json!(0)));
}

#[test]
fn a_bare_map_is_a_selector_too() {
    let service = json!({ "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": "front", "namespace": "shop", "uid": "s" },
        "spec": { "selector": { "pod-template-hash": "1" } } });
    let kind = CustomKind {
        api_version: "v1",
        kind: "Service",
        plural: "services",
        short_names: &["svc"],
        has_scale: false,
    };
    let objects = [service, pod("a", "1", no_tag()), pod("b", "2", up())];
    let server = build(kind, &objects).start();
    assert_eq!(examined(&server, "svc/front"), (1, json!(1)));
}

#[test]
fn a_kind_that_nobody_serves_is_an_error_as_kubectl_has_it() {
    let server = build(ROLLOUT, &[rollout(1, 1, 1)]).start();
    for args in [&["rollot/web", "-n", "shop"][..], &["rollot/web", "-n", "shop", "--wait", "60s"]]
    {
        let run = check(&server, args);
        assert_eq!(run.code, 3, "{run:?}");
        assert_eq!(
            run.stderr,
            "error: the server doesn't have a resource type \"rollot\"\n\
             hint: of a similar name: rollouts\n"
        );
    }
    let run = check(&server, &["gizmo.example.com/web", "-n", "shop"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("resource type \"gizmo.example.com\""), "{}", run.stderr);
    assert!(run.stderr.contains("kubectl api-resources"), "{}", run.stderr);

    let run = check(&server, &["rollout/webs", "-n", "shop"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("there is no rollout/webs"), "{}", run.stderr);
    assert!(run.stderr.contains("of a similar name: web"), "{}", run.stderr);
}

#[test]
fn where_kinds_or_objects_are_hidden_the_owners_of_pods_tell() {
    let objects = [rollout(1, 1, 1), set("1", 1, 1), pod("a", "1", no_tag()), stranger()];
    let hidden = build(ROLLOUT, &objects).deny(Deny::to("get", "rollouts")).start();
    assert_eq!(examined(&hidden, "rollout/web"), (1, json!(1)));
    let run = check(&hidden, &["rollout/other", "-n", "shop"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("no permission to get rollouts.argoproj.io"), "{}", run.stderr);

    let silent =
        build(ROLLOUT, &objects).fault(On::any().at("/apis"), Fault::Status(403, None)).start();
    assert_eq!(examined(&silent, "rollout/web"), (1, json!(1)));
}

#[test]
fn a_secret_is_not_read_to_find_out_that_it_has_no_pods() {
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": { "name": "x", "namespace": "shop" }, "data": {} });
    let server = serve(&[secret, pod("a", "1", up())]);
    let run = check(&server, &["secret/x", "-n", "shop"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(server.requests().iter().all(|it| it.resource != "secrets" || it.verb == "list"));
}

#[test]
fn waiting_is_for_the_newest_replica_set() {
    let server =
        build(ROLLOUT, &[rollout(2, 1, 4), set("1", 1, 4), pod("old", "1", no_tag())]).start();
    let waiting = Waiting::start(&server, &["rollout/web", "-n", "shop", "--wait", "60s"]);
    waiting.hears("its controller has not seen the change yet");
    // A canary: one pod of four is of the new revision, and the rollout rests there.
    server.put(set("2", 2, 1));
    server.put(rollout(2, 2, 4));
    waiting.hears("1 pod expected");
    server.put(pod("new", "2", creating()));
    waiting.hears("shop/new: pending");
    server.put(pod("new", "2", up()));
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "the images of 1 pod are pulled\n");
}

#[test]
fn waiting_for_labels_goes_on_after_a_pod_has_settled() {
    let service = json!({ "apiVersion": "apps.kruise.io/v1alpha1", "kind": "CloneSet",
        "metadata": { "name": "x", "namespace": "shop", "uid": "c" },
        "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "web" } } } });
    let server = build(CLONE_SET, &[pod("a", "1", up())]).start();
    let waiting = Waiting::start(&server, &["cloneset/x", "-n", "shop", "--wait", "60s"]);
    waiting.hears("cloneset/x: it does not exist");
    server.put(service);
    waiting.hears("2 pods expected");
    server.put(pod("b", "1", creating()));
    waiting.hears("shop/b: pending");
    server.put(pod("b", "1", up()));
    let run = waiting.end();
    assert_eq!(run.stdout, "the images of all 2 pods are pulled\n", "{run:?}");
}
