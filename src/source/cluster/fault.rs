//! From what a library or a server says to one [`ApiFault`].
//!
//! Library errors are read by type wherever a type is public, down the whole chain of sources:
//! their texts are no use to people (`Service(hyper_util::client::legacy::Error(Connect, …))`).
//! What a server wrote passes [`redact::line`].

use std::error::Error as StdError;
use std::io;

use chrono::DateTime;
use kube::client::AuthError;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::ask::Ask;
use super::client::CONNECT_TIMEOUT;
use crate::error::{ApiFault, TlsFault, Unreached};
use crate::facts::Time;
use crate::redact;
use crate::source::wire::{self, Status};

/// The longest quotation of a server's words.
const QUOTE: usize = 300;
/// The longest quotation of a web page.
const TITLE: usize = 80;

/// Whom the requests go to, for messages.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// Scheme, host and port.
    pub(super) server: String,
    /// The same of the proxy.
    pub(super) proxy: Option<String>,
}

/// Whether the same request may succeed a moment later.
pub(super) fn may_pass(fault: &ApiFault) -> bool {
    matches!(
        fault,
        ApiFault::Truncated { .. } | ApiFault::Unreachable { why: Unreached::Closed, .. }
    )
}

/// A request that got no response.
pub(super) fn of_sending(peer: &Peer, error: &kube::Error) -> ApiFault {
    let chain = Chain::of(error);
    let server = peer.server.clone();
    if chain.find::<AuthError>().is_some() {
        return ApiFault::Credential {
            why: "the login has expired and could not be renewed".to_owned(),
        };
    }
    if let Some(error) = chain.find::<rustls::Error>() {
        return of_tls(server, error);
    }

    let is_connecting = chain
        .find::<hyper_util::client::legacy::Error>()
        .is_some_and(hyper_util::client::legacy::Error::is_connect);
    let unreachable =
        |why| ApiFault::Unreachable { server: peer.server.clone(), proxy: peer.proxy.clone(), why };
    // These errors of hyper-util are of private types, with fixed texts.
    if chain.says("dns error") {
        let address = peer.proxy.as_ref().unwrap_or(&peer.server);
        return unreachable(Unreached::NoSuchHost(host_of(address).to_owned()));
    }
    if chain.says("tunnel error: proxy authorization required") {
        return unreachable(Unreached::ProxyAuthentication);
    }
    if chain.says("SOCKS error: failed to create underlying connection") {
        return unreachable(Unreached::Other("the proxy cannot be reached".to_owned()));
    }
    if chain.says("tunnel error: unsuccessful") || chain.says("SOCKS error") {
        return unreachable(Unreached::ProxyRefused);
    }
    match chain.io_kind() {
        Some(io::ErrorKind::TimedOut) if is_connecting => {
            return unreachable(Unreached::TimedOut(CONNECT_TIMEOUT));
        }
        Some(io::ErrorKind::TimedOut) => {
            return ApiFault::TimedOut { server, after: super::client::READ_TIMEOUT };
        }
        Some(io::ErrorKind::ConnectionRefused) => return unreachable(Unreached::Refused),
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => return unreachable(Unreached::Closed),
        _ => {}
    }
    if let Some(error) = chain.find::<hyper::Error>() {
        // A TLS server's answer to plain HTTP is an alert, and no HTTP.
        if error.is_parse() && peer.server.starts_with("http://") {
            return ApiFault::SecureServer { server };
        }
        if error.is_parse() {
            return ApiFault::NotKubernetes {
                server,
                status: 0,
                content: "something that is not HTTP".to_owned(),
            };
        }
        if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            return unreachable(Unreached::Closed);
        }
    }
    unreachable(Unreached::Other(redact::line(&chain.last().to_string(), QUOTE)))
}

