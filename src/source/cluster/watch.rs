//! Streams of changes: a list, then a watch from there on, and again from where it broke off.
//!
//! The protocol is the one that every API server speaks: a paged list, a watch from the list's
//! version with bookmarks, a new list when that version is no longer kept (410). Streaming lists
//! (`sendInitialEvents`) are not used: servers on an older etcd refuse them. A connection that
//! breaks is made again after a pause that grows, with jitter; the stream says that it is blind, and
//! when it sees again. What changed meanwhile comes out of the watch or of the next list.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::Cluster;
use super::ask::{Ask, EVENTS, NODES, PODS};
use super::pages::{Pages, Turn};
use super::scan::NOT_THESE;
use super::transport::{Transport, with_jitter};
use crate::error::ApiFault;
use crate::facts::{Event, ObjectName, Pod, Unseen};
use crate::source::wire::protobuf::Message;
use crate::source::wire::{self, MetadataOnly, Status};
use crate::track::{Area, Platforms};
use crate::workload::Kind;

/// How long a watch is asked to last; every server cuts it off at some time.
const WATCH_SECONDS: u64 = 290;
/// How often the server is asked whether it is there.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(10);
/// How long it may take to say so.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);
/// The pause after the first break; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A watch that lasts so long was a good one: the next break is a first one again.
const GOOD_WATCH: Duration = Duration::from_secs(5);

/// A step of a stream.
#[derive(Debug, Clone)]
pub enum Change<T> {
    /// A full list begins.
    Anew,
    /// The object is there, new or changed.
    Is(T),
    /// The object is gone; as it was last.
    Gone(T),
    /// The full list is complete.
    Listed,
    /// Nothing has changed, says the server.
    Nothing,
    /// Nothing can be seen for the time being, and why.
    Blind(String),
    /// It can be seen again.
    Seeing,
}

/// An event with its own name, by which its repetitions are known.
#[derive(Debug, Clone)]
pub struct Told {
    /// The event's own name.
    pub name: ObjectName,
    /// The event.
    pub event: Event,
}

impl From<wire::Event> for Told {
    fn from(event: wire::Event) -> Self {
        Self { name: event.metadata.object_name(), event: event.into() }
    }
}

/// What one of the streams says.
#[derive(Debug, Clone)]
pub enum Seen {
    /// About pods.
    Pods(Area, Change<Box<Pod>>),
    /// About events.
    Events(Area, Change<Box<Told>>),
    /// The events of an area cannot be read at all.
    EventsUnseen(Area, Unseen),
    /// A workload of that kind and name in that namespace is new, changed or gone.
    Workload(Kind, ObjectName),
    /// Whether the API server answers at all: why not, if not.
    Server(Option<String>),
}

impl Cluster {
    /// Follows pods until that is impossible: gives why.
    pub async fn follow_pods(
        &self,
        area: &Area,
        labels: Option<&str>,
        out: &Sender<Seen>,
    ) -> ApiFault {
        let ask = Ask::list(PODS, area.as_deref()).labels(labels);
        let wrap = |change| Seen::Pods(area.clone(), change);
        self.transport.follow::<wire::Pod, Pod>(&ask, wrap, out).await
    }

    /// Follows the events of pods. That they cannot be read is told and no failure; it ends only
    /// where trying again is pointless.
    pub async fn follow_events(&self, area: &Area, out: &Sender<Seen>) {
        let ask = Ask::list(EVENTS, area.as_deref()).fields(NOT_THESE);
        let wrap = |change| Seen::Events(area.clone(), change);
        loop {
            let fault = self.transport.follow::<wire::Event, Told>(&ask, wrap, out).await;
            send(out, Seen::EventsUnseen(area.clone(), ask.unseen(&fault))).await;
            if is_final(&fault) {
                return;
            }
            tokio::time::sleep(with_jitter(LONGEST_PAUSE)).await;
        }
    }

