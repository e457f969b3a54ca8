//! Connectors: what lets one resource use another, as `AWS::Serverless::Connector` or in the attribute `Connectors` of the
//! resource that uses it.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/reference-sam-connector.html>

use serde_json::{Map, Value, json};

use super::{Made, function::alphanumeric, listed};

/// The type.
pub(super) const CONNECTOR: &str = "AWS::Serverless::Connector";

const API: &str = "AWS::ApiGateway::RestApi";
const BUCKET: &str = "AWS::S3::Bucket";
const BUS: &str = "AWS::Events::EventBus";
const FUNCTION: &str = "AWS::Lambda::Function";
const MACHINE: &str = "AWS::StepFunctions::StateMachine";
const QUEUE: &str = "AWS::SQS::Queue";
const RULE: &str = "AWS::Events::Rule";
const TABLE: &str = "AWS::DynamoDB::Table";
const TOPIC: &str = "AWS::SNS::Topic";

/// What a permission is about.
#[derive(Clone, Copy)]
enum On {
    /// The destination itself.
    Destination,
    /// The source itself.
    Source,
    /// What is in the destination: `/*` after its ARN, or `/index/*`.
    Within(&'static str),
    /// The executions of the destination.
    Executions,
    /// The rule that tells Step Functions how an execution ended.
    EndRule,
}

/// Who lets whom do something, and how.
enum Grant {
    /// The source's own role.
    SourceRole(&'static [Statement]),
    /// The destination's own role.
    DestinationRole(&'static [Statement]),
    /// The policy of the function that is the destination, for this service.
    Function(&'static str),
    /// The policy of the queue or topic that is the destination: its type and its property, for this service and action.
    Policy(&'static str, &'static str, &'static str, &'static str),
}

struct Statement {
    /// `Read` or `Write`.
    category: &'static str,
    actions: &'static [&'static str],
    on: &'static [On],
}

const fn may(category: &'static str, actions: &'static [&'static str], on: &'static [On]) -> Statement {
    Statement { category, actions, on }
}

const INVOKE: &[Statement] =
    &[may("Write", &["lambda:InvokeAsync", "lambda:InvokeFunction"], &[On::Destination])];
const PUBLISH: &[Statement] = &[may("Write", &["sns:Publish"], &[On::Destination])];
const PUT_EVENTS: &[Statement] = &[may("Write", &["events:PutEvents"], &[On::Destination])];
const OF_OBJECTS: &[On] = &[On::Destination, On::Within("/*")];
const OF_ITEMS: &[On] = &[On::Destination, On::Within("/index/*")];

/// What there is for a source and a destination.
const PROFILES: &[(&str, &str, Grant)] = &[
    (FUNCTION, FUNCTION, Grant::SourceRole(INVOKE)),
    (MACHINE, FUNCTION, Grant::SourceRole(INVOKE)),
    (FUNCTION, TOPIC, Grant::SourceRole(PUBLISH)),
    (MACHINE, TOPIC, Grant::SourceRole(PUBLISH)),
    (FUNCTION, BUS, Grant::SourceRole(PUT_EVENTS)),
    (MACHINE, BUS, Grant::SourceRole(PUT_EVENTS)),
    (MACHINE, QUEUE, Grant::SourceRole(&[may("Write", &["sqs:SendMessage"], &[On::Destination])])),
    (
        FUNCTION,
        QUEUE,
        Grant::SourceRole(&[
            may("Read", &["sqs:ReceiveMessage", "sqs:GetQueueAttributes"], &[On::Destination]),
            may(
                "Write",
                &["sqs:DeleteMessage", "sqs:SendMessage", "sqs:ChangeMessageVisibility", "sqs:PurgeQueue"],
                &[On::Destination],
            ),
        ]),
    ),
    (
        QUEUE,
        FUNCTION,
        Grant::DestinationRole(&[
            may("Read", &["sqs:ReceiveMessage", "sqs:GetQueueAttributes"], &[On::Source]),
            may("Write", &["sqs:DeleteMessage"], &[On::Source]),
        ]),
    ),
    (
        FUNCTION,
        MACHINE,
        Grant::SourceRole(&[
            may("Read", &["states:DescribeStateMachine", "states:ListExecutions"], &[On::Destination]),
            may(
                "Read",
                &[
                    "states:DescribeExecution",
                    "states:DescribeStateMachineForExecution",
                    "states:GetExecutionHistory",
                ],
                &[On::Executions],
            ),
            may("Write", &["states:StartExecution", "states:StartSyncExecution"], &[On::Destination]),
            may("Write", &["states:StopExecution"], &[On::Executions]),
        ]),
    ),
    (
        MACHINE,
        MACHINE,
        Grant::SourceRole(&[
            may("Read", &["states:DescribeExecution"], &[On::Executions]),
            may("Read", &["events:DescribeRule"], &[On::EndRule]),
            may("Write", &["states:StartExecution"], &[On::Destination]),
            may("Write", &["states:StopExecution"], &[On::Executions]),
            may("Write", &["events:PutTargets", "events:PutRule"], &[On::EndRule]),
        ]),
    ),
    (
        FUNCTION,
        BUCKET,
        Grant::SourceRole(&[
            may(
                "Read",
                &[
                    "s3:GetObject",
                    "s3:GetObjectAcl",
                    "s3:GetObjectLegalHold",
                    "s3:GetObjectRetention",
                    "s3:GetObjectTorrent",
                    "s3:GetObjectVersion",
                    "s3:GetObjectVersionAcl",
                    "s3:GetObjectVersionForReplication",
                    "s3:GetObjectVersionTorrent",
                    "s3:ListBucket",
                    "s3:ListBucketMultipartUploads",
                    "s3:ListBucketVersions",
                    "s3:ListMultipartUploadParts",
                ],
                OF_OBJECTS,
            ),
            may(
                "Write",
                &[
                    "s3:AbortMultipartUpload",
                    "s3:DeleteObject",
                    "s3:DeleteObjectVersion",
                    "s3:PutObject",
                    "s3:PutObjectLegalHold",
                    "s3:PutObjectRetention",
                    "s3:RestoreObject",
                ],
                OF_OBJECTS,
            ),
        ]),
    ),
    (FUNCTION, TABLE, Grant::SourceRole(OF_TABLE)),
    (MACHINE, TABLE, Grant::SourceRole(OF_TABLE)),
    (RULE, MACHINE, Grant::SourceRole(&[may("Write", &["states:StartExecution"], &[On::Destination])])),
    (API, FUNCTION, Grant::Function("apigateway.amazonaws.com")),
    (BUCKET, FUNCTION, Grant::Function("s3.amazonaws.com")),
    (RULE, FUNCTION, Grant::Function("events.amazonaws.com")),
    (TOPIC, FUNCTION, Grant::Function("sns.amazonaws.com")),
    (TOPIC, QUEUE, Grant::Policy("AWS::SQS::QueuePolicy", "Queues", "sns.amazonaws.com", "sqs:SendMessage")),
    (
        RULE,
        QUEUE,
        Grant::Policy("AWS::SQS::QueuePolicy", "Queues", "events.amazonaws.com", "sqs:SendMessage"),
    ),
    (RULE, TOPIC, Grant::Policy("AWS::SNS::TopicPolicy", "Topics", "events.amazonaws.com", "sns:Publish")),
];

const OF_TABLE: &[Statement] = &[
    may(
        "Read",
        &[
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:PartiQLSelect",
        ],
        OF_ITEMS,
    ),
    may(
        "Write",
        &[
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:PartiQLDelete",
            "dynamodb:PartiQLInsert",
            "dynamodb:PartiQLUpdate",
        ],
        OF_ITEMS,
    ),
];

/// Makes permissions of all connectors, of resources that the rest of the transform has made.
pub(super) fn translate(made: &mut Made) {
    let mut connectors = Vec::new();
    for (id, resource) in &mut made.resources {
        let at = format!("Resources/{id}");
        if resource.get("Type").and_then(Value::as_str) == Some(CONNECTOR) {
            let properties = resource.get("Properties").cloned().unwrap_or_default();
            let condition = resource.get("Condition").cloned();
            connectors.push(Connector { id: id.clone(), source: None, properties, condition, at });
            continue;
        }
        let Value::Object(resource) = resource else { continue };
        let Some(own) = resource.shift_remove("Connectors") else { continue };
        let condition = resource.get("Condition").cloned();
        for (name, connector) in own.as_object().into_iter().flatten() {
            connectors.push(Connector {
                id: format!("{id}{}", alphanumeric(name)),
                source: Some(id.clone()),
                properties: connector.get("Properties").cloned().unwrap_or_default(),
                condition: condition.clone(),
                at: format!("{at}/Connectors/{name}"),
            });
        }
    }
    made.resources.retain(|_, it| it.get("Type").and_then(Value::as_str) != Some(CONNECTOR));
    for connector in connectors {
        if let Err(problem) = connector.make(made) {
            made.refuse(&connector.at, problem);
        }
    }
}

struct Connector {
    id: String,
    /// The resource that it is written in.
    source: Option<String>,
    properties: Value,
    condition: Option<Value>,
    at: String,
}

/// A resource that is connected.
struct End<'a> {
    id: &'a str,
    kind: String,
}

fn end<'a>(id: &'a str, made: &Made) -> Result<End<'a>, String> {
    let resource = made.resources.get(id).ok_or_else(|| format!("the template has no resource {id}"))?;
    let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(End { id, kind })
}

/// The role that a resource has of the template, as policies name it.
fn role(of: &End<'_>, made: &Made) -> Option<Value> {
    let property = if of.kind == FUNCTION { "Role" } else { "RoleArn" };
    let properties = made.resources.get(of.id)?.get("Properties")?;
    let role = match of.kind.as_str() {
        RULE => properties.pointer("/Targets/0/RoleArn")?,
        _ => properties.get(property)?,
    };
    let id = match role.get("Fn::GetAtt")? {
        Value::Array(parts) => parts.first()?.as_str()?.to_owned(),
        Value::String(text) => text.split('.').next()?.to_owned(),
        _ => return None,
    };
    Some(json!({ "Ref": id }))
}

fn arn(end: &End<'_>) -> Value {
    match end.kind.as_str() {
        MACHINE | TOPIC => json!({ "Ref": end.id }),
        _ => json!({ "Fn::GetAtt": [end.id, "Arn"] }),
    }
}

impl Connector {
    fn make(&self, made: &mut Made) -> Result<(), String> {
        let named = |end: &Value| {
            let id = end.get("Id").and_then(Value::as_str).map(str::to_owned);
            id.ok_or("Source and Destination are named by the Id of a resource of the template; other forms are not supported")
        };
        let source = match &self.source {
            Some(id) => id.clone(),
            None => named(self.properties.get("Source").ok_or("Source is missing")?)?,
        };
        let qualifier = self
            .properties
            .pointer("/Source/Qualifier")
            .or_else(|| self.properties.pointer("/SourceReference/Qualifier"));
        let qualifier = qualifier.and_then(Value::as_str).unwrap_or("*").to_owned();
        let categories = self.properties.get("Permissions").cloned().map(listed).unwrap_or_default();
        let categories: Vec<&str> = categories.iter().filter_map(Value::as_str).collect();
        if categories.is_empty() {
            return Err("Permissions is missing: Read, Write or both".to_owned());
        }
        let destinations = self.properties.get("Destination").cloned().ok_or("Destination is missing")?;
        let is_list = destinations.is_array();
        for (i, destination) in listed(destinations).iter().enumerate() {
            let id = if is_list { format!("{}Destination{i}", self.id) } else { self.id.clone() };
            self.connect(&id, (&source, &qualifier), &named(destination)?, &categories, made)?;
        }
        Ok(())
    }

