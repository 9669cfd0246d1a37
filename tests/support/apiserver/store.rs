//! The objects, and the history that watches are made of.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::sync::watch;

/// The real server's versions are large; so are these.
const FIRST_VERSION: u64 = 1000;

/// Group and plural of a kind that the server knows.
pub(super) const KINDS: [(&str, &str, &str); 14] = [
    ("", "ConfigMap", "configmaps"),
    ("", "Event", "events"),
    ("", "Namespace", "namespaces"),
    ("", "Node", "nodes"),
    ("", "Pod", "pods"),
    ("", "ReplicationController", "replicationcontrollers"),
    ("", "Secret", "secrets"),
    ("", "ServiceAccount", "serviceaccounts"),
    ("apps", "DaemonSet", "daemonsets"),
    ("apps", "Deployment", "deployments"),
    ("apps", "ReplicaSet", "replicasets"),
    ("apps", "StatefulSet", "statefulsets"),
    ("batch", "CronJob", "cronjobs"),
    ("batch", "Job", "jobs"),
];

/// Group, plural, namespace (empty for none), name.
type Key = (String, String, String, String);

/// One entry of the history.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// The resource version that it made.
    pub(super) version: u64,
    /// Group and plural.
    pub(super) kind: (String, String),
    /// Its namespace; empty for none.
    pub(super) namespace: String,
    /// The object before, if there was one.
    pub(super) before: Option<Value>,
    /// The object after, if there is one.
    pub(super) after: Option<Value>,
}

/// The server's state.
pub(super) struct Store {
    inner: Mutex<Inner>,
    news: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    objects: BTreeMap<Key, Value>,
    history: Vec<Change>,
    version: u64,
    forgotten: u64,
}

impl Default for Store {
    fn default() -> Self {
        let inner = Inner { version: FIRST_VERSION, ..Inner::default() };
        Self { inner: Mutex::new(inner), news: watch::Sender::new(FIRST_VERSION) }
    }
}

impl Store {
    /// Adds an object or the items of a List, and the namespaces they are in.
    pub(super) fn add(&mut self, object: Value) {
        if object["kind"] == "List" {
            for item in object["items"].as_array().cloned().unwrap_or_default() {
                self.add(item);
            }
            return;
        }
        if let Some(namespace) = object["metadata"]["namespace"].as_str() {
            self.add_namespace(namespace);
        }
        self.put(object);
    }

    pub(super) fn add_namespace(&mut self, name: &str) {
        let key = (String::new(), "namespaces".to_owned(), String::new(), name.to_owned());
        if !self.inner.lock().unwrap().objects.contains_key(&key) {
            self.put(json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": { "name": name }, "status": { "phase": "Active" },
            }));
        }
    }

    pub(super) fn put(&self, mut object: Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let group = text(&object["apiVersion"]);
        let group = group.split_once('/').map_or("", |(group, _)| group);
        let kind = text(&object["kind"]);
        let plural = KINDS.iter().find(|(_, known, _)| *known == kind).map_or_else(
            || format!("{}s", kind.to_lowercase()),
            |(.., plural)| (*plural).to_owned(),
        );
        let namespace = text(&object["metadata"]["namespace"]);
        let key = (group.to_owned(), plural, namespace, text(&object["metadata"]["name"]));

        let mut inner = self.inner.lock().unwrap();
        inner.version += 1;
        object["metadata"]["resourceVersion"] = json!(inner.version.to_string());
        let before = inner.objects.insert(key.clone(), object.clone());
        self.record(&mut inner, key, before, Some(object));
    }

    pub(super) fn delete(&self, plural: &str, namespace: &str, name: &str) {
        let mut inner = self.inner.lock().unwrap();
        let key = inner
            .objects
            .keys()
            .find(|(_, p, ns, n)| {
                (p.as_str(), ns.as_str(), n.as_str()) == (plural, namespace, name)
            })
            .cloned()
            .unwrap_or_else(|| panic!("no {plural} {namespace}/{name} to delete"));
        let before = inner.objects.remove(&key);
        inner.version += 1;
        self.record(&mut inner, key, before, None);
    }

    fn record(&self, inner: &mut Inner, key: Key, before: Option<Value>, after: Option<Value>) {
        let (group, plural, namespace, _) = key;
        let version = inner.version;
        inner.history.push(Change { version, kind: (group, plural), namespace, before, after });
        self.news.send_replace(version);
    }

    /// Forgets the history so far.
    pub(super) fn compact(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.history.clear();
        inner.forgotten = inner.version;
    }

    pub(super) fn version(&self) -> u64 {
        self.inner.lock().unwrap().version
    }

    /// Whether the server serves that resource: the usual ones, and those of its objects.
    pub(super) fn serves(&self, group: &str, plural: &str) -> bool {
        KINDS.iter().any(|(g, _, p)| (*g, *p) == (group, plural))
            || self
                .inner
                .lock()
                .unwrap()
                .objects
                .keys()
                .any(|(g, p, ..)| (g.as_str(), p.as_str()) == (group, plural))
    }

    pub(super) fn get(
        &self,
        group: &str,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Option<Value> {
        let key = (group.to_owned(), plural.to_owned(), namespace.to_owned(), name.to_owned());
        self.inner.lock().unwrap().objects.get(&key).cloned()
    }

    /// The objects of a resource in one namespace or in all, and the version of the state.
    pub(super) fn list(
        &self,
        group: &str,
        plural: &str,
        namespace: Option<&str>,
    ) -> (Vec<Value>, u64) {
        let inner = self.inner.lock().unwrap();
        let found = inner
            .objects
            .iter()
            .filter(|((g, p, ns, _), _)| {
                (g.as_str(), p.as_str()) == (group, plural)
                    && namespace.is_none_or(|namespace| namespace == ns)
            })
            .map(|(_, object)| object.clone())
            .collect();
        (found, inner.version)
    }

    /// What changed after a version; `None` if that is no longer known.
    pub(super) fn since(
        &self,
        version: u64,
        group: &str,
        plural: &str,
        namespace: Option<&str>,
    ) -> Option<(Vec<Change>, u64)> {
        let inner = self.inner.lock().unwrap();
        if version < inner.forgotten {
            return None;
        }
        let changes = inner
            .history
            .iter()
            .filter(|change| {
                change.version > version
                    && (change.kind.0.as_str(), change.kind.1.as_str()) == (group, plural)
                    && namespace.is_none_or(|namespace| namespace == change.namespace)
            })
            .cloned()
            .collect();
        Some((changes, inner.version))
    }

    /// Hears of every new version.
    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }
}

/// The kind of a plural, for lists.
pub(super) fn kind_of(group: &str, plural: &str) -> String {
    KINDS
        .iter()
        .find(|(g, _, p)| (*g, *p) == (group, plural))
        .map_or_else(|| plural.to_owned(), |(_, kind, _)| (*kind).to_owned())
}
