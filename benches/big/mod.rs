//! The cluster, its server, and the bare client.

mod objects;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::{protobuf, tls};
use objects::{Kept, events, pods};

/// Objects in a page, unless the client says otherwise.
const PAGE: usize = 500;

struct Cluster {
    pods: Vec<Kept>,
    events: Vec<Kept>,
    moved: AtomicUsize,
}

/// Serves the cluster until it is killed. The first line says that it is ready; after that a line
/// with the bytes moved for every request for `/flush`.
pub(crate) fn serve(directory: &Path, number: usize) {
    let cluster = Arc::new(Cluster {
        pods: pods(number),
        events: events(number),
        moved: AtomicUsize::new(0),
    });
    let authority = tls::Authority::new();
    let acceptor = authority.acceptor(tls::Certificate::Good).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("https://{}", listener.local_addr().unwrap());
        std::fs::write(directory.join("ca.pem"), authority.pem()).unwrap();
        std::fs::write(directory.join("server"), &server).unwrap();
        // The same server twice: under /json it knows no binary form.
        for (name, prefix) in [("kubeconfig", ""), ("kubeconfig-json", "/json")] {
            let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "big",
            "clusters": [{ "name": "big", "cluster": {
                "server": format!("{server}{prefix}"), "certificate-authority": directory.join("ca.pem"),
            }}],
            "users": [{ "name": "big", "user": { "token": "x" } }],
            "contexts": [{ "name": "big", "context": { "cluster": "big", "user": "big" } }],
        });
            std::fs::write(directory.join(name), config.to_string()).unwrap();
        }
        let size = |kept: &[Kept]| kept.iter().map(|it| it.json.len()).sum::<usize>() >> 20;
        println!(
            "{} pods, {} MB as JSON, {} failing; {} events, {} MB",
            cluster.pods.len(),
            size(&cluster.pods),
            cluster.pods.iter().filter(|pod| pod.is_failing).count(),
            cluster.events.len(),
            size(&cluster.events),
        );
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

fn answer(cluster: &Cluster, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let json_only = path.starts_with("/json/");
    let path = path.strip_prefix("/json").unwrap_or(path);
    if path == "/flush" {
        println!("{}", cluster.moved.swap(0, Ordering::Relaxed));
        return Response::new(Full::default());
    }
    let query = request.uri().query().unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| unescape(value))
    };
    let accept = request.headers().get("accept").and_then(|it| it.to_str().ok());
    let binary = !json_only
        && accept.is_some_and(|it| it.starts_with("application/vnd.kubernetes.protobuf"));
    let (kind, all) = match path {
        "/api/v1/pods" => ("PodList", &cluster.pods),
        "/api/v1/events" => ("EventList", &cluster.events),
        _ => return other(cluster, path),
    };
    let selector = parameter("fieldSelector").unwrap_or_default();
    let offset: usize = parameter("continue").and_then(|it| it.parse().ok()).unwrap_or(0);
    let limit: usize = parameter("limit").and_then(|it| it.parse().ok()).unwrap_or(PAGE);
    let mut rest = all.iter().enumerate().skip(offset).filter(|(_, it)| it.fits(&selector));
    let page: Vec<_> = rest.by_ref().take(limit).map(|(_, kept)| kept).collect();
    let token = rest.next().map_or(String::new(), |(at, _)| at.to_string());
    let (body, content) = if binary {
        let items = page.iter().map(|kept| kept.binary.as_slice());
        (protobuf::list(kind, ("1000", &token), items), "application/vnd.kubernetes.protobuf")
    } else {
        let items: Vec<&str> = page.iter().map(|kept| kept.json.as_str()).collect();
        let metadata = json!({ "resourceVersion": "1000", "continue": token });
        let body = format!(
            "{{\"kind\":\"{kind}\",\"apiVersion\":\"v1\",\"metadata\":{metadata},\"items\":[{}]}}",
            items.join(",")
        );
        (body.into_bytes(), "application/json")
    };
    respond(cluster, 200, content, body)
}

