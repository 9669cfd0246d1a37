//! `check --wait`: streams into the tracker, the tracker's decision out.
//!
//! Nothing is polled: pods, their events and their workloads are followed by watches, and between
//! their news only a failure's time can run out. What the decision is, [`crate::track`] says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use futures::future::{self, LocalBoxFuture};
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::diagnose::Limitation;
use crate::duration;
use crate::error::{ApiFault, Error};
use crate::facts::Time;
use crate::report::{Report, WaitOutcome, Waited};
use crate::scope::Expected;
use crate::source::cluster::{Change, Cluster, Revisions, Seen};
use crate::track::{Area, Decision, Target, Tracker};
use crate::workload::{Kind, Named};

use super::super::interrupt::Interruption;
use super::super::output::Output;
use super::progress::Progress;
use super::scope::{Scope, namespace_of};
use super::{CheckArgs, learn, survey_for};

/// The time for a failure that may heal by itself.
const DEFAULT_GRACE: Duration = Duration::from_mins(1);
/// Changes that may be under way at once; the streams wait for the tracker.
const CHANGES: usize = 256;
/// How often the line on a terminal is drawn anew, and the pause after a look-up that failed.
const TICK: Duration = Duration::from_secs(1);

/// Waits until it is decided, time runs out, or somebody interrupts it.
pub(super) async fn wait(
    args: CheckArgs,
    output: &Output,
    interruption: &mut Interruption,
) -> Result<Report, Error> {
    let start = Utc::now();
    let limit = delta(args.wait.unwrap_or_default());
    let grace = delta(args.grace.unwrap_or(DEFAULT_GRACE));
    let own_only = args.own_namespace_only;
    let mut scope = Scope::typed(&args.workloads, args.namespace.clone(), args.selector)?;
    let options = args.cluster.options(args.namespace);
    let ready = async {
        scope.declared(args.manifests, output).await?;
        Cluster::connect(&options).await
    };
    let cluster = tokio::select! {
        cluster = ready => cluster?,
        () = interruption.heard() => {
            let survey = survey_for(args.output);
            return Ok(learn::report(learn::nothing(), survey, None, own_only, interruption).await);
        }
    };
    let watched = Watched::new(&scope, &cluster, args.all_namespaces);

    let (sender, receiver) = mpsc::channel(CHANGES);
    let mut streams = watched.streams(&cluster, &sender);
    let mut wait = Wait {
        cluster: &cluster,
        tracker: Tracker::new(watched.targets.clone(), grace),
        watched: &watched,
        unlisted: watched.areas.keys().cloned().collect(),
        unresolved: (0..watched.workloads.len()).collect(),
        resolved: BTreeSet::new(),
        owners: BTreeSet::new(),
        blind: BTreeMap::new(),
        progress: Progress::new(start),
        receiver,
    };
    let outcome = tokio::select! {
        outcome = wait.until(start + limit) => outcome?,
        // A stream ends only when it is pointless.
        Some(fault) = streams.next() => return Err(Error::from(fault)),
        () = interruption.heard() => WaitOutcome::Interrupted,
    };
    wait.progress.clear();

    let now = Utc::now();
    let pending = wait.tracker.pending();
    let (mut facts, survey) = wait.tracker.facts(now, cluster.origin(), survey_for(args.output));
    if scope.is_whole() {
        for pod in &facts.pods {
            facts.neighbours_seen.insert(pod.name.namespace.clone(), Ok(()));
        }
    }
    let unseen: Vec<_> = wait.unseen(now).collect();
    let mut report = learn::report(facts, survey, Some(&cluster), own_only, interruption).await;
    report.findings.limitations.extend(unseen);
    report.waited = Some(Waited { outcome, seconds: (now - start).num_seconds(), pending });
    Ok(report)
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(365))
}

/// What there is to follow.
struct Watched {
    targets: Vec<Target>,
    /// Of each named workload, where it is; they are the first targets.
    workloads: Vec<(Named, String)>,
    /// Where they are; each is notified when the pods there were listed.
    areas: BTreeMap<Area, Notify>,
    labels: Option<String>,
}

