//! `pulldoctor watch` against an API server in this process: what it tells, when it is blind, and
//! that nothing is lost or told twice whatever becomes of the server.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

pub mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::apiserver::{ApiServer, Builder, Deny, Fault, On, User};
use support::{Run, finish, program};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_mins(1);
/// The time for one request: questions whether the server is there come at twice that distance.
const TIMEOUT: &str = "2s";

fn waiting(reason: &str, message: &str) -> Value {
    json!({ "waiting": { "reason": reason, "message": message } })
}

fn creating() -> Value {
    waiting("ContainerCreating", "")
}

fn up() -> Value {
    json!({ "running": { "startedAt": "2026-01-01T00:00:00Z" } })
}

fn no_tag() -> Value {
    waiting(
        "ErrImagePull",
        "rpc error: code = NotFound desc = failed to pull and unpack image \"reg.io/web:v9\": failed \
         to resolve reference \"reg.io/web:v9\": reg.io/web:v9: not found",
    )
}

fn backing_off() -> Value {
    waiting("ImagePullBackOff", "Back-off pulling image \"reg.io/web:v9\"")
}

#[expect(clippy::needless_pass_by_value, reason = "states are made where they are used")]
fn pod_in(namespace: &str, name: &str, state: Value) -> Value {
    let phase = if state["running"].is_null() { "Pending" } else { "Running" };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace, "uid": format!("uid-{namespace}-{name}"),
            "labels": { "app": name } },
        "spec": { "nodeName": "n1", "containers": [{ "name": "app", "image": "reg.io/web:v9" }] },
        "status": { "phase": phase, "containerStatuses": [{ "name": "app", "state": state }] },
    })
}

fn pod(name: &str, state: Value) -> Value {
    pod_in("default", name, state)
}

fn failed_event(pod: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": format!("{pod}.1"), "namespace": "default" },
        "involvedObject": { "kind": "Pod", "namespace": "default", "name": pod,
            "uid": format!("uid-default-{pod}"), "fieldPath": "spec.containers{app}" },
        "type": "Warning", "reason": "Failed", "count": 1, "source": { "component": "kubelet" },
        "message": "Failed to pull image \"reg.io/web:v9\": failed to pull and unpack image \
                    \"reg.io/web:v9\": failed to resolve image: failed to do request: Head \
                    \"https://reg.io/v2/web/manifests/v9\": dial tcp 10.0.0.9:443: connect: \
                    connection refused",
    })
}

fn serving(objects: impl IntoIterator<Item = Value>) -> Builder {
    objects.into_iter().fold(ApiServer::builder(), Builder::object)
}

fn command(server: &ApiServer, args: &[&str]) -> Command {
    let mut command = program();
    command.arg("watch").args(args).args(["--request-timeout", TIMEOUT]);
    command.env("KUBECONFIG", server.kubeconfig());
    command
}

/// A watch under way.
struct Watching {
    child: Child,
    lines: Receiver<String>,
    ledger: Ledger,
}

impl Watching {
    fn start(server: &ApiServer, args: &[&str]) -> Self {
        Self::run(&mut command(server, args))
    }

