//! The tracker's decisions, without a clock and without a server: time is a number here.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::*;
use crate::facts::{About, OwnerReference, Place, PlaceKind, State};
use crate::report::WaitOutcome;
use crate::scope::Members;

fn at(seconds: i64) -> Time {
    DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
}

fn waiting(reason: &str, message: &str) -> State {
    State::Waiting { reason: reason.to_owned(), message: message.to_owned() }
}

fn no_tag(reason: &str) -> State {
    let error = "rpc error: code = NotFound desc = failed to pull and unpack image \
                 \"reg.io/web:v9\": failed to resolve reference \"reg.io/web:v9\": \
                 reg.io/web:v9: not found";
    match reason {
        "ErrImagePull" => waiting(reason, error),
        _ => waiting(
            reason,
            &format!("Back-off pulling image \"reg.io/web:v9\": ErrImagePull: {error}"),
        ),
    }
}

fn throttled() -> State {
    waiting(
        "ErrImagePull",
        "failed to pull and unpack image \"reg.io/web:v9\": unexpected status from HEAD request to \
         https://reg.io/v2/web/manifests/v9: 429 Too Many Requests",
    )
}

fn pod(name: &str, state: State) -> Pod {
    Pod {
        name: ObjectName::new("shop", name),
        uid: format!("uid of {name}"),
        mirror_of: None,
        version: 0,
        created: None,
        deleting: None,
        owner: Some(OwnerReference {
            api_version: "apps/v1".to_owned(),
            kind: "ReplicaSet".to_owned(),
            name: "web-1".to_owned(),
        }),
        node: Some("n1".to_owned()),
        service_account: None,
        pull_secrets: Some(Vec::new()),
        phase: "Pending".to_owned(),
        reason: None,
        message: None,
        unschedulable: None,
        places: vec![Place {
            kind: PlaceKind::App,
            name: "app".to_owned(),
            image: "reg.io/web:v9".to_owned(),
            pull_policy: None,
            state,
            mounts: Vec::new(),
        }],
        labels: BTreeMap::from([("pod-template-hash".to_owned(), "1".to_owned())]),
        managed_by: Vec::new(),
    }
}

fn creating() -> State {
    waiting("ContainerCreating", "")
}

fn expecting(wanted: Wanted) -> Tracker {
    let owners = [("ReplicaSet".to_owned(), "web-1".to_owned())].into();
    let expected = Expected { members: Members::OwnedBy(owners), wanted };
    let name = Some("deployment/web".to_owned());
    let target = Target { name, namespace: Some("shop".to_owned()), expected };
    Tracker::new(vec![target], TimeDelta::seconds(60))
}

const WAIT: Decision = Decision::Wait { until: None };

fn until(seconds: i64) -> Decision {
    Decision::Wait { until: Some(at(seconds)) }
}

#[test]
fn it_ends_when_all_images_are_there() {
    let mut tracker = expecting(Wanted::Count(2));
    assert_eq!(tracker.decide(at(0)), WAIT);
    tracker.apply(pod("a", creating()), at(0));
    tracker.apply(pod("b", State::Running), at(1));
    assert_eq!(tracker.decide(at(1)), WAIT);
    tracker.apply(pod("a", State::Running), at(2));
    assert_eq!(tracker.decide(at(2)), Decision::Pulled);
    let news: Vec<_> = tracker.take_news().into_iter().map(|news| news.text).collect();
    assert_eq!(
        news,
        ["shop/a: pending, container app: ContainerCreating", "shop/b: pulled", "shop/a: pulled"]
    );
}

#[test]
fn a_crash_is_no_failed_pull() {
    let mut tracker = expecting(Wanted::Count(1));
    tracker.apply(pod("a", waiting("CrashLoopBackOff", "back-off 10s")), at(0));
    assert_eq!(tracker.decide(at(0)), Decision::Pulled);
}

#[test]
fn a_missing_tag_counts_at_its_second_attempt() {
    let mut tracker = expecting(Wanted::Count(1));
    tracker.apply(pod("a", no_tag("ErrImagePull")), at(0));
    assert_eq!(tracker.decide(at(0)), until(30), "it may just be being pushed");
    tracker.apply(pod("a", no_tag("ImagePullBackOff")), at(5));
    assert_eq!(tracker.decide(at(5)), until(30), "backing off is no second attempt");
    tracker.apply(pod("a", no_tag("ErrImagePull")), at(14));
    assert_eq!(tracker.decide(at(14)), Decision::Failed);
}

