//! What the user or the cluster did wrong: one variant a fault, each with the hint that helps.
//!
//! A message is a lower-case fragment without a full stop; [`Error::hints`] says what to do. Text
//! that comes from a server or a file has passed [`crate::redact`] before it gets in here.

mod api;
mod files;
mod kubeconfig;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use api::{ApiFault, NoSuchObject, TlsFault, Unreached};
pub use files::Foreign;
pub use kubeconfig::{KubeconfigFault, Part, PluginFault};

use crate::exit;

/// An expected failure: something a person can act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command line asks for something that makes no sense.
    #[error("{problem}")]
    Usage {
        /// What is wrong with it.
        problem: String,
        /// What to type instead.
        hint: String,
    },
    /// A file or directory cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// The operating system's words.
        why: String,
    },
    /// A file of messages cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    NoMessages {
        /// The path as given.
        path: PathBuf,
        /// The operating system's words.
        why: String,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {why}", path.display())]
    Unwritable {
        /// The path.
        path: PathBuf,
        /// The operating system's words.
        why: String,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {why}")]
    CannotListen {
        /// The address.
        address: SocketAddr,
        /// The kind of the operating system's error.
        why: ErrorKind,
    },
    /// A manifest given with `-f` cannot be read.
    #[error("cannot read the manifest {input}: {why}")]
    Manifest {
        /// The file, or `standard input`.
        input: String,
        /// What is wrong and where; never what stands there, which may be a secret.
        why: String,
    },
    /// There is no usable way to a cluster.
    #[error(transparent)]
    Kubeconfig(#[from] Box<KubeconfigFault>),
    /// The API server gave no usable answer.
    #[error(transparent)]
    Api(#[from] Box<ApiFault>),
    /// The pod or secret asked for does not exist.
    #[error("{0}")]
    NoSuchObject(Box<NoSuchObject>),
    /// A workload asked for does not exist.
    #[error("{}", no_such_workload(what, namespace.as_deref()))]
    NoSuchWorkload {
        /// As it was named: `deployment/web`.
        what: String,
        /// Where it was looked for.
        namespace: Option<String>,
        /// What of nearly that name is there, best first.
        near: Vec<String>,
    },
    /// The namespace to look in does not exist.
    #[error("there is no namespace {name:?}")]
    NoSuchNamespace {
        /// Its name.
        name: String,
        /// Namespaces of nearly that name, best first.
        near: Vec<String>,
    },
    /// An input is damaged, or holds a value where none of its form can stand.
    #[error("cannot make sense of {input}: {why}")]
    Malformed {
        /// The file, or `standard input`.
        input: String,
        /// What is wrong and where; never what stands there, which may be a secret.
        why: String,
        /// Whether the input ends in the middle of a value.
        cut_off: bool,
    },
    /// An input is sound, but not what kubectl prints about pods.
    #[error("{input} {found}")]
    NotRecorded {
        /// The file, or `standard input`.
        input: String,
        /// What it is instead.
        found: Foreign,
    },
}

impl From<KubeconfigFault> for Error {
    fn from(fault: KubeconfigFault) -> Self {
        Self::Kubeconfig(Box::new(fault))
    }
}

impl From<ApiFault> for Error {
    fn from(fault: ApiFault) -> Self {
        Self::Api(Box::new(fault))
    }
}

impl Error {
    /// What the person can do about it, a sentence each.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Usage { hint, .. } => vec![hint.clone()],
            Self::Kubeconfig(fault) => fault.hints(),
            Self::Api(fault) => fault.hints(),
            Self::NoSuchObject(missing) => missing.hints(),
            Self::NoSuchWorkload { what, namespace, near } => {
                let kind = what.split_once('/').map_or(what.as_str(), |(kind, _)| kind);
                if !near.is_empty() {
                    return vec![format!("of a similar name: {}", listed(near))];
                }
                let scope = match namespace {
                    Some(namespace) => format!(" -n {namespace}"),
                    None => String::new(),
                };
                vec![
                    format!("`kubectl get {kind}{scope}` lists what is there"),
                    "with --wait it is waited for until it exists".to_owned(),
                ]
            }
            Self::NoSuchNamespace { near, .. } if !near.is_empty() => {
                vec![format!("of a similar name: {}", listed(near))]
            }
            Self::NoSuchNamespace { .. } => {
                vec!["`kubectl get namespaces` lists what is there".to_owned()]
            }
            Self::Unreadable { .. } => {
                vec!["--from takes a file, a directory, or - for standard input".to_owned()]
            }
            Self::NoMessages { .. } => {
                vec!["-f takes a file with a message a line, or - for standard input".to_owned()]
            }
            Self::Manifest { .. } => {
                vec![
                    "-f takes YAML or JSON as kubectl apply does: a file, or - for standard input"
                        .to_owned(),
                ]
            }
            Self::Unwritable { .. } => {
                vec!["$GITHUB_STEP_SUMMARY names the file; unset it to leave that out".to_owned()]
            }
            Self::CannotListen { why, .. } => vec![
                match why {
                    ErrorKind::AddrInUse => {
                        "another program listens there; port 0 takes a free one"
                    }
                    ErrorKind::AddrNotAvailable => "this machine has no such address",
                    ErrorKind::PermissionDenied => "ports below 1024 are often the system's own",
                    _ => "--metrics takes a port, or an IP address and a port",
                }
                .to_owned(),
            ],
            Self::Malformed { cut_off: true, .. } => {
                vec!["save it again: it ends in the middle of an object".to_owned()]
            }
            Self::Malformed { cut_off: false, .. } => {
                vec!["save it again with kubectl get … -o json or -o yaml".to_owned()]
            }
            Self::NotRecorded { found, .. } => vec![found.hint().to_owned()],
        }
    }

    /// The exit code that the program ends with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => exit::USAGE,
            Self::Unreadable { .. }
            | Self::NoMessages { .. }
            | Self::Unwritable { .. }
            | Self::CannotListen { .. }
            | Self::Manifest { .. }
            | Self::Malformed { .. }
            | Self::NotRecorded { .. }
            | Self::Kubeconfig(_)
            | Self::Api(_)
            | Self::NoSuchObject(_)
            | Self::NoSuchNamespace { .. }
            | Self::NoSuchWorkload { .. } => exit::CANNOT_LOOK,
        }
    }
}

fn no_such_workload(what: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("there is no {what} in the namespace {namespace:?}"),
        None => format!("there is no {what}"),
    }
}

/// `a, b and c`; of a long list its beginning, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 10;
    if names.len() > SHOWN {
        return format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN);
    }
    match names {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