    fn connect(
        &self,
        id: &str,
        (source, qualifier): (&str, &str),
        destination: &str,
        categories: &[&str],
        made: &mut Made,
    ) -> Result<(), String> {
        let (source, destination) = (end(source, made)?, end(destination, made)?);
        let profile = PROFILES.iter().find(|(from, to, _)| source.kind == *from && destination.kind == *to);
        let Some((_, _, grant)) = profile else {
            return Err(format!("connectors from {} to {} are not supported", source.kind, destination.kind));
        };
        let none = || {
            let categories = categories.join(", ");
            format!(
                "Permissions {categories} are none of a connector from {} to {}",
                source.kind, destination.kind
            )
        };
        match grant {
            Grant::SourceRole(statements) | Grant::DestinationRole(statements) => {
                let of = if matches!(grant, Grant::SourceRole(_)) { &source } else { &destination };
                let no_role = || format!("{} has no role of this template that could get a policy", of.id);
                let role = role(of, made).ok_or_else(no_role)?;
                let wanted = statements.iter().filter(|statement| categories.contains(&statement.category));
                let statements: Vec<Value> =
                    wanted.map(|statement| written(statement, &source, &destination)).collect();
                if statements.is_empty() {
                    return Err(none());
                }
                let document = json!({ "Version": "2012-10-17", "Statement": statements });
                let properties = json!({ "PolicyDocument": document, "Roles": [role] });
                self.add(format!("{id}Policy"), "AWS::IAM::ManagedPolicy", properties, made);
            }
            Grant::Function(service) => {
                if categories != ["Write"] {
                    return Err(none());
                }
                let source_arn = match source.kind.as_str() {
                    API => json!({ "Fn::Sub": [
                        format!("arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/{qualifier}"),
                        { "Api": { "Ref": source.id } },
                    ] }),
                    _ => arn(&source),
                };
                let mut properties = json!({
                    "Action": "lambda:InvokeFunction", "FunctionName": arn(&destination), "Principal": service,
                    "SourceArn": source_arn,
                });
                if source.kind == BUCKET {
                    properties["SourceAccount"] = json!({ "Ref": "AWS::AccountId" });
                }
                self.add(format!("{id}WriteLambdaPermission"), "AWS::Lambda::Permission", properties, made);
            }
            Grant::Policy(kind, property, service, action) => {
                if categories != ["Write"] {
                    return Err(none());
                }
                let statement = json!({
                    "Effect": "Allow", "Principal": { "Service": service }, "Resource": arn(&destination),
                    "Action": action, "Condition": { "ArnEquals": { "aws:SourceArn": arn(&source) } },
                });
                let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
                let properties =
                    json!({ "PolicyDocument": document, *property: [{ "Ref": destination.id }] });
                let suffix = kind.rsplit(':').next().unwrap_or_default();
                self.add(format!("{id}{suffix}"), kind, properties, made);
            }
        }
        Ok(())
    }

    fn add(&self, id: String, kind: &str, properties: Value, made: &mut Made) {
        let mut resource =
            Map::from_iter([("Type".to_owned(), json!(kind)), ("Properties".to_owned(), properties)]);
        resource.extend(self.condition.clone().map(|condition| ("Condition".to_owned(), condition)));
        made.resources.insert(id, resource.into());
    }
}

fn written(statement: &Statement, source: &End<'_>, destination: &End<'_>) -> Value {
    let resources = statement.on.iter().map(|on| match on {
        On::Destination => arn(destination),
        On::Source => arn(source),
        On::Within(after) => json!({ "Fn::Join": ["", [arn(destination), after]] }),
        On::Executions => json!({ "Fn::Sub": [
            "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${Name}:*",
            { "Name": { "Fn::GetAtt": [destination.id, "Name"] } },
        ] }),
        On::EndRule => json!({ "Fn::Sub":
            "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
        }),
    });
    let resources: Vec<Value> = resources.collect();
    json!({ "Effect": "Allow", "Action": statement.actions, "Resource": resources })
}
