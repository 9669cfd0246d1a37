//! Field and label selectors, as far as the real server takes them.

use std::collections::BTreeMap;

use serde_json::Value;

/// A condition on an object.
pub(super) enum Condition {
    Field { path: String, value: String, is_equal: bool },
    Label { key: String, values: Vec<String>, is_in: bool },
    HasLabel { key: String, has: bool },
}

impl Condition {
    pub(super) fn holds(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"][key].as_str();
        match self {
            Self::Field { path, value, is_equal } => {
                let found = path.split('.').fold(object, |at, part| &at[part]);
                (found.as_str().unwrap_or_default() == value) == *is_equal
            }
            Self::Label { key, values, is_in } => {
                label(key).is_some_and(|found| values.iter().any(|value| value == found)) == *is_in
            }
            Self::HasLabel { key, has } => label(key).is_some() == *has,
        }
    }
}

/// The conditions in a request's query, or the words of the real server's refusal.
pub(super) fn conditions(
    resource: &str,
    query: &BTreeMap<String, String>,
) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    let text = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    for part in text("fieldSelector").split(',').filter(|part| !part.is_empty()) {
        let (path, value, is_equal) = equality(part)
            .ok_or_else(|| format!("invalid selector: '{part}'; can't understand '{part}'"))?;
        if !selectable(resource).contains(&path) {
            return Err(format!("field label not supported: {path}"));
        }
        conditions.push(Condition::Field {
            path: path.to_owned(),
            value: value.to_owned(),
            is_equal,
        });
    }
    for part in outside_brackets(text("labelSelector")) {
        conditions.push(label_condition(part.trim()).ok_or_else(|| {
            format!("unable to parse requirement: found '{part}', expected: identifier")
        })?);
    }
    Ok(conditions)
}

/// `pkg/apis/core/v1/conversion.go`.
fn selectable(resource: &str) -> &'static [&'static str] {
    match resource {
        "pods" => &[
            "metadata.name",
            "metadata.namespace",
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.serviceAccountName",
            "status.phase",
        ],
        "events" => &[
            "metadata.name",
            "metadata.namespace",
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "type",
        ],
        "secrets" => &["metadata.name", "metadata.namespace", "type"],
        _ => &["metadata.name", "metadata.namespace"],
    }
}

fn equality(part: &str) -> Option<(&str, &str, bool)> {
    if let Some((key, value)) = part.split_once("!=") {
        return Some((key.trim(), value.trim(), false));
    }
    let (key, value) = part.split_once("==").or_else(|| part.split_once('='))?;
    Some((key.trim(), value.trim(), true))
}

fn label_condition(part: &str) -> Option<Condition> {
    if let Some((key, value, is_in)) = equality(part) {
        return Some(Condition::Label {
            key: key.to_owned(),
            values: vec![value.to_owned()],
            is_in,
        });
    }
    if let Some((head, list)) = part.strip_suffix(')').and_then(|part| part.split_once('(')) {
        let (key, operator) = head.trim().split_once(' ')?;
        let is_in = match operator.trim() {
            "in" => true,
            "notin" => false,
            _ => return None,
        };
        let values = list.split(',').map(|value| value.trim().to_owned()).collect();
        return Some(Condition::Label { key: key.to_owned(), values, is_in });
    }
    let (key, has) = match part.strip_prefix('!') {
        Some(key) => (key, false),
        None => (part, true),
    };
    let is_key = !key.is_empty() && !key.contains(|c: char| c.is_whitespace() || "(),".contains(c));
    is_key.then(|| Condition::HasLabel { key: key.to_owned(), has })
}

/// Splits at commas that stand outside brackets.
fn outside_brackets(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
    .filter(|part| !part.is_empty())
}
