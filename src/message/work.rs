//! A count of the steps that a reading takes: the tests prove that it grows with the length of the
//! message and not with its square. Time itself is not tested. Outside tests nothing is counted.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts steps of a loop, or bytes that were looked at.
#[cfg(test)]
pub(super) fn count(steps: usize) {
    STEPS.set(STEPS.get() + steps);
}

/// Counts nothing.
#[cfg(not(test))]
#[inline(always)]
pub(super) fn count(_: usize) {}

/// The steps that something took.
#[cfg(test)]
pub(super) fn of(work: impl FnOnce()) -> usize {
    STEPS.set(0);
    work();
    STEPS.get()
}

#[cfg(test)]
mod tests {
    fn steps(text: &str) -> usize {
        super::of(|| drop(crate::message::read(text)))
    }

    /// Eight times the text takes at most about eight times the steps.
    #[test]
    fn work_is_linear() {
        #[derive(serde::Deserialize)]
        struct Line {
            message: String,
        }
        let corpus: Vec<String> = include_str!("../../fixtures/messages/corpus.jsonl")
            .lines()
            .map(|line| serde_json::from_str::<Line>(line).expect("a message").message)
            .collect();
        let mut texts = vec![corpus.join("\n"), corpus.join(", rpc error: "), corpus.join("]): ")];
        let odd = [
            "[a, rpc error: denied: denied",
            "ErrImagePull: ",
            "image \"",
            "for \"a ",
            "lookup ",
            "scope=",
            "://",
            "get https://a: forbidden",
            "executable file not found ",
            "\\\\\\",
            "&quot;",
            "[Mirrors also failed: [x]): ",
            "failed to pull image a: ",
            "certificate is valid for ",
            "current time a is after ",
            "docker:// ",
            "404 500 : 403 ",
            "dial tcp: lookup a: connection refused ",
            "unauthorized: ",
            "x",
            " ",
            "\n",
        ];
        texts.extend(odd.map(str::to_owned));
        // A text of several lines is read in several ways, wherever its first break stands.
        let several: Vec<String> = texts.iter().map(|text| format!("a\n{text}")).collect();
        let one = texts.iter().map(|text| text.replace('\n', " "));
        for text in one.chain(several) {
            let long = |length| text.chars().cycle().take(length).collect::<String>();
            // The second is beyond every bound that a step has of its own.
            let (short, long) = (steps(&long(20_000)), steps(&long(160_000)));
            assert!(long <= short * 10 + 1000, "{short} {long}: {text:.60}");
        }
    }
}
