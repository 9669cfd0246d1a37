//! What `pulldoctor explain` says: the page of a code, the list of all, and what a message means.
//!
//! Pages are rendered from the catalogue alone, so that the terminal and `docs/causes.md` say the
//! same. Nothing here reads a file or knows a terminal's width.

use std::borrow::Cow;
use std::io;

use crate::cause::{self, CATALOGUE, Cause, Fix, Proof, Retry};
use crate::layout;
use crate::message::{self, Reading};
use crate::near;
use crate::redact;

/// How much of a message is repeated in an explanation.
const MESSAGE: usize = 4000;

/// What one message means.
#[derive(Debug)]
pub struct Explanation<'a> {
    text: &'a str,
    /// What its words prove.
    pub reading: Reading,
    /// [`Reading::summary`].
    pub summary: String,
}

impl Explanation<'_> {
    /// The message as it was read, made harmless; made only for the formats that print it.
    pub fn message(&self) -> String {
        redact::line(self.text, MESSAGE)
    }
}

/// Explains one message.
pub fn message(text: &str) -> Explanation<'_> {
    let reading = message::read(text);
    let summary = reading.summary();
    Explanation { text, reading, summary }
}

/// The message that a line of input stands for: the `message` of a JSON object, else the line.
pub fn message_of_line(line: &str) -> Cow<'_, str> {
    #[derive(serde::Deserialize)]
    struct Object {
        message: String,
    }
    if line.trim_start().starts_with('{')
        && let Ok(object) = serde_json::from_str::<Object>(line)
    {
        return Cow::Owned(object.message);
    }
    Cow::Borrowed(line)
}

/// The code that somebody may have meant: the nearest, if it is near.
pub fn near(code: &str) -> Option<&'static str> {
    if code.len() > 60 {
        return None;
    }
    let wanted = code.to_lowercase().replace(['_', ' '], "-");
    let (distance, nearest) =
        cause::all().map(|cause| (near::distance(&wanted, cause.code), cause.code)).min()?;
    let contained = || {
        let mut containing = cause::all().filter(|cause| cause.code.contains(&wanted));
        containing.next().filter(|_| wanted.len() >= 4 && containing.next().is_none())
    };
    // Somebody who typed only the first words may have misspelt them, too.
    let begun = || {
        let begins = |cause: &&'static Cause| {
            let mut ends = cause.code.match_indices('-').map(|(end, _)| &cause.code[..end]);
            wanted.len() >= 8 && ends.any(|begun| near::distance(&wanted, begun) <= 2)
        };
        let mut beginning = cause::all().filter(begins);
        beginning.next().filter(|_| beginning.next().is_none())
    };
    if distance <= (nearest.len() / 4).max(2) {
        Some(nearest)
    } else {
        contained().or_else(begun).map(|cause| cause.code)
    }
}

/// What a retry means for the reader.
pub fn retry_says(cause: &Cause) -> &'static str {
    match cause.retry {
        Retry::Permanent => "Trying again fails until somebody acts.",
        Retry::Transient => "The kubelet's own retries often heal it.",
        Retry::Unclear => "Trying again may help or not; the words allow both.",
        Retry::NotApplicable => "There is no pull to try again.",
    }
}

fn proof_says(proof: Proof) -> &'static str {
    match proof {
        Proof::Words => "Proven by the words of an event or status.",
        Proof::Objects => "Proven by the cluster's objects; no words say it.",
        Proof::Both => "Proven by words, or by the cluster's objects.",
    }
}

/// The fixes for everybody, then those for one registry, each with the registries' names.
fn fixes(cause: &Cause) -> impl Iterator<Item = (&'static Fix, String)> {
    let of = |fix: &Fix| fix.on.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    let (all, some): (Vec<_>, Vec<_>) = cause.fixes.iter().partition(|fix| fix.on.is_empty());
    all.into_iter().chain(some).map(move |fix| (fix, of(fix)))
}

