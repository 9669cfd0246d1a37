//! `-o json`: the frozen v1 contract. These structs are apart from the program's own types on
//! purpose: those change as they like, these only ever gain fields.

mod change;

use std::io::{self, Write};

use chrono::SecondsFormat;
use serde::Serialize;

use crate::diagnose::{self, Outcome};
use crate::facts::{PlaceKind, Time};

use super::{Report, WaitOutcome, Waited};

pub use change::{write_failure, write_incident, write_notice};

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
    over_time: Option<change::OverTimeV1>,
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
