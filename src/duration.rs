//! Durations as kubectl prints them: `45s`, `7m23s`, `3h5m`, `2d4h`; and moments beside them.

use crate::facts::Time;

/// Seconds in words of at most two units; negative ones count as zero, as clocks differ.
pub fn brief(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |big: i64, unit: char, small: i64, small_unit: char| match small {
        0 => format!("{big}{unit}"),
        small => format!("{big}{unit}{small}{small_unit}"),
    };
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 60 => two(minutes, 'm', seconds % 60, 's'),
        () if hours < 48 => two(hours, 'h', minutes % 60, 'm'),
        () => two(days, 'd', hours % 24, 'h'),
    }
}

/// A moment for people, in UTC: the time of day, with the date unless it is today's.
pub fn moment(at: Time, now: Time) -> String {
    let form = if at.date_naive() == now.date_naive() { "%H:%M UTC" } else { "%F %H:%M UTC" };
    at.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::{brief, moment};

    #[test]
    fn moments_of_today_need_no_date() {
        let time = |text: &str| text.parse().unwrap();
        let now = time("2026-11-23T09:00:00Z");
        assert_eq!(moment(time("2026-11-23T07:10:59Z"), now), "07:10 UTC");
        assert_eq!(moment(time("2026-11-22T23:59:00Z"), now), "2026-11-22 23:59 UTC");
    }

    #[test]
    fn durations_read_like_kubectl() {
        let read = |seconds| brief(seconds);
        assert_eq!(read(-5), "0s");
        assert_eq!(read(119), "119s");
        assert_eq!(read(120), "2m");
        assert_eq!(read(443), "7m23s");
        assert_eq!(read(3_600 + 300), "1h5m");
        assert_eq!(read(2 * 86_400 + 4 * 3_600), "2d4h");
    }
}
