//! `-o github`: workflow commands, which GitHub Actions turns into annotations.
//!
//! A command is one line: `::error title=…::message`. Its escaping is that of GitHub's own toolkit
//! (actions/toolkit, packages/core/src/command.ts): `%`, CR and LF in the message; `:` and `,` too
//! in properties.

use std::io::{self, Write};

use crate::diagnose::{Diagnosis, Incident};

use super::overview::{headline, misses_pods, spread, verdict};
use super::{Report, WaitOutcome};

/// Pending pods that are named in the one warning about them.
const NAMED: usize = 10;

/// Writes an annotation for each incident, one each for what is undecided and for an interruption,
/// and the verdict.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for incident in &report.incidents {
        let title = format!("{} ({})", incident.title(), incident.leading().code);
        let message = message(report, incident);
        command(out, "error", &title, &message)?;
    }
    if let Some(waited) = &report.waited
        && waited.outcome != WaitOutcome::Failed
        && !waited.pending.is_empty()
    {
        let lines = waited.pending.iter().take(NAMED);
        let lines: Vec<_> = lines.map(|it| format!("{}: {}", it.what, it.why)).collect();
        let title = if misses_pods(report) { "pods missing" } else { "images not pulled yet" };
        command(out, "warning", title, &lines.join("\n"))?;
    }
    if report.is_interrupted {
        command(out, "warning", "interrupted", "the check did not see everything")?;
    }
    for limitation in &report.findings.limitations {
        let text = format!("{}: {}", limitation.missing, limitation.effect);
        command(out, "notice", "not seen", &text)?;
    }
    // Not a command, so that it stands in the log as it is; a text from outside cannot begin a line.
    writeln!(out, "{}", verdict(report))
}

fn message(report: &Report, incident: &Incident) -> String {
    let mut lines = vec![headline(incident, report.generated_at)];
    lines.extend(spread(incident));
    if let Some(example) = report.example(incident) {
        lines.extend(explained(example));
    }
    lines.join("\n")
}

/// Why, in which words, and the first fix.
fn explained(diagnosis: &Diagnosis) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", diagnosis.pod, diagnosis.summary)];
    lines.extend(diagnosis.evidence.first().map(|it| format!("{}: {}", it.source, it.text)));
    if let Some(fix) = diagnosis.fixes.first() {
        lines.push(format!("fix: {}", fix.title));
        lines.extend(fix.commands.iter().map(|command| format!("  {command}")));
    }
    lines
}

fn command(out: &mut dyn Write, kind: &str, title: &str, message: &str) -> io::Result<()> {
    writeln!(out, "::{kind} title={}::{}", property(title), data(message))
}

/// What stands behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_is_that_of_the_toolkit() {
        assert_eq!(data("100% of\r\na: b, c"), "100%25 of%0D%0Aa: b, c");
        assert_eq!(property("100% of\r\na: b, c"), "100%25 of%0D%0Aa%3A b%2C c");
        let mut out = Vec::new();
        command(&mut out, "error", "a::b", "x\n::set-output name=y::z").unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "::error title=a%3A%3Ab::x%0A::set-output name=y::z\n");
    }
}
