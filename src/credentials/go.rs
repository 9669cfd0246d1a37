//! What Go's standard library does, as far as the kubelet's credentials depend on it.
//!
//! The kubelet decides by these three whether a secret is readable and which images it serves, down
//! to their corner cases and their error texts; the crates of this ecosystem differ in both.

pub(super) mod base64;
pub(super) mod json;
pub(super) mod url;
