//! Sends a GET and brings back bytes: deadlines, the few retries that make sense, the number of
//! requests at once, and the size of an answer are bounded here, and nowhere else.
//!
//! What the bytes mean is not known here. They are never logged.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::client::Body;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::ask::{Ask, Form};
use super::fault::{self, Peer};
use crate::error::ApiFault;
use crate::source::wire::protobuf::{self, Message, PROTOBUF};
use crate::source::wire::{self, List, ListMetadata};

/// Requests in flight at once: enough for any diagnosis, harmless to any API server.
const AT_ONCE: usize = 8;
/// The first try included.
const TRIES: u32 = 3;
/// The pause after the first failure; it doubles after the second.
const FIRST_PAUSE: Duration = Duration::from_millis(150);
/// The longest pause that a server may ask for where no deadline cuts it short.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Silence on a watch after which the connection is taken for dead: servers send a bookmark every
/// minute.
const LONGEST_SILENCE: Duration = Duration::from_secs(150);
/// A page of 500 pods is 1 to 20 MiB.
const LARGEST_ANSWER: usize = 128 << 20;
/// What is read of an answer that is no success: a `Status`, or the head of a web page.
const LARGEST_REFUSAL: usize = 64 << 10;

const JSON: &str = "application/json";
/// The binary form where there is one.
const BINARY: &str = "application/vnd.kubernetes.protobuf,application/json";
/// Both forms, so that a server may answer as it can.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,\
                        application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,\
                        application/json";

/// One document that says it all (Kubernetes 1.27 and newer), or the older many.
const KINDS: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                     application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,\
                     application/json";

impl Form {
    fn accept(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Metadata => METADATA,
            Self::Binary => BINARY,
            Self::Kinds => KINDS,
        }
    }
}

/// A client with manners.
pub(super) struct Transport {
    client: kube::Client,
    /// Without a limit on silence: a watch is silent for as long as nothing happens.
    patient: kube::Client,
    peer: Peer,
    limit: Option<Duration>,
    gate: Semaphore,
    /// Told when watches are to be opened anew.
    distrust: watch::Sender<()>,
    /// Whether the server has ever answered.
    has_answered: AtomicBool,
}

/// A try that failed, and whether another one may fare better.
pub(super) struct Failure {
    pub(super) fault: ApiFault,
    again: bool,
    /// What the server asks to wait.
    pub(super) after: Option<Duration>,
}

impl Failure {
    pub(super) fn is_final(fault: ApiFault) -> Self {
        Self { fault, again: false, after: None }
    }
}

impl Transport {
    /// Of the two clients, the second has no limit on silence. `server` and `proxy` are for messages; `limit` is the time for one request, all its tries
    /// together.
    pub(super) fn new(
        (client, patient): (kube::Client, kube::Client),
        server: String,
        proxy: Option<String>,
        limit: Option<Duration>,
    ) -> Self {
        let (peer, gate) = (Peer { server, proxy }, Semaphore::new(AT_ONCE));
        Self {
            client,
            patient,
            peer,
            limit,
            gate,
            distrust: watch::Sender::new(()),
            has_answered: AtomicBool::new(false),
        }
    }

    /// The server's scheme, host and port.
    pub(super) fn server(&self) -> &str {
        &self.peer.server
    }

    /// Whether the server has ever answered: then one that cannot be reached is away, and no wrong
    /// address.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// The time for one request; none without a deadline.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// Nothing came within that time.
    pub(super) fn timed_out(&self, after: Duration) -> ApiFault {
        ApiFault::TimedOut { server: self.peer.server.clone(), after }
    }

    /// Asks for a page of a list in the API's binary form and hands over each object; a server that
    /// answers in JSON is understood as well.
    pub(super) async fn page<W: DeserializeOwned + Message>(
        &self,
        ask: &Ask,
        mut take: impl FnMut(W),
    ) -> Result<ListMetadata, ApiFault> {
        let body = self.get(ask).await?;
        if body.starts_with(b"{") {
            let list: List<W> = self.decode(ask, &body)?;
            list.items.into_iter().for_each(take);
            return Ok(list.metadata);
        }
        protobuf::each(&body, &mut take).map_err(|error| ApiFault::Undecodable {
            server: self.peer.server.clone(),
            resource: ask.resource_name(),
            what: error.to_string(),
            line: 0,
            column: 0,
        })
    }

    /// Asks and decodes.
    pub(super) async fn fetch<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, ApiFault> {
        let body = self.get(ask).await?;
        self.decode(ask, &body)
    }

