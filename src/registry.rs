//! Which registry a host is, and what its manners mean for credentials.
//!
//! Knows names only: nothing is asked, and a host that only its owner could place is
//! [`Kind::Other`]. Must not know pods or secrets.

/// Registries whose manners differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// docker.io.
    DockerHub,
    /// Amazon ECR, private: `<account>.dkr.ecr.<region>.amazonaws.com`.
    Ecr,
    /// Amazon ECR Public: `public.ecr.aws`.
    EcrPublic,
    /// Google Artifact Registry and the gcr.io names it serves.
    ArtifactRegistry,
    /// Azure Container Registry.
    Acr,
    /// GitHub's ghcr.io.
    Ghcr,
    /// GitLab's registry.
    GitLab,
    /// Red Hat Quay.
    Quay,
    /// Harbor.
    Harbor,
    /// `JFrog` Artifactory.
    Artifactory,
    /// Sonatype Nexus.
    Nexus,
    /// The Kubernetes project's registry.k8s.io.
    Kubernetes,
    /// registry.redhat.io and its neighbours.
    RedHat,
    /// Microsoft's mcr.microsoft.com.
    Mcr,
    /// The registry inside an `OpenShift` cluster.
    OpenShift,
    /// Any other.
    Other,
}

/// The names under which Docker Hub is met. Only the first is what images are normalised to; the
/// second is the one alias that the kubelet's keyring honours.
pub const DOCKER_HUB_NAMES: &[&str] = &[
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "registry.docker.io",
    "auth.docker.io",
    "hub.docker.com",
    "registry.hub.docker.com",
    "cloud.docker.com",
    "www.docker.com",
    "docker.com",
];

/// Hosts that are one registry each.
const EXACT: &[(&str, Kind)] = &[
    ("public.ecr.aws", Kind::EcrPublic),
    ("ecr-public.aws.com", Kind::EcrPublic), // its dual-stack name
    ("gcr.io", Kind::ArtifactRegistry),
    ("ghcr.io", Kind::Ghcr),
    ("docker.pkg.github.com", Kind::Ghcr),
    ("quay.io", Kind::Quay),
    ("registry.k8s.io", Kind::Kubernetes),
    ("k8s.gcr.io", Kind::Kubernetes),
    ("registry.redhat.io", Kind::RedHat),
    ("registry.connect.redhat.com", Kind::RedHat),
    ("registry.access.redhat.com", Kind::RedHat),
    ("mcr.microsoft.com", Kind::Mcr),
    ("registry.gitlab.com", Kind::GitLab),
    ("image-registry.openshift-image-registry.svc", Kind::OpenShift),
    ("image-registry.openshift-image-registry.svc.cluster.local", Kind::OpenShift),
];

/// Domains under which every customer has a host of their own.
const DOMAINS: &[(&str, Kind)] = &[
    ("pkg.dev", Kind::ArtifactRegistry),
    ("gcr.io", Kind::ArtifactRegistry),
    // Azure, and its sovereign clouds in China, for the US government and (until 2021) Germany.
    ("azurecr.io", Kind::Acr),
    ("azurecr.cn", Kind::Acr),
    ("azurecr.us", Kind::Acr),
    ("azurecr.de", Kind::Acr),
    // GitHub Enterprise Cloud with data residency: containers.<tenant>.ghe.com.
    ("ghe.com", Kind::Ghcr),
    ("jfrog.io", Kind::Artifactory),
];

/// First labels by which owners give away what they run: `harbor.example.com`.
const FIRST_LABELS: &[(&str, Kind)] = &[
    ("harbor", Kind::Harbor),
    ("quay", Kind::Quay),
    ("artifactory", Kind::Artifactory),
    ("jfrog", Kind::Artifactory),
    ("nexus", Kind::Nexus),
    ("nexus3", Kind::Nexus),
    ("default-route-openshift-image-registry", Kind::OpenShift),
];

