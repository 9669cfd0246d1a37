//! Facts from what kubectl printed, as a user of the library gets them.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pulldoctor::error::Error;
use pulldoctor::exit;
use pulldoctor::facts::{
    Event, Lookup, Manager, ObjectName, OwnerKey, PlaceKind, Pod, State, Time, Unseen,
};
use pulldoctor::source::files::{Recorded, load};
use serde_json::{Value, json};

const CLUSTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cluster");

fn now() -> Time {
    "2026-11-23T06:53:13Z".parse().unwrap()
}

fn from_paths(paths: &[&Path]) -> Result<Recorded, Error> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    load(&paths, io::empty(), "default", now())
}

fn from_stdin(bytes: &[u8]) -> Result<Recorded, Error> {
    load(&[PathBuf::from("-")], bytes, "default", now())
}

fn recorded(text: &str) -> Recorded {
    from_stdin(text.as_bytes()).unwrap()
}

fn recorded_json(value: &Value) -> Recorded {
    recorded(&value.to_string())
}

fn fixture(path: &str) -> PathBuf {
    Path::new(CLUSTER).join(path)
}

fn fixture_json(path: &str) -> Value {
    serde_json::from_slice(&fs::read(fixture(path)).unwrap()).unwrap()
}

fn pod<'a>(recorded: &'a Recorded, namespace: &str, name: &str) -> &'a Pod {
    let name = ObjectName::new(namespace, name);
    recorded.facts.pods.iter().find(|pod| pod.name == name).unwrap()
}

fn list(items: &[Value]) -> Value {
    json!({ "apiVersion": "v1", "kind": "List", "items": items })
}

fn named(kind: &str, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": kind,
        "metadata": { "namespace": namespace, "name": name, "resourceVersion": "7" },
    })
}

/// A message with its hints and its exit code, as a person meets them.
fn complaint(error: &Error) -> String {
    assert_eq!(error.exit_code(), exit::CANNOT_LOOK, "{error}");
    format!("{error}\nhint: {}", error.hints().join("\nhint: "))
}

mod objects {
    use super::*;

    #[test]
    fn every_recorded_file_loads() {
        let mut seen = 0;
        for directory in fs::read_dir(CLUSTER).unwrap() {
            let directory = directory.unwrap().path();
            if !directory.is_dir() || directory.ends_with("api") {
                continue;
            }
            for file in fs::read_dir(directory).unwrap() {
                let file = file.unwrap().path();
                let items = serde_json::from_slice::<Value>(&fs::read(&file).unwrap()).unwrap();
                let recorded = from_paths(&[&file]).unwrap();
                assert_eq!(recorded.notes, Vec::<String>::new(), "{}", file.display());
                assert_eq!(
                    recorded.documents,
                    items["items"].as_array().unwrap().len(),
                    "{}",
                    file.display()
                );
                seen += 1;
            }
        }
        assert_eq!(seen, 28);
    }

    #[test]
    fn a_directory_tree_holds_the_whole_cluster() {
        let recorded = from_paths(&[Path::new(CLUSTER)]).unwrap();
        let expected: Value = fixture_json("expected.json");
        for name in expected.as_object().unwrap().keys() {
            let (namespace, name) = name.split_once('/').unwrap();
            assert!(!pod(&recorded, namespace, name).places.is_empty(), "{namespace}/{name}");
        }
        assert_eq!(recorded.facts.pods.len(), 14 + 6 + 2 + 16 + 10 + 8);
        assert_eq!(recorded.facts.nodes.len(), 2);
        // api/ holds refusals among the rest.
        let is_refusal = |note: &&String| note.contains(" holds the API server's refusal: ");
        assert_eq!(recorded.notes.iter().filter(is_refusal).count(), 4, "{:?}", recorded.notes);
        assert_eq!(recorded.notes.len(), 4, "{:?}", recorded.notes);
    }

    #[test]
    fn every_place_that_names_an_image_is_found() {
        let recorded = from_paths(&[&fixture("shapes/pods.json")]).unwrap();
        let places = |name: &str| -> Vec<(PlaceKind, String, String)> {
            let places = &pod(&recorded, "shapes", name).places;
            places.iter().map(|it| (it.kind, it.name.clone(), it.image.clone())).collect()
        };
        let place = |kind, name: &str, image: &str| (kind, name.to_owned(), image.to_owned());
        let counts: Vec<usize> = recorded.facts.pods.iter().map(|pod| pod.places.len()).collect();
        assert_eq!(counts, [1, 2, 2, 1, 2, 2, 2, 1]);
        // status.image says basic.lab:5001/team/app:v1 here: the spec's name counts.
        assert_eq!(places("healthy"), [place(PlaceKind::App, "app", "open.lab:5014/shop/web:v1")]);
        assert_eq!(
            places("image-volume")[1],
            place(PlaceKind::ImageVolume, "model", "open.lab:5014/shop/model:nope")
        );
        assert_eq!(pod(&recorded, "shapes", "image-volume").places[0].mounts, ["model"]);
        assert_eq!(places("init-container")[0].0, PlaceKind::Init);
        assert_eq!(places("init-container")[0].1, "migrate");
        assert_eq!(places("native-sidecar")[0].0, PlaceKind::Sidecar);
        assert_eq!(places("native-sidecar")[0].1, "proxy");
    }

    #[test]
    fn states_are_those_of_the_container_of_that_name() {
        let recorded = from_paths(&[&fixture("shapes/pods.json")]).unwrap();
        assert_eq!(pod(&recorded, "shapes", "healthy").places[0].state, State::Running);
        let State::Waiting { reason, message } =
            &pod(&recorded, "shapes", "native-sidecar").places[0].state
        else {
            panic!("not waiting")
        };
        assert!(reason == "ImagePullBackOff" || reason == "ErrImagePull", "{reason}");
        assert!(message.contains("not found"), "{message}");
        let unschedulable = pod(&recorded, "shapes", "unschedulable");
        assert!(
            unschedulable.unschedulable.as_deref().unwrap().starts_with("Unschedulable: 0/1 nodes"),
        );
        assert_eq!(unschedulable.node, None);
    }

