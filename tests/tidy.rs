//! Properties of the source itself. Fails with every violation at once, each naming its cure.

#![allow(clippy::unwrap_used)] // A test says no by panicking, its helpers too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor, ground floor first. A room may use rooms on lower floors only, never a neighbour.
const FLOORS: &[&[&str]] = &[
    &["clock", "id", "json", "meter", "policy", "yaml"],
    &["jsonata", "jsonpath", "vtl"],
    &["asl", "schema"],
    &["items", "store"],
    &["connect", "identity"],
    &["apis", "engine", "functions"],
    &["gateway"],
    &["wire"],
    &["assets", "cognito", "console", "stack", "tasks"],
    &["server"],
    &["cli"],
];

/// Pure floors: same input, same output. No async, no I/O, no `http`.
const PURE_ROOMS: &[&str] =
    &["json", "policy", "yaml", "jsonata", "jsonpath", "vtl", "asl", "schema", "items"];
const PURE_BANNED: &[&str] =
    &["async fn", ".await", "tokio::", "hyper::", "http::", "std::fs", "std::net", "std::thread"];

/// Modules directly inside a room that need each other, with why they still do. The list only shrinks.
const CYCLES: &[(&str, &str, &str)] = &[
    (
        "asl",
        "data_flow fields number query query_language template variables",
        "fields are read by their language",
    ),
    ("asl", "compiler program retry siblings state", "states hold programs, programs hold states"),
    (
        "gateway",
        "access authorizers bulkhead compile context integration mapping pipeline plans proxy_event signers stages",
        "a request's context holds its compiled stage, whose mappings and authorizers read the context",
    ),
    ("identity", "sign verify", "verifying derives the same key as signing"),
    ("jsonata", "check expression", "an expression is checked when it is made"),
    ("jsonpath", "eval filter function parser show token", "filters hold paths, paths hold filters"),
    ("policy", "condition decide document pattern principal", "a document is read into what decides"),
    ("server", "options secrets", "where the secrets' key is, is a setting"),
    ("server", "front_door http_rules", "refusals of the rules are answered by the front door"),
    ("stack", "intrinsic scope", "functions are evaluated in a scope that evaluates functions"),
    ("store", "checkpoint writer", "the writer starts checkpoints, which wait for it"),
    ("vtl", "ast value", "a range is a value"),
    ("vtl", "eval methods", "methods evaluate their arguments"),
];

