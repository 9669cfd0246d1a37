//! What befalls a running server.

use std::sync::Arc;
use std::time::Duration;

use super::{ApiServer, Fault, On, State};

impl ApiServer {
    /// From now on fails where `on` says, before all other rules.
    pub fn fail(&self, on: On, fault: Fault) {
        self.state.faults.lock().unwrap().insert(0, (on, fault));
    }

    /// Fails no longer.
    pub fn mend(&self) {
        self.state.faults.lock().unwrap().clear();
    }

    /// From now on takes this bearer token and no other. Watches that are open stay open.
    pub fn take_only(&self, token: &str) {
        *self.state.tokens.lock().unwrap() = vec![token.to_owned()];
    }

    /// Hangs, as a process does that is stopped by a signal: connections stay open and are even
    /// made, and no byte comes.
    pub fn freeze(&self) {
        *self.state.is_frozen.lock().unwrap() = true;
    }

    /// Goes on where it hung.
    pub fn thaw(&self) {
        *self.state.is_frozen.lock().unwrap() = false;
        self.state.thawed.notify_all();
    }
}

/// Holds the server's one thread for as long as it is to hang.
pub(super) async fn frost(state: Arc<State>) {
    loop {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let frozen = state.is_frozen.lock().unwrap();
        drop(state.thawed.wait_while(frozen, |frozen| *frozen).unwrap());
    }
}
