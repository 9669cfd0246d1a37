//! Words to causes: what a kubelet event, a `waiting.message` or a runtime's error proves.
//!
//! `event.message` = kubelet frame + gRPC frame + runtime frames + the registry's or the operating
//! system's words, the leaf. The leaf carries the cause; frames carry the stage, the image and the
//! host. One dictionary of the phrases of all signs finds everything in a single pass, so that
//! the cost of a message does not grow with the catalogue.
//!
//! This module is a function of the text: it knows no pod, no secret and no cluster.

mod clean;
mod cut;
mod details;
mod elsewhere;
mod extract;
mod frames;
mod glued;
mod missing;
mod parts;
mod phrases;
mod status;
mod summary;
mod verdict;
mod work;
mod wrap;

pub use details::{
    Certificate, Details, HostRole, Platforms, Runtime, RuntimeHint, Version, VersionRange,
};

use self::clean::Clean;
use self::phrases::PHRASES;
use self::verdict::Verdict;
use crate::cause::Cause;

/// What the words of one message prove.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The primary cause: the one whose fix comes first.
    pub cause: &'static Cause,
    /// Other causes that the message names, in the order in which fixing them helps.
    pub also_named: Vec<&'static Cause>,
    /// Whether the words themselves show that an image was being pulled. A bare
    /// `connection refused` names a cause and proves no pull.
    pub proves_pull: bool,
    /// The words that prove the cause: the leaf without its frames, control characters made
    /// harmless, at most a few hundred characters.
    pub words: String,
    /// What the message says besides.
    pub details: Details,
}

impl Reading {
    /// One plain sentence about what the message says, with its details.
    pub fn summary(&self) -> String {
        summary::summary(self)
    }
}

/// Reads one message.
pub fn read(text: &str) -> Reading {
    let (clean, verdict) = judged(text);
    Reading {
        words: verdict::words(&clean.lines, &verdict),
        details: extract::details(&clean.lines, &verdict),
        cause: verdict.cause,
        also_named: verdict.also,
        proves_pull: verdict.proves_pull,
    }
}

/// Reads one message that may not be UTF-8.
pub fn read_bytes(bytes: &[u8]) -> Reading {
    read(&String::from_utf8_lossy(bytes))
}

/// The primary cause alone: what a stream of a million messages needs.
pub fn cause_of(text: &str) -> &'static Cause {
    judged(text).1.cause
}

/// The message in the shape in which most of it is known, and what that proves.
fn judged(text: &str) -> (Clean<'_>, Verdict) {
    let clean = clean::clean(text);
    let verdict = verdict::judge(&clean.lines, clean.flat());
    let mut best = (clean, verdict);
    for view in wrap::views(text, |before, after| PHRASES.cross(before, after)) {
        let clean = clean::clean(&view.text).into_owned();
        let verdict = verdict::judge(&clean.lines, clean.flat());
        // Lines that were written so lose words when they are joined, and broken ones win some.
        if verdict.known() >= best.1.known() + view.gain {
            best = (clean, verdict);
        }
    }
    best
}
