//! JSON: one document, several on end, or one a line.

use serde_json::value::RawValue;

use super::document::Document;
use crate::source::wire::DecodeError;

/// Hands each document to `take` as it is read, until one is not JSON.
pub(super) fn documents<'a>(
    text: &'a str,
    mut take: impl FnMut(Document<&'a RawValue>),
) -> Result<(), DecodeError> {
    for part in without_logs(text) {
        for document in serde_json::Deserializer::from_str(part).into_iter() {
            take(document.map_err(|error| {
                let mut error = DecodeError::from(&error);
                let offset = part.as_ptr().addr() - text.as_ptr().addr();
                error.line += text[..offset].matches('\n').count();
                error
            })?);
        }
    }
    Ok(())
}

/// The parts of a text around the logs that `kubectl cluster-info dump` prints between its lists.
fn without_logs(text: &str) -> Vec<&str> {
    const START: &str = "\n==== START logs for container ";
    const END: &str = "\n==== END logs for container ";
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((part, log)) = rest.split_once(START) {
        parts.push(part);
        // The line that ends a log says of which container once more.
        let behind = log.split_once(END).map_or("", |(_, behind)| behind);
        rest = behind.find('\n').map_or("", |end| &behind[end..]);
    }
    parts.push(rest);
    parts
}

/// The line and the column in `text` of a place that is `line` and `column` into a slice of it.
pub(super) fn position(
    text: &str,
    (address, line, column): (usize, usize, usize),
) -> Option<(usize, usize)> {
    let offset = address.checked_sub(text.as_ptr().addr())?;
    let before = text.get(..offset)?;
    let lines = before.matches('\n').count();
    Some(if line <= 1 {
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (lines + 1, before.len() - start + column)
    } else {
        (lines + line, column)
    })
}
