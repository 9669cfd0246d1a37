//! Causes of the group TLS: certificates and protocols.
//!
//! The words are those of Go's `crypto/tls` and `crypto/x509`, the same in every runtime.

use super::fix::fix;
use super::sign::{local, quiet, server, tls};
use super::{Fix, Group, Proof, Retry, causes};

/// See the certificate as the node sees it.
const SHOW_CERTIFICATE: Fix = fix("look at the certificate as the node gets it").run(&[
    "kubectl debug 'node/<node>' -it --profile=sysadmin --image=busybox -- chroot /host sh -c \
     \"openssl s_client -connect '<host>:<port>' -servername '<host>' -showcerts </dev/null\"",
]);

/// Trust a registry's own authority.
const TRUST_CA: Fix = fix("give the nodes the registry's CA certificate").says(
    "containerd: /etc/containerd/certs.d/<registry>/hosts.toml with ca = \"/path/ca.crt\"; CRI-O: \
     /etc/containers/certs.d/<registry>/ca.crt; Docker: /etc/docker/certs.d/<registry>/ca.crt; or \
     the system's trust store, and then restart the runtime. It must be done on every node; \
     OpenShift does it by image.config.openshift.io/cluster, additionalTrustedCA.",
);

causes! { Group::Tls;
    TLS_UNTRUSTED "tls-untrusted" {
        title: "the registry's certificate is from an unknown authority",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The node does not trust the authority that signed the registry's certificate. The \
               node's trust store counts, not that of your laptop or of a pod.",
        why: &[
            "the registry has a self-signed certificate, or one of a company's own authority",
            "the server does not send the intermediate certificate",
            "a TLS inspection device on the way puts in its own certificate",
        ],
        tell: &["look at the issuer of the certificate that arrives at the node: a firewall's name there means inspection"],
        fixes: &[
            TRUST_CA,
            SHOW_CERTIFICATE,
            fix("let the server send the whole chain").says("The server's certificate first, then each intermediate."),
        ],
        signs: &[
            tls("certificate signed by unknown authority"),
            tls("certificate is not trusted"),
            tls("self-signed certificate"),
            tls("self signed certificate"),
            tls("unable to get local issuer certificate"),
            tls("unable to verify the first certificate"),
            tls("certificate verify failed"),
            tls("signed by an untrusted"),
            tls("not authorized to sign other certificates"),
            tls("not authorized to sign for this name"),
            tls("too many intermediates"),
            tls("no valid chains built"),
            tls("certificate is not standards compliant"),
            tls("failed to load system roots"),
            tls("pkix path building failed"),
            tls("unable to find valid certification path"),
            tls("invalid peer certificate").then("unknownissuer"),
            tls("depth_zero_self_signed_cert"),
            tls("unable_to_get_issuer_cert_locally"),
            tls("the remote certificate is invalid because of errors in the certificate chain"),
            tls("certificate chain: notttimevalid"),
            tls("certificate sigined by unknown authority"),
            tls("certificate signed by unknown certificates"),
        ],
        yields_to: &[],
        yes: &[
            "failed to do request: Head \"https://untrusted.lab:5002/v2/a/b/manifests/v1\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "Get \"https://harbor.local/v2/\": x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"harbor-ca\")",
        ],
        no: &["remote error: tls: unknown certificate authority"],
        see: &["https://github.com/containerd/containerd/blob/main/docs/hosts.md"],
        unseen: "",
    }
    TLS_HOSTNAME_MISMATCH "tls-hostname-mismatch" {
        title: "the certificate is for another name",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The server showed a certificate that does not hold the name or address by which the \
               image calls it.",
        why: &[
            "the image uses an address or an alias that the certificate does not list",
            "the certificate has only a Common Name; Go wants Subject Alternative Names",
            "an ingress answers with its default certificate, because it knows no such host",
            "the name resolves to another server than meant",
        ],
        tell: &["the words list the names that the certificate is for"],
        fixes: &[
            fix("use a name that the certificate is for"),
            fix("make a certificate with that name among its Subject Alternative Names")
                .says("An address needs an IP entry, not a DNS one."),
            SHOW_CERTIFICATE,
        ],
        signs: &[
            tls("certificate is valid for"),
            tls("certificate is not valid for"),
            tls("doesn't contain any ip sans"),
            tls("does not contain any ip sans"),
            tls("cannot validate certificate for"),
            tls("legacy common name"),
            tls("not valid for any names"),
            tls("no alternative certificate subject name matches"),
            tls("hostname mismatch"),
            tls("does not match target host name"),
            tls("certificate name does not match"),
            tls("no subject alternative"),
            tls("match any of the subject alternative names"),
            tls("invalid peer certificate").then("not valid for name"),
            tls("invalid peer certificate").then("notvalidforname"),
            tls("certificate not valid for name"),
            tls("hostname '").then("doesn't match"),
            tls("remotecertificatenamemismatch"),
            tls("does not match certificate's altnames"),
        ],
        yields_to: &[],
        yes: &[
            "tls: failed to verify certificate: x509: certificate is valid for other.example.com, not wronghost.lab",
            "x509: cannot validate certificate for 10.0.0.5 because it doesn't contain any IP SANs",
        ],
        no: &["x509: certificate signed by unknown authority"],
        see: &["https://pkg.go.dev/crypto/x509#HostnameError"],
        unseen: "",
    }
    TLS_EXPIRED "tls-expired" {
        title: "the certificate is out of date, or the clock is wrong",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "By the node's clock the registry's certificate has expired, or is not valid yet.",
        why: &[
            "the certificate was not renewed, or the server was not reloaded after it was",
            "the node's clock is wrong (\"not yet valid\" nearly always means that)",
            "an intermediate or the authority itself has expired",
        ],
        tell: &["the words hold the node's clock and the certificate's end: is that clock right?"],
        fixes: &[
            fix("renew the registry's certificate, and reload the server"),
            fix("set the node's clock")
                .run(&["kubectl debug 'node/<node>' -it --profile=sysadmin --image=busybox -- chroot /host timedatectl"]),
            SHOW_CERTIFICATE,
        ],
        signs: &[
            tls("certificate has expired or is not yet valid"),
            tls("certificate has expired"),
            tls("certificate is expired"),
            tls("certificate is not yet valid"),
            tls("certificate expired"),
            tls("invalid peer certificate").then("expired"),
        ],
        yields_to: &[],
        yes: &["x509: certificate has expired or is not yet valid: current time 2026-11-23T06:19:55Z is after 2026-11-20T06:09:11Z"],
        no: &["denied: Your authorization token has expired. Reauthenticate and try again."],
        see: &["https://pkg.go.dev/crypto/x509#CertificateInvalidError"],
        unseen: "",
    }
    PLAIN_HTTP_REGISTRY "plain-http-registry" {
        title: "the registry speaks plain HTTP",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The node spoke HTTPS, as it must by default, and the registry answered in plain HTTP.",
        why: &[
            "the registry has no certificate",
            "the port is that of plain HTTP; another one may have TLS",
            "a load balancer before it does TLS on another port only",
        ],
        tell: &["curl http://<endpoint>/v2/ answers, and https:// does not"],
        fixes: &[
            fix("give the registry a certificate, and use its TLS port")
                .says("It keeps images and credentials from being read or changed on the way."),
            fix("if it must be plain HTTP, tell the runtime of this one host")
                .says("containerd: server = \"http://<registry>\" in /etc/containerd/certs.d/<registry>/hosts.toml; CRI-O: insecure = true for that location in registries.conf; Docker: insecure-registries in daemon.json. On every node, and only on a network that you trust."),
        ],
        signs: &[
            tls("server gave http response to https client"),
            tls("gave http response to https"),
            tls("http response to https client"),
            tls("http: server gave"),
            tls("is http only and requires the insecure flag"),
            tls("does not seem to support https"),
            quiet("insecure-registry to allow plain http"),
            tls("server gave http response"),
        ],
        yields_to: &["proxy-error"],
        yes: &["failed to do request: Head \"https://10.0.0.5:5000/v2/app/manifests/v1\": http: server gave HTTP response to HTTPS client"],
        no: &["Client sent an HTTP request to an HTTPS server."],
        see: &["https://github.com/containerd/containerd/blob/main/docs/hosts.md"],
        unseen: "",
    }
    TLS_OTHER "tls-other" {
        title: "the TLS handshake failed",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The two sides did not agree on a secure connection: protocol version, client \
               certificate, or something at that port that is not TLS.",
        why: &[
            "something else than TLS answers at that port, most often plain HTTP",
            "the server wants a client certificate, or does not trust the one that the node has",
            "the server is too old for the node's runtime, or the other way round",
            "a certificate file in the runtime's configuration cannot be read",
            "a device on the way breaks the connection while it is set up",
        ],
        tell: &["\"remote error\" is the server's complaint about the node; everything else is the node's about the server"],
        fixes: &[
            fix("see what answers at that port")
                .run(&["kubectl debug 'node/<node>' -it --profile=sysadmin --image=busybox -- chroot /host curl -sSv 'https://<endpoint>/v2/'"]),
            fix("give the runtime the client certificate that the server wants")
                .says("containerd: client = [[\"/path/client.cert\", \"/path/client.key\"]] in hosts.toml; CRI-O and Docker: client.cert and client.key in certs.d/<registry>."),
            SHOW_CERTIFICATE,
        ],
        signs: &[
            tls("first record does not look like a tls handshake"),
            tls("oversized record received"),
            tls("remote error: tls"),
            tls("local error: tls"),
            tls("tls: handshake failure"),
            tls("handshake failure"),
            tls("tls: bad certificate"),
            tls("tls: certificate required"),
            tls("protocol version not supported"),
            tls("tls: internal error"),
            tls("tls: unrecognized name"),
            tls("failed to find any pem data"),
            tls("no supported versions satisfy"),
            tls("unsupported protocol version"),
            tls("server selected unsupported protocol"),
            tls("wrong version number"),
            tls("bad record mac"),
            tls("tls: failed to verify certificate"),
            tls("tls: failed to parse certificate"),
            tls("x509: malformed"),
            tls("x509: negative serial number"),
            tls("x509: certificate specifies an incompatible key usage"),
            tls("x509:").start(),
            tls("tls:").start(),
            tls("unable to read ca cert"),
            tls("unable to load ca cert"),
            tls("unable to read cert file"),
            tls("/certs.d/").then("no such file or directory"),
            tls("/certs.d/").then("permission denied"),
            tls("failed to load x509 key pair"),
            tls("unable to initialize cert pool"),
            tls("unable to get system cert pool"),
            tls("failed to load ca file"),
            tls("failed to load keypair"),
            tls("malformed http response \"\\x15"),
            tls("failed to load cert file"),
            tls("no corresponding key file was specified"),
            tls("for client certificate"),
            tls("missing key").then("for certificate"),
            tls("missing certificate").then("for key"),
            tls("missing client certificate"),
            tls("get tlsconfig for registry"),
            server("client sent an http request to an https server"),
            server("plain http request was sent to https port"),
            server("no required ssl certificate was sent"),
            tls("making transport for registry").then("certificate"),
            tls("received fatal alert"),
            tls("corrupt message of type"),
            tls("ssl routines").unless("unexpected eof"),
            local("was specified, but no corresponding cert file was specified"),
            tls("because only secure connections are allowed"),
            tls("alert protocol version"),
            tls("[ssl:"),
        ],
        yields_to: &["tls-untrusted", "tls-hostname-mismatch", "tls-expired", "plain-http-registry", "connection-timeout"],
        yes: &[
            "failed to do request: Head \"https://http.lab:5003/v2/a/b/manifests/v1\": tls: first record does not look like a TLS handshake",
            "Get \"https://registry.example.com/v2/\": remote error: tls: handshake failure",
        ],
        no: &["net/http: TLS handshake timeout", "proxyconnect tcp: tls: first record does not look like a TLS handshake"],
        see: &["https://pkg.go.dev/crypto/tls#AlertError"],
        unseen: "",
    }
}
