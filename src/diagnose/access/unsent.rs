//! A pod whose pull secrets give nothing that the kubelet would send for the image.

use crate::cause;
use crate::credentials::{Ignored, Keyring, Miss, NearMiss, Nothing, PullSecret, Verdict};
use crate::facts::Lookup;
use crate::words;

use super::super::Confidence;
use super::case::{Case, Verdicted};
use super::referred::Referred;
use super::{Mend, Plan, Reference};

impl Case<'_> {
    /// One unreadable secret fails every pull of the pod, so it comes before all else.
    pub(super) fn unreadable(&self) -> Option<Verdicted> {
        let unreadable = Keyring::replay(&self.found()).err()?;
        let name = unreadable.secret.name;
        let by_words = self.symptom.reading.cause == &cause::PULL_SECRET_MALFORMED;
        Some(Verdicted {
            root_cause: Some(&cause::PULL_SECRET_MALFORMED),
            confidence: if by_words { Confidence::Certain } else { Confidence::Likely },
            summary: Some(format!(
                "The kubelet cannot read secret {name} ({}), and one unreadable secret stops every \
                 pull of the pod, of public images too.",
                unreadable.why,
            )),
            plan: self.replace(&name, Mend::Content),
        })
    }

    /// The kubelet could not read a secret, and all that were seen can be read.
    pub(super) fn was_unreadable(&self) -> Verdicted {
        let unseen: Vec<_> = self.referred.iter().filter(|referred| referred.is_unseen()).collect();
        if !unseen.is_empty() {
            return Verdicted {
                root_cause: Some(&cause::PULL_SECRET_MALFORMED),
                confidence: Confidence::Likely,
                summary: Some(format!(
                    "The kubelet cannot read one of the pod's secrets, and that stops every pull \
                     of the pod. It does not say which; {} could not be seen.",
                    words::list("secret", "secrets", unseen.iter().map(|referred| &referred.name)),
                )),
                plan: Plan::Words,
            };
        }
        if self.found().is_empty() {
            return Verdicted {
                root_cause: None,
                confidence: Confidence::Possible,
                summary: Some(format!(
                    "{} The pod has no such secret now: it was deleted since, or it is a file of \
                     the node's own.",
                    self.words(),
                )),
                plan: Plan::Words,
            };
        }
        Verdicted {
            root_cause: Some(&cause::PULL_SECRET_ADDED_AFTER_POD),
            confidence: Confidence::Likely,
            summary: Some(
                "The kubelet could not read one of the pod's secrets. All of them can be read now: \
                 it was mended since, and the next try takes it as it is."
                    .to_owned(),
            ),
            plan: Plan::Wait,
        }
    }

    /// Nothing that the pod refers to would be sent: the first reason in the order in which they
    /// must be mended leads.
    pub(super) fn no_match(&self) -> Verdicted {
        if self.logged_in() {
            return self.node_refused();
        }
        let first = |wanted: fn(&Referred<'_>) -> bool| {
            self.referred.iter().find(|referred| wanted(referred))
        };
        let verdict = if let Some(missing) =
            self.referred.iter().find(|referred| referred.is_missing())
        {
            self.missing(missing)
        } else if let Some(ignored) = first(|r| matches!(r.verdict(), Some(Verdict::Ignored(_)))) {
            self.ignored(ignored)
        } else if let Some(empty) =
            first(|r| matches!(r.verdict(), Some(Verdict::YieldsNothing(_))))
        {
            self.yields_nothing(empty)
        } else if let Some(mismatch) = first(|r| near_miss(r).is_some())
            .or_else(|| first(|r| is_mismatch(r) && !r.serves_other))
            .or_else(|| first(is_mismatch))
        {
            self.mismatch(mismatch)
        } else {
            return self.all_unseen();
        };
        // What was not seen may hold the login.
        if self.referred.iter().any(Referred::is_unseen) {
            return Verdicted {
                confidence: verdict.confidence.min(Confidence::Possible),
                ..verdict
            };
        }
        verdict
    }

    fn all_unseen(&self) -> Verdicted {
        Verdicted {
            root_cause: None,
            confidence: Confidence::Possible,
            summary: Some(format!(
                "{} Pod {} refers to {}, which could not be seen.",
                self.words(),
                self.pod.name.name,
                words::list("secret", "secrets", self.referred.iter().map(|r| &r.name)),
            )),
            plan: Plan::Words,
        }
    }

    fn missing(&self, missing: &Referred<'_>) -> Verdicted {
        let (name, namespace) = (&missing.name, self.namespace());
        let helps = match (self.candidates.first(), self.elsewhere.first()) {
            (Some(candidate), _) => {
                format!(" Secret {} in {namespace} would serve.", candidate.name.name)
            }
            (None, Some(other)) if other.name.name == *name => {
                format!(" Namespace {} has one of that name.", other.name.namespace)
            }
            (None, Some(other)) => format!(
                " Secret {} in namespace {} would serve.",
                other.name.name, other.name.namespace
            ),
            (None, None) => String::new(),
        };
        let is_absent = missing.secret == Lookup::Absent;
        let fact = if is_absent {
            format!("namespace {namespace} has no secret of that name")
        } else {
            "the kubelet could not retrieve it: it does not exist, as a rule".to_owned()
        };
        Verdicted {
            root_cause: Some(&cause::PULL_SECRET_MISSING),
            confidence: if is_absent { self.by_words() } else { Confidence::Likely },
            summary: Some(format!(
                "Pod {} refers to pull secret {name}, and {fact}, so the pull went without.{helps}",
                self.pod.name.name,
            )),
            plan: self.obtain(name.clone(), Reference::Pod),
        }
    }

    fn ignored(&self, ignored: &Referred<'_>) -> Verdicted {
        let name = &ignored.name;
        let why = match ignored.verdict() {
            Some(Verdict::Ignored(Ignored::Key { wants })) => {
                format!("has nothing under the key {wants} that goes with its type")
            }
            _ => format!("is of type {}, not kubernetes.io/dockerconfigjson", self.kind_of(name)),
        };
        // What it would serve is judged as if its type were right.
        let entries = ignored.judgement.iter().flat_map(|judgement| &judgement.entries);
        let would_serve = entries.clone().any(|entry| entry.serves && !entry.is_empty);
        let keep = ignored.secret.clone().found().and_then(PullSecret::payload_key);
        let holds = if would_serve {
            format!(" It holds a login for {}.", self.registry())
        } else {
            String::new()
        };
        Verdicted {
            root_cause: Some(&cause::PULL_SECRET_WRONG_TYPE),
            confidence: self.by_words(),
            summary: Some(format!(
                "Pod {} refers to secret {name}, which {why}. The kubelet passes over it without a \
                 word, so the pull went without a login.{holds}",
                self.pod.name.name,
            )),
            plan: self.replace(name, Mend::Type { keep: keep.filter(|_| would_serve) }),
        }
    }

    fn yields_nothing(&self, empty: &Referred<'_>) -> Verdicted {
        let (name, pod) = (&empty.name, &self.pod.name.name);
        let why = match empty.verdict() {
            Some(Verdict::YieldsNothing(nothing)) => *nothing,
            _ => Nothing::NoAuths,
        };
        Verdicted {
            root_cause: Some(&cause::PULL_SECRET_MALFORMED),
            confidence: self.by_words(),
            summary: Some(format!(
                "Pod {pod} refers to secret {name}, which gives the kubelet no login: {why}. So the \
                 pull went without.",
            )),
            plan: self.replace(name, Mend::Content),
        }
    }

    fn mismatch(&self, mismatch: &Referred<'_>) -> Verdicted {
        let (name, near) = (&mismatch.name, near_miss(mismatch));
        let keys = match mismatch.verdict() {
            Some(Verdict::NotForThisRegistry { keys, .. }) => keys.as_slice(),
            _ => &[],
        };
        let nearly = near
            .map_or_else(String::new, |near| format!(" {} comes near: {}.", near.key, near.why));
        let plan = match (near, self.candidates.first()) {
            // The key was meant for this registry: put it right.
            (Some(near), _) if !is_sibling(&near.why) => {
                let from = is_right_login(&near.why).then(|| near.key.clone());
                self.replace(name, Mend::Key { from, kind: self.kind_of(name) })
            }
            // The secret is another registry's login: leave it alone, and add one.
            (_, Some(candidate)) => Plan::Refer { secret: candidate.name.name.clone() },
            (_, None) => self.obtain_new(),
        };
        Verdicted {
            root_cause: Some(&cause::PULL_SECRET_REGISTRY_MISMATCH),
            confidence: self.by_words(),
            summary: Some(format!(
                "Pod {} refers to secret {name}, which has a login for {} and none that the kubelet \
                 would send for {}.{nearly}",
                self.pod.name.name,
                words::some(keys, 3),
                self.image.name(),
            )),
            plan,
        }
    }
}

fn is_mismatch(referred: &Referred<'_>) -> bool {
    matches!(referred.verdict(), Some(Verdict::NotForThisRegistry { .. }))
}

fn near_miss<'a>(referred: &'a Referred<'_>) -> Option<&'a NearMiss> {
    match referred.verdict() {
        Some(Verdict::NotForThisRegistry { near_miss, .. }) => near_miss.as_ref(),
        _ => None,
    }
}

/// Whether the key is another registry's of the same kind, where it may well be in use.
fn is_sibling(miss: &Miss) -> bool {
    matches!(miss, Miss::EcrSibling { .. } | Miss::SiblingHost { .. })
}

/// Whether the login under the missing key is likely to be the right one: of another spelling, yes.
fn is_right_login(miss: &Miss) -> bool {
    // Whoever wrote a path had a reason to; white space and the like cannot be found by sed.
    !matches!(miss, Miss::OtherPath { .. } | Miss::WhiteSpace | Miss::Unparsable)
}
