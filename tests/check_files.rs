//! `pulldoctor check --from …`: scope, incidents, exit codes and every format, on the recorded
//! cluster.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

pub mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::junit::assert_valid;
use support::{Run, finish, fixture, program, pulldoctor, pulldoctor_reading};

fn check(args: &[&str]) -> Run {
    let from = fixture("cluster");
    pulldoctor(&[&["check", "--from", &from], args].concat())
}

fn report(args: &[&str]) -> Value {
    check(&[args, &["-o", "json"]].concat()).json()
}

/// The pods that a report diagnoses, as `namespace/name`.
fn named(report: &Value) -> BTreeSet<String> {
    let diagnoses = report["diagnoses"].as_array().unwrap().iter();
    diagnoses
        .map(|it| format!("{}/{}", it["namespace"].as_str().unwrap(), it["pod"].as_str().unwrap()))
        .collect()
}

#[test]
fn every_failing_pod_is_named_and_no_healthy_one() {
    let text = std::fs::read_to_string(fixture("cluster/expected.json")).unwrap();
    let truth: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    let run = check(&["-o", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let named = named(&run.json());
    for (pod, truth) in truth {
        let is_ill = !(truth["message"].is_null() && truth["all"].is_null());
        assert_eq!(named.contains(&pod), is_ill, "{pod}");
    }
}

#[test]
fn scope_is_a_namespace_a_selector_or_workloads() {
    for (args, pods) in [
        (&["-n", "owners"][..], 10),
        (&["-n", "owners", "-l", "app=web"], 3),
        (&["deployment/web", "-n", "owners"], 3),
        (&["deploy/web", "sts/db", "-n", "owners"], 4),
        (&["cronjob/report", "-n", "owners"], 4),
        (&["daemonset/agent", "-n", "owners"], 1),
        (&["job/migrate", "-n", "owners"], 1),
        (&["rs/web-6bf7f8bf45", "-n", "owners"], 3),
        (&["pod/db-0", "-n", "owners"], 1),
    ] {
        let report = report(args);
        assert_eq!(report["summary"]["podsExamined"], pods, "{args:?}: {}", report["summary"]);
    }
}

#[test]
fn a_manifest_names_its_workloads() {
    let manifest = b"kind: Service\napiVersion: v1\nmetadata: {name: web}\n---\n\
                     kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\n---\n\
                     kind: Job\napiVersion: batch/v1\nmetadata: {name: migrate}\n";
    let from = fixture("cluster/owners");
    let args = ["check", "-n", "owners", "-f", "-", "--from", &from, "-o", "json"];
    let run = pulldoctor_reading(&args, manifest);
    assert_eq!(run.json()["summary"]["podsExamined"], 4, "{}", run.stderr);
}

#[test]
fn wrong_usage_is_told_apart_from_nothing_there() {
    for (args, code, words) in [
        (&["web"][..], 2, "does not say what it is"),
        (&["deployment/Web"], 2, "cannot be the name"),
        (&["-l", "a in b"], 2, "not a label requirement"),
        (&["deployment/web", "-A"], 2, "cannot be used with"),
        (&["deployment/wbe", "-n", "owners"], 3, "no deployment/wbe"),
        (&["--wait", "1s"], 2, "cannot be used with"),
        (&["-f", "/nonexistent"], 3, "cannot read the manifest /nonexistent: no such file"),
        (&["-f", "/nonexistent"], 3, "-f takes YAML or JSON"),
    ] {
        let run = check(args);
        assert_eq!(run.code, code, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{args:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{args:?}");
    }
}

#[test]
fn a_healthy_scope_is_well() {
    let run = check(&["pod/private-reg-ok", "-n", "default"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout, "no image-pull failure: the images of 1 pod are pulled\n");
    assert_eq!(check(&["-n", "owners", "--exit-zero"]).code, 0);
    let nothing = check(&["-n", "nowhere"]);
    assert_eq!(nothing.code, 0);
    assert!(nothing.stdout.contains("no pods in scope"), "{}", nothing.stdout);
}

#[test]
fn one_incident_is_one_line_with_everything_counted() {
    let run = check(&["-n", "owners"]);
    let mut lines = run.stdout.lines();
    assert_eq!(lines.next(), Some("10 of 10 pods cannot pull an image, in 4 incidents"));
    let first = lines.next().unwrap();
    assert!(
        first.contains("pull-secret-not-referenced: gengwg/cheers2019:latest: 7 pods of 2 workloads on lab-node"),
        "{first}"
    );
    let report = report(&["-n", "owners"]);
    let incidents = report["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 4);
    assert_eq!(incidents[0]["pods"], 7);
    assert_eq!(incidents[0]["retry"], "permanent");
    let kinds: BTreeSet<_> = incidents[0]["workloads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|workload| workload["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, BTreeSet::from(["CronJob", "Deployment"]));
    // Every incident comes with a diagnosis and its fix.
    for incident in incidents {
        let example = incident["example"].as_str().unwrap();
        let (_, pod) = example.split_once('/').unwrap();
        let diagnoses = report["diagnoses"].as_array().unwrap();
        let found = diagnoses.iter().find(|it| it["pod"] == pod).unwrap();
        assert!(!found["fixes"].as_array().unwrap().is_empty(), "{example}");
    }
}

/// A running pod with one container that fails, an init container behind it, or an ephemeral one.
fn running(name: &str, node: &str, spec: Value, status: Value) -> Value {
    let mut status = status;
    status["phase"] = json!("Running");
    let mut spec = spec;
    spec["nodeName"] = json!(node);
    json!({ "apiVersion": "v1", "kind": "Pod", "spec": spec, "status": status,
            "metadata": { "name": name, "namespace": "shop", "uid": name } })
}

fn failing(image: &str) -> Value {
    json!({ "waiting": { "reason": "ImagePullBackOff", "message": format!(
        "Back-off pulling image \"{image}\": ErrImagePull: rpc error: code = NotFound desc = failed \
         to pull and unpack image \"{image}\": failed to resolve image: {image}: not found") } })
}

#[test]
fn what_fails_inside_a_running_pod_is_not_missed() {
    let up = json!({ "running": {} });
    let pods = [
        running(
            "restarted",
            "n1",
            json!({ "containers": [{ "name": "a", "image": "reg.io/a:1" }, { "name": "b", "image": "reg.io/b:1" }] }),
            json!({ "containerStatuses": [
                { "name": "a", "state": up }, { "name": "b", "state": failing("reg.io/b:1") }] }),
        ),
        running(
            "debugged",
            "n1",
            json!({ "containers": [{ "name": "a", "image": "reg.io/a:1" }],
                    "ephemeralContainers": [{ "name": "debugger", "image": "reg.io/dbg:1" }] }),
            json!({ "containerStatuses": [{ "name": "a", "state": up }],
                    "ephemeralContainerStatuses": [{ "name": "debugger", "state": failing("reg.io/dbg:1") }] }),
        ),
        running(
            "sidecar",
            "n1",
            json!({ "containers": [{ "name": "a", "image": "reg.io/a:1" }],
                    "initContainers": [{ "name": "proxy", "image": "reg.io/proxy:1", "restartPolicy": "Always" }] }),
            json!({ "containerStatuses": [{ "name": "a", "state": up }],
                    "initContainerStatuses": [{ "name": "proxy", "state": failing("reg.io/proxy:1") }] }),
        ),
        running(
            "healthy",
            "n2",
            json!({ "containers": [{ "name": "a", "image": "reg.io/b:1" }] }),
            json!({ "containerStatuses": [{ "name": "a", "state": up }] }),
        ),
    ];
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": pods }).to_string();
    let run = pulldoctor_reading(&["check", "--from", "-", "-o", "json"], list.as_bytes());
    let report = run.json();
    let expected = ["shop/debugged", "shop/restarted", "shop/sidecar"].map(str::to_owned);
    assert_eq!(named(&report), BTreeSet::from(expected), "{report:#}");
    assert_eq!(report["summary"]["podsExamined"], 4);
    // The same image runs on another node: that is said, and which node is the odd one.
    let incidents = report["incidents"].as_array().unwrap();
    let odd = incidents.iter().find(|it| it["images"][0] == "reg.io/b:1").unwrap();
    assert_eq!((&odd["onlyNode"], &odd["runsOnOtherNodes"]), (&json!("n1"), &json!(1)));
    let text = pulldoctor_reading(&["check", "--from", "-"], list.as_bytes()).stdout;
    assert!(text.contains("only n1: the same image runs on 1 other node"), "{text}");
}

#[test]
fn junit_has_a_case_a_workload_and_container() {
    let run = check(&["-n", "owners", "-o", "junit"]);
    let counts = assert_valid(&run.stdout);
    assert_eq!((counts.tests, counts.failures), (5, 5), "{}", run.stdout);
    assert!(run.stdout.contains("classname=\"owners.CronJob.report\""), "{}", run.stdout);
    let healthy = check(&["pod/private-reg-ok", "-n", "default", "-o", "junit"]);
    let counts = assert_valid(&healthy.stdout);
    assert_eq!((counts.tests, counts.failures), (1, 0));
}

#[test]
fn hostile_words_stay_words_in_every_format() {
    let image = "reg.io/a:1";
    let mut state = failing(image);
    state["waiting"]["message"] = json!(format!(
        "Back-off pulling image \"{image}\": ErrImagePull: <b>\u{1b}[31m]]>\r\n::error::%0A|x` \u{fffe}"
    ));
    let pod = running(
        "a",
        "n1",
        json!({ "containers": [{ "name": "a", "image": image }] }),
        json!({ "containerStatuses": [{ "name": "a", "state": state }] }),
    );
    let input = pod.to_string();
    let run = |format| {
        pulldoctor_reading(&["check", "--from", "-", "-o", format], input.as_bytes()).stdout
    };
    assert_valid(&run("junit"));
    let annotations = run("github");
    let commands: Vec<_> = annotations.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.iter().filter(|line| line.starts_with("::error ")).count(), 1);
    assert!(annotations.contains("%250A"), "{annotations}");
    for format in ["text", "markdown", "github", "junit", "yaml"] {
        assert!(!run(format).contains('\u{1b}'), "{format}");
    }
    assert!(!run("markdown").contains("<b>\n"));
}

#[test]
fn annotations_fill_the_steps_summary_too() {
    let dir = tempfile::tempdir().unwrap();
    let summary = dir.path().join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let from = fixture("cluster/owners");
    let run = finish(
        program()
            .args(["check", "-n", "owners", "--from", &from, "-o", "github"])
            .env("GITHUB_STEP_SUMMARY", &summary),
    );
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("::error title=")).count(), 4);
    let markdown = std::fs::read_to_string(&summary).unwrap();
    assert!(markdown.starts_with("before\n## pulldoctor: 10 of 10 pods"), "{markdown}");
    assert!(markdown.contains("```sh\nkubectl patch"), "{markdown}");
}

#[test]
fn yaml_is_the_same_as_json() {
    let yaml = check(&["-n", "owners", "-o", "yaml"]).stdout;
    let mut yaml: Value = serde_saphyr::from_str(&yaml).unwrap();
    let mut json = report(&["-n", "owners"]);
    for report in [&mut yaml, &mut json] {
        report["generatedAt"] = Value::Null;
    }
    assert_eq!(yaml, json);
}
