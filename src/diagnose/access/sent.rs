//! A pod whose pull secrets hold a login that the kubelet would send for the image, and which the
//! registry refuses all the same.

use chrono::TimeDelta;

use crate::cause;
use crate::credentials::{Expiry, Match};
use crate::duration::{brief, moment};
use crate::facts::{Origin, Time};
use crate::registry::Kind;
use crate::words;

use super::super::Confidence;
use super::case::{Case, Verdicted};
use super::referred::{Referred, is_inferred};
use super::{Mend, Plan};

/// The longest time between two tries, five minutes (`MaxImageBackOff` in `pkg/kubelet/kubelet.go`),
/// and as much again for a try that takes long.
const TRIED_AGAIN: TimeDelta = TimeDelta::minutes(10);

impl Case<'_> {
    /// A login was there to be sent, and the registry refused it.
    pub(super) fn refused(&self, matches: &[Match]) -> Verdicted {
        let mut names: Vec<&String> = Vec::new();
        for found in matches {
            if !names.contains(&&found.secret.name) {
                names.push(&found.secret.name);
            }
        }
        if let Some(verdict) = self.mended_since(&names) {
            return verdict;
        }
        if self.anonymous() {
            return self.not_sent(&names);
        }
        if let Some(verdict) = self.expired(&names) {
            return verdict;
        }
        let cause = self.symptom.reading.cause;
        if [&cause::FORBIDDEN, &cause::ACCESS_DENIED_OR_MISSING].contains(&cause) {
            self.lacks_permission(&names)
        } else {
            self.rejected(&names)
        }
    }

    /// The words show an anonymous pull, though a secret matches.
    fn not_sent(&self, names: &[&String]) -> Verdicted {
        let secrets = words::list("secret", "secrets", names.iter());
        Verdicted {
            root_cause: None,
            confidence: Confidence::Possible,
            summary: Some(format!(
                "{} The login in {secrets} should have been sent for {}, yet the words show an \
                 anonymous pull: the secret may have changed since, or a mirror or proxy on the \
                 node drops the login.",
                self.words(),
                self.image.name(),
            )),
            plan: Plan::Words,
        }
    }

    /// All that match have expired, or the registry says so of what was sent.
    fn expired(&self, names: &[&String]) -> Option<Verdicted> {
        let of = |name: &String| self.referred.iter().find(|referred| referred.name == *name);
        let expiries: Vec<(&String, Expiry)> =
            names.iter().filter_map(|name| Some((*name, of(name)?.expired(self.facts)?))).collect();
        let by_words = self.symptom.reading.cause == &cause::CREDENTIALS_EXPIRED;
        if !by_words && expiries.len() < names.len() {
            return None;
        }
        let known = expiries.first();
        let name = known.map_or(names[0], |(name, _)| name);
        let ago = known.map_or_else(String::new, |(_, expiry)| {
            let ago = brief((self.facts.now - expiry.at).num_seconds());
            if is_inferred(*expiry) {
                format!(" about {ago} ago, by the secret's age: it is {}", expiry.what.name())
            } else {
                format!(" {ago} ago")
            }
        });
        let expired = if known.is_some() { "expired" } else { "has expired" };
        let inferred = known.is_some_and(|(_, expiry)| is_inferred(*expiry));
        let doubt = (inferred && !by_words) || (known.is_none() && names.len() > 1);
        Some(Verdicted {
            root_cause: Some(&cause::PULL_SECRET_EXPIRED),
            confidence: if doubt { Confidence::Likely } else { Confidence::Certain },
            summary: Some(format!(
                "The login for {} in secret {name} {expired}{ago}.",
                self.registry()
            )),
            plan: self.replace(name, Mend::Login),
        })
    }

    fn lacks_permission(&self, names: &[&String]) -> Verdicted {
        let details = &self.symptom.reading.details;
        let (hold, may, they) = match names {
            [_] => ("holds a login", "its account may not read", "it"),
            _ => ("hold logins", "none of their accounts may read", "they"),
        };
        let repository = self.image.repository();
        let mut summary = format!(
            "{} {hold} for {}, but {may} {repository}",
            words::capital(&words::list("secret", "secrets", names.iter())),
            self.registry(),
        );
        let permission = details.permission.as_ref();
        let end = match permission {
            Some(permission) => format!(": {they} would need {permission}."),
            None if self.exists => ".".to_owned(),
            None => ", or there is no such repository.".to_owned(),
        };
        summary.push_str(&end);
        if Kind::of_host(self.image.registry()) == Kind::Ghcr {
            summary.push_str(
                " GHCR says the same of a token that has expired or has no scope read:packages.",
            );
        }
        // Only a 403 that names a right is about one for certain; the rest blurs it with a missing
        // repository.
        let certain = self.logged_in() && permission.is_some() && names.len() == 1;
        Verdicted {
            root_cause: Some(&cause::PULL_SECRET_LACKS_PERMISSION),
            confidence: if certain { Confidence::Certain } else { Confidence::Likely },
            summary: Some(summary),
            plan: Plan::Grant { secret: names[0].clone() },
        }
    }

    fn rejected(&self, names: &[&String]) -> Verdicted {
        let registry = self.registry();
        let (login, tried) = match names {
            [_] => ("the login", ""),
            _ => ("the logins", ", tried one after the other"),
        };
        let odd = names.iter().find_map(|name| self.odd(name));
        let why = odd.unwrap_or_else(|| {
            "the user name, password or token is wrong, revoked or expired".to_owned()
        });
        Verdicted {
            root_cause: Some(&cause::PULL_SECRET_REJECTED),
            confidence: if self.logged_in() { Confidence::Certain } else { Confidence::Likely },
            summary: Some(format!(
                "{registry} refuses {login} in {}{tried}: {why}.",
                words::list("secret", "secrets", names.iter()),
            )),
            plan: self.replace(names[0], Mend::Login),
        }
    }

    /// What is odd about the login that a secret holds for the image, and may be why it is refused.
    fn odd(&self, name: &str) -> Option<String> {
        let referred = self.referred.iter().find(|referred| referred.name == name)?;
        let entries = &referred.judgement.as_ref()?.entries;
        let defects = entries.iter().filter(|entry| entry.serves).flat_map(|entry| &entry.defects);
        let all: Vec<_> = defects.map(ToString::to_string).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// A secret was written after the last try: the next one takes the new content, at most five
    /// minutes later (the secret manager watches).
    fn mended_since(&self, names: &[&String]) -> Option<Verdicted> {
        let referred = |name: &String| self.referred.iter().find(|r| r.name == *name);
        let (name, written, tried) = names
            .iter()
            .filter_map(|name| {
                let referred = referred(name)?;
                let secret = referred.secret.clone().found()?;
                let written = secret.changed.max(secret.created)?;
                Some((name, written, self.last_try(referred)?))
            })
            .find(|(_, written, tried)| written > tried)?;
        // The failure was still there long after: the new content has been tried as well.
        if self.seen_until().is_some_and(|until| until - written > TRIED_AGAIN) {
            return None;
        }
        let now = self.facts.now;
        Some(Verdicted {
            root_cause: Some(&cause::PULL_SECRET_ADDED_AFTER_POD),
            confidence: Confidence::Likely,
            summary: Some(format!(
                "Secret {name} was written at {}, {} after the last failed try. The kubelet's next \
                 one takes it as it is now: this heals by itself within 5 minutes.",
                moment(written, now),
                brief((written - tried).num_seconds()),
            )),
            plan: Plan::Wait,
        })
    }

    /// When the pull was last tried. Where events are gone, a secret that the words know nothing of
    /// was not there when the pod was made.
    fn last_try(&self, referred: &Referred<'_>) -> Option<Time> {
        let unknown = self.anonymous() || referred.unretrieved;
        self.symptom.last_tried.or_else(|| self.pod.created.filter(|_| unknown))
    }

    /// Until when the failure was watched: a live status is of now, that of a file of its last event.
    fn seen_until(&self) -> Option<Time> {
        match self.facts.origin {
            Origin::Cluster { .. } => Some(self.facts.now),
            Origin::Files(_) => self.symptom.last_seen,
        }
    }
}
