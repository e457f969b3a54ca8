//! Checks input against shapes: types first, then constraints, with AWS's messages.
//!
//! A value of the wrong type is a `SerializationException` and ends the check. All other violations are collected into
//! one `ValidationException`. The check also normalizes the input: nulls without a meaning are dropped, and integers
//! lose their fraction.

mod print;
mod violation;

use serde_json::{Map, Value};

use self::violation::{Path, Rule, Violations};
use super::{ApiError, Code, Limits, Location, Member, Nulls, Operation, Protocol, Shape, Structure};

/// Checks `input` against the operation's shape. `payload_given` says whether there is a body, for operations that take
/// it unparsed.
pub(super) fn check(operation: &Operation, input: &mut Value, payload_given: bool) -> Result<(), ApiError> {
    let Value::Object(members) = input else {
        return Err(mistyped(input, "map"));
    };
    let mut violations = Violations::new(operation);
    let shape = operation.input;
    members.retain(|_, value| !value.is_null());
    let root = Path::Root;
    if matches!(operation.service.protocol, Protocol::RestJson | Protocol::RestXml { .. }) {
        // AWS checks a rest-json body as a separate structure, before labels and parameters.
        let (body, others): (Vec<&Member>, Vec<&Member>) =
            shape.members.iter().partition(|member| member.location == Location::Body);
        let body_root = Path::Input;
        for (root, group) in [(&body_root, body), (&root, others)] {
            for member in group {
                if member.location.is_payload() {
                    if member.required && !payload_given {
                        violations.null(&Path::Member(root, member.name));
                    }
                    continue;
                }
                check_member(member, members, root, &mut violations)?;
            }
        }
    } else {
        for member in shape.members {
            check_member(member, members, &root, &mut violations)?;
        }
    }
    violations.into_result()
}

fn check_member(
    member: &'static Member,
    members: &mut Map<String, Value>,
    parent: &Path<'_>,
    violations: &mut Violations,
) -> Result<(), ApiError> {
    let path = Path::Member(parent, member.name);
    match members.get_mut(member.name) {
        Some(value) => check_value(&member.shape, value, &path, member.sensitive, violations),
        None => {
            if member.required {
                violations.null(&path);
            }
            Ok(())
        }
    }
}

fn check_structure(
    shape: &'static Structure,
    members: &mut Map<String, Value>,
    parent: &Path<'_>,
    violations: &mut Violations,
) -> Result<(), ApiError> {
    members.retain(|_, value| !value.is_null());
    shape.members.iter().try_for_each(|member| check_member(member, members, parent, violations))
}

fn check_value(
    shape: &'static Shape,
    value: &mut Value,
    path: &Path<'_>,
    sensitive: bool,
    violations: &mut Violations,
) -> Result<(), ApiError> {
    canonical(shape, value)?;
    match (shape, value) {
        (Shape::List(item, limits), value) => {
            let Value::Array(items) = &mut *value else { return Ok(()) };
            let n_items = items.len();
            if is_scalar(item) {
                items.iter_mut().try_for_each(|value| canonical(item, value))?;
                if items.iter().any(|value| !rules(item, Some(value)).is_empty()) {
                    violations.add(shape, value, path, sensitive, Rule::Items(item));
                }
            } else {
                for (index, value) in items.iter_mut().enumerate() {
                    check_value(item, value, &Path::Item(path, index), sensitive, violations)?;
                }
            }
            for rule in length_rules(*limits, n_items) {
                violations.add(shape, value, path, sensitive, rule);
            }
        }
        (Shape::Map(key, item, nulls), value) => {
            let Value::Object(entries) = &mut *value else { return Ok(()) };
            if *nulls == Nulls::Dropped {
                entries.retain(|_, value| !value.is_null());
            }
            let given = |value: &&mut Value| !value.is_null();
            let bad_key = entries.keys().any(|name| !string_rules(key, name).is_empty());
            let mut bad_value = false;
            if is_scalar(item) {
                entries.values_mut().filter(given).try_for_each(|value| canonical(item, value))?;
                let mut given = entries.values().filter(|value| !value.is_null());
                bad_value = given.any(|value| !rules(item, Some(value)).is_empty());
            } else {
                for (name, value) in entries.iter_mut().filter(|(_, value)| !value.is_null()) {
                    check_value(item, value, &Path::Entry(path, name), sensitive, violations)?;
                }
            }
            if bad_key {
                violations.add(shape, value, path, sensitive, Rule::Keys(key));
            }
            if bad_value {
                violations.add(shape, value, path, sensitive, Rule::Values(item));
            }
        }
        (Shape::Structure(structure), Value::Object(members)) => {
            check_structure(structure, members, path, violations)?;
        }
        (scalar, value) => {
            for rule in rules(scalar, Some(value)) {
                violations.add(scalar, value, path, sensitive, rule);
            }
        }
    }
    Ok(())
}

