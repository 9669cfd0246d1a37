//! deploy/ is whole and has the least rights: the manifests are read, and the program is run against
//! an API server that allows what they allow and nothing else.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

pub mod support;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::apiserver::{ApiServer, PolicyRule, Recorded, Right, TOKEN, User};
use support::program;

/// The variants that people apply.
const VARIANTS: [&str; 3] = ["deploy", "deploy/with-secrets", "deploy/one-namespace"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All documents of a YAML file.
fn documents(path: &Path) -> Vec<Value> {
    serde_saphyr::from_str_multiple(&read(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The strings of a list.
fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|item| item.as_str().unwrap()).collect()
}

/// What `kubectl kustomize` makes of a folder, as far as deploy/ goes; whatever else a kustomization
/// says is a panic. The files that were read are added to `used`.
fn render(folder: &Path, used: &mut BTreeSet<PathBuf>) -> Vec<Value> {
    let path = folder.join("kustomization.yaml").canonicalize().unwrap();
    let [kustomization] = documents(&path).try_into().unwrap();
    used.insert(path);
    let known = ["apiVersion", "kind", "namespace", "resources", "labels", "images", "patches"];
    for key in kustomization.as_object().unwrap().keys() {
        assert!(known.contains(&key.as_str()), "{}: {key} is not rendered", folder.display());
    }
    let mut objects = Vec::new();
    for resource in strings(&kustomization["resources"]) {
        let path = folder.join(resource).canonicalize();
        let path = path.unwrap_or_else(|_| panic!("{}: no {resource}", folder.display()));
        if path.is_dir() {
            objects.extend(render(&path, used));
        } else {
            objects.extend(documents(&path));
            used.insert(path);
        }
    }
    for patch in kustomization["patches"].as_array().into_iter().flatten() {
        let target = &patch["target"];
        let mut hit = objects.iter_mut().filter(|object| {
            object["kind"] == target["kind"] && object["metadata"]["name"] == target["name"]
        });
        let object = hit.next().unwrap_or_else(|| panic!("{target} is not there"));
        let operations: Vec<Value> =
            serde_saphyr::from_str(patch["patch"].as_str().unwrap()).unwrap();
        for operation in operations {
            assert_eq!(operation["op"], "replace");
            let place = object.pointer_mut(operation["path"].as_str().unwrap()).unwrap();
            *place = operation["value"].clone();
        }
    }
    for image in kustomization["images"].as_array().into_iter().flatten() {
        for object in objects.iter_mut().filter(|object| object["kind"] == "Deployment") {
            let name = object.pointer_mut("/spec/template/spec/containers/0/image").unwrap();
            assert_eq!(*name, image["name"], "the image is not of the kustomization");
            *name = json!(format!(
                "{}:{}",
                image["newName"].as_str().unwrap(),
                image["newTag"].as_str().unwrap()
            ));
        }
    }
    if let Some(namespace) = kustomization["namespace"].as_str() {
        for object in &mut objects {
            let kind = object["kind"].as_str().unwrap().to_owned();
            if !matches!(kind.as_str(), "Namespace" | "ClusterRole" | "ClusterRoleBinding") {
                object["metadata"]["namespace"] = json!(namespace);
            }
            let subjects = object.get_mut("subjects").and_then(Value::as_array_mut);
            for subject in subjects.into_iter().flatten() {
                subject["namespace"] = json!(namespace);
            }
        }
    }
    objects
}

fn rendered(variant: &str) -> Vec<Value> {
    render(&root().join(variant), &mut BTreeSet::new())
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn the<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let [only] = of_kind(objects, kind)
        .try_into()
        .unwrap_or_else(|all: Vec<_>| panic!("{} objects of kind {kind}", all.len()));
    only
}

/// What the account of the Deployment may do.
fn rights(objects: &[Value]) -> Vec<Right> {
    let deployment = the(objects, "Deployment");
    let account = &deployment["spec"]["template"]["spec"]["serviceAccountName"];
    let namespace = &deployment["metadata"]["namespace"];
    let mut rights = Vec::new();
    let bindings = objects.iter().filter(|it| it["roleRef"].is_object());
    for binding in bindings {
        assert_eq!(
            binding["subjects"],
            json!([{ "kind": "ServiceAccount", "name": account, "namespace": namespace }]),
            "{binding:#}"
        );
        let bound = objects
            .iter()
            .find(|it| {
                it["kind"] == binding["roleRef"]["kind"]
                    && it["metadata"]["name"] == binding["roleRef"]["name"]
            })
            .unwrap_or_else(|| panic!("no role for {binding:#}"));
        for rule in bound["rules"].as_array().unwrap() {
            let rule = serde_json::from_value(rule.clone()).unwrap();
            let is_local = bound["kind"] == "Role";
            let namespace = is_local.then(|| namespace.as_str().unwrap().to_owned());
            rights.push(Right { rule, namespace });
        }
    }
    let count = |field: &str| objects.iter().filter(|it| !it[field].is_null()).count();
    assert_eq!(count("rules"), count("roleRef"), "a role is not bound");
    rights
}

#[test]
fn every_file_is_used_and_nothing_dangles() {
    let mut used = BTreeSet::new();
    for variant in VARIANTS {
        let objects = render(&root().join(variant), &mut used);
        let names: BTreeSet<String> =
            objects.iter().map(|it| format!("{}/{}", it["kind"], it["metadata"]["name"])).collect();
        assert_eq!(names.len(), objects.len(), "{variant} has something twice: {names:?}");
        let account = &the(&objects, "ServiceAccount")["metadata"];
        let deployment = the(&objects, "Deployment");
        assert_eq!(account["namespace"], deployment["metadata"]["namespace"]);
        assert_eq!(account["name"], deployment["spec"]["template"]["spec"]["serviceAccountName"]);
        let namespace = &deployment["metadata"]["namespace"];
        if variant != "deploy/one-namespace" {
            assert_eq!(the(&objects, "Namespace")["metadata"]["name"], *namespace);
        }
    }
    let mut there = BTreeSet::new();
    let mut folders = vec![root().join("deploy")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                there.insert(path.canonicalize().unwrap());
            }
        }
    }
    assert_eq!(used, there);
}