    /// Follows the workloads of a kind in a namespace, or one of them: tells their names only.
    pub async fn follow_workloads(
        &self,
        kind: &Kind,
        namespace: &str,
        name: Option<&str>,
        out: &Sender<Seen>,
    ) -> ApiFault {
        let Some(resource) = self.resource(kind).await else {
            // There is no such list: the kind is found by its pods.
            return std::future::pending().await;
        };
        let ask = Ask::list(resource, Some(namespace)).metadata();
        let ask = match name {
            Some(name) => ask.fields(format!("metadata.name={name}")),
            None => ask,
        };
        let wrap = |change: Change<Box<ObjectName>>| match change {
            Change::Is(object) | Change::Gone(object) => Seen::Workload(kind.clone(), *object),
            // The name that no object has.
            _ => Seen::Workload(kind.clone(), ObjectName::new(namespace, "")),
        };
        let fault = self.transport.follow::<MetadataOnly, ObjectName>(&ask, wrap, out).await;
        if matches!(kind, Kind::Other { .. }) {
            // Who may not watch a kind of somebody else's still sees its pods.
            return std::future::pending().await;
        }
        fault
    }
}

impl Cluster {
    /// Asks the API server again and again whether it is there, and tells.
    ///
    /// A server that hangs keeps its connections open, and a watch on it looks like one on which
    /// nothing happens.
    pub async fn follow_server(&self, out: &Sender<Seen>) {
        loop {
            tokio::time::sleep(BETWEEN_QUESTIONS).await;
            let why = self.is_there().await.err().map(|fault| fault.to_string());
            send(out, Seen::Server(why)).await;
        }
    }

    /// Whether the API server is there. It is, whatever it answers.
    async fn is_there(&self) -> Result<(), ApiFault> {
        match self.transport.touch(&Ask::version(), LONGEST_ANSWER).await {
            Err(
                fault @ (ApiFault::Unreachable { .. }
                | ApiFault::Tls { .. }
                | ApiFault::PlainServer { .. }
                | ApiFault::SecureServer { .. }
                | ApiFault::TimedOut { .. }
                | ApiFault::Truncated { .. }
                | ApiFault::NotKubernetes { .. }),
            ) => Err(fault),
            _ => Ok(()),
        }
    }

    /// The platforms of all nodes, as `linux/arm64`, by their names. Only metadata leaves the server.
    pub async fn platforms(&self) -> Result<Platforms, ApiFault> {
        let mut platforms = Platforms::new();
        let ask = Ask::list(NODES, None).metadata();
        self.transport
            .each::<MetadataOnly>(&ask, |node| match node {
                None => platforms.clear(),
                Some(MetadataOnly { metadata }) => {
                    let label = |key: &str| metadata.labels.get(key).cloned();
                    let platform = label("kubernetes.io/os").zip(label("kubernetes.io/arch"));
                    if let Some((os, architecture)) = platform {
                        platforms.insert(metadata.name, format!("{os}/{architecture}"));
                    }
                }
            })
            .await?;
        Ok(platforms)
    }
}

impl From<MetadataOnly> for ObjectName {
    fn from(object: MetadataOnly) -> Self {
        object.metadata.object_name()
    }
}

/// One line of a watch.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    object: Box<RawValue>,
}

/// How a watch ended.
enum End {
    /// As it should, or by a break: go on from the last version.
    Resume,
    /// The version is no longer kept: list again.
    Expired,
}

