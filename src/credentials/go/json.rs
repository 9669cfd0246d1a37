//! `encoding/json` of Go 1.26: the scanner with its error texts, and strings as it decodes them.
//!
//! No JSON crate fits: those that are quick refuse what Go takes (lone surrogates, bytes that are
//! no UTF-8, depth), word their errors otherwise, and leave copies of passwords behind.

use zeroize::Zeroizing;

/// Go gives up on values nested deeper than this (`maxNestingDepth` in scanner.go).
const MAX_DEPTH: usize = 10_000;

/// The kinds of values, under the names that `UnmarshalTypeError` has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl Kind {
    /// The word in `json: cannot unmarshal <word> into …`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Null => "null",
        }
    }
}

/// One value inside a document that the scanner has passed.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// Checks a whole document (`checkValid`), giving Go's words for what is wrong with it.
    pub(crate) fn document(data: &'a [u8]) -> Result<Self, String> {
        let mut scanner = Scanner { step: Step::Value, open: Vec::new() };
        for byte in data {
            scanner.feed(*byte)?;
        }
        // As `scanner.eof`: a blank ends a number, and is an error inside a literal.
        if scanner.step != Step::Done {
            scanner.feed(b' ')?;
        }
        if scanner.step != Step::Done {
            return Err("unexpected end of JSON input".to_owned());
        }
        Ok(Self(data.trim_ascii()))
    }

    /// What kind of value it is.
    pub(crate) fn kind(self) -> Kind {
        match self.0.first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// The members of an object in the order in which they stand, repeated names included; none
    /// for other kinds.
    pub(crate) fn members(self) -> Members<'a> {
        Members { rest: if self.kind() == Kind::Object { &self.0[1..] } else { b"}" } }
    }

    /// A string as Go decodes it (`unquote`); empty for other kinds.
    pub(crate) fn string(self) -> Zeroizing<String> {
        match self.0 {
            [b'"', inner @ .., b'"'] => unquote(inner),
            _ => Zeroizing::new(String::new()),
        }
    }

    /// A whole number, which may be written with a fraction; `None` for other kinds.
    pub(crate) fn seconds(self) -> Option<i64> {
        let text = std::str::from_utf8(self.0).ok()?;
        let number: f64 = text.parse().ok()?;
        // Bounds a calendar can hold; the cast is exact within them.
        #[expect(clippy::cast_possible_truncation, reason = "bounded in the same expression")]
        (number.abs() < 1e13).then_some(number as i64)
    }
}

/// Iterator over [`Value::members`].
pub(crate) struct Members<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Members<'a> {
    type Item = (Zeroizing<String>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.take_from(b'"')?;
        self.rest = skip_past(self.rest, b':');
        let start = self.rest.trim_ascii_start().first().copied()?;
        let value = self.take_from(start)?;
        Some((name.string(), value))
    }
}

impl<'a> Members<'a> {
    /// The next value, which begins with `first`; leaves what follows it. `None` at the end.
    fn take_from(&mut self, first: u8) -> Option<Value<'a>> {
        let start = self.rest.iter().position(|byte| !b" \t\r\n,".contains(byte))?;
        let rest = &self.rest[start..];
        if rest.first() != Some(&first) {
            return None;
        }
        let (value, after) = rest.split_at(length(rest));
        self.rest = after;
        Some(Value(value))
    }
}

fn skip_past(text: &[u8], wanted: u8) -> &[u8] {
    let at = text.iter().position(|byte| *byte == wanted).map_or(text.len(), |at| at + 1);
    &text[at..]
}

/// The length of the value that `text` begins with. Iterative: depth is the sender's choice.
fn length(text: &[u8]) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => {
                in_string = !in_string;
                if !in_string && depth == 0 {
                    return at + 1;
                }
            }
            _ if in_string => {}
            // Behind a number or a literal.
            b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// `unquote` in decode.go: escapes resolved, and U+FFFD for what is no Unicode.
