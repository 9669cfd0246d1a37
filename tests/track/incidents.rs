//! What is told of incidents, and when.

use super::*;

/// Three pods of one image that fail alike.
fn three() -> Told {
    let mut told = Told::default();
    for name in ["a", "b", "c"] {
        told.apply(pod(name, WEB, failing(&not_found(WEB))), 0);
    }
    told
}

#[test]
fn it_opens_once_however_often_it_is_said() {
    let mut told = three();
    assert_eq!(told.lines(0), ["1 opened manifest-not-found: 3"]);
    assert_eq!(told.failures().len(), 3);
    for second in 1..40 {
        for name in ["a", "b", "c"] {
            let state = match second % 2 {
                0 => failing(&not_found(WEB)),
                _ => backing_off(WEB, &not_found(WEB)),
            };
            let pod = pod(name, WEB, state);
            told.event("e", &failed_event(&pod, &not_found(WEB), 1, at(second)), second);
            told.apply(pod, second);
        }
        assert_eq!(told.lines(second), [""; 0], "at {second}");
    }
    assert_eq!(told.failures(), [""; 0]);
    assert_eq!(told.board.incidents.classified()["manifest-not-found"], 3);
}

#[test]
fn updates_get_rarer_the_longer_it_goes_on() {
    let mut told = Told::default();
    let mut told_at = Vec::new();
    for second in 0..200 {
        told.apply(pod(&format!("a{second}"), WEB, failing(&not_found(WEB))), second);
        if !told.lines(second).is_empty() {
            told_at.push(second);
        }
    }
    assert_eq!(told_at, [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181]);
    // Once it has been quiet for a while, the next change is told soon.
    told.apply(pod("late", WEB, failing(&not_found(WEB))), 300);
    assert_eq!(told.lines(300).len(), 1);
    told.apply(pod("later", WEB, failing(&not_found(WEB))), 301);
    assert_eq!(told.lines(301).len(), 1);
}

#[test]
fn an_update_says_who_joined_and_how_many_left() {
    let mut told = three();
    told.news(0);
    for number in 0..5 {
        told.apply(pod(&format!("d{number}"), WEB, failing(&not_found(WEB))), 1);
    }
    told.apply(pod("a", WEB, State::Running), 1);
    // It came and went before anybody was told.
    told.apply(pod("d0", WEB, State::Running), 1);
    let news = told.news(2);
    assert_eq!(news.len(), 1);
    assert_eq!(names(&news[0].joined), names(&["d1", "d2"].map(|it| ObjectName::new("shop", it))));
    assert_eq!((news[0].more_joined, news[0].left), (2, 1));
    assert_eq!(told.board.incidents.next_due(), None, "nothing more to tell");
}

#[test]
fn a_pull_that_succeeds_ends_it_at_once() {
    let mut told = three();
    told.news(0);
    told.failures();
    for name in ["a", "b", "c"] {
        told.apply(pod(name, WEB, State::Running), 5);
    }
    assert_eq!(told.lines(5), ["1 recovered manifest-not-found: 0"]);
    assert_eq!(
        told.failures(),
        ["a", "b", "c"].map(|it| format!("recovered shop/{it} manifest-not-found pulled"))
    );
    assert_eq!(told.incident(1).ended.pulled, 3);
    assert!(told.board.incidents.is_recovered());
    assert!(told.board.incidents.open().is_empty());
    assert_eq!(told.board.incidents.over().count(), 1);
}

#[test]
fn a_deleted_pod_leaves_two_seconds_for_its_successor() {
    let mut told = Told::default();
    let first = pod("a", WEB, failing(&not_found(WEB)));
    told.apply(first.clone(), 0);
    told.news(0);
    told.delete(&first, 10);
    assert_eq!(told.lines(11), [""; 0]);
    assert!(!told.board.incidents.is_recovered(), "another may come in its place");
    told.apply(pod("b", WEB, failing(&not_found(WEB))), 11);
    assert_eq!(told.lines(11), ["1 updated manifest-not-found: 1"]);

    told.delete(&pod("b", WEB, creating()), 20);
    assert_eq!(told.board.incidents.next_due(), Some(at(22)));
    assert_eq!(told.lines(22), ["1 recovered manifest-not-found: 0"]);
    assert!(told.board.incidents.is_recovered());
    assert_eq!(told.failures().last().unwrap(), "recovered shop/b manifest-not-found deleted");
}

