//! `--metrics`: the board for Prometheus, and a kubelet's probes.
//!
//! Connections are served beside the loop of the watch, on the same thread. Each request becomes a
//! question to the loop, which answers it from the board: nothing is shared, and `/healthz` is
//! answered for as long as the loop goes round. Who connects is a stranger: whatever a client does
//! or leaves undone costs a bounded time and little memory, and keeps nobody else out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::error::Error;
use crate::facts::Time;
use crate::redact;
use crate::report::metrics;
use crate::track::{Board, Sense};

use super::super::output::Output;

/// Connections at once; one more closes the oldest.
const CONNECTIONS: usize = 16;
/// How long a client may take to say what it wants, and to take the answer.
const REQUEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(10);
/// What is read of a request at most.
const BUFFER: usize = 16 * 1024;
/// The pause when no connection can be taken, as when there are no file descriptors.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a page is good for: many scrapers cost no more than one.
const FRESH: TimeDelta = TimeDelta::seconds(1);

const TEXT: &str = "text/plain; charset=utf-8";

/// An address to listen on: a port of this machine alone, unless an IP address is given.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let port = text.strip_prefix("localhost").unwrap_or(text);
    let port = port.strip_prefix(':').unwrap_or(text);
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if digits => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)),
        _ => Err("it is no address; write it as 9090, 0.0.0.0:9090 or [::1]:9090".to_owned()),
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Metrics,
    Health,
    Readiness,
}

/// A question to the loop.
pub(super) struct Question {
    about: About,
    reply: oneshot::Sender<Answer>,
}

/// What it says.
struct Answer {
    status: StatusCode,
    content: &'static str,
    body: Bytes,
}

impl Answer {
    fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, content: TEXT, body: Bytes::from(text.into() + "\n") }
    }
}

/// What is asked over HTTP.
pub(super) struct Metrics {
    /// None if nobody can ask.
    questions: Option<mpsc::Receiver<Question>>,
    /// The page as it was last made.
    page: Option<(Time, Bytes)>,
}

impl Metrics {
    /// Listens there, if anywhere, and says so.
    pub(super) async fn begin(address: Option<SocketAddr>, output: &Output) -> Result<Self, Error> {
        let Some(address) = address else { return Ok(Self { questions: None, page: None }) };
        let cannot = |error: std::io::Error| Error::CannotListen { address, why: error.kind() };
        let listener = TcpListener::bind(address).await.map_err(cannot)?;
        let bound = listener.local_addr().map_err(cannot)?;
        output.note(&format!("metrics at http://{bound}/metrics"));
        let (sender, questions) = mpsc::channel(CONNECTIONS);
        tokio::spawn(serve(listener, sender));
        Ok(Self { questions: Some(questions), page: None })
    }

    /// Waits for the next question.
    pub(super) async fn asked(&mut self) -> Question {
        if let Some(questions) = &mut self.questions
            && let Some(question) = questions.recv().await
        {
            return question;
        }
        pending().await
    }

    /// Answers it from the board; `is_listed` says whether all pods were listed once.
    pub(super) fn answer(&mut self, question: Question, board: &Board, is_listed: bool, now: Time) {
        let answer = match question.about {
            About::Health => Answer::text(StatusCode::OK, "ok"),
            About::Readiness => readiness(board, is_listed),
            About::Metrics => Answer {
                status: StatusCode::OK,
                content: metrics::CONTENT_TYPE,
                body: self.page(board, now),
            },
        };
        // Who asked may be gone.
        let _ = question.reply.send(answer);
    }

    fn page(&mut self, board: &Board, now: Time) -> Bytes {
        match &self.page {
            Some((at, page)) if (now - *at).abs() < FRESH => page.clone(),
            _ => {
                let page = Bytes::from(metrics::write(board, now));
                self.page = Some((now, page.clone()));
                page
            }
        }
    }
}

/// Whether what is known can be relied on, and why not.
fn readiness(board: &Board, is_listed: bool) -> Answer {
    let not_yet = |why: String| Answer::text(StatusCode::SERVICE_UNAVAILABLE, why);
    match board.contact.blindness(Sense::Pods) {
        Some(blindness) => {
            let since = blindness.since.to_rfc3339_opts(SecondsFormat::Secs, true);
            let why = redact::line(&blindness.why, 300);
            not_yet(format!("pods cannot be seen since {since}: {why}"))
        }
        None if !is_listed => not_yet("the pods are not listed yet".to_owned()),
        None => Answer::text(StatusCode::OK, "ready"),
    }
}

/// Takes connections, for as long as the program runs.
async fn serve(listener: TcpListener, questions: mpsc::Sender<Question>) {
    let mut connections: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        connections.retain(|connection| !connection.is_finished());
        // A good client needs milliseconds: the oldest is the one that makes no progress.
        if connections.len() >= CONNECTIONS
            && let Some(oldest) = connections.pop_front()
        {
            oldest.abort();
        }
        connections.push_back(tokio::spawn(talk(stream, questions.clone())).abort_handle());
    }
}

/// Answers one request, and closes the connection.
async fn talk(stream: TcpStream, questions: mpsc::Sender<Question>) {
    let respond = service_fn(|request: Request<Incoming>| respond(request, &questions));
    let connection = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), respond);
    // Connections end as clients please.
    let _ = tokio::time::timeout(LONGEST, connection).await;
}

async fn respond(
    request: Request<Incoming>,
    questions: &mpsc::Sender<Question>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let about = match request.uri().path() {
        "/metrics" => Some(About::Metrics),
        "/healthz" => Some(About::Health),
        "/readyz" => Some(About::Readiness),
        _ => None,
    };
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let answer = match about {
        None => Answer::text(StatusCode::NOT_FOUND, "there are /metrics, /healthz and /readyz"),
        Some(_) if !is_read => Answer::text(StatusCode::METHOD_NOT_ALLOWED, "GET and HEAD only"),
        Some(about) => ask(about, questions).await,
    };
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content));
    if answer.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    Ok(response)
}

/// Has the loop answer.
async fn ask(about: About, questions: &mpsc::Sender<Question>) -> Answer {
    let (reply, answer) = oneshot::channel();
    if questions.send(Question { about, reply }).await.is_ok()
        && let Ok(answer) = answer.await
    {
        return answer;
    }
    Answer::text(StatusCode::SERVICE_UNAVAILABLE, "the watch is ending")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_this_machine_alone_unless_it_says_otherwise() {
        for (text, wanted) in [
            ("9090", "127.0.0.1:9090"),
            (":9090", "127.0.0.1:9090"),
            ("localhost:9090", "127.0.0.1:9090"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("0.0.0.0:9090", "0.0.0.0:9090"),
            ("[::1]:9090", "[::1]:9090"),
            ("[::]:9090", "[::]:9090"),
        ] {
            assert_eq!(address(text).map(|it| it.to_string()).as_deref(), Ok(wanted), "{text}");
        }
        let wrong = [
            "",
            ":",
            "localhost",
            "localhost9090",
            "+9090",
            ":-1",
            "65536",
            "::1:9090x",
            "1.2.3.4",
            "example.org:9090",
            "http://127.0.0.1:9090",
            "::9090:",
            ":::9090",
        ];
        for text in wrong {
            assert!(address(text).is_err(), "{text:?} is taken as {:?}", address(text));
        }
    }
}
