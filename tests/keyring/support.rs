//! Secrets, images and recordings for the tests of the keyring.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use pulldoctor::credentials::{DOCKERCONFIGJSON, PullSecret, TYPE_DOCKERCONFIGJSON};
use pulldoctor::facts::{ObjectName, Time};
use pulldoctor::image::ImageReference;
use secrecy::SecretString;
use serde_json::Value;

pub(crate) fn b64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

pub(crate) fn image(written: &str) -> ImageReference {
    ImageReference::parse(written).unwrap_or_else(|why| panic!("{written}: {why}"))
}

pub(crate) fn name(name: &str) -> ObjectName {
    ObjectName::new("shop", name)
}

pub(crate) fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// A secret of the usual type with this payload.
pub(crate) fn secret(name: &str, payload: &str) -> PullSecret {
    secret_of(name, TYPE_DOCKERCONFIGJSON, &[(DOCKERCONFIGJSON, payload)])
}

/// A secret with these payloads, not yet in base64.
pub(crate) fn secret_of(secret: &str, kind: &str, data: &[(&str, &str)]) -> PullSecret {
    let data = data.iter().map(|(key, value)| ((*key).to_owned(), SecretString::from(b64(value))));
    PullSecret::new(name(secret), kind, Some(time("2026-11-23T00:00:00Z")), None, data)
}

/// A secret with one entry of user and password, for one key.
pub(crate) fn login(key: &str, user: &str, password: &str) -> PullSecret {
    let entry = serde_json::json!({ "auths": { key: { "username": user, "password": password } } });
    secret("login", &entry.to_string())
}

/// What was recorded of one namespace.
pub(crate) struct Recorded {
    pub(crate) secrets: Vec<PullSecret>,
    /// Image and pull secrets of each pod.
    pub(crate) pods: BTreeMap<String, (String, Vec<String>)>,
    /// `state.waiting` of each pod, as it stands.
    pub(crate) waiting: BTreeMap<String, String>,
    pub(crate) running: BTreeSet<String>,
}

pub(crate) fn recorded(namespace: &str) -> Recorded {
    let mut recorded = Recorded {
        secrets: items(namespace, "secrets.json").iter().map(pull_secret).collect(),
        pods: BTreeMap::new(),
        waiting: BTreeMap::new(),
        running: BTreeSet::new(),
    };
    for pod in items(namespace, "pods.json") {
        let name = text(&pod["metadata"]["name"]);
        let references = pod["spec"]["imagePullSecrets"].as_array().cloned().unwrap_or_default();
        let references = references.iter().map(|reference| text(&reference["name"])).collect();
        recorded
            .pods
            .insert(name.clone(), (text(&pod["spec"]["containers"][0]["image"]), references));
        let state = &pod["status"]["containerStatuses"][0]["state"];
        recorded.waiting.insert(name.clone(), state["waiting"].to_string());
        if !state["running"].is_null() {
            recorded.running.insert(name);
        }
    }
    recorded
}

/// What is truly wrong with a recorded pod: its `root` in expected.json.
pub(crate) fn expected_root(namespace: &str, pod: &str) -> Option<String> {
    let expected = json(&Path::new("fixtures/cluster").join("expected.json"));
    expected[format!("{namespace}/{pod}")]["root"].as_str().map(str::to_owned)
}

fn items(namespace: &str, file: &str) -> Vec<Value> {
    let list = json(&Path::new("fixtures/cluster").join(namespace).join(file));
    list["items"].as_array().unwrap().clone()
}

fn json(path: &Path) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn pull_secret(object: &Value) -> PullSecret {
    let meta = &object["metadata"];
    let data = object["data"].as_object().unwrap().iter();
    PullSecret::new(
        ObjectName::new(text(&meta["namespace"]), text(&meta["name"])),
        text(&object["type"]),
        Some(time(&text(&meta["creationTimestamp"]))),
        None,
        data.map(|(key, value)| (key.clone(), SecretString::from(text(value)))),
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
