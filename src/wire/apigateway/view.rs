//! The responses: which members AWS shows, and when.
//!
//! There is one function for each shape. Members without a value are left out, and so are empty maps and lists, except
//! where recordings of AWS have them. Times are whole seconds since the epoch.

mod plans;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(super) use plans::{
    KeyValue, USAGE_CSV_HEADER, api_key, imported_api_keys, usage, usage_csv, usage_plan, usage_plan_key,
};

use crate::apis::{
    AccessAssociation, Account, Authorizer, CanarySettings, ClientCertificate, ConnectionType, Deployment,
    DeploymentSummary, DocumentationPart, DocumentationVersion, DomainName, EffectiveResponse, EndpointType,
    HttpMethod, ImportedApi, ImportedDocumentation, Integration, IntegrationResponse, IntegrationType,
    JwtAdditionalClaim, JwtConfiguration, JwtIssuer, Mapped, Method, MethodResponse, MethodSetting, Model,
    Page, PrivateDomain, RequestValidator, Resource, RestApi, Stage, StatusCode, TestAuthorizationOutcome,
    TestOutcome, VpcLink,
};
use crate::id::AccountRegion;

/// An object that is being built.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Leaves the member out if `value` is an empty object or list.
    fn filled(self, name: &str, value: Value) -> Self {
        let is_empty =
            value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        if is_empty { self } else { self.with(name, value) }
    }

    fn tags(self, tags: &BTreeMap<String, String>, empty: EmptyTags) -> Self {
        match empty {
            EmptyTags::Shown => self.with("tags", map(tags)),
            EmptyTags::Hidden => self.filled("tags", map(tags)),
        }
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

fn map<K: ToString, V: Clone + Into<Value>>(map: &BTreeMap<K, V>) -> Value {
    map.iter().map(|(key, value)| (key.to_string(), value.clone().into())).collect::<Map<_, _>>().into()
}

fn each<K: ToString, V>(map: &BTreeMap<K, V>, view: impl Fn(&K, &V) -> Value) -> Value {
    map.iter().map(|(key, value)| (key.to_string(), view(key, value))).collect::<Map<_, _>>().into()
}

/// An empty template counts as missing: AWS returns `null` for it.
fn templates(templates: &BTreeMap<String, String>) -> Value {
    each(templates, |_, template| if template.is_empty() { Value::Null } else { template.as_str().into() })
}

/// A page under AWS's name for its entries.
pub(super) fn page<T>(page: Page<T>, view: impl Fn(&T) -> Value) -> Value {
    let items: Vec<Value> = page.items.iter().map(view).collect();
    Members::default().with("item", items).maybe("position", page.position).done()
}

/// Whether to show `tags` if there are none; AWS differs by operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EmptyTags {
    Shown,
    Hidden,
}

pub(super) fn rest_api(api: &RestApi, empty_tags: EmptyTags) -> Value {
    let endpoint = &api.endpoint_configuration;
    let endpoint = Members::default()
        .with("types", vec![endpoint.kind.as_str()])
        .with("ipAddressType", endpoint.ip_address_type.as_str())
        .filled("vpcEndpointIds", endpoint.vpc_endpoint_ids.clone().into())
        .done();
    let members = Members::default()
        .with("id", api.id.as_str())
        .with("name", api.name.as_str())
        .maybe("description", api.description.as_deref())
        .with("createdDate", api.created_date.as_seconds())
        .maybe("version", api.version.as_deref())
        .filled("binaryMediaTypes", api.binary_media_types.clone().into())
        .maybe("minimumCompressionSize", api.minimum_compression_size)
        .with("apiKeySource", api.api_key_source.as_str())
        .with("endpointConfiguration", endpoint)
        .maybe("policy", api.policy.as_deref().map(escaped))
        .with("disableExecuteApiEndpoint", api.disable_execute_api_endpoint)
        .with("rootResourceId", api.root_resource_id.as_str())
        .maybe("securityPolicy", api.security_policy.as_deref())
        .maybe("endpointAccessMode", api.endpoint_access_mode.map(|mode| mode.as_str()));
    members.tags(&api.tags, empty_tags).done()
}

