//! Models: JSON schemas for bodies.

use super::check_integration::is_content_type;
use super::rest_api::check_length;
use crate::apis::error::BadRequest;
use crate::clock::Ids;
use crate::schema::{is_schema, references, unsupported_keywords};

/// See [Model](https://docs.aws.amazon.com/apigateway/latest/api/API_Model.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Id, six characters.
    pub id: String,
    /// Name, alphanumeric, unique in the API; how methods refer to it.
    pub name: String,
    /// Text for people.
    pub description: Option<String>,
    /// JSON Schema (draft 4) as text.
    pub schema: Option<String>,
    /// Media type it describes.
    pub content_type: String,
}

const EMPTY_SCHEMA: &str = r#"{
  "$schema": "http://json-schema.org/draft-04/schema#",
  "title" : "Empty Schema",
  "type" : "object"
}"#;
const ERROR_SCHEMA: &str = r#"{
  "$schema" : "http://json-schema.org/draft-04/schema#",
  "title" : "Error Schema",
  "type" : "object",
  "properties" : {
    "message" : { "type" : "string" }
  }
}"#;

/// The two models of every new API.
pub(super) fn default_models(ids: &dyn Ids) -> [Model; 2] {
    let model = |name: &str, description: &str, schema: &str| Model {
        id: ids.lower_alphanumeric(6),
        name: name.to_owned(),
        description: Some(description.to_owned()),
        schema: Some(schema.to_owned()),
        content_type: "application/json".to_owned(),
    };
    [
        model("Empty", "This is a default empty schema model", EMPTY_SCHEMA),
        model("Error", "This is a default error schema model", ERROR_SCHEMA),
    ]
}

/// Where references to models lead.
const MODELS_OF: &str = "https://apigateway.amazonaws.com/restapis/";

/// The name of the model that `reference` leads to; `None` for what isn't of the form
/// `https://apigateway.amazonaws.com/restapis/{api}/models/{name}`.
pub(super) fn referenced_model(reference: &str) -> Option<&str> {
    let (api, rest) = reference.strip_prefix(MODELS_OF)?.split_once("/models/")?;
    let name = rest.split_once('#').map_or(rest, |(name, _)| name);
    (!api.is_empty() && !name.is_empty()).then_some(name)
}

/// Checks a schema that a caller gives a model: AWS refuses keywords that draft 4 doesn't have, and references to
/// models that don't exist. Imports are not as strict: what documents say in OpenAPI's own keywords is kept, and their
/// models may refer to each other in any order.
pub(super) fn check_new_schema(model: &Model, exists: impl Fn(&str) -> bool) -> Result<(), BadRequest> {
    let Some(document) = json_schema(model) else { return Ok(()) };
    let unsupported = unsupported_keywords(&document);
    if !unsupported.is_empty() {
        let list = unsupported.iter().map(|keyword| format!("{keyword:?}")).collect::<Vec<_>>().join(",");
        return Err(BadRequest::ModelKeywords(list));
    }
    // AWS's words for this one are not recorded.
    let mut names = references(&document).into_iter().filter_map(referenced_model);
    if names.any(|name| name != model.name && !exists(name)) {
        return Err(BadRequest::ModelSchema);
    }
    Ok(())
}

/// The schema of a JSON model.
fn json_schema(model: &Model) -> Option<serde_json::Value> {
    let is_json = model.content_type.contains("json");
    model.schema.as_deref().filter(|_| is_json).and_then(|schema| serde_json::from_str(schema).ok())
}

