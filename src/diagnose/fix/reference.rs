//! A reference to a pull secret as text: patches, manifests, and the note on who would undo a patch.

use crate::facts::Manager;

use super::Work;

impl Work<'_> {
    /// `imagePullSecrets` as it should be: what the pod has, and the secret.
    pub(super) fn references(&self, secret: &str) -> Vec<String> {
        let mut names: Vec<_> = self.pod.pull_secrets.clone().unwrap_or_default();
        names.retain(|name| !name.is_empty() && name != secret);
        names.push(secret.to_owned());
        names
    }

    /// The member of a pod's `spec` that holds the references. Lists of pod specs merge by name, so
    /// nothing that is there is lost. It names what the pod has as well: pods that get a list from
    /// their template get none from their service account any more.
    pub(super) fn reference(&self, secret: &str) -> String {
        format!("\"imagePullSecrets\":[{}]", names_in_json(&self.references(secret)))
    }

    /// A strategic merge patch with the references at the end of the way.
    pub(super) fn patch(&self, way: &[&str], secret: &str) -> String {
        way.iter()
            .rev()
            .fold(format!("{{{}}}", self.reference(secret)), |patch, key| wrap(key, &patch))
    }

    /// A manifest that holds nothing but the reference, at the given depth.
    pub(super) fn manifest(
        &self,
        api_version: &str,
        kind: &str,
        name: &str,
        way: &[&str],
        secret: &str,
    ) -> String {
        let mut lines = vec![
            format!("apiVersion: {api_version}"),
            format!("kind: {kind}"),
            "metadata:".to_owned(),
            format!("  name: {name}"),
            format!("  namespace: {}", self.namespace()),
        ];
        let mut indent = String::new();
        for key in way {
            lines.push(format!("{indent}{key}:"));
            indent.push_str("  ");
        }
        lines.push(format!("{indent}imagePullSecrets:"));
        for name in self.references(secret) {
            lines.push(format!("{indent}- name: {name}"));
        }
        lines.push(format!("{indent}# and the rest as it is"));
        lines.join("\n") + "\n"
    }
}

/// The service account with its whole list, which is what it is to have.
pub(super) fn account_manifest(namespace: &str, name: &str, secrets: &[String]) -> String {
    let items: Vec<_> = secrets.iter().map(|name| format!("- name: {name}")).collect();
    format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  namespace: {namespace}\n\
         imagePullSecrets:\n{}\n",
        items.join("\n")
    )
}

/// A note about who manages an object. Where several do, the one with a repository renders the
/// charts of the other.
pub(super) fn managed(marks: &[Manager], kind: &str) -> String {
    match marks.iter().max() {
        None => String::new(),
        Some(Manager::Helm) => format!(
            " Helm manages this {kind} and undoes a patch at the next upgrade: put it into the \
             chart's values (often imagePullSecrets)."
        ),
        Some(Manager::ArgoCd) => {
            format!(" Argo CD manages this {kind} and undoes a patch: put it into Git.")
        }
        Some(Manager::Flux) => {
            format!(" Flux manages this {kind} and undoes a patch: put it into Git.")
        }
    }
}

fn wrap(key: &str, value: &str) -> String {
    format!("{{\"{key}\":{value}}}")
}

/// The items of a list of references.
pub(super) fn names_in_json(names: &[String]) -> String {
    let items: Vec<_> = names.iter().map(|name| wrap("name", &format!("\"{name}\""))).collect();
    items.join(",")
}
