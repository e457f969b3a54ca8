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
mod operations;
mod permissions;
mod shapes;
mod tags;
mod versions;
mod view;

use serde_json::Value;

use super::{Call, Operation, Permission, Protocol, Registration, Service, Special};
use crate::functions::{Functions, Reference, function_arn, layer_arn};
use crate::id::AccountRegion;

/// AWS Lambda, 2015-03-31 and later.
pub static SERVICE: Service = Service {
    name: "lambda",
    protocol: Protocol::RestJson,
    body_bytes_max: 70_167_211, // A package of 50 MB in base64, as AWS says it.
    operations: operations::ALL,
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

/// What handlers work on.
fn rooms(call: &Call) -> &Functions {
    call.state()
}
