//! What the person has chosen and opened, and what each key does about it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::exit;

use super::super::face::Wish;

/// What the person does.
#[derive(Debug, Default)]
pub(super) struct Ui {
    /// The incident that was chosen, wherever it stands by now; none for whichever is on top.
    chosen: Option<u64>,
    /// The first incident on the screen.
    pub(super) top: usize,
    /// How many incidents are on the screen at once.
    pub(super) fits: usize,
    /// The incidents as they were drawn, by number.
    shown: Vec<u64>,
    /// How many of those are not over.
    open: usize,
    /// What is opened over the list.
    pub(super) page: Option<Page>,
    /// What is to be said of the last key.
    pub(super) note: Option<String>,
    is_torn: bool,
}

/// Something to read that is opened over the list.
#[derive(Debug)]
pub(super) struct Page {
    /// What.
    pub(super) about: About,
    /// The first line on the screen.
    pub(super) top: usize,
    /// How many lines are on the screen at once.
    pub(super) fits: usize,
    /// What it was opened over, if that is a page as well.
    under: Option<Box<Page>>,
}

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The incident of that number.
    Incident(u64),
    /// The keys.
    Help,
}

impl Page {
    fn new(about: About) -> Self {
        Self { about, top: 0, fits: 1, under: None }
    }
}

impl Ui {
    /// Takes note of the incidents that are there now: `open` of them are not over. Whoever has
    /// chosen one that is gone gets the one in its place.
    pub(super) fn settle(&mut self, numbers: Vec<u64>, open: usize) {
        if let Some(chosen) = self.chosen
            && !numbers.contains(&chosen)
        {
            let place = self.shown.iter().position(|number| *number == chosen).unwrap_or(0);
            self.chosen = numbers.get(place).or(numbers.last()).copied();
        }
        self.shown = numbers;
        self.open = open;
    }

    /// The place of the chosen incident; none if there are no incidents.
    pub(super) fn place(&self) -> Option<usize> {
        let place = |chosen| self.shown.iter().position(|number| *number == chosen);
        (!self.shown.is_empty()).then(|| self.chosen.and_then(place).unwrap_or(0))
    }

    /// The incident whose page is open.
    pub(super) fn opened(&self) -> Option<u64> {
        match self.page.as_ref()?.about {
            About::Incident(number) => Some(number),
            About::Help => None,
        }
    }

    /// Whether all must be drawn anew; once.
    pub(super) fn take_torn(&mut self) -> bool {
        std::mem::take(&mut self.is_torn)
    }

    /// A key.
    pub(super) fn press(&mut self, key: KeyEvent) -> Wish {
        self.note = None;
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match key.code {
                KeyCode::Char('c') => return Wish::End(exit::INTERRUPTED),
                KeyCode::Char('l') => self.is_torn = true,
                _ => {}
            }
            return Wish::Look;
        }
        if key.code == KeyCode::Char('r') {
            return self.ask();
        }
        if self.page.is_some() {
            self.press_on_page(key.code)
        } else {
            self.press_on_list(key.code)
        }
    }

    fn press_on_list(&mut self, key: KeyCode) -> Wish {
        match key {
            KeyCode::Char('q') => return Wish::End(exit::OK),
            KeyCode::Char('?') => self.page = Some(Page::new(About::Help)),
            KeyCode::Enter => {
                if let Some(number) = self.number() {
                    self.page = Some(Page::new(About::Incident(number)));
                }
            }
            // Back to whichever is the worst.
            KeyCode::Home | KeyCode::Char('g') => self.chosen = None,
            _ => {
                if let Some(place) = self.place() {
                    let place = moved(key, place, self.fits, self.shown.len() - 1);
                    if let Some(place) = place {
                        self.chosen = Some(self.shown[place]);
                    }
                }
            }
        }
        Wish::Look
    }

    fn press_on_page(&mut self, key: KeyCode) -> Wish {
        let Some(mut page) = self.page.take() else { return Wish::Look };
        self.page = match key {
            KeyCode::Esc | KeyCode::Backspace | KeyCode::Char('q') => page.under.map(|it| *it),
            KeyCode::Char('?') if page.about == About::Help => page.under.map(|it| *it),
            KeyCode::Char('?') => {
                Some(Page { under: Some(Box::new(page)), ..Page::new(About::Help) })
            }
            key => {
                // Where the page ends is known when it is drawn.
                page.top = moved(key, page.top, page.fits, usize::MAX).unwrap_or(page.top);
                Some(page)
            }
        };
        Wish::Look
    }

    fn ask(&mut self) -> Wish {
        let number = match &self.page {
            Some(page) if page.about == About::Help => None,
            Some(_) => self.opened(),
            None => self.number(),
        };
        let Some(number) = number else { return Wish::Look };
        if !self.shown[..self.open].contains(&number) {
            self.note = Some(format!("#{number} is over: there is nothing to ask any more"));
            return Wish::Look;
        }
        self.note = Some(format!("#{number}: the cluster is to be asked anew"));
        Wish::Ask(number)
    }

    /// The number of the chosen incident.
    fn number(&self) -> Option<u64> {
        self.place().map(|place| self.shown[place])
    }
}

/// Where a key leads from a place among those up to `last`; none if it leads nowhere.
fn moved(key: KeyCode, place: usize, page: usize, last: usize) -> Option<usize> {
    let page = page.max(1);
    let place = match key {
        KeyCode::Up | KeyCode::Char('k') => place.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => place.saturating_add(1),
        KeyCode::PageUp => place.saturating_sub(page),
        KeyCode::PageDown | KeyCode::Char(' ') => place.saturating_add(page),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        _ => return None,
    };
    Some(place.min(last))
}
