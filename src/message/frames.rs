//! Frames: the words that kubelets, runtimes and tools put around an error.
//!
//! Frames name no cause. They show that an image was being pulled, where user text stands, who
//! spoke, and where one message holds several errors.

use super::details::{Runtime, Version};
use crate::registry::Kind;

/// What a frame's phrase is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It shows that an image was being pulled, or had to be.
    Pull,
    /// An image reference follows, in quotes; the phrase ends with the opening quote.
    Quoted,
    /// A name of something else follows, in quotes.
    Other,
    /// The rest of this error repeats or disguises it: CRI-O's second try, for an artifact.
    Echo,
    /// A list of mirrors' errors starts.
    Mirrors,
    /// A list of mirrors' errors ends; the upstream's follows.
    MirrorsEnd,
    /// One more error of a list starts after the comma.
    Next,
    /// A landmark for the details.
    Marks(Mark),
    /// Only kubelets of these versions print it: the first and the last; (0, 0) is an open end.
    Kubelet(Version, Version),
    /// Only this runtime prints it, in these versions; (0, 0) is an open end.
    RuntimeIs(Runtime, Version, Version),
    /// Only this product says so.
    Says(Kind),
}

/// What a mark is a landmark of, for the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A URL's `://`.
    Url,
    /// An address that was dialled follows.
    Dial,
    /// The two ends of a connection follow.
    Read,
    /// A host that was looked up follows.
    Lookup,
    /// A registry's host follows.
    Host,
    /// A URL's query that only mirrors and proxies get.
    Namespace,
    /// A token's scope follows, in a URL.
    Scope,
    /// The token server was asked.
    TokenServer,
    /// No credential was sent.
    Anonymous,
    /// A credential was sent.
    Credential,
    /// Layers were fetched.
    Blob,
    /// A proxy was dialled.
    Proxy,
    /// A permission follows, bare.
    Action,
    /// A permission follows, if what follows looks like one.
    Missing,
    /// A permission follows, in quotes.
    Permission,
    /// The architecture that was wanted follows.
    Architecture,
    /// The platform that was wanted follows.
    Platform,
    /// The platform that the image has follows.
    Offered,
    /// The image's and the host's version of Windows follow.
    Windows,
    /// The names of a certificate follow.
    Names,
    /// The name that a certificate should have follows.
    Wanted,
    /// The node's clock follows.
    Clock,
    /// Names of pull secrets follow, in parentheses.
    Secrets,
    /// An image's name follows, bare.
    Image,
    /// A path follows, as the operating system's error names it.
    Path,
    /// A server's words about a limit.
    Limit,
}

use Role::{Echo, Kubelet, Marks, Mirrors, MirrorsEnd, Next, Other, Pull, Quoted, RuntimeIs, Says};

