//! An incident that is watched, in the words that every format of `watch` uses: one line that says
//! what fails, where, since when, how many, whether it gets better, and what to do.

use crate::duration;
use crate::facts::Time;
use crate::redact;
use crate::track::{ChangeKind, Incident, IncidentChange, Notice, Spread, Trend};
use crate::words;

use super::overview::strikes;

/// The longest name of an image or a fix in one line.
const LONG: usize = 200;
/// Common factors that are named in one line.
const FACTORS: usize = 2;

/// What fails: `connection-refused: 3 images of registry.acme.io`.
pub fn title(incident: &Incident) -> String {
    format!("{}: {}", incident.leading().code, what(incident))
}

fn what(incident: &Incident) -> String {
    // Of one that is over, those that failed.
    let images: Vec<&String> = if incident.images().is_empty() {
        incident.struck().iter().collect()
    } else {
        incident.images().iter().collect()
    };
    match (images.as_slice(), incident.registry.as_str()) {
        ([image], _) => redact::line(image, LONG),
        (images, "") => format!("{} images", images.len()),
        (images, registry) => format!("{} images of {registry}", images.len()),
    }
}

/// How much it strikes: `3 pods of Deployment shop/web on 2 nodes`.
pub fn size(incident: &Incident) -> String {
    strikes(
        &incident.pods().iter().collect::<Vec<_>>(),
        &incident.workloads().iter().collect::<Vec<_>>(),
        &incident.nodes().iter().collect::<Vec<_>>(),
    )
}

/// The common factors that [`size`] does not say.
pub fn factors(incident: &Incident, spread: &Spread) -> Vec<String> {
    let mut spread = spread.clone();
    spread.only_workload = None;
    if spread.runs_elsewhere == 0 && incident.nodes().len() == 1 {
        spread.only_node = None;
    }
    let mut factors = spread.factors();
    factors.truncate(FACTORS);
    factors
}

/// Whether it is getting better, in words.
pub fn trend(incident: &Incident, now: Time) -> String {
    let minutes = crate::track::TREND.num_minutes();
    match incident.trend(now) {
        Trend::Up(pods) => format!("growing, {pods} more in {minutes}m"),
        Trend::Down(pods) => format!("shrinking, {pods} fewer in {minutes}m"),
        Trend::Steady => "steady".to_owned(),
    }
}

/// What mends it, as far as that is known.
pub fn fix(incident: &Incident) -> Option<String> {
    let fix = incident.diagnosis.as_ref()?.fixes.first()?;
    Some(redact::line(&fix.title, LONG))
}

/// The incident in one line.
pub fn headline(incident: &Incident, spread: &Spread, now: Time) -> String {
    let mut parts = vec![size(incident)];
    parts.extend(factors(incident, spread));
    let age = duration::brief((now - incident.since).num_seconds());
    parts.push(format!("for {age}"));
    format!("{}: {}", title(incident), parts.join(", "))
}

/// A change of an incident in one line, without its time and its name.
pub fn change(change: &IncidentChange, incident: &Incident, spread: &Spread, now: Time) -> String {
    let mut parts = match change.kind {
        ChangeKind::Recovered => vec![over(incident)],
        ChangeKind::Opened => {
            let again = match incident.again {
                0 => None,
                1 => Some("it has come back".to_owned()),
                times => Some(format!("it has come back {times} times")),
            };
            [Some(headline(incident, spread, now)), again].into_iter().flatten().collect()
        }
        ChangeKind::Updated => {
            let mut parts = vec![headline(incident, spread, now), trend(incident, now)];
            parts.extend(joined(change));
            parts.extend(left(change));
            parts
        }
    };
    let is_news = change.kind == ChangeKind::Opened || change.is_diagnosed;
    if is_news && change.kind != ChangeKind::Recovered {
        parts.extend(fix(incident).map(|fix| format!("fix: {fix}")));
        let pod = incident.example();
        parts.extend(pod.map(|it| format!("more: pulldoctor pod {} -n {}", it.name, it.namespace)));
    }
    redact::controls(&format!("#{} {}", incident.number, parts.join("; ")))
}

/// Who has joined: `new: shop/web-1, shop/web-2 and 3 more`.
fn joined(change: &IncidentChange) -> Option<String> {
    let names: Vec<_> = change.joined.iter().map(ToString::to_string).collect();
    let more = match change.more_joined {
        0 => String::new(),
        number => format!(" and {number} more"),
    };
    (!names.is_empty()).then(|| format!("new: {}{more}", names.join(", ")))
}

/// How many have left.
fn left(change: &IncidentChange) -> Option<String> {
    let failures = words::count(change.left, "failure has", "failures have");
    (change.left > 0).then(|| format!("{failures} ended"))
}

/// What became of an incident that is over.
fn over(incident: &Incident) -> String {
    format!("{}: over {}", title(incident), ending(incident))
}

/// How it ended: `after 3m, at most 12 pods at once (12 pulled)`.
pub fn ending(incident: &Incident) -> String {
    let ended_at = incident.ended_at.unwrap_or(incident.last_seen);
    let age = duration::brief((ended_at - incident.since).num_seconds());
    let ended = incident.ended;
    let hows: Vec<String> = [
        (ended.pulled, "pulled"),
        (ended.deleted, "deleted or replaced"),
        (ended.pending, "begun anew"),
        (ended.renamed, "in other words now"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, how)| format!("{number} {how}"))
    .collect();
    let became = match incident.became {
        Some(cause) => format!("; it is {} now", cause.code),
        None => String::new(),
    };
    format!(
        "after {age}, at most {} at once ({}){became}",
        words::count(incident.most, "pod", "pods"),
        hows.join(", ")
    )
}

/// That something cannot be seen, or can be again, in one line.
pub fn notice(notice: &Notice, now: Time) -> String {
    let what = notice.sense.word();
    let since = duration::moment(notice.blindness.since, now);
    let line = if notice.is_over {
        let age = duration::brief((now - notice.blindness.since).num_seconds());
        format!("{what} can be seen again, after {age}; what changed meanwhile follows")
    } else {
        let why = redact::line(&notice.blindness.why, 300);
        format!("{what} cannot be seen since {since}: {why}")
    };
    redact::controls(&line)
}
