//! The kubelet's keyring, case by case, and against what a real kubelet did.
//!
//! The table follows Kubernetes v1.36, `pkg/credentialprovider`: what is tried, in which order, and
//! in which words a secret is refused. `fixtures/cluster/access` was recorded from a kubelet 1.36.2.

#[path = "keyring/judgement.rs"]
mod judgement;
#[path = "keyring/printing.rs"]
mod printing;
#[path = "keyring/properties.rs"]
mod properties;
#[path = "keyring/support.rs"]
pub mod support;

use pulldoctor::credentials::{Keyring, PullSecret, TYPE_DOCKERCFG, TYPE_DOCKERCONFIGJSON};
use support::{b64, image, name, secret, secret_of};

/// The users of the credentials that are tried for an image, or the kubelet's words.
fn tried(secrets: &[PullSecret], written: &str) -> Result<Vec<String>, String> {
    let secrets: Vec<&PullSecret> = secrets.iter().collect();
    let keyring = Keyring::replay(&secrets).map_err(|unreadable| unreadable.why)?;
    let matches = keyring.lookup(&image(written));
    Ok(matches.iter().map(|found| found.user.to_string()).collect())
}

/// The payload with one entry a key, each with the user `u<n>` by its place.
fn auths(keys: &[&str]) -> String {
    let entries: Vec<String> = keys
        .iter()
        .enumerate()
        .map(|(n, key)| format!("{}:{{\"auth\":\"{}\"}}", quoted(key), b64(&format!("u{n}:p"))))
        .collect();
    format!("{{\"auths\":{{{}}}}}", entries.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Keys, an image, and which of the keys are tried, by their places and in order.
#[rustfmt::skip]
const KEYS: &[(&[&str], &str, &[usize])] = &[
    // Plain hosts.
    (&["reg.io"], "reg.io/a/b:1", &[0]),
    (&["reg.io"], "reg.io/a", &[0]),
    (&["reg.io"], "other.io/a", &[]),
    (&["reg.io"], "sub.reg.io/a", &[]),
    (&["sub.reg.io"], "reg.io/a", &[]),
    (&["REG.io"], "reg.io/a", &[]),
    (&["localhost"], "localhost/a", &[0]),
    (&["Foo"], "Foo/a", &[0]),
    (&[""], "reg.io/a", &[]),
    // Schemes and the API's paths.
    (&["https://reg.io"], "reg.io/a", &[0]),
    (&["http://reg.io/"], "reg.io/a", &[0]),
    (&["https://reg.io/v1/"], "reg.io/a", &[0]),
    (&["https://reg.io/v2/"], "reg.io/a", &[0]),
    (&["reg.io/v2/team"], "reg.io/team/a", &[0]),
    (&["reg.io/v2/team"], "reg.io/a", &[]),
    (&["https://reg.io/v1"], "reg.io/a", &[]),
    (&["https://reg.io/v2"], "reg.io/a", &[]),
    (&["https://reg.io/v2"], "reg.io/v2-tools/a", &[0]),
    (&["https://reg.io/v3/"], "reg.io/a", &[]),
    (&["https://reg.io/api/v2/"], "reg.io/a", &[]),
    (&["HTTPS://reg.io"], "reg.io/a", &[]),
    (&["oci://reg.io"], "reg.io/a", &[]),
    // Ports are compared as text.
    (&["reg.io:443"], "reg.io/a", &[]),
    (&["reg.io"], "reg.io:443/a", &[]),
    (&["reg.io:5000"], "reg.io:5000/a", &[0]),
    (&["reg.io:05000"], "reg.io:5000/a", &[]),
    (&["reg.io:"], "reg.io/a", &[0]),
    (&["reg.io:*"], "reg.io:5000/a", &[]),
    (&["reg.io:port"], "reg.io/a", &[]),
    (&["[::1]:5000"], "[::1]:5000/a", &[0]),
    (&["[::1]"], "[::1]/a", &[]),
    (&["[::A]"], "A/x", &[0]),
    (&["10.0.0.1:5000"], "10.0.0.1:5000/a", &[0]),
    // Stars stand for one label, or a part of one.
    (&["*.reg.io"], "a.reg.io/x", &[0]),
    (&["*.reg.io"], "reg.io/x", &[]),
    (&["*.reg.io"], "a.b.reg.io/x", &[]),
    (&["*.*.reg.io"], "a.b.reg.io/x", &[0]),
    (&["*"], "reg.io/x", &[]),
    (&["*.*"], "reg.io/x", &[0]),
    (&["r*g.io"], "reg.io/x", &[0]),
    (&["pre*-*fix.io"], "prelim-suffix.io/x", &[0]),
    (&["a*a.io"], "a.io/x", &[]),
    (&["*.dkr.ecr.*.amazonaws.com"], "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x", &[0]),
    (&["*.reg.io:5000"], "a.reg.io:5000/x", &[0]),
    (&["*.reg.io/team"], "a.reg.io/team/x", &[0]),
    // Go's URL parser ends at a question mark, and refuses brackets since 1.25.8 and 1.26.1.
    (&["re?.io"], "reg.io/x", &[]),
    (&["reg.io?x"], "reg.io/x", &[0]),
    (&["re[a-g].io"], "reg.io/x", &[]),
    // Paths are plain prefixes, without wildcards.
    (&["reg.io/team"], "reg.io/team/app", &[0]),
    (&["reg.io/team"], "reg.io/team-x/app", &[0]),
    (&["reg.io/team/"], "reg.io/team/app", &[0]),
    (&["reg.io/team/"], "reg.io/team", &[]),
    (&["reg.io/team/app"], "reg.io/team/app:1", &[0]),
    (&["reg.io/team/app:1"], "reg.io/team/app:1", &[]),
    (&["reg.io/Team"], "reg.io/team/app", &[]),
    (&["reg.io/*"], "reg.io/team/app", &[]),
    (&["reg.io/te%61m"], "reg.io/team/app", &[0]),
    (&["reg.io//team"], "reg.io/team/app", &[]),
    // Docker Hub.
    (&["https://index.docker.io/v1/"], "nginx", &[0]),
    (&["https://index.docker.io/v1/"], "index.docker.io/acme/app", &[0]),
    (&["index.docker.io"], "acme/app", &[0]),
    (&["docker.io"], "acme/app", &[0]),
    (&["https://docker.io/v1/"], "acme/app", &[0]),
    (&["https://index.docker.io/v1"], "acme/app", &[]),
    (&["https://index.docker.io/acme"], "acme/app", &[]),
    (&["index.docker.io:443"], "acme/app", &[]),
    (&["docker.io/acme"], "acme/app", &[0]),
    (&["docker.io/library"], "nginx", &[0]),
    (&["docker.io/nginx"], "nginx", &[]),
    (&["registry-1.docker.io"], "acme/app", &[]),
    (&["hub.docker.com"], "acme/app", &[]),
    (&["registry.hub.docker.com"], "acme/app", &[]),
    (&["*.docker.io"], "acme/app", &[]),
    (&["index.docker.io", "docker.io"], "acme/app", &[1]),
    (&["index.docker.io", "docker.io/other"], "acme/app", &[0]),
    // A host with neither dot nor port is the default registry to the kubelet, too.
    (&["https://index.docker.io/v1/"], "localhost/app", &[0]),
    (&["https://index.docker.io/v1/"], "localhost:5000/app", &[]),
    // White space and control characters.
    (&["reg.io "], "reg.io/a", &[]),
    (&[" reg.io"], "reg.io/a", &[]),
    (&["reg.io\n"], "reg.io/a", &[]),
    (&["reg.io/ "], "reg.io/a", &[]),
    // User information goes.
    (&["user:pass@reg.io"], "reg.io/a", &[0]),
    // Reverse byte order of the normalised keys, all matches in turn.
    (&["reg.io", "reg.io/team", "reg.io/team/app"], "reg.io/team/app", &[2, 1, 0]),
    (&["*.io", "reg.io", "r*.io"], "reg.io/a", &[1, 2, 0]),
    (&["a.*", "*.io"], "a.io/x", &[0, 1]),
    (&["https://reg.io", "reg.io/b"], "reg.io/b", &[1, 0]),
];

#[test]
fn keys_match_as_in_the_kubelet() {
    assert!(KEYS.len() >= 60);
    for (keys, written, expected) in KEYS {
        let found = tried(&[secret("s", &auths(keys))], written);
        let expected = expected.iter().map(|n| format!("u{n}")).collect();
        assert_eq!(found, Ok(expected), "{keys:?} for {written}");
    }
}

/// An entry for reg.io, and what is sent for an image there: `Ok(user)`, or the kubelet's words.
#[test]
fn entries_decode_as_in_the_kubelet() {
    let colon = "unable to parse auth field, must be formatted as base64(username:password)";
    #[rustfmt::skip]
    let cases: &[(&str, Result<&str, &str>)] = &[
        (r#"{"username":"bob","password":"p"}"#, Ok("bob")),
        (r#"{"Username":"bob","PASSWORD":"p"}"#, Ok("bob")),
        (r#"{"username":"bob","password":"p","auth":""}"#, Ok("bob")),
        (r#"{"username":"bob","password":"p","auth":null}"#, Ok("bob")),
        (r#"{"username":"bob","auth":"YWxpY2U6d29uZGVy"}"#, Ok("alice")),
        (r#"{"auth":"YWxpY2U6d29uZGVyMQ=="}"#, Ok("alice")),
        (r#"{"auth":"YWxpY2U6d29uZGVyMQ"}"#, Ok("alice")),
        (r#"{"auth":"YWxpY2U6d29uZGVyMQ==\n"}"#, Ok("alice")),
        (r#"{"auth":"YWxp\nY2U6d29uZGVyMQ=="}"#, Ok("alice")),
        (r#"{"auth":"YWxpY2U6"}"#, Ok("alice")),
        (r#"{"auth":"YTpiOmM="}"#, Ok("a")),
        (r#"{"auth":"OnBhc3M="}"#, Ok("")),
        (r#"{"auth":"YWxpY2U6d29uZGVyAAA="}"#, Ok("alice")),
        (r#"{"auth":"YWxpY2U6d29uZGVy ","username":"bob"}"#, Err("illegal base64 data at input byte 16")),
        (r#"{"auth":" YWxpY2U6"}"#, Err("illegal base64 data at input byte 0")),
        (r#"{"auth":"YWxpY2U6d29uZGVyMQ="}"#, Err("illegal base64 data at input byte 19")),
        (r#"{"auth":"not base64"}"#, Err("illegal base64 data at input byte 3")),
        (r#"{"auth":"YWxp-2U_"}"#, Err("illegal base64 data at input byte 4")),
        (r#"{"auth":"YWxpY2U="}"#, Err(colon)),
        (r#"{"auth":"="}"#, Err("illegal base64 data at input byte 0")),
        (r#"{"auth":"\n"}"#, Err(colon)),
        (r"{}", Ok("")),
        ("null", Ok("")),
        (r#"{"identitytoken":"t"}"#, Ok("")),
        (r#"{"registrytoken":"t"}"#, Ok("")),
        (r#"{"email":"a@b.c"}"#, Ok("")),
        (r#"{"username":"bob","unknown":{"a":[1]}}"#, Ok("bob")),
        (r#""text""#, Err("json: cannot unmarshal string into Go struct field DockerConfigJSON.auths of type credentialprovider.dockerConfigEntryWithAuth")),
        ("[]", Err("json: cannot unmarshal array into Go struct field DockerConfigJSON.auths of type credentialprovider.dockerConfigEntryWithAuth")),
        (r#"{"username":1}"#, Err("json: cannot unmarshal number into Go struct field DockerConfigJSON.auths.username of type string")),
        (r#"{"password":true}"#, Err("json: cannot unmarshal bool into Go struct field DockerConfigJSON.auths.password of type string")),
        (r#"{"email":{}}"#, Err("json: cannot unmarshal object into Go struct field DockerConfigJSON.auths.email of type string")),
        (r#"{"auth":[],"username":1}"#, Err("json: cannot unmarshal array into Go struct field DockerConfigJSON.auths.auth of type string")),
    ];
    for (entry, expected) in cases {
        let payload = format!("{{\"auths\":{{\"reg.io\":{entry}}}}}");
        let found = tried(&[secret("s", &payload)], "reg.io/a");
        let expected = match expected {
            Ok(user) => Ok(vec![(*user).to_owned()]),
            Err(why) => Err((*why).to_owned()),
        };
        assert_eq!(found, expected, "{entry}");
    }
}

/// Whole payloads for an image of reg.io: how many credentials are sent, or the kubelet's words.
#[test]
fn payloads_decode_as_in_the_kubelet() {
    #[rustfmt::skip]
    let cases: &[(&str, Result<usize, &str>)] = &[
        ("{}", Ok(0)),
        ("null", Ok(0)),
        (r#"{"auths":{}}"#, Ok(0)),
        (r#"{"auths":null}"#, Ok(0)),
        (r#"{"auths":{},"credsStore":"desktop"}"#, Ok(0)),
        (r#"{"credHelpers":{"reg.io":"ecr-login"}}"#, Ok(0)),
        (r#"{"reg.io":{"auth":"YTpi"}}"#, Ok(0)),
        (r#"{"AUTHS":{"reg.io":{"auth":"YTpi"}}}"#, Ok(1)),
        (r#"{"auth\u017f":{"reg.io":{"auth":"YTpi"}}}"#, Ok(1)),
        (r#"{"auths":{"reg.io":{"auth":"YTpi"}},"auths":{"b.io":{}}}"#, Ok(1)),
        (r#"{"auths":{"reg.io":{"auth":"YTpi"}},"auths":null}"#, Ok(0)),
        (r#"{"auths":{"reg.io":{"auth":"YTpi"},"https://reg.io":{"auth":"YTpi"}}}"#, Ok(2)),
        (r#"{"auths":{"reg.io":{"auth":"YTpi"},"reg.io":{}}}"#, Ok(1)),
        (r#"{"auths":{"reg.io":{"auth":"YTpi"}},"HttpHeaders":{"a":"b","c":null}}"#, Ok(1)),
        (r#"{"auths":{"reg.io":{"auth":"YTpi"},"b.io":{"auth":"?"}}}"#, Err("illegal base64 data at input byte 0")),
        (r#"{"auths":[]}"#, Err("json: cannot unmarshal array into Go struct field DockerConfigJSON.auths of type credentialprovider.DockerConfig")),
        (r#"{"auths":"e30="}"#, Err("json: cannot unmarshal string into Go struct field DockerConfigJSON.auths of type credentialprovider.DockerConfig")),
        (r#"{"HttpHeaders":{"a":1}}"#, Err("json: cannot unmarshal number into Go struct field DockerConfigJSON.HttpHeaders of type string")),
        (r#"{"HttpHeaders":[]}"#, Err("json: cannot unmarshal array into Go struct field DockerConfigJSON.HttpHeaders of type map[string]string")),
        (r#"{"HttpHeaders":1,"auths":{"a":{"auth":"YQ"}}}"#, Err("unable to parse auth field, must be formatted as base64(username:password)")),
        ("[]", Err("json: cannot unmarshal array into Go value of type credentialprovider.DockerConfigJSON")),
        ("auths: {}", Err("invalid character 'a' looking for beginning of value")),
        (r#"{"auths":{}"#, Err("unexpected end of JSON input")),
    ];
    for (payload, expected) in cases {
        let found = tried(&[secret("s", payload)], "reg.io/a").map(|users| users.len());
        assert_eq!(found, expected.map_err(str::to_owned), "{payload}");
    }
}

#[test]
fn the_older_form_is_a_bare_map() {
    let older = |payload| secret_of("s", TYPE_DOCKERCFG, &[(".dockercfg", payload)]);
    let entry = r#"{"reg.io":{"auth":"YTpi"}}"#;
    assert_eq!(tried(&[older(entry)], "reg.io/a"), Ok(vec!["a".to_owned()]));
    for (payload, why) in [
        (r#"{"auths":{"reg.io":{"auth":"YTpi"}}}"#, None),
        (
            r#"{"auths":"x"}"#,
            Some(
                "json: cannot unmarshal string into Go value of type credentialprovider.dockerConfigEntryWithAuth",
            ),
        ),
        (
            r#"{"reg.io":{"auth":1}}"#,
            Some(
                "json: cannot unmarshal number into Go struct field dockerConfigEntryWithAuth.auth of type string",
            ),
        ),
        (
            "[]",
            Some(
                "json: cannot unmarshal array into Go value of type credentialprovider.DockerConfig",
            ),
        ),
    ] {
        let expected = why.map_or(Ok(Vec::new()), |why: &str| Err(why.to_owned()));
        assert_eq!(tried(&[older(payload)], "reg.io/a"), expected, "{payload}");
    }
}

#[test]
fn types_and_keys_must_go_together() {
    let new = auths(&["reg.io"]);
    let old = r#"{"reg.io":{"auth":"YTpi"}}"#;
    for (kind, key, payload) in [
        ("Opaque", ".dockerconfigjson", new.as_str()),
        ("", ".dockerconfigjson", &new),
        ("kubernetes.io/DockerConfigJson", ".dockerconfigjson", &new),
        (TYPE_DOCKERCONFIGJSON, ".dockercfg", old),
        (TYPE_DOCKERCONFIGJSON, "dockerconfigjson", &new),
        (TYPE_DOCKERCONFIGJSON, ".dockerconfigjson", ""),
        (TYPE_DOCKERCFG, ".dockerconfigjson", &new),
        ("kubernetes.io/basic-auth", "password", "p"),
    ] {
        let secret = secret_of("s", kind, &[(key, payload)]);
        assert_eq!(tried(&[secret], "reg.io/a"), Ok(Vec::new()), "{kind} {key}");
    }
    // Unreadable, but of a type that is passed over.
    let opaque = secret_of("s", "Opaque", &[(".dockerconfigjson", "{")]);
    assert_eq!(tried(&[opaque], "reg.io/a"), Ok(Vec::new()));
}

#[test]
fn secrets_are_tried_in_the_order_of_the_pod_within_a_key() {
    let one = |name, user, key: &str| {
        secret(name, &format!("{{\"auths\":{{\"{key}\":{{\"username\":\"{user}\"}}}}}}"))
    };
    let (first, second) = (one("a", "first", "reg.io"), one("b", "second", "https://reg.io/v2/"));
    let longer = one("c", "longer", "reg.io/team");
    let users = |secrets: &[PullSecret]| tried(secrets, "reg.io/team/app").unwrap();
    assert_eq!(users(&[first.clone(), second.clone()]), ["first", "second"]);
    assert_eq!(users(&[second.clone(), first.clone()]), ["second", "first"]);
    assert_eq!(users(&[first, second, longer]), ["longer", "first", "second"]);
}

#[test]
fn docker_hubs_index_yields_to_any_other_match() {
    let index = secret("a", &auths(&["https://index.docker.io/v1/"]));
    let direct = secret("b", r#"{"auths":{"docker.io":{"username":"direct"}}}"#);
    assert_eq!(tried(&[index, direct], "acme/app"), Ok(vec!["direct".to_owned()]));
}

#[test]
fn one_unreadable_secret_fails_all_and_is_named() {
    let good = secret("good", &auths(&["reg.io"]));
    let bad = secret("bad", r#"{"auths":{"else.io":{"auth":"YQ=="}}}"#);
    let worse = secret("worse", "{");
    let unreadable = Keyring::replay(&[&good, &bad, &worse]).unwrap_err();
    assert_eq!(unreadable.secret, name("bad"));
    assert!(unreadable.why.starts_with("unable to parse auth field"), "{unreadable}");
}

#[test]
fn the_last_of_two_entries_under_one_key_counts() {
    let twice = r#"{"auths":{"reg.io":{"auth":"YTpi"},"reg.io":{"auth":"Yzpk"}}}"#;
    assert_eq!(tried(&[secret("s", twice)], "reg.io/a"), Ok(vec!["c".to_owned()]));
}

#[test]
fn an_empty_entry_is_sent_and_says_so() {
    let empty = secret("s", r#"{"auths":{"reg.io":{}}}"#);
    let found = Keyring::replay(&[&empty]).unwrap().lookup(&image("reg.io/a"));
    assert_eq!(found.len(), 1);
    assert!(found[0].is_empty);
}

#[test]
fn the_recorded_kubelet_did_the_same() {
    let access = support::recorded("access");
    // What the keyring sent, by what the registries then said: alice's password is known to them.
    #[rustfmt::skip]
    let expected: &[(&str, Result<&[&str], &str>)] = &[
        ("basic-no-secret", Ok(&[])),
        ("key-glob", Ok(&["alice"])),
        ("key-host-no-port", Ok(&[])),
        ("key-path-team", Ok(&["alice"])),
        ("no-secret-anywhere", Ok(&[])),
        ("secret-auth-nocolon", Err("unable to parse auth field, must be formatted as base64(username:password)")),
        ("secret-bad-password", Ok(&["alice"])),
        ("secret-creds-store", Ok(&[])),
        ("secret-expired-jwt", Ok(&["00000000-0000-0000-0000-000000000000"])),
        ("secret-legacy-dockercfg", Ok(&["alice"])),
        ("secret-missing", Ok(&[])),
        ("secret-opaque", Ok(&[])),
        ("secret-other-registry", Ok(&[])),
        ("two-secrets-second-good", Ok(&["alice", "alice"])),
    ];
    assert_eq!(access.pods.len(), expected.len());
    for (pod, expected) in expected {
        let (written, references) = &access.pods[*pod];
        let secrets: Vec<PullSecret> = references
            .iter()
            .filter_map(|name| access.secrets.iter().find(|secret| secret.name.name == *name))
            .cloned()
            .collect();
        let found = tried(&secrets, written);
        let expected = match expected {
            Ok(users) => Ok(users.iter().map(|user| (*user).to_owned()).collect()),
            Err(why) => Err((*why).to_owned()),
        };
        assert_eq!(found, expected, "{pod}");
        // The kubelet printed the same words into the pod's status.
        if let Err(why) = &found {
            assert!(access.waiting[*pod].contains(why.as_str()), "{pod}: {}", access.waiting[*pod]);
        }
        // A pod that runs got its image with a credential, for these registries are private.
        if access.running.contains(*pod) {
            assert!(!found.unwrap().is_empty(), "{pod}");
        }
    }
}
