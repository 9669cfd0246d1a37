//! Help for a pod that does not exist.

use pulldoctor::error::{Error, NoSuchObject};
use pulldoctor::facts::ObjectName;
use serde_json::json;

use crate::support::apiserver::{ApiServer, Deny, Fault, On};
use crate::{connect, fit_for_people, impatient, options};

fn server(deny: Option<Deny>) -> ApiServer {
    let pod = |namespace: &str, name: &str| json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": namespace } });
    let mut builder = ApiServer::builder()
        .object(pod("shop", "web-6bf7f8bf45-4cxhn"))
        .object(pod("shop", "db-0"))
        .object(pod("shop-eu", "db-0"));
    if let Some(deny) = deny {
        builder = builder.deny(deny);
    }
    builder.start()
}

async fn help(server: &ApiServer, namespace: &str, name: &str) -> NoSuchObject {
    let cluster = connect(&options(server)).await.unwrap();
    let help = cluster.not_found_help(&ObjectName::new(namespace, name)).await;
    fit_for_people(&Error::NoSuchObject(Box::new(help.clone())));
    help
}

#[tokio::test]
async fn near_names_and_other_namespaces() {
    let server = server(None);
    let near = help(&server, "shop", "web").await;
    assert_eq!(near.near, ["web-6bf7f8bf45-4cxhn"]);
    assert_eq!(near.namespace_exists, Some(true));
    let elsewhere = help(&server, "default", "db-0").await;
    let expected = [ObjectName::new("shop", "db-0"), ObjectName::new("shop-eu", "db-0")];
    assert_eq!(elsewhere.elsewhere, expected);
    assert_eq!(elsewhere.to_string(), "there is no pod \"db-0\" in the namespace \"default\"");
    let nowhere = help(&server, "shp", "db-0").await;
    assert_eq!(nowhere.namespace_exists, Some(false));
    assert_eq!(nowhere.near_namespaces, ["shop"]);
    assert_eq!(nowhere.to_string(), "there is no namespace \"shp\", hence no pod \"db-0\"");

    // Names are all that is asked for.
    for request in server.requests() {
        assert!(request.header("accept").unwrap().contains("PartialObjectMetadata"), "{request:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_seen_stays_open() {
    let blind = server(Some(Deny::to("*", "*")));
    let help = help(&blind, "shop", "web").await;
    assert_eq!(help, NoSuchObject::pod(ObjectName::new("shop", "web")));

    let silent = ApiServer::builder().fault(On::any(), Fault::Silence).start();
    let cluster = connect(&impatient(&silent)).await.unwrap();
    let help = cluster.not_found_help(&ObjectName::new("shop", "web")).await;
    assert_eq!(help.namespace_exists, None);
}
