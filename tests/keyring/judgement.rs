//! What is said of one secret: verdict, near miss, expiry, defects.

use pulldoctor::credentials::{
    Certainty, Defect, Expiry, Field, Ignored, Judgement, Lifetime, Miss, Nothing, PullSecret,
    TYPE_DOCKERCFG, TYPE_DOCKERCONFIGJSON, Verdict, judge,
};
use pulldoctor::registry::Kind;
use secrecy::SecretString;

use super::support::{b64, image, login, name, recorded, secret, secret_of, time};

const NOW: &str = "2026-11-23T12:00:00Z";
const ECR: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

fn judged(secret: &PullSecret, written: &str) -> Judgement {
    judge(secret, Some(&image(written)), time(NOW))
}

fn serves(judgement: &Judgement) -> bool {
    matches!(judgement.verdict, Verdict::Serves { .. })
}

/// The near miss of a secret with one key, for an image.
fn missed(key: &str, written: &str) -> Option<Miss> {
    match judged(&login(key, "alice", "wonder"), written).verdict {
        Verdict::NotForThisRegistry { keys, near_miss } => {
            assert_eq!(keys, [key]);
            near_miss.map(|miss| miss.why)
        }
        other => panic!("{key} for {written}: {other:?}"),
    }
}

fn defects(key: &str, user: &str, password: &str) -> Vec<Defect> {
    let judgement = judge(&login(key, user, password), None, time(NOW));
    judgement.entries.into_iter().flat_map(|entry| entry.defects).collect()
}

/// The expiry of a secret with this login, last written half a day before [`NOW`].
fn expiry(key: &str, user: &str, password: &str) -> Option<Expiry> {
    judge(&login(key, user, password), None, time(NOW)).expiry
}

#[test]
fn near_misses_are_named() {
    let own = |text: &str| text.to_owned();
    let port = |key: Option<&str>, image: Option<&str>| Miss::OtherPort {
        key: key.map(str::to_owned),
        image: image.map(str::to_owned),
    };
    let alias = |host: &str| Miss::DockerHubAlias { host: host.to_owned() };
    let api = |path: &str| Miss::ApiPathWithoutSlash { path: path.to_owned() };
    let ecr = |account: Option<&str>, region: Option<&str>| Miss::EcrSibling {
        account: account.map(str::to_owned),
        region: region.map(str::to_owned),
    };
    let other_account = "999999999999.dkr.ecr.eu-central-1.amazonaws.com";
    let other_region = "https://123456789012.dkr.ecr.us-east-1.amazonaws.com";
    let ecr_image = format!("{ECR}/app:1");
    for (key, written, expected) in [
        ("hub.docker.com", "acme/app", Some(alias("hub.docker.com"))),
        ("https://registry-1.docker.io", "acme/app", Some(alias("registry-1.docker.io"))),
        ("registry.hub.docker.com", "nginx", Some(alias("registry.hub.docker.com"))),
        ("https://index.docker.io/v1", "acme/app", Some(api("/v1"))),
        ("https://docker.io/v2", "acme/app", Some(api("/v2"))),
        ("https://reg.io/v2", "reg.io/app", Some(api("/v2"))),
        ("https://index.docker.io/acme", "acme/app", Some(Miss::OtherPath { path: own("/acme") })),
        ("index.docker.io:443", "acme/app", Some(port(Some("443"), None))),
        ("reg.io", "reg.io:5000/app", Some(port(None, Some("5000")))),
        ("https://reg.io:443", "reg.io/app", Some(port(Some("443"), None))),
        ("reg.io:5001", "reg.io:5000/app", Some(port(Some("5001"), Some("5000")))),
        ("reg.io/team", "reg.io/other/app", Some(Miss::OtherPath { path: own("/team") })),
        ("docker.io/nginx", "nginx", Some(Miss::OtherPath { path: own("/nginx") })),
        ("Reg.IO", "reg.io/app", Some(Miss::Case)),
        ("reg.io/Team", "reg.io/team/app", Some(Miss::Case)),
        ("reg.io\n", "reg.io/app", Some(Miss::WhiteSpace)),
        (" reg.io", "reg.io/app", Some(Miss::WhiteSpace)),
        ("HTTPS://reg.io", "reg.io/app", Some(Miss::Scheme { scheme: own("HTTPS://") })),
        ("oci://reg.io", "reg.io/app", Some(Miss::Scheme { scheme: own("oci://") })),
        ("reg.io/%zz", "reg.io/app", Some(Miss::Unparsable)),
        (other_account, &ecr_image, Some(ecr(Some("999999999999"), None))),
        (other_region, &ecr_image, Some(ecr(None, Some("us-east-1")))),
        ("*.reg.io", "reg.io/app", Some(Miss::Labels { key: 3, image: 2 })),
        ("*.reg.io", "a.b.reg.io/app", Some(Miss::Labels { key: 3, image: 4 })),
        ("reg.io", "eu.reg.io/app", Some(Miss::Labels { key: 2, image: 3 })),
        ("github.com", "ghcr.io/acme/app", Some(Miss::WebSite { host: own("github.com") })),
        (
            "https://gitlab.com",
            "registry.gitlab.com/a/b",
            Some(Miss::WebSite { host: own("gitlab.com") }),
        ),
        (
            "us-docker.pkg.dev",
            "europe-docker.pkg.dev/p/r/i",
            Some(Miss::SiblingHost { host: own("us-docker.pkg.dev") }),
        ),
        (
            "acme.azurecr.io",
            "acmeprod.azurecr.io/app",
            Some(Miss::SiblingHost { host: own("acme.azurecr.io") }),
        ),
        ("quay.io", "ghcr.io/acme/app", None),
        ("io", "reg.io/app", None),
        ("otherreg.io", "reg.io/app", None),
    ] {
        assert_eq!(missed(key, written), expected, "{key} for {written}");
    }
}

