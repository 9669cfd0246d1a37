//! `net/url.Parse` and `net.SplitHostPort` of Go 1.26, for `https://` in front of a registry.
//!
//! The kubelet parses keys and images as URLs, so what a URL cannot hold, a key cannot either: a
//! `?` or `#` ends it, and a host with a space, a second colon, or a `[` that begins no IPv6
//! address makes the kubelet drop the entry with no more than a line in its log.

use core::net::Ipv6Addr;

/// Host (with port) and decoded path of `https://<rest>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// `URL.Host`.
    pub(crate) host: Vec<u8>,
    /// `URL.Path`.
    pub(crate) path: Vec<u8>,
}

/// `url.Parse("https://" + rest)`; `None` where Go gives an error.
pub(crate) fn parse(rest: &[u8]) -> Option<Address> {
    let (rest, fragment) = cut(rest, b'#');
    if rest.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
        return None;
    }
    unescape(fragment, Part::Anything)?;
    let (rest, _query) = cut(rest, b'?');
    let slash = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    Some(Address { host: host_of(authority)?, path: unescape(path, Part::Anything)? })
}

/// `net.SplitHostPort`, and the whole as host where that gives an error.
pub(crate) fn split_host_port(host: &[u8]) -> (&[u8], &[u8]) {
    split(host).unwrap_or((host, b""))
}

fn split(host: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = host.iter().rposition(|byte| *byte == b':')?;
    let (name, port) = (&host[..colon], &host[colon + 1..]);
    let name = if host.first() == Some(&b'[') {
        let close = host.iter().position(|byte| *byte == b']')?;
        // The bracket must close right before the last colon.
        if close + 1 != colon {
            return None;
        }
        &name[1..close]
    } else if name.contains(&b':') {
        return None;
    } else {
        name
    };
    let bracket = |part: &[u8]| part.contains(&b'[') || part.contains(&b']');
    (!bracket(name) && !bracket(port)).then_some((name, port))
}

/// `parseAuthority`: the host; user information is checked and dropped.
fn host_of(authority: &[u8]) -> Option<Vec<u8>> {
    let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else {
        return parse_host(authority);
    };
    let (user, host) = (&authority[..at], &authority[at + 1..]);
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    let host = parse_host(host)?;
    (user.iter().all(allowed) && unescape(user, Part::Anything).is_some()).then_some(host)
}

/// `parseHost`.
fn parse_host(host: &[u8]) -> Option<Vec<u8>> {
    match host.iter().rposition(|byte| *byte == b'[') {
        Some(0) => {
            let close = host.iter().rposition(|byte| *byte == b']')?;
            let (inner, port) = (&host[1..close], &host[close + 1..]);
            if !is_optional_port(port) {
                return None;
            }
            let inner = match inner.windows(3).position(|part| part == b"%25") {
                Some(zone) => {
                    let (address, zone) = inner.split_at(zone);
                    [unescape(address, Part::Host)?, unescape(zone, Part::Zone)?].concat()
                }
                None => unescape(inner, Part::Host)?,
            };
            if !is_ipv6(&inner) {
                return None;
            }
            Some([b"[", inner.as_slice(), b"]", port].concat())
        }
        // golang/go#77578: Go 1.25.8 and 1.26.1 refuse a bracket further on. So no kubelet of today
        // knows the character classes that `filepath.Match` would.
        Some(_) => None,
        None => {
            // Go 1.26 (`urlstrictcolons`): the first colon begins the port.
            let colon = host.iter().position(|byte| *byte == b':').unwrap_or(host.len());
            if !is_optional_port(&host[colon..]) {
                return None;
            }
            unescape(host, Part::Host)
        }
    }
}

fn is_optional_port(port: &[u8]) -> bool {
    match port.split_first() {
        None => true,
        Some((b':', digits)) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    }
}

