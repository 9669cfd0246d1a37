//! What can be wrong between the command line and the first request: kubeconfigs, flags,
//! credentials.
//!
//! Nothing here may hold a line of a kubeconfig, the output of a credential plugin, or the user
//! part of a URL: these are the places where tokens live.

use std::path::PathBuf;

use super::listed;

/// Why there is no usable way to a cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KubeconfigFault {
    /// No kubeconfig names a cluster, and the program does not run inside one.
    #[error("no kubeconfig found: looked at {}", paths(looked))]
    Absent {
        /// The files that were looked for, in order.
        looked: Vec<PathBuf>,
    },
    /// A kubeconfig exists but cannot be read, or was named and does not exist.
    #[error("cannot read the kubeconfig {}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        why: String,
    },
    /// A kubeconfig that is no kubeconfig. Its lines are never shown.
    #[error("the kubeconfig {} is broken{}: {why}", path.display(), at(*place))]
    Broken {
        /// The file.
        path: PathBuf,
        /// Line and column, from 1, where the reader stopped.
        place: Option<(u64, u64)>,
        /// What the reader expected; words of this program, never of the file.
        why: String,
    },
    /// There are contexts, but none is current and none was asked for.
    #[error("no context is chosen: the kubeconfig sets no current-context")]
    NoContext {
        /// The contexts that there are.
        known: Vec<String>,
    },
    /// The context asked for, or the current one, does not exist.
    #[error("there is no context {context:?} in the kubeconfig")]
    UnknownContext {
        /// Its name.
        context: String,
        /// A known context of nearly that name.
        near: Option<String>,
        /// The contexts that there are.
        known: Vec<String>,
    },
    /// A context, or a flag, names a cluster or a user that does not exist.
    #[error("{} names the {part} {name:?}, which is not in the kubeconfig", naming(context.as_ref(), *part))]
    Dangling {
        /// The context that names it; none when a flag does.
        context: Option<String>,
        /// Which part is missing.
        part: Part,
        /// Its name.
        name: String,
        /// The clusters or users that there are.
        known: Vec<String>,
    },
    /// A setting of the chosen cluster or user, or the flag in its place, cannot be used.
    #[error("{setting} cannot be used: {why}")]
    Setting {
        /// Such as `proxy-url` or `--server`.
        setting: String,
        /// What is wrong with it, without its value where that could be a credential.
        why: String,
    },
    /// The credential plugin of the chosen user gave no credential.
    #[error("the credential plugin {command:?} {why}")]
    Plugin {
        /// The program, without its arguments.
        command: String,
        /// What happened.
        why: PluginFault,
        /// The kubeconfig's `installHint`.
        install_hint: Option<String>,
    },
}

/// Halves of a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Where the API server is.
    Cluster,
    /// Who asks.
    User,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cluster => "cluster",
            Self::User => "user",
        })
    }
}

/// What a credential plugin did instead of printing a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PluginFault {
    /// There is no such program.
    #[error("is not installed")]
    NotFound,
    /// The program cannot be started.
    #[error("cannot be started: {0}")]
    NotStarted(String),
    /// It wants to ask a person, and standard input is no terminal.
    #[error("asks for input, but standard input is not a terminal")]
    NoTerminal,
    /// It ended with an error; what it said is on standard error already.
    #[error("failed ({0})")]
    Failed(String),
    /// It did not end in time, and was stopped.
    #[error("did not answer within {} s", .0.as_secs_f32())]
    Hung(std::time::Duration),
    /// It printed something else than a credential.
    #[error("printed no usable ExecCredential: {0}")]
    Garbage(&'static str),
}

impl KubeconfigFault {
    /// What the person can do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Absent { .. } => vec![
                "name one with --kubeconfig or $KUBECONFIG".to_owned(),
                "to look at what kubectl printed, use --from FILE".to_owned(),
            ],
            Self::Unreadable { .. } => {
                vec![
                    "check the path in --kubeconfig or $KUBECONFIG, and its permissions".to_owned(),
                ]
            }
            Self::Broken { .. } => {
                vec![
                    "`kubectl config view` reads the same files and hides their credentials"
                        .to_owned(),
                ]
            }
            Self::NoContext { known } => vec![
                format!("the contexts are {}", listed(known)),
                "choose one with --context, or for good with `kubectl config use-context`"
                    .to_owned(),
            ],
            Self::UnknownContext { near, known, .. } => {
                let mut hints = Vec::new();
                if let Some(near) = near {
                    hints.push(format!("did you mean --context {near}?"));
                }
                if known.is_empty() {
                    hints.push("the kubeconfig has no contexts at all".to_owned());
                } else {
                    hints.push(format!("the contexts are {}", listed(known)));
                }
                hints
            }
            Self::Dangling { part, known, .. } if known.is_empty() => {
                vec![format!(
                    "the kubeconfig has no {part} at all; is a file missing from $KUBECONFIG?"
                )]
            }
            Self::Dangling { part, known, .. } => vec![
                format!("the kubeconfig has the {part}s {}", listed(known)),
                "is a file missing from $KUBECONFIG?".to_owned(),
            ],
            Self::Setting { .. } => {
                vec!["`kubectl config view --minify` shows the settings in use".to_owned()]
            }
            Self::Plugin { why, install_hint, .. } => {
                let mut hints: Vec<String> = install_hint.iter().cloned().collect();
                hints.push(
                    match why {
                        PluginFault::NotFound => "install it, or put it on the PATH",
                        PluginFault::NoTerminal => "log in from a terminal first",
                        PluginFault::NotStarted(_)
                        | PluginFault::Failed(_)
                        | PluginFault::Hung(_)
                        | PluginFault::Garbage(_) => {
                            "kubectl runs the same plugin: try `kubectl get pods`"
                        }
                    }
                    .to_owned(),
                );
                hints
            }
        }
    }
}

/// ` (line 3, column 7)`.
fn at(place: Option<(u64, u64)>) -> String {
    place.map_or_else(String::new, |(line, column)| format!(" (line {line}, column {column})"))
}

/// Who named a missing cluster or user.
fn naming(context: Option<&String>, part: Part) -> String {
    match context {
        Some(context) => format!("the context {context:?}"),
        None => format!("--{part}"),
    }
}

/// `a, b and c`, as far as paths can be shown.
fn paths(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "$KUBECONFIG and ~/.kube/config".to_owned();
    }
    listed(&paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>())
}
