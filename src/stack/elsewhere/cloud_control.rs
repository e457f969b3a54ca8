//! Any type, through AWS Cloud Control API.
//!
//! <https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/resource-operations.html>

use serde_json::{Map, Value, json};

use super::{CLOUD_CONTROL, MADE, Place, member};
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Naming, Properties, Updated};
use crate::stack::operations::OperationError;

/// The attribute that keeps the primary identifier; no type has one of this name.
const IDENTIFIER: &str = "[identifier]";

/// Types whose `Ref` isn't the primary identifier, with the property that it is.
const REFERENCES: &[(&str, &str)] = &[
    ("AWS::Events::Rule", "Name"),
    ("AWS::Pipes::Pipe", "Name"),
    ("AWS::Scheduler::Schedule", "Name"),
    ("AWS::ECS::Service", "ServiceArn"),
];

/// Whether an endpoint says that it has no Cloud Control, or not for this type.
pub(super) fn is_missing(error: &OperationError) -> bool {
    const CODES: &[&str] = &[
        "InvalidAction",
        "MissingAction",
        "NotImplemented",
        "NotImplementedException",
        "TypeNotFoundException",
        "UnknownOperationException",
        "UnsupportedActionException",
        "UnsupportedOperation",
        "InternalFailure",
        "",
    ];
    CODES.contains(&error.code.as_str())
}

pub(super) async fn create(
    place: &Place<'_>,
    type_name: &str,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let input = json!({
        "TypeName": type_name,
        "DesiredState": Value::Object(properties.clone()).to_string(),
        // The same step makes one resource, however often it is begun.
        "ClientToken": format!("{}-{}", naming.logical_id, naming.suffix),
    });
    let begun = place.call(CLOUD_CONTROL, "CreateResource", input).await?;
    let identifier = done(place, "CreateResource", begun).await?;
    read(place, type_name, &identifier).await
}

