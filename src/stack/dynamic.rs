//! Dynamic references: values of parameters and secrets, read when a resource is made or changed, and never kept.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operations::{OperationError, Operations};

/// What references begin with.
const BEGIN: &str = "{{resolve:";
const END: &str = "}}";
/// The most references of one resource, as on AWS.
const REFERENCES_MAX: usize = 60;

/// The same with the values in place of the references.
///
/// # Errors
/// If a value can't be read, or there are too many.
pub(super) async fn resolved(
    operations: &dyn Operations,
    properties: &Map<String, Value>,
) -> Result<Map<String, Value>, OperationError> {
    let mut found = Vec::new();
    properties.values().for_each(|value| references(value, &mut found));
    if REFERENCES_MAX < found.len() {
        let text = format!("a resource can have at most {REFERENCES_MAX} dynamic references");
        return Err(refused("ValidationError", text));
    }
    let mut values: Vec<(String, String)> = Vec::with_capacity(found.len());
    for reference in found {
        if !values.iter().any(|(known, _)| *known == reference) {
            let value = looked_up(operations, &reference).await?;
            values.push((reference, value));
        }
    }
    let mut out = properties.clone();
    out.values_mut().for_each(|value| replace(value, &values));
    Ok(out)
}

/// Values of Systems Manager's parameters, by name: those of `names` that are there are added to `known`.
pub(super) async fn parameters<'a>(
    operations: &dyn Operations,
    names: impl Iterator<Item = &'a str>,
    mut known: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    for name in names {
        if known.contains_key(name) {
            continue;
        }
        // Who needs one that isn't there, says so.
        let input = json!({ "Name": name, "WithDecryption": false });
        if let Ok(answer) = operations.call("ssm", "GetParameter", input).await {
            let value = answer.pointer("/Parameter/Value").and_then(Value::as_str);
            known.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        }
    }
    known
}

fn refused(code: &str, message: String) -> OperationError {
    OperationError { operation: "ResolveDynamicReference", code: code.to_owned(), message }
}

/// The references of a text: what is between the marks.
fn of_text(text: &str) -> impl Iterator<Item = &str> {
    text.split(BEGIN).skip(1).filter_map(|part| Some(part.split_once(END)?.0))
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.extend(of_text(text).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(members) => members.values().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn replace(value: &mut Value, values: &[(String, String)]) {
    match value {
        Value::String(text) => {
            for (reference, value) in values {
                *text = text.replace(&format!("{BEGIN}{reference}{END}"), value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, values)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(value, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

async fn looked_up(operations: &dyn Operations, reference: &str) -> Result<String, OperationError> {
    let (service, name) = reference.split_once(':').unwrap_or((reference, ""));
    match service {
        "ssm" | "ssm-secure" => {
            let input = json!({ "Name": name, "WithDecryption": service == "ssm-secure" });
            let answer = operations.call("ssm", "GetParameter", input).await?;
            let parameter = answer.get("Parameter");
            let text = |member: &str| parameter.and_then(|it| it.get(member)).and_then(Value::as_str);
            // A secret is not put where everybody reads it.
            if service == "ssm" && text("Type") == Some("SecureString") {
                let text = format!("{name} is a SecureString: it needs ssm-secure");
                return Err(refused("ValidationError", text));
            }
            Ok(text("Value").unwrap_or_default().to_owned())
        }
        "secretsmanager" => secret(operations, name).await,
        _ => Err(refused("ValidationError", format!("there are no dynamic references to {service}"))),
    }
}

/// `ID:SecretString:KEY:STAGE:VERSION`, where the id may be an ARN.
async fn secret(operations: &dyn Operations, text: &str) -> Result<String, OperationError> {
    let at = match text.starts_with("arn:") {
        true => text.match_indices(':').nth(6).map_or(text.len(), |(at, _)| at),
        false => text.find(':').unwrap_or(text.len()),
    };
    let (id, rest) = text.split_at(at);
    let mut parts = rest.trim_start_matches(':').split(':').skip(1);
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let (key, stage, version) = (part(), part(), part());
    let input = json!({ "SecretId": id, "VersionStage": stage, "VersionId": version });
    let answer = operations.call("secretsmanager", "GetSecretValue", input).await?;
    let secret = answer.get("SecretString").and_then(Value::as_str).unwrap_or_default();
    let Some(key) = key else { return Ok(secret.to_owned()) };
    let members: Value = serde_json::from_str(secret).unwrap_or_default();
    match members.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Ok(other.to_string()),
        None => Err(refused("ValidationError", format!("the secret {id} has no key {key}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_and_replaced_wherever_they_are() {
        let mut value = json!({"a": ["x{{resolve:ssm:/p:3}}y{{resolve:ssm:q}}"], "b": {"c": "{{resolve:ssm:/p:3}}", "d": 1}});
        let mut found = Vec::new();
        references(&value, &mut found);
        assert_eq!(found, ["ssm:/p:3", "ssm:q", "ssm:/p:3"]);
        let values = [("ssm:/p:3", "P"), ("ssm:q", "Q")].map(|(from, to)| (from.to_owned(), to.to_owned()));
        replace(&mut value, &values);
        assert_eq!(value, json!({"a": ["xPyQ"], "b": {"c": "P", "d": 1}}));
        assert_eq!(of_text("{{resolve:ssm:open").count(), 0);
    }
}
