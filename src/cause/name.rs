//! Causes of the group name: what stands in the field `image`.

use super::fix::fix;
use super::sign::{frame, local, server};
use super::{Group, Proof, Retry, causes};

causes! { Group::Name;
    INVALID_REFERENCE "invalid-reference" {
        title: "the image's name is not valid",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The text in the field image is not an image reference, so no registry was asked.",
        why: &[
            "it starts with https:// or docker://; a reference has no scheme",
            "it has upper-case letters in the repository's name",
            "a template left a gap: an empty tag after the colon, a space, an unfilled ${VARIABLE}",
            "it has two tags, or two slashes in a row",
        ],
        tell: &["the form is [host[:port]/]path[:tag][@sha256:digest], the path in lower case"],
        fixes: &[
            fix("write a valid reference into the owner's pod template")
                .run(&["kubectl set image '<workload>' --namespace '<namespace>' '<container>=<registry>/<repository>:<right-tag>'"]),
            fix("look at what the template really produced")
                .run(&["kubectl get pod '<pod>' --namespace '<namespace>' -o jsonpath='{range .spec.containers[*]}{.image}{\"\\n\"}{end}'"]),
        ],
        signs: &[
            local("invalid reference format"),
            local("invalid reference").leaf(),
            local("couldn't parse image"),
            local("could not parse image"),
            local("failed to parse image reference"),
            local("failed to parse image name"),
            local("unable to parse image"),
            frame("error parsing image name"),
            local("failed to apply default image tag"),
            local("invalidimagename"),
            local("repository name must be lowercase"),
            local("must be lowercase").unless("admission webhook"),
            local("invalid repository name"),
            local("invalid image name"),
            local("invalid image reference"),
            local("invalid tag format").unless("key=value"),
            local("illegal tag name"),
            local("invalid namespace name"),
            local("invalid repo name: missing"),
            local("repository name component must match"),
            local("tag name can't be empty"),
            local("repository name can't be empty"),
            local("does not start with //"),
            local("invalid tag name"),
            local("invalid checksum digest").unless("in header not a valid digest"),
            local("unsupported digest algorithm"),
            local("could not parse reference"),
            local("repository can only contain the characters"),
            local("is not a valid repository/tag"),
            local("references with both a tag and digest are currently not supported"),
            local("object required").leaf(),
            local("hostname required").leaf(),
            local("is an empty reference"),
            local("repository name must"),
            local("cannot specify 64-byte hexadecimal strings"),
            local("is not a named reference"),
            local("must specify a tag name after the colon"),
            local("can only contain the characters"),
            local("characters in length"),
            local("a repository name must be specified"),
            local("a digest must contain exactly one"),
            local("must be valid rfc 3986"),
            local("invalid name reference"),
            server("name_invalid"),
            server("tag_invalid"),
            frame("name invalid"),
            local("parse \"dummy://"),
            local("has neither a tag nor a digest"),
            local("image has been referred to by id"),
            local("strict validation requires"),
            local("base name (").then("should not be blank"),
            local("is not a proper image name"),
            local("invalid digest format"),
            server("nested repositories are not supported"),
            local("image name cannot be empty"),
            local("illegal image reference"),
            local("reference missing tag and digest"),
            local("should not include url scheme"),
            local("should not include a tag; remove"),
            local("failed to parse docker image"),
            local("repository name cannot contain a scheme"),
            local("invalid index name (").then("cannot begin or end with a hyphen"),
            local("digest missing from image reference"),
            local("is not a valid docker image name"),
            local("is not a valid tag, digest, repository or registry"),
            local("docker image name must be fully qualified"),
            local("is not a valid docker tag"),
            local("registry url, tag is required"),
            local("image ref syntax"),
            local("registry image format"),
            local("alibabacloud_image_invalid"),
            local("error parsing image reference"),
        ],
        yields_to: &[],
        yes: &[
            "Failed to apply default image tag \"https://open.lab:5014/shop/web:v1\": couldn't parse image name \"https://open.lab:5014/shop/web:v1\": invalid reference format",
            "Error: InvalidImageName",
            "Failed to apply default image tag \"Shop/Web\": couldn't parse image name \"Shop/Web\": invalid reference format: repository name (Shop/Web) must be lowercase",
        ],
        no: &["Failed to inspect image \"\": rpc error: code = Unknown desc = short name mode is enforcing, but image name web:v1 returns ambiguous list"],
        see: &["https://kubernetes.io/docs/concepts/containers/images/#image-names"],
        unseen: "",
    }
    SHORT_NAME_UNRESOLVED "short-name-unresolved" {
        title: "a short name that the node cannot complete",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "The image is written without a registry, and the node's runtime (CRI-O, podman) has \
               no single registry to look in: none is configured, or several are and it may not \
               guess.",
        why: &[
            "CRI-O 1.34 and newer refuse a short name that several registries could serve",
            "registries.conf on the node has no unqualified-search-registries",
            "the same manifest worked with containerd or Docker, where a short name means docker.io",
        ],
        tell: &["the name in the pod has no dot and no port before its first slash"],
        fixes: &[
            fix("write the name with its registry")
                .says("For an image of Docker Hub that is docker.io/library/nginx for nginx, docker.io/acme/app for acme/app.")
                .run(&["kubectl set image '<workload>' --namespace '<namespace>' '<container>=docker.io/<repository>:<tag>'"]),
            fix("give the node one registry for short names, or an alias")
                .says("In /etc/containers/registries.conf, unqualified-search-registries with one entry, or [aliases]. It must be done on every node."),
        ],
        signs: &[
            local("short-name"),
            local("short name mode"),
            local("short name resolution"),
            local("did not resolve to an alias"),
            local("unqualified-search registries").unless("using unqualified-search registries"),
            local("unqualified search registries"),
            local("is a short name and no search registries"),
            local("no registries configured while trying to pull an unqualified image"),
            local("returns ambiguous list"),
            local("prompt without a tty"),
            local("short-name alias"),
            local("artifact \"").then("must be a fully-qualified reference"),
        ],
        yields_to: &[],
        yes: &[
            "Failed to inspect image \"\": rpc error: code = Unknown desc = short name mode is enforcing, but image name web:v1 returns ambiguous list",
            "short-name \"web\" did not resolve to an alias and no unqualified-search registries are defined in \"/etc/containers/registries.conf\"",
        ],
        no: &["Failed to inspect image \"\": rpc error: code = Unknown desc = layer not known"],
        see: &["https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md"],
        unseen: "",
    }
    NEVER_PULL "never-pull" {
        title: "the pull policy is Never, and the image is not on the node",
        retry: Retry::Permanent,
        proof: Proof::Words,
        since: "0.1.0",
        says: "imagePullPolicy is Never, so the kubelet may use only what is on its node already, \
               and this image is not. Kubelets that verify credentials (the default from 1.35) say \
               the same when it is there but this pod's credentials do not cover it.",
        why: &[
            "the image was built or loaded on another machine, or into another runtime on this one",
            "the image's name or tag differs from the one that was loaded",
            "the node is new, or its image garbage collection removed it",
        ],
        tell: &["crictl images on the node shows what the kubelet can see"],
        fixes: &[
            fix("load the image into the node's runtime")
                .says("minikube and kind keep their own store, apart from the laptop's Docker.")
                .run(&["kind load docker-image '<image>'", "minikube image load '<image>'"]),
            fix("let the kubelet pull it")
                .says("IfNotPresent uses what is there and pulls what is not.")
                .run(&["kubectl patch '<workload>' --namespace '<namespace>' --patch '{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"<container>\",\"imagePullPolicy\":\"IfNotPresent\"}]}}}}'"])
                .recreating(),
        ],
        signs: &[
            local("is not present with pull policy of never"),
            local("pull policy of never"),
            local("errimageneverpull"),
            local("pull policy is \"").then("could not be found locally"),
            local("pull policy 'never' is set"),
            local("image not available: \""),
            local("pull mode 'never' is set"),
            local("with specified policies [never]"),
            local("cannot find image with name").then("pull=never"),
            local("not found locally and pull is disabled"),
        ],
        yields_to: &[],
        yes: &["Container image \"open.lab:5014/shop/never:v1\" is not present with pull policy of Never", "Error: ErrImageNeverPull"],
        no: &["Container image \"open.lab:5014/shop/web:v1\" already present on machine"],
        see: &["https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy"],
        unseen: "",
    }
}
