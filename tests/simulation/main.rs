//! Tests the pure machine with random definitions, a seeded scheduler, a store that fails and a process that dies. The
//! results are checked against the invariants of histories, and compared with a second, naive interpreter.
//!
//! `STEPGATE_SEED=S` runs one seed, `STEPGATE_SEEDS=N` runs N of them from `STEPGATE_SEED` (0 by default).

#![allow(clippy::unwrap_used)] // A test says no by panicking, its helpers too.
#![allow(clippy::print_stderr)] // Says which seed failed, also in the middle of a long run.
#![allow(clippy::result_large_err)] // The reference is plain, not fast.

mod generate;
mod query;
mod random;
mod reference;
mod work;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use random::Random;
use world::World;

/// The number of seeds in an ordinary run.
const SEEDS: u64 = 400;
/// The number of findings after which to stop.
const FINDINGS_MAX: usize = 5;

fn live(seed: u64) {
    let (machine, input) = generate::machine(&mut Random::new(seed));
    World::new(seed, &machine, &input).live();
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn every_seed_lives_as_the_reference_says() {
    let (first, n) = match (number("STEPGATE_SEED"), number("STEPGATE_SEEDS")) {
        (None, n) => (0, n.unwrap_or(SEEDS)),
        (Some(seed), n) => (seed, n.unwrap_or(1)),
    };
    let mut found = Vec::new();
    for seed in first..first + n {
        if catch_unwind(AssertUnwindSafe(|| live(seed))).is_err() {
            eprintln!("STEPGATE_SEED={seed} cargo test --test simulation");
            found.push(seed);
            if FINDINGS_MAX <= found.len() {
                break;
            }
        }
        if seed % 100_000 == 99_999 {
            eprintln!("{} seeds", seed + 1 - first);
        }
    }
    if let ([seed], 1) = (&found[..], n) {
        let (machine, input) = generate::machine(&mut Random::new(*seed));
        eprintln!("{machine:#}\ninput: {input}");
    }
    assert!(found.is_empty(), "seeds {first}..{}: these failed: {found:?}", first + n);
}
