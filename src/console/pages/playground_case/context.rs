//! The context object of a case: that of an execution, as far as a scenario can say it.

use serde_json::{Value, json};

use super::STATE;
use crate::clock::Timestamp;
use crate::console::failure::Failure;

/// What a scenario can say of the context object; what it doesn't is the execution's own.
const MEMBERS: [(&str, &[&str]); 2] =
    [("Execution", &["Id", "Name", "RoleArn", "StartTime"]), ("StateMachine", &["Id", "Name"])];

/// The context object of a case.
pub(super) struct Context {
    execution: Value,
    state_machine: Value,
}

/// Whether a state reads the context object.
pub(super) fn reads_context(state: &Value) -> bool {
    let text = state.to_string();
    text.contains("$$") || text.contains("$states.context")
}

impl Context {
    /// The members that were given, and made up ones in place of all others.
    ///
    /// # Errors
    /// If a scenario can't say what was given.
    pub(super) fn read(given: Option<&str>) -> Result<Self, Failure> {
        let mut context = Self {
            execution: json!({
                "Id": "arn:aws:states:us-east-1:123456789012:execution:Tried:tried", "Name": "tried",
                "RoleArn": "arn:aws:iam::123456789012:role/tried", "StartTime": "2026-01-01T00:00:00.000Z",
            }),
            state_machine: json!({
                "Id": "arn:aws:states:us-east-1:123456789012:stateMachine:Tried", "Name": "Tried",
            }),
        };
        let Some(given) = given else { return Ok(context) };
        let given: Value = serde_json::from_str(given)
            .map_err(|error| Failure::invalid(format!("The context is not JSON: {error}.")))?;
        for (section, members) in given.as_object().into_iter().flatten() {
            for (member, value) in members.as_object().into_iter().flatten() {
                let known = MEMBERS.iter().find(|(name, _)| name == section).map_or(&[][..], |(_, all)| all);
                if !known.contains(&member.as_str()) {
                    let message = "Of the context, a case can say Id, Name, RoleArn and StartTime of the execution, and Id \
                                   and Name of its state machine";
                    return Err(Failure::invalid(format!("{message}, not {section}.{member}.")));
                }
                let to =
                    if section == "Execution" { &mut context.execution } else { &mut context.state_machine };
                to[member.as_str()] =
                    if member == "StartTime" { as_executions_have_it(value)? } else { value.clone() };
            }
        }
        Ok(context)
    }

    /// As TestState takes it.
    pub(super) fn to_json(&self) -> Value {
        let state = json!({"EnteredTime": self.execution["StartTime"], "Name": STATE});
        json!({"Execution": self.execution, "StateMachine": self.state_machine, "State": state})
    }

    /// Has a scenario say it.
    pub(super) fn tell(&self, scenario: &mut Value) {
        let mut execution = self.execution.clone();
        scenario["startTime"] = execution["StartTime"].take();
        execution.as_object_mut().into_iter().for_each(|members| {
            members.remove("StartTime");
        });
        scenario["context"] = json!({"Execution": execution, "StateMachine": self.state_machine});
    }
}

/// A time to the millisecond, however it was written.
fn as_executions_have_it(time: &Value) -> Result<Value, Failure> {
    let read = time.as_str().and_then(Timestamp::parse_rfc3339);
    let read =
        read.ok_or_else(|| Failure::invalid(format!("Execution.StartTime: {time} is no RFC 3339 time.")))?;
    Ok(read.to_iso8601().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_the_context_that_was_given_as_far_as_it_can_say_it() {
        let given = r#"{"Execution": {"Name": "nightly", "StartTime": "2025-05-01T00:00:00Z"}, "StateMachine": {"Name": "Orders"}}"#;
        let mut scenario = json!({});
        Context::read(Some(given)).unwrap().tell(&mut scenario);
        assert_eq!(scenario["startTime"], "2025-05-01T00:00:00.000Z");
        let context = &scenario["context"];
        assert_eq!(context["Execution"]["Name"], "nightly");
        assert_eq!(context["Execution"]["RoleArn"], "arn:aws:iam::123456789012:role/tried");
        assert_eq!(context["Execution"].get("StartTime"), None);
        assert_eq!(context["StateMachine"]["Name"], "Orders");
        for given in [
            r#"{"Task": {"Token": "t"}}"#,
            r#"{"Execution": {"RedriveCount": 1}}"#,
            r#"{"Execution": {"StartTime": "soon"}}"#,
            "{",
        ] {
            assert!(Context::read(Some(given)).is_err(), "{given}");
        }
    }

    #[test]
    fn what_reads_the_context_is_known() {
        for (expression, reads) in
            [("$$.Execution.Id", true), ("{% $states.context.State.Name %}", true), ("$.a", false)]
        {
            assert_eq!(reads_context(&json!({ "a": expression })), reads, "{expression}");
        }
    }
}
