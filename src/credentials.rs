//! Pull secrets, judged as the kubelet judges them.
//!
//! [`PullSecret`] holds what a secret carries in types that cannot be printed and are wiped when
//! dropped. [`Keyring::replay`] does with the secrets of one pod what the kubelet does, byte for
//! byte; [`judge()`] says of one secret what it is good for and what is wrong with it.
//!
//! The rules are those of Kubernetes v1.36, `pkg/credentialprovider`, on Go 1.26. Functions of
//! their arguments only: no clock, no files, no network. What a node adds of its own (credential
//! provider plugins, `config.json` files) is not known here and never claimed.

mod config;
mod defect;
mod expiry;
mod go;
mod judge;
mod keyring;
mod near_miss;
mod review;
mod secret_bytes;
mod user;

use secrecy::{ExposeSecret, SecretString};

pub use defect::{Defect, Field};
pub use expiry::{Certainty, Expiry, Lifetime};
pub use judge::{Entry, Ignored, Judgement, Nothing, Verdict, judge};
pub use keyring::{Keyring, Match, Unreadable};
pub use near_miss::{Miss, NearMiss};
pub use review::{Review, expiry_words};
pub use user::UserName;

use self::config::Config;
use self::go::base64::{self, Padding};
use self::secret_bytes::SecretBytes;
use crate::facts::{ObjectName, Time};

/// The type of secrets that `kubectl create secret docker-registry` makes.
pub const TYPE_DOCKERCONFIGJSON: &str = "kubernetes.io/dockerconfigjson";

/// The type of the older form, a bare map of entries.
pub const TYPE_DOCKERCFG: &str = "kubernetes.io/dockercfg";

/// The key that [`TYPE_DOCKERCONFIGJSON`] goes with.
pub const DOCKERCONFIGJSON: &str = ".dockerconfigjson";

/// The key that [`TYPE_DOCKERCFG`] goes with.
pub const DOCKERCFG: &str = ".dockercfg";

/// A secret that may hold registry credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullSecret {
    /// Namespace and name.
    pub name: ObjectName,
    /// `type`.
    pub kind: String,
    /// `metadata.creationTimestamp`.
    pub created: Option<Time>,
    /// When its data was last written, by managedFields; None if unknown.
    pub changed: Option<Time>,
    dockerconfigjson: Payload,
    dockercfg: Payload,
    other_keys: Vec<String>,
}

/// What is under one of the two keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Payload {
    /// No such key, or nothing in it: the same to the kubelet.
    #[default]
    None,
    /// The bytes.
    Bytes(SecretBytes),
    /// A value that is no base64, in the words of Go. Only an edited file can hold that.
    Undecodable(String),
}

impl Payload {
    fn decode(value: &SecretString) -> Self {
        match base64::decode(value.expose_secret().as_bytes(), Padding::Required) {
            Ok(bytes) if bytes.is_empty() => Self::None,
            Ok(bytes) => Self::Bytes(SecretBytes::new(bytes)),
            Err(why) => Self::Undecodable(why.to_string()),
        }
    }
}

impl PullSecret {
    /// A secret as the API prints it: `data` is its map with the values still in base64.
    ///
    /// Only the payloads under `.dockerconfigjson` and `.dockercfg` are decoded and kept; of other
    /// keys, the name. A value that is no base64 is kept as a defect that [`judge()`] reports.
    pub fn new(
        name: ObjectName,
        kind: impl Into<String>,
        created: Option<Time>,
        changed: Option<Time>,
        data: impl IntoIterator<Item = (String, SecretString)>,
    ) -> Self {
        let mut secret = Self {
            name,
            kind: kind.into(),
            created,
            changed,
            dockerconfigjson: Payload::None,
            dockercfg: Payload::None,
            other_keys: Vec::new(),
        };
        for (key, value) in data {
            match key.as_str() {
                DOCKERCONFIGJSON => secret.dockerconfigjson = Payload::decode(&value),
                DOCKERCFG => secret.dockercfg = Payload::decode(&value),
                _ => secret.other_keys.push(key),
            }
        }
        secret.other_keys.sort_unstable();
        secret
    }

    /// The names of the keys in `data` that no kubelet reads, in byte order.
    pub fn other_keys(&self) -> &[String] {
        &self.other_keys
    }

    /// The key in `data` that a payload is under, whatever the type: where one that the kubelet
    /// passes over could be taken from.
    pub fn payload_key(&self) -> Option<&'static str> {
        [(DOCKERCONFIGJSON, &self.dockerconfigjson), (DOCKERCFG, &self.dockercfg)]
            .into_iter()
            .find(|(_, payload)| matches!(payload, Payload::Bytes(_)))
            .map(|(key, _)| key)
    }

    /// The key that the kubelet looks under for a secret of this type; none if it does not look at
    /// such secrets at all (`secretsToTrackedDockerConfigs`).
    fn wanted_key(&self) -> Option<&'static str> {
        match self.kind.as_str() {
            TYPE_DOCKERCONFIGJSON => Some(DOCKERCONFIGJSON),
            TYPE_DOCKERCFG => Some(DOCKERCFG),
            _ => None,
        }
    }

    /// What the kubelet reads: nothing where it passes over the secret, its words where it fails.
    fn read_as_kubelet(&self) -> Result<Option<Config>, String> {
        match self.wanted_key() {
            Some(DOCKERCONFIGJSON) => read(&self.dockerconfigjson, config::read_config_json),
            Some(_) => read(&self.dockercfg, config::read_dockercfg),
            None => Ok(None),
        }
    }

    /// What the payload holds, whatever the type: for a secret that the kubelet passes over.
    fn read_leniently(&self) -> Config {
        let first = read(&self.dockerconfigjson, config::read_config_json);
        let second = read(&self.dockercfg, config::read_dockercfg);
        first.ok().flatten().or_else(|| second.ok().flatten()).unwrap_or_default()
    }

    /// The keys of payloads that are no base64.
    fn undecodable(&self) -> impl Iterator<Item = &'static str> {
        [(DOCKERCONFIGJSON, &self.dockerconfigjson), (DOCKERCFG, &self.dockercfg)]
            .into_iter()
            .filter(|(_, payload)| matches!(payload, Payload::Undecodable(_)))
            .map(|(key, _)| key)
    }
}

fn read(
    payload: &Payload,
    decode: impl Fn(&SecretBytes) -> Result<Config, String>,
) -> Result<Option<Config>, String> {
    match payload {
        Payload::None => Ok(None),
        Payload::Undecodable(why) => Err(why.clone()),
        Payload::Bytes(bytes) => decode(bytes).map(Some),
    }
}
