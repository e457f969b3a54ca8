//! CreateModel, GetModel(s), UpdateModel, DeleteModel.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::super::ids::ApiId;
use super::super::model::{Model, check_model, check_new_schema, referenced_model};
use super::super::model_template::model_template;
use super::super::resource::Resource;
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use crate::apis::error::{Conflict, Error};
use crate::apis::patch::{PatchOperation, replace_only};
use crate::id::AccountRegion;

/// The input of [CreateModel](https://docs.aws.amazon.com/apigateway/latest/api/API_CreateModel.html).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateModel {
    /// Name.
    pub name: String,
    /// Text for people.
    pub description: Option<String>,
    /// JSON schema.
    pub schema: Option<String>,
    /// Media type.
    pub content_type: String,
}

impl Apis {
    /// Adds a model to an API.
    pub async fn create_model(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        input: CreateModel,
    ) -> Result<Model, Error> {
        let (api_id, ids) = (api_id.clone(), self.ids());
        self.write(owner, move |rows| {
            rows.api(&api_id)?;
            let model = Model {
                id: ids.lower_alphanumeric(6),
                name: input.name.clone(),
                description: input.description.clone().filter(|text| !text.is_empty()),
                schema: input.schema.clone(),
                content_type: input.content_type.clone(),
            };
            if rows.find_part::<Model>(&api_id, &model.name)?.is_some() {
                return Err(Conflict::ModelName.into());
            }
            check_model(&model)?;
            let names = names(rows, &api_id)?;
            check_new_schema(&model, |name| names.contains(name))?;
            rows.put_part(&api_id, &model)?;
            Ok(model)
        })
        .await
    }

    /// One model; `flatten` replaces references by the schemas to which they refer.
    pub async fn model(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        name: &str,
        flatten: bool,
    ) -> Result<Model, Error> {
        let (api_id, name) = (api_id.clone(), name.to_owned());
        self.read(owner, move |rows| {
            let mut model = rows.part::<Model>(&api_id, &name)?;
            if flatten {
                let schemas = rows.parts::<Model>(&api_id)?.into_iter();
                let schemas = schemas.filter_map(|model| model.schema.map(|schema| (model.name, schema)));
                model.schema = model.schema.map(|schema| flattened(&schema, &schemas.collect()));
            }
            Ok(model)
        })
        .await
    }

    /// A mapping template with a sample of what the model describes.
    pub async fn model_template(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        name: &str,
    ) -> Result<String, Error> {
        let model = self.model(owner, api_id, name, true).await?;
        // Schemas of models with other media types can't be parsed here, so the sample has no members.
        let schema = model.schema.and_then(|schema| serde_json::from_str(&schema).ok()).unwrap_or_default();
        Ok(model_template(&schema))
    }

    /// Changes a model's description or schema.
    pub async fn update_model(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        name: &str,
        patches: Vec<PatchOperation>,
    ) -> Result<Model, Error> {
        let (api_id, name) = (api_id.clone(), name.to_owned());
        self.write(owner, move |rows| {
            let mut model = rows.part::<Model>(&api_id, &name)?;
            let mut has_new_schema = false;
            for patch in &patches {
                match replace_only(patch, &["/description", "/schema"], "[/description, /schema]")? {
                    "/schema" => {
                        model.schema = patch.text();
                        has_new_schema = true;
                    }
                    _ => model.description = patch.text(),
                }
            }
            check_model(&model)?;
            if has_new_schema {
                let names = names(rows, &api_id)?;
                check_new_schema(&model, |name| names.contains(name))?;
            }
            rows.put_part(&api_id, &model)?;
            Ok(model)
        })
        .await
    }

    /// Deletes a model that no method uses.
    pub async fn delete_model(&self, owner: &AccountRegion, api_id: &ApiId, name: &str) -> Result<(), Error> {
        let (api_id, name) = (api_id.clone(), name.to_owned());
        self.write(owner, move |rows| {
            rows.part::<Model>(&api_id, &name)?;
            if let Some(conflict) = reference(&rows.resources_of(&api_id)?, &name) {
                return Err(conflict.into());
            }
            rows.delete_part::<Model>(&api_id, &name)
        })
        .await
    }
}

/// The names of an API's models.
fn names(rows: &Rows<'_>, api_id: &ApiId) -> Result<BTreeSet<String>, Error> {
    Ok(rows.parts::<Model>(api_id)?.into_iter().map(|model| model.name).collect())
}

fn reference(resources: &[Resource], model: &str) -> Option<Conflict> {
    let methods =
        resources.iter().flat_map(|r| r.methods.iter().map(move |(verb, method)| (r, verb, method)));
    methods.into_iter().find_map(|(resource, verb, method)| {
        let in_request = method.request_models.values().any(|name| name == model);
        let mut answers = method.responses.values();
        let in_response = answers.any(|answer| answer.models.values().any(|name| name == model));
        let side = if in_request { "request" } else { "response" };
        (in_request || in_response).then(|| Conflict::ModelInUse {
            model: model.to_owned(),
            side,
            path: resource.path.clone(),
            method: *verb,
        })
    })
}

/// Leaves references that can't be followed: those to unknown models, and those in a cycle.
fn flattened(schema: &str, schemas: &BTreeMap<String, String>) -> String {
    match serde_json::from_str::<Value>(schema) {
        Ok(value) => inlined(value, schemas, &mut Vec::new()).to_string(),
        Err(_) => schema.to_owned(),
    }
}

fn inlined(value: Value, schemas: &BTreeMap<String, String>, within: &mut Vec<String>) -> Value {
    match value {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str).and_then(referenced_model);
            if let Some(name) = name.filter(|name| !within.iter().any(|outer| outer == name))
                && let Some(Ok(schema)) = schemas.get(name).map(|schema| serde_json::from_str(schema))
            {
                within.push(name.to_owned());
                let schema = inlined(schema, schemas, within);
                within.pop();
                return schema;
            }
            let inline = |(key, member)| (key, inlined(member, schemas, within));
            Value::Object(members.into_iter().map(inline).collect())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| inlined(item, schemas, within)).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_followed_but_not_in_circles() {
        let url = |name: &str| {
            format!("{{\"$ref\":\"https://apigateway.amazonaws.com/restapis/a/models/{name}\"}}")
        };
        let schemas = BTreeMap::from([
            ("Pet".to_owned(), "{\"type\":\"string\"}".to_owned()),
            ("Loop".to_owned(), format!("{{\"next\":{}}}", url("Loop"))),
        ]);
        let flat = |schema: &str| flattened(schema, &schemas);
        assert_eq!(flat(&format!("{{\"items\":[{}]}}", url("Pet"))), "{\"items\":[{\"type\":\"string\"}]}");
        assert_eq!(flat(&url("Loop")), format!("{{\"next\":{}}}", url("Loop")));
        assert_eq!(flat(&url("Unknown")), url("Unknown"));
        assert_eq!(flat("nope"), "nope");
    }
}
