//! Everything that was read, put together: the newest copy of each object, and what the input as a
//! whole proves to be absent.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::object::{Object, Record};
use super::text::{TextEvent, TextPod};
use super::words;
use crate::credentials::PullSecret;
use crate::facts::{
    Event, Facts, Lookup, Node, ObjectName, Origin, Owner, OwnerKey, Pod, ServiceAccount, Time,
    Unseen,
};

/// How much an input says about a pod: of two copies without a version, the fuller one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fullness {
    /// A row of a table.
    Row,
    /// An object without a status.
    Manifest,
    /// The words of `kubectl describe`.
    Described,
    /// An object as the API server prints it.
    Whole,
}

/// The copies of one kind of object, by name.
struct Shelf<K, V>(BTreeMap<K, Copy<V>>);

/// The copy to keep; no value: the object was deleted at that version.
struct Copy<V> {
    version: Option<u64>,
    fullness: Fullness,
    value: Option<V>,
}

impl<K: Ord, V> Shelf<K, V> {
    fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Keeps the copy unless a newer or a fuller one is there; of two equal ones the later wins.
    fn put(&mut self, key: K, copy: Copy<V>) {
        if let Some(kept) = self.0.get(&key) {
            let better = match (copy.version, kept.version) {
                (Some(new), Some(old)) if new != old => new > old,
                _ => copy.fullness >= kept.fullness,
            };
            if !better {
                return;
            }
        }
        self.0.insert(key, copy);
    }

    fn into_values(self) -> impl Iterator<Item = (K, V, Fullness)> {
        self.0.into_iter().filter_map(|(key, copy)| Some((key, copy.value?, copy.fullness)))
    }

    fn into_lookups(self) -> BTreeMap<K, Lookup<V>> {
        self.into_values().map(|(key, value, _)| (key, Lookup::Found(value))).collect()
    }
}

/// The namespaces of which one list held secrets, or service accounts.
#[derive(Default)]
pub(super) struct Listing {
    secrets: BTreeSet<String>,
    service_accounts: BTreeSet<String>,
}

/// Which namespaces the lists of one kind cover.
#[derive(Default)]
struct Coverage {
    namespaces: BTreeSet<String>,
    /// One list with several namespaces in it: only `-A` prints that, so it covers them all.
    everywhere: bool,
}

impl Coverage {
    fn add(&mut self, namespaces: BTreeSet<String>) {
        self.everywhere |= namespaces.len() > 1;
        self.namespaces.extend(namespaces);
    }

    fn includes(&self, namespace: &str) -> bool {
        self.everywhere || self.namespaces.contains(namespace)
    }
}

