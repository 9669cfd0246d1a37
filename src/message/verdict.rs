//! Which cause leads.
//!
//! In one error the best rank leads, and in one rank the words furthest to the right: Go puts
//! frames in front of the error that they wrap. Between several errors, the one that got furthest
//! says most about what mends the pull.

use std::cmp::Reverse;

use super::parts::{Of, Part, split};
use super::phrases::{Hit, KnownSign, PHRASES, Phrase, Phrases, starts_count};
use super::{cut, elsewhere, glued, missing, status, work};
use crate::cause::{self, Cause, Group, Rank, Where};
use crate::redact;

/// What the phrases of a message prove.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The leading cause.
    pub(super) cause: &'static Cause,
    /// The others, best first.
    pub(super) also: Vec<&'static Cause>,
    /// Whether a frame of an image pull stands in the message.
    pub(super) proves_pull: bool,
    /// Where the words of the leading cause stand; empty when no words prove it.
    pub(super) words: (usize, usize),
    /// The error that holds them.
    pub(super) part: Part,
    /// All phrases that were found.
    pub(super) hits: Vec<Hit>,
}

impl Verdict {
    /// How much of the text the dictionary knows, in bytes.
    pub(super) fn known(&self) -> usize {
        let mut end = 0;
        let mut known = 0;
        for hit in &self.hits {
            known += hit.end.saturating_sub(hit.start.max(end));
            end = end.max(hit.end);
        }
        known
    }
}

/// A sign whose phrases were all found.
#[derive(Debug, Clone, Copy)]
struct Match {
    sign: usize,
    start: usize,
    end: usize,
    part: usize,
}

/// Judges a message. `lines` has the line breaks, `flat` has spaces in their place.
pub(super) fn judge(lines: &str, flat: &str) -> Verdict {
    let phrases: &Phrases = &PHRASES;
    let mut hits = Vec::with_capacity(40);
    phrases.find(flat, &mut hits);
    let mut parts = Vec::with_capacity(2);
    split(lines, &hits, phrases, &mut parts);
    let mut matches = matches(lines, phrases, &hits, &parts);
    let last = parts.len() - 1;
    // A sign whose words end the text, but for a quote or a full stop, was not cut.
    let is_whole = matches.iter().any(|m| m.end + 2 >= flat.len());
    if !is_whole
        && let Some((sign, start)) = cut::sign(flat, phrases)
        && parts[last].holds(start, start)
        && matches.iter().all(|m| m.sign != sign)
    {
        matches.push(Match { sign, start, end: lines.len(), part: last });
    }
    drop_preamble(lines, phrases, &hits, &mut matches);
    let shown = hits.iter().fold(0, |shown, hit| shown | phrases.phrase(hit.phrase).shows);
    // Words of success say nothing beside a failure.
    if shown & Phrase::FAILS != 0 {
        matches.retain(|m| phrases.signs[m.sign].rank != Rank::Quiet);
    }
    let any = |rank| matches.iter().any(|m| phrases.signs[m.sign].rank == rank);
    let is_elsewhere = any(Rank::Elsewhere) && !any(Rank::Admission);
    let proves_pull = shown & Phrase::PULL != 0 || (!is_elsewhere && shown & Phrase::CLIENT != 0);
    let whole = Part { start: 0, end: lines.len(), of: Of::Upstream };
    let nothing = |cause, hits| Verdict {
        cause,
        also: Vec::new(),
        proves_pull,
        words: (0, 0),
        part: whole,
        hits,
    };
    if !proves_pull && is_elsewhere {
        return nothing(&cause::NOT_IMAGE_PULL, hits);
    }

    let mut found: Vec<Match> = Vec::with_capacity(parts.len());
    for part in matches.chunk_by(|one, next| one.part == next.part) {
        found.extend(leader(phrases, part));
    }
    found.sort_by_key(|m| {
        let known = &phrases.signs[m.sign];
        (known.cause.group == Group::NoCause, parts[m.part].of, progress(known.cause), known.rank)
    });
    let says_little = found.first().is_none_or(|m| {
        let KnownSign { cause, rank, .. } = phrases.signs[m.sign];
        cause.group == Group::NoCause || (cause == &cause::REGISTRY_ERROR && rank == Rank::Frame)
    });
    let is_pull = proves_pull || (found.is_empty() && elsewhere::asks_registry(lines));
    if says_little && is_pull {
        let part = found.first().map_or(whole, |m| parts[m.part]);
        let text = &lines[part.start..part.end];
        if let Some(stated) = status::find(text).or_else(|| status::refused_by_proxy(text)) {
            let words = (part.start + stated.start, part.start + stated.end);
            return Verdict { words, part, ..nothing(stated.cause, hits) };
        }
        if let Some((sign, start)) = cut::inside(flat, phrases) {
            let words = (start, lines.len());
            return Verdict { words, ..nothing(phrases.signs[sign].cause, hits) };
        }
    }
    let is_frame = |m: &Match| phrases.signs[m.sign].rank == Rank::Frame;
    if !proves_pull
        && found.first().is_none_or(is_frame)
        && let Some((sign, end)) = cut::front(flat, phrases)
    {
        return Verdict { words: (0, end), ..nothing(phrases.signs[sign].cause, hits) };
    }
    let Some(&first) = found.first() else {
        if let Some(words) = missing::image(lines, is_pull) {
            return Verdict { words, ..nothing(&cause::MANIFEST_NOT_FOUND, hits) };
        }
        if !is_pull && let Some(words) = glued::reason(lines) {
            // What it says alone.
            let reason = &lines[words.0..words.1];
            let cause = judge(reason, reason).cause;
            return Verdict { words, proves_pull: true, ..nothing(cause, hits) };
        }
        let fails = is_pull && (shown & Phrase::FAILS != 0 || !elsewhere::informs(lines));
        return nothing(if fails { &cause::UNKNOWN } else { &cause::NOT_IMAGE_PULL }, hits);
    };
    let KnownSign { cause, rank, .. } = phrases.signs[first.sign];
    // What a runtime found out for itself names its things; all else anybody may say.
    if !proves_pull
        && !any(Rank::Local)
        && elsewhere::tells(lines, first.start, rank == Rank::Status)
    {
        return nothing(&cause::NOT_IMAGE_PULL, hits);
    }
    if cause == &cause::BACK_OFF && fails_before(lines, phrases, &hits, first.start) {
        return nothing(&cause::UNKNOWN, hits);
    }
    let mut also = Vec::new();
    for other in &found[1..] {
        let other = phrases.signs[other.sign].cause;
        if other != cause && other.group != Group::NoCause && !also.contains(&other) {
            also.push(other);
        }
    }
    Verdict {
        cause,
        also,
        proves_pull,
        words: (first.start, first.end),
        part: parts[first.part],
        hits,
    }
}

