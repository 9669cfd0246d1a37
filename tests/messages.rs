//! Messages come out as their causes: field messages, wordings from the sources, the events of a
//! recorded cluster, and what nobody would write.
//!
//! A label that is wrong by the sources is not bent to: it stands in [`DISPUTED`] with the reason,
//! and an entry there that comes out as labelled fails as well.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use pulldoctor::cause;
use pulldoctor::message::{self, HostRole, Runtime};

/// Messages of the corpus whose label the words do not prove, by id, each with the reason.
const DISPUTED: [(&str, &str); 0] = [];

#[derive(serde::Deserialize)]
struct Line {
    #[serde(default)]
    id: String,
    message: String,
    cause: String,
    #[serde(default)]
    accept: Vec<String>,
}

fn lines(name: &str) -> Vec<Line> {
    let path = format!("{}/fixtures/messages/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn field_messages() {
    let mut wrong = String::new();
    for line in lines("corpus.jsonl") {
        let got = message::read(&line.message).cause.code;
        let right = got == line.cause || line.accept.iter().any(|code| code == got);
        let disputed = DISPUTED.iter().find(|(id, _)| *id == line.id);
        match (right, disputed) {
            (false, None) => {
                writeln!(wrong, "{}: {} came out as {got}: {}", line.id, line.cause, line.message)
                    .unwrap();
            }
            (true, Some((id, reason))) => {
                writeln!(wrong, "{id} comes out as labelled now; was: {reason}").unwrap();
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn wordings() {
    let mut wrong = String::new();
    for line in lines("wordings.jsonl") {
        let got = message::read(&line.message).cause.code;
        if got != line.cause && !line.accept.iter().any(|code| code == got) {
            writeln!(wrong, "{} came out as {got}: {}", line.cause, line.message).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// How each label of the corpus comes out, as one table: a change of one rule shows in full.
#[test]
fn confusion() {
    let mut table: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for line in lines("corpus.jsonl") {
        let got = message::read(&line.message).cause.code;
        *table.entry(line.cause).or_default().entry(got).or_default() += 1;
    }
    let mut text = String::new();
    for (label, row) in table {
        let row: Vec<_> = row.iter().map(|(got, count)| format!("{got} {count}")).collect();
        writeln!(text, "{label}: {}", row.join(", ")).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// The same error in every wrapper is the same cause.
#[test]
fn wrappers_change_nothing() {
    for line in lines("corpus.jsonl") {
        let Some(error) = line.message.strip_prefix("Failed to pull image \"") else { continue };
        let Some((image, error)) = error.split_once("\": ") else { continue };
        let wanted = message::read(&line.message).cause;
        let quoted = error.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        for text in [
            format!("(combined from similar events): {}", line.message),
            format!("Back-off pulling image \"{image}\": ErrImagePull: {error}"),
            format!(
                "E0101 00:00:00.000000    1 remote_image.go:238] \"PullImage from image service failed\" err=\"{quoted}\" image=\"{image}\""
            ),
            format!(
                "time=\"2025-01-01T00:00:00Z\" level=error msg=\"PullImage \\\"{image}\\\" failed\" error=\"{quoted}\""
            ),
            format!(
                "Error syncing pod, skipping: failed to \"StartContainer\" for \"app\" with ErrImagePull: \"{quoted}\""
            ),
            format!(
                "{{\"reason\":\"Failed\",\"message\":\"Failed to pull image \\\"{image}\\\": {quoted}\"}}"
            ),
            format!("  Warning  Failed   2m (x3 over 5m)  kubelet  {}", line.message),
            line.message.replace(": ", ":\n    "),
            line.message.replace('"', "\u{201d}"),
        ] {
            assert_eq!(message::read(&text).cause, wanted, "{text}");
        }
    }
}

/// Names, tags, hosts and paths are the user's, and prove nothing.
#[test]
fn names_prove_nothing() {
    let names = [
        "registry.io/denied/timeout:404",
        "eof.example/not-found/unauthorized:forbidden",
        "docker.io/library/toomanyrequests:eof",
        "x509.example:5000/manifest-unknown/no-space-left:429",
        "unauthorized",
        "eof",
    ];
    for name in names {
        let (repository, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
        for (wanted, text) in [
            (&cause::BACK_OFF, format!("Back-off pulling image \"{name}\"")),
            (&cause::NOT_IMAGE_PULL, format!("Pulling image \"{name}\"")),
            (
                &cause::NOT_IMAGE_PULL,
                format!(
                    "Successfully pulled image \"{name}\" in 1s (1s including waiting). Image size: 5 bytes."
                ),
            ),
            (
                &cause::NEVER_PULL,
                format!("Container image \"{name}\" is not present with pull policy of Never"),
            ),
            (
                &cause::MANIFEST_NOT_FOUND,
                format!(
                    "rpc error: code = NotFound desc = failed to pull and unpack image \"{name}\": failed to resolve image: docker.io/{name}: not found"
                ),
            ),
            (
                &cause::MANIFEST_NOT_FOUND,
                format!(
                    "initializing source docker://{name}: reading manifest {tag} in docker.io/{repository}: manifest unknown"
                ),
            ),
            (
                &cause::CONNECTION_REFUSED,
                format!(
                    "failed to do request: Head \"https://h.io/v2/{repository}/manifests/{tag}\": dial tcp 1.2.3.4:443: connect: connection refused"
                ),
            ),
            (
                &cause::UNKNOWN,
                format!(
                    "Failed to pull image \"{name}\": rpc error: code = Unknown desc = something new"
                ),
            ),
        ] {
            assert_eq!(message::read(&text).cause, wanted, "{text}");
        }
    }
}

/// Every failing pod of the recorded cluster says what it should, and no other pod says anything.
#[test]
fn recorded_cluster() {
    let root = format!("{}/fixtures/cluster", env!("CARGO_MANIFEST_DIR"));
    let json = |path: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(format!("{root}/{path}")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let expected = json("expected.json");
    for (pod, wanted) in expected.as_object().unwrap() {
        let (namespace, name) = pod.split_once('/').unwrap();
        let mut allowed: BTreeSet<&str> =
            ["back-off", "not-image-pull", "pull-secret-missing"].into();
        let wanted: Vec<&str> = ["message", "all"]
            .iter()
            .flat_map(|key| match &wanted[key] {
                serde_json::Value::String(code) => vec![code.as_str()],
                serde_json::Value::Array(codes) => {
                    codes.iter().filter_map(|c| c.as_str()).collect()
                }
                _ => Vec::new(),
            })
            .collect();
        allowed.extend(&wanted);
        let mut seen = BTreeSet::new();
        for event in json(&format!("{namespace}/events.json"))["items"].as_array().unwrap() {
            if event["involvedObject"]["name"] != name {
                continue;
            }
            let text = event["message"].as_str().unwrap();
            let code = message::read(text).cause.code;
            assert!(allowed.contains(code), "{pod}: {code}: {text}");
            seen.insert(code);
        }
        assert!(
            wanted.is_empty() || wanted.iter().any(|code| seen.contains(code)),
            "{pod}: {seen:?}"
        );
    }
}

#[test]
fn several_credentials() {
    let text = "Failed to pull image \"a.io/b:1\": [rpc error: code = NotFound desc = failed to pull and unpack image \"a.io/b:1\": failed to resolve image: a.io/b:1: not found, failed to pull and unpack image \"a.io/b:1\": failed to resolve image: failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://a.io/token: 403 Forbidden]";
    let reading = message::read(text);
    assert_eq!(reading.cause, &cause::MANIFEST_NOT_FOUND);
    assert_eq!(reading.also_named, [&cause::FORBIDDEN]);

    let text = "Failed to pull image \"a.azurecr.io/b:1\": [rpc error: code = Unknown desc = failed to pull and unpack image \"a.azurecr.io/b:1\": failed to resolve reference \"a.azurecr.io/b:1\": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://a.azurecr.io/oauth2/token: 401 Unauthorized, rpc error: code = Unknown desc = failed to pull and unpack image \"a.azurecr.io/b:1\": failed to resolve reference \"a.azurecr.io/b:1\": failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://a.azurecr.io/oauth2/token: 401 Unauthorized]";
    let reading = message::read(text);
    assert_eq!(reading.cause, &cause::BAD_CREDENTIALS);
    assert_eq!(reading.also_named, [&cause::UNAUTHORIZED]);
    assert_eq!(reading.details.credential_sent, Some(true));
}

/// Who reads `credential_sent` relies on it: it is said only where the words prove it.
#[test]
fn credentials_that_were_sent() {
    let oauth = "Failed to pull image \"r.io/a:1\": failed to pull and unpack image \"r.io/a:1\": failed to resolve image: failed to authorize: failed to fetch oauth token: ";
    for (text, sent) in [
        (format!("{oauth}unexpected status from GET request to https://r.io/token: 403 Forbidden"), Some(true)),
        (format!("{oauth}Post \"https://r.io/token\": dial tcp 10.0.0.1:443: connect: connection refused"), None),
        (format!("{oauth}Post \"https://r.io/token\": x509: certificate signed by unknown authority"), None),
        (oauth.replace("oauth", "anonymous") + "unexpected status: 401 Unauthorized", Some(false)),
        ("Head \"https://r.io/v2/a/manifests/1\": no basic auth credentials".to_owned(), Some(false)),
        ("failed to pull image \"r.io/a:1\": unexpected status: 401 Unauthorized".to_owned(), None),
        ("reading manifest 1 in r.io/a: unable to retrieve auth token: invalid username/password: unauthorized: authentication required".to_owned(), None),
        ("ecr-credential-provider: User: arn:aws:sts::1:assumed-role/node is not authorized to perform: ecr:GetAuthorizationToken on resource: *".to_owned(), None),
        ("denied: requested access to the resource is denied".to_owned(), None),
    ] {
        assert_eq!(message::read(&text).details.credential_sent, sent, "{text}");
    }
}

#[test]
fn mirrors_lead_to_the_upstream() {
    let text = "initializing source docker://quay.io/a/b:1: (Mirrors also failed: [mirror.lab:5000/a/b:1: pinging container registry mirror.lab:5000: Get \"https://mirror.lab:5000/v2/\": dial tcp 10.0.0.9:5000: connect: connection refused]\n[second.lab/a/b:1: reading manifest 1 in second.lab/a/b: authentication required]): quay.io/a/b:1: reading manifest 1 in quay.io/a/b: manifest unknown";
    let reading = message::read(text);
    assert_eq!(reading.cause, &cause::MANIFEST_NOT_FOUND);
    assert!(!reading.also_named.is_empty());
}

#[test]
fn details_of_a_token_server() {
    let reading = message::read(
        "Failed to pull image \"gengwg/cheers2019:latest\": failed to pull and unpack image \"docker.io/gengwg/cheers2019:latest\": failed to resolve image: failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://auth.docker.io/token?scope=repository%3Agengwg%2Fcheers2019%3Apull&service=registry.docker.io: 401 Unauthorized",
    );
    let details = &reading.details;
    assert_eq!(details.image.as_deref(), Some("gengwg/cheers2019:latest"));
    assert_eq!(details.registry.as_deref(), Some("docker.io"));
    assert_eq!(details.host.as_deref(), Some("auth.docker.io"));
    assert_eq!(details.host_role, Some(HostRole::TokenServer));
    assert_eq!(details.status, Some(401));
    assert_eq!(details.credential_sent, Some(true));
    assert_eq!(details.scope.as_deref(), Some("repository:gengwg/cheers2019:pull"));
    assert_eq!(details.kubelet.unwrap().to_string(), "1.28 or newer");
    let runtime = details.runtime.unwrap();
    assert_eq!(
        (runtime.runtime, runtime.versions.to_string().as_str()),
        (Runtime::Containerd, "2.1 or newer")
    );
    insta::assert_snapshot!(reading.summary(), @"the token server auth.docker.io answered 401: the credentials are wrong; a credential was sent");
}

#[test]
fn details_of_the_network_and_tls() {
    let reading = message::read(
        "Back-off pulling image \"reg.example.com/a:1\": ErrImagePull: failed to resolve image: failed to do request: Head \"https://reg.example.com/v2/a/manifests/1\": dial tcp: lookup reg.example.com on 10.96.0.10:53: no such host",
    );
    assert_eq!(reading.details.lookup.as_deref(), Some("reg.example.com"));
    assert_eq!(reading.details.host.as_deref(), Some("10.96.0.10:53"));
    assert_eq!(reading.details.host_role, Some(HostRole::DnsServer));
    assert_eq!(reading.details.kubelet.unwrap().from, Some((1, 32)));
    insta::assert_snapshot!(reading.summary(), @"looking up reg.example.com at the DNS server 10.96.0.10:53: the registry's name cannot be looked up");

    let reading = message::read(
        "Failed to pull image \"w.lab:5004/a:v1\": rpc error: code = Unknown desc = failed to pull and unpack image \"w.lab:5004/a:v1\": failed to do request: Head \"https://w.lab:5004/v2/a/manifests/v1\": tls: failed to verify certificate: x509: certificate is valid for other.example.com, *.x.io, not w.lab",
    );
    let certificate = reading.details.certificate.as_ref().unwrap();
    assert_eq!(certificate.names, ["other.example.com", "*.x.io"]);
    assert_eq!(certificate.wanted.as_deref(), Some("w.lab"));
    assert_eq!(reading.details.host, None);
    assert_eq!(reading.details.kubelet.unwrap().to_string(), "1.27 or older");

    let reading = message::read(
        "x509: certificate has expired or is not yet valid: current time 2026-11-23T06:19:55Z is after 2026-11-20T06:09:11Z",
    );
    let certificate = reading.details.certificate.unwrap();
    assert_eq!(certificate.clock.as_deref(), Some("2026-11-23T06:19:55Z"));
    assert_eq!(certificate.not_after.as_deref(), Some("2026-11-20T06:09:11Z"));

    let reading = message::read(
        "Failed to pull image \"nginx\": failed to do request: Head \"https://registry-1.docker.io/v2/library/nginx/manifests/latest\": proxyconnect tcp: dial tcp 10.1.1.1:3128: connect: connection refused",
    );
    assert_eq!(reading.details.host.as_deref(), Some("10.1.1.1:3128"));
    assert_eq!(reading.details.host_role, Some(HostRole::Proxy));
}

#[test]
fn details_of_answers() {
    let reading = message::read(
        "Failed to pull image \"registry.example.com/a/b:1\": failed to resolve image: unexpected status from HEAD request to https://registry.example.com/v2/a/b/manifests/1: 429 Too Many Requests",
    );
    assert_eq!(reading.details.status, Some(429));
    insta::assert_snapshot!(reading.summary(), @"registry.example.com answered 429: the registry limits the rate of pulls");

    let reading = message::read(
        "choosing an image from manifest list docker://open.lab:5014/shop/web:arm-only: no image found in image index for architecture \"arm64\", variant \"v8\", OS \"linux\"",
    );
    assert_eq!(reading.details.platforms.unwrap().wanted.as_deref(), Some("linux/arm64/v8"));

    let reading = message::read(
        "Unable to retrieve some image pull secrets (regcred, other); attempting to pull the image may not succeed.",
    );
    assert_eq!(reading.details.missing_secrets, ["regcred", "other"]);
    assert_eq!(reading.details.kubelet.unwrap().from, Some((1, 28)));

    let reading = message::read(
        "write /var/lib/containerd/io.containerd.content.v1.content/ingest/a1/data: no space left on device",
    );
    assert_eq!(
        reading.details.path.as_deref(),
        Some("/var/lib/containerd/io.containerd.content.v1.content/ingest/a1/data")
    );

    let reading = message::read(
        "denied: User: arn:aws:iam::1:user/x is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:1:repository/r",
    );
    assert_eq!(reading.details.permission.as_deref(), Some("ecr:BatchGetImage"));

    let reading = message::read(
        "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    );
    assert_eq!(reading.details.credential_sent, Some(false));
    assert!(reading.details.limit.unwrap().starts_with("You have reached"));
}

#[test]
fn details_of_platforms() {
    for (text, wanted, offered) in [
        (
            "no matching manifest for windows/amd64 10.0.17763 in the manifest list entries",
            Some("windows/amd64 10.0.17763"),
            None,
        ),
        (
            "a Windows version 10.0.20348-based image is incompatible with a 10.0.19045 host",
            Some("windows 10.0.19045"),
            Some("windows 10.0.20348"),
        ),
        (
            "image with reference docker.io/library/alpine:latest was found but does not provide the specified platform (linux/arm64)",
            Some("linux/arm64"),
            None,
        ),
        (
            "WARNING: image platform (linux/arm64) does not match the expected platform (linux/amd64)",
            Some("linux/amd64"),
            Some("linux/arm64"),
        ),
        (
            "The requested image's platform (linux/amd64) does not match the detected host platform (linux/arm64/v8)",
            Some("linux/arm64/v8"),
            Some("linux/amd64"),
        ),
        (
            "cannot download image with operating system \"windows\" when requesting \"linux\"",
            Some("linux"),
            Some("windows"),
        ),
    ] {
        let details = message::read(text).details;
        assert_eq!(details.image, None, "{text}");
        let platforms = details.platforms.expect(text);
        assert_eq!(
            (platforms.wanted.as_deref(), platforms.offered.as_deref()),
            (wanted, offered),
            "{text}"
        );
    }
}

#[test]
fn details_of_permissions_and_paths() {
    for (text, permission) in [
        (
            "denied: Permission 'storage.buckets.get' denied on resource (or it may not exist).",
            "storage.buckets.get",
        ),
        (
            "error parsing HTTP 403 response body: AccessDenied: node@acme.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object.",
            "storage.objects.get",
        ),
        ("denied: permission_denied: read_package", "read_package"),
    ] {
        assert_eq!(message::read(text).details.permission.as_deref(), Some(permission), "{text}");
    }
    let scopes = "denied: permission_denied: The token provided does not match expected scopes.";
    assert_eq!(message::read(scopes).details.permission, None);

    let full = message::read(
        "failed to extract layer sha256:aa: write C:\\ProgramData\\containerd\\root\\x: There is not enough space on the disk.",
    );
    assert_eq!(full.details.path.as_deref(), Some("C:\\ProgramData\\containerd\\root\\x"));

    // A quota of the disk is no limit of a registry, whose words would be worth repeating.
    let quota = "failed to extract layer sha256:11: write /data/x: disk quota exceeded: unknown";
    assert_eq!(message::read(quota).details.limit, None);
}

/// A registry and a status are said only where the words prove them.
#[test]
fn details_that_are_not_said() {
    let name = message::read(
        "Failed to apply default image tag \"https://reg.io/a:1\": couldn't parse image name \"https://reg.io/a:1\": invalid reference format",
    );
    assert_eq!(name.details.registry, None);
    let cut = message::read(
        "writing blob: storing blob to file \"/var/tmp/x\": happened during read: unexpected EOF (after reconnecting, fetching blob: StatusCode: 400, \"<?xml...\")",
    );
    assert_eq!((cut.cause, cut.details.status), (&cause::CONNECTION_RESET, None));
}

#[test]
fn nothing_hostile_leaves() {
    let reading = message::read(
        "Failed to pull image \"a\u{1b}]0;x\u{7}/b\u{202e}:1\": failed to do request: Get \"https://user:hunter2@h.io/v2/?X-Amz-Signature=abcdef\": EOF \u{1b}[31m",
    );
    let all = format!("{reading:?} {}", reading.summary());
    assert!(!all.contains("hunter2") && !all.contains("abcdef"), "{all}");
    let said = [reading.words.clone(), reading.summary(), reading.details.image.clone().unwrap()];
    assert!(!said.iter().any(|text| text.contains(['\u{1b}', '\u{7}', '\u{202e}'])), "{said:?}");
}

#[test]
fn bytes_need_not_be_text() {
    let reading =
        message::read_bytes(b"Failed to pull image \"\xff\xfe\": toomanyrequests: \xc3\x28");
    assert_eq!(reading.cause, &cause::RATE_LIMITED);
    // Bounds are in bytes and must not fall into a character; found by the fuzz target.
    let scope = "\u{fffd}".repeat(400);
    for shift in 0..3 {
        message::read(&format!("Get \"https://r.io/token?scope={}{scope}\": EOF", &"aaa"[..shift]));
    }
}

fn corpus_messages() -> Vec<String> {
    lines("corpus.jsonl").into_iter().map(|line| line.message).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let reading = message::read_bytes(&bytes);
        prop_assert!(reading.words.chars().count() <= 400);
        prop_assert_eq!(reading.cause, message::cause_of(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn any_splice_is_read(
        first in proptest::sample::select(corpus_messages()),
        second in proptest::sample::select(corpus_messages()),
        cut in any::<prop::sample::Index>(),
        start in any::<prop::sample::Index>(),
        between in "[\\PC\\n\"\\\\\\[\\]]{0,6}",
    ) {
        let cut = first.floor_char_boundary(cut.index(first.len() + 1));
        let start = second.floor_char_boundary(start.index(second.len() + 1));
        let text = format!("{}{between}{}", &first[..cut], &second[start..]);
        let reading = message::read(&text);
        prop_assert!(!reading.summary().is_empty());
        prop_assert!(!reading.words.chars().any(char::is_control));
        prop_assert!(!reading.also_named.contains(&reading.cause));
    }
}
