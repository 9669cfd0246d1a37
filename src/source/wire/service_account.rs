//! Service accounts (`core/v1/types.go`), as far as their pull secrets go.

use serde::Deserialize;

use super::lenient::{Named, names, nullable};
use super::metadata::Metadata;
use crate::facts;

/// A service account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceAccount {
    /// Who it is.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    #[serde(deserialize_with = "nullable")]
    image_pull_secrets: Vec<Named>,
}

impl From<ServiceAccount> for facts::ServiceAccount {
    fn from(account: ServiceAccount) -> Self {
        Self {
            name: account.metadata.object_name(),
            pull_secrets: names(account.image_pull_secrets),
            pull_secrets_changed: account.metadata.pull_secrets_written(),
            managed_by: account.metadata.managers(),
        }
    }
}
