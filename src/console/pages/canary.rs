//! The canary of a stage: a share of its requests, which another deployment answers.

use serde_json::{Value, json};

use super::addresses;
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::visit::{Answer, Visit};

/// Starts, changes, promotes or ends a canary.
///
/// # Errors
/// What the operation says.
pub(super) async fn change(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let (id, stage) = (form.required("id")?, form.required("stage")?);
    let (operation, mut input) = match form.text("to") {
        "start" => {
            let settings = json!({"percentTraffic": percent(form)?, "useStageCache": false});
            ("CreateDeployment", json!({ "canarySettings": settings }))
        }
        "set" => (
            "UpdateStage",
            patches(&[json!({
                "op": "replace", "path": "/canarySettings/percentTraffic", "value": percent(form)?.to_string(),
            })]),
        ),
        "promote" => (
            "UpdateStage",
            patches(&[
                json!({"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"}),
                json!({"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}),
                json!({"op": "remove", "path": "/canarySettings"}),
            ]),
        ),
        "end" => ("UpdateStage", patches(&[json!({"op": "remove", "path": "/canarySettings"})])),
        other => return Err(Failure::invalid(format!("{other:?} is nothing that a canary does."))),
    };
    (input["restApiId"], input["stageName"]) = (id.into(), stage.into());
    visit.aws.apigateway(operation, input).await?;
    Ok(Answer::Done(addresses::api(id, "stages")))
}

fn patches(operations: &[Value]) -> Value {
    json!({ "patchOperations": operations })
}

fn percent(form: &Form) -> Result<f64, Failure> {
    let percent: f64 =
        form.required("percent")?.parse().map_err(|_| Failure::invalid("percent is no number."))?;
    Some(percent)
        .filter(|it| (0.0..=100.0).contains(it))
        .ok_or_else(|| Failure::invalid("A share is from 0 to 100 %."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage() {
        let of = |text: &str| percent(&Form::parse(format!("percent={text}").as_bytes()));
        assert_eq!((of("0").unwrap(), of("12.5").unwrap(), of("100").unwrap()), (0.0, 12.5, 100.0));
        for wrong in ["", "x", "-1", "101", "NaN", "inf"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
