//! Policies of layers' versions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::layers::{Named, name};
use super::rooms;
use crate::functions::LayerPermission;
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Add {
    layer_name: String,
    version_number: u64,
    statement_id: String,
    action: String,
    principal: String,
    organization_id: Option<String>,
    revision_id: Option<String>,
}

pub(super) async fn add(call: &Call, input: Add) -> Result<Value, ApiError> {
    let name = name(call, &input.layer_name)?;
    let permission = LayerPermission {
        statement_id: input.statement_id,
        action: input.action,
        principal: input.principal,
        organization_id: input.organization_id,
    };
    let added = rooms(call).add_layer_permission(
        &call.home,
        &name,
        input.version_number,
        permission,
        input.revision_id,
    );
    let (statement, revision_id) = added.await?;
    Ok(json!({"Statement": statement.to_string(), "RevisionId": revision_id}))
}

pub(super) async fn get(call: &Call, input: Named) -> Result<Value, ApiError> {
    let name = name(call, &input.layer_name)?;
    let (policy, revision_id) = rooms(call).layer_policy(&call.home, &name, input.version_number).await?;
    Ok(json!({"Policy": policy.to_string(), "RevisionId": revision_id}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Remove {
    layer_name: String,
    version_number: u64,
    statement_id: String,
    revision_id: Option<String>,
}

pub(super) async fn remove(call: &Call, input: Remove) -> Result<(), ApiError> {
    let name = name(call, &input.layer_name)?;
    let removed = rooms(call).remove_layer_permission(
        &call.home,
        &name,
        input.version_number,
        input.statement_id,
        input.revision_id,
    );
    Ok(removed.await?)
}
