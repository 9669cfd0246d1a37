//! An incident: failures that share a cause and a place, what they have in common, how many they are
//! over time, and when that is worth telling.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::history::{History, Trend};
use super::tally::Tally;
use super::world::Tracked;
use crate::cause::{self, Cause, Group, Retry};
use crate::diagnose::{self, Diagnosis, Workload};
use crate::facts::{ObjectName, Time};
use crate::registry;

/// How long a failure without words of its own may wait for them before it is told: a kubelet's
/// events come after its status.
const WORDS: TimeDelta = TimeDelta::seconds(2);
/// The shortest and the longest time between two updates on one incident.
const PAUSES: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(30));
/// How long a recovered incident is shown, and taken up again if it comes back.
const REMEMBERED: TimeDelta = TimeDelta::minutes(10);
/// Pods that are named in one update; of more it is said how many.
const NAMED: usize = 3;
/// Images that are remembered of an incident.
const MOST_STRUCK: usize = 200;

/// What failures must share to be one incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) cause: &'static str,
    pub(super) registry: String,
    pub(super) scope: Scope,
}

/// How far a cause reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// All images of the registry.
    Registry,
    /// Those of one owner at a registry that strangers share: `docker.io/acme/…`.
    Owner(String),
    /// One image.
    Image(String),
    /// All images on one node.
    Node(String),
}

impl Key {
    pub(super) fn of(diagnosis: &Diagnosis) -> Self {
        let cause = diagnosis.cause;
        let registry = diagnosis.image.registry();
        let image = || match &diagnosis.image.parsed {
            // Two ways to write one image are one image.
            Some(parsed) => parsed.to_string(),
            None => diagnosis.image.reference.clone(),
        };
        let is_the_nodes = [
            &cause::DISK_FULL,
            &cause::NODE_STORAGE_ERROR,
            &cause::IMAGE_STORE_CORRUPT,
            &cause::RUNTIME_UNAVAILABLE,
        ];
        let scope = match (cause.group, &diagnosis.node) {
            (Group::Access, _) => match &diagnosis.image.parsed {
                Some(parsed) if registry::Kind::of_host(registry).is_shared() => {
                    let owner = parsed.repository().split('/').next().unwrap_or_default();
                    Scope::Owner(owner.to_owned())
                }
                _ => Scope::Registry,
            },
            (Group::Node, Some(node)) if is_the_nodes.iter().any(|it| **it == *cause) => {
                Scope::Node(node.clone())
            }
            _ if cause == &cause::REGISTRY_BLOCKED => Scope::Registry,
            _ if diagnose::is_about_one_image(cause) => Scope::Image(image()),
            _ => Scope::Registry,
        };
        // A node that is broken fails at every registry.
        let registry = if matches!(scope, Scope::Node(_)) { "" } else { registry };
        Self { cause: cause.code, registry: registry.to_owned(), scope }
    }
}

/// The place of a failure: a pod, and in it a container or volume with an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) pod: ObjectName,
    pub(super) place: String,
    pub(super) image: String,
}

impl Spot {
    pub(super) fn of(diagnosis: &Diagnosis) -> Self {
        let place = diagnosis.volume.as_ref().or(diagnosis.container.as_ref());
        Self {
            pod: diagnosis.pod.clone(),
            place: place.cloned().unwrap_or_default(),
            image: diagnosis.image.reference.clone(),
        }
    }
}

/// A change of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentChange {
    /// The incident's number.
    pub number: u64,
    /// What has become of it.
    pub kind: ChangeKind,
    /// Whether the objects have proven something since it was last told.
    pub is_diagnosed: bool,
    /// Some of the pods that fail since it was last told.
    pub joined: Vec<ObjectName>,
    /// How many pods there are besides those.
    pub more_joined: usize,
    /// How many of its failures have ended since it was last told.
    pub left: usize,
}

/// What becomes of an incident or a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It has begun.
    Opened,
    /// It is another than it was.
    Updated,
    /// It is over.
    Recovered,
}

impl ChangeKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Recovered => "recovered",
        }
    }
}

/// A failing place that belongs to an incident.
#[derive(Debug, Clone)]
struct Member {
    node: Option<String>,
    workload: (String, Workload),
}

/// What was last told of an incident.
#[derive(Debug, Clone)]
struct Told {
    at: Time,
    pause: TimeDelta,
}

