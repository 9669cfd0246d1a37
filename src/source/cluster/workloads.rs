//! From a workload's name to its pods: the selector to ask with, which of the pods so found are its
//! own, and how many there should be.
//!
//! The newest revision is found as each controller marks it: a Deployment's by the annotation
//! `deployment.kubernetes.io/revision` of its replica sets, a StatefulSet's by
//! `status.updateRevision`, a DaemonSet's by its newest ControllerRevision.

use std::collections::BTreeSet;

use super::Cluster;
use super::ask::{Ask, PODS, REPLICA_SETS, Resource, owner_resource};
use super::pages::PAGE;
use crate::error::ApiFault;
use crate::facts::ObjectName;
use crate::scope::{Expected, Members, Wanted};
use crate::source::wire::{self, LabelSelector, List, MetadataOnly};
use crate::workload::{Kind, Named};

const CONTROLLER_REVISIONS: Resource = Resource::of("apps", "controllerrevisions");
const JOBS: Resource = Resource::of("batch", "jobs");

/// Which revisions of a workload count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revisions {
    /// All that have pods: one look at what is there.
    All,
    /// The newest: a rollout is waited for, and what it replaces is on its way out.
    Newest,
}

/// A workload that exists.
#[derive(Debug, Clone)]
pub struct Found {
    /// What its pods are asked for with; none for a pod, or for all of the namespace.
    pub labels: Option<String>,
    /// Its pods.
    pub expected: Expected,
}

impl Found {
    pub(super) fn new(labels: Option<String>, members: Members, wanted: Wanted) -> Self {
        Self { labels, expected: Expected { members, wanted } }
    }
}

/// The resource of a workload's kind; none for kinds that only the server knows.
fn resource(kind: &Kind) -> Option<Resource> {
    if *kind == Kind::Pod {
        return Some(PODS);
    }
    let (api_version, name) = kind.object()?;
    owner_resource(&api_version, name)
}

impl Cluster {
    /// Finds a workload; none if it does not exist.
    pub async fn find_workload(
        &self,
        named: &Named,
        namespace: &str,
        revisions: Revisions,
    ) -> Result<Option<Found>, ApiFault> {
        if named.kind == Kind::Pod {
            let name = ObjectName::new(namespace, named.name.as_str());
            let ask = Ask::get(PODS, &name).metadata();
            // Where one waits, a pod may be yet to come.
            if revisions == Revisions::All
                && let Err(fault) = self.transport.fetch::<MetadataOnly>(&ask).await
            {
                return match fault {
                    ApiFault::NotFound { .. } => Ok(None),
                    fault => Err(fault),
                };
            }
            let members = Members::Named(named.name.clone());
            return Ok(Some(Found::new(None, members, Wanted::Count(1))));
        }
        let Some(resource) = resource(&named.kind) else {
            return self.find_stranger(named, namespace, revisions).await;
        };
        let name = ObjectName::new(namespace, named.name.as_str());
        let workload =
            match self.transport.fetch::<wire::Workload>(&Ask::get(resource, &name)).await {
                Ok(workload) => workload,
                Err(ApiFault::NotFound { .. }) => return Ok(None),
                Err(fault) => return Err(fault),
            };
        let found = match named.kind {
            Kind::Deployment => self.deployment(namespace, &workload, revisions).await?,
            Kind::StatefulSet => stateful_set(&workload, revisions),
            Kind::DaemonSet => self.daemon_set(namespace, &workload, revisions).await,
            Kind::Job => job(&workload),
            Kind::CronJob => self.cron_job(namespace, &workload, revisions).await?,
            _ => replicas(named, &workload),
        };
        Ok(Some(found))
    }