/// An API after an import, with the warnings.
pub(super) fn imported(imported: &ImportedApi, empty_tags: EmptyTags) -> Value {
    let mut view = rest_api(&imported.api, empty_tags);
    if let Value::Object(members) = &mut view
        && !imported.warnings.is_empty()
    {
        members.insert("warnings".to_owned(), imported.warnings.clone().into());
    }
    view
}

pub(super) fn client_certificate(certificate: &ClientCertificate, empty_tags: EmptyTags) -> Value {
    let members = Members::default()
        .with("clientCertificateId", certificate.id.as_str())
        .maybe("description", certificate.description.as_deref())
        .with("pemEncodedCertificate", certificate.certificate.as_str())
        .with("createdDate", certificate.created_date.as_seconds())
        .with("expirationDate", certificate.expiration_date.as_seconds());
    members.tags(&certificate.tags, empty_tags).done()
}

/// The hosted zone of every EDGE domain is CloudFront's. Those of REGIONAL domains differ by region, and this is that
/// of `us-east-1`; nothing here depends on it.
const EDGE_HOSTED_ZONE: &str = "Z2FDTNDATAQYW2";
const REGIONAL_HOSTED_ZONE: &str = "Z1UJRXOUMOOFQ8";

pub(super) fn domain_name(domain: &DomainName, home: &AccountRegion, empty_tags: EmptyTags) -> Value {
    let region = home.region.as_str();
    let (edge, regional) = (&domain.certificate, &domain.regional_certificate);
    let (edge_host, regional_host) = match domain.endpoint_type {
        EndpointType::Edge => (Some(format!("{}.cloudfront.net", domain.alias)), None),
        // A private domain has a name only in the VPC of its endpoint.
        EndpointType::Private => (None, None),
        EndpointType::Regional => {
            (None, Some(format!("d-{}.execute-api.{region}.amazonaws.com", domain.alias)))
        }
    };
    let endpoint = Members::default()
        .with("types", vec![domain.endpoint_type.as_str()])
        .with("ipAddressType", domain.ip_address_type.as_str())
        .done();
    let mutual_tls = domain.mutual_tls.as_ref().map(|mutual| {
        Members::default()
            .with("truststoreUri", mutual.truststore_uri.as_str())
            .maybe("truststoreVersion", mutual.truststore_version.as_deref())
            .done()
    });
    let upload_date =
        domain.certificate_upload_date.filter(|_| domain.endpoint_type != EndpointType::Regional);
    let policy = |of: fn(&PrivateDomain) -> Option<&str>| domain.private.as_ref().and_then(of).map(escaped);
    let members = Members::default()
        .with("domainName", domain.name.as_str())
        .maybe("domainNameId", domain.private.as_ref().map(|private| private.id.as_str()))
        .with("domainNameArn", domain.arn(home))
        .maybe("certificateName", edge.name.as_deref())
        .maybe("certificateArn", edge.arn.as_deref())
        .maybe("certificateUploadDate", upload_date.map(|date| date.as_seconds()))
        .maybe("regionalDomainName", regional_host.as_deref())
        .maybe("regionalHostedZoneId", regional_host.as_ref().map(|_| REGIONAL_HOSTED_ZONE))
        .maybe("regionalCertificateName", regional.name.as_deref())
        .maybe("regionalCertificateArn", regional.arn.as_deref())
        .maybe("distributionDomainName", edge_host.as_deref())
        .maybe("distributionHostedZoneId", edge_host.as_ref().map(|_| EDGE_HOSTED_ZONE))
        .with("endpointConfiguration", endpoint)
        .with("domainNameStatus", "AVAILABLE")
        .with("securityPolicy", domain.security_policy.as_str())
        .maybe("endpointAccessMode", domain.endpoint_access_mode.map(|mode| mode.as_str()))
        .maybe("mutualTlsAuthentication", mutual_tls)
        .maybe(
            "ownershipVerificationCertificateArn",
            domain.ownership_verification_certificate_arn.as_deref(),
        )
        .maybe("managementPolicy", policy(|private| private.management_policy.as_deref()))
        .maybe("policy", policy(|private| private.policy.as_deref()))
        .with("routingMode", domain.routing_mode.as_str());
    members.tags(&domain.tags, empty_tags).done()
}

