//! `-o markdown`: for the summary of a CI run, a merge request's comment, an incident's page.

use std::io::{self, Write};

use crate::diagnose::Diagnosis;

use super::Report;
use super::overview::{headline, misses_pods, spread, verdict};

/// Incidents whose example is printed in full.
const IN_FULL: usize = 10;

/// Writes the report as one Markdown section.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## pulldoctor: {}\n", inline(&verdict(report)))?;
    for (number, incident) in report.incidents.iter().enumerate() {
        let line = headline(incident, report.generated_at);
        writeln!(out, "{}. {}", number + 1, inline(&line))?;
        if let Some(spread) = spread(incident) {
            writeln!(out, "   - {}", inline(&spread))?;
        }
    }
    if let Some(waited) = &report.waited {
        let how = if misses_pods(report) { "missing" } else { "not settled" };
        for pending in waited.pending.iter().take(IN_FULL) {
            let line = format!("{how}: {}: {}", pending.what, pending.why);
            writeln!(out, "- {}", inline(&line))?;
        }
    }
    for incident in report.incidents.iter().take(IN_FULL) {
        if let Some(example) = report.example(incident) {
            diagnosis(example, out)?;
        }
    }
    if !report.findings.limitations.is_empty() {
        writeln!(out, "\n### Not seen\n")?;
        for limitation in &report.findings.limitations {
            let line = format!("{}: {}", limitation.missing, limitation.effect);
            writeln!(out, "- {}", inline(&line))?;
        }
    }
    Ok(())
}

fn diagnosis(diagnosis: &Diagnosis, out: &mut dyn Write) -> io::Result<()> {
    let cause = diagnosis.leading();
    writeln!(out, "\n### {}: {}\n", inline(cause.code), inline(&diagnosis.pod.to_string()))?;
    writeln!(out, "{}\n", inline(&diagnosis.summary))?;
    let image = crate::redact::line(&diagnosis.image.reference, 300);
    writeln!(out, "- image: {}", code(&image))?;
    for evidence in &diagnosis.evidence {
        writeln!(out, "- {}: {}", inline(&evidence.source), code(&evidence.text))?;
    }
    for (number, fix) in diagnosis.fixes.iter().enumerate() {
        writeln!(out, "\n**Fix {}**: {}", number + 1, inline(&fix.title))?;
        if !fix.says.is_empty() {
            writeln!(out, "\n{}", inline(&fix.says))?;
        }
        if !fix.commands.is_empty() {
            block("sh", &fix.commands.join("\n"), out)?;
        }
        if let Some(manifest) = &fix.manifest {
            block("yaml", manifest, out)?;
        }
    }
    Ok(())
}

/// Text that is no markup: what Markdown or HTML would take for some is escaped.
fn inline(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A mention would send somebody a message.
            '@' => escaped.push_str("&#64;"),
            '\n' | '\r' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text as code on one line, behind more back-ticks than it has in a row.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let ticks = "`".repeat(longest_run(&text) + 1);
    if text.starts_with('`') || text.ends_with('`') {
        format!("{ticks} {text} {ticks}")
    } else {
        format!("{ticks}{text}{ticks}")
    }
}

/// A block of code.
fn block(language: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    writeln!(out, "\n{fence}{language}\n{}\n{fence}", text.trim_end())
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(inline("a|b <img> @team *x*"), "a\\|b &lt;img&gt; &#64;team \\*x\\*");
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        let mut out = Vec::new();
        block("sh", "echo ```", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\n````sh\necho ```\n````\n");
    }
}
