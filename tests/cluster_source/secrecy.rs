//! No credential leaves by an error, a `Debug` or a log, at any level. Every token, password and
//! secret here has CANARY in it, or is base64 of that.

use std::io;
use std::sync::{Arc, Mutex};

use pulldoctor::question::Question;
use pulldoctor::source::cluster::{Cluster, ClusterOptions, Environment};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::apiserver::{ApiServer, BASIC, Certificate, Fault, On, TOKEN, User};
use crate::{impatient, private_reg};

/// A log that is kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// "CANARY" in base64, at each of the three places where it can begin.
const ENCODED: [&str; 3] = ["Q0FOQVJZ", "NBTkFSW", "DQU5BUl"];

fn assert_secret(what: &str, text: &str) {
    for canary in ["CANARY", ENCODED[0], ENCODED[1], ENCODED[2]] {
        assert!(!text.contains(canary), "{what} shows a credential ({canary})");
    }
}

#[tokio::test]
async fn nothing_shows_a_credential() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    // The test's runtime is of one thread, so this one sees everything.
    let _guard = tracing::subscriber::set_default(subscriber);

    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": { "name": "canary", "namespace": "default" },
        "data": { ".dockerconfigjson": "Q0FOQVJZ" },
    });
    // A secret of a shape that no decoder takes.
    let odd = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockercfg",
        "metadata": { "name": "odd", "namespace": "default" }, "data": "Q0FOQVJZ",
    });
    let users = [
        User::Token(TOKEN.to_owned()),
        User::Raw(json!({ "username": BASIC.0, "password": BASIC.1 })),
        User::ClientCertificate,
        User::Token("CANARY-but-stale".to_owned()),
        User::Raw(json!({ "exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "args": ["CANARY"],
            "env": [{ "name": "SECRET", "value": "CANARY" }],
        }})),
        User::Raw(json!({ "auth-provider": { "name": "oidc", "config": {
            "id-token": "CANARY", "refresh-token": "CANARY", "client-secret": "CANARY",
            "idp-issuer-url": "https://127.0.0.1:1", "client-id": "x",
        }}})),
    ];
    let json = |text: &str| Fault::Raw(200, "application/json", text.to_owned());
    let faults = [
        Fault::Status(500, None),
        Fault::Silence,
        Fault::CutAfter(40),
        json("{\"data\": {\"x\": \"Q0FOQVJZ\""),
        json("[\"CANARY\"]"),
    ];
    // Every user with a server that is well, and every fault with the first user.
    let cases = users
        .iter()
        .map(|user| (user, None))
        .chain(faults.iter().map(|fault| (&users[0], Some(fault))));
    for (user, fault) in cases {
        let mut builder =
            ApiServer::builder().fixtures("default").object(secret.clone()).object(odd.clone());
        for on in [On::list("secrets"), On::get("secrets"), On::get("nodes")] {
            if let Some(fault) = fault {
                builder = builder.fault(on, fault.clone());
            }
        }
        let server = builder.start();
        let kubeconfig = Some(server.kubeconfig_for(user));
        everything(&ClusterOptions { kubeconfig, ..impatient(&server) }).await;
    }
    for certificate in [Certificate::OtherAuthority, Certificate::NoTlsUnderHttps] {
        let server = ApiServer::builder().certificate(certificate).start();
        everything(&impatient(&server)).await;
    }

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("kube_client"), "the client library was heard");
    for line in log.lines() {
        assert_secret(line, line);
    }
}

/// Connects, looks and asks, and searches whatever comes of it.
async fn everything(options: &ClusterOptions) {
    assert_secret("the options", &format!("{options:?}"));
    let cluster = match Cluster::connect_within(options, &Environment::default()).await {
        Ok(cluster) => cluster,
        Err(error) => return search(&error),
    };
    assert_secret("the cluster", &format!("{cluster:?}"));
    let look = match cluster.first_look(&private_reg()).await {
        Ok(look) => look,
        Err(error) => return search(&error),
    };
    let mut facts = look.into_facts(chrono::DateTime::UNIX_EPOCH, cluster.origin());
    let questions = [
        Question::PullSecrets("default".to_owned()),
        Question::PullSecretsElsewhere,
        Question::Secret(pulldoctor::facts::ObjectName::new("default", "canary")),
        Question::Secret(pulldoctor::facts::ObjectName::new("default", "odd")),
        Question::Node("lab-node".to_owned()),
    ]
    .into();
    cluster.answer(&questions, &mut facts).await;
    assert_secret("the facts", &format!("{facts:?}"));
}

fn search(error: &pulldoctor::error::Error) {
    assert_secret("an error", &format!("{error} {error:?} {:?}", error.hints()));
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        assert_secret("a source of an error", &format!("{error} {error:?}"));
        source = error.source();
    }
}
