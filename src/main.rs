//! The `stepgate` binary: everything it does is in [`stepgate::cli`].

fn main() {}
