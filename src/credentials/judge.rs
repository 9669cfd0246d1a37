//! What one secret is good for, and what is wrong with it.
//!
//! Joins what the kubelet would do ([`super::keyring`]) with what a person should know: the key
//! that was probably meant, the credential that has expired. Must not know pods: whether one refers
//! to the secret is for the diagnosis.

use std::fmt;

use super::config::{Config, RawEntry};
use super::defect::{self, Defect};
use super::expiry::{self, Expiry};
use super::keyring::{Keyring, normalise, without_credentials};
use super::near_miss::{self, NearMiss};
use super::{PullSecret, UserName};
use crate::facts::Time;
use crate::image::ImageReference;
use crate::registry::Kind;

/// What one secret is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Every entry of the secret, in byte order of the keys. Also of a secret that the kubelet
    /// ignores for its type, if it holds a payload that parses: what it would serve, re-created.
    pub entries: Vec<Entry>,
    /// What is odd about the secret as a whole; entries carry their own.
    pub defects: Vec<Defect>,
    /// When it stops working. With an image: when the last of the credentials that match it does,
    /// for the kubelet tries them in turn; none if one of them lasts. Without: when the first of all
    /// does.
    pub expiry: Option<Expiry>,
}

/// What the kubelet makes of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds credentials for the image (or, when none was asked for, credentials at all).
    Serves {
        /// The keys that match, as written, in the order in which they are tried.
        keys: Vec<String>,
    },
    /// It holds credentials, but no key matches the image.
    NotForThisRegistry {
        /// The keys it has, as written.
        keys: Vec<String>,
        /// The key that was probably meant for the image.
        near_miss: Option<NearMiss>,
    },
    /// The kubelet passes over it without a word.
    Ignored(Ignored),
    /// The kubelet stops at it, and fails every pull of the pod with these words.
    Unreadable(String),
    /// It parses, and holds no credential for the image (or none at all).
    YieldsNothing(Nothing),
}

/// Why the kubelet passes over a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// The type is not one of the two for pull secrets.
    Type,
    /// The type is right, and the key that goes with it is not there or empty.
    Key {
        /// The key that the type wants.
        wants: &'static str,
    },
}

/// Why a secret that parses yields no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nothing {
    /// There is no `auths`, or nothing in it.
    NoAuths,
    /// The credentials are in a store or helper on the machine where the file was made.
    CredentialStore,
    /// Only an `identitytoken` or `registrytoken`, which the kubelet does not read.
    TokenOnly,
    /// The entry holds neither user nor password.
    EmptyEntry,
    /// The kubelet cannot parse any of the keys, and drops the entries.
    KeysDropped,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type => {
                f.write_str("the type is not one that the kubelet takes for a pull secret")
            }
            Self::Key { wants } => write!(f, "the type wants the key {wants}, which is not there"),
        }
    }
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAuths => "there is no entry in it",
            Self::CredentialStore => {
                "the credentials are in a store on the machine where it was made"
            }
            Self::TokenOnly => "it holds only a token, which the kubelet does not read",
            Self::EmptyEntry => "the entry holds neither user nor password",
            Self::KeysDropped => "the kubelet cannot parse its keys",
        })
    }
}

/// One entry of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key as written, without any credentials in it.
    pub key: String,
    /// The host that the kubelet compares, with its port; empty when it drops the entry.
    pub host: String,
    /// The path prefix that the kubelet compares; may be empty.
    pub path: String,
    /// The registry behind the host.
    pub registry: Kind,
    /// The user.
    pub user: UserName,
    /// Whether it holds neither user nor password.
    pub is_empty: bool,
    /// Whether it matches the image that was asked for.
    pub serves: bool,
    /// When the credential stops working, where that can be told.
    pub expiry: Option<Expiry>,
    /// What is odd about it.
    pub defects: Vec<Defect>,
}

impl Entry {
    /// Whether it is meant for Docker Hub under a name, or with a path, that the kubelet does not
    /// match with any image of it: only `docker.io` and the bare `index.docker.io` do.
    pub fn misses_docker_hub(&self) -> bool {
        let reaches = match self.host.as_str() {
            "docker.io" => true,
            "index.docker.io" => self.path.is_empty(),
            _ => false,
        };
        self.registry == Kind::DockerHub && !reaches
    }
}

