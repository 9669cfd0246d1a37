//! `pulldoctor watch --metrics` over real HTTP: what it tells, when it is ready, and what strangers
//! can do to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

pub mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::apiserver::{ApiServer, Deny};
use support::{finish, program};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

fn pod(namespace: &str, name: &str, image: &str, state: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace, "uid": format!("uid-{namespace}-{name}") },
        "spec": { "nodeName": "n1", "containers": [{ "name": "app", "image": image }] },
        "status": { "phase": "Pending", "containerStatuses": [{ "name": "app", "state": state }] },
    })
}

/// A pod whose registry refuses connections.
fn refused(namespace: &str, name: &str, image: &str) -> Value {
    let said = format!(
        "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": failed \
         to do request: Head \"https://x/v2/\": dial tcp 10.0.0.1:443: connect: connection refused"
    );
    let state = json!({ "waiting": { "reason": "ErrImagePull", "message": said } });
    pod(namespace, name, image, &state)
}

fn up(namespace: &str, name: &str, image: &str) -> Value {
    let state = json!({ "running": { "startedAt": "2026-01-01T00:00:00Z" } });
    pod(namespace, name, image, &state)
}

/// A watch under way whose metrics are served.
struct Watching {
    child: Child,
    address: SocketAddr,
}

impl Watching {
    fn start(server: &ApiServer, args: &[&str]) -> Self {
        let mut child = program()
            .args(["watch", "-o", "json", "--metrics", "127.0.0.1:0"])
            .args(args)
            .env("KUBECONFIG", server.kubeconfig())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut first).unwrap();
        let address = first
            .trim()
            .strip_prefix("note: metrics at http://")
            .and_then(|rest| rest.strip_suffix("/metrics"))
            .unwrap_or_else(|| panic!("no address in {first:?}"));
        let address = address.parse().unwrap();
        Self { child, address }
    }

    /// Sends this and gives all that comes back.
    fn talk(&self, request: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        Reply::of(&answer)
    }

    fn ask(&self, method: &str, path: &str) -> Reply {
        self.talk(&format!("{method} {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path)
    }

    /// Asks until the answer is as it should be.
    fn until(&self, path: &str, is_so: impl Fn(&Reply) -> bool) -> Reply {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.get(path);
            if is_so(&reply) {
                return reply;
            }
            assert!(Instant::now() < deadline, "{path} stays {reply:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Scrapes until the sample has that value.
    fn scrape_until(&self, sample: &str, value: u64) -> Page {
        let wanted = format!("\n{sample} {value}\n");
        let reply = self.until("/metrics", |reply| reply.body.contains(&wanted));
        Page::read(&reply.body)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It may have ended by itself, which its tests notice otherwise.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Reply {
    fn of(answer: &str) -> Self {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|status| status.parse().ok()).unwrap_or(0);
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Self { status, headers, body: body.to_owned() }
    }
}

/// A page of OpenMetrics, read by the rules: whatever breaks one is a panic.
#[derive(Debug, Default)]
struct Page {
    /// The kind of each family.
    kinds: BTreeMap<String, String>,
    /// The value of each series.
    samples: BTreeMap<(String, BTreeMap<String, String>), u64>,
}

impl Page {
    fn read(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("it ends in # EOF");
        let mut page = Self::default();
        let mut helped = BTreeSet::new();
        let mut family = String::new();
        for line in body.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                assert!(!help.is_empty() && helped.insert(name.to_owned()), "{line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(helped.contains(name), "no help before {line}");
                name.clone_into(&mut family);
                assert!(page.kinds.insert(family.clone(), kind.to_owned()).is_none(), "{line}");
            } else {
                let (name, labels, value) = sample(line);
                let kind = &page.kinds[&family];
                let suffix = match kind.as_str() {
                    "counter" => "_total",
                    "info" => "_info",
                    "gauge" => "",
                    _ => panic!("{line} is of kind {kind}"),
                };
                assert_eq!(name, format!("{family}{suffix}"), "{line} stands in another family");
                assert!(name.starts_with("pulldoctor_"), "{line}");
                let before = page.samples.insert((name, labels), value);
                assert!(before.is_none(), "twice: {line}");
            }
        }
        page
    }

    /// The sum of all series of that name.
    fn sum(&self, name: &str) -> u64 {
        self.samples.iter().filter(|((it, _), _)| it == name).map(|(_, value)| value).sum()
    }

    /// All values of a label.
    fn values(&self, label: &str) -> BTreeSet<&str> {
        self.samples.keys().filter_map(|(_, labels)| Some(labels.get(label)?.as_str())).collect()
    }
}

/// `name{label="value",…} number`; all numbers of the program are whole.
fn sample(line: &str) -> (String, BTreeMap<String, String>, u64) {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no sample: {line}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, tail) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            assert!(is_name(label), "{line}");
            let mut value = String::new();
            let mut chars = tail.char_indices();
            let end = loop {
                match chars.next().unwrap_or_else(|| panic!("no end of a value: {line}")) {
                    (at, '"') => break at,
                    (_, '\\') => match chars.next() {
                        Some((_, 'n')) => value.push('\n'),
                        Some((_, c @ ('"' | '\\'))) => value.push(c),
                        other => panic!("{other:?} is escaped: {line}"),
                    },
                    (_, c) => value.push(c),
                }
            };
            assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
            rest = &tail[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap_or_else(|| panic!("{line}"));
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
    (name.to_owned(), labels, value.parse().unwrap_or_else(|_| panic!("{line}")))
}

#[test]
fn failures_come_and_go_in_the_metrics() {
    let server = ApiServer::builder()
        .object(refused("shop", "a", "reg.io/a:1"))
        .object(refused("shop", "b", "reg.io/b:1"))
        .object(up("shop", "c", "quay.io/c:1"))
        .start();
    let watching = Watching::start(&server, &["-A"]);
    let page = watching.scrape_until("pulldoctor_failing_pods", 2);
    assert_eq!(page.sum("pulldoctor_failing_containers"), 2);
    assert_eq!(page.sum("pulldoctor_incidents"), 1);
    assert_eq!(page.sum("pulldoctor_whole_registry_failing_pods"), 2);
    assert_eq!(page.sum("pulldoctor_pods"), 3);
    assert_eq!(page.sum("pulldoctor_classifications_total"), 2);
    assert_eq!(page.values("version"), [env!("CARGO_PKG_VERSION")].into());
    assert_eq!(page.values("sense"), ["pods", "events"].into());
    assert!(page.sum("pulldoctor_seconds_since_contact") < 60);
    assert_eq!(page.kinds["pulldoctor_classifications"], "counter");

    server.put(up("shop", "a", "reg.io/a:1"));
    let page = watching.scrape_until("pulldoctor_failing_pods", 1);
    assert_eq!(page.sum("pulldoctor_whole_registry_failing_pods"), 0);
    server.delete("pods", "shop", "b");
    let page = watching.scrape_until("pulldoctor_failing_pods", 0);
    assert_eq!(page.values("registry"), BTreeSet::new(), "the series end with the failure");
    assert_eq!(page.sum("pulldoctor_classifications_total"), 2, "what was counted stays");
}

#[test]
fn it_is_ready_while_it_sees_the_pods_and_alive_all_along() {
    let server = ApiServer::builder().object(refused("shop", "a", "reg.io/a:1")).start();
    let watching = Watching::start(&server, &["-A"]);
    let ready = watching.until("/readyz", |reply| reply.status == 200);
    assert_eq!(ready.body, "ready\n");
    assert_eq!(watching.get("/healthz").body, "ok\n");

    server.stop();
    let blind = watching.until("/readyz", |reply| reply.status == 503);
    assert!(blind.body.starts_with("pods cannot be seen since 20"), "{}", blind.body);
    assert!(blind.body.contains("refused"), "{}", blind.body);
    assert_eq!(watching.get("/healthz").status, 200);
    let page = watching.scrape_until("pulldoctor_blind{sense=\"pods\"}", 1);
    assert_eq!(page.sum("pulldoctor_failing_pods"), 1, "what was known is still told");

    server.restart();
    watching.until("/readyz", |reply| reply.status == 200);
    watching.scrape_until("pulldoctor_blind{sense=\"pods\"}", 0);
}

#[test]
fn it_is_not_ready_before_the_first_list() {
    // A way to the API server on which nothing gets further for as long as the test likes.
    let way = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = ApiServer::builder().start();
    let mut config =
        server.config(&support::apiserver::User::Token(support::apiserver::TOKEN.to_owned()));
    config["clusters"][0]["cluster"]["server"] =
        json!(format!("https://{}", way.local_addr().unwrap()));
    let kubeconfig = server.write("through", &config);
    let watching = Watching::start(&server, &["--kubeconfig", kubeconfig.to_str().unwrap()]);
    let reply = watching.until("/readyz", |reply| reply.status != 0);
    assert_eq!((reply.status, reply.body.as_str()), (503, "the pods are not listed yet\n"));
    assert_eq!(watching.get("/healthz").status, 200);
    Page::read(&watching.get("/metrics").body);

    std::thread::spawn(move || {
        for stream in way.incoming().map_while(Result::ok) {
            let Ok(onward) = TcpStream::connect(server.address()) else { return };
            let directions =
                [(stream.try_clone().unwrap(), onward.try_clone().unwrap()), (onward, stream)];
            for (mut from, mut to) in directions {
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    watching.until("/readyz", |reply| reply.status == 200);
}

#[test]
fn events_that_may_not_be_read_do_not_make_it_unready() {
    let server = ApiServer::builder().deny(Deny::to("*", "events")).start();
    let watching = Watching::start(&server, &["-A"]);
    watching.scrape_until("pulldoctor_blind{sense=\"events\"}", 1);
    watching.until("/readyz", |reply| reply.status == 200);
}

#[test]
fn other_methods_and_paths_are_refused() {
    let server = ApiServer::builder().start();
    let watching = Watching::start(&server, &["-A"]);
    let head = watching.ask("HEAD", "/metrics");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert!(head.headers["content-length"].parse::<usize>().unwrap() > 100);
    let page = watching.get("/metrics");
    assert_eq!(
        page.headers["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert_eq!(watching.get("/metrics?x=1").status, 200);
    for path in ["/metrics", "/healthz", "/readyz"] {
        let reply = watching.ask("POST", path);
        assert_eq!((reply.status, reply.headers["allow"].as_str()), (405, "GET, HEAD"), "{path}");
    }
    for path in ["/", "/metrics/", "/Metrics", "/../metrics", "/debug", "//metrics"] {
        assert_eq!(watching.get(path).status, 404, "{path}");
    }
    let long = format!("/{}", "x".repeat(100_000));
    let reply = watching.ask("GET", &long[..8_000]);
    assert_eq!(reply.status, 404);
    // More than is read of a request: refused, or cut off while it is still being sent.
    let mut stream = TcpStream::connect(watching.address).unwrap();
    let _ = stream.write_all(format!("GET {long} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(watching.get("/healthz").status, 200);
}

#[test]
fn nobody_holds_it_up() {
    let server = ApiServer::builder().start();
    let watching = Watching::start(&server, &["-A"]);
    // More than may be open at once: some say nothing, some never end, some never read.
    let begun = Instant::now();
    let slow: Vec<TcpStream> = (0..60)
        .map(|n| {
            let mut stream = TcpStream::connect(watching.address).unwrap();
            let words = ["", "GET /metrics HTTP/1.1\r\nhost: te", "GET /metrics HTTP/1.1\r\n\r\n"];
            stream.write_all(words[n % 3].as_bytes()).unwrap();
            stream
        })
        .collect();
    for path in ["/healthz", "/readyz", "/metrics"] {
        watching.until(path, |reply| reply.status == 200);
    }
    // The oldest had to go, long before its time to speak was over.
    let mut slow = slow.into_iter();
    let mut oldest = slow.next().unwrap();
    oldest.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    assert_eq!(oldest.read(&mut [0]).unwrap(), 0);
    assert!(begun.elapsed() < Duration::from_secs(4), "the slow ones were waited for");
    // Each of them is closed in the end, without being asked.
    for mut stream in slow {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        let is_closed = match &ended {
            Ok(_) => true,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        };
        assert!(is_closed, "{ended:?}");
    }
}

#[test]
fn hostile_names_break_neither_the_page_nor_the_budget() {
    let mut builder = ApiServer::builder();
    for n in 0..600 {
        let image = format!("r{n}-{}.io/a:1", "x".repeat(40));
        builder = builder.object(refused("shop", &format!("p{n}"), &image));
    }
    let hostile = [
        "a\"b\\c\n.io/x",
        "\u{1b}[31m.io/x",
        "\u{202e}oi.ger/x",
        "",
        "é.io/x:1",
        "UPPER/x",
        "https://user:hunter2@reg.io/x:1",
    ];
    for (n, image) in hostile.iter().enumerate() {
        builder = builder.object(refused("shop", &format!("h{n}"), image));
        builder = builder.object(refused(&format!("ns{n}\"}} 1\n"), "h", "reg.io/x:1"));
    }
    let server = builder.start();
    let watching = Watching::start(&server, &["-A"]);
    let all = 600 + 2 * hostile.len() as u64;
    let page = watching.scrape_until("pulldoctor_failing_pods", all);
    assert_eq!(page.sum("pulldoctor_failing_containers"), all, "the total is the total");
    assert!(page.values("registry").contains("other"));
    for label in ["registry", "namespace"] {
        let values = page.values(label);
        assert!(values.len() <= 201, "{} values", values.len());
        for value in values {
            assert!(!value.chars().any(char::is_control), "{value:?}");
            assert!(!value.contains('\u{202e}') && !value.contains("hunter2"), "{value:?}");
        }
    }
}

#[test]
fn an_address_that_is_taken_or_wrong_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = finish(program().args(["watch", "--metrics", &address, "-s", "http://127.0.0.1:1"]));
    assert_eq!(run.code, 3, "{}", run.stderr);
    let wanted = format!(
        "error: cannot listen on {address}: address in use\n\
         hint: another program listens there; port 0 takes a free one\n"
    );
    assert_eq!(run.stderr, wanted);
    for wrong in ["localhost", "example.org:9090", "70000", "::1"] {
        let run = finish(program().args(["watch", "--metrics", wrong]));
        assert_eq!(run.code, 2, "{wrong}: {}", run.stderr);
        assert!(run.stderr.contains("write it as 9090, 0.0.0.0:9090 or [::1]:9090"), "{wrong}");
    }
}

#[test]
fn without_the_flag_nobody_listens() {
    let server = ApiServer::builder().start();
    let run =
        finish(program().args(["watch", "--for", "0s"]).env("KUBECONFIG", server.kubeconfig()));
    assert!(!run.stderr.contains("metrics at"), "{}", run.stderr);
}
