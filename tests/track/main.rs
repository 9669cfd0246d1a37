//! Pods over time, through the public face of `track`: what a watch would tell, without a cluster
//! and without a clock.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod incidents;
mod property;
mod spread;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use pulldoctor::facts::{
    About, Event, ObjectName, OwnerReference, Place, PlaceKind, Pod, State, Time,
};
use pulldoctor::track::{Board, ChangeKind, FailureChange, Incident, IncidentChange};

/// A time, in seconds.
fn at(seconds: i64) -> Time {
    DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
}

const WEB: &str = "reg.io/web:v9";

fn waiting(reason: &str, message: &str) -> State {
    State::Waiting { reason: reason.to_owned(), message: message.to_owned() }
}

/// The runtime's words for a tag that is not there.
fn not_found(image: &str) -> String {
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to \
         resolve reference \"{image}\": {image}: not found"
    )
}

/// For a registry that does not let anybody in.
fn denied(image: &str) -> String {
    format!(
        "failed to pull and unpack image \"{image}\": failed to resolve image: pull access denied, \
         repository does not exist or may require authorization: server message: \
         insufficient_scope: authorization failed"
    )
}

/// For a registry that is down.
fn refused(image: &str) -> String {
    format!(
        "failed to pull and unpack image \"{image}\": failed to resolve image: failed to do \
         request: Head \"https://reg.io/v2/web/manifests/v9\": dial tcp 10.0.0.9:443: connect: \
         connection refused"
    )
}

/// For a node without room.
fn disk_full(image: &str) -> String {
    format!(
        "failed to pull and unpack image \"{image}\": failed to copy: write /var/lib/containerd/\
         io.containerd.content.v1.content/ingest/a1/data: no space left on device"
    )
}

/// For an image of another architecture.
fn no_platform(image: &str) -> String {
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": no match \
         for platform in manifest: not found"
    )
}

fn failing(words: &str) -> State {
    waiting("ErrImagePull", words)
}

/// As kubelets from 1.32 on say it.
fn backing_off(image: &str, words: &str) -> State {
    let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {words}");
    waiting("ImagePullBackOff", &message)
}

/// As they said it before.
fn backing_off_mutely(image: &str) -> State {
    waiting("ImagePullBackOff", &format!("Back-off pulling image \"{image}\""))
}

fn creating() -> State {
    waiting("ContainerCreating", "")
}

/// A pod of namespace shop with one container.
fn pod(name: &str, image: &str, state: State) -> Pod {
    Pod {
        name: ObjectName::new("shop", name),
        uid: format!("uid of {name}"),
        mirror_of: None,
        version: 0,
        created: None,
        deleting: None,
        owner: Some(OwnerReference {
            api_version: "apps/v1".to_owned(),
            kind: "ReplicaSet".to_owned(),
            name: "web-1".to_owned(),
        }),
        node: Some("n1".to_owned()),
        service_account: None,
        pull_secrets: Some(Vec::new()),
        phase: "Pending".to_owned(),
        reason: None,
        message: None,
        unschedulable: None,
        places: vec![place("app", image, state)],
        labels: BTreeMap::new(),
        managed_by: Vec::new(),
    }
}

fn place(name: &str, image: &str, state: State) -> Place {
    Place {
        kind: PlaceKind::App,
        name: name.to_owned(),
        image: image.to_owned(),
        pull_policy: None,
        state,
        mounts: Vec::new(),
    }
}

fn on(node: &str, mut pod: Pod) -> Pod {
    pod.node = Some(node.to_owned());
    pod
}

fn within(namespace: &str, mut pod: Pod) -> Pod {
    namespace.clone_into(&mut pod.name.namespace);
    pod.uid = format!("uid of {namespace}/{}", pod.name.name);
    pod
}

fn owned_by(owner: &str, mut pod: Pod) -> Pod {
    owner.clone_into(&mut pod.owner.as_mut().unwrap().name);
    pod
}

fn versioned(version: u64, mut pod: Pod) -> Pod {
    pod.version = version;
    pod
}

/// The kubelet's event about a container of the pod.
fn event(pod: &Pod, reason: &str, message: &str, count: u32, last_seen: Time) -> Event {
    Event {
        about: About {
            kind: "Pod".to_owned(),
            namespace: pod.name.namespace.clone(),
            name: pod.name.name.clone(),
            uid: pod.uid.clone(),
            field_path: "spec.containers{app}".to_owned(),
        },
        kind: if reason == "Failed" { "Warning" } else { "Normal" }.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        component: "kubelet".to_owned(),
        host: pod.node.clone(),
        count,
        first_seen: Some(last_seen),
        last_seen: Some(last_seen),
    }
}

fn failed_event(pod: &Pod, words: &str, count: u32, last_seen: Time) -> Event {
    let message = format!("Failed to pull image \"{}\": {words}", pod.places[0].image);
    event(pod, "Failed", &message, count, last_seen)
}

/// A board, and what it has told so far.
#[derive(Default)]
struct Told {
    board: Board,
}

impl Told {
    fn apply(&mut self, pod: Pod, seconds: i64) {
        self.board.apply(&None, pod, at(seconds));
    }

    fn delete(&mut self, pod: &Pod, seconds: i64) {
        self.board.delete(&None, pod, at(seconds));
    }

    fn event(&mut self, name: &str, event: &Event, seconds: i64) {
        self.board.apply_event(&None, &ObjectName::new("shop", name), event, at(seconds));
    }

    /// What is told of incidents at that time.
    fn news(&mut self, seconds: i64) -> Vec<IncidentChange> {
        self.board.incidents.take_news(at(seconds))
    }

    /// The same in short: `1 opened connection-refused: 3`, with the pods that fail.
    fn lines(&mut self, seconds: i64) -> Vec<String> {
        let news = self.news(seconds);
        let line = |change: &IncidentChange| {
            let incident = self.board.incidents.get(change.number).unwrap();
            let (word, code) = (change.kind.word(), incident.cause.code);
            format!("{} {word} {code}: {}", change.number, incident.pods().len())
        };
        news.iter().map(line).collect()
    }

    /// What is told of failures, in short: `opened shop/web-1 connection-refused`.
    fn failures(&mut self) -> Vec<String> {
        let changes = self.board.incidents.take_changes();
        let line = |change: &FailureChange| {
            let (word, diagnosis, end) = match change {
                FailureChange::Opened(diagnosis) => ("opened", diagnosis, ""),
                FailureChange::Updated(diagnosis) => ("updated", diagnosis, ""),
                FailureChange::Recovered(diagnosis, end) => ("recovered", diagnosis, end.word()),
            };
            format!("{word} {} {} {end}", diagnosis.pod, diagnosis.cause.code).trim().to_owned()
        };
        changes.iter().map(line).collect()
    }

    fn incident(&self, number: u64) -> &Incident {
        self.board.incidents.get(number).unwrap()
    }

    /// The common factors of an incident.
    fn factors(&self, number: u64) -> Vec<String> {
        self.board.spread(self.incident(number)).factors()
    }
}

fn names<'a>(pods: impl IntoIterator<Item = &'a ObjectName>) -> BTreeSet<String> {
    pods.into_iter().map(ToString::to_string).collect()
}

fn is_opened(change: &IncidentChange) -> bool {
    change.kind == ChangeKind::Opened
}
