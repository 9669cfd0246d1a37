//! Lines of a file or of standard input, as they come: what `pulldoctor explain -f` reads.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// The longest line that is read, in bytes; of a longer one only so much. Runtimes quote whole HTML
/// pages.
const LINE: u64 = 1 << 20;
/// How much is read at once, in bytes.
const BATCH: usize = 1 << 20;

/// Lines that were read together. The replicas of a workload fail with the same words, again and
/// again, so each different line is kept once.
#[derive(Debug, Default)]
pub struct Batch {
    /// Each different line, with its end, as bytes that may be no text.
    pub different: Vec<Vec<u8>>,
    /// For each line, which of the different ones it is.
    pub order: Vec<usize>,
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
}

/// Reads a file, or standard input where the path is `-`, on a thread of its own and a little ahead;
/// after the last lines comes a batch without any. Nobody waits for that thread: at the end of the
/// program it may be waiting for input that never comes.
///
/// # Errors
///
/// When the file cannot be opened; in the channel, when it cannot be read any further.
pub fn read_ahead(path: &Path) -> io::Result<Receiver<io::Result<Batch>>> {
    let mut input = BufReader::with_capacity(BATCH, open(path)?);
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        loop {
            let batch = Batch::read(&mut input);
            let is_last = batch.as_ref().map_or(true, |batch| batch.order.is_empty());
            if sender.send(batch).is_err() || is_last {
                break;
            }
        }
    });
    Ok(receiver)
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