impl Watched {
    fn new(scope: &Scope, cluster: &Cluster, all: bool) -> Self {
        let workloads: Vec<(Named, String)> = scope
            .workloads
            .iter()
            .map(|named| (named.clone(), namespace_of(named, cluster)))
            .collect();
        if workloads.is_empty() {
            let namespace = (!all).then(|| cluster.namespace().to_owned());
            let target =
                Target { name: None, namespace: namespace.clone(), expected: Expected::some() };
            let labels = scope.labels.clone();
            let areas = BTreeMap::from([(namespace, Notify::new())]);
            return Self { targets: vec![target], workloads, areas, labels };
        }
        let targets = workloads.iter().map(|(named, namespace)| Target {
            name: Some(named.to_string()),
            namespace: Some(namespace.clone()),
            expected: Expected::unknown("not looked for yet"),
        });
        let targets = targets.collect();
        let areas = workloads.iter().map(|(_, namespace)| (Some(namespace.clone()), Notify::new()));
        let areas = areas.collect();
        Self { targets, workloads, areas, labels: None }
    }

    /// One stream of pods and one of events an area, and one of workloads for each of their kinds.
    fn streams<'a>(
        &'a self,
        cluster: &'a Cluster,
        sender: &Sender<Seen>,
    ) -> FuturesUnordered<LocalBoxFuture<'a, ApiFault>> {
        let streams = FuturesUnordered::new();
        for (area, listed) in &self.areas {
            let out = sender.clone();
            let labels = self.labels.as_deref();
            streams.push(Box::pin(async move { cluster.follow_pods(area, labels, &out).await })
                as LocalBoxFuture<'a, ApiFault>);
            let out = sender.clone();
            streams.push(Box::pin(async move {
                // Only when it is known whose they are: most are of pods that are well.
                listed.notified().await;
                cluster.follow_events(area, &out).await;
                future::pending().await
            }));
        }
        let mut kinds: BTreeMap<(&Kind, &str), Vec<&str>> = BTreeMap::new();
        for (named, namespace) in &self.workloads {
            if named.kind != Kind::Pod {
                kinds.entry((&named.kind, namespace)).or_default().push(&named.name);
            }
        }
        for ((kind, namespace), names) in kinds {
            let out = sender.clone();
            streams.push(Box::pin(async move {
                let only = match names.as_slice() {
                    [name] => Some(*name),
                    _ => None,
                };
                cluster.follow_workloads(kind, namespace, only, &out).await
            }));
        }
        streams
    }
}

/// A wait under way.
struct Wait<'a> {
    cluster: &'a Cluster,
    tracker: Tracker,
    watched: &'a Watched,
    /// Areas whose first list of pods is not complete.
    unlisted: BTreeSet<Area>,
    /// Workloads to be looked for, by their place among the targets.
    unresolved: BTreeSet<usize>,
    /// Workloads that have been looked for at least once.
    resolved: BTreeSet<usize>,
    /// Owners of pods that were met: a new one may belong to a workload of an unknown kind.
    owners: BTreeSet<(String, String)>,
    /// Areas whose pods cannot be seen for the time being: since when, and why.
    blind: BTreeMap<Area, (Time, String)>,
    progress: Progress,
    receiver: Receiver<Seen>,
}

