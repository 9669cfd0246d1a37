//! Help for a pod or a secret that does not exist: what of nearly that name does, and where.
//!
//! All of it is best effort and soon over: the answer to the question asked is known already.

use std::time::Duration;

use futures::future;
use serde::Deserialize;

use super::Cluster;
use super::ask::{Ask, NAMESPACES, PODS, Resource, SECRETS};
use super::pages::PAGE;
use crate::error::{ApiFault, Error, NoSuchObject};
use crate::facts::ObjectName;
use crate::near;
use crate::source::wire::{List, Metadata};

/// Nobody waits longer for a hint.
const BEST_EFFORT: Duration = Duration::from_secs(5);
/// Hints of each sort.
const MOST: usize = 5;

/// Any object, as far as its name.
#[derive(Deserialize)]
struct Named {
    metadata: Metadata,
}

impl Cluster {
    /// What exists instead of a pod that does not: pods of nearly that name, namespaces that have
    /// the name, and whether the namespace is there at all. Never fails; what could not be seen
    /// stays empty.
    pub async fn not_found_help(&self, name: &ObjectName) -> NoSuchObject {
        self.help(PODS, NoSuchObject::pod(name.clone())).await
    }

    /// The same for a secret. Only names leave the server.
    pub async fn no_secret_help(&self, name: &ObjectName) -> NoSuchObject {
        self.help(SECRETS, NoSuchObject::secret(name.clone())).await
    }

    async fn help(&self, resource: Resource, mut help: NoSuchObject) -> NoSuchObject {
        let name = help.name.clone();
        let here = Ask::list(resource.clone(), Some(&name.namespace)).metadata().limit(PAGE);
        let everywhere = Ask::list(resource, None)
            .fields(format!("metadata.name={}", name.name))
            .metadata()
            .limit(PAGE);
        let (here, everywhere, namespace_exists) = future::join3(
            self.names(&here),
            self.names(&everywhere),
            self.namespace_exists(&name.namespace),
        )
        .await;

        help.near = near::names(&name.name, here.iter().map(|found| found.name.as_str()));
        help.elsewhere = everywhere
            .into_iter()
            .filter(|found| found.namespace != name.namespace)
            .take(MOST)
            .collect();
        help.namespace_exists = namespace_exists;
        if help.namespace_exists == Some(false) {
            help.near_namespaces = self.near_namespaces(&name.namespace).await;
        }
        help
    }

    /// The error for a namespace that certainly does not exist. An empty one looks the same in lists
    /// of its objects.
    pub async fn no_such_namespace(&self, name: &str) -> Option<Error> {
        if self.namespace_exists(name).await != Some(false) {
            return None;
        }
        let near = self.near_namespaces(name).await;
        Some(Error::NoSuchNamespace { name: name.to_owned(), near })
    }

    /// Whether a namespace exists; none if that cannot be seen.
    async fn namespace_exists(&self, name: &str) -> Option<bool> {
        let ask = Ask::get_unscoped(NAMESPACES, name).metadata();
        match self.within_reason(self.transport.fetch::<Named>(&ask)).await? {
            Ok(_) => Some(true),
            Err(ApiFault::NotFound { .. }) => Some(false),
            Err(_) => None,
        }
    }

    async fn near_namespaces(&self, name: &str) -> Vec<String> {
        let all = self.names(&Ask::list(NAMESPACES, None).metadata().limit(PAGE)).await;
        near::names(name, all.iter().map(|found| found.name.as_str()))
    }

    async fn names(&self, ask: &Ask) -> Vec<ObjectName> {
        let list = self.within_reason(self.transport.fetch::<List<Named>>(ask)).await;
        let items = list.and_then(Result::ok).map(|list| list.items).unwrap_or_default();
        items.into_iter().map(|item| item.metadata.object_name()).collect()
    }

    async fn within_reason<F: Future>(&self, request: F) -> Option<F::Output> {
        tokio::time::timeout(BEST_EFFORT, request).await.ok()
    }
}
