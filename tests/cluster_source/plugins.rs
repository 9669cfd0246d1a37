//! Credential plugins: run once, believed carefully, never quoted.

use std::path::Path;
use std::time::{Duration, Instant};

use pulldoctor::error::{KubeconfigFault, PluginFault};
use pulldoctor::source::cluster::{ClusterOptions, Environment};
use serde_json::{Value, json};

use crate::support::apiserver::{ApiServer, TOKEN, User};
use crate::{connect, look, private_reg, way};

const V1: &str = "client.authentication.k8s.io/v1";

/// What a plugin prints that hands out [`TOKEN`].
fn printed(version: &str) -> String {
    format!(
        r#"{{"apiVersion": "{version}", "kind": "ExecCredential", "status": {{"token": "{TOKEN}"}}}}"#
    )
}

/// A user whose plugin is this shell script.
fn shell(version: &str, script: &str) -> Value {
    json!({ "exec": {
        "apiVersion": version, "command": "sh", "args": ["-c", script], "interactiveMode": "IfAvailable",
    }})
}

fn options_of(server: &ApiServer, user: Value) -> ClusterOptions {
    let kubeconfig = Some(server.kubeconfig_for(&User::Raw(user)));
    ClusterOptions { kubeconfig, ..ClusterOptions::default() }
}

#[tokio::test]
async fn a_plugin_runs_once_for_many_requests() {
    let server = ApiServer::builder().fixtures("default").start();
    for version in [V1, "client.authentication.k8s.io/v1beta1"] {
        let count = server.directory().join("count");
        let script = format!("echo ran >> '{}'; echo '{}'", count.display(), printed(version));
        let cluster = connect(&options_of(&server, shell(version, &script))).await.unwrap();
        for _ in 0..3 {
            cluster.first_look(&private_reg()).await.unwrap();
        }
        assert_eq!(std::fs::read_to_string(&count).unwrap(), "ran\n", "{version}");
        std::fs::remove_file(count).unwrap();
    }
}

#[tokio::test]
async fn a_plugin_is_told_what_kubectl_tells_it() {
    let server = ApiServer::builder().fixtures("default").start();
    let script = server.directory().join("plugin.sh");
    let script_text = format!(
        "printf '%s' \"$KUBERNETES_EXEC_INFO\" > info; printf '%s' \"$FLAVOUR\" > flavour; \
         cat > stdin; echo '{}'",
        printed(V1)
    );
    let script_text = script_text.replace("> ", &format!("> {}/", server.directory().display()));
    std::fs::write(&script, format!("#!/bin/sh\n{script_text}\n")).unwrap();
    make_executable(&script);
    let mut user = json!({ "exec": {
        "apiVersion": V1, "command": "./plugin.sh", "provideClusterInfo": true,
        "env": [{ "name": "FLAVOUR", "value": "vanilla" }], "interactiveMode": "IfAvailable",
    }});
    look(&options_of(&server, user.clone())).await.unwrap();

    let read = |name: &str| std::fs::read_to_string(server.directory().join(name)).unwrap();
    let info: Value = serde_json::from_str(&read("info")).unwrap();
    assert_eq!(info["kind"], "ExecCredential");
    assert_eq!(info["apiVersion"], V1);
    assert_eq!(info["spec"]["interactive"], false, "no terminal in a test");
    assert_eq!(info["spec"]["cluster"]["server"], server.url());
    assert!(info["spec"]["cluster"]["certificate-authority-data"].is_string());
    assert_eq!(read("flavour"), "vanilla");
    assert_eq!(read("stdin"), "", "standard input is not the plugin's");

    user["exec"]["provideClusterInfo"] = false.into();
    look(&options_of(&server, user)).await.unwrap();
    let info: Value = serde_json::from_str(&read("info")).unwrap();
    assert_eq!(info["spec"].get("cluster"), None);
}

#[tokio::test]
async fn a_plugin_may_print_a_certificate() {
    let server = ApiServer::builder().fixtures("default").start();
    let (certificate, key) = server.client_certificate();
    let credential = json!({ "apiVersion": V1, "kind": "ExecCredential", "status": {
        "clientCertificateData": certificate, "clientKeyData": key,
    }});
    let file = server.write("credential", &credential);
    let script = format!("cat '{}'", file.display());
    look(&options_of(&server, shell(V1, &script))).await.unwrap();
    assert!(server.requests().iter().all(|request| request.has_client_certificate));
}

