//! `AWS::Lambda::Alias`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-alias.html>

use serde_json::{Map, Value, json};

use super::function::{LAMBDA, lambda_arn};
use super::function_version::provision;
use super::{
    Attributes, OperationError, Operations, Properties, Row, Updated, call, name_of, one, patch_value,
    renamed, text,
};

/// A name for one or two versions of a function.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Lambda::Alias",
    properties: &[
        "FunctionName",
        "Name",
        "FunctionVersion",
        "Description",
        "RoutingConfig",
        "ProvisionedConcurrencyConfig",
    ],
    identity: &["FunctionName", "Name"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, _, properties| Box::pin(delete(operations, properties)),
    guess: |id| one("AliasArn", &format!("{}:alias", lambda_arn("function", id))),
    ..Row::PLAIN
};

async fn create(operations: &dyn Operations, properties: &Properties) -> Result<Attributes, OperationError> {
    let made = call(operations, LAMBDA, "CreateAlias", configuration(properties).into()).await?;
    if let Err(error) = provisioned(operations, &Properties::new(), properties).await {
        delete(operations, properties).await?;
        return Err(error);
    }
    let arn = text(&made, "AliasArn").to_owned();
    Ok(Attributes { attributes: [("AliasArn".to_owned(), arn.clone())].into(), reference: arn })
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let mut input = configuration(new);
    input.entry("Description").or_insert_with(|| json!(""));
    input.entry("RoutingConfig").or_insert_with(|| json!({ "AdditionalVersionWeights": {} }));
    call(operations, LAMBDA, "UpdateAlias", input.into()).await?;
    provisioned(operations, old, new).await?;
    Ok(Updated::InPlace(made.clone()))
}

async fn delete(operations: &dyn Operations, properties: &Properties) -> Result<Value, OperationError> {
    let input = renamed(properties, &[("FunctionName", "FunctionName"), ("Name", "Name")]);
    call(operations, LAMBDA, "DeleteAlias", input.into()).await
}

async fn provisioned(
    operations: &dyn Operations,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    let name = name_of(new, "Name").unwrap_or_default();
    provision(operations, new.get("FunctionName"), &name, old, new).await
}

fn configuration(properties: &Properties) -> Map<String, Value> {
    const MEMBERS: &[(&str, &str)] = &[
        ("FunctionName", "FunctionName"),
        ("Name", "Name"),
        ("FunctionVersion", "FunctionVersion"),
        ("Description", "Description"),
    ];
    let mut input = renamed(properties, MEMBERS);
    let weights = properties.get("RoutingConfig").and_then(|config| config.get("AdditionalVersionWeights"));
    if let Some(weights) = weights.and_then(Value::as_array) {
        let weight = |of: &Value| {
            let weight = of.get("FunctionWeight").cloned().unwrap_or_default();
            (patch_value(of.get("FunctionVersion")), weight)
        };
        let weights: Map<String, Value> = weights.iter().map(weight).collect();
        input.insert("RoutingConfig".to_owned(), json!({ "AdditionalVersionWeights": weights }));
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_a_map_by_version() {
        let properties = json!({
            "FunctionName": "f", "Name": "live", "FunctionVersion": "2", "Extra": 1,
            "RoutingConfig": {"AdditionalVersionWeights": [{"FunctionVersion": 1, "FunctionWeight": "0.5"}]}
        });
        let want = json!({
            "FunctionName": "f", "Name": "live", "FunctionVersion": "2",
            "RoutingConfig": {"AdditionalVersionWeights": {"1": "0.5"}}
        });
        assert_eq!(Value::Object(configuration(properties.as_object().unwrap())), want);
    }
}