    /// Decodes an answer, or one line of a watch.
    pub(super) fn decode<T: DeserializeOwned>(
        &self,
        ask: &Ask,
        body: &[u8],
    ) -> Result<T, ApiFault> {
        wire::decode(body).map_err(|error| {
            if body.trim_ascii_start().first() == Some(&b'<') {
                return fault::not_kubernetes(&self.peer, 200, Some("text/html"), body);
            }
            if error.cut_off {
                return ApiFault::Truncated { server: self.peer.server.clone() };
            }
            ApiFault::Undecodable {
                server: self.peer.server.clone(),
                resource: ask.resource_name(),
                what: error.what,
                line: error.line,
                column: error.column,
            }
        })
    }

    /// Asks, within the deadline.
    async fn get(&self, ask: &Ask) -> Result<Vec<u8>, ApiFault> {
        if !ask.is_possible() {
            return Err(fault::not_found(ask));
        }
        let _place = self.gate.acquire().await.expect("the gate is never closed");
        let Some(limit) = self.limit else { return self.get_patiently(ask, None).await };
        let deadline = Instant::now() + limit;
        tokio::time::timeout_at(deadline, self.get_patiently(ask, Some(deadline)))
            .await
            .unwrap_or_else(|_| Err(self.timed_out(limit)))
    }

    /// Tries as often as makes sense.
    async fn get_patiently(
        &self,
        ask: &Ask,
        deadline: Option<Instant>,
    ) -> Result<Vec<u8>, ApiFault> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            let failure = match self.get_once(ask).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            let wait = failure.after.unwrap_or_else(|| with_jitter(pause)).min(LONGEST_PAUSE);
            let too_late = deadline.is_some_and(|deadline| Instant::now() + wait >= deadline);
            if !failure.again || tries == TRIES || too_late {
                return Err(failure.fault);
            }
            tracing::debug!(resource = %ask.resource.plural, tries, ?wait, "trying again");
            tokio::time::sleep(wait).await;
            pause *= 2;
            tries += 1;
        }
    }

    /// Sends a request for the sake of an answer, once, and without a place at the gate: whatever
    /// else is under way must not keep it waiting.
    pub(super) async fn touch(&self, ask: &Ask, limit: Duration) -> Result<(), ApiFault> {
        let answer = tokio::time::timeout(limit, self.send(&self.client, ask)).await;
        let answer = answer.map_err(|_| self.timed_out(limit))?;
        answer.map(drop).map_err(|failure| failure.fault)
    }

    /// Has all watches opened anew: their connections may be dead.
    pub(super) fn distrust(&self) {
        self.distrust.send_replace(());
    }

    /// Hears when watches are to be opened anew.
    pub(super) fn distrusted(&self) -> Distrusted {
        Distrusted(self.distrust.subscribe())
    }

    /// Opens a watch. It has no place at the gate: it would hold it for minutes.
    pub(super) async fn watch(&self, ask: &Ask) -> Result<Lines, Failure> {
        let limit = self.limit.unwrap_or(LONGEST_PAUSE);
        let opened = tokio::time::timeout(limit, self.send(&self.patient, ask)).await;
        let response = opened.unwrap_or_else(|_| {
            let server = self.peer.server.clone();
            Err(Failure::is_final(ApiFault::TimedOut { server, after: limit }))
        });
        let body = response?.into_body();
        Ok(Lines { body, buffer: Vec::new(), start: 0, peer: self.peer.clone() })
    }

    async fn get_once(&self, ask: &Ask) -> Result<Vec<u8>, Failure> {
        let response = self.send(&self.client, ask).await?;
        self.read(ask, response).await
    }

    /// Sends one request; gives the response if it is a success with JSON in it.
    async fn send(&self, client: &kube::Client, ask: &Ask) -> Result<Response<Body>, Failure> {
        let request = Request::get(ask.url())
            .header(ACCEPT, ask.form.accept())
            .header(USER_AGENT, concat!("pulldoctor/", env!("CARGO_PKG_VERSION")));
        // Servers from 1.37 on compress a watch event by event, which the client library cannot read.
        let request =
            if ask.verb == "watch" { request.header(ACCEPT_ENCODING, "identity") } else { request };
        let request = request
            .body(Body::empty())
            .expect("the URL is made of escaped parts and the headers are constants");
        let response = client.send(request).await.map_err(|error| {
            let fault = fault::of_sending(&self.peer, &error);
            Failure { again: fault::may_pass(&fault), fault, after: None }
        })?;

        self.has_answered.store(true, Ordering::Relaxed);
        let status = response.status().as_u16();
        let content_type = header(&response, &CONTENT_TYPE);
        let is_json = content_type.as_deref().is_some_and(|value| {
            value.contains("json") || (ask.form == Form::Binary && value.starts_with(PROTOBUF))
        });
        if status == 200 && is_json {
            return Ok(response);
        }
        let location = header(&response, &LOCATION);
        let after = header(&response, &RETRY_AFTER)
            .and_then(|value| value.trim().parse().ok())
            .map(Duration::from_secs);
        let body = read_head(response).await;
        if status == 200 || (300..400).contains(&status) {
            let fault = match location {
                Some(location) => fault::redirected(&self.peer, status, &location),
                None => fault::not_kubernetes(&self.peer, status, content_type.as_deref(), &body),
            };
            return Err(Failure::is_final(fault));
        }
        Err(Failure {
            fault: fault::of_status(&self.peer, ask, status, content_type.as_deref(), &body),
            again: matches!(status, 429 | 502 | 503 | 504),
            after,
        })
    }

    /// Reads a success to its end.
    async fn read(&self, ask: &Ask, response: Response<Body>) -> Result<Vec<u8>, Failure> {
        let mut body = std::pin::pin!(Limited::new(response.into_body(), LARGEST_ANSWER));
        // Into one piece at once: to collect the frames first would hold a page twice.
        let mut whole = Vec::new();
        let read = loop {
            match body.frame().await {
                None => break Ok(()),
                Some(Ok(frame)) => whole.extend_from_slice(frame.data_ref().map_or(&[], |it| it)),
                Some(Err(error)) => break Err(error),
            }
        };
        match read {
            Ok(()) => Ok(whole),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(Failure::is_final(ApiFault::TooLarge {
                    server: self.peer.server.clone(),
                    resource: ask.resource_name(),
                    limit: LARGEST_ANSWER,
                }))
            }
            Err(error) => {
                let fault = fault::of_reading(&self.peer, error.as_ref());
                Err(Failure { again: fault::may_pass(&fault), fault, after: None })
            }
        }
    }
}

