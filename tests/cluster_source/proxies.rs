//! Proxies: which one is used, for whom, and that it hears no credential.

use std::sync::{Arc, Mutex};

use pulldoctor::error::{ApiFault, Error, Unreached};
use pulldoctor::source::cluster::{Cluster, ClusterOptions, Environment};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::apiserver::{ApiServer, TOKEN, User};
use crate::{api, private_reg};

/// What a proxy does with a CONNECT.
#[derive(Clone, Copy)]
enum Manner {
    /// Connects to the server of the test, whatever the name.
    Connects,
    /// 407.
    WantsCredentials,
    /// 403.
    Refuses,
}

/// A proxy in the test's own runtime, and the heads of the requests that it got.
struct Proxy {
    address: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(server: &ApiServer, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heard_so_far = Arc::new(Mutex::new(Vec::new()));
        let target = server.address();
        let log = Arc::clone(&heard_so_far);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(client.read_u8().await.unwrap());
                    }
                    log.lock().unwrap().push(String::from_utf8(head).unwrap());
                    let answer: &[u8] = match manner {
                        Manner::Connects => b"HTTP/1.1 200 OK\r\n\r\n",
                        Manner::WantsCredentials => {
                            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
                        }
                        Manner::Refuses => b"HTTP/1.1 403 Forbidden\r\n\r\n",
                    };
                    client.write_all(answer).await.unwrap();
                    if matches!(manner, Manner::Connects) {
                        let mut server = TcpStream::connect(target).await.unwrap();
                        // Ends as the two sides please.
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { address, heard: heard_so_far }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// A kubeconfig whose server has a name that only a proxy can reach.
fn far(server: &ApiServer, proxy_url: Option<&str>) -> ClusterOptions {
    let mut config = server.config(&User::Token(TOKEN.to_owned()));
    let cluster = &mut config["clusters"][0]["cluster"];
    cluster["server"] = "https://api.far.invalid:6443".into();
    cluster["tls-server-name"] = "localhost".into();
    if let Some(url) = proxy_url {
        cluster["proxy-url"] = url.into();
    }
    ClusterOptions { kubeconfig: Some(server.write("far", &config)), ..ClusterOptions::default() }
}

async fn look(options: &ClusterOptions, environment: &Environment) -> Result<(), Error> {
    Cluster::connect_within(options, environment).await?.first_look(&private_reg()).await.map(drop)
}

#[tokio::test]
async fn the_environment_s_proxy_is_used_unless_no_proxy_says_no() {
    let server = ApiServer::builder().fixtures("default").start();
    let cases = [
        (None, true),
        (Some(""), true),
        (Some("elsewhere.invalid, "), true),
        (Some("127.0.0.1,localhost"), true),
        (Some("far.invalid"), false),
        (Some(" , .far.invalid,"), false),
        (Some("api.far.invalid"), false),
        (Some("*"), false),
    ];
    for (no_proxy, is_used) in cases {
        let proxy = Proxy::start(&server, Manner::Connects).await;
        let environment = Environment {
            https_proxy: Some(format!("http://user:CANARY%40@{}", proxy.address)),
            http_proxy: Some("http://127.0.0.1:1".to_owned()),
            no_proxy: no_proxy.map(str::to_owned),
            ..Environment::default()
        };
        let looked = look(&far(&server, None), &environment).await;
        assert_eq!(!proxy.heard().is_empty(), is_used, "{no_proxy:?}");
        if is_used {
            looked.unwrap_or_else(|error| panic!("{no_proxy:?}: {error}"));
            for head in proxy.heard() {
                assert!(head.starts_with("CONNECT api.far.invalid:6443 "), "{head}");
                assert!(!head.contains("Bearer"), "the token is the server's: {head}");
                assert!(head.to_lowercase().contains("proxy-authorization: basic"), "{head}");
            }
        } else {
            let fault = api(looked.unwrap_err());
            let why = Unreached::NoSuchHost("api.far.invalid".to_owned());
            assert!(
                matches!(&fault, ApiFault::Unreachable { why: w, .. } if *w == why),
                "{fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn this_machine_needs_no_proxy() {
    let server = ApiServer::builder().fixtures("default").start();
    let environment = Environment {
        https_proxy: Some("http://127.0.0.1:1".to_owned()),
        ..Environment::default()
    };
    look(&crate::options(&server), &environment).await.unwrap();
}

#[tokio::test]
async fn a_kubeconfig_s_proxy_knows_no_exceptions() {
    let server = ApiServer::builder().fixtures("default").start();
    let proxy = Proxy::start(&server, Manner::Connects).await;
    let environment = Environment {
        https_proxy: Some("http://127.0.0.1:1".to_owned()),
        no_proxy: Some("*".to_owned()),
        ..Environment::default()
    };
    let options = far(&server, Some(&format!("http://{}", proxy.address)));
    look(&options, &environment).await.unwrap();
    assert!(!proxy.heard().is_empty());
}

#[tokio::test]
async fn a_proxy_s_faults_are_the_proxy_s() {
    let server = ApiServer::builder().fixtures("default").start();
    for (manner, expected) in [
        (Manner::WantsCredentials, Unreached::ProxyAuthentication),
        (Manner::Refuses, Unreached::ProxyRefused),
    ] {
        let proxy = Proxy::start(&server, manner).await;
        let options = far(&server, Some(&format!("http://user:CANARY@{}", proxy.address)));
        let fault = api(look(&options, &Environment::default()).await.unwrap_err());
        let ApiFault::Unreachable { why, proxy: Some(named), .. } = &fault else {
            panic!("{fault:?}")
        };
        assert_eq!(*why, expected);
        assert_eq!(*named, format!("http://{}", proxy.address));
    }

    let options = far(&server, Some("http://127.0.0.1:1"));
    let fault = api(look(&options, &Environment::default()).await.unwrap_err());
    assert_eq!(
        fault.to_string(),
        "cannot reach the API server https://api.far.invalid:6443 through the proxy \
         http://127.0.0.1:1: connection refused"
    );
    let options = far(&server, Some("socks5://127.0.0.1:1"));
    let fault = api(look(&options, &Environment::default()).await.unwrap_err());
    assert!(fault.to_string().ends_with("the proxy cannot be reached"), "{fault}");
    let options = far(&server, Some("http://proxy.invalid:3128"));
    let fault = api(look(&options, &Environment::default()).await.unwrap_err());
    assert!(fault.to_string().ends_with("no such host \"proxy.invalid\""), "{fault}");
}