/// See
/// [DomainNameAccessAssociation](https://docs.aws.amazon.com/apigateway/latest/api/API_DomainNameAccessAssociation.html).
pub(super) fn access_association(association: &AccessAssociation, empty_tags: EmptyTags) -> Value {
    let members = Members::default()
        .with("domainNameAccessAssociationArn", association.arn.as_str())
        .with("domainNameArn", association.domain_name_arn.as_str())
        .with("accessAssociationSourceType", "VPCE")
        .with("accessAssociationSource", association.source.as_str());
    members.tags(&association.tags, empty_tags).done()
}

pub(super) fn base_path_mapping((base_path, mapping): &Mapped) -> Value {
    Members::default()
        .with("basePath", base_path.to_string())
        .with("restApiId", mapping.rest_api_id.as_str())
        .maybe("stage", mapping.stage.as_ref().map(|stage| stage.as_str()))
        .done()
}

/// The state of a VPC link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkStatus {
    Pending,
    Available,
}

pub(super) fn vpc_link(link: &VpcLink, status: LinkStatus, empty_tags: EmptyTags) -> Value {
    let (status, message) = match status {
        LinkStatus::Pending => ("PENDING", None),
        LinkStatus::Available => ("AVAILABLE", Some("Your vpc link is ready for use")),
    };
    let members = Members::default()
        .with("id", link.id.as_str())
        .with("name", link.name.as_str())
        .maybe("description", link.description.as_deref())
        .with("targetArns", link.target_arns.clone())
        .with("status", status)
        .maybe("statusMessage", message);
    members.tags(&link.tags, empty_tags).done()
}

/// AWS escapes the policy's text once more than JSON does, including slashes; clients undo it.
fn escaped(policy: &str) -> String {
    let quoted = Value::from(policy).to_string();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted);
    inner.replace('/', "\\/")
}

pub(super) fn resource(resource: &Resource, with_methods: bool) -> Value {
    let methods =
        each(
            &resource.methods,
            |verb, it| {
                if with_methods { method(*verb, it) } else { Members::default().done() }
            },
        );
    Members::default()
        .with("id", resource.id.as_str())
        .maybe("parentId", resource.parent_id.as_ref().map(|id| id.as_str()))
        .maybe("pathPart", resource.path_part.as_deref())
        .with("path", resource.path.as_str())
        .filled("resourceMethods", methods)
        .done()
}

pub(super) fn method(verb: HttpMethod, method: &Method) -> Value {
    Members::default()
        .with("httpMethod", verb.as_str())
        .with("authorizationType", method.authorization_type.as_str())
        .maybe("authorizerId", method.authorizer_id.as_ref().map(|id| id.as_str()))
        .filled("authorizationScopes", method.authorization_scopes.clone().into())
        .with("apiKeyRequired", method.api_key_required)
        .maybe("requestValidatorId", method.request_validator_id.as_ref().map(|id| id.as_str()))
        .maybe("operationName", method.operation_name.as_deref())
        .filled("requestParameters", map(&method.request_parameters))
        .filled("requestModels", map(&method.request_models))
        .filled("methodResponses", each(&method.responses, |status, it| method_response(*status, it)))
        .maybe("methodIntegration", method.integration.as_ref().map(integration))
        .done()
}

pub(super) fn method_response(status: StatusCode, response: &MethodResponse) -> Value {
    Members::default()
        .with("statusCode", status.to_string())
        .filled("responseParameters", map(&response.parameters))
        .filled("responseModels", map(&response.models))
        .done()
}

