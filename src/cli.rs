//! The command line: arguments, settings, and output for people and for scripts.
//!
//! The only room with exit codes and `anyhow`; everything below answers with typed errors.

mod apply;
mod arguments;
mod logs;
mod output;
mod serve;
mod settings;
mod validate;
mod version;
mod welcome;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

/// Runs the command that the process was started with.
///
/// Exit codes: 0 done, 1 the command failed, 2 the arguments make no sense.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command.unwrap_or(Command::Serve(arguments.serve)) {
        Command::Serve(serve) => serve::run(&serve),
        Command::Apply(apply) => apply::run(&apply),
        Command::Validate(validate) => validate::run(&validate),
        Command::Version(version) => version::run(&version),
    };
    outcome.unwrap_or_else(|error| {
        output::failure(&error);
        ExitCode::FAILURE
    })
}
