//! What a diagnosis needs to see, whether it was seen, and what it costs when it was not.

use std::collections::BTreeSet;

use crate::facts::{
    Facts, Lookup, ObjectName, Origin, OwnerKey, OwnerReference, PlaceKind, Pod, Unseen,
};
use crate::question::Question;

use super::symptom::Symptom;
use super::{Limitation, Workload, access};

/// How far the chain of owners is followed; Kubernetes' own are two long.
const OWNERS: usize = 4;

/// A question that matters for a pod, and what cannot be said without its answer.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) question: Question,
    effect: &'static str,
}

/// Every question that matters for the pod, answered or not.
pub(super) fn wanted(facts: &Facts, pod: &Pod, symptoms: &[Symptom]) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    if symptoms.is_empty() {
        return wanted;
    }
    let namespace = &pod.name.namespace;
    let mut want = |question, effect| wanted.push(Wanted { question, effect });

    if symptoms.iter().any(|symptom| symptom.reading.cause == &crate::cause::BACK_OFF) {
        want(
            Question::Neighbours(namespace.clone()),
            "other pods with the same image might say why it fails",
        );
    }
    if let Some(node) = &pod.node {
        want(Question::Node(node.clone()), "the node's platform, runtime and health are not known");
    }
    for key in owner_chain(facts, pod) {
        want(Question::Owner(key), "the fix may belong into an object further up");
    }
    if !symptoms.iter().any(|symptom| access::applies(pod, symptom)) {
        return wanted;
    }

    let login = symptoms
        .iter()
        .any(|symptom| access::applies(pod, symptom) && access::wants_login(symptom));
    if let Some(account) = pod.service_account.as_ref().filter(|_| login) {
        want(
            Question::ServiceAccount(ObjectName::new(namespace, account)),
            "whether the service account adds a pull secret is not known",
        );
    }
    if login {
        want(
            Question::PullSecrets(namespace.clone()),
            "whether a secret in the namespace would serve the image is not known",
        );
    }
    for name in access::names_to_read(facts, pod) {
        let listed = matches!(facts.secrets_listed.get(namespace), Some(Ok(())));
        let found = matches!(facts.secret(namespace, &name), Lookup::Found(_));
        // The list holds the two pull-secret types whole; only what it lacks must be asked for.
        if !(listed && found) {
            want(
                Question::Secret(ObjectName::new(namespace, &name)),
                "whether a secret that the pod refers to exists and fits is not known",
            );
        }
    }
    if login && !serves_here(facts, pod, symptoms) && list_answered(facts, namespace) {
        want(
            Question::PullSecretsElsewhere,
            "a secret in another namespace that would serve is not found",
        );
    }
    wanted
}

fn list_answered(facts: &Facts, namespace: &str) -> bool {
    facts.secrets_listed.contains_key(namespace)
}

/// Whether some secret that was seen in the pod's namespace serves every image that is refused.
fn serves_here(facts: &Facts, pod: &Pod, symptoms: &[Symptom]) -> bool {
    symptoms.iter().filter(|symptom| access::applies(pod, symptom)).all(|symptom| {
        symptom.image.parsed.as_ref().is_none_or(|image| {
            facts
                .pull_secrets_in(&pod.name.namespace)
                .any(|secret| access::serves(facts, secret, image))
        })
    })
}

/// The keys of the pod's owners, outwards, as far as they are known.
fn owner_chain(facts: &Facts, pod: &Pod) -> Vec<OwnerKey> {
    let mut keys = Vec::new();
    let mut next = pod.owner.clone();
    while let Some(owner) = next.filter(|owner| owner.kind != "Node" && keys.len() < OWNERS) {
        let key = owner.key(&pod.name.namespace);
        next = facts.owner(&key).found().and_then(|owner| owner.owner.clone());
        if keys.contains(&key) {
            break;
        }
        keys.push(key);
    }
    keys
}

/// The outermost owner of the pod that is known by name.
pub(super) fn outermost(facts: &Facts, pod: &Pod) -> Option<OwnerReference> {
    let key = owner_chain(facts, pod).pop()?;
    Some(OwnerReference { api_version: key.api_version, kind: key.kind, name: key.name })
}

/// The outermost owner as the report names it. A replica set that was not looked at is named by the
/// Deployment that its name tells of: of many pods, only a few are asked about.
pub(super) fn workload(facts: &Facts, pod: &Pod) -> Option<Workload> {
    let owner = outermost(facts, pod)?;
    let is_seen = facts.owner(&owner.key(&pod.name.namespace)).found().is_some();
    let guessed = if is_seen { None } else { Workload::guessed(&owner, pod) };
    Some(guessed.unwrap_or(Workload { kind: owner.kind, name: owner.name }))
}

