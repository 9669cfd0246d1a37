//! `kubectl describe pod` (`kubectl/pkg/describe/describe.go`, `describePod`).
//!
//! Two spaces of indent are one level: the pod's own fields at 0, containers at 1, their fields at
//! 2, those of a state at 3.

use super::age::seen;
use super::columns::Columns;
use super::table::{self, message, rows, source};
use super::{TextPod, Told};
use crate::facts::{About, ObjectName, OwnerReference, Place, PlaceKind, Pod, State, Time};
use crate::source::files::store::Fullness;
use crate::source::files::words;
use crate::source::wire::{MIRROR, manager};

/// Reads one description, if it is a pod's.
pub(super) fn read(lines: &[&str], now: Time, told: &mut Told) {
    let sections = sections(lines);
    let value = |name: &str| {
        let section = sections.iter().find(|section| section.name == name)?;
        Some(section.value).filter(|value| !value.is_empty() && *value != "<none>")
    };
    // Other kinds have a name and a namespace as well; only a pod has these two.
    let (Some(name), Some(status), Some(_)) = (
        value("Name"),
        value("Status"),
        sections.iter().find(|section| section.name == "Containers"),
    ) else {
        return;
    };
    let namespace = value("Namespace").unwrap_or_default();
    let mut pod = words::unknown_pod(ObjectName::new(namespace, name), String::new());
    // `Terminating (lasts 5m)` hides the phase.
    if !status.starts_with("Terminating") {
        status.clone_into(&mut pod.phase);
    }
    pod.reason = value("Reason").map(str::to_owned);
    pod.message = value("Message").map(str::to_owned);
    pod.service_account = value("Service Account").map(str::to_owned);
    // `node-1/10.0.0.1`
    pod.node = value("Node").map(|node| node.split('/').next().unwrap_or(node).to_owned());
    pod.owner = value("Controlled By").and_then(owner);
    for section in &sections {
        match section.name {
            "Labels" => {
                let labels = section.pairs('=');
                pod.managed_by.extend(labels.iter().filter_map(|(key, value)| manager(key, value)));
                pod.labels.extend(
                    labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())),
                );
            }
            "Annotations" => {
                for (key, value) in section.pairs(':') {
                    pod.managed_by.extend(manager(key, value));
                    if key == MIRROR {
                        pod.mirror_of = Some(value.trim().to_owned());
                    }
                }
            }
            "Init Containers" => pod.places.extend(containers(PlaceKind::Init, section.lines)),
            "Containers" => pod.places.extend(containers(PlaceKind::App, section.lines)),
            "Ephemeral Containers" => {
                pod.places.extend(containers(PlaceKind::Ephemeral, section.lines));
            }
            "Volumes" => {
                let volumes = image_volumes(section.lines);
                for place in &mut pod.places {
                    place.mounts.retain(|mount| volumes.iter().any(|volume| volume.name == *mount));
                }
                pod.places.extend(volumes);
            }
            "Events" => told.events.extend(events(&pod, section.lines, now)),
            _ => {}
        }
    }
    pod.managed_by.sort_unstable();
    pod.managed_by.dedup();
    let is_unbound = sections.iter().any(|section| {
        section.name == "Conditions"
            && section
                .lines
                .iter()
                .any(|line| line.split_whitespace().eq(["PodScheduled", "False"]))
    });
    if is_unbound {
        let why = told.events.iter().rev().find(|told| {
            told.event.reason == "FailedScheduling" && told.event.about.name == pod.name.name
        });
        pod.unschedulable =
            Some(why.map_or("Unschedulable".to_owned(), |told| told.event.message.clone()));
    }
    told.pods.push(TextPod {
        pod,
        namespace_said: true,
        fullness: Fullness::Described,
        events_said: sections.iter().any(|section| section.name == "Events"),
    });
}

/// A field at level 0, with the lines below it.
struct Section<'a> {
    name: &'a str,
    value: &'a str,
    lines: &'a [&'a str],
}

impl<'a> Section<'a> {
    /// Labels or annotations: the first stands beside the name, each other on a line of its own.
    fn pairs(&self, separator: char) -> Vec<(&'a str, &'a str)> {
        std::iter::once(&self.value)
            .chain(self.lines)
            .filter_map(|line| line.trim().split_once(separator))
            .collect()
    }
}

/// The fields at level 0 that are read, and those behind a section that is. Any other word with a
/// colon may stand at the start of a line because a message goes on there.
const FIELDS: [&str; 18] = [
    "Name",
    "Namespace",
    "Service Account",
    "Node",
    "Start Time",
    "Labels",
    "Annotations",
    "Status",
    "Reason",
    "Message",
    "IP",
    "Controlled By",
    "Init Containers",
    "Containers",
    "Ephemeral Containers",
    "Conditions",
    "Volumes",
    "Events",
];

/// What may stand between the sections and ends the one before.
const ENDS: [&str; 5] = ["Readiness Gates", "QoS Class", "Node-Selectors", "Tolerations", "IPs"];

fn sections<'a>(lines: &'a [&'a str]) -> Vec<Section<'a>> {
    let field = |line: &'a str| -> Option<(&'a str, &'a str)> {
        let (name, value) = line.split_once(':')?;
        (FIELDS.contains(&name) || ENDS.contains(&name)).then(|| (name, value.trim()))
    };
    let mut sections: Vec<Section<'a>> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some((name, value)) = field(lines[at]) else {
            at += 1;
            continue;
        };
        // Nothing stands behind the events, and a message of theirs may look like a field.
        let end = if name == "Events" {
            lines.len()
        } else {
            (at + 1..lines.len()).find(|next| field(lines[*next]).is_some()).unwrap_or(lines.len())
        };
        sections.push(Section { name, value, lines: &lines[at + 1..end] });
        at = end;
    }
    sections
}

