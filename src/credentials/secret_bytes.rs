//! Bytes that cannot be printed and are wiped when dropped.
//!
//! Every payload, password and token in this crate is one of these from the moment it is decoded.

use std::fmt;

use zeroize::Zeroizing;

/// Secret bytes. Not a `String`: Go's strings are bytes, and a password may be any.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the bytes over; the caller's buffer must itself be one that is wiped.
    pub(super) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// A copy of part of another secret.
    pub(super) fn copy_of(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes, for the one who must compare or decode them.
    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
