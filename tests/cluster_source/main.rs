//! The cluster as a source of facts, as a library sees it: against an API server in this process
//! that speaks real HTTPS, and in surroundings given as a value.

mod answers;
mod faults;
mod help;
mod kubeconfig;
mod looks;
mod plugins;
mod proxies;
mod secrecy;
mod users;

#[path = "../support/mod.rs"]
pub mod support;

use std::time::Duration;

use chrono::DateTime;
use pulldoctor::error::{ApiFault, Error, KubeconfigFault};
use pulldoctor::facts::Facts;
use pulldoctor::source::cluster::{Cluster, ClusterOptions, Environment, FirstLook, Wanted};

use support::apiserver::ApiServer;

/// Options that lead to a server of the tests.
fn options(server: &ApiServer) -> ClusterOptions {
    ClusterOptions { kubeconfig: Some(server.kubeconfig()), ..ClusterOptions::default() }
}

/// Enough for an answer on a busy machine, little enough to wait for in vain.
const IMPATIENCE: Duration = Duration::from_millis(800);

/// The same, for a server that does not answer.
fn impatient(server: &ApiServer) -> ClusterOptions {
    ClusterOptions { request_timeout: Some(IMPATIENCE), ..options(server) }
}

/// Connects with nothing in the environment.
async fn connect(options: &ClusterOptions) -> Result<Cluster, Error> {
    Cluster::connect_within(options, &Environment::default()).await
}

/// The pod of the fixtures that everybody looks at.
fn private_reg() -> Wanted {
    named(&["private-reg"])
}

fn named(names: &[&str]) -> Wanted {
    Wanted::Named {
        namespace: "default".to_owned(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
    }
}

/// Connects and looks at that pod.
async fn look(options: &ClusterOptions) -> Result<FirstLook, Error> {
    connect(options).await?.first_look(&private_reg()).await
}

/// Facts of that pod.
async fn facts(cluster: &Cluster) -> Facts {
    let look = cluster.first_look(&private_reg()).await.unwrap();
    look.into_facts(DateTime::UNIX_EPOCH, cluster.origin())
}

/// The fault between a request and its answer, after checking that the error is fit for people.
fn api(error: Error) -> ApiFault {
    fit_for_people(&error);
    match error {
        Error::Api(fault) => *fault,
        other => panic!("not about an answer: {other:?}"),
    }
}

/// The fault on the way to a cluster.
fn way(error: Error) -> KubeconfigFault {
    fit_for_people(&error);
    match error {
        Error::Kubeconfig(fault) => *fault,
        other => panic!("not about the way to a cluster: {other:?}"),
    }
}

/// A lower-case fragment on one line, with hints.
fn fit_for_people(error: &Error) {
    let text = error.to_string();
    assert!(!text.contains('\n') && !text.ends_with('.'), "{text:?}");
    assert!(text.starts_with(|c: char| !c.is_uppercase()), "{text:?}");
    assert!(!error.hints().is_empty(), "no hint for {text:?}");
    assert!(!format!("{text} {error:?} {:?}", error.hints()).contains("CANARY"), "{error:?}");
}
