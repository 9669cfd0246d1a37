//! Small words: counting, listing, naming. Pluralisation lives here and nowhere else.

/// `1 pod`, `3 pods`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The first few of a list, and how many more there are: `a, b and 3 more`.
pub fn some<S: AsRef<str>>(items: &[S], most: usize) -> String {
    let shown: Vec<_> = items.iter().take(most).map(AsRef::as_ref).collect();
    match items.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// With a capital letter in front.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

/// A fragment made into a sentence: a capital letter in front, unless it begins with a name (hosts and
/// images keep theirs), and a full stop.
pub fn sentence(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default().trim_end_matches(':');
    let named = first.contains(['.', ':', '/', '"']);
    let text = if named { text.to_owned() } else { capital(text) };
    if text.ends_with(['.', '!', '?', '…']) || text.is_empty() { text } else { text + "." }
}

/// `secret a`, `secrets a, b`.
pub fn list<S: AsRef<str>>(one: &str, many: &str, items: impl Iterator<Item = S>) -> String {
    let items: Vec<_> = items.collect();
    format!("{} {}", if items.len() == 1 { one } else { many }, some(&items, 3))
}

/// Text made into a DNS label (RFC 1123), as names of Kubernetes objects want it: lower-case letters,
/// digits and dashes, at most 50 of them so that something can be added.
pub fn dns_label(text: &str) -> String {
    let label: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(50)
        .collect();
    label.trim_matches('-').to_owned()
}

/// A word as a POSIX shell takes it literally: bare where that is safe, else in single quotes.
pub fn shell(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A command without the single quotes that protect nothing: `get pod 'web-0'` reads better bare.
pub fn unquoted(command: &str) -> String {
    // A quote that is itself escaped: rare enough to be left alone.
    if command.contains(r"\'") {
        return command.to_owned();
    }
    let mut bare = String::with_capacity(command.len());
    for (number, part) in command.split('\'').enumerate() {
        let quoted = number % 2 == 1;
        let alone = bare.is_empty() || bare.ends_with([' ', '=', '/']);
        if quoted && !(alone && shell(part) == part) {
            bare.extend(["'", part, "'"]);
        } else {
            bare.push_str(part);
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_bounded() {
        assert_eq!(some(&["a", "b"], 3), "a, b");
        assert_eq!(some(&["a", "b", "c", "d", "e"], 2), "a, b and 3 more");
        assert_eq!(some::<&str>(&[], 2), "");
        assert_eq!(list("secret", "secrets", ["a"].iter()), "secret a");
    }

    #[test]
    fn sentences_begin_with_a_capital_unless_with_a_name() {
        assert_eq!(sentence("no such tag"), "No such tag.");
        assert_eq!(sentence("docker.io: no such tag"), "docker.io: no such tag.");
        assert_eq!(sentence("it waits."), "It waits.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn words_for_the_shell_are_taken_literally() {
        assert_eq!(shell("regcred"), "regcred");
        assert_eq!(shell(""), "''");
        assert_eq!(shell("<password>"), "'<password>'");
        assert_eq!(shell("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell("a;rm -rf"), "'a;rm -rf'");
    }

    #[test]
    fn quotes_that_protect_nothing_go() {
        assert_eq!(unquoted("get pod 'web-0' -n 'shop'"), "get pod web-0 -n shop");
        assert_eq!(unquoted("x 'a b' --to='c'"), "x 'a b' --to=c");
        assert_eq!(unquoted(r"x 'it'\''s'"), r"x 'it'\''s'");
        assert_eq!(unquoted("x -p '{\"a\":1}' '<pod>'"), "x -p '{\"a\":1}' '<pod>'");
        assert_eq!(unquoted("x ''"), "x ''");
    }

    #[test]
    fn labels_are_valid_names() {
        assert_eq!(dns_label("basic.lab:5001"), "basic-lab-5001");
        assert_eq!(dns_label("[::1]:5000"), "1--5000");
    }
}
