//! A dictionary of every phrase of every sign and frame, and the search for all of them at once.
//!
//! A phrase that begins with a letter begins a word, so only the starts of words (and the few marks
//! of punctuation that begin a phrase) need a look: one probe of a small table by the first bytes,
//! which most words fail, and else a binary search among the phrases that share them. The
//! dictionary is a sorted list, made in well under a millisecond; an automaton of the same phrases
//! took a hundred times as long to build as a process may take to answer.
//!
//! What a phrase that was found is worth is decided elsewhere.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use super::frames::{FAILURES, FRAMES, Role};
use super::work;
use crate::cause::{self, Cause, Rank, Sign, Where};

/// The dictionary with what its phrases stand for.
pub(super) struct Phrases {
    /// Sorted by the table's slot, and in a slot by text.
    entries: Vec<Entry>,
    /// The first bytes of each entry, as a number that sorts alike.
    keys: Vec<u128>,
    /// Where each slot's entries start; one more than there are slots.
    slots: Vec<u16>,
    /// What each byte is.
    classes: [Class; 256],
    /// A bit for what phrases begin with: most words of a message are ruled out by one look.
    beginnings: Vec<u64>,
    meanings: Vec<Phrase>,
    /// The ends of phrases, made when a text is met whose first letters may be missing: each by its
    /// first bytes, with the entry and the place where it begins.
    ends: OnceLock<HashMap<u128, Vec<(usize, usize)>>>,
    /// All signs of all causes.
    pub(super) signs: Vec<KnownSign>,
}

/// The number of a phrase, an entry or a sign. It is short so that what is looked up for each word
/// stays near the processor.
type Id = u16;

/// One phrase in the dictionary.
struct Entry {
    text: &'static str,
    phrase: Id,
    edges: Edges,
    /// The longest other phrase that this one begins with: where this one stands, that one does.
    prefix: Option<Id>,
}

/// What a byte of a message is, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Class(u8);

impl Class {
    /// It belongs to a word: there a phrase begins only with the word.
    const WORD: u8 = 1;
    /// A phrase can begin with it.
    const BEGINS: u8 = 2;
    /// A phrase of fewer than [`BEGINNING`] bytes can.
    const BEGINS_SHORT: u8 = 4;
    /// A word goes on behind it, as in a name or a path: see [`Edges`].
    const JOINS: u8 = 8;

    fn is(self, bits: u8) -> bool {
        self.0 & bits != 0
    }
}

/// A sign, and whose it is.
#[derive(Clone, Copy)]
pub(super) struct KnownSign {
    pub(super) cause: &'static Cause,
    pub(super) rank: Rank,
    pub(super) place: Where,
    /// How many phrases it has.
    pub(super) phrases: u8,
    /// The phrases that spoil it.
    pub(super) unless: [Option<Id>; 2],
}

/// What one phrase stands for.
#[derive(Default)]
pub(super) struct Phrase {
    /// The signs it belongs to, each with its place in the sequence.
    pub(super) uses: Vec<(Id, u8)>,
    /// The frames it is.
    pub(super) frames: Vec<Role>,
    /// Whether somebody's quoted text follows.
    pub(super) quotes: bool,
    /// What it shows, as bits.
    pub(super) shows: u8,
}

impl Phrase {
    /// It shows a pull.
    pub(super) const PULL: u8 = 1;
    /// It shows a client of registries.
    pub(super) const CLIENT: u8 = 2;
    /// It shows where one of several errors starts or ends.
    pub(super) const STRUCTURE: u8 = 4;
    /// It shows that a pull failed.
    pub(super) const FAILS: u8 = 8;
}

/// A phrase that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// Index into the phrases.
    pub(super) phrase: Id,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The one dictionary.
pub(super) static PHRASES: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(cause::all(), FRAMES));

