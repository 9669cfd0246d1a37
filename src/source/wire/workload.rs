//! Workloads, as far as their pods go: the selector, how many there should be, and which revision
//! is the newest (`apps/v1`, `batch/v1`, and what is made in their image).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::lenient::nullable;
use super::metadata::OwnerReference;

/// A workload, or one of its revisions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// Who it is.
    #[serde(deserialize_with = "nullable")]
    pub metadata: WorkloadMetadata,
    /// What it should be.
    #[serde(deserialize_with = "nullable")]
    pub spec: WorkloadSpec,
    /// What its controller says.
    #[serde(deserialize_with = "nullable")]
    pub status: WorkloadStatus,
    /// The number of a ControllerRevision, which has neither spec nor status.
    #[serde(deserialize_with = "nullable")]
    pub revision: i64,
}

/// A workload's metadata; only those annotations and labels that say its revision.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WorkloadMetadata {
    /// Its name.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Its uid.
    #[serde(deserialize_with = "nullable")]
    pub uid: String,
    /// Counts the changes of its spec.
    #[serde(deserialize_with = "nullable")]
    pub generation: i64,
    /// When it was created, as text: RFC 3339 sorts.
    #[serde(deserialize_with = "nullable")]
    pub creation_timestamp: String,
    /// Its owners.
    #[serde(deserialize_with = "nullable")]
    pub owner_references: Vec<OwnerReference>,
    /// What matters of its annotations.
    #[serde(deserialize_with = "nullable")]
    pub annotations: RevisionAnnotation,
    /// What matters of its labels.
    #[serde(deserialize_with = "nullable")]
    pub labels: RevisionLabel,
}

/// The annotation by which a ReplicaSet says which revision of its Deployment it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RevisionAnnotation {
    /// A number.
    #[serde(rename = "deployment.kubernetes.io/revision", deserialize_with = "nullable")]
    pub revision: String,
}

/// The label that a ControllerRevision shares with its pods.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RevisionLabel {
    /// The hash.
    #[serde(rename = "controller-revision-hash", deserialize_with = "nullable")]
    pub hash: String,
}

/// A workload's spec.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WorkloadSpec {
    /// How many pods; 1 where a manifest says nothing.
    pub replicas: Option<usize>,
    /// How many pods of a job at once.
    pub parallelism: Option<usize>,
    /// How many pods of a job in all.
    pub completions: Option<usize>,
    /// Whether a job is held back.
    #[serde(deserialize_with = "nullable")]
    pub suspend: bool,
    /// Whether a Deployment is not rolled out for now.
    #[serde(deserialize_with = "nullable")]
    pub paused: bool,
    /// Which pods are its own.
    pub selector: Option<LabelSelector>,
    /// How a StatefulSet or DaemonSet replaces its pods.
    #[serde(deserialize_with = "nullable")]
    pub update_strategy: UpdateStrategy,
}

/// `updateStrategy`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct UpdateStrategy {
    /// `RollingUpdate` or `OnDelete`.
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub kind: String,
    /// Its parameters.
    #[serde(deserialize_with = "nullable")]
    pub rolling_update: RollingUpdate,
}

/// `rollingUpdate`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RollingUpdate {
    /// A StatefulSet's pods below this number keep their revision.
    #[serde(deserialize_with = "nullable")]
    pub partition: usize,
}

/// A workload's status.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WorkloadStatus {
    /// The generation that the controller has seen.
    #[serde(deserialize_with = "nullable")]
    pub observed_generation: i64,
    /// The newest revision of a StatefulSet.
    #[serde(deserialize_with = "nullable")]
    pub update_revision: String,
    /// How many nodes should run a DaemonSet's pod.
    #[serde(deserialize_with = "nullable")]
    pub desired_number_scheduled: usize,
    /// Pods of a job that have succeeded.
    #[serde(deserialize_with = "nullable")]
    pub succeeded: usize,
    /// Such as a job's `Complete` and `Failed`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}

/// One of a status's conditions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// What it is about.
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    #[serde(deserialize_with = "nullable")]
    pub status: String,
}

/// A selector: of the usual form, or a ReplicationController's bare map of labels.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "BTreeMap<String, serde_json::Value>")]
pub struct LabelSelector {
    labels: BTreeMap<String, String>,
    expressions: Vec<Expression>,
}

impl From<BTreeMap<String, serde_json::Value>> for LabelSelector {
    fn from(mut fields: BTreeMap<String, serde_json::Value>) -> Self {
        let text =
            |(key, value): (String, serde_json::Value)| Some((key, value.as_str()?.to_owned()));
        let expressions = fields.remove("matchExpressions").unwrap_or_default();
        let labels = match fields.remove("matchLabels") {
            Some(serde_json::Value::Object(labels)) => {
                labels.into_iter().filter_map(text).collect()
            }
            // Neither key: the map is the labels.
            _ => fields.into_iter().filter_map(text).collect(),
        };
        Self { labels, expressions: serde_json::from_value(expressions).unwrap_or_default() }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Expression {
    #[serde(deserialize_with = "nullable")]
    key: String,
    #[serde(deserialize_with = "nullable")]
    operator: String,
    #[serde(deserialize_with = "nullable")]
    values: Vec<String>,
}

impl LabelSelector {
    /// The selector as `-l` and the API take it.
    pub fn query(&self) -> String {
        let mut parts: Vec<_> =
            self.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        parts.extend(self.expressions.iter().map(|expression| {
            let Expression { key, operator, values } = expression;
            match operator.as_str() {
                "In" => format!("{key} in ({})", values.join(",")),
                "NotIn" => format!("{key} notin ({})", values.join(",")),
                "DoesNotExist" => format!("!{key}"),
                _ => key.clone(),
            }
        }));
        parts.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::wire::decode;

    #[test]
    fn a_selector_reads_as_a_query() {
        let workload: Workload = decode(
            br#"{"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web","tier":"front"},
                "matchExpressions":[{"key":"a","operator":"In","values":["x","y"]},
                {"key":"b","operator":"NotIn","values":["z"]},{"key":"c","operator":"Exists"},
                {"key":"d","operator":"DoesNotExist","values":null}]}}}"#,
        )
        .unwrap();
        assert_eq!(
            workload.spec.selector.unwrap().query(),
            "app=web,tier=front,a in (x,y),b notin (z),c,!d"
        );
        let bare: Workload = decode(br#"{"spec":{"selector":{"app":"web"}}}"#).unwrap();
        assert_eq!(bare.spec.selector.unwrap().query(), "app=web");
    }

    #[test]
    fn revisions_are_found_where_controllers_write_them() {
        let set: Workload = decode(
            br#"{"metadata":{"name":"web-1","annotations":{"x":"y",
                "deployment.kubernetes.io/revision":"12"}},"status":null}"#,
        )
        .unwrap();
        assert_eq!(set.metadata.annotations.revision, "12");
        let revision: Workload =
            decode(br#"{"metadata":{"labels":{"controller-revision-hash":"abc"}},"revision":7}"#)
                .unwrap();
        assert_eq!((revision.metadata.labels.hash.as_str(), revision.revision), ("abc", 7));
    }
}
