//! The cases of distribution/reference's own tests (`reference_test.go`, `normalize_test.go`), and
//! what this parser says beyond them.

use super::*;

const HEX: &str = "86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa";

fn parse(written: &str) -> ImageReference {
    ImageReference::parse(written).unwrap_or_else(|why| panic!("{written}: {why}"))
}

/// Written, registry, repository, and the familiar name.
#[test]
fn names_normalise() {
    for (written, registry, repository, familiar) in [
        ("nginx", "docker.io", "library/nginx", "nginx"),
        ("library/nginx", "docker.io", "library/nginx", "nginx"),
        ("docker.io/nginx", "docker.io", "library/nginx", "nginx"),
        ("index.docker.io/nginx", "docker.io", "library/nginx", "nginx"),
        ("index.docker.io/library/nginx", "docker.io", "library/nginx", "nginx"),
        ("index.docker.io/fooo/bar", "docker.io", "fooo/bar", "fooo/bar"),
        ("registry-1.docker.io/a/b", "registry-1.docker.io", "a/b", "registry-1.docker.io/a/b"),
        ("docker.io/library/foo/bar", "docker.io", "library/foo/bar", "library/foo/bar"),
        ("store/foo/bar", "docker.io", "store/foo/bar", "store/foo/bar"),
        ("other/library", "docker.io", "other/library", "other/library"),
        ("ubuntu-12.04-base", "docker.io", "library/ubuntu-12.04-base", "ubuntu-12.04-base"),
        ("test.com", "docker.io", "library/test.com", "test.com"),
        ("test_com/foo", "docker.io", "test_com/foo", "test_com/foo"),
        ("test.com/foo", "test.com", "foo", "test.com/foo"),
        ("test-com:8080/foo", "test-com:8080", "foo", "test-com:8080/foo"),
        ("test:5000/repo", "test:5000", "repo", "test:5000/repo"),
        ("localhost/fooo", "localhost", "fooo", "localhost/fooo"),
        ("localhost/fooo/bar", "localhost", "fooo/bar", "localhost/fooo/bar"),
        ("LOCALDOMAIN/fooo/bar", "LOCALDOMAIN", "fooo/bar", "LOCALDOMAIN/fooo/bar"),
        ("Foo/bar", "Foo", "bar", "Foo/bar"),
        (
            "127.0.0.1:8000/privatebase",
            "127.0.0.1:8000",
            "privatebase",
            "127.0.0.1:8000/privatebase",
        ),
        ("192.168.0.1", "docker.io", "library/192.168.0.1", "192.168.0.1"),
        ("[::1]:5000/foo", "[::1]:5000", "foo", "[::1]:5000/foo"),
        (
            "[fc00::1]:5000/docker/docker",
            "[fc00::1]:5000",
            "docker/docker",
            "[fc00::1]:5000/docker/docker",
        ),
        ("[2001:db8::1]/repo", "[2001:db8::1]", "repo", "[2001:db8::1]/repo"),
        ("xn--n3h.com:18080/foo", "xn--n3h.com:18080", "foo", "xn--n3h.com:18080/foo"),
        ("docker---rules/docker", "docker.io", "docker---rules/docker", "docker---rules/docker"),
        ("dock__er/docker", "docker.io", "dock__er/docker", "dock__er/docker"),
        (
            "sub-dom1.foo.com/bar/baz/quux",
            "sub-dom1.foo.com",
            "bar/baz/quux",
            "sub-dom1.foo.com/bar/baz/quux",
        ),
        ("my_reg.local/app", "my_reg.local", "app", "my_reg.local/app"),
        ("a/b/c", "docker.io", "a/b/c", "a/b/c"),
    ] {
        let image = parse(written);
        assert_eq!(image.registry(), registry, "{written}");
        assert_eq!(image.repository(), repository, "{written}");
        assert_eq!(image.familiar(), familiar, "{written}");
        assert_eq!(image.tag(), Some("latest"), "{written}");
        assert_eq!(image.written_tag(), None, "{written}");
    }
}

