//! `AWS::Lambda::Url`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-url.html>

use serde_json::{Map, Value, json};

use super::function::{LAMBDA, lambda_arn};
use super::{Attributes, OperationError, Operations, Properties, Row, Updated, call, renamed, text};

/// An HTTP address of a function.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Lambda::Url",
    properties: &["TargetFunctionArn", "Qualifier", "AuthType", "Cors", "InvokeMode"],
    identity: &["TargetFunctionArn", "Qualifier"],
    create: |operations, _, properties| {
        Box::pin(async move {
            let input = configuration(properties);
            Ok(attributes(&call(operations, LAMBDA, "CreateFunctionUrlConfig", input.into()).await?))
        })
    },
    update: |operations, _, _, new| {
        Box::pin(async move {
            let mut input = configuration(new);
            // What the template no longer says is as it was in the beginning.
            input.entry("Cors").or_insert_with(|| json!({}));
            input.entry("InvokeMode").or_insert_with(|| json!("BUFFERED"));
            let updated = call(operations, LAMBDA, "UpdateFunctionUrlConfig", input.into()).await?;
            Ok(Updated::InPlace(attributes(&updated)))
        })
    },
    delete: |operations, _, properties| Box::pin(delete(operations, properties)),
    guess: |id| {
        let arn = lambda_arn("function", id);
        let url = format!("https://{}.lambda-url.us-east-1.on.aws/", "a".repeat(32));
        (arn.clone(), vec![("FunctionArn", arn), ("FunctionUrl", url)])
    },
    ..Row::PLAIN
};

const NAMED: &[(&str, &str)] = &[("TargetFunctionArn", "FunctionName"), ("Qualifier", "Qualifier")];

fn configuration(properties: &Properties) -> Map<String, Value> {
    let mut input = renamed(properties, NAMED);
    let members = [("AuthType", "AuthType"), ("Cors", "Cors"), ("InvokeMode", "InvokeMode")];
    input.extend(renamed(properties, &members));
    input
}

fn attributes(answer: &Value) -> Attributes {
    let (arn, url) = (text(answer, "FunctionArn").to_owned(), text(answer, "FunctionUrl").to_owned());
    let attributes = [("FunctionArn".to_owned(), arn.clone()), ("FunctionUrl".to_owned(), url)];
    Attributes { reference: arn, attributes: attributes.into() }
}

async fn delete(operations: &dyn Operations, properties: &Properties) -> Result<Value, OperationError> {
    let input = Value::Object(renamed(properties, NAMED));
    call(operations, LAMBDA, "DeleteFunctionUrlConfig", input).await
}
