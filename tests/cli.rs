//! The program's manners: wrong usage, bad input, closed pipes, widths, colours, names, and words from
//! a hostile cluster.

pub mod support;

use std::io::{BufReader, Read as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use support::{Run, finish, fixture, program, pulldoctor, pulldoctor_reading};

fn recorded(args: &[&str]) -> Run {
    let from = fixture("cluster/default");
    pulldoctor(&[&["pod", "private-reg", "--from", &from], args].concat())
}

/// One error with a hint on standard error, nothing on standard output.
fn assert_error(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, code, "{run:#?}");
    assert_eq!(run.stdout, "", "{run:#?}");
    assert_eq!(run.stderr.matches("error:").count(), 1, "{run:#?}");
    assert!(!run.stderr.contains("panicked"), "{run:#?}");
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(said.contains(word), "'{word}' is not said: {said}");
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    assert_error(&pulldoctor(&["pod"]), 2, &["no pod is named", "hint:"]);
    assert_error(&pulldoctor(&["pod", "deployment/web"]), 2, &["is not a pod", "hint:"]);
    assert_error(&pulldoctor(&["pod", "../nodes/x"]), 2, &["hint:"]);
    assert_error(&pulldoctor(&["pod", "Web"]), 2, &["cannot be the name of a pod"]);
    assert_error(&pulldoctor(&["pod", "x", "-A"]), 2, &["--all-namespaces"]);
    assert_error(&pulldoctor(&["pod", "x", "-o", "xml"]), 2, &["xml", "json"]);
    assert_error(&pulldoctor(&["pod", "x", "--request-timeout", "soon"]), 2, &["30s"]);
    assert_error(&recorded(&["--context", "kind"]), 2, &["--context"]);
    assert_error(&pulldoctor(&["diagnose"]), 2, &["unrecognized subcommand"]);
    assert_error(&recorded(&["-c", "nope"]), 2, &["no container is called 'nope'", "app"]);
}

#[test]
fn a_pod_that_is_not_in_the_input_is_not_found() {
    let from = fixture("cluster");
    let run = pulldoctor(&["pod", "privat-reg", "--from", &from]);
    assert_error(&run, 3, &["privat-reg", "private-reg"]);
    let run = pulldoctor(&["pod", "private-reg", "-n", "access", "--from", &from]);
    assert_error(&run, 3, &["private-reg", "-n default"]);
}

#[test]
fn input_that_cannot_be_read_is_one_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let pods = std::fs::read(fixture("cluster/default/pods.json")).unwrap();
    let from = |path: &str| pulldoctor(&["pod", "private-reg", "--from", path]);

    assert_error(&from("nowhere.json"), 3, &["nowhere.json", "hint:"]);
    assert_error(&from(&file("empty", b"")), 3, &["empty", "hint:"]);
    assert_error(&from(&file("cut.json", &pods[..pods.len() / 2])), 3, &["cut.json", "hint:"]);
    let mut latin = pods.clone();
    latin[200] = 0xe9;
    assert_error(&from(&file("latin.json", &latin)), 3, &["not UTF-8", "hint:"]);
    assert_error(&from(&file("prose.txt", b"all is well\n")), 3, &["hint:"]);
    assert_error(&from(&file("html", b"<html><body>Sign in</body></html>")), 3, &["hint:"]);
}

#[test]
fn standard_input_and_text_are_read_as_files_are() {
    let describe = std::fs::read(fixture("cluster/describe-private-reg.txt")).unwrap();
    let run = pulldoctor_reading(&["pod", "private-reg", "--from", "-"], &describe);
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(run.stdout.contains("access-denied-or-missing"), "{}", run.stdout);
    assert!(run.stdout.contains("Not seen"), "{}", run.stdout);
}

#[test]
fn every_row_of_a_report_is_read_at_any_width() {
    for width in ["40", "60", "80", "200"] {
        let from = fixture("cluster");
        let run = finish(
            program()
                .args(["pod", "secret-missing", "-n", "access", "--from", &from])
                .env("COLUMNS", width),
        );
        let limit: usize = width.parse().unwrap();
        for line in run.stdout.lines() {
            // Commands, YAML and names must not be broken; prose fits.
            let copied = line.starts_with("       ");
            let breakable = line.trim().contains(' ');
            assert!(line.chars().count() <= limit || copied || !breakable, "{width}: {line}");
        }
        assert!(!run.stdout.contains('\u{1b}'), "colour in a pipe");
        // Names are copied, so they stand whole in the checks too.
        let checks = run.stdout.split("Checked").nth(1).and_then(|rest| rest.split("Fix").next());
        assert!(checks.unwrap().contains("key-index-bare"), "{width}: {}", run.stdout);
    }
}

