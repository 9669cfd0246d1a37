//! The grammar of references, one predicate a production (regexp.go in distribution/reference).
//!
//! Written out rather than as regular expressions: a start-up that parses one image should not
//! compile seven patterns first.

/// `identifier`: 64 lower-case hexadecimal digits, which could be an image's id.
pub(super) fn is_identifier(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// `domainAndPort`: a name, an IPv4 address, or an IPv6 address in brackets, and a port.
pub(super) fn is_domain(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        return !address.is_empty()
            && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':')
            && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    name.split('.').all(is_domain_component) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `domainNameComponent`: letters, digits and inner hyphens.
fn is_domain_component(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// `pathComponent`: lower-case letters and digits, joined by one dot, one or two underscores, or
/// any number of hyphens.
pub(super) fn is_path_component(text: &str) -> bool {
    let mut separator = String::new();
    let mut seen = false;
    for c in text.chars() {
        match c {
            'a'..='z' | '0'..='9' => {
                let joins = matches!(separator.as_str(), "" | "." | "_" | "__")
                    || separator.bytes().all(|b| b == b'-');
                if !joins || (!seen && !separator.is_empty()) {
                    return false;
                }
                seen = true;
                separator.clear();
            }
            '.' | '_' | '-' => separator.push(c),
            _ => return false,
        }
    }
    seen && separator.is_empty()
}

/// `tag`: a word character, then up to 127 of word characters, dots and hyphens.
pub(super) fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}
