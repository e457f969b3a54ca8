//! The table of operations: how each is reached, what it takes and who handles it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>

use super::super::{Handler, Operation, Route, Structure, handler};
use super::{
    SERVICE, aliases, bounds, calls, code_signing, events, functions, kept, layer_policies, layers,
    permissions, shapes, sources, tags, urls, versions,
};

const fn row(
    name: &'static str,
    method: &'static str,
    uri: &'static str,
    status: u16,
    input: &'static Structure,
    handler: Handler,
) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Rest { method, uri, status }, input, handler }
}

/// Every operation, by noun.
#[rustfmt::skip] // A table reads best a row a line.
pub(super) static ALL: &[Operation] = &[
    // function
    row("CreateFunction", "POST", "/2015-03-31/functions", 201, &shapes::CREATE_FUNCTION_REQUEST, handler!(functions::create)),
    row("DeleteFunction", "DELETE", "/2015-03-31/functions/{FunctionName}", 200, &shapes::DELETE_FUNCTION_REQUEST, handler!(functions::delete)),
    row("GetFunction", "GET", "/2015-03-31/functions/{FunctionName}", 200, &shapes::GET_FUNCTION_REQUEST, handler!(functions::get)),
    row("GetFunctionConfiguration", "GET", "/2015-03-31/functions/{FunctionName}/configuration", 200, &shapes::GET_FUNCTION_CONFIGURATION_REQUEST, handler!(functions::configuration)),
    row("ListFunctions", "GET", "/2015-03-31/functions", 200, &shapes::LIST_FUNCTIONS_REQUEST, handler!(functions::list)),
    row("UpdateFunctionCode", "PUT", "/2015-03-31/functions/{FunctionName}/code", 200, &shapes::UPDATE_FUNCTION_CODE_REQUEST, handler!(functions::update_code)),
    row("UpdateFunctionConfiguration", "PUT", "/2015-03-31/functions/{FunctionName}/configuration", 200, &shapes::UPDATE_FUNCTION_CONFIGURATION_REQUEST, handler!(functions::update_configuration)),
    // call
    row("Invoke", "POST", "/2015-03-31/functions/{FunctionName}/invocations", 200, &shapes::INVOCATION_REQUEST, handler!(calls::invoke)),
    row("InvokeAsync", "POST", "/2014-11-13/functions/{FunctionName}/invoke-async", 202, &shapes::NOTHING, Handler::Unsupported),
    row("InvokeWithResponseStream", "POST", "/2021-11-15/functions/{FunctionName}/response-streaming-invocations", 200, &shapes::INVOKE_WITH_RESPONSE_STREAM_REQUEST, handler!(calls::invoke_streamed)),
    // version
    row("ListVersionsByFunction", "GET", "/2015-03-31/functions/{FunctionName}/versions", 200, &shapes::LIST_VERSIONS_BY_FUNCTION_REQUEST, handler!(versions::list)),
    row("PublishVersion", "POST", "/2015-03-31/functions/{FunctionName}/versions", 201, &shapes::PUBLISH_VERSION_REQUEST, handler!(versions::publish)),
    // alias
    row("CreateAlias", "POST", "/2015-03-31/functions/{FunctionName}/aliases", 201, &shapes::CREATE_ALIAS_REQUEST, handler!(aliases::create)),
    row("DeleteAlias", "DELETE", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", 204, &shapes::DELETE_ALIAS_REQUEST, handler!(aliases::delete)),
    row("GetAlias", "GET", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", 200, &shapes::GET_ALIAS_REQUEST, handler!(aliases::get)),
    row("ListAliases", "GET", "/2015-03-31/functions/{FunctionName}/aliases", 200, &shapes::LIST_ALIASES_REQUEST, handler!(aliases::list)),
    row("UpdateAlias", "PUT", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", 200, &shapes::UPDATE_ALIAS_REQUEST, handler!(aliases::update)),
    // permission
    row("AddPermission", "POST", "/2015-03-31/functions/{FunctionName}/policy", 201, &shapes::ADD_PERMISSION_REQUEST, handler!(permissions::add)),
    row("GetPolicy", "GET", "/2015-03-31/functions/{FunctionName}/policy", 200, &shapes::GET_POLICY_REQUEST, handler!(permissions::get)),
    row("RemovePermission", "DELETE", "/2015-03-31/functions/{FunctionName}/policy/{StatementId}", 204, &shapes::REMOVE_PERMISSION_REQUEST, handler!(permissions::remove)),
    // concurrency
    row("DeleteFunctionConcurrency", "DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", 204, &shapes::DELETE_FUNCTION_CONCURRENCY_REQUEST, handler!(bounds::delete_concurrency)),
    row("DeleteProvisionedConcurrencyConfig", "DELETE", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", 204, &shapes::DELETE_PROVISIONED_CONCURRENCY_CONFIG_REQUEST, handler!(bounds::delete_provisioned)),
    row("GetAccountSettings", "GET", "/2016-08-19/account-settings", 200, &shapes::GET_ACCOUNT_SETTINGS_REQUEST, handler!(bounds::account_settings)),
    row("GetFunctionConcurrency", "GET", "/2019-09-30/functions/{FunctionName}/concurrency", 200, &shapes::GET_FUNCTION_CONCURRENCY_REQUEST, handler!(bounds::get_concurrency)),
    row("GetProvisionedConcurrencyConfig", "GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", 200, &shapes::GET_PROVISIONED_CONCURRENCY_CONFIG_REQUEST, handler!(bounds::get_provisioned)),
    row("ListProvisionedConcurrencyConfigs", "GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL", 200, &shapes::LIST_PROVISIONED_CONCURRENCY_CONFIGS_REQUEST, handler!(bounds::list_provisioned)),
    row("PutFunctionConcurrency", "PUT", "/2017-10-31/functions/{FunctionName}/concurrency", 200, &shapes::PUT_FUNCTION_CONCURRENCY_REQUEST, handler!(bounds::put_concurrency)),
    row("PutProvisionedConcurrencyConfig", "PUT", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", 202, &shapes::PUT_PROVISIONED_CONCURRENCY_CONFIG_REQUEST, handler!(bounds::put_provisioned)),
    // event invoke configuration
    row("DeleteFunctionEventInvokeConfig", "DELETE", "/2019-09-25/functions/{FunctionName}/event-invoke-config", 204, &shapes::DELETE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST, handler!(events::delete)),
    row("GetFunctionEventInvokeConfig", "GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config", 200, &shapes::GET_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST, handler!(events::get)),
    row("ListFunctionEventInvokeConfigs", "GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config/list", 200, &shapes::LIST_FUNCTION_EVENT_INVOKE_CONFIGS_REQUEST, handler!(events::list)),
    row("PutFunctionEventInvokeConfig", "PUT", "/2019-09-25/functions/{FunctionName}/event-invoke-config", 200, &shapes::PUT_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST, handler!(events::put)),
    row("UpdateFunctionEventInvokeConfig", "POST", "/2019-09-25/functions/{FunctionName}/event-invoke-config", 200, &shapes::UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST, handler!(events::update)),
    // function URL
    row("CreateFunctionUrlConfig", "POST", "/2021-10-31/functions/{FunctionName}/url", 201, &shapes::CREATE_FUNCTION_URL_CONFIG_REQUEST, handler!(urls::create)),
    row("DeleteFunctionUrlConfig", "DELETE", "/2021-10-31/functions/{FunctionName}/url", 204, &shapes::DELETE_FUNCTION_URL_CONFIG_REQUEST, handler!(urls::delete)),
    row("GetFunctionUrlConfig", "GET", "/2021-10-31/functions/{FunctionName}/url", 200, &shapes::GET_FUNCTION_URL_CONFIG_REQUEST, handler!(urls::get)),
    row("ListFunctionUrlConfigs", "GET", "/2021-10-31/functions/{FunctionName}/urls", 200, &shapes::LIST_FUNCTION_URL_CONFIGS_REQUEST, handler!(urls::list)),
    row("UpdateFunctionUrlConfig", "PUT", "/2021-10-31/functions/{FunctionName}/url", 200, &shapes::UPDATE_FUNCTION_URL_CONFIG_REQUEST, handler!(urls::update)),
    // layer
    row("AddLayerVersionPermission", "POST", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy", 201, &shapes::ADD_LAYER_VERSION_PERMISSION_REQUEST, handler!(layer_policies::add)),
    row("DeleteLayerVersion", "DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", 204, &shapes::DELETE_LAYER_VERSION_REQUEST, handler!(layers::delete)),
    row("GetLayerVersion", "GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", 200, &shapes::GET_LAYER_VERSION_REQUEST, handler!(layers::get)),
    row("GetLayerVersionByArn", "GET", "/2018-10-31/layers?find=LayerVersion", 200, &shapes::GET_LAYER_VERSION_BY_ARN_REQUEST, handler!(layers::get_by_arn)),
    row("GetLayerVersionPolicy", "GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy", 200, &shapes::GET_LAYER_VERSION_POLICY_REQUEST, handler!(layer_policies::get)),
    row("ListLayerVersions", "GET", "/2018-10-31/layers/{LayerName}/versions", 200, &shapes::LIST_LAYER_VERSIONS_REQUEST, handler!(layers::list_versions)),
    row("ListLayers", "GET", "/2018-10-31/layers", 200, &shapes::LIST_LAYERS_REQUEST, handler!(layers::list)),
    row("PublishLayerVersion", "POST", "/2018-10-31/layers/{LayerName}/versions", 201, &shapes::PUBLISH_LAYER_VERSION_REQUEST, handler!(layers::publish)),
    row("RemoveLayerVersionPermission", "DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}", 204, &shapes::REMOVE_LAYER_VERSION_PERMISSION_REQUEST, handler!(layer_policies::remove)),
    // tag
    row("ListTags", "GET", "/2017-03-31/tags/{Resource}", 200, &shapes::LIST_TAGS_REQUEST, handler!(tags::list)),
    row("TagResource", "POST", "/2017-03-31/tags/{Resource}", 204, &shapes::TAG_RESOURCE_REQUEST, handler!(tags::tag)),
    row("UntagResource", "DELETE", "/2017-03-31/tags/{Resource}", 204, &shapes::UNTAG_RESOURCE_REQUEST, handler!(tags::untag)),
    // what is kept without effect
    row("GetFunctionRecursionConfig", "GET", "/2024-08-31/functions/{FunctionName}/recursion-config", 200, &shapes::GET_FUNCTION_RECURSION_CONFIG_REQUEST, handler!(kept::recursion)),
    row("GetRuntimeManagementConfig", "GET", "/2021-07-20/functions/{FunctionName}/runtime-management-config", 200, &shapes::GET_RUNTIME_MANAGEMENT_CONFIG_REQUEST, handler!(kept::runtime_updates)),
    row("PutFunctionRecursionConfig", "PUT", "/2024-08-31/functions/{FunctionName}/recursion-config", 200, &shapes::PUT_FUNCTION_RECURSION_CONFIG_REQUEST, handler!(kept::put_recursion)),
    row("PutRuntimeManagementConfig", "PUT", "/2021-07-20/functions/{FunctionName}/runtime-management-config", 200, &shapes::PUT_RUNTIME_MANAGEMENT_CONFIG_REQUEST, handler!(kept::put_runtime_updates)),
    // code signing
    row("CreateCodeSigningConfig", "POST", "/2020-04-22/code-signing-configs", 201, &shapes::NOTHING, Handler::Unsupported),
    row("DeleteCodeSigningConfig", "DELETE", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", 204, &shapes::NOTHING, Handler::Unsupported),
    row("DeleteFunctionCodeSigningConfig", "DELETE", "/2020-06-30/functions/{FunctionName}/code-signing-config", 204, &shapes::FUNCTION_CODE_SIGNING_CONFIG_REQUEST, handler!(code_signing::forget)),
    row("GetCodeSigningConfig", "GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", 200, &shapes::GET_CODE_SIGNING_CONFIG_REQUEST, handler!(code_signing::get)),
    row("GetFunctionCodeSigningConfig", "GET", "/2020-06-30/functions/{FunctionName}/code-signing-config", 200, &shapes::FUNCTION_CODE_SIGNING_CONFIG_REQUEST, handler!(code_signing::of_function)),
    row("ListCodeSigningConfigs", "GET", "/2020-04-22/code-signing-configs", 200, &shapes::LIST_CODE_SIGNING_CONFIGS_REQUEST, handler!(code_signing::list)),
    row("ListFunctionsByCodeSigningConfig", "GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions", 200, &shapes::NOTHING, Handler::Unsupported),
    row("PutFunctionCodeSigningConfig", "PUT", "/2020-06-30/functions/{FunctionName}/code-signing-config", 200, &shapes::PUT_FUNCTION_CODE_SIGNING_CONFIG_REQUEST, handler!(code_signing::put)),
    row("UpdateCodeSigningConfig", "PUT", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", 200, &shapes::NOTHING, Handler::Unsupported),
    // event source mapping
    row("CreateEventSourceMapping", "POST", "/2015-03-31/event-source-mappings", 202, &shapes::CREATE_EVENT_SOURCE_MAPPING_REQUEST, handler!(sources::create)),
    row("DeleteEventSourceMapping", "DELETE", "/2015-03-31/event-source-mappings/{UUID}", 202, &shapes::EVENT_SOURCE_MAPPING_REQUEST, handler!(sources::delete)),
    row("GetEventSourceMapping", "GET", "/2015-03-31/event-source-mappings/{UUID}", 200, &shapes::EVENT_SOURCE_MAPPING_REQUEST, handler!(sources::get)),
    row("ListEventSourceMappings", "GET", "/2015-03-31/event-source-mappings", 200, &shapes::LIST_EVENT_SOURCE_MAPPINGS_REQUEST, handler!(sources::list)),
    row("UpdateEventSourceMapping", "PUT", "/2015-03-31/event-source-mappings/{UUID}", 202, &shapes::UPDATE_EVENT_SOURCE_MAPPING_REQUEST, handler!(sources::update)),
    // capacity provider and scaling
    row("CreateCapacityProvider", "POST", "/2025-11-30/capacity-providers", 202, &shapes::NOTHING, Handler::Unsupported),
    row("DeleteCapacityProvider", "DELETE", "/2025-11-30/capacity-providers/{CapacityProviderName}", 202, &shapes::NOTHING, Handler::Unsupported),
    row("GetCapacityProvider", "GET", "/2025-11-30/capacity-providers/{CapacityProviderName}", 200, &shapes::NOTHING, Handler::Unsupported),
    row("GetFunctionScalingConfig", "GET", "/2025-11-30/functions/{FunctionName}/function-scaling-config", 200, &shapes::NOTHING, Handler::Unsupported),
    row("ListCapacityProviders", "GET", "/2025-11-30/capacity-providers", 200, &shapes::NOTHING, Handler::Unsupported),
    row("ListFunctionVersionsByCapacityProvider", "GET", "/2025-11-30/capacity-providers/{CapacityProviderName}/function-versions", 200, &shapes::NOTHING, Handler::Unsupported),
    row("PutFunctionScalingConfig", "PUT", "/2025-11-30/functions/{FunctionName}/function-scaling-config", 202, &shapes::NOTHING, Handler::Unsupported),
    row("UpdateCapacityProvider", "PUT", "/2025-11-30/capacity-providers/{CapacityProviderName}", 202, &shapes::NOTHING, Handler::Unsupported),
    // durable execution
    row("CheckpointDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint", 200, &shapes::NOTHING, Handler::Unsupported),
    row("DeleteDurableExecution", "DELETE", "/2025-12-01/durable-executions/{DurableExecutionArn}", 202, &shapes::NOTHING, Handler::Unsupported),
    row("GetDurableExecution", "GET", "/2025-12-01/durable-executions/{DurableExecutionArn}", 200, &shapes::NOTHING, Handler::Unsupported),
    row("GetDurableExecutionHistory", "GET", "/2025-12-01/durable-executions/{DurableExecutionArn}/history", 200, &shapes::NOTHING, Handler::Unsupported),
    row("GetDurableExecutionState", "GET", "/2025-12-01/durable-executions/{DurableExecutionArn}/state", 200, &shapes::NOTHING, Handler::Unsupported),
    row("ListDurableExecutionsByFunction", "GET", "/2025-12-01/functions/{FunctionName}/durable-executions", 200, &shapes::NOTHING, Handler::Unsupported),
    row("PauseDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/pause", 202, &shapes::NOTHING, Handler::Unsupported),
    row("ResumeDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/resume", 202, &shapes::NOTHING, Handler::Unsupported),
    row("SendDurableExecutionCallbackFailure", "POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/fail", 200, &shapes::NOTHING, Handler::Unsupported),
    row("SendDurableExecutionCallbackHeartbeat", "POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat", 200, &shapes::NOTHING, Handler::Unsupported),
    row("SendDurableExecutionCallbackSuccess", "POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/succeed", 200, &shapes::NOTHING, Handler::Unsupported),
    row("StopDurableExecution", "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/stop", 200, &shapes::NOTHING, Handler::Unsupported),
    // resource policy
    row("DeleteResourcePolicy", "DELETE", "/2026-07-09/resource-policy/{ResourceArn}", 204, &shapes::NOTHING, Handler::Unsupported),
    row("GetResourcePolicy", "GET", "/2026-07-09/resource-policy/{ResourceArn}", 200, &shapes::NOTHING, Handler::Unsupported),
    row("PutResourcePolicy", "PUT", "/2026-07-09/resource-policy/{ResourceArn}", 200, &shapes::NOTHING, Handler::Unsupported),
];