/// `netip.ParseAddr`, which must not give an IPv4 address.
fn is_ipv6(text: &[u8]) -> bool {
    let (address, zone) = cut(text, b'%');
    let zone_ok = address.len() == text.len() || !zone.is_empty();
    let parses =
        |address: &[u8]| std::str::from_utf8(address).is_ok_and(|a| a.parse::<Ipv6Addr>().is_ok());
    zone_ok && parses(address)
}

/// What `unescape` is strict about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    Zone,
    Anything,
}

/// `unescape`: percent-decoding, with the rules for hosts.
fn unescape(text: &[u8], part: Part) -> Option<Vec<u8>> {
    let mut output = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            if part != Part::Anything && byte.is_ascii() && !is_host_byte(byte) {
                return None;
            }
            output.push(byte);
            rest = after;
            continue;
        }
        let (&high, &low) = (after.first()?, after.get(1)?);
        let value = hex(high)? << 4 | hex(low)?;
        let allowed = match part {
            Part::Host => !value.is_ascii() || value == b'%',
            Part::Zone => matches!(value, b'%' | b' ') || !value.is_ascii() || is_host_byte(value),
            Part::Anything => true,
        };
        if !allowed {
            return None;
        }
        output.push(value);
        rest = &after[2..];
    }
    Some(output)
}

/// Not `shouldEscape(c, encodeHost)`.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// `strings.Cut`.
fn cut(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == at) {
        Some(found) => (&text[..found], &text[found + 1..]),
        None => (text, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_parses() {
        for (rest, expected) in [
            ("reg.io", Some(("reg.io", ""))),
            ("reg.io:5000/a/b", Some(("reg.io:5000", "/a/b"))),
            ("reg.io:", Some(("reg.io:", ""))),
            ("", Some(("", ""))),
            ("reg.io?x=/y", Some(("reg.io", ""))),
            ("reg.io/a#b", Some(("reg.io", "/a"))),
            ("reg.io/a#%zz", None),
            ("reg.io/a%2fb%20", Some(("reg.io", "/a/b "))),
            ("reg.io/a%zz", None),
            ("reg%2eio", None),
            ("r\u{e9}g.io", Some(("r\u{e9}g.io", ""))),
            ("r%c3%a9g.io", Some(("r\u{e9}g.io", ""))),
            ("user:pass@reg.io/a", Some(("reg.io", "/a"))),
            ("us er@reg.io", None),
            ("reg .io", None),
            (" reg.io", None),
            ("reg.io ", None),
            ("reg.io/ ", Some(("reg.io", "/ "))),
            ("reg.io\n", None),
            ("reg.io/a\u{7f}", None),
            ("reg.io:port", None),
            ("a:1:2", None),
            ("HTTPS://reg.io", Some(("HTTPS:", "//reg.io"))),
            ("*.reg.io:5000", Some(("*.reg.io:5000", ""))),
            ("r[a-z]g.io", None),
            ("[a-z].io", None),
            ("[::1]:5000/foo", Some(("[::1]:5000", "/foo"))),
            ("[::1]", Some(("[::1]", ""))),
            ("[::1%25eth0]:5", Some(("[::1%eth0]:5", ""))),
            ("[127.0.0.1]", None),
            ("[::1", None),
            ("[::1]x", None),
            ("a\\b.io", None),
        ] {
            let address = parse(rest.as_bytes());
            let found = address.as_ref().map(|address| {
                (
                    std::str::from_utf8(&address.host).unwrap(),
                    std::str::from_utf8(&address.path).unwrap(),
                )
            });
            assert_eq!(found, expected, "{rest:?}");
        }
    }

    #[test]
    fn as_go_splits_ports() {
        for (host, name, port) in [
            ("reg.io", "reg.io", ""),
            ("reg.io:443", "reg.io", "443"),
            ("reg.io:", "reg.io", ""),
            ("[::1]:5000", "::1", "5000"),
            ("[::1]", "[::1]", ""),
            ("", "", ""),
            (":80", "", "80"),
        ] {
            let expected = (name.as_bytes(), port.as_bytes());
            assert_eq!(split_host_port(host.as_bytes()), expected, "{host}");
        }
    }
}