#[test]
fn a_pod_on_its_way_out_fails_no_longer() {
    let mut told = Told::default();
    let mut leaving = pod("a", WEB, failing(&not_found(WEB)));
    told.apply(leaving.clone(), 0);
    leaving.deleting = Some(at(1));
    told.apply(leaving.clone(), 1);
    told.delete(&leaving, 2);
    assert_eq!(
        told.failures(),
        ["opened shop/a manifest-not-found", "recovered shop/a manifest-not-found deleted"]
    );
}

#[test]
fn another_pod_of_the_same_name_is_another_failure() {
    let mut told = Told::default();
    told.apply(pod("db-0", WEB, failing(&not_found(WEB))), 0);
    told.news(0);
    let mut successor = pod("db-0", WEB, failing(&not_found(WEB)));
    "another".clone_into(&mut successor.uid);
    told.apply(successor.clone(), 1);
    assert_eq!(
        told.failures(),
        [
            "opened shop/db-0 manifest-not-found",
            "recovered shop/db-0 manifest-not-found replaced",
            "opened shop/db-0 manifest-not-found"
        ]
    );
    assert_eq!(told.lines(1), ["1 updated manifest-not-found: 1"]);
    "a third".clone_into(&mut successor.uid);
    successor.places[0].state = creating();
    told.apply(successor, 2);
    assert_eq!(told.lines(4), ["1 recovered manifest-not-found: 0"]);
    assert_eq!(told.incident(1).ended.deleted, 2);
}

#[test]
fn a_pod_that_begins_anew_is_unsettled_until_it_is_known() {
    let mut told = Told::default();
    told.apply(pod("a", WEB, failing(&not_found(WEB))), 0);
    told.news(0);
    told.apply(pod("a", "reg.io/web:v10", creating()), 10);
    assert_eq!(told.failures().last().unwrap(), "recovered shop/a manifest-not-found pending");
    assert_eq!((told.board.incidents.unsettled(), told.board.incidents.failing_pods()), (1, 0));
    assert!(!told.board.incidents.is_recovered());
    assert_eq!(told.board.incidents.next_due(), Some(at(40)));
    assert_eq!(told.lines(39), [""; 0]);
    assert_eq!(told.lines(40), ["1 recovered manifest-not-found: 0"]);
    assert!(!told.board.incidents.is_recovered(), "the pod has not got its image yet");
    told.apply(pod("a", "reg.io/web:v10", State::Running), 50);
    assert!(told.board.incidents.is_recovered());
}

#[test]
fn once_nothing_is_unsettled_nothing_is_waited_for() {
    let mut told = Told::default();
    told.apply(pod("a", WEB, failing(&not_found(WEB))), 0);
    told.news(0);
    told.apply(pod("a", WEB, creating()), 10);
    told.apply(pod("a", WEB, State::Running), 12);
    assert_eq!(told.lines(14), ["1 recovered manifest-not-found: 0"]);
    assert!(told.board.incidents.is_recovered());
}

#[test]
fn a_failure_whose_words_change_moves() {
    let mut told = Told::default();
    told.apply(pod("a", WEB, failing(&refused(WEB))), 0);
    told.news(0);
    told.apply(pod("a", WEB, failing(&not_found(WEB))), 5);
    assert_eq!(
        told.lines(5),
        ["1 recovered connection-refused: 0", "2 opened manifest-not-found: 1"]
    );
    assert_eq!(
        told.failures(),
        ["opened shop/a connection-refused", "updated shop/a manifest-not-found"]
    );
    let first = told.incident(1);
    assert_eq!((first.ended.renamed, first.became.unwrap().code), (1, "manifest-not-found"));
}

