//! The catalogue's fixes, with the pod's own names filled in.

use crate::cause::{self, Cause};
use crate::image::ImageReference;
use crate::message::HostRole;
use crate::redact;
use crate::registry::Kind;
use crate::words::unquoted;

use super::super::Fix;
use super::Work;

/// The longest name that is filled in, in characters.
const NAME: usize = 300;

impl Work<'_> {
    /// The catalogue's fixes for a cause, those for this registry first and those for others left
    /// out.
    pub(super) fn by_catalogue(&self, cause: &Cause) -> Vec<Fix> {
        let all = cause.fixes.iter().filter(|fix| fix.on.is_empty()).map(|fix| self.fill(fix));
        self.by_catalogue_here(cause).into_iter().chain(all).collect()
    }

    /// Those of the fixes that are for this registry alone.
    pub(super) fn by_catalogue_here(&self, cause: &Cause) -> Vec<Fix> {
        let kind = self.kind();
        let here = cause.fixes.iter().filter(|fix| fix.on.contains(&kind));
        here.map(|fix| self.fill(fix)).collect()
    }

    /// What the registry is.
    fn kind(&self) -> Kind {
        match Kind::of_host(self.registry()) {
            // One's own host: its words may have told the product.
            Kind::Other => {
                self.symptom.reading.details.registry_kind_by_words.unwrap_or(Kind::Other)
            }
            kind => kind,
        }
    }

    /// A fix of the catalogue with the pod's own names in it.
    fn fill(&self, fix: &cause::Fix) -> Fix {
        let value = |placeholder: &str| self.value(placeholder);
        Fix {
            title: cause::fill(fix.title, false, value),
            says: cause::fill(fix.says, false, value),
            commands: fix
                .commands
                .iter()
                .filter(|command| self.can_run(command))
                .flat_map(|command| {
                    // Deleting a pod that nothing owns would lose it.
                    if command.starts_with("kubectl delete pod '<pod>'") {
                        return self.recreate("").commands;
                    }
                    vec![unquoted(&cause::fill(command, true, value))]
                })
                .collect(),
            manifest: None,
            recreates_pods: fix.recreates_pods,
        }
    }

    /// Whether a command can do anything for this pod.
    fn can_run(&self, command: &str) -> bool {
        if !command.contains("<workload>") {
            return true;
        }
        // `set image` knows containers only, not volumes.
        let Some(workload) = self.workload().filter(|_| self.symptom.volume.is_none()) else {
            return false;
        };
        let is = |kinds: &[&str]| kinds.iter().any(|kind| workload.starts_with(kind));
        match command {
            // Of an existing pod only the images can be changed.
            command if command.contains("set image") => true,
            command if command.contains("rollout") => {
                is(&["deployment/", "statefulset/", "daemonset/"])
            }
            // The others patch a pod template where most kinds have it.
            _ => !is(&["pod/", "cronjob/"]),
        }
    }

    /// What a placeholder stands for; one that is not known stays for the reader.
    fn value(&self, placeholder: &str) -> Option<String> {
        let image = self.symptom.image.parsed.as_ref();
        let name = match placeholder {
            "namespace" => Some(self.namespace().to_owned()),
            "pod" => Some(self.pod.name.name.clone()),
            "container" => self.symptom.container.clone(),
            "node" => self.pod.node.clone(),
            "workload" => self.workload(),
            "image" => Some(self.symptom.image.reference.clone()),
            "registry" => image.map(|image| image.registry().to_owned()),
            "repository" => image.map(|image| image.repository().to_owned()),
            "tag" => image.and_then(ImageReference::tag).map(str::to_owned),
            "service-account" => self.pod.service_account.clone(),
            "endpoint" => self.endpoint(),
            "host" => self.endpoint().map(|endpoint| split_port(&endpoint).0.to_owned()),
            "port" => self.endpoint().map(|endpoint| split_port(&endpoint).1.to_owned()),
            "address" => {
                let address = self.symptom.reading.details.address.as_deref();
                address.map(|address| split_port(address).0.to_owned())
            }
            _ => None,
        };
        name.filter(|name| !name.is_empty()).map(|name| redact::line(&name, NAME))
    }

    /// The host that the words are about: a token server, a mirror, or the registry itself.
    fn endpoint(&self) -> Option<String> {
        let details = &self.symptom.reading.details;
        let registry = || Some(self.symptom.image.parsed.as_ref()?.pull_host().to_owned());
        // A DNS server is asked about the host, and is not it.
        let host = details.host.clone().filter(|_| details.host_role != Some(HostRole::DnsServer));
        details.lookup.clone().or(host).or_else(registry)
    }
}

/// Host and port of `host:port`; HTTPS's port where none is written.
fn split_port(endpoint: &str) -> (&str, &str) {
    match endpoint.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (endpoint, "443"),
    }
}
