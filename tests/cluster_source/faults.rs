//! Whatever goes wrong on the way has its own error, and none of it takes longer than it may.

use std::time::{Duration, Instant};

use pulldoctor::error::{ApiFault, TlsFault, Unreached};
use pulldoctor::exit;
use pulldoctor::source::cluster::ClusterOptions;

use crate::support::apiserver::{ApiServer, Certificate, Deny, Fault, On, TOKEN, User};
use crate::{api, impatient, look, options};

/// A server with the fixtures on which getting the pod goes wrong.
fn failing(fault: Fault) -> ApiServer {
    ApiServer::builder().fixtures("default").fault(On::get("pods"), fault).start()
}

async fn fault_of(server: &ApiServer) -> ApiFault {
    api(look(&options(server)).await.unwrap_err())
}

#[tokio::test]
async fn certificates() {
    let of = |certificate| async move {
        let server = ApiServer::builder().certificate(certificate).start();
        match fault_of(&server).await {
            ApiFault::Tls { why, .. } => why,
            other => panic!("{certificate:?}: {other:?}"),
        }
    };
    assert_eq!(of(Certificate::OtherAuthority).await, TlsFault::UnknownAuthority);
    assert_eq!(
        of(Certificate::Expired).await.to_string(),
        "its certificate expired (2021-01-01 00:00 UTC)"
    );
    assert_eq!(
        of(Certificate::NotYetValid).await.to_string(),
        "its certificate is not valid yet (2124-01-01 00:00 UTC)"
    );
    let wrong_name = TlsFault::WrongName {
        expected: "127.0.0.1".to_owned(),
        presented: vec!["other.example".to_owned()],
    };
    assert_eq!(of(Certificate::OtherName).await, wrong_name);
    assert_eq!(of(Certificate::OfTheAuthority).await, TlsFault::AuthorityAsServer);
}

#[tokio::test]
async fn http_and_https_mixed_up() {
    let plain = ApiServer::builder().certificate(Certificate::NoTlsUnderHttps).start();
    let fault = fault_of(&plain).await;
    assert!(matches!(fault, ApiFault::PlainServer { .. }), "{fault:?}");

    let secure = ApiServer::builder().start();
    let server = Some(format!("http://{}", secure.address()));
    let fault = api(look(&ClusterOptions { server, ..options(&secure) }).await.unwrap_err());
    assert!(matches!(fault, ApiFault::SecureServer { .. }), "{fault:?}");

    // Go's server explains itself.
    let go = ApiServer::builder()
        .certificate(Certificate::NoTls)
        .fault(
            On::any(),
            Fault::Raw(
                400,
                "text/plain",
                "Client sent an HTTP request to an HTTPS server.\n".into(),
            ),
        )
        .start();
    let fault = fault_of(&go).await;
    assert!(matches!(fault, ApiFault::SecureServer { .. }), "{fault:?}");
}

#[tokio::test]
async fn nobody_there() {
    let server = ApiServer::builder().start();
    let options = options(&server);
    let at = |server: &str| ClusterOptions { server: Some(server.to_owned()), ..options.clone() };

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    let fault = api(look(&at(&closed)).await.unwrap_err());
    assert_eq!(
        fault.to_string(),
        format!("cannot reach the API server {closed}: connection refused")
    );

    let named = closed.replace("https://", "https://user:CANARY@");
    let fault = api(look(&at(&named)).await.unwrap_err());
    assert!(fault.to_string().contains(&closed), "{fault}");

    let fault = api(look(&at("https://api.does-not-exist.invalid")).await.unwrap_err());
    let ApiFault::Unreachable { why, proxy: None, .. } = fault else { panic!("{fault:?}") };
    assert_eq!(why, Unreached::NoSuchHost("api.does-not-exist.invalid".to_owned()));
}

