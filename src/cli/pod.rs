//! `pulldoctor pod NAME`: why this pod's images don't pull, and the fix.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::Utc;
use clap::Args;

use crate::diagnose::{self, Findings, Otherwise};
use crate::error::Error;
use crate::exit;
use crate::facts::{Facts, Unseen};
use crate::redact;
use crate::report::Report;
use crate::source::cluster::{Cluster, Scope, Wanted};
use crate::source::select::Selection;

use super::args::{ClusterArgs, object_name};
use super::output::{Format, Output};
use super::questions;

/// Arguments of `pulldoctor pod`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pulldoctor pod web-6bf7f8bf45-4cxhn -n shop
  pulldoctor pod -l app=web -n shop -o json
  kubectl get pod,events,secret,sa -n shop -o json | pulldoctor pod web-0 --from -")]
pub(super) struct PodArgs {
    /// The pod's name, or several
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// The namespace [default: the context's]
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    /// Look in all namespaces; with -l only, as a name alone is not unique there
    #[arg(short = 'A', long, conflicts_with_all = ["namespace", "names"])]
    all_namespaces: bool,
    /// Pods with these labels, instead of names
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with = "names")]
    selector: Option<String>,
    /// Only this container, init container or image volume
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    /// Read what kubectl printed instead of asking a cluster: a file, a directory, or - for standard
    /// input; can be given several times
    #[arg(long, value_name = "PATH", conflicts_with_all = super::args::CLUSTER_FLAGS)]
    from: Vec<PathBuf>,
    /// Do not look for pull secrets in other namespaces
    #[arg(long)]
    own_namespace_only: bool,
    /// How to print the report
    #[arg(short, long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    output: Format,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Runs the command.
pub(super) fn run(args: PodArgs, output: &Output) -> Result<u8, Error> {
    let names = args.names.iter().map(|name| pod_name(name)).collect::<Result<Vec<_>, _>>()?;
    if names.is_empty() && args.selector.is_none() {
        return Err(Error::Usage {
            problem: "no pod is named".to_owned(),
            hint: "name one, as in `pulldoctor pod NAME`, or select some with -l".to_owned(),
        });
    }
    let (format, container) = (args.output, args.container.clone());
    let Some(gathered) = super::interruptible(gather(args, names)) else {
        output.note("interrupted");
        return Ok(exit::INTERRUPTED);
    };
    let Gathered { facts, notes } = gathered?;
    for note in notes {
        output.note(&note);
    }
    let mut findings = diagnose::diagnose(&facts);
    if let Some(container) = container {
        only_container(&facts, &mut findings, &container)?;
    }
    let found = findings.diagnoses().next().is_some();
    let report = Report::new(facts.now, facts.origin, findings);
    Ok(output.report(&report, format, if found { exit::FOUND } else { exit::OK }))
}

/// A pod's name as typed: `web-0`, or `pod/web-0` as kubectl prints it.
fn pod_name(typed: &str) -> Result<String, Error> {
    match typed.split_once('/') {
        Some((kind, name)) if !["pod", "pods", "po"].contains(&kind) => Err(Error::Usage {
            problem: format!("'{}' is not a pod", redact::line(typed, 100)),
            hint: format!(
                "to look at the pods of {kind} {name}, select them by their labels: \
                 `pulldoctor pod -l app={name}`"
            ),
        }),
        _ => object_name(typed, "pod", &["pods", "po"]),
    }
}

/// The facts, and what to say about how they were got.
struct Gathered {
    facts: Facts,
    notes: Vec<String>,
}

async fn gather(args: PodArgs, names: Vec<String>) -> Result<Gathered, Error> {
    if args.from.is_empty() {
        from_cluster(args, names).await
    } else {
        from_files(args, names).await
    }
}

async fn from_cluster(args: PodArgs, names: Vec<String>) -> Result<Gathered, Error> {
    let options = args.cluster.options(args.namespace);
    let cluster = Cluster::connect(&options).await?;
    let namespace = cluster.namespace().to_owned();
    let wanted = match args.selector {
        None => Wanted::Named { namespace, names },
        selector if args.all_namespaces => Wanted::Selected { scope: Scope::All, labels: selector },
        selector => Wanted::Selected { scope: Scope::Namespace(namespace), labels: selector },
    };
    let look = cluster.first_look(&wanted).await?;
    if let Some(missing) = look.missing.first() {
        return Err(Error::NoSuchObject(Box::new(cluster.not_found_help(missing).await)));
    }
    let mut facts = look.into_facts(Utc::now(), cluster.origin());
    questions::ask(&cluster, &mut facts, args.own_namespace_only, |_| true).await;
    Ok(Gathered { facts, notes: Vec::new() })
}

async fn from_files(args: PodArgs, names: Vec<String>) -> Result<Gathered, Error> {
    let recorded = super::read_files(args.from, args.namespace.as_deref()).await?;
    let mut facts = recorded.facts;
    let selection = Selection { namespace: args.namespace, names, selector: args.selector };
    selection.apply(&mut facts)?;
    if args.own_namespace_only {
        let own: BTreeSet<_> = facts.pods.iter().map(|pod| pod.name.namespace.clone()).collect();
        facts.secrets.retain(|name, _| own.contains(&name.namespace));
        facts.secrets_elsewhere = Some(Err(Unseen::NotAsked));
    }
    Ok(Gathered { facts, notes: recorded.notes })
}

/// Leaves the diagnoses of one container, or of one image volume.
fn only_container(facts: &Facts, findings: &mut Findings, name: &str) -> Result<(), Error> {
    let places = || facts.pods.iter().flat_map(|pod| &pod.places);
    if !facts.pods.is_empty() && !places().any(|place| place.name == name) {
        let names: BTreeSet<_> = places().map(|place| place.name.as_str()).collect();
        let names: Vec<_> = names.into_iter().collect();
        return Err(Error::Usage {
            problem: format!("no container is called '{name}'"),
            hint: format!("there are: {}", crate::words::some(&names, 10)),
        });
    }
    for pod in &mut findings.pods {
        let failing = !pod.diagnoses.is_empty();
        pod.diagnoses.retain(|diagnosis| {
            [&diagnosis.container, &diagnosis.volume].contains(&&Some(name.to_owned()))
        });
        if failing && pod.diagnoses.is_empty() {
            pod.otherwise = Some(Otherwise {
                ill: false,
                text: format!("the image of {name} is not what fails in this pod"),
            });
        }
    }
    Ok(())
}