impl Kind {
    /// The registry behind a host, which may carry a port.
    pub fn of_host(host: &str) -> Self {
        let lower = without_port(host).to_ascii_lowercase();
        let host = lower.as_str();
        if DOCKER_HUB_NAMES.contains(&host) {
            return Self::DockerHub;
        }
        if let Some((_, kind)) = EXACT.iter().find(|(name, _)| *name == host) {
            return *kind;
        }
        if EcrHost::parse(host).is_some() {
            return Self::Ecr;
        }
        if let Some((_, kind)) = DOMAINS.iter().find(|(domain, _)| is_under(host, domain)) {
            return *kind;
        }
        // `registry.gitlab.example.com` and `gitlab.example.com:5050` are what GitLab's own
        // documentation proposes.
        let mut labels = host.split('.');
        let first = labels.next().unwrap_or_default();
        if first == "gitlab" || (first == "registry" && labels.next() == Some("gitlab")) {
            return Self::GitLab;
        }
        FIRST_LABELS
            .iter()
            .find(|(label, _)| *label == first)
            .map_or(Self::Other, |(_, kind)| *kind)
    }

    /// Whether strangers share its hosts, so that what is wrong with one owner's credentials says
    /// nothing about another's.
    pub fn is_shared(self) -> bool {
        match self {
            Self::DockerHub
            | Self::EcrPublic
            | Self::ArtifactRegistry
            | Self::Ghcr
            | Self::GitLab
            | Self::Quay
            | Self::Kubernetes
            | Self::RedHat
            | Self::Mcr => true,
            Self::Ecr
            | Self::Acr
            | Self::Harbor
            | Self::Artifactory
            | Self::Nexus
            | Self::OpenShift
            | Self::Other => false,
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DockerHub => "Docker Hub",
            Self::Ecr => "Amazon ECR",
            Self::EcrPublic => "Amazon ECR Public",
            Self::ArtifactRegistry => "Google Artifact Registry",
            Self::Acr => "Azure Container Registry",
            Self::Ghcr => "GitHub Container Registry",
            Self::GitLab => "GitLab Container Registry",
            Self::Quay => "Quay",
            Self::Harbor => "Harbor",
            Self::Artifactory => "Artifactory",
            Self::Nexus => "Nexus",
            Self::Kubernetes => "the Kubernetes registry",
            Self::RedHat => "Red Hat's registry",
            Self::Mcr => "Microsoft Artifact Registry",
            Self::OpenShift => "the OpenShift image registry",
            Self::Other => "the registry",
        }
    }

    /// Whether everything in it is public, so that a pull secret is never what is missing.
    ///
    /// ECR Public takes a login for higher limits, and still has nothing that needs one.
    pub fn is_public_only(self) -> bool {
        matches!(self, Self::Kubernetes | Self::Mcr | Self::EcrPublic)
    }

    /// What the user name in credentials for it is, for people: a fixed word where there is one.
    /// `None` when it is whatever account its owner gave.
    pub fn user_name(self) -> Option<&'static str> {
        match self {
            Self::DockerHub => Some("the Docker Hub account's name"),
            Self::Ecr | Self::EcrPublic => Some("AWS"),
            Self::ArtifactRegistry => {
                Some("_json_key for a service account's key, oauth2accesstoken for a token")
            }
            Self::Acr => Some("a token's name or a service principal's id"),
            Self::Ghcr => Some("the GitHub user's name"),
            Self::GitLab => Some("a deploy token's name"),
            Self::Quay => Some("a robot account, such as org+name"),
            Self::Harbor => Some("a robot account, such as robot$project+name"),
            Self::RedHat => Some("a registry service account, such as 1234567|name"),
            Self::OpenShift => Some("serviceaccount"),
            Self::Artifactory | Self::Nexus | Self::Kubernetes | Self::Mcr | Self::Other => None,
        }
    }
}

/// What `kubectl create secret docker-registry --docker-server` wants for images of this registry.
///
/// The kubelet also takes `docker.io` for Docker Hub, but docker, podman and buildkit write and
/// read this key, and so does kubectl when the flag is left out.
pub fn docker_server(registry: &str) -> &str {
    if registry == "docker.io" { "https://index.docker.io/v1/" } else { registry }
}

/// The parts of a private ECR host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcrHost<'a> {
    /// The twelve-digit account.
    pub account: &'a str,
    /// The region, such as `eu-central-1`.
    pub region: &'a str,
}