pub(super) fn integration(integration: &Integration) -> Value {
    // AWS shows the connection type only for HTTP backends.
    let has_connection = matches!(integration.kind, IntegrationType::Http | IntegrationType::HttpProxy)
        || integration.connection_type == ConnectionType::VpcLink;
    let tls_config = integration.tls_config.map(|tls| {
        Members::default().with("insecureSkipVerification", tls.insecure_skip_verification).done()
    });
    let responses = each(&integration.responses, |status, it| integration_response(*status, it));
    Members::default()
        .with("type", integration.kind.as_str())
        .maybe("httpMethod", integration.http_method.map(|verb| verb.as_str()))
        .maybe("uri", integration.uri.as_deref())
        .maybe("connectionType", has_connection.then_some(integration.connection_type.as_str()))
        .maybe("connectionId", integration.connection_id.as_deref())
        .maybe("credentials", integration.credentials.as_deref())
        .filled("requestParameters", map(&integration.request_parameters))
        .filled("requestTemplates", templates(&integration.request_templates))
        .with("passthroughBehavior", integration.passthrough_behavior.as_str())
        .maybe("contentHandling", integration.content_handling.map(|handling| handling.as_str()))
        .with("timeoutInMillis", integration.timeout_millis)
        .with("cacheNamespace", integration.cache_namespace.as_str())
        .with("cacheKeyParameters", integration.cache_key_parameters.clone())
        .filled("integrationResponses", responses)
        .maybe("tlsConfig", tls_config)
        .maybe("responseTransferMode", integration.response_transfer_mode.map(|mode| mode.as_str()))
        .maybe("integrationTarget", integration.integration_target.as_deref())
        .done()
}

pub(super) fn integration_response(status: StatusCode, response: &IntegrationResponse) -> Value {
    Members::default()
        .with("statusCode", status.to_string())
        .maybe("selectionPattern", response.selection_pattern.as_deref())
        .filled("responseParameters", map(&response.parameters))
        .maybe("responseTemplates", response.templates.as_ref().map(templates))
        .maybe("contentHandling", response.content_handling.map(|handling| handling.as_str()))
        .done()
}

pub(super) fn model(model: &Model) -> Value {
    Members::default()
        .with("id", model.id.as_str())
        .with("name", model.name.as_str())
        .maybe("description", model.description.as_deref())
        .maybe("schema", model.schema.as_deref())
        .with("contentType", model.content_type.as_str())
        .done()
}

pub(super) fn authorizer(authorizer: &Authorizer) -> Value {
    Members::default()
        .with("id", authorizer.id.as_str())
        .with("name", authorizer.name.as_str())
        .with("type", authorizer.kind.as_str())
        .filled("providerARNs", authorizer.provider_arns.clone().into())
        .maybe("authType", authorizer.auth_type.as_deref())
        .maybe("authorizerUri", authorizer.authorizer_uri.as_deref())
        .maybe("authorizerCredentials", authorizer.authorizer_credentials.as_deref())
        .maybe("identitySource", authorizer.identity_source.as_deref())
        .maybe("identityValidationExpression", authorizer.identity_validation_expression.as_deref())
        .maybe("authorizerResultTtlInSeconds", authorizer.result_ttl_seconds)
        .maybe("jwtConfiguration", authorizer.jwt_configuration.as_ref().map(jwt_configuration))
        .done()
}

fn jwt_configuration(configuration: &JwtConfiguration) -> Value {
    let claim = |claim: &JwtAdditionalClaim| {
        Members::default()
            .with("claimName", claim.claim_name.as_str())
            .with("format", claim.format.as_str())
            .with("required", claim.required)
            .filled("expectedValues", claim.expected_values.clone().into())
            .done()
    };
    let issuer = |issuer: &JwtIssuer| {
        let claims: Vec<Value> = issuer.additional_claims.iter().map(claim).collect();
        Members::default()
            .with("issuer", issuer.issuer.as_str())
            .with("audiences", issuer.audiences.clone())
            .filled("additionalClaims", claims.into())
            .done()
    };
    let algorithms: Vec<&str> = configuration.default_algorithms.iter().map(|it| it.as_str()).collect();
    Members::default()
        .with("issuers", configuration.issuers.iter().map(issuer).collect::<Vec<_>>())
        .with("defaultAlgorithms", algorithms)
        .done()
}

pub(super) fn request_validator(validator: &RequestValidator) -> Value {
    Members::default()
        .with("id", validator.id.as_str())
        .maybe("name", validator.name.as_deref())
        .with("validateRequestBody", validator.validate_request_body)
        .with("validateRequestParameters", validator.validate_request_parameters)
        .done()
}

