//! Arguments of `stepgate inspect`.

use clap::{Args, Subcommand};

/// `stepgate inspect`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate inspect record
  stepgate inspect requests --follow
  stepgate inspect requests --json | jq 'select(.status == 403) | .decided'
  stepgate inspect server
  stepgate inspect plan a1b2c3

It tells what the console shows on its pages Requests, Operation and Usage plans; policies need stepgate:GetRequests,
stepgate:RecordRequests, stepgate:GetServer and apigateway:GET.")]
pub(crate) struct Inspect {
    #[command(subcommand)]
    pub(crate) command: InspectCommand,
    /// The server.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "AWS_ENDPOINT_URL",
        default_value = "http://127.0.0.1:4566"
    )]
    pub(crate) endpoint: String,
}

/// What to look at.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum InspectCommand {
    /// Print the requests to deployed APIs that were recorded, the oldest first.
    Requests(InspectRequests),
    /// Record requests from now on, for an hour.
    Record(InspectRecord),
    /// Record no more, and forget what was recorded.
    Forget,
    /// Print the settings in force, files, figures and the end of the audit log.
    Server,
    /// Print what the keys of a usage plan have at this moment.
    Plan(InspectPlan),
}

/// `stepgate inspect requests`
#[derive(Clone, Debug, Args)]
pub(crate) struct InspectRequests {
    /// Go on with what comes.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Print all that is known of each, as a line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `stepgate inspect record`
#[derive(Clone, Debug, Args)]
pub(crate) struct InspectRecord {
    /// With bodies.
    #[arg(long)]
    pub(crate) bodies: bool,
}

/// `stepgate inspect plan`
#[derive(Clone, Debug, Args)]
pub(crate) struct InspectPlan {
    /// The plan's id.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}