/// Whether an earlier line says that a pull failed: with a reason that nobody knows, or none at all.
fn fails_before(lines: &str, phrases: &Phrases, hits: &[Hit], start: usize) -> bool {
    let fails = |hit: &Hit| phrases.phrase(hit.phrase).shows & Phrase::FAILS != 0;
    memchr::memrchr(b'\n', &lines.as_bytes()[..start])
        .is_some_and(|line| hits.iter().take_while(|hit| hit.end <= line).any(fails))
}

/// Drops what stands on lines before the first that speaks of a pull, where that one or a later one
/// names a cause: a tool that waited for a pod tells of itself first (`context deadline exceeded`).
fn drop_preamble(lines: &str, phrases: &Phrases, hits: &[Hit], matches: &mut Vec<Match>) {
    let is_pull = |hit: &&Hit| phrases.phrase(hit.phrase).shows & Phrase::PULL != 0;
    let Some(pull) = hits.iter().find(is_pull) else { return };
    let Some(line) = memchr::memrchr(b'\n', &lines.as_bytes()[..pull.start]) else { return };
    let names_cause = |m: &Match| phrases.signs[m.sign].cause.group != Group::NoCause;
    if matches.iter().any(|m| m.start > line && names_cause(m)) {
        matches.retain(|m| m.start > line || !names_cause(m));
    }
}

/// The words that prove the leading cause: from the link of the chain that holds them to the end of
/// its line, and the link before when that is all but empty without it.
pub(super) fn words(lines: &str, verdict: &Verdict) -> String {
    let (start, end) = verdict.words;
    let part = verdict.part;
    if end == 0 && verdict.cause == &cause::NOT_IMAGE_PULL {
        return redact::line(lines, WORDS);
    }
    if end == 0 {
        // No sign matched: what there is stands at the end.
        let from = last_colon(&lines[part.start..part.end]).map_or(part.start, |at| at + 2);
        return redact::line(&lines[from..part.end], WORDS);
    }
    let link = |before: usize| {
        let before = &lines[part.start..before];
        let colon = last_colon(before).map_or(0, |at| at + 2);
        let line = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |at| at + 1);
        part.start + colon.max(line)
    };
    let mut from = link(start);
    if end - from < 40 && from >= part.start + 2 && lines.is_char_boundary(from - 2) {
        from = link(from - 2);
    }
    let to = lines[end..part.end].find('\n').map_or(part.end, |at| end + at);
    redact::line(&lines[from..to], WORDS)
}

