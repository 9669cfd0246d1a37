//! Everything that a watch knows: the world as the streams tell of it, the incidents that it is in,
//! and what of it can be seen.

use super::contact::{Contact, Sense};
use super::incident::Incident;
use super::incidents::Incidents;
use super::spread::{Platforms, Spread};
use super::world::{Area, Standing, World};
use crate::facts::{Event, Facts, ObjectName, Origin, Pod, Time, Unseen};

/// How many pods stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// All pods.
    pub pods: usize,
    /// Pods with all their images.
    pub pulled: usize,
    /// Pods of which it is not known yet.
    pub pending: usize,
    /// Pods with a failing image.
    pub failing: usize,
}

/// What a watch knows.
#[derive(Debug, Default)]
pub struct Board {
    /// Pods and events.
    pub world: World,
    /// What goes wrong together.
    pub incidents: Incidents,
    /// What can be seen.
    pub contact: Contact,
    /// The platforms of the nodes.
    pub platforms: Platforms,
}

impl Board {
    /// A full list of pods begins, or is tried.
    pub fn begin(&mut self, area: &Area) {
        self.contact.begin(Sense::Pods, area);
        self.world.begin(area);
    }

    /// The list of pods is complete.
    pub fn listed(&mut self, area: &Area, now: Time) {
        self.contact.listed(Sense::Pods, area, now);
        for (_, tracked) in self.world.listed(area) {
            self.incidents.gone(&tracked, now);
        }
    }

    /// A pod is there, new or changed.
    pub fn apply(&mut self, area: &Area, pod: Pod, now: Time) {
        self.contact.heard(Sense::Pods, area, now);
        if let Some(turn) = self.world.apply(pod, now) {
            self.incidents.take(&turn, &self.world, now);
        }
    }

    /// A pod is gone.
    pub fn delete(&mut self, area: &Area, pod: &Pod, now: Time) {
        self.contact.heard(Sense::Pods, area, now);
        if let Some(tracked) = self.world.delete(&pod.name, &pod.uid, pod.version) {
            self.incidents.gone(&tracked, now);
        }
    }

    /// An event is there, new or counted on; `name` is its own.
    pub fn apply_event(&mut self, area: &Area, name: &ObjectName, event: &Event, now: Time) {
        self.contact.heard(Sense::Events, area, now);
        if let Some(turn) = self.world.apply_event(name, event, now) {
            self.incidents.take(&turn, &self.world, now);
        }
    }

    /// An event is gone.
    pub fn forget_event(&mut self, area: &Area, name: &ObjectName, event: &Event, now: Time) {
        self.contact.heard(Sense::Events, area, now);
        self.world.forget_event(name, event);
    }

    /// A full list of events begins, or is tried.
    pub fn begin_events(&mut self, area: &Area) {
        self.contact.begin(Sense::Events, area);
        self.world.begin_events(area);
    }

    /// The list of events is complete.
    pub fn events_listed(&mut self, area: &Area, now: Time) {
        self.contact.listed(Sense::Events, area, now);
        self.world.set_events_unseen(area, None);
        self.events_come(area, now);
    }

    /// The events of an area cannot be read.
    pub fn events_unseen(&mut self, area: &Area, why: Unseen, now: Time) {
        self.contact.lost(Sense::Events, area, &why.to_string());
        self.world.set_events_unseen(area, Some(why));
        self.events_come(area, now);
    }

    /// What the events of a list, or of a part of one, change about the pods.
    fn events_come(&mut self, area: &Area, now: Time) {
        for turn in self.world.events_listed(area, now) {
            self.incidents.take(&turn, &self.world, now);
        }
    }

    /// What the failures of an incident have in common.
    pub fn spread(&self, incident: &Incident) -> Spread {
        Spread::of(incident, &self.incidents, self.world.running(), &self.platforms)
    }

    /// What is known about the pod that stands for an incident, for questions to the cluster.
    pub fn facts_of(&self, incident: &Incident, now: Time, origin: Origin) -> Option<Facts> {
        let tracked = self.world.get(incident.example()?)?;
        Some(self.world.facts([tracked], now, origin))
    }

    /// How the pods stand.
    pub fn census(&self) -> Census {
        let mut census = Census::default();
        for tracked in self.world.pods() {
            census.pods += 1;
            match tracked.standing {
                Standing::Pulled => census.pulled += 1,
                Standing::Pending(_) => census.pending += 1,
                Standing::Failing(_) => census.failing += 1,
            }
        }
        census
    }
}
