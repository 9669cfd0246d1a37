//! The incidents, the worst on top, and after them those that are over.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::duration;
use crate::report::incident;
use crate::track::{Incident, Sense, Trend};

use super::paint::{CHOSEN, FAINT};
use super::ui::Ui;
use super::view::{Scene, Sheet, fit};

/// What can be done here, the least needful first.
pub(super) const KEYS: &[&str] =
    &["up/down choose", "Enter diagnosis", "r ask anew", "? help", "q quit"];

/// From this width on, numbers have columns of their own.
const WIDE: usize = 64;
/// From this height on, the chosen incident has more lines than one.
const HIGH: usize = 6;
/// Lines of an incident that is told in full.
const FULL: usize = 3;
/// The column of pods, that of times, and that of pods where it is the only one.
const PODS: usize = 5;
const TIME: usize = 8;
const NARROW: usize = 4;
/// Columns of the sparkline, below both: of ten minutes each stands for fifty seconds.
const SPARKS: usize = 12;

/// Draws as many as there is room for.
pub(super) fn draw(scene: &Scene<'_>, ui: &mut Ui, all: &[&Incident], sheet: &mut Sheet<'_>) {
    let Some(chosen) = ui.place() else { return nothing(scene, sheet) };
    let is_wide = sheet.width() >= WIDE;
    if is_wide && sheet.height() > HIGH {
        let head = format!("  {:>PODS$}{:>TIME$}  WHAT FAILS", "PODS", "FOR");
        sheet.line(&head, FAINT);
    }
    let room = sheet.height();
    let open = all.len() - scene.board.incidents.over().count();
    let height = |place: usize| {
        let is_over = place >= open;
        let lines = if is_over { 2 } else { FULL };
        let is_in_full =
            if place == chosen { room >= HIGH } else { !is_over && open * FULL < room };
        if is_in_full { lines } else { 1 }
    };
    let heights: Vec<usize> = (0..all.len()).map(height).collect();
    ui.top = top(&heights, chosen, ui.top, room);
    let mut fits = 0;
    for (place, incident) in all.iter().enumerate().skip(ui.top) {
        if sheet.height() == 0 {
            break;
        }
        let hidden = all.len() - place;
        if sheet.height() == 1 && hidden > 1 && place != chosen {
            // Nobody should think that this was all.
            sheet.line(&format!("  … {hidden} more below"), FAINT);
            break;
        }
        let (is_chosen, is_over) = (place == chosen, place >= open);
        let item = Item { scene, incident, is_chosen, is_over, is_wide };
        if heights[place] == 1 {
            item.brief(sheet);
        } else {
            item.full(sheet);
        }
        fits += 1;
    }
    ui.fits = fits;
}

/// That nothing fails, or that it is not known yet.
fn nothing(scene: &Scene<'_>, sheet: &mut Sheet<'_>) {
    let is_blind = scene.board.contact.blindness(Sense::Pods).is_some();
    let text = match scene.census {
        None => return,
        Some(_) if is_blind => "Nothing failed when the pods were last seen.",
        Some(census) if census.pods == 0 => "Nothing to see yet.",
        Some(census) if census.pending > 0 => "No image fails to be pulled.",
        Some(_) => "All images are pulled.",
    };
    sheet.line(text, Style::new());
}

/// The first incident to draw, so that the chosen one is seen, nothing moves without need, and no
/// room stays empty.
fn top(heights: &[usize], chosen: usize, before: usize, room: usize) -> usize {
    let height = |from: usize, to: usize| heights[from..to].iter().sum::<usize>();
    let mut top = before.min(chosen);
    // One line below says how many more there are.
    let below =
        |top: usize| usize::from(height(top, heights.len()) > room && chosen + 1 < heights.len());
    while top < chosen && height(top, chosen + 1) + below(top) > room {
        top += 1;
    }
    while top > 0 && height(top - 1, heights.len()) <= room {
        top -= 1;
    }
    top
}

