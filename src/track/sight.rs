//! Failures as they were first seen, and how often since: what a pod's replacement inherits.
//!
//! A failure belongs to a place of a workload, not to a pod: a job that replaces its failing pod by
//! the next one does not get its grace anew.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::cause::Group;
use crate::diagnose::{Diagnosis, Workload};
use crate::facts::{Pod, Time};
use crate::redact;

/// After so long a failure has certainly been tried again: the kubelet's first back-off is 10 s, and
/// it comes by every 10 to 15 s.
pub(super) const SECOND_ATTEMPT: TimeDelta = TimeDelta::seconds(30);
/// The longest line about a failure.
const LINE: usize = 200;

/// A place of a workload, and its image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    namespace: String,
    workload: Workload,
    name: String,
    image: String,
}

/// What is remembered of a failure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight {
    /// When it was first seen.
    pub(super) first: Time,
    /// Attempts that were seen to fail.
    pub(super) attempts: u32,
}

/// Whether the words could be those of a race: a tag that is just being pushed, a secret or a grant
/// that is just being made. Nothing of the kind mends a name that cannot be parsed.
pub(super) fn may_be_race(failure: &Diagnosis) -> bool {
    matches!(failure.leading().group, Group::Access | Group::NotThere | Group::Root)
}

/// The failure in one line.
pub(super) fn failing_line(failure: &Diagnosis) -> String {
    redact::line(&format!("{}: {}", failure.leading().code, failure.image.reference), LINE)
}

/// All failures that were seen and have not healed.
#[derive(Debug, Default)]
pub(super) struct Sights {
    seen: BTreeMap<Place, Sight>,
}

impl Sights {
    /// Takes note of a failure.
    pub(super) fn see(&mut self, pod: &Pod, diagnosis: &Diagnosis, now: Time) {
        let sight = self
            .seen
            .entry(Place::of_failure(pod, diagnosis))
            .or_insert(Sight { first: now, attempts: 1 });
        // An event is counted on with each attempt, for longer than anybody has been watching.
        let told = diagnosis.evidence.iter().filter_map(|evidence| evidence.count).max();
        sight.attempts = sight.attempts.max(told.unwrap_or(0));
        let since = diagnosis.evidence.iter().filter_map(|evidence| evidence.first_seen).min();
        if since.is_some_and(|since| now - since >= SECOND_ATTEMPT) {
            sight.attempts = sight.attempts.max(2);
        }
    }

    /// What is remembered of a failure that was seen.
    pub(super) fn of(&self, pod: &Pod, failure: &Diagnosis) -> Option<Sight> {
        self.seen.get(&Place::of_failure(pod, failure)).copied()
    }

    /// Counts an attempt that the status of a container tells of.
    pub(super) fn retried(&mut self, pod: &Pod, place: &str, image: &str) {
        if let Some(sight) = self.seen.get_mut(&Place::of(pod, place, image)) {
            sight.attempts += 1;
        }
    }

    /// Forgets what has healed.
    pub(super) fn pulled(&mut self, pod: &Pod) {
        if self.seen.is_empty() {
            return;
        }
        for place in &pod.places {
            self.seen.remove(&Place::of(pod, &place.name, &place.image));
        }
    }
}

impl Place {
    fn of_failure(pod: &Pod, failure: &Diagnosis) -> Self {
        let place = failure.volume.as_ref().or(failure.container.as_ref());
        Self::of(pod, place.map_or("", String::as_str), &failure.image.reference)
    }

    fn of(pod: &Pod, place: &str, image: &str) -> Self {
        Self {
            namespace: pod.name.namespace.clone(),
            workload: Workload::of(pod),
            name: place.to_owned(),
            image: image.to_owned(),
        }
    }
}
