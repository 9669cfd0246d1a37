//! A look over many pods: which of them need a diagnosis, and the little that is worth remembering
//! of the rest.
//!
//! A cluster has a hundred healthy pods for each that fails. [`Survey::see`] takes a pod, counts it,
//! and gives it back only if it may fail; what it keeps of the others grows with the number of
//! images and workloads, not of pods, and is bounded.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnose::{self, Progress, Workload};
use crate::facts::{PlaceKind, Pod, State};

/// Images of which it is remembered where they run. A cluster has hundreds.
const MOST_IMAGES: usize = 5_000;
/// Workloads' containers that are remembered for a format that lists them all.
const MOST_CONTAINERS: usize = 50_000;

/// What was seen of many pods.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Pods that were looked at.
    pub examined: usize,
    /// Pods whose images are all on their nodes.
    pub pulled: usize,
    /// On which nodes images run.
    pub running: Running,
    /// The containers of every workload; empty unless asked for.
    pub roster: Option<Roster>,
}

impl Survey {
    /// A survey that also lists the containers of every workload.
    pub fn with_roster() -> Self {
        Self { roster: Some(Roster::default()), ..Self::default() }
    }

    /// Takes a pod; gives it back if an image of it may be failing.
    pub fn see(&mut self, pod: Pod) -> Option<Pod> {
        self.examined += 1;
        self.running.see(&pod);
        if let Some(roster) = &mut self.roster {
            roster.see(&pod);
        }
        if diagnose::progress(&pod) == Progress::Pulled {
            self.pulled += 1;
        }
        diagnose::may_fail(&pod).then_some(pod)
    }
}

/// On which nodes images run: evidence about those that fail elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Running {
    /// Nodes' names by number, so that an image's set of nodes is small.
    nodes: BTreeMap<String, u32>,
    images: BTreeMap<String, BTreeSet<u32>>,
}

impl Running {
    /// Takes note of the images that run in a pod.
    pub fn see(&mut self, pod: &Pod) {
        let Some(node) = &pod.node else { return };
        let mut number = None;
        for place in pod.places.iter().filter(|place| place.state == State::Running) {
            let number = *number.get_or_insert_with(|| self.number(node));
            if let Some(nodes) = self.images.get_mut(&place.image) {
                nodes.insert(number);
            } else if self.images.len() < MOST_IMAGES {
                self.images.insert(place.image.clone(), BTreeSet::from([number]));
            }
        }
    }

    fn number(&mut self, node: &str) -> u32 {
        if let Some(number) = self.nodes.get(node) {
            return *number;
        }
        let number = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.insert(node.to_owned(), number);
        number
    }

    /// The nodes that run one of these images.
    pub fn nodes_with<'a>(
        &self,
        images: impl IntoIterator<Item = &'a String>,
    ) -> impl Iterator<Item = &str> {
        let running: BTreeSet<u32> = images
            .into_iter()
            .filter_map(|image| self.images.get(image))
            .flatten()
            .copied()
            .collect();
        self.nodes
            .iter()
            .filter(move |(_, number)| running.contains(number))
            .map(|(name, _)| name.as_str())
    }

    /// How many nodes besides these run one of these images.
    pub fn elsewhere(&self, images: &BTreeSet<String>, nodes: &BTreeSet<String>) -> usize {
        let here: BTreeSet<u32> =
            nodes.iter().filter_map(|node| self.nodes.get(node).copied()).collect();
        let running: BTreeSet<u32> =
            images.iter().filter_map(|image| self.images.get(image)).flatten().copied().collect();
        running.difference(&here).count()
    }
}

/// A container of a workload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The workload's namespace.
    pub namespace: String,
    /// The workload.
    pub workload: Workload,
    /// The container's name.
    pub container: String,
    /// What kind of container.
    pub kind: PlaceKind,
}

/// How the container is in all pods of its workload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Pods with it.
    pub pods: usize,
    /// Pods in which it has come further than its image.
    pub pulled: usize,
    /// The image; of one of the pods when they differ.
    pub image: String,
}

