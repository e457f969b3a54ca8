//! `stepgate exec`: what can be said of executions.

use clap::{Args, Subcommand};

/// `stepgate exec`
#[derive(Clone, Debug, Args)]
pub(crate) struct Exec {
    #[command(subcommand)]
    pub(crate) command: ExecCommand,
}

/// What to do with executions.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ExecCommand {
    /// Start an execution in the middle of another one.
    Fork(Fork),
    /// End the Waits that an execution is in.
    Skip(Skip),
}

/// `stepgate exec fork`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate exec fork arn:aws:states:us-east-1:123456789012:execution:Orders:o-17 --from Charge
  stepgate exec fork ARN --from Charge --input '{\"order\": 17, \"card\": \"new\"}' --name o-17-again
  stepgate exec fork ARN --from Charge --event 42 --input @charge.json --json

The new execution runs the revision of the state machine that the old one ran, and has its input. It enters the state with the
input that the state had there, unless --input gives another, and with the variables as they were; its history begins with
ExecutionStarted. Of a state that was entered several times, the last time counts, unless --event names the event.

A state inside a Parallel or Map may be named as well. The states around it are entered again with their inputs; branches and
iterations that were done keep their output, those that were under way enter the state that they were in, and the execution
goes on to the machine's end. A child of a distributed Map is an execution of its own: name that.

The old execution stays as it is, also if it still runs. What its tasks did outside is done again from the state on.
Needs the permission states:ForkExecution on the execution.")]
pub(crate) struct Fork {
    /// The old execution.
    #[arg(value_name = "ARN")]
    pub(crate) arn: String,
    /// The state to begin with.
    #[arg(long, value_name = "STATE")]
    pub(crate) from: String,
    /// The event by which the old execution entered the state [default: the last one].
    #[arg(long, value_name = "ID")]
    pub(crate) event: Option<u64>,
    /// The state's input: JSON, `@FILE`, or `-` for standard input [default: as it was].
    #[arg(long, value_name = "JSON|@FILE|-")]
    pub(crate) input: Option<String>,
    /// The new execution's name [default: made up].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(crate) endpoint: String,
    /// Print JSON: the new execution's ARN and when it was started.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `stepgate exec skip`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate exec skip arn:aws:states:us-east-1:123456789012:execution:Orders:o-17
  stepgate exec skip ARN --state CoolDown
  stepgate exec skip ARN --json

Ends every Wait state that the execution is in now, in all branches and iterations, or only those of one state; prints the names
of the states. They are left as if their time had come. Retries that wait for their turn, and Waits of executions that this one
has started, are not ended.
Needs the permission states:SkipWait on the execution. Exit code 1 if there is no such Wait.")]
pub(crate) struct Skip {
    /// The execution.
    #[arg(value_name = "ARN")]
    pub(crate) arn: String,
    /// Only the Wait state of this name [default: all that wait].
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(crate) endpoint: String,
    /// Print JSON: the names of the states.
    #[arg(long)]
    pub(crate) json: bool,
}
