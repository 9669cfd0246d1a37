//! The board as metrics: OpenMetrics text, as Prometheus scrapes it.
//!
//! Registries and namespaces are named by strangers, and each new value of a label costs whoever
//! stores it. So values are cut and freed from what does not belong into them, and of the places
//! only those with most failures have a series of their own; the rest is summed, so that the total
//! stays true.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::cause::{self, Proof};
use crate::facts::Time;
use crate::redact;
use crate::track::{Board, Sense};

/// What the text is, as HTTP says it.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What all names begin with.
const PREFIX: &str = "pulldoctor";
/// Series of one metric whose labels hold names from the cluster.
const MOST_SERIES: usize = 200;
/// The longest such name, in characters. A namespace has 63 at most; a registry's host may have 253.
const LONGEST: usize = 100;
/// Where the rest is counted.
const OTHER: &str = "other";
/// The registry of an image whose name has none.
const NONE: &str = "none";

/// A metric: all that is said about it.
#[derive(Debug)]
pub struct Metric {
    /// Its name without the prefix, and without what its kind adds.
    name: &'static str,
    kind: MetricType,
    /// The names of its labels, in their order.
    pub labels: &'static [&'static str],
    /// What it counts.
    pub help: &'static str,
}

impl Metric {
    /// The name of its samples, as a query has it.
    pub fn sample(&self) -> String {
        let suffix = match self.kind {
            MetricType::Counter => "_total",
            MetricType::Info => "_info",
            _ => "",
        };
        format!("{PREFIX}_{}{suffix}", self.name)
    }
}

/// Declares a metric that is a gauge.
const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: MetricType::Gauge, labels, help }
}

static FAILING_CONTAINERS: Metric = gauge(
    "failing_containers",
    &["cause", "registry", "namespace"],
    "Containers and image volumes whose image fails; a series ends when its last failure does.",
);
static FAILING_PODS: Metric = gauge("failing_pods", &[], "Pods with an image that fails.");
static INCIDENTS: Metric = gauge(
    "incidents",
    &["cause", "retry"],
    "Open incidents: failures that belong together; retry says whether waiting helps.",
);
static WHOLE_REGISTRY: Metric = gauge(
    "whole_registry_failing_pods",
    &["cause", "registry"],
    "Failing pods of registries of which every image that was tried fails.",
);
static PODS: Metric = gauge("pods", &["state"], "Pods by what is known of their images.");
static SILENCE: Metric = gauge(
    "seconds_since_contact",
    &["sense"],
    "Seconds since its stream last said anything; where nothing happens, minutes are normal.",
);
static BLIND: Metric =
    gauge("blind", &["sense"], "Whether it cannot be seen at the moment: 1 if so.");
static CLASSIFICATIONS: Metric = Metric {
    name: "classifications",
    kind: MetricType::Counter,
    labels: &["cause"],
    help: "Failures by their cause since the start: each once, and again when its cause changes.",
};
static BUILD: Metric =
    Metric { name: "build", kind: MetricType::Info, labels: &["version"], help: "The program." };

/// All metrics, in their order.
pub static METRICS: [&Metric; 9] = [
    &FAILING_CONTAINERS,
    &FAILING_PODS,
    &INCIDENTS,
    &WHOLE_REGISTRY,
    &PODS,
    &SILENCE,
    &BLIND,
    &CLASSIFICATIONS,
    &BUILD,
];

/// The board as it stands.
pub fn write(board: &Board, now: Time) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Snapshot::of(board, now)));
    let mut page = String::new();
    text::encode(&mut page, &registry).expect("writing to a String cannot fail");
    page
}

/// The values of one metric's labels, and how many.
type Series = (Vec<String>, u64);

