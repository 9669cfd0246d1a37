//! HTTP statuses in whatever words a client puts around them.
//!
//! The usual spellings are signs of their causes. Old and rare clients have others (`Invalid status
//! code returned when fetching blob 504`, `server returned 503`, `Server error: 500 trying to
//! fetch`), so a number between 400 and 599 counts where the words at it say that it is a status.
//!
//! Asked only where an image was being pulled and nothing more explicit was found.

use super::work;
use crate::cause::{self, Cause};

/// A status, and the words that say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spelled {
    pub(super) cause: &'static Cause,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// How far before a number its link of the chain is looked at.
const BEFORE: usize = 400;

/// What stands right before a status, the punctuation between left out; lower case.
const ANNOUNCE: [&str; 17] = [
    "status",
    "code",
    "statuscode",
    "http",
    "http/1.0",
    "http/1.1",
    "http/2",
    "http/2.0",
    "error",
    "errors",
    "returned",
    "returns",
    "responded with",
    "replied with",
    "answered",
    "got",
    "received",
];

/// What stands somewhere before it in its link.
const IN_LINK: [&str; 6] = [
    "status code",
    "http status",
    "http code",
    "response code",
    "server error",
    "unexpected status",
];

/// What stands right behind it.
const REASONS: [&str; 17] = [
    "bad request",
    "unauthorized",
    "payment required",
    "forbidden",
    "not found",
    "method not allowed",
    "request timeout",
    "request time-out",
    "too many requests",
    "internal server error",
    "not implemented",
    "bad gateway",
    "service unavailable",
    "service temporarily unavailable",
    "gateway time",
    "client error",
    "server error",
];

/// The last status that a text states.
pub(super) fn find(text: &str) -> Option<Spelled> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    work::count(text.len());
    memchr::memchr2_iter(b'4', b'5', bytes).rev().find_map(|at| {
        let ends = bytes.get(at + 3).is_none_or(|byte| b" :,)]\n\"'.;}`*".contains(byte));
        let starts = at == 0 || b" (:=[\"'".contains(&bytes[at - 1]);
        (starts && ends && digit(at + 1) && digit(at + 2)).then(|| stated(text, at)).flatten()
    })
}

/// A proxy's refusal: the way through it ends with its status' words and no number, where a client
/// tells an error of its own in lower case (`Head "https://…": Forbidden`, Go's net/http transport).
pub(super) fn refused_by_proxy(text: &str) -> Option<Spelled> {
    let text = text.trim_end_matches(['"', '\'', ' ', '.', '\n', '…']);
    let (link, words) = text.rsplit_once(": ")?;
    let is_name = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
    };
    let is_phrase = (3..=40).contains(&words.len()) && words.split(' ').all(is_name);
    let asked = link.get(link.rfind(": ").map_or(0, |at| at + 2)..)?.to_ascii_lowercase();
    let is_request = ["get ", "head ", "post "].iter().any(|verb| asked.starts_with(verb));
    work::count(text.len());
    (is_phrase && is_request && asked.contains("http")).then_some(Spelled {
        cause: &cause::PROXY_ERROR,
        start: text.len() - words.len(),
        end: text.len(),
    })
}

/// The status at a number, if the words around it make it one.
fn stated(text: &str, at: usize) -> Option<Spelled> {
    let from = text.floor_char_boundary(at.saturating_sub(BEFORE));
    let before = text[from..at].to_ascii_lowercase();
    work::count(before.len());
    let row = before.rfind('\n').map_or(0, |end| end + 1);
    let link = before[row..].trim_end_matches([' ', ':', '=', '(', '[', '"', '\'']);
    // The words of a daemon's own interface, whatever the registry said.
    if ["api error", "(http code", "exit status", "exit code"].iter().any(|end| link.ends_with(end))
    {
        return None;
    }
    // The API server's own answer that quotes a kubelet: a `Status` object ends with its number.
    if link.ends_with("\"code") && link.contains("\"reason") {
        return None;
    }
    // `:443` is a port and `:404` a tag; only after its name a status stands so close.
    let named = |name: &&str| {
        before
            .strip_suffix(name)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with([' ', '"', '(']))
    };
    let close = before.ends_with(':')
        && !["status:", "code:", "statuscode:", "status\":", "code\":"].iter().any(named);
    let link = link.rfind(": ").map_or(link, |end| &link[end + 2..]);
    let announced = ANNOUNCE.iter().any(|words| {
        link.strip_suffix(words).is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric()))
    });
    let behind = text[at + 3..].trim_start_matches([' ', '(', '-', ':']);
    let explained = REASONS.iter().any(|reason| {
        behind.get(..reason.len()).is_some_and(|start| start.eq_ignore_ascii_case(reason))
    });
    if close || !(announced || explained || IN_LINK.iter().any(|words| link.contains(words))) {
        return None;
    }
    let asked = |words: &[&str]| words.iter().any(|word| link.contains(word));
    let cause = match &text[at..at + 3] {
        "401" => &cause::UNAUTHORIZED,
        "402" => &cause::QUOTA_EXCEEDED,
        "403" => &cause::FORBIDDEN,
        // A registry that is not there at all has no image either, but says nothing about it.
        "404" if asked(&["ping", "token", "auth", "registry endpoint"]) => &cause::REGISTRY_ERROR,
        "404" if asked(&["blob", "layer", "config"]) => &cause::BLOB_NOT_FOUND,
        "404" => &cause::MANIFEST_NOT_FOUND,
        "407" => &cause::PROXY_ERROR,
        "429" => &cause::RATE_LIMITED,
        "451" => &cause::REGISTRY_BLOCKED,
        _ => &cause::REGISTRY_ERROR,
    };
    Some(Spelled { cause, start: at, end: at + 3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_found_in_any_spelling() {
        for (text, code) in [
            ("Invalid status code returned when fetching blob 504", "registry-error"),
            ("Invalid status code returned when fetching blob 404 (Not Found)", "blob-not-found"),
            ("error pinging registry reg.io, response code 404 (Not Found)", "registry-error"),
            ("Server error: 500 trying to fetch for x", "registry-error"),
            ("registry responded with 429", "rate-limited"),
            ("the server returned HTTP 403.", "forbidden"),
            ("server error (HTTP status 502)", "registry-error"),
            ("request failed with status: 401", "unauthorized"),
        ] {
            assert_eq!(find(text).map(|found| found.cause.code), Some(code), "{text}");
        }
    }

    #[test]
    fn a_proxys_refusal_is_a_phrase_without_a_number() {
        for text in [
            "failed to do request: Head \"https://reg.io/v2/a/manifests/1\": Service Unavailable",
            "Error: Get https://reg.io/v2/: AuthorizedOnly",
        ] {
            assert_eq!(refused_by_proxy(text).map(|found| found.cause.code), Some("proxy-error"));
        }
        for text in [
            "Head \"https://reg.io/v2/\": something odd",
            "failed to do request: Strange Words",
            "Head \"https://reg.io/v2/\": Error 17",
            "Head \"https://reg.io/v2/\": EOF what can I do",
            "Service Unavailable",
        ] {
            assert_eq!(refused_by_proxy(text), None, "{text}");
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "reg.io:443/a/b:404: failed",
            "expected 500 bytes of 400",
            "API error (500): boom",
            "layer 404 of 500",
            "[preflight] 10.0.0.404",
            "exit status 500",
            "{\"kind\":\"Status\",\"message\":\"waiting to start\",\"reason\":\"BadRequest\",\"code\":400}",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
