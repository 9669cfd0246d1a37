//! A secret that the pod refers to, and what is wrong with it.

use crate::cause::{self, Cause};
use crate::credentials::{self, Certainty, Expiry, Judgement, PullSecret, Verdict};
use crate::facts::{Facts, Lookup, Pod};
use crate::image::ImageReference;
use crate::words;

use super::standing::is_expired;

/// A secret that the pod refers to.
pub(super) struct Referred<'a> {
    pub(super) name: String,
    pub(super) secret: Lookup<&'a PullSecret>,
    pub(super) judgement: Option<Judgement>,
    /// Whether the kubelet said that it could not retrieve it.
    pub(super) unretrieved: bool,
    /// Whether it serves another image of the same pod: then it has its place there.
    pub(super) serves_other: bool,
}

impl<'a> Referred<'a> {
    pub(super) fn new(
        facts: &'a Facts,
        pod: &Pod,
        image: &ImageReference,
        name: String,
        unretrieved: bool,
    ) -> Self {
        let secret = facts.secret(&pod.name.namespace, &name);
        let judge = |secret: &PullSecret, image: &ImageReference| {
            credentials::judge(secret, Some(image), facts.now)
        };
        let judgement = secret.clone().found().map(|secret| judge(secret, image));
        let serves_other = secret.clone().found().is_some_and(|secret| {
            pod.places
                .iter()
                .filter_map(|place| ImageReference::parse(&place.image).ok())
                .filter(|other| other != image)
                .any(|other| matches!(judge(secret, &other).verdict, Verdict::Serves { .. }))
        });
        Self { name, secret, judgement, unretrieved, serves_other }
    }

    /// Whether it does not exist, as far as was seen or as the kubelet says.
    pub(super) fn is_missing(&self) -> bool {
        match self.secret {
            Lookup::Absent => true,
            Lookup::Unseen(_) => self.unretrieved,
            Lookup::Found(_) => false,
        }
    }

    /// Whether nothing is known of it.
    pub(super) fn is_unseen(&self) -> bool {
        matches!(self.secret, Lookup::Unseen(_)) && !self.unretrieved
    }

    pub(super) fn verdict(&self) -> Option<&Verdict> {
        self.judgement.as_ref().map(|judgement| &judgement.verdict)
    }

    /// When its last login for the image expired, if it did.
    pub(super) fn expired(&self, facts: &Facts) -> Option<Expiry> {
        let judgement = self.judgement.as_ref()?;
        judgement.expiry.filter(|_| is_expired(judgement, facts))
    }

    /// What is wrong with it: the root cause that it would be on its own, and a clause.
    pub(super) fn problem(&self, facts: &Facts) -> Option<(&'static Cause, String)> {
        let name = &self.name;
        if self.is_missing() {
            return Some((
                &cause::PULL_SECRET_MISSING,
                match self.secret {
                    Lookup::Absent => format!("secret {name} does not exist"),
                    _ => format!("the kubelet could not retrieve secret {name}"),
                },
            ));
        }
        match self.verdict()? {
            Verdict::Ignored(_) => Some((
                &cause::PULL_SECRET_WRONG_TYPE,
                format!("secret {name} is of a type that the kubelet ignores"),
            )),
            Verdict::Unreadable(_) => Some((
                &cause::PULL_SECRET_MALFORMED,
                format!("the kubelet cannot read secret {name}"),
            )),
            Verdict::YieldsNothing(_) => {
                Some((&cause::PULL_SECRET_MALFORMED, format!("secret {name} holds no login")))
            }
            Verdict::NotForThisRegistry { .. } if self.serves_other => None,
            Verdict::NotForThisRegistry { keys, .. } => Some((
                &cause::PULL_SECRET_REGISTRY_MISMATCH,
                format!("secret {name} is for {}", words::some(keys, 3)),
            )),
            Verdict::Serves { .. } => self.expired(facts).map(|_| {
                (&cause::PULL_SECRET_EXPIRED, format!("the login in secret {name} has expired"))
            }),
        }
    }
}

/// Whether an expiry is only inferred from the secret's age.
pub(super) fn is_inferred(expiry: Expiry) -> bool {
    expiry.how == Certainty::Inferred
}
