//! Workloads of kinds that nobody here knows: an Argo Rollout, a `CloneSet`, a Service, whatever has a
//! pod selector.
//!
//! The server says what kind it is; its object or its `scale` say which pods are its own. Where
//! neither can be seen, the owners of the pods in the namespace do.

use std::collections::{BTreeMap, BTreeSet};

use super::Cluster;
use super::ask::{Ask, PODS, REPLICA_SETS, owner_resource};
use super::workloads::{Found, Revisions, newest};
use crate::error::ApiFault;
use crate::facts::{ObjectName, Owner, OwnerReference};
use crate::scope::{Expected, Members, Wanted};
use crate::selector::Selector;
use crate::source::wire::{self, MetadataOnly, Served};
use crate::workload::Named;

/// How far a chain of owners is followed upwards.
const OWNERS: usize = 4;

impl Cluster {
    /// Finds a workload of a kind that is not Kubernetes' own; none if it does not exist. A kind that
    /// the server does not know is an error.
    pub(super) async fn find_stranger(
        &self,
        named: &Named,
        namespace: &str,
        revisions: Revisions,
    ) -> Result<Option<Found>, ApiFault> {
        let served = match self.served(&named.kind).await {
            Ok(Some(served)) => served,
            // The definition may be gone while the pods are still there.
            Ok(None) => {
                return match self.find_by_owners(named, namespace).await? {
                    Some(found) => Ok(Some(found)),
                    None => Err(self.no_such_kind(&named.kind).await),
                };
            }
            Err(_) => return self.find_by_owners(named, namespace).await,
        };
        // A secret selects nothing; it is not read to find that out.
        if served.group.is_empty() && served.plural == "secrets" {
            return self.find_by_owners(named, namespace).await;
        }
        let ask = if served.is_namespaced {
            Ask::get(served.into(), &ObjectName::new(namespace, named.name.as_str()))
        } else {
            Ask::get_unscoped(served.into(), &named.name)
        };
        let object = match self.transport.fetch::<wire::Selecting>(&ask).await {
            Ok(object) => object,
            Err(ApiFault::NotFound { .. }) => return Ok(None),
            Err(fault @ ApiFault::Forbidden { .. }) => {
                let found = self.find_by_owners(named, namespace).await?;
                return found.map_or(Err(fault), |found| Ok(Some(found)));
            }
            Err(fault) => return Err(fault),
        };
        if revisions == Revisions::Newest && object.is_unseen_by_controller() {
            let why = "its controller has not seen the change yet";
            return Ok(Some(Found { labels: None, expected: Expected::unknown(why) }));
        }
        self.members_of(named, namespace, revisions, (served, &ask, &object)).await.map(Some)
    }

    /// The pods of an object that exists.
    async fn members_of(
        &self,
        named: &Named,
        namespace: &str,
        revisions: Revisions,
        (served, ask, object): (&Served, &Ask, &wire::Selecting),
    ) -> Result<Found, ApiFault> {
        let mut selector = object.selector();
        let mut replicas = object.replicas();
        if selector.is_none() && served.has_scale {
            // Who may not see the scale is left with the owners.
            if let Ok(scale) = self.transport.fetch::<wire::Selecting>(&ask.clone().scale()).await {
                selector = scale.selector_in_status();
                replicas = replicas.or(scale.replicas());
            }
        }
        let wanted = replicas.map_or(Wanted::Some, Wanted::Count);
        let parsed = selector.as_deref().and_then(|selector| Selector::parse(selector).ok());
        let (Some(labels), Some(parsed)) = (selector, parsed) else {
            let found = self.find_by_owners(named, namespace).await?;
            let members = found.map_or_else(Members::none, |found| found.expected.members);
            return Ok(Found::new(None, members, wanted));
        };
        // Some keep their pods in replica sets, as a Deployment does, and so mark the newest.
        let ask = Ask::list(REPLICA_SETS, Some(namespace)).labels(Some(&labels));
        let mut sets = self.owned(&ask, &object.metadata.uid).await.unwrap_or_default();
        if sets.is_empty() {
            return Ok(Found::new(Some(labels), Members::Selected(parsed), wanted));
        }
        let mut wanted = wanted;
        if revisions == Revisions::Newest {
            sets = newest(sets);
            // A canary is to have less than all pods, for as long as somebody likes.
            if let (Wanted::Count(all), [set, ..]) = (&wanted, sets.as_slice()) {
                wanted = Wanted::Count(set.spec.replicas.unwrap_or(*all).max(1).min(*all));
            }
        }
        let owners = sets.into_iter().map(|set| ("ReplicaSet".to_owned(), set.metadata.name));
        Ok(Found::new(Some(labels), Members::OwnedBy(owners.collect()), wanted))
    }

    /// A workload of a kind that nobody here knows: found from below, by the owners of the pods in
    /// the namespace. There is no telling whether it exists when it has no pods.
    async fn find_by_owners(
        &self,
        named: &Named,
        namespace: &str,
    ) -> Result<Option<Found>, ApiFault> {
        let mut direct: BTreeSet<(String, String, String)> = BTreeSet::new();
        let ask = Ask::list(PODS, Some(namespace)).metadata();
        self.transport
            .each::<MetadataOnly>(&ask, |item| match item {
                None => direct.clear(),
                Some(item) => direct
                    .extend(item.metadata.owner().map(|it| (it.api_version, it.kind, it.name))),
            })
            .await?;
        let mut known = BTreeMap::new();
        let mut owners = BTreeSet::new();
        for (api_version, kind, name) in direct {
            let owner = OwnerReference { api_version, kind, name };
            if self.leads_to(named, namespace, owner.clone(), &mut known).await {
                owners.insert((owner.kind, owner.name));
            }
        }
        if owners.is_empty() {
            return Ok(None);
        }
        Ok(Some(Found::new(None, Members::OwnedBy(owners), Wanted::Some)))
    }

    /// Whether a chain of owners comes to the workload.
    async fn leads_to(
        &self,
        named: &Named,
        namespace: &str,
        mut owner: OwnerReference,
        known: &mut BTreeMap<(String, String), Option<OwnerReference>>,
    ) -> bool {
        for _ in 0..OWNERS {
            if named.is(&owner) {
                return true;
            }
            let key = (owner.kind.clone(), owner.name.clone());
            let next = if let Some(next) = known.get(&key) {
                next.clone()
            } else {
                let next = self.owner_of(&owner, namespace).await;
                known.insert(key, next.clone());
                next
            };
            match next {
                Some(next) => owner = next,
                None => return false,
            }
        }
        false
    }

    async fn owner_of(&self, owner: &OwnerReference, namespace: &str) -> Option<OwnerReference> {
        let resource = owner_resource(&owner.api_version, &owner.kind)?;
        let ask = Ask::get(resource, &ObjectName::new(namespace, owner.name.as_str()));
        let owner: Owner = self.transport.fetch::<wire::Owner>(&ask).await.ok()?.into();
        owner.owner
    }
}
