//! When a credential stops working, without asking anybody.
//!
//! Some credentials say so themselves; of others the kind says how long they live. Must not look
//! at the clock: a caller compares.

use chrono::{DateTime, TimeDelta};
use zeroize::Zeroizing;

use super::go::base64::{self, Padding};
use super::go::json::Value;
use super::secret_bytes::SecretBytes;
use crate::facts::Time;
use crate::registry::Kind;

/// When a credential stops working.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// The moment.
    pub at: Time,
    /// How sure that is.
    pub how: Certainty,
    /// What the credential is.
    pub what: Lifetime,
}

impl Expiry {
    /// Whether it has passed. A token is no longer good in the second that it names (RFC 7519,
    /// "on or after").
    pub fn has_passed(&self, now: Time) -> bool {
        now >= self.at
    }
}

/// How an expiry is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The token itself says so.
    Proven,
    /// Tokens of this kind live that long, and the secret was last written that long ago.
    Inferred,
}

/// Kinds of credentials that do not last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifetime {
    /// The password of `aws ecr get-login-password`: 12 hours.
    EcrPassword,
    /// A JSON Web Token.
    Jwt,
    /// A Google access token: an hour.
    GoogleAccessToken,
}

impl Lifetime {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcrPassword => "an ECR password",
            Self::Jwt => "a JSON Web Token",
            Self::GoogleAccessToken => "a Google access token",
        }
    }
}

/// What is known of a credential's life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Life {
    /// When it ends.
    pub(super) expiry: Option<Expiry>,
    /// When it begins (`nbf`).
    pub(super) not_before: Option<Time>,
}

/// Reads the life of a credential for a registry. `written` is when it can have got into the
/// secret at the latest.
pub(super) fn life(
    registry: Kind,
    user: &SecretBytes,
    password: &SecretBytes,
    written: Option<Time>,
) -> Life {
    let token = password.expose().trim_ascii();
    if let Some(life) = jwt(token) {
        return life;
    }
    if let Some(at) = ecr_expiration(token) {
        let expiry = Expiry { at, how: Certainty::Proven, what: Lifetime::EcrPassword };
        return Life { expiry: Some(expiry), not_before: None };
    }
    let is_ecr =
        matches!(registry, Kind::Ecr | Kind::EcrPublic) && user.expose().trim_ascii() == b"AWS";
    let what = if is_ecr {
        Lifetime::EcrPassword
    } else if token.starts_with(b"ya29.") {
        Lifetime::GoogleAccessToken
    } else {
        return Life::default();
    };
    let lasts = match what {
        Lifetime::GoogleAccessToken => TimeDelta::hours(1),
        Lifetime::EcrPassword | Lifetime::Jwt => TimeDelta::hours(12),
    };
    let at = written.and_then(|written| written.checked_add_signed(lasts));
    let expiry = at.map(|at| Expiry { at, how: Certainty::Inferred, what });
    Life { expiry, not_before: None }
}

/// `exp` and `nbf` of a JSON Web Token (RFC 7519). `None` when it is none.
fn jwt(token: &[u8]) -> Option<Life> {
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let header = base64_url(header)?;
    Value::document(&header).ok()?.members().next()?;
    let claims = base64_url(claims)?;
    let claims = Value::document(&claims).ok()?;
    let expiry = time_member(claims, "exp").map(|at| Expiry {
        at,
        how: Certainty::Proven,
        what: Lifetime::Jwt,
    });
    Some(Life { expiry, not_before: time_member(claims, "nbf") })
}

/// The `expiration` inside the password that `ecr:GetAuthorizationToken` gives.
fn ecr_expiration(token: &[u8]) -> Option<Time> {
    // Where there is no JSON object in base64, do not decode the whole for nothing.
    if !token.starts_with(b"ey") && !token.starts_with(b"ew") {
        return None;
    }
    let padding = if token.ends_with(b"=") { Padding::Required } else { Padding::Forbidden };
    let decoded = base64::decode(token, padding).ok()?;
    time_member(Value::document(&decoded).ok()?, "expiration")
}

fn time_member(object: Value<'_>, name: &str) -> Option<Time> {
    let (_, value) = object.members().find(|(member, _)| member.as_str() == name)?;
    DateTime::from_timestamp(value.seconds()?, 0)
}

/// Base64 with the alphabet for URLs (RFC 7515).
fn base64_url(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let translated: Zeroizing<Vec<u8>> = Zeroizing::new(
        text.iter()
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            })
            .collect(),
    );
    let end = translated.iter().rposition(|byte| *byte != b'=').map_or(0, |at| at + 1);
    base64::decode(&translated[..end], Padding::Forbidden).ok()
}
