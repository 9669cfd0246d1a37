//! One shape for text that came through shells, logs, JSON and chat windows.
//!
//! It undoes escaping (`\"`, `\n`, HTML entities, typographic quotes), colours and quotation marks of
//! mails, and folds white space. It knows nothing of what the words mean.

use std::borrow::Cow;

/// A message in one shape, in two views of the same length and the same offsets.
#[derive(Debug)]
pub(super) struct Clean<'a> {
    /// With line breaks kept: they separate errors that Go joined.
    pub(super) lines: Cow<'a, str>,
    /// With each line break as a space, so that a phrase is found where a terminal wrapped it.
    /// None when there are no line breaks.
    flat: Option<String>,
}

impl Clean<'_> {
    /// The same, of text that does not last.
    pub(super) fn into_owned(self) -> Clean<'static> {
        Clean { lines: Cow::Owned(self.lines.into_owned()), flat: self.flat }
    }

    /// The view in which phrases are looked for.
    pub(super) fn flat(&self) -> &str {
        self.flat.as_deref().unwrap_or(&self.lines)
    }
}

/// Brings a message into one shape.
pub(super) fn clean(text: &str) -> Clean<'_> {
    if is_clean(text.as_bytes()) {
        return Clean { lines: Cow::Borrowed(text), flat: None };
    }
    let lines = rewrite(text);
    let flat = lines.contains('\n').then(|| lines.replace('\n', " "));
    Clean { lines: Cow::Owned(lines), flat }
}

/// Whether there is nothing to undo: the common case, which then costs no copy.
fn is_clean(bytes: &[u8]) -> bool {
    let nothing_to_undo = |at: usize| match bytes[at] {
        b'&' => !starts_entity(&bytes[at..]),
        b'[' => colour(&bytes[at..]).is_none(),
        _ => !doubled(bytes, at),
    };
    is_plain(bytes)
        && memchr::memchr(b'\\', bytes).is_none()
        && !matches!(bytes.first(), Some(b' ' | b'>'))
        && memchr::memchr3_iter(b'&', b'[', b'\'', bytes).all(nothing_to_undo)
}

/// Whether this is printable ASCII with single spaces.
fn is_plain(bytes: &[u8]) -> bool {
    // Without a branch at each byte, many are looked at at once; stopping at the first would not.
    let odd = bytes.iter().fold(0, |odd, byte| odd | u8::from(!(b' '..=b'~').contains(byte)));
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    odd == 0 && pairs.fold(0, |spaced, pair| spaced | u8::from(pair == (&b' ', &b' '))) == 0
}

/// Which bytes are copied without a look at what stands around them. The others are escapes, control
/// characters, anything not ASCII, and what may begin something to undo.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b' ' + 1;
    while byte <= b'~' {
        plain[byte as usize] = !matches!(byte, b'\\' | b'&' | b'[' | b'\'' | b'>');
        byte += 1;
    }
    plain
};

/// Where the plain words that start here end.
fn plain_until(bytes: &[u8], from: usize) -> usize {
    let plain = |at: usize| bytes.get(at).is_some_and(|byte| PLAIN[usize::from(*byte)]);
    let mut end = from;
    while plain(end) || (bytes.get(end) == Some(&b' ') && plain(end + 1)) {
        end += 1;
    }
    end
}

