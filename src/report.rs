//! Findings to output, one file a format. Every writer takes findings and a stream; none of them
//! looks anything up, decides a cause or an exit code.

pub mod explanations;
pub mod github;
pub mod incident;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod metrics;
pub mod overview;
pub mod secret;
pub mod text;
pub mod yaml;

use crate::diagnose::{Diagnosis, Findings, Incident, incidents};
use crate::facts::{ObjectName, Origin, Time};
use crate::survey::Survey;

/// What a writer is given.
#[derive(Debug, Clone)]
pub struct Report {
    /// When the facts were gathered.
    pub generated_at: Time,
    /// Where they come from.
    pub origin: Origin,
    /// What was found.
    pub findings: Findings,
    /// The same, grouped.
    pub incidents: Vec<Incident>,
    /// What was seen of the pods that need no diagnosis.
    pub survey: Survey,
    /// How waiting ended, if there was any.
    pub waited: Option<Waited>,
    /// Whether somebody interrupted the look: it tells of what had been seen by then.
    pub is_interrupted: bool,
}

impl Report {
    /// A report on findings that hold every pod that was looked at.
    pub fn new(generated_at: Time, origin: Origin, findings: Findings) -> Self {
        let survey = Survey { examined: findings.pods.len(), ..Survey::default() };
        Self::of_survey(generated_at, origin, findings, survey)
    }

    /// A report on many pods, of which the findings hold those that may fail.
    pub fn of_survey(
        generated_at: Time,
        origin: Origin,
        findings: Findings,
        survey: Survey,
    ) -> Self {
        let incidents = incidents(findings.diagnoses(), &survey.running);
        Self {
            generated_at,
            origin,
            findings,
            incidents,
            survey,
            waited: None,
            is_interrupted: false,
        }
    }

    /// How many pods have a failing image.
    pub fn failing(&self) -> usize {
        self.findings.pods.iter().filter(|pod| !pod.diagnoses.is_empty()).count()
    }

    /// The diagnosis that stands for an incident: one with a root cause's proof behind it rather
    /// than one that only the words support.
    pub fn example(&self, incident: &Incident) -> Option<&Diagnosis> {
        let of_it = || self.findings.diagnoses().filter(|diagnosis| incident.holds(diagnosis));
        of_it().max_by_key(|diagnosis| {
            // Of equals the first: `max_by_key` takes the last, so later ones count less.
            (diagnosis.checks.len(), diagnosis.evidence.len(), std::cmp::Reverse(&diagnosis.pod))
        })
    }
}

/// How waiting for pods ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waited {
    /// How.
    pub outcome: WaitOutcome,
    /// How long it took, in seconds.
    pub seconds: i64,
    /// What was not settled at the end: each with why.
    pub pending: Vec<Pending>,
}

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitOutcome {
    /// Every image in scope is on its node.
    Pulled,
    /// An image fails, for good or for too long.
    Failed,
    /// Time ran out before it was known.
    Undecided,
    /// Somebody interrupted it.
    Interrupted,
}

/// Something that was waited for in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// A pod, or a workload that has too few of them.
    pub what: PendingWhat,
    /// Why, in a few words.
    pub why: String,
}

/// What was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingWhat {
    /// A pod.
    Pod(ObjectName),
    /// A workload as it was named.
    Workload(String),
}

impl std::fmt::Display for PendingWhat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pod(name) => write!(f, "{name}"),
            Self::Workload(name) => f.write_str(name),
        }
    }
}