/// A code's page as plain text, at most `width` columns wide where words allow.
pub fn page_text(cause: &Cause, width: usize, out: &mut dyn io::Write) -> io::Result<()> {
    wrap(out, "", "  ", &format!("{}: {}", cause.code, cause.title), width)?;
    writeln!(out)?;
    wrap(out, "", "", cause.says, width)?;
    writeln!(out)?;
    wrap(out, "", "", retry_says(cause), width)?;
    wrap(out, "", "", proof_says(cause.proof), width)?;
    writeln!(out, "\nWhy it happens")?;
    for why in cause.why {
        wrap(out, "  - ", "    ", why, width)?;
    }
    if !cause.tell.is_empty() {
        writeln!(out, "\nHow to tell")?;
        for tell in cause.tell {
            wrap(out, "  - ", "    ", tell, width)?;
        }
    }
    writeln!(out, "\nHow to fix")?;
    for (number, (fix, on)) in fixes(cause).enumerate() {
        let number = format!("  {}. ", number + 1);
        let title =
            if on.is_empty() { fix.title.to_owned() } else { format!("{} ({on})", fix.title) };
        wrap(out, &number, "     ", &title, width)?;
        if !fix.says.is_empty() {
            wrap(out, "     ", "     ", fix.says, width)?;
        }
        for command in fix.commands {
            writeln!(out)?;
            for line in layout::fold_command(command, width.saturating_sub(7)) {
                writeln!(out, "       {line}")?;
            }
        }
        if fix.recreates_pods {
            wrap(out, "     ", "     ", RECREATES, width)?;
        }
    }
    if needs_workload(cause) {
        wrap(out, "  ", "  ", WORKLOAD, width)?;
    }
    if !cause.yes.is_empty() {
        writeln!(out, "\nFor example")?;
        for example in cause.yes {
            writeln!(out, "  {}", redact::line(example, MESSAGE))?;
        }
    }
    writeln!(out, "\nSee also")?;
    for link in cause.see {
        writeln!(out, "  {link}")?;
    }
    Ok(())
}

const RECREATES: &str = "Pods that exist already must be created anew.";

const WORKLOAD: &str = "<workload> is the owner of the pods, such as deployment/web.";

fn needs_workload(cause: &Cause) -> bool {
    let commands = || cause.fixes.iter().flat_map(|fix| fix.commands);
    commands().any(|command| command.contains("<workload>"))
}

/// A code's page as Markdown; `level` is the depth of its heading.
pub fn page_markdown(cause: &Cause, level: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let heading = "#".repeat(level);
    writeln!(out, "{heading} {}\n", cause.code)?;
    writeln!(out, "**{}**\n", cause.title)?;
    writeln!(out, "{} {} {}\n", cause.says, retry_says(cause), proof_says(cause.proof))?;
    writeln!(out, "Why it happens:\n")?;
    for why in cause.why {
        writeln!(out, "- {}", escaped(why))?;
    }
    if !cause.tell.is_empty() {
        writeln!(out, "\nHow to tell:\n")?;
        for tell in cause.tell {
            writeln!(out, "- {}", escaped(tell))?;
        }
    }
    writeln!(out, "\nHow to fix:\n")?;
    for (number, (fix, on)) in fixes(cause).enumerate() {
        let on = if on.is_empty() { String::new() } else { format!(" ({on})") };
        write!(out, "{}. {}{on}.", number + 1, escaped(fix.title))?;
        if !fix.says.is_empty() {
            write!(out, " {}", escaped(fix.says))?;
        }
        if fix.recreates_pods {
            write!(out, " {RECREATES}")?;
        }
        writeln!(out)?;
        if !fix.commands.is_empty() {
            writeln!(out, "\n   ```sh")?;
            for command in fix.commands {
                writeln!(out, "   {command}")?;
            }
            writeln!(out, "   ```\n")?;
        }
    }
    if needs_workload(cause) {
        writeln!(out, "{}", escaped(WORKLOAD))?;
    }
    if !cause.yes.is_empty() {
        writeln!(out, "\nFor example:\n\n```text")?;
        for example in cause.yes {
            writeln!(out, "{example}")?;
        }
        writeln!(out, "```")?;
    }
    writeln!(out, "\nSee also:\n")?;
    for link in cause.see {
        writeln!(out, "- <{link}>")?;
    }
    writeln!(out)
}

