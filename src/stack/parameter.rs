//! The values of a template's parameters.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::error::Error;
use super::intrinsic::GUESS;
use crate::apis::Pattern;
use crate::id::AccountRegion;

/// The Systems Manager parameter that `cdk bootstrap` creates, with the qualifier between these parts. There is nothing
/// to bootstrap here, so any version that a template asks for is present.
const CDK_BOOTSTRAP: (&str, &str) = ("/cdk-bootstrap/", "/version");
/// Higher than any version that the CDK has required.
const CDK_BOOTSTRAP_VERSION: &str = "1000";

/// The longest value of a parameter, in bytes; CloudFormation's own limit.
const VALUE_BYTES_MAX: usize = 4096;

/// The pseudo parameters of the stack `stack`, whose ARN is `id`.
pub(super) fn pseudo(
    home: &AccountRegion,
    stack: &str,
    id: &str,
    notifications: &[String],
) -> Map<String, Value> {
    let AccountRegion { account, region } = home;
    let partition = region.partition();
    let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    Map::from_iter([
        ("AWS::AccountId".to_owned(), json!(account.as_str())),
        ("AWS::Region".to_owned(), json!(region.as_str())),
        ("AWS::Partition".to_owned(), json!(partition)),
        ("AWS::URLSuffix".to_owned(), json!(suffix)),
        ("AWS::NotificationARNs".to_owned(), json!(notifications)),
        ("AWS::StackName".to_owned(), json!(stack)),
        ("AWS::StackId".to_owned(), json!(id)),
    ])
}

/// The ARN of a stack from before stacks had ARNs of their own. Templates have made names of its end.
pub(super) fn first_id(home: &AccountRegion, stack: &str) -> String {
    let AccountRegion { account, region } = home;
    let partition = region.partition();
    format!("arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/{}", stack_uuid(home, stack))
}

