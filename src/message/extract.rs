//! Reads the details out of a message, at the landmarks that were found.
//!
//! Nothing here searches the text again: each detail is read at the hit that announces it, so that
//! a message of 100 KB costs no more than its landmarks.

use super::details::{
    Certificate, Details, HostRole, Platforms, Runtime, RuntimeHint, Version, VersionRange,
};
use super::frames::{Mark, Role};
use super::phrases::{Hit, PHRASES};
use super::verdict::{Verdict, starts_link};
use super::work;
use crate::cause::{self, Group};
use crate::redact;

/// Names, hosts and paths are cut to this length; no real one is longer.
const NAME: usize = 300;
/// Sentences of a server are cut to this length.
const SENTENCE: usize = 300;

/// How much of the text behind a landmark is read: a bound for hostile texts.
const NEAR: usize = 2048;

/// All details of a message.
pub(super) fn details(text: &str, verdict: &Verdict) -> Details {
    let mut details = Details::default();
    let mut seen = Seen::default();
    for hit in &verdict.hits {
        for role in &PHRASES.phrase(hit.phrase).frames {
            read(text, verdict, hit, *role, &mut details, &mut seen);
        }
    }
    if details.image.is_none() {
        details.image = seen.bare_image.map(|image| redact::line(image, NAME));
    }
    // A name that cannot be read names no registry.
    if details.registry.is_none() && verdict.cause.group != Group::Name {
        details.registry = details.image.as_deref().map(|image| registry_of(image).to_owned());
    }
    // Where nobody was reached nothing was sent; a provider that fails has nothing to send, nor has
    // who may not get a login.
    let unsent = matches!(verdict.cause.group, Group::Network | Group::Tls)
        || verdict.cause == &cause::CREDENTIAL_PROVIDER_FAILED
        || details.permission.as_deref() == Some("ecr:GetAuthorizationToken");
    if unsent && details.credential_sent == Some(true) {
        details.credential_sent = None;
    }
    // A disk has a quota too, and says no more about it.
    if verdict.cause.group == Group::Node {
        details.limit = None;
    }
    details.status = status(&text[verdict.part.start..verdict.part.end], verdict);
    speaker(text, verdict, &seen, &mut details);
    if details.kubelet.is_none() {
        details.kubelet = kubelet_by_frame(text);
    }
    details
}

/// What several landmarks together say.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a landmark that was met or was not")]
struct Seen<'t> {
    bare_image: Option<&'t str>,
    /// The host of the last URL in the error that leads.
    url_host: Option<&'t str>,
    /// The host that a frame names.
    frame_host: Option<&'t str>,
    dns_server: Option<&'t str>,
    token_server: bool,
    mirror: bool,
    blob: bool,
    proxy: bool,
}

/// Reads what one landmark announces.
fn read<'t>(
    text: &'t str,
    verdict: &Verdict,
    hit: &Hit,
    role: Role,
    details: &mut Details,
    seen: &mut Seen<'t>,
) {
    let near = || &text[hit.end..text.floor_char_boundary(hit.end + NEAR)];
    work::count(1);
    let leads = verdict.part.holds(hit.start, hit.end);
    match role {
        Role::Quoted if details.image.is_none() => {
            let image = quoted(near());
            let image = image.strip_prefix("docker://").unwrap_or(image);
            if is_reference(image) {
                details.image = Some(redact::line(image, NAME));
            }
        }
        Role::Kubelet(from, to) => narrow(details.kubelet.get_or_insert_default(), from, to),
        Role::RuntimeIs(runtime, from, to) => runtime_is(details, runtime, from, to),
        Role::Says(kind) => {
            details.registry_kind_by_words.get_or_insert(kind);
        }
        Role::Marks(Mark::Url) if leads && asks(&text[..hit.start]) => {
            seen.url_host = Some(host(near())).filter(|host| !host.is_empty());
        }
        // "authn lookup for" is prose.
        Role::Marks(Mark::Lookup) if !starts_link(text, hit.start) => {}
        // "no matching manifest for" names a platform.
        Role::Marks(Mark::Image) if text[..hit.start].ends_with("matching ") => {}
        // The path begins in the mark, behind the operation.
        Role::Marks(Mark::Path) if leads => {
            let from = hit.start + text[hit.start..hit.end].find(' ').map_or(0, |space| space + 1);
            let end = text.floor_char_boundary(hit.end + NEAR);
            details.path = Some(redact::line(word(&text[from..end]), NAME));
        }
        Role::Marks(mark) if leads => at_mark(near(), mark, details, seen),
        Role::Marks(Mark::Image | Mark::Secrets) => {
            let Role::Marks(mark) = role else { return };
            at_mark(near(), mark, details, seen);
        }
        _ => {}
    }
}

