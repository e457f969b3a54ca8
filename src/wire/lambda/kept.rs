//! What is kept of functions and shown, and has no effect: nothing is stopped for calling itself, and a runtime is what the
//! machine has.

use serde::Deserialize;
use serde_json::{Value, json};

use super::functions::Named;
use super::{fault, rooms};
use crate::functions::{LATEST, Reference, RuntimeUpdates, View, function_arn};
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Recursion {
    function_name: String,
    recursive_loop: Option<String>,
}

pub(super) async fn recursion(call: &Call, input: Recursion) -> Result<Value, ApiError> {
    let Reference { name, .. } = Reference::parse(&input.function_name, None, &call.home)?;
    let View { function, .. } = rooms(call).view(&call.home, &name, None).await?;
    Ok(json!({"RecursiveLoop": function.recursive_loop.as_deref().unwrap_or("Terminate")}))
}

pub(super) async fn put_recursion(call: &Call, input: Recursion) -> Result<Value, ApiError> {
    let Reference { name, .. } = Reference::parse(&input.function_name, None, &call.home)?;
    let recursive_loop = input.recursive_loop.unwrap_or_default();
    rooms(call).set_recursion(&call.home, &name, recursive_loop.clone()).await?;
    Ok(json!({"RecursiveLoop": recursive_loop}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutUpdates {
    #[serde(flatten)]
    of: Named,
    update_runtime_on: String,
    runtime_version_arn: Option<String>,
}

pub(super) async fn runtime_updates(call: &Call, input: Named) -> Result<Value, ApiError> {
    let Reference { name, qualifier } = input.reference(call)?;
    let View { mut function, version } = rooms(call).view(&call.home, &name, qualifier.as_deref()).await?;
    let updates = function.runtime_updates.remove(&version.version);
    let updates =
        updates.unwrap_or_else(|| RuntimeUpdates { mode: "Auto".to_owned(), runtime_version: None });
    let arn = function_arn(&call.home, &name);
    Ok(shown(arn, qualifier, updates))
}

pub(super) async fn put_runtime_updates(call: &Call, input: PutUpdates) -> Result<Value, ApiError> {
    let Reference { name, qualifier } = input.of.reference(call)?;
    let updates =
        RuntimeUpdates { mode: input.update_runtime_on, runtime_version: input.runtime_version_arn };
    if (updates.mode == "Manual") != updates.runtime_version.is_some() {
        let text =
            "RuntimeVersionArn has to be given with the runtime update mode Manual, and with no other.";
        return Err(fault::invalid(text.to_owned()));
    }
    let version = qualifier.clone().unwrap_or_else(|| LATEST.to_owned());
    rooms(call).set_runtime_updates(&call.home, &name, version, updates.clone()).await?;
    Ok(shown(function_arn(&call.home, &name), qualifier, updates))
}

fn shown(arn: String, qualifier: Option<String>, updates: RuntimeUpdates) -> Value {
    let arn = match qualifier {
        Some(qualifier) => format!("{arn}:{qualifier}"),
        None => arn,
    };
    json!({
        "FunctionArn": arn, "UpdateRuntimeOn": updates.mode, "RuntimeVersionArn": updates.runtime_version,
    })
}
