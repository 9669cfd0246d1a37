//! A large cluster, served by a process of its own, and what it costs to check it: wall time, bytes
//! moved and peak memory, beside those of a bare HTTP client on the same data.
//!
//! `cargo bench --bench cluster`, or with `-- --pods 30000` to see that healthy pods cost no memory.
//! The numbers to look at are the ratios; docs/performance.md has
//! some. 10,000 pods of 15 KB JSON, 506 of them failing, 35,000 events; the server speaks TLS, pages
//! and selects like the real one, and answers in JSON or in the API's binary form. What it does not
//! do is work: a real server spends its time on making these answers.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, or fails")]

#[path = "../tests/support/protobuf.rs"]
pub mod protobuf;
#[expect(dead_code, reason = "the tests need more kinds of certificates")]
#[path = "../tests/support/apiserver/tls.rs"]
pub mod tls;

mod big;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one run cost.
#[derive(Default)]
struct Cost {
    wall: Duration,
    /// In KiB.
    peak: u64,
    code: i32,
    output: String,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let after = |flag: &str| {
        args.iter().position(|arg| arg == flag).and_then(|at| args.get(at + 1)).cloned()
    };
    let pods = after("--pods").map_or(10_000, |number| number.parse().unwrap());
    if let Some(directory) = after("--serve") {
        return big::serve(Path::new(&directory), pods);
    }
    if let Some(what) = after("--bare") {
        return big::bare(Path::new(&after("--in").unwrap()), &what);
    }

    let directory = tempfile::tempdir().unwrap();
    let myself = std::env::current_exe().unwrap();
    let mut server = Command::new(&myself)
        .arg("--serve")
        .arg(directory.path())
        .args(["--pods", &pods.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    println!("{}", lines.next().unwrap().unwrap());
    let mut moved = || -> String { lines.next().unwrap().unwrap() };

    println!("{:<44} {:>8} {:>10} {:>9}", "", "seconds", "MB moved", "MB peak");
    let row = |name: &str, cost: &Cost, moved: &str| {
        #[expect(clippy::cast_precision_loss, reason = "it is printed with one digit")]
        let peak = cost.peak as f64 / 1024.0;
        println!("{name:<44} {:>8.2} {moved:>10} {peak:>9.1}", cost.wall.as_secs_f64());
    };
    for (name, what) in [
        ("bare client: pods, JSON", "pods json"),
        ("bare client: Pending pods, JSON", "pending json"),
        ("bare client: pods, binary", "pods binary"),
        ("bare client: events, JSON", "events json"),
        ("bare client: events, binary", "events binary"),
        ("bare client: events reason=Failed, JSON", "failed json"),
        ("bare client: events as check asks, binary", "asked binary"),
    ] {
        let mut command = Command::new(&myself);
        command.args(["--bare", what, "--in"]).arg(directory.path());
        let cost = run(&mut command);
        assert_eq!(cost.code, 0, "{}", cost.output);
        row(name, &cost, &big::flush(directory.path(), &mut moved));
    }
    for (name, config, args) in [
        ("pulldoctor check -A", "kubeconfig", &["check", "-A"][..]),
        ("pulldoctor check -A -o json", "kubeconfig", &["check", "-A", "-o", "json"]),
        ("pulldoctor check -A -o junit", "kubeconfig", &["check", "-A", "-o", "junit"]),
        ("pulldoctor check -A, server knows JSON only", "kubeconfig-json", &["check", "-A"]),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pulldoctor"));
        command.args(args).env_clear().env("KUBECONFIG", directory.path().join(config));
        let cost = run(&mut command);
        assert_eq!(cost.code, 1, "{}", cost.output);
        let first = cost.output.lines().next().unwrap_or_default().to_owned();
        row(name, &cost, &big::flush(directory.path(), &mut moved));
        if args.len() == 2 {
            println!("    {first}");
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Runs a program to its end and watches its memory.
fn run(command: &mut Command) -> Cost {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || std::io::read_to_string(stdout).unwrap());
    let status = format!("/proc/{}/status", child.id());
    let mut cost = Cost::default();
    let ended = loop {
        // The kernel keeps the peak; it is gone with the process, so it is asked often.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|it| it.trim().strip_suffix(" kB")?.parse().ok());
        cost.peak = cost.peak.max(peak.unwrap_or(0));
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    cost.wall = started.elapsed();
    cost.code = ended.code().unwrap_or(-1);
    cost.output = reader.join().unwrap();
    cost
}
