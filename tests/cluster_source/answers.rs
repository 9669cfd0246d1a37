//! Questions and their answers: found, absent, or unseen for a reason, and nothing asked that was
//! not needed.

use std::collections::BTreeSet;

use pulldoctor::facts::{Lookup, ObjectName, OwnerKey, Unseen};
use pulldoctor::question::Question;
use serde_json::{Value, json};

use crate::support::apiserver::{ApiServer, Deny, Fault, On};
use crate::{connect, facts, impatient, options};

fn secret(namespace: &str, name: &str, kind: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind,
        "metadata": { "name": name, "namespace": namespace },
        "data": { ".dockerconfigjson": "e30=", "password": "Q0FOQVJZ" },
    })
}

fn key(api_version: &str, kind: &str, name: &str) -> OwnerKey {
    OwnerKey {
        namespace: "owners".to_owned(),
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

fn ask(questions: &[Question]) -> BTreeSet<Question> {
    questions.iter().cloned().collect()
}

fn forbidden(verb: &'static str, resource: &str, namespace: Option<&str>) -> Unseen {
    Unseen::Forbidden {
        verb,
        resource: resource.to_owned(),
        namespace: namespace.map(str::to_owned),
    }
}

#[tokio::test]
async fn everything_at_once() {
    let server = ApiServer::builder()
        .fixtures("default")
        .object(secret("default", "legacy", "kubernetes.io/dockercfg"))
        .object(secret("default", "unrelated", "Opaque"))
        .object(secret("shop", "far", "kubernetes.io/dockerconfigjson"))
        .start();
    let cluster = connect(&options(&server)).await.unwrap();
    let mut facts = facts(&cluster).await;
    let before = server.requests().len();
    let absent = ObjectName::new("default", "nope");
    let node = facts.pods[0].node.clone().unwrap();
    cluster
        .answer(
            &ask(&[
                Question::ServiceAccount(ObjectName::new("default", "default")),
                Question::ServiceAccount(absent.clone()),
                Question::Node(node.clone()),
                Question::Node("nope".to_owned()),
                Question::Secret(absent.clone()),
                Question::PullSecrets("default".to_owned()),
                Question::PullSecretsElsewhere,
                Question::Neighbours("default".to_owned()),
            ]),
            &mut facts,
        )
        .await;

    assert!(matches!(facts.service_account("default", "default"), Lookup::Found(_)));
    assert_eq!(facts.service_accounts[&absent], Lookup::Absent);
    assert!(matches!(facts.node(&node), Lookup::Found(_)));
    assert_eq!(facts.nodes["nope"], Lookup::Absent);
    assert_eq!(facts.secrets[&absent], Lookup::Absent);
    let seen: Vec<String> = facts.pull_secrets().map(|secret| secret.name.to_string()).collect();
    assert_eq!(seen, ["default/legacy", "default/regcred", "shop/far"]);
    assert_eq!(facts.secrets_listed["default"], Ok(()));
    assert_eq!(facts.secrets_elsewhere, Some(Ok(())));
    assert_eq!(facts.neighbours_seen["default"], Ok(()));

    let requests = &server.requests()[before..];
    assert_eq!(
        requests.len(),
        5 + 2 + 2 + 2,
        "one a look-up, two a list of secrets, two for neighbours"
    );
    for request in requests.iter().filter(|request| request.verb == "list") {
        let is_across = request.namespace.is_none();
        assert!(!is_across || request.resource == "secrets", "{request:?}");
        if request.resource == "secrets" {
            let selector = &request.query["fieldSelector"];
            assert!(selector.starts_with("type=kubernetes.io/docker"), "{selector}");
        }
    }
}

#[tokio::test]
async fn forbidden_is_never_missing() {
    let server = ApiServer::builder()
        .fixtures("default")
        .fixtures("owners")
        .deny(Deny::to("*", "secrets"))
        .deny(Deny::to("*", "serviceaccounts"))
        .deny(Deny::to("*", "nodes"))
        .deny(Deny::to("*", "replicasets"))
        .deny(Deny::to("list", "pods"))
        .start();
    let cluster = connect(&options(&server)).await.unwrap();
    let mut facts = facts(&cluster).await;
    let name = ObjectName::new("default", "regcred");
    let owner = key("apps/v1", "ReplicaSet", "nope");
    cluster
        .answer(
            &ask(&[
                Question::ServiceAccount(name.clone()),
                Question::Node("lab-node".to_owned()),
                Question::Secret(name.clone()),
                Question::PullSecrets("default".to_owned()),
                Question::PullSecretsElsewhere,
                Question::Neighbours("default".to_owned()),
                Question::Owner(owner.clone()),
            ]),
            &mut facts,
        )
        .await;
    let here = Some("default");
    assert_eq!(
        facts.service_accounts[&name],
        Lookup::Unseen(forbidden("get", "serviceaccounts", here))
    );
    assert_eq!(facts.nodes["lab-node"], Lookup::Unseen(forbidden("get", "nodes", None)));
    assert_eq!(facts.secrets[&name], Lookup::Unseen(forbidden("get", "secrets", here)));
    assert_eq!(facts.secrets_listed["default"], Err(forbidden("list", "secrets", here)));
    assert_eq!(facts.secrets_elsewhere, Some(Err(forbidden("list", "secrets", None))));
    assert_eq!(facts.neighbours_seen["default"], Err(forbidden("list", "pods", here)));
    assert_eq!(
        facts.owners[&owner],
        Lookup::Unseen(forbidden("get", "replicasets.apps", Some("owners")))
    );
}

#[tokio::test]
async fn a_role_in_one_namespace_is_enough_for_it() {
    let server = ApiServer::builder()
        .fixtures("default")
        .deny(Deny::to("list", "secrets").across_the_cluster())
        .start();
    let cluster = connect(&options(&server)).await.unwrap();
    let mut facts = facts(&cluster).await;
    let questions =
        ask(&[Question::PullSecrets("default".to_owned()), Question::PullSecretsElsewhere]);
    cluster.answer(&questions, &mut facts).await;
    assert_eq!(facts.secrets_listed["default"], Ok(()));
    assert_eq!(facts.secrets_elsewhere, Some(Err(forbidden("list", "secrets", None))));
    assert_eq!(facts.pull_secrets().count(), 1);
}

#[tokio::test]
async fn owners_of_all_usual_kinds() {
    let rollout = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": { "name": "canary", "namespace": "owners" },
        "spec": { "template": { "spec": { "imagePullSecrets": [{ "name": "regcred" }] } } },
    });
    let server =
        ApiServer::builder().fixtures("default").fixtures("owners").object(rollout).start();
    let cluster = connect(&options(&server)).await.unwrap();
    let mut facts = facts(&cluster).await;

    // The kinds of the fixtures, by the files they are in.
    let mut keys = Vec::new();
    for file in ["replicasets", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"] {
        let path = format!("{}/fixtures/cluster/owners/{file}.json", env!("CARGO_MANIFEST_DIR"));
        let list: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let item = &list["items"][0];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        keys.push(key(
            &text(&item["apiVersion"]),
            &text(&item["kind"]),
            &text(&item["metadata"]["name"]),
        ));
    }
    keys.push(key("argoproj.io/v1alpha1", "Rollout", "canary"));
    // An old reference finds the object all the same.
    let old = OwnerKey { api_version: "apps/v1beta2".to_owned(), ..keys[1].clone() };
    keys.push(old);
    let questions = keys.iter().cloned().map(Question::Owner).collect();
    cluster.answer(&questions, &mut facts).await;
    for key in &keys {
        let Lookup::Found(owner) = facts.owner(key) else {
            panic!("{key:?}: {:?}", facts.owners[key])
        };
        assert_eq!(&owner.key, key);
    }
    let rollout = facts.owner(&key("argoproj.io/v1alpha1", "Rollout", "canary")).found().unwrap();
    assert_eq!(rollout.pull_secrets, ["regcred"]);

    let before = server.requests().len();
    let strange = key("apps.kruise.io/v1alpha1", "CloneSet", "x");
    let node = key("v1", "Node", "lab-node");
    let gone = key("apps/v1", "ReplicaSet", "gone");
    let questions = [&strange, &node, &gone].map(|key| Question::Owner(key.clone())).into();
    cluster.answer(&questions, &mut facts).await;
    assert_eq!(facts.owners[&strange], Lookup::Unseen(Unseen::NotGiven));
    assert_eq!(facts.owners[&node], Lookup::Unseen(Unseen::NotGiven));
    assert_eq!(facts.owners[&gone], Lookup::Absent);
    assert_eq!(server.requests().len() - before, 1, "kinds that nobody knows cost nothing");
}