/// Subjects without a namespace get that of the kustomization; one that is written down would stay
/// when somebody's overlay moves everything else.
#[test]
fn everything_can_be_moved_to_another_namespace() {
    for file in
        ["cluster/clusterrole.yaml", "with-secrets/clusterrole.yaml", "one-namespace/role.yaml"]
    {
        let documents = documents(&root().join("deploy").join(file));
        let subjects: Vec<_> =
            documents.iter().filter_map(|it| it["subjects"].as_array()).collect();
        assert!(!subjects.is_empty(), "{file}");
        assert!(subjects.iter().all(|it| it[0]["namespace"].is_null()), "{file}");
    }
}

#[test]
fn the_pod_has_no_privileges_and_its_limits() {
    for variant in VARIANTS {
        let objects = rendered(variant);
        let deployment = &the(&objects, "Deployment")["spec"];
        assert_eq!(deployment["replicas"], 1);
        assert_eq!(deployment["strategy"], json!({ "type": "Recreate" }));
        let pod = &deployment["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert!(pod["securityContext"]["runAsUser"].as_u64().unwrap() >= 10_000);
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
        for forbidden in ["hostNetwork", "hostPID", "hostIPC", "volumes", "initContainers"] {
            assert!(pod[forbidden].is_null(), "{variant}: {forbidden}");
        }
        let [container] = pod["containers"].as_array().unwrap().as_slice() else {
            panic!("{variant}: one container only");
        };
        assert_eq!(
            container["securityContext"],
            json!({
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": { "drop": ["ALL"] },
            })
        );
        assert!(container["resources"]["limits"]["memory"].is_string());
        for asked in ["cpu", "memory"] {
            assert!(container["resources"]["requests"][asked].is_string());
        }
        // The Service, the probes and the program speak of one port.
        let port = &container["ports"][0];
        let address = strings(&container["args"])
            .into_iter()
            .find_map(|arg| arg.strip_prefix("--metrics="))
            .unwrap();
        assert_eq!(address, format!("0.0.0.0:{}", port["containerPort"]));
        for (probe, path) in [("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")] {
            assert_eq!(
                container[probe]["httpGet"],
                json!({ "path": path, "port": port["name"] }),
                "{probe}"
            );
        }
        let service = the(&objects, "Service");
        assert_eq!(service["spec"]["ports"][0]["targetPort"], port["name"]);
        assert_eq!(
            service["metadata"]["annotations"]["prometheus.io/port"],
            json!(port["containerPort"].to_string())
        );
        assert_eq!(service["spec"]["selector"], deployment["selector"]["matchLabels"]);
        assert_eq!(service["spec"]["selector"], deployment["template"]["metadata"]["labels"]);
    }
}

#[test]
fn the_image_is_of_this_version_and_toolchain() {
    let tag = format!("registry.example.com/pulldoctor:{}", env!("CARGO_PKG_VERSION"));
    for variant in VARIANTS {
        let objects = rendered(variant);
        let pod = &the(&objects, "Deployment")["spec"]["template"]["spec"];
        assert_eq!(pod["containers"][0]["image"], json!(tag));
    }
    let dockerfile = read(&root().join("Dockerfile"));
    let rust = format!("FROM docker.io/library/rust:{}-", env!("CARGO_PKG_RUST_VERSION"));
    assert!(dockerfile.contains(&rust), "not {rust}");
    assert!(dockerfile.contains(&tag) && dockerfile.contains("--locked"));
    let user = "USER 65532:65532";
    assert_eq!(
        dockerfile.lines().filter(|line| line.starts_with("USER ")).collect::<Vec<_>>(),
        [user]
    );
    // What is copied is let in, and is there.
    let ignored = read(&root().join(".dockerignore"));
    let copied: Vec<&str> = dockerfile
        .lines()
        .filter(|line| !line.contains("--from"))
        .filter_map(|line| line.strip_prefix("COPY "))
        .flat_map(|line| line.rsplit_once(' ').unwrap().0.split(' '))
        .collect();
    let let_in: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert_eq!(copied, let_in);
    assert!(copied.iter().all(|path| root().join(path).exists()), "{copied:?}");
}

/// An access failure of a pod with this owner, at a registry of its own: an incident of its own.
fn denied(owner: &Value, kind: &str) -> Value {
    let image = format!("{}.example.com/team/web:v1", kind.to_lowercase());
    let said = format!(
        "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": pull \
         access denied, repository does not exist or may require authorization: server message: \
         insufficient_scope: authorization failed"
    );
    failing(&kind.to_lowercase(), owner, &image, "ErrImagePull", &said)
}

fn failing(name: &str, owner: &Value, image: &str, reason: &str, said: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "shop", "uid": format!("uid-{name}"),
            "ownerReferences": [{ "apiVersion": owner["apiVersion"], "kind": owner["kind"],
                "name": owner["metadata"]["name"], "uid": "o", "controller": true }] },
        "spec": { "nodeName": "n1", "serviceAccountName": "builder",
            "imagePullSecrets": [{ "name": "regcred" }],
            "containers": [{ "name": "app", "image": image }] },
        "status": { "phase": "Pending", "containerStatuses": [
            { "name": "app", "state": { "waiting": { "reason": reason, "message": said } } }] },
    })
}

