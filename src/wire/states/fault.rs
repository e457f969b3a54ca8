//! The engine's refusals as AWS's errors.

use crate::engine::Error;
use crate::wire::{ApiError, Code};

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::InvalidArn(_) => Code::InvalidArn,
            Error::InvalidName(_) => Code::InvalidName,
            Error::InvalidDefinition(_) => Code::InvalidDefinition,
            Error::StateMachineAlreadyExists(_) => Code::StateMachineAlreadyExists,
            Error::StateMachineDoesNotExist(_) => Code::StateMachineDoesNotExist,
            Error::StateMachineDeleting(_) => Code::StateMachineDeleting,
            Error::StateMachineTypeNotSupported => Code::StateMachineTypeNotSupported,
            Error::MissingRequiredParameter => Code::MissingRequiredParameter,
            Error::InvalidLoggingConfiguration(_) => Code::InvalidLoggingConfiguration,
            Error::InvalidEncryptionConfiguration(_) => Code::InvalidEncryptionConfiguration,
            Error::ActivityAlreadyExists(_) => Code::ActivityAlreadyExists,
            Error::ExecutionAlreadyExists(_) => Code::ExecutionAlreadyExists,
            Error::ExecutionNotRedrivable(_) => Code::ExecutionNotRedrivable,
            Error::ExecutionDoesNotExist(_) => Code::ExecutionDoesNotExist,
            Error::InvalidExecutionInput(_) | Error::EmptyExecutionInput => Code::InvalidExecutionInput,
            Error::ActivityDoesNotExist(_) => Code::ActivityDoesNotExist,
            Error::ActivityWorkerLimitExceeded => Code::ActivityWorkerLimitExceeded,
            Error::InvalidToken => Code::InvalidToken,
            Error::TaskTimedOut => Code::TaskTimedOut,
            Error::InvalidOutput(_) => Code::InvalidOutput,
            Error::ResourceNotFound(_) => Code::ResourceNotFound,
            Error::TooManyTags => Code::TooManyTags,
            Error::RevisionConflict { .. } | Error::VersionInUse(_) | Error::AliasConflict => {
                Code::ConflictException
            }
            Error::InvalidRoutingConfiguration(_) => {
                return Self::new(Code::Validation, error.to_string())
                    .with("reason", "INVALID_ROUTING_CONFIGURATION");
            }
            Error::NothingToUpdate | Error::NothingOfMapRun => {
                return Self::new(Code::Validation, error.to_string())
                    .with("reason", "MISSING_REQUIRED_PARAMETER");
            }
            Error::LabeledArn(_) => {
                return Self::new(Code::Validation, error.to_string())
                    .with("reason", "API_DOES_NOT_SUPPORT_LABELED_ARNS");
            }
            Error::MapRunIsOver => {
                return Self::new(Code::Validation, error.to_string())
                    .with("reason", "CANNOT_UPDATE_COMPLETED_MAP_RUN");
            }
            Error::InvalidTest(_) | Error::InvalidTag(_) | Error::NoFork(_) | Error::NoWait(_) => {
                Code::Validation
            }
            Error::UntestableState => Code::InvalidDefinition,
            Error::AliasDoesNotExist | Error::MapRunDoesNotExist(_) => Code::ResourceNotFound,
            Error::QuotaExceeded(_) => Code::ServiceQuotaExceeded,
            // The disk's fault: the caller may try again.
            Error::Store(_) => {
                tracing::error!(%error, "a call failed in the store");
                return Self::bare(Code::ServiceUnavailable);
            }
            Error::Corrupt(_) | Error::Superseded => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}
