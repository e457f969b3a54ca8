//! Templates: those that stacks were made of, and those that are only looked at.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::asked::object;
use super::shown::find;
use super::{invalid, refused, stacks};
use crate::stack::capabilities;
use crate::stack::parameter::is_secret;
use crate::stack::status::Status;
use crate::stack::template::{Template, all_at_once};
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTemplate {
    stack_name: Option<String>,
    change_set_name: Option<String>,
    template_stage: Option<String>,
}

pub(super) async fn get_template(call: &Call, input: GetTemplate) -> Result<Value, ApiError> {
    let settings = match (input.stack_name, input.change_set_name) {
        (stack, Some(name)) => {
            let found = stacks(call).find_change_set(&call.home, stack.as_deref(), &name).await?;
            found.1.settings
        }
        (Some(name), None) => {
            let head = find(call, &name).await?;
            if head.status == Status::ReviewInProgress {
                // It has none until one of its change sets is carried out.
                return Ok(json!({ "TemplateBody": "", "StagesAvailable": ["Original", "Processed"] }));
            }
            head.settings
        }
        (None, None) => return Err(invalid("StackName or ChangeSetName must be specified")),
    };
    let text = settings.template.clone();
    if text.is_empty() {
        return Err(invalid("The template of a stack from an earlier version is not known"));
    }
    let text = match input.template_stage.as_deref() {
        Some("Processed") => Template::of(&settings).map_err(refused)?.processed(),
        _ => text,
    };
    Ok(json!({ "TemplateBody": text, "StagesAvailable": ["Original", "Processed"] }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GivenTemplate {
    template_body: Option<String>,
    #[serde(rename = "TemplateURL")]
    template_url: Option<String>,
    stack_name: Option<String>,
}

async fn given(call: &Call, input: GivenTemplate) -> Result<Template, ApiError> {
    let text = match (input.template_body, input.template_url, input.stack_name) {
        (Some(body), None, None) => body,
        (None, Some(url), None) => object(call, &url).await?,
        (None, None, Some(name)) => return Template::of(&find(call, &name).await?.settings).map_err(refused),
        (None, None, None) => {
            return Err(invalid("Either Template URL or Template Body must be specified."));
        }
        _ => return Err(invalid("Only one of StackName, TemplateBody and TemplateURL may be specified.")),
    };
    stacks(call).parse(&call.home, &text, &Map::new()).await.map_err(refused)
}

/// A parameter as a template declares it.
fn declared(template: &Template, is_summary: bool) -> Value {
    let shown = template.parameters.iter().map(|(key, declared)| {
        let default =
            declared.get("Default").map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
        let is_secret = is_secret(declared);
        let mut shown = json!({
            "ParameterKey": key, "DefaultValue": default, "NoEcho": is_secret,
            "Description": declared.get("Description"),
        });
        if is_summary {
            shown["ParameterType"] = declared.get("Type").cloned().unwrap_or_else(|| "String".into());
            if let Some(allowed) = declared.get("AllowedValues").and_then(Value::as_array) {
                let allowed =
                    allowed.iter().map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
                shown["ParameterConstraints"] = json!({ "AllowedValues": allowed.collect::<Vec<_>>() });
            }
        }
        shown
    });
    shown.collect()
}

/// What `template` needs, and why.
fn needs(template: &Template) -> (Vec<&'static str>, Option<String>) {
    let (needed, types) = capabilities::needed(template);
    let reason = (!types.is_empty())
        .then(|| format!("The following resource(s) require capabilities: [{}]", types.join(", ")));
    (needed, reason)
}

pub(super) async fn validate_template(call: &Call, input: GivenTemplate) -> Result<Value, ApiError> {
    let template = given(call, input).await?;
    // What else exists, parameters say.
    let sure = template.resources.iter().filter(|resource| resource.condition.is_none());
    let unsupported = sure.flat_map(|resource| resource.unsupported(&stacks(call).reach));
    all_at_once(unsupported.collect()).map_err(refused)?;
    let (capabilities, reason) = needs(&template);
    Ok(json!({
        "Parameters": declared(&template, false),
        "Description": template.description,
        "Capabilities": capabilities,
        "CapabilitiesReason": reason,
        "DeclaredTransforms": template.transforms,
    }))
}

pub(super) async fn get_template_summary(call: &Call, input: GivenTemplate) -> Result<Value, ApiError> {
    let template = given(call, input).await?;
    let (capabilities, reason) = needs(&template);
    let mut types: Vec<&str> = Vec::new();
    for resource in &template.resources {
        if !types.contains(&resource.kind.type_name()) {
            types.push(resource.kind.type_name());
        }
    }
    let metadata =
        (!template.metadata.is_empty()).then(|| Value::Object(template.metadata.clone()).to_string());
    Ok(json!({
        "Parameters": declared(&template, true),
        "Description": template.description,
        "Capabilities": capabilities,
        "CapabilitiesReason": reason,
        "ResourceTypes": types,
        "Version": "2010-09-09",
        "Metadata": metadata,
        "DeclaredTransforms": template.transforms,
    }))
}
