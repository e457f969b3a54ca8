//! Conditions: an operator, a key, and the values to compare with.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

mod operand;

use std::borrow::Cow;

use serde_json::Value;

use self::operand::{Operands, Relation};
use super::decide::Facts;
use super::document::Effect;
use super::error::Error;
use super::pattern::{Case, Unresolved};

/// One condition key under one operator.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    /// In lower case, because keys are case-insensitive.
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// The `Null` operator: whether the key has to be missing.
    Null(bool),
    Compare {
        quantifier: Quantifier,
        if_exists: bool,
        is_negated: bool,
        operands: Operands,
    },
}

/// How several values of a request are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    /// Without `ForAllValues:` or `ForAnyValue:`.
    Single,
    ForAllValues,
    ForAnyValue,
}

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text(Case),
    Like,
    Number(Relation),
    Date(Relation),
    Bool,
    Binary,
    Address,
    Arn,
}

/// The operators' names without prefix and `IfExists`, with their kind and whether they are negated.
#[rustfmt::skip] // A table reads best a row a line.
const OPERATORS: &[(&str, Kind, bool)] = &[
    ("StringEquals", Kind::Text(Case::Sensitive), false),
    ("StringNotEquals", Kind::Text(Case::Sensitive), true),
    ("StringEqualsIgnoreCase", Kind::Text(Case::Insensitive), false),
    ("StringNotEqualsIgnoreCase", Kind::Text(Case::Insensitive), true),
    ("StringLike", Kind::Like, false),
    ("StringNotLike", Kind::Like, true),
    ("NumericEquals", Kind::Number(Relation::Equal), false),
    ("NumericNotEquals", Kind::Number(Relation::Equal), true),
    ("NumericLessThan", Kind::Number(Relation::Less), false),
    ("NumericLessThanEquals", Kind::Number(Relation::LessOrEqual), false),
    ("NumericGreaterThan", Kind::Number(Relation::Greater), false),
    ("NumericGreaterThanEquals", Kind::Number(Relation::GreaterOrEqual), false),
    ("DateEquals", Kind::Date(Relation::Equal), false),
    ("DateNotEquals", Kind::Date(Relation::Equal), true),
    ("DateLessThan", Kind::Date(Relation::Less), false),
    ("DateLessThanEquals", Kind::Date(Relation::LessOrEqual), false),
    ("DateGreaterThan", Kind::Date(Relation::Greater), false),
    ("DateGreaterThanEquals", Kind::Date(Relation::GreaterOrEqual), false),
    ("Bool", Kind::Bool, false),
    ("BinaryEquals", Kind::Binary, false),
    ("IpAddress", Kind::Address, false),
    ("NotIpAddress", Kind::Address, true),
    ("ArnEquals", Kind::Arn, false),
    ("ArnNotEquals", Kind::Arn, true),
    ("ArnLike", Kind::Arn, false),
    ("ArnNotLike", Kind::Arn, true),
];

impl Condition {
    /// Parses a `Condition` element. All of its conditions have to hold.
    pub(super) fn parse_block(block: &Value, variables: bool) -> Result<Vec<Self>, Error> {
        const TYPE: Error = Error::Type { element: "Condition", expected: "an object of operators" };
        let mut conditions = Vec::new();
        for (operator, keys) in block.as_object().ok_or(TYPE)? {
            for (key, values) in keys.as_object().ok_or(TYPE)? {
                let test = Test::parse(operator, &operands(values)?, variables)?;
                conditions.push(Self { key: key.to_ascii_lowercase(), test });
            }
        }
        Ok(conditions)
    }

    /// The condition keys that it asks for.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.key.as_str())
    }

    /// Whether the condition holds for a request, in a statement with this effect.
    pub(super) fn holds(&self, effect: Effect, facts: &dyn Facts) -> bool {
        let values = facts.values(&self.key);
        match &self.test {
            Test::Null(expect) => values.is_none_or(|values| values.is_empty()) == *expect,
            Test::Compare { quantifier, if_exists, is_negated, operands } => {
                let values = values.unwrap_or_default();
                if values.is_empty() {
                    return match quantifier {
                        Quantifier::ForAllValues => true,
                        Quantifier::ForAnyValue => *if_exists,
                        Quantifier::Single => *if_exists || *is_negated,
                    };
                }
                // If a variable has no value, nothing equals it. A negated operator then holds only in a deny.
                let differs = |value: &Cow<'_, str>| match operands.include(value, facts) {
                    Ok(included) => !included,
                    Err(Unresolved) => effect == Effect::Deny,
                };
                let equals = |value: &Cow<'_, str>| operands.include(value, facts).unwrap_or(false);
                match (quantifier, is_negated) {
                    (Quantifier::Single | Quantifier::ForAnyValue, false) => values.iter().any(equals),
                    (Quantifier::ForAllValues, false) => values.iter().all(equals),
                    (Quantifier::Single | Quantifier::ForAllValues, true) => values.iter().all(differs),
                    (Quantifier::ForAnyValue, true) => values.iter().any(differs),
                }
            }
        }
    }
}

