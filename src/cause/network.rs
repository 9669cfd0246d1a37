//! Causes of the group network: the way to the registry.
//!
//! The words are those of Go's `net` and `net/http`, the same in every runtime.

use super::fix::{TRY_ON_NODE, fix};
use super::sign::{dns, link, proxy};
use super::{Group, Proof, Retry, causes};
use crate::registry::Kind;

causes! { Group::Network;
    DNS_FAILURE "dns-failure" {
        title: "the registry's name cannot be looked up",
        retry: Retry::Transient,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The node asked its DNS server for the registry's address and got none: no such \
               name, no answer, or a refusal. The node's own resolver counts here, not the \
               cluster's CoreDNS.",
        why: &[
            "the host in the image's name is misspelt, or exists only inside the cluster (a Service name: nodes cannot resolve it)",
            "the node's DNS server is down or out of reach",
            "the name exists only on a private DNS that the node does not use (private endpoint, VPN)",
        ],
        tell: &[
            "\"no such host\" is an answer: the name is wrong or private; \"i/o timeout\" and \"server misbehaving\" mean that the DNS server is ill",
            "the address after \"on\" is the DNS server that was asked",
        ],
        fixes: &[
            fix("look the name up on the node")
                .run(&["kubectl debug 'node/<node>' -it --profile=sysadmin --image=busybox -- chroot /host getent hosts '<host>'"]),
            fix("correct the host in the image's name, if it is wrong"),
            fix("mend the node's resolver")
                .says("/etc/resolv.conf or systemd-resolved on the node; a host of *.svc.cluster.local needs a name that the nodes know, such as a load balancer's."),
            fix("link the private DNS zone to the nodes' network")
                .says("A registry with a private endpoint has its address in the zone privatelink.azurecr.io, which the nodes' virtual network must be linked to.")
                .on(&[Kind::Acr]),
        ],
        signs: &[
            dns("no such host"),
            dns("server misbehaving"),
            dns("name resolution"),
            dns("name or service not known"),
            dns("could not resolve host"),
            dns("couldn't resolve host"),
            dns("cannot resolve host"),
            dns("unable to resolve host"),
            dns("failed to resolve host"),
            dns("failed to lookup"),
            dns("nodename nor servname provided"),
            dns("no address associated with hostname"),
            dns("getaddrinfo"),
            dns("dial tcp: lookup"),
            dns("lookup").then("i/o timeout").start(),
            dns("lookup").then("connection refused").start(),
            dns("lookup").then("read udp"),
            dns("unrecognized address").then("lookup"),
            dns("no answer from dns server"),
        ],
        yields_to: &[],
        yes: &[
            "failed to resolve image: failed to do request: Head \"https://reg.example.com/v2/a/b/manifests/v1\": dial tcp: lookup reg.example.com on 10.96.0.10:53: no such host",
            "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: read udp 10.0.0.5:4242->10.0.0.2:53: i/o timeout",
            "Error response from daemon: Get https://registry-1.docker.io/v2/: dial tcp: lookup registry-1.docker.io: Temporary failure in name resolution",
        ],
        no: &["proxyconnect tcp: dial tcp: lookup proxy.corp: no such host"],
        see: &["https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/"],
        unseen: "",
    }
    CONNECTION_REFUSED "connection-refused" {
        title: "nothing listens at the registry's address",
        retry: Retry::Transient,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The node reached the machine, and it refused the connection: no program listens on \
               that port.",
        why: &[
            "the registry, or the load balancer before it, is down or restarting",
            "the port in the image's name is wrong, or missing (then it is 443)",
            "localhost in an image's name is the node itself, not your laptop nor a Service",
            "the address belongs to a mirror in the runtime's configuration that is gone",
        ],
        tell: &["the address after \"dial tcp\" says who refused: compare it with where the registry should be"],
        fixes: &[
            fix("check that the registry runs and listens on that port"),
            fix("ask it from the node")
                .run(&["kubectl debug 'node/<node>' -it --profile=sysadmin --image=busybox -- chroot /host curl -sSv 'https://<endpoint>/v2/'"]),
            fix("use a name for the registry that means the same on every node"),
            TRY_ON_NODE,
        ],
        signs: &[
            link("connection refused"),
            link("actively refused it"),
            link("econnrefused"),
        ],
        yields_to: &[],
        yes: &[
            "failed to resolve image: failed to do request: Head \"https://refused.lab:5099/v2/a/b/manifests/v1\": dial tcp 127.0.0.1:5099: connect: connection refused",
            "RegistryUnavailable: unable to pull image: initializing source docker://refused.lab:5099/a/b:v1: pinging container registry refused.lab:5099: Get \"https://refused.lab:5099/v2/\": dial tcp 127.0.0.1:5099: connect: connection refused",
        ],
        no: &["rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused\""],
        see: &["https://kubernetes.io/docs/concepts/containers/images/"],
        unseen: "",
    }
    CONNECTION_TIMEOUT "connection-timeout" {
        title: "the registry does not answer in time",
        retry: Retry::Transient,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The connection was not set up, or nothing came back, before the time was over. \
               Packets are lost somewhere, mostly at a firewall, or the other side is overloaded.",
        why: &[
            "a firewall, security group or network policy on the node drops the traffic",
            "the node has no way to the internet (no NAT, no proxy configured for the runtime)",
            "the registry, its token server or its storage is overloaded",
            "a TLS handshake that never ends often means a wrong MTU or a middlebox",
        ],
        tell: &["see which host it is: the registry, its token server, or the storage that it sends layers from; each needs to be allowed"],
        fixes: &[
            fix("ask the host from the node")
                .run(&["kubectl debug 'node/<node>' -it --profile=sysadmin --image=busybox -- chroot /host curl -sSv --max-time 20 'https://<endpoint>/v2/'"]),
            fix("open the way: firewall, NAT, or a proxy for the runtime")
                .says("The container runtime has its own proxy settings (HTTPS_PROXY in its service's environment); the pod's do not count."),
            fix("allow the hosts that Docker Hub uses")
                .says("registry-1.docker.io, auth.docker.io, production.cloudflare.docker.com and docker-images-prod.*.r2.cloudflarestorage.com.")
                .on(&[Kind::DockerHub]),
            fix("allow the layers' storage too")
                .says("Layers come from *.blob.core.windows.net unless dedicated data endpoints are on.")
                .on(&[Kind::Acr, Kind::Mcr]),
            fix("give private nodes endpoints for ECR and S3")
                .says("Without internet they need the endpoints ecr.api, ecr.dkr and the S3 gateway.")
                .on(&[Kind::Ecr]),
        ],
        signs: &[
            link("i/o timeout"),
            link("tls handshake timeout"),
            link("client.timeout"),
            link("request canceled while waiting for connection"),
            link("connection timed out"),
            link("connect timed out"),
            link("operation timed out"),
            link("timeout awaiting response headers"),
            link("did not properly respond after a period of time"),
            link("connection attempt failed"),
            link("dial tcp").then("context deadline exceeded"),
            link("connection timeout"),
            link("connect timeout"),
            link("read timed out"),
            link("etimedout"),
            link("network timed out while trying to connect"),
            link("timed out").leaf(),
        ],
        yields_to: &[],
        yes: &[
            "rpc error: code = DeadlineExceeded desc = failed to pull and unpack image \"k8s.gcr.io/pause:3.9\": failed to resolve reference \"k8s.gcr.io/pause:3.9\": failed to do request: Head \"https://k8s.gcr.io/v2/pause/manifests/3.9\": dial tcp 64.233.189.82:443: i/o timeout",
            "Error response from daemon: Get https://registry-1.docker.io/v2/: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
            "Head \"https://hang.lab:5010/v2/a/b/manifests/v1\": net/http: timeout awaiting response headers",
        ],
        no: &["dial tcp: lookup someacr.azurecr.io: i/o timeout", "rpc error: code = DeadlineExceeded desc = context deadline exceeded"],
        see: &["https://kubernetes.io/docs/concepts/containers/images/"],
        unseen: "",
    }
    CONNECTION_RESET "connection-reset" {
        title: "the connection was cut",
        retry: Retry::Transient,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The connection stood, and then the other side, or something on the way, closed it \
               before everything had come.",
        why: &[
            "a firewall, proxy or inspection device on the way cuts it, often at a certain host or size",
            "the registry or its storage closed it under load",
            "a wrong MTU breaks long transfers, short ones work",
            "a registry without TLS, or with another protocol, behind that port",
        ],
        tell: &["always at the same host or byte count: something on the way; now and then: load or a bad line"],
        fixes: &[
            fix("let the kubelet try again").says("A single cut heals by itself; layers that are complete are kept."),
            fix("fetch from the node and see where it stops")
                .run(&["kubectl debug 'node/<node>' -it --profile=sysadmin --image=busybox -- chroot /host curl -sSv 'https://<endpoint>/v2/'"]),
            fix("look at what stands on the way: proxy, TLS inspection, MTU of the tunnel"),
        ],
        signs: &[
            link("connection reset by peer"),
            link("connection reset"),
            link("econnreset"),
            link("eof").leaf(),
            link("unexpected eof"),
            link("broken pipe"),
            link("http2: server sent goaway"),
            link("http2: client connection lost"),
            link("http2: client connection force closed"),
            link("http2: transport"),
            link("http2:").start(),
            link("stream error: stream id"),
            link("use of closed network connection"),
            link("server closed idle connection"),
            link("server closed the connection"),
            link("forcibly closed by the remote host"),
            link("connection was aborted"),
            link("software caused connection abort"),
            link("transport connection broken"),
            link("short read: expected"),
            link("failed to read expected number of bytes"),
            link("connection closed").leaf(),
            link("connection was forcibly closed"),
            link("transport closed before response"),
            link("protocol_error"),
            link("compression_error"),
            link("flow_control_error"),
            link("goaway"),
        ],
        yields_to: &[],
        yes: &[
            "failed to resolve image: failed to do request: Head \"https://hang.lab:5010/v2/a/b/manifests/v1\": EOF",
            "failed to copy: read tcp 10.0.0.5:41234->104.16.97.215:443: read: connection reset by peer",
            "failed to pull and unpack image \"open.lab:5014/shop/web:v1\": short read: expected 303151 bytes but got 151575: unexpected EOF",
            "writing blob: storing blob to file \"/var/tmp/container_images_storage1/1\": happened during read: unexpected EOF",
        ],
        no: &[
            "failed to extract layer sha256:670c: mount callback failed on /var/lib/containerd/tmpmounts/containerd-mount4121646465: unexpected EOF: unknown",
            "rpc error: code = Unavailable desc = error reading from server: EOF",
        ],
        see: &["https://pkg.go.dev/io#pkg-variables"],
        unseen: "",
    }
    NETWORK_UNREACHABLE "network-unreachable" {
        title: "there is no way to the registry's network",
        retry: Retry::Transient,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The node has no route to the registry's address, or a router said that there is none.",
        why: &[
            "the name resolves to an IPv6 address, and the node has no IPv6",
            "a route, VPN or gateway is missing or down",
            "a firewall on the way rejects, which looks like a missing host",
        ],
        tell: &["the address after \"dial tcp\": one in brackets is IPv6"],
        fixes: &[
            fix("look at the node's routes")
                .run(&["kubectl debug 'node/<node>' -it --profile=sysadmin --image=busybox -- chroot /host ip route get '<address>'"]),
            fix("make IPv6 work on the nodes, or keep the resolver from handing it out"),
            fix("bring the gateway, VPN or peering up"),
        ],
        signs: &[
            link("no route to host"),
            link("network is unreachable"),
            link("network unreachable"),
            link("network is down"),
            link("host is unreachable"),
            link("cannot assign requested address"),
            link("connect: invalid argument"),
            link("unreachable network"),
            link("unreachable host"),
            link("host is down"),
            link("connect: permission denied"),
            link("connect: operation not permitted"),
            link("ehostunreach"),
            link("enetunreach"),
        ],
        yields_to: &[],
        yes: &[
            "Get \"https://registry-1.docker.io/v2/\": dial tcp [2600:1f18:2148:bc02:445d:9ace:d20b:c303]:443: connect: network is unreachable",
            "Head \"https://registry.example.com/v2/app/manifests/v1\": dial tcp 10.1.2.3:443: connect: no route to host",
        ],
        no: &["dial unix /run/containerd/containerd.sock: connect: permission denied"],
        see: &["https://kubernetes.io/docs/concepts/services-networking/dual-stack/"],
        unseen: "",
    }
    PROXY_ERROR "proxy-error" {
        title: "a proxy on the way failed or refused",
        retry: Retry::Unclear,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The runtime goes through an HTTP proxy, and the proxy could not be reached, wants a \
               login, or would not open the way. The registry was never asked.",
        why: &[
            "HTTPS_PROXY of the runtime names a proxy that is gone or misspelt, or speaks https:// where it should be http://",
            "the proxy wants a user and a password",
            "the proxy does not allow this host",
            "a registry inside the network is missing in NO_PROXY",
        ],
        tell: &["\"proxyconnect\" means that the proxy could not be reached; a status phrase without a number (\"Forbidden\", \"Service Unavailable\") is its own answer"],
        fixes: &[
            fix("look at the runtime's proxy settings on the node")
                .run(&["kubectl debug 'node/<node>' -it --profile=sysadmin --image=busybox -- chroot /host systemctl show containerd crio docker --property=Environment,EnvironmentFiles"]),
            fix("put the registry's host into NO_PROXY, if it is inside, and restart the runtime"),
            fix("let the proxy allow the registry, its token server and its layers' storage"),
        ],
        signs: &[
            proxy("proxyconnect"),
            proxy("proxy authentication required"),
            proxy("proxy authorization required"),
            proxy("socks connect"),
            proxy("unknown status code"),
            proxy("error connecting to proxy"),
            proxy("proxy error"),
            proxy("407").leaf(),
            // The phrase of a CONNECT's answer stands right behind the URL; a registry's never does.
            proxy("https:").then("\": forbidden").joined(),
            proxy("https:").then("\": bad gateway").joined(),
            proxy("https:").then("\": service unavailable").joined(),
            proxy("https:").then("\": gateway timeout").joined(),
            proxy("https:").then("\": internal server error").joined(),
            proxy("https:").then("\": method not allowed").joined(),
            proxy("https:").then("\": bad request").joined(),
            proxy("https:").then("\": moved permanently").joined(),
            proxy("https:").then("\": request timeout").joined(),
            proxy("https:").then("\": network error").joined(),
            proxy("https:").then("\": authenticationrequired").joined(),
            proxy("https:").then("\": tunnel connection failed").joined(),
            proxy("https:").then(": forbidden").joined(),
            proxy("https:").then(": bad gateway").joined(),
            proxy("https:").then(": service unavailable").joined(),
            proxy("https:").then(": gateway timeout").joined(),
            proxy("https:").then(": internal server error").joined(),
            proxy("https:").then(": method not allowed").joined(),
            proxy("https:").then(": bad request").joined(),
            proxy("https:").then(": moved permanently").joined(),
            proxy("https:").then(": request timeout").joined(),
            proxy("https:").then(": network error").joined(),
            proxy("https:").then(": authenticationrequired").joined(),
            proxy("https:").then(": tunnel connection failed").joined(),
        ],
        yields_to: &[],
        yes: &[
            "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": proxyconnect tcp: dial tcp 10.1.1.1:3128: connect: connection refused",
            "failed to do request: Head \"https://registry-1.docker.io/v2/library/nginx/manifests/latest\": Proxy Authentication Required",
            "failed to do request: Head \"https://registry-1.docker.io/v2/library/nginx/manifests/latest\": Service Unavailable",
        ],
        no: &["unexpected status from HEAD request to https://e503.lab/v2/a/b/manifests/v1: 503 Service Unavailable"],
        see: &["https://pkg.go.dev/net/http#ProxyFromEnvironment"],
        unseen: "",
    }
}
