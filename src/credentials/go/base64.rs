//! `encoding/base64` of Go 1.26: `StdEncoding` and `RawStdEncoding`.
//!
//! Line breaks are skipped wherever they stand, surplus bits in the last quantum are not looked at,
//! and an error names the offset by Go's own counting.

use zeroize::Zeroizing;

/// Whether the input must be padded with `=`, or must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// `base64.StdEncoding`.
    Required,
    /// `base64.RawStdEncoding`.
    Forbidden,
}

/// `base64.CorruptInputError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CorruptInput(usize);

impl std::fmt::Display for CorruptInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "illegal base64 data at input byte {}", self.0)
    }
}

/// `Encoding.DecodeString`.
pub(crate) fn decode(input: &[u8], padding: Padding) -> Result<Zeroizing<Vec<u8>>, CorruptInput> {
    // Sized once: a buffer that grows would leave copies behind that nobody wipes.
    let mut output = Zeroizing::new(Vec::with_capacity(input.len() / 4 * 3 + 3));
    let mut at = 0;
    while at < input.len() {
        at = decode_quantum(input, at, padding, &mut output)?;
    }
    Ok(output)
}

/// `Encoding.decodeQuantum`: up to four digits from `at`; gives back where the next begin.
fn decode_quantum(
    input: &[u8],
    mut at: usize,
    padding: Padding,
    output: &mut Vec<u8>,
) -> Result<usize, CorruptInput> {
    let mut digits = [0_u8; 4];
    let mut count = 0;
    while count < 4 {
        let Some(&byte) = input.get(at) else {
            if count == 0 {
                return Ok(at);
            }
            if count == 1 || padding == Padding::Required {
                return Err(CorruptInput(at - count));
            }
            break;
        };
        at += 1;
        if let Some(value) = digit(byte) {
            digits[count] = value;
            count += 1;
            continue;
        }
        if is_line_break(byte) {
            continue;
        }
        if byte != b'=' || padding == Padding::Forbidden || count < 2 {
            return Err(CorruptInput(at - 1));
        }
        if count == 2 {
            at = skip_line_breaks(input, at);
            match input.get(at) {
                None => return Err(CorruptInput(input.len())),
                Some(b'=') => at += 1,
                Some(_) => return Err(CorruptInput(at - 1)),
            }
        }
        at = skip_line_breaks(input, at);
        if at < input.len() {
            return Err(CorruptInput(at));
        }
        break;
    }
    let [a, b, c, d] = digits;
    let bytes = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    output.extend_from_slice(&bytes[..count - 1]);
    Ok(at)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn is_line_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

fn skip_line_breaks(input: &[u8], at: usize) -> usize {
    at + input[at..].iter().take_while(|byte| is_line_break(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(input: &str, padding: Padding) -> Result<String, String> {
        match decode(input.as_bytes(), padding) {
            Ok(bytes) => Ok(String::from_utf8(bytes.to_vec()).unwrap()),
            Err(why) => Err(why.to_string().rsplit(' ').next().unwrap().to_owned()),
        }
    }

    /// The corrupt ones are those of `TestDecodeCorrupt` in Go.
    #[test]
    fn as_go_decodes() {
        for (input, expected) in [
            ("", Ok("")),
            ("\n", Ok("")),
            ("AAA=\n", Ok("\0\0")),
            ("AAAA\n", Ok("\0\0\0")),
            ("!!!!", Err("0")),
            ("====", Err("0")),
            ("x===", Err("1")),
            ("=AAA", Err("0")),
            ("A=AA", Err("1")),
            ("AA=A", Err("2")),
            ("AA==A", Err("4")),
            ("AAA=AAAA", Err("4")),
            ("AAAAA", Err("4")),
            ("AAAAAA", Err("4")),
            ("A=", Err("1")),
            ("A==", Err("1")),
            ("AA=", Err("3")),
            ("AA==", Ok("\0")),
            ("AAA=", Ok("\0\0")),
            ("AAAA", Ok("\0\0\0")),
            ("AAAAAA=", Err("7")),
            ("YWJjZA=====", Err("8")),
            ("A!\n", Err("1")),
            ("A=\n", Err("1")),
            ("c3VyZQ==", Ok("sure")),
            ("c3VyZQ==\r\n", Ok("sure")),
            ("c3V\nyZQ\r=\n=", Ok("sure")),
            ("c3VyZR==", Ok("sure")),
            ("c3VyZQ== ", Err("8")),
            ("c3Vy-Q==", Err("4")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(run(input, Padding::Required), expected, "{input:?}");
        }
        for (input, expected) in [
            ("c3VyZQ", Ok("sure")),
            ("c3VyZQ\n", Ok("sure")),
            ("c3VyZQ=", Err("6")),
            ("c3VyZ", Err("4")),
            ("YWI ", Err("3")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(run(input, Padding::Forbidden), expected, "{input:?}");
        }
    }
}
