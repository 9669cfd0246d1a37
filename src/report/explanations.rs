//! What messages mean, in each format of `pulldoctor explain`: one at a time, so that a stream of a
//! million lines needs no more memory than one.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::cause::{self, Cause};
use crate::explain::{self, Explanation};
use crate::layout::wrap;

use super::json::API_VERSION;

const HEAD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const CODE: Style = AnsiColor::Yellow.on_default().bold();

/// One item of `kind: Explanations`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemV1<'a> {
    message: String,
    cause: &'static str,
    also_named: Vec<&'static str>,
    retry: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<&'a str>,
    title: &'static str,
    summary: &'a str,
}

impl<'a> From<&'a Explanation<'_>> for ItemV1<'a> {
    fn from(explanation: &'a Explanation<'_>) -> Self {
        let reading = &explanation.reading;
        Self {
            message: explanation.message(),
            cause: reading.cause.code,
            also_named: reading.also_named.iter().map(|cause| cause.code).collect(),
            retry: reading.cause.retry.word(),
            image: reading.details.image.as_deref(),
            registry: reading.details.registry.as_deref(),
            title: reading.cause.title,
            summary: &explanation.summary,
        }
    }
}

/// A writer of explanations in one format.
///
/// What an explanation looks like depends on nothing but itself, so that many can be rendered at
/// once, while others are written; what depends on their order is in the [`Counts`] so far.
pub trait Writer: Sync {
    /// An explanation in this format.
    fn render(&self, explanation: &Explanation<'_>) -> String;
    /// Writes a rendered one, of this cause, behind those that were counted.
    fn item(
        &self,
        cause: &'static Cause,
        rendered: &str,
        before: &Counts,
        out: &mut dyn Write,
    ) -> io::Result<()>;
    /// Writes what comes after the last.
    fn end(&self, all: &Counts, out: &mut dyn Write) -> io::Result<()>;
}

/// How often each cause was met.
#[derive(Debug, Default)]
pub struct Counts {
    of: BTreeMap<&'static str, usize>,
    total: usize,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, cause: &'static Cause) {
        *self.of.entry(cause.code).or_default() += 1;
        self.total += 1;
    }

    /// Most frequent first.
    fn rows(&self) -> Vec<(usize, &'static Cause)> {
        let mut rows: Vec<_> = self
            .of
            .iter()
            .filter_map(|(code, count)| Some((*count, cause::by_code(code)?)))
            .collect();
        rows.sort_by_key(|(count, cause)| (std::cmp::Reverse(*count), cause.code));
        rows
    }
}

/// `-o json`: one document, written item by item.
#[derive(Debug)]
pub struct Json;

impl Writer for Json {
    fn render(&self, explanation: &Explanation<'_>) -> String {
        let item = ItemV1::from(explanation);
        // Room for the two long texts and for everything else.
        let mut out = Vec::with_capacity(item.message.len() + item.summary.len() + 400);
        serde_json::to_writer(&mut out, &item).expect("texts and lists are JSON");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn item(
        &self,
        _: &'static Cause,
        rendered: &str,
        before: &Counts,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if before.total == 0 {
            begin(out)?;
        } else {
            out.write_all(b",\n")?;
        }
        out.write_all(b"    ")?;
        out.write_all(rendered.as_bytes())
    }

    fn end(&self, all: &Counts, out: &mut dyn Write) -> io::Result<()> {
        if all.total == 0 {
            begin(out)?;
        }
        out.write_all(b"\n  ]\n}\n")
    }
}

fn begin(out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "{{\n  \"apiVersion\": \"{API_VERSION}\",\n  \"kind\": \"Explanations\",\n  \"items\": [\n"
    )
}

/// `-o text` for one message: a paragraph with what it says.
#[derive(Debug)]
pub struct One {
    /// Columns.
    pub width: usize,
    /// What a person types to run the program.
    pub program: &'static str,
}

impl One {
    fn paragraph(&self, explanation: &Explanation<'_>, out: &mut String) -> fmt::Result {
        let reading = &explanation.reading;
        let cause = reading.cause;
        let head = wrap(&format!("{}: {}", cause.code, cause.title), self.width).join("\n");
        // The code has no space, so that the first line begins with it.
        writeln!(out, "{CODE}{}{CODE:#}{}", cause.code, &head[cause.code.len()..])?;
        // Where the words add nothing to the title, its meaning does.
        let says =
            if explanation.summary == cause.title { cause.says } else { &explanation.summary };
        for line in wrap(says, self.width.saturating_sub(2)) {
            writeln!(out, "  {line}")?;
        }
        writeln!(out)?;
        let also: Vec<_> = reading.also_named.iter().map(|cause| cause.code).collect();
        let rows = [
            ("also named", (!also.is_empty()).then(|| also.join(", "))),
            ("image", reading.details.image.clone()),
            ("registry", reading.details.registry.clone()),
            ("runtime", reading.details.runtime.map(|hint| hint.runtime.to_string())),
            ("kubelet", reading.details.kubelet.map(|range| range.to_string())),
            ("retry", Some(explain::retry_says(reading.cause).to_owned())),
            ("fix", reading.cause.fixes.first().map(|fix| fix.title.to_owned())),
            ("more", Some(format!("{} explain {}", self.program, reading.cause.code))),
        ];
        for (name, value) in rows {
            let Some(value) = value else { continue };
            let mut label = format!("  {FAINT}{name:<11}{FAINT:#}");
            for line in wrap(&value, self.width.saturating_sub(13)) {
                writeln!(out, "{label}{line}")?;
                label = " ".repeat(13);
            }
        }
        Ok(())
    }
}