#[test]
fn tags_and_digests() {
    let both = format!("gcr.io/library/busybox:1.36@sha256:{HEX}");
    for (written, display, tag, written_tag) in [
        ("busybox:1.36", "docker.io/library/busybox:1.36".to_owned(), Some("1.36"), Some("1.36")),
        (
            "192.168.1.1:5000",
            "docker.io/library/192.168.1.1:5000".to_owned(),
            Some("5000"),
            Some("5000"),
        ),
        (
            "lowercase:Uppercase",
            "docker.io/library/lowercase:Uppercase".to_owned(),
            Some("Uppercase"),
            Some("Uppercase"),
        ),
        ("test:5000/repo:tag", "test:5000/repo:tag".to_owned(), Some("tag"), Some("tag")),
        ("[::1]:5000/repo:_t", "[::1]:5000/repo:_t".to_owned(), Some("_t"), Some("_t")),
        ("registry:5000", "docker.io/library/registry:5000".to_owned(), Some("5000"), Some("5000")),
        (&both, format!("gcr.io/library/busybox@sha256:{HEX}"), None, Some("1.36")),
    ] {
        let image = parse(written);
        assert_eq!(image.to_string(), display);
        assert_eq!(image.tag(), tag, "{written}");
        assert_eq!(image.written_tag(), written_tag, "{written}");
        let again = parse(&display);
        assert_eq!(again.to_string(), display, "normalising is idempotent");
    }
    assert_eq!(parse(&both).digest(), Some(format!("sha256:{HEX}").as_str()));
    assert_eq!(parse(&both).familiar(), format!("gcr.io/library/busybox@sha256:{HEX}"));
}

#[test]
fn the_pull_host_of_docker_hub_is_not_its_name() {
    assert_eq!(parse("nginx").pull_host(), "registry-1.docker.io");
    assert_eq!(parse("quay.io/a/b").pull_host(), "quay.io");
}

