//! What a check is about: from the command line to pods that can be asked for.

use std::path::PathBuf;

use futures::future;

use crate::error::Error;
use crate::near;
use crate::scope::Members;
use crate::source::cluster::{Cluster, Pods, Revisions};
use crate::source::manifest;
use crate::source::narrow::Narrowing;
use crate::workload::Named;

use super::super::output::Output;

/// The pods that a person wants checked.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// `-n`.
    pub(super) namespace: Option<String>,
    /// `-l`.
    pub(super) labels: Option<String>,
    /// Named workloads; all pods when empty.
    pub(super) workloads: Vec<Named>,
}

impl Scope {
    /// The scope as typed.
    pub(super) fn typed(
        workloads: &[String],
        namespace: Option<String>,
        labels: Option<String>,
    ) -> Result<Self, Error> {
        let workloads =
            workloads.iter().map(|typed| Named::parse(typed)).collect::<Result<_, _>>().map_err(
                |problem| Error::Usage {
                    problem,
                    hint: "write workloads as TYPE/NAME, such as deployment/web".to_owned(),
                },
            )?;
        Ok(Self { namespace, labels, workloads })
    }

    /// Adds the workloads that manifests declare.
    pub(super) async fn declared(
        &mut self,
        manifests: Vec<PathBuf>,
        output: &Output,
    ) -> Result<(), Error> {
        if manifests.is_empty() {
            return Ok(());
        }
        // Reading blocks, on standard input for as long as nothing comes.
        let read = move || manifest::declared(&manifests, std::io::stdin());
        let declared =
            tokio::task::spawn_blocking(read).await.expect("reading a manifest does not panic")?;
        for note in &declared.notes {
            output.note(note);
        }
        self.workloads.extend(declared.workloads);
        Ok(())
    }

    /// Whether every pod of its namespaces is in it.
    pub(super) fn is_whole(&self) -> bool {
        self.labels.is_none() && self.workloads.is_empty()
    }

    /// The same for pods in files.
    pub(super) fn narrowing(self) -> Narrowing {
        Narrowing { namespace: self.namespace, selector: self.labels, workloads: self.workloads }
    }

    /// The pods to ask a cluster for. A workload that does not exist is an error.
    pub(super) async fn pods(&self, cluster: &Cluster, all: bool) -> Result<Vec<Pods>, Error> {
        if self.workloads.is_empty() {
            let namespace = (!all).then(|| cluster.namespace().to_owned());
            let members = Members::All;
            return Ok(vec![Pods { namespace, labels: self.labels.clone(), members }]);
        }
        let found = self.workloads.iter().map(|named| async move {
            let namespace = namespace_of(named, cluster);
            let found = cluster.find_workload(named, &namespace, Revisions::All).await?;
            let Some(found) = found else { return Err(missing(cluster, named, namespace).await) };
            let members = found.expected.members;
            Ok(Pods { namespace: Some(namespace), labels: found.labels, members })
        });
        future::try_join_all(found).await
    }
}

/// Where a workload is.
pub(super) fn namespace_of(named: &Named, cluster: &Cluster) -> String {
    named.namespace.clone().unwrap_or_else(|| cluster.namespace().to_owned())
}

/// The error for a workload that is not there, with what is.
async fn missing(cluster: &Cluster, named: &Named, namespace: String) -> Error {
    let there = cluster.workload_names(&named.kind, &namespace).await;
    Error::NoSuchWorkload {
        what: named.to_string(),
        near: near::names(&named.name, there.iter().map(String::as_str)),
        namespace: Some(namespace),
    }
}