    async fn deployment(
        &self,
        namespace: &str,
        workload: &wire::Workload,
        revisions: Revisions,
    ) -> Result<Found, ApiFault> {
        let labels = query(workload);
        let ask = Ask::list(REPLICA_SETS, Some(namespace)).labels(labels.as_deref());
        let mut sets = self.owned(&ask, &workload.metadata.uid).await?;
        if revisions == Revisions::Newest {
            if let Some(why) = unseen_by_controller(workload) {
                return Ok(Found { labels, expected: Expected::unknown(why) });
            }
            sets = newest(sets);
            if sets.is_empty() {
                let why = if workload.spec.paused {
                    "it is paused, and has no replica set yet"
                } else {
                    "its controller has made no replica set yet"
                };
                return Ok(Found { labels, expected: Expected::unknown(why) });
            }
        }
        // The two were read one after the other, and a rollout may have begun in between.
        let known = workload.metadata.annotations.revision();
        let newest = sets.iter().map(|set| set.metadata.annotations.revision()).max();
        if revisions == Revisions::Newest && known > 0 && newest > Some(known) {
            return Ok(Found {
                labels,
                expected: Expected::unknown("a rollout is just beginning"),
            });
        }
        let mut replicas = workload.spec.replicas.unwrap_or(1);
        if revisions == Revisions::Newest && workload.spec.paused && replicas > 0 {
            // While it is paused, no more pods of the newest template come than there are.
            if workload.status.updated_replicas == 0 {
                let why = "it is paused, and its newest template is not rolled out";
                return Ok(Found { labels, expected: Expected::unknown(why) });
            }
            replicas = replicas.min(workload.status.updated_replicas);
        }
        let owners = sets.into_iter().map(|set| ("ReplicaSet".to_owned(), set.metadata.name));
        Ok(Found::new(labels, Members::OwnedBy(owners.collect()), Wanted::Count(replicas)))
    }

    async fn daemon_set(
        &self,
        namespace: &str,
        workload: &wire::Workload,
        revisions: Revisions,
    ) -> Found {
        let labels = query(workload);
        if revisions == Revisions::Newest
            && let Some(why) = unseen_by_controller(workload)
        {
            return Found { labels, expected: Expected::unknown(why) };
        }
        let wanted = Wanted::Count(workload.status.desired_number_scheduled);
        let all = owned_by("DaemonSet", &workload.metadata.name);
        let on_delete = workload.spec.update_strategy.kind == "OnDelete";
        if revisions == Revisions::All || on_delete {
            return Found::new(labels, all, wanted);
        }
        let ask = Ask::list(CONTROLLER_REVISIONS, Some(namespace)).labels(labels.as_deref());
        // Who may not see the revisions gets the pods of all of them: none is missed.
        let revisions = self.owned(&ask, &workload.metadata.uid).await.unwrap_or_default();
        let newest = revisions.into_iter().max_by_key(|revision| revision.revision);
        let members = match newest.map(|newest| newest.metadata.labels.hash) {
            Some(hash) if !hash.is_empty() => {
                Members::Revision { kind: "DaemonSet", name: workload.metadata.name.clone(), hash }
            }
            _ => all,
        };
        Found::new(labels, members, wanted)
    }

    async fn cron_job(
        &self,
        namespace: &str,
        workload: &wire::Workload,
        revisions: Revisions,
    ) -> Result<Found, ApiFault> {
        let ask = Ask::list(JOBS, Some(namespace));
        let mut jobs = self.owned(&ask, &workload.metadata.uid).await?;
        if revisions == Revisions::Newest {
            jobs.sort_by(|one, other| {
                one.metadata.creation_timestamp.cmp(&other.metadata.creation_timestamp)
            });
            jobs.drain(..jobs.len().saturating_sub(1));
        }
        let wanted = match jobs.iter().map(job_wants).find(|it| *it != Wanted::Done) {
            Some(wanted) => wanted,
            None => Wanted::Done,
        };
        let owners = jobs.into_iter().map(|job| ("Job".to_owned(), job.metadata.name));
        Ok(Found::new(None, Members::OwnedBy(owners.collect()), wanted))
    }

    /// The objects of a list that the workload of that uid owns.
    pub(super) async fn owned(
        &self,
        ask: &Ask,
        uid: &str,
    ) -> Result<Vec<wire::Workload>, ApiFault> {
        let mut owned = Vec::new();
        self.transport
            .each::<wire::Workload>(ask, |item| match item {
                None => owned.clear(),
                Some(item) => {
                    if item.metadata.owner_references.iter().any(|owner| owner.uid == *uid) {
                        owned.push(item);
                    }
                }
            })
            .await?;
        Ok(owned)
    }

