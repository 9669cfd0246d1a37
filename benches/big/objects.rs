//! 10,000 pods of 15 KB JSON, 506 of them failing in a handful of ways, and 35,000 events.

use serde_json::{Value, json};

use crate::protobuf::{self, EVENT, POD};

const EVENTS: usize = 35_000;
const NODES: usize = 200;
const NAMESPACES: usize = 40;
/// Pods of one Deployment.
const REPLICAS: usize = 20;
/// The size of a pod's JSON.
const SIZE: usize = 15_000;

/// An object as it is served.
pub(super) struct Kept {
    pub(super) json: String,
    pub(super) binary: Vec<u8>,
    pub(super) is_failing: bool,
    /// What it can be selected by: the phase, or the reason.
    mark: String,
}

impl Kept {
    /// Whether a field selector picks it; only phases and reasons differ here.
    pub(super) fn fits(&self, selector: &str) -> bool {
        selector.split(',').filter(|part| !part.is_empty()).all(|part| {
            if let Some(reason) = part.strip_prefix("reason!=") {
                return self.mark != reason;
            }
            let equal = ["reason=", "status.phase="].iter().find_map(|key| part.strip_prefix(key));
            equal.is_none_or(|value| self.mark == value)
        })
    }
}

/// Which pods fail: 480 that have never run, and 26 in which a container was restarted.
fn failure(number: usize) -> Option<Failure> {
    if number.is_multiple_of(20) && number < 9_600 {
        return Some(Failure { in_running_pod: false, way: number / 20 % 4 });
    }
    (number % 20 == 1 && number < 520).then_some(Failure { in_running_pod: true, way: 0 })
}

struct Failure {
    in_running_pod: bool,
    way: usize,
}

impl Failure {
    fn image(&self, number: usize) -> String {
        let deployment = number / REPLICAS;
        match self.way {
            0 => format!("registry.acme.io/shop/app-{}:v9", deployment % 5),
            1 => "gengwg/private:latest".to_owned(),
            2 => format!("nosuchhost.acme.io/app-{}:v1", deployment % 10),
            _ => format!("docker.io/library/tool-{}:1", deployment % 10),
        }
    }

    /// The runtime's words.
    fn words(&self, image: &str) -> String {
        let full = if image.starts_with("gengwg") {
            format!("docker.io/{image}")
        } else {
            image.to_owned()
        };
        let leaf = match self.way {
            0 => format!("{full}: not found"),
            1 => "pull access denied, repository does not exist or may require authorization: \
                  server message: insufficient_scope: authorization failed"
                .to_owned(),
            2 => "failed to do request: Head \"https://nosuchhost.acme.io/v2/\": dial tcp: lookup \
                  nosuchhost.acme.io on 10.96.0.10:53: no such host"
                .to_owned(),
            _ => {
                "unexpected status from HEAD request to https://registry-1.docker.io/v2/: 429 Too \
                  Many Requests"
                    .to_owned()
            }
        };
        format!("failed to pull and unpack image \"{full}\": failed to resolve image: {leaf}")
    }
}

fn namespace(number: usize) -> String {
    format!("team-{}", number / REPLICAS % NAMESPACES)
}

fn name(number: usize) -> String {
    format!("app-{}-5d9c7b6f4-{:05}", number / REPLICAS, number)
}

pub(super) fn pods(number: usize) -> Vec<Kept> {
    (0..number).map(pod).collect()
}