    /// In JSON, and all that is told is added up.
    fn json(server: &ApiServer, args: &[&str]) -> Self {
        Self::start(server, &[args, &["-o", "json"]].concat())
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, ledger: Ledger::default() }
    }

    /// The next line.
    fn next(&mut self, wanted: &str) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.ledger.read(&line);
                line
            }
            Err(error) => {
                // What went wrong stands on standard error.
                let _ = self.child.kill();
                let mut stderr = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
                panic!("{error}: no {wanted} among {:#?}\n{stderr}", self.ledger.lines);
            }
        }
    }

    /// Waits for a line with all these words.
    fn hears(&mut self, words: &[&str]) -> String {
        loop {
            let line = self.next(&format!("{words:?}"));
            if words.iter().all(|words| line.contains(words)) {
                return line;
            }
        }
    }

    /// Waits for a failure of that pod to be opened, updated or recovered.
    fn hears_of(&mut self, change: &str, pod: &str) -> Value {
        loop {
            let line: Value = serde_json::from_str(&self.next(&format!("{change} {pod}"))).unwrap();
            if line["change"] == change && line["diagnosis"]["pod"] == pod {
                return line;
            }
        }
    }

    /// Waits until all of these pods fail and no others.
    fn hears_failing(&mut self, pods: &[&str]) {
        while self.ledger.failing.keys().ne(pods) {
            self.next(&format!("failing {pods:?}"));
        }
    }

    /// Waits until a notice of that word is told of a sense.
    fn hears_notice(&mut self, notice: &str, sense: &str) -> Value {
        loop {
            let line: Value =
                serde_json::from_str(&self.next(&format!("{notice} {sense}"))).unwrap();
            if line["notice"] == notice && (sense.is_empty() || line["sense"] == sense) {
                return line;
            }
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits for its end.
    fn end(mut self) -> (Run, Ledger) {
        let started = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < PATIENCE, "it does not end: {:#?}", self.ledger.lines);
            std::thread::sleep(Duration::from_millis(10));
        }
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.ledger.read(&line);
        }
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let ledger = std::mem::take(&mut self.ledger);
        (Run { code, stdout: ledger.lines.join("\n"), stderr }, ledger)
    }

    /// Ends it, and gives what it has told.
    fn kill(mut self) -> Ledger {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.ledger.read(&line);
        }
        std::mem::take(&mut self.ledger)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was told, added up. Whatever is told twice or of nothing fails here.
#[derive(Default)]
struct Ledger {
    lines: Vec<String>,
    /// Failing pods with their causes.
    failing: BTreeMap<String, String>,
    /// Incidents, and whether they are open.
    incidents: BTreeMap<u64, bool>,
    /// Senses that are lost.
    blind: Vec<String>,
}

impl Ledger {
    fn read(&mut self, line: &str) {
        self.lines.push(line.to_owned());
        let Ok(line) = serde_json::from_str::<Value>(line) else { return };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let change = line["change"].as_str().unwrap_or_default();
        if let Some(incident) = line.get("incident") {
            let number = incident["overTime"]["number"].as_u64().unwrap();
            let was_open = self.incidents.insert(number, change != "recovered").unwrap_or(false);
            assert_eq!(was_open, change != "opened", "{:#?}", self.lines);
        } else if let Some(diagnosis) = line.get("diagnosis") {
            let pod = format!("{}/{}", text(&diagnosis["namespace"]), text(&diagnosis["pod"]));
            let was_failing = match change {
                "recovered" => self.failing.remove(&pod),
                _ => self.failing.insert(pod, text(&diagnosis["cause"])),
            };
            assert_eq!(was_failing.is_some(), change != "opened", "{:#?}", self.lines);
        } else {
            let sense = text(&line["sense"]);
            match line["notice"].as_str().unwrap_or_default() {
                "blind" => {
                    assert!(!self.blind.contains(&sense), "{:#?}", self.lines);
                    self.blind.push(sense);
                }
                "seeing" => {
                    assert!(self.blind.contains(&sense), "{:#?}", self.lines);
                    self.blind.retain(|it| *it != sense);
                }
                _ => {}
            }
        }
    }

    fn notices(&self) -> Vec<String> {
        let lines = self.lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let notice = |line: Value| {
            let sense = line.get("sense").and_then(Value::as_str).unwrap_or_default();
            Some(format!("{} {sense}", line.get("notice")?.as_str()?).trim().to_owned())
        };
        lines.filter_map(notice).collect()
    }

    /// The notices that are not about events, whose stream may break and come back a little earlier
    /// or later.
    fn notices_of_pods(&self) -> Vec<String> {
        self.notices().into_iter().filter(|notice| !notice.ends_with("events")).collect()
    }
}

fn asked(server: &ApiServer, verb: &str) -> Vec<support::apiserver::Recorded> {
    let requests = server.requests().into_iter();
    requests.filter(|it| it.resource == "pods" && it.verb == verb && it.name.is_empty()).collect()
}

