//! Root causes of an access failure: what the pod, its service account and the secrets prove.
//!
//! The kubelet's rules are in [`crate::credentials`]; here they are put to the pod's own objects.
//! Nothing is claimed that was not seen: a secret that RBAC hides is unknown, never missing, and
//! what the node holds of its own (credential providers, `config.json`) is named as unknown.

mod case;
mod checks;
mod public;
mod referred;
mod sent;
mod standing;
mod unreferred;
mod unsent;

use crate::cause::{self, Cause};
use crate::credentials::{self, PullSecret, Verdict};
use crate::facts::{Facts, Lookup, ObjectName, PlaceKind, Pod, ServiceAccount, Unseen};
use crate::image::ImageReference;
use crate::registry;

use super::symptom::Symptom;
use super::{Check, Confidence, Outcome};

/// How many secret names of one pod are read; more than anybody refers to.
const NAMES: usize = 20;

/// What the objects prove about an access failure.
#[derive(Debug, Clone)]
pub(super) struct Access {
    pub(super) root_cause: Option<&'static Cause>,
    /// What else is wrong with the pod's secrets.
    pub(super) others: Vec<&'static Cause>,
    pub(super) confidence: Confidence,
    /// Why, in a sentence or two; None where the words say it best.
    pub(super) summary: Option<String>,
    pub(super) checks: Vec<Check>,
    /// What mends it.
    pub(super) plan: Plan,
}

impl Access {
    /// Nothing: the failure is none of access.
    pub(super) fn none() -> Self {
        Self {
            root_cause: None,
            others: Vec::new(),
            confidence: Confidence::Certain,
            summary: None,
            checks: Vec::new(),
            plan: Plan::Words,
        }
    }
}

/// What mends an access failure; `fix` turns it into commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// Only what the catalogue says about the words.
    Words,
    /// The same, without what is about logins: none is wanted.
    NoLogin,
    /// The node's own credentials: a static pod has no others, and of others they were refused.
    Node {
        /// A secret to come before them, for a pod that can have one.
        or: Option<Obtain>,
    },
    /// Get a secret into the namespace, and refer to it unless that is done already.
    Obtain(Obtain),
    /// Refer to a secret that is there.
    Refer {
        /// The secret's name.
        secret: String,
    },
    /// Replace what is in a secret that the pod refers to.
    Replace {
        /// The secret's name.
        secret: String,
        /// What is to be mended.
        mend: Mend,
        /// A secret that would serve and could be referred to instead.
        instead: Option<String>,
    },
    /// Give the account the right to read the repository.
    Grant {
        /// The secret's name.
        secret: String,
    },
    /// Create the pod anew, and nothing else.
    Recreate {
        /// What the new one gets.
        gets: String,
    },
    /// Wait for the kubelet's next try.
    Wait,
}

impl Plan {
    /// Whether the failure ends by itself.
    pub(super) fn heals(&self) -> bool {
        *self == Self::Wait
    }
}

/// A secret that is not in the namespace yet, or of no use as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Obtain {
    /// The name it is to have.
    pub(super) name: String,
    /// Whether there is one of that name, whose login is to be renewed.
    pub(super) is_there: bool,
    /// A secret that would serve, to be copied: of another name or another namespace.
    pub(super) copy: Option<Source>,
    /// Who refers to the name already.
    pub(super) referred: Reference,
    /// Whether one that serves may be there and could not be seen.
    pub(super) maybe_there: bool,
    /// A secret of the namespace that would serve and could be referred to instead.
    pub(super) instead: Option<String>,
}

/// Who refers to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    /// Nobody.
    None,
    /// The pod.
    Pod,
    /// Its service account, and the pod does not: a new pod would.
    Account,
}

/// A secret to copy from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// Namespace and name.
    pub(super) secret: ObjectName,
    /// Its type, which says under which key the payload is.
    pub(super) kind: String,
}

/// What is wrong with a secret that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mend {
    /// Its login is refused or has expired.
    Login,
    /// It holds no login that a kubelet can use.
    Content,
    /// A key in it nearly names the registry.
    Key {
        /// The key as written, where the login under it is likely to be right.
        from: Option<String>,
        /// The secret's type.
        kind: String,
    },
    /// Its type, which cannot be changed.
    Type {
        /// The key in `data` whose payload would serve under the right type.
        keep: Option<&'static str>,
    },
    /// Its account may not read the repository.
    Account,
}

