//! Watches: history first, news as they come, one JSON object a line.

use std::sync::Arc;

use futures::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame};
use serde_json::{Value, json};

use super::rest::{status, version_of};
use super::selectors::Condition;
use super::store::{Change, kind_of};
use super::{Body, Recorded, State};

/// A watch's stream, which ends only with the connection, with `timeoutSeconds` or in a 410.
pub(super) fn body(state: &Arc<State>, asked: Recorded, conditions: Vec<Condition>) -> Body {
    let from = asked.query.get("resourceVersion").and_then(|version| version.parse().ok());
    let mut first = Vec::new();
    // Without a version, or with 0, everything there is counts as added.
    let version = match from {
        Some(version) if version > 0 => version,
        _ => {
            let (objects, version) =
                state.store.list(&asked.group, &asked.resource, asked.namespace.as_deref());
            let fitting =
                objects.iter().filter(|object| conditions.iter().all(|c| c.holds(object)));
            first.extend(fitting.map(|object| line("ADDED", object)));
            version
        }
    };
    let allows_bookmarks = state.bookmarks
        && asked.query.get("allowWatchBookmarks").is_some_and(|value| value == "true");
    let deadline = asked
        .query
        .get("timeoutSeconds")
        .and_then(|seconds| seconds.parse().ok())
        .map(|seconds| tokio::time::Instant::now() + std::time::Duration::from_secs(seconds));
    let watch = Watch {
        news: state.store.news(),
        state: Arc::clone(state),
        asked,
        conditions,
        version,
        allows_bookmarks,
        deadline,
        is_over: false,
    };
    let first = (!first.is_empty()).then(|| Ok(Frame::data(Bytes::from(first.concat()))));
    let rest = stream::unfold(watch, |mut watch| async move {
        let lines = watch.next().await?;
        Some((Ok(Frame::data(Bytes::from(lines))), watch))
    });
    let frames = futures::StreamExt::chain(stream::iter(first), rest);
    StreamBody::new(frames).boxed_unsync()
}

struct Watch {
    state: Arc<State>,
    news: tokio::sync::watch::Receiver<u64>,
    asked: Recorded,
    conditions: Vec<Condition>,
    version: u64,
    allows_bookmarks: bool,
    deadline: Option<tokio::time::Instant>,
    is_over: bool,
}

impl Watch {
    /// The next lines; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        while !self.is_over {
            // Marks the news as heard before the history is read, so that none is lost.
            self.news.borrow_and_update();
            let Recorded { group, resource, namespace, .. } = &self.asked;
            let since = self.state.store.since(self.version, group, resource, namespace.as_deref());
            let Some((changes, now)) = since else {
                self.is_over = true;
                let text = format!(
                    "too old resource version: {} ({})",
                    self.version,
                    self.state.store.version()
                );
                return Some(line("ERROR", &status(410, "Expired", &text, &json!({}))));
            };
            self.version = now;
            let mut lines: String =
                changes.iter().filter_map(|change| self.event(change)).collect();
            if !lines.is_empty() {
                if self.allows_bookmarks {
                    lines.push_str(&self.bookmark());
                }
                return Some(lines);
            }
            let news = self.news.changed();
            let heard = match self.deadline {
                Some(deadline) => tokio::time::timeout_at(deadline, news).await.is_ok(),
                None => news.await.is_ok(),
            };
            self.is_over = !heard;
        }
        None
    }

    fn event(&self, change: &Change) -> Option<String> {
        let fits = |object: &Option<Value>| {
            object.as_ref().is_some_and(|object| self.conditions.iter().all(|c| c.holds(object)))
        };
        match (fits(&change.before), fits(&change.after)) {
            (false, false) => None,
            (false, true) => Some(line("ADDED", change.after.as_ref()?)),
            (true, true) => Some(line("MODIFIED", change.after.as_ref()?)),
            (true, false) => {
                let mut last = change.before.clone()?;
                last["metadata"]["resourceVersion"] = json!(change.version.to_string());
                Some(line("DELETED", &last))
            }
        }
    }

    fn bookmark(&self) -> String {
        let Recorded { group, resource, .. } = &self.asked;
        let object = json!({
            "kind": kind_of(group, resource),
            "apiVersion": version_of(group),
            "metadata": { "resourceVersion": self.version.to_string(), "creationTimestamp": null },
        });
        line("BOOKMARK", &object)
    }
}

fn line(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({ "type": kind, "object": object }))
}
