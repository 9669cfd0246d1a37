//! `-o junit`: the XML that CI servers show as tests: a suite a namespace, a case a workload and
//! container.
//!
//! The form is what Jenkins, GitLab and the others read in common: `testsuites`, `testsuite`,
//! `testcase` with `failure` or `skipped`. Characters that XML 1.0 forbids are left out, as
//! registries do send them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::diagnose::{self, Diagnosis, Workload};
use crate::survey::{Member, Roster};

use super::overview::{misses_pods, verdict};
use super::{PendingWhat, Report};

/// Failing pods that are told of in one case; the rest is counted.
const TOLD: usize = 3;

/// How one case came out.
#[derive(Default)]
struct Case<'a> {
    failures: Vec<&'a Diagnosis>,
    /// Pods of which nothing is known yet.
    open: usize,
    image: &'a str,
}

/// Writes the report.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<&str, BTreeMap<Member, Case<'_>>> = BTreeMap::new();
    for (member, standing) in report.survey.roster.iter().flat_map(Roster::members) {
        let case = suites.entry(&member.namespace).or_default().entry(member.clone()).or_default();
        case.open = standing.pods - standing.pulled;
        case.image = &standing.image;
    }
    for diagnosis in report.findings.diagnoses() {
        let cases = suites.entry(&diagnosis.pod.namespace).or_default();
        let case = cases.entry(member(diagnosis)).or_default();
        case.image = &diagnosis.image.reference;
        case.failures.push(diagnosis);
    }

    let mut body = String::new();
    let (mut tests, mut failures) = (0, 0);
    for (namespace, cases) in &suites {
        let failed = cases.values().filter(|case| !case.failures.is_empty()).count();
        tests += cases.len();
        failures += failed;
        suite(report, namespace, cases, failed, &mut body);
    }
    tests += missing(report, &mut body);
    let errors = usize::from(report.is_interrupted);
    tests += errors;
    if report.is_interrupted {
        interrupted(report, &mut body);
    }
    let seconds = report.waited.as_ref().map_or(0, |waited| waited.seconds);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"pulldoctor\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
         time=\"{seconds}\">"
    )?;
    out.write_all(body.as_bytes())?;
    writeln!(out, "</testsuites>")
}

/// The case that a diagnosis belongs to.
fn member(diagnosis: &Diagnosis) -> Member {
    let pod = || Workload { kind: "Pod".to_owned(), name: diagnosis.pod.name.clone() };
    // A sandbox's image is no container's; the case has its name.
    let sandbox = || diagnose::kind_name(diagnosis.kind).to_owned();
    let volume = diagnosis.volume.clone().filter(|_| diagnosis.container.is_none());
    Member {
        namespace: diagnosis.pod.namespace.clone(),
        workload: diagnosis.owner.clone().unwrap_or_else(pod),
        container: diagnosis.container.clone().or(volume).unwrap_or_else(sandbox),
        kind: match diagnosis.kind {
            // The failure shows in the container that mounts the volume.
            crate::facts::PlaceKind::ImageVolume => crate::facts::PlaceKind::App,
            kind => kind,
        },
    }
}

fn suite(
    report: &Report,
    namespace: &str,
    cases: &BTreeMap<Member, Case<'_>>,
    failed: usize,
    body: &mut String,
) {
    let skipped = cases.values().filter(|case| case.failures.is_empty() && case.open > 0).count();
    push(
        body,
        format_args!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" \
         skipped=\"{skipped}\" time=\"0\" timestamp=\"{}\">\n",
            attribute(namespace),
            cases.len(),
            report.generated_at.format("%Y-%m-%dT%H:%M:%S"),
        ),
    );
    for (member, case) in cases {
        let Member { workload, container, kind, .. } = member;
        let class = format!("{namespace}.{}.{}", workload.kind, workload.name);
        let image = crate::redact::line(case.image, 300);
        let name = format!("{} {container}: {image}", diagnose::kind_name(*kind));
        push(
            body,
            format_args!(
                "    <testcase classname=\"{}\" name=\"{}\" time=\"0\"",
                attribute(&class),
                attribute(&name),
            ),
        );
        match case {
            Case { failures, .. } if !failures.is_empty() => {
                body.push_str(">\n");
                failure(failures, body);
                body.push_str("    </testcase>\n");
            }
            Case { open: 0, .. } => body.push_str("/>\n"),
            Case { open, .. } => {
                let pods = crate::words::count(*open, "pod has", "pods have");
                push(
                    body,
                    format_args!(
                        ">\n      <skipped message=\"undecided: {pods} not started this container\"/>\n\
                     \x20   </testcase>\n",
                    ),
                );
            }
        }
    }
    body.push_str("  </testsuite>\n");
}

