//! What is opened over the list: the diagnosis of an incident, and the keys.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthChar as _;

use crate::duration;
use crate::layout::wrap;
use crate::redact;
use crate::report::{incident, text};
use crate::track::Incident;
use crate::words;

use super::super::ask::Inquiry;
use super::paint::{FAINT, HEAD, Paint};
use super::ui::{About, Ui};
use super::view::{Scene, Sheet, fit};

/// What can be done here, the least needful first.
pub(super) fn keys(about: About) -> &'static [&'static str] {
    match about {
        About::Incident(_) => &["up/down scroll", "r ask anew", "Esc back"],
        About::Help => &["up/down scroll", "Esc back"],
    }
}

/// What each key does.
const HELP: &[(&str, &str)] = &[
    ("up, down, k, j", "the incident above or below; in a diagnosis: scroll"),
    ("PageUp, PageDown", "the same by the screen"),
    ("Home, g", "the worst incident, whichever that is from now on; in a diagnosis: its top"),
    ("End, G", "the last one; in a diagnosis: its end"),
    ("Enter", "the diagnosis of one of the incident's pods, and what mends it"),
    ("r", "ask the cluster about the incident anew"),
    ("Esc, Backspace, q", "close what is open"),
    ("?", "this page"),
    ("Ctrl-L", "draw the screen anew"),
    ("q, Ctrl-C", "end"),
];

/// What the picture means.
const MEANING: &[&str] = &[
    "The incident with most failing pods is on top; those that are over stay for ten minutes below \
     the others. PODS is how many pods of it fail now, FOR how long it lasts. The bars are its \
     failing pods over the last ten minutes.",
    "The mouse is the terminal's: text can be marked and copied as usual.",
];

/// The line above an incident's page.
pub(super) fn title(scene: &Scene<'_>, number: u64) -> String {
    match scene.board.incidents.get(number) {
        Some(incident) => format!("#{number} {}", incident::title(incident)),
        None => format!("#{number}"),
    }
}

/// Draws as much of the page as there is room for, and gives the place in it.
pub(super) fn draw(scene: &Scene<'_>, ui: &mut Ui, about: About, sheet: &mut Sheet<'_>) -> String {
    let lines = match about {
        About::Help => help(sheet.width()),
        About::Incident(number) => match scene.board.incidents.get(number) {
            Some(incident) => of_incident(scene, incident, sheet.width()),
            None => vec![Line::raw("It is over, and forgotten by now.")],
        },
    };
    let room = sheet.height();
    let Some(page) = &mut ui.page else { return String::new() };
    page.fits = room;
    page.top = page.top.min(lines.len().saturating_sub(room));
    for line in lines.iter().skip(page.top).take(room) {
        sheet.put(line);
    }
    if lines.len() <= room {
        return String::new();
    }
    format!("{}-{} of {}", page.top + 1, page.top + room, lines.len())
}

fn of_incident(scene: &Scene<'_>, incident: &Incident, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |text: &str, style: Style| {
        let harmless = redact::controls(text);
        lines.extend(wrap(&harmless, width).into_iter().map(|line| Line::styled(line, style)));
    };
    let plain = Style::new();
    if scene.is_over(incident) {
        say(&format!("Over {}", incident::ending(incident)), plain);
    } else {
        let age = duration::brief((scene.now - incident.since).num_seconds());
        let trend = incident::trend(incident, scene.now);
        say(&format!("{}, for {age}, {trend}", scene.strikes(incident)), plain);
    }
    say(&inquiry(scene, incident), FAINT);
    let pod = incident.diagnosis.as_ref().map(|it| &it.pod).or_else(|| incident.example());
    if let Some(pod) = pod {
        let command = format!(
            "In a shell: pulldoctor pod {} -n {}",
            words::shell(&pod.name),
            words::shell(&pod.namespace)
        );
        say(&command, FAINT);
    }
    if let Some(diagnosis) = &incident.diagnosis {
        say("", plain);
        let others = incident.pods().len().saturating_sub(1);
        if others > 0 {
            let alike = words::count(others, "other is", "others are");
            say(&format!("By the example of one pod ({alike} alike):"), HEAD);
            say("", plain);
        }
        let mut page = Vec::new();
        // Writing into memory does not fail.
        let _ = text::write_diagnosis(diagnosis, scene.now, width, &mut page);
        lines.extend(styled(&String::from_utf8_lossy(&page), width, scene.paint));
    }
    lines
}

