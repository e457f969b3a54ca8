//! AWS Lambda: the table of its operations.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>. A file a noun holds its inputs as types for the
//! handlers; `shapes` has them for the checks, `view` writes answers.

mod aliases;
mod bounds;
mod calls;
mod code;
mod code_signing;
mod events;
mod fault;
mod functions;
mod kept;
mod layer_policies;
mod layers;
mod operations;
mod page;
mod permissions;
mod shapes;
mod sources;
mod tags;
mod urls;
mod versions;
mod view;

use serde_json::{Value, json};

use super::{
    ApiError, Assigned, Call, Operation, Permission, Protocol, Registration, Service, Special, Split,
};
use crate::functions::{Functions, Reference, function_arn, layer_arn};
use crate::gateway::AWS_BODY_BYTES_MAX;
use crate::id::AccountRegion;

/// The service that acts under the roles of functions.
const LAMBDA: &str = "lambda.amazonaws.com";

/// AWS Lambda, 2015-03-31 and later.
pub static SERVICE: Service = Service {
    name: "lambda",
    protocol: Protocol::RestJson,
    body_bytes_max: AWS_BODY_BYTES_MAX,
    operations: operations::ALL,
    permissions,
    special: Special {
        assigned,
        split: Some(Split { elsewhere: INVOCATIONS, holds: |call| Box::pin(holds(call)), by_default: false }),
        tags_of,
        cors: true,
        ..Special::NONE
    },
};

/// Functions have tags, whichever of their versions is meant.
fn tags_of(arn: &str) -> Option<(&'static str, Value)> {
    let (before, name) = arn.split_once(":function:")?;
    let name = name.split(':').next()?;
    Some(("ListTags", json!({ "Resource": format!("{before}:function:{name}") })))
}

/// The service on `functions`.
pub fn service(functions: Functions) -> Registration {
    SERVICE.on(functions)
}

/// What a call is about, and what it reads besides.
///
/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>.
fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    let action = match operation.name {
        "Invoke" | "InvokeAsync" | "InvokeWithResponseStream" => "InvokeFunction",
        "GetLayerVersionByArn" => "GetLayerVersion",
        name => name,
    };
    let own = resource(operation, input, home).unwrap_or_else(|| "*".to_owned());
    let mut permission = Permission::new(format!("lambda:{action}"), own);
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    for (key, member) in
        [("lambda:principal", "Principal"), ("lambda:functionurlauthtype", "FunctionUrlAuthType")]
    {
        if let Some(value) = text(member) {
            permission = permission.with(key, value);
        }
    }
    if operation.name.contains("EventSourceMapping")
        && let Some(name) = text("FunctionName")
    {
        permission = permission.with("lambda:functionarn", function_resource(name, None, true, home));
    }
    if let Some(kind) = text("AuthType") {
        permission = permission.with("lambda:functionurlauthtype", kind);
    }
    let layers = input.get("Layers").and_then(Value::as_array).into_iter().flatten();
    let layers: Vec<String> = layers.filter_map(Value::as_str).map(str::to_owned).collect();
    if !layers.is_empty() {
        permission.conditions.push(("lambda:layer".into(), layers));
    }
    let mut needed = vec![permission];
    // Whoever puts something into a function can read it there.
    let layers = input.get("Layers").and_then(Value::as_array).into_iter().flatten();
    let layers = layers.filter_map(Value::as_str).map(|arn| ("lambda:GetLayerVersion", arn.to_owned()));
    let packages = [Some(input), input.get("Code"), input.get("Content")].into_iter().flatten();
    let objects = packages.filter_map(|package| {
        let text = |member: &str| package.get(member).and_then(Value::as_str);
        let (bucket, key) = text("S3Bucket").zip(text("S3Key"))?;
        Some(("s3:GetObject", format!("arn:{}:s3:::{bucket}/{key}", home.region.partition())))
    });
    needed.extend(layers.chain(objects).map(|(action, resource)| Permission::new(action, resource)));
    needed
}

/// The ARN of what a call is about, as its handler understands it: the function, with a version or alias only if the
/// operation is about one; or a layer.
fn resource(operation: &Operation, input: &Value, home: &AccountRegion) -> Option<String> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    if operation.name.contains("EventSourceMapping") {
        // Those that are made or listed have no ARN yet; their function is a condition.
        let (partition, region, account) = (home.region.partition(), &home.region, &home.account);
        let arn = |id| format!("arn:{partition}:lambda:{region}:{account}:event-source-mapping:{id}");
        return text("UUID").map(arn);
    }
    let has_qualifier = operation.input.members.iter().any(|member| member.name == "Qualifier");
    if let Some(name) = text("FunctionName").or_else(|| text("Resource")) {
        return Some(function_resource(name, text("Qualifier"), has_qualifier, home));
    }
    let Some(name) = text("LayerName") else {
        return text("Arn").or_else(|| text("CodeSigningConfigArn")).map(str::to_owned);
    };
    let arn = if name.starts_with("arn:") { name.to_owned() } else { layer_arn(home, name) };
    Some(match input.get("VersionNumber") {
        Some(version) => {
            format!("{arn}:{}", version.as_str().map_or_else(|| version.to_string(), str::to_owned))
        }
        None => arn,
    })
}

/// The ARN that policies know a function by, of one of the names that a call may have for it; with its version or alias
/// if `is_qualified`.
fn function_resource(
    name: &str,
    qualifier: Option<&str>,
    is_qualified: bool,
    home: &AccountRegion,
) -> String {
    match Reference::parse(name, qualifier, home) {
        Ok(Reference { name, qualifier }) => {
            let arn = function_arn(home, &name);
            let qualifier = qualifier.filter(|_| is_qualified);
            qualifier.map_or_else(|| arn.clone(), |qualifier| format!("{arn}:{qualifier}"))
        }
        // It is refused by whoever handles the call.
        Err(_) => name.to_owned(),
    }
}

/// The role of a function, which Lambda has to be able to assume.
fn assigned(operation: &Operation, input: &Value, _: &AccountRegion) -> Vec<Assigned> {
    if !matches!(operation.name, "CreateFunction" | "UpdateFunctionConfiguration") {
        return Vec::new();
    }
    let role = input.get("Role").and_then(Value::as_str);
    let assigned = |role: &str| Assigned {
        role_arn: Some(role.to_owned()),
        service: LAMBDA,
        source_arn: None,
        refused: |_| {
            let message = "The role defined for the function cannot be assumed by Lambda.";
            ApiError::new(fault::INVALID, message)
        },
        needed: Vec::new(),
    };
    role.map(assigned).into_iter().collect()
}

/// The operations that run a function. Everything else about functions is done here: what an endpoint in the settings is
/// for, is running them.
const INVOCATIONS: &[&str] = &["Invoke", "InvokeAsync", "InvokeWithResponseStream"];

/// Functions of this server are invoked here, others where the settings say.
async fn holds(call: &Call) -> bool {
    let text = |member: &str| call.input.get(member).and_then(Value::as_str);
    let name = text("FunctionName").unwrap_or_default();
    match Reference::parse(name, text("Qualifier"), &call.home) {
        // What can't be read will be said here.
        Ok(reference) => !matches!(rooms(call).exists(&call.home, &reference.name).await, Ok(false)),
        Err(_) => false,
    }
}

/// What handlers work on.
fn rooms(call: &Call) -> &Functions {
    call.state()
}
