//! An API server in this process that speaks real HTTPS: for everything that a program can meet
//! between a kubeconfig and an answer.
//!
//! ```ignore
//! let server = ApiServer::builder()
//!     .fixtures("default")                                  // fixtures/cluster/default/*.json
//!     .deny(Deny::to("list", "secrets").in_namespace("default"))
//!     .fault(On::list("events"), Fault::Silence)
//!     .start();
//! let kubeconfig = server.kubeconfig();                     // a file; gone with the server
//! // … run something against it …
//! assert_eq!(server.requests().len(), 2);
//! ```
//!
//! It serves get, list (paging, selectors, metadata only), watch (resume, bookmarks, 410) and what
//! kinds there are, with the real server's `Status` texts. It runs in a thread of its own, so that a child process can
//! be tested against it as well, and stops when dropped. It knows nothing of pulldoctor.
//!
//! ```ignore
//! server.hears(|asked| asked.verb == "watch");              // waits for a request
//! server.stop();                                            // nobody listens, all connections end
//! server.put(pod);                                          // what changes meanwhile
//! server.compact();                                         // if it is to come back without history
//! server.restart();                                         // the same port, objects and counter
//! server.freeze();                                          // nothing is answered, nothing closed
//! server.fail(On::any(), Fault::Close);                     // until `mend`
//! ```

mod faults;
mod kinds;
mod mishaps;
mod rest;
mod rights;
mod selectors;
mod store;
mod tls;
mod watch;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;

pub use faults::{Fault, On};
pub use kinds::CustomKind;
pub use rights::{PolicyRule, Right};
pub use tls::Certificate;

use kinds::Kinds;
use store::Store;
use tls::Authority;

/// The bearer token that a server takes unless told otherwise.
pub const TOKEN: &str = "letmein-CANARY-token";
/// The user and password that a server takes.
pub const BASIC: (&str, &str) = ("admin", "letmein-CANARY-password");
/// How long a test waits for a request.
const PATIENCE: Duration = Duration::from_secs(20);

type Body = UnsyncBoxBody<Bytes, std::io::Error>;
type Response = hyper::Response<Body>;

/// A permission that is missing.
#[derive(Debug, Clone)]
pub struct Deny {
    verb: &'static str,
    resource: &'static str,
    place: Place,
}

/// Where a permission is missing.
#[derive(Debug, Clone)]
enum Place {
    Everywhere,
    Namespace(String),
    WholeCluster,
}

impl Deny {
    /// The verb (`get`, `list`, `watch` or `*`) on the plural resource (or `*`), everywhere.
    pub fn to(verb: &'static str, resource: &'static str) -> Self {
        Self { verb, resource, place: Place::Everywhere }
    }

    /// Only in this namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        self.place = Place::Namespace(namespace.to_owned());
        self
    }

    /// Only across the whole cluster, as for somebody who has a `Role` and no `ClusterRole`.
    #[must_use]
    pub fn across_the_cluster(mut self) -> Self {
        self.place = Place::WholeCluster;
        self
    }

    fn hits(&self, asked: &Recorded) -> bool {
        (self.verb == "*" || self.verb == asked.verb)
            && (self.resource == "*" || self.resource == asked.resource)
            && match &self.place {
                Place::Everywhere => true,
                Place::Namespace(namespace) => asked.namespace.as_ref() == Some(namespace),
                Place::WholeCluster => asked.namespace.is_none(),
            }
    }
}

/// A request as the server got it.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// `get`, `list` or `watch`; the HTTP method in lower case for everything else.
    pub verb: String,
    /// The plural resource.
    pub resource: String,
    /// The API group; empty for core.
    pub group: String,
    /// The namespace in the path.
    pub namespace: Option<String>,
    /// The object's name in the path; empty for lists and watches.
    pub name: String,
    /// The path without the query.
    pub path: String,
    /// The query, decoded.
    pub query: BTreeMap<String, String>,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Whether the client showed a certificate of this server's authority.
    pub has_client_certificate: bool,
}

