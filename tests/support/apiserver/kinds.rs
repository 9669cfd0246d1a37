//! Which kinds the server says it serves: in one document, or in one for each group's version.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::store::KINDS;

/// A kind of somebody's own.
#[derive(Debug, Clone)]
pub struct CustomKind {
    /// Such as `argoproj.io/v1alpha1`.
    pub api_version: &'static str,
    /// Such as `Rollout`.
    pub kind: &'static str,
    /// Such as `rollouts`.
    pub plural: &'static str,
    /// Such as `ro`.
    pub short_names: &'static [&'static str],
    /// Whether it has the `scale` subresource; its selector is the object's `status.labelSelector`.
    pub has_scale: bool,
}

impl CustomKind {
    fn group(&self) -> &'static str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

/// What the server serves.
pub(super) struct Kinds {
    pub(super) custom: Vec<CustomKind>,
    /// Whether it prints it in one document.
    pub(super) are_aggregated: bool,
}

impl Kinds {
    /// Whether somebody's own kind has that plural.
    pub(super) fn serves(&self, group: &str, plural: &str) -> bool {
        self.custom.iter().any(|kind| kind.group() == group && kind.plural == plural)
    }

    /// Whether it has a scale.
    pub(super) fn scales(&self, group: &str, plural: &str) -> bool {
        let mut kinds = self.custom.iter().filter(|kind| kind.has_scale);
        kinds.any(|kind| kind.group() == group && kind.plural == plural)
    }

    /// The document at that path, if there is one.
    pub(super) fn document(&self, path: &str, accept: &str) -> Option<Value> {
        let versions = self.versions();
        if self.are_aggregated && accept.contains("as=APIGroupDiscoveryList") {
            let core = match path {
                "/api" => true,
                "/apis" => false,
                _ => return None,
            };
            let groups = versions.iter().filter(|(version, _)| version.contains('/') != core);
            let items: Vec<_> = groups.map(|(version, kinds)| aggregated(version, kinds)).collect();
            return Some(json!({ "kind": "APIGroupDiscoveryList", "metadata": {}, "items": items,
                "apiVersion": "apidiscovery.k8s.io/v2" }));
        }
        match path {
            "/api" => Some(json!({ "kind": "APIVersions", "versions": ["v1"] })),
            "/apis" => {
                let groups = versions.keys().filter_map(|version| {
                    let (group, short) = version.split_once('/')?;
                    let version = json!({ "groupVersion": version, "version": short });
                    Some(json!({ "name": group, "versions": [version], "preferredVersion": version }))
                });
                let groups: Vec<_> = groups.collect();
                Some(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }))
            }
            path => {
                let version = path.strip_prefix("/apis/").or(path.strip_prefix("/api/"))?;
                let kinds = versions.get(version)?;
                let resources: Vec<_> = kinds.iter().flat_map(separate).collect();
                Some(json!({ "kind": "APIResourceList", "apiVersion": "v1",
                    "groupVersion": version, "resources": resources }))
            }
        }
    }

    /// The kinds of each group's version.
    fn versions(&self) -> BTreeMap<String, Vec<CustomKind>> {
        let mut versions: BTreeMap<String, Vec<CustomKind>> = BTreeMap::new();
        let own = KINDS.iter().map(|(group, kind, plural)| {
            let api_version = match *group {
                "" => "v1",
                "apps" => "apps/v1",
                _ => "batch/v1",
            };
            CustomKind { api_version, kind, plural, short_names: &[], has_scale: false }
        });
        for kind in own.chain(self.custom.iter().cloned()) {
            versions.entry(kind.api_version.to_owned()).or_default().push(kind);
        }
        versions
    }
}

fn is_namespaced(kind: &CustomKind) -> bool {
    !["Namespace", "Node"].contains(&kind.kind)
}

fn aggregated(version: &str, kinds: &[CustomKind]) -> Value {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resources: Vec<_> = kinds
        .iter()
        .map(|kind| {
            let scale = json!([{ "subresource": "scale", "verbs": ["get"], "responseKind":
                { "group": "autoscaling", "version": "v1", "kind": "Scale" } }]);
            json!({
                "resource": kind.plural, "singularResource": kind.kind.to_lowercase(),
                "responseKind": { "group": group, "version": version, "kind": kind.kind },
                "scope": if is_namespaced(kind) { "Namespaced" } else { "Cluster" },
                "shortNames": kind.short_names, "verbs": ["get", "list", "watch"],
                "subresources": if kind.has_scale { scale } else { Value::Null },
            })
        })
        .collect();
    json!({ "metadata": { "name": group, "creationTimestamp": null }, "versions":
        [{ "version": version, "resources": resources, "freshness": "Current" }] })
}

fn separate(kind: &CustomKind) -> Vec<Value> {
    let mut resources = vec![json!({
        "name": kind.plural, "singularName": kind.kind.to_lowercase(), "kind": kind.kind,
        "namespaced": is_namespaced(kind), "shortNames": kind.short_names,
        "verbs": ["get", "list", "watch"],
    })];
    if kind.has_scale {
        resources.push(json!({ "name": format!("{}/scale", kind.plural), "singularName": "",
            "namespaced": true, "kind": "Scale", "group": "autoscaling", "version": "v1",
            "verbs": ["get"] }));
    }
    resources
}
