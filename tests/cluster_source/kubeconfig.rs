//! Which kubeconfig, context, cluster, user and namespace count. Each case was compared with
//! kubectl 1.32.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pulldoctor::error::{Error, KubeconfigFault, Part};
use pulldoctor::exit;
use pulldoctor::facts::Origin;
use pulldoctor::source::cluster::{Cluster, ClusterOptions, Environment};
use tempfile::TempDir;

use crate::support::apiserver::ApiServer;
use crate::{look, options, way};

/// A folder with kubeconfigs `a` and `b`, which share names, and `empty-current`.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "a",
        r#"{apiVersion: v1, kind: Config, current-context: one,
clusters: [{name: c, cluster: {server: "http://a.example"}}],
users: [{name: u, user: {token: CANARY}}],
contexts: [{name: one, context: {cluster: c, user: u, namespace: shop}},
  {name: lost-cluster, context: {cluster: gone, user: u}},
  {name: lost-user, context: {cluster: c, user: gone}},
  {name: anonymous, context: {cluster: c, user: ""}}]}"#,
    );
    write(
        "b",
        r#"{apiVersion: v1, kind: Config, current-context: two,
clusters: [{name: c, cluster: {server: "http://b.example"}}, {name: d, cluster: {server: "http://d.example"}}],
users: [{name: v, user: {token: CANARY}}],
contexts: [{name: two, context: {cluster: d, user: v, namespace: ""}}]}"#,
    );
    write("empty-current", "current-context: \"\"\n");
    write("nothing", "apiVersion: v1\nkind: Config\n");
    folder
}

fn list(folder: &Path, names: &[&str]) -> OsString {
    let paths = names.iter().map(|name| match *name {
        "" => PathBuf::new(),
        name => folder.join(name),
    });
    std::env::join_paths(paths).unwrap()
}

/// `context server namespace` of the way that is found.
async fn found(options: &ClusterOptions, environment: &Environment) -> Result<String, Error> {
    let cluster = Cluster::connect_within(options, environment).await?;
    let Origin::Cluster { context, server } = cluster.origin() else { unreachable!() };
    Ok(format!("{context} {server} {}", cluster.namespace()))
}

#[tokio::test]
async fn the_files_that_count() {
    let folder = folder();
    let at = |name: &str| Some(folder.path().join(name));
    let env = |names: &[&str]| Environment {
        kubeconfig: Some(list(folder.path(), names)),
        ..Environment::default()
    };
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join(".kube")).unwrap();
    std::fs::copy(folder.path().join("b"), home.path().join(".kube/config")).unwrap();
    let at_home = |environment: Environment| Environment {
        home: Some(home.path().to_owned()),
        ..environment
    };
    let none = ClusterOptions::default();

    let cases = [
        ("one file", none.clone(), env(&["a"]), "one http://a.example shop"),
        ("the first wins", none.clone(), env(&["a", "b"]), "one http://a.example shop"),
        ("value by value", none.clone(), env(&["b", "a"]), "two http://d.example default"),
        (
            "each name of the first file that has it",
            ClusterOptions { context: Some("one".into()), ..none.clone() },
            env(&["b", "a"]),
            "one http://b.example shop",
        ),
        (
            "missing and empty ones are skipped",
            none.clone(),
            env(&["", "no", "a"]),
            "one http://a.example shop",
        ),
        (
            "an empty current-context is none",
            none.clone(),
            env(&["empty-current", "b"]),
            "two http://d.example default",
        ),
        (
            "the home directory",
            none.clone(),
            at_home(Environment::default()),
            "two http://d.example default",
        ),
        ("$KUBECONFIG beats it", none.clone(), at_home(env(&["a"])), "one http://a.example shop"),
        (
            "an empty $KUBECONFIG does not",
            none.clone(),
            at_home(env(&[""])),
            "two http://d.example default",
        ),
        (
            "--kubeconfig beats both",
            ClusterOptions { kubeconfig: at("b"), ..none.clone() },
            at_home(env(&["a"])),
            "two http://d.example default",
        ),
        (
            "--context, --cluster, -n",
            ClusterOptions {
                context: Some("one".into()),
                cluster: Some("d".into()),
                namespace: Some("x".into()),
                ..none.clone()
            },
            env(&["a", "b"]),
            "one http://d.example x",
        ),
        (
            "--server",
            ClusterOptions { server: Some("http://s.example:1".into()), ..none.clone() },
            env(&["a"]),
            "one http://s.example:1 shop",
        ),
        (
            "--server alone",
            ClusterOptions { server: Some("s.example".into()), ..none.clone() },
            Environment::default(),
            " http://s.example default",
        ),
        (
            "--server makes up for a lost cluster",
            ClusterOptions {
                context: Some("lost-cluster".into()),
                server: Some("http://s.example".into()),
                ..none.clone()
            },
            env(&["a"]),
            "lost-cluster http://s.example default",
        ),
        (
            "--token makes up for a lost user",
            ClusterOptions {
                context: Some("lost-user".into()),
                token: Some("CANARY".to_owned().into()),
                ..none.clone()
            },
            env(&["a"]),
            "lost-user http://a.example default",
        ),
        (
            "no user at all",
            ClusterOptions { context: Some("anonymous".into()), ..none.clone() },
            env(&["a"]),
            "anonymous http://a.example default",
        ),
    ];
    for (case, options, environment, expected) in cases {
        let found = found(&options, &environment).await;
        assert_eq!(found.unwrap_or_else(|error| panic!("{case}: {error}")), expected, "{case}");
    }
}

