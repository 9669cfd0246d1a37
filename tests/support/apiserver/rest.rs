//! Requests and answers, with the texts of the real server (`fixtures/cluster/api`).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use base64::Engine as _;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::selectors::{Condition, conditions};
use super::store::kind_of;
use super::{BASIC, Recorded, Response, State, watch, whole};

/// Closes the connection: hyper drops it on an error of the service.
#[derive(Debug)]
pub(super) struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed as told")
    }
}

impl std::error::Error for Closed {}

impl From<Infallible> for Closed {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Answers one request.
pub(super) async fn answer(
    state: &Arc<State>,
    request: &hyper::Request<Incoming>,
    certified: bool,
) -> Result<Response, Closed> {
    let asked = read(request, certified);
    state.log.lock().unwrap().push(asked.clone());
    state.logged.notify_all();
    let fault = {
        let mut faults = state.faults.lock().unwrap();
        faults.iter_mut().find_map(|(on, fault)| on.hits(&asked).then(|| fault.clone()))
    };
    let right = async { well(state, &asked) };
    {
        let mut in_flight = state.in_flight.lock().unwrap();
        in_flight.now += 1;
        in_flight.most = in_flight.most.max(in_flight.now);
    }
    let answer = match fault {
        None => Ok(right.await),
        Some(fault) => fault.bend(right, refusal).await.ok_or(Closed),
    };
    state.in_flight.lock().unwrap().now -= 1;
    answer
}

/// What the path and the query say.
fn read(request: &hyper::Request<Incoming>, certified: bool) -> Recorded {
    let path = request.uri().path().to_owned();
    let query: BTreeMap<String, String> = request
        .uri()
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (unescape(key), unescape(value)))
        .collect();
    let parts: Vec<String> = path.split('/').skip(1).map(unescape).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => ("", [].as_slice()),
    };
    // A part of an object is a resource of its own: `rollouts/scale`.
    let part =
        rest.get(2).zip(rest.get(4)).map_or(String::new(), |(it, part)| format!("{it}/{part}"));
    let (namespace, resource, name) = match rest {
        ["namespaces", namespace, resource] => (Some(*namespace), *resource, ""),
        ["namespaces", namespace, resource, name] => (Some(*namespace), *resource, *name),
        ["namespaces", namespace, _, name, _] => (Some(*namespace), part.as_str(), *name),
        [resource] => (None, *resource, ""),
        [resource, name] => (None, *resource, *name),
        _ => (None, "", ""),
    };
    let is_watch = query.get("watch").is_some_and(|value| value == "true" || value == "1");
    let verb = match (request.method().as_str(), name, is_watch) {
        ("GET", "", true) => "watch".to_owned(),
        ("GET", "", false) => "list".to_owned(),
        ("GET", ..) => "get".to_owned(),
        (method, ..) => method.to_lowercase(),
    };
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    Recorded {
        verb,
        resource: resource.to_owned(),
        group: group.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
        path,
        query,
        headers,
        has_client_certificate: certified,
    }
}

/// The answer when nothing goes wrong with it.
fn well(state: &Arc<State>, asked: &Recorded) -> Response {
    let Recorded { group, resource, name, .. } = asked;
    if !is_known(state, asked) {
        return object(401, &status(401, "Unauthorized", "Unauthorized", &Value::Null));
    }
    let is_allowed = state.rights.as_ref().is_none_or(|rights| {
        !asked.is_about_objects() || rights.iter().any(|right| right.allows(asked))
    });
    if !is_allowed || state.denials.iter().any(|denial| denial.hits(asked)) {
        return forbidden(asked);
    }
    let accept = asked.header("accept").unwrap_or_default();
    if let Some(document) = state.kinds.document(&asked.path, accept) {
        return object(200, &document);
    }
    if let Some(scaled) = resource.strip_suffix("/scale")
        && state.kinds.scales(group, scaled)
    {
        let namespace = asked.namespace.as_deref().unwrap_or_default();
        return match state.store.get(group, scaled, namespace, name) {
            Some(found) => object(200, &scale(&found)),
            None => not_found(asked),
        };
    }
    if !state.store.serves(group, resource) && !state.kinds.serves(group, resource) {
        return hyper::Response::builder()
            .status(404)
            .header("content-type", "text/plain; charset=utf-8")
            .body(whole("404 page not found\n"))
            .unwrap();
    }
    if asked.verb == "get" {
        let namespace = asked.namespace.as_deref().unwrap_or_default();
        return match state.store.get(group, resource, namespace, name) {
            Some(found) => object(200, &as_asked(asked, found)),
            None => not_found(asked),
        };
    }
    let conditions = match conditions(resource, &asked.query) {
        Ok(conditions) => conditions,
        Err(why) => return object(400, &status(400, "BadRequest", &why, &Value::Null)),
    };
    match asked.verb.as_str() {
        "list" => list(state, asked, &conditions),
        "watch"
            if state.refuses_streaming_lists && asked.query.contains_key("sendInitialEvents") =>
        {
            let why = "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: \
                       sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
            object(
                422,
                &status(
                    422,
                    "Invalid",
                    why,
                    &json!({ "group": "meta.k8s.io", "kind": "ListOptions" }),
                ),
            )
        }
        "watch" => hyper::Response::builder()
            .header("content-type", "application/json")
            .body(watch::body(state, asked.clone(), conditions))
            .unwrap(),
        _ => refusal(405),
    }
}

