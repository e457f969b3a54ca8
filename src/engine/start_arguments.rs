//! Which Tasks start executions, and what `states:startExecution` is called with.

use serde_json::Value;

use crate::asl::{Integration, Resource};
use crate::json::Payload;

/// The arguments, as StartExecution takes them.
#[derive(Debug, PartialEq)]
pub(super) struct Arguments {
    pub(super) state_machine_arn: String,
    pub(super) name: Option<String>,
    /// JSON text.
    pub(super) input: Option<String>,
    pub(super) trace_header: Option<String>,
}

const MACHINE: &str = "StateMachineArn";
const FIELDS: [&str; 4] = [MACHINE, "Name", "Input", "TraceHeader"];

impl Arguments {
    /// Reads them; what is wrong with them is said in AWS's words.
    pub(super) fn read(arguments: &Payload) -> Result<Self, String> {
        let none = serde_json::Map::new();
        let members = arguments.value().as_object().unwrap_or(&none);
        if let Some(unknown) = members.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(format!("The field \"{unknown}\" is not supported by Step Functions"));
        }
        let text = |field: &str| match members.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("The value of the field '{field}' has an invalid format")),
        };
        let missing = || format!("The field '{MACHINE}' is required but was missing");
        Ok(Self {
            state_machine_arn: text(MACHINE)?.ok_or_else(missing)?,
            name: text("Name")?,
            input: match members.get("Input") {
                None | Some(Value::Null) => None,
                // The operation takes text, so a text is taken for that; anything else is turned into it.
                Some(Value::String(text)) => Some(text.clone()),
                Some(value) => Some(Payload::from_value(value.clone()).text().to_owned()),
            },
            trace_header: text("TraceHeader")?,
        })
    }
}

/// Whether a task of this resource starts an execution.
pub(super) fn starts_execution(resource: &Resource) -> bool {
    match resource {
        Resource::Integration(integration) => is_nested(integration),
        Resource::Activity(_) | Resource::Lambda(_) => false,
    }
}

fn is_nested(integration: &Integration) -> bool {
    integration.service == "states" && integration.action == "startExecution"
}

/// What is wrong with the arguments of a task that starts an execution.
pub(super) fn refuse(integration: &Integration, arguments: &Payload) -> Option<String> {
    match is_nested(integration) {
        true => Arguments::read(arguments).err(),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_those_of_start_execution() {
        let arguments =
            json!({"StateMachineArn": "arn", "Name": "N", "Input": {"a": [1, "b"]}, "TraceHeader": null});
        let expected = Arguments {
            state_machine_arn: "arn".to_owned(),
            name: Some("N".to_owned()),
            input: Some(r#"{"a":[1,"b"]}"#.to_owned()),
            trace_header: None,
        };
        assert_eq!(Arguments::read(&arguments.into()), Ok(expected));
        for (input, text) in [(json!(null), None), (json!("{}"), Some("{}")), (json!([]), Some("[]"))] {
            let arguments =
                Arguments::read(&json!({"StateMachineArn": "arn", "Input": input}).into()).unwrap();
            assert_eq!(arguments.input.as_deref(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_aws() {
        for (arguments, reason) in [
            (json!({}), "The field 'StateMachineArn' is required but was missing"),
            (json!([1]), "The field 'StateMachineArn' is required but was missing"),
            (json!({"StateMachineArn": 7}), "The value of the field 'StateMachineArn' has an invalid format"),
            (
                json!({"StateMachineArn": "a", "Name": []}),
                "The value of the field 'Name' has an invalid format",
            ),
            (
                json!({"stateMachineArn": "a"}),
                "The field \"stateMachineArn\" is not supported by Step Functions",
            ),
        ] {
            assert_eq!(Arguments::read(&arguments.into()), Err(reason.to_owned()));
        }
    }
}
