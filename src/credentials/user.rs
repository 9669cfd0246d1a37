//! User names, which may be shown unless they look like secrets.

use std::fmt;

use super::config::RawEntry;

/// A user name, which is shown unless it looks like a password.
#[derive(Clone, PartialEq, Eq)]
pub struct UserName {
    shown: Option<String>,
}

impl UserName {
    /// The name, or `None` when it looks like a token and is not for display.
    pub fn shown(&self) -> Option<&str> {
        self.shown.as_deref()
    }

    /// The user of an entry. Also hidden when it equals the password, as with registries that want
    /// the token in both places.
    pub(super) fn of(entry: &RawEntry) -> Self {
        let user = entry.user.expose();
        let secret = looks_like_token(user) || (!user.is_empty() && entry.user == entry.password);
        Self { shown: (!secret).then(|| String::from_utf8_lossy(user).into_owned()) }
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserName({self})")
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown().unwrap_or("[redacted]"))
    }
}

/// How the tokens of known issuers begin.
const TOKEN_PREFIXES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_", // GitHub
    "glpat-",
    "gldt-",
    "glcbt-",
    "glrt-",
    "gloas-", // GitLab
    "dckr_pat_",
    "dckr_oat_", // Docker Hub
    "dop_v1_",
    "doo_v1_", // DigitalOcean
    "ya29.",   // Google
    "AKCp",
    "cmVmd", // Artifactory
    "eyJ",   // JSON in base64: JWT, ECR
    "{",     // a key file
    "-----BEGIN",
];

/// The longest thing that people use as a user name; what is longer came out of a machine.
const LONGEST_NAME: usize = 128;

/// Whether a text is a token or key rather than a name.
pub(super) fn looks_like_token(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    text.len() > LONGEST_NAME
        || TOKEN_PREFIXES.iter().any(|prefix| text.starts_with(prefix.as_bytes()))
}