#[test]
fn a_missing_tag_counts_when_it_was_tried_again_unseen() {
    let mut tracker = expecting(Wanted::Count(1));
    tracker.apply(pod("a", no_tag("ImagePullBackOff")), at(0));
    assert_eq!(tracker.decide(at(29)), until(30));
    assert_eq!(tracker.decide(at(30)), Decision::Failed);
}

#[test]
fn an_event_that_was_counted_twice_is_two_observations() {
    let mut tracker = expecting(Wanted::Count(1));
    tracker.apply(pod("a", no_tag("ImagePullBackOff")), at(0));
    let mut event = failed("a", 1);
    tracker.apply_event(&ObjectName::new("shop", "a.1"), &event, at(1));
    assert_eq!(tracker.decide(at(1)), until(30));
    event.count = 2;
    tracker.apply_event(&ObjectName::new("shop", "a.1"), &event, at(2));
    assert_eq!(tracker.decide(at(2)), Decision::Failed);
}

fn failed(name: &str, count: u32) -> Event {
    Event {
        about: About {
            kind: "Pod".to_owned(),
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            uid: format!("uid of {name}"),
            field_path: "spec.containers{app}".to_owned(),
        },
        kind: "Warning".to_owned(),
        reason: "Failed".to_owned(),
        message:
            "Failed to pull image \"reg.io/web:v9\": rpc error: code = NotFound desc = failed \
                  to pull and unpack image \"reg.io/web:v9\": failed to resolve reference \
                  \"reg.io/web:v9\": reg.io/web:v9: not found"
                .to_owned(),
        component: "kubelet".to_owned(),
        host: Some("n1".to_owned()),
        count,
        first_seen: Some(at(0)),
        last_seen: Some(at(0)),
    }
}

#[test]
fn words_that_no_race_can_make_count_at_once() {
    let mut tracker = expecting(Wanted::Count(1));
    let words = "Failed to apply default image tag \"Web:v9\": couldn't parse image name \"Web:v9\": \
                 invalid reference format: repository name (library/Web) must be lowercase";
    tracker.apply(pod("a", waiting("InvalidImageName", words)), at(0));
    assert_eq!(tracker.decide(at(0)), Decision::Failed);
}

#[test]
fn what_may_heal_gets_its_grace_from_first_sight() {
    let mut tracker = expecting(Wanted::Count(1));
    tracker.apply(pod("a", throttled()), at(0));
    assert_eq!(tracker.decide(at(0)), until(60));
    let backing_off = waiting("ImagePullBackOff", "Back-off pulling image \"reg.io/web:v9\"");
    tracker.apply(pod("a", backing_off), at(20));
    assert_eq!(tracker.decide(at(20)), until(60), "backing off is the same failure");
    assert_eq!(tracker.decide(at(60)), Decision::Failed);
    tracker.apply(pod("a", State::Running), at(61));
    assert_eq!(tracker.decide(at(61)), Decision::Pulled);
}

#[test]
fn a_replacement_does_not_get_the_grace_anew() {
    let mut tracker = expecting(Wanted::Count(1));
    tracker.apply(pod("a", throttled()), at(0));
    tracker.delete(&ObjectName::new("shop", "a"), "", 0, at(30));
    assert_eq!(tracker.decide(at(30)), WAIT);
    tracker.apply(pod("b", throttled()), at(40));
    assert_eq!(tracker.decide(at(40)), until(60));
}

#[test]
fn what_heals_gets_its_grace_anew() {
    let mut tracker = expecting(Wanted::Count(2));
    tracker.apply(pod("a", throttled()), at(0));
    tracker.apply(pod("a", State::Running), at(30));
    tracker.apply(pod("b", throttled()), at(50));
    assert_eq!(tracker.decide(at(61)), until(110));
}