fn at_mark<'t>(rest: &'t str, mark: Mark, details: &mut Details, seen: &mut Seen<'t>) {
    match mark {
        // Read where the text before them is at hand.
        Mark::Url | Mark::Path => {}
        Mark::Dial => {
            let address = word(rest);
            if address.starts_with(|c: char| c == '[' || c.is_ascii_digit()) {
                details.address = Some(redact::line(address, NAME));
            }
        }
        Mark::Read => {
            let ends = word(rest);
            if let Some((_, remote)) = ends.split_once("->") {
                details.address = Some(redact::line(remote, NAME));
            }
        }
        Mark::Lookup => {
            let name = word(rest);
            details.lookup = Some(redact::line(name, NAME));
            if let Some(server) = rest[name.len()..].strip_prefix(" on ") {
                seen.dns_server = Some(word(server));
            }
        }
        Mark::Host => seen.frame_host = Some(word(rest)),
        Mark::Namespace => seen.mirror = true,
        Mark::Scope => {
            let end = rest.find(['&', '"', ' ', '\n']).unwrap_or(rest.len());
            let scope = percent_decoded(&rest[..rest.floor_char_boundary(end.min(NAME))]);
            if scope.starts_with("repository:") {
                details.scope = Some(redact::line(&scope, NAME));
            }
        }
        Mark::TokenServer => seen.token_server = true,
        Mark::Anonymous => details.credential_sent = Some(false),
        Mark::Credential => details.credential_sent = Some(true),
        Mark::Blob => seen.blob = true,
        Mark::Proxy => seen.proxy = true,
        Mark::Action | Mark::Permission => {
            details.permission = Some(redact::line(word(rest), NAME));
        }
        // `storage.objects.get`, `read_package`; other words are prose.
        Mark::Missing => {
            let name = word(rest);
            if name.contains(['.', '_']) {
                details.permission = Some(redact::line(name, NAME));
            }
        }
        Mark::Architecture => wanted_by_parts(rest, details),
        Mark::Platform => {
            let mut wanted = platform(rest);
            // Windows images fit one version of Windows, which stands behind the architecture.
            let version = rest[wanted.len()..].strip_prefix(' ').map(platform);
            if let Some(version) = version.filter(|text| text.starts_with("10.")) {
                wanted = &rest[..wanted.len() + 1 + version.len()];
            }
            details.platforms.get_or_insert_default().wanted = Some(redact::line(wanted, NAME));
        }
        Mark::Offered => {
            let offered = redact::line(platform(rest), NAME);
            details.platforms.get_or_insert_default().offered = Some(offered);
        }
        // `10.0.20348-based image is incompatible with a 10.0.19045 host`: moby and hcsshim.
        Mark::Windows => {
            let Some((image, host)) = rest.split_once("-based image is incompatible with a ")
            else {
                return;
            };
            let windows = |version: &str| Some(redact::line(&format!("windows {version}"), NAME));
            let platforms = details.platforms.get_or_insert_default();
            (platforms.offered, platforms.wanted) = (windows(image), windows(word(host)));
        }
        Mark::Names => {
            let end = rest.find([':', '\n', '"']).unwrap_or(rest.len());
            let (names, wanted) = match rest[..end].split_once(", not ") {
                Some((names, wanted)) => (names, Some(wanted)),
                None => (&rest[..end], None),
            };
            let certificate = details.certificate.get_or_insert_default();
            certificate.names =
                names.split(", ").take(20).map(|name| redact::line(name, NAME)).collect();
            certificate.wanted = wanted.map(|name| redact::line(word(name), NAME));
        }
        Mark::Wanted => {
            let certificate = details.certificate.get_or_insert_default();
            certificate.wanted = Some(redact::line(word(rest), NAME));
        }
        Mark::Clock => validity(rest, details.certificate.get_or_insert_default()),
        Mark::Secrets => {
            let end = rest.find(')').unwrap_or(0);
            details.missing_secrets = rest[..end]
                .split(", ")
                .filter(|name| !name.is_empty())
                .take(50)
                .map(|name| redact::line(name, NAME))
                .collect();
        }
        Mark::Image => {
            let image = word(rest);
            if seen.bare_image.is_none() && is_reference(image) {
                seen.bare_image = Some(image);
            }
        }
        Mark::Limit => {
            let end = rest.floor_char_boundary(rest.find('\n').unwrap_or(rest.len()).min(SENTENCE));
            let words = rest[..end].trim_matches([':', ' ', '.']);
            if details.limit.is_none() && !words.is_empty() {
                details.limit = Some(redact::line(words, SENTENCE));
            }
        }
    }
}

