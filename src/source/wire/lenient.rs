//! Small deserializers that forgive what Go's encoder and people write: `null` for an empty value.

use serde::{Deserialize, Deserializer};

use crate::facts::Time;

/// `null` is the value's default. Go prints `null` for an empty slice or map without `omitempty`.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A time, or none where it is `null`, empty, or not a time: a diagnosis never hangs on a date, so
/// a strange one must not cost the whole object.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// The text, or none where it is empty: the two mean the same to Kubernetes.
pub(super) fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// A reference of which only the name matters: `imagePullSecrets`, `volumeMounts`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    #[serde(deserialize_with = "nullable")]
    pub(super) name: String,
}

/// The names in `references`, in order. The kubelet skips references without a name.
pub(super) fn names(references: Vec<Named>) -> Vec<String> {
    references.into_iter().map(|named| named.name).filter(|name| !name.is_empty()).collect()
}
