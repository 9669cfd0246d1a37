//! The picture: a function of what is known, what the person has opened, and the room there is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::duration;
use crate::facts::Time;
use crate::layout::{cut, wrap};
use crate::redact;
use crate::report::incident;
use crate::track::{Board, Census, Incident, Sense};
use crate::words;

use super::super::ask::Inquiry;
use super::paint::{FAINT, HEAD, Paint};
use super::ui::{About, Ui};
use super::{list, page};

/// Fewer lines than these are for the incidents alone, as far as possible.
const LOW: usize = 10;
/// Lines for the words on what cannot be seen.
const LOUD: usize = 3;
/// The longest reason for not seeing.
const WHY: usize = 300;

/// What there is to draw.
pub(super) struct Scene<'a> {
    /// What is known.
    pub(super) board: &'a Board,
    /// What is watched, in words.
    pub(super) scope: &'a str,
    /// How the pods stand; none until they were listed once.
    pub(super) census: Option<Census>,
    /// How it stands with the question about the incident whose page is open.
    pub(super) inquiry: Option<Inquiry>,
    /// The time.
    pub(super) now: Time,
    /// How things look.
    pub(super) paint: Paint,
}

impl Scene<'_> {
    /// Whether it is over for good: one that may still go on is not.
    pub(super) fn is_over(&self, incident: &Incident) -> bool {
        self.board.incidents.over().any(|over| over.number == incident.number)
    }

    /// How much an incident strikes, and what that has in common.
    pub(super) fn strikes(&self, incident: &Incident) -> String {
        if !incident.is_open() {
            return "no pod of it fails right now".to_owned();
        }
        let mut parts = vec![incident::size(incident)];
        parts.extend(incident::factors(incident, &self.board.spread(incident)));
        parts.join(", ")
    }
}

/// Draws all of it.
pub(super) fn draw(scene: &Scene<'_>, ui: &mut Ui, area: Rect, buffer: &mut Buffer) {
    let open = scene.board.incidents.open();
    let count = open.len();
    let incidents: Vec<_> = open.into_iter().chain(scene.board.incidents.over()).collect();
    ui.settle(incidents.iter().map(|incident| incident.number).collect(), count);

    let mut sheet = Sheet { buffer, left: area };
    let is_low = sheet.height() < LOW;
    match ui.page.as_ref().map(|page| page.about) {
        None => {
            header(scene, is_low, &mut sheet);
            if !is_low {
                footer(&mut sheet, ui, list::KEYS);
            }
            list::draw(scene, ui, &incidents, &mut sheet);
        }
        Some(about) => {
            let title = match about {
                About::Incident(number) => page::title(scene, number),
                About::Help => "Keys".to_owned(),
            };
            let mut rest = sheet.split(1);
            loud(scene, is_low, &mut rest);
            if !is_low {
                rest.skip();
                footer(&mut rest, ui, page::keys(about));
            }
            let position = page::draw(scene, ui, about, &mut rest);
            sheet.ends(&title, HEAD, &position);
        }
    }
}

/// What is watched, how it stands, and what cannot be seen.
fn header(scene: &Scene<'_>, is_low: bool, sheet: &mut Sheet<'_>) {
    let time = format!("{} UTC", scene.now.format("%H:%M:%S"));
    let style = match scene.census {
        Some(census) if census.failing > 0 => scene.paint.bad(),
        Some(_) => scene.paint.good(),
        None => Style::new(),
    };
    if is_low {
        sheet.ends(&verdict(scene), style, &time);
    } else {
        sheet.ends(&format!("Watching {}", scene.scope), HEAD, &time);
        sheet.line(&verdict(scene), style);
    }
    loud(scene, is_low, sheet);
    if !is_low {
        sheet.skip();
    }
}

/// How the pods stand, in one line.
fn verdict(scene: &Scene<'_>) -> String {
    let Some(census) = scene.census else { return "The pods are being listed".to_owned() };
    let mut text = match (census.pods, census.failing) {
        (0, _) => "There are no pods".to_owned(),
        (pods, 0) => format!("{}, none fails", words::count(pods, "pod", "pods")),
        (pods, 1) => format!("1 of {} fails", words::count(pods, "pod", "pods")),
        (pods, failing) => format!("{failing} of {} fail", words::count(pods, "pod", "pods")),
    };
    if census.pending > 0 {
        text = format!("{text}, {} pending", census.pending);
    }
    let open = scene.board.incidents.open().len();
    let over = scene.board.incidents.over().count();
    let incidents = words::count(open, "incident", "incidents");
    text = match (open, over) {
        (0, 0) => text,
        (_, 0) => format!("{text}; {incidents}"),
        (_, over) => format!("{text}; {incidents}, {over} over"),
    };
    match scene.board.contact.blindness(Sense::Pods) {
        Some(_) => format!("As last seen: {text}"),
        None => text,
    }
}

