//! `AWS::StepFunctions::Activity`.

use serde_json::{Map, json};

use super::state_machine::{encryption, refuse_existing};
use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, retag_in_states,
    states_arn, tag_list, text,
};
use crate::id::AccountRegion;

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
    let given = name_of(properties, "Name");
    if let Some(name) = &given {
        let arn = arn(naming, name);
        let described = call(operations, "states", "DescribeActivity", json!({ "activityArn": arn })).await;
        refuse_existing(described, ROW.type_name, &arn)?;
    }
    let name = given.unwrap_or_else(|| naming.generated(80));
    let mut input = Map::from_iter([("name".to_owned(), json!(name))]);
    input.extend(tag_list(properties).map(|tags| ("tags".to_owned(), tags)));
    input.extend(encryption(properties));
    let made = call(operations, "states", "CreateActivity", input.into()).await?;
    let arn = text(&made, "activityArn").to_owned();
    let attributes = [("Arn".to_owned(), arn.clone()), ("Name".to_owned(), name)].into();
    Ok(Attributes { reference: arn, attributes })
}

/// The ARN of the activity of this name.
pub(super) fn arn(naming: &Naming<'_>, name: &str) -> String {
    let AccountRegion { account, region } = naming.home;
    format!("arn:{}:states:{region}:{account}:activity:{name}", region.partition())
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
