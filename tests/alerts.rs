//! docs/alerts.md says what is true: its rules name metrics, labels and values that the program has,
//! and its table is the program's own.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::path::Path;

use pulldoctor::cause;
use pulldoctor::report::metrics::METRICS;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    groups: Vec<RuleGroup>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleGroup {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    alert: String,
    expr: String,
    #[serde(default, rename = "for")]
    lasts: Option<String>,
    #[serde(default)]
    keep_firing_for: Option<String>,
    labels: Labels,
    annotations: Annotations,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    severity: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotations {
    summary: String,
    #[serde(default)]
    description: String,
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.md");
    std::fs::read_to_string(path).unwrap()
}

fn rules() -> Vec<Rule> {
    let page = page();
    let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let (rules, others): (Vec<_>, Vec<_>) = blocks.partition(|block| block.starts_with("groups:"));
    for other in others {
        let scrape: Value = serde_saphyr::from_str(other).unwrap();
        assert_eq!(scrape["scrape_configs"][0]["honor_labels"], true, "{other}");
    }
    let [yaml] = rules.try_into().unwrap();
    let mut file: RuleFile = serde_saphyr::from_str(yaml).unwrap();
    assert_eq!(file.groups.len(), 1);
    let group = file.groups.remove(0);
    assert_eq!(group.name, "pulldoctor");
    group.rules
}

/// All first groups of a pattern.
fn found<'a>(pattern: &str, text: &'a str) -> Vec<&'a str> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

/// What is wrong with the names in an expression; the labels that its result has.
fn check(expr: &str) -> Result<BTreeSet<String>, String> {
    if expr.matches('(').count() != expr.matches(')').count() {
        return Err("brackets".to_owned());
    }
    let mut labels = BTreeSet::new();
    let names = found(r"\b(pulldoctor\w*)", expr);
    if names.is_empty() {
        return Err("no metric".to_owned());
    }
    for name in names {
        let metric = METRICS.iter().find(|metric| metric.sample() == name);
        let metric = metric.ok_or_else(|| format!("there is no {name}"))?;
        labels.extend(metric.labels.iter().map(ToString::to_string));
    }
    for matcher in found(r"\{([^}]*)\}", expr) {
        for condition in matcher.split(',') {
            let (label, value) = condition.split_once('=').ok_or("no matcher")?;
            if !labels.contains(label) {
                return Err(format!("no label {label}"));
            }
            for value in value.trim_start_matches('~').trim_matches('"').split('|') {
                let is_known = match label {
                    "cause" => cause::by_code(value)
                        .is_some_and(|cause| cause.proof != cause::Proof::Objects),
                    "retry" => ["permanent", "transient", "unclear"].contains(&value),
                    "sense" => ["pods", "events"].contains(&value),
                    "state" => ["pulled", "pending", "failing"].contains(&value),
                    _ => false,
                };
                if !is_known {
                    return Err(format!("{label} is never {value}"));
                }
            }
        }
    }
    let by = found(r"\bby \(([^)]*)\)", expr);
    let kept: BTreeSet<String> =
        by.iter().flat_map(|by| by.split(", ")).map(str::to_owned).collect();
    if let Some(wrong) = kept.iter().find(|label| !labels.contains(*label)) {
        return Err(format!("no label {wrong} to keep"));
    }
    Ok(if expr.starts_with("sum") { kept } else { labels })
}

#[test]
fn the_rules_name_what_the_program_has() {
    let rules = rules();
    assert!(rules.len() >= 6, "{} rules", rules.len());
    let duration = Regex::new("^[0-9]+m$").unwrap();
    for rule in &rules {
        let Rule { alert, expr, annotations, .. } = rule;
        let labels = check(expr).unwrap_or_else(|wrong| panic!("{alert}: {wrong}"));
        let texts = format!("{} {}", annotations.summary, annotations.description);
        for label in found(r"\$labels\.(\w+)", &texts) {
            assert!(labels.contains(label), "{alert}: the result has no {label}");
        }
        assert!(["warning", "critical"].contains(&rule.labels.severity.as_str()), "{alert}");
        for time in [&rule.lasts, &rule.keep_firing_for].into_iter().flatten() {
            assert!(duration.is_match(time), "{alert}: {time}");
        }
    }
    let names: BTreeSet<&str> = rules.iter().map(|rule| rule.alert.as_str()).collect();
    let page = page();
    let explained: BTreeSet<&str> = found(r"(?m)^\| `([A-Z]\w+)` \|", &page).into_iter().collect();
    assert_eq!(names, explained, "each alert is explained, and no other");
}

#[test]
fn the_check_of_the_rules_finds_what_is_wrong() {
    for (expr, wrong) in [
        ("sum by (x) (pulldoctor_failing_containers) > 0", "no label x to keep"),
        ("pulldoctor_failing_container > 0", "there is no pulldoctor_failing_container"),
        ("pulldoctor_classifications > 0", "there is no pulldoctor_classifications"),
        ("pulldoctor_blind{sense=\"nodes\"} == 1", "sense is never nodes"),
        ("pulldoctor_blind{cause=\"unknown\"} == 1", "no label cause"),
        ("pulldoctor_failing_containers{cause=~\"unknown|x\"} > 0", "cause is never x"),
        // Words never prove it, so no series ever has it.
        ("pulldoctor_incidents{cause=\"no-pull-secret\"} > 0", "cause is never no-pull-secret"),
        ("sum(pulldoctor_pods", "brackets"),
        ("up == 0", "no metric"),
    ] {
        assert_eq!(check(expr), Err(wrong.to_owned()), "{expr}");
    }
}

#[test]
fn the_table_of_metrics_is_the_programs() {
    let page = page();
    let rows: Vec<String> = METRICS
        .iter()
        .map(|metric| {
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let labels = labels.join(", ");
            let space = if labels.is_empty() { "" } else { " " };
            format!("| `{}` | {labels}{space}| {} |", metric.sample(), metric.help)
        })
        .collect();
    let written: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| `pulldoctor_")).collect();
    assert_eq!(written, rows);
}
