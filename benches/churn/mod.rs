//! A cluster in which a lot goes on, and its server.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::StreamExt as _;
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::objects::{Kept, events, pods};
use crate::{protobuf, tls};

/// How often the server says something.
const TICK: Duration = Duration::from_millis(5);
/// Of a hundred changes so many are new pods that fail, and as many their ends.
const PROBES: usize = 2;
/// So many are events.
const EVENTS: usize = 20;
/// So many are words about pods that fail already; all others are about healthy pods.
const FAILING: usize = 10;
/// New pods that are there at once.
const MOST_PROBES: usize = 60;

type Body = UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// Nanoseconds since the epoch, which two processes agree on.
pub(crate) fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

struct Cluster {
    pods: Vec<Kept>,
    events: Vec<Kept>,
    /// The watches of pods and of events.
    watches: [Mutex<Vec<UnboundedSender<Line>>>; 2],
}

/// A line of a watch.
#[derive(Clone)]
struct Line {
    bytes: Bytes,
    /// The new pod that it tells of, by number.
    probe: Option<usize>,
}

/// Serves the cluster until it is killed; the first line says that it is ready. After that a line for
/// each new pod that fails: its number, and when the line that tells of it went on the wire.
pub(crate) fn serve(directory: &Path, number: usize, rate: usize) {
    let cluster = Arc::new(Cluster {
        pods: pods(number),
        events: events(number),
        watches: <[Mutex<_>; 2]>::default(),
    });
    let authority = tls::Authority::new();
    let acceptor = authority.acceptor(tls::Certificate::Good).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "big",
            "clusters": [{ "name": "big", "cluster": {
                "server": format!("https://{}", listener.local_addr().unwrap()),
                "certificate-authority-data": tls::base64(&authority.pem()),
            }}],
            "users": [{ "name": "big", "user": { "token": "x" } }],
            "contexts": [{ "name": "big", "context": { "cluster": "big", "user": "big" } }],
        });
        std::fs::write(directory.join("kubeconfig"), config.to_string()).unwrap();
        println!("{number} pods, {rate} changes a second");
        tokio::spawn(change(Arc::clone(&cluster), rate));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (acceptor, cluster) = (acceptor.clone(), Arc::clone(&cluster));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let answer = hyper::service::service_fn(move |request| {
                    let answer = answer(&cluster, &request);
                    async move { Ok::<_, std::convert::Infallible>(answer) }
                });
                // Connections end as clients please.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
}

/// Changes things for ever.
async fn change(cluster: Arc<Cluster>, rate: usize) {
    let mut ticks = tokio::time::interval(TICK);
    let failing: Vec<&Kept> = cluster.pods.iter().filter(|pod| pod.is_failing).collect();
    let healthy: Vec<&Kept> = cluster.pods.iter().filter(|pod| !pod.is_failing).collect();
    let of_failing: Vec<&Kept> =
        cluster.events.iter().filter(|it| it.fits("reason=Failed")).collect();
    let mut probes: VecDeque<String> = VecDeque::new();
    let (mut said, mut due, mut version) = (0_usize, 0_usize, 1_000_000_usize);
    loop {
        ticks.tick().await;
        due += rate;
        let per_second = usize::try_from(1_000 / TICK.as_millis()).unwrap();
        while due >= per_second {
            due -= per_second;
            said += 1;
            version += 1;
            let (kind, object) = match said * 37 % 100 {
                turn if turn < PROBES => {
                    let probe = probe(failing[0], version);
                    cluster.tell(0, "ADDED", &probe, Some(version));
                    probes.push_back(probe);
                    continue;
                }
                turn if turn < 2 * PROBES => {
                    if probes.len() < MOST_PROBES {
                        continue;
                    }
                    ("DELETED", probes.pop_front().unwrap())
                }
                turn if turn < 2 * PROBES + EVENTS => {
                    let told = again(of_failing[said % of_failing.len()], version);
                    let counted = format!("\"count\":{}", 12 + said / of_failing.len());
                    cluster.tell(1, "MODIFIED", &told.replacen("\"count\":12", &counted, 1), None);
                    continue;
                }
                turn if turn < 2 * PROBES + EVENTS + FAILING => {
                    ("MODIFIED", tried(&again(failing[said % failing.len()], version), said))
                }
                _ => ("MODIFIED", again(healthy[said * 7 % healthy.len()], version)),
            };
            cluster.tell(0, kind, &object, None);
        }
    }
}

