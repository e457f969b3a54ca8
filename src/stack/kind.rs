//! The resource types there are: for each its properties, and how it is made, changed and removed.

mod account;
mod activity;
mod api_key;
mod api_resource;
mod authorizer;
mod base_path_mapping;
mod client_certificate;
mod deployment;
mod documentation_part;
mod documentation_version;
mod domain_name;
mod gateway_response;
mod method;
mod model;
mod policy;
mod request_validator;
mod rest_api;
mod role;
mod stage;
mod state_machine;
mod state_machine_alias;
mod state_machine_version;
mod usage_plan;
mod usage_plan_key;
mod vpc_link;

use serde_json::{Map, Value, json};

use super::intrinsic::Attributes;
use super::lenient;
use super::operations::{OperationError, Operations};
use crate::id::Region;

pub(super) use deployment::ServedStage;
pub(super) use state_machine::{definition, substituted};

/// A resource's properties with all functions resolved, named as the template names them.
pub(super) type Properties = Map<String, Value>;

/// Declares the enum, its type names and its property lists in one table.
macro_rules! kinds {
    ($($variant:ident = $type_name:literal $doc:literal [$($property:literal)*])*) => {
        /// A supported resource type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $(#[doc = $doc] $variant),* }

        impl Kind {
            /// Every supported type.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in templates.
            pub const fn type_name(self) -> &'static str {
                match self { $(Self::$variant => $type_name),* }
            }

            /// The properties that are honoured; any other is refused.
            pub const fn properties(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($property),*]),* }
            }
        }
    };
}

