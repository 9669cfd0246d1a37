//! Nodes (`core/v1/types.go`): what runs on one, and whether it is well.

use serde::Deserialize;

use super::lenient::nullable;
use super::metadata::Metadata;
use crate::facts;

/// A node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Node {
    /// Who it is.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    #[serde(deserialize_with = "nullable")]
    status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "nullable")]
    node_info: Info,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type", deserialize_with = "nullable")]
    kind: String,
    #[serde(deserialize_with = "nullable")]
    status: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Info {
    #[serde(deserialize_with = "nullable")]
    operating_system: String,
    #[serde(deserialize_with = "nullable")]
    architecture: String,
    #[serde(deserialize_with = "nullable")]
    kubelet_version: String,
    #[serde(deserialize_with = "nullable")]
    container_runtime_version: String,
}

impl From<Node> for facts::Node {
    fn from(node: Node) -> Self {
        let Node { metadata, status } = node;
        let condition = |kind| {
            status
                .conditions
                .iter()
                .find(|condition| condition.kind == kind)
                .map(|condition| condition.status == "True")
        };
        Self {
            name: metadata.name,
            ready: condition("Ready"),
            disk_pressure: condition("DiskPressure").unwrap_or(false),
            os: status.node_info.operating_system,
            architecture: status.node_info.architecture,
            kubelet: status.node_info.kubelet_version,
            runtime: status.node_info.container_runtime_version,
        }
    }
}