#[test]
fn a_failure_is_a_line_and_so_is_its_end() {
    let server = serving([pod("well", up()), pod("a", creating())]).start();
    let mut watching = Watching::start(&server, &[]);
    let first = watching.hears(&["watching"]);
    assert!(first.contains("namespace default"), "{first}");
    assert!(first.ends_with("2 pods, none fails"), "{first}");
    server.put(pod("a", no_tag()));
    let line = watching.hears(&["opened"]);
    assert!(line.contains("#1 manifest-not-found: reg.io/web:v9"), "{line}");
    assert!(line.contains("; fix: "), "{line}");
    assert!(line.ends_with("more: pulldoctor pod a -n default"), "{line}");
    server.put(pod("a", up()));
    let line = watching.hears(&["recovered"]);
    assert!(line.contains("#1 manifest-not-found") && line.contains("(1 pulled)"), "{line}");
}

#[test]
fn a_failure_is_an_object_a_line_in_json() {
    let server = serving([pod("a", no_tag())]).start();
    let mut watching = Watching::json(&server, &[]);
    let first: Value = serde_json::from_str(&watching.next("a first line")).unwrap();
    assert_eq!((&first["kind"], &first["notice"]), (&json!("Notice"), &json!("watching")));
    let opened = watching.hears_of("opened", "a");
    assert_eq!(opened["apiVersion"], "pulldoctor.dev/v1");
    assert_eq!(opened["kind"], "Change");
    assert_eq!(opened["diagnosis"]["cause"], "manifest-not-found");
    let incident: Value =
        serde_json::from_str(&watching.hears(&["\"incident\":", "\"opened\""])).unwrap();
    assert_eq!(incident["incident"]["pods"], 1);
    assert_eq!(incident["incident"]["overTime"]["number"], 1);
    server.delete("pods", "default", "a");
    assert_eq!(watching.hears_of("recovered", "a")["ended"], "deleted");
    watching.hears(&["\"incident\":", "\"recovered\""]);
    let ledger = watching.kill();
    assert!(ledger.failing.is_empty());
    assert_eq!(ledger.incidents, BTreeMap::from([(1, false)]));
}

#[test]
fn it_watches_what_it_is_told_to() {
    let objects = || {
        [
            pod_in("shop", "a", no_tag()),
            pod_in("bank", "b", no_tag()),
            pod_in("bank", "c", no_tag()),
        ]
    };
    for (args, wanted) in [
        (&["-n", "shop"][..], &["shop/a"][..]),
        (&["-A"], &["bank/b", "bank/c", "shop/a"]),
        (&["-A", "-l", "app=c"], &["bank/c"]),
        (&["-n", "shop", "-l", "app=c"], &[]),
    ] {
        let server = serving(objects()).start();
        let (run, ledger) = Watching::json(&server, &[args, &["--for", "1s"]].concat()).end();
        assert_eq!(run.code, i32::from(!wanted.is_empty()), "{args:?}: {}", run.stderr);
        assert_eq!(ledger.failing.keys().collect::<Vec<_>>(), wanted, "{args:?}");
        for request in asked(&server, "watch") {
            assert_eq!(request.namespace.as_deref(), args.contains(&"shop").then_some("shop"));
            let labels = request.query.get("labelSelector").map(String::as_str);
            assert_eq!(labels, args.contains(&"-l").then_some("app=c"));
        }
    }
}

#[test]
fn nothing_is_told_twice_while_objects_are_sent_again() {
    let server = serving([pod("a", no_tag()), pod("b", creating())]).start();
    let mut watching = Watching::json(&server, &[]);
    watching.hears_of("opened", "a");
    for round in 0..30 {
        let mut again = pod("a", if round % 2 == 0 { backing_off() } else { no_tag() });
        again["metadata"]["annotations"] = json!({ "round": round.to_string() });
        server.put(again);
        server.put(failed_event("b"));
    }
    server.put(pod("b", no_tag()));
    watching.hears_of("opened", "b");
    let ledger = watching.kill();
    let changes = ledger.lines.iter().filter(|line| line.contains("\"diagnosis\""));
    // Opened twice, and what the objects prove told at most once of each incident.
    assert!(changes.count() <= 4, "{:#?}", ledger.lines);
}

