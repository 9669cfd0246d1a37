//! A pod that refers to no pull secret.

use crate::cause;
use crate::duration::{brief, moment};
use crate::facts::{Lookup, Owner};
use crate::registry::Kind;

use super::super::Confidence;
use super::case::{Case, Verdicted};
use super::standing::{Standing, proof};
use super::{Plan, Reference, account, serves};

impl Case<'_> {
    pub(super) fn nothing_referred(&self) -> Verdicted {
        if self.logged_in() {
            return self.node_refused();
        }
        if let Some(verdict) = self.fixed_after_pod().or_else(|| self.template_fixed_after_pod()) {
            return verdict;
        }
        match self.candidates.first() {
            Some(_) => self.not_referenced(),
            None => self.no_secret(),
        }
    }

    /// The words prove that a login was sent, and none of the pod's secrets can have been it.
    pub(super) fn node_refused(&self) -> Verdicted {
        let has_none = if self.referred.is_empty() {
            "The pod refers to no pull secret".to_owned()
        } else {
            format!("No pull secret of pod {} matches the image", self.pod.name.name)
        };
        Verdicted {
            root_cause: None,
            confidence: Confidence::Likely,
            summary: Some(format!(
                "{} {has_none}, so the login that was refused is likely to be the node's own (a \
                 credential provider or its config.json).",
                self.words(),
            )),
            plan: match self.candidates.first() {
                Some(candidate) => Plan::Refer { secret: candidate.name.name.clone() },
                None => match self.obtain_new() {
                    Plan::Obtain(obtain) => Plan::Node { or: Some(obtain) },
                    plan => plan,
                },
            },
        }
    }

    fn not_referenced(&self) -> Verdicted {
        let candidate = self.candidates[0];
        let name = &candidate.name.name;
        let proof = proof(self.facts, candidate, self.image).map(|pod| &pod.name.name);
        Verdicted {
            root_cause: Some(&cause::PULL_SECRET_NOT_REFERENCED),
            confidence: if proof.is_some() { Confidence::Certain } else { self.by_words() },
            summary: Some(format!(
                "Secret {name} in namespace {} holds a login for {}, but pod {} does not refer to \
                 it, so the pull went without.{}",
                self.namespace(),
                self.registry(),
                self.pod.name.name,
                proof.map_or_else(String::new, |pod| format!(
                    " Pod {pod} runs the same image with it."
                )),
            )),
            plan: Plan::Refer { secret: name.clone() },
        }
    }

    /// The service account has the secret now; the pod was created before and got nothing
    /// (plugin/pkg/admission/serviceaccount copies the names at creation, and only then).
    fn fixed_after_pod(&self) -> Option<Verdicted> {
        let account = account(self.facts, self.pod).found()?;
        let secret = account.pull_secrets.iter().find(|name| self.would_serve(name))?;
        let (now, pod) = (self.facts.now, &self.pod.name.name);
        let when = match (account.pull_secrets_changed, self.pod.created) {
            // It had the secret when the pod was made, and the pod did not get it: somebody made
            // the pod go without, and would again.
            (Some(changed), Some(created)) if changed < created => return None,
            (Some(changed), Some(created)) => format!(
                " The service account was changed at {}, {} after the pod was created.",
                moment(changed, now),
                brief((changed - created).num_seconds()),
            ),
            _ => String::new(),
        };
        Some(Verdicted {
            root_cause: Some(&cause::PULL_SECRET_ADDED_AFTER_POD),
            confidence: self.by_words(),
            summary: Some(format!(
                "Service account {} refers to secret {secret}, which holds a login for {}, but pod \
                 {pod} was created before it did, and existing pods are not updated.{when}",
                account.name.name,
                self.registry(),
            )),
            plan: Plan::Recreate { gets: "its service account's pull secrets".to_owned() },
        })
    }

    /// The template that the pod was made from has the secret now: a stateful set waits for its
    /// broken pod, a daemon set with `OnDelete` and a replica set replace none at all.
    fn template_fixed_after_pod(&self) -> Option<Verdicted> {
        let reference = self.pod.owner.as_ref()?;
        let owner: &Owner = self.facts.owner(&reference.key(self.namespace())).found()?;
        let secret = owner.pull_secrets.iter().find(|name| self.would_serve(name))?;
        let (kind, name) = (&owner.key.kind, &owner.key.name);
        Some(Verdicted {
            root_cause: Some(&cause::PULL_SECRET_ADDED_AFTER_POD),
            confidence: self.by_words(),
            summary: Some(format!(
                "The pod template of {kind} {name} refers to secret {secret}, which holds a login \
                 for {}, but pod {} was created before it did, and existing pods are not updated.",
                self.registry(),
                self.pod.name.name,
            )),
            plan: Plan::Recreate {
                gets: format!("the pull secrets in the template of {kind} {name}"),
            },
        })
    }

    fn would_serve(&self, name: &str) -> bool {
        let secret = self.facts.secret(self.namespace(), name).found();
        secret.is_some_and(|secret| serves(self.facts, secret, self.image))
    }

    fn no_secret(&self) -> Verdicted {
        let namespace = self.namespace();
        let seen = matches!(self.facts.secrets_listed.get(namespace), Some(Ok(())));
        let account = account(self.facts, self.pod);
        let (pod, registry) = (&self.pod.name.name, self.registry());
        let of_account = account.clone().found().and_then(|account| {
            let absent = |name: &&String| self.facts.secret(namespace, name) == Lookup::Absent;
            Some((&account.name.name, account.pull_secrets.iter().find(absent)?))
        });
        let mut summary = match (self.spoilt.first(), self.elsewhere.first()) {
            (Some((secret, standing)), _) => format!(
                "Pod {pod} refers to no pull secret, and the one in namespace {namespace} that is \
                 for {registry} would not serve: {} {}.",
                secret.name.name,
                match standing {
                    Standing::Expired => "has expired",
                    _ => "is refused where another pod refers to it",
                },
            ),
            (None, Some(other)) => format!(
                "Pod {pod} refers to no pull secret, and none in namespace {namespace} would serve \
                 {registry}. Secret {} in namespace {} would, but secrets serve their own \
                 namespace only.",
                other.name.name, other.name.namespace,
            ),
            (None, None) if seen => format!(
                "Pod {pod} refers to no pull secret, and no secret in namespace {namespace} holds \
                 a login for {registry}: the pull went without one.",
            ),
            (None, None) => format!(
                "Pod {pod} refers to no pull secret, so the pull from {registry} went without one. \
                 Whether namespace {namespace} has one that would serve could not be seen.",
            ),
        };
        if let Some((account, secret)) = of_account {
            summary = format!(
                "{summary} Service account {account} refers to secret {secret}, which does not exist.",
            );
        }
        let by_node = matches!(
            Kind::of_host(self.image.registry()),
            Kind::Ecr | Kind::ArtifactRegistry | Kind::Acr
        );
        if by_node {
            summary.push_str(
                " Nodes in the registry's own cloud can log in by themselves: if this one should, \
                 its role or credential provider is what is broken.",
            );
        }
        if self.symptom.reading.cause == &cause::ACCESS_DENIED_OR_MISSING && !self.exists {
            summary.push_str(" If the image is public, its name is misspelt.");
        }
        let account_seen = !matches!(account, Lookup::Unseen(_));
        let confidence = match (seen && account_seen, by_node) {
            (false, _) => Confidence::Possible,
            (true, true) => Confidence::Likely,
            (true, false) => self.by_words(),
        };
        Verdicted {
            root_cause: Some(&cause::NO_PULL_SECRET),
            confidence,
            summary: Some(summary),
            plan: match of_account {
                Some((_, name)) => self.obtain(name.clone(), Reference::Account),
                None => self.obtain_new(),
            },
        }
    }
}
