//! `pulldoctor explain -f`: each line of a file or of standard input, as it comes.
//!
//! One thread reads ahead, all processors explain what was read, and what is explained is written
//! meanwhile. Nothing that is known waits for input that has not come: people follow logs.

use std::io;
use std::num::NonZero;
use std::path::Path;
use std::thread;

use crate::cause::Cause;
use crate::error::Error;
use crate::exit;
use crate::explain;
use crate::report::explanations::{Counts, Json, Lines, Markdown, Writer};
use crate::source::lines::{self, Batch};

use super::super::output::Output;
use super::{Format, exit_code};

/// Fewer messages than this are explained sooner by one thread.
const FEW: usize = 64;
/// Into how many shares a batch is cut for each processor: writing takes its turn on one of them,
/// and with few shares the others would wait for that one's.
const SHARES: usize = 4;

/// What the lines of a [`Batch`] mean.
#[derive(Debug, Default)]
struct Explained {
    /// For each different line its cause and how it is printed; None for an empty one.
    different: Vec<Option<(&'static Cause, String)>>,
    order: Vec<usize>,
}

/// Explains each line of a file, or of standard input where the path is `-`.
pub(super) fn run(path: &Path, format: Format, output: &Output) -> Result<u8, Error> {
    let unreadable =
        |error: &io::Error| Error::NoMessages { path: path.to_owned(), why: error.to_string() };
    let batches = lines::read_ahead(path).map_err(|error| unreadable(&error))?;
    let writer: &dyn Writer = match format {
        Format::Text => &Lines { is_colored: output.is_colored() },
        Format::Json => &Json,
        Format::Markdown => &Markdown,
    };
    let mut broken = None;
    let mut worst = exit::OK;
    let code = output.stream(|out| {
        let mut counts = Counts::default();
        let mut explained = Explained::default();
        loop {
            let next = if explained.order.is_empty() {
                batches.recv().ok()
            } else {
                batches.try_recv().ok()
            };
            let batch = match next.transpose() {
                Ok(batch) => batch.unwrap_or_default(),
                Err(error) => {
                    broken = Some(unreadable(&error));
                    Batch::default()
                }
            };
            if batch.order.is_empty() && explained.order.is_empty() {
                break;
            }
            explained = explain_all(batch, writer, || {
                for (cause, rendered) in explained.items() {
                    worst = worst.max(exit_code(cause));
                    writer.item(cause, rendered, &counts, out)?;
                    counts.add(cause);
                }
                out.flush()
            })?;
        }
        writer.end(&counts, out)
    });
    match (code, broken) {
        (Some(code), _) => Ok(code),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(worst),
    }
}

/// Explains lines on all processors, where there are enough of them, and does something else
/// meanwhile.
fn explain_all(
    batch: Batch,
    writer: &dyn Writer,
    meanwhile: impl FnOnce() -> io::Result<()>,
) -> io::Result<Explained> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get).min(8);
    let lines = batch.different.len();
    let share = if lines < FEW { FEW } else { lines.div_ceil(processors * SHARES) };
    let different = thread::scope(|scope| {
        let explaining: Vec<_> = batch
            .different
            .chunks(share)
            .map(|lines| {
                scope.spawn(move || {
                    lines.iter().map(|line| explain(line, writer)).collect::<Vec<_>>()
                })
            })
            .collect();
        meanwhile()?;
        let done = explaining.into_iter().map(|one| one.join().expect("reading never panics"));
        io::Result::Ok(done.flatten().collect())
    })?;
    Ok(Explained { different, order: batch.order })
}

impl Explained {
    /// The lines that are not empty, in their order.
    fn items(&self) -> impl Iterator<Item = (&'static Cause, &str)> {
        self.order.iter().filter_map(|line| {
            let (cause, rendered) = self.different.get(*line)?.as_ref()?;
            Some((*cause, rendered.as_str()))
        })
    }
}

/// Explains one line; None for an empty one.
fn explain(line: &[u8], writer: &dyn Writer) -> Option<(&'static Cause, String)> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        return None;
    }
    let message = explain::message_of_line(text);
    let explanation = explain::message(&message);
    Some((explanation.reading.cause, writer.render(&explanation)))
}
