//! What is told on standard error while waiting: on a terminal one line that is drawn anew, in a log
//! one line a change.

use std::io::{self, IsTerminal as _, Write as _};

use crate::duration;
use crate::facts::Time;
use crate::layout::cut;
use crate::track::{News, Tracker};

/// How progress is told.
pub(super) struct Progress {
    on_terminal: bool,
    start: Time,
    /// Whether a line is standing that must be cleared.
    drawn: bool,
}

impl Progress {
    /// Progress since `start`.
    pub(super) fn new(start: Time) -> Self {
        Self { on_terminal: io::stderr().is_terminal(), start, drawn: false }
    }

    /// Whether the line must be drawn anew when only time has passed.
    pub(super) fn ticks(&self) -> bool {
        self.on_terminal
    }

    /// Tells the changes, and where it stands.
    pub(super) fn tell(&mut self, news: &[News], tracker: &Tracker, now: Time) {
        if self.on_terminal {
            self.draw(&line(tracker, now));
        } else {
            for News { at, text } in news {
                say(&format!("{:>6}  {text}", duration::brief((*at - self.start).num_seconds())));
            }
        }
    }

    /// Tells something that is not about pods.
    pub(super) fn note(&mut self, text: &str, now: Time) {
        self.clear();
        say(&format!("{:>6}  {text}", duration::brief((now - self.start).num_seconds())));
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let mut stderr = io::stderr().lock();
            // Carriage return, erase to the end of the line (ECMA-48).
            let _ = stderr.write_all(b"\r\x1b[K").and_then(|()| stderr.flush());
        }
    }

    fn draw(&mut self, line: &str) {
        let width = terminal_size::terminal_size_of(io::stderr())
            .map_or(80, |(width, _)| usize::from(width.0));
        let mut stderr = io::stderr().lock();
        // The terminal itself writes ^C behind it, and must not wrap for that.
        let text = cut(line, width.saturating_sub(3));
        let _ = write!(stderr, "\r\x1b[K{text}").and_then(|()| stderr.flush());
        self.drawn = true;
    }
}

/// Writes a line; if nobody listens there, nobody can be told.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Where it stands, in one line.
fn line(tracker: &Tracker, now: Time) -> String {
    let counts = tracker.counts();
    let all = counts.pulled + counts.pending + counts.failing + counts.missing;
    let mut parts = vec![format!("{} of {all} pods have their images", counts.pulled)];
    for (number, word) in
        [(counts.failing, "failing"), (counts.pending, "pending"), (counts.missing, "missing")]
    {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    let line = parts.join(", ");
    match tracker.slowest() {
        None => line,
        Some((pod, why, since)) => {
            let age = duration::brief((now - since).num_seconds());
            format!("{line}; {} for {age}: {why}", pod.name)
        }
    }
}
