//! What a person types, and how the program answers: one file a command, each of which only wires
//! source, diagnosis and report together.

mod args;
mod check;
mod explain;
mod generated;
mod interrupt;
mod output;
mod pod;
mod questions;
mod secret;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::error::Error;
use crate::exit;
use crate::source::files::{self, Recorded};
use interrupt::Interruption;
use output::{Color, Output};

/// The name by which kubectl finds a plugin.
const PLUGIN: &str = "kubectl-pulldoctor";

/// Why Kubernetes cannot pull an image, and exactly what fixes it.
#[derive(Debug, Parser)]
#[command(
    name = "pulldoctor",
    version,
    about = "Tells why Kubernetes cannot pull an image, and exactly what fixes it",
    after_help = "Exit codes: 0 no image-pull failure, 1 at least one found, 2 wrong usage, \
                  3 could not look, 4 --wait ran out undecided, 130 interrupted."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colour
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, value_name = "WHEN")]
    color: Color,

    /// Say on standard error what is being asked; twice: in detail
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Why this pod's images don't pull, and the fix
    Pod(Box<pod::PodArgs>),
    /// Smoke check of pods, for after a deploy: which images cannot be pulled, and why
    Check(Box<check::CheckArgs>),
    /// Failures as they come and go, grouped into incidents
    Watch(Box<watch::WatchArgs>),
    /// Which images a pull secret serves, and what is wrong with it
    Secret(Box<secret::SecretArgs>),
    /// What a code means, or what a message says
    Explain(explain::ExplainArgs),
    /// Print completions for a shell
    ///
    /// For bash: `pulldoctor completions bash > /etc/bash_completion.d/pulldoctor`.
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Parses the command line, runs one command, and gives its exit code.
pub fn main() -> ExitCode {
    say_bugs_plainly();
    let args: Vec<OsString> = std::env::args_os().collect();
    let name = Name::of(args.first());
    let parsed = name.command().try_get_matches_from(&args);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    log_to_stderr(cli.verbose);
    let output = Output::new(cli.color);
    match run(cli.command, name, &output) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output.error(&error, |hint| name.in_words(hint));
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: Command, name: Name, output: &Output) -> Result<u8, Error> {
    match command {
        Command::Pod(args) => pod::run(*args, output),
        Command::Check(args) => check::run(*args, output),
        Command::Watch(args) => watch::run(*args, output),
        Command::Secret(args) => secret::run(*args, output),
        Command::Explain(args) => explain::run(args, name, output),
        Command::Completions { shell } => {
            Ok(output.data(|out| generated::completions(shell, name, out), exit::OK))
        }
        Command::Man => Ok(output.data(|out| generated::man(name, out), exit::OK)),
    }
}

/// What the program was called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// `pulldoctor`.
    Program,
    /// `kubectl pulldoctor`.
    Plugin,
}

impl Name {
    fn of(program: Option<&OsString>) -> Self {
        let stem = program.and_then(|program| Path::new(program).file_stem());
        if stem.is_some_and(|stem| stem == PLUGIN) { Self::Plugin } else { Self::Program }
    }

    /// What a person types.
    fn spoken(self) -> &'static str {
        match self {
            Self::Program => "pulldoctor",
            Self::Plugin => "kubectl pulldoctor",
        }
    }

    /// The command line's grammar, with help that says what a person types.
    fn command(self) -> clap::Command {
        let mut command = Cli::command().bin_name(self.spoken()).display_name(self.spoken());
        for sub in command.get_subcommands_mut() {
            let examples = sub.get_after_help().map(|help| self.in_words(&help.to_string()));
            *sub = sub.clone().after_help(examples.unwrap_or_default());
        }
        command
    }

    /// Text that names the program as a person types it.
    fn in_words(self, text: &str) -> String {
        let name = self.spoken();
        text.replace("  pulldoctor ", &format!("  {name} "))
            .replace("| pulldoctor ", &format!("| {name} "))
            .replace("`pulldoctor ", &format!("`{name} "))
    }
}

/// A panic is a bug of ours. It names its place and ends the program; its payload stays unsaid, as it
/// may hold what was being read.
fn say_bugs_plainly() {
    std::panic::set_hook(Box::new(|panic| {
        watch::leave();
        let _ = writeln!(io::stderr(), "{}", bug(panic));
        std::process::exit(i32::from(exit::CANNOT_LOOK));
    }));
}

/// What is said of a panic: where, and nothing of what it carries.
fn bug(panic: &std::panic::PanicHookInfo<'_>) -> String {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    format!(
        "error: this is a bug in pulldoctor {}, at {place}\nhint: please report it with the command \
         that you typed",
        env!("CARGO_PKG_VERSION"),
    )
}

/// Prints what clap has to say: help and versions are answers, the rest is wrong usage.
fn usage(error: &clap::Error) -> ExitCode {
    // Nobody reads a closed pipe; there is nothing to do about it.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK })
}

/// Logs to standard error, and only what this program itself says: the client library logs whole
/// response bodies when they do not fit, secrets among them.
fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    if level == LevelFilter::OFF {
        return;
    }
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    tracing_subscriber::registry()
        .with(layer)
        .with(Targets::new().with_target("pulldoctor", level))
        .init();
}

/// Runs what may take long, until it ends or somebody interrupts it: then None.
fn interruptible<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut interruption = Interruption::listen();
    to_its_end(async {
        tokio::select! {
            done = work => Some(done),
            () = interruption.heard() => None,
        }
    })
}

/// Runs what sees to interruptions by itself.
fn to_its_end<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built: it needs a thread and a pipe");
    let done = runtime.block_on(work);
    // A thread that waits for standard input would hold the program.
    runtime.shutdown_background();
    done
}

/// Reads files and standard input. A text that names no namespace is taken to be of `namespace`.
async fn read_files(paths: Vec<PathBuf>, namespace: Option<&str>) -> Result<Recorded, Error> {
    let assumed = namespace.unwrap_or("default").to_owned();
    let now = Utc::now();
    // Reading blocks, on standard input for as long as nothing comes: it must not keep Ctrl-C out.
    tokio::task::spawn_blocking(move || files::load(&paths, std::io::stdin(), &assumed, now))
        .await
        .expect("reading files does not panic")
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_panic_names_its_place_and_shows_nothing_of_what_it_carries() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            heard.lock().unwrap().push(super::bug(panic));
        }));
        let secret = "CANARY-5up3r".to_owned();
        let ended = std::panic::catch_unwind(|| panic!("password {secret}"));
        std::panic::set_hook(before);
        assert!(ended.is_err());
        let said = said.lock().unwrap().join("\n");
        assert!(said.contains("this is a bug") && said.contains("cli.rs"), "{said}");
        assert!(!said.contains("CANARY"), "{said}");
    }
}
