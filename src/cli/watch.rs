//! `pulldoctor watch`: the incident view.
//!
//! Streams into the board, changes out. What belongs together and what is told when, says
//! [`crate::track`]; here only the streams, the questions to the cluster, the person and the clock
//! are brought together.

mod ask;
mod face;
mod lines;
mod listen;
mod metrics;
mod screen;

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use clap::Args;

use crate::error::Error;
use crate::exit;
use crate::facts::Time;
use crate::source::cluster::{Change, Seen};
use crate::track::{Board, Sense};

use super::args::{ClusterArgs, duration};
use super::interrupt::Interruption;
use super::output::Output;
use ask::Asking;
use face::{Face, Wish};
use listen::Listening;
use metrics::Metrics;
pub(super) use screen::leave;

/// Arguments of `pulldoctor watch`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pulldoctor watch -n shop
  pulldoctor watch -A --until-recovered --for 30m
  pulldoctor watch -A -o json | jq -c 'select(.incident)'
  pulldoctor watch -A -o lines --metrics 127.0.0.1:9090

On a terminal it shows a view that is drawn anew; otherwise one line a change. In the view, up and
down choose an incident, Enter shows its diagnosis and the fix, r asks the cluster anew, ? names all
keys, and q ends with exit code 0.

Exit codes, with --for or --until-recovered: 0 nothing fails, 1 something does, 3 it could not be
seen, 4 pods that failed have begun anew and it is not known yet; 130 interrupted.")]
pub(super) struct WatchArgs {
    /// The namespace [default: the context's]
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    /// Watch all namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
    /// Pods with these labels
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// End after so long, as 90s or 10m
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    duration: Option<Duration>,
    /// End when nothing fails any more
    #[arg(long)]
    until_recovered: bool,
    /// Do not look for pull secrets in other namespaces
    #[arg(long)]
    own_namespace_only: bool,
    /// How to show it
    #[arg(short, long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    output: Format,
    /// Serve /metrics for Prometheus, /healthz and /readyz there: a port of this machine, or an IP
    /// address and a port, as 0.0.0.0:9090; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = metrics::address)]
    metrics: Option<SocketAddr>,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// How to show what changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A view on a terminal, lines otherwise
    Text,
    /// One line a change, on a terminal as well
    Lines,
    /// One JSON object a line (apiVersion pulldoctor.dev/v1)
    Json,
}

/// The longest that events may keep the first words waiting, once the pods are known.
const PATIENCE: TimeDelta = TimeDelta::seconds(5);

/// Runs the command.
pub(super) fn run(args: WatchArgs, output: &Output) -> Result<u8, Error> {
    super::to_its_end(watch(args, output))
}

async fn watch(args: WatchArgs, output: &Output) -> Result<u8, Error> {
    let mut interruption = Interruption::listen();
    let start = Utc::now();
    let end = args
        .duration
        .map(|duration| start + TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(36_500)));
    let mut metrics = Metrics::begin(args.metrics, output).await?;
    let options = args.cluster.options(args.namespace);
    let mut listening = Listening::begin(options, args.all_namespaces, args.selector).await?;
    let mut face = Face::new(args.output, listening.scope(), output);
    let mut asking = Asking::new(args.own_namespace_only);
    let mut watch = Watch {
        board: Board::default(),
        until_recovered: args.until_recovered,
        end,
        pods_known: None,
        is_told: false,
    };
    listening.open(&mut watch.board.contact, start);

    let code = loop {
        let now = Utc::now();
        if watch.is_ready(now) {
            if !std::mem::replace(&mut watch.is_told, true)
                && let Some(code) = face.begin(&watch.board, &listening.scope(), now)
            {
                return Ok(code);
            }
            asking.consider(&watch.board, &listening, now);
            if let Some(code) = face.tell(&mut watch.board, now) {
                return Ok(code);
            }
        } else if let Some(code) = face.notices(&mut watch.board, now) {
            return Ok(code);
        }
        if let Some(code) = watch.is_over(now) {
            break code;
        }
        if let Some(code) = face.show(&watch.board, &asking, now) {
            return Ok(code);
        }
        let pause = watch.wake(now, &asking).min(face.pause());
        tokio::select! {
            heard = listening.hear() => for seen in heard? {
                watch.take(seen, Utc::now());
            },
            question = metrics.asked() => {
                metrics.answer(question, &watch.board, watch.pods_known.is_some(), Utc::now());
            }
            answer = asking.answer() => answer.give(&mut watch.board),
            wish = face.wish() => match wish {
                Wish::Look => {}
                Wish::Ask(number) => asking.refresh(number),
                Wish::End(code) => break code,
            },
            () = tokio::time::sleep(pause) => {}
            () = interruption.heard() => break exit::INTERRUPTED,
        }
    };
    face.end(&mut watch.board, start, Utc::now());
    Ok(code)
}

