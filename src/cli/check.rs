//! `pulldoctor check`: the smoke test after a deploy.
//!
//! One look, or with `--wait` as many as it takes: in both cases the pods that fail are gathered,
//! one of each incident is asked about, and one report says it all.

mod learn;
mod progress;
mod scope;
mod wait;

use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use clap::Args;

use crate::error::Error;
use crate::exit;
use crate::report::{Report, WaitOutcome, markdown};
use crate::source::cluster::Cluster;
use crate::survey::Survey;

use super::args::{ClusterArgs, duration};
use super::output::{ManyFormat, Output};
use scope::Scope;

/// Arguments of `pulldoctor check`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pulldoctor check -n shop
  pulldoctor check deployment/web statefulset/db -n shop --wait 2m
  helm template … | pulldoctor check -f - -n shop --wait 5m -o junit > pulldoctor.xml
  pulldoctor check -A -o github

With --wait it ends at once on what no waiting heals (a misspelt tag), gives what may heal (a rate
limit) the time of --grace, and ends as soon as all images are there. The kubelet tries a failed
pull again after 10, 20, 40, 80 and 160 seconds and then every 5 minutes: a grace below 10s leaves
it no second try.

Exit codes: 0 no image-pull failure, 1 at least one found, 2 wrong usage, 3 could not look,
4 --wait ran out with pods undecided, 130 interrupted.")]
pub(super) struct CheckArgs {
    /// Workloads, as deployment/web; without any, all pods in the namespace
    #[arg(value_name = "TYPE/NAME")]
    workloads: Vec<String>,
    /// The namespace [default: the context's]
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    /// Look in all namespaces
    #[arg(short = 'A', long, conflicts_with_all = ["namespace", "workloads", "manifests"])]
    all_namespaces: bool,
    /// Pods with these labels
    #[arg(
        short = 'l',
        long,
        value_name = "SELECTOR",
        conflicts_with_all = ["workloads", "manifests"]
    )]
    selector: Option<String>,
    /// The workloads in this manifest, or - for standard input; can be given several times
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    manifests: Vec<PathBuf>,
    /// Read what kubectl printed instead of asking a cluster: a file, a directory, or - for standard
    /// input; can be given several times
    #[arg(long, value_name = "PATH", conflicts_with_all = ["wait", "grace"])]
    from: Vec<PathBuf>,
    /// Wait so long for the images to be pulled, as 90s or 2m; of a workload only the newest
    /// revision counts
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait: Option<Duration>,
    /// With --wait: how long a failure that may heal by itself is put up with [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "wait")]
    grace: Option<Duration>,
    /// Exit with 0 even if a failure is found
    #[arg(long)]
    exit_zero: bool,
    /// Do not look for pull secrets in other namespaces
    #[arg(long)]
    own_namespace_only: bool,
    /// How to print the report
    #[arg(short, long, value_enum, default_value_t = ManyFormat::Text, value_name = "FORMAT")]
    output: ManyFormat,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Runs the command.
pub(super) fn run(args: CheckArgs, output: &Output) -> Result<u8, Error> {
    let (format, exit_zero) = (args.output, args.exit_zero);
    if args.wait.is_some() {
        let report = super::to_its_end(wait::wait(args, output))?;
        let code = match report.waited.as_ref().map(|waited| waited.outcome) {
            Some(WaitOutcome::Interrupted) => exit::INTERRUPTED,
            _ if !report.incidents.is_empty() => exit::FOUND,
            Some(WaitOutcome::Undecided) => exit::UNDECIDED,
            _ => exit::OK,
        };
        return finish(&report, code, format, exit_zero, output);
    }
    let Some(looked) = super::interruptible(look(args, output)) else {
        output.note("interrupted");
        return Ok(exit::INTERRUPTED);
    };
    let report = looked?;
    let code = if report.incidents.is_empty() { exit::OK } else { exit::FOUND };
    finish(&report, code, format, exit_zero, output)
}

/// Prints the report, and gives the exit code.
fn finish(
    report: &Report,
    code: u8,
    format: ManyFormat,
    exit_zero: bool,
    output: &Output,
) -> Result<u8, Error> {
    if format == ManyFormat::Github {
        fill_step_summary(report)?;
    }
    let code = if exit_zero && code == exit::FOUND { exit::OK } else { code };
    Ok(output.report_many(report, format, code))
}

/// A survey that remembers what the format lists.
fn survey_for(format: ManyFormat) -> Survey {
    match format {
        ManyFormat::Junit => Survey::with_roster(),
        _ => Survey::default(),
    }
}

/// Looks once.
async fn look(args: CheckArgs, output: &Output) -> Result<Report, Error> {
    let survey = survey_for(args.output);
    let own_only = args.own_namespace_only;
    let mut scope = Scope::typed(&args.workloads, args.namespace.clone(), args.selector)?;
    scope.declared(args.manifests, output).await?;
    if !args.from.is_empty() {
        let recorded = super::read_files(args.from, args.namespace.as_deref()).await?;
        for note in &recorded.notes {
            output.note(note);
        }
        let mut facts = recorded.facts;
        let survey = scope.narrowing().apply(&mut facts, survey)?;
        return Ok(learn::report(facts, survey, None, own_only).await);
    }
    let cluster = Cluster::connect(&args.cluster.options(args.namespace)).await?;
    let all = args.all_namespaces;
    let pods = scope.pods(&cluster, all).await?;
    let scanned = cluster.scan(&pods, survey).await?;
    let (mut facts, survey) = scanned.into_facts(Utc::now(), cluster.origin());
    if scope.is_whole() {
        // Every pod that could lend its words to another is among the facts.
        for pod in &facts.pods {
            facts.neighbours_seen.insert(pod.name.namespace.clone(), Ok(()));
        }
    }
    Ok(learn::report(facts, survey, Some(&cluster), own_only).await)
}

/// Appends the report to the file that GitHub shows as the step's summary, when there is one.
fn fill_step_summary(report: &Report) -> Result<(), Error> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = PathBuf::from(path);
    let mut text = Vec::new();
    let written = markdown::write(report, &mut text).and_then(|()| {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
        std::io::Write::write_all(&mut file, &text)
    });
    written.map_err(|error| Error::Unwritable { path, why: error.to_string() })
}
