//! Which images of a pod count as failing, and in whose words: odd pods, late, combined and lost
//! events, and reasons that nobody has heard of.

use chrono::{DateTime, Utc};
use pulldoctor::diagnose::{Confidence, Diagnosis, diagnose, questions};
use pulldoctor::facts::{Facts, Lookup, Origin, PlaceKind};
use pulldoctor::question::Question;
use pulldoctor::source::wire;
use serde_json::{Value, json};

fn now() -> DateTime<Utc> {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

/// A pod with one container `app` of image `acme/app:v1`, and its state.
fn pod(state: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "web", "namespace": "shop", "uid": "u1" },
        "spec": {
            "nodeName": "n1", "serviceAccountName": "default",
            "containers": [{ "name": "app", "image": "acme/app:v1" }],
        },
        "status": {
            "phase": "Pending",
            "containerStatuses": [{ "name": "app", "image": "acme/app:v1", "state": state }],
        },
    })
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({ "waiting": { "reason": reason, "message": message } })
}

/// An event of the pod `web`, last seen at a minute past seven.
fn event(reason: &str, message: &str, minute: u32) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": format!("web.{minute}"), "namespace": "shop" },
        "involvedObject": {
            "kind": "Pod", "namespace": "shop", "name": "web", "uid": "u1",
            "fieldPath": "spec.containers{app}",
        },
        "reason": reason, "message": message, "type": "Warning", "count": 3,
        "source": { "component": "kubelet", "host": "n1" },
        "firstTimestamp": "2026-11-23T07:00:00Z",
        "lastTimestamp": format!("2026-11-23T07:{minute:02}:00Z"),
    })
}

fn push(list: &mut Value, item: Value) {
    list.as_array_mut().unwrap().push(item);
}

fn facts(pods: &[Value], events: &[Value]) -> Facts {
    let mut facts = Facts::new(now(), Origin::Files(Vec::new()));
    let pod = |value: &Value| serde_json::from_value::<wire::Pod>(value.clone()).unwrap().into();
    let event =
        |value: &Value| serde_json::from_value::<wire::Event>(value.clone()).unwrap().into();
    facts.pods = pods.iter().map(pod).collect();
    facts.events = events.iter().map(event).collect();
    facts
}

fn diagnoses(pods: &[Value], events: &[Value]) -> Vec<Diagnosis> {
    diagnose(&facts(pods, events)).diagnoses().cloned().collect()
}

/// The only diagnosis.
fn only(pods: &[Value], events: &[Value]) -> Diagnosis {
    let mut found = diagnoses(pods, events);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

const DENIED: &str = "Failed to pull image \"acme/app:v1\": failed to pull and unpack image \
                      \"docker.io/acme/app:v1\": failed to resolve image: pull access denied, \
                      repository does not exist or may require authorization: server message: \
                      insufficient_scope: authorization failed";
const BACK_OFF: &str = "Back-off pulling image \"acme/app:v1\"";

#[test]
fn events_lend_their_words_to_a_status_that_names_no_cause() {
    // Kubelets up to 1.31 keep the cause out of the status once they back off.
    let backing_off = pod(&waiting("ImagePullBackOff", BACK_OFF));
    let found = only(&[backing_off], &[event("BackOff", BACK_OFF, 9), event("Failed", DENIED, 3)]);
    assert_eq!(found.cause.code, "access-denied-or-missing");
    assert!(found.evidence[1].source.starts_with("event"), "{:#?}", found.evidence);
    assert_eq!(found.evidence[1].count, Some(3));
}

#[test]
fn events_in_their_new_form_say_the_same() {
    let new = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event",
        "metadata": { "name": "web.1", "namespace": "shop" },
        "regarding": { "kind": "Pod", "namespace": "shop", "name": "web", "uid": "u1",
                       "fieldPath": "spec.containers{app}" },
        "reason": "Failed", "note": DENIED, "type": "Warning",
        "eventTime": "2026-11-23T07:00:00.000001Z",
        "reportingController": "kubelet", "reportingInstance": "n1",
        "series": { "count": 7, "lastObservedTime": "2026-11-23T07:50:00.000000Z" },
    });
    let found = only(&[pod(&waiting("ImagePullBackOff", BACK_OFF))], &[new]);
    assert_eq!(found.cause.code, "access-denied-or-missing");
    assert_eq!(found.evidence[1].count, Some(7));
}

