//! What is known about the pods in question: the only thing the diagnosis may look at.
//!
//! A source (a cluster, files, a watch) fills [`Facts`]; everything after it is a function of
//! them. Facts hold the clock as well, so that the same facts always give the same diagnosis.
//!
//! What was not seen is part of the facts: a [`Lookup`] keeps apart what exists, what certainly
//! does not, and what could not be seen and why. "Forbidden" must never turn into "missing".

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::credentials::PullSecret;

/// A point in time as the API server writes it (RFC 3339, UTC).
pub type Time = DateTime<Utc>;

/// A namespaced object's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The namespace.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl ObjectName {
    /// The object `name` in `namespace`.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Everything known when a diagnosis is made.
#[derive(Debug, Clone)]
pub struct Facts {
    /// When the facts were gathered; ages and expiries are counted from here.
    pub now: Time,
    /// Where the facts come from.
    pub origin: Origin,
    /// The pods to be diagnosed, in the order they were asked for.
    pub pods: Vec<Pod>,
    /// Pods that are not asked for but shed light on those that are (same image, same owner).
    pub neighbours: Vec<Pod>,
    /// Events of those pods and of their nodes, in no particular order.
    pub events: Vec<Event>,
    /// What the status of their containers said earlier, where somebody has been watching.
    pub said_before: Vec<SaidBefore>,
    /// Whether the events of a namespace could be read. No entry: nobody looked.
    pub events_seen: BTreeMap<String, Result<(), Unseen>>,
    /// Service accounts that were looked for.
    pub service_accounts: BTreeMap<ObjectName, Lookup<ServiceAccount>>,
    /// Secrets that were looked for by name, or met in a list.
    pub secrets: BTreeMap<ObjectName, Lookup<PullSecret>>,
    /// Namespaces whose pull secrets were listed, or could not be.
    pub secrets_listed: BTreeMap<String, Result<(), Unseen>>,
    /// Whether the pull secrets of all other namespaces were looked at.
    pub secrets_elsewhere: Option<Result<(), Unseen>>,
    /// Nodes that were looked for.
    pub nodes: BTreeMap<String, Lookup<Node>>,
    /// Owners of pods that were looked for, and their owners in turn.
    pub owners: BTreeMap<OwnerKey, Lookup<Owner>>,
    /// Whether the neighbours in a namespace were looked for, and how that went.
    pub neighbours_seen: BTreeMap<String, Result<(), Unseen>>,
}

impl Facts {
    /// No facts yet.
    pub fn new(now: Time, origin: Origin) -> Self {
        Self {
            now,
            origin,
            pods: Vec::new(),
            neighbours: Vec::new(),
            events: Vec::new(),
            said_before: Vec::new(),
            events_seen: BTreeMap::new(),
            service_accounts: BTreeMap::new(),
            secrets: BTreeMap::new(),
            secrets_listed: BTreeMap::new(),
            secrets_elsewhere: None,
            nodes: BTreeMap::new(),
            owners: BTreeMap::new(),
            neighbours_seen: BTreeMap::new(),
        }
    }

    /// The secret of that name: found, absent, or unseen. A complete list of the namespace's
    /// pull secrets does not prove a secret of another type absent, so only a look-up by name
    /// can say [`Lookup::Absent`].
    pub fn secret(&self, namespace: &str, name: &str) -> Lookup<&PullSecret> {
        look(&self.secrets, &ObjectName::new(namespace, name))
    }

    /// The service account of that name.
    pub fn service_account(&self, namespace: &str, name: &str) -> Lookup<&ServiceAccount> {
        look(&self.service_accounts, &ObjectName::new(namespace, name))
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Lookup<&Node> {
        look(&self.nodes, name)
    }

    /// The owner under that key.
    pub fn owner(&self, key: &OwnerKey) -> Lookup<&Owner> {
        look(&self.owners, key)
    }

    /// The pull secrets of a namespace that were seen, in name order.
    pub fn pull_secrets_in<'a>(
        &'a self,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a PullSecret> + 'a {
        self.pull_secrets().filter(move |secret| secret.name.namespace == namespace)
    }

    /// All pull secrets that were seen, in order of namespace and name.
    pub fn pull_secrets(&self) -> impl Iterator<Item = &PullSecret> {
        self.secrets.values().filter_map(|lookup| match lookup {
            Lookup::Found(secret) => Some(secret),
            Lookup::Absent | Lookup::Unseen(_) => None,
        })
    }
}

/// An entry of a look-up table; no entry means that nobody looked.
fn look<'a, K, Q, V>(table: &'a BTreeMap<K, Lookup<V>>, key: &Q) -> Lookup<&'a V>
where
    K: std::borrow::Borrow<Q> + Ord,
    Q: Ord + ?Sized,
{
    match table.get(key) {
        Some(Lookup::Found(value)) => Lookup::Found(value),
        Some(Lookup::Absent) => Lookup::Absent,
        Some(Lookup::Unseen(why)) => Lookup::Unseen(why.clone()),
        None => Lookup::Unseen(Unseen::NotGiven),
    }
}

