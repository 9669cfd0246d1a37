//! A pull secret for people: what the kubelet makes of it, then its entries, then what is wrong.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table};
use unicode_width::UnicodeWidthStr;

use crate::credentials::{Entry, Verdict, expiry_words};
use crate::duration::brief;
use crate::facts::Time;
use crate::layout::wrap;
use crate::redact;

use super::{NAME, SecretReport, Shown};

const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const HEAD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// The narrowest and the widest page.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=200;

/// The widest line of prose.
const PROSE: usize = 110;

pub(super) fn write(report: &SecretReport, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, width: width.clamp(*WIDTHS.start(), *WIDTHS.end()) };
    let review = &report.review;
    let style = if review.is_fine() { GOOD } else { BAD };
    page.hanging("", &headline(report), HEAD)?;
    page.hanging("  ", &review.summary, style)?;
    page.entries(report)?;
    // The summary has said the first, unless that is about an expiry.
    let problems: Vec<_> = review.problems.iter().filter(|it| **it != review.summary).collect();
    page.list("Wrong", &problems, BAD)?;
    page.list("Warnings", &review.warnings.iter().collect::<Vec<_>>(), WARN)
}

/// `shop/regcred: type kubernetes.io/dockerconfigjson, written 3h ago`.
fn headline(report: &SecretReport) -> String {
    let ago = |time: Time| brief((report.generated_at - time).num_seconds());
    let written = match (report.changed, report.created) {
        (Some(changed), _) => format!(", written {} ago", ago(changed)),
        (None, Some(created)) => format!(", created {} ago", ago(created)),
        (None, None) => String::new(),
    };
    format!("{}: type {}{written}", report.name, report.kind)
}

/// A stream with a width.
struct Page<'a> {
    out: &'a mut dyn Write,
    width: usize,
}

/// One entry as its columns.
type Row = [String; 5];

const COLUMNS: [&str; 5] = ["Key", "For images", "User", "Expiry", "Tried"];

impl Page<'_> {
    fn entries(&mut self, report: &SecretReport) -> io::Result<()> {
        let entries = &report.review.judgement.entries;
        if entries.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        let rows: Vec<Row> = entries.iter().map(|entry| row(report, entry)).collect();
        // Without an image, nothing is tried.
        let columns = if report.image.is_some() { 5 } else { 4 };
        let widest = |column: usize| {
            let cells = rows.iter().map(|row| row[column].width());
            cells.chain([COLUMNS[column].len()]).max().unwrap_or_default()
        };
        let natural: usize = (0..columns).map(|column| widest(column) + 3).sum();
        // A key must be copied in one piece, so that nothing is wrapped in a table.
        if natural <= self.width { self.table(&rows, columns) } else { self.blocks(&rows, columns) }
    }

    fn table(&mut self, rows: &[Row], columns: usize) -> io::Result<()> {
        let mut table = Table::new();
        table
            .load_style(comfy_table::presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(COLUMNS.iter().take(columns).map(|name| name.to_uppercase()));
        for row in rows {
            table.add_row(row.iter().take(columns));
        }
        for (number, line) in table.lines().enumerate() {
            let style = if number == 0 { FAINT } else { Style::new() };
            writeln!(self.out, " {style}{}{style:#}", line.trim_end())?;
        }
        Ok(())
    }

    /// An entry after the other, where a table has no room.
    fn blocks(&mut self, rows: &[Row], columns: usize) -> io::Result<()> {
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                writeln!(self.out)?;
            }
            self.hanging("  ", &row[0], HEAD)?;
            for (name, value) in COLUMNS.iter().zip(row).take(columns).skip(1) {
                let label = format!("    {:<11} ", name.to_lowercase());
                self.labelled(&label, value)?;
            }
        }
        Ok(())
    }

    fn list(&mut self, heading: &str, items: &[&String], style: Style) -> io::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{style}{heading}{style:#}")?;
        items.iter().try_for_each(|item| self.labelled("  - ", item))
    }

    /// Wrapped text, each line behind the same indent.
    fn hanging(&mut self, indent: &str, text: &str, style: Style) -> io::Result<()> {
        for line in wrap(text, self.width.min(PROSE).saturating_sub(indent.len())) {
            writeln!(self.out, "{indent}{style}{line}{style:#}")?;
        }
        Ok(())
    }

    /// Wrapped text behind a label, further lines indented by the label's length.
    fn labelled(&mut self, label: &str, text: &str) -> io::Result<()> {
        let indent = " ".repeat(label.len());
        let width = self.width.min(PROSE).saturating_sub(label.len());
        for (number, line) in wrap(text, width).into_iter().enumerate() {
            let start = if number == 0 { label } else { &indent };
            writeln!(self.out, "{FAINT}{start}{FAINT:#}{line}")?;
        }
        Ok(())
    }
}

fn row(report: &SecretReport, entry: &Entry) -> Row {
    let user = match report.user(entry) {
        _ if entry.is_empty => "-".to_owned(),
        Shown::Name(user) if user.is_empty() => "-".to_owned(),
        Shown::Name(user) => user,
        Shown::Hidden => "(hidden)".to_owned(),
        Shown::LooksSecret => "(looks like a token)".to_owned(),
    };
    let expiry = entry
        .expiry
        .filter(|_| !entry.is_empty)
        .map_or_else(|| "-".to_owned(), |expiry| expiry_words(expiry, report.generated_at));
    [redact::line(&entry.key, NAME), images(entry), user, expiry, tried(report, entry)]
}

/// The images that the kubelet takes an entry for: a path is a plain prefix.
fn images(entry: &Entry) -> String {
    let host = redact::line(&entry.host, NAME);
    let path = redact::line(&entry.path, NAME);
    match (entry.host.as_str(), path.as_str()) {
        ("", _) => "none: the key is dropped".to_owned(),
        ("docker.io" | "index.docker.io", "") => "docker.io/… (Docker Hub)".to_owned(),
        _ if entry.misses_docker_hub() => "none of Docker Hub".to_owned(),
        (_, "") => format!("{host}/…"),
        (_, path) => format!("{host}{path}…"),
    }
}

/// The place of an entry among those that are tried for the image.
fn tried(report: &SecretReport, entry: &Entry) -> String {
    let place = match &report.review.judgement.verdict {
        Verdict::Serves { keys } if entry.serves => keys.iter().position(|key| *key == entry.key),
        _ => None,
    };
    place.map_or_else(|| "no".to_owned(), |place| (place + 1).to_string())
}
