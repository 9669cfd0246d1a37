//! `pulldoctor explain -f`: each line of a file or of standard input, as it comes.
//!
//! One thread reads ahead, all processors explain what was read, and what is explained is written
//! meanwhile. Nothing that is known waits for input that has not come: people follow logs.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::cause::Cause;
use crate::error::Error;
use crate::exit;
use crate::explain;
use crate::report::explanations::{Counts, Json, Lines, Markdown, Writer};

use super::super::output::Output;
use super::{Format, exit_code};

/// The longest line that is read as one message, in bytes; runtimes quote whole HTML pages.
const LINE: u64 = 1 << 20;
/// How much of a stream is explained at once, in bytes.
const BATCH: usize = 1 << 20;
/// Fewer messages than this are explained sooner by one thread.
const FEW: usize = 64;
/// Into how many shares a batch is cut for each processor: one of them writes as well, and the
/// shares of the others must not wait for it.
const SHARES: usize = 4;

/// Lines that were read together. The replicas of a workload fail with the same words, again and
/// again, so each different line is kept and explained once.
#[derive(Debug, Default)]
struct Batch {
    different: Vec<Vec<u8>>,
    /// For each line, which of the different ones it is.
    order: Vec<usize>,
}

/// What the lines of a batch mean.
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
    let batches = read_ahead(open(path).map_err(|error| unreadable(&error))?);
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
            explained = batch.explain(writer, || {
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

fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path)?;
    // A directory opens, and fails only when something has been printed.
    if file.metadata().is_ok_and(|meta| meta.is_dir()) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(Box::new(file))
}

/// Reads on another thread, a little ahead. Nobody waits for that thread: at the end of the program
/// it may be waiting for input that never comes.
fn read_ahead(input: Box<dyn Read + Send>) -> Receiver<io::Result<Batch>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut input = BufReader::with_capacity(BATCH, input);
        loop {
            let batch = Batch::read(&mut input);
            let is_last = batch.as_ref().map_or(true, |batch| batch.order.is_empty());
            if sender.send(batch).is_err() || is_last {
                break;
            }
        }
    });
    receiver
}

impl Batch {
    /// Reads the lines that are there, at least one unless the input has ended: as many as a buffer
    /// holds, and no more than have come.
    fn read(input: &mut BufReader<impl Read>) -> io::Result<Self> {
        let mut places = HashMap::new();
        let mut order = Vec::new();
        loop {
            let mut line = Vec::new();
            if !read_line(input, &mut line)? {
                break;
            }
            let next = places.len();
            order.push(*places.entry(line).or_insert(next));
            if !input.buffer().contains(&b'\n') {
                break;
            }
        }
        let mut different = vec![Vec::new(); places.len()];
        for (line, place) in places {
            different[place] = line;
        }
        Ok(Self { different, order })
    }

    /// Explains the lines on all processors, where there are enough of them, and does something else
    /// meanwhile.
    fn explain(
        self,
        writer: &dyn Writer,
        meanwhile: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<Explained> {
        let processors = thread::available_parallelism().map_or(1, NonZero::get).min(8);
        let lines = self.different.len();
        let share = if lines < FEW { FEW } else { lines.div_ceil(processors * SHARES) };
        let different = thread::scope(|scope| {
            let explaining: Vec<_> = self
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
        Ok(Explained { different, order: self.order })
    }
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