/// One incident to draw.
struct Item<'a> {
    scene: &'a Scene<'a>,
    incident: &'a Incident,
    is_chosen: bool,
    is_over: bool,
    is_wide: bool,
}

impl Item<'_> {
    /// In one line: the title, and as much as there is room for.
    fn brief(&self, sheet: &mut Sheet<'_>) {
        let title = incident::title(self.incident);
        let more = match self.incident.trend(self.scene.now) {
            _ if self.is_over => incident::ending(self.incident),
            Trend::Steady => self.scene.strikes(self.incident),
            Trend::Up(_) | Trend::Down(_) => {
                format!("{}, {}", self.trend(), self.scene.strikes(self.incident))
            }
        };
        self.first(sheet, &format!("{title}: {more}"));
    }

    /// In several lines.
    fn full(&self, sheet: &mut Sheet<'_>) {
        self.first(sheet, &incident::title(self.incident));
        if self.is_over {
            return self.further(sheet, "", &incident::ending(self.incident));
        }
        let samples = self.incident.samples(self.scene.now);
        self.further(sheet, &sparkline(&samples, SPARKS), &self.scene.strikes(self.incident));
        let mut parts = Vec::new();
        if !self.is_wide {
            parts.push(format!("for {}", self.age()));
        }
        parts.push(self.trend());
        let mut text = parts.join(", ");
        if let Some(fix) = incident::fix(self.incident) {
            text = format!("{text}; fix: {fix}");
        }
        self.further(sheet, "", &text);
    }

    /// The line with the title.
    fn first(&self, sheet: &mut Sheet<'_>, text: &str) {
        let mark = if self.is_chosen { ">" } else { " " };
        let pods =
            if self.is_over { "over".to_owned() } else { self.incident.pods().len().to_string() };
        let left = if self.is_wide {
            format!("{mark} {pods:>PODS$}{:>TIME$}  ", self.age())
        } else {
            format!("{mark} {pods:>NARROW$} ")
        };
        let style = match (self.is_chosen, self.is_over) {
            (true, _) => CHOSEN,
            (false, true) => FAINT,
            (false, false) => Style::new(),
        };
        if self.is_chosen {
            sheet.fill(style);
        }
        let text = fit(text, sheet.width().saturating_sub(left.width()));
        let strong = if self.is_over { style } else { style.bold() };
        sheet.put(&Line::from(vec![Span::styled(left, style), Span::styled(text, strong)]));
    }

    /// A line below it.
    fn further(&self, sheet: &mut Sheet<'_>, left: &str, text: &str) {
        let (indent, left) =
            if self.is_wide { (2 + PODS + TIME, left) } else { (2 + NARROW - 1, "") };
        let left = format!("{left:>indent$}  ");
        let text = fit(text, sheet.width().saturating_sub(indent + 2));
        let style = if self.is_over { FAINT } else { Style::new() };
        sheet.put(&Line::from(vec![Span::styled(left, style), Span::styled(text, style)]));
    }

    fn trend(&self) -> String {
        incident::trend(self.incident, self.scene.now)
    }

    /// For how long it has been there; for how long it has been over.
    fn age(&self) -> String {
        let since = self.incident.ended_at.unwrap_or(self.incident.since);
        duration::brief((self.scene.now - since).num_seconds())
    }
}

/// Numbers over time as bars, the last at the right; where there are more numbers than columns, a
/// bar is the largest of several. The highest bar is the largest of them all.
fn sparkline(samples: &[usize], columns: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = samples.iter().max().copied().unwrap_or(0).max(1);
    let each = samples.len().div_ceil(columns).max(1);
    let bars = samples.rchunks(each).map(|chunk| {
        let number = chunk.iter().max().copied().unwrap_or(0);
        match (number * BARS.len()).div_ceil(most) {
            0 => ' ',
            bar => BARS[bar - 1],
        }
    });
    bars.rev().collect()
}
