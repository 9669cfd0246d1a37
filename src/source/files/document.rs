//! Documents of which nobody knows yet what they are.
//!
//! `kubectl` sorts the keys of what it prints, so an object's `kind` comes after its `items`, `data`
//! or `involvedObject`. A [`Document`] is read in one pass all the same: its fields are kept as
//! they stand until the kind is known, and then read into the type for that kind. The items of a
//! list are settled one by one, so that a large list is never held twice.
//!
//! JSON keeps a field as a slice of the input; YAML has no such slice and keeps a small tree, one
//! object's at a time. [`Field`] is what the two have in common.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use zeroize::Zeroize;

use super::object::{self, Fault, Record};

/// A field's value before its type is known.
pub(super) trait Field: Sized {
    /// Reads an object from its fields.
    fn read<T: DeserializeOwned>(fields: &[(String, Self)]) -> Result<T, serde_json::Error>;

    /// The value as text, if it is one.
    fn text(&self) -> Option<String>;

    /// Where in memory the value stands, if it is part of the input.
    fn address(&self) -> Option<usize>;
}

impl Field for &RawValue {
    fn read<T: DeserializeOwned>(fields: &[(String, Self)]) -> Result<T, serde_json::Error> {
        T::deserialize(MapDeserializer::new(fields.iter().map(|(key, raw)| (key.as_str(), *raw))))
    }

    fn text(&self) -> Option<String> {
        serde_json::from_str(self.get()).ok()
    }

    fn address(&self) -> Option<usize> {
        Some(self.get().as_ptr().addr())
    }
}

/// A value of a YAML document. It may be a Secret's, so it is wiped when it is dropped.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Tree(serde_json::Value);

impl Field for Tree {
    fn read<T: DeserializeOwned>(fields: &[(String, Self)]) -> Result<T, serde_json::Error> {
        T::deserialize(MapDeserializer::new(
            fields.iter().map(|(key, tree)| (key.as_str(), &tree.0)),
        ))
    }

    fn text(&self) -> Option<String> {
        self.0.as_str().map(str::to_owned)
    }

    fn address(&self) -> Option<usize> {
        None
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => text.zeroize(),
        serde_json::Value::Array(values) => values.iter_mut().for_each(wipe),
        serde_json::Value::Object(values) => values.values_mut().for_each(wipe),
        _ => {}
    }
}

/// One document, or one item of a list.
pub(super) enum Document<F> {
    /// An object that says its kind.
    Object(Result<Record, Fault>),
    /// An object that does not, as in a list from the API itself, where the list says it.
    Kindless(Vec<(String, F)>),
    /// A list.
    List {
        /// Such as `List` or `PodList`; may be empty.
        kind: String,
        /// Such as `apps/v1`; may be empty.
        api_version: String,
        /// What is in it.
        items: Vec<Document<F>>,
    },
    /// One line of a watch: `{"type": "ADDED", "object": {…}}`.
    Watch {
        /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
        change: String,
        /// What changed.
        object: Box<Document<F>>,
    },
    /// A bare array.
    Array(Vec<Document<F>>),
    /// Neither an object nor an array.
    Scalar,
}

impl<F: Field> Document<F> {
    /// What an object turns out to be once all its fields are there.
    fn settle(fields: Vec<(String, F)>, items: Option<Self>, object: Option<Self>) -> Self {
        let text = |name| {
            let field = fields.iter().find(|(key, _)| key == name);
            field.and_then(|(_, value)| value.text()).unwrap_or_default()
        };
        if let Some(object) = object {
            return Self::Watch { change: text("type"), object: Box::new(object) };
        }
        let (kind, api_version) = (text("kind"), text("apiVersion"));
        if kind.is_empty() || kind.ends_with("List") {
            match items {
                Some(Self::Array(items)) => return Self::List { kind, api_version, items },
                // Go prints an empty slice as null.
                Some(Self::Scalar) => return Self::List { kind, api_version, items: Vec::new() },
                _ => {}
            }
        }
        if kind.is_empty() {
            Self::Kindless(fields)
        } else {
            Self::Object(object::read(&kind, &api_version, &fields))
        }
    }
}

impl<'de, F: Field + Deserialize<'de>> Deserialize<'de> for Document<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

struct Reader<F>(PhantomData<F>);

impl<'de, F: Field + Deserialize<'de>> Visitor<'de> for Reader<F> {
    type Value = Document<F>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document<F>, A::Error> {
        let (mut fields, mut items, mut object) = (Vec::new(), None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "items" => items = Some(map.next_value()?),
                "object" => object = Some(map.next_value()?),
                _ => fields.push((key, map.next_value()?)),
            }
        }
        Ok(Document::settle(fields, items, object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Document<F>, A::Error> {
        let mut documents = Vec::new();
        while let Some(document) = seq.next_element()? {
            documents.push(document);
        }
        Ok(Document::Array(documents))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Document<F>, E> {
        Ok(Document::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Document<F>, E> {
        Ok(Document::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Document<F>, E> {
        Ok(Document::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Document<F>, E> {
        Ok(Document::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Document<F>, E> {
        Ok(Document::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Document<F>, E> {
        Ok(Document::Scalar)
    }

    fn visit_none<E>(self) -> Result<Document<F>, E> {
        Ok(Document::Scalar)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Document<F>, D::Error> {
        inner.deserialize_any(self)
    }
}