impl<'a> EcrHost<'a> {
    /// Takes the host apart; `None` when it is not a private ECR host.
    ///
    /// `<account>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]`, and the dual-stack form
    /// `<account>.dkr-ecr[-fips].<region>.on.aws` (`ecrPattern` in
    /// kubernetes/cloud-provider-aws, cmd/ecr-credential-provider).
    pub fn parse(host: &'a str) -> Option<Self> {
        let (account, rest) = without_port(host).split_once('.')?;
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (rest, domains): (&str, &[&str]) = if let Some(rest) = rest.strip_prefix("dkr.ecr") {
            (rest, AWS_DOMAINS)
        } else {
            (rest.strip_prefix("dkr-ecr")?, &["on.aws", "on.amazonwebservices.com.cn"])
        };
        let (region, domain) =
            rest.strip_prefix("-fips").unwrap_or(rest).strip_prefix('.')?.split_once('.')?;
        (!region.is_empty() && domains.contains(&domain)).then_some(Self { account, region })
    }
}

/// The domains of AWS's partitions: commercial with the US government's, China, and the isolated ones.
const AWS_DOMAINS: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "amazonaws.eu",
];

/// The host without its port. An IPv6 address keeps its brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    }
}

/// Whether the host has at least one label of its own in front of the domain.
fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .and_then(|rest| rest.strip_suffix('.'))
        .is_some_and(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_placed_on_label_boundaries() {
        for (host, kind) in [
            ("docker.io", Kind::DockerHub),
            ("index.docker.io", Kind::DockerHub),
            ("registry-1.docker.io", Kind::DockerHub),
            ("hub.docker.com", Kind::DockerHub),
            ("notdocker.io", Kind::Other),
            ("docker.io.example.com", Kind::Other),
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", Kind::Ecr),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", Kind::Ecr),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", Kind::Ecr),
            ("123456789012.dkr-ecr.eu-west-1.on.aws", Kind::Ecr),
            ("12345.dkr.ecr.eu-central-1.amazonaws.com", Kind::Other),
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.io", Kind::Other),
            ("public.ecr.aws", Kind::EcrPublic),
            ("gcr.io", Kind::ArtifactRegistry),
            ("eu.gcr.io", Kind::ArtifactRegistry),
            ("europe-west3-docker.pkg.dev", Kind::ArtifactRegistry),
            ("notgcr.io", Kind::Other),
            ("pkg.dev", Kind::Other),
            ("k8s.gcr.io", Kind::Kubernetes),
            ("registry.k8s.io", Kind::Kubernetes),
            ("acme.azurecr.io", Kind::Acr),
            ("acme.azurecr.cn", Kind::Acr),
            ("acme.azurecr.us", Kind::Acr),
            ("azurecr.io", Kind::Other),
            ("ghcr.io", Kind::Ghcr),
            ("containers.acme.ghe.com", Kind::Ghcr),
            ("registry.gitlab.com", Kind::GitLab),
            ("registry.gitlab.example.com", Kind::GitLab),
            ("gitlab.example.com:5050", Kind::GitLab),
            ("quay.io", Kind::Quay),
            ("quay.example.com", Kind::Quay),
            ("harbor.example.com:8443", Kind::Harbor),
            ("harbour.example.com", Kind::Other),
            ("acme.jfrog.io", Kind::Artifactory),
            ("acme-docker.jfrog.io", Kind::Artifactory),
            ("artifactory.acme.com", Kind::Artifactory),
            ("nexus.acme.com:8083", Kind::Nexus),
            ("registry.redhat.io", Kind::RedHat),
            ("registry.access.redhat.com", Kind::RedHat),
            ("mcr.microsoft.com", Kind::Mcr),
            ("image-registry.openshift-image-registry.svc:5000", Kind::OpenShift),
            ("default-route-openshift-image-registry.apps.acme.com", Kind::OpenShift),
            ("GHCR.io", Kind::Ghcr),
            ("localhost:5000", Kind::Other),
            ("[::1]:5000", Kind::Other),
            ("[::1]", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::of_host(host), kind, "{host}");
        }
    }

    #[test]
    fn ecr_hosts_come_apart() {
        let host = EcrHost::parse("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn:443");
        assert_eq!(host, Some(EcrHost { account: "123456789012", region: "cn-north-1" }));
        assert_eq!(EcrHost::parse("public.ecr.aws"), None);
        assert_eq!(EcrHost::parse("123456789012.dkr.ecr.amazonaws.com"), None);
    }

    #[test]
    fn the_server_of_a_pull_secret() {
        assert_eq!(docker_server("docker.io"), "https://index.docker.io/v1/");
        assert_eq!(docker_server("reg.example.com:5000"), "reg.example.com:5000");
    }
}
