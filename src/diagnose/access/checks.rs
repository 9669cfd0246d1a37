//! What was checked of an access failure, so that a reader can follow.

use crate::credentials::{Ignored, Verdict};
use crate::duration::brief;
use crate::facts::{Lookup, Unseen};

use super::super::{Check, Outcome};
use super::account;
use super::case::Case;
use super::referred::Referred;
use super::standing::Standing;

impl Case<'_> {
    /// What was checked, in the order in which the kubelet comes to it.
    pub(super) fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        let mut check = |question: String, outcome, detail: String| {
            checks.push(Check { question, outcome, detail });
        };
        let namespace = self.namespace();
        let needless = self.pod.pull_secrets.is_some() && self.needs_no_login();
        if needless {
            check(
                "does the image need a login?".to_owned(),
                Outcome::Ok,
                "no: every image there is public".to_owned(),
            );
        }
        match &self.pod.pull_secrets {
            Some(names) if needless && names.iter().all(String::is_empty) => {}
            None => check(
                "does the pod refer to a pull secret?".to_owned(),
                Outcome::Unknown,
                "the input is text, not the pod object".to_owned(),
            ),
            Some(names) if names.iter().all(String::is_empty) => {
                check(
                    "does the pod refer to a pull secret?".to_owned(),
                    Outcome::Problem,
                    "no: spec.imagePullSecrets is empty".to_owned(),
                );
                let name = self.pod.service_account.as_deref().unwrap_or("default");
                let question = format!("does service account {name} add one?");
                match account(self.facts, self.pod) {
                    Lookup::Found(account) if account.pull_secrets.is_empty() => {
                        check(question, Outcome::Problem, "no".to_owned());
                    }
                    Lookup::Found(account) => check(
                        question,
                        Outcome::Ok,
                        format!(
                            "to new pods, yes: {}; this pod was created without",
                            crate::words::some(&account.pull_secrets, 3)
                        ),
                    ),
                    Lookup::Absent => check(
                        question,
                        Outcome::Problem,
                        "there is no such service account now".to_owned(),
                    ),
                    Lookup::Unseen(why) => check(question, Outcome::Unknown, why.to_string()),
                }
            }
            Some(_) => {
                for referred in &self.referred {
                    let (outcome, detail) = self.referred_says(referred);
                    check(format!("does secret {} serve?", referred.name), outcome, detail);
                }
            }
        }
        if self.pod.pull_secrets.is_some() && !needless {
            let question = if self.referred.is_empty() {
                format!("does a secret in namespace {namespace} serve?")
            } else {
                format!("does another secret in namespace {namespace} serve?")
            };
            match (self.candidates.as_slice(), self.facts.secrets_listed.get(namespace)) {
                ([], Some(Ok(()))) => check(question, Outcome::Problem, self.none_serves()),
                ([], Some(Err(why))) => check(question, Outcome::Unknown, why.to_string()),
                ([], None) => {
                    check(question, Outcome::Unknown, Unseen::NotGiven.to_string());
                }
                (candidates, _) => check(
                    question,
                    Outcome::Ok,
                    format!("yes: {}", names(candidates.iter().map(|c| &c.name.name))),
                ),
            }
            let question = "does one in another namespace?".to_owned();
            match (self.elsewhere.as_slice(), &self.facts.secrets_elsewhere) {
                ([], Some(Ok(()))) => check(question, Outcome::Problem, "no".to_owned()),
                ([], Some(Err(why))) => check(question, Outcome::Unknown, why.to_string()),
                ([], None) => {}
                (elsewhere, _) => check(
                    question,
                    Outcome::Ok,
                    format!("yes: {}", names(elsewhere.iter().map(|e| e.name.to_string()))),
                ),
            }
        }
        check(
            "does the node have credentials of its own?".to_owned(),
            Outcome::Unknown,
            "credential providers and config.json on the node cannot be seen from here".to_owned(),
        );
        checks
    }

    /// That no other secret of the namespace serves, and which nearly do.
    fn none_serves(&self) -> String {
        let spoilt = self.spoilt.iter().map(|(secret, standing)| {
            let name = &secret.name.name;
            match standing {
                Standing::Expired => format!("{name} has expired"),
                _ => format!("{name} is refused where another pod refers to it"),
            }
        });
        let spoilt: Vec<_> = spoilt.collect();
        if spoilt.is_empty() {
            "no".to_owned()
        } else {
            format!("no: {}", crate::words::some(&spoilt, 3))
        }
    }

    fn referred_says(&self, referred: &Referred<'_>) -> (Outcome, String) {
        let judgement = match (&referred.secret, &referred.judgement) {
            (Lookup::Absent, _) => {
                let detail = format!("it does not exist in namespace {}", self.namespace());
                return (Outcome::Problem, detail);
            }
            (Lookup::Unseen(_), _) if referred.unretrieved => {
                return (Outcome::Problem, "the kubelet could not retrieve it".to_owned());
            }
            (Lookup::Unseen(why), _) => return (Outcome::Unknown, why.to_string()),
            (Lookup::Found(_), None) => return (Outcome::Unknown, String::new()),
            (Lookup::Found(_), Some(judgement)) => judgement,
        };
        match &judgement.verdict {
            Verdict::Serves { keys } => {
                let keys = crate::words::some(keys, 3);
                match referred.expired(self.facts) {
                    Some(expiry) => {
                        let ago = brief((self.facts.now - expiry.at).num_seconds());
                        let detail = format!("key {keys} matches, but its login expired {ago} ago");
                        (Outcome::Problem, detail)
                    }
                    None => (Outcome::Ok, format!("key {keys} matches {}", self.image.name())),
                }
            }
            Verdict::NotForThisRegistry { keys, .. } if referred.serves_other => (
                Outcome::Ok,
                format!(
                    "not this image: it has {}, for another image of the pod",
                    crate::words::some(keys, 3)
                ),
            ),
            Verdict::NotForThisRegistry { keys, .. } => (
                Outcome::Problem,
                format!(
                    "no key matches {}; it has {}",
                    self.image.name(),
                    crate::words::some(keys, 3)
                ),
            ),
            Verdict::Ignored(Ignored::Key { wants }) => {
                (Outcome::Problem, format!("the kubelet ignores it: nothing is under key {wants}"))
            }
            Verdict::Ignored(Ignored::Type) => (
                Outcome::Problem,
                format!("the kubelet ignores it: type {}", self.kind_of(&referred.name)),
            ),
            Verdict::Unreadable(why) => {
                (Outcome::Problem, format!("the kubelet cannot read it: {why}"))
            }
            Verdict::YieldsNothing(nothing) => (Outcome::Problem, nothing.to_string()),
        }
    }
}

/// A few names, bounded.
fn names<S: AsRef<str>>(names: impl Iterator<Item = S>) -> String {
    let names: Vec<_> = names.map(|name| name.as_ref().to_owned()).collect();
    crate::words::some(&names, 3)
}
