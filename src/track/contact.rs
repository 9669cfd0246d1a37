//! What can be heard of the cluster: what is silent since when, and why.
//!
//! To say nothing for an hour because nothing fails, and to say nothing because nothing can be seen,
//! look the same. So whoever watches is told at once when a sense is lost, since when, and when it
//! is back.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::world::Area;
use crate::facts::Time;

/// A server that has said something within that time is alive, whatever became of a question.
const ALIVE: TimeDelta = TimeDelta::seconds(1);
/// After the pods can be seen again, their events have so long to follow before it is told of them.
const FOLLOWS: TimeDelta = TimeDelta::seconds(5);

/// What is listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sense {
    /// The pods: without them nothing can be said.
    Pods,
    /// Their events: without them some words are missing.
    Events,
}

impl Sense {
    /// What it sees, for people and as a label.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Events => "events",
        }
    }
}

/// Nothing can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blindness {
    /// When something was last heard.
    pub since: Time,
    /// Why, in a few words.
    pub why: String,
}

/// A sense was lost, or is back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which.
    pub sense: Sense,
    /// Since when it had been lost, and why.
    pub blindness: Blindness,
    /// Whether it is back.
    pub is_over: bool,
}

/// One stream.
#[derive(Debug, Clone)]
struct Ear {
    /// When something was last heard; when it was opened, if nothing was.
    heard: Time,
    /// Whether a full list has come at least once.
    is_listed: bool,
    /// Whether a full list is under way: until it is complete, nothing lost is found again.
    is_listing: bool,
    /// Why nothing is heard.
    lost: Option<String>,
}

/// What can be heard.
#[derive(Debug, Default)]
pub struct Contact {
    ears: BTreeMap<(Sense, Area), Ear>,
    /// What was last told of each sense that is lost.
    told: BTreeMap<Sense, Blindness>,
    /// The latest time that anything was told.
    clock: Option<Time>,
    /// When it was last told that the pods can be seen again.
    is_back: Option<Time>,
}

impl Contact {
    /// Begins to listen.
    pub fn open(&mut self, sense: Sense, area: &Area, now: Time) {
        let ear = Ear { heard: now, is_listed: false, is_listing: false, lost: None };
        self.ears.entry((sense, area.clone())).or_insert(ear);
    }

    /// Something was heard.
    pub fn heard(&mut self, sense: Sense, area: &Area, now: Time) {
        if let Some(ear) = self.ears.get_mut(&(sense, area.clone())) {
            self.clock = self.clock.max(Some(now));
            ear.heard = ear.heard.max(now);
            if !ear.is_listing {
                ear.lost = None;
            }
        }
    }

    /// A full list begins.
    pub fn begin(&mut self, sense: Sense, area: &Area) {
        if let Some(ear) = self.ears.get_mut(&(sense, area.clone())) {
            ear.is_listing = true;
        }
    }

    /// A full list has come.
    pub fn listed(&mut self, sense: Sense, area: &Area, now: Time) {
        if let Some(ear) = self.ears.get_mut(&(sense, area.clone())) {
            ear.is_listed = true;
            ear.is_listing = false;
        }
        self.heard(sense, area, now);
    }

    /// Nothing is heard for the time being.
    pub fn lost(&mut self, sense: Sense, area: &Area, why: &str) {
        if let Some(ear) = self.ears.get_mut(&(sense, area.clone())) {
            ear.lost.get_or_insert_with(|| why.to_owned());
        }
    }

    /// The API server was asked whether it is there: none if it answered. If it did not, and no
    /// stream said anything while it was waited for, they are lost; that it answers again does not
    /// mean that they do.
    pub fn server(&mut self, mute: Option<Mute>, now: Time) {
        self.clock = self.clock.max(Some(now));
        let Some(Mute { why, waited }) = mute else { return };
        let silent = waited.max(ALIVE);
        if self.ears.values().any(|ear| now - ear.heard < silent) {
            return;
        }
        for ear in self.ears.values_mut() {
            ear.lost.get_or_insert_with(|| why.clone());
        }
    }

    /// Whether everything that can be heard was listed once: before that, what is known is a part.
    pub fn is_ready(&self) -> bool {
        self.ears.iter().all(|((sense, _), ear)| {
            ear.is_listed || (*sense == Sense::Events && ear.lost.is_some())
        })
    }

    /// Why a sense is lost, and since when.
    pub fn blindness(&self, sense: Sense) -> Option<Blindness> {
        let ears = self.ears.iter().filter(|((it, _), _)| *it == sense).map(|(_, ear)| ear);
        let lost = ears.filter_map(|ear| {
            let why = ear.lost.clone()?;
            Some(Blindness { since: ear.heard, why })
        });
        lost.min_by_key(|blindness| blindness.since)
    }

    /// How long ago something was last heard of a sense, by the stream that is silent for the
    /// longest; none if it is not listened to.
    pub fn silence(&self, sense: Sense, now: Time) -> Option<TimeDelta> {
        let ears = self.ears.iter().filter(|((it, _), _)| *it == sense);
        ears.map(|(_, ear)| now - ear.heard).max()
    }

