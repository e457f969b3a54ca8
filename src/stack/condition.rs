//! Named booleans that depend on parameters: the `Conditions` section, and the assertions in the `Rules` section.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::Error;
use super::scope::{Names, Scope, Tally};

/// How deep condition functions may nest, including named conditions; deeper ones count as a cycle.
const DEPTH_MAX: usize = 32;

/// Decides every condition with the parameters and mappings in `scope`: `None` for those that depend on values known
/// only at deployment.
///
/// # Errors
/// [`Error::Template`] for unknown functions, unknown names and cycles.
pub(super) fn decide(
    section: &Map<String, Value>,
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, Option<bool>>, Error> {
    let (no_resources, tally) = (BTreeMap::new(), Tally::new());
    let names = Names { scope, resources: &no_resources, tally: &tally };
    let decider = Decider { section, names, kind: Functions::OfConditions, decided: RefCell::default() };
    section.keys().try_for_each(|name| decider.named(name, &format!("Conditions/{name}"), 0).map(drop))?;
    Ok(decider.decided.into_inner())
}

/// Checks every applicable rule, as far as `scope` is known.
///
/// # Errors
/// [`Error::Template`] with the rule's own description if an assertion is false, and for unknown functions and names.
pub(super) fn assert_rules(section: &Map<String, Value>, scope: &Scope<'_>) -> Result<(), Error> {
    let (no_resources, nothing, tally) = (BTreeMap::new(), Map::new(), Tally::new());
    let names = Names { scope, resources: &no_resources, tally: &tally };
    let decider = Decider { section: &nothing, names, kind: Functions::OfRules, decided: RefCell::default() };
    for (name, rule) in section {
        let at = format!("Rules/{name}");
        if let Some(condition) = rule.get("RuleCondition")
            && decider.holds(condition, &format!("{at}/RuleCondition"), 0)? != Some(true)
        {
            continue;
        }
        let assertions = rule.get("Assertions").and_then(Value::as_array);
        let assertions = assertions.ok_or_else(|| Error::at(&at, "expected a list of Assertions"))?;
        for (i, assertion) in assertions.iter().enumerate() {
            let at = format!("{at}/Assertions/{i}");
            let assert = assertion.get("Assert").ok_or_else(|| Error::at(&at, "Assert is missing"))?;
            if decider.holds(assert, &at, 0)? == Some(false) {
                let said = assertion.get("AssertDescription").and_then(Value::as_str);
                return Err(Error::at(at, said.unwrap_or("the parameters do not fulfil this assertion")));
            }
        }
    }
    Ok(())
}

/// Which section's functions are allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Functions {
    OfConditions,
    OfRules,
}

struct Decider<'a> {
    section: &'a Map<String, Value>,
    names: Names<'a>,
    kind: Functions,
    /// Each is decided once, however many others refer to it.
    decided: RefCell<BTreeMap<String, Option<bool>>>,
}

impl Decider<'_> {
    /// Whether the condition with this name is true.
    fn named(&self, name: &str, at: &str, depth: usize) -> Result<Option<bool>, Error> {
        if let Some(holds) = self.decided.borrow().get(name) {
            return Ok(*holds);
        }
        let condition = self.section.get(name);
        let condition = condition.ok_or_else(|| Error::at(at, format!("no condition is named {name:?}")))?;
        let holds = self.holds(condition, at, depth)?;
        self.decided.borrow_mut().insert(name.to_owned(), holds);
        Ok(holds)
    }

    /// Whether `value` is true; `None` if that depends on a guess.
    fn holds(&self, value: &Value, at: &str, depth: usize) -> Result<Option<bool>, Error> {
        if DEPTH_MAX < depth {
            return Err(Error::at(at, "conditions refer to each other in a circle"));
        }
        let Some((function, argument)) = value.as_object().and_then(|map| map.iter().next()) else {
            return Err(Error::at(at, "expected a condition function"));
        };
        let mark = self.names.tally.mark();
        let unless_guessed = |holds: bool| (!self.names.tally.guessed_since(mark)).then_some(holds);
        match (function.as_str(), argument) {
            ("Fn::Equals", Value::Array(sides)) if sides.len() == 2 => {
                let resolve = |side| self.names.resolve(side, at);
                let (left, right) = (resolve(&sides[0])?, resolve(&sides[1])?);
                Ok(unless_guessed(left.map(as_text) == right.map(as_text)))
            }
            ("Fn::Not", Value::Array(one)) if one.len() == 1 => {
                Ok(self.holds(&one[0], at, depth + 1)?.map(|holds| !holds))
            }
            ("Fn::And" | "Fn::Or", Value::Array(many)) if !many.is_empty() => {
                let all: Result<Vec<Option<bool>>, Error> =
                    many.iter().map(|one| self.holds(one, at, depth + 1)).collect();
                let (all, decisive) = (all?, function == "Fn::Or");
                Ok(if all.contains(&Some(decisive)) {
                    Some(decisive)
                } else if all.contains(&None) {
                    None
                } else {
                    Some(!decisive)
                })
            }
            ("Fn::Contains", Value::Array(sides)) if self.kind == Functions::OfRules && sides.len() == 2 => {
                let (list, one) = (self.texts(&sides[0], at)?, self.texts(&sides[1], at)?);
                Ok(unless_guessed(one.iter().all(|one| list.contains(one))))
            }
            ("Fn::EachMemberEquals" | "Fn::EachMemberIn", Value::Array(sides))
                if self.kind == Functions::OfRules && sides.len() == 2 =>
            {
                let (members, wanted) = (self.texts(&sides[0], at)?, self.texts(&sides[1], at)?);
                Ok(unless_guessed(members.iter().all(|member| wanted.contains(member))))
            }
            ("Condition", Value::String(name)) if self.kind == Functions::OfConditions => {
                self.named(name, at, depth + 1)
            }
            _ => Err(Error::at(at, format!("{function} is no condition function, or has wrong arguments"))),
        }
    }

    /// The members of a list, or a single value, as strings.
    fn texts(&self, value: &Value, at: &str) -> Result<Vec<String>, Error> {
        Ok(match self.names.resolve(value, at)? {
            Some(Value::Array(items)) => items.into_iter().map(as_text).collect(),
            Some(one) => vec![as_text(one)],
            None => Vec::new(),
        })
    }
}