/// Where the last `: ` stands.
fn last_colon(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    while let Some(at) = memchr::memrchr(b':', &bytes[..end]) {
        if bytes.get(at + 1) == Some(&b' ') {
            return Some(at);
        }
        end = at;
    }
    None
}

/// How long the quoted words may be.
const WORDS: usize = 400;

/// How far a pull got before this cause stopped it: the error that got furthest leads.
fn progress(cause: &Cause) -> u8 {
    match cause.group {
        Group::NotThere => 0,
        Group::Name | Group::Registry | Group::Node | Group::Policy => 1,
        Group::Limits => 2,
        Group::Access => 3,
        Group::Tls | Group::Network => 4,
        Group::NoCause | Group::Root => 5,
    }
}

/// The match that leads among those of one part.
fn leader(phrases: &Phrases, matches: &[Match]) -> Option<Match> {
    let order = |m: &&Match| (phrases.signs[m.sign].rank, Reverse(m.end), m.start);
    let candidates = matches.iter().filter(|m| phrases.signs[m.sign].rank != Rank::Elsewhere);
    work::count(matches.len());
    let mut best = candidates.clone().min_by_key(order)?;
    // A test shows that yielding has no cycle, so this ends.
    while let Some(better) = candidates
        .clone()
        .filter(|m| {
            let code = phrases.signs[m.sign].cause.code;
            phrases.signs[best.sign].cause.yields_to.contains(&code)
        })
        .min_by_key(order)
    {
        best = better;
    }
    Some(*best)
}

/// All signs that are there in full: of each sign and part the rightmost match.
///
/// The work is linear in the number of hits: parts are found by their order, sequences are forgotten
/// when their part ends, and a sign is kept once a part.
fn matches(lines: &str, phrases: &Phrases, hits: &[Hit], parts: &[Part]) -> Vec<Match> {
    let mut found: Vec<Match> = Vec::with_capacity(8);
    // Signs of several phrases that were found in part, with the slot that comes next.
    let mut open: Vec<(Match, u8)> = Vec::new();
    let mut current = usize::MAX;
    // Where the matches and the hits of the current part start.
    let (mut found_from, mut hits_from) = (0, 0);
    let mut user_text = (0, 0);
    for (at, hit) in hits.iter().enumerate() {
        let phrase = phrases.phrase(hit.phrase);
        if hit.end > user_text.1 && phrase.quotes {
            user_text = (hit.end, closing_quote(lines, hit.end));
        }
        if phrase.uses.is_empty() || (user_text.0 <= hit.start && hit.end <= user_text.1) {
            continue;
        }
        let part = parts.partition_point(|part| part.end <= hit.start);
        if !parts.get(part).is_some_and(|part| part.holds(hit.start, hit.end)) {
            continue;
        }
        if part != current {
            drop_spoilt(phrases, &mut found, found_from, &hits[hits_from..at]);
            // What spoils a sign may stand before the first phrase that belongs to one.
            let first = hits[..at].partition_point(|hit| hit.start < parts[part].start);
            (current, found_from, hits_from) = (part, found.len(), first);
            open.clear();
        }
        for &(sign, slot) in &phrase.uses {
            let sign = usize::from(sign);
            work::count(1 + open.len() + found.len() - found_from);
            // Most later phrases are common words, and nothing was opened before them.
            if slot > 0 && open.is_empty() {
                continue;
            }
            let known = &phrases.signs[sign];
            let joined = known.place == Where::Joined;
            let start = if slot == 0 {
                if !stands(lines, hit, known.place, phrases, hits) {
                    continue;
                }
                hit.start
            } else {
                let earlier = open
                    .iter()
                    .find(|(m, next)| m.sign == sign && *next == slot && m.end <= hit.start);
                match earlier {
                    Some((m, _)) if !joined || touches(lines, m.end, hit.start) => m.start,
                    _ => continue,
                }
            };
            let m = Match { sign, start, end: hit.end, part };
            if slot + 1 < known.phrases {
                match open.iter_mut().find(|(o, next)| o.sign == sign && *next == slot + 1) {
                    // What is far away touches nothing: the latest start is the one that counts.
                    Some((open, _)) if joined => *open = m,
                    Some(_) => {}
                    None => open.push((m, slot + 1)),
                }
            } else if let Some(same) = found[found_from..].iter_mut().find(|m| m.sign == sign) {
                *same = m;
            } else {
                found.push(m);
            }
        }
    }
    drop_spoilt(phrases, &mut found, found_from, &hits[hits_from..]);
    found
}

