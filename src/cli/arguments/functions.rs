//! `stepgate fn`: what can be said of functions.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `stepgate fn`
#[derive(Clone, Debug, Args)]
pub(crate) struct Fn {
    #[command(subcommand)]
    pub(crate) command: FnCommand,
}

/// What to do with functions.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum FnCommand {
    /// Call a function of a running server.
    Invoke(Invoke),
    /// Show what a function has logged.
    Logs(Logs),
    /// Run a folder as a function, and again with every file that is saved.
    Dev(Dev),
}

/// `stepgate fn invoke`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate fn invoke charge --payload '{\"order\": 7}'
  stepgate fn invoke charge --payload @event.json --log
  cat event.json | stepgate fn invoke charge:live --payload - --json

The answer goes to standard output, the log to standard error.
Exit code 0: the function answered; 1: it failed, or could not be called.")]
pub(crate) struct Invoke {
    /// The function: its name or ARN, perhaps with `:` and a version or an alias.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The event: JSON, `@FILE`, or `-` for standard input.
    #[arg(long, value_name = "JSON|@FILE|-", default_value = "{}")]
    pub(crate) payload: String,
    /// Show what the function logged.
    #[arg(long)]
    pub(crate) log: bool,
    /// Hand the event over without waiting for an answer.
    #[arg(long, conflicts_with = "log")]
    pub(crate) event: bool,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(crate) endpoint: String,
    /// Print JSON: the status, the answer, the error and the log.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `stepgate fn logs`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate fn logs charge
  stepgate fn logs -f charge                  go on with every line that comes
  stepgate fn logs charge --json | jq .text

The server keeps the newest lines of each function, 1 MiB of them. Only the account itself may read them.")]
pub(crate) struct Logs {
    /// The function's name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Go on with what comes.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(crate) endpoint: String,
    /// Print JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `stepgate fn dev`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate fn dev functions/charge
  stepgate fn dev functions/charge --env-file .env --handler app.handler
  stepgate fn dev functions/notify --debug-port 9229      attach a debugger there

The folder becomes the function's package on a running server, under the folder's name unless --name says another. It is
sent again whenever a file in it is saved; the next call has the new code. Until it is stopped, the command shows the
function's log. What runs, and which handler is called, follows from the files: lambda_function.py, app.py, index.py,
index.mjs, index.js, or bootstrap.

With --debug-port, one instance at a time runs, with a timeout of 15 minutes. Node.js listens for a debugger there; Python
does, if the package or the machine has debugpy.

The environment's file has lines NAME=VALUE; empty lines and lines that begin with # say nothing.")]
pub(crate) struct Dev {
    /// The folder with the function's code.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
    /// The function's name [default: the folder's].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Such as python3.12 or nodejs22.x [default: as the files say].
    #[arg(long, value_name = "RUNTIME")]
    pub(crate) runtime: Option<String>,
    /// What is called in the package [default: as the files say].
    #[arg(long, value_name = "HANDLER")]
    pub(crate) handler: Option<String>,
    /// The role under which it calls the server.
    #[arg(long, value_name = "ARN", default_value = "arn:aws:iam::123456789012:role/stepgate-dev")]
    pub(crate) role: String,
    /// A file with environment variables.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// Where a debugger can attach.
    #[arg(long, value_name = "PORT")]
    pub(crate) debug_port: Option<u16>,
    /// Send the folder once, and end.
    #[arg(long)]
    pub(crate) once: bool,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(crate) endpoint: String,
    /// Print JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
}
