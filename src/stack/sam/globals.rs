//! The `Globals` section: properties that resources of a type have in common.

use serde_json::{Map, Value};

use crate::stack::error::Error;

/// The types that may have common properties, with those that are translated.
const SECTIONS: &[&str] = &["Function", "Api", "StateMachine", "LayerVersion"];
/// Others that AWS has; they mean nothing where no resource is of their type.
const OTHERS: &[&str] = &["HttpApi", "SimpleTable", "CapacityProvider"];

/// Checks the names of the sections.
pub(super) fn check(globals: &Map<String, Value>) -> Result<(), Vec<Error>> {
    let unknown = globals.iter().filter_map(|(name, section)| {
        let is_known = SECTIONS.contains(&name.as_str()) || OTHERS.contains(&name.as_str());
        match (is_known, section) {
            (false, _) => Some(Error::at(format!("Globals/{name}"), "no type has such common properties")),
            (true, Value::Object(_) | Value::Null) => None,
            (true, _) => Some(Error::at(format!("Globals/{name}"), "expected an object")),
        }
    });
    let unknown: Vec<Error> = unknown.collect();
    if unknown.is_empty() { Ok(()) } else { Err(unknown) }
}

/// A resource's own properties with the common ones: objects are merged, lists are joined, anything else is the
/// resource's own.
pub(super) fn merged(common: &Map<String, Value>, own: Map<String, Value>) -> Map<String, Value> {
    let mut merged = common.clone();
    for (name, value) in own {
        let value = match (merged.shift_remove(&name), value) {
            (Some(Value::Object(common)), Value::Object(own))
                if !is_function(&common) && !is_function(&own) =>
            {
                Value::Object(self::merged(&common, own))
            }
            (Some(Value::Array(mut common)), Value::Array(own)) => {
                common.extend(own);
                Value::Array(common)
            }
            (_, own) => own,
        };
        merged.insert(name, value);
    }
    merged
}

/// Whether an object is a call of an intrinsic function.
fn is_function(map: &Map<String, Value>) -> bool {
    map.len() == 1 && map.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn own_properties_win_objects_merge_and_lists_join() {
        let check = |common: Value, own: Value, want: Value| {
            let merged = merged(common.as_object().unwrap(), own.as_object().unwrap().clone());
            assert_eq!(Value::Object(merged), want);
        };
        check(json!({"Timeout": 3}), json!({"Timeout": 5}), json!({"Timeout": 5}));
        check(
            json!({"Environment": {"Variables": {"A": "1", "B": "2"}}}),
            json!({"Environment": {"Variables": {"B": "3"}}}),
            json!({"Environment": {"Variables": {"A": "1", "B": "3"}}}),
        );
        check(json!({"Layers": ["a"]}), json!({"Layers": ["b"]}), json!({"Layers": ["a", "b"]}));
        check(
            json!({"Role": {"Ref": "A"}}),
            json!({"Role": {"Fn::Sub": "b"}}),
            json!({"Role": {"Fn::Sub": "b"}}),
        );
    }
}
