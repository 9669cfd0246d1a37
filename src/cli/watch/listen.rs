//! The streams of a watch, and what keeps them going: a stream that ends is begun again, and a
//! credential that has expired is got anew.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::error::{ApiFault, Error};
use crate::facts::{Origin, Time};
use crate::source::cluster::{Change, Cluster, ClusterOptions, Environment, Seen};
use crate::track::{Area, Contact, Sense};

/// Changes that may be under way at once; the streams wait for the board.
const CHANGES: usize = 256;
/// The pause before a stream that has ended is begun again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// The pause before events are asked for again that may not be read: rights may be granted later.
const EVENTS_PAUSE: Duration = Duration::from_mins(1);

/// The cluster as it is reached now; another connection takes its place when the credential expires.
type Current = Rc<RefCell<Rc<Cluster>>>;

/// What is listened to.
pub(super) struct Listening {
    options: ClusterOptions,
    current: Current,
    area: Area,
    labels: Option<String>,
    sender: Sender<Seen>,
    receiver: Receiver<Seen>,
    /// Each gives why it has ended.
    streams: FuturesUnordered<LocalBoxFuture<'static, ApiFault>>,
    /// Whether the pods are watched: before that, what is wrong is wrong for good.
    is_begun: bool,
    /// Whether the events are followed.
    has_events: bool,
    /// The pause before the pods are followed again.
    pause: Duration,
}

impl Listening {
    /// Finds the way to the cluster, and begins.
    pub(super) async fn begin(
        options: ClusterOptions,
        all: bool,
        labels: Option<String>,
    ) -> Result<Self, Error> {
        let cluster = Cluster::connect(&options).await?;
        let area = (!all).then(|| cluster.namespace().to_owned());
        let (sender, receiver) = mpsc::channel(CHANGES);
        let mut listening = Self {
            options,
            current: Rc::new(RefCell::new(Rc::new(cluster))),
            area,
            labels,
            sender,
            receiver,
            streams: FuturesUnordered::new(),
            is_begun: false,
            has_events: false,
            pause: FIRST_PAUSE,
        };
        listening.follow_pods(None);
        listening.follow_server();
        Ok(listening)
    }

    /// Tells what is listened to.
    pub(super) fn open(&self, contact: &mut Contact, now: Time) {
        contact.open(Sense::Pods, &self.area, now);
        contact.open(Sense::Events, &self.area, now);
    }

    /// The cluster as it is reached now.
    pub(super) fn cluster(&self) -> Rc<Cluster> {
        self.current.borrow().clone()
    }

    /// Where facts come from.
    pub(super) fn origin(&self) -> Origin {
        self.cluster().origin()
    }

    /// What is watched, in words.
    pub(super) fn scope(&self) -> String {
        let place = match &self.area {
            Some(namespace) => format!("namespace {namespace}"),
            None => "all namespaces".to_owned(),
        };
        let labels = self.labels.as_ref().map(|labels| format!(", pods with {labels}"));
        format!("{place}{} of {}", labels.unwrap_or_default(), self.origin())
    }

    /// Waits for what is to be seen next, and takes what has come with it.
    ///
    /// Fails if the pods cannot be watched from the beginning.
    pub(super) async fn hear(&mut self) -> Result<Vec<Seen>, Error> {
        tokio::select! {
            Some(seen) = self.receiver.recv() => {
                let mut all = vec![seen];
                while all.len() < CHANGES && let Ok(seen) = self.receiver.try_recv() {
                    all.push(seen);
                }
                for seen in &all {
                    match seen {
                        Seen::Pods(_, Change::Listed) => {
                            self.pause = FIRST_PAUSE;
                            // Events of pods that are known are not kept in case they come.
                            if !std::mem::replace(&mut self.has_events, true) {
                                self.follow_events();
                            }
                        }
                        Seen::Pods(_, Change::Nothing) => self.is_begun = true,
                        _ => {}
                    }
                }
                Ok(all)
            }
            Some(fault) = self.streams.next() => {
                // A credential that was good enough to list has expired since.
                let has_expired = self.has_events && is_about_credential(&fault);
                if !self.is_begun && !has_expired {
                    return Err(fault.into());
                }
                let why = fault.to_string();
                self.follow_pods(Some(fault));
                Ok(vec![Seen::Pods(self.area.clone(), Change::Blind(why))])
            }
        }
    }

    /// Follows the pods; after a stream has ended with that fault, not at once.
    fn follow_pods(&mut self, after: Option<ApiFault>) {
        let (current, options) = (Rc::clone(&self.current), self.options.clone());
        let (area, labels, out) = (self.area.clone(), self.labels.clone(), self.sender.clone());
        let pause = self.pause;
        if after.is_some() {
            self.pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.streams.push(Box::pin(async move {
            if let Some(fault) = after {
                tokio::time::sleep(pause).await;
                if is_about_credential(&fault) {
                    reconnect(&current, &options).await;
                }
            }
            let cluster = current.borrow().clone();
            cluster.follow_pods(&area, labels.as_deref(), &out).await
        }));
    }

    fn follow_events(&self) {
        let (current, options) = (Rc::clone(&self.current), self.options.clone());
        let (area, out) = (self.area.clone(), self.sender.clone());
        self.streams.push(Box::pin(async move {
            loop {
                let cluster = current.borrow().clone();
                let fault = cluster.follow_events(&area, &out).await;
                if is_about_credential(&fault) {
                    tokio::time::sleep(LONGEST_PAUSE).await;
                    // The pods' stream may have done so by now.
                    if Rc::ptr_eq(&cluster, &current.borrow()) {
                        reconnect(&current, &options).await;
                    }
                } else {
                    tokio::time::sleep(EVENTS_PAUSE).await;
                }
            }
        }));
    }

    fn follow_server(&self) {
        let (current, out) = (Rc::clone(&self.current), self.sender.clone());
        self.streams.push(Box::pin(async move {
            let mut was_there = true;
            loop {
                let cluster = current.borrow().clone();
                cluster.ask_server(&mut was_there, &out).await;
            }
        }));
    }
}

/// Whether another credential may help.
fn is_about_credential(fault: &ApiFault) -> bool {
    matches!(fault, ApiFault::Unauthorized { .. } | ApiFault::Credential { .. })
}

/// Finds the way to the cluster anew: a token file may have been written since, a credential plugin
/// may give another token. Where that fails, things stay as they are.
async fn reconnect(current: &Current, options: &ClusterOptions) {
    // Nobody is there to answer a plugin's questions by now.
    let environment = Environment { stdin_is_terminal: false, ..Environment::of_process() };
    if let Ok(cluster) = Cluster::connect_within(options, &environment).await {
        *current.borrow_mut() = Rc::new(cluster);
    }
}
