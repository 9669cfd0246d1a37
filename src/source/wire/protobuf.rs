//! The API's binary form (`application/vnd.kubernetes.protobuf`), as far as large lists go.
//!
//! An API server needs a fifth of the time to print a list this way, and a third of the bytes. Only
//! the fields that [`super`] reads from JSON are decoded, into the same types; everything else is
//! skipped by its length. Field numbers are those of `k8s.io/api/core/v1/generated.proto` and
//! `k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto`, which never change.
//!
//! The bytes come from outside: whatever they are, decoding ends, in an error at worst.

use std::fmt;

use chrono::DateTime;

use super::list::{List, ListMetadata};
use crate::facts::Time;

/// The media type.
pub const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// What stands before every answer (`runtime/serializer/protobuf`).
const MAGIC: &[u8] = b"k8s\0";

/// Bytes that are not what they should be. Says no more: they may be anybody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid protobuf")
    }
}

impl std::error::Error for Malformed {}

/// A field's value, by its wire type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    /// Numbers and booleans.
    Number(u64),
    /// Texts, messages and maps' entries.
    Bytes(&'a [u8]),
    /// Fixed-size numbers, of which no field here is one.
    Other,
}

/// A type that is made of fields.
pub trait Message: Default {
    /// Takes one field; numbers that mean nothing here are skipped.
    #[doc(hidden)]
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed>;

    /// Decodes a message.
    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut message = Self::default();
        message.merge(bytes)?;
        Ok(message)
    }

    /// Decodes a message into what is there: a message's parts may come apart.
    #[doc(hidden)]
    fn merge(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (number, value) = field(&mut rest)?;
            self.take(number, Field(value))?;
        }
        Ok(())
    }
}

/// A field's value, to be read as what its number says it is.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a>(Value<'a>);

impl<'a> Field<'a> {
    fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self.0 {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Number(_) | Value::Other => Err(Malformed),
        }
    }

    pub(super) fn text(self) -> Result<String, Malformed> {
        // Go writes any bytes; the API server lets UTF-8 only in.
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    pub(super) fn number(self) -> Result<i64, Malformed> {
        match self.0 {
            Value::Number(number) => Ok(number.cast_signed()),
            Value::Bytes(_) | Value::Other => Err(Malformed),
        }
    }

    pub(super) fn is_true(self) -> Result<bool, Malformed> {
        Ok(self.number()? != 0)
    }

    pub(in crate::source) fn message<M: Message>(self) -> Result<M, Malformed> {
        M::decode(self.bytes()?)
    }

    pub(super) fn merge_into(self, message: &mut impl Message) -> Result<(), Malformed> {
        message.merge(self.bytes()?)
    }

    /// A `Time` or `MicroTime`. The zero time is Go's way to say none.
    pub(super) fn time(self) -> Result<Option<Time>, Malformed> {
        let Stamp { seconds, nanos } = self.message()?;
        // JSON prints whole seconds, or microseconds, whichever the type holds.
        let nanos = u32::try_from(nanos).unwrap_or(0);
        let is_none = seconds == 0 && nanos == 0;
        Ok((!is_none).then(|| DateTime::from_timestamp(seconds, nanos)).flatten())
    }

    /// An entry of a map of texts.
    pub(super) fn entry(self) -> Result<(String, String), Malformed> {
        let Entry { key, value } = self.message()?;
        Ok((key, value))
    }
}

#[derive(Default)]
struct Stamp {
    seconds: i64,
    nanos: i64,
}

impl Message for Stamp {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.seconds = field.number()?,
            2 => self.nanos = field.number()?,
            _ => {}
        }
        Ok(())
    }
}

#[derive(Default)]
struct Entry {
    key: String,
    value: String,
}

impl Message for Entry {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.key = field.text()?,
            2 => self.value = field.text()?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for ListMetadata {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            2 => self.resource_version = field.text()?,
            3 => self.continue_token = field.text()?,
            4 => self.remaining_item_count = u64::try_from(field.number()?).ok(),
            _ => {}
        }
        Ok(())
    }
}

/// A list whose items are handed over one by one, so that it is never there as a whole.
struct Items<F> {
    metadata: ListMetadata,
    take: F,
}

/// Reads a list; gives its metadata.
pub fn each<M: Message>(answer: &[u8], take: impl FnMut(M)) -> Result<ListMetadata, Malformed> {
    let mut items = Items { metadata: ListMetadata::default(), take };
    let mut rest = unwrap(answer)?;
    while !rest.is_empty() {
        let (number, value) = field(&mut rest)?;
        match number {
            1 => Field(value).merge_into(&mut items.metadata)?,
            2 => (items.take)(Field(value).message()?),
            _ => {}
        }
    }
    Ok(items.metadata)
}

/// Reads a list as a whole.
pub fn list<M: Message>(answer: &[u8]) -> Result<List<M>, Malformed> {
    let mut items = Vec::new();
    let metadata = each(answer, |item| items.push(item))?;
    Ok(List { metadata, items })
}

/// The object inside an answer: `runtime.Unknown` behind the magic number.
fn unwrap(answer: &[u8]) -> Result<&[u8], Malformed> {
    let mut rest = answer.strip_prefix(MAGIC).ok_or(Malformed)?;
    let mut object: &[u8] = &[];
    while !rest.is_empty() {
        let (number, value) = field(&mut rest)?;
        if number == 2 {
            object = Field(value).bytes()?;
        }
    }
    Ok(object)
}

/// The next field.
fn field<'a>(rest: &mut &'a [u8]) -> Result<(u32, Value<'a>), Malformed> {
    let tag = varint(rest)?;
    let number = u32::try_from(tag >> 3).map_err(|_| Malformed)?;
    let value = match tag & 7 {
        0 => Value::Number(varint(rest)?),
        1 => {
            take(rest, 8)?;
            Value::Other
        }
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Malformed)?;
            Value::Bytes(take(rest, length)?)
        }
        5 => {
            take(rest, 4)?;
            Value::Other
        }
        // Groups are of the age before Kubernetes.
        _ => return Err(Malformed),
    };
    if number == 0 { Err(Malformed) } else { Ok((number, value)) }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = left;
    Ok(taken)
}

/// Seven bits a byte, the lowest first.
fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0_u64;
    for shift in (0..70).step_by(7) {
        let (&byte, left) = rest.split_first().ok_or(Malformed)?;
        *rest = left;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if shift == 63 && bits > 1 {
            return Err(Malformed);
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_their_last_bit() {
        for (bytes, number) in [
            (&[0_u8][..], 0),
            (&[0x7f], 127),
            (&[0x80, 1], 128),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], u64::MAX),
        ] {
            assert_eq!(varint(&mut &*bytes), Ok(number));
        }
        for wrong in [&[][..], &[0x80], &[0xff; 10], &[0xff; 11]] {
            assert_eq!(varint(&mut &*wrong), Err(Malformed), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for wrong in
            [&b"{}"[..], b"k8s\0\x12\x7f", b"k8s\0\x07", b"k8s\0\x13\x01", b"k8s\0\x00\x00"]
        {
            assert!(list::<ListMetadata>(wrong).is_err(), "{wrong:?}");
        }
        assert!(list::<ListMetadata>(b"k8s\0").unwrap().items.is_empty());
    }
}
