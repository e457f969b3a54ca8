//! Compares our JSONPath with recorded answers of Jayway JsonPath.
//!
//! `documents.tsv` has `name ⇥ document`, `cases.tsv` has `document ⇥ path ⇥ answer`; an answer is `{"ok": …,
//! "definite": …}` or `{"error": "Exception: message"}`. Deliberate differences are in `known_differences.tsv` as
//! `document ⇥ path ⇥ our answer ⇥ reason`; a difference that no longer exists is a failure.

use std::collections::HashMap;
use std::fs;

use serde_json::{Value, json};
use stepgate::jsonpath::{Path, ReadError};

#[test]
fn answers_are_those_of_jayway() {
    let documents: HashMap<String, Value> =
        rows("documents.tsv").map(|[name, text]| (name, serde_json::from_str(&text).unwrap())).collect();
    let mut differences: HashMap<[String; 2], [String; 2]> = rows("known_differences.tsv")
        .map(|[document, path, answer, reason]| ([document, path], [answer, reason]))
        .collect();
    let (mut n_cases, mut wrong) = (0, Vec::new());
    for [document, path, recorded] in rows("cases.tsv") {
        n_cases += 1;
        let ours = answer(&path, &documents[&document]);
        let recorded: Value = serde_json::from_str(&recorded).unwrap();
        let expected = match differences.remove(&[document.clone(), path.clone()]) {
            Some([answer, reason]) => {
                let meant: Value = serde_json::from_str(&answer).unwrap();
                if meant == recorded {
                    wrong.push(format!("{document} {path}: no longer different ({reason})"));
                }
                meant
            }
            None => recorded,
        };
        if ours != expected {
            wrong.push(format!("{document} {path}\n     ours {ours}\n expected {expected}"));
        }
    }
    wrong.extend(differences.into_keys().map(|[document, path]| format!("{document} {path}: no such case")));
    assert!(wrong.is_empty(), "{} of {n_cases} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(1000 < n_cases);
}

/// Compiled paths have no state: a second read gives the same result.
#[test]
fn reading_twice_gives_the_same() {
    let documents: HashMap<String, Value> =
        rows("documents.tsv").map(|[name, text]| (name, serde_json::from_str(&text).unwrap())).collect();
    for [document, path, _] in rows("cases.tsv") {
        let Ok(compiled) = Path::compile(&path) else { continue };
        let root = &documents[&document];
        assert_eq!(compiled.read_strict(root), compiled.read_strict(root), "{path}");
    }
}

fn answer(path: &str, root: &Value) -> Value {
    let compiled = match Path::compile(path) {
        Ok(compiled) => compiled,
        Err(error) => return json!({"error": format!("InvalidPathException: {error}")}),
    };
    match compiled.read_strict(root) {
        Ok(value) => json!({"ok": value, "definite": compiled.is_definite()}),
        Err(error) => {
            let exception = match error {
                ReadError::NotFound { .. } => "PathNotFoundException",
                ReadError::InvalidPath { .. } => "InvalidPathException",
                ReadError::Failed { .. } => "JsonPathException",
                ReadError::TooManySteps { .. } => "none",
            };
            json!({"error": format!("{exception}: {error}")})
        }
    }
}

fn rows<const N: usize>(file: &str) -> impl Iterator<Item = [String; N]> {
    let path = format!("{}/tests/data/jsonpath/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let rows: Vec<[String; N]> = text
        .lines()
        .map(|line| {
            let columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
            columns.try_into().unwrap_or_else(|_| panic!("{path}: not {N} columns: {line}"))
        })
        .collect();
    rows.into_iter()
}
