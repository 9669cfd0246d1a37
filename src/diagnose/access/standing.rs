//! How well a secret that would serve has proven itself, by the pods that refer to it.

use crate::cause;
use crate::credentials::{self, Judgement, Keyring, PullSecret};
use crate::facts::{Facts, Lookup, ObjectName, Place, Pod, State};
use crate::image::ImageReference;
use crate::message;

/// The standing of a secret that has a login for the image, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// A pod runs the image with it, and with no other.
    Proven,
    /// Nothing is known.
    Unknown,
    /// A pod that refers to it fails on its login.
    Refused,
    /// It has expired.
    Expired,
}

impl Standing {
    pub(super) fn of(facts: &Facts, secret: &PullSecret, image: &ImageReference) -> Self {
        let mut pods = pods_with(facts, &secret.name);
        if is_expired(&credentials::judge(secret, Some(image), facts.now), facts) {
            Self::Expired
        } else if pods.clone().any(|pod| is_refused(pod, image)) {
            Self::Refused
        } else if pods.any(|pod| runs_with(facts, pod, secret, image)) {
            Self::Proven
        } else {
            Self::Unknown
        }
    }

    /// Whether a reference to the secret is worth a try.
    pub(super) fn is_good(self) -> bool {
        self <= Self::Unknown
    }
}

/// A pod that runs the image with this secret and no other.
pub(super) fn proof<'a>(
    facts: &'a Facts,
    secret: &'a PullSecret,
    image: &ImageReference,
) -> Option<&'a Pod> {
    pods_with(facts, &secret.name).find(|pod| runs_with(facts, pod, secret, image))
}

/// Whether some pod runs the image with a login: so there is such an image, and it was not the name
/// that failed.
pub(super) fn runs_somewhere(facts: &Facts, image: &ImageReference) -> bool {
    let pods = || facts.pods.iter().chain(&facts.neighbours);
    pods().any(|pod| runs(pod, image) && !logins(facts, pod, image).unwrap_or_default().is_empty())
}

/// The pods that refer to a secret.
fn pods_with<'a>(
    facts: &'a Facts,
    secret: &'a ObjectName,
) -> impl Iterator<Item = &'a Pod> + Clone {
    facts
        .pods
        .iter()
        .chain(&facts.neighbours)
        .filter(|pod| pod.name.namespace == secret.namespace)
        .filter(|pod| pod.pull_secrets.iter().flatten().any(|name| *name == secret.name))
}

/// Whether a pod runs the image, and can have got it with this secret only: which of several the
/// kubelet got it with, nothing says.
fn runs_with(facts: &Facts, pod: &Pod, secret: &PullSecret, image: &ImageReference) -> bool {
    runs(pod, image)
        && logins(facts, pod, image)
            .is_some_and(|logins| logins.iter().all(|name| *name == secret.name))
}

/// The secrets of a pod that have a login for the image; None where not all of them were seen.
fn logins(facts: &Facts, pod: &Pod, image: &ImageReference) -> Option<Vec<ObjectName>> {
    let mut found = Vec::new();
    for name in pod.pull_secrets.iter().flatten().filter(|name| !name.is_empty()) {
        match facts.secret(&pod.name.namespace, name) {
            Lookup::Found(secret) => found.push(secret),
            Lookup::Absent => {}
            Lookup::Unseen(_) => return None,
        }
    }
    let matches = Keyring::replay(&found).ok()?.lookup(image);
    Some(matches.into_iter().filter(|found| !found.is_empty).map(|found| found.secret).collect())
}

/// The places where a pod names the image.
fn places<'a>(pod: &'a Pod, image: &'a ImageReference) -> impl Iterator<Item = &'a Place> {
    pod.places
        .iter()
        .filter(move |place| ImageReference::parse(&place.image).is_ok_and(|it| it == *image))
}

fn runs(pod: &Pod, image: &ImageReference) -> bool {
    places(pod, image).any(|place| place.state == State::Running)
}

/// Whether a pod's status says that a login was sent for the image and refused. The kubelet tries
/// all that match before it gives up, so this is said of each of them.
fn is_refused(pod: &Pod, image: &ImageReference) -> bool {
    places(pod, image).any(|place| match &place.state {
        State::Waiting { message, .. } => message::cause_of(message) == &cause::BAD_CREDENTIALS,
        State::None | State::Running | State::Terminated { .. } => false,
    })
}

/// Whether the last login for the image has expired.
pub(super) fn is_expired(judgement: &Judgement, facts: &Facts) -> bool {
    judgement.expiry.is_some_and(|expiry| expiry.has_passed(facts.now))
}