#[tokio::test]
async fn refusals() {
    let denied = ApiServer::builder().fixtures("default").deny(Deny::to("get", "pods")).start();
    let error = look(&options(&denied)).await.unwrap_err();
    assert_eq!(error.exit_code(), exit::CANNOT_LOOK);
    let ApiFault::Forbidden { verb, resource, namespace, said } = api(error) else { panic!() };
    assert_eq!((verb, resource.as_str(), namespace.as_deref()), ("get", "pods", Some("default")));
    assert!(said.contains("system:serviceaccount:default:reader"), "{said}");
    assert_eq!(denied.requests().iter().filter(|r| r.resource == "pods").count(), 1, "not retried");

    let fault = fault_of(&failing(Fault::Status(410, None))).await;
    assert!(matches!(fault, ApiFault::Gone { .. }), "{fault:?}");

    let broken = failing(Fault::Status(500, None));
    let fault = fault_of(&broken).await;
    let ApiFault::Refused { status: 500, said, .. } = fault else { panic!("{fault:?}") };
    assert_eq!(said, "Internal error occurred: etcdserver: request timed out");
    assert_eq!(broken.requests().iter().filter(|r| r.resource == "pods").count(), 1, "not retried");
}

#[tokio::test]
async fn answers_that_are_none() {
    let page = "<!DOCTYPE html><html><head><TITLE>Sign in\n to Acme</title></head></html>";
    let cases = [
        (
            Fault::Raw(200, "text/html", page.into()),
            "200 with a web page titled \"Sign in to Acme\"",
        ),
        (
            Fault::Raw(200, "application/json", page.into()),
            "200 with a web page titled \"Sign in to Acme\"",
        ),
        (
            Fault::Raw(403, "text/html", page.into()),
            "403 with a web page titled \"Sign in to Acme\"",
        ),
        (Fault::Raw(401, "text/html", "<html>hi".into()), "401 with a web page"),
        (Fault::Raw(404, "text/html", "<html>hi".into()), "404 with a web page"),
        (
            Fault::Raw(502, "text/html", page.into()),
            "502 with a web page titled \"Sign in to Acme\"",
        ),
        (
            Fault::Raw(200, "text/plain", "It works!\r\n".into()),
            "200 with text that begins \"It works!\"",
        ),
        (Fault::Raw(200, "text/plain", String::new()), "200 with an empty answer"),
        (
            Fault::Raw(418, "text/plain", "short and stout".into()),
            "418 with text that begins \"short and stout\"",
        ),
    ];
    for (fault, expected) in cases {
        let server = failing(fault.clone());
        let found = fault_of(&server).await;
        assert!(matches!(found, ApiFault::NotKubernetes { .. }), "{fault:?}: {found:?}");
        let expected =
            format!("{} answered {expected}, not as a Kubernetes API server", server.url());
        assert_eq!(found.to_string(), expected);
    }

    let json = |text: &str| Fault::Raw(200, "application/json", text.to_owned());
    let found = fault_of(&failing(json("{\"metadata\": {\"name\": \"CANARY"))).await;
    assert!(matches!(found, ApiFault::Truncated { .. }), "{found:?}");
    let found = fault_of(&failing(json("{\"metadata\": {\"name\": [\"CANARY\"]}}"))).await;
    assert!(matches!(found, ApiFault::Undecodable { .. }), "{found:?}");
    let found = fault_of(&failing(json("{CANARY}"))).await;
    assert!(matches!(found, ApiFault::Undecodable { .. }), "{found:?}");

    let elsewhere = failing(Fault::Raw(404, "text/plain", "404 page not found\n".into()));
    let found = fault_of(&elsewhere).await;
    assert!(matches!(found, ApiFault::NoSuchResource { .. }), "{found:?}");
}

#[tokio::test]
async fn broken_connections() {
    let found = fault_of(&failing(Fault::Close)).await;
    let is_closed = matches!(found, ApiFault::Unreachable { why: Unreached::Closed, .. });
    assert!(is_closed, "{found:?}");
    for bytes in [0, 1, 200] {
        let server = failing(Fault::CutAfter(bytes));
        let found = fault_of(&server).await;
        assert!(matches!(found, ApiFault::Truncated { .. }), "{bytes}: {found:?}");
    }
    let hiccup = ApiServer::builder()
        .fixtures("default")
        .fault(On::get("pods").times(1), Fault::Close)
        .fault(On::list("events").times(2), Fault::CutAfter(100))
        .start();
    assert_eq!(look(&options(&hiccup)).await.unwrap().pods.len(), 1);
}

