//! The catalogue as a whole: every cause keeps the promises that the others rely on.

use std::collections::{BTreeMap, BTreeSet};

use pulldoctor::cause::{self, Group, Proof, Where};
use pulldoctor::message;

/// Every example is its cause's and no other's, and none of what is not.
#[test]
fn examples() {
    let mut wrong = Vec::new();
    for cause in cause::all() {
        for example in cause.yes {
            let got = message::read(example).cause.code;
            if got != cause.code {
                wrong.push(format!("{} came out as {got}: {example}", cause.code));
            }
        }
        for example in cause.no {
            if message::read(example).cause == cause {
                wrong.push(format!("{} must not be: {example}", cause.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A sign proves its cause when its words stand alone, or the cause it yields to: so no sign is
/// dead, and a phrase that cannot be found shows here.
#[test]
fn signs_are_alive() {
    let mut wrong = Vec::new();
    for cause in cause::all() {
        for sign in cause.signs {
            let phrases: Vec<_> = sign.phrases.iter().filter(|phrase| !phrase.is_empty()).collect();
            let between = if sign.place == Where::Joined { "r.io/v2/" } else { " " };
            let mut text =
                phrases.iter().map(|phrase| phrase.trim()).collect::<Vec<_>>().join(between);
            // Some phrases end where more must follow, or begin inside a link.
            if text.ends_with([':', '-', '.', '"', '/']) {
                text.push_str(" x");
            }
            let got = message::read(&text).cause;
            if got != cause && !cause.yields_to.contains(&got.code) {
                wrong.push(format!("{} came out as {}: {text:?}", cause.code, got.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn codes_are_unique_and_kebab_case() {
    let codes: Vec<_> = cause::all().map(|cause| cause.code).collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    for code in &codes {
        let kebab = code.split('-').all(|word| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        assert!(kebab, "{code}");
        assert_eq!(cause::by_code(code).map(|cause| cause.code), Some(*code));
    }
    // A code that vanishes or changes breaks scripts: this must show in review.
    insta::assert_snapshot!(codes.join("\n"));
}

#[test]
fn every_cause_says_enough() {
    for cause in cause::all() {
        let code = cause.code;
        assert!(!cause.title.is_empty() && !cause.title.ends_with('.'), "{code}");
        assert!(cause.title.chars().next().is_some_and(|c| !c.is_uppercase()), "{code}");
        assert!(cause.says.ends_with('.'), "{code}");
        let whys = if cause.group == Group::Root { 1 } else { 2 };
        assert!(cause.why.len() >= whys, "{code}: whys");
        assert!(!cause.tell.is_empty(), "{code}: how to tell");
        assert!(!cause.fixes.is_empty(), "{code}: fixes");
        assert!(!cause.see.is_empty(), "{code}: links");
        assert!(cause.see.iter().all(|link| link.starts_with("https://")), "{code}: links");
        let by_words = cause.proof != Proof::Objects;
        assert_eq!(by_words, !cause.yes.is_empty(), "{code}: examples");
        assert!(!by_words || !cause.no.is_empty(), "{code}: counter-examples");
        assert!(by_words || cause.signs.is_empty(), "{code}: signs without words");
    }
}

#[test]
fn every_cause_is_in_the_corpus_or_says_why_not() {
    #[derive(serde::Deserialize)]
    struct Line {
        cause: String,
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/messages/corpus.jsonl");
    let corpus: BTreeSet<String> = std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Line>(line).unwrap().cause)
        .collect();
    for cause in cause::all() {
        assert_eq!(corpus.contains(cause.code), cause.unseen.is_empty(), "{}", cause.code);
    }
    let strangers: Vec<_> = corpus.iter().filter(|code| cause::by_code(code).is_none()).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn yielding_ends() {
    let yields: BTreeMap<&str, &[&str]> =
        cause::all().map(|cause| (cause.code, cause.yields_to)).collect();
    for (code, to) in &yields {
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = to.to_vec();
        while let Some(one) = next.pop() {
            let further =
                yields.get(one).unwrap_or_else(|| panic!("{code} yields to no cause {one}"));
            if reached.insert(one) {
                next.extend(*further);
            }
        }
        assert!(!reached.contains(code), "{code} yields to itself");
    }
}

/// Commands can be pasted: quotes are closed, placeholders are quoted, nothing looks like a real
/// credential, and nothing turns certificate checks off.
#[test]
fn commands_can_be_pasted() {
    for cause in cause::all() {
        for fix in cause.fixes {
            assert!(!fix.title.ends_with('.'), "{}: {}", cause.code, fix.title);
            for command in fix.commands {
                assert!(!command.contains('\n'), "{command}");
                let mut quote = None;
                for c in command.chars() {
                    match (quote, c) {
                        (None, '\'' | '"') => quote = Some(c),
                        (Some(open), c) if open == c => quote = None,
                        (None, '<') => panic!("a bare placeholder redirects: {command}"),
                        _ => {}
                    }
                }
                assert!(quote.is_none(), "an open quote: {command}");
                for word in ["insecure", "skip-tls", "tls-verify=false"] {
                    assert!(!command.contains(word), "{command}");
                }
            }
        }
    }
}

#[test]
fn placeholders_are_filled_as_one_word() {
    let value = |name: &str| (name == "pod").then(|| "it's".to_owned());
    assert_eq!(
        cause::fill("get '<pod>' '<other>' < x", true, value),
        r"get 'it'\''s' '<other>' < x"
    );
    assert_eq!(cause::fill("the pod <pod>.", false, value), "the pod it's.");
}
