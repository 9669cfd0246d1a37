//! The kubelet's reasons of waiting, where other words are glued to them: `KubePodImagePullBackOff`
//! of an alert, `0/1ErrImagePull0` of a table whose blanks were lost.
//!
//! Asked only where nothing of the dictionary names a cause.

/// How much of a message is looked at: a bound for hostile texts.
const LOOK: usize = 16 << 10;

/// The reasons as the kubelet spells them (`pkg/kubelet/images/types.go`).
const REASONS: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "SignatureValidationFailed",
];

/// Where the first reason stands.
pub(super) fn reason(text: &str) -> Option<(usize, usize)> {
    let look = &text[..text.floor_char_boundary(LOOK)];
    let found = |reason: &&str| {
        let start = look.find(reason)?;
        let end = start + reason.len();
        stands(&look[..start], &look[end..]).then_some((start, end))
    };
    REASONS.iter().filter_map(found).min()
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
        for (text, found) in [
            ("[FIRING:1] KubePodImagePullBackOff (shop web-1 warning)", "ImagePullBackOff"),
            ("web-10/1ErrImageNeverPull0 12s", "ErrImageNeverPull"),
            ("2m13sWarningInspectFailedpod/webImageInspectError", "ImageInspectError"),
        ] {
            assert_eq!(reason(text).map(|(start, end)| &text[start..end]), Some(found), "{text}");
        }
        for text in ["open docs/ErrImagePull.md", "isImagePullBackOff(pod)", "errimagepull"] {
            assert!(reason(text).is_none(), "{text}");
        }
    }
}
