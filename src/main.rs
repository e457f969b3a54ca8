//! The `stepgate` binary: everything it does is in [`stepgate::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    stepgate::cli::main()
}
