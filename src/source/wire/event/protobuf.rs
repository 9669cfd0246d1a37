//! Events (`core/v1`) in the API's binary form.

use super::super::protobuf::{Field, Malformed, Message};
use super::{Event, Reference, Series, Source};

impl Message for Event {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => field.merge_into(&mut self.metadata)?,
            2 => field.merge_into(&mut self.involved_object)?,
            3 => self.reason = field.text()?,
            4 => self.message = field.text()?,
            5 => field.merge_into(&mut self.source)?,
            6 => self.first_timestamp = field.time()?,
            7 => self.last_timestamp = field.time()?,
            8 => self.count = field.number()?,
            9 => self.kind = field.text()?,
            10 => self.event_time = field.time()?,
            11 => field.merge_into(&mut self.series)?,
            14 => self.reporting_component = field.text()?,
            15 => self.reporting_instance = field.text()?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for Reference {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.kind = field.text()?,
            2 => self.namespace = field.text()?,
            3 => self.name = field.text()?,
            4 => self.uid = field.text()?,
            7 => self.field_path = field.text()?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for Source {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.component = field.text()?,
            2 => self.host = field.text()?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for Series {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.count = field.number()?,
            2 => self.last_observed_time = field.time()?,
            _ => {}
        }
        Ok(())
    }
}
