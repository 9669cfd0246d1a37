//! A small cluster to be judged: one pod `web` in `shop` that cannot pull its image, and what is
//! around it. Everything is seen unless a test says otherwise.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use pulldoctor::credentials::{DOCKERCONFIGJSON, PullSecret, TYPE_DOCKERCONFIGJSON};
use pulldoctor::diagnose::{Diagnosis, diagnose};
use pulldoctor::facts::{
    About, Event, Facts, Lookup, ObjectName, Origin, Owner, OwnerReference, Place, PlaceKind, Pod,
    ServiceAccount, State, Time, Unseen,
};
use secrecy::SecretString;
use serde_json::json;

pub(crate) const IMAGE: &str = "reg.example.com/team/app:1";

/// Words that blur a private image with a missing one.
pub(crate) const BLURRED: &str = "failed to pull and unpack image \"X\": failed to resolve image: \
    pull access denied, repository does not exist or may require authorization: server message: \
    insufficient_scope: authorization failed";
/// Words that prove that no login was sent.
pub(crate) const ANONYMOUS: &str = "failed to pull and unpack image \"X\": failed to resolve \
    image: pull access denied, repository does not exist or may require authorization: \
    authorization failed: no basic auth credentials";
/// 401, and nothing else.
pub(crate) const UNAUTHORIZED: &str = "failed to pull and unpack image \"X\": failed to resolve \
    image: unexpected status from HEAD request to \
    https://reg.example.com/v2/team/app/manifests/1: 401 Unauthorized";
/// Words that prove that a login was sent and refused.
pub(crate) const WRONG_LOGIN: &str = "failed to pull and unpack image \"X\": failed to resolve \
    image: failed to authorize: failed to fetch oauth token: unexpected status from GET request \
    to https://reg.example.com/token: 401 Unauthorized";
/// 403 with the right that is missing.
pub(crate) const NO_RIGHT: &str = "failed to pull and unpack image \"X\": failed to resolve image: \
    unexpected status from HEAD request to https://reg.example.com/v2/team/app/manifests/1: 403 \
    Forbidden";
/// What the kubelet says of an unreadable secret.
pub(crate) const UNREADABLE: &str = "illegal base64 data at input byte 4";
/// Failures that are none of access.
pub(crate) const OTHERS: [&str; 4] = [
    "failed to pull and unpack image \"X\": failed to resolve image: X: not found",
    "failed to do request: Head \"https://reg.example.com/v2/team/app/manifests/1\": dial tcp: \
     lookup reg.example.com on 10.96.0.10:53: no such host",
    "failed to pull and unpack image \"X\": no match for platform in manifest sha256:ab: not found",
    "unexpected status from HEAD request to https://reg.example.com/v2/team/app/manifests/1: 429 \
     Too Many Requests",
];

pub(crate) fn time(clock: &str) -> Time {
    format!("2026-11-23T{clock}:00Z").parse().unwrap()
}

pub(crate) fn name(name: &str) -> ObjectName {
    ObjectName::new("shop", name)
}

/// The payload of a secret with a login for each of the keys.
pub(crate) fn logins(keys: &[&str]) -> String {
    let mut auths = json!({});
    for key in keys {
        auths[*key] = json!({ "username": "alice", "password": "wonder" });
    }
    json!({ "auths": auths }).to_string()
}

/// A login whose password is a token that ended at seven.
pub(crate) fn expired_login(key: &str) -> String {
    let end = time("07:00").timestamp();
    let part = |text: &str| BASE64_STANDARD.encode(text).trim_end_matches('=').to_owned();
    let token = format!("{}.{}.x", part("{\"alg\":\"x\"}"), part(&format!("{{\"exp\":{end}}}")));
    json!({ "auths": { key: { "username": "alice", "password": token } } }).to_string()
}

/// An owner: its API version, kind and name, and what its template refers to.
pub(crate) type OwnerOf<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

pub(crate) struct World {
    pub(crate) facts: Facts,
}

impl World {
    /// The pod fails with these words, `X` standing for its image.
    pub(crate) fn failing(image: &str, words: &str) -> Self {
        let mut facts = Facts::new(time("08:00"), Origin::Files(Vec::new()));
        facts.pods = vec![pod("shop", "web", image)];
        let words = words.replace('X', image);
        let place = &mut facts.pods[0].places[0];
        let (reason, message) = if words == UNREADABLE {
            (words.clone(), words.clone())
        } else {
            ("ErrImagePull".to_owned(), words)
        };
        place.state = State::Waiting { reason, message };
        let account = ServiceAccount {
            name: name("default"),
            pull_secrets: Vec::new(),
            pull_secrets_changed: None,
            managed_by: Vec::new(),
        };
        facts.service_accounts.insert(name("default"), Lookup::Found(account));
        facts.secrets_listed.insert("shop".to_owned(), Ok(()));
        facts.secrets_elsewhere = Some(Ok(()));
        Self { facts }
    }

    /// The usual image, failing with these words.
    pub(crate) fn new(words: &str) -> Self {
        Self::failing(IMAGE, words)
    }

    pub(crate) fn pod(&mut self) -> &mut Pod {
        &mut self.facts.pods[0]
    }

