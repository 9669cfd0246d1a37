//! Any payload of a pull secret and any image: no panic, no hang, and what the judgement says of
//! the secret is what the keyring does with it.
#![no_main]

use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use pulldoctor::credentials::{
    DOCKERCFG, DOCKERCONFIGJSON, Keyring, PullSecret, TYPE_DOCKERCFG, TYPE_DOCKERCONFIGJSON,
    Verdict, judge,
};
use pulldoctor::facts::ObjectName;
use pulldoctor::image::ImageReference;
use secrecy::SecretString;

fuzz_target!(|input: (&str, &[u8])| {
    let (image, payload) = input;
    let image = ImageReference::parse(image).or_else(|_| ImageReference::parse("reg.io/a/b"));
    let Ok(image) = image else { return };
    for (kind, key) in [(TYPE_DOCKERCONFIGJSON, DOCKERCONFIGJSON), (TYPE_DOCKERCFG, DOCKERCFG)] {
        let value = SecretString::from(BASE64_STANDARD.encode(payload));
        let name = ObjectName::new("n", "s");
        let secret = PullSecret::new(name, kind, None, None, [(key.to_owned(), value)]);
        let verdict = judge(&secret, Some(&image), DateTime::UNIX_EPOCH).verdict;
        match Keyring::replay(&[&secret]) {
            Err(unreadable) => assert_eq!(verdict, Verdict::Unreadable(unreadable.why)),
            Ok(keyring) => {
                let sends = keyring.lookup(&image).iter().any(|found| !found.is_empty);
                assert_eq!(sends, matches!(verdict, Verdict::Serves { .. }));
            }
        }
    }
});
