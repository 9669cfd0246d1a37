//! What the tests share: the real binary in a scrubbed environment.

pub mod apiserver;
pub mod junit;
pub mod shop;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// How a run of the program ended.
#[derive(Debug)]
pub struct Run {
    /// The exit code; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON: {error}\n{}\n{}", self.stdout, self.stderr))
    }
}

/// A file of `fixtures/`.
pub fn fixture(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path).display().to_string()
}

/// The program with an empty environment: no home, no kubeconfig, no proxy, no colour settings, no
/// CI of the developer's.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pulldoctor"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn pulldoctor(args: &[&str]) -> Run {
    finish(program().args(args))
}

/// Runs the program with this on standard input.
pub fn pulldoctor_reading(args: &[&str], input: &[u8]) -> Run {
    let mut child = program()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // The program may have read enough.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    run_of(&output)
}

/// Runs a prepared command to its end.
pub fn finish(command: &mut Command) -> Run {
    run_of(&command.output().unwrap())
}

fn run_of(output: &std::process::Output) -> Run {
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
