//! A tag that was probably meant, for one that does not exist.

use std::collections::BTreeMap;

use crate::facts::{Place, Pod, State};
use crate::image::ImageReference;
use crate::near;
use crate::words::shell;

use super::super::Fix;
use super::Work;

impl Work<'_> {
    /// The tag that is only a slip away: one that another pod runs of the same repository, or
    /// `latest`. What the registry really has is not known here.
    pub(super) fn nearby_tag(&self) -> Option<Fix> {
        let image = self.symptom.image.parsed.as_ref()?;
        let wrong = image.tag()?;
        let mut known: BTreeMap<String, Option<&Pod>> = BTreeMap::new();
        known.insert("latest".to_owned(), None);
        for pod in self.facts.pods.iter().chain(&self.facts.neighbours) {
            for tag in pod.places.iter().filter_map(|place| running_tag(place, image)) {
                known.insert(tag, Some(pod));
            }
        }
        let most = (wrong.chars().count() / 3).clamp(1, 2);
        let (tag, pod) = known
            .into_iter()
            .filter(|(tag, _)| tag != wrong && near::distance(tag, wrong) <= most)
            .min_by_key(|(tag, _)| near::distance(tag, wrong))?;
        Some(self.use_tag(image, &tag, pod))
    }

    fn use_tag(&self, image: &ImageReference, tag: &str, runs: Option<&Pod>) -> Fix {
        let written = &self.symptom.image.reference;
        let right = match written.strip_suffix(&format!(":{}", image.tag().unwrap_or_default())) {
            Some(name) => format!("{name}:{tag}"),
            None => format!("{}:{tag}", image.name()),
        };
        let command = self.workload().zip(self.symptom.container.as_ref()).filter(|_| {
            // `set image` knows containers only.
            self.symptom.volume.is_none()
        });
        Fix {
            title: format!("use the tag {tag}, if that is what was meant"),
            says: runs.map_or_else(String::new, |pod| format!("Pod {} runs {right}.", pod.name)),
            commands: command
                .map(|(workload, container)| {
                    format!(
                        "kubectl set image {} {}={} {}",
                        shell(&workload),
                        shell(container),
                        shell(&right),
                        self.in_namespace()
                    )
                })
                .into_iter()
                .collect(),
            ..Fix::default()
        }
    }
}

/// The tag of a running place, if it is of the same repository.
fn running_tag(place: &Place, image: &ImageReference) -> Option<String> {
    let running = ImageReference::parse(&place.image).ok()?;
    (place.state == State::Running && running.name() == image.name())
        .then(|| running.tag().map(str::to_owned))
        .flatten()
}
