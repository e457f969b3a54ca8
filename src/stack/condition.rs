//! The `Conditions` section: named booleans over parameters.

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
    let decider = Decider { section, names };
    let decided = section
        .iter()
        .map(|(name, value)| Ok((name.clone(), decider.holds(value, &format!("Conditions/{name}"), 0)?)));
    decided.collect()
}

struct Decider<'a> {
    section: &'a Map<String, Value>,
    names: Names<'a>,
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
            ("Condition", Value::String(name)) => match self.section.get(name) {
                Some(other) => self.holds(other, at, depth + 1),
                None => Err(Error::at(at, format!("no condition is named {name:?}"))),
            },
            _ => Err(Error::at(at, format!("{function} is no condition function, or has wrong arguments"))),
        }
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
    fn circles_are_refused() {
        let section = json!({"A": {"Condition": "B"}, "B": {"Condition": "A"}});
        let error = decide(section.as_object().unwrap(), &Map::new(), &json!({})).unwrap_err();
        assert!(error.to_string().contains("circle"), "{error}");
    }
}