fn unquote(inner: &[u8]) -> Zeroizing<String> {
    // A stray byte becomes three; sized once so that no copy is left unwiped.
    let mut output = Zeroizing::new(String::with_capacity(inner.len() * 3));
    let mut rest = inner;
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'\\' {
            let end = rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len());
            push_as_go(&mut output, &rest[..end]);
            rest = &rest[end..];
            continue;
        }
        let Some((&escape, after)) = after.split_first() else { break };
        rest = after;
        match escape {
            b'b' => output.push('\u{8}'),
            b'f' => output.push('\u{c}'),
            b'n' => output.push('\n'),
            b'r' => output.push('\r'),
            b't' => output.push('\t'),
            b'u' => {
                let high = hex4(rest);
                rest = rest.get(4..).unwrap_or_default();
                let low = rest.strip_prefix(br"\u").map(hex4);
                match (char::from_u32(high), low) {
                    (Some(c), _) => output.push(c),
                    (None, Some(low @ 0xdc00..=0xdfff)) if high < 0xdc00 => {
                        let joined = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        output.push(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
                        rest = rest.get(6..).unwrap_or_default();
                    }
                    (None, _) => output.push(char::REPLACEMENT_CHARACTER),
                }
            }
            // The quote, the backslash and the slash stand for themselves.
            other => output.push(char::from(other)),
        }
    }
    output
}

