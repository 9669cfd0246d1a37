//! `-o json`: the frozen v1 contract. These structs are apart from the program's own types on
//! purpose: those change as they like, these only ever gain fields.

use std::io::{self, Write};

use chrono::SecondsFormat;
use serde::Serialize;

use crate::diagnose::{self, Outcome};
use crate::facts::{PlaceKind, Time};
use crate::track::{self, ChangeKind, FailureChange, Spread, Trend};

use super::{Report, WaitOutcome, Waited};

/// `apiVersion` of everything that is printed as JSON or YAML.
pub const API_VERSION: &str = "pulldoctor.dev/v1";

/// Writes the report as one JSON document.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &ReportV1::from(report))?;
    out.write_all(b"\n")
}

/// `kind: Report`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportV1 {
    api_version: &'static str,
    kind: &'static str,
    generated_at: String,
    source: String,
    summary: SummaryV1,
    diagnoses: Vec<DiagnosisV1>,
    incidents: Vec<IncidentV1>,
    limitations: Vec<LimitationV1>,
    notes: Vec<NoteV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<WaitV1>,
    /// Only there when true: the look was interrupted, and more may be to see.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
}

/// How `--wait` ended.
#[derive(Debug, Serialize)]
struct WaitV1 {
    outcome: &'static str,
    seconds: i64,
    pending: Vec<PendingV1>,
}

/// What `--wait` waited for in vain.
#[derive(Debug, Serialize)]
struct PendingV1 {
    what: String,
    why: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryV1 {
    pods_examined: usize,
    pods_failing: usize,
    diagnoses: usize,
    incidents: usize,
}

/// A pod without a failing image: one line about it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NoteV1 {
    namespace: String,
    pod: String,
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LimitationV1 {
    missing: String,
    effect: String,
}

/// One image that one pod cannot get.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosisV1 {
    namespace: String,
    pod: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<OwnerV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    container_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<String>,
    image: ImageV1,
    cause: &'static str,
    also_named: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_cause: Option<&'static str>,
    other_root_causes: Vec<&'static str>,
    confidence: &'static str,
    retry: &'static str,
    title: &'static str,
    summary: String,
    evidence: Vec<EvidenceV1>,
    checks: Vec<CheckV1>,
    fixes: Vec<FixV1>,
}

#[derive(Debug, Serialize)]
struct OwnerV1 {
    kind: String,
    name: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ImageV1 {
    reference: String,
    registry: String,
    repository: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EvidenceV1 {
    source: String,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<String>,
}

#[derive(Debug, Serialize)]
struct CheckV1 {
    question: String,
    outcome: &'static str,
    detail: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FixV1 {
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    says: String,
    commands: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recreates_pods: bool,
}

/// Failures with one cause at one registry.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentV1 {
    cause: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_cause: Option<&'static str>,
    registry: String,
    title: String,
    pods: usize,
    workloads: Vec<OwnerV1>,
    nodes: Vec<String>,
    images: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    retry: &'static str,
    /// Set when it fails on one node only while its images run on others.
    #[serde(skip_serializing_if = "Option::is_none")]
    only_node: Option<String>,
    runs_on_other_nodes: usize,
    /// The pod whose diagnosis stands for the incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<String>,
    /// What only somebody who watches knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    over_time: Option<OverTimeV1>,
}

/// An incident over time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OverTimeV1 {
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
            title: super::incident::title(incident),
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
                headline: super::incident::headline(incident, spread, now),
                first_seen: time(incident.opened),
                last_seen: time(incident.last_seen),
                recovered: incident.ended_at.map(time),
                trend,
                most_pods: incident.most,
                again: incident.again,
                only_platform: spread.only_platform.clone(),
                whole_registry: spread.whole_registry.is_some(),
                ended: EndedV1 { pulled, deleted, pending, renamed },
                fix: super::incident::fix(incident),
            }),
        }
    }
}

/// RFC 3339 in UTC, whole seconds, as the API server prints times.
pub(super) fn time(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `containerKind`.
fn container_kind(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::App => "app",
        PlaceKind::Init => "init",
        PlaceKind::Sidecar => "sidecar",
        PlaceKind::Ephemeral => "ephemeral",
        PlaceKind::ImageVolume => "imageVolume",
        PlaceKind::Sandbox => "sandbox",
    }
}

/// `outcome` of a check.
fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Problem => "problem",
        Outcome::Unknown => "unknown",
    }
}

