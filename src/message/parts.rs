//! Where one message holds several errors, and which of their words count.
//!
//! A kubelet that tries several credentials prints `[<error>, <error>]`
//! (`k8s.io/apimachinery/pkg/util/errors`); containers/image prints the errors of mirrors before the
//! upstream's (`docker/docker_image_src.go`); CRI-O from 1.33.4 repeats a pull as an artifact.

use std::collections::VecDeque;

use super::frames::Role;
use super::phrases::{Hit, Phrase, Phrases};
use super::work;

/// One error's words, as a range of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) of: Of,
}

/// Whose error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Of {
    /// The registry that the image names, or all that there is.
    Upstream,
    /// A stand-in for it.
    Mirror,
}

impl Part {
    pub(super) fn holds(self, start: usize, end: usize) -> bool {
        self.start <= start && end <= self.end
    }
}

/// The parts of a message, in the order in which they stand.
pub(super) fn split(text: &str, hits: &[Hit], phrases: &Phrases, parts: &mut Vec<Part>) {
    parts.push(Part { start: 0, end: text.len(), of: Of::Upstream });
    let mut list = None;
    let mut mirrors = None;
    let mut items = VecDeque::new();
    for hit in hits {
        work::count(1);
        let phrase = phrases.phrase(hit.phrase);
        if phrase.shows & Phrase::STRUCTURE == 0 {
            continue;
        }
        while items.front().is_some_and(|item| *item <= hit.start) {
            open(parts, text, items.pop_front().unwrap_or_default());
            mirrors = None;
        }
        let current = parts.len() - 1;
        let structure = phrase.frames.iter().find(|role| {
            matches!(role, Role::Next | Role::List | Role::Echo | Role::Mirrors | Role::MirrorsEnd)
        });
        match structure {
            Some(Role::Next) if *list.get_or_insert_with(|| opens_list(&text[..hit.start])) => {
                open(parts, text, hit.start);
                mirrors = None;
            }
            Some(Role::List) if list != Some(true) => {
                list = Some(true);
                items = list_items(text, hit.end);
            }
            Some(Role::Echo) => parts[current].end = parts[current].end.min(hit.start),
            Some(Role::Mirrors) if mirrors.is_none() => {
                mirrors = Some(current);
                parts[current].start = hit.end;
                parts[current].of = Of::Mirror;
            }
            Some(Role::MirrorsEnd)
                if mirrors == Some(current) && hit.start >= parts[current].start =>
            {
                let end = parts[current].end;
                parts[current].end = hit.start;
                parts.push(Part { start: hit.end, end, of: Of::Upstream });
            }
            _ => {}
        }
    }
    for item in items {
        open(parts, text, item);
    }
}

/// Ends the last part at a place and starts another there.
fn open(parts: &mut Vec<Part>, text: &str, at: usize) {
    let Some(last) = parts.last_mut().filter(|last| last.start != at) else { return };
    last.end = last.end.min(at);
    if at > last.start {
        parts.push(Part { start: at, end: text.len(), of: Of::Upstream });
    }
}

/// Where the items of a list stand, each on a line of its own
/// (`github.com/hashicorp/go-multierror`, `ListFormatFunc`).
fn list_items(text: &str, from: usize) -> VecDeque<usize> {
    work::count(text.len() - from);
    memchr::memchr_iter(b'\n', &text.as_bytes()[from..])
        .filter_map(|at| {
            let line = &text[from + at + 1..];
            let item = line.trim_start_matches([' ', '\t']);
            item.starts_with("* ").then(|| from + at + 1 + line.len() - item.len())
        })
        .collect()
}

/// Whether a list of errors was opened: a bracket that starts a link of the chain.
fn opens_list(before: &str) -> bool {
    work::count(before.len());
    before.match_indices('[').any(|(at, _)| {
        let front = before[..at].trim_end();
        front.is_empty() || front.ends_with([':', '=', '"'])
    })
}
