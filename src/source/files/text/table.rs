//! Tables: `kubectl get events`, `kubectl events` and `kubectl get pods`, each with the columns that
//! `-A` and `-o wide` add, and the events at the end of a description.

use super::age::{Seen, seen};
use super::columns::Columns;
use super::{TextEvent, TextPod, Told};
use crate::facts::{About, Event, ObjectName, Place, PlaceKind, State, Time};
use crate::source::files::store::Fullness;
use crate::source::files::words;

/// What a table lists.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Events,
    Pods,
}

impl Kind {
    /// What the table under this header lists.
    pub(super) fn of_header(line: &str) -> Option<Self> {
        // Every line of a large text comes by here.
        if !line.starts_with(['L', 'N']) {
            return None;
        }
        let columns = Columns::of_header(line);
        let has = |names: &[&str]| names.iter().all(|name| columns.find(name).is_some());
        if has(&["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]) {
            Some(Self::Events)
        } else if has(&["NAME", "STATUS", "READY", "AGE"]) {
            Some(Self::Pods)
        } else {
            None
        }
    }
}

/// Reads a table, of which the first line is the header.
pub(super) fn read(kind: Kind, lines: &[&str], now: Time, told: &mut Told) {
    let Some((header, rows)) = lines.split_first() else { return };
    let columns = Columns::of_header(header);
    match kind {
        Kind::Events => events(&columns, rows, now, told),
        Kind::Pods => {
            // `kubectl get all` goes on with tables of other kinds behind a blank line.
            let rows = rows.iter().take_while(|row| !row.is_empty());
            told.pods.extend(rows.filter_map(|row| pod(&columns, row)));
        }
    }
}

/// Rows, each with the lines that belong to it: a message may have line breaks in it.
///
/// What follows the last row up to a blank line is taken for its message; what stands behind is
/// somebody's next command.
pub(super) fn rows(
    lines: &[&str],
    cells: impl Fn(&str) -> Option<Vec<String>>,
) -> Vec<(Vec<String>, Vec<String>)> {
    let mut rows: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for line in lines {
        if let Some(cells) = cells(line) {
            rows.push((cells, Vec::new()));
        } else if let Some((_, more)) = rows.last_mut() {
            more.push((*line).to_owned());
        }
    }
    if let Some((_, more)) = rows.last_mut() {
        let end = more.iter().position(String::is_empty).unwrap_or(more.len());
        more.truncate(end);
    }
    rows
}

/// A message and the lines after its first.
pub(super) fn message(first: &str, more: &[String]) -> String {
    let mut message = first.to_owned();
    for line in more {
        message.push('\n');
        message.push_str(line);
    }
    message.truncate(message.trim_end().len());
    message
}

/// The component and the host of a source such as `kubelet, node-1`.
pub(super) fn source(cell: &str) -> (String, Option<String>) {
    match cell.split_once(", ") {
        Some((component, host)) => (component.to_owned(), Some(host.to_owned())),
        None => (cell.to_owned(), None),
    }
}

fn events(columns: &Columns, lines: &[&str], now: Time, told: &mut Told) {
    let column = |name| columns.find(name);
    let (Some(age), Some(kind), Some(reason), Some(object), Some(text)) = (
        column("LAST SEEN"),
        column("TYPE"),
        column("REASON"),
        column("OBJECT"),
        column("MESSAGE"),
    ) else {
        return;
    };
    let is_row = |cells: &[String]| {
        seen(&cells[age], now).is_some()
            && cells[object].contains('/')
            && !cells[kind].contains(' ')
    };
    for (cells, more) in rows(lines, |line| columns.cells(line, is_row)) {
        let cell = |name| column(name).map(|at| cells[at].as_str()).filter(|cell| !cell.is_empty());
        let (Some(mut seen), Some((about, name))) =
            (seen(&cells[age], now), cells[object].split_once('/'))
        else {
            continue;
        };
        if let Some(count) = cell("COUNT").and_then(|count| count.parse::<u32>().ok()) {
            seen.count = count.max(1);
        }
        if let Some(first) = cell("FIRST SEEN").and_then(|first| self::seen(first, now)) {
            seen.first = first.last;
        }
        let (component, host) = source(cell("SOURCE").unwrap_or_default());
        let namespace = cell("NAMESPACE");
        told.events.push(event(
            About {
                // `get events` prints pod/web-0, `kubectl events` Pod/web-0.
                kind: match about.to_ascii_lowercase().as_str() {
                    "pod" => "Pod".to_owned(),
                    "node" => "Node".to_owned(),
                    _ => about.to_owned(),
                },
                namespace: namespace.unwrap_or_default().to_owned(),
                name: name.to_owned(),
                uid: String::new(),
                field_path: cell("SUBOBJECT").unwrap_or_default().to_owned(),
            },
            (&cells[kind], &cells[reason], message(&cells[text], &more)),
            (component, host),
            seen,
            namespace.is_some(),
        ));
    }
}

/// An event out of its cells.
pub(super) fn event(
    about: About,
    (kind, reason, message): (&str, &str, String),
    (component, host): (String, Option<String>),
    seen: Seen,
    namespace_said: bool,
) -> TextEvent {
    let scheduled_as = words::scheduled_to(&message)
        .filter(|(pod, _)| reason == "Scheduled" && pod.name == about.name)
        .map(|(pod, _)| pod);
    TextEvent {
        namespace_said,
        scheduled_as,
        event: Event {
            about,
            kind: kind.to_owned(),
            reason: reason.to_owned(),
            message,
            component,
            host,
            count: seen.count,
            first_seen: seen.first,
            last_seen: seen.last,
        },
    }
}

/// A row of `kubectl get pods`. STATUS is the phase, or the reason of the container that is worst
/// off, with `Init:` before an init container's (`pkg/printers/internalversion/printers.go`).
fn pod(columns: &Columns, row: &str) -> Option<TextPod> {
    let (name, ready, status) =
        (columns.find("NAME")?, columns.find("READY")?, columns.find("STATUS")?);
    let is_ready = |cell: &str| {
        cell.split_once('/')
            .is_some_and(|(some, all)| some.parse::<u32>().is_ok() && all.parse::<u32>().is_ok())
    };
    let cells = columns.cells(row, |cells| {
        !cells[name].is_empty() && is_ready(&cells[ready]) && !cells[status].is_empty()
    })?;
    let cell = |name| columns.find(name).map(|at| cells[at].as_str());
    let namespace = cell("NAMESPACE");
    // `kubectl get all` puts the kind before the name.
    let name = cells[name].strip_prefix("pod/").unwrap_or(&cells[name]);
    let mut pod =
        words::unknown_pod(ObjectName::new(namespace.unwrap_or_default(), name), String::new());
    pod.node = cell("NODE").filter(|node| *node != "<none>").map(str::to_owned);
    match cells[status].as_str() {
        phase @ ("Pending" | "Running" | "Succeeded" | "Failed" | "Unknown") => {
            phase.clone_into(&mut pod.phase);
        }
        "Completed" => "Succeeded".clone_into(&mut pod.phase),
        "Terminating" => {}
        reason => {
            let (kind, reason) = match reason.strip_prefix("Init:") {
                Some(reason) => (PlaceKind::Init, reason),
                None => (PlaceKind::App, reason),
            };
            pod.places.push(Place {
                kind,
                name: String::new(),
                image: String::new(),
                pull_policy: None,
                state: State::Waiting { reason: reason.to_owned(), message: String::new() },
                mounts: Vec::new(),
            });
        }
    }
    Some(TextPod {
        pod,
        namespace_said: namespace.is_some(),
        fullness: Fullness::Row,
        events_said: false,
    })
}
