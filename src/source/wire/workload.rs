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

/// The annotations by which a ReplicaSet says which revision of its owner it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RevisionAnnotation {
    /// A Deployment's: a number.
    #[serde(rename = "deployment.kubernetes.io/revision", deserialize_with = "nullable")]
    of_deployment: String,
    /// An Argo Rollout's: a number.
    #[serde(rename = "rollout.argoproj.io/revision", deserialize_with = "nullable")]
    of_rollout: String,
}

impl RevisionAnnotation {
    /// The number; 0 where there is none.
    pub fn revision(&self) -> i64 {
        let numbers = [&self.of_deployment, &self.of_rollout].map(|text| text.parse().unwrap_or(0));
        numbers.into_iter().max().unwrap_or(0)
    }
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
    /// Pods of a Deployment's newest template.
    #[serde(deserialize_with = "nullable")]
    pub updated_replicas: usize,
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

/// An object of a kind that nobody here knows, or its `scale`: whatever says which pods are its own.
/// What others write where a number or a selector could stand is no error.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Selecting {
    /// Who it is.
    #[serde(deserialize_with = "nullable")]
    pub metadata: WorkloadMetadata,
    #[serde(deserialize_with = "nullable")]
    spec: Clues,
    #[serde(deserialize_with = "nullable")]
    status: Clues,
}

/// What may be said of pods.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Clues {
    selector: Option<serde_json::Value>,
    replicas: Option<serde_json::Value>,
    observed_generation: Option<serde_json::Value>,
}

impl Selecting {
    /// The selector of its pods, as `-l` takes it.
    pub fn selector(&self) -> Option<String> {
        self.spec.selector()
    }

    /// The selector that a `scale` tells in its status.
    pub fn selector_in_status(&self) -> Option<String> {
        self.status.selector()
    }

    /// How many pods there should be.
    pub fn replicas(&self) -> Option<usize> {
        self.spec.replicas.as_ref()?.as_u64()?.try_into().ok()
    }

    /// Whether its controller says which change it has seen last, and that is not the last one.
    pub fn is_unseen_by_controller(&self) -> bool {
        let seen = match &self.status.observed_generation {
            Some(serde_json::Value::Number(seen)) => seen.as_i64(),
            // Argo's Rollouts write it as text.
            Some(serde_json::Value::String(seen)) => seen.parse().ok(),
            _ => None,
        };
        seen.is_some_and(|seen| seen < self.metadata.generation)
    }
}

impl Clues {
    fn selector(&self) -> Option<String> {
        let query = match self.selector.clone()? {
            serde_json::Value::String(query) => query,
            object => serde_json::from_value::<LabelSelector>(object).ok()?.query(),
        };
        Some(query).filter(|query| !query.is_empty())
    }
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
    fn strangers_say_what_they_can() {
        for (text, selector, replicas, unseen) in [
            (
                r#"{"spec":{"selector":{"matchLabels":{"a":"b"}},"replicas":3}}"#,
                "a=b",
                Some(3),
                false,
            ),
            (r#"{"spec":{"selector":{"a":"b"}}}"#, "a=b", None, false),
            (r#"{"spec":{"selector":"a=b","replicas":"many"}}"#, "a=b", None, false),
            (r#"{"spec":{"selector":{}}}"#, "", None, false),
            (r#"{"spec":{"selector":[1]},"status":null}"#, "", None, false),
            (r#"{"metadata":{"generation":2},"status":{"observedGeneration":1}}"#, "", None, true),
            (
                r#"{"metadata":{"generation":2},"status":{"observedGeneration":"1"}}"#,
                "",
                None,
                true,
            ),
            (
                r#"{"metadata":{"generation":2},"status":{"observedGeneration":"2"}}"#,
                "",
                None,
                false,
            ),
            (
                r#"{"metadata":{"generation":2},"status":{"observedGeneration":{}}}"#,
                "",
                None,
                false,
            ),
        ] {
            let object: Selecting = decode(text.as_bytes()).unwrap();
            assert_eq!(object.selector().unwrap_or_default(), selector, "{text}");
            assert_eq!(object.replicas(), replicas, "{text}");
            assert_eq!(object.is_unseen_by_controller(), unseen, "{text}");
        }
        let scale: Selecting =
            decode(br#"{"spec":{"replicas":2},"status":{"replicas":1,"selector":"a in (b,c)"}}"#)
                .unwrap();
        assert_eq!(scale.selector_in_status().unwrap(), "a in (b,c)");
    }

    #[test]
    fn revisions_are_found_where_controllers_write_them() {
        let set: Workload = decode(
            br#"{"metadata":{"name":"web-1","annotations":{"x":"y",
                "deployment.kubernetes.io/revision":"12"}},"status":null}"#,
        )
        .unwrap();
        assert_eq!(set.metadata.annotations.revision(), 12);
        let revision: Workload =
            decode(br#"{"metadata":{"labels":{"controller-revision-hash":"abc"}},"revision":7}"#)
                .unwrap();
        assert_eq!((revision.metadata.labels.hash.as_str(), revision.revision), ("abc", 7));
    }
}
