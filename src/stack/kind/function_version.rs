//! `AWS::Lambda::Version`: published once, never changed.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html>

use serde_json::{Value, json};

use super::function::{LAMBDA, lambda_arn};
use super::{Attributes, OperationError, Operations, Properties, Row, Updated, call, renamed, text};

/// A function as it was at one moment.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Lambda::Version",
    properties: &["FunctionName", "CodeSha256", "Description", PROVISIONED],
    identity: &["FunctionName", "CodeSha256", "Description"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| {
        Box::pin(async move {
            let qualifier = made.attributes.get("Version").cloned().unwrap_or_default();
            provision(operations, new.get("FunctionName"), &qualifier, old, new).await?;
            Ok(Updated::InPlace(made.clone()))
        })
    },
    delete: |operations, made, _| {
        Box::pin(call(operations, LAMBDA, "DeleteFunction", json!({ "FunctionName": made.reference })))
    },
    guess: |id| {
        let arn = format!("{}:1", lambda_arn("function", id));
        (arn.clone(), vec![("FunctionArn", arn), ("Version", "1".to_owned())])
    },
    ..Row::PLAIN
};

const PROVISIONED: &str = "ProvisionedConcurrencyConfig";

async fn create(operations: &dyn Operations, properties: &Properties) -> Result<Attributes, OperationError> {
    const MEMBERS: &[(&str, &str)] =
        &[("FunctionName", "FunctionName"), ("CodeSha256", "CodeSha256"), ("Description", "Description")];
    let newest = newest(operations, properties).await?;
    let made = call(operations, LAMBDA, "PublishVersion", renamed(properties, MEMBERS).into()).await?;
    let (arn, version) = (text(&made, "FunctionArn").to_owned(), text(&made, "Version").to_owned());
    // What has not changed is not published again. As on AWS, a version belongs to one resource.
    if newest.as_ref() == Some(&version) {
        return Err(OperationError {
            operation: "PublishVersion",
            code: "AlreadyExists".to_owned(),
            message: format!(
                "A version for this Lambda function exists ( {version} ). Modify the function to create a new version."
            ),
        });
    }
    let provisioned =
        provision(operations, properties.get("FunctionName"), &version, &Properties::new(), properties).await;
    if let Err(error) = provisioned {
        call(operations, LAMBDA, "DeleteFunction", json!({ "FunctionName": arn })).await?;
        return Err(error);
    }
    let attributes = [("FunctionArn".to_owned(), arn.clone()), ("Version".to_owned(), version)];
    Ok(Attributes { reference: arn, attributes: attributes.into() })
}

/// The number of the version that was published last, if there is one.
async fn newest(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Option<String>, OperationError> {
    let mut input = json!({ "FunctionName": properties.get("FunctionName") });
    let mut newest = None;
    loop {
        let page = call(operations, LAMBDA, "ListVersionsByFunction", input.clone()).await?;
        let versions = page.get("Versions").and_then(Value::as_array).into_iter().flatten();
        let mut numbers =
            versions.map(|version| text(version, "Version")).filter(|version| *version != "$LATEST");
        newest = numbers.next_back().map(str::to_owned).or(newest);
        match page.get("NextMarker") {
            Some(marker) => input["Marker"] = marker.clone(),
            None => return Ok(newest),
        }
    }
}

/// Keeps instances of a version or an alias started, as `new` has it.
pub(super) async fn provision(
    operations: &dyn Operations,
    function: Option<&Value>,
    qualifier: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    if old.get(PROVISIONED) == new.get(PROVISIONED) {
        return Ok(());
    }
    let mut input = json!({ "FunctionName": function, "Qualifier": qualifier });
    match new.get(PROVISIONED) {
        Some(config) => {
            const MEMBER: &str = "ProvisionedConcurrentExecutions";
            input[MEMBER] = config.get(MEMBER).cloned().unwrap_or_default();
            call(operations, LAMBDA, "PutProvisionedConcurrencyConfig", input).await?;
        }
        None => {
            call(operations, LAMBDA, "DeleteProvisionedConcurrencyConfig", input).await?;
        }
    }
    Ok(())
}
