//! Any bytes are read without a panic, and what leaves is harmless.
//!
//! `cargo fuzz run message fuzz/corpus/message fixtures/messages`

#![no_main]

use libfuzzer_sys::fuzz_target;
use pulldoctor::message;

fuzz_target!(|bytes: &[u8]| {
    let reading = message::read_bytes(bytes);
    assert!(!reading.words.chars().any(char::is_control));
    assert!(!reading.summary().chars().any(char::is_control));
    assert!(!reading.also_named.contains(&reading.cause));
});
