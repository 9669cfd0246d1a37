//! The pods and their events as the streams tell of them, and how each pod stands by that.
//!
//! A stream can say a thing twice, late, or not at all. So what is older than what is known changes
//! nothing, a pod of the same name with another uid is another pod, and what was missed while nobody
//! looked comes out of the next full list. Whatever way the words took, in the end the world is the
//! one that a fresh list would give.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::cause::Group;
use crate::diagnose::{self, Diagnosis, Progress};
use crate::facts::{Event, Facts, ObjectName, Origin, Pod, SaidBefore, State, Time, Unseen};
use crate::redact;
use crate::survey::Running;

/// Events kept of a pod that is not settled; a storm says nothing new.
const MOST_EVENTS: usize = 40;
/// Events kept of a settled pod that has failed: the newest failures, in case a container of it is
/// started anew, and what came of them.
const MOST_EVENTS_OF_SETTLED: usize = 6;
/// Pods whose events are kept although the pods are not known (yet).
const MOST_STRANGERS: usize = 1_000;
/// Events kept of each of them.
const MOST_EVENTS_OF_STRANGER: usize = 12;
/// Deletions that are remembered, so that a late word of a dead pod does not bring it back.
const MOST_DELETED: usize = 4_096;
/// The longest reason why a pod is pending.
const WHY: usize = 160;

/// A part of what is watched: one namespace, or all of them.
pub type Area = Option<String>;

/// How a pod's images are, as far as they are known.
#[derive(Debug, Clone)]
pub enum Standing {
    /// All on the node.
    Pulled,
    /// Not yet, and why not.
    Pending(String),
    /// At least one fails: the diagnoses by the words alone, without checks and fixes.
    Failing(Vec<Diagnosis>),
}

impl Standing {
    /// The diagnoses of a failing pod; none for another.
    pub fn failures(&self) -> &[Diagnosis] {
        match self {
            Self::Failing(diagnoses) => diagnoses,
            Self::Pulled | Self::Pending(_) => &[],
        }
    }

    /// Whether the other says the same to a person.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pulled, Self::Pulled) => true,
            (Self::Pending(one), Self::Pending(other)) => one == other,
            (Self::Failing(one), Self::Failing(other)) => {
                one.iter().map(Failing::of).eq(other.iter().map(Failing::of))
            }
            _ => false,
        }
    }
}

/// What makes a failure the same one when it is told again.
#[derive(PartialEq)]
struct Failing<'a>(&'static str, &'a str, Option<&'a str>, Option<&'a str>);

impl<'a> Failing<'a> {
    fn of(diagnosis: &'a Diagnosis) -> Self {
        Self(
            diagnosis.cause.code,
            &diagnosis.image.reference,
            diagnosis.container.as_deref(),
            diagnosis.volume.as_deref(),
        )
    }
}

/// A pod, and how it stands.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// The pod. Of a settled one only what may still be asked for.
    pub pod: Pod,
    /// How its images are.
    pub standing: Standing,
    /// Since when it stands so.
    pub since: Time,
    /// What the status said before it gave way to other words.
    said: Vec<SaidBefore>,
}

/// What one word of a stream has changed about a pod.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The pod.
    pub name: ObjectName,
    /// How it was known before; none if it was not. It can be another pod of the same name.
    pub before: Option<Before>,
    /// Whether it stands otherwise than before, or is another pod.
    pub is_new: bool,
    /// The diagnoses in full, by the words alone.
    pub diagnoses: Vec<Diagnosis>,
    /// The containers whose status tells of another attempt, with their images.
    pub retried: Vec<(String, String)>,
}

/// A pod as it was.
#[derive(Debug, Clone)]
pub struct Before {
    /// Its uid.
    pub uid: String,
    /// How it stood.
    pub standing: Standing,
    /// Since when.
    since: Time,
}

/// Pods and events.
#[derive(Debug, Default)]
pub struct World {
    pods: BTreeMap<ObjectName, Tracked>,
    /// Events by pod and by their own names.
    events: BTreeMap<ObjectName, BTreeMap<ObjectName, Event>>,
    /// Pods that were not known when events told of them, in that order.
    strangers: VecDeque<ObjectName>,
    events_unseen: BTreeMap<Area, Unseen>,
    /// Areas whose events are being listed.
    listing_events: BTreeSet<Area>,
    /// Pods with events that came in a list: how they stand is found out once, at its end.
    waiting: BTreeSet<ObjectName>,
    /// Areas that are being listed, with the pods seen so far.
    listing: BTreeMap<Area, BTreeSet<ObjectName>>,
    deleted: Deleted,
    running: Running,
    keeps_labels: bool,
}

