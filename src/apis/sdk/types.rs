//! Converts models to TypeScript types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::apis::{DeploymentSnapshot, Method};

/// How deep a type is written; anything deeper is `unknown`.
const DEPTH_MAX: usize = 16;

/// The types of the API's models that methods use.
#[derive(Debug)]
pub(super) struct Types<'s> {
    snapshot: &'s DeploymentSnapshot,
    base: String,
    /// The models in use, sorted by name.
    used: BTreeSet<String>,
}

impl<'s> Types<'s> {
    pub(super) fn new(snapshot: &'s DeploymentSnapshot) -> Self {
        let base = format!("https://apigateway.amazonaws.com/restapis/{}/models/", snapshot.api.id);
        Self { snapshot, base, used: BTreeSet::new() }
    }

    /// The type of a method's request body.
    pub(super) fn of_request(&mut self, method: &Method) -> String {
        let models: Vec<&String> = method.request_models.values().collect();
        if models.is_empty() { "unknown".to_owned() } else { self.any_of(&models) }
    }

    /// The type of a method's successful response.
    pub(super) fn of_answer(&mut self, method: &Method) -> String {
        let good = method.responses.iter().filter(|(status, _)| (200..300).contains(&status.as_u16()));
        let models: Vec<&String> = good.flat_map(|(_, response)| response.models.values()).collect();
        if models.is_empty() { "any".to_owned() } else { self.any_of(&models) }
    }

    fn any_of(&mut self, models: &[&String]) -> String {
        let names: BTreeSet<String> = models.iter().map(|model| self.model(model)).collect();
        names.into_iter().collect::<Vec<_>>().join(" | ")
    }

    fn model(&mut self, name: &str) -> String {
        if !self.snapshot.models.contains_key(name) {
            return "any".to_owned();
        }
        self.used.insert(name.to_owned());
        format!("Models[{}]", json!(name))
    }

    /// Every model in use, with those to which they refer: names as literals, and types.
    pub(super) fn models(&mut self) -> Vec<(String, String)> {
        let mut written: BTreeMap<String, String> = BTreeMap::new();
        // Writing a type may add further models.
        while let Some(name) = self.used.iter().find(|name| !written.contains_key(*name)).cloned() {
            let schema = self.snapshot.models.get(&name).and_then(|model| model.schema.as_deref());
            let schema: Option<Value> = schema.and_then(|text| serde_json::from_str(text).ok());
            let text = schema.map_or_else(|| "any".to_owned(), |schema| self.written(&schema, &schema, 0));
            written.insert(name, text);
        }
        written.into_iter().map(|(name, text)| (json!(name).to_string(), text)).collect()
    }