impl Recorded {
    /// Whether it is about objects, of which RBAC's resource rules speak; `/version` is not.
    pub fn is_about_objects(&self) -> bool {
        !self.resource.is_empty()
    }

    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Who a kubeconfig says that one is.
#[derive(Debug, Clone)]
pub enum User {
    /// `token`.
    Token(String),
    /// `client-certificate-data` and `client-key-data` of this server's authority.
    ClientCertificate,
    /// The value of `user` as it stands.
    Raw(Value),
}

/// How a server is to behave.
pub struct Builder {
    store: Store,
    tokens: Vec<String>,
    denials: Vec<Deny>,
    rights: Option<Vec<Right>>,
    faults: Vec<(On, Fault)>,
    certificate: Certificate,
    expiring_continues: usize,
    refuses_streaming_lists: bool,
    bookmarks: bool,
    kinds: Kinds,
}

impl Builder {
    /// Serves this object, or the items of this List.
    #[must_use]
    pub fn object(mut self, object: Value) -> Self {
        self.store.add(object);
        self
    }

    /// Serves all objects of a folder of `fixtures/cluster`, and the nodes they run on.
    #[must_use]
    pub fn fixtures(mut self, folder: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cluster");
        let mut files: Vec<PathBuf> = std::fs::read_dir(root.join(folder))
            .unwrap_or_else(|error| panic!("fixtures/cluster/{folder}: {error}"))
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files.push(root.join("nodes.json"));
        for file in files {
            self.store.add(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap());
        }
        self
    }

    /// Takes this bearer token, and no longer [`TOKEN`].
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.tokens = vec![token.to_owned()];
        self
    }

    /// Answers 403 where the rule says.
    #[must_use]
    pub fn deny(mut self, rule: Deny) -> Self {
        self.denials.push(rule);
        self
    }

    /// Answers 403 to all that none of these allows.
    #[must_use]
    pub fn only(mut self, rights: &[Right]) -> Self {
        self.rights = Some(rights.to_vec());
        self
    }

    /// Fails where `on` says; the first rule that fits counts.
    #[must_use]
    pub fn fault(mut self, on: On, fault: Fault) -> Self {
        self.faults.push((on, fault));
        self
    }

    /// Shows this kind of certificate, or none at all.
    #[must_use]
    pub fn certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = certificate;
        self
    }

    /// Answers the first `times` requests for a further page with 410.
    #[must_use]
    pub fn expire_continues(mut self, times: usize) -> Self {
        self.expiring_continues = times;
        self
    }

    /// Refuses `sendInitialEvents`, as servers before 1.32 do.
    #[must_use]
    pub fn refuse_streaming_lists(mut self) -> Self {
        self.refuses_streaming_lists = true;
        self
    }

    /// Serves a kind of somebody's own.
    #[must_use]
    pub fn kind(mut self, kind: CustomKind) -> Self {
        self.kinds.custom.push(kind);
        self
    }

    /// Tells its kinds in many documents, as servers before 1.27 do.
    #[must_use]
    pub fn separate_kinds(mut self) -> Self {
        self.kinds.are_aggregated = false;
        self
    }

    /// Sends a bookmark after each change to watches that allow them.
    #[must_use]
    pub fn bookmarks(mut self) -> Self {
        self.bookmarks = true;
        self
    }

    /// Starts the server on a free port of 127.0.0.1.
    pub fn start(self) -> ApiServer {
        let authority = Authority::new();
        let acceptor = authority.acceptor(self.certificate);
        let socket = bind(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = socket.local_addr().unwrap();
        let certificate = self.certificate;
        let state = Arc::new(State {
            store: self.store,
            tokens: Mutex::new(self.tokens),
            is_frozen: Mutex::new(false),
            thawed: Condvar::new(),
            denials: self.denials,
            rights: self.rights,
            faults: Mutex::new(self.faults),
            expiring_continues: Mutex::new(self.expiring_continues),
            refuses_streaming_lists: self.refuses_streaming_lists,
            bookmarks: self.bookmarks,
            kinds: self.kinds,
            log: Mutex::new(Vec::new()),
            logged: Condvar::new(),
            connections: Mutex::new(0),
            in_flight: Mutex::default(),
        });
        let server = ApiServer {
            address,
            authority,
            acceptor,
            certificate,
            state,
            directory: TempDir::new().unwrap(),
            up: Mutex::new(None),
            port: Mutex::new(Some(socket)),
        };
        server.restart();
        server
    }
}

