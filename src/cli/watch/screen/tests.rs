//! The picture at several sizes, and what keys do to it. Time is a number here, and the terminal a
//! buffer.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use super::super::ask::Inquiry;
use super::*;
use crate::diagnose;
use crate::facts::{Facts, ObjectName, Origin, OwnerReference, Place, PlaceKind, Pod, State};
use crate::track::Sense;

fn at(seconds: i64) -> Time {
    // 2026-11-23 03:00:00 UTC
    DateTime::from_timestamp(1_795_402_800 + seconds, 0).unwrap()
}

fn pod(workload: &str, number: usize, node: &str, image: &str, state: State) -> Pod {
    Pod {
        name: ObjectName::new("shop", format!("{workload}-{number}")),
        uid: format!("uid of {workload}-{number}"),
        mirror_of: None,
        version: 0,
        created: None,
        deleting: None,
        owner: Some(OwnerReference {
            api_version: "apps/v1".to_owned(),
            kind: "StatefulSet".to_owned(),
            name: workload.to_owned(),
        }),
        node: Some(node.to_owned()),
        service_account: None,
        pull_secrets: Some(Vec::new()),
        phase: "Pending".to_owned(),
        reason: None,
        message: None,
        unschedulable: None,
        places: vec![Place {
            kind: PlaceKind::App,
            name: "app".to_owned(),
            image: image.to_owned(),
            pull_policy: None,
            state,
            mounts: Vec::new(),
        }],
        labels: BTreeMap::new(),
        managed_by: Vec::new(),
    }
}

fn failing(image: &str, error: &str) -> State {
    State::Waiting {
        reason: "ErrImagePull".to_owned(),
        message: format!("failed to pull and unpack image \"{image}\": {error}"),
    }
}

fn refused(image: &str) -> State {
    failing(
        image,
        "failed to do request: Head \"https://registry.acme.io/v2/x/manifests/v1\": dial tcp \
         10.0.0.1:443: connect: connection refused",
    )
}

fn no_tag(image: &str) -> State {
    failing(image, &format!("failed to resolve reference \"{image}\": {image}: not found"))
}

/// A watch with a terminal of that size.
struct Watch {
    board: Board,
    ui: Ui,
    now: Time,
    inquiry: Option<Inquiry>,
    paint: Paint,
}

impl Watch {
    fn new() -> Self {
        let mut board = Board::default();
        board.contact.open(Sense::Pods, &None, at(0));
        board.contact.open(Sense::Events, &None, at(0));
        board.listed(&None, at(0));
        board.events_listed(&None, at(0));
        Self { board, ui: Ui::default(), now: at(0), inquiry: None, paint: Paint::new(false) }
    }

    /// Three workloads cannot reach their registry, and one has a tag that is not there.
    fn storm() -> Self {
        let mut watch = Self::new();
        for number in 0..4 {
            watch.apply(pod("web", number, "node-0", "registry.acme.io/web:v1", State::Running), 0);
        }
        watch.apply(pod("old", 0, "node-1", "reg.io/old:v9", no_tag("reg.io/old:v9")), 10);
        for number in 0..12 {
            let workload = ["api", "cart", "mail"][number % 3];
            let node = format!("node-{}", number % 4);
            let image = format!("registry.acme.io/{workload}:v1");
            let seconds = 60 + i64::try_from(number).unwrap() * 20;
            watch.apply(pod(workload, number, &node, &image, refused(&image)), seconds);
        }
        watch.to(320);
        watch
    }

    /// Incidents with fewer and fewer pods, the first with most.
    fn many(number: usize) -> Self {
        let mut watch = Self::new();
        for incident in 0..number {
            let image = format!("reg.io/app-{incident}:v9");
            for replica in 0..(number - incident) {
                let workload = format!("app-{incident}");
                watch.apply(pod(&workload, replica, "node-1", &image, no_tag(&image)), 0);
            }
        }
        watch.to(60);
        watch
    }

    fn apply(&mut self, pod: Pod, seconds: i64) {
        self.to(seconds);
        self.board.apply(&None, pod, self.now);
    }

    fn delete(&mut self, workload: &str, number: usize) {
        let name = ObjectName::new("shop", format!("{workload}-{number}"));
        let pod = self.board.world.get(&name).expect("it is there").pod.clone();
        self.board.delete(&None, &pod, self.now);
    }

