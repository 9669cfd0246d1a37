//! Which kinds of objects an API server serves: the aggregated form (`apidiscovery.k8s.io`, v2 and
//! v2beta1), which is one document, and the older form, which is one for each group and version.

use serde::Deserialize;

use super::lenient::nullable;

/// A kind of object that the server serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The API group; empty for core.
    pub group: String,
    /// The group's version.
    pub version: String,
    /// The plural, as in the URL.
    pub plural: String,
    /// The singular; empty where the server does not say.
    pub singular: String,
    /// As objects write it.
    pub kind: String,
    /// Such as `deploy`.
    pub short_names: Vec<String>,
    /// Whether its objects are in namespaces.
    pub is_namespaced: bool,
    /// Whether it has the `scale` subresource.
    pub has_scale: bool,
}

/// The answer to `/api` or `/apis`, in either form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Root {
    /// The aggregated form: everything.
    #[serde(deserialize_with = "nullable")]
    items: Vec<Aggregated>,
    /// The older form of `/apis`: the groups and their versions.
    #[serde(deserialize_with = "nullable")]
    groups: Vec<Group>,
    /// The older form of `/api`: the versions of core.
    #[serde(deserialize_with = "nullable")]
    versions: Vec<String>,
}

impl Root {
    /// What is served, as far as the answer says so: best first.
    pub fn served(&self) -> Vec<Served> {
        let versions = self
            .items
            .iter()
            .flat_map(|group| group.versions.iter().map(|version| (&group.metadata.name, version)));
        let served = versions.flat_map(|(group, version)| {
            version.resources.iter().map(|resource| Served {
                group: group.clone(),
                version: version.version.clone(),
                plural: resource.resource.clone(),
                singular: resource.singular_resource.clone(),
                kind: resource.response_kind.kind.clone(),
                short_names: resource.short_names.clone(),
                is_namespaced: resource.scope == "Namespaced",
                has_scale: resource.subresources.iter().any(|it| it.subresource == "scale"),
            })
        });
        served.collect()
    }

    /// The paths of the documents that say the rest.
    pub fn paths(&self) -> Vec<String> {
        let core = self.versions.iter().map(|version| format!("/api/{version}"));
        let groups = self.groups.iter().flat_map(|group| {
            group.versions.iter().map(|version| format!("/apis/{}", version.group_version))
        });
        core.chain(groups).collect()
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Aggregated {
    #[serde(deserialize_with = "nullable")]
    metadata: NameOnly,
    #[serde(deserialize_with = "nullable")]
    versions: Vec<AggregatedVersion>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct NameOnly {
    #[serde(deserialize_with = "nullable")]
    name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct AggregatedVersion {
    #[serde(deserialize_with = "nullable")]
    version: String,
    #[serde(deserialize_with = "nullable")]
    resources: Vec<AggregatedResource>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AggregatedResource {
    #[serde(deserialize_with = "nullable")]
    resource: String,
    #[serde(deserialize_with = "nullable")]
    singular_resource: String,
    #[serde(deserialize_with = "nullable")]
    response_kind: ResponseKind,
    #[serde(deserialize_with = "nullable")]
    short_names: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    scope: String,
    #[serde(deserialize_with = "nullable")]
    subresources: Vec<Subresource>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ResponseKind {
    #[serde(deserialize_with = "nullable")]
    kind: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Subresource {
    #[serde(deserialize_with = "nullable")]
    subresource: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Group {
    #[serde(deserialize_with = "nullable")]
    versions: Vec<GroupVersion>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GroupVersion {
    #[serde(deserialize_with = "nullable")]
    group_version: String,
}

/// `APIResourceList`: what one version of a group serves, in the older form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Resources {
    #[serde(deserialize_with = "nullable")]
    group_version: String,
    #[serde(deserialize_with = "nullable")]
    resources: Vec<Resource>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resource {
    /// The plural; of a subresource `plural/subresource`.
    #[serde(deserialize_with = "nullable")]
    name: String,
    #[serde(deserialize_with = "nullable")]
    singular_name: String,
    #[serde(deserialize_with = "nullable")]
    namespaced: bool,
    #[serde(deserialize_with = "nullable")]
    kind: String,
    #[serde(deserialize_with = "nullable")]
    short_names: Vec<String>,
}

impl Resources {
    /// What is served.
    pub fn served(&self) -> Vec<Served> {
        let (group, version) =
            self.group_version.split_once('/').unwrap_or(("", &self.group_version));
        let has = |name: &str| self.resources.iter().any(|resource| resource.name == name);
        let served = self.resources.iter().filter(|resource| !resource.name.contains('/'));
        served
            .map(|resource| Served {
                group: group.to_owned(),
                version: version.to_owned(),
                plural: resource.name.clone(),
                singular: resource.singular_name.clone(),
                kind: resource.kind.clone(),
                short_names: resource.short_names.clone(),
                is_namespaced: resource.namespaced,
                has_scale: has(&format!("{}/scale", resource.name)),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::wire::decode;

    #[test]
    fn both_forms_say_the_same() {
        let aggregated: Root = decode(
            br#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},
                "items":[{"metadata":{"name":"argoproj.io","creationTimestamp":null},"versions":[
                {"version":"v1alpha1","freshness":"Current","resources":[{"resource":"rollouts",
                "responseKind":{"group":"argoproj.io","version":"v1alpha1","kind":"Rollout"},
                "scope":"Namespaced","singularResource":"rollout","shortNames":["ro"],
                "verbs":["get","list","watch"],"subresources":[{"subresource":"scale",
                "responseKind":{"group":"autoscaling","version":"v1","kind":"Scale"},
                "verbs":["get"]}]}]}]}]}"#,
        )
        .unwrap();
        assert_eq!(aggregated.paths(), [""; 0]);
        let older: Resources = decode(
            br#"{"kind":"APIResourceList","groupVersion":"argoproj.io/v1alpha1","resources":[
                {"name":"rollouts","singularName":"rollout","namespaced":true,"kind":"Rollout",
                "verbs":["get"],"shortNames":["ro"]},
                {"name":"rollouts/scale","namespaced":true,"kind":"Scale","verbs":["get"]}]}"#,
        )
        .unwrap();
        assert_eq!(aggregated.served(), older.served());
        assert_eq!(older.served().len(), 1);
        assert!(older.served()[0].has_scale);
    }

    #[test]
    fn the_older_form_says_where_the_rest_is() {
        let groups: Root = decode(
            br#"{"kind":"APIGroupList","groups":[{"name":"apps","versions":[{"groupVersion":"apps/v1",
                "version":"v1"}],"preferredVersion":{"groupVersion":"apps/v1","version":"v1"}}]}"#,
        )
        .unwrap();
        assert_eq!(groups.paths(), ["/apis/apps/v1"]);
        let core: Root = decode(br#"{"kind":"APIVersions","versions":["v1"]}"#).unwrap();
        assert_eq!(core.paths(), ["/api/v1"]);
        assert_eq!(core.served(), []);
    }
}
