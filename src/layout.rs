//! Text into lines: wrapped at a width, without ever breaking what is meant to be copied.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Wraps text at white space. A word longer than the width keeps a line of its own whole: image
/// references, paths and digests must be copied in one piece.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// As much of a line as fits the width; one that does not ends in `…`.
pub fn cut(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 1;
    for c in line.chars() {
        taken += c.width().unwrap_or(0);
        if taken > width {
            break;
        }
        kept.push(c);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// Breaks a shell command between its words with ` \`, so that it fits the width and still can be
/// pasted. Each part of a pipe gets a line of its own; quoted parts stay whole; a word longer than
/// the width sticks out.
pub fn fold_command(command: &str, width: usize) -> Vec<String> {
    if command.width() <= width {
        return vec![command.to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    for word in shell_words(command) {
        match lines.last_mut() {
            Some(line) if !word.starts_with("| ") && line.width() + word.width() + 3 <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) => {
                line.push_str(" \\");
                lines.push(format!("  {word}"));
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The words of a shell command with their quotes; `-n default` and `| kubectl` stay together, as
/// they are read together.
fn shell_words(command: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote) = (None, None);
    for (at, c) in command.char_indices() {
        match (quote, c) {
            (None, ' ') => {
                if let Some(start) = start.take() {
                    words.push(start..at);
                }
                continue;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        start.get_or_insert(at);
    }
    if let Some(start) = start {
        words.push(start..command.len());
    }
    let mut joined: Vec<std::ops::Range<usize>> = Vec::new();
    for word in words {
        match joined.last_mut() {
            Some(last) if keeps_next(&command[last.clone()]) => last.end = word.end,
            _ => joined.push(word),
        }
    }
    joined.into_iter().map(|word| &command[word]).collect()
}

/// Whether a word belongs with the one after it: a short flag with its value, a pipe with its
/// command.
fn keeps_next(word: &str) -> bool {
    let flag = word.len() == 2 && word.starts_with('-') && word != "--";
    flag || word == "|"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_never_broken() {
        let lines = wrap("pull docker.io/library/nginx@sha256:0123456789abcdef now please", 20);
        assert_eq!(
            lines,
            ["pull", "docker.io/library/nginx@sha256:0123456789abcdef", "now please"]
        );
        assert_eq!(wrap("", 20), [""]);
    }

    #[test]
    fn a_line_is_cut_to_fit() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut("much too long", 6), "much …");
        assert_eq!(cut("漢字漢字", 5), "漢字…");
        assert_eq!(cut("漢字漢字", 4), "漢…");
        assert_eq!(cut("long", 1), "…");
        assert_eq!(cut("long", 0), "");
    }

    #[test]
    fn folded_commands_can_be_pasted() {
        let command = "kubectl create secret docker-registry regcred -n default \
                       --docker-username='<user name>' | kubectl apply -f -";
        let lines = fold_command(command, 50);
        assert_eq!(
            lines,
            [
                "kubectl create secret docker-registry regcred \\",
                "  -n default --docker-username='<user name>' \\",
                "  | kubectl apply -f -"
            ]
        );
        assert!(lines.iter().all(|line| line.width() <= 50));
        assert_eq!(fold_command("kubectl get pods", 80), ["kubectl get pods"]);
    }
}