/// The uids of deleted pods with the version of their end, the oldest first.
#[derive(Debug, Default)]
struct Deleted {
    versions: BTreeMap<String, u64>,
    order: VecDeque<String>,
}

impl Deleted {
    fn add(&mut self, uid: &str, version: u64) {
        if uid.is_empty() {
            return;
        }
        if let Some(known) = self.versions.get_mut(uid) {
            *known = version.max(*known);
            return;
        }
        self.versions.insert(uid.to_owned(), version);
        self.order.push_back(uid.to_owned());
        if self.order.len() > MOST_DELETED
            && let Some(oldest) = self.order.pop_front()
        {
            self.versions.remove(&oldest);
        }
    }

    /// Whether the words of that version about the pod came before its end.
    fn includes(&self, pod: &Pod) -> bool {
        self.versions.get(&pod.uid).is_some_and(|end| pod.version <= *end)
    }

    /// It is there after all: in a full list, or again among those that a selector picks.
    fn forget(&mut self, uid: &str) {
        if self.versions.remove(uid).is_some() {
            self.order.retain(|it| it != uid);
        }
    }
}

impl World {
    /// From now on the labels of settled pods are kept as well: somebody tells pods by them.
    pub fn keep_labels(&mut self) {
        self.keeps_labels = true;
    }

    /// A full list of an area begins: what it does not hold is gone.
    pub fn begin(&mut self, area: &Area) {
        self.listing.insert(area.clone(), BTreeSet::new());
    }

    /// The list is complete. Gives the pods that are gone, as they were.
    pub fn listed(&mut self, area: &Area) -> Vec<(ObjectName, Tracked)> {
        let Some(seen) = self.listing.remove(area) else { return Vec::new() };
        let gone: Vec<ObjectName> = self
            .pods
            .keys()
            .filter(|name| covers(area, name) && !seen.contains(name))
            .cloned()
            .collect();
        gone.into_iter()
            .filter_map(|name| self.delete(&name, "", 0).map(|tracked| (name, tracked)))
            .collect()
    }

    /// Whether an area is being listed.
    pub fn is_listing(&self) -> bool {
        !self.listing.is_empty()
    }

    /// Whether this area is being listed.
    pub fn lists(&self, area: &Area) -> bool {
        self.listing.contains_key(area)
    }

    /// A pod is there, new or changed; none if nothing is new about it.
    pub fn apply(&mut self, mut pod: Pod, now: Time) -> Option<Turn> {
        let mut is_listed = false;
        for (area, seen) in &mut self.listing {
            if covers(area, &pod.name) {
                seen.insert(pod.name.clone());
                is_listed = true;
            }
        }
        // A list is the truth, even where it has a lower version: after a restore of etcd.
        if !is_listed && self.deleted.includes(&pod) {
            return None;
        }
        let known = self.pods.get(&pod.name).filter(|it| it.pod.version > 0 && pod.version > 0);
        if let Some(Tracked { pod: known, .. }) = known {
            let is_same = (&known.uid, known.version) == (&pod.uid, pod.version);
            if is_same || (pod.version < known.version && !is_listed) {
                return None;
            }
        }
        self.deleted.forget(&pod.uid);
        self.running.see(&pod);
        let before = self.pods.remove(&pod.name);
        let same = before.as_ref().filter(|before| before.pod.uid == pod.uid);
        let retried = same.map(|before| retried(&before.pod, &pod)).unwrap_or_default();
        let said = same.map(|before| remembered(before, &pod, now)).unwrap_or_default();
        if before.is_some() && same.is_none() {
            // Another pod under the same name, as of a StatefulSet: most of the events are another's.
            self.keep_events(&pod.name, |uid| {
                uid.is_empty() || uid == pod.uid || pod.mirror_of.as_deref() == Some(uid)
            });
        }
        // Not asked for again, and by far the largest part of many pods.
        pod.message = pod.message.map(|message| redact::line(&message, WHY));
        Some(self.stand(pod, before.map(Before::of), said, retried, now))
    }

