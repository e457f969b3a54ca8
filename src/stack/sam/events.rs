//! The `Events` of functions and state machines: paths of APIs. Whatever else could invoke them is refused by name.

use serde_json::{Map, Value, json};

use super::api::{Apis, Method};
use super::roles::trusted;
use super::{Made, Source, function::alphanumeric};

/// What an event invokes.
pub(super) enum Target<'a> {
    /// A function: how permissions name it, and its ARN in a text of `Fn::Sub`.
    Function { id: &'a str, name: Value, arn: String },
    /// A state machine, or the alias of one.
    StateMachine { id: &'a str, reference: String },
}

/// Adds the events of a resource.
pub(super) fn translate(
    events: Option<Value>,
    target: &Target<'_>,
    source: &Source,
    apis: &mut Apis,
    made: &mut Made,
) {
    let events = match events {
        None => return,
        Some(Value::Object(events)) => events,
        Some(_) => return made.refuse(format!("{}/Events", source.at()), "expected an object"),
    };
    for (name, event) in events {
        let at = format!("{}/Events/{name}", source.at());
        let kind = event.get("Type").and_then(Value::as_str).unwrap_or_default();
        let properties = event.get("Properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let event_of = Event { name: &name, at: &at, properties };
        match (kind, target) {
            ("Api", _) => api_event(event_of, target, source, apis, made),
            (_, Target::Function { id, name, .. }) => match polled(kind) {
                Some(polled) => polled_event(event_of, polled, (id, name), source, made),
                None => {
                    let supported = "supported are Api, SQS, Kinesis and DynamoDB";
                    made.refuse(at, format!("events of the type {kind:?} are not supported; {supported}"));
                }
            },
            (_, Target::StateMachine { .. }) => {
                made.refuse(at, format!("events of the type {kind:?} are not supported; supported are Api"));
            }
        }
    }
}

/// A type of events that are polled from a source.
pub(super) struct Polled {
    kind: &'static str,
    /// The property that names the source.
    from: &'static str,
    /// Those that mappings have, too.
    same: &'static [&'static str],
    /// The managed policy that lets a function poll it.
    pub(super) policy: &'static str,
}

const OF_QUEUES: &[&str] = &[
    "BatchSize",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "ScalingConfig",
];

const OF_STREAMS: &[&str] = &[
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "StartingPosition",
    "StartingPositionTimestamp",
    "TumblingWindowInSeconds",
];

static POLLED: &[Polled] = &[
    Polled { kind: "SQS", from: "Queue", same: OF_QUEUES, policy: "AWSLambdaSQSQueueExecutionRole" },
    Polled { kind: "Kinesis", from: "Stream", same: OF_STREAMS, policy: "AWSLambdaKinesisExecutionRole" },
    Polled { kind: "DynamoDB", from: "Stream", same: OF_STREAMS, policy: "AWSLambdaDynamoDBExecutionRole" },
];

/// The type of this name, if its events are polled.
pub(super) fn polled(kind: &str) -> Option<&'static Polled> {
    POLLED.iter().find(|polled| polled.kind == kind)
}

/// Lets a function handle what comes from a queue or a stream.
fn polled_event(
    event: Event<'_>,
    polled: &Polled,
    (id, function): (&str, &Value),
    source: &Source,
    made: &mut Made,
) {
    let Event { name, at, mut properties } = event;
    let Some(from) = properties.shift_remove(polled.from) else {
        return made.refuse(at, format!("{} is needed", polled.from));
    };
    if let Some(other) = properties.keys().find(|key| !polled.same.contains(&key.as_str())) {
        let kind = polled.kind;
        return made.refuse(at, format!("property {other} of events of the type {kind} is not supported"));
    }
    properties.insert("EventSourceArn".to_owned(), from);
    properties.insert("FunctionName".to_owned(), function.clone());
    made.add(format!("{id}{}", alphanumeric(name)), "AWS::Lambda::EventSourceMapping", properties, source);
}

struct Event<'a> {
    name: &'a str,
    at: &'a str,
    properties: Map<String, Value>,
}

/// What an event of an API may say.
const PROPERTIES: &[&str] = &[
    "Path",
    "Method",
    "RestApiId",
    "Auth",
    "RequestModel",
    "RequestParameters",
    "TimeoutInMillis",
    "UnescapeMappingTemplate",
    "ResponseTransferMode",
];

