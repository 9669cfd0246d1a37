//! Root causes: what the cluster's objects prove about an access failure.
//!
//! They have no signs; `diagnose` reaches them. `pull-secret-missing` and `pull-secret-malformed`
//! are proven by words too, and stand with the group access.

use super::fix::{
    ACR_ATTACH, ACR_SCOPE_MAP, CREATE_PULL_SECRET, DOCKER_HUB_TOKEN, ECR_NEW_TOKEN, ECR_NODE_ROLE,
    GAR_READER, GHCR_TOKEN, GITLAB_TOKEN, HARBOR_ROBOT, OPENSHIFT_PULLER, QUAY_ROBOT,
    RENEW_PULL_SECRET, fix,
};
use super::{Fix, Group, Proof, Retry, causes};

/// Why no message can be a fixture for it.
const NO_WORDS: &str = "objects prove it, no words do";

/// Refer to a secret that exists.
const REFER: Fix = fix("refer to the secret")
    .says(
        "In the pod template of the pod's owner, or in its service account (the patch replaces the \
         account's list, so name the secrets it already has as well). Pods that exist already do \
         not change.",
    )
    .run(&[
        "kubectl patch '<workload>' --namespace '<namespace>' --patch '{\"spec\":{\"template\":{\"spec\":{\"imagePullSecrets\":[{\"name\":\"<secret>\"}]}}}}'",
        "kubectl patch serviceaccount '<service-account>' --namespace '<namespace>' --patch '{\"imagePullSecrets\":[{\"name\":\"<secret>\"}]}'",
    ])
    .recreating();

/// Make it anew: the type of a secret cannot be changed.
const RECREATE_SECRET: Fix = fix("create the secret anew with the right type")
    .says("A secret's type cannot be changed, so it is replaced. The kubelet reads it at its next attempt.")
    .run(&[
        "kubectl create secret docker-registry '<secret>' --namespace '<namespace>' --docker-server='<registry>' --docker-username='<username>' --docker-password='<password>' --dry-run=client -o yaml | kubectl replace --force -f -",
    ]);