    /// Whether that the events are lost goes without saying: the pods are as well, or were until now.
    fn is_about_to_follow(&self) -> bool {
        let is_back = self.is_back.zip(self.clock).is_some_and(|(back, now)| now - back < FOLLOWS);
        is_back || self.told.contains_key(&Sense::Pods)
    }

    /// What is to be told: senses that were lost since this was last asked, or are back. Without
    /// pods the events need no mention.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        for sense in [Sense::Pods, Sense::Events] {
            let lost = self.blindness(sense);
            match (lost, self.told.contains_key(&sense)) {
                (Some(blindness), false) => {
                    if sense == Sense::Events && self.is_about_to_follow() {
                        continue;
                    }
                    self.told.insert(sense, blindness.clone());
                    notices.push(Notice { sense, blindness, is_over: false });
                }
                (None, true) => {
                    if sense == Sense::Pods {
                        self.is_back = self.clock;
                    }
                    if let Some(blindness) = self.told.remove(&sense) {
                        notices.push(Notice { sense, blindness, is_over: true });
                    }
                }
                _ => {}
            }
        }
        notices
    }
}

/// An API server that does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mute {
    /// Why, in a few words.
    pub why: String,
    /// How long it was waited for.
    pub waited: TimeDelta,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mute() -> Mute {
        Mute { why: "it does not answer".to_owned(), waited: TimeDelta::seconds(5) }
    }

    fn at(seconds: i64) -> Time {
        chrono::DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    fn contact() -> Contact {
        let mut contact = Contact::default();
        contact.open(Sense::Pods, &None, at(0));
        contact.open(Sense::Events, &None, at(0));
        contact
    }

    #[test]
    fn it_is_ready_when_all_was_listed_or_events_never_will_be() {
        let mut contact = contact();
        assert!(!contact.is_ready());
        contact.listed(Sense::Pods, &None, at(1));
        assert!(!contact.is_ready());
        contact.lost(Sense::Events, &None, "no permission to list events");
        assert!(contact.is_ready());
        contact.heard(Sense::Events, &None, at(2));
        assert!(!contact.is_ready());
        contact.listed(Sense::Events, &None, at(3));
        assert!(contact.is_ready());
    }

    #[test]
    fn it_is_told_once_with_the_time_of_the_last_word() {
        let mut contact = contact();
        contact.listed(Sense::Pods, &None, at(5));
        contact.listed(Sense::Events, &None, at(6));
        assert_eq!(contact.take_notices(), []);
        contact.lost(Sense::Pods, &None, "connection refused");
        contact.lost(Sense::Events, &None, "connection refused");
        contact.lost(Sense::Pods, &None, "another reason");
        let notices = contact.take_notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        let blindness = Blindness { since: at(5), why: "connection refused".to_owned() };
        assert_eq!(
            notices[0],
            Notice { sense: Sense::Pods, blindness: blindness.clone(), is_over: false }
        );
        assert_eq!(contact.take_notices(), []);
        contact.heard(Sense::Pods, &None, at(60));
        contact.heard(Sense::Events, &None, at(60));
        assert_eq!(
            contact.take_notices(),
            [Notice { sense: Sense::Pods, blindness, is_over: true }]
        );
    }

    #[test]
    fn a_server_that_does_not_answer_makes_silence_blindness() {
        let mut contact = contact();
        contact.listed(Sense::Pods, &None, at(5));
        contact.server(Some(mute()), at(7));
        assert_eq!(contact.blindness(Sense::Pods), None, "it has just been heard");
        contact.server(Some(mute()), at(20));
        assert_eq!(contact.blindness(Sense::Pods).unwrap().since, at(5));
        assert_eq!(contact.silence(Sense::Pods, at(25)), Some(TimeDelta::seconds(20)));
        contact.server(None, at(26));
        assert!(contact.blindness(Sense::Pods).is_some(), "the stream may be dead all the same");
        contact.heard(Sense::Pods, &None, at(27));
        assert_eq!(contact.blindness(Sense::Pods), None);
    }

    #[test]
    fn events_that_follow_the_pods_need_no_mention() {
        let mut contact = contact();
        contact.server(Some(mute()), at(20));
        assert_eq!(contact.take_notices().len(), 1);
        contact.heard(Sense::Pods, &None, at(30));
        assert_eq!(contact.take_notices().len(), 1, "the pods are back");
        contact.heard(Sense::Pods, &None, at(31));
        assert_eq!(contact.take_notices(), []);
        contact.heard(Sense::Pods, &None, at(36));
        let notices = contact.take_notices();
        assert_eq!(notices[0].sense, Sense::Events, "they do not follow");
    }

    #[test]
    fn a_list_that_is_not_complete_finds_nothing_again() {
        let mut contact = contact();
        contact.listed(Sense::Pods, &None, at(5));
        contact.lost(Sense::Pods, &None, "connection refused");
        contact.begin(Sense::Pods, &None);
        contact.heard(Sense::Pods, &None, at(20));
        assert!(contact.blindness(Sense::Pods).is_some());
        contact.begin(Sense::Pods, &None);
        contact.listed(Sense::Pods, &None, at(25));
        assert_eq!(contact.blindness(Sense::Pods), None);
    }
}
