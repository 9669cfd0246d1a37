//! No way of printing any of these types shows a password, an `auth` or a payload.

use std::fmt::Write as _;

use pulldoctor::credentials::{Keyring, PullSecret, TYPE_DOCKERCFG, TYPE_DOCKERCONFIGJSON, judge};

use super::support::{b64, image, secret_of, time};

const CANARY: &str = "CANARY-5f1d";

/// Everything that can be printed of a secret, in every form.
fn printed(secret: &PullSecret) -> String {
    let now = time("2026-11-23T12:00:00Z");
    let wanted = image("reg.io/team/app");
    let mut out = format!("{secret:?} {secret:#?} {:?}", secret.other_keys());
    match Keyring::replay(&[secret]) {
        Ok(keyring) => {
            write!(out, "{keyring:?} {keyring:#?} {:?}", keyring.lookup(&wanted)).unwrap();
            for found in keyring.lookup(&wanted) {
                write!(out, "{} {} {}", found.secret, found.key, found.user).unwrap();
            }
        }
        Err(unreadable) => write!(out, "{unreadable} {unreadable:?}").unwrap(),
    }
    for judgement in [judge(secret, Some(&wanted), now), judge(secret, None, now)] {
        write!(out, "{judgement:?} {judgement:#?}").unwrap();
        for entry in &judgement.entries {
            write!(out, "{} {} {} {}", entry.key, entry.host, entry.path, entry.user).unwrap();
            for defect in &entry.defects {
                write!(out, "{defect}").unwrap();
            }
        }
    }
    out
}

#[test]
fn nothing_prints_a_secret() {
    let auth = b64(&format!("alice:{CANARY}"));
    let not_split = b64(CANARY);
    let payloads = [
        format!(r#"{{"auths":{{"reg.io":{{"username":"alice","password":"{CANARY}"}}}}}}"#),
        format!(r#"{{"auths":{{"reg.io":{{"auth":"{auth}"}}}}}}"#),
        format!(r#"{{"auths":{{"reg.io":{{"auth":"{not_split}"}}}}}}"#),
        format!(r#"{{"auths":{{"reg.io":{{"auth":"{CANARY}"}}}}}}"#),
        format!(r#"{{"auths":{{"reg.io":{{"auth":["{CANARY}"]}}}}}}"#),
        format!(r#"{{"auths":{{"reg.io":"{CANARY}"}}}}"#),
        format!(r#"{{"auths":{{"reg.io":{{"password":"{CANARY}","username":"{CANARY}"}}}}}}"#),
        format!(r#"{{"auths":{{"reg.io":{{"username":"ghp_{CANARY}","password":"alice"}}}}}}"#),
        format!(r#"{{"auths":{{"reg.io":{{"identitytoken":"{CANARY}","email":"{CANARY}"}}}}}}"#),
        format!(r#"{{"auths":{{"alice:{CANARY}@reg.io":{{"auth":"{auth}"}}}}}}"#),
        format!(r#"{{"auths":{{"https://alice:{CANARY}@reg.io:5000/":{{"auth":"{auth}"}}}}}}"#),
        format!(r#"{{"auths":{{"reg.io":{{"auth":"{auth}"}}}},"HttpHeaders":{{"X":"{CANARY}"}}}}"#),
        format!(r#"{{"auths":{{}},"HttpHeaders":["{CANARY}"]}}"#),
        CANARY.to_owned(),
        format!(r#"{{"auths":{{"reg.io":{{"password":"{CANARY}""#),
    ];
    for payload in &payloads {
        for (kind, key) in [
            (TYPE_DOCKERCONFIGJSON, ".dockerconfigjson"),
            (TYPE_DOCKERCFG, ".dockercfg"),
            ("Opaque", ".dockerconfigjson"),
            ("Opaque", "password"),
        ] {
            let secret = secret_of("s", kind, &[(key, payload)]);
            let out = printed(&secret);
            for hidden in [CANARY, auth.as_str(), not_split.as_str(), b64(payload).as_str()] {
                assert!(!out.contains(hidden), "{hidden} of {payload} in {out}");
            }
        }
    }
}

#[test]
fn the_canary_would_be_found() {
    let secret = secret_of("s", TYPE_DOCKERCONFIGJSON, &[(CANARY, "")]);
    assert!(printed(&secret).contains(CANARY));
}
