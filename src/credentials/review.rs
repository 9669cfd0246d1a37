//! A secret looked at by itself: what it is good for in a sentence, what is wrong with it, and what
//! soon will be.
//!
//! The verdict is [`super::judge()`]'s; here it is put into words. Must not know pods.

use std::cmp::Reverse;

use chrono::TimeDelta;

use super::{Entry, Expiry, Judgement, PullSecret, Verdict, judge};
use crate::duration::brief;
use crate::facts::Time;
use crate::image::ImageReference;
use crate::redact;
use crate::words;

/// An expiry so near that it is worth a warning.
const SOON: TimeDelta = TimeDelta::hours(2);

/// The longest key or type that is printed, in characters.
const NAME: usize = 300;

/// What there is to say about one secret.
#[derive(Debug, Clone)]
pub struct Review {
    /// The verdict and the entries; those that the kubelet tries come first, in its order.
    pub judgement: Judgement,
    /// What the kubelet makes of it, a sentence or two.
    pub summary: String,
    /// Why it is of no use, for the image or at all. Empty: it is fine.
    pub problems: Vec<String>,
    /// What is odd, or will soon be a problem.
    pub warnings: Vec<String>,
}

impl Review {
    /// Looks at a secret, for one image when one is given.
    pub fn of(secret: &PullSecret, image: Option<&ImageReference>, now: Time) -> Self {
        let mut judgement = judge(secret, image, now);
        sort(&mut judgement);
        let summary = summary(secret, &judgement, image);
        let mut problems = Vec::new();
        if !matches!(judgement.verdict, Verdict::Serves { .. }) {
            problems.push(summary.clone());
        }
        let expired = expired(&judgement, image.is_some(), now);
        problems.extend(expired.iter().map(|entry| expired_words(entry, now)));
        let mut warnings = warnings(&judgement, &expired, now);
        let (useless, full) = useless_keys(&judgement);
        if image.is_none() && useless.len() == full {
            problems.extend(useless);
        } else {
            warnings.extend(useless);
        }
        Self { judgement, summary, problems, warnings }
    }

    /// Whether nothing is wrong with it; warnings aside.
    pub fn is_fine(&self) -> bool {
        self.problems.is_empty()
    }
}

/// When a credential ends or ended, from now: `expires in 40m`, `expired 3d ago`. Of one whose age
/// alone tells, about.
pub fn expiry_words(expiry: Expiry, now: Time) -> String {
    let about = match expiry.how {
        super::Certainty::Proven => "",
        super::Certainty::Inferred => "about ",
    };
    let seconds = (expiry.at - now).num_seconds();
    if expiry.has_passed(now) {
        format!("expired {about}{} ago", brief(-seconds))
    } else {
        format!("expires in {about}{}", brief(seconds))
    }
}

/// Puts the entries in the kubelet's order: what it tries for the image, then the rest as it would
/// look through them, from the end (`keyring.go` sorts in reverse).
fn sort(judgement: &mut Judgement) {
    let tried = match &judgement.verdict {
        Verdict::Serves { keys } => keys.clone(),
        _ => Vec::new(),
    };
    let host_and_path = |entry: &Entry| format!("{}{}", entry.host, entry.path);
    judgement.entries.sort_by_key(|entry| Reverse(host_and_path(entry)));
    judgement.entries.sort_by_key(|entry| {
        if entry.serves {
            tried.iter().position(|key| *key == entry.key).unwrap_or(usize::MAX)
        } else {
            usize::MAX
        }
    });
}

