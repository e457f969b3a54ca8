//! Why an operation on REST APIs is refused: one kind a situation, worded as AWS words it.
//!
//! The outer enum says which exception a client sees, the inner ones are the tables of messages.

mod bad_request;
mod plans;

pub use bad_request::BadRequest;
pub use plans::{KeyProblem, PlanConflict, PlanProblem};

use super::api::{ApiId, HttpMethod, StageName, UsagePlanId};
use crate::id::AccountId;
use crate::store;

/// Why an operation was not carried out. Nothing of it was.
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
    /// The store failed; nobody's fault outside.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// What is stored can't be read back; our fault.
    #[error("stored record can't be read: {0}")]
    Corrupt(#[from] serde_json::Error),
    /// A certificate could not be made; our fault.
    #[error("certificate can't be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A client could not be made; our fault.
    #[error("a client can't be made: {0}")]
    Sdk(#[from] crate::gateway::sdk::Error),
    /// The server ends before the work is done.
    #[error("the server is ending")]
    Unfinished,
}

impl Error {
    /// Whether what was asked for is refused, and nothing of ours failed.
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

/// What was asked for isn't there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// No such API; the account is printed with it.
    #[error("Invalid API identifier specified {account}:{api}")]
    Api {
        /// Who asked.
        account: AccountId,
        /// For what.
        api: ApiId,
    },
    /// No such resource, or no such API where a resource was asked for.
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
    /// A gateway response that nobody set.
    #[error("Gateway response type not defined on api")]
    GatewayResponse,
    /// No such deployment.
    #[error("Invalid Deployment identifier specified")]
    Deployment,
    /// No such stage.
    #[error("Invalid stage identifier specified")]
    Stage,
    /// Nothing that clients are made for.
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
    /// A domain has no such base path.
    #[error("Invalid base path mapping identifier specified")]
    BasePathMapping,
    /// No such client certificate.
    #[error("Invalid Client Certificate identifier specified")]
    ClientCertificate,
    /// No such documentation part.
    #[error("Invalid Documentation part identifier specified")]
    DocumentationPart,
    /// No such version of the documentation.
    #[error("Invalid Documentation version specified")]
    DocumentationVersion,
    /// No such API key.
    #[error("Invalid API Key identifier specified")]
    ApiKey,
    /// No such usage plan.
    #[error("Invalid Usage Plan ID specified")]
    UsagePlan,
    /// A plan was to get a stage that isn't there.
    #[error("API Stage not found")]
    ApiStage,
    /// The plan doesn't have the stage.
    #[error("Invalid API Stage {{api: {api}, stage: {stage}}} specified for usageplan {plan}")]
    PlanStage {
        /// The API.
        api: ApiId,
        /// The stage.
        stage: StageName,
        /// The plan.
        plan: UsagePlanId,
    },
    /// A map has no such key.
    #[error("Invalid parameter name specified")]
    ParameterName,
    /// A map of content types has no such key.
    #[error("Content-Type specified was not found")]
    ContentType,
}

/// What was asked for contradicts what is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The domain has the base path already.
    #[error("Base path already exists for this domain name")]
    BasePath,
    /// Two siblings of one name.
    #[error("Another resource with the same parent already has this name: {0}")]
    ResourceName(String),
    /// The method is there already.
    #[error("Method already exists for this resource")]
    Method,
    /// Another integration response of the method has the pattern, or is the default as well.
    #[error("Integration response with selection pattern {0} already exists")]
    SelectionPattern(String),
    /// The model is there already.
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
    /// A method uses the validator. AWS's words are not on record; they follow those about models.
    #[error("Cannot delete request validator '{validator}', is referenced in method: {path}/{method}")]
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
    /// Somebody else is at it, or there is nothing to be at.
    #[error("Unable to complete operation due to concurrent modification. Please try again later.")]
    ConcurrentModification,
    /// The stage is there already.
    #[error("Stage already exists")]
    Stage,
    /// The VPC endpoint may reach the domain already. AWS's words are not on record.
    #[error("Domain name access association already exists")]
    AccessAssociation,
    /// About an API key and its plans.
    #[error(transparent)]
    Plans(#[from] PlanConflict),
    /// The entity is written about already.
    #[error("Documentation part already exists for the specified location: {0}.")]
    DocumentationPart(String),
    /// The version is there already. AWS's words are not on record.
    #[error("Documentation version already exists")]
    DocumentationVersion,
    /// A stage has the version. AWS's words are not on record.
    #[error("Cannot delete documentation version '{version}', is referenced in stage: {stage}")]
    DocumentationVersionInUse {
        /// The version.
        version: String,
        /// The stage.
        stage: StageName,
    },
}

/// What was asked for is another account's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessDenied {
    /// A role of another account was to be passed.
    #[error("Cross-account pass role is not allowed.")]
    PassRole,
}

/// There are as many as there may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitExceeded {
    /// 300 resources an API.
    #[error(
        "Maximum number of resources for this API has been reached. Please contact AWS if you need additional \
         resources."
    )]
    Resources,
    /// 10 stages an API.
    #[error(
        "Maximum number of stages for this API has been reached. Please contact AWS if you need additional stages."
    )]
    Stages,
    /// 10 authorizers an API.
    #[error(
        "Maximum number of authorizers for this API has been reached. Please contact AWS if you need additional \
         authorizers."
    )]
    Authorizers,
    /// 600 APIs an account and region.
    #[error(
        "Maximum number of APIs for this account has been reached. Please contact AWS if you need additional APIs."
    )]
    Apis,
    /// 2,000 documentation parts an API.
    #[error(
        "Maximum number of documentation parts for this API has been reached. Please contact AWS if you need \
         additional documentation parts."
    )]
    DocumentationParts,
    /// 300 usage plans an account and region. AWS's words are not on record.
    #[error("Maximum number of usage plans for this account has been reached.")]
    UsagePlans,
    /// 10 usage plans a key. AWS's words are not on record.
    #[error("Maximum number of usage plans for this API key has been reached.")]
    PlansOfKey,
    /// 200 base paths a domain.
    #[error("Maximum number of base path mappings for this domain name has been reached.")]
    BasePathMappings,
    /// 120 public domain names an account and region. AWS's words are not on record, here and below.
    #[error("Maximum number of custom domain names for this account has been reached.")]
    DomainNames,
    /// 50 private domain names an account and region.
    #[error("Maximum number of private custom domain names for this account has been reached.")]
    PrivateDomainNames,
    /// 100 access associations an account and region.
    #[error("Maximum number of domain name access associations for this account has been reached.")]
    AccessAssociations,
    /// 60 client certificates an account and region.
    #[error("Maximum number of client certificates for this account has been reached.")]
    ClientCertificates,
    /// 20 VPC links an account and region.
    #[error("Maximum number of VPC links for this account has been reached.")]
    VpcLinks,
    /// 100 variables a stage.
    #[error("Maximum number of stage variables for this stage has been reached.")]
    StageVariables,
}
