//! What the failures of an incident have in common.

use super::*;

fn running_on(node: &str, name: &str, image: &str) -> Pod {
    on(node, pod(name, image, State::Running))
}

#[test]
fn all_on_one_node_while_the_image_runs_elsewhere() {
    let mut told = Told::default();
    told.apply(running_on("n2", "well", WEB), 0);
    told.apply(on("n1", pod("a", WEB, failing(&refused(WEB)))), 0);
    told.news(0);
    assert_eq!(told.factors(1), ["all on n1 (these images run on 1 other node)"]);
    told.apply(on("n3", pod("b", WEB, failing(&refused(WEB)))), 1);
    assert_eq!(told.factors(1), ["all of ReplicaSet shop/web-1"]);
}

#[test]
fn one_pod_on_one_node_says_nothing() {
    let mut told = Told::default();
    told.apply(on("n1", pod("a", WEB, failing(&refused(WEB)))), 0);
    told.news(0);
    assert_eq!(told.factors(1), [""; 0]);
}

#[test]
fn only_nodes_of_one_platform() {
    let mut told = Told::default();
    let platforms = [("n1", "linux/arm64"), ("n2", "linux/arm64"), ("n3", "linux/amd64")];
    told.board.platforms =
        platforms.map(|(node, it)| (node.to_owned(), it.to_owned())).into_iter().collect();
    told.apply(running_on("n3", "well", WEB), 0);
    for (name, node) in [("a", "n1"), ("b", "n2")] {
        told.apply(on(node, pod(name, WEB, failing(&no_platform(WEB)))), 0);
    }
    told.news(0);
    assert_eq!(told.factors(1)[0], "only linux/arm64 nodes");
    told.apply(on("n3", pod("c", WEB, failing(&no_platform(WEB)))), 1);
    assert_eq!(told.factors(1), ["all of ReplicaSet shop/web-1"], "it fails on both");
}

#[test]
fn an_image_that_runs_on_the_same_platform_does_not_blame_it() {
    let mut told = Told::default();
    let platforms = [("n1", "linux/arm64"), ("n2", "linux/arm64"), ("n3", "linux/amd64")];
    told.board.platforms =
        platforms.map(|(node, it)| (node.to_owned(), it.to_owned())).into_iter().collect();
    told.apply(running_on("n2", "well", WEB), 0);
    told.apply(running_on("n3", "better", WEB), 0);
    told.apply(on("n1", pod("a", WEB, failing(&refused(WEB)))), 0);
    told.news(0);
    assert_eq!(told.factors(1), ["all on n1 (these images run on 2 other nodes)"]);
}

#[test]
fn every_image_of_a_registry_until_one_is_pulled() {
    let mut told = Told::default();
    for (name, image) in [("a", "reg.io/web:v9"), ("b", "reg.io/api:v2"), ("c", "reg.io/db:v1")] {
        told.apply(on(&format!("node-{name}"), pod(name, image, failing(&refused(image)))), 10);
    }
    told.news(10);
    assert_eq!(told.factors(1)[0], "every image of reg.io");
    // An image that has been there says nothing about the registry.
    told.apply(pod("old", "reg.io/old:v1", creating()), 11);
    told.apply(pod("old", "reg.io/old:v1", State::Running), 12);
    assert_eq!(told.factors(1)[0], "every image of reg.io");
    told.apply(pod("c", "reg.io/db:v1", State::Running), 13);
    assert_eq!(told.factors(1), ["all of ReplicaSet shop/web-1"]);
}

#[test]
fn one_image_of_a_registry_is_not_every_image() {
    let mut told = Told::default();
    for name in ["a", "b"] {
        told.apply(on(name, pod(name, WEB, failing(&refused(WEB)))), 0);
    }
    told.news(0);
    assert_eq!(told.factors(1), ["all of ReplicaSet shop/web-1"]);
}

#[test]
fn one_namespace_of_several_workloads() {
    let mut told = Told::default();
    for (name, owner) in [("a", "web-1"), ("b", "api-1")] {
        told.apply(owned_by(owner, on(name, pod(name, WEB, failing(&refused(WEB))))), 0);
    }
    told.news(0);
    assert_eq!(told.factors(1), ["all in namespace shop"]);
    let elsewhere = within("bank", pod("c", WEB, failing(&refused(WEB))));
    told.apply(owned_by("web-1", on("c", elsewhere)), 1);
    assert_eq!(told.factors(1), [""; 0]);
}
