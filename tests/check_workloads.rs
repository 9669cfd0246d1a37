//! `pulldoctor check` of each kind of workload on a live server: which of its pods count, how many
//! there should be, and what holds them back.

pub mod support;

use serde_json::{Value, json};
use support::Run;
use support::apiserver::{ApiServer, Deny};
use support::shop::{
    WEB, Waiting, check, command, creating, deployment, invalid, no_tag, pod, replica_set, serve,
    throttled, up, wait, waiting,
};

fn crashing() -> Value {
    waiting("CrashLoopBackOff", "back-off 10s restarting failed container")
}

/// A pod of a workload that marks revisions with a label.
fn pod_of(kind: &str, name: &str, hash: &str, state: Value) -> Value {
    let mut pod = pod(name, "", state);
    pod["metadata"]["labels"] = json!({ "app": "db", "controller-revision-hash": hash });
    pod["metadata"]["ownerReferences"] = owner("apps/v1", kind, "db");
    pod
}

fn owner(api_version: &str, kind: &str, name: &str) -> Value {
    json!([{ "apiVersion": api_version, "kind": kind, "name": name, "uid": format!("uid-{name}"),
        "controller": true }])
}

fn daemon_set(strategy: &str, desired: u32, generation: u32, observed: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": { "name": "db", "namespace": "shop", "uid": "uid-db", "generation": generation },
        "spec": { "selector": { "matchLabels": { "app": "db" } },
            "updateStrategy": { "type": strategy } },
        "status": { "desiredNumberScheduled": desired, "observedGeneration": observed },
    })
}

fn controller_revision(number: u32, hash: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": number,
        "metadata": { "name": format!("db-{hash}"), "namespace": "shop",
            "labels": { "app": "db", "controller-revision-hash": hash },
            "ownerReferences": owner("apps/v1", "DaemonSet", "db") },
    })
}

fn stateful_set(replicas: u32, strategy: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": { "name": "db", "namespace": "shop", "uid": "uid-db", "generation": 2 },
        "spec": { "replicas": replicas, "selector": { "matchLabels": { "app": "db" } },
            "updateStrategy": strategy },
        "status": { "observedGeneration": 2, "updateRevision": "db-2" },
    })
}

fn start(server: &ApiServer, workload: &str, args: &[&str]) -> Waiting {
    Waiting::start(server, &[&[workload, "-n", "shop", "--wait", "60s"], args].concat())
}

fn look(server: &ApiServer, workload: &str) -> Run {
    check(server, &[workload, "-n", "shop", "-o", "json"])
}

#[test]
fn a_daemon_sets_newest_revision_is_its_newest_controller_revision() {
    let server = serve(&[
        daemon_set("RollingUpdate", 2, 2, 1),
        controller_revision(1, "old"),
        pod_of("DaemonSet", "db-a", "old", invalid()),
        pod_of("DaemonSet", "db-b", "old", up()),
    ]);
    let waiting = start(&server, "ds/db", &[]);
    waiting.hears("its controller has not seen the change yet");
    // A rollback gets a new number, and may have a hash that sorts before the other.
    server.put(controller_revision(3, "new"));
    server.put(controller_revision(2, "zzz"));
    server.put(daemon_set("RollingUpdate", 2, 2, 2));
    waiting.hears("2 pods expected");
    server.put(pod_of("DaemonSet", "db-c", "new", up()));
    waiting.hears("shop/db-c: pulled");
    server.put(pod_of("DaemonSet", "db-d", "new", creating()));
    waiting.hears("shop/db-d: pending");
    // One node more.
    server.put(daemon_set("RollingUpdate", 3, 2, 2));
    waiting.hears("3 pods expected");
    server.put(pod_of("DaemonSet", "db-d", "new", up()));
    server.put(pod_of("DaemonSet", "db-e", "new", up()));
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "the images of all 3 pods are pulled\n");

    // One look is at all that is there.
    let run = look(&server, "ds/db");
    assert_eq!((run.code, &run.json()["summary"]["podsExamined"]), (1, &json!(5)), "{run:?}");
}

