//! `pulldoctor check`: the smoke test after a deploy.
//!
//! One look, or with `--wait` as many as it takes: in both cases the pods that fail are gathered,
//! one of each incident is asked about, and one report says it all. Whoever interrupts it gets the
//! report on what is known by then.

mod learn;
mod look;
mod progress;
mod scope;
mod wait;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::error::Error;
use crate::exit;
use crate::report::{Report, WaitOutcome, markdown};
use crate::survey::Survey;

use super::args::{ClusterArgs, duration};
use super::interrupt::Interruption;
use super::output::{ManyFormat, Output};

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
it no second try. A rollout that stands still because pods crash is settled after --grace, if all
images of the pods that are there are pulled: those of the pods to come are the same.

Ctrl-C prints what is known by then; a second one ends it at once.

Exit codes: 0 no image-pull failure, 1 at least one found, 2 wrong usage, 3 could not look,
4 --wait ran out with pods undecided, 130 interrupted.")]
pub(super) struct CheckArgs {
    /// Workloads of any kind with a pod selector, as deployment/web; without any, all pods in the
    /// namespace
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
    /// Exit with 0 even if a failure is found; all other exit codes stay
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
    let mut interruption = Interruption::listen();
    let report = super::to_its_end(async {
        match args.wait {
            Some(_) => wait::wait(args, output, &mut interruption).await,
            None => look::look(args, output, &mut interruption).await,
        }
    })?;
    // From here on the first interruption ends the program.
    drop(interruption);
    if report.is_interrupted {
        output.note("interrupted");
    }
    if format == ManyFormat::Github {
        fill_step_summary(&report)?;
    }
    Ok(output.report_many(&report, format, code(&report, exit_zero)))
}

/// The exit code. `--exit-zero` is about failures that were found, not about what is not known.
fn code(report: &Report, exit_zero: bool) -> u8 {
    let outcome = report.waited.as_ref().map(|waited| waited.outcome);
    match outcome {
        _ if report.is_interrupted => exit::INTERRUPTED,
        _ if !report.incidents.is_empty() && !exit_zero => exit::FOUND,
        Some(WaitOutcome::Undecided) => exit::UNDECIDED,
        _ => exit::OK,
    }
}

/// A survey that remembers what the format lists.
fn survey_for(format: ManyFormat) -> Survey {
    match format {
        ManyFormat::Junit => Survey::with_roster(),
        _ => Survey::default(),
    }
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
