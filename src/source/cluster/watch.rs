//! Streams of changes: a list, then a watch from there on, and again from where it broke off.
//!
//! The protocol is the one that every API server speaks: a paged list, a watch from the list's
//! version with bookmarks, a new list when that version is no longer kept (410). Streaming lists
//! (`sendInitialEvents`) are not used: servers on an older etcd refuse them. A connection that
//! breaks is made again after a pause that grows, with jitter; the stream says that it is blind, and
//! when it sees again. What changed meanwhile comes out of the watch or of the next list.

use std::borrow::Cow;
use std::time::Duration;

use chrono::TimeDelta;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::Cluster;
use super::ask::{Ask, EVENTS, Form, NODES, PODS};
use super::pages::{Pages, Turn};
use super::scan::NOT_THESE;
use super::transport::{Failure, Lines, Transport, with_jitter};
use crate::error::{ApiFault, Unreached};
use crate::facts::{Event, ObjectName, Pod, Unseen};
use crate::source::wire::protobuf::Message;
use crate::source::wire::{self, MetadataOnly, Status};
use crate::track::{Area, Mute, Platforms};
use crate::workload::Kind;

/// How long a watch is asked to last; every server cuts it off at some time.
const WATCH_SECONDS: u64 = 290;
/// How long the server may take to say that it is there; a shorter `--request-timeout` holds here as
/// well. It is asked at twice that distance.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);
/// The pause after the first break; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A watch that lasts so long was a good one: the next break is a first one again.
const GOOD_WATCH: Duration = Duration::from_secs(5);
/// No kind of a line has a longer name.
const LONGEST_KIND: usize = 32;
/// A break that is over so soon is everyday, and is not told.
const BLINK: Duration = Duration::from_secs(1);

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
    /// Nothing has changed, says the server: in a bookmark, or by opening the watch.
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
    Server(Option<Mute>),
}

/// An object that can be followed.
trait Followed: DeserializeOwned + Message {
    /// Its version, from which a watch goes on.
    fn version(&self) -> &str;
}

impl Followed for wire::Pod {
    fn version(&self) -> &str {
        &self.metadata.resource_version
    }
}

impl Followed for wire::Event {
    fn version(&self) -> &str {
        &self.metadata.resource_version
    }
}

