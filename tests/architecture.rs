//! The core is a function of its arguments: a test that reads its imports.
//!
//! Everything that is not `source`, `cli` or a `main` must not know a client, a runtime, the clock,
//! the environment, a file or a stream of the process.

use std::fs;
use std::path::{Path, PathBuf};

/// What may touch the world.
const SHELL: [&str; 4] = ["source", "cli", "main", "bin"];

/// What the core must not name. Each is found as code, not in a comment.
const FORBIDDEN: [&str; 26] = [
    "kube::",
    "k8s_openapi",
    "tokio",
    "hyper",
    "http::",
    "rustls",
    "crossterm",
    "ratatui",
    "futures",
    "tracing",
    "std::net::Tcp",
    "std::net::Udp",
    "ToSocketAddrs",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "SystemTime",
    "Utc::now",
    "Local::now",
    "stdin()",
    "stdout()",
    "stderr()",
    "crate::source",
    "crate::cli",
];

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The file without its comments and its unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_core_touches_nothing_outside() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut core = 0;
    let mut wrong = Vec::new();
    for path in files {
        let inside = path.strip_prefix(&src).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        if SHELL.contains(&room.trim_end_matches(".rs")) {
            continue;
        }
        core += 1;
        let text = code(&fs::read_to_string(&path).unwrap());
        for name in FORBIDDEN {
            if text.contains(name) {
                wrong.push(format!("{} names {name}", inside.display()));
            }
        }
    }
    assert!(core > 30, "only {core} files were read: has the core moved?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reading_of_imports_finds_what_it_should() {
    let text = "// tokio\nuse std::fs;\n#[cfg(test)]\nmod tests { use tokio; }";
    assert!(code(text).contains("std::fs"));
    assert!(!code(text).contains("tokio"));
}