#[test]
fn pods_of_another_revision_do_not_count() {
    let mut tracker = expecting(Wanted::Count(1));
    let mut old = pod("old", no_tag("ErrImagePull"));
    old.owner.as_mut().unwrap().name = "web-0".to_owned();
    tracker.apply(old, at(0));
    tracker.apply(pod("new", State::Running), at(0));
    assert_eq!(tracker.decide(at(100)), Decision::Pulled);
    assert_eq!(tracker.facts(at(100), Origin::Files(Vec::new()), Survey::default()).1.examined, 1);
}

#[test]
fn pods_that_are_being_deleted_do_not_count() {
    let mut tracker = expecting(Wanted::Count(1));
    let mut leaving = pod("a", no_tag("ErrImagePull"));
    leaving.deleting = Some(at(0));
    tracker.apply(leaving, at(0));
    assert_eq!(tracker.decide(at(100)), WAIT);
}

#[test]
fn scaled_to_zero_is_settled_and_so_is_a_finished_job() {
    for wanted in [Wanted::Count(0), Wanted::Done] {
        assert_eq!(expecting(wanted).decide(at(0)), Decision::Pulled);
    }
}

#[test]
fn a_workload_that_is_not_there_is_waited_for() {
    let mut tracker = expecting(Wanted::Unknown("it does not exist".to_owned()));
    assert_eq!(tracker.decide(at(0)), WAIT);
    let pending = tracker.pending();
    assert_eq!(pending[0].what.to_string(), "deployment/web");
    assert_eq!(pending[0].why, "it does not exist");
    let owners = [("ReplicaSet".to_owned(), "web-1".to_owned())].into();
    let expected = Expected { members: Members::OwnedBy(owners), wanted: Wanted::Count(1) };
    tracker.apply(pod("a", State::Running), at(1));
    tracker.expect(0, expected, at(2));
    assert_eq!(tracker.decide(at(2)), Decision::Pulled);
}

#[test]
fn a_pod_that_no_node_takes_is_pending_with_the_schedulers_words() {
    let mut tracker = expecting(Wanted::Count(1));
    let mut unscheduled = pod("a", State::None);
    unscheduled.node = None;
    unscheduled.unschedulable = Some("Unschedulable: 0/3 nodes are available".to_owned());
    tracker.apply(unscheduled, at(0));
    assert_eq!(tracker.decide(at(1_000)), WAIT);
    assert!(tracker.pending()[0].why.contains("0/3 nodes"));
}

#[test]
fn what_a_full_list_lacks_is_gone() {
    let mut tracker = expecting(Wanted::Count(1));
    let area = Some("shop".to_owned());
    tracker.apply(pod("a", no_tag("ErrImagePull")), at(0));
    tracker.begin(&area);
    tracker.apply(pod("b", State::Running), at(5));
    assert_ne!(tracker.decide(at(6)), Decision::Pulled, "the list is not complete");
    tracker.listed(&area, at(6));
    assert_eq!(tracker.decide(at(6)), Decision::Pulled);
}

#[test]
fn the_same_thing_said_twice_is_no_news() {
    let mut tracker = expecting(Wanted::Count(1));
    for second in 0..5 {
        tracker.apply(pod("a", no_tag("ErrImagePull")), at(second));
        tracker.apply_event(&ObjectName::new("shop", "a.1"), &failed("a", 1), at(second));
    }
    assert_eq!(tracker.take_news().len(), 1);
    assert_eq!(tracker.decide(at(5)), until(30));
}

#[test]
fn an_event_before_its_pod_is_kept() {
    let mut tracker = expecting(Wanted::Count(1));
    tracker.apply_event(&ObjectName::new("shop", "a.1"), &failed("a", 2), at(0));
    tracker.apply(
        pod("a", waiting("ImagePullBackOff", "Back-off pulling image \"reg.io/web:v9\"")),
        at(1),
    );
    assert_eq!(tracker.decide(at(1)), Decision::Failed);
}

fn crashing() -> State {
    waiting("CrashLoopBackOff", "back-off 10s restarting failed container")
}

fn pending_of(tracker: &Tracker) -> Vec<String> {
    tracker.pending().iter().map(|pending| format!("{}: {}", pending.what, pending.why)).collect()
}

