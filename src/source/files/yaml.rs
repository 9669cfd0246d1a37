//! YAML: one document or several.

use serde_saphyr::{Budget, Error, Options};

use super::document::{Document, Tree};
use crate::source::wire::DecodeError;

/// Reads all documents; empty ones are left out.
pub(super) fn documents(text: &str) -> Result<Vec<Document<Tree>>, DecodeError> {
    serde_saphyr::from_str_multiple_with_options(text, options(text.len())).map_err(|error| {
        let error = cause(&error);
        let location = error.location();
        let position = |coordinate: Option<u64>| {
            coordinate.and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
        };
        // The library's own words may quote the input; these do not.
        let what = match error {
            Error::Eof { .. } => "the YAML looks cut off",
            Error::DuplicateMappingKey { .. } => "invalid YAML: a map has a key twice",
            Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasError { .. } => "the YAML unfolds into far more than it is long",
            _ => "invalid YAML",
        };
        DecodeError {
            what: what.to_owned(),
            cut_off: matches!(error, Error::Eof { .. }),
            line: position(location.map(|location| location.line())),
            column: position(location.map(|location| location.column())),
        }
    })
}

/// The error itself, without the text around it and the alias that led to it.
fn cause(error: &Error) -> &Error {
    match error {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => cause(error),
        error => error,
    }
}

/// How much a text may hold: no more than it has bytes. The default budget is for configuration
/// files and stops at a list of a few thousand pods. What guards against a small text that unfolds
/// into a large one (aliases, nesting) stays as it is.
fn options(bytes: usize) -> Options {
    let mut budget = Budget::default();
    budget.max_events = budget.max_events.max(bytes.saturating_mul(2));
    budget.max_nodes = budget.max_nodes.max(bytes);
    budget.max_total_scalar_bytes = budget.max_total_scalar_bytes.max(bytes.saturating_mul(2));
    budget.max_documents = budget.max_documents.max(bytes);
    let mut options = Options::default();
    options.budget = Some(budget);
    // kubectl quotes what YAML 1.1 would take for a boolean or an octal number; people do not.
    options.strict_booleans = true;
    options.leading_zero_numbers_as_strings = true;
    options.underscored_numbers_as_strings = true;
    options
}
