//! Failures grouped into incidents, over time: what opens, what grows, what recovers.
//!
//! A failure is an image that a pod's container cannot get. It belongs to one incident: those with
//! the same cause at the same registry, and where the cause lies with an image, an owner's
//! credentials or a node, to that image, owner or node. An incident is told when it opens, when it
//! has changed (the more it changes, the less often), and when the last of its failures has ended.
//! A failure counts once, however often the cluster tells of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::TimeDelta;

use super::incident::{ChangeKind, Incident, IncidentChange, Key, Scope, Spot};
use super::tally::Tally;
use super::world::{Standing, Tracked, Turn, World};
use crate::cause::Cause;
use crate::diagnose::{self, Diagnosis};
use crate::facts::{ObjectName, State, Time};

/// Recovered incidents that are remembered.
const MOST_ENDED: usize = 50;
/// Registries of which it is remembered when a pull last succeeded.
const MOST_REGISTRIES: usize = 1_000;

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

/// All incidents.
#[derive(Debug, Default)]
pub struct Incidents {
    current: BTreeMap<Key, Incident>,
    /// To which incident a failing place belongs, and what is known of it.
    spots: BTreeMap<Spot, (Key, Box<Diagnosis>)>,
    /// Incidents that are over, in that order.
    over: VecDeque<Incident>,
    numbers: u64,
    /// How many were told, each once however often it came back.
    told: usize,
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
            if incident.holds(&Spot::of(&diagnosis)) {
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
            incident.hurry(now);
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
                if is_due || !incident.is_told() {
                    over.push(key.clone());
                }
            } else if is_due {
                let kind =
                    if incident.is_told() { ChangeKind::Updated } else { ChangeKind::Opened };
                news.push(incident.tell(kind, now));
                self.told += usize::from(kind == ChangeKind::Opened && incident.again == 0);
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

    /// How many incidents were told so far, each once however often it came back.
    pub fn told(&self) -> usize {
        self.told
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
        open.sort_by_key(|incident| (std::cmp::Reverse(incident.pods().len()), incident.number));
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
            && incident.images().len() > 1
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
            let back = back
                .and_then(|index| self.over.remove(index))
                .map(|before| before.again(since, now));
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