#[tokio::test]
async fn a_kind_that_is_not_installed_is_not_an_absence() {
    let server = ApiServer::builder().fixtures("default").start();
    let cluster = connect(&options(&server)).await.unwrap();
    let mut facts = facts(&cluster).await;
    let rollout = key("argoproj.io/v1alpha1", "Rollout", "x");
    cluster.answer(&ask(&[Question::Owner(rollout.clone())]), &mut facts).await;
    let Lookup::Unseen(Unseen::Failed(why)) = &facts.owners[&rollout] else { panic!() };
    assert!(why.ends_with("does not know rollouts.argoproj.io"), "{why}");
}

#[tokio::test]
async fn neighbours_are_read_once() {
    let server = ApiServer::builder().fixtures("missing").start();
    let cluster = connect(&options(&server)).await.unwrap();
    let all = pulldoctor::source::cluster::Wanted::Selected {
        scope: pulldoctor::source::cluster::Scope::Namespace("missing".to_owned()),
        labels: None,
    };
    let everything = cluster.first_look(&all).await.unwrap();
    let first = everything.pods[0].name.name.clone();
    let one = pulldoctor::source::cluster::Wanted::Named {
        namespace: "missing".to_owned(),
        names: vec![first],
    };
    let look = cluster.first_look(&one).await.unwrap();
    let mut facts = look.into_facts(chrono::DateTime::UNIX_EPOCH, cluster.origin());
    let own_events = facts.events.len();
    cluster.answer(&ask(&[Question::Neighbours("missing".to_owned())]), &mut facts).await;
    assert!(!facts.neighbours.is_empty());
    assert!(facts.neighbours.iter().all(|pod| pod.name != facts.pods[0].name));
    let own_now =
        facts.events.iter().filter(|event| event.about.name == facts.pods[0].name.name).count();
    assert_eq!(own_now, own_events, "no event of the pod itself is counted twice");
    assert!(facts.events.len() > own_events);
}

