//! No credential leaves the program: by no command, format, log level or error path.
//!
//! Every password, token and login that the program gets to see here has a canary in it; nothing
//! that it prints may, whether as it is or in base64, once or twice.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must stop")]

pub mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use support::apiserver::{ApiServer, Deny, Fault, On};
use support::{Run, finish, program, pulldoctor};

const CANARY: &str = "CANARY-5up3r-s3cr3t-w0rd";

/// The part of a text's base64 that is the same wherever it begins `offset` bytes into a group, and
/// whatever is around it.
fn encoded(text: &str, offset: usize) -> String {
    let padded = BASE64_STANDARD.encode([&b"\0\0"[..offset], text.as_bytes(), b"\0\0"].concat());
    let start = (offset * 8).div_ceil(6);
    let end = (offset + text.len()) * 8 / 6;
    padded[start..end].to_owned()
}

/// What must not be printed: the canary, its base64 at each offset, and the base64 of that.
fn needles() -> BTreeSet<String> {
    let once = (0..3).map(|offset| encoded(CANARY, offset));
    let twice = once.clone().flat_map(|text| (0..3).map(move |offset| encoded(&text, offset)));
    // A part of it is too much already.
    let plain = [CANARY.to_owned(), "5up3r".to_owned(), CANARY.to_lowercase()];
    plain.into_iter().chain(once).chain(twice).collect()
}

fn leak(text: &str) -> Option<String> {
    needles().into_iter().find(|needle| text.contains(needle))
}

/// Nothing is shown, and nothing broke on the way.
fn assert_silent(what: &str, run: &Run) {
    for (stream, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        if let Some(needle) = leak(text) {
            panic!("{what}: {stream} shows {needle}:\n{text}");
        }
    }
    assert!(!run.stderr.contains("bug in pulldoctor"), "{what}: {}", run.stderr);
    assert!((0..=3).contains(&run.code), "{what}: exit code {}\n{}", run.code, run.stderr);
}

#[test]
fn the_search_would_find_a_leak() {
    let auth = BASE64_STANDARD.encode(format!("alice:{CANARY}"));
    for leaked in [
        format!("password {CANARY} refused"),
        auth.clone(),
        BASE64_STANDARD.encode(CANARY),
        BASE64_STANDARD.encode(json!({ "auths": { "a.io": { "auth": auth } } }).to_string()),
        BASE64_STANDARD.encode(json!({ "auths": { "a.io": { "password": CANARY } } }).to_string()),
        format!("{:?}", format!("x\u{1b}{CANARY}")),
    ] {
        assert!(leak(&leaked).is_some(), "{leaked}");
    }
    assert_eq!(leak("error: cannot make sense of secrets.json: a string, line 3"), None);
}