impl Transport {
    /// Follows a list for ever; gives the fault that makes it pointless.
    async fn follow<W, T>(
        &self,
        ask: &Ask,
        wrap: impl Fn(Change<Box<T>>) -> Seen,
        out: &Sender<Seen>,
    ) -> ApiFault
    where
        W: DeserializeOwned + Message,
        T: From<W>,
    {
        let mut version = String::new();
        let mut pause = FIRST_PAUSE;
        let mut has_seen = false;
        let mut is_blind = false;
        loop {
            let started = Instant::now();
            let step = if version.is_empty() {
                self.list_into::<W, T>(ask, &wrap, out).await.map(|at| {
                    version = at;
                    has_seen = true;
                    None
                })
            } else {
                let is_blind = &mut is_blind;
                self.watch_into::<W, T>(ask, &mut version, &wrap, out, is_blind).await.map(Some)
            };
            if out.is_closed() {
                return std::future::pending().await;
            }
            match step {
                Ok(end) => {
                    match end {
                        None => {
                            see(&mut is_blind, &wrap, out).await;
                            continue;
                        }
                        Some(End::Expired) => version.clear(),
                        Some(End::Resume) => {}
                    }
                    if started.elapsed() >= GOOD_WATCH {
                        pause = FIRST_PAUSE;
                        continue;
                    }
                }
                Err(ApiFault::Gone { .. }) => version.clear(),
                Err(fault) if is_final(&fault) || !has_seen => return fault,
                Err(fault) => {
                    if started.elapsed() >= GOOD_WATCH {
                        pause = FIRST_PAUSE;
                    }
                    // A watch that ends in a break is everyday; not to get back in is not.
                    if pause > FIRST_PAUSE && !is_blind {
                        is_blind = true;
                        send(out, wrap(Change::Blind(fault.to_string()))).await;
                    }
                }
            }
            tokio::time::sleep(with_jitter(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Tells a full list, a page at a time; gives its version.
    async fn list_into<W, T>(
        &self,
        ask: &Ask,
        wrap: &impl Fn(Change<Box<T>>) -> Seen,
        out: &Sender<Seen>,
    ) -> Result<String, ApiFault>
    where
        W: DeserializeOwned + Message,
        T: From<W>,
    {
        send(out, wrap(Change::Anew)).await;
        let mut pages = Pages::of(&ask.clone().binary());
        while let Some(page) = pages.next() {
            let mut items = Vec::new();
            let read = self.page::<W>(&page, |item| items.push(Box::new(T::from(item)))).await;
            match pages.took(read, items.len())? {
                Turn::Page => {
                    for item in items {
                        send(out, wrap(Change::Is(item))).await;
                    }
                }
                Turn::Anew => send(out, wrap(Change::Anew)).await,
            }
        }
        send(out, wrap(Change::Listed)).await;
        Ok(pages.into_version())
    }

    /// Tells a watch, and keeps the version up to date.
    async fn watch_into<W, T>(
        &self,
        ask: &Ask,
        version: &mut String,
        wrap: &impl Fn(Change<Box<T>>) -> Seen,
        out: &Sender<Seen>,
        is_blind: &mut bool,
    ) -> Result<End, ApiFault>
    where
        W: DeserializeOwned,
        T: From<W>,
    {
        let ask = ask.clone().watch(version, WATCH_SECONDS);
        let mut lines = self.watch(&ask).await?;
        see(is_blind, wrap, out).await;
        while let Some(line) = lines.next().await? {
            let Line { kind, object } = self.decode(&ask, &line)?;
            let object = object.get().as_bytes();
            if kind == "ERROR" {
                let status: Status = self.decode(&ask, object)?;
                if status.code == 410 || status.reason == "Expired" {
                    return Ok(End::Expired);
                }
                return Err(ApiFault::Refused {
                    server: self.server().to_owned(),
                    status: status.code,
                    said: crate::redact::line(&status.message, 300),
                });
            }
            let MetadataOnly { metadata } = self.decode(&ask, object)?;
            if !metadata.resource_version.is_empty() {
                *version = metadata.resource_version;
            }
            let change = match kind.as_str() {
                "ADDED" | "MODIFIED" => Change::Is,
                "DELETED" => Change::Gone,
                _ => {
                    send(out, wrap(Change::Nothing)).await;
                    continue;
                }
            };
            send(out, wrap(change(Box::new(T::from(self.decode::<W>(&ask, object)?))))).await;
        }
        Ok(End::Resume)
    }
}

/// Whether asking again is pointless.
fn is_final(fault: &ApiFault) -> bool {
    matches!(
        fault,
        ApiFault::Forbidden { .. }
            | ApiFault::Unauthorized { .. }
            | ApiFault::NoSuchResource { .. }
            | ApiFault::NoSuchKind { .. }
            | ApiFault::Credential { .. }
            | ApiFault::Refused { status: 400..=403 | 405..=409 | 422, .. }
    )
}

/// Tells that it can be seen again, if it could not.
async fn see<T>(is_blind: &mut bool, wrap: &impl Fn(Change<T>) -> Seen, out: &Sender<Seen>) {
    if std::mem::take(is_blind) {
        send(out, wrap(Change::Seeing)).await;
    }
}

/// Tells one step. That nobody listens any more shows at the next turn of the loop.
async fn send(out: &Sender<Seen>, seen: Seen) {
    let _ = out.send(seen).await;
}
