//! Facts to findings: joins words, credentials and objects into diagnoses.
//!
//! Nothing here looks anything up. [`questions`] says what the facts leave open and would change the
//! answer; [`diagnose`] answers with what is there, and lists what it could not see.

mod access;
mod cases;
mod fix;
mod gate;
mod incident;
mod node;
mod other;
mod sight;
mod symptom;

use std::collections::BTreeSet;

use crate::cause::{Cause, Retry};
use crate::facts::{Facts, ObjectName, OwnerReference, PlaceKind, Pod, Time};
use crate::image::ImageReference;
use crate::question::Question;
use crate::words;

pub use cases::{Cases, cases};
pub use incident::{Incident, incidents};
pub use symptom::{
    Progress, is_about_one_image, is_telling, kind_name, may_fail, progress, says_why, stuck,
    tells_failure, tells_success,
};

/// How sure a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// One explanation among several.
    Possible,
    /// The best explanation of what was seen; something unseen could still change it.
    Likely,
    /// The words and objects prove it.
    Certain,
}

impl Confidence {
    /// The word for it in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// Everything that can be said about the pods in the facts.
#[derive(Debug, Clone)]
pub struct Findings {
    /// One for each pod, in the order of the facts.
    pub pods: Vec<PodFinding>,
    /// What could not be seen and would have mattered.
    pub limitations: Vec<Limitation>,
}

impl Findings {
    /// All diagnoses, in order.
    pub fn diagnoses(&self) -> impl Iterator<Item = &Diagnosis> {
        self.pods.iter().flat_map(|pod| &pod.diagnoses)
    }
}

/// What can be said about one pod.
#[derive(Debug, Clone)]
pub struct PodFinding {
    /// The pod.
    pub pod: ObjectName,
    /// Its failing images; empty when it is fine, or ill for another reason.
    pub diagnoses: Vec<Diagnosis>,
    /// One line about the pod when no image fails: that it runs, or what else is wrong.
    pub otherwise: Option<Otherwise>,
}

/// How a pod without a failing image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otherwise {
    /// Whether the pod has a problem that is not about images.
    pub ill: bool,
    /// The line.
    pub text: String,
}

/// One image that one pod cannot get, why, and what mends it.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// The pod.
    pub pod: ObjectName,
    /// The workload it belongs to: the outermost owner that was seen.
    pub owner: Option<Workload>,
    /// The node.
    pub node: Option<String>,
    /// The container whose state shows the failure; none for the sandbox image.
    pub container: Option<String>,
    /// What kind of place names the image.
    pub kind: PlaceKind,
    /// The volume, for image volumes.
    pub volume: Option<String>,
    /// The image.
    pub image: Image,
    /// What the words prove.
    pub cause: &'static Cause,
    /// Other causes in the same words.
    pub also_named: Vec<&'static Cause>,
    /// What the objects prove about an access failure.
    pub root_cause: Option<&'static Cause>,
    /// What else the objects prove of the pod's pull secrets; what must be mended first leads.
    pub other_root_causes: Vec<&'static Cause>,
    /// Whether the kubelet's next try should succeed, for what was wrong has been mended since.
    pub heals: bool,
    /// How sure all this is.
    pub confidence: Confidence,
    /// One plain sentence or two: why.
    pub summary: String,
    /// What was read.
    pub evidence: Vec<Evidence>,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What mends it, first things first.
    pub fixes: Vec<Fix>,
}

impl Diagnosis {
    /// The cause whose title and retry class speak for the whole: the root cause when there is one.
    pub fn leading(&self) -> &'static Cause {
        self.root_cause.unwrap_or(self.cause)
    }

    /// Whether the same attempt can succeed later.
    pub fn retry(&self) -> Retry {
        if self.heals { Retry::Transient } else { self.leading().retry }
    }
}

/// A pod's workload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workload {
    /// As the object calls itself: Deployment, Job, or a kind nobody here has heard of.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl Workload {
    /// The workload of a pod by its own words alone: its owner, or the Deployment behind that; the
    /// pod itself when nothing owns it.
    pub fn of(pod: &Pod) -> Self {
        let by_owner = pod.owner.as_ref().map(|owner| {
            Self::guessed(owner, pod)
                .unwrap_or_else(|| Self { kind: owner.kind.clone(), name: owner.name.clone() })
        });
        by_owner.unwrap_or_else(|| Self { kind: "Pod".to_owned(), name: pod.name.name.clone() })
    }

    /// The Deployment of a replica set by its name, which ends in the pod template's hash
    /// (pkg/controller/deployment/sync.go).
    fn guessed(owner: &OwnerReference, pod: &Pod) -> Option<Self> {
        if owner.kind != "ReplicaSet" || !owner.api_version.starts_with("apps/") {
            return None;
        }
        let hash = pod.labels.get("pod-template-hash")?;
        let name = owner.name.strip_suffix(hash.as_str())?.strip_suffix('-')?;
        (!name.is_empty()).then(|| Self { kind: "Deployment".to_owned(), name: name.to_owned() })
    }
}

/// The image of a diagnosis: as written, and parsed where it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// As the pod writes it.
    pub reference: String,
    /// None when it is no image reference.
    pub parsed: Option<ImageReference>,
}

impl Image {
    /// Parses what the pod writes.
    pub fn new(reference: &str) -> Self {
        Self { reference: reference.to_owned(), parsed: ImageReference::parse(reference).ok() }
    }

