//! SimulatePrincipalPolicy, SimulateCustomPolicy, and the condition keys that policies ask for.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::holders::listed;
use super::max_items;
use crate::id::Arn;
use crate::identity::iam::{Asked, Holder, Matched, Simulated, Simulation, page};
use crate::policy::{Decision, PolicyKind};
use crate::wire::{ApiError, Call, Code};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContextEntry {
    context_key_name: String,
    #[serde(default)]
    context_key_values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Simulate {
    policy_source_arn: Option<String>,
    #[serde(default)]
    policy_input_list: Vec<String>,
    #[serde(default)]
    permissions_boundary_policy_input_list: Vec<String>,
    action_names: Vec<String>,
    #[serde(default)]
    resource_arns: Vec<String>,
    resource_policy: Option<String>,
    caller_arn: Option<String>,
    #[serde(default)]
    context_entries: Vec<ContextEntry>,
    marker: Option<String>,
    max_items: Option<usize>,
}

/// The policies of whoever has this ARN.
async fn of_principal(call: &Call, arn: &str) -> Result<Simulation, ApiError> {
    let parsed = Arn::parse(arn).ok().filter(|arn| arn.service == "iam");
    let path = parsed.as_ref().map(|arn| arn.resource.as_str()).unwrap_or_default();
    let kind = match path.split_once('/') {
        Some(("role", _)) => Holder::Role,
        Some(("user", _)) => Holder::User,
        Some(("group", _)) => Holder::Group,
        Some(_) | None => {
            return Err(ApiError::new(
                Code::InvalidInput,
                format!("Invalid Entity Arn: {arn} does not clearly define entity type and name."),
            ));
        }
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    Ok(call.iam().simulation_of(&call.caller.account, kind, name).await?)
}

fn numbered(list: &str, documents: Vec<String>, kind: PolicyKind) -> Result<Vec<Asked>, ApiError> {
    let asked = documents.into_iter().enumerate();
    let asked = asked.map(|(n, text)| Asked::new(format!("{list}.{}", n + 1), text, kind));
    Ok(asked.collect::<Result<_, _>>()?)
}

pub(super) async fn simulate(call: &Call, input: Simulate) -> Result<Value, ApiError> {
    let mut simulation = match &input.policy_source_arn {
        Some(arn) => of_principal(call, arn).await?,
        None => Simulation::default(),
    };
    simulation.identity.extend(numbered("PolicyInputList", input.policy_input_list, PolicyKind::Identity)?);
    if !input.permissions_boundary_policy_input_list.is_empty() {
        let list = input.permissions_boundary_policy_input_list;
        simulation.boundary =
            Some(numbered("PermissionsBoundaryPolicyInputList", list, PolicyKind::Identity)?);
    }
    if let Some(text) = input.resource_policy {
        simulation.resource = Some(Asked::new("ResourcePolicy".to_owned(), text, PolicyKind::Resource)?);
    }
    let caller = input.caller_arn.or_else(|| input.policy_source_arn.clone());
    simulation.caller = caller.and_then(|arn| Some((arn.clone(), Arn::parse(&arn).ok()?.account)));
    let entries = input.context_entries.into_iter();
    simulation.context =
        entries.map(|it| (it.context_key_name.to_lowercase(), it.context_key_values)).collect();

    let mut resources = input.resource_arns;
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let all = input.action_names.iter().flat_map(|action| resources.iter().map(move |it| (action, it)));
    let keyed: Vec<_> = all.enumerate().map(|(n, it)| (format!("{n:08}"), it)).collect();
    let page = page(keyed, |(key, _)| key, input.marker.as_deref(), max_items(input.max_items));
    let results = page
        .items
        .into_iter()
        .map(|(_, (action, resource))| shown(action, resource, simulation.decide(action, resource)));
    Ok(listed("EvaluationResults", results.collect(), page.marker))
}

fn shown(action: &str, resource: &str, found: Simulated) -> Value {
    let decision = match found.decision {
        Decision::Allow => "allowed",
        Decision::ExplicitDeny => "explicitDeny",
        Decision::ImplicitDeny => "implicitDeny",
    };
    let matched = found.matched.iter().map(|Matched { policy, span: [start, end] }| {
        let position = |(line, column): &(usize, usize)| json!({"Line": line, "Column": column});
        json!({
            "SourcePolicyId": policy,
            "SourcePolicyType": "IAM Policy",
            "StartPosition": position(start),
            "EndPosition": position(end),
        })
    });
    let mut shown = json!({
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision,
        "MatchedStatements": matched.collect::<Vec<_>>(),
        "MissingContextValues": found.missing,
    });
    if let Some(is_within) = found.is_within_boundary {
        shown["PermissionsBoundaryDecisionDetail"] = json!({ "AllowedByPermissionsBoundary": is_within });
    }
    shown
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Keys {
    policy_source_arn: Option<String>,
    #[serde(default)]
    policy_input_list: Vec<String>,
}

pub(super) async fn context_keys(call: &Call, input: Keys) -> Result<Value, ApiError> {
    let mut asked = numbered("PolicyInputList", input.policy_input_list, PolicyKind::Identity)?;
    if let Some(arn) = &input.policy_source_arn {
        asked.extend(of_principal(call, arn).await?.identity);
    }
    let keys: BTreeSet<String> = asked.iter().flat_map(Asked::keys).collect();
    Ok(json!({ "ContextKeyNames": keys }))
}