    #[test]
    fn ephemeral_containers_and_terminated_ones_count() {
        let recorded = recorded_json(&json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "web", "namespace": "shop", "annotations": null },
            "spec": {
                "containers": [{ "name": "app", "image": "web:1", "volumeMounts": null }],
                "ephemeralContainers": [{ "name": "debugger", "image": "busybox:nope" }],
                "initContainers": null,
            },
            "status": {
                "phase": "Running",
                "containerStatuses": [{
                    "name": "app", "image": "docker.io/library/web:1",
                    "state": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } },
                }],
                "ephemeralContainerStatuses": [{
                    "name": "debugger",
                    "state": { "waiting": { "reason": "ErrImagePull", "message": "not found" } },
                }],
            },
        }));
        let places = &pod(&recorded, "shop", "web").places;
        assert_eq!(
            places[0].state,
            State::Terminated {
                reason: "OOMKilled".to_owned(),
                exit_code: 137,
                message: String::new(),
            }
        );
        assert_eq!(places[1].kind, PlaceKind::Ephemeral);
        assert_eq!(
            places[1].state,
            State::Waiting { reason: "ErrImagePull".to_owned(), message: "not found".to_owned() }
        );
    }

    #[test]
    fn marks_of_owners_managers_and_static_pods_are_read() {
        let recorded = recorded_json(&json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "etcd-node-1", "namespace": "kube-system",
                "annotations": {
                    "kubernetes.io/config.mirror": "8f0c",
                    "meta.helm.sh/release-name": "etcd",
                    "argocd.argoproj.io/tracking-id": "x",
                },
                "labels": { "kustomize.toolkit.fluxcd.io/name": "y" },
                "ownerReferences": [
                    { "apiVersion": "v1", "kind": "ConfigMap", "name": "other" },
                    { "apiVersion": "v1", "kind": "Node", "name": "node-1", "controller": true },
                ],
            },
        }));
        let pod = &recorded.facts.pods[0];
        assert_eq!(pod.mirror_of.as_deref(), Some("8f0c"));
        assert_eq!(pod.owner.as_ref().unwrap().kind, "Node");
        assert!(pod.is_static());
        assert_eq!(pod.managed_by, [Manager::Helm, Manager::ArgoCd, Manager::Flux]);
    }

    #[test]
    fn owners_lead_to_their_own_owners_and_templates() {
        let recorded = from_paths(&[&fixture("owners")]).unwrap();
        let owner = |api_version: &str, kind: &str, name: &str| {
            let key = OwnerKey {
                namespace: "owners".to_owned(),
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                name: name.to_owned(),
            };
            recorded.facts.owner(&key).found().unwrap().clone()
        };
        let pod = pod(&recorded, "owners", "web-6bf7f8bf45-4cxhn");
        let set = recorded.facts.owner(&pod.owner.as_ref().unwrap().key("owners")).found().unwrap();
        assert_eq!(set.owner.as_ref().unwrap().kind, "Deployment");
        for (api_version, kind, name) in [
            ("apps/v1", "Deployment", "web"),
            ("apps/v1", "DaemonSet", "agent"),
            ("apps/v1", "StatefulSet", "db"),
            ("batch/v1", "CronJob", "report"),
            ("batch/v1", "Job", "migrate"),
        ] {
            assert_eq!(owner(api_version, kind, name).key.kind, kind);
        }
    }

    #[test]
    fn a_custom_resource_is_an_owner_when_it_has_a_pod_template() {
        let recorded = recorded_json(&list(&[
            json!({
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
                "metadata": { "name": "web", "namespace": "shop" },
                "spec": { "template": { "spec": { "imagePullSecrets": [{ "name": "regcred" }] } } },
            }),
            json!({
                "apiVersion": "batch/v1", "kind": "CronJob",
                "metadata": { "name": "night", "namespace": "shop" },
                "spec": { "jobTemplate": { "spec": { "template": {
                    "spec": { "imagePullSecrets": [{ "name": "deep" }] },
                } } } },
            }),
            json!({
                "apiVersion": "example.com/v1", "kind": "Odd",
                "metadata": { "name": "odd" }, "spec": { "template": "text" },
            }),
            named("ConfigMap", "shop", "settings"),
        ]));
        let secrets: Vec<_> = recorded
            .facts
            .owners
            .values()
            .map(|owner| owner.clone().found().unwrap().pull_secrets)
            .collect();
        assert_eq!(secrets, [["regcred"], ["deep"]]);
        assert_eq!(recorded.notes, ["standard input: not needed: 1 ConfigMap, 1 Odd"]);
    }

    #[test]
    fn both_forms_of_an_event_give_the_same_facts() {
        // The pairs of pkg/apis/events/v1/conversion.go.
        const PAIRS: [(&str, &str); 7] = [
            ("involvedObject", "regarding"),
            ("message", "note"),
            ("source", "deprecatedSource"),
            ("firstTimestamp", "deprecatedFirstTimestamp"),
            ("lastTimestamp", "deprecatedLastTimestamp"),
            ("count", "deprecatedCount"),
            ("reportingComponent", "reportingController"),
        ];
        let core = fixture_json("shapes/events.json");
        let mut new = core.clone();
        for event in new["items"].as_array_mut().unwrap() {
            let event = event.as_object_mut().unwrap();
            event.insert("apiVersion".to_owned(), json!("events.k8s.io/v1"));
            for (old, name) in PAIRS {
                if let Some(value) = event.remove(old) {
                    event.insert(name.to_owned(), value);
                }
            }
        }
        let (core, new) = (recorded_json(&core), recorded_json(&new));
        assert_eq!(core.facts.events.len(), 50);
        assert_eq!(core.facts.events, new.facts.events);
        let pulling = core.facts.events.iter().find(|event| event.reason == "Pulling").unwrap();
        assert_eq!(pulling.component, "kubelet");
        assert_eq!(pulling.host.as_deref(), Some("lab-node"));
        assert!(pulling.count >= 1 && pulling.last_seen.is_some() && pulling.first_seen.is_some());
    }

    #[test]
    fn times_and_counts_of_an_event_come_from_where_they_are_set() {
        let event = |fields: Value| -> Event {
            let mut event = named("Event", "shop", "e");
            let object = event.as_object_mut().unwrap();
            object.insert("involvedObject".to_owned(), json!({ "kind": "Pod", "name": "web" }));
            object.extend(fields.as_object().unwrap().clone());
            recorded_json(&event).facts.events.remove(0)
        };
        let series = event(json!({
            "eventTime": "2026-11-23T06:46:10.078532Z", "count": null, "lastTimestamp": null,
            "series": { "count": 5, "lastObservedTime": "2026-11-23T06:50:00.5Z" },
            "reportingComponent": "default-scheduler", "reportingInstance": "default-scheduler-vm",
        }));
        assert_eq!(series.count, 5);
        assert_eq!(series.last_seen, "2026-11-23T06:50:00.5Z".parse().ok());
        assert_eq!(series.first_seen, "2026-11-23T06:46:10.078532Z".parse().ok());
        assert_eq!((series.component.as_str(), series.host), ("default-scheduler", None));
        let bare = event(json!({ "reportingComponent": "kubelet", "reportingInstance": "node-1" }));
        assert_eq!((bare.count, bare.last_seen, bare.host.as_deref()), (1, None, Some("node-1")));
        assert_eq!(event(json!({ "count": -3 })).count, 1);
        assert_eq!(event(json!({ "count": i64::MAX })).count, u32::MAX);
    }

    #[test]
    fn nodes_say_what_they_are() {
        let recorded = from_paths(&[&fixture("nodes.json")]).unwrap();
        let node = recorded.facts.node("lab-node").found().unwrap();
        assert_eq!((node.os.as_str(), node.architecture.as_str()), ("linux", "amd64"));
        assert!(node.runtime.starts_with("containerd://"), "{}", node.runtime);
        assert_eq!(node.ready, Some(true));
        assert!(!node.disk_pressure);
    }

    #[test]
    fn the_age_of_a_secret_and_of_a_reference_is_that_of_their_writing() {
        let entry = |time: &str, field: &str| {
            json!({ "manager": "kubectl", "time": time, "fieldsType": "FieldsV1",
                    "fieldsV1": { (field): { ".": {}, "f:.dockerconfigjson": {} }, "f:type": {} } })
        };
        let with_fields = |mut object: Value, entries: &[Value]| {
            object["metadata"]["managedFields"] = json!(entries);
            object
        };
        let recorded = recorded_json(&list(&[
            with_fields(
                named("Secret", "shop", "regcred"),
                &[
                    entry("2026-01-01T00:00:00Z", "f:data"),
                    entry("2026-02-01T00:00:00Z", "f:data"),
                    entry("2026-03-01T00:00:00Z", "f:metadata"),
                ],
            ),
            with_fields(
                named("ServiceAccount", "shop", "default"),
                &[
                    entry("2026-04-01T00:00:00Z", "f:imagePullSecrets"),
                    entry("2026-05-01T00:00:00Z", "f:metadata"),
                ],
            ),
        ]));
        let secret = recorded.facts.secret("shop", "regcred").found().unwrap();
        assert_eq!(secret.changed, "2026-02-01T00:00:00Z".parse().ok());
        let account = recorded.facts.service_account("shop", "default").found().unwrap();
        assert_eq!(account.pull_secrets_changed, "2026-04-01T00:00:00Z".parse().ok());
    }

    #[test]
    fn a_manifest_is_a_pod_without_a_state() {
        let recorded = recorded(
            "# by hand\napiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  \
             containers:\n  - {name: app, image: 'web:1'}\n  imagePullSecrets: [name: regcred]\n",
        );
        let pod = pod(&recorded, "default", "web");
        assert_eq!(pod.places[0].state, State::None);
        assert_eq!(pod.pull_secrets.as_deref(), Some(&["regcred".to_owned()][..]));
        assert_eq!(pod.phase, "");
    }
}

