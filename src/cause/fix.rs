//! Fixes: what mends a cause, as templates.
//!
//! Every placeholder in a command stands inside single quotes, so that an unfilled one is harmless
//! to paste (`<tag>` outside quotes would be a redirection) and a filled one is one word.

use crate::registry::Kind;

/// A fix as the catalogue words it; `diagnose::fix` fills in the placeholders.
///
/// Placeholders, in `says` and in `commands`: `<namespace>`, `<pod>`, `<container>`, `<node>`,
/// `<image>`, `<registry>` (as the image names it), `<repository>`, `<tag>`, `<service-account>`,
/// `<workload>` (the pods' owner, `deployment/web`); of the host that failed to answer, which may be
/// another than the registry: `<host>`, `<port>`, `<endpoint>` (both, as in a URL) and `<address>` (the
/// IP address dialled). Anything else in angle brackets (`<password>`) is for the reader to fill in.
#[derive(Debug)]
pub struct Fix {
    /// An imperative phrase.
    pub title: &'static str,
    /// A sentence or two; may be empty.
    pub says: &'static str,
    /// Commands to paste; may be empty.
    pub commands: &'static [&'static str],
    /// The registries it is for; empty for all.
    pub on: &'static [Kind],
    /// Whether pods must be created anew for it to work.
    pub recreates_pods: bool,
}

/// A fix, to be filled in by the methods below.
pub(super) const fn fix(title: &'static str) -> Fix {
    Fix { title, says: "", commands: &[], on: &[], recreates_pods: false }
}

impl Fix {
    /// What there is to say about it.
    pub(super) const fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    /// The commands that do it.
    pub(super) const fn run(self, commands: &'static [&'static str]) -> Self {
        Self { commands, ..self }
    }

    /// The registries it is for.
    pub(super) const fn on(self, on: &'static [Kind]) -> Self {
        Self { on, ..self }
    }

    /// It works for new pods only.
    pub(super) const fn recreating(self) -> Self {
        Self { recreates_pods: true, ..self }
    }
}

