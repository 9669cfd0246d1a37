//! `pulldoctor pod` against an API server that speaks real HTTPS: what it asks, what it says, and how
//! it fails.

pub mod support;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::apiserver::{ApiServer, Certificate, Deny, Fault, On};
use support::{Run, finish, fixture, program};

/// Runs `pulldoctor pod …` against the server.
fn pod(server: &ApiServer, args: &[&str]) -> Run {
    finish(
        program()
            .arg("pod")
            .args(args)
            .args(["--request-timeout", "2s"])
            .env("KUBECONFIG", server.kubeconfig()),
    )
}

/// The report on one pod of `default`.
fn report(server: &ApiServer, name: &str) -> (Run, Value) {
    let run = pod(server, &[name, "-o", "json"]);
    let report = run.json();
    (run, report)
}

#[test]
fn a_private_image_costs_a_handful_of_requests() {
    let server = ApiServer::builder().fixtures("default").start();
    let (run, report) = report(&server, "private-reg");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let diagnosis = &report["diagnoses"][0];
    assert_eq!(diagnosis["cause"], "access-denied-or-missing");
    assert_eq!(diagnosis["rootCause"], "pull-secret-not-referenced");
    assert_eq!(report["limitations"], json!([]));
    assert_eq!(run.stderr, "");

    let requests = server.requests();
    assert!(requests.len() <= 8, "{} requests: {requests:#?}", requests.len());
    for request in &requests {
        assert!(request.verb == "get" || request.verb == "list", "{request:?}");
        let narrow = request.namespace.is_some() || request.resource == "nodes";
        assert!(narrow, "a list of the whole cluster: {request:?}");
        if request.resource == "secrets" && request.verb == "list" {
            assert!(request.query["fieldSelector"].starts_with("type="), "{request:?}");
        }
    }
}