#[test]
fn a_daemon_set_that_updates_on_deletion_counts_all_its_pods() {
    let server = serve(&[
        daemon_set("OnDelete", 2, 2, 2),
        controller_revision(1, "old"),
        controller_revision(2, "new"),
        pod_of("DaemonSet", "db-a", "old", up()),
        pod_of("DaemonSet", "db-b", "new", up()),
    ]);
    let run = start(&server, "daemonset/db", &[]).end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "the images of all 2 pods are pulled\n");
}

#[test]
fn who_may_not_see_revisions_gets_the_pods_of_all_of_them() {
    let objects = [
        daemon_set("RollingUpdate", 1, 2, 2),
        controller_revision(2, "new"),
        pod_of("DaemonSet", "db-a", "old", invalid()),
        pod_of("DaemonSet", "db-b", "new", up()),
    ];
    let builder = objects.iter().fold(ApiServer::builder(), |it, object| it.object(object.clone()));
    let server = builder.deny(Deny::to("list", "controllerrevisions")).start();
    let run = start(&server, "ds/db", &[]).end();
    assert_eq!(run.code, 1, "none is missed: {run:?}");
}

#[test]
fn a_stateful_sets_pods_below_the_partition_keep_their_revision() {
    let partition =
        |number: u32| json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": number } });
    let server = serve(&[
        stateful_set(3, &partition(2)),
        pod_of("StatefulSet", "db-0", "db-1", invalid()),
        pod_of("StatefulSet", "db-1", "db-1", up()),
        pod_of("StatefulSet", "db-2", "db-2", creating()),
    ]);
    let waiting = start(&server, "sts/db", &[]);
    waiting.hears("1 pod expected");
    waiting.hears("shop/db-2: pending");
    server.put(pod_of("StatefulSet", "db-2", "db-2", up()));
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");

    for strategy in [partition(3), json!({ "type": "RollingUpdate" })] {
        let server = serve(&[
            stateful_set(u32::from(strategy["rollingUpdate"].is_null()) * 2, &strategy),
            pod_of("StatefulSet", "db-0", "db-2", up()),
            pod_of("StatefulSet", "db-1", "db-2", up()),
        ]);
        let run = start(&server, "sts/db", &[]).end();
        assert_eq!(run.code, 0, "{run:?}");
    }

    let on_delete = serve(&[
        stateful_set(2, &json!({ "type": "OnDelete" })),
        pod_of("StatefulSet", "db-0", "db-1", up()),
        pod_of("StatefulSet", "db-1", "db-1", invalid()),
    ]);
    assert_eq!(start(&on_delete, "sts/db", &[]).end().code, 1);
}

fn cron_job() -> Value {
    json!({ "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": { "name": "report", "namespace": "shop", "uid": "uid-report" },
        "spec": { "schedule": "* * * * *" } })
}

fn job(name: &str, created: &str, spec: &Value, status: &Value) -> Value {
    json!({ "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "name": name, "namespace": "shop", "uid": format!("uid-{name}"),
            "creationTimestamp": created,
            "ownerReferences": owner("batch/v1", "CronJob", "report") },
        "spec": spec, "status": status })
}

fn pod_of_job(name: &str, job: &str, state: Value) -> Value {
    let mut pod = pod(name, "", state);
    pod["metadata"]["ownerReferences"] = owner("batch/v1", "Job", job);
    pod["metadata"]["labels"] = json!({ "job-name": job });
    pod
}

#[test]
fn a_cron_jobs_newest_job_counts() {
    let failed = json!({ "conditions": [{ "type": "Failed", "status": "True" }] });
    let server = serve(&[
        cron_job(),
        job("report-1", "2026-01-01T00:00:00Z", &json!({}), &failed),
        pod_of_job("report-1-x", "report-1", invalid()),
    ]);
    let run = start(&server, "cronjob/report", &[]).end();
    assert_eq!(run.code, 1, "its newest job's pod is there, and fails: {run:?}");

    server.put(job("report-2", "2026-01-01T00:01:00Z", &json!({}), &json!({ "active": 1 })));
    let waiting = start(&server, "cj/report", &[]);
    waiting.hears("1 pod expected");
    server.put(pod_of_job("report-2-x", "report-2", creating()));
    waiting.hears("shop/report-2-x: pending");
    server.put(pod_of_job("report-2-x", "report-2", up()));
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "the images of 1 pod are pulled\n");

    let run = look(&server, "cronjob/report");
    assert_eq!((run.code, &run.json()["summary"]["podsExamined"]), (1, &json!(2)), "{run:?}");

    let run = start(&serve(&[cron_job()]), "cronjob/report", &[]).end();
    assert_eq!(run.code, 0, "between its times there is nothing to wait for: {run:?}");
}