kinds! {
    Role = "AWS::IAM::Role" "An IAM role with its policies."
        ["RoleName" "AssumeRolePolicyDocument" "Description" "ManagedPolicyArns" "MaxSessionDuration" "Path"
         "PermissionsBoundary" "Policies" "Tags"]
    Policy = "AWS::IAM::Policy" "A policy of some roles." ["PolicyName" "PolicyDocument" "Roles"]
    StateMachine = "AWS::StepFunctions::StateMachine" "A state machine."
        ["StateMachineName" "StateMachineType" "Definition" "DefinitionString" "DefinitionS3Location"
         "DefinitionSubstitutions" "RoleArn" "LoggingConfiguration" "TracingConfiguration" "EncryptionConfiguration"
         "Tags"]
    StateMachineVersion = "AWS::StepFunctions::StateMachineVersion" "A state machine as it was at one moment."
        ["StateMachineArn" "StateMachineRevisionId" "Description"]
    StateMachineAlias = "AWS::StepFunctions::StateMachineAlias" "A name for one or two versions of a state machine."
        ["Name" "Description" "RoutingConfiguration" "DeploymentPreference"]
    Activity = "AWS::StepFunctions::Activity" "An activity." ["Name" "Tags"]
    Account = "AWS::ApiGateway::Account" "The account's settings for API Gateway." ["CloudWatchRoleArn"]
    RestApi = "AWS::ApiGateway::RestApi" "A REST API."
        ["Name" "Description" "ApiKeySourceType" "BinaryMediaTypes" "DisableExecuteApiEndpoint"
         "EndpointConfiguration" "MinimumCompressionSize" "Policy" "Tags" "Body" "BodyS3Location" "FailOnWarnings" "Mode"
         "Parameters" "CloneFrom" "SecurityPolicy" "EndpointAccessMode"]
    ApiResource = "AWS::ApiGateway::Resource" "A resource of a REST API." ["RestApiId" "ParentId" "PathPart"]
    Method = "AWS::ApiGateway::Method" "A method with its integration and responses."
        ["RestApiId" "ResourceId" "HttpMethod" "AuthorizationType" "AuthorizerId" "AuthorizationScopes"
         "ApiKeyRequired" "OperationName" "RequestParameters" "RequestModels" "RequestValidatorId"
         "MethodResponses" "Integration"]
    Deployment = "AWS::ApiGateway::Deployment" "A snapshot of a REST API."
        ["RestApiId" "Description" "StageName" "StageDescription" "DeploymentCanarySettings"]
    Stage = "AWS::ApiGateway::Stage" "A named reference to a deployment."
        ["RestApiId" "StageName" "DeploymentId" "Description" "Variables" "MethodSettings" "TracingEnabled"
         "AccessLogSetting" "CanarySetting" "CacheClusterEnabled" "CacheClusterSize" "ClientCertificateId" "DocumentationVersion"
         "Tags"]
    Model = "AWS::ApiGateway::Model" "A JSON schema of a REST API."
        ["RestApiId" "Name" "ContentType" "Description" "Schema"]
    RequestValidator = "AWS::ApiGateway::RequestValidator" "What of a request is validated."
        ["RestApiId" "Name" "ValidateRequestBody" "ValidateRequestParameters"]
    GatewayResponse = "AWS::ApiGateway::GatewayResponse" "How a refusal is answered."
        ["RestApiId" "ResponseType" "StatusCode" "ResponseParameters" "ResponseTemplates"]
    ApiKey = "AWS::ApiGateway::ApiKey" "A key that callers send."
        ["Name" "Description" "Enabled" "GenerateDistinctId" "Value" "CustomerId" "StageKeys" "Tags"]
    UsagePlan = "AWS::ApiGateway::UsagePlan" "How fast and how often each of its keys may call which stages."
        ["UsagePlanName" "Description" "ApiStages" "Throttle" "Quota" "Tags"]
    UsagePlanKey = "AWS::ApiGateway::UsagePlanKey" "A key in a usage plan." ["KeyId" "KeyType" "UsagePlanId"]
    Authorizer = "AWS::ApiGateway::Authorizer" "What says who may call methods."
        ["RestApiId" "Name" "Type" "ProviderARNs" "AuthType" "AuthorizerUri" "AuthorizerCredentials" "IdentitySource"
         "IdentityValidationExpression" "AuthorizerResultTtlInSeconds"]
    DomainName = "AWS::ApiGateway::DomainName" "A custom domain name."
        ["DomainName" "CertificateArn" "RegionalCertificateArn" "EndpointConfiguration" "SecurityPolicy"
         "EndpointAccessMode" "RoutingMode" "MutualTlsAuthentication" "OwnershipVerificationCertificateArn" "Tags"]
    BasePathMapping = "AWS::ApiGateway::BasePathMapping" "What a path of a custom domain name leads to."
        ["DomainName" "BasePath" "RestApiId" "Stage"]
    DocumentationPart = "AWS::ApiGateway::DocumentationPart" "A text about a part of an API."
        ["RestApiId" "Location" "Properties"]
    DocumentationVersion = "AWS::ApiGateway::DocumentationVersion" "The texts about an API at one moment."
        ["RestApiId" "DocumentationVersion" "Description"]
    ClientCertificate = "AWS::ApiGateway::ClientCertificate" "What stages show to HTTPS backends."
        ["Description" "Tags"]
    VpcLink = "AWS::ApiGateway::VpcLink" "A way to backends in a network of one's own."
        ["Name" "Description" "TargetArns" "Tags"]
}

/// What an update came to.
pub(super) enum Updated {
    /// The resource was changed where it is.
    InPlace(Attributes),
    /// The resource can't be changed like this: a new one takes its place and the old one is removed.
    Replace,
}

/// The names that a resource gets where its template gives it none.
pub(super) struct Naming<'a> {
    /// Where everything is made.
    pub(super) region: &'a Region,
    pub(super) stack: &'a str,
    pub(super) logical_id: &'a str,
    pub(super) suffix: String,
}

impl Naming<'_> {
    /// `stack-LogicalId-SUFFIX`, as CloudFormation names what has no name; at most `max` characters.
    pub(super) fn generated(&self, max: usize) -> String {
        let name = format!("{}-{}-{}", self.stack, self.logical_id, self.suffix);
        let skip = name.chars().count().saturating_sub(max);
        name.chars().skip(skip).collect()
    }
}

