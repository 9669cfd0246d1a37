//! Every kind of user gets in, and nothing of a credential goes where it should not.

use pulldoctor::error::ApiFault;
use pulldoctor::source::cluster::ClusterOptions;
use serde_json::json;

use crate::support::apiserver::{ApiServer, BASIC, Certificate, TOKEN, User};
use crate::{api, look, options};

#[tokio::test]
async fn every_kind_of_user_gets_in() {
    let server = ApiServer::builder().fixtures("default").start();
    std::fs::write(server.directory().join("token"), format!("{TOKEN}\n")).unwrap();
    let users = [
        User::Token(TOKEN.to_owned()),
        User::ClientCertificate,
        User::Raw(json!({ "username": BASIC.0, "password": BASIC.1 })),
        User::Raw(json!({ "tokenFile": "token" })),
        User::Raw(json!({ "token": TOKEN, "exec": { "command": "/no/such/plugin" } })),
        User::Raw(json!({ "token": "", "tokenFile": "token", "username": "" })),
    ];
    for user in users {
        let kubeconfig = Some(server.kubeconfig_for(&user));
        let options = ClusterOptions { kubeconfig, ..ClusterOptions::default() };
        look(&options).await.unwrap_or_else(|error| panic!("{user:?}: {error}"));
    }
}

#[tokio::test]
async fn an_oidc_login_that_still_holds_is_used() {
    // {"alg":"none"}, {"exp":4102444800}: the year 2100.
    let token = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.CANARY";
    let server = ApiServer::builder().fixtures("default").token(token).start();
    let user = json!({ "auth-provider": { "name": "oidc", "config": {
        "id-token": token, "idp-issuer-url": "https://127.0.0.1:1", "client-id": "x",
    }}});
    let kubeconfig = Some(server.kubeconfig_for(&User::Raw(user)));
    look(&ClusterOptions { kubeconfig, ..ClusterOptions::default() }).await.unwrap();

    let expired = "eyJhbGciOiJub25lIn0.eyJleHAiOjF9.CANARY";
    let user = json!({ "auth-provider": { "name": "oidc", "config": {
        "id-token": expired, "refresh-token": "CANARY", "client-id": "x",
        "idp-issuer-url": "https://127.0.0.1:1", "client-secret": "CANARY",
    }}});
    let kubeconfig = Some(server.kubeconfig_for(&User::Raw(user)));
    let fault =
        api(look(&ClusterOptions { kubeconfig, ..ClusterOptions::default() }).await.unwrap_err());
    assert!(matches!(fault, ApiFault::Credential { .. }), "{fault:?}");
}

#[tokio::test]
async fn a_token_flag_beats_the_user_s_own() {
    let server = ApiServer::builder().fixtures("default").token("from-the-flag").start();
    for user in [
        json!({ "token": "stale" }),
        json!({ "username": BASIC.0, "password": BASIC.1 }),
        json!({ "tokenFile": "/no/such/file" }),
        json!({ "exec": { "apiVersion": "client.authentication.k8s.io/v1", "command": "false" } }),
        json!({ "auth-provider": { "name": "oidc", "config": {} } }),
    ] {
        let options = ClusterOptions {
            kubeconfig: Some(server.kubeconfig_for(&User::Raw(user.clone()))),
            token: Some("from-the-flag".to_owned().into()),
            ..ClusterOptions::default()
        };
        look(&options).await.unwrap_or_else(|error| panic!("{user}: {error}"));
    }
}

#[tokio::test]
async fn a_stale_token_is_turned_down() {
    let server = ApiServer::builder().fixtures("default").start();
    let options = ClusterOptions {
        kubeconfig: Some(server.kubeconfig_for(&User::Token("CANARY-stale".to_owned()))),
        ..ClusterOptions::default()
    };
    let fault = api(look(&options).await.unwrap_err());
    let ApiFault::Unauthorized { said, .. } = fault else { panic!("{fault:?}") };
    assert_eq!(said, "Unauthorized");
}

#[tokio::test]
async fn a_server_that_wants_certificates_says_so() {
    let server =
        ApiServer::builder().fixtures("default").certificate(Certificate::ToKnownClients).start();
    let fault = api(look(&options(&server)).await.unwrap_err());
    assert!(
        matches!(&fault, ApiFault::Tls { why: pulldoctor::error::TlsFault::TurnedDown(_), .. }),
        "{fault:?}"
    );
    let kubeconfig = Some(server.kubeconfig_for(&User::ClientCertificate));
    look(&ClusterOptions { kubeconfig, ..ClusterOptions::default() }).await.unwrap();
}