pub(super) fn documentation_part(part: &DocumentationPart) -> Value {
    let location = Members::default()
        .with("type", part.location.kind.as_str())
        .maybe("path", part.location.path.as_deref())
        .maybe("method", part.location.method.as_deref())
        .maybe("statusCode", part.location.status_code.as_deref())
        .maybe("name", part.location.name.as_deref())
        .done();
    Members::default()
        .with("id", part.id.as_str())
        .with("location", location)
        .with("properties", part.properties.as_str())
        .done()
}

pub(super) fn imported_documentation(imported: &ImportedDocumentation) -> Value {
    let ids: Vec<&str> = imported.ids.iter().map(|id| id.as_str()).collect();
    Members::default().with("ids", ids).filled("warnings", imported.warnings.clone().into()).done()
}

pub(super) fn documentation_version(version: &DocumentationVersion) -> Value {
    Members::default()
        .with("version", version.version.as_str())
        .with("createdDate", version.created_date.as_seconds())
        .maybe("description", version.description.as_deref())
        .done()
}

pub(super) fn gateway_response(response: &EffectiveResponse) -> Value {
    Members::default()
        .with("responseType", response.response_type.as_str())
        .maybe("statusCode", response.status_code.map(|status| status.to_string()))
        .with("responseParameters", map(&response.response_parameters))
        .with("responseTemplates", map(&response.response_templates))
        .with("defaultResponse", response.default_response)
        .done()
}

pub(super) fn deployment(deployment: &Deployment) -> Value {
    deployment_members(deployment).done()
}

fn deployment_members(deployment: &Deployment) -> Members {
    Members::default()
        .with("id", deployment.id.as_str())
        .maybe("description", deployment.description.as_deref())
        .with("createdDate", deployment.created_date.as_seconds())
}

pub(super) fn deployment_summary(summary: &DeploymentSummary) -> Value {
    let api_summary = summary.api_summary.as_ref().map(|paths| {
        each(paths, |_, methods| {
            each(methods, |_, method| {
                Members::default()
                    .with("authorizationType", method.authorization_type.as_str())
                    .with("apiKeyRequired", method.api_key_required)
                    .done()
            })
        })
    });
    deployment_members(&summary.deployment).maybe("apiSummary", api_summary).done()
}

pub(super) fn stage(stage: &Stage) -> Value {
    let access_log = stage.access_log_settings.as_ref().map(|log| {
        Members::default()
            .maybe("format", log.format.as_deref())
            .maybe("destinationArn", log.destination_arn.as_deref())
            .done()
    });
    Members::default()
        .with("deploymentId", stage.deployment_id.as_str())
        .maybe("clientCertificateId", stage.client_certificate_id.as_deref())
        .with("stageName", stage.name.as_str())
        .maybe("description", stage.description.as_deref())
        .with("cacheClusterEnabled", stage.cache_cluster_enabled)
        .maybe("cacheClusterSize", stage.cache_cluster_size.map(|size| size.as_str()))
        .with("cacheClusterStatus", stage.cache_cluster_status.as_str())
        .with("methodSettings", each(&stage.method_settings, |_, setting| method_setting(setting)))
        .filled("variables", map(&stage.variables))
        .maybe("documentationVersion", stage.documentation_version.as_deref())
        .maybe("accessLogSettings", access_log)
        .maybe("canarySettings", stage.canary_settings.as_ref().map(canary_settings))
        .with("tracingEnabled", stage.tracing_enabled)
        .maybe("webAclArn", stage.web_acl_arn.as_deref())
        .filled("tags", map(&stage.tags))
        .with("createdDate", stage.created_date.as_seconds())
        .with("lastUpdatedDate", stage.last_updated_date.as_seconds())
        .done()
}

fn canary_settings(canary: &CanarySettings) -> Value {
    Members::default()
        .with("percentTraffic", canary.percent_traffic)
        .with("deploymentId", canary.deployment_id.as_str())
        .filled("stageVariableOverrides", map(&canary.stage_variable_overrides))
        .with("useStageCache", canary.use_stage_cache)
        .done()
}

