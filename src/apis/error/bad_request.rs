//! The table of `BadRequestException`.

use super::{KeyProblem, PlanProblem};
use crate::apis::{ApiId, DocumentationPartType, StageName};

/// The request is invalid, by itself or for the current state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    // === APIs ===
    /// An API can't be created with the description `""`.
    #[error("Description cannot be an empty string")]
    EmptyDescription,
    /// A name is missing.
    #[error("Name cannot be empty")]
    EmptyName,
    /// More than one endpoint type.
    #[error("Cannot create an api with multiple Endpoint Types.")]
    MultipleEndpointTypes,
    /// No endpoint type.
    #[error("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")]
    NoEndpointType,
    /// A patch has an invalid endpoint type.
    #[error("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE")]
    EndpointType,
    /// A patch has an invalid IP address type.
    #[error("ipAddressType must be either ipv4 or dualstack.")]
    IpAddressType,
    /// A private API without IPv6.
    #[error("Only dualstack ipAddressType is supported for Private APIs.")]
    PrivateNeedsDualstack,
    /// VPC endpoints on an API that isn't private.
    #[error("VPCEndpoints can only be specified with PRIVATE apis.")]
    VpcEndpointsNeedPrivate,
    /// Outside 0 to 10 MiB, or not a number.
    #[error("Invalid minimum compression size, must be between 0 and 10485760")]
    MinimumCompressionSize,
    /// A patch has an invalid API key source.
    #[error("Invalid API key source specified. Valid options are HEADER,AUTHORIZER")]
    ApiKeySource,
    /// A patch has an invalid access mode.
    #[error("Invalid endpoint access mode specified. Valid options are BASIC,STRICT")]
    EndpointAccessMode,
    /// A policy that isn't a JSON object.
    #[error("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.")]
    Policy,
    /// The API in `cloneFrom`, or the one for a new validator, doesn't exist.
    #[error("Invalid REST API identifier specified")]
    RestApiIdentifier,

    // === resources ===
    /// A path part with characters that are not allowed.
    #[error(
        "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the \
         beginning and the end."
    )]
    PathPart,
    /// A second variable under one parent.
    #[error("A sibling ({0}) of this resource already has a variable path part -- only one is allowed")]
    VariableSibling(String),
    /// Something below `{name+}`.
    #[error("Cannot create a child of a resource with a greedy path variable: {0}")]
    ChildOfGreedy(String),
    /// The root's path part can't be changed.
    #[error("Root resource cannot update its pathPart.")]
    RootPathPart,
    /// The root can't be moved.
    #[error("Root resource cannot update its parentId.")]
    RootParentId,
    /// The root can't be deleted.
    #[error("Root resource cannot be deleted.")]
    RootDeletion,
    /// A resource can't be moved below itself.
    #[error("Resources cannot be cyclical.")]
    CyclicalResources,

    // === methods ===
    /// An invalid verb.
    #[error("Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY")]
    HttpMethod,
    /// An invalid authorization type.
    #[error(
        "Invalid authorization type specified. Valid options are \
         NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS,JWT"
    )]
    AuthorizationType,
    /// An authorization type that needs an authorizer, without an existing one.
    #[error(
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires \
         a valid authorizer."
    )]
    AuthorizerId,
    /// Scopes without an authorizer that uses them.
    #[error("Authorization Scopes are only valid for COGNITO_USER_POOLS authorization type")]
    AuthorizationScopes,
    /// One name in several of query string, header and path.
    #[error("Parameter names must be unique across querystring, header and path")]
    ParameterNames,
    /// A method refers to a validator that doesn't exist.
    #[error("Invalid Request Validator identifier specified")]
    RequestValidatorIdentifier,
    /// A method refers to a model that doesn't exist.
    #[error("Invalid model identifier specified: {0}")]
    ModelIdentifier(String),
    /// The name of a request parameter has other characters.
    #[error(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Parameter name should match \
         the following regular expression: ^[a-zA-Z0-9:._$-]+$]"
    )]
    ParameterName,
    /// A parameter name that isn't `method.request.…` or `method.response.header.…`.
    #[error("Invalid mapping expression parameter specified: {0}")]
    MappingParameter(String),

    // === authorizers ===
    /// A name is missing. AWS's message is not recorded.
    #[error("Authorizer name cannot be empty")]
    EmptyAuthorizerName,
    /// The API has an authorizer of that name.
    #[error("Authorizer name must be unique. Authorizer {0} already exists in this RestApi.")]
    AuthorizerName(String),
    /// An invalid type.
    #[error("Invalid authorizer type specified. Valid options are TOKEN,REQUEST,COGNITO_USER_POOLS,JWT")]
    AuthorizerType,
    /// Outside 0 to 3,600.
    #[error("Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 seconds.")]
    AuthorizerTtl,
    /// No identity source.
    #[error("IdentitySource cannot be empty")]
    IdentitySource,
    /// Invalid settings of a JWT authorizer. AWS's messages are not recorded.
    #[error("Invalid JWT configuration specified: {0}")]
    JwtConfiguration(&'static str),
    /// No user pools.
    #[error("ProviderARNs cannot be empty")]
    ProviderArns,
    /// The URI isn't the invocation of a Lambda function.
    #[error(
        "Invalid Authorizer URI: {0}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda \
         function invocation."
    )]
    AuthorizerUri(String),

    // === integrations ===
    /// An invalid type.
    #[error("Invalid integration type specified. Valid options are HTTP,MOCK,AWS_PROXY,HTTP_PROXY,AWS")]
    IntegrationType,
    /// No verb for the backend call.
    #[error("Enumeration value for HttpMethod must be non-empty")]
    IntegrationHttpMethod,
    /// The URI of an HTTP backend isn't an HTTP URL.
    #[error("Invalid HTTP endpoint specified for URI")]
    HttpEndpoint,
    /// A text that should be an ARN isn't.
    #[error("Invalid ARN specified in the request")]
    Arn,
    /// The URI of an AWS backend is an ARN of something else.
    #[error("AWS ARN for integration must contain path or action")]
    IntegrationArn,
    /// AWS_PROXY for a service other than Lambda.
    #[error(
        "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
    )]
    AwsProxyService,
    /// No role for the call of an AWS service.
    #[error("Role ARN must be specified for AWS integrations")]
    RoleArn,
    /// A parameter mapping with an invalid source.
    #[error(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping \
         expression specified: {0}]"
    )]
    MappingSource(String),
    /// A parameter mapping from or to a name that isn't declared, or isn't valid.
    #[error(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping \
         expression parameter specified: {0}]"
    )]
    MappingName(String),
    /// Headers for a status that the method has no response for.
    #[error(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [No method response exists \
         for method.]"
    )]
    NoMethodResponse,
    /// A template's key is not a media type.
    #[error("Validation Result: warnings : [], errors : [Invalid content type specified: {0}]")]
    TemplateContentType(String),
    /// Outside 50 to 29,000.
    #[error("Timeout should be between 50 ms and {0} ms")]
    Timeout(u32),
    /// A cache key that isn't a declared parameter.
    #[error("Invalid cache key parameter specified")]
    CacheKeyParameter,
    /// No VPC link for `VPC_LINK`.
    #[error("ConnectionId should be set to the vpcLinkId or stage variable on connection type VPC_LINK")]
    ConnectionId,
    /// An invalid connection type.
    #[error("Invalid connection type specified. Valid options are INTERNET,VPC_LINK")]
    ConnectionType,
    /// An invalid passthrough behavior.
    #[error(
        "Invalid passthrough behavior specified. Valid options are WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER"
    )]
    PassthroughBehavior,
    /// An invalid content handling.
    #[error("Invalid content handling specified. Valid options are CONVERT_TO_BINARY,CONVERT_TO_TEXT")]
    ContentHandling,
    /// An invalid response transfer mode.
    #[error("Invalid response transfer mode specified. Valid options are BUFFERED,STREAM")]
    ResponseTransferMode,
    /// A response of such an integration can't be streamed.
    #[error("Response transfer mode STREAM is only supported for HTTP_PROXY and AWS_PROXY integrations")]
    StreamedIntegrationType,
    /// A selection pattern that is not a regex.
    #[error("Invalid regex pattern specified")]
    SelectionPattern,
    /// A template that is longer than AWS accepts.
    #[error("Mapping template exceeds the maximum size of {0} bytes")]
    TemplateTooLong(usize),

    // === models and validators ===
    /// No name.
    #[error("Model name must be non-empty")]
    EmptyModelName,
    /// A name with characters that are not allowed.
    #[error("Model name must be alphanumeric: {0}")]
    ModelName(String),
    /// No media type.
    #[error("Invalid content type specified: {0}")]
    ModelContentType(String),
    /// No schema.
    #[error("Model schema must have at least 1 property or array items defined")]
    EmptyModelSchema,
    /// A schema that isn't a JSON object.
    #[error(
        "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]"
    )]
    ModelSchema,
    /// A schema with keywords that draft 4 doesn't have: a list of them.
    #[error(
        "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified. \
         Unsupported keyword(s): [{0}]]"
    )]
    ModelKeywords(String),
    /// A reference that leads neither to a model nor to a part of the schema.
    #[error(
        "Invalid model specified: Validation Result: warnings : [], errors : [Model reference must be in canonical \
         form]"
    )]
    ModelReference,

    // === gateway responses ===
    /// A patch without a value for a parameter.
    #[error("Invalid null or empty value in responseParameters")]
    EmptyResponseParameter,
    /// A patch without a value for a template.
    #[error("Invalid null or empty value in responseTemplates")]
    EmptyResponseTemplate,
    /// A status that isn't three digits.
    #[error("Invalid response status code specified")]
    ResponseStatusCode,

    // === deployments and stages ===
    /// The API has no methods.
    #[error("The REST API doesn't contain any methods")]
    NoMethods,
    /// A private API that nobody may call.
    #[error("Private REST API doesn't have a resource policy attached to it")]
    NoPolicy,
    /// A method without an integration.
    #[error("No integration defined for method")]
    NoIntegration,
    /// A method uses a feature that the data plane doesn't support.
    #[error("This server can't deploy {place}: {reason}")]
    NotDeployable {
        /// The method with its path, or the API itself.
        place: String,
        /// What is not supported.
        reason: &'static str,
    },
    /// A canary without a stage name; contains what was given instead.
    #[error(
        "Invalid deployment content specified.Non null and non empty stageName must be provided for canary \
         deployment. Provided value is {0}"
    )]
    CanaryWithoutStage(String),
    /// A canary on a stage that doesn't exist.
    #[error(
        "Invalid deployment content specified.Stage {0} must already be created before making a canary release \
         deployment"
    )]
    CanaryStageMissing(String),
    /// A stage without an existing deployment.
    #[error("Deployment id does not exist")]
    DeploymentId,
    /// A deployment that a stage uses can't be deleted.
    #[error("Active stages pointing to this deployment must be moved or deleted")]
    DeploymentInUse,
    /// A stage name with characters that are not allowed.
    #[error("Stage name only allows a-zA-Z0-9_")]
    StageName,
    /// A variable name with characters that are not allowed, or longer than 64.
    #[error("Invalid stage variable name: {0}. Please use names with only word characters.")]
    VariableName(String),
    /// A variable value with characters that are not allowed, or longer than 512.
    #[error(
        "Invalid stage variable value of key {0}.  Please use values with alphanumeric characters and the symbols \
         ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
    )]
    VariableValue(String),
    /// A share of traffic outside 0 to 100.
    #[error("Percent traffic must be between 0.0 and 100.0")]
    PercentTraffic,
    /// An invalid cache size.
    #[error("Invalid cache cluster size specified. Valid options are 0.5,1.6,6.1,13.5,28.4,58.2,118,237")]
    CacheClusterSize,
    /// A time to live outside 0 to 3,600.
    #[error("Invalid time-to-live setting, must be an integer no greater than 3600")]
    CacheTtl,
    /// An invalid value of a method setting.
    #[error("Invalid value for method setting {0}")]
    MethodSetting(&'static str),
    /// Execution logs without a role for writing them.
    #[error("CloudWatch Logs role ARN must be set in account settings to enable logging")]
    LoggingRole,
    /// An access log format without a request id.
    #[error("Access Log format must include either $context.requestId or $context.extendedRequestId")]
    AccessLogFormat,
    /// An access log format of several lines.
    #[error(
        "Access Log format must be single line, new line character is allowed only at end of the format: '{0}'"
    )]
    AccessLogLines(String),
    /// An access log without a valid destination.
    #[error("The ARN must be a valid CloudWatch Logs log group or Kinesis Data Firehose delivery stream")]
    AccessLogDestination,
    /// A delivery stream whose name AWS doesn't accept.
    #[error("Kinesis Firehose delivery stream name must begin with the characters 'amazon-apigateway-'")]
    AccessLogDeliveryStream,
    /// A patch without a value for an access log setting.
    #[error("Access Log value must not be empty")]
    EmptyAccessLog,
    /// A patch of an unknown access log setting.
    #[error(
        "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, \
         /accessLogSettings/format]"
    )]
    AccessLogPath,
    /// A promotion without a canary.
    #[error("Promotion not available. Canary does not exist.")]
    NoCanary,
    /// A copy that isn't a promotion.
    #[error(
        "Invalid copy operation with path: {path} and from {from}. Valid copy:path are [/deploymentId, /variables] \
         and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]"
    )]
    CopyPath {
        /// The target.
        path: String,
        /// The source.
        from: String,
    },
    /// A canary setting can't be added.
    #[error("Invalid add operation with path: {0}")]
    CanaryAdd(String),
    /// A stage has no such path.
    #[error("Invalid method setting path: {0}. Must be one of: {list}", list = STAGE_PATHS)]
    StagePath(String),
    /// The method setting to remove doesn't exist.
    #[error("Cannot remove method setting {0} because there is no method setting for this method ")]
    NoMethodSetting(String),

    // === patches ===
    /// The path exists but doesn't support the operation.
    #[error("Invalid patch operation specified. Must be one of: {0}")]
    PatchOp(&'static str),
    /// The same for endpoint types, which have their own message.
    #[error("Invalid patch operation specified. Must be 'add'|'remove'|'replace'")]
    EndpointTypesOp,
    /// There is no such path.
    #[error("Invalid patch path {0}")]
    PatchPath(String),
    /// An operation on a thing that supports only `replace`.
    #[error("Invalid patch path  '{path}' specified for op '{op}'. Please choose supported operations")]
    UnsupportedOp {
        /// The path.
        path: String,
        /// The operation.
        op: &'static str,
    },
    /// An unsupported path of a thing whose paths are listed in the message.
    #[error("Invalid patch path  '{path}' specified for op '{op}'. Must be one of: {paths}")]
    UnsupportedPath {
        /// The path.
        path: String,
        /// The operation.
        op: &'static str,
        /// The supported paths.
        paths: &'static str,
    },
    /// A value that should be a JSON object of strings.
    #[error("Invalid value specified for patch path {0}")]
    PatchValue(String),

    // === VPC links ===
    /// A load balancer's ARN that is invalid.
    #[error("Invalid ARN. ARN is not well formed {0}")]
    MalformedArn(String),
    /// A VPC link without a target.
    #[error("No target arn specified for vpc link.")]
    NoVpcLinkTarget,
    /// A VPC link to several load balancers.
    #[error("More than one target arn specified for vpc link.")]
    VpcLinkTargets,
    /// A deployed method uses the link.
    #[error(
        "Cannot delete vpc link. Vpc link '{link}', is referenced in [{users}] in format of \
         [RESTApiId:Method:Resource:Stage]."
    )]
    VpcLinkInUse {
        /// The link.
        link: String,
        /// The methods that use it.
        users: String,
    },
    /// A patch of a VPC link's targets.
    #[error("Target arns are not allowed to be changed/added.")]
    VpcLinkTargetsFixed,

    // === documentation ===
    /// A location with fields that its kind of entity doesn't have.
    #[error("[Location type: {kind} cannot have {fields} defined.]")]
    LocationField {
        /// Kind of the entity.
        kind: DocumentationPartType,
        /// All fields that it doesn't have.
        fields: String,
    },
    /// A location without a name. AWS's message is not recorded.
    #[error("[Location type: {0} must have name defined.]")]
    LocationName(DocumentationPartType),
    /// Properties that aren't a JSON object. AWS's message is not recorded.
    #[error("Invalid documentation properties specified, must be a JSON object")]
    DocumentationProperties,
    /// A version without a name. AWS's message is not recorded.
    #[error("Documentation version must be non-empty")]
    EmptyDocumentationVersion,
    /// A file that is not an OpenAPI document.
    #[error("Unable to build importer with provided input.")]
    Importer,
    /// Imported as an API, but not a Swagger 2.0 or OpenAPI 3.0 document.
    #[error("Invalid OpenAPI input.")]
    OpenApi,
    /// A request validator's name can't be removed.
    #[error("Request Validator name cannot be blank")]
    ValidatorName,
    /// An integration in a document whose members have the wrong types.
    #[error("Unable to parse API definition because of a malformed integration at path {0}.")]
    MalformedIntegration(String),
    /// Content of a document that can't be stored, one line each.
    #[error("Errors found during import:\n\t{0}")]
    ImportErrors(String),
    /// An invalid base path mode. AWS's message is not recorded.
    #[error("Invalid basepath specified. Valid options are ignore,prepend,split")]
    BasePathMode,
    /// An invalid export type.
    #[error("No API export type: {0}")]
    ExportType(String),
    /// An invalid extension for an export. AWS's message is not recorded.
    #[error(
        "Invalid extensions specified: {0}. Valid options are \
         integrations,authorizers,apigateway,documentation,postman"
    )]
    ExportExtensions(String),
    /// An unknown SDK type. AWS's message is not recorded.
    #[error("Invalid SDK type specified: {0}")]
    SdkType(String),
    /// An SDK type that AWS has and this server doesn't.
    #[error("SDKs of type {0} are not generated by this server. Valid types are [javascript, typescript]")]
    SdkNotGenerated(String),
    /// The `invokeUrl` of an SDK is not a URL.
    #[error("Invalid invokeUrl specified. It must be an HTTP or HTTPS URL without a query")]
    SdkInvokeUrl,
    /// Swagger describes only one body, and none of the models is JSON.
    #[error("Only found non-JSON body models for {0}")]
    ExportModels(String),
    /// Warnings, with `failonwarnings`.
    #[error("Warnings found during import:\n\t{0}")]
    ImportWarnings(String),

    // === client certificates ===
    /// A stage uses the certificate. AWS's message is not recorded.
    #[error("Cannot delete client certificate '{certificate}', is referenced in stage: {api}/{stage}")]
    ClientCertificateInUse {
        /// The certificate.
        certificate: String,
        /// The stage's API.
        api: ApiId,
        /// The stage.
        stage: StageName,
    },

    // === API keys and usage plans ===
    /// About an API key.
    #[error(transparent)]
    ApiKey(#[from] KeyProblem),
    /// About a usage plan.
    #[error(transparent)]
    UsagePlan(#[from] PlanProblem),

    // === domain names ===
    /// An invalid host name. AWS's message is not recorded, here and below where no source is given.
    #[error("Invalid domain name specified")]
    DomainNameFormat,
    /// The name is taken.
    #[error("The domain name you provided already exists.")]
    DomainNameExists,
    /// PEM that can't be parsed, or is incomplete.
    #[error("The certificate and its private key must both be given, in PEM")]
    DomainCertificate,
    /// No certificate.
    #[error(
        "A certificate is required: certificateArn for EDGE, regionalCertificateArn for REGIONAL endpoints"
    )]
    NoDomainCertificate,
    /// A certificate for another endpoint type. Recorded.
    #[error("Cannot import certificates for {given} while {active} is active.")]
    CertificateOfOtherEndpoint {
        /// The endpoint type that the certificate is for.
        given: &'static str,
        /// The domain's.
        active: &'static str,
    },
    /// A private domain can't become a public one, or vice versa.
    #[error("Private custom domain names can't become public, nor public ones private")]
    PrivateDomain,
    /// An access association for a public domain. AWS's message is not recorded.
    #[error("Domain name access associations are supported for private custom domain names only")]
    PublicDomain,
    /// Mutual TLS on an endpoint that isn't REGIONAL.
    #[error("Mutual TLS is supported for REGIONAL domain names only")]
    MutualTlsNeedsRegional,
    /// A truststore version without a truststore.
    #[error("A truststoreVersion needs a truststoreUri")]
    NoTruststore,
    /// A truststore for which the server has no file.
    #[error("The truststore {0} can't be read: give it a file under [truststores] of the server's settings")]
    Truststore(String),
    /// An invalid routing mode.
    #[error(
        "Invalid routing mode specified. Valid options are \
         BASE_PATH_MAPPING_ONLY,ROUTING_RULE_ONLY,ROUTING_RULE_THEN_BASE_PATH_MAPPING"
    )]
    RoutingMode,
    /// A resource policy on a public domain.
    #[error("Policies are supported for private custom domain names only")]
    PolicyOfPublicDomain,
    /// The source of an access association is not a VPC endpoint.
    #[error("Invalid access association source specified: {0}")]
    AccessAssociationSource(String),
    /// An access mode with an older TLS policy.
    #[error("endpointAccessMode is supported with the security policies SecurityPolicy_* only")]
    AccessModeOfOlderPolicy,
    /// An unknown TLS policy.
    #[error("Invalid security policy specified")]
    SecurityPolicy,
    /// A base path with several levels. Recorded.
    #[error(
        "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level \
         base path mapping, use API Gateway V2."
    )]
    BasePathSlash,
    /// A base path with characters that are not allowed.
    #[error("Base path names may only contain letters, numbers and one of '$-_.+!*''()'")]
    BasePath,
    /// A mapping to an API that doesn't exist. Recorded.
    #[error("Invalid REST API identifier specified")]
    MappedApi,
    /// A mapping to a stage that doesn't exist. Recorded.
    #[error("Invalid stage identifier specified")]
    MappedStage,
    /// A domain is mapped to what should be deleted.
    #[error(
        "Deleting {what} {name} failed. Please remove all base path mappings related to the {what} in your domains: \
         {domains}"
    )]
    Mapped {
        /// `RestApi` or `stage`.
        what: &'static str,
        /// What should be deleted.
        name: String,
        /// The domains.
        domains: String,
    },

    // === the rest ===
    /// A `position` that this operation didn't return.
    #[error("Invalid position parameter specified")]
    Position,
    /// An unknown feature, or one that can't be removed.
    #[error("Invalid feature specified: {0}")]
    Feature(String),
    /// A tag's key or value violates AWS's rules.
    #[error("Invalid tag specified: {0}")]
    Tag(String),
    /// More tags than a resource may have.
    #[error("A resource can have at most {0} tags")]
    TooManyTags(usize),
    /// A text that is longer than AWS accepts.
    #[error("Invalid {what} specified, can be at most {max} characters")]
    TooLong {
        /// The member.
        what: &'static str,
        /// The limit, in characters.
        max: usize,
    },
}

/// AWS's message for an unknown path of a stage; the missing commas are AWS's.
const STAGE_PATHS: &str = "[/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, \
    /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, \
    /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, \
    /{resourcePath}/{httpMethod}/logging/loglevel, \
    /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit\
    /{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, \
    /{resourcePath}/{httpMethod}/caching/dataEncrypted, \
    /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, \
    /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, \
    /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit \
    /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, \
    /*/*/caching/requireAuthorizationForCacheControl, \
    /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled]";
