//! From bytes to text: the encodings in which people save what kubectl prints.

use std::io::Read;

use zeroize::{Zeroize, Zeroizing};

/// The largest input that is read. Memory holds it once.
const LIMIT: u64 = 1 << 30;

/// The text of one input. It may hold a Secret, so it is wiped when it is dropped.
pub(super) struct Text {
    whole: Zeroizing<String>,
    /// Behind the byte-order mark.
    start: usize,
}

impl Text {
    pub(super) fn as_str(&self) -> &str {
        &self.whole[self.start..]
    }
}

/// Reads all of `reader`; `size` is a guess that saves copies of the growing buffer.
pub(super) fn read(mut reader: impl Read, size: u64) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let size = usize::try_from(size.min(LIMIT)).unwrap_or(0);
    // One byte more than the size lets the last read find the end without growing the buffer.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    reader.by_ref().take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(std::io::Error::other("it is larger than 1 GiB"));
    }
    Ok(bytes)
}

/// What is wrong with bytes that are no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotText {
    /// A byte that no UTF-8 has there, at that offset.
    NotUtf8(usize),
    /// Half a character of UTF-16, at that offset.
    NotUtf16(usize),
    /// A NUL byte, at that offset.
    Nul(usize),
}

impl std::fmt::Display for NotText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotUtf8(offset) => write!(f, "it is not UTF-8 at byte offset {offset}"),
            Self::NotUtf16(offset) => write!(f, "it is not UTF-16 at byte offset {offset}"),
            Self::Nul(offset) => write!(f, "it has a NUL byte at byte offset {offset}"),
        }
    }
}

/// Decodes UTF-8, or UTF-16 by its byte-order mark (what `>` writes in Windows `PowerShell`).
///
/// `is_words` says of a text with foreign bytes replaced whether it is one that is only read for
/// its words; there a lost character does no harm.
pub(super) fn decode(
    mut bytes: Zeroizing<Vec<u8>>,
    is_words: impl Fn(&str) -> bool,
) -> Result<Text, NotText> {
    match bytes.as_slice() {
        [0xFF, 0xFE, units @ ..] => return utf16(units, u16::from_le_bytes),
        [0xFE, 0xFF, units @ ..] => return utf16(units, u16::from_be_bytes),
        _ => {}
    }
    let start = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        return Err(NotText::Nul(offset));
    }
    let whole = match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(whole) => whole,
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let bytes = Zeroizing::new(error.into_bytes());
            let mut lossy = String::from_utf8_lossy(&bytes).into_owned();
            if !is_words(&lossy[start..]) {
                lossy.zeroize();
                return Err(NotText::NotUtf8(offset));
            }
            lossy
        }
    };
    Ok(Text { whole: Zeroizing::new(whole), start })
}

/// Decodes UTF-16 behind its byte-order mark.
fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<Text, NotText> {
    const MARK: usize = 2;
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut whole = Zeroizing::new(String::with_capacity(bytes.len() / 2));
    let mut offset = MARK;
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok('\0') => return Err(NotText::Nul(offset)),
            Ok(character) => {
                whole.push(character);
                offset += character.len_utf16() * 2;
            }
            Err(_) => return Err(NotText::NotUtf16(offset)),
        }
    }
    if rest.is_empty() { Ok(Text { whole, start: 0 }) } else { Err(NotText::NotUtf16(offset)) }
}
