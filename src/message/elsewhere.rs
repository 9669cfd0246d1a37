//! Whether a message without a word of images is about something else.
//!
//! Programs of every kind refuse, time out and run out of space in the same words as registries.
//! Such words alone, as somebody cuts them out of an event, are taken for what they say; in the
//! middle of prose about something else, or behind a URL that no registry has, they prove no pull.
//!
//! Asked only where no frame of a pull stands in the message, so its cost hardly matters.

/// How much of a message is looked at: a bound for hostile texts.
const LOOK: usize = 16 << 10;

/// What only messages about images, registries and their runtimes speak of; lower case.
const CONTEXT: [&str; 50] = [
    "proxyconnect",
    "image",
    "manifest",
    "blob",
    "layer",
    "registr",
    "/v1/_ping",
    "/v1/repositories",
    "/v1/images",
    "docker",
    "containerd",
    "crio",
    "cri-o",
    "podman",
    "buildah",
    "skopeo",
    "crictl",
    "nerdctl",
    "ctr:",
    "snapshot",
    "overlay",
    "every pull",
    "all pulls",
    "pulls fail",
    "pulling from",
    "quay",
    "gcr.io",
    "ghcr",
    ".ecr.",
    "ecr:",
    "azurecr",
    "harbor",
    "artifactory",
    "nexus",
    "repositor",
    "/token?",
    "/token\"",
    "/token:",
    "toomanyrequests",
    "insufficient_scope",
    "basic auth",
    "reference format",
    "unexpected http status",
    "digest",
    "media type",
    "response from daemon",
    // An image in other languages.
    "образ",
    "イメージ",
    "镜像",
    "이미지",
];

/// Words of errors themselves, of the lines of logs and of the tables of events; lower case.
const PLAIN: [&str; 94] = [
    "after",
    "and",
    "attempts",
    "authority",
    "broken",
    "certificate",
    "code",
    "common",
    "connect",
    "connecting",
    "connection",
    "copy",
    "curl",
    "daemon",
    "debug",
    "default",
    "denied",
    "desc",
    "dial",
    "download",
    "err",
    "erro",
    "error",
    "errors",
    "event",
    "failed",
    "failure",
    "fata",
    "fatal",
    "file",
    "for",
    "from",
    "get",
    "head",
    "http",
    "https",
    "info",
    "initializing",
    "internal",
    "invalid",
    "kubelet",
    "level",
    "local",
    "lookup",
    "mkdir",
    "msg",
    "name",
    "net",
    "node",
    "not",
    "occurred",
    "open",
    "over",
    "parse",
    "patch",
    "peer",
    "post",
    "problem",
    "put",
    "read",
    "reason",
    "receive",
    "received",
    "remote",
    "rename",
    "request",
    "response",
    "retrying",
    "returned",
    "routines",
    "rpc",
    "server",
    "source",
    "ssl",
    "status",
    "stderr",
    "stream",
    "sync",
    "tcp",
    "the",
    "time",
    "tls",
    "transport",
    "udp",
    "unable",
    "unauthorized",
    "unavailable",
    "unknown",
    "url",
    "verify",
    "warn",
    "warning",
    "was",
    "write",
];

/// How many other words make prose.
const PROSE: usize = 2;

/// Whether the words that were found from `at` on stand in a message about something else.
pub(super) fn tells(text: &str, at: usize, is_status: bool) -> bool {
    let end = text.floor_char_boundary(LOOK);
    let lower = text[..end].to_ascii_lowercase();
    if CONTEXT.iter().any(|word| lower.contains(word)) || asks_api(&lower, true) {
        return false;
    }
    // The words' own sentence does not count, only what was put in front of it.
    let before = &lower[..lower.floor_char_boundary(at)];
    let before = &before[..before.rfind(": ").max(before.rfind('\n')).unwrap_or(0)];
    // A bare status may be any server's: one that is named and no registry is another.
    (is_status && lower.contains("://")) || asks_elsewhere(&lower) || prose(before)
}

/// What a message speaks of that is about registries and their images; lower case.
const OF_REGISTRIES: [&str; 11] = [
    "container registry",
    "docker registry",
    "image layer",
    "image manifest",
    "image registry",
    "manifest list",
    "private registry",
    "pull manifest",
    "registry endpoint",
    "registry mirror",
    "v2 registry",
];

/// Whether something went wrong with a registry, or with a question that only registries are asked.
pub(super) fn asks_registry(text: &str) -> bool {
    let lower = text[..text.floor_char_boundary(LOOK)].to_ascii_lowercase();
    let of_registries = || OF_REGISTRIES.iter().any(|words| lower.contains(words));
    fails(&lower) && (asks_api(&lower, false) || of_registries())
}

