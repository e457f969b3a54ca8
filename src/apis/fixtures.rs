//! Models for tests, of this room and of those above it, with AWS's defaults.

use std::collections::BTreeMap;

use super::*;
use crate::clock::Timestamp;

/// An API without settings.
pub fn test_rest_api() -> RestApi {
    RestApi {
        id: "api0000000".into(),
        root_resource_id: "root000000".into(),
        name: "test".to_owned(),
        description: None,
        created_date: Timestamp::EPOCH,
        version: None,
        binary_media_types: Vec::new(),
        minimum_compression_size: None,
        api_key_source: ApiKeySource::Header,
        endpoint_configuration: EndpointConfiguration {
            kind: EndpointType::Edge,
            ip_address_type: IpAddressType::Ipv4,
            vpc_endpoint_ids: Vec::new(),
        },
        policy: None,
        tags: BTreeMap::new(),
        disable_execute_api_endpoint: false,
        security_policy: None,
        endpoint_access_mode: None,
    }
}

/// An integration of `kind` that passes the checks for HTTP backends.
pub fn test_integration(kind: IntegrationType) -> Integration {
    let is_mock = kind == IntegrationType::Mock;
    Integration {
        kind,
        http_method: (!is_mock).then_some(HttpMethod::Get),
        uri: (!is_mock).then(|| "https://example.com/a".to_owned()),
        connection_type: ConnectionType::Internet,
        connection_id: None,
        credentials: None,
        request_parameters: BTreeMap::new(),
        request_templates: BTreeMap::new(),
        passthrough_behavior: PassthroughBehavior::WhenNoMatch,
        content_handling: None,
        timeout_millis: 29_000,
        cache_namespace: "res000".to_owned(),
        cache_key_parameters: Vec::new(),
        tls_config: None,
        response_transfer_mode: None,
        integration_target: None,
        responses: BTreeMap::new(),
    }
}

/// A method that anybody may call, without an integration.
pub fn test_method() -> Method {
    Method {
        authorization_type: AuthorizationType::None,
        authorizer_id: None,
        authorization_scopes: Vec::new(),
        api_key_required: false,
        operation_name: None,
        request_parameters: BTreeMap::new(),
        request_models: BTreeMap::new(),
        request_validator_id: None,
        responses: BTreeMap::new(),
        integration: None,
    }
}

/// A REGIONAL domain with mappings: base path, API, stage.
pub fn test_domain_name(name: &str, mappings: &[(&str, &str, Option<&str>)]) -> DomainName {
    let mapping = |(base, api, stage): &(&str, &str, Option<&str>)| {
        let mapping = BasePathMapping { rest_api_id: (*api).into(), stage: stage.map(Into::into) };
        (BasePath::parse(base).unwrap(), mapping)
    };
    let arn = "arn:aws:acm:us-east-1:123456789012:certificate/1".to_owned();
    DomainName {
        name: CustomDomain::parse(name).unwrap(),
        endpoint_type: EndpointType::Regional,
        ip_address_type: IpAddressType::Ipv4,
        certificate: CertificateReference::default(),
        regional_certificate: CertificateReference { name: None, arn: Some(arn) },
        uploaded: None,
        certificate_upload_date: None,
        security_policy: "TLS_1_2".to_owned(),
        endpoint_access_mode: None,
        mutual_tls: None,
        ownership_verification_certificate_arn: None,
        routing_mode: RoutingMode::BasePathMappingOnly,
        alias: "alias12345".to_owned(),
        private: None,
        tags: BTreeMap::new(),
        mappings: mappings.iter().map(mapping).collect(),
    }
}

/// A stage without settings.
pub fn test_stage() -> Stage {
    Stage {
        name: "dev".into(),
        deployment_id: "deploy".into(),
        description: None,
        created_date: Timestamp::EPOCH,
        last_updated_date: Timestamp::EPOCH,
        client_certificate_id: None,
        cache_cluster_enabled: false,
        cache_cluster_size: None,
        cache_cluster_status: CacheClusterStatus::NotAvailable,
        method_settings: BTreeMap::new(),
        variables: BTreeMap::new(),
        documentation_version: None,
        access_log_settings: None,
        canary_settings: None,
        tracing_enabled: false,
        web_acl_arn: None,
        tags: BTreeMap::new(),
    }
}

/// An enabled key.
pub fn test_api_key() -> ApiKey {
    ApiKey {
        id: "key0000000".into(),
        value: ApiKeyValue::new("a".repeat(40)),
        name: None,
        description: None,
        customer_id: None,
        enabled: true,
        created_date: Timestamp::EPOCH,
        last_updated_date: Timestamp::EPOCH,
        stage_keys: Default::default(),
        tags: BTreeMap::new(),
    }
}

/// A plan without limits for the stage `dev` of the API `abc`.
pub fn test_usage_plan() -> UsagePlan {
    UsagePlan {
        id: "p1".into(),
        revision: 0,
        name: "test".to_owned(),
        description: None,
        api_stages: vec![ApiStage { api_id: "abc".into(), stage: "dev".into(), throttle: BTreeMap::new() }],
        throttle: None,
        quota: None,
        product_code: None,
        tags: BTreeMap::new(),
    }
}

/// A deployed API without methods.
pub fn api(id: &str) -> DeploymentSnapshot {
    DeploymentSnapshot {
        api: RestApi { id: id.into(), name: id.to_owned(), ..test_rest_api() },
        resources: Vec::new(),
        models: BTreeMap::new(),
        request_validators: BTreeMap::new(),
        authorizers: BTreeMap::new(),
        gateway_responses: BTreeMap::new(),
    }
}

/// Adds a method.
pub fn with(mut api: DeploymentSnapshot, path: &str, verb: HttpMethod, method: Method) -> DeploymentSnapshot {
    match api.resources.iter_mut().find(|resource| resource.path == path) {
        Some(resource) => {
            resource.methods.insert(verb, method);
        }
        None => api.resources.push(Resource {
            id: format!("r{}", api.resources.len()).into(),
            parent_id: None,
            path_part: None,
            path: path.to_owned(),
            methods: BTreeMap::from([(verb, method)]),
        }),
    }
    api
}

/// A method over `integration` that declares a response for each of the integration's.
pub fn method(integration: Integration) -> Method {
    let responses = integration.responses.keys().map(|code| (*code, MethodResponse::default())).collect();
    Method { responses, integration: Some(integration), ..test_method() }
}

/// An integration with POST that passes on every response as 200.
pub fn integration(kind: IntegrationType, uri: &str) -> Integration {
    Integration {
        http_method: Some(HttpMethod::Post),
        uri: Some(uri.to_owned()),
        cache_namespace: String::new(),
        responses: BTreeMap::from([(code(200), IntegrationResponse::default())]),
        ..test_integration(kind)
    }
}

/// A status code that is one.
pub fn code(status: u16) -> StatusCode {
    StatusCode::new(status).unwrap()
}

/// A map of these texts.
pub fn strings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A MOCK that answers 200 with the output of `response`.
pub fn mock(request: &str, response: &str) -> Integration {
    let mut mock = integration(IntegrationType::Mock, "");
    mock.request_templates = strings(&[("application/json", request)]);
    let answer = IntegrationResponse {
        templates: Some(strings(&[("application/json", response)])),
        ..IntegrationResponse::default()
    };
    mock.responses = BTreeMap::from([(code(200), answer)]);
    mock
}
