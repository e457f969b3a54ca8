//! AWS Lambda: the table of its operations.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>. A file a noun holds its inputs as types for the
//! handlers; `shapes` has them for the checks, `view` writes answers.

mod aliases;
mod bounds;
mod calls;
mod code;
mod events;
mod fault;
mod functions;
mod layers;
mod permissions;
mod shapes;
mod tags;
mod versions;
mod view;

use serde_json::Value;

use super::{
    Call, Handler, Operation, Permission, Protocol, Registration, Route, Service, Special, Structure, handler,
};
use crate::functions::{Functions, Reference, function_arn, layer_arn};
use crate::id::AccountRegion;

/// AWS Lambda, 2015-03-31 and later.
pub static SERVICE: Service = Service {
    name: "lambda",
    protocol: Protocol::RestJson,
    body_bytes_max: 70_167_211, // A package of 50 MB in base64, as AWS says it.
    operations: OPERATIONS,
    permission,
    special: Special::NONE,
};

/// The service on `functions`.
pub fn service(functions: Functions) -> Registration {
    SERVICE.on(functions)
}

/// What a call is about: a function, with the version or alias that is meant, or a layer.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>
#[allow(clippy::unnecessary_wraps, reason = "other services have none")]
fn permission(operation: &Operation, input: &Value, home: &AccountRegion) -> Option<Permission> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let action = match operation.name {
        "Invoke" | "InvokeAsync" | "InvokeWithResponseStream" => "InvokeFunction",
        "GetLayerVersionByArn" => "GetLayerVersion",
        name => name,
    };
    let function = text("FunctionName").map(|name| match Reference::parse(name, text("Qualifier"), home) {
        Ok(Reference { name, qualifier }) => {
            let arn = function_arn(home, &name);
            qualifier.map_or_else(|| arn.clone(), |qualifier| format!("{arn}:{qualifier}"))
        }
        // What it is, its handler says.
        Err(_) => name.to_owned(),
    });
    let layer = text("LayerName").map(|name| {
        let arn = if name.starts_with("arn:") { name.to_owned() } else { layer_arn(home, name) };
        match input.get("VersionNumber") {
            Some(version) => {
                format!("{arn}:{}", version.as_str().map_or_else(|| version.to_string(), str::to_owned))
            }
            None => arn,
        }
    });
    let other = ["Resource", "Arn"].into_iter().find_map(text).map(str::to_owned);
    let resource = function.or(layer).or(other).unwrap_or_else(|| "*".to_owned());
    Some(Permission { action: format!("lambda:{action}"), resource })
}

const fn row(name: &'static str, route: Route, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route, input, handler }
}

const fn rest(method: &'static str, uri: &'static str, status: u16) -> Route {
    Route::Rest { method, uri, status }
}

