//! One access failure with all that was seen around it. What it proves stands beside, a file for
//! each state of the pod's references.

use crate::cause::{self, Cause};
use crate::credentials::{Keyring, Match, PullSecret};
use crate::facts::{Facts, Lookup, Pod};
use crate::image::ImageReference;

use super::super::Confidence;
use super::super::symptom::Symptom;
use super::referred::Referred;
use super::standing::{Standing, runs_somewhere};
use super::{Access, Mend, Obtain, Plan, Reference, Source, names_to_read, registry_name};

/// One access failure with all that was seen around it.
pub(super) struct Case<'a> {
    pub(super) facts: &'a Facts,
    pub(super) pod: &'a Pod,
    pub(super) symptom: &'a Symptom,
    pub(super) image: &'a ImageReference,
    /// The secrets in the pod's own `imagePullSecrets`, in order.
    pub(super) referred: Vec<Referred<'a>>,
    /// Secrets of the namespace that would serve and are not referred to, best first.
    pub(super) candidates: Vec<&'a PullSecret>,
    /// Those that have a login for the image which has expired or is refused.
    pub(super) spoilt: Vec<(&'a PullSecret, Standing)>,
    /// Secrets of other namespaces that would serve, best first.
    pub(super) elsewhere: Vec<&'a PullSecret>,
    /// Whether a pod runs the image with a login: then it is not the name that is wrong.
    pub(super) exists: bool,
}

