//! Facts from what kubectl printed: JSON, YAML, plain text, one file or a directory tree of them.
//!
//! [`load`] reads everything it is given and keeps the newest copy of each object. It never asks a
//! cluster, and knows of a namespace only what the input holds. What that proves:
//!
//! - **found**: every object in the input.
//! - **absent**: a secret or service account that a pod refers to, when a list of its namespace was
//!   given without it. A list counts for the namespaces it has an entry of (an empty list does not
//!   say whose it is), and for all namespaces when it has entries of several, since only `-A` prints
//!   that. A list that kubectl cut with a selector or to some names cannot be told from a whole one.
//! - **unseen**: everything else. Secrets of some other namespaces are not those of all others, so
//!   [`Facts::secrets_elsewhere`] is `Ok` for a list made with `-A` only.
//!
//! What plain text cannot support is said in `text.rs`.

mod document;
mod input;
mod json;
mod object;
mod store;
mod text;
mod walk;
mod words;
mod yaml;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use self::document::{Document, Field};
use self::object::{Fault, Object};
use self::store::{Listing, Store};
use crate::error::{Error, Foreign};
use crate::facts::{Facts, Origin, Time};

/// What was recorded in files.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Everything found; all pods are in [`Facts::pods`], in order of namespace and name.
    pub facts: Facts,
    /// How many objects, descriptions and tables were read.
    pub documents: usize,
    /// What the person should know about the input: files that were skipped, objects that could not
    /// be read. A line each.
    pub notes: Vec<String>,
}

/// Standard input on the command line.
const STDIN: &str = "-";

/// Standard input in messages.
const STDIN_NAME: &str = "standard input";

/// Reads what kubectl printed from files, from directory trees, and for `-` from `stdin`.
///
/// A text such as `kubectl get events` prints may not say the namespace; it is then that of the only
/// known pod of the name, else `assumed_namespace`. Ages in a text are counted back from `now`.
///
/// Every path must be readable and hold something that kubectl prints; below a directory a broken
/// file only leaves a note, unless there is nothing else. At least one object must be of use.
pub fn load(
    paths: &[PathBuf],
    stdin: impl Read,
    assumed_namespace: &str,
    now: Time,
) -> Result<Recorded, Error> {
    let is_stdin = |path: &PathBuf| path.as_os_str() == STDIN;
    if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(Error::Usage {
            problem: "standard input (-) can be read only once".to_owned(),
            hint: "give --from - once; JSON documents can follow one another in it".to_owned(),
        });
    }
    let mut loader = Loader { store: Store::new(), now, documents: 0, notes: Vec::new() };
    let mut names = Vec::new();
    let mut stdin = Some(stdin);
    for path in paths {
        if is_stdin(path) {
            names.push(STDIN_NAME.to_owned());
            let Some(stdin) = stdin.take() else { continue };
            let bytes =
                input::read(stdin, 0).map_err(|error| unreadable(Path::new(STDIN_NAME), &error))?;
            loader.explicit(STDIN_NAME, bytes)?;
        } else {
            names.push(path.display().to_string());
            let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
            if metadata.is_dir() {
                loader.directory(path)?;
            } else {
                let bytes = read_file(path)?;
                loader.explicit(&path.display().to_string(), bytes)?;
            }
        }
    }
    if loader.documents == 0 {
        return Err(Error::NotRecorded { input: names.join(", "), found: Foreign::Nothing });
    }
    let facts = loader.store.into_facts(Origin::Files(names), now, assumed_namespace);
    Ok(Recorded { facts, documents: loader.documents, notes: loader.notes })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    Error::Unreadable { path: path.to_owned(), why }
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    // A pipe has no size, and its reader needs none.
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    input::read(file, size).map_err(|error| unreadable(path, &error))
}

/// What a text is, by its first words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Json,
    Yaml,
    Words,
}

impl Shape {
    fn of(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with('{') {
            return Some(Self::Json);
        }
        if let Some(rest) = text.strip_prefix('[')
            && rest.trim_start().starts_with(['{', ']'])
        {
            return Some(Self::Json);
        }
        let is_yaml = text.lines().take(50).any(|line| {
            let line = line.strip_prefix("- ").unwrap_or(line);
            ["apiVersion:", "kind:", "items:", "metadata:"].iter().any(|key| line.starts_with(key))
        });
        if is_yaml {
            return Some(Self::Yaml);
        }
        text::is_words(text).then_some(Self::Words)
    }
}

/// What one input gave.
#[derive(Default)]
struct Intake {
    /// Objects of kinds that matter, empty lists, descriptions and tables.
    useful: usize,
    faults: Vec<Fault>,
    /// Kinds that do not matter, with their number.
    others: BTreeMap<String, usize>,
    /// The API server's words where objects were expected.
    refusals: Vec<String>,
    is_kubeconfig: bool,
    /// Whether a list ended before it said that it is one: kubectl prints the kind last.
    has_open_list: bool,
}

struct Loader {
    store: Store,
    now: Time,
    documents: usize,
    notes: Vec<String>,
}

