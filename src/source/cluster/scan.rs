//! A look over many pods: page by page, object by object, keeping only what may fail.
//!
//! A page is the most that is ever held of healthy pods. Events are read for the pods that may fail
//! and for no others: one list when there are many, one a pod when there are few.

use std::collections::{BTreeMap, BTreeSet};

use futures::future;

use super::Cluster;
use super::ask::{Ask, EVENTS, PODS};
use crate::error::{ApiFault, Error};
use crate::facts::{Event, Facts, ObjectName, Origin, Pod, Time, Unseen};
use crate::scope::Members;
use crate::source::wire;
use crate::survey::Survey;

/// Up to so many pods in a scope, each one's events are asked for by its name. The server reads all
/// events of the namespace for every such question, so this is for few.
const FEW: usize = 4;
/// Events kept of one pod, and of all pods together.
const MOST_EVENTS_OF_POD: usize = 40;
const MOST_EVENTS: usize = 50_000;

/// What healthy pods are full of, and nothing about images can be learned from: the server leaves
/// it out. `Pulled` and `Pulling` stay: they end or begin what a failure is part of.
pub(super) const NOT_THESE: &str = "involvedObject.kind=Pod,reason!=Scheduled,reason!=Created,\
                         reason!=Started,reason!=Killing,reason!=Unhealthy,\
                         reason!=FailedScheduling";

/// Pods to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pods {
    /// Where; none for all namespaces.
    pub namespace: Option<String>,
    /// As in `kubectl -l`.
    pub labels: Option<String>,
    /// Which of those.
    pub members: Members,
}

/// What a scan gave.
#[derive(Debug, Clone, Default)]
pub struct Scanned {
    /// Pods that may fail.
    pub pods: Vec<Pod>,
    /// Their events.
    pub events: Vec<Event>,
    /// For each namespace that was looked in, whether its events could be read.
    pub events_seen: BTreeMap<String, Result<(), Unseen>>,
    /// What was seen of all pods.
    pub survey: Survey,
}

impl Scanned {
    /// Nothing yet. `survey` is where to count.
    pub fn new(survey: Survey) -> Self {
        Self { survey, ..Self::default() }
    }

    /// The facts so far, and what was seen of the other pods.
    pub fn into_facts(self, now: Time, origin: Origin) -> (Facts, Survey) {
        let mut facts = Facts::new(now, origin);
        facts.pods = self.pods;
        facts.events = self.events;
        facts.events_seen = self.events_seen;
        (facts, self.survey)
    }
}

impl Cluster {
    /// Looks over pods, then reads the events of those that may fail. What is seen is in `scanned`
    /// as soon as it is: whoever gives up waiting still has it.
    ///
    /// Fails with [`Error::Api`] when the pods cannot be read.
    pub async fn scan(&self, scopes: &[Pods], scanned: &mut Scanned) -> Result<(), Error> {
        // One pod can be of several scopes, and counts once.
        let mut known = BTreeSet::new();
        let several = scopes.len() > 1;
        for scope in scopes {
            let before = (scanned.pods.len(), scanned.survey.clone());
            let mut added: Vec<ObjectName> = Vec::new();
            self.transport
                .each_binary::<wire::Pod>(&scope.ask(), |pod| {
                    let Some(pod) = pod else {
                        scanned.pods.truncate(before.0);
                        scanned.survey = before.1.clone();
                        added.drain(..).for_each(|name| {
                            known.remove(&name);
                        });
                        return;
                    };
                    let pod = Pod::from(pod);
                    if !scope.members.include(&pod) {
                        return;
                    }
                    if several {
                        if !known.insert(pod.name.clone()) {
                            return;
                        }
                        added.push(pod.name.clone());
                    }
                    scanned.pods.extend(scanned.survey.see(pod));
                })
                .await?;
        }
        self.read_events(scanned).await;
        Ok(())
    }