impl Kind {
    /// The type of this name, if it is supported.
    pub fn parse(type_name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.type_name() == type_name)
    }

    /// True for the parts of an API that reach its stages only through a deployment.
    pub(super) const fn is_deployed(self) -> bool {
        match self {
            Self::RestApi
            | Self::ApiResource
            | Self::Method
            | Self::Model
            | Self::RequestValidator
            | Self::GatewayResponse
            | Self::Authorizer => true,
            Self::Role
            | Self::Policy
            | Self::StateMachine
            | Self::StateMachineVersion
            | Self::StateMachineAlias
            | Self::Activity
            | Self::Account
            | Self::Deployment
            | Self::Stage
            | Self::ApiKey
            | Self::UsagePlan
            | Self::UsagePlanKey
            | Self::DomainName
            | Self::BasePathMapping
            | Self::DocumentationPart
            | Self::DocumentationVersion
            | Self::ClientCertificate
            | Self::VpcLink => false,
        }
    }

    pub(super) async fn create(
        self,
        operations: &dyn Operations,
        naming: &Naming<'_>,
        properties: &Properties,
    ) -> Result<Attributes, OperationError> {
        match self {
            Self::Role => role::create(operations, naming, properties).await,
            Self::Policy => policy::create(operations, naming, properties).await,
            Self::Account => account::create(operations, naming, properties).await,
            Self::StateMachine => state_machine::create(operations, naming, properties).await,
            Self::StateMachineVersion => state_machine_version::create(operations, properties).await,
            Self::StateMachineAlias => state_machine_alias::create(operations, naming, properties).await,
            Self::Activity => activity::create(operations, naming, properties).await,
            Self::RestApi => rest_api::create(operations, naming, properties).await,
            Self::ApiResource => api_resource::create(operations, properties).await,
            Self::Method => method::create(operations, naming, properties).await,
            Self::Deployment => deployment::create(operations, naming.region, properties).await,
            Self::Stage => stage::create(operations, properties).await,
            Self::Model => model::create(operations, naming, properties).await,
            Self::RequestValidator => request_validator::create(operations, properties).await,
            Self::GatewayResponse => gateway_response::put(operations, properties).await,
            Self::ApiKey => api_key::create(operations, naming, properties).await,
            Self::UsagePlan => usage_plan::create(operations, naming, properties).await,
            Self::UsagePlanKey => usage_plan_key::create(operations, properties).await,
            Self::Authorizer => authorizer::create(operations, properties).await,
            Self::DomainName => domain_name::create(operations, properties).await,
            Self::BasePathMapping => base_path_mapping::create(operations, properties).await,
            Self::DocumentationPart => documentation_part::create(operations, properties).await,
            Self::DocumentationVersion => documentation_version::create(operations, properties).await,
            Self::ClientCertificate => client_certificate::create(operations, properties).await,
            Self::VpcLink => vpc_link::create(operations, properties).await,
        }
    }

    pub(super) async fn update(
        self,
        operations: &dyn Operations,
        region: &Region,
        made: &Attributes,
        old: &Properties,
        new: &Properties,
    ) -> Result<Updated, OperationError> {
        let updated = self.update_members(operations, made, old, new).await?;
        if let (Updated::InPlace(_), Some(path)) = (&updated, self.tagged(made, new)) {
            retag(operations, &format!("arn:{}:apigateway:{region}::{path}", region.partition()), old, new)
                .await?;
        }
        Ok(updated)
    }

    async fn update_members(
        self,
        operations: &dyn Operations,
        made: &Attributes,
        old: &Properties,
        new: &Properties,
    ) -> Result<Updated, OperationError> {
        if self.identity().iter().any(|property| old.get(*property) != new.get(*property)) {
            return Ok(Updated::Replace);
        }
        match self {
            Self::Role => role::update(operations, made, old, new).await,
            Self::Policy => policy::update(operations, made, old, new).await,
            Self::Account => account::put(operations, new).await.map(|()| Updated::InPlace(made.clone())),
            Self::StateMachine => state_machine::update(operations, made, old, new).await,
            Self::StateMachineVersion => Ok(Updated::Replace),
            Self::StateMachineAlias => state_machine_alias::update(operations, made, new).await,
            Self::Activity => activity::update(operations, made, old, new).await,
            Self::RestApi => rest_api::update(operations, made, old, new).await,
            Self::ApiResource => api_resource::update(operations, made, old, new).await,
            Self::Method => method::update(operations, made, new).await,
            Self::Deployment => Ok(Updated::Replace),
            Self::Stage => stage::update(operations, made, old, new).await,
            Self::Model => model::update(operations, made, new).await,
            Self::RequestValidator => request_validator::update(operations, made, old, new).await,
            Self::GatewayResponse => gateway_response::put(operations, new).await.map(Updated::InPlace),
            Self::ApiKey => api_key::update(operations, made, old, new).await,
            Self::UsagePlan => usage_plan::update(operations, made, old, new).await,
            Self::UsagePlanKey => Ok(Updated::Replace),
            Self::Authorizer => authorizer::update(operations, made, old, new).await,
            Self::DomainName => domain_name::update(operations, made, old, new).await,
            Self::BasePathMapping => base_path_mapping::update(operations, made, old, new).await,
            Self::DocumentationPart => documentation_part::update(operations, made, old, new).await,
            Self::DocumentationVersion => documentation_version::update(operations, made, old, new).await,
            Self::ClientCertificate => client_certificate::update(operations, made, old, new).await,
            Self::VpcLink => vpc_link::update(operations, made, old, new).await,
        }
    }

    /// Removes the resource; that it is already gone is no failure.
    pub(super) async fn delete(
        self,
        operations: &dyn Operations,
        made: &Attributes,
        properties: &Properties,
    ) -> Result<(), OperationError> {
        let id = made.reference.as_str();
        let api = properties.get("RestApiId").cloned().unwrap_or_default();
        let gone = match self {
            Self::Role => role::delete(operations, made, properties).await,
            Self::Policy => policy::delete(operations, properties).await,
            // CloudFormation leaves the account's settings as they are.
            Self::Account => Ok(Value::Null),
            Self::StateMachine => {
                call(operations, "states", "DeleteStateMachine", json!({ "stateMachineArn": id })).await
            }
            Self::StateMachineVersion => {
                let input = json!({ "stateMachineVersionArn": id });
                call(operations, "states", "DeleteStateMachineVersion", input).await
            }
            Self::StateMachineAlias => {
                let input = json!({ "stateMachineAliasArn": id });
                call(operations, "states", "DeleteStateMachineAlias", input).await
            }
            Self::Activity => {
                call(operations, "states", "DeleteActivity", json!({ "activityArn": id })).await
            }
            Self::RestApi => {
                call(operations, "apigateway", "DeleteRestApi", json!({ "restApiId": id })).await
            }
            Self::ApiResource => {
                call(
                    operations,
                    "apigateway",
                    "DeleteResource",
                    json!({ "restApiId": api, "resourceId": id }),
                )
                .await
            }
            Self::Method => method::delete(operations, properties).await,
            Self::Deployment => {
                let input = json!({ "restApiId": api, "deploymentId": id });
                call(operations, "apigateway", "DeleteDeployment", input).await
            }
            Self::Stage => {
                call(operations, "apigateway", "DeleteStage", json!({ "restApiId": api, "stageName": id }))
                    .await
            }
            Self::Model => {
                call(operations, "apigateway", "DeleteModel", json!({ "restApiId": api, "modelName": id }))
                    .await
            }
            Self::RequestValidator => {
                let input = json!({ "restApiId": api, "requestValidatorId": id });
                call(operations, "apigateway", "DeleteRequestValidator", input).await
            }
            Self::GatewayResponse => {
                let input = json!({ "restApiId": api, "responseType": properties.get("ResponseType") });
                call(operations, "apigateway", "DeleteGatewayResponse", input).await
            }
            Self::ApiKey => call(operations, "apigateway", "DeleteApiKey", json!({ "apiKey": id })).await,
            Self::UsagePlan => usage_plan::delete(operations, id).await,
            Self::UsagePlanKey => usage_plan_key::delete(operations, properties).await,
            Self::Authorizer => {
                let input = json!({ "restApiId": api, "authorizerId": id });
                call(operations, "apigateway", "DeleteAuthorizer", input).await
            }
            Self::DomainName => {
                call(operations, "apigateway", "DeleteDomainName", json!({ "domainName": id })).await
            }
            Self::BasePathMapping => base_path_mapping::delete(operations, properties).await,
            Self::DocumentationPart => {
                let input = json!({ "restApiId": api, "documentationPartId": id });
                call(operations, "apigateway", "DeleteDocumentationPart", input).await
            }
            Self::DocumentationVersion => {
                let input = json!({ "restApiId": api, "documentationVersion": id });
                call(operations, "apigateway", "DeleteDocumentationVersion", input).await
            }
            Self::ClientCertificate => {
                let input = json!({ "clientCertificateId": id });
                call(operations, "apigateway", "DeleteClientCertificate", input).await
            }
            Self::VpcLink => {
                call(operations, "apigateway", "DeleteVpcLink", json!({ "vpcLinkId": id })).await
            }
        };
        match gone {
            Err(error) if is_missing(&error) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// The path in the ARN of what can be tagged after it was made, for the kinds that keep their tags in API Gateway.
    fn tagged(self, made: &Attributes, properties: &Properties) -> Option<String> {
        let id = made.reference.as_str();
        match self {
            Self::RestApi => Some(format!("/restapis/{id}")),
            Self::Stage => {
                let api = properties.get("RestApiId").and_then(Value::as_str)?;
                Some(format!("/restapis/{api}/stages/{id}"))
            }
            Self::ApiKey => Some(format!("/apikeys/{id}")),
            Self::UsagePlan => Some(format!("/usageplans/{id}")),
            Self::DomainName => Some(format!("/domainnames/{id}")),
            Self::ClientCertificate => Some(format!("/clientcertificates/{id}")),
            Self::VpcLink => Some(format!("/vpclinks/{id}")),
            Self::Role
            | Self::Policy
            | Self::StateMachine
            | Self::StateMachineVersion
            | Self::StateMachineAlias
            | Self::Activity
            | Self::Account
            | Self::ApiResource
            | Self::Method
            | Self::Deployment
            | Self::Model
            | Self::RequestValidator
            | Self::GatewayResponse
            | Self::UsagePlanKey
            | Self::Authorizer
            | Self::BasePathMapping
            | Self::DocumentationPart
            | Self::DocumentationVersion => None,
        }
    }

    /// Whether a resource made by an earlier version has all the attributes that it has today.
    pub(super) fn knows_attributes(self, made: &Attributes) -> bool {
        self != Self::StateMachine || made.attributes.contains_key("StateMachineRevisionId")
    }

    /// Properties that make another thing of the resource: when one changes, it is replaced.
    const fn identity(self) -> &'static [&'static str] {
        match self {
            Self::Role => &["RoleName", "Path", "PermissionsBoundary"],
            Self::Policy => &["PolicyName"],
            Self::Account => &[],
            Self::StateMachine => &["StateMachineName", "StateMachineType"],
            // A version is published once.
            Self::StateMachineVersion => &["StateMachineArn"],
            Self::StateMachineAlias | Self::Activity => &["Name"],
            Self::RestApi => &[],
            Self::ApiResource | Self::Deployment => &["RestApiId"],
            Self::RequestValidator => &["RestApiId"],
            Self::Method => &["RestApiId", "ResourceId", "HttpMethod"],
            Self::Stage => &["RestApiId", "StageName"],
            Self::Model => &["RestApiId", "Name", "ContentType"],
            Self::GatewayResponse => &["RestApiId", "ResponseType"],
            Self::ApiKey => &["Name", "Value", "GenerateDistinctId"],
            Self::UsagePlan => &[],
            Self::UsagePlanKey => &["KeyId", "KeyType", "UsagePlanId"],
            Self::Authorizer => &["RestApiId"],
            Self::DomainName => &["DomainName"],
            Self::BasePathMapping => &["DomainName", "BasePath"],
            Self::DocumentationPart => &["RestApiId", "Location"],
            Self::DocumentationVersion => &["RestApiId", "DocumentationVersion"],
            Self::ClientCertificate => &[],
            Self::VpcLink => &["TargetArns"],
        }
    }
}