impl Loader {
    /// Takes an input that was named on the command line. One that holds nothing of use only leaves
    /// a note: a shell's `*.yaml` takes in more than pods.
    fn explicit(&mut self, name: &str, bytes: Zeroizing<Vec<u8>>) -> Result<(), Error> {
        match self.input(name, bytes) {
            Ok(others) if others.is_empty() => {}
            Ok(others) => {
                let kinds: Vec<String> =
                    others.iter().map(|(kind, number)| format!("{number} {kind}")).collect();
                self.notes.push(format!("{name}: not needed: {}", kinds.join(", ")));
            }
            Err(error @ Error::NotRecorded { found: Foreign::Nothing, .. }) => {
                self.notes.push(error.to_string());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes a directory tree: files that hold nothing are skipped without a word.
    fn directory(&mut self, root: &Path) -> Result<(), Error> {
        let before = (self.documents, self.notes.len());
        let files = walk::files(root, &mut self.notes).map_err(|error| unreadable(root, &error))?;
        let mut first_error = None;
        for path in files {
            let name = path.display().to_string();
            match read_file(&path).and_then(|bytes| self.input(&name, bytes)) {
                Ok(_)
                | Err(Error::NotRecorded {
                    found: Foreign::Empty | Foreign::Text | Foreign::Nothing,
                    ..
                }) => {}
                Err(error) => {
                    self.notes.push(format!("skipped: {error}"));
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if self.documents == before.0 => {
                // The error says it all.
                self.notes.truncate(before.1);
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Reads one input into the store; gives the kinds in it that do not matter.
    fn input(
        &mut self,
        name: &str,
        bytes: Zeroizing<Vec<u8>>,
    ) -> Result<BTreeMap<String, usize>, Error> {
        let foreign = |found| Error::NotRecorded { input: name.to_owned(), found };
        let malformed =
            |why: String, cut_off| Error::Malformed { input: name.to_owned(), why, cut_off };
        let is_words = |text: &str| Shape::of(text) == Some(Shape::Words);
        let text =
            input::decode(bytes, is_words).map_err(|why| malformed(why.to_string(), false))?;
        let text = text.as_str();
        if text.trim().is_empty() {
            return Err(foreign(Foreign::Empty));
        }
        let mut intake = Intake::default();
        match Shape::of(text).ok_or_else(|| foreign(Foreign::Text))? {
            Shape::Json => json::documents(text, |document| self.document(document, &mut intake))
                .map_err(|error| malformed(error.to_string(), error.cut_off))?,
            Shape::Yaml => {
                for document in yaml::documents(text)
                    .map_err(|error| malformed(error.to_string(), error.cut_off))?
                {
                    self.document(document, &mut intake);
                }
            }
            Shape::Words => {
                let told = text::read(text, self.now);
                // A description of another kind tells nothing.
                intake.useful += (told.pods.len() + told.events.len()).min(told.blocks);
                self.store.take_text(told.pods, told.events);
            }
        }
        self.documents += intake.useful;

        let fault = |fault: &Fault| {
            let position = fault.at.and_then(|at| json::position(text, at));
            let at = position.map_or(String::new(), |(line, column)| {
                format!(" at line {line}, column {column}")
            });
            format!("{}: {}{at}", fault.object, fault.what)
        };
        if intake.useful == 0 {
            return Err(if let Some(first) = intake.faults.first() {
                malformed(fault(first), false)
            } else if intake.is_kubeconfig {
                foreign(Foreign::Kubeconfig)
            } else if let Some(words) = intake.refusals.pop() {
                foreign(Foreign::Refusal(words))
            } else {
                foreign(Foreign::Nothing)
            });
        }
        self.notes.extend(intake.faults.iter().map(|it| format!("{name}: skipped {}", fault(it))));
        self.notes.extend(
            intake.refusals.iter().map(|it| format!("{name}: {}", Foreign::Refusal(it.clone()))),
        );
        if intake.has_open_list {
            self.notes.push(format!("{name}: a list does not end as kubectl ends one: cut off?"));
        }
        Ok(intake.others)
    }

    /// Takes one document of an input.
    fn document<F: Field>(&mut self, document: Document<F>, intake: &mut Intake) {
        self.settle(document, ("", ""), false, None, intake);
    }

    /// Takes a document that is, or is an item of, a list of that kind and API version.
    fn settle<F: Field>(
        &mut self,
        document: Document<F>,
        (kind, api_version): (&str, &str),
        deleted: bool,
        mut listing: Option<&mut Listing>,
        intake: &mut Intake,
    ) {
        match document {
            Document::Object(Ok(record)) => {
                match &record.object {
                    Object::Kubeconfig => intake.is_kubeconfig = true,
                    Object::Refusal(status) => intake.refusals.push(status.reason_and_code()),
                    Object::Other(kind) => *intake.others.entry(kind.clone()).or_default() += 1,
                    _ => {}
                }
                if self.store.take(record, deleted, listing) {
                    intake.useful += 1;
                }
            }
            Document::Object(Err(fault)) => intake.faults.push(fault),
            // Not a Kubernetes object: a line of a log, say.
            Document::Kindless(_) if kind.is_empty() => {}
            Document::Scalar => {}
            Document::Kindless(fields) => {
                let document: Document<F> =
                    Document::Object(object::read(kind, api_version, &fields));
                self.settle(document, ("", ""), deleted, listing, intake);
            }
            Document::List { kind, api_version, items } => {
                // `List` itself says nothing of its items; each says it itself.
                let item = kind.strip_suffix("List").unwrap_or_default();
                let mut listing = Listing::default();
                // An empty list is an answer too: `kubectl get events` where there are none.
                if items.is_empty() && !kind.is_empty() {
                    intake.useful += 1;
                }
                for document in items {
                    self.settle(document, (item, &api_version), false, Some(&mut listing), intake);
                }
                // YAML that was cut off is YAML; the end of such a list proves nothing.
                if kind.is_empty() {
                    intake.has_open_list = true;
                } else {
                    self.store.listed(listing);
                }
            }
            Document::Watch { change, object } => match change.as_str() {
                "ADDED" | "MODIFIED" | "ERROR" => {
                    self.settle(*object, ("", ""), false, None, intake);
                }
                "DELETED" => self.settle(*object, ("", ""), true, None, intake),
                _ => {}
            },
            Document::Array(items) => {
                for document in items {
                    self.settle(document, ("", ""), deleted, listing.as_deref_mut(), intake);
                }
            }
        }
    }
}
