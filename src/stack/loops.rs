//! `Fn::ForEach` of `AWS::LanguageExtensions`: makes entries of a section, resources or properties for each value of a list.
//! From JSON to JSON, before anything else looks at the template.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html>

use serde_json::{Map, Value};

use super::error::Error;
use super::intrinsic::GUESS;

/// How keys of loops begin; the loop's name follows.
const FOR_EACH: &str = "Fn::ForEach::";
/// The sections that may have loops.
const SECTIONS: &[&str] = &["Conditions", "Resources", "Outputs"];
/// How deep loops may stand in each other; CloudFormation's own limit.
const DEPTH_MAX: usize = 5;
/// What all loops of a template may make, in bytes: as much as a template may have.
const MADE_BYTES_MAX: usize = 1_048_576;

/// Whether a key is that of a loop.
pub(super) fn is_loop(key: &str) -> bool {
    key.starts_with(FOR_EACH)
}

/// Unrolls the loops of a template. `given` are the values of its parameters, which lists may come from; others have their
/// defaults.
///
/// # Errors
/// What is wrong with a loop, and where; that they would make too much.
pub(super) fn unroll(sections: &mut Map<String, Value>, given: &Map<String, Value>) -> Result<(), Error> {
    let parameters = sections.get("Parameters").cloned().unwrap_or_default();
    let mappings = sections.get("Mappings").cloned().unwrap_or_default();
    let mut unrolling =
        Unrolling { parameters: &parameters, mappings: &mappings, given, bytes_left: MADE_BYTES_MAX };
    for name in SECTIONS {
        if let Some(section) = sections.get_mut(*name)
            && has_loop(section)
        {
            *section = unrolling.value(section, &Bound::default(), name)?;
        }
    }
    Ok(())
}

fn has_loop(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_loop),
        Value::Object(map) => map.iter().any(|(key, value)| is_loop(key) || has_loop(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

struct Unrolling<'a> {
    parameters: &'a Value,
    mappings: &'a Value,
    given: &'a Map<String, Value>,
    bytes_left: usize,
}

/// The values of the loops around a place, by their identifiers, the outermost first.
#[derive(Clone, Debug, Default)]
struct Bound(Vec<(String, String)>);

impl Bound {
    fn with(&self, identifier: &str, value: &str) -> Self {
        let mut all = self.0.clone();
        all.push((identifier.to_owned(), value.to_owned()));
        Self(all)
    }

    fn value(&self, identifier: &str) -> Option<&str> {
        self.0.iter().rev().find(|(name, _)| name == identifier).map(|(_, value)| value.as_str())
    }

    /// A text with values in place of `${identifier}`, and of `&{identifier}` without what ids can't have.
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (identifier, value) in self.0.iter().rev() {
            let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            text = text.replace(&format!("${{{identifier}}}"), value);
            text = text.replace(&format!("&{{{identifier}}}"), &plain);
        }
        text
    }
}