    fn to(&mut self, seconds: i64) {
        self.board.incidents.take_news(self.now);
        self.now = at(seconds);
        self.board.incidents.take_news(self.now);
    }

    fn press(&mut self, key: KeyCode) -> Wish {
        self.ui.press(KeyEvent::new(key, KeyModifiers::NONE))
    }

    fn terminal(&mut self, width: u16, height: u16) -> Terminal<TestBackend> {
        let scene = Scene {
            board: &self.board,
            scope: "all namespaces of cluster prod (https://10.0.0.1:6443)",
            census: Some(self.board.census()),
            inquiry: self.inquiry,
            now: self.now,
            paint: self.paint,
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| view::draw(&scene, &mut self.ui, frame.area(), frame.buffer_mut()))
            .unwrap();
        terminal
    }

    /// What stands on the screen, each line in a frame.
    fn screen(&mut self, width: u16, height: u16) -> String {
        let terminal = self.terminal(width, height);
        let cells = terminal.backend().buffer().content();
        let lines = cells.chunks(usize::from(width)).map(|line| {
            let line: String = line.iter().map(ratatui::buffer::Cell::symbol).collect();
            format!("|{line}|")
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The line of the chosen incident.
    fn chosen(&mut self, width: u16, height: u16) -> String {
        let screen = self.screen(width, height);
        let line = screen.lines().find(|line| line.starts_with("|>")).unwrap_or_default();
        line.trim_matches('|').trim().to_owned()
    }

    /// Puts the diagnosis of the first pod of the worst incident on the board, as asking the cluster
    /// would.
    fn ask(&mut self) {
        let incident = self.board.incidents.open()[0];
        let origin = Origin::Cluster { context: "prod".to_owned(), server: String::new() };
        let facts: Facts = self.board.facts_of(incident, self.now, origin).unwrap();
        let number = incident.number;
        let pod = diagnose::diagnose(&facts).pods.remove(0);
        self.board.incidents.diagnosed(number, pod.diagnoses.into_iter().next().unwrap());
        self.inquiry = Some(Inquiry::Asked(self.now));
    }
}

#[test]
fn a_window_of_80_columns() {
    assert_snapshot!(Watch::storm().screen(80, 24), @r#"
    |Watching all namespaces of cluster prod (https://10.0.0.1:6443)     03:05:20 UTC|
    |13 of 17 pods fail; 2 incidents                                                 |
    |                                                                                |
    |   PODS     FOR  WHAT FAILS                                                     |
    |>    12   4m20s  connection-refused: 3 images of registry.acme.io               |
    |      ▂▂▄▄▆▆███  12 pods of 3 workloads on 4 nodes, every image of registry.acm…|
    |                 growing, 4 more in 2m; fix: check that the registry runs and l…|
    |      1   5m10s  manifest-not-found: reg.io/old:v9                              |
    |    ███████████  1 pod of StatefulSet shop/old on node-1                        |
    |                 steady; fix: look which tags there are                         |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |up/down choose   Enter diagnosis   r ask anew   ? help   q quit                 |
    "#);
}

#[test]
fn a_wide_window() {
    assert_snapshot!(Watch::storm().screen(140, 14), @r#"
    |Watching all namespaces of cluster prod (https://10.0.0.1:6443)                                                                 03:05:20 UTC|
    |13 of 17 pods fail; 2 incidents                                                                                                             |
    |                                                                                                                                            |
    |   PODS     FOR  WHAT FAILS                                                                                                                 |
    |>    12   4m20s  connection-refused: 3 images of registry.acme.io                                                                           |
    |      ▂▂▄▄▆▆███  12 pods of 3 workloads on 4 nodes, every image of registry.acme.io, all in namespace shop                                  |
    |                 growing, 4 more in 2m; fix: check that the registry runs and listens on that port                                          |
    |      1   5m10s  manifest-not-found: reg.io/old:v9                                                                                          |
    |    ███████████  1 pod of StatefulSet shop/old on node-1                                                                                    |
    |                 steady; fix: look which tags there are                                                                                     |
    |                                                                                                                                            |
    |                                                                                                                                            |
    |                                                                                                                                            |
    |up/down choose   Enter diagnosis   r ask anew   ? help   q quit                                                                             |
    "#);
}

#[test]
fn a_narrow_window() {
    assert_snapshot!(Watch::storm().screen(40, 12), @r#"
    |Watching all namespaces o…  03:05:20 UTC|
    |13 of 17 pods fail; 2 incidents         |
    |                                        |
    |>   12 connection-refused: 3 images of …|
    |       12 pods of 3 workloads on 4 node…|
    |       for 4m20s, growing, 4 more in 2m…|
    |     1 manifest-not-found: reg.io/old:v9|
    |       1 pod of StatefulSet shop/old on…|
    |       for 5m10s, steady; fix: look whi…|
    |                                        |
    |                                        |
    |r ask anew   ? help   q quit            |
    "#);
}

#[test]
fn a_tiny_window() {
    assert_snapshot!(Watch::storm().screen(20, 5), @r#"
    |13 of 17 pods fail;…|
    |>   12 connection-r…|
    |     1 manifest-not…|
    |                    |
    |                    |
    "#);
}

#[test]
fn no_window_is_too_small() {
    let mut watches = [Watch::new(), Watch::storm(), Watch::many(30)];
    for watch in &mut watches {
        watch.board.contact.lost(Sense::Pods, &None, "the API server does not answer");
        for width in [1, 2, 3, 7, 8, 9, 20, 64] {
            for height in 1..12 {
                watch.screen(width, height);
                for key in [KeyCode::Down, KeyCode::Enter, KeyCode::End, KeyCode::Char('?')] {
                    watch.press(key);
                    watch.screen(width, height);
                }
                watch.press(KeyCode::Esc);
            }
        }
    }
}

#[test]
fn more_incidents_than_rows_scroll() {
    let mut watch = Watch::many(20);
    assert_snapshot!(watch.screen(80, 12), @r#"
    |Watching all namespaces of cluster prod (https://10.0.0.1:6443)     03:01:00 UTC|
    |210 of 210 pods fail; 20 incidents                                              |
    |                                                                                |
    |   PODS     FOR  WHAT FAILS                                                     |
    |>    20     60s  manifest-not-found: reg.io/app-0:v9                            |
    |        ███████  20 pods of StatefulSet shop/app-0 on node-1                    |
    |                 growing, 19 more in 2m; fix: look which tags there are         |
    |     19     60s  manifest-not-found: reg.io/app-1:v9: growing, 18 more in 2m, 1…|
    |     18     60s  manifest-not-found: reg.io/app-2:v9: growing, 17 more in 2m, 1…|
    |     17     60s  manifest-not-found: reg.io/app-3:v9: growing, 16 more in 2m, 1…|
    |  … 16 more below                                                               |
    |up/down choose   Enter diagnosis   r ask anew   ? help   q quit                 |
    "#);
    watch.press(KeyCode::PageDown);
    watch.screen(80, 12);
    watch.press(KeyCode::PageDown);
    assert_snapshot!(watch.screen(80, 12), @r#"
    |Watching all namespaces of cluster prod (https://10.0.0.1:6443)     03:01:00 UTC|
    |210 of 210 pods fail; 20 incidents                                              |
    |                                                                                |
    |   PODS     FOR  WHAT FAILS                                                     |
    |     15     60s  manifest-not-found: reg.io/app-5:v9: growing, 14 more in 2m, 1…|
    |     14     60s  manifest-not-found: reg.io/app-6:v9: growing, 13 more in 2m, 1…|
    |     13     60s  manifest-not-found: reg.io/app-7:v9: growing, 12 more in 2m, 1…|
    |>    12     60s  manifest-not-found: reg.io/app-8:v9                            |
    |        ███████  12 pods of StatefulSet shop/app-8 on node-1                    |
    |                 growing, 11 more in 2m; fix: look which tags there are         |
    |  … 11 more below                                                               |
    |up/down choose   Enter diagnosis   r ask anew   ? help   q quit                 |
    "#);
    watch.press(KeyCode::End);
    assert_snapshot!(watch.screen(80, 12), @r#"
    |Watching all namespaces of cluster prod (https://10.0.0.1:6443)     03:01:00 UTC|
    |210 of 210 pods fail; 20 incidents                                              |
    |                                                                                |
    |   PODS     FOR  WHAT FAILS                                                     |
    |      5     60s  manifest-not-found: reg.io/app-15:v9: growing, 4 more in 2m, 5…|
    |      4     60s  manifest-not-found: reg.io/app-16:v9: growing, 3 more in 2m, 4…|
    |      3     60s  manifest-not-found: reg.io/app-17:v9: growing, 2 more in 2m, 3…|
    |      2     60s  manifest-not-found: reg.io/app-18:v9: growing, 1 more in 2m, 2…|
    |>     1     60s  manifest-not-found: reg.io/app-19:v9                           |
    |        ███████  1 pod of StatefulSet shop/app-19 on node-1                     |
    |                 steady; fix: look which tags there are                         |
    |up/down choose   Enter diagnosis   r ask anew   ? help   q quit                 |
    "#);
    for _ in 0..30 {
        watch.press(KeyCode::Up);
        watch.screen(80, 12);
    }
    assert!(watch.chosen(80, 12).contains("app-0:"), "{}", watch.chosen(80, 12));
}

#[test]
fn each_incident_can_be_chosen_and_is_then_seen() {
    for (width, height) in [(80, 24), (80, 12), (40, 12), (20, 5), (30, 3)] {
        let mut watch = Watch::many(20);
        watch.screen(width, height);
        for number in 0..20 {
            let chosen = watch.chosen(width, height);
            let pods = (20 - number).to_string();
            assert!(chosen.split_whitespace().nth(1) == Some(&pods), "{number}: {chosen}");
            watch.press(KeyCode::Char('j'));
        }
    }
}

#[test]
fn the_chosen_incident_stays_chosen_when_the_order_changes() {
    let mut watch = Watch::many(3);
    watch.screen(80, 24);
    watch.press(KeyCode::Down);
    assert!(watch.chosen(80, 24).contains("app-1"), "{}", watch.chosen(80, 24));
    for number in 0..9 {
        let image = "reg.io/app-2:v9";
        watch.apply(pod("late", number, "node-1", image, no_tag(image)), 70);
    }
    let screen = watch.screen(80, 24);
    assert!(screen.find("app-2").unwrap() < screen.find("app-1").unwrap(), "{screen}");
    assert!(watch.chosen(80, 24).contains("app-1"), "{screen}");
    // Over: it has moved below the others.
    watch.delete("app-1", 0);
    watch.delete("app-1", 1);
    watch.to(80);
    assert!(watch.chosen(80, 24).contains("app-1"), "{}", watch.chosen(80, 24));
    // Forgotten: what is in its place now.
    watch.to(80 + 700);
    assert!(watch.chosen(80, 24).contains("app-0"), "{}", watch.chosen(80, 24));
    // Home: whichever is the worst.
    watch.press(KeyCode::Home);
    assert!(watch.chosen(80, 24).contains("app-2"), "{}", watch.chosen(80, 24));
}

#[test]
fn whoever_has_chosen_nothing_sees_the_worst() {
    let mut watch = Watch::many(2);
    assert!(watch.chosen(80, 24).contains("app-0"));
    for number in 0..9 {
        let image = "reg.io/app-1:v9";
        watch.apply(pod("late", number, "node-1", image, no_tag(image)), 70);
    }
    assert!(watch.chosen(80, 24).contains("app-1"), "{}", watch.chosen(80, 24));
}

#[test]
fn what_is_over_stands_below() {
    let mut watch = Watch::storm();
    watch.apply(pod("old", 0, "node-1", "reg.io/old:v9", State::Running), 330);
    watch.to(340);
    assert_snapshot!(watch.screen(80, 14), @r#"
    |Watching all namespaces of cluster prod (https://10.0.0.1:6443)     03:05:40 UTC|
    |12 of 17 pods fail; 1 incident, 1 over                                          |
    |                                                                                |
    |   PODS     FOR  WHAT FAILS                                                     |
    |>    12   4m40s  connection-refused: 3 images of registry.acme.io               |
    |     ▁▂▃▄▅▆▇███  12 pods of 3 workloads on 4 nodes, every image of registry.acm…|
    |                 growing, 3 more in 2m; fix: check that the registry runs and l…|
    |   over     10s  manifest-not-found: reg.io/old:v9: after 5m20s, at most 1 pod …|
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |up/down choose   Enter diagnosis   r ask anew   ? help   q quit                 |
    "#);
    watch.press(KeyCode::End);
    assert_snapshot!(watch.screen(80, 14), @r#"
    |Watching all namespaces of cluster prod (https://10.0.0.1:6443)     03:05:40 UTC|
    |12 of 17 pods fail; 1 incident, 1 over                                          |
    |                                                                                |
    |   PODS     FOR  WHAT FAILS                                                     |
    |     12   4m40s  connection-refused: 3 images of registry.acme.io               |
    |     ▁▂▃▄▅▆▇███  12 pods of 3 workloads on 4 nodes, every image of registry.acm…|
    |                 growing, 3 more in 2m; fix: check that the registry runs and l…|
    |>  over     10s  manifest-not-found: reg.io/old:v9                              |
    |                 after 5m20s, at most 1 pod at once (1 pulled)                  |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |up/down choose   Enter diagnosis   r ask anew   ? help   q quit                 |
    "#);
}

#[test]
fn what_may_still_go_on_is_not_over() {
    let mut watch = Watch::many(1);
    watch.delete("app-0", 0);
    watch.now += TimeDelta::seconds(1);
    let screen = watch.screen(80, 12);
    assert!(screen.contains("no pod of it fails right now"), "{screen}");
    assert!(!screen.contains("over"), "{screen}");
}

#[test]
fn nothing_is_said_to_be_pulled_while_nothing_is_seen() {
    let mut watch = Watch::new();
    watch.apply(pod("web", 0, "node-0", "registry.acme.io/web:v1", State::Running), 5);
    watch.board.contact.lost(Sense::Pods, &None, "connection refused");
    let screen = watch.screen(80, 12);
    assert!(screen.contains("As last seen: 1 pod, none fails"), "{screen}");
    assert!(screen.contains("Nothing failed when the pods were last seen."), "{screen}");
}

#[test]
fn nothing_fails() {
    let mut watch = Watch::new();
    assert_snapshot!(watch.screen(60, 10), @r#"
    |Watching all namespaces of cluster prod (http…  03:00:00 UTC|
    |There are no pods                                           |
    |                                                            |
    |Nothing to see yet.                                         |
    |                                                            |
    |                                                            |
    |                                                            |
    |                                                            |
    |                                                            |
    |Enter diagnosis   r ask anew   ? help   q quit              |
    "#);
    watch.apply(pod("web", 0, "node-0", "registry.acme.io/web:v1", State::Running), 5);
    assert_snapshot!(watch.screen(60, 10), @r#"
    |Watching all namespaces of cluster prod (http…  03:00:05 UTC|
    |1 pod, none fails                                           |
    |                                                            |
    |All images are pulled.                                      |
    |                                                            |
    |                                                            |
    |                                                            |
    |                                                            |
    |                                                            |
    |Enter diagnosis   r ask anew   ? help   q quit              |
    "#);
}

#[test]
fn blindness_is_loud() {
    let mut watch = Watch::storm();
    watch.board.contact.lost(
        Sense::Pods,
        &None,
        "the API server at https://10.0.0.1:6443 cannot be reached: connection refused",
    );
    watch.to(3_700);
    assert_snapshot!(watch.screen(80, 12), @r#"
    |Watching all namespaces of cluster prod (https://10.0.0.1:6443)     04:01:40 UTC|
    |As last seen: 13 of 17 pods fail; 2 incidents                                   |
    |BLIND since 03:04 UTC (57m): pods cannot be seen: the API server at             |
    |https://10.0.0.1:6443 cannot be reached: connection refused                     |
    |                                                                                |
    |>    12      1h  connection-refused: 3 images of registry.acme.io               |
    |   ████████████  12 pods of 3 workloads on 4 nodes, every image of registry.acm…|
    |                 steady; fix: check that the registry runs and listens on that …|
    |      1    1h1m  manifest-not-found: reg.io/old:v9: 1 pod of StatefulSet shop/o…|
    |                                                                                |
    |                                                                                |
    |up/down choose   Enter diagnosis   r ask anew   ? help   q quit                 |
    "#);
    assert_snapshot!(watch.screen(30, 4), @r#"
    |As last seen: 13 of 17 pods f…|
    |BLIND since 03:04 UTC (57m): …|
    |>   12 connection-refused: 3 …|
    |     1 manifest-not-found: re…|
    "#);
    let terminal = watch.terminal(80, 12);
    let cell = terminal.backend().buffer().cell((0, 2)).unwrap();
    assert!(cell.modifier.contains(Modifier::REVERSED | Modifier::BOLD), "{cell:?}");
    // On a page as well.
    watch.press(KeyCode::Enter);
    assert!(watch.screen(80, 12).contains("BLIND since 03:04 UTC (57m"));
}

#[test]
fn events_that_cannot_be_seen_are_told_while_pods_can() {
    let mut watch = Watch::new();
    watch.board.contact.lost(Sense::Events, &None, "no permission to list events");
    let screen = watch.screen(80, 12);
    assert!(
        screen.contains("BLIND since 03:00 UTC (0s): events cannot be seen: no perm"),
        "{screen}"
    );
    assert!(!screen.contains("As last seen"), "{screen}");
}

#[test]
fn there_is_no_colour_where_none_is_wanted() {
    let mut watch = Watch::storm();
    watch.ask();
    for page in [false, true] {
        if page {
            watch.press(KeyCode::Enter);
        }
        for is_colored in [false, true] {
            watch.paint = Paint::new(is_colored);
            let terminal = watch.terminal(80, 24);
            let cells = terminal.backend().buffer().content();
            let has_color =
                cells.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
            assert_eq!(has_color, is_colored, "on a page: {page}");
        }
    }
}

#[test]
fn the_diagnosis_of_an_incident() {
    let mut watch = Watch::storm();
    watch.ask();
    watch.screen(80, 24);
    watch.press(KeyCode::Enter);
    assert_snapshot!(watch.screen(80, 24), @r#"
    |#2 connection-refused: 3 images of registry.acme.io                   1-21 of 40|
    |                                                                                |
    |12 pods of 3 workloads on 4 nodes, every image of registry.acme.io, all in      |
    |namespace shop, for 4m20s, growing, 4 more in 2m                                |
    |The cluster was asked 0s ago.                                                   |
    |In a shell: pulldoctor pod api-0 -n shop                                        |
    |                                                                                |
    |By the example of one pod (11 others are alike):                                |
    |                                                                                |
    |shop/api-0: container app cannot pull registry.acme.io/api:v1                   |
    |  registry.acme.io (10.0.0.1:443): nothing listens at the registry's address.   |
    |                                                                                |
    |  cause       connection-refused (nothing listens at the registry's address)    |
    |  confidence  certain                                                           |
    |  image       registry.acme.io/api:v1                                           |
    |  owner       StatefulSet api                                                   |
    |  node        node-0                                                            |
    |                                                                                |
    |Evidence                                                                        |
    |  - status of container app:                                                    |
    |    ErrImagePull: failed to pull and unpack image "registry.acme.io/api:v1":    |
    |    failed to do request: Head "https://registry.acme.io/v2/x/manifests/v1":    |
    |    dial tcp 10.0.0.1:443: connect: connection refused                          |
    |up/down scroll   r ask anew   Esc back                                          |
    "#);
    watch.press(KeyCode::End);
    assert_snapshot!(watch.screen(40, 12), @r#"
    |#2 connection-refused: 3 i…  56-64 of 64|
    |                                        |
    |     network, DNS, proxy and            |
    |     certificates, not with those of a  |
    |     pod.                               |
    |                                        |
    |       kubectl debug node/node-0 -it \  |
    |         --profile=sysadmin \           |
    |         --image=busybox -- chroot \    |
    |         /host crictl pull \            |
    |         registry.acme.io/api:v1        |
    |up/down scroll   r ask anew   Esc back  |
    "#);
    // The list again, and the same chosen.
    watch.press(KeyCode::Esc);
    assert!(watch.chosen(80, 24).contains("connection-refused"));
}

#[test]
fn it_is_said_how_it_stands_with_the_question() {
    let mut watch = Watch::new();
    let private = "docker.io/acme/private:v1";
    let denied = "pull access denied, repository does not exist or may require authorization: \
                  server message: insufficient_scope: authorization failed";
    watch.apply(pod("web", 0, "node-0", private, failing(private, denied)), 0);
    watch.to(10);
    watch.screen(100, 12);
    watch.press(KeyCode::Enter);
    for (inquiry, words) in [
        (Some(Inquiry::Due), "The cluster is to be asked. There is no diagnosis yet."),
        (Some(Inquiry::UnderWay), "The cluster is being asked. There is no diagnosis yet."),
        (
            Some(Inquiry::Asked(at(4))),
            "The cluster was asked 6s ago, and gave no diagnosis; r asks anew.",
        ),
    ] {
        watch.inquiry = inquiry;
        let screen = watch.screen(100, 12);
        assert!(screen.contains(words), "{screen}");
        assert!(screen.contains("In a shell: pulldoctor pod web-0 -n shop"), "{screen}");
    }
}

#[test]
fn keys_say_what_is_wanted() {
    let mut watch = Watch::storm();
    watch.screen(80, 24);
    let number = watch.board.incidents.open()[0].number;
    assert_eq!(watch.press(KeyCode::Char('r')), Wish::Ask(number));
    assert!(watch.screen(80, 24).contains("#2: the cluster is to be asked anew"));
    assert_eq!(watch.press(KeyCode::Esc), Wish::Look);
    assert!(watch.screen(80, 24).contains("? help"));
    // On a page, q closes it, and ends only then.
    watch.press(KeyCode::Enter);
    assert_eq!(watch.press(KeyCode::Char('r')), Wish::Ask(number));
    watch.press(KeyCode::Char('?'));
    assert_eq!(watch.press(KeyCode::Char('q')), Wish::Look);
    assert_eq!(watch.ui.opened(), Some(number), "help was opened over it");
    assert_eq!(watch.press(KeyCode::Char('q')), Wish::Look);
    assert_eq!(watch.press(KeyCode::Char('q')), Wish::End(exit::OK));
    for open in [KeyCode::Null, KeyCode::Enter, KeyCode::Char('?')] {
        watch.press(open);
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(watch.ui.press(interrupt), Wish::End(exit::INTERRUPTED));
    }
}

#[test]
fn help_names_each_key() {
    let mut watch = Watch::storm();
    watch.screen(80, 24);
    watch.press(KeyCode::Char('?'));
    assert_snapshot!(watch.screen(80, 24), @r#"
    |Keys                                                                            |
    |                                                                                |
    |up, down, k, j      the incident above or below; in a diagnosis: scroll         |
    |PageUp, PageDown    the same by the screen                                      |
    |Home, g             the worst incident, whichever that is from now on; in a     |
    |                    diagnosis: its top                                          |
    |End, G              the last one; in a diagnosis: its end                       |
    |Enter               the diagnosis of one of the incident's pods, and what mends |
    |                    it                                                          |
    |r                   ask the cluster about the incident anew                     |
    |Esc, Backspace, q   close what is open                                          |
    |?                   this page                                                   |
    |Ctrl-L              draw the screen anew                                        |
    |q, Ctrl-C           end                                                         |
    |                                                                                |
    |The incident with most failing pods is on top; those that are over stay for ten |
    |minutes below the others. PODS is how many pods of it fail now, FOR how long it |
    |lasts. The bars are its failing pods over the last ten minutes.                 |
    |                                                                                |
    |The mouse is the terminal's: text can be marked and copied as usual.            |
    |                                                                                |
    |                                                                                |
    |                                                                                |
    |up/down scroll   Esc back                                                       |
    "#);
    assert!(watch.screen(30, 12).contains("1-9 of 40"), "{}", watch.screen(30, 12));
}

#[test]
fn names_from_outside_do_nothing_to_the_terminal() {
    let mut watch = Watch::new();
    let mut evil = pod("web", 0, "no\u{1b}[2Jde\n", "reg.io/a:v9", no_tag("reg.io/a:v9"));
    evil.owner.as_mut().unwrap().name = "we\u{1b}]0;owned\u{7}b\u{202e}".to_owned();
    watch.apply(evil, 0);
    watch.to(5);
    watch.ask();
    for page in [false, true] {
        if page {
            watch.press(KeyCode::Enter);
        }
        let screen = watch.screen(100, 30);
        let outside = |c: &char| (c.is_control() && *c != '\n') || *c == '\u{202e}';
        assert_eq!(screen.chars().find(outside), None, "{screen}");
        assert!(screen.contains("owned"), "{screen}");
    }
}

#[test]
fn an_incident_that_is_forgotten_closes_nothing() {
    let mut watch = Watch::many(1);
    watch.screen(80, 12);
    watch.press(KeyCode::Enter);
    watch.delete("app-0", 0);
    watch.to(70);
    assert!(watch.screen(80, 12).contains("Over after"), "{}", watch.screen(80, 12));
    assert_eq!(watch.press(KeyCode::Char('r')), Wish::Look);
    watch.to(70 + TimeDelta::minutes(11).num_seconds());
    assert!(watch.screen(80, 12).contains("forgotten"), "{}", watch.screen(80, 12));
}
