//! The terminal as a canvas: taken, drawn on, and given back as it was, whatever happens.

use std::io::{self, BufWriter, Stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::style::force_color_output;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Whether the terminal is taken. It outlives every value, for a panic ends the program without
/// dropping any.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back, if it is taken.
pub(in crate::cli) fn leave() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // A terminal that is gone needs nothing any more.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// The terminal while it is drawn on.
pub(super) struct Canvas {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Canvas {
    /// Takes the terminal: its other screen, and each key as it is pressed. The mouse stays with the
    /// terminal, so that text can be marked and copied.
    pub(super) fn enter(is_colored: bool) -> io::Result<Self> {
        // Whether there is colour was decided; the library would ask the environment again.
        force_color_output(is_colored);
        let terminal = Terminal::new(CrosstermBackend::new(BufWriter::new(io::stdout())))?;
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let canvas = Self { terminal };
        execute!(io::stdout(), EnterAlternateScreen)?;
        Ok(canvas)
    }

    /// Draws a picture; all of it anew if what stands there is torn.
    pub(super) fn draw(
        &mut self,
        is_torn: bool,
        picture: impl FnOnce(Rect, &mut Buffer),
    ) -> io::Result<()> {
        if is_torn {
            self.terminal.clear()?;
        }
        self.terminal.draw(|frame| picture(frame.area(), frame.buffer_mut()))?;
        Ok(())
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        leave();
    }
}