fn is_scalar(shape: &Shape) -> bool {
    match shape {
        Shape::String(..)
        | Shape::ByteString(_)
        | Shape::Enum(_)
        | Shape::Integer(_)
        | Shape::Long(_)
        | Shape::Float(_)
        | Shape::Boolean
        | Shape::Timestamp
        | Shape::Blob => true,
        Shape::List(..) | Shape::Map(..) | Shape::Structure(_) => false,
    }
}

/// The rules of a scalar `shape` that `value` violates; all rules if there is no value.
pub(super) fn rules(shape: &'static Shape, value: Option<&Value>) -> Vec<Rule> {
    match shape {
        Shape::String(..) | Shape::ByteString(_) | Shape::Enum(_) => match value {
            Some(value) => value.as_str().map(|text| string_rules(shape, text)).unwrap_or_default(),
            None => all_string_rules(shape),
        },
        Shape::Integer(limits) | Shape::Long(limits) => {
            let number = value.and_then(Value::as_i64);
            let broken = |holds: fn(i64, i64) -> bool, limit| number.is_none_or(|n| !holds(n, limit));
            let mut rules = Vec::new();
            if limits.max != i64::MAX && broken(|n, max| n <= max, limits.max) {
                rules.push(Rule::ValueMax(limits.max));
            }
            if limits.min != i64::MIN && broken(|n, min| min <= n, limits.min) {
                rules.push(Rule::ValueMin(limits.min));
            }
            rules
        }
        Shape::Float(limits) => {
            let number = value.and_then(Value::as_f64);
            let mut rules = Vec::new();
            if limits.max != i64::MAX
                && number.is_none_or(|n| limits.max as f64 <= n && n != limits.max as f64)
            {
                rules.push(Rule::ValueMax(limits.max));
            }
            if limits.min != i64::MIN && number.is_none_or(|n| n < limits.min as f64) {
                rules.push(Rule::ValueMin(limits.min));
            }
            rules
        }
        Shape::Boolean
        | Shape::Timestamp
        | Shape::Blob
        | Shape::List(..)
        | Shape::Map(..)
        | Shape::Structure(_) => Vec::new(),
    }
}

fn string_rules(shape: &'static Shape, text: &str) -> Vec<Rule> {
    match shape {
        Shape::String(limits, pattern) => {
            // Count characters only if the number of bytes doesn't decide the result.
            let n_bytes = text.len();
            let certainly_fits = in_limits(*limits, n_bytes) && (limits.min <= 1 || text.is_ascii());
            let mut rules =
                if certainly_fits { Vec::new() } else { length_rules(*limits, text.chars().count()) };
            if let Some(pattern) = pattern.filter(|pattern| !(pattern.matches)(text)) {
                rules.push(Rule::Pattern(pattern.text));
            }
            rules
        }
        Shape::ByteString(limits) => length_rules(*limits, text.len()),
        Shape::Enum(words) if words.contains(&text) => Vec::new(),
        Shape::Enum(words) => vec![Rule::Enum(words)],
        Shape::Integer(_)
        | Shape::Long(_)
        | Shape::Float(_)
        | Shape::Boolean
        | Shape::Timestamp
        | Shape::Blob
        | Shape::List(..)
        | Shape::Map(..)
        | Shape::Structure(_) => Vec::new(),
    }
}

