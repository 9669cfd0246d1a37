//! The report on many pods for people: the incidents first, one line each, then for each the
//! diagnosis of one pod that stands for it.

use std::io::{self, Write};

use anstyle::Style;

use crate::diagnose::{Incident, Workload};
use crate::duration;
use crate::facts::{ObjectName, Time};
use crate::words;

use super::text::{BAD, FAINT, GOOD, HEAD, Page};
use super::{PendingWhat, Report, WaitOutcome};

/// Incidents whose example is printed in full; the rest is named with the command that does.
const IN_FULL: usize = 10;
/// Pods that are named where many are waited for.
const NAMED: usize = 5;

/// Writes the report.
pub fn write(report: &Report, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(width, out);
    page.paragraph("", &verdict(report), style(report))?;
    for (number, incident) in report.incidents.iter().enumerate() {
        let label = format!("  {}. ", number + 1);
        page.hanging(&label, &headline(incident, report.generated_at), HEAD)?;
        if let Some(spread) = spread(incident) {
            page.paragraph(&" ".repeat(label.len()), &spread, FAINT)?;
        }
    }
    pending(report, &mut page)?;
    for (number, incident) in report.incidents.iter().enumerate().take(IN_FULL) {
        let Some(example) = report.example(incident) else { continue };
        writeln!(page.out)?;
        let others = incident.pods.len().saturating_sub(1);
        if report.incidents.len() > 1 || others > 0 {
            let of = match others {
                0 => String::new(),
                others => format!(
                    ", by the example of one pod ({} alike)",
                    words::count(others, "other is", "others are")
                ),
            };
            page.paragraph("", &format!("Incident {}{of}", number + 1), HEAD)?;
        }
        page.diagnosis(example, report.generated_at)?;
    }
    more(report, &mut page)?;
    page.limitations(&report.findings)
}

/// The colour of the answer: green is for what is known to be well.
fn style(report: &Report) -> Style {
    let outcome = report.waited.as_ref().map(|waited| waited.outcome);
    match outcome {
        _ if !report.incidents.is_empty() => BAD,
        _ if report.is_interrupted => HEAD,
        Some(WaitOutcome::Undecided) => HEAD,
        Some(WaitOutcome::Pulled) if misses_pods(report) => HEAD,
        _ => GOOD,
    }
}

/// The answer in one sentence.
pub(super) fn verdict(report: &Report) -> String {
    let examined = report.survey.examined;
    let pods = words::count(examined, "pod", "pods");
    let interrupted = if report.is_interrupted { "interrupted: " } else { "" };
    if !report.incidents.is_empty() {
        let failing = report.failing();
        let seen = if report.is_interrupted { " seen so far" } else { "" };
        return format!(
            "{interrupted}{failing} of {pods}{seen} cannot pull an image, in {}",
            words::count(report.incidents.len(), "incident", "incidents")
        );
    }
    if report.is_interrupted {
        return match examined {
            0 => "interrupted before any pod was seen".to_owned(),
            _ => format!("interrupted: no image-pull failure in {pods} seen so far"),
        };
    }
    match (examined, report.waited.as_ref().map(|waited| waited.outcome)) {
        (0, Some(WaitOutcome::Undecided)) => "undecided: no pod in scope was seen".to_owned(),
        (_, Some(WaitOutcome::Undecided)) => format!(
            "undecided: {} of {pods} have their images, none has failed to pull one",
            report.survey.pulled
        ),
        (0, _) => "no pods in scope, hence no image-pull failure".to_owned(),
        (_, Some(WaitOutcome::Pulled)) if misses_pods(report) => {
            format!("the images of {pods} are pulled, and those of the missing pods are the same")
        }
        (_, Some(WaitOutcome::Pulled)) => match examined {
            1 => "the images of 1 pod are pulled".to_owned(),
            _ => format!("the images of all {pods} are pulled"),
        },
        (examined, _) if report.survey.pulled == examined => {
            format!("no image-pull failure: the images of {pods} are pulled")
        }
        (examined, _) => format!(
            "no image-pull failure in {pods}; {} not started yet",
            words::count(examined - report.survey.pulled, "has", "have")
        ),
    }
}

