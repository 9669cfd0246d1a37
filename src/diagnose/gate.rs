//! The last gate: no string of a finding carries a control character, whoever wrote it.
//!
//! Names in a cluster are checked by its API server; names in a file that somebody sends are not.

use crate::redact::controls;

use super::{Diagnosis, Findings, Limitation, PodFinding};

/// Makes every string harmless.
pub(super) fn pass(mut findings: Findings) -> Findings {
    for pod in &mut findings.pods {
        pass_pod(pod);
    }
    findings.limitations = findings
        .limitations
        .into_iter()
        .map(|Limitation { missing, effect }| Limitation {
            missing: controls(&missing),
            effect: controls(&effect),
        })
        .collect();
    findings
}

fn clean(text: &mut String) {
    *text = controls(text);
}

fn pass_pod(finding: &mut PodFinding) {
    clean(&mut finding.pod.namespace);
    clean(&mut finding.pod.name);
    if let Some(otherwise) = &mut finding.otherwise {
        clean(&mut otherwise.text);
    }
    finding.diagnoses.iter_mut().for_each(pass_diagnosis);
}

fn pass_diagnosis(diagnosis: &mut Diagnosis) {
    clean(&mut diagnosis.pod.namespace);
    clean(&mut diagnosis.pod.name);
    clean(&mut diagnosis.image.reference);
    clean(&mut diagnosis.summary);
    let names = [&mut diagnosis.node, &mut diagnosis.container, &mut diagnosis.volume];
    names.into_iter().flatten().for_each(clean);
    if let Some(owner) = &mut diagnosis.owner {
        clean(&mut owner.kind);
        clean(&mut owner.name);
    }
    for evidence in &mut diagnosis.evidence {
        clean(&mut evidence.source);
        clean(&mut evidence.text);
    }
    for check in &mut diagnosis.checks {
        clean(&mut check.question);
        clean(&mut check.detail);
    }
    for fix in &mut diagnosis.fixes {
        clean(&mut fix.title);
        clean(&mut fix.says);
        fix.commands.iter_mut().for_each(clean);
        fix.manifest.iter_mut().for_each(clean);
    }
}
