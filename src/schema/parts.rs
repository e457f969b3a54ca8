//! The schemas within a document, and what API Gateway wants to know of them before it keeps the document.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The keywords of draft 4. API Gateway refuses all others by name.
const KEYWORDS: [&str; 34] = [
    "$ref",
    "$schema",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "definitions",
    "dependencies",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "id",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
];

/// The members of `document`'s schemas that are no keywords of draft 4, in the order of the alphabet. Whatever stands
/// beside a reference is ignored in draft 4, and so it is here.
pub fn unsupported_keywords(document: &Value) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    each(document, &mut |schema| {
        if !schema.contains_key("$ref") {
            found.extend(schema.keys().map(String::as_str).filter(|key| !KEYWORDS.contains(key)));
        }
    });
    found
}

/// The texts that `document`'s schemas refer to others by.
pub fn references(document: &Value) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    each(document, &mut |schema| found.extend(schema.get("$ref").and_then(Value::as_str)));
    found
}

/// Whether the values of all `enum`s differ, as the meta-schema wants it.
pub(super) fn enums_are_sets(document: &Value) -> bool {
    let mut are_sets = true;
    each(document, &mut |schema| {
        let values: &[Value] = schema.get("enum").and_then(Value::as_array).map_or(&[], Vec::as_slice);
        let mut seen = BTreeSet::new();
        are_sets &= values.iter().all(|value| seen.insert(value.to_string()));
    });
    are_sets
}

/// Calls `visit` with every schema in `schema`, itself first. Documents are as deep as their parser lets them be.
fn each<'d>(schema: &'d Value, visit: &mut impl FnMut(&'d Map<String, Value>)) {
    let Some(members) = schema.as_object() else { return };
    visit(members);
    if members.contains_key("$ref") {
        return;
    }
    for (keyword, value) in members {
        match keyword.as_str() {
            "properties" | "patternProperties" | "definitions" | "dependencies" => {
                value.as_object().into_iter().flatten().for_each(|(_, schema)| each(schema, visit));
            }
            "items" | "allOf" | "anyOf" | "oneOf" if value.is_array() => {
                value.as_array().into_iter().flatten().for_each(|schema| each(schema, visit));
            }
            "items" | "additionalItems" | "additionalProperties" | "not" => each(value, visit),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keywords_are_those_of_draft_4_wherever_schemas_are() {
        let check = |document: Value, expect: &[&str]| {
            let found = unsupported_keywords(&document).into_iter().collect::<Vec<_>>();
            assert_eq!(found, expect, "{document}");
        };
        check(json!({"$schema": "x", "id": "y", "type": "object", "definitions": {"example": {}}}), &[]);
        check(json!({"$id": "y", "const": 1}), &["$id", "const"]);
        check(json!({"properties": {"example": {"example": 1}}}), &["example"]);
        check(json!({"items": [{"not": {"if": {}}}], "allOf": [{"nullable": true}]}), &["if", "nullable"]);
        check(json!({"additionalProperties": {"x-a": 1}, "dependencies": {"a": ["b"]}}), &["x-a"]);
        check(json!({"default": {"const": 1}, "enum": [{"const": 1}]}), &[]);
        check(json!({"$ref": "#/definitions/a", "readOnly": true}), &[]);
    }

    #[test]
    fn references_are_found_in_schemas_alone() {
        let document = json!({
            "properties": {"$ref": {"$ref": "a"}}, "anyOf": [{"items": {"$ref": "b"}}], "default": {"$ref": "c"},
        });
        assert_eq!(references(&document).into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn an_enum_lists_each_value_once() {
        assert!(enums_are_sets(&json!({"enum": ["A", "B", 1, "1", null]})));
        assert!(!enums_are_sets(&json!({"properties": {"a": {"enum": ["A", "B", "A"]}}})));
        assert!(enums_are_sets(&json!({"properties": {"enum": {"type": "string"}}})));
    }
}
