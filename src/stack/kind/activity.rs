//! `AWS::StepFunctions::Activity`.

use serde_json::{Map, json};

use super::state_machine::encryption;
use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, retag_in_states,
    states_arn, tag_list, text,
};

/// An activity.
pub(super) static ROW: Row = Row {
    type_name: "AWS::StepFunctions::Activity",
    properties: &["Name", "Tags", "EncryptionConfiguration"],
    identity: &["Name", "EncryptionConfiguration"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, "states", "DeleteActivity", json!({ "activityArn": made.reference })))
    },
    guess: |id| {
        let arn = states_arn("activity", id);
        (arn.clone(), vec![("Arn", arn), ("Name", id.to_owned())])
    },
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "Name").unwrap_or_else(|| naming.generated(80));
    let mut input = Map::from_iter([("name".to_owned(), json!(name))]);
    input.extend(tag_list(properties).map(|tags| ("tags".to_owned(), tags)));
    input.extend(encryption(properties));
    let made = call(operations, "states", "CreateActivity", input.into()).await?;
    let arn = text(&made, "activityArn").to_owned();
    let attributes = [("Arn".to_owned(), arn.clone()), ("Name".to_owned(), name)].into();
    Ok(Attributes { reference: arn, attributes })
}

/// Only tags can change: CreateActivity ignores them on an activity that exists.
pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    retag_in_states(operations, &made.reference, old, new).await?;
    Ok(Updated::InPlace(made.clone()))
}
