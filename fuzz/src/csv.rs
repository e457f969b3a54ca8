//! Tables and lists: items of a distributed Map, and files of API keys.

use stepgate::asl::InputType;
use stepgate::apis::look_at_keys;
use stepgate::items::of_text;

pub(crate) fn execute(text: &str) {
    let headers = || Some(vec!["a".to_owned(), "b".to_owned()]);
    for kind in [
        InputType::Csv { headers: None, delimiter: ',' },
        InputType::Csv { headers: headers(), delimiter: ';' },
        InputType::JsonLines,
        InputType::Json { pointer: None },
        InputType::Json { pointer: Some("/a/0".to_owned()) },
    ] {
        if let Ok(items) = of_text(&kind, text, 1_000) {
            assert!(items.len() <= 1_000);
            let is_table = matches!(kind, InputType::Csv { .. });
            assert!(!is_table || items.iter().all(|item| item.starts_with('{')));
        }
    }
    if let Ok((keys, warnings)) = look_at_keys(text.as_bytes()) {
        // A carriage return alone ends a row as well.
        assert!(keys <= text.split(['\r', '\n']).count());
        assert!(warnings.iter().all(|warning| warning.starts_with("Line ")));
    }
}

pub(crate) const WORDS: &[&str] = &[
    ",",
    ";",
    "\"",
    "\"\"",
    "\n",
    "\r\n",
    "\r",
    "\u{feff}",
    "Name",
    "Key",
    "Enabled",
    "Description",
    "UsagePlanIds",
    "TRUE",
    "abcdefghijklmnopqrstuvwxyz",
    "{",
    "}",
    "[",
    "]",
    ":",
    "\"a\"",
    "1",
    "null",
    " ",
    "\t",
    "\0",
    "é",
];