/// An object that owns, and may be owned.
fn owner(api_version: &str, kind: &str, name: &str, by: Option<&Value>) -> Value {
    let by = by.map(|by| {
        json!([{ "apiVersion": by["apiVersion"], "kind": by["kind"],
            "name": by["metadata"]["name"], "uid": "o", "controller": true }])
    });
    json!({ "apiVersion": api_version, "kind": kind,
        "metadata": { "name": name, "namespace": "shop", "uid": "o", "ownerReferences": by } })
}

/// A namespace in which everything is asked that a watch can ask.
fn troubled(builder: support::apiserver::Builder) -> support::apiserver::Builder {
    let deployment = owner("apps/v1", "Deployment", "web", None);
    let rollout = owner("argoproj.io/v1alpha1", "Rollout", "canary", None);
    let cron = owner("batch/v1", "CronJob", "nightly", None);
    let owners = [
        owner("apps/v1", "ReplicaSet", "web-1", Some(&deployment)),
        owner("apps/v1", "ReplicaSet", "canary-1", Some(&rollout)),
        owner("apps/v1", "StatefulSet", "db", None),
        owner("apps/v1", "DaemonSet", "agent", None),
        owner("batch/v1", "Job", "nightly-1", Some(&cron)),
        owner("v1", "ReplicationController", "old", None),
    ];
    let names = ["Deployment", "Rollout", "StatefulSet", "DaemonSet", "CronJob", "Controller"];
    let mut builder = builder;
    for (owner, name) in owners.iter().zip(names) {
        builder = builder.object(denied(owner, name)).object(owner.clone());
    }
    // Only that it backs off is known: the neighbours are asked about.
    let words = "Back-off pulling image \"quiet.example.com/x:1\"";
    let quiet = failing("quiet", &owners[2], "quiet.example.com/x:1", "ImagePullBackOff", words);
    builder
        .object(quiet)
        .object(deployment)
        .object(rollout)
        .object(cron)
        .object(json!({ "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": { "name": "builder", "namespace": "shop" } }))
        .object(json!({ "apiVersion": "v1", "kind": "Node",
            "metadata": { "name": "n1", "labels": {
                "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" } } }))
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a check of the diagnosis says so.
fn says(diagnosis: &Value, words: &str) -> bool {
    let checks = diagnosis["checks"].as_array().into_iter().flatten();
    checks.filter_map(|check| check["detail"].as_str()).any(|detail| detail.contains(words))
}

/// Runs the program as the Deployment does, with its rights and no others, until everything in
/// `wanted` (verb, resource) was asked for, and a failure was told anew as `is_told` wants it once
/// the objects were seen. Gives what was asked.
fn run(variant: &str, wanted: &[(&str, &str)], is_told: &dyn Fn(&Value) -> bool) -> Vec<Recorded> {
    let objects = rendered(variant);
    let server = troubled(ApiServer::builder()).only(&rights(&objects)).start();
    let deployment = the(&objects, "Deployment");
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let args = strings(&container["args"])
        .into_iter()
        .map(|arg| if arg.starts_with("--metrics=") { "--metrics=127.0.0.1:0" } else { arg });
    // In a pod the namespace is the pod's own, which is the Deployment's.
    let mut config = server.config(&User::Token(TOKEN.to_owned()));
    config["contexts"][0]["context"]["namespace"] = deployment["metadata"]["namespace"].clone();
    let child = program()
        .args(args)
        .env("KUBECONFIG", server.write("in-the-cluster", &config))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let (sender, lines) = std::sync::mpsc::channel();
    let stdout = BufReader::new(running.0.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            let _ = sender.send(serde_json::from_str::<Value>(&line).unwrap());
        }
    });
    for (verb, resource) in wanted {
        server.hears(|asked| asked.verb == *verb && asked.resource == *resource);
    }
    let mut printed = Vec::new();
    while !printed.iter().any(|line: &Value| {
        line["kind"] == "Change" && line["change"] == "updated" && is_told(&line["diagnosis"])
    }) {
        let line = lines.recv_timeout(Duration::from_secs(30));
        printed.push(line.unwrap_or_else(|error| panic!("{error}: {printed:#?}")));
    }
    assert!(running.0.try_wait().unwrap().is_none(), "it has ended");
    drop(running);
    server.requests()
}

