//! The last gate for text that comes from outside: no credential, no control characters, no
//! terminal escapes, no unbounded length.
//!
//! Registries, clusters and files are strangers. What they say may hold a password (in a URL, a
//! header, a signed query), escape sequences that rewrite the terminal, or characters that turn the
//! direction of the text. Everything that is printed goes through [`line()`] or [`text()`].

use std::borrow::Cow;

/// What stands in a credential's place.
const MASK: &str = "***";

/// One harmless line of at most `max` characters; a longer one ends in `…`.
pub fn line(text: &str, max: usize) -> String {
    let (masked, is_plain) = mask(text);
    let trimmed = masked.trim();
    if trimmed.len() <= max && is_plain {
        return trimmed.to_owned();
    }
    let mut out = String::with_capacity(trimmed.len().min(max.saturating_mul(4)));
    let mut length = 0;
    for c in trimmed.chars() {
        let c = match harmless(c) {
            Some('\n') => ' ',
            Some(c) => c,
            None => continue,
        };
        if c == ' ' && out.ends_with(' ') {
            continue;
        }
        if length == max {
            cut(&mut out);
            break;
        }
        out.push(c);
        length += 1;
    }
    out
}

/// Harmless text that may have several lines, of at most `max` characters.
pub fn text(text: &str, max: usize) -> String {
    let (masked, _) = mask(text);
    let mut out = String::with_capacity(masked.len().min(max.saturating_mul(4)));
    for (length, c) in masked.chars().filter_map(harmless).enumerate() {
        if length == max {
            cut(&mut out);
            break;
        }
        out.push(c);
    }
    out
}

/// The same text, of any length, with its control characters made harmless and nothing else changed:
/// for what this program has put together itself from parts that are masked already.
pub fn controls(text: &str) -> String {
    text.chars().filter_map(harmless).collect()
}

/// Marks that something was left out, without growing.
fn cut(out: &mut String) {
    if out.pop().is_some() {
        out.push('…');
    }
}

/// The character in a form that does nothing but stand there; None for one that nobody can see.
fn harmless(c: char) -> Option<char> {
    match c {
        '\n' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' | '\r' => Some(' '),
        // Zero width, direction marks, isolates, the byte order mark, tags.
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => None,
        c if c.is_control() => Some('\u{fffd}'),
        c => Some(c),
    }
}

/// Hides what looks like a credential, and says whether the text is printable ASCII with single
/// spaces.
fn mask(text: &str) -> (Cow<'_, str>, bool) {
    let bytes = text.as_bytes();
    let mut out: Option<String> = None;
    let mut is_plain = true;
    let mut copied = 0;
    let mut at = 0;
    let mut before = b' ';
    while let Some(&byte) = bytes.get(at) {
        let telling = AT[usize::from(byte)] & AFTER[usize::from(before)];
        before = byte;
        if telling == 0 {
            at += 1;
            continue;
        }
        is_plain &= telling & (bit::ODD | bit::SPACED) == 0;
        match secret_at(text, at) {
            Some((start, end)) => {
                let out = out.get_or_insert_with(|| String::with_capacity(text.len()));
                out.push_str(&text[copied..start]);
                out.push_str(MASK);
                // What was passed over was not looked at.
                is_plain = false;
                copied = end;
                at = end.max(at + 1);
                before = bytes[at - 1];
            }
            None => at += 1,
        }
    }
    match out {
        Some(mut out) => {
            out.push_str(&text[copied..]);
            (Cow::Owned(out), is_plain)
        }
        None => (Cow::Borrowed(text), is_plain),
    }
}

/// Names in `name=value`, `name: value` and `"name":"value"` whose value is a secret.
const SECRET_NAMES: [&str; 30] = [
    "access_token",
    "accesstoken",
    "api_key",
    "apikey",
    "auth",
    "authorization",
    "aws_secret_access_key",
    "client_secret",
    "credential",
    "docker-password",
    "id_token",
    "identitytoken",
    "passwd",
    "password",
    "private_token",
    "refresh_token",
    "registrytoken",
    "secret_access_key",
    "secretaccesskey",
    "sessiontoken",
    "sig",
    "signature",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-credential",
    "x-goog-signature",
    "x-registry-auth",
    "x-registry-config",
];

/// How long a name with its leading dashes may be.
const LONGEST: usize = 32;

/// What the tokens of well-known services start with.
const TOKEN_STARTS: [&str; 14] = [
    "eyJ",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glcbt-",
    "dckr_pat_",
    "dckr_oat_",
    "AKCp",
    "sha256~",
];

