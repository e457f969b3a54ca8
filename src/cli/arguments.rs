//! What can be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// An API-Gateway-compatible HTTP front door with a durable, Step-Functions-compatible workflow engine.
#[derive(Debug, Parser)]
#[command(
    name = "stepgate",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  stepgate                                      serve on 127.0.0.1:4566 with the tutorial deployed
  stepgate serve --listen 127.0.0.1:8080        the same elsewhere
  stepgate apply config/tutorial.yaml           deploy a CloudFormation template to a running server
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 aws stepfunctions list-state-machines"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// Without a command, `serve` is run.
    #[command(flatten)]
    pub(super) serve: Serve,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve until stopped; the default.
    Serve(Serve),
    /// Deploy a CloudFormation template to a running server.
    Apply(Apply),
    /// Check a template, a state machine definition or a mapping template without deploying it.
    Validate(Validate),
    /// Print the version.
    Version(Version),
}

/// `stepgate serve`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Examples:
  stepgate serve
  stepgate serve --config /etc/stepgate/stepgate.toml
  stepgate serve --data-dir /var/lib/stepgate --listen 127.0.0.1:4566 --tls-listen 127.0.0.1:4567

Every setting is described in config/stepgate.toml. Arguments win over the environment, and both over the file.")]
pub(super) struct Serve {
    /// Settings, as in config/stepgate.toml.
    #[arg(long, value_name = "FILE", env = "STEPGATE_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Where everything durable lives [default: stepgate-data].
    #[arg(long, value_name = "DIR", env = "STEPGATE_DATA_DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:4566]; port 0 lets the system choose.
    #[arg(long, value_name = "ADDR", env = "STEPGATE_LISTEN")]
    pub(super) listen: Option<SocketAddr>,
    /// Where to listen with TLS; off while not given.
    #[arg(long, value_name = "ADDR", env = "STEPGATE_TLS_LISTEN")]
    pub(super) tls_listen: Option<SocketAddr>,
    /// How to log [default: auto].
    #[arg(long, value_name = "FORMAT", env = "STEPGATE_LOG_FORMAT")]
    pub(super) log_format: Option<LogFormat>,
    /// Print what was deployed as one line of JSON instead of the welcome text.
    #[arg(long)]
    pub(super) json: bool,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// One object a line.
    Json,
}

/// `stepgate apply`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate apply config/tutorial.yaml
  stepgate apply api.yaml --stack-name shop --parameter Env=dev --json

The key of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY signs the request (test/test while unset).
What the stack already has is left alone; what the template no longer has is removed.")]
pub(super) struct Apply {
    /// The template, YAML or JSON.
    pub(super) file: PathBuf,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(super) endpoint: String,
    /// The stack's name [default: the file's name].
    #[arg(long, value_name = "NAME")]
    pub(super) stack_name: Option<String>,
    /// A template parameter; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub(super) parameters: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// `stepgate validate`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate validate config/tutorial.yaml     a CloudFormation template
  stepgate validate hello.asl.json           a state machine definition
  stepgate validate request.vtl              a mapping template

Exit code 1 if anything is wrong; warnings alone leave it 0.")]
pub(super) struct Validate {
    /// What to check: a template, a definition (an object with StartAt) or a mapping template (.vtl, .vm).
    pub(super) file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// `stepgate version`
#[derive(Clone, Debug, Args)]
pub(super) struct Version {
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_bare_command_serves() {
        let arguments = Arguments::parse_from(["stepgate", "--listen", "127.0.0.1:0"]);
        assert!(arguments.command.is_none());
        assert_eq!(arguments.serve.listen, Some(SocketAddr::from(([127, 0, 0, 1], 0))));
        let arguments = Arguments::parse_from(["stepgate", "serve", "--data-dir", "d"]);
        assert!(matches!(arguments.command, Some(Command::Serve(serve)) if serve.data_dir.is_some()));
        assert!(Arguments::try_parse_from(["stepgate", "nope"]).is_err());
    }
}