/// Waits for [`Transport::distrust`].
pub(super) struct Distrusted(watch::Receiver<()>);

impl Distrusted {
    pub(super) async fn heard(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A watch's lines, as they come.
pub(super) struct Lines {
    body: Body,
    buffer: Vec<u8>,
    /// Where in the buffer the next line begins.
    start: usize,
    peer: Peer,
}

impl Lines {
    /// The next line; none at the end of the answer.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, ApiFault> {
        // What has been searched for a line's end before.
        let mut searched = self.start;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.buffer[searched..]) {
                let line = self.start..=searched + end;
                self.start = line.end() + 1;
                return Ok(Some(self.buffer[line].to_vec()));
            }
            // Only the beginning of a line is left.
            self.buffer.drain(..std::mem::take(&mut self.start));
            searched = self.buffer.len();
            if searched > LARGEST_ANSWER {
                return Err(ApiFault::Truncated { server: self.peer.server.clone() });
            }
            let frame = tokio::time::timeout(LONGEST_SILENCE, self.body.frame()).await;
            let server = self.peer.server.clone();
            let Ok(frame) = frame else {
                return Err(ApiFault::TimedOut { server, after: LONGEST_SILENCE });
            };
            match frame {
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(ApiFault::Truncated { server }),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.buffer.extend_from_slice(data);
                    }
                }
                Some(Err(error)) => return Err(fault::of_reading(&self.peer, &error)),
            }
        }
    }
}

fn header(response: &Response<Body>, name: &http::HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// The beginning of a body, or as much of it as comes.
async fn read_head(response: Response<Body>) -> Vec<u8> {
    let mut body = response.into_body();
    let mut head = Vec::new();
    while head.len() < LARGEST_REFUSAL
        && let Some(Ok(frame)) = body.frame().await
    {
        if let Some(data) = frame.data_ref() {
            let room = LARGEST_REFUSAL - head.len();
            head.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    head
}

/// Half to one and a half of `pause`, so that many clients do not come back at once.
pub(super) fn with_jitter(pause: Duration) -> Duration {
    // A hasher's random keys are the randomness that the standard library has.
    let thousandths = u32::try_from(RandomState::new().hash_one(0) % 1000).unwrap_or(0);
    pause * (500 + thousandths) / 1000
}