impl Phrases {
    fn new(causes: impl Iterator<Item = &'static Cause>, frames: &[(&'static str, Role)]) -> Self {
        let mut table = Table::default();
        let mut signs = Vec::new();
        for cause in causes {
            for sign in cause.signs {
                let id = signs.len();
                let phrases = sign.phrases.iter().filter(|phrase| !phrase.is_empty());
                let mut count = 0;
                for phrase in phrases {
                    let phrase = table.phrase(phrase);
                    table.phrases[usize::from(phrase)].uses.push((short(id), count));
                    count += 1;
                }
                let unless =
                    sign.unless.map(|phrase| (!phrase.is_empty()).then(|| table.phrase(phrase)));
                let Sign { rank, place, .. } = *sign;
                signs.push(KnownSign { cause, rank, place, phrases: count, unless });
            }
        }
        for &(text, role) in frames {
            let phrase = usize::from(table.phrase(text));
            table.phrases[phrase].frames.push(role);
            table.phrases[phrase].quotes |= matches!(role, Role::Quoted | Role::Other);
            table.phrases[phrase].shows |= match role {
                Role::Pull if FAILURES.iter().any(|word| text.starts_with(word)) => {
                    Phrase::PULL | Phrase::FAILS
                }
                Role::Pull => Phrase::PULL,
                Role::Client => Phrase::CLIENT,
                Role::Next | Role::List | Role::Echo | Role::Mirrors | Role::MirrorsEnd => {
                    Phrase::STRUCTURE
                }
                _ => 0,
            };
        }
        let mut classes: [Class; 256] = std::array::from_fn(|byte| match u8::try_from(byte) {
            Ok(byte) if byte.is_ascii_alphanumeric() => Class(Class::WORD),
            Ok(byte) if joins(byte) => Class(Class::JOINS),
            _ => Class(0),
        });
        let mut beginnings = vec![0; BITS / 64];
        for text in &table.texts {
            let short = if text.len() < BEGINNING { Class::BEGINS_SHORT } else { 0 };
            classes[usize::from(text.as_bytes()[0])].0 |= Class::BEGINS | short;
            let bit = Beginning::of(text).bit();
            beginnings[bit / 64] |= 1 << (bit % 64);
        }
        let (entries, slots) = sorted(&table.texts);
        let keys = entries.iter().map(|entry| key(entry.text.as_bytes())).collect();
        Self {
            entries,
            keys,
            slots,
            classes,
            beginnings,
            meanings: table.phrases,
            ends: OnceLock::new(),
            signs,
        }
    }

    /// The phrase with that index.
    pub(super) fn phrase(&self, id: Id) -> &Phrase {
        &self.meanings[usize::from(id)]
    }

    /// The phrases that the text begins with, but for the first letters of their first word: what is
    /// left of each, and the signs that it belongs to.
    pub(super) fn that_end(&self, text: &str) -> impl Iterator<Item = (&'static str, &[(Id, u8)])> {
        /// What is left of a phrase must be this long: shorter ends are words of their own.
        const LEAST: usize = 12;
        /// How many letters of a phrase of one word may be missing.
        const LOST: usize = 3;
        let ends = self.ends.get_or_init(|| {
            let mut ends: HashMap<_, Vec<_>> = HashMap::new();
            for (id, Entry { text, .. }) in self.entries.iter().enumerate() {
                // The end of a word made of several is one of its own: `imagePullSecret`.
                let word = text.find(' ').unwrap_or(LOST + 1);
                for cut in 1..word.min(text.len().saturating_sub(LEAST - 1)) {
                    ends.entry(key(&text.as_bytes()[cut..cut + LEAST]))
                        .or_default()
                        .push((id, cut));
                }
            }
            ends
        });
        let lower = text[..text.floor_char_boundary(LONGEST)].to_ascii_lowercase();
        let first = lower.as_bytes().get(..LEAST).map(key);
        let ends = first.and_then(|first| ends.get(&first)).map_or(&[][..], Vec::as_slice);
        ends.iter().filter_map(move |(id, cut)| {
            let entry = &self.entries[*id];
            let rest = &entry.text[*cut..];
            lower.starts_with(rest).then(|| (rest, &*self.phrase(entry.phrase).uses))
        })
    }

    /// All phrases in the text that stand on their own, in the order in which they start.
    pub(super) fn find(&self, text: &str, hits: &mut Vec<Hit>) {
        work::count(text.len());
        let lower = text.to_ascii_lowercase();
        let bytes = lower.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let class = self.class(*byte);
            if class.is(Class::BEGINS) {
                let rest = &bytes[at..];
                if let Some(beginning) = Beginning::long(rest)
                    && self.begins(beginning)
                {
                    self.find_at(bytes, at, beginning, hits);
                }
                if class.is(Class::BEGINS_SHORT)
                    && let Some(beginning) = Beginning::short(rest)
                    && self.begins(beginning)
                {
                    self.find_at(bytes, at, beginning, hits);
                }
            }
            at += 1;
            // Inside a word no phrase begins; after a mark of punctuation one may.
            if class.is(Class::WORD | Class::JOINS) {
                at = word_end(bytes, at);
            }
        }
    }

    /// Whether a phrase stands across the end of one text and the beginning of the next.
    pub(super) fn cross(&self, before: &str, after: &str) -> bool {
        /// Few phrases are longer.
        const NEAR: usize = 48;
        let before = &before[before.ceil_char_boundary(before.len().saturating_sub(NEAR))..];
        let after = &after[..after.floor_char_boundary(NEAR)];
        let mut hits = Vec::new();
        self.find(&[before, after].concat(), &mut hits);
        hits.iter().any(|hit| hit.start < before.len() && before.len() < hit.end)
    }

    fn class(&self, byte: u8) -> Class {
        self.classes[usize::from(byte)]
    }

    /// The signs of all phrases that begin with that text and go on; None where it is a phrase of
    /// its own, or where a phrase that is more than a sign begins with it. None also where the
    /// text ends with a whole word of a phrase, unless it is long and not `inside` a link.
    pub(super) fn that_begin(&self, text: &str, inside: bool) -> Option<Vec<usize>> {
        let slot = Beginning::of(text).slot();
        let slot = usize::from(self.slots[slot])..usize::from(self.slots[slot + 1]);
        // What begins with less than a beginning may stand in any slot.
        let entries = if text.len() < BEGINNING { &self.entries } else { &self.entries[slot] };
        let mut signs = Vec::new();
        for entry in entries.iter().filter(|entry| entry.text.starts_with(text)) {
            let phrase = self.phrase(entry.phrase);
            let starts = phrase.uses.iter().filter(|(_, slot)| *slot == 0);
            if entry.text == text || (starts.clone().count() == 0 && !phrase.uses.is_empty()) {
                return None;
            }
            let ends_word = !entry.text.as_bytes()[text.len()].is_ascii_alphanumeric();
            if ends_word && (inside || text.len() < WHOLE_WORDS) {
                return None;
            }
            signs.extend(starts.map(|(sign, _)| usize::from(*sign)));
        }
        Some(signs)
    }

    /// Whether a phrase has that beginning; now and then also where none has.
    fn begins(&self, beginning: Beginning) -> bool {
        let bit = beginning.bit();
        self.beginnings[bit / 64] & 1 << (bit % 64) != 0
    }

    /// All phrases with that beginning that start here.
    fn find_at(&self, bytes: &[u8], start: usize, beginning: Beginning, hits: &mut Vec<Hit>) {
        let rest = &bytes[start..];
        let slot = beginning.slot();
        let (from, to) = (usize::from(self.slots[slot]), usize::from(self.slots[slot + 1]));
        if from == to {
            return;
        }
        let key = key(rest);
        let keys = &self.keys[from..to];
        let mut before = keys.partition_point(|other| *other <= key);
        while before > 0
            && keys[before - 1] == key
            && self.entries[from + before - 1].text.as_bytes() > rest
        {
            before -= 1;
        }
        // The longest phrase that stands here begins the last phrase that sorts before the text;
        // all others that stand here begin that one.
        let mut entry = before.checked_sub(1).map(|last| from + last);
        while let Some(id) = entry {
            work::count(1);
            let Entry { text, phrase, edges, prefix } = &self.entries[id];
            if starts_with(rest, key, text.as_bytes(), self.keys[id]) {
                let end = start + text.len();
                if edges.are_free(bytes, start, end) {
                    hits.push(Hit { phrase: *phrase, start, end });
                }
            }
            entry = prefix.map(usize::from);
        }
    }
}

