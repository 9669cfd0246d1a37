//! Pods over time: what is pulled, what is pending, what fails since when.
//!
//! Pure state machines: a source tells them what it sees (`apply`, `delete`, `begin` and `listed`
//! around a full list), and every call is given the time. They know no stream, no clock and no
//! terminal. The same thing said twice changes nothing; what was missed while nobody looked comes
//! out of the next full list.
//!
//! [`World`] is what the streams have told. [`Tracker`] asks of it what `--wait` asks: when enough
//! is known to end; [`Incidents`] what a watch asks: what goes wrong together, and whether it gets
//! better.

mod board;
mod contact;
mod decide;
mod history;
mod incident;
mod incidents;
mod sight;
mod spread;
mod tally;
mod world;

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::diagnose;
use crate::facts::{Event, Facts, ObjectName, Origin, Pod, Time, Unseen};
use crate::scope::{Expected, Wanted};
use crate::survey::Survey;

pub use board::{Board, Census};
pub use contact::{Blindness, Contact, Mute, Notice, Sense};
pub use decide::{Decision, Settling};
pub use history::{History, SAMPLE, TREND, Trend};
pub use incident::{ChangeKind, Ended, Incident, IncidentChange};
pub use incidents::{End, FailureChange, Incidents};
use sight::{Sights, failing_line};
pub use spread::{Platforms, Spread};
pub use tally::Tally;
pub use world::{Area, Before, Standing, Tracked, Turn, World};

/// Something whose pods are waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As it was named; none for a namespace or a selector.
    pub name: Option<String>,
    /// Where its pods are; none for everywhere.
    pub namespace: Option<String>,
    /// Which pods, and how many.
    pub expected: Expected,
}

/// A change worth a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// When.
    pub at: Time,
    /// What, as one line.
    pub text: String,
}

/// How many pods stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pods with all their images.
    pub pulled: usize,
    /// Pods of which it is not known yet.
    pub pending: usize,
    /// Pods with a failing image.
    pub failing: usize,
    /// Pods that should be there and are not.
    pub missing: usize,
}

/// Pods that are waited for.
#[derive(Debug)]
pub struct Tracker {
    grace: TimeDelta,
    targets: Vec<Target>,
    world: World,
    sights: Sights,
    /// Pods that have their images and do not run, with their uids, since that was first seen. One
    /// that crashes runs in between; it stays here.
    stuck: BTreeMap<ObjectName, (String, Time)>,
    news: Vec<News>,
}

impl Tracker {
    /// Nothing seen yet. `grace` is what a failure gets that may heal by itself.
    pub fn new(targets: Vec<Target>, grace: TimeDelta) -> Self {
        let mut world = World::default();
        if targets.iter().any(Target::may_ask_for_labels) {
            world.keep_labels();
        }
        Self {
            grace,
            targets,
            world,
            sights: Sights::default(),
            stuck: BTreeMap::new(),
            news: Vec::new(),
        }
    }

    /// What a workload's controller wants by now.
    pub fn expect(&mut self, target: usize, expected: Expected, now: Time) {
        let Some(known) = self.targets.get_mut(target) else { return };
        if known.expected == expected {
            return;
        }
        known.expected = expected;
        let name = known.name.clone().unwrap_or_default();
        let text = match &known.expected.wanted {
            Wanted::Count(1) => format!("{name}: 1 pod expected"),
            Wanted::Count(count) => format!("{name}: {count} pods expected"),
            Wanted::Done => format!("{name}: no more pods to come"),
            Wanted::Unknown(why) => format!("{name}: {why}"),
            Wanted::Some => return,
        };
        self.news.push(News { at: now, text });
    }

    /// A full list of an area begins: what it does not hold is gone.
    pub fn begin(&mut self, area: &Area) {
        self.world.begin(area);
    }

    /// The list is complete.
    pub fn listed(&mut self, area: &Area, now: Time) {
        for (name, tracked) in self.world.listed(area) {
            self.tell_gone(&name, &tracked, now);
        }
    }

    /// A pod is there, new or changed.
    pub fn apply(&mut self, pod: Pod, now: Time) {
        let turn = self.world.apply(pod, now);
        self.take(turn, now);
    }

    /// A pod is gone: its `uid` is empty, and the `version` of its end 0, if that is not known.
    pub fn delete(&mut self, name: &ObjectName, uid: &str, version: u64, now: Time) {
        if let Some(tracked) = self.world.delete(name, uid, version) {
            self.tell_gone(name, &tracked, now);
        }
    }

    /// An event is there, new or counted on. `name` is its own.
    pub fn apply_event(&mut self, name: &ObjectName, event: &Event, now: Time) {
        let turn = self.world.apply_event(name, event, now);
        self.take(turn, now);
    }

