//! Which images of a pod are failing, and in which words.
//!
//! The status is the truth and events are the history: a kubelet's events can lag minutes behind
//! its status, be dropped by its spam filter, or be gone after an hour (`--event-ttl`). So a
//! container's state decides whether it fails; events decide only where the state says nothing yet,
//! and otherwise lend their words when the state's own name no cause.

mod events;
mod neighbours;
mod progress;
mod state;
mod volume;

use crate::facts::{Event, Facts, Place, PlaceKind, Pod, State, Time};
use crate::image::ImageReference;
use crate::message::{self, Reading};

pub(super) use events::events_of;
use events::{
    Tale, event_evidence, event_fits, fails_by_events, is_try, secrets_unretrieved, tale,
    worth_quoting,
};
pub use events::{is_telling, tells_failure, tells_success};
use neighbours::neighbour_words;
pub use progress::{Progress, is_about_one_image, may_fail, progress, stuck};
use state::{
    Waiting, is_about_image, is_pull_failure, names_cause, status_evidence, status_reading, waiting,
};
use volume::mounted_volume;

use super::{Confidence, Evidence, Image};

/// The longest quotation of a status or an event, in characters.
const QUOTE: usize = 1_000;

/// An image that a pod cannot get.
#[derive(Debug, Clone)]
pub(super) struct Symptom {
    /// The container whose state shows it; none for the sandbox.
    pub(super) container: Option<String>,
    /// The kind of place that names the image.
    pub(super) kind: PlaceKind,
    /// The image volume, if it is one.
    pub(super) volume: Option<String>,
    /// The image.
    pub(super) image: Image,
    /// What the best words prove.
    pub(super) reading: Reading,
    /// How far the words can be trusted to be about this very failure.
    pub(super) confidence: Confidence,
    /// What was read.
    pub(super) evidence: Vec<Evidence>,
    /// When the failure was last reported; None when only the status shows it.
    pub(super) last_seen: Option<Time>,
    /// When the pull was last tried, by the events; reports of the back-off are no tries.
    pub(super) last_tried: Option<Time>,
    /// Whether the kubelet said that pull secrets could not be retrieved, and which.
    pub(super) secrets_unretrieved: Vec<String>,
}

/// The images of the pod that fail, in the order in which the kubelet comes to them.
pub(super) fn symptoms(facts: &Facts, pod: &Pod) -> Vec<Symptom> {
    let events = events_of(facts, &pod.name, pod);
    let mut found: Vec<Symptom> = Vec::new();
    for place in pod.places.iter().filter(|place| place.kind != PlaceKind::ImageVolume) {
        let Some(symptom) = container_symptom(facts, pod, place, &events) else { continue };
        // A failing image volume shows in every container that mounts it: once is enough.
        let known = symptom.volume.as_ref().and_then(|volume| {
            found.iter_mut().find(|known| known.volume.as_ref() == Some(volume))
        });
        match known {
            Some(known) => known.evidence.extend(symptom.evidence.into_iter().take(1)),
            None => found.push(symptom),
        }
    }
    found.extend(volumes_by_events(facts, pod, &events, &found));
    if found.is_empty() {
        found.extend(sandbox_symptom(pod, &events));
    }
    found
}

fn container_symptom(
    facts: &Facts,
    pod: &Pod,
    place: &Place,
    events: &[&Event],
) -> Option<Symptom> {
    let (reason, text) = match &place.state {
        State::Running | State::Terminated { .. } => return None,
        State::None => ("", ""),
        State::Waiting { reason, message } => (reason.as_str(), message.as_str()),
    };
    if pod.is_finished() && waiting(reason) != Waiting::Image {
        return None;
    }
    let status = match waiting(reason) {
        Waiting::Other => return None,
        Waiting::Starting => None,
        Waiting::Image => Some(status_reading(place, reason, text)),
        Waiting::Text => {
            let reading = status_reading(place, reason, text);
            if !is_about_image(&reading) {
                return None;
            }
            Some(reading)
        }
    };

    let target = status
        .as_ref()
        .and_then(|reading| mounted_volume(pod, place, reading, text))
        .unwrap_or(place);
    let told: Vec<_> = events
        .iter()
        .map(|event| (*event, message::read(&event.message)))
        .filter(|(event, reading)| event_fits(event, reading, target, pod))
        .collect();
    if status.is_none() && !fails_by_events(&told) {
        return None;
    }

    let mut evidence = Vec::new();
    if status.is_some() {
        evidence.push(status_evidence(place, reason, text));
    }
    let failures: Vec<_> =
        told.iter().filter(|(event, reading)| tale(event, reading) == Tale::Failed).collect();
    evidence.extend(worth_quoting(&failures).into_iter().map(|(event, _)| event_evidence(event)));

    let best = best_words(facts, pod, (place, target), status, &failures);
    evidence.extend(best.lent);
    let reading = best.reading;
    Some(Symptom {
        container: Some(place.name.clone()),
        kind: target.kind,
        volume: (target.kind == PlaceKind::ImageVolume).then(|| target.name.clone()),
        image: image_of(target, &reading),
        reading,
        confidence: best.confidence,
        evidence,
        last_seen: failures.iter().filter_map(|(event, _)| event.last_seen).max(),
        last_tried: told
            .iter()
            .filter(|(event, _)| is_try(event))
            .filter_map(|(event, _)| event.last_seen)
            .max(),
        secrets_unretrieved: secrets_unretrieved(events),
    })
}

/// The words that say most about a failure.
struct Words {
    reading: Reading,
    confidence: Confidence,
    /// Where they were read, if neither in the status nor in an event of the pod.
    lent: Option<Evidence>,
}