#[tokio::test]
async fn no_request_hangs() {
    let mute = ApiServer::builder().fixtures("default").certificate(Certificate::Mute).start();
    for server in [failing(Fault::Silence), failing(Fault::StallAfter(100)), mute] {
        let started = Instant::now();
        let fault = api(look(&impatient(&server)).await.unwrap_err());
        assert!(matches!(fault, ApiFault::TimedOut { .. }), "{fault:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn connecting_has_a_limit_of_its_own() {
    let mute = ApiServer::builder().certificate(Certificate::Mute).start();
    let patient = ClusterOptions { request_timeout: Some(Duration::ZERO), ..options(&mute) };
    let started = Instant::now();
    let fault = api(look(&patient).await.unwrap_err());
    let is_slow = matches!(fault, ApiFault::Unreachable { why: Unreached::TimedOut(_), .. });
    assert!(is_slow, "{fault:?}");
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let tired = ApiServer::builder()
        .fixtures("default")
        .fault(On::get("pods").times(2), Fault::Status(503, None))
        .start();
    look(&options(&tired)).await.unwrap();
    assert_eq!(tired.requests().iter().filter(|r| r.resource == "pods").count(), 3);

    for status in [429, 502, 503, 504] {
        let down = failing(Fault::Status(status, None));
        let started = Instant::now();
        let fault = fault_of(&down).await;
        assert!(matches!(fault, ApiFault::Refused { status: s, .. } if s == status), "{fault:?}");
        assert_eq!(down.requests().iter().filter(|r| r.resource == "pods").count(), 3);
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn a_server_s_wish_to_wait_is_honoured_within_the_deadline() {
    let busy = ApiServer::builder()
        .fixtures("default")
        .fault(On::get("pods").times(1), Fault::Status(429, Some(1)))
        .start();
    let started = Instant::now();
    look(&options(&busy)).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));

    let shut = failing(Fault::Status(503, Some(3600)));
    let started = Instant::now();
    let fault = api(look(&options(&shut)).await.unwrap_err());
    assert!(matches!(fault, ApiFault::Refused { status: 503, .. }), "{fault:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "does not wait in vain");
}

#[tokio::test]
async fn a_server_may_live_under_a_path() {
    let server = ApiServer::builder().fixtures("default").start();
    let below = ClusterOptions {
        server: Some(format!("{}/k8s/clusters/c-1/", server.url())),
        ..options(&server)
    };
    // This server knows no such path; what counts is that it was asked under it.
    look(&below).await.unwrap_err();
    let path = &server.requests()[0].path;
    assert!(path.starts_with("/k8s/clusters/c-1/api/v1/namespaces/default/"), "{path}");
}

#[tokio::test]
async fn the_server_s_words_are_made_harmless() {
    let words = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403, "reason": "Forbidden",
        "message": format!("no\n\u{1b}]0;evil\u{7}{}", "x".repeat(5000)),
    });
    let server = failing(Fault::Raw(403, "application/json", words.to_string()));
    let text = fault_of(&server).await.to_string();
    assert!(!text.contains(['\n', '\u{1b}', '\u{7}']) && text.len() < 1000, "{text:?}");
}

#[tokio::test]
async fn a_client_certificate_is_enough() {
    let server = ApiServer::builder().fixtures("default").token("unused").start();
    let kubeconfig = Some(server.kubeconfig_for(&User::ClientCertificate));
    look(&ClusterOptions { kubeconfig, ..ClusterOptions::default() }).await.unwrap();
    assert!(server.requests().iter().all(|request| request.header("authorization").is_none()));
    let kubeconfig = Some(server.kubeconfig_for(&User::Token(TOKEN.to_owned())));
    let stale = ClusterOptions { kubeconfig, ..ClusterOptions::default() };
    let fault = api(look(&stale).await.unwrap_err());
    assert!(matches!(fault, ApiFault::Unauthorized { .. }), "{fault:?}");
}
