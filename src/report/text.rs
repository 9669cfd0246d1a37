//! The report for people: the verdict first, then what it stands on, then the fix as commands.
//!
//! Nothing depends on colour alone, commands can be pasted as they stand, and lines fit the width
//! where words allow it. Every string from outside has been made harmless before it gets here.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};

use crate::diagnose::{Check, Diagnosis, Evidence, Findings, Fix, Outcome, PodFinding};
use crate::duration;
use crate::facts::Time;
use crate::image::ImageReference;
use crate::layout::{fold_command, wrap};
use crate::words;

use super::Report;

pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const HEAD: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();

/// The narrowest page on which the checks are a table, in columns.
const TABLE: usize = 80;

/// The narrowest and the widest column of text.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=110;

/// Writes the report. `width` is the terminal's in columns; colours are in the text, for a stream
/// that strips them where they are not wanted.
pub fn write(report: &Report, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(width, out);
    // A diagnosis stands by itself; lines about pods that are well follow one another.
    let mut before = None;
    for pod in &report.findings.pods {
        for diagnosis in &pod.diagnoses {
            page.gap(before.is_some())?;
            page.diagnosis(diagnosis, report.generated_at)?;
            before = Some("diagnosis");
        }
        if pod.otherwise.is_some() {
            page.gap(before == Some("diagnosis"))?;
            page.otherwise(pod)?;
            before = Some("line");
        }
    }
    page.limitations(&report.findings)
}

/// Writes one diagnosis, as it stands in a report.
pub fn write_diagnosis(
    diagnosis: &Diagnosis,
    now: Time,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    Page::new(width, out).diagnosis(diagnosis, now)
}

/// A stream with a width.
pub(super) struct Page<'a> {
    pub(super) out: &'a mut dyn Write,
    width: usize,
}

impl<'a> Page<'a> {
    /// A stream, and the terminal's width.
    pub(super) fn new(width: usize, out: &'a mut dyn Write) -> Self {
        Self { out, width: width.clamp(*WIDTHS.start(), *WIDTHS.end()) }
    }

    pub(super) fn diagnosis(&mut self, diagnosis: &Diagnosis, now: Time) -> io::Result<()> {
        self.paragraph("", &verdict(diagnosis), BAD)?;
        self.paragraph("  ", &diagnosis.summary, Style::new())?;
        writeln!(self.out)?;
        self.facts(diagnosis)?;
        self.heading("Evidence")?;
        let mut before: Option<&Evidence> = None;
        for evidence in &diagnosis.evidence {
            let repeats = before.is_some_and(|before| ends_alike(&before.text, &evidence.text));
            self.evidence(evidence, repeats, now)?;
            before = Some(evidence);
        }
        if !diagnosis.checks.is_empty() {
            self.heading("Checked")?;
            self.checks(&diagnosis.checks)?;
        }
        if !diagnosis.fixes.is_empty() {
            self.heading("Fix")?;
            for (number, fix) in diagnosis.fixes.iter().enumerate() {
                if number > 0 {
                    writeln!(self.out)?;
                }
                self.fix(number + 1, fix)?;
            }
        }
        Ok(())
    }

    fn facts(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let mut rows =
            vec![("cause", format!("{} ({})", diagnosis.cause.code, diagnosis.cause.title))];
        for cause in &diagnosis.also_named {
            rows.push(("also named", format!("{} ({})", cause.code, cause.title)));
        }
        if let Some(root) = diagnosis.root_cause {
            rows.push(("root cause", format!("{} ({})", root.code, root.title)));
        }
        for cause in &diagnosis.other_root_causes {
            rows.push(("as well", format!("{} ({})", cause.code, cause.title)));
        }
        rows.push(("confidence", diagnosis.confidence.word().to_owned()));
        if !diagnosis.image.reference.is_empty() {
            rows.push(("image", image(diagnosis)));
        }
        if let Some(owner) = &diagnosis.owner {
            rows.push(("owner", format!("{} {}", owner.kind, owner.name)));
        }
        if let Some(node) = &diagnosis.node {
            rows.push(("node", node.clone()));
        }
        for (name, value) in rows {
            self.hanging(&format!("  {name:<11} "), &value, FAINT)?;
        }
        Ok(())
    }

    /// A quotation; `repeats` when the one before it ended in the same words.
    fn evidence(&mut self, evidence: &Evidence, repeats: bool, now: Time) -> io::Result<()> {
        let mut source = evidence.source.clone();
        if let Some(count) = evidence.count.filter(|count| *count > 1) {
            source = format!("{source}, {count} times");
        }
        if let Some(seen) = evidence.last_seen {
            source = format!("{source}, {} ago", duration::brief((now - seen).num_seconds()));
        }
        if repeats {
            return self.hanging("  - ", &format!("{source}: the same words"), FAINT);
        }
        self.hanging("  - ", &format!("{source}:"), FAINT)?;
        self.paragraph("    ", &evidence.text, Style::new())
    }

