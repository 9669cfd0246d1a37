//! `kind: Secret` of the frozen v1 contract. These structs only ever gain fields.

use serde::Serialize;

use crate::credentials::{Certainty, Entry, Expiry, Lifetime, Verdict};
use crate::redact;

use super::super::json::{API_VERSION, ImageV1, time};
use super::{NAME, SecretReport, Shown};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecretV1 {
    api_version: &'static str,
    kind: &'static str,
    generated_at: String,
    source: String,
    namespace: String,
    name: String,
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<ImageV1>,
    /// Whether nothing is wrong with it, warnings aside.
    ok: bool,
    verdict: &'static str,
    summary: String,
    /// The keys that the kubelet tries for the image, in order.
    tried: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    near_miss: Option<NearMissV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<ExpiryV1>,
    entries: Vec<EntryV1>,
    problems: Vec<String>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct NearMissV1 {
    key: String,
    why: String,
}

#[derive(Debug, Serialize)]
struct ExpiryV1 {
    at: String,
    certainty: &'static str,
    credential: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryV1 {
    key: String,
    host: String,
    path: String,
    registry: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Why there is no user: `asked`, or `looksSecret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_hidden: Option<&'static str>,
    empty: bool,
    /// Whether it matches the image, when one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<ExpiryV1>,
    defects: Vec<String>,
}

impl From<&SecretReport> for SecretV1 {
    fn from(report: &SecretReport) -> Self {
        let judgement = &report.review.judgement;
        let keys = |keys: &[String]| keys.iter().map(|key| redact::line(key, NAME)).collect();
        let (tried, near_miss) = match &judgement.verdict {
            Verdict::Serves { keys: tried } if report.image.is_some() => (keys(tried), None),
            Verdict::NotForThisRegistry { near_miss, .. } => (Vec::new(), near_miss.as_ref()),
            _ => (Vec::new(), None),
        };
        Self {
            api_version: API_VERSION,
            kind: "Secret",
            generated_at: time(report.generated_at),
            source: report.origin.to_string(),
            namespace: report.name.namespace.clone(),
            name: report.name.name.clone(),
            r#type: report.kind.clone(),
            created: report.created.map(time),
            changed: report.changed.map(time),
            image: report.image.as_ref().map(ImageV1::from),
            ok: report.review.is_fine(),
            verdict: verdict(&judgement.verdict),
            summary: report.review.summary.clone(),
            tried,
            near_miss: near_miss.map(|near| NearMissV1 {
                key: redact::line(&near.key, NAME),
                why: near.why.to_string(),
            }),
            expiry: judgement.expiry.map(expiry),
            entries: judgement.entries.iter().map(|it| entry(report, it)).collect(),
            problems: report.review.problems.clone(),
            warnings: report.review.warnings.clone(),
        }
    }
}

fn entry(report: &SecretReport, entry: &Entry) -> EntryV1 {
    let (user, user_hidden) = match report.user(entry) {
        Shown::Name(user) => (Some(user), None),
        Shown::Hidden => (None, Some("asked")),
        Shown::LooksSecret => (None, Some("looksSecret")),
    };
    EntryV1 {
        key: redact::line(&entry.key, NAME),
        host: redact::line(&entry.host, NAME),
        path: redact::line(&entry.path, NAME),
        registry: entry.registry.name(),
        user,
        user_hidden,
        empty: entry.is_empty,
        matches: report.image.as_ref().map(|_| entry.serves),
        expiry: entry.expiry.map(expiry),
        defects: entry.defects.iter().map(ToString::to_string).collect(),
    }
}

/// `verdict`.
fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Serves { .. } => "serves",
        Verdict::NotForThisRegistry { .. } => "notForThisRegistry",
        Verdict::Ignored(_) => "ignored",
        Verdict::Unreadable(_) => "unreadable",
        Verdict::YieldsNothing(_) => "yieldsNothing",
    }
}

fn expiry(expiry: Expiry) -> ExpiryV1 {
    ExpiryV1 {
        at: time(expiry.at),
        certainty: match expiry.how {
            Certainty::Proven => "proven",
            Certainty::Inferred => "inferred",
        },
        credential: match expiry.what {
            Lifetime::EcrPassword => "ecrPassword",
            Lifetime::Jwt => "jwt",
            Lifetime::GoogleAccessToken => "googleAccessToken",
        },
    }
}