/// Secrets of every shape, each with the canary in it: the name, and `type`, `data` and more.
fn secrets() -> Vec<Value> {
    let b64 = |text: &str| BASE64_STANDARD.encode(text);
    let auth = b64(&format!("alice:{CANARY}"));
    let payload = |entry: Value| b64(&json!({ "auths": { "docker.io": entry } }).to_string());
    let swapped = format!("ghp_{}{CANARY}", "0123456789");
    let shapes = [
        ("good", json!({ "data": { ".dockerconfigjson": payload(json!({ "auth": auth })) } })),
        (
            "plain",
            json!({ "data": { ".dockerconfigjson": payload(json!({ "username": "alice", "password": CANARY })) } }),
        ),
        (
            "newline",
            json!({ "data": { ".dockerconfigjson": payload(json!({ "username": "alice", "password": format!("{CANARY}\n") })) } }),
        ),
        (
            "same",
            json!({ "data": { ".dockerconfigjson": payload(json!({ "username": CANARY, "password": CANARY })) } }),
        ),
        (
            "swapped",
            json!({ "data": { ".dockerconfigjson": payload(json!({ "username": swapped, "password": "alice" })) } }),
        ),
        (
            "email",
            json!({ "data": { ".dockerconfigjson": payload(json!({ "username": "a@b.io", "password": CANARY, "email": CANARY })) } }),
        ),
        (
            "identity",
            json!({ "data": { ".dockerconfigjson": payload(json!({ "identitytoken": CANARY })) } }),
        ),
        (
            "json-key",
            json!({ "data": { ".dockerconfigjson": payload(json!({ "username": "_json_key", "password": format!("{{\"private_key\":\"{CANARY}\"") })) } }),
        ),
        (
            "in-the-key",
            json!({ "data": { ".dockerconfigjson": b64(&json!({ "auths": { format!("https://alice:{CANARY}@docker.io"): { "auth": auth } } }).to_string()) } }),
        ),
        (
            "no-colon",
            json!({ "data": { ".dockerconfigjson": payload(json!({ "auth": b64(CANARY) })) } }),
        ),
        (
            "no-base64",
            json!({ "data": { ".dockerconfigjson": payload(json!({ "auth": format!("{CANARY}!") })) } }),
        ),
        (
            "a-number",
            json!({ "data": { ".dockerconfigjson": payload(json!({ "auth": 7, "password": CANARY })) } }),
        ),
        ("an-array", json!({ "data": { ".dockerconfigjson": payload(json!([CANARY])) } })),
        ("a-string", json!({ "data": { ".dockerconfigjson": payload(json!(CANARY)) } })),
        (
            "no-json",
            json!({ "data": { ".dockerconfigjson": b64(&format!("{{\"auths\":{{\"docker.io\":{{\"auth\":\"{auth}")) } }),
        ),
        ("text", json!({ "data": { ".dockerconfigjson": b64(CANARY) } })),
        (
            "twice",
            json!({ "data": { ".dockerconfigjson": b64(&payload(json!({ "auth": auth }))) } }),
        ),
        ("undecoded", json!({ "data": { ".dockerconfigjson": format!("{CANARY}!") } })),
        ("not-a-string", json!({ "data": { ".dockerconfigjson": [CANARY] } })),
        ("not-a-map", json!({ "data": CANARY })),
        (
            "other-key",
            json!({ "data": { "config.json": payload(json!({ "auth": auth })), "password": b64(CANARY) } }),
        ),
        (
            "string-data",
            json!({ "stringData": { ".dockerconfigjson": json!({ "auths": { "docker.io": { "password": CANARY, "username": "alice" } } }).to_string() } }),
        ),
        (
            "opaque",
            json!({ "type": "Opaque", "data": { ".dockerconfigjson": payload(json!({ "auth": auth })), "token": b64(CANARY) } }),
        ),
        ("odd-type", json!({ "type": format!("https://x:{CANARY}@y"), "data": {} })),
        (
            "legacy",
            json!({ "type": "kubernetes.io/dockercfg", "data": { ".dockercfg": b64(&json!({ "docker.io": { "auth": auth } }).to_string()) } }),
        ),
    ];
    let whole = |(name, shape): (&str, Value)| {
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {
                "name": name, "namespace": "default", "creationTimestamp": "2026-11-23T06:00:00Z",
                "annotations": { "kubectl.kubernetes.io/last-applied-configuration": CANARY },
            },
        });
        for (key, value) in shape.as_object().unwrap() {
            secret[key] = value.clone();
        }
        secret
    };
    shapes.into_iter().map(whole).collect()
}

/// A pod that refers to one secret and cannot pull its image; a canary in its own corners as well.
fn pod(secret: &str) -> Value {
    let words = format!(
        "failed to pull and unpack image \"docker.io/acme/app:v1\": failed to resolve image: \
         pull access denied: https://alice:{CANARY}@docker.io/v2/ Authorization: Basic {}",
        BASE64_STANDARD.encode(format!("alice:{CANARY}"))
    );
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("pod-{secret}"), "namespace": "default", "uid": secret,
            "annotations": { "kubectl.kubernetes.io/last-applied-configuration": CANARY },
        },
        "spec": {
            "serviceAccountName": "default", "nodeName": "n1",
            "imagePullSecrets": [{ "name": secret }],
            "containers": [{
                "name": "app", "image": "acme/app:v1",
                "env": [{ "name": "PASSWORD", "value": CANARY }], "args": [CANARY],
            }],
        },
        "status": { "phase": "Pending", "containerStatuses": [{
            "name": "app", "image": "acme/app:v1",
            "state": { "waiting": { "reason": "ErrImagePull", "message": words } },
        }]},
    })
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap().to_owned()
}