fn failure(failures: &[&Diagnosis], body: &mut String) {
    let leading = failures.iter().max_by_key(|it| (it.checks.len(), std::cmp::Reverse(&it.pod)));
    let Some(leading) = leading else { return };
    let cause = leading.leading();
    push(
        body,
        format_args!(
            "      <failure type=\"{}\" message=\"{}\">",
            attribute(cause.code),
            attribute(&leading.summary),
        ),
    );
    let mut text = String::new();
    for diagnosis in std::iter::once(leading)
        .chain(failures.iter().filter(|it| !std::ptr::eq(**it, *leading)))
        .take(TOLD)
    {
        push(&mut text, format_args!("pod {}\n", diagnosis.pod));
        for evidence in &diagnosis.evidence {
            push(&mut text, format_args!("{}: {}\n", evidence.source, evidence.text));
        }
    }
    if failures.len() > TOLD {
        push(
            &mut text,
            format_args!(
                "and {}\n",
                crate::words::count(failures.len() - TOLD, "pod more", "pods more")
            ),
        );
    }
    for fix in &leading.fixes {
        push(&mut text, format_args!("fix: {}\n", fix.title));
        for command in &fix.commands {
            push(&mut text, format_args!("  {command}\n"));
        }
    }
    body.push_str(&content(&text));
    body.push_str("</failure>\n");
}

/// Workloads that were waited for and have no pods: a case each, or nobody would notice.
fn missing(report: &Report, body: &mut String) -> usize {
    let Some(waited) = &report.waited else { return 0 };
    let named: Vec<_> = waited
        .pending
        .iter()
        .filter_map(|pending| match &pending.what {
            PendingWhat::Workload(name) => Some((name, &pending.why)),
            PendingWhat::Pod(_) => None,
        })
        .collect();
    if named.is_empty() {
        return 0;
    }
    let number = named.len();
    let how = if misses_pods(report) { "missing" } else { "undecided" };
    push(
        body,
        format_args!(
            "  <testsuite name=\"workloads\" tests=\"{number}\" failures=\"0\" errors=\"0\" \
         skipped=\"{number}\" time=\"0\" timestamp=\"{}\">\n",
            report.generated_at.format("%Y-%m-%dT%H:%M:%S"),
        ),
    );
    for (name, why) in named {
        push(
            body,
            format_args!(
                "    <testcase classname=\"workloads\" name=\"{}\" time=\"0\">\n      \
             <skipped message=\"{how}: {}\"/>\n    </testcase>\n",
                attribute(name),
                attribute(why),
            ),
        );
    }
    body.push_str("  </testsuite>\n");
    number
}

/// A case that stands for all that was not seen: no CI server is to take the rest for the whole.
fn interrupted(report: &Report, body: &mut String) {
    push(
        body,
        format_args!(
            "  <testsuite name=\"check\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" \
         time=\"0\" timestamp=\"{}\">\n    <testcase classname=\"check\" name=\"everything was seen\" \
         time=\"0\">\n      <error type=\"interrupted\" message=\"{}\"/>\n    </testcase>\n  \
         </testsuite>\n",
            report.generated_at.format("%Y-%m-%dT%H:%M:%S"),
            attribute(&verdict(report)),
        ),
    );
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String cannot fail");
}

/// Whether XML 1.0 allows the character at all (its production `Char`).
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Text between tags.
fn content(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| is_allowed(*c)) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            // Only `]]>` needs it, and nobody wants to look for that.
            '>' => escaped.push_str("&gt;"),
            // A parser would make a line feed of it.
            '\r' => escaped.push_str("&#13;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// An attribute's value: white space that a parser would make blanks of is written out.
fn attribute(text: &str) -> String {
    content(text).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_are_left_out_and_the_rest_escaped() {
        assert_eq!(content("a\u{0}b\u{1b}c\u{fffe}d"), "abcd");
        assert_eq!(content("<a> & ]]>"), "&lt;a&gt; &amp; ]]&gt;");
        assert_eq!(attribute("say \"x\"\n\ty"), "say &quot;x&quot;&#10;&#9;y");
        assert_eq!(content("grün 🚀"), "grün 🚀");
    }
}