impl Wait<'_> {
    /// Waits for the decision until then.
    async fn until(&mut self, end: Time) -> Result<WaitOutcome, Error> {
        loop {
            // A server that does not answer must not keep it from ending in time.
            let left = (end - Utc::now()).to_std().unwrap_or_default();
            if let Ok(resolved) = tokio::time::timeout(left, self.resolve()).await {
                resolved?;
            }
            let now = Utc::now();
            let news = self.tracker.take_news();
            self.progress.tell(&news, &self.tracker, now);
            let decision = self.tracker.decide(now);
            let is_ready =
                self.unlisted.is_empty() && self.resolved.len() == self.watched.workloads.len();
            let mut wake = end;
            match decision {
                Decision::Pulled if is_ready => return Ok(WaitOutcome::Pulled),
                Decision::Failed if is_ready => return Ok(WaitOutcome::Failed),
                Decision::Wait { until: Some(due) } => wake = wake.min(due),
                _ => {}
            }
            if now >= end {
                return Ok(self.tracker.outcome());
            }
            let mut pause = (wake - now).to_std().unwrap_or_default();
            if self.progress.ticks() {
                pause = pause.min(TICK);
            }
            tokio::select! {
                seen = self.receiver.recv() => {
                    if let Some(seen) = seen {
                        self.take(seen);
                    }
                    // What has come in the meantime is one change.
                    while let Ok(seen) = self.receiver.try_recv() {
                        self.take(seen);
                    }
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn take(&mut self, seen: Seen) {
        let now = Utc::now();
        match seen {
            Seen::Pods(area, change) => match change {
                Change::Anew => self.tracker.begin(&area),
                Change::Is(pod) => {
                    if let Some(owner) = &pod.owner
                        && self.owners.insert((owner.kind.clone(), owner.name.clone()))
                    {
                        self.resolve_strangers();
                    }
                    self.tracker.apply(*pod, now);
                }
                Change::Gone(pod) => {
                    self.tracker.delete(&pod.name, &pod.uid, pod.version, now);
                }
                Change::Listed => {
                    self.tracker.listed(&area, now);
                    self.unlisted.remove(&area);
                    if let Some(listed) = self.watched.areas.get(&area) {
                        listed.notify_one();
                    }
                }
                Change::Blind(why) => {
                    self.progress.note(&format!("cannot see pods: {why}"), now);
                    self.blind.insert(area, (now, why));
                }
                Change::Seeing => {
                    self.progress.note("can see pods again", now);
                    self.blind.remove(&area);
                }
                Change::Nothing => {}
            },
            Seen::Events(area, change) => match change {
                Change::Is(told) => self.tracker.apply_event(&told.name, &told.event, now),
                Change::Anew => self.tracker.begin_events(&area),
                Change::Listed => self.tracker.events_listed(&area, now),
                Change::Gone(_) | Change::Blind(_) | Change::Seeing | Change::Nothing => {}
            },
            Seen::EventsUnseen(area, why) => self.tracker.events_unseen(&area, why, now),
            Seen::Workload(kind, name) => {
                let hit =
                    self.watched.workloads.iter().enumerate().filter(|(_, (named, there))| {
                        named.kind == kind && named.name == name.name && *there == name.namespace
                    });
                self.unresolved.extend(hit.map(|(number, _)| number));
            }
            // The streams tell in time when nothing can be seen.
            Seen::Server(_) => {}
        }
    }

    /// What could not be seen at the end.
    fn unseen(&self, now: Time) -> impl Iterator<Item = Limitation> {
        self.blind.iter().map(move |(area, (since, why))| {
            let place = match area {
                Some(namespace) => format!("the pods of namespace {namespace}"),
                None => "the pods of the cluster".to_owned(),
            };
            let age = duration::brief((now - *since).num_seconds());
            Limitation {
                missing: format!("{place}, for the last {age}: {why}"),
                effect: "what has changed since then is not known".to_owned(),
            }
        })
    }

    /// A workload of a kind that nobody here knows is found by the owners of its pods: a new owner
    /// is a reason to look again.
    fn resolve_strangers(&mut self) {
        let strangers = self.watched.workloads.iter().enumerate();
        let strangers =
            strangers.filter(|(_, (named, _))| matches!(named.kind, Kind::Other { .. }));
        self.unresolved.extend(strangers.map(|(number, _)| number));
    }

    /// Looks for the workloads that have changed.
    async fn resolve(&mut self) -> Result<(), Error> {
        let numbers = std::mem::take(&mut self.unresolved);
        let (cluster, watched) = (self.cluster, self.watched);
        let found = numbers.into_iter().map(|number| async move {
            let (named, namespace) = &watched.workloads[number];
            let found = cluster.find_workload(named, namespace, Revisions::Newest).await;
            (number, found)
        });
        let found = future::join_all(found).await;
        for (number, found) in found {
            let expected = match found {
                Ok(Some(found)) => found.expected,
                Ok(None) => Expected::unknown("it does not exist"),
                Err(fault) if self.resolved.contains(&number) && may_pass(&fault) => {
                    // The stream that told of it will tell again once the server is back.
                    self.unresolved.insert(number);
                    tokio::time::sleep(TICK).await;
                    continue;
                }
                Err(fault) => return Err(fault.into()),
            };
            self.resolved.insert(number);
            self.tracker.expect(number, expected, Utc::now());
        }
        Ok(())
    }
}

/// Whether the API server may answer the same question later.
fn may_pass(fault: &ApiFault) -> bool {
    !matches!(
        fault,
        ApiFault::Forbidden { .. }
            | ApiFault::Unauthorized { .. }
            | ApiFault::NoSuchResource { .. }
            | ApiFault::NoSuchKind { .. }
            | ApiFault::Credential { .. }
    )
}