    /// A pod is gone; gives it as it was. `uid` is that of the pod that is gone, empty if unknown: a
    /// pod of the same name that came in its place stays. `version` is that of its end, 0 if unknown:
    /// a pod that only left what a selector picks may come back.
    pub fn delete(&mut self, name: &ObjectName, uid: &str, version: u64) -> Option<Tracked> {
        if let Some(known) = self.pods.get(name)
            && known.pod.uid == uid
            && version > 0
            && known.pod.version > version
        {
            // It has come back since.
            return None;
        }
        if !uid.is_empty() {
            self.deleted.add(uid, version);
            if self.pods.get(name).is_some_and(|known| known.pod.uid != uid) {
                return None;
            }
        }
        let tracked = self.pods.remove(name)?;
        self.deleted.add(&tracked.pod.uid, tracked.pod.version);
        let mirror_of = tracked.pod.mirror_of.as_deref();
        self.keep_events(name, |uid| {
            !uid.is_empty() && uid != tracked.pod.uid && mirror_of != Some(uid)
        });
        if self.events.contains_key(name) {
            self.meet_stranger(name);
        }
        Some(tracked)
    }

    /// An event is there, new or counted on; `name` is its own. Gives what it changes about its pod.
    pub fn apply_event(&mut self, name: &ObjectName, event: &Event, now: Time) -> Option<Turn> {
        if event.about.kind != "Pod" || !diagnose::is_telling(event) {
            return None;
        }
        let about = ObjectName::new(event.about.namespace.as_str(), event.about.name.as_str());
        let known = self.pods.get(&about);
        let is_settled = known.is_some_and(|known| matches!(known.standing, Standing::Pulled));
        let most = match known {
            None => MOST_EVENTS_OF_STRANGER,
            Some(_) if is_settled => MOST_EVENTS_OF_SETTLED,
            Some(_) => MOST_EVENTS,
        };
        if is_settled && !outlives_success(event, self.events.get(&about)) {
            return None;
        }
        if known.is_none() && !self.events.contains_key(&about) {
            self.meet_stranger(&about);
        }
        let events = self.events.entry(about.clone()).or_default();
        let is_old = |known: &Event| {
            known == event || (event.count, event.last_seen) < (known.count, known.last_seen)
        };
        if events.get(name).is_some_and(is_old) {
            return None;
        }
        events.insert(name.clone(), event.clone());
        keep_newest(events, most);
        if is_settled || !events.contains_key(name) {
            return None;
        }
        if self.listing_events.iter().any(|area| covers(area, &about)) {
            self.waiting.insert(about);
            return None;
        }
        self.stand_anew(&about, now)
    }

    /// A full list of the events of an area begins.
    pub fn begin_events(&mut self, area: &Area) {
        self.listing_events.insert(area.clone());
    }

    /// The list of events is complete. Gives what it changes about the pods.
    pub fn events_listed(&mut self, area: &Area, now: Time) -> Vec<Turn> {
        self.listing_events.remove(area);
        let (due, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|name| covers(area, name));
        self.waiting = waiting;
        let due: BTreeSet<ObjectName> = due;
        due.iter().filter_map(|name| self.stand_anew(name, now)).collect()
    }

    /// Finds out how a pod stands by its events, unless it is settled.
    fn stand_anew(&mut self, about: &ObjectName, now: Time) -> Option<Turn> {
        if matches!(self.pods.get(about)?.standing, Standing::Pulled) {
            return None;
        }
        let Tracked { pod, standing, since, said } = self.pods.remove(about)?;
        let before = Before { uid: pod.uid.clone(), standing, since };
        Some(self.stand(pod, Some(before), said, Vec::new(), now))
    }

    /// An event is no longer there. That ends nothing: events are history, and expire after an hour.
    pub fn forget_event(&mut self, name: &ObjectName, event: &Event) {
        let about = ObjectName::new(event.about.namespace.as_str(), event.about.name.as_str());
        let is_settled = |known: &Tracked| matches!(known.standing, Standing::Pulled);
        if self.pods.get(&about).is_none_or(is_settled)
            && let Some(events) = self.events.get_mut(&about)
        {
            events.remove(name);
            if events.is_empty() {
                self.events.remove(&about);
            }
        }
    }

