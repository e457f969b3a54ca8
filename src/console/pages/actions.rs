//! What forms do: each is one AWS operation.

use serde_json::{Value, json};

use super::{
    addresses, api, api_changes, canary, edit, evaluated, plans, playground, playground_case, replay,
    requests, rotate,
};
use crate::console::aws::text;
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::permission;
use crate::console::visit::{Answer, Visit};

/// A form's operation, by path; for the audit log.
pub(in super::super) fn action(path: &str) -> Option<&'static str> {
    Some(match path {
        "/executions/start" => "states:StartExecution",
        "/executions/stop" => "states:StopExecution",
        "/executions/redrive" => "states:RedriveExecution",
        "/executions/skip-wait" => "states:SkipWait",
        "/executions/fork" => "states:ForkExecution",
        "/state-machines/check" => "states:ValidateStateMachineDefinition",
        "/state-machines/update" => "states:UpdateStateMachine",
        "/state-machines/test-state" => "states:TestState",
        "/state-machines/replay" => "states:GetExecutionHistory",
        "/apis/deploy" => "apigateway:CreateDeployment",
        "/apis/roll-back" => "apigateway:UpdateStage",
        "/apis/test" => "apigateway:TestInvokeMethod",
        "/apis/canary" => "apigateway:UpdateStage",
        "/apis/preview" => "apigateway:GetRestApi",
        "/apis/import" => "apigateway:PutRestApi",
        "/playground/template" | "/playground/template-case" => "console:EvaluateTemplate",
        "/playground/state"
        | "/playground/expression"
        | "/playground/case"
        | "/playground/expression-case" => "states:TestState",
        "/requests/switch" => permission::RECORD_REQUESTS,
        "/requests/resend" => permission::SEND_REQUESTS,
        "/keys/create" => "apigateway:CreateApiKey",
        "/keys/switch" => "apigateway:UpdateApiKey",
        "/keys/rotate" => "apigateway:CreateApiKey",
        _ => return None,
    })
}

/// Does what a form says.
///
/// # Errors
/// What the operation says.
pub(in super::super) async fn act(visit: &Visit<'_>, path: &str, form: &Form) -> Result<Answer, Failure> {
    match path {
        "/executions/start" => start(visit, form).await,
        "/executions/stop" => {
            let mut input = json!({});
            for member in ["error", "cause"] {
                if let Some(text) = form.filled(member) {
                    input[member] = text.into();
                }
            }
            of_execution(visit, form, "StopExecution", input).await
        }
        "/executions/redrive" => of_execution(visit, form, "RedriveExecution", json!({})).await,
        "/executions/skip-wait" => {
            let input = form.filled("state").map_or_else(|| json!({}), |state| json!({ "stateName": state }));
            of_execution(visit, form, "SkipWait", input).await
        }
        "/executions/fork" => fork(visit, form).await,
        "/state-machines/check" => edit::check(visit, form).await,
        "/state-machines/update" => edit::update(visit, form).await,
        "/state-machines/test-state" => edit::test_state(visit, form).await,
        "/state-machines/replay" => replay::replay_execution(visit, form).await,
        "/apis/deploy" => api::deploy(visit, form).await,
        "/apis/roll-back" => api::roll_back(visit, form).await,
        "/apis/test" => api::test(visit, form).await,
        "/apis/canary" => canary::change(visit, form).await,
        "/apis/preview" => api_changes::preview(visit, form).await,
        "/apis/import" => api_changes::import(visit, form).await,
        "/playground/template" => playground::evaluate(visit, form).await,
        "/playground/state" => playground::test_state(visit, form).await,
        "/playground/expression" => evaluated::evaluate(visit, form).await,
        "/playground/case" => playground_case::save_state(visit, form).await,
        "/playground/expression-case" => playground_case::save_expression(visit, form).await,
        "/playground/template-case" => playground_case::save_template(form).await,
        "/requests/switch" => requests::switch(visit, form).await,
        "/requests/resend" => requests::resend(visit, form).await,
        "/keys/create" => plans::create_key(visit, form).await,
        "/keys/switch" => plans::switch_key(visit, form).await,
        "/keys/rotate" => rotate::rotate(visit, form).await,
        _ => Err(Failure::no_page()),
    }
}

async fn start(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let arn = form.required("arn")?;
    let document = form.filled("input").unwrap_or("{}");
    check_json(document)?;
    let mut input = json!({"stateMachineArn": arn, "input": document});
    if let Some(name) = form.filled("name") {
        input["name"] = name.into();
    }
    let started = visit.aws.where_is(arn).states("StartExecution", input).await?;
    Ok(Answer::Done(addresses::execution(text(&started, "executionArn"))))
}

async fn of_execution(
    visit: &Visit<'_>,
    form: &Form,
    operation: &str,
    mut input: Value,
) -> Result<Answer, Failure> {
    let arn = form.required("arn")?;
    input["executionArn"] = arn.into();
    visit.aws.where_is(arn).states(operation, input).await?;
    Ok(Answer::Done(addresses::execution(arn)))
}

async fn fork(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let (arn, state) = (form.required("arn")?, form.required("state")?);
    let mut input = json!({"executionArn": arn, "stateName": state});
    if let Some(event) = form.filled("event") {
        let id: u64 = event.parse().map_err(|_| Failure::invalid("event is no number."))?;
        input["eventId"] = id.into();
    }
    if let Some(document) = form.filled("input") {
        check_json(document)?;
        input["input"] = document.into();
    }
    if let Some(name) = form.filled("name") {
        input["name"] = name.into();
    }
    let forked = visit.aws.where_is(arn).states("ForkExecution", input).await?;
    Ok(Answer::Done(addresses::execution(text(&forked, "executionArn"))))
}

/// Says where a document is no JSON.
fn check_json(document: &str) -> Result<(), Failure> {
    match serde_json::from_str::<serde::de::IgnoredAny>(document) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::invalid(format!("The input is not JSON: {error}."))),
    }
}