#[test]
fn a_rollout_that_waits_for_a_crashing_pod_is_settled_after_its_grace() {
    let mut tracker = expecting(Wanted::Count(3));
    tracker.apply(pod("a", State::Running), at(0));
    assert_eq!(tracker.decide(at(100)), WAIT, "the next pods may be on their way");
    assert_eq!(tracker.outcome(), WaitOutcome::Undecided);
    tracker.apply(pod("a", crashing()), at(100));
    assert_eq!(tracker.decide(at(100)), until(160));
    tracker.apply(pod("a", State::Running), at(130));
    assert_eq!(tracker.decide(at(170)), WAIT, "it runs, for now");
    tracker.apply(pod("a", crashing()), at(171));
    assert_eq!(tracker.decide(at(171)), Decision::Pulled);
    assert_eq!(tracker.outcome(), WaitOutcome::Pulled);
    assert_eq!(
        pending_of(&tracker),
        ["deployment/web: 2 of 3 pods are not there; shop/a has their images on n1 and does not \
          run, container app: CrashLoopBackOff"]
    );
    let news: Vec<_> = tracker.take_news().into_iter().map(|news| news.text).collect();
    assert_eq!(news, ["shop/a: pulled", "shop/a: pulled, container app: CrashLoopBackOff"]);
}

#[test]
fn a_crash_tells_nothing_of_images_that_are_not_known() {
    // A sibling still pulls.
    let mut tracker = expecting(Wanted::Count(3));
    tracker.apply(pod("a", crashing()), at(0));
    tracker.apply(pod("b", creating()), at(0));
    assert_eq!(tracker.decide(at(1_000)), WAIT);
    assert_eq!(tracker.outcome(), WaitOutcome::Undecided);

    // A sibling fails.
    tracker.apply(pod("b", throttled()), at(1_000));
    assert_eq!(tracker.decide(at(1_000)), until(1_060));
    assert_eq!(tracker.outcome(), WaitOutcome::Failed);

    // The crash is before the image.
    let mut tracker = expecting(Wanted::Count(1));
    let mut init = pod("a", waiting("PodInitializing", ""));
    let mut place = init.places[0].clone();
    (place.kind, place.name, place.state) = (PlaceKind::Init, "migrate".to_owned(), crashing());
    init.places.insert(0, place);
    tracker.apply(init, at(0));
    assert_eq!(tracker.decide(at(1_000)), WAIT);
    assert_eq!(tracker.outcome(), WaitOutcome::Undecided);
    assert_eq!(
        pending_of(&tracker),
        ["shop/a: container app: PodInitializing, held up by init container migrate: \
          CrashLoopBackOff"]
    );

    // The pods that are missing may be of another template.
    let owners = [
        ("ReplicaSet".to_owned(), "web-1".to_owned()),
        ("StatefulSet".to_owned(), "db".to_owned()),
    ];
    let expected = Expected { members: Members::OwnedBy(owners.into()), wanted: Wanted::Count(3) };
    let target = Target { name: None, namespace: Some("shop".to_owned()), expected };
    let mut tracker = Tracker::new(vec![target], TimeDelta::seconds(60));
    tracker.apply(pod("a", crashing()), at(0));
    assert_eq!(tracker.decide(at(1_000)), WAIT);
    assert_eq!(tracker.outcome(), WaitOutcome::Undecided);
}

#[test]
fn a_pod_in_the_place_of_one_that_crashed_has_its_own_time() {
    let mut tracker = expecting(Wanted::Count(2));
    tracker.apply(pod("a", crashing()), at(0));
    let mut other = pod("a", crashing());
    other.uid = "another".to_owned();
    tracker.apply(other, at(50));
    assert_eq!(tracker.decide(at(70)), until(110));
}

#[test]
fn what_is_not_listed_yet_is_not_said_to_be_missing() {
    let mut tracker = expecting(Wanted::Count(1));
    tracker.begin(&Some("shop".to_owned()));
    assert_eq!(pending_of(&tracker), ["deployment/web: its pods are still being listed"]);
    assert_eq!(tracker.outcome(), WaitOutcome::Undecided);
    tracker.listed(&Some("shop".to_owned()), at(1));
    assert_eq!(pending_of(&tracker), ["deployment/web: 1 of 1 pod is not there"]);
}
