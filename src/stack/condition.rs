//! Named booleans over parameters: the `Conditions` section, and what the `Rules` section asserts.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::Error;
use super::intrinsic::Names;

/// Conditions may name each other; deeper than this they are taken for a circle.
const DEPTH_MAX: usize = 32;

/// Decides every condition of the section.
///
/// # Errors
/// [`Error::Template`] for unknown functions, unknown names and circles.
pub(super) fn decide(
    section: &Map<String, Value>,
    parameters: &Map<String, Value>,
    mappings: &Value,
) -> Result<BTreeMap<String, bool>, Error> {
    let (no_conditions, no_resources) = (BTreeMap::new(), BTreeMap::new());
    let names = Names { parameters, mappings, conditions: &no_conditions, resources: &no_resources };
    let decider = Decider { section, names, kind: Functions::OfConditions };
    let decided = section
        .iter()
        .map(|(name, value)| Ok((name.clone(), decider.holds(value, &format!("Conditions/{name}"), 0)?)));
    decided.collect()
}

/// Checks every rule of the section that applies.
///
/// # Errors
/// [`Error::Template`] with the rule's own description where an assertion does not hold, and for unknown
/// functions and names.
pub(super) fn assert_rules(
    section: &Map<String, Value>,
    parameters: &Map<String, Value>,
    mappings: &Value,
) -> Result<(), Error> {
    let (no_conditions, no_resources, nothing) = (BTreeMap::new(), BTreeMap::new(), Map::new());
    let names = Names { parameters, mappings, conditions: &no_conditions, resources: &no_resources };
    let decider = Decider { section: &nothing, names, kind: Functions::OfRules };
    for (name, rule) in section {
        let at = format!("Rules/{name}");
        if let Some(condition) = rule.get("RuleCondition")
            && !decider.holds(condition, &format!("{at}/RuleCondition"), 0)?
        {
            continue;
        }
        let assertions = rule.get("Assertions").and_then(Value::as_array);
        let assertions = assertions.ok_or_else(|| Error::at(&at, "expected a list of Assertions"))?;
        for (i, assertion) in assertions.iter().enumerate() {
            let at = format!("{at}/Assertions/{i}");
            let assert = assertion.get("Assert").ok_or_else(|| Error::at(&at, "Assert is missing"))?;
            if !decider.holds(assert, &at, 0)? {
                let said = assertion.get("AssertDescription").and_then(Value::as_str);
                return Err(Error::at(at, said.unwrap_or("the parameters do not fulfil this assertion")));
            }
        }
    }
    Ok(())
}

/// Which section's functions may be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Functions {
    OfConditions,
    OfRules,
}

struct Decider<'a> {
    section: &'a Map<String, Value>,
    names: Names<'a>,
    kind: Functions,
}

impl Decider<'_> {
    fn holds(&self, value: &Value, at: &str, depth: usize) -> Result<bool, Error> {
        if DEPTH_MAX < depth {
            return Err(Error::at(at, "conditions refer to each other in a circle"));
        }
        let Some((function, argument)) = value.as_object().and_then(|map| map.iter().next()) else {
            return Err(Error::at(at, "expected a condition function"));
        };
        match (function.as_str(), argument) {
            ("Fn::Equals", Value::Array(sides)) if sides.len() == 2 => {
                let resolve = |side| self.names.resolve(side, at);
                let (left, right) = (resolve(&sides[0])?, resolve(&sides[1])?);
                Ok(left.map(as_text) == right.map(as_text))
            }
            ("Fn::Not", Value::Array(one)) if one.len() == 1 => Ok(!self.holds(&one[0], at, depth + 1)?),
            ("Fn::And" | "Fn::Or", Value::Array(many)) if !many.is_empty() => {
                let all: Result<Vec<bool>, Error> =
                    many.iter().map(|one| self.holds(one, at, depth + 1)).collect();
                let all = all?;
                Ok(if function == "Fn::And" { all.iter().all(|b| *b) } else { all.iter().any(|b| *b) })
            }
            ("Fn::Contains", Value::Array(sides)) if self.kind == Functions::OfRules && sides.len() == 2 => {
                let (list, one) = (self.texts(&sides[0], at)?, self.texts(&sides[1], at)?);
                Ok(one.iter().all(|one| list.contains(one)))
            }
            ("Fn::EachMemberEquals" | "Fn::EachMemberIn", Value::Array(sides))
                if self.kind == Functions::OfRules && sides.len() == 2 =>
            {
                let (members, wanted) = (self.texts(&sides[0], at)?, self.texts(&sides[1], at)?);
                Ok(members.iter().all(|member| wanted.contains(member)))
            }
            ("Condition", Value::String(name)) if self.kind == Functions::OfConditions => {
                match self.section.get(name) {
                    Some(other) => self.holds(other, at, depth + 1),
                    None => Err(Error::at(at, format!("no condition is named {name:?}"))),
                }
            }
            _ => Err(Error::at(at, format!("{function} is no condition function, or has wrong arguments"))),
        }
    }
}

