//! Root causes of access failures: each with what proves it and what does not, alone and together.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must stop")]

mod fixes;
mod times;
mod world;

use pulldoctor::credentials::TYPE_DOCKERCONFIGJSON;
use pulldoctor::diagnose::Confidence::{self, Certain, Likely, Possible};
use pulldoctor::facts::{Place, PlaceKind, State, Unseen};
use world::{
    ANONYMOUS, BLURRED, IMAGE, NO_RIGHT, OTHERS, UNAUTHORIZED, UNREADABLE, WRONG_LOGIN, World,
    commands, expired_login, logins,
};

const REG: &str = "reg.example.com";
const ECR: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

/// A case: its name, the world, the root cause, and how sure it is.
type Case = (&'static str, World, Option<&'static str>, Confidence);

fn refused() -> State {
    State::Waiting { reason: "ErrImagePull".to_owned(), message: WRONG_LOGIN.replace('X', IMAGE) }
}

fn for_reg() -> String {
    logins(&[REG])
}

#[test]
fn every_root_cause_is_proven_and_not_claimed_without_proof() {
    let ecr_image = format!("{ECR}/app:1");
    let ecr_sibling = logins(&["999999999999.dkr.ecr.eu-central-1.amazonaws.com"]);
    let reg = for_reg();
    let quay = logins(&["quay.io"]);
    let broken = r#"{"auths":{"reg.example.com":{"auth":"not base64"}}}"#;
    let stored = r#"{"auths":{"reg.example.com":{}},"credsStore":"desktop"}"#;
    let token = r#"{"auths":{"reg.example.com":{"identitytoken":"t"}}}"#;
    let expired = expired_login(REG);
    #[rustfmt::skip]
    let cases: Vec<Case> = vec![
        // no-pull-secret
        ("nothing anywhere, words blur", World::new(BLURRED), Some("no-pull-secret"), Likely),
        ("nothing anywhere, words prove", World::new(ANONYMOUS), Some("no-pull-secret"), Certain),
        ("a secret for another registry beside it", World::new(ANONYMOUS).secret("quay", &quay), Some("no-pull-secret"), Certain),
        ("only an expired one beside it", World::new(ANONYMOUS).secret("old", &expired), Some("no-pull-secret"), Certain),
        ("only one that others fail with", World::new(ANONYMOUS).secret("bad", &reg).neighbour("other", IMAGE, &["bad"], refused()), Some("no-pull-secret"), Certain),
        ("on ECR the node's role comes first", World::failing(&ecr_image, ANONYMOUS), Some("no-pull-secret"), Likely),
        ("secrets not listed", World::new(ANONYMOUS).with(|w| { w.facts.secrets_listed.clear(); }), Some("no-pull-secret"), Possible),
        ("a login was sent, by the node then", World::new(WRONG_LOGIN), None, Likely),
        ("an official image that does not exist", World::failing("ngnix", BLURRED), None, Likely),
        ("a public registry", World::failing("registry.k8s.io/pause:9", BLURRED), None, Likely),
        ("another public registry", World::failing("mcr.microsoft.com/x:1", UNAUTHORIZED), None, Likely),
        // pull-secret-not-referenced
        ("one would serve", World::new(BLURRED).secret("a", &reg), Some("pull-secret-not-referenced"), Likely),
        ("one would serve, words prove", World::new(ANONYMOUS).secret("a", &reg), Some("pull-secret-not-referenced"), Certain),
        ("a neighbour runs it with that one", World::new(BLURRED).secret("a", &reg).neighbour("other", IMAGE, &["a"], State::Running), Some("pull-secret-not-referenced"), Certain),
        ("one would serve a public registry", World::failing("registry.k8s.io/pause:9", BLURRED).secret("a", &logins(&["registry.k8s.io"])), None, Likely),
        ("one would serve, but a login was sent", World::new(WRONG_LOGIN).secret("a", &reg), None, Likely),
        // pull-secret-missing
        ("it does not exist", World::new(BLURRED).refers(&["a"]), Some("pull-secret-missing"), Likely),
        ("it does not exist, words prove", World::new(ANONYMOUS).refers(&["a"]), Some("pull-secret-missing"), Certain),
        ("unseen is not missing", World::new(ANONYMOUS).refers(&["a"]).unseen("a"), None, Possible),
        ("unseen, and the kubelet could not get it", World::new(ANONYMOUS).refers(&["a"]).unseen("a").event("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (a); attempting to pull the image may not succeed.", "07:00"), Some("pull-secret-missing"), Likely),
        ("missing, but a login was sent", World::new(WRONG_LOGIN).refers(&["a"]), None, Likely),
        ("missing at a public registry", World::failing("registry.k8s.io/pause:9", BLURRED).refers(&["a"]), None, Likely),
        // pull-secret-wrong-type
        ("Opaque with the right key", World::new(ANONYMOUS).refers(&["a"]).secret_of("a", "Opaque", &reg), Some("pull-secret-wrong-type"), Certain),
        ("the other type with this key", World::new(BLURRED).refers(&["a"]).secret_of("a", "kubernetes.io/dockercfg", &reg), Some("pull-secret-wrong-type"), Likely),
        ("the right type with nothing in it", World::new(BLURRED).refers(&["a"]).secret("a", ""), Some("pull-secret-wrong-type"), Likely),
        // pull-secret-malformed
        ("unreadable, and the kubelet says so", World::new(UNREADABLE).refers(&["a"]).secret("a", broken), Some("pull-secret-malformed"), Certain),
        ("unreadable, a public image", World::failing("nginx", UNREADABLE).refers(&["a"]).secret("a", broken), Some("pull-secret-malformed"), Certain),
        ("one could not be seen, the kubelet says so", World::new(UNREADABLE).refers(&["a", "b"]).secret("a", &reg).unseen("b"), Some("pull-secret-malformed"), Likely),
        ("logins in a store", World::new(BLURRED).refers(&["a"]).secret("a", stored), Some("pull-secret-malformed"), Likely),
        ("a token only", World::new(ANONYMOUS).refers(&["a"]).secret("a", token), Some("pull-secret-malformed"), Certain),
        ("no entry", World::new(BLURRED).refers(&["a"]).secret("a", r#"{"auths":{}}"#), Some("pull-secret-malformed"), Likely),
        ("unreadable beside it, not referred to", World::new(ANONYMOUS).secret("a", broken), Some("no-pull-secret"), Certain),
        // pull-secret-registry-mismatch
        ("another registry", World::new(BLURRED).refers(&["a"]).secret("a", &quay), Some("pull-secret-registry-mismatch"), Likely),
        ("another port", World::new(ANONYMOUS).refers(&["a"]).secret("a", &logins(&["reg.example.com:443"])), Some("pull-secret-registry-mismatch"), Certain),
        ("an ECR sibling", World::failing(&ecr_image, ANONYMOUS).refers(&["a"]).secret("a", &ecr_sibling), Some("pull-secret-registry-mismatch"), Certain),
        ("another registry, a neighbour proves the image", World::new(BLURRED).refers(&["a"]).secret("a", &quay).secret("b", &reg).neighbour("other", IMAGE, &["b"], State::Running), Some("pull-secret-registry-mismatch"), Certain),
        ("another registry, but a login was sent", World::new(WRONG_LOGIN).refers(&["a"]).secret("a", &quay), None, Likely),
        // pull-secret-expired
        ("a token that ended", World::new(UNAUTHORIZED).refers(&["a"]).secret("a", &expired), Some("pull-secret-expired"), Certain),
        ("an old ECR password", World::failing(&ecr_image, UNAUTHORIZED).refers(&["a"]).secret_at("a", TYPE_DOCKERCONFIGJSON, &format!(r#"{{"auths":{{"{ECR}":{{"username":"AWS","password":"p"}}}}}}"#), Some("2026-11-22T05:00:00Z".parse().unwrap()), None), Some("pull-secret-expired"), Likely),
        ("words that say so", World::new("denied: Your authorization token has expired. Reauthenticate and try again.").refers(&["a"]).secret("a", &reg), Some("pull-secret-expired"), Certain),
        ("expired, but nothing was sent", World::new(ANONYMOUS).refers(&["a"]).secret("a", &expired), None, Possible),
        // pull-secret-rejected
        ("a wrong password", World::new(WRONG_LOGIN).refers(&["a"]).secret("a", &reg), Some("pull-secret-rejected"), Certain),
        ("401 with a login that fits", World::new(UNAUTHORIZED).refers(&["a"]).secret("a", &reg), Some("pull-secret-rejected"), Likely),
        ("a stale login for a public registry", World::failing("public.ecr.aws/a/b:1", WRONG_LOGIN).refers(&["a"]).secret("a", &logins(&["public.ecr.aws"])), Some("pull-secret-rejected"), Certain),
        ("a login that fits, and words of an anonymous pull", World::new(ANONYMOUS).refers(&["a"]).secret("a", &reg), None, Possible),
        // pull-secret-lacks-permission
        ("403 with a login that fits", World::new(NO_RIGHT).refers(&["a"]).secret("a", &reg), Some("pull-secret-lacks-permission"), Likely),
        ("blurred words with a login that fits", World::new(BLURRED).refers(&["a"]).secret("a", &reg), Some("pull-secret-lacks-permission"), Likely),
        ("403 without any login", World::new(NO_RIGHT), Some("no-pull-secret"), Likely),
    ];
    let mut wrong = Vec::new();
    for (case, world, root, confidence) in cases {
        let diagnosis = world.judged();
        let found = (diagnosis.root_cause.map(|cause| cause.code), diagnosis.confidence);
        if found != (root, confidence) {
            wrong.push(format!(
                "{case}: {found:?}, not {:?}\n  {}",
                (root, confidence),
                diagnosis.summary
            ));
        }
        if diagnosis.fixes.is_empty() {
            wrong.push(format!("{case}: no fix"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_other_failure_is_blamed_on_a_secret() {
    for words in OTHERS {
        let worlds = [
            World::new(words),
            World::new(words).refers(&["a"]),
            World::new(words).secret("a", &for_reg()),
            World::new(words).refers(&["a"]).secret("a", "nonsense"),
            World::new(words).refers(&["a"]).secret("a", &expired_login(REG)),
        ];
        for world in worlds {
            let diagnosis = world.judged();
            assert_eq!(diagnosis.root_cause.map(|cause| cause.code), None, "{words}");
            assert!(!commands(&diagnosis).contains("create secret"), "{words}");
        }
    }
}

/// Names and payloads.
type Secrets<'a> = &'a [(&'a str, &'a str)];

/// Root cause and the others, of a pod that refers to all of these secrets.
fn together(words: &str, secrets: Secrets<'_>) -> (Option<&'static str>, Vec<&'static str>) {
    let names: Vec<&str> = secrets.iter().map(|(name, _)| *name).collect();
    let mut world = World::new(words).refers(&names);
    for (name, payload) in secrets {
        world = match *payload {
            "" => world,
            "opaque" => world.secret_of(name, "Opaque", &for_reg()),
            payload => world.secret(name, payload),
        };
    }
    let diagnosis = world.judged();
    let others = diagnosis.other_root_causes.iter().map(|cause| cause.code).collect();
    (diagnosis.root_cause.map(|cause| cause.code), others)
}

#[test]
fn of_several_the_first_to_be_mended_leads() {
    let (reg, quay) = (for_reg(), logins(&["quay.io"]));
    let (broken, expired) = ("{\"auths\":{\"x.io\":{\"auth\":\"!\"}}}", expired_login(REG));
    let [missing, opaque] = ["", "opaque"];
    #[rustfmt::skip]
    let cases: &[(&str, Secrets<'_>, &str, &[&str])] = &[
        (BLURRED, &[("a", &quay), ("b", missing)], "pull-secret-missing", &["pull-secret-registry-mismatch"]),
        (BLURRED, &[("a", opaque), ("b", missing)], "pull-secret-missing", &["pull-secret-wrong-type"]),
        (BLURRED, &[("a", &quay), ("b", opaque)], "pull-secret-wrong-type", &["pull-secret-registry-mismatch"]),
        (UNREADABLE, &[("a", &reg), ("b", broken)], "pull-secret-malformed", &[]),
        (UNREADABLE, &[("a", missing), ("b", broken)], "pull-secret-malformed", &["pull-secret-missing"]),
        (WRONG_LOGIN, &[("a", &expired), ("b", &reg)], "pull-secret-rejected", &["pull-secret-expired"]),
        (WRONG_LOGIN, &[("a", &expired), ("b", missing)], "pull-secret-expired", &["pull-secret-missing"]),
        (BLURRED, &[("a", &reg), ("b", &quay)], "pull-secret-lacks-permission", &["pull-secret-registry-mismatch"]),
    ];
    for (words, secrets, root, others) in cases {
        assert_eq!(together(words, secrets), (Some(*root), others.to_vec()), "{secrets:?}");
    }
}

#[test]
fn a_secret_for_another_image_of_the_pod_has_its_place() {
    let world = World::new(BLURRED)
        .refers(&["a", "quay"])
        .secret("quay", &logins(&["quay.io"]))
        .with(|world| {
            world.pod().places.push(Place {
                kind: PlaceKind::App,
                name: "side".to_owned(),
                image: "quay.io/team/side:1".to_owned(),
                pull_policy: None,
                state: State::Running,
                mounts: Vec::new(),
            });
        });
    let diagnosis = world.judged();
    assert_eq!(diagnosis.root_cause.unwrap().code, "pull-secret-missing");
    assert!(diagnosis.other_root_causes.is_empty());
    assert!(!diagnosis.summary.contains("quay"), "{}", diagnosis.summary);
}

#[test]
fn which_of_two_logins_worked_for_a_neighbour_is_not_guessed() {
    let world = World::new(BLURRED)
        .secret("bad", &for_reg())
        .secret("good", &for_reg())
        .neighbour("both", IMAGE, &["bad", "good"], State::Running)
        .neighbour("fails", IMAGE, &["bad"], refused());
    let diagnosis = world.judged();
    assert!(diagnosis.summary.starts_with("Secret good "), "{}", diagnosis.summary);
    assert!(!commands(&diagnosis).contains("bad"), "{}", commands(&diagnosis));
}

#[test]
fn a_secret_that_could_not_be_seen_may_be_the_one() {
    let world =
        World::new(ANONYMOUS).refers(&["a", "b"]).secret("a", &logins(&["quay.io"])).unseen("b");
    let diagnosis = world.judged();
    assert_eq!(diagnosis.confidence, Possible);
    assert!(!diagnosis.summary.contains("b does not exist"), "{}", diagnosis.summary);
}

#[test]
fn a_static_pod_is_told_of_its_node() {
    let world = World::new(BLURRED)
        .secret("a", &for_reg())
        .with(|world| world.pod().mirror_of = Some("m".to_owned()));
    let diagnosis = world.judged();
    assert_eq!(diagnosis.root_cause, None);
    assert!(diagnosis.summary.contains("static"), "{}", diagnosis.summary);
    assert!(!commands(&diagnosis).contains("secret"), "{}", commands(&diagnosis));
}

#[test]
fn one_s_own_namespace_is_enough_when_asked() {
    let world = World::new(ANONYMOUS)
        .with(|world| world.facts.secrets_elsewhere = Some(Err(Unseen::NotAsked)));
    assert_eq!(world.root(), Some("no-pull-secret"));
}

#[test]
fn a_near_miss_is_named() {
    for (image, key, near) in [
        ("acme/app", "https://index.docker.io/v1", "/v1 needs a slash"),
        ("acme/app", "hub.docker.com", "hub.docker.com is not a name"),
        (IMAGE, "reg.example.com:443", "the key has port 443"),
        (IMAGE, "Reg.example.com", "capitals"),
        (IMAGE, "reg.example.com/other", "begin with /other"),
    ] {
        let world = World::failing(image, BLURRED).refers(&["a"]).secret("a", &logins(&[key]));
        let summary = world.judged().summary;
        assert!(summary.contains(near), "{key}: {summary}");
    }
}
