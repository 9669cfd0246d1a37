//! Undoes the hard wraps of terminals, tables and logs, which break words.
//!
//! A line break that a program wrote separates errors, and nothing in a break says who made it. So
//! there are several [`views`] of a text of several lines, and the one in which more is known is
//! right.

use super::work;

/// No terminal is narrower; shorter lines were written so.
const NARROW: usize = 60;
/// How wide terminals are when nobody changes them: there one break is proof enough.
const USUAL: usize = 80;

/// Another way to read a text.
#[derive(Debug)]
pub(super) struct View {
    pub(super) text: String,
    /// How many bytes more must be known in it than in others: none where its form is proof enough.
    pub(super) gain: usize,
}

impl View {
    fn proven(text: String) -> Self {
        Self { text, gain: 0 }
    }

    fn guessed(text: String) -> Self {
        Self { text, gain: 1 }
    }
}

/// Other ways to read a text of several lines: without the frame of a box or a table, its
/// indentation and what every line of a log begins with; the lines joined where they are full, or
/// all of them as a hard wrap or a soft one broke them.
///
/// `crosses` says whether something that is known stands where the ends of two lines meet: a look
/// there spares most texts a second reading.
pub(super) fn views(text: &str, crosses: impl Fn(&str, &str) -> bool) -> Vec<View> {
    if !text.trim_end().contains('\n') {
        return Vec::new();
    }
    work::count(text.len());
    let lines: Vec<&str> = text.lines().collect();
    if let Some(boxed) = boxed(&lines) {
        return vec![View::proven(boxed)];
    }
    let mut views: Vec<_> = full_lines_joined(&lines).map(View::proven).into_iter().collect();
    let lines: Vec<&str> =
        lines.into_iter().map(str::trim_start).filter(|line| !line.is_empty()).collect();
    if let Some(columns) = table(&lines) {
        let joined = |between: &str| {
            let columns = columns.iter().map(|cells| cells.join(between));
            columns.collect::<Vec<_>>().join("\n")
        };
        views.extend([joined(""), joined(" ")].map(View::guessed));
        return views;
    }
    let bare = without_prefixes(&lines);
    let had_prefixes = bare.iter().zip(&lines).any(|(bare, line)| bare.len() < line.len());
    // YAML folds long quoted text with a backslash at both sides of the break.
    let end = |line: &str| line.strip_suffix('\\').map_or(line.len(), str::len);
    let start = |line: &str| usize::from(line.starts_with("\\ "));
    if bare.windows(2).any(|pair| crosses(&pair[0][..end(pair[0])], &pair[1][start(pair[1])..])) {
        let whole = bare.iter().map(|line| line.get(start(line)..end(line)).unwrap_or_default());
        views.push(View::guessed(whole.collect()));
    }
    if had_prefixes {
        views.push(View::guessed(bare.join("\n")));
    }
    views
}

/// The text with its lines joined where they end at the same column, as a terminal breaks them.
fn full_lines_joined(lines: &[&str]) -> Option<String> {
    let width = lines.iter().map(|line| columns(line)).max().unwrap_or(0);
    let full = |line: &str| columns(line) == width;
    let begins = |line: &str| ["  ", "\t", ">"].iter().any(|start| line.starts_with(start));
    let runs_on = |pair: &[&str]| full(pair[0]) && !begins(pair[1]);
    let breaks = lines.windows(2).filter(|pair| runs_on(pair)).count();
    let least = if width == USUAL { 1 } else { 2 };
    // Who breaks lines between words meets the same column now and then only.
    if width < NARROW || breaks < least || breaks * 2 < lines.len() - 1 {
        return None;
    }
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        out.push_str(line);
        if !lines.get(at..at + 2).is_some_and(runs_on) {
            out.push('\n');
        }
    }
    Some(out)
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