const STREAMS: [(&str, &str); 4] =
    [("list", "pods"), ("watch", "pods"), ("list", "events"), ("watch", "events")];
const OBJECTS: [(&str, &str); 9] = [
    ("get", "serviceaccounts"),
    ("get", "replicasets"),
    ("get", "deployments"),
    ("get", "rollouts"),
    ("get", "statefulsets"),
    ("get", "daemonsets"),
    ("get", "jobs"),
    ("get", "cronjobs"),
    ("get", "replicationcontrollers"),
];
const NODES: [(&str, &str); 2] = [("get", "nodes"), ("list", "nodes")];
const SECRETS: [(&str, &str); 2] = [("get", "secrets"), ("list", "secrets")];

/// Each verb on each resource of the rights was used.
fn assert_least(rights: &[Right], asked: &[Recorded]) {
    for Right { rule, namespace } in rights {
        for group in &rule.api_groups {
            for resource in &rule.resources {
                for verb in &rule.verbs {
                    let one = Right {
                        rule: PolicyRule {
                            api_groups: vec![group.clone()],
                            resources: vec![resource.clone()],
                            verbs: vec![verb.clone()],
                        },
                        namespace: namespace.clone(),
                    };
                    let is_used = asked.iter().any(|asked| one.allows(asked));
                    assert!(is_used, "nothing needs {verb} on {resource} of {group:?}");
                }
            }
        }
    }
}

