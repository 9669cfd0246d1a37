//! What was mended after the failure: when, and whether it heals by itself.

use pulldoctor::cause::Retry;
use pulldoctor::credentials::TYPE_DOCKERCONFIGJSON;
use pulldoctor::facts::Origin;

use super::world::{
    ANONYMOUS, BLURRED, IMAGE, UNREADABLE, WRONG_LOGIN, World, commands, logins, time,
};

const AFTER: Option<&str> = Some("pull-secret-added-after-pod");

fn reg() -> String {
    logins(&["reg.example.com"])
}

/// The pod refers to a secret that was written at a time, and its last try was at another.
fn written(changed: &str, tried: &str, seen: &str) -> World {
    World::new(WRONG_LOGIN)
        .refers(&["a"])
        .secret_at("a", TYPE_DOCKERCONFIGJSON, &reg(), Some(time("05:00")), Some(time(changed)))
        .event("Failed", &format!("Failed to pull image \"{IMAGE}\": {WRONG_LOGIN}"), tried)
        .event("BackOff", &format!("Back-off pulling image \"{IMAGE}\""), seen)
}

#[test]
fn an_account_that_was_mended_after_the_pod_wants_a_new_pod() {
    let world = World::new(BLURRED).secret("a", &reg()).account(&["a"], Some(time("06:04")));
    let diagnosis = world.judged();
    assert_eq!(world.root(), AFTER);
    assert!(
        diagnosis.summary.contains("changed at 06:04 UTC, 4m after the pod"),
        "{}",
        diagnosis.summary
    );
    assert_eq!(diagnosis.retry(), Retry::Permanent);
    assert_eq!(diagnosis.fixes.len(), 1);
    assert!(diagnosis.fixes[0].recreates_pods);
    assert!(!commands(&diagnosis).contains("patch"), "{}", commands(&diagnosis));
}

#[test]
fn an_account_that_had_the_secret_before_is_not_the_reason() {
    let world = World::new(BLURRED).secret("a", &reg()).account(&["a"], Some(time("05:30")));
    assert_eq!(world.root(), Some("pull-secret-not-referenced"));
    let without_times = World::new(BLURRED).secret("a", &reg()).account(&["a"], None);
    assert_eq!(without_times.root(), AFTER);
}

#[test]
fn an_account_with_a_secret_that_does_not_serve_mends_nothing() {
    let quay = logins(&["quay.io"]);
    let world = World::new(BLURRED).secret("a", &quay).account(&["a"], Some(time("06:04")));
    assert_eq!(world.root(), Some("no-pull-secret"));
    let missing = World::new(BLURRED).account(&["a"], Some(time("06:04"))).judged();
    assert_eq!(missing.root_cause.unwrap().code, "no-pull-secret");
    assert!(missing.summary.contains("secret a, which does not exist"), "{}", missing.summary);
    assert!(commands(&missing).contains("docker-registry a -n shop"), "{}", commands(&missing));
    assert!(!commands(&missing).contains("patch"), "{}", commands(&missing));
}

#[test]
fn a_template_that_was_mended_after_the_pod_wants_a_new_pod() {
    let world = World::new(BLURRED).secret("a", &reg()).owned_by(&[(
        "apps/v1",
        "StatefulSet",
        "db",
        &["a"],
    )]);
    let diagnosis = world.judged();
    assert_eq!(world.root(), AFTER);
    assert_eq!(commands(&diagnosis), "kubectl delete pod web -n shop");
}

#[test]
fn a_secret_written_after_the_last_try_heals_by_itself() {
    // The back-off is reported long after the last try, and is none.
    let world = written("07:02", "07:00", "07:04");
    let diagnosis = world.judged();
    assert_eq!(world.root(), AFTER);
    assert!(diagnosis.heals);
    assert_eq!(diagnosis.retry(), Retry::Transient);
    assert!(
        diagnosis.summary.contains("heals by itself within 5 minutes"),
        "{}",
        diagnosis.summary
    );
    assert!(diagnosis.summary.contains("07:02 UTC, 2m after"), "{}", diagnosis.summary);
}

#[test]
fn a_secret_written_before_the_last_try_was_tried() {
    assert_eq!(written("06:59", "07:00", "07:04").root(), Some("pull-secret-rejected"));
}

#[test]
fn a_failure_that_outlasts_the_change_has_tried_it() {
    assert_eq!(written("07:02", "07:00", "07:30").root(), Some("pull-secret-rejected"));
    // A live status is of now.
    let live = |mut world: World| {
        world.facts.origin = Origin::Cluster { context: "c".to_owned(), server: "s".to_owned() };
        world.root()
    };
    assert_eq!(live(written("07:02", "07:00", "07:04")), Some("pull-secret-rejected"));
    assert_eq!(live(written("07:58", "07:56", "07:57")), AFTER);
}

#[test]
fn a_secret_made_after_an_anonymous_try_heals_by_itself() {
    let world = World::new(ANONYMOUS).refers(&["a"]).secret_at(
        "a",
        TYPE_DOCKERCONFIGJSON,
        &reg(),
        Some(time("07:00")),
        None,
    );
    assert_eq!(world.root(), AFTER);
    assert!(world.judged().heals);
}

#[test]
fn a_secret_that_can_be_read_again_heals_by_itself() {
    let world = World::new(UNREADABLE).refers(&["a"]).secret("a", &reg());
    assert_eq!(world.root(), AFTER);
    assert!(world.judged().heals);
}
