//! Every pod of the recorded cluster, through the real binary, against what is truly wrong with it.
//!
//! `fixtures/cluster/expected.json` says for each pod what the words prove (`message`), what the
//! objects prove (`root`), or that it must be left alone. A false alarm is as bad as a miss.

pub mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Run, fixture, pulldoctor};

fn expected() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(fixture("cluster/expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The codes that are fair answers: one, several, or none.
fn codes(value: &Value) -> Vec<&str> {
    match value {
        Value::String(code) => vec![code],
        Value::Array(codes) => codes.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn diagnose(namespace: &str, pod: &str, from: &str) -> Run {
    pulldoctor(&["pod", pod, "-n", namespace, "-o", "json", "--from", &fixture(from)])
}

/// Where the report on a pod differs from the truth.
fn differences(name: &str, truth: &Value, run: &Run) -> Vec<String> {
    let mut wrong = Vec::new();
    let report = run.json();
    let diagnoses = report["diagnoses"].as_array().unwrap();
    let healthy = truth["message"].is_null() && truth["all"].is_null();
    if run.code != i32::from(!healthy) {
        wrong.push(format!("{name}: exit code {}", run.code));
    }
    if healthy {
        if !diagnoses.is_empty() {
            wrong.push(format!("{name}: false alarm {}", diagnoses[0]["cause"]));
        }
        if report["notes"].as_array().unwrap().is_empty() {
            wrong.push(format!("{name}: nothing is said about it"));
        }
        return wrong;
    }
    let causes: BTreeSet<_> = diagnoses.iter().filter_map(|d| d["cause"].as_str()).collect();
    let all: BTreeSet<_> = codes(&truth["all"]).into_iter().collect();
    if !all.is_empty() {
        if causes != all {
            wrong.push(format!("{name}: causes {causes:?}, not {all:?}"));
        }
        return wrong;
    }
    let [only] = diagnoses.as_slice() else {
        wrong.push(format!("{name}: {} diagnoses", diagnoses.len()));
        return wrong;
    };
    let cause = only["cause"].as_str().unwrap();
    if !codes(&truth["message"]).contains(&cause) {
        wrong.push(format!("{name}: cause {cause}, not {}", truth["message"]));
    }
    // The root cause of an access failure; other failures have none, their cause is the truth.
    let root = only["rootCause"].as_str();
    let fair = codes(&truth["root"]);
    let is_root =
        fair.iter().any(|code| code.starts_with("pull-secret-") || *code == "no-pull-secret");
    if is_root && !root.is_some_and(|root| fair.contains(&root)) {
        wrong.push(format!("{name}: root cause {root:?}, not {fair:?}"));
    }
    if !is_root && root.is_some() {
        wrong.push(format!("{name}: root cause {root:?} where there is none"));
    }
    for (key, field) in [("container", "container"), ("volume", "volume")] {
        if let Some(truth) = truth[key].as_str()
            && only[field] != truth
        {
            wrong.push(format!("{name}: {field} {}, not {truth}", only[field]));
        }
    }
    if let Some(candidate) = truth["candidate"].as_str()
        && !only["fixes"].to_string().contains(candidate)
    {
        wrong.push(format!("{name}: no fix refers to {candidate}"));
    }
    // What other tags there are only the registry knows, and it is not asked; but a slip of `latest`
    // shows by itself.
    if let Some(tag) = truth["suggest"].as_str().filter(|tag| *tag == "latest")
        && !only["fixes"].to_string().contains(&format!("use the tag {tag}"))
    {
        wrong.push(format!("{name}: the tag {tag} is not suggested"));
    }
    if only["fixes"].as_array().unwrap().is_empty() {
        wrong.push(format!("{name}: no fix"));
    }
    wrong
}

#[test]
fn every_recorded_pod_is_judged_rightly() {
    let mut wrong = Vec::new();
    let mut pods = 0;
    for (name, truth) in expected() {
        let (namespace, pod) = name.split_once('/').unwrap();
        // By its own namespace's folder, and by the whole tree: more facts change no verdict.
        for from in [format!("cluster/{namespace}"), "cluster".to_owned()] {
            let run = diagnose(namespace, pod, &from);
            wrong.extend(differences(&format!("{name} from {from}"), &truth, &run));
        }
        pods += 1;
    }
    assert_eq!(pods, 46, "expected.json has changed");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The fixes of a pod as one text.
fn fixes(namespace: &str, pod: &str) -> String {
    let report = diagnose(namespace, pod, "cluster").json();
    let fixes = &report["diagnoses"][0]["fixes"];
    fixes
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|fix| fix["commands"].as_array().unwrap().iter().chain([&fix["manifest"]]))
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_deployment_is_patched_by_its_own_name() {
    let fixes = fixes("owners", "web-6bf7f8bf45-4cxhn");
    assert!(fixes.contains("kubectl patch deployment web -n owners"), "{fixes}");
    assert!(fixes.contains("kind: Deployment\nmetadata:\n  name: web\n"), "{fixes}");
    assert!(!fixes.contains("replicaset"), "{fixes}");
}

#[test]
fn a_cron_job_is_patched_in_its_job_template() {
    let fixes = fixes("owners", "report-29923607-wcl8j");
    assert!(
        fixes.contains(
            "kubectl patch cronjob report -n owners -p \
             '{\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":{\"spec\":{\"imagePullSecrets\""
        ),
        "{fixes}"
    );
    assert!(fixes.contains("kubectl delete job report-29923607 -n owners"), "{fixes}");
}

#[test]
fn a_bare_pod_is_created_anew() {
    let fixes = fixes("default", "private-reg");
    assert!(fixes.contains("kubectl replace --force -f -"), "{fixes}");
    assert!(fixes.contains("imagePullSecrets:\n  - name: regcred\n"), "{fixes}");
}

#[test]
fn no_diagnosis_of_a_name_or_network_failure_offers_a_secret() {
    for (namespace, pod) in [
        ("missing", "tag-typo"),
        ("missing", "bad-name"),
        ("missing", "never"),
        ("shapes", "two-causes"),
        ("crio", "refused"),
    ] {
        let fixes = fixes(namespace, pod);
        assert!(!fixes.contains("create secret"), "{pod}: {fixes}");
    }
}

#[test]
fn words_alone_name_the_cause_and_say_what_they_cannot() {
    for text in ["describe-private-reg.txt", "get-event-private-reg.txt"] {
        let run = pulldoctor(&[
            "pod",
            "private-reg",
            "-o",
            "json",
            "--from",
            &fixture(&format!("cluster/{text}")),
        ]);
        assert_eq!(run.code, 1, "{text}: {}", run.stderr);
        let report = run.json();
        let diagnosis = &report["diagnoses"][0];
        assert_eq!(diagnosis["cause"], "access-denied-or-missing", "{text}");
        assert_eq!(diagnosis["image"]["reference"], "gengwg/cheers2019:latest", "{text}");
        assert_eq!(diagnosis["rootCause"], Value::Null, "{text}");
        assert_eq!(diagnosis["confidence"], "possible", "{text}");
        assert!(!report["limitations"].as_array().unwrap().is_empty(), "{text}");
        assert!(diagnosis["fixes"].to_string().contains("docker-registry"), "{text}");
    }
}

#[test]
fn a_secret_that_is_refused_elsewhere_is_not_offered() {
    // badpass fits by its key, and two-secrets-second-good runs with another beside it.
    for pod in ["no-secret-anywhere", "secret-missing", "secret-opaque"] {
        let fixes = fixes("access", pod);
        assert!(!fixes.contains("badpass"), "{pod}: {fixes}");
    }
}

#[test]
fn other_namespaces_can_be_left_out_of_files_too() {
    let args = ["pod", "one-of-two", "-n", "shapes", "-o", "json", "--from"];
    let cluster = fixture("cluster");
    let all = [&args[..], &[&cluster]].concat();
    assert!(pulldoctor(&all).stdout.contains("kubectl get secret "));
    let own = pulldoctor(&[&all[..], &["--own-namespace-only"]].concat());
    for name in ["hub-login", "kubectl get secret "] {
        assert!(!own.stdout.contains(name), "{name}: {}", own.stdout);
    }
    assert_eq!(own.json()["diagnoses"][0]["rootCause"], "no-pull-secret");
}
