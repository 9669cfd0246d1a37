//! Pods over time, as `--wait` sees them: what is pulled, what is pending, what fails since when,
//! and when enough is known to end.
//!
//! A pure state machine: a source tells it what it sees ([`Tracker::apply`], [`Tracker::delete`],
//! [`Tracker::begin`] and [`Tracker::listed`] around a full list), and every call is given the time.
//! It knows no stream, no clock and no terminal. The same thing said twice changes nothing; what was
//! missed while nobody looked comes out of the next full list.

mod decide;
mod sight;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::diagnose::{self, Progress};
use crate::facts::{Event, Facts, ObjectName, Origin, Pod, Time, Unseen};
use crate::scope::{Expected, Wanted};
use crate::survey::Survey;

pub use decide::{Decision, Settling};
use sight::{Failure, Sights};

/// Events kept of one pod; a storm says nothing new.
const MOST_EVENTS_OF_POD: usize = 40;
/// Pods whose events are kept although the pods are not known (yet).
const MOST_STRANGERS: usize = 2_000;

/// A part of what is watched: one namespace, or all of them.
pub type Area = Option<String>;

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

/// A pod's images, as far as they are known.
#[derive(Debug, Clone)]
enum Standing {
    /// All on the node.
    Pulled,
    /// Not yet, and why not.
    Pending(String),
    /// At least one fails.
    Failing(Vec<Failure>),
}

#[derive(Debug, Clone)]
struct Tracked {
    pod: Pod,
    standing: Standing,
    /// Since when it stands so.
    since: Time,
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

/// Pods over time.
#[derive(Debug)]
pub struct Tracker {
    grace: TimeDelta,
    targets: Vec<Target>,
    pods: BTreeMap<ObjectName, Tracked>,
    /// Events by pod and by their own names.
    events: BTreeMap<ObjectName, BTreeMap<ObjectName, Event>>,
    events_unseen: BTreeMap<Area, Unseen>,
    sights: Sights,
    /// Areas that are being listed, with the pods seen so far.
    listing: BTreeMap<Area, BTreeSet<ObjectName>>,
    survey: Survey,
    news: Vec<News>,
}

impl Tracker {
    /// Nothing seen yet. `grace` is what a failure gets that may heal by itself.
    pub fn new(targets: Vec<Target>, grace: TimeDelta) -> Self {
        Self {
            grace,
            targets,
            pods: BTreeMap::new(),
            events: BTreeMap::new(),
            events_unseen: BTreeMap::new(),
            sights: Sights::default(),
            listing: BTreeMap::new(),
            survey: Survey::default(),
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
        self.listing.insert(area.clone(), BTreeSet::new());
    }

    /// The list is complete.
    pub fn listed(&mut self, area: &Area, now: Time) {
        let Some(seen) = self.listing.remove(area) else { return };
        let gone: Vec<ObjectName> = self
            .pods
            .keys()
            .filter(|name| area.as_ref().is_none_or(|it| name.namespace == *it))
            .filter(|name| !seen.contains(name))
            .cloned()
            .collect();
        for name in gone {
            self.delete(&name, now);
        }
    }

    /// A pod is there, new or changed.
    pub fn apply(&mut self, pod: Pod, now: Time) {
        let name = pod.name.clone();
        for (area, seen) in &mut self.listing {
            if area.as_ref().is_none_or(|it| name.namespace == *it) {
                seen.insert(name.clone());
            }
        }
        self.survey.running.see(&pod);
        let before = self.pods.remove(&name);
        // Another pod under the same name, as of a StatefulSet: its events are another's.
        if before.as_ref().is_some_and(|before| before.pod.uid != pod.uid) {
            self.events.remove(&name);
        }
        let before = before.filter(|before| before.pod.uid == pod.uid);
        if let Some(before) = &before {
            self.sights.retried(&before.pod, &pod);
        }
        self.stand(pod, before.as_ref(), now);
    }

    /// A pod is gone.
    pub fn delete(&mut self, name: &ObjectName, now: Time) {
        self.events.remove(name);
        let Some(tracked) = self.pods.remove(name) else { return };
        if self.is_meant(&tracked.pod) && !matches!(tracked.standing, Standing::Pulled) {
            self.tell(name, "gone", now);
        }
    }

    /// An event is there, new or counted on. `name` is its own.
    pub fn apply_event(&mut self, name: &ObjectName, event: &Event, now: Time) {
        if event.about.kind != "Pod" {
            return;
        }
        let about = ObjectName::new(event.about.namespace.as_str(), event.about.name.as_str());
        let settled = match self.pods.get(&about) {
            Some(tracked) => matches!(tracked.standing, Standing::Pulled),
            None if self.events.len() >= MOST_STRANGERS && !self.events.contains_key(&about) => {
                return;
            }
            None => false,
        };
        if settled {
            return;
        }
        let events = self.events.entry(about.clone()).or_default();
        if events.len() >= MOST_EVENTS_OF_POD && !events.contains_key(name) {
            let oldest = events.iter().min_by_key(|(_, event)| event.last_seen);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                events.remove(&oldest);
            }
        }
        if events.insert(name.clone(), event.clone()).as_ref() == Some(event) {
            return;
        }
        if let Some(tracked) = self.pods.remove(&about) {
            let pod = tracked.pod.clone();
            self.stand(pod, Some(&tracked), now);
        }
    }

