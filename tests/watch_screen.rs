//! `pulldoctor watch` on a terminal, as a person meets it: a pseudo-terminal, keys and signals. What
//! stands on the screen is read by a terminal emulator.

#![cfg(unix)]

pub mod support;

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use pty_process::blocking::{Command, Pty, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::{Value, json};
use support::apiserver::{ApiServer, Deny};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_mins(1);

fn size(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap()
}

/// A pod that cannot reach its registry.
fn failing(name: &str) -> Value {
    let image = "registry.acme.io/web:v1";
    let message = format!(
        "failed to pull and unpack image \"{image}\": failed to do request: Head \
         \"https://registry.acme.io/v2/web/manifests/v1\": dial tcp 10.0.0.1:443: connect: \
         connection refused"
    );
    pod(name, &json!({"waiting": {"reason": "ErrImagePull", "message": message}}))
}

fn pod(name: &str, state: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid of {name}")},
        "spec": {"nodeName": "node-1", "containers": [
            {"name": "app", "image": "registry.acme.io/web:v1"},
        ]},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "app", "state": state}]},
    })
}

fn server() -> ApiServer {
    ApiServer::builder().object(failing("web-0")).object(failing("web-1")).bookmarks().start()
}

/// The program on a terminal.
struct Session {
    child: Child,
    pty: Arc<Pty>,
    chunks: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// All that was written.
    written: Vec<u8>,
}

impl Session {
    fn begin(server: &ApiServer, args: &[&str]) -> Self {
        Self::of(server, args, |command| command)
    }

