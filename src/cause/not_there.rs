//! Causes of the group not there: the image, or a part of it, does not exist.

use super::fix::{CHECK_NAME, fix};
use super::sign::{frame, local, server, status};
use super::{Group, Proof, Retry, causes};
use crate::registry::Kind;

causes! { Group::NotThere;
    MANIFEST_NOT_FOUND "manifest-not-found" {
        title: "no such tag or digest",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The registry answered that it has no image under this tag or digest. containerd \
               prints the same words when the whole repository is missing, so check the name before \
               the tag.",
        why: &[
            "the tag is misspelt, or was never pushed",
            "it was deleted, or a clean-up or expiry rule removed it",
            "the build that pushes it has not finished, or pushed it elsewhere",
            "the repository's name is wrong (some runtimes cannot tell)",
            "a mirror or pull-through cache does not have it",
        ],
        tell: &[
            "list the repository's tags: if that works, only the tag is wrong",
            "if another host than the image's own stands in the message, a mirror answered",
        ],
        fixes: &[
            fix("look which tags there are").run(&["skopeo list-tags 'docker://<registry>/<repository>'"]),
            fix("use a tag or digest that exists")
                .says("Change the image in the owner's pod template; a new image starts without back-off.")
                .run(&["kubectl set image '<workload>' --namespace '<namespace>' '<container>=<registry>/<repository>:<right-tag>'"]),
            fix("push the image that is missing").run(&["docker push '<image>'"]),
            fix("use the registry that Kubernetes images come from now")
                .says("k8s.gcr.io is frozen since 2023: newer tags exist on registry.k8s.io only.")
                .on(&[Kind::Kubernetes]),
            CHECK_NAME,
        ],
        signs: &[
            server("manifest unknown"),
            server("manifest_unknown"),
            server("manifest not found"),
            server("tag expired"),
            server("this repository does not use the \"latest\" tag"),
            server("tag has expired"),
            server("was deleted or has expired"),
            server("unknown tag"),
            server("unknown manifest name="),
            server("tag does not exist"),
            server("tag not found"),
            server("no such manifest"),
            server("could not find the manifest"),
            server("artifact").then("not found"),
            server("requested image not found"),
            server("failed to fetch").then("from request"),
            server("does not exist in the repository"),
            server("the manifest").then("does not exist"),
            server("repo").then("tag").then("not found"),
            server("no images found for the requested repository"),
            server("tag does not exist for"),
            server("image manifest does not exist"),
            server("could not be found at any host"),
            frame("manifest for").then("not found"),
            frame("manifest").then("not found").start(),
            frame("tag ").then("not found in repository"),
            frame("error: image").then("not found"),
            frame("failed to resolve image").then("not found"),
            frame("failed to resolve reference").then("not found"),
            frame("content at").then("/manifests/").then("not found"),
            frame("name: ").then("not found"),
            frame("not found").leaf(),
            frame("unknown: not found"),
            frame("does not exist").leaf(),
            status("http.statusnotfound"),
            status("404 not found"),
            status("404 (not found)"),
            status("404 page not found"),
            status("status code 404"),
            status("status code: 404"),
            status("http status: 404"),
            status("statuscode: 404"),
            status("http code 404").unless("no such image"),
            status("http 404"),
            status("status 404 trying to pull"),
        ],
        yields_to: &["repository-not-found"],
        yes: &[
            "rpc error: code = NotFound desc = failed to pull and unpack image \"open.lab:5014/nosuch/web:v1\": failed to resolve image: open.lab:5014/nosuch/web:v1: not found",
            "Error response from daemon: manifest for nginx:nope not found: manifest unknown: manifest unknown",
            "unable to pull image or OCI artifact: pull image err: initializing source docker://open.lab:5014/shop/web:v1.2.4: reading manifest v1.2.4 in open.lab:5014/shop/web: manifest unknown; artifact err: image reference: get manifest from ref: create image source: reading manifest v1.2.4 in open.lab:5014/shop/web: manifest unknown",
            "failed to copy: httpReadSeeker: failed open: content at https://open.lab:5014/v2/shop/web/manifests/sha256:f8d8 not found: not found",
            "unexpected status from HEAD request to https://harbor.example.com/v2/library/web/manifests/v9: 404 Not Found\nunknown: artifact library/web:v9 not found",
        ],
        no: &[
            "get image config descriptor: no match for platform in manifest sha256:0cc7: not found",
            "could not fetch content descriptor sha256:00 (application/vnd.oci.image.layer.v1.tar+gzip) from remote: not found",
            "Error: configmap \"nope\" not found",
        ],
        see: &["https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests"],
        unseen: "",
    }
    REPOSITORY_NOT_FOUND "repository-not-found" {
        title: "no such repository",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The registry says that the repository, or the project that it should be in, does not \
               exist.",
        why: &[
            "the repository's name is misspelt",
            "the image was pushed to another project, account, region or registry",
            "the repository must be created before the first push (ECR), or was deleted",
        ],
        tell: &["list what the registry has under that project or account"],
        fixes: &[
            fix("correct the image's name in the owner's pod template")
                .run(&["kubectl set image '<workload>' --namespace '<namespace>' '<container>=<registry>/<repository>:<right-tag>'"]),
            fix("create the repository and push the image")
                .says("Check the account's number and the region in the host's name first.")
                .run(&["aws ecr create-repository --repository-name '<repository>'"])
                .on(&[Kind::Ecr]),
            fix("create the project and push the image")
                .says("A Harbor image's name is host/project/repository.")
                .on(&[Kind::Harbor]),
            CHECK_NAME,
        ],
        signs: &[
            server("name unknown"),
            server("name_unknown"),
            server("repository name not known"),
            server("repository not known"),
            server("the repository with name").then("does not exist"),
            server("no such repository"),
            server("repository not found"),
            server("repository does not exist:"),
            server("unknown repository").leaf(),
            server("repo does not exist:"),
            server("repository").then("is not found"),
            server("project").then("not found").start(),
            server("project not found"),
            server("namespace not found"),
            server("repository does not exist").unless("or may require"),
            frame("repository").then("not found").unless("trying to pull repository"),
            frame("repository").then("does not exist").unless("or may require"),
        ],
        yields_to: &["access-denied-or-missing", "forbidden"],
        yes: &[
            "unable to pull image or OCI artifact: pull image err: initializing source docker://open.lab:5014/nosuch/web:v1: reading manifest v1 in open.lab:5014/nosuch/web: repository name not known to registry; artifact err: image reference: get manifest from ref: create image source: reading manifest v1 in open.lab:5014/nosuch/web: repository name not known to registry",
            "Error response from daemon: repository 1.dkr.ecr.us-east-1.amazonaws.com/app not found: name unknown: The repository with name 'app' does not exist in the registry with id '1'",
            "unexpected status from HEAD request to https://harbor.example.com/v2/nope/web/manifests/v1: 404 Not Found\nunknown: project nope not found",
        ],
        no: &["Error response from daemon: pull access denied for acme, repository does not exist or may require 'docker login'"],
        see: &["https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-create.html"],
        unseen: "",
    }
    PLATFORM_MISMATCH "platform-mismatch" {
        title: "the image has no variant for this node's platform",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The image exists, but its list of variants has none for the node's operating system \
               and architecture.",
        why: &[
            "the image was built for one architecture only, often on an arm64 laptop for amd64 nodes or the other way round",
            "the pod landed on a node of another architecture in a mixed cluster",
            "a Windows image does not fit the node's Windows version",
        ],
        tell: &[
            "compare the image's platforms with the node's: kubectl get node -o wide, label kubernetes.io/arch",
            "an image without a list of variants is pulled whatever its platform; its container then ends with \"exec format error\"",
        ],
        fixes: &[
            fix("look which platforms the image has").run(&["docker buildx imagetools inspect '<image>'"]),
            fix("build and push it for the node's platform too")
                .run(&["docker buildx build --platform linux/amd64,linux/arm64 --tag '<image>' --push ."]),
            fix("let the pod run only where the image fits")
                .says("Put nodeSelector kubernetes.io/arch (and kubernetes.io/os) into the owner's pod template.")
                .run(&["kubectl patch '<workload>' --namespace '<namespace>' --patch '{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{\"kubernetes.io/arch\":\"amd64\"}}}}}'"])
                .recreating(),
        ],
        signs: &[
            local("no match for platform"),
            local("no match for current platform"),
            local("no matching manifest for"),
            local("no image found in manifest list for"),
            local("no image found in image index for"),
            local("no child with platform"),
            local("cannot be used on this platform"),
            local("operating system is not supported"),
            local("cannot download image with operating system"),
            local("does not support platform"),
            local("does not match the detected host platform"),
            local("does not match the specified platform"),
            local("does not provide the specified platform"),
            local("does not provide any platform"),
            local("doesn't provide platform"),
            local("no matching platform"),
            local("no supported platform found"),
            local("no manifest found for platform"),
            local("could not find manifest for platform"),
            local("incompatible with the platform"),
            local("windows version").then("image is incompatible with"),
            local("choosing an image from manifest list").then("no image found"),
            local("error choosing image instance"),
            local("image operating system").then("cannot be used on"),
            local("image operating system mismatch"),
            local("image architecture mismatch"),
            local("unsupported operating system"),
            local("unsupported image operating system"),
            local("no images providing the requested platform"),
            local("requested platform"),
            local("cannot load windows image on"),
            local("cannot load linux image on"),
            local("the manifest list entries"),
        ],
        yields_to: &[],
        yes: &[
            "rpc error: code = NotFound desc = failed to pull and unpack image \"open.lab:5014/shop/web:arm-only\": no match for platform in manifest: not found",
            "rpc error: code = NotFound desc = get image config descriptor: no match for platform in manifest sha256:0cc7: not found",
            "unable to pull image or OCI artifact: pull image err: choosing an image from manifest list docker://open.lab:5014/shop/web:arm-only: no image found in image index for architecture \"amd64\", variant \"\", OS \"linux\"; artifact err: image reference: choose manifest instance: no image found in image index for architecture \"amd64\", variant \"\", OS \"linux\"",
            "no matching manifest for linux/arm64/v8 in the manifest list entries",
        ],
        no: &["exec /app: exec format error"],
        see: &["https://docs.docker.com/build/building/multi-platform/"],
        unseen: "",
    }
    BLOB_NOT_FOUND "blob-not-found" {
        title: "a part of the image is missing in the registry",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The manifest is there, but a layer or the configuration that it names is not: the \
               image in the registry is incomplete.",
        why: &[
            "a garbage collection in the registry removed layers that were still in use",
            "the push was cut short, or a copy between registries left something out",
            "a pull-through cache or a replica has the manifest and not yet the layers",
        ],
        tell: &["the same digest fails from every node, and from a laptop"],
        fixes: &[
            fix("push the image again")
                .says("From a machine that has all of it; skopeo and crane copy what is missing.")
                .run(&["skopeo copy --all 'docker://<good-source>' 'docker://<image>'"]),
            fix("check the registry's storage and its garbage collection")
                .says("In Harbor and distribution, do not collect while pushes run; in a cache, remove the artifact so that it is fetched anew."),
        ],
        signs: &[
            server("blob unknown"),
            server("blob_unknown"),
            server("unknown blob"),
            server("blob not found"),
            server("blobnotfound"),
            server("the specified blob does not exist"),
            server("manifest or blob unknown"),
            server("manifest_blob_unknown"),
            server("nosuchkey"),
            server("the specified key does not exist"),
            server("could not fetch content descriptor"),
            server("could not fetch content"),
            server("content at").then("/blobs/").then("not found"),
            server("fetching blob").then("404"),
            server("reading blob").then("404"),
            server("fetching layer").then("404"),
            server("downloading layer").then("404"),
            server("/blobs/").then("404 not found"),
            server("error pulling image configuration").then("404"),
            server("error pulling image configuration").then("not found"),
        ],
        yields_to: &[],
        yes: &[
            "rpc error: code = NotFound desc = failed to pull and unpack image \"open.lab:5014/shop/web:missing-layer\": failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:0000 (application/vnd.oci.image.layer.v1.tar+gzip) from remote: not found",
            "unable to pull image or OCI artifact: pull image err: reading blob sha256:0000: fetching blob: blob unknown to registry; artifact err: image reference: reference is a container image, not an OCI artifact",
        ],
        no: &["failed to copy: httpReadSeeker: failed open: content at https://open.lab:5014/v2/shop/web/manifests/sha256:f8d8 not found: not found"],
        see: &["https://distribution.github.io/distribution/about/garbage-collection/"],
        unseen: "",
    }
}
