//! How things look. Where there is no colour, bold, faint and reversed text are left; and nothing
//! depends on any of it.

use ratatui::style::{Color, Style};

/// Headings and titles.
pub(super) const HEAD: Style = Style::new().bold();
/// What counts less.
pub(super) const FAINT: Style = Style::new().dim();
/// The chosen line.
pub(super) const CHOSEN: Style = Style::new().reversed();

/// The styles that have a colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    is_colored: bool,
}

impl Paint {
    /// With colour or without.
    pub(super) fn new(is_colored: bool) -> Self {
        Self { is_colored }
    }

    /// What fails.
    pub(super) fn bad(self) -> Style {
        self.color(Style::new().bold(), Color::Red)
    }

    /// What is well.
    pub(super) fn good(self) -> Style {
        self.color(Style::new(), Color::Green)
    }

    /// What cannot be overlooked.
    pub(super) fn loud(self) -> Style {
        self.color(Style::new().bold().reversed(), Color::Red)
    }

    /// A style of the text reports, as the numbers of its SGR sequence (ECMA-48) say it one after
    /// the other.
    pub(super) fn by_sgr(self, style: Style, number: u8) -> Style {
        match number {
            0 => Style::new(),
            1 => style.bold(),
            2 => style.dim(),
            31 => self.color(style, Color::Red),
            32 => self.color(style, Color::Green),
            36 => self.color(style, Color::Cyan),
            _ => style,
        }
    }

    fn color(self, style: Style, color: Color) -> Style {
        if self.is_colored { style.fg(color) } else { style }
    }
}