const CODE_LINES_MAX: usize = 600;
const BANNED_FILES: &[&str] = &["mod.rs", "utils.rs", "util.rs", "helpers.rs", "common.rs", "misc.rs"];
const BANNED_TEXT: &[(&str, &str)] = &[
    ("serde_json/arbitrary_precision", "it breaks flattened floats and JSONata values"),
    ("anyhow::", "only `cli` may use anyhow; give the room an `Error`"),
    ("#[ignore", "assert today's behaviour instead"),
    ("println!", "print through `cli`'s output, or log"),
];
/// Words of SQL that only one of SQLite and PostgreSQL takes, or means the same by.
const BANNED_SQL: &[(&str, &str)] = &[
    ("INSERT OR ", "write `ON CONFLICT`"),
    ("REPLACE INTO", "write `ON CONFLICT … DO UPDATE`"),
    ("ROWID", "name the key"),
    ("AUTOINCREMENT", "take numbers from the store: `Store::sequence`, `Tx::take_numbers`"),
    ("COALESCE(MAX(", "take numbers from the store: `Store::sequence`, `Tx::take_numbers`"),
    (" LIKE ", "compare `SUBSTR`: letters' case means something"),
    (" GLOB ", "compare `SUBSTR`"),
    ("COLLATE", "text compares by its bytes"),
    ("IFNULL", "write `COALESCE`"),
    ("SELECT EXISTS", "ask for a row: there are no numbers for yes and no everywhere"),
    ("CAST(", "only `AS BIGINT`, of sums"),
    ("STRFTIME", "times are numbers"),
    ("JSON_", "read it in Rust"),
    ("PRAGMA", "only `store` sets up the database"),
];
/// What makes tables is translated, and steps that were released stay as they are.
const BANNED_SQL_FREE: &[&str] = &["store/", "engine/schema.rs", "engine/open.rs"];
const BANNED_TEXT_FREE: &[&str] = &["build", "cli", "main"];

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
fn statements_are_what_sqlite_and_postgresql_both_take() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut errors = Vec::new();
    let mut n_statements = 0;
    for file in rust_files(&src) {
        let path = file.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
        if path.contains("tests") || BANNED_SQL_FREE.iter().any(|free| path.starts_with(free)) {
            continue;
        }
        let text = without_tests(&fs::read_to_string(&file).unwrap());
        // Every other piece is a literal, or what is between two if there are quotes in quotes, which statements have not.
        for statement in text.split('"') {
            let verbs = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH ", "REPLACE "];
            let statement = statement.trim_start().to_uppercase();
            if !verbs.iter().any(|verb| statement.starts_with(verb)) || statement.contains("KEY_SEQUENCE") {
                continue;
            }
            n_statements += 1;
            let statement = statement.replace("CAST(SUM(", "").replace("CAST(COALESCE(SUM(", "");
            // By how much a set of shards is shifted.
            let statement = statement.replace("CAST(SHARD AS INTEGER)", "");
            for (word, cure) in BANNED_SQL.iter().filter(|(word, _)| statement.contains(word)) {
                errors.push(format!("{path}: `{word}` in {statement:?}: {cure}"));
            }
        }
    }
    assert!(errors.is_empty(), "untidy:\n{}", errors.join("\n"));
    assert!(300 < n_statements, "{n_statements}");
}

#[test]
fn modules_of_a_room_need_each_other_one_way_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut errors = Vec::new();
    let mut stale: Vec<&(&str, &str, &str)> = CYCLES.iter().collect();
    for room in FLOORS.iter().flat_map(|floor| floor.iter()) {
        for cycle in cycles(&needs(&src.join(room), room)) {
            let covers = |entry: &&(&str, &str, &str)| {
                let listed: Vec<&str> = entry.1.split_whitespace().collect();
                entry.0 == *room && cycle.iter().all(|module| listed.contains(&module.as_str()))
            };
            match CYCLES.iter().find(covers) {
                Some(known) => stale.retain(|entry| *entry != known),
                None => errors.push(format!("`{room}`: {} need each other", cycle.join(", "))),
            }
        }
    }
    errors.extend(
        stale.iter().map(|(room, modules, _)| format!("`{room}`: {modules} are apart, take them off CYCLES")),
    );
    assert!(errors.is_empty(), "untidy:\n{}", errors.join("\n"));
}

/// What each module directly inside a room names of the others. Tests don't count.
fn needs(dir: &Path, room: &str) -> BTreeMap<String, BTreeSet<String>> {
    let files = rust_files(dir);
    let parts = |file: &PathBuf| -> Vec<String> {
        let path = file.strip_prefix(dir).unwrap().with_extension("");
        path.iter().map(|part| part.to_str().unwrap().to_owned()).collect()
    };
    let modules: BTreeSet<String> =
        files.iter().map(|file| parts(file)[0].clone()).filter(|it| it != "lib").collect();
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in &files {
        let parts = parts(file);
        let is_test = |part: &String| {
            part.contains("tests") || ["fixture", "harness", "coverage"].contains(&part.as_str())
        };
        if parts[0] == "lib" || parts.iter().any(is_test) {
            continue;
        }
        let text = without_tests(&fs::read_to_string(file).unwrap());
        let code: String = code_lines(&text).map(|(_, line)| line.to_owned() + "\n").collect();
        let above = "super::".repeat(parts.len());
        let starts = ["crate::".to_owned(), format!("crate::{room}::"), above];
        for start in &starts {
            for (at, _) in code.match_indices(start.as_str()) {
                let is_path = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == ':' || c == '_');
                let named = &code[at + start.len()..];
                let names: Vec<&str> = match named.strip_prefix('{') {
                    Some(list) => list.split('}').next().unwrap_or_default().split(',').collect(),
                    None => vec![named],
                };
                for name in names.into_iter().filter(|_| !is_path) {
                    let name = name.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                    if modules.contains(name) && name != parts[0] {
                        needs.entry(parts[0].clone()).or_default().insert(name.to_owned());
                    }
                }
            }
        }
    }
    needs
}