#[test]
fn the_nearest_of_several_keys_is_named() {
    let payload = r#"{"auths":{"quay.io":{"auth":"YTpi"},"hub.docker.com":{"auth":"YTpi"},"https://index.docker.io/v1":{"auth":"YTpi"}}}"#;
    let Verdict::NotForThisRegistry { keys, near_miss } =
        judged(&secret("s", payload), "acme/app").verdict
    else {
        panic!("no key matches");
    };
    assert_eq!(keys, ["https://index.docker.io/v1", "hub.docker.com", "quay.io"]);
    assert_eq!(near_miss.unwrap().key, "https://index.docker.io/v1");
}

#[test]
fn every_miss_has_words() {
    for (key, written) in
        [("hub.docker.com", "a/b"), ("reg.io:1", "reg.io/a"), ("*.reg.io", "reg.io/a")]
    {
        let words = missed(key, written).unwrap().to_string();
        assert!(words.starts_with(|c: char| c.is_lowercase()) && !words.ends_with('.'), "{words}");
    }
}

#[test]
fn secrets_that_yield_nothing_say_why() {
    for (payload, expected) in [
        ("{}", Nothing::NoAuths),
        (r#"{"auths":{}}"#, Nothing::NoAuths),
        (r#"{"auths":{},"credsStore":"desktop"}"#, Nothing::CredentialStore),
        (r#"{"auths":{"reg.io":{}},"credsStore":"osxkeychain"}"#, Nothing::CredentialStore),
        (r#"{"credHelpers":{"reg.io":"ecr-login"}}"#, Nothing::CredentialStore),
        (r#"{"auths":{"reg.io":{"identitytoken":"t"}}}"#, Nothing::TokenOnly),
        (r#"{"auths":{"reg.io":{}}}"#, Nothing::EmptyEntry),
        (r#"{"auths":{"reg.io":{"auth":"Og=="}}}"#, Nothing::EmptyEntry),
        (r#"{"auths":{"other.io":{}}}"#, Nothing::EmptyEntry),
        // The other entry is full, but it is the empty one that is sent.
        (r#"{"auths":{"reg.io":{},"other.io":{"auth":"YTpi"}}}"#, Nothing::EmptyEntry),
    ] {
        let verdict = judged(&secret("s", payload), "reg.io/app").verdict;
        assert_eq!(verdict, Verdict::YieldsNothing(expected), "{payload}");
    }
    let dropped = secret("s", r#"{"auths":{"reg.io:x":{"auth":"YTpi"}}}"#);
    let verdict = judge(&dropped, None, time(NOW)).verdict;
    assert_eq!(verdict, Verdict::YieldsNothing(Nothing::KeysDropped));
}

#[test]
fn ignored_secrets_say_why_and_what_they_would_serve() {
    let payload = r#"{"auths":{"reg.io":{"auth":"YTpi"}}}"#;
    for (kind, key, expected) in [
        ("Opaque", ".dockerconfigjson", Ignored::Type),
        (TYPE_DOCKERCFG, ".dockerconfigjson", Ignored::Key { wants: ".dockercfg" }),
    ] {
        let judgement = judged(&secret_of("s", kind, &[(key, payload)]), "reg.io/app");
        assert_eq!(judgement.verdict, Verdict::Ignored(expected));
        assert!(judgement.entries[0].serves, "it would, with the right type");
    }
    let named_otherwise = secret_of("s", TYPE_DOCKERCONFIGJSON, &[("config.json", payload)]);
    let judgement = judged(&named_otherwise, "reg.io/app");
    assert_eq!(judgement.verdict, Verdict::Ignored(Ignored::Key { wants: ".dockerconfigjson" }));
    assert_eq!(named_otherwise.other_keys(), ["config.json"]);
}

#[test]
fn data_that_is_no_base64_is_a_defect() {
    let data = [(".dockerconfigjson".to_owned(), SecretString::from("e30"))];
    let secret = PullSecret::new(name("s"), TYPE_DOCKERCONFIGJSON, None, None, data);
    let judgement = judged(&secret, "reg.io/app");
    let why = "illegal base64 data at input byte 0".to_owned();
    assert_eq!(judgement.verdict, Verdict::Unreadable(why));
    assert_eq!(judgement.defects, [Defect::NotBase64 { key: ".dockerconfigjson".to_owned() }]);
}

#[test]
fn without_an_image_all_entries_are_listed() {
    let payload = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"},"reg.io:5000/team":{"auth":"Yzpk"},"bad key":{"auth":"ZTpm"}}}"#;
    let judgement = judge(&secret("s", payload), None, time(NOW));
    let listed: Vec<_> = judgement
        .entries
        .iter()
        .map(|e| (e.key.as_str(), e.host.as_str(), e.path.as_str(), e.user.shown(), e.registry))
        .collect();
    assert_eq!(
        listed,
        [
            ("bad key", "", "", Some("e"), Kind::Other),
            ("https://index.docker.io/v1/", "index.docker.io", "", Some("a"), Kind::DockerHub),
            ("reg.io:5000/team", "reg.io:5000", "/team", Some("c"), Kind::Other),
        ]
    );
    assert_eq!(judgement.entries[0].defects, [Defect::KeyDropped]);
    let keys = vec!["https://index.docker.io/v1/".to_owned(), "reg.io:5000/team".to_owned()];
    assert_eq!(judgement.verdict, Verdict::Serves { keys });
}

#[test]
fn defects_of_logins() {
    use Field::{Password, User};
    #[rustfmt::skip]
    let cases: &[(&str, &str, &str, &[Defect])] = &[
        ("reg.io", "alice", "wonder", &[]),
        ("reg.io", "alice", "wonder\n", &[Defect::WhiteSpace { field: Password }]),
        ("reg.io", "alice ", "wonder", &[Defect::WhiteSpace { field: User }]),
        ("reg.io", "alice", "", &[Defect::Missing { field: Password }]),
        ("reg.io", "", "wonder", &[Defect::Missing { field: User }]),
        ("ghcr.io", "ghp_0123456789", "alice", &[Defect::Swapped]),
        ("registry.gitlab.com", "glpat-0123456789", "alice", &[Defect::Swapped]),
        ("https://index.docker.io/v1/", "dckr_pat_0123456789", "alice", &[Defect::Swapped]),
        ("registry.digitalocean.com", "dop_v1_0123", "dop_v1_0123", &[]),
        ("https://index.docker.io/v1/", "alice@example.com", "wonder", &[Defect::EmailAsUser]),
        ("reg.io", "alice@example.com", "wonder", &[]),
        (ECR, "alice", "wonder", &[Defect::OtherUser { wants: "AWS" }]),
        ("gcr.io", "_json_key", "{\"type\":\"service_account\"}", &[]),
        ("gcr.io", "_json_key", "eyJ0eXBlIjoic2VydmljZV9hY2NvdW50In0=", &[Defect::NotAJsonKey]),
        ("gcr.io", "_json_key_base64", "eyJ0eXBlIjoic2VydmljZV9hY2NvdW50In0=", &[]),
        ("gcr.io", "_json_key_base64", "{\"type\":\"service_account\"}", &[Defect::NotAJsonKey]),
    ];
    for (key, user, password, expected) in cases {
        assert_eq!(defects(key, user, password), *expected, "{key} {user}");
    }
}

#[test]
fn auth_that_says_otherwise_is_pointed_out() {
    let payload = r#"{"auths":{"reg.io":{"username":"bob","password":"b","auth":"YTpi","identitytoken":"t"}}}"#;
    let judgement = judged(&secret("s", payload), "reg.io/app");
    assert!(serves(&judgement));
    assert_eq!(judgement.entries[0].user.shown(), Some("a"));
    assert_eq!(judgement.entries[0].defects, [Defect::AuthWins, Defect::TokenIgnored]);
    let not_utf8 = secret("s", r#"{"auths":{"reg.io":{"auth":"YTr/"}}}"#);
    let defects = &judged(&not_utf8, "reg.io/app").entries[0].defects;
    assert_eq!(*defects, [Defect::NotUtf8 { field: Field::Password }]);
}

#[test]
fn expiry_of_ecr_passwords() {
    let token = |expiration: &str| {
        b64(&format!(
            r#"{{"payload":"x","datakey":"y","version":"2","type":"DATA_KEY","expiration":{expiration}}}"#
        ))
    };
    let proven = |at: &str| {
        Some(Expiry { at: time(at), how: Certainty::Proven, what: Lifetime::EcrPassword })
    };
    assert_eq!(expiry(ECR, "AWS", &token("1795437000")), proven("2026-11-23T12:30:00Z"));
    assert_eq!(expiry("mirror.io", "AWS", &token("1795437000")), proven("2026-11-23T12:30:00Z"));
    let inferred = Expiry {
        at: time("2026-11-23T12:00:00Z"),
        how: Certainty::Inferred,
        what: Lifetime::EcrPassword,
    };
    assert_eq!(expiry(ECR, "AWS", "opaque"), Some(inferred));
    assert!(inferred.has_passed(time(NOW)));
    assert!(!inferred.has_passed(time("2026-11-23T11:59:59Z")));
    assert_eq!(expiry("public.ecr.aws", "AWS", "opaque"), Some(inferred));
    assert_eq!(expiry(ECR, "bob", "opaque"), None);
    assert_eq!(expiry("reg.io", "AWS", "opaque"), None);

    let mut rewritten = login(ECR, "AWS", "opaque");
    rewritten.changed = Some(time("2026-11-23T06:00:00Z"));
    let expiry = judge(&rewritten, None, time(NOW)).expiry.unwrap();
    assert_eq!(expiry.at, time("2026-11-23T18:00:00Z"), "managedFields before creation");
    (rewritten.changed, rewritten.created) = (None, None);
    assert_eq!(judge(&rewritten, None, time(NOW)).expiry, None, "of unknown age");
}

#[test]
fn expiry_of_tokens() {
    let jwt = |claims: &str| format!("{}.{}.c2ln", url64(r#"{"alg":"RS256"}"#), url64(claims));
    let proven =
        |at: &str| Some(Expiry { at: time(at), how: Certainty::Proven, what: Lifetime::Jwt });
    assert_eq!(expiry("a.io", "u", &jwt(r#"{"exp":1795437000}"#)), proven("2026-11-23T12:30:00Z"));
    assert_eq!(
        expiry("a.io", "u", &jwt(r#"{"exp":1795437000.5}"#)),
        proven("2026-11-23T12:30:00Z")
    );
    assert_eq!(expiry("a.io", "u", &jwt(r#"{"sub":"???>>>"}"#)), None);
    assert_eq!(expiry("a.io", "u", &jwt(r#"{"exp":"soon"}"#)), None);
    assert_eq!(expiry("a.io", "u", &jwt(r#"{"exp":1e300}"#)), None);
    assert_eq!(expiry("a.io", "u", "not.a.jwt"), None);
    assert_eq!(expiry("a.io", "u", "a.b.c.d"), None);
    let google = Expiry {
        at: time("2026-11-23T01:00:00Z"),
        how: Certainty::Inferred,
        what: Lifetime::GoogleAccessToken,
    };
    assert_eq!(expiry("europe-docker.pkg.dev", "oauth2accesstoken", "ya29.a0Af"), Some(google));

    let later = jwt(r#"{"nbf":1795437000,"exp":1795440600}"#);
    let from = time("2026-11-23T12:30:00Z");
    assert_eq!(defects("a.io", "u", &later), [Defect::NotYetValid { from }]);
}

#[test]
fn the_last_of_the_credentials_that_match_decides() {
    let payload = |second: &str| {
        format!(
            r#"{{"auths":{{"{ECR}":{{"username":"AWS","password":"x"}},"{ECR}/team":{{"username":"AWS","password":"{second}"}},"gcr.io":{{"username":"u","password":"ya29.x"}}}}}}"#
        )
    };
    let later = b64(r#"{"expiration":1795444200}"#);
    let both = secret("s", &payload(&later));
    let team = judged(&both, &format!("{ECR}/team/app")).expiry.unwrap();
    assert_eq!(team.at, time("2026-11-23T14:30:00Z"));
    let other = judged(&both, &format!("{ECR}/app")).expiry.unwrap();
    assert_eq!(other.at, time("2026-11-23T12:00:00Z"));
    let all = judge(&both, None, time(NOW)).expiry.unwrap();
    assert_eq!(all.what, Lifetime::GoogleAccessToken, "the first of all");

    let lasting = r#"{"auths":{"reg.io/a":{"username":"u","password":"ya29.x"},"reg.io":{"username":"u","password":"p"}}}"#;
    assert_eq!(judged(&secret("s", lasting), "reg.io/a").expiry, None, "one of them lasts");
}

/// Pod, secret, and what is said of it. Roots as in expected.json.
#[test]
fn the_recorded_secrets_are_judged_as_the_truth_says() {
    let access = recorded("access");
    for (pod, root) in [
        ("key-host-no-port", "pull-secret-registry-mismatch"),
        ("secret-auth-nocolon", "pull-secret-malformed"),
        ("secret-creds-store", "pull-secret-malformed"),
        ("secret-expired-jwt", "pull-secret-expired"),
        ("secret-opaque", "pull-secret-wrong-type"),
        ("secret-other-registry", "pull-secret-registry-mismatch"),
        ("secret-bad-password", "pull-secret-rejected"),
    ] {
        assert_eq!(super::support::expected_root("access", pod).as_deref(), Some(root), "{pod}");
        let (written, references) = &access.pods[pod];
        let secret =
            access.secrets.iter().find(|secret| secret.name.name == references[0]).unwrap();
        let judgement = judge(secret, Some(&image(written)), time(NOW));
        let expired = judgement.expiry.is_some_and(|expiry| expiry.has_passed(time(NOW)));
        let found = match judgement.verdict {
            Verdict::NotForThisRegistry { .. } => "pull-secret-registry-mismatch",
            Verdict::Unreadable(_) | Verdict::YieldsNothing(_) => "pull-secret-malformed",
            Verdict::Ignored(_) => "pull-secret-wrong-type",
            Verdict::Serves { .. } if expired => "pull-secret-expired",
            Verdict::Serves { .. } => "pull-secret-rejected",
        };
        assert_eq!(found, root, "{pod}");
    }
    let no_port = access.secrets.iter().find(|s| s.name.name == "key-host-no-port").unwrap();
    let Verdict::NotForThisRegistry { near_miss, .. } =
        judged(no_port, "basic.lab:5001/team/app:v1").verdict
    else {
        panic!("no port is not port 5001");
    };
    let why = Miss::OtherPort { key: None, image: Some("5001".to_owned()) };
    assert_eq!(near_miss.unwrap().why, why);
}

fn url64(text: &str) -> String {
    b64(text).trim_end_matches('=').replace('+', "-").replace('/', "_")
}