/// Appends bytes, with one U+FFFD for each that is no UTF-8 (Rust's lossy conversion would merge
/// some).
fn push_as_go(output: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        output.push_str(chunk.valid());
        for _ in chunk.invalid() {
            output.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

fn hex4(text: &[u8]) -> u32 {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0);
    text.iter().take(4).fold(0, |sum, byte| sum << 4 | digit(byte))
}

/// Where the scanner is: the `state…` functions of scanner.go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Value,
    ValueOrEndOfArray,
    NameOrEndOfObject,
    Name,
    EndOfValue,
    Done,
    InString,
    InEscape,
    InHex(u8),
    Literal(&'static str, usize),
    Minus,
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

/// What the scanner is inside of, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Name,
    Member,
    Array,
}

struct Scanner {
    step: Step,
    open: Vec<Open>,
}

impl Scanner {
    fn feed(&mut self, byte: u8) -> Result<(), String> {
        let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        match self.step {
            Step::Value | Step::Name | Step::ValueOrEndOfArray | Step::NameOrEndOfObject
                if blank => {}
            Step::ValueOrEndOfArray if byte == b']' => return self.end_of_value(byte),
            Step::Value | Step::ValueOrEndOfArray => return self.begin_value(byte),
            Step::NameOrEndOfObject if byte == b'}' => {
                // An empty object ends where a name was awaited: as if after a member.
                self.open.pop();
                self.open.push(Open::Member);
                return self.end_of_value(byte);
            }
            Step::Name | Step::NameOrEndOfObject => {
                if byte != b'"' {
                    return invalid(byte, "looking for beginning of object key string");
                }
                self.step = Step::InString;
            }
            Step::EndOfValue => return self.end_of_value(byte),
            Step::Done => {
                if !blank {
                    return invalid(byte, "after top-level value");
                }
            }
            Step::InString => match byte {
                b'"' => self.step = Step::EndOfValue,
                b'\\' => self.step = Step::InEscape,
                0..0x20 => return invalid(byte, "in string literal"),
                _ => {}
            },
            Step::InEscape => match byte {
                b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {
                    self.step = Step::InString;
                }
                b'u' => self.step = Step::InHex(4),
                _ => return invalid(byte, "in string escape code"),
            },
            Step::InHex(left) => {
                if !byte.is_ascii_hexdigit() {
                    return invalid(byte, "in \\u hexadecimal character escape");
                }
                self.step = if left == 1 { Step::InString } else { Step::InHex(left - 1) };
            }
            Step::Literal(word, at) => {
                let expected = word.as_bytes()[at];
                if byte != expected {
                    let expected = char::from(expected);
                    let context = format!("in literal {word} (expecting '{expected}')");
                    return invalid(byte, &context);
                }
                let last = at + 1 == word.len();
                self.step = if last { Step::EndOfValue } else { Step::Literal(word, at + 1) };
            }
            Step::Minus => match byte {
                b'0' => self.step = Step::Zero,
                b'1'..=b'9' => self.step = Step::Digits,
                _ => return invalid(byte, "in numeric literal"),
            },
            Step::Digits if byte.is_ascii_digit() => {}
            Step::Zero | Step::Digits if byte == b'.' => self.step = Step::Point,
            Step::Zero | Step::Digits | Step::Fraction if matches!(byte, b'e' | b'E') => {
                self.step = Step::Exponent;
            }
            Step::Fraction | Step::ExponentDigits if byte.is_ascii_digit() => {}
            Step::Zero | Step::Digits | Step::Fraction | Step::ExponentDigits => {
                return self.end_of_value(byte);
            }
            Step::Point => {
                if !byte.is_ascii_digit() {
                    return invalid(byte, "after decimal point in numeric literal");
                }
                self.step = Step::Fraction;
            }
            Step::Exponent if matches!(byte, b'+' | b'-') => self.step = Step::ExponentSign,
            Step::Exponent | Step::ExponentSign => {
                if !byte.is_ascii_digit() {
                    return invalid(byte, "in exponent of numeric literal");
                }
                self.step = Step::ExponentDigits;
            }
        }
        Ok(())
    }

    fn begin_value(&mut self, byte: u8) -> Result<(), String> {
        self.step = match byte {
            b'{' => {
                self.push(Open::Name)?;
                Step::NameOrEndOfObject
            }
            b'[' => {
                self.push(Open::Array)?;
                Step::ValueOrEndOfArray
            }
            b'"' => Step::InString,
            b'-' => Step::Minus,
            b'0' => Step::Zero,
            b'1'..=b'9' => Step::Digits,
            b't' => Step::Literal("true", 1),
            b'f' => Step::Literal("false", 1),
            b'n' => Step::Literal("null", 1),
            _ => return invalid(byte, "looking for beginning of value"),
        };
        Ok(())
    }

    /// `stateEndValue`.
    fn end_of_value(&mut self, byte: u8) -> Result<(), String> {
        let Some(open) = self.open.last_mut() else {
            self.step = Step::Done;
            return self.feed(byte);
        };
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            self.step = Step::EndOfValue;
            return Ok(());
        }
        match (*open, byte) {
            (Open::Name, b':') => {
                *open = Open::Member;
                self.step = Step::Value;
            }
            (Open::Member, b',') => {
                *open = Open::Name;
                self.step = Step::Name;
            }
            (Open::Array, b',') => self.step = Step::Value,
            (Open::Member, b'}') | (Open::Array, b']') => {
                self.open.pop();
                self.step = if self.open.is_empty() { Step::Done } else { Step::EndOfValue };
            }
            (Open::Name, _) => return invalid(byte, "after object key"),
            (Open::Member, _) => return invalid(byte, "after object key:value pair"),
            (Open::Array, _) => return invalid(byte, "after array element"),
        }
        Ok(())
    }

    fn push(&mut self, open: Open) -> Result<(), String> {
        self.open.push(open);
        if self.open.len() > MAX_DEPTH { Err("exceeded max depth".to_owned()) } else { Ok(()) }
    }
}

