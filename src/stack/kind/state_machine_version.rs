//! `AWS::StepFunctions::StateMachineVersion`: published once, never changed.

use super::{Attributes, OperationError, Operations, Properties, call, renamed, text};

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
