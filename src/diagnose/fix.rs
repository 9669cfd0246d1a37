//! What mends a failure, in commands that can be pasted.
//!
//! For most causes that is the catalogue's fix with the pod's own names filled in. For pull secrets
//! it depends on the objects: where the reference belongs, what is there already, and who would
//! undo a patch.

mod catalogue;
mod refer;
mod reference;
mod secret;
mod tag;

use crate::cause::{self, Cause};
use crate::facts::{Facts, PlaceKind, Pod};
use crate::words::shell;

use super::Fix;
use super::access::{Access, Mend, Plan, Reference};
use super::symptom::Symptom;

/// The most fixes that are worth reading.
const MOST: usize = 6;

/// The fixes, first things first.
pub(super) fn fixes(
    facts: &Facts,
    pod: &Pod,
    symptom: &Symptom,
    access: Option<&Access>,
) -> Vec<Fix> {
    let work = Work { facts, pod, symptom };
    let mut fixes = match access.map(|access| &access.plan) {
        None | Some(Plan::Words) => work.by_words(),
        Some(Plan::NoLogin) => {
            let mut fixes = work.without_logins(symptom.reading.cause);
            if fixes.is_empty() {
                // What is left is a wrong name.
                fixes = work.without_logins(&cause::ACCESS_DENIED_OR_MISSING);
            }
            fixes
        }
        Some(Plan::Node { or }) => {
            let mut fixes = vec![work.node_credentials()];
            let mut instead = or.as_ref().map(|or| work.obtain(or)).unwrap_or_default();
            if let Some(first) = instead.first_mut() {
                first.title.insert_str(0, "or ");
                // Pull secrets come before what the node has (pkg/credentialprovider/keyring.go).
                first.says.insert_str(0, "It is tried before the node's own. ");
            }
            fixes.extend(instead);
            fixes
        }
        Some(Plan::Obtain(obtain)) => {
            let mut fixes = work.obtain(obtain);
            if obtain.referred == Reference::None {
                fixes.extend(work.without_secret());
            }
            fixes
        }
        Some(Plan::Refer { secret }) => work.refer(secret),
        Some(Plan::Replace { secret, mend, instead }) => {
            work.replace(secret, mend, instead.as_deref())
        }
        Some(Plan::Grant { secret }) => {
            let mut fixes = work.by_catalogue(&cause::PULL_SECRET_LACKS_PERMISSION);
            fixes.extend(work.replace(secret, &Mend::Account, None));
            fixes
        }
        Some(Plan::Recreate { gets }) => vec![work.recreate(gets)],
        Some(Plan::Wait) => vec![work.wait()],
    };
    fixes.truncate(MOST);
    fixes
}

/// One failure to be mended.
struct Work<'a> {
    facts: &'a Facts,
    pod: &'a Pod,
    symptom: &'a Symptom,
}

impl Work<'_> {
    fn namespace(&self) -> &str {
        &self.pod.name.namespace
    }

    fn registry(&self) -> &str {
        self.symptom.image.registry()
    }

    /// `-n <namespace>`.
    fn in_namespace(&self) -> String {
        format!("-n {}", shell(self.namespace()))
    }

    /// The catalogue's fixes for what the words prove, and before them what the facts add.
    fn by_words(&self) -> Vec<Fix> {
        let cause = self.symptom.reading.cause;
        let tag = (cause == &cause::MANIFEST_NOT_FOUND).then(|| self.nearby_tag()).flatten();
        tag.into_iter().chain(self.by_catalogue(cause)).collect()
    }

    fn delete_pod(&self) -> String {
        format!("kubectl delete pod {} {}", shell(&self.pod.name.name), self.in_namespace())
    }

    /// Create the pod anew, as its owner does or by hand.
    fn recreate(&self, to_get: &str) -> Fix {
        let (says, command) = match (&self.pod.owner, self.pod.deleting) {
            (Some(_), Some(_)) => ("It is being deleted already; its owner makes a new one.", None),
            (None, Some(_)) => ("It is being deleted already: create it again.", None),
            (Some(_), None) => {
                ("", Some(self.restart_deployment().unwrap_or_else(|| self.delete_pod())))
            }
            (None, None) => ("", Some(self.replace_pod(None))),
        };
        Fix {
            title: match to_get {
                "" => "create the pod anew".to_owned(),
                what => format!("create the pod anew, so that it gets {what}"),
            },
            says: says.to_owned(),
            commands: command.into_iter().collect(),
            manifest: None,
            recreates_pods: true,
        }
    }

    /// Delete a pod that nothing owns and create it again as it is, or with a patch of its `spec`.
    ///
    /// `replace --force` deletes before it creates, so that nothing may be in the object that cannot
    /// be created: ephemeral containers (core/validation, `ValidatePodCreate`) are left out.
    fn replace_pod(&self, patch: Option<&str>) -> String {
        let ephemeral = self.pod.places.iter().any(|place| place.kind == PlaceKind::Ephemeral);
        let parts: Vec<&str> =
            patch.into_iter().chain(ephemeral.then_some("\"ephemeralContainers\":null")).collect();
        let patched = match parts.as_slice() {
            [] => String::new(),
            parts => format!(
                "kubectl patch --local -f - -p {} -o yaml | ",
                shell(&format!("{{\"spec\":{{{}}}}}", parts.join(",")))
            ),
        };
        format!(
            "kubectl get pod {} {} -o yaml | {patched}kubectl replace --force -f -",
            shell(&self.pod.name.name),
            self.in_namespace()
        )
    }

    /// The reference is there: the kubelet's next try finds the secret, at most five minutes later.
    fn recreate_or_wait(&self) -> Fix {
        Fix {
            title: "create the pod anew, or wait for the kubelet's next try".to_owned(),
            says: "The kubelet tries again within five minutes and takes the secret as it is then."
                .to_owned(),
            recreates_pods: false,
            ..self.recreate("")
        }
    }

    /// The ways that a cloud has without any secret: its nodes' own identity.
    fn without_secret(&self) -> Vec<Fix> {
        let mut fixes = self.by_catalogue_here(&cause::NO_PULL_SECRET);
        for fix in &mut fixes {
            fix.title.insert_str(0, "or ");
        }
        fixes
    }

    /// The catalogue's fixes but for those that make a login: none is wanted.
    fn without_logins(&self, cause: &'static Cause) -> Vec<Fix> {
        let mut fixes = self.by_catalogue(cause);
        fixes.retain(|fix| {
            let is_login = |command: &String| {
                ["create secret", " login ", "get-login"].iter().any(|it| command.contains(it))
            };
            !fix.commands.iter().any(is_login)
        });
        fixes
    }

    fn wait(&self) -> Fix {
        Fix {
            title: "wait for the kubelet's next try, or create the pod anew".to_owned(),
            says: "The kubelet tries again within five minutes; a new pod is tried at once."
                .to_owned(),
            recreates_pods: false,
            ..self.recreate("")
        }
    }

    fn node_credentials(&self) -> Fix {
        let node = self.pod.node.as_deref().unwrap_or("the node");
        Fix {
            title: format!("give {node} itself a login for {}", self.registry()),
            says: "The kubelet reads /var/lib/kubelet/config.json (the format of a Docker \
                   config.json) and its credential provider plugins; both serve every pod of the \
                   node."
                .to_owned(),
            ..Fix::default()
        }
    }
}
