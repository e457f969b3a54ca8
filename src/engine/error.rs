//! What the engine refuses, in AWS's words.

use super::executions::NotRedrivable;
use crate::id::{NameError, StatesArnError};
use crate::json::SyntaxError;
use crate::store;

/// A refusal; the text is the message of AWS's error of the same name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An ARN that is none, or of another kind than the operation takes.
    #[error("Invalid Arn: '{0}'")]
    InvalidArn(String),
    /// A name with forbidden characters or of a wrong length.
    #[error(transparent)]
    InvalidName(#[from] NameError),
    /// A definition with problems, all of them.
    #[error("Invalid State Machine Definition: '{0}'")]
    InvalidDefinition(String),
    /// The name is taken by a machine that differs.
    #[error("State Machine Already Exists: '{0}'")]
    StateMachineAlreadyExists(String),
    /// No such machine.
    #[error("State Machine Does Not Exist: '{0}'")]
    StateMachineDoesNotExist(String),
    /// The machine is on its way out.
    #[error("State Machine is being deleted: '{0}'")]
    StateMachineDeleting(String),
    /// The operation is not for machines of this type.
    #[error("This operation is not supported by this type of state machine")]
    StateMachineTypeNotSupported,
    /// The ARN of what a Map Run's children run, which the operation does not take. AWS's wording is not recorded.
    #[error("This operation does not support labeled state machine ARNs: '{0}'")]
    LabeledArn(String),
    /// UpdateStateMachine without anything to update.
    #[error(
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
    )]
    MissingRequiredParameter,
    /// A logging configuration that can't be.
    #[error("Invalid Logging Configuration: {0}")]
    InvalidLoggingConfiguration(&'static str),
    /// A key without its type, or a type without its key.
    #[error("Invalid Encryption Configuration: {0}")]
    InvalidEncryptionConfiguration(&'static str),
    /// An activity of the name is there and is encrypted otherwise.
    #[error("Activity Already Exists: '{0}'")]
    ActivityAlreadyExists(String),
    /// The name is taken by another execution.
    #[error("Execution Already Exists: '{0}'")]
    ExecutionAlreadyExists(String),
    /// No such execution.
    #[error("Execution Does Not Exist: '{0}'")]
    ExecutionDoesNotExist(String),
    /// No such Map Run.
    #[error("Resource not found: '{0}'")]
    MapRunDoesNotExist(String),
    /// UpdateMapRun of one that is over. AWS's wording is not recorded.
    #[error("The Map Run has completed and can't be updated.")]
    MapRunIsOver,
    /// UpdateMapRun without anything to update. AWS's wording is not recorded.
    #[error(
        "At least one of maxConcurrency, toleratedFailurePercentage or toleratedFailureCount must be specified"
    )]
    NothingOfMapRun,
    /// TestState of what can't be tested like that.
    #[error("{0}")]
    InvalidTest(String),
    /// TestState of a state that needs a mock.
    #[error(
        "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]"
    )]
    UntestableState,
    /// The execution can't be redriven.
    #[error("{0}")]
    ExecutionNotRedrivable(NotRedrivable),
    /// The input is not JSON.
    #[error("Invalid State Machine Execution Input: '{0}'")]
    InvalidExecutionInput(String),
    /// The input is empty.
    #[error("Invalid execution input.")]
    EmptyExecutionInput,
    /// No such activity.
    #[error("Activity Does Not Exist: '{0}'")]
    ActivityDoesNotExist(String),
    /// Too many workers poll one activity.
    #[error("The maximum number of workers concurrently polling for activity tasks has been reached.")]
    ActivityWorkerLimitExceeded,
    /// A task token or page token that nobody was given.
    #[error("Invalid Token: 'Invalid token'")]
    InvalidToken,
    /// The task's attempt is over.
    #[error("Task Timed Out: 'Provided task does not exist anymore'")]
    TaskTimedOut,
    /// The task's output is not JSON.
    #[error("Invalid Output: '{0}'")]
    InvalidOutput(String),
    /// No such resource to tag.
    #[error("Resource not found: '{0}'")]
    ResourceNotFound(String),
    /// A tag of this server's own with a value that it does not take.
    #[error("{0}")]
    InvalidTag(String),
    /// A fork from a state that the execution has not entered, or of what has no history.
    #[error("{0}")]
    NoFork(String),
    /// No Wait goes on that could be ended.
    #[error("{0}")]
    NoWait(String),
    /// More than 50 tags.
    #[error(
        "You've exceeded the number of tags allowed for a resource. See the Limits Topic in the AWS Step Functions Developer Guide."
    )]
    TooManyTags,
    /// The revision to be published is not the current one.
    #[error(
        "Failed to publish the State Machine version for revision {given}. The current State Machine revision is {current}."
    )]
    RevisionConflict {
        /// The one asked for.
        given: String,
        /// The one there is; `INITIAL` before the first update.
        current: String,
    },
    /// A version that aliases refer to can't be deleted.
    #[error(
        "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{0}]"
    )]
    VersionInUse(String),
    /// The alias is there with another routing or description.
    #[error(
        "Failed to create alias because an alias with the same name and a different routing configuration already exists."
    )]
    AliasConflict,
    /// A routing configuration that can't be.
    #[error("{0}")]
    InvalidRoutingConfiguration(String),
    /// No such alias or version.
    #[error("Request references a resource that does not exist.")]
    AliasDoesNotExist,
    /// UpdateStateMachineAlias without anything to update.
    #[error("Either the description or the routing configuration must be specified")]
    NothingToUpdate,
    /// More versions or aliases than a machine may have.
    #[error("The maximum number of {0} of a state machine has been reached.")]
    QuotaExceeded(&'static str),
    /// What was to be done for an attempt that is over; nothing was kept. No client ever sees it.
    #[error("the attempt is over that this was for")]
    Superseded,
    /// The disk failed or is full: the server's fault, and nothing was kept.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// What is stored can't be read: the server's fault.
    #[error("stored data can't be read: {0}")]
    Corrupt(String),
}

impl From<StatesArnError> for Error {
    fn from(error: StatesArnError) -> Self {
        Self::InvalidArn(error.to_string())
    }
}

impl Error {
    /// Input that is not JSON, in the parser's words.
    pub(super) fn execution_input(error: &SyntaxError) -> Self {
        Self::InvalidExecutionInput(error.to_string())
    }
}
