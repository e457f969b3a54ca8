//! What a step that was interrupted may have made without anybody knowing: looked up, so that it can be removed before the
//! step is taken again. Services that answer the same to the same request need none of this.

use serde_json::{Map, Value, json};

use super::{
    Attributes, Kind, Naming, OperationError, Operations, Properties, activity, bucket, call, is_missing,
    log_group, log_stream, name_of, ssm_parameter, state_machine, text,
};
use crate::clock::Timestamp;

/// A step that was interrupted.
pub(in super::super) struct Interrupted<'a> {
    pub(in super::super) naming: &'a Naming<'a>,
    pub(in super::super) properties: &'a Properties,
    /// When it was begun: what is older is somebody else's.
    pub(in super::super) begun: Timestamp,
    /// The physical ids of what the stack has.
    pub(in super::super) known: &'a [&'a str],
}

/// How something is found that has no name of its own: in this list, by the members that have the values of properties.
struct Listed {
    kind: &'static str,
    operation: &'static str,
    /// What the list is of.
    given: &'static [(&'static str, &'static str)],
    same: &'static [(&'static str, &'static str)],
    /// The name that it is given if it has none, with the most characters of that.
    generated: Option<(&'static str, usize)>,
}

const OF_API: &[(&str, &str)] = &[("RestApiId", "restApiId")];

const LISTED: &[Listed] = &[
    Listed {
        kind: "AWS::ApiGateway::RestApi",
        operation: "GetRestApis",
        given: &[],
        same: &[("Name", "name")],
        generated: Some(("name", 128)),
    },
    Listed {
        kind: "AWS::ApiGateway::Resource",
        operation: "GetResources",
        given: OF_API,
        same: &[("ParentId", "parentId"), ("PathPart", "pathPart")],
        generated: None,
    },
    Listed {
        kind: "AWS::ApiGateway::Authorizer",
        operation: "GetAuthorizers",
        given: OF_API,
        same: &[("Name", "name")],
        generated: None,
    },
    Listed {
        kind: "AWS::ApiGateway::RequestValidator",
        operation: "GetRequestValidators",
        given: OF_API,
        same: &[("Name", "name")],
        generated: None,
    },
    Listed {
        kind: "AWS::ApiGateway::ApiKey",
        operation: "GetApiKeys",
        given: &[],
        same: &[("Name", "name")],
        generated: Some(("name", 128)),
    },
    Listed {
        kind: "AWS::ApiGateway::UsagePlan",
        operation: "GetUsagePlans",
        given: &[],
        same: &[("UsagePlanName", "name")],
        generated: Some(("name", 128)),
    },
];

/// What the step has made, if it has made something.
///
/// # Errors
/// If that can't be found out.
pub(super) async fn find(
    kind: &Kind,
    operations: &dyn Operations,
    step: &Interrupted<'_>,
) -> Result<Option<Attributes>, OperationError> {
    let Interrupted { naming, properties, known, .. } = step;
    let named = |reference: String| Some(Attributes { reference, ..Attributes::default() });
    let is_own_api =
        properties.get("RestApiId").and_then(Value::as_str).is_some_and(|api| known.contains(&api));
    if let Some(listed) = LISTED.iter().find(|listed| listed.kind == kind.type_name()) {
        return Ok(in_list(listed, operations, step).await?.and_then(named));
    }
    Ok(match kind.type_name() {
        "AWS::IAM::Role" => {
            let name = name_of(properties, "RoleName").unwrap_or_else(|| naming.generated(64));
            let found = looked_up(call(operations, "iam", "GetRole", json!({ "RoleName": name })).await)?;
            let made = found.as_ref().map(|it| text(it.get("Role").unwrap_or(it), "CreateDate"));
            made.filter(|made| is_new(&json!(made), step.begun)).and_then(|_| named(name))
        }
        "AWS::StepFunctions::StateMachine" | "AWS::StepFunctions::Activity" => {
            let (property, operation, member, arn): (_, _, _, fn(&Naming<'_>, &str) -> String) = match kind
                .type_name()
            {
                "AWS::StepFunctions::Activity" => ("Name", "DescribeActivity", "activityArn", activity::arn),
                _ => ("StateMachineName", "DescribeStateMachine", "stateMachineArn", state_machine::arn),
            };
            // What has no name of its own is found by the same request.
            let Some(name) = name_of(properties, property) else { return Ok(None) };
            let arn = arn(naming, &name);
            let input = Value::Object(Map::from_iter([(member.to_owned(), json!(arn))]));
            let found = looked_up(call(operations, "states", operation, input).await)?;
            let made = found.as_ref().and_then(|it| it.get("creationDate"));
            made.filter(|made| is_new(made, step.begun)).and_then(|_| named(arn))
        }
        "AWS::Lambda::Function" => {
            let name = name_of(properties, "FunctionName").unwrap_or_else(|| naming.generated(64));
            let input = json!({ "FunctionName": name });
            let found = looked_up(call(operations, "lambda", "GetFunctionConfiguration", input).await)?;
            let made = found.as_ref().map(|it| text(it, "LastModified"));
            made.filter(|made| is_new(&json!(made), step.begun)).and_then(|_| named(name))
        }
        "AWS::S3::Bucket" => {
            let name = bucket::name(naming, properties);
            let found = call(operations, "s3", "ListBuckets", json!({ "Prefix": name })).await?;
            let buckets = found.pointer("/ListAllMyBucketsResult/Buckets/Bucket").and_then(Value::as_array);
            let found = buckets.into_iter().flatten().find(|bucket| text(bucket, "Name") == name);
            let made = found.map(|bucket| json!(text(bucket, "CreationDate")));
            made.filter(|made| is_new(made, step.begun)).and_then(|_| named(name))
        }
        "AWS::SSM::Parameter" => {
            let name = ssm_parameter::name(naming, properties);
            let found = looked_up(call(operations, "ssm", "GetParameter", json!({ "Name": name })).await)?;
            let made = found.as_ref().and_then(|it| it.pointer("/Parameter/LastModifiedDate"));
            made.filter(|made| is_new(made, step.begun)).and_then(|_| named(name))
        }
        "AWS::Logs::LogGroup" => {
            let name = log_group::name(naming, properties);
            let found =
                call(operations, "logs", "DescribeLogGroups", json!({ "logGroupNamePrefix": name })).await?;
            let groups = found.get("logGroups").and_then(Value::as_array).into_iter().flatten();
            let found = groups.into_iter().find(|group| text(group, "logGroupName") == name);
            let made = found.and_then(|group| group.get("creationTime")).and_then(Value::as_f64);
            made.filter(|made| is_new(&json!(made / 1000.0), step.begun)).and_then(|_| named(name))
        }
        // What is in a group of the stack's own is the stack's.
        "AWS::Logs::LogStream" => {
            let group = name_of(properties, "LogGroupName");
            let group = group.filter(|group| known.contains(&group.as_str()));
            group.and_then(|_| named(log_stream::name(naming, properties)))
        }
        // Its name has a random end.
        "AWS::Lambda::Permission" => named(naming.generated(100)),
        // What is in an API of the stack's own is the stack's.
        "AWS::ApiGateway::Stage" if is_own_api => name_of(properties, "StageName").and_then(named),
        "AWS::ApiGateway::Method" if is_own_api => named(String::new()),
        "AWS::ApiGateway::Model" if is_own_api => name_of(properties, "Name").and_then(named),
        "AWS::ApiGateway::UsagePlanKey" => named(String::new()),
        "AWS::Lambda::Alias" | "AWS::Lambda::Url" => {
            let function =
                ["FunctionName", "TargetFunctionArn"].iter().find_map(|it| name_of(properties, it));
            let function = function.filter(|it| known.iter().any(|known| it.contains(known)));
            function.and_then(|_| named(String::new()))
        }
        _ => None,
    })
}

/// A description, or nothing if there is nothing.
fn looked_up(found: Result<Value, OperationError>) -> Result<Option<Value>, OperationError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether something was made since `begun`, as far as times to the second can say.
fn is_new(time: &Value, begun: Timestamp) -> bool {
    let seconds = match time {
        Value::String(text) => {
            Timestamp::parse_rfc3339(&text.replace("+0000", "Z")).map(Timestamp::as_seconds_f64)
        }
        other => other.as_f64(),
    };
    seconds.is_some_and(|seconds| begun.as_seconds_f64() - 1.0 <= seconds)
}

async fn in_list(
    listed: &Listed,
    operations: &dyn Operations,
    step: &Interrupted<'_>,
) -> Result<Option<String>, OperationError> {
    let Interrupted { naming, properties, begun, known } = step;
    let mut input: Map<String, Value> = Map::from_iter([("limit".to_owned(), json!(500))]);
    for (property, member) in listed.given {
        input.extend(properties.get(*property).map(|value| ((*member).to_owned(), value.clone())));
    }
    let mut wanted: Vec<(&str, Value)> = Vec::new();
    for (property, member) in listed.same {
        wanted.extend(properties.get(*property).map(|value| (*member, value.clone())));
    }
    if let (true, Some((member, max))) = (wanted.is_empty(), listed.generated) {
        wanted.push((member, json!(naming.generated(max))));
    }
    if wanted.is_empty() {
        return Ok(None);
    }
    // A list may have many pages; what was made last can be on any.
    for _ in 0..100 {
        let page = looked_up(call(operations, "apigateway", listed.operation, input.clone().into()).await)?;
        let Some(page) = page else { return Ok(None) };
        let items = page.get("item").or_else(|| page.get("items")).and_then(Value::as_array);
        let found = items.into_iter().flatten().find(|item| {
            let is_new = item.get("createdDate").is_none_or(|time| is_new(time, *begun));
            let is_same = wanted.iter().all(|(member, value)| item.get(*member) == Some(value));
            is_new && is_same && !known.contains(&text(item, "id"))
        });
        if let Some(found) = found {
            return Ok(Some(text(found, "id").to_owned()));
        }
        match page.get("position").filter(|position| !position.is_null()) {
            Some(position) => input.insert("position".to_owned(), position.clone()),
            None => return Ok(None),
        };
    }
    Ok(None)
}