/// A byte needs a closer look where one of these bits stands in both tables: in [`AT`] for the byte,
/// in [`AFTER`] for the one before it. Most bytes are ruled out so, in one look.
mod bit {
    /// `name=value`.
    pub(super) const ASSIGNMENT: u8 = 1;
    /// `"name": value`, `authorization: value`, `password: value`.
    pub(super) const COLON: u8 = 2;
    /// `basic value`, `bearer value`.
    pub(super) const SPACE: u8 = 4;
    /// A token.
    pub(super) const TOKEN: u8 = 8;
    /// `scheme://`.
    pub(super) const SLASH: u8 = 16;
    /// No printable ASCII.
    pub(super) const ODD: u8 = 32;
    /// A space behind another.
    pub(super) const SPACED: u8 = 64;
}

static AT: [u8; 256] = {
    let mut bits = [bit::ODD; 256];
    let mut printable = b' ' as usize;
    while printable <= b'~' as usize {
        bits[printable] = 0;
        printable += 1;
    }
    bits[b'=' as usize] = bit::ASSIGNMENT;
    bits[b':' as usize] = bit::COLON;
    bits[b' ' as usize] = bit::SPACE | bit::SPACED;
    bits[b'/' as usize] = bit::SLASH;
    let mut at = 0;
    while at < TOKEN_STARTS.len() {
        bits[TOKEN_STARTS[at].as_bytes()[0] as usize] = bit::TOKEN;
        at += 1;
    }
    bits
};

static AFTER: [u8; 256] = {
    let mut all = [0; 256];
    let mut byte = 0_u8;
    loop {
        let mut bits = bit::ODD;
        if byte.is_ascii_alphanumeric() || byte == b'"' {
            bits |= bit::ASSIGNMENT;
        }
        if !byte.is_ascii_alphanumeric() && byte != b'_' {
            bits |= bit::TOKEN;
        }
        if matches!(byte, b'"' | b'n' | b'N' | b'd' | b'D') {
            bits |= bit::COLON;
        }
        if matches!(byte, b'c' | b'C' | b'r' | b'R') {
            bits |= bit::SPACE;
        }
        if byte == b':' {
            bits |= bit::SLASH;
        }
        if byte == b' ' {
            bits |= bit::SPACED;
        }
        all[byte as usize] = bits;
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    all
};

/// The range of a credential that begins to show at `at`, if one does.
fn secret_at(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'/' if bytes[at..].starts_with(b"//") => userinfo(bytes, at + 2),
        b'/' => None,
        b'=' | b':' => named(bytes, at),
        b' ' => scheme(bytes, at),
        _ => token(text, at),
    }
}

/// `user:password` in `https://user:password@host`.
fn userinfo(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let ends =
        |byte: &u8| matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'') || byte.is_ascii_whitespace();
    let length = bytes[start..].iter().position(ends).unwrap_or(bytes.len() - start);
    let at = bytes[start..start + length].iter().rposition(|byte| *byte == b'@')?;
    // docker://nginx@sha256:… has a digest, not a user.
    let digest = bytes[start + at + 1..].starts_with(b"sha");
    (at > 0 && !digest).then_some((start, start + at))
}

/// The value after a name that promises a secret.
fn named(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let name_end = at - usize::from(at > 0 && bytes[at - 1] == b'"');
    let json = name_end < at;
    // `token: read timeout` is prose; only a header, JSON or an assignment has a value. What stands
    // behind `invalid username/password:` is the registry's error (containers/image).
    let prose = bytes[at] == b':' && !json;
    let named = |name: &[u8]| ends_with(&bytes[..at], name);
    if prose
        && (!(named(b"authorization") || named(b"password")) || named(b"invalid username/password"))
    {
        return None;
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let name_length =
        bytes[..name_end].iter().rev().take(LONGEST + 1).take_while(|byte| is_name(byte)).count();
    let mut lower = [0; LONGEST];
    let name = lower.get_mut(..name_length)?;
    name.copy_from_slice(&bytes[name_end - name_length..name_end]);
    name.make_ascii_lowercase();
    let name = std::str::from_utf8(name).ok()?.trim_start_matches('-');
    SECRET_NAMES.binary_search(&name).ok()?;
    let header = name == "authorization";
    if prose && !header && name != "password" {
        return None;
    }

    let mut start = at + 1;
    while bytes.get(start) == Some(&b' ') {
        start += 1;
    }
    let quoted = matches!(bytes.get(start), Some(b'"' | b'\''));
    start += usize::from(quoted);
    // "may require authorization: server message: …" is prose; a header's value names its scheme.
    if header && !json && !names_scheme(&bytes[start..]) {
        return None;
    }
    let ends = |byte: &u8| match byte {
        b'"' | b'\'' | b'\n' | b'\r' => true,
        b'&' | b',' | b';' | b')' | b' ' | b'\t' => !quoted && !header,
        _ => false,
    };
    let length = bytes[start..].iter().position(ends).unwrap_or(bytes.len() - start);
    (length > 0).then_some((start, start + length))
}

/// Whether the value of an `Authorization` header begins here (RFC 9110 §11.6.2).
fn names_scheme(value: &[u8]) -> bool {
    ["basic", "bearer", "digest", "negotiate", "ntlm", "token", "aws4-hmac-sha256"].iter().any(
        |scheme| {
            value.len() > scheme.len()
                && value[..scheme.len()].eq_ignore_ascii_case(scheme.as_bytes())
                && value[scheme.len()] == b' '
        },
    )
}

/// The value after `Basic ` or `Bearer `, outside a header.
fn scheme(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let before = &bytes[..at];
    if !ends_with(before, b"basic") && !ends_with(before, b"bearer") {
        return None;
    }
    let length = token_length(&bytes[at + 1..]);
    let value = &bytes[at + 1..at + 1 + length];
    // "basic authentication" is prose.
    (length >= 8 && looks_random(value)).then_some((at + 1, at + 1 + length))
}

/// Whether a text ends with a word, in capitals or not.
fn ends_with(text: &[u8], word: &[u8]) -> bool {
    text.len() >= word.len() && text[text.len() - word.len()..].eq_ignore_ascii_case(word)
}

/// A token that shows itself by its start.
fn token(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    // The second byte rules out most words; the first has been looked at.
    let second = *bytes.get(at + 1)?;
    TOKEN_STARTS
        .iter()
        .map(|start| start.as_bytes())
        .find(|start| start[1] == second && bytes[at..].starts_with(start))?;
    let length = token_length(&bytes[at..]);
    (length >= 20).then_some((at, at + length))
}

/// How many bytes of a token there are: base64 in both alphabets, and the dots of a JWT.
fn token_length(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=')
        })
        .count()
}

