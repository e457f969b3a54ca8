//! Journal records: any text is a batch of a known version or damaged, and writing what was read gives the same text.

use stepgate::engine::rewritten_records;

pub(crate) fn execute(text: &str) {
    let Ok(once) = rewritten_records(text) else { return };
    if once.is_empty() {
        return;
    }
    assert_eq!(rewritten_records(&once).ok().as_ref(), Some(&once), "what was written is read as it was");
}

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\"v\":1",
    "\"e\":[",
    "null",
    "true",
    "0",
    "-1",
    "1e3",
    "18446744073709551615",
    "\"Start\"",
    "\"frame\":",
    "\"event\":",
    "\"id\":",
    "\"at\":",
    "\"kind\":",
    "\"input\":",
    "{}",
    "\\\"",
    "\\u0000",
    "é",
];