#[test]
fn a_status_without_events_is_enough() {
    let message = DENIED.split_once(": ").unwrap().1;
    let found = only(&[pod(&waiting("ErrImagePull", message))], &[]);
    assert_eq!(found.cause.code, "access-denied-or-missing");
    assert_eq!(found.confidence.min(Confidence::Likely), found.confidence);
    // The bare error counts as a pull's, because its reason says so.
    let found = only(&[pod(&waiting("ErrImagePull", "context deadline exceeded"))], &[]);
    assert_eq!(found.cause.code, "pull-timeout");
}

#[test]
fn back_off_alone_looks_further_and_says_so() {
    let lone = pod(&waiting("ImagePullBackOff", BACK_OFF));
    let found = only(std::slice::from_ref(&lone), &[]);
    assert_eq!(found.cause.code, "back-off");
    assert_eq!(found.confidence, Confidence::Possible);
    let commands: Vec<_> = found.fixes.iter().flat_map(|fix| &fix.commands).collect();
    let deletes = commands.iter().any(|command| command.contains("kubectl delete pod"));
    assert!(!deletes, "nothing would make the pod again: {commands:#?}");
    let open = questions(&facts(std::slice::from_ref(&lone), &[]));
    assert!(open.contains(&Question::Neighbours("shop".to_owned())), "{open:?}");

    let mut sibling = pod(&waiting("ErrImagePull", DENIED.split_once(": ").unwrap().1));
    sibling["metadata"]["name"] = json!("web-2");
    sibling["metadata"]["uid"] = json!("u2");
    let mut known = facts(&[lone], &[]);
    known.neighbours = facts(&[sibling], &[]).pods;
    let findings = diagnose(&known);
    let found = findings.diagnoses().next().unwrap();
    assert_eq!(found.cause.code, "access-denied-or-missing");
    assert!(found.confidence <= Confidence::Likely);
    assert!(found.evidence.iter().any(|evidence| evidence.source.contains("web-2")));
}

#[test]
fn events_count_where_the_status_says_nothing_yet() {
    let creating = pod(&waiting("ContainerCreating", ""));
    let failed = event("Failed", DENIED, 5);
    let pulled =
        |minute| event("Pulled", "Successfully pulled image \"acme/app:v1\" in 1s", minute);
    let pods = std::slice::from_ref(&creating);
    assert_eq!(diagnoses(pods, std::slice::from_ref(&failed)).len(), 1);
    assert_eq!(diagnoses(pods, &[failed.clone(), pulled(4)]).len(), 1, "it failed after that");
    assert_eq!(diagnoses(pods, &[failed.clone(), pulled(6)]).len(), 0, "it came after that");
    // A new attempt heals nothing yet.
    let again = event("Pulling", "Pulling image \"acme/app:v1\"", 7);
    assert_eq!(diagnoses(pods, &[failed, again]).len(), 1);
    assert_eq!(diagnoses(pods, &[]).len(), 0);
}

#[test]
fn a_running_container_has_its_image_whatever_events_say() {
    let running = pod(&json!({ "running": {} }));
    assert_eq!(diagnoses(&[running], &[event("Failed", DENIED, 59)]).len(), 0);
}

#[test]
fn events_of_an_earlier_pod_of_the_same_name_are_not_its_own() {
    let mut old = event("Failed", DENIED, 5);
    old["involvedObject"]["uid"] = json!("another");
    assert_eq!(diagnoses(&[pod(&waiting("ContainerCreating", ""))], &[old]).len(), 0);
}

#[test]
fn a_static_pod_s_events_carry_the_uid_of_its_file() {
    let mut mirror = pod(&waiting("ImagePullBackOff", BACK_OFF));
    mirror["metadata"]["annotations"] = json!({ "kubernetes.io/config.mirror": "filehash" });
    let mut own = event("Failed", DENIED, 5);
    own["involvedObject"]["uid"] = json!("filehash");
    let found = only(&[mirror], &[own]);
    assert_eq!(found.cause.code, "access-denied-or-missing");
    assert_eq!(found.root_cause, None);
    assert!(found.fixes.iter().all(|fix| fix.commands.is_empty()), "{:#?}", found.fixes);
}

