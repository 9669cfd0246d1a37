//! From the way to a cluster to a client that is ready to ask: addresses, trust, credentials and
//! the proxy are settled here, once, and whatever is wrong with them is said here.
//!
//! Several defaults of the `kube` crate are not wanted: it waits minutes in its retries, for ever
//! for a silent server, matches `NO_PROXY` against the proxy, and keeps the newline of a token
//! file.

use std::time::Duration;

use base64::Engine as _;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use kube::client::ClientBuilder;
use kube::config::{AuthInfo, Cluster, KubeconfigError, LoadDataError};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::kubeconfig::Way;
use super::transport::Transport;
use super::{ClusterOptions, DEFAULT_REQUEST_TIMEOUT, Environment, exec};
use crate::error::{Error, KubeconfigFault};
use crate::redact;

/// Connecting, the TLS handshake included.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Silence in the middle of an answer; also what bounds a request without a deadline.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes the client. The only thing that can take time is a credential plugin.
pub(super) async fn build(
    way: Way,
    options: &ClusterOptions,
    environment: &Environment,
) -> Result<Transport, Error> {
    // Only the first call in a process has an effect; there is one provider in this build.
    let _ = rustls::crypto::ring::default_provider().install_default();

    let Way { context: _, cluster, auth, namespace } = way;
    let uri = server_uri(&cluster)?;
    let mut config = kube::Config::new(uri.clone());
    config.default_namespace = namespace;
    config.root_cert = roots(&cluster, &uri)?;
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.tls_server_name.clone_from(&cluster.tls_server_name);
    config.disable_compression = cluster.disable_compression.unwrap_or(false);
    config.proxy_url = proxy(&cluster, &uri, environment)?;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    config.reset_reader_on_write = true;
    config.default_retry = false;

    let limit = options.request_timeout;
    config.auth_info = if uri.scheme_str() == Some("https") {
        credential(auth, &cluster, environment, limit).await?
    } else {
        without_credential(auth)
    };

    let proxy = config.proxy_url.as_ref().map(shown);
    let mut patient = config.clone();
    patient.read_timeout = None;
    let client = |config| -> Result<kube::Client, KubeconfigFault> {
        Ok(ClientBuilder::try_from(config).map_err(|error| unusable(&error))?.build())
    };
    let clients = (client(config)?, client(patient)?);
    let limit =
        limit.map_or(Some(DEFAULT_REQUEST_TIMEOUT), |limit| (!limit.is_zero()).then_some(limit));
    Ok(Transport::new(clients, shown(&uri), proxy, limit))
}

/// Scheme, host and port, and nothing that could be a credential.
fn shown(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("https");
    let host = redact::line(uri.host().unwrap_or_default(), 260);
    match uri.port_u16() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

/// The server's address. One without a scheme is plain HTTP, as for kubectl: so `kubectl proxy`
/// is reached with `-s localhost:8001`.
fn server_uri(cluster: &Cluster) -> Result<Uri, KubeconfigFault> {
    let wrong = |why: &str| KubeconfigFault::Setting {
        setting: "the server's address".to_owned(),
        why: why.to_owned(),
    };
    let server = cluster.server.as_deref().ok_or_else(|| wrong("the cluster has none"))?;
    let full = if server.contains("://") { server.to_owned() } else { format!("http://{server}") };
    let uri: Uri = full.parse().map_err(|_| wrong("it is not a URL"))?;
    match uri.scheme_str() {
        Some("https" | "http") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        Some("https" | "http") => Err(wrong("it has no host")),
        _ => Err(wrong("it must start with https:// or http://")),
    }
}

/// The certificates to trust, in DER; none stands for those of the operating system.
fn roots(cluster: &Cluster, uri: &Uri) -> Result<Option<Vec<Vec<u8>>>, KubeconfigFault> {
    let wrong =
        |why: String| KubeconfigFault::Setting { setting: "certificate-authority".to_owned(), why };
    if uri.scheme_str() != Some("https") {
        return Ok(Some(Vec::new()));
    }
    let insecure = cluster.insecure_skip_tls_verify.unwrap_or(false);
    let pem = if let Some(data) = &cluster.certificate_authority_data {
        base64::engine::general_purpose::STANDARD
            .decode(data.as_bytes())
            .map_err(|_| wrong("its data is not base64".to_owned()))?
    } else if let Some(path) = &cluster.certificate_authority {
        std::fs::read(path)
            .map_err(|error| wrong(format!("{}: {error}", redact::line(path, 300))))?
    } else {
        // Where nothing will be verified, the operating system's store need not be read.
        return Ok(if insecure { Some(Vec::new()) } else { None });
    };
    if insecure {
        return Err(wrong("insecure-skip-tls-verify is set as well".to_owned()));
    }
    let roots: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(&pem)
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|_| wrong("it is broken PEM".to_owned()))?;
    if roots.is_empty() {
        return Err(wrong("it holds no certificate in PEM".to_owned()));
    }
    Ok(Some(roots))
}