/// A response whose body broke off.
pub(super) fn of_reading(peer: &Peer, error: &(dyn StdError + 'static)) -> ApiFault {
    let server = peer.server.clone();
    if Chain::of(error).io_kind() == Some(io::ErrorKind::TimedOut) {
        return ApiFault::TimedOut { server, after: super::client::READ_TIMEOUT };
    }
    ApiFault::Truncated { server }
}

/// A response that is no success.
pub(super) fn of_status(
    peer: &Peer,
    ask: &Ask,
    status: u16,
    content_type: Option<&str>,
    body: &[u8],
) -> ApiFault {
    let server = peer.server.clone();
    // Go's server says this to plain HTTP on a TLS port.
    if status == 400 && body.starts_with(b"Client sent an HTTP request to an HTTPS server") {
        return ApiFault::SecureServer { server };
    }
    let Some(answer) =
        wire::decode::<Status>(body).ok().filter(|answer| answer.status == "Failure")
    else {
        let is_page = looks_like_a_page(content_type, body);
        let said =
            if is_json(body) { "JSON of another kind".to_owned() } else { quote(body, QUOTE) };
        return match status {
            401 if !is_page => ApiFault::Unauthorized { server, said },
            404 if body.starts_with(b"404 page not found") => {
                ApiFault::NoSuchResource { server, resource: ask.resource_name() }
            }
            429 | 500.. if !is_page => ApiFault::Refused { server, status, said },
            _ => not_kubernetes(peer, status, content_type, body),
        };
    };
    let said = words(&answer.message, QUOTE);
    match status {
        401 => ApiFault::Unauthorized { server, said },
        403 => ApiFault::Forbidden {
            verb: ask.verb,
            resource: ask.resource_name(),
            namespace: ask.namespace.clone(),
            said,
        },
        404 if answer.details.name.is_empty() => {
            ApiFault::NoSuchResource { server, resource: ask.resource_name() }
        }
        404 => not_found(ask),
        410 => ApiFault::Gone { server, said },
        _ => ApiFault::Refused { server, status, said },
    }
}

/// The object asked for does not exist.
pub(super) fn not_found(ask: &Ask) -> ApiFault {
    ApiFault::NotFound {
        resource: ask.resource_name(),
        namespace: ask.namespace.clone(),
        name: redact::line(&ask.name, 260),
    }
}

/// An answer that no API server gives.
pub(super) fn not_kubernetes(
    peer: &Peer,
    status: u16,
    content_type: Option<&str>,
    body: &[u8],
) -> ApiFault {
    let content = if body.trim_ascii().is_empty() {
        "an empty answer".to_owned()
    } else if is_json(body) {
        "JSON of another kind".to_owned()
    } else if !looks_like_a_page(content_type, body) {
        format!("text that begins {:?}", quote(body, TITLE))
    } else if let Some(title) = title(body) {
        format!("a web page titled {title:?}")
    } else {
        "a web page".to_owned()
    };
    ApiFault::NotKubernetes { server: peer.server.clone(), status, content }
}

/// JSON is objects, and may be a secret: it is never quoted.
fn is_json(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{") || body.trim_ascii_start().starts_with(b"[")
}

/// An answer that sends elsewhere; nobody follows, for the credential is not for others.
pub(super) fn redirected(peer: &Peer, status: u16, location: &str) -> ApiFault {
    let host = location
        .parse::<http::Uri>()
        .ok()
        .and_then(|uri| uri.host().map(|host| redact::line(host, 260)));
    let content = match host {
        Some(host) => format!("a redirect to {host}"),
        None => "a redirect".to_owned(),
    };
    ApiFault::NotKubernetes { server: peer.server.clone(), status, content }
}

fn looks_like_a_page(content_type: Option<&str>, body: &[u8]) -> bool {
    content_type.is_some_and(|value| value.contains("html"))
        || body.trim_ascii_start().first() == Some(&b'<')
}

/// The text in `<title>`.
fn title(page: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(page);
    // ASCII lower case keeps every byte's place.
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(redact::line(&text[start..end], TITLE)).filter(|title| !title.is_empty())
}

fn quote(body: &[u8], max: usize) -> String {
    words(&String::from_utf8_lossy(&body[..body.len().min(4 * max)]), max)
}

/// A server's words as the end of a message, which has no full stop.
fn words(text: &str, max: usize) -> String {
    let mut line = redact::line(text, max);
    while line.ends_with('.') {
        line.pop();
    }
    line
}

/// Host without scheme and port.
fn host_of(server: &str) -> &str {
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    }
}

fn of_tls(server: String, error: &rustls::Error) -> ApiFault {
    let why = match error {
        // What plain HTTP looks like to a TLS client.
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => return ApiFault::PlainServer { server },
        rustls::Error::InvalidCertificate(error) => of_certificate(error),
        rustls::Error::AlertReceived(alert) => TlsFault::TurnedDown(of_alert(*alert)),
        other => TlsFault::Other(redact::line(&other.to_string(), QUOTE)),
    };
    ApiFault::Tls { server, why }
}

fn of_certificate(error: &CertificateError) -> TlsFault {
    match error {
        // An authority of the same name but another key, as that of a cluster that was made anew,
        // shows in the signature only.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            TlsFault::UnknownAuthority
        }
        CertificateError::Expired => TlsFault::Expired(None),
        CertificateError::ExpiredContext { not_after, .. } => TlsFault::Expired(time(*not_after)),
        CertificateError::NotValidYet => TlsFault::NotYetValid(None),
        CertificateError::NotValidYetContext { not_before, .. } => {
            TlsFault::NotYetValid(time(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => TlsFault::WrongName {
            expected: match expected {
                ServerName::DnsName(name) => redact::line(name.as_ref(), 260),
                ServerName::IpAddress(address) => std::net::IpAddr::from(*address).to_string(),
                _ => String::new(),
            },
            presented: presented.iter().map(|name| presented_name(name)).collect(),
        },
        // webpki's own error, for a certificate that is its own authority.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            TlsFault::AuthorityAsServer
        }
        other => TlsFault::Other(redact::line(&format!("{other:?}"), QUOTE)),
    }
}

/// `DnsName("a.example")` and `IpAddress(10.0.0.1)`, which is all that rustls keeps of a name.
fn presented_name(debug: &str) -> String {
    let inner = debug.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(debug);
    redact::line(inner.trim_matches('"'), 260)
}

fn time(at: UnixTime) -> Option<Time> {
    DateTime::from_timestamp(i64::try_from(at.as_secs()).ok()?, 0)
}

fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => "it asks for a client certificate",
        AlertDescription::BadCertificate | AlertDescription::UnsupportedCertificate => {
            "bad client certificate"
        }
        AlertDescription::CertificateExpired => "the client certificate has expired",
        AlertDescription::CertificateRevoked => "the client certificate is revoked",
        AlertDescription::UnknownCA => "the client certificate is of an unknown authority",
        AlertDescription::AccessDenied => "access denied",
        AlertDescription::HandshakeFailure => "handshake failure",
        AlertDescription::ProtocolVersion => "no common version of TLS",
        AlertDescription::UnrecognisedName => "it does not know its name",
        other => return redact::line(&format!("{other:?}"), TITLE),
    }
    .to_owned()
}

/// An error and all that it is made of. [`io::Error`] hides what it wraps from `source`.
struct Chain<'a>(Vec<&'a (dyn StdError + 'static)>);

impl<'a> Chain<'a> {
    fn of(error: &'a (dyn StdError + 'static)) -> Self {
        let mut links = Vec::new();
        let mut next = Some(error);
        while let Some(error) = next {
            links.push(error);
            next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        Self(links)
    }

    fn find<T: StdError + 'static>(&self) -> Option<&'a T> {
        self.0.iter().find_map(|error| error.downcast_ref())
    }

    fn says(&self, text: &str) -> bool {
        self.0.iter().any(|error| error.to_string().starts_with(text))
    }

    /// The kind of the innermost input/output error that has one.
    fn io_kind(&self) -> Option<io::ErrorKind> {
        self.0
            .iter()
            .rev()
            .filter_map(|error| error.downcast_ref::<io::Error>())
            .map(io::Error::kind)
            .find(|kind| *kind != io::ErrorKind::Other)
    }

    fn last(&self) -> &'a (dyn StdError + 'static) {
        self.0.last().copied().expect("a chain begins with the error it is made from")
    }
}