/// A verdict of [`Case`] before the checks are added.
pub(super) struct Verdicted {
    pub(super) root_cause: Option<&'static Cause>,
    pub(super) confidence: Confidence,
    pub(super) summary: Option<String>,
    pub(super) plan: Plan,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        facts: &'a Facts,
        pod: &'a Pod,
        symptom: &'a Symptom,
        image: &'a ImageReference,
    ) -> Self {
        let namespace = &pod.name.namespace;
        let has_own = pod.pull_secrets.as_ref().is_some_and(|own| !own.is_empty());
        let names = if has_own { names_to_read(facts, pod) } else { Vec::new() };
        let referred: Vec<_> = names
            .into_iter()
            .map(|name| {
                let unretrieved = symptom.secrets_unretrieved.contains(&name);
                Referred::new(facts, pod, image, name, unretrieved)
            })
            .collect();
        let is_own = |secret: &PullSecret| {
            secret.name.namespace == *namespace
                && referred.iter().any(|referred| referred.name == secret.name.name)
        };
        let mut with_login: Vec<_> = facts
            .pull_secrets()
            .filter(|secret| !is_own(secret))
            .filter(|secret| has_login(facts, secret, image))
            .map(|secret| (secret, Standing::of(facts, secret, image)))
            .collect();
        let other_name = |secret: &PullSecret| {
            !referred.iter().any(|referred| referred.name == secret.name.name)
        };
        with_login.sort_by_key(|(secret, standing)| (*standing, other_name(secret)));
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            with_login.into_iter().partition(|(secret, _)| secret.name.namespace == *namespace);
        let good = |list: &[(&'a PullSecret, Standing)]| -> Vec<&'a PullSecret> {
            list.iter().filter(|(_, standing)| standing.is_good()).map(|(it, _)| *it).collect()
        };
        Self {
            facts,
            pod,
            symptom,
            image,
            candidates: good(&here),
            spoilt: here.into_iter().filter(|(_, standing)| !standing.is_good()).collect(),
            elsewhere: good(&elsewhere),
            referred,
            exists: runs_somewhere(facts, image),
        }
    }

    pub(super) fn judge(self) -> Access {
        let malformed = self.symptom.reading.cause == &cause::PULL_SECRET_MALFORMED;
        let mut verdict = match &self.pod.pull_secrets {
            None => self.words_only(),
            Some(_) if self.needs_no_login() && !malformed => self.public_image(),
            Some(_) => self.unreadable().unwrap_or_else(|| {
                let matches = self.matches();
                if malformed {
                    self.was_unreadable()
                } else if self.referred.is_empty() {
                    self.nothing_referred()
                } else if matches.is_empty() {
                    self.no_match()
                } else {
                    self.refused(&matches)
                }
            }),
        };
        let others = self.others(&mut verdict);
        Access {
            root_cause: verdict.root_cause,
            others,
            confidence: verdict.confidence,
            summary: verdict.summary,
            checks: self.checks(),
            plan: verdict.plan,
        }
    }

    /// What is wrong with the pod's other secrets; the summary says it.
    fn others(&self, verdict: &mut Verdicted) -> Vec<&'static Cause> {
        let (Some(root), Some(summary)) = (verdict.root_cause, &mut verdict.summary) else {
            return Vec::new();
        };
        let mut found: Vec<&'static Cause> = Vec::new();
        let mut clauses = Vec::new();
        for (cause, clause) in
            self.referred.iter().filter_map(|referred| referred.problem(self.facts))
        {
            // The leading one has been told of.
            if cause != root && !found.contains(&cause) {
                found.push(cause);
                clauses.push(clause);
            }
        }
        if !clauses.is_empty() {
            *summary = format!("{summary} Besides, {}.", clauses.join(", and "));
        }
        found
    }

    pub(super) fn namespace(&self) -> &'a str {
        &self.pod.name.namespace
    }

    /// The registry as people call it: `Docker Hub`, or the host.
    pub(super) fn registry(&self) -> String {
        registry_name(self.image.registry())
    }

    /// What the words say, as a sentence.
    pub(super) fn words(&self) -> String {
        let summary = self.symptom.reading.summary();
        if summary.ends_with('.') { summary } else { format!("{summary}.") }
    }

    /// Whether the words prove that nobody logged in.
    pub(super) fn anonymous(&self) -> bool {
        self.symptom.reading.details.credential_sent == Some(false)
    }

    /// Whether the words prove that a credential was sent.
    pub(super) fn logged_in(&self) -> bool {
        self.symptom.reading.details.credential_sent == Some(true)
            || [&cause::BAD_CREDENTIALS, &cause::CREDENTIALS_EXPIRED]
                .contains(&self.symptom.reading.cause)
    }

    /// How sure it can be that a login is what is missing: words that blur "no such repository" with
    /// "no access" leave the other possibility open, unless the image is known to be there.
    pub(super) fn by_words(&self) -> Confidence {
        let proven =
            self.exists || (self.symptom.reading.cause == &cause::UNAUTHORIZED && self.anonymous());
        if proven { Confidence::Certain } else { Confidence::Likely }
    }

    /// Plain text says nothing of secrets, so nothing can be proven.
    fn words_only(&self) -> Verdicted {
        let unretrieved = self.symptom.secrets_unretrieved.first().filter(|_| !self.logged_in());
        let plan = match unretrieved {
            Some(name) => self.obtain(name.clone(), Reference::Pod),
            None if self.logged_in() => Plan::Words,
            None if self.needs_no_login() => Plan::NoLogin,
            None => self.obtain(self.new_name(), Reference::None),
        };
        Verdicted {
            root_cause: unretrieved.map(|_| &cause::PULL_SECRET_MISSING),
            confidence: match unretrieved {
                Some(_) => Confidence::Likely,
                None => Confidence::Possible,
            },
            summary: None,
            plan,
        }
    }

    /// The pod's secrets that were found, in order.
    pub(super) fn found(&self) -> Vec<&'a PullSecret> {
        self.referred.iter().filter_map(|referred| referred.secret.clone().found()).collect()
    }

    /// What the kubelet would send for the image.
    pub(super) fn matches(&self) -> Vec<Match> {
        let usable = |found: &Match| !found.is_empty;
        match Keyring::replay(&self.found()) {
            Ok(keyring) => keyring.lookup(self.image).into_iter().filter(usable).collect(),
            Err(_) => Vec::new(),
        }
    }

    pub(super) fn kind_of(&self, name: &str) -> String {
        let secret = self.facts.secret(self.namespace(), name).found();
        crate::redact::line(secret.map_or("", |secret| &secret.kind), 80)
    }

    /// A secret that is not there yet, under a name of its own; or a spoilt one, renewed.
    pub(super) fn obtain_new(&self) -> Plan {
        if let Some((secret, _)) = self.spoilt.first() {
            return self.obtain(secret.name.name.clone(), Reference::None);
        }
        let copied = self.elsewhere.first().map(|secret| secret.name.name.clone());
        let name = copied.filter(|name| !self.is_taken(name)).unwrap_or_else(|| self.new_name());
        self.obtain(name, Reference::None)
    }

    /// The secret of that name, made or renewed.
    pub(super) fn obtain(&self, name: String, referred: Reference) -> Plan {
        let seen = matches!(self.facts.secrets_listed.get(self.namespace()), Some(Ok(())));
        let is_there = self.is_taken(&name);
        // Of a name that is referred to already, a copy of one beside it is enough.
        let here = self.candidates.first().filter(|_| referred != Reference::None);
        Plan::Obtain(Obtain {
            is_there,
            copy: here
                .or(self.elsewhere.first())
                .filter(|_| !is_there)
                .map(|secret| Source { secret: secret.name.clone(), kind: secret.kind.clone() }),
            referred,
            maybe_there: referred == Reference::None && !seen && !is_there,
            instead: self.first_candidate(),
            name,
        })
    }

    fn first_candidate(&self) -> Option<String> {
        self.candidates.first().map(|candidate| candidate.name.name.clone())
    }

    pub(super) fn replace(&self, secret: &str, mend: Mend) -> Plan {
        Plan::Replace { secret: secret.to_owned(), mend, instead: self.first_candidate() }
    }

    /// A name for a new secret: `regcred` as in the Kubernetes documentation, unless it is taken.
    fn new_name(&self) -> String {
        if self.is_taken("regcred") {
            format!("{}-pull", crate::words::dns_label(self.image.registry()))
        } else {
            "regcred".to_owned()
        }
    }

    /// Whether the namespace has a secret of that name, as far as was seen.
    fn is_taken(&self, name: &str) -> bool {
        matches!(self.facts.secret(self.namespace(), name), Lookup::Found(_))
    }
}

/// Whether a secret holds a credential for the image, expired or not.
fn has_login(facts: &Facts, secret: &PullSecret, image: &ImageReference) -> bool {
    use crate::credentials::{Verdict, judge};
    matches!(judge(secret, Some(image), facts.now).verdict, Verdict::Serves { .. })
}
