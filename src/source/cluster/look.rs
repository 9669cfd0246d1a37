//! The first look: the pods asked for, and their events. A pod that is well costs two requests.

use std::collections::{BTreeMap, BTreeSet};

use futures::future;
use serde::de::DeserializeOwned;

use super::Cluster;
use super::ask::{Ask, EVENTS, PODS};
use super::transport::Transport;
use crate::error::{ApiFault, Error};
use crate::facts::{Event, Facts, ObjectName, Origin, Pod, Time, Unseen};
use crate::source::wire::protobuf::Message;
use crate::source::wire::{self, List};

/// Objects in one page of a list.
pub(super) const PAGE: usize = 500;
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

/// Where in a list one is.
struct Pages {
    ask: Ask,
    token: String,
    started_again: bool,
    is_done: bool,
}

impl Pages {
    fn of(ask: &Ask) -> Self {
        let ask = ask.clone().limit(PAGE);
        Self { ask, token: String::new(), started_again: false, is_done: false }
    }

    /// What to ask for next.
    fn next(&self) -> Option<Ask> {
        let page = || match self.token.as_str() {
            "" => self.ask.clone(),
            token => self.ask.clone().after(token),
        };
        (!self.is_done).then(page)
    }

    /// A page was read. A server that sends empty pages for ever is not asked for ever.
    fn after(&mut self, token: String, is_empty: bool) {
        self.is_done = token.is_empty() || is_empty;
        self.token = token;
    }

    /// The token has expired: what was read so far is of an older state. Once, not for ever.
    fn begin_anew(&mut self, fault: ApiFault) -> Result<(), ApiFault> {
        let is_stale = matches!(fault, ApiFault::Gone { .. }) && !self.token.is_empty();
        if !is_stale || std::mem::replace(&mut self.started_again, true) {
            return Err(fault);
        }
        self.token.clear();
        Ok(())
    }
}

impl Transport {
    /// Reads a list to its end and hands over each object as its page comes; None stands for
    /// "forget what you have", when the list had to be begun anew.
    pub(super) async fn each<W: DeserializeOwned>(
        &self,
        ask: &Ask,
        mut take: impl FnMut(Option<W>),
    ) -> Result<(), ApiFault> {
        let mut pages = Pages::of(ask);
        while let Some(page) = pages.next() {
            let list = match self.fetch::<List<W>>(&page).await {
                Ok(list) => list,
                Err(fault) => {
                    pages.begin_anew(fault)?;
                    take(None);
                    continue;
                }
            };
            let is_empty = list.items.is_empty();
            list.items.into_iter().for_each(|item| take(Some(item)));
            pages.after(list.metadata.continue_token, is_empty);
        }
        Ok(())
    }

    /// The same in the binary form, for lists that may be large: an object at a time, and no more
    /// than one page at once. What cannot be decoded is asked for again as JSON, which every server
    /// speaks.
    pub(super) async fn each_binary<W: DeserializeOwned + Message>(
        &self,
        ask: &Ask,
        mut take: impl FnMut(Option<W>),
    ) -> Result<(), ApiFault> {
        let mut pages = Pages::of(&ask.clone().binary());
        while let Some(page) = pages.next() {
            let mut is_empty = true;
            let read = self.page::<W>(&page, |item| {
                is_empty = false;
                take(Some(item));
            });
            match read.await {
                Ok(metadata) => pages.after(metadata.continue_token, is_empty),
                Err(ApiFault::Undecodable { .. }) => {
                    take(None);
                    return self.each(ask, take).await;
                }
                Err(fault) => {
                    pages.begin_anew(fault)?;
                    take(None);
                }
            }
        }
        Ok(())
    }

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
        let ask = ask.clone().limit(PAGE);
        let mut items = Vec::new();
        let mut token = String::new();
        let mut started_again = false;
        loop {
            let page = if token.is_empty() { ask.clone() } else { ask.clone().after(&token) };
            let list = match self.fetch::<List<W>>(&page).await {
                Ok(list) => list,
                // The token has expired. What was read so far is of an older state: begin anew.
                Err(ApiFault::Gone { .. }) if !token.is_empty() && !started_again => {
                    started_again = true;
                    token.clear();
                    items.clear();
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            let is_empty = list.items.is_empty();
            items.extend(list.items.into_iter().map(T::from));
            token = list.metadata.continue_token;
            // A server that sends empty pages for ever is not asked for ever.
            if token.is_empty() || is_empty {
                return Ok(Read { items, is_complete: token.is_empty() });
            }
            if items.len() >= most {
                items.truncate(most);
                return Ok(Read { items, is_complete: false });
            }
        }
    }
}