/// What the diagnosis stands on, or why there is none.
fn inquiry(scene: &Scene<'_>, incident: &Incident) -> String {
    let has_diagnosis = incident.diagnosis.is_some();
    if scene.is_over(incident) {
        let text = if has_diagnosis {
            "The diagnosis is as it was last."
        } else {
            "It was over before there was a diagnosis."
        };
        return text.to_owned();
    }
    let asked = match scene.inquiry {
        Some(Inquiry::Asked(at)) => {
            let ago = duration::brief((scene.now - at).num_seconds());
            return if has_diagnosis {
                format!("The cluster was asked {ago} ago.")
            } else {
                format!("The cluster was asked {ago} ago, and gave no diagnosis; r asks anew.")
            };
        }
        Some(Inquiry::UnderWay) => "The cluster is being asked.",
        Some(Inquiry::Due) | None => "The cluster is to be asked.",
    };
    if has_diagnosis {
        format!("{asked} Until it has answered, this is as far as is known:")
    } else {
        format!("{asked} There is no diagnosis yet.")
    }
}

fn help(width: usize) -> Vec<Line<'static>> {
    /// The column of keys, where there is room for two.
    const KEY: usize = 20;
    let mut lines = Vec::new();
    for (key, does) in HELP {
        if width >= KEY * 3 {
            for (number, text) in wrap(does, width - KEY).into_iter().enumerate() {
                let key = if number == 0 { *key } else { "" };
                let key = Span::styled(format!("{key:<KEY$}"), HEAD);
                lines.push(Line::from(vec![key, Span::raw(text)]));
            }
        } else {
            lines.push(Line::styled(fit(key, width), HEAD));
            let texts = wrap(does, width.saturating_sub(2));
            lines.extend(texts.into_iter().map(|text| Line::raw(format!("  {text}"))));
        }
    }
    for text in MEANING {
        lines.push(Line::default());
        lines.extend(wrap(text, width).into_iter().map(Line::raw));
    }
    lines
}

/// The lines of a text report with its styles. What is longer than the width goes on in the next
/// line: a command must be seen whole.
fn styled(text: &str, width: usize, paint: Paint) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut style = Style::new();
    for line in text.lines() {
        let mut folding = Folding { width, ..Folding::default() };
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("\x1b[") {
            folding.push(before, style);
            // The reports use no other sequences; whatever else there is stands as text.
            let Some((numbers, after)) = after.split_once('m') else {
                rest = after;
                continue;
            };
            let numbers = numbers.split(';').filter_map(|number| number.parse().ok());
            style = numbers.fold(style, |style, number| paint.by_sgr(style, number));
            rest = after;
        }
        folding.push(rest, style);
        lines.extend(folding.done());
    }
    lines
}

/// A line that goes on in the next one where it gets too long.
#[derive(Default)]
struct Folding {
    width: usize,
    done: Vec<Line<'static>>,
    spans: Vec<Span<'static>>,
    taken: usize,
}

impl Folding {
    fn push(&mut self, text: &str, style: Style) {
        let mut part = String::new();
        for c in redact::controls(text).chars() {
            let wide = c.width().unwrap_or(0);
            if self.taken + wide > self.width && self.taken > 0 {
                self.spans.push(Span::styled(std::mem::take(&mut part), style));
                self.done.push(Line::from(std::mem::take(&mut self.spans)));
                self.taken = 0;
            }
            part.push(c);
            self.taken += wide;
        }
        if !part.is_empty() {
            self.spans.push(Span::styled(part, style));
        }
    }

    fn done(mut self) -> Vec<Line<'static>> {
        self.done.push(Line::from(self.spans));
        self.done
    }
}
