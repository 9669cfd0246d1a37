//! From flags, `$KUBECONFIG` and `~/.kube/config` to one cluster, one user and one namespace, by
//! kubectl's rules.
//!
//! The `kube` crate parses and merges kubeconfigs; choosing, overriding and explaining is done
//! here, because the crate fails on a missing file in `$KUBECONFIG`, keeps an empty
//! `current-context`, takes a missing user for none, and prints source lines (tokens!) in its
//! parse errors. Nothing is connected here.

use std::path::{Path, PathBuf};

use kube::config::{
    AuthInfo, Cluster, ExecConfig, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext,
};

use super::{ClusterOptions, Environment};
use crate::error::{Error, KubeconfigFault, Part};
use crate::redact;

/// The way to one cluster.
pub(super) struct Way {
    /// The context's name, `in-cluster`, or empty when flags say it all.
    pub(super) context: String,
    /// Where, with the flags applied; its server is not yet checked.
    pub(super) cluster: Cluster,
    /// Who, with the flags applied; at most one of token, basic, exec and auth-provider is left.
    pub(super) auth: AuthInfo,
    /// The default namespace.
    pub(super) namespace: String,
}

/// Names that hints may propose are only so many edits away.
const NEAR: usize = 3;

/// Chooses the way to the cluster.
pub(super) fn choose(options: &ClusterOptions, environment: &Environment) -> Result<Way, Error> {
    check_flags(options)?;
    let (config, looked) = read(options, environment)?;
    let in_cluster = InCluster::of(environment);

    let is_empty =
        config.contexts.is_empty() && config.clusters.is_empty() && config.auth_infos.is_empty();
    let asks_for_nothing = options.context.is_none()
        && options.cluster.is_none()
        && options.user.is_none()
        && options.server.is_none();
    let mut way = match &in_cluster {
        Some(pod) if is_empty && asks_for_nothing => pod.way(),
        _ => from_config(&config, is_empty, looked, options)?,
    };

    apply_flags(&mut way, options)?;
    if way.namespace.is_empty() {
        way.namespace =
            in_cluster.and_then(|pod| pod.namespace()).unwrap_or_else(|| "default".to_owned());
    }
    if let Some(namespace) = &options.namespace {
        way.namespace.clone_from(namespace);
    }
    Ok(way)
}

/// Flags that contradict each other, as kubectl sees it.
fn check_flags(options: &ClusterOptions) -> Result<(), Error> {
    if options.insecure_skip_tls_verify && options.certificate_authority.is_some() {
        return Err(Error::Usage {
            problem: "--insecure-skip-tls-verify and --certificate-authority exclude each other"
                .to_owned(),
            hint: "keep --certificate-authority: it is the safe one".to_owned(),
        });
    }
    if options.as_user.is_none() && !options.as_groups.is_empty() {
        return Err(Error::Usage {
            problem: "--as-group needs --as".to_owned(),
            hint: "name the user too: --as USER --as-group GROUP".to_owned(),
        });
    }
    Ok(())
}

/// Reads and merges the kubeconfigs that count, and says which were looked for.
fn read(
    options: &ClusterOptions,
    environment: &Environment,
) -> Result<(Kubeconfig, Vec<PathBuf>), KubeconfigFault> {
    if let Some(path) = &options.kubeconfig {
        let config = read_file(path)?.ok_or_else(|| KubeconfigFault::Unreadable {
            path: path.clone(),
            why: "no such file".to_owned(),
        })?;
        return Ok((config, vec![path.clone()]));
    }
    let listed: Vec<PathBuf> = environment
        .kubeconfig
        .as_deref()
        .map(|list| {
            std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).collect()
        })
        .unwrap_or_default();
    let paths = if listed.is_empty() {
        environment.home.iter().map(|home| home.join(".kube").join("config")).collect()
    } else {
        listed
    };

    let mut merged = Kubeconfig::default();
    for path in &paths {
        let Some(config) = read_file(path)? else {
            tracing::debug!(path = %path.display(), "no such kubeconfig, skipped");
            continue;
        };
        merged = merged.merge(config).map_err(|_| KubeconfigFault::Broken {
            path: path.clone(),
            place: None,
            why: "it is of another version than the files before it".to_owned(),
        })?;
    }
    Ok((merged, paths))
}

