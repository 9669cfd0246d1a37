//! Questions to the cluster about incidents: of each, one pod is asked about as `pulldoctor pod`
//! would, one after the other, while the streams go on.

use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{TimeDelta, Utc};
use futures::future::{LocalBoxFuture, pending};

use crate::cause::Cause;
use crate::diagnose::{self, Diagnosis};
use crate::facts::{Facts, Time};
use crate::source::cluster::Cluster;
use crate::track::{Board, Platforms, Sense};

use super::super::questions;
use super::listen::Listening;

/// How long an answer holds: objects change.
const HOLDS: TimeDelta = TimeDelta::minutes(5);
/// How long the platforms of the nodes hold: nodes come and go, their platforms stay.
const PLATFORMS_HOLD: TimeDelta = TimeDelta::minutes(10);

/// What was learned.
pub(super) enum Answer {
    /// About the incident of that number.
    Incident(u64, Option<Box<Diagnosis>>),
    /// About the nodes; none if they cannot be read.
    Platforms(Option<Platforms>),
}

impl Answer {
    /// Puts it on the board.
    pub(super) fn give(self, board: &mut Board) {
        match self {
            Self::Incident(number, Some(diagnosis)) => {
                board.incidents.diagnosed(number, *diagnosis);
            }
            Self::Platforms(Some(platforms)) => board.platforms = platforms,
            Self::Incident(_, None) | Self::Platforms(None) => {}
        }
    }
}

/// How it stands with the question about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inquiry {
    /// It was not put yet, or is to be put anew.
    Due,
    /// The cluster is being asked.
    UnderWay,
    /// The cluster was asked then.
    Asked(Time),
}

/// Questions under way, one at a time.
pub(super) struct Asking {
    own_namespace_only: bool,
    under_way: Option<LocalBoxFuture<'static, Answer>>,
    /// The incident that is being asked about.
    about: Option<u64>,
    /// Whether the cluster cannot be seen: then nothing is asked.
    is_blind: bool,
    /// When an incident was last asked about.
    asked: BTreeMap<u64, Time>,
    platforms_asked: Option<Time>,
}

impl Asking {
    /// Nothing asked yet.
    pub(super) fn new(own_namespace_only: bool) -> Self {
        Self {
            own_namespace_only,
            under_way: None,
            about: None,
            is_blind: false,
            asked: BTreeMap::new(),
            platforms_asked: None,
        }
    }

    /// Asks what is worth asking now, if nothing is under way: of the incidents the one that strikes
    /// most and was not asked about for the longest.
    pub(super) fn consider(&mut self, board: &Board, listening: &Listening, now: Time) {
        // What cannot be reached proves nothing, and would take the place of what was proven before.
        self.is_blind = board.contact.blindness(Sense::Pods).is_some();
        if self.under_way.is_some() || self.is_blind {
            return;
        }
        let open = board.incidents.open();
        self.asked.retain(|number, _| open.iter().any(|incident| incident.number == *number));
        let is_stale =
            |asked: Option<&Time>, holds| asked.is_none_or(|asked| now - *asked >= holds);
        if !open.is_empty() && is_stale(self.platforms_asked.as_ref(), PLATFORMS_HOLD) {
            self.platforms_asked = Some(now);
            let cluster = listening.cluster();
            self.under_way =
                Some(Box::pin(async move { Answer::Platforms(cluster.platforms().await.ok()) }));
            return;
        }
        let next = open
            .iter()
            .filter(|incident| incident.is_open())
            .filter(|incident| is_stale(self.asked.get(&incident.number), HOLDS))
            .min_by_key(|incident| self.asked.get(&incident.number));
        let Some(incident) = next else { return };
        let Some(facts) = board.facts_of(incident, now, listening.origin()) else { return };
        self.asked.insert(incident.number, now);
        self.about = Some(incident.number);
        let cluster = listening.cluster();
        let ask = ask(cluster, facts, self.own_namespace_only, incident.number, incident.cause);
        self.under_way = Some(Box::pin(ask));
    }

    /// Asks about an incident anew at the next chance.
    pub(super) fn refresh(&mut self, number: u64) {
        self.asked.remove(&number);
    }

    /// How it stands with the question about the incident of that number.
    pub(super) fn inquiry(&self, number: u64) -> Inquiry {
        match self.asked.get(&number) {
            _ if self.about == Some(number) => Inquiry::UnderWay,
            Some(asked) => Inquiry::Asked(*asked),
            None => Inquiry::Due,
        }
    }

    /// When there is something to ask again, if nothing else happens. While a question is under way
    /// its answer comes first; incidents that are ending are not asked about, and while the pods are
    /// blind nothing is.
    pub(super) fn next_due(&self, board: &Board) -> Option<Time> {
        let open = board.incidents.open();
        let open = open.iter().filter(|incident| incident.is_open());
        let asked = open.filter_map(|incident| self.asked.get(&incident.number)).min();
        asked.filter(|_| self.under_way.is_none() && !self.is_blind).map(|asked| *asked + HOLDS)
    }

    /// Waits for the answer to what is under way.
    pub(super) async fn answer(&mut self) -> Answer {
        let Some(under_way) = &mut self.under_way else { return pending().await };
        let answer = under_way.await;
        self.under_way = None;
        self.about = None;
        answer
    }
}

/// Asks about the pod in the facts; gives its diagnosis with that cause.
async fn ask(
    cluster: Rc<Cluster>,
    mut facts: Facts,
    own_namespace_only: bool,
    number: u64,
    cause: &'static Cause,
) -> Answer {
    questions::ask(&cluster, &mut facts, own_namespace_only, |_| true).await;
    facts.now = Utc::now();
    let findings = diagnose::diagnose(&facts);
    let mut diagnoses = findings.pods.into_iter().flat_map(|pod| pod.diagnoses);
    let found = diagnoses.find(|diagnosis| diagnosis.cause == cause);
    Answer::Incident(number, found.map(Box::new))
}