/// Whether what stands before a URL's `://` says that it was asked; other URLs are advice.
fn asks(before: &str) -> bool {
    const VERBS: [&str; 8] = [
        "get ",
        "head ",
        "post ",
        "request to ",
        "status code ",
        "ping attempt failed with error: ",
        "endpoint ",
        "fetch ",
    ];
    let scheme = before.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let words = scheme.strip_suffix('"').unwrap_or(scheme).as_bytes();
    VERBS.iter().any(|verb| {
        words.len() >= verb.len()
            && words[words.len() - verb.len()..].eq_ignore_ascii_case(verb.as_bytes())
    })
}

/// Says who spoke, or who failed to.
fn speaker(text: &str, verdict: &Verdict, seen: &Seen<'_>, details: &mut Details) {
    let registry = details.registry.as_deref().unwrap_or_default();
    let other = |host: &str| !host.is_empty() && !is_registrys_own(host, registry);
    if let (Group::Network, Some(server)) = (verdict.cause.group, seen.dns_server)
        && !seen.proxy
    {
        details.host = Some(redact::line(server, NAME));
        details.host_role = Some(HostRole::DnsServer);
        return;
    }
    if seen.proxy {
        details.host = details.address.clone().or_else(|| details.lookup.clone());
        details.host_role = details.host.is_some().then_some(HostRole::Proxy);
        return;
    }
    let Some(host) = seen.url_host.or(seen.frame_host).filter(|host| other(host)) else {
        return;
    };
    details.host = Some(redact::line(host, NAME));
    let behind = memchr::memmem::find(text.as_bytes(), host.as_bytes())
        .map_or("", |at| &text[at + host.len()..]);
    let stands = |words: &str| behind.starts_with(words);
    details.host_role = if seen.token_server || stands("/token") || stands("/oauth2") {
        Some(HostRole::TokenServer)
    } else if seen.mirror || verdict.part.of == super::parts::Of::Mirror {
        Some(HostRole::Mirror)
    } else if seen.blob {
        Some(HostRole::Storage)
    } else if registry.is_empty() {
        None
    } else {
        Some(HostRole::Mirror)
    };
    if registry.is_empty() && details.host_role.is_none() {
        details.registry = details.host.take();
    }
}

/// Whether a host is the registry, or one of the names that Docker Hub answers to.
fn is_registrys_own(host: &str, registry: &str) -> bool {
    let bare = |name: &str| name.strip_suffix(":443").unwrap_or(name).to_ascii_lowercase();
    let (host, registry) = (bare(host), bare(registry));
    host == registry
        || (matches!(registry.as_str(), "docker.io" | "index.docker.io")
            && matches!(host.as_str(), "registry-1.docker.io" | "index.docker.io" | "docker.io"))
}

/// The registry's host in an image's name, as the runtimes read it.
fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => "docker.io",
    }
}

/// Whether this can be an image's name.
fn is_reference(text: &str) -> bool {
    !text.is_empty() && text.len() <= 2000 && !text.bytes().any(|byte| matches!(byte, b'\n' | b'='))
}

/// Text up to its closing quote, or to the end of the word where that was cut off.
fn quoted(rest: &str) -> &str {
    let end = memchr::memchr2(b'"', b'\n', rest.as_bytes()).unwrap_or(rest.len());
    work::count(end);
    if rest[end..].starts_with('"') { &rest[..end] } else { word(rest) }
}

/// One word, without the punctuation that follows it in a sentence.
fn word(rest: &str) -> &str {
    let ends = |byte: u8| matches!(byte, b' ' | b'\n' | b'"' | b'\'' | b')' | b'(' | b';');
    let end = rest.bytes().position(ends).unwrap_or(rest.len());
    work::count(end);
    rest[..end].trim_end_matches([':', ',', '.'])
}

