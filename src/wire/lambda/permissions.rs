//! Permissions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::fault;
use super::functions::Named;
use super::rooms;
use crate::functions::{Permission, Reference};
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Add {
    #[serde(flatten)]
    of: Named,
    statement_id: String,
    action: String,
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
    event_source_token: Option<String>,
    #[serde(rename = "PrincipalOrgID")]
    principal_org_id: Option<String>,
    function_url_auth_type: Option<String>,
    invoked_via_function_url: Option<bool>,
    revision_id: Option<String>,
}

pub(super) async fn add(call: &Call, input: Add) -> Result<Value, ApiError> {
    if input.invoked_via_function_url == Some(true) && input.action != "lambda:InvokeFunction" {
        let text = "InvokedViaFunctionUrl is only supported for the lambda:InvokeFunction action.";
        return Err(fault::invalid(text.to_owned()));
    }
    if input.function_url_auth_type.is_some() && input.action != "lambda:InvokeFunctionUrl" {
        let text = "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action";
        return Err(fault::invalid(text.to_owned()));
    }
    let Reference { name, qualifier } = input.of.reference(call)?;
    let permission = Permission {
        statement_id: input.statement_id,
        action: input.action,
        principal: input.principal,
        source_arn: input.source_arn,
        source_account: input.source_account,
        event_source_token: input.event_source_token,
        principal_org_id: input.principal_org_id,
        function_url_auth_type: input.function_url_auth_type,
        invoked_via_function_url: input.invoked_via_function_url,
    };
    let added =
        rooms(call).add_permission(&call.home, &name, qualifier, permission, input.revision_id).await?;
    Ok(json!({"Statement": added.to_string()}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Remove {
    #[serde(flatten)]
    of: Named,
    statement_id: String,
    revision_id: Option<String>,
}

pub(super) async fn remove(call: &Call, input: Remove) -> Result<(), ApiError> {
    let Reference { name, qualifier } = input.of.reference(call)?;
    let removed =
        rooms(call).remove_permission(&call.home, &name, qualifier, input.statement_id, input.revision_id);
    Ok(removed.await?)
}

pub(super) async fn get(call: &Call, input: Named) -> Result<Value, ApiError> {
    let Reference { name, qualifier } = input.reference(call)?;
    let (document, revision_id) = rooms(call).policy(&call.home, &name, qualifier).await?;
    Ok(json!({"Policy": document.to_string(), "RevisionId": revision_id}))
}