#[test]
fn who_may_not_see_pods_is_told_so() {
    for verb in ["list", "watch"] {
        let server = serving([pod("a", no_tag())]).deny(Deny::to(verb, "pods")).start();
        let (run, _) = Watching::start(&server, &[]).end();
        assert_eq!(run.code, 3, "{verb}: {run:?}");
        assert!(run.stderr.contains(&format!("no permission to {verb} pods")), "{}", run.stderr);
        assert!(run.stderr.contains("hint:"), "{}", run.stderr);
    }
}

#[test]
fn without_events_status_is_enough_and_that_is_said_once() {
    let server = serving([pod("a", no_tag())]).deny(Deny::to("*", "events")).start();
    let mut watching = Watching::json(&server, &[]);
    let notice = watching.hears_notice("blind", "events");
    assert!(notice["text"].as_str().unwrap().contains("no permission"), "{notice}");
    watching.hears_of("opened", "a");
    server.put(pod("b", no_tag()));
    watching.hears_of("opened", "b");
    assert_eq!(watching.kill().notices(), ["watching", "blind events"]);
}

#[test]
fn events_lend_their_words() {
    let server = serving([pod("a", backing_off())]).start();
    let mut watching = Watching::json(&server, &[]);
    server.put(failed_event("a"));
    loop {
        watching.next("words");
        if watching.ledger.failing.get("default/a").is_some_and(|it| it == "connection-refused") {
            break;
        }
    }
}

#[test]
fn a_refused_token_is_told_and_the_next_one_is_taken_up() {
    let server = serving([pod("a", no_tag())]).token("first").start();
    let token = server.directory().join("token");
    std::fs::write(&token, "first").unwrap();
    let config = server.config(&User::Raw(json!({ "tokenFile": token })));
    let kubeconfig = server.write("with-token-file", &config);
    let mut command = command(&server, &["-o", "json"]);
    let mut watching = Watching::run(command.env("KUBECONFIG", kubeconfig));
    watching.hears_of("opened", "a");
    server.take_only("second");
    server.restart();
    let notice = watching.hears_notice("blind", "pods");
    assert!(!notice["since"].is_null(), "{notice}");
    server.put(pod("b", no_tag()));
    std::fs::write(&token, "second").unwrap();
    watching.hears_notice("seeing", "pods");
    watching.hears_of("opened", "b");
}

/// Lets the server be away for long enough to be told, changes things meanwhile, and sees that they
/// are told afterwards.
fn away(server: &ApiServer, watching: &mut Watching, go: impl Fn(), come_back: impl Fn()) {
    go();
    let blind = watching.hears_notice("blind", "pods");
    let since = chrono::DateTime::parse_from_rfc3339(blind["since"].as_str().unwrap()).unwrap();
    let ago = chrono::Utc::now() - since.to_utc();
    assert!(ago >= chrono::TimeDelta::zero() && ago.num_seconds() < 60, "{blind}");
    server.put(pod("a", up()));
    server.put(pod("b", no_tag()));
    server.delete("pods", "default", "c");
    come_back();
    watching.hears_failing(&["default/b"]);
    while watching.ledger.blind.contains(&"pods".to_owned()) {
        watching.next("sight");
    }
    server.put(pod("d", no_tag()));
    watching.hears_of("opened", "d");
    server.put(pod("b", up()));
    server.put(pod("d", up()));
    watching.hears_failing(&[]);
}

fn three() -> [Value; 3] {
    [pod("a", no_tag()), pod("b", creating()), pod("c", no_tag())]
}

fn watching_three(server: &ApiServer) -> Watching {
    let mut watching = Watching::json(server, &[]);
    watching.hears_failing(&["default/a", "default/c"]);
    server.hears(|asked| asked.verb == "watch" && asked.resource == "pods");
    watching
}