/// The end of such an ARN: FNV-1a of where the stack is and what it is called.
fn stack_uuid(home: &AccountRegion, stack: &str) -> String {
    let text = format!("{}/{}/{stack}", home.account, home.region);
    let hash = text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    let hex = format!("{hash:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Whether a parameter's value is not shown: `NoEcho`.
pub(super) fn is_secret(declared: &Value) -> bool {
    match declared.get("NoEcho") {
        Some(Value::Bool(is_secret)) => *is_secret,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// The texts of the values, given or default, of parameters that are not shown.
pub(super) fn secrets(declared: &Map<String, Value>, given: &Map<String, Value>) -> Vec<String> {
    let secret = declared.iter().filter(|(_, declared)| is_secret(declared));
    secret
        .filter_map(|(name, declared)| given.get(name).or_else(|| declared.get("Default")))
        .map(text)
        .collect()
}

/// The values of the declared parameters, given or default, added to `pseudo`.
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
        if VALUE_BYTES_MAX < text(&value).len() {
            return Err(Error::at(at(), format!("the value is longer than {VALUE_BYTES_MAX} bytes")));
        }
        check_constraints(name, parameter, &value)?;
        let value = match ssm_type(declared_type(parameter)) {
            Some(_) => {
                let key = value.as_str().unwrap_or_default();
                Value::String(ssm_value(key, ssm_parameters).map_err(|why| Error::at(at(), why))?)
            }
            None => value,
        };
        values.insert(name.clone(), of_type(parameter, value));
    }
    Ok(values)
}

/// The same without given values: defaults, and guesses of the right type. The names are those of the guesses.
pub(super) fn guesses(
    declared: &Map<String, Value>,
    pseudo: Map<String, Value>,
) -> (Map<String, Value>, BTreeSet<String>) {
    let (mut values, mut guessed) = (pseudo, BTreeSet::new());
    for (name, parameter) in declared {
        let default = parameter.get("Default").cloned();
        let known = match ssm_type(declared_type(parameter)) {
            // Its value comes from the server's settings.
            Some(_) => {
                let key = default.as_ref().and_then(Value::as_str).unwrap_or_default();
                ssm_value(key, &BTreeMap::new()).ok().map(Value::String)
            }
            None => default,
        };
        let value = known.unwrap_or_else(|| {
            guessed.insert(name.clone());
            let allowed = parameter.get("AllowedValues").and_then(|allowed| allowed.get(0));
            let least = parameter.get("MinValue").or(allowed).cloned();
            least.unwrap_or_else(|| json!(if declared_type(parameter) == "Number" { "1" } else { GUESS }))
        });
        values.insert(name.clone(), of_type(parameter, value));
    }
    (values, guessed)
}

/// Checks a value, given or default, against what the parameter allows; a list item by item. A Systems Manager parameter is
/// checked by its name, as on AWS. The messages are CloudFormation's.
fn check_constraints(name: &str, parameter: &Value, value: &Value) -> Result<(), Error> {
    let is_number = matches!(declared_type(parameter), "Number" | "List<Number>");
    let pattern = parameter.get("AllowedPattern").and_then(Value::as_str);
    // What Java takes and this server's engine doesn't is not applied.
    let compiled = pattern.and_then(|pattern| Pattern::compile(pattern).ok());
    let allowed = parameter.get("AllowedValues").and_then(Value::as_array);
    let bound = |name: &str| parameter.get(name).map(text)?.parse::<f64>().ok();
    for item in items(parameter, value) {
        let length = item.chars().count();
        let (number, length) = (item.parse::<f64>().ok().filter(|n| n.is_finite()), length as f64);
        let shown = |bound: &str| parameter.get(bound).map(text).unwrap_or_default();
        let problem = if is_number && number.is_none() {
            "must be a number".to_owned()
        } else if allowed.is_some_and(|allowed| !allowed.iter().any(|one| text(one) == item)) {
            "must be one of AllowedValues".to_owned()
        } else if compiled.as_ref().is_some_and(|pattern| !pattern.matches(&item)) {
            format!("must match pattern {}", shown("AllowedPattern"))
        } else if bound("MinLength").is_some_and(|least| length < least) {
            format!("must contain at least {} characters", shown("MinLength"))
        } else if bound("MaxLength").is_some_and(|most| most < length) {
            format!("must contain at most {} characters", shown("MaxLength"))
        } else if is_number && bound("MinValue").zip(number).is_some_and(|(least, n)| n < least) {
            format!("must be a number not less than {}", shown("MinValue"))
        } else if is_number && bound("MaxValue").zip(number).is_some_and(|(most, n)| most < n) {
            format!("must be a number not greater than {}", shown("MaxValue"))
        } else {
            continue;
        };
        let problem = match parameter.get("ConstraintDescription").and_then(Value::as_str) {
            Some(description) => format!("Parameter {name} failed to satisfy constraint: {description}"),
            None => format!("Parameter '{name}' {problem}"),
        };
        return Err(Error::Parameter { name: name.to_owned(), problem });
    }
    Ok(())
}

/// The texts that a value consists of: one, or those of a list.
fn items(parameter: &Value, value: &Value) -> Vec<String> {
    let declared = declared_type(parameter);
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        value if is_list(declared) => text(value).split(',').map(|item| item.trim().to_owned()).collect(),
        value => vec![text(value)],
    }
}

fn is_list(of_type: &str) -> bool {
    of_type == "CommaDelimitedList" || of_type.starts_with("List<")
}

fn declared_type(parameter: &Value) -> &str {
    parameter.get("Type").and_then(Value::as_str).unwrap_or_default()
}

/// Converts the text of a list to a list.
fn of_type(parameter: &Value, value: Value) -> Value {
    let declared = declared_type(parameter);
    let of_type = ssm_type(declared).unwrap_or(declared);
    match value {
        Value::String(text) if is_list(of_type) => text.split(',').map(|t| json!(t.trim())).collect(),
        other => other,
    }
}

/// Values are compared as strings: a template writes `true` where a value is given as `"true"`.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The type of the value of an `AWS::SSM::Parameter::Value<…>`.
fn ssm_type(declared_type: &str) -> Option<&str> {
    declared_type.strip_prefix("AWS::SSM::Parameter::Value<")?.strip_suffix('>')
}

/// The names of the Systems Manager parameters whose values a template's parameters have.
pub(super) fn ssm_names<'a>(
    declared: &'a Map<String, Value>,
    given: &'a Map<String, Value>,
) -> impl Iterator<Item = &'a str> {
    declared.iter().filter_map(|(name, parameter)| {
        ssm_type(declared_type(parameter))?;
        given.get(name).or_else(|| parameter.get("Default"))?.as_str()
    })
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
            "there is no SSM parameter {key:?}: put it, or give it a value under [ssm_parameters] of the settings"
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
        check(text.clone(), json!({"P": "f"}), Err("Parameter 'P' must be one of AllowedValues"));
        check(text, json!({"Q": "f"}), Err("has no parameter Q"));
        check(json!({"Type": "String"}), json!({}), Err("no value given"));
        check(json!({"Type": "CommaDelimitedList"}), json!({"P": "x, y"}), Ok(json!(["x", "y"])));
        check(json!({"Type": "List<Number>"}), json!({"P": "1,2"}), Ok(json!(["1", "2"])));
        let yes_or_no = json!({"Type": "String", "AllowedValues": [true, false]});
        check(yes_or_no, json!({"P": "true"}), Ok(json!("true")));
        let longest = "x".repeat(VALUE_BYTES_MAX);
        check(json!({"Type": "String"}), json!({"P": longest}), Ok(json!(longest)));
        check(json!({"Type": "String"}), json!({"P": format!("{longest}x")}), Err("longer than 4096 bytes"));
    }

    #[test]
    fn constraints_hold_for_given_values_and_for_defaults() {
        let both = |more: Value, value: Value, want: Result<Value, &str>| {
            let mut declared = json!({"Type": "String"});
            declared.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            check(declared.clone(), json!({ "P": value }), want.clone());
            declared["Default"] = value;
            check(declared, json!({}), want);
        };
        let allowed = |more: Value, value: Value| both(more, value.clone(), Ok(value));
        let refused = |more: Value, value: Value, why: &str| both(more, value, Err(why));
        let pattern = json!({"AllowedPattern": "[a-z]+"});
        allowed(pattern.clone(), json!("ab"));
        refused(pattern, json!("aB"), "Parameter 'P' must match pattern [a-z]+");
        refused(
            json!({"AllowedPattern": "[a-z]+", "ConstraintDescription": "small letters"}),
            json!("1"),
            "Parameter P failed to satisfy constraint: small letters",
        );
        allowed(json!({"AllowedPattern": "(?<no"}), json!("x"));
        let length = json!({"MinLength": "2", "MaxLength": 3});
        allowed(length.clone(), json!("éü"));
        allowed(length.clone(), json!("abc"));
        refused(length.clone(), json!("a"), "Parameter 'P' must contain at least 2 characters");
        refused(length, json!("abcd"), "Parameter 'P' must contain at most 3 characters");
        let number = json!({"Type": "Number", "MinValue": 1, "MaxValue": "2.5"});
        for value in [json!("1"), json!("2.5"), json!(2)] {
            allowed(number.clone(), value);
        }
        refused(number.clone(), json!("x"), "Parameter 'P' must be a number");
        refused(number.clone(), json!("0"), "Parameter 'P' must be a number not less than 1");
        refused(number, json!("2.6"), "Parameter 'P' must be a number not greater than 2.5");
        // A bound of numbers says nothing of texts.
        allowed(json!({"MinValue": 5}), json!("1"));
        let list = json!({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]});
        check(list.clone(), json!({"P": "a, b"}), Ok(json!(["a", "b"])));
        check(list, json!({"P": "a,c"}), Err("Parameter 'P' must be one of AllowedValues"));
        let numbers = json!({"Type": "List<Number>"});
        check(numbers, json!({"P": "1,x"}), Err("Parameter 'P' must be a number"));
    }

    #[test]
    fn what_nobody_gave_is_guessed_by_its_type() {
        let declared = json!({
            "Text": {"Type": "String"},
            "List": {"Type": "List<AWS::EC2::Subnet::Id>"},
            "Number": {"Type": "Number"},
            "Least": {"Type": "Number", "MinValue": 5},
            "Choice": {"Type": "String", "AllowedValues": ["a", "b"]},
            "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/x"},
            "Default": {"Type": "CommaDelimitedList", "Default": "x,y"},
            "Bootstrap": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/q/version"},
        });
        let (values, guessed) = guesses(declared.as_object().unwrap(), Map::new());
        let want = json!({
            "Text": GUESS, "List": [GUESS], "Number": "1", "Least": 5, "Choice": "a", "Stored": GUESS,
            "Default": ["x", "y"], "Bootstrap": CDK_BOOTSTRAP_VERSION,
        });
        assert_eq!(Value::Object(values), want);
        let guessed: Vec<&str> = guessed.iter().map(String::as_str).collect();
        assert_eq!(guessed, ["Choice", "Least", "List", "Number", "Stored", "Text"]);
    }

    #[test]
    fn pseudo_parameters_follow_the_region_and_the_stack() {
        let of = |region: &str, stack: &str| {
            let account = crate::id::AccountId::parse("123456789012").unwrap();
            let home = AccountRegion { account, region: crate::id::Region::parse(region).unwrap() };
            pseudo(&home, stack, &first_id(&home, stack), &[])
        };
        let china = of("cn-north-1", "s");
        assert_eq!(
            (&china["AWS::Partition"], &china["AWS::URLSuffix"]),
            (&json!("aws-cn"), &json!("amazonaws.com.cn"))
        );
        assert_eq!(of("us-gov-west-1", "s")["AWS::Partition"], "aws-us-gov");
        let (one, other) = (of("us-east-1", "one"), of("us-east-1", "other"));
        assert_ne!(one["AWS::StackId"], other["AWS::StackId"]);
        assert_eq!(one, of("us-east-1", "one"));
        // Templates use parts of its last part to make names unique.
        let id = one["AWS::StackId"].as_str().unwrap();
        let parts: Vec<usize> = id.rsplit('/').next().unwrap().split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
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
