//! An image that is said to be missing by its name, with no other word of a client's:
//! `image acme/web:1 not found`.
//!
//! Asked only where nothing of the dictionary names a cause.

/// How much of a message is looked at: a bound for hostile texts.
const LOOK: usize = 16 << 10;

/// What says that it is missing; lower case.
const MISSING: [&str; 3] = [" not found", " was not found", " does not exist"];

/// The same without a name; lower case.
const NAMELESS: &str = "image not found";

/// Where an image is said to be missing. Where a pull is known to fail any name will do.
pub(super) fn image(text: &str, is_pull: bool) -> Option<(usize, usize)> {
    let lower = text[..text.floor_char_boundary(LOOK)].to_ascii_lowercase();
    if is_pull && let Some(at) = lower.find(NAMELESS) {
        return Some((at, at + NAMELESS.len()));
    }
    lower.match_indices("image ").find_map(|(start, word)| {
        let name = start + word.len();
        let end = lower[name..].find(' ').map(|length| name + length)?;
        let bare = lower[name..end].trim_matches(['"', '\'', '`']);
        let names_tag = bare.contains([':', '/']) && !bare.contains("//") && !bare.ends_with(':');
        let missing = MISSING.iter().find(|words| lower[end..].starts_with(**words))?;
        (names_tag || is_pull).then_some((start, end + missing.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_missing_by_its_name() {
        for text in ["image acme/web:1.2 not found", "x: Image 'web:1' does not exist"] {
            assert!(image(text, false).is_some(), "{text}");
        }
        for text in ["image not found", "image pull secret not found", "image web not found"] {
            assert_eq!(image(text, false), None, "{text}");
        }
        assert!(image("CannotPullContainerError: image not found", true).is_some());
        assert!(image("docker pull says `image web not found`", true).is_some());
    }
}