/// Where the lower-case letters and digits that stand at `at` end.
fn word_end(bytes: &[u8], mut at: usize) -> usize {
    // Eight bytes at once, each in a lane whose highest bit says what it is: words end where no
    // branch can foresee it. A sum reaches that bit from `first` on, or beyond `last`.
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    const fn all(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    while let Some(eight) = bytes[at..].first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        let low = eight & !HIGHEST;
        let within = |first: u8, last: u8| (low + all(0x80 - first)) & !(low + all(0x7f - last));
        let others = !(within(b'a', b'z') | within(b'0', b'9')) | eight;
        match (others & HIGHEST).trailing_zeros() / u8::BITS {
            8 => at += 8,
            end => return at + end as usize,
        }
    }
    let is_word = |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    at + bytes[at..].iter().take_while(is_word).count()
}

/// Whether a text starts with another, told by their keys as far as these go.
fn starts_with(text: &[u8], key: u128, start: &[u8], start_key: u128) -> bool {
    let same = (key ^ start_key).leading_zeros() / u8::BITS;
    match start.get(16..) {
        Some(further) => same == 16 && text.get(16..).is_some_and(|text| text.starts_with(further)),
        None => same as usize >= start.len() && text.len() >= start.len(),
    }
}

/// The first sixteen bytes of a text, as a number that sorts alike.
fn key(text: &[u8]) -> u128 {
    if let Some(first) = text.first_chunk() {
        return u128::from_be_bytes(*first);
    }
    let mut first = [0; 16];
    first[..text.len()].copy_from_slice(text);
    u128::from_be_bytes(first)
}

