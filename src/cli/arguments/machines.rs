//! What can be said of state machines on the command line.

use std::path::PathBuf;

use clap::Args;

use super::Lint;
use crate::asl::StateMachineType;

/// `stepgate test`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate test config/examples/order.test.yaml
  stepgate test tests/*.test.yaml --json
  stepgate test order.test.yaml --substitutions dev.json
  stepgate test config/examples/order-request.test.yaml
  stepgate test MockConfigFile.json --definition order.asl.yaml --input order.json

A file of scenarios, YAML or JSON:
  definition: order.asl.json              # beside this file, YAML or JSON, or the definition itself
  mocks:                                  # for each Task state its answers, attempt by attempt
    Charge:                               # (the last one holds for all that follow)
      - {error: Busy, cause: try again, afterSeconds: 2}
      - {result: {paid: true}}            # or {never: true}: let it time out
  scenarios:
    - name: paid at the second attempt
      input: {total: 12}
      mocks: {}                           # of this scenario alone
      startTime: 2026-01-01T00:00:00Z     # the default
      context: {Execution: {Name: nightly}} # of the context object: Id, Name, RoleArn; StateMachine: Id, Name
      expect: {status: SUCCEEDED, output: {paid: true}, states: [Charge, Done], seconds: 5}
              # also: error, cause, and
        outputIncludes: {paid: true}      # what the output has at least
        calls:                            # what a Task was given, call by call; or how often it was called
          Charge: [{input: {total: 12}}, {inputIncludes: {total: 12}}]

A result that is not what the Task's integration comes to is explained in a note.

A MockConfigFile.json of Step Functions Local is run as it is: each test case has to come to an end, whichever. Or a file
of scenarios names it, and says what is expected:
  definition: order.asl.json
  mockConfig: MockConfigFile.json         # beside this file
  stateMachine: Order                     # which of it, if it has several
  scenarios:
    - {name: it is paid, testCase: HappyPath, expect: {status: SUCCEEDED}}

It runs the machine that the server runs; time jumps to whatever is due next.

A file of scenarios of a mapping template:
  template: order-request.vtl             # beside this file, or {text: …}
  scenarios:
    - name: an order
      body: {id: 7}                       # JSON, or a text as it is
      contentType: application/json       # says how $input reads it; JSON if not given
      headers: {X-Mine: y}                # several values as a list; likewise querystring
      querystring: {q: x}
      path: {id: \"7\"}
      stageVariables: {env: dev}
      context: {stage: dev}               # members of $context
      expect:                             # without it, the template must not fail
        output: {order: 7}                # as JSON; a text is compared to the letter
        outputIncludes: {order: 7}        # what it has at least, as JSON
        overrides: {responseOverride: {status: \"201\"}}
        error: Unrecognized token         # in place of them: what the message has in it with which it fails

Time and ids in $context are the same every time.
Exit code 0: all scenarios passed; 1: one failed; 2: a file, or what its scenarios share, can't be understood.")]
pub(crate) struct Test {
    /// Files of scenarios of a state machine or a mapping template, or MockConfigFile.json.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The definition for a MockConfigFile.json; with several state machines, one for each. May be repeated.
    #[arg(long = "definition", value_name = "[NAME=]FILE", value_parser = named_definition)]
    pub(crate) definitions: Vec<NamedDefinition>,
    /// The input for its test cases [default: {}].
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// Values for the ${names} in definitions: an object, JSON or YAML.
    #[arg(long, value_name = "FILE")]
    pub(crate) substitutions: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `stepgate replay`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  aws stepfunctions get-execution-history --execution-arn … > history.json
  stepgate replay changed.asl.json --history history.json
  stepgate replay changed.asl.json --history histories/*.json --json
  stepgate replay changed.asl.yaml --substitutions prod.json --history history.json

The definition is run with the history's input; tasks answer as they did there, after as long as they took there.
The definition is JSON or YAML. Histories are answers of GetExecutionHistory with execution data, oldest event first,
all pages in one. Of an execution that was stopped or still running, or a history with a nextToken left over, what is
there is compared, and never called the same.
Not compared: causes, role ARNs, names of workers, and texts that differ anyway (times, UUIDs, task tokens, and ARNs
and names of the execution and its state machine).
Exit code 0: the same; 1: a history diverges; 2: a file can't be understood; 3: no difference, but a history isn't whole.")]
pub(crate) struct Replay {
    /// The definition; `-` for standard input.
    #[arg(value_name = "FILE")]
    pub(crate) definition: PathBuf,
    /// Values for the ${names} in the definition: an object, JSON or YAML.
    #[arg(long, value_name = "FILE")]
    pub(crate) substitutions: Option<PathBuf>,
    /// Histories of executions.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) history: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A definition's file, perhaps for one state machine of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedDefinition {
    pub(crate) name: Option<String>,
    pub(crate) file: PathBuf,
}

fn named_definition(text: &str) -> Result<NamedDefinition, String> {
    let (name, file) = match text.split_once('=') {
        Some((name, file)) => (Some(name.to_owned()), file),
        None => (None, text),
    };
    if file.is_empty() || name.as_deref() == Some("") {
        return Err("write FILE or NAME=FILE".to_owned());
    }
    Ok(NamedDefinition { name, file: file.into() })
}

/// `stepgate asl lint`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  stepgate asl lint machine.asl.json
  stepgate asl lint *.asl.json --type EXPRESS --output json
  stepgate asl lint machine.asl.yaml --substitutions dev.json
  aws stepfunctions describe-state-machine --state-machine-arn … --query definition --output text | stepgate asl lint -

Definitions are JSON or YAML. Codes and texts are those of ValidateStateMachineDefinition; DUPLICATE_KEY, INVALID_YAML,
UNKNOWN_SUBSTITUTION and UNUSED_SUBSTITUTION are our own. Of a path, an intrinsic function, a JSONata expression or an ARN
the caret is under the part that is wrong.
Exit code 0: no errors; 1: errors, with --strict warnings as well; 2: a file can't be read.")]
pub(crate) struct AslLint {
    #[command(flatten)]
    pub(crate) lint: Lint,
    /// What kind of state machine it is: STANDARD or EXPRESS.
    #[arg(long = "type", value_name = "TYPE", default_value = "STANDARD", value_parser = state_machine_type)]
    pub(crate) kind: StateMachineType,
    /// Values for the ${names} in definitions: an object, JSON or YAML.
    #[arg(long, value_name = "FILE")]
    pub(crate) substitutions: Option<PathBuf>,
}

fn state_machine_type(text: &str) -> Result<StateMachineType, String> {
    StateMachineType::parse(text).ok_or_else(|| "write STANDARD or EXPRESS".to_owned())
}
