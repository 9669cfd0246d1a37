//! What can be wrong with a reference, in words, and what was probably meant.

use std::fmt;

use super::{OFFICIAL, read};

/// Why an image reference is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidReference {
    /// What is wrong.
    pub flaw: Flaw,
    /// The reference that was probably meant; itself valid, and never a guess at a missing value.
    pub suggestion: Option<String>,
}

impl InvalidReference {
    pub(super) fn new(flaw: Flaw, written: &str) -> Self {
        let suggestion = mended(flaw.clone(), written);
        Self { flaw, suggestion }
    }
}

impl fmt::Display for InvalidReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flaw.fmt(f)
    }
}

impl std::error::Error for InvalidReference {}

/// What can be wrong with a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// Nothing is written.
    Empty,
    /// White space, or a control character, before, after or within.
    WhiteSpace,
    /// A template that nothing filled in: `{{ .Values.image }}`, `$IMAGE`, `<image>`.
    Template(String),
    /// A scheme in front: `https://`, `docker://`, `oci://`.
    Scheme(String),
    /// Quotation marks around it, from a template or a shell.
    Quoted,
    /// 64 hexadecimal digits and nothing else could be an image's id.
    BareIdentifier,
    /// The first component is taken for a registry, and is no host.
    Registry(String),
    /// There is no repository after the registry.
    NoRepository,
    /// A repository may not hold capitals.
    Uppercase(String),
    /// A slash at the end.
    TrailingSlash,
    /// Two slashes in a row.
    EmptyComponent,
    /// A part of the repository's path has characters in it, or at its edges, that may not be there.
    Component(String),
    /// The repository's path is longer than 255 characters.
    TooLong(usize),
    /// A colon with no tag behind it.
    EmptyTag,
    /// Two tags.
    TwoTags,
    /// A tag in the middle of the path.
    TagBeforePath(String),
    /// The tag has characters in it that may not be there, or more than 128.
    Tag(String),
    /// Two digests.
    TwoDigests,
    /// The digest is not an algorithm, a colon and lower-case hexadecimal digits.
    Digest(String),
    /// The digest's algorithm is none that the runtimes know.
    DigestAlgorithm(String),
    /// The digest has too few or too many digits for its algorithm.
    DigestLength {
        /// The digits that the algorithm wants.
        expected: usize,
        /// The digits that are there.
        found: usize,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the image is empty"),
            Self::WhiteSpace => f.write_str("there is white space in it"),
            Self::Template(what) => write!(f, "`{what}` was never filled in"),
            Self::Scheme(scheme) => {
                write!(f, "an image has no scheme: drop `{scheme}`")
            }
            Self::Quoted => f.write_str("there are quotation marks in it"),
            Self::BareIdentifier => {
                f.write_str("64 hexadecimal digits alone are taken for an image id, not a name")
            }
            Self::Registry(host) => write!(f, "`{host}` is not a valid registry host"),
            Self::NoRepository => f.write_str("there is no repository in it"),
            Self::Uppercase(repository) => {
                write!(f, "the repository must be lower case: `{repository}`")
            }
            Self::TrailingSlash => f.write_str("there is a slash at the end"),
            Self::EmptyComponent => f.write_str("there are two slashes in a row"),
            Self::Component(part) => write!(
                f,
                "`{part}` is no valid part of a repository's path: lower-case letters and digits, \
                 with single dots, hyphens or one or two underscores between them"
            ),
            Self::TooLong(length) => {
                write!(f, "the repository's path has {length} characters, and may have 255")
            }
            Self::EmptyTag => f.write_str("there is no tag after the colon"),
            Self::TwoTags => f.write_str("there are two tags in it"),
            Self::TagBeforePath(tag) => {
                write!(f, "the path goes on after the tag: `:{tag}`")
            }
            Self::Tag(tag) => write!(
                f,
                "`{tag}` is not a valid tag: up to 128 letters, digits, `_`, `.` and `-`, not \
                 beginning with `.` or `-`"
            ),
            Self::TwoDigests => f.write_str("there are two digests in it"),
            Self::Digest(digest) => {
                write!(f, "`{digest}` is not a valid digest, such as sha256:… in lower case")
            }
            Self::DigestAlgorithm(algorithm) => {
                write!(f, "`{algorithm}` is not a digest algorithm that runtimes know")
            }
            Self::DigestLength { expected, found } => {
                write!(f, "the digest has {found} digits, and needs {expected}")
            }
        }
    }
}

impl Flaw {
    /// The flaw in the words of the person, who did not write the namespace of official images.
    pub(super) fn without_official(self, written: &str) -> Self {
        match self {
            Self::Uppercase(repository) if !written.contains(&repository) => {
                let own = repository.strip_prefix(OFFICIAL).unwrap_or(&repository);
                Self::Uppercase(own.to_owned())
            }
            other => other,
        }
    }

    /// The reference with this flaw mended, where that needs no guess.
    fn mend(&self, written: &str) -> Option<String> {
        match self {
            Self::WhiteSpace => Some(written.trim().to_owned()),
            Self::Scheme(scheme) => {
                Some(written.strip_prefix(scheme.as_str())?.trim_end_matches('/').to_owned())
            }
            Self::Quoted => Some(written.trim_matches(['"', '\'', '`']).to_owned()),
            Self::Uppercase(repository) => {
                Some(written.replacen(repository, &repository.to_lowercase(), 1))
            }
            Self::TrailingSlash => Some(written.trim_end_matches('/').to_owned()),
            Self::EmptyComponent => {
                let parts: Vec<&str> = written.split('/').filter(|part| !part.is_empty()).collect();
                Some(parts.join("/"))
            }
            Self::EmptyTag => Some(written.strip_suffix(':')?.to_owned()),
            Self::Digest(digest) => Some(written.replacen(digest, &digest.to_lowercase(), 1)),
            _ => None,
        }
    }
}

/// The reference with all its flaws mended. One that still does not parse would be worse than none.
fn mended(mut flaw: Flaw, written: &str) -> Option<String> {
    let mut text = written.to_owned();
    loop {
        let next = flaw.mend(&text).filter(|next| *next != text)?;
        match read(&next) {
            Ok(_) => return Some(next),
            // Each mend takes one kind of flaw away and adds none, so this ends.
            Err(another) => (flaw, text) = (another, next),
        }
    }
}

/// What a person would see at a glance, and the grammar would only call invalid.
pub(super) fn look_for_the_obvious(written: &str) -> Result<(), Flaw> {
    if written.is_empty() {
        return Err(Flaw::Empty);
    }
    // Before white space: `{{ .Values.image }}` has some.
    if let Some(template) = template(written) {
        return Err(Flaw::Template(template));
    }
    if written.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Flaw::WhiteSpace);
    }
    if written.contains(['"', '\'', '`']) {
        return Err(Flaw::Quoted);
    }
    if let Some((scheme, _)) = written.split_once("://")
        && !scheme.contains('/')
    {
        return Err(Flaw::Scheme(format!("{scheme}://")));
    }
    Ok(())
}

/// The first placeholder in it, with its brackets.
fn template(written: &str) -> Option<String> {
    for (open, close) in [("{{", "}}"), ("${", "}"), ("$(", ")"), ("<", ">")] {
        if let Some(start) = written.find(open) {
            let rest = &written[start..];
            let end = rest.find(close).map_or(rest.len(), |end| end + close.len());
            return Some(rest[..end].to_owned());
        }
    }
    let start = written.find('$')?;
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let length: usize = written[start + 1..].chars().take_while(|c| name(*c)).count();
    Some(written[start..=start + length].to_owned())
}