    /// A full list of the events of an area begins.
    pub fn begin_events(&mut self, area: &Area) {
        self.world.begin_events(area);
    }

    /// The list of events is complete.
    pub fn events_listed(&mut self, area: &Area, now: Time) {
        self.world.set_events_unseen(area, None);
        self.events_come(area, now);
    }

    /// The events of an area cannot be read.
    pub fn events_unseen(&mut self, area: &Area, why: Unseen, now: Time) {
        self.world.set_events_unseen(area, Some(why));
        self.events_come(area, now);
    }

    /// What the events of a list, or of a part of one, change about the pods.
    fn events_come(&mut self, area: &Area, now: Time) {
        for turn in self.world.events_listed(area, now) {
            self.take(Some(turn), now);
        }
    }

    /// What has changed since this was last asked, oldest first.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// How the pods stand.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for tracked in self.meant() {
            match tracked.standing {
                Standing::Pulled => counts.pulled += 1,
                Standing::Pending(_) => counts.pending += 1,
                Standing::Failing(_) => counts.failing += 1,
            }
        }
        counts.missing = (0..self.targets.len()).map(|target| self.missing(target)).sum();
        counts
    }

    /// The pod that is waited for the longest, why, and since when.
    pub fn slowest(&self) -> Option<(&ObjectName, &str, Time)> {
        let pending = self.meant().filter_map(|tracked| match &tracked.standing {
            Standing::Pending(why) => Some((&tracked.pod.name, why.as_str(), tracked.since)),
            Standing::Pulled | Standing::Failing(_) => None,
        });
        pending.min_by_key(|(.., since)| *since)
    }

    /// What is known by now, for a report: pods that are not settled with their events, and what
    /// was seen of all. `survey` is where to count.
    pub fn facts(&self, now: Time, origin: Origin, mut survey: Survey) -> (Facts, Survey) {
        let failing: Vec<&Tracked> =
            self.meant().filter(|tracked| survey.see(tracked.pod.clone()).is_some()).collect();
        survey.running = self.world.running().clone();
        (self.world.facts(failing, now, origin), survey)
    }

    /// Takes note of how a pod stands, and says so if that is new.
    fn take(&mut self, turn: Option<Turn>, now: Time) {
        let Some(turn) = turn else { return };
        let Some(tracked) = self.world.get(&turn.name) else { return };
        for (place, image) in &turn.retried {
            self.sights.retried(&tracked.pod, place, image);
        }
        for diagnosis in &turn.diagnoses {
            self.sights.see(&tracked.pod, diagnosis, now);
        }
        let mut is_news = turn.is_new;
        let text = match &tracked.standing {
            Standing::Pulled => {
                self.sights.pulled(&tracked.pod);
                let uid = &tracked.pod.uid;
                if let Some(why) = diagnose::stuck(&tracked.pod)
                    && self.stuck.get(&turn.name).is_none_or(|(known, _)| known != uid)
                {
                    self.stuck.insert(turn.name.clone(), (uid.clone(), now));
                    is_news = true;
                    format!("pulled, {why}")
                } else {
                    "pulled".to_owned()
                }
            }
            Standing::Pending(why) => format!("pending, {why}"),
            Standing::Failing(failures) => {
                let lines: Vec<_> = failures.iter().map(failing_line).collect();
                format!("failing, {}", lines.join("; "))
            }
        };
        if is_news && self.is_meant(&tracked.pod) {
            self.tell(&turn.name, &text, now);
        }
    }

    fn tell_gone(&mut self, name: &ObjectName, tracked: &Tracked, now: Time) {
        self.stuck.remove(name);
        if self.is_meant(&tracked.pod) && !matches!(tracked.standing, Standing::Pulled) {
            self.tell(name, "gone", now);
        }
    }

    fn tell(&mut self, name: &ObjectName, text: &str, now: Time) {
        self.news.push(News { at: now, text: format!("{name}: {text}") });
    }

    /// Whether the pod is one of those that are waited for. One that is being deleted is not: what
    /// comes in its place is.
    fn is_meant(&self, pod: &Pod) -> bool {
        pod.deleting.is_none() && self.targets.iter().any(|target| target.includes(pod))
    }

    fn meant(&self) -> impl Iterator<Item = &Tracked> {
        self.world.pods().filter(|tracked| self.is_meant(&tracked.pod))
    }
}

impl Target {
    fn includes(&self, pod: &Pod) -> bool {
        self.namespace.as_ref().is_none_or(|it| pod.name.namespace == *it)
            && self.expected.members.include(pod)
    }

    /// Whether its pods are told by labels, or may be once it is there.
    fn may_ask_for_labels(&self) -> bool {
        self.expected.members.is_by_labels() || matches!(self.expected.wanted, Wanted::Unknown(_))
    }
}

#[cfg(test)]
mod tests;
