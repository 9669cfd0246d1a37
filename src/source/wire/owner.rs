//! Owners of pods: whatever has a pod template at `spec.template`, and cron jobs, which keep it
//! one step deeper (`apps/v1`, `batch/v1`, and custom resources made in their image).

use serde::Deserialize;

use super::lenient::{Named, names, nullable};
use super::metadata::Metadata;
use crate::facts::{self, OwnerKey};

/// An owner of pods, or an owner of such an owner.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Owner {
    /// `apps/v1`; empty in the items of a list, where the list's own holds.
    #[serde(deserialize_with = "nullable")]
    pub api_version: String,
    /// `Deployment`; empty in the items of a list.
    #[serde(deserialize_with = "nullable")]
    pub kind: String,
    /// Who it is.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    #[serde(deserialize_with = "nullable")]
    spec: Spec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    template: Option<PodTemplate>,
    job_template: Option<JobTemplate>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    #[serde(deserialize_with = "nullable")]
    spec: JobSpec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    template: Option<PodTemplate>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct PodTemplate {
    spec: Option<PodSpec>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodSpec {
    #[serde(deserialize_with = "nullable")]
    image_pull_secrets: Vec<Named>,
}

impl Owner {
    /// Whether it holds a pod template.
    pub fn has_template(&self) -> bool {
        self.spec.template.is_some() || self.spec.job_template.is_some()
    }
}

impl From<Owner> for facts::Owner {
    fn from(owner: Owner) -> Self {
        let name = owner.metadata.object_name();
        let template = owner
            .spec
            .template
            .or_else(|| owner.spec.job_template.and_then(|job| job.spec.template))
            .and_then(|template| template.spec);
        Self {
            owner: owner.metadata.owner(),
            managed_by: owner.metadata.managers(),
            pull_secrets: template.map(|spec| names(spec.image_pull_secrets)).unwrap_or_default(),
            key: OwnerKey {
                namespace: name.namespace,
                api_version: owner.api_version,
                kind: owner.kind,
                name: name.name,
            },
        }
    }
}
