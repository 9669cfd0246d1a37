//! Image volumes: their failures show in the containers that mount them.

use crate::facts::{Place, PlaceKind, Pod};
use crate::image::ImageReference;
use crate::message::Reading;

use super::same_image;

/// The image volume that a waiting container waits for, if it is one: the kubelet shows a volume's
/// pull error in each container that mounts it, and does not try the container's own image then
/// (`pkg/kubelet/kuberuntime/kuberuntime_manager.go`, `getImageVolumes`).
pub(super) fn mounted_volume<'a>(
    pod: &'a Pod,
    place: &Place,
    reading: &Reading,
    text: &str,
) -> Option<&'a Place> {
    let mut mounted = pod.places.iter().filter(|volume| {
        volume.kind == PlaceKind::ImageVolume && place.mounts.contains(&volume.name)
    });
    match &reading.details.image {
        Some(image) if same_image(image, &place.image) && !names_other(text, place) => None,
        Some(image) => mounted.find(|volume| same_image(image, &volume.image)).or_else(|| {
            pod.places.iter().find(|volume| {
                volume.kind == PlaceKind::ImageVolume
                    && place.mounts.contains(&volume.name)
                    && mentions(text, &volume.image)
            })
        }),
        None => {
            mounted.find(|volume| mentions(text, &volume.image) && !mentions(text, &place.image))
        }
    }
}

/// Whether words that were given the container's image as a frame name another one inside.
fn names_other(text: &str, place: &Place) -> bool {
    !mentions(text, &place.image)
}

/// Whether a text names an image's repository.
fn mentions(text: &str, image: &str) -> bool {
    match ImageReference::parse(image) {
        Ok(parsed) => text.contains(parsed.repository()),
        Err(_) => !image.is_empty() && text.contains(image),
    }
}
