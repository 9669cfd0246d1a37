//! How fast messages are classified: `cargo bench --bench classify`.
//!
//! The aim is 400,000 messages a second on one core, and a first message within a few milliseconds.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use pulldoctor::message;

fn main() {
    // The dictionary is made once; what that costs shows in the first message.
    message::cause_of("warm up");
    divan::main();
}

fn corpus() -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Line {
        message: String,
    }
    include_str!("../fixtures/messages/corpus.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Line>(line).expect("a line is an object").message)
        .collect()
}

/// The primary cause alone.
#[divan::bench]
fn cause(bencher: Bencher<'_, '_>) {
    let corpus = corpus();
    bencher
        .counter(ItemsCount::new(corpus.len()))
        .counter(BytesCount::new(corpus.iter().map(String::len).sum::<usize>()))
        .bench(|| corpus.iter().filter(|text| message::cause_of(text).code.len() > 9).count());
}

/// Everything that a message says.
#[divan::bench]
fn reading(bencher: Bencher<'_, '_>) {
    let corpus = corpus();
    bencher
        .counter(ItemsCount::new(corpus.len()))
        .bench(|| corpus.iter().map(|text| message::read(text).words.len()).sum::<usize>());
}

/// A body of 100 KB, as a proxy's error page may be.
#[divan::bench]
fn long(bencher: Bencher<'_, '_>) {
    let text = corpus().join("\n");
    bencher.counter(BytesCount::of_str(&text)).bench(|| message::read(&text).cause.code);
}
