//! `-o junit` is valid by the schema, whatever it has to tell, and whoever wrote the words.

pub mod support;

use std::collections::BTreeMap;

use chrono::DateTime;
use proptest::prelude::*;
use pulldoctor::diagnose;
use pulldoctor::facts::{Facts, ObjectName, Origin, OwnerReference, Place, PlaceKind, Pod, State};
use pulldoctor::report::{Pending, PendingWhat, Report, WaitOutcome, Waited, junit};
use pulldoctor::survey::Survey;
use serde_json::json;
use support::apiserver::{ApiServer, Fault, On};
use support::junit::{Counts, assert_valid, violations};
use support::shop::{
    Waiting, check, creating, deployment, no_tag, pod, replica_set, serve, throttled, up, wait,
};
use support::{fixture, pulldoctor};

fn counts(tests: usize, failures: usize, errors: usize, skipped: usize) -> Counts {
    Counts { tests, failures, errors, skipped }
}

#[test]
fn the_schema_can_tell_wrong_from_right() {
    let suite = |attributes: &str, body: &str| {
        format!(
            "<?xml version=\"1.0\"?><testsuites><testsuite name=\"s\" tests=\"1\" failures=\"0\" \
             errors=\"0\" {attributes}>{body}</testsuite></testsuites>"
        )
    };
    let case = "<testcase classname=\"a\" name=\"b\" time=\"0.5\"/>";
    assert_eq!(violations(&suite("timestamp=\"2026-01-02T03:04:05\"", case)), [""; 0]);
    for (what, wrong) in [
        ("a zone", suite("timestamp=\"2026-01-02T03:04:05Z\"", case)),
        ("no time", suite("time=\"soon\"", case)),
        ("a sign", suite("skipped=\"-1\"", case)),
        ("an unknown attribute", suite("colour=\"red\"", case)),
        ("an unknown element", suite("", "<case/>")),
        ("no class", suite("", "<testcase name=\"b\"/>")),
        ("an empty name", suite("", "<testcase classname=\"a\" name=\"\"/>")),
        ("a case twice", suite("", &case.repeat(2))),
        ("no type", suite("", "<testcase classname=\"a\" name=\"b\"><failure/></testcase>")),
        (
            "two outcomes",
            suite(
                "",
                "<testcase classname=\"a\" name=\"b\"><skipped/><error type=\"x\"/></testcase>",
            ),
        ),
        ("text between", suite("", &format!("{case} and more"))),
        ("a forbidden character", suite("hostname=\"\u{b}\"", case)),
        ("no suites", "<testsuite name=\"s\" tests=\"0\" failures=\"0\" errors=\"0\"/>".to_owned()),
        ("no XML", "error: no such pod".to_owned()),
    ] {
        assert!(!violations(&wrong).is_empty(), "{what} is let through: {wrong}");
    }
}

#[test]
fn every_recorded_namespace_is_valid() {
    let root = fixture("cluster");
    let all = pulldoctor(&["check", "--from", &root, "-o", "junit"]);
    let all = assert_valid(&all.stdout);
    assert!(all.tests > all.failures && all.failures > 30, "{all:?}");
    let mut sum = 0;
    for entry in std::fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        if path.join("pods.json").is_file() {
            let run = pulldoctor(&["check", "--from", &path.display().to_string(), "-o", "junit"]);
            sum += assert_valid(&run.stdout).tests;
        }
    }
    assert_eq!(sum, all.tests, "one run over all is the sum of the runs over each");
}

#[test]
fn every_way_to_end_is_valid() {
    let empty = check(&serve(&[]), &["-n", "kube-system", "-o", "junit"]);
    assert_eq!(assert_valid(&empty.stdout), counts(0, 0, 0, 0));

    let objects =
        [deployment(3, 1, 1), replica_set("1", 1), pod("a", "1", up()), pod("b", "1", creating())];
    let server = serve(&objects);
    let started = check(&server, &["-n", "shop", "-o", "junit"]);
    assert_eq!(assert_valid(&started.stdout), counts(1, 0, 0, 1), "{}", started.stdout);
    let undecided = wait(&server, &["--wait", "1s", "-o", "junit"]).end();
    assert_eq!(undecided.code, 4, "{undecided:?}");
    assert_eq!(assert_valid(&undecided.stdout), counts(2, 0, 0, 2), "{}", undecided.stdout);

    server.put(pod("b", "1", throttled()));
    server.put(pod("c", "1", no_tag()));
    let failed = wait(&server, &["--wait", "60s", "--grace", "0s", "-o", "junit"]).end();
    assert_eq!(failed.code, 1, "{failed:?}");
    assert_eq!(assert_valid(&failed.stdout), counts(1, 1, 0, 0), "{}", failed.stdout);

    server.put(deployment(1, 1, 1));
    server.delete("pods", "shop", "b");
    server.delete("pods", "shop", "c");
    let pulled = wait(&server, &["--wait", "60s", "-o", "junit"]).end();
    assert_eq!(assert_valid(&pulled.stdout), counts(1, 0, 0, 0), "{}", pulled.stdout);
}

