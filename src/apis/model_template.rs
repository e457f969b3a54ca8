//! Mapping templates generated from models, for GetModelTemplate: a sample of what the schema describes, to be
//! completed by hand.
//!
//! Samples and their spacing are those of AWS's documents: `"foo"`, `42`, `3.1415`, `true`, and a loop for an array.
//! <https://docs.aws.amazon.com/apigateway/latest/api/API_GetModelTemplate.html>

use serde_json::Value;

/// How deep a sample nests; a schema that refers to itself would never end.
const DEPTH_MAX: usize = 12;
/// The longest sample, in bytes.
const BYTES_MAX: usize = 300 * 1024;

/// The template for a schema in which references to other models are already replaced.
pub(super) fn model_template(schema: &Value) -> String {
    let mut sample = Sample { root: schema, out: String::from("#set($inputRoot = $input.path('$'))\n") };
    sample.write(schema, 0);
    sample.out
}

struct Sample<'s> {
    root: &'s Value,
    out: String,
}

impl<'s> Sample<'s> {
    fn write(&mut self, schema: &'s Value, depth: usize) {
        let schema = self.resolved(schema);
        let kind = match schema.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(Value::Array(kinds)) => {
                kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
            }
            _ if schema.get("items").is_some() => "array",
            _ => "object",
        };
        match kind {
            "string" => self.out.push_str("\"foo\""),
            "integer" => self.out.push_str("42"),
            "number" => self.out.push_str("3.1415"),
            "boolean" => self.out.push_str("true"),
            "null" => self.out.push_str("null"),
            "array" => self.array(schema, depth),
            _ => self.object(schema, depth),
        }
    }

    fn object(&mut self, schema: &'s Value, depth: usize) {
        let mut members = Vec::new();
        self.members(schema, &mut members, 0);
        if members.is_empty() || DEPTH_MAX <= depth || BYTES_MAX < self.out.len() {
            self.out.push_str("{ }");
            return;
        }
        self.out.push_str("{\n");
        let indent = "  ".repeat(depth + 1);
        for (index, (name, member)) in members.iter().enumerate() {
            if index != 0 {
                self.out.push_str(",\n");
            }
            let name = Value::String((*name).clone());
            self.out.push_str(&format!("{indent}{name} : "));
            self.write(member, depth + 1);
        }
        self.out.push_str(&format!("\n{}}}", "  ".repeat(depth)));
    }

    /// The members of an object, including those of all schemas of which it consists.
    fn members(&self, schema: &'s Value, into: &mut Vec<(&'s String, &'s Value)>, depth: usize) {
        let schema = self.resolved(schema);
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array).filter(|_| depth < DEPTH_MAX) {
            parts.iter().for_each(|part| self.members(part, into, depth + 1));
        }
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if !into.iter().any(|(known, _)| *known == name) {
                into.push((name, member));
            }
        }
    }

    fn array(&mut self, schema: &'s Value, depth: usize) {
        let items = match schema.get("items") {
            Some(Value::Array(items)) => items.first(),
            items => items,
        };
        let Some(items) = items.filter(|_| depth < DEPTH_MAX && self.out.len() <= BYTES_MAX) else {
            self.out.push_str("[ ]");
            return;
        };
        // Directives begin at the start of a line, so that VTL prints nothing in their place.
        self.out.push_str("[\n##TODO: Update this foreach loop to reference array from input json\n");
        self.out.push_str("#foreach($elem in $inputRoot)\n ");
        self.write(items, depth + 1);
        self.out.push_str(" \n#if($foreach.hasNext),#end\n#end\n");
        self.out.push_str(&format!("{}]", "  ".repeat(depth)));
    }

    /// The schema to which a schema refers within the document; itself if there is none.
    fn resolved(&self, mut schema: &'s Value) -> &'s Value {
        for _ in 0..DEPTH_MAX {
            let target = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
            match target.and_then(|pointer| self.root.pointer(pointer)) {
                Some(target) => schema = target,
                None => return schema,
            }
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: &Value, expect: &str) {
        let template = model_template(schema);
        assert_eq!(template, format!("#set($inputRoot = $input.path('$'))\n{expect}"), "{schema}");
    }

    #[test]
    fn samples_are_those_of_awss_documents() {
        let number = json!({"type": "number"});
        let calc = json!({"type": "object", "properties": {
            "a": number, "b": number, "op": {"type": "string"}, "c": {"$ref": "#/properties/a"},
        }});
        check(&calc, "{\n  \"a\" : 3.1415,\n  \"b\" : 3.1415,\n  \"op\" : \"foo\",\n  \"c\" : 3.1415\n}");
        check(&json!({"type": "object"}), "{ }");
        check(&json!({}), "{ }");
        check(&json!({"type": ["null", "boolean"]}), "true");
        let people = json!({"type": "array", "items": {"properties": {"age": {"type": "integer"}}}});
        check(
            &people,
            "[\n##TODO: Update this foreach loop to reference array from input json\n\
             #foreach($elem in $inputRoot)\n {\n    \"age\" : 42\n  } \n#if($foreach.hasNext),#end\n#end\n]",
        );
        check(
            &json!({"properties": {"x": {"properties": {"y": {}}}}}),
            "{\n  \"x\" : {\n    \"y\" : { }\n  }\n}",
        );
        check(&json!({"type": "array"}), "[ ]");
        let all = json!({"allOf": [{"properties": {"a": {"type": "null"}}}, {"$ref": "#/x"}], "x": {
            "properties": {"a": {"type": "string"}, "b \"": {"type": "integer"}}}});
        check(&all, "{\n  \"a\" : null,\n  \"b \\\"\" : 42\n}");
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let tree = json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
        let template = model_template(&tree);
        assert!(template.len() < BYTES_MAX * 2 && template.contains("{ }"), "{}", template.len());
        check(&json!({"$ref": "#"}), "{ }");
        check(&json!({"allOf": [{"$ref": "#"}]}), "{ }");
    }
}
