//! `stepgate iam`: what can be said of roles.

use clap::{Args, Subcommand};

/// `stepgate iam`
#[derive(Clone, Debug, Args)]
pub(crate) struct Iam {
    #[command(subcommand)]
    pub(crate) command: IamCommand,
}

/// What to do with roles.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum IamCommand {
    /// Print the policies that roles lack, as far as a server saw it that only warns of it.
    Missing(Missing),
}

/// `stepgate iam missing`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate iam missing
  stepgate iam missing --role Orders > policy.json
  aws iam put-role-policy --role-name Orders --policy-name missing --policy-document file://policy.json

With `[iam] enforcement = \"warn\"` a server lets everything through and keeps what it would have refused. Without --role this
prints, for each role, the policy that would allow it, and the statements that its trust policy lacks; with --role the policy
document alone.")]
pub(crate) struct Missing {
    /// The name or ARN of a role.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<String>,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(crate) endpoint: String,
}
