//! The first look: the pods asked for, and their events. A pod that is well costs two requests.

use std::collections::{BTreeMap, BTreeSet};

use futures::future;
use serde::de::DeserializeOwned;

use super::Cluster;
use super::ask::{Ask, EVENTS, PODS};
use super::pages::{PAGE, Pages, Turn};
use super::transport::Transport;
use crate::error::{ApiFault, Error};
use crate::facts::{Event, Facts, ObjectName, Origin, Pod, Time, Unseen};
use crate::source::wire;

/// A list of many pages has the time of so many requests: a minute unless `--request-timeout` says
/// otherwise.
const LIST_SHARE: u32 = 4;
/// Events read for pods that were not named: a quiet cluster's last hour, or the newest page of a
/// storm many times over.
const MOST_EVENTS: usize = 20 * PAGE;
/// Pods read by selector; no cluster is larger (its limit is 150,000).
const MOST_PODS: usize = 150_000;

/// Where to look for pods that are not named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// In one namespace.
    Namespace(String),
    /// In all of them.
    All,
}

impl Scope {
    fn namespace(&self) -> Option<&str> {
        match self {
            Self::Namespace(namespace) => Some(namespace),
            Self::All => None,
        }
    }
}

/// Which pods to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Those of these names.
    Named {
        /// Their namespace.
        namespace: String,
        /// Their names.
        names: Vec<String>,
    },
    /// All in a scope, or those that a label selector picks.
    Selected {
        /// Where.
        scope: Scope,
        /// As in `kubectl -l`.
        labels: Option<String>,
    },
}

/// What the first look gave.
#[derive(Debug, Clone, Default)]
pub struct FirstLook {
    /// The pods that exist: in the order of their names as asked for, or in the server's order.
    pub pods: Vec<Pod>,
    /// Pods asked for by name that do not exist.
    pub missing: Vec<ObjectName>,
    /// Events about pods of those names, of former pods of the same name too.
    pub events: Vec<Event>,
    /// For each namespace looked in, whether its events could be read.
    pub events_seen: BTreeMap<String, Result<(), Unseen>>,
}

impl FirstLook {
    /// The facts so far.
    pub fn into_facts(self, now: Time, origin: Origin) -> Facts {
        let mut facts = Facts::new(now, origin);
        facts.pods = self.pods;
        facts.events = self.events;
        facts.events_seen = self.events_seen;
        facts
    }
}

impl Cluster {
    /// Reads pods and their events, side by side.
    ///
    /// Fails with [`Error::Api`] when the pods cannot be read. A pod that does not exist, or events
    /// that cannot be read, are part of the answer.
    pub async fn first_look(&self, wanted: &Wanted) -> Result<FirstLook, Error> {
        match wanted {
            Wanted::Named { namespace, names } => self.look_at_named(namespace, names).await,
            Wanted::Selected { scope, labels } => {
                self.look_at_selected(scope, labels.as_deref()).await
            }
        }
    }

    async fn look_at_named(&self, namespace: &str, names: &[String]) -> Result<FirstLook, Error> {
        let each = names.iter().map(|name| async move {
            let name = ObjectName::new(namespace, name.as_str());
            let pod = async {
                match self.transport.fetch::<wire::Pod>(&Ask::get(PODS, &name)).await {
                    Ok(pod) => Ok(Some(Pod::from(pod))),
                    Err(ApiFault::NotFound { .. }) => Ok(None),
                    Err(fault) => Err(fault),
                }
            };
            let events = async { Ok(self.events_of(&name).await) };
            let (pod, events) = future::try_join(pod, events).await?;
            Ok::<_, ApiFault>((name.clone(), pod, events))
        });

        let mut look = FirstLook::default();
        for (name, pod, events) in future::try_join_all(each).await? {
            match pod {
                Some(pod) => look.pods.push(pod),
                None => look.missing.push(name),
            }
            look.add_events(namespace, events);
        }
        Ok(look)
    }

    pub(super) async fn events_of(&self, pod: &ObjectName) -> Result<Vec<Event>, Unseen> {
        let selector = format!("involvedObject.name={},involvedObject.kind=Pod", pod.name);
        let ask = Ask::list(EVENTS, Some(&pod.namespace)).fields(selector);
        self.transport.list::<wire::Event, Event>(&ask, MOST_EVENTS).await.events(&ask)
    }

