//! Causes of the group policy: somebody's rules forbid the pull.

use super::fix::fix;
use super::sign::{admission, frame, local, server};
use super::{Group, Proof, Retry, causes};
use crate::registry::Kind;

causes! { Group::Policy;
    SIGNATURE_REJECTED "signature-rejected" {
        title: "the image's signature is not accepted",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "A policy demands a signature, and the image has none that satisfies it. The policy is \
               on the node (policy.json, an image verifier) or in the registry (Harbor's content \
               trust).",
        why: &[
            "the image was never signed, or signed under another name or digest",
            "it was signed with a key or identity that the policy does not name",
            "the image was copied to another registry without its signature",
            "the policy rejects the whole registry (type reject)",
        ],
        tell: &["cosign verify with the policy's key says what is missing"],
        fixes: &[
            fix("sign the image as the policy wants it").run(&["cosign sign --key '<key>' '<registry>/<repository>@<digest>'"]),
            fix("copy the signature with the image").run(&["cosign copy '<source-image>' '<image>'"]),
            fix("correct the policy, if it is the policy that is wrong")
                .says("/etc/containers/policy.json on the node; on OpenShift ClusterImagePolicy and ImagePolicy; in Harbor the project's deployment security."),
            fix("sign the image, or change the project's deployment security").on(&[Kind::Harbor]),
        ],
        signs: &[
            local("signaturevalidationfailed"),
            local("signature validation failed"),
            local("source image rejected"),
            local("a signature was required"),
            local("is rejected by policy"),
            local("are rejected by policy"),
            local("none of the signatures were accepted"),
            local("cryptographic signature verification failed"),
            local("signature verification failed"),
            local("signature verify failed"),
            local("signatures do not satisf"),
            local("signature for identity"),
            local("no public keys imported"),
            local("rekorset"),
            local("missing dev.sigstore.cosign/bundle"),
            local("invalid gpg signature"),
            local("image verifier").then("blocked pull"),
            local("blocking pull of"),
            local("no matching signatures"),
            local("no signatures found"),
            local("image is not signed"),
            frame("image signature"),
            local("not signed by cosign"),
            local("not signed by notation"),
            local("not signed in notary"),
            local("remote trust data does not exist"),
            local("no trust data for"),
            frame("content trust"),
            local("failed to verify signature"),
            local("image policy rejected"),
            local("signature for digest"),
            frame("verifying signatures"),
            local("invalid signature format"),
            local("unrecognized signature format"),
            local("unsupported signature format"),
            server("manifest failed signature verification"),
            server("manifest_unverified"),
            frame("failed to verify image"),
        ],
        yields_to: &[],
        yes: &[
            "SignatureValidationFailed: unable to pull image or OCI artifact: pull image err: Source image rejected: A signature was required, but no signature exists; artifact err: image reference: reference is a container image, not an OCI artifact",
            "image verifier bindir blocked pull of docker.io/acme/app:1 with digest sha256:aa for reason: verifier cosign rejected image (exit code 1): no signatures",
            "unexpected status from HEAD request to https://harbor.example.com/v2/p/a/manifests/1: 412 Precondition Failed\nunknown: The image is not signed by cosign.",
        ],
        no: &["reading signatures: downloading signatures for sha256:aa: Get \"https://quay.io/v2/\": dial tcp 1.2.3.4:443: i/o timeout"],
        see: &["https://github.com/containers/image/blob/main/docs/containers-policy.json.5.md", "https://github.com/containerd/containerd/blob/main/docs/image-verification.md"],
        unseen: "",
    }
    REGISTRY_BLOCKED "registry-blocked" {
        title: "this registry may not be used from here",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The node's configuration blocks this registry, or the registry's firewall does not let \
               the node's address in.",
        why: &[
            "registries.conf on the node has blocked = true for it (on OpenShift, allowed or blocked registries in image.config.openshift.io/cluster)",
            "the registry's firewall does not list the address by which the node reaches it",
            "the registry serves only its private endpoint, and the node came by the public one",
        ],
        tell: &["the words name the file, or the client's address as the registry saw it"],
        fixes: &[
            fix("allow the registry in the nodes' configuration, if it should be")
                .says("registries.conf, or allowedRegistries and blockedRegistries of image.config.openshift.io/cluster."),
            fix("copy the image to a registry that is allowed").run(&["skopeo copy --all 'docker://<image>' 'docker://<allowed-registry>/<repository>:<tag>'"]),
            fix("let the nodes' outbound address in, or use a private endpoint")
                .says("The address stands in the message; behind a NAT it is the NAT's.")
                .run(&["az acr network-rule add --name '<acr-name>' --ip-address '<node-address>'"])
                .on(&[Kind::Acr]),
        ],
        signs: &[
            local("is blocked in"),
            local("is blocked by policy"),
            local("registry").then("is blocked"),
            local("blocked registry"),
            local("because it's blocked"),
            local("registry is not allowed"),
            local("registry not allowed"),
            server("client with ip").then("is not allowed access"),
            server("is not allowed access"),
            server("ip address is not allowed"),
            server("ip is not allowed"),
            server("request is not allowed by the firewall"),
            server("//aka.ms/acr/firewall"),
            server("vpc service controls"),
            server("request is prohibited by organization"),
            server("unavailable for legal reasons"),
            server("not available in your country"),
            server("not available in your region"),
            server("export restrictions"),
            server("trade sanctions"),
            server("since docker is a us company"),
        ],
        yields_to: &[],
        yes: &[
            "registry example.com is blocked in /etc/containers/registries.conf or /etc/containers/registries.conf.d",
            "denied: client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
        ],
        no: &["unexpected status from HEAD request to https://acme.azurecr.io/v2/app/manifests/1: 403 Forbidden"],
        see: &["https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks", "https://docs.openshift.com/container-platform/latest/openshift_images/image-configuration.html"],
        unseen: "",
    }
    IMAGE_POLICY_BLOCKED "image-policy-blocked" {
        title: "a policy forbids this image",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The registry or the cluster has the image and may not hand it out: a vulnerability \
               gate, a download rule, or an admission policy on where images come from.",
        why: &[
            "the image has vulnerabilities above the project's limit, or was not scanned yet",
            "Xray, Nexus Firewall or a similar gate blocks this version",
            "an admission policy (Gatekeeper, Kyverno, OpenShift) does not allow this registry or tag",
        ],
        tell: &["the words name the rule; who owns it can say what satisfies it"],
        fixes: &[
            fix("use a version of the image that passes the rule").says("Rebuild it on an updated base, and scan it."),
            fix("ask the owner of the rule for an exception"),
            fix("scan the image, or put its vulnerabilities on the project's allow list")
                .says("Project, Configuration: Prevent vulnerable images from running, and the CVE allow list.")
                .on(&[Kind::Harbor]),
            fix("look at the artifact's violations in Xray").on(&[Kind::Artifactory]),
            fix("look at the component in the Repository Firewall's report").on(&[Kind::Nexus]),
        ],
        signs: &[
            server("cannot be pulled due to configured policy"),
            server("without vulnerability scanning cannot be pulled"),
            server("prevent images with vulnerability severity"),
            server("prevent vulnerable images from running"),
            server("projectpolicyviolation"),
            server("project_policy_violation"),
            server("download blocking policy"),
            server("download request rejected"),
            server("was not downloaded due to"),
            server("blocked by xray"),
            server("xray").then("block"),
            server("quarantine"),
            server("vulnerability").then("policy"),
            server("vulnerabilities").then("policy"),
            admission("admission webhook").then("denied the request").then("registry").unless("exception"),
            admission("admission webhook").then("denied the request").then("registries").unless("exception"),
            admission("admission webhook").then("denied the request").then("repo").unless("exception"),
            admission("admission webhook").then("denied the request").then("image").unless("exception"),
            admission("admission webhook").then("denied the request").then("images").unless("exception"),
            server("is not from an approved registry"),
            server("has an invalid image repo"),
            server("prohibited by policy"),
            server("images from").then("not allowed"),
            server("image").then("is not allowed by policy"),
            server("denied by policy"),
            server("policy violation"),
            server("does not match project repository filter"),
            server("blocked by").then("policy"),
            server("forbidden by policy"),
            server("images rejected by"),
            admission("by imagepolicywebhook"),
            admission("image policy webhook"),
            admission("validatingadmissionpolicy").then("denied request").then("image"),
            admission("validatingadmissionpolicy").then("denied request").then("images"),
            admission("validatingadmissionpolicy").then("denied request").then("registry"),
            admission("validatingadmissionpolicy").then("denied request").then("registries"),
            admission("validatingadmissionpolicy").then("denied request").then("repo"),
        ],
        yields_to: &["signature-rejected"],
        yes: &[
            "unexpected status from HEAD request to https://harbor.example.com/v2/p/a/manifests/1: 412 Precondition Failed\nunknown: current image with 7 vulnerabilities cannot be pulled due to configured policy in 'Prevent images with vulnerability severity of \"High\" or higher from running.' To continue with pull, please contact your project administrator for help.",
            "pull access denied for repo.example.com/redis, repository does not exist or may require 'docker login': denied: Artifact download request rejected: library/redis/manifest.json was not downloaded due to the download blocking policy configured in Xray for docker-hub-cache.",
        ],
        no: &["unknown: The image is not signed by notation."],
        see: &["https://goharbor.io/docs/latest/working-with-projects/project-configuration/"],
        unseen: "",
    }
    CREDENTIAL_VERIFICATION_FAILED "credential-verification-failed" {
        title: "this pod may not use the image that is on the node",
        retry: Retry::Permanent,
        proof: Proof::Objects,
        since: "0.1.0",
        says: "The image is on the node already, pulled with somebody else's credentials, and this \
               pod has none that the kubelet could verify for it (KEP-2535, on by default from \
               1.35). The kubelet has no words of its own for that: it pulls again and fails as any \
               pull without credentials, or says that the image is not present under policy Never.",
        why: &[
            "the pod has no pull secret, and lived on the image that another pod had brought",
            "the pod's pull secret is another one than the image was pulled with, and the registry does not accept it",
        ],
        tell: &["other pods run the same image on the same node, and the kubelet is 1.35 or newer"],
        fixes: &[
            super::fix::CREATE_PULL_SECRET,
            fix("exempt images that come with the node")
                .says("imagePullCredentialsVerificationPolicy and preloadedImagesVerificationAllowlist in the KubeletConfiguration."),
        ],
        signs: &[],
        yields_to: &[],
        yes: &[],
        no: &["Container image \"open.lab:5014/shop/never:v1\" is not present with pull policy of Never"],
        see: &["https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/2535-ensure-secret-pulled-images"],
        unseen: "no kubelet up to 1.36 prints any text for it; it can only be inferred",
    }
}
