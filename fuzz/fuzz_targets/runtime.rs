//! For `cargo fuzz run runtime`; see `docs/testing.md`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| stepgate_fuzz::Target::Runtime.execute(input));
