//! `pulldoctor check --wait` while the API server ends and comes back: whatever it was doing, and
//! whatever has changed meanwhile.

pub mod support;

use serde_json::json;
use support::apiserver::{ApiServer, Fault, On, Recorded};
use support::shop::{
    creating, deployment, failed_event, no_tag, pod, replica_set, throttled, up, wait,
};

/// One pod of Deployment web is pending.
fn pending() -> support::apiserver::Builder {
    [deployment(1, 1, 1), replica_set("1", 1), pod("a", "1", creating())]
        .into_iter()
        .fold(ApiServer::builder(), support::apiserver::Builder::object)
}

fn is_watch_of(resource: &'static str) -> impl Fn(&Recorded) -> bool {
    move |asked| asked.verb == "watch" && asked.resource == resource
}

fn count(server: &ApiServer, verb: &str, resource: &str) -> usize {
    server.requests().iter().filter(|it| it.verb == verb && it.resource == resource).count()
}

#[test]
fn a_watch_goes_on_where_the_server_left_it() {
    let server = pending().start();
    let waiting = wait(&server, &["--wait", "60s"]);
    waiting.hears("shop/a: pending");
    server.hears(is_watch_of("pods"));
    server.stop();
    server.put(pod("a", "1", up()));
    waiting.hears("cannot see pods");
    server.restart();
    waiting.hears("can see pods again");
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(count(&server, "list", "pods"), 1, "its history was kept");
}

#[test]
fn a_server_that_has_lost_its_history_is_listed_anew() {
    let server = pending().start();
    let waiting = wait(&server, &["--wait", "60s"]);
    waiting.hears("shop/a: pending");
    server.hears(is_watch_of("pods"));
    server.hears(is_watch_of("deployments"));
    server.stop();
    // The pod was replaced without anybody having been told.
    server.delete("pods", "shop", "a");
    server.put(pod("b", "1", up()));
    server.compact();
    server.restart();
    waiting.hears("shop/a: gone");
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "the images of 1 pod are pulled\n");
    assert_eq!(count(&server, "list", "pods"), 2);
}

#[test]
fn a_rollout_that_began_meanwhile_is_the_one_that_counts() {
    let of_revision = |revision: u32| {
        let mut deployment = deployment(revision as usize, revision, revision);
        deployment["metadata"]["annotations"] =
            json!({ "deployment.kubernetes.io/revision": revision.to_string() });
        deployment
    };
    let server = pending().object(of_revision(1)).start();
    let waiting = wait(&server, &["--wait", "60s"]);
    waiting.hears("shop/a: pending");
    server.hears(is_watch_of("deployments"));
    server.stop();
    server.put(replica_set("2", 2));
    server.put(of_revision(2));
    server.put(pod("b", "2", up()));
    server.compact();
    server.restart();
    waiting.hears("2 pods expected");
    server.put(pod("c", "2", up()));
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "the images of all 2 pods are pulled\n");
}

#[test]
fn a_list_that_breaks_off_is_begun_anew() {
    let server = pending().fault(On::list("pods").times(1), Fault::StallAfter(40)).start();
    let waiting = wait(&server, &["--wait", "60s"]);
    server.hears(|asked| asked.verb == "list" && asked.resource == "pods");
    server.restart();
    waiting.hears("shop/a: pending");
    server.put(pod("a", "1", up()));
    assert_eq!(waiting.end().code, 0);
}

#[test]
fn a_restart_between_list_and_watch_loses_nothing() {
    // The watch has no answer when the server ends.
    let server = pending().fault(On::watch("pods").times(1), Fault::Silence).start();
    let waiting = wait(&server, &["--wait", "60s"]);
    waiting.hears("shop/a: pending");
    server.hears(is_watch_of("pods"));
    server.stop();
    server.put(pod("a", "1", up()));
    server.restart();
    assert_eq!(waiting.end().code, 0);
}

#[test]
fn what_failed_before_is_remembered_after() {
    let server = pending().start();
    let waiting = wait(&server, &["--wait", "60s"]);
    server.put(pod("a", "1", no_tag()));
    server.hears(is_watch_of("events"));
    waiting.hears("failing, manifest-not-found");
    server.stop();
    // The second attempt failed while nobody could look; only its event tells of it.
    server.put(failed_event("a", 2));
    server.compact();
    server.restart();
    let run = waiting.end();
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("manifest-not-found"), "{}", run.stdout);
}

#[test]
fn what_healed_meanwhile_does_not_count() {
    let server = pending().start();
    let waiting = wait(&server, &["--wait", "60s", "--grace", "30s"]);
    server.put(pod("a", "1", throttled()));
    waiting.hears("failing, rate-limited");
    server.stop();
    server.put(pod("a", "1", up()));
    server.restart();
    assert_eq!(waiting.end().code, 0);
}

#[test]
fn a_workload_that_comes_while_the_server_is_away_is_found() {
    let server = ApiServer::builder().start();
    let waiting = wait(&server, &["--wait", "60s"]);
    waiting.hears("deployment/web: it does not exist");
    server.hears(is_watch_of("deployments"));
    for _ in 0..2 {
        server.restart();
    }
    server.put(replica_set("1", 1));
    server.put(deployment(1, 1, 1));
    server.put(pod("a", "1", up()));
    waiting.hears("1 pod expected");
    assert_eq!(waiting.end().code, 0);
}

#[test]
fn a_server_that_does_not_come_back_is_undecided_and_says_so() {
    let server = pending().start();
    let waiting = wait(&server, &["--wait", "3s", "-o", "json"]);
    waiting.hears("shop/a: pending");
    server.stop();
    let run = waiting.end();
    assert_eq!(run.code, 4, "{run:?}");
    let report = run.json();
    assert_eq!(report["wait"]["outcome"], "undecided");
    let unseen = report["limitations"][0]["missing"].as_str().unwrap();
    assert!(unseen.starts_with("the pods of namespace shop, for the last "), "{report:#}");
}

#[test]
fn a_server_that_is_not_there_at_first_cannot_be_looked_at() {
    let server = pending().start();
    server.stop();
    let run = wait(&server, &["--wait", "30s"]).end();
    assert_eq!(run.code, 3, "{run:?}");
}
