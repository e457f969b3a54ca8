//! What can be known to fail before anything is deployed: definitions and mapping templates, read as the
//! engine and the gateway will read them.

use serde_json::Value;

use super::error::Error;
use super::kind::{self, Kind, Properties};
use super::parameter;
use super::plan::{Plan, Rehearsed};
use super::template::Template;
use crate::asl;
use crate::id::{AccountId, AccountRegion, Region};
use crate::vtl;

/// One problem of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Slash path into the template.
    pub location: String,
    /// What is wrong, over several lines where a position can be shown.
    pub problem: String,
    /// True if AWS accepts it all the same and only a call will fail.
    pub is_warning: bool,
}

/// Checks `template` without deploying it: references, state machine definitions, mapping templates.
///
/// References to resources are filled with values of the right form, so what depends on them is checked too. Parameters
/// without a default are guessed: what is wrong with a guess is a warning at the most.
///
/// # Errors
/// When the template would be refused whatever values it is given.
pub fn check(template: &Template) -> Result<Vec<Finding>, Error> {
    let (Some(account), Some(region)) = (AccountId::parse("123456789012"), Region::parse("us-east-1")) else {
        unreachable!("an account and a region")
    };
    let pseudo = parameter::pseudo(&AccountRegion { account, region }, "stack");
    let (parameters, guessed) = parameter::guesses(&template.parameters, pseudo);
    let plan = Plan::new(template, parameters, guessed, None)?;
    let rehearsal = plan.rehearse()?;
    let mut findings: Vec<Finding> = rehearsal.doubts.iter().map(doubt).collect();
    for rehearsed in rehearsal.resources {
        let at = format!("{}/Properties", rehearsed.resource.location());
        if rehearsed.resource.kind == Kind::StateMachine {
            findings.extend(definition_finding(&at, &rehearsed));
        }
        let templates = template_problems(rehearsed.resource.kind, &rehearsed.properties);
        findings.extend(templates.into_iter().map(|(path, problem)| Finding {
            location: format!("{at}/{path}"),
            problem,
            is_warning: true,
        }));
    }
    Ok(findings)
}

/// What applying this resource should say loudly: mapping templates that AWS accepts and that then fail
/// every call.
pub(super) fn warnings(logical_id: &str, kind: Kind, properties: &Properties) -> Vec<String> {
    let at = format!("Resources/{logical_id}/Properties");
    let problems = template_problems(kind, properties).into_iter();
    let mut warnings: Vec<String> =
        problems.map(|(path, problem)| format!("{at}/{path}: every call will fail: {problem}")).collect();
    if kind == Kind::StateMachineAlias {
        let preference = properties.get("DeploymentPreference").and_then(|preference| preference.get("Type"));
        if let Some(kind @ ("LINEAR" | "CANARY")) = preference.and_then(Value::as_str) {
            warnings.push(format!("{at}/DeploymentPreference: {kind}: the new version takes over at once"));
        }
    }
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    warnings
}

/// Mapping templates that don't parse, with where they stand.
fn template_problems(kind: Kind, properties: &Properties) -> Vec<(String, String)> {
    if kind != Kind::Method {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let mut check = |path: String, templates: Option<&Value>| {
        for (media_type, source) in templates.and_then(Value::as_object).into_iter().flatten() {
            let source = source.as_str().unwrap_or_default();
            if let Err(error) = vtl::Template::parse(source) {
                problems.push((format!("{path}/{media_type}"), error.render(source)));
            }
        }
    };
    let integration = properties.get("Integration");
    check("Integration/RequestTemplates".to_owned(), integration.and_then(|i| i.get("RequestTemplates")));
    let responses = integration.and_then(|i| i.get("IntegrationResponses")).and_then(Value::as_array);
    for (i, response) in responses.into_iter().flatten().enumerate() {
        let path = format!("Integration/IntegrationResponses/{i}/ResponseTemplates");
        check(path, response.get("ResponseTemplates"));
    }
    problems
}

/// What may turn out wrong.
fn doubt(error: &Error) -> Finding {
    let (location, problem) = match error {
        Error::Template { location, problem } => (location.clone(), problem.clone()),
        other => (String::new(), other.to_string()),
    };
    Finding { location, problem, is_warning: true }
}

fn definition_finding(at: &str, rehearsed: &Rehearsed<'_>) -> Option<Finding> {
    let Rehearsed { properties, guessed, .. } = rehearsed;
    let machine_kind = match properties.get("StateMachineType").and_then(Value::as_str) {
        Some("EXPRESS") => asl::StateMachineType::Express,
        _ => asl::StateMachineType::Standard,
    };
    // Of a definition elsewhere nothing is known here.
    let elsewhere = properties.contains_key("DefinitionS3Location");
    let parts = ["Definition", "DefinitionString", "DefinitionSubstitutions", "StateMachineType"];
    let is_warning = !rehearsed.is_sure || parts.iter().any(|part| guessed.contains(*part));
    match kind::definition(properties) {
        None if elsewhere => None,
        None => Some(Finding {
            location: at.to_owned(),
            problem: "none of Definition, DefinitionString and DefinitionS3Location is given".to_owned(),
            is_warning: is_warning || !guessed.is_empty(),
        }),
        Some(definition) => asl::compile(&definition, machine_kind).err().map(|diagnostics| Finding {
            location: format!("{at}/Definition"),
            problem: diagnostics.to_string(),
            is_warning,
        }),
    }
}
