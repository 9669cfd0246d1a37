//! Messages whose end was cut off, by a table, a chat window or a person, or whose first letters
//! were missed with the mouse.
//!
//! A last link that begins a phrase, and phrases of one cause only, names that cause:
//! `…: http: server gave H`. So does a first word that lacks the beginning of a phrase's:
//! `onnection refused`.

use super::phrases::Phrases;
use crate::cause::Rank;

/// Shorter ends begin too much: `not f`, and one word alone: `connect`.
const LEAST: usize = 8;
const LEAST_WORD: usize = 10;
/// Where the cut is marked, less is enough.
const LEAST_MARKED: usize = 6;
/// Behind other words more is needed, and this much of the end is looked at.
const LEAST_INSIDE: usize = 12;
const LOOK: usize = 60;

/// The sign that the end of a text begins, and where that end starts.
pub(super) fn sign(flat: &str, phrases: &Phrases) -> Option<(usize, usize)> {
    let (tail, from) = last_link(flat);
    let is_marked = flat.ends_with('\u{2026}') || flat.ends_with("...");
    let least = match tail.contains(' ') {
        _ if is_marked => LEAST_MARKED,
        true => LEAST,
        false => LEAST_WORD,
    };
    if !(least..100).contains(&tail.len()) {
        return None;
    }
    Some((begun(&tail.to_ascii_lowercase(), phrases, false)?, from))
}

/// The sign that the last words of a text begin, behind others of their link, and where they
/// start. Asked only where nothing else names a cause; only words that go together count, the last
/// of them cut in the middle, since whole words may be meant so.
pub(super) fn inside(flat: &str, phrases: &Phrases) -> Option<(usize, usize)> {
    let (tail, from) = last_link(flat);
    let shown = tail.ceil_char_boundary(tail.len().saturating_sub(LOOK));
    let tail = tail[shown..].to_ascii_lowercase();
    tail.match_indices(' ').find_map(|(space, _)| {
        let words = &tail[space + 1..];
        let together = words.len() >= LEAST_INSIDE && words.contains(' ');
        let sign = together.then(|| begun(words, phrases, true)).flatten()?;
        Some((sign, from + shown + space + 1))
    })
}

/// The sign whose phrase a text begins with, but for its first letters, and where that ends. Asked
/// only where little else is said.
pub(super) fn front(flat: &str, phrases: &Phrases) -> Option<(usize, usize)> {
    let mut found: Option<(usize, usize)> = None;
    for (rest, uses) in phrases.that_end(flat) {
        for &(sign, _) in uses {
            let sign = usize::from(sign);
            let known = &phrases.signs[sign];
            if known.phrases > 1 || matches!(known.rank, Rank::Elsewhere | Rank::Quiet) {
                continue;
            }
            match found {
                Some((other, _)) if phrases.signs[other].cause != known.cause => return None,
                Some((_, longest)) if longest >= rest.len() => {}
                _ => found = Some((sign, rest.len())),
            }
        }
    }
    found
}

/// The last link of the chain without what marks a cut, and where it starts.
fn last_link(flat: &str) -> (&str, usize) {
    let end = flat.trim_end_matches(['.', '\u{2026}', '"', '\'', '`', ' ', ')', ']']);
    let opens = |byte: u8| matches!(byte, b':' | b'"' | b'=' | b'[' | b'(');
    let start = end.bytes().rposition(opens).map_or(0, |at| at + 1);
    let tail = &end[start..];
    (tail.trim_start(), start + (tail.len() - tail.trim_start().len()))
}

/// The sign of the one cause whose phrases begin so.
fn begun(words: &str, phrases: &Phrases, inside: bool) -> Option<usize> {
    let mut found: Option<usize> = None;
    for sign in phrases.that_begin(words, inside)? {
        let known = &phrases.signs[sign];
        let says_little = matches!(known.rank, Rank::Elsewhere | Rank::Vague | Rank::Quiet);
        if known.phrases > 1 || says_little {
            return None;
        }
        match found {
            Some(other) if phrases.signs[other].cause != known.cause => return None,
            Some(other) if phrases.signs[other].rank <= known.rank => {}
            _ => found = Some(sign),
        }
    }
    found
}
