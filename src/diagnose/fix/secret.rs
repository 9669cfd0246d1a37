//! Getting a pull secret right: made, copied from another namespace, or written anew.

use crate::cause;
use crate::credentials;
use crate::registry::{self, EcrHost, Kind};
use crate::words::shell;

use super::super::Fix;
use super::super::access::{Mend, Obtain, Reference, Source, registry_name};
use super::Work;

impl Work<'_> {
    /// Get a secret into the namespace, and refer to it.
    pub(super) fn obtain(&self, obtain: &Obtain) -> Vec<Fix> {
        let Obtain { name, is_there, copy, referred, maybe_there, instead } = obtain;
        let mut fixes: Vec<_> = copy.iter().map(|from| self.copy(from, name)).collect();
        let mut create = if *is_there { self.renew(name) } else { self.create(name) };
        if !fixes.is_empty() {
            create.title.insert_str(0, "or ");
        }
        if *maybe_there {
            let unless = format!(
                "Unless namespace {} has a secret for {} already.",
                self.namespace(),
                registry_name(self.registry()),
            );
            create.says = sentences(&[&unless, &create.says]);
        }
        fixes.push(create);
        match referred {
            Reference::Pod => fixes.push(self.recreate_or_wait()),
            Reference::Account => fixes.push(self.recreate("its service account's pull secrets")),
            Reference::None => fixes.extend(self.refer(name)),
        }
        if *referred != Reference::Account {
            fixes.extend(instead.iter().flat_map(|secret| self.refer_instead(secret)));
        }
        if *referred == Reference::None {
            fixes.extend(self.by_the_node());
        }
        fixes
    }

    /// Without any secret: the node's own role, where the registry's cloud has such a thing.
    fn by_the_node(&self) -> Option<Fix> {
        let mut fix = self.without_logins(&cause::NO_PULL_SECRET).into_iter().next()?;
        fix.title.insert_str(0, "or ");
        Some(fix)
    }

    /// The references to another secret, as an alternative to what stands before.
    fn refer_instead(&self, secret: &str) -> Vec<Fix> {
        let mut fixes = self.refer(secret);
        for fix in fixes.iter_mut().filter(|fix| !fix.title.starts_with("or ")) {
            fix.title.insert_str(0, "or ");
        }
        fixes
    }

    /// `kubectl create secret docker-registry`, with placeholders for the credential.
    fn create_command(&self, name: &str) -> String {
        let (user, password) = self.login();
        format!(
            "kubectl create secret docker-registry {} {} --docker-server={} --docker-username={user} \
             --docker-password={password}",
            shell(name),
            self.in_namespace(),
            shell(registry::docker_server(self.registry())),
        )
    }

    fn create(&self, name: &str) -> Fix {
        Fix {
            title: format!(
                "create pull secret {name} for {} in namespace {}",
                registry_name(self.registry()),
                self.namespace()
            ),
            says: self.login_hint().to_owned(),
            commands: vec![self.create_command(name)],
            ..Fix::default()
        }
    }

    /// Placeholders for user and password as this registry wants them, quoted for the shell.
    fn login(&self) -> (String, String) {
        let host = self.registry();
        let user = |user: &str| shell(user);
        match Kind::of_host(host) {
            Kind::Ecr => {
                let region =
                    EcrHost::parse(host).map_or("<region>", |parts| parts.region).to_owned();
                let password =
                    format!("\"$(aws ecr get-login-password --region {})\"", shell(&region));
                (user("AWS"), password)
            }
            Kind::ArtifactRegistry => (user("_json_key"), "\"$(cat key.json)\"".to_owned()),
            Kind::Ghcr => (user("<GitHub user>"), shell("<token with read:packages>")),
            Kind::GitLab => (user("<deploy token's user name>"), shell("<deploy token>")),
            Kind::Quay => (user("<organization>+<robot>"), shell("<robot's token>")),
            Kind::Harbor => (user("robot$<name>"), shell("<robot's secret>")),
            Kind::DockerHub => (user("<Docker ID>"), shell("<access token>")),
            Kind::Acr => (user("<token or client id>"), shell("<password>")),
            _ => (user("<user name>"), shell("<password or token>")),
        }
    }

    fn login_hint(&self) -> &'static str {
        match Kind::of_host(self.registry()) {
            Kind::Ecr => {
                "ECR passwords expire after 12 hours: for more than a test, give the nodes' role \
                 pull rights or renew the secret by a job."
            }
            Kind::ArtifactRegistry => {
                "key.json is the key file of a Google service account that may read the repository."
            }
            _ => "",
        }
    }

    /// Copy a secret without showing it: only its payload goes along, so that no label of its owner
    /// (Helm, Argo CD), no namespace and no uid comes with it.
    fn copy(&self, from: &Source, name: &str) -> Fix {
        let Source { secret, kind } = from;
        let (kind, key) = kind_and_key(kind);
        let title = if secret.namespace == self.namespace() {
            format!("copy secret {} to {name}", secret.name)
        } else if secret.name == name {
            format!("copy secret {name} from namespace {}", secret.namespace)
        } else {
            format!("copy secret {} from namespace {} as {name}", secret.name, secret.namespace)
        };
        Fix {
            title,
            says: String::new(),
            commands: vec![format!(
                "{} | {}",
                read_command(&secret.name, &secret.namespace, key),
                write_command(name, self.namespace(), kind, key),
            )],
            ..Fix::default()
        }
    }

    /// A new login in a secret that is there.
    fn renew(&self, name: &str) -> Fix {
        let only = "The secret then holds this login only; add others that it should hold.";
        Fix {
            title: format!("renew the login in secret {name}"),
            says: sentences(&[only, self.login_hint()]),
            commands: vec![format!("{}{OVERWRITE}", self.create_command(name))],
            ..Fix::default()
        }
    }

    /// Replace what is in a secret.
    pub(super) fn replace(&self, secret: &str, mend: &Mend, instead: Option<&str>) -> Vec<Fix> {
        let mut fixes = Vec::new();
        let mut anew = self.renew(secret);
        match mend {
            Mend::Login => {}
            Mend::Content => anew.title = format!("write a login into secret {secret}"),
            Mend::Account => {
                anew.title = format!("or put another account's login into secret {secret}");
            }
            Mend::Key { from, kind } => {
                anew.title = format!("put a login for {} into secret {secret}", self.registry());
                if let Some(rename) = from.as_deref().and_then(|key| self.rename(secret, key, kind))
                {
                    fixes.push(rename);
                    anew.title.insert_str(0, "or ");
                }
            }
            Mend::Type { keep } => {
                anew.title = format!("create secret {secret} anew with the right type");
                anew.commands = vec![format!("{}{REPLACE}", self.create_command(secret))];
                if let Some(key) = keep {
                    fixes.push(self.convert(secret, key));
                    anew.title.insert_str(0, "or ");
                }
            }
        }
        fixes.extend([anew, self.recreate_or_wait()]);
        fixes.extend(instead.into_iter().flat_map(|secret| self.refer_instead(secret)));
        fixes
    }

    /// The same payload under the right type, which a secret gets only when it is made.
    fn convert(&self, secret: &str, key: &str) -> Fix {
        let kind = if key == credentials::DOCKERCFG {
            credentials::TYPE_DOCKERCFG
        } else {
            credentials::TYPE_DOCKERCONFIGJSON
        };
        Fix {
            title: format!("give secret {secret} the right type, with the login that it has"),
            says: "A secret's type cannot be changed, so the command replaces the secret; the \
                   content is not shown."
                .to_owned(),
            commands: vec![format!(
                "{} | {}{REPLACE}",
                read_command(secret, self.namespace(), key),
                write_command(secret, self.namespace(), kind, key),
            )],
            ..Fix::default()
        }
    }

    /// The same login under the key that the kubelet looks for; None where the key could not be
    /// found by its plain text.
    fn rename(&self, secret: &str, from: &str, kind: &str) -> Option<Fix> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:/*@".contains(c);
        if !from.chars().all(plain) || from.contains("[redacted]") {
            return None;
        }
        let (kind, key) = kind_and_key(kind);
        let to = registry::docker_server(self.registry());
        let pattern = from.replace('.', r"\.").replace('*', r"\*");
        Some(Fix {
            title: format!("put the login that secret {secret} has for {from} under {to}"),
            says: "The content is not shown.".to_owned(),
            commands: vec![format!(
                "{} | sed {} | {}{OVERWRITE}",
                read_command(secret, self.namespace(), key),
                shell(&format!("s|\"{pattern}\"|\"{to}\"|")),
                write_command(secret, self.namespace(), kind, key),
            )],
            ..Fix::default()
        })
    }
}

/// Writes over the data of a secret and leaves the rest as it is. Server-side, for `apply` by itself
/// puts a copy of the content into an annotation.
const OVERWRITE: &str =
    " --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f -";

/// Deletes the secret and makes it anew.
const REPLACE: &str = " --dry-run=client -o yaml | kubectl replace --force -f -";

/// The type of a copy, and the key that goes with it.
fn kind_and_key(kind: &str) -> (&'static str, &'static str) {
    if kind == credentials::TYPE_DOCKERCFG {
        (credentials::TYPE_DOCKERCFG, credentials::DOCKERCFG)
    } else {
        (credentials::TYPE_DOCKERCONFIGJSON, credentials::DOCKERCONFIGJSON)
    }
}

/// Prints what is under a key of a secret, for a pipe.
fn read_command(secret: &str, namespace: &str, key: &str) -> String {
    format!(
        "kubectl get secret {} -n {} -o go-template='{{{{index .data \"{key}\" | base64decode}}}}'",
        shell(secret),
        shell(namespace),
    )
}

/// Makes a secret of what comes through a pipe.
fn write_command(secret: &str, namespace: &str, kind: &str, key: &str) -> String {
    format!(
        "kubectl create secret generic {} -n {} --type={kind} --from-file={key}=/dev/stdin",
        shell(secret),
        shell(namespace),
    )
}

/// Sentences in a row; empty ones are left out.
fn sentences(sentences: &[&str]) -> String {
    let said: Vec<_> = sentences.iter().copied().filter(|it| !it.is_empty()).collect();
    said.join(" ")
}
