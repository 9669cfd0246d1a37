//! What the streams tell, in whatever way it comes.

use super::*;
use pulldoctor::track::Standing;

fn code(told: &Told, name: &str) -> Option<&'static str> {
    let tracked = told.board.world.get(&ObjectName::new("shop", name))?;
    tracked.standing.failures().first().map(|it| it.cause.code)
}

fn is_pulled(told: &Told, name: &str) -> bool {
    let tracked = told.board.world.get(&ObjectName::new("shop", name));
    tracked.is_some_and(|tracked| matches!(tracked.standing, Standing::Pulled))
}

#[test]
fn words_are_remembered_while_an_old_kubelet_backs_off() {
    let mut told = Told::default();
    told.apply(pod("a", WEB, failing(&refused(WEB))), 0);
    told.apply(pod("a", WEB, backing_off_mutely(WEB)), 10);
    assert_eq!(code(&told, "a"), Some("connection-refused"));
    told.apply(pod("a", WEB, backing_off_mutely(WEB)), 20);
    assert_eq!(code(&told, "a"), Some("connection-refused"));
    assert_eq!(told.failures(), ["opened shop/a connection-refused"]);
    let other = "reg.io/web:v10";
    told.apply(pod("a", other, backing_off_mutely(other)), 30);
    assert_eq!(code(&told, "a"), Some("back-off"), "the words were about another image");
}

#[test]
fn a_late_word_of_a_dead_pod_does_not_bring_it_back() {
    let mut told = Told::default();
    let dead = versioned(5, pod("a", WEB, failing(&refused(WEB))));
    told.apply(dead.clone(), 0);
    told.delete(&versioned(7, dead.clone()), 1);
    told.apply(versioned(6, dead.clone()), 2);
    assert_eq!(code(&told, "a"), None);
    assert_eq!(told.failures().len(), 2);
    // A full list knows better.
    told.board.begin(&None);
    told.apply(versioned(6, dead.clone()), 3);
    told.board.listed(&None, at(3));
    assert_eq!(code(&told, "a"), Some("connection-refused"));
    told.apply(versioned(8, pod("a", WEB, State::Running)), 4);
    assert!(is_pulled(&told, "a"), "and what comes after it counts again");
}

#[test]
fn a_pod_may_leave_what_a_selector_picks_and_come_back() {
    let mut told = Told::default();
    let pod = pod("a", WEB, failing(&refused(WEB)));
    told.apply(versioned(5, pod.clone()), 0);
    told.delete(&versioned(6, pod.clone()), 1);
    told.apply(versioned(9, pod.clone()), 2);
    assert_eq!(code(&told, "a"), Some("connection-refused"));
    told.delete(&versioned(6, pod), 3);
    assert_eq!(code(&told, "a"), Some("connection-refused"), "its leaving is told late");
}

#[test]
fn a_late_word_of_a_pods_predecessor_does_not_replace_it() {
    let mut told = Told::default();
    let before = versioned(5, pod("db-0", WEB, failing(&refused(WEB))));
    let mut after = versioned(9, pod("db-0", WEB, State::Running));
    "another".clone_into(&mut after.uid);
    told.apply(before.clone(), 0);
    told.apply(after, 1);
    told.apply(versioned(6, before.clone()), 2);
    told.delete(&versioned(7, before), 3);
    assert!(is_pulled(&told, "db-0"));
}

#[test]
fn events_of_a_predecessor_are_not_its_successors() {
    let mut told = Told::default();
    let before = pod("db-0", WEB, failing(&not_found(WEB)));
    told.apply(before.clone(), 0);
    told.event("e", &failed_event(&before, &not_found(WEB), 3, at(0)), 0);
    let mut after = pod("db-0", WEB, backing_off_mutely(WEB));
    "another".clone_into(&mut after.uid);
    told.event("f", &failed_event(&after, &refused(WEB), 1, at(1)), 1);
    told.apply(after, 2);
    assert_eq!(code(&told, "db-0"), Some("connection-refused"));
}

#[test]
fn an_old_failure_of_a_restarted_container_is_over() {
    let mut told = Told::default();
    let pod = |state| pod("a", WEB, state);
    let mut events = vec![
        ("e1", failed_event(&pod(creating()), &refused(WEB), 2, at(1))),
        ("e2", event(&pod(creating()), "Pulled", "Successfully pulled image", 1, at(5))),
    ];
    for _ in 0..2 {
        let mut told_again = Told::default();
        told_again.apply(pod(State::Running), 10);
        for (name, event) in &events {
            told_again.event(name, event, 11);
        }
        // The node has started anew.
        told_again.apply(pod(creating()), 60);
        if events[0].0 == "e1" {
            assert_eq!(code(&told_again, "a"), None);
        }
        events.reverse();
    }
    told.apply(pod(failing(&refused(WEB))), 0);
    for (name, event) in &events {
        told.event(name, event, 6);
    }
    told.apply(pod(State::Running), 7);
    told.apply(pod(creating()), 60);
    assert_eq!(code(&told, "a"), None);
    assert!(told.board.incidents.failing().is_empty());
}

#[test]
fn a_list_that_breaks_off_takes_nothing_away() {
    let mut told = Told::default();
    for name in ["a", "b", "c"] {
        told.apply(pod(name, WEB, failing(&refused(WEB))), 0);
    }
    told.board.begin(&None);
    told.apply(pod("a", WEB, failing(&refused(WEB))), 1);
    told.board.begin(&None);
    told.apply(pod("c", WEB, failing(&refused(WEB))), 2);
    assert_eq!(told.board.incidents.failing_pods(), 3);
    told.board.listed(&None, at(2));
    assert_eq!(told.board.incidents.failing_pods(), 1, "the second list has neither a nor b");
}