/// Whether no white space stands between two places, not too far from each other.
fn touches(lines: &str, from: usize, to: usize) -> bool {
    work::count((to - from).min(NEAR));
    to - from <= NEAR && !lines.as_bytes()[from..to].iter().any(u8::is_ascii_whitespace)
}

/// Drops the matches of a part, from `from` on, whose spoiling phrase is among the part's hits.
fn drop_spoilt(phrases: &Phrases, found: &mut Vec<Match>, from: usize, hits: &[Hit]) {
    let spoils = |m: &Match| phrases.signs[m.sign].unless.into_iter().flatten();
    if !found[from..].iter().any(|m| spoils(m).next().is_some()) {
        return;
    }
    work::count(hits.len() + found.len() - from);
    let mut there: Vec<_> = hits.iter().map(|hit| hit.phrase).collect();
    there.sort_unstable();
    let mut at = 0;
    found.retain(|m| {
        at += 1;
        at <= from || spoils(m).all(|unless| there.binary_search(&unless).is_err())
    });
}

/// Whether a hit stands where its sign wants it.
fn stands(lines: &str, hit: &Hit, place: Where, phrases: &Phrases, hits: &[Hit]) -> bool {
    match place {
        Where::Anywhere | Where::Joined => true,
        Where::Start => starts_link(lines, hit.start),
        Where::Leaf => {
            starts_link(lines, hit.start)
                && ends_link(lines, hit.end)
                && !is_among_numbers(lines, hit)
        }
        Where::Last => says_no_more(lines, hit.end, phrases, hits),
    }
}

/// Whether a hit is a number in a list of numbers or a call's argument, and so no status.
fn is_among_numbers(lines: &str, hit: &Hit) -> bool {
    let bytes = lines.as_bytes();
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if !digit(bytes.get(hit.start)) {
        return false;
    }
    let in_call = match &bytes[..hit.start] {
        [.., name, b'('] => name.is_ascii_alphanumeric(),
        _ => false,
    };
    let before = bytes[..hit.start].trim_ascii_end().strip_suffix(b",");
    let after = bytes[hit.end..].strip_prefix(b",").map(<[u8]>::trim_ascii_start);
    in_call
        || before.is_some_and(|before| digit(before.last()))
        || after.is_some_and(|after| digit(after.first()))
}

/// Whether a link of a chain of errors starts here.
pub(super) fn starts_link(lines: &str, at: usize) -> bool {
    let before = &lines.as_bytes()[..at];
    match before {
        [] | b" " | b"\"" | [.., b'\n' | b'[' | b'(' | b'='] | [.., b' ', b'`'] => true,
        // Behind three points something was left out.
        [.., last, b' '] => {
            let left_out = ["... ", "\u{2026} "];
            b":=-];,}/".contains(last)
                || left_out.iter().any(|mark| before.ends_with(mark.as_bytes()))
        }
        [.., last, b'"'] => {
            let opens: [&[u8]; 3] = [b": \"", b"= \"", b" (\""];
            *last == b'=' || opens.iter().any(|mark| before.ends_with(mark))
        }
        _ => false,
    }
}

/// Whether a link of a chain of errors ends here.
fn ends_link(lines: &str, at: usize) -> bool {
    let rest = &lines[at..];
    let ended = rest.trim_start_matches(['.', '!', '\u{2026}']);
    let sentence_ends = ended.len() < rest.len();
    match ended.as_bytes() {
        [] | [b':' | b' '] => true,
        [first, ..] if b"\n\")];,'}<`*|".contains(first) => true,
        [b':', next, ..] => matches!(next, b' ' | b'\n'),
        [b' ', rest @ ..] => {
            matches!(rest.first(), Some(b'(' | b'-' | b'[' | b'"' | b'|' | b'`'))
                || (sentence_ends && rest.first().is_some_and(u8::is_ascii_uppercase))
                || starts_field(rest)
                || starts_columns(rest)
        }
        rest => starts_count(rest),
    }
}

