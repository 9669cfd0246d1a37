//! A page of a list, and the API server's answer when it refuses (`meta/v1/types.go`).

use serde::Deserialize;

use super::lenient::nullable;

/// A list of objects, or one page of it.
///
/// The API server prints neither `kind` nor `apiVersion` in the items.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub struct List<T> {
    /// What the API server says about the list.
    #[serde(default, deserialize_with = "nullable")]
    pub metadata: ListMetadata,
    /// The objects; Go prints an empty slice as `null`.
    #[serde(default = "Vec::new", deserialize_with = "nullable")]
    pub items: Vec<T>,
}

/// `ListMeta`: where in the whole list a page stands.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListMetadata {
    /// The version a watch starts from.
    #[serde(deserialize_with = "nullable")]
    pub resource_version: String,
    /// The token of the next page; empty on the last one.
    #[serde(rename = "continue", deserialize_with = "nullable")]
    pub continue_token: String,
    /// How many items follow this page, when the server says.
    pub remaining_item_count: Option<u64>,
}

/// `Status`: how a request ended that gave no object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    /// `Success` or `Failure`.
    #[serde(deserialize_with = "nullable")]
    pub status: String,
    /// For people, such as `pods "nope" not found`.
    #[serde(deserialize_with = "nullable")]
    pub message: String,
    /// For programs, such as `NotFound`, `Forbidden`, `Expired`.
    #[serde(deserialize_with = "nullable")]
    pub reason: String,
    /// What it is about.
    #[serde(deserialize_with = "nullable")]
    pub details: StatusDetails,
    /// The HTTP status.
    #[serde(deserialize_with = "nullable")]
    pub code: u16,
}

impl Status {
    /// The refusal in a few words that hold nothing from outside but a reason: `Forbidden (403)`.
    ///
    /// The reason is one word by the API's contract; anything else is left out.
    pub fn reason_and_code(&self) -> String {
        let is_word = !self.reason.is_empty()
            && self.reason.len() < 64
            && self.reason.chars().all(|character| character.is_ascii_alphanumeric());
        if is_word { format!("{} ({})", self.reason, self.code) } else { self.code.to_string() }
    }
}

/// What a [`Status`] is about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct StatusDetails {
    /// The object's name.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// The API group of the resource; empty for core.
    #[serde(deserialize_with = "nullable")]
    pub group: String,
    /// The plural resource, such as `pods` (the API calls it kind).
    #[serde(deserialize_with = "nullable")]
    pub kind: String,
    /// How long to wait before the next try; 0 when the server does not say.
    #[serde(deserialize_with = "nullable")]
    pub retry_after_seconds: u32,
}
