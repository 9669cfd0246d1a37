//! How a watch is shown: as lines, or as a view on a terminal.

use std::future::pending;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use crate::facts::Time;
use crate::track::Board;

use super::super::output::Output;
use super::Format;
use super::ask::Asking;
use super::lines::Lines;
use super::screen::Screen;

/// What the person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// To see what has become of the last key.
    Look,
    /// To have the cluster asked about the incident of that number anew.
    Ask(u64),
    /// To end with this exit code.
    End(u8),
}

/// How it is shown.
pub(super) enum Face<'a> {
    /// One line a change.
    Lines(Lines<'a>),
    /// A view that is drawn anew.
    Screen(Box<Screen<'a>>),
}

impl<'a> Face<'a> {
    /// Begins to show what is watched.
    pub(super) fn new(format: Format, scope: String, output: &'a Output) -> Self {
        if format == Format::Text && has_screen() {
            match Screen::enter(scope, output) {
                Ok(screen) => return Self::Screen(Box::new(screen)),
                Err(error) => output.note(&format!("the terminal takes no view: {error}")),
            }
        }
        Self::Lines(Lines::new(format == Format::Json, output))
    }

    /// Tells what is there from the beginning. Gives an exit code if nobody reads any more; so do
    /// the others.
    pub(super) fn begin(&mut self, board: &Board, scope: &str, now: Time) -> Option<u8> {
        match self {
            Self::Lines(lines) => lines.begin(board, scope, now),
            Self::Screen(screen) => {
                screen.begin();
                None
            }
        }
    }

    /// Tells what has changed.
    pub(super) fn tell(&mut self, board: &mut Board, now: Time) -> Option<u8> {
        match self {
            Self::Lines(lines) => lines.tell(board, now),
            Self::Screen(_) => {
                // It is drawn how things stand; of single changes nothing is told.
                board.incidents.take_changes();
                board.incidents.take_news(now);
                None
            }
        }
    }

    /// Tells what cannot be seen, or can be again.
    pub(super) fn notices(&mut self, board: &mut Board, now: Time) -> Option<u8> {
        match self {
            Self::Lines(lines) => lines.notices(board, now),
            // It is drawn for as long as it lasts.
            Self::Screen(_) => None,
        }
    }

    /// Draws how it stands, where that is done.
    pub(super) fn show(&mut self, board: &Board, asking: &Asking, now: Time) -> Option<u8> {
        match self {
            Self::Lines(_) => None,
            Self::Screen(screen) => screen.show(board, asking, now),
        }
    }

    /// The longest time until it is to be drawn again.
    pub(super) fn pause(&self) -> Duration {
        match self {
            Self::Lines(_) => Duration::MAX,
            Self::Screen(screen) => screen.pause(),
        }
    }

    /// Waits for what the person wants.
    pub(super) async fn wish(&mut self) -> Wish {
        match self {
            Self::Lines(_) => pending().await,
            Self::Screen(screen) => screen.wish().await,
        }
    }

    /// Says how it stands in the end.
    pub(super) fn end(&mut self, board: &mut Board, start: Time, now: Time) {
        match self {
            Self::Lines(lines) => lines.end(board, start, now),
            Self::Screen(screen) => screen.end(board, start, now),
        }
    }
}

/// Whether somebody sits before a terminal that can be drawn on and takes keys. What is logged there
/// would go into the picture.
fn has_screen() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let is_logged = tracing::enabled!(tracing::Level::INFO) && io::stderr().is_terminal();
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb && !is_logged
}
