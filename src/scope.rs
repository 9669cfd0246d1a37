//! Which of the pods that a selector picks belong to a workload, and how many of them there should
//! be before anything can be said of it as a whole.

use std::collections::BTreeSet;

use crate::facts::Pod;
use crate::selector::Selector;

/// Which pods are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Members {
    /// All that the selector picks.
    #[default]
    All,
    /// The pod of this name.
    Named(String),
    /// Those whose owner is one of these, by kind and name.
    OwnedBy(BTreeSet<(String, String)>),
    /// Those that have such labels.
    Selected(Selector),
    /// Those of this owner that have this label: the newest revision of a StatefulSet.
    Revision {
        /// The owner's kind.
        kind: &'static str,
        /// The owner's name.
        name: String,
        /// The value of `controller-revision-hash`.
        hash: String,
    },
}

/// The label by which the controllers of `apps/v1` mark the revision of a pod.
const REVISION: &str = "controller-revision-hash";

impl Members {
    /// No pod.
    pub fn none() -> Self {
        Self::OwnedBy(BTreeSet::new())
    }

    /// Whether all of them are made of one template, those that are yet to come as well.
    pub fn are_of_one_template(&self) -> bool {
        match self {
            Self::OwnedBy(owners) => {
                owners.len() == 1
                    && owners.iter().all(|(kind, _)| kind == "ReplicaSet" || kind == "Job")
            }
            Self::Revision { .. } => true,
            Self::All | Self::Named(_) | Self::Selected(_) => false,
        }
    }

    /// Whether a pod is told by labels of which nobody knows the keys beforehand.
    pub fn is_by_labels(&self) -> bool {
        matches!(self, Self::Selected(_))
    }

    /// Whether the pod is meant.
    pub fn include(&self, pod: &Pod) -> bool {
        let is_owned = |kind: &str, name: &str| {
            pod.owner.as_ref().is_some_and(|owner| owner.kind == kind && owner.name == name)
        };
        match self {
            Self::All => true,
            Self::Named(name) => pod.name.name == *name,
            Self::OwnedBy(owners) => owners.iter().any(|(kind, name)| is_owned(kind, name)),
            Self::Selected(selector) => selector.matches(&pod.labels),
            Self::Revision { kind, name, hash } => {
                is_owned(kind, name) && pod.labels.get(REVISION) == Some(hash)
            }
        }
    }
}

/// How many pods a workload should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// At least one: nobody says how many.
    Some,
    /// As many, or more.
    Count(usize),
    /// None are to come: a job that has ended, or a cron job between its times.
    Done,
    /// It cannot be said yet, and why.
    Unknown(String),
}

/// What a workload is waiting for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Its pods.
    pub members: Members,
    /// Their number.
    pub wanted: Wanted,
}

impl Expected {
    /// All pods of a selector, at least one.
    pub fn some() -> Self {
        Self { members: Members::All, wanted: Wanted::Some }
    }

    /// Nothing yet, and why.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { members: Members::none(), wanted: Wanted::Unknown(why.into()) }
    }
}
