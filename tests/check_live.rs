//! `pulldoctor check` against an API server in this process: what it asks, and how it waits.

#[path = "support/protobuf.rs"]
pub mod protobuf;
pub mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::apiserver::{ApiServer, Deny, Fault, On};
use support::shop::{
    WEB, Waiting, backing_off, check, creating, deployment, failed_event, invalid, no_tag, pod,
    replica_set, serve, throttled, up, wait,
};

#[test]
fn one_look_asks_for_the_pods_and_only_for_events_of_those_that_may_fail() {
    let server = serve(&[pod("a", "1", up()), pod("b", "1", up())]);
    let run = check(&server, &["-n", "shop"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout, "no image-pull failure: the images of 2 pods are pulled\n");
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "{requests:#?}");
    assert_eq!(requests[0].query["limit"], "500");
}

#[test]
fn many_pods_that_fail_alike_cost_the_questions_of_one() {
    let mut objects: Vec<_> = (0..60).map(|n| pod(&format!("a{n}"), "1", no_tag())).collect();
    objects.extend([deployment(60, 1, 1), replica_set("1", 1)]);
    let server = serve(&objects);
    let run = check(&server, &["-A", "-o", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = run.json();
    assert_eq!(report["summary"]["podsFailing"], 60);
    assert_eq!(report["incidents"][0]["pods"], 60);
    assert_eq!(
        report["incidents"][0]["workloads"],
        json!([{ "kind": "Deployment", "name": "web" }])
    );
    assert!(server.requests().len() <= 8, "{:#?}", server.requests());
}

#[test]
fn a_named_workload_is_its_own_pods_and_no_others() {
    let mut stranger = pod("stranger", "7", no_tag());
    stranger["metadata"]["ownerReferences"] = json!([]);
    let server = serve(&[deployment(1, 1, 1), replica_set("1", 1), pod("a", "1", up()), stranger]);
    let run = check(&server, &WEB);
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    let missing = check(&server, &["deployment/webs", "-n", "shop"]);
    assert_eq!(missing.code, 3);
    assert!(missing.stderr.contains("of a similar name: web"), "{}", missing.stderr);
    assert_eq!(check(&server, &["pod/nope", "-n", "shop"]).code, 3);
}

#[test]
fn a_kind_that_nobody_knows_is_found_by_the_owners_of_its_pods() {
    let mut owned = deployment(1, 1, 1);
    owned["metadata"]["ownerReferences"] = json!([{ "apiVersion": "acme.io/v1", "kind": "Shop",
        "name": "main", "uid": "x", "controller": true }]);
    let server = serve(&[owned, replica_set("1", 1), pod("a", "1", no_tag())]);
    let run = check(&server, &["shop/main", "-n", "shop", "-o", "json"]);
    assert_eq!(run.json()["summary"]["podsFailing"], 1, "{}", run.stderr);
    let missing = check(&server, &["shops.other.io/main", "-n", "shop"]);
    assert_eq!(missing.code, 3, "{}", missing.stderr);
}

#[test]
fn events_that_may_not_be_read_are_said_and_status_decides() {
    let server =
        ApiServer::builder().object(pod("a", "1", no_tag())).deny(Deny::to("*", "events")).start();
    let run = check(&server, &["-n", "shop", "-o", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = run.json();
    assert_eq!(report["diagnoses"][0]["cause"], "manifest-not-found");
    assert!(report["limitations"].to_string().contains("list events"), "{report:#}");
}

#[test]
fn a_server_that_is_busy_is_asked_again_when_it_says() {
    let server = ApiServer::builder()
        .object(pod("a", "1", up()))
        .fault(On::list("pods").times(1), Fault::Status(429, Some(1)))
        .start();
    let started = Instant::now();
    let run = check(&server, &["-n", "shop"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(started.elapsed() >= Duration::from_millis(950));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn waiting_ends_when_the_newest_revision_has_its_images() {
    let server = serve(&[deployment(2, 2, 1), replica_set("1", 1), pod("old", "1", backing_off())]);
    let waiting = wait(&server, &["--wait", "30s"]);
    waiting.hears("its controller has not seen the change yet");
    server.put(replica_set("2", 2));
    server.put(deployment(2, 2, 2));
    waiting.hears("2 pods expected");
    server.put(pod("new-a", "2", creating()));
    waiting.hears("shop/new-a: pending");
    server.put(pod("new-a", "2", up()));
    waiting.hears("shop/new-a: pulled");
    server.put(pod("new-b", "2", up()));
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "the images of all 2 pods are pulled\n");
}

#[test]
fn what_no_waiting_heals_fails_at_once() {
    let server = serve(&[deployment(1, 1, 1), replica_set("1", 1), pod("a", "1", creating())]);
    let waiting = wait(&server, &["--wait", "60s"]);
    waiting.hears("pending");
    let started = Instant::now();
    server.put(pod("a", "1", invalid()));
    let run = waiting.end();
    assert_eq!(run.code, 1, "{run:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(run.stdout.contains("invalid-reference"), "{}", run.stdout);
}

#[test]
fn a_missing_tag_fails_once_it_was_seen_twice() {
    let server = serve(&[deployment(1, 1, 1), replica_set("1", 1), pod("a", "1", no_tag())]);
    let waiting = wait(&server, &["--wait", "60s", "-o", "json"]);
    waiting.hears("failing, manifest-not-found");
    server.put(failed_event("a", 1));
    server.put(pod("a", "1", backing_off()));
    server.put(failed_event("a", 2));
    let run = waiting.end();
    assert_eq!(run.code, 1, "{run:?}");
    let report = run.json();
    assert_eq!(report["wait"]["outcome"], "failed");
    assert_eq!(report["diagnoses"][0]["cause"], "manifest-not-found");
    assert_eq!(report["diagnoses"][0]["owner"]["name"], "web");
}

#[test]
fn what_may_heal_is_waited_for_and_forgiven() {
    let server = serve(&[deployment(1, 1, 1), replica_set("1", 1), pod("a", "1", throttled())]);
    let waiting = wait(&server, &["--wait", "30s", "--grace", "20s"]);
    waiting.hears("failing, rate-limited");
    server.put(pod("a", "1", up()));
    assert_eq!(waiting.end().code, 0);
}

#[test]
fn a_transient_failure_counts_when_its_grace_is_over() {
    let server = serve(&[deployment(1, 1, 1), replica_set("1", 1), pod("a", "1", throttled())]);
    let started = Instant::now();
    let run = wait(&server, &["--wait", "60s", "--grace", "1s"]).end();
    assert_eq!(run.code, 1, "{run:?}");
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert!(run.stdout.contains("rate-limited"), "{}", run.stdout);
}

#[test]
fn time_that_runs_out_is_four_or_one() {
    let server = serve(&[deployment(2, 1, 1), replica_set("1", 1), pod("a", "1", creating())]);
    let run = wait(&server, &["--wait", "1s", "-o", "json"]).end();
    assert_eq!(run.code, 4, "{run:?}");
    let report = run.json();
    assert_eq!(report["wait"]["outcome"], "undecided");
    let pending = report["wait"]["pending"].to_string();
    assert!(pending.contains("deployment/web") && pending.contains("shop/a"), "{pending}");

    let server = serve(&[deployment(1, 1, 1), replica_set("1", 1), pod("a", "1", throttled())]);
    let run = wait(&server, &["--wait", "1s"]).end();
    assert_eq!(run.code, 1, "{run:?}");
}

#[test]
fn a_workload_that_does_not_exist_yet_is_waited_for() {
    let server = serve(&[]);
    let waiting = wait(&server, &["--wait", "30s"]);
    waiting.hears("deployment/web: it does not exist");
    server.put(replica_set("1", 1));
    server.put(deployment(1, 1, 1));
    waiting.hears("1 pod expected");
    server.put(pod("a", "1", up()));
    assert_eq!(waiting.end().code, 0);
}

#[test]
fn scaled_to_zero_and_finished_jobs_are_settled() {
    let server = serve(&[deployment(0, 1, 1), replica_set("1", 1)]);
    assert_eq!(wait(&server, &["--wait", "30s"]).end().code, 0);
    let server = serve(&[json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "name": "migrate", "namespace": "shop", "uid": "j" },
        "spec": { "selector": { "matchLabels": { "job": "migrate" } } },
        "status": { "conditions": [{ "type": "Complete", "status": "True" }] },
    })]);
    let run = check(&server, &["job/migrate", "-n", "shop", "--wait", "30s"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_whole_namespace_can_be_waited_for() {
    let server = serve(&[pod("a", "1", creating()), pod("b", "1", up())]);
    let waiting = Waiting::start(&server, &["-n", "shop", "--wait", "30s", "-o", "junit"]);
    waiting.hears("shop/a: pending");
    server.put(pod("a", "1", up()));
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("tests=\"1\" failures=\"0\""), "{}", run.stdout);

    let empty = check(&serve(&[]), &["-n", "shop", "--wait", "1s"]);
    assert_eq!(empty.code, 4, "{}", empty.stdout);
    assert!(empty.stdout.starts_with("undecided: no pod in scope was seen\n"), "{}", empty.stdout);
    assert!(empty.stdout.contains("namespace shop: no pod is there"), "{}", empty.stdout);
}

#[test]
fn pods_of_a_stateful_sets_old_revision_do_not_count() {
    let owner = json!([{ "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "s",
        "controller": true }]);
    let of_set = |name: &str, hash: &str, state: Value| {
        let mut pod = pod(name, "", state);
        pod["metadata"]["ownerReferences"] = owner.clone();
        pod["metadata"]["labels"] = json!({ "app": "db", "controller-revision-hash": hash });
        pod
    };
    let server = serve(&[
        json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": { "name": "db", "namespace": "shop", "uid": "s", "generation": 2 },
            "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "db" } },
                "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 1 } } },
            "status": { "observedGeneration": 2, "updateRevision": "db-2" },
        }),
        of_set("db-0", "db-1", no_tag()),
        of_set("db-1", "db-2", up()),
    ]);
    let run = check(&server, &["sts/db", "-n", "shop", "--wait", "30s"]);
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
}

#[test]
fn a_broken_watch_is_taken_up_where_it_was() {
    let server = ApiServer::builder()
        .object(deployment(1, 1, 1))
        .object(replica_set("1", 1))
        .object(pod("a", "1", creating()))
        .fault(On::watch("pods").times(2), Fault::CutAfter(0))
        .bookmarks()
        .start();
    let waiting = wait(&server, &["--wait", "30s"]);
    waiting.hears("pending");
    server.put(pod("a", "1", up()));
    assert_eq!(waiting.end().code, 0);
    let lists =
        server.requests().into_iter().filter(|it| it.resource == "pods" && it.verb == "list");
    assert_eq!(lists.count(), 1, "a watch is resumed, not begun anew");
    for request in server.requests().iter().filter(|it| it.verb == "watch") {
        assert!(!request.query.contains_key("sendInitialEvents"), "{request:?}");
        assert_eq!(request.query["allowWatchBookmarks"], "true");
    }
}

#[test]
fn what_is_no_longer_kept_is_listed_anew() {
    let server = serve(&[deployment(1, 1, 1), replica_set("1", 1), pod("a", "1", creating())]);
    let gone = json!({ "type": "ERROR", "object": { "kind": "Status", "apiVersion": "v1",
        "status": "Failure", "reason": "Expired", "code": 410, "message": "too old" } });
    drop(server);
    let server = ApiServer::builder()
        .object(deployment(1, 1, 1))
        .object(replica_set("1", 1))
        .object(pod("a", "1", creating()))
        .fault(On::watch("pods").times(1), Fault::Raw(200, "application/json", format!("{gone}\n")))
        .start();
    let waiting = wait(&server, &["--wait", "30s"]);
    waiting.hears("pending");
    server.put(pod("a", "1", up()));
    assert_eq!(waiting.end().code, 0);
    let lists =
        server.requests().into_iter().filter(|it| it.resource == "pods" && it.verb == "list");
    assert_eq!(lists.count(), 2);
}

#[test]
fn a_server_that_is_away_for_a_while_is_waited_for() {
    let server = ApiServer::builder()
        .object(deployment(1, 1, 1))
        .object(replica_set("1", 1))
        .object(pod("a", "1", creating()))
        .fault(On::watch("pods").times(3), Fault::Close)
        .start();
    let waiting = wait(&server, &["--wait", "30s"]);
    waiting.hears("cannot see pods");
    waiting.hears("can see pods again");
    server.put(pod("a", "1", up()));
    assert_eq!(waiting.end().code, 0);
}

#[test]
fn who_may_not_watch_is_told_so() {
    let server = ApiServer::builder()
        .object(pod("a", "1", creating()))
        .deny(Deny::to("watch", "pods"))
        .start();
    let run = check(&server, &["-n", "shop", "--wait", "30s"]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    assert!(run.stderr.contains("no permission to watch pods"), "{}", run.stderr);
}

#[test]
fn binary_that_cannot_be_decoded_is_asked_for_as_json() {
    let broken = "k8s\0this is not protobuf".to_owned();
    let server = ApiServer::builder()
        .fixtures("default")
        .fault(
            On::list("pods").times(1),
            Fault::Raw(200, "application/vnd.kubernetes.protobuf", broken),
        )
        .start();
    let run = check(&server, &["-o", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(run.json()["summary"]["podsFailing"], 1, "{}", run.stdout);
}

#[test]
fn a_wait_lists_in_the_binary_form_too() {
    let object = json!({
        "metadata": { "name": "a", "namespace": "shop", "uid": "u", "resourceVersion": "9" },
        "spec": { "nodeName": "n1", "containers": [{ "name": "app", "image": "i" }] },
        "status": { "phase": "Running",
            "containerStatuses": [{ "name": "app", "state": { "running": {} } }] },
    });
    let object = protobuf::encode(protobuf::POD, &object);
    let page = protobuf::list("PodList", ("9", ""), std::iter::once(object.as_slice()));
    // The server itself has no pods: what is known of one is from the binary page.
    let page = String::from_utf8(page).expect("a page so short has no byte above 127");
    let server = ApiServer::builder()
        .fault(On::list("pods"), Fault::Raw(200, "application/vnd.kubernetes.protobuf", page))
        .start();
    let run = Waiting::start(&server, &["-n", "shop", "--wait", "60s"]).end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "the images of 1 pod are pulled\n");
}

#[test]
fn a_wait_understands_servers_that_speak_json_and_broken_binary() {
    let broken = "k8s\0this is not protobuf".to_owned();
    let server = ApiServer::builder()
        .object(pod("a", "1", creating()))
        .fault(
            On::list("pods").times(1),
            Fault::Raw(200, "application/vnd.kubernetes.protobuf", broken),
        )
        .start();
    let waiting = Waiting::start(&server, &["-n", "shop", "--wait", "60s"]);
    waiting.hears("shop/a: pending");
    server.put(pod("a", "1", up()));
    assert_eq!(waiting.end().code, 0);
    let accepted = |verb: &str| {
        let asked = server.requests().into_iter().filter(|it| it.resource == "pods");
        let of_verb = asked.filter(|it| it.verb == verb);
        of_verb.map(|it| it.header("accept").unwrap().to_owned()).collect::<Vec<_>>()
    };
    let lists = accepted("list");
    assert!(lists[0].starts_with("application/vnd.kubernetes.protobuf"), "{lists:?}");
    assert_eq!(lists[1], "application/json");
    assert!(accepted("watch").iter().all(|it| it == "application/json"));
}

#[test]
fn a_list_whose_token_expires_is_begun_anew() {
    let mut builder = ApiServer::builder().expire_continues(1);
    for number in 0..501 {
        builder = builder.object(pod(&format!("a{number}"), "1", up()));
    }
    let server = builder.start();
    let run = Waiting::start(&server, &["-n", "shop", "--wait", "60s"]).end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "the images of all 501 pods are pulled\n");
}

#[test]
fn a_misspelt_namespace_is_no_healthy_one() {
    let server = ApiServer::builder().object(pod("web-1", "1", up())).start();
    let run = check(&server, &["-n", "shops"]);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert_eq!(
        run.stderr,
        "error: there is no namespace \"shops\"\nhint: of a similar name: shop\n"
    );
    let run = check(&server, &["-n", "kube-system"]);
    assert_eq!(run.code, 0, "it is there, and empty: {}", run.stderr);
    // Who may not read namespaces is told what can be seen.
    let server = ApiServer::builder().deny(Deny::to("get", "namespaces")).start();
    let run = check(&server, &["-n", "shops"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("no pods in scope"), "{}", run.stdout);
}
