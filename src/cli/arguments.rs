//! What can be said on the command line.

mod cors;
mod executions;
mod functions;
mod iam;
mod inspect;
mod machines;
mod projects;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use http::{HeaderName, HeaderValue};

pub(super) use self::cors::{Cors, CorsCommand, CorsEnable};
pub(super) use self::executions::{Exec, ExecCommand, Fork, Skip};
pub(super) use self::functions::{Dev, Fn, FnCommand, Invoke, Logs};
pub(super) use self::iam::{Iam, IamCommand, Missing};
pub(super) use self::inspect::{Inspect, InspectCommand, InspectRequests};
pub(super) use self::machines::{AslLint, NamedDefinition, Replay, Test};
pub(super) use self::projects::DevProject;
use crate::gateway::LintCode;

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
  stepgate dev shop                             deploy a CDK, SAM or Serverless project with every file saved
  stepgate export --api pets -o pets.yaml       write an API as an OpenAPI document
  stepgate diff pets.yaml --api pets            show what importing it again would change
  stepgate vtl eval map.vtl --input order.json  run a mapping template
  stepgate asl lint machine.asl.json            check a state machine definition
  stepgate test order.test.yaml                 run its scenarios, tasks mocked, waits skipped
  stepgate replay order.asl.json --history h.json   would this execution go the same way today?
  stepgate exec fork ARN --from Charge          start an execution in the middle of another one
  stepgate inspect requests --follow            what became of each request, as it comes
  stepgate fn dev functions/charge              run a folder as a function, anew with every file saved
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
    /// Deploy a CDK, SAM or Serverless project to a running server, and again with every file that is saved.
    Dev(DevProject),
    /// Write what a stage of an API serves as an OpenAPI document.
    Export(Export),
    /// Make an API of an OpenAPI document, or put the document into one.
    Import(Import),
    /// Show what importing an OpenAPI document and deploying it would change.
    Diff(Diff),
    /// Check a template, a state machine definition or a mapping template without deploying it.
    Validate(Validate),
    /// Let browsers' pages call an API.
    Cors(Cors),
    /// Work on mapping templates without a server.
    Vtl(Vtl),
    /// Work on state machine definitions without a server.
    Asl(Asl),
    /// Run scenarios of a state machine with mocked tasks, or of a mapping template, without a server.
    Test(Test),
    /// Find where recorded executions would go another way under a changed definition.
    Replay(Replay),
    /// Fork executions of a running server, and end their Waits.
    Exec(Exec),
    /// Call, read and develop Lambda functions.
    Fn(Fn),
    /// See what roles lack.
    Iam(Iam),
    /// Look at the last requests of a running server, and at the server itself.
    Inspect(Inspect),
    /// Work on the keys of a data directory.
    Keys(Keys),
    /// Move everything durable from a data directory to a PostgreSQL server, or back.
    Migrate(Migrate),
    /// Show the nodes that share a PostgreSQL server.
    Nodes(Nodes),
    /// Look for what is wrong with the settings, and with --production for what strangers could make use of.
    Doctor(Doctor),
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
    /// The PostgreSQL server that keeps everything durable instead: postgres://USER@HOST/DATABASE.
    #[arg(long, value_name = "URL", env = "STEPGATE_STORE_URL", hide_env_values = true)]
    pub(super) store_url: Option<String>,
    /// Where to listen [default: 127.0.0.1:4566]; port 0 lets the system choose.
    #[arg(long, value_name = "ADDR", env = "STEPGATE_LISTEN")]
    pub(super) listen: Option<SocketAddr>,
    /// Where to listen with TLS; off while not given.
    #[arg(long, value_name = "ADDR", env = "STEPGATE_TLS_LISTEN")]
    pub(super) tls_listen: Option<SocketAddr>,
    /// How to log [default: auto].
    #[arg(long, value_name = "FORMAT", env = "STEPGATE_LOG_FORMAT")]
    pub(super) log_format: Option<LogFormat>,
    /// Go on with what is left where the data directory has lost something that was acknowledged.
    #[arg(long)]
    pub(super) accept_loss: bool,
    /// Print what was deployed as one line of JSON instead of the welcome text.
    #[arg(long)]
    pub(super) json: bool,
}

/// `stepgate keys`
#[derive(Clone, Debug, Args)]
pub(super) struct Keys {
    #[command(subcommand)]
    pub(super) command: KeysCommand,
}

