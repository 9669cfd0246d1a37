//! `pulldoctor secret`: verdicts, exit codes, expiries, formats and widths, from files and live.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must stop")]

pub mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use support::apiserver::{ApiServer, Deny};
use support::{Run, finish, fixture, program, pulldoctor, pulldoctor_reading};

const IMAGE: &str = "reg.example.com/team/app:1";

/// A secret `s` of `shop` as kubectl prints it.
fn object(kind: &str, payload: &Value, created: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind,
        "metadata": { "name": "s", "namespace": "shop", "creationTimestamp": created },
        "data": { ".dockerconfigjson": BASE64_STANDARD.encode(payload.to_string()) },
    })
}

fn login(key: &str, user: &str, password: &str) -> Value {
    json!({ "auths": { key: { "username": user, "password": password } } })
}

/// The command's answer on a secret of the usual type.
fn secret(payload: &Value, args: &[&str]) -> Run {
    let object = object("kubernetes.io/dockerconfigjson", payload, "2026-01-01T00:00:00Z");
    reading(&object, args)
}

fn reading(object: &Value, args: &[&str]) -> Run {
    let args = [&["secret", "s", "--from", "-"], args].concat();
    pulldoctor_reading(&args, object.to_string().as_bytes())
}

/// A token that ends so many minutes from now.
fn token(minutes: i64) -> String {
    let end = chrono::Utc::now().timestamp() + minutes * 60 + 30;
    let part = |text: &str| BASE64_STANDARD.encode(text).trim_end_matches('=').to_owned();
    format!("{}.{}.x", part("{\"alg\":\"x\"}"), part(&format!("{{\"exp\":{end}}}")))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn exit_codes_tell_fine_from_wrong() {
    let good = login("reg.example.com", "alice", "p");
    for (payload, args, code, said) in [
        (&good, &[][..], 0, "takes 1 login"),
        (&good, &["--image", IMAGE], 0, "sends its login for reg.example.com/team/app"),
        (&good, &["--image", "quay.io/a/b"], 1, "does not use it for quay.io/a/b"),
        (
            &login("reg.example.com:443", "alice", "p"),
            &["--image", IMAGE],
            1,
            "the key has port 443",
        ),
        (&json!({ "auths": {} }), &[], 1, "no login: there is no entry"),
        (&json!({ "auths": { "a.io": { "auth": "!" } } }), &[], 1, "cannot read it"),
        (&login("https://index.docker.io/v1", "alice", "p"), &[], 1, "with the slash"),
        (&login("reg.example.com", "alice", &token(-3 * 24 * 60)), &[], 1, "expired 2d23h ago"),
        (&login("reg.example.com", "alice", &token(40)), &[], 0, "expires in 40m"),
    ] {
        let run = secret(payload, args);
        assert_eq!(run.code, code, "{payload} {args:?}: {run:?}");
        assert!(words(&run.stdout).contains(said), "{said}: {}", run.stdout);
    }
    let ignored = reading(&object("Opaque", &good, "2026-01-01T00:00:00Z"), &[]);
    assert_eq!(ignored.code, 1);
    assert!(words(&ignored.stdout).contains("passes over it"), "{}", ignored.stdout);
}

#[test]
fn what_expires_soon_is_a_warning() {
    let run = secret(&login("reg.example.com", "alice", &token(40)), &["-o", "json"]);
    let report = run.json();
    assert_eq!(report["ok"], true);
    assert!(report["warnings"][0].as_str().unwrap().contains("expires in 40m"), "{report:#}");
    let later = secret(&login("reg.example.com", "alice", &token(600)), &["-o", "json"]).json();
    assert_eq!(later["warnings"], json!([]));
    assert_eq!(later["entries"][0]["expiry"]["certainty"], "proven");
}

#[test]
fn an_old_ecr_password_has_expired_by_its_age() {
    let key = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    let run = secret(&login(key, "AWS", "p"), &["-o", "json"]);
    assert_eq!(run.code, 1);
    let expiry = &run.json()["entries"][0]["expiry"];
    assert_eq!(expiry["certainty"], "inferred");
    assert_eq!(expiry["at"], "2026-01-01T12:00:00Z");
    assert_eq!(expiry["credential"], "ecrPassword");
}

#[test]
fn keys_are_listed_in_the_order_in_which_they_are_tried() {
    let payload = json!({ "auths": {
        "*.example.com": { "username": "a", "password": "p" },
        "reg.example.com": { "username": "b", "password": "p" },
        "reg.example.com/team": { "username": "c", "password": "p" },
        "quay.io": { "username": "d", "password": "p" },
    }});
    let report = secret(&payload, &["--image", IMAGE, "-o", "json"]).json();
    assert_eq!(
        report["tried"],
        json!(["reg.example.com/team", "reg.example.com", "*.example.com"])
    );
    let keys: Vec<_> = report["entries"].as_array().unwrap().iter().map(|e| &e["key"]).collect();
    assert_eq!(keys, ["reg.example.com/team", "reg.example.com", "*.example.com", "quay.io"]);
    assert!(report["summary"].as_str().unwrap().contains("one after the other"));
}

#[test]
fn users_are_shown_unless_they_look_secret_or_are_hidden() {
    let payload = json!({ "auths": {
        "a.io": { "username": "alice", "password": "p" },
        "b.io": { "username": "ghp_0123456789abcdefghijklmnopqrstuvwxyz", "password": "x" },
        "c.io": { "username": "same", "password": "same" },
    }});
    let run = secret(&payload, &[]);
    assert!(run.stdout.contains("alice"), "{}", run.stdout);
    assert!(!run.stdout.contains("ghp_0123456789abcdefghij"), "{}", run.stdout);
    assert!(!run.stdout.contains("same"), "{}", run.stdout);
    for format in ["text", "json", "yaml"] {
        let hidden = secret(&payload, &["--hide-users", "-o", format]);
        assert!(!hidden.stdout.contains("alice"), "{}", hidden.stdout);
    }
}

#[test]
fn the_contract_of_a_secret_holds() {
    let report =
        secret(&login("hub.docker.com", "alice", "p"), &["--image", "acme/app", "-o", "json"]);
    let mut report = report.json();
    report["generatedAt"] = json!("now");
    assert_eq!(
        report,
        json!({
            "apiVersion": "pulldoctor.dev/v1",
            "kind": "Secret",
            "generatedAt": "now",
            "source": "files standard input",
            "namespace": "shop",
            "name": "s",
            "type": "kubernetes.io/dockerconfigjson",
            "created": "2026-01-01T00:00:00Z",
            "image": {
                "reference": "acme/app", "registry": "docker.io",
                "repository": "acme/app", "tag": "latest",
            },
            "ok": false,
            "verdict": "notForThisRegistry",
            "summary": "The kubelet does not use it for docker.io/acme/app: it is for \
                        hub.docker.com, and no key matches. hub.docker.com comes near: \
                        hub.docker.com is not a name under which the kubelet knows Docker Hub.",
            "tried": [],
            "nearMiss": {
                "key": "hub.docker.com",
                "why": "hub.docker.com is not a name under which the kubelet knows Docker Hub",
            },
            "entries": [{
                "key": "hub.docker.com", "host": "hub.docker.com", "path": "",
                "registry": "Docker Hub", "user": "alice", "empty": false, "matches": false,
                "defects": [],
            }],
            "problems": [report["summary"]],
            "warnings": ["hub.docker.com: no image of Docker Hub matches this key; it must be \
                          https://index.docker.io/v1/, with the slash."],
        })
    );
    let yaml = secret(&login("a.io", "alice", "p"), &["-o", "yaml"]).stdout;
    assert!(yaml.starts_with("apiVersion: pulldoctor.dev/v1\nkind: Secret\n"), "{yaml}");
}

#[test]
fn it_is_readable_at_any_width() {
    let key = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/payments";
    let object =
        object("kubernetes.io/dockerconfigjson", &login(key, "AWS", "p"), "2026-01-01T00:00:00Z");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret.json");
    std::fs::write(&file, object.to_string()).unwrap();
    for width in [200, 100, 60, 40] {
        let run = finish(
            program()
                .args(["secret", "s", "--image", "quay.io/a/b", "--from", file.to_str().unwrap()])
                .env("COLUMNS", width.to_string()),
        );
        for line in run.stdout.lines() {
            // What is to be copied is never broken.
            let sticks_out = line.trim().split(' ').count() == 1 || line.contains(key);
            assert!(line.chars().count() <= width || sticks_out, "{width}: {line}");
        }
        assert!(run.stdout.contains(key), "{width}: {}", run.stdout);
        assert_eq!(run.stdout.contains("KEY "), width == 200, "{width}: {}", run.stdout);
    }
}

#[test]
fn bad_input_is_one_clear_error() {
    let cases: [(&[&str], i32, &str); 5] = [
        (&["secret", "quai", "--from", "ACCESS"], 3, "similar name: quay"),
        (&["secret", "quay", "-n", "default", "--from", "ACCESS"], 3, "add -n access"),
        (&["secret", "A B", "--from", "ACCESS"], 2, "cannot be the name of a secret"),
        (&["secret", "quay", "--image", "https://x/y", "--from", "ACCESS"], 2, "no scheme"),
        (&["secret", "regcred", "--from", "ALL"], 2, "choose one with -n"),
    ];
    for (args, code, said) in cases {
        let (access, all) = (fixture("cluster/access"), fixture("cluster"));
        let args: Vec<&str> = args
            .iter()
            .map(|arg| match *arg {
                "ACCESS" => access.as_str(),
                "ALL" => all.as_str(),
                other => other,
            })
            .collect();
        let run = pulldoctor(&args);
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(run.stdout, "");
        assert!(words(&run.stderr).contains(said), "{said}: {}", run.stderr);
    }
}

fn live(server: &ApiServer, args: &[&str]) -> Run {
    finish(program().arg("secret").args(args).env("KUBECONFIG", server.kubeconfig()))
}

#[test]
fn a_live_secret_costs_one_request() {
    let server = ApiServer::builder().fixtures("access").start();
    let run = live(&server, &["secret/quay", "-n", "access", "-o", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.json()["entries"][0]["key"], "quay.io");
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "{requests:#?}");
    assert_eq!((requests[0].verb.as_str(), requests[0].name.as_str()), ("get", "quay"));
}

#[test]
fn a_live_secret_that_is_not_there_names_others_without_reading_them() {
    let server = ApiServer::builder().fixtures("access").start();
    let run = live(&server, &["quai", "-n", "access"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("secrets of a similar name: quay"), "{}", run.stderr);
    for request in server.requests().iter().filter(|request| request.verb == "list") {
        let accept = request.header("accept").unwrap_or_default();
        assert!(accept.contains("PartialObjectMetadata"), "{request:?}");
    }
}

#[test]
fn a_live_secret_that_is_forbidden_could_not_be_looked_at() {
    let server = ApiServer::builder().fixtures("access").deny(Deny::to("*", "secrets")).start();
    let run = live(&server, &["quay", "-n", "access"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(words(&run.stderr).contains("no permission to get secrets"), "{}", run.stderr);
}
