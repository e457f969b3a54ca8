//! CloudFormation's intrinsic functions, resolved with parameters and the resources created so far.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>

use std::collections::BTreeMap;

use base64::Engine;
use serde_json::{Map, Value};

use super::cidr;
use super::error::Error;
use super::scope::{Mark, Names};

/// The values of a resource's `Ref` and `Fn::GetAtt`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    /// The value of `Ref`, which is also the physical id.
    pub(super) reference: String,
    /// The values of `Fn::GetAtt`.
    pub(super) attributes: BTreeMap<String, String>,
}

/// All functions that are supported; those of conditions and rules among them.
pub(super) const FUNCTIONS: &[&str] = &[
    "Ref",
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Contains",
    "Fn::EachMemberEquals",
    "Fn::EachMemberIn",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::ForEach",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
];

/// The attribute whose value is that of all attributes that aren't known.
pub(super) const ANY: &str = "*";
/// Before the name of an attribute whose value is a list, which is kept as JSON.
const LIST: &str = "[]";
/// The name of no attribute: of a custom resource that has it, no value is shown.
const NO_ECHO: &str = "[NoEcho]";
/// Removes a property (`AWS::NoValue`).
const NO_VALUE: &str = "AWS::NoValue";
/// The placeholder for a text that is known only at deployment.
pub(super) const GUESS: &str = "value";
/// The availability zones of a region; the real ones are not known here.
const ZONES: [char; 3] = ['a', 'b', 'c'];

impl Attributes {
    /// Adds an attribute, which may be a list.
    pub(super) fn add(&mut self, name: &str, value: &Value) {
        let (name, text) = match value {
            Value::Null => return,
            Value::String(text) => (name.to_owned(), text.clone()),
            Value::Array(_) => (format!("{LIST}{name}"), value.to_string()),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => (name.to_owned(), value.to_string()),
        };
        self.attributes.insert(name, text);
    }

    /// The attribute of this name.
    fn get(&self, name: &str) -> Option<Value> {
        let list = || serde_json::from_str(self.attributes.get(&format!("{LIST}{name}"))?).ok();
        self.attributes.get(name).map(|text| Value::String(text.clone())).or_else(list)
    }

    /// Keeps its values from being shown.
    pub(super) fn hide(&mut self) {
        self.attributes.insert(NO_ECHO.to_owned(), String::new());
    }

    /// The values that must not be shown.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let is_hidden = self.attributes.contains_key(NO_ECHO);
        self.attributes.values().filter(move |_| is_hidden).map(String::as_str)
    }
}