/// How many failures of an incident have ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// The image came.
    pub pulled: usize,
    /// The pod was deleted or replaced.
    pub deleted: usize,
    /// It began anew.
    pub pending: usize,
    /// Its words are those of another cause now.
    pub renamed: usize,
}

/// Failures that belong together.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Its number, from 1: the same for as long as the program runs.
    pub number: u64,
    /// What the words prove.
    pub cause: &'static Cause,
    /// The registry's host; empty where the cause lies with a node, or the image names none.
    pub registry: String,
    /// The earliest sign of it.
    pub since: Time,
    /// When it was first met.
    pub opened: Time,
    /// When a failure of it was last told of.
    pub last_seen: Time,
    /// When the last of its failures ended; none while there is one.
    pub ended_at: Option<Time>,
    /// Until when it may still go on.
    pub(super) lingers_until: Time,
    /// How its failures ended so far.
    pub ended: Ended,
    /// The most pods that failed at once.
    pub most: usize,
    /// How often it has come back.
    pub again: usize,
    /// The diagnosis of one of its pods: at first by the words alone, for an access failure none;
    /// and once the cluster was asked about it, by the objects as well.
    pub diagnosis: Option<Box<Diagnosis>>,
    /// What its failures are called now, where the words changed.
    pub became: Option<&'static Cause>,
    pub(super) key: Key,
    /// Images that have failed, also those that fail no longer.
    struck: BTreeSet<String>,
    members: BTreeMap<Spot, Member>,
    pods: Tally<ObjectName>,
    workloads: Tally<(String, Workload)>,
    nodes: Tally<String>,
    images: Tally<String>,
    history: History,
    told: Option<Told>,
    /// Whether the objects have proven something since it was last told.
    pub(super) is_diagnosed: bool,
    joined: Vec<ObjectName>,
    more_joined: usize,
    left: usize,
}

impl Incident {
    pub(super) fn new(
        number: u64,
        key: &Key,
        cause: &'static Cause,
        since: Time,
        now: Time,
    ) -> Self {
        Self {
            number,
            cause,
            registry: key.registry.clone(),
            since,
            opened: now,
            last_seen: now,
            ended_at: None,
            lingers_until: now,
            ended: Ended::default(),
            most: 0,
            again: 0,
            diagnosis: None,
            became: None,
            key: key.clone(),
            struck: BTreeSet::new(),
            members: BTreeMap::new(),
            pods: Tally::default(),
            workloads: Tally::default(),
            nodes: Tally::default(),
            images: Tally::default(),
            history: History::default(),
            told: None,
            is_diagnosed: false,
            joined: Vec::new(),
            more_joined: 0,
            left: 0,
        }
    }

    /// The same that is over, when it comes back.
    pub(super) fn again(self, since: Time, now: Time) -> Self {
        Self { again: self.again + 1, since, opened: now, ended: Ended::default(), most: 0, ..self }
    }

