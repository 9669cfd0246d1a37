//! Ages as kubectl prints them (`k8s.io/apimachinery/pkg/util/duration`): `7m23s`, `4d17h`, `2y45d`,
//! and with a count `5m58s (x4 over 7m18s)`.

use std::sync::LazyLock;

use chrono::Duration;
use regex::Regex;

use crate::facts::Time;

/// How often and when something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) count: u32,
    pub(super) first: Option<Time>,
    pub(super) last: Option<Time>,
}

/// A cell: an age, and of a repeated event the count and the age of the first.
static CELL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?<last>[^ ]+)(?: \(x(?<count>[0-9]+) over (?<first>[^ ]+)\))?$")
        .expect("it is a regular expression: the tests read cells with it")
});

/// Reads a cell; none where it is no age at all.
pub(super) fn seen(cell: &str, now: Time) -> Option<Seen> {
    let parts = CELL.captures(cell)?;
    let last = age(&parts["last"])?.before(now);
    let (Some(count), Some(first)) = (parts.name("count"), parts.name("first")) else {
        return Some(Seen { count: 1, first: last, last });
    };
    let first = age(first.as_str())?.before(now);
    Some(Seen { count: count.as_str().parse::<u32>().ok()?.max(1), first, last })
}

/// One age.
enum Age {
    /// kubectl's `<unknown>`: the time is not set; or `<invalid>`: it is in the future.
    Unknown,
    Of(Duration),
}

impl Age {
    fn before(self, now: Time) -> Option<Time> {
        match self {
            Self::Unknown => None,
            Self::Of(age) => now.checked_sub_signed(age),
        }
    }
}

fn age(text: &str) -> Option<Age> {
    if text == "<unknown>" || text == "<invalid>" {
        return Some(Age::Unknown);
    }
    let mut seconds: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes()[digits] {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            // A year of 365 days, as kubectl's.
            b'y' => 31_536_000,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    // A text without any unit is no age.
    let age = Duration::try_seconds(seconds).filter(|_| !text.is_empty())?;
    Some(Age::Of(age))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Time {
        "2026-11-23T07:00:00Z".parse().unwrap()
    }

    #[test]
    fn ages_are_counted_back_from_now() {
        for (cell, seconds) in [
            ("0s", 0),
            ("7m23s", 443),
            ("4d17h", 406_800),
            ("2y45d", 2 * 31_536_000 + 45 * 86_400),
            ("3h", 10_800),
        ] {
            let last = Some(now() - Duration::seconds(seconds));
            assert_eq!(seen(cell, now()), Some(Seen { count: 1, first: last, last }), "{cell}");
        }
    }

    #[test]
    fn a_repeated_event_has_a_count_and_two_ages() {
        let seen = seen("5m58s (x4 over 7m18s)", now()).unwrap();
        assert_eq!(seen.count, 4);
        assert_eq!(seen.last, Some(now() - Duration::seconds(358)));
        assert_eq!(seen.first, Some(now() - Duration::seconds(438)));
    }

    #[test]
    fn an_unknown_age_is_an_age() {
        assert_eq!(seen("<unknown>", now()), Some(Seen { count: 1, first: None, last: None }));
    }

    #[test]
    fn other_words_are_not() {
        for cell in ["", "m", "5", "5x", "Normal", "5m (x over 7m)", "99999999999999999999d", "-5s"]
        {
            assert_eq!(seen(cell, now()), None, "{cell}");
        }
    }
}