fn looks_random(value: &[u8]) -> bool {
    value.ends_with(b"=")
        || value.iter().any(u8::is_ascii_digit)
        || (value.iter().skip(1).any(u8::is_ascii_uppercase)
            && value.iter().any(u8::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_for_the_binary_search() {
        assert!(SECRET_NAMES.is_sorted());
    }

    #[test]
    fn control_characters_do_nothing() {
        assert_eq!(line("a\x1b[31mb\u{202e}c\u{200b}\r\nd\0", 80), "a\u{fffd}[31mbc d\u{fffd}");
        assert_eq!(text("a\nb\x07", 80), "a\nb\u{fffd}");
        assert_eq!(line("\u{9b}31m", 80), "\u{fffd}31m");
    }

    #[test]
    fn an_error_about_a_password_is_none() {
        let text = "invalid username/password: unauthorized";
        assert_eq!(line(text, 80), text);
        assert_eq!(line("username/password: hunter2", 80), "username/password: ***");
    }

    #[test]
    fn length_is_bounded_in_characters() {
        assert_eq!(line("äöüß", 4), "äöüß");
        assert_eq!(line("äöüßx", 4), "äöü…");
        assert_eq!(text("abcdef", 3), "ab…");
        assert_eq!(line("abc", 0), "");
    }

    #[test]
    fn credentials_are_masked() {
        for (given, wanted) in [
            ("https://user:pa55@reg.io/v2/", "https://***@reg.io/v2/"),
            ("https://token@reg.io: EOF", "https://***@reg.io: EOF"),
            ("Authorization: Basic dXNlcjpwYXNz end", "Authorization: ***"),
            (
                "may require authorization: server message: insufficient_scope: authorization failed",
                "may require authorization: server message: insufficient_scope: authorization failed",
            ),
            ("sent Bearer abc123def456 to it", "sent Bearer *** to it"),
            ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.abc-_9, no", "got ***, no"),
            ("GET /b?X-Amz-Signature=abc&x=1", "GET /b?X-Amz-Signature=***&x=1"),
            ("https://b.net/l?sv=2&sig=a%2Fb%3D: 403", "https://b.net/l?sv=2&sig=*** 403"),
            ("{\"auth\":\"dXNlcjpw\",\"a\":1}", "{\"auth\":\"***\",\"a\":1}"),
            ("--docker-password=hunter2 -n x", "--docker-password=*** -n x"),
            ("ghp_0123456789abcdefghij", "***"),
        ] {
            assert_eq!(line(given, 200), wanted);
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for given in [
            "docker://nginx@sha256:abcd",
            "unauthorized: HTTP Basic: Access denied",
            "no basic auth credentials",
            "use basic authentication here",
            "failed to fetch anonymous token: unexpected status: 401",
            "Bearer token: read timeout",
            "https://reg.io/token?scope=repository%3Aa%3Apull&service=reg.io",
            "docker.io/library/nginx@sha256:0123",
        ] {
            assert_eq!(line(given, 200), given);
        }
    }
}