/// Whole words are the beginning of a phrase that was cut only if they are many: they may be meant so.
const WHOLE_WORDS: usize = 16;
/// No phrase is longer.
const LONGEST: usize = 80;
/// How many bytes of a phrase are its beginning.
const BEGINNING: usize = 8;
/// How many beginnings the bits tell apart, and the slots: what [`Beginning`] leaves of 64 bits.
const BITS: usize = 1 << 17;
const SLOTS: usize = 1 << 14;

/// The beginning of a phrase, mixed so that its upper bits make a good index.
#[derive(Debug, Clone, Copy)]
struct Beginning(u64);

impl Beginning {
    /// That of a phrase of at least [`BEGINNING`] bytes.
    fn long(text: &[u8]) -> Option<Self> {
        text.first_chunk().map(|first| Self::mixed(*first))
    }

    /// That of a shorter phrase: three bytes, which every phrase has, as a test shows.
    fn short(text: &[u8]) -> Option<Self> {
        text.first_chunk().map(|[a, b, c]| Self::mixed([*a, *b, *c, 0, 0, 0, 0, 0]))
    }

    /// That of a phrase.
    fn of(phrase: &str) -> Self {
        let text = phrase.as_bytes();
        Self::long(text).or_else(|| Self::short(text)).unwrap_or(Self(0))
    }

