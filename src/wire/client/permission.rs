//! The permissions that a call of a service elsewhere needs: action and resource, as far as the call tells them.
//!
//! The service itself isn't asked about the role, because the settings' key signs. So what its rules would find out about
//! a call is found out here, for the services that tasks and integrations know. Of others only the action is known.

use http::Method;
use serde_json::{Map, Value};

use crate::gateway::{AwsCall, AwsOperation};
use crate::id::AccountRegion;
use crate::identity::Query;
use crate::policy::SOME_RESOURCE;
use crate::wire::Permission;

/// Everything that `call` needs, made by a caller of `home`.
pub(super) fn needed(call: &AwsCall, home: &AccountRegion) -> Vec<Permission> {
    let service = call.service.as_str();
    if let AwsOperation::Path(path) = &call.operation
        && service == "s3"
    {
        return vec![of_object(&call.method, path, home)];
    }
    let input = input(call);
    let Some(action) = action(call, &input) else {
        // A path tells no action: whoever may do everything with the service may do this.
        return vec![Permission::new(format!("{service}:*"), SOME_RESOURCE)];
    };
    let resources = resources(service, &input, home);
    resources.into_iter().map(|resource| Permission::new(format!("{service}:{action}"), resource)).collect()
}

/// The operation, by whichever way a service is told.
fn action(call: &AwsCall, input: &Map<String, Value>) -> Option<String> {
    match &call.operation {
        AwsOperation::Action(action) | AwsOperation::Json(action) => Some(action.clone()),
        AwsOperation::Path(path) if path == "/" => {
            let target = call.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
            let target =
                target.and_then(|target| target.rsplit_once('.')).map(|(_, action)| action.to_owned());
            target.or_else(|| input.get("Action").and_then(Value::as_str).map(str::to_owned))
        }
        AwsOperation::Path(_) => None,
    }
}

/// The members of the call's input on the first level: JSON, or a form with the query.
fn input(call: &AwsCall) -> Map<String, Value> {
    let mut members = match serde_json::from_slice(&call.body) {
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) => {
            let form = Query::parse(&String::from_utf8_lossy(&call.body));
            form.pairs().iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()
        }
    };
    for (name, value) in &call.query {
        members.entry(name.as_str()).or_insert_with(|| value.as_str().into());
    }
    members
}

/// What a call of `service` is about.
fn resources(service: &str, input: &Map<String, Value>, home: &AccountRegion) -> Vec<String> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let arn = |resource: String| {
        let (partition, region, account) = (home.region.partition(), &home.region, &home.account);
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    };
    // A name, or an ARN that stands for itself.
    let named = |member: &str, prefix: &str| {
        let name = text(member)?;
        Some(if name.starts_with("arn:") { name.to_owned() } else { arn(format!("{prefix}{name}")) })
    };
    let found = match service {
        "sqs" => text("QueueUrl").and_then(|url| of_queue(url, home)).or_else(|| named("QueueName", "")),
        "sns" => text("TopicArn").or_else(|| text("TargetArn")).map(str::to_owned),
        // An iterator begins with the ARN of its stream.
        "dynamodb" if text("ShardIterator").is_some_and(|iterator| iterator.starts_with("arn:")) => {
            text("ShardIterator").and_then(|iterator| iterator.split('|').next()).map(str::to_owned)
        }
        "dynamodb" if text("StreamArn").is_some() => text("StreamArn").map(str::to_owned),
        "dynamodb" => named("TableName", "table/").map(|table| match text("IndexName") {
            Some(index) => format!("{table}/index/{index}"),
            None => table,
        }),
        "events" => {
            let entries = input.get("Entries").and_then(Value::as_array);
            let buses = entries.into_iter().flatten().map(|entry| {
                let bus = entry.get("EventBusName").and_then(Value::as_str).unwrap_or("default");
                if bus.starts_with("arn:") { bus.to_owned() } else { arn(format!("event-bus/{bus}")) }
            });
            let mut buses: Vec<String> = buses.collect();
            buses.dedup();
            match buses.is_empty() {
                false => return buses,
                true => named("Name", "rule/"),
            }
        }
        // The ARN of a secret ends with characters that its name doesn't tell.
        "secretsmanager" => text("SecretId").filter(|id| id.starts_with("arn:")).map(str::to_owned),
        "ssm" => text("Name").map(|name| arn(format!("parameter/{}", name.trim_start_matches('/')))),
        "kms" => named("KeyId", "key/"),
        "kinesis" => text("StreamARN").map(str::to_owned).or_else(|| named("StreamName", "stream/")),
        "firehose" => named("DeliveryStreamName", "deliverystream/"),
        "logs" => text("logGroupName").map(|name| arn(format!("log-group:{name}"))),
        "cognito-idp" => named("UserPoolId", "userpool/"),
        _ => None,
    };
    vec![found.unwrap_or_else(|| SOME_RESOURCE.to_owned())]
}