fn summary(secret: &PullSecret, judgement: &Judgement, image: Option<&ImageReference>) -> String {
    let keys = |keys: &[String]| {
        let keys: Vec<_> = keys.iter().map(|key| redact::line(key, NAME)).collect();
        words::some(&keys, 3)
    };
    match (&judgement.verdict, image) {
        (Verdict::Serves { keys: tried }, Some(image)) if tried.len() == 1 => {
            format!("The kubelet sends its login for {}: key {}.", image.name(), keys(tried))
        }
        (Verdict::Serves { keys: tried }, Some(image)) => format!(
            "The kubelet sends its logins for {} one after the other until one is taken: keys {}. \
             It does not try without a login after them.",
            image.name(),
            keys(tried),
        ),
        (Verdict::Serves { .. }, None) => {
            let full = judgement.entries.iter().filter(|entry| !entry.is_empty).count();
            format!("The kubelet takes {} from it.", words::count(full, "login", "logins"))
        }
        (Verdict::NotForThisRegistry { keys: all, near_miss }, image) => {
            let name = image.map(ImageReference::name).unwrap_or_default();
            let near = near_miss.as_ref().map_or_else(String::new, |near| {
                format!(" {} comes near: {}.", redact::line(&near.key, NAME), near.why)
            });
            format!(
                "The kubelet does not use it for {name}: it is for {}, and no key matches.{near}",
                keys(all)
            )
        }
        (Verdict::Ignored(why), _) => {
            let kind = redact::line(&secret.kind, NAME);
            let full = judgement.entries.iter().filter(|entry| !entry.is_empty).count();
            let holds = match full {
                0 => String::new(),
                full => format!(
                    " It holds {} that it would use under the right type.",
                    words::count(full, "login", "logins")
                ),
            };
            format!(
                "The kubelet passes over it without a word: it is of type {kind}; {why}.{holds}"
            )
        }
        (Verdict::Unreadable(why), _) => format!(
            "The kubelet cannot read it, and fails every pull of every pod that refers to it: {}.",
            redact::line(why, NAME)
        ),
        (Verdict::YieldsNothing(why), _) => format!("It gives the kubelet no login: {why}."),
    }
}

/// The entries whose expiry makes the secret useless: for an image, when all that match have
/// expired; else each that has.
fn expired(judgement: &Judgement, for_image: bool, now: Time) -> Vec<Entry> {
    let passed = |expiry: Option<Expiry>| expiry.is_some_and(|expiry| expiry.has_passed(now));
    if for_image && !passed(judgement.expiry) {
        return Vec::new();
    }
    judgement
        .entries
        .iter()
        .filter(|entry| (entry.serves || !for_image) && !entry.is_empty && passed(entry.expiry))
        .cloned()
        .collect()
}

fn expired_words(entry: &Entry, now: Time) -> String {
    let words = entry.expiry.map_or_else(String::new, |expiry| {
        format!("{} ({})", expiry_words(expiry, now), expiry.what.name())
    });
    format!("The login under {} {words}.", redact::line(&entry.key, NAME))
}

/// What is said of keys that no image can match, and how many entries hold a login at all.
fn useless_keys(judgement: &Judgement) -> (Vec<String>, usize) {
    let full = judgement.entries.iter().filter(|entry| !entry.is_empty);
    let useless = full.clone().filter(|entry| entry.misses_docker_hub()).map(|entry| {
        format!(
            "{}: no image of Docker Hub matches this key; it must be https://index.docker.io/v1/, \
             with the slash.",
            redact::line(&entry.key, NAME)
        )
    });
    (useless.collect(), full.count())
}

fn warnings(judgement: &Judgement, expired: &[Entry], now: Time) -> Vec<String> {
    // Of an empty secret the verdict has said why.
    let is_empty = matches!(judgement.verdict, Verdict::YieldsNothing(_));
    let mut warnings: Vec<String> = judgement
        .defects
        .iter()
        .filter(|_| !is_empty)
        .map(|defect| format!("{}.", words::capital(&defect.to_string())))
        .collect();
    for entry in &judgement.entries {
        let key = redact::line(&entry.key, NAME);
        let soon = entry.expiry.filter(|expiry| expiry.at - now <= SOON && !entry.is_empty);
        if soon.is_some() && !expired.contains(entry) {
            warnings.push(expired_words(entry, now));
        }
        if entry.is_empty && !is_empty {
            warnings.push(format!("{key}: the entry holds neither user nor password."));
        }
        warnings.extend(entry.defects.iter().map(|defect| format!("{key}: {defect}.")));
    }
    warnings
}