/// Keeps `<placeholders>` from being read as HTML.
fn escaped(text: &str) -> String {
    text.replace('<', "\\<").replace('*', "\\*")
}

/// The list of all codes, as plain text.
pub fn list_text(out: &mut dyn io::Write) -> io::Result<()> {
    let widest = cause::all().map(|cause| cause.code.len()).max().unwrap_or_default();
    for (at, group) in CATALOGUE.iter().enumerate() {
        let Some(first) = group.first() else { continue };
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", first.group.title())?;
        for cause in *group {
            writeln!(out, "  {:widest$}  {}", cause.code, cause.title)?;
        }
    }
    Ok(())
}

/// The list of all codes, as Markdown.
pub fn list_markdown(out: &mut dyn io::Write) -> io::Result<()> {
    for group in CATALOGUE {
        let Some(first) = group.first() else { continue };
        writeln!(out, "\n### {}\n", first.group.title())?;
        writeln!(out, "| code | it means | retry |\n|---|---|---|")?;
        for cause in group {
            writeln!(
                out,
                "| [{code}](#{code}) | {} | {} |",
                escaped(cause.title),
                cause.retry.word(),
                code = cause.code
            )?;
        }
    }
    Ok(())
}

/// The whole of `docs/causes.md`.
pub fn document(out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(
        out,
        "<!-- Generated from the catalogue (src/cause); do not edit. To write it anew: \
         PULLDOCTOR_BLESS=1 cargo test --test generated -->\n\n# Causes\n\n\
         Every cause that pulldoctor knows. `pulldoctor explain CODE` prints the same page. Codes \
         are stable: scripts and dashboards may key on them.\n\n\
         A message cause is what the words of an event or status prove. A root cause is what the \
         cluster's objects then prove about an access failure.\n\n## All codes"
    )?;
    list_markdown(out)?;
    for group in CATALOGUE {
        let Some(first) = group.first() else { continue };
        writeln!(out, "\n## {}\n", first.group.title())?;
        for cause in group {
            page_markdown(cause, 3, out)?;
        }
    }
    Ok(())
}

/// Writes words in lines of at most `width` columns, the first with one indent and the others with
/// another.
fn wrap(
    out: &mut dyn io::Write,
    first: &str,
    others: &str,
    text: &str,
    width: usize,
) -> io::Result<()> {
    let mut indent = first;
    for line in layout::wrap(text, width.saturating_sub(others.len())) {
        writeln!(out, "{indent}{line}")?;
        indent = others;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_suggested() {
        assert_eq!(near("acces-denied-or-missing"), Some("access-denied-or-missing"));
        assert_eq!(near("rate_limited"), Some("rate-limited"));
        assert_eq!(near("DNS-Falure"), Some("dns-failure"));
        assert_eq!(near("hostname"), Some("tls-hostname-mismatch"));
        assert_eq!(near("pull-secret"), Some("no-pull-secret"));
        assert_eq!(near("quite something else"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn a_line_may_be_an_object() {
        assert_eq!(message_of_line(r#"{"reason":"Failed","message":"a\nb"}"#), "a\nb");
        assert_eq!(message_of_line("{not json"), "{not json");
        assert_eq!(message_of_line("plain"), "plain");
    }

    #[test]
    fn pages_keep_to_the_width() {
        for cause in cause::all() {
            let mut page = Vec::new();
            page_text(cause, 60, &mut page).unwrap();
            let page = String::from_utf8(page).unwrap();
            let prose = page.split("\nFor example").next().unwrap();
            for line in prose.lines().filter(|line| !line.starts_with("       ")) {
                assert!(line.chars().count() <= 60 || !line.trim().contains(' '), "{line}");
            }
        }
    }
}