/// Reads one kubeconfig, if there is one; its relative paths are made relative to its directory.
fn read_file(path: &Path) -> Result<Option<Kubeconfig>, KubeconfigFault> {
    let unreadable = |why: String| KubeconfigFault::Unreadable { path: path.to_owned(), why };
    let broken = |place, why: &str| KubeconfigFault::Broken {
        path: path.to_owned(),
        place,
        why: why.to_owned(),
    };

    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let text = zeroize::Zeroizing::new(
        String::from_utf8(bytes).map_err(|_| broken(None, "it is not UTF-8 text"))?,
    );
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut config = Kubeconfig::from_yaml(text).map_err(|error| match error {
        // The parser's own words may quote the file; only the place is safe to show.
        kube::config::KubeconfigError::Parse(error) => broken(
            error.location().map(|at| (at.line(), at.column())),
            "not the YAML of a kubeconfig",
        ),
        _ => broken(None, "its documents do not fit together"),
    })?;

    if let Some(kind) = config.kind.as_deref().filter(|kind| !kind.is_empty() && *kind != "Config")
    {
        let kind = redact::line(kind, 40);
        return Err(broken(None, &format!("its kind is {kind:?}, not \"Config\"")));
    }
    if let Some(name) = duplicate(&config) {
        let name = redact::line(name, 80);
        return Err(broken(None, &format!("the name {name:?} stands in it twice")));
    }
    tidy(&mut config, path.parent().unwrap_or(Path::new("")));
    Ok(Some(config))
}

/// A name that a file gives to two clusters, contexts or users; kubectl refuses such a file.
fn duplicate(config: &Kubeconfig) -> Option<&str> {
    fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let mut seen = std::collections::BTreeSet::new();
        names.into_iter().find(|name| !seen.insert(*name))
    }
    twice(cluster_names(config))
        .or_else(|| twice(context_names(config)))
        .or_else(|| twice(user_names(config)))
}

/// Makes relative paths relative to the kubeconfig's own directory, and takes empty strings for
/// nothing: kubectl writes them (`current-context: ""`, `namespace: ""`).
fn tidy(config: &mut Kubeconfig, directory: &Path) {
    let drop_empty = |value: &mut Option<String>| {
        if value.as_deref() == Some("") {
            *value = None;
        }
    };
    let settle = |value: &mut Option<String>| {
        drop_empty(value);
        if let Some(path) = value.as_deref().map(Path::new).filter(|path| path.is_relative()) {
            *value = directory.join(path).to_str().map(str::to_owned);
        }
    };

    drop_empty(&mut config.current_context);
    for context in config.contexts.iter_mut().filter_map(|named| named.context.as_mut()) {
        drop_empty(&mut context.user);
        drop_empty(&mut context.namespace);
    }
    for cluster in config.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        drop_empty(&mut cluster.server);
        drop_empty(&mut cluster.certificate_authority_data);
        drop_empty(&mut cluster.proxy_url);
        drop_empty(&mut cluster.tls_server_name);
        settle(&mut cluster.certificate_authority);
    }
    for auth in config.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        drop_empty(&mut auth.username);
        drop_empty(&mut auth.impersonate);
        drop_empty(&mut auth.client_certificate_data);
        for secret in [&mut auth.password, &mut auth.token, &mut auth.client_key_data] {
            use secrecy::ExposeSecret as _;
            if secret.as_ref().is_some_and(|secret| secret.expose_secret().is_empty()) {
                *secret = None;
            }
        }
        for path in [&mut auth.client_certificate, &mut auth.client_key, &mut auth.token_file] {
            settle(path);
        }
        // A bare command is looked up on the PATH.
        if let Some(ExecConfig { command, .. }) = &mut auth.exec
            && command.as_ref().is_some_and(|command| command.contains(std::path::MAIN_SEPARATOR))
        {
            settle(command);
        }
    }
}

/// The way that the kubeconfig describes, before flags about server and credential.
fn from_config(
    config: &Kubeconfig,
    is_empty: bool,
    looked: Vec<PathBuf>,
    options: &ClusterOptions,
) -> Result<Way, KubeconfigFault> {
    let wanted = options.context.as_ref().or(config.current_context.as_ref());
    let context = match wanted {
        Some(name) => {
            let found = config.contexts.iter().find(|named| &named.name == name);
            let Some(NamedContext { context: Some(context), .. }) = found else {
                if is_empty {
                    return Err(KubeconfigFault::Absent { looked });
                }
                let known = owned(context_names(config));
                let near = nearest(name, &known);
                return Err(KubeconfigFault::UnknownContext { context: name.clone(), near, known });
            };
            Some(context)
        }
        None => None,
    };

    let named_cluster =
        options.cluster.as_deref().or(context.map(|context| context.cluster.as_str()));
    let cluster = match named_cluster.filter(|name| !name.is_empty()) {
        Some(name) => match config.clusters.iter().find(|named| named.name == name) {
            Some(NamedCluster { cluster, .. }) => cluster.clone().unwrap_or_default(),
            // As in kubectl, --server makes up for a missing cluster.
            None if options.server.is_some() => Cluster::default(),
            None => {
                return Err(KubeconfigFault::Dangling {
                    context: if options.cluster.is_some() { None } else { wanted.cloned() },
                    part: Part::Cluster,
                    name: name.to_owned(),
                    known: owned(cluster_names(config)),
                });
            }
        },
        None if options.server.is_some() => Cluster::default(),
        None if is_empty => return Err(KubeconfigFault::Absent { looked }),
        None if context.is_none() => {
            return Err(KubeconfigFault::NoContext { known: owned(context_names(config)) });
        }
        None => Cluster::default(),
    };

    let named_user =
        options.user.as_deref().or(context.and_then(|context| context.user.as_deref()));
    let auth = match named_user {
        Some(name) => match config.auth_infos.iter().find(|named| named.name == name) {
            Some(NamedAuthInfo { auth_info, .. }) => auth_info.clone().unwrap_or_default(),
            None if options.token.is_some() && options.user.is_none() => AuthInfo::default(),
            None => {
                return Err(KubeconfigFault::Dangling {
                    context: if options.user.is_some() { None } else { wanted.cloned() },
                    part: Part::User,
                    name: name.to_owned(),
                    known: owned(user_names(config)),
                });
            }
        },
        None => AuthInfo::default(),
    };

    Ok(Way {
        context: wanted.cloned().unwrap_or_default(),
        cluster,
        auth,
        namespace: context.and_then(|context| context.namespace.clone()).unwrap_or_default(),
    })
}