/// Whether secrets can have to do with the failure at all.
pub(super) fn applies(pod: &Pod, symptom: &Symptom) -> bool {
    symptom.kind != PlaceKind::Sandbox && !pod.is_static() && is_access(symptom.reading.cause)
}

/// Whether the words blame access.
fn is_access(cause: &'static Cause) -> bool {
    [
        &cause::ACCESS_DENIED_OR_MISSING,
        &cause::UNAUTHORIZED,
        &cause::BAD_CREDENTIALS,
        &cause::CREDENTIALS_EXPIRED,
        &cause::FORBIDDEN,
        &cause::PULL_SECRET_MISSING,
        &cause::PULL_SECRET_MALFORMED,
    ]
    .contains(&cause)
}

/// Whether a login may be what is missing, so that other secrets than the pod's own matter.
pub(super) fn wants_login(symptom: &Symptom) -> bool {
    !registry::Kind::of_host(symptom.image.registry()).is_public_only()
}

/// The secrets that must be read to judge the pod: its own, or else its service account's.
pub(super) fn names_to_read(facts: &Facts, pod: &Pod) -> Vec<String> {
    let own = pod.pull_secrets.as_deref().unwrap_or_default();
    let names = if own.is_empty() {
        account(facts, pod).found().map_or(&[][..], |account| &account.pull_secrets)
    } else {
        own
    };
    let mut read: Vec<String> = Vec::new();
    // The kubelet skips empty names (`pkg/kubelet/kubelet_pods.go`).
    for name in names.iter().filter(|name| !name.is_empty()) {
        if !read.contains(name) && read.len() < NAMES {
            read.push(name.clone());
        }
    }
    read
}

fn account<'a>(facts: &'a Facts, pod: &Pod) -> Lookup<&'a ServiceAccount> {
    match &pod.service_account {
        Some(name) => facts.service_account(&pod.name.namespace, name),
        None => Lookup::Unseen(Unseen::NotGiven),
    }
}

/// Whether a secret holds a credential that the kubelet would send for the image, and that has not
/// expired.
pub(super) fn serves(facts: &Facts, secret: &PullSecret, image: &ImageReference) -> bool {
    let judgement = credentials::judge(secret, Some(image), facts.now);
    matches!(judgement.verdict, Verdict::Serves { .. })
        && !judgement.expiry.is_some_and(|expiry| expiry.has_passed(facts.now))
}

/// Judges an access failure; None when secrets have nothing to do with the failure.
pub(super) fn judge(facts: &Facts, pod: &Pod, symptom: &Symptom) -> Option<Access> {
    if !is_access(symptom.reading.cause) || symptom.kind == PlaceKind::Sandbox {
        return None;
    }
    if pod.is_static() {
        return Some(static_pod(pod));
    }
    let image = symptom.image.parsed.as_ref()?;
    Some(case::Case::new(facts, pod, symptom, image).judge())
}

/// A static pod: the kubelet reads it from a file, so that no admission and no secret reaches it.
fn static_pod(pod: &Pod) -> Access {
    let node = pod.node.as_deref().unwrap_or("its node");
    Access {
        root_cause: None,
        others: Vec::new(),
        confidence: Confidence::Likely,
        summary: Some(format!(
            "Pod {} is static: the kubelet of {node} runs it from a file and pulls its images with \
             the node's own credentials only. Pull secrets of the cluster do not reach it.",
            pod.name.name
        )),
        checks: vec![Check {
            question: "can a pull secret reach the pod?".to_owned(),
            outcome: Outcome::Problem,
            detail: "no: it is a static pod".to_owned(),
        }],
        plan: Plan::Node { or: None },
    }
}

/// The registry as people call it.
pub(super) fn registry_name(host: &str) -> String {
    match registry::Kind::of_host(host) {
        registry::Kind::DockerHub => "Docker Hub".to_owned(),
        _ => host.to_owned(),
    }
}