/// What the connections share.
struct State {
    store: Store,
    tokens: Mutex<Vec<String>>,
    /// Whether the server hangs.
    is_frozen: Mutex<bool>,
    thawed: Condvar,
    denials: Vec<Deny>,
    rights: Option<Vec<Right>>,
    faults: Mutex<Vec<(On, Fault)>>,
    expiring_continues: Mutex<usize>,
    refuses_streaming_lists: bool,
    bookmarks: bool,
    kinds: Kinds,
    log: Mutex<Vec<Recorded>>,
    /// Told of every new entry in the log.
    logged: Condvar,
    connections: Mutex<usize>,
    in_flight: Mutex<InFlight>,
}

/// Requests that are being answered.
#[derive(Debug, Default)]
struct InFlight {
    now: usize,
    most: usize,
}

/// The thread that serves.
struct Up {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Up {
    /// Ends the thread, and with it every connection.
    fn end(self) {
        // The thread may have ended by itself.
        let _ = self.stop.send(());
        let ended = self.thread.join();
        assert!(ended.is_ok() || std::thread::panicking(), "the API server panicked");
    }
}

/// A server.
pub struct ApiServer {
    address: SocketAddr,
    authority: Authority,
    acceptor: Option<tokio_rustls::TlsAcceptor>,
    certificate: Certificate,
    state: Arc<State>,
    directory: TempDir,
    /// None when stopped.
    up: Mutex<Option<Up>>,
    /// Keeps the port from others while nobody listens on it.
    port: Mutex<Option<TcpSocket>>,
}

impl ApiServer {
    /// A server with the namespaces `default` and `kube-system`, nothing in them, and no faults.
    pub fn builder() -> Builder {
        let mut store = Store::default();
        for name in ["default", "kube-system"] {
            store.add_namespace(name);
        }
        Builder {
            store,
            tokens: vec![TOKEN.to_owned()],
            denials: Vec::new(),
            rights: None,
            faults: Vec::new(),
            certificate: Certificate::Good,
            expiring_continues: 0,
            refuses_streaming_lists: false,
            bookmarks: false,
            kinds: Kinds { custom: Vec::new(), are_aggregated: true },
        }
    }

    /// Its address, as a kubeconfig has it.
    pub fn url(&self) -> String {
        let scheme = if self.certificate == Certificate::NoTls { "http" } else { "https" };
        format!("{scheme}://{}", self.address)
    }

    /// Host and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of its authority, in PEM.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// A folder for files of the test; gone with the server.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A kubeconfig with [`TOKEN`], whose one context is `test` and whose namespace is `default`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig_for(&User::Token(self.state.tokens.lock().unwrap()[0].clone()))
    }

    /// The same for another user.
    pub fn kubeconfig_for(&self, user: &User) -> PathBuf {
        self.write("kubeconfig", &self.config(user))
    }

