//! What functions may stand for with `AWS::LanguageExtensions` besides: names in `Ref` and `Fn::GetAtt`, and the policies of
//! resources. From JSON to JSON, after loops have been unrolled.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::error::Error;
use super::intrinsic::GUESS;
use super::scope::{Names, Scope, Tally};

/// The sections whose functions may have functions for names.
const SECTIONS: &[&str] = &["Resources", "Outputs"];
const POLICIES: &[&str] = &["DeletionPolicy", "UpdateReplacePolicy"];
/// What a policy is taken for as long as nobody knows it.
const GUESSED_POLICY: &str = "Delete";

/// Puts names and policies in place of functions of parameters and mappings. `given` are the values of parameters; others have
/// their defaults.
///
/// # Errors
/// What is wrong with a function, and where.
pub(super) fn fill(sections: &mut Map<String, Value>, given: &Map<String, Value>) -> Result<(), Error> {
    let (mut parameters, mut guessed) = (Map::new(), BTreeSet::new());
    for (name, declared) in sections.get("Parameters").and_then(Value::as_object).into_iter().flatten() {
        let value = given.get(name).or_else(|| declared.get("Default")).cloned();
        if value.is_none() {
            guessed.insert(name.clone());
        }
        parameters.insert(name.clone(), value.unwrap_or_else(|| GUESS.into()));
    }
    let mappings = sections.get("Mappings").cloned().unwrap_or_default();
    let scope =
        Scope { parameters, guessed, mappings: &mappings, conditions: BTreeMap::new(), exports: None };
    let (resources, tally) = (BTreeMap::new(), Tally::new());
    let names = Names { scope: &scope, resources: &resources, tally: &tally };
    for name in SECTIONS {
        if let Some(section) = sections.get_mut(*name) {
            names.fill(section, name)?;
        }
    }
    for (id, resource) in sections.get_mut("Resources").and_then(Value::as_object_mut).into_iter().flatten() {
        for policy in POLICIES {
            if let Some(value) = resource.get_mut(*policy).filter(|value| value.is_object()) {
                let text = names.known(value, &format!("Resources/{id}/{policy}"))?;
                *value = text.unwrap_or_else(|| GUESSED_POLICY.to_owned()).into();
            }
        }
    }
    Ok(())
}

impl Names<'_> {
    fn fill(&self, value: &mut Value, at: &str) -> Result<(), Error> {
        match value {
            Value::Array(items) => {
                items.iter_mut().enumerate().try_for_each(|(i, item)| self.fill(item, &format!("{at}/{i}")))
            }
            Value::Object(map) => {
                for (key, inner) in &mut *map {
                    self.fill(inner, &format!("{at}/{key}"))?;
                }
                // As far as nobody knows of what it is, nobody knows its value.
                if !self.name(map, at)? {
                    *value = GUESS.into();
                }
                Ok(())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    /// Fills in the names that this function has, if it has some; false if one isn't known yet.
    fn name(&self, function: &mut Map<String, Value>, at: &str) -> Result<bool, Error> {
        if function.len() != 1 {
            return Ok(true);
        }
        let places: Vec<&mut Value> = match function.iter_mut().next() {
            Some((name, argument @ Value::Object(_))) if name == "Ref" => vec![argument],
            Some((name, Value::Array(parts))) if name == "Fn::GetAtt" => {
                parts.iter_mut().filter(|part| part.is_object()).collect()
            }
            _ => return Ok(true),
        };
        for place in places {
            match self.known(place, at)? {
                Some(name) => *place = name.into(),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The text of a function; `None` if it is of something that nobody knows yet.
    fn known(&self, function: &Value, at: &str) -> Result<Option<String>, Error> {
        let mark = self.tally.mark();
        let value = self.resolve(function, at)?;
        if self.tally.guessed_since(mark) {
            return Ok(None);
        }
        match value {
            Some(Value::String(text)) => Ok(Some(text)),
            _ => Err(Error::at(at, "expected a function of parameters and mappings that is a text")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(resource: Value, given: Value) -> Result<Value, String> {
        let template = json!({
            "Parameters": {"Stage": {"Type": "String"}, "Kind": {"Type": "String", "Default": "Arn"}},
            "Mappings": {"M": {"prod": {"policy": "Retain"}}},
            "Resources": {"R": resource},
        });
        let Value::Object(mut sections) = template else { unreachable!() };
        fill(&mut sections, given.as_object().unwrap()).map_err(|error| error.to_string())?;
        Ok(sections["Resources"]["R"].clone())
    }

    #[test]
    fn names_and_policies_may_be_functions_of_what_is_known_before() {
        let resource = json!({
            "DeletionPolicy": {"Fn::FindInMap": ["M", {"Ref": "Stage"}, "policy"]},
            "Properties": {
                "Ref": {"Ref": {"Fn::Sub": "Bucket${Stage}"}},
                "Att": {"Fn::Join": ["", [{"Fn::GetAtt": [{"Fn::Sub": "Queue${Stage}"}, {"Ref": "Kind"}]}, "x"]]},
                "Kept": [{"Ref": "Stage"}, {"Fn::GetAtt": "A.Arn"}, {"Fn::GetAtt": ["A", "Arn"]}],
            },
        });
        let want = json!({
            "DeletionPolicy": "Retain",
            "Properties": {
                "Ref": {"Ref": "Bucketprod"},
                "Att": {"Fn::Join": ["", [{"Fn::GetAtt": ["Queueprod", "Arn"]}, "x"]]},
                "Kept": [{"Ref": "Stage"}, {"Fn::GetAtt": "A.Arn"}, {"Fn::GetAtt": ["A", "Arn"]}],
            },
        });
        assert_eq!(filled(resource.clone(), json!({"Stage": "prod"})), Ok(want));
        // Nobody has said yet which.
        let unknown = filled(resource, json!({})).unwrap();
        assert_eq!(
            (&unknown["DeletionPolicy"], &unknown["Properties"]["Ref"]),
            (&json!("Delete"), &json!("value"))
        );
    }

    #[test]
    fn functions_of_resources_are_no_names() {
        for bad in [json!({"Ref": {"Fn::GetAtt": ["A", "Arn"]}}), json!({"Ref": {"Fn::Split": [",", "a"]}})] {
            assert!(filled(json!({"Properties": {"P": bad}}), json!({})).is_err(), "{bad}");
        }
    }
}
