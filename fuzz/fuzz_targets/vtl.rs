//! For `cargo fuzz run vtl`; see `docs/testing.md`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| stepgate_fuzz::Target::Vtl.execute(input));