    /// The events of an area cannot be read, or can be again.
    pub fn set_events_unseen(&mut self, area: &Area, why: Option<Unseen>) {
        match why {
            Some(why) => self.events_unseen.insert(area.clone(), why),
            None => self.events_unseen.remove(area),
        };
    }

    /// The pod of that name.
    pub fn get(&self, name: &ObjectName) -> Option<&Tracked> {
        self.pods.get(name)
    }

    /// All pods, in the order of their names.
    pub fn pods(&self) -> impl Iterator<Item = &Tracked> {
        self.pods.values()
    }

    /// On which nodes images were seen to run.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// What is known about some of the pods, for a diagnosis.
    pub fn facts<'a>(
        &self,
        pods: impl IntoIterator<Item = &'a Tracked>,
        now: Time,
        origin: Origin,
    ) -> Facts {
        let mut facts = Facts::new(now, origin);
        for tracked in pods {
            let name = &tracked.pod.name;
            let unseen = self.events_unseen.get(&Some(name.namespace.clone()));
            let unseen = unseen.or_else(|| self.events_unseen.get(&None));
            facts.events_seen.insert(name.namespace.clone(), unseen.cloned().map_or(Ok(()), Err));
            facts.events.extend(self.events_of(name).cloned());
            facts.said_before.extend(tracked.said.iter().cloned());
            facts.pods.push(tracked.pod.clone());
        }
        facts
    }

    fn events_of(&self, name: &ObjectName) -> impl Iterator<Item = &Event> {
        self.events.get(name).into_iter().flat_map(BTreeMap::values)
    }

    fn keep_events(&mut self, name: &ObjectName, is_kept: impl Fn(&str) -> bool) {
        if let Some(events) = self.events.get_mut(name) {
            events.retain(|_, event| is_kept(&event.about.uid));
            if events.is_empty() {
                self.events.remove(name);
            }
        }
    }

    /// Keeps of a settled pod's events what may matter if a container of it is started anew.
    fn settle_events(&mut self, name: &ObjectName) {
        let Some(events) = self.events.get_mut(name) else { return };
        let has_failed = events.values().any(diagnose::tells_failure);
        events.retain(|_, event| {
            diagnose::tells_failure(event) || (has_failed && diagnose::tells_success(event))
        });
        keep_newest(events, MOST_EVENTS_OF_SETTLED);
        if events.is_empty() {
            self.events.remove(name);
        }
    }

    /// Makes room for the events of a pod that is not known: those of the pod that has been unknown
    /// for the longest go.
    fn meet_stranger(&mut self, name: &ObjectName) {
        self.strangers.push_back(name.clone());
        while self.strangers.len() > MOST_STRANGERS {
            let Some(oldest) = self.strangers.pop_front() else { break };
            if !self.pods.contains_key(&oldest) {
                self.events.remove(&oldest);
            }
        }
    }

    /// Finds out how a pod stands.
    fn stand(
        &mut self,
        mut pod: Pod,
        before: Option<Before>,
        said: Vec<SaidBefore>,
        retried: Vec<(String, String)>,
        now: Time,
    ) -> Turn {
        let name = pod.name.clone();
        let diagnoses = self.diagnose(&pod, &said, now);
        let standing = if diagnoses.is_empty() {
            match diagnose::progress(&pod) {
                Progress::Pulled => Standing::Pulled,
                Progress::Pending(why) => Standing::Pending(self.why(&pod, why)),
            }
        } else {
            Standing::Failing(diagnoses.iter().map(lean).collect())
        };
        let like = before
            .as_ref()
            .filter(|before| before.uid == pod.uid && before.standing.is_like(&standing));
        let (is_new, since) = like.map_or((true, now), |before| (false, before.since));
        if matches!(standing, Standing::Pulled) {
            // Of a settled pod little else will be asked.
            if !self.keeps_labels {
                pod.labels.retain(|key, _| key.ends_with("-hash"));
            }
            pod.managed_by.clear();
            self.settle_events(&name);
        }
        self.pods.insert(name.clone(), Tracked { pod, standing, since, said });
        Turn { name, before, is_new, diagnoses, retried }
    }

    /// The pod's failing images, by the words alone. A pod on its way out fails for no other reason
    /// than that.
    fn diagnose(&self, pod: &Pod, said: &[SaidBefore], now: Time) -> Vec<Diagnosis> {
        if pod.deleting.is_some() || !diagnose::may_fail(pod) {
            return Vec::new();
        }
        let mut facts = Facts::new(now, Origin::Files(Vec::new()));
        facts.events = self.events_of(&pod.name).cloned().collect();
        facts.said_before = said.to_vec();
        facts.pods = vec![pod.clone()];
        let findings = diagnose::diagnose(&facts);
        findings.pods.into_iter().flat_map(|pod| pod.diagnoses).map(by_words).collect()
    }

    /// Why a pod is pending: the scheduler's words, or the pull that is under way.
    fn why(&self, pod: &Pod, why: String) -> String {
        if let Some(words) = &pod.unschedulable {
            return format!("not scheduled: {}", redact::line(words, WHY));
        }
        let newest = self.events_of(&pod.name).max_by_key(|event| event.last_seen);
        match newest {
            Some(event) if event.reason == "Pulling" => redact::line(&event.message, WHY),
            _ => why,
        }
    }
}