    /// The resource of a workload's kind; none if nobody knows it.
    pub(super) async fn resource(&self, kind: &Kind) -> Option<Resource> {
        match resource(kind) {
            Some(resource) => Some(resource),
            None => self.served(kind).await.ok().flatten().map(Resource::from),
        }
    }

    /// The names of the objects of a workload's kind in a namespace: help for one that is not there.
    pub async fn workload_names(&self, kind: &Kind, namespace: &str) -> Vec<String> {
        let Some(resource) = self.resource(kind).await else { return Vec::new() };
        let ask = Ask::list(resource, Some(namespace)).metadata().limit(PAGE);
        let list = self.transport.fetch::<List<MetadataOnly>>(&ask).await;
        let items = list.map(|list| list.items).unwrap_or_default();
        items.into_iter().map(|item| item.metadata.name).collect()
    }
}

fn query(workload: &wire::Workload) -> Option<String> {
    workload.spec.selector.as_ref().map(LabelSelector::query).filter(|query| !query.is_empty())
}

fn owned_by(kind: &str, name: &str) -> Members {
    Members::OwnedBy(BTreeSet::from([(kind.to_owned(), name.to_owned())]))
}

/// Why nothing can be said of the newest revision yet, if so.
fn unseen_by_controller(workload: &wire::Workload) -> Option<&'static str> {
    (workload.status.observed_generation < workload.metadata.generation)
        .then_some("its controller has not seen the change yet")
}

/// Of replica sets those of the newest revision.
pub(super) fn newest(mut sets: Vec<wire::Workload>) -> Vec<wire::Workload> {
    let newest = sets.iter().map(revision).max();
    sets.retain(|set| Some(revision(set)) == newest);
    sets
}

/// The revision of a replica set; the creation tells apart what has none.
fn revision(set: &wire::Workload) -> (i64, String) {
    (set.metadata.annotations.revision(), set.metadata.creation_timestamp.clone())
}

fn stateful_set(workload: &wire::Workload, revisions: Revisions) -> Found {
    let labels = query(workload);
    let replicas = workload.spec.replicas.unwrap_or(1);
    let name = &workload.metadata.name;
    let strategy = &workload.spec.update_strategy;
    if revisions == Revisions::All || strategy.kind == "OnDelete" {
        return Found::new(labels, owned_by("StatefulSet", name), Wanted::Count(replicas));
    }
    if let Some(why) = unseen_by_controller(workload) {
        return Found { labels, expected: Expected::unknown(why) };
    }
    let hash = workload.status.update_revision.clone();
    if hash.is_empty() {
        return Found::new(labels, owned_by("StatefulSet", name), Wanted::Count(replicas));
    }
    let updated = replicas.saturating_sub(strategy.rolling_update.partition);
    let members = Members::Revision { kind: "StatefulSet", name: name.clone(), hash };
    Found::new(labels, members, Wanted::Count(updated))
}

fn job(workload: &wire::Workload) -> Found {
    let members = owned_by("Job", &workload.metadata.name);
    Found::new(query(workload), members, job_wants(workload))
}

/// How many pods of a job there should be by now.
fn job_wants(workload: &wire::Workload) -> Wanted {
    let has_ended = workload.status.conditions.iter().any(|condition| {
        condition.status == "True" && matches!(condition.kind.as_str(), "Complete" | "Failed")
    });
    if has_ended || workload.spec.suspend {
        return Wanted::Done;
    }
    let at_once = workload.spec.parallelism.unwrap_or(1);
    let left = workload.spec.completions.map(|all| all.saturating_sub(workload.status.succeeded));
    match left.map_or(at_once, |left| left.min(at_once)) {
        0 => Wanted::Done,
        pods => Wanted::Count(pods),
    }
}

/// Whatever has `spec.replicas` and makes its pods itself.
fn replicas(named: &Named, workload: &wire::Workload) -> Found {
    let kind = named.kind.object().map_or("", |(_, kind)| kind);
    let wanted = Wanted::Count(workload.spec.replicas.unwrap_or(1));
    Found::new(query(workload), owned_by(kind, &workload.metadata.name), wanted)
}