#[test]
fn a_combined_event_is_about_the_image_it_names() {
    let mut two = pod(&waiting("ImagePullBackOff", BACK_OFF));
    push(&mut two["spec"]["containers"], json!({ "name": "side", "image": "acme/side:v2" }));
    let state = waiting("ImagePullBackOff", "Back-off pulling image \"acme/side:v2\"");
    push(&mut two["status"]["containerStatuses"], json!({ "name": "side", "state": state }));
    // Its fieldPath is still that of the first container.
    let combined = event(
        "Failed",
        "(combined from similar events): Failed to pull image \"acme/side:v2\": failed to pull and \
         unpack image \"docker.io/acme/side:v2\": failed to resolve image: failed to do request: \
         Head \"https://registry-1.docker.io/v2/acme/side/manifests/v2\": dial tcp: lookup \
         registry-1.docker.io on 10.0.0.10:53: no such host",
        9,
    );
    let found = diagnoses(&[two], &[combined, event("Failed", DENIED, 3)]);
    let causes: Vec<_> =
        found.iter().map(|d| (d.container.as_deref().unwrap(), d.cause.code)).collect();
    assert_eq!(causes, [("app", "access-denied-or-missing"), ("side", "dns-failure")]);
}

#[test]
fn a_reason_that_nobody_has_heard_of_must_prove_a_pull() {
    let raw = "illegal base64 data at input byte 4";
    let found = only(&[pod(&waiting(raw, raw))], &[event("Failed", &format!("Error: {raw}"), 5)]);
    assert_eq!(found.cause.code, "pull-secret-malformed");

    let signature = "checking signature of \"acme/app:v1\": verifying signatures: \
                     SignatureValidationFailed: Source image rejected: A signature was required, \
                     but no signature exists";
    let found = only(&[pod(&waiting("CreateContainerError", signature))], &[]);
    assert_eq!(found.cause.code, "signature-rejected");

    for (reason, message) in [
        ("CreateContainerError", "context deadline exceeded"),
        ("CreateContainerError", "write /run/x: no space left on device"),
        ("CreateContainerConfigError", "secret \"regcred\" not found"),
        ("RunContainerError", "connection refused"),
        ("CrashLoopBackOff", "back-off 5m0s restarting failed container=app"),
        ("AnythingNew", "the widget does not fit"),
        ("AnythingNew", "dial tcp 10.0.0.1:443: connect: connection refused"),
    ] {
        let found = diagnoses(&[pod(&waiting(reason, message))], &[]);
        assert!(found.is_empty(), "{reason}: {message}: {found:#?}");
    }
}

/// A pod whose two containers mount an image volume.
fn with_volume(state: &Value) -> Value {
    let mut pod = pod(state);
    pod["spec"]["volumes"] = json!([
        { "name": "model", "image": { "reference": "acme/model:v9", "pullPolicy": "Always" } },
    ]);
    let mount = json!([{ "name": "model", "mountPath": "/m" }]);
    pod["spec"]["containers"][0]["volumeMounts"] = mount.clone();
    push(
        &mut pod["spec"]["containers"],
        json!({ "name": "side", "image": "acme/side:v2", "volumeMounts": mount }),
    );
    push(&mut pod["status"]["containerStatuses"], json!({ "name": "side", "state": state }));
    pod
}

#[test]
fn an_image_volume_fails_once_however_many_mount_it() {
    let gone = "failed to pull and unpack image \"docker.io/acme/model:v9\": failed to resolve \
                image: docker.io/acme/model:v9: not found";
    let message = format!("Back-off pulling image \"acme/model:v9\": ErrImagePull: {gone}");
    let pods = [with_volume(&waiting("ImagePullBackOff", &message))];
    let found = only(&pods, &[]);
    assert_eq!(found.kind, PlaceKind::ImageVolume);
    assert_eq!(found.volume.as_deref(), Some("model"));
    assert_eq!(found.image.reference, "acme/model:v9");
    assert_eq!(found.cause.code, "manifest-not-found");

    // While it is being pulled, the status holds the runtime's bare error.
    let found = only(&[with_volume(&waiting("ErrImagePull", gone))], &[]);
    assert_eq!(found.volume.as_deref(), Some("model"));

    // Before the status says anything, an event does, and it has no fieldPath.
    let mut told = event("Failed", &format!("Failed to pull image \"acme/model:v9\": {gone}"), 5);
    told["involvedObject"].as_object_mut().unwrap().remove("fieldPath");
    let found = only(&[with_volume(&waiting("ContainerCreating", ""))], &[told]);
    assert_eq!(found.volume.as_deref(), Some("model"));
    assert_eq!(found.container.as_deref(), Some("app"));
}