#[test]
fn a_healthy_pod_costs_two_requests() {
    let server = ApiServer::builder().fixtures("default").start();
    let run = pod(&server, &["private-reg-ok"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("no image-pull failure"), "{}", run.stdout);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_failure_that_is_not_about_access_reads_no_secret() {
    let server = ApiServer::builder().fixtures("owners").start();
    let run = pod(&server, &["agent-sjt69", "-n", "owners", "-o", "json"]);
    assert_eq!(run.json()["diagnoses"][0]["cause"], "dns-failure");
    assert!(server.requests().iter().all(|request| request.resource != "secrets"));
    assert!(server.requests().iter().all(|request| request.resource != "serviceaccounts"));
}

#[test]
fn a_cluster_and_its_recording_give_the_same_diagnosis() {
    for (folder, pods) in [
        ("access", &["secret-missing", "secret-opaque", "basic-no-secret", "key-glob"][..]),
        ("shapes", &["image-volume", "init-container", "native-sidecar", "two-causes", "healthy"]),
        ("crio", &["refused", "signature", "private"]),
        ("owners", &["web-6bf7f8bf45-4cxhn", "report-29923607-wcl8j", "db-0"]),
    ] {
        let server = ApiServer::builder().fixtures(folder).start();
        for name in pods {
            let live = pod(&server, &[name, "-n", folder, "-o", "json"]);
            let recorded = finish(program().args([
                "pod",
                name,
                "-n",
                folder,
                "-o",
                "json",
                "--from",
                &fixture("cluster"),
            ]));
            let outline = |run: &Run| -> Vec<Value> {
                let report = run.json();
                let diagnoses = report["diagnoses"].as_array().unwrap().clone();
                diagnoses
                    .iter()
                    .map(|d| {
                        json!([d["cause"], d["rootCause"], d["container"], d["owner"], d["volume"]])
                    })
                    .collect()
            };
            assert_eq!(outline(&live), outline(&recorded), "{folder}/{name}");
            assert_eq!(live.code, recorded.code, "{folder}/{name}");
        }
    }
}

/// The limitations of a report as one text.
fn limitations(report: &Value) -> String {
    report["limitations"].to_string()
}

#[test]
fn secrets_that_may_not_be_listed_are_unknown_and_not_missing() {
    let server = ApiServer::builder().fixtures("default").deny(Deny::to("list", "secrets")).start();
    let (run, report) = report(&server, "private-reg");
    assert_eq!(run.code, 1);
    let diagnosis = &report["diagnoses"][0];
    assert_eq!(diagnosis["rootCause"], "no-pull-secret");
    assert_eq!(diagnosis["confidence"], "possible");
    let summary = diagnosis["summary"].as_str().unwrap();
    assert!(summary.contains("could not be seen"), "{summary}");
    assert!(!summary.contains("no secret in namespace"), "{summary}");
    assert!(
        limitations(&report).contains("no permission to list secrets in namespace default"),
        "{report:#}"
    );
}

#[test]
fn a_referenced_secret_that_may_not_be_read_is_not_called_missing() {
    let server = ApiServer::builder().fixtures("access").deny(Deny::to("*", "secrets")).start();
    let run = pod(&server, &["secret-other-registry", "-n", "access", "-o", "json"]);
    let report = run.json();
    let diagnosis = &report["diagnoses"][0];
    assert_eq!(diagnosis["rootCause"], Value::Null);
    assert_eq!(diagnosis["confidence"], "possible");
    assert!(
        limitations(&report).contains("no permission to get secrets in namespace access"),
        "{report:#}"
    );
    assert!(!diagnosis["checks"].to_string().contains("does not exist"), "{diagnosis:#}");
}

#[test]
fn reading_by_name_is_enough_where_listing_is_forbidden() {
    let server = ApiServer::builder().fixtures("access").deny(Deny::to("list", "secrets")).start();
    let run = pod(&server, &["secret-missing", "-n", "access", "-o", "json"]);
    let diagnosis = &run.json()["diagnoses"][0];
    assert_eq!(diagnosis["rootCause"], "pull-secret-missing");
    assert_eq!(diagnosis["confidence"], "likely");
}

#[test]
fn other_forbidden_objects_are_named_with_their_verb() {
    for (resource, verb, missing) in [
        ("serviceaccounts", "get", "no permission to get serviceaccounts in namespace default"),
        ("nodes", "get", "no permission to get nodes"),
        ("events", "list", "no permission to list events in namespace default"),
    ] {
        let server = ApiServer::builder().fixtures("default").deny(Deny::to("*", resource)).start();
        let (run, report) = report(&server, "private-reg");
        assert_eq!(run.code, 1, "{resource}: {}", run.stderr);
        assert!(limitations(&report).contains(missing), "{verb} {resource}: {report:#}");
        assert_eq!(report["diagnoses"][0]["rootCause"], "pull-secret-not-referenced", "{resource}");
    }
}

#[test]
fn the_way_to_an_owner_that_is_forbidden_is_guessed_and_said() {
    let server = ApiServer::builder().fixtures("owners").deny(Deny::to("*", "replicasets")).start();
    let run = pod(&server, &["web-6bf7f8bf45-4cxhn", "-n", "owners", "-o", "json"]);
    let report = run.json();
    assert!(limitations(&report).contains("no permission to get replicasets.apps"), "{report:#}");
    assert!(report["diagnoses"][0]["fixes"].to_string().contains("patch deployment web"));
}

#[test]
fn a_secret_of_another_namespace_is_named_with_the_command_that_copies_it() {
    let mut secrets: Value = serde_json::from_str(
        &std::fs::read_to_string(fixture("cluster/default/secrets.json")).unwrap(),
    )
    .unwrap();
    secrets["items"][0]["metadata"]["namespace"] = json!("team");
    let server = ApiServer::builder().fixtures("shapes").object(secrets).start();
    let run = pod(&server, &["one-of-two", "-n", "shapes", "-o", "json"]);
    let diagnosis = &run.json()["diagnoses"][0];
    assert_eq!(diagnosis["rootCause"], "no-pull-secret");
    let copy = diagnosis["fixes"][0]["commands"][0].as_str().unwrap();
    assert!(copy.starts_with("kubectl get secret regcred -n team"), "{copy}");
    assert!(copy.contains("-n shapes --type=kubernetes.io/dockerconfigjson"), "{copy}");

    // Who may not look there is told so, and gets the rest all the same.
    let run = pod(&server, &["one-of-two", "-n", "shapes", "-o", "json", "--own-namespace-only"]);
    assert!(!run.stdout.contains("team"), "{}", run.stdout);
}

/// One clear error, a hint, exit code 3, nothing on standard output.
fn assert_fault(run: &Run, words: &[&str]) {
    assert_eq!(run.code, 3, "{run:#?}");
    assert_eq!(run.stdout, "", "{run:#?}");
    assert_eq!(run.stderr.matches("error:").count(), 1, "{run:#?}");
    assert!(run.stderr.contains("hint:"), "{run:#?}");
    assert!(!run.stderr.contains("panicked"), "{run:#?}");
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(said.contains(word), "'{word}' is not said: {said}");
    }
}

#[test]
fn no_such_pod_names_what_there_is() {
    let server = ApiServer::builder().fixtures("default").fixtures("owners").start();
    assert_fault(&pod(&server, &["privat-reg"]), &["privat-reg", "private-reg"]);
    assert_fault(&pod(&server, &["web", "-n", "owners"]), &["web-6bf7f8bf45-4cxhn"]);
    assert_fault(&pod(&server, &["db-0"]), &["db-0", "owners"]);
    assert_fault(&pod(&server, &["db-0", "-n", "ownerz"]), &["ownerz", "owners"]);
}

#[test]
fn every_fault_of_a_server_is_one_clear_error() {
    let faults: [(Fault, &[&str]); 8] = [
        (Fault::Status(500, None), &["500"]),
        (Fault::Status(410, None), &["no longer"]),
        (Fault::Status(503, Some(1)), &["503"]),
        (Fault::Silence, &["did not answer within 2 s"]),
        (
            Fault::Raw(200, "text/html", "<html><title>Sign in</title></html>".to_owned()),
            &["not as a Kubernetes API server"],
        ),
        (Fault::CutAfter(40), &["broke off"]),
        (Fault::StallAfter(40), &["did not answer within 2 s"]),
        (Fault::Close, &[]),
    ];
    for (fault, words) in faults {
        let server = ApiServer::builder().fixtures("default").fault(On::get("pods"), fault).start();
        let started = Instant::now();
        assert_fault(&pod(&server, &["private-reg"]), words);
        assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
    }
}

#[test]
fn refusals_are_told_apart() {
    let server = ApiServer::builder().fixtures("default").deny(Deny::to("*", "pods")).start();
    assert_fault(&pod(&server, &["private-reg"]), &["no permission to get pods"]);
    let run = finish(
        program()
            .args(["pod", "private-reg", "--token", "wrong"])
            .env("KUBECONFIG", server.kubeconfig()),
    );
    assert_fault(&run, &["does not accept the credential"]);
}

#[test]
fn broken_tls_is_told_apart() {
    for (certificate, words) in [
        (Certificate::OtherAuthority, "unknown authority"),
        (Certificate::Expired, "expired"),
        (Certificate::OtherName, "not for"),
    ] {
        let server = ApiServer::builder().fixtures("default").certificate(certificate).start();
        assert_fault(&pod(&server, &["private-reg"]), &[words]);
    }
}

#[test]
fn no_way_to_a_cluster_is_one_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let home = |command: &mut std::process::Command| {
        command.env("HOME", dir.path());
    };
    let mut command = program();
    home(&mut command);
    assert_fault(&finish(command.args(["pod", "x"])), &["kubeconfig"]);

    let broken = dir.path().join("broken");
    std::fs::write(&broken, "apiVersion: v1\nusers:\n- user: {token: CANARY\n  x: [\n").unwrap();
    let run = finish(program().args(["pod", "x", "--kubeconfig", broken.to_str().unwrap()]));
    assert_fault(&run, &["broken"]);
    assert!(!run.stderr.contains("CANARY"), "{}", run.stderr);

    let server = ApiServer::builder().fixtures("default").start();
    assert_fault(&pod(&server, &["x", "--context", "tset"]), &["tset", "test"]);
    let unreachable = pod(&server, &["x", "--server", "https://127.0.0.1:1"]);
    assert_fault(&unreachable, &["connection refused"]);
}

