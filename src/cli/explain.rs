//! `pulldoctor explain`: what a code means, or what a message says. Needs no cluster.

mod stream;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cause::{self, Cause};
use crate::error::Error;
use crate::exit;
use crate::explain;
use crate::report::explanations::{self, Counts, Json, Markdown, One, Writer};

use super::Name;
use super::output::{Output, width};

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    // For people
    Text,
    // One JSON document (apiVersion pulldoctor.dev/v1)
    Json,
    // For a page or a comment
    Markdown,
}

/// Arguments of `pulldoctor explain`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 everything was classified, 1 something stayed unknown.

Examples:
  pulldoctor explain access-denied-or-missing
  pulldoctor explain 'Failed to pull image \"nginx:nope\": … not found'
  kubectl get events -A -o json | jq -c '.items[]' | pulldoctor explain -f -")]
pub(super) struct ExplainArgs {
    /// A code or several, or a message
    #[arg(value_name = "CODE|MESSAGE", conflicts_with_all = ["file", "list"], value_parser = codes_or_words())]
    what: Vec<String>,
    /// Read messages from a file, or - for standard input: one a line, or JSON objects with a
    /// key message
    #[arg(short, long, value_name = "FILE", conflicts_with = "list")]
    file: Option<PathBuf>,
    /// List all codes
    #[arg(long)]
    list: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    output: Format,
}

/// Any words; shells complete the codes.
fn codes_or_words() -> impl TypedValueParser<Value = String> {
    #[derive(Clone)]
    struct Words(PossibleValuesParser);
    impl TypedValueParser for Words {
        type Value = String;

        fn parse_ref(
            &self,
            command: &clap::Command,
            _: Option<&clap::Arg>,
            value: &std::ffi::OsStr,
        ) -> Result<String, clap::Error> {
            // Messages may come from anywhere: bytes that are no text must not stop the reading.
            let _ = command;
            Ok(value.to_string_lossy().into_owned())
        }

        fn possible_values(
            &self,
        ) -> Option<Box<dyn Iterator<Item = clap::builder::PossibleValue> + '_>> {
            self.0.possible_values()
        }
    }
    Words(PossibleValuesParser::new(cause::all().map(|cause| cause.code)))
}

/// Runs the command.
pub(super) fn run(args: ExplainArgs, name: Name, output: &Output) -> Result<u8, Error> {
    if args.list {
        return Ok(output.data(|out| list(args.output, out), exit::OK));
    }
    if let Some(file) = args.file {
        return stream::run(&file, args.output, output);
    }
    match args.what.as_slice() {
        [] => Err(Error::Usage {
            problem: "nothing to explain".to_owned(),
            hint:
                "give a code, a message in quotes, or -f FILE; `pulldoctor explain --list` shows \
                   the codes"
                    .to_owned(),
        }),
        [dash] if dash == "-" => stream::run(Path::new(dash), args.output, output),
        words => {
            if let Some(causes) = words.iter().map(|word| cause::by_code(word)).collect() {
                return Ok(output.data(|out| pages(causes, args.output, out), exit::OK));
            }
            if let Some(wrong) = words.iter().find(|word| looks_like_code(word, words)) {
                return Err(no_such_code(wrong));
            }
            Ok(one(&words.join(" "), args.output, name, output))
        }
    }
}

/// Whether a word was meant as a code: it has a code's form, and stands alone or among codes.
fn looks_like_code(word: &str, words: &[String]) -> bool {
    let form =
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let among_codes = words.iter().any(|other| cause::by_code(other).is_some());
    form && cause::by_code(word).is_none()
        && (among_codes
            || (words.len() == 1 && (word.contains('-') || explain::near(word).is_some())))
}

fn no_such_code(word: &str) -> Error {
    let word = crate::redact::line(word, 80);
    let hint = match explain::near(&word) {
        Some(near) => format!("did you mean {near}? `pulldoctor explain --list` shows them all"),
        None => "`pulldoctor explain --list` shows them all".to_owned(),
    };
    Error::Usage { problem: format!("there is no cause '{word}'"), hint }
}

fn list(format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => explain::list_text(out),
        Format::Markdown => explain::list_markdown(out),
        Format::Json => explanations::causes_json(&cause::all().collect::<Vec<_>>(), out),
    }
}

fn pages(causes: Vec<&'static Cause>, format: Format, out: &mut dyn Write) -> io::Result<()> {
    if format == Format::Json {
        return explanations::causes_json(&causes, out);
    }
    for (number, cause) in causes.into_iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        match format {
            Format::Markdown => explain::page_markdown(cause, 2, out)?,
            _ => explain::page_text(cause, width(), out)?,
        }
    }
    Ok(())
}

/// Explains one message.
fn one(message: &str, format: Format, name: Name, output: &Output) -> u8 {
    let explanation = explain::message(message);
    let code = exit_code(explanation.reading.cause);
    let writer: &dyn Writer = match format {
        Format::Text => &One { width: width(), program: name.spoken() },
        Format::Json => &Json,
        Format::Markdown => &Markdown,
    };
    output.data(
        |out| {
            let mut counts = Counts::default();
            let (cause, rendered) = (explanation.reading.cause, writer.render(&explanation));
            writer.item(cause, &rendered, &counts, out)?;
            counts.add(cause);
            writer.end(&counts, out)
        },
        code,
    )
}

fn exit_code(cause: &Cause) -> u8 {
    if cause == &cause::UNKNOWN { exit::FOUND } else { exit::OK }
}
