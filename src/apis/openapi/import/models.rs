//! Imports schemas as models: references become those between models, and inline schemas get a name.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::super::document::Dialect;
use super::Reader;
use crate::apis::CreateModel;

const JSON: &str = "application/json";

impl Reader<'_> {
    /// The models of the document's own schemas.
    pub(super) fn models(&mut self) -> Vec<CreateModel> {
        let pointer = self.document.dialect.schemas().trim_matches(['#', '/']);
        let schemas = self.document.object(&format!("/{pointer}"));
        self.model_names = schemas.keys().cloned().collect();
        schemas.into_iter().map(|(name, schema)| self.model(name, schema)).collect()
    }

    /// The models for the inline schemas found so far.
    pub(super) fn generated_models(&mut self) -> Vec<CreateModel> {
        let inline = std::mem::take(&mut self.inline_models);
        inline.into_iter().map(|(name, schema)| self.model(name, schema)).collect()
    }

    fn model(&self, name: String, schema: Value) -> CreateModel {
        let description = schema.get("description").and_then(Value::as_str).map(str::to_owned);
        let schema = rewritten(schema, self.document.dialect, &self.model_base);
        // Printing a value can't fail.
        let schema = serde_json::to_string_pretty(&schema).ok();
        CreateModel { name, description, schema, content_type: JSON.to_owned() }
    }

    /// The name of the model for a body's schema. A schema without a name gets one derived from its content, so that
    /// importing a document twice has the same result as once.
    pub(super) fn model_of(&mut self, schema: &Value) -> Option<String> {
        if schema.get("type").and_then(Value::as_str) == Some("file") {
            return None;
        }
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            let digest = hex::encode(Sha256::digest(schema.to_string()));
            let name = format!("MODEL{}", digest.get(..6).unwrap_or_default());
            self.inline_models.insert(name.clone(), schema.clone());
            return Some(name);
        };
        let dialect = self.document.dialect;
        let name = reference.strip_prefix(dialect.schemas()).unwrap_or(reference);
        if self.model_names.iter().any(|there| there == name) {
            return Some(name.to_owned());
        }
        self.notes.warn(format!("Reference to model '{name}' not found. Ignoring."));
        None
    }
}

/// The schema with references to models, and with `required` sorted as AWS stores it.
fn rewritten(schema: Value, dialect: Dialect, base: &str) -> Value {
    match schema {
        Value::Object(members) => {
            let rewrite = |(key, member): (String, Value)| {
                let member = match (key.as_str(), member) {
                    ("$ref", Value::String(reference)) => {
                        let name = reference.strip_prefix(dialect.schemas());
                        name.map_or_else(|| reference.clone(), |name| format!("{base}{name}")).into()
                    }
                    ("required", Value::Array(mut names)) => {
                        names.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                        Value::Array(names)
                    }
                    (_, member) => rewritten(member, dialect, base),
                };
                (key, member)
            };
            Value::Object(members.into_iter().map(rewrite).collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| rewritten(item, dialect, base)).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema,
    }
}