causes! { Group::Root;
    NO_PULL_SECRET "no-pull-secret" {
        title: "the pod has no pull secret",
        retry: Retry::Permanent,
        proof: Proof::Objects,
        since: "0.1.0",
        says: "The pod refers to no pull secret, and its namespace has none that would serve this \
               image. If the node has no credentials of its own, the pull was anonymous.",
        why: &["the secret was never made in this namespace", "it was made in another namespace, and does not reach this one"],
        tell: &["kubectl get pod shows spec.imagePullSecrets; kubectl get secrets shows what there is"],
        fixes: &[CREATE_PULL_SECRET, ECR_NODE_ROLE, GAR_READER, ACR_ATTACH],
        signs: &[],
        yields_to: &[],
        yes: &[],
        no: &[],
        see: &["https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/"],
        unseen: NO_WORDS,
    }
    PULL_SECRET_NOT_REFERENCED "pull-secret-not-referenced" {
        title: "a fitting pull secret exists, and the pod does not refer to it",
        retry: Retry::Permanent,
        proof: Proof::Objects,
        since: "0.1.0",
        says: "A secret in the pod's namespace has an entry for this image's registry, but neither \
               the pod nor its service account, when the pod was made, named it. The kubelet uses \
               only secrets that the pod refers to.",
        why: &[
            "the secret was made, and the reference forgotten",
            "the pod runs under another service account than the one that names it",
            "a pod with a pull secret of its own gets none from its service account",
        ],
        tell: &["compare spec.imagePullSecrets of the pod with the secrets of its namespace"],
        fixes: &[REFER],
        signs: &[],
        yields_to: &[],
        yes: &[],
        no: &[],
        see: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account"],
        unseen: NO_WORDS,
    }
    PULL_SECRET_WRONG_TYPE "pull-secret-wrong-type" {
        title: "the pull secret has a type that the kubelet ignores",
        retry: Retry::Permanent,
        proof: Proof::Objects,
        since: "0.1.0",
        says: "The secret exists, but the kubelet reads only kubernetes.io/dockerconfigjson with the \
               key .dockerconfigjson, and kubernetes.io/dockercfg with the key .dockercfg. It passes \
               over everything else without a word.",
        why: &["the secret was made as generic (Opaque)", "the key has another name, such as config.json", "the data is empty"],
        tell: &["kubectl get secret shows the type"],
        fixes: &[RECREATE_SECRET],
        signs: &[],
        yields_to: &[],
        yes: &[],
        no: &[],
        see: &["https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets"],
        unseen: NO_WORDS,
    }
    PULL_SECRET_REGISTRY_MISMATCH "pull-secret-registry-mismatch" {
        title: "the pull secret is for another registry",
        retry: Retry::Permanent,
        proof: Proof::Objects,
        since: "0.1.0",
        says: "The secret parses, but none of its entries matches this image, by the kubelet's rules: \
               the same host, the same port text, and a path that the repository starts with.",
        why: &[
            "the entry has another port, or none (reg:443 and reg are two)",
            "for Docker Hub the entry is hub.docker.com or registry-1.docker.io",
            "the entry's path does not fit, or ends in /v1 without a slash",
            "the image moved to another registry, and the secret did not",
        ],
        tell: &["pulldoctor secret NAME --image IMAGE lists each entry and why it does not match"],
        fixes: &[
            fix("create the secret for the image's own registry")
                .run(&["kubectl create secret docker-registry '<secret>' --namespace '<namespace>' --docker-server='<registry>' --docker-username='<username>' --docker-password='<password>' --dry-run=client -o yaml | kubectl apply -f -"]),
            DOCKER_HUB_TOKEN,
        ],
        signs: &[],
        yields_to: &[],
        yes: &[],
        no: &[],
        see: &["https://kubernetes.io/docs/concepts/containers/images/#config-json"],
        unseen: NO_WORDS,
    }
    PULL_SECRET_EXPIRED "pull-secret-expired" {
        title: "the credential in the pull secret has expired",
        retry: Retry::Permanent,
        proof: Proof::Objects,
        since: "0.1.0",
        says: "The password in the secret is a token that carries its own end, and that has passed; \
               or it is an ECR password that is older than 12 hours.",
        why: &["nothing renews the secret", "the job that should renew it fails"],
        tell: &["pulldoctor secret NAME shows the expiry"],
        fixes: &[ECR_NODE_ROLE, ECR_NEW_TOKEN, RENEW_PULL_SECRET],
        signs: &[],
        yields_to: &[],
        yes: &[],
        no: &[],
        see: &["https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html"],
        unseen: NO_WORDS,
    }
    PULL_SECRET_REJECTED "pull-secret-rejected" {
        title: "the registry refuses the credential in the pull secret",
        retry: Retry::Permanent,
        proof: Proof::Objects,
        since: "0.1.0",
        says: "The pod's secret has an entry for this image, so its credential was sent, and the \
               registry did not accept it.",
        why: &["the password or token was changed, revoked or mistyped", "the account was removed or disabled", "the registry wants a token instead of a password"],
        tell: &["log in with exactly that user and password from elsewhere"],
        fixes: &[RENEW_PULL_SECRET, DOCKER_HUB_TOKEN, GHCR_TOKEN, GITLAB_TOKEN, QUAY_ROBOT, HARBOR_ROBOT],
        signs: &[],
        yields_to: &[],
        yes: &[],
        no: &[],
        see: &["https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/"],
        unseen: NO_WORDS,
    }
    PULL_SECRET_LACKS_PERMISSION "pull-secret-lacks-permission" {
        title: "the account in the pull secret may not read this repository",
        retry: Retry::Permanent,
        proof: Proof::Objects,
        since: "0.1.0",
        says: "The credential was accepted, and its account has no right to this repository; or the \
               repository does not exist, which many registries say in the same words.",
        why: &["the account is not a member of the project or team", "the token's scope does not hold this repository", "the repository's name is wrong"],
        tell: &["the same login can pull another repository"],
        fixes: &[
            fix("grant the account read on the repository, or use an account that has it"),
            ECR_NODE_ROLE, GAR_READER, ACR_SCOPE_MAP, GHCR_TOKEN, GITLAB_TOKEN, QUAY_ROBOT, OPENSHIFT_PULLER,
        ],
        signs: &[],
        yields_to: &[],
        yes: &[],
        no: &[],
        see: &["https://distribution.github.io/distribution/spec/auth/scope/"],
        unseen: NO_WORDS,
    }
    PULL_SECRET_ADDED_AFTER_POD "pull-secret-added-after-pod" {
        title: "the pod is older than the fix",
        retry: Retry::Permanent,
        proof: Proof::Objects,
        since: "0.1.0",
        says: "The service account names a fitting pull secret now, but it did not when this pod was \
               made. Only a pod's creation copies the names, so this pod will never have them.",
        why: &["the service account was mended, and the pods were not made anew"],
        tell: &["the pod's spec.imagePullSecrets is empty while its service account's is not"],
        fixes: &[
            fix("delete the pod, so that its owner makes a new one")
                .run(&["kubectl delete pod '<pod>' --namespace '<namespace>'"]).recreating(),
            fix("restart the whole workload")
                .run(&["kubectl rollout restart '<workload>' --namespace '<namespace>'"]).recreating(),
        ],
        signs: &[],
        yields_to: &[],
        yes: &[],
        no: &[],
        see: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account"],
        unseen: NO_WORDS,
    }
}