fn rewrite(text: &str) -> String {
    let bytes = text.as_bytes();
    // A Windows path has backslashes of its own; text with escaped quotes has been quoted as a
    // whole, so there every escape is one.
    let quoted = text.contains("\\\"");
    let unescape_letters = quoted || !text.contains(":\\");
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        // Plain words, and the single spaces between them, are copied at once.
        if PLAIN[usize::from(*byte)] {
            let end = plain_until(bytes, at);
            out.push_str(&text[at..end]);
            at = end;
            continue;
        }
        let (c, end) = match text[at..].chars().next() {
            Some('\\') => {
                // Text quoted twice has three backslashes before a quote, quoted thrice seven.
                let mut run = at;
                while bytes.get(run) == Some(&b'\\') {
                    run += 1;
                }
                match bytes.get(run) {
                    Some(&quote @ (b'"' | b'\'' | b'/')) => (char::from(quote), run + 1),
                    Some(b'n' | b'r') if unescape_letters => ('\n', run + 1),
                    Some(b't') if unescape_letters => (' ', run + 1),
                    // As Markdown hides what it would take for emphasis.
                    Some(&mark @ (b'_' | b'*' | b'[' | b']' | b'-')) if run == at + 1 => {
                        (char::from(mark), run + 1)
                    }
                    Some(b'u') => match unicode_escape(&bytes[run..]) {
                        Some(c) => (c, run + 5),
                        None => ('\\', run),
                    },
                    _ => ('\\', run),
                }
            }
            Some('&') => {
                let (c, length) = entity(&bytes[at..]).unwrap_or(('&', 1));
                (c, at + length)
            }
            Some('[') if let Some(length) = colour(&bytes[at..]) => {
                // Where the escape character was lost, nothing stands in front of it.
                let escape = ESCAPES.iter().find(|escape| out.ends_with(**escape));
                out.truncate(out.len() - escape.map_or(0, |escape| escape.len()));
                at += length;
                continue;
            }
            Some('\'') if doubled(bytes, at) => ('\'', at + 2),
            Some('>') if out.is_empty() || out.ends_with('\n') => (' ', at + 1),
            Some(c) => (c, at + c.len_utf8()),
            None => break,
        };
        push(&mut out, c);
        at = end;
    }
    out
}

/// Appends one character, folding white space and dropping what cannot be seen.
fn push(out: &mut String, c: char) {
    match c {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => {
            while out.ends_with(' ') {
                out.pop();
            }
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
        }
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => out.push('"'),
        '\u{2018}' | '\u{2019}' => out.push('\''),
        // Word processors and wikis make such dashes, and full-width marks are typed in Chinese.
        '\u{2010}'..='\u{2013}' | '\u{2212}' => out.push('-'),
        '\u{ff1a}' => out.push_str(": "),
        '\u{ff0c}' => out.push_str(", "),
        '\u{3002}' => out.push('.'),
        '\u{1b}'
        | '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => {}
        // Terminals frame tables with bars, and wrap what stands in them.
        '\u{2502}' | '\u{2503}' | '\u{2551}' => push(out, ' '),
        c if c.is_whitespace() || c.is_control() => {
            if !out.is_empty() && !out.ends_with([' ', '\n']) {
                out.push(' ');
            }
        }
        c => out.push(c),
    }
}

/// The named entities of HTML that stand in messages; others are left as they are.
const ENTITIES: [(&[u8], char); 10] = [
    (b"&quot;", '"'),
    (b"&apos;", '\''),
    (b"&lt;", '<'),
    (b"&gt;", '>'),
    (b"&amp;", '&'),
    (b"&nbsp;", ' '),
    (b"&ldquo;", '"'),
    (b"&rdquo;", '"'),
    (b"&lsquo;", '\''),
    (b"&rsquo;", '\''),
];

fn starts_entity(bytes: &[u8]) -> bool {
    matches!(bytes.get(1), Some(b'q' | b'#' | b'l' | b'g' | b'a' | b'n' | b'r'))
        && entity(bytes).is_some()
}

fn entity(bytes: &[u8]) -> Option<(char, usize)> {
    let named = ENTITIES.iter().find(|(name, _)| bytes.starts_with(name));
    named.map(|(name, c)| (*c, name.len())).or_else(|| numeric_entity(bytes))
}

