//! Generated files are as fresh as their source.
//!
//! `PULLDOCTOR_BLESS=1 cargo test --test generated` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

fn check(path: &str, wanted: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("PULLDOCTOR_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, wanted).unwrap();
    }
    let there = std::fs::read(&path).unwrap_or_default();
    assert!(
        there == wanted,
        "{} is stale: run PULLDOCTOR_BLESS=1 cargo test --test generated",
        path.display()
    );
}

#[test]
fn causes() {
    let mut page = Vec::new();
    pulldoctor::explain::document(&mut page).unwrap();
    check("docs/causes.md", &page);
}

/// Ages change with the clock; everything else in the output must not.
fn without_ages(text: &str) -> String {
    let age = regex::Regex::new(r"\b(\d+[smhd]){1,2} ago\b").unwrap();
    age.replace_all(text, "2h5m ago").into_owned()
}

/// The README with each `console` block's output as the program prints it now.
fn readme_as_it_runs(readme: &str) -> String {
    let mut fresh = String::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        fresh.push_str(line);
        fresh.push('\n');
        if line != "```console" {
            continue;
        }
        let command = lines.next().and_then(|line| line.strip_prefix("$ pulldoctor ")).unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_pulldoctor"))
            .args(command.split_whitespace())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .output()
            .unwrap();
        let printed = without_ages(&String::from_utf8(output.stdout).unwrap());
        writeln!(fresh, "$ pulldoctor {command}\n{printed}```").unwrap();
        lines.by_ref().find(|line| *line == "```").unwrap();
    }
    fresh
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let fresh = readme_as_it_runs(&readme);
    assert!(fresh.contains("pull-secret-not-referenced"), "the example does not run");
    check("README.md", fresh.as_bytes());
}