#[test]
fn a_job_whose_pods_crash_has_its_images() {
    let spec = json!({ "backoffLimit": 3, "parallelism": 2, "completions": 5 });
    let server =
        serve(&[job("migrate", "2026-01-01T00:00:00Z", &spec, &json!({ "succeeded": 4 }))]);
    let waiting = start(&server, "job/migrate", &[]);
    waiting.hears("1 pod expected");
    let mut failed = pod_of_job("migrate-a", "migrate", json!({ "terminated": { "exitCode": 1 } }));
    failed["status"]["phase"] = json!("Failed");
    server.put(failed);
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");

    // Out of tries.
    let failed = json!({ "conditions": [{ "type": "Failed", "status": "True",
        "reason": "BackoffLimitExceeded" }] });
    server.put(job("migrate", "2026-01-01T00:00:00Z", &spec, &failed));
    assert_eq!(start(&server, "job/migrate", &[]).end().code, 0);

    let suspended = json!({ "suspend": true });
    let server = serve(&[job("migrate", "2026-01-01T00:00:00Z", &suspended, &json!({}))]);
    assert_eq!(start(&server, "job/migrate", &[]).end().code, 0);
}

#[test]
fn a_deployment_scaled_to_zero_while_one_waits_is_settled() {
    let server = serve(&[deployment(2, 1, 1), replica_set("1", 1), pod("a", "1", creating())]);
    let waiting = wait(&server, &["--wait", "60s"]);
    waiting.hears("shop/a: pending");
    server.delete("pods", "shop", "a");
    waiting.hears("shop/a: gone");
    server.put(deployment(0, 2, 2));
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "no pods in scope, hence no image-pull failure\n");
}

#[test]
fn a_paused_deployment_rolls_out_no_further() {
    let paused = |updated: u32| {
        let mut deployment = deployment(3, 2, 2);
        deployment["spec"]["paused"] = json!(true);
        deployment["status"]["updatedReplicas"] = json!(updated);
        deployment
    };
    let server = serve(&[paused(0), replica_set("1", 1), pod("old", "1", up())]);
    let waiting = wait(&server, &["--wait", "60s"]);
    waiting.hears("it is paused, and its newest template is not rolled out");
    server.put(replica_set("2", 2));
    server.put(paused(1));
    waiting.hears("1 pod expected");
    server.put(pod("new", "2", up()));
    let run = waiting.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "the images of 1 pod are pulled\n");
    let unpaused = wait(&serve(&[deployment(1, 1, 1)]), &["--wait", "1s"]).end();
    assert_eq!(unpaused.code, 4, "{unpaused:?}");
}

#[test]
fn a_rollout_that_begins_while_one_looks_is_not_judged_by_the_old_number() {
    let of_revision = |revision: u32, replicas: usize| {
        let mut deployment = deployment(replicas, 1, 1);
        deployment["metadata"]["annotations"] =
            json!({ "deployment.kubernetes.io/revision": revision.to_string() });
        deployment
    };
    // The deployment as it was read, and its replica sets a moment later.
    let server = serve(&[of_revision(1, 1), replica_set("2", 2), pod("a", "2", up())]);
    let waiting = wait(&server, &["--wait", "60s"]);
    waiting.hears("a rollout is just beginning");
    server.put(of_revision(2, 2));
    waiting.hears("2 pods expected");
    server.put(pod("b", "2", up()));
    let run = waiting.end();
    assert_eq!(run.stdout, "the images of all 2 pods are pulled\n", "{run:?}");
}

/// A Deployment of three whose first new pod is in that state.
fn stalled(state: Value) -> ApiServer {
    serve(&[
        deployment(3, 2, 2),
        replica_set("1", 1),
        replica_set("2", 2),
        pod("old", "1", up()),
        pod("new", "2", state),
    ])
}

