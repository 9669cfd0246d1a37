//! Workloads as people name them: `deployment/web`, `sts/db`, `rollouts.argoproj.io/web`.
//!
//! Knows kubectl's names of the kinds that own pods, and tells whether an owner of a pod is the one
//! that was named. Does not know where owners are looked up.

use std::fmt;

use crate::facts::OwnerReference;
use crate::redact;

/// A kind of object that has pods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A pod itself.
    Pod,
    /// `apps`.
    Deployment,
    /// `apps`.
    ReplicaSet,
    /// `apps`.
    StatefulSet,
    /// `apps`.
    DaemonSet,
    /// `batch`.
    Job,
    /// `batch`.
    CronJob,
    /// Core.
    ReplicationController,
    /// Any other: the word that was typed in lower case, and the group when one was given.
    Other {
        /// Such as `rollout` or `rollouts`.
        word: String,
        /// Such as `argoproj.io`.
        group: Option<String>,
    },
}

/// Kinds, their group, and what kubectl takes for their name; the first is the one that is shown.
const KNOWN: [(Kind, &str, &str, &[&str]); 8] = [
    (Kind::Pod, "", "Pod", &["pod", "pods", "po"]),
    (Kind::Deployment, "apps", "Deployment", &["deployment", "deployments", "deploy"]),
    (Kind::ReplicaSet, "apps", "ReplicaSet", &["replicaset", "replicasets", "rs"]),
    (Kind::StatefulSet, "apps", "StatefulSet", &["statefulset", "statefulsets", "sts"]),
    (Kind::DaemonSet, "apps", "DaemonSet", &["daemonset", "daemonsets", "ds"]),
    (Kind::Job, "batch", "Job", &["job", "jobs"]),
    (Kind::CronJob, "batch", "CronJob", &["cronjob", "cronjobs", "cj"]),
    (
        Kind::ReplicationController,
        "",
        "ReplicationController",
        &["replicationcontroller", "replicationcontrollers", "rc"],
    ),
];

impl Kind {
    /// The kind of an object that says `kind` and `apiVersion`.
    pub fn of_object(api_version: &str, kind: &str) -> Self {
        let group = group_of(api_version);
        KNOWN.iter().find(|(_, known, name, _)| *known == group && *name == kind).map_or_else(
            || Self::Other {
                word: kind.to_lowercase(),
                group: (!group.is_empty()).then(|| group.to_owned()),
            },
            |(kind, ..)| kind.clone(),
        )
    }

    /// The API version and the kind as objects write them; none for what nobody here knows.
    pub fn object(&self) -> Option<(String, &'static str)> {
        let (_, group, name, _) = KNOWN.iter().find(|(kind, ..)| kind == self)?;
        let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        Some((version, name))
    }
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// A workload that was named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its namespace, where a manifest says it; else the namespace asked in.
    pub namespace: Option<String>,
}

impl Named {
    /// Reads `TYPE/NAME` as kubectl does, with or without a group (`deployment.apps/web`,
    /// `deployment.v1.apps/web`). The error says what is wrong with it.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let shown = redact::line(typed, 100);
        let Some((kind, name)) = typed.split_once('/') else {
            return Err(format!("'{shown}' does not say what it is"));
        };
        if !is_object_name(name) {
            return Err(format!("'{}' cannot be the name of an object", redact::line(name, 100)));
        }
        let kind = kind.to_lowercase();
        let (word, group) = match kind.split_once('.') {
            Some((word, group)) => (word, Some(without_version(group))),
            None => (kind.as_str(), None),
        };
        if word.is_empty() || !word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(format!("'{shown}' does not say what it is"));
        }
        let known = KNOWN.iter().find(|(_, known, _, words)| {
            words.contains(&word) && group.is_none_or(|group| group == *known)
        });
        let kind = known.map_or_else(
            || Kind::Other { word: word.to_owned(), group: group.map(str::to_owned) },
            |(kind, ..)| kind.clone(),
        );
        Ok(Self { kind, name: name.to_owned(), namespace: None })
    }

    /// Whether that owner is this workload.
    pub fn is(&self, owner: &OwnerReference) -> bool {
        if owner.name != self.name {
            return false;
        }
        match &self.kind {
            Kind::Other { word, group } => {
                let kind = owner.kind.to_lowercase();
                let plurals = [
                    kind.clone(),
                    format!("{kind}s"),
                    format!("{kind}es"),
                    kind.strip_suffix('y').map(|stem| format!("{stem}ies")).unwrap_or_default(),
                ];
                plurals.contains(word)
                    && group.as_ref().is_none_or(|group| group_of(&owner.api_version) == group)
            }
            known => Kind::of_object(&owner.api_version, &owner.kind) == *known,
        }
    }
}

/// `v1.apps` or `apps`; a version in front of the group says nothing here.
fn without_version(group: &str) -> &str {
    match group.split_once('.') {
        Some((version, rest)) if is_version(version) => rest,
        _ => group,
    }
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// RFC 1123 subdomains: anything else cannot be an object, and must not get into a path of the API.
fn is_object_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
        && !matches!(name, "." | "..")
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Other { word, group: Some(group) } => write!(f, "{word}.{group}")?,
            Kind::Other { word, group: None } => f.write_str(word)?,
            known => {
                let words = KNOWN.iter().find(|(kind, ..)| kind == known);
                f.write_str(words.map_or("", |(.., words)| words[0]))?;
            }
        }
        write!(f, "/{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kubectls() {
        for (typed, shown) in [
            ("deploy/web", "deployment/web"),
            ("Deployments.apps/web", "deployment/web"),
            ("deployment.v1.apps/web", "deployment/web"),
            ("sts/db", "statefulset/db"),
            ("po/web-0", "pod/web-0"),
            ("rollouts.argoproj.io/web", "rollouts.argoproj.io/web"),
            ("deployment.example.com/web", "deployment.example.com/web"),
        ] {
            assert_eq!(Named::parse(typed).unwrap().to_string(), shown, "{typed}");
        }
        for wrong in ["web", "deploy/", "/web", "deploy/Web", "deploy/a/b", "deploy/..", "a b/c"] {
            assert!(Named::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn owners_are_recognised_in_any_form() {
        let owner = |api_version: &str, kind: &str| OwnerReference {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            name: "web".to_owned(),
        };
        for (typed, api_version, kind, is) in [
            ("deploy/web", "apps/v1", "Deployment", true),
            ("deploy/web", "example.com/v1", "Deployment", false),
            ("rollout/web", "argoproj.io/v1alpha1", "Rollout", true),
            ("rollouts.argoproj.io/web", "argoproj.io/v1alpha1", "Rollout", true),
            ("rollouts.example.com/web", "argoproj.io/v1alpha1", "Rollout", false),
            ("policies/web", "example.com/v1", "Policy", true),
            ("job/web", "apps/v1", "ReplicaSet", false),
        ] {
            assert_eq!(Named::parse(typed).unwrap().is(&owner(api_version, kind)), is, "{typed}");
        }
    }
}
