//! Secrets (`core/v1/types.go`): the two keys that may hold registry credentials, and nothing else.
//!
//! A value goes into a redacting, wiping string as it is decoded; the values of other keys are
//! skipped without being built. So no `Debug` output and no error of this module can show one.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::lenient::nullable;
use super::metadata::Metadata;
use crate::credentials::PullSecret;

/// A secret.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Secret {
    /// Who it is.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    #[serde(rename = "type", deserialize_with = "nullable")]
    kind: String,
    /// base64, as the API server prints it.
    #[serde(deserialize_with = "nullable")]
    data: Data,
    /// Plain text, in manifests only.
    #[serde(deserialize_with = "nullable")]
    string_data: Data,
}

/// `data` or `stringData`: the values under the two keys, and an empty one for every other key.
#[derive(Debug, Clone, Default)]
struct Data(Vec<(String, SecretString)>);

/// The keys the kubelet reads (`pkg/credentialprovider/secrets/secrets.go`).
const READ_BY_KUBELET: [&str; 2] = [".dockerconfigjson", ".dockercfg"];

impl From<Secret> for PullSecret {
    fn from(secret: Secret) -> Self {
        let changed = secret.metadata.data_written();
        let mut data = secret.data.0;
        // The API server turns stringData into data, and it wins where both have a key.
        for (key, value) in secret.string_data.0 {
            let encoded = SecretString::from(BASE64_STANDARD.encode(value.expose_secret()));
            data.retain(|(other, _)| *other != key);
            data.push((key, encoded));
        }
        Self::new(
            secret.metadata.object_name(),
            secret.kind,
            secret.metadata.creation_timestamp,
            changed,
            data,
        )
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pick;

        impl<'de> Visitor<'de> for Pick {
            type Value = Data;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of secret values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
                let mut data = Data::default();
                while let Some(key) = map.next_key::<String>()? {
                    let value = if READ_BY_KUBELET.contains(&key.as_str()) {
                        map.next_value::<Value>()?.0
                    } else {
                        map.next_value::<IgnoredAny>()?;
                        SecretString::default()
                    };
                    data.0.push((key, value));
                }
                Ok(data)
            }
        }

        deserializer.deserialize_map(Pick)
    }
}

/// A value; empty where it is `null`.
struct Value(SecretString);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Guard;

        impl<'de> Visitor<'de> for Guard {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret value as text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
                Ok(Value(SecretString::from(text)))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
                Ok(Value(SecretString::from(text)))
            }

            fn visit_none<E: de::Error>(self) -> Result<Value, E> {
                Ok(Value(SecretString::default()))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
                Ok(Value(SecretString::default()))
            }

            fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
                inner.deserialize_str(self)
            }
        }

        deserializer.deserialize_option(Guard)
    }
}
