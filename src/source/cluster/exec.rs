//! Credential plugins: runs the program that a kubeconfig names, once, and takes the credential it
//! prints (`client.authentication.k8s.io`, v1 and v1beta1).
//!
//! The `kube` crate would run it three times per client. Its standard output is a credential and
//! is never shown; its standard error goes to the person, as with kubectl.

use std::process::Stdio;
use std::time::Duration;

use kube::config::{Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::error::{KubeconfigFault, PluginFault};
use crate::redact;

/// The versions that kubectl still speaks.
const VERSIONS: [&str; 2] =
    ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
/// A plugin that talks to nobody has this long, unless `--request-timeout` says otherwise.
const ALONE: Duration = Duration::from_mins(1);
/// A plugin that may be waiting for a person to log in has this long.
const WITH_A_PERSON: Duration = Duration::from_mins(5);
/// Certificates and tokens are a few KiB.
const LARGEST_OUTPUT: u64 = 1 << 20;

/// What a plugin printed. At least one of the two is there.
pub(super) struct Credential {
    /// A bearer token.
    pub(super) token: Option<SecretString>,
    /// A client certificate and its key, in PEM.
    pub(super) certificate: Option<(String, SecretString)>,
}

/// The `ExecCredential` that a plugin prints, in either version; JSON is YAML enough.
#[derive(Deserialize)]
struct Printed {
    #[serde(rename = "apiVersion")]
    api_version: Option<String>,
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "secret")]
    token: Option<SecretString>,
    #[serde(rename = "clientCertificateData")]
    certificate: Option<String>,
    #[serde(default, rename = "clientKeyData", deserialize_with = "secret")]
    key: Option<SecretString>,
}

/// A string that is wiped when dropped; an empty one is none.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()).map(SecretString::from))
}

/// Runs the plugin. Dropping the future kills it.
pub(super) async fn run(
    exec: &ExecConfig,
    cluster: &Cluster,
    stdin_is_terminal: bool,
    limit: Option<Duration>,
) -> Result<Credential, KubeconfigFault> {
    let command = exec.command.clone().unwrap_or_default();
    let fault = |why| KubeconfigFault::Plugin {
        command: redact::line(&command, 200),
        why,
        install_hint: exec.install_hint.as_deref().map(|hint| redact::line(hint, 500)),
    };
    if command.is_empty() {
        return Err(KubeconfigFault::Setting {
            setting: "the user's exec".to_owned(),
            why: "it names no command".to_owned(),
        });
    }
    if !VERSIONS.contains(&exec.api_version.as_deref().unwrap_or_default()) {
        return Err(KubeconfigFault::Setting {
            setting: "the user's exec".to_owned(),
            why: format!("its apiVersion is none of {}", VERSIONS.join(" and ")),
        });
    }
    let interactive = match exec.interactive_mode {
        Some(ExecInteractiveMode::Never) => false,
        Some(ExecInteractiveMode::Always) if !stdin_is_terminal => {
            return Err(fault(PluginFault::NoTerminal));
        }
        _ => stdin_is_terminal,
    };

    let mut child = Command::new(&command);
    child
        .args(exec.args.iter().flatten())
        .env("KUBERNETES_EXEC_INFO", exec_info(exec, cluster, interactive)?)
        // A pipe on standard input may be meant for this program; only a terminal is shared.
        .stdin(if interactive { Stdio::inherit() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    for pair in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (pair.get("name"), pair.get("value")) {
            child.env(name, value);
        }
    }

    let mut child = child.spawn().map_err(|error| {
        fault(match error.kind() {
            std::io::ErrorKind::NotFound => PluginFault::NotFound,
            _ => PluginFault::NotStarted(error.to_string()),
        })
    })?;
    let stdout = child.stdout.take().expect("standard output was set to a pipe above");
    let limit = limit.unwrap_or(if interactive { WITH_A_PERSON } else { ALONE });
    let ended = tokio::time::timeout(limit, async {
        let mut output = Zeroizing::new(Vec::new());
        stdout.take(LARGEST_OUTPUT).read_to_end(&mut output).await?;
        Ok::<_, std::io::Error>((child.wait().await?, output))
    })
    .await;
    let (status, output) = match ended {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => return Err(fault(PluginFault::NotStarted(error.to_string()))),
        Err(_) => return Err(fault(PluginFault::Hung(limit))),
    };
    if !status.success() {
        return Err(fault(PluginFault::Failed(status.to_string())));
    }
    credential(&output, exec.api_version.as_deref()).map_err(|why| fault(PluginFault::Garbage(why)))
}

/// What the plugin is told in `KUBERNETES_EXEC_INFO`.
fn exec_info(
    exec: &ExecConfig,
    cluster: &Cluster,
    interactive: bool,
) -> Result<String, KubeconfigFault> {
    let mut info = json!({
        "kind": "ExecCredential",
        "apiVersion": exec.api_version,
        "spec": { "interactive": interactive },
    });
    if exec.provide_cluster_info {
        let unusable = |why: &str| KubeconfigFault::Setting {
            setting: "certificate-authority".to_owned(),
            why: why.to_owned(),
        };
        let cluster = ExecAuthCluster::try_from(cluster)
            .map_err(|_| unusable("it can be neither read nor decoded"))?;
        info["spec"]["cluster"] =
            serde_json::to_value(cluster).map_err(|_| unusable("it cannot be passed on"))?;
    }
    Ok(info.to_string())
}

/// Takes the credential out of what a plugin printed; the reasons are kubectl's, in few words.
fn credential(output: &[u8], api_version: Option<&str>) -> Result<Credential, &'static str> {
    let printed: Printed =
        serde_saphyr::from_slice(output).map_err(|_| "it is not the JSON of one")?;
    if printed.api_version.as_deref() != api_version {
        return Err("it is of another apiVersion than the kubeconfig asks for");
    }
    let status = printed.status.ok_or("it has no status")?;
    let certificate = status.certificate.filter(|pem| !pem.is_empty());
    let (token, certificate) = match (certificate, status.key) {
        (Some(certificate), Some(key)) => (status.token, Some((certificate, key))),
        (None, None) => (status.token, None),
        _ => return Err("it has a certificate or a key, but not both"),
    };
    if token.is_none() && certificate.is_none() {
        return Err("it has neither a token nor a certificate");
    }
    Ok(Credential { token, certificate })
}