/// The proxy for this server: the kubeconfig's `proxy-url` always, the environment's by Go's rules
/// (never for this machine itself, and not for what `NO_PROXY` lists).
fn proxy(
    cluster: &Cluster,
    server: &Uri,
    environment: &Environment,
) -> Result<Option<Uri>, KubeconfigFault> {
    if let Some(url) = &cluster.proxy_url {
        return proxy_uri("proxy-url", url).map(Some);
    }
    let is_https = server.scheme_str() == Some("https");
    let (name, url) = if is_https {
        ("HTTPS_PROXY", &environment.https_proxy)
    } else {
        ("HTTP_PROXY", &environment.http_proxy)
    };
    let Some(url) = url.as_deref().filter(|url| !url.is_empty()) else { return Ok(None) };
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_here {
        return Ok(None);
    }
    let uri = proxy_uri(name, url)?;
    let exceptions = environment.no_proxy.clone().unwrap_or_default();
    let matcher = Matcher::builder().all("http://proxy.invalid").no(exceptions).build();
    Ok(matcher.intercept(server).map(|_| uri))
}

/// A proxy's address; one without a scheme is HTTP. Its user and password are never shown.
fn proxy_uri(setting: &str, url: &str) -> Result<Uri, KubeconfigFault> {
    let wrong =
        |why: &str| KubeconfigFault::Setting { setting: setting.to_owned(), why: why.to_owned() };
    let full = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    // The name is left to the proxy to resolve either way.
    let full = full.replacen("socks5h://", "socks5://", 1);
    let uri: Uri = full.parse().map_err(|_| wrong("it is not a URL"))?;
    match uri.scheme_str() {
        Some("http" | "https" | "socks5") => Ok(uri),
        _ => Err(wrong("it must start with http://, https:// or socks5://")),
    }
}

/// The credential in a form that needs no program and no file any more.
async fn credential(
    mut auth: AuthInfo,
    cluster: &Cluster,
    environment: &Environment,
    limit: Option<Duration>,
) -> Result<AuthInfo, KubeconfigFault> {
    if let Some(plugin) = auth.exec.take() {
        let limit = limit.filter(|limit| !limit.is_zero());
        let credential = exec::run(&plugin, cluster, environment.stdin_is_terminal, limit).await?;
        auth.token = credential.token;
        if let Some((certificate, key)) = credential.certificate {
            let encode = |pem: &str| base64::engine::general_purpose::STANDARD.encode(pem);
            auth.client_certificate_data = Some(encode(&certificate));
            auth.client_key_data = Some(SecretString::from(encode(key.expose_secret())));
        }
    } else if auth.token.is_none()
        && let Some(path) = auth.token_file.take()
    {
        let token = std::fs::read_to_string(&path).map_err(|error| KubeconfigFault::Setting {
            setting: "tokenFile".to_owned(),
            why: format!("{}: {error}", redact::line(&path, 300)),
        })?;
        auth.token = Some(SecretString::from(token));
    }
    auth.token_file = None;

    if let Some(token) = auth.token.take() {
        let trimmed = token.expose_secret().trim();
        // The client library panics on what cannot stand in a header.
        if trimmed.is_empty() || http::HeaderValue::from_str(trimmed).is_err() {
            return Err(KubeconfigFault::Setting {
                setting: "the token".to_owned(),
                why: "it is empty, or has characters that no token has".to_owned(),
            });
        }
        auth.token = Some(SecretString::from(trimmed));
    }
    Ok(auth)
}

/// As kubectl does: over plain HTTP, which anybody can read, no credential is sent, and no plugin is
/// run for one.
fn without_credential(auth: AuthInfo) -> AuthInfo {
    AuthInfo {
        impersonate: auth.impersonate,
        impersonate_uid: auth.impersonate_uid,
        impersonate_groups: auth.impersonate_groups,
        impersonate_user_extra: auth.impersonate_user_extra,
        ..AuthInfo::default()
    }
}

/// What the client library found unusable, in words that hold no value.
fn unusable(error: &kube::Error) -> KubeconfigFault {
    let data = |error: &LoadDataError| match error {
        LoadDataError::ReadFile(error, path) => format!("{}: {error}", path.display()),
        LoadDataError::DecodeBase64(_) => "its data is not base64".to_owned(),
        LoadDataError::NoBase64DataOrFile => "it is missing".to_owned(),
    };
    let (setting, why) = match error {
        kube::Error::InferKubeconfig(KubeconfigError::LoadClientCertificate(error)) => {
            ("client-certificate", data(error))
        }
        kube::Error::InferKubeconfig(KubeconfigError::LoadClientKey(error)) => {
            ("client-key", data(error))
        }
        kube::Error::RustlsTls(kube::client::RustlsTlsError::InvalidServerName(_)) => {
            ("tls-server-name", "it is not a host name".to_owned())
        }
        kube::Error::RustlsTls(kube::client::RustlsTlsError::AddRootCertificate(_)) => {
            ("certificate-authority", "a certificate cannot be used".to_owned())
        }
        kube::Error::RustlsTls(_) => {
            ("the client certificate", "certificate and key are no usable pair in PEM".to_owned())
        }
        kube::Error::Auth(_) => {
            ("the auth-provider", "it is unknown, or lacks what it needs".to_owned())
        }
        kube::Error::HttpError(_) => {
            ("the user to act as", "it has characters that no user name has".to_owned())
        }
        _ => ("the kubeconfig", "the client cannot be made from it".to_owned()),
    };
    KubeconfigFault::Setting { setting: setting.to_owned(), why }
}
