//! Errors of control-plane operations, with AWS's messages.
//!
//! The outer enum has the exceptions that clients see, the inner ones are the tables of messages.

mod bad_request;
mod plans;

pub use bad_request::BadRequest;
pub use plans::{KeyProblem, PlanConflict, PlanProblem};

use super::{ApiId, HttpMethod, StageName, UsagePlanId};
use crate::id::AccountId;
use crate::store;

/// Why an operation failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `BadRequestException`.
    #[error(transparent)]
    BadRequest(#[from] BadRequest),
    /// `NotFoundException`.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// `ConflictException`.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// `LimitExceededException`.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// `AccessDeniedException`.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The store failed: a server error.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A stored record can't be parsed: a server error.
    #[error("stored record can't be read: {0}")]
    Corrupt(#[from] serde_json::Error),
    /// A certificate could not be generated: a server error.
    #[error("certificate can't be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// An SDK could not be generated: a server error.
    #[error("a client can't be made: {0}")]
    Sdk(#[from] crate::apis::sdk::Error),
    /// The server shut down before the work was done.
    #[error("the server is ending")]
    Unfinished,
}

impl Error {
    /// Whether the request was refused, as opposed to a server error.
    pub(crate) const fn is_refusal(&self) -> bool {
        match self {
            Self::BadRequest(_)
            | Self::NotFound(_)
            | Self::Conflict(_)
            | Self::LimitExceeded(_)
            | Self::AccessDenied(_) => true,
            Self::Store(_) | Self::Corrupt(_) | Self::Certificate(_) | Self::Sdk(_) | Self::Unfinished => {
                false
            }
        }
    }
}

/// Something that the request refers to doesn't exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// No such API; the message contains the account.
    #[error("Invalid API identifier specified {account}:{api}")]
    Api {
        /// The caller's account.
        account: AccountId,
        /// The API's id.
        api: ApiId,
    },
    /// No such resource; also for a missing API if the request is about a resource.
    #[error("Invalid Resource identifier specified")]
    Resource,
    /// No such method.
    #[error("Invalid Method identifier specified")]
    Method,
    /// No such integration.
    #[error("Invalid Integration identifier specified")]
    Integration,
    /// No such method response or integration response.
    #[error("Invalid Response status code specified")]
    StatusCode,
    /// No such model.
    #[error("Invalid model name specified: {0}")]
    Model(String),
    /// No such request validator.
    #[error("Invalid Request Validator identifier specified")]
    RequestValidator,
    /// No such authorizer.
    #[error("Invalid Authorizer identifier specified")]
    Authorizer,
    /// No such gateway response: it was never set.
    #[error("Gateway response type not defined on api")]
    GatewayResponse,
    /// No such deployment.
    #[error("Invalid Deployment identifier specified")]
    Deployment,
    /// No such stage.
    #[error("Invalid stage identifier specified")]
    Stage,
    /// No such SDK type.
    #[error("Invalid SDK type identifier specified")]
    SdkType,
    /// No such VPC link.
    #[error("Invalid Vpc Link identifier specified")]
    VpcLink,
    /// No such custom domain name.
    #[error("Invalid domain name identifier specified")]
    DomainName,
    /// No such access association.
    #[error("Invalid domain name access association identifier specified")]
    AccessAssociation,
    /// The domain has no such base path.
    #[error("Invalid base path mapping identifier specified")]
    BasePathMapping,
    /// No such client certificate.
    #[error("Invalid Client Certificate identifier specified")]
    ClientCertificate,
    /// No such documentation part.
    #[error("Invalid Documentation part identifier specified")]
    DocumentationPart,
    /// No such documentation version.
    #[error("Invalid Documentation version specified")]
    DocumentationVersion,
    /// No such API key.
    #[error("Invalid API Key identifier specified")]
    ApiKey,
    /// No such usage plan.
    #[error("Invalid Usage Plan ID specified")]
    UsagePlan,
    /// The stage that should be added to a plan doesn't exist.
    #[error("API Stage not found: {api}:{stage}")]
    ApiStage {
        /// The API.
        api: ApiId,
        /// The stage.
        stage: StageName,
    },
    /// The stage of a plan has no such method that could be throttled.
    #[error("Invalid method {{resourcePath: {path},method: {method}}} specified")]
    PlanMethod {
        /// The resource's path.
        path: String,
        /// The verb.
        method: HttpMethod,
    },
    /// The plan doesn't contain the stage.
    #[error("Invalid API Stage {{api: {api}, stage: {stage}}} specified for usageplan {plan}")]
    PlanStage {
        /// The API.
        api: ApiId,
        /// The stage.
        stage: StageName,
        /// The plan.
        plan: UsagePlanId,
    },
    /// No such key in a map.
    #[error("Invalid parameter name specified")]
    ParameterName,
    /// No such key in a map of content types.
    #[error("Content-Type specified was not found")]
    ContentType,
}

/// The request conflicts with what exists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The domain already has the base path.
    #[error("Base path already exists for this domain name")]
    BasePath,
    /// A sibling resource has the same path part.
    #[error("Another resource with the same parent already has this name: {0}")]
    ResourceName(String),
    /// The method already exists.
    #[error("Method already exists for this resource")]
    Method,
    /// The method already has a response with that status.
    #[error("Response already exists for this resource")]
    MethodResponse,
    /// Another integration response of the method has the same pattern, or is also the default.
    #[error("Integration response with selection pattern {0} already exists")]
    SelectionPattern(String),
    /// A model of this name already exists.
    #[error("Model name already exists for this REST API")]
    ModelName,
    /// A method uses the model.
    #[error("Cannot delete model '{model}', is referenced in method {side}: {path}/{method}")]
    ModelInUse {
        /// The model.
        model: String,
        /// `request` or `response`.
        side: &'static str,
        /// The method's path.
        path: String,
        /// The method's verb.
        method: HttpMethod,
    },
    /// A method uses the validator. Only the beginning of AWS's message is known; the rest follows that for models.
    #[error("Cannot delete Request Validator '{validator}', is referenced in method: {path}/{method}")]
    RequestValidatorInUse {
        /// The validator's name.
        validator: String,
        /// The method's path.
        path: String,
        /// The method's verb.
        method: HttpMethod,
    },
    /// A method uses the authorizer.
    #[error("Cannot delete authorizer '{authorizer}', is referenced in method: {method}/{path}")]
    AuthorizerInUse {
        /// The authorizer's name.
        authorizer: String,
        /// The method's path.
        path: String,
        /// The method's verb.
        method: HttpMethod,
    },
    /// Somebody else is changing the same thing, or there is nothing to change.
    #[error("Unable to complete operation due to concurrent modification. Please try again later.")]
    ConcurrentModification,
    /// A stage of this name already exists.
    #[error("Stage already exists")]
    Stage,
    /// The VPC endpoint already has access to the domain. AWS's message is not recorded.
    #[error("Domain name access association already exists")]
    AccessAssociation,
    /// A conflict about API keys and usage plans.
    #[error(transparent)]
    Plans(#[from] PlanConflict),
    /// The entity already has documentation.
    #[error("Documentation part already exists for the specified location: {0}.")]
    DocumentationPart(String),
    /// The version already exists. AWS's message is not recorded.
    #[error("Documentation version already exists")]
    DocumentationVersion,
    /// A stage uses the version. AWS's message is not recorded.
    #[error("Cannot delete documentation version '{version}', is referenced in stage: {stage}")]
    DocumentationVersionInUse {
        /// The version.
        version: String,
        /// The stage.
        stage: StageName,
    },
}

/// The request refers to something of another account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessDenied {
    /// A role of another account can't be passed.
    #[error("Cross-account pass role is not allowed.")]
    PassRole,
}