fn pod(number: usize) -> Kept {
    let failure = failure(number);
    let deployment = number / REPLICAS;
    let healthy = format!("registry.acme.io/shop/app-{}:v8", deployment % 300);
    let image = failure.as_ref().map_or_else(|| healthy.clone(), |it| it.image(number));
    let running = json!({ "running": { "startedAt": "2026-11-01T10:00:00Z" } });
    let state = match &failure {
        None => running.clone(),
        Some(failure) => json!({ "waiting": { "reason": "ImagePullBackOff", "message": format!(
            "Back-off pulling image \"{image}\": ErrImagePull: {}", failure.words(&image)) } }),
    };
    let is_up = failure.as_ref().is_none_or(|it| it.in_running_pod);
    let status = |name: &str, image: &str, state: &Value| {
        json!({ "name": name, "state": state, "lastState": {}, "ready": true, "restartCount": 0,
            "image": image, "imageID": format!("{image}@sha256:{}", "ab".repeat(32)) })
    };
    let sidecar = if is_up { &running } else { &state };
    let mut pod = json!({
        "metadata": {
            "name": name(number), "generateName": format!("app-{deployment}-5d9c7b6f4-"),
            "namespace": namespace(number), "uid": format!("9b5f4c1e-0000-4000-8000-{number:012}"),
            "resourceVersion": format!("{}", 100_000 + number),
            "creationTimestamp": "2026-11-01T09:59:00Z",
            "labels": { "app.kubernetes.io/name": format!("app-{deployment}"),
                "pod-template-hash": "5d9c7b6f4", "team": namespace(number) },
            "annotations": { "prometheus.io/scrape": "true", "checksum/config": "ab".repeat(32) },
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet",
                "name": format!("app-{deployment}-5d9c7b6f4"), "controller": true,
                "uid": format!("1b5f4c1e-0000-4000-8000-{deployment:012}"), "blockOwnerDeletion": true }],
            "managedFields": [{ "manager": "kube-controller-manager", "operation": "Update",
                "apiVersion": "v1", "time": "2026-11-01T09:59:00Z", "fieldsType": "FieldsV1",
                "fieldsV1": { "f:metadata": { "f:labels": { ".": {}, "f:app": {} } } } }],
        },
        "spec": {
            "nodeName": format!("node-{}", number % NODES), "serviceAccountName": "default",
            "restartPolicy": "Always",
            "volumes": [{ "name": "tmp", "emptyDir": {} }],
            "containers": [
                { "name": "app", "image": image, "imagePullPolicy": "IfNotPresent",
                  "volumeMounts": [{ "name": "tmp", "mountPath": "/tmp" }] },
                { "name": "proxy", "image": "registry.acme.io/mesh/proxy:1.2", "env": [] },
            ],
        },
        "status": {
            "phase": if is_up { "Running" } else { "Pending" },
            "conditions": [{ "type": "PodScheduled", "status": "True",
                "lastTransitionTime": "2026-11-01T09:59:00Z" }],
            "hostIP": "10.0.0.1", "podIP": "10.1.0.1",
            "containerStatuses": [
                status("app", &image, &state),
                status("proxy", "registry.acme.io/mesh/proxy:1.2", if is_up { sidecar } else { &running }),
            ],
        },
    });
    // The rest of a pod's weight: settings, which JSON says at three times the length.
    let mut size = pod.to_string().len();
    let mut settings = Vec::new();
    while size < SIZE {
        let setting = json!({ "name": format!("S{:03}", settings.len()), "value": "on" });
        size += setting.to_string().len() + 1;
        settings.push(setting);
    }
    pod["spec"]["containers"][1]["env"] = Value::Array(settings);
    let mark = if is_up { "Running" } else { "Pending" };
    keep(POD, &pod, mark, failure.is_some())
}

fn keep(schema: protobuf::Schema, object: &Value, mark: &str, is_failing: bool) -> Kept {
    Kept {
        json: object.to_string(),
        binary: protobuf::encode(schema, object),
        is_failing,
        mark: mark.to_owned(),
    }
}

/// Failing pods have said more than others: a third of all events is theirs.
pub(super) fn events(pods: usize) -> Vec<Kept> {
    let mut events = Vec::new();
    let failing: Vec<usize> = (0..pods).filter(|number| failure(*number).is_some()).collect();
    for &number in failing.iter().cycle().take(13_000) {
        let words = failure(number).map(|it| it.words(&it.image(number))).unwrap_or_default();
        let image = failure(number).map(|it| it.image(number)).unwrap_or_default();
        let (reason, message) = match events.len() % 3 {
            0 => ("Failed", format!("Failed to pull image \"{image}\": {words}")),
            1 => ("Failed", "Error: ImagePullBackOff".to_owned()),
            _ => ("BackOff", format!("Back-off pulling image \"{image}\"")),
        };
        events.push(event(number, reason, &message, events.len()));
    }
    let reasons = ["Scheduled", "Pulled", "Created", "Started"];
    for number in (0..pods).filter(|number| failure(*number).is_none()).cycle() {
        if events.len() >= EVENTS {
            break;
        }
        let reason = reasons[events.len() % reasons.len()];
        events.push(event(
            number,
            reason,
            "Container image already present on machine",
            events.len(),
        ));
    }
    // As they happened, not pod by pod.
    let step = 7_919;
    let mut order: Vec<usize> = (0..events.len()).map(|at| at * step % events.len()).collect();
    order.dedup();
    let mut slots: Vec<Option<Kept>> = events.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| slots[at].take()).collect()
}

fn event(number: usize, reason: &str, message: &str, serial: usize) -> Kept {
    let kind = if matches!(reason, "Failed") { "Warning" } else { "Normal" };
    let event = json!({
        "metadata": { "name": format!("{}.{serial:016x}", name(number)),
            "namespace": namespace(number), "uid": format!("7b5f4c1e-0000-4000-8000-{serial:012}"),
            "resourceVersion": format!("{}", 200_000 + serial),
            "creationTimestamp": "2026-11-23T10:00:00Z" },
        "involvedObject": { "kind": "Pod", "namespace": namespace(number), "name": name(number),
            "uid": format!("9b5f4c1e-0000-4000-8000-{number:012}"), "apiVersion": "v1",
            "resourceVersion": "99", "fieldPath": "spec.containers{app}" },
        "reason": reason, "message": message, "type": kind, "count": 12,
        "source": { "component": "kubelet", "host": format!("node-{}", number % NODES) },
        "firstTimestamp": "2026-11-23T10:00:00Z", "lastTimestamp": "2026-11-23T11:00:00Z",
        "reportingComponent": "kubelet", "reportingInstance": format!("node-{}", number % NODES),
    });
    keep(EVENT, &event, reason, false)
}
