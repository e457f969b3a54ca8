//! AWS's errors as a table: code, status and namespace. A protocol writes them.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

/// A refused or failed call, as a client sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// The error's code.
    pub code: Code,
    /// AWS's message; some errors have none.
    pub message: Option<Cow<'static, str>>,
    /// Members besides the message, such as `reason` or `resourceName`.
    pub members: Vec<(&'static str, Value)>,
}

impl ApiError {
    /// An error with a message.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: Some(message.into()), members: Vec::new() }
    }

    /// An error without a message.
    pub const fn bare(code: Code) -> Self {
        Self { code, message: None, members: Vec::new() }
    }

    /// The same error with another member.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((member, value.into()));
        self
    }

    /// A server error: `error` is logged, and the client learns only that it isn't to blame.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        let sources = std::iter::successors(error.source(), |source| source.source());
        let causes: Vec<String> = sources.map(ToString::to_string).collect();
        tracing::error!(%error, ?causes, "a call failed inside");
        Self::bare(Code::InternalFailure)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name, self.message.as_deref().unwrap_or_default())
    }
}

impl std::error::Error for ApiError {}

/// The origin of a code, which determines the namespace of `__type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    /// The service's own model.
    Model,
    /// The framework's constraint checks.
    Validate,
    /// The framework itself: parsing, routing, authentication.
    Service,
}

/// An error of AWS: its name and status in each protocol. A service's own are constants beside its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// Its name.
    pub name: &'static str,
    /// Its name in the query protocol, which words some of the framework's errors differently.
    pub query_name: &'static str,
    /// Its HTTP status in rest-json and query.
    pub status: u16,
    /// Its HTTP status in AWS JSON, where clients' faults are 400 whatever they are.
    pub json_status: u16,
    pub(super) origin: Origin,
}

impl Code {
    /// An error of a service's own model, with its HTTP status.
    pub const fn model(name: &'static str, status: u16) -> Self {
        Self { name, query_name: name, status, json_status: status, origin: Origin::Model }
    }
}

macro_rules! codes {
    ($($constant:ident $name:literal $query_name:literal $status:literal $json_status:literal $origin:ident;)*) => {
        #[allow(non_upper_case_globals, reason = "named as AWS names them")]
        impl Code {
            $(
                #[doc = concat!("`", $name, "`, status ", $status)]
                pub const $constant: Self = Self {
                    name: $name,
                    query_name: $query_name,
                    status: $status,
                    json_status: $json_status,
                    origin: Origin::$origin,
                };
            )*
        }
    };
}

