//! The keyring against a plain second writing of the Go source, on random keys and images.
//!
//! The oracle below follows `pkg/credentialprovider/keyring.go` and Go's `net/url`, `net` and
//! `path/filepath` line by line, on strings, and knows nothing of the crate's own matcher.

use std::collections::BTreeMap;

use proptest::prelude::*;
use pulldoctor::credentials::{
    Keyring, PullSecret, TYPE_DOCKERCFG, TYPE_DOCKERCONFIGJSON, Verdict, judge,
};
use pulldoctor::image::ImageReference;

use super::support::{b64, secret, secret_of, time};

mod oracle {
    //! Go, in Rust.

    use std::collections::BTreeMap;
    use std::net::Ipv6Addr;

    /// `url.Parse` of `https://` and a text without percent signs: host and path.
    fn url_parse(text: &str) -> Result<(String, String), ()> {
        let text = text.split('#').next().unwrap();
        if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
            return Err(());
        }
        let text = text.split('?').next().unwrap();
        let (authority, path) = match text.find('/') {
            Some(at) => (&text[..at], &text[at..]),
            None => (text, ""),
        };
        let host = match authority.rfind('@') {
            None => authority,
            Some(at) => {
                let allowed = "-._:~!$&'()*+,;=%@";
                if !authority[..at]
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || allowed.contains(c))
                {
                    return Err(());
                }
                &authority[at + 1..]
            }
        };
        let valid_port = |p: &str| {
            p.is_empty() || p.starts_with(':') && p[1..].bytes().all(|b| b.is_ascii_digit())
        };
        match host.rfind('[') {
            Some(0) => {
                let close = host.rfind(']').ok_or(())?;
                if !valid_port(&host[close + 1..]) || host[1..close].parse::<Ipv6Addr>().is_err() {
                    return Err(());
                }
            }
            Some(_) => return Err(()),
            None => {
                if let Some(colon) = host.find(':')
                    && !valid_port(&host[colon..])
                {
                    return Err(());
                }
            }
        }
        let allowed = "-_.~!$&'()*+,;=:[]<>\"";
        if !host.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || allowed.contains(c))
        {
            return Err(());
        }
        Ok((host.to_owned(), path.to_owned()))
    }

    /// `SplitURL`.
    fn split_url(host: &str) -> (Vec<String>, String) {
        let (name, port) = match host.rfind(':') {
            None => (host, ""),
            Some(colon) if host.starts_with('[') => match host.find(']') {
                Some(close) if close + 1 == colon => (&host[1..close], &host[colon + 1..]),
                _ => (host, ""),
            },
            Some(colon) => (&host[..colon], &host[colon + 1..]),
        };
        (name.split('.').map(str::to_owned).collect(), port.to_owned())
    }

    /// `filepath.Match`, by trying every way; an error is no match, as `Lookup` takes it.
    fn filepath_match(pattern: &[char], name: &[char]) -> bool {
        match pattern {
            [] => name.is_empty(),
            ['*', rest @ ..] => (0..=name.len()).any(|n| filepath_match(rest, &name[n..])),
            ['?', rest @ ..] => !name.is_empty() && filepath_match(rest, &name[1..]),
            ['[', rest @ ..] => {
                let Some(close) = rest.iter().position(|c| *c == ']') else { return false };
                !name.is_empty()
                    && rest[..close].contains(&name[0])
                    && filepath_match(&rest[close + 1..], &name[1..])
            }
            [c, rest @ ..] => name.first() == Some(c) && filepath_match(rest, &name[1..]),
        }
    }

    /// `URLsMatchStr`.
    fn urls_match(glob: &str, target: &str) -> bool {
        let (Ok((glob_host, glob_path)), Ok((target_host, target_path))) =
            (url_parse(glob), url_parse(target))
        else {
            return false;
        };
        let (glob_parts, glob_port) = split_url(&glob_host);
        let (target_parts, target_port) = split_url(&target_host);
        if glob_port != target_port {
            return false;
        }
        if glob_parts.len() != target_parts.len() {
            return false;
        }
        if !target_path.starts_with(&glob_path) {
            return false;
        }
        for (glob, target) in glob_parts.iter().zip(&target_parts) {
            let glob: Vec<char> = glob.chars().collect();
            let target: Vec<char> = target.chars().collect();
            if !filepath_match(&glob, &target) {
                return false;
            }
        }
        true
    }

    /// `Add` for a map of keys to users, then `Lookup`.
    pub(super) fn lookup(entries: &BTreeMap<String, String>, image: &str) -> Vec<String> {
        let mut creds: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (loc, user) in entries {
            let mut value = loc.clone();
            if !value.starts_with("https://") && !value.starts_with("http://") {
                value = format!("https://{value}");
            }
            let rest = value.split_once("://").unwrap().1;
            let Ok((host, path)) = url_parse(rest) else { continue };
            let mut effective_path = path.as_str();
            if effective_path.starts_with("/v2/") || effective_path.starts_with("/v1/") {
                effective_path = &effective_path[3..];
            }
            let key = if !effective_path.is_empty() && effective_path != "/" {
                format!("{host}{effective_path}")
            } else {
                host
            };
            creds.entry(key).or_default().push(user.clone());
        }
        let mut index: Vec<&String> = creds.keys().collect();
        index.sort();
        index.reverse();
        let mut ret = Vec::new();
        for k in index {
            if urls_match(k, image) {
                ret.extend(creds[k].iter().cloned());
            }
        }
        if !ret.is_empty() {
            return ret;
        }
        let parts: Vec<&str> = image.splitn(2, '/').collect();
        let default = if parts[0].is_empty() {
            false
        } else if parts.len() == 1 || parts[0] == "docker.io" || parts[0] == "index.docker.io" {
            true
        } else {
            !parts[0].contains(['.', ':'])
        };
        if default && let Some(auth) = creds.get("index.docker.io") {
            return auth.clone();
        }
        Vec::new()
    }
}