    /// The registry's host as the runtimes normalise it; empty when the reference is invalid.
    pub fn registry(&self) -> &str {
        self.parsed.as_ref().map_or("", ImageReference::registry)
    }
}

/// Words that a diagnosis stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where they were read: `status of container app`, `event Failed`.
    pub source: String,
    /// The words.
    pub text: String,
    /// How often, for events.
    pub count: Option<u32>,
    /// When first, for events.
    pub first_seen: Option<Time>,
    /// When last, for events.
    pub last_seen: Option<Time>,
}

/// A question that was put to the objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The question.
    pub question: String,
    /// How it came out.
    pub outcome: Outcome,
    /// What was found.
    pub detail: String,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// This is, or adds to, the problem.
    Problem,
    /// It could not be seen.
    Unknown,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fix {
    /// An imperative phrase.
    pub title: String,
    /// A sentence or two more; may be empty.
    pub says: String,
    /// Commands that can be pasted as they stand.
    pub commands: Vec<String>,
    /// YAML to put into the manifest.
    pub manifest: Option<String>,
    /// Whether pods must be created anew, and this fix does not do it by itself.
    pub recreates_pods: bool,
}

/// Something that could not be seen, and what that costs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limitation {
    /// What is missing: `no permission to list secrets in namespace default`.
    pub missing: String,
    /// What cannot be said because of it.
    pub effect: String,
}

/// The workload of a pod as far as its owners were looked at, the same that its diagnoses name.
pub fn workload(facts: &Facts, pod: &Pod) -> Workload {
    sight::workload(facts, pod).unwrap_or_else(|| Workload::of(pod))
}

/// What the facts leave open and an answer to which could change the diagnosis. Empty when nothing
/// more is worth asking.
pub fn questions(facts: &Facts) -> BTreeSet<Question> {
    questions_about(facts, |_| true)
}

/// The same for some of the pods: of many that fail alike, one is worth the questions.
pub fn questions_about(facts: &Facts, which: impl Fn(&ObjectName) -> bool) -> BTreeSet<Question> {
    facts
        .pods
        .iter()
        .filter(|pod| which(&pod.name))
        .flat_map(|pod| sight::wanted(facts, pod, &symptom::symptoms(facts, pod)))
        .map(|wanted| wanted.question)
        .filter(|question| !sight::answered(facts, question))
        .collect()
}

/// Diagnoses every pod in the facts.
pub fn diagnose(facts: &Facts) -> Findings {
    diagnose_led_by(facts, |_| true)
}

/// Diagnoses every pod in the facts, where questions were asked about some of them only: what was
/// not seen of the others is no limitation, as nobody looked.
pub fn diagnose_led_by(facts: &Facts, asked: impl Fn(&ObjectName) -> bool) -> Findings {
    let mut limitations = BTreeSet::new();
    let mut pods = Vec::with_capacity(facts.pods.len());
    for pod in &facts.pods {
        let symptoms = symptom::symptoms(facts, pod);
        if asked(&pod.name) {
            limitations.extend(sight::limitations(facts, pod, &symptoms));
        }
        pods.push(diagnose_pod(facts, pod, symptoms));
    }
    gate::pass(Findings { pods, limitations: limitations.into_iter().collect() })
}

fn diagnose_pod(facts: &Facts, pod: &Pod, symptoms: Vec<symptom::Symptom>) -> PodFinding {
    let diagnoses: Vec<_> =
        symptoms.into_iter().map(|symptom| diagnose_symptom(facts, pod, symptom)).collect();
    let otherwise = diagnoses.is_empty().then(|| other::otherwise(facts, pod));
    PodFinding { pod: pod.name.clone(), diagnoses, otherwise }
}

fn diagnose_symptom(facts: &Facts, pod: &Pod, symptom: symptom::Symptom) -> Diagnosis {
    let access = access::judge(facts, pod, &symptom);
    let owner = sight::workload(facts, pod);
    let fixes = fix::fixes(facts, pod, &symptom, access.as_ref());
    let access = access.unwrap_or_else(access::Access::none);
    let mut summary = access.summary.unwrap_or_else(|| words::sentence(&symptom.reading.summary()));
    if let Some(remark) = node::remark(facts, pod, symptom.reading.cause) {
        summary = format!("{summary} {remark}");
    }
    let mut evidence = symptom.evidence;
    evidence.extend(node::evidence(facts, pod, &symptom.reading));
    evidence.extend(pod.deleting.map(being_deleted));
    Diagnosis {
        pod: pod.name.clone(),
        owner,
        node: pod.node.clone(),
        container: symptom.container,
        kind: symptom.kind,
        volume: symptom.volume,
        image: symptom.image,
        cause: symptom.reading.cause,
        also_named: symptom.reading.also_named,
        root_cause: access.root_cause,
        other_root_causes: access.others,
        heals: access.plan.heals(),
        confidence: symptom.confidence.min(access.confidence),
        summary,
        evidence,
        checks: access.checks,
        fixes,
    }
}

/// A pod on its way out may fail for no other reason than that.
fn being_deleted(since: Time) -> Evidence {
    Evidence {
        source: "metadata of the pod".to_owned(),
        text: "it is being deleted: its successor, if it has one, is the pod to look at".to_owned(),
        count: None,
        first_seen: Some(since),
        last_seen: Some(since),
    }
}