/// A quota is reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitExceeded {
    /// 300 resources per API.
    #[error(
        "Maximum number of resources for this API has been reached. Please contact AWS if you need additional \
         resources."
    )]
    Resources,
    /// 10 stages per API.
    #[error(
        "Maximum number of stages for this API has been reached. Please contact AWS if you need additional stages."
    )]
    Stages,
    /// 10 authorizers per API.
    #[error(
        "Maximum number of authorizers for this API has been reached. Please contact AWS if you need additional \
         authorizers."
    )]
    Authorizers,
    /// 600 APIs per account and region.
    #[error(
        "Maximum number of APIs for this account has been reached. Please contact AWS if you need additional APIs."
    )]
    Apis,
    /// 2,000 documentation parts per API.
    #[error(
        "Maximum number of documentation parts for this API has been reached. Please contact AWS if you need \
         additional documentation parts."
    )]
    DocumentationParts,
    /// 300 usage plans per account and region. AWS's message is not recorded.
    #[error("Maximum number of usage plans for this account has been reached.")]
    UsagePlans,
    /// 10 usage plans per key. AWS's message is not recorded.
    #[error("Maximum number of usage plans for this API key has been reached.")]
    PlansOfKey,
    /// 200 base paths per domain.
    #[error("Maximum number of base path mappings for this domain name has been reached.")]
    BasePathMappings,
    /// 120 public domain names per account and region. AWS's message is not recorded, here and below.
    #[error("Maximum number of custom domain names for this account has been reached.")]
    DomainNames,
    /// 50 private domain names per account and region.
    #[error("Maximum number of private custom domain names for this account has been reached.")]
    PrivateDomainNames,
    /// 100 access associations per account and region.
    #[error("Maximum number of domain name access associations for this account has been reached.")]
    AccessAssociations,
    /// 60 client certificates per account and region.
    #[error("Maximum number of client certificates for this account has been reached.")]
    ClientCertificates,
    /// 20 VPC links per account and region.
    #[error("Maximum number of VPC links for this account has been reached.")]
    VpcLinks,
    /// 100 variables per stage.
    #[error("Maximum number of stage variables for this stage has been reached.")]
    StageVariables,
}