impl Unrolling<'_> {
    fn value(&mut self, value: &Value, bound: &Bound, at: &str) -> Result<Value, Error> {
        match value {
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let items = items.map(|(i, item)| self.value(item, bound, &format!("{at}/{i}")));
                items.collect()
            }
            Value::Object(map) => {
                if let Some(Value::String(name)) = map.get("Ref").filter(|_| map.len() == 1)
                    && let Some(value) = bound.value(name)
                {
                    self.spend(value.len(), at)?;
                    return Ok(Value::String(value.to_owned()));
                }
                let mut made = Map::new();
                for (key, value) in map {
                    let at = format!("{at}/{key}");
                    if is_loop(key) {
                        self.turn(value, bound, &at, &mut made)?;
                        continue;
                    }
                    let key = bound.filled(key);
                    self.spend(if bound.0.is_empty() { 0 } else { key.len() }, &at)?;
                    let value = self.value(value, bound, &at)?;
                    insert(&mut made, key, value, &at)?;
                }
                Ok(Value::Object(made))
            }
            Value::String(text) if !bound.0.is_empty() => {
                let text = bound.filled(text);
                self.spend(text.len(), at)?;
                Ok(Value::String(text))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
        }
    }

    /// All turns of one loop.
    fn turn(
        &mut self,
        lp: &Value,
        bound: &Bound,
        at: &str,
        made: &mut Map<String, Value>,
    ) -> Result<(), Error> {
        let wrong =
            || Error::at(at, "expected an identifier, a list, and an object of what to make for each");
        let Some([Value::String(identifier), list, Value::Object(output)]) = lp.as_array().map(Vec::as_slice)
        else {
            return Err(wrong());
        };
        if bound.0.len() == DEPTH_MAX {
            return Err(Error::at(at, format!("loops stand in each other more than {DEPTH_MAX} deep")));
        }
        if bound.value(identifier).is_some() || self.parameters.get(identifier).is_some() {
            return Err(Error::at(at, format!("the identifier {identifier} is taken")));
        }
        for value in self.list(list, bound, at)? {
            let bound = bound.with(identifier, &value);
            // A turn that makes nothing counts, too.
            self.spend(1, at)?;
            if let Value::Object(turn) = self.value(&Value::Object(output.clone()), &bound, at)? {
                for (key, value) in turn {
                    insert(made, key, value, at)?;
                }
            }
        }
        Ok(())
    }

    /// The values that a loop is about: written there, or those of a parameter or a mapping.
    fn list(&self, list: &Value, bound: &Bound, at: &str) -> Result<Vec<String>, Error> {
        let wrong = || {
            Error::at(at, "expected a list of texts, a Ref to a parameter that is a list, or Fn::FindInMap")
        };
        if let Some(name) = list.get("Ref").and_then(Value::as_str) {
            let declared = self.parameters.get(name).ok_or_else(wrong)?;
            return match self.given.get(name).or_else(|| declared.get("Default")) {
                // The template is only looked at, and nobody knows the value.
                None => Ok(vec![GUESS.to_owned()]),
                Some(Value::Array(items)) => texts(items, bound).ok_or_else(wrong),
                Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
                Some(Value::String(text)) => Ok(text.split(',').map(|item| item.trim().to_owned()).collect()),
                Some(_) => Err(wrong()),
            };
        }
        if let Some(keys) = list.get("Fn::FindInMap").and_then(Value::as_array) {
            let mut found = self.mappings;
            for key in keys.iter().take(3) {
                let Some(key) = self.key(key, bound) else { return Ok(vec![GUESS.to_owned()]) };
                found = found.get(&key).ok_or_else(|| Error::at(at, format!("no mapping has {key}")))?;
            }
            return found.as_array().and_then(|items| texts(items, bound)).ok_or_else(wrong);
        }
        list.as_array().and_then(|items| texts(items, bound)).ok_or_else(wrong)
    }

    /// A key of a mapping: a text, or a parameter's or loop's value.
    fn key(&self, key: &Value, bound: &Bound) -> Option<String> {
        if let Some(text) = key.as_str() {
            return Some(bound.filled(text));
        }
        let name = key.get("Ref")?.as_str()?;
        if let Some(value) = bound.value(name) {
            return Some(value.to_owned());
        }
        let value = self.given.get(name).or_else(|| self.parameters.get(name)?.get("Default"))?;
        value.as_str().map(str::to_owned)
    }

    fn spend(&mut self, n_bytes: usize, at: &str) -> Result<(), Error> {
        match self.bytes_left.checked_sub(n_bytes) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => Err(Error::at(at, format!("the template's loops make more than {MADE_BYTES_MAX} bytes"))),
        }
    }
}