/// An event about the whole pod.
fn sandbox_event(message: &str, minute: u32) -> Value {
    let mut event = event("FailedCreatePodSandBox", message, minute);
    event["involvedObject"].as_object_mut().unwrap().remove("fieldPath");
    event
}

#[test]
fn the_sandbox_image_fails_in_events_only() {
    let pause = "Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = failed to \
                 get sandbox image \"registry.k8s.io/pause:3.9\": failed to pull image \
                 \"registry.k8s.io/pause:3.9\": failed to pull and unpack image \
                 \"registry.k8s.io/pause:3.9\": failed to resolve reference \
                 \"registry.k8s.io/pause:3.9\": failed to do request: Head \
                 \"https://registry.k8s.io/v2/pause/manifests/3.9\": dial tcp 34.96.108.209:443: i/o \
                 timeout";
    let creating = [pod(&waiting("ContainerCreating", ""))];
    let found = only(&creating, &[sandbox_event(pause, 5)]);
    assert_eq!(found.kind, PlaceKind::Sandbox);
    assert_eq!(found.container, None);
    assert_eq!(found.image.reference, "registry.k8s.io/pause:3.9");
    assert_eq!(found.cause.code, "connection-timeout");

    let network = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup \
                   network for sandbox \"b638\": plugin type=\"calico\" failed (add): connection is \
                   unauthorized: Unauthorized";
    assert_eq!(diagnoses(&creating, &[sandbox_event(network, 5)]).len(), 0);
    let later = event("Pulling", "Pulling image \"acme/app:v1\"", 8);
    assert_eq!(diagnoses(&creating, &[sandbox_event(pause, 5), later]).len(), 0, "it is past that");
}

#[test]
fn every_kind_of_container_is_seen() {
    let mut pod = pod(&json!({ "running": {} }));
    pod["status"]["phase"] = json!("Running");
    let failing = waiting("ErrImagePull", DENIED.split_once(": ").unwrap().1);
    pod["spec"]["initContainers"] = json!([
        { "name": "setup", "image": "acme/setup:v1" },
        { "name": "proxy", "image": "acme/proxy:v1", "restartPolicy": "Always" },
    ]);
    pod["status"]["initContainerStatuses"] = json!([
        { "name": "setup", "state": { "terminated": { "exitCode": 0, "reason": "Completed" } } },
        { "name": "proxy", "state": failing },
    ]);
    pod["spec"]["ephemeralContainers"] = json!([{ "name": "debug", "image": "acme/debug:v1" }]);
    pod["status"]["ephemeralContainerStatuses"] = json!([{ "name": "debug", "state": failing }]);
    let found = diagnoses(&[pod], &[]);
    let kinds: Vec<_> = found.iter().map(|d| (d.kind, d.container.as_deref().unwrap())).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert!(kinds.contains(&(PlaceKind::Sidecar, "proxy")), "{kinds:?}");
    assert!(kinds.contains(&(PlaceKind::Ephemeral, "debug")), "{kinds:?}");
}

#[test]
fn a_node_that_has_not_reported_is_no_evidence() {
    let words = "failed to pull and unpack image \"docker.io/acme/app:v1\": failed to do request: \
                 Head \"https://registry-1.docker.io/v2/\": EOF";
    let mut facts = facts(&[pod(&waiting("ErrImagePull", words))], &[]);
    let node = json!({ "metadata": { "name": "n1" } });
    let node: wire::Node = serde_json::from_value(node).unwrap();
    facts.nodes.insert("n1".to_owned(), Lookup::Found(node.into()));
    let findings = diagnose(&facts);
    let diagnosis = findings.diagnoses().next().unwrap();
    assert!(diagnosis.evidence.iter().all(|it| !it.text.is_empty()), "{:?}", diagnosis.evidence);
}