codes! {
    // The framework's own codes, for every service.
    AccessDenied "AccessDeniedException" "AccessDenied" 403 400 Service;
    ExpiredToken "ExpiredTokenException" "ExpiredToken" 403 400 Service;
    IncompleteSignature "IncompleteSignatureException" "IncompleteSignature" 403 400 Service;
    InternalFailure "InternalFailure" "InternalFailure" 500 500 Service;
    InvalidSignature "InvalidSignatureException" "SignatureDoesNotMatch" 403 400 Service;
    MissingAuthenticationToken "MissingAuthenticationTokenException" "MissingAuthenticationToken" 403 400 Service;
    RequestEntityTooLarge "RequestEntityTooLargeException" "RequestEntityTooLarge" 413 413 Service;
    Serialization "SerializationException" "MalformedInput" 400 400 Service;
    ServiceUnavailable "ServiceUnavailableException" "ServiceUnavailable" 503 503 Service;
    Throttling "ThrottlingException" "Throttling" 400 400 Service;
    UnknownOperation "UnknownOperationException" "InvalidAction" 404 400 Service;
    UnsupportedOperation "UnsupportedOperationException" "UnsupportedOperation" 400 400 Service;
    UnrecognizedClient "UnrecognizedClientException" "InvalidClientTokenId" 403 400 Service;
    ConstraintViolation "ValidationException" "ValidationError" 400 400 Validate;
    // AWS Step Functions.
    ActivityAlreadyExists "ActivityAlreadyExists" "ActivityAlreadyExists" 400 400 Model;
    ActivityDoesNotExist "ActivityDoesNotExist" "ActivityDoesNotExist" 400 400 Model;
    ActivityLimitExceeded "ActivityLimitExceeded" "ActivityLimitExceeded" 400 400 Model;
    ActivityWorkerLimitExceeded "ActivityWorkerLimitExceeded" "ActivityWorkerLimitExceeded" 400 400 Model;
    ConflictException "ConflictException" "ConflictException" 409 400 Model;
    ExecutionAlreadyExists "ExecutionAlreadyExists" "ExecutionAlreadyExists" 400 400 Model;
    ExecutionDoesNotExist "ExecutionDoesNotExist" "ExecutionDoesNotExist" 400 400 Model;
    ExecutionLimitExceeded "ExecutionLimitExceeded" "ExecutionLimitExceeded" 400 400 Model;
    ExecutionNotRedrivable "ExecutionNotRedrivable" "ExecutionNotRedrivable" 400 400 Model;
    InvalidArn "InvalidArn" "InvalidArn" 400 400 Model;
    InvalidDefinition "InvalidDefinition" "InvalidDefinition" 400 400 Model;
    InvalidEncryptionConfiguration "InvalidEncryptionConfiguration" "InvalidEncryptionConfiguration" 400 400 Model;
    InvalidExecutionInput "InvalidExecutionInput" "InvalidExecutionInput" 400 400 Model;
    InvalidLoggingConfiguration "InvalidLoggingConfiguration" "InvalidLoggingConfiguration" 400 400 Model;
    InvalidName "InvalidName" "InvalidName" 400 400 Model;
    InvalidOutput "InvalidOutput" "InvalidOutput" 400 400 Model;
    InvalidToken "InvalidToken" "InvalidToken" 400 400 Model;
    InvalidTracingConfiguration "InvalidTracingConfiguration" "InvalidTracingConfiguration" 400 400 Model;
    MissingRequiredParameter "MissingRequiredParameter" "MissingRequiredParameter" 400 400 Model;
    ResourceNotFound "ResourceNotFound" "ResourceNotFound" 400 400 Model;
    ServiceQuotaExceeded "ServiceQuotaExceededException" "ServiceQuotaExceededException" 402 400 Model;
    StateMachineAlreadyExists "StateMachineAlreadyExists" "StateMachineAlreadyExists" 400 400 Model;
    StateMachineDeleting "StateMachineDeleting" "StateMachineDeleting" 400 400 Model;
    StateMachineDoesNotExist "StateMachineDoesNotExist" "StateMachineDoesNotExist" 400 400 Model;
    StateMachineLimitExceeded "StateMachineLimitExceeded" "StateMachineLimitExceeded" 400 400 Model;
    StateMachineTypeNotSupported "StateMachineTypeNotSupported" "StateMachineTypeNotSupported" 400 400 Model;
    TaskDoesNotExist "TaskDoesNotExist" "TaskDoesNotExist" 400 400 Model;
    TaskTimedOut "TaskTimedOut" "TaskTimedOut" 400 400 Model;
    TooManyTags "TooManyTags" "TooManyTags" 400 400 Model;
    Validation "ValidationException" "ValidationError" 400 400 Model;
    // Amazon API Gateway (its ConflictException is the one above).
    BadRequest "BadRequestException" "BadRequestException" 400 400 Model;
    Unauthorized "UnauthorizedException" "UnauthorizedException" 401 401 Model;
    NotFound "NotFoundException" "NotFoundException" 404 404 Model;
    LimitExceeded "LimitExceededException" "LimitExceededException" 429 429 Model;
    TooManyRequests "TooManyRequestsException" "TooManyRequestsException" 429 429 Model;
    // AWS Identity and Access Management.
    DeleteConflict "DeleteConflict" "DeleteConflict" 409 409 Model;
    EntityAlreadyExists "EntityAlreadyExists" "EntityAlreadyExists" 409 409 Model;
    InvalidInput "InvalidInput" "InvalidInput" 400 400 Model;
    MalformedPolicyDocument "MalformedPolicyDocument" "MalformedPolicyDocument" 400 400 Model;
    NoSuchEntity "NoSuchEntity" "NoSuchEntity" 404 404 Model;
    IamLimitExceeded "LimitExceeded" "LimitExceeded" 409 409 Model;
}