impl Followed for MetadataOnly {
    fn version(&self) -> &str {
        &self.metadata.resource_version
    }
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
    pub async fn follow_events(&self, area: &Area, out: &Sender<Seen>) -> ApiFault {
        let ask = Ask::list(EVENTS, area.as_deref()).fields(NOT_THESE);
        let wrap = |change| Seen::Events(area.clone(), change);
        loop {
            let fault = self.transport.follow::<wire::Event, Told>(&ask, wrap, out).await;
            send(out, Seen::EventsUnseen(area.clone(), ask.unseen(&fault))).await;
            if is_final(&fault) {
                return fault;
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
    /// Asks the API server after a while whether it is there, and tells. `was_there` is what came of
    /// the last question.
    ///
    /// A server that hangs keeps its connections open, and a watch on it looks like one on which
    /// nothing happens. So does one on a connection that broke somewhere on the way: once the server
    /// answers again, the watches are opened anew.
    pub async fn ask_server(&self, was_there: &mut bool, out: &Sender<Seen>) {
        let patience = self.transport.limit().unwrap_or(LONGEST_ANSWER).min(LONGEST_ANSWER);
        tokio::time::sleep(patience * 2).await;
        let asked = Instant::now();
        let mute = self.is_there(patience).await.err().map(|fault| Mute {
            why: fault.to_string(),
            waited: TimeDelta::from_std(asked.elapsed()).unwrap_or_default(),
        });
        let is_there = mute.is_none();
        send(out, Seen::Server(mute)).await;
        if is_there && !*was_there {
            self.transport.distrust();
        }
        *was_there = is_there;
    }

    /// Whether the API server is there. It is, whatever it answers.
    async fn is_there(&self, patience: Duration) -> Result<(), ApiFault> {
        match self.transport.touch(&Ask::version(), patience).await {
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
struct Line<W> {
    object: W,
}

/// What a line of a watch is about.
#[derive(Deserialize)]
struct Purpose {
    #[serde(rename = "type")]
    kind: String,
}

/// How a watch ended, other than in a fault.
enum End {
    /// As it should: go on from the last version.
    Resume,
    /// The version is no longer kept: list again.
    Expired,
    /// The server was away, and the connection may be dead: go on from the last version at once.
    Distrusted,
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
        W: Followed,
        T: From<W>,
    {
        let mut version = String::new();
        let mut pause = FIRST_PAUSE;
        let mut has_seen = false;
        let mut is_blind = false;
        loop {
            let started = Instant::now();
            let mut opened = None;
            let step = if version.is_empty() {
                self.list_into::<W, T>(ask, &wrap, out).await.map(|at| {
                    version = at;
                    None
                })
            } else {
                match self.open(ask, &version).await {
                    Ok(lines) => {
                        opened = Some(Instant::now());
                        send(out, wrap(Change::Nothing)).await;
                        see(&mut is_blind, &wrap, out).await;
                        self.watch_into::<W, T>(ask, lines, &mut version, &wrap, out)
                            .await
                            .map(Some)
                            .map_err(Failure::is_final)
                    }
                    Err(failure) => Err(failure),
                }
            };
            if out.is_closed() {
                return std::future::pending().await;
            }
            let was_good = opened.is_some_and(|opened: Instant| opened.elapsed() >= GOOD_WATCH);
            if was_good {
                pause = FIRST_PAUSE;
            }
            let mut wait = with_jitter(pause);
            match step {
                Ok(None) => {
                    has_seen = true;
                    see(&mut is_blind, &wrap, out).await;
                    continue;
                }
                Ok(Some(End::Distrusted)) => {
                    // Whoever listens knows that the server was away.
                    is_blind = true;
                    continue;
                }
                Ok(Some(End::Resume)) if was_good => continue,
                Ok(Some(End::Resume)) => {}
                Ok(Some(End::Expired)) | Err(Failure { fault: ApiFault::Gone { .. }, .. }) => {
                    version.clear();
                }
                Err(Failure { fault, .. }) if is_final(&fault) => return fault,
                Err(Failure { fault, .. }) if !has_seen && !self.is_away(&fault) => return fault,
                Err(Failure { fault, after, .. }) => {
                    wait = wait.max(after.unwrap_or_default().min(LONGEST_PAUSE));
                    let is_brief = pause == FIRST_PAUSE && started.elapsed() + wait < BLINK;
                    if opened.is_none() && !is_brief && !is_blind {
                        is_blind = true;
                        send(out, wrap(Change::Blind(fault.to_string()))).await;
                    }
                }
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether the server has answered before, and is gone now: it will come back.
    fn is_away(&self, fault: &ApiFault) -> bool {
        self.has_answered()
            && matches!(fault, ApiFault::Unreachable { why: Unreached::Refused, .. })
    }

    /// Opens a watch from that version on.
    async fn open(&self, ask: &Ask, version: &str) -> Result<Lines, Failure> {
        self.watch(&ask.clone().watch(version, WATCH_SECONDS)).await
    }

    /// Tells a full list, a page at a time; gives its version.
    async fn list_into<W, T>(
        &self,
        ask: &Ask,
        wrap: &impl Fn(Change<Box<T>>) -> Seen,
        out: &Sender<Seen>,
    ) -> Result<String, Failure>
    where
        W: Followed,
        T: From<W>,
    {
        send(out, wrap(Change::Anew)).await;
        // Cheaper by far, from servers that can; a watch is a line at a time.
        let mut pages = match ask.form {
            Form::Json => Pages::of(&ask.clone().binary()),
            _ => Pages::of(ask),
        };
        while let Some(page) = pages.next() {
            let mut items = Vec::new();
            let read = self.page::<W>(&page, |item| items.push(Box::new(T::from(item)))).await;
            match pages.took(read, items.len()).map_err(Failure::is_final)? {
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
        mut lines: Lines,
        version: &mut String,
        wrap: &impl Fn(Change<Box<T>>) -> Seen,
        out: &Sender<Seen>,
    ) -> Result<End, ApiFault>
    where
        W: Followed,
        T: From<W>,
    {
        let mut distrust = self.distrusted();
        loop {
            let line = tokio::select! {
                line = lines.next() => line?,
                () = distrust.heard() => return Ok(End::Distrusted),
            };
            let Some(line) = line else { return Ok(End::Resume) };
            let kind = self.kind_of(ask, &line)?;
            if kind == "ERROR" {
                let Line { object: status } = self.decode::<Line<Status>>(ask, &line)?;
                if status.code == 410 || status.reason == "Expired" {
                    return Ok(End::Expired);
                }
                return Err(ApiFault::Refused {
                    server: self.server().to_owned(),
                    status: status.code,
                    said: crate::redact::line(&status.message, 300),
                });
            }
            let change = match kind.as_ref() {
                "ADDED" | "MODIFIED" => Some(Change::Is as fn(_) -> _),
                "DELETED" => Some(Change::Gone as fn(_) -> _),
                _ => None,
            };
            let Some(change) = change else {
                let Line { object } = self.decode::<Line<MetadataOnly>>(ask, &line)?;
                go_on(version, object.version());
                send(out, wrap(Change::Nothing)).await;
                continue;
            };
            let Line { object } = self.decode::<Line<W>>(ask, &line)?;
            go_on(version, object.version());
            send(out, wrap(change(Box::new(T::from(object))))).await;
        }
    }

    /// What a line is about. It stands at the beginning, as every server prints it; to find it
    /// elsewhere, the line has to be read once more.
    fn kind_of<'a>(&self, ask: &Ask, line: &'a [u8]) -> Result<Cow<'a, str>, ApiFault> {
        let kind = line.strip_prefix(b"{\"type\":\"").and_then(|rest| {
            let end = rest.iter().take(LONGEST_KIND).position(|byte| *byte == b'"')?;
            std::str::from_utf8(&rest[..end]).ok()
        });
        match kind {
            Some(kind) => Ok(Cow::Borrowed(kind)),
            None => Ok(Cow::Owned(self.decode::<Purpose>(ask, line)?.kind)),
        }
    }
}

/// Moves the version on, if there is one.
fn go_on(version: &mut String, to: &str) {
    if !to.is_empty() {
        to.clone_into(version);
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