const FORMATS: [&[&str]; 4] = [&["-o", "text"], &["-o", "json"], &["-o", "yaml", "-v"], &["-vvv"]];

/// Each command on one secret and its pod, in every format.
fn each(secret: &str, formats: &[&[&str]], run: impl Fn(&[&str]) -> Run) {
    let pod = format!("pod-{secret}");
    for format in formats {
        for command in [
            &["pod", &pod, "-n", "default"][..],
            &["secret", secret, "-n", "default"],
            &["secret", secret, "-n", "default", "--image", "acme/app:v1"],
            &["secret", secret, "-n", "default", "--image", "quay.io/a", "--hide-users"],
        ] {
            let args = [command, format].concat();
            assert_silent(&args.join(" "), &run(&args));
        }
    }
    for format in ["text", "json", "yaml", "junit", "github", "markdown"] {
        let args = ["check", "-n", "default", "-o", format, "-vv"];
        assert_silent(&args.join(" "), &run(&args));
    }
}

#[test]
fn files_keep_their_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("all.json");
    let path = file.to_str().unwrap();
    for secret in secrets() {
        let name = name(&secret);
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": [secret, pod(&name)] });
        std::fs::write(&file, list.to_string()).unwrap();
        each(&name, &FORMATS, |args| pulldoctor(&[args, &["--from", path]].concat()));
    }
}

#[test]
fn all_at_once_keep_theirs_too() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("all.json");
    let items: Vec<Value> =
        secrets().into_iter().flat_map(|secret| [pod(&name(&secret)), secret]).collect();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
    std::fs::write(&file, list.to_string()).unwrap();
    for format in FORMATS {
        let args = [&["pod", "pod-good", "--from", file.to_str().unwrap()][..], format].concat();
        let run = pulldoctor(&args);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert_silent("pod", &run);
    }
}

/// Writes a damaged file and runs both commands on it.
fn damaged(file: &Path, bytes: &[u8]) {
    std::fs::write(file, bytes).unwrap();
    let path = file.to_str().unwrap();
    for args in [["pod", "pod-good", "--from", path], ["secret", "good", "--from", path]] {
        assert_silent(&format!("{} of {} bytes", args[0], bytes.len()), &pulldoctor(&args));
    }
}