/// Hosts from few letters, so that keys and images meet.
fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{1,2}(\\.[ab]{1,2}){0,2}",
        2 => Just("docker.io".to_owned()),
        2 => Just("index.docker.io".to_owned()),
        1 => Just("localhost".to_owned()),
        1 => Just("[::1]".to_owned()),
        1 => Just("A".to_owned()),
    ]
}

fn key() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        2 => host(),
        3 => "[ab*]{1,3}(\\.[ab*]{1,2}){0,2}",
        1 => "[ab?*\\[\\]@: .#-]{0,6}",
    ];
    let port = prop_oneof![3 => Just(""), 1 => Just(":"), 2 => Just(":5000"), 1 => Just(":443")];
    let path = prop_oneof![
        3 => Just(String::new()),
        1 => Just("/".to_owned()),
        1 => "/v[12]/?",
        2 => "(/v[12])?(/[ab]{1,2}){1,2}/?",
    ];
    let scheme = prop_oneof![
        3 => Just(""), 2 => Just("https://"), 1 => Just("http://"), 1 => Just("HTTPS://"),
    ];
    (scheme, host, port, path)
        .prop_map(|(scheme, host, port, path)| format!("{scheme}{host}{port}{path}"))
}

fn image() -> impl Strategy<Value = String> {
    let port = prop_oneof![2 => Just(""), 1 => Just(":5000")];
    let path = "[ab]{1,2}(/[ab]{1,2}){0,2}";
    prop_oneof![
        3 => (host(), port, path).prop_map(|(host, port, path)| format!("{host}{port}/{path}")),
        1 => path,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_keyring_agrees_with_the_oracle(
        keys in prop::collection::btree_set(key(), 1..5),
        written in image(),
    ) {
        let Ok(image) = ImageReference::parse(&written) else { return Ok(()) };
        let entries: BTreeMap<String, String> =
            keys.into_iter().enumerate().map(|(n, key)| (key, format!("u{n}"))).collect();
        let auths: BTreeMap<&String, serde_json::Value> = entries
            .iter()
            .map(|(key, user)| (key, serde_json::json!({ "username": user, "password": "p" })))
            .collect();
        let secret = secret("s", &serde_json::json!({ "auths": auths }).to_string());
        let keyring = Keyring::replay(&[&secret]).unwrap();
        let found: Vec<String> =
            keyring.lookup(&image).iter().map(|found| found.user.to_string()).collect();
        prop_assert_eq!(found, oracle::lookup(&entries, &image.name()));
    }

    #[test]
    fn any_payload_is_judged_without_panic(payload in payload(), written in image()) {
        let now = time("2026-11-23T12:00:00Z");
        let image = ImageReference::parse(&written).ok();
        for (kind, key) in [
            (TYPE_DOCKERCONFIGJSON, ".dockerconfigjson"),
            (TYPE_DOCKERCFG, ".dockercfg"),
            ("Opaque", ".dockerconfigjson"),
        ] {
            let secret: PullSecret = secret_of("s", kind, &[(key, &payload)]);
            let judgement = judge(&secret, image.as_ref(), now);
            let printed = format!("{judgement:?}");
            prop_assert!(!printed.is_empty());
            // The judgement and the keyring are two readings of one secret.
            if kind != "Opaque" && let Some(image) = &image {
                match Keyring::replay(&[&secret]) {
                    Err(unreadable) => {
                        prop_assert_eq!(judgement.verdict, Verdict::Unreadable(unreadable.why));
                    }
                    Ok(keyring) => {
                        let sends = keyring.lookup(image).iter().any(|found| !found.is_empty);
                        prop_assert_eq!(sends, matches!(judgement.verdict, Verdict::Serves { .. }));
                    }
                }
            }
        }
    }

    /// What serde_json can parse, Go can; and what Go refuses, serde_json does.
    #[test]
    fn the_scanner_refuses_no_valid_json(payload in payload()) {
        let parses = serde_json::from_str::<serde_json::Value>(&payload).is_ok();
        let refused = Keyring::replay(&[&secret("s", &payload)]).err();
        let syntax = refused.is_some_and(|unreadable| {
            unreadable.why.starts_with("invalid character") || unreadable.why.starts_with("unexpected")
        });
        prop_assert_eq!(parses || payload.is_empty(), !syntax);
    }

    #[test]
    fn any_text_is_a_reference_or_not(written in any_reference()) {
        match ImageReference::parse(&written) {
            Ok(image) => {
                let again = ImageReference::parse(&image.to_string()).unwrap();
                prop_assert_eq!(again.to_string(), image.to_string());
                let familiar = ImageReference::parse(&image.familiar()).unwrap();
                prop_assert_eq!(familiar.to_string(), image.to_string());
            }
            Err(why) => {
                prop_assert!(!why.to_string().is_empty());
                if let Some(suggestion) = why.suggestion {
                    prop_assert!(ImageReference::parse(&suggestion).is_ok());
                }
            }
        }
    }
}

/// Payloads that are nearly right.
fn payload() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[a-z]{0,4}".prop_map(|text| text),
        "[ab]:[ab]".prop_map(|text| b64(&text)),
        "[A-Za-z0-9+/=\n ]{0,8}",
        any::<String>(),
    ];
    let leaf = prop_oneof![
        text.prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    let name = prop_oneof![
        Just("auths".to_owned()),
        Just("auth".to_owned()),
        Just("username".to_owned()),
        Just("password".to_owned()),
        Just("credsStore".to_owned()),
        Just("HttpHeaders".to_owned()),
        key(),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::btree_map(name.clone(), inner.clone(), 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            prop::collection::vec(inner, 0..3).prop_map(serde_json::Value::from),
        ]
    });
    let whole = tree.prop_map(|value| value.to_string());
    let cut = (whole.clone(), 0_usize..200).prop_map(|(text, at)| {
        text.char_indices().nth(at).map_or(text.clone(), |(at, _)| text[..at].to_owned())
    });
    prop_oneof![3 => whole, 2 => cut, 1 => any::<String>()]
}

fn any_reference() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[aB1._:/@ {$\\[\\]-]{0,12}",
        2 => (image(), "(:[a-zA-Z0-9._-]{0,4})?(@sha256:[0-9a-f]{62,64})?").prop_map(|(name, rest)| name + &rest),
        1 => any::<String>(),
    ]
}