/// The groups of modules that need each other, directly or through others.
fn cycles(needs: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reached = |from: &String| {
        let (mut found, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(module) = open.pop() {
            for next in needs.get(&module).into_iter().flatten() {
                if found.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        found
    };
    let all: BTreeMap<&String, BTreeSet<String>> =
        needs.keys().map(|module| (module, reached(module))).collect();
    let mut groups: BTreeSet<Vec<String>> = BTreeSet::new();
    for (module, found) in all.iter().filter(|(module, found)| found.contains(**module)) {
        let group = found.iter().filter(|other| all.get(other).is_some_and(|back| back.contains(*module)));
        groups.insert(group.cloned().collect());
    }
    groups.into_iter().collect()
}

/// Otherwise the gate builds all dependencies twice.
#[test]
fn the_fuzz_targets_lock_the_versions_of_the_product() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let product = locked(&root.join("Cargo.lock"));
    let fuzz = locked(&root.join("fuzz/Cargo.lock"));
    let others: Vec<_> = fuzz
        .iter()
        .filter(|(name, _)| product.contains_key(*name))
        .filter(|(name, versions)| !versions.is_subset(&product[*name]))
        .collect();
    assert!(others.is_empty(), "take the product's version: cargo update --precise … {others:?}");
}

/// The same.
#[test]
fn the_fuzz_targets_are_built_with_the_profile_of_the_product_s_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(dev_profile(&root.join("fuzz/Cargo.toml")), dev_profile(&root.join("Cargo.toml")));
}

/// The lines of a manifest's `dev` profile, each with its section.
fn dev_profile(path: &Path) -> BTreeSet<(String, String)> {
    let text = fs::read_to_string(path).unwrap();
    let (mut section, mut lines) = ("", BTreeSet::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with('[') {
            section = line;
        } else if section.starts_with("[profile.dev") {
            lines.insert((section.to_owned(), line.to_owned()));
        }
    }
    lines
}

/// The versions of each package in a lock file.
fn locked(path: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(path).unwrap();
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in text.split("[[package]]").skip(1) {
        let field = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
            line.unwrap().trim_matches('"').to_owned()
        };
        packages.entry(field("name")).or_default().insert(field("version"));
    }
    packages
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
    if matches!(room, "build" | "lib" | "main") {
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
            // A module of the room itself may be called as a room is.
            let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
            let is_own = src.join(room).join(used).with_extension("rs").exists();
            if used != room && !is_own && floor(used).is_some_and(|other| own <= other) {
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
    let code = without_tests(text);
    let n_lines = code_lines(&code).filter(|(_, l)| !l.trim().is_empty()).count();
    if CODE_LINES_MAX < n_lines {
        errors.push(format!("{path}: {n_lines} lines of code, split it (limit {CODE_LINES_MAX})"));
    }
}

/// The text without its inline test modules, wherever they stand.
fn without_tests(text: &str) -> String {
    let (mut code, mut rest) = (String::new(), text);
    while let Some(start) = rest.find("\n#[cfg(test)]\nmod ") {
        let (before, module) = rest.split_at(start + 1);
        code.push_str(before);
        let head = module.split('\n').nth(1).unwrap_or_default();
        // `mod tests;` has its lines in a file of its own.
        let end = if head.ends_with('{') { module.find("\n}\n").map(|end| end + 3) } else { None };
        rest = &module[end.unwrap_or("#[cfg(test)]".len())..];
    }
    code + rest
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
