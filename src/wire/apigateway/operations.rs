//! All 124 operations of 2015-07-09, supported or not.

use super::shapes::NOTHING;
use super::{
    access_associations, account, api_keys, authorizers, client_certificates, deployments,
    documentation_parts, documentation_versions, domain_names, exports, gateway_responses, imports,
    integrations, methods, models, request_validators, resources, rest_apis, sdks, stages, tags, usage,
    usage_plan_keys, usage_plans, vpc_links,
};
use crate::wire::{Handler, Operation, Route, Structure, handler};

const fn row(
    name: &'static str,
    method: &'static str,
    uri: &'static str,
    status: u16,
    input: &'static Structure,
    handler: Handler,
) -> Operation {
    Operation { service: &super::SERVICE, name, route: Route::Rest { method, uri, status }, input, handler }
}

/// Every operation.
#[rustfmt::skip] // A table reads best a row a line.
pub(super) static OPERATIONS: &[Operation] = &[
    // restapi
    row("GetRestApis", "GET", "/restapis", 200, &rest_apis::LIST, handler!(rest_apis::list)),
    row("CreateRestApi", "POST", "/restapis", 201, &rest_apis::CREATE, handler!(rest_apis::create)),
    row("DeleteRestApi", "DELETE", "/restapis/{restapi_id}", 202, &rest_apis::DELETE, handler!(rest_apis::delete)),
    row("GetRestApi", "GET", "/restapis/{restapi_id}", 200, &rest_apis::GET, handler!(rest_apis::get)),
    row("UpdateRestApi", "PATCH", "/restapis/{restapi_id}", 200, &rest_apis::UPDATE, handler!(rest_apis::update)),
    row("PutRestApi", "PUT", "/restapis/{restapi_id}", 200, &imports::PUT, handler!(imports::put)),
    row("ImportRestApi", "POST", "/restapis?mode=import", 201, &imports::IMPORT, handler!(imports::import)),
    // resource
    row("GetResources", "GET", "/restapis/{restapi_id}/resources", 200, &resources::LIST, handler!(resources::list)),
    row("CreateResource", "POST", "/restapis/{restapi_id}/resources/{parent_id}", 201, &resources::CREATE, handler!(resources::create)),
    row("DeleteResource", "DELETE", "/restapis/{restapi_id}/resources/{resource_id}", 202, &resources::DELETE, handler!(resources::delete)),
    row("GetResource", "GET", "/restapis/{restapi_id}/resources/{resource_id}", 200, &resources::GET, handler!(resources::get)),
    row("UpdateResource", "PATCH", "/restapis/{restapi_id}/resources/{resource_id}", 200, &resources::UPDATE, handler!(resources::update)),
    // method
    row("DeleteMethod", "DELETE", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}", 204, &methods::DELETE, handler!(methods::delete)),
    row("GetMethod", "GET", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}", 200, &methods::GET, handler!(methods::get)),
    row("UpdateMethod", "PATCH", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}", 200, &methods::UPDATE, handler!(methods::update)),
    row("TestInvokeMethod", "POST", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}", 200, &methods::TEST_INVOKE, handler!(methods::test_invoke)),
    row("PutMethod", "PUT", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}", 201, &methods::PUT, handler!(methods::put)),
    row("DeleteMethodResponse", "DELETE", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}", 204, &methods::DELETE_RESPONSE, handler!(methods::delete_response)),
    row("GetMethodResponse", "GET", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}", 200, &methods::GET_RESPONSE, handler!(methods::get_response)),
    row("UpdateMethodResponse", "PATCH", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}", 201, &methods::UPDATE_RESPONSE, handler!(methods::update_response)),
    row("PutMethodResponse", "PUT", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}", 201, &methods::PUT_RESPONSE, handler!(methods::put_response)),
    // integration
    row("DeleteIntegration", "DELETE", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration", 204, &integrations::DELETE, handler!(integrations::delete)),
    row("GetIntegration", "GET", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration", 200, &integrations::GET, handler!(integrations::get)),
    row("UpdateIntegration", "PATCH", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration", 200, &integrations::UPDATE, handler!(integrations::update)),
    row("PutIntegration", "PUT", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration", 201, &integrations::PUT, handler!(integrations::put)),
    row("DeleteIntegrationResponse", "DELETE", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}", 204, &integrations::DELETE_RESPONSE, handler!(integrations::delete_response)),
    row("GetIntegrationResponse", "GET", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}", 200, &integrations::GET_RESPONSE, handler!(integrations::get_response)),
    row("UpdateIntegrationResponse", "PATCH", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}", 200, &integrations::UPDATE_RESPONSE, handler!(integrations::update_response)),
    row("PutIntegrationResponse", "PUT", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}", 201, &integrations::PUT_RESPONSE, handler!(integrations::put_response)),
    // model
    row("GetModels", "GET", "/restapis/{restapi_id}/models", 200, &models::LIST, handler!(models::list)),
    row("CreateModel", "POST", "/restapis/{restapi_id}/models", 201, &models::CREATE, handler!(models::create)),
    row("DeleteModel", "DELETE", "/restapis/{restapi_id}/models/{model_name}", 202, &models::DELETE, handler!(models::delete)),
    row("GetModel", "GET", "/restapis/{restapi_id}/models/{model_name}", 200, &models::GET, handler!(models::get)),
    row("UpdateModel", "PATCH", "/restapis/{restapi_id}/models/{model_name}", 200, &models::UPDATE, handler!(models::update)),
    row("GetModelTemplate", "GET", "/restapis/{restapi_id}/models/{model_name}/default_template", 200, &models::TEMPLATE, handler!(models::template)),
    // requestvalidator
    row("GetRequestValidators", "GET", "/restapis/{restapi_id}/requestvalidators", 200, &request_validators::LIST, handler!(request_validators::list)),
    row("CreateRequestValidator", "POST", "/restapis/{restapi_id}/requestvalidators", 201, &request_validators::CREATE, handler!(request_validators::create)),
    row("DeleteRequestValidator", "DELETE", "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}", 202, &request_validators::DELETE, handler!(request_validators::delete)),
    row("GetRequestValidator", "GET", "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}", 200, &request_validators::GET, handler!(request_validators::get)),
    row("UpdateRequestValidator", "PATCH", "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}", 200, &request_validators::UPDATE, handler!(request_validators::update)),
    // gatewayresponse
    row("GetGatewayResponses", "GET", "/restapis/{restapi_id}/gatewayresponses", 200, &gateway_responses::LIST, handler!(gateway_responses::list)),
    row("DeleteGatewayResponse", "DELETE", "/restapis/{restapi_id}/gatewayresponses/{response_type}", 202, &gateway_responses::DELETE, handler!(gateway_responses::delete)),
    row("GetGatewayResponse", "GET", "/restapis/{restapi_id}/gatewayresponses/{response_type}", 200, &gateway_responses::GET, handler!(gateway_responses::get)),
    row("UpdateGatewayResponse", "PATCH", "/restapis/{restapi_id}/gatewayresponses/{response_type}", 200, &gateway_responses::UPDATE, handler!(gateway_responses::update)),
    row("PutGatewayResponse", "PUT", "/restapis/{restapi_id}/gatewayresponses/{response_type}", 201, &gateway_responses::PUT, handler!(gateway_responses::put)),
    // authorizer
    row("GetAuthorizers", "GET", "/restapis/{restapi_id}/authorizers", 200, &authorizers::LIST, handler!(authorizers::list)),
    row("CreateAuthorizer", "POST", "/restapis/{restapi_id}/authorizers", 201, &authorizers::CREATE, handler!(authorizers::create)),
    row("DeleteAuthorizer", "DELETE", "/restapis/{restapi_id}/authorizers/{authorizer_id}", 202, &authorizers::DELETE, handler!(authorizers::delete)),
    row("GetAuthorizer", "GET", "/restapis/{restapi_id}/authorizers/{authorizer_id}", 200, &authorizers::GET, handler!(authorizers::get)),
    row("UpdateAuthorizer", "PATCH", "/restapis/{restapi_id}/authorizers/{authorizer_id}", 200, &authorizers::UPDATE, handler!(authorizers::update)),
    row("TestInvokeAuthorizer", "POST", "/restapis/{restapi_id}/authorizers/{authorizer_id}", 200, &authorizers::TEST_INVOKE, handler!(authorizers::test_invoke)),
    // deployment
    row("GetDeployments", "GET", "/restapis/{restapi_id}/deployments", 200, &deployments::LIST, handler!(deployments::list)),
    row("CreateDeployment", "POST", "/restapis/{restapi_id}/deployments", 201, &deployments::CREATE, handler!(deployments::create)),
    row("DeleteDeployment", "DELETE", "/restapis/{restapi_id}/deployments/{deployment_id}", 202, &deployments::DELETE, handler!(deployments::delete)),
    row("GetDeployment", "GET", "/restapis/{restapi_id}/deployments/{deployment_id}", 200, &deployments::GET, handler!(deployments::get)),
    row("UpdateDeployment", "PATCH", "/restapis/{restapi_id}/deployments/{deployment_id}", 200, &deployments::UPDATE, handler!(deployments::update)),
    // stage
    row("GetStages", "GET", "/restapis/{restapi_id}/stages", 200, &stages::LIST, handler!(stages::list)),
    row("CreateStage", "POST", "/restapis/{restapi_id}/stages", 201, &stages::CREATE, handler!(stages::create)),
    row("DeleteStage", "DELETE", "/restapis/{restapi_id}/stages/{stage_name}", 202, &stages::DELETE, handler!(stages::delete)),
    row("GetStage", "GET", "/restapis/{restapi_id}/stages/{stage_name}", 200, &stages::GET, handler!(stages::get)),
    row("UpdateStage", "PATCH", "/restapis/{restapi_id}/stages/{stage_name}", 200, &stages::UPDATE, handler!(stages::update)),
    row("FlushStageAuthorizersCache", "DELETE", "/restapis/{restapi_id}/stages/{stage_name}/cache/authorizers", 202, &stages::FLUSH_AUTHORIZERS, handler!(stages::flush_authorizers)),
    row("FlushStageCache", "DELETE", "/restapis/{restapi_id}/stages/{stage_name}/cache/data", 202, &stages::FLUSH_CACHE, handler!(stages::flush_cache)),
    // export
    row("GetExport", "GET", "/restapis/{restapi_id}/stages/{stage_name}/exports/{export_type}", 200, &exports::GET, handler!(exports::get)),
    // sdk
    row("GetSdk", "GET", "/restapis/{restapi_id}/stages/{stage_name}/sdks/{sdk_type}", 200, &sdks::GET, handler!(sdks::get)),
    row("GetSdkTypes", "GET", "/sdktypes", 200, &sdks::LIST_TYPES, handler!(sdks::list_types)),
    row("GetSdkType", "GET", "/sdktypes/{sdktype_id}", 200, &sdks::GET_TYPE, handler!(sdks::get_type)),
    // documentation
    row("GetDocumentationParts", "GET", "/restapis/{restapi_id}/documentation/parts", 200, &documentation_parts::LIST, handler!(documentation_parts::list)),
    row("CreateDocumentationPart", "POST", "/restapis/{restapi_id}/documentation/parts", 201, &documentation_parts::CREATE, handler!(documentation_parts::create)),
    row("ImportDocumentationParts", "PUT", "/restapis/{restapi_id}/documentation/parts", 200, &documentation_parts::IMPORT, handler!(documentation_parts::import)),
    row("DeleteDocumentationPart", "DELETE", "/restapis/{restapi_id}/documentation/parts/{part_id}", 202, &documentation_parts::DELETE, handler!(documentation_parts::delete)),
    row("GetDocumentationPart", "GET", "/restapis/{restapi_id}/documentation/parts/{part_id}", 200, &documentation_parts::GET, handler!(documentation_parts::get)),
    row("UpdateDocumentationPart", "PATCH", "/restapis/{restapi_id}/documentation/parts/{part_id}", 200, &documentation_parts::UPDATE, handler!(documentation_parts::update)),
    row("GetDocumentationVersions", "GET", "/restapis/{restapi_id}/documentation/versions", 200, &documentation_versions::LIST, handler!(documentation_versions::list)),
    row("CreateDocumentationVersion", "POST", "/restapis/{restapi_id}/documentation/versions", 201, &documentation_versions::CREATE, handler!(documentation_versions::create)),
    row("DeleteDocumentationVersion", "DELETE", "/restapis/{restapi_id}/documentation/versions/{doc_version}", 202, &documentation_versions::DELETE, handler!(documentation_versions::delete)),
    row("GetDocumentationVersion", "GET", "/restapis/{restapi_id}/documentation/versions/{doc_version}", 200, &documentation_versions::GET, handler!(documentation_versions::get)),
    row("UpdateDocumentationVersion", "PATCH", "/restapis/{restapi_id}/documentation/versions/{doc_version}", 200, &documentation_versions::UPDATE, handler!(documentation_versions::update)),
    // apikey
    row("GetApiKeys", "GET", "/apikeys", 200, &api_keys::LIST, handler!(api_keys::list)),
    row("CreateApiKey", "POST", "/apikeys", 201, &api_keys::CREATE, handler!(api_keys::create)),
    row("DeleteApiKey", "DELETE", "/apikeys/{api_Key}", 202, &api_keys::DELETE, handler!(api_keys::delete)),
    row("GetApiKey", "GET", "/apikeys/{api_Key}", 200, &api_keys::GET, handler!(api_keys::get)),
    row("UpdateApiKey", "PATCH", "/apikeys/{api_Key}", 200, &api_keys::UPDATE, handler!(api_keys::update)),
    row("ImportApiKeys", "POST", "/apikeys?mode=import", 201, &api_keys::IMPORT, handler!(api_keys::import)),
    // usageplan
    row("GetUsagePlans", "GET", "/usageplans", 200, &usage_plans::LIST, handler!(usage_plans::list)),
    row("CreateUsagePlan", "POST", "/usageplans", 201, &usage_plans::CREATE, handler!(usage_plans::create)),
    row("DeleteUsagePlan", "DELETE", "/usageplans/{usageplanId}", 202, &usage_plans::DELETE, handler!(usage_plans::delete)),
    row("GetUsagePlan", "GET", "/usageplans/{usageplanId}", 200, &usage_plans::GET, handler!(usage_plans::get)),
    row("UpdateUsagePlan", "PATCH", "/usageplans/{usageplanId}", 200, &usage_plans::UPDATE, handler!(usage_plans::update)),
    row("GetUsagePlanKeys", "GET", "/usageplans/{usageplanId}/keys", 200, &usage_plan_keys::LIST, handler!(usage_plan_keys::list)),
    row("CreateUsagePlanKey", "POST", "/usageplans/{usageplanId}/keys", 201, &usage_plan_keys::CREATE, handler!(usage_plan_keys::create)),
    row("DeleteUsagePlanKey", "DELETE", "/usageplans/{usageplanId}/keys/{keyId}", 202, &usage_plan_keys::DELETE, handler!(usage_plan_keys::delete)),
    row("GetUsagePlanKey", "GET", "/usageplans/{usageplanId}/keys/{keyId}", 200, &usage_plan_keys::GET, handler!(usage_plan_keys::get)),
    row("UpdateUsage", "PATCH", "/usageplans/{usageplanId}/keys/{keyId}/usage", 200, &usage::UPDATE, handler!(usage::update)),
    row("GetUsage", "GET", "/usageplans/{usageplanId}/usage", 200, &usage::GET, handler!(usage::get)),
    // domainname
    row("GetDomainNames", "GET", "/domainnames", 200, &domain_names::LIST, handler!(domain_names::list)),
    row("CreateDomainName", "POST", "/domainnames", 201, &domain_names::CREATE, handler!(domain_names::create)),
    row("DeleteDomainName", "DELETE", "/domainnames/{domain_name}", 202, &domain_names::DELETE, handler!(domain_names::delete)),
    row("GetDomainName", "GET", "/domainnames/{domain_name}", 200, &domain_names::GET, handler!(domain_names::get)),
    row("UpdateDomainName", "PATCH", "/domainnames/{domain_name}", 200, &domain_names::UPDATE, handler!(domain_names::update)),
    row("GetBasePathMappings", "GET", "/domainnames/{domain_name}/basepathmappings", 200, &domain_names::LIST_MAPPINGS, handler!(domain_names::list_mappings)),
    row("CreateBasePathMapping", "POST", "/domainnames/{domain_name}/basepathmappings", 201, &domain_names::CREATE_MAPPING, handler!(domain_names::create_mapping)),
    row("DeleteBasePathMapping", "DELETE", "/domainnames/{domain_name}/basepathmappings/{base_path}", 202, &domain_names::DELETE_MAPPING, handler!(domain_names::delete_mapping)),
    row("GetBasePathMapping", "GET", "/domainnames/{domain_name}/basepathmappings/{base_path}", 200, &domain_names::GET_MAPPING, handler!(domain_names::get_mapping)),
    row("UpdateBasePathMapping", "PATCH", "/domainnames/{domain_name}/basepathmappings/{base_path}", 200, &domain_names::UPDATE_MAPPING, handler!(domain_names::update_mapping)),
    // domainnameaccess
    row("GetDomainNameAccessAssociations", "GET", "/domainnameaccessassociations", 200, &access_associations::LIST, handler!(access_associations::list)),
    row("CreateDomainNameAccessAssociation", "POST", "/domainnameaccessassociations", 201, &access_associations::CREATE, handler!(access_associations::create)),
    row("DeleteDomainNameAccessAssociation", "DELETE", "/domainnameaccessassociations/{domain_name_access_association_arn}", 202, &access_associations::DELETE, handler!(access_associations::delete)),
    row("RejectDomainNameAccessAssociation", "POST", "/rejectdomainnameaccessassociations", 202, &access_associations::REJECT, handler!(access_associations::reject)),
    // vpclink
    row("GetVpcLinks", "GET", "/vpclinks", 200, &vpc_links::LIST, handler!(vpc_links::list)),
    row("CreateVpcLink", "POST", "/vpclinks", 202, &vpc_links::CREATE, handler!(vpc_links::create)),
    row("DeleteVpcLink", "DELETE", "/vpclinks/{vpclink_id}", 202, &vpc_links::DELETE, handler!(vpc_links::delete)),
    row("GetVpcLink", "GET", "/vpclinks/{vpclink_id}", 200, &vpc_links::GET, handler!(vpc_links::get)),
    row("UpdateVpcLink", "PATCH", "/vpclinks/{vpclink_id}", 200, &vpc_links::UPDATE, handler!(vpc_links::update)),
    // clientcertificate
    row("GetClientCertificates", "GET", "/clientcertificates", 200, &client_certificates::LIST, handler!(client_certificates::list)),
    row("GenerateClientCertificate", "POST", "/clientcertificates", 201, &client_certificates::GENERATE, handler!(client_certificates::generate)),
    row("DeleteClientCertificate", "DELETE", "/clientcertificates/{clientcertificate_id}", 202, &client_certificates::DELETE, handler!(client_certificates::delete)),
    row("GetClientCertificate", "GET", "/clientcertificates/{clientcertificate_id}", 200, &client_certificates::GET, handler!(client_certificates::get)),
    row("UpdateClientCertificate", "PATCH", "/clientcertificates/{clientcertificate_id}", 200, &client_certificates::UPDATE, handler!(client_certificates::update)),
    // account
    row("GetAccount", "GET", "/account", 200, &NOTHING, handler!(account::get)),
    row("UpdateAccount", "PATCH", "/account", 200, &account::UPDATE, handler!(account::update)),
    // tag
    row("UntagResource", "DELETE", "/tags/{resource_arn}", 204, &tags::UNTAG, handler!(tags::untag)),
    row("GetTags", "GET", "/tags/{resource_arn}", 200, &tags::GET, handler!(tags::get)),
    row("TagResource", "PUT", "/tags/{resource_arn}", 204, &tags::TAG, handler!(tags::tag)),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_whole_and_no_row_twice() {
        assert_eq!(OPERATIONS.len(), 124);
        let names: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
        let routes: BTreeSet<String> =
            OPERATIONS.iter().map(|operation| format!("{:?}", operation.route)).collect();
        assert_eq!((names.len(), routes.len()), (124, 124));
    }
}
