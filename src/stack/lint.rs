//! What can be known to fail before anything is deployed: definitions and mapping templates, read as the
//! engine and the gateway will read them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::condition;
use super::error::Error;
use super::intrinsic::{Attributes, Names};
use super::kind::{self, Kind, Properties};
use super::order;
use super::template::{Declared, Template};
use crate::asl;
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
/// References to resources are filled with values of the right form, so what depends on them is checked too.
///
/// # Errors
/// When references or conditions can't be resolved at all.
pub fn check(template: &Template) -> Result<Vec<Finding>, Error> {
    let wanted: Vec<&Declared> = template.resources.iter().collect();
    let mut parameters = Map::from_iter([
        ("AWS::AccountId".to_owned(), json!("123456789012")),
        ("AWS::Region".to_owned(), json!("us-east-1")),
        ("AWS::Partition".to_owned(), json!("aws")),
        ("AWS::URLSuffix".to_owned(), json!("amazonaws.com")),
        ("AWS::StackName".to_owned(), json!("stack")),
        ("AWS::StackId".to_owned(), json!("arn:aws:cloudformation:us-east-1:123456789012:stack/stack/id")),
    ]);
    for (name, declared) in &template.parameters {
        parameters.insert(name.clone(), declared.get("Default").cloned().unwrap_or_else(|| json!("")));
    }
    let conditions = condition::decide(&template.conditions, &parameters, &template.mappings)?;
    let known = |name: &str| parameters.contains_key(name) || name.starts_with("AWS::");
    order::by_dependency(&wanted, &known)?;
    let resources: BTreeMap<String, Attributes> =
        wanted.iter().map(|r| (r.logical_id.clone(), placeholder(r))).collect();
    let names = Names {
        parameters: &parameters,
        mappings: &template.mappings,
        conditions: &conditions,
        resources: &resources,
    };
    let mut findings = Vec::new();
    for resource in wanted {
        let at = format!("Resources/{}/Properties", resource.logical_id);
        let resolved = names.resolve(&Value::Object(resource.properties.clone()), &at)?;
        let Some(Value::Object(properties)) = resolved else { continue };
        if resource.kind == Kind::StateMachine {
            findings.extend(definition_findings(&at, &properties));
        }
        let templates = template_problems(resource.kind, &properties);
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
    let problems = template_problems(kind, properties).into_iter();
    let warnings: Vec<String> = problems
        .map(|(path, problem)| {
            format!("Resources/{logical_id}/Properties/{path}: every call will fail: {problem}")
        })
        .collect();
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

fn definition_findings(at: &str, properties: &Properties) -> Vec<Finding> {
    let machine_kind = match properties.get("StateMachineType").and_then(Value::as_str) {
        Some("EXPRESS") => asl::StateMachineType::Express,
        _ => asl::StateMachineType::Standard,
    };
    let Some(definition) = kind::definition(properties) else {
        return vec![Finding {
            location: at.to_owned(),
            problem: "neither Definition nor DefinitionString is given".to_owned(),
            is_warning: false,
        }];
    };
    match asl::compile(&definition, machine_kind) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => vec![Finding {
            location: format!("{at}/Definition"),
            problem: diagnostics.to_string(),
            is_warning: false,
        }],
    }
}

/// What a resource would answer to `Ref` and `Fn::GetAtt`, in the right form.
fn placeholder(resource: &Declared) -> Attributes {
    let id = &resource.logical_id;
    let (reference, attributes): (String, Vec<(&str, String)>) = match resource.kind {
        Kind::Role => (
            id.clone(),
            vec![("Arn", format!("arn:aws:iam::123456789012:role/{id}")), ("RoleId", "AROA".into())],
        ),
        Kind::StateMachine => {
            let arn = format!("arn:aws:states:us-east-1:123456789012:stateMachine:{id}");
            (arn.clone(), vec![("Arn", arn), ("Name", id.clone())])
        }
        Kind::Activity => {
            let arn = format!("arn:aws:states:us-east-1:123456789012:activity:{id}");
            (arn.clone(), vec![("Arn", arn), ("Name", id.clone())])
        }
        Kind::RestApi => {
            let api = "abcde12345".to_owned();
            (api.clone(), vec![("RootResourceId", "abcde67890".into()), ("RestApiId", api)])
        }
        Kind::ApiResource => ("abc123".into(), vec![("ResourceId", "abc123".into())]),
        Kind::Deployment => ("abc123".into(), vec![("DeploymentId", "abc123".into())]),
        Kind::RequestValidator => ("abc123".into(), vec![("RequestValidatorId", "abc123".into())]),
        Kind::ApiKey => ("abcde12345".into(), vec![("APIKeyId", "abcde12345".into())]),
        Kind::UsagePlan => ("abc123".into(), vec![("Id", "abc123".into())]),
        Kind::UsagePlanKey => ("abcde12345".into(), vec![("Id", "abcde12345".into())]),
        Kind::Account => (id.clone(), vec![("Id", id.clone())]),
        Kind::Authorizer => ("abc123".into(), vec![("AuthorizerId", "abc123".into())]),
        Kind::DomainName => {
            let names = [
                ("DistributionDomainName", "d111111abcdef8.cloudfront.net"),
                ("DistributionHostedZoneId", "Z2FDTNDATAQYW2"),
                ("RegionalDomainName", "d-abcde12345.execute-api.us-east-1.amazonaws.com"),
                ("RegionalHostedZoneId", "Z1UJRXOUMOOFQ8"),
                ("DomainNameArn", "arn:aws:apigateway:us-east-1::/domainnames/example.com"),
            ];
            ("example.com".into(), names.map(|(name, value)| (name, value.to_owned())).into())
        }
        Kind::DocumentationPart => ("abc123".into(), vec![("DocumentationPartId", "abc123".into())]),
        Kind::ClientCertificate => ("abc123".into(), vec![("ClientCertificateId", "abc123".into())]),
        Kind::VpcLink => ("abc123".into(), vec![("VpcLinkId", "abc123".into())]),
        Kind::BasePathMapping | Kind::DocumentationVersion => (id.clone(), Vec::new()),
        Kind::Policy | Kind::Method | Kind::Stage | Kind::Model | Kind::GatewayResponse => {
            (id.clone(), Vec::new())
        }
    };
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Attributes { reference, attributes }
}