#[tokio::test]
async fn others_are_impersonated_by_headers() {
    let server = ApiServer::builder().fixtures("default").start();
    let kubeconfig = server.kubeconfig_for(&User::Raw(json!({
        "token": TOKEN, "as": "from-the-file", "as-groups": ["file"],
    })));
    let from_file = ClusterOptions { kubeconfig: Some(kubeconfig), ..ClusterOptions::default() };
    let from_flags = ClusterOptions {
        as_user: Some("jane".to_owned()),
        as_groups: vec!["dev".to_owned(), "ops".to_owned()],
        ..from_file.clone()
    };
    look(&from_file).await.unwrap();
    look(&from_flags).await.unwrap();
    let requests = server.requests();
    let headers = |index: usize| {
        let of: Vec<&str> = requests[index]
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("impersonate-"))
            .map(|(_, value)| value.as_str())
            .collect();
        of
    };
    assert_eq!(headers(0), ["from-the-file", "file"]);
    assert_eq!(headers(requests.len() - 1), ["jane", "dev", "ops"]);
}

#[tokio::test]
async fn trust_can_be_bent_as_kubectl_bends_it() {
    let other_name =
        ApiServer::builder().fixtures("default").certificate(Certificate::OtherName).start();
    let mut config = other_name.config(&User::Token(TOKEN.to_owned()));
    config["clusters"][0]["cluster"]["tls-server-name"] = "other.example".into();
    let kubeconfig = Some(other_name.write("named", &config));
    look(&ClusterOptions { kubeconfig: kubeconfig.clone(), ..ClusterOptions::default() })
        .await
        .unwrap();
    // --server takes the name back, as in kubectl.
    let options_with_server =
        ClusterOptions { kubeconfig, server: Some(other_name.url()), ..ClusterOptions::default() };
    let fault = api(look(&options_with_server).await.unwrap_err());
    assert!(matches!(fault, ApiFault::Tls { .. }), "{fault:?}");

    let unknown =
        ApiServer::builder().fixtures("default").certificate(Certificate::OtherAuthority).start();
    let insecure = ClusterOptions { insecure_skip_tls_verify: true, ..options(&unknown) };
    look(&insecure).await.unwrap();

    let good = ApiServer::builder().fixtures("default").start();
    let mut config = good.config(&User::Token(TOKEN.to_owned()));
    config["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = true.into();
    config["clusters"][0]["cluster"]["certificate-authority-data"] = "".into();
    let authority = good.directory().join("ca.pem");
    std::fs::write(&authority, good.ca_pem()).unwrap();
    let strict = ClusterOptions {
        kubeconfig: Some(good.write("loose", &config)),
        certificate_authority: Some(authority),
        ..ClusterOptions::default()
    };
    look(&strict).await.unwrap();
}

#[tokio::test]
async fn no_credential_goes_over_plain_http() {
    let server = ApiServer::builder().fixtures("default").certificate(Certificate::NoTls).start();
    let marker = server.directory().join("ran");
    let plugin = format!("touch '{}'", marker.display());
    for user in [
        json!({ "token": TOKEN }),
        json!({ "username": BASIC.0, "password": BASIC.1 }),
        json!({ "exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", plugin],
        }}),
    ] {
        let kubeconfig = Some(server.kubeconfig_for(&User::Raw(user)));
        let options = ClusterOptions {
            kubeconfig,
            as_user: Some("jane".to_owned()),
            ..ClusterOptions::default()
        };
        let fault = api(look(&options).await.unwrap_err());
        assert!(matches!(fault, ApiFault::Unauthorized { .. }), "{fault:?}");
        assert!(fault.hints()[0].contains("plain HTTP"), "{:?}", fault.hints());
    }
    assert!(!marker.exists(), "no plugin is run in vain");
    for request in server.requests() {
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.header("impersonate-user"), Some("jane"));
    }
}

#[tokio::test]
async fn a_redirect_gets_no_token() {
    use crate::support::apiserver::{Fault, On};
    let thief = ApiServer::builder().start();
    let server = ApiServer::builder()
        .fixtures("default")
        .fault(On::any(), Fault::Redirect(format!("{}/login", thief.url())))
        .start();
    let fault = api(look(&options(&server)).await.unwrap_err());
    let ApiFault::NotKubernetes { content, status: 302, .. } = fault else { panic!("{fault:?}") };
    assert_eq!(content, "a redirect to 127.0.0.1");
    assert_eq!(thief.connections(), 0);
}