#[tokio::test]
async fn the_cluster_s_pull_secrets_are_many_but_not_endless() {
    let mut builder = ApiServer::builder().fixtures("default");
    for number in 0..2600 {
        let namespace = format!("team-{}", number % 7);
        builder = builder.object(secret(
            &namespace,
            &format!("s{number}"),
            "kubernetes.io/dockerconfigjson",
        ));
    }
    let server = builder.start();
    let cluster = connect(&options(&server)).await.unwrap();
    let mut facts = facts(&cluster).await;
    cluster.answer(&ask(&[Question::PullSecretsElsewhere]), &mut facts).await;
    assert_eq!(facts.pull_secrets().count(), 2000);
    assert!(matches!(facts.secrets_elsewhere, Some(Err(Unseen::Failed(_)))));
    let asked = server.requests().iter().filter(|request| request.resource == "secrets").count();
    assert_eq!(asked, 5, "four pages of one type, one of the other");
}

#[tokio::test]
async fn many_questions_are_asked_side_by_side_but_not_all_at_once() {
    let slow = Fault::Late(std::time::Duration::from_millis(50));
    let server = ApiServer::builder().fixtures("default").fault(On::any(), slow).start();
    let cluster = connect(&options(&server)).await.unwrap();
    let mut facts = facts(&cluster).await;
    assert_eq!(server.most_at_once(), 2, "the pod and its events");
    let questions = (0..40).map(|number| Question::Node(format!("node-{number}"))).collect();
    cluster.answer(&questions, &mut facts).await;
    assert_eq!(facts.nodes.len(), 40);
    assert_eq!(server.most_at_once(), 8);
}

#[tokio::test]
async fn silence_leaves_no_question_open() {
    let server = ApiServer::builder()
        .fixtures("default")
        .fault(On::list("secrets"), Fault::StallAfter(50))
        .fault(On::get("nodes"), Fault::Silence)
        .start();
    let cluster = connect(&impatient(&server)).await.unwrap();
    let mut facts = facts(&cluster).await;
    let questions =
        ask(&[Question::PullSecrets("default".to_owned()), Question::Node("lab-node".to_owned())]);
    cluster.answer(&questions, &mut facts).await;
    assert!(matches!(facts.secrets_listed["default"], Err(Unseen::Failed(_))));
    assert!(matches!(facts.nodes["lab-node"], Lookup::Unseen(Unseen::Failed(_))));
}
