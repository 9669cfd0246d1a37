//! What events tell about the image of a place.

use std::cmp::Reverse;

use crate::facts::{Event, Facts, ObjectName, Place, PlaceKind, Pod};
use crate::message::{self, Reading};
use crate::redact;

use super::super::Evidence;
use super::state::{is_pull_failure, names_cause};
use super::{QUOTE, same_image};

/// Whether an event is about this very pod, not about an earlier one of the same name.
fn is_about(event: &Event, name: &ObjectName, pod: &Pod) -> bool {
    let about = &event.about;
    about.kind == "Pod"
        && about.name == name.name
        && about.namespace == name.namespace
        && (about.uid.is_empty()
            || pod.uid.is_empty()
            || about.uid == pod.uid
            || pod.mirror_of.as_ref() == Some(&about.uid))
}

/// The pod's events, newest first.
pub(in crate::diagnose) fn events_of<'a>(
    facts: &'a Facts,
    name: &ObjectName,
    pod: &Pod,
) -> Vec<&'a Event> {
    let mut events: Vec<_> =
        facts.events.iter().filter(|event| is_about(event, name, pod)).collect();
    events.sort_by_key(|event| Reverse(event.last_seen));
    events
}

/// The container's name in `spec.containers{app}`.
fn field_path_container(field_path: &str) -> Option<&str> {
    field_path.split_once('{')?.1.strip_suffix('}')
}

/// Whether an event with its reading is about an image in this place.
///
/// The image that the words name decides, where they name one: an event combined from similar ones
/// keeps the first container's fieldPath and shows the last one's message
/// (client-go/tools/record/events_cache.go). The fieldPath decides for the rest.
pub(super) fn event_fits(event: &Event, reading: &Reading, place: &Place, pod: &Pod) -> bool {
    let path = field_path_container(&event.about.field_path);
    match (&reading.details.image, path) {
        (Some(image), path) => {
            same_image(image, &place.image)
                && (path.is_none() || path == Some(&place.name) || is_combined(event))
        }
        (None, Some(path)) => path == place.name && place.kind != PlaceKind::ImageVolume,
        // Neither: plain text from kubectl leaves the fieldPath out. With one container there is
        // no doubt.
        (None, None) => pod.places.len() == 1,
    }
}

fn is_combined(event: &Event) -> bool {
    event.message.starts_with("(combined from similar events)")
}

/// Whether an event may tell how a pull went: of the others nothing about images can be learned.
pub fn is_telling(event: &Event) -> bool {
    matches!(event.reason.as_str(), "Pulling" | "BackOff")
        || tells_success(event)
        || tells_failure(event)
}

/// Whether an event tells that an image is there, or that its container has come further.
pub fn tells_success(event: &Event) -> bool {
    matches!(event.reason.as_str(), "Pulled" | "Created" | "Started")
}

/// Whether an event may tell why a pull failed.
pub fn tells_failure(event: &Event) -> bool {
    matches!(
        event.reason.as_str(),
        "Failed"
            | "InspectFailed"
            | "ErrImageNeverPull"
            | "FailedCreatePodSandBox"
            | "FailedToRetrieveImagePullSecret"
    )
}

/// What an event says about the image of its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tale {
    /// The pull failed.
    Failed,
    /// The image is there, or the container has come further.
    Done,
    /// A pull was begun.
    Begun,
    /// Nothing about the image.
    Nothing,
}

pub(super) fn tale(event: &Event, reading: &Reading) -> Tale {
    match event.reason.as_str() {
        _ if tells_success(event) => Tale::Done,
        "Pulling" => Tale::Begun,
        "Failed" | "BackOff" | "InspectFailed" | "ErrImageNeverPull"
            if is_pull_failure(reading.cause) =>
        {
            Tale::Failed
        }
        _ => Tale::Nothing,
    }
}

/// Whether events alone show a failure: the last thing told about the image is not that it came.
/// A pull begun after a failure is the next attempt, and heals nothing yet.
pub(super) fn fails_by_events(told: &[(&Event, Reading)]) -> bool {
    let last = |wanted: Tale| {
        told.iter()
            .filter(|(event, reading)| tale(event, reading) == wanted)
            .map(|(event, _)| event.last_seen)
            .max()
    };
    match (last(Tale::Failed), last(Tale::Done)) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(failed), Some(done)) => failed > done,
    }
}

/// Whether an event tells of a try. While the kubelet backs off it reports that every 10 to 15
/// seconds, without trying (`pkg/kubelet/images/image_manager.go`).
pub(super) fn is_try(event: &Event) -> bool {
    match event.reason.as_str() {
        "Pulling" => true,
        "Failed" => event.message != "Error: ImagePullBackOff",
        _ => false,
    }
}

/// The events worth quoting: the newest that names a cause, or else the newest of all.
pub(super) fn worth_quoting<'a>(
    failures: &[&'a (&'a Event, Reading)],
) -> Vec<&'a (&'a Event, Reading)> {
    let naming = failures.iter().find(|(_, reading)| names_cause(reading.cause));
    naming.or(failures.first()).copied().into_iter().collect()
}

/// Which pull secrets the kubelet could not retrieve, by its event `FailedToRetrieveImagePullSecret`
/// (1.28 and later; `pkg/kubelet/kubelet_pods.go`, `getPullSecretsForPod`).
pub(super) fn secrets_unretrieved(events: &[&Event]) -> Vec<String> {
    events
        .iter()
        .find(|event| event.reason == "FailedToRetrieveImagePullSecret")
        .map(|event| message::read(&event.message).details.missing_secrets)
        .unwrap_or_default()
}

pub(super) fn event_evidence(event: &Event) -> Evidence {
    Evidence {
        source: redact::line(&format!("event {}", event.reason), 80),
        text: redact::line(&event.message, QUOTE),
        count: Some(event.count),
        first_seen: event.first_seen,
        last_seen: event.last_seen,
    }
}
