//! Amazon API Gateway: the table of its operations.
//!
//! See <https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html>. There is a file for each kind of thing,
//! with its inputs as shapes for the checks and as types for the handlers; `view` writes all responses.

mod access_associations;
mod account;
mod api_keys;
mod authorizers;
mod client_certificates;
mod compatibility;
mod deployments;
mod documentation_parts;
mod documentation_versions;
mod domain_names;
mod exports;
mod fault;
mod gateway_responses;
mod hal;
mod imports;
mod integrations;
mod methods;
mod models;
mod operations;
mod request_validators;
mod resources;
mod rest_apis;
mod sdks;
mod shapes;
mod stages;
mod tags;
#[cfg(test)]
mod tests;
mod usage;
mod usage_plan_keys;
mod usage_plans;
mod view;
mod vpc_links;

use std::sync::Arc;

pub use compatibility::compatibility;
use http::HeaderMap;
use serde_json::Value;

use super::{
    ApiError, Call, Code, Location, Operation, Permission, Protocol, Registration, Reply, Route, Service,
    Special,
};
use crate::apis;
use crate::id::AccountRegion;
use crate::identity::TargetUri;
use crate::wire::protocol::unserved;

/// Amazon API Gateway, 2015-07-09.
pub static SERVICE: Service = Service {
    name: "apigateway",
    protocol: Protocol::RestJson,
    body_bytes_max: 10 * 1_048_576, // Imported documents have 6 MiB on AWS, SDK archives 10.
    operations: operations::OPERATIONS,
    permissions,
    special: Special { unknown_path, reply, assigned: account::assigned, tags_of: tags::of, ..Special::NONE },
};

/// The service on `apis`.
pub fn service(apis: Apis) -> Registration {
    SERVICE.on(apis)
}

impl Call {
    fn apis(&self) -> &Apis {
        self.state()
    }
}

/// The second version of API Gateway is signed for the same name, but another service.
fn unknown_path(uri: &TargetUri) -> ApiError {
    match uri.path().starts_with("/v2/") {
        true => unserved::error("apigatewayv2"),
        false => ApiError::bare(Code::UnknownOperation),
    }
}

fn reply(uri: &TargetUri, headers: &HeaderMap, reply: Reply) -> Reply {
    if hal::is_wanted(headers) { hal::linked(uri, reply) } else { reply }
}

/// Actions are HTTP methods, resources are paths.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html>
fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    let Route::Rest { method, uri, .. } = operation.route else {
        return vec![Permission::to(operation, None)];
    };
    let (partition, region) = (home.region.partition(), &home.region);
    let path = path(operation, uri, input);
    let action = format!("{}:{method}", operation.service.name);
    let mut permission = Permission::new(action, format!("arn:{partition}:apigateway:{region}::{path}"));
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let of = |key: &'static str, member: &str, operations: &[&str]| {
        text(member).filter(|_| operations.contains(&operation.name)).map(|value| (key, value.to_owned()))
    };
    let endpoint_types = input.pointer("/endpointConfiguration/types/0").and_then(Value::as_str);
    let key_required = input.get("apiKeyRequired").and_then(Value::as_bool);
    let conditions = [
        of("apigateway:request/apiname", "name", &["CreateRestApi"]),
        endpoint_types.map(|kind| ("apigateway:request/endpointtype", kind.to_owned())),
        of("apigateway:request/stagename", "stageName", &["CreateStage", "CreateDeployment"]),
        of("apigateway:request/authorizertype", "type", &["CreateAuthorizer"]),
        of("apigateway:request/authorizeruri", "authorizerUri", &["CreateAuthorizer"]),
        of("apigateway:request/routeauthorizationtype", "authorizationType", &["PutMethod"]),
        key_required.map(|is| ("apigateway:request/apikeyrequired", is.to_string())),
        of("apigateway:request/securitypolicy", "securityPolicy", &["CreateDomainName"]),
    ];
    for (key, value) in conditions.into_iter().flatten() {
        permission = permission.with(key, value);
    }
    vec![permission]
}

/// The path that a request for `operation` has, with the values of `input` for its labels.
fn path(operation: &Operation, uri: &str, input: &Value) -> String {
    let path = uri.split('?').next().unwrap_or_default();
    let segments = path.split('/').map(|segment| {
        let label = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
        let carries =
            |location: Location| matches!((location, label), (Location::Uri(own), Some(label)) if own == label);
        let member = operation.input.members.iter().find(|member| carries(member.location));
        member.and_then(|member| input.get(member.name)?.as_str()).unwrap_or(segment)
    });
    segments.collect::<Vec<_>>().join("/")
}

/// What the handlers work on.
#[derive(Clone)]
pub struct Apis {
    /// The APIs.
    pub control: apis::Apis,
    /// Runs methods of working copies.
    pub test_invoke: Arc<dyn apis::TestInvoke>,
}