fn is_missing(error: &OperationError) -> bool {
    matches!(error.code.as_str(), "NotFoundException" | "NoSuchEntity" | "StateMachineDoesNotExist")
}

pub(super) async fn call(
    operations: &dyn Operations,
    service: &'static str,
    operation: &'static str,
    mut input: Value,
) -> Result<Value, OperationError> {
    if let Some(shape) = operations.input(service, operation) {
        lenient::fit(shape, &mut input);
    }
    operations.call(service, operation, input).await
}

/// Copies the properties that are given into an operation's input, under the operation's names.
fn renamed(properties: &Properties, names: &[(&str, &str)]) -> Map<String, Value> {
    let given =
        names.iter().filter_map(|(from, to)| Some(((*to).to_owned(), properties.get(*from)?.clone())));
    given.collect()
}

/// `[{"Key": k, "Value": v}]` as the map that API Gateway takes.
fn tag_map(properties: &Properties) -> Option<Value> {
    let tags = properties.get("Tags")?.as_array()?;
    let text = |tag: &Value, key: &str| patch_value(tag.get(key));
    let pairs = tags.iter().map(|tag| (text(tag, "Key"), Value::String(text(tag, "Value"))));
    Some(Value::Object(pairs.collect()))
}

/// Gives what `arn` names the tags of `new` in place of those of `old`.
async fn retag(
    operations: &dyn Operations,
    arn: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    let of = |properties| tag_map(properties).and_then(|tags| tags.as_object().cloned()).unwrap_or_default();
    let (old, new) = (of(old), of(new));
    let gone: Vec<&String> = old.keys().filter(|key| !new.contains_key(*key)).collect();
    if !gone.is_empty() {
        let input = json!({ "resourceArn": arn, "tagKeys": gone });
        call(operations, "apigateway", "UntagResource", input).await?;
    }
    if !new.is_empty() && new != old {
        call(operations, "apigateway", "TagResource", json!({ "resourceArn": arn, "tags": new })).await?;
    }
    Ok(())
}

