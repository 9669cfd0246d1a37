//! A live cluster as a source of facts.
//!
//! [`Cluster::connect`] finds the way in as kubectl would; [`Cluster::first_look`] reads the pods
//! and their events; [`Cluster::answer`] looks up what the diagnosis asks for, side by side, and
//! writes each answer into the facts, refusals included. What the answers mean is not known here.
//!
//! Every request is a GET with a deadline, tried at most three times. Bodies are decoded here and
//! not by the client library, which would log them when they do not fit.

mod answer;
mod ask;
mod client;
mod exec;
mod fault;
mod kinds;
mod kubeconfig;
mod look;
mod missing;
mod pages;
mod scan;
mod strangers;
mod transport;
mod watch;
mod workloads;

use std::ffi::OsString;
use std::fmt;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::error::Error;
use crate::facts::Origin;
use crate::source::wire::Served;

pub use look::{FirstLook, Scope, Wanted};
pub use scan::{Pods, Scanned};
use transport::Transport;
pub use watch::{Change, Seen, Told};
pub use workloads::{Found, Revisions};

/// Time for one request, all its tries together, unless `--request-timeout` says otherwise.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// What the command line says about the cluster: kubectl's flags of the same names.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// `--kubeconfig`: the only file to read.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--cluster`: the name of a cluster in the kubeconfig.
    pub cluster: Option<String>,
    /// `--user`: the name of a user in the kubeconfig.
    pub user: Option<String>,
    /// `--server`: the API server's address.
    pub server: Option<String>,
    /// `--token`: beats whatever credential the user has.
    pub token: Option<SecretString>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`, each of them.
    pub as_groups: Vec<String>,
    /// `--certificate-authority`.
    pub certificate_authority: Option<PathBuf>,
    /// `--insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: bool,
    /// `--request-timeout`: for each request. Zero, as in kubectl, means none; then only the
    /// times for connecting (5 s) and for silence in between (30 s) are bounded.
    pub request_timeout: Option<Duration>,
    /// `--namespace`.
    pub namespace: Option<String>,
}

/// What the process's surroundings say about the cluster, as a value, so that the way to a cluster
/// is a function of it.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `$KUBECONFIG`: a list of files.
    pub kubeconfig: Option<OsString>,
    /// The home directory, where `.kube/config` is.
    pub home: Option<PathBuf>,
    /// `$HTTPS_PROXY` or `$https_proxy`.
    pub https_proxy: Option<String>,
    /// `$HTTP_PROXY` or `$http_proxy`.
    pub http_proxy: Option<String>,
    /// `$NO_PROXY` or `$no_proxy`.
    pub no_proxy: Option<String>,
    /// `$KUBERNETES_SERVICE_HOST` and `$KUBERNETES_SERVICE_PORT`: set in a pod.
    pub service: Option<(String, String)>,
    /// Where a pod finds its service account's token, CA and namespace.
    pub service_account: PathBuf,
    /// Whether a person could answer a credential plugin.
    pub stdin_is_terminal: bool,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let first = |names: [&str; 2]| {
            names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        };
        let one = |name: &str| first([name, name]);
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG"),
            home: std::env::home_dir(),
            https_proxy: first(["HTTPS_PROXY", "https_proxy"]),
            http_proxy: first(["HTTP_PROXY", "http_proxy"]),
            no_proxy: first(["NO_PROXY", "no_proxy"]),
            service: one("KUBERNETES_SERVICE_HOST").zip(one("KUBERNETES_SERVICE_PORT")),
            service_account: PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount"),
            stdin_is_terminal: std::io::stdin().is_terminal(),
        }
    }
}

/// An API server, and a way to ask it. No request has been made yet when one is built, other than
/// those of a credential plugin.
pub struct Cluster {
    transport: Transport,
    context: String,
    namespace: String,
    /// What kinds the server serves, once somebody has asked.
    kinds: OnceCell<Vec<Served>>,
}

impl Cluster {
    /// Finds the cluster as kubectl would and gets the credential ready, without asking the API
    /// server anything.
    ///
    /// Fails with [`Error::Kubeconfig`] when there is no usable way to a cluster, and with
    /// [`Error::Usage`] when flags contradict each other. A credential plugin runs once, here;
    /// dropping the future stops it.
    pub async fn connect(options: &ClusterOptions) -> Result<Self, Error> {
        Self::connect_within(options, &Environment::of_process()).await
    }

    /// As [`Cluster::connect`], in surroundings of the caller's choice.
    pub async fn connect_within(
        options: &ClusterOptions,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let way = kubeconfig::choose(options, environment)?;
        let context = way.context.clone();
        let namespace = way.namespace.clone();
        let transport = client::build(way, options, environment).await?;
        Ok(Self { transport, context, namespace, kinds: OnceCell::new() })
    }

    /// Where facts from here come from, for the report.
    pub fn origin(&self) -> Origin {
        Origin::Cluster {
            context: self.context.clone(),
            server: self.transport.server().to_owned(),
        }
    }

    /// The namespace to look in: `--namespace`, the context's, the pod's own when running in one,
    /// or `default`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("server", &self.transport.server())
            .field("context", &self.context)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
