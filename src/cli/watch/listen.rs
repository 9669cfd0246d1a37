//! The streams of a watch, and what keeps them going: a stream that ends is begun again, and a
//! credential that has expired is got anew.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{LocalBoxFuture, pending};
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::error::{ApiFault, Error};
use crate::facts::{Origin, Time};
use crate::source::cluster::{Change, Cluster, ClusterOptions, Environment, Seen};
use crate::track::{Area, Contact, Sense};

/// Changes that may be under way at once; the streams wait for the board.
const CHANGES: usize = 256;
/// The pause before a stream that has ended is begun again.
const PAUSE: Duration = Duration::from_secs(15);

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
    /// Whether the pods were listed once: before that, what is wrong is wrong for good.
    is_begun: bool,
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
        let listening = Self {
            options,
            current: Rc::new(RefCell::new(Rc::new(cluster))),
            area,
            labels,
            sender,
            receiver,
            streams: FuturesUnordered::new(),
            is_begun: false,
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
        loop {
            tokio::select! {
                Some(seen) = self.receiver.recv() => {
                    let mut all = vec![seen];
                    while all.len() < CHANGES && let Ok(seen) = self.receiver.try_recv() {
                        all.push(seen);
                    }
                    let is_listed = |seen: &Seen| matches!(seen, Seen::Pods(_, Change::Listed));
                    // Events only when it is known whose they are: most are of pods that are well.
                    if !self.is_begun && all.iter().any(is_listed) {
                        self.is_begun = true;
                        self.follow_events();
                    }
                    return Ok(all);
                }
                Some(fault) = self.streams.next() => {
                    if !self.is_begun {
                        return Err(fault.into());
                    }
                    let why = fault.to_string();
                    self.follow_pods(Some(fault));
                    return Ok(vec![Seen::Pods(self.area.clone(), Change::Blind(why))]);
                }
            }
        }
    }

    /// Follows the pods; after a stream has ended with that fault, not at once.
    fn follow_pods(&self, after: Option<ApiFault>) {
        let (current, options) = (Rc::clone(&self.current), self.options.clone());
        let (area, labels, out) = (self.area.clone(), self.labels.clone(), self.sender.clone());
        self.streams.push(Box::pin(async move {
            if let Some(fault) = after {
                tokio::time::sleep(PAUSE).await;
                if matches!(fault, ApiFault::Unauthorized { .. } | ApiFault::Credential { .. }) {
                    reconnect(&current, &options).await;
                }
            }
            let cluster = current.borrow().clone();
            cluster.follow_pods(&area, labels.as_deref(), &out).await
        }));
    }

    fn follow_events(&self) {
        let (current, area, out) =
            (Rc::clone(&self.current), self.area.clone(), self.sender.clone());
        self.streams.push(Box::pin(async move {
            loop {
                let cluster = current.borrow().clone();
                cluster.follow_events(&area, &out).await;
                // Rights may be granted later.
                tokio::time::sleep(PAUSE * 4).await;
            }
        }));
    }

    fn follow_server(&self) {
        let (current, out) = (Rc::clone(&self.current), self.sender.clone());
        self.streams.push(Box::pin(async move {
            let cluster = current.borrow().clone();
            cluster.follow_server(&out).await;
            pending().await
        }));
    }
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
