//! When enough is known: everything pulled, something that no waiting heals, or something that has
//! had its time.

use super::sight::{SECOND_ATTEMPT, may_be_race};
use super::{Standing, Tracked, Tracker};
use crate::cause::Retry;
use crate::diagnose;
use crate::diagnose::Diagnosis;
use crate::facts::Time;
use crate::report::{Pending, PendingWhat, WaitOutcome};
use crate::scope::Wanted;

/// Whether to go on waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// All images in scope are on their nodes.
    Pulled,
    /// An image fails, and waiting will not help, or has not helped for long enough.
    Failed,
    /// Not known yet. Without news nothing changes before `until`; never, if there is none.
    Wait {
        /// When a failure's time is up.
        until: Option<Time>,
    },
}

/// What one target is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// All its pods are there.
    Complete,
    /// So many are missing.
    Missing(usize),
    /// Nobody knows how many there should be.
    Unknown,
}

impl Tracker {
    /// Whether enough is known.
    pub fn decide(&self, now: Time) -> Decision {
        let mut until: Option<Time> = None;
        let (mut open, mut failing) = (false, false);
        for tracked in self.meant() {
            match &tracked.standing {
                Standing::Pulled => {}
                Standing::Pending(_) => open = true,
                Standing::Failing(failures) => {
                    failing = true;
                    for due in failures.iter().map(|it| self.due(tracked, it, now)) {
                        if due <= now {
                            return Decision::Failed;
                        }
                        until = Some(until.map_or(due, |known| known.min(due)));
                    }
                }
            }
        }
        let mut complete = true;
        for target in 0..self.targets.len() {
            match self.settling(target) {
                Settling::Complete => {}
                Settling::Missing(_) | Settling::Unknown => match self.held_up(target) {
                    Some((_, since)) if since + self.grace <= now => {}
                    Some((_, since)) => {
                        complete = false;
                        let due = since + self.grace;
                        until = Some(until.map_or(due, |known| known.min(due)));
                    }
                    None => complete = false,
                },
            }
        }
        if complete && !open && !failing && !self.world.is_listing() {
            return Decision::Pulled;
        }
        Decision::Wait { until }
    }

    /// How it ends when time is up: a failing image counts, whatever it is worth, and what is held
    /// up has had its time.
    pub fn outcome(&self) -> WaitOutcome {
        let (mut failing, mut open) = (false, self.world.is_listing());
        for tracked in self.meant() {
            match &tracked.standing {
                Standing::Pulled => {}
                Standing::Pending(_) => open = true,
                Standing::Failing(_) => failing = true,
            }
        }
        let is_settled =
            |target| self.settling(target) == Settling::Complete || self.held_up(target).is_some();
        match (failing, open) {
            (true, _) => WaitOutcome::Failed,
            (false, false) if (0..self.targets.len()).all(is_settled) => WaitOutcome::Pulled,
            (false, _) => WaitOutcome::Undecided,
        }
    }

    /// A pod that has its images and does not run, and since when, where other pods of the same
    /// template are missing: a rollout waits for it. What can be known of their images is known. None
    /// as long as an image of a pod that is there is not known, or fails.
    fn held_up(&self, target: usize) -> Option<(&Tracked, Time)> {
        let target = self.targets.get(target)?;
        let is_counted = matches!(target.expected.wanted, Wanted::Count(_));
        if !is_counted || !target.expected.members.are_of_one_template() {
            return None;
        }
        let there = || self.meant().filter(|tracked| target.includes(&tracked.pod));
        if there().any(|tracked| !matches!(tracked.standing, Standing::Pulled)) {
            return None;
        }
        let stuck = there().filter_map(|tracked| {
            diagnose::stuck(&tracked.pod)?;
            let (uid, since) = self.stuck.get(&tracked.pod.name)?;
            (*uid == tracked.pod.uid).then_some((tracked, *since))
        });
        stuck.min_by_key(|(_, since)| *since)
    }

    /// When a failure counts.
    fn due(&self, tracked: &Tracked, failure: &Diagnosis, now: Time) -> Time {
        let Some(sight) = self.sights.of(&tracked.pod, failure) else { return now };
        match failure.retry() {
            Retry::Permanent if sight.attempts >= 2 || !may_be_race(failure) => now,
            // Nothing but the passing of a whole back-off tells that it was tried again.
            Retry::Permanent => sight.first + SECOND_ATTEMPT.min(self.grace),
            Retry::Transient | Retry::Unclear | Retry::NotApplicable => sight.first + self.grace,
        }
    }

    /// Whether a target has the pods that it should have.
    pub fn settling(&self, target: usize) -> Settling {
        let Some(target) = self.targets.get(target) else { return Settling::Complete };
        let wanted = match &target.expected.wanted {
            Wanted::Done => return Settling::Complete,
            Wanted::Unknown(_) => return Settling::Unknown,
            Wanted::Some => 1,
            Wanted::Count(count) => *count,
        };
        let there =
            self.meant().filter(|tracked| target.includes(&tracked.pod)).take(wanted).count();
        if there >= wanted { Settling::Complete } else { Settling::Missing(wanted - there) }
    }

    /// How many pods of a target are missing.
    pub(super) fn missing(&self, target: usize) -> usize {
        match self.settling(target) {
            Settling::Complete | Settling::Unknown => 0,
            Settling::Missing(count) => count,
        }
    }

    /// What is known of the missing pods' images, as the end of a sentence.
    fn held_up_by(&self, target: usize) -> String {
        let Some((tracked, _)) = self.held_up(target) else { return String::new() };
        let Some(why) = diagnose::stuck(&tracked.pod) else { return String::new() };
        let on = match &tracked.pod.node {
            Some(node) => format!(" on {node}"),
            None => String::new(),
        };
        format!("; {} has their images{on} and does not run, {why}", tracked.pod.name)
    }

    /// What is not settled, and why.
    pub fn pending(&self) -> Vec<Pending> {
        let mut pending = Vec::new();
        for (number, target) in self.targets.iter().enumerate() {
            let why = match (self.settling(number), &target.expected.wanted) {
                (Settling::Complete, _) => continue,
                (Settling::Missing(_), _) if self.world.lists(&target.namespace) => {
                    "its pods are still being listed".to_owned()
                }
                (Settling::Missing(missing), Wanted::Count(count)) => {
                    let pods = crate::words::count(*count, "pod is", "pods are");
                    format!("{missing} of {pods} not there{}", self.held_up_by(number))
                }
                (_, Wanted::Unknown(why)) => why.clone(),
                (Settling::Missing(_) | Settling::Unknown, _) => "no pod is there".to_owned(),
            };
            let what = match (&target.name, &target.namespace) {
                (Some(name), _) => name.clone(),
                (None, Some(namespace)) => format!("namespace {namespace}"),
                (None, None) => "the cluster".to_owned(),
            };
            pending.push(Pending { what: PendingWhat::Workload(what), why });
        }
        pending.extend(self.meant().filter_map(|tracked| match &tracked.standing {
            Standing::Pending(why) => {
                Some(Pending { what: PendingWhat::Pod(tracked.pod.name.clone()), why: why.clone() })
            }
            Standing::Pulled | Standing::Failing(_) => None,
        }));
        pending
    }
}