fn method_setting(setting: &MethodSetting) -> Value {
    let strategy = setting.unauthorized_cache_control_header_strategy;
    Members::default()
        .with("metricsEnabled", setting.metrics_enabled)
        .maybe("loggingLevel", setting.logging_level.map(|level| level.as_str()))
        .with("dataTraceEnabled", setting.data_trace_enabled)
        .with("throttlingBurstLimit", setting.throttling_burst_limit)
        .with("throttlingRateLimit", setting.throttling_rate_limit)
        .with("cachingEnabled", setting.caching_enabled)
        .with("cacheTtlInSeconds", setting.cache_ttl_in_seconds)
        .with("cacheDataEncrypted", setting.cache_data_encrypted)
        .with("requireAuthorizationForCacheControl", setting.require_authorization_for_cache_control)
        .with("unauthorizedCacheControlHeaderStrategy", strategy.as_str())
        .done()
}

pub(super) fn stages(stages: &[Stage]) -> Value {
    Members::default().with("item", stages.iter().map(stage).collect::<Vec<_>>()).done()
}

pub(super) fn account(account: &Account) -> Value {
    let throttle = Members::default()
        .with("burstLimit", Account::THROTTLE_BURST_LIMIT)
        .with("rateLimit", Account::THROTTLE_RATE_LIMIT)
        .done();
    Members::default()
        .maybe("cloudwatchRoleArn", account.cloudwatch_role_arn.as_deref())
        .with("throttleSettings", throttle)
        .with("features", Account::FEATURES.to_vec())
        .with("apiKeyVersion", Account::API_KEY_VERSION)
        .done()
}

pub(super) fn tags(tags: &BTreeMap<String, String>) -> Value {
    Members::default().with("tags", map(tags)).done()
}

pub(super) fn test_outcome(outcome: &TestOutcome) -> Value {
    // If a header has several values, `headers` shows the last, as the data plane does for requests.
    let last = |values: &[String]| values.last().cloned().unwrap_or_default().into();
    let headers: Map<_, _> =
        outcome.headers.iter().map(|(name, values)| (name.clone(), last(values))).collect();
    let all: Map<_, _> =
        outcome.headers.iter().map(|(name, values)| (name.clone(), values.clone().into())).collect();
    Members::default()
        .with("status", outcome.status)
        .with("body", outcome.body.as_str())
        .with("headers", headers)
        .with("multiValueHeaders", all)
        .with("log", outcome.log.as_str())
        .with("latency", outcome.latency_millis)
        .done()
}

/// The result of testing an authorizer. AWS doesn't document the content of `authorization`, so it is left out.
pub(super) fn test_authorization(outcome: &TestAuthorizationOutcome) -> Value {
    let claims: Map<_, _> =
        outcome.claims.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    Members::default()
        .with("clientStatus", outcome.client_status)
        .with("log", outcome.log.as_str())
        .with("latency", outcome.latency_millis)
        .maybe("principalId", outcome.principal_id.as_deref())
        .maybe("policy", outcome.policy.as_deref())
        .filled("claims", claims.into())
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_escaped_once_more() {
        assert_eq!(escaped(r#"{"a":"b/c"}"#), r#"{\"a\":\"b\/c\"}"#);
        assert_eq!(escaped("{\n}"), "{\\n}");
    }

    #[test]
    fn empty_templates_are_null_and_empty_maps_are_shown_only_if_given() {
        let status = StatusCode::new(200).unwrap();
        let view = |templates: Option<&[(&str, &str)]>| {
            let templates = templates
                .map(|list| list.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect());
            integration_response(status, &IntegrationResponse { templates, ..Default::default() }).to_string()
        };
        assert_eq!(view(None), r#"{"statusCode":"200"}"#);
        assert_eq!(view(Some(&[])), r#"{"statusCode":"200","responseTemplates":{}}"#);
        assert_eq!(view(Some(&[("a/b", "")])), r#"{"statusCode":"200","responseTemplates":{"a/b":null}}"#);
    }
}