/// Where facts come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A live cluster, named by its kubeconfig context (or "in-cluster").
    Cluster {
        /// The context's name.
        context: String,
        /// The API server's address.
        server: String,
    },
    /// Objects that kubectl printed.
    Files(Vec<String>),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster { context, server } => write!(f, "cluster {context} ({server})"),
            Self::Files(paths) => write!(f, "files {}", paths.join(", ")),
        }
    }
}

/// What a look-up of one object gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It is there.
    Found(T),
    /// It is certainly not there.
    Absent,
    /// It could not be seen.
    Unseen(Unseen),
}

impl<T> Lookup<T> {
    /// The object, if it was seen.
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(value) => Some(value),
            Self::Absent | Self::Unseen(_) => None,
        }
    }
}

/// Why something could not be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unseen {
    /// Nobody looked, or the input does not hold it.
    NotGiven,
    /// The API server refused: the user lacks this verb on this resource.
    Forbidden {
        /// `get`, `list` or `watch`.
        verb: &'static str,
        /// The plural resource with its group when it has one: `secrets`, `replicasets.apps`.
        resource: String,
        /// The namespace asked in; none for the whole cluster and for cluster-scoped resources.
        namespace: Option<String>,
    },
    /// The request failed otherwise (time-out, server error); the text is for people.
    Failed(String),
    /// The user asked not to look.
    NotAsked,
    /// The user did not wait for it.
    Interrupted,
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGiven => f.write_str("not in the input"),
            Self::NotAsked => f.write_str("not looked at, as asked"),
            Self::Interrupted => f.write_str("not looked at: interrupted"),
            Self::Failed(why) => write!(f, "the request failed: {why}"),
            Self::Forbidden { verb, resource, namespace } => {
                write!(f, "no permission to {verb} {resource}")?;
                match namespace {
                    Some(namespace) => write!(f, " in namespace {namespace}"),
                    None => f.write_str(" in the whole cluster"),
                }
            }
        }
    }
}

/// A pod, as far as its images are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.uid`; empty when the input (plain text) does not say.
    pub uid: String,
    /// For the mirror of a static pod, the uid that the kubelet uses in its events: the annotation
    /// `kubernetes.io/config.mirror`.
    pub mirror_of: Option<String>,
    /// `metadata.resourceVersion` as the rising number that it is (KEP-5504); 0 when the input does
    /// not say.
    pub version: u64,
    /// `metadata.creationTimestamp`.
    pub created: Option<Time>,
    /// `metadata.deletionTimestamp`: set once the pod is being deleted.
    pub deleting: Option<Time>,
    /// The controller in `metadata.ownerReferences`, or the first owner when none controls.
    pub owner: Option<OwnerReference>,
    /// The node it is bound to.
    pub node: Option<String>,
    /// `spec.serviceAccountName`; the API server fills in `default`. None where words are all there is.
    pub service_account: Option<String>,
    /// The names in `spec.imagePullSecrets`, in order; None where words are all there is.
    pub pull_secrets: Option<Vec<String>>,
    /// `status.phase`: Pending, Running, Succeeded, Failed, Unknown.
    pub phase: String,
    /// `status.reason`, such as `Evicted` or `DeadlineExceeded`.
    pub reason: Option<String>,
    /// `status.message`.
    pub message: Option<String>,
    /// The condition `PodScheduled` when it is False: why no node takes the pod.
    pub unschedulable: Option<String>,
    /// Every place where the pod names an image.
    pub places: Vec<Place>,
    /// Labels; a selector or a neighbour search needs them.
    pub labels: BTreeMap<String, String>,
    /// Who manages the object, by its labels and annotations: Helm, Argo CD, Flux.
    pub managed_by: Vec<Manager>,
}

impl Pod {
    /// Whether the kubelet made this pod from a file on its node: no admission, no service account,
    /// no pull secrets through the API.
    pub fn is_static(&self) -> bool {
        self.mirror_of.is_some() || self.owner.as_ref().is_some_and(|owner| owner.kind == "Node")
    }

    /// Whether the pod has run to its end.
    pub fn is_finished(&self) -> bool {
        self.phase == "Succeeded" || self.phase == "Failed"
    }
}

/// One place where a pod names an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What kind of place.
    pub kind: PlaceKind,
    /// The container's or the volume's name.
    pub name: String,
    /// The image as the pod writes it; empty when the input does not say.
    pub image: String,
    /// `imagePullPolicy`, or the image volume's `pullPolicy`.
    pub pull_policy: Option<String>,
    /// The container's state; [`State::None`] for volumes and before the kubelet reports.
    pub state: State,
    /// For containers, the image volumes they mount: their failures show in the container's state.
    pub mounts: Vec<String>,
}

