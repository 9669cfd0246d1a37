//! `pulldoctor explain`: what a code means, or what a message says. Needs no cluster.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cause::{self, Cause};
use crate::error::Error;
use crate::exit;
use crate::explain;
use crate::report::explanations::{self, Json, Lines, Markdown, One, Writer};

use super::Name;
use super::output::{Output, width};

/// The longest line that is read as one message, in bytes; runtimes quote whole HTML pages.
const LINE: u64 = 1 << 20;
/// How much of a stream is explained at once, in bytes.
const BATCH: usize = 1 << 20;
/// Fewer lines than this are explained sooner by one thread.
const FEW: usize = 64;

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
        return stream(&file, args.output, output);
    }
    match args.what.as_slice() {
        [] => Err(Error::Usage {
            problem: "nothing to explain".to_owned(),
            hint:
                "give a code, a message in quotes, or -f FILE; `pulldoctor explain --list` shows \
                   the codes"
                    .to_owned(),
        }),
        [dash] if dash == "-" => stream(Path::new(dash), args.output, output),
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
    let mut writer: Box<dyn Writer> = match format {
        Format::Text => Box::new(One { width: width(), program: name.spoken() }),
        Format::Json => Box::<Json>::default(),
        Format::Markdown => Box::<Markdown>::default(),
    };
    output.data(
        |out| {
            let rendered = writer.render(&explanation);
            writer.item(explanation.reading.cause, &rendered, out)?;
            writer.end(out)
        },
        code,
    )
}

fn exit_code(cause: &Cause) -> u8 {
    if cause == &cause::UNKNOWN { exit::FOUND } else { exit::OK }
}

/// Explains each line of a file or of standard input, as it comes.
fn stream(path: &Path, format: Format, output: &Output) -> Result<u8, Error> {
    let unreadable =
        |error: &io::Error| Error::NoMessages { path: path.to_owned(), why: error.to_string() };
    let input: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        // A directory opens, and fails only when something has been printed.
        if file.metadata().is_ok_and(|meta| meta.is_dir()) {
            return Err(unreadable(&io::ErrorKind::IsADirectory.into()));
        }
        Box::new(file)
    };
    let mut writer: Box<dyn Writer> = match format {
        Format::Text => Box::<Lines>::default(),
        Format::Json => Box::<Json>::default(),
        Format::Markdown => Box::<Markdown>::default(),
    };
    let mut input = BufReader::with_capacity(BATCH, input);
    let mut broken = None;
    let mut worst = exit::OK;
    let code = output.stream(|out| {
        let mut lines = Vec::new();
        loop {
            lines.clear();
            match read_batch(&mut input, &mut lines) {
                Ok(()) if lines.is_empty() => break,
                Ok(()) => {}
                Err(error) => {
                    broken = Some(unreadable(&error));
                    break;
                }
            }
            for (cause, rendered) in explain_all(&lines, &*writer) {
                worst = worst.max(exit_code(cause));
                writer.item(cause, &rendered, out)?;
            }
            // Whoever follows a log wants to see what has come so far.
            out.flush()?;
        }
        writer.end(out)
    });
    match (code, broken) {
        (Some(code), _) => Ok(code),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(worst),
    }
}

/// Reads the lines that are there, at least one unless the input has ended: as many as a buffer holds,
/// and no more than have come.
fn read_batch(input: &mut BufReader<impl Read>, lines: &mut Vec<Vec<u8>>) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        if !read_line(input, &mut line)? {
            return Ok(());
        }
        lines.push(line);
        if !input.buffer().contains(&b'\n') {
            return Ok(());
        }
    }
}

/// Explains lines, on all processors where there are enough of them; in their order.
fn explain_all(lines: &[Vec<u8>], writer: &dyn Writer) -> Vec<(&'static Cause, String)> {
    let some = |lines: &[Vec<u8>]| -> Vec<_> {
        lines.iter().filter_map(|line| explain_line(line, writer)).collect()
    };
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get).min(8);
    if lines.len() < FEW || processors == 1 {
        return some(lines);
    }
    std::thread::scope(|scope| {
        let shares: Vec<_> = lines
            .chunks(lines.len().div_ceil(processors))
            .map(|share| scope.spawn(move || some(share)))
            .collect();
        let done = shares.into_iter().map(|share| share.join().expect("reading never panics"));
        done.flatten().collect()
    })
}

/// Explains one line; None for an empty one.
fn explain_line(line: &[u8], writer: &dyn Writer) -> Option<(&'static Cause, String)> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        return None;
    }
    let message = explain::message_of_line(text);
    let explanation = explain::message(&message);
    Some((explanation.reading.cause, writer.render(&explanation)))
}

/// Reads a line, of an endless one the beginning; false at the end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    if input.by_ref().take(LINE).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    while line.last() != Some(&b'\n') {
        let rest = input.fill_buf()?;
        if rest.is_empty() {
            break;
        }
        let end = rest.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(rest.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            break;
        }
    }
    Ok(true)
}
