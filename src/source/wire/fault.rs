//! Decoding errors without the input in them.
//!
//! serde's own messages quote what they met: ``invalid type: string "hunter2", expected a map``.
//! A Secret may stand there, so of such a message only the kinds and the position are kept.

use std::fmt;

use serde::de::DeserializeOwned;

/// Why a text could not be decoded: where, and what was expected, never what stood there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// What is wrong, as a lower-case fragment.
    pub what: String,
    /// The line, from 1; 0 when it is not known.
    pub line: usize,
    /// The column, from 1; 0 when it is not known.
    pub column: usize,
    /// Whether the text ends in the middle of a value.
    pub cut_off: bool,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.line > 0 {
            write!(f, " at line {}, column {}", self.line, self.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for DecodeError {}

impl From<&serde_json::Error> for DecodeError {
    fn from(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        let what = match error.classify() {
            Category::Eof => "the JSON looks cut off".to_owned(),
            // Fixed texts of serde_json, such as "expected `:`".
            Category::Syntax | Category::Io => {
                let text = error.to_string();
                let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
                format!("invalid JSON: {text}")
            }
            Category::Data => without_values(&error.to_string()),
        };
        Self {
            what,
            line: error.line(),
            column: error.column(),
            cut_off: error.classify() == Category::Eof,
        }
    }
}

/// Decodes one JSON text.
pub fn decode<T: DeserializeOwned>(text: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(text).map_err(|error| DecodeError::from(&error))
}

/// What may be said of a serde message: the kind of value met, and what was expected instead.
///
/// The expectation is a fixed text of a visitor and comes last; whatever stands before it may hold
/// input, so the last `, expected ` is the border and the kind must be one of serde's own words.
pub(in crate::source) fn without_values(message: &str) -> String {
    /// serde's words for what it met, and the words for people.
    const KINDS: [(&str, &str); 11] = [
        ("boolean", "a boolean"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("character", "text"),
        ("string", "text"),
        ("byte array", "bytes"),
        ("unit value", "nothing"),
        ("null", "null"),
        ("Option value", "null"),
        ("sequence", "a list"),
        ("map", "a map"),
    ];
    const FALLBACK: &str = "a value of the wrong form";

    if message.starts_with("missing field `") || message.starts_with("duplicate field `") {
        // Field names are ours, not the input's.
        let end = message.match_indices('`').nth(1).map_or(0, |(at, _)| at + 1);
        return message[..end].to_owned();
    }
    let Some((met, expected)) = message.rsplit_once(", expected ") else {
        return FALLBACK.to_owned();
    };
    let expected = expected.rsplit_once(" at line ").map_or(expected, |(expected, _)| expected);
    let expected = match expected {
        "a sequence" => "a list",
        "a string" => "text",
        "i32" | "i64" | "u16" | "u32" | "u64" => "a number",
        // Types of ours, by their Rust names.
        name if name.starts_with("struct ") => "a map",
        other => other,
    };
    let met = met.split_once(": ").map_or("", |(_, met)| met);
    match KINDS.iter().find(|(kind, _)| met.starts_with(*kind)) {
        Some((_, kind)) => format!("expected {expected}, found {kind}"),
        None => format!("expected {expected}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::wire::{List, Pod, Status};

    #[test]
    fn only_the_kinds_of_values_are_told() {
        for (message, told) in [
            ("invalid type: string \"hunter2\", expected a map", "expected a map, found text"),
            (
                "invalid type: null, expected u32 at line 1 column 2",
                "expected a number, found null",
            ),
            // A value may look like the rest of a message.
            (
                "invalid type: string \"x, expected hunter2\", expected a map at line 1 column 9",
                "expected a map, found text",
            ),
            ("invalid type: sequence, expected struct Metadata", "expected a map, found a list"),
            ("invalid type: hunter2, expected a map", "expected a map"),
            ("duplicate field `kind` at line 3", "duplicate field `kind`"),
            ("hunter2", "a value of the wrong form"),
        ] {
            assert_eq!(without_values(message), told, "{message}");
        }
    }

    #[test]
    fn an_error_knows_its_place() {
        let error = decode::<Status>(b"{\n\"code\": \"hunter2\"}").unwrap_err();
        assert_eq!(error.to_string(), "expected a number, found text at line 2, column 17");
        let error = decode::<Status>(b"{\"code\": 4").unwrap_err();
        assert!(error.cut_off);
        let error = decode::<Status>(b"<html>").unwrap_err();
        assert_eq!(error.to_string(), "invalid JSON: expected value at line 1, column 1");
    }

    #[test]
    fn a_page_of_a_list_says_where_it_stands() {
        let page: List<Pod> = decode(
            br#"{"kind":"PodList","metadata":{"resourceVersion":"5","continue":"token",
                "remainingItemCount":12},"items":[{"metadata":{"name":"web"}}]}"#,
        )
        .unwrap();
        assert_eq!(page.items.len(), 1);
        assert_eq!(page.metadata.resource_version, "5");
        assert_eq!(page.metadata.continue_token, "token");
        assert_eq!(page.metadata.remaining_item_count, Some(12));
        let page: List<Pod> = decode(br#"{"metadata":null,"items":null}"#).unwrap();
        assert!(page.items.is_empty() && page.metadata.continue_token.is_empty());
    }
}
