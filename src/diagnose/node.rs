//! What the node says about itself, or else what the words show of its kubelet and runtime.

use crate::cause::{self, Cause};
use crate::facts::{Facts, Lookup, Node, Pod};
use crate::message::Reading;

use super::Evidence;

/// The node as evidence: its platform, kubelet and runtime. Where it could not be seen, the wording of
/// the failure may still prove them (kubelets and runtimes have changed their words over time).
pub(super) fn evidence(facts: &Facts, pod: &Pod, reading: &Reading) -> Option<Evidence> {
    let seen = pod.node.as_ref().map(|name| facts.node(name));
    let said = match seen {
        // A node that has not reported yet says nothing of itself.
        Some(Lookup::Found(node)) => {
            describe(node).map(|text| (format!("node {}", node.name), text))
        }
        _ => None,
    };
    let (source, text) = match said {
        Some(said) => said,
        None => ("the wording".to_owned(), by_words(reading)?),
    };
    Some(Evidence { source, text, count: None, first_seen: None, last_seen: None })
}

/// `linux/amd64, kubelet v1.36.2, containerd://2.4.0`; none if it says nothing.
fn describe(node: &Node) -> Option<String> {
    let mut parts = vec![
        format!("{}/{}", node.os, node.architecture),
        format!("kubelet {}", node.kubelet),
        node.runtime.clone(),
    ];
    if node.ready == Some(false) {
        parts.push("not ready".to_owned());
    }
    if node.disk_pressure {
        parts.push("under disk pressure".to_owned());
    }
    parts.retain(|part| !part.ends_with([' ', '/']) && !part.is_empty());
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn by_words(reading: &Reading) -> Option<String> {
    let details = &reading.details;
    let runtime = details.runtime.as_ref().map(|hint| {
        let range = hint.versions;
        if range.from.is_none() && range.to.is_none() {
            hint.runtime.to_string()
        } else {
            format!("{} {range}", hint.runtime)
        }
    });
    let kubelet = details.kubelet.map(|range| format!("kubelet {range}"));
    let parts: Vec<_> = runtime.into_iter().chain(kubelet).collect();
    (!parts.is_empty()).then(|| format!("it is that of {}", parts.join(" and of ")))
}

/// What the node adds to the summary of a cause that lies in the node.
pub(super) fn remark(facts: &Facts, pod: &Pod, cause: &'static Cause) -> Option<String> {
    let node = facts.node(pod.node.as_deref()?).found()?;
    if cause == &cause::PLATFORM_MISMATCH {
        return Some(format!("Node {} is {}/{}.", node.name, node.os, node.architecture));
    }
    if cause == &cause::DISK_FULL && node.disk_pressure {
        return Some(format!("Node {} reports disk pressure.", node.name));
    }
    if cause == &cause::RUNTIME_UNAVAILABLE && node.ready == Some(false) {
        return Some(format!("Node {} is not ready.", node.name));
    }
    None
}
