//! What a person gave instead of what kubectl printed.

use std::fmt;

/// What an input is that holds no facts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// There is nothing in it.
    Empty,
    /// How to reach a cluster, not what is in it.
    Kubeconfig,
    /// The API server's refusal instead of its answer; its reason.
    Refusal(String),
    /// Text of another kind, such as a log.
    Text,
    /// Nothing in it is a pod, or sheds light on one.
    Nothing,
    /// Nothing in a manifest makes pods.
    NoWorkload,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Kubeconfig => f.write_str("is a kubeconfig, not what kubectl prints"),
            Self::Refusal(reason) => write!(f, "holds the API server's refusal: {reason}"),
            Self::Text => f.write_str("is not what kubectl prints"),
            Self::Nothing => f.write_str("holds nothing about pods"),
            Self::NoWorkload => f.write_str("declares no workload"),
        }
    }
}

impl Foreign {
    /// What to do instead.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Empty => {
                "run the kubectl command again and look at its messages: they do not go into the file"
            }
            Self::Kubeconfig => {
                "--from takes what kubectl get printed; to look at a cluster, use --kubeconfig"
            }
            Self::Refusal(_) => "run the kubectl command again as a user who may read it",
            Self::Text => {
                "--from takes kubectl's JSON, YAML, get events, get pods or describe pod; \
                 a message or a log line is for pulldoctor explain"
            }
            Self::Nothing => {
                "save pods with kubectl get pods -o json, best with events and secrets"
            }
            Self::NoWorkload => {
                "-f takes manifests with deployments, jobs, pods and the like; \
                 what kubectl get printed is for --from"
            }
        }
    }
}
