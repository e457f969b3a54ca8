//! For `cargo fuzz run http1`; see `docs/testing.md`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| stepgate_fuzz::Target::Http1.execute(input));
