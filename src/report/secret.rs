//! One pull secret to output: text, JSON, YAML. Names and times only; no credential gets here, for
//! [`crate::credentials`] gives none out.

mod json;
mod text;

use std::io::{self, Write};

use crate::credentials::{Entry, PullSecret, Review};
use crate::diagnose::Image;
use crate::facts::{ObjectName, Origin, Time};
use crate::redact;

/// The longest key, user or type that is printed, in characters.
const NAME: usize = 300;

/// What the writers are given.
#[derive(Debug, Clone)]
pub struct SecretReport {
    /// When the secret was read.
    pub generated_at: Time,
    /// Where it comes from.
    pub origin: Origin,
    /// Namespace and name.
    pub name: ObjectName,
    /// Its type.
    pub kind: String,
    /// When it was created.
    pub created: Option<Time>,
    /// When its data was last written.
    pub changed: Option<Time>,
    /// The image that was asked for.
    pub image: Option<Image>,
    /// What there is to say.
    pub review: Review,
    /// Whether user names stay out.
    pub hide_users: bool,
}

impl SecretReport {
    /// A report on a secret, for one image when one is given.
    pub fn new(
        secret: &PullSecret,
        image: Option<Image>,
        origin: Origin,
        now: Time,
        hide_users: bool,
    ) -> Self {
        let parsed = image.as_ref().and_then(|image| image.parsed.as_ref());
        Self {
            generated_at: now,
            origin,
            name: secret.name.clone(),
            kind: redact::line(&secret.kind, NAME),
            created: secret.created,
            changed: secret.changed,
            review: Review::of(secret, parsed, now),
            image,
            hide_users,
        }
    }

    /// For people, in a terminal of that width.
    pub fn write_text(&self, width: usize, out: &mut dyn Write) -> io::Result<()> {
        text::write(self, width, out)
    }

    /// As one JSON document.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &json::SecretV1::from(self))?;
        out.write_all(b"\n")
    }

    /// The same as one YAML document.
    pub fn write_yaml(&self, out: &mut dyn Write) -> io::Result<()> {
        super::yaml::document(&json::SecretV1::from(self), out)
    }

    /// A user name as it may be shown.
    fn user(&self, entry: &Entry) -> Shown {
        match entry.user.shown() {
            _ if self.hide_users => Shown::Hidden,
            None => Shown::LooksSecret,
            Some(user) => Shown::Name(redact::line(user, NAME)),
        }
    }
}

/// What is shown of a user name.
enum Shown {
    /// The name; may be empty.
    Name(String),
    /// Nothing, as asked.
    Hidden,
    /// Nothing, for it looks like a token.
    LooksSecret,
}
