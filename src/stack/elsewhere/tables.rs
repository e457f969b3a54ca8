//! `AWS::DynamoDB::Table`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html>

use serde_json::{Value, json};

use super::{Native, Place, Tagging, fit, given, made, member, or_there, tag_list, text};
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Naming, Properties};
use crate::stack::operations::OperationError;

/// A table.
pub(super) static TABLE: Native = Native {
    type_name: "AWS::DynamoDB::Table",
    identity: &["TableName", "KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification"],
    create: |place, naming, properties| Box::pin(create(place, naming, properties)),
    update: |place, made, old, new| Box::pin(update(place, made, old, new)),
    delete: |place, made, _| Box::pin(delete(place, &made.reference)),
};

const SERVICE: &str = "dynamodb";
const TAGGING: Tagging = Tagging::by_list(SERVICE, "ResourceArn");
const NUMBERS: &[&str] = &["ReadCapacityUnits", "WriteCapacityUnits"];
const TRUTHS: &[&str] =
    &["DeletionProtectionEnabled", "Enabled", "PointInTimeRecoveryEnabled", "SSEEnabled", "StreamEnabled"];
/// Properties that CreateTable takes as they are.
const SAME: &[&str] = &[
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
    "TableClass",
];

fn fitted(properties: &Properties) -> Properties {
    let mut value = Value::Object(properties.clone());
    fit(&mut value, NUMBERS, TRUTHS);
    value.as_object().cloned().unwrap_or_default()
}

/// What both CreateTable and UpdateTable call otherwise than templates do.
fn stream(properties: &Properties) -> Option<Value> {
    let kind = properties.get("StreamSpecification")?.get("StreamViewType")?;
    Some(json!({ "StreamEnabled": true, "StreamViewType": kind }))
}

async fn create(
    place: &Place<'_>,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let properties = &fitted(properties);
    let named = text(properties, "TableName");
    let is_named = named.is_some();
    let name = named.unwrap_or_else(|| naming.generated(255));
    let mut input = given(properties, SAME);
    input.insert("TableName".to_owned(), json!(name));
    input.extend(stream(properties).map(|stream| ("StreamSpecification".to_owned(), stream)));
    if let Some(sse) = properties.get("SSESpecification") {
        let sse = json!({
            "Enabled": sse.get("SSEEnabled"), "KMSMasterKeyId": sse.get("KMSMasterKeyId"), "SSEType": sse.get("SSEType"),
        });
        input.insert("SSESpecification".to_owned(), without_nulls(sse));
    }
    input.extend(tag_list(properties).map(|tags| ("Tags".to_owned(), tags)));
    or_there(place.call(SERVICE, "CreateTable", input.into()).await, naming, is_named)?;
    let table = ready(place, &name).await?;
    if let Err(error) = settle(place, &name, &Properties::new(), properties).await {
        // A table that is not what it should be, is nobody's.
        let _gone = delete(place, &name).await;
        return Err(error);
    }
    Ok(attributes(&name, &table))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}

/// The table once it can be used.
async fn ready(place: &Place<'_>, name: &str) -> Result<Value, OperationError> {
    let mut waiting = place.waiting();
    loop {
        let found = place.call(SERVICE, "DescribeTable", json!({ "TableName": name })).await?;
        let table = found.get("Table").cloned().unwrap_or_default();
        let indexes = table.get("GlobalSecondaryIndexes").and_then(Value::as_array);
        let all = indexes.into_iter().flatten().map(|index| member(index, "IndexStatus"));
        let is_ready = member(&table, "TableStatus") == "ACTIVE"
            && all.into_iter().all(|status| status.is_empty() || status == "ACTIVE");
        if is_ready {
            return Ok(table);
        }
        waiting.pause(place, "the table").await?;
    }
}

fn attributes(name: &str, table: &Value) -> Attributes {
    let stream = member(table, "LatestStreamArn");
    let mut made = made(name, &[("Arn", &member(table, "TableArn"))]);
    if !stream.is_empty() {
        made.attributes.insert("StreamArn".to_owned(), stream);
    }
    made
}

/// What has operations of its own: time to live, and recovery.
async fn settle(
    place: &Place<'_>,
    name: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    const TTL: &str = "TimeToLiveSpecification";
    if old.get(TTL) != new.get(TTL) {
        let off =
            old.get(TTL).map(|old| json!({ "AttributeName": old.get("AttributeName"), "Enabled": false }));
        if let Some(wanted) = new.get(TTL).cloned().or(off) {
            let input = json!({ "TableName": name, TTL: wanted });
            place.call(SERVICE, "UpdateTimeToLive", input).await?;
        }
    }
    const RECOVERY: &str = "PointInTimeRecoverySpecification";
    if old.get(RECOVERY) != new.get(RECOVERY) {
        let wanted = new.get(RECOVERY).cloned();
        let wanted = wanted.unwrap_or_else(|| json!({ "PointInTimeRecoveryEnabled": false }));
        let input = json!({ "TableName": name, RECOVERY: wanted });
        place.call(SERVICE, "UpdateContinuousBackups", input).await?;
    }
    Ok(())
}

