//! Failures that share a cause, a registry and, where the cause lies with the image, an image:
//! counted as one incident, with what their spread over nodes says.

use std::collections::{BTreeMap, BTreeSet};

use crate::cause::{Cause, Group, Retry};
use crate::facts::{ObjectName, Time};
use crate::survey::Running;

use super::symptom::is_about_one_image;
use super::{Diagnosis, Workload};

/// Failures with one cause at one registry.
#[derive(Debug, Clone)]
pub struct Incident {
    /// What the words prove.
    pub cause: &'static Cause,
    /// What the objects prove.
    pub root_cause: Option<&'static Cause>,
    /// The registry's host; empty when the image names none.
    pub registry: String,
    /// The pods.
    pub pods: BTreeSet<ObjectName>,
    /// Their workloads, with their namespaces.
    pub workloads: BTreeSet<(String, Workload)>,
    /// The nodes.
    pub nodes: BTreeSet<String>,
    /// The images, as the pods write them.
    pub images: BTreeSet<String>,
    /// Whether every failure in it ends by itself, mended since.
    pub heals: bool,
    /// The earliest sign of it.
    pub since: Option<Time>,
    /// Nodes without a failing pod of it that run one of its images.
    pub runs_elsewhere: usize,
}

impl Incident {
    /// One line that names it.
    pub fn title(&self) -> String {
        let cause = self.leading();
        match self.registry.as_str() {
            "" => cause.title.to_owned(),
            registry => format!("{} ({registry})", cause.title),
        }
    }

    /// The cause that speaks for it: the root cause when there is one.
    pub fn leading(&self) -> &'static Cause {
        self.root_cause.unwrap_or(self.cause)
    }

    /// Whether waiting helps.
    pub fn retry(&self) -> Retry {
        if self.heals { Retry::Transient } else { self.leading().retry }
    }

    /// The one node on which it fails while its images run on others: then the node is the suspect,
    /// unless the objects or the image's name have been proven guilty.
    pub fn only_node(&self) -> Option<&str> {
        if self.root_cause.is_some() || self.cause.group == Group::Name {
            return None;
        }
        match self.nodes.iter().collect::<Vec<_>>().as_slice() {
            [node] if self.runs_elsewhere > 0 => Some(node),
            _ => None,
        }
    }

    /// Whether a diagnosis belongs to it.
    pub fn holds(&self, diagnosis: &Diagnosis) -> bool {
        self.cause == diagnosis.cause
            && self.root_cause == diagnosis.root_cause
            && self.registry == diagnosis.image.registry()
            && self.images.contains(&diagnosis.image.reference)
            && self.pods.contains(&diagnosis.pod)
    }

    fn add(&mut self, diagnosis: &Diagnosis) {
        self.heals &= diagnosis.heals;
        self.pods.insert(diagnosis.pod.clone());
        let workload = diagnosis.owner.clone();
        self.workloads.extend(workload.map(|it| (diagnosis.pod.namespace.clone(), it)));
        self.nodes.extend(diagnosis.node.clone());
        self.images.insert(diagnosis.image.reference.clone());
        let since = diagnosis.evidence.iter().filter_map(|evidence| evidence.first_seen).min();
        self.since = match (self.since, since) {
            (Some(known), Some(since)) => Some(known.min(since)),
            (known, since) => known.or(since),
        };
    }
}

/// Groups diagnoses by cause, root cause, registry and image; those that strike most pods come
/// first, of equals the one met first.
pub fn incidents<'a>(
    diagnoses: impl IntoIterator<Item = &'a Diagnosis>,
    running: &Running,
) -> Vec<Incident> {
    let mut incidents: Vec<Incident> = Vec::new();
    let mut places = BTreeMap::new();
    for diagnosis in diagnoses {
        let registry = diagnosis.image.registry();
        let root = diagnosis.root_cause.map(|root| root.code);
        let image = match &diagnosis.image.parsed {
            _ if !is_about_one_image(diagnosis.cause) => String::new(),
            // Two ways to write one image are one image.
            Some(parsed) => parsed.to_string(),
            None => diagnosis.image.reference.clone(),
        };
        let key = (diagnosis.cause.code, root, registry.to_owned(), image);
        let place = *places.entry(key).or_insert_with(|| {
            incidents.push(Incident {
                cause: diagnosis.cause,
                root_cause: diagnosis.root_cause,
                registry: registry.to_owned(),
                pods: BTreeSet::new(),
                workloads: BTreeSet::new(),
                nodes: BTreeSet::new(),
                images: BTreeSet::new(),
                heals: true,
                since: None,
                runs_elsewhere: 0,
            });
            incidents.len() - 1
        });
        incidents[place].add(diagnosis);
    }
    for incident in &mut incidents {
        incident.runs_elsewhere = running.elsewhere(&incident.images, &incident.nodes);
    }
    incidents.sort_by_key(|incident| std::cmp::Reverse(incident.pods.len()));
    incidents
}
