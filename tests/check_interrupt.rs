//! Ctrl-C and SIGTERM in the middle of a check: what is known by then is told, as incomplete, and in
//! every format; the second one ends it at once.

#![cfg(unix)]

pub mod support;

use serde_json::{Value, json};
use support::Run;
use support::apiserver::{ApiServer, Fault, On, User};
use support::junit::assert_valid;
use support::shop::{
    Waiting, creating, deployment, failed_event, no_tag, pod, replica_set, serve, throttled, up,
    wait,
};

/// A server that stops answering in the second page of pods; the first holds one that fails.
fn halfway() -> ApiServer {
    let well = (0..600).map(|number| pod(&format!("b{number:03}"), "1", up()));
    let builder = ApiServer::builder().object(pod("a", "1", no_tag()));
    well.fold(builder, support::apiserver::Builder::object)
        .fault(On::list("pods").further(), Fault::Silence)
        .start()
}

fn interrupted_halfway(args: &[&str]) -> Run {
    let server = halfway();
    let waiting = Waiting::start(&server, &[&["-n", "shop"], args].concat());
    server.hears(|asked| asked.query.contains_key("continue"));
    waiting.signal("INT");
    let run = waiting.end();
    assert_eq!(run.code, 130, "{run:?}");
    assert_eq!(run.stderr, "note: interrupted");
    run
}

#[test]
fn one_look_tells_what_it_has_seen_and_that_it_is_not_all() {
    let run = interrupted_halfway(&[]);
    let verdict = "interrupted: 1 of 500 pods seen so far cannot pull an image, in 1 incident\n";
    assert!(run.stdout.starts_with(verdict), "{}", run.stdout);
    assert!(run.stdout.contains("manifest-not-found"), "{}", run.stdout);
    let unseen = "events of namespace shop: not looked at: interrupted";
    assert!(run.stdout.replace("\n    ", " ").contains(unseen), "{}", run.stdout);

    let report = interrupted_halfway(&["-o", "json"]).json();
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["summary"]["podsExamined"], 500);
    assert_eq!(report["incidents"][0]["cause"], "manifest-not-found");
    let yaml: Value = serde_saphyr::from_str(&interrupted_halfway(&["-o", "yaml"]).stdout).unwrap();
    assert_eq!(yaml["interrupted"], true);
}

#[test]
fn formats_for_ci_do_not_pass_it_off_as_the_whole() {
    let junit = interrupted_halfway(&["-o", "junit"]).stdout;
    assert!(junit.contains("tests=\"2\" failures=\"1\" errors=\"1\""), "{junit}");
    assert!(junit.contains("<error type=\"interrupted\""), "{junit}");
    let github = interrupted_halfway(&["-o", "github"]).stdout;
    assert!(github.contains("::warning title=interrupted::"), "{github}");
    let markdown = interrupted_halfway(&["-o", "markdown"]).stdout;
    assert!(markdown.starts_with("## pulldoctor: interrupted: 1 of 500 pods"), "{markdown}");
}

#[test]
fn a_complete_look_says_nothing_of_interruptions() {
    let server = serve(&[pod("a", "1", no_tag())]);
    for format in ["text", "json", "yaml", "junit", "github", "markdown"] {
        let run = Waiting::start(&server, &["-n", "shop", "-o", format]).end();
        assert_eq!(run.code, 1, "{run:?}");
        assert!(!run.stdout.contains("interrupted"), "{}", run.stdout);
    }
}

#[test]
fn what_was_not_asked_any_more_is_named() {
    let server = ApiServer::builder()
        .object(pod("a", "1", no_tag()))
        .object(failed_event("a", 3))
        .fault(On::get("nodes"), Fault::Silence)
        .start();
    let waiting = Waiting::start(&server, &["-n", "shop", "-o", "json"]);
    server.hears(|asked| asked.resource == "nodes");
    waiting.signal("INT");
    let run = waiting.end();
    assert_eq!(run.code, 130, "{run:?}");
    let report = run.json();
    assert_eq!(report["diagnoses"][0]["evidence"][1]["count"], 3, "events were read: {report:#}");
    assert!(
        report["limitations"].to_string().contains("node n1: not looked at: interrupted"),
        "{report:#}"
    );
}

#[test]
fn nothing_seen_is_said_to_be_nothing_seen() {
    let server = ApiServer::builder().fault(On::list("pods"), Fault::Silence).start();
    let waiting = Waiting::start(&server, &["-A"]);
    server.hears(|asked| asked.resource == "pods");
    waiting.signal("TERM");
    let run = waiting.end();
    assert_eq!(run.code, 130, "{run:?}");
    assert_eq!(run.stdout, "interrupted before any pod was seen\n");
}

#[test]
fn waiting_tells_what_is_known_for_both_signals() {
    for signal in ["INT", "TERM"] {
        let server = serve(&[
            deployment(2, 1, 1),
            replica_set("1", 1),
            pod("a", "1", throttled()),
            pod("b", "1", creating()),
        ]);
        let waiting = wait(&server, &["--wait", "60s", "-o", "json"]);
        waiting.hears("failing, rate-limited");
        waiting.hears("shop/b: pending");
        waiting.signal(signal);
        let run = waiting.end();
        assert_eq!(run.code, 130, "{run:?}");
        let report = run.json();
        assert_eq!(report["interrupted"], true);
        assert_eq!(report["wait"]["outcome"], "interrupted");
        assert_eq!(report["wait"]["pending"][0]["what"], "shop/b");
        assert_eq!(report["incidents"][0]["cause"], "rate-limited");
    }
}

#[test]
fn the_second_one_ends_it_at_once() {
    let server = ApiServer::builder().fault(On::list("pods").further(), Fault::Silence);
    // More than a pipe holds, and nobody reads: the report cannot be written to its end.
    let failing = (0..500).map(|number| pod(&format!("a{number:03}"), "1", no_tag()));
    let server = failing
        .chain([pod("b", "1", up())])
        .fold(server, support::apiserver::Builder::object)
        .start();
    let waiting = Waiting::start(&server, &["-n", "shop", "-o", "json"]);
    server.hears(|asked| asked.query.contains_key("continue"));
    waiting.signal("INT");
    waiting.hears("interrupted");
    waiting.signal("INT");
    let run = waiting.end();
    assert_eq!(run.code, 130, "{run:?}");
    assert!(serde_json::from_str::<Value>(&run.stdout).is_err(), "it was not read, and not cut");
}

#[test]
fn a_login_that_hangs_can_be_interrupted() {
    let server = serve(&[]);
    let sign = server.directory().join("started");
    let script = format!(": > '{}'; exec sleep 600", sign.display());
    let plugin = json!({ "exec": { "apiVersion": "client.authentication.k8s.io/v1",
        "command": "/bin/sh", "args": ["-c", script], "interactiveMode": "Never" } });
    server.kubeconfig_for(&User::Raw(plugin));
    for args in [&["-A", "-o", "junit"][..], &["-A", "-o", "junit", "--wait", "60s"]] {
        let waiting = Waiting::start_with(&server.directory().join("kubeconfig"), args);
        while !sign.exists() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        std::fs::remove_file(&sign).unwrap();
        waiting.signal("INT");
        let run = waiting.end();
        assert_eq!(run.code, 130, "{run:?}");
        assert_eq!(assert_valid(&run.stdout).errors, 1, "{run:?}");
    }
}