impl Before {
    fn of(tracked: Tracked) -> Self {
        Self { uid: tracked.pod.uid, standing: tracked.standing, since: tracked.since }
    }
}

fn covers(area: &Area, name: &ObjectName) -> bool {
    area.as_ref().is_none_or(|it| name.namespace == *it)
}

/// Whether an event of a settled pod is kept: a failure, or what came of one.
fn outlives_success(event: &Event, kept: Option<&BTreeMap<ObjectName, Event>>) -> bool {
    let has_failed = || kept.is_some_and(|kept| kept.values().any(diagnose::tells_failure));
    diagnose::tells_failure(event) || (diagnose::tells_success(event) && has_failed())
}

fn keep_newest(events: &mut BTreeMap<ObjectName, Event>, most: usize) {
    while events.len() > most {
        let oldest = events.iter().min_by_key(|(name, event)| (event.last_seen, *name));
        let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
        events.remove(&oldest);
    }
}

/// A diagnosis without what nobody has looked at: no secret and no service account was seen, so they
/// have proven nothing, and what to do about them would be guessed.
fn by_words(mut diagnosis: Diagnosis) -> Diagnosis {
    if diagnosis.cause.group == Group::Access {
        diagnosis.root_cause = None;
        diagnosis.other_root_causes.clear();
        diagnosis.checks.clear();
        diagnosis.fixes.clear();
    }
    diagnosis
}

/// A diagnosis without what only a report of it needs.
fn lean(diagnosis: &Diagnosis) -> Diagnosis {
    Diagnosis {
        evidence: diagnosis.evidence.iter().take(1).cloned().collect(),
        checks: Vec::new(),
        fixes: Vec::new(),
        ..diagnosis.clone()
    }
}

/// The containers whose status tells of another attempt: between two of them the kubelet shows that
/// it waits.
fn retried(before: &Pod, after: &Pod) -> Vec<(String, String)> {
    let again = after.places.iter().filter(|place| {
        let was = before.places.iter().find(|it| it.name == place.name);
        let was = was.map_or("", |it| reason(&it.state));
        reason(&place.state) == "ErrImagePull" && !matches!(was, "" | "ErrImagePull")
    });
    again.map(|place| (place.name.clone(), place.image.clone())).collect()
}

fn reason(state: &State) -> &str {
    match state {
        State::Waiting { reason, .. } => reason,
        State::None | State::Running | State::Terminated { .. } => "",
    }
}

/// What is worth remembering of what the containers said before: the last words that named a cause,
/// until the container says such words itself, gets another image or comes further.
fn remembered(before: &Tracked, pod: &Pod, now: Time) -> Vec<SaidBefore> {
    let still = |place: &&crate::facts::Place| {
        matches!(place.state, State::Waiting { .. }) && !diagnose::says_why(place)
    };
    pod.places
        .iter()
        .filter(still)
        .filter_map(|place| {
            let same = |it: &crate::facts::Place| {
                (&it.name, it.kind, &it.image) == (&place.name, place.kind, &place.image)
            };
            let just = before.pod.places.iter().find(|it| same(it) && diagnose::says_why(it));
            let just = just.map(|place| SaidBefore {
                pod: pod.name.clone(),
                place: place.clone(),
                at: now,
            });
            just.or_else(|| before.said.iter().find(|said| same(&said.place)).cloned())
        })
        .collect()
}