/// `[{"Key": k, "Value": v}]` as the list that Step Functions takes.
fn tag_list(properties: &Properties) -> Option<Value> {
    let tags = properties.get("Tags")?.as_array()?;
    Some(tags.iter().map(|tag| json!({ "key": tag.get("Key"), "value": tag.get("Value") })).collect())
}

/// Gives what Step Functions knows under `arn` the tags of `new` in place of those of `old`.
async fn retag_in_states(
    operations: &dyn Operations,
    arn: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    let (old, new) = (tag_map(old).unwrap_or_default(), tag_map(new).unwrap_or_default());
    if old == new {
        return Ok(());
    }
    let gone: Vec<&String> = old.as_object().into_iter().flatten().map(|(key, _)| key).collect();
    let gone: Vec<&String> = gone.into_iter().filter(|key| new.get(key.as_str()).is_none()).collect();
    if !gone.is_empty() {
        let input = json!({ "resourceArn": arn, "tagKeys": gone });
        call(operations, "states", "UntagResource", input).await?;
    }
    let tags = new.as_object().into_iter().flatten();
    let tags: Vec<Value> = tags.map(|(key, value)| json!({ "key": key, "value": value })).collect();
    if !tags.is_empty() {
        call(operations, "states", "TagResource", json!({ "resourceArn": arn, "tags": tags })).await?;
    }
    Ok(())
}