/// Fills the placeholders of a command or a sentence with what `value` knows, by their names
/// without brackets. What it does not know stays for the reader.
///
/// Placeholders stand inside single quotes in commands, so a value's own single quotes are written
/// as the shell wants them when `command` is true.
pub fn fill(template: &str, command: bool, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let filled = rest.find('>').and_then(|close| Some((value(&rest[1..close])?, close)));
        if let Some((value, close)) = filled {
            if command {
                out.push_str(&value.replace('\'', r"'\''"));
            } else {
                out.push_str(&value);
            }
            rest = &rest[close + 1..];
        } else {
            out.push('<');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// Create the secret that the pods will refer to.
pub(super) const CREATE_PULL_SECRET: Fix = fix("create a pull secret and let the pods use it")
    .says(
        "A pull secret serves only pods of its own namespace, and only pods that refer to it: in \
         spec.imagePullSecrets, or through their service account (the patch replaces the account's \
         list, so name the secrets it already has as well). Pods that exist already do not change: \
         delete them, and their owner makes new ones.",
    )
    .run(&[
        "kubectl create secret docker-registry regcred --namespace '<namespace>' \
         --docker-server='<registry>' --docker-username='<username>' \
         --docker-password='<password>'",
        "kubectl patch serviceaccount '<service-account>' --namespace '<namespace>' \
         --patch '{\"imagePullSecrets\":[{\"name\":\"regcred\"}]}'",
        "kubectl delete pod '<pod>' --namespace '<namespace>'",
    ])
    .recreating();

/// Write a new password into a secret that exists.
pub(super) const RENEW_PULL_SECRET: Fix = fix("put a working credential into the pull secret")
    .says(
        "The kubelet uses the new content at its next attempt; the pods need not be created anew. \
         Deleting them only spares the wait of up to five minutes.",
    )
    .run(&["kubectl create secret docker-registry '<secret>' --namespace '<namespace>' \
         --docker-server='<registry>' --docker-username='<username>' \
         --docker-password='<password>' --dry-run=client -o yaml | kubectl apply -f -"]);

/// Look whether the name is right before anything else is changed.
pub(super) const CHECK_NAME: Fix = fix("check the image's name, from a machine that may pull it")
    .says("A name without a registry means docker.io, and one without an owner docker.io/library.")
    .run(&["docker manifest inspect '<image>'"]);

/// The same pull, on the node itself.
pub(super) const TRY_ON_NODE: Fix = fix("try the pull on the node itself")
    .says(
        "The runtime pulls with the node's network, DNS, proxy and certificates, not with those of \
         a pod.",
    )
    .run(&["kubectl debug 'node/<node>' -it --profile=sysadmin --image=busybox -- \
         chroot /host crictl pull '<image>'"]);

/// Docker Hub: an account and a token.
pub(super) const DOCKER_HUB_TOKEN: Fix = fix("use a Docker Hub access token")
    .says(
        "Make a personal or organisation access token with read access and use it as the password. \
         The server in the secret must be https://index.docker.io/v1/ (or docker.io): a key \
         hub.docker.com or registry-1.docker.io never matches.",
    )
    .run(&["kubectl create secret docker-registry dockerhub --namespace '<namespace>' \
         --docker-server=https://index.docker.io/v1/ --docker-username='<username>' \
         --docker-password='<access-token>'"])
    .on(&[Kind::DockerHub])
    .recreating();

/// ECR: tokens live for 12 hours, so let the nodes fetch them.
pub(super) const ECR_NODE_ROLE: Fix = fix("let the nodes pull from ECR with their own role")
    .says(
        "ECR passwords live for 12 hours, so a pull secret made by hand stops working. On EKS the \
         kubelet's credential provider fetches one for each pull: give the node's IAM role the \
         policy AmazonEC2ContainerRegistryPullOnly, and for a repository of another account allow \
         the role in that repository's policy.",
    )
    .run(&["aws iam attach-role-policy --role-name '<node-role>' \
         --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"])
    .on(&[Kind::Ecr]);

/// ECR: a secret for the next 12 hours.
pub(super) const ECR_NEW_TOKEN: Fix = fix("put a fresh ECR token into the pull secret")
    .says("It lasts 12 hours. Renew it by a CronJob, or better let the nodes' role do it.")
    .run(&["kubectl create secret docker-registry '<secret>' --namespace '<namespace>' \
         --docker-server='<registry>' --docker-username=AWS \
         --docker-password=\"$(aws ecr get-login-password)\" \
         --dry-run=client -o yaml | kubectl apply -f -"])
    .on(&[Kind::Ecr]);

/// Artifact Registry: the node's service account.
pub(super) const GAR_READER: Fix = fix("let the nodes' service account read the repository")
    .says(
        "On GKE the nodes pull as their service account; it needs roles/artifactregistry.reader on \
         the repository (also for gcr.io, which Artifact Registry serves now). A node pool made \
         without the scope storage-ro or cloud-platform cannot use the role.",
    )
    .run(&["gcloud artifacts repositories add-iam-policy-binding '<gar-repository>' \
         --project='<project>' --location='<location>' \
         --member='serviceAccount:<node-service-account>' --role=roles/artifactregistry.reader"])
    .on(&[Kind::ArtifactRegistry]);

/// Artifact Registry from elsewhere: a key.
pub(super) const GAR_KEY: Fix = fix("use a service account's key from outside Google Cloud")
    .says("The user name is the literal _json_key; the password is the whole key file.")
    .run(&["kubectl create secret docker-registry gar --namespace '<namespace>' \
         --docker-server='<registry>' --docker-username=_json_key \
         --docker-password=\"$(cat '<key-file>')\""])
    .on(&[Kind::ArtifactRegistry])
    .recreating();

/// ACR: attach it to the cluster.
pub(super) const ACR_ATTACH: Fix = fix("attach the registry to the AKS cluster")
    .says(
        "It gives the kubelet's managed identity the role AcrPull (Container Registry Repository \
         Reader where the registry uses ABAC). It takes effect within minutes.",
    )
    .run(&[
        "az aks update --name '<cluster>' --resource-group '<resource-group>' \
         --attach-acr '<acr-name>'",
        "az aks check-acr --name '<cluster>' --resource-group '<resource-group>' --acr '<registry>'",
    ])
    .on(&[Kind::Acr]);

/// ACR: tokens with scope maps.
pub(super) const ACR_SCOPE_MAP: Fix = fix("give the token's scope map the repository")
    .says(
        "A repository-scoped token reads only what its scope map names, with content/read and \
         metadata/read.",
    )
    .run(&["az acr scope-map update --registry '<acr-name>' --name '<scope-map>' \
         --add-repository '<repository>' content/read metadata/read"])
    .on(&[Kind::Acr]);

/// GHCR: tokens and packages.
pub(super) const GHCR_TOKEN: Fix = fix("use a GitHub token that may read the package")
    .says(
        "ghcr.io takes classic personal access tokens with the scope read:packages, not fine-grained \
         ones; where the organisation uses SSO the token must be authorised for it. The package's \
         own settings must give the user or the repository access.",
    )
    .run(&[
        "kubectl create secret docker-registry ghcr --namespace '<namespace>' \
         --docker-server=ghcr.io --docker-username='<github-user>' \
         --docker-password='<classic-token>'",
    ])
    .on(&[Kind::Ghcr])
    .recreating();

/// GHCR: a public image needs no token, and a stale one breaks it.
pub(super) const GHCR_STALE: Fix = fix("take a stale GitHub credential out of the way")
    .says(
        "For a public image ghcr.io asks for no login, yet refuses a token that has expired or was \
         revoked, and the kubelet does not try again without one. Renew the secret, or remove its \
         reference from the pod and its service account; look in the node's own files as well \
         (/var/lib/kubelet/config.json).",
    )
    .run(&["kubectl get serviceaccount '<service-account>' --namespace '<namespace>' \
         -o jsonpath='{.imagePullSecrets}'"])
    .on(&[Kind::Ghcr])
    .recreating();

/// GitLab: a deploy token.
pub(super) const GITLAB_TOKEN: Fix = fix("use a GitLab deploy token")
    .says(
        "Make a deploy token with the scope read_registry in the project or its group. A CI job \
         token ends with its job, and a personal password fails where two-factor login is on.",
    )
    .run(&["kubectl create secret docker-registry gitlab --namespace '<namespace>' \
         --docker-server='<registry>' --docker-username='<deploy-token-user>' \
         --docker-password='<deploy-token>'"])
    .on(&[Kind::GitLab])
    .recreating();

/// Quay: a robot account.
pub(super) const QUAY_ROBOT: Fix = fix("use a Quay robot account")
    .says(
        "Make a robot account, give it read on the repository (or make it a member of a team that \
         has it), and use its full name, with the organisation and the plus sign.",
    )
    .run(&["kubectl create secret docker-registry quay --namespace '<namespace>' \
         --docker-server='<registry>' --docker-username='<organisation>+<robot>' \
         --docker-password='<robot-token>'"])
    .on(&[Kind::Quay])
    .recreating();

/// Harbor: robot accounts have a dollar sign.
pub(super) const HARBOR_ROBOT: Fix = fix("use a Harbor robot account, its name in single quotes")
    .says(
        "A robot's name has a dollar sign (robot$project+name). Without single quotes the shell \
         replaces what follows it with nothing, and the secret holds a name that does not exist. \
         Robots expire, and need the permission to pull in that project.",
    )
    .run(&["kubectl create secret docker-registry harbor --namespace '<namespace>' \
         --docker-server='<registry>' --docker-username='robot$<project>+<robot>' \
         --docker-password='<robot-token>'"])
    .on(&[Kind::Harbor])
    .recreating();

/// Artifactory.
pub(super) const ARTIFACTORY_TOKEN: Fix = fix("use an Artifactory identity token")
    .says(
        "The user needs Read on the repository behind the name, and for a virtual repository also \
         on the local or remote one that it draws from. Where the repository is a path \
         (host/repo/image) and not a host of its own, it is a part of the image's name.",
    )
    .run(&["kubectl create secret docker-registry artifactory --namespace '<namespace>' \
         --docker-server='<registry>' --docker-username='<username>' \
         --docker-password='<identity-token>'"])
    .on(&[Kind::Artifactory])
    .recreating();

/// Nexus.
pub(super) const NEXUS_REALM: Fix = fix("log in to the Nexus repository's own connector")
    .says(
        "The host and port must be those of the repository's (or the group's) Docker connector. For \
         pulls without login both Anonymous Access and the Docker Bearer Token Realm must be on, and \
         the repository must allow anonymous pull.",
    )
    .run(&[
        "kubectl create secret docker-registry nexus --namespace '<namespace>' \
         --docker-server='<registry>' --docker-username='<username>' \
         --docker-password='<password>'",
    ])
    .on(&[Kind::Nexus])
    .recreating();

/// Red Hat: a registry service account.
pub(super) const RED_HAT_ACCOUNT: Fix = fix("use a Red Hat registry service account")
    .says(
        "registry.redhat.io wants a login even for images that cost nothing. Make a registry service \
         account in the customer portal and download its secret, or use the cluster's pull secret.",
    )
    .run(&["kubectl apply --namespace '<namespace>' -f '<downloaded-secret.yaml>'"])
    .on(&[Kind::RedHat])
    .recreating();

/// The registry inside an `OpenShift` cluster.
pub(super) const OPENSHIFT_PULLER: Fix = fix("let the service account pull from the other project")
    .says("Images of the internal registry belong to projects; pulling across them takes a role.")
    .run(&["oc policy add-role-to-user system:image-puller \
         'system:serviceaccount:<namespace>:<service-account>' --namespace='<image-project>'"])
    .on(&[Kind::OpenShift]);

/// Plain distribution and whatever else has no name.
pub(super) const CHECK_LOGIN: Fix = fix("check the credential where it cannot be misread")
    .says(
        "Ask the registry for this very manifest with the same user and password: 200 means that the \
         credential is good and the secret or its reference is at fault, 401 that it is wrong, 403 \
         or 404 that it may not see the repository. A registry that answers Bearer sends you to a \
         token server first; crane or skopeo follow it.",
    )
    .run(&["skopeo inspect --creds '<username>:<password>' 'docker://<image>'"])
    .on(&[Kind::Other]);