    /// What the objects prove, once the cluster was asked.
    pub fn root_cause(&self) -> Option<&'static Cause> {
        self.diagnosis.as_ref().and_then(|diagnosis| diagnosis.root_cause)
    }

    /// The cause that speaks for it: the root cause when there is one.
    pub fn leading(&self) -> &'static Cause {
        self.root_cause().unwrap_or(self.cause)
    }

    /// Whether waiting helps.
    pub fn retry(&self) -> Retry {
        let by_diagnosis = self.diagnosis.as_ref().map(|diagnosis| diagnosis.retry());
        by_diagnosis.unwrap_or(self.cause.retry)
    }

    /// Whether one of its failures lasts.
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Whether it may still be taken up again if it comes back.
    pub(super) fn is_remembered(&self, now: Time) -> bool {
        self.ended_at.is_none_or(|at| now - at <= REMEMBERED)
    }

    /// The failing pods.
    pub fn pods(&self) -> &Tally<ObjectName> {
        &self.pods
    }

    /// Their workloads, with their namespaces.
    pub fn workloads(&self) -> &Tally<(String, Workload)> {
        &self.workloads
    }

    /// Their nodes.
    pub fn nodes(&self) -> &Tally<String> {
        &self.nodes
    }

    /// The images that fail, as the pods write them.
    pub fn images(&self) -> &Tally<String> {
        &self.images
    }

    /// The images that have failed since it opened, or the first of them.
    pub fn struck(&self) -> &BTreeSet<String> {
        &self.struck
    }

    /// Its failing pods over the last minutes, the most of each ten seconds.
    pub fn samples(&self, now: Time) -> Vec<usize> {
        self.history.samples(now)
    }

    /// Whether it is getting better.
    pub fn trend(&self, now: Time) -> Trend {
        self.history.trend(now)
    }

    /// Whether anybody was told of it.
    pub(super) fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// Whether that failure belongs to it.
    pub(super) fn holds(&self, spot: &Spot) -> bool {
        self.members.contains_key(spot)
    }

    /// A pod that stands for the others: the first.
    pub fn example(&self) -> Option<&ObjectName> {
        self.pods.iter().next()
    }

    pub(super) fn add(&mut self, spot: Spot, diagnosis: &Diagnosis, tracked: &Tracked, now: Time) {
        let workload = diagnosis.owner.clone().unwrap_or_else(|| Workload::of(&tracked.pod));
        let member = Member {
            node: diagnosis.node.clone(),
            workload: (spot.pod.namespace.clone(), workload),
        };
        let is_new_pod = !self.pods.contains(&spot.pod);
        self.pods.add(spot.pod.clone());
        self.workloads.add(member.workload.clone());
        self.images.add(spot.image.clone());
        if self.struck.len() < MOST_STRUCK {
            self.struck.insert(spot.image.clone());
        }
        if let Some(node) = &member.node {
            self.nodes.add(node.clone());
        }
        if is_new_pod && self.joined.len() < NAMED {
            self.joined.push(spot.pod.clone());
        } else if is_new_pod {
            self.more_joined += 1;
        }
        self.members.insert(spot, member);
        self.last_seen = now;
        self.became = None;
        self.most = self.most.max(self.pods.len());
        self.history.set(self.pods.len(), now);
    }

    pub(super) fn remove(&mut self, spot: &Spot, lingers: TimeDelta, now: Time) -> bool {
        let Some(member) = self.members.remove(spot) else { return false };
        self.pods.remove(&spot.pod);
        self.workloads.remove(&member.workload);
        self.images.remove(&spot.image);
        if let Some(node) = &member.node {
            self.nodes.remove(node);
        }
        // Who joined and left before it was told need not be told.
        match self.joined.iter().position(|pod| *pod == spot.pod) {
            Some(index) if !self.pods.contains(&spot.pod) => {
                self.joined.remove(index);
            }
            _ => self.left += 1,
        }
        self.history.set(self.pods.len(), now);
        if self.members.is_empty() {
            self.ended_at = Some(now);
            self.lingers_until = now + lingers;
        }
        true
    }

    /// Has it tell what there is to tell by now.
    pub(super) fn hurry(&mut self, now: Time) {
        self.lingers_until = self.lingers_until.min(now);
        match &mut self.told {
            Some(told) => told.pause = TimeDelta::zero(),
            None => self.opened = self.opened.min(now - WORDS),
        }
    }

    /// When it is to be told, if there is anything to tell.
    pub(super) fn due(&self) -> Option<Time> {
        let has_news =
            self.is_diagnosed || !self.joined.is_empty() || self.more_joined > 0 || self.left > 0;
        match (&self.told, self.ended_at) {
            (None, None) if self.cause.group == Group::NoCause => Some(self.opened + WORDS),
            (None, None) => Some(self.opened),
            (Some(_), Some(_)) => Some(self.lingers_until),
            (Some(told), None) if has_news => Some(told.at + told.pause),
            (None, Some(_)) | (Some(_), None) => None,
        }
    }

    /// Tells it.
    pub(super) fn tell(&mut self, kind: ChangeKind, now: Time) -> IncidentChange {
        let (shortest, longest) = PAUSES;
        let pause = match &self.told {
            Some(told) if now - told.at <= told.pause * 2 => (told.pause * 2).min(longest),
            _ => shortest,
        };
        self.told = (kind != ChangeKind::Recovered).then_some(Told { at: now, pause });
        if kind == ChangeKind::Opened {
            self.history.begin(self.pods.len());
        }
        IncidentChange {
            number: self.number,
            kind,
            is_diagnosed: std::mem::take(&mut self.is_diagnosed),
            joined: std::mem::take(&mut self.joined),
            more_joined: std::mem::take(&mut self.more_joined),
            left: std::mem::take(&mut self.left),
        }
    }
}
