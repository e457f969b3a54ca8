//! CloudFormation's intrinsic functions, resolved against parameters and the resources made so far.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>

use std::collections::BTreeMap;

use base64::Engine;
use serde_json::{Map, Value};

use super::error::Error;

/// What a made resource answers to `Ref` and `Fn::GetAtt`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Attributes {
    /// The answer to `Ref`, which is also the physical id.
    pub(super) reference: String,
    /// The answers to `Fn::GetAtt`.
    pub(super) attributes: BTreeMap<String, String>,
}

/// Everything a value may refer to.
pub(super) struct Names<'a> {
    /// Parameters and pseudo parameters such as `AWS::Region`.
    pub(super) parameters: &'a Map<String, Value>,
    pub(super) mappings: &'a Value,
    pub(super) conditions: &'a BTreeMap<String, bool>,
    pub(super) resources: &'a BTreeMap<String, Attributes>,
}

/// Marks a property as not given (`AWS::NoValue`).
const NO_VALUE: &str = "AWS::NoValue";

impl Names<'_> {
    /// Resolves all functions within `value`; `None` stands for `AWS::NoValue`.
    pub(super) fn resolve(&self, value: &Value, location: &str) -> Result<Option<Value>, Error> {
        match value {
            Value::Array(items) => {
                let mut resolved = Vec::with_capacity(items.len());
                for (i, item) in items.iter().enumerate() {
                    resolved.extend(self.resolve(item, &format!("{location}/{i}"))?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            Value::Object(map) => {
                if let (1, Some((function, argument))) = (map.len(), map.iter().next())
                    && (function == "Ref" || function.starts_with("Fn::"))
                {
                    return self.function(function, argument, &format!("{location}/{function}"));
                }
                let mut resolved = Map::new();
                for (key, value) in map {
                    if let Some(value) = self.resolve(value, &format!("{location}/{key}"))? {
                        resolved.insert(key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(resolved)))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(Some(value.clone())),
        }
    }

    fn function(&self, function: &str, argument: &Value, at: &str) -> Result<Option<Value>, Error> {
        match function {
            "Ref" => match argument.as_str() {
                Some(NO_VALUE) => Ok(None),
                Some(name) => self.reference(name, at).map(Some),
                None => Err(Error::at(at, "expected a name")),
            },
            "Fn::If" => {
                let [condition, yes, no] = self.arguments(argument, at)?;
                let name = condition.as_str().unwrap_or_default();
                let holds = self.conditions.get(name);
                let holds = holds.ok_or_else(|| Error::at(at, format!("no condition is named {name:?}")))?;
                self.resolve(if *holds { yes } else { no }, at)
            }
            "Fn::GetAtt" => self.get_att(argument, at).map(Some),
            "Fn::Sub" => self.sub(argument, at).map(Some),
            "Fn::Join" => {
                let [separator, items] = self.arguments(argument, at)?;
                let separator = self.text(separator, at)?;
                let items = self.list(items, at)?;
                let texts: Result<Vec<_>, _> = items.iter().map(|item| self.text(item, at)).collect();
                Ok(Some(Value::String(texts?.join(&separator))))
            }
            "Fn::Split" => {
                let [separator, text] = self.arguments(argument, at)?;
                let (separator, text) = (self.text(separator, at)?, self.text(text, at)?);
                Ok(Some(text.split(separator.as_str()).map(Value::from).collect()))
            }
            "Fn::Select" => {
                let [index, items] = self.arguments(argument, at)?;
                let index: usize =
                    self.text(index, at)?.parse().map_err(|_| Error::at(at, "the index is no number"))?;
                let items = self.list(items, at)?;
                let item = items.get(index).ok_or_else(|| Error::at(at, "the list has no such index"))?;
                Ok(Some(item.clone()))
            }
            "Fn::Base64" => {
                let text = self.text(argument, at)?;
                Ok(Some(Value::String(base64::engine::general_purpose::STANDARD.encode(text))))
            }
            "Fn::ToJsonString" => {
                Ok(self.resolve(argument, at)?.map(|value| Value::String(value.to_string())))
            }
            "Fn::FindInMap" => {
                let [map, top, second] = self.arguments(argument, at)?;
                let (map, top, second) = (self.text(map, at)?, self.text(top, at)?, self.text(second, at)?);
                let found = self.mappings.get(&map).and_then(|m| m.get(&top)).and_then(|m| m.get(&second));
                let none = || Error::at(at, format!("no mapping has {map}/{top}/{second}"));
                Ok(Some(found.ok_or_else(none)?.clone()))
            }
            other => Err(Error::at(at, format!("function {other} is not supported"))),
        }
    }

    fn reference(&self, name: &str, at: &str) -> Result<Value, Error> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        let resource = self.resources.get(name);
        let resource = resource.ok_or_else(|| Error::at(at, format!("{name} is not in the template")))?;
        Ok(Value::String(resource.reference.clone()))
    }

    fn get_att(&self, argument: &Value, at: &str) -> Result<Value, Error> {
        let (resource, attribute) = match argument {
            Value::String(text) => text.split_once('.').map(|(r, a)| (r.to_owned(), a.to_owned())),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(resource), attribute] => Some((resource.clone(), self.text(attribute, at)?)),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| Error::at(at, "expected a resource and an attribute"))?;
        let made = self.resources.get(&resource);
        let value = made.and_then(|made| made.attributes.get(&attribute));
        let none = || Error::at(at, format!("{resource} has no attribute {attribute}"));
        Ok(Value::String(value.ok_or_else(none)?.clone()))
    }

    fn sub(&self, argument: &Value, at: &str) -> Result<Value, Error> {
        let (text, own) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(text), Value::Object(own)] => (text.as_str(), Some(own)),
                _ => return Err(Error::at(at, "expected a string and a map")),
            },
            _ => return Err(Error::at(at, "expected a string")),
        };
        let mut out = String::with_capacity(text.len());
        for piece in sub_pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name(name) => {
                    let value = match own.and_then(|own| own.get(name)) {
                        Some(value) => self.text(value, at)?,
                        None => match name.split_once('.') {
                            Some(_) => self.text_of(&self.get_att(&Value::String(name.into()), at)?, at)?,
                            None => self.text_of(&self.reference(name, at)?, at)?,
                        },
                    };
                    out.push_str(&value);
                }
            }
        }
        Ok(Value::String(out))
    }

    fn arguments<'v, const N: usize>(&self, argument: &'v Value, at: &str) -> Result<[&'v Value; N], Error> {
        let items: Option<Vec<&Value>> = argument.as_array().map(|items| items.iter().collect());
        let items = items.and_then(|items| <[&Value; N]>::try_from(items).ok());
        items.ok_or_else(|| Error::at(at, format!("expected a list of {N}")))
    }

    fn list(&self, value: &Value, at: &str) -> Result<Vec<Value>, Error> {
        match self.resolve(value, at)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(Error::at(at, "expected a list")),
        }
    }

    fn text(&self, value: &Value, at: &str) -> Result<String, Error> {
        match self.resolve(value, at)? {
            Some(value) => self.text_of(&value, at),
            None => Err(Error::at(at, "expected a string")),
        }
    }

    fn text_of(&self, value: &Value, at: &str) -> Result<String, Error> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(bool) => Ok(bool.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(Error::at(at, "expected a string")),
        }
    }
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// Splits the text of `Fn::Sub`; `${!x}` is the literal `${x}`.
fn sub_pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        pieces.push(Piece::Text(&rest[..start]));
        let name = &rest[start + 2..start + length];
        match name.strip_prefix('!') {
            Some(literal) => {
                pieces.extend([Piece::Text("${"), Piece::Text(literal), Piece::Text("}")]);
            }
            None => pieces.push(Piece::Name(name.trim())),
        }
        rest = &rest[start + length + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// Names of parameters and resources that the text of `Fn::Sub` refers to.
pub(super) fn sub_names(text: &str) -> impl Iterator<Item = String> {
    sub_pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Name(name) => Some(name.split('.').next().unwrap_or(name).to_owned()),
        Piece::Text(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: Value, want: Result<Value, &str>) {
        let parameters = json!({"Env": "dev", "AWS::Region": "us-east-1"});
        let resource = Attributes {
            reference: "ref".into(),
            attributes: BTreeMap::from([("Arn".to_owned(), "arn:x".to_owned())]),
        };
        let names = Names {
            parameters: parameters.as_object().unwrap(),
            mappings: &json!({"M": {"a": {"b": "found"}}}),
            conditions: &BTreeMap::from([("Yes".to_owned(), true), ("No".to_owned(), false)]),
            resources: &BTreeMap::from([("R".to_owned(), resource)]),
        };
        match (names.resolve(&value, "here"), want) {
            (Ok(got), Ok(want)) => assert_eq!(got.unwrap_or(Value::Null), want, "{value}"),
            (Err(got), Err(want)) => assert!(got.to_string().contains(want), "{got}"),
            (got, want) => panic!("{value}: got {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn functions_resolve() {
        check(json!({"Ref": "Env"}), Ok(json!("dev")));
        check(json!({"Ref": "R"}), Ok(json!("ref")));
        check(json!({"Fn::GetAtt": ["R", "Arn"]}), Ok(json!("arn:x")));
        check(
            json!({"Fn::Sub": "${Env}/${R.Arn}/${!Lit}/${AWS::Region}"}),
            Ok(json!("dev/arn:x/${Lit}/us-east-1")),
        );
        check(json!({"Fn::Sub": ["${a}-${Env}", {"a": {"Ref": "R"}}]}), Ok(json!("ref-dev")));
        check(json!({"Fn::Join": [",", ["a", {"Ref": "Env"}]]}), Ok(json!("a,dev")));
        check(json!({"Fn::Select": [1, {"Fn::Split": ["-", "a-b-c"]}]}), Ok(json!("b")));
        check(json!({"Fn::If": ["No", 1, {"Ref": "Env"}]}), Ok(json!("dev")));
        check(json!({"Fn::FindInMap": ["M", "a", "b"]}), Ok(json!("found")));
        check(json!({"Fn::Base64": "hi"}), Ok(json!("aGk=")));
        check(
            json!({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}),
            Ok(json!({"b": [1]})),
        );
    }

    #[test]
    fn failures_say_where() {
        check(json!({"a": {"Ref": "Nope"}}), Err("here/a/Ref: Nope is not in the template"));
        check(json!({"Fn::GetAtt": ["R", "Nope"]}), Err("R has no attribute Nope"));
        check(json!({"Fn::ImportValue": "x"}), Err("function Fn::ImportValue is not supported"));
        check(json!({"Fn::Select": [9, ["a"]]}), Err("no such index"));
        check(json!({"Fn::If": ["Maybe", 1, 2]}), Err("no condition is named"));
    }
}