#[tokio::test]
async fn no_way_is_said_in_its_own_words() {
    let folder = folder();
    let env = |names: &[&str]| Environment {
        kubeconfig: Some(list(folder.path(), names)),
        ..Environment::default()
    };
    let none = ClusterOptions::default();
    let context = |name: &str| ClusterOptions { context: Some(name.into()), ..none.clone() };
    let fault = |options: ClusterOptions, environment: Environment| async move {
        way(found(&options, &environment).await.unwrap_err())
    };

    let absent = fault(none.clone(), env(&["no", "nothing"])).await;
    assert!(matches!(&absent, KubeconfigFault::Absent { looked } if looked.len() == 2), "{absent}");
    let absent = fault(none.clone(), Environment::default()).await;
    assert_eq!(absent.to_string(), "no kubeconfig found: looked at $KUBECONFIG and ~/.kube/config");
    let absent = fault(context("one"), env(&["nothing"])).await;
    assert!(matches!(absent, KubeconfigFault::Absent { .. }), "{absent}");

    let missing = ClusterOptions { kubeconfig: Some(folder.path().join("no")), ..none.clone() };
    let missing = fault(missing, Environment::default()).await;
    assert!(matches!(missing, KubeconfigFault::Unreadable { .. }), "{missing}");
    let directory = fault(none.clone(), env(&["", "."])).await;
    assert!(matches!(directory, KubeconfigFault::Unreadable { .. }), "{directory}");

    let unknown = fault(context("on"), env(&["a", "b"])).await;
    assert_eq!(unknown.to_string(), "there is no context \"on\" in the kubeconfig");
    assert_eq!(
        unknown.hints(),
        [
            "did you mean --context one?",
            "the contexts are one, lost-cluster, lost-user, anonymous and two"
        ]
    );
    let unknown = fault(context("staging-eu"), env(&["a"])).await;
    assert!(matches!(unknown, KubeconfigFault::UnknownContext { near: None, .. }), "{unknown}");

    let lost = fault(context("lost-cluster"), env(&["a"])).await;
    assert_eq!(
        lost.to_string(),
        "the context \"lost-cluster\" names the cluster \"gone\", which is not in the kubeconfig"
    );
    let lost = fault(context("lost-user"), env(&["a"])).await;
    assert!(matches!(lost, KubeconfigFault::Dangling { part: Part::User, .. }), "{lost}");
    let flag = ClusterOptions { user: Some("nobody".into()), ..none.clone() };
    let lost = fault(flag, env(&["a"])).await;
    assert_eq!(
        lost.to_string(),
        "--user names the user \"nobody\", which is not in the kubeconfig"
    );
    let flag = ClusterOptions { cluster: Some("nowhere".into()), ..none.clone() };
    let lost = fault(flag, env(&["a"])).await;
    assert!(matches!(lost, KubeconfigFault::Dangling { context: None, .. }), "{lost}");

    std::fs::write(
        folder.path().join("no-current"),
        r"{contexts: [{name: x, context: {cluster: c}}]}",
    )
    .unwrap();
    let none_chosen = fault(none.clone(), env(&["no-current"])).await;
    assert_eq!(none_chosen, KubeconfigFault::NoContext { known: vec!["x".to_owned()] });
}

#[tokio::test]
async fn a_broken_kubeconfig_is_never_shown() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config");
    let cases: [(&[u8], &str); 7] = [
        (b"users:\n- name: u\n  user: {token: CANARY\n", "not the YAML of a kubeconfig"),
        (b"users:\n- name: u\n  user: {token: [CANARY]}\n", "not the YAML of a kubeconfig"),
        (b"users: CANARY\n", "not the YAML of a kubeconfig"),
        (b"CANARY", "not the YAML of a kubeconfig"),
        (b"\xff\xfe\x00CANARY", "it is not UTF-8 text"),
        (b"kind: Pod\napiVersion: v1\n", "its kind is \"Pod\", not \"Config\""),
        (b"clusters: [{name: c}, {name: c}]\n", "the name \"c\" stands in it twice"),
    ];
    for (text, expected) in cases {
        std::fs::write(&path, text).unwrap();
        let options = ClusterOptions { kubeconfig: Some(path.clone()), ..Default::default() };
        let error = found(&options, &Environment::default()).await.unwrap_err();
        assert_eq!(error.exit_code(), exit::CANNOT_LOOK);
        let fault = way(error);
        assert!(
            matches!(&fault, KubeconfigFault::Broken { why, .. } if why == expected),
            "{fault}"
        );
    }
    std::fs::write(&path, "clusters:\n- name: [\n").unwrap();
    let options = ClusterOptions { kubeconfig: Some(path), ..Default::default() };
    let error = found(&options, &Environment::default()).await.unwrap_err().to_string();
    assert!(error.contains("(line "), "the place is said: {error}");
}