/// What to do with keys.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Put a new access key into the settings and into the running server.
    Rotate(Rotate),
    /// Encrypt the secrets of a data directory with a new key.
    RotateStore(RotateStore),
}

/// `stepgate keys rotate`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate keys rotate --config /etc/stepgate/stepgate.toml
  stepgate keys rotate --config /etc/stepgate/stepgate.toml --overlap 3600      the old key works for another hour
  stepgate keys rotate --config stepgate.toml --access-key-id AKIAEXAMPLE

The new key takes the old one's place in the file of the settings; its secret is nowhere else. The running server takes it
over without a restart, and the old key ends at once, or after --overlap. If the server doesn't take it over, the file is put
back. The command signs with the old key, so it needs nothing but the file.")]
pub(super) struct Rotate {
    /// The settings with which the server was started.
    #[arg(long, value_name = "FILE", env = "STEPGATE_CONFIG")]
    pub(super) config: PathBuf,
    /// The key to replace; not needed if there is only one.
    #[arg(long, value_name = "ID")]
    pub(super) access_key_id: Option<String>,
    /// How long the old key may still sign.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(super) overlap: u64,
    /// Change the file alone, for the server's next start.
    #[arg(long)]
    pub(super) offline: bool,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(super) endpoint: String,
}

/// `stepgate keys rotate-store`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate keys rotate-store                                          a generated key, generated anew
  stepgate keys rotate-store --config /etc/stepgate/stepgate.toml
  stepgate keys rotate-store --new-key-file /run/secrets/new.key      a key of your own from now on

Values are encrypted with a data key, and that with the master key of [secrets]. The data key is always made anew. The
master key is, too, if it is a generated one; one of [secrets] stays unless a new one is named: set [secrets] to the
new one afterwards. Stop the server first. The change happens as a whole or not at all; run the command again if it was cut
short.")]
pub(super) struct RotateStore {
    /// Settings, as in config/stepgate.toml.
    #[arg(long, value_name = "FILE", env = "STEPGATE_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// The data directory [default: stepgate-data].
    #[arg(long, value_name = "DIR", env = "STEPGATE_DATA_DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// The PostgreSQL server, if that keeps everything durable.
    #[arg(long, value_name = "URL", env = "STEPGATE_STORE_URL", hide_env_values = true)]
    pub(super) store_url: Option<String>,
    /// A file that holds the new master key.
    #[arg(long, value_name = "FILE", conflicts_with = "new_key_env")]
    pub(super) new_key_file: Option<PathBuf>,
    /// An environment variable that holds it.
    #[arg(long, value_name = "NAME")]
    pub(super) new_key_env: Option<String>,
}

/// `stepgate migrate`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate migrate --from stepgate-data --to postgres://stepgate@db.example.com/stepgate
  stepgate migrate --from postgres://stepgate@db.example.com/stepgate --to stepgate-data