impl Writer for One {
    fn render(&self, explanation: &Explanation<'_>) -> String {
        let mut out = String::new();
        self.paragraph(explanation, &mut out).expect("a string takes any text");
        out
    }

    fn item(
        &self,
        _: &'static Cause,
        rendered: &str,
        _: &Counts,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        out.write_all(rendered.as_bytes())
    }

    fn end(&self, _: &Counts, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// `-o text` for many messages: a line each, and a table of how often each cause was met.
#[derive(Debug)]
pub struct Lines {
    /// Whether to use colour. A million lines are written sooner plain than with their colours
    /// taken out again.
    pub is_colored: bool,
}

impl Lines {
    fn style(&self, style: Style) -> Style {
        if self.is_colored { style } else { Style::new() }
    }
}

impl Writer for Lines {
    fn render(&self, explanation: &Explanation<'_>) -> String {
        explanation.summary.clone()
    }

    fn item(
        &self,
        cause: &'static Cause,
        rendered: &str,
        before: &Counts,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (number, style) = (before.total + 1, self.style(CODE));
        writeln!(out, "{number}: {style}{}{style:#}: {rendered}", cause.code)
    }

    fn end(&self, all: &Counts, out: &mut dyn Write) -> io::Result<()> {
        let messages = crate::words::count(all.total, "message", "messages");
        let style = self.style(HEAD);
        writeln!(out, "\n{style}{messages}{style:#}")?;
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        for (count, cause) in all.rows() {
            table.add_row([count.to_string().as_str(), cause.code, cause.title]);
        }
        if let Some(column) = table.column_mut(0) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for line in table.lines() {
            writeln!(out, "  {}", line.trim_end())?;
        }
        Ok(())
    }
}

/// `-o markdown`: a table, for a comment or a page.
#[derive(Debug)]
pub struct Markdown;

impl Writer for Markdown {
    fn render(&self, explanation: &Explanation<'_>) -> String {
        escape_cell(&explanation.summary)
    }

    fn item(
        &self,
        cause: &'static Cause,
        rendered: &str,
        before: &Counts,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if before.total == 0 {
            out.write_all(b"| # | cause | what it says | retry |\n|---|---|---|---|\n")?;
        }
        let (code, retry) = (cause.code, cause.retry.word());
        writeln!(out, "| {} | `{code}` | {rendered} | {retry} |", before.total + 1)
    }

    fn end(&self, _: &Counts, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// Text in a cell of a Markdown table: nothing in it may end the cell, start markup or HTML.
fn escape_cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\`*_{}[]<>#|!&~".contains(c) {
            escaped.push('\\');
        }
        escaped.push(if c == '\n' { ' ' } else { c });
    }
    escaped
}

/// The pages of causes as JSON: `kind: Causes`.
pub fn causes_json(causes: &[&'static Cause], out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct CausesV1 {
        api_version: &'static str,
        kind: &'static str,
        items: Vec<CauseV1>,
    }
    #[derive(Serialize)]
    struct CauseV1 {
        code: &'static str,
        title: &'static str,
        group: &'static str,
        retry: &'static str,
        since: &'static str,
        says: &'static str,
        why: &'static [&'static str],
        tell: &'static [&'static str],
        fixes: Vec<FixV1>,
        see: &'static [&'static str],
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct FixV1 {
        title: &'static str,
        says: &'static str,
        commands: &'static [&'static str],
        registries: Vec<&'static str>,
        recreates_pods: bool,
    }
    let items = causes.iter().map(|cause| CauseV1 {
        code: cause.code,
        title: cause.title,
        group: cause.group.title(),
        retry: cause.retry.word(),
        since: cause.since,
        says: cause.says,
        why: cause.why,
        tell: cause.tell,
        fixes: cause
            .fixes
            .iter()
            .map(|fix| FixV1 {
                title: fix.title,
                says: fix.says,
                commands: fix.commands,
                registries: fix.on.iter().map(|kind| kind.name()).collect(),
                recreates_pods: fix.recreates_pods,
            })
            .collect(),
        see: cause.see,
    });
    let document = CausesV1 { api_version: API_VERSION, kind: "Causes", items: items.collect() };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, width: usize) -> String {
        let said = One { width, program: "pulldoctor" }.render(&explain::message(text));
        anstream::adapter::strip_str(&said).to_string()
    }

    #[test]
    fn a_title_is_not_said_twice() {
        let said = one("Error: ImagePullBackOff", 100);
        assert_eq!(said.matches(cause::BACK_OFF.title).count(), 1, "{said}");
        assert!(said.contains("not why"), "{said}");
    }

    #[test]
    fn a_narrow_terminal_breaks_no_word() {
        let said = one("Tag latest not found in repository docker.io/acme/web", 40);
        assert!(said.lines().all(|line| line.len() <= 40), "{said}");
        assert!(said.starts_with("manifest-not-found: no such tag or\ndigest\n"), "{said}");
    }
}
