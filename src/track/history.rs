//! A number over the last minutes, for a sparkline and for the answer to "is it getting better?".

use std::collections::VecDeque;

use chrono::TimeDelta;

use crate::facts::Time;

/// The time that one sample stands for, in seconds.
pub const SAMPLE: i64 = 10;
/// Samples that are kept: ten minutes.
const MOST: usize = 60;
/// What the trend looks back.
pub const TREND: TimeDelta = TimeDelta::minutes(2);

/// A number over time, the largest of each ten seconds.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The ten seconds of the last sample, counted from the epoch.
    last: i64,
    samples: VecDeque<usize>,
    /// What the number is now.
    now: usize,
    /// What it was when it was first told.
    first: usize,
}

/// Where a number is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// It has grown by so much.
    Up(usize),
    /// It has shrunk by so much.
    Down(usize),
    /// It stays.
    Steady,
}

impl History {
    /// The number is this, from now on.
    pub fn set(&mut self, number: usize, now: Time) {
        self.go_on(now);
        self.now = number;
        if let Some(last) = self.samples.back_mut() {
            *last = (*last).max(number);
        }
    }

    /// From this number on it grows or shrinks: what it was when it was first told.
    pub fn begin(&mut self, first: usize) {
        self.first = first;
    }

    /// Brings the samples up to the time: the number has stayed as it was.
    fn go_on(&mut self, now: Time) {
        let slot = now.timestamp().div_euclid(SAMPLE);
        if self.samples.is_empty() {
            self.last = slot;
            self.samples.push_back(0);
        }
        // A clock that goes back adds nothing.
        let missing = usize::try_from(slot - self.last).unwrap_or(0).min(MOST);
        for _ in 0..missing {
            self.samples.push_back(self.now);
        }
        self.last = self.last.max(slot);
        while self.samples.len() > MOST {
            self.samples.pop_front();
        }
    }

    /// The samples up to the time, the oldest first.
    pub fn samples(&self, now: Time) -> Vec<usize> {
        let mut upto = self.clone();
        upto.go_on(now);
        upto.samples.into()
    }

    /// What the number has become within [`TREND`], or since it was first told.
    pub fn trend(&self, now: Time) -> Trend {
        let samples = self.samples(now);
        let back = usize::try_from(TREND.num_seconds() / SAMPLE).unwrap_or(0);
        let then = match samples.len().checked_sub(back + 1) {
            Some(index) => samples[index],
            None => self.first,
        };
        match self.now.cmp(&then) {
            std::cmp::Ordering::Greater => Trend::Up(self.now - then),
            std::cmp::Ordering::Less => Trend::Down(then - self.now),
            std::cmp::Ordering::Equal => Trend::Steady,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        chrono::DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_sample_is_the_most_of_its_ten_seconds() {
        let mut history = History::default();
        history.set(1, at(0));
        history.set(5, at(3));
        history.set(2, at(9));
        assert_eq!(history.samples(at(35)), [5, 2, 2, 2]);
        history.set(0, at(36));
        assert_eq!(history.samples(at(45)), [5, 2, 2, 2, 0]);
    }

    #[test]
    fn only_the_last_minutes_are_kept() {
        let mut history = History::default();
        history.set(3, at(0));
        history.set(4, at(1_000_000));
        assert_eq!(history.samples(at(1_000_000)).len(), MOST);
        history.set(4, at(500_000));
        assert_eq!(history.samples(at(1_000_000)).len(), MOST, "a clock that goes back");
    }

    #[test]
    fn the_trend_is_against_two_minutes_ago() {
        let mut history = History::default();
        history.set(3, at(0));
        assert_eq!(history.trend(at(5)), Trend::Up(3), "it was none before");
        history.begin(3);
        assert_eq!(history.trend(at(5)), Trend::Steady, "it was met like that");
        history.set(8, at(60));
        assert_eq!(history.trend(at(130)), Trend::Up(5));
        assert_eq!(history.trend(at(200)), Trend::Steady);
        history.set(1, at(210));
        assert_eq!(history.trend(at(215)), Trend::Down(7));
    }
}