Stop the server first. All tables are copied and then compared, by the number of their rows and a checksum; the place they come
from stays as it is. The place they go to must be new: a database without tables, or a directory without stepgate.db. Until
everything is there, no server starts on it; run the command again if it was cut short: it goes on where it was. The data
directory stays the node's: objects of buckets, keys and logs are not moved.")]
pub(super) struct Migrate {
    /// The data directory or the URL of the database to move from.
    #[arg(long, value_name = "DIR|URL")]
    pub(super) from: String,
    /// The URL of the database or the data directory to move to.
    #[arg(long, value_name = "URL|DIR")]
    pub(super) to: String,
    /// Settings, as in config/stepgate.toml: passwords, certificates and keys.
    #[arg(long, value_name = "FILE", env = "STEPGATE_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

/// `stepgate nodes`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate nodes
  stepgate nodes --json | jq '.nodes[].shards | length'

For each node: until when its lease lasts, which part of the work is its own (shards), how many calls of tasks it has under way,
and how many timers are late. Any node tells of all. The request is signed with the account's key, as those of aws are.")]
pub(super) struct Nodes {
    /// The address of a server.
    #[arg(long, value_name = "URL", env = "STEPGATE_ENDPOINT", default_value = "http://127.0.0.1:4566")]
    pub(super) endpoint: String,
    /// Print JSON, for scripts.
    #[arg(long)]
    pub(super) json: bool,
}

/// `stepgate doctor`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Examples:
  stepgate doctor
  stepgate doctor --production --config /etc/stepgate/stepgate.toml --data-dir /var/lib/stepgate

It reads the settings and looks at the files that they name; no server is asked. What \"must\" be mended makes the exit
code 1, what \"should\" be considered doesn't. docs/security.md has settings that are clean.")]
pub(super) struct Doctor {
    /// Settings, as in config/stepgate.toml.
    #[arg(long, value_name = "FILE", env = "STEPGATE_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Where everything durable lives [default: stepgate-data].
    #[arg(long, value_name = "DIR", env = "STEPGATE_DATA_DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Where `serve` will listen [default: 127.0.0.1:4566].
    #[arg(long, value_name = "ADDR", env = "STEPGATE_LISTEN")]
    pub(super) listen: Option<SocketAddr>,
    /// Where it will listen with TLS.
    #[arg(long, value_name = "ADDR", env = "STEPGATE_TLS_LISTEN")]
    pub(super) tls_listen: Option<SocketAddr>,
    /// Look for what strangers could make use of.
    #[arg(long)]
    pub(super) production: bool,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Doctor {
    /// The arguments of the server that it is about.
    pub(super) fn as_serve(&self) -> Serve {
        let Self { config, data_dir, listen, tls_listen, .. } = self.clone();
        Serve { config, data_dir, listen, tls_listen, ..Serve::default() }
    }
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
    /// The stack's name [default: the file's name; its folder's, if the file is called template].
    #[arg(long, value_name = "NAME")]
    pub(super) stack_name: Option<String>,
    /// A template parameter; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub(super) parameters: Vec<String>,
    /// Apply the template without asking, even if the stack has an API that the template doesn't have.
    #[arg(long)]
    pub(super) force: bool,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// `stepgate export`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate export --api pets -o pets.yaml
  stepgate export --api a1b2c3d4e5 --stage prod --dialect swagger --format json

The document holds all of AWS's extensions and the documentation: what is imported from it is what was exported.")]
pub(super) struct Export {
    /// The API, by its id or name.
    #[arg(long, value_name = "ID|NAME")]
    pub(super) api: String,
    /// The stage [default: the only one].
    #[arg(long, value_name = "NAME")]
    pub(super) stage: Option<String>,
    /// How the document is written [default: as the file's name says, else yaml].
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<DocumentFormat>,
    /// Which version of OpenAPI it speaks.
    #[arg(long, value_name = "DIALECT", default_value = "oas30")]
    pub(super) dialect: Dialect,
    /// Where it is written; `-` for standard output, which it is without.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(super) endpoint: String,
}

impl Export {
    /// What was asked for, else what the file's name says.
    pub(super) fn format(&self) -> DocumentFormat {
        let named = self.output.as_deref().and_then(|file| file.extension()?.to_str());
        let json = named.is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        self.format.unwrap_or(if json { DocumentFormat::Json } else { DocumentFormat::Yaml })
    }
}

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DocumentFormat {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

/// A version of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Dialect {
    /// OpenAPI 3.0.
    Oas30,
    /// Swagger 2.0.
    Swagger,
}

/// `stepgate import`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate import pets.yaml                             a new API
  stepgate import pets.yaml --api pets                  merge into the API
  stepgate import pets.yaml --api pets --mode overwrite

Stages serve what was imported once it is deployed.")]
pub(super) struct Import {
    /// The document, Swagger 2.0 or OpenAPI 3.0, YAML or JSON; `-` for standard input.
    pub(super) file: PathBuf,
    /// The API that it is put into, by its id or name; a new one without.
    #[arg(long, value_name = "ID|NAME")]
    pub(super) api: Option<String>,
    /// What becomes of what the API has and the document has not.
    #[arg(long, value_name = "MODE", default_value = "merge", requires = "api")]
    pub(super) mode: ImportMode,
    /// Import nothing if anything would be left out.
    #[arg(long)]
    pub(super) fail_on_warnings: bool,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(super) endpoint: String,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What becomes of what an API has and a document has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ImportMode {
    /// It stays.
    Merge,
    /// It goes.
    Overwrite,
}

impl ImportMode {
    /// AWS's word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Overwrite => "overwrite",
        }
    }
}

/// `stepgate diff`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate diff pets.yaml --api pets
  stepgate diff pets.yaml --api pets --stage prod --mode merge --json
  stepgate diff pets.yaml                          what it would make as a new API

The document is imported into a store of its own, on top of what the stage serves; the server is only asked what that
is. Resources, methods, integrations, responses, models, authorizers, validators and settings are compared, documentation
is not.
Exit code 0: no difference; 1: there is one; 2: the document or the server can't be read.")]
pub(super) struct Diff {
    /// The document; `-` for standard input.
    pub(super) file: PathBuf,
    /// The API that it would be put into, by its id or name; a new one without.
    #[arg(long, value_name = "ID|NAME")]
    pub(super) api: Option<String>,
    /// The stage that it is compared with [default: the only one].
    #[arg(long, value_name = "NAME", requires = "api")]
    pub(super) stage: Option<String>,
    /// Compare with what the stage's canary serves.
    #[arg(long, requires = "api")]
    pub(super) canary: bool,
    /// What would become of what the API has and the document has not.
    #[arg(long, value_name = "MODE", default_value = "overwrite")]
    pub(super) mode: ImportMode,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(super) endpoint: String,
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

/// `stepgate vtl`
#[derive(Clone, Debug, Args)]
pub(super) struct Vtl {
    #[command(subcommand)]
    pub(super) command: VtlCommand,
}

/// What to do with mapping templates.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum VtlCommand {
    /// Evaluate a mapping template as the gateway would.
    Eval(VtlEval),
    /// Find what AWS refuses in mapping templates, and what prints other than one would think.
    Lint(VtlLint),
}

/// `stepgate vtl eval`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate vtl eval request.vtl --input order.json
  echo '{\"id\": 7}' | stepgate vtl eval request.vtl --input - --trace
  echo '$input.params(\"q\") $stageVariables.env' | stepgate vtl eval - --param q=x --stage-variables env=dev
  stepgate vtl eval request.vtl --input order.json --param path.id=7 --param header.X-Mine=y --context context.json
  echo 'token=a&text=b' | stepgate vtl eval form.vtl --input - --content-type application/x-www-form-urlencoded

The context is a JSON object in the shape of $context, such as {\"identity\": {\"sourceIp\": \"192.0.2.1\"}}. What it
lacks is as in a test invocation. Without --input the body is empty.
The output goes to standard output as it is, the trace and overrides to standard error. Exit code 1 if the template
fails.")]
pub(super) struct VtlEval {
    /// The mapping template; `-` for standard input.
    #[arg(value_name = "TEMPLATE")]
    pub(super) template: PathBuf,
    /// The body; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(super) input: Option<PathBuf>,
    /// Members of $context: a JSON object.
    #[arg(long, value_name = "FILE")]
    pub(super) context: Option<PathBuf>,
    /// Stage variables, as the AWS CLI takes them; may be repeated.
    #[arg(long, value_name = "NAME=VALUE,…", value_parser = stage_variables)]
    pub(super) stage_variables: Vec<StageVariables>,
    /// The body's type, which says how $input reads it: JSON if not given, a text for all other types.
    #[arg(long, value_name = "TYPE", value_parser = content_type)]
    pub(super) content_type: Option<HeaderValue>,
    /// A parameter of the request: path.NAME, querystring.NAME, header.NAME, or NAME for the query; may be repeated.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = request_parameter)]
    pub(super) parameters: Vec<RequestParameter>,
    /// Show what every directive and reference did.
    #[arg(long)]
    pub(super) trace: bool,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) output: OutputFormat,
}

/// `stepgate vtl lint`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate vtl lint templates/*.vtl
  stepgate vtl lint request.vtl --output json
  stepgate vtl lint request.vtl --strict --allow ESCAPED_APOSTROPHE

Exit code 0: no errors; 1: errors, with --strict warnings as well; 2: a file can't be read.")]
pub(super) struct VtlLint {
    #[command(flatten)]
    pub(super) lint: Lint,
    /// The type of bodies that the templates are for: JSON if not given, a text for all other types.
    #[arg(long, value_name = "TYPE")]
    pub(super) content_type: Option<String>,
    /// A code to pass over; may be repeated.
    #[arg(long, value_name = "CODE", value_parser = lint_code)]
    pub(super) allow: Vec<LintCode>,
}

/// `stepgate asl`
#[derive(Clone, Debug, Args)]
pub(super) struct Asl {
    #[command(subcommand)]
    pub(super) command: AslCommand,
}

/// What to do with state machine definitions.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum AslCommand {
    /// Find everything that is wrong with state machine definitions, as AWS tells it.
    Lint(AslLint),
}