/// CloudFormation compares strings: `"true"` equals `true`.
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

    /// A scope with these parameters; the one called `Guessed` is a guess.
    fn scope<'a>(parameters: &Value, mappings: &'a Value) -> Scope<'a> {
        Scope {
            parameters: parameters.as_object().unwrap().clone(),
            guessed: ["Guessed".to_owned()].into(),
            mappings,
            conditions: BTreeMap::new(),
            exports: None,
        }
    }

    fn decide(section: &Value, parameters: &Value) -> Result<BTreeMap<String, Option<bool>>, Error> {
        super::decide(section.as_object().unwrap(), &scope(parameters, &json!({})))
    }

    #[test]
    fn conditions_combine() {
        let section = json!({
            "IsDev": {"Fn::Equals": [{"Ref": "Env"}, "dev"]},
            "NotDev": {"Fn::Not": [{"Condition": "IsDev"}]},
            "Both": {"Fn::And": [{"Condition": "IsDev"}, {"Condition": "NotDev"}]},
            "Either": {"Fn::Or": [{"Condition": "IsDev"}, {"Condition": "NotDev"}]},
        });
        let decided = decide(&section, &json!({"Env": "dev"})).unwrap();
        let holds = decided.iter().filter(|(_, b)| **b == Some(true)).map(|(n, _)| n.as_str());
        assert_eq!(holds.collect::<Vec<_>>(), ["Either", "IsDev"]);
    }

    #[test]
    fn what_depends_on_a_guess_is_undecided() {
        let section = json!({
            "Guess": {"Fn::Equals": [{"Ref": "Guessed"}, "a"]},
            "Not": {"Fn::Not": [{"Condition": "Guess"}]},
            "Yes": {"Fn::Equals": ["a", "a"]},
            "OrYes": {"Fn::Or": [{"Condition": "Guess"}, {"Condition": "Yes"}]},
            "AndYes": {"Fn::And": [{"Condition": "Guess"}, {"Condition": "Yes"}]},
            "AndNo": {"Fn::And": [{"Condition": "Guess"}, {"Fn::Not": [{"Condition": "Yes"}]}]},
        });
        let decided = decide(&section, &json!({"Guessed": "a"})).unwrap();
        let undecided = decided.iter().filter(|(_, b)| b.is_none()).map(|(n, _)| n.as_str());
        assert_eq!(undecided.collect::<Vec<_>>(), ["AndYes", "Guess", "Not"]);
        assert_eq!((decided["OrYes"], decided["AndNo"]), (Some(true), Some(false)));
    }

    #[test]
    fn conditions_that_name_each_other_often_are_decided_once() {
        let mut section = json!({"C0": {"Fn::Equals": ["a", "a"]}});
        for n in 1..=30 {
            let below = json!({"Condition": format!("C{}", n - 1)});
            section[format!("C{n}")] = json!({"Fn::And": [below, below, below]});
        }
        assert_eq!(decide(&section, &json!({})).unwrap()["C30"], Some(true));
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
            let got = assert_rules(rules.as_object().unwrap(), &scope(&parameters, &json!({})));
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
        let error = decide(&section, &json!({})).unwrap_err();
        assert!(error.to_string().contains("no condition function"), "{error}");
    }

    #[test]
    fn functions_nest_so_deep_and_no_deeper() {
        let nested = |n: usize| {
            let yes = json!({"Fn::Equals": ["a", "a"]});
            json!({"A": (0..n).fold(yes, |below, _| json!({"Fn::Not": [below]}))})
        };
        let decided = decide(&nested(DEPTH_MAX), &json!({})).unwrap();
        assert_eq!(decided["A"], Some(true));
        assert!(decide(&nested(DEPTH_MAX + 1), &json!({})).is_err());
    }

    #[test]
    fn circles_are_refused() {
        let section = json!({"A": {"Condition": "B"}, "B": {"Condition": "A"}});
        let error = decide(&section, &json!({})).unwrap_err();
        assert!(error.to_string().contains("circle"), "{error}");
    }
}
