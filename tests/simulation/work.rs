//! What workers do, as a function of the seed, the task and the time, so that everybody who asks gets the same answer.
//!
//! Within one attempt, no two moments are a whole number of seconds apart, so nothing is due just when it is done.

use serde_json::{Value, json};

use crate::random::{Random, mixed};

/// The course of one attempt; times are milliseconds after it was scheduled.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// When a worker takes it; `None` for never.
    pub(crate) taken: Option<i64>,
    /// When the worker sends heartbeats.
    pub(crate) beats: Vec<i64>,
    /// When it is done; `None` for never.
    pub(crate) done: Option<i64>,
    /// How it ends: a result, or an error.
    pub(crate) result: Result<Value, &'static str>,
}

/// The work on the task `resource`, scheduled at `at`. `may_hang` means that something else ensures that it ends.
pub(crate) fn work(seed: u64, resource: &str, at: i64, may_hang: bool) -> Work {
    let name = resource.bytes().fold(seed, |hash, byte| mixed(hash ^ u64::from(byte)));
    let mut random = Random::new(mixed(name ^ at.unsigned_abs()));
    let whole = |random: &mut Random, n: usize| 1_000 * i64::try_from(random.below(n)).expect("it is small");
    let result = match random.below(10) {
        0..=2 => Err(random.of(&["E1", "E2", "E3"])),
        3 => Ok(json!(5)),
        4 => Ok(json!("a")),
        5 => Ok(json!([{"n": 3}, {"n": 0}])),
        _ => Ok(json!({"n": random.below(4), "s": "b", "items": [1, 2, {"n": 1}]})),
    };
    let taken = (!may_hang || random.percent(90)).then(|| 137 + whole(&mut random, 3));
    let mut beats = Vec::new();
    let mut last = taken.unwrap_or_default() / 1_000 * 1_000;
    for part in [348, 559, 770].into_iter().take(if taken.is_some() { random.below(4) } else { 0 }) {
        last += whole(&mut random, 3);
        beats.push(last + part);
    }
    let done =
        (taken.is_some() && (!may_hang || random.percent(90))).then(|| last + 1_013 + whole(&mut random, 3));
    Work { taken, beats, done, result }
}
