//! What it costs to watch a large cluster in which a lot goes on: 10,000 pods of 15 KB JSON, 506 of
//! them failing, and 1,000 changes a second, served by a process of its own over TLS.
//!
//! `cargo bench --bench watch`, for a soak with `-- --seconds 3600`; `--pods` and `--rate` make it
//! another cluster. It prints the memory of `pulldoctor watch -A -o json`, its share of a core, how
//! long it takes from a change on the wire to the line that tells it, and whether its memory has
//! grown. docs/performance.md has the numbers to compare with.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, or fails")]

#[path = "../tests/support/protobuf.rs"]
pub mod protobuf;
#[expect(dead_code, reason = "the tests need more kinds of certificates")]
#[path = "../tests/support/apiserver/tls.rs"]
pub mod tls;

mod churn;
#[path = "big/objects.rs"]
mod objects;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The time until all is listed, told and settled, which no share of is steady.
const WARM_UP: Duration = Duration::from_secs(5);
/// Clock ticks in a second, as Linux tells CPU time.
const TICKS: f64 = 100.0;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let after = |flag: &str| {
        args.iter().position(|arg| arg == flag).and_then(|at| args.get(at + 1)).cloned()
    };
    let number = |flag: &str, otherwise: usize| {
        after(flag).map_or(otherwise, |number| number.parse().unwrap())
    };
    let (pods, rate) = (number("--pods", 10_000), number("--rate", 1_000));
    if let Some(directory) = after("--serve") {
        return churn::serve(Path::new(&directory), pods, rate);
    }
    let seconds = number("--seconds", 20);
    let program = after("--program").unwrap_or_else(|| env!("CARGO_BIN_EXE_pulldoctor").to_owned());

    let directory = tempfile::tempdir().unwrap();
    let mut server = Command::new(std::env::current_exe().unwrap())
        .arg("--serve")
        .arg(directory.path())
        .args(["--pods", &pods.to_string(), "--rate", &rate.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(server.stdout.take().unwrap()).lines();
    println!("{}", said.next().unwrap().unwrap());

    // When which pod began to fail.
    let began = std::thread::spawn(move || -> BTreeMap<u64, u64> {
        let numbers = |line: &str| {
            let (probe, at) = line.split_once(' ')?;
            Some((probe.parse().ok()?, at.parse().ok()?))
        };
        said.map_while(Result::ok).filter_map(|line| numbers(&line)).collect()
    });

    let started = Instant::now();
    let mut watching = Command::new(program)
        .args(["watch", "-A", "-o", "json"])
        .env_clear()
        .env("KUBECONFIG", directory.path().join("kubeconfig"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = read(&mut watching);
    let first = lines.recv().unwrap();
    println!("after {:.1} s: {}", started.elapsed().as_secs_f64(), text_of(&first.text));

    let costs = measure(&watching, Duration::from_secs(seconds as u64));
    watching.kill().unwrap();
    watching.wait().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let steady_from = first.at + u64::try_from(WARM_UP.as_nanos()).unwrap();
    let mut began = began.join().unwrap();
    began.retain(|_, at| *at >= steady_from);
    print(&costs, &lines.iter().collect::<Vec<_>>(), &began);
}

/// A line of the program, and when it came, in nanoseconds since the epoch.
struct Line {
    at: u64,
    text: String,
}

fn read(child: &mut Child) -> Receiver<Line> {
    let stdout = child.stdout.take().unwrap();
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for text in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(Line { at: churn::now(), text }).is_err() {
                return;
            }
        }
    });
    lines
}

/// The words of a notice.
fn text_of(line: &str) -> &str {
    let text = line.split_once("\"text\":\"").map_or(line, |(_, text)| text);
    text.split('"').next().unwrap_or_default()
}

/// What a process has cost by some time.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    /// In KiB.
    resident: u64,
    peak: u64,
    /// In clock ticks.
    cpu: u64,
}

fn measure(child: &Child, time: Duration) -> Vec<Cost> {
    let started = Instant::now();
    let file =
        |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", child.id())).unwrap();
    let mut costs = Vec::new();
    while started.elapsed() < WARM_UP + time {
        let status = file("status");
        let line = |key: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            value.trim().strip_suffix(" kB").unwrap().parse().unwrap()
        };
        let stat = file("stat");
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
        costs.push(Cost {
            wall: started.elapsed(),
            resident: line("VmRSS:"),
            peak: line("VmHWM:"),
            cpu: ticks(11) + ticks(12),
        });
        std::thread::sleep(Duration::from_millis(250));
    }
    costs
}

#[expect(clippy::cast_precision_loss, reason = "it is printed with one digit")]
fn print(costs: &[Cost], lines: &[Line], began: &BTreeMap<u64, u64>) {
    let steady: Vec<Cost> = costs.iter().copied().filter(|it| it.wall >= WARM_UP).collect();
    let (from, to) = (steady[0], steady[steady.len() - 1]);
    let resident = |costs: &[Cost]| {
        let mut all: Vec<u64> = costs.iter().map(|it| it.resident).collect();
        all.sort_unstable();
        all[all.len() / 2] as f64 / 1024.0
    };
    let third = steady.len() / 3;
    println!("{:<44} {:>8.1} MB", "memory, peak", to.peak as f64 / 1024.0);
    println!("{:<44} {:>8.1} MB", "memory, first third", resident(&steady[..third]));
    println!("{:<44} {:>8.1} MB", "memory, last third", resident(&steady[2 * third..]));
    let busy = (to.cpu - from.cpu) as f64 / TICKS / to.wall.saturating_sub(from.wall).as_secs_f64();
    println!("{:<44} {:>8.0} % of a core", "processor", busy * 100.0);

    let mut late: Vec<f64> = lines.iter().filter_map(|line| latency(line, began)).collect();
    late.sort_by(f64::total_cmp);
    let share = |percent: usize| late[(late.len() - 1) * percent / 100];
    println!("{:<44} {:>8}", "changes that were told and timed", late.len());
    for percent in [50, 99, 100] {
        let name = format!("from the wire to the line, {percent} %");
        println!("{name:<44} {:>8.1} ms", share(percent));
    }
    let blind = lines.iter().filter(|line| line.text.contains("\"notice\":\"blind\"")).count();
    println!("{:<44} {:>8}", "lines", lines.len());
    println!("{:<44} {:>8}", "times that it was blind", blind);
}

/// The milliseconds from the word of a new pod to the line that tells of it.
#[expect(clippy::cast_precision_loss, reason = "it is printed with one digit")]
fn latency(line: &Line, began: &BTreeMap<u64, u64>) -> Option<f64> {
    let (_, rest) = line.text.split_once("\"pod\":\"probe-")?;
    let is_first = line.text.contains("\"change\":\"opened\"");
    let said = began.get(&rest.split('"').next()?.parse().ok()?)?;
    is_first.then(|| line.at.saturating_sub(*said) as f64 / 1e6)
}