    fn mixed(first: [u8; BEGINNING]) -> Self {
        Self(u64::from_le_bytes(first).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn bit(self) -> usize {
        (self.0 >> 47) as usize
    }

    fn slot(self) -> usize {
        (self.0 >> 50) as usize
    }
}

/// The phrases in the dictionary's order, and where each slot starts.
fn sorted(texts: &[&'static str]) -> (Vec<Entry>, Vec<u16>) {
    let mut order: Vec<(usize, &'static str, usize)> = texts
        .iter()
        .enumerate()
        .map(|(phrase, text)| (Beginning::of(text).slot(), *text, phrase))
        .collect();
    order.sort_unstable();
    let mut slots = vec![0; SLOTS + 1];
    for (slot, _, _) in &order {
        slots[slot + 1] += 1;
    }
    for slot in 0..SLOTS {
        slots[slot + 1] += slots[slot];
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(order.len());
    for (slot, text, phrase) in order {
        // In sorted order a phrase's prefixes are the entry before it, or prefixes of that.
        let first = usize::from(slots[slot]);
        let before = entries.len().checked_sub(1).filter(|before| *before >= first);
        let mut prefix = before.map(short);
        while let Some(id) = prefix.map(usize::from) {
            if text.starts_with(entries[id].text) {
                break;
            }
            prefix = entries[id].prefix;
        }
        entries.push(Entry { text, phrase: short(phrase), edges: Edges::of(text), prefix });
    }
    (entries, slots)
}

/// A number as an [`Id`].
fn short(number: usize) -> Id {
    number.try_into().expect("there are fewer phrases than an Id can number")
}

/// The phrases while they are collected: each text once.
#[derive(Default)]
struct Table {
    ids: HashMap<&'static str, Id>,
    texts: Vec<&'static str>,
    phrases: Vec<Phrase>,
}

impl Table {
    fn phrase(&mut self, text: &'static str) -> Id {
        *self.ids.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.phrases.push(Phrase::default());
            short(self.phrases.len() - 1)
        })
    }
}

/// Which ends of a phrase must not touch more of a word.
#[derive(Debug, Clone, Copy, Default)]
struct Edges {
    front: bool,
    back: bool,
    /// A phrase without a space could be a piece of a name, a tag, a host or a path.
    one_word: bool,
}

impl Edges {
    fn of(text: &str) -> Self {
        let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        Self {
            front: word(text.as_bytes().first()),
            back: word(text.as_bytes().last()),
            one_word: !text.trim_end().contains(' '),
        }
    }

    fn are_free(self, bytes: &[u8], start: usize, end: usize) -> bool {
        (!self.front || self.front_is_free(&bytes[..start]))
            && (!self.back || self.back_is_free(&bytes[end..]))
    }

    fn front_is_free(self, before: &[u8]) -> bool {
        let Some((last, before)) = before.split_last() else { return true };
        match last {
            last if joins(*last) => false,
            // `<repository>` stands for a name.
            b'<' if self.one_word => false,
            b':' if self.one_word && is_label(before) => true,
            b':' | b'.' if self.one_word => !before.last().is_some_and(|byte| goes_on(*byte)),
            last => !last.is_ascii_alphanumeric(),
        }
    }

    fn back_is_free(self, after: &[u8]) -> bool {
        let Some((next, further)) = after.split_first() else { return true };
        match next {
            b'_' => false,
            b'-' | b'/' | b'@' | b'%' => !self.one_word,
            b':' | b'.' if self.one_word => !further.first().is_some_and(|byte| goes_on(*byte)),
            next => !next.is_ascii_alphanumeric() || starts_count(after),
        }
    }
}

/// What stands before a colon that is no tag's: `Init:ImagePullBackOff`, `reason:ErrImagePull`.
const LABELS: [&[u8]; 7] =
    [b"init", b"pending", b"waiting", b"error", b"reason", b"status", b"state"];

/// Whether a text ends with such a word, and not with a name that ends so (`acme/db-init:1`).
fn is_label(text: &[u8]) -> bool {
    let starts = |front: &[u8]| front.last().is_none_or(|byte| b" \"'{[(,".contains(byte));
    LABELS.iter().any(|label| text.strip_suffix(*label).is_some_and(starts))
}

/// Whether a word goes on beyond a colon or a point with that: a tag's, a host's, or a path in code.
fn goes_on(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b':'
}

/// Whether a word goes on behind that mark.
fn joins(byte: u8) -> bool {
    matches!(byte, b'-' | b'/' | b'@' | b'%' | b'+' | b'_')
}

/// Whether a count of events starts here, as web consoles set it right behind a message:
/// `6 times in the last 2 minutes`.
///
/// An age of a table may stand so as well: `refused14m`.
pub(super) fn starts_count(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match &text[digits..] {
        _ if digits == 0 => false,
        [b's' | b'm' | b'h' | b'd', after @ ..] => {
            after.first().is_none_or(|byte| b" (\n0123456789".contains(byte))
        }
        rest => rest.starts_with(b" times in the last"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_can_be_found() {
        for entry in &PHRASES.entries {
            let text = entry.text;
            assert!(text.len() >= 3, "{text:?} is shorter than the table's key");
            assert_eq!(text, text.to_ascii_lowercase(), "phrases are lower case");
            assert!(text.is_ascii(), "{text:?}");
            assert!(text.len() <= LONGEST, "{text:?}");
            let mut hits = Vec::new();
            PHRASES.find(text, &mut hits);
            let found = hits.iter().any(|hit| hit.phrase == entry.phrase && hit.end == text.len());
            assert!(found, "{text:?}");
        }
    }

    #[test]
    fn all_phrases_at_one_place_are_found() {
        let mut hits = Vec::new();
        PHRASES.find("x: Failed to pull image \"a\"", &mut hits);
        let found: Vec<_> = hits.iter().map(|hit| (hit.start, hit.end)).collect();
        assert!(found.contains(&(3, 23)), "{found:?}");
        assert!(found.is_sorted_by_key(|(start, _)| *start));
    }

    /// Twice the phrases take hardly more steps: most words of a message begin none.
    #[test]
    fn a_catalogue_twice_as_large_costs_as_much() {
        let known = PHRASES.entries.iter().map(|entry| entry.text);
        // As new phrases are: words that others begin with too, and then their own.
        let more = known.map(|text| -> &'static str {
            let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
            Box::leak(format!("{first} {}", rest.chars().rev().collect::<String>()).into())
        });
        let frames: Vec<(&'static str, Role)> =
            FRAMES.iter().copied().chain(more.map(|text| (text.trim_end(), Role::Pull))).collect();
        let double = Phrases::new(cause::all(), &frames);
        assert!(double.entries.len() > PHRASES.entries.len() * 17 / 10);

        let corpus = include_str!("../../fixtures/messages/corpus.jsonl");
        let steps = |phrases: &Phrases| {
            crate::message::work::of(|| {
                for line in corpus.lines() {
                    phrases.find(line, &mut Vec::new());
                }
            })
        };
        let (single, double) = (steps(&PHRASES), steps(&double));
        assert!(double <= single + single / 10, "{single} {double}");
    }

    #[test]
    fn words_end_where_they_end() {
        let text = "az09{`:/@[ abcdefghijklmnop\u{e9}x \0\u{7f}aA0";
        for at in 0..text.len() {
            let word = |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            let end = at + text.as_bytes()[at..].iter().take_while(word).count();
            assert_eq!(word_end(text.as_bytes(), at), end, "{at}");
        }
    }

    #[test]
    fn words_of_names_are_no_phrases() {
        for text in [
            "registry.io/unauthorized",
            "a:eof",
            "acme/db-init:eof",
            "acme.error:eof",
            "x-denied",
            "eof.example",
            "denied_x",
            "kind::unauthorized",
            "eof::new",
            "reg.example.com/<unauthorized>",
        ] {
            let mut hits = Vec::new();
            PHRASES.find(text, &mut hits);
            let signs = hits.iter().any(|hit| !PHRASES.phrase(hit.phrase).uses.is_empty());
            assert!(!signs, "{text}");
        }
    }
}
