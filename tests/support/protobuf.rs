//! Objects from JSON to the API's binary form, by a table of field numbers: what a real API server
//! does, as far as pods and events go. Knows nothing of the decoder under test.

use serde_json::Value;

/// What a field holds.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A text.
    Text,
    /// A number or a boolean.
    Number,
    /// A point in time.
    Time,
    /// A map of texts.
    Map,
    /// A message, or a list of them.
    Message(Schema),
    /// Fields that stand in the same JSON object, and in a message of their own here.
    Inline(Schema),
    /// Raw JSON in a message with one field of bytes.
    Raw,
}

/// JSON's name, the number, and what it holds.
pub type Schema = &'static [(&'static str, u32, Kind)];

use Kind::{Inline, Map, Message, Number, Raw, Text, Time};

const OWNER: Schema = &[
    ("kind", 1, Text),
    ("name", 3, Text),
    ("uid", 4, Text),
    ("apiVersion", 5, Text),
    ("controller", 6, Number),
    ("blockOwnerDeletion", 7, Number),
];

const MANAGED: Schema = &[
    ("manager", 1, Text),
    ("operation", 2, Text),
    ("apiVersion", 3, Text),
    ("time", 4, Time),
    ("fieldsType", 6, Text),
    ("fieldsV1", 7, Raw),
];

const METADATA: Schema = &[
    ("name", 1, Text),
    ("generateName", 2, Text),
    ("namespace", 3, Text),
    ("uid", 5, Text),
    ("resourceVersion", 6, Text),
    ("generation", 7, Number),
    ("creationTimestamp", 8, Time),
    ("deletionTimestamp", 9, Time),
    ("labels", 11, Map),
    ("annotations", 12, Map),
    ("ownerReferences", 13, Message(OWNER)),
    ("managedFields", 17, Message(MANAGED)),
];

const NAME: Schema = &[("name", 1, Text)];

const CONTAINER: Schema = &[
    ("name", 1, Text),
    ("image", 2, Text),
    ("env", 7, Message(&[("name", 1, Text), ("value", 2, Text)])),
    ("volumeMounts", 9, Message(&[("name", 1, Text), ("mountPath", 3, Text)])),
    ("imagePullPolicy", 14, Text),
    ("restartPolicy", 24, Text),
];

const EPHEMERAL: Schema = &[("", 1, Inline(CONTAINER))];

const IMAGE: Schema = &[("reference", 1, Text), ("pullPolicy", 2, Text)];
const VOLUME: Schema = &[
    ("name", 1, Text),
    ("", 2, Inline(&[("emptyDir", 2, Message(&[])), ("image", 30, Message(IMAGE))])),
];

const SPEC: Schema = &[
    ("volumes", 1, Message(VOLUME)),
    ("containers", 2, Message(CONTAINER)),
    ("restartPolicy", 3, Text),
    ("serviceAccountName", 8, Text),
    ("nodeName", 10, Text),
    ("imagePullSecrets", 15, Message(NAME)),
    ("initContainers", 20, Message(CONTAINER)),
    ("ephemeralContainers", 34, Message(EPHEMERAL)),
];

const STATE: Schema = &[
    ("waiting", 1, Message(&[("reason", 1, Text), ("message", 2, Text)])),
    ("running", 2, Message(&[("startedAt", 1, Time)])),
    (
        "terminated",
        3,
        Message(&[("exitCode", 1, Number), ("reason", 3, Text), ("message", 4, Text)]),
    ),
];

const CONTAINER_STATUS: Schema = &[
    ("name", 1, Text),
    ("state", 2, Message(STATE)),
    ("lastState", 3, Message(STATE)),
    ("ready", 4, Number),
    ("restartCount", 5, Number),
    ("image", 6, Text),
    ("imageID", 7, Text),
];

const CONDITION: Schema = &[
    ("type", 1, Text),
    ("status", 2, Text),
    ("lastTransitionTime", 4, Time),
    ("reason", 5, Text),
    ("message", 6, Text),
];

const STATUS: Schema = &[
    ("phase", 1, Text),
    ("conditions", 2, Message(CONDITION)),
    ("message", 3, Text),
    ("reason", 4, Text),
    ("hostIP", 5, Text),
    ("podIP", 6, Text),
    ("containerStatuses", 8, Message(CONTAINER_STATUS)),
    ("initContainerStatuses", 10, Message(CONTAINER_STATUS)),
    ("ephemeralContainerStatuses", 13, Message(CONTAINER_STATUS)),
];

