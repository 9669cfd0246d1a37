//! One line about a pod whose images do not fail: that it is fine, or what else is wrong with it.

use crate::facts::{Facts, PlaceKind, Pod, State};
use crate::redact;

use super::Otherwise;
use super::symptom;

/// The longest text taken from the cluster into the line, in characters.
const WORDS: usize = 300;

/// How the pod is, when no image of it fails.
pub(super) fn otherwise(facts: &Facts, pod: &Pod) -> Otherwise {
    let (ill, text) = line(facts, pod);
    Otherwise { ill, text }
}

fn line(facts: &Facts, pod: &Pod) -> (bool, String) {
    if let Some(finished) = finished(pod) {
        return finished;
    }
    if pod.deleting.is_some() {
        return (false, "it is being deleted; none of its images is failing".to_owned());
    }
    if let Some(why) = &pod.unschedulable {
        return (
            true,
            format!(
                "it is not scheduled, so no node has tried to pull its images: {}",
                redact::line(why, WORDS)
            ),
        );
    }
    if let Some(ill) = pod.places.iter().find_map(ill_container) {
        return (true, ill);
    }
    let containers: Vec<_> =
        pod.places.iter().filter(|place| place.kind != PlaceKind::ImageVolume).collect();
    let started = containers
        .iter()
        .filter(|place| matches!(place.state, State::Running | State::Terminated { .. }))
        .count();
    if containers.is_empty() && pod.phase == "Running" {
        return (false, "it is running".to_owned());
    }
    if !containers.is_empty() && started == containers.len() {
        return (false, "its images are pulled and its containers have started".to_owned());
    }
    creating(facts, pod)
}

/// A pod that has run to its end.
fn finished(pod: &Pod) -> Option<(bool, String)> {
    let because = match (&pod.reason, &pod.message) {
        (Some(reason), Some(message)) => {
            format!(" ({}: {})", redact::line(reason, 80), redact::line(message, WORDS))
        }
        (Some(reason), None) => format!(" ({})", redact::line(reason, 80)),
        (None, Some(message)) => format!(" ({})", redact::line(message, WORDS)),
        (None, None) => String::new(),
    };
    match pod.phase.as_str() {
        "Succeeded" => Some((false, "it has finished successfully".to_owned())),
        "Failed" => Some((true, format!("it has finished and failed{because}"))),
        _ => None,
    }
}

/// A container that is kept from running by something other than its image.
fn ill_container(place: &crate::facts::Place) -> Option<String> {
    let name = format!("{} {}", symptom::kind_name(place.kind), place.name);
    match &place.state {
        State::Waiting { reason, message } => {
            let words = match message.as_str() {
                "" => String::new(),
                message => format!(": {}", redact::line(message, WORDS)),
            };
            match reason.as_str() {
                "" | "ContainerCreating" | "PodInitializing" => None,
                "CrashLoopBackOff" => Some(format!(
                    "its image is pulled, but {name} keeps crashing (CrashLoopBackOff{words})"
                )),
                reason => Some(format!("{name} is in {}{words}", redact::line(reason, 80))),
            }
        }
        State::Terminated { reason, exit_code, .. }
            if *exit_code != 0 && place.kind != PlaceKind::Ephemeral =>
        {
            Some(format!(
                "its image is pulled, but {name} ended with exit code {exit_code} ({})",
                redact::line(reason, 80)
            ))
        }
        State::Terminated { .. } | State::Running | State::None => None,
    }
}

/// A pod on its way: what the newest event says about it.
fn creating(facts: &Facts, pod: &Pod) -> (bool, String) {
    let events = symptom::events_of(facts, &pod.name, pod);
    if let Some(event) = events.first() {
        let words = redact::line(&event.message, WORDS);
        if event.kind == "Warning" {
            return (
                true,
                format!(
                    "it is still being created, and its newest event is not about an image: {} ({words})",
                    redact::line(&event.reason, 80)
                ),
            );
        }
        if event.reason == "Pulling" {
            let since = event.last_seen.map(|at| {
                format!(" for {}", crate::duration::brief((facts.now - at).num_seconds()))
            });
            return (
                false,
                format!("it is still being created: {words}{}", since.unwrap_or_default()),
            );
        }
    }
    match (&pod.node, pod.phase.as_str()) {
        (None, _) => (false, "it is waiting to be scheduled".to_owned()),
        (Some(_), "Unknown") => (true, "its node has stopped reporting".to_owned()),
        (Some(node), _) => (
            false,
            format!("it is still being created on {node}; no image failure has been reported yet"),
        ),
    }
}