pub(super) async fn update(
    place: &Place<'_>,
    type_name: &str,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let identifier = identifier(made);
    let input = json!({
        "TypeName": type_name,
        "Identifier": identifier,
        "PatchDocument": Value::Array(patch(old, new)).to_string(),
    });
    let updated = match place.call(CLOUD_CONTROL, "UpdateResource", input).await {
        Ok(begun) => done(place, "UpdateResource", begun).await,
        Err(error) => Err(error),
    };
    match updated {
        Ok(_) => Ok(Updated::InPlace(read(place, type_name, identifier).await?)),
        Err(error)
            if matches!(error.code.as_str(), "NotUpdatable" | "NotUpdatableException")
                || error.message.contains("createOnlyProperties") =>
        {
            Ok(Updated::Replace)
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn delete(
    place: &Place<'_>,
    type_name: &str,
    made: &Attributes,
) -> Result<(), OperationError> {
    let input = json!({ "TypeName": type_name, "Identifier": identifier(made) });
    let deleted = match place.call(CLOUD_CONTROL, "DeleteResource", input).await {
        Ok(begun) => done(place, "DeleteResource", begun).await.map(drop),
        Err(error) => Err(error),
    };
    match deleted {
        Err(error) if matches!(error.code.as_str(), "NotFound" | "ResourceNotFoundException") => Ok(()),
        other => other,
    }
}

fn identifier(made: &Attributes) -> &str {
    made.attributes.get(IDENTIFIER).unwrap_or(&made.reference)
}

/// Waits until a request is carried out; the identifier of what it is about.
async fn done(place: &Place<'_>, operation: &'static str, begun: Value) -> Result<String, OperationError> {
    let mut event = begun.get("ProgressEvent").cloned().unwrap_or_default();
    let token = member(&event, "RequestToken");
    let mut waiting = place.waiting();
    loop {
        let status = member(&event, "OperationStatus");
        match status.as_str() {
            "SUCCESS" => return Ok(member(&event, "Identifier")),
            "FAILED" | "CANCEL_COMPLETE" => {
                let (code, message) = (member(&event, "ErrorCode"), member(&event, "StatusMessage"));
                return Err(OperationError { operation, code, message });
            }
            _ => {}
        }
        waiting.pause(place, "the resource").await?;
        let input = json!({ "RequestToken": token });
        let answer = place.call(CLOUD_CONTROL, "GetResourceRequestStatus", input).await?;
        event = answer.get("ProgressEvent").cloned().unwrap_or_default();
    }
}

/// The properties of a resource, if it is there.
pub(super) async fn live(
    place: &Place<'_>,
    type_name: &str,
    made: &Attributes,
) -> Result<Option<Map<String, Value>>, OperationError> {
    let input = json!({ "TypeName": type_name, "Identifier": identifier(made) });
    match place.call(CLOUD_CONTROL, "GetResource", input).await {
        Ok(found) => Ok(Some(described(&found))),
        Err(error) if error.code == "ResourceNotFoundException" => Ok(None),
        Err(error) => Err(error),
    }
}

fn described(found: &Value) -> Map<String, Value> {
    let described = found.get("ResourceDescription").map(|it| member(it, "Properties")).unwrap_or_default();
    serde_json::from_str(&described).unwrap_or_default()
}

/// What a resource answers to `Ref` and `Fn::GetAtt`.
async fn read(place: &Place<'_>, type_name: &str, identifier: &str) -> Result<Attributes, OperationError> {
    let input = json!({ "TypeName": type_name, "Identifier": identifier });
    let found = place.call(CLOUD_CONTROL, "GetResource", input).await?;
    Ok(attributes(type_name, identifier, &described(&found)))
}

fn attributes(type_name: &str, identifier: &str, properties: &Map<String, Value>) -> Attributes {
    let named = REFERENCES.iter().find(|(name, _)| *name == type_name);
    let named = named.and_then(|(_, property)| properties.get(*property)?.as_str());
    let mut made = Attributes { reference: named.unwrap_or(identifier).to_owned(), ..Attributes::default() };
    add(&mut made, "", properties);
    made.attributes.insert(MADE.to_owned(), CLOUD_CONTROL.to_owned());
    made.attributes.insert(IDENTIFIER.to_owned(), identifier.to_owned());
    made
}

/// Members of objects have names with dots: `Endpoint.Address`.
fn add(made: &mut Attributes, before: &str, members: &Map<String, Value>) {
    for (name, value) in members {
        let name = format!("{before}{name}");
        match value {
            Value::Object(members) => add(made, &format!("{name}."), members),
            value => made.add(&name, value),
        }
    }
}

/// What makes `new` of `old`, property by property.
fn patch(old: &Properties, new: &Properties) -> Vec<Value> {
    let path = |name: &str| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let gone = gone.map(|name| json!({ "op": "remove", "path": path(name) }));
    let changed = new.iter().filter(|(name, value)| old.get(*name) != Some(*value));
    let changed = changed.map(|(name, value)| {
        let op = if old.contains_key(name) { "replace" } else { "add" };
        json!({ "op": op, "path": path(name), "value": value })
    });
    gone.chain(changed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_patch_names_what_changed() {
        let (old, new) = (object(json!({"A": 1, "B": 2, "C": 3})), object(json!({"A": 1, "B": 4, "D/E": 5})));
        let want = json!([
            { "op": "remove", "path": "/C" },
            { "op": "replace", "path": "/B", "value": 4 },
            { "op": "add", "path": "/D~1E", "value": 5 },
        ]);
        assert_eq!(Value::Array(patch(&old, &new)), want);
    }

    #[test]
    fn attributes_are_properties() {
        let properties = object(json!({"Name": "r", "Arn": "arn:r", "Endpoint": {"Port": 5}, "Azs": ["a"]}));
        let made = attributes("AWS::Events::Rule", "arn:r", &properties);
        assert_eq!(made.reference, "r");
        assert_eq!(identifier(&made), "arn:r");
        assert_eq!(made.attributes["Endpoint.Port"], "5");
        assert_eq!(made.attributes["[]Azs"], r#"["a"]"#);
        assert_eq!(attributes("AWS::EC2::VPC", "vpc-1", &properties).reference, "vpc-1");
    }
}
