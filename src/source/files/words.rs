//! What a kubelet's own words say about a pod that is known by little else: where an event or a row
//! of a table is all there is, the places that name an image are read from the events.

use std::collections::{BTreeMap, BTreeSet};

use super::store::Fullness;
use crate::facts::{About, Event, ObjectName, Place, PlaceKind, Pod, State};

/// The beginnings of the kubelet's messages that go on with a quoted image (`pkg/kubelet/images`,
/// all versions; the small `p` is from before 1.17).
const BEFORE_IMAGE: [&str; 9] = [
    "Pulling image \"",
    "pulling image \"",
    "Successfully pulled image \"",
    "Failed to pull image \"",
    "Back-off pulling image \"",
    "Container image \"",
    "Failed to apply default image tag \"",
    "Failed to inspect image \"",
    "Failed to inspect image tag \"",
];

/// The image that a kubelet's message names.
fn image(message: &str) -> Option<&str> {
    let (rest, _) =
        BEFORE_IMAGE.iter().find_map(|before| Some((message.strip_prefix(before)?, before)))?;
    rest.split_once('"').map(|(image, _)| image).filter(|image| !image.is_empty())
}

/// A pod of which nothing is known but its name.
pub(super) fn unknown_pod(name: ObjectName, uid: String) -> Pod {
    Pod {
        name,
        uid,
        mirror_of: None,
        version: 0,
        created: None,
        deleting: None,
        owner: None,
        node: None,
        service_account: None,
        pull_secrets: None,
        phase: String::new(),
        reason: None,
        message: None,
        unschedulable: None,
        places: Vec::new(),
        labels: BTreeMap::new(),
        managed_by: Vec::new(),
    }
}

/// The pods, in order of namespace and name, with those added that only events speak of.
///
/// `known` is in that order. Where pods of a namespace were given, those are taken for all there
/// are: an event outlives its pod by up to an hour.
pub(super) fn pods(mut known: Vec<(Pod, Fullness)>, events: &[Event]) -> Vec<Pod> {
    let namespaces: BTreeSet<String> =
        known.iter().map(|(pod, _)| pod.name.namespace.clone()).collect();
    let mut spoken_of: BTreeMap<ObjectName, Pod> = BTreeMap::new();
    for event in events.iter().filter(|event| event.about.kind == "Pod") {
        let About { namespace, name, uid, .. } = &event.about;
        let found = known.binary_search_by(|(pod, _)| {
            (&pod.name.namespace, &pod.name.name).cmp(&(namespace, name))
        });
        match found {
            Ok(at) if known[at].1 == Fullness::Row => learn(&mut known[at].0, event),
            Ok(_) => {}
            Err(_) if namespaces.contains(namespace) => {}
            Err(_) => {
                let name = ObjectName::new(namespace, name);
                let pod = spoken_of
                    .entry(name)
                    .or_insert_with_key(|name| unknown_pod(name.clone(), uid.clone()));
                learn(pod, event);
            }
        }
    }
    let mut pods: Vec<Pod> = known.into_iter().map(|(pod, _)| pod).collect();
    if !spoken_of.is_empty() {
        pods.extend(spoken_of.into_values());
        pods.sort_by(|one, other| one.name.cmp(&other.name));
    }
    pods
}

/// Adds to a pod what one event says.
fn learn(pod: &mut Pod, event: &Event) {
    if pod.node.is_none() {
        pod.node = event.host.clone().or_else(|| {
            let scheduled = scheduled_to(&event.message).filter(|_| event.reason == "Scheduled");
            scheduled.map(|(_, node)| node.to_owned())
        });
    }
    let combined = event.message.strip_prefix("(combined from similar events): ");
    let Some(image) = image(combined.unwrap_or(&event.message)) else { return };
    // A combined event keeps the field path of the first container, whatever its words are about.
    let (kind, name) = match combined {
        None => container(&event.about).unwrap_or((PlaceKind::App, "")),
        Some(_) => (PlaceKind::App, ""),
    };
    // A row of `kubectl get pods` has told the state without telling of what.
    if let Some(place) = pod.places.iter_mut().find(|place| place.image.is_empty()) {
        image.clone_into(&mut place.image);
        if !name.is_empty() {
            place.kind = kind;
            name.clone_into(&mut place.name);
        }
        return;
    }
    let is_told = |place: &Place| place.image == image && (place.name == name || name.is_empty());
    if !pod.places.iter().any(is_told) {
        pod.places.push(Place {
            kind,
            name: name.to_owned(),
            image: image.to_owned(),
            pull_policy: None,
            state: State::None,
            mounts: Vec::new(),
        });
    }
}

/// The container of a field path such as `spec.initContainers{migrate}`.
fn container(about: &About) -> Option<(PlaceKind, &str)> {
    let (field, rest) = about.field_path.split_once('{')?;
    let kind = match field {
        "spec.containers" => PlaceKind::App,
        "spec.initContainers" => PlaceKind::Init,
        "spec.ephemeralContainers" => PlaceKind::Ephemeral,
        _ => return None,
    };
    Some((kind, rest.strip_suffix('}')?))
}

/// The pod and the node of the scheduler's `Successfully assigned shop/web-0 to node-1`.
pub(super) fn scheduled_to(message: &str) -> Option<(ObjectName, &str)> {
    let (pod, node) = message.strip_prefix("Successfully assigned ")?.split_once(" to ")?;
    let (namespace, name) = pod.split_once('/')?;
    Some((ObjectName::new(namespace, name), node))
}
