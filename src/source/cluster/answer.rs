//! Answers the diagnosis's questions, all at once, and writes the answers into the facts.
//!
//! An answer is never an error: what could not be seen is a fact too. A Forbidden stays a
//! Forbidden, and only the server's "not found" is an absence.

use std::collections::BTreeSet;

use futures::future;
use serde::de::DeserializeOwned;

use super::Cluster;
use super::ask::{Ask, EVENTS, NODES, PODS, SECRETS, SERVICE_ACCOUNTS, owner_resource};
use super::pages::PAGE;
use crate::credentials::PullSecret;
use crate::error::{ApiFault, Error};
use crate::facts::{
    Event, Facts, Lookup, Node, ObjectName, Owner, OwnerKey, Pod, ServiceAccount, Unseen,
};
use crate::question::Question;
use crate::source::wire::{self, List};

/// The two types of secrets that a kubelet takes for pulling. Asked for by type, so that no other
/// secret leaves the server.
const PULL_SECRET_TYPES: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];
/// Pull secrets read in one namespace, of each type.
const MOST_HERE: usize = 5_000;
/// Pull secrets read in the whole cluster, of each type.
const MOST_ELSEWHERE: usize = 2_000;

/// What one question brought.
enum Answer {
    ServiceAccount(ObjectName, Lookup<ServiceAccount>),
    Node(String, Lookup<Node>),
    Owner(OwnerKey, Lookup<Owner>),
    Secret(ObjectName, Lookup<PullSecret>),
    PullSecrets(String, Secrets),
    PullSecretsElsewhere(Secrets),
    Neighbours { namespace: String, pods: Vec<Pod>, events: Vec<Event>, seen: Result<(), Unseen> },
}

/// The secrets that were seen, and whether these are all.
struct Secrets {
    found: Vec<PullSecret>,
    seen: Result<(), Unseen>,
}

impl Cluster {
    /// Looks up what is asked, side by side, and puts every answer into `facts`, so that no
    /// question stays open: what could not be seen is entered with the reason.
    pub async fn answer(&self, questions: &BTreeSet<Question>, facts: &mut Facts) {
        let answers = questions.iter().map(|question| self.look_up(question));
        for answer in future::join_all(answers).await {
            enter(answer, facts);
        }
    }