    /// Reads the events of the pods that may fail.
    async fn read_events(&self, scanned: &mut Scanned) {
        let names: BTreeSet<ObjectName> = scanned.pods.iter().map(|pod| pod.name.clone()).collect();
        let namespaces: BTreeSet<&str> = names.iter().map(|name| name.namespace.as_str()).collect();
        if names.len() <= FEW {
            let each = names.iter().map(|name| async move { (name, self.events_of(name).await) });
            for (name, events) in future::join_all(each).await {
                let seen = events.as_ref().map(|_| ()).map_err(Clone::clone);
                scanned.events.extend(events.unwrap_or_default());
                let entry = scanned.events_seen.entry(name.namespace.clone()).or_insert(Ok(()));
                if entry.is_ok() {
                    *entry = seen;
                }
            }
            return;
        }
        // One list of all namespaces costs the server less than one of each, once there are a few.
        let everywhere = namespaces.len() > FEW;
        let wholes: Vec<Option<&str>> = if everywhere {
            vec![None]
        } else {
            namespaces.iter().map(|namespace| Some(*namespace)).collect()
        };
        let names = &names;
        let reads = wholes.into_iter().map(|namespace| async move {
            (namespace.map(str::to_owned), self.events_about(namespace, names).await)
        });
        for (namespace, read) in future::join_all(reads).await {
            let seen = read.as_ref().map(|_| ()).map_err(Clone::clone);
            scanned.events.extend(read.unwrap_or_default());
            let hit = namespaces.iter().filter(|it| namespace.as_deref().is_none_or(|n| n == **it));
            for name in hit {
                scanned.events_seen.insert((*name).to_owned(), seen.clone());
            }
        }
    }

    /// The events about these pods among all of a namespace, or of the cluster.
    async fn events_about(
        &self,
        namespace: Option<&str>,
        names: &BTreeSet<ObjectName>,
    ) -> Result<Vec<Event>, Unseen> {
        let ask = Ask::list(EVENTS, namespace).fields(NOT_THESE);
        let mut events: Vec<Event> = Vec::new();
        let mut counts: BTreeMap<ObjectName, usize> = BTreeMap::new();
        let read = self.transport.each_binary::<wire::Event>(&ask, |event| {
            let Some(event) = event else {
                events.clear();
                counts.clear();
                return;
            };
            let event = Event::from(event);
            let about = ObjectName::new(event.about.namespace.as_str(), event.about.name.as_str());
            if !names.contains(&about) || events.len() >= MOST_EVENTS {
                return;
            }
            let count = counts.entry(about).or_default();
            *count += 1;
            if *count <= MOST_EVENTS_OF_POD {
                events.push(event);
            }
        });
        match read.await {
            Ok(()) => Ok(events),
            Err(fault @ ApiFault::Forbidden { .. }) if namespace.is_none() => {
                // Rights may be given by namespace.
                self.events_by_namespace(names).await.ok_or_else(|| ask.unseen(&fault))
            }
            Err(fault) => Err(ask.unseen(&fault)),
        }
    }

    /// The same, asked for namespace by namespace; none if none of them may be read.
    async fn events_by_namespace(&self, names: &BTreeSet<ObjectName>) -> Option<Vec<Event>> {
        let namespaces: BTreeSet<&str> = names.iter().map(|name| name.namespace.as_str()).collect();
        let reads = namespaces
            .into_iter()
            .map(|namespace| Box::pin(self.events_about(Some(namespace), names)));
        let mut events = None;
        for read in future::join_all(reads).await.into_iter().flatten() {
            events.get_or_insert_with(Vec::new).extend(read);
        }
        events
    }
}

impl Pods {
    pub(super) fn ask(&self) -> Ask {
        let ask = Ask::list(PODS, self.namespace.as_deref()).labels(self.labels.as_deref());
        match &self.members {
            Members::Named(name) => ask.fields(format!("metadata.name={name}")),
            _ => ask,
        }
    }
}