#[test]
fn colour_is_a_choice_and_carries_nothing() {
    let plain = recorded(&["--color", "never"]).stdout;
    let coloured = recorded(&["--color", "always"]).stdout;
    assert!(coloured.contains('\u{1b}'));
    let escape = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    assert_eq!(escape.replace_all(&coloured, ""), plain);
    assert_eq!(recorded(&[]).stdout, plain, "a pipe gets no colour");
}

#[test]
fn yaml_is_the_same_contract_as_json() {
    let json = recorded(&["-o", "json"]).json();
    let yaml = recorded(&["-o", "yaml"]).stdout;
    let mut read: Value = serde_saphyr::from_str(&yaml).unwrap();
    // The two runs have a clock each.
    read["generatedAt"] = json["generatedAt"].clone();
    assert_eq!(read, json);
}

#[test]
fn the_contract_of_a_report_holds() {
    let report = recorded(&["-o", "json"]).json();
    assert_eq!(report["apiVersion"], "pulldoctor.dev/v1");
    assert_eq!(report["kind"], "Report");
    assert_eq!(
        report["summary"],
        json!({ "podsExamined": 1, "podsFailing": 1, "diagnoses": 1, "incidents": 1 })
    );
    let diagnosis = &report["diagnoses"][0];
    assert_eq!(
        diagnosis["image"],
        json!({
            "reference": "gengwg/cheers2019:latest",
            "registry": "docker.io",
            "repository": "gengwg/cheers2019",
            "tag": "latest",
        })
    );
    for field in ["namespace", "pod", "node", "container", "containerKind", "confidence", "retry"] {
        assert!(diagnosis[field].is_string(), "{field}: {diagnosis:#}");
    }
    assert_eq!(diagnosis["containerKind"], "app");
    assert!(diagnosis["evidence"][1]["lastSeen"].is_string());
    assert_eq!(report["incidents"][0]["pods"], 1);
    assert_eq!(report["incidents"][0]["registry"], "docker.io");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = program()
        .args(["explain", "-f", &fixture("messages/corpus.jsonl")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0_u8; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    // The reader is gone now, with most of the output unread.
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "");
    assert!(output.status.code().is_some_and(|code| code <= 1), "{:?}", output.status);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = program()
        .args(["pod", "private-reg", "--from", &fixture("cluster/default")])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the output"));
}

/// The recorded pods with one changed.
fn with_pod(change: impl FnOnce(&mut Value)) -> Value {
    let text = std::fs::read_to_string(fixture("cluster/default/pods.json")).unwrap();
    let mut pods: Value = serde_json::from_str(&text).unwrap();
    change(&mut pods["items"][0]);
    pods
}

fn on(objects: &Value) -> Run {
    pulldoctor_reading(&["pod", "private-reg", "--from", "-"], objects.to_string().as_bytes())
}

#[test]
fn hostile_words_reach_no_terminal() {
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{202e}gnp.exe\u{9b}31m";
    let pods = with_pod(|pod| {
        let waiting = &mut pod["status"]["containerStatuses"][0]["state"]["waiting"];
        let message = format!("{} {evil} {}", waiting["message"], "x".repeat(200_000));
        waiting["message"] = json!(message);
        pod["spec"]["nodeName"] = json!(format!("node{evil}"));
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": format!("evil/v1{evil}"), "kind": format!("Thing{evil}"),
            "name": format!("name{evil}"), "controller": true, "uid": "u",
        }]);
    });
    for format in ["text", "json", "yaml"] {
        let input = pods.to_string();
        let args = ["pod", "private-reg", "--from", "-", "-o", format];
        let run = pulldoctor_reading(&args, input.as_bytes());
        assert_eq!(run.code, 1, "{format}: {}", run.stderr);
        let strange = run
            .stdout
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(strange, None, "{format}: {}", run.stdout);
        // JSON and YAML escape control characters: those must not come back either.
        assert!(!run.stdout.contains("\\u001b") && !run.stdout.contains("\\e["), "{format}");
        assert!(run.stdout.len() < 50_000, "{format}: {} bytes", run.stdout.len());
    }
}