/// `https://sqs.us-east-1.amazonaws.com/123456789012/Queue`, as an ARN.
fn of_queue(url: &str, home: &AccountRegion) -> Option<String> {
    let mut parts = url.rsplit('/');
    let (name, account) = (parts.next().filter(|name| !name.is_empty())?, parts.next()?);
    let account = if account.len() == 12 { account } else { home.account.as_str() };
    Some(format!("arn:{}:sqs:{}:{account}:{name}", home.region.partition(), home.region))
}

/// What a request for a path of S3 needs.
fn of_object(method: &Method, path: &str, home: &AccountRegion) -> Permission {
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let bucket_arn = format!("arn:{}:s3:::{bucket}", home.region.partition());
    let is_object = !key.is_empty();
    let action = match (method, is_object) {
        (&Method::GET | &Method::HEAD, true) => "GetObject",
        (&Method::DELETE, true) => "DeleteObject",
        (_, true) => "PutObject",
        (&Method::GET | &Method::HEAD, false) if bucket.is_empty() => "ListAllMyBuckets",
        (&Method::GET | &Method::HEAD, false) => "ListBucket",
        (&Method::DELETE, false) => "DeleteBucket",
        (_, false) => "CreateBucket",
    };
    let resource = match (bucket.is_empty(), is_object) {
        (true, _) => "*".to_owned(),
        (false, true) => format!("{bucket_arn}/{key}"),
        (false, false) => bucket_arn,
    };
    Permission::new(format!("s3:{action}"), resource)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;
    use crate::gateway::CallAs;
    use crate::id::{AccountId, Region};

    fn check(service: &str, operation: AwsOperation, method: Method, body: &str, expect: &[(&str, &str)]) {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("eu-west-1").unwrap(),
        };
        let mut headers = HeaderMap::new();
        if let AwsOperation::Path(path) = &operation
            && path == "/"
            && body.starts_with('{')
        {
            let target = HeaderValue::from_static("Prefix.SendMessage");
            headers.insert(HeaderName::from_static("x-amz-target"), target);
        }
        let call = AwsCall {
            owner: home.clone(),
            service: service.to_owned(),
            region: "eu-west-1".to_owned(),
            operation,
            method,
            call_as: CallAs::Account,
            source_arn: None,
            headers,
            query: Vec::new(),
            body: body.to_owned().into(),
            timeout: Duration::from_secs(1),
        };
        let found = needed(&call, &home);
        let found: Vec<_> = found.iter().map(|it| (it.action.as_str(), it.resource.as_str())).collect();
        assert_eq!(found, expect, "{service} {body}");
    }

    #[test]
    fn calls_elsewhere_are_about_something() {
        let json = |name: &str| AwsOperation::Json(name.to_owned());
        let root = || AwsOperation::Path("/".to_owned());
        let queue = r#"{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/210987654321/Q","MessageBody":"m"}"#;
        let expect = [("sqs:SendMessage", "arn:aws:sqs:eu-west-1:210987654321:Q")];
        check("sqs", root(), Method::POST, queue, &expect);
        check("sqs", json("SendMessage"), Method::POST, queue, &expect);
        let form = "Action=Publish&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3AT&Message=m";
        let expect = [("sns:Publish", "arn:aws:sns:eu-west-1:123456789012:T")];
        check("sns", root(), Method::POST, form, &expect);
        let entries = json!({"Entries": [{"Detail": "{}"}, {"EventBusName": "b"}]}).to_string();
        let expect = [
            ("events:PutEvents", "arn:aws:events:eu-west-1:123456789012:event-bus/default"),
            ("events:PutEvents", "arn:aws:events:eu-west-1:123456789012:event-bus/b"),
        ];
        check("events", json("PutEvents"), Method::POST, &entries, &expect);
        let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/T/index/I";
        let body = r#"{"TableName":"T","IndexName":"I"}"#;
        check("dynamodb", json("Query"), Method::POST, body, &[("dynamodb:Query", table)]);
        check("ecs", json("RunTask"), Method::POST, "{}", &[("ecs:RunTask", SOME_RESOURCE)]);
        let path = |path: &str| AwsOperation::Path(path.to_owned());
        check("s3", path("/b/k/l"), Method::GET, "", &[("s3:GetObject", "arn:aws:s3:::b/k/l")]);
        check("s3", path("/b"), Method::GET, "", &[("s3:ListBucket", "arn:aws:s3:::b")]);
        check("s3", path("/"), Method::GET, "", &[("s3:ListAllMyBuckets", "*")]);
        check("batch", path("/v1/jobs"), Method::POST, "{}", &[("batch:*", SOME_RESOURCE)]);
    }
}