    /// The events of an area cannot be read, or can be again.
    pub fn set_events_unseen(&mut self, area: &Area, why: Option<Unseen>) {
        match why {
            Some(why) => self.events_unseen.insert(area.clone(), why),
            None => self.events_unseen.remove(area),
        };
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
        survey.running = self.survey.running.clone();
        let mut facts = Facts::new(now, origin);
        for tracked in self.meant() {
            let namespace = &tracked.pod.name.namespace;
            let unseen = self.events_unseen.get(&Some(namespace.clone()));
            let unseen = unseen.or_else(|| self.events_unseen.get(&None));
            facts.events_seen.insert(namespace.clone(), unseen.cloned().map_or(Ok(()), Err));
            if let Some(pod) = survey.see(tracked.pod.clone()) {
                let events = self.events.get(&pod.name).into_iter().flat_map(BTreeMap::values);
                facts.events.extend(events.cloned());
                facts.pods.push(pod);
            }
        }
        (facts, survey)
    }

    /// Finds out how a pod stands, and says so if that is new.
    fn stand(&mut self, mut pod: Pod, before: Option<&Tracked>, now: Time) {
        let name = pod.name.clone();
        let standing = match self.failures(&pod, now) {
            failures if !failures.is_empty() => Standing::Failing(failures),
            _ => match diagnose::progress(&pod) {
                Progress::Pulled => Standing::Pulled,
                Progress::Pending(why) => Standing::Pending(self.why(&pod, why)),
            },
        };
        let is_new = match (before.map(|it| &it.standing), &standing) {
            (Some(Standing::Pulled), Standing::Pulled) => false,
            (Some(Standing::Pending(before)), Standing::Pending(why)) => before != why,
            (Some(Standing::Failing(before)), Standing::Failing(failures)) => {
                !before.iter().map(Failure::line).eq(failures.iter().map(Failure::line))
            }
            _ => true,
        };
        if matches!(standing, Standing::Pulled) {
            self.events.remove(&name);
            self.sights.pulled(&pod);
            // Of a settled pod nothing else will be asked.
            pod.labels.retain(|key, _| key.ends_with("-hash"));
            pod.managed_by.clear();
        }
        let since = match before {
            Some(before) if !is_new => before.since,
            _ => now,
        };
        let text = match &standing {
            Standing::Pulled => "pulled".to_owned(),
            Standing::Pending(why) => format!("pending, {why}"),
            Standing::Failing(failures) => {
                let lines: Vec<_> = failures.iter().map(Failure::line).collect();
                format!("failing, {}", lines.join("; "))
            }
        };
        let is_meant = self.is_meant(&pod);
        self.pods.insert(name.clone(), Tracked { pod, standing, since });
        if is_new && is_meant {
            self.tell(&name, &text, now);
        }
    }

    /// The pod's failing images, by the words alone.
    fn failures(&mut self, pod: &Pod, now: Time) -> Vec<Failure> {
        if pod.deleting.is_some() || !diagnose::may_fail(pod) {
            return Vec::new();
        }
        let mut facts = Facts::new(now, Origin::Files(Vec::new()));
        let events = self.events.get(&pod.name).into_iter().flat_map(BTreeMap::values);
        facts.events = events.cloned().collect();
        facts.pods = vec![pod.clone()];
        let findings = diagnose::diagnose(&facts);
        findings.diagnoses().map(|diagnosis| self.sights.see(pod, diagnosis, now)).collect()
    }

    /// Why a pod is pending: the scheduler's words, or the pull that is under way.
    fn why(&self, pod: &Pod, why: String) -> String {
        if let Some(words) = &pod.unschedulable {
            return format!("not scheduled: {}", crate::redact::line(words, 160));
        }
        let events = self.events.get(&pod.name).into_iter().flat_map(BTreeMap::values);
        let newest = events.max_by_key(|event| event.last_seen);
        match newest {
            Some(event) if event.reason == "Pulling" => crate::redact::line(&event.message, 160),
            _ => why,
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
        self.pods.values().filter(|tracked| self.is_meant(&tracked.pod))
    }
}

impl Target {
    fn includes(&self, pod: &Pod) -> bool {
        self.namespace.as_ref().is_none_or(|it| pod.name.namespace == *it)
            && self.expected.members.include(pod)
    }
}

#[cfg(test)]
mod tests;