#[test]
fn pods_that_are_well_or_ill_for_another_reason_are_left_alone() {
    let running = json!({ "running": { "startedAt": "2026-11-23T06:46:17Z" } });
    let crash = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=app" } });
    let create = json!({ "waiting": { "reason": "CreateContainerError", "message": "context deadline exceeded" } });
    let creating = json!({ "waiting": { "reason": "ContainerCreating" } });
    for (phase, state, words) in [
        ("Running", &running, "have started"),
        ("Running", &crash, "CrashLoopBackOff"),
        ("Pending", &create, "CreateContainerError"),
        ("Pending", &creating, "still being created"),
        ("Succeeded", &creating, "finished successfully"),
        ("Failed", &creating, "Evicted"),
    ] {
        let run = on(&with_pod(|pod| {
            pod["status"]["phase"] = json!(phase);
            pod["status"]["containerStatuses"][0]["state"] = state.clone();
            if phase == "Failed" {
                pod["status"]["reason"] = json!("Evicted");
            }
        }));
        assert_eq!(run.code, 0, "{words}: {run:#?}");
        let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("no image-pull failure"), "{said}");
        assert!(said.contains(words), "'{words}' is not said: {said}");
    }
}

#[test]
fn a_pod_that_is_being_deleted_says_so() {
    let run = on(&with_pod(|pod| {
        pod["metadata"]["deletionTimestamp"] = json!("2026-11-23T07:00:00Z");
    }));
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(run.stdout.contains("being deleted"), "{}", run.stdout);
}

#[test]
fn a_static_pod_is_never_offered_a_secret() {
    let run = on(&with_pod(|pod| {
        pod["metadata"]["annotations"] = json!({ "kubernetes.io/config.mirror": "abc" });
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "v1", "kind": "Node", "name": "lab-node", "controller": true, "uid": "n",
        }]);
    }));
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(run.stdout.contains("static"), "{}", run.stdout);
    for never in ["imagePullSecrets", "create secret", "patch", "no-pull-secret"] {
        assert!(!run.stdout.contains(never), "{never}: {}", run.stdout);
    }
}

#[test]
fn explain_tells_codes_from_messages() {
    let page = pulldoctor(&["explain", "rate-limited"]);
    assert_eq!(page.code, 0);
    assert!(page.stdout.starts_with("rate-limited: "), "{}", page.stdout);
    assert_error(&pulldoctor(&["explain", "rate-limted"]), 2, &["did you mean rate-limited?"]);
    let begun = pulldoctor(&["explain", "acces-denied"]);
    assert_error(&begun, 2, &["did you mean access-denied-or-missing?"]);
    assert_error(&pulldoctor(&["explain"]), 2, &["nothing to explain"]);
    assert_error(&pulldoctor(&["explain", "-f", "nowhere"]), 3, &["nowhere", "-f takes a file"]);
    assert_error(&pulldoctor(&["explain", "-f", "src"]), 3, &["src", "-f takes a file"]);

    let unknown = pulldoctor(&["explain", "Failed to pull image \"x\": the moon was in the way"]);
    assert_eq!(unknown.code, 1, "{unknown:#?}");
    assert!(unknown.stdout.starts_with("unknown: "), "{}", unknown.stdout);

    let list = pulldoctor(&["explain", "--list"]);
    assert!(list.stdout.contains("no-pull-secret"), "{}", list.stdout);
}

#[test]
fn the_eight_wordings_come_out_right() {
    let pull = "Failed to pull image \"gengwg/cheers2019:latest\": ";
    let frame = "rpc error: code = Unknown desc = ";
    let unpack = "failed to pull and unpack image \"docker.io/gengwg/cheers2019:latest\": ";
    let denied = "pull access denied, repository does not exist or may require authorization: \
                  server message: insufficient_scope: authorization failed";
    let reference = "failed to resolve reference \"docker.io/gengwg/cheers2019:latest\": ";
    let image = "failed to resolve image: ";
    let head = "failed to do request: Head \"https://reg.example.com/v2/a/b/manifests/v1\": ";
    for (message, cause) in [
        (format!("{pull}{frame}{unpack}{reference}{denied}"), "access-denied-or-missing"),
        (format!("{pull}{unpack}{image}{denied}"), "access-denied-or-missing"),
        (
            "Back-off pulling image \"nginx:nope\": ErrImagePull: rpc error: code = NotFound desc = \
             failed to pull and unpack image \"docker.io/library/nginx:nope\": failed to resolve \
             image: docker.io/library/nginx:nope: not found"
                .to_owned(),
            "manifest-not-found",
        ),
        (
            format!("{pull}{unpack}no match for platform in manifest sha256:0cc7: not found"),
            "platform-mismatch",
        ),
        (
            format!(
                "{pull}{unpack}{image}{head}dial tcp: lookup reg.example.com on 10.96.0.10:53: no \
                 such host"
            ),
            "dns-failure",
        ),
        (
            format!(
                "{pull}{unpack}{image}{head}tls: failed to verify certificate: x509: certificate \
                 signed by unknown authority"
            ),
            "tls-untrusted",
        ),
        (
            format!(
                "{pull}{unpack}{image}unexpected status from HEAD request to \
                 https://registry-1.docker.io/v2/library/nginx/manifests/1.27: 429 Too Many Requests"
            ),
            "rate-limited",
        ),
        ("Back-off pulling image \"x\"".to_owned(), "back-off"),
        ("Error: ImagePullBackOff".to_owned(), "back-off"),
    ] {
        let run = pulldoctor(&["explain", "-o", "json", &message]);
        let items = run.json();
        assert_eq!(items["kind"], "Explanations");
        assert_eq!(items["items"][0]["cause"], cause, "{message}");
    }
}