/// Everything else that a diagnosis may ask for: there are no secrets, and nothing else is found.
fn other(cluster: &Cluster, path: &str) -> Response<Full<Bytes>> {
    if path.ends_with("/secrets") || path.ends_with("/pods") || path.ends_with("/events") {
        let list = json!({ "kind": "List", "apiVersion": "v1", "metadata": {}, "items": [] });
        return respond(cluster, 200, "application/json", list.to_string().into_bytes());
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
        "reason": "NotFound", "message": format!("{name:?} not found"), "details": { "name": name } });
    respond(cluster, 404, "application/json", status.to_string().into_bytes())
}

fn respond(cluster: &Cluster, code: u16, content: &str, body: Vec<u8>) -> Response<Full<Bytes>> {
    cluster.moved.fetch_add(body.len(), Ordering::Relaxed);
    let response = Response::builder().status(code).header("content-type", content);
    response.body(Full::new(Bytes::from(body))).unwrap()
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

/// A connection to the server.
async fn connect(directory: &Path) -> hyper::client::conn::http1::SendRequest<Empty<Bytes>> {
    let server = std::fs::read_to_string(directory.join("server")).unwrap();
    let address = server.strip_prefix("https://").unwrap().to_owned();
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(directory.join("ca.pem")).unwrap();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(&address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let stream =
        tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let (sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Asks the server to say what was moved, in MB.
pub(crate) fn flush(directory: &Path, line: &mut impl FnMut() -> String) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut sender = connect(directory).await;
        let request = Request::get("/flush").body(Empty::new()).unwrap();
        sender.send_request(request).await.unwrap();
    });
    let bytes: f64 = line().parse().unwrap();
    format!("{:.1}", bytes / 1e6)
}

/// Reads a list page by page and throws it away.
pub(crate) fn bare(directory: &Path, what: &str) {
    let (what, form) = what.split_once(' ').unwrap();
    let (path, selector) = match what {
        "pods" => ("pods", ""),
        "pending" => ("pods", "status.phase%3DPending"),
        "events" => ("events", ""),
        "failed" => ("events", "reason%3DFailed"),
        _ => ("events", "reason%21%3DScheduled%2Creason%21%3DCreated%2Creason%21%3DStarted"),
    };
    let accept =
        if form == "binary" { "application/vnd.kubernetes.protobuf" } else { "application/json" };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut sender = connect(directory).await;
        let mut token = String::new();
        loop {
            let url =
                format!("/api/v1/{path}?limit={PAGE}&fieldSelector={selector}&continue={token}");
            let request = Request::get(url).header("accept", accept).body(Empty::new()).unwrap();
            let mut body = sender.send_request(request).await.unwrap().into_body();
            // The token stands at the beginning in both forms.
            let mut head: Vec<u8> = Vec::new();
            while let Some(frame) = body.frame().await {
                let data = frame.unwrap().into_data().unwrap_or_default();
                if head.len() < 256 {
                    head.extend(data.iter().take(256));
                }
            }
            token = continue_token(&head);
            if token.is_empty() {
                return;
            }
        }
    });
}

fn continue_token(head: &[u8]) -> String {
    if head.starts_with(b"{") {
        let text = String::from_utf8_lossy(head);
        let rest = text.split_once("\"continue\":\"").map_or("", |(_, rest)| rest);
        return rest.split_once('"').map_or(String::new(), |(token, _)| token.to_owned());
    }
    // Field 2 of the list's metadata is the version, "1000"; field 3 follows.
    let mark = b"\x12\x041000\x1a";
    let at = head.windows(mark.len()).position(|window| window == mark).unwrap() + mark.len();
    let length = usize::from(head[at]);
    String::from_utf8(head[at + 1..at + 1 + length].to_vec()).unwrap()
}
