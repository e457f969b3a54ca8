//! Code signing, of which there is none here: no configuration can be made, so none is found.

use serde::Deserialize;
use serde_json::{Value, json};

use super::functions::Named;
use super::{fault, rooms};
use crate::functions::Reference;
use crate::wire::{ApiError, Call, Code};

const NOT_FOUND: Code = Code::model("CodeSigningConfigNotFoundException", 404);

/// What a function has: nothing.
pub(super) async fn of_function(call: &Call, input: Named) -> Result<Value, ApiError> {
    let Reference { name, .. } = input.reference(call)?;
    rooms(call).view(&call.home, &name, None).await?;
    Ok(json!({"FunctionName": name}))
}

/// Nothing is taken away from a function that has nothing.
pub(super) async fn forget(call: &Call, input: Named) -> Result<(), ApiError> {
    of_function(call, input).await.map(|_| ())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    #[serde(flatten)]
    of: Named,
    code_signing_config_arn: String,
}

pub(super) async fn put(call: &Call, input: Put) -> Result<Value, ApiError> {
    of_function(call, input.of).await?;
    let text = format!("Code signing is not supported by this server: {}", input.code_signing_config_arn);
    Err(ApiError::new(NOT_FOUND, text).with("Type", "User"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get {
    code_signing_config_arn: String,
}

#[allow(clippy::unused_async, reason = "handlers are")]
pub(super) async fn get(_: &Call, input: Get) -> Result<Value, ApiError> {
    let arn = input.code_signing_config_arn;
    Err(fault::missing(&format!("The code signing configuration does not exist: {arn}")))
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

#[allow(clippy::unused_async, reason = "handlers are")]
pub(super) async fn list(_: &Call, _: Nothing) -> Result<Value, ApiError> {
    Ok(json!({"CodeSigningConfigs": []}))
}