async fn update(
    place: &Place<'_>,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Attributes, OperationError> {
    let (old, new) = (&fitted(old), &fitted(new));
    let name = made.reference.as_str();
    const CHANGEABLE: &[&str] =
        &["BillingMode", "DeletionProtectionEnabled", "ProvisionedThroughput", "TableClass"];
    let mut input = given(new, CHANGEABLE);
    input.retain(|property, value| old.get(property) != Some(value));
    if stream(old) != stream(new) {
        let wanted = stream(new).unwrap_or_else(|| json!({ "StreamEnabled": false }));
        input.insert("StreamSpecification".to_owned(), wanted);
    }
    if !input.is_empty() {
        input.insert("TableName".to_owned(), json!(name));
        place.call(SERVICE, "UpdateTable", input.into()).await?;
        ready(place, name).await?;
    }
    for change in index_changes(old, new) {
        let input = json!({
            "TableName": name, "AttributeDefinitions": new.get("AttributeDefinitions"),
            "GlobalSecondaryIndexUpdates": [change],
        });
        place.call(SERVICE, "UpdateTable", without_nulls(input)).await?;
        ready(place, name).await?;
    }
    settle(place, name, old, new).await?;
    let table = ready(place, name).await?;
    let arn = member(&table, "TableArn");
    TAGGING.change(place, &arn, old, new).await?;
    Ok(attributes(name, &table))
}

/// One index at a time is made or removed; one whose keys change is both.
fn index_changes(old: &Properties, new: &Properties) -> Vec<Value> {
    let indexes = |properties: &Properties| {
        let all = properties.get("GlobalSecondaryIndexes").and_then(Value::as_array);
        all.cloned().unwrap_or_default()
    };
    let (was, is) = (indexes(old), indexes(new));
    let name = |index: &Value| member(index, "IndexName");
    let keys = |index: &Value| (index.get("KeySchema").cloned(), index.get("Projection").cloned());
    let same = |one: &Value, all: &[Value]| {
        all.iter().find(|other| name(other) == name(one) && keys(other) == keys(one)).cloned()
    };
    let gone = was.iter().filter(|index| same(index, &is).is_none());
    let gone = gone.map(|index| json!({ "Delete": { "IndexName": name(index) } }));
    let changed = is.iter().filter_map(|index| match same(index, &was) {
        None => Some(json!({ "Create": index })),
        Some(before) if before.get("ProvisionedThroughput") != index.get("ProvisionedThroughput") => {
            let throughput = index.get("ProvisionedThroughput")?;
            Some(json!({ "Update": { "IndexName": name(index), "ProvisionedThroughput": throughput } }))
        }
        Some(_) => None,
    });
    gone.chain(changed).collect()
}

async fn delete(place: &Place<'_>, name: &str) -> Result<(), OperationError> {
    let named = json!({ "TableName": name });
    place.call(SERVICE, "DeleteTable", named.clone()).await?;
    place.until_gone((SERVICE, "DescribeTable"), named, "the deletion of the table").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_changed_one_by_one() {
        let index = |name: &str, key: &str, units: u32| {
            json!({
                "IndexName": name, "KeySchema": [{ "AttributeName": key }],
                "ProvisionedThroughput": { "ReadCapacityUnits": units },
            })
        };
        let of = |indexes: Value| json!({ "GlobalSecondaryIndexes": indexes }).as_object().unwrap().clone();
        let old = of(json!([
            index("same", "k", 1),
            index("gone", "k", 1),
            index("other", "k", 1),
            index("more", "k", 1)
        ]));
        let new = of(json!([
            index("same", "k", 1),
            index("other", "l", 1),
            index("more", "k", 2),
            index("new", "k", 1)
        ]));
        let want = [
            json!({ "Delete": { "IndexName": "gone" } }),
            json!({ "Delete": { "IndexName": "other" } }),
            json!({ "Create": index("other", "l", 1) }),
            json!({ "Update": { "IndexName": "more", "ProvisionedThroughput": { "ReadCapacityUnits": 2 } } }),
            json!({ "Create": index("new", "k", 1) }),
        ];
        assert_eq!(index_changes(&old, &new), want);
    }
}