#[test]
fn damaged_files_keep_theirs() {
    let directory = tempfile::tempdir().unwrap();
    let secret = secrets().remove(0);
    let whole = json!({ "apiVersion": "v1", "kind": "List", "items": [secret, pod("good")] });
    let text = whole.to_string();
    let json = directory.path().join("cut.json");
    for part in 1..24 {
        damaged(&json, &text.as_bytes()[..text.len() * part / 24]);
    }
    for (from, to) in [("\"data\":{", "\"data\":["), ("\":\"", "\":"), ("{", "{,"), ("}", "\u{0}")]
    {
        damaged(&json, text.replace(from, to).as_bytes());
    }
    let latin: Vec<u8> = text.bytes().map(|byte| if byte == b'a' { 0xe4 } else { byte }).collect();
    damaged(&json, &latin);

    let yaml = directory.path().join("cut.yaml");
    let lines = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: good\ntype: kubernetes.io/dockerconfigjson\n\
         stringData:\n  .dockerconfigjson: |\n    {{\"auths\":{{\"a.io\":{{\"password\":\"{CANARY}\"}}}}}}\n"
    );
    for broken in [
        lines.replace("  name", " \tname"),
        lines.replace("|\n", "\"\n"),
        lines.replace("    {", "  {"),
        lines.replace("stringData:", "stringData: &x *y\n"),
        format!("{lines}  : : [\n"),
        format!("password: {CANARY}\n- {CANARY}\n"),
        format!("apiVersion: v1\nkind: Config\nusers:\n- user: {{token: {CANARY}}}\n"),
    ] {
        damaged(&yaml, broken.as_bytes());
    }
}

/// The program against a server, whose kubeconfig holds a canary as well.
fn live(server: &ApiServer, args: &[&str]) -> Run {
    let mut command: Command = program();
    command.args(args).args(["--request-timeout", "2s"]).env("KUBECONFIG", server.kubeconfig());
    finish(&mut command)
}

fn cluster() -> support::apiserver::Builder {
    let mut builder = ApiServer::builder().token(CANARY);
    for secret in secrets() {
        builder = builder.object(pod(&name(&secret))).object(secret);
    }
    builder
}

#[test]
fn clusters_keep_theirs() {
    let server = cluster().start();
    for secret in ["good", "no-base64", "not-a-string", "not-a-map", "in-the-key", "opaque"] {
        each(secret, &[&["-vvv"], &["-o", "json"]], |args| live(&server, args));
    }
    for format in ["lines", "json"] {
        let run = live(&server, &["watch", "--for", "2s", "-o", format, "-vvv"]);
        assert_silent("a watch", &run);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stdout.contains("fix"), "the secrets were looked at: {}", run.stdout);
    }
    let run = live(&server, &["secret", "goood"]);
    assert_silent("a secret that is not there", &run);
    assert!(run.stderr.contains("good"), "{}", run.stderr);
    let wrong = live(&server, &["secret", "good", "--token", &format!("{CANARY}-wrong")]);
    assert_silent("a token that is not accepted", &wrong);
    assert_eq!(wrong.code, 3);
}

#[test]
fn faults_of_a_server_show_none() {
    let body = json!({
        "kind": "Secret", "metadata": { "name": "good", "namespace": 7 },
        "data": { ".dockerconfigjson": CANARY, "x": [CANARY] },
    });
    let html = format!("<html>{CANARY}</html>");
    for on in [On::get("secrets"), On::list("secrets"), On::get("pods"), On::get("serviceaccounts")]
    {
        for fault in [
            Fault::Raw(200, "application/json", body.to_string()),
            Fault::Raw(200, "application/json", format!("{{\"data\":\"{CANARY}")),
            Fault::Raw(200, "text/html", html.clone()),
            Fault::Raw(403, "application/json", body.to_string()),
            Fault::Raw(500, "application/json", body.to_string()),
            Fault::CutAfter(400),
        ] {
            let server = cluster().fault(on.clone(), fault).start();
            for args in [
                &["pod", "pod-good", "-vvv"][..],
                &["secret", "good", "-vvv"],
                &["check", "-vvv"],
                &["watch", "--for", "500ms", "-vvv"],
            ] {
                assert_silent(&format!("{args:?} with {on:?}"), &live(&server, args));
            }
        }
    }
}

#[test]
fn refusals_show_none() {
    let server = cluster().deny(Deny::to("*", "secrets")).start();
    for args in [&["pod", "pod-good", "-vvv"][..], &["secret", "good", "-vvv"], &["check", "-vvv"]]
    {
        assert_silent("a refusal", &live(&server, args));
    }
}

#[test]
fn messages_are_explained_without_their_credentials() {
    let auth = BASE64_STANDARD.encode(format!("alice:{CANARY}"));
    for message in [
        format!("Get \"https://alice:{CANARY}@reg.io/v2/\": 401 Unauthorized"),
        format!("unauthorized: Authorization: Basic {auth}: 401"),
        format!("GET https://reg.io/blob?X-Amz-Signature={CANARY}: 403 Forbidden"),
        format!("{{\"message\":\"denied\",\"password\":\"{CANARY}\"}}"),
    ] {
        for format in ["text", "json", "yaml"] {
            let run = pulldoctor(&["explain", &message, "-o", format]);
            assert_silent(&format!("explain -o {format} {message}"), &run);
        }
    }
}