fn api_event(event: Event<'_>, target: &Target<'_>, source: &Source, apis: &mut Apis, made: &mut Made) {
    let Event { name, at, properties } = event;
    if let Some(other) = properties.keys().find(|key| !PROPERTIES.contains(&key.as_str())) {
        return made.refuse(at, format!("property {other} of events of the type Api is not supported"));
    }
    let text = |member: &str| properties.get(member).and_then(Value::as_str);
    let (Some(path), Some(method)) = (text("Path"), text("Method")) else {
        return made.refuse(at, "Path and Method are needed");
    };
    let api = match properties.get("RestApiId") {
        None => None,
        Some(Value::String(id)) => Some(id.as_str()),
        Some(other) => match other.get("Ref").and_then(Value::as_str) {
            Some(id) => Some(id),
            None => {
                return made.refuse(format!("{at}/RestApiId"), "expected a Ref to an API of the template");
            }
        },
    };
    let verb = method.to_ascii_lowercase();
    let (mut operation, id) = match target {
        Target::Function { id, name: function, arn } => {
            permission(
                &PermissionOf { id, event: name, path, verb: &verb, function },
                api,
                source,
                apis,
                made,
            );
            let mut operation = lambda_operation(arn);
            if let Some(mode) = properties.get("ResponseTransferMode") {
                operation["x-amazon-apigateway-integration"]["responseTransferMode"] = mode.clone();
            }
            (operation, *id)
        }
        Target::StateMachine { id, reference } => {
            let role = format!("{id}{}Role", alphanumeric(name));
            starting_role(&role, reference, source, made);
            let unescapes = properties.get("UnescapeMappingTemplate") == Some(&json!(true));
            (start_operation(reference, &role, unescapes), *id)
        }
    };
    if let Some(timeout) = properties.get("TimeoutInMillis") {
        operation["x-amazon-apigateway-integration"]["timeoutInMillis"] = timeout.clone();
    }
    let method = Method {
        path,
        verb: &verb,
        operation,
        auth: properties.get("Auth").cloned(),
        model: properties.get("RequestModel").cloned(),
        parameters: properties.get("RequestParameters").cloned(),
        is_function: matches!(target, Target::Function { .. }),
        at,
    };
    apis.add(api, method, id, source, made);
}

/// A proxy integration with a function.
fn lambda_operation(arn: &str) -> Value {
    let uri = format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/{arn}/invocations"
    );
    json!({
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy", "httpMethod": "POST", "uri": { "Fn::Sub": uri },
        },
        "responses": {},
    })
}

/// An integration that starts an execution.
fn start_operation(reference: &str, role: &str, unescapes: bool) -> Value {
    let body = "$util.escapeJavaScript($input.json('$'))";
    // JavaScript's escape of an apostrophe is none of JSON's.
    let body = if unescapes { format!("{body}.replaceAll(\"\\\\'\",\"'\")") } else { body.to_owned() };
    let template = format!("{{\"input\": \"{body}\", \"stateMachineArn\": \"${{{reference}}}\"}}");
    json!({
        "x-amazon-apigateway-integration": {
            "type": "aws",
            "httpMethod": "POST",
            "uri": { "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution" },
            "credentials": { "Fn::GetAtt": [role, "Arn"] },
            "requestTemplates": { "application/json": { "Fn::Sub": template } },
            "responses": { "200": { "statusCode": "200" }, "400": { "statusCode": "400" } },
        },
        "responses": { "200": { "description": "OK" }, "400": { "description": "Bad Request" } },
    })
}

/// The role with which API Gateway starts executions.
fn starting_role(id: &str, reference: &str, source: &Source, made: &mut Made) {
    let statement =
        json!({ "Effect": "Allow", "Action": "states:StartExecution", "Resource": { "Ref": reference } });
    let properties = Map::from_iter([
        ("AssumeRolePolicyDocument".to_owned(), trusted("apigateway.amazonaws.com")),
        (
            "Policies".to_owned(),
            json!([{
                "PolicyName": format!("{id}StartExecutionPolicy"),
                "PolicyDocument": { "Version": "2012-10-17", "Statement": [statement] },
            }]),
        ),
    ]);
    made.add(id, "AWS::IAM::Role", properties, source);
}

/// What a permission for API Gateway is about.
struct PermissionOf<'a> {
    id: &'a str,
    event: &'a str,
    path: &'a str,
    verb: &'a str,
    function: &'a Value,
}

/// Lets an API call a function.
fn permission(of: &PermissionOf<'_>, api: Option<&str>, source: &Source, apis: &Apis, made: &mut Made) {
    // A resource's ARN has `*` for what differs from call to call.
    let mut path = String::new();
    for segment in of.path.split('/').filter(|segment| !segment.is_empty()) {
        path.push('/');
        path.push_str(if segment.starts_with('{') { "*" } else { segment });
    }
    let path = if path.is_empty() { "/".to_owned() } else { path };
    let verb = if matches!(of.verb, "any" | "x-amazon-apigateway-any-method") {
        "*".to_owned()
    } else {
        of.verb.to_ascii_uppercase()
    };
    let source_arn = format!(
        "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{verb}{path}"
    );
    let api_id = api.unwrap_or(super::api::IMPLICIT);
    let properties = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": of.function,
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": { "Fn::Sub": [source_arn, { "__ApiId__": { "Ref": api_id }, "__Stage__": "*" }] },
    });
    let stage = apis.stage_part(api);
    let id = format!("{}{}Permission{stage}", of.id, alphanumeric(of.event));
    made.add(id, "AWS::Lambda::Permission", properties.as_object().cloned().unwrap_or_default(), source);
}
