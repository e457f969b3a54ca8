//! For `cargo fuzz run sigv4`; see `docs/testing.md`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| stepgate_fuzz::Target::Sigv4.execute(input));