fn all_string_rules(shape: &'static Shape) -> Vec<Rule> {
    let (limits, pattern) = match shape {
        Shape::String(limits, pattern) => (*limits, *pattern),
        Shape::ByteString(limits) => (*limits, None),
        Shape::Enum(words) => return vec![Rule::Enum(words)],
        Shape::Integer(_)
        | Shape::Long(_)
        | Shape::Float(_)
        | Shape::Boolean
        | Shape::Timestamp
        | Shape::Blob
        | Shape::List(..)
        | Shape::Map(..)
        | Shape::Structure(_) => return Vec::new(),
    };
    let max = (limits.max != i64::MAX).then_some(Rule::LengthMax(limits.max));
    let min = (limits.min != i64::MIN).then_some(Rule::LengthMin(limits.min));
    max.into_iter().chain(min).chain(pattern.map(|pattern| Rule::Pattern(pattern.text))).collect()
}

fn in_limits(limits: Limits, length: usize) -> bool {
    i64::try_from(length).is_ok_and(|length| limits.min <= length && length <= limits.max)
}

fn length_rules(limits: Limits, length: usize) -> Vec<Rule> {
    if in_limits(limits, length) {
        return Vec::new();
    }
    let too_long = i64::try_from(length).map_or(true, |length| limits.max < length);
    vec![if too_long { Rule::LengthMax(limits.max) } else { Rule::LengthMin(limits.min) }]
}

/// Converts `value` to the type of `shape`, or fails.
fn canonical(shape: &Shape, value: &mut Value) -> Result<(), ApiError> {
    match (shape, &*value) {
        (
            Shape::String(..) | Shape::ByteString(_) | Shape::Enum(_) | Shape::Blob | Shape::Timestamp,
            Value::String(_),
        )
        | (Shape::Timestamp | Shape::Float(_), Value::Number(_))
        | (Shape::Boolean, Value::Bool(_))
        | (Shape::List(..), Value::Array(_))
        | (Shape::Map(..) | Shape::Structure(_), Value::Object(_)) => Ok(()),
        (Shape::Integer(_), Value::Number(number)) => {
            let whole = truncated(number).filter(|n| i32::try_from(*n).is_ok());
            *value = whole.ok_or_else(|| mistyped(value, "Integer"))?.into();
            Ok(())
        }
        (Shape::Long(_), Value::Number(number)) => {
            *value = truncated(number).ok_or_else(|| mistyped(value, "Long"))?.into();
            Ok(())
        }
        (shape, value) => Err(mistyped(value, wanted(shape))),
    }
}

/// A number as an integer; AWS truncates the fraction.
fn truncated(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let whole = number.as_f64()?.trunc();
        // 2^63 as a float is the first number beyond an i64.
        (whole.abs() < 9_223_372_036_854_775_808.0).then_some(whole as i64)
    })
}

fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::String(..) | Shape::ByteString(_) | Shape::Enum(_) => "String",
        Shape::Integer(_) => "Integer",
        Shape::Long(_) => "Long",
        Shape::Float(_) => "Double",
        Shape::Boolean => "Boolean",
        Shape::Timestamp => "Timestamp",
        Shape::Blob => "ByteBuffer",
        Shape::List(..) => "list",
        Shape::Map(..) | Shape::Structure(_) => "map",
    }
}