#[test]
fn a_server_that_is_killed_and_comes_back_with_its_history() {
    let server = serving(three()).start();
    let mut watching = watching_three(&server);
    away(&server, &mut watching, || server.stop(), || server.restart());
    assert_eq!(asked(&server, "list").len(), 1, "the watch was resumed");
    assert_eq!(watching.kill().notices_of_pods(), ["watching", "blind pods", "seeing pods"]);
}

#[test]
fn a_server_that_is_killed_and_has_forgotten() {
    let server = serving(three()).start();
    let mut watching = watching_three(&server);
    let come_back = || {
        server.compact();
        server.restart();
    };
    away(&server, &mut watching, || server.stop(), come_back);
    assert_eq!(asked(&server, "list").len(), 2, "410: listed anew");
}

#[test]
fn a_server_that_is_killed_after_a_bookmark_is_resumed_from_there() {
    let server = serving(three()).bookmarks().start();
    let mut watching = watching_three(&server);
    server.put(pod("other", up()));
    // Told of last, so that all before it has been heard.
    server.put(pod("last", no_tag()));
    watching.hears_of("opened", "last");
    server.put(pod("last", up()));
    watching.hears_of("recovered", "last");
    let before = asked(&server, "watch").len();
    away(&server, &mut watching, || server.stop(), || server.restart());
    let watches = asked(&server, "watch");
    let version = |at: usize| watches[at].query["resourceVersion"].parse::<u64>().unwrap();
    assert!(version(before) > version(0) + 2, "{watches:#?}");
    assert_eq!(watches[0].query["allowWatchBookmarks"], "true");
    assert_eq!(asked(&server, "list").len(), 1);
}

#[test]
fn a_server_that_hangs_is_told_within_a_few_seconds() {
    let server = serving(three()).start();
    let mut watching = watching_three(&server);
    away(&server, &mut watching, || server.freeze(), || server.thaw());
    assert_eq!(watching.kill().notices_of_pods(), ["watching", "blind pods", "seeing pods"]);
}

#[test]
fn a_server_that_hangs_and_is_killed() {
    let server = serving(three()).start();
    let mut watching = watching_three(&server);
    let come_back = || {
        server.compact();
        server.restart();
    };
    away(&server, &mut watching, || server.freeze(), come_back);
}

/// Breaks a watch off, and lets no other begin.
#[test]
fn a_watch_that_breaks_in_the_middle_of_a_line() {
    for fault in
        [Fault::CutAfter(100), Fault::Raw(200, "application/json", "{\"type\":\"MODI".into())]
    {
        let server = serving(three()).fault(On::watch("pods").times(1), fault).start();
        let mut watching = watching_three(&server);
        // The first change is the one that is cut off.
        server.put(pod("x", no_tag()));
        watching.hears_of("opened", "x");
        server.put(pod("x", up()));
        watching.hears_of("recovered", "x");
        away(&server, &mut watching, || server.stop(), || server.restart());
        assert_eq!(asked(&server, "list").len(), 1);
    }
}

#[test]
fn a_server_that_goes_between_the_list_and_the_watch() {
    for fault in [Fault::Close, Fault::Silence, Fault::Status(503, None), Fault::StallAfter(0)] {
        let server = serving(three()).start();
        server.fail(On::watch("pods"), fault.clone());
        let mut watching = Watching::json(&server, &[]);
        watching.hears_failing(&["default/a", "default/c"]);
        let is_open = matches!(fault, Fault::StallAfter(_));
        let go = || {
            if is_open {
                server.freeze();
            }
        };
        let come_back = || {
            server.mend();
            server.thaw();
        };
        away(&server, &mut watching, go, come_back);
    }
}

/// More than one page of pods.
fn many() -> impl Iterator<Item = Value> {
    let others = (0..700).map(|number| pod(&format!("p{number:03}"), up()));
    three().into_iter().chain(others)
}

