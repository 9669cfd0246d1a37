//! The tests' own API server does what the real one does, as the client library sees it.

pub mod support;

use std::time::Duration;

use futures::io::AsyncBufReadExt as _;
use futures::{Stream, StreamExt as _};
use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use support::apiserver::{ApiServer, Deny, Fault, On};

async fn client(server: &ApiServer) -> kube::Client {
    let file = Kubeconfig::read_from(server.kubeconfig()).unwrap();
    let config =
        kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

async fn get(client: &kube::Client, url: &str) -> Result<Value, kube::Error> {
    let text = client.request_text(Request::get(url).body(Vec::new()).unwrap()).await?;
    Ok(serde_json::from_str(&text).unwrap())
}

fn pod(name: &str, phase: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "status": { "phase": phase },
        "metadata": { "name": name, "namespace": "shop", "labels": { "app": "web" } },
    })
}

/// The events of a watch in short, such as `ADDED web-0`.
async fn watch(client: &kube::Client, query: &str) -> impl Stream<Item = String> + Unpin + use<> {
    let url = format!("/api/v1/namespaces/shop/pods?watch=true&{query}");
    let request = Request::get(url).body(Vec::new()).unwrap();
    let lines = client.request_stream(request).await.unwrap().lines();
    Box::pin(lines.map(|line| {
        let event: Value = match line {
            Ok(line) => serde_json::from_str(&line).unwrap_or_else(|_| json!({ "type": "BROKEN" })),
            Err(_) => json!({ "type": "BROKEN" }),
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = &event["object"];
        let what = match text(&event["type"]).as_str() {
            "ERROR" => object["code"].to_string(),
            _ => text(&object["metadata"]["name"]),
        };
        format!("{} {what}", text(&event["type"])).trim_end().to_owned()
    }))
}

/// The next `count` events; the server has two seconds for each.
async fn next(watch: &mut (impl Stream<Item = String> + Unpin), count: usize) -> Vec<String> {
    let mut events = Vec::new();
    for _ in 0..count {
        let event = tokio::time::timeout(Duration::from_secs(2), watch.next()).await;
        events.push(event.expect("the watch is silent").unwrap_or_else(|| "END".to_owned()));
    }
    events
}

#[tokio::test]
async fn a_watch_tells_what_changes() {
    let server = ApiServer::builder().object(pod("web-0", "Pending")).bookmarks().start();
    let client = client(&server).await;
    let list = get(&client, "/api/v1/namespaces/shop/pods").await.unwrap();
    let version = list["metadata"]["resourceVersion"].as_str().unwrap().to_owned();

    let mut anew = watch(&client, "allowWatchBookmarks=true").await;
    assert_eq!(next(&mut anew, 1).await, ["ADDED web-0"]);
    let mut pending =
        watch(&client, &format!("resourceVersion={version}&fieldSelector=status.phase%3DPending"))
            .await;

    server.put(pod("web-1", "Running"));
    server.put(pod("web-0", "Running"));
    server.delete("pods", "shop", "web-1");
    assert_eq!(next(&mut pending, 1).await, ["DELETED web-0"], "it no longer fits");
    let mut told: Vec<String> = Vec::new();
    while told.iter().filter(|event| *event != "BOOKMARK").count() < 3 {
        told.extend(next(&mut anew, 1).await);
    }
    assert!(told.contains(&"BOOKMARK".to_owned()) || next(&mut anew, 1).await == ["BOOKMARK"]);
    told.retain(|event| event != "BOOKMARK");
    assert_eq!(told, ["ADDED web-1", "MODIFIED web-0", "DELETED web-1"]);

    let mut resumed = watch(&client, &format!("resourceVersion={version}")).await;
    assert_eq!(next(&mut resumed, 3).await, told, "history is told again");
    server.compact();
    let mut stale = watch(&client, &format!("resourceVersion={version}")).await;
    assert_eq!(next(&mut stale, 2).await, ["ERROR 410", "END"]);
    let mut short = watch(&client, "timeoutSeconds=1").await;
    assert_eq!(next(&mut short, 2).await, ["ADDED web-0", "END"]);
}

#[tokio::test]
async fn a_watch_can_fail_as_real_ones_do() {
    let server = ApiServer::builder()
        .object(pod("web-0", "Pending"))
        .fault(On::watch("pods").times(1), Fault::CutAfter(30))
        .refuse_streaming_lists()
        .start();
    let client = client(&server).await;
    let mut cut = watch(&client, "").await;
    let broken = next(&mut cut, 1).await;
    assert!(broken == ["BROKEN"], "{broken:?}");
    let mut whole = watch(&client, "").await;
    assert_eq!(next(&mut whole, 1).await, ["ADDED web-0"]);
    let url = "/api/v1/pods?watch=true&sendInitialEvents=true";
    let error = get(&client, url).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 422), "{error}");
}