/// What was asked without the right to it: (verb, resource, whether in one namespace).
fn refused(rights: &[Right], asked: &[Recorded]) -> BTreeSet<(String, String, bool)> {
    asked
        .iter()
        .filter(|asked| asked.is_about_objects())
        .filter(|asked| !rights.iter().any(|right| right.allows(asked)))
        .map(|asked| (asked.verb.clone(), asked.resource.clone(), asked.namespace.is_some()))
        .collect()
}

fn set(list: &[(&str, &str, bool)]) -> BTreeSet<(String, String, bool)> {
    list.iter()
        .map(|(verb, resource, local)| ((*verb).into(), (*resource).into(), *local))
        .collect()
}

/// The trouble has an owner of every kind that the program looks up, so that a new kind is not
/// forgotten in the roles.
#[test]
fn the_trouble_has_all_kinds_of_owners() {
    let source = read(&root().join("src/source/cluster/ask.rs"));
    let (_, owners) = source.split_once("fn owner_resource").unwrap();
    let (owners, _) = owners.split_once("\n}\n").unwrap();
    let plurals: BTreeSet<&str> = owners
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\"),")?.rsplit_once("(\"v"))
        .filter_map(|(_, resource)| Some(resource.split_once("\", \"")?.1))
        .collect();
    let in_trouble: BTreeSet<&str> = OBJECTS.iter().map(|(_, resource)| *resource).collect();
    let missing: Vec<_> = plurals.difference(&in_trouble).collect();
    assert!(missing.is_empty() && plurals.len() + 1 == in_trouble.len(), "{plurals:?}");
}

#[test]
fn the_cluster_role_is_what_the_watch_needs() {
    let wanted = [&STREAMS[..], &OBJECTS, &NODES, &SECRETS].concat();
    let asked = run("deploy", &wanted, &|it| says(it, "no permission to get secrets"));
    let rights = rights(&rendered("deploy"));
    assert!(rights.iter().all(|right| !right.rule.resources.contains(&"secrets".to_owned())));
    assert_least(&rights, &asked);
    let wanted = set(&[("get", "secrets", true), ("list", "secrets", true)]);
    assert_eq!(refused(&rights, &asked), wanted);
}

#[test]
fn the_overlay_adds_what_secrets_need_and_no_more() {
    let wanted = [&STREAMS[..], &OBJECTS, &NODES, &SECRETS].concat();
    let asked = run("deploy/with-secrets", &wanted, &|it| it["rootCause"] == "pull-secret-missing");
    let rights = rights(&rendered("deploy/with-secrets"));
    assert_least(&rights, &asked);
    assert_eq!(refused(&rights, &asked), BTreeSet::new());
    let is_everywhere =
        |asked: &&Recorded| asked.resource == "secrets" && asked.namespace.is_none();
    let everywhere: Vec<_> = asked.iter().filter(is_everywhere).collect();
    assert!(!everywhere.is_empty(), "those of other namespaces were not asked for");
    for asked in asked.iter().filter(|asked| asked.verb == "list" && asked.resource == "secrets") {
        assert!(asked.query["fieldSelector"].starts_with("type=kubernetes.io/docker"), "{asked:?}");
    }
}

#[test]
fn one_namespace_needs_a_role_only() {
    let wanted = [&STREAMS[..], &OBJECTS, &NODES, &SECRETS].concat();
    let objects = rendered("deploy/one-namespace");
    assert!(of_kind(&objects, "ClusterRole").is_empty());
    let asked =
        run("deploy/one-namespace", &wanted, &|it| says(it, "no permission to get secrets"));
    let rights = rights(&objects);
    assert_least(&rights, &asked);
    let wanted = set(&[
        ("get", "nodes", false),
        ("list", "nodes", false),
        ("get", "secrets", true),
        ("list", "secrets", true),
    ]);
    assert_eq!(refused(&rights, &asked), wanted);
}
