//! What the diagnosis would like to know next.
//!
//! The core never looks anything up. It is shown facts and says which questions they leave open; a
//! source answers them side by side, and asks again until nothing is open. So a pod that is fine
//! costs two requests, a DNS failure never makes anybody read a secret, and the core stays a
//! function.

use crate::facts::{Facts, Lookup, ObjectName, OwnerKey, Unseen};

/// One thing to look up. An answer, whatever it is, goes into [`crate::facts::Facts`], so that the
/// same question is never asked twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// The service account of that name: `Facts::service_accounts`.
    ServiceAccount(ObjectName),
    /// The node of that name: `Facts::nodes`.
    Node(String),
    /// The owner of a pod, or an owner's owner: `Facts::owners`.
    Owner(OwnerKey),
    /// A secret by name, whatever its type: `Facts::secrets`.
    Secret(ObjectName),
    /// All secrets of the two pull-secret types in a namespace: `Facts::secrets`, `Facts::secrets_listed`.
    PullSecrets(String),
    /// All secrets of the two pull-secret types in the cluster: `Facts::secrets`,
    /// `Facts::secrets_elsewhere`.
    PullSecretsElsewhere,
    /// Other failing pods of a namespace and the events of their failures: `Facts::neighbours`,
    /// `Facts::events`, `Facts::neighbours_seen`.
    Neighbours(String),
}

impl Question {
    /// Enters into the facts that the answer was not seen, and why.
    pub fn leave_open(self, why: Unseen, facts: &mut Facts) {
        match self {
            Self::ServiceAccount(name) => {
                facts.service_accounts.insert(name, Lookup::Unseen(why));
            }
            Self::Node(name) => {
                facts.nodes.insert(name, Lookup::Unseen(why));
            }
            Self::Owner(key) => {
                facts.owners.insert(key, Lookup::Unseen(why));
            }
            Self::Secret(name) => {
                facts.secrets.insert(name, Lookup::Unseen(why));
            }
            Self::PullSecrets(namespace) => {
                facts.secrets_listed.insert(namespace, Err(why));
            }
            Self::PullSecretsElsewhere => facts.secrets_elsewhere = Some(Err(why)),
            Self::Neighbours(namespace) => {
                facts.neighbours_seen.insert(namespace, Err(why));
            }
        }
    }
}
