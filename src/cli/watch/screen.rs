//! The view on a terminal: the incidents, drawn in place, and keys to look into them.
//!
//! Here are the terminal, the keys and the pace of drawing; what a key does says [`ui`], what is
//! drawn [`view`], and neither knows a terminal.

mod list;
mod page;
mod paint;
mod terminal;
mod ui;
mod view;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures::StreamExt as _;

use crate::exit;
use crate::facts::Time;
use crate::track::{Board, Census};

use super::super::output::Output;
use super::ask::Asking;
use super::face::Wish;
use super::lines;
use paint::Paint;
use terminal::Canvas;
pub(in crate::cli) use terminal::leave;
use ui::Ui;
use view::Scene;

/// The shortest time between two pictures.
const PACE: Duration = Duration::from_millis(60);
/// The longest: ages and the clock change by the second.
const TICK: Duration = Duration::from_secs(1);

/// The view on a terminal. Dropping it gives the terminal back.
pub(super) struct Screen<'a> {
    output: &'a Output,
    scope: String,
    canvas: Canvas,
    keys: EventStream,
    ui: Ui,
    paint: Paint,
    /// Whether all pods were listed once.
    is_begun: bool,
    /// Counting takes as long as there are pods, so it is not done for each key.
    census: Option<(Instant, Census)>,
    /// When the last picture was drawn.
    drawn: Option<Instant>,
    /// Whether something may look otherwise since.
    is_stale: bool,
}

impl<'a> Screen<'a> {
    /// Takes the terminal.
    pub(super) fn enter(scope: String, output: &'a Output) -> std::io::Result<Self> {
        let is_colored = output.is_colored();
        Ok(Self {
            output,
            scope,
            canvas: Canvas::enter(is_colored)?,
            keys: EventStream::new(),
            ui: Ui::default(),
            paint: Paint::new(is_colored),
            is_begun: false,
            census: None,
            drawn: None,
            is_stale: true,
        })
    }

    /// From now on it is known what is there.
    pub(super) fn begin(&mut self) {
        self.is_begun = true;
    }

    /// Draws, unless that was done just now. Gives an exit code if it cannot be done.
    pub(super) fn show(&mut self, board: &Board, asking: &Asking, now: Time) -> Option<u8> {
        // Whoever comes here was woken, and few things wake without changing something.
        self.is_stale = true;
        let instant = Instant::now();
        if self.drawn.is_some_and(|drawn| instant - drawn < PACE) {
            return None;
        }
        let is_counted = self.census.is_some_and(|(counted, census)| {
            instant - counted < TICK && census.failing == board.incidents.failing_pods()
        });
        if self.is_begun && !is_counted {
            self.census = Some((instant, board.census()));
        }
        let scene = Scene {
            board,
            scope: &self.scope,
            census: self.census.map(|(_, census)| census),
            inquiry: self.ui.opened().map(|number| asking.inquiry(number)),
            now,
            paint: self.paint,
        };
        let is_torn = self.ui.take_torn();
        let drawn = self.canvas.draw(is_torn, |area, buffer| {
            view::draw(&scene, &mut self.ui, area, buffer);
        });
        self.drawn = Some(instant);
        self.is_stale = false;
        if let Err(error) = drawn {
            leave();
            return Some(self.output.failed(Err(error)).unwrap_or(exit::INTERRUPTED));
        }
        None
    }

    /// The time until the next picture.
    pub(super) fn pause(&self) -> Duration {
        let Some(drawn) = self.drawn else { return Duration::ZERO };
        let wait = if self.is_stale { PACE } else { TICK };
        wait.saturating_sub(drawn.elapsed())
    }

    /// Waits for a key that means something.
    pub(super) async fn wish(&mut self) -> Wish {
        loop {
            match self.keys.next().await {
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => {
                    return self.ui.press(key);
                }
                Some(Ok(Event::Resize(..))) => return Wish::Look,
                Some(Ok(_)) => {}
                // The terminal is gone, and whoever sat before it.
                Some(Err(_)) | None => return Wish::End(exit::INTERRUPTED),
            }
        }
    }

    /// Gives the terminal back, and says there how it stands in the end.
    pub(super) fn end(&mut self, board: &mut Board, start: Time, now: Time) {
        leave();
        board.incidents.take_last_news(now);
        let text = lines::ended(board, start, now);
        // The last word; whether anybody reads it makes no difference any more.
        let _ = self.output.lines(|out| lines::line("ended", &text, now, out));
    }
}