/// What both kinds of lint are told.
#[derive(Clone, Debug, Args)]
pub(super) struct Lint {
    /// The files; `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Fail on warnings too.
    #[arg(long)]
    pub(super) strict: bool,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) output: OutputFormat,
}

/// For whom results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// Stage variables of one argument.
pub(super) type StageVariables = BTreeMap<String, String>;

/// `a=b,c=d`, or a JSON object of strings, as the AWS CLI takes maps. A value may hold `=`, and a comma in front of
/// text without one.
fn stage_variables(text: &str) -> Result<StageVariables, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| format!("not an object of strings: {error}"));
    }
    let mut variables: Vec<(String, String)> = Vec::new();
    for piece in text.split(',') {
        match (piece.split_once('='), variables.last_mut()) {
            (Some((name, value)), _) if !name.is_empty() => {
                variables.push((name.to_owned(), value.to_owned()))
            }
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(piece);
            }
            _ => return Err("write NAME=VALUE, separated by commas".to_owned()),
        }
    }
    Ok(variables.into_iter().collect())
}

/// One parameter of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RequestParameter {
    Path(String, String),
    Query(String, String),
    Header(HeaderName, HeaderValue),
}

fn request_parameter(text: &str) -> Result<RequestParameter, String> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("write NAME=VALUE")?;
    let (name, value) = (name.to_owned(), value.to_owned());
    Ok(match name.split_once('.') {
        Some(("path", name)) => RequestParameter::Path(name.to_owned(), value),
        Some(("querystring", name)) => RequestParameter::Query(name.to_owned(), value),
        Some(("header", name)) => RequestParameter::Header(
            HeaderName::try_from(name).map_err(|_| format!("{name:?} is no header's name"))?,
            HeaderValue::try_from(value).map_err(|_| "a header's value has no line ends".to_owned())?,
        ),
        Some(_) | None => RequestParameter::Query(name, value),
    })
}

