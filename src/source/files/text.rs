//! Plain text that kubectl printed for people: `describe pod`, `get events`, `events`, `get pods`.
//!
//! A text is words only, and some things it cannot support, however well it is read:
//! - which pull secrets a pod names (`describe` prints none), and whether any exist;
//! - an exact time: ages are rounded (`4d17h`), so order within a minute is lost;
//! - which container an event is about, unless `-o wide` was asked for;
//! - `waiting.message`, which kubelets from 1.32 on fill with the cause and `describe` leaves out;
//! - whether the pod of a name is the pod of today: there is no uid;
//! - what a table cut off (kubectl ends a cell at its first line break, with `...`).
//!
//! What the text does not say stays empty or `None` in the facts. Ages are counted back from the
//! time that the facts carry, so they are right only if the text is fresh.

mod age;
mod columns;
mod describe;
mod table;

use super::store::Fullness;
use crate::facts::{Event, ObjectName, Pod, Time};

/// A pod that a text tells of.
pub(super) struct TextPod {
    pub(super) pod: Pod,
    /// Whether the text says the namespace.
    pub(super) namespace_said: bool,
    pub(super) fullness: Fullness,
    /// Whether the text says which events there are, be it none.
    pub(super) events_said: bool,
}

/// An event that a text tells of.
pub(super) struct TextEvent {
    pub(super) event: Event,
    /// Whether the text says the namespace.
    pub(super) namespace_said: bool,
    /// The pod by the scheduler's words, which name the namespace where the table does not.
    pub(super) scheduled_as: Option<ObjectName>,
}

/// All that a text tells.
#[derive(Default)]
pub(super) struct Told {
    pub(super) pods: Vec<TextPod>,
    pub(super) events: Vec<TextEvent>,
    /// How many descriptions and tables were recognised, be there anything of use in them or not.
    pub(super) blocks: usize,
}

/// What a block of lines is.
#[derive(Clone, Copy)]
enum Block {
    Description,
    Table(table::Kind),
}

impl Block {
    /// The block that begins with this line. `next` is the line after it.
    fn beginning_with(line: &str, next: Option<&str>) -> Option<Self> {
        // The describers of all namespaced kinds begin with these two.
        if line.starts_with("Name: ") && next.is_some_and(|next| next.starts_with("Namespace: ")) {
            return Some(Self::Description);
        }
        table::Kind::of_header(line).map(Self::Table)
    }
}

/// Whether the text has anything in it that kubectl prints for people.
pub(super) fn is_words(text: &str) -> bool {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(|| lines.next().map(|line| (line, lines.peek().copied())))
        .any(|(line, next)| Block::beginning_with(line, next).is_some())
}

/// Reads all descriptions and tables in a text, whatever stands before them.
pub(super) fn read(text: &str, now: Time) -> Told {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let begins = |at: usize| Block::beginning_with(lines[at], lines.get(at + 1).copied());
    let starts: Vec<(usize, Block)> =
        (0..lines.len()).filter_map(|at| Some((at, begins(at)?))).collect();
    let mut told = Told { blocks: starts.len(), ..Told::default() };
    for (index, &(start, block)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(lines.len(), |&(next, _)| next);
        let lines = &lines[start..end];
        match block {
            Block::Description => describe::read(lines, now, &mut told),
            Block::Table(kind) => table::read(kind, lines, now, &mut told),
        }
    }
    told
}