/// All frames. Lower case.
///
/// Kubelet: `images/image_manager.go`, `kuberuntime/kuberuntime_sandbox.go` (1.18 to 1.36);
/// containerd: `internal/cri/server/image_pull.go` and `core/transfer/local/pull.go` (1.6 to 2.3);
/// CRI-O: `internal/storage/image.go` (1.20 to 1.37); moby: `distribution/` (19.03 to 29).
pub(super) const FRAMES: &[(&str, Role)] = &[
    ("failed to pull image", Pull),
    ("failed to \"pullimage\"", Pull),
    ("pulling image", Pull),
    ("pulling the image", Pull),
    ("pull the image", Pull),
    ("pull image", Pull),
    ("pulled image", Pull),
    ("pulling from host", Pull),
    ("pullimage", Pull),
    ("errimagepull", Pull),
    ("imagepullbackoff", Pull),
    ("errimageneverpull", Pull),
    ("pull policy of never", Pull),
    ("imageinspecterror", Pull),
    ("invalidimagename", Pull),
    ("registryunavailable", Pull),
    ("signaturevalidationfailed", Pull),
    ("image pull", Pull),
    ("imagepull", Pull),
    ("failed to pull and unpack image", Pull),
    ("failed to resolve reference", Pull),
    ("failed to resolve image", Pull),
    ("failed to get sandbox image", Pull),
    ("failed pulling image", Pull),
    ("failed to inspect sandbox image", Pull),
    ("failed to inspect image", Pull),
    ("failed to apply default image tag", Pull),
    ("couldn't parse image", Pull),
    ("failed to parse image reference", Pull),
    ("unable to pull image", Pull),
    ("unable to pull", Pull),
    ("error pulling", Pull),
    ("trying to pull", Pull),
    ("initializing source", Pull),
    ("error initializing source", Pull),
    ("pinging container registry", Pull),
    ("pinging docker registry", Pull),
    ("reading manifest", Pull),
    ("requesting bearer token", Pull),
    ("pull access denied", Pull),
    ("httpreadseeker", Pull),
    ("failed to extract layer", Pull),
    ("failed to register layer", Pull),
    ("image pull secrets", Pull),
    ("could not reach any registry endpoint", Pull),
    ("failed to resolve source metadata", Pull),
    ("failed to do request: head", Pull),
    ("failed to fetch anonymous token", Pull),
    ("failed to fetch oauth token", Pull),
    ("could not fetch content", Pull),
    ("copying system image from manifest list", Pull),
    ("determining manifest mime type", Pull),
    ("unable to copy from source", Pull),
    ("fetching blob", Pull),
    ("failed to handle layer", Pull),
    ("failed to get decrypt key", Pull),
    ("/policy.json", Pull),
    ("policy.json file found", Pull),
    ("/registries.conf", Pull),
    ("no such image", Pull),
    ("docker pull", Pull),
    ("podman pull", Pull),
    ("crictl pull", Pull),
    ("docker://", Pull),
    ("image \"", Quoted),
    ("images \"", Quoted),
    ("image: \"", Quoted),
    ("image=\"", Quoted),
    ("image tag \"", Quoted),
    ("image name \"", Quoted),
    ("image reference \"", Quoted),
    ("reference \"", Quoted),
    ("pullimage \"", Quoted),
    ("imageinspect \"", Quoted),
    ("for \"", Other),
    ("pod \"", Other),
    ("pod=\"", Other),
    ("container \"", Other),
    ("containername=\"", Other),
    ("pod sandbox \"", Other),
    ("; artifact err: ", Echo),
    ("mirrors also failed: [", Mirrors),
    ("]): ", MirrorsEnd),
    (", rpc error: ", Next),
    (", failed to pull and unpack image", Next),
    (", initializing source", Next),
    (", unable to pull image", Next),
    (", unable to try pulling", Next),
    (", reading manifest", Next),
    (", error response from daemon", Next),
    (", registryunavailable: ", Next),
    (", signaturevalidationfailed: ", Next),
    (", get image config descriptor", Next),
    ("://", Marks(Mark::Url)),
    ("dial tcp ", Marks(Mark::Dial)),
    ("read tcp ", Marks(Mark::Read)),
    ("write tcp ", Marks(Mark::Read)),
    ("lookup ", Marks(Mark::Lookup)),
    ("pulling from host ", Marks(Mark::Host)),
    ("pinging container registry ", Marks(Mark::Host)),
    ("pinging docker registry ", Marks(Mark::Host)),
    ("?ns=", Marks(Mark::Namespace)),
    ("scope=", Marks(Mark::Scope)),
    ("failed to authorize", Marks(Mark::TokenServer)),
    ("requesting bearer token", Marks(Mark::TokenServer)),
    ("retrieve auth token", Marks(Mark::TokenServer)),
    ("failed to fetch anonymous token", Marks(Mark::Anonymous)),
    ("no basic auth credentials", Marks(Mark::Anonymous)),
    ("unauthenticated request", Marks(Mark::Anonymous)),
    ("unauthenticated pull rate limit", Marks(Mark::Anonymous)),
    ("anonymous users", Marks(Mark::Anonymous)),
    ("failed to fetch oauth token", Marks(Mark::Credential)),
    ("incorrect username or password", Marks(Mark::Credential)),
    ("http basic: access denied", Marks(Mark::Credential)),
    ("authorization token has expired", Marks(Mark::Credential)),
    ("could not find robot", Marks(Mark::Credential)),
    ("not authorized to perform", Marks(Mark::Credential)),
    ("cannot be authenticated with the token", Marks(Mark::Credential)),
    ("httpreadseeker: failed open", Marks(Mark::Blob)),
    ("fetching blob", Marks(Mark::Blob)),
    ("reading blob", Marks(Mark::Blob)),
    ("error pulling image configuration", Marks(Mark::Blob)),
    ("failed to copy", Marks(Mark::Blob)),
    ("proxyconnect", Marks(Mark::Proxy)),
    ("not authorized to perform: ", Marks(Mark::Action)),
    ("permission \"", Marks(Mark::Permission)),
    ("permission '", Marks(Mark::Permission)),
    ("permission_denied: ", Marks(Mark::Missing)),
    ("does not have ", Marks(Mark::Missing)),
    ("for architecture ", Marks(Mark::Architecture)),
    ("no matching manifest for ", Marks(Mark::Platform)),
    ("no child with platform ", Marks(Mark::Platform)),
    ("host platform (", Marks(Mark::Platform)),
    ("specified platform (", Marks(Mark::Platform)),
    ("expected platform (", Marks(Mark::Platform)),
    ("when requesting \"", Marks(Mark::Platform)),
    ("image's platform (", Marks(Mark::Offered)),
    ("image platform (", Marks(Mark::Offered)),
    ("image operating system \"", Marks(Mark::Offered)),
    ("image with operating system \"", Marks(Mark::Offered)),
    ("windows version ", Marks(Mark::Windows)),
    ("certificate is valid for ", Marks(Mark::Names)),
    ("wanted to match ", Marks(Mark::Wanted)),
    ("cannot validate certificate for ", Marks(Mark::Wanted)),
    ("current time ", Marks(Mark::Clock)),
    ("image pull secrets (", Marks(Mark::Secrets)),
    ("docker://", Marks(Mark::Image)),
    ("pull access denied for ", Marks(Mark::Image)),
    ("source metadata for ", Marks(Mark::Image)),
    ("pulling candidate ", Marks(Mark::Image)),
    ("manifest for ", Marks(Mark::Image)),
    ("open /", Marks(Mark::Path)),
    ("write /", Marks(Mark::Path)),
    ("mkdir /", Marks(Mark::Path)),
    ("sync /", Marks(Mark::Path)),
    ("rename /", Marks(Mark::Path)),
    ("open c:\\", Marks(Mark::Path)),
    ("write c:\\", Marks(Mark::Path)),
    ("mkdir c:\\", Marks(Mark::Path)),
    ("rename c:\\", Marks(Mark::Path)),
    ("pull rate limit", Marks(Mark::Limit)),
    ("toomanyrequests: ", Marks(Mark::Limit)),
    ("quota", Marks(Mark::Limit)),
    ("couldn't parse image reference", Kubelet((0, 0), (1, 27))),
    ("couldn't parse image name", Kubelet((1, 28), (0, 0))),
    ("unable to retrieve some image pull secrets", Kubelet((1, 28), (0, 0))),
    ("bytes.", Kubelet((1, 30), (0, 0))),
    ("failed to inspect image \"\"", Kubelet((1, 32), (0, 0))),
    ("and can be accessed by the pod", Kubelet((1, 33), (0, 0))),
    ("failed to pull and unpack image", RuntimeIs(Runtime::Containerd, (0, 0), (0, 0))),
    ("failed to resolve reference", RuntimeIs(Runtime::Containerd, (0, 0), (0, 0))),
    ("failed to resolve image: ", RuntimeIs(Runtime::Containerd, (2, 1), (0, 0))),
    ("get image config descriptor", RuntimeIs(Runtime::Containerd, (2, 1), (0, 0))),
    ("pulling from host", RuntimeIs(Runtime::Containerd, (0, 0), (1, 6))),
    ("unexpected status from ", RuntimeIs(Runtime::Containerd, (1, 6), (0, 0))),
    ("httpreadseeker", RuntimeIs(Runtime::Containerd, (1, 5), (0, 0))),
    ("httpreader:", RuntimeIs(Runtime::Containerd, (0, 0), (1, 4))),
    ("short read: expected", RuntimeIs(Runtime::Containerd, (2, 1), (0, 0))),
    ("containerd-mount", RuntimeIs(Runtime::Containerd, (0, 0), (0, 0))),
    ("initializing source", RuntimeIs(Runtime::CriO, (0, 0), (0, 0))),
    ("pinging container registry", RuntimeIs(Runtime::CriO, (0, 0), (0, 0))),
    ("pinging docker registry", RuntimeIs(Runtime::CriO, (0, 0), (1, 23))),
    ("reading manifest", RuntimeIs(Runtime::CriO, (0, 0), (0, 0))),
    ("unable to pull image or oci artifact", RuntimeIs(Runtime::CriO, (1, 33), (0, 0))),
    ("unable to try pulling possible oci artifact", RuntimeIs(Runtime::CriO, (1, 33), (1, 33))),
    ("invalid status code from registry", RuntimeIs(Runtime::CriO, (0, 0), (1, 32))),
    ("error response from daemon", RuntimeIs(Runtime::Docker, (0, 0), (0, 0))),
    ("failed to register layer", RuntimeIs(Runtime::Docker, (0, 0), (0, 0))),
    ("the named manifest is not known to the registry", Says(Kind::Artifactory)),
    ("the client does not have permission for manifest", Says(Kind::Artifactory)),
    ("xray", Says(Kind::Artifactory)),
    ("artifactory", Says(Kind::Artifactory)),
    ("unauthorized to access repository", Says(Kind::Harbor)),
    ("cannot be pulled due to configured policy", Says(Kind::Harbor)),
    ("not signed by cosign", Says(Kind::Harbor)),
    ("not signed by notation", Says(Kind::Harbor)),
    ("too many requests to upstream registry", Says(Kind::Harbor)),
    ("robot$", Says(Kind::Harbor)),
    ("service=harbor-registry", Says(Kind::Harbor)),
    ("unknown: artifact ", Says(Kind::Harbor)),
    ("access to the requested resource is not authorized", Says(Kind::Quay)),
    ("could not find robot", Says(Kind::Quay)),
    ("revive via time machine", Says(Kind::Quay)),
    ("tag has expired", Says(Kind::Quay)),
    ("/jwt/auth", Says(Kind::GitLab)),
    ("http basic: access denied", Says(Kind::GitLab)),
    ("denied: access forbidden", Says(Kind::GitLab)),
    ("docker either authorization header is missing", Says(Kind::Nexus)),
    ("repository firewall", Says(Kind::Nexus)),
    ("//aka.ms/acr", Says(Kind::Acr)),
    ("ecr:", Says(Kind::Ecr)),
    ("artifactregistry.", Says(Kind::ArtifactRegistry)),
];
