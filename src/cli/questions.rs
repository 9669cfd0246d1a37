//! Asks a cluster what the diagnosis leaves open, until nothing is.

use std::collections::BTreeSet;

use crate::diagnose;
use crate::facts::{Facts, ObjectName, Unseen};
use crate::question::Question;
use crate::source::cluster::Cluster;

/// How often the diagnosis may come back with more questions. The longest chain is pod, replica set,
/// deployment, its owner; secrets go alongside.
const ROUNDS: usize = 6;

/// Asks about some of the pods in the facts, and puts the answers there.
pub(super) async fn ask(
    cluster: &Cluster,
    facts: &mut Facts,
    own_namespace_only: bool,
    which: impl Fn(&ObjectName) -> bool,
) {
    for _ in 0..ROUNDS {
        let questions = open(facts, own_namespace_only, &which);
        if questions.is_empty() {
            break;
        }
        cluster.answer(&questions, facts).await;
    }
}

/// Enters into the facts that the user did not wait for the answers.
pub(super) fn leave_open(
    facts: &mut Facts,
    own_namespace_only: bool,
    which: impl Fn(&ObjectName) -> bool,
) {
    for _ in 0..ROUNDS {
        for question in open(facts, own_namespace_only, &which) {
            question.leave_open(Unseen::Interrupted, facts);
        }
    }
}

/// What is open and may be asked.
fn open(
    facts: &mut Facts,
    own_namespace_only: bool,
    which: impl Fn(&ObjectName) -> bool,
) -> BTreeSet<Question> {
    let mut questions = diagnose::questions_about(facts, which);
    if own_namespace_only && questions.remove(&Question::PullSecretsElsewhere) {
        facts.secrets_elsewhere = Some(Err(Unseen::NotAsked));
    }
    questions
}
