//! Words lent by other pods with the same image, for a pod whose own words name no cause.

use crate::facts::{Facts, Pod, State};
use crate::message::{self, Reading};

use super::super::Evidence;
use super::events::{event_evidence, event_fits, events_of};
use super::same_image;
use super::state::{Waiting, names_cause, status_evidence, status_reading, waiting};

/// The words of another pod that fails on the same image, when this one's own name no cause.
pub(super) fn neighbour_words(
    facts: &Facts,
    pod: &Pod,
    image: &str,
) -> Option<(Reading, Evidence)> {
    let others = facts.neighbours.iter().chain(&facts.pods).filter(|other| other.name != pod.name);
    for other in others {
        for place in &other.places {
            if !same_image(&place.image, image) {
                continue;
            }
            let by_status = match &place.state {
                State::Waiting { reason, message } if waiting(reason) == Waiting::Image => {
                    let reading = status_reading(place, reason, message);
                    let evidence = status_evidence(place, reason, message);
                    Some((reading, evidence))
                }
                _ => None,
            };
            let by_event = || {
                events_of(facts, &other.name, other).into_iter().find_map(|event| {
                    let reading = message::read(&event.message);
                    (event_fits(event, &reading, place, other) && names_cause(reading.cause))
                        .then(|| (reading, event_evidence(event)))
                })
            };
            let words =
                by_status.filter(|(reading, _)| names_cause(reading.cause)).or_else(by_event);
            if let Some((reading, mut evidence)) = words {
                evidence.source =
                    format!("pod {} with the same image, {}", other.name.name, evidence.source);
                return Some((reading, evidence));
            }
        }
    }
    None
}