/// Judges one secret, for one image when one is given.
pub fn judge(secret: &PullSecret, image: Option<&ImageReference>, now: Time) -> Judgement {
    let mut defects: Vec<Defect> =
        secret.undecodable().map(|key| Defect::NotBase64 { key: key.to_owned() }).collect();
    let (config, verdict) = match secret.read_as_kubelet() {
        Err(why) => (Config::default(), Some(Verdict::Unreadable(why))),
        Ok(Some(config)) => (config, None),
        Ok(None) => (secret.read_leniently(), Some(Verdict::Ignored(why_ignored(secret)))),
    };
    if config.names_a_store {
        defects.push(Defect::CredentialStore);
    }

    let tried = tried_keys(secret, &config, image);
    let entries: Vec<Entry> = config
        .entries
        .iter()
        .map(|raw| {
            let serves = image.is_some() && tried.contains(&without_credentials(&raw.key));
            entry(raw, serves, secret.changed.or(secret.created), now)
        })
        .collect();
    let verdict = verdict.unwrap_or_else(|| verdict_of(&config, &entries, tried, image));
    let expiry = expiry_of(&entries, image.is_some());
    Judgement { verdict, entries, defects, expiry }
}

fn why_ignored(secret: &PullSecret) -> Ignored {
    match secret.wanted_key() {
        Some(wants) => Ignored::Key { wants },
        None => Ignored::Type,
    }
}

/// The keys that the kubelet tries for the image in order; without an image, all that it keeps.
fn tried_keys(secret: &PullSecret, config: &Config, image: Option<&ImageReference>) -> Vec<String> {
    match image {
        Some(image) => {
            let mut keyring = Keyring::default();
            keyring.add(&secret.name, config);
            keyring.lookup(image).into_iter().map(|found| found.key).collect()
        }
        None => config
            .entries
            .iter()
            .filter(|entry| normalise(&entry.key).is_some())
            .map(|entry| without_credentials(&entry.key))
            .collect(),
    }
}

fn entry(raw: &RawEntry, serves: bool, written: Option<Time>, now: Time) -> Entry {
    let key = normalise(&raw.key);
    let dropped = key.is_none();
    let key = String::from_utf8_lossy(key.as_deref().unwrap_or_default()).into_owned();
    let (host, path) = key.split_at(key.find('/').unwrap_or(key.len()));
    let registry = Kind::of_host(host);
    let life = expiry::life(registry, &raw.user, &raw.password, written);

    let mut defects = defect::of_entry(raw, registry);
    if dropped {
        defects.push(Defect::KeyDropped);
    }
    if let Some(from) = life.not_before.filter(|from| *from > now) {
        defects.push(Defect::NotYetValid { from });
    }
    Entry {
        key: without_credentials(&raw.key),
        host: host.to_owned(),
        path: path.to_owned(),
        registry,
        user: UserName::of(raw),
        is_empty: raw.is_empty(),
        serves,
        expiry: life.expiry,
        defects,
    }
}

fn verdict_of(
    config: &Config,
    entries: &[Entry],
    tried: Vec<String>,
    image: Option<&ImageReference>,
) -> Verdict {
    let full = |key: &String| entries.iter().any(|entry| entry.key == *key && !entry.is_empty);
    if tried.iter().any(full) {
        return Verdict::Serves { keys: tried };
    }
    let holds_any = entries.iter().any(|entry| !entry.is_empty);
    match image {
        Some(image) if tried.is_empty() && holds_any => Verdict::NotForThisRegistry {
            keys: entries.iter().map(|entry| entry.key.clone()).collect(),
            near_miss: near_miss::nearest(
                config
                    .entries
                    .iter()
                    .filter(|entry| !entry.is_empty())
                    .map(|entry| entry.key.as_str()),
                image,
            ),
        },
        _ => Verdict::YieldsNothing(nothing(config, &tried)),
    }
}

/// Why there is no credential among the entries that are tried, or among all if none is.
fn nothing(config: &Config, tried: &[String]) -> Nothing {
    let asked =
        |entry: &&RawEntry| tried.is_empty() || tried.contains(&without_credentials(&entry.key));
    if config.entries.iter().filter(asked).any(|entry| entry.has_token) {
        Nothing::TokenOnly
    } else if config.names_a_store {
        Nothing::CredentialStore
    } else if config.entries.is_empty() {
        Nothing::NoAuths
    } else if config.entries.iter().any(|entry| !entry.is_empty()) && tried.is_empty() {
        Nothing::KeysDropped
    } else {
        Nothing::EmptyEntry
    }
}

fn expiry_of(entries: &[Entry], for_image: bool) -> Option<Expiry> {
    let held = entries.iter().filter(|entry| !entry.is_empty);
    if for_image {
        let expiries: Option<Vec<Expiry>> =
            held.filter(|entry| entry.serves).map(|entry| entry.expiry).collect();
        expiries?.into_iter().max_by_key(|expiry| expiry.at)
    } else {
        held.filter_map(|entry| entry.expiry).min_by_key(|expiry| expiry.at)
    }
}
