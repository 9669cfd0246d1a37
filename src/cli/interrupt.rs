//! Ctrl-C, SIGTERM and a terminal that is closed: the first asks to say what is known by now, the
//! second ends at once.
//!
//! A thread of its own listens, so that it also hears while the rest of the program computes, or
//! writes to somebody who does not read.

use std::io;

use tokio::sync::watch::{Receiver, channel};

use super::{to_its_end, watch};
use crate::exit;

/// Hears of the first interruption.
pub(super) struct Interruption(Receiver<bool>);

impl Interruption {
    /// Listens from now on. Once this is dropped, the first interruption ends the program.
    pub(super) fn listen() -> Self {
        let (sender, receiver) = channel(false);
        std::thread::spawn(move || {
            to_its_end(async {
                let Ok(mut signals) = Signals::listen() else { return };
                signals.next().await;
                if sender.send(true).is_ok() {
                    signals.next().await;
                }
                watch::leave();
                std::process::exit(i32::from(exit::INTERRUPTED));
            });
        });
        Self(receiver)
    }

    /// Waits for it; at once if it has been heard.
    pub(super) async fn heard(&mut self) {
        if self.0.wait_for(|heard| *heard).await.is_err() {
            // Nobody could listen: signals do what they do to every program.
            std::future::pending::<()>().await;
        }
    }

    /// Whether it has been heard.
    pub(super) fn was_heard(&self) -> bool {
        *self.0.borrow()
    }
}

/// The signals that ask a program to end. None is lost between two calls.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// Only where there is a terminal to be closed: `nohup` has it ignored, and is to be obeyed.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use std::io::IsTerminal as _;
        use tokio::signal::unix::{SignalKind, signal};
        let has_terminal = io::stdout().is_terminal();
        let hangup = has_terminal.then(|| signal(SignalKind::hangup())).transpose()?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())?, hangup })
    }

    async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Elsewhere there is Ctrl-C alone.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