impl Names<'_> {
    /// Resolves all functions in `value`; `None` stands for `AWS::NoValue`.
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
                if let Some((function, argument)) = call(map) {
                    let at = format!("{location}/{function}");
                    let made = self.function(function, argument, &at)?;
                    if let Some(value) = &made {
                        self.tally.spend(value, &at)?;
                    }
                    return Ok(made);
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
        let mark = self.tally.mark();
        match function {
            "Ref" => match argument.as_str() {
                Some(NO_VALUE) => Ok(None),
                Some(name) => self.reference(name, at).map(Some),
                None => Err(Error::at(at, "expected a name")),
            },
            "Fn::If" => self.choose(argument, at),
            "Fn::GetAtt" => self.get_att(argument, at).map(Some),
            "Fn::Sub" => self.sub(argument, at).map(Some),
            "Fn::Join" => {
                let [separator, items] = self.arguments(argument, at)?;
                let separator = self.text(separator, at)?;
                let items = self.list(items, at)?;
                let texts: Vec<String> =
                    items.iter().map(|item| self.text_of(item, at, mark)).collect::<Result<_, _>>()?;
                let separators = separator.len().saturating_mul(texts.len());
                self.tally.check(separators.saturating_add(texts.iter().map(String::len).sum()), at)?;
                Ok(Some(Value::String(texts.join(&separator))))
            }
            "Fn::Split" => {
                let [separator, text] = self.arguments(argument, at)?;
                let (separator, text) = (self.text(separator, at)?, self.text(text, at)?);
                if separator.is_empty() {
                    return self.or_guess(mark, at, "the delimiter is empty").map(Some);
                }
                Ok(Some(text.split(separator.as_str()).map(Value::from).collect()))
            }
            "Fn::Select" => {
                let [index, items] = self.arguments(argument, at)?;
                let index = self.text(index, at)?;
                let items = self.list(items, at)?;
                match index.parse::<usize>().map(|index| items.get(index)) {
                    Ok(Some(item)) => Ok(Some(item.clone())),
                    Ok(None) => {
                        let said = format!(
                            "Template error: Fn::Select cannot select nonexistent value at index {index}"
                        );
                        let guess = self.or_guess(mark, at, "the list has no such index");
                        guess.map(Some).map_err(|error| error.said(said))
                    }
                    Err(_) => self.or_guess(mark, at, "the index is no number").map(Some),
                }
            }
            "Fn::Base64" => {
                let text = self.text(argument, at)?;
                Ok(Some(Value::String(base64::engine::general_purpose::STANDARD.encode(text))))
            }
            "Fn::ToJsonString" => {
                Ok(self.resolve(argument, at)?.map(|value| Value::String(value.to_string())))
            }
            "Fn::FindInMap" => self.find_in_map(argument, at).map(Some),
            "Fn::Length" => {
                // A length is a number wherever it is used.
                Ok(Some(Value::from(self.list(argument, at)?.len())))
            }
            "Fn::GetAZs" => {
                let region = self.text(argument, at)?;
                let own = || self.scope.parameters.get("AWS::Region").and_then(Value::as_str);
                let region = if region.is_empty() { own().unwrap_or_default() } else { &region };
                Ok(Some(ZONES.iter().map(|zone| Value::from(format!("{region}{zone}"))).collect()))
            }
            "Fn::Cidr" => {
                let [block, count, bits] = self.arguments(argument, at)?;
                let (block, count, bits) =
                    (self.text(block, at)?, self.text(count, at)?, self.text(bits, at)?);
                match cidr::blocks(&block, &count, &bits) {
                    Ok(blocks) => Ok(Some(blocks.into_iter().map(Value::from).collect())),
                    Err(problem) => {
                        let guess = self.or_guess(mark, at, problem)?;
                        Ok(Some(Value::Array(vec![guess])))
                    }
                }
            }
            "Fn::ImportValue" => {
                let name = self.text(argument, at)?;
                let Some(exports) = &self.scope.exports else {
                    self.tally.meet_guess();
                    return Ok(Some(GUESS.into()));
                };
                match exports.get(&name) {
                    Some(value) => {
                        self.tally.meet_export(&name);
                        Ok(Some(Value::String(value.clone())))
                    }
                    None => self.or_guess(mark, at, format!("No export named {name} found")).map(Some),
                }
            }
            "Fn::Transform" => {
                Err(Error::at(at, "macros other than AWS::Include are not run here: put in what they make"))
            }
            other => Err(Error::at(at, format!("function {other} is not supported"))),
        }
    }

    /// The value of the branch that the condition selects.
    fn choose(&self, argument: &Value, at: &str) -> Result<Option<Value>, Error> {
        let [condition, yes, no] = self.arguments(argument, at)?;
        let name = condition.as_str().unwrap_or_default();
        let holds = self.scope.conditions.get(name);
        match holds.ok_or_else(|| Error::at(at, format!("no condition is named {name:?}")))? {
            Some(true) => self.resolve(yes, at),
            Some(false) => self.resolve(no, at),
            None => {
                self.tally.meet_guess();
                self.resolve(yes, at).or_else(|_| self.resolve(no, at))
            }
        }
    }

    fn find_in_map(&self, argument: &Value, at: &str) -> Result<Value, Error> {
        let mark = self.tally.mark();
        let none = || Error::at(at, "expected a list of 3, and perhaps a DefaultValue");
        let (map, top, second, default) = match argument.as_array().map(Vec::as_slice) {
            Some([map, top, second]) => (map, top, second, None),
            // From the language extensions.
            Some([map, top, second, options]) => {
                (map, top, second, Some(options.get("DefaultValue").ok_or_else(none)?))
            }
            _ => return Err(none()),
        };
        let (map, top, second) = (self.text(map, at)?, self.text(top, at)?, self.text(second, at)?);
        let found = self.scope.mappings.get(&map).and_then(|m| m.get(&top)).and_then(|m| m.get(&second));
        match (found, default) {
            (Some(found), _) => Ok(found.clone()),
            (None, Some(default)) => {
                let default = self.resolve(default, at)?;
                default.map_or_else(|| self.or_guess(mark, at, "the DefaultValue is no value"), Ok)
            }
            (None, None) => {
                let guess = self.or_guess(mark, at, format!("no mapping has {map}/{top}/{second}"));
                let said = format!("Template error: Unable to get mapping for {map}::{top}::{second}");
                guess.map_err(|error| error.said(said))
            }
        }
    }

    fn reference(&self, name: &str, at: &str) -> Result<Value, Error> {
        if let Some(value) = self.scope.parameters.get(name) {
            if self.scope.guessed.contains(name) {
                self.tally.meet_guess();
            }
            return Ok(value.clone());
        }
        let resource = self.resources.get(name);
        let resource = resource.ok_or_else(|| Error::at(at, format!("{name} is not in the template")))?;
        self.tally.meet_resource();
        Ok(Value::String(resource.reference.clone()))
    }

    fn get_att(&self, argument: &Value, at: &str) -> Result<Value, Error> {
        let mark = self.tally.mark();
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
        let made = made.ok_or_else(|| Error::at(at, format!("{resource} is not in the template")))?;
        match made.get(&attribute) {
            Some(value) => {
                self.tally.meet_resource();
                Ok(value)
            }
            // Whoever makes it knows its attributes.
            None if made.attributes.contains_key(ANY) => {
                self.tally.meet_resource();
                self.tally.meet_guess();
                Ok(Value::String(made.attributes.get(ANY).cloned().unwrap_or_default()))
            }
            None => {
                let guess = self.or_guess(mark, at, format!("{resource} has no attribute {attribute}"));
                let said = format!(
                    "Template error: resource {resource} does not support attribute type {attribute} in Fn::GetAtt"
                );
                guess.map_err(|error| error.said(said))
            }
        }
    }

    fn sub(&self, argument: &Value, at: &str) -> Result<Value, Error> {
        let (text, own) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(text)] => (text.as_str(), None),
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
                    let mark = self.tally.mark();
                    let value = match own.and_then(|own| own.get(name)) {
                        Some(value) => self.text(value, at)?,
                        None => {
                            let value = match name.split_once('.') {
                                Some(_) => self.get_att(&Value::String(name.into()), at)?,
                                None => self.reference(name, at)?,
                            };
                            self.text_of(&value, at, mark)?
                        }
                    };
                    self.tally.check(out.len().saturating_add(value.len()), at)?;
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
        let mark = self.tally.mark();
        match self.resolve(value, at)? {
            Some(Value::Array(items)) => Ok(items),
            _ => self.or_guess(mark, at, "expected a list").map(|guess| vec![guess]),
        }
    }

    fn text(&self, value: &Value, at: &str) -> Result<String, Error> {
        let mark = self.tally.mark();
        match self.resolve(value, at)? {
            Some(value) => self.text_of(&value, at, mark),
            None => self.or_guess(mark, at, "expected a string").map(|_| GUESS.to_owned()),
        }
    }

    /// The text of a value that was resolved since `mark`.
    fn text_of(&self, value: &Value, at: &str, mark: Mark) -> Result<String, Error> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(bool) => Ok(bool.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                self.or_guess(mark, at, "expected a string").map(|_| GUESS.to_owned())
            }
        }
    }

    /// Replaces a value that can't be computed: by a guess if it depends on guesses, which the real values need not
    /// resemble; otherwise it is the problem.
    fn or_guess(&self, mark: Mark, at: &str, problem: impl Into<String>) -> Result<Value, Error> {
        if self.tally.is_unsure_since(mark) {
            self.tally.meet_guess();
            return Ok(Value::from(GUESS));
        }
        Err(Error::at(at, problem))
    }
}

