//! What can go wrong between a request and its answer: one variant a fault, so that a time-out is
//! never mistaken for a refusal, nor a proxy's login page for a broken cluster.
//!
//! Every text that a server wrote has passed [`crate::redact`] before it gets in here; no request
//! or response body ever does.

use std::time::Duration;

use super::listed;
use crate::facts::{ObjectName, Time};

/// Why the API server gave no usable answer. `server` is its scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiFault {
    /// No connection came about.
    #[error("cannot reach the API server {server}{}: {why}", through(proxy.as_ref()))]
    Unreachable {
        /// The API server.
        server: String,
        /// The proxy on the way, when there is one: the fault may be its.
        proxy: Option<String>,
        /// What stood in the way.
        why: Unreached,
    },
    /// The TLS handshake failed.
    #[error("no secure connection to the API server {server}: {why}")]
    Tls {
        /// The API server.
        server: String,
        /// What was wrong.
        why: TlsFault,
    },
    /// The address says https, the server answers without TLS.
    #[error("the server at {server} does not speak TLS")]
    PlainServer {
        /// The address as used.
        server: String,
    },
    /// The address says http, the server wants TLS.
    #[error("the server at {server} speaks TLS only")]
    SecureServer {
        /// The address as used.
        server: String,
    },
    /// No whole answer came in time.
    #[error("the API server {server} did not answer within {}", seconds(*after))]
    TimedOut {
        /// The API server.
        server: String,
        /// How long the request was given, all its tries together.
        after: Duration,
    },
    /// The connection broke before or in the middle of the answer.
    #[error("the answer of {server} broke off")]
    Truncated {
        /// The API server.
        server: String,
    },
    /// 401: the server does not accept the credential.
    #[error("the API server {server} does not accept the credential: {said}")]
    Unauthorized {
        /// The API server.
        server: String,
        /// Its words.
        said: String,
    },
    /// 403: the user lacks a permission.
    #[error("no permission to {verb} {resource}{}: {said}", within(namespace.as_ref()))]
    Forbidden {
        /// `get`, `list` or `watch`.
        verb: &'static str,
        /// The plural resource with its group when it has one.
        resource: String,
        /// The namespace asked in; none for the whole cluster.
        namespace: Option<String>,
        /// The server's words.
        said: String,
    },
    /// 404 for an object: it does not exist.
    #[error("{resource} {name:?} not found{}", within(namespace.as_ref()))]
    NotFound {
        /// The plural resource.
        resource: String,
        /// The namespace asked in.
        namespace: Option<String>,
        /// The object's name; empty for a list.
        name: String,
    },
    /// 404 for a kind of object: the server does not serve it.
    #[error("the server at {server} does not know {resource}")]
    NoSuchResource {
        /// The API server.
        server: String,
        /// The plural resource.
        resource: String,
    },
    /// A kind of object, as it was typed, that the server does not serve.
    #[error("the server doesn't have a resource type {typed:?}")]
    NoSuchKind {
        /// The word, with its group if it has one.
        typed: String,
        /// What of nearly that name it serves, best first.
        near: Vec<String>,
    },
    /// 410: what was asked for is no longer kept.
    #[error("the API server {server} no longer keeps what was asked for: {said}")]
    Gone {
        /// The API server.
        server: String,
        /// Its words.
        said: String,
    },
    /// Any other status: 429 and 5xx after the last try, other refusals at once.
    #[error("the API server {server} answered {status}: {said}")]
    Refused {
        /// The API server.
        server: String,
        /// The HTTP status.
        status: u16,
        /// Its words.
        said: String,
    },
    /// Something answered that is no API server: a proxy, a login page, another service.
    #[error("{server} answered {status} with {content}, not as a Kubernetes API server")]
    NotKubernetes {
        /// The address as used.
        server: String,
        /// The HTTP status.
        status: u16,
        /// What came instead, such as `a web page titled "Sign in"`.
        content: String,
    },
    /// JSON of another shape than asked for.
    #[error(
        "the answer of {server} about {resource} cannot be read: {what} (line {line}, column {column})"
    )]
    Undecodable {
        /// The API server.
        server: String,
        /// What was asked for.
        resource: String,
        /// What is wrong, without any of the text.
        what: String,
        /// Where reading stopped, from 1.
        line: usize,
        /// Where reading stopped, from 1.
        column: usize,
    },
    /// More than this program is willing to hold.
    #[error("the answer of {server} about {resource} is larger than {} MiB", limit >> 20)]
    TooLarge {
        /// The API server.
        server: String,
        /// What was asked for.
        resource: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The credential itself could not be made or refreshed.
    #[error("no credential for the API server: {why}")]
    Credential {
        /// What went wrong, in words of this program.
        why: String,
    },
}

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// The name does not resolve.
    #[error("no such host {0:?}")]
    NoSuchHost(String),
    /// Nothing came back while connecting, the TLS handshake included.
    #[error("no connection within {}", seconds(*.0))]
    TimedOut(Duration),
    /// The peer closed the connection at once.
    #[error("the connection was closed")]
    Closed,
    /// The proxy wants a user and a password.
    #[error("the proxy asks for credentials")]
    ProxyAuthentication,
    /// The proxy would not connect.
    #[error("the proxy refused")]
    ProxyRefused,
    /// Anything else, in the operating system's words.
    #[error("{0}")]
    Other(String),
}

