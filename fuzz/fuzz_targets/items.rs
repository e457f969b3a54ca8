//! For `cargo fuzz run items`; see `docs/testing.md`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| stepgate_fuzz::Target::Items.execute(input));
