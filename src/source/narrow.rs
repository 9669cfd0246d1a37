//! Which of the pods in files are in the scope of a check; a live cluster is asked for those alone.

use crate::error::Error;
use crate::facts::{Facts, OwnerReference, Pod};
use crate::near;
use crate::selector::Selector;
use crate::survey::Survey;
use crate::workload::{Kind, Named};

/// How far a chain of owners is followed upwards.
const OWNERS: usize = 4;

/// The pods that a check is about.
#[derive(Debug, Clone, Default)]
pub struct Narrowing {
    /// Their namespace; none for whichever they are in.
    pub namespace: Option<String>,
    /// A label selector.
    pub selector: Option<String>,
    /// Their workloads; any when empty.
    pub workloads: Vec<Named>,
}

impl Narrowing {
    /// Leaves in `facts.pods` those pods in scope that may fail, and counts all of them.
    pub fn apply(&self, facts: &mut Facts, mut survey: Survey) -> Result<Survey, Error> {
        let selector = self.selector.as_deref().map(Selector::parse).transpose();
        let selector = selector.map_err(|problem| Error::Usage {
            problem,
            hint: "write it as -l app=web,tier!=cache".to_owned(),
        })?;
        let all = std::mem::take(&mut facts.pods);
        let mut hits = vec![0_usize; self.workloads.len()];
        for pod in all {
            let is_there = self.namespace.as_ref().is_none_or(|it| pod.name.namespace == *it);
            let is_labelled = selector.as_ref().is_none_or(|it| it.matches(&pod.labels));
            if !(is_there && is_labelled && self.is_of_workload(facts, &pod, &mut hits)) {
                continue;
            }
            // All there is was looked at: an answer, though it may be incomplete.
            facts.neighbours_seen.insert(pod.name.namespace.clone(), Ok(()));
            facts.pods.extend(survey.see(pod));
        }
        for (workload, hits) in self.workloads.iter().zip(hits) {
            if hits == 0 && !self.is_known(facts, workload) {
                return Err(self.missing(facts, workload));
            }
        }
        Ok(survey)
    }

    fn is_of_workload(&self, facts: &Facts, pod: &Pod, hits: &mut [usize]) -> bool {
        let mut is_of_one = self.workloads.is_empty();
        for (workload, hits) in self.workloads.iter().zip(hits) {
            let is_there = workload.namespace.as_ref().is_none_or(|it| pod.name.namespace == *it);
            if is_there && owns(facts, workload, pod) {
                *hits += 1;
                is_of_one = true;
            }
        }
        is_of_one
    }

    /// Whether the input holds the workload itself, if not its pods.
    fn is_known(&self, facts: &Facts, workload: &Named) -> bool {
        let namespace = workload.namespace.as_ref().or(self.namespace.as_ref());
        facts.owners.keys().any(|key| {
            let owner = OwnerReference {
                api_version: key.api_version.clone(),
                kind: key.kind.clone(),
                name: key.name.clone(),
            };
            namespace.is_none_or(|namespace| key.namespace == *namespace) && workload.is(&owner)
        })
    }

    fn missing(&self, facts: &Facts, workload: &Named) -> Error {
        let owners = facts
            .owners
            .keys()
            .filter(|key| Kind::of_object(&key.api_version, &key.kind) == workload.kind);
        Error::NoSuchWorkload {
            what: workload.to_string(),
            namespace: workload.namespace.clone().or_else(|| self.namespace.clone()),
            near: near::names(&workload.name, owners.map(|key| key.name.as_str())),
        }
    }
}

/// Whether the pod belongs to the workload: by its owners as far as they were given, else by the
/// name that a Deployment gives to its replica sets.
fn owns(facts: &Facts, workload: &Named, pod: &Pod) -> bool {
    if workload.kind == Kind::Pod {
        return pod.name.name == workload.name;
    }
    let mut next = pod.owner.clone();
    for _ in 0..OWNERS {
        let Some(owner) = next else { break };
        if workload.is(&owner) {
            return true;
        }
        next = facts.owner(&owner.key(&pod.name.namespace)).found().and_then(|it| it.owner.clone());
    }
    let guessed = crate::diagnose::Workload::of(pod);
    guessed.kind == "Deployment"
        && workload.kind == Kind::Deployment
        && guessed.name == workload.name
}
