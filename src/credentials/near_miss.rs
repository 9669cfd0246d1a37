//! Keys that do not match an image and were probably meant to.
//!
//! Works on keys as people write them, more leniently than the kubelet; whether a key matches is
//! not decided here.

use std::fmt;

use super::keyring::{normalise, without_credentials};
use crate::image::ImageReference;
use crate::registry::{DOCKER_HUB_NAMES, EcrHost, Kind};

/// A key that does not match the image, and was probably meant to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The key as written, without any credentials in it.
    pub key: String,
    /// Why it does not match.
    pub why: Miss,
}

/// Why a key misses, the nearest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Miss {
    /// White space or a control character in it; the kubelet drops the entry, or takes it for a
    /// part of the path.
    WhiteSpace,
    /// A scheme that the kubelet does not take off: anything but `http://` and `https://` in lower
    /// case.
    Scheme {
        /// As written: `HTTPS://`, `oci://`.
        scheme: String,
    },
    /// `…/v1` or `…/v2` without the slash behind it, which makes a path of it.
    ApiPathWithoutSlash {
        /// `/v1` or `/v2`.
        path: String,
    },
    /// Capitals; keys match images to the letter.
    Case,
    /// It is not a URL that the kubelet can parse, so it drops the entry.
    Unparsable,
    /// Another name of Docker Hub, which the kubelet does not take for it.
    DockerHubAlias {
        /// That name.
        host: String,
    },
    /// The right host with another port. The text counts: no port is not 443.
    OtherPort {
        /// The key's, if it has one.
        key: Option<String>,
        /// The image's, if it has one.
        image: Option<String>,
    },
    /// The right host with a path that the image's repository does not begin with.
    OtherPath {
        /// The path that the kubelet compares.
        path: String,
    },
    /// An ECR registry of another account or region.
    EcrSibling {
        /// The key's account, where it differs.
        account: Option<String>,
        /// The key's region, where it differs.
        region: Option<String>,
    },
    /// The number of labels differs: `*.example.com` is neither `example.com` nor
    /// `a.b.example.com`, and `example.com` is not `reg.example.com`.
    Labels {
        /// Labels in the key's host.
        key: usize,
        /// Labels in the image's host.
        image: usize,
    },
    /// The address of the web site instead of the registry's.
    WebSite {
        /// The host in the key.
        host: String,
    },
    /// Another host of the same kind of registry.
    SiblingHost {
        /// The host in the key.
        host: String,
    },
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = |port: &Option<String>| match port {
            Some(port) => format!("port {port}"),
            None => "no port".to_owned(),
        };
        match self {
            Self::WhiteSpace => f.write_str("there is white space in the key"),
            Self::Scheme { scheme } => {
                write!(f, "the kubelet takes only http:// and https:// off, not {scheme}")
            }
            Self::ApiPathWithoutSlash { path } => {
                write!(f, "{path} needs a slash behind it, or it is compared with the repository")
            }
            Self::Case => f.write_str("keys match to the letter, and this one has other capitals"),
            Self::Unparsable => f.write_str("the key is no URL, so the kubelet drops the entry"),
            Self::DockerHubAlias { host } => {
                write!(f, "{host} is not a name under which the kubelet knows Docker Hub")
            }
            Self::OtherPort { key, image } => {
                write!(f, "the key has {}, the image {}", port(key), port(image))
            }
            Self::OtherPath { path } => {
                write!(f, "the key is only for repositories that begin with {path}")
            }
            Self::EcrSibling { account: Some(account), region: None } => {
                write!(f, "the key is for account {account}")
            }
            Self::EcrSibling { account: None, region: Some(region) } => {
                write!(f, "the key is for region {region}")
            }
            Self::EcrSibling { account, region } => write!(
                f,
                "the key is for account {} in region {}",
                account.as_deref().unwrap_or("?"),
                region.as_deref().unwrap_or("?")
            ),
            Self::Labels { key, image } => write!(
                f,
                "a star stands for one label and none is implied: the key's host has {key}, the \
                 image's {image}"
            ),
            Self::WebSite { host } => write!(f, "{host} is the web site, not the registry"),
            Self::SiblingHost { host } => write!(f, "the key is for {host}"),
        }
    }
}

/// Web sites whose registry has another host.
const WEB_SITES: &[(&str, Kind)] = &[
    ("github.com", Kind::Ghcr),
    ("www.github.com", Kind::Ghcr),
    ("gitlab.com", Kind::GitLab),
    ("www.quay.io", Kind::Quay),
    ("console.redhat.com", Kind::RedHat),
    ("access.redhat.com", Kind::RedHat),
    ("console.cloud.google.com", Kind::ArtifactRegistry),
    ("portal.azure.com", Kind::Acr),
];

