//! REST APIs as their owners define them: models, storage and control-plane operations.
//!
//! A working copy (API, resources, methods, models, …) can be edited freely. A deployment freezes it as a
//! [`DeploymentSnapshot`], and a stage points to a deployment. Terms and shapes follow
//! <https://docs.aws.amazon.com/apigateway/latest/api/>.
//!
//! What serves the APIs reads snapshots ([`LiveStage`], [`DeploymentSnapshot`]) and hears of changes ([`Watcher`]); it is the
//! only other way in.

// Rooms are called by their names, wherever they stand.
use crate as apis;
use stepgate_clock as clock;
#[cfg(test)]
use stepgate_connect as connect;
use stepgate_id as id;
use stepgate_json as json;
use stepgate_policy as policy;
use stepgate_schema as schema;
use stepgate_store as store;
use stepgate_vtl as vtl;
use stepgate_yaml as yaml;

pub mod difference;
pub mod error;
pub mod patch;

mod account;
mod api_key;
mod api_key_import;
mod authorizer;
pub mod check_integration;
mod client_certificate;
mod control;
mod day;
mod deployable;
mod deployment;
mod documentation_import;
mod documentation_part;
mod documentation_version;
mod domain_name;
// Only tests use them, of this crate and of others.
#[cfg(any(test, feature = "fixtures"))]
#[allow(clippy::unwrap_used)]
pub mod fixtures;
mod gateway_response;
mod http_method;
mod ids;
mod integration;
mod jwt_configuration;
mod live;
mod mapping_names;
mod method;
mod model;
mod model_template;
mod openapi;
mod page;
mod part;
mod pattern;
mod rate;
mod reach;
mod records;
mod request_validator;
mod resource;
mod resource_policy;
mod rest_api;
mod rest_apis;
mod roles;
mod rows;
mod sdk;
mod sdk_type;
mod stage;
mod test_invoke;
mod tree;
mod usage;
mod usage_plan;
mod variable;
mod vpc_link;
pub mod words;

pub use account::Account;
pub(crate) use account::USAGE_PLANS;
pub use api_key::VALUE_CHARS_MAX as API_KEY_CHARS_MAX;
pub use api_key::{ApiKey, ApiKeyValue};
pub use api_key_import::look_at_keys;
pub use authorizer::{Authorizer, AuthorizerType};
pub use client_certificate::{ClientCertificate, PrivateKey};
pub use control::{
    ApiKeyFilter, CreateAccessAssociation, CreateApiKey, CreateAuthorizer, CreateDeployment,
    CreateDocumentationVersion, CreateDomainName, CreateModel, CreateRestApi, CreateStage, CreateUsagePlan,
    DailyUsage, DeploymentSummary, DocumentationPartFilter, ExportedApi, GeneratedSdk, GetExport,
    ImportOptions, ImportedApi, ImportedApiKeys, ImportedDocumentation, KEY_TYPE, Mapped, MethodKey,
    MethodSummary, NewApiStage, NewCanary, NewEndpoint, NewQuota, PreviewedImport, PutIntegration, PutMethod,
    ResourceOwner, StageKey, TestInvokeAuthorizer, TestInvokeMethod, Usage, templates,
};
pub use day::{Day, period, until_end};
pub use deployable::{WITHOUT_EFFECT, refused_features};
pub use deployment::{Deployment, DeploymentSnapshot};
pub use documentation_import::PutMode;
pub(crate) use documentation_import::documentation_parts_of;
pub use documentation_part::{
    DocumentationPart, DocumentationPartLocation, DocumentationPartType, LocationStatus,
};
pub use documentation_version::DocumentationVersion;
pub use domain_name::{
    AccessAssociation, BasePath, BasePathMapping, CertificateReference, CustomDomain, DomainName,
    DomainNameKey, MutualTlsAuthentication, PrivateDomain, RoutingMode, UploadedCertificate,
};
pub use gateway_response::{EffectiveResponse, GatewayResponse, ResponseType, effective_response};
pub use http_method::HttpMethod;
pub use ids::{
    ApiId, ApiKeyId, AuthorizerId, ClientCertificateId, DeploymentId, DocumentationPartId,
    RequestValidatorId, ResourceId, StageName, StatusCode, UsagePlanId, VpcLinkId,
};
pub use integration::CALLERS_OWN;
pub(crate) use integration::TIMEOUT_MILLIS_MAX;
pub use integration::{
    ConnectionType, ContentHandling, Integration, IntegrationResponse, IntegrationType, PassthroughBehavior,
    ResponseTransferMode, TlsConfig,
};
pub use jwt_configuration::{JwtAdditionalClaim, JwtAlgorithm, JwtClaimFormat, JwtConfiguration, JwtIssuer};
pub use live::{Change, LiveKey, LiveStage, LiveUsage, Watcher};
pub use method::{AuthorizationType, Method, MethodResponse};
pub use model::Model;
pub use openapi::look_at_openapi;
pub use page::{Page, PageRequest};
pub use part::{OfAccount, OfApi, Part};
pub use pattern::{Pattern, PatternError};
pub use rate::Rate;
pub use reach::Reach;
pub use request_validator::RequestValidator;
pub use resource::Resource;
pub use resource_policy::resource_policy;
pub use rest_api::{
    ApiKeySource, EndpointAccessMode, EndpointConfiguration, EndpointType, IpAddressType, RestApi,
    SECURITY_POLICIES,
};
pub(crate) use rest_api::{MINIMUM_COMPRESSION_SIZE_MAX, check_api_security, check_rest_api};
pub use rest_apis::Apis;
pub use sdk_type::{SDK_TYPES, SdkLanguage, SdkProperty, SdkType};
pub(crate) use stage::check_percent_traffic;
pub use stage::{
    AccessLogSettings, CacheClusterSize, CacheClusterStatus, CacheControlStrategy, CanarySettings,
    LoggingLevel, MethodSetting, Stage,
};
pub use test_invoke::{
    TestAuthorization, TestAuthorizationOutcome, TestAuthorizeFuture, TestInvocation, TestInvoke,
    TestInvokeFuture, TestOutcome,
};
pub use usage::{
    Balance, Entry, KeptBucket, Opening, Scope, Subject, UsageRows, Used, block, post, remaining,
};
pub use usage_plan::method_of;
pub use usage_plan::throttle_by;
pub use usage_plan::{ApiStage, QuotaPeriod, QuotaSettings, ThrottleSettings, UsagePlan};
pub use variable::Variable;
pub use vpc_link::{VpcLink, VpcLinkNames};