/// Waits for the end of a child, but not for ever.
fn end(mut child: Child) -> Run {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < Duration::from_secs(20), "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_at_any_moment() {
    let server =
        ApiServer::builder().fixtures("default").fault(On::get("pods"), Fault::Silence).start();
    let child = program()
        .args(["pod", "private-reg"])
        .env("KUBECONFIG", server.kubeconfig())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Once the server has seen the request, the program is waiting for its answer.
    while server.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let run = end(child);
    assert_eq!(run.code, 130, "{run:#?}");
    assert!(run.stderr.contains("interrupted"), "{run:#?}");
}

#[test]
fn pods_can_be_selected_by_their_labels() {
    let server = ApiServer::builder().fixtures("owners").start();
    let run = pod(&server, &["-l", "app=web", "-n", "owners", "-o", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = run.json();
    assert_eq!(report["summary"]["podsExamined"], 3, "{report:#}");
    assert_eq!(report["summary"]["incidents"], 1);
    let all = pod(&server, &["-l", "app=web", "-A", "-o", "json"]);
    assert_eq!(all.json()["summary"]["podsFailing"], 3);
}

#[test]
fn a_question_that_hangs_costs_its_own_time_and_nothing_else() {
    for (on, missing) in [
        (On::list("secrets"), "the pull secrets of namespace default"),
        (On::list("events"), "events of namespace default"),
        (On::get("serviceaccounts"), "service account default"),
        (On::get("nodes"), "node lab-node"),
    ] {
        let server = ApiServer::builder().fixtures("default").fault(on, Fault::Silence).start();
        let started = Instant::now();
        let (run, report) = report(&server, "private-reg");
        assert_eq!(run.code, 1, "{missing}: {}", run.stderr);
        assert_eq!(report["diagnoses"][0]["cause"], "access-denied-or-missing", "{missing}");
        assert!(limitations(&report).contains(missing), "{missing}: {report:#}");
        assert!(limitations(&report).contains("did not answer"), "{missing}: {report:#}");
        assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
    }
}

#[test]
fn a_pod_deleted_while_it_is_looked_at_is_still_diagnosed() {
    // Everything but the pod itself is gone by the time it is asked for.
    let server = ApiServer::builder()
        .fixtures("default")
        .fault(On::get("serviceaccounts"), Fault::Status(404, None))
        .fault(On::get("nodes"), Fault::Status(404, None))
        .start();
    let (run, report) = report(&server, "private-reg");
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(report["diagnoses"][0]["rootCause"], "pull-secret-not-referenced");
}
