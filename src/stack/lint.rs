//! Finds errors before anything is deployed: parses definitions and mapping templates as the engine and the gateway
//! will.

use serde_json::Value;

use super::elsewhere::Reach;
use super::error::Error;
use super::kind::{self, Kind, Properties};
use super::parameter;
use super::plan::{Plan, Rehearsed};
use super::template::Template;
use crate::asl;
use crate::id::{AccountId, AccountRegion, Region};
use crate::vtl;

/// One problem in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Slash path into the template.
    pub location: String,
    /// What is wrong; several lines if it shows a position.
    pub problem: String,
    /// Whether AWS accepts it anyway, and only calls will fail.
    pub is_warning: bool,
}

/// Checks `template` without deploying it: references, state machine definitions, mapping templates.
///
/// References to resources are replaced by values of the right form, so that what depends on them is checked too.
/// Values of parameters without a default are guessed; a problem with a guess is only a warning.
///
/// # Errors
/// If the template would be refused whatever its parameters are.
pub fn check(template: &Template) -> Result<Vec<Finding>, Error> {
    let (Some(account), Some(region)) = (AccountId::parse("123456789012"), Region::parse("us-east-1")) else {
        unreachable!("an account and a region")
    };
    let home = AccountRegion { account, region };
    let pseudo = parameter::pseudo(&home, "stack", &parameter::first_id(&home, "stack"), &[]);
    let (parameters, guessed) = parameter::guesses(&template.parameters, pseudo);
    let plan = Plan::new(template, &Reach::default(), parameters, guessed, None)?;
    let rehearsal = plan.rehearse()?;
    let mut findings: Vec<Finding> = rehearsal.doubts.iter().map(doubt).collect();
    for rehearsed in rehearsal.resources {
        let at = format!("{}/Properties", rehearsed.resource.location());
        if rehearsed.resource.kind == Kind::StateMachine {
            findings.extend(definition_finding(&at, &rehearsed));
        }
        let templates = template_problems(&rehearsed.resource.kind, &rehearsed.properties);
        findings.extend(templates.into_iter().map(|(path, problem)| Finding {
            location: format!("{at}/{path}"),
            problem,
            is_warning: true,
        }));
    }
    Ok(findings)
}

/// Warnings about this resource: mapping templates that AWS accepts but that make every call fail.
pub(super) fn warnings(logical_id: &str, kind: &Kind, properties: &Properties) -> Vec<String> {
    let at = format!("Resources/{logical_id}/Properties");
    let problems = template_problems(kind, properties).into_iter();
    let mut warnings: Vec<String> =
        problems.map(|(path, problem)| format!("{at}/{path}: every call will fail: {problem}")).collect();
    if *kind == Kind::StateMachineAlias {
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

/// Mapping templates that don't parse, with their locations.
fn template_problems(kind: &Kind, properties: &Properties) -> Vec<(String, String)> {
    if *kind != Kind::Method {
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

/// A problem that may not occur with the real values.
fn doubt(error: &Error) -> Finding {
    let (location, problem) = match error {
        Error::Template { location, problem, .. } => (location.clone(), problem.clone()),
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
    // The content of a definition in S3 is not known here.
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
