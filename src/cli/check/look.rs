//! One look. What it sees is kept as it comes, so that an interruption loses nothing.

use chrono::Utc;

use crate::error::Error;
use crate::facts::{Facts, Unseen};
use crate::report::Report;
use crate::source::cluster::{Cluster, Scanned};
use crate::survey::Survey;

use super::super::interrupt::Interruption;
use super::super::output::Output;
use super::scope::Scope;
use super::{CheckArgs, learn, survey_for};

/// What has been seen so far.
struct Looked {
    /// The cluster, once there is a way to it.
    cluster: Option<Cluster>,
    /// What it has shown.
    scanned: Scanned,
    /// What was in the files, once they are read.
    recorded: Option<(Facts, Survey)>,
    /// Whether every pod of its namespaces has been looked at.
    is_whole: bool,
}

/// Looks once.
pub(super) async fn look(
    args: CheckArgs,
    output: &Output,
    interruption: &mut Interruption,
) -> Result<Report, Error> {
    let (format, own_only) = (args.output, args.own_namespace_only);
    let mut looked = Looked {
        cluster: None,
        scanned: Scanned::new(survey_for(format)),
        recorded: None,
        is_whole: false,
    };
    tokio::select! {
        done = looked.gather(args, output) => done?,
        () = interruption.heard() => {}
    }
    let Looked { cluster, scanned, recorded, is_whole } = looked;
    let (mut facts, survey) = match (&cluster, recorded) {
        (Some(cluster), _) => scanned.into_facts(Utc::now(), cluster.origin()),
        (None, Some(recorded)) => recorded,
        (None, None) => (learn::nothing(), survey_for(format)),
    };
    for pod in &facts.pods {
        let namespace = pod.name.namespace.clone();
        if is_whole {
            // Every pod that could lend its words to another is among the facts.
            facts.neighbours_seen.insert(namespace.clone(), Ok(()));
        }
        if interruption.was_heard() {
            facts.events_seen.entry(namespace).or_insert(Err(Unseen::Interrupted));
        }
    }
    Ok(learn::report(facts, survey, cluster.as_ref(), own_only, interruption).await)
}

impl Looked {
    async fn gather(&mut self, args: CheckArgs, output: &Output) -> Result<(), Error> {
        let mut scope = Scope::typed(&args.workloads, args.namespace.clone(), args.selector)?;
        scope.declared(args.manifests, output).await?;
        if !args.from.is_empty() {
            let recorded = super::super::read_files(args.from, args.namespace.as_deref()).await?;
            for note in &recorded.notes {
                output.note(note);
            }
            let mut facts = recorded.facts;
            let survey = scope.narrowing().apply(&mut facts, survey_for(args.output))?;
            self.recorded = Some((facts, survey));
            return Ok(());
        }
        let cluster = Cluster::connect(&args.cluster.options(args.namespace)).await?;
        let cluster = self.cluster.insert(cluster);
        let pods = scope.pods(cluster, args.all_namespaces).await?;
        cluster.scan(&pods, &mut self.scanned).await?;
        // A misspelt namespace has no failing pods either.
        if !args.all_namespaces
            && self.scanned.survey.examined == 0
            && let Some(error) = cluster.no_such_namespace(cluster.namespace()).await
        {
            return Err(error);
        }
        self.is_whole = scope.is_whole();
        Ok(())
    }
}
