//! `AWS::SSM::Parameter`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html>

use serde_json::{Map, Value, json};

use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, renamed,
};

/// A parameter.
pub(super) static ROW: Row = Row {
    type_name: "AWS::SSM::Parameter",
    properties: &[
        "Name",
        "Type",
        "Value",
        "Description",
        "Tags",
        "Tier",
        "DataType",
        "AllowedPattern",
        "Policies",
    ],
    identity: &["Name"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, "ssm", "DeleteParameter", json!({ "Name": made.reference })))
    },
    guess: |id| (id.to_owned(), vec![("Type", "String".to_owned()), ("Value", String::new())]),
    ..Row::PLAIN
};

const SAME: &[(&str, &str)] = &[
    ("Type", "Type"),
    ("Value", "Value"),
    ("Description", "Description"),
    ("Tier", "Tier"),
    ("DataType", "DataType"),
    ("AllowedPattern", "AllowedPattern"),
    ("Policies", "Policies"),
];

fn made(name: String, properties: &Properties) -> Attributes {
    let value = |property: &str| name_of(properties, property).unwrap_or_default();
    let attributes = ["Type", "Value"].map(|name| (name.to_owned(), value(name)));
    Attributes { reference: name, attributes: attributes.into() }
}

/// Tags, which are a map here, as a list.
fn tags(properties: &Properties) -> Map<String, Value> {
    properties.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn listed(tags: &Map<String, Value>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": super::patch_value(Some(value)) })).collect()
}

/// The name that a parameter gets.
pub(super) fn name(naming: &Naming<'_>, properties: &Properties) -> String {
    name_of(properties, "Name").unwrap_or_else(|| format!("CFN-{}", naming.generated(512)))
}

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name(naming, properties);
    let mut input = renamed(properties, SAME);
    input.insert("Name".to_owned(), json!(name));
    input.insert("Tags".to_owned(), listed(&tags(properties)));
    call(operations, "ssm", "PutParameter", input.into()).await?;
    Ok(made(name, properties))
}

async fn update(
    operations: &dyn Operations,
    before: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let name = &before.reference;
    let mut input = renamed(new, SAME);
    input.insert("Name".to_owned(), json!(name));
    input.insert("Overwrite".to_owned(), json!(true));
    call(operations, "ssm", "PutParameter", input.into()).await?;
    let (was, is) = (tags(old), tags(new));
    let gone: Vec<&String> = was.keys().filter(|key| !is.contains_key(*key)).collect();
    if !gone.is_empty() {
        let input = json!({ "ResourceType": "Parameter", "ResourceId": name, "TagKeys": gone });
        call(operations, "ssm", "RemoveTagsFromResource", input).await?;
    }
    if is != was && !is.is_empty() {
        let input = json!({ "ResourceType": "Parameter", "ResourceId": name, "Tags": listed(&is) });
        call(operations, "ssm", "AddTagsToResource", input).await?;
    }
    Ok(Updated::InPlace(made(name.clone(), new)))
}