/// The containers of every workload.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    members: BTreeMap<Member, Standing>,
}

impl Roster {
    fn see(&mut self, pod: &Pod) {
        let finished = pod.is_finished();
        for place in pod.places.iter().filter(|place| place.kind != PlaceKind::ImageVolume) {
            let member = Member {
                namespace: pod.name.namespace.clone(),
                workload: Workload::of(pod),
                container: place.name.clone(),
                kind: place.kind,
            };
            if self.members.len() >= MOST_CONTAINERS && !self.members.contains_key(&member) {
                return;
            }
            let standing = self.members.entry(member).or_default();
            standing.pods += 1;
            if finished || matches!(place.state, State::Running | State::Terminated { .. }) {
                standing.pulled += 1;
            }
            standing.image.clone_from(&place.image);
        }
    }

    /// Calls a workload by another name, once it is known whose it is: a job by its cron job's.
    pub fn rename(&mut self, namespace: &str, from: &Workload, to: &Workload) {
        let is_it = |member: &Member| member.namespace == namespace && member.workload == *from;
        let keys: Vec<_> = self.members.keys().filter(|it| is_it(it)).cloned().collect();
        for key in keys {
            let Some(standing) = self.members.remove(&key) else { continue };
            let sum = self.members.entry(Member { workload: to.clone(), ..key }).or_default();
            sum.pods += standing.pods;
            sum.pulled += standing.pulled;
            sum.image = standing.image;
        }
    }

    /// All containers, in order.
    pub fn members(&self) -> impl Iterator<Item = (&Member, &Standing)> {
        self.members.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{ObjectName, Place};

    fn pod(name: &str, node: &str, state: State) -> Pod {
        Pod {
            name: ObjectName::new("shop", name),
            uid: name.to_owned(),
            mirror_of: None,
            version: 0,
            created: None,
            deleting: None,
            owner: None,
            node: (!node.is_empty()).then(|| node.to_owned()),
            service_account: None,
            pull_secrets: Some(Vec::new()),
            phase: "Running".to_owned(),
            reason: None,
            message: None,
            unschedulable: None,
            places: vec![Place {
                kind: PlaceKind::App,
                name: "app".to_owned(),
                image: "web:1".to_owned(),
                pull_policy: None,
                state,
                mounts: Vec::new(),
            }],
            labels: BTreeMap::new(),
            managed_by: Vec::new(),
        }
    }

    fn waiting(reason: &str) -> State {
        State::Waiting { reason: reason.to_owned(), message: String::new() }
    }

    #[test]
    fn only_pods_that_may_fail_are_kept() {
        let mut survey = Survey::with_roster();
        for (state, node, kept) in [
            (State::Running, "n1", false),
            (State::None, "", false),
            (State::None, "n1", true),
            (waiting("ContainerCreating"), "n1", true),
            (waiting("CrashLoopBackOff"), "n1", false),
            (waiting("ImagePullBackOff"), "n1", true),
            (waiting("illegal base64 data at input byte 4"), "n1", true),
        ] {
            let seen = survey.see(pod("a", node, state.clone()));
            assert_eq!(seen.is_some(), kept, "{state:?} on {node:?}");
        }
        assert_eq!((survey.examined, survey.pulled), (7, 2));
        let roster = survey.roster.unwrap();
        let (member, standing) = roster.members().next().unwrap();
        assert_eq!(member.container, "app");
        assert_eq!((standing.pods, standing.pulled), (7, 1));
    }

    #[test]
    fn where_an_image_runs_is_counted_in_nodes() {
        let mut running = Running::default();
        for node in ["n1", "n2", "n2", "n3"] {
            running.see(&pod("a", node, State::Running));
        }
        let images = BTreeSet::from(["web:1".to_owned()]);
        assert_eq!(running.elsewhere(&images, &BTreeSet::from(["n3".to_owned()])), 2);
        assert_eq!(running.elsewhere(&images, &BTreeSet::from(["n9".to_owned()])), 3);
        assert_eq!(running.elsewhere(&BTreeSet::new(), &BTreeSet::new()), 0);
    }
}