fn content_type(text: &str) -> Result<HeaderValue, String> {
    let is_type = text.split_once('/').is_some_and(|(kind, subtype)| !kind.is_empty() && !subtype.is_empty());
    let value = HeaderValue::try_from(text).ok().filter(|_| is_type);
    value.ok_or_else(|| "write TYPE/SUBTYPE, such as text/plain".to_owned())
}

fn lint_code(text: &str) -> Result<LintCode, String> {
    LintCode::parse(text).ok_or_else(|| {
        let all: Vec<&str> = LintCode::ALL.iter().map(|code| code.as_str()).collect();
        format!("no such code; there are {}", all.join(", "))
    })
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

    #[test]
    fn a_document_is_written_as_its_file_is_named() {
        for (arguments, expect) in [
            (&[][..], DocumentFormat::Yaml),
            (&["-o", "a.yaml"], DocumentFormat::Yaml),
            (&["-o", "a.JSON"], DocumentFormat::Json),
            (&["-o", "a.json", "--format", "yaml"], DocumentFormat::Yaml),
        ] {
            let arguments = [&["stepgate", "export", "--api", "a"], arguments].concat();
            let Some(Command::Export(export)) = Arguments::parse_from(&arguments).command else {
                unreachable!()
            };
            assert_eq!(export.format(), expect, "{arguments:?}");
        }
    }

    #[test]
    fn stage_variables_are_written_as_for_the_aws_cli() {
        let check = |text: &str, expect: &[(&str, &str)]| {
            let expect =
                expect.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(stage_variables(text), Ok(expect), "{text}");
        };
        check("a=b", &[("a", "b")]);
        check("a=b,c=d=e,f=", &[("a", "b"), ("c", "d=e"), ("f", "")]);
        check("url=x,y,a=1", &[("a", "1"), ("url", "x,y")]);
        check(r#"{"a": "b,c=d"}"#, &[("a", "b,c=d")]);
        for bad in ["", "a", "=b", ",a=b", "{", r#"{"a": 1}"#] {
            assert!(stage_variables(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parameters_say_where_they_stand() {
        let own = str::to_owned;
        assert_eq!(request_parameter("path.id=4=2"), Ok(RequestParameter::Path(own("id"), own("4=2"))));
        assert_eq!(request_parameter("querystring.q="), Ok(RequestParameter::Query(own("q"), own(""))));
        assert_eq!(request_parameter("a.b=c"), Ok(RequestParameter::Query(own("a.b"), own("c"))));
        assert!(matches!(request_parameter("header.X-Mine=y"), Ok(RequestParameter::Header(..))));
        for bad in ["q", "=x", "header.a b=c", "header.a=b\nc"] {
            assert!(request_parameter(bad).is_err(), "{bad}");
        }
    }
}
