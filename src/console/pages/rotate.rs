//! Rotation of API keys: a key with another value takes the place of one under all of its plans.

use serde_json::{Value, json};

use crate::console::aws::{list, text};
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::visit::{Answer, Visit};

/// Plans that a key is looked for under.
const PLANS_MAX: u64 = 500;

/// Makes a key like another one, under the same plans, and shows its value this once. The old one is disabled if that is wanted.
///
/// # Errors
/// What the operations say; the new key is then taken back.
pub(super) async fn rotate(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let (aws, id) = (&visit.aws, form.required("id")?);
    let old = aws.apigateway("GetApiKey", json!({ "apiKey": id })).await?;
    let plans = aws.apigateway("GetUsagePlans", json!({"keyId": id, "limit": PLANS_MAX})).await?;
    let mut input = json!({"name": text(&old, "name"), "enabled": true});
    for member in ["description", "customerId", "tags"] {
        if let Some(value) = old.get(member).filter(|value| !value.is_null()) {
            input[member] = value.clone();
        }
    }
    let key = aws.apigateway("CreateApiKey", input).await?;
    let new = text(&key, "id");
    if let Err(failure) = put_under(visit, list(&plans, "item"), new).await {
        aws.apigateway("DeleteApiKey", json!({ "apiKey": new })).await?;
        return Err(failure);
    }
    if form.text("disable") == "yes" {
        let patch = json!([{"op": "replace", "path": "/enabled", "value": "false"}]);
        aws.apigateway("UpdateApiKey", json!({"apiKey": id, "patchOperations": patch})).await?;
    }
    let data = json!({
        "id": new, "name": text(&key, "name"), "value": text(&key, "value"), "base": crate::console::PREFIX,
    });
    Ok(Answer::Html(visit.shared.renderer.part("key-made", &data)?))
}

async fn put_under(visit: &Visit<'_>, plans: &[Value], key: &str) -> Result<(), Failure> {
    for plan in plans {
        let input = json!({"usagePlanId": text(plan, "id"), "keyId": key, "keyType": "API_KEY"});
        visit.aws.apigateway("CreateUsagePlanKey", input).await?;
    }
    Ok(())
}
