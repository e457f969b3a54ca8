//! `AWS::StepFunctions::StateMachineVersion`: published once, never changed.

use serde_json::json;

use super::{Attributes, OperationError, Operations, Properties, Row, call, one, renamed, states_arn, text};

/// A state machine as it was at one moment.
pub(super) static ROW: Row = Row {
    type_name: "AWS::StepFunctions::StateMachineVersion",
    properties: &["StateMachineArn", "StateMachineRevisionId", "Description"],
    identity: &["StateMachineArn"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    delete: |operations, made, _| {
        Box::pin(async move {
            let input = json!({ "stateMachineVersionArn": made.reference });
            call(operations, "states", "DeleteStateMachineVersion", input).await
        })
    },
    guess: |id| one("Arn", &format!("{}:1", states_arn("stateMachine", id))),
    replaces: |old, new| old != new,
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [
        ("StateMachineArn", "stateMachineArn"),
        ("StateMachineRevisionId", "revisionId"),
        ("Description", "description"),
    ];
    let input = renamed(properties, &members);
    let made = call(operations, "states", "PublishStateMachineVersion", input.into()).await?;
    let arn = text(&made, "stateMachineVersionArn").to_owned();
    Ok(Attributes { attributes: [("Arn".to_owned(), arn.clone())].into(), reference: arn })
}
