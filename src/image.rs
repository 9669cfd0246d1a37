//! Image references, parsed and normalised as the container runtimes do.
//!
//! Follows `github.com/distribution/reference` at 0965666 (`ParseDockerRef` over
//! `ParseNormalizedNamed`), which the kubelet, containerd and CRI-O share: the kubelet refuses with
//! `InvalidImageName` what this refuses, and looks credentials up under the name that this gives.
//! On top of that library, a refusal says why, and what was probably meant.
//!
//! Must not know registries beyond Docker Hub's own names; see [`crate::registry`] for those.

mod flaw;
mod grammar;

use std::fmt;
use std::str::FromStr;

pub use flaw::{Flaw, InvalidReference};

/// The normalised host of Docker Hub (`defaultDomain` in normalize.go).
const DOCKER_HUB: &str = "docker.io";

/// Docker Hub's name from the days of the v1 protocol, folded into [`DOCKER_HUB`]
/// (`legacyDefaultDomain`).
const DOCKER_INDEX: &str = "index.docker.io";

/// The namespace of Docker Hub's official images (`officialRepoPrefix`).
const OFFICIAL: &str = "library/";

/// What the runtimes ask for when neither tag nor digest is written (`defaultTag`).
const DEFAULT_TAG: &str = "latest";

/// The longest repository path (`RepositoryNameTotalLengthMax` in reference.go).
const REPOSITORY_MAX: usize = 255;

/// A parsed image reference in its normalised form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    registry: String,
    repository: String,
    written_tag: Option<String>,
    digest: Option<String>,
}

impl ImageReference {
    /// Parses an image as a pod names it (`ParseDockerRef` in normalize.go).
    pub fn parse(written: &str) -> Result<Self, InvalidReference> {
        read(written).map_err(|flaw| InvalidReference::new(flaw, written))
    }

    /// The registry's host, with its port when one is written: `docker.io`, `reg.example.com:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository's path: `library/nginx`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag that the runtime asks for: the one written, `latest` when neither tag nor digest is
    /// written, none when a digest is.
    pub fn tag(&self) -> Option<&str> {
        match (&self.digest, &self.written_tag) {
            (Some(_), _) => None,
            (None, Some(tag)) => Some(tag),
            (None, None) => Some(DEFAULT_TAG),
        }
    }

    /// The tag as written, also where a digest makes the runtime ignore it. `None` where none is
    /// written.
    pub fn written_tag(&self) -> Option<&str> {
        self.written_tag.as_deref()
    }

    /// The digest: `sha256:…`.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Registry and repository, `docker.io/library/nginx`: what the kubelet looks credentials up by.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The shortest form that means the same: `nginx` for `docker.io/library/nginx:latest`.
    pub fn familiar(&self) -> String {
        let name = match (self.registry.as_str(), self.repository.strip_prefix(OFFICIAL)) {
            (DOCKER_HUB, Some(official)) if !official.contains('/') => official.to_owned(),
            (DOCKER_HUB, _) => self.repository.clone(),
            _ => self.name(),
        };
        match (&self.digest, self.tag()) {
            (Some(digest), _) => format!("{name}@{digest}"),
            (None, Some(tag)) if self.written_tag.is_some() => format!("{name}:{tag}"),
            (None, _) => name,
        }
    }

    /// The host that a runtime connects to: `registry-1.docker.io` for Docker Hub, else the
    /// registry (`DefaultHost` in containerd's core/remotes/docker/registry.go).
    pub fn pull_host(&self) -> &str {
        if self.registry == DOCKER_HUB { "registry-1.docker.io" } else { &self.registry }
    }
}

/// The normalised form, as it stands in the runtimes' messages.
impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        match (&self.digest, self.tag()) {
            (Some(digest), _) => write!(f, "@{digest}"),
            (None, Some(tag)) => write!(f, ":{tag}"),
            (None, None) => Ok(()),
        }
    }
}

impl FromStr for ImageReference {
    type Err = InvalidReference;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        Self::parse(written)
    }
}