#[test]
fn a_list_of_a_namespace_leaves_the_others_alone() {
    let mut told = Told::default();
    told.apply(pod("a", WEB, failing(&refused(WEB))), 0);
    told.apply(within("bank", pod("b", WEB, failing(&refused(WEB)))), 0);
    let area = Some("shop".to_owned());
    told.board.begin(&area);
    told.board.listed(&area, at(1));
    assert_eq!(told.board.census().pods, 1);
}

#[test]
fn what_is_kept_of_events_is_bounded() {
    let mut told = Told::default();
    let events_of = |told: &Told, name: &str| {
        let tracked = told.board.world.get(&ObjectName::new("shop", name)).unwrap();
        let origin = pulldoctor::facts::Origin::Files(Vec::new());
        told.board.world.facts([tracked], at(0), origin).events.len()
    };
    let storm = |told: &mut Told, pod: &Pod| {
        for number in 0..100 {
            let event = failed_event(pod, &refused(WEB), 1, at(number));
            told.event(&format!("{}.{number:03}", pod.name.name), &event, number);
        }
    };
    let stranger = pod("stranger", WEB, failing(&refused(WEB)));
    storm(&mut told, &stranger);
    told.apply(stranger, 100);
    assert_eq!(events_of(&told, "stranger"), 12);
    let known = pod("known", WEB, failing(&refused(WEB)));
    told.apply(known.clone(), 0);
    storm(&mut told, &known);
    assert_eq!(events_of(&told, "known"), 40);
    told.apply(pod("known", WEB, State::Running), 200);
    assert_eq!(events_of(&told, "known"), 6);
    storm(&mut told, &known);
    assert_eq!(events_of(&told, "known"), 6, "a settled pod needs fewer");
}

#[test]
fn the_events_of_only_so_many_unknown_pods_are_kept() {
    let mut told = Told::default();
    let mute = |number: usize| pod(&format!("a{number:04}"), WEB, backing_off_mutely(WEB));
    for number in 0..1_200 {
        let event = failed_event(&mute(number), &refused(WEB), 1, at(0));
        told.event(&format!("a{number:04}.1"), &event, 0);
    }
    for number in 0..1_200 {
        told.apply(mute(number), 1);
    }
    assert_eq!(code(&told, "a0000"), Some("back-off"), "the first have gone");
    assert_eq!(code(&told, "a0200"), Some("connection-refused"));
    assert_eq!(code(&told, "a1199"), Some("connection-refused"));
}

#[test]
fn deletions_are_not_remembered_for_ever() {
    let mut told = Told::default();
    let first = versioned(1, pod("first", WEB, failing(&refused(WEB))));
    told.apply(first.clone(), 0);
    told.delete(&first, 0);
    for number in 0..5_000 {
        let name = format!("a{number}");
        let pod = versioned(number + 2, pod(&name, WEB, State::Running));
        told.apply(pod.clone(), 1);
        told.delete(&pod, 1);
    }
    assert_eq!(told.board.census().pods, 0);
    told.apply(first, 2);
    assert_eq!(code(&told, "first"), Some("connection-refused"));
}

#[test]
fn an_older_state_of_an_event_changes_nothing() {
    let mut told = Told::default();
    let mute = pod("a", WEB, backing_off_mutely(WEB));
    told.apply(mute.clone(), 0);
    let newest = failed_event(&mute, &refused(WEB), 7, at(50));
    told.event("e", &newest, 50);
    told.event("e", &failed_event(&mute, &refused(WEB), 2, at(10)), 51);
    let tracked = told.board.world.get(&mute.name).unwrap();
    let origin = pulldoctor::facts::Origin::Files(Vec::new());
    assert_eq!(told.board.world.facts([tracked], at(60), origin).events, [newest]);
}

#[test]
fn a_long_run_keeps_no_more_than_there_is() {
    let mut told = Told::default();
    let (mut opened, mut recovered) = (0, 0);
    let of = |round: u64, state: fn(&str) -> State| {
        let image = format!("reg.io/web:v{round}");
        versioned(3 * round + 1, pod(&format!("a{round}"), &image, state(&image)))
    };
    for round in 0..2_000_u64 {
        let second = i64::try_from(round).unwrap();
        let failing = of(round, |image| failing(&not_found(image)));
        told.event(&format!("a{round}.1"), &failed_event(&failing, "not found", 1, at(0)), second);
        told.apply(failing, second);
        if let Some(before) = round.checked_sub(20) {
            told.apply(versioned(3 * before + 2, of(before, |_| State::Running)), second);
        }
        if let Some(before) = round.checked_sub(40) {
            told.delete(&versioned(3 * before + 3, of(before, |_| State::Running)), second);
        }
        let failures = told.failures();
        opened += failures.iter().filter(|line| line.starts_with("opened")).count();
        recovered += failures.iter().filter(|line| line.starts_with("recovered")).count();
        told.news(second);
        let incidents = &told.board.incidents;
        assert!(told.board.census().pods <= 40);
        assert!(incidents.open().len() <= 20 && incidents.over().count() <= 50);
    }
    assert_eq!((opened, recovered), (2_000, 1_980));
    assert_eq!(told.board.incidents.failing_pods(), 20);
}