/// The nearest of the keys, none of which matches the image.
pub(super) fn nearest<'a>(
    keys: impl Iterator<Item = &'a str>,
    image: &ImageReference,
) -> Option<NearMiss> {
    keys.filter_map(|key| Some((miss(key, image)?, key)))
        .min_by(|(a, _), (b, _)| a.cmp(b))
        .map(|(why, key)| NearMiss { key: without_credentials(key), why })
}

/// A key as its author meant it.
struct Meant<'a> {
    scheme: &'a str,
    host: String,
    port: Option<&'a str>,
    path: &'a str,
}

impl<'a> Meant<'a> {
    fn read(key: &'a str) -> Self {
        let key = key.trim();
        let (scheme, rest) = key.find("://").map_or(("", key), |at| key.split_at(at + 3));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = split_port(authority);
        Self { scheme, host: host.to_ascii_lowercase(), port, path }
    }
}

/// Host and port; an empty port is none.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port).filter(|p| !p.is_empty())),
        _ => (authority, None),
    }
}

fn miss(key: &str, image: &ImageReference) -> Option<Miss> {
    let meant = Meant::read(key);
    let (written_host, image_port) = split_port(image.registry());
    let image_host = written_host.to_ascii_lowercase();

    let is_hub = image_host == "docker.io";
    let same_host = meant.host == image_host || (is_hub && meant.host == "index.docker.io");
    if same_host && meant.port == image_port {
        return Some(same_registry(key, &meant, image));
    }
    if same_host {
        let own = |port: Option<&str>| port.map(str::to_owned);
        return Some(Miss::OtherPort { key: own(meant.port), image: own(image_port) });
    }
    if is_hub && DOCKER_HUB_NAMES.contains(&meant.host.as_str()) {
        return Some(Miss::DockerHubAlias { host: meant.host });
    }
    let sibling = (EcrHost::parse(&meant.host), EcrHost::parse(&image_host));
    if let (Some(key), Some(image)) = sibling {
        let differs = |key: &str, image: &str| (key != image).then(|| key.to_owned());
        return Some(Miss::EcrSibling {
            account: differs(key.account, image.account),
            region: differs(key.region, image.region),
        });
    }
    let kind = Kind::of_host(&image_host);
    if WEB_SITES.contains(&(meant.host.as_str(), kind)) {
        return Some(Miss::WebSite { host: meant.host });
    }
    if let Some(labels) = label_miss(&meant.host, &image_host) {
        return Some(labels);
    }
    let has_siblings =
        matches!(kind, Kind::ArtifactRegistry | Kind::Acr | Kind::RedHat | Kind::Ghcr);
    (has_siblings && Kind::of_host(&meant.host) == kind)
        .then_some(Miss::SiblingHost { host: meant.host })
}

/// Why a key with the image's host and port does not match.
fn same_registry(key: &str, meant: &Meant<'_>, image: &ImageReference) -> Miss {
    if key.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Miss::WhiteSpace;
    }
    if !matches!(meant.scheme, "" | "http://" | "https://") {
        return Miss::Scheme { scheme: meant.scheme.to_owned() };
    }
    let Some(normalised) = normalise(key) else { return Miss::Unparsable };
    if matches!(meant.path, "/v1" | "/v2") {
        return Miss::ApiPathWithoutSlash { path: meant.path.to_owned() };
    }
    let normalised = String::from_utf8_lossy(&normalised);
    let (host, path) = normalised.split_at(normalised.find('/').unwrap_or(normalised.len()));
    let repository = format!("/{}", image.repository());
    // Docker Hub's index serves only when it stands alone, whatever its path.
    let index_with_path = host == "index.docker.io" && !path.is_empty();
    if !index_with_path && repository.starts_with(&path.to_ascii_lowercase()) {
        return Miss::Case;
    }
    Miss::OtherPath { path: path.to_owned() }
}

/// Whether the hosts would be one but for the number of labels.
fn label_miss(key: &str, image: &str) -> Option<Miss> {
    let (wild, base) = match key.strip_prefix("*.") {
        Some(base) => (true, base),
        None => (false, key),
    };
    let under = image.strip_suffix(base).is_some_and(|rest| rest.ends_with('.'));
    // `io` or `com` alone is no near miss of anything.
    let related = base.contains('.') && (under || (wild && image == base));
    related.then(|| Miss::Labels { key: key.split('.').count(), image: image.split('.').count() })
}