impl Decider<'_> {
    /// A list's members, or one value, as texts.
    fn texts(&self, value: &Value, at: &str) -> Result<Vec<String>, Error> {
        Ok(match self.names.resolve(value, at)? {
            Some(Value::Array(items)) => items.into_iter().map(as_text).collect(),
            Some(one) => vec![as_text(one)],
            None => Vec::new(),
        })
    }
}

/// CloudFormation compares as text: `"true"` equals `true`.
fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_combine() {
        let section = json!({
            "IsDev": {"Fn::Equals": [{"Ref": "Env"}, "dev"]},
            "NotDev": {"Fn::Not": [{"Condition": "IsDev"}]},
            "Both": {"Fn::And": [{"Condition": "IsDev"}, {"Condition": "NotDev"}]},
            "Either": {"Fn::Or": [{"Condition": "IsDev"}, {"Condition": "NotDev"}]},
        });
        let parameters = json!({"Env": "dev"});
        let decided =
            decide(section.as_object().unwrap(), parameters.as_object().unwrap(), &json!({})).unwrap();
        let holds: Vec<&str> = decided.iter().filter(|(_, b)| **b).map(|(n, _)| n.as_str()).collect();
        assert_eq!(holds, ["Either", "IsDev"]);
    }

    #[test]
    fn rules_say_what_they_want_of_parameters() {
        let rules = json!({
            "Bootstrapped": {"Assertions": [{
                "Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2"], {"Ref": "Version"}]}]},
                "AssertDescription": "version 3 required",
            }]},
            "OnlyInProd": {
                "RuleCondition": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
                "Assertions": [
                    {"Assert": {"Fn::EachMemberIn": [{"Ref": "Zones"}, ["a", "b"]]}},
                    {"Assert": {"Fn::EachMemberEquals": [{"Ref": "Zones"}, "a"]}},
                ],
            },
        });
        let check = |parameters: Value, want: Result<(), &str>| {
            let parameters = parameters.as_object().unwrap();
            let got = assert_rules(rules.as_object().unwrap(), parameters, &json!({}));
            assert_eq!(got.map_err(|error| error.to_string()), want.map_err(str::to_owned), "{parameters:?}");
        };
        check(json!({"Version": "3", "Env": "dev", "Zones": ["c"]}), Ok(()));
        check(
            json!({"Version": 2, "Env": "dev", "Zones": []}),
            Err("Rules/Bootstrapped/Assertions/0: version 3 required"),
        );
        let unfulfilled =
            |i| format!("Rules/OnlyInProd/Assertions/{i}: the parameters do not fulfil this assertion");
        check(json!({"Version": "3", "Env": "prod", "Zones": ["c"]}), Err(&unfulfilled(0)));
        check(json!({"Version": "3", "Env": "prod", "Zones": ["b"]}), Err(&unfulfilled(1)));
        check(json!({"Version": "3", "Env": "prod", "Zones": ["a", "a"]}), Ok(()));
    }

    #[test]
    fn functions_of_rules_are_no_condition_functions() {
        let section = json!({"A": {"Fn::Contains": [["x"], "x"]}});
        let error = decide(section.as_object().unwrap(), &Map::new(), &json!({})).unwrap_err();
        assert!(error.to_string().contains("no condition function"), "{error}");
    }

    #[test]
    fn circles_are_refused() {
        let section = json!({"A": {"Condition": "B"}, "B": {"Condition": "A"}});
        let error = decide(section.as_object().unwrap(), &Map::new(), &json!({})).unwrap_err();
        assert!(error.to_string().contains("circle"), "{error}");
    }
}
