//! REST APIs as their owners define them: models, storage and control-plane operations.
//!
//! A working copy (API, resources, methods, models, …) can be edited freely. A deployment freezes it as a
//! [`DeploymentSnapshot`], and a stage points to a deployment. Terms and shapes follow
//! <https://docs.aws.amazon.com/apigateway/latest/api/>.

mod account;
mod api_key;
mod api_key_import;
mod apis;
mod authorizer;
pub(crate) mod check_integration;
mod client_certificate;
mod control;
mod deployable;
mod deployment;
mod documentation_import;
mod documentation_part;
mod documentation_version;
mod domain_name;
#[cfg(test)]
mod fixtures;
mod gateway_response;
mod ids;
mod integration;
mod jwt_configuration;
mod live;
mod mapping_names;
mod method;
mod model;
mod model_template;
mod page;
mod reach;
mod records;
mod request_validator;
mod resource;
mod rest_api;
mod roles;
mod rows;
mod sdk_type;
mod stage;
mod test_invoke;
mod tree;
mod usage_plan;
mod usage_store;
mod vpc_link;
pub(crate) mod words;

pub use account::Account;
pub(crate) use account::USAGE_PLANS;
pub(crate) use api_key::VALUE_CHARS_MAX as API_KEY_CHARS_MAX;
pub use api_key::{ApiKey, ApiKeyValue};
pub use api_key_import::look_at_keys;
pub use apis::Apis;
pub use authorizer::{Authorizer, AuthorizerType};
pub use client_certificate::{ClientCertificate, PrivateKey};
pub use control::{
    ApiKeyFilter, CreateAccessAssociation, CreateApiKey, CreateAuthorizer, CreateDeployment,
    CreateDocumentationVersion, CreateDomainName, CreateModel, CreateRestApi, CreateStage, CreateUsagePlan,
    DailyUsage, DeploymentSummary, DocumentationPartFilter, ExportedApi, GeneratedSdk, GetExport,
    ImportOptions, ImportedApi, ImportedApiKeys, ImportedDocumentation, KEY_TYPE, Mapped, MethodKey,
    MethodSummary, NewApiStage, NewCanary, NewEndpoint, NewQuota, PutIntegration, PutMethod, ResourceOwner,
    StageKey, TestInvokeAuthorizer, TestInvokeMethod, Usage, templates,
};
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
#[cfg(test)]
pub(crate) use fixtures::{
    test_api_key, test_domain_name, test_integration, test_rest_api, test_stage, test_usage_plan,
};
pub use gateway_response::{EffectiveResponse, GatewayResponse, ResponseType, effective_response};
pub use ids::{
    ApiId, ApiKeyId, AuthorizerId, ClientCertificateId, DeploymentId, DocumentationPartId,
    RequestValidatorId, ResourceId, StageName, StatusCode, UsagePlanId, VpcLinkId,
};
pub(crate) use integration::{CALLERS_OWN, TIMEOUT_MILLIS_MAX};
pub use integration::{
    ConnectionType, ContentHandling, Integration, IntegrationResponse, IntegrationType, PassthroughBehavior,
    ResponseTransferMode, TlsConfig,
};
pub use jwt_configuration::{JwtAdditionalClaim, JwtAlgorithm, JwtClaimFormat, JwtConfiguration, JwtIssuer};
pub use live::{Change, LiveStage, Watcher};
pub use method::{AuthorizationType, HttpMethod, Method, MethodResponse};
pub use model::Model;
pub use page::{Page, PageRequest};
pub use reach::Reach;
pub use request_validator::RequestValidator;
pub use resource::Resource;
pub use rest_api::{
    ApiKeySource, EndpointAccessMode, EndpointConfiguration, EndpointType, IpAddressType, RestApi,
    SECURITY_POLICIES,
};
pub(crate) use rest_api::{MINIMUM_COMPRESSION_SIZE_MAX, check_api_security, check_rest_api};
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
pub(crate) use usage_plan::method_of;
pub use usage_plan::{ApiStage, QuotaPeriod, QuotaSettings, ThrottleSettings, UsagePlan};
pub use vpc_link::{VpcLink, VpcLinkNames};