/// Every operation.
static OPERATIONS: &[Operation] = &[
    row(
        "AddLayerVersionPermission",
        rest("POST", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy", 201),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "AddPermission",
        rest("POST", "/2015-03-31/functions/{FunctionName}/policy", 201),
        &shapes::ADD_PERMISSION_REQUEST,
        handler!(permissions::add),
    ),
    row(
        "CheckpointDurableExecution",
        rest("POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "CreateAlias",
        rest("POST", "/2015-03-31/functions/{FunctionName}/aliases", 201),
        &shapes::CREATE_ALIAS_REQUEST,
        handler!(aliases::create),
    ),
    row(
        "CreateCapacityProvider",
        rest("POST", "/2025-11-30/capacity-providers", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "CreateCodeSigningConfig",
        rest("POST", "/2020-04-22/code-signing-configs", 201),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "CreateEventSourceMapping",
        rest("POST", "/2015-03-31/event-source-mappings", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "CreateFunction",
        rest("POST", "/2015-03-31/functions", 201),
        &shapes::CREATE_FUNCTION_REQUEST,
        handler!(functions::create),
    ),
    row(
        "CreateFunctionUrlConfig",
        rest("POST", "/2021-10-31/functions/{FunctionName}/url", 201),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "DeleteAlias",
        rest("DELETE", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", 204),
        &shapes::DELETE_ALIAS_REQUEST,
        handler!(aliases::delete),
    ),
    row(
        "DeleteCapacityProvider",
        rest("DELETE", "/2025-11-30/capacity-providers/{CapacityProviderName}", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "DeleteCodeSigningConfig",
        rest("DELETE", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", 204),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "DeleteDurableExecution",
        rest("DELETE", "/2025-12-01/durable-executions/{DurableExecutionArn}", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "DeleteEventSourceMapping",
        rest("DELETE", "/2015-03-31/event-source-mappings/{UUID}", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "DeleteFunction",
        rest("DELETE", "/2015-03-31/functions/{FunctionName}", 200),
        &shapes::DELETE_FUNCTION_REQUEST,
        handler!(functions::delete),
    ),
    row(
        "DeleteFunctionCodeSigningConfig",
        rest("DELETE", "/2020-06-30/functions/{FunctionName}/code-signing-config", 204),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "DeleteFunctionConcurrency",
        rest("DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", 204),
        &shapes::DELETE_FUNCTION_CONCURRENCY_REQUEST,
        handler!(bounds::delete_concurrency),
    ),
    row(
        "DeleteFunctionEventInvokeConfig",
        rest("DELETE", "/2019-09-25/functions/{FunctionName}/event-invoke-config", 204),
        &shapes::DELETE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST,
        handler!(events::delete),
    ),
    row(
        "DeleteFunctionUrlConfig",
        rest("DELETE", "/2021-10-31/functions/{FunctionName}/url", 204),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "DeleteLayerVersion",
        rest("DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", 204),
        &shapes::DELETE_LAYER_VERSION_REQUEST,
        handler!(layers::delete),
    ),
    row(
        "DeleteProvisionedConcurrencyConfig",
        rest("DELETE", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", 204),
        &shapes::DELETE_PROVISIONED_CONCURRENCY_CONFIG_REQUEST,
        handler!(bounds::delete_provisioned),
    ),
    row(
        "DeleteResourcePolicy",
        rest("DELETE", "/2026-07-09/resource-policy/{ResourceArn}", 204),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetAccountSettings",
        rest("GET", "/2016-08-19/account-settings", 200),
        &shapes::GET_ACCOUNT_SETTINGS_REQUEST,
        handler!(bounds::account_settings),
    ),
    row(
        "GetAlias",
        rest("GET", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", 200),
        &shapes::GET_ALIAS_REQUEST,
        handler!(aliases::get),
    ),
    row(
        "GetCapacityProvider",
        rest("GET", "/2025-11-30/capacity-providers/{CapacityProviderName}", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetCodeSigningConfig",
        rest("GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetDurableExecution",
        rest("GET", "/2025-12-01/durable-executions/{DurableExecutionArn}", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetDurableExecutionHistory",
        rest("GET", "/2025-12-01/durable-executions/{DurableExecutionArn}/history", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetDurableExecutionState",
        rest("GET", "/2025-12-01/durable-executions/{DurableExecutionArn}/state", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetEventSourceMapping",
        rest("GET", "/2015-03-31/event-source-mappings/{UUID}", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetFunction",
        rest("GET", "/2015-03-31/functions/{FunctionName}", 200),
        &shapes::GET_FUNCTION_REQUEST,
        handler!(functions::get),
    ),
    row(
        "GetFunctionCodeSigningConfig",
        rest("GET", "/2020-06-30/functions/{FunctionName}/code-signing-config", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetFunctionConcurrency",
        rest("GET", "/2019-09-30/functions/{FunctionName}/concurrency", 200),
        &shapes::GET_FUNCTION_CONCURRENCY_REQUEST,
        handler!(bounds::get_concurrency),
    ),
    row(
        "GetFunctionConfiguration",
        rest("GET", "/2015-03-31/functions/{FunctionName}/configuration", 200),
        &shapes::GET_FUNCTION_CONFIGURATION_REQUEST,
        handler!(functions::configuration),
    ),
    row(
        "GetFunctionEventInvokeConfig",
        rest("GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config", 200),
        &shapes::GET_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST,
        handler!(events::get),
    ),
    row(
        "GetFunctionRecursionConfig",
        rest("GET", "/2024-08-31/functions/{FunctionName}/recursion-config", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetFunctionScalingConfig",
        rest("GET", "/2025-11-30/functions/{FunctionName}/function-scaling-config", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetFunctionUrlConfig",
        rest("GET", "/2021-10-31/functions/{FunctionName}/url", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetLayerVersion",
        rest("GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", 200),
        &shapes::GET_LAYER_VERSION_REQUEST,
        handler!(layers::get),
    ),
    row(
        "GetLayerVersionByArn",
        rest("GET", "/2018-10-31/layers?find=LayerVersion", 200),
        &shapes::GET_LAYER_VERSION_BY_ARN_REQUEST,
        handler!(layers::get_by_arn),
    ),
    row(
        "GetLayerVersionPolicy",
        rest("GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetPolicy",
        rest("GET", "/2015-03-31/functions/{FunctionName}/policy", 200),
        &shapes::GET_POLICY_REQUEST,
        handler!(permissions::get),
    ),
    row(
        "GetProvisionedConcurrencyConfig",
        rest("GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", 200),
        &shapes::GET_PROVISIONED_CONCURRENCY_CONFIG_REQUEST,
        handler!(bounds::get_provisioned),
    ),
    row(
        "GetResourcePolicy",
        rest("GET", "/2026-07-09/resource-policy/{ResourceArn}", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "GetRuntimeManagementConfig",
        rest("GET", "/2021-07-20/functions/{FunctionName}/runtime-management-config", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "Invoke",
        rest("POST", "/2015-03-31/functions/{FunctionName}/invocations", 200),
        &shapes::INVOCATION_REQUEST,
        handler!(calls::invoke),
    ),
    row(
        "InvokeAsync",
        rest("POST", "/2014-11-13/functions/{FunctionName}/invoke-async", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "InvokeWithResponseStream",
        rest("POST", "/2021-11-15/functions/{FunctionName}/response-streaming-invocations", 200),
        &shapes::INVOKE_WITH_RESPONSE_STREAM_REQUEST,
        handler!(calls::invoke_streamed),
    ),
    row(
        "ListAliases",
        rest("GET", "/2015-03-31/functions/{FunctionName}/aliases", 200),
        &shapes::LIST_ALIASES_REQUEST,
        handler!(aliases::list),
    ),
    row(
        "ListCapacityProviders",
        rest("GET", "/2025-11-30/capacity-providers", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "ListCodeSigningConfigs",
        rest("GET", "/2020-04-22/code-signing-configs", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "ListDurableExecutionsByFunction",
        rest("GET", "/2025-12-01/functions/{FunctionName}/durable-executions", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "ListEventSourceMappings",
        rest("GET", "/2015-03-31/event-source-mappings", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "ListFunctionEventInvokeConfigs",
        rest("GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config/list", 200),
        &shapes::LIST_FUNCTION_EVENT_INVOKE_CONFIGS_REQUEST,
        handler!(events::list),
    ),
    row(
        "ListFunctionUrlConfigs",
        rest("GET", "/2021-10-31/functions/{FunctionName}/urls", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "ListFunctionVersionsByCapacityProvider",
        rest("GET", "/2025-11-30/capacity-providers/{CapacityProviderName}/function-versions", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "ListFunctions",
        rest("GET", "/2015-03-31/functions", 200),
        &shapes::LIST_FUNCTIONS_REQUEST,
        handler!(functions::list),
    ),
    row(
        "ListFunctionsByCodeSigningConfig",
        rest("GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "ListLayerVersions",
        rest("GET", "/2018-10-31/layers/{LayerName}/versions", 200),
        &shapes::LIST_LAYER_VERSIONS_REQUEST,
        handler!(layers::list_versions),
    ),
    row(
        "ListLayers",
        rest("GET", "/2018-10-31/layers", 200),
        &shapes::LIST_LAYERS_REQUEST,
        handler!(layers::list),
    ),
    row(
        "ListProvisionedConcurrencyConfigs",
        rest("GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL", 200),
        &shapes::LIST_PROVISIONED_CONCURRENCY_CONFIGS_REQUEST,
        handler!(bounds::list_provisioned),
    ),
    row(
        "ListTags",
        rest("GET", "/2017-03-31/tags/{Resource}", 200),
        &shapes::LIST_TAGS_REQUEST,
        handler!(tags::list),
    ),
    row(
        "ListVersionsByFunction",
        rest("GET", "/2015-03-31/functions/{FunctionName}/versions", 200),
        &shapes::LIST_VERSIONS_BY_FUNCTION_REQUEST,
        handler!(versions::list),
    ),
    row(
        "PauseDurableExecution",
        rest("POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/pause", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "PublishLayerVersion",
        rest("POST", "/2018-10-31/layers/{LayerName}/versions", 201),
        &shapes::PUBLISH_LAYER_VERSION_REQUEST,
        handler!(layers::publish),
    ),
    row(
        "PublishVersion",
        rest("POST", "/2015-03-31/functions/{FunctionName}/versions", 201),
        &shapes::PUBLISH_VERSION_REQUEST,
        handler!(versions::publish),
    ),
    row(
        "PutFunctionCodeSigningConfig",
        rest("PUT", "/2020-06-30/functions/{FunctionName}/code-signing-config", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "PutFunctionConcurrency",
        rest("PUT", "/2017-10-31/functions/{FunctionName}/concurrency", 200),
        &shapes::PUT_FUNCTION_CONCURRENCY_REQUEST,
        handler!(bounds::put_concurrency),
    ),
    row(
        "PutFunctionEventInvokeConfig",
        rest("PUT", "/2019-09-25/functions/{FunctionName}/event-invoke-config", 200),
        &shapes::PUT_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST,
        handler!(events::put),
    ),
    row(
        "PutFunctionRecursionConfig",
        rest("PUT", "/2024-08-31/functions/{FunctionName}/recursion-config", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "PutFunctionScalingConfig",
        rest("PUT", "/2025-11-30/functions/{FunctionName}/function-scaling-config", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "PutProvisionedConcurrencyConfig",
        rest("PUT", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", 202),
        &shapes::PUT_PROVISIONED_CONCURRENCY_CONFIG_REQUEST,
        handler!(bounds::put_provisioned),
    ),
    row(
        "PutResourcePolicy",
        rest("PUT", "/2026-07-09/resource-policy/{ResourceArn}", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "PutRuntimeManagementConfig",
        rest("PUT", "/2021-07-20/functions/{FunctionName}/runtime-management-config", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "RemoveLayerVersionPermission",
        rest("DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}", 204),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "RemovePermission",
        rest("DELETE", "/2015-03-31/functions/{FunctionName}/policy/{StatementId}", 204),
        &shapes::REMOVE_PERMISSION_REQUEST,
        handler!(permissions::remove),
    ),
    row(
        "ResumeDurableExecution",
        rest("POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/resume", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "SendDurableExecutionCallbackFailure",
        rest("POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/fail", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "SendDurableExecutionCallbackHeartbeat",
        rest("POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "SendDurableExecutionCallbackSuccess",
        rest("POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/succeed", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "StopDurableExecution",
        rest("POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/stop", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "TagResource",
        rest("POST", "/2017-03-31/tags/{Resource}", 204),
        &shapes::TAG_RESOURCE_REQUEST,
        handler!(tags::tag),
    ),
    row(
        "UntagResource",
        rest("DELETE", "/2017-03-31/tags/{Resource}", 204),
        &shapes::UNTAG_RESOURCE_REQUEST,
        handler!(tags::untag),
    ),
    row(
        "UpdateAlias",
        rest("PUT", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", 200),
        &shapes::UPDATE_ALIAS_REQUEST,
        handler!(aliases::update),
    ),
    row(
        "UpdateCapacityProvider",
        rest("PUT", "/2025-11-30/capacity-providers/{CapacityProviderName}", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "UpdateCodeSigningConfig",
        rest("PUT", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "UpdateEventSourceMapping",
        rest("PUT", "/2015-03-31/event-source-mappings/{UUID}", 202),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
    row(
        "UpdateFunctionCode",
        rest("PUT", "/2015-03-31/functions/{FunctionName}/code", 200),
        &shapes::UPDATE_FUNCTION_CODE_REQUEST,
        handler!(functions::update_code),
    ),
    row(
        "UpdateFunctionConfiguration",
        rest("PUT", "/2015-03-31/functions/{FunctionName}/configuration", 200),
        &shapes::UPDATE_FUNCTION_CONFIGURATION_REQUEST,
        handler!(functions::update_configuration),
    ),
    row(
        "UpdateFunctionEventInvokeConfig",
        rest("POST", "/2019-09-25/functions/{FunctionName}/event-invoke-config", 200),
        &shapes::UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST,
        handler!(events::update),
    ),
    row(
        "UpdateFunctionUrlConfig",
        rest("PUT", "/2021-10-31/functions/{FunctionName}/url", 200),
        &shapes::NOTHING,
        Handler::Unsupported,
    ),
];

/// What handlers work on.
fn rooms(call: &Call) -> &Functions {
    call.state()
}
