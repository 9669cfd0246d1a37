//! `ObjectMeta` (`meta/v1/types.go`): who an object is, who owns it, who wrote it last.

mod protobuf;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::lenient::{nullable, time};
use crate::facts::{self, Manager, ObjectName, Time};

/// An object's metadata.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// The object's name.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Its namespace; empty for nodes and in manifests that leave it to the context.
    #[serde(deserialize_with = "nullable")]
    pub namespace: String,
    /// Its uid.
    #[serde(deserialize_with = "nullable")]
    pub uid: String,
    /// Its version: opaque by the API's contract, yet etcd's rising counter in every cluster.
    #[serde(deserialize_with = "nullable")]
    pub resource_version: String,
    /// When it was created.
    #[serde(deserialize_with = "time")]
    pub creation_timestamp: Option<Time>,
    /// When it is, or was, to be gone.
    #[serde(deserialize_with = "time")]
    pub deletion_timestamp: Option<Time>,
    /// Its labels.
    #[serde(deserialize_with = "labels")]
    pub labels: BTreeMap<String, String>,
    /// What matters of its annotations.
    #[serde(deserialize_with = "nullable")]
    annotations: Annotations,
    /// Its owners.
    #[serde(deserialize_with = "nullable")]
    pub owner_references: Vec<OwnerReference>,
    /// Who wrote which fields when.
    #[serde(rename = "managedFields", deserialize_with = "written")]
    written: Written,
}

/// Any object, as far as its metadata.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct MetadataOnly {
    /// Who it is.
    pub metadata: Metadata,
}

/// The namespace of an object that names none: where kubectl would create it.
const DEFAULT_NAMESPACE: &str = "default";

impl Metadata {
    /// Namespace and name, for a namespaced object.
    pub fn object_name(&self) -> ObjectName {
        let namespace =
            if self.namespace.is_empty() { DEFAULT_NAMESPACE } else { self.namespace.as_str() };
        ObjectName::new(namespace, self.name.as_str())
    }

    /// The controller among the owners, or the first owner when none controls.
    pub fn owner(&self) -> Option<facts::OwnerReference> {
        self.owner_references
            .iter()
            .find(|owner| owner.controller)
            .or(self.owner_references.first())
            .map(|owner| facts::OwnerReference {
                api_version: owner.api_version.clone(),
                kind: owner.kind.clone(),
                name: owner.name.clone(),
            })
    }

    /// The object's version as a number; 0 when there is none. API servers have it rise with every
    /// write (KEP-5504).
    pub fn version(&self) -> u64 {
        self.resource_version.parse().unwrap_or(0)
    }

    /// Who manages the object, by its labels and annotations.
    pub fn managers(&self) -> Vec<Manager> {
        let mut managers = self.annotations.managers.clone();
        managers.extend(self.labels.iter().filter_map(|(key, value)| manager(key, value)));
        managers.sort_unstable();
        managers.dedup();
        managers
    }

    /// The annotation `kubernetes.io/config.mirror`: the uid a static pod has on its node.
    pub(super) fn mirror_of(&self) -> Option<String> {
        self.annotations.mirror_of.clone()
    }

    /// When a secret's data was last written.
    ///
    /// managedFields keep one time a writer, renewed by whatever that writer changes: the data may
    /// be older than this, never newer.
    pub(super) fn data_written(&self) -> Option<Time> {
        self.written.data
    }

    /// When a service account's `imagePullSecrets` were last written; the same bound.
    pub(super) fn pull_secrets_written(&self) -> Option<Time> {
        self.written.pull_secrets
    }
}

/// One of `ownerReferences`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OwnerReference {
    /// `apps/v1`.
    #[serde(deserialize_with = "nullable")]
    pub api_version: String,
    /// `ReplicaSet`.
    #[serde(deserialize_with = "nullable")]
    pub kind: String,
    /// The owner's name.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// The owner's uid.
    #[serde(deserialize_with = "nullable")]
    pub uid: String,
    /// Whether this owner controls the object; at most one does.
    #[serde(deserialize_with = "nullable")]
    pub controller: bool,
}

/// Which manager a label or annotation speaks of.
pub(in crate::source) fn manager(key: &str, value: &str) -> Option<Manager> {
    match key {
        "app.kubernetes.io/managed-by" if value == "Helm" => return Some(Manager::Helm),
        "meta.helm.sh/release-name" => return Some(Manager::Helm),
        _ => {}
    }
    match key.split_once('/')?.0 {
        "argocd.argoproj.io" => Some(Manager::ArgoCd),
        "kustomize.toolkit.fluxcd.io" | "helm.toolkit.fluxcd.io" => Some(Manager::Flux),
        _ => None,
    }
}

/// The annotation that marks the mirror of a static pod.
pub(in crate::source) const MIRROR: &str = "kubernetes.io/config.mirror";

fn labels<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let labels = Option::<BTreeMap<String, Option<String>>>::deserialize(deserializer)?;
    Ok(labels
        .unwrap_or_default()
        .into_iter()
        .map(|(key, value)| (key, value.unwrap_or_default()))
        .collect())
}

/// What matters of the annotations. The rest is not built: `last-applied-configuration` repeats
/// the whole object, a Secret's data included.
#[derive(Debug, Clone, Default)]
struct Annotations {
    mirror_of: Option<String>,
    managers: Vec<Manager>,
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pick;

        impl<'de> Visitor<'de> for Pick {
            type Value = Annotations;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of annotations")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Annotations, A::Error> {
                let mut annotations = Annotations::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == MIRROR {
                        annotations.mirror_of = map.next_value()?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                        annotations.managers.extend(manager(&key, ""));
                    }
                }
                Ok(annotations)
            }
        }

        deserializer.deserialize_map(Pick)
    }
}

/// The newest times in `managedFields` of the two fields whose age says something.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    data: Option<Time>,
    pull_secrets: Option<Time>,
}

fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Written, D::Error> {
    let entries = Option::<Vec<FieldsEntry>>::deserialize(deserializer)?;
    let mut written = Written::default();
    for entry in entries.unwrap_or_default() {
        if entry.fields.data {
            written.data = written.data.max(entry.time);
        }
        if entry.fields.pull_secrets {
            written.pull_secrets = written.pull_secrets.max(entry.time);
        }
    }
    Ok(written)
}

/// One of `managedFields`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct FieldsEntry {
    #[serde(deserialize_with = "time")]
    time: Option<Time>,
    #[serde(rename = "fieldsV1", deserialize_with = "nullable")]
    fields: FieldsV1,
}

/// Which of the two fields an entry owns. Only the keys of the top level are looked at.
#[derive(Default)]
struct FieldsV1 {
    data: bool,
    pull_secrets: bool,
}

impl<'de> Deserialize<'de> for FieldsV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = FieldsV1;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of managed fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldsV1, A::Error> {
                let mut fields = FieldsV1::default();
                while let Some(key) = map.next_key::<FieldKey>()? {
                    map.next_value::<IgnoredAny>()?;
                    match key {
                        FieldKey::Data => fields.data = true,
                        FieldKey::PullSecrets => fields.pull_secrets = true,
                        FieldKey::Other => {}
                    }
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

#[derive(Deserialize)]
enum FieldKey {
    #[serde(rename = "f:data", alias = "f:stringData")]
    Data,
    #[serde(rename = "f:imagePullSecrets")]
    PullSecrets,
    #[serde(other)]
    Other,
}
