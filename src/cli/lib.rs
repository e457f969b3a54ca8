//! The command line: arguments, settings, and output for people and scripts.
//!
//! This is the only room with exit codes and `anyhow`; everything below returns typed errors.

// Rooms are called by their names, wherever they stand.
use crate as cli;
use stepgate_apis as apis;
use stepgate_asl as asl;
use stepgate_clock as clock;
use stepgate_connect as connect;
use stepgate_engine as engine;
use stepgate_functions as functions;
use stepgate_gateway as gateway;
use stepgate_id as id;
use stepgate_identity as identity;
use stepgate_json as json;
use stepgate_server as server;
use stepgate_stack as stack;
use stepgate_store as store;
use stepgate_vtl as vtl;
use stepgate_wire as wire;
use stepgate_yaml as yaml;

mod apply;
mod arguments;
mod asl_lint;
mod cors;
mod definition;
mod dev;
mod diff;
mod doctor;
mod exec;
mod export;
mod findings;
mod function;
mod iam;
mod import;
mod inspect;
mod keys;
mod logs;
mod migrate;
mod nodes;
mod output;
mod payload;
mod remote;
mod replay;
mod serve;
mod settings;
mod test;
mod validate;
mod version;
mod vtl_eval;
mod vtl_lint;
mod vtl_trace;
mod welcome;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, AslCommand, Command, CorsCommand, IamCommand, KeysCommand, VtlCommand};

/// Runs the command with which the process was started.
///
/// Exit codes: 0 success, 1 the command failed or found an error, 2 invalid arguments.
pub fn main() -> ExitCode {
    // The server starts itself to watch over instances of functions.
    if let Some(code) = functions::supervise_if_asked() {
        return code;
    }
    let arguments = Arguments::parse();
    let outcome = match arguments.command.unwrap_or(Command::Serve(arguments.serve)) {
        Command::Serve(serve) => serve::run(&serve),
        Command::Apply(apply) => apply::run(&apply),
        Command::Dev(dev) => dev::run(&dev),
        Command::Export(export) => export::run(&export),
        Command::Import(import) => import::run(&import),
        Command::Diff(diff) => diff::run(&diff),
        Command::Validate(validate) => validate::run(&validate),
        Command::Cors(arguments) => match arguments.command {
            CorsCommand::Enable(enable) => cors::enable(&enable),
        },
        Command::Vtl(vtl) => match vtl.command {
            VtlCommand::Eval(eval) => vtl_eval::run(&eval),
            VtlCommand::Lint(lint) => vtl_lint::run(&lint),
        },
        Command::Asl(asl) => match asl.command {
            AslCommand::Lint(lint) => asl_lint::run(&lint),
        },
        Command::Test(test) => test::run(&test),
        Command::Replay(replay) => replay::run(&replay),
        Command::Exec(arguments) => exec::run(&arguments),
        Command::Fn(arguments) => function::run(&arguments),
        Command::Iam(arguments) => match arguments.command {
            IamCommand::Missing(missing) => iam::run(&missing),
        },
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Keys(keys) => match keys.command {
            KeysCommand::Rotate(rotate) => keys::rotate(&rotate),
            KeysCommand::RotateStore(rotate) => keys::rotate_store(&rotate),
        },
        Command::Migrate(migrate) => migrate::run(&migrate),
        Command::Nodes(arguments) => nodes::run(&arguments),
        Command::Doctor(doctor) => doctor::run(&doctor),
        Command::Version(version) => version::run(&version),
    };
    outcome.unwrap_or_else(|error| {
        output::failure(&error);
        ExitCode::FAILURE
    })
}