/// `ReplicaSet/web-6bf7f8bf45`: the group is not printed, but these kinds have only one.
fn owner(text: &str) -> Option<OwnerReference> {
    let (kind, name) = text.split_once('/')?;
    let api_version = match kind {
        "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Deployment" => "apps/v1",
        "Job" | "CronJob" => "batch/v1",
        "ReplicationController" | "Node" => "v1",
        _ => "",
    };
    Some(OwnerReference {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    })
}

/// How far a line is indented, and the field in it.
fn field(line: &str) -> Option<(usize, &str, &str)> {
    let text = line.trim_start();
    let (name, value) = text.split_once(':')?;
    Some((line.len() - text.len(), name, value.trim()))
}

/// The names of fields that may follow a state's message; any other line is more of the message.
const AFTER_MESSAGE: [&str; 7] =
    ["Exit Code", "Signal", "Started", "Finished", "Last State", "Ready", "Restart Count"];

fn containers(kind: PlaceKind, lines: &[&str]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    // Of the two states only the present one counts.
    let mut in_state = false;
    let mut in_message = false;
    let mut in_mounts = false;
    for line in lines {
        let field = field(line);
        if in_message {
            match field {
                Some((4 | 6, name, _)) if AFTER_MESSAGE.contains(&name) => in_message = false,
                _ => {
                    if let Some(message) =
                        places.last_mut().and_then(|place| text_of(&mut place.state))
                    {
                        message.push('\n');
                        message.push_str(line.trim());
                    }
                    continue;
                }
            }
        }
        match field {
            Some((2, name, "")) => {
                places.push(Place {
                    kind,
                    name: name.to_owned(),
                    image: String::new(),
                    pull_policy: None,
                    state: State::None,
                    mounts: Vec::new(),
                });
                (in_state, in_mounts) = (false, false);
            }
            Some((4, name, value)) => {
                (in_state, in_mounts) = (name == "State", name == "Mounts");
                let Some(place) = places.last_mut() else { continue };
                match name {
                    "Image" => value.clone_into(&mut place.image),
                    "State" => place.state = state(value),
                    _ => {}
                }
            }
            // `/data from model (ro)`; a path may have a colon in it.
            _ if in_mounts => {
                let mount = line.rsplit_once(" from ").and_then(|(_, rest)| rest.split(' ').next());
                if let (Some(place), Some(mount)) = (places.last_mut(), mount) {
                    place.mounts.push(mount.to_owned());
                }
            }
            Some((6, name, value)) if in_state => {
                let Some(place) = places.last_mut() else { continue };
                match (name, &mut place.state) {
                    (
                        "Reason",
                        State::Waiting { reason, .. } | State::Terminated { reason, .. },
                    ) => {
                        value.clone_into(reason);
                    }
                    ("Exit Code", State::Terminated { exit_code, .. }) => {
                        *exit_code = value.parse().unwrap_or(0);
                    }
                    ("Message", state) => {
                        if let Some(message) = text_of(state) {
                            value.clone_into(message);
                            in_message = true;
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    places
}

fn state(name: &str) -> State {
    match name {
        "Waiting" => State::Waiting { reason: String::new(), message: String::new() },
        "Running" => State::Running,
        "Terminated" => {
            State::Terminated { reason: String::new(), exit_code: 0, message: String::new() }
        }
        _ => State::None,
    }
}

fn text_of(state: &mut State) -> Option<&mut String> {
    match state {
        State::Waiting { message, .. } | State::Terminated { message, .. } => Some(message),
        State::None | State::Running => None,
    }
}

/// Volumes of type image, which name an image of their own.
fn image_volumes(lines: &[&str]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let (mut volume, mut is_image) = ("", false);
    for line in lines {
        match field(line) {
            Some((2, name, "")) => (volume, is_image) = (name, false),
            Some((4, "Type", kind)) => is_image = kind.starts_with("Image "),
            Some((4, "Reference", image)) if is_image => places.push(Place {
                kind: PlaceKind::ImageVolume,
                name: volume.to_owned(),
                image: image.to_owned(),
                pull_policy: None,
                state: State::None,
                mounts: Vec::new(),
            }),
            Some((4, "PullPolicy", policy)) if is_image => {
                if let Some(place) = places.last_mut() {
                    place.pull_policy = Some(policy.to_owned()).filter(|policy| !policy.is_empty());
                }
            }
            _ => {}
        }
    }
    places
}

/// The table at the end.
fn events(pod: &Pod, lines: &[&str], now: Time) -> Vec<super::TextEvent> {
    let Some((header, lines)) = lines.split_first() else { return Vec::new() };
    let columns = Columns::of_header(header);
    let column = |name| columns.find(name);
    let (Some(kind), Some(reason), Some(age), Some(from), Some(text)) =
        (column("Type"), column("Reason"), column("Age"), column("From"), column("Message"))
    else {
        return Vec::new();
    };
    let is_row = |cells: &[String]| seen(&cells[age], now).is_some() && !cells[kind].contains(' ');
    // A line of dashes stands below the header.
    let lines = match lines.split_first() {
        Some((dashes, lines)) if dashes.trim_start().starts_with("----") => lines,
        _ => lines,
    };
    rows(lines, |line| columns.cells(line, is_row))
        .into_iter()
        .filter_map(|(cells, more)| {
            Some(table::event(
                About {
                    kind: "Pod".to_owned(),
                    namespace: pod.name.namespace.clone(),
                    name: pod.name.name.clone(),
                    ..About::default()
                },
                (&cells[kind], &cells[reason], message(&cells[text], &more)),
                source(&cells[from]),
                seen(&cells[age], now)?,
                true,
            ))
        })
        .collect()
}