/// The cells of a table that is framed with bars, by columns.
fn table<'t>(lines: &[&'t str]) -> Option<Vec<Vec<&'t str>>> {
    let cells = |line: &'t str| -> Option<Vec<&'t str>> {
        let inner = line.trim_end().strip_prefix('|')?.strip_suffix('|')?;
        let padding = |cell: &'t str| cell.strip_prefix(' ').unwrap_or(cell);
        Some(inner.split('|').map(padding).collect())
    };
    let rows: Vec<Vec<&str>> = lines.iter().map(|line| cells(line)).collect::<Option<_>>()?;
    let width = rows.first()?.len();
    if rows.len() < 2 || rows.iter().any(|row| row.len() != width) {
        return None;
    }
    let cell = |row: &Vec<&'t str>, at: usize| row[at].strip_suffix(' ').unwrap_or(row[at]);
    Some((0..width).map(|at| rows.iter().map(|row| cell(row, at)).collect()).collect())
}

/// The lines without the times, numbers and marks that all of them begin with.
fn without_prefixes<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    /// A log's line has a time, a stream and a mark at most.
    const MOST: usize = 4;
    let mut lines = lines.to_vec();
    for _ in 0..MOST {
        let mut shapes = lines.iter().map(|line| prefix(line));
        let Some(Some((shape, _))) = shapes.next() else { break };
        if !shapes.all(|other| other.is_some_and(|(other, _)| other == shape)) {
            break;
        }
        lines = lines
            .iter()
            .map(|line| prefix(line).map_or(*line, |(_, end)| line[end..].trim_start()))
            .collect();
    }
    lines
}

/// What a line begins with, its numbers made equal, and where that ends; None for a plain word.
fn prefix(line: &str) -> Option<(String, usize)> {
    /// No prefix is longer.
    const LONGEST: usize = 60;
    let end = line.find(' ').filter(|end| *end <= LONGEST)?;
    let word = &line[..end];
    if word.chars().all(|c| c.is_alphabetic() || c == '"') {
        return None;
    }
    let mut shape = String::with_capacity(word.len());
    for c in word.chars() {
        let c = if c.is_ascii_digit() { '0' } else { c };
        if c != '0' || !shape.ends_with('0') {
            shape.push(c);
        }
    }
    Some((shape, end))
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
        let joined = |text: &str| full_lines_joined(&text.lines().collect::<Vec<_>>());
        assert_eq!(joined(&wrapped(text, 70)).unwrap().trim_end(), text);
    }

    #[test]
    fn lines_that_were_written_stay() {
        for text in [
            "403 Forbidden\ndenied: x",
            &wrapped(&"x".repeat(150), 30),
            &wrapped(&"x".repeat(100), 90),
        ] {
            assert_eq!(full_lines_joined(&text.lines().collect::<Vec<_>>()), None);
        }
    }

    #[test]
    fn broken_lines_are_joined_in_both_ways() {
        let views = |text| -> Vec<_> {
            views(text, |_, _| true).into_iter().map(|view| view.text).collect()
        };
        assert_eq!(views("one line\n"), Vec::<String>::new());
        assert_eq!(views("con\n   nection refused")[0], "connection refused");
        assert_eq!(views("no space\\\n  \\ left on\\\n device")[0], "no space left ondevice");
        assert_eq!(views("| con | 2m |\n| nection |    |").len(), 2);
        assert_eq!(views("| no | 2m |\n| space | |")[1].lines().next(), Some("no space"));
        assert_eq!(
            views("2024-01-01T00:00:09Z no space\n2024-01-01T00:00:10Z left on device")[1],
            "no space\nleft on device"
        );
        assert_eq!(views("Failed a\nFailed b"), ["Failed aFailed b"]);
    }

    #[test]
    fn a_box_is_opened() {
        let lines = [
            "Failed to pull image \"ghcr.io/fermyon/spin-operator/hello-world:l",
            "atest\": rpc error: code = NotFound desc = not",
            "found",
        ];
        let text = lines.map(|line| format!("│ {line:<65} │")).join("\n");
        let whole = views(&text, |_, _| false).remove(0).text;
        assert!(whole.starts_with(
            "Failed to pull image \"ghcr.io/fermyon/spin-operator/hello-world:latest\": rpc"
        ));
        assert_eq!(whole.split_whitespace().last(), Some("found"));
    }
}
