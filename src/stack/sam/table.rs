//! `AWS::Serverless::SimpleTable`.

use serde_json::{Map, Value, json};

use super::{Made, Source, TABLE, tags};

/// Makes a table with one key.
pub(super) fn translate(mut source: Source, made: &mut Made) {
    let key = source.take("PrimaryKey");
    let member = |name: &str| key.as_ref().and_then(|key| key.get(name)).cloned();
    let name = member("Name").unwrap_or_else(|| json!("id"));
    let kind = match member("Type").as_ref().and_then(Value::as_str) {
        Some("Number") => "N",
        Some("Binary") => "B",
        Some(_) | None => "S",
    };
    let mut properties = Map::from_iter([
        ("AttributeDefinitions".to_owned(), json!([{ "AttributeName": name, "AttributeType": kind }])),
        ("KeySchema".to_owned(), json!([{ "AttributeName": name, "KeyType": "HASH" }])),
    ]);
    match source.take("ProvisionedThroughput") {
        Some(throughput) => {
            properties.insert("ProvisionedThroughput".to_owned(), throughput);
        }
        None => {
            properties.insert("BillingMode".to_owned(), json!("PAY_PER_REQUEST"));
        }
    }
    source.rename(
        &[
            ("TableName", "TableName"),
            ("SSESpecification", "SSESpecification"),
            ("PointInTimeRecoverySpecification", "PointInTimeRecoverySpecification"),
        ],
        &mut properties,
    );
    if let Some(own) = source.take("Tags") {
        properties.insert("Tags".to_owned(), tags(Some(own), None));
    }
    source.refuse_rest(TABLE, made);
    let id = source.id.clone();
    made.put(id, "AWS::DynamoDB::Table", properties, &source);
}