/// `&#34;`, `&#x27;`: a character by its number.
fn numeric_entity(bytes: &[u8]) -> Option<(char, usize)> {
    let number = bytes.strip_prefix(b"&#")?;
    let (radix, digits) = match number.strip_prefix(b"x") {
        Some(digits) => (16, digits),
        None => (10, number),
    };
    let length = digits.iter().take(6).position(|byte| *byte == b';')?;
    let digits = std::str::from_utf8(&digits[..length]).ok()?;
    let c = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32)?;
    Some((c, 3 + usize::from(radix == 16) + length))
}

/// How programs write the escape character in front of a colour.
const ESCAPES: [&str; 6] = ["^[", "#033", "\\033", "\\x1b", "\\e", "\u{241b}"];

/// The length of a colour's code for terminals, as `[0;31m`.
fn colour(bytes: &[u8]) -> Option<usize> {
    let code = bytes.get(1..)?;
    let mode = usize::from(code.first() == Some(&b'?'));
    let digits =
        code[mode..].iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b';')).count() + mode;
    let ends = if mode == 1 { b"hl".as_slice() } else { b"mKGJ" };
    let end = code.get(digits).filter(|end| digits > mode && ends.contains(end));
    end.is_some().then_some(digits + 2)
}

/// Whether a quote is doubled inside a word, as YAML writes the one in `don't`.
fn doubled(bytes: &[u8], at: usize) -> bool {
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    bytes.get(at + 1) == Some(&b'\'')
        && letter(at.checked_sub(1).and_then(|before| bytes.get(before)))
        && letter(bytes.get(at + 2))
}

/// The character of `u003c`, as Go's encoding/json writes `<`.
fn unicode_escape(bytes: &[u8]) -> Option<char> {
    let digits = std::str::from_utf8(bytes.get(1..5)?).ok()?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(clean("a \"b\": c?d&service=e").lines, Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_are_undone_at_any_depth() {
        assert_eq!(clean(r#"msg=\"x\" \\\"y\\\" \\\\\\\"z\\\\\\\""#).lines, r#"msg="x" "y" "z""#);
        assert_eq!(clean(r"403 Forbidden\ndenied: x\u003cb").lines, "403 Forbidden\ndenied: x<b");
        assert_eq!(clean("&quot;a&quot; &amp; b").lines, "\"a\" & b");
        assert_eq!(
            clean("&#34;a&#x22;&nbsp;&#39;b&#; &#x;&#99999999;").lines,
            "\"a\" 'b&#; &#x;&#99999999;"
        );
        assert_eq!(clean(r"insufficient\_scope").lines, "insufficient_scope");
    }

    #[test]
    fn a_windows_path_keeps_its_letters() {
        assert_eq!(clean(r"open C:\new\temp").lines, r"open C:\new\temp");
    }

    #[test]
    fn colours_are_dropped() {
        for escape in ["\u{1b}", "", "^[", "#033", r"\u001b", r"\033"] {
            let text = format!("{escape}[31;1mERROR:{escape}[0m not found{escape}[0;m");
            assert_eq!(clean(&text).lines, "ERROR: not found", "{escape}");
        }
        assert!(matches!(clean("dial tcp [::1]:5000: FATA[0004] [a]").lines, Cow::Borrowed(_)));
    }

    #[test]
    fn quotations_and_doubled_quotes_are_undone() {
        assert_eq!(clean("> not\n> found -> a\n>> x").lines, "not\nfound -> a\nx");
        assert_eq!(clean("'layers don''t match' not ''").lines, "'layers don't match' not ''");
    }

    #[test]
    fn bars_of_tables_are_space() {
        assert_eq!(clean("│ a  b │\n│ c │").lines, "a b\nc ");
    }

    #[test]
    fn marks_of_word_processors_are_undone() {
        assert_eq!(clean("Back\u{2011}off\u{ff1a}con\u{ad}nection").lines, "Back-off: connection");
    }

    #[test]
    fn white_space_is_folded() {
        let clean = clean("  not\u{a0} found \r\n\t  at\tall\u{200b} ");
        assert_eq!(clean.lines, "not found\nat all ");
        assert_eq!(clean.flat(), "not found at all ");
    }
}
