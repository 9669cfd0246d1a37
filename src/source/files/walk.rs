//! Which files of a directory tree are worth reading: cluster-info dumps, must-gather trees, and
//! whatever somebody saved side by side.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How deep a tree is followed; a must-gather tree is about eight deep.
const DEPTH: usize = 32;

/// How much of a file is read to see whether the rest is worth it.
const SNIFF: u64 = 4096;

/// The files below `root` to be read, in a stable order. What cannot be entered goes into `notes`.
pub(super) fn files(root: &Path, notes: &mut Vec<String>) -> std::io::Result<Vec<PathBuf>> {
    let mut walk = Walk { seen: BTreeSet::new(), files: Vec::new(), notes };
    walk.directory(root, 0)?;
    Ok(walk.files)
}

struct Walk<'a> {
    /// Directories by their real path: a symbolic link may lead back.
    seen: BTreeSet<PathBuf>,
    files: Vec<PathBuf>,
    notes: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn directory(&mut self, path: &Path, depth: usize) -> std::io::Result<()> {
        if !self.seen.insert(fs::canonicalize(path)?) {
            return Ok(());
        }
        if depth > DEPTH {
            self.notes.push(format!("{}: too deep, not followed", path.display()));
            return Ok(());
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            entries.push(entry?.path());
        }
        entries.sort_unstable();
        for entry in entries {
            if let Err(error) = self.entry(&entry, depth) {
                self.notes.push(format!("{}: skipped: {error}", entry.display()));
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, depth: usize) -> std::io::Result<()> {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden {
            return Ok(());
        }
        let metadata = fs::metadata(path)?;
        if metadata.is_dir() {
            self.directory(path, depth + 1)?;
        } else if metadata.is_file() && is_promising(path)? {
            // Anything else, a named pipe above all, would have to be waited for.
            self.files.push(path.to_owned());
        }
        Ok(())
    }
}

/// Whether a file may hold something: by its name, and where the name says little by its first
/// bytes, since dumps are full of logs.
fn is_promising(path: &Path) -> std::io::Result<bool> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("json" | "jsonl" | "ndjson" | "yaml" | "yml") => return Ok(true),
        None | Some("txt" | "out" | "describe") => {}
        Some(_) => return Ok(false),
    }
    let mut start = Vec::new();
    File::open(path)?.take(SNIFF).read_to_end(&mut start)?;
    if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
        return Ok(true);
    }
    let start = String::from_utf8_lossy(&start);
    Ok(super::Shape::of(&start).is_some())
}
