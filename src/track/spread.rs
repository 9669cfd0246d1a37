//! What the failures of an incident have in common that others do not share: the suspect.

use std::collections::{BTreeMap, BTreeSet};

use super::incident::Incident;
use super::incidents::Incidents;
use crate::cause::{self, Group};
use crate::survey::Running;
use crate::words;

/// The platforms of the nodes, as `linux/arm64`, as far as they were seen.
pub type Platforms = BTreeMap<String, String>;

/// What the failures of an incident have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    /// The one node on which it fails, where that says something: several pods fail there, or the
    /// images run elsewhere.
    pub only_node: Option<String>,
    /// The one platform on which it fails, while its images run on another.
    pub only_platform: Option<String>,
    /// Every image of the registry that was tried fails.
    pub whole_registry: Option<String>,
    /// The one workload of several pods.
    pub only_workload: Option<String>,
    /// The one namespace of several workloads.
    pub only_namespace: Option<String>,
    /// Nodes without a failing pod of it that run one of its images.
    pub runs_elsewhere: usize,
}

impl Spread {
    /// The spread of one of the incidents.
    pub fn of(
        incident: &Incident,
        incidents: &Incidents,
        running: &Running,
        platforms: &Platforms,
    ) -> Self {
        let others: BTreeSet<&str> = running
            .nodes_with(incident.images().iter())
            .filter(|node| !incident.nodes().contains(*node))
            .collect();
        let is_names_fault = incident.cause.group == Group::Name;
        let several = incident.pods().len() > 1;
        let only_node = incident
            .nodes()
            .only()
            .filter(|_| !is_names_fault && (several || !others.is_empty()))
            .cloned();
        let only_platform =
            if is_names_fault { None } else { only_platform(incident, &others, platforms) };
        let whole_registry =
            incidents.is_whole_registry(incident).then(|| incident.registry.clone());
        let only_workload =
            incident.workloads().only().filter(|_| several).map(|(namespace, workload)| {
                format!("{} {namespace}/{}", workload.kind, workload.name)
            });
        let namespaces: BTreeSet<&str> =
            incident.workloads().iter().map(|(namespace, _)| namespace.as_str()).collect();
        let only_namespace = match namespaces.iter().collect::<Vec<_>>().as_slice() {
            [namespace] if incident.workloads().len() > 1 => Some((**namespace).to_owned()),
            _ => None,
        };
        Self {
            only_node,
            only_platform,
            whole_registry,
            only_workload,
            only_namespace,
            runs_elsewhere: others.len(),
        }
    }

    /// The common factors in words, what says most first: `all on node-7`.
    pub fn factors(&self) -> Vec<String> {
        let elsewhere = match self.runs_elsewhere {
            0 => String::new(),
            nodes => format!(
                " (these images run on {})",
                words::count(nodes, "other node", "other nodes")
            ),
        };
        let node = self.only_node.as_ref().map(|node| format!("all on {node}{elsewhere}"));
        let platform = self
            .only_platform
            .as_ref()
            .filter(|_| node.is_none())
            .map(|platform| format!("only {platform} nodes"));
        let registry = self.whole_registry.as_ref().map(|host| format!("every image of {host}"));
        let workload = self.only_workload.as_ref().map(|workload| format!("all of {workload}"));
        let namespace =
            self.only_namespace.as_ref().map(|namespace| format!("all in namespace {namespace}"));
        [node, platform, registry, workload, namespace].into_iter().flatten().collect()
    }
}

/// The platform of all failing nodes, if the images run on nodes of another, or the words blame the
/// platform and there are nodes of another.
fn only_platform(
    incident: &Incident,
    others: &BTreeSet<&str>,
    platforms: &Platforms,
) -> Option<String> {
    let failing: BTreeSet<Option<&String>> =
        incident.nodes().iter().map(|node| platforms.get(node)).collect();
    let platform = match failing.iter().collect::<Vec<_>>().as_slice() {
        [Some(platform)] => *platform,
        _ => return None,
    };
    let is_other = |node: &str| platforms.get(node).is_some_and(|it| it != platform);
    let runs_on_another = others.iter().any(|node| is_other(node));
    let runs_on_this = others.iter().any(|node| platforms.get(*node) == Some(platform));
    let is_blamed =
        incident.cause == &cause::PLATFORM_MISMATCH && platforms.values().any(|it| it != platform);
    ((runs_on_another && !runs_on_this) || is_blamed).then(|| platform.clone())
}