/// Whether the facts hold an answer, whatever it is.
pub(super) fn answered(facts: &Facts, question: &Question) -> bool {
    match question {
        Question::ServiceAccount(name) => facts.service_accounts.contains_key(name),
        Question::Node(name) => facts.nodes.contains_key(name),
        Question::Owner(key) => facts.owners.contains_key(key),
        Question::Secret(name) => facts.secrets.contains_key(name),
        Question::PullSecrets(namespace) => list_answered(facts, namespace),
        Question::PullSecretsElsewhere => facts.secrets_elsewhere.is_some(),
        Question::Neighbours(namespace) => facts.neighbours_seen.contains_key(namespace),
    }
}

/// Why the answer to a question is missing; None if it is there.
fn missing(facts: &Facts, question: &Question) -> Option<Unseen> {
    let of_lookup = |unseen: Lookup<()>| match unseen {
        Lookup::Unseen(why) => Some(why),
        Lookup::Found(()) | Lookup::Absent => None,
    };
    let of_list = |seen: Option<&Result<(), Unseen>>| match seen {
        None => Some(Unseen::NotGiven),
        Some(Err(why)) => Some(why.clone()),
        Some(Ok(())) => None,
    };
    match question {
        Question::ServiceAccount(name) => {
            of_lookup(unit(facts.service_account(&name.namespace, &name.name)))
        }
        Question::Node(name) => of_lookup(unit(facts.node(name))),
        Question::Owner(key) => of_lookup(unit(facts.owner(key))),
        Question::Secret(name) => of_lookup(unit(facts.secret(&name.namespace, &name.name))),
        Question::PullSecrets(namespace) => of_list(facts.secrets_listed.get(namespace)),
        Question::PullSecretsElsewhere => of_list(facts.secrets_elsewhere.as_ref()),
        Question::Neighbours(namespace) => of_list(facts.neighbours_seen.get(namespace)),
    }
}

fn unit<T>(lookup: Lookup<T>) -> Lookup<()> {
    match lookup {
        Lookup::Found(_) => Lookup::Found(()),
        Lookup::Absent => Lookup::Absent,
        Lookup::Unseen(why) => Lookup::Unseen(why),
    }
}

/// What a question is about, for people.
fn subject(question: &Question) -> String {
    match question {
        Question::ServiceAccount(name) => {
            format!("service account {} of namespace {}", name.name, name.namespace)
        }
        Question::Node(name) => format!("node {name}"),
        Question::Owner(key) => format!("{} {} of namespace {}", key.kind, key.name, key.namespace),
        Question::Secret(name) => format!("secret {} of namespace {}", name.name, name.namespace),
        Question::PullSecrets(namespace) => format!("the pull secrets of namespace {namespace}"),
        Question::PullSecretsElsewhere => "the pull secrets of other namespaces".to_owned(),
        Question::Neighbours(namespace) => format!("other pods of namespace {namespace}"),
    }
}

/// What could not be seen, and what it costs.
pub(super) fn limitations(facts: &Facts, pod: &Pod, symptoms: &[Symptom]) -> BTreeSet<Limitation> {
    let mut limitations: BTreeSet<_> = wanted(facts, pod, symptoms)
        .into_iter()
        .filter_map(|wanted| {
            let why = missing(facts, &wanted.question)?;
            // Files hold what somebody put into them; that other namespaces' secrets, nodes or
            // neighbours are not among it is no surprise and takes nothing from the diagnosis.
            let expected = matches!(
                wanted.question,
                Question::PullSecretsElsewhere | Question::Node(_) | Question::Neighbours(_)
            );
            // Of a kind that only its own controller knows, nobody can be asked.
            let foreign = matches!(wanted.question, Question::Owner(_))
                && matches!(facts.origin, Origin::Cluster { .. });
            let not_given = why == Unseen::NotGiven;
            if why == Unseen::NotAsked || (not_given && (expected || foreign)) {
                return None;
            }
            let missing = format!("{}: {why}", subject(&wanted.question));
            Some(Limitation { missing, effect: wanted.effect.to_owned() })
        })
        .collect();
    if let Some(Err(why)) = facts.events_seen.get(&pod.name.namespace) {
        limitations.insert(Limitation {
            missing: format!("events of namespace {}: {why}", pod.name.namespace),
            effect: "only what the pod's status says is known, not its history".to_owned(),
        });
    }
    let words_only = pod.pull_secrets.is_none()
        && symptoms.iter().any(|symptom| symptom.kind != PlaceKind::Sandbox);
    if words_only {
        limitations.insert(Limitation {
            missing: format!("pod {} itself: the input is text, not the object", pod.name.name),
            effect: "its pull secrets, service account and owner are not known".to_owned(),
        });
    }
    limitations
}
