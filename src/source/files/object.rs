//! One object: from its kind and its fields to facts.

use serde::de::DeserializeOwned;

use super::document::Field;
use crate::credentials::PullSecret;
use crate::facts::{self, ObjectName};
use crate::source::wire;

/// An object that was read.
pub(super) struct Record {
    /// `metadata.resourceVersion` as a number, by which the newest of several copies is known.
    pub(super) version: Option<u64>,
    /// The object.
    pub(super) object: Object,
}

/// The kinds of objects that matter, and those that deserve a word.
pub(super) enum Object {
    Pod {
        pod: Box<facts::Pod>,
        /// A manifest has none.
        has_status: bool,
    },
    Event {
        name: ObjectName,
        event: Box<facts::Event>,
    },
    Secret(Box<PullSecret>),
    ServiceAccount(Box<facts::ServiceAccount>),
    Node(Box<facts::Node>),
    Owner(Box<facts::Owner>),
    /// The API server's refusal, saved where its answer was expected.
    Refusal(Box<wire::Status>),
    Kubeconfig,
    /// Any other kind.
    Other(String),
}

/// An object of a kind that matters, with a value of the wrong form in it. Never holds the value.
#[derive(Debug)]
pub(super) struct Fault {
    /// Such as `Pod shop/web`.
    pub(super) object: String,
    /// What is wrong, as a lower-case fragment.
    pub(super) what: String,
    /// Where the field stands in memory, and the line and column in it.
    pub(super) at: Option<(usize, usize, usize)>,
}

/// Reads an object of that kind from its fields.
pub(super) fn read<F: Field>(
    kind: &str,
    api_version: &str,
    fields: &[(String, F)],
) -> Result<Record, Fault> {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    match (group, kind) {
        ("", "Pod") => {
            let pod: wire::Pod = decode(kind, fields)?;
            let version = version(&pod.metadata);
            let has_status = pod.has_status();
            Ok(Record { version, object: Object::Pod { pod: Box::new(pod.into()), has_status } })
        }
        ("" | "events.k8s.io", "Event") => {
            let event: wire::Event = decode(kind, fields)?;
            let name = event.metadata.object_name();
            let version = version(&event.metadata);
            Ok(Record { version, object: Object::Event { name, event: Box::new(event.into()) } })
        }
        ("", "Secret") => {
            let secret: wire::Secret = decode(kind, fields)?;
            let version = version(&secret.metadata);
            Ok(Record { version, object: Object::Secret(Box::new(secret.into())) })
        }
        ("", "ServiceAccount") => {
            let account: wire::ServiceAccount = decode(kind, fields)?;
            let version = version(&account.metadata);
            Ok(Record { version, object: Object::ServiceAccount(Box::new(account.into())) })
        }
        ("", "Node") => {
            let node: wire::Node = decode(kind, fields)?;
            let version = version(&node.metadata);
            Ok(Record { version, object: Object::Node(Box::new(node.into())) })
        }
        ("", "ReplicationController")
        | ("apps", "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet")
        | ("batch", "Job" | "CronJob") => Ok(owner(kind, api_version, decode(kind, fields)?)),
        ("", "Status") => {
            let status = decode(kind, fields)?;
            Ok(Record { version: None, object: Object::Refusal(Box::new(status)) })
        }
        ("", "Config") => Ok(Record { version: None, object: Object::Kubeconfig }),
        // A custom resource owns pods if it looks like it; one that looks otherwise is no fault.
        _ => match F::read::<wire::Owner>(fields) {
            Ok(resource) if resource.has_template() => Ok(owner(kind, api_version, resource)),
            _ => Ok(Record { version: None, object: Object::Other(plain(kind).to_owned()) }),
        },
    }
}

fn owner(kind: &str, api_version: &str, mut owner: wire::Owner) -> Record {
    // The items of a list leave both to the list.
    kind.clone_into(&mut owner.kind);
    api_version.clone_into(&mut owner.api_version);
    let version = version(&owner.metadata);
    Record { version, object: Object::Owner(Box::new(owner.into())) }
}

/// Etcd's counter. The API calls it opaque, but all that is asked of it here is which of two
/// copies of one object is newer, and the worst a wrong answer does is to keep the older one.
fn version(metadata: &wire::Metadata) -> Option<u64> {
    metadata.resource_version.parse().ok()
}

fn decode<F: Field, T: DeserializeOwned>(kind: &str, fields: &[(String, F)]) -> Result<T, Fault> {
    F::read(fields).map_err(|error| {
        let object = match F::read::<NameOnly>(fields) {
            Ok(NameOnly { metadata }) => {
                format!("{kind} {}", plain(&metadata.object_name().to_string()))
            }
            Err(_) => kind.to_owned(),
        };
        // Every field of these types may be absent, so a field that fails with the rest fails
        // alone as well: that is how its place is found.
        let culprit = fields.chunks(1).find_map(|field| match F::read::<T>(field) {
            Ok(_) => None,
            Err(error) => Some((field[0].1.address()?, error)),
        });
        let fault = wire::DecodeError::from(culprit.as_ref().map_or(&error, |(_, error)| error));
        Fault {
            object,
            what: fault.what,
            at: culprit.map(|(address, _)| (address, fault.line, fault.column)),
        }
    })
}

/// A name for a message, as long as it is one that Kubernetes would take.
fn plain(name: &str) -> &str {
    let is_plain = name.len() <= 512
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | ':'));
    if is_plain { name } else { "of an odd name" }
}

#[derive(serde::Deserialize)]
struct NameOnly {
    metadata: wire::Metadata,
}
