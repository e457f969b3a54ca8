//! The model's policy templates, as far as anything here could use what they grant.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html>

use serde_json::{Value, json};

/// A policy template: the parameters that it takes, the actions that it grants and on what. `{}` is the value of a
/// parameter, of which there is at most one.
struct Template {
    name: &'static str,
    parameter: Option<&'static str>,
    grants: &'static [(&'static [&'static str], &'static [&'static str])],
}

const fn template(
    name: &'static str,
    parameter: &'static str,
    grants: &'static [(&'static [&'static str], &'static [&'static str])],
) -> Template {
    Template { name, parameter: Some(parameter), grants }
}

/// An ARN of something in this account and region.
macro_rules! arn {
    ($service:literal, $resource:literal) => {
        concat!("arn:${AWS::Partition}:", $service, ":${AWS::Region}:${AWS::AccountId}:", $resource)
    };
}

const BUCKET: &[&str] = &["arn:${AWS::Partition}:s3:::{}", "arn:${AWS::Partition}:s3:::{}/*"];
const TABLE: &[&str] = &[arn!("dynamodb", "table/{}"), arn!("dynamodb", "table/{}/index/*")];
const QUEUE: &[&str] = &[arn!("sqs", "{}")];
const TOPIC: &[&str] = &[arn!("sns", "{}")];
const KEY: &[&str] = &[arn!("kms", "key/{}")];
const STREAM: &[&str] = &[arn!("kinesis", "stream/{}")];

const TEMPLATES: &[Template] = &[
    template(
        "LambdaInvokePolicy",
        "FunctionName",
        &[(&["lambda:InvokeFunction"], &[arn!("lambda", "function:{}*")])],
    ),
    template(
        "StepFunctionsExecutionPolicy",
        "StateMachineName",
        &[(&["states:StartExecution"], &[arn!("states", "stateMachine:{}")])],
    ),
    template(
        "DynamoDBCrudPolicy",
        "TableName",
        &[(
            &[
                "dynamodb:GetItem",
                "dynamodb:DeleteItem",
                "dynamodb:PutItem",
                "dynamodb:Scan",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
                "dynamodb:BatchWriteItem",
                "dynamodb:BatchGetItem",
                "dynamodb:DescribeTable",
                "dynamodb:ConditionCheckItem",
            ],
            TABLE,
        )],
    ),
    template(
        "DynamoDBReadPolicy",
        "TableName",
        &[(
            &[
                "dynamodb:GetItem",
                "dynamodb:Scan",
                "dynamodb:Query",
                "dynamodb:BatchGetItem",
                "dynamodb:DescribeTable",
            ],
            TABLE,
        )],
    ),
    template(
        "DynamoDBWritePolicy",
        "TableName",
        &[(&["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"], TABLE)],
    ),
    template(
        "S3ReadPolicy",
        "BucketName",
        &[(
            &[
                "s3:GetObject",
                "s3:ListBucket",
                "s3:GetBucketLocation",
                "s3:GetObjectVersion",
                "s3:GetLifecycleConfiguration",
            ],
            BUCKET,
        )],
    ),
    template(
        "S3WritePolicy",
        "BucketName",
        &[(&["s3:PutObject", "s3:PutObjectAcl", "s3:PutLifecycleConfiguration"], BUCKET)],
    ),
    template(
        "S3CrudPolicy",
        "BucketName",
        &[(
            &[
                "s3:GetObject",
                "s3:ListBucket",
                "s3:GetBucketLocation",
                "s3:GetObjectVersion",
                "s3:PutObject",
                "s3:PutObjectAcl",
                "s3:GetLifecycleConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:DeleteObject",
            ],
            BUCKET,
        )],
    ),
    template("SQSSendMessagePolicy", "QueueName", &[(&["sqs:SendMessage*"], QUEUE)]),
    template(
        "SQSPollerPolicy",
        "QueueName",
        &[(
            &[
                "sqs:ChangeMessageVisibility",
                "sqs:ChangeMessageVisibilityBatch",
                "sqs:DeleteMessage",
                "sqs:DeleteMessageBatch",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ],
            QUEUE,
        )],
    ),
    template("SNSPublishMessagePolicy", "TopicName", &[(&["sns:Publish"], TOPIC)]),
    template("KMSDecryptPolicy", "KeyId", &[(&["kms:Decrypt"], KEY)]),
    template("KMSEncryptPolicy", "KeyId", &[(&["kms:Encrypt"], KEY)]),
    template(
        "AWSSecretsManagerGetSecretValuePolicy",
        "SecretArn",
        &[(&["secretsmanager:GetSecretValue"], &["{}"])],
    ),
    template(
        "SSMParameterReadPolicy",
        "ParameterName",
        &[
            (&["ssm:DescribeParameters"], &["*"]),
            (
                &["ssm:GetParameters", "ssm:GetParameter", "ssm:GetParametersByPath"],
                &[arn!("ssm", "parameter/{}")],
            ),
        ],
    ),
    template(
        "EventBridgePutEventsPolicy",
        "EventBusName",
        &[(&["events:PutEvents"], &[arn!("events", "event-bus/{}")])],
    ),
    template(
        "KinesisStreamReadPolicy",
        "StreamName",
        &[
            (&["kinesis:ListStreams", "kinesis:DescribeLimits"], &[arn!("kinesis", "stream/*")]),
            (
                &[
                    "kinesis:DescribeStream",
                    "kinesis:DescribeStreamSummary",
                    "kinesis:GetRecords",
                    "kinesis:GetShardIterator",
                ],
                STREAM,
            ),
        ],
    ),
    Template {
        name: "CloudWatchPutMetricPolicy",
        parameter: None,
        grants: &[(&["cloudwatch:PutMetricData"], &["*"])],
    },
    Template {
        name: "VPCAccessPolicy",
        parameter: None,
        grants: &[(
            &[
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DetachNetworkInterface",
            ],
            &["*"],
        )],
    },
];

/// The statements of the template `name` with these parameters.
///
/// # Errors
/// What is wrong with them.
pub(super) fn statements(name: &str, parameters: &Value) -> Result<Vec<Value>, String> {
    let template = TEMPLATES.iter().find(|template| template.name == name);
    let template = template.ok_or_else(|| format!("the policy template {name} is not supported"))?;
    let given = parameters.as_object();
    let value = match template.parameter {
        None => None,
        Some(parameter) => {
            let value = given.and_then(|given| given.get(parameter));
            Some(value.ok_or_else(|| format!("the policy template {name} needs {parameter}"))?)
        }
    };
    let known = |key: &String| template.parameter == Some(key.as_str());
    if let Some(other) = given.and_then(|given| given.keys().find(|key| !known(key))) {
        return Err(format!("the policy template {name} has no parameter {other}"));
    }
    let statements = template.grants.iter().map(|(actions, resources)| {
        let resources: Vec<Value> = resources.iter().map(|resource| on(resource, value)).collect();
        json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
    });
    Ok(statements.collect())
}

/// A resource with the parameter's value.
fn on(resource: &str, value: Option<&Value>) -> Value {
    match value {
        _ if resource == "*" => json!("*"),
        Some(value) if resource == "{}" => value.clone(),
        Some(value) if resource.contains("{}") => {
            json!({ "Fn::Sub": [resource.replace("{}", "${value}"), { "value": value }] })
        }
        _ => json!({ "Fn::Sub": resource }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_grant_what_they_name_on_what_they_are_given() {
        let found = statements("LambdaInvokePolicy", &json!({"FunctionName": {"Ref": "F"}})).unwrap();
        let arn = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${value}*";
        assert_eq!(
            found,
            [json!({
                "Effect": "Allow", "Action": ["lambda:InvokeFunction"],
                "Resource": [{"Fn::Sub": [arn, {"value": {"Ref": "F"}}]}],
            })]
        );
        assert!(statements("VPCAccessPolicy", &json!({})).is_ok());
        for (name, parameters) in [
            ("NopePolicy", json!({})),
            ("LambdaInvokePolicy", json!({})),
            ("LambdaInvokePolicy", json!({"FunctionName": "f", "More": 1})),
        ] {
            assert!(statements(name, &parameters).is_err(), "{name} {parameters}");
        }
    }
}