fn texts(items: &[Value], bound: &Bound) -> Option<Vec<String>> {
    let text = |item: &Value| match item {
        Value::String(text) => Some(bound.filled(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    items.iter().map(text).collect()
}

fn insert(made: &mut Map<String, Value>, key: String, value: Value, at: &str) -> Result<(), Error> {
    if made.contains_key(&key) {
        return Err(Error::at(at, format!("{key} is made twice")));
    }
    made.insert(key, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn unrolled(template: Value, given: Value) -> Result<Value, String> {
        let Value::Object(mut sections) = template else { unreachable!() };
        unroll(&mut sections, given.as_object().unwrap()).map_err(|error| error.to_string())?;
        Ok(Value::Object(sections))
    }

    fn check(resources: Value, want: Value) {
        let made = unrolled(json!({ "Resources": resources }), json!({})).unwrap();
        assert_eq!(made["Resources"], want);
    }

    #[test]
    fn a_loop_makes_an_entry_for_each_value() {
        check(
            json!({"Fn::ForEach::All": ["Name", ["a", "b"], {"Topic${Name}": {"Type": "T", "Properties": {
                "Name": {"Ref": "Name"}, "Text": {"Fn::Sub": "${Name}-${AWS::Region}"}}}}]}),
            json!({
                "Topica": {"Type": "T", "Properties": {"Name": "a", "Text": {"Fn::Sub": "a-${AWS::Region}"}}},
                "Topicb": {"Type": "T", "Properties": {"Name": "b", "Text": {"Fn::Sub": "b-${AWS::Region}"}}},
            }),
        );
        // Ids have letters and digits only.
        check(
            json!({"Fn::ForEach::All": ["Ip", ["10.0.1"], {"Host&{Ip}": "${Ip}"}]}),
            json!({"Host1001": "10.0.1"}),
        );
    }

    #[test]
    fn loops_stand_in_loops_and_in_properties() {
        check(
            json!({"Fn::ForEach::X": ["X", ["a", "b"], {"Fn::ForEach::Y": ["Y", ["1", "2"], {"R${X}${Y}": "${Y}${X}"}]}]}),
            json!({"Ra1": "1a", "Ra2": "2a", "Rb1": "1b", "Rb2": "2b"}),
        );
        check(
            json!({"R": {"Properties": {"Kept": 1, "Fn::ForEach::P": ["P", ["A", "B"], {"${P}": "on"}]}}}),
            json!({"R": {"Properties": {"Kept": 1, "A": "on", "B": "on"}}}),
        );
    }

    #[test]
    fn lists_come_from_parameters_and_mappings() {
        let template = json!({
            "Parameters": {"L": {"Type": "CommaDelimitedList", "Default": "a"}, "K": {"Type": "String"}},
            "Mappings": {"M": {"k": {"l": ["x", "y"]}}},
            "Outputs": {
                "Fn::ForEach::P": ["P", {"Ref": "L"}, {"P${P}": "${P}"}],
                "Fn::ForEach::Q": ["Q", {"Fn::FindInMap": ["M", {"Ref": "K"}, "l"]}, {"Q${Q}": "${Q}"}],
            },
        });
        let made = unrolled(template.clone(), json!({"K": "k"})).unwrap();
        assert_eq!(made["Outputs"], json!({"Pa": "a", "Qx": "x", "Qy": "y"}));
        let made = unrolled(template.clone(), json!({"K": "k", "L": "b, c"})).unwrap();
        assert_eq!(made["Outputs"], json!({"Pb": "b", "Pc": "c", "Qx": "x", "Qy": "y"}));
        // Nobody has said yet which.
        let made = unrolled(template, json!({})).unwrap();
        assert_eq!(made["Outputs"], json!({"Pa": "a", "Qvalue": "value"}));
    }

    #[test]
    fn what_is_no_loop_is_refused() {
        let refused = |resources: Value| unrolled(json!({ "Resources": resources }), json!({})).unwrap_err();
        assert!(refused(json!({"Fn::ForEach::L": ["N", ["a"]]})).contains("expected an identifier"));
        assert!(refused(json!({"Fn::ForEach::L": ["N", {"Ref": "P"}, {}]})).contains("expected a list"));
        assert!(refused(json!({"Fn::ForEach::L": ["N", ["a", "a"], {"R${N}": 1}]})).contains("made twice"));
        let inner = json!({"Fn::ForEach::L": ["N", ["a"], {}]});
        assert!(refused(json!({"Fn::ForEach::K": ["N", ["a"], inner]})).contains("identifier N is taken"));
    }

    #[test]
    fn loops_are_as_deep_and_make_as_much_as_they_may() {
        let nested = |n: usize| {
            (0..n).fold(
                json!({"R": 1}),
                |inner, i| json!({format!("Fn::ForEach::L{i}"): [format!("N{i}"), ["a"], inner]}),
            )
        };
        let unrolled_of = |resources: Value| unrolled(json!({ "Resources": resources }), json!({}));
        assert!(unrolled_of(nested(DEPTH_MAX)).is_ok());
        let error = unrolled_of(nested(DEPTH_MAX + 1)).unwrap_err();
        assert!(error.contains("more than 5 deep"), "{error}");
        // Of each turn count the turn, the key and the text.
        let long =
            |n_bytes: usize| json!({"Fn::ForEach::L": ["N", ["a"], {"R${N}": "x".repeat(n_bytes - 3)}]});
        assert!(unrolled_of(long(MADE_BYTES_MAX)).is_ok());
        let error = unrolled_of(long(MADE_BYTES_MAX + 1)).unwrap_err();
        assert!(error.contains("more than 1048576 bytes"), "{error}");
        // A billion turns end at the limit.
        let many: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
        let billion = json!({"Fn::ForEach::A": ["A", many, {"Fn::ForEach::B": ["B", many, {"Fn::ForEach::C": ["C", many, {}]}]}]});
        assert!(unrolled_of(billion).is_err());
    }
}