/// Whether this is a log's line for information, and no word says that something went wrong.
pub(super) fn informs(text: &str) -> bool {
    let lower = text[..text.floor_char_boundary(LOOK)].to_ascii_lowercase();
    ["level=info", "level=debug"].iter().any(|level| lower.contains(level)) && !fails(&lower)
}

fn fails(lower: &str) -> bool {
    FAILED.iter().any(|word| lower.contains(word))
}

/// What says that something went wrong; lower case.
const FAILED: [&str; 10] = [
    "error",
    "err=",
    "fail",
    "unable",
    "could not",
    "cannot",
    "can't",
    "invalid",
    "unexpected",
    "unauthorized",
];

/// Whether a URL of the registries' interface stands there; the ping's alone only where asked.
fn asks_api(lower: &str, ping: bool) -> bool {
    lower.match_indices("/v2/").any(|(at, _)| {
        let path = lower[at + 3..].split([' ', '"', '\'', '\n', '\\', '?']).next().unwrap_or("");
        (ping && matches!(path, "/" | "/:" | "/."))
            || ["/manifests/", "/blobs/", "/tags/list", "/_catalog", "/token"]
                .iter()
                .any(|part| path.contains(part))
    })
}

/// Whether something was asked at a URL: no registry's, since those have words of their own.
fn asks_elsewhere(lower: &str) -> bool {
    lower.match_indices("://").any(|(at, _)| {
        let scheme = lower[..at].trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let before = scheme.trim_end_matches('"');
        let path = lower[at + 3..].find(['/', ' ', '"', '\n', '?']);
        // A host alone may be anybody's.
        let has_path = path.is_some_and(|end| lower[at + 3 + end..].starts_with(['/', '?']));
        ["get ", "head ", "post ", "put ", "patch ", "delete "]
            .iter()
            .any(|verb| before.ends_with(verb))
            && (has_path || prose(before))
    })
}

/// What Go's errors name a host or a path behind; lower case.
const OPERATIONS: [&str; 10] =
    ["lookup", "mkdir", "on", "open", "read", "rename", "stat", "sync", "tcp", "write"];

/// Whether there are words that no error has. What an operation was about counts for none, nor does
/// an image, a digest, a tag of a page or the class of an error; a service of the cluster is no registry.
fn prose(lower: &str) -> bool {
    let mut before = "";
    lower
        .split_whitespace()
        .filter(|word| {
            let operation = std::mem::replace(&mut before, word);
            let is_name = word.contains(['.', '/']) && !word.contains(".svc");
            let is_tag = word.starts_with('<');
            // The short digest of a layer.
            let is_id = word.trim_end_matches(':').len() >= 12
                && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
            let is_class = is_name && word.ends_with("error:");
            let is_asked = is_name && OPERATIONS.contains(&operation);
            !(is_tag || is_id || is_class || is_asked || is_image(word))
        })
        .flat_map(|word| word.split(|c: char| !c.is_alphabetic()))
        .filter(|word| word.len() > 2 && PLAIN.binary_search(word).is_err())
        .nth(PROSE - 1)
        .is_some()
}

/// Whether this is an image's full name, with a tag or a digest.
fn is_image(word: &str) -> bool {
    word.split_once('/').is_some_and(|(host, path)| {
        let path = path.trim_end_matches(':');
        host.contains('.') && !host.ends_with(':') && path.contains([':', '@'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_sorted() {
        assert!(PLAIN.is_sorted());
    }

    #[test]
    fn errors_alone_tell_nothing() {
        for text in [
            "dial tcp 10.0.0.1:5000: connect: connection refused",
            "time=\"2018-09-03T08:04:18\" level=error msg=\"Download failed, retrying: unexpected EOF\"",
            "Get \"https://reg.example.com/v2/\": EOF",
            "unauthorized: HTTP Basic: Access denied",
            "lookup reg.example.com on 10.0.0.10:53: no such host",
            "write /var/tmp/storage178/2: no space left on device",
            "open.lab:5014/shop/web:v1.2.4: not found",
        ] {
            assert!(!tells(text, text.rfind(": ").unwrap() + 2, false), "{text}");
        }
    }

    #[test]
    fn prose_and_foreign_urls_tell() {
        for text in [
            "could not reach the database at db.local: dial tcp: connection refused",
            "Get \"https://10.0.0.1/healthz\": EOF",
            "Post \"https://api.example.com/hook?x=1\": context deadline exceeded",
            "dial tcp: lookup postgres.default.svc.cluster.local on 10.96.0.10:53: no such host",
        ] {
            assert!(tells(text, text.rfind(": ").unwrap() + 2, false), "{text}");
        }
    }
}
