//! Label selectors as kubectl's `-l` takes them, for objects that come from files; a live cluster
//! selects by itself. Grammar: apimachinery/pkg/labels/selector.go.

use std::collections::BTreeMap;

/// A selector: all of its requirements must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

/// One requirement on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    /// `key`
    Exists(String),
    /// `!key`
    Missing(String),
    /// `key=value`, `key in (a,b)`
    In(String, Vec<String>),
    /// `key!=value`, `key notin (a,b)`: also true where the label is missing
    NotIn(String, Vec<String>),
}

impl Selector {
    /// Parses a selector; the error names the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let requirements =
            parts(text).into_iter().map(Requirement::parse).collect::<Result<_, _>>()?;
        Ok(Self { requirements })
    }

    /// Whether labels satisfy it.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|requirement| requirement.holds(labels))
    }
}

/// The parts between commas that stand outside parentheses.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0_usize, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

impl Requirement {
    fn parse(part: &str) -> Result<Self, String> {
        let wrong = || format!("'{part}' is not a label requirement");
        let word = |text: &str| -> Result<String, String> {
            let text = text.trim();
            let ok = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
            if text.chars().all(ok) { Ok(text.to_owned()) } else { Err(wrong()) }
        };
        let key =
            |text: &str| word(text).and_then(|k| if k.is_empty() { Err(wrong()) } else { Ok(k) });
        if let Some((name, value)) = part.split_once("!=") {
            return Ok(Self::NotIn(key(name)?, vec![word(value)?]));
        }
        if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            return Ok(Self::In(key(name)?, vec![word(value)?]));
        }
        if let Some((head, values)) = part.split_once('(') {
            let values = values.strip_suffix(')').ok_or_else(wrong)?;
            let values = values.split(',').map(word).collect::<Result<Vec<_>, _>>()?;
            let mut head = head.split_whitespace();
            return match (head.next(), head.next(), head.next()) {
                (Some(name), Some("in"), None) => Ok(Self::In(key(name)?, values)),
                (Some(name), Some("notin"), None) => Ok(Self::NotIn(key(name)?, values)),
                _ => Err(wrong()),
            };
        }
        match part.strip_prefix('!') {
            Some(name) => Ok(Self::Missing(key(name)?)),
            None => Ok(Self::Exists(key(part)?)),
        }
    }

    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Exists(key) => labels.contains_key(key),
            Self::Missing(key) => !labels.contains_key(key),
            Self::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_kubectls() {
        let labels = BTreeMap::from([
            ("app".to_owned(), "web".to_owned()),
            ("acme.io/tier".to_owned(), "front".to_owned()),
        ]);
        for (selector, expected) in [
            ("", true),
            ("app", true),
            ("!app", false),
            ("app=web", true),
            ("app==web,acme.io/tier=front", true),
            ("app!=web", false),
            ("other!=web", true),
            ("app in (api, web)", true),
            ("app notin (api,web),acme.io/tier", false),
            ("other notin (a)", true),
            ("app=", false),
        ] {
            let parsed = Selector::parse(selector).unwrap();
            assert_eq!(parsed.matches(&labels), expected, "{selector}");
        }
        for wrong in ["app in web", "=web", "app in (a", "app between (a)", "a b"] {
            assert!(Selector::parse(wrong).is_err(), "{wrong}");
        }
    }
}
