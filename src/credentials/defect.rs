//! What is odd about a secret or an entry, and may be why a registry refuses it.
//!
//! The kubelet sends what it finds; none of these stops it. They are hints beside a verdict.

use std::fmt;

use super::config::RawEntry;
use super::go::base64::{self, Padding};
use super::go::json::{Kind as JsonKind, Value};
use super::secret_bytes::SecretBytes;
use super::user::looks_like_token;
use crate::facts::Time;
use crate::registry::Kind;

/// Something odd that may be why a registry refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// The value under this key of `data` is no base64: no API server holds such a secret.
    NotBase64 {
        /// The key in `data`.
        key: String,
    },
    /// The file says that credentials are in a store or with a helper, where the kubelet does not
    /// look.
    CredentialStore,
    /// The kubelet cannot parse the entry's key, and drops the entry with a line in its log.
    KeyDropped,
    /// White space or a line break before or after the user or the password, from `echo` without
    /// `-n` as a rule; it is sent with it.
    WhiteSpace {
        /// Which.
        field: Field,
    },
    /// There is a password and no user, or a user and no password.
    Missing {
        /// Which is missing.
        field: Field,
    },
    /// The token stands where the user belongs.
    Swapped,
    /// An e-mail address where this registry wants an account's name.
    EmailAsUser,
    /// The registry takes only one user name, and this is another.
    OtherUser {
        /// The name that it takes.
        wants: &'static str,
    },
    /// The user is `_json_key` or `_json_key_base64`, and the password is no such key.
    NotAJsonKey,
    /// Bytes that are no UTF-8, which the kubelet cannot pass on to the runtime.
    NotUtf8 {
        /// Where.
        field: Field,
    },
    /// `username` or `password` says otherwise than `auth`, and `auth` is what is sent.
    AuthWins,
    /// An `identitytoken` or `registrytoken`, which the kubelet does not read.
    TokenIgnored,
    /// The token is not valid before this time.
    NotYetValid {
        /// When it begins.
        from: Time,
    },
}

/// A part of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The user name.
    User,
    /// The password.
    Password,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user name",
            Self::Password => "password",
        })
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBase64 { key } => write!(f, "the value of {key} is not base64"),
            Self::CredentialStore => f.write_str(
                "it points at a credential store or helper on the machine where it was made",
            ),
            Self::KeyDropped => f.write_str("the kubelet cannot parse the key and drops the entry"),
            Self::WhiteSpace { field } => write!(f, "there is white space around the {field}"),
            Self::Missing { field } => write!(f, "there is no {field}"),
            Self::Swapped => f.write_str("the user name looks like a token: are the two swapped?"),
            Self::EmailAsUser => {
                f.write_str("the user is an e-mail address, and the registry wants the user name")
            }
            Self::OtherUser { wants } => write!(f, "the user name must be {wants}"),
            Self::NotAJsonKey => {
                f.write_str("the user name announces a JSON key, and the password is none")
            }
            Self::NotUtf8 { field } => write!(f, "the {field} is not valid UTF-8"),
            Self::AuthWins => {
                f.write_str("auth differs from username and password, and auth is what is sent")
            }
            Self::TokenIgnored => {
                f.write_str("the kubelet does not read identitytoken and registrytoken")
            }
            Self::NotYetValid { from } => {
                write!(f, "the token is not valid before {}", from.format("%FT%TZ"))
            }
        }
    }
}

/// What is odd about the credential of an entry for a registry.
pub(super) fn of_entry(entry: &RawEntry, registry: Kind) -> Vec<Defect> {
    let (user, password) = (&entry.user, &entry.password);
    let mut found = Vec::new();
    if entry.auth_disagrees {
        found.push(Defect::AuthWins);
    }
    if entry.has_token {
        found.push(Defect::TokenIgnored);
    }
    if entry.is_empty() {
        return found;
    }
    for (field, value) in [(Field::User, user), (Field::Password, password)] {
        let bytes = value.expose();
        if bytes.is_empty() {
            found.push(Defect::Missing { field });
        }
        if bytes.trim_ascii().len() != bytes.len() {
            found.push(Defect::WhiteSpace { field });
        }
        if std::str::from_utf8(bytes).is_err() {
            found.push(Defect::NotUtf8 { field });
        }
    }
    found.extend(of_user(user, password, registry));
    found
}

fn of_user(user: &SecretBytes, password: &SecretBytes, registry: Kind) -> Option<Defect> {
    let name = user.expose().trim_ascii();
    if looks_like_token(name) && !looks_like_token(password.expose()) {
        return Some(Defect::Swapped);
    }
    let wants_a_name = matches!(registry, Kind::DockerHub | Kind::Ghcr | Kind::Quay);
    if wants_a_name && name.contains(&b'@') {
        return Some(Defect::EmailAsUser);
    }
    // `aws ecr get-login-password` is good for this one name (ECR, "Registry authentication").
    if matches!(registry, Kind::Ecr | Kind::EcrPublic) && name != b"AWS" && !name.is_empty() {
        return Some(Defect::OtherUser { wants: "AWS" });
    }
    let is_key = match name {
        b"_json_key" => is_json_object(password.expose()),
        b"_json_key_base64" => decoded(password.expose()).is_some_and(|key| is_json_object(&key)),
        _ => true,
    };
    (!is_key).then_some(Defect::NotAJsonKey)
}

fn is_json_object(text: &[u8]) -> bool {
    Value::document(text).is_ok_and(|value| value.kind() == JsonKind::Object)
}

fn decoded(text: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let text = text.trim_ascii();
    let padding = if text.ends_with(b"=") { Padding::Required } else { Padding::Forbidden };
    base64::decode(text, padding).ok()
}