#[tokio::test]
async fn flags_that_contradict_each_other_are_wrong_usage() {
    let both = ClusterOptions {
        insecure_skip_tls_verify: true,
        certificate_authority: Some("ca.pem".into()),
        ..Default::default()
    };
    let groups = ClusterOptions { as_groups: vec!["admins".into()], ..Default::default() };
    for options in [both, groups] {
        let error = found(&options, &Environment::default()).await.unwrap_err();
        assert_eq!(error.exit_code(), exit::USAGE, "{error}");
    }
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    let server = ApiServer::builder().start();
    let cases = [
        ("cluster", "server", "ftp://x", "the server's address"),
        ("cluster", "server", "https://", "the server's address"),
        ("cluster", "server", "", "the server's address"),
        ("cluster", "certificate-authority-data", "CANARY!", "certificate-authority"),
        ("cluster", "certificate-authority-data", "Q0FOQVJZ", "certificate-authority"),
        ("cluster", "tls-server-name", "not a name", "tls-server-name"),
        ("cluster", "proxy-url", "gopher://CANARY@x", "proxy-url"),
        ("user", "tokenFile", "no-such-file", "tokenFile"),
        ("user", "token", "CANARY\u{7}", "the token"),
        ("user", "client-key-data", "CANARY!", "client-key"),
        ("user", "client-certificate", "no-such-file", "client-certificate"),
        ("user", "as", "a\u{7}b", "the user to act as"),
        ("user", "as-uid", "1000", "the user to act as"),
    ];
    for (part, key, value, expected) in cases {
        let mut config =
            server.config(&crate::support::apiserver::User::Raw(serde_json::json!({})));
        config[format!("{part}s")][0][part][key] = value.into();
        server.write("kubeconfig", &config);
        let options = ClusterOptions {
            kubeconfig: Some(server.directory().join("kubeconfig")),
            ..Default::default()
        };
        let fault = way(found(&options, &Environment::default()).await.unwrap_err());
        let KubeconfigFault::Setting { setting, .. } = &fault else { panic!("{key}: {fault:?}") };
        assert_eq!(setting, expected, "{key}");
    }

    let mut config = server.config(&crate::support::apiserver::User::Token("t".into()));
    config["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = true.into();
    server.write("kubeconfig", &config);
    let options = ClusterOptions {
        kubeconfig: Some(server.directory().join("kubeconfig")),
        ..Default::default()
    };
    let fault = way(found(&options, &Environment::default()).await.unwrap_err());
    assert!(fault.to_string().contains("insecure-skip-tls-verify is set as well"), "{fault}");
}

#[tokio::test]
async fn paths_are_relative_to_their_own_file() {
    let server = ApiServer::builder().fixtures("default").start();
    let folder = server.directory().join("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    let (certificate, key) = server.client_certificate();
    for (name, text) in [("ca.pem", server.ca_pem()), ("me.pem", certificate), ("me.key", key)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let mut config = server.config(&crate::support::apiserver::User::Raw(serde_json::json!({
        "client-certificate": "me.pem", "client-key": "./me.key",
    })));
    config["clusters"][0]["cluster"] =
        serde_json::json!({ "server": server.url(), "certificate-authority": "ca.pem" });
    let kubeconfig = server.write("elsewhere/config", &config);
    let options = ClusterOptions { kubeconfig: Some(kubeconfig), ..options(&server) };
    look(&options).await.unwrap();
    assert!(server.requests().iter().all(|request| request.has_client_certificate));
}

#[tokio::test]
async fn a_pod_finds_its_own_cluster() {
    let server = ApiServer::builder().fixtures("default").token("CANARY-of-the-pod").start();
    let mounted = server.directory().join("serviceaccount");
    std::fs::create_dir(&mounted).unwrap();
    std::fs::write(mounted.join("token"), "CANARY-of-the-pod\n").unwrap();
    std::fs::write(mounted.join("ca.crt"), server.ca_pem()).unwrap();
    std::fs::write(mounted.join("namespace"), "shop\n").unwrap();
    let environment = Environment {
        service: Some((server.address().ip().to_string(), server.address().port().to_string())),
        service_account: mounted,
        ..Environment::default()
    };
    let cluster = Cluster::connect_within(&ClusterOptions::default(), &environment).await.unwrap();
    assert_eq!(cluster.namespace(), "shop");
    let expected = Origin::Cluster { context: "in-cluster".to_owned(), server: server.url() };
    assert_eq!(cluster.origin(), expected);
    cluster.first_look(&crate::private_reg()).await.unwrap();

    // A kubeconfig beats it, but its context's lack of a namespace is made up for.
    let folder = folder();
    let environment = Environment { kubeconfig: Some(list(folder.path(), &["b"])), ..environment };
    let found = found(&ClusterOptions::default(), &environment).await.unwrap();
    assert_eq!(found, "two http://d.example shop");
}