#[tokio::test]
async fn a_server_that_stops_drops_everything_and_comes_back_on_its_port() {
    let server = ApiServer::builder().object(pod("web-0", "Pending")).start();
    let before = client(&server).await;
    let url = "/api/v1/namespaces/shop/pods";
    let version = |list: Value| list["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let listed = version(get(&before, url).await.unwrap());
    let mut cut = watch(&before, &format!("resourceVersion={listed}")).await;
    assert_eq!(server.hears(|asked| asked.verb == "watch").resource, "pods");

    let address = server.address();
    server.stop();
    assert_eq!(next(&mut cut, 1).await, ["BROKEN"]);
    let refused = std::net::TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    server.put(pod("web-1", "Running"));

    server.restart();
    assert_eq!(server.address(), address);
    let after = client(&server).await;
    let mut resumed = watch(&after, &format!("resourceVersion={listed}")).await;
    assert_eq!(next(&mut resumed, 1).await, ["ADDED web-1"], "objects and history are kept");
    server.compact();
    server.restart();
    let mut stale = watch(&after, &format!("resourceVersion={listed}")).await;
    assert_eq!(next(&mut stale, 1).await, ["ERROR 410"]);
    assert!(version(get(&after, url).await.unwrap()) > listed, "the counter goes on");
}

#[tokio::test]
async fn selectors_pages_and_refusals_are_the_real_ones() {
    let mut builder =
        ApiServer::builder().deny(Deny::to("list", "secrets").in_namespace("default"));
    for number in 0..5 {
        builder = builder.object(pod(&format!("web-{number}"), "Pending"));
    }
    let server = builder.start();
    let client = client(&server).await;
    for (selector, count) in [
        ("labelSelector=app%3Dweb", 5),
        ("labelSelector=app+in+(web,db),!tier", 5),
        ("labelSelector=app+notin+(web)", 0),
        ("labelSelector=app!%3Dweb", 0),
        ("labelSelector=app", 5),
        ("labelSelector=tier", 0),
        ("fieldSelector=metadata.name%3D%3Dweb-3,status.phase!%3DRunning", 1),
    ] {
        let list = get(&client, &format!("/api/v1/pods?{selector}")).await.unwrap();
        assert_eq!(list["items"].as_array().unwrap().len(), count, "{selector}");
        assert_eq!(list["kind"], "PodList");
    }
    let page = get(&client, "/api/v1/pods?limit=2").await.unwrap();
    assert_eq!(page["metadata"]["remainingItemCount"], 3);
    let token = page["metadata"]["continue"].as_str().unwrap();
    let page = get(&client, &format!("/api/v1/pods?limit=4&continue={token}")).await.unwrap();
    assert_eq!(page["items"][0]["metadata"]["name"], "web-2");
    assert_eq!(page["metadata"].get("continue"), None);

    let recorded = |name: &str| -> Value {
        let path = support::fixture(&format!("cluster/api/{name}.json"));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    for (url, name) in [
        ("/api/v1/namespaces/default/secrets", "403-secrets"),
        ("/api/v1/namespaces/default/pods/nope", "404-pod"),
    ] {
        let Err(kube::Error::Api(status)) = get(&client, url).await else { panic!("{url}") };
        let expected = recorded(name);
        assert_eq!(json!(status.message), expected["message"]);
        assert_eq!(json!(status.reason), expected["reason"]);
        assert_eq!(json!(status.code), expected["code"]);
    }
    let bad = get(&client, "/api/v1/pods?fieldSelector=spec.x%3Dy").await.unwrap_err();
    assert!(bad.to_string().contains("field label not supported: spec.x"), "{bad}");
}
