//! Writes models as schemas: those that methods use, and those to which they refer.

use serde_json::{Map, Value};

use super::super::texts::location;
use super::Writer;
use crate::apis::DocumentationPartType;

impl Writer<'_> {
    /// A reference to the model. Adds the model to the document.
    pub(super) fn schema_reference(&mut self, model: &str) -> Value {
        self.use_model(model);
        let schemas = self.export.dialect.schemas();
        serde_json::json!({ "$ref": format!("{schemas}{model}") })
    }

    fn use_model(&mut self, model: &str) {
        let is_there = self.export.snapshot.models.contains_key(model);
        if is_there && !self.models.iter().any(|name| name == model) {
            self.models.push(model.to_owned());
        }
    }

    /// Every model used so far, with those to which they refer.
    pub(super) fn schemas(&mut self) -> Map<String, Value> {
        let mut schemas = Map::new();
        let mut next = 0;
        // The list grows during the loop, because schemas refer to further models.
        while let Some(name) = self.models.get(next).cloned() {
            next += 1;
            let model = self.export.snapshot.models.get(&name);
            let text = model.and_then(|model| model.schema.as_deref()).unwrap_or("{}");
            // Schemas of models with other media types can't be parsed here.
            let schema = serde_json::from_str(text).unwrap_or_else(|_| Value::Object(Map::new()));
            let mut schema = self.local(schema);
            if let Value::Object(members) = &mut schema {
                let place = location(DocumentationPartType::Model, None, None, None, Some(&name));
                members.extend(self.texts.about(&place, self.export.dialect));
            }
            schemas.insert(name, schema);
        }
        schemas
    }

    /// The schema with references within the document, and without members that OpenAPI schemas don't have.
    fn local(&mut self, schema: Value) -> Value {
        match schema {
            Value::Object(members) => {
                let mut local = Map::new();
                for (key, member) in members {
                    let member = match (key.as_str(), member) {
                        ("$schema" | "id", Value::String(_)) => continue,
                        ("$ref", Value::String(reference)) => self.local_reference(&reference),
                        (_, member) => self.local(member),
                    };
                    local.insert(key, member);
                }
                local.into()
            }
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.local(item)).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema,
        }
    }

    fn local_reference(&mut self, reference: &str) -> Value {
        let Some(name) = reference.strip_prefix(&self.base).map(str::to_owned) else {
            return reference.into();
        };
        self.use_model(&name);
        format!("{}{name}", self.export.dialect.schemas()).into()
    }
}