/// Whether the credential is one of those that the server takes.
fn is_known(state: &State, asked: &Recorded) -> bool {
    if asked.has_client_certificate {
        return true;
    }
    let Some(credential) = asked.header("authorization") else { return false };
    if let Some(token) = credential.strip_prefix("Bearer ") {
        return state.tokens.lock().unwrap().iter().any(|known| known == token);
    }
    let (user, password) = BASIC;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    credential.strip_prefix("Basic ").is_some_and(|given| given == basic)
}

/// One page. A continue token is `version:offset`.
fn list(state: &State, asked: &Recorded, conditions: &[Condition]) -> Response {
    let Recorded { group, resource, .. } = asked;
    let token = asked.query.get("continue").filter(|token| !token.is_empty());
    if token.is_some() {
        let mut expiring = state.expiring_continues.lock().unwrap();
        if *expiring > 0 {
            *expiring -= 1;
            let why = "The provided continue parameter is too old to display a consistent list \
                       result. You can start a new list without the continue parameter.";
            return object(410, &status(410, "Expired", why, &Value::Null));
        }
    }
    let (found, version) = state.store.list(group, resource, asked.namespace.as_deref());
    let found: Vec<Value> =
        found.into_iter().filter(|object| conditions.iter().all(|c| c.holds(object))).collect();
    let offset: usize = token
        .and_then(|token| token.split_once(':'))
        .and_then(|(_, offset)| offset.parse().ok())
        .unwrap_or(0);
    let limit = asked
        .query
        .get("limit")
        .and_then(|limit| limit.parse().ok())
        .filter(|limit| *limit > 0)
        .unwrap_or(usize::MAX);
    let total = found.len();
    let items: Vec<Value> = found
        .into_iter()
        .skip(offset)
        .take(limit)
        .map(|mut item| {
            // The real server leaves these to the list.
            let fields = item.as_object_mut().unwrap();
            fields.remove("kind");
            fields.remove("apiVersion");
            item
        })
        .collect();
    let mut metadata = json!({ "resourceVersion": version.to_string() });
    let end = offset + items.len();
    if end < total {
        metadata["continue"] = json!(format!("{version}:{end}"));
        metadata["remainingItemCount"] = json!(total - end);
    }
    let list = if wants_metadata(asked) {
        let items: Vec<Value> = items.iter().map(metadata_only).collect();
        json!({ "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items })
    } else {
        let kind = format!("{}List", kind_of(group, resource));
        json!({ "kind": kind, "apiVersion": version_of(group), "metadata": metadata, "items": items })
    };
    object(200, &list)
}

fn wants_metadata(asked: &Recorded) -> bool {
    asked.header("accept").is_some_and(|accept| accept.contains("as=PartialObjectMetadata"))
}

fn as_asked(asked: &Recorded, found: Value) -> Value {
    if wants_metadata(asked) { metadata_only(&found) } else { found }
}

fn metadata_only(object: &Value) -> Value {
    json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] })
}

fn scale(object: &Value) -> Value {
    json!({ "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": object["metadata"],
        "spec": { "replicas": object["spec"]["replicas"] },
        "status": { "replicas": object["status"]["replicas"],
            "selector": object["status"]["labelSelector"] } })
}

/// The group's version that is served.
pub(super) fn version_of(group: &str) -> String {
    if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") }
}

fn forbidden(asked: &Recorded) -> Response {
    let Recorded { verb, resource, group, name, .. } = asked;
    let full = if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") };
    let what = if name.is_empty() { full } else { format!("{full} {name:?}") };
    let place = match &asked.namespace {
        Some(namespace) => format!("in the namespace {namespace:?}"),
        None => "at the cluster scope".to_owned(),
    };
    let why = format!(
        "{what} is forbidden: User \"system:serviceaccount:default:reader\" cannot {verb} \
         resource {resource:?} in API group {group:?} {place}"
    );
    object(403, &status(403, "Forbidden", &why, &details(asked)))
}

fn not_found(asked: &Recorded) -> Response {
    let Recorded { resource, group, name, .. } = asked;
    let full = if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") };
    let why = format!("{full} {name:?} not found");
    object(404, &status(404, "NotFound", &why, &details(asked)))
}

fn details(asked: &Recorded) -> Value {
    let mut details = json!({ "kind": asked.resource });
    for (key, value) in [("name", &asked.name), ("group", &asked.group)] {
        if !value.is_empty() {
            details[key] = json!(value);
        }
    }
    details
}

/// A refusal without further reasons.
fn refusal(code: u16) -> Response {
    let (reason, why) = match code {
        401 => ("Unauthorized", "Unauthorized"),
        410 => ("Expired", "The resourceVersion for the provided list is too old."),
        429 => (
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        ),
        500 => ("InternalError", "Internal error occurred: etcdserver: request timed out"),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => ("Timeout", "the server was unable to return a response in the time allotted"),
        _ => ("", "the server does not allow this method on the requested resource"),
    };
    object(code, &status(code, reason, why, &Value::Null))
}

/// A `Status`, as the real server prints it.
pub(super) fn status(code: u16, reason: &str, message: &str, details: &Value) -> Value {
    let mut status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    if !details.is_null() {
        status["details"] = details.clone();
    }
    status
}

fn object(code: u16, object: &Value) -> Response {
    hyper::Response::builder()
        .status(code)
        .header("content-type", "application/json")
        .body(whole(object.to_string()))
        .unwrap()
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = (byte == b'%').then(|| tail.get(..2)).flatten();
        let escaped = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(escaped) = escaped {
            bytes.push(escaped);
            rest = &tail[2..];
        } else {
            bytes.push(if byte == b'+' { b' ' } else { byte });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