/// A watch under way.
struct Watch {
    board: Board,
    until_recovered: bool,
    end: Option<Time>,
    /// When all pods were listed for the first time.
    pods_known: Option<Time>,
    /// Whether it was told what is there from the beginning.
    is_told: bool,
}

impl Watch {
    /// Takes in what was seen.
    fn take(&mut self, seen: Seen, now: Time) {
        let board = &mut self.board;
        match seen {
            Seen::Pods(area, change) => match change {
                Change::Anew => board.begin(&area),
                Change::Is(pod) => board.apply(&area, *pod, now),
                Change::Gone(pod) => board.delete(&area, &pod, now),
                Change::Listed => {
                    board.listed(&area, now);
                    self.pods_known.get_or_insert(now);
                }
                Change::Blind(why) => board.contact.lost(Sense::Pods, &area, &why),
                Change::Seeing | Change::Nothing => board.contact.heard(Sense::Pods, &area, now),
            },
            Seen::Events(area, change) => match change {
                Change::Is(told) => board.apply_event(&area, &told.name, &told.event, now),
                Change::Gone(told) => board.forget_event(&area, &told.name, &told.event, now),
                Change::Listed => board.events_listed(&area, now),
                Change::Blind(why) => board.contact.lost(Sense::Events, &area, &why),
                Change::Seeing | Change::Nothing => {
                    board.contact.heard(Sense::Events, &area, now);
                }
                Change::Anew => board.begin_events(&area),
            },
            Seen::EventsUnseen(area, why) => board.events_unseen(&area, why, now),
            Seen::Server(mute) => board.contact.server(mute, now),
            Seen::Workload(..) => {}
        }
    }

    /// Whether what is known is whole: all was listed once. Events that are slow are not waited for.
    fn is_ready(&self, now: Time) -> bool {
        self.is_told
            || self.board.contact.is_ready()
            || self.pods_known.is_some_and(|known| now - known >= PATIENCE)
    }

    /// The exit code, if it is time to end.
    fn is_over(&self, now: Time) -> Option<u8> {
        let is_recovered = self.is_told && self.board.incidents.is_recovered();
        let is_blind = self.board.contact.blindness(Sense::Pods).is_some();
        if self.until_recovered && is_recovered && !is_blind {
            return Some(exit::OK);
        }
        self.end.filter(|end| *end <= now)?;
        Some(if self.board.incidents.failing_pods() > 0 {
            exit::FOUND
        } else if is_blind || !self.is_told {
            exit::CANNOT_LOOK
        } else if self.board.incidents.unsettled() > 0 {
            exit::UNDECIDED
        } else {
            exit::OK
        })
    }

    /// How long nothing needs to be done if nothing is seen.
    fn wake(&self, now: Time, asking: &Asking) -> Duration {
        let patience = self.pods_known.filter(|_| !self.is_told).map(|known| known + PATIENCE);
        let due =
            [self.board.incidents.next_due(), patience, self.end, asking.next_due(&self.board)];
        let due = due.into_iter().flatten().min();
        let pause = due.map_or(TimeDelta::minutes(1), |due| due - now);
        // What is due now was told just now; a pause keeps a mistake from turning into a spin.
        pause.to_std().unwrap_or_default().clamp(Duration::from_millis(1), Duration::from_mins(1))
    }
}