#[test]
fn the_plugin_says_kubectl() {
    let plugin = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-pulldoctor"));
        finish(command.env_clear().args(args))
    };
    let help = plugin(&["pod", "--help"]);
    assert!(help.stdout.contains("Usage: kubectl pulldoctor pod"), "{}", help.stdout);
    assert!(!help.stdout.contains("\n  pulldoctor "), "{}", help.stdout);
    let error = plugin(&["pod"]);
    assert!(error.stderr.contains("`kubectl pulldoctor pod NAME`"), "{}", error.stderr);
    let explain = plugin(&["explain", "Back-off pulling image \"x\""]);
    assert!(explain.stdout.contains("kubectl pulldoctor explain back-off"), "{}", explain.stdout);
    let help = pulldoctor(&["pod", "--help"]);
    assert!(help.stdout.contains("Usage: pulldoctor pod"), "{}", help.stdout);
}

#[test]
fn completions_and_the_manual_come_from_the_grammar() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = pulldoctor(&["completions", shell]);
        assert_eq!(run.code, 0, "{shell}");
        assert!(run.stdout.contains("pulldoctor"), "{shell}");
        assert!(run.stdout.contains("request-timeout"), "{shell}");
    }
    assert!(pulldoctor(&["completions", "zsh"]).stdout.contains("access-denied-or-missing"));
    let man = pulldoctor(&["man"]).stdout;
    for part in [".TH", r"\-\-from", r"\-\-kubeconfig", "Exit codes"] {
        assert!(man.contains(part), "{part}");
    }
}

#[test]
fn version_and_help_are_answers() {
    let version = pulldoctor(&["--version"]);
    assert_eq!((version.code, version.stderr.as_str()), (0, ""));
    assert_eq!(version.stdout, format!("pulldoctor {}\n", env!("CARGO_PKG_VERSION")));
    let help = pulldoctor(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Exit codes"), "{}", help.stdout);
}

#[test]
fn a_long_stream_keeps_its_order() {
    let corpus = std::fs::read_to_string(fixture("messages/corpus.jsonl")).unwrap();
    let lines: Vec<&str> = corpus.lines().cycle().take(3_000).collect();
    let args = ["explain", "-f", "-", "-o", "json"];
    let many = pulldoctor_reading(&args, lines.join("\n").as_bytes()).json();
    let few = pulldoctor_reading(&args, corpus.as_bytes()).json();
    let (many, few) = (many["items"].as_array().unwrap(), few["items"].as_array().unwrap());
    assert_eq!(many.len(), lines.len());
    for (one, expected) in many.iter().zip(few.iter().cycle()) {
        assert_eq!(one, expected);
    }
}

/// A program that explains what it is told, line by line.
fn explaining() -> (Child, ChildStdin, BufReader<ChildStdout>) {
    let mut child = program()
        .args(["explain", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdin, stdout)
}

#[test]
fn lines_are_explained_as_they_come() {
    use std::io::{BufRead as _, Write as _};

    let (mut child, mut stdin, mut stdout) = explaining();
    for number in 1..=3 {
        stdin.write_all(b"Error: ErrImagePull\n").unwrap();
        // The next line is not sent before this one is answered.
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("{number}: back-off")), "{line}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// Whoever follows a log closes the pipe while the log goes on.
#[cfg(unix)]
#[test]
fn a_stream_ends_when_nobody_reads_it() {
    use std::io::{BufRead as _, Write as _};

    let (mut child, mut stdin, mut stdout) = explaining();
    stdin.write_all(b"Error: ErrImagePull\n").unwrap();
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    drop(stdout);
    stdin.write_all(b"Error: ErrImagePull\n").unwrap();
    // The input stays open, and nothing more comes.
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(std::time::Instant::now() < deadline, "it waits for input that nobody needs");
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    assert!(status.success());
}