/// The series of all metrics.
#[derive(Debug)]
struct Snapshot(Vec<(&'static Metric, Vec<Series>)>);

impl Snapshot {
    fn of(board: &Board, now: Time) -> Self {
        let number = |count: usize| count as u64;
        let incidents = &board.incidents;
        let mut failing = Places::default();
        for ((cause, registry, namespace), count) in incidents.failing().counts() {
            failing.add(cause, [registry, namespace], number(count));
        }
        let mut open = BTreeMap::<_, u64>::new();
        let mut whole = Places::default();
        for incident in incidents.open().into_iter().filter(|incident| incident.is_open()) {
            *open.entry([incident.cause.code, incident.retry().word()]).or_default() += 1;
            if incidents.is_whole_registry(incident) {
                whole.add(incident.cause.code, [&incident.registry], number(incident.pods().len()));
            }
        }
        let census = board.census();
        let pods =
            [("pulled", census.pulled), ("pending", census.pending), ("failing", census.failing)];
        let senses = [Sense::Pods, Sense::Events];
        let silence = senses.into_iter().filter_map(|sense| {
            let seconds = board.contact.silence(sense, now)?.num_seconds();
            // A clock that was set back makes no silence.
            Some((words(&[sense.word()]), u64::try_from(seconds).unwrap_or(0)))
        });
        let blind = senses.into_iter().map(|sense| {
            (words(&[sense.word()]), u64::from(board.contact.blindness(sense).is_some()))
        });
        // Those of nothing so far are there as well: the increase to the first one counts.
        let provable = cause::all().filter(|cause| cause.proof != Proof::Objects);
        let mut classified: BTreeMap<_, u64> = provable.map(|cause| (cause.code, 0)).collect();
        classified.extend(incidents.classified());
        Self(vec![
            (&FAILING_CONTAINERS, failing.series()),
            (&FAILING_PODS, vec![(Vec::new(), number(incidents.failing_pods()))]),
            (&INCIDENTS, open.iter().map(|(labels, count)| (words(labels), *count)).collect()),
            (&WHOLE_REGISTRY, whole.series()),
            (&PODS, pods.map(|(state, count)| (words(&[state]), number(count))).into()),
            (&SILENCE, silence.collect()),
            (&BLIND, blind.collect()),
            (&CLASSIFICATIONS, classified.iter().map(|(code, n)| (words(&[code]), *n)).collect()),
            (&BUILD, vec![(words(&[env!("CARGO_PKG_VERSION")]), 1)]),
        ])
    }
}

fn words(labels: &[&str]) -> Vec<String> {
    labels.iter().map(ToString::to_string).collect()
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (metric, series) in &self.0 {
            let mut encoder =
                encoder.encode_descriptor(metric.name, metric.help, None, metric.kind)?;
            for (values, value) in series {
                let labels: Vec<(&str, &str)> =
                    metric.labels.iter().copied().zip(values.iter().map(String::as_str)).collect();
                match metric.kind {
                    MetricType::Info => encoder.encode_info(&labels)?,
                    MetricType::Counter => {
                        // The type of an exemplar's labels, of which there are none.
                        type None = prometheus_client::encoding::NoLabelSet;
                        let mut encoder = encoder.encode_family(&labels)?;
                        encoder.encode_counter::<None, _, u64>(value, Option::None)?;
                    }
                    _ if labels.is_empty() => encoder.encode_gauge(value)?,
                    _ => encoder.encode_family(&labels)?.encode_gauge(value)?,
                }
            }
        }
        Ok(())
    }
}

/// Counts by cause and by places that strangers name.
#[derive(Debug, Default)]
struct Places(BTreeMap<(&'static str, Vec<String>), u64>);

impl Places {
    fn add<const N: usize>(&mut self, cause: &'static str, places: [&String; N], count: u64) {
        let places = places.map(|place| match redact::line(place, LONGEST) {
            name if name.is_empty() => NONE.to_owned(),
            name => name,
        });
        // Names that are alike when cut are one.
        *self.0.entry((cause, places.into())).or_default() += count;
    }

    /// The largest, and the rest of each cause in one; the sum is what was added.
    fn series(self) -> Vec<Series> {
        let mut all: Vec<_> = self.0.into_iter().collect();
        // The sort is stable: of equals always the same ones are kept.
        all.sort_by_key(|(_, count)| Reverse(*count));
        let rest = all.split_off(all.len().min(MOST_SERIES));
        let mut kept: BTreeMap<_, u64> = all.into_iter().collect();
        for ((cause, places), count) in rest {
            *kept.entry((cause, vec![OTHER.to_owned(); places.len()])).or_default() += count;
        }
        let labels =
            |(cause, places): (&str, Vec<String>)| [vec![cause.to_owned()], places].concat();
        kept.into_iter().map(|(key, count)| (labels(key), count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::{Value, json};

    use super::*;
    use crate::facts::Pod;
    use crate::source::wire;

    fn at(seconds: i64) -> Time {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    fn pod(namespace: &str, name: &str, image: &str, state: &Value) -> Pod {
        let pod = json!({
            "metadata": { "namespace": namespace, "name": name, "uid": format!("{namespace}-{name}") },
            "spec": { "nodeName": "n1", "containers": [{ "name": "app", "image": image }] },
            "status": { "phase": "Pending", "containerStatuses": [{ "name": "app", "state": state }] },
        });
        serde_json::from_value::<wire::Pod>(pod).unwrap().into()
    }

    fn failing(namespace: &str, name: &str, image: &str) -> Pod {
        let said = format!(
            "failed to pull and unpack image \"{image}\": failed to do request: Head \
             \"https://x/v2/\": dial tcp 10.0.0.1:443: connect: connection refused"
        );
        pod(
            namespace,
            name,
            image,
            &json!({ "waiting": { "reason": "ErrImagePull", "message": said } }),
        )
    }

    fn board() -> Board {
        let mut board = Board::default();
        board.contact.open(Sense::Pods, &None, at(0));
        board.contact.open(Sense::Events, &None, at(0));
        board
    }

    /// The samples, without comments.
    fn samples(page: &str) -> Vec<&str> {
        page.lines().filter(|line| !line.starts_with('#')).collect()
    }

    #[test]
    fn the_board_is_told_as_it_stands() {
        let mut board = board();
        let up = json!({ "running": { "startedAt": "2026-01-01T00:00:00Z" } });
        board.apply(&None, failing("shop", "a", "reg.io/a:1"), at(1));
        board.apply(&None, failing("shop", "b", "reg.io/b:1"), at(2));
        board.apply(&None, pod("shop", "c", "quay.io/c:1", &up), at(3));
        board.listed(&None, at(4));
        board.contact.lost(Sense::Events, &None, "no permission");
        let page = write(&board, at(10));
        let samples = samples(&page);
        for wanted in [
            "pulldoctor_failing_containers{cause=\"connection-refused\",registry=\"reg.io\",namespace=\"shop\"} 2",
            "pulldoctor_failing_pods 2",
            "pulldoctor_incidents{cause=\"connection-refused\",retry=\"transient\"} 1",
            "pulldoctor_whole_registry_failing_pods{cause=\"connection-refused\",registry=\"reg.io\"} 2",
            "pulldoctor_pods{state=\"pulled\"} 1",
            "pulldoctor_pods{state=\"pending\"} 0",
            "pulldoctor_pods{state=\"failing\"} 2",
            "pulldoctor_seconds_since_contact{sense=\"pods\"} 6",
            "pulldoctor_seconds_since_contact{sense=\"events\"} 10",
            "pulldoctor_blind{sense=\"pods\"} 0",
            "pulldoctor_blind{sense=\"events\"} 1",
            "pulldoctor_classifications_total{cause=\"connection-refused\"} 2",
            "pulldoctor_classifications_total{cause=\"rate-limited\"} 0",
            concat!("pulldoctor_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ] {
            assert!(samples.contains(&wanted), "{wanted} is not in\n{page}");
        }
        assert_eq!(write(&board, at(10)), page, "the same board, the same page");

        board.apply(&None, pod("shop", "a", "reg.io/a:1", &up), at(20));
        board.apply(&None, pod("shop", "b", "reg.io/b:1", &up), at(20));
        let page = write(&board, at(21));
        assert!(!page.contains("failing_containers{"), "{page}");
        assert!(!page.contains("incidents{"), "what lingers is not open\n{page}");
        assert!(page.contains("pulldoctor_failing_pods 0\n"), "{page}");
        assert!(page.contains("total{cause=\"connection-refused\"} 2\n"), "{page}");
    }

    #[test]
    fn every_metric_has_its_lines_and_its_labels() {
        let mut board = board();
        board.apply(&None, failing("shop", "a", "reg.io/a:1"), at(1));
        board.apply(&None, failing("shop", "b", "reg.io/b:1"), at(2));
        let page = write(&board, at(3));
        for metric in METRICS {
            let family = format!("{PREFIX}_{}", metric.name);
            assert!(page.contains(&format!("# HELP {family} {}\n", metric.help)), "{family}");
            assert!(
                page.contains(&format!("# TYPE {family} {}\n", metric.kind.as_str())),
                "{family}"
            );
            let first = metric.labels.first();
            let start = first.map_or(" ".to_owned(), |label| format!("{{{label}=\""));
            assert!(page.contains(&format!("\n{}{start}", metric.sample())), "{family}\n{page}");
        }
        assert!(page.ends_with("\n# EOF\n"));
    }

    #[test]
    fn strangers_do_not_make_series_without_end_and_the_total_stays() {
        let mut board = board();
        for n in 0..1_000 {
            let (namespace, image) = (format!("ns{}", n % 7), format!("r{}.io/a:1", n % 500));
            board.apply(&None, failing(&namespace, &format!("p{n}"), &image), at(1));
        }
        for n in 0..20 {
            board.apply(&None, failing("large", &format!("p{n}"), "large.io/a:1"), at(1));
        }
        let page = write(&board, at(2));
        let series: Vec<&str> = samples(&page)
            .into_iter()
            .filter(|line| line.starts_with("pulldoctor_failing_containers{"))
            .collect();
        assert_eq!(series.len(), MOST_SERIES + 1, "{page}");
        let value = |line: &&str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
        assert_eq!(series.iter().map(value).sum::<u64>(), 1_020);
        assert!(series.iter().any(|line| line.contains("large.io") && value(line) == 20));
        let rest = "registry=\"other\",namespace=\"other\"";
        assert!(series.iter().any(|line| line.contains(rest) && value(line) > 700), "{series:#?}");
    }

    #[test]
    fn names_from_outside_break_nothing() {
        let mut places = Places::default();
        let long = "a".repeat(1_000);
        let names = [
            "quo\"te\\\n",
            "\x1b[31mred\u{202e}",
            "",
            &long,
            &format!("{long}b"),
            "other",
            "https://user:hunter2@reg.io",
        ];
        for name in names {
            places.add("unauthorized", [&name.to_owned()], 1);
        }
        let series = places.series();
        assert_eq!(series.iter().map(|(_, count)| count).sum::<u64>(), names.len() as u64);
        let values: Vec<&str> = series.iter().map(|(labels, _)| labels[1].as_str()).collect();
        assert_eq!(values.len(), 6, "the long ones are one: {values:?}");
        assert!(!values.iter().any(|value| value.contains("hunter2")), "{values:?}");
        assert!(values.contains(&NONE) && values.contains(&"quo\"te\\"), "{values:?}");
        assert!(values.iter().all(|value| !value.chars().any(char::is_control)), "{values:?}");
        assert!(values.iter().all(|value| value.chars().count() <= LONGEST), "{values:?}");
    }
}
