//! `ObjectMeta` in the API's binary form. `managedFields` is not read: only single objects are asked
//! for it.

use super::super::protobuf::{Field, Malformed, Message};
use super::{Annotations, MIRROR, Metadata, MetadataOnly, OwnerReference, manager};

impl Message for Metadata {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.name = field.text()?,
            3 => self.namespace = field.text()?,
            5 => self.uid = field.text()?,
            6 => self.resource_version = field.text()?,
            8 => self.creation_timestamp = field.time()?,
            9 => self.deletion_timestamp = field.time()?,
            11 => self.labels.extend([field.entry()?]),
            12 => self.annotations.add(field.entry()?),
            13 => self.owner_references.push(field.message()?),
            _ => {}
        }
        Ok(())
    }
}

impl Message for MetadataOnly {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        // Where every object has it.
        if number == 1 { field.merge_into(&mut self.metadata) } else { Ok(()) }
    }
}

impl Annotations {
    fn add(&mut self, (key, value): (String, String)) {
        if key == MIRROR {
            self.mirror_of = Some(value);
        } else {
            self.managers.extend(manager(&key, ""));
        }
    }
}

impl Message for OwnerReference {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.kind = field.text()?,
            3 => self.name = field.text()?,
            4 => self.uid = field.text()?,
            5 => self.api_version = field.text()?,
            6 => self.controller = field.is_true()?,
            _ => {}
        }
        Ok(())
    }
}
