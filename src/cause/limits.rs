//! Causes of the group limits: rates and quotas.

use super::fix::{DOCKER_HUB_TOKEN, fix};
use super::sign::{local, server, status};
use super::{Group, Proof, Retry, causes};
use crate::registry::Kind;

causes! { Group::Limits;
    RATE_LIMITED "rate-limited" {
        title: "the registry limits the rate of pulls",
        retry: Retry::Transient,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The registry answered 429: too many requests in too short a time from this address \
               or account. The kubelet's own retries often get through later.",
        why: &[
            "anonymous pulls from Docker Hub share one limit per IP address (100 in six hours), and all nodes behind one NAT share the address",
            "a free Docker account has a limit of its own (200 in six hours)",
            "many nodes pull the same image at once: a rollout, a scale-up, a DaemonSet",
            "imagePullPolicy Always asks for the manifest at every start",
        ],
        tell: &["the words name the limit: \"unauthenticated pull rate limit\" means that no login was sent"],
        fixes: &[
            fix("wait, or spread the pulls")
                .says("It heals by itself when the window has passed. A fixed tag with imagePullPolicy IfNotPresent spares most requests."),
            DOCKER_HUB_TOKEN,
            fix("pull through a cache or mirror of your own")
                .says("Harbor proxy cache, ECR pull-through cache, Artifact Registry remote repositories, or containerd's hosts.toml with a mirror such as mirror.gcr.io."),
            fix("authenticate pulls from ECR Public")
                .says("Anonymous pulls share a limit per address; any AWS account raises it.")
                .run(&["kubectl create secret docker-registry ecr-public --namespace '<namespace>' --docker-server=public.ecr.aws --docker-username=AWS --docker-password=\"$(aws ecr-public get-login-password --region us-east-1)\""])
                .on(&[Kind::EcrPublic]),
        ],
        signs: &[
            server("toomanyrequests"),
            server("too many requests"),
            server("too_many_request"),
            server("too many request to registry"),
            server("pull rate limit"),
            server("rate limit exceeded"),
            server("rate limit has been"),
            server("rate limiting"),
            server("rate limited"),
            server("rate exceeded"),
            server("request limit exceeded"),
            server("requests per minute"),
            server("slowdown"),
            server("slow down").leaf(),
            server("throttlingexception"),
            server("error parsing http 429"),
            status("status code 429"),
            status("status 429 trying to pull"),
            status("status code: 429"),
            status("http status: 429"),
            status("statuscode: 429"),
            status("http code 429"),
            status("http 429"),
            status("429").leaf(),
            server("too many 429 error responses"),
        ],
        yields_to: &["quota-exceeded"],
        yes: &[
            "failed to pull and unpack image \"docker.io/library/nginx:1.27\": failed to resolve image: unexpected status from HEAD request to https://registry-1.docker.io/v2/library/nginx/manifests/1.27: 429 Too Many Requests",
            "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
            "unable to pull image or OCI artifact: pull image err: initializing source docker://rate.lab:5006/a/b:v1: pinging container registry rate.lab:5006: toomanyrequests: You have reached your pull rate limit.; artifact err: image reference: get manifest from ref: create image source: too many requests to registry",
        ],
        no: &["Failed to pull image \"nginx\": pull QPS exceeded", "toomanyrequests: Data limit exceeded"],
        see: &["https://docs.docker.com/docker-hub/usage/", "https://docs.aws.amazon.com/AmazonECR/latest/public/public-service-quotas.html"],
        unseen: "",
    }
    KUBELET_THROTTLED "kubelet-throttled" {
        title: "the kubelet limits its own pulls",
        retry: Retry::Transient,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The kubelet starts only so many pulls a second (registryPullQPS, 5 by default, with \
               bursts of 10), and this one was over. No registry was asked. The next attempt comes \
               after the usual back-off.",
        why: &["many pods landed on the node at once", "registryPullQPS is set very low"],
        tell: &["it comes in bursts on one node, and heals by itself"],
        fixes: &[
            fix("wait for the next attempt").says("It is a matter of seconds to minutes."),
            fix("raise the limit in the kubelet's configuration")
                .says("registryPullQPS and registryBurst in the KubeletConfiguration; 0 turns the limit off. The kubelet must be restarted."),
        ],
        signs: &[local("pull qps exceeded"), local("qps exceeded").leaf()],
        yields_to: &[],
        yes: &["Failed to pull image \"nginx\": pull QPS exceeded"],
        no: &["429 Too Many Requests"],
        see: &["https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/"],
        unseen: "",
    }
    QUOTA_EXCEEDED "quota-exceeded" {
        title: "a quota of the registry is used up",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The account's storage, data transfer or budget at the registry is used up, or its \
               billing is off. Waiting helps only where the quota is renewed.",
        why: &[
            "the month's data transfer or bandwidth is used up",
            "the namespace's storage quota is exceeded",
            "billing is disabled for the project, or a payment failed",
        ],
        tell: &["the registry's console shows the quota; the words often name it"],
        fixes: &[
            fix("raise the quota or settle the account in the registry's console"),
            fix("free storage in the registry").says("Delete old tags, then let the registry collect its garbage."),
            fix("pull through a cache of your own").says("Then each image leaves the registry once."),
        ],
        signs: &[
            server("quota has been exceeded").unless("per minute"),
            server("quota exceeded").unless("per minute"),
            server("exceeded quota").unless("pods"),
            server("quota is exceeded"),
            server("quota is not enough"),
            server("traffic quota"),
            server("over quota"),
            server("data limit exceeded"),
            server("data transfer limit"),
            server("transfer quota"),
            server("storage quota"),
            server("storage limit"),
            server("bandwidth limit"),
            server("bandwidth quota"),
            server("bandwidth exceeded"),
            server("exceeded your").then("quota"),
            server("billing"),
            server("billing-related"),
            server("userprojectaccountproblem"),
            server("userprojectmissing"),
            server("payment required"),
            server("will exceed the configured upper limit"),
            server("budget has been exceeded"),
            status("status code 402"),
            server("not enough quota available to process the request"),
            server("pull traffic limit"),
            server("repositories, limit is"),
            server("allowance has been used up"),
            local("pull traffic quota"),
            local("datastore disk space is too high"),
        ],
        yields_to: &[],
        yes: &[
            "Error response from daemon: denied: Quota has been exceeded on namespace",
            "toomanyrequests: Data limit exceeded",
            "denied: This API method requires billing to be enabled. Please enable billing on project #acme",
        ],
        no: &["Error creating: pods \"web-1\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=10, limited: pods=10"],
        see: &["https://docs.quay.io/", "https://docs.aws.amazon.com/AmazonECR/latest/public/public-service-quotas.html"],
        unseen: "",
    }
}
