//! One thing to ask the API server: the URL of a GET, and the words for what was asked, so that a
//! refusal can say which permission is missing without reading the server's prose.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::error::ApiFault;
use crate::facts::{ObjectName, Unseen};

/// A kind of object as the API serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    /// The API group; empty for core.
    pub(super) group: Cow<'static, str>,
    /// The group's version.
    pub(super) version: Cow<'static, str>,
    /// The plural, as in the URL and in a Role.
    pub(super) plural: Cow<'static, str>,
}

impl Resource {
    const fn core(plural: &'static str) -> Self {
        Self::of("", plural)
    }

    /// Of a group's `v1`.
    pub(super) const fn of(group: &'static str, plural: &'static str) -> Self {
        Self {
            group: Cow::Borrowed(group),
            version: Cow::Borrowed("v1"),
            plural: Cow::Borrowed(plural),
        }
    }
}

pub(super) const EVENTS: Resource = Resource::core("events");
pub(super) const NAMESPACES: Resource = Resource::core("namespaces");
pub(super) const NODES: Resource = Resource::core("nodes");
pub(super) const PODS: Resource = Resource::core("pods");
pub(super) const REPLICA_SETS: Resource = Resource::of("apps", "replicasets");
pub(super) const SECRETS: Resource = Resource::core("secrets");
pub(super) const SERVICE_ACCOUNTS: Resource = Resource::core("serviceaccounts");

/// The resource of an owner's kind, for the kinds that own pods, or owners of pods, in most
/// clusters. The version is the one served today, whatever an old reference says.
pub(super) fn owner_resource(api_version: &str, kind: &str) -> Option<Resource> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let (version, plural) = match (group, kind) {
        ("apps", "ReplicaSet") => ("v1", "replicasets"),
        ("apps", "Deployment") => ("v1", "deployments"),
        ("apps", "StatefulSet") => ("v1", "statefulsets"),
        ("apps", "DaemonSet") => ("v1", "daemonsets"),
        ("batch", "Job") => ("v1", "jobs"),
        ("batch", "CronJob") => ("v1", "cronjobs"),
        ("", "ReplicationController") => ("v1", "replicationcontrollers"),
        ("argoproj.io", "Rollout") => ("v1alpha1", "rollouts"),
        _ => return None,
    };
    Some(Resource {
        group: group.to_owned().into(),
        version: version.into(),
        plural: plural.into(),
    })
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As kubectl prints it.
    Json,
    /// JSON of the metadata alone, from servers that can.
    Metadata,
    /// The API's own binary form, from servers that can: cheaper by far for large lists.
    Binary,
    /// What kinds there are, in one document from servers that can.
    Kinds,
}

/// A GET of one object or of a list.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// `get` or `list`.
    pub(super) verb: &'static str,
    /// Of what.
    pub(super) resource: Resource,
    /// Where; none for the whole cluster and for what has no namespace.
    pub(super) namespace: Option<String>,
    /// Which, for `get`.
    pub(super) name: String,
    /// A part of it that has an address of its own.
    part: Option<&'static str>,
    /// The whole path, for what is no object.
    path: Option<String>,
    /// In which form.
    pub(super) form: Form,
    query: Vec<(&'static str, String)>,
}

impl Ask {
    /// One object in a namespace.
    pub(super) fn get(resource: Resource, name: &ObjectName) -> Self {
        let mut ask = Self::get_unscoped(resource, &name.name);
        ask.namespace = Some(name.namespace.clone());
        ask
    }

    /// One object that has no namespace.
    pub(super) fn get_unscoped(resource: Resource, name: &str) -> Self {
        Self {
            verb: "get",
            resource,
            namespace: None,
            name: name.to_owned(),
            part: None,
            path: None,
            form: Form::Json,
            query: Vec::new(),
        }
    }

    /// What kinds are served under that path.
    pub(super) fn kinds(path: &str) -> Self {
        let mut ask = Self::no_object("kinds", path);
        ask.form = Form::Kinds;
        ask
    }

    /// What is no object, but asked for in the same way; `what` is for messages.
    fn no_object(what: &'static str, path: &str) -> Self {
        let mut ask = Self::get_unscoped(Resource::core(what), "");
        ask.path = Some(path.to_owned());
        ask
    }

    /// The object's `scale` instead of the object.
    pub(super) fn scale(mut self) -> Self {
        self.part = Some("scale");
        self
    }

    /// All objects in a namespace, or in the cluster.
    pub(super) fn list(resource: Resource, namespace: Option<&str>) -> Self {
        let mut ask = Self::get_unscoped(resource, "");
        ask.verb = "list";
        ask.namespace = namespace.map(str::to_owned);
        ask
    }

    /// What every API server tells of itself.
    pub(super) fn version() -> Self {
        Self::no_object("version", "/version")
    }

    /// Only those that the field selector picks.
    pub(super) fn fields(self, selector: impl Into<String>) -> Self {
        self.with("fieldSelector", selector)
    }