#[cfg(unix)]
#[test]
fn an_interrupted_check_is_valid() {
    let server = ApiServer::builder()
        .object(pod("a", "1", no_tag()))
        .fault(On::list("events"), Fault::Silence)
        .fault(On::get("nodes"), Fault::Silence)
        .start();
    let waiting = Waiting::start(&server, &["-n", "shop", "-o", "junit"]);
    server.hears(|asked| asked.resource == "events");
    waiting.signal("INT");
    let run = waiting.end();
    assert_eq!(assert_valid(&run.stdout), counts(2, 1, 1, 0), "{}", run.stdout);
}

#[test]
fn hostile_words_are_valid() {
    let words = "]]>\u{0}\u{1b}[31m<failure/>&amp;&bogus;\r\n\t\"'--><!-- \u{fffe}\u{ffff}\u{85}";
    let mut hostile = pod("a", "1", no_tag());
    let message = format!("Back-off pulling image \"x\": ErrImagePull: {words}");
    hostile["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = json!(message);
    hostile["spec"]["containers"][0]["image"] = json!(format!("reg.io/{words}:v1"));
    let run = check(&serve(&[hostile]), &["-n", "shop", "-o", "junit"]);
    assert_eq!(assert_valid(&run.stdout), counts(1, 1, 0, 0), "{}", run.stdout);
}

fn facts(pods: Vec<(String, String, String, String)>) -> Facts {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let mut facts = Facts::new(now, Origin::Files(Vec::new()));
    facts.pods = pods
        .into_iter()
        .map(|(name, container, image, message)| Pod {
            name: ObjectName::new("shop", name.as_str()),
            uid: name.clone(),
            version: 0,
            mirror_of: None,
            created: None,
            deleting: None,
            owner: Some(OwnerReference {
                api_version: "example.com/v1".to_owned(),
                kind: "Shop".to_owned(),
                name,
            }),
            node: Some("n1".to_owned()),
            service_account: None,
            pull_secrets: Some(Vec::new()),
            phase: "Pending".to_owned(),
            reason: None,
            message: None,
            unschedulable: None,
            places: vec![Place {
                kind: PlaceKind::App,
                name: container,
                image,
                pull_policy: None,
                state: State::Waiting { reason: "ErrImagePull".to_owned(), message },
                mounts: Vec::new(),
            }],
            labels: BTreeMap::new(),
            managed_by: Vec::new(),
        })
        .collect();
    facts
}

proptest! {
    #[test]
    fn whatever_a_cluster_says_is_valid(
        pods in prop::collection::vec(any::<(String, String, String, String)>(), 0..5),
        pending in prop::collection::vec(any::<(String, String)>(), 0..3),
        is_interrupted: bool,
    ) {
        let facts = facts(pods);
        let findings = diagnose::diagnose(&facts);
        let mut survey = Survey::with_roster();
        for pod in &facts.pods {
            survey.see(pod.clone());
        }
        let mut report = Report::of_survey(facts.now, facts.origin.clone(), findings, survey);
        let pending = pending.into_iter().enumerate().map(|(number, (what, why))| Pending {
            what: PendingWhat::Workload(format!("{number}{what}")),
            why,
        });
        report.waited = Some(Waited {
            outcome: WaitOutcome::Undecided,
            seconds: 12,
            pending: pending.collect(),
        });
        report.is_interrupted = is_interrupted;
        let mut text = Vec::new();
        junit::write(&report, &mut text).unwrap();
        assert_valid(&String::from_utf8(text).unwrap());
    }
}
