//! `watch -o json`: one object a line, a change of a failure or an incident, or a notice.

use std::io::{self, Write};

use chrono::SecondsFormat;
use serde::Serialize;

use super::super::incident as words;
use super::{API_VERSION, DiagnosisV1, IncidentV1, OwnerV1, time};
use crate::facts::Time;
use crate::track::{self, ChangeKind, FailureChange, Spread, Trend};

/// An incident over time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OverTimeV1 {
    /// The same for all changes of one incident, in one run of the program.
    number: u64,
    headline: String,
    first_seen: String,
    last_seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered: Option<String>,
    /// How many pods more (or, negative, fewer) than two minutes ago.
    trend: i64,
    most_pods: usize,
    /// How often it has come back.
    again: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_platform: Option<String>,
    whole_registry: bool,
    ended: EndedV1,
    /// What mends it, as far as that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

/// How failures of an incident have ended.
#[derive(Debug, Serialize)]
struct EndedV1 {
    pulled: usize,
    deleted: usize,
    pending: usize,
    renamed: usize,
}

/// `kind: Change`: one line of `watch -o json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeV1 {
    api_version: &'static str,
    kind: &'static str,
    at: String,
    change: &'static str,
    /// How a failure has ended: pulled, deleted, replaced, pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<DiagnosisV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<IncidentV1>,
}

/// `kind: Notice`: what a watch says of itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NoticeV1 {
    api_version: &'static str,
    kind: &'static str,
    at: String,
    notice: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sense: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    text: String,
}

/// Writes a change of a failure as one line.
pub fn write_failure(change: &FailureChange, at: Time, out: &mut dyn Write) -> io::Result<()> {
    let (word, diagnosis, ended) = match change {
        FailureChange::Opened(diagnosis) => ("opened", diagnosis, None),
        FailureChange::Updated(diagnosis) => ("updated", diagnosis, None),
        FailureChange::Recovered(diagnosis, end) => ("recovered", diagnosis, Some(end.word())),
    };
    write_line(
        &ChangeV1 {
            api_version: API_VERSION,
            kind: "Change",
            at: precise(at),
            change: word,
            ended,
            diagnosis: Some(DiagnosisV1::from(&**diagnosis)),
            incident: None,
        },
        out,
    )
}

/// Writes a change of an incident as one line.
pub fn write_incident(
    kind: ChangeKind,
    incident: &track::Incident,
    spread: &Spread,
    at: Time,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_line(
        &ChangeV1 {
            api_version: API_VERSION,
            kind: "Change",
            at: precise(at),
            change: kind.word(),
            ended: None,
            diagnosis: None,
            incident: Some(IncidentV1::over_time(incident, spread, at)),
        },
        out,
    )
}

/// Writes what a watch says of itself as one line: `watching`, `blind`, `seeing` or `ended`.
pub fn write_notice(
    notice: &'static str,
    about: Option<&track::Notice>,
    text: &str,
    at: Time,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_line(
        &NoticeV1 {
            api_version: API_VERSION,
            kind: "Notice",
            at: precise(at),
            notice,
            sense: about.map(|about| about.sense.word()),
            since: about.map(|about| time(about.blindness.since)),
            text: text.to_owned(),
        },
        out,
    )
}

fn write_line(line: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// RFC 3339 in UTC with milliseconds: changes come faster than seconds.
fn precise(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl IncidentV1 {
    fn over_time(incident: &track::Incident, spread: &Spread, now: Time) -> Self {
        let trend = match incident.trend(now) {
            Trend::Up(pods) => i64::try_from(pods).unwrap_or(i64::MAX),
            Trend::Down(pods) => -i64::try_from(pods).unwrap_or(i64::MAX),
            Trend::Steady => 0,
        };
        let track::Ended { pulled, deleted, pending, renamed } = incident.ended;
        Self {
            cause: incident.cause.code,
            root_cause: incident.root_cause().map(|cause| cause.code),
            registry: incident.registry.clone(),
            title: words::title(incident),
            pods: incident.pods().len(),
            workloads: incident.workloads().iter().map(|(_, it)| OwnerV1::from(it)).collect(),
            nodes: incident.nodes().iter().cloned().collect(),
            images: incident.images().iter().cloned().collect(),
            since: Some(time(incident.since)),
            retry: incident.retry().word(),
            only_node: spread.only_node.clone(),
            runs_on_other_nodes: spread.runs_elsewhere,
            example: incident.example().map(ToString::to_string),
            over_time: Some(OverTimeV1 {
                number: incident.number,
                headline: words::headline(incident, spread, now),
                first_seen: time(incident.opened),
                last_seen: time(incident.last_seen),
                recovered: incident.ended_at.map(time),
                trend,
                most_pods: incident.most,
                again: incident.again,
                only_platform: spread.only_platform.clone(),
                whole_registry: spread.whole_registry.is_some(),
                ended: EndedV1 { pulled, deleted, pending, renamed },
                fix: words::fix(incident),
            }),
        }
    }
}
