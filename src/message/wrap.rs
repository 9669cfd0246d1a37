//! Undoes the hard wraps of terminals, which break words.
//!
//! A line break that a program wrote separates errors, so only what looks like a terminal's own is
//! undone: several lines that all end at the same column, or the full lines of a box.

use std::borrow::Cow;

/// No terminal is narrower; shorter lines were written so.
const NARROW: usize = 60;
/// How wide terminals are when nobody changes them: there one break is proof enough.
const USUAL: usize = 80;

/// The text with its lines as they were before a terminal broke them.
pub(super) fn unwrapped(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.lines().collect();
    if let Some(boxed) = boxed(&lines) {
        return Cow::Owned(boxed);
    }
    let width = lines.iter().map(|line| columns(line)).max().unwrap_or(0);
    let full = |line: &str| columns(line) == width;
    let begins = |line: &str| ["  ", "\t", ">"].iter().any(|start| line.starts_with(start));
    let runs_on = |pair: &[&str]| full(pair[0]) && !begins(pair[1]);
    let breaks = lines.windows(2).filter(|pair| runs_on(pair)).count();
    let least = if width == USUAL { 1 } else { 2 };
    // Who breaks lines between words meets the same column now and then only.
    if width < NARROW || breaks < least || breaks * 2 < lines.len() - 1 {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (at, line) in lines.iter().enumerate() {
        out.push_str(line);
        if !lines.get(at..at + 2).is_some_and(runs_on) {
            out.push('\n');
        }
    }
    Cow::Owned(out)
}

/// The content of a box, as terminal programs draw it, where all lines are lines of one.
fn boxed(lines: &[&str]) -> Option<String> {
    let width = columns(lines.first()?.trim());
    if width < NARROW || lines.iter().any(|line| columns(line.trim()) != width) {
        return None;
    }
    let mut out = String::new();
    for line in lines {
        let inner = line.trim().strip_prefix('\u{2502}')?.strip_suffix('\u{2502}')?;
        // A space pads the frame; a line that reaches it goes on in the next.
        let inner = inner.strip_prefix(' ').unwrap_or(inner);
        let inner = inner.strip_suffix(' ').unwrap_or(inner);
        out.push_str(inner);
        if inner.ends_with(' ') {
            out.push('\n');
        }
    }
    Some(out)
}

fn columns(line: &str) -> usize {
    line.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a terminal of that width shows it.
    fn wrapped(text: &str, width: usize) -> String {
        let text: Vec<char> = text.chars().collect();
        text.chunks(width).map(String::from_iter).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn words_become_whole_again() {
        let text = "a message that is long enough for a terminal to break it where it likes, and more than twice at eighty columns, since one break alone proves nothing";
        assert_eq!(unwrapped(&wrapped(text, 70)).trim_end(), text);
    }

    #[test]
    fn lines_that_were_written_stay() {
        for text in [
            "403 Forbidden\ndenied: x",
            &wrapped(&"x".repeat(150), 30),
            &wrapped(&"x".repeat(100), 90),
        ] {
            assert_eq!(unwrapped(text), text);
        }
    }

    #[test]
    fn a_box_is_opened() {
        let lines = [
            "Failed to pull image \"ghcr.io/fermyon/spin-operator/hello-world:l",
            "atest\": rpc error: code = NotFound desc = not",
            "found",
        ];
        let text = lines.map(|line| format!("│ {line:<65} │")).join("\n");
        let whole = unwrapped(&text);
        assert!(whole.starts_with(
            "Failed to pull image \"ghcr.io/fermyon/spin-operator/hello-world:latest\": rpc"
        ));
        assert_eq!(whole.split_whitespace().last(), Some("found"));
    }
}
