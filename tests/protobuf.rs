//! The API's binary form gives the same facts as JSON, whatever is in an object; and no bytes at all
//! make the decoder do worse than refuse.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/protobuf.rs"]
pub mod encoder;

use encoder::{EVENT, POD, Schema};
use proptest::prelude::*;
use pulldoctor::facts;
use pulldoctor::source::wire::protobuf::{self, Message};
use pulldoctor::source::wire::{self, decode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The object through the binary form and through JSON, as facts.
fn both<W, T>(schema: Schema, object: &Value) -> (T, T)
where
    W: Message + DeserializeOwned,
    T: From<W>,
{
    let bytes = encoder::encode(schema, object);
    let page = encoder::list("List", ("7", "next"), std::iter::once(bytes.as_slice()));
    let list = protobuf::list::<W>(&page).unwrap();
    assert_eq!(list.metadata.resource_version, "7");
    assert_eq!(list.metadata.continue_token, "next");
    let [item] = <[W; 1]>::try_from(list.items).ok().unwrap();
    (item.into(), decode::<W>(object.to_string().as_bytes()).unwrap().into())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9.:/@-]{0,20}", "\\PC{0,30}"]
}

fn time() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        (1_500_000_000_i64..2_000_000_000).prop_map(|seconds| {
            let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
            json!(time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        }),
    ]
}

fn metadata() -> impl Strategy<Value = Value> {
    let labels = prop::collection::btree_map("[a-z]{1,8}", text(), 0..3);
    let annotations = prop::collection::btree_map(
        prop_oneof![
            Just("kubernetes.io/config.mirror".to_owned()),
            Just("meta.helm.sh/release-name".to_owned()),
            "[a-z]{1,8}"
        ],
        text(),
        0..3,
    );
    let owners = prop::collection::vec(
        (text(), text(), text(), any::<bool>()).prop_map(|(kind, name, version, controls)| {
            json!({ "kind": kind, "name": name, "apiVersion": version, "uid": "u", "controller": controls })
        }),
        0..3,
    );
    (text(), text(), text(), labels, annotations, owners, time(), time()).prop_map(
        |(name, namespace, uid, labels, annotations, owners, created, deleted)| {
            json!({ "name": name, "namespace": namespace, "uid": uid, "labels": labels,
                "annotations": annotations, "ownerReferences": owners, "creationTimestamp": created,
                "deletionTimestamp": deleted,
                "managedFields": [{ "manager": "x", "fieldsV1": { "f:metadata": {} } }] })
        },
    )
}

fn state() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!({ "running": {} })),
        (text(), text()).prop_map(
            |(reason, message)| json!({ "waiting": { "reason": reason, "message": message } })
        ),
        (any::<i32>(), text(), text()).prop_map(|(code, reason, message)| {
            json!({ "terminated": { "exitCode": code, "reason": reason, "message": message } })
        }),
    ]
}

/// Containers with their statuses.
fn containers() -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    let one = ("[a-z]{1,6}", text(), text(), prop::bool::ANY, prop::bool::ANY, state());
    prop::collection::vec(one, 0..3).prop_map(|all| {
        all.into_iter()
            .map(|(name, image, policy, is_sidecar, mounts, state)| {
                let mut container =
                    json!({ "name": name, "image": image, "imagePullPolicy": policy });
                if is_sidecar {
                    container["restartPolicy"] = json!("Always");
                }
                if mounts {
                    container["volumeMounts"] = json!([{ "name": "model", "mountPath": "/m" }]);
                }
                (container, json!({ "name": name, "state": state, "ready": true }))
            })
            .unzip()
    })
}

