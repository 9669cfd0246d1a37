//! Pods (`core/v1/types.go`): every place where one names an image, with that place's state.

mod protobuf;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::lenient::{Named, names, nullable, some};
use super::metadata::Metadata;
use crate::facts::{self, Place, PlaceKind, State};

/// A pod.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Who it is.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// What it should be.
    #[serde(deserialize_with = "nullable")]
    spec: Spec,
    /// What the kubelet reports; nothing in a manifest.
    #[serde(deserialize_with = "nullable")]
    status: Status,
}

impl Pod {
    /// Whether a status was given at all; a manifest has none.
    pub fn has_status(&self) -> bool {
        !self.status.phase.is_empty()
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "nullable")]
    init_containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    ephemeral_containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    volumes: Vec<Volume>,
    #[serde(deserialize_with = "nullable")]
    image_pull_secrets: Vec<Named>,
    #[serde(deserialize_with = "nullable")]
    service_account_name: String,
    #[serde(deserialize_with = "nullable")]
    node_name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Container {
    #[serde(deserialize_with = "nullable")]
    name: String,
    #[serde(deserialize_with = "nullable")]
    image: String,
    #[serde(deserialize_with = "nullable")]
    image_pull_policy: String,
    #[serde(deserialize_with = "nullable")]
    restart_policy: String,
    #[serde(deserialize_with = "nullable")]
    volume_mounts: Vec<Named>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Volume {
    #[serde(deserialize_with = "nullable")]
    name: String,
    image: Option<ImageVolume>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ImageVolume {
    #[serde(deserialize_with = "nullable")]
    reference: String,
    #[serde(deserialize_with = "nullable")]
    pull_policy: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "nullable")]
    phase: String,
    #[serde(deserialize_with = "nullable")]
    reason: String,
    #[serde(deserialize_with = "nullable")]
    message: String,
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "nullable")]
    init_container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "nullable")]
    container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "nullable")]
    ephemeral_container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type", deserialize_with = "nullable")]
    kind: String,
    #[serde(deserialize_with = "nullable")]
    status: String,
    #[serde(deserialize_with = "nullable")]
    reason: String,
    #[serde(deserialize_with = "nullable")]
    message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    #[serde(deserialize_with = "nullable")]
    name: String,
    #[serde(deserialize_with = "nullable")]
    state: ContainerState,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ContainerState {
    waiting: Option<Waiting>,
    running: Option<IgnoredAny>,
    terminated: Option<Terminated>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Waiting {
    #[serde(deserialize_with = "nullable")]
    reason: String,
    #[serde(deserialize_with = "nullable")]
    message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Terminated {
    #[serde(deserialize_with = "nullable")]
    reason: String,
    #[serde(deserialize_with = "nullable")]
    exit_code: i32,
    #[serde(deserialize_with = "nullable")]
    message: String,
}

impl From<Pod> for facts::Pod {
    fn from(pod: Pod) -> Self {
        let Pod { metadata, spec, status } = pod;
        let unschedulable = status
            .conditions
            .into_iter()
            .find(|condition| condition.kind == "PodScheduled" && condition.status == "False")
            .map(|condition| join(&condition.reason, &condition.message));
        Self {
            name: metadata.object_name(),
            mirror_of: metadata.mirror_of(),
            version: metadata.version(),
            created: metadata.creation_timestamp,
            deleting: metadata.deletion_timestamp,
            owner: metadata.owner(),
            managed_by: metadata.managers(),
            node: some(spec.node_name),
            service_account: some(spec.service_account_name),
            pull_secrets: Some(names(spec.image_pull_secrets)),
            phase: status.phase,
            reason: some(status.reason),
            message: some(status.message),
            unschedulable,
            places: Places {
                image_volumes: spec
                    .volumes
                    .into_iter()
                    .filter_map(|volume| Some((volume.name, volume.image?)))
                    .collect(),
                found: Vec::new(),
            }
            .containers(
                |container| {
                    // KEP-753: what makes an init container a sidecar is its restart policy.
                    if container.restart_policy == "Always" {
                        PlaceKind::Sidecar
                    } else {
                        PlaceKind::Init
                    }
                },
                spec.init_containers,
                status.init_container_statuses,
            )
            .containers(|_| PlaceKind::App, spec.containers, status.container_statuses)
            .containers(
                |_| PlaceKind::Ephemeral,
                spec.ephemeral_containers,
                status.ephemeral_container_statuses,
            )
            .with_volumes(),
            uid: metadata.uid,
            labels: metadata.labels,
        }
    }
}

/// The places of a pod while they are gathered: in the order the kubelet comes to them.
struct Places {
    image_volumes: Vec<(String, ImageVolume)>,
    found: Vec<Place>,
}

impl Places {
    /// Adds containers, each with its state. The status is matched by name, and the image taken
    /// from the spec: `status.image` may be another name of the same image.
    fn containers(
        mut self,
        kind: impl Fn(&Container) -> PlaceKind,
        containers: Vec<Container>,
        mut statuses: Vec<ContainerStatus>,
    ) -> Self {
        for container in containers {
            let state = statuses
                .iter_mut()
                .find(|status| status.name == container.name)
                .map_or(State::None, |status| std::mem::take(&mut status.state).into());
            let kind = kind(&container);
            let mut mounts = names(container.volume_mounts);
            mounts.retain(|mount| self.image_volumes.iter().any(|(volume, _)| volume == mount));
            // A volume may be mounted twice under two paths.
            mounts.sort_unstable();
            mounts.dedup();
            self.found.push(Place {
                kind,
                name: container.name,
                image: container.image,
                pull_policy: some(container.image_pull_policy),
                state,
                mounts,
            });
        }
        self
    }

    /// All places, the image volumes last. A volume has no state of its own.
    fn with_volumes(mut self) -> Vec<Place> {
        self.found.extend(self.image_volumes.into_iter().map(|(name, volume)| Place {
            kind: PlaceKind::ImageVolume,
            name,
            image: volume.reference,
            pull_policy: some(volume.pull_policy),
            state: State::None,
            mounts: Vec::new(),
        }));
        self.found
    }
}

impl From<ContainerState> for State {
    fn from(state: ContainerState) -> Self {
        match state {
            ContainerState { waiting: Some(waiting), .. } => {
                Self::Waiting { reason: waiting.reason, message: waiting.message }
            }
            ContainerState { running: Some(_), .. } => Self::Running,
            ContainerState { terminated: Some(terminated), .. } => Self::Terminated {
                reason: terminated.reason,
                exit_code: terminated.exit_code,
                message: terminated.message,
            },
            _ => Self::None,
        }
    }
}

/// `reason: message`, whichever of them there is.
fn join(reason: &str, message: &str) -> String {
    match (reason, message) {
        ("", text) | (text, "") => text.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}
