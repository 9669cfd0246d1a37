//! Pods (`core/v1`) in the API's binary form.

use serde::de::IgnoredAny;

use super::super::lenient::Named;
use super::super::protobuf::{Field, Malformed, Message};
use super::{
    Condition, Container, ContainerState, ContainerStatus, ImageVolume, Pod, Spec, Status,
    Terminated, Volume, Waiting,
};

impl Message for Pod {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => field.merge_into(&mut self.metadata),
            2 => field.merge_into(&mut self.spec),
            3 => field.merge_into(&mut self.status),
            _ => Ok(()),
        }
    }
}

impl Message for Spec {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.volumes.push(field.message()?),
            2 => self.containers.push(field.message()?),
            8 => self.service_account_name = field.text()?,
            10 => self.node_name = field.text()?,
            15 => self.image_pull_secrets.push(field.message()?),
            20 => self.init_containers.push(field.message()?),
            34 => self.ephemeral_containers.push(field.message::<Ephemeral>()?.0),
            _ => {}
        }
        Ok(())
    }
}

impl Message for Container {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.name = field.text()?,
            2 => self.image = field.text()?,
            9 => self.volume_mounts.push(field.message()?),
            14 => self.image_pull_policy = field.text()?,
            24 => self.restart_policy = field.text()?,
            _ => {}
        }
        Ok(())
    }
}

/// An ephemeral container: the common part is a message of its own here, though not in JSON.
#[derive(Default)]
struct Ephemeral(Container);

impl Message for Ephemeral {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => field.merge_into(&mut self.0),
            _ => Ok(()),
        }
    }
}

impl Message for Named {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        if number == 1 {
            self.name = field.text()?;
        }
        Ok(())
    }
}

impl Message for Volume {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.name = field.text()?,
            2 => self.image = field.message::<VolumeSource>()?.0,
            _ => {}
        }
        Ok(())
    }
}

/// A volume's source: inline in JSON, a message of its own here.
#[derive(Default)]
struct VolumeSource(Option<ImageVolume>);

impl Message for VolumeSource {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        if number == 30 {
            self.0 = Some(field.message()?);
        }
        Ok(())
    }
}

impl Message for ImageVolume {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.reference = field.text()?,
            2 => self.pull_policy = field.text()?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for Status {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.phase = field.text()?,
            2 => self.conditions.push(field.message()?),
            3 => self.message = field.text()?,
            4 => self.reason = field.text()?,
            8 => self.container_statuses.push(field.message()?),
            10 => self.init_container_statuses.push(field.message()?),
            13 => self.ephemeral_container_statuses.push(field.message()?),
            _ => {}
        }
        Ok(())
    }
}

impl Message for Condition {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.kind = field.text()?,
            2 => self.status = field.text()?,
            5 => self.reason = field.text()?,
            6 => self.message = field.text()?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for ContainerStatus {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.name = field.text()?,
            2 => field.merge_into(&mut self.state)?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for ContainerState {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.waiting = Some(field.message()?),
            2 => self.running = Some(IgnoredAny),
            3 => self.terminated = Some(field.message()?),
            _ => {}
        }
        Ok(())
    }
}

impl Message for Waiting {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.reason = field.text()?,
            2 => self.message = field.text()?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for Terminated {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), Malformed> {
        match number {
            1 => self.exit_code = i32::try_from(field.number()?).map_err(|_| Malformed)?,
            3 => self.reason = field.text()?,
            4 => self.message = field.text()?,
            _ => {}
        }
        Ok(())
    }
}
