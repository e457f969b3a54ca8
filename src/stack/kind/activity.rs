//! `AWS::StepFunctions::Activity`.

use serde_json::{Map, json};

use super::{Attributes, Naming, OperationError, Operations, Properties, Updated, call, tag_list, text};

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = properties.get("Name").and_then(|v| v.as_str()).map(str::to_owned);
    let name = name.unwrap_or_else(|| naming.generated(80));
    let mut input = Map::from_iter([("name".to_owned(), json!(name))]);
    input.extend(tag_list(properties).map(|tags| ("tags".to_owned(), tags)));
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
    let keys = tag_list(old).into_iter().flat_map(|tags| {
        let keys = tags.as_array().into_iter().flatten().filter_map(|t| t.get("key").cloned());
        keys.collect::<Vec<_>>()
    });
    let keys: Vec<_> = keys.collect();
    if !keys.is_empty() {
        let input = json!({ "resourceArn": made.reference, "tagKeys": keys });
        call(operations, "states", "UntagResource", input).await?;
    }
    if let Some(tags) = tag_list(new) {
        call(operations, "states", "TagResource", json!({ "resourceArn": made.reference, "tags": tags }))
            .await?;
    }
    Ok(Updated::InPlace(made.clone()))
}