/// The host, with its port, that a URL begins with after its scheme; never its userinfo.
fn host(rest: &str) -> &str {
    let ends = |byte: u8| matches!(byte, b'/' | b'?' | b' ' | b'\n' | b'"' | b'\'' | b')' | b',');
    let end = rest.bytes().position(ends).unwrap_or(rest.len());
    work::count(end);
    let authority = rest[..end].trim_end_matches([':', '.']);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn percent_decoded(text: &str) -> String {
    text.replace("%3A", ":")
        .replace("%3a", ":")
        .replace("%2F", "/")
        .replace("%2f", "/")
        .replace("%2C", ",")
}

/// A platform, up to what closes it.
fn platform(rest: &str) -> &str {
    let end = rest.find([' ', ',', '\n', ':', ')', '"']).unwrap_or(rest.len());
    &rest[..end]
}

/// `architecture "amd64", variant "", OS "linux"`: containers/image, quoted since 5.30.
fn wanted_by_parts(rest: &str, details: &mut Details) {
    let value = |rest: &str| {
        let rest = rest.trim_start_matches('"');
        let end = rest.find(['"', ',', ' ', ';', '\n']).unwrap_or(rest.len());
        redact::line(&rest[..end], 40)
    };
    let after = |name: &str| {
        let near = &rest[..rest.floor_char_boundary(120)];
        near.find(name).map(|at| value(&rest[at + name.len()..])).filter(|value| !value.is_empty())
    };
    let os = after("OS ").unwrap_or_else(|| "linux".to_owned());
    let mut wanted = format!("{os}/{}", value(rest));
    if let Some(variant) = after("variant ") {
        wanted.push('/');
        wanted.push_str(&variant);
    }
    details.platforms.get_or_insert_with(Platforms::default).wanted = Some(wanted);
}

/// `current time <t> is after <t>`, or `is before`: Go's crypto/x509 from 1.15.
fn validity(rest: &str, certificate: &mut Certificate) {
    let clock = word(rest);
    certificate.clock = Some(redact::line(clock, 40));
    let rest = &rest[clock.len()..];
    if let Some(end) = rest.strip_prefix(" is after ") {
        certificate.not_after = Some(redact::line(word(end), 40));
    } else if let Some(start) = rest.strip_prefix(" is before ") {
        certificate.not_before = Some(redact::line(word(start), 40));
    }
}

/// The HTTP status that the error states.
fn status(part: &str, verdict: &Verdict) -> Option<u16> {
    // Where the connection failed, a status belongs to an earlier or later request.
    let nobody_answered =
        verdict.cause.group == Group::Network && verdict.cause != &cause::PROXY_ERROR;
    if nobody_answered || matches!(verdict.cause.group, Group::NoCause | Group::Name) {
        return None;
    }
    work::count(part.len());
    let bytes = part.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut found = None;
    for at in memchr::memchr2_iter(b'4', b'5', bytes) {
        let lone = digit(at + 1)
            && digit(at + 2)
            && bytes.get(at + 3).is_none_or(|byte| {
                matches!(byte, b' ' | b':' | b',' | b')' | b'\n' | b'"' | b'.' | b';' | b']')
            });
        if lone && announces_status(&bytes[..at]) {
            found = part[at..at + 3].parse().ok();
        }
    }
    found
}

/// Whether what stands before a number makes it an HTTP status.
fn announces_status(before: &[u8]) -> bool {
    const WORDS: [&[u8]; 8] = [
        b"]: ",
        b": ",
        b"status code ",
        b"registry ",
        b"http ",
        b"http code ",
        b"code=",
        b"status ",
    ];
    // All of them end so; digests have many digits, and none behind these.
    if !matches!(before.last(), Some(b' ' | b'=')) {
        return false;
    }
    let tail = &before[before.len().saturating_sub(24)..];
    let tail = tail.to_ascii_lowercase();
    // `:404` is a tag and `:443` a port: a status stands after a space.
    tail.last() != Some(&b':') && WORDS.iter().any(|word| tail.ends_with(word))
}

fn narrow(range: &mut VersionRange, from: Version, to: Version) {
    if from != (0, 0) {
        range.from = range.from.max(Some(from));
    }
    if to != (0, 0) {
        range.to = Some(range.to.map_or(to, |known| known.min(to)));
    }
}

fn runtime_is(details: &mut Details, runtime: Runtime, from: Version, to: Version) {
    let hint =
        details.runtime.get_or_insert(RuntimeHint { runtime, versions: VersionRange::default() });
    if hint.runtime == runtime {
        narrow(&mut hint.versions, from, to);
    } else if runtime == Runtime::Docker {
        // Docker with containerd's image store repeats containerd's words.
        *hint = RuntimeHint { runtime, versions: VersionRange::default() };
    }
}

/// What the kubelet's own frame shows of its version.
///
/// From 1.28 the kubelet removes the gRPC frame when its code is Unknown
/// (k8s.io/cri-client/pkg/remote_image.go); from 1.32 the waiting message of a back-off repeats the
/// error (kubelet `images/image_manager.go`).
fn kubelet_by_frame(text: &str) -> Option<VersionRange> {
    let text = text.strip_prefix("(combined from similar events): ").unwrap_or(text);
    if let Some(rest) = text.strip_prefix("Back-off pulling image \"") {
        let (_, rest) = rest.split_once('"')?;
        return rest.starts_with(": ").then_some(VersionRange { from: Some((1, 32)), to: None });
    }
    let (_, rest) = text.strip_prefix("Failed to pull image \"")?.split_once('"')?;
    let rest = rest.strip_prefix(": ")?;
    if rest.starts_with("rpc error: code = Unknown desc = ") {
        return Some(VersionRange { from: None, to: Some((1, 27)) });
    }
    let bare = [
        "failed to pull and unpack",
        "initializing source",
        "unable to pull image",
        "Error response from daemon",
    ];
    bare.iter()
        .any(|start| rest.starts_with(start))
        .then_some(VersionRange { from: Some((1, 28)), to: None })
}