impl Test {
    fn parse(operator: &str, values: &[Cow<'_, str>], variables: bool) -> Result<Self, Error> {
        let unknown = || Error::UnknownOperator(operator.to_owned());
        let (quantifier, name) = match operator.split_once(':') {
            Some(("ForAllValues", name)) => (Quantifier::ForAllValues, name),
            Some(("ForAnyValue", name)) => (Quantifier::ForAnyValue, name),
            Some(_) => return Err(unknown()),
            None => (Quantifier::Single, operator),
        };
        if name == "Null" && quantifier == Quantifier::Single {
            let [value] = values else {
                return Err(Error::Type { element: "Null", expected: "true or false" });
            };
            let expect = operand::boolean(value).ok_or_else(|| operand_error(operator, value))?;
            return Ok(Self::Null(expect));
        }
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let found = OPERATORS.iter().find(|(own, ..)| *own == name);
        let (_, kind, is_negated) = *found.ok_or_else(unknown)?;
        let operands = Operands::parse(kind, values, variables, operator)?;
        Ok(Self::Compare { quantifier, if_exists, is_negated, operands })
    }
}

fn operand_error(operator: &str, value: &str) -> Error {
    Error::Operand { operator: operator.to_owned(), value: value.to_owned() }
}

/// A value or a list of values. AWS writes them all as strings, and accepts numbers and booleans as well.
fn operands(value: &Value) -> Result<Vec<Cow<'_, str>>, Error> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let list = match value {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    let list: Option<Vec<_>> = list.iter().map(|value| text(value).map(Cow::Owned)).collect();
    list.ok_or(Error::Type { element: "Condition", expected: "an object of operators, keys and texts" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::decide::tests::Known;
    use super::*;

    /// A request with one key `k`, or without.
    fn check(operator: &str, operand: Value, values: &[&str], expect: bool) {
        let name = format!("{operator} {operand} on {values:?}");
        let block = json!({operator: {"K": operand}});
        let conditions = Condition::parse_block(&block, true).unwrap();
        let with = [("k", values), ("aws:username", &["u*"])];
        let facts = Known(if values.is_empty() { &with[1..] } else { &with });
        assert_eq!(conditions[0].holds(Effect::Allow, &facts), expect, "{name}");
    }

    #[test]
    fn texts_compare() {
        check("StringEquals", json!("a"), &["a"], true);
        check("StringEquals", json!(["b", "a"]), &["a"], true);
        check("StringEquals", json!("a*"), &["ab"], false);
        check("StringEquals", json!("${aws:username}"), &["u*"], true);
        check("StringEquals", json!("A"), &["a"], false);
        check("StringEqualsIgnoreCase", json!("A"), &["a"], true);
        check("StringNotEquals", json!(["a", "b"]), &["c"], true);
        check("StringNotEquals", json!(["a", "b"]), &["b"], false);
        check("StringNotEqualsIgnoreCase", json!("A"), &["a"], false);
        check("StringLike", json!("a*"), &["ab"], true);
        check("StringLike", json!("${aws:username}?"), &["u*x"], true);
        check("StringLike", json!("${aws:username}?"), &["uxx"], false);
        check("StringNotLike", json!("a*"), &["ba"], true);
        check("StringEquals", json!("${aws:userid}"), &["u"], false);
        check("StringNotEquals", json!("${aws:userid}"), &["u"], false);
    }

    #[test]
    fn numbers_dates_and_the_rest_compare() {
        check("NumericEquals", json!("10"), &["10.0"], true);
        check("NumericEquals", json!(10), &["ten"], false);
        check("NumericNotEquals", json!(10), &["11"], true);
        check("NumericLessThan", json!("-1.5"), &["-2"], true);
        check("NumericLessThanEquals", json!("2"), &["2"], true);
        check("NumericGreaterThan", json!("2"), &["2"], false);
        check("NumericGreaterThanEquals", json!("2"), &["2"], true);
        check("DateEquals", json!("2020-01-01T00:00:00Z"), &["2020-01-01T01:00:00+01:00"], true);
        check("DateNotEquals", json!("2020-01-01T00:00:00Z"), &["2020-01-01T00:00:01Z"], true);
        check("DateLessThan", json!("2020-01-02"), &["2020-01-01T23:59:59Z"], true);
        check("DateLessThanEquals", json!("1577836800"), &["2020-01-01T00:00:00Z"], true);
        check("DateGreaterThan", json!("2020-01-01T00:00:00Z"), &["1577836801"], true);
        check("DateGreaterThanEquals", json!("2020-01-01T00:00:00Z"), &["soon"], false);
        check("Bool", json!("true"), &["True"], true);
        check("Bool", json!(false), &["true"], false);
        check("BinaryEquals", json!("aGk="), &["aGk="], true);
        check("BinaryEquals", json!("aGk="), &["aGo="], false);
        check("IpAddress", json!("203.0.113.0/24"), &["203.0.113.9"], true);
        check("IpAddress", json!(["10.0.0.0/8", "203.0.113.9"]), &["203.0.113.9"], true);
        check("IpAddress", json!("2001:DB8:1234:5678::/64"), &["2001:db8:1234:5678::1"], true);
        check("IpAddress", json!("0.0.0.0/0"), &["2001:db8::1"], false);
        check("IpAddress", json!("203.0.113.0/24"), &["::ffff:203.0.113.9"], true);
        check("NotIpAddress", json!("203.0.113.0/25"), &["203.0.113.129"], true);
        check("NotIpAddress", json!("203.0.113.0/24"), &["203.0.113.9"], false);
        check("ArnEquals", json!("arn:aws:s3:::b*"), &["arn:aws:s3:::bucket"], true);
        check("ArnLike", json!("arn:aws:s3:::b?"), &["arn:aws:s3:::bucket"], false);
        check("ArnNotEquals", json!("arn:aws:s3:::b"), &["arn:aws:s3:::bucket"], true);
        check("ArnNotLike", json!("arn:*:s3:::*"), &["arn:aws:s3:::bucket"], false);
    }

    #[test]
    fn missing_keys_fail_unless_the_opposite_is_asked_for() {
        check("StringEquals", json!("a"), &[], false);
        check("StringNotEquals", json!("a"), &[], true);
        check("StringEqualsIfExists", json!("a"), &[], true);
        check("StringEqualsIfExists", json!("a"), &["b"], false);
        check("NotIpAddress", json!("10.0.0.0/8"), &[], true);
        check("BoolIfExists", json!("true"), &[], true);
        check("Null", json!("true"), &[], true);
        check("Null", json!(true), &["a"], false);
        check("Null", json!("false"), &["a"], true);
        check("ForAllValues:StringEquals", json!("a"), &[], true);
        check("ForAnyValue:StringEquals", json!("a"), &[], false);
        check("ForAnyValue:StringNotEquals", json!("a"), &[], false);
        check("ForAnyValue:StringEqualsIfExists", json!("a"), &[], true);
    }

    #[test]
    fn several_values_are_quantified() {
        let both: &[&str] = &["a", "b"];
        check("StringEquals", json!("b"), both, true);
        check("StringNotEquals", json!("b"), both, false);
        check("ForAllValues:StringEquals", json!(["a", "b", "c"]), both, true);
        check("ForAllValues:StringEquals", json!(["a"]), both, false);
        check("ForAnyValue:StringLike", json!(["b*"]), both, true);
        check("ForAnyValue:StringEquals", json!(["c"]), both, false);
        check("ForAllValues:StringNotEquals", json!(["b"]), both, false);
        check("ForAllValues:StringNotEquals", json!(["c"]), both, true);
        check("ForAnyValue:StringNotEquals", json!(["a"]), both, true);
    }

    #[test]
    fn broken_conditions_are_refused() {
        for (block, message) in [
            (json!([]), "Condition must be an object of operators"),
            (json!({"StringEquals": "a"}), "Condition must be an object of operators"),
            (json!({"Equals": {"k": "a"}}), "there is no condition operator Equals"),
            (json!({"NullIfExists": {"k": "a"}}), "there is no condition operator NullIfExists"),
            (json!({"ForSome:Bool": {"k": "a"}}), "there is no condition operator ForSome:Bool"),
            (json!({"Bool": {"k": "yes"}}), "Bool can't compare with \"yes\""),
            (json!({"Null": {"k": "1"}}), "Null can't compare with \"1\""),
            (json!({"NumericEquals": {"k": "one"}}), "NumericEquals can't compare with \"one\""),
            (json!({"DateEquals": {"k": "today"}}), "DateEquals can't compare with \"today\""),
            (json!({"IpAddress": {"k": "10.0.0.0/33"}}), "IpAddress can't compare with \"10.0.0.0/33\""),
            (json!({"IpAddress": {"k": "::/a"}}), "IpAddress can't compare with \"::/a\""),
            (json!({"BinaryEquals": {"k": "?"}}), "BinaryEquals can't compare with \"?\""),
            (
                json!({"StringEquals": {"k": [{}]}}),
                "Condition must be an object of operators, keys and texts",
            ),
            (json!({"StringEquals": {"k": "${x"}}), "\"${x\" has a malformed policy variable"),
        ] {
            let found = Condition::parse_block(&block, true).unwrap_err().to_string();
            assert_eq!(found, message, "{block}");
        }
    }
}