    /// The pod refers to these secrets; those that nobody adds do not exist.
    pub(crate) fn refers(mut self, names: &[&str]) -> Self {
        for secret in names {
            self.facts.secrets.entry(name(secret)).or_insert(Lookup::Absent);
        }
        self.pod().pull_secrets = Some(names.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    /// A secret with this payload; `a/b` is in another namespace.
    pub(crate) fn secret(self, name: &str, payload: &str) -> Self {
        self.secret_of(name, TYPE_DOCKERCONFIGJSON, payload)
    }

    pub(crate) fn secret_of(self, written: &str, kind: &str, payload: &str) -> Self {
        self.secret_at(written, kind, payload, Some(time("05:00")), None)
    }

    pub(crate) fn secret_at(
        mut self,
        written: &str,
        kind: &str,
        payload: &str,
        created: Option<Time>,
        changed: Option<Time>,
    ) -> Self {
        let (namespace, name) = written.split_once('/').unwrap_or(("shop", written));
        let object = ObjectName::new(namespace, name);
        let data = SecretString::from(BASE64_STANDARD.encode(payload));
        let data = [(DOCKERCONFIGJSON.to_owned(), data)];
        let secret = PullSecret::new(object.clone(), kind, created, changed, data);
        self.facts.secrets.insert(object, Lookup::Found(secret));
        self
    }

    /// A secret that could not be seen.
    pub(crate) fn unseen(mut self, secret: &str) -> Self {
        let forbidden = Unseen::Forbidden {
            verb: "get",
            resource: "secrets".to_owned(),
            namespace: Some("shop".to_owned()),
        };
        self.facts.secrets.insert(name(secret), Lookup::Unseen(forbidden));
        self
    }

    /// The service account names these secrets, since then.
    pub(crate) fn account(mut self, secrets: &[&str], changed: Option<Time>) -> Self {
        let account = ServiceAccount {
            name: name("default"),
            pull_secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
            pull_secrets_changed: changed,
            managed_by: Vec::new(),
        };
        for secret in secrets {
            self.facts.secrets.entry(name(secret)).or_insert(Lookup::Absent);
        }
        self.facts.service_accounts.insert(name("default"), Lookup::Found(account));
        self
    }

    /// The pod is owned by these, the innermost first, with what their templates refer to.
    pub(crate) fn owned_by(mut self, owners: &[OwnerOf<'_>]) -> Self {
        let reference = |(api_version, kind, name, _): &OwnerOf<'_>| OwnerReference {
            api_version: (*api_version).to_owned(),
            kind: (*kind).to_owned(),
            name: (*name).to_owned(),
        };
        self.pod().owner = owners.first().map(reference);
        for (at, owner) in owners.iter().enumerate() {
            let key = reference(owner).key("shop");
            let found = Owner {
                key: key.clone(),
                owner: owners.get(at + 1).map(reference),
                pull_secrets: owner.3.iter().map(|name| (*name).to_owned()).collect(),
                managed_by: Vec::new(),
            };
            self.facts.owners.insert(key, Lookup::Found(found));
        }
        self
    }

    /// Another pod, which refers to these secrets, in this state.
    pub(crate) fn neighbour(
        mut self,
        other: &str,
        image: &str,
        refers: &[&str],
        state: State,
    ) -> Self {
        let mut pod = pod("shop", other, image);
        pod.pull_secrets = Some(refers.iter().map(|name| (*name).to_owned()).collect());
        pod.places[0].state = state;
        self.facts.neighbours.push(pod);
        self
    }

    /// An event of the pod.
    pub(crate) fn event(mut self, reason: &str, message: &str, clock: &str) -> Self {
        let image = self.facts.pods[0].places[0].image.clone();
        self.facts.events.push(Event {
            about: About {
                kind: "Pod".to_owned(),
                namespace: "shop".to_owned(),
                name: "web".to_owned(),
                uid: "uid-web".to_owned(),
                field_path: "spec.containers{app}".to_owned(),
            },
            kind: "Warning".to_owned(),
            reason: reason.to_owned(),
            message: message.replace('X', &image),
            component: "kubelet".to_owned(),
            host: None,
            count: 1,
            first_seen: Some(time(clock)),
            last_seen: Some(time(clock)),
        });
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The diagnosis of the pod.
    pub(crate) fn judged(&self) -> Diagnosis {
        let findings = diagnose(&self.facts);
        let mut diagnoses: Vec<_> = findings.pods.into_iter().next().unwrap().diagnoses;
        assert_eq!(diagnoses.len(), 1, "{diagnoses:#?}");
        diagnoses.remove(0)
    }

    /// Its root cause.
    pub(crate) fn root(&self) -> Option<&'static str> {
        self.judged().root_cause.map(|cause| cause.code)
    }
}

fn pod(namespace: &str, pod: &str, image: &str) -> Pod {
    Pod {
        name: ObjectName::new(namespace, pod),
        uid: format!("uid-{pod}"),
        mirror_of: None,
        version: 0,
        created: Some(time("06:00")),
        deleting: None,
        owner: None,
        node: Some("node-1".to_owned()),
        service_account: Some("default".to_owned()),
        pull_secrets: Some(Vec::new()),
        phase: "Pending".to_owned(),
        reason: None,
        message: None,
        unschedulable: None,
        places: vec![Place {
            kind: PlaceKind::App,
            name: "app".to_owned(),
            image: image.to_owned(),
            pull_policy: None,
            state: State::None,
            mounts: Vec::new(),
        }],
        labels: std::collections::BTreeMap::new(),
        managed_by: Vec::new(),
    }
}

/// All commands of all fixes, a line each.
pub(crate) fn commands(diagnosis: &Diagnosis) -> String {
    let commands = diagnosis.fixes.iter().flat_map(|fix| fix.commands.iter().cloned());
    commands.collect::<Vec<_>>().join("\n")
}
