//! Facts that a message states besides its cause.

use std::fmt;

use crate::registry::Kind;

/// Facts that a message states. All of it is somebody else's text, made harmless by
/// [`crate::redact`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The image as the outermost frame names it.
    pub image: Option<String>,
    /// The registry that was asked for the image, as host or host:port.
    pub registry: Option<String>,
    /// The host that spoke or failed to, when it is not the image's own registry.
    pub host: Option<String>,
    /// What that other host is.
    pub host_role: Option<HostRole>,
    /// The name that was looked up.
    pub lookup: Option<String>,
    /// The address that was dialled, `ip:port`.
    pub address: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// Whether a credential went to the registry, where the words prove it.
    pub credential_sent: Option<bool>,
    /// The scope that was asked for or is missing: `repository:team/app:pull`.
    pub scope: Option<String>,
    /// The permission that is missing: `ecr:BatchGetImage`.
    pub permission: Option<String>,
    /// The platform that was wanted, and what there is.
    pub platforms: Option<Platforms>,
    /// What is said about a certificate.
    pub certificate: Option<Certificate>,
    /// The server's words about a limit or a quota.
    pub limit: Option<String>,
    /// The path that is full, broken or read-only.
    pub path: Option<String>,
    /// The pull secrets that the kubelet could not retrieve.
    pub missing_secrets: Vec<String>,
    /// The kubelet's version, as far as the words show it.
    pub kubelet: Option<VersionRange>,
    /// The runtime, and its version as far as the words show it.
    pub runtime: Option<RuntimeHint>,
    /// The registry's product, recognised by what it says; for hosts of one's own.
    pub registry_kind_by_words: Option<Kind>,
}

/// What a host other than the registry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostRole {
    /// It issues tokens for the registry.
    TokenServer,
    /// It stands in for the registry.
    Mirror,
    /// The registry sends clients there for layers.
    Storage,
    /// It stands on the way.
    Proxy,
    /// It was asked for the address.
    DnsServer,
}

/// Platforms, as `os/architecture[/variant]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platforms {
    /// What the node wants.
    pub wanted: Option<String>,
    /// What the image has.
    pub offered: Option<String>,
}

/// What is said about a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The names it is valid for.
    pub names: Vec<String>,
    /// The name that was wanted.
    pub wanted: Option<String>,
    /// The node's clock when it looked, as printed.
    pub clock: Option<String>,
    /// The end of its validity, when the clock is after it.
    pub not_after: Option<String>,
    /// The start of its validity, when the clock is before it.
    pub not_before: Option<String>,
}

/// A version: major and minor.
pub type Version = (u16, u16);

/// Versions from one to another, both included; an open end is None.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VersionRange {
    /// The first.
    pub from: Option<Version>,
    /// The last.
    pub to: Option<Version>,
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (Some(from), Some(to)) => write!(f, "{}.{} to {}.{}", from.0, from.1, to.0, to.1),
            (Some((major, minor)), None) => write!(f, "{major}.{minor} or newer"),
            (None, Some((major, minor))) => write!(f, "{major}.{minor} or older"),
            (None, None) => f.write_str("any version"),
        }
    }
}

/// Container runtimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Runtime {
    /// containerd.
    Containerd,
    /// CRI-O, and what else uses containers/image (podman, skopeo, buildah).
    CriO,
    /// Docker.
    Docker,
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Containerd => "containerd",
            Self::CriO => "CRI-O",
            Self::Docker => "Docker",
        })
    }
}

/// What the words show of the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeHint {
    /// Which it is.
    pub runtime: Runtime,
    /// Its versions, as far as the words show them.
    pub versions: VersionRange,
}
