//! Of many pods that fail alike, the few that stand for the rest.
//!
//! Questions cost requests, and the objects prove the same about all pods of a case: one image that
//! fails in one way, and for an access failure under one service account with one set of pull
//! secrets. So one pod of each case is asked about, and what is learned serves them all.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Facts, ObjectName, Pod};

use super::symptom::is_about_one_image;
use super::{Diagnosis, Findings, Limitation};
use crate::cause::Group;

/// The pods that stand for the others.
#[derive(Debug, Clone, Default)]
pub struct Cases {
    /// One pod of each case, at most so many as were asked for.
    pub examples: BTreeSet<ObjectName>,
    /// Cases without an example, as there are too many.
    pub left_out: usize,
}

impl Cases {
    /// Whether the pod stands for a case.
    pub fn is_example(&self, pod: &ObjectName) -> bool {
        self.examples.contains(pod)
    }

    /// What leaving cases out costs, if any were.
    pub fn limitation(&self) -> Option<Limitation> {
        (self.left_out > 0).then(|| Limitation {
            missing: format!(
                "the objects behind {}: there are too many to ask about each",
                crate::words::count(self.left_out, "further failure", "further failures")
            ),
            effect: "their root causes are not known; `pulldoctor pod` on one of their pods tells"
                .to_owned(),
        })
    }
}

/// What makes two failures one case.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Case<'a> {
    /// One of each incident comes first.
    incident: (&'a str, &'a str, &'a str),
    /// For access failures: namespace, service account and pull secrets.
    rights: Option<(&'a str, Option<&'a str>, &'a [String])>,
}

impl<'a> Case<'a> {
    fn of(diagnosis: &'a Diagnosis, pod: &'a Pod) -> Self {
        let image =
            if is_about_one_image(diagnosis.cause) { &diagnosis.image.reference } else { "" };
        let rights = (diagnosis.cause.group == Group::Access).then(|| {
            (
                pod.name.namespace.as_str(),
                pod.service_account.as_deref(),
                pod.pull_secrets.as_deref().unwrap_or_default(),
            )
        });
        Self { incident: (diagnosis.cause.code, diagnosis.image.registry(), image), rights }
    }
}

/// Chooses at most `most` pods: one of each incident first, then one of each further case.
pub fn cases(facts: &Facts, findings: &Findings, most: usize) -> Cases {
    let pods: BTreeMap<&ObjectName, &Pod> = facts.pods.iter().map(|pod| (&pod.name, pod)).collect();
    let mut first_of: BTreeMap<Case<'_>, &ObjectName> = BTreeMap::new();
    for diagnosis in findings.diagnoses() {
        let Some(pod) = pods.get(&diagnosis.pod) else { continue };
        first_of.entry(Case::of(diagnosis, pod)).or_insert(&diagnosis.pod);
    }
    let mut incidents = BTreeSet::new();
    let (first, further): (Vec<_>, Vec<_>) =
        first_of.into_iter().partition(|(case, _)| incidents.insert(case.incident));
    let mut cases = Cases::default();
    for (_, pod) in first.into_iter().chain(further) {
        if cases.examples.contains(pod) {
            continue;
        }
        if cases.examples.len() < most {
            cases.examples.insert(pod.clone());
        } else {
            cases.left_out += 1;
        }
    }
    cases
}