/// Lays the flags over what the kubeconfig says, as kubectl does.
fn apply_flags(way: &mut Way, options: &ClusterOptions) -> Result<(), KubeconfigFault> {
    let Way { cluster, auth, .. } = way;
    if let Some(server) = &options.server {
        cluster.server = Some(server.clone());
        // The name belongs to the server that is no longer asked.
        cluster.tls_server_name = None;
    }
    if options.insecure_skip_tls_verify || options.certificate_authority.is_some() {
        cluster.insecure_skip_tls_verify = Some(options.insecure_skip_tls_verify);
        cluster.certificate_authority_data = None;
        cluster.certificate_authority = match &options.certificate_authority {
            Some(path) => {
                Some(path.to_str().map(str::to_owned).ok_or_else(|| KubeconfigFault::Setting {
                    setting: "--certificate-authority".to_owned(),
                    why: "the path is not UTF-8".to_owned(),
                })?)
            }
            None => None,
        };
    }
    if let Some(token) = &options.token {
        auth.token = Some(token.clone());
        auth.token_file = None;
        auth.username = None;
        auth.password = None;
    }
    // What kubectl would send wins over what it would run.
    if auth.token.is_some() || auth.token_file.is_some() || auth.username.is_some() {
        auth.exec = None;
        auth.auth_provider = None;
    }
    if auth.token.is_some() || auth.token_file.is_some() {
        auth.username = None;
        auth.password = None;
    }
    if let Some(user) = &options.as_user {
        auth.impersonate = Some(user.clone());
    }
    if !options.as_groups.is_empty() {
        auth.impersonate_groups = Some(options.as_groups.clone());
    }
    let acts_as_part_of_nobody = auth.impersonate_uid.is_some()
        || auth.impersonate_groups.as_ref().is_some_and(|groups| !groups.is_empty())
        || auth.impersonate_user_extra.as_ref().is_some_and(|extra| !extra.is_empty());
    if auth.impersonate.is_none() && acts_as_part_of_nobody {
        return Err(KubeconfigFault::Setting {
            setting: "the user to act as".to_owned(),
            why: "there are groups, a uid or more, but no user (as)".to_owned(),
        });
    }
    Ok(())
}

/// A pod's own way to its API server.
struct InCluster<'a> {
    host: &'a str,
    port: &'a str,
    directory: &'a Path,
}

impl<'a> InCluster<'a> {
    /// Present when the process runs in a pod that mounts its service account.
    fn of(environment: &'a Environment) -> Option<Self> {
        let (host, port) = environment.service.as_ref()?;
        let directory = environment.service_account.as_path();
        directory.join("token").is_file().then_some(Self { host, port, directory })
    }

    fn way(&self) -> Way {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.to_owned() };
        let file = |name: &str| self.directory.join(name).to_str().map(str::to_owned);
        Way {
            context: "in-cluster".to_owned(),
            cluster: Cluster {
                server: Some(format!("https://{host}:{}", self.port)),
                certificate_authority: file("ca.crt"),
                ..Cluster::default()
            },
            auth: AuthInfo { token_file: file("token"), ..AuthInfo::default() },
            namespace: self.namespace().unwrap_or_default(),
        }
    }

    fn namespace(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.directory.join("namespace")).ok()?;
        Some(text.trim().to_owned()).filter(|namespace| !namespace.is_empty())
    }
}

fn context_names(config: &Kubeconfig) -> impl Iterator<Item = &str> {
    config.contexts.iter().map(|named| named.name.as_str())
}

fn cluster_names(config: &Kubeconfig) -> impl Iterator<Item = &str> {
    config.clusters.iter().map(|named| named.name.as_str())
}

fn user_names(config: &Kubeconfig) -> impl Iterator<Item = &str> {
    config.auth_infos.iter().map(|named| named.name.as_str())
}

fn owned<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(str::to_owned).collect()
}

/// The known name that is nearest, when it is near enough to have been meant.
fn nearest(name: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|other| (crate::near::distance(name, other), other))
        .filter(|(distance, other)| *distance <= NEAR.min(other.chars().count() / 2))
        .min()
        .map(|(_, other)| other.clone())
}
