//! `stepgate dev`.

use std::path::PathBuf;

use clap::Args;

/// `stepgate dev`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate dev                                  the project in this folder
  stepgate dev shop --parameter Env=dev
  stepgate dev shop --once --json               deploy it, and end
  stepgate dev .aws-sam/build                   what `sam build` has made

The project's stacks are deployed to a running server as `stepgate apply` does it, and again whenever a file of the project
is saved. What is wrong with what was saved is told, and the next save is tried.

A folder with cdk.json is a CDK project: its app runs, as `cdk synth` runs it, and its assets become objects of the server.
One with serverless.yml is a project of the Serverless Framework 3, which packages it; it has to be installed there or in
PATH. Else, template.yaml (or .yml, .json) is a template of CloudFormation or SAM, whose functions' code and definitions lie
in folders and files beside it; samconfig.toml may name the stack and give parameters.

Files in .git, .aws-sam, .serverless, .venv, cdk.out, node_modules, __pycache__ and the like are not looked at.")]
pub(crate) struct DevProject {
    /// The folder with the project, or its template.
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// The stack's name [default: the project's, or the folder's]; not for CDK projects, which name their stacks.
    #[arg(long, value_name = "NAME")]
    pub(crate) stack_name: Option<String>,
    /// A template parameter; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// The stage of a project of the Serverless Framework.
    #[arg(long, value_name = "STAGE")]
    pub(crate) stage: Option<String>,
    /// Deploy once, and end.
    #[arg(long)]
    pub(crate) once: bool,
    /// The server.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub(crate) endpoint: String,
    /// Print JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
}
