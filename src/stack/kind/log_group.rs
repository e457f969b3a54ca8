//! `AWS::Logs::LogGroup`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html>

use serde_json::{Map, Value, json};

use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, tag_map, text,
};

/// A log group.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Logs::LogGroup",
    properties: &["LogGroupName", "RetentionInDays", "Tags", "LogGroupClass"],
    identity: &["LogGroupName", "LogGroupClass"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, "logs", "DeleteLogGroup", json!({ "logGroupName": made.reference })))
    },
    guess: |id| {
        let arn = format!("arn:aws:logs:us-east-1:123456789012:log-group:{id}:*");
        (id.to_owned(), vec![("Arn", arn)])
    },
    ..Row::PLAIN
};

/// The name that a group gets.
pub(super) fn name(naming: &Naming<'_>, properties: &Properties) -> String {
    name_of(properties, "LogGroupName").unwrap_or_else(|| naming.generated(512))
}

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name(naming, properties);
    let mut input = Map::from_iter([("logGroupName".to_owned(), json!(name))]);
    input.extend(tag_map(properties).map(|tags| ("tags".to_owned(), tags)));
    input
        .extend(name_of(properties, "LogGroupClass").map(|class| ("logGroupClass".to_owned(), json!(class))));
    call(operations, "logs", "CreateLogGroup", input.into()).await?;
    if let Some(days) = properties.get("RetentionInDays").filter(|days| !days.is_null()) {
        let input = json!({ "logGroupName": name, "retentionInDays": days });
        if let Err(error) = call(operations, "logs", "PutRetentionPolicy", input).await {
            // A group that is not what it should be, is nobody's.
            let _gone = call(operations, "logs", "DeleteLogGroup", json!({ "logGroupName": name })).await;
            return Err(error);
        }
    }
    let input = json!({ "logGroupNamePrefix": name });
    let found = call(operations, "logs", "DescribeLogGroups", input).await?;
    let groups = found.get("logGroups").and_then(Value::as_array).into_iter().flatten();
    let arn =
        groups.into_iter().find(|group| text(group, "logGroupName") == name).map(|group| text(group, "arn"));
    let attributes = [("Arn".to_owned(), arn.unwrap_or_default().to_owned())].into();
    Ok(Attributes { reference: name, attributes })
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let name = &made.reference;
    if old.get("RetentionInDays") != new.get("RetentionInDays") {
        match new.get("RetentionInDays").filter(|days| !days.is_null()) {
            Some(days) => {
                let input = json!({ "logGroupName": name, "retentionInDays": days });
                call(operations, "logs", "PutRetentionPolicy", input).await?;
            }
            None => {
                call(operations, "logs", "DeleteRetentionPolicy", json!({ "logGroupName": name })).await?;
            }
        }
    }
    let tags =
        |properties| tag_map(properties).and_then(|tags| tags.as_object().cloned()).unwrap_or_default();
    let (was, is) = (tags(old), tags(new));
    let arn = made.attributes.get("Arn").map_or("", |arn| arn.strip_suffix(":*").unwrap_or(arn));
    let gone: Vec<&String> = was.keys().filter(|key| !is.contains_key(*key)).collect();
    if !gone.is_empty() {
        let input = json!({ "resourceArn": arn, "tagKeys": gone });
        call(operations, "logs", "UntagResource", input).await?;
    }
    if is != was && !is.is_empty() {
        call(operations, "logs", "TagResource", json!({ "resourceArn": arn, "tags": is })).await?;
    }
    Ok(Updated::InPlace(made.clone()))
}
