//! The namespace `shop` of the tests: Deployment web with its pods, and the program that checks it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::apiserver::ApiServer;
use super::{Run, finish, program};

/// `pulldoctor check` of that server.
pub fn command(server: &ApiServer, args: &[&str]) -> Command {
    command_with(&server.kubeconfig(), args)
}

fn command_with(kubeconfig: &Path, args: &[&str]) -> Command {
    let mut command = program();
    command.arg("check").args(args).args(["--request-timeout", "60s"]);
    command.env("KUBECONFIG", kubeconfig);
    command
}

/// Runs it to its end.
pub fn check(server: &ApiServer, args: &[&str]) -> Run {
    finish(&mut command(server, args))
}

/// The image of the pods.
pub const IMAGE: &str = "reg.io/web:v9";

/// A container that waits for that reason.
pub fn waiting(reason: &str, message: &str) -> Value {
    json!({ "waiting": { "reason": reason, "message": message } })
}

/// A container whose image is being pulled.
pub fn creating() -> Value {
    waiting("ContainerCreating", "")
}

/// A container that runs.
pub fn up() -> Value {
    json!({ "running": { "startedAt": "2026-01-01T00:00:00Z" } })
}

/// A tag that is not there.
pub fn no_tag() -> Value {
    waiting(
        "ErrImagePull",
        "rpc error: code = NotFound desc = failed to pull and unpack image \"reg.io/web:v9\": failed \
         to resolve reference \"reg.io/web:v9\": reg.io/web:v9: not found",
    )
}

/// A pull that failed and is to be tried again.
pub fn backing_off() -> Value {
    waiting("ImagePullBackOff", "Back-off pulling image \"reg.io/web:v9\"")
}

/// A name that no image can have.
pub fn invalid() -> Value {
    waiting(
        "InvalidImageName",
        "Failed to apply default image tag \"Web\": couldn't parse image name \"Web\": invalid \
         reference format: repository name (library/Web) must be lowercase",
    )
}

/// A registry that has had enough.
pub fn throttled() -> Value {
    waiting(
        "ErrImagePull",
        "failed to pull and unpack image \"reg.io/web:v9\": unexpected status from HEAD request to \
         https://reg.io/v2/web/manifests/v9: 429 Too Many Requests",
    )
}

/// A pod of a replica set of Deployment web.
#[expect(clippy::needless_pass_by_value, reason = "states are made where they are used")]
pub fn pod(name: &str, hash: &str, state: Value) -> Value {
    let phase = if state["running"].is_null() { "Pending" } else { "Running" };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "shop", "uid": format!("uid-{name}"),
            "labels": { "app": "web", "pod-template-hash": hash },
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": true,
                "name": format!("web-{hash}"), "uid": format!("rs-{hash}") }],
        },
        "spec": { "nodeName": "n1", "serviceAccountName": "default",
            "containers": [{ "name": "app", "image": IMAGE }] },
        "status": { "phase": phase, "containerStatuses": [{ "name": "app", "state": state }] },
    })
}

/// Deployment web; `observed` is the generation that its controller has seen.
pub fn deployment(replicas: usize, generation: u32, observed: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "web", "namespace": "shop", "uid": "deploy", "generation": generation },
        "spec": { "replicas": replicas, "selector": { "matchLabels": { "app": "web" } } },
        "status": { "observedGeneration": observed },
    })
}

/// A replica set of Deployment web.
pub fn replica_set(hash: &str, revision: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("web-{hash}"), "namespace": "shop", "uid": format!("rs-{hash}"),
            "labels": { "app": "web", "pod-template-hash": hash },
            "annotations": { "deployment.kubernetes.io/revision": revision.to_string() },
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "Deployment", "name": "web",
                "uid": "deploy", "controller": true }],
        },
    })
}

/// The event of a failed pull, seen so often.
pub fn failed_event(pod: &str, count: u32) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": format!("{pod}.1"), "namespace": "shop" },
        "involvedObject": { "kind": "Pod", "namespace": "shop", "name": pod,
            "uid": format!("uid-{pod}"), "fieldPath": "spec.containers{app}" },
        "type": "Warning", "reason": "Failed", "count": count, "source": { "component": "kubelet" },
        "message": "Failed to pull image \"reg.io/web:v9\": rpc error: code = NotFound desc = failed \
                    to pull and unpack image \"reg.io/web:v9\": failed to resolve reference \
                    \"reg.io/web:v9\": reg.io/web:v9: not found",
    })
}

/// A server with these objects.
pub fn serve(objects: &[Value]) -> ApiServer {
    objects.iter().fold(ApiServer::builder(), |it, object| it.object(object.clone())).start()
}

/// A program that waits, and its lines on standard error as they come.
pub struct Waiting {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Waiting {
    /// Starts it.
    pub fn start(server: &ApiServer, args: &[&str]) -> Self {
        Self::start_with(&server.kubeconfig(), args)
    }

    /// Starts it with a kubeconfig of the test's own.
    pub fn start_with(kubeconfig: &Path, args: &[&str]) -> Self {
        let mut child = command_with(kubeconfig, args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits for a line with these words.
    pub fn hears(&self, words: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut heard = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => heard.push(line),
                Err(error) => panic!("no {words:?} among {heard:#?}: {error}"),
            }
        }
    }

    /// Sends it a signal, such as `INT`.
    pub fn signal(&self, name: &str) {
        let kill = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// Waits for its end.
    pub fn end(mut self) -> Run {
        let started = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < Duration::from_secs(20), "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        let output = self.child.wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            // To their end: the thread that reads them may come later than the program's end.
            stderr: self.lines.iter().collect::<Vec<_>>().join("\n"),
        }
    }
}

/// Deployment web, as typed.
pub const WEB: [&str; 3] = ["deployment/web", "-n", "shop"];

/// Starts a check of Deployment web.
pub fn wait(server: &ApiServer, args: &[&str]) -> Waiting {
    Waiting::start(server, &[&WEB, args].concat())
}
