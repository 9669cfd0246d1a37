//! What a container's state says about its image.

use crate::cause::{self, Cause};
use crate::facts::Place;
use crate::message::{self, Reading};
use crate::redact;

use super::super::Evidence;
use super::{QUOTE, kind_name};

/// What `waiting.reason` says about the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// One of the kubelet's names for a failed pull (`pkg/kubelet/images/types.go`).
    Image,
    /// One of its names for something else that keeps a container from starting.
    Other,
    /// It has not come to the image yet, or forgot (a restarted kubelet does).
    Starting,
    /// Any other text; kubelets from 1.33 put the raw error here.
    Text,
}

pub(super) fn waiting(reason: &str) -> Waiting {
    match reason {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ErrImageNeverPull"
        | "InvalidImageName"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => Waiting::Image,
        "" | "ContainerCreating" | "PodInitializing" => Waiting::Starting,
        "CrashLoopBackOff"
        | "CreateContainerConfigError"
        | "RunContainerError"
        | "StartError"
        | "KillContainerError"
        | "VerifyNonRootError"
        | "RunInitContainerError"
        | "CreatePodSandboxError"
        | "ConfigPodSandboxError"
        | "KillPodSandboxError"
        | "PreCreateHookError"
        | "PreStartHookError"
        | "PostStartHookError"
        | "ResizeError" => Waiting::Other,
        _ => Waiting::Text,
    }
}

/// Whether the cause stands for a failed pull at all.
pub(super) fn is_pull_failure(cause: &'static Cause) -> bool {
    cause != &cause::NOT_IMAGE_PULL
}

/// Whether the words name a cause, or only say that pulling fails.
pub(super) fn names_cause(cause: &'static Cause) -> bool {
    is_pull_failure(cause) && cause != &cause::BACK_OFF && cause != &cause::UNKNOWN
}

/// Whether an unheard-of reason is about the image: the words must prove it. A broken pull secret
/// puts the keyring's bare error there, and CRI-O's policy speaks up at container creation only.
pub(super) fn is_about_image(reading: &Reading) -> bool {
    let cause = reading.cause;
    (reading.proves_pull && is_pull_failure(cause))
        || cause == &cause::PULL_SECRET_MALFORMED
        || cause == &cause::SIGNATURE_REJECTED
}

/// Reads a container's state, with the frame that the kubelet puts before the same error in its
/// event: `waiting.message` of `ErrImagePull` is the runtime's bare error
/// (`pkg/kubelet/images/image_manager.go`).
pub(super) fn status_reading(place: &Place, reason: &str, text: &str) -> Reading {
    if text.is_empty() {
        return message::read(&format!("Error: {reason}"));
    }
    if reason == "ErrImagePull" && !text.starts_with("Failed to pull image ") {
        return message::read(&format!("Failed to pull image \"{}\": {text}", place.image));
    }
    message::read(text)
}

pub(super) fn status_evidence(place: &Place, reason: &str, text: &str) -> Evidence {
    let text = match (reason, text) {
        (reason, "") => reason.to_owned(),
        (reason, text) if reason == text => reason.to_owned(),
        (reason, text) => format!("{reason}: {text}"),
    };
    Evidence {
        source: match place.name.as_str() {
            // A table of pods says no more.
            "" => "status of the pod".to_owned(),
            name => format!("status of {} {name}", kind_name(place.kind)),
        },
        text: redact::line(&text, QUOTE),
        count: None,
        first_seen: None,
        last_seen: None,
    }
}