/// `scanner.error`, with the byte quoted as `quoteChar` does: as the Latin-1 letter it would be.
fn invalid(byte: u8, context: &str) -> Result<(), String> {
    let quoted = match byte {
        b'\'' => r"'\''".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        0x07 => r"'\a'".to_owned(),
        0x08 => r"'\b'".to_owned(),
        0x0b => r"'\v'".to_owned(),
        0x0c => r"'\f'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        0..0x20 | 0x7f => format!(r"'\x{byte:02x}'"),
        0x80..0xa1 | 0xad => format!(r"'\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    };
    Err(format!("invalid character {quoted} {context}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), String> {
        Value::document(text.as_bytes()).map(|_| ())
    }

    #[test]
    fn accepts_what_go_accepts() {
        for text in [
            "{}",
            " [ ] ",
            "0",
            "-0.5e+10",
            "1E9 ",
            "\"a\"",
            "true",
            "null\n",
            "[1,2]",
            "[[],{}]",
            r#"{"a":{"b":[1,{"c":null}]},"a":2}"#,
            r#""\u0041\ud800\"\\\/""#,
            "\"\u{e9}\"",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn refuses_in_the_words_of_go() {
        for (text, expected) in [
            ("", "unexpected end of JSON input"),
            (" ", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("[1", "unexpected end of JSON input"),
            ("\"a", "unexpected end of JSON input"),
            ("tru", "invalid character ' ' in literal true (expecting 'e')"),
            ("nul", "invalid character ' ' in literal null (expecting 'l')"),
            ("-", "invalid character ' ' in numeric literal"),
            ("auths: {}", "invalid character 'a' looking for beginning of value"),
            ("'a'", r"invalid character '\'' looking for beginning of value"),
            ("\u{feff}{}", "invalid character '\u{ef}' looking for beginning of value"),
            ("{a", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{,}", "invalid character ',' looking for beginning of object key string"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1}", "invalid character '}' after array element"),
            ("{} {}", "invalid character '{' after top-level value"),
            ("{}x", "invalid character 'x' after top-level value"),
            ("01", "invalid character '1' after top-level value"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("\"\n\"", r"invalid character '\n' in string literal"),
            ("\"\u{1}\"", r"invalid character '\x01' in string literal"),
            (r#""\x""#, "invalid character 'x' in string escape code"),
            (r#""\u00g0""#, r"invalid character 'g' in \u hexadecimal character escape"),
            ("\u{85}", "invalid character '\u{c2}' looking for beginning of value"),
        ] {
            assert_eq!(check(text), Err(expected.to_owned()), "{text:?}");
        }
        assert_eq!(check(&"[".repeat(10_001)), Err("exceeded max depth".to_owned()));
        assert!(check(&("[".repeat(10_000) + &"]".repeat(10_000))).is_ok());
    }

    #[test]
    fn strings_decode_as_in_go() {
        for (text, expected) in [
            (br#""a\n\u0041\/""#.as_slice(), "a\nA/"),
            (br#""\ud83d\ude00""#, "\u{1f600}"),
            (br#""\ud83dx""#, "\u{fffd}x"),
            (br#""\ud83d\u0041""#, "\u{fffd}A"),
            (br#""\ude00""#, "\u{fffd}"),
            (b"\"\xff\xfea\"", "\u{fffd}\u{fffd}a"),
            (b"\"\xe2\x82\"", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(Value::document(text).unwrap().string().as_str(), expected);
        }
    }

    #[test]
    fn members_keep_order_and_repeats() {
        let text = br#" { "a" : "x,}" , "b":[{"c":1},"]"], "a":{} ,"d":-1.5e3,"e":null } "#;
        let value = Value::document(text).unwrap();
        let found: Vec<(String, Kind)> =
            value.members().map(|(name, value)| (name.to_string(), value.kind())).collect();
        let expected = [
            ("a", Kind::String),
            ("b", Kind::Array),
            ("a", Kind::Object),
            ("d", Kind::Number),
            ("e", Kind::Null),
        ];
        assert_eq!(found, expected.map(|(name, kind)| (name.to_owned(), kind)));
        assert_eq!(value.members().nth(1).unwrap().1.members().count(), 0);
    }
}