fn pod() -> impl Strategy<Value = Value> {
    let volumes = prop::collection::vec(
        (Just("model"), prop::option::of((text(), text()))).prop_map(|(name, image)| match image {
            Some((image, policy)) => {
                json!({ "name": name, "image": { "reference": image, "pullPolicy": policy } })
            }
            None => json!({ "name": name, "emptyDir": {} }),
        }),
        0..2,
    );
    let secrets = prop::collection::vec(text().prop_map(|name| json!({ "name": name })), 0..3);
    let spec = (volumes, secrets, text(), text());
    let status = (text(), text(), text(), prop::bool::ANY);
    (metadata(), spec, status, containers(), containers(), containers()).prop_map(
        |(metadata, spec, status, init, app, ephemeral)| {
            let (volumes, secrets, account, node) = spec;
            let (phase, reason, message, is_scheduled) = status;
            json!({
                "metadata": metadata,
                "spec": { "volumes": volumes, "imagePullSecrets": secrets,
                    "serviceAccountName": account, "nodeName": node, "containers": app.0,
                    "initContainers": init.0, "ephemeralContainers": ephemeral.0 },
                "status": { "phase": phase, "reason": reason, "message": message,
                    "conditions": [{ "type": "PodScheduled", "reason": "Unschedulable",
                        "message": "no", "status": if is_scheduled { "True" } else { "False" } }],
                    "containerStatuses": app.1, "initContainerStatuses": init.1,
                    "ephemeralContainerStatuses": ephemeral.1 },
            })
        },
    )
}

fn event() -> impl Strategy<Value = Value> {
    let about = (text(), text(), text(), text());
    let words = (text(), text(), text(), text());
    (metadata(), about, words, 0..1000_i32, time(), time(), time(), text(), text()).prop_map(
        |(metadata, about, words, count, first, last, at, host, instance)| {
            let (kind, namespace, name, path) = about;
            let (kind_of, reason, message, component) = words;
            json!({ "metadata": metadata, "type": kind_of, "reason": reason, "message": message,
                "involvedObject": { "kind": kind, "namespace": namespace, "name": name, "uid": "u",
                    "fieldPath": path },
                "source": { "component": component, "host": host }, "count": count,
                "firstTimestamp": first, "lastTimestamp": last, "eventTime": at,
                "reportingComponent": component, "reportingInstance": instance,
                "series": { "count": count, "lastObservedTime": at } })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_pod_is_the_same_in_both_forms(pod in pod()) {
        let (binary, json) = both::<wire::Pod, facts::Pod>(POD, &pod);
        prop_assert_eq!(binary, json);
    }

    #[test]
    fn an_event_is_the_same_in_both_forms(event in event()) {
        let (binary, json) = both::<wire::Event, facts::Event>(EVENT, &event);
        prop_assert_eq!(binary, json);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = protobuf::list::<wire::Pod>(&bytes);
        let _ = protobuf::list::<wire::Pod>(&[b"k8s\0", bytes.as_slice()].concat());
    }

    #[test]
    fn no_damage_makes_the_decoder_panic(
        pod in pod(),
        cut in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
        by in 1..=255_u8,
    ) {
        let item = encoder::encode(POD, &pod);
        let mut page = encoder::list("PodList", ("7", ""), std::iter::once(item.as_slice()));
        let _ = protobuf::list::<wire::Pod>(&page[..cut.index(page.len())]);
        let at = flip.index(page.len());
        page[at] ^= by;
        let _ = protobuf::list::<wire::Pod>(&page);
    }
}

#[test]
fn the_recorded_pods_are_the_same_in_both_forms() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cluster");
    let mut pods = 0;
    for folder in ["default", "access", "missing", "shapes", "owners", "crio"] {
        for (file, schema) in [("pods.json", POD), ("events.json", EVENT)] {
            let Ok(text) = std::fs::read_to_string(root.join(folder).join(file)) else { continue };
            let list: Value = serde_json::from_str(&text).unwrap();
            for item in list["items"].as_array().unwrap() {
                if file == "pods.json" {
                    let (binary, json) = both::<wire::Pod, facts::Pod>(schema, item);
                    assert_eq!(binary, json);
                    pods += 1;
                } else {
                    let (binary, json) = both::<wire::Event, facts::Event>(schema, item);
                    assert_eq!(binary, json);
                }
            }
        }
    }
    assert!(pods > 40, "{pods} pods: have the fixtures moved?");
}
