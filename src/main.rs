//! The `stepgate` binary: everything it does is in [`stepgate::cli`].

use std::process::ExitCode;

/// A request allocates many times. With this allocator a durable start takes 12 % less CPU than with the system's, a proxied
/// request 10 %, a synchronous Express execution 18 %, for 3 MiB more memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    stepgate::cli::main()
}
