//! The workloads that a manifest declares: what `check -f` looks at once the manifest is applied.
//!
//! Only kinds, names and namespaces are read; what else is in the file, a Secret's data say, is
//! skipped without being built. Reads YAML and JSON, several documents, and Lists.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Foreign};
use crate::workload::{Kind, Named};

/// The largest manifest that is read.
const LIMIT: u64 = 64 << 20;

/// What a manifest declares.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Workloads, in the order in which they stand there.
    pub workloads: Vec<Named>,
    /// What the person should know: a line each.
    pub notes: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    api_version: Option<String>,
    kind: Option<String>,
    metadata: Option<Metadata>,
    items: Option<Vec<Document>>,
    spec: Option<Spec>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    generate_name: Option<String>,
    namespace: Option<String>,
}

/// A spec, as far as it tells whether there are pods behind it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    template: Option<Template>,
    job_template: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    spec: Option<PodSpec>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodSpec {
    containers: Option<serde::de::IgnoredAny>,
}

/// Reads manifests; `-` stands for `stdin`.
pub fn declared(paths: &[PathBuf], stdin: impl Read) -> Result<Declared, Error> {
    let mut declared = Declared::default();
    let mut stdin = Some(stdin);
    for path in paths {
        if path.as_os_str() == "-" {
            let Some(stdin) = stdin.take() else {
                return Err(Error::Usage {
                    problem: "standard input (-) can be read only once".to_owned(),
                    hint: "give -f - once; documents can follow one another in it".to_owned(),
                });
            };
            take(Path::new("standard input"), stdin, &mut declared)?;
        } else {
            let file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
            take(path, file, &mut declared)?;
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    declared.workloads.retain(|workload| seen.insert(workload.clone()));
    if declared.workloads.is_empty() {
        let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Error::NotRecorded { input: names.join(", "), found: Foreign::NoWorkload });
    }
    Ok(declared)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    Error::Manifest { input: path.display().to_string(), why }
}

fn take(path: &Path, reader: impl Read, declared: &mut Declared) -> Result<(), Error> {
    let mut text = String::new();
    let read = reader.take(LIMIT).read_to_string(&mut text);
    read.map_err(|error| unreadable(path, &error))?;
    let malformed = |why: String| Error::Manifest { input: path.display().to_string(), why };
    let documents: Vec<Document> = if text.trim_start().starts_with('{') {
        let documents = serde_json::Deserializer::from_str(&text).into_iter();
        documents.collect::<Result<_, _>>().map_err(|error| {
            let cut_off = if error.is_eof() { ", where it ends" } else { "" };
            malformed(format!("invalid JSON at line {}{cut_off}", error.line()))
        })?
    } else {
        // The library's own words may quote the input; these do not.
        serde_saphyr::from_str_multiple(&text).map_err(|error| {
            let line = error.location().map(|location| location.line());
            let at = line.map_or(String::new(), |line| format!(" at line {line:?}"));
            malformed(format!("invalid YAML{at}"))
        })?
    };
    for document in documents {
        collect(document, None, declared);
    }
    Ok(())
}

fn collect(document: Document, of_list: Option<(&str, &str)>, declared: &mut Declared) {
    let kind = document.kind.as_deref().or(of_list.map(|(_, kind)| kind)).unwrap_or_default();
    let api_version =
        document.api_version.as_deref().or(of_list.map(|(version, _)| version)).unwrap_or_default();
    if let Some(items) = document.items {
        let item = kind.strip_suffix("List").unwrap_or_default();
        for document in items {
            collect(document, Some((api_version, item)), declared);
        }
        return;
    }
    let known = Kind::of_object(api_version, kind);
    let has_template = document.spec.as_ref().is_some_and(|spec| {
        let template = spec.template.as_ref().and_then(|template| template.spec.as_ref());
        spec.job_template.is_some() || template.is_some_and(|spec| spec.containers.is_some())
    });
    if matches!(known, Kind::Other { .. }) && !has_template {
        return;
    }
    let metadata = document.metadata.unwrap_or_default();
    let Some(name) = metadata.name else {
        let named = metadata.generate_name.unwrap_or_default();
        declared.notes.push(format!(
            "left out: a {} whose name the server makes ({}…)",
            crate::redact::line(kind, 80),
            crate::redact::line(&named, 80)
        ));
        return;
    };
    // What cannot be a name was refused by the server too.
    let Ok(named) = Named::parse(&format!("pod/{name}")) else { return };
    declared.workloads.push(Named { kind: known, namespace: metadata.namespace, ..named });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, Error> {
        let declared = declared(&[PathBuf::from("-")], text.as_bytes())?;
        let shown = declared.workloads.iter().map(|it| match &it.namespace {
            Some(namespace) => format!("{namespace}:{it}"),
            None => it.to_string(),
        });
        Ok(shown.collect())
    }

    #[test]
    fn workloads_are_found_among_everything_else() {
        let yaml = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {x: !!binary aGk=}\n\
                    ---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n\
                    spec: {template: {spec: {containers: []}}}\n---\n# nothing\n---\n\
                    apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: migrate-}\n---\n\
                    apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: api}\n\
                    spec: {template: {spec: {containers: [{name: a}]}}}\n";
        assert_eq!(read(yaml).unwrap(), ["shop:deployment/web", "rollout.argoproj.io/api"]);
        let json = r#"{"kind":"List","apiVersion":"v1","items":[
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}},
            {"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"b"}}]}"#;
        assert_eq!(read(json).unwrap(), ["pod/a"]);
    }

    #[test]
    fn a_manifest_without_workloads_is_an_error_that_quotes_nothing() {
        assert!(read("apiVersion: v1\nkind: Service\nmetadata: {name: x}\n").is_err());
        let error = read("a: {b: CANARY\n").unwrap_err();
        assert!(!format!("{error}{:?}", error.hints()).contains("CANARY"));
        let error = read("{\"a\": CANARY").unwrap_err();
        assert!(!format!("{error}{:?}", error.hints()).contains("CANARY"));
    }
}