    /// Only those that the label selector picks.
    pub(super) fn labels(self, selector: Option<&str>) -> Self {
        match selector {
            Some(selector) => self.with("labelSelector", selector),
            None => self,
        }
    }

    /// At most so many in one answer.
    pub(super) fn limit(self, limit: usize) -> Self {
        self.with("limit", limit.to_string())
    }

    /// The page after the one that ended with this token.
    pub(super) fn after(self, token: impl Into<String>) -> Self {
        self.with("continue", token)
    }

    /// What changes after that version, for as long as the server keeps the answer open: so many
    /// seconds at most.
    pub(super) fn watch(mut self, version: &str, seconds: u64) -> Self {
        self.verb = "watch";
        self.with("watch", "true")
            .with("allowWatchBookmarks", "true")
            .with("timeoutSeconds", seconds.to_string())
            .with("resourceVersion", version)
    }

    /// Only the metadata.
    pub(super) fn metadata(mut self) -> Self {
        self.form = Form::Metadata;
        self
    }

    /// In the binary form, unless only a part of it is asked for.
    pub(super) fn binary(mut self) -> Self {
        if self.form == Form::Json {
            self.form = Form::Binary;
        }
        self
    }

    fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Path and query.
    pub(super) fn url(&self) -> String {
        if let Some(path) = &self.path {
            return path.clone();
        }
        let Resource { group, version, plural } = &self.resource;
        let mut url = if group.is_empty() {
            format!("/api/{version}")
        } else {
            format!("/apis/{group}/{version}")
        };
        if let Some(namespace) = &self.namespace {
            url.push_str("/namespaces/");
            escape(namespace, &mut url);
        }
        url.push('/');
        url.push_str(plural);
        if self.verb == "get" {
            url.push('/');
            escape(&self.name, &mut url);
        }
        if let Some(part) = self.part {
            url.push('/');
            url.push_str(part);
        }
        for (index, (key, value)) in self.query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(key);
            url.push('=');
            escape(value, &mut url);
        }
        url
    }

    /// The resource as a Role writes it: `pods`, `replicasets.apps`.
    pub(super) fn resource_name(&self) -> String {
        let Resource { group, plural, .. } = &self.resource;
        let plural = match self.part {
            Some(part) => format!("{plural}/{part}"),
            None => plural.to_string(),
        };
        if group.is_empty() { plural } else { format!("{plural}.{group}") }
    }

    /// Whether the name can be that of an object. One that cannot would make another request of
    /// this one: a list, when it is empty.
    pub(super) fn is_possible(&self) -> bool {
        let is_segment =
            |name: &str| !matches!(name, "" | "." | "..") && !name.contains(['/', '%']);
        (self.verb != "get" || self.path.is_some() || is_segment(&self.name))
            && self.namespace.as_deref().is_none_or(is_segment)
    }

    /// How a failure of this request stands in the facts.
    pub(super) fn unseen(&self, fault: &ApiFault) -> Unseen {
        match fault {
            ApiFault::Forbidden { .. } => Unseen::Forbidden {
                verb: self.verb,
                resource: self.resource_name(),
                namespace: self.namespace.clone(),
            },
            other => Unseen::Failed(other.to_string()),
        }
    }
}

/// Appends `text` percent-encoded, for a path segment or a query value (RFC 3986, unreserved
/// characters stay).
fn escape(text: &str, url: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_those_of_the_api() {
        let pod = ObjectName::new("shop", "web-0");
        assert_eq!(Ask::get(PODS, &pod).url(), "/api/v1/namespaces/shop/pods/web-0");
        assert_eq!(
            Ask::list(EVENTS, Some("shop")).fields("involvedObject.name=web-0").limit(500).url(),
            "/api/v1/namespaces/shop/events?fieldSelector=involvedObject.name%3Dweb-0&limit=500"
        );
        let rollout = owner_resource("argoproj.io/v1alpha1", "Rollout").unwrap();
        let ask = Ask::get(rollout, &pod);
        assert_eq!(ask.url(), "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web-0");
        assert_eq!(ask.resource_name(), "rollouts.argoproj.io");
        assert_eq!(Ask::list(PODS, None).url(), "/api/v1/pods");
    }

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        for name in ["", ".", "..", "a/b", "%2e%2e"] {
            assert!(!Ask::get(SECRETS, &ObjectName::new("shop", name)).is_possible(), "{name:?}");
            assert!(!Ask::get(SECRETS, &ObjectName::new(name, "x")).is_possible(), "{name:?}");
        }
        let odd = Ask::get(PODS, &ObjectName::new("shop", "a?b&c#d e"));
        assert_eq!(odd.url(), "/api/v1/namespaces/shop/pods/a%3Fb%26c%23d%20e");
    }

    #[test]
    fn kinds_that_nobody_knows_have_no_resource() {
        assert_eq!(owner_resource("apps.kruise.io/v1alpha1", "CloneSet"), None);
        assert_eq!(owner_resource("batch/v1", "ReplicaSet"), None);
    }
}