/// The function and its argument, if `map` is a function call.
pub(super) fn call(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (function, argument) = map.iter().next().filter(|_| map.len() == 1)?;
    (function == "Ref" || function.starts_with("Fn::")).then_some((function.as_str(), argument))
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

/// The names between `${` and `}` in the text of `Fn::Sub`.
pub(super) fn sub_names(text: &str) -> impl Iterator<Item = String> {
    sub_pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Name(name) => Some(name.to_owned()),
        Piece::Text(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::scope::{EXPANSION_BYTES_MAX, Scope, Tally};
    use super::*;

    /// The result for `value`, where `guessed` is a list known only at deployment.
    fn resolve(value: &Value, tally: &Tally) -> Result<Option<Value>, Error> {
        let parameters = json!({
            "Env": "dev", "AWS::Region": "us-east-1", "Zones": ["a", "b"], "Guessed": [GUESS], "Size": 12,
        });
        let resource = Attributes {
            reference: "ref".into(),
            attributes: BTreeMap::from([("Arn".to_owned(), "arn:x".to_owned())]),
        };
        let mappings = json!({"M": {"a": {"b": "found"}, "012345678901": {"x": ["1", "2"]}}});
        let conditions = [("Yes", Some(true)), ("No", Some(false)), ("Maybe", None)];
        let scope = Scope {
            parameters: parameters.as_object().unwrap().clone(),
            guessed: BTreeSet::from(["Guessed".to_owned()]),
            mappings: &mappings,
            conditions: conditions.map(|(name, holds)| (name.to_owned(), holds)).into(),
            exports: Some([("shared".to_owned(), "exported".to_owned())].into()),
        };
        let resources = BTreeMap::from([("R".to_owned(), resource)]);
        Names { scope: &scope, resources: &resources, tally }.resolve(value, "here")
    }

    fn check(value: Value, want: Result<Value, &str>) {
        match (resolve(&value, &Tally::new()), want) {
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
        check(json!({"Fn::GetAtt": "R.Arn"}), Ok(json!("arn:x")));
        check(
            json!({"Fn::Sub": "${Env}/${R.Arn}/${!Lit}/${AWS::Region}/${Size}"}),
            Ok(json!("dev/arn:x/${Lit}/us-east-1/12")),
        );
        check(json!({"Fn::Sub": ["${a}-${Env}", {"a": {"Ref": "R"}}]}), Ok(json!("ref-dev")));
        check(json!({"Fn::Join": [",", ["a", {"Ref": "Env"}]]}), Ok(json!("a,dev")));
        check(json!({"Fn::Join": ["", {"Ref": "Zones"}]}), Ok(json!("ab")));
        check(json!({"Fn::Select": [1, {"Fn::Split": ["-", "a-b-c"]}]}), Ok(json!("b")));
        check(json!({"Fn::Select": ["0", {"Ref": "Zones"}]}), Ok(json!("a")));
        check(json!({"Fn::If": ["No", 1, {"Ref": "Env"}]}), Ok(json!("dev")));
        check(json!({"Fn::FindInMap": ["M", "a", "b"]}), Ok(json!("found")));
        check(json!({"Fn::FindInMap": ["M", "012345678901", "x"]}), Ok(json!(["1", "2"])));
        check(json!({"Fn::FindInMap": ["M", "a", "c", {"DefaultValue": {"Ref": "Env"}}]}), Ok(json!("dev")));
        check(json!({"Fn::Base64": {"Fn::Sub": "h${!i}"}}), Ok(json!("aCR7aX0=")));
        check(json!({"Fn::Length": {"Ref": "Zones"}}), Ok(json!(2)));
        check(json!({"Fn::Select": [2, {"Fn::GetAZs": ""}]}), Ok(json!("us-east-1c")));
        check(
            json!({"Fn::GetAZs": {"Ref": "AWS::Region"}}),
            Ok(json!(["us-east-1a", "us-east-1b", "us-east-1c"])),
        );
        check(json!({"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/16", 2, "8"]}]}), Ok(json!("10.0.1.0/24")));
        check(json!({"Fn::ImportValue": {"Fn::Sub": "shared"}}), Ok(json!("exported")));
        check(
            json!({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}),
            Ok(json!({"b": [1]})),
        );
        check(json!({"a": {"Fn::If": ["No", 1, {"Ref": "AWS::NoValue"}]}}), Ok(json!({})));
    }

    #[test]
    fn failures_say_where() {
        check(json!({"a": {"Ref": "Nope"}}), Err("here/a/Ref: Nope is not in the template"));
        check(json!({"Fn::GetAtt": ["R", "Nope"]}), Err("R has no attribute Nope"));
        check(json!({"Fn::GetAtt": "Q.Arn"}), Err("Q is not in the template"));
        check(json!({"Fn::ImportValue": "x"}), Err("No export named x found"));
        check(json!({"Fn::Nope": "x"}), Err("function Fn::Nope is not supported"));
        check(json!({"Fn::Transform": {"Name": "AWS::Include"}}), Err("AWS::Include"));
        check(json!({"Fn::Select": [9, ["a"]]}), Err("no such index"));
        check(json!({"Fn::Select": ["x", ["a"]]}), Err("the index is no number"));
        check(json!({"Fn::Split": ["", "ab"]}), Err("the delimiter is empty"));
        check(json!({"Fn::FindInMap": ["M", "a", "c"]}), Err("no mapping has M/a/c"));
        check(json!({"Fn::If": ["Never", 1, 2]}), Err("no condition is named"));
        check(json!({"Fn::Sub": "${Zones}"}), Err("expected a string"));
        check(json!({"Fn::Cidr": ["10.0.0.0/16", 0, 8]}), Err("from 1 to 256"));
    }

    #[test]
    fn functions_that_are_listed_are_known() {
        // Of conditions and rules, and done before.
        const ELSEWHERE: &[&str] =
            &["And", "Contains", "EachMemberEquals", "EachMemberIn", "Equals", "ForEach", "Not", "Or"];
        for function in FUNCTIONS {
            let known = match resolve(&json!({ *function: null }), &Tally::new()) {
                Ok(_) => true,
                Err(error) => !error.to_string().contains("is not supported"),
            };
            let name = function.trim_start_matches("Fn::");
            assert_eq!(known, !ELSEWHERE.contains(&name), "{function}");
        }
    }

    #[test]
    fn what_is_made_from_guesses_is_a_guess() {
        for value in [
            json!({"Fn::Select": [3, {"Ref": "Guessed"}]}),
            json!({"Fn::FindInMap": ["M", {"Fn::Select": [0, {"Ref": "Guessed"}]}, "b"]}),
            json!({"Fn::Sub": "${Guessed}"}),
            json!({"Fn::If": ["Maybe", {"Ref": "Guessed"}, 1]}),
        ] {
            let tally = Tally::new();
            let mark = tally.mark();
            assert!(resolve(&value, &tally).is_ok(), "{value}");
            assert!(tally.guessed_since(mark), "{value}");
        }
        // What fails with any guess, fails.
        check(json!({"Fn::Join": [{"Ref": "Nope"}, {"Ref": "Guessed"}]}), Err("Nope is not in the template"));
    }

    #[test]
    fn functions_make_no_more_than_may_be_made() {
        let wide = "x".repeat(1024);
        let join = |n: usize, separator: &str| json!({"Fn::Join": [separator, vec![""; n]]});
        let n_at_most = EXPANSION_BYTES_MAX / 1024;
        // A value counts with its overhead.
        check(json!({"Fn::Length": [join(n_at_most, &wide)]}), Ok(json!(1)));
        for value in [
            join(n_at_most + 1, &wide),
            join(1_000_000, &wide),
            json!({"Fn::Sub": ["${a}".repeat(n_at_most + 1), {"a": wide}]}),
            Value::Array(vec![join(1024, &wide); 17]),
            json!({"Fn::Split": ["a", {"Fn::Join": ["a", vec![""; 1_000_000]]}]}),
        ] {
            let error = resolve(&value, &Tally::new()).unwrap_err().to_string();
            assert!(error.contains("make more than 16777216 bytes"), "{error}");
        }
    }
}