    /// The content of a kubeconfig, to be changed and written with [`ApiServer::write`].
    pub fn config(&self, user: &User) -> Value {
        let user = match user {
            User::Token(token) => json!({ "token": token }),
            User::ClientCertificate => {
                let (certificate, key) = self.authority.client();
                json!({
                    "client-certificate-data": tls::base64(&certificate),
                    "client-key-data": tls::base64(&key),
                })
            }
            User::Raw(user) => user.clone(),
        };
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "test", "cluster": {
                "server": self.url(),
                "certificate-authority-data": tls::base64(&self.ca_pem()),
            }}],
            "users": [{ "name": "tester", "user": user }],
            "contexts": [{ "name": "test", "context": {
                "cluster": "test", "user": "tester", "namespace": "default",
            }}],
            "current-context": "test",
        })
    }

    /// Writes a kubeconfig into the server's folder.
    pub fn write(&self, name: &str, config: &Value) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, config.to_string()).unwrap();
        path
    }

    /// Certificate and key of a client, in PEM.
    pub fn client_certificate(&self) -> (String, String) {
        self.authority.client()
    }

    /// The requests so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.log.lock().unwrap().clone()
    }

    /// Waits for a request, unless it has come already; gives the first that fits.
    pub fn hears(&self, fits: impl Fn(&Recorded) -> bool) -> Recorded {
        let deadline = Instant::now() + PATIENCE;
        let mut log = self.state.log.lock().unwrap();
        loop {
            if let Some(found) = log.iter().find(|asked| fits(asked)) {
                return found.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "nobody asks for it: {log:#?}");
            log = self.state.logged.wait_timeout(log, left).unwrap().0;
        }
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        *self.state.connections.lock().unwrap()
    }

    /// How many requests were being answered at once, at most.
    pub fn most_at_once(&self) -> usize {
        self.state.in_flight.lock().unwrap().most
    }

    /// Adds the object or replaces it; watches hear of it.
    pub fn put(&self, object: Value) {
        self.state.store.put(object);
    }

    /// Deletes the object of that plural resource; watches hear of it.
    pub fn delete(&self, resource: &str, namespace: &str, name: &str) {
        self.state.store.delete(resource, namespace, name);
    }

    /// Forgets history: a watch that resumes from before now gets 410.
    pub fn compact(&self) {
        self.state.store.compact();
    }
}

impl ApiServer {
    /// Ends as a process does that is killed: nobody listens on its port any more, and every
    /// connection is closed, whatever is under way on it. Objects and history stay, and can be
    /// changed; a real server has lost the history when it is back (`compact`).
    pub fn stop(&self) {
        self.thaw();
        if let Some(up) = self.up.lock().unwrap().take() {
            up.end();
            // What was being answered is answered no more.
            self.state.in_flight.lock().unwrap().now = 0;
            *self.port.lock().unwrap() = Some(bind(self.address));
        }
    }

    /// Starts again on the same port; stops first if need be.
    pub fn restart(&self) {
        self.stop();
        let socket = self.port.lock().unwrap().take().expect("the port is kept while stopped");
        *self.up.lock().unwrap() = Some(self.listen(socket));
    }

    /// Serves in a thread; who connects from now on is heard.
    fn listen(&self, socket: TcpSocket) -> Up {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = {
            let _runtime = runtime.enter();
            socket.listen(1024).unwrap()
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (acceptor, certificate) = (self.acceptor.clone(), self.certificate);
        let state = Arc::clone(&self.state);
        let thread = std::thread::spawn(move || {
            let frost = mishaps::frost(Arc::clone(&state));
            let accept = async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    *state.connections.lock().unwrap() += 1;
                    tokio::spawn(serve(stream, acceptor.clone(), certificate, Arc::clone(&state)));
                }
            };
            runtime.block_on(async {
                tokio::select! {
                    () = accept => {}
                    () = frost => {}
                    _ = stopped => {}
                }
            });
        });
        Up { stop, thread }
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.thaw();
        if let Some(up) = self.up.get_mut().ok().and_then(Option::take) {
            up.end();
        }
    }
}

/// A socket with that address, which may have been another server's a moment ago.
fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

async fn serve(
    stream: TcpStream,
    acceptor: Option<tokio_rustls::TlsAcceptor>,
    certificate: Certificate,
    state: Arc<State>,
) {
    match (certificate, acceptor) {
        (Certificate::Mute, _) => {
            // The handshake never goes on; the stream stays open as long as the server runs.
            let _stream = stream;
            std::future::pending::<()>().await;
        }
        (_, Some(acceptor)) => {
            // A client that does not trust the certificate ends the handshake.
            if let Ok(stream) = acceptor.accept(stream).await {
                let certified = stream.get_ref().1.peer_certificates().is_some();
                talk(TokioIo::new(stream), certified, state).await;
            }
        }
        (_, None) => talk(TokioIo::new(stream), false, state).await,
    }
}

async fn talk<S>(stream: S, certified: bool, state: Arc<State>)
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + 'static,
{
    let answer = hyper::service::service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { rest::answer(&state, &request, certified).await }
    });
    // Connections end as clients please.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, answer).await;
}

fn whole(text: impl Into<Bytes>) -> Body {
    http_body_util::Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}
