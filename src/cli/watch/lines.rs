//! One line a change, for pipes and logs: text with a timestamp, or JSON by the contract.

use std::io::{self, Write};

use chrono::SecondsFormat;

use crate::duration;
use crate::facts::Time;
use crate::report::{incident, json};
use crate::track::{Board, FailureChange, IncidentChange, Notice};
use crate::words;

use super::super::output::Output;

/// Writes lines.
pub(super) struct Lines<'a> {
    is_json: bool,
    output: &'a Output,
}

impl<'a> Lines<'a> {
    /// In text or in JSON.
    pub(super) fn new(is_json: bool, output: &'a Output) -> Self {
        Self { is_json, output }
    }

    /// Tells what is watched, and what is there from the beginning. Gives an exit code if nobody
    /// reads any more.
    pub(super) fn begin(&self, board: &Board, scope: &str, now: Time) -> Option<u8> {
        let census = board.census();
        let text = format!(
            "{scope}: {}, {}",
            words::count(census.pods, "pod", "pods"),
            match census.failing {
                0 => "none fails".to_owned(),
                1 => "1 fails".to_owned(),
                many => format!("{many} fail"),
            }
        );
        self.say("watching", None, &text, now)
    }

    /// Tells what has changed.
    pub(super) fn tell(&self, board: &mut Board, now: Time) -> Option<u8> {
        if let Some(code) = self.notices(board, now) {
            return Some(code);
        }
        let changes = board.incidents.take_changes();
        let news = board.incidents.take_news(now);
        self.changes(board, &changes, &news, now)
    }

    /// Tells what cannot be seen, or can be again.
    pub(super) fn notices(&self, board: &mut Board, now: Time) -> Option<u8> {
        board.contact.take_notices().iter().find_map(|notice| {
            let word = if notice.is_over { "seeing" } else { "blind" };
            self.say(word, Some(notice), &incident::notice(notice, now), now)
        })
    }

    /// Tells what there was still to tell, and how it stands in the end.
    pub(super) fn end(&self, board: &mut Board, start: Time, now: Time) {
        let changes = board.incidents.take_changes();
        let news = board.incidents.take_last_news(now);
        if self.changes(board, &changes, &news, now).is_some() {
            return;
        }
        let text = ended(board, start, now);
        // The last word; whether anybody reads it makes no difference any more.
        let _ = self.say("ended", None, &text, now);
    }

    fn changes(
        &self,
        board: &Board,
        changes: &[FailureChange],
        news: &[IncidentChange],
        now: Time,
    ) -> Option<u8> {
        if news.is_empty() && (changes.is_empty() || !self.is_json) {
            return None;
        }
        let is_json = self.is_json;
        self.output.lines(|out| {
            if is_json {
                for change in changes {
                    json::write_failure(change, now, out)?;
                }
            }
            for change in news {
                let Some(incident) = board.incidents.get(change.number) else { continue };
                let spread = board.spread(incident);
                if is_json {
                    json::write_incident(change.kind, incident, &spread, now, out)?;
                } else {
                    let text = incident::change(change, incident, &spread, now);
                    line(change.kind.word(), &text, now, out)?;
                }
            }
            Ok(())
        })
    }

    /// Says something that is not about incidents.
    fn say(&self, word: &'static str, about: Option<&Notice>, text: &str, now: Time) -> Option<u8> {
        self.output.lines(|out| {
            if self.is_json {
                json::write_notice(word, about, text, now, out)
            } else {
                line(word, text, now, out)
            }
        })
    }
}

/// How it stands in the end: `watched for 5m: 3 incidents, 1 is open`.
pub(super) fn ended(board: &Board, start: Time, now: Time) -> String {
    format!(
        "watched for {}: {}, {} open",
        duration::brief((now - start).num_seconds()),
        words::count(board.incidents.told(), "incident", "incidents"),
        match board.incidents.open().len() {
            0 => "none is".to_owned(),
            1 => "1 is".to_owned(),
            many => format!("{many} are"),
        }
    )
}

/// A line for people: when, what, and the words.
pub(super) fn line(word: &str, text: &str, now: Time, out: &mut dyn Write) -> io::Result<()> {
    let at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    writeln!(out, "{at}  {word:<9}  {text}")
}
