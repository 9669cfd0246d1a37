//! The kubelet's keyring: which credentials it sends for an image, and in which order.
//!
//! `pkg/credentialprovider/keyring.go` and `secrets/secrets.go`, v1.36. Must not know what a
//! credential is worth; see [`super::judge()`].

use std::collections::BTreeMap;

use super::config::{Config, RawEntry};
use super::go::url;
use super::{PullSecret, UserName};
use crate::facts::ObjectName;
use crate::image::ImageReference;

/// Docker Hub's own key (`defaultRegistryHost`).
const DEFAULT_REGISTRY: &[u8] = b"index.docker.io";

/// The credentials of one pod's secrets, as the kubelet holds them while it pulls.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    /// By normalised key; looked through from the end, for the kubelet sorts in reverse.
    index: BTreeMap<Vec<u8>, Slot>,
}

/// What is held under one key.
#[derive(Debug, Clone)]
struct Slot {
    /// `None` when the key does not parse a second time, and so never matches.
    pattern: Option<Pattern>,
    /// In the order of `imagePullSecrets`.
    matches: Vec<Match>,
}

/// A secret that the kubelet cannot read. It fails every pull of the pod, public images included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unreadable {
    /// Which one; the kubelet's own message does not say.
    pub secret: ObjectName,
    /// The kubelet's words.
    pub why: String,
}

/// A credential that the kubelet sends for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The secret it is in.
    pub secret: ObjectName,
    /// The key as the secret writes it, without any credentials in it.
    pub key: String,
    /// The user.
    pub user: UserName,
    /// Whether it holds neither user nor password: sent all the same, which is an anonymous pull.
    pub is_empty: bool,
}

impl Keyring {
    /// Builds the keyring from the secrets that were found, in the order of `imagePullSecrets`
    /// (`MakeDockerKeyring`).
    ///
    /// Secrets of other types, or without the key of their type, are passed over as the kubelet
    /// does. One unreadable secret fails the whole keyring, and with it every pull of the pod.
    pub fn replay(secrets: &[&PullSecret]) -> Result<Self, Unreadable> {
        let mut keyring = Self::default();
        for secret in secrets {
            let config = match secret.read_as_kubelet() {
                Ok(Some(config)) => config,
                Ok(None) => continue,
                Err(why) => return Err(Unreadable { secret: secret.name.clone(), why }),
            };
            keyring.add(&secret.name, &config);
        }
        Ok(keyring)
    }

    /// `BasicDockerKeyring.Add`.
    pub(super) fn add(&mut self, secret: &ObjectName, config: &Config) {
        for entry in &config.entries {
            let Some(key) = normalise(&entry.key) else { continue };
            let slot = self.index.entry(key).or_insert_with_key(|key| Slot {
                pattern: Pattern::parse(key),
                matches: Vec::new(),
            });
            slot.matches.push(Match::new(secret, entry));
        }
    }

    /// The credentials for this image, in the order in which the kubelet tries them (`Lookup`).
    ///
    /// Empty: the pull is anonymous, as far as secrets go. Not empty: there is no anonymous try
    /// after them.
    pub fn lookup(&self, image: &ImageReference) -> Vec<Match> {
        let name = image.name();
        let Some(target) = Pattern::parse(name.as_bytes()) else { return Vec::new() };
        let found: Vec<Match> = self
            .index
            .values()
            .rev()
            .filter(|slot| slot.pattern.as_ref().is_some_and(|pattern| pattern.matches(&target)))
            .flat_map(|slot| slot.matches.iter().cloned())
            .collect();
        if found.is_empty() && is_default_registry(image.registry()) {
            return self
                .index
                .get(DEFAULT_REGISTRY)
                .map_or_else(Vec::new, |slot| slot.matches.clone());
        }
        found
    }
}

impl Match {
    fn new(secret: &ObjectName, entry: &RawEntry) -> Self {
        Self {
            secret: secret.clone(),
            key: without_credentials(&entry.key),
            user: UserName::of(entry),
            is_empty: entry.is_empty(),
        }
    }
}

/// `isDefaultRegistryMatch`: Docker Hub, and any host with neither dot nor port, `localhost` for
/// one.
fn is_default_registry(registry: &str) -> bool {
    registry == "docker.io" || !registry.contains(['.', ':'])
}

/// The key under which `Add` files an entry: scheme off, `/v1/` and `/v2/` off, user information
/// and query off. `None` where Go's URL parser refuses and the kubelet drops the entry.
pub(super) fn normalise(written: &str) -> Option<Vec<u8>> {
    let address = url::parse(without_scheme(written).as_bytes())?;
    let path = address.path.as_slice();
    let path =
        if path.starts_with(b"/v1/") || path.starts_with(b"/v2/") { &path[3..] } else { path };
    let mut key = address.host;
    if path != b"/" {
        key.extend_from_slice(path);
    }
    Some(key)
}

/// Only these two spellings are schemes to the kubelet; `HTTPS://` is a host with an empty port.
pub(super) fn without_scheme(written: &str) -> &str {
    written.strip_prefix("https://").or_else(|| written.strip_prefix("http://")).unwrap_or(written)
}

/// A key as it may be shown: some people put user and password in front of the host.
pub(super) fn without_credentials(written: &str) -> String {
    let after_scheme = written.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = written.split_at(after_scheme);
    let authority = rest.find('/').unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}[redacted]{}", &rest[at..]),
        None => written.to_owned(),
    }
}

/// A key or an image taken apart for comparison (`ParseSchemelessURL`, `SplitURL`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) labels: Vec<Vec<u8>>,
    pub(super) port: Vec<u8>,
    pub(super) path: Vec<u8>,
}

impl Pattern {
    pub(super) fn parse(key: &[u8]) -> Option<Self> {
        let address = url::parse(key)?;
        let (host, port) = url::split_host_port(&address.host);
        Some(Self {
            labels: host.split(|byte| *byte == b'.').map(<[u8]>::to_vec).collect(),
            port: port.to_vec(),
            path: address.path,
        })
    }

    /// `URLsMatch`: the port as text, label by label, and the path as a plain string prefix.
    pub(super) fn matches(&self, target: &Self) -> bool {
        self.port == target.port
            && self.labels.len() == target.labels.len()
            && target.path.starts_with(&self.path)
            && self
                .labels
                .iter()
                .zip(&target.labels)
                .all(|(glob, label)| label_matches(glob, label))
    }
}

/// `filepath.Match` on one label. Of its special characters only the star can be in a host that
/// Go's URL parser lets through, besides the brackets of an IPv6 address: without a port those stay,
/// and make the address a class of characters.
fn label_matches(glob: &[u8], label: &[u8]) -> bool {
    if let [b'[', class @ .., b']'] = glob {
        return matches!(label, [one] if class.contains(one));
    }
    if glob.contains(&b'[') {
        return false;
    }
    let mut parts = glob.split(|byte| *byte == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = label.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    // Taking each inner part where it first fits leaves the most for those behind it.
    for part in parts {
        let at = match part {
            [] => Some(0),
            part => rest.windows(part.len()).position(|window| window == part),
        };
        let Some(at) = at else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
