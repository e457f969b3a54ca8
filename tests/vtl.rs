//! The recorded answers of Apache Velocity 1.7: every case of `tests/data/vtl/*.jsonl` must print the same text,
//! or fail where Velocity fails. `known_differences.jsonl` names the cases that differ, each with its reason.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value as Json;
use stepgate::vtl::{Host, HostError, Limits, List, ListKind, Map, Object, Template, Value};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vtl")
}

fn lines(path: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A host with nothing but variables.
struct Variables(HashMap<String, Value>);

impl Host for Variables {
    fn lookup(&mut self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }

    fn get(&mut self, _: Object, _: &str) -> Result<Value, HostError> {
        Ok(Value::Null)
    }

    fn set(&mut self, _: Object, _: &str, _: Value) -> Result<(), HostError> {
        Ok(())
    }

    fn call(&mut self, _: Object, _: &str, _: &[Value]) -> Result<Value, HostError> {
        Ok(Value::Null)
    }
}

/// What the recording program made of a context: plain Java lists and maps, the latter in the order in which
/// `java.util.HashMap` kept them.
fn java(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Array(items) => Value::List(List::new(ListKind::Plain, items.iter().map(java).collect())),
        Json::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            let mut buckets = 16;
            while buckets * 3 / 4 < names.len() {
                buckets *= 2;
            }
            names.sort_by_key(|name| {
                let hash = name.encode_utf16().fold(0_u32, |h, unit| h.wrapping_mul(31).wrapping_add(unit.into()));
                (hash ^ (hash >> 16)) as usize & (buckets - 1)
            });
            Value::Map(Map::from_entries(names.into_iter().map(|name| (Value::str(name), java(&members[name])))))
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) => Value::from_json(json),
    }
}

fn host(context: &Json) -> Variables {
    Variables(context.as_object().unwrap().iter().map(|(name, value)| (name.clone(), java(value))).collect())
}

fn answer(template: &str, context: &Json) -> Result<String, String> {
    let parsed = Template::parse(template).map_err(|error| error.to_string())?;
    parsed.evaluate(&mut host(context), &Limits::default()).map_err(|error| error.to_string())
}

#[test]
fn templates_print_what_velocity_prints() {
    let shared: Json = serde_json::from_str(&std::fs::read_to_string(data().join("context.json")).unwrap()).unwrap();
    let mut known: HashSet<String> = HashSet::new();
    for line in lines(&data().join("known_differences.json")) {
        assert!(line["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "a difference needs a reason");
        known.insert(line["name"].as_str().unwrap().to_owned());
    }
    let (mut n_cases, mut wrong) = (0, Vec::new());
    let mut files: Vec<PathBuf> = std::fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    for file in files {
        for case in lines(&file) {
            n_cases += 1;
            let name = format!("{}: {}", file.file_stem().unwrap().to_str().unwrap(), case["name"].as_str().unwrap());
            let template = case["template"].as_str().unwrap();
            let ours = answer(template, case.get("context").unwrap_or(&shared));
            let is_same = match (&ours, case["out"].as_str()) {
                (Ok(ours), Some(theirs)) => ours == theirs,
                (Err(_), None) => true,
                (Ok(_), None) | (Err(_), Some(_)) => false,
            };
            match (is_same, known.remove(&name)) {
                (true, false) | (false, true) => {}
                (true, true) => wrong.push(format!("{name}: no longer differs, strike it off the list")),
                (false, false) => wrong.push(format!(
                    "{name}\n  template {template:?}\n  velocity {}\n  ours     {ours:?}",
                    case.get("out").or(case.get("error")).unwrap()
                )),
            }
        }
    }
    wrong.extend(known.into_iter().map(|name| format!("{name}: no such case")));
    assert!(wrong.is_empty(), "{} of {n_cases} cases differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(490 <= n_cases, "cases are missing: {n_cases}");
}