mod forms {
    use super::*;

    /// The three pods below in every form that somebody may save them in.
    const NAMES: [&str; 3] = ["a", "b", "c"];

    fn names(recorded: &Recorded) -> Vec<String> {
        recorded.facts.pods.iter().map(|pod| pod.name.name.clone()).collect()
    }

    fn pods() -> Vec<Value> {
        NAMES.iter().map(|name| named("Pod", "shop", name)).collect()
    }

    fn joined(separator: &str, pretty: bool) -> String {
        let print = |pod: &Value| {
            if pretty { serde_json::to_string_pretty(pod).unwrap() } else { pod.to_string() }
        };
        pods().iter().map(print).collect::<Vec<_>>().join(separator)
    }

    const YAML_LIST: &str = "apiVersion: v1\nitems:\n\
        - apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n\
        - apiVersion: v1\n  kind: Pod\n  metadata:\n    name: b\n\
        - {apiVersion: v1, kind: Pod, metadata: {name: c}}\nkind: List\n";

    #[test]
    fn json_and_yaml_come_in_many_forms() {
        // A list from the API itself: the items leave their kind to the list, wherever that stands.
        let kindless: Vec<Value> =
            NAMES.iter().map(|name| json!({ "metadata": { "name": name } })).collect();
        let items = serde_json::to_string(&kindless).unwrap();
        let yaml_document =
            |name| format!("---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n");
        let yaml_documents = NAMES.map(yaml_document).concat();
        for (form, text) in [
            ("list", list(&pods()).to_string()),
            ("pretty list", serde_json::to_string_pretty(&list(&pods())).unwrap()),
            ("pod list", format!(r#"{{"kind":"PodList","apiVersion":"v1","items":{items}}}"#)),
            ("kind last", format!(r#"{{"apiVersion":"v1","items":{items},"kind":"PodList"}}"#)),
            ("array", serde_json::to_string(&pods()).unwrap()),
            ("lines", joined("\n", false)),
            ("concatenated", joined("", true)),
            ("with a foreign line", joined("\n{\"level\":\"info\"}\n", false)),
            ("yaml list", YAML_LIST.to_owned()),
            ("yaml documents", yaml_documents.clone()),
            ("yaml with an empty document", format!("---\n{yaml_documents}---\n...\n")),
            ("crlf json", joined("\r\n", true).replace('\n', "\r\n")),
            ("crlf yaml", YAML_LIST.replace('\n', "\r\n")),
            ("byte-order mark", format!("\u{feff}{}", list(&pods()))),
            ("byte-order mark, yaml", format!("\u{feff}{YAML_LIST}")),
        ] {
            let recorded =
                from_stdin(text.as_bytes()).unwrap_or_else(|error| panic!("{form}: {error}"));
            assert_eq!(names(&recorded), NAMES, "{form}");
            assert_eq!(recorded.documents, 3, "{form}");
        }
    }

    #[test]
    fn a_cluster_info_dump_has_logs_between_its_lists() {
        let log = |text: &str| {
            format!(
                "\n==== START logs for container app of pod shop/a ====\n{text}\n\
                 ==== END logs for container app of pod shop/a ====\n"
            )
        };
        let (first, rest) = (list(&pods()[..1]), list(&pods()[1..]));
        let dump = format!("{first}{}{}{rest}{}", log("{\"a\": [\n"), log(""), log("==== x"));
        assert_eq!(names(&recorded(&dump)), NAMES);
        let error = from_stdin(format!("{first}{}oops", log("x")).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("expected value at line 5, column 1"), "{error}");
        assert_eq!(names(&recorded(&format!("{first}{}", log("x").split_at(60).0))), ["a"]);
    }

    #[test]
    fn powershell_writes_utf_16() {
        for text in [list(&pods()).to_string(), YAML_LIST.replace('\n', "\r\n")] {
            let units = || std::iter::once(0xFEFF).chain(text.encode_utf16());
            let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
            assert_eq!(names(&from_stdin(&little).unwrap()), NAMES);
            assert_eq!(names(&from_stdin(&big).unwrap()), NAMES);
        }
    }

    #[test]
    fn yaml_keeps_words_that_look_like_something_else() {
        let recorded = recorded(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels:\n    enabled: yes\n    \
             mode: 0777\n    sum: \"1e3\"\n",
        );
        let labels = &recorded.facts.pods[0].labels;
        assert_eq!(labels["enabled"], "yes");
        assert_eq!(labels["mode"], "0777");
        assert_eq!(labels["sum"], "1e3");
    }

    #[test]
    fn the_newest_copy_wins_in_whatever_order() {
        let copy = |version: &str, node: &str| {
            let mut pod = named("Pod", "shop", "web");
            pod["metadata"]["resourceVersion"] = json!(version);
            pod["spec"] = json!({ "nodeName": node });
            pod["status"] = json!({ "phase": "Pending" });
            pod
        };
        // By number: "99" is older than "100".
        for order in
            [[copy("99", "old"), copy("100", "new")], [copy("100", "new"), copy("99", "old")]]
        {
            let recorded = recorded_json(&list(&order));
            assert_eq!(recorded.facts.pods[0].node.as_deref(), Some("new"));
        }
        let manifest = json!({ "apiVersion": "v1", "kind": "Pod",
            "metadata": { "namespace": "shop", "name": "web" } });
        let recorded = recorded_json(&list(&[copy("99", "node"), manifest]));
        assert_eq!(recorded.facts.pods[0].node.as_deref(), Some("node"));
    }

    #[test]
    fn a_watch_ends_with_what_it_said_last() {
        let recorded = from_paths(&[&fixture("api/watch-events.jsonl")]).unwrap();
        let pulling: Vec<&Event> =
            recorded.facts.events.iter().filter(|event| event.reason == "Pulling").collect();
        // Six lines speak of four events; three of the lines are one event, counted up.
        assert_eq!(recorded.facts.events.len(), 4);
        assert!(pulling.len() <= 2);
        let line = |change: &str, version: &str, name: &str| {
            let mut pod = named("Pod", "shop", name);
            pod["metadata"]["resourceVersion"] = json!(version);
            json!({ "type": change, "object": pod }).to_string()
        };
        let watched = super::recorded(
            &[
                line("ADDED", "1", "gone"),
                line("ADDED", "2", "here"),
                line("DELETED", "3", "gone"),
                line("BOOKMARK", "4", ""),
                line("MODIFIED", "5", "here"),
            ]
            .join("\n"),
        );
        assert_eq!(names(&watched), ["here"]);
    }

    #[test]
    fn several_inputs_are_one_cluster() {
        let paths =
            [fixture("default/pods.json"), PathBuf::from("-"), fixture("default/secrets.json")];
        let events = fs::read(fixture("default/events.json")).unwrap();
        let recorded = load(&paths, &*events, "default", now()).unwrap();
        assert_eq!(recorded.facts.pods.len(), 2);
        assert_eq!(recorded.facts.events.len(), 11);
        assert_eq!(recorded.facts.secrets.len(), 1);
        assert_eq!(recorded.notes, Vec::<String>::new());
        let origin = recorded.facts.origin.to_string();
        assert!(origin.contains("standard input") && origin.contains("secrets.json"), "{origin}");
    }
}

mod proofs {
    use super::*;

    #[test]
    fn a_list_that_was_cut_off_proves_nothing() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n\
                   spec: {imagePullSecrets: [{name: regcred}]}\n";
        let secrets = "---\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Secret\n  \
                       metadata:\n    name: other\n    namespace: shop\n";
        let cut = super::recorded(&format!("{pod}{secrets}"));
        assert_eq!(cut.facts.secret("shop", "regcred"), Lookup::Unseen(Unseen::NotGiven));
        assert_eq!(
            cut.notes,
            ["standard input: a list does not end as kubectl ends one: cut off?"]
        );
        let whole = super::recorded(&format!("{pod}{secrets}kind: List\n"));
        assert_eq!(whole.facts.secret("shop", "regcred"), Lookup::Absent);
        assert_eq!(whole.notes, Vec::<String>::new());
    }

    fn pod_with(namespace: &str, secret: &str) -> Value {
        let mut pod = named("Pod", namespace, "web");
        pod["spec"] = json!({ "serviceAccountName": "builder",
            "imagePullSecrets": [{ "name": secret }] });
        pod
    }

    #[test]
    fn what_a_list_leaves_out_is_absent() {
        let recorded = from_paths(&[&fixture("access")]).unwrap();
        let facts = &recorded.facts;
        assert_eq!(facts.secret("access", "nope"), Lookup::Absent);
        assert!(matches!(facts.secret("access", "quay"), Lookup::Found(_)));
        assert_eq!(facts.secret("access", "opaque").found().unwrap().kind, "Opaque");
        assert_eq!(facts.secrets_listed.get("access"), Some(&Ok(())));
        assert_eq!(facts.events_seen.get("access"), Some(&Ok(())));
        // Nobody asked for this one: only a pod's own references are proved absent.
        assert_eq!(facts.secret("access", "other"), Lookup::Unseen(Unseen::NotGiven));
        assert_eq!(facts.secrets_elsewhere, None);
    }

    #[test]
    fn a_secret_of_its_own_proves_nothing_about_others() {
        for secret in [
            named("Secret", "shop", "regcred"),
            // Of another namespace.
            list(&[named("Secret", "blog", "regcred")]),
            // Of no namespace at all.
            list(&[]),
        ] {
            let text = format!("{}\n{secret}", pod_with("shop", "nope"));
            let facts = super::recorded(&text).facts;
            assert_eq!(facts.secret("shop", "nope"), Lookup::Unseen(Unseen::NotGiven), "{secret}");
            assert_eq!(facts.secrets_listed.get("shop"), None, "{secret}");
            let account = facts.service_account("shop", "builder");
            assert_eq!(account, Lookup::Unseen(Unseen::NotGiven), "{secret}");
        }
    }

    #[test]
    fn a_list_of_several_namespaces_is_one_of_all() {
        let everywhere =
            list(&[named("Secret", "blog", "regcred"), named("Secret", "news", "regcred")]);
        let facts = super::recorded(&format!("{}\n{everywhere}", pod_with("shop", "nope"))).facts;
        assert_eq!(facts.secret("shop", "nope"), Lookup::Absent);
        assert_eq!(facts.secrets_listed.get("shop"), Some(&Ok(())));
        assert_eq!(facts.secrets_elsewhere, Some(Ok(())));
        let apart = format!(
            "{}\n{}\n{}",
            pod_with("shop", "nope"),
            list(&[named("Secret", "blog", "regcred")]),
            list(&[named("Secret", "news", "regcred")])
        );
        let facts = super::recorded(&apart).facts;
        assert_eq!(facts.secret("shop", "nope"), Lookup::Unseen(Unseen::NotGiven));
        assert_eq!(facts.secrets_elsewhere, Some(Err(Unseen::NotGiven)));
    }

    #[test]
    fn a_service_account_brings_its_secrets_into_question() {
        let mut account = named("ServiceAccount", "shop", "builder");
        account["imagePullSecrets"] = json!([{ "name": "of-account" }]);
        let text = format!(
            "{}{}{}",
            pod_with("shop", "own"),
            list(&[account]),
            list(&[named("Secret", "shop", "other")])
        );
        let facts = super::recorded(&text).facts;
        assert_eq!(facts.secret("shop", "own"), Lookup::Absent);
        assert_eq!(facts.secret("shop", "of-account"), Lookup::Absent);
        let others = list(&[named("ServiceAccount", "shop", "default")]);
        let facts = super::recorded(&format!("{}{others}", pod_with("shop", "own"))).facts;
        assert_eq!(facts.service_account("shop", "builder"), Lookup::Absent);
    }

    #[test]
    fn pods_that_only_events_speak_of_are_known_where_no_pods_were_given() {
        let events = fixture("default/events.json");
        let facts = from_paths(&[&events]).unwrap().facts;
        let names: Vec<String> = facts.pods.iter().map(|pod| pod.name.to_string()).collect();
        assert_eq!(names, ["default/private-reg", "default/private-reg-ok"]);
        let pod = &facts.pods[0];
        assert_eq!(pod.places.len(), 1);
        assert_eq!(pod.places[0].name, "app");
        assert_eq!(pod.places[0].image, "gengwg/cheers2019:latest");
        assert_eq!(pod.node.as_deref(), Some("lab-node"));
        assert_eq!((pod.pull_secrets.as_ref(), pod.service_account.as_ref()), (None, None));
        assert!(!pod.uid.is_empty());

        let other = named("Pod", "default", "other").to_string();
        let text = format!("{other}{}", fs::read_to_string(&events).unwrap());
        let facts = super::recorded(&text).facts;
        assert_eq!(facts.pods.len(), 1, "events outlive their pods");
    }
}

mod texts {
    use super::*;

    const FAILURE: &str = "Failed to pull image \"gengwg/cheers2019:latest\": failed to pull and \
        unpack image \"docker.io/gengwg/cheers2019:latest\": failed to resolve image: pull access \
        denied, repository does not exist or may require authorization: server message: \
        insufficient_scope: authorization failed";

    fn ago(seconds: i64) -> Time {
        now() - chrono::Duration::seconds(seconds)
    }

    #[test]
    fn a_description_gives_the_pod_and_its_events() {
        let recorded = from_paths(&[&fixture("describe-private-reg.txt")]).unwrap();
        let pod = pod(&recorded, "default", "private-reg");
        assert_eq!(pod.node.as_deref(), Some("lab-node"));
        assert_eq!(pod.service_account.as_deref(), Some("default"));
        assert_eq!(pod.phase, "Pending");
        assert_eq!((pod.uid.as_str(), &pod.pull_secrets, &pod.owner), ("", &None, &None));
        assert_eq!(pod.places.len(), 1);
        assert_eq!(pod.places[0].name, "app");
        assert_eq!(pod.places[0].image, "gengwg/cheers2019:latest");
        assert_eq!(pod.places[0].mounts, Vec::<String>::new());
        assert_eq!(
            pod.places[0].state,
            State::Waiting { reason: "ImagePullBackOff".to_owned(), message: String::new() }
        );
        let events = &recorded.facts.events;
        assert_eq!(events.len(), 6);
        let failed = events.iter().find(|event| event.message == FAILURE).unwrap();
        assert_eq!((failed.kind.as_str(), failed.reason.as_str()), ("Warning", "Failed"));
        assert_eq!((failed.component.as_str(), failed.count), ("kubelet", 4));
        assert_eq!((failed.last_seen, failed.first_seen), (Some(ago(358)), Some(ago(438))));
        assert_eq!(failed.about.kind, "Pod");
        assert_eq!(failed.about.name, "private-reg");
        assert_eq!(failed.about.namespace, "default");
        let back_off = events.iter().find(|event| event.reason == "BackOff").unwrap();
        assert_eq!(back_off.count, 9);
    }

    #[test]
    fn a_table_of_events_gives_them_and_their_pod() {
        let recorded = from_paths(&[&fixture("get-event-private-reg.txt")]).unwrap();
        let pod = pod(&recorded, "default", "private-reg");
        assert_eq!(pod.places.len(), 1);
        assert_eq!(pod.places[0].image, "gengwg/cheers2019:latest");
        assert_eq!((pod.node.as_deref(), &pod.service_account), (Some("lab-node"), &None));
        assert_eq!(recorded.facts.events.len(), 6);
        let failed = recorded.facts.events.iter().find(|event| event.message == FAILURE).unwrap();
        assert_eq!((failed.count, failed.last_seen), (1, Some(ago(358))));
        assert_eq!(failed.about.kind, "Pod");
    }

    #[test]
    fn two_texts_of_one_pod_tell_each_event_once() {
        let paths = ["get-event-private-reg.txt", "describe-private-reg.txt"].map(fixture);
        let recorded = from_paths(&[&paths[0], &paths[1]]).unwrap();
        assert_eq!(recorded.facts.events.len(), 6);
        assert_eq!(recorded.facts.pods.len(), 1);
        let failed = recorded.facts.events.iter().find(|event| event.message == FAILURE).unwrap();
        assert_eq!(failed.count, 4, "the description counts, the table does not");
        let objects = fixture("default");
        let both = from_paths(&[&objects, &paths[0], &paths[1]]).unwrap();
        assert_eq!(both.facts.pods.len(), 2);
        assert!(!pod(&both, "default", "private-reg").uid.is_empty());
        let failures: Vec<&Event> =
            both.facts.events.iter().filter(|event| event.message == FAILURE).collect();
        assert_eq!(failures.len(), 1, "{failures:?}");
    }

    #[test]
    fn wide_tables_of_all_namespaces_say_more() {
        let text = "\
NAMESPACE   LAST SEEN   TYPE      REASON    OBJECT        SUBOBJECT                    SOURCE              MESSAGE                         FIRST SEEN   COUNT   NAME
shop        2m          Warning   Failed    pod/web-0     spec.initContainers{setup}   kubelet, node-1     Failed to pull image \"a/b:1\"    10m          7       web-0.18ea
shop        2m          Normal    BackOff   pod/web-0     spec.initContainers{setup}   kubelet, node-1     Back-off pulling image \"a/b:1\"  10m          9       web-0.18eb
shop        <unknown>   Normal    Sync      ingress/web                                nginx-ingress       Scheduled for sync              <unknown>    1       web.18ec
";
        let recorded = recorded(text);
        let pod = pod(&recorded, "shop", "web-0");
        assert_eq!(pod.places.len(), 1);
        assert_eq!((pod.places[0].kind, pod.places[0].name.as_str()), (PlaceKind::Init, "setup"));
        assert_eq!((pod.places[0].image.as_str(), pod.node.as_deref()), ("a/b:1", Some("node-1")));
        let events = &recorded.facts.events;
        assert_eq!(events.len(), 2, "an event of an ingress is of no use");
        assert_eq!((events[0].count, events[0].first_seen), (7, Some(ago(600))));
        assert_eq!(events[0].message, "Failed to pull image \"a/b:1\"");
        assert_eq!(events[0].host.as_deref(), Some("node-1"));
    }

    #[test]
    fn messages_go_on_over_lines_and_columns_lose_their_place() {
        let text = "\
LAST SEEN   TYPE      REASON   OBJECT      MESSAGE
2m          Warning   Failed   pod/web-0   Failed to pull image \"a/b:1\": first
  second line of it

  third line of it
90s (x3 over 5m)   Warning   Failed   Pod/web-0   Error: ErrImagePull

$ kubectl get nodes
";
        let recorded = recorded(text);
        let messages: Vec<(&str, u32)> =
            recorded.facts.events.iter().map(|it| (it.message.as_str(), it.count)).collect();
        assert_eq!(
            messages,
            [
                (
                    "Failed to pull image \"a/b:1\": first\n  second line of it\n\n  third line of it",
                    1
                ),
                ("Error: ErrImagePull", 3),
            ]
        );
    }

    #[test]
    fn the_namespace_of_a_table_is_found_or_assumed() {
        let table = "LAST SEEN   TYPE      REASON   OBJECT      MESSAGE\n\
                     2m          Warning   Failed   pod/web-0   Error: ErrImagePull\n";
        let load_with = |text: &str| {
            load(&[PathBuf::from("-")], text.as_bytes(), "assumed", now()).unwrap().facts
        };
        assert_eq!(load_with(table).pods[0].name, ObjectName::new("assumed", "web-0"));
        let scheduled = "3m          Normal    Scheduled   pod/web-0   Successfully assigned \
                         shop/web-0 to node-1\n";
        let facts = load_with(&format!("{table}{scheduled}"));
        assert_eq!(facts.pods[0].name, ObjectName::new("shop", "web-0"));
        assert_eq!(facts.pods[0].node.as_deref(), Some("node-1"));
        assert!(facts.events.iter().all(|event| event.about.namespace == "shop"));
    }

    #[test]
    fn a_table_of_pods_tells_which_wait_for_an_image() {
        let text = "\
$ kubectl get pods -A
NAMESPACE   NAME      READY   STATUS                  RESTARTS      AGE
shop        web-0     0/1     ImagePullBackOff        0             5m
shop        web-1     1/1     Running                 3 (5m ago)    5m
shop        web-2     0/2     Init:ErrImagePull       0             5m
shop        web-3     0/1     Completed               0             5m

NAMESPACE   NAME                  READY   UP-TO-DATE   AVAILABLE   AGE
shop        deployment.apps/web   1/1     1            1           5m
";
        let recorded = recorded(text);
        assert_eq!(recorded.facts.pods.len(), 4);
        let waiting =
            |reason: &str| State::Waiting { reason: reason.to_owned(), message: String::new() };
        let pods = &recorded.facts.pods;
        assert_eq!(pods[0].places[0].state, waiting("ImagePullBackOff"));
        assert_eq!((pods[1].phase.as_str(), pods[1].places.len()), ("Running", 0));
        assert_eq!(pods[2].places[0].state, waiting("ErrImagePull"));
        assert_eq!(pods[2].places[0].kind, PlaceKind::Init);
        assert_eq!(pods[3].phase, "Succeeded");
    }

    #[test]
    fn descriptions_of_several_pods_are_told_apart() {
        let text = "\
Name:             web-0
Namespace:        shop
Service Account:  builder
Node:             node-1/10.0.0.1
Labels:           app=web
                  app.kubernetes.io/managed-by=Helm
Annotations:      kubernetes.io/config.mirror: 8f0c
                  argocd.argoproj.io/tracking-id: x:y
Status:           Pending
Controlled By:    ReplicaSet/web
Init Containers:
  setup:
    Image:          setup:1
    State:          Terminated
      Reason:       Error
      Message:      line one
State: of things
  and more
      Exit Code:    3
    Last State:     Terminated
      Reason:       OOMKilled
Containers:
  app:
    Image:          registry:5000/web:1
    Args:
      State: none
      Reason: none
    State:          Waiting
      Reason:       PodInitializing
    Mounts:
      /m:x from model (ro)
      /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access (ro)
Ephemeral Containers:
  debugger:
    Image:          busybox
    State:          Running
Conditions:
  Type              Status
  PodScheduled      True
Volumes:
  model:
    Type:        Image (a container image or OCI artifact)
    Reference:   models/llm:1
    PullPolicy:  Always
  kube-api-access:
    Type:                    Projected
Events:                      <none>


Name:             web-1
Namespace:        shop
Node:             <none>
Status:           Pending
Containers:
  app:
    Image:          web:2
Conditions:
  Type           Status
  PodScheduled   False
Events:
  Type     Reason            Age   From               Message
  ----     ------            ----  ----               -------
  Warning  FailedScheduling  5s    default-scheduler  0/3 nodes are available


Name:         regcred
Namespace:    shop
Type:         kubernetes.io/dockerconfigjson
";
        let recorded = recorded(text);
        assert_eq!(recorded.facts.pods.len(), 2);
        let first = pod(&recorded, "shop", "web-0");
        assert_eq!(first.owner.as_ref().unwrap().api_version, "apps/v1");
        assert_eq!(first.mirror_of.as_deref(), Some("8f0c"));
        assert_eq!(first.managed_by, [Manager::Helm, Manager::ArgoCd]);
        assert_eq!(first.labels["app"], "web");
        let kinds: Vec<PlaceKind> = first.places.iter().map(|place| place.kind).collect();
        assert_eq!(
            kinds,
            [PlaceKind::Init, PlaceKind::App, PlaceKind::Ephemeral, PlaceKind::ImageVolume]
        );
        assert_eq!(
            first.places[0].state,
            State::Terminated {
                reason: "Error".to_owned(),
                exit_code: 3,
                message: "line one\nState: of things\nand more".to_owned(),
            }
        );
        assert_eq!(first.places[1].image, "registry:5000/web:1");
        assert_eq!(first.places[1].mounts, ["model"]);
        assert_eq!(first.places[2].state, State::Running);
        assert_eq!(first.places[3].image, "models/llm:1");
        assert_eq!(recorded.facts.events_seen.get("shop"), Some(&Ok(())));
        let second = pod(&recorded, "shop", "web-1");
        assert_eq!(second.unschedulable.as_deref(), Some("0/3 nodes are available"));
        assert_eq!(second.node, None);
    }

    #[test]
    fn foreign_bytes_in_a_text_do_no_harm() {
        let mut text = fs::read(fixture("get-event-private-reg.txt")).unwrap();
        text.extend(b"4m          Warning   Failed      pod/private-reg   caf\xe9\n");
        let recorded = from_stdin(&text).unwrap();
        assert!(recorded.facts.events.iter().any(|event| event.message == "caf\u{fffd}"));
    }
}

mod complaints {
    use super::*;

    const AGAIN: &str = "save it again with kubectl get … -o json or -o yaml";
    const CUT: &str = "save it again: it ends in the middle of an object";

    #[test]
    fn broken_input_gets_one_clear_error() {
        let truncated = &list(&[named("Pod", "a", "b")]).to_string()[..60];
        let utf16: Vec<u8> = "\u{feff}{\"a\":1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let odd = [0xFF, 0xFE, b'{', 0, b'"'];
        let kubeconfig =
            "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- user: {token: hunter2}\n";
        for (what, bytes, message, hint) in [
            ("empty", &b""[..], "standard input is empty", "run the kubectl command again"),
            ("blank", b" \r\n\t\n", "standard input is empty", "run the kubectl command again"),
            (
                "truncated json",
                truncated.as_bytes(),
                "cannot make sense of standard input: the JSON looks cut off at line 1, column 60",
                CUT,
            ),
            (
                "broken json",
                b"{\n  \"kind\": \"Pod\",\n  oops\n}",
                "cannot make sense of standard input: invalid JSON: key must be a string at line 3, column 3",
                AGAIN,
            ),
            (
                "broken yaml",
                b"apiVersion: v1\nkind: Pod\nmetadata:\n\tname: hunter2\n",
                "cannot make sense of standard input: invalid YAML at line 4, column 2",
                AGAIN,
            ),
            (
                "latin 1 in json",
                b"{\"kind\": \"caf\xe9\"}",
                "cannot make sense of standard input: it is not UTF-8 at byte offset 13",
                AGAIN,
            ),
            (
                "nul",
                b"{\"kind\": \"\0\"}",
                "cannot make sense of standard input: it has a NUL byte at byte offset 10",
                AGAIN,
            ),
            ("cut utf-16", &utf16, "cannot make sense of standard input: the JSON looks cut off", CUT),
            (
                "odd utf-16",
                &odd,
                "cannot make sense of standard input: it is not UTF-16 at byte offset 4",
                AGAIN,
            ),
            (
                "kubeconfig",
                kubeconfig.as_bytes(),
                "standard input is a kubeconfig, not what kubectl prints",
                "--from takes what kubectl get printed; to look at a cluster, use --kubeconfig",
            ),
            (
                "refusal",
                &fs::read(fixture("api/403-secrets.json")).unwrap(),
                "standard input holds the API server's refusal: Forbidden (403)",
                "run the kubectl command again as a user who may read it",
            ),
            (
                "a log line",
                b"E1123 06:46:10 kuberuntime_image.go:55] Failed to pull image \"web:1\"\n",
                "standard input is not what kubectl prints",
                "--from takes kubectl's JSON, YAML, get events, get pods or describe pod; a message \
                 or a log line is for pulldoctor explain",
            ),
            (
                "another kind",
                named("ConfigMap", "a", "b").to_string().as_bytes(),
                "standard input holds nothing about pods",
                "save pods with kubectl get pods -o json, best with events and secrets",
            ),
            (
                "wrong type",
                b"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\n\"metadata\":{\"name\":\"web\"},\n\"spec\":\n {\"containers\":\"hunter2\"}}",
                "cannot make sense of standard input: Pod default/web: expected a list, found \
                 text at line 4, column 24",
                AGAIN,
            ),
            (
                "wrong type in yaml",
                b"kind: Pod\napiVersion: v1\nmetadata: {name: web}\nspec: {containers: hunter2}\n",
                "cannot make sense of standard input: Pod default/web: expected a list, found text",
                AGAIN,
            ),
        ] {
            let error = from_stdin(bytes).expect_err(what);
            let complaint = complaint(&error);
            assert!(complaint.starts_with(message), "{what}: {complaint}");
            assert!(complaint.contains(&format!("\nhint: {hint}")), "{what}: {complaint}");
            assert!(!complaint.contains("hunter2"), "{what}: {complaint}");
        }
    }

    #[test]
    fn a_small_yaml_does_not_unfold_into_a_large_one() {
        let mut bomb = String::from("kind: Pod\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let inner = vec![format!("*a{}", level - 1); 10].join(", ");
            writeln!(bomb, "a{level}: &a{level} [{inner}]").unwrap();
        }
        let error = from_stdin(bomb.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("unfolds into far more than it is long"), "{error}");
        let deep = format!("kind: Pod\na: {}", "[".repeat(100_000));
        assert!(from_stdin(deep.as_bytes()).is_err());
        let deep = "{\"items\":[".repeat(100_000);
        assert!(from_stdin(deep.as_bytes()).is_err());
        let deep = format!("{{\"kind\":\"Pod\",\"a\":{}", "[".repeat(1_000_000));
        assert!(from_stdin(deep.as_bytes()).is_err());
        let twice = "kind: Pod\nkind: hunter2\n";
        assert_eq!(
            from_stdin(twice.as_bytes()).unwrap_err().to_string(),
            "cannot make sense of standard input: invalid YAML: a map has a key twice at line 2, \
             column 1"
        );
    }

    #[test]
    fn a_path_that_cannot_be_read_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("pods.json");
        let error = from_paths(&[&missing]).unwrap_err();
        assert_eq!(
            complaint(&error),
            format!(
                "cannot read {}: no such file or directory\n\
                 hint: --from takes a file, a directory, or - for standard input",
                missing.display()
            )
        );
        let error = from_paths(&[directory.path()]).unwrap_err();
        assert!(complaint(&error).contains(" holds nothing about pods\n"), "{error}");
    }

    #[test]
    fn a_file_of_no_use_beside_a_useful_one_leaves_a_note() {
        let directory = tempfile::tempdir().unwrap();
        let settings = directory.path().join("settings.json");
        fs::write(&settings, named("ConfigMap", "shop", "settings").to_string()).unwrap();
        let recorded = from_paths(&[&settings, &fixture("default/pods.json")]).unwrap();
        assert_eq!(recorded.facts.pods.len(), 2);
        assert_eq!(recorded.notes, [format!("{} holds nothing about pods", settings.display())]);
    }

    #[test]
    fn standard_input_can_be_read_once() {
        let paths = [PathBuf::from("-"), PathBuf::from("-")];
        let error = load(&paths, io::empty(), "default", now()).unwrap_err();
        assert_eq!(error.exit_code(), exit::USAGE);
        assert_eq!(error.to_string(), "standard input (-) can be read only once");
    }

    #[test]
    fn a_reader_that_fails_is_reported() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the pipe burst"))
            }
        }
        let error = load(&[PathBuf::from("-")], Broken, "default", now()).unwrap_err();
        assert!(
            complaint(&error).starts_with("cannot read standard input: the pipe burst"),
            "{error}"
        );
    }

    #[test]
    fn one_broken_file_in_a_directory_leaves_a_note() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| fs::write(directory.path().join(name), text).unwrap();
        write("broken.json", b"{\"kind\": \"Pod\"");
        let error = from_paths(&[directory.path()]).unwrap_err();
        assert!(complaint(&error).contains("broken.json: the JSON looks cut off"), "{error}");
        write("pods.json", list(&[named("Pod", "shop", "web")]).to_string().as_bytes());
        write("logs.txt", b"2026-11-23 starting up\n");
        write("core.gz", &[0x1f, 0x8b, 0, 0]);
        write("config.yaml", b"kind: ConfigMap\napiVersion: v1\n");
        write("empty.json", b"");
        write(".hidden.json", b"{");
        let recorded = from_paths(&[directory.path()]).unwrap();
        assert_eq!(recorded.documents, 1);
        assert_eq!(recorded.notes.len(), 1, "{:?}", recorded.notes);
        assert!(
            recorded.notes[0].contains("broken.json: the JSON looks cut off at line 1, column 14")
        );
    }

    #[test]
    fn one_broken_object_in_a_list_leaves_a_note() {
        let mut broken = named("Pod", "shop", "broken");
        broken["spec"] = json!({ "containers": [{ "image": 42 }] });
        let recorded = recorded_json(&list(&[named("Pod", "shop", "web"), broken]));
        assert_eq!(recorded.facts.pods.len(), 1);
        assert_eq!(recorded.notes.len(), 1);
        assert!(
            recorded.notes[0]
                .starts_with("standard input: skipped Pod shop/broken: expected text, found a number at line 1, column "),
            "{:?}",
            recorded.notes
        );
    }

    #[test]
    fn an_empty_list_is_an_answer() {
        for text in [
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[]}",
            "kind: PodList\nitems: null\n",
        ] {
            assert!(recorded(text).facts.pods.is_empty(), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_tree_with_loops_pipes_and_locked_doors_is_walked_once() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let directory = tempfile::tempdir().unwrap();
        let deep = directory.path().join("namespaces/shop/pods/web");
        fs::create_dir_all(&deep).unwrap();
        fs::write(
            deep.join("web.yaml"),
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n",
        )
        .unwrap();
        symlink(directory.path(), deep.join("loop")).unwrap();
        symlink("nowhere", deep.join("dangling.json")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(deep.join("pipe.json")).status();
        assert!(made.unwrap().success());
        let locked = directory.path().join("locked.json");
        fs::write(&locked, "{}").unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        // Root opens every door.
        let is_root = fs::File::open(&locked).is_ok();
        let recorded = from_paths(&[directory.path()]).unwrap();
        assert_eq!(recorded.documents, 1);
        let notes = recorded.notes.join("\n");
        assert!(notes.contains("dangling.json: skipped: "), "{notes}");
        assert!(is_root || notes.contains("locked.json: permission denied"), "{notes}");
    }
}

mod secrets {
    use super::*;

    const CANARY: &str = "c4n4ry-hunter2";

    /// Everything that a load gives, as a careless programmer would print it.
    fn spilled(bytes: &[u8]) -> String {
        match from_stdin(bytes) {
            Ok(recorded) => format!("{recorded:?}"),
            Err(error) => format!("{error:?} {error} {:?}", error.hints()),
        }
    }

    #[test]
    fn a_canary_never_sings() {
        // `canary` in base64, as `data` has it.
        let encoded = "YzRuNHJ5LWh1bnRlcjI=";
        let secret = |field: &str, value: &Value| {
            let mut secret = named("Secret", "shop", "regcred");
            secret["type"] = json!("kubernetes.io/dockerconfigjson");
            secret["metadata"]["annotations"] = json!({
                "kubectl.kubernetes.io/last-applied-configuration": CANARY,
            });
            secret[field] = value.clone();
            secret
        };
        let mut texts = Vec::new();
        for value in [
            json!({ ".dockerconfigjson": CANARY, "password": CANARY }),
            json!({ ".dockerconfigjson": encoded, ".dockercfg": encoded, "token": encoded }),
            json!({ ".dockerconfigjson": { "auths": CANARY } }),
            json!({ ".dockerconfigjson": [CANARY] }),
            json!([CANARY]),
            json!(CANARY),
        ] {
            for field in ["data", "stringData"] {
                let text = secret(field, &value).to_string();
                for cut in [text.len(), text.len() - 1, text.len() / 2] {
                    texts.push(text[..cut].to_owned());
                }
                texts.push(list(&[secret(field, &value), named("Pod", "shop", "web")]).to_string());
                // JSON is YAML as well; a comment in front makes it one.
                texts.push(format!("# yaml\nkind: List\nitems:\n- {text}\n"));
                texts.push(format!("kind: List\nitems:\n- {text}\n- *{CANARY}\n"));
                texts.push(format!("kind: List\nitems:\n- {text}\n\t{CANARY}: x\n"));
            }
        }
        for text in texts {
            let spilled = spilled(text.as_bytes());
            for canary in [CANARY, encoded] {
                assert!(!spilled.contains(canary), "{text}\n{spilled}");
            }
        }
    }

    #[test]
    fn the_recorded_secrets_stay_inside() {
        let mut values = Vec::new();
        for namespace in ["access", "crio", "default", "owners"] {
            let secrets = fixture_json(&format!("{namespace}/secrets.json"));
            for secret in secrets["items"].as_array().unwrap() {
                let data = secret["data"].as_object().unwrap();
                values.extend(data.values().map(|value| value.as_str().unwrap().to_owned()));
            }
        }
        assert_eq!(values.len(), 15);
        let spilled = format!("{:?}", from_paths(&[Path::new(CLUSTER)]).unwrap());
        for value in values {
            assert!(!spilled.contains(&value), "{value}");
        }
    }
}

mod size {
    use super::*;

    #[test]
    fn a_large_list_is_read_whole() {
        const PODS: usize = 5_000;
        let template = fixture_json("shapes/pods.json")["items"][1].clone();
        let mut text = String::from("{\"apiVersion\":\"v1\",\"items\":[");
        for number in 0..PODS {
            let mut pod = template.clone();
            pod["metadata"]["name"] = json!(format!("web-{number}"));
            let comma = if number == 0 { "" } else { "," };
            write!(text, "{comma}{}", serde_json::to_string_pretty(&pod).unwrap()).unwrap();
        }
        text.push_str("],\"kind\":\"List\"}");
        assert!(text.len() > 20_000_000, "{}", text.len());
        let recorded = recorded(&text);
        assert_eq!(recorded.facts.pods.len(), PODS);
        assert!(recorded.facts.pods.iter().all(|pod| pod.places.len() == 2));
    }

    #[test]
    fn a_large_yaml_list_is_within_the_budget() {
        const PODS: usize = 20_000;
        let mut text = String::from("apiVersion: v1\nitems:\n");
        for number in 0..PODS {
            writeln!(
                text,
                "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: web-{number}\n    \
                 namespace: shop\n  spec:\n    containers:\n    - image: web:1\n      name: app"
            )
            .unwrap();
        }
        text.push_str("kind: List\n");
        assert_eq!(recorded(&text).facts.pods.len(), PODS);
    }
}

mod anything {
    use super::*;
    use proptest::prelude::*;

    /// The recorded files, to be damaged.
    fn sources() -> Vec<Vec<u8>> {
        let yaml =
            b"apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n\
            kind: List\n";
        ["describe-private-reg.txt", "get-event-private-reg.txt", "crio/secrets.json"]
            .iter()
            .map(|path| fs::read(fixture(path)).unwrap())
            .chain([yaml.to_vec()])
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = from_stdin(&bytes);
        }

        #[test]
        fn no_damage_makes_it_panic(
            source in 0..4usize,
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..12usize), 1..6),
        ) {
            let mut bytes = sources().swap_remove(source);
            for (at, byte, cut) in edits {
                let at = at.index(bytes.len());
                let end = (at + cut).min(bytes.len());
                bytes.splice(at..end, [byte]);
            }
            let _ = from_stdin(&bytes);
        }
    }
}
