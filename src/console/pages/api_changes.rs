//! What would change: by a deployment of the working copy to a stage, by an import of a document.

use serde_json::{Value, json};

use super::addresses;
use crate::apis::difference::{Difference, differences};
use crate::apis::{ApiId, ImportOptions, PutMode};
use crate::console::aws::text;
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};
use crate::id::AccountRegion;

/// Parts that are told, and members of one.
const PARTS_MAX: usize = 500;
const MEMBERS_MAX: usize = 50;
/// As much of a value as is shown.
const VALUE_BYTES_MAX: usize = 4 * 1024;

/// What a deployment of the working copy would change in a stage, or in its canary.
pub(super) async fn of_stage(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let (id, stage) = (visit.required("id")?, visit.required("stage")?);
    let is_canary = visit.query("canary") == "yes";
    let api = visit.aws.apigateway("GetRestApi", json!({ "restApiId": id })).await?;
    let served = if is_canary { ("canary", "true") } else { ("ignore", "documentation") };
    let before = exported(visit, id, stage, served).await?;
    let after = exported(visit, id, stage, ("source", "working-copy")).await?;
    let data = json!({
        "id": id, "name": text(&api, "name"), "stage": stage, "isCanary": is_canary,
        "apiHref": addresses::api(id, ""), "stagesHref": addresses::api(id, "stages"),
        "deployHref": addresses::api(id, "deployments"), "changes": changes(&before, &after),
    });
    let title = format!("Changes of {stage}");
    visit.render(Page { title: &title, section: "APIs", template: "api-changes", parts: &[], data })
}

/// What a stage serves, or what a parameter of this server's own asks for in its place.
async fn exported(visit: &Visit<'_>, id: &str, stage: &str, own: (&str, &str)) -> Result<Value, Failure> {
    let mut parameters = json!({"extensions": "apigateway", "ignore": "documentation"});
    parameters[own.0] = own.1.into();
    let input = json!({
        "restApiId": id, "stageName": stage, "exportType": "oas30", "accepts": "application/json", "parameters": parameters,
    });
    visit.aws.apigateway("GetExport", input).await
}

/// The document of a form, as JSON or YAML.
fn document(form: &Form) -> Result<Value, Failure> {
    let written = form.required("document")?;
    match serde_json::from_str(written) {
        Ok(document) => Ok(document),
        Err(_) => crate::yaml::parse(written, crate::yaml::no_tags)
            .map_err(|error| Failure::invalid(format!("The document is neither JSON nor YAML: {error}"))),
    }
}

fn mode(form: &Form) -> PutMode {
    if form.text("mode") == "overwrite" { PutMode::Overwrite } else { PutMode::Merge }
}

/// Shows what an import would change.
///
/// # Errors
/// If the document can't be imported, or the caller may not import it.
pub(super) async fn preview(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let id = form.required("id")?;
    // Who may see the API may see what it would become.
    visit.aws.apigateway("GetRestApi", json!({ "restApiId": id })).await?;
    visit.aws.apigateway("GetResources", json!({"restApiId": id, "limit": 1, "embed": ["methods"]})).await?;
    let owner =
        AccountRegion { account: visit.aws.caller().account.clone(), region: visit.signed.region.clone() };
    let body = document(form)?.to_string();
    let (api, options) = (ApiId::from(id), ImportOptions::default());
    let previewed =
        visit.shared.apis.preview_import(&owner, &api, body.as_bytes(), mode(form), options).await;
    let previewed = previewed.map_err(|error| Failure::invalid(error.to_string()))?;
    let data = json!({
        "changes": changes(&previewed.before, &previewed.after), "warnings": previewed.warnings,
    });
    Ok(Answer::Html(visit.shared.renderer.part("changes", &data)?))
}

/// Imports a document into the working copy.
///
/// # Errors
/// What the operation says.
pub(super) async fn import(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let id = form.required("id")?;
    let mode = match mode(form) {
        PutMode::Merge => "merge",
        PutMode::Overwrite => "overwrite",
    };
    let input = json!({"restApiId": id, "mode": mode, "body": document(form)?});
    visit.aws.apigateway("PutRestApi", input).await?;
    Ok(Answer::Done(addresses::api(id, "")))
}

/// The data of the template `changes`.
fn changes(before: &Value, after: &Value) -> Value {
    let found = differences(before, after);
    let rows: Vec<_> = found.iter().take(PARTS_MAX).map(row).collect();
    json!({"rows": rows, "n": found.len(), "nLeftOut": found.len().saturating_sub(PARTS_MAX)})
}

fn row(it: &Difference) -> Value {
    let members = it
        .members
        .iter()
        .take(MEMBERS_MAX)
        .map(|(place, was, is)| json!({"place": place, "was": value(was), "is": value(is)}));
    let word = it.action.word();
    let class = match word {
        "added" => "succeeded",
        "removed" => "failed",
        _ => "caught",
    };
    json!({
        "action": word, "class": class, "kind": it.kind, "name": it.name,
        "members": members.collect::<Vec<_>>(), "nLeftOut": it.members.len().saturating_sub(MEMBERS_MAX),
    })
}

/// A value as people read it: texts, such as templates, as they are.
fn value(value: &Value) -> Value {
    let whole = match value {
        Value::Null => return Value::Null,
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    shown::beginning(&whole, VALUE_BYTES_MAX).0.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_part_by_part() {
        let document = |uri: &str| json!({"paths": {"/a": {"get": {"x-amazon-apigateway-integration": {"uri": uri, "type": "http"}}}}});
        let told = changes(&document("http://a"), &document("http://b"));
        let row = json!({
            "action": "changed", "class": "caught", "kind": "integration", "name": "GET /a", "nLeftOut": 0,
            "members": [{"place": "uri", "was": "http://a", "is": "http://b"}],
        });
        assert_eq!(told, json!({"rows": [row], "n": 1, "nLeftOut": 0}));
        assert_eq!(changes(&document("x"), &document("x"))["n"], 0);
    }
}
