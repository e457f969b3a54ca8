//! Properties of the source itself. Fails with every violation at once, each naming its cure.

#![allow(clippy::unwrap_used)] // A test says no by panicking, its helpers too.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor, ground floor first. A room may use rooms on lower floors only, never a neighbour.
const FLOORS: &[&[&str]] = &[
    &["clock", "id", "json", "meter", "policy", "yaml"],
    &["jsonata", "jsonpath", "vtl"],
    &["asl", "schema"],
    &["store"],
    &["connect", "identity"],
    &["engine", "functions", "gateway"],
    &["wire"],
    &["stack", "tasks"],
    &["server"],
    &["cli"],
];

/// Pure floors: same input, same output. No async, no I/O, no `http`.
const PURE_ROOMS: &[&str] = &["json", "policy", "yaml", "jsonata", "jsonpath", "vtl", "asl", "schema"];
const PURE_BANNED: &[&str] =
    &["async fn", ".await", "tokio::", "hyper::", "http::", "std::fs", "std::net", "std::thread"];

const CODE_LINES_MAX: usize = 600;
const BANNED_FILES: &[&str] = &["mod.rs", "utils.rs", "util.rs", "helpers.rs", "common.rs", "misc.rs"];
const BANNED_TEXT: &[(&str, &str)] = &[
    ("serde_json/arbitrary_precision", "it breaks flattened floats and JSONata values"),
    ("anyhow::", "only `cli` may use anyhow; give the room an `Error`"),
    ("#[ignore", "assert today's behaviour instead"),
    ("println!", "print through `cli`'s output, or log"),
];
const BANNED_TEXT_FREE: &[&str] = &["cli", "main"];

#[test]
fn tidy() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut errors = Vec::new();
    for file in rust_files(&src) {
        let path = file.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap();
        let room = path.split(['/', '.']).next().unwrap().to_owned();
        check_floor(&path, &room, &text, &mut errors);
        check_length(&path, &text, &mut errors);
        check_words(&path, &room, &text, &mut errors);
        if BANNED_FILES.iter().any(|name| path.rsplit('/').next() == Some(name)) {
            errors.push(format!("{path}: name the file after what it holds"));
        }
        if !text.starts_with("//!") {
            errors.push(format!("{path}: open with `//!`: what the file is for"));
        }
    }
    assert!(errors.is_empty(), "untidy:\n{}", errors.join("\n"));
}

#[test]
fn every_room_is_on_a_floor() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(src.join("lib.rs")).unwrap();
    let declared: Vec<&str> =
        lib.lines().filter_map(|l| l.strip_prefix("pub use stepgate_")?.split(' ').next()).collect();
    for room in FLOORS.iter().flat_map(|f| f.iter()) {
        assert!(declared.contains(room), "room `{room}` is on a floor but not in lib.rs");
    }
    assert_eq!(declared.len(), FLOORS.iter().map(|f| f.len()).sum::<usize>(), "a room is on no floor");
}

fn check_floor(path: &str, room: &str, text: &str, errors: &mut Vec<String>) {
    if matches!(room, "lib" | "main") {
        return;
    }
    let Some(own) = floor(room) else {
        errors.push(format!("{path}: room `{room}` is on no floor, add it to FLOORS"));
        return;
    };
    for (index, line) in code_lines(text) {
        let named = line.split("crate::").skip(1).chain(line.split("stepgate_").skip(1));
        for used in named {
            // Types of the room itself may come together; a lower-case name may be another room's.
            if used.starts_with('{')
                && used.contains(['{', ' '])
                && used[1..].split(", ").any(|n| n.starts_with(|c: char| c.is_lowercase()))
            {
                errors.push(format!("{path}:{index}: one `use` per room"));
            }
            let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            if used != room && floor(used).is_some_and(|other| own <= other) {
                errors.push(format!("{path}:{index}: `{room}` must not know `{used}`"));
            }
        }
        if PURE_ROOMS.contains(&room) {
            for word in PURE_BANNED.iter().filter(|word| line.contains(**word)) {
                errors.push(format!("{path}:{index}: `{word}` in a pure room"));
            }
        }
    }
}

fn check_length(path: &str, text: &str, errors: &mut Vec<String>) {
    let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
    let n_lines = code_lines(code).filter(|(_, l)| !l.trim().is_empty()).count();
    if CODE_LINES_MAX < n_lines {
        errors.push(format!("{path}: {n_lines} lines of code, split it (limit {CODE_LINES_MAX})"));
    }
}

fn check_words(path: &str, room: &str, text: &str, errors: &mut Vec<String>) {
    if BANNED_TEXT_FREE.contains(&room) {
        return;
    }
    for (index, line) in code_lines(text) {
        for (word, cure) in BANNED_TEXT.iter().filter(|(word, _)| line.contains(word)) {
            errors.push(format!("{path}:{index}: `{word}`: {cure}"));
        }
    }
}

fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(i, l)| (i + 1, l)).filter(|(_, l)| !l.trim_start().starts_with("//"))
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