#[test]
fn a_rollout_that_stands_still_in_crashes_is_settled_after_its_grace() {
    let run = wait(&stalled(crashing()), &["--wait", "60s", "--grace", "1s"]).end();
    assert_eq!(run.code, 0, "{run:?}");
    let text = run.stdout.replace("\n    ", " ");
    assert!(
        text.starts_with(
            "the images of 1 pod are pulled, and those of the missing pods are the same\n"
        ),
        "{text}"
    );
    let missing = "deployment/web: 2 of 3 pods are not there; shop/new has their images on n1 and \
                   does not run, container app: CrashLoopBackOff";
    assert!(text.contains(missing), "{text}");
    assert!(run.stderr.contains("shop/new: pulled, container app: CrashLoopBackOff"), "{run:?}");

    let wait_for = |format| {
        wait(&stalled(crashing()), &["--wait", "1s", "--grace", "60s", "-o", format]).end()
    };
    let json = wait_for("json");
    assert_eq!(json.code, 0, "the time runs out, and what can be known is: {json:?}");
    let report = json.json();
    assert_eq!(report["wait"]["outcome"], "pulled");
    assert!(report["wait"]["pending"][0]["why"].as_str().unwrap().contains("2 of 3"), "{report:#}");
    assert!(wait_for("markdown").stdout.contains("- missing: deployment/web"));
    assert!(wait_for("github").stdout.contains("::warning title=pods missing::deployment/web"));
    assert!(wait_for("junit").stdout.contains("<skipped message=\"missing: 2 of 3"));
}

#[test]
fn an_ordered_stateful_set_that_crashes_is_settled_too() {
    let server = serve(&[
        stateful_set(3, &json!({ "type": "RollingUpdate" })),
        pod_of("StatefulSet", "db-0", "db-2", crashing()),
    ]);
    let run = start(&server, "sts/db", &["--grace", "1s"]).end();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("statefulset/db: 2 of 3 pods are not there"), "{}", run.stdout);
}

#[test]
fn a_crash_before_an_image_leaves_it_undecided() {
    let mut server_pod = pod("new", "2", waiting("PodInitializing", ""));
    server_pod["spec"]["initContainers"] = json!([{ "name": "migrate", "image": "reg.io/m:1" }]);
    server_pod["status"]["initContainerStatuses"] =
        json!([{ "name": "migrate", "state": crashing() }]);
    let server = serve(&[deployment(1, 1, 1), replica_set("2", 1), server_pod]);
    let run = wait(&server, &["--wait", "1s", "--grace", "0s"]).end();
    assert_eq!(run.code, 4, "{run:?}");
    let text = run.stdout.replace("\n    ", " ");
    let why = "container app: PodInitializing, held up by init container migrate: CrashLoopBackOff";
    assert!(text.contains(why), "{text}");
}

#[test]
fn a_failing_sibling_counts_whatever_crashes() {
    let server = stalled(crashing());
    server.put(pod("other", "2", invalid()));
    let run = wait(&server, &["--wait", "60s"]).end();
    assert_eq!(run.code, 1, "{run:?}");
}

#[test]
fn exit_zero_is_about_failures_that_were_found_and_nothing_else() {
    let code = |server: &ApiServer, args: &[&str]| {
        let run = Waiting::start(server, &[&WEB[..], &["--exit-zero"], args].concat()).end();
        (run.code, run.stdout)
    };
    let one = |state| serve(&[deployment(1, 1, 1), replica_set("1", 1), pod("a", "1", state)]);
    let (found, report) = code(&one(no_tag()), &[]);
    assert_eq!(found, 0);
    assert!(report.contains("manifest-not-found"), "it is still told: {report}");
    assert_eq!(code(&one(invalid()), &["--wait", "60s"]).0, 0);
    assert_eq!(code(&one(throttled()), &["--wait", "1s"]).0, 0, "a failure, when time runs out");
    assert_eq!(code(&one(creating()), &["--wait", "1s"]).0, 4, "undecided is no failure");
    assert_eq!(code(&serve(&[]), &[]).0, 3, "there is no such deployment");
    let mut wrong = command(&serve(&[]), &["web", "--exit-zero"]);
    assert_eq!(support::finish(&mut wrong).code, 2);
}