impl Cluster {
    fn tell(&self, which: usize, kind: &str, object: &str, probe: Option<usize>) {
        let bytes = Bytes::from(format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n"));
        let line = Line { bytes, probe };
        self.watches[which].lock().unwrap().retain(|watch| watch.send(line.clone()).is_ok());
    }
}

/// The object in a newer version.
fn again(kept: &Kept, version: usize) -> String {
    let (before, rest) = kept.json.split_once("\"resourceVersion\":\"1").unwrap_or_else(|| {
        // Those of events begin otherwise.
        kept.json.split_once("\"resourceVersion\":\"2").unwrap()
    });
    let (_, rest) = rest.split_once('"').unwrap();
    format!("{before}\"resourceVersion\":\"{version}\"{rest}")
}

/// A failing pod, backing off or, every other time, at its next attempt.
fn tried(pod: &str, turn: usize) -> String {
    if turn.is_multiple_of(2) {
        return pod.to_owned();
    }
    let Some((before, rest)) = pod.split_once("Back-off pulling image ") else {
        return pod.to_owned();
    };
    let (_, words) = rest.split_once("ErrImagePull: ").unwrap();
    let tried = format!("{before}{words}");
    tried.replace("\"reason\":\"ImagePullBackOff\"", "\"reason\":\"ErrImagePull\"")
}

/// Another failing pod.
fn probe(like: &Kept, version: usize) -> String {
    let pod = again(like, version);
    let name = format!("\"name\":\"probe-{version}\"");
    let pod = pod.replacen("\"name\":\"app-0-5d9c7b6f4-00000\"", &name, 1);
    pod.replacen("9b5f4c1e-0000-4000-8000-000000000000", &format!("probe-{version}"), 1)
}

fn answer(cluster: &Cluster, request: &Request<Incoming>) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| unescape(value))
    };
    let (which, kind, all) = match request.uri().path() {
        "/api/v1/pods" => (0, "PodList", &cluster.pods),
        "/api/v1/events" => (1, "EventList", &cluster.events),
        path => return other(path),
    };
    if parameter("watch").is_some() {
        let (sender, receiver) = unbounded_channel();
        cluster.watches[which].lock().unwrap().push(sender);
        let lines = futures::stream::unfold(receiver, |mut receiver| async move {
            let line: Line = receiver.recv().await?;
            Some((line, receiver))
        });
        let body = StreamBody::new(lines.map(|line| {
            if let Some(probe) = line.probe {
                println!("{probe} {}", now());
            }
            Ok(Frame::data(line.bytes))
        }));
        return Response::builder()
            .header("content-type", "application/json")
            .body(body.boxed_unsync())
            .unwrap();
    }
    let accept = request.headers().get("accept").and_then(|it| it.to_str().ok());
    let is_binary = accept.is_some_and(|it| it.starts_with("application/vnd.kubernetes.protobuf"));
    let selector = parameter("fieldSelector").unwrap_or_default();
    let offset: usize = parameter("continue").and_then(|it| it.parse().ok()).unwrap_or(0);
    let limit: usize = parameter("limit").and_then(|it| it.parse().ok()).unwrap_or(usize::MAX);
    let mut rest = all.iter().enumerate().skip(offset).filter(|(_, it)| it.fits(&selector));
    let page: Vec<_> = rest.by_ref().take(limit).map(|(_, kept)| kept).collect();
    let token = rest.next().map_or(String::new(), |(at, _)| at.to_string());
    if is_binary {
        let items = page.iter().map(|kept| kept.binary.as_slice());
        let body = protobuf::list(kind, ("900000", &token), items);
        return respond(200, "application/vnd.kubernetes.protobuf", body);
    }
    let items: Vec<&str> = page.iter().map(|kept| kept.json.as_str()).collect();
    let metadata = json!({ "resourceVersion": "900000", "continue": token });
    let body = format!(
        "{{\"kind\":\"{kind}\",\"apiVersion\":\"v1\",\"metadata\":{metadata},\"items\":[{}]}}",
        items.join(",")
    );
    respond(200, "application/json", body.into_bytes())
}

/// Everything else that a diagnosis may ask for: there are no secrets, and nothing else is found.
fn other(path: &str) -> Response<Body> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_list = ["secrets", "pods", "events", "nodes"].contains(&name);
    let (code, body) = match name {
        "version" => (200, json!({ "major": "1", "minor": "36", "gitVersion": "v1.36.0" })),
        _ if is_list => {
            (200, json!({ "kind": "List", "apiVersion": "v1", "metadata": {}, "items": [] }))
        }
        _ => (
            404,
            json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
                "reason": "NotFound", "message": format!("{name:?} not found"),
                "details": { "name": name } }),
        ),
    };
    respond(code, "application/json", body.to_string().into_bytes())
}

fn respond(code: u16, content: &str, body: Vec<u8>) -> Response<Body> {
    let response = Response::builder().status(code).header("content-type", content);
    response.body(Full::new(Bytes::from(body)).boxed_unsync()).unwrap()
}

fn unescape(text: &str) -> String {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (hex, rest) = part.split_at(2);
        plain.push(char::from(u8::from_str_radix(hex, 16).unwrap()));
        plain.push_str(rest);
    }
    plain
}