/// Everything that was read so far.
pub(super) struct Store {
    pods: Shelf<ObjectName, Pod>,
    events: Shelf<ObjectName, Event>,
    secrets: Shelf<ObjectName, PullSecret>,
    service_accounts: Shelf<ObjectName, ServiceAccount>,
    nodes: Shelf<String, Node>,
    owners: Shelf<OwnerKey, Owner>,
    secret_lists: Coverage,
    account_lists: Coverage,
    text_pods: Vec<TextPod>,
    text_events: Vec<TextEvent>,
    /// Namespaces of descriptions: those say of their pods which events there are, be it none.
    described: BTreeSet<String>,
    nameless_events: usize,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            pods: Shelf::new(),
            events: Shelf::new(),
            secrets: Shelf::new(),
            service_accounts: Shelf::new(),
            nodes: Shelf::new(),
            owners: Shelf::new(),
            secret_lists: Coverage::default(),
            account_lists: Coverage::default(),
            text_pods: Vec::new(),
            text_events: Vec::new(),
            described: BTreeSet::new(),
            nameless_events: 0,
        }
    }

    /// Takes an object; says whether it is of a kind that matters.
    pub(super) fn take(
        &mut self,
        record: Record,
        deleted: bool,
        mut listing: Option<&mut Listing>,
    ) -> bool {
        let version = record.version;
        let fullness = Fullness::Whole;
        match record.object {
            Object::Pod { pod, has_status } => {
                let fullness = if has_status { fullness } else { Fullness::Manifest };
                let name = pod.name.clone();
                let value = (!deleted).then_some(*pod);
                self.pods.put(name, Copy { version, fullness, value });
            }
            Object::Event { mut name, event } => {
                if name.name.is_empty() {
                    // Nobody can refer to such an event, so it stands for itself. No object's name
                    // has a space in it.
                    self.nameless_events += 1;
                    name.name = format!("nameless {}", self.nameless_events);
                }
                let value = (!deleted).then_some(*event);
                self.events.put(name, Copy { version, fullness, value });
            }
            Object::Secret(secret) => {
                let name = secret.name.clone();
                if let Some(listing) = listing.as_mut() {
                    listing.secrets.insert(name.namespace.clone());
                }
                let value = (!deleted).then_some(*secret);
                self.secrets.put(name, Copy { version, fullness, value });
            }
            Object::ServiceAccount(account) => {
                let name = account.name.clone();
                if let Some(listing) = listing.as_mut() {
                    listing.service_accounts.insert(name.namespace.clone());
                }
                let value = (!deleted).then_some(*account);
                self.service_accounts.put(name, Copy { version, fullness, value });
            }
            Object::Node(node) => {
                let name = node.name.clone();
                let value = (!deleted).then_some(*node);
                self.nodes.put(name, Copy { version, fullness, value });
            }
            Object::Owner(owner) => {
                let key = owner.key.clone();
                let value = (!deleted).then_some(*owner);
                self.owners.put(key, Copy { version, fullness, value });
            }
            Object::Refusal(_) | Object::Kubeconfig | Object::Other(_) => return false,
        }
        true
    }

    /// Takes note of a list that was read to its end.
    pub(super) fn listed(&mut self, listing: Listing) {
        self.secret_lists.add(listing.secrets);
        self.account_lists.add(listing.service_accounts);
    }

    /// Takes what a text says.
    pub(super) fn take_text(&mut self, pods: Vec<TextPod>, events: Vec<TextEvent>) {
        self.text_pods.extend(pods);
        self.text_events.extend(events);
    }

    /// The facts in all that was read.
    pub(super) fn into_facts(
        mut self,
        origin: Origin,
        now: Time,
        assumed_namespace: &str,
    ) -> Facts {
        self.place_texts(assumed_namespace);
        let mut facts = Facts::new(now, origin);
        facts.events = self.events.into_values().map(|(_, event, _)| event).collect();
        add_text_events(&mut facts.events, self.text_events);
        let described = self.described.iter();
        for namespace in facts.events.iter().map(|event| &event.about.namespace).chain(described) {
            if !facts.events_seen.contains_key(namespace) {
                facts.events_seen.insert(namespace.clone(), Ok(()));
            }
        }
        // Of a node's own events the namespace is empty or `default`; they prove nothing about it.
        facts.events_seen.remove("");
        facts.events.retain(|event| matches!(event.about.kind.as_str(), "Pod" | "Node"));

        facts.pods = words::pods(
            self.pods.into_values().map(|(_, pod, fullness)| (pod, fullness)).collect(),
            &facts.events,
        );
        facts.nodes = self.nodes.into_lookups();
        facts.owners = self.owners.into_lookups();
        facts.service_accounts = self.service_accounts.into_lookups();
        facts.secrets = self.secrets.into_lookups();
        prove_absences(&mut facts, &self.secret_lists, &self.account_lists);
        facts
    }

    /// Finds the namespace of what a text names without one: the namespace of the only pod of that
    /// name, else the one that was assumed.
    fn place_texts(&mut self, assumed: &str) {
        let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let said = self.text_pods.iter().filter(|pod| pod.namespace_said).map(|pod| &pod.pod.name);
        let words = self.text_events.iter().filter_map(|event| event.scheduled_as.as_ref());
        for name in self.pods.0.keys().chain(said).chain(words) {
            known.entry(&name.name).or_default().insert(&name.namespace);
        }
        let only: BTreeMap<String, String> = known
            .into_iter()
            .filter(|(_, namespaces)| namespaces.len() == 1)
            .filter_map(|(name, namespaces)| {
                Some((name.to_owned(), (*namespaces.first()?).to_owned()))
            })
            .collect();
        let find = |name: &str| only.get(name).map_or(assumed, String::as_str).to_owned();

        for mut text in std::mem::take(&mut self.text_pods) {
            if !text.namespace_said {
                text.pod.name.namespace = find(&text.pod.name.name);
            }
            if text.events_said {
                self.described.insert(text.pod.name.namespace.clone());
            }
            let name = text.pod.name.clone();
            let copy = Copy { version: None, fullness: text.fullness, value: Some(text.pod) };
            self.pods.put(name, copy);
        }
        for text in &mut self.text_events {
            if !text.namespace_said {
                text.event.about.namespace = find(&text.event.about.name);
            }
        }
    }
}