/// Words of a container's status that have since given way to others: a kubelet before 1.32 shows
/// why a pull failed only until it backs off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidBefore {
    /// The pod.
    pub pod: ObjectName,
    /// The container as it was then.
    pub place: Place,
    /// When that was last seen.
    pub at: Time,
}

/// Kinds of places that name an image, as `containerKind` in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceKind {
    /// An app container.
    App,
    /// An init container.
    Init,
    /// A native sidecar: an init container with `restartPolicy: Always` (KEP-753).
    Sidecar,
    /// An ephemeral container (`kubectl debug`).
    Ephemeral,
    /// A volume of type image (KEP-4639).
    ImageVolume,
    /// The pod sandbox's own image ("pause"), pulled by the runtime itself.
    Sandbox,
}

/// A container's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The kubelet has said nothing yet, or there is nothing to say.
    None,
    /// `state.waiting`.
    Waiting {
        /// Any text: kubelets from 1.33 put raw errors here.
        reason: String,
        /// `state.waiting.message`.
        message: String,
    },
    /// `state.running`.
    Running,
    /// `state.terminated`.
    Terminated {
        /// Such as `Completed`, `Error`, `OOMKilled`.
        reason: String,
        /// The process's exit code.
        exit_code: i32,
        /// `state.terminated.message`.
        message: String,
    },
}

/// An event, in one form whichever API printed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is about: `involvedObject` or `regarding`.
    pub about: About,
    /// Normal or Warning.
    pub kind: String,
    /// Such as `Failed`, `BackOff`, `Pulling`.
    pub reason: String,
    /// The text.
    pub message: String,
    /// `source.component`, `reportingComponent` or `reportingController`.
    pub component: String,
    /// The node that reported it, when it says.
    pub host: Option<String>,
    /// How often it was seen; at least 1.
    pub count: u32,
    /// When it was first seen.
    pub first_seen: Option<Time>,
    /// When it was last seen.
    pub last_seen: Option<Time>,
}

/// The object an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// Such as Pod or Node.
    pub kind: String,
    /// Its namespace; empty for nodes.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid; empty where the input (plain text) does not say.
    pub uid: String,
    /// Such as `spec.containers{app}`; empty for the whole pod and for image volumes.
    pub field_path: String,
}

/// A service account, as far as pull secrets go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Namespace and name.
    pub name: ObjectName,
    /// The names in `imagePullSecrets`, in order.
    pub pull_secrets: Vec<String>,
    /// The last time its `imagePullSecrets` were written, by managedFields; None if unknown.
    pub pull_secrets_changed: Option<Time>,
    /// Who manages it.
    pub managed_by: Vec<Manager>,
}

/// A node, as far as images go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// `status.nodeInfo.operatingSystem`: linux, windows.
    pub os: String,
    /// `status.nodeInfo.architecture`: amd64, arm64.
    pub architecture: String,
    /// `status.nodeInfo.kubeletVersion`: v1.36.2.
    pub kubelet: String,
    /// `status.nodeInfo.containerRuntimeVersion`: `containerd://2.4.0`.
    pub runtime: String,
    /// Whether the condition Ready is True; None if it does not say.
    pub ready: Option<bool>,
    /// Whether the condition `DiskPressure` is True.
    pub disk_pressure: bool,
}

/// A reference from an object to its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerReference {
    /// `apps/v1`.
    pub api_version: String,
    /// `ReplicaSet`.
    pub kind: String,
    /// The owner's name.
    pub name: String,
}

impl OwnerReference {
    /// The key under which an owner in `namespace` is kept.
    pub fn key(&self, namespace: &str) -> OwnerKey {
        OwnerKey {
            namespace: namespace.to_owned(),
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
        }
    }
}

/// Names one owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerKey {
    /// The namespace.
    pub namespace: String,
    /// `apps/v1`.
    pub api_version: String,
    /// `ReplicaSet`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A pod's owner, as far as the way to its pod template goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// What it is called.
    pub key: OwnerKey,
    /// Its own controller, such as the `Deployment` of a `ReplicaSet`.
    pub owner: Option<OwnerReference>,
    /// `imagePullSecrets` in its pod template, where it has one.
    pub pull_secrets: Vec<String>,
    /// Who manages it.
    pub managed_by: Vec<Manager>,
}

/// Something that writes objects from a source of its own, and would undo a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manager {
    /// `app.kubernetes.io/managed-by: Helm`, `meta.helm.sh/release-name`.
    Helm,
    /// `argocd.argoproj.io/…`.
    ArgoCd,
    /// `kustomize.toolkit.fluxcd.io/…`, `helm.toolkit.fluxcd.io/…`.
    Flux,
}
