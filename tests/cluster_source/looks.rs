//! The first look: what it reads, and how little it asks for.

use pulldoctor::facts::Unseen;
use pulldoctor::source::cluster::{Scope, Wanted};
use serde_json::{Value, json};

use crate::support::apiserver::{ApiServer, Deny, Fault, On};
use crate::{ClusterOptions, connect, impatient, look, named, options};

fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace, "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "app", "image": "nginx" }] },
        "status": { "phase": "Pending" },
    })
}

fn event(namespace: &str, pod: &str, number: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "reason": "Failed", "type": "Warning", "message": "m",
        "metadata": { "name": format!("{pod}.{number}"), "namespace": namespace },
        "involvedObject": { "kind": "Pod", "name": pod, "namespace": namespace },
    })
}

#[tokio::test]
async fn one_pod_costs_two_requests_side_by_side() {
    let server = ApiServer::builder().fixtures("default").start();
    let look = look(&options(&server)).await.unwrap();
    assert_eq!(look.pods[0].name.to_string(), "default/private-reg");
    assert!(look.events.iter().all(|event| event.about.name == "private-reg"));
    assert!(!look.events.is_empty());
    assert_eq!(look.events_seen["default"], Ok(()));

    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.namespace.as_deref() == Some("default")));
    let events = requests.iter().find(|request| request.resource == "events").unwrap();
    assert_eq!(
        events.query["fieldSelector"],
        "involvedObject.name=private-reg,involvedObject.kind=Pod"
    );
    for request in &requests {
        let agent = request.header("user-agent").unwrap();
        assert!(agent.starts_with("pulldoctor/"), "{agent}");
        assert_eq!(request.header("accept-encoding"), Some("gzip"));
    }
}

#[tokio::test]
async fn a_name_that_no_pod_can_have_is_not_asked_for() {
    let server = ApiServer::builder().fixtures("default").start();
    let cluster = connect(&options(&server)).await.unwrap();
    let look = cluster.first_look(&named(&["", "..", "a/b"])).await.unwrap();
    assert_eq!(look.missing.len(), 3);
    assert!(server.requests().iter().all(|request| request.resource != "pods"));
}

#[tokio::test]
async fn pods_that_are_gone_are_part_of_the_answer() {
    let server = ApiServer::builder().fixtures("default").start();
    let cluster = connect(&options(&server)).await.unwrap();
    let look =
        cluster.first_look(&named(&["nope", "private-reg-ok", "private-reg"])).await.unwrap();
    let names: Vec<&str> = look.pods.iter().map(|pod| pod.name.name.as_str()).collect();
    assert_eq!(names, ["private-reg-ok", "private-reg"], "in the order asked for");
    assert_eq!(look.missing[0].to_string(), "default/nope");
}

#[tokio::test]
async fn events_that_cannot_be_read_are_part_of_the_answer() {
    let server = ApiServer::builder().fixtures("default").deny(Deny::to("list", "events")).start();
    let seen = look(&options(&server)).await.unwrap();
    let forbidden = Unseen::Forbidden {
        verb: "list",
        resource: "events".to_owned(),
        namespace: Some("default".to_owned()),
    };
    assert_eq!(seen.events_seen["default"], Err(forbidden));
    assert_eq!(seen.pods.len(), 1);

    let silent =
        ApiServer::builder().fixtures("default").fault(On::list("events"), Fault::Silence).start();
    let seen = look(&impatient(&silent)).await.unwrap();
    assert!(matches!(seen.events_seen["default"], Err(Unseen::Failed(_))), "{seen:?}");
}

#[tokio::test]
async fn a_selector_selects_on_the_server() {
    let mut builder = ApiServer::builder().fixtures("default");
    for number in 0..1203 {
        builder = builder.object(pod("shop", &format!("web-{number:04}")));
    }
    builder = builder.object(event("shop", "web-0007", 1)).object(event("shop", "gone", 1));
    let server = builder.object(pod("other", "web-0")).start();
    let cluster = connect(&options(&server)).await.unwrap();
    let wanted = |scope: Scope| Wanted::Selected { scope, labels: Some("app in (web)".to_owned()) };

    let look = cluster.first_look(&wanted(Scope::Namespace("shop".to_owned()))).await.unwrap();
    assert_eq!(look.pods.len(), 1203);
    assert_eq!(look.events.len(), 1, "only of the pods that were selected");
    assert_eq!(look.events_seen.len(), 1);
    let pages = server.requests().iter().filter(|request| request.resource == "pods").count();
    assert_eq!(pages, 3);
    assert!(server.requests().iter().all(|request| request.query["limit"] == "500"));

    let look = cluster.first_look(&wanted(Scope::All)).await.unwrap();
    assert_eq!(look.pods.len(), 1204);
    assert_eq!(look.events_seen.keys().collect::<Vec<_>>(), ["other", "shop"]);

    let nothing = Wanted::Selected { scope: Scope::Namespace("empty".to_owned()), labels: None };
    let look = cluster.first_look(&nothing).await.unwrap();
    assert!(look.pods.is_empty() && look.events_seen["empty"].is_ok());
}

#[tokio::test]
async fn slow_pages_do_not_add_up_without_end() {
    let mut builder = ApiServer::builder();
    for number in 0..5000 {
        builder = builder.object(pod("shop", &format!("web-{number}")));
    }
    // Ten pages, each of them well in time even on a machine with other things to do.
    let patience = std::time::Duration::from_secs(2);
    let slow = Fault::Late(std::time::Duration::from_millis(900));
    let server = builder.fault(On::list("pods"), slow).start();
    let wanted = Wanted::Selected { scope: Scope::Namespace("shop".to_owned()), labels: None };
    let patient = ClusterOptions { request_timeout: Some(patience), ..options(&server) };
    let cluster = connect(&patient).await.unwrap();
    let fault = crate::api(cluster.first_look(&wanted).await.unwrap_err());
    let pulldoctor::error::ApiFault::TimedOut { after, .. } = fault else { panic!("{fault:?}") };
    assert_eq!(after, 4 * patience);
}

#[tokio::test]
async fn a_stale_page_is_read_anew_once() {
    let full = |expiring: usize| {
        let mut builder = ApiServer::builder().expire_continues(expiring);
        for number in 0..600 {
            builder = builder.object(pod("shop", &format!("web-{number}")));
        }
        builder.start()
    };
    let wanted = Wanted::Selected { scope: Scope::Namespace("shop".to_owned()), labels: None };
    let once = full(1);
    let look = connect(&options(&once)).await.unwrap().first_look(&wanted).await.unwrap();
    assert_eq!(look.pods.len(), 600, "nothing twice");
    let twice = full(2);
    let error = connect(&options(&twice)).await.unwrap().first_look(&wanted).await.unwrap_err();
    assert!(matches!(crate::api(error), pulldoctor::error::ApiFault::Gone { .. }));
}
