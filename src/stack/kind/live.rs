//! Resources as they are, with properties as a template would write them: what drift detection compares. Of a type that isn't
//! listed, nothing is known.

use serde_json::{Value, json};

use super::{
    Attributes, Kind, OperationError, Operations, Properties, call, is_missing, live_state_machine, text,
};

/// How resources of a type are read, by one operation.
struct Reader {
    kind: &'static str,
    service: &'static str,
    operation: &'static str,
    /// Members of the input, with where their values are.
    input: &'static [(&'static str, Origin)],
    /// Properties, with where they are in the answer; both as JSON pointers.
    members: &'static [(&'static str, &'static str)],
}

/// Where a member of the input comes from.
#[derive(Clone, Copy)]
enum Origin {
    /// The physical id.
    Reference,
    /// A property.
    Property(&'static str),
}

use self::Origin::{Property, Reference};

const REST_API: (&str, Origin) = ("restApiId", Property("RestApiId"));

const READERS: &[Reader] = &[
    Reader {
        kind: "AWS::Lambda::Function",
        service: "lambda",
        operation: "GetFunctionConfiguration",
        input: &[("FunctionName", Reference)],
        members: &[
            ("/Description", "/Description"),
            ("/Environment/Variables", "/Environment/Variables"),
            ("/Handler", "/Handler"),
            ("/MemorySize", "/MemorySize"),
            ("/Role", "/Role"),
            ("/Runtime", "/Runtime"),
            ("/Timeout", "/Timeout"),
        ],
    },
    Reader {
        kind: "AWS::Lambda::EventSourceMapping",
        service: "lambda",
        operation: "GetEventSourceMapping",
        input: &[("UUID", Reference)],
        members: &[
            ("/BatchSize", "/BatchSize"),
            ("/EventSourceArn", "/EventSourceArn"),
            ("/MaximumBatchingWindowInSeconds", "/MaximumBatchingWindowInSeconds"),
        ],
    },
    Reader {
        kind: "AWS::Lambda::Alias",
        service: "lambda",
        operation: "GetAlias",
        input: &[("FunctionName", Property("FunctionName")), ("Name", Property("Name"))],
        members: &[("/Description", "/Description"), ("/FunctionVersion", "/FunctionVersion")],
    },
    Reader {
        kind: "AWS::StepFunctions::Activity",
        service: "states",
        operation: "DescribeActivity",
        input: &[("activityArn", Reference)],
        members: &[("/Name", "/name")],
    },
    Reader {
        kind: "AWS::IAM::Role",
        service: "iam",
        operation: "GetRole",
        input: &[("RoleName", Reference)],
        members: &[
            ("/AssumeRolePolicyDocument", "/Role/AssumeRolePolicyDocument"),
            ("/Description", "/Role/Description"),
            ("/MaxSessionDuration", "/Role/MaxSessionDuration"),
            ("/Path", "/Role/Path"),
        ],
    },
    Reader {
        kind: "AWS::SSM::Parameter",
        service: "ssm",
        operation: "GetParameter",
        input: &[("Name", Reference)],
        members: &[("/Type", "/Parameter/Type"), ("/Value", "/Parameter/Value")],
    },
    Reader {
        kind: "AWS::ApiGateway::RestApi",
        service: "apigateway",
        operation: "GetRestApi",
        input: &[("restApiId", Reference)],
        members: &[
            ("/ApiKeySourceType", "/apiKeySource"),
            ("/BinaryMediaTypes", "/binaryMediaTypes"),
            ("/Description", "/description"),
            ("/MinimumCompressionSize", "/minimumCompressionSize"),
            ("/Name", "/name"),
        ],
    },
    Reader {
        kind: "AWS::ApiGateway::Resource",
        service: "apigateway",
        operation: "GetResource",
        input: &[REST_API, ("resourceId", Reference)],
        members: &[("/ParentId", "/parentId"), ("/PathPart", "/pathPart")],
    },
    Reader {
        kind: "AWS::ApiGateway::Method",
        service: "apigateway",
        operation: "GetMethod",
        input: &[REST_API, ("resourceId", Property("ResourceId")), ("httpMethod", Property("HttpMethod"))],
        members: &[
            ("/ApiKeyRequired", "/apiKeyRequired"),
            ("/AuthorizationType", "/authorizationType"),
            ("/AuthorizerId", "/authorizerId"),
            ("/Integration/IntegrationHttpMethod", "/methodIntegration/httpMethod"),
            ("/Integration/Type", "/methodIntegration/type"),
            ("/Integration/Uri", "/methodIntegration/uri"),
            ("/OperationName", "/operationName"),
        ],
    },
    Reader {
        kind: "AWS::ApiGateway::Stage",
        service: "apigateway",
        operation: "GetStage",
        input: &[REST_API, ("stageName", Reference)],
        members: &[
            ("/CacheClusterEnabled", "/cacheClusterEnabled"),
            ("/DeploymentId", "/deploymentId"),
            ("/Description", "/description"),
            ("/TracingEnabled", "/tracingEnabled"),
            ("/Variables", "/variables"),
        ],
    },
    Reader {
        kind: "AWS::ApiGateway::Deployment",
        service: "apigateway",
        operation: "GetDeployment",
        input: &[REST_API, ("deploymentId", Reference)],
        members: &[("/Description", "/description")],
    },
    Reader {
        kind: "AWS::ApiGateway::ApiKey",
        service: "apigateway",
        operation: "GetApiKey",
        input: &[("apiKey", Reference)],
        members: &[("/Description", "/description"), ("/Enabled", "/enabled"), ("/Name", "/name")],
    },
    Reader {
        kind: "AWS::ApiGateway::UsagePlan",
        service: "apigateway",
        operation: "GetUsagePlan",
        input: &[("usagePlanId", Reference)],
        members: &[
            ("/Description", "/description"),
            ("/Quota/Limit", "/quota/limit"),
            ("/Quota/Period", "/quota/period"),
            ("/Throttle/BurstLimit", "/throttle/burstLimit"),
            ("/Throttle/RateLimit", "/throttle/rateLimit"),
            ("/UsagePlanName", "/name"),
        ],
    },
    Reader {
        kind: "AWS::ApiGateway::Authorizer",
        service: "apigateway",
        operation: "GetAuthorizer",
        input: &[REST_API, ("authorizerId", Reference)],
        members: &[
            ("/AuthorizerResultTtlInSeconds", "/authorizerResultTtlInSeconds"),
            ("/AuthorizerUri", "/authorizerUri"),
            ("/IdentitySource", "/identitySource"),
            ("/Name", "/name"),
            ("/Type", "/type"),
        ],
    },
];

/// A resource as it is.
pub(in super::super) enum Live {
    /// The properties of these paths, as far as they have values.
    There(Vec<(&'static str, Option<Value>)>),
    /// It is no longer there.
    Gone,
    /// Nobody can say.
    Unknown,
}

/// What a resource is now.
///
/// # Errors
/// That it can't be read, or that the caller may not know.
pub(in super::super) async fn live(
    kind: &Kind,
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<Live, OperationError> {
    let found = match kind.type_name() {
        "AWS::StepFunctions::StateMachine" => {
            live_state_machine(operations, &made.reference).await.map(|(_, found)| state_machine(&found))
        }
        "AWS::Logs::LogGroup" => return log_group(operations, &made.reference).await,
        name => {
            let Some(reader) = READERS.iter().find(|reader| reader.kind == name) else {
                return Ok(Live::Unknown);
            };
            let input = reader.input.iter().map(|(member, from)| {
                let value = match from {
                    Reference => Value::String(made.reference.clone()),
                    Property(name) => properties.get(*name).cloned().unwrap_or_default(),
                };
                ((*member).to_owned(), value)
            });
            let answer = call(operations, reader.service, reader.operation, input.collect()).await;
            answer.map(|answer| {
                let members = reader.members.iter();
                members.map(|(path, at)| (*path, answer.pointer(at).cloned())).collect()
            })
        }
    };
    match found {
        Ok(found) => Ok(Live::There(found)),
        Err(error) if is_missing(&error) => Ok(Live::Gone),
        Err(error) => Err(error),
    }
}

fn state_machine(found: &Properties) -> Vec<(&'static str, Option<Value>)> {
    let names = [
        ("/DefinitionString", "DefinitionString"),
        ("/LoggingConfiguration", "LoggingConfiguration"),
        ("/RoleArn", "RoleArn"),
        ("/StateMachineType", "StateMachineType"),
        ("/TracingConfiguration", "TracingConfiguration"),
    ];
    names.into_iter().map(|(path, name)| (path, found.get(name).cloned())).collect()
}

async fn log_group(operations: &dyn Operations, name: &str) -> Result<Live, OperationError> {
    let input = json!({ "logGroupNamePrefix": name });
    let found = call(operations, "logs", "DescribeLogGroups", input).await?;
    let groups = found.get("logGroups").and_then(Value::as_array).into_iter().flatten();
    let group = groups.into_iter().find(|group| text(group, "logGroupName") == name);
    Ok(match group {
        Some(group) => Live::There(vec![("/RetentionInDays", group.get("retentionInDays").cloned())]),
        None => Live::Gone,
    })
}
