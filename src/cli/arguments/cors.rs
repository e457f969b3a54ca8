//! `stepgate cors`.

use clap::{Args, Subcommand};

/// `stepgate cors`
#[derive(Debug, Args)]
pub(crate) struct Cors {
    #[command(subcommand)]
    pub(crate) command: CorsCommand,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum CorsCommand {
    /// Let pages of other origins call an API.
    Enable(CorsEnable),
}

/// `stepgate cors enable`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate cors enable --api pets --stage dev
  stepgate cors enable --api pets --origin https://app.example.com --header X-Mine --stage dev

Gives each resource an OPTIONS method, and every answer the header Access-Control-Allow-Origin: those that the API maps, and
those of errors. Backends of proxy integrations send it themselves.")]
pub(crate) struct CorsEnable {
    /// The API, by its id or name.
    #[arg(long, value_name = "ID|NAME")]
    pub(crate) api: String,
    /// Whose pages may call.
    #[arg(long, value_name = "ORIGIN", default_value = "*")]
    pub(crate) origin: String,
    /// A header that pages send besides those of AWS's clients; may be repeated.
    #[arg(long = "header", value_name = "NAME")]
    pub(crate) headers: Vec<String>,
    /// The stage to deploy to; without it, nothing is deployed.
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: Option<String>,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(crate) endpoint: String,
}
