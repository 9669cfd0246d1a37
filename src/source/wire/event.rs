//! Events, in either of the two forms the API prints.
//!
//! One stored object has two faces: core/v1 (`kubectl get events`, the kubelet's own) and
//! events.k8s.io/v1, which calls `message` a note and marks what the old recorder wrote as
//! deprecated. `pkg/apis/events/v1/conversion.go` in Kubernetes gives the pairs; here both names
//! read into one field, so the same event gives the same facts whichever API printed it.

mod protobuf;

use serde::Deserialize;

use super::lenient::{nullable, some, time};
use super::metadata::Metadata;
use crate::facts::{self, About, Time};

/// An event of either form.
#[expect(clippy::struct_field_names, reason = "`eventTime` is the API's name")]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Event {
    /// Who it is.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    #[serde(alias = "regarding", deserialize_with = "nullable")]
    involved_object: Reference,
    #[serde(rename = "type", deserialize_with = "nullable")]
    kind: String,
    #[serde(deserialize_with = "nullable")]
    reason: String,
    #[serde(alias = "note", deserialize_with = "nullable")]
    message: String,
    #[serde(alias = "deprecatedSource", deserialize_with = "nullable")]
    source: Source,
    #[serde(alias = "reportingController", deserialize_with = "nullable")]
    reporting_component: String,
    #[serde(deserialize_with = "nullable")]
    reporting_instance: String,
    #[serde(alias = "deprecatedCount", deserialize_with = "nullable")]
    count: i64,
    #[serde(alias = "deprecatedFirstTimestamp", deserialize_with = "time")]
    first_timestamp: Option<Time>,
    #[serde(alias = "deprecatedLastTimestamp", deserialize_with = "time")]
    last_timestamp: Option<Time>,
    #[serde(deserialize_with = "time")]
    event_time: Option<Time>,
    #[serde(deserialize_with = "nullable")]
    series: Series,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reference {
    #[serde(deserialize_with = "nullable")]
    kind: String,
    #[serde(deserialize_with = "nullable")]
    namespace: String,
    #[serde(deserialize_with = "nullable")]
    name: String,
    #[serde(deserialize_with = "nullable")]
    uid: String,
    #[serde(deserialize_with = "nullable")]
    field_path: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Source {
    #[serde(deserialize_with = "nullable")]
    component: String,
    #[serde(deserialize_with = "nullable")]
    host: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Series {
    #[serde(deserialize_with = "nullable")]
    count: i64,
    #[serde(deserialize_with = "time")]
    last_observed_time: Option<Time>,
}

impl From<Event> for facts::Event {
    fn from(event: Event) -> Self {
        let component = some(event.source.component).unwrap_or(event.reporting_component);
        // Kubelets from 1.27 on report under their node's name; other controllers report under
        // their own pod's, which is no node.
        let host = some(event.source.host)
            .or_else(|| some(event.reporting_instance).filter(|_| component == "kubelet"));
        let created = event.metadata.creation_timestamp;
        Self {
            about: About {
                kind: event.involved_object.kind,
                namespace: event.involved_object.namespace,
                name: event.involved_object.name,
                uid: event.involved_object.uid,
                field_path: event.involved_object.field_path,
            },
            kind: event.kind,
            reason: event.reason,
            message: event.message,
            component,
            host,
            // A series counts from the second sight on, a new-API event starts with count 0.
            count: u32::try_from(event.count.max(event.series.count).max(1)).unwrap_or(u32::MAX),
            first_seen: event.first_timestamp.or(event.event_time).or(created),
            last_seen: event
                .series
                .last_observed_time
                .or(event.last_timestamp)
                .or(event.event_time)
                .or(event.first_timestamp)
                .or(created),
        }
    }
}