/// Adds the events that only a text tells of. Two texts of one pod, or a text beside the objects,
/// tell the same event twice: the one that counts more is kept, and an object always. Two events
/// that differ in their container alone become one; a text seldom says the container.
fn add_text_events(events: &mut Vec<Event>, texts: Vec<TextEvent>) {
    if texts.is_empty() {
        return;
    }
    let keep: Vec<bool> = {
        let recorded: HashSet<[&str; 4]> = events.iter().map(identity).collect();
        let mut told: HashMap<[&str; 4], usize> = HashMap::new();
        for (at, text) in texts.iter().enumerate() {
            let best = told.entry(identity(&text.event)).or_insert(at);
            if texts[*best].event.count < text.event.count {
                *best = at;
            }
        }
        let is_best = |(at, text): (usize, &TextEvent)| {
            let said = identity(&text.event);
            told.get(&said) == Some(&at) && !recorded.contains(&said)
        };
        texts.iter().enumerate().map(is_best).collect()
    };
    let kept = texts.into_iter().zip(keep).filter(|(_, keep)| *keep);
    events.extend(kept.map(|(text, _)| text.event));
}

/// What makes two events the same where one of them has no uid.
fn identity(event: &Event) -> [&str; 4] {
    [&event.about.namespace, &event.about.name, &event.reason, &event.message]
}

/// What is not in a list is not there: the only proof of absence that files can give.
fn prove_absences(facts: &mut Facts, secret_lists: &Coverage, account_lists: &Coverage) {
    let namespaces: BTreeSet<&String> = facts.pods.iter().map(|pod| &pod.name.namespace).collect();
    for namespace in namespaces.into_iter().chain(&secret_lists.namespaces) {
        if secret_lists.includes(namespace) {
            facts.secrets_listed.insert(namespace.clone(), Ok(()));
        }
    }
    facts.secrets_elsewhere = if secret_lists.everywhere {
        Some(Ok(()))
    } else {
        let mut namespaces = facts.secrets.keys().map(|name| &name.namespace);
        let first = namespaces.next();
        // Secrets of some other namespaces were given, and nobody knows of how many.
        namespaces.any(|namespace| Some(namespace) != first).then_some(Err(Unseen::NotGiven))
    };

    for pod in &facts.pods {
        let namespace = &pod.name.namespace;
        let account = pod.service_account.as_ref().map(|name| ObjectName::new(namespace, name));
        if let Some(account) = &account
            && account_lists.includes(namespace)
        {
            facts.service_accounts.entry(account.clone()).or_insert(Lookup::Absent);
        }
        if !secret_lists.includes(namespace) {
            continue;
        }
        let of_account = match account.and_then(|name| facts.service_accounts.get(&name)) {
            Some(Lookup::Found(account)) => account.pull_secrets.as_slice(),
            _ => &[],
        };
        for name in pod.pull_secrets.iter().flatten().chain(of_account) {
            facts.secrets.entry(ObjectName::new(namespace, name)).or_insert(Lookup::Absent);
        }
    }
}