#[tokio::test]
async fn a_plugin_that_gives_nothing_is_said_to() {
    let server = ApiServer::builder().start();
    let v1beta1 = printed("client.authentication.k8s.io/v1beta1");
    let cases = [
        ("echo CANARY; exit 3", "failed (exit status: 3)"),
        ("echo CANARY", "printed no usable ExecCredential: it is not the JSON of one"),
        ("echo '{\"CANARY'", "printed no usable ExecCredential: it is not the JSON of one"),
        (
            "true",
            "printed no usable ExecCredential: it is of another apiVersion than the kubeconfig asks for",
        ),
        (
            &format!("echo '{v1beta1}'"),
            "printed no usable ExecCredential: it is of another apiVersion than the kubeconfig asks for",
        ),
        (
            &format!("echo '{{apiVersion: {V1}}}'"),
            "printed no usable ExecCredential: it has no status",
        ),
        (
            &format!("echo '{{apiVersion: {V1}, status: {{token: \"\"}}}}'"),
            "printed no usable ExecCredential: it has neither a token nor a certificate",
        ),
        (
            &format!("echo '{{apiVersion: {V1}, status: {{clientKeyData: CANARY}}}}'"),
            "printed no usable ExecCredential: it has a certificate or a key, but not both",
        ),
    ];
    for (script, expected) in cases {
        let error = connect(&options_of(&server, shell(V1, script))).await.unwrap_err();
        let fault = way(error);
        let KubeconfigFault::Plugin { why, .. } = &fault else { panic!("{script}: {fault:?}") };
        assert_eq!(why.to_string(), expected, "{script}");
    }
    assert_eq!(server.connections(), 0, "nobody asks without a credential");
}

#[tokio::test]
async fn a_plugin_of_a_version_long_gone_is_not_run() {
    let server = ApiServer::builder().start();
    for version in ["client.authentication.k8s.io/v1alpha1", ""] {
        let fault = way(connect(&options_of(&server, shell(version, "exit 1"))).await.unwrap_err());
        assert!(matches!(fault, KubeconfigFault::Setting { .. }), "{fault:?}");
    }
}

#[tokio::test]
async fn a_plugin_that_is_not_there_shows_its_install_hint() {
    let server = ApiServer::builder().start();
    let user = json!({ "exec": {
        "apiVersion": V1, "command": "no-such-plugin-anywhere", "installHint": "brew install\u{1b}[31m it",
    }});
    let fault = way(connect(&options_of(&server, user)).await.unwrap_err());
    assert_eq!(
        fault.to_string(),
        "the credential plugin \"no-such-plugin-anywhere\" is not installed"
    );
    assert!(fault.hints()[0].starts_with("brew install"), "{:?}", fault.hints());
    assert!(!fault.hints()[0].contains('\u{1b}'));
}

#[tokio::test]
async fn a_plugin_that_needs_a_person_says_so() {
    let server = ApiServer::builder().start();
    let mut user = shell(V1, "true");
    user["exec"]["interactiveMode"] = "Always".into();
    let fault = way(connect(&options_of(&server, user)).await.unwrap_err());
    let is_expected =
        matches!(&fault, KubeconfigFault::Plugin { why: PluginFault::NoTerminal, .. });
    assert!(is_expected, "{fault:?}");
    // Such a person may also be there, and not be asked.
    let environment = Environment { stdin_is_terminal: true, ..Environment::default() };
    assert!(environment.stdin_is_terminal);
}

#[tokio::test]
async fn a_plugin_that_hangs_is_stopped() {
    let server = ApiServer::builder().start();
    let pid = server.directory().join("pid");
    let script = format!("echo $$ > '{}'; exec sleep 600", pid.display());
    let options = ClusterOptions {
        request_timeout: Some(Duration::from_millis(300)),
        ..options_of(&server, shell(V1, &script))
    };
    let started = Instant::now();
    let fault = way(connect(&options).await.unwrap_err());
    assert!(
        matches!(&fault, KubeconfigFault::Plugin { why: PluginFault::Hung(_), .. }),
        "{fault:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
    is_gone(&pid).await;
}

#[tokio::test]
async fn a_plugin_does_not_outlive_an_interrupt() {
    let server = ApiServer::builder().start();
    let pid = server.directory().join("pid");
    let script = format!("echo $$ > '{}'; exec sleep 600", pid.display());
    let options = options_of(&server, shell(V1, &script));
    // What Ctrl-C does to the program: the future is dropped.
    let connecting = tokio::time::timeout(Duration::from_millis(500), connect(&options));
    assert!(connecting.await.is_err());
    is_gone(&pid).await;
}

/// Waits until the process whose id stands in that file has ended.
async fn is_gone(pid: &Path) {
    let pid = std::fs::read_to_string(pid).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    for _ in 0..100 {
        // A killed child stays a zombie until the runtime has reaped it.
        let state = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
        if !process.exists() || state.contains(") Z ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the plugin still runs");
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