#[test]
fn a_server_that_goes_in_the_middle_of_a_list() {
    for fault in [
        Fault::Close,
        Fault::Silence,
        Fault::CutAfter(5_000),
        Fault::StallAfter(5_000),
        Fault::Status(500, None),
    ] {
        let server = serving(many()).start();
        let mut watching = watching_three(&server);
        let go = || {
            // The watch has to begin anew, with a list that does not come to its end.
            server.stop();
            server.fail(On::list("pods").further(), fault.clone());
            server.put(pod("other", up()));
            server.compact();
            server.restart();
        };
        away(&server, &mut watching, go, || server.mend());
        assert_eq!(
            watching.kill().notices(),
            ["watching", "blind pods", "seeing pods"],
            "{fault:?}"
        );
    }
}

#[test]
fn a_first_list_that_does_not_come_to_its_end_is_no_look_at_all() {
    for fault in [Fault::Close, Fault::Silence, Fault::StallAfter(5_000)] {
        let server = serving(many()).fault(On::list("pods").further(), fault.clone()).start();
        let (run, ledger) = Watching::json(&server, &[]).end();
        assert_eq!(run.code, 3, "{fault:?}: {run:?}");
        assert_eq!(ledger.lines, [""; 0], "{fault:?}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
}

#[test]
fn a_page_that_has_expired_begins_the_list_anew() {
    let server = serving(many()).expire_continues(1).start();
    let watching = watching_three(&server);
    let pages: Vec<bool> =
        asked(&server, "list").iter().map(|it| it.query.contains_key("continue")).collect();
    assert_eq!(pages, [false, true, false, true]);
    assert_eq!(watching.kill().notices_of_pods(), ["watching"]);
}

fn error_line(code: u16, reason: &str) -> Fault {
    let line = json!({ "type": "ERROR", "object": { "kind": "Status", "apiVersion": "v1",
        "status": "Failure", "reason": reason, "code": code, "message": "it went wrong" } });
    Fault::Raw(200, "application/json", format!("{line}\n"))
}

#[test]
fn errors_within_a_watch_are_got_over() {
    for (fault, lists) in [
        (error_line(410, "Expired"), 2),
        (error_line(410, "Gone"), 2),
        (error_line(500, "InternalError"), 1),
        (error_line(504, "Timeout"), 1),
        (Fault::Raw(200, "application/json", "{\"type\":\"SOMETHING\",\"object\":{}}\n".into()), 1),
        (Fault::Raw(200, "application/json", "no JSON at all\n".into()), 1),
        (Fault::Status(410, None), 2),
    ] {
        let server = serving(three()).fault(On::watch("pods").times(1), fault.clone()).start();
        let mut watching = watching_three(&server);
        server.put(pod("b", no_tag()));
        watching.hears_of("opened", "b");
        assert_eq!(asked(&server, "list").len(), lists, "{fault:?}");
        assert_eq!(watching.kill().notices_of_pods(), ["watching"], "{fault:?}");
    }
}

#[test]
fn a_server_without_streaming_lists_is_asked_for_none() {
    let server = serving(three()).refuse_streaming_lists().start();
    let mut watching = watching_three(&server);
    server.put(pod("b", no_tag()));
    watching.hears_of("opened", "b");
    for request in server.requests().iter().filter(|it| it.verb == "watch") {
        assert!(!request.query.contains_key("sendInitialEvents"), "{request:?}");
        assert!(request.query["resourceVersion"].parse::<u64>().unwrap() > 0, "{request:?}");
    }
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let server = serving(three())
        .fault(On::watch("pods").times(1), Fault::Status(429, Some(3)))
        .fault(On::list("pods").times(1), Fault::Status(429, Some(1)))
        .start();
    let mut watching = watching_three(&server);
    server.put(pod("b", no_tag()));
    let started = Instant::now();
    watching.hears_of("opened", "b");
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(asked(&server, "watch").len(), 2);
    assert_eq!(watching.kill().notices_of_pods(), ["watching", "blind pods", "seeing pods"]);
}

#[test]
fn the_end_of_its_time_has_the_exit_codes_of_check() {
    let end = |objects: &[Value]| {
        let server = serving(objects.iter().cloned()).start();
        Watching::json(&server, &["--for", "1s"]).end().0
    };
    assert_eq!(end(&[pod("a", up()), pod("b", creating())]).code, 0);
    let run = end(&[pod("a", no_tag())]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.lines().last().unwrap().contains("1 is open"), "{}", run.stdout);

    let server = serving([pod("a", up())]).start();
    let mut watching = Watching::json(&server, &["--for", "8s"]);
    watching.hears_notice("watching", "");
    server.stop();
    assert_eq!(watching.end().0.code, 3, "it is blind");

    let server = serving([pod("a", no_tag())]).start();
    let mut watching = Watching::json(&server, &["--for", "5s"]);
    watching.hears_of("opened", "a");
    server.put(pod("a", creating()));
    watching.hears_of("recovered", "a");
    assert_eq!(watching.end().0.code, 4, "it has begun anew");
}

#[test]
fn it_ends_when_all_has_recovered() {
    let server = serving([pod("a", no_tag()), pod("b", no_tag())]).start();
    let mut watching = Watching::json(&server, &["--until-recovered"]);
    watching.hears_of("opened", "b");
    server.put(pod("a", up()));
    watching.hears_of("recovered", "a");
    server.delete("pods", "default", "b");
    let (run, ledger) = watching.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(ledger.incidents.values().all(|is_open| !is_open));
    assert_eq!(ledger.notices().last().unwrap(), "ended");

    let server = serving([pod("a", up())]).start();
    assert_eq!(Watching::start(&server, &["--until-recovered"]).end().0.code, 0);
}

#[test]
fn a_deleted_pod_has_not_recovered_while_its_successor_may_fail() {
    let server = serving([pod("a", no_tag())]).start();
    let mut watching = Watching::json(&server, &["--until-recovered"]);
    watching.hears_of("opened", "a");
    server.delete("pods", "default", "a");
    watching.hears_of("recovered", "a");
    server.put(pod("b", no_tag()));
    watching.hears_of("opened", "b");
    server.put(pod("b", up()));
    assert_eq!(watching.end().0.code, 0);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_with_a_last_line() {
    for signal in ["-INT", "-TERM"] {
        let server = serving([pod("a", no_tag())]).start();
        let mut watching = Watching::start(&server, &[]);
        watching.hears(&["opened"]);
        watching.signal(signal);
        let (run, ledger) = watching.end();
        assert_eq!(run.code, 130, "{signal}: {run:?}");
        let last = ledger.lines.last().unwrap();
        assert!(last.contains("ended") && last.contains("1 incident, 1 is open"), "{last}");
        assert_eq!(run.stderr, "", "{signal}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let server = serving([pod("a", no_tag())]).start();
    let mut child =
        command(&server, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert!(line.contains("watching"), "{line}");
    drop(stdout);
    let started = Instant::now();
    let mut round = 0;
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < PATIENCE, "it does not end");
        // It notices when it has something to say.
        server.put(pod(&format!("p{round}"), no_tag()));
        round += 1;
        std::thread::sleep(Duration::from_millis(100));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn nobody_there_from_the_beginning_is_an_error() {
    let server = serving([]).start();
    server.stop();
    let run = finish(&mut command(&server, &[]));
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("hint:"), "{}", run.stderr);
}

#[test]
fn a_storm_loses_nothing() {
    let server = serving(three()).bookmarks().start();
    let mut watching = watching_three(&server);
    for round in 0..600 {
        let name = format!("s{}", round % 40);
        let state = match round % 3 {
            0 => no_tag(),
            1 => creating(),
            _ => up(),
        };
        server.put(pod(&name, state));
        if round % 100 == 50 {
            server.delete("pods", "default", &name);
        }
        if round == 300 {
            server.compact();
            server.restart();
        }
    }
    for number in 0..40 {
        server.put(pod(&format!("s{number}"), if number < 3 { no_tag() } else { up() }));
    }
    server.put(pod("a", up()));
    server.put(pod("c", up()));
    // The last change: whatever was said before it has been taken in.
    server.put(pod("last", no_tag()));
    watching.hears_of("opened", "last");
    watching.hears_failing(&["default/last", "default/s0", "default/s1", "default/s2"]);
}