fn mistyped(value: &Value, wanted: &str) -> ApiError {
    let class = match value {
        // The messages for structures are AWS's. That lists and maps in place of a scalar are refused with "Expected …
        // or null" is our assumption.
        Value::Object(_) => {
            let text = "Start of structure or map found where not expected.";
            return ApiError::new(Code::Serialization, text);
        }
        Value::Array(_) => {
            return ApiError::new(Code::Serialization, "Start of list found where not expected");
        }
        _ if matches!(wanted, "list" | "map") => {
            return ApiError::new(Code::Serialization, format!("Expected {wanted} or null"));
        }
        Value::Null => return ApiError::new(Code::Serialization, "null found where not expected"),
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(_) => "com.amazon.coral.value.json.numbers.TruncatingBigNumber",
        Value::String(_) => "java.lang.String",
    };
    // AWS writes "an" before every type.
    ApiError::new(Code::Serialization, format!("class {class} can not be converted to an {wanted}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::{Handler, Pattern, Route, optional, required};

    static DIGITS: Pattern =
        Pattern { text: r"\d+", matches: |text| text.bytes().all(|b| b.is_ascii_digit()) };
    static ITEM: Structure = Structure::new(
        "RoutingItem",
        &[required("arn", Shape::string(1, 9)), required("weight", Shape::integer(0, 100))],
    );
    static INPUT: Structure = Structure::new(
        "PutThingInput",
        &[
            required("status", Shape::pattern(1, 4, &DIGITS)).at(Location::Uri("status")),
            required("name", Shape::string(2, 5)),
            optional("secret", Shape::string(1, 3)).secret(),
            optional("kind", Shape::Enum(&["B", "A"])),
            optional("kinds", Shape::list(&Shape::Enum(&["B", "A"]))),
            optional("max", Shape::integer(0, 10)),
            optional("on", Shape::Boolean),
            optional("bytes", Shape::ByteString(Limits { min: 0, max: 4 })),
            optional("routes", Shape::List(&Shape::Structure(&ITEM), Limits { min: 1, max: 2 })),
            optional("tags", Shape::map(&const { Shape::string(1, 2) }, &const { Shape::string(0, 2) })),
            optional("sparse", Shape::Map(&Shape::TEXT, &const { Shape::string(0, 2) }, Nulls::Kept)),
        ],
    );
    static STATES: Operation = Operation {
        service: &crate::wire::states::SERVICE,
        name: "PutThing",
        route: Route::Target,
        input: &INPUT,
        handler: Handler::Unsupported,
    };
    static REST: Operation = Operation {
        service: &crate::wire::apigateway::SERVICE,
        name: "PutThing",
        route: Route::Rest { method: "PUT", uri: "/things/{status}", status: 200 },
        input: &INPUT,
        handler: Handler::Unsupported,
    };

    fn refusal(operation: &Operation, mut input: Value) -> String {
        super::check(operation, &mut input, false).map_or_else(|e| e.to_string(), |()| "ok".to_owned())
    }

    #[track_caller]
    fn check(more: Value, expect: &str) {
        let mut input = json!({"status": "1", "name": "abc"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(refusal(&STATES, input), expect);
    }

    #[test]
    fn constraints_are_named_in_the_words_of_aws() {
        let one = "ValidationException: 1 validation error detected: Value ";
        let two = "ValidationException: 2 validation errors detected: Value ";
        let of = "failed to satisfy constraint: Member must";
        check(json!({}), "ok");
        check(json!({"name": null}), &format!("{one}null at 'name' {of} not be null"));
        check(
            json!({"name": "abcdef"}),
            &format!("{one}'abcdef' at 'name' {of} have length less than or equal to 5"),
        );
        check(json!({"name": "ééééé"}), "ok");
        check(
            json!({"name": "é"}),
            &format!("{one}'é' at 'name' {of} have length greater than or equal to 2"),
        );
        check(
            json!({"secret": "abcd"}),
            &format!("{one}at 'secret' {of} have length less than or equal to 3"),
        );
        check(json!({"kind": "C"}), &format!("{one}'C' at 'kind' {of} satisfy enum value set: [B, A]"));
        check(
            json!({"kinds": ["A", "C"]}),
            &format!(
                "{one}'[A, C]' at 'kinds' {of} satisfy constraint: [Member must satisfy enum value set: [B, A]]"
            ),
        );
        check(json!({"max": 11}), &format!("{one}'11' at 'max' {of} have value less than or equal to 10"));
        check(json!({"max": -1}), &format!("{one}'-1' at 'max' {of} have value greater than or equal to 0"));
        check(
            json!({"bytes": "ééé"}),
            &format!("{one}'ééé' at 'bytes' {of} have length less than or equal to 4"),
        );
        check(
            json!({"status": "12345x"}),
            &format!(
                "{two}'12345x' at 'status' {of} have length less than or equal to 4; Value '12345x' at 'status' \
                 {of} satisfy regular expression pattern: \\d+"
            ),
        );
        check(
            json!({"routes": [{"arn": "a", "weight": 101}]}),
            &format!("{one}'101' at 'routes.1.member.weight' {of} have value less than or equal to 100"),
        );
        let item = json!({"arn": "a", "weight": 5});
        check(
            json!({"routes": [item, item, item]}),
            &format!(
                "{one}'[RoutingItem(arn=a, weight=5), RoutingItem(arn=a, weight=5), RoutingItem(arn=a, weight=5)]' \
                 at 'routes' {of} have length less than or equal to 2"
            ),
        );
        check(
            json!({"tags": {"a": "abc"}}),
            &format!(
                "{one}'{{a=abc}}' at 'tags' failed to satisfy constraint: Map value must satisfy constraint: \
                 [Member must have length less than or equal to 2, Member must have length greater than or equal \
                 to 0]"
            ),
        );
    }

    #[test]
    fn rest_bodies_come_first_and_carry_the_name_of_the_input() {
        assert_eq!(
            refusal(&REST, json!({"status": "x", "name": "abc", "kind": "C"})),
            "ValidationException: 2 validation errors detected: Value 'C' at 'putThingInput.kind' failed to \
             satisfy constraint: Member must satisfy enum value set: [B, A]; Value 'x' at 'status' failed to \
             satisfy constraint: Member must satisfy regular expression pattern: \\d+"
        );
    }

    #[test]
    fn values_of_another_type_are_refused_at_once() {
        let no = "SerializationException: ";
        check(
            json!({"name": true}),
            &format!("{no}class java.lang.Boolean can not be converted to an String"),
        );
        check(
            json!({"name": 5}),
            &format!(
                "{no}class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String"
            ),
        );
        check(json!({"name": {}}), &format!("{no}Start of structure or map found where not expected."));
        check(json!({"name": []}), &format!("{no}Start of list found where not expected"));
        check(
            json!({"on": "true"}),
            &format!("{no}class java.lang.String can not be converted to an Boolean"),
        );
        check(
            json!({"sparse": {"a": null, "b": 1}}),
            &format!(
                "{no}class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String"
            ),
        );
        check(json!({"routes": 5}), &format!("{no}Expected list or null"));
        check(json!({"tags": "a"}), &format!("{no}Expected map or null"));
        assert_eq!(refusal(&STATES, json!([])), format!("{no}Start of list found where not expected"));
        let huge = json!({"max": 1e300});
        check(
            huge,
            &format!(
                "{no}class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an Integer"
            ),
        );
    }

    #[test]
    fn input_is_made_canonical() {
        let mut input = json!({"status": "1", "name": "abc", "max": 5.9, "kind": null, "routes": null});
        super::check(&STATES, &mut input, false).unwrap();
        assert_eq!(input, json!({"status": "1", "name": "abc", "max": 5}));

        let mut input = json!({"status": "1", "name": "abc", "tags": {"a": null}, "sparse": {"a": null}});
        super::check(&REST, &mut input, false).unwrap();
        assert_eq!(input, json!({"status": "1", "name": "abc", "tags": {}, "sparse": {"a": null}}));
    }
}