impl From<&Report> for ReportV1 {
    fn from(report: &Report) -> Self {
        let findings = &report.findings;
        let diagnoses: Vec<_> = findings.diagnoses().map(DiagnosisV1::from).collect();
        let notes = findings.pods.iter().filter_map(|pod| {
            let otherwise = pod.otherwise.as_ref()?;
            Some(NoteV1 {
                namespace: pod.pod.namespace.clone(),
                pod: pod.pod.name.clone(),
                text: otherwise.text.clone(),
            })
        });
        Self {
            api_version: API_VERSION,
            kind: "Report",
            generated_at: time(report.generated_at),
            source: report.origin.to_string(),
            summary: SummaryV1 {
                pods_examined: report.survey.examined,
                pods_failing: report.failing(),
                diagnoses: diagnoses.len(),
                incidents: report.incidents.len(),
            },
            diagnoses,
            incidents: report
                .incidents
                .iter()
                .map(|incident| IncidentV1 {
                    example: report.example(incident).map(|example| example.pod.to_string()),
                    ..IncidentV1::from(incident)
                })
                .collect(),
            limitations: findings
                .limitations
                .iter()
                .map(|limitation| LimitationV1 {
                    missing: limitation.missing.clone(),
                    effect: limitation.effect.clone(),
                })
                .collect(),
            notes: notes.collect(),
            wait: report.waited.as_ref().map(WaitV1::from),
            interrupted: report.is_interrupted,
        }
    }
}

impl From<&diagnose::Diagnosis> for DiagnosisV1 {
    fn from(diagnosis: &diagnose::Diagnosis) -> Self {
        Self {
            namespace: diagnosis.pod.namespace.clone(),
            pod: diagnosis.pod.name.clone(),
            owner: diagnosis.owner.as_ref().map(OwnerV1::from),
            node: diagnosis.node.clone(),
            container: diagnosis.container.clone(),
            container_kind: container_kind(diagnosis.kind),
            volume: diagnosis.volume.clone(),
            image: ImageV1::from(&diagnosis.image),
            cause: diagnosis.cause.code,
            also_named: diagnosis.also_named.iter().map(|cause| cause.code).collect(),
            root_cause: diagnosis.root_cause.map(|cause| cause.code),
            other_root_causes: diagnosis.other_root_causes.iter().map(|cause| cause.code).collect(),
            confidence: diagnosis.confidence.word(),
            retry: diagnosis.retry().word(),
            title: diagnosis.leading().title,
            summary: diagnosis.summary.clone(),
            evidence: diagnosis.evidence.iter().map(EvidenceV1::from).collect(),
            checks: diagnosis
                .checks
                .iter()
                .map(|check| CheckV1 {
                    question: check.question.clone(),
                    outcome: outcome(check.outcome),
                    detail: check.detail.clone(),
                })
                .collect(),
            fixes: diagnosis
                .fixes
                .iter()
                .map(|fix| FixV1 {
                    title: fix.title.clone(),
                    says: fix.says.clone(),
                    commands: fix.commands.clone(),
                    manifest: fix.manifest.clone(),
                    recreates_pods: fix.recreates_pods,
                })
                .collect(),
        }
    }
}

impl From<&diagnose::Workload> for OwnerV1 {
    fn from(workload: &diagnose::Workload) -> Self {
        Self { kind: workload.kind.clone(), name: workload.name.clone() }
    }
}

impl From<&diagnose::Image> for ImageV1 {
    fn from(image: &diagnose::Image) -> Self {
        let parsed = image.parsed.as_ref();
        Self {
            reference: image.reference.clone(),
            registry: image.registry().to_owned(),
            repository: parsed.map_or("", |parsed| parsed.repository()).to_owned(),
            tag: parsed.and_then(|parsed| parsed.tag()).map(str::to_owned),
            digest: parsed.and_then(|parsed| parsed.digest()).map(str::to_owned),
        }
    }
}

impl From<&diagnose::Evidence> for EvidenceV1 {
    fn from(evidence: &diagnose::Evidence) -> Self {
        Self {
            source: evidence.source.clone(),
            text: evidence.text.clone(),
            count: evidence.count,
            first_seen: evidence.first_seen.map(time),
            last_seen: evidence.last_seen.map(time),
        }
    }
}

impl From<&diagnose::Incident> for IncidentV1 {
    fn from(incident: &diagnose::Incident) -> Self {
        Self {
            cause: incident.cause.code,
            root_cause: incident.root_cause.map(|cause| cause.code),
            registry: incident.registry.clone(),
            title: incident.title(),
            pods: incident.pods.len(),
            workloads: incident
                .workloads
                .iter()
                .map(|(_, workload)| OwnerV1::from(workload))
                .collect(),
            nodes: incident.nodes.iter().cloned().collect(),
            images: incident.images.iter().cloned().collect(),
            since: incident.since.map(time),
            retry: incident.retry().word(),
            only_node: incident.only_node().map(str::to_owned),
            runs_on_other_nodes: incident.runs_elsewhere,
            example: None,
            over_time: None,
        }
    }
}

/// `outcome` of a wait.
fn wait_outcome(outcome: WaitOutcome) -> &'static str {
    match outcome {
        WaitOutcome::Pulled => "pulled",
        WaitOutcome::Failed => "failed",
        WaitOutcome::Undecided => "undecided",
        WaitOutcome::Interrupted => "interrupted",
    }
}

impl From<&Waited> for WaitV1 {
    fn from(waited: &Waited) -> Self {
        let pending = waited.pending.iter();
        Self {
            outcome: wait_outcome(waited.outcome),
            seconds: waited.seconds,
            pending: pending
                .map(|pending| PendingV1 {
                    what: pending.what.to_string(),
                    why: pending.why.clone(),
                })
                .collect(),
        }
    }
}
