//! Where output goes: data on standard output, errors and notes on standard error.

use std::io::{self, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};

use crate::error::Error;
use crate::layout::wrap;
use crate::redact;
use crate::report::Report;
use crate::report::{github, json, junit, markdown, overview, text, yaml};

/// How many bytes of a stream are written at once.
const PAGE: usize = 1 << 16;
/// The width of text that goes to a file or a pipe, in columns.
const PIPE_WIDTH: usize = 100;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    // On a terminal that can show it, unless `NO_COLOR` is set
    Auto,
    // Always
    Always,
    // Never
    Never,
}

/// How to print a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    // For people
    Text,
    // One JSON document (apiVersion pulldoctor.dev/v1)
    Json,
    // The same as YAML
    Yaml,
}

/// How to print a report on many pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ManyFormat {
    /// For people: the incidents, then one diagnosis of each
    Text,
    /// One JSON document (apiVersion pulldoctor.dev/v1)
    Json,
    /// The same as YAML
    Yaml,
    /// JUnit XML: a test case for each workload's containers
    Junit,
    /// Annotations for GitHub Actions; also fills the step's summary
    Github,
    /// Markdown, for a summary or a comment
    Markdown,
}

/// The program's two streams.
#[derive(Debug)]
pub(super) struct Output {
    color: Color,
}

impl Output {
    pub(super) fn new(color: Color) -> Self {
        Self { color }
    }

    fn choice(&self, stream: &impl anstream::stream::RawStream) -> anstream::ColorChoice {
        match self.color {
            Color::Auto => AutoStream::choice(stream),
            Color::Always => anstream::ColorChoice::AlwaysAnsi,
            Color::Never => anstream::ColorChoice::Never,
        }
    }

    /// Whether standard output takes colour.
    pub(super) fn is_colored(&self) -> bool {
        self.choice(&io::stdout()) != anstream::ColorChoice::Never
    }

    /// Writes to standard output and gives the exit code back.
    pub(super) fn data(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
        code: u8,
    ) -> u8 {
        let mut stdout = io::stdout().lock();
        let mut page = AutoStream::new(Vec::new(), self.choice(&stdout));
        let written = write(&mut page)
            .and_then(|()| stdout.write_all(&page.into_inner()))
            .and_then(|()| stdout.flush());
        self.failed(written).unwrap_or(code)
    }

    /// Writes to standard output as it comes, for output that may be larger than memory: in colour
    /// only if [`Output::is_colored`], as nothing is taken out of it. Gives an exit code only if the
    /// output could not be written.
    pub(super) fn stream(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Option<u8> {
        let stdout = io::stdout().lock();
        // Standard output by itself is written line by line.
        let mut pages = io::BufWriter::with_capacity(PAGE, stdout);
        let written = write(&mut pages).and_then(|()| pages.flush());
        self.failed(written)
    }

    /// Writes lines to standard output and sees that they get there at once. Gives an exit code only
    /// if nobody reads them any more, or they could not be written.
    pub(super) fn lines(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Option<u8> {
        let mut stdout = io::stdout().lock();
        let mut page = AutoStream::new(Vec::new(), self.choice(&stdout));
        let written = write(&mut page)
            .and_then(|()| stdout.write_all(&page.into_inner()))
            .and_then(|()| stdout.flush());
        let is_unread = written.is_err();
        self.failed(written).or(is_unread.then_some(crate::exit::OK))
    }

    /// What became of writing: an exit code if it failed. A reader that has closed the pipe has seen
    /// what it wanted, so that is no failure; a full disk is.
    pub(super) fn failed(&self, written: io::Result<()>) -> Option<u8> {
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.line(ERROR, "error", &format!("cannot write the output: {error}"));
                Some(crate::exit::CANNOT_LOOK)
            }
            _ => None,
        }
    }

    /// Prints a report.
    pub(super) fn report(&self, report: &Report, format: Format, code: u8) -> u8 {
        self.data(
            |out| match format {
                Format::Text => text::write(report, width(), out),
                Format::Json => json::write(report, out),
                Format::Yaml => yaml::write(report, out),
            },
            code,
        )
    }

    /// Prints a report on many pods.
    pub(super) fn report_many(&self, report: &Report, format: ManyFormat, code: u8) -> u8 {
        self.data(
            |out| match format {
                ManyFormat::Text => overview::write(report, width(), out),
                ManyFormat::Json => json::write(report, out),
                ManyFormat::Yaml => yaml::write(report, out),
                ManyFormat::Junit => junit::write(report, out),
                ManyFormat::Github => github::write(report, out),
                ManyFormat::Markdown => markdown::write(report, out),
            },
            code,
        )
    }

    /// Prints an error with its hints; `spoken` puts in what a person types to run the program.
    pub(super) fn error(&self, error: &Error, spoken: impl Fn(&str) -> String) {
        self.line(ERROR, "error", &error.to_string());
        for hint in error.hints() {
            self.line(HINT, "hint", &spoken(&hint));
        }
    }

    /// Prints a note.
    pub(super) fn note(&self, text: &str) {
        self.line(Style::new(), "note", text);
    }

    /// A labelled, wrapped line on standard error. If nobody listens there, nobody can be told.
    fn line(&self, style: Style, label: &str, text: &str) {
        let stderr = io::stderr();
        let choice = self.choice(&stderr);
        let mut out = AutoStream::new(stderr.lock(), choice);
        let width = terminal_size::terminal_size_of(io::stderr())
            .map_or(PIPE_WIDTH, |(width, _)| usize::from(width.0));
        let indent = " ".repeat(label.len() + 2);
        let mut prefix = format!("{style}{label}:{style:#} ");
        for part in redact::controls(text).lines() {
            for line in wrap(part, width.saturating_sub(indent.len()).max(30)) {
                let _ = writeln!(out, "{prefix}{line}");
                prefix.clone_from(&indent);
            }
        }
    }
}

/// The width of standard output: the terminal's, or `$COLUMNS`, or a pipe's.
pub(super) fn width() -> usize {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal_size::terminal_size_of(io::stdout())
        .map(|(width, _)| usize::from(width.0))
        .or_else(columns)
        .unwrap_or(PIPE_WIDTH)
}
