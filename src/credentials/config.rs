//! The two payloads of pull secrets, decoded as the kubelet decodes them.
//!
//! `pkg/credentialprovider/config.go`, v1.36: which members are read, under which names, and in
//! which words the whole is refused. Must not know images; what an entry serves is for
//! [`super::keyring`].

use zeroize::Zeroizing;

use super::go::base64::{self, Padding};
use super::go::json::{Kind, Value};
use super::secret_bytes::SecretBytes;

/// A decoded payload. Not `Debug`: a key may hold credentials in front of its host.
#[derive(Clone, Default)]
pub(super) struct Config {
    /// The entries in byte order of their keys. Go's maps have no order of their own, so where
    /// order matters between two spellings of one key, the kubelet's is random.
    pub(super) entries: Vec<RawEntry>,
    /// Whether the file says that credentials are in a store or with a helper, where the kubelet
    /// does not look.
    pub(super) names_a_store: bool,
}

/// One entry as it stands in the payload.
#[derive(Clone)]
pub(super) struct RawEntry {
    pub(super) key: String,
    pub(super) user: SecretBytes,
    pub(super) password: SecretBytes,
    /// It has an `identitytoken` or `registrytoken`, which the kubelet does not read.
    pub(super) has_token: bool,
    /// It has a `username` or `password` that says otherwise than its `auth`, which wins.
    pub(super) auth_disagrees: bool,
}

impl RawEntry {
    /// Whether it holds no credential: the kubelet sends it all the same, as an anonymous pull.
    pub(super) fn is_empty(&self) -> bool {
        self.user.is_empty() && self.password.is_empty()
    }
}

/// `json.Unmarshal` into `DockerConfigJSON`: the payload of `.dockerconfigjson`.
pub(super) fn read_config_json(payload: &SecretBytes) -> Result<Config, String> {
    const TYPE: &str = "DockerConfigJSON";
    let document = Value::document(payload.expose())?;
    let mut config = Config::default();
    let mut saved = None;
    match document.kind() {
        Kind::Object | Kind::Null => {}
        other => return Err(mismatch(other, &of_type("credentialprovider.DockerConfigJSON"))),
    }
    for (name, value) in document.members() {
        if is_field(&name, "auths") {
            match value.kind() {
                Kind::Null => config.entries.clear(),
                Kind::Object => read_entries(value, &mut config.entries, Some(TYPE))?,
                other => save(
                    &mut saved,
                    other,
                    &in_field(TYPE, "auths", "credentialprovider.DockerConfig"),
                ),
            }
        } else if is_field(&name, "HttpHeaders") {
            // Not used for pulling, and yet decoded: a header that is no string fails the pull.
            match value.kind() {
                Kind::Null => {}
                Kind::Object => {
                    let kinds = value.members().map(|(_, value)| value.kind());
                    for kind in kinds.filter(|kind| !matches!(kind, Kind::String | Kind::Null)) {
                        save(&mut saved, kind, &in_field(TYPE, "HttpHeaders", "string"));
                    }
                }
                other => {
                    save(&mut saved, other, &in_field(TYPE, "HttpHeaders", "map[string]string"));
                }
            }
        } else if matches!(name.as_str(), "credsStore" | "credHelpers") {
            config.names_a_store |= !value.string().is_empty() || value.members().next().is_some();
        }
    }
    saved.map_or(Ok(config), Err)
}

/// `json.Unmarshal` into `DockerConfig`: the payload of `.dockercfg`.
pub(super) fn read_dockercfg(payload: &SecretBytes) -> Result<Config, String> {
    let document = Value::document(payload.expose())?;
    let mut config = Config::default();
    match document.kind() {
        Kind::Object | Kind::Null => read_entries(document, &mut config.entries, None)?,
        other => return Err(mismatch(other, &of_type("credentialprovider.DockerConfig"))),
    }
    Ok(config)
}

/// Adds the members of a map of entries; a repeated key replaces what stood there.
///
/// An entry decodes itself (`UnmarshalJSON`), so its error ends the whole at once, before errors
/// that were only saved.
fn read_entries(
    map: Value<'_>,
    entries: &mut Vec<RawEntry>,
    within: Option<&'static str>,
) -> Result<(), String> {
    for (key, value) in map.members() {
        let entry = read_entry(&key, value, within)?;
        match entries.binary_search_by(|other| other.key.as_str().cmp(&key)) {
            Ok(at) => entries[at] = entry,
            Err(at) => entries.insert(at, entry),
        }
    }
    Ok(())
}

