//! Messages whose end was cut off, by a table, a chat window or a person.
//!
//! A last link that begins a phrase, and phrases of one cause only, names that cause:
//! `…: http: server gave H`.

use super::phrases::Phrases;
use crate::cause::Rank;

/// Shorter ends begin too much: `not f`, `connection`.
const LEAST: usize = 8;

/// The sign that the end of a text begins, and where that end starts.
pub(super) fn sign(flat: &str, phrases: &Phrases) -> Option<(usize, usize)> {
    let end = flat.trim_end_matches(['.', '\u{2026}', '"', '\'', '`', ' ', ')', ']']);
    let opens = |byte: u8| matches!(byte, b':' | b'"' | b'=' | b'[' | b'(');
    let start = end.bytes().rposition(opens).map_or(0, |at| at + 1);
    let tail = &end[start..];
    let from = start + (tail.len() - tail.trim_start().len());
    let tail = tail.trim_start();
    if !(LEAST..100).contains(&tail.len()) {
        return None;
    }
    let tail = tail.to_ascii_lowercase();
    let mut found: Option<usize> = None;
    for sign in phrases.that_begin(&tail)? {
        let known = &phrases.signs[sign];
        if known.phrases > 1 || matches!(known.rank, Rank::Elsewhere | Rank::Vague | Rank::Quiet) {
            return None;
        }
        match found {
            Some(other) if phrases.signs[other].cause != known.cause => return None,
            Some(other) if phrases.signs[other].rank <= known.rank => {}
            _ => found = Some(sign),
        }
    }
    found.map(|sign| (sign, from))
}
