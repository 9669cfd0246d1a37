//! The kubelet's reasons of waiting, where other words are glued to them: `KubePodImagePullBackOff`
//! of an alert, `0/1ErrImagePull0` of a table whose blanks were lost.
//!
//! Asked only where nothing of the dictionary names a cause.

use crate::cause::{self, Cause};

/// How much of a message is looked at: a bound for hostile texts.
const LOOK: usize = 16 << 10;

/// The reasons as the kubelet spells them (`pkg/kubelet/images/types.go`), and what each says alone.
static REASONS: [(&str, &Cause); 6] = [
    ("ErrImagePull", &cause::BACK_OFF),
    ("ImagePullBackOff", &cause::BACK_OFF),
    ("ErrImageNeverPull", &cause::NEVER_PULL),
    ("InvalidImageName", &cause::INVALID_REFERENCE),
    ("ImageInspectError", &cause::IMAGE_STORE_CORRUPT),
    ("SignatureValidationFailed", &cause::SIGNATURE_REJECTED),
];

/// The cause of the reason that stands first, and where it stands.
pub(super) fn reason(text: &str) -> Option<(&'static Cause, (usize, usize))> {
    let look = &text[..text.floor_char_boundary(LOOK)];
    let found = |(reason, cause): &(&str, &'static Cause)| {
        let at = look.find(reason)?;
        let end = at + reason.len();
        (stands(&look[..at], &look[end..])).then_some((*cause, (at, end)))
    };
    REASONS.iter().filter_map(found).min_by_key(|(_, (at, _))| *at)
}

/// Whether a reason stands between these, and not the name of a file or a function.
fn stands(before: &str, after: &str) -> bool {
    !before.ends_with(['/', '-', '_', '.', '@', '%'])
        && !after.starts_with(|c: char| c.is_ascii_lowercase() || "(/-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_found_between_other_words() {
        for (text, code) in [
            ("[FIRING:1] KubePodImagePullBackOff (shop web-1 warning)", "back-off"),
            ("web-10/1ErrImageNeverPull0 12s", "never-pull"),
            ("2m13sWarningInspectFailedpod/webImageInspectError", "image-store-corrupt"),
        ] {
            assert_eq!(reason(text).map(|(cause, _)| cause.code), Some(code), "{text}");
        }
        for text in ["open docs/ErrImagePull.md", "isImagePullBackOff(pod)", "errimagepull"] {
            assert!(reason(text).is_none(), "{text}");
        }
    }
}