/// A pod.
pub const POD: Schema = &[
    ("metadata", 1, Message(METADATA)),
    ("spec", 2, Message(SPEC)),
    ("status", 3, Message(STATUS)),
];

const REFERENCE: Schema = &[
    ("kind", 1, Text),
    ("namespace", 2, Text),
    ("name", 3, Text),
    ("uid", 4, Text),
    ("apiVersion", 5, Text),
    ("resourceVersion", 6, Text),
    ("fieldPath", 7, Text),
];

/// An event.
pub const EVENT: Schema = &[
    ("metadata", 1, Message(METADATA)),
    ("involvedObject", 2, Message(REFERENCE)),
    ("reason", 3, Text),
    ("message", 4, Text),
    ("source", 5, Message(&[("component", 1, Text), ("host", 2, Text)])),
    ("firstTimestamp", 6, Time),
    ("lastTimestamp", 7, Time),
    ("count", 8, Number),
    ("type", 9, Text),
    ("eventTime", 10, Time),
    ("series", 11, Message(&[("count", 1, Number), ("lastObservedTime", 2, Time)])),
    ("reportingComponent", 14, Text),
    ("reportingInstance", 15, Text),
];

/// An object.
pub fn encode(schema: Schema, object: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &(name, number, kind) in schema {
        if let Inline(schema) = kind {
            length_delimited(number, &encode(schema, object), &mut bytes);
            continue;
        }
        match &object[name] {
            Value::Null => {}
            Value::Array(items) => items.iter().for_each(|it| field(number, kind, it, &mut bytes)),
            value => field(number, kind, value, &mut bytes),
        }
    }
    bytes
}

/// A page of a list of objects that are encoded already, with everything around it.
pub fn list<'a>(
    kind: &str,
    metadata: (&str, &str),
    items: impl Iterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let (version, token) = metadata;
    let mut list = Vec::new();
    let mut about = Vec::new();
    length_delimited(1, b"", &mut about);
    length_delimited(2, version.as_bytes(), &mut about);
    length_delimited(3, token.as_bytes(), &mut about);
    length_delimited(1, &about, &mut list);
    items.for_each(|item| length_delimited(2, item, &mut list));
    let mut type_of = Vec::new();
    length_delimited(1, b"v1", &mut type_of);
    length_delimited(2, kind.as_bytes(), &mut type_of);
    let mut answer = b"k8s\0".to_vec();
    length_delimited(1, &type_of, &mut answer);
    length_delimited(2, &list, &mut answer);
    length_delimited(3, b"", &mut answer);
    length_delimited(4, b"", &mut answer);
    answer
}

fn field(number: u32, kind: Kind, value: &Value, bytes: &mut Vec<u8>) {
    match kind {
        Text => length_delimited(number, value.as_str().unwrap_or_default().as_bytes(), bytes),
        Number => {
            varint(u64::from(number) << 3, bytes);
            let value = value.as_i64().unwrap_or_else(|| i64::from(value == &Value::Bool(true)));
            varint(value.cast_unsigned(), bytes);
        }
        Time => {
            let time =
                value.as_str().and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok());
            let Some(time) = time else { return };
            let mut stamp = Vec::new();
            varint(1 << 3, &mut stamp);
            varint(time.timestamp().cast_unsigned(), &mut stamp);
            varint(2 << 3, &mut stamp);
            varint(u64::from(time.timestamp_subsec_nanos()), &mut stamp);
            length_delimited(number, &stamp, bytes);
        }
        Map => {
            for (key, value) in value.as_object().into_iter().flatten() {
                let mut entry = Vec::new();
                length_delimited(1, key.as_bytes(), &mut entry);
                let value = value.as_str().unwrap_or_default();
                length_delimited(2, value.as_bytes(), &mut entry);
                length_delimited(number, &entry, bytes);
            }
        }
        Message(schema) | Inline(schema) => length_delimited(number, &encode(schema, value), bytes),
        Raw => {
            let mut raw = Vec::new();
            length_delimited(1, value.to_string().as_bytes(), &mut raw);
            length_delimited(number, &raw, bytes);
        }
    }
}

fn length_delimited(number: u32, content: &[u8], bytes: &mut Vec<u8>) {
    varint(u64::from(number) << 3 | 2, bytes);
    varint(content.len() as u64, bytes);
    bytes.extend_from_slice(content);
}

fn varint(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or(0));
}
