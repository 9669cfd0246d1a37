//! Failures grouped into incidents, over time: what opens, what grows, what recovers.
//!
//! A failure is an image that a pod's container cannot get. It belongs to one incident: those with
//! the same cause at the same registry, and where the cause lies with an image, an owner's
//! credentials or a node, to that image, owner or node. An incident is told when it opens, when it
//! has changed (the more it changes, the less often), and when the last of its failures has ended.
//! A failure counts once, however often the cluster tells of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::TimeDelta;

use super::history::{History, Trend};
use super::tally::Tally;
use super::world::{Standing, Tracked, Turn, World};
use crate::cause::{self, Cause, Group, Retry};
use crate::diagnose::{self, Diagnosis, Workload};
use crate::facts::{ObjectName, State, Time};
use crate::registry;

/// How long a failure without words of its own may wait for them before it is told: a kubelet's
/// events come after its status.
const WORDS: TimeDelta = TimeDelta::seconds(2);
/// The shortest and the longest time between two updates on one incident.
const PAUSES: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(30));
/// How long a recovered incident is shown, and taken up again if it comes back.
const REMEMBERED: TimeDelta = TimeDelta::minutes(10);
/// Recovered incidents that are remembered.
const MOST_ENDED: usize = 50;
/// Pods that are named in one update; of more it is said how many.
const NAMED: usize = 3;
/// Images that are remembered of an incident.
const MOST_STRUCK: usize = 200;
/// Registries of which it is remembered when a pull last succeeded.
const MOST_REGISTRIES: usize = 1_000;

/// What failures must share to be one incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    cause: &'static str,
    registry: String,
    scope: Scope,
}

/// How far a cause reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
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
    fn of(diagnosis: &Diagnosis) -> Self {
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
struct Spot {
    pod: ObjectName,
    place: String,
    image: String,
}

impl Spot {
    fn of(diagnosis: &Diagnosis) -> Self {
        let place = diagnosis.volume.as_ref().or(diagnosis.container.as_ref());
        Self {
            pod: diagnosis.pod.clone(),
            place: place.cloned().unwrap_or_default(),
            image: diagnosis.image.reference.clone(),
        }
    }
}

/// How a failure ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The image is there.
    Pulled,
    /// The pod is gone, or going.
    Deleted,
    /// Another pod of the same name is in its place.
    Replaced,
    /// The pod has begun anew, or has got another image: it is not known yet.
    Pending,
}

impl End {
    /// How long an incident whose last failure ended so may go on in other pods or at the next try
    /// before it is over.
    fn lingers(self) -> TimeDelta {
        match self {
            Self::Pulled => TimeDelta::zero(),
            Self::Deleted | Self::Replaced => TimeDelta::seconds(2),
            Self::Pending => TimeDelta::seconds(30),
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pulled => "pulled",
            Self::Deleted => "deleted",
            Self::Replaced => "replaced",
            Self::Pending => "pending",
        }
    }
}

/// A change of one failure.
#[derive(Debug, Clone)]
pub enum FailureChange {
    /// An image fails.
    Opened(Box<Diagnosis>),
    /// It fails in other words, or the objects have proven something.
    Updated(Box<Diagnosis>),
    /// It fails no longer; the diagnosis as it was last, without checks and fixes.
    Recovered(Box<Diagnosis>, End),
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
    lingers_until: Time,
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
    key: Key,
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
    is_diagnosed: bool,
    joined: Vec<ObjectName>,
    more_joined: usize,
    left: usize,
}

