//! Flags that several commands share; kubectl's, by kubectl's names.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;

use crate::error::Error;
use crate::redact;
use crate::source::cluster::ClusterOptions;

/// What makes no sense where files take the cluster's place.
pub(super) const CLUSTER_FLAGS: [&str; 10] = [
    "kubeconfig",
    "context",
    "cluster",
    "user",
    "server",
    "token",
    "as_user",
    "as_groups",
    "certificate_authority",
    "insecure_skip_tls_verify",
];

/// Which cluster, and as whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(super) struct ClusterArgs {
    /// The kubeconfig file [default: $KUBECONFIG, then ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context to use
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig's cluster to use
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// The kubeconfig's user to use
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Address of the API server
    #[arg(short, long, value_name = "URL")]
    server: Option<String>,
    /// Bearer token for the API server
    #[arg(long, value_name = "TOKEN", value_parser = |token: &str| Ok::<_, String>(SecretString::from(token)))]
    token: Option<SecretString>,
    /// User to impersonate
    #[arg(long = "as", value_name = "USER")]
    as_user: Option<String>,
    /// Group to impersonate; can be given several times
    #[arg(long = "as-group", value_name = "GROUP")]
    as_groups: Vec<String>,
    /// File with the API server's certificate authority
    #[arg(long, value_name = "FILE")]
    certificate_authority: Option<PathBuf>,
    /// Do not check the API server's certificate
    #[arg(long)]
    insecure_skip_tls_verify: bool,
    /// Time for one request, as 5s, 2m or seconds; 0 for none [default: 15s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    request_timeout: Option<Duration>,
}

impl ClusterArgs {
    /// As the cluster source takes them.
    pub(super) fn options(self, namespace: Option<String>) -> ClusterOptions {
        ClusterOptions {
            kubeconfig: self.kubeconfig,
            context: self.context,
            cluster: self.cluster,
            user: self.user,
            server: self.server,
            token: self.token,
            as_user: self.as_user,
            as_groups: self.as_groups,
            certificate_authority: self.certificate_authority,
            insecure_skip_tls_verify: self.insecure_skip_tls_verify,
            request_timeout: self.request_timeout,
            namespace,
        }
    }
}

/// An object's name as typed: `web-0`, or `pod/web-0` as kubectl prints it. `others` are the kind's
/// other names.
pub(super) fn object_name(typed: &str, kind: &str, others: &[&str]) -> Result<String, Error> {
    let is_kind = |written: &str| written == kind || others.contains(&written);
    let name = match typed.split_once('/') {
        Some((written, name)) if is_kind(written) => name,
        _ => typed,
    };
    // RFC 1123 subdomains (apimachinery/pkg/util/validation): anything else cannot be an object, and
    // must not get into a path of the API.
    let valid = !name.is_empty()
        && name.len() <= 253
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c));
    if valid {
        return Ok(name.to_owned());
    }
    Err(Error::Usage {
        problem: format!("'{}' cannot be the name of a {kind}", redact::line(name, 100)),
        hint: format!(
            "names have lower-case letters, digits, '-' and '.'; see `kubectl get {kind}s`"
        ),
    })
}

/// A duration as kubectl takes it: Go's `1m30s`, `500ms`, or a bare number of seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is no duration; write it as 30s, 2m or 1m30s");
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return Err(wrong()),
        };
        let part = Duration::try_from_secs_f64(number * unit).map_err(|_| wrong())?;
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = &rest[letters..];
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert_eq!(duration("45"), Ok(Duration::from_secs(45)));
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5h"), Ok(Duration::from_mins(90)));
        for wrong in ["", "s", "5x", "-5s", "5s5", "1e400s", "99999999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
