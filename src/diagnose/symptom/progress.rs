//! How far a pod's images are by its status alone: of many pods, which are worth a diagnosis.

use crate::cause::{Cause, Group};
use crate::facts::{PlaceKind, Pod, State};
use crate::redact;

use super::kind_name;
use super::state::{Waiting, waiting};

/// Whether an image of the pod may be failing: only then are its events worth reading, and the pod
/// worth keeping. Status alone decides, and errs on the side of looking.
pub fn may_fail(pod: &Pod) -> bool {
    let finished = pod.is_finished();
    // A pod without a node has been tried by none; one without a uid is known from words only.
    let untried = pod.node.is_none() && !pod.uid.is_empty();
    pod.places.iter().filter(|place| place.kind != PlaceKind::ImageVolume).any(|place| match &place
        .state
    {
        State::Running | State::Terminated { .. } => false,
        State::None => !finished && !untried,
        State::Waiting { reason, .. } => match waiting(reason) {
            Waiting::Image => true,
            Waiting::Other => false,
            Waiting::Starting | Waiting::Text => !finished,
        },
    }) || (pod.uid.is_empty() && pod.places.is_empty())
}

/// How far a pod's images are, by its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Every image is on the node.
    Pulled,
    /// Not yet known: why, in a few words.
    Pending(String),
}

/// How far a pod's images are. Of one that fails this says `Pending` as well: whether it does is
/// for the diagnosis to say.
pub fn progress(pod: &Pod) -> Progress {
    if pod.is_finished() {
        return Progress::Pulled;
    }
    if pod.node.is_none() {
        return Progress::Pending("not scheduled".to_owned());
    }
    // A volume's image is there once a container that mounts it has come further, and there is no
    // volume without such a container that matters.
    let open =
        pod.places.iter().filter(|place| place.kind != PlaceKind::ImageVolume).find(|place| {
            match &place.state {
                State::Running | State::Terminated { .. } => false,
                State::None => true,
                State::Waiting { reason, .. } => waiting(reason) != Waiting::Other,
            }
        });
    match open {
        None => Progress::Pulled,
        Some(place) => {
            let reason = match &place.state {
                State::Waiting { reason, .. } if !reason.is_empty() => redact::line(reason, 80),
                _ => "not started".to_owned(),
            };
            let held = match held_up(pod) {
                Some(by) => format!(", held up by {by}"),
                None => String::new(),
            };
            Progress::Pending(format!("{} {}: {reason}{held}", kind_name(place.kind), place.name))
        }
    }
}

/// What keeps a pod from running although its images are on the node: a container that crashes, or
/// cannot be started. None for one that runs, and for one whose images are not all known.
pub fn stuck(pod: &Pod) -> Option<String> {
    let is_settled = progress(pod) == Progress::Pulled && !pod.is_finished();
    is_settled.then(|| held_up(pod)).flatten()
}

/// The first container that waits for something else than an image.
fn held_up(pod: &Pod) -> Option<String> {
    pod.places.iter().find_map(|place| match &place.state {
        State::Waiting { reason, .. } if waiting(reason) == Waiting::Other => {
            Some(format!("{} {}: {}", kind_name(place.kind), place.name, redact::line(reason, 80)))
        }
        _ => None,
    })
}

/// Whether a cause lies with one image, so that another image with the same fate is another
/// incident. What lies with the registry, the way to it or the node strikes every image there.
pub fn is_about_one_image(cause: &'static Cause) -> bool {
    match cause.group {
        Group::Access
        | Group::NotThere
        | Group::Name
        | Group::Policy
        | Group::NoCause
        | Group::Root => true,
        Group::Limits | Group::Network | Group::Tls | Group::Registry | Group::Node => false,
    }
}