/// Checks a model by itself.
pub(super) fn check_model(model: &Model) -> Result<(), BadRequest> {
    if model.name.is_empty() {
        return Err(BadRequest::EmptyModelName);
    }
    if !model.name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(BadRequest::ModelName(model.name.clone()));
    }
    if !is_content_type(&model.content_type) {
        return Err(BadRequest::ModelContentType(model.content_type.clone()));
    }
    check_length("model description", model.description.as_deref().unwrap_or_default())?;
    let schema = model.schema.as_deref().filter(|schema| !schema.trim().is_empty());
    let schema = schema.ok_or(BadRequest::EmptyModelSchema)?;
    // Schemas for other media types are stored as they are, because nothing reads them.
    let is_json = model.content_type.contains("json");
    if is_json && !serde_json::from_str(schema).is_ok_and(|document| is_schema(&document)) {
        return Err(BadRequest::ModelSchema);
    }
    let document = json_schema(model).unwrap_or_default();
    let is_canonical = |reference: &str| reference.starts_with('#') || referenced_model(reference).is_some();
    if !references(&document).into_iter().all(is_canonical) {
        return Err(BadRequest::ModelReference);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, content_type: &str, schema: Option<&str>) -> Result<(), String> {
        let model = Model {
            id: "model1".to_owned(),
            name: name.to_owned(),
            description: None,
            schema: schema.map(str::to_owned),
            content_type: content_type.to_owned(),
        };
        check_model(&model).map_err(|error| error.to_string())
    }

    #[test]
    fn models_need_a_name_a_media_type_and_a_schema() {
        assert_eq!(check("Pet", "application/json", Some("{\"type\": \"object\"}")), Ok(()));
        assert_eq!(check("Pet", "application/xml", Some("<any/>")), Ok(()));
        for (name, content_type, schema, message) in [
            ("", "application/json", Some("{}"), "Model name must be non-empty"),
            ("My-Pet", "application/json", Some("{}"), "Model name must be alphanumeric: My-Pet"),
            ("Pet", "json", Some("{}"), "Invalid content type specified: json"),
            (
                "Pet",
                "application/json",
                None,
                "Model schema must have at least 1 property or array items defined",
            ),
            (
                "Pet",
                "application/xml",
                Some(""),
                "Model schema must have at least 1 property or array items defined",
            ),
            (
                "Pet",
                "application/json",
                Some("{\"type\": \"nothing\"}"),
                "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]",
            ),
            (
                "Pet",
                "application/json",
                Some("nope"),
                "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]",
            ),
        ] {
            assert_eq!(check(name, content_type, schema).unwrap_err(), message);
        }
    }

    #[test]
    fn default_models_pass_their_checks() {
        for model in default_models(&crate::clock::SeededIds::new(1)) {
            assert_eq!(check_model(&model), Ok(()), "{}", model.name);
            assert_eq!(check_new_schema(&model, |_| false), Ok(()), "{}", model.name);
        }
    }

    #[test]
    fn references_lead_to_models_or_within_the_schema() {
        let check = |reference: &str| {
            let schema = serde_json::json!({ "items": { "$ref": reference } }).to_string();
            check("Pets", "application/json", Some(&schema))
        };
        assert_eq!(check("https://apigateway.amazonaws.com/restapis/abc/models/Pet"), Ok(()));
        assert_eq!(check("#/definitions/pet"), Ok(()));
        for reference in
            ["Pet", "https://example.org/pet.json", "https://apigateway.amazonaws.com/restapis/abc/Pet"]
        {
            assert_eq!(
                check(reference).unwrap_err(),
                "Invalid model specified: Validation Result: warnings : [], errors : [Model reference must be in \
                 canonical form]"
            );
        }
    }

    #[test]
    fn new_schemas_have_keywords_of_draft_4_and_refer_to_models_that_exist() {
        let check = |schema: serde_json::Value| {
            let model = Model {
                id: "model1".to_owned(),
                name: "Pets".to_owned(),
                description: None,
                schema: Some(schema.to_string()),
                content_type: "application/json".to_owned(),
            };
            check_new_schema(&model, |name| name == "Pet").map_err(|error| error.to_string())
        };
        let to = |name: &str| serde_json::json!({ "$ref": format!("{MODELS_OF}abc/models/{name}") });
        assert_eq!(check(to("Pet")), Ok(()));
        assert_eq!(check(to("Pets")), Ok(()));
        assert!(check(to("Nobody")).is_err());
        assert_eq!(
            check(serde_json::json!({ "$id": "x", "properties": { "a": { "example": 1 } } })).unwrap_err(),
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified. \
             Unsupported keyword(s): [\"$id\",\"example\"]]"
        );
    }
}