/// Splits and checks, in the order in which a reader would want to hear of what is wrong.
///
/// Upstream matches one regular expression, so it can only say that the whole is invalid; what is
/// accepted is the same.
fn read(written: &str) -> Result<ImageReference, Flaw> {
    flaw::look_for_the_obvious(written)?;
    if grammar::is_identifier(written) {
        return Err(Flaw::BareIdentifier);
    }
    let (registry, remainder) = split_registry(written);

    // A digest holds the one `@` that a reference may have, and a colon of its own: cut it first.
    let (rest, digest) = match remainder.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (remainder.as_str(), None),
    };
    let (repository, tag) = match rest.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (rest, None),
    };

    // A host with an underscore is no domain to upstream, but a valid first part of a path, and the
    // runtimes then connect to it all the same.
    if !grammar::is_domain(&registry) && !grammar::is_path_component(&registry) {
        return Err(Flaw::Registry(registry));
    }
    check_repository(repository).map_err(|flaw| flaw.without_official(written))?;
    if let Some(tag) = tag {
        check_tag(tag)?;
    }
    if let Some(digest) = digest {
        check_digest(digest)?;
    }
    Ok(ImageReference {
        registry,
        repository: repository.to_owned(),
        written_tag: tag.map(str::to_owned),
        digest: digest.map(str::to_owned),
    })
}

/// `splitDockerDomain` in normalize.go: the first component is a registry when it looks like one.
fn split_registry(written: &str) -> (String, String) {
    let Some((first, rest)) = written.split_once('/') else {
        return (DOCKER_HUB.to_owned(), format!("{OFFICIAL}{written}"));
    };
    let (registry, remainder) = if first == DOCKER_INDEX {
        (DOCKER_HUB, rest)
    } else if first == "localhost"
        || first.contains(['.', ':'])
        || first.chars().any(char::is_uppercase)
    {
        (first, rest)
    } else {
        (DOCKER_HUB, written)
    };
    if registry == DOCKER_HUB && !remainder.contains('/') {
        return (registry.to_owned(), format!("{OFFICIAL}{remainder}"));
    }
    (registry.to_owned(), remainder.to_owned())
}

fn check_repository(repository: &str) -> Result<(), Flaw> {
    if repository.is_empty() {
        return Err(Flaw::NoRepository);
    }
    if repository.chars().any(char::is_uppercase) {
        return Err(Flaw::Uppercase(repository.to_owned()));
    }
    for component in repository.split('/') {
        if component.is_empty() {
            return Err(if repository.ends_with('/') {
                Flaw::TrailingSlash
            } else {
                Flaw::EmptyComponent
            });
        }
        if !grammar::is_path_component(component) {
            return Err(Flaw::Component(component.to_owned()));
        }
    }
    if repository.len() > REPOSITORY_MAX {
        return Err(Flaw::TooLong(repository.len()));
    }
    Ok(())
}

fn check_tag(tag: &str) -> Result<(), Flaw> {
    if tag.is_empty() {
        return Err(Flaw::EmptyTag);
    }
    if tag.contains(':') {
        return Err(Flaw::TwoTags);
    }
    if tag.contains('/') {
        return Err(Flaw::TagBeforePath(tag.to_owned()));
    }
    if !grammar::is_tag(tag) {
        return Err(Flaw::Tag(tag.to_owned()));
    }
    Ok(())
}

fn check_digest(digest: &str) -> Result<(), Flaw> {
    if digest.contains('@') {
        return Err(Flaw::TwoDigests);
    }
    let Some((algorithm, encoded)) = digest.split_once(':') else {
        return Err(Flaw::Digest(digest.to_owned()));
    };
    // go-digest: algorithm.go. The kubelet and the runtimes link all three.
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return Err(Flaw::DigestAlgorithm(algorithm.to_owned())),
    };
    if encoded.len() != length {
        return Err(Flaw::DigestLength { expected: length, found: encoded.len() });
    }
    if !encoded.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(Flaw::Digest(digest.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