/// Written, the flaw, the suggestion.
#[test]
fn refusals_say_why() {
    let identifier = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a";
    let long = format!("docker.io/{}/docker", "a".repeat(256));
    let mib = format!("repo:{}", "t".repeat(129));
    let short = "repo@sha256:ffffffffffffffffffffffffffffffffff".to_owned();
    let md5 = format!("repo@md5:{}", "f".repeat(32));
    let shouted = format!("repo@sha256:{}", HEX.to_uppercase());
    let twice = format!("repo@sha256:{HEX}@sha256:{HEX}");
    let own = |text: &str| text.to_owned();
    for (written, flaw, suggestion) in [
        ("", Flaw::Empty, None),
        (" nginx", Flaw::WhiteSpace, Some("nginx")),
        ("nginx:1.27\n", Flaw::WhiteSpace, Some("nginx:1.27")),
        ("nginx :1.27", Flaw::WhiteSpace, None),
        ("{{ .Values.image }}", Flaw::Template(own("{{ .Values.image }}")), None),
        ("repo:{{ .Values.tag }}", Flaw::Template(own("{{ .Values.tag }}")), None),
        ("$IMAGE", Flaw::Template(own("$IMAGE")), None),
        ("reg.io/app:$TAG-x", Flaw::Template(own("$TAG")), None),
        ("reg.io/app:${TAG}", Flaw::Template(own("${TAG}")), None),
        ("$(REGISTRY)/app", Flaw::Template(own("$(REGISTRY)")), None),
        ("<account>.dkr.ecr.eu.amazonaws.com/app", Flaw::Template(own("<account>")), None),
        ("a$", Flaw::Template(own("$")), None),
        ("\"nginx\"", Flaw::Quoted, Some("nginx")),
        ("my_reg.local:5000/app", Flaw::Registry(own("my_reg.local:5000")), None),
        ("https://ghcr.io/Org/App/", Flaw::Scheme(own("https://")), Some("ghcr.io/org/app")),
        ("https://reg.io/app:1", Flaw::Scheme(own("https://")), Some("reg.io/app:1")),
        ("docker://nginx", Flaw::Scheme(own("docker://")), Some("nginx")),
        (
            "https://github.com/docker/docker",
            Flaw::Scheme(own("https://")),
            Some("github.com/docker/docker"),
        ),
        (identifier, Flaw::BareIdentifier, None),
        ("docker/Docker", Flaw::Uppercase(own("docker/Docker")), Some("docker/docker")),
        ("Uppercase:tag", Flaw::Uppercase(own("Uppercase")), Some("uppercase:tag")),
        ("ghcr.io/Org/App:V1", Flaw::Uppercase(own("Org/App")), Some("ghcr.io/org/app:V1")),
        (
            "test:5000/Uppercase/lowercase:tag",
            Flaw::Uppercase(own("Uppercase/lowercase")),
            Some("test:5000/uppercase/lowercase:tag"),
        ),
        ("docker/", Flaw::TrailingSlash, Some("docker")),
        ("reg.io/app/", Flaw::TrailingSlash, Some("reg.io/app")),
        ("reg.io/", Flaw::NoRepository, None),
        ("docker///docker", Flaw::EmptyComponent, Some("docker/docker")),
        ("/nginx", Flaw::EmptyComponent, Some("nginx")),
        ("-foo", Flaw::Component(own("-foo")), None),
        ("-docker/docker", Flaw::Component(own("-docker")), None),
        ("docker-/docker", Flaw::Component(own("docker-")), None),
        ("dock..er/docker", Flaw::Registry(own("dock..er")), None),
        ("dock_.er/docker", Flaw::Registry(own("dock_.er")), None),
        ("dock___er/docker", Flaw::Component(own("dock___er")), None),
        ("____/____", Flaw::Component(own("____")), None),
        ("aa/asdf~^/aa", Flaw::Component(own("asdf~^")), None),
        ("caf\u{e9}", Flaw::Component(own("caf\u{e9}")), None),
        ("-docker.io/docker/docker", Flaw::Registry(own("-docker.io")), None),
        ("[fc00::1", Flaw::Component(own("[fc00")), None),
        ("[fe80::1%eth0]:5000/repo", Flaw::Registry(own("[fe80::1%eth0]:5000")), None),
        (
            "[2001:db8:3:4::192.0.2.33]:5000/debian",
            Flaw::Registry(own("[2001:db8:3:4::192.0.2.33]:5000")),
            None,
        ),
        ("fc00::1:5000/debian", Flaw::Registry(own("fc00::1:5000")), None),
        ("reg.io:/app", Flaw::Registry(own("reg.io:")), None),
        ("reg.io:port/app", Flaw::Registry(own("reg.io:port")), None),
        ("nginx:", Flaw::EmptyTag, Some("nginx")),
        ("nginx:1.27:1.28", Flaw::TwoTags, None),
        ("reg.io/app:1/sub", Flaw::TagBeforePath(own("1/sub")), None),
        ("nginx:-rc", Flaw::Tag(own("-rc")), None),
        ("nginx:v1+build", Flaw::Tag(own("v1+build")), None),
        (&mib, Flaw::Tag("t".repeat(129)), None),
        (&long, Flaw::TooLong(256 + 7), None),
        (&short, Flaw::DigestLength { expected: 64, found: 34 }, None),
        (&md5, Flaw::DigestAlgorithm(own("md5")), None),
        (&twice, Flaw::TwoDigests, None),
        ("repo@latest", Flaw::Digest(own("latest")), None),
    ] {
        let why = ImageReference::parse(written).expect_err(written);
        assert_eq!(why.flaw, flaw, "{written}");
        assert_eq!(why.suggestion.as_deref(), suggestion, "{written}");
        assert!(!why.to_string().is_empty());
    }
    let why = ImageReference::parse(&shouted).expect_err("upper-case digits");
    assert_eq!(why.suggestion, Some(format!("repo@sha256:{HEX}")));
}

#[test]
fn the_longest_repository_is_255() {
    parse(&format!("example.com/{}:tag", "a".repeat(255)));
    parse(&format!("docker.io/{}", "1a3f5e7d".repeat(8)));
}