/// The text of a property, which a template may write as a number.
fn name_of(properties: &Properties, property: &str) -> Option<String> {
    properties.get(property).filter(|value| !value.is_null()).map(|value| patch_value(Some(value)))
}

/// A PATCH that replaces what changed among `names` (property → patch path), values as strings.
fn patches(old: &Properties, new: &Properties, names: &[(&str, &str)]) -> Vec<Value> {
    let changed = names.iter().filter(|(property, _)| old.get(*property) != new.get(*property));
    changed
        .map(|(property, path)| json!({ "op": "replace", "path": path, "value": patch_value(new.get(*property)) }))
        .collect()
}

fn patch_value(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A JSON pointer segment.
fn escape_pointer(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_round_trip() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.type_name()), Some(*kind));
            let mut properties = kind.properties().to_vec();
            assert!(kind.identity().iter().all(|p| properties.contains(p)), "{kind:?}");
            properties.sort_unstable();
            properties.dedup();
            assert_eq!(properties.len(), kind.properties().len(), "{kind:?}");
        }
        assert_eq!(Kind::parse("AWS::Nope::Nope"), None);
    }

    #[test]
    fn generated_names_keep_their_random_end() {
        let region = Region::parse("us-east-1").unwrap();
        let naming = Naming {
            region: &region,
            stack: "a-long-stack-name",
            logical_id: "Role",
            suffix: "ABCDEF".into(),
        };
        assert_eq!(naming.generated(64), "a-long-stack-name-Role-ABCDEF");
        assert_eq!(naming.generated(11), "Role-ABCDEF");
    }
}