    fn of(server: &ApiServer, args: &[&str], change: impl FnOnce(Command) -> Command) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(pty_process::Size::new(24, 80)).unwrap();
        let command = Command::new(env!("CARGO_BIN_EXE_pulldoctor"))
            .env_clear()
            .env("TERM", "xterm-256color")
            .args(["watch", "-n", "shop", "--kubeconfig"])
            .arg(server.kubeconfig())
            .args(args);
        let child = change(command).spawn(pts).unwrap();
        let pty = Arc::new(pty);
        let (sender, chunks) = channel();
        let reader = Arc::clone(&pty);
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            // It ends with the last process that has the terminal.
            while let Ok(length @ 1..) = (&*reader).read(&mut chunk) {
                if sender.send(chunk[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(size(24), size(80), 100);
        Self { child, pty, chunks, screen, written: Vec::new() }
    }

    fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    fn take(&mut self, chunk: &[u8]) {
        self.written.extend_from_slice(chunk);
        self.screen.process(chunk);
    }

    /// Waits until the screen is so.
    fn until(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + LONG;
        while !is_so(self.screen.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(chunk) = self.chunks.recv_timeout(left) else {
                panic!("the screen is not so: {what}\n{}", self.text());
            };
            self.take(&chunk);
        }
    }

    fn sees(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// Waits for the end, sees that the terminal is as it was, and gives the exit code.
    fn end(&mut self) -> i32 {
        while let Ok(chunk) = self.chunks.recv_timeout(LONG) {
            self.take(&chunk);
        }
        let status = self.child.wait().unwrap();
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the other screen is still there");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        status.code().unwrap_or(-1)
    }

    fn has_drawn(&self) -> bool {
        self.written.windows(8).any(|bytes| bytes == b"\x1b[?1049h")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn keys_lead_into_a_diagnosis_and_out_again() {
    let server = server();
    let mut session = Session::begin(&server, &[]);
    session.sees("connection-refused: registry.acme.io/web:v1");
    session.sees("2 of 2 pods fail; 1 incident");
    assert!(session.screen.screen().alternate_screen());
    session.press("\r");
    session.sees("The cluster was asked");
    session.sees("container app cannot pull registry.acme.io/web:v1");
    session.press("r");
    session.sees("#1: the cluster is to be asked anew");
    session.press("q");
    session.sees("2 of 2 pods fail");
    session.press("?");
    session.sees("Ctrl-L");
    session.press("\x1b");
    session.sees("2 of 2 pods fail");
    // What changes is drawn.
    server.put(failing("web-2"));
    session.sees("3 of 3 pods fail");
    session.press("q");
    assert_eq!(session.end(), 0);
    assert!(session.text().contains(": 1 incident, 1 is open"), "{}", session.text());
}

/// A way to end the program.
type End = fn(&Session);

#[test]
fn it_gives_the_terminal_back_whatever_ends_it() {
    let server = server();
    let ends: [(&str, End); 4] = [
        ("Ctrl-C", |session| session.press("\x03")),
        ("SIGINT", |session| session.signal(Signal::INT)),
        ("SIGTERM", |session| session.signal(Signal::TERM)),
        ("SIGHUP", |session| session.signal(Signal::HUP)),
    ];
    for (name, end) in ends {
        let mut session = Session::begin(&server, &[]);
        session.sees("2 of 2 pods fail");
        let modes = |session: &Session| tcgetattr(&*session.pty).unwrap().local_modes;
        assert!(!modes(&session).contains(LocalModes::ICANON), "{name}: keys come one by one");
        // Held, so that the terminal outlives the program.
        end(&session);
        assert_eq!(session.end(), 130, "{name}");
        assert!(session.text().contains("watched for"), "{name}: {}", session.text());
    }
}

#[test]
fn an_error_is_told_on_the_terminal_as_it_was() {
    let server = ApiServer::builder().deny(Deny::to("list", "pods")).start();
    let mut session = Session::begin(&server, &[]);
    assert_eq!(session.end(), 3);
    assert!(session.text().starts_with("error: "), "{}", session.text());
    assert!(session.has_drawn(), "it was drawn before");
}

#[test]
fn it_ends_when_nothing_fails_any_more() {
    let server = server();
    let mut session = Session::begin(&server, &["--until-recovered"]);
    session.sees("2 of 2 pods fail");
    server.delete("pods", "shop", "web-0");
    server.delete("pods", "shop", "web-1");
    assert_eq!(session.end(), 0);
    assert!(session.text().contains("none is open"), "{}", session.text());
}

#[test]
fn it_fits_the_window_when_that_changes() {
    let server = server();
    let mut session = Session::begin(&server, &[]);
    session.sees("2 of 2 pods fail; 1 incident");
    session.sees("q quit");
    session.screen.screen_mut().set_size(size(5), size(20));
    session.pty.resize(pty_process::Size::new(5, 20)).unwrap();
    session.sees("2 of 2 pods fail; 1…");
    session.press("q");
    assert_eq!(session.end(), 0);
}

#[test]
fn without_colour_there_is_none() {
    let server = server();
    let color = regex::Regex::new("\x1b\\[(3[1-7]|38;5;[1-9])[;0-9]*m").unwrap();
    for (variable, has_color) in [("NO_COLOR", false), ("UNHEARD_OF", true)] {
        let mut session = Session::of(&server, &[], |command| command.env(variable, "1"));
        session.sees("2 of 2 pods fail");
        session.press("q");
        assert_eq!(session.end(), 0);
        let written = String::from_utf8_lossy(&session.written).into_owned();
        assert_eq!(color.is_match(&written), has_color, "{variable}: {written:?}");
    }
}

/// Something else about how the program is begun.
type Change = fn(Command) -> Command;

#[test]
fn lines_where_lines_are_wanted_or_nothing_else_can_be() {
    let server = server();
    let cases: [(&[&str], Change); 4] = [
        (&["-o", "lines"], |command| command),
        (&["-o", "json"], |command| command),
        (&[], |command| command.env("TERM", "dumb")),
        (&[], |command| command.stdin(Stdio::null())),
    ];
    for (args, change) in cases {
        let args = [args, &["--for", "3s"]].concat();
        let mut session = Session::of(&server, &args, change);
        assert_eq!(session.end(), 1);
        assert!(session.text().contains("opened"), "{args:?}: {}", session.text());
        assert!(!session.has_drawn(), "{args:?}");
    }
}