/// What is wrong with a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The server's certificate is signed by nobody that is trusted here.
    #[error("its certificate is signed by an unknown authority")]
    UnknownAuthority,
    /// The certificate has expired.
    #[error("its certificate expired{}", since(*.0))]
    Expired(Option<Time>),
    /// The certificate is not valid yet.
    #[error("its certificate is not valid yet{}", since(*.0))]
    NotYetValid(Option<Time>),
    /// The certificate is for other names.
    #[error("its certificate is for {}, not for {expected}", names(presented))]
    WrongName {
        /// The name or address that was asked.
        expected: String,
        /// The names in the certificate.
        presented: Vec<String>,
    },
    /// A self-signed CA certificate used as the server's own.
    #[error("its certificate is a CA certificate used as a server certificate")]
    AuthorityAsServer,
    /// The server turned the client down, usually over its certificate.
    #[error("the server turned this client down ({0})")]
    TurnedDown(String),
    /// Anything else, in the TLS library's words.
    #[error("{0}")]
    Other(String),
}

impl ApiFault {
    /// What the person can do about it.
    pub fn hints(&self) -> Vec<String> {
        let hint: &[&str] = match self {
            Self::Unreachable { why: Unreached::ProxyAuthentication, .. } => {
                &["put user and password into the proxy's URL"]
            }
            Self::Unreachable { proxy: Some(_), .. } => &[
                "check proxy-url in the kubeconfig, or HTTPS_PROXY; NO_PROXY keeps a host from the proxy",
            ],
            Self::Unreachable { why: Unreached::NoSuchHost(_), .. } => {
                &["check the server in the kubeconfig, and the DNS of this machine (VPN?)"]
            }
            Self::Unreachable { .. } => &[
                "check the server in the kubeconfig, and that the cluster is up and reachable from here",
            ],
            Self::Tls { why: TlsFault::UnknownAuthority, .. } => &[
                "check certificate-authority in the kubeconfig: the cluster may have been made anew",
                "--certificate-authority FILE names the right one",
            ],
            Self::Tls { why: TlsFault::Expired(_) | TlsFault::NotYetValid(_), .. } => {
                &["renew the API server's certificate, and compare the clocks"]
            }
            Self::Tls { why: TlsFault::WrongName { .. }, .. } => &[
                "use one of the certificate's names as server, or set tls-server-name in the kubeconfig",
            ],
            Self::Tls { why: TlsFault::AuthorityAsServer, .. } => {
                &["give the API server a certificate signed by its CA instead of the CA's own"]
            }
            Self::Tls { why: TlsFault::TurnedDown(_), .. } => {
                &["check the client certificate of the kubeconfig's user: it may have expired"]
            }
            Self::Tls { why: TlsFault::Other(_), .. } => {
                &["`kubectl get pods -v=6` shows how kubectl's TLS fares"]
            }
            Self::PlainServer { .. } => {
                &["is the port right? For plain HTTP the server starts with http://"]
            }
            Self::SecureServer { .. } => &["write the server as https://"],
            Self::TimedOut { .. } => &["give it longer with --request-timeout 60s"],
            Self::Truncated { .. } => {
                &["try again; a proxy or load balancer may cut answers short"]
            }
            Self::Unauthorized { server, .. } if server.starts_with("http://") => &[
                "as with kubectl, no credential is sent over plain HTTP: write the server as https://",
            ],
            Self::Unauthorized { .. } => {
                &["log in again: the token or certificate may have expired"]
            }
            Self::Forbidden { .. } => {
                return vec![
                    "ask for a Role with that permission, or look as somebody else with --context or --as"
                        .to_owned(),
                ];
            }
            Self::NotFound { .. } => &["check the name and the namespace (-n)"],
            Self::NoSuchResource { .. } => {
                &["is it a Kubernetes API server? A path may be missing from the server's address"]
            }
            Self::NoSuchKind { near, .. } if !near.is_empty() => {
                return vec![format!("of a similar name: {}", listed(near))];
            }
            Self::NoSuchKind { .. } => &["`kubectl api-resources` lists what it has"],
            Self::Gone { .. } => &["try again"],
            Self::Refused { status: 429 | 500.., .. } => {
                &["the API server is overloaded or ill: try again"]
            }
            Self::Refused { .. } => &["`kubectl get pods -v=6` shows how kubectl fares"],
            Self::NotKubernetes { .. } => &[
                "check the server in the kubeconfig; a proxy may want a log-in, or NO_PROXY the host",
            ],
            Self::Undecodable { .. } => &["a proxy may have changed the answer; try again"],
            Self::TooLarge { .. } => &["ask for less: name the pod, or use -l"],
            Self::Credential { .. } => {
                &["`kubectl config view --minify` shows which credential is in use"]
            }
        };
        hint.iter().map(|&hint| hint.to_owned()).collect()
    }
}