    /// One secret, whatever its type; None if it does not exist. Fails with [`Error::Api`] when it
    /// could not be read.
    pub async fn secret(&self, name: &ObjectName) -> Result<Option<PullSecret>, Error> {
        match self.transport.fetch::<wire::Secret>(&Ask::get(SECRETS, name)).await {
            Ok(secret) => Ok(Some(PullSecret::from(secret))),
            Err(ApiFault::NotFound { .. }) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn look_up(&self, question: &Question) -> Answer {
        match question {
            Question::ServiceAccount(name) => {
                let ask = Ask::get(SERVICE_ACCOUNTS, name);
                Answer::ServiceAccount(
                    name.clone(),
                    self.one::<wire::ServiceAccount, _>(&ask).await,
                )
            }
            Question::Node(name) => {
                let ask = Ask::get_unscoped(NODES, name);
                Answer::Node(name.clone(), self.one::<wire::Node, _>(&ask).await)
            }
            Question::Owner(key) => Answer::Owner(key.clone(), self.owner(key).await),
            Question::Secret(name) => {
                let ask = Ask::get(SECRETS, name);
                Answer::Secret(name.clone(), self.one::<wire::Secret, _>(&ask).await)
            }
            Question::PullSecrets(namespace) => Answer::PullSecrets(
                namespace.clone(),
                self.pull_secrets(Some(namespace), MOST_HERE).await,
            ),
            Question::PullSecretsElsewhere => {
                Answer::PullSecretsElsewhere(self.pull_secrets(None, MOST_ELSEWHERE).await)
            }
            Question::Neighbours(namespace) => self.neighbours(namespace).await,
        }
    }

    /// One object.
    async fn one<W, T>(&self, ask: &Ask) -> Lookup<T>
    where
        W: DeserializeOwned,
        T: From<W>,
    {
        match self.transport.fetch::<W>(ask).await {
            Ok(object) => Lookup::Found(T::from(object)),
            Err(ApiFault::NotFound { .. }) => Lookup::Absent,
            Err(fault) => Lookup::Unseen(ask.unseen(&fault)),
        }
    }

    async fn owner(&self, key: &OwnerKey) -> Lookup<Owner> {
        let Some(resource) = owner_resource(&key.api_version, &key.kind) else {
            return Lookup::Unseen(Unseen::NotGiven);
        };
        let name = ObjectName::new(key.namespace.as_str(), key.name.as_str());
        match self.one::<wire::Owner, Owner>(&Ask::get(resource, &name)).await {
            // The server may print another version than the reference names.
            Lookup::Found(owner) => Lookup::Found(Owner { key: key.clone(), ..owner }),
            other => other,
        }
    }

    /// The secrets of both types, in one namespace or everywhere.
    async fn pull_secrets(&self, namespace: Option<&str>, most: usize) -> Secrets {
        let lists = PULL_SECRET_TYPES.map(|kind| async move {
            let ask = Ask::list(SECRETS, namespace).fields(format!("type={kind}"));
            let read = self.transport.list::<wire::Secret, PullSecret>(&ask, most).await;
            (ask, read)
        });
        let mut secrets = Secrets { found: Vec::new(), seen: Ok(()) };
        for (ask, read) in future::join_all(lists).await {
            let seen = match read {
                Ok(read) => {
                    secrets.found.extend(read.items);
                    if read.is_complete {
                        Ok(())
                    } else {
                        Err(Unseen::Failed(format!("more than {most} pull secrets")))
                    }
                }
                Err(fault) => Err(ask.unseen(&fault)),
            };
            secrets.seen = secrets.seen.and(seen);
        }
        secrets
    }

    /// Other pods that may be failing for the same reason, and what is said about them: one page
    /// of each.
    async fn neighbours(&self, namespace: &str) -> Answer {
        let pods_ask = Ask::list(PODS, Some(namespace)).fields("status.phase=Pending").limit(PAGE);
        let events_ask = Ask::list(EVENTS, Some(namespace))
            .fields("involvedObject.kind=Pod,reason=Failed")
            .limit(PAGE);
        let (pods, events) = future::join(
            self.transport.fetch::<List<wire::Pod>>(&pods_ask),
            self.transport.fetch::<List<wire::Event>>(&events_ask),
        )
        .await;
        let seen = pods
            .as_ref()
            .map(|_| ())
            .map_err(|fault| pods_ask.unseen(fault))
            .and(events.as_ref().map(|_| ()).map_err(|fault| events_ask.unseen(fault)));
        Answer::Neighbours {
            namespace: namespace.to_owned(),
            pods: pods
                .map(|list| list.items)
                .unwrap_or_default()
                .into_iter()
                .map(Pod::from)
                .collect(),
            events: events
                .map(|list| list.items)
                .unwrap_or_default()
                .into_iter()
                .map(Event::from)
                .collect(),
            seen,
        }
    }
}

/// Writes one answer into the facts.
fn enter(answer: Answer, facts: &mut Facts) {
    match answer {
        Answer::ServiceAccount(name, found) => {
            facts.service_accounts.insert(name, found);
        }
        Answer::Node(name, found) => {
            facts.nodes.insert(name, found);
        }
        Answer::Owner(key, found) => {
            facts.owners.insert(key, found);
        }
        Answer::Secret(name, found) => {
            facts.secrets.insert(name, found);
        }
        Answer::PullSecrets(namespace, secrets) => {
            enter_secrets(secrets.found, facts);
            facts.secrets_listed.insert(namespace, secrets.seen);
        }
        Answer::PullSecretsElsewhere(secrets) => {
            enter_secrets(secrets.found, facts);
            facts.secrets_elsewhere = Some(secrets.seen);
        }
        Answer::Neighbours { namespace, pods, events, seen } => {
            let asked: BTreeSet<ObjectName> =
                facts.pods.iter().chain(&facts.neighbours).map(|pod| pod.name.clone()).collect();
            facts.neighbours.extend(pods.into_iter().filter(|pod| !asked.contains(&pod.name)));
            // The events of the pods asked for are there already, and counted once.
            facts.events.extend(events.into_iter().filter(|event| {
                let about = &event.about;
                !asked.contains(&ObjectName::new(about.namespace.as_str(), about.name.as_str()))
            }));
            facts.neighbours_seen.insert(namespace, seen);
        }
    }
}

fn enter_secrets(found: Vec<PullSecret>, facts: &mut Facts) {
    for secret in found {
        facts.secrets.insert(secret.name.clone(), Lookup::Found(secret));
    }
}