/// `DockerConfigEntry.UnmarshalJSON`.
fn read_entry(
    key: &str,
    value: Value<'_>,
    within: Option<&'static str>,
) -> Result<RawEntry, String> {
    const TYPE: &str = "dockerConfigEntryWithAuth";
    match value.kind() {
        Kind::Object | Kind::Null => {}
        other => {
            let go_type = "credentialprovider.dockerConfigEntryWithAuth";
            let place =
                within.map_or_else(|| of_type(go_type), |outer| in_field(outer, "auths", go_type));
            return Err(mismatch(other, &place));
        }
    }
    let mut username = Zeroizing::new(String::new());
    let mut password = Zeroizing::new(String::new());
    let mut auth = Zeroizing::new(String::new());
    let mut has_token = false;
    let mut saved = None;
    for (name, value) in value.members() {
        let mut email = Zeroizing::new(String::new());
        let (field, target) = if is_field(&name, "username") {
            ("username", &mut username)
        } else if is_field(&name, "password") {
            ("password", &mut password)
        } else if is_field(&name, "email") {
            ("email", &mut email)
        } else if is_field(&name, "auth") {
            ("auth", &mut auth)
        } else {
            has_token |= matches!(name.as_str(), "identitytoken" | "registrytoken")
                && !value.string().is_empty();
            continue;
        };
        match value.kind() {
            Kind::Null => {}
            Kind::String => *target = value.string(),
            // Go 1.24 and later name the whole path; before, it ended at `auths`.
            other => match within {
                Some(outer) => {
                    save(&mut saved, other, &in_field(outer, &format!("auths.{field}"), "string"));
                }
                None => save(&mut saved, other, &in_field(TYPE, field, "string")),
            },
        }
    }
    if let Some(error) = saved {
        return Err(error);
    }
    let mut entry = RawEntry {
        key: key.to_owned(),
        user: SecretBytes::copy_of(username.as_bytes()),
        password: SecretBytes::copy_of(password.as_bytes()),
        has_token,
        auth_disagrees: false,
    };
    if !auth.is_empty() {
        let (user, password) = decode_auth(&auth)?;
        let disagrees =
            |plain: &SecretBytes, decoded: &SecretBytes| !plain.is_empty() && plain != decoded;
        entry.auth_disagrees =
            disagrees(&entry.user, &user) || disagrees(&entry.password, &password);
        (entry.user, entry.password) = (user, password);
    }
    Ok(entry)
}

/// `decodeDockerConfigFieldAuth`: padded or not by how the trimmed field ends, though it is the
/// untrimmed one that is decoded; split at the first colon; nothing trimmed off the parts.
fn decode_auth(field: &str) -> Result<(SecretBytes, SecretBytes), String> {
    let padding = if field.trim().ends_with('=') { Padding::Required } else { Padding::Forbidden };
    let decoded = base64::decode(field.as_bytes(), padding).map_err(|error| error.to_string())?;
    let colon = decoded
        .iter()
        .position(|byte| *byte == b':')
        .ok_or("unable to parse auth field, must be formatted as base64(username:password)")?;
    let part = |bytes: &[u8]| SecretBytes::copy_of(bytes);
    Ok((part(&decoded[..colon]), part(&decoded[colon + 1..])))
}

/// Whether Go takes a member for a field: upper and lower case are one, and so is `ſ` with `s`
/// (`foldName` in encoding/json).
fn is_field(name: &str, field: &str) -> bool {
    let fold = |c: char| if c == '\u{17f}' { 's' } else { c.to_ascii_lowercase() };
    name.chars().map(fold).eq(field.chars().map(fold))
}

fn of_type(go_type: &str) -> String {
    format!("Go value of type {go_type}")
}

fn in_field(go_struct: &str, field: &str, go_type: &str) -> String {
    format!("Go struct field {go_struct}.{field} of type {go_type}")
}

/// `UnmarshalTypeError.Error`.
fn mismatch(kind: Kind, place: &str) -> String {
    format!("json: cannot unmarshal {} into {place}", kind.word())
}

/// `decodeState.saveError`: decoding goes on, and the first error is told at the end.
fn save(saved: &mut Option<String>, kind: Kind, place: &str) {
    if saved.is_none() {
        *saved = Some(mismatch(kind, place));
    }
}