#[test]
fn a_failure_without_words_waits_for_them() {
    let mut told = Told::default();
    let mute = pod("a", WEB, backing_off_mutely(WEB));
    told.apply(mute.clone(), 0);
    assert_eq!(told.lines(1), [""; 0]);
    assert_eq!(told.board.incidents.next_due(), Some(at(2)));
    told.event("e", &failed_event(&mute, &refused(WEB), 1, at(0)), 1);
    assert_eq!(told.lines(3), ["2 opened connection-refused: 1"]);

    let mute = pod("b", "reg.io/other:1", backing_off_mutely("reg.io/other:1"));
    told.apply(mute.clone(), 10);
    assert_eq!(told.lines(12), ["3 opened back-off: 1"], "not for ever");
    told.event("f", &failed_event(&mute, &refused("reg.io/other:1"), 1, at(10)), 60);
    assert_eq!(
        told.lines(60),
        ["2 updated connection-refused: 2", "3 recovered back-off: 0"],
        "then it joins those with the same cause"
    );
}

#[test]
fn an_incident_that_comes_back_is_the_same() {
    let mut told = Told::default();
    told.apply(pod("a", WEB, failing(&refused(WEB))), 0);
    told.news(0);
    told.apply(pod("a", WEB, State::Running), 10);
    assert_eq!(told.lines(10), ["1 recovered connection-refused: 0"]);
    told.apply(pod("b", WEB, failing(&refused(WEB))), 10 + 599);
    assert_eq!(told.lines(609), ["1 opened connection-refused: 1"]);
    let incident = told.incident(1);
    assert_eq!((incident.again, incident.ended.pulled, incident.opened), (1, 0, at(609)));
    assert_eq!(told.board.incidents.told(), 1, "it counts once");

    told.apply(pod("b", WEB, State::Running), 700);
    told.news(700);
    told.apply(pod("c", WEB, failing(&refused(WEB))), 700 + 601);
    assert_eq!(told.lines(1301), ["2 opened connection-refused: 1"], "too late to be the same");
    assert_eq!(told.board.incidents.told(), 2);
}

#[test]
fn what_came_and_went_untold_leaves_no_trace() {
    let mut told = Told::default();
    told.apply(pod("a", WEB, failing(&refused(WEB))), 0);
    told.apply(pod("a", WEB, State::Running), 0);
    assert_eq!(told.lines(0), [""; 0]);
    assert_eq!(told.board.incidents.over().count(), 0);
    assert_eq!(told.board.incidents.told(), 0);
    assert!(told.board.incidents.is_recovered());
    assert_eq!(told.failures().len(), 2, "the failures themselves are told");
}

#[test]
fn access_is_one_incident_a_registry_or_an_owner() {
    let mut told = Told::default();
    for (number, image) in [
        "reg.acme.io/shop/web:1",
        "reg.acme.io/billing/api:1",
        "docker.io/acme/web:1",
        "acme/api:1",
        "docker.io/other/web:1",
    ]
    .into_iter()
    .enumerate()
    {
        told.apply(pod(&format!("a{number}"), image, failing(&denied(image))), 0);
    }
    assert_eq!(
        told.lines(0),
        [
            "1 opened access-denied-or-missing: 2",
            "2 opened access-denied-or-missing: 2",
            "3 opened access-denied-or-missing: 1"
        ]
    );
    assert_eq!(told.incident(1).registry, "reg.acme.io");
    assert_eq!(names(told.incident(2).pods().iter()).len(), 2, "both of acme");
}

#[test]
fn a_missing_tag_is_one_incident_an_image_however_it_is_written() {
    let mut told = Told::default();
    for (name, image) in
        [("a", "nginx:nope"), ("b", "docker.io/library/nginx:nope"), ("c", "nginx:never")]
    {
        let full = format!("docker.io/library/nginx:{}", image.rsplit(':').next().unwrap());
        told.apply(pod(name, image, failing(&not_found(&full))), 0);
    }
    assert_eq!(told.lines(0), ["1 opened manifest-not-found: 2", "2 opened manifest-not-found: 1"]);
}