/// Whether a log's or a struct's next field starts here, as `ref="…"` or `reason:ErrImagePull`.
fn starts_field(rest: &[u8]) -> bool {
    let name = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    match &rest[name..] {
        [b'=', ..] => true,
        [b':', value, ..] => name > 0 && value.is_ascii_uppercase(),
        _ => false,
    }
}

/// Whether the columns start here that `kubectl get events -o wide` prints behind the message: an
/// age, a count and a name.
fn starts_columns(rest: &[u8]) -> bool {
    let mut words = rest.split(|byte| *byte == b' ');
    let mut digits_and = |units: &[u8]| {
        words.next().is_some_and(|word| {
            word.first().is_some_and(u8::is_ascii_digit)
                && word.iter().all(|byte| byte.is_ascii_digit() || units.contains(byte))
        })
    };
    digits_and(b"dhms") && digits_and(b"")
}

/// Whether a line begins with a field's name: `reason: x`, `"source": {`, `Restart Count:  0`.
fn starts_named(line: &str) -> bool {
    let line = line.split('\n').next().unwrap_or_default();
    line.split_once(':').is_some_and(|(name, value)| {
        let name = name.trim_matches(['"', '-', ' ']);
        (value.is_empty() || value.starts_with([' ', ',']))
            && (1..=30).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphabetic() || b" -".contains(&byte))
    })
}

/// Whether nothing that explains follows: nothing, more of the same, or words without a colon.
fn says_no_more(lines: &str, from: usize, phrases: &Phrases, hits: &[Hit]) -> bool {
    // What explains would follow at once; a bound keeps a hostile text from being read many times.
    let end = lines.len().min(from + NEAR);
    let end = (from..=end).rev().find(|end| lines.is_char_boundary(*end)).unwrap_or(from);
    let lines = &lines[..end];
    let mut at = from;
    for _ in 0..STEPS {
        work::count(lines.len() - at);
        let trimmed = lines[at..].trim_start();
        let is_new_line = lines[at..lines.len() - trimmed.len()].contains('\n');
        at = lines.len() - trimmed.len();
        // The next field of an object that was printed as YAML, JSON or by kubectl describe.
        if is_new_line && !lines[..at].trim_end().ends_with(':') && starts_named(trimmed) {
            return true;
        }
        // The image's name.
        let pairs = [('"', '"'), ('\'', '\''), ('[', ']')];
        let quoted = |(open, close)| Some((trimmed.strip_prefix(open)?, close));
        if let Some((quoted, close)) = pairs.into_iter().find_map(quoted)
            && let Some(end) = quoted.find(close)
            && !quoted[..end].contains([' ', '\n'])
        {
            at += end + 2;
            continue;
        }
        // The same without quotes: a word, a colon, and what went wrong.
        let word = trimmed.find(' ').map_or(trimmed, |end| &trimmed[..end]);
        if let Some(name) = word.strip_suffix(':')
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            at += name.len();
            continue;
        }
        // A log's field that holds the error.
        let field = ["err=", "error="].iter().find_map(|name| trimmed.strip_prefix(name));
        let next = trimmed.strip_prefix([':', '"', ',', ';', ')', ']', '.']);
        let Some(after) = field.or(next) else {
            return true;
        };
        if field.is_none() && !trimmed.starts_with(':') {
            if !after.trim_start().contains(':') {
                return true;
            }
            at += 1;
            continue;
        }
        let word = after.trim_start().trim_start_matches(['"', '[']);
        if word.is_empty() {
            return true;
        }
        let start = lines.len() - word.len();
        let near = hits.partition_point(|hit| hit.start < start);
        let more = hits[near..].iter().take_while(|hit| hit.start == start).find(|hit| {
            phrases.phrase(hit.phrase).uses.iter().any(|&(sign, slot)| {
                slot == 0 && phrases.signs[usize::from(sign)].rank == Rank::Vague
            })
        });
        match more {
            Some(more) => at = more.end.min(lines.len()),
            None => return false,
        }
    }
    false
}

/// How far behind vague words something is looked for that explains them.
const NEAR: usize = 600;
/// How many steps that takes at most.
const STEPS: usize = 16;

/// Where the quoted text that starts here ends: at its quote, else at the end of the word.
fn closing_quote(lines: &str, from: usize) -> usize {
    let rest = &lines.as_bytes()[from..];
    let end = memchr::memchr2(b'"', b'\n', rest).unwrap_or(rest.len());
    work::count(end);
    if rest.get(end) == Some(&b'"') {
        from + end
    } else {
        from + memchr::memchr2(b' ', b'\n', rest).unwrap_or(rest.len())
    }
}