    async fn look_at_selected(
        &self,
        scope: &Scope,
        labels: Option<&str>,
    ) -> Result<FirstLook, Error> {
        let pods = Ask::list(PODS, scope.namespace()).labels(labels);
        let events = Ask::list(EVENTS, scope.namespace()).fields("involvedObject.kind=Pod");
        let (pods, read) =
            future::try_join(self.transport.list::<wire::Pod, Pod>(&pods, MOST_PODS), async {
                Ok(self.transport.list::<wire::Event, Event>(&events, MOST_EVENTS).await)
            })
            .await?;

        let pods = pods.items;
        let namespaces: BTreeSet<&str> = scope
            .namespace()
            .into_iter()
            .chain(pods.iter().map(|pod| pod.name.namespace.as_str()))
            .collect();
        let asked: BTreeSet<&ObjectName> = pods.iter().map(|pod| &pod.name).collect();
        let read = read.events(&events);
        let seen = read.as_ref().map(|_| ()).map_err(Clone::clone);
        let events_seen =
            namespaces.into_iter().map(|namespace| (namespace.to_owned(), seen.clone())).collect();
        let events = read
            .unwrap_or_default()
            .into_iter()
            .filter(|event| {
                let about = &event.about;
                asked.contains(&ObjectName::new(about.namespace.as_str(), about.name.as_str()))
            })
            .collect();
        Ok(FirstLook { events, events_seen, missing: Vec::new(), pods })
    }
}

impl FirstLook {
    fn add_events(&mut self, namespace: &str, events: Result<Vec<Event>, Unseen>) {
        let seen = match events {
            Ok(events) => {
                self.events.extend(events);
                Ok(())
            }
            Err(why) => Err(why),
        };
        let entry = self.events_seen.entry(namespace.to_owned()).or_insert(Ok(()));
        if entry.is_ok() {
            *entry = seen;
        }
    }
}

/// A list, read page by page.
pub(super) struct Read<T> {
    pub(super) items: Vec<T>,
    /// Whether there were no more than were asked for.
    pub(super) is_complete: bool,
}

/// Events: too many of them are as bad as none that could be read, unless it is said.
trait Events {
    fn events(self, ask: &Ask) -> Result<Vec<Event>, Unseen>;
}

impl Events for Result<Read<Event>, ApiFault> {
    fn events(self, ask: &Ask) -> Result<Vec<Event>, Unseen> {
        match self {
            Ok(read) if read.is_complete => Ok(read.items),
            Ok(read) => Err(Unseen::Failed(format!("more than {} events", read.items.len()))),
            Err(fault) => Err(ask.unseen(&fault)),
        }
    }
}

impl Transport {
    /// Reads a list to its end, or until `most` objects were read, and turns each object into what
    /// the facts hold of it as it comes. Slow pages do not add up without end.
    pub(super) async fn list<W, T>(&self, ask: &Ask, most: usize) -> Result<Read<T>, ApiFault>
    where
        W: DeserializeOwned,
        T: From<W>,
    {
        let reading = self.list_patiently(ask, most);
        let Some(limit) = self.limit().map(|limit| limit * LIST_SHARE) else {
            return reading.await;
        };
        let read = tokio::time::timeout(limit, reading).await;
        read.unwrap_or_else(|_| Err(self.timed_out(limit)))
    }

    async fn list_patiently<W, T>(&self, ask: &Ask, most: usize) -> Result<Read<T>, ApiFault>
    where
        W: DeserializeOwned,
        T: From<W>,
    {
        let mut pages = Pages::of(ask);
        let mut items = Vec::new();
        while let Some(page) = pages.next() {
            let (read, page) = self.json_page::<W>(&page).await;
            match pages.took(read, page.len())? {
                Turn::Page => items.extend(page.into_iter().map(T::from)),
                Turn::Anew => items.clear(),
            }
            if items.len() >= most && !pages.is_complete() {
                items.truncate(most);
                break;
            }
        }
        Ok(Read { items, is_complete: pages.is_complete() })
    }
}