#[test]
fn a_full_disk_is_one_incident_a_node() {
    let mut told = Told::default();
    for (name, node, image) in [
        ("a", "n1", "reg.io/web:1"),
        ("b", "n1", "docker.io/acme/api:1"),
        ("c", "n2", "reg.io/web:1"),
    ] {
        told.apply(on(node, pod(name, image, failing(&disk_full(image)))), 0);
    }
    assert_eq!(told.lines(0), ["1 opened disk-full: 2", "2 opened disk-full: 1"]);
    assert_eq!(told.incident(1).registry, "");
    assert_eq!(told.incident(1).nodes().only().unwrap(), "n1");
}

#[test]
fn what_fails_is_counted_by_place() {
    let mut told = Told::default();
    let mut two = pod("a", WEB, failing(&refused(WEB)));
    two.places.push(place("proxy", "docker.io/acme/proxy:1", failing(&denied("acme/proxy:1"))));
    told.apply(two.clone(), 0);
    told.apply(within("bank", pod("b", WEB, failing(&refused(WEB)))), 0);
    let total = |told: &Told| -> Vec<String> {
        let failing = told.board.incidents.failing();
        let lines = failing.counts().map(|((cause, host, namespace), count)| {
            format!("{cause} {host} {namespace}: {count}")
        });
        lines.collect()
    };
    assert_eq!(
        total(&told),
        [
            "access-denied-or-missing docker.io shop: 1",
            "connection-refused reg.io bank: 1",
            "connection-refused reg.io shop: 1"
        ]
    );
    assert_eq!(told.board.incidents.failing_pods(), 2);
    two.places[0].state = State::Running;
    told.apply(two, 1);
    assert_eq!(
        total(&told),
        ["access-denied-or-missing docker.io shop: 1", "connection-refused reg.io bank: 1"]
    );
    assert_eq!(told.board.incidents.failing_pods(), 2);
}

#[test]
fn an_answer_that_comes_too_late_is_not_told_of_a_failure_that_ended() {
    let mut told = Told::default();
    told.apply(pod("a", WEB, failing(&denied(WEB))), 0);
    told.apply(pod("b", WEB, failing(&denied(WEB))), 0);
    told.news(0);
    let mut diagnosis =
        told.board.world.get(&ObjectName::new("shop", "a")).unwrap().standing.failures()[0].clone();
    diagnosis.root_cause = pulldoctor::cause::by_code("pull-secret-missing");
    assert!(diagnosis.root_cause.is_some());
    told.apply(pod("a", WEB, State::Running), 1);
    told.failures();
    told.board.incidents.diagnosed(1, diagnosis);
    assert_eq!(told.failures(), [""; 0]);
    let news = told.news(2);
    assert!(news[0].is_diagnosed, "but of the incident it is");
    assert_eq!(told.incident(1).leading().code, "pull-secret-missing");
}

#[test]
fn only_so_many_incidents_that_are_over_are_remembered() {
    let mut told = Told::default();
    for number in 0..80 {
        let image = format!("reg.io/web:v{number}");
        told.apply(pod("a", &image, failing(&not_found(&image))), number);
        told.news(number);
        told.apply(pod("a", &image, State::Running), number);
        told.news(number);
        told.failures();
    }
    assert_eq!(told.board.incidents.over().count(), 50);
    told.news(2_000);
    assert_eq!(told.board.incidents.over().count(), 0, "nor for ever");
}

#[test]
fn in_the_end_nothing_is_held_back() {
    let mut told = Told::default();
    told.apply(pod("a", WEB, backing_off_mutely(WEB)), 0);
    told.apply(pod("b", "reg.io/b:1", failing(&not_found("reg.io/b:1"))), 0);
    told.news(0);
    told.delete(&pod("b", WEB, creating()), 1);
    let kinds: Vec<_> =
        told.board.incidents.take_last_news(at(1)).iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [ChangeKind::Opened, ChangeKind::Recovered]);
}
