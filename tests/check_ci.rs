//! docs/ci.md and action.yml say what is true: their YAML is YAML, their command lines are taken,
//! and the action's script does what its inputs say.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

pub mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{finish, fixture, program};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The fenced blocks of a page in one language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_pages_yaml_is_yaml() {
    let page = read("docs/ci.md");
    let blocks = blocks(&page, "yaml");
    assert!(blocks.len() >= 5);
    for block in blocks {
        let _: Value = serde_saphyr::from_str(&block).unwrap_or_else(|e| panic!("{e}\n{block}"));
    }
}

#[test]
fn the_pages_command_lines_are_taken() {
    let page = read("docs/ci.md");
    let mut seen = 0;
    for line in page.lines().filter(|line| {
        line.contains("pulldoctor check -") || line.contains("pulldoctor check deploy")
    }) {
        let Some((_, rest)) = line.split_once("pulldoctor check ") else { continue };
        if line.starts_with(|c: char| c.is_uppercase()) || line.starts_with('`') {
            continue;
        }
        let args = rest.split(['>', '|']).next().unwrap();
        let run = finish(
            program()
                .arg("check")
                .args(args.split_whitespace().map(|arg| arg.trim_matches('`')))
                .args(["--kubeconfig", "/nonexistent"]),
        );
        // Nothing is there to look at, or to read; but nothing is wrong with the command line.
        assert_eq!(run.code, 3, "{line}: {}", run.stderr);
        seen += 1;
    }
    assert!(seen >= 4, "{seen} command lines");
}

/// Runs the action's second step with these inputs, and a program that is this one with `--from`.
fn action(inputs: &[(&str, &str)]) -> (i32, String, String) {
    let action: Value = serde_saphyr::from_str(&read("action.yml")).unwrap();
    let step = &action["runs"]["steps"][1];
    let script = step["run"].as_str().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("output");
    let bin = dir.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_pulldoctor"), bin.join("pulldoctor")).unwrap();
    let mut command = Command::new("bash");
    command.env_clear().args(["-c", script]).env("GITHUB_OUTPUT", &output);
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    for (variable, value) in step["env"].as_object().unwrap() {
        let input = value.as_str().unwrap();
        let input = input.trim_start_matches("${{ inputs.").trim_end_matches(" }}");
        let given = inputs.iter().find(|(name, _)| *name == input).map(|(_, value)| *value);
        let default = action["inputs"][input]["default"].as_str().unwrap();
        command.env(variable, given.unwrap_or(default));
    }
    let run = finish(&mut command);
    (run.code, run.stdout + &run.stderr, std::fs::read_to_string(output).unwrap_or_default())
}

#[cfg(unix)]
#[test]
fn the_action_does_what_its_inputs_say() {
    let from = format!("--from\n{}", fixture("cluster/owners"));
    let owners = [("namespace", "owners"), ("wait", ""), ("args", from.as_str())];
    let (code, said, output) = action(&owners);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("::error title="), "{said}");
    assert_eq!(output, "exit-code=1\n");

    let some = [&owners[..], &[("workloads", "deployment/web statefulset/db")]].concat();
    let (code, said, _) = action(&some);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("4 of 4 pods"), "{said}");

    let hostile = [("workloads", "$(touch /tmp/owned)/x;"), ("wait", ""), ("args", from.as_str())];
    let (code, said, output) = action(&hostile);
    assert_eq!((code, output.as_str()), (2, "exit-code=2\n"), "{said}");
}