impl Incident {
    fn new(number: u64, key: &Key, cause: &'static Cause, since: Time, now: Time) -> Self {
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
    fn is_remembered(&self, now: Time) -> bool {
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

    /// A pod that stands for the others: the first.
    pub fn example(&self) -> Option<&ObjectName> {
        self.pods.iter().next()
    }

    fn add(&mut self, spot: Spot, diagnosis: &Diagnosis, tracked: &Tracked, now: Time) {
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

    fn remove(&mut self, spot: &Spot, lingers: TimeDelta, now: Time) -> bool {
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

    /// When it is to be told, if there is anything to tell.
    fn due(&self) -> Option<Time> {
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
    fn tell(&mut self, kind: ChangeKind, now: Time) -> IncidentChange {
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

/// All incidents.
#[derive(Debug, Default)]
pub struct Incidents {
    current: BTreeMap<Key, Incident>,
    /// To which incident a failing place belongs, and what is known of it.
    spots: BTreeMap<Spot, (Key, Box<Diagnosis>)>,
    /// Incidents that are over, in that order.
    over: VecDeque<Incident>,
    numbers: u64,
    /// When a pull from a registry was last seen to succeed.
    pulled: BTreeMap<String, Time>,
    /// Pods that failed and have begun anew.
    unsettled: BTreeSet<ObjectName>,
    changes: Vec<FailureChange>,
    /// Failures by the code of their cause: each once, and once more when its cause changed.
    classified: BTreeMap<&'static str, u64>,
}

impl Incidents {
    /// Takes in what has changed about a pod.
    pub fn take(&mut self, turn: &Turn, world: &World, now: Time) {
        let Some(tracked) = world.get(&turn.name) else { return };
        let was = turn.before.as_ref().map_or(&[][..], |before| before.standing.failures());
        let is_same = turn.before.as_ref().is_some_and(|before| before.uid == tracked.pod.uid);
        let now_failing: BTreeSet<Spot> = turn.diagnoses.iter().map(Spot::of).collect();
        for spot in was.iter().map(Spot::of) {
            let end = match () {
                () if !is_same => End::Replaced,
                () if now_failing.contains(&spot) => continue,
                () if tracked.pod.deleting.is_some() => End::Deleted,
                () if has_come_further(tracked, &spot) => End::Pulled,
                () => End::Pending,
            };
            self.end(&spot, end, now);
        }
        for diagnosis in &turn.diagnoses {
            self.fail(diagnosis, tracked, now);
        }
        match (&tracked.standing, is_same && tracked.pod.deleting.is_none()) {
            (Standing::Pending(_), true) if !was.is_empty() => {
                self.unsettled.insert(turn.name.clone());
            }
            (Standing::Pending(_), true) => {}
            _ => self.settle(&turn.name, now),
        }
        if is_same && matches!(tracked.standing, Standing::Pulled) {
            self.note_success(turn, tracked, now);
        }
    }

    /// A pod is gone.
    pub fn gone(&mut self, tracked: &Tracked, now: Time) {
        self.settle(&tracked.pod.name, now);
        for spot in tracked.standing.failures().iter().map(Spot::of) {
            self.end(&spot, End::Deleted, now);
        }
    }

    /// The cluster was asked about a pod of an incident.
    pub fn diagnosed(&mut self, number: u64, diagnosis: Diagnosis) {
        let Some(incident) = self.current.values_mut().find(|it| it.number == number) else {
            return;
        };
        let fix = |it: &Diagnosis| it.fixes.first().map(|fix| fix.title.clone());
        let before = incident.diagnosis.as_ref().map(|it| (it.root_cause, fix(it)));
        if before != Some((diagnosis.root_cause, fix(&diagnosis))) {
            incident.is_diagnosed = true;
            // While it was asked about, the failure may have ended.
            if incident.members.contains_key(&Spot::of(&diagnosis)) {
                self.changes.push(FailureChange::Updated(Box::new(diagnosis.clone())));
            }
        }
        incident.diagnosis = Some(Box::new(diagnosis));
    }

    /// What has changed about failures since this was last asked, in that order.
    pub fn take_changes(&mut self) -> Vec<FailureChange> {
        std::mem::take(&mut self.changes)
    }

    /// What is to be told of incidents in the end: nothing waits any longer.
    pub fn take_last_news(&mut self, now: Time) -> Vec<IncidentChange> {
        for incident in self.current.values_mut() {
            incident.lingers_until = incident.lingers_until.min(now);
            if let Some(told) = &mut incident.told {
                told.pause = TimeDelta::zero();
            } else {
                incident.opened = incident.opened.min(now - WORDS);
            }
        }
        self.take_news(now)
    }

    /// What is to be told of incidents by now.
    pub fn take_news(&mut self, now: Time) -> Vec<IncidentChange> {
        let mut news = Vec::new();
        let mut over = Vec::new();
        for (key, incident) in &mut self.current {
            let is_due = incident.due().is_some_and(|due| due <= now);
            if !incident.is_open() {
                if is_due {
                    news.push(incident.tell(ChangeKind::Recovered, now));
                }
                if is_due || incident.told.is_none() {
                    over.push(key.clone());
                }
            } else if is_due {
                let kind = match incident.told {
                    None => ChangeKind::Opened,
                    Some(_) => ChangeKind::Updated,
                };
                news.push(incident.tell(kind, now));
            }
        }
        for key in over {
            let Some(incident) = self.current.remove(&key) else { continue };
            // What came and went before anybody was told of it leaves no trace.
            if news.iter().any(|it| it.number == incident.number) {
                self.over.push_back(incident);
            }
        }
        while self.over.len() > MOST_ENDED
            || self.over.front().is_some_and(|it| !it.is_remembered(now))
        {
            self.over.pop_front();
        }
        news.sort_by_key(|change| change.number);
        news
    }

    /// When something is to be told next, if nothing else happens.
    pub fn next_due(&self) -> Option<Time> {
        self.current.values().filter_map(Incident::due).min()
    }

    /// The incident of that number, over or not.
    pub fn get(&self, number: u64) -> Option<&Incident> {
        self.current.values().chain(&self.over).find(|incident| incident.number == number)
    }

    /// The incidents that are not over, the worst first: those with most pods, of equals the oldest.
    /// One that may still go on is among them.
    pub fn open(&self) -> Vec<&Incident> {
        let mut open: Vec<&Incident> = self.current.values().collect();
        open.sort_by_key(|incident| (std::cmp::Reverse(incident.pods.len()), incident.number));
        open
    }

    /// The incidents that are over, the last first.
    pub fn over(&self) -> impl Iterator<Item = &Incident> {
        self.over.iter().rev()
    }

    /// Whether nothing fails, and whatever did has got its image or is gone for long enough to know
    /// that nothing failing comes in its place.
    pub fn is_recovered(&self) -> bool {
        self.spots.is_empty() && self.unsettled.is_empty() && self.current.is_empty()
    }

    /// Pods that failed and have begun anew: it is not known yet whether they get their image.
    pub fn unsettled(&self) -> usize {
        self.unsettled.len()
    }

    /// Failing places by cause, registry and namespace.
    pub fn failing(&self) -> Tally<(&'static str, String, String)> {
        let mut tally = Tally::default();
        for (spot, (key, diagnosis)) in &self.spots {
            let registry = diagnosis.image.registry().to_owned();
            tally.add((key.cause, registry, spot.pod.namespace.clone()));
        }
        tally
    }

    /// How many pods fail.
    pub fn failing_pods(&self) -> usize {
        let mut pods: Vec<&ObjectName> = self.spots.keys().map(|spot| &spot.pod).collect();
        pods.dedup();
        pods.len()
    }

    /// How many failures were classified so far, by the code of their cause.
    pub fn classified(&self) -> &BTreeMap<&'static str, u64> {
        &self.classified
    }

    /// Whether every image of the incident's registry fails, as far as that was tried: more than one
    /// does, none fails otherwise, and none was seen to be pulled from there since it began.
    pub fn is_whole_registry(&self, incident: &Incident) -> bool {
        let is_another =
            |it: &&Incident| it.number != incident.number && it.registry == incident.registry;
        incident.key.scope == Scope::Registry
            && !incident.registry.is_empty()
            && incident.images.len() > 1
            && !self.current.values().any(|it| is_another(&it))
            && self.pulled.get(&incident.registry).is_none_or(|pulled| *pulled < incident.since)
    }

    fn fail(&mut self, diagnosis: &Diagnosis, tracked: &Tracked, now: Time) {
        let spot = Spot::of(diagnosis);
        let key = Key::of(diagnosis);
        let since = diagnosis.evidence.iter().filter_map(|evidence| evidence.first_seen).min();
        let since = since.unwrap_or(now).min(now);
        let known = self.spots.get(&spot).map(|(known, before)| (known.clone(), before.cause));
        match &known {
            Some((known, _)) if *known == key => {
                if let Some(incident) = self.current.get_mut(&key) {
                    incident.last_seen = now;
                    // Events come after the status, and know when it began.
                    incident.since = incident.since.min(since);
                }
                return;
            }
            Some((known, _)) => {
                if let Some(incident) = self.current.get_mut(known)
                    && incident.remove(&spot, TimeDelta::zero(), now)
                {
                    incident.ended.renamed += 1;
                    incident.became = Some(diagnosis.cause);
                }
            }
            None => {}
        }
        *self.classified.entry(diagnosis.cause.code).or_default() += 1;
        let change = if known.is_some() { FailureChange::Updated } else { FailureChange::Opened };
        self.changes.push(change(Box::new(diagnosis.clone())));
        let incident = self.incident(&key, diagnosis.cause, since, now);
        incident.since = incident.since.min(since);
        // By the words alone there is nothing to do about an access failure yet.
        if incident.diagnosis.is_none() && !diagnosis.fixes.is_empty() {
            incident.diagnosis = Some(Box::new(diagnosis.clone()));
        }
        incident.add(spot.clone(), diagnosis, tracked, now);
        let lean = tracked.standing.failures().iter().find(|it| Spot::of(it) == spot);
        self.spots.insert(spot, (key, Box::new(lean.unwrap_or(diagnosis).clone())));
    }

    /// The incident of that key: one that is open, one that comes back, or a new one.
    fn incident(
        &mut self,
        key: &Key,
        cause: &'static Cause,
        since: Time,
        now: Time,
    ) -> &mut Incident {
        if !self.current.contains_key(key) {
            let is_it = |it: &Incident| it.key == *key && it.is_remembered(now);
            let back = self.over.iter().position(is_it);
            let back = back.and_then(|index| self.over.remove(index)).map(|before| Incident {
                again: before.again + 1,
                since,
                opened: now,
                ended: Ended::default(),
                most: 0,
                ..before
            });
            let incident = back.unwrap_or_else(|| {
                self.numbers += 1;
                Incident::new(self.numbers, key, cause, since, now)
            });
            self.current.insert(key.clone(), incident);
        }
        let incident = self.current.get_mut(key).expect("it has just been put there");
        incident.ended_at = None;
        incident
    }

    /// It is known again how a pod that had begun anew stands. Once that is so of all, no incident
    /// needs to be kept for them.
    fn settle(&mut self, pod: &ObjectName, now: Time) {
        if !self.unsettled.remove(pod) || !self.unsettled.is_empty() {
            return;
        }
        for incident in self.current.values_mut().filter(|incident| !incident.is_open()) {
            incident.lingers_until = incident.lingers_until.min(now + End::Deleted.lingers());
        }
    }

    fn end(&mut self, spot: &Spot, end: End, now: Time) {
        let Some((key, diagnosis)) = self.spots.remove(spot) else { return };
        if let Some(incident) = self.current.get_mut(&key)
            && incident.remove(spot, end.lingers(), now)
        {
            let ended = &mut incident.ended;
            *match end {
                End::Pulled => &mut ended.pulled,
                End::Deleted | End::Replaced => &mut ended.deleted,
                End::Pending => &mut ended.pending,
            } += 1;
        }
        self.changes.push(FailureChange::Recovered(diagnosis, end));
    }

    /// Takes note that images came from their registries: those of a pod that failed, or that was
    /// seen to pull. An image that was on the node already says nothing about its registry.
    fn note_success(&mut self, turn: &Turn, tracked: &Tracked, now: Time) {
        let was_pulling = turn.before.as_ref().is_some_and(|before| match &before.standing {
            Standing::Failing(_) => true,
            Standing::Pending(why) => why.starts_with("Pulling image"),
            Standing::Pulled => false,
        });
        if !was_pulling {
            return;
        }
        for place in &tracked.pod.places {
            let image = diagnose::Image::new(&place.image);
            let registry = image.registry();
            if self.pulled.contains_key(registry) || self.pulled.len() < MOST_REGISTRIES {
                self.pulled.insert(registry.to_owned(), now);
            }
        }
    }
}

/// Whether the container of a failure has its image now.
fn has_come_further(tracked: &Tracked, spot: &Spot) -> bool {
    matches!(tracked.standing, Standing::Pulled)
        || tracked.pod.places.iter().any(|place| {
            place.name == spot.place
                && place.image == spot.image
                && matches!(place.state, State::Running | State::Terminated { .. })
        })
}
