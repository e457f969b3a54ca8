//! The values of a template's parameters.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::error::Error;
use crate::id::AccountRegion;

/// What `cdk bootstrap` leaves in Systems Manager for the qualifier between these. There is nothing to bootstrap
/// here, so that every version that a template asks for is there.
const CDK_BOOTSTRAP: (&str, &str) = ("/cdk-bootstrap/", "/version");
/// Higher than any version the CDK has asked for.
const CDK_BOOTSTRAP_VERSION: &str = "1000";

/// The pseudo parameters of a stack.
pub(super) fn pseudo(home: &AccountRegion, stack: &str) -> Map<String, Value> {
    let AccountRegion { account, region } = home;
    let partition = region.partition();
    let id = format!("arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/stepgate");
    let url_suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    Map::from_iter([
        ("AWS::AccountId".to_owned(), json!(account.as_str())),
        ("AWS::Region".to_owned(), json!(region.as_str())),
        ("AWS::Partition".to_owned(), json!(partition)),
        ("AWS::URLSuffix".to_owned(), json!(url_suffix)),
        ("AWS::StackName".to_owned(), json!(stack)),
        ("AWS::StackId".to_owned(), json!(id)),
    ])
}

/// The values of the parameters that a template declares, given or their defaults, added to `pseudo`.
///
/// # Errors
/// [`Error::Template`] for values that are missing, not allowed or not declared.
pub(super) fn values(
    declared: &Map<String, Value>,
    given: &Map<String, Value>,
    ssm_parameters: &BTreeMap<String, String>,
    pseudo: Map<String, Value>,
) -> Result<Map<String, Value>, Error> {
    if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(Error::at("Parameters", format!("the template has no parameter {unknown}")));
    }
    let mut values = pseudo;
    for (name, parameter) in declared {
        let at = || format!("Parameters/{name}");
        let value = given.get(name).or_else(|| parameter.get("Default")).cloned();
        let value = value.ok_or_else(|| Error::at(at(), "no value given and no Default"))?;
        let allowed = parameter.get("AllowedValues").and_then(Value::as_array);
        if allowed.is_some_and(|allowed| !allowed.contains(&value)) {
            return Err(Error::at(at(), "the value is not among AllowedValues"));
        }
        let declared_type = parameter.get("Type").and_then(Value::as_str).unwrap_or_default();
        let (value, of_type) = match ssm_type(declared_type) {
            Some(of_type) => {
                let key = value.as_str().unwrap_or_default();
                (Value::String(ssm_value(key, ssm_parameters).map_err(|why| Error::at(at(), why))?), of_type)
            }
            None => (value, declared_type),
        };
        let is_list = of_type == "CommaDelimitedList" || of_type.starts_with("List<");
        let value = match value {
            Value::String(text) if is_list => text.split(',').map(|t| json!(t.trim())).collect(),
            other => other,
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}

/// The type of what an `AWS::SSM::Parameter::Value<…>` leads to.
fn ssm_type(declared_type: &str) -> Option<&str> {
    declared_type.strip_prefix("AWS::SSM::Parameter::Value<")?.strip_suffix('>')
}

fn ssm_value(key: &str, ssm_parameters: &BTreeMap<String, String>) -> Result<String, String> {
    if let Some(value) = ssm_parameters.get(key) {
        return Ok(value.clone());
    }
    let (before, after) = CDK_BOOTSTRAP;
    let qualifier = key.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    match qualifier {
        Some(qualifier) if !qualifier.contains('/') => Ok(CDK_BOOTSTRAP_VERSION.to_owned()),
        _ => Err(format!(
            "there is no SSM parameter {key:?}: give it a value under [ssm_parameters] of the settings"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(declared: Value, given: Value, want: Result<Value, &str>) {
        let ssm = BTreeMap::from([("/app/zones".to_owned(), "a, b".to_owned())]);
        let object = |value: Value| value.as_object().unwrap().clone();
        let parameter = object(json!({ "P": declared }));
        let got = values(&parameter, &object(given), &ssm, Map::new());
        match (got, want) {
            (Ok(got), Ok(want)) => assert_eq!(got["P"], want, "{declared}"),
            (Err(got), Err(want)) => assert!(got.to_string().contains(want), "{got}"),
            (got, want) => panic!("{declared}: wanted {want:?}, got {got:?}"),
        }
    }

    #[test]
    fn values_are_given_or_default_and_of_their_type() {
        let text = json!({"Type": "String", "Default": "d", "AllowedValues": ["d", "e"]});
        check(text.clone(), json!({}), Ok(json!("d")));
        check(text.clone(), json!({"P": "e"}), Ok(json!("e")));
        check(text.clone(), json!({"P": "f"}), Err("not among AllowedValues"));
        check(text, json!({"Q": "f"}), Err("has no parameter Q"));
        check(json!({"Type": "String"}), json!({}), Err("no value given"));
        check(json!({"Type": "CommaDelimitedList"}), json!({"P": "x, y"}), Ok(json!(["x", "y"])));
        check(json!({"Type": "List<Number>"}), json!({"P": "1,2"}), Ok(json!(["1", "2"])));
    }

    #[test]
    fn names_of_ssm_parameters_lead_to_their_values() {
        let one = |key: &str| json!({"Type": "AWS::SSM::Parameter::Value<String>", "Default": key});
        check(one("/app/zones"), json!({}), Ok(json!("a, b")));
        check(one("/app/none"), json!({}), Err("[ssm_parameters]"));
        check(one("/cdk-bootstrap/hnb659fds/version"), json!({}), Ok(json!(CDK_BOOTSTRAP_VERSION)));
        check(one("/cdk-bootstrap/a/b/version"), json!({}), Err("[ssm_parameters]"));
        let list = json!({"Type": "AWS::SSM::Parameter::Value<List<String>>"});
        check(list, json!({"P": "/app/zones"}), Ok(json!(["a", "b"])));
    }
}