    fn written(&mut self, schema: &Value, root: &Value, depth: usize) -> String {
        if DEPTH_MAX <= depth {
            return "unknown".to_owned();
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            if let Some(name) = reference.strip_prefix(&self.base) {
                return self.model(name);
            }
            let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
            return target
                .map_or_else(|| "unknown".to_owned(), |target| self.written(target, root, depth + 1));
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array).filter(|values| !values.is_empty())
        {
            // Objects and arrays can't be literal types.
            let literal = |value: &Value| {
                if value.is_object() || value.is_array() { "unknown".to_owned() } else { value.to_string() }
            };
            return values.iter().map(literal).collect::<Vec<_>>().join(" | ");
        }
        for (keyword, sign) in [("allOf", " & "), ("anyOf", " | "), ("oneOf", " | ")] {
            if let Some(parts) =
                schema.get(keyword).and_then(Value::as_array).filter(|parts| !parts.is_empty())
            {
                let mut types: Vec<String> =
                    parts.iter().map(|part| format!("({})", self.written(part, root, depth + 1))).collect();
                if keyword == "allOf" && schema.get("properties").is_some() {
                    types.push(self.object(schema, root, depth));
                }
                return types.join(sign);
            }
        }
        match schema.get("type") {
            Some(Value::Array(kinds)) if !kinds.is_empty() => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                kinds.map(|kind| self.of_kind(kind, schema, root, depth)).collect::<Vec<_>>().join(" | ")
            }
            Some(Value::String(kind)) => self.of_kind(kind, schema, root, depth),
            _ if schema.get("properties").is_some() => self.object(schema, root, depth),
            _ if schema.get("items").is_some() => self.of_kind("array", schema, root, depth),
            _ => "any".to_owned(),
        }
    }

    fn of_kind(&mut self, kind: &str, schema: &Value, root: &Value, depth: usize) -> String {
        match kind {
            "string" | "boolean" | "null" => kind.to_owned(),
            "integer" | "number" => "number".to_owned(),
            "array" => match schema.get("items") {
                Some(Value::Array(items)) => {
                    let items: Vec<String> =
                        items.iter().map(|item| self.written(item, root, depth + 1)).collect();
                    format!("Array<{}>", if items.is_empty() { "any".to_owned() } else { items.join(" | ") })
                }
                Some(items) => format!("Array<{}>", self.written(items, root, depth + 1)),
                None => "Array<any>".to_owned(),
            },
            "object" => self.object(schema, root, depth),
            _ => "any".to_owned(),
        }
    }

    fn object(&mut self, schema: &Value, root: &Value, depth: usize) -> String {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let properties = schema.get("properties").and_then(Value::as_object);
        let members: Vec<String> = properties
            .into_iter()
            .flatten()
            .map(|(name, member)| {
                let sign = if required.contains(&name.as_str()) { "" } else { "?" };
                format!("{}{sign}: {}", json!(name), self.written(member, root, depth + 1))
            })
            .collect();
        if !members.is_empty() {
            return format!("{{ {} }}", members.join("; "));
        }
        match schema.get("additionalProperties") {
            Some(more @ Value::Object(_)) => {
                format!("Record<string, {}>", self.written(more, root, depth + 1))
            }
            Some(Value::Bool(false)) => "Record<string, never>".to_owned(),
            _ => "Record<string, any>".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apis::Model;
    use crate::apis::fixtures::{api, method, mock};

    fn check(schemas: &[(&str, Value)], expect: &[(&str, &str)]) {
        let mut snapshot = api("abc");
        for (name, schema) in schemas {
            let model = Model {
                id: (*name).to_owned(),
                name: (*name).to_owned(),
                description: None,
                schema: Some(schema.to_string()),
                content_type: "application/json".to_owned(),
            };
            snapshot.models.insert((*name).to_owned(), model);
        }
        let mut types = Types::new(&snapshot);
        let mut taking = method(mock("", ""));
        taking.request_models = [("application/json".to_owned(), schemas[0].0.to_owned())].into();
        assert_eq!(types.of_request(&taking), format!("Models[\"{}\"]", schemas[0].0));
        assert_eq!(types.of_answer(&taking), "any");
        let expect: Vec<_> =
            expect.iter().map(|(name, text)| (json!(name).to_string(), (*text).to_owned())).collect();
        assert_eq!(types.models(), expect);
    }

    #[test]
    fn schemas_are_types() {
        let friend = "https://apigateway.amazonaws.com/restapis/abc/models/Pet";
        let pet = json!({"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"}, "age": {"type": ["integer", "null"]},
            "kind": {"enum": ["cat", "dog", 1]}, "friends": {"type": "array", "items": {"$ref": friend}},
            "a \"b\"": {"$ref": "#/properties/name"},
        }});
        let text = "{ \"name\": string; \"age\"?: number | null; \"kind\"?: \"cat\" | \"dog\" | 1; \
            \"friends\"?: Array<Models[\"Pet\"]>; \"a \\\"b\\\"\"?: string }";
        check(&[("Pet", pet.clone())], &[("Pet", text)]);
        check(
            &[("Pets", json!({"type": "array", "items": {"$ref": friend}})), ("Pet", pet)],
            &[("Pet", text), ("Pets", "Array<Models[\"Pet\"]>")],
        );
        for (schema, expect) in [
            (json!({}), "any"),
            (json!({"type": "object"}), "Record<string, any>"),
            (json!({"additionalProperties": {"type": "number"}, "type": "object"}), "Record<string, number>"),
            (json!({"oneOf": [{"type": "string"}, {"type": "number"}]}), "(string) | (number)"),
            (json!({"allOf": [{"$ref": friend}], "properties": {"x": {}}}), "(any) & { \"x\"?: any }"),
            (json!({"$ref": "#/nowhere"}), "unknown"),
        ] {
            check(&[("One", schema)], &[("One", expect)]);
        }
    }

    #[test]
    fn a_type_of_itself_ends() {
        let circle = json!({"properties": {"next": {"$ref": "#"}}});
        let mut snapshot = api("abc");
        let model = Model {
            id: "c".into(),
            name: "C".into(),
            description: None,
            schema: Some(circle.to_string()),
            content_type: "application/json".into(),
        };
        snapshot.models.insert("C".to_owned(), model);
        let mut types = Types::new(&snapshot);
        types.model("C");
        assert!(types.models()[0].1.contains("unknown"));
    }
}
