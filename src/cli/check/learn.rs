//! From pods that may fail to a report: one pod of each case is asked about, as `pulldoctor pod`
//! would, and what is learned serves the others. Whoever interrupts it gets what is known by then.

use chrono::Utc;

use crate::diagnose::{self, Workload};
use crate::facts::{Facts, ObjectName, Origin};
use crate::report::Report;
use crate::source::cluster::Cluster;
use crate::survey::Survey;

use super::super::interrupt::Interruption;
use super::super::questions;

/// Cases that are asked about: each costs a handful of requests.
const MOST_CASES: usize = 32;

/// What is known to whoever interrupts it before anything was found to look at.
pub(super) fn nothing() -> Facts {
    let origin =
        Origin::Cluster { context: "not known yet".to_owned(), server: "not reached".to_owned() };
    Facts::new(Utc::now(), origin)
}

/// The report on these facts; with a cluster, after asking it about one pod of each case.
pub(super) async fn report(
    mut facts: Facts,
    mut survey: Survey,
    cluster: Option<&Cluster>,
    own_namespace_only: bool,
    interruption: &mut Interruption,
) -> Report {
    let by_words = diagnose::diagnose(&facts);
    let cases = diagnose::cases(&facts, &by_words, MOST_CASES);
    if let Some(cluster) = cluster {
        let examples = |pod: &ObjectName| cases.is_example(pod);
        tokio::select! {
            biased;
            () = interruption.heard() => {
                questions::leave_open(&mut facts, own_namespace_only, examples);
            }
            () = questions::ask(cluster, &mut facts, own_namespace_only, examples) => {}
        }
    }
    let mut findings = diagnose::diagnose_led_by(&facts, |pod| cases.is_example(pod));
    if cluster.is_some() {
        findings.limitations.extend(cases.limitation());
    }
    if let Some(roster) = &mut survey.roster {
        for pod in &facts.pods {
            let (guessed, known) = (Workload::of(pod), diagnose::workload(&facts, pod));
            if guessed != known {
                roster.rename(&pod.name.namespace, &guessed, &known);
            }
        }
    }
    let mut report = Report::of_survey(facts.now, facts.origin, findings, survey);
    report.is_interrupted = interruption.was_heard();
    report
}