/// An incident in one line: what, where, how many, since when.
pub(super) fn headline(incident: &Incident, now: Time) -> String {
    let cause = incident.leading();
    let images: Vec<String> =
        incident.images.iter().map(|image| crate::redact::line(image, 300)).collect();
    let what = match images.as_slice() {
        [image] => image.clone(),
        images if incident.registry.is_empty() => words::some(images, 2),
        images => format!("{} images of {}", images.len(), incident.registry),
    };
    let line = format!("{}: {what}: {}", cause.code, counts(incident));
    match incident.since {
        Some(since) => format!("{line}, for {}", duration::brief((now - since).num_seconds())),
        None => line,
    }
}

/// `3 pods of Deployment shop/web on 2 nodes`.
fn counts(incident: &Incident) -> String {
    strikes(
        &incident.pods.iter().collect::<Vec<_>>(),
        &incident.workloads.iter().collect::<Vec<_>>(),
        &incident.nodes.iter().collect::<Vec<_>>(),
    )
}

/// The same for anything that strikes pods.
pub(super) fn strikes(
    pods: &[&ObjectName],
    workloads: &[&(String, Workload)],
    nodes: &[&String],
) -> String {
    let many = || words::count(pods.len(), "pod", "pods");
    let pods = match (workloads, pods) {
        ([], [pod]) => format!("pod {pod}"),
        // Nobody owns it.
        ([(_, workload)], [pod]) if workload.kind == "Pod" => format!("pod {pod}"),
        _ => many(),
    };
    let of = match workloads {
        [] => String::new(),
        [(_, workload)] if workload.kind == "Pod" => String::new(),
        [(namespace, workload)] => format!(" of {} {namespace}/{}", workload.kind, workload.name),
        many => format!(" of {} workloads", many.len()),
    };
    let on = match nodes {
        [] => String::new(),
        [node] => format!(" on {node}"),
        nodes => format!(" on {} nodes", nodes.len()),
    };
    format!("{pods}{of}{on}")
}

/// What the spread over nodes says, if anything.
pub(super) fn spread(incident: &Incident) -> Option<String> {
    let what = if incident.images.len() == 1 { "the same image runs" } else { "these images run" };
    let others = words::count(incident.runs_elsewhere, "other node", "other nodes");
    match (incident.runs_elsewhere, incident.only_node()) {
        (0, _) => None,
        (_, Some(node)) => Some(format!("only {node}: {what} on {others}")),
        (_, None) => Some(format!("{what} on {others}")),
    }
}

/// Whether it is settled although pods are missing: their images are known from those that are there.
pub(super) fn misses_pods(report: &Report) -> bool {
    let waited = report.waited.as_ref();
    waited.is_some_and(|it| it.outcome == WaitOutcome::Pulled && !it.pending.is_empty())
}

/// What is still being waited for.
fn pending(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let Some(waited) = &report.waited else { return Ok(()) };
    if waited.pending.is_empty() {
        return Ok(());
    }
    page.heading(if misses_pods(report) { "Missing" } else { "Not settled" })?;
    for pending in waited.pending.iter().take(NAMED) {
        page.hanging("  - ", &format!("{}: {}", pending.what, pending.why), Style::new())?;
    }
    let more = waited.pending.len().saturating_sub(NAMED);
    if more > 0 {
        page.hanging("  - ", &format!("and {more} more"), Style::new())?;
    }
    let unnamed = waited.pending.iter().any(|it| matches!(it.what, PendingWhat::Workload(_)));
    if unnamed && report.survey.examined == 0 {
        page.paragraph("  ", "No pod has come up: is its controller running?", FAINT)?;
    }
    Ok(())
}

/// The incidents that are not printed in full.
fn more(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    if report.incidents.len() <= IN_FULL {
        return Ok(());
    }
    page.heading("The diagnoses of the other incidents")?;
    for incident in &report.incidents[IN_FULL..] {
        if let Some(pod) = incident.pods.first() {
            writeln!(page.out, "  pulldoctor pod {} -n {}", pod.name, pod.namespace)?;
        }
    }
    Ok(())
}
