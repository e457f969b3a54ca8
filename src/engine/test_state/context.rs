//! The context object that a test brings.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>

use serde_json::Value;

use super::invalid;
use crate::asl::{Pattern, Resource, StateKind};
use crate::engine::Error;
use crate::json;

/// What a member may be.
#[derive(Clone, Copy)]
enum Kind {
    Any,
    Text,
    Number,
}

/// A section: its name and its members.
type Section = (&'static str, &'static [(&'static str, Kind)]);

const SECTIONS: [Section; 4] = [
    (
        "Execution",
        &[
            ("Id", Kind::Text),
            ("Input", Kind::Any),
            ("Name", Kind::Text),
            ("RoleArn", Kind::Text),
            ("StartTime", Kind::Text),
            ("RedriveCount", Kind::Number),
            ("RedriveTime", Kind::Text),
        ],
    ),
    ("State", &[("EnteredTime", Kind::Text), ("Name", Kind::Text), ("RetryCount", Kind::Number)]),
    ("StateMachine", &[("Id", Kind::Text), ("Name", Kind::Text)]),
    ("Task", &[("Token", Kind::Text)]),
];

/// Reads the context object for a state.
///
/// # Errors
/// In AWS's words as far as they are recorded: of fields that are not allowed, of texts that are none, of `Map` and of
/// `Task`.
pub(super) fn read(text: &str, state: &StateKind) -> Result<Value, Error> {
    let problem = |what: String| invalid(format!("Invalid Context object provided: {what}"));
    let context = json::parse(text).map_err(|_| problem("Context must be valid JSON".to_owned()))?;
    let Some(sections) = context.as_object() else {
        return Err(problem("Context must be a JSON object".to_owned()));
    };
    for (name, section) in sections {
        if name == "Map" {
            return Err(problem("'Map' field is not supported when mocking a Context object".to_owned()));
        }
        let Some((_, members)) = SECTIONS.iter().find(|(known, _)| known == name) else {
            return Err(problem(format!("Field '{name}' is not allowed")));
        };
        if name == "Task" && !has_token(state) {
            return Err(problem(
                "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' \
                 service integration pattern"
                    .to_owned(),
            ));
        }
        let Some(section) = section.as_object() else {
            return Err(problem(format!("{name} must be an object")));
        };
        for (member, value) in section {
            let Some((_, kind)) = members.iter().find(|(known, _)| known == member) else {
                return Err(problem(format!("Field '{member}' is not allowed")));
            };
            match kind {
                Kind::Text if !value.is_string() => {
                    return Err(problem(format!("{name}.{member} must be a string")));
                }
                Kind::Number if !value.is_number() => {
                    return Err(problem(format!("{name}.{member} must be a number")));
                }
                Kind::Any | Kind::Text | Kind::Number => {}
            }
        }
    }
    Ok(context)
}

/// Whether the state is a task that somebody else ends.
fn has_token(state: &StateKind) -> bool {
    let StateKind::Task(task) = state else { return false };
    match &task.resource {
        Resource::Integration(integration) => integration.pattern != Pattern::RequestResponse,
        Resource::Activity(_) | Resource::Lambda(_) => false,
    }
}