/// A pod that was asked for and does not exist, and what exists instead. Each list is best effort:
/// empty may also mean that nobody was allowed to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchObject {
    /// What it is: `pod`, `secret`.
    pub kind: &'static str,
    /// What was asked for; the namespace is empty where files of several are looked through.
    pub name: ObjectName,
    /// Others of nearly that name in the same namespace, best first; at most 5.
    pub near: Vec<String>,
    /// Those of exactly that name in other namespaces.
    pub elsewhere: Vec<ObjectName>,
    /// Whether the namespace exists; none if that could not be seen.
    pub namespace_exists: Option<bool>,
    /// Namespaces of nearly the namespace's name, when it does not exist.
    pub near_namespaces: Vec<String>,
}

impl NoSuchObject {
    /// Nothing is known but that the pod is not there.
    pub fn pod(name: ObjectName) -> Self {
        Self::of("pod", name)
    }

    /// Nothing is known but that the secret is not there.
    pub fn secret(name: ObjectName) -> Self {
        Self::of("secret", name)
    }

    fn of(kind: &'static str, name: ObjectName) -> Self {
        Self {
            kind,
            name,
            near: Vec::new(),
            elsewhere: Vec::new(),
            namespace_exists: None,
            near_namespaces: Vec::new(),
        }
    }

    /// What the person can do about it.
    pub fn hints(&self) -> Vec<String> {
        let kind = self.kind;
        let mut hints = Vec::new();
        if !self.near.is_empty() {
            hints.push(format!("{kind}s of a similar name: {}", listed(&self.near)));
        }
        for ObjectName { namespace, name } in &self.elsewhere {
            hints.push(format!(
                "a {kind} {name} is in the namespace {namespace}: add -n {namespace}"
            ));
        }
        if !self.near_namespaces.is_empty() {
            hints.push(format!("namespaces of a similar name: {}", listed(&self.near_namespaces)));
        }
        if hints.is_empty() && self.name.namespace.is_empty() {
            hints.push("the input may be of another namespace or cluster".to_owned());
        } else if hints.is_empty() {
            hints.push(format!(
                "`kubectl get {kind}s -n {}` lists what is there",
                self.name.namespace
            ));
        }
        hints
    }
}

impl std::fmt::Display for NoSuchObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, name: ObjectName { namespace, name }, .. } = self;
        if self.namespace_exists == Some(false) {
            write!(f, "there is no namespace {namespace:?}, hence no {kind} {name:?}")
        } else if namespace.is_empty() {
            write!(f, "there is no {kind} {name:?} in the input")
        } else {
            write!(f, "there is no {kind} {name:?} in the namespace {namespace:?}")
        }
    }
}

fn through(proxy: Option<&String>) -> String {
    proxy.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"))
}

fn within(namespace: Option<&String>) -> String {
    namespace.map_or_else(String::new, |namespace| format!(" in namespace {namespace}"))
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f32())
}

fn since(time: Option<Time>) -> String {
    time.map_or_else(String::new, |time| format!(" ({})", time.format("%Y-%m-%d %H:%M UTC")))
}

fn names(presented: &[String]) -> String {
    if presented.is_empty() { "no name at all".to_owned() } else { listed(presented) }
}