/// The status's words if they name a cause, else an event's, else what the status said earlier, else
/// a neighbour's with the same image; else what little there is. The status is that of `container`,
/// the image that of `target`.
fn best_words(
    facts: &Facts,
    pod: &Pod,
    (container, target): (&Place, &Place),
    status: Option<Reading>,
    failures: &[&(&Event, Reading)],
) -> Words {
    let own = |reading, confidence| Words { reading, confidence, lent: None };
    let by_status = status.iter().find(|reading| names_cause(reading.cause));
    let by_event = || {
        let mut readings = failures.iter().map(|(_, reading)| reading);
        readings.find(|reading| names_cause(reading.cause))
    };
    if let Some(reading) = by_status.or_else(by_event) {
        return own(reading.clone(), Confidence::Certain);
    }
    if let Some((reading, earlier)) = earlier_words(facts, pod, container) {
        return Words { reading, confidence: Confidence::Certain, lent: Some(earlier) };
    }
    if let Some((reading, lent)) = neighbour_words(facts, pod, &target.image) {
        return Words { reading, confidence: Confidence::Likely, lent: Some(lent) };
    }
    let wordless = status.or_else(|| failures.first().map(|(_, reading)| reading.clone()));
    own(wordless.unwrap_or_else(|| message::read("")), Confidence::Possible)
}

/// What the container's status said earlier about the same image, if that named a cause.
fn earlier_words(facts: &Facts, pod: &Pod, container: &Place) -> Option<(Reading, Evidence)> {
    let said = facts.said_before.iter().find(|said| {
        said.pod == pod.name
            && (&said.place.name, said.place.kind, &said.place.image)
                == (&container.name, container.kind, &container.image)
    })?;
    let State::Waiting { reason, message } = &said.place.state else { return None };
    let mut evidence = status_evidence(&said.place, reason, message);
    evidence.source = format!("{}, earlier", evidence.source);
    evidence.last_seen = Some(said.at);
    Some((status_reading(&said.place, reason, message), evidence))
}

/// Whether the container's status names the cause of a failed pull in words of its own.
pub fn says_why(place: &Place) -> bool {
    match &place.state {
        State::Waiting { reason, message } if waiting(reason) == Waiting::Image => {
            !message.is_empty() && names_cause(status_reading(place, reason, message).cause)
        }
        _ => false,
    }
}

/// The image of a place; where the input names none (plain text), the words may.
fn image_of(place: &Place, reading: &Reading) -> Image {
    match (&reading.details.image, place.image.as_str()) {
        (Some(image), "") => Image::new(image),
        _ => Image::new(&place.image),
    }
}

/// Whether two strings name one image; `nginx` and `docker.io/library/nginx:latest` do.
fn same_image(one: &str, other: &str) -> bool {
    one == other
        || matches!(
            (ImageReference::parse(one), ImageReference::parse(other)),
            (Ok(one), Ok(other)) if one == other
        )
}

/// What people call a place.
pub fn kind_name(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::App => "container",
        PlaceKind::Init => "init container",
        PlaceKind::Sidecar => "sidecar",
        PlaceKind::Ephemeral => "ephemeral container",
        PlaceKind::ImageVolume => "image volume",
        PlaceKind::Sandbox => "pod sandbox",
    }
}

/// Image volumes that fail by the word of events while the containers still say nothing.
fn volumes_by_events(
    facts: &Facts,
    pod: &Pod,
    events: &[&Event],
    found: &[Symptom],
) -> Vec<Symptom> {
    let started = pod
        .places
        .iter()
        .any(|place| matches!(place.state, State::Running | State::Terminated { .. }));
    if started || pod.is_finished() {
        return Vec::new();
    }
    pod.places
        .iter()
        .filter(|place| place.kind == PlaceKind::ImageVolume)
        .filter(|place| !found.iter().any(|known| known.volume.as_ref() == Some(&place.name)))
        .filter_map(|volume| {
            let mut symptom = container_symptom(facts, pod, volume, events)?;
            symptom.container = pod
                .places
                .iter()
                .find(|place| place.mounts.contains(&volume.name))
                .map(|place| place.name.clone());
            Some(symptom)
        })
        .collect()
}

/// The sandbox image, which the runtime pulls by itself: its failure stands in an event only, and
/// only while nothing in the pod has come further.
fn sandbox_symptom(pod: &Pod, events: &[&Event]) -> Option<Symptom> {
    let (event, reading) = events
        .iter()
        .filter(|event| event.reason == "FailedCreatePodSandBox")
        .map(|event| (*event, message::read(&event.message)))
        .next()?;
    let further = pod.is_finished()
        || pod.places.iter().any(|place| match &place.state {
            State::None => false,
            State::Waiting { reason, .. } => waiting(reason) != Waiting::Starting,
            State::Running | State::Terminated { .. } => true,
        })
        || events.iter().any(|other| {
            other.last_seen > event.last_seen
                && matches!(other.reason.as_str(), "Pulling" | "Pulled" | "Created" | "Started")
        });
    if further || !is_pull_failure(reading.cause) {
        return None;
    }
    Some(Symptom {
        container: None,
        kind: PlaceKind::Sandbox,
        volume: None,
        image: Image::new(reading.details.image.as_deref().unwrap_or_default()),
        confidence: if names_cause(reading.cause) {
            Confidence::Certain
        } else {
            Confidence::Possible
        },
        evidence: vec![event_evidence(event)],
        last_seen: event.last_seen,
        last_tried: event.last_seen,
        secrets_unretrieved: Vec::new(),
        reading,
    })
}