/// What cannot be seen. Without pods the events need no mention.
fn loud(scene: &Scene<'_>, is_low: bool, sheet: &mut Sheet<'_>) {
    let lost = |sense| Some((sense, scene.board.contact.blindness(sense)?));
    let Some((sense, blindness)) = lost(Sense::Pods).or_else(|| lost(Sense::Events)) else {
        return;
    };
    // Since when goes first: in a narrow window it is what is left.
    let text = format!(
        "BLIND since {} ({}): {} cannot be seen: {}",
        duration::moment(blindness.since, scene.now),
        duration::brief((scene.now - blindness.since).num_seconds()),
        sense.word(),
        redact::line(&blindness.why, WHY)
    );
    let lines = wrap(&text, sheet.width());
    let most = if is_low { 1 } else { LOUD };
    for (number, line) in lines.iter().take(most).enumerate() {
        let is_cut = number + 1 == most && lines.len() > most;
        let line = if is_cut { lines[number..].join(" ") } else { line.clone() };
        sheet.bar(&line, scene.paint.loud());
    }
}

/// The keys, or what is to be said of the last one.
fn footer(sheet: &mut Sheet<'_>, ui: &Ui, keys: &[&str]) {
    let mut last = sheet.split_last();
    if let Some(note) = &ui.note {
        return last.line(note, HEAD);
    }
    let mut text = String::new();
    // The keys that come first are those that can be found out last.
    for key in keys.iter().rev() {
        let longer = if text.is_empty() { (*key).to_owned() } else { format!("{key}   {text}") };
        if longer.width() > last.width() {
            break;
        }
        text = longer;
    }
    last.line(&text, FAINT);
}

/// What is left of the picture to be filled, from its top.
pub(super) struct Sheet<'a> {
    buffer: &'a mut Buffer,
    left: Rect,
}

impl Sheet<'_> {
    /// Lines that are left.
    pub(super) fn height(&self) -> usize {
        usize::from(self.left.height)
    }

    /// Columns.
    pub(super) fn width(&self) -> usize {
        usize::from(self.left.width)
    }

    /// A line of one style.
    pub(super) fn line(&mut self, text: &str, style: Style) {
        self.put(&Line::styled(fit(text, self.width()), style));
    }

    /// A line whose style goes over the whole width.
    pub(super) fn bar(&mut self, text: &str, style: Style) {
        self.fill(style);
        self.line(text, style);
    }

    /// Gives the next line a style over the whole width.
    pub(super) fn fill(&mut self, style: Style) {
        self.buffer.set_style(Rect { height: self.left.height.min(1), ..self.left }, style);
    }

    /// A line with something at its end, which goes first where there is no room.
    pub(super) fn ends(&mut self, text: &str, style: Style, end: &str) {
        /// What a text needs in order to say something when it is cut.
        const ENOUGH: usize = 20;
        let room = self.width().saturating_sub(end.width() + 2);
        if end.is_empty() || room < text.width().min(ENOUGH) {
            return self.line(text, style);
        }
        let text = fit(text, room);
        let gap = " ".repeat(self.width() - text.width() - end.width());
        let end = Span::styled(end.to_owned(), FAINT);
        self.put(&Line::from(vec![Span::styled(text, style), Span::raw(gap), end]));
    }

    /// A line that is made to fit already.
    pub(super) fn put(&mut self, line: &Line<'_>) {
        if self.left.height > 0 {
            self.buffer.set_line(self.left.x, self.left.y, line, self.left.width);
            self.skip();
        }
    }

    /// An empty line.
    pub(super) fn skip(&mut self) {
        if self.left.height > 0 {
            self.left.y += 1;
            self.left.height -= 1;
        }
    }

    /// All that comes after so many lines; those stay.
    fn split(&mut self, height: u16) -> Sheet<'_> {
        let height = height.min(self.left.height);
        let rest = Rect { y: self.left.y + height, height: self.left.height - height, ..self.left };
        self.left.height = height;
        Sheet { buffer: self.buffer, left: rest }
    }

    /// The last line, which is left no more.
    fn split_last(&mut self) -> Sheet<'_> {
        let height = self.left.height.saturating_sub(1);
        let last = Rect { y: self.left.y + height, height: self.left.height - height, ..self.left };
        self.left.height = height;
        Sheet { buffer: self.buffer, left: last }
    }
}

/// A text as one harmless line that fits.
pub(super) fn fit(text: &str, width: usize) -> String {
    cut(&redact::controls(text).replace('\n', " "), width)
}