    fn checks(&mut self, checks: &[Check]) -> io::Result<()> {
        // Three columns side by side would break names that are meant to be copied.
        if self.width < TABLE {
            for check in checks {
                let label = format!("  {:<9}", outcome(check.outcome));
                self.hanging(&label, &format!("{} {}", check.question, check.detail), HEAD)?;
            }
            return Ok(());
        }
        let mut table = Table::new();
        table
            .load_style(comfy_table::presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(self.width).unwrap_or(u16::MAX));
        for check in checks {
            table.add_row([outcome(check.outcome), &check.question, &check.detail]);
        }
        if let Some(column) = table.column_mut(0) {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(9)));
        }
        for line in table.lines() {
            let line = format!(" {}", line.trim_end());
            let style = if line.contains(outcome(Outcome::Problem)) {
                BAD
            } else if line.starts_with(&format!("  {}", outcome(Outcome::Ok))) {
                GOOD
            } else {
                Style::new()
            };
            writeln!(self.out, "{style}{line}{style:#}")?;
        }
        Ok(())
    }

    fn fix(&mut self, number: usize, fix: &Fix) -> io::Result<()> {
        self.hanging(&format!("  {number}. "), &words::capital(&fix.title), HEAD)?;
        if !fix.says.is_empty() {
            self.paragraph("     ", &fix.says, Style::new())?;
        }
        for command in &fix.commands {
            writeln!(self.out)?;
            for line in fold_command(command, self.width.saturating_sub(7)) {
                writeln!(self.out, "       {line}")?;
            }
        }
        if let Some(manifest) = &fix.manifest {
            writeln!(self.out)?;
            self.paragraph("     ", "In the manifest:", Style::new())?;
            writeln!(self.out)?;
            for line in manifest.lines() {
                writeln!(self.out, "       {line}")?;
            }
        }
        Ok(())
    }

    /// One line about a pod without a failing image.
    fn otherwise(&mut self, pod: &PodFinding) -> io::Result<()> {
        let Some(otherwise) = &pod.otherwise else { return Ok(()) };
        let text = format!("{}: no image-pull failure; {}", pod.pod, otherwise.text);
        self.paragraph("", &text, if otherwise.ill { HEAD } else { GOOD })
    }

    pub(super) fn limitations(&mut self, findings: &Findings) -> io::Result<()> {
        if findings.limitations.is_empty() {
            return Ok(());
        }
        self.heading("Not seen")?;
        for limitation in &findings.limitations {
            let text = format!("{}: {}", limitation.missing, limitation.effect);
            self.hanging("  - ", &text, Style::new())?;
        }
        Ok(())
    }

    /// An empty line where one is wanted.
    fn gap(&mut self, wanted: bool) -> io::Result<()> {
        if wanted { writeln!(self.out) } else { Ok(()) }
    }

    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{HEAD}{text}{HEAD:#}")
    }

    /// Wrapped text, each line behind the same indent.
    pub(super) fn paragraph(&mut self, indent: &str, text: &str, style: Style) -> io::Result<()> {
        for line in wrap(text, self.width.saturating_sub(indent.len())) {
            writeln!(self.out, "{indent}{style}{line}{style:#}")?;
        }
        Ok(())
    }

    /// Wrapped text behind a label, further lines indented by the label's length.
    pub(super) fn hanging(&mut self, label: &str, text: &str, style: Style) -> io::Result<()> {
        let indent = " ".repeat(label.len());
        for (number, line) in
            wrap(text, self.width.saturating_sub(label.len())).into_iter().enumerate()
        {
            if number == 0 {
                writeln!(self.out, "{style}{label}{style:#}{line}")?;
            } else {
                writeln!(self.out, "{indent}{line}")?;
            }
        }
        Ok(())
    }
}

/// What fails, in one line.
fn verdict(diagnosis: &Diagnosis) -> String {
    let place = match (&diagnosis.volume, &diagnosis.container) {
        (Some(volume), Some(container)) => {
            format!("image volume {volume} of container {container}")
        }
        (Some(volume), None) => format!("image volume {volume}"),
        (None, Some(container)) if !container.is_empty() => {
            format!("{} {container}", crate::diagnose::kind_name(diagnosis.kind))
        }
        (None, _) => crate::diagnose::kind_name(diagnosis.kind).to_owned(),
    };
    let image = match diagnosis.image.reference.as_str() {
        "" => "its image",
        image => image,
    };
    format!("{}: {place} cannot pull {}", diagnosis.pod, crate::redact::line(image, 300))
}

/// Whether two quotations end in the same words: the kubelet puts different frames before one error
/// in its status and in its events.
fn ends_alike(one: &str, other: &str) -> bool {
    let alike =
        one.bytes().rev().zip(other.bytes().rev()).take_while(|(one, other)| one == other).count();
    alike >= 40 && alike * 10 >= one.len().min(other.len()) * 7
}

/// The image as written, and in full where that says more.
fn image(diagnosis: &Diagnosis) -> String {
    let written = crate::redact::line(&diagnosis.image.reference, 300);
    match diagnosis.image.parsed.as_ref().map(ImageReference::to_string) {
        Some(full) if full != written => format!("{written} = {full}"),
        Some(_) => written,
        None => format!("{written} (not a valid image reference)"),
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Problem => "PROBLEM",
        Outcome::Unknown => "unknown",
    }
}
