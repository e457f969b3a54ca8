//! Test cases from files, one per line, with columns separated by tabs; `tests/data/http1/README.md` explains them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// A line in a file.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) expected: String,
    pub(crate) input: String,
}

/// All cases in the files of a directory below `tests/data`, ordered by file name.
pub(crate) fn cases(directory: &str) -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(directory);
    let mut files: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "tsv"));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [name, expected, input] = columns[..] else { panic!("{}: {line}", file.display()) };
            cases.push(Case {
                name: format!("{stem}/{name}"),
                expected: expected.to_owned(),
                input: input.to_owned(),
            });
        }
    }
    cases
}

/// The bytes of `text`, with the escapes `\r`, `\n`, `\t`, `\\` and `\x` with two digits.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (byte, n) = match rest[0] {
            b'r' => (b'\r', 1),
            b'n' => (b'\n', 1),
            b't' => (b'\t', 1),
            b'\\' => (b'\\', 1),
            b'x' => (u8::from_str_radix(std::str::from_utf8(&rest[1..3]).unwrap(), 16).unwrap(), 3),
            other => panic!("no escape: {}", char::from(other)),
        };
        out.push(byte);
        rest = &rest[n..];
    }
    out
}

/// Runs `check` for `cases` on several threads, and fails with everything that is wrong.
pub(crate) fn run(cases: &[Case], check: impl Fn(usize, &Case) -> Result<(), String> + Sync) {
    let failures = std::sync::Mutex::new(Vec::new());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(case) = cases.get(n) else { return };
                    // A panic is a failure of one case only.
                    let checked = catch_unwind(AssertUnwindSafe(|| check(n, case)));
                    let checked =
                        checked.unwrap_or_else(|_| Err("panicked; its message is above".to_owned()));
                    if let Err(why) = checked {
                        failures.lock().unwrap().push(format!("{} ({}): {why}", case.name, case.expected));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
}
