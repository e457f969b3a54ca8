//! Converts a document to a [`Definition`].
//!
//! Where AWS's warning or error is not recorded, the message follows its pattern `Unable to … on 'GET' for resource at
//! path '/x': …`.

mod authorizer;
mod base_path;
mod documentation;
mod integration;
mod models;
mod operation;
mod settings;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(crate) use self::base_path::BasePathMode;
use super::definition::{Definition, Notes};
use super::document::Document;
use super::extension;
use crate::apis::HttpMethod;
use crate::apis::error::BadRequest;

/// The state of an import.
struct Reader<'d> {
    document: &'d Document,
    /// The URL of the API's models up to their names.
    model_base: String,
    /// The names of the document's own models; and of models for inline schemas, with their schemas.
    model_names: Vec<String>,
    inline_models: BTreeMap<String, Value>,
    notes: Notes,
}

/// Converts `document` for the new or existing API `api_id`.
///
/// # Errors
/// For an unusable integration, with AWS's message and nothing else.
pub(crate) fn import(
    document: &Document,
    api_id: &str,
    base_path: BasePathMode,
) -> Result<Definition, BadRequest> {
    integration::check_shapes(document)?;
    let mut reader = Reader {
        document,
        model_base: super::model_url_base(api_id),
        model_names: Vec::new(),
        inline_models: BTreeMap::new(),
        notes: Notes::default(),
    };
    let mut models = reader.models();
    let (authorizers, schemes) = reader.security_schemes();
    let prefix = base_path::prefix(document, base_path);
    let mut paths = Vec::new();
    let document_paths = document.object("/paths");
    for (path, item) in &document_paths {
        if path.starts_with("x-") {
            continue;
        }
        let full = base_path::join(&prefix, path);
        let Some(item) = document.resolve(item).and_then(Value::as_object) else {
            reader.notes.warn(format!("Unable to read path '{path}': not an object. Ignoring."));
            continue;
        };
        let mut methods = BTreeMap::new();
        for (key, operation) in item {
            let Some(verb) = verb_of(key) else {
                if key == "trace" {
                    reader
                        .notes
                        .warn(format!("Method 'TRACE' of resource '{full}' is not supported. Ignoring."));
                }
                continue;
            };
            let Some(operation) = operation.as_object() else {
                reader.notes.warn(format!("Unable to read method '{verb}' of resource '{full}'. Ignoring."));
                continue;
            };
            let method = reader.operation(&full, verb, item, operation, &schemes);
            methods.extend(method.map(|method| (verb, method)));
        }
        paths.push((full, methods));
    }
    models.extend(reader.generated_models());
    let info = document.object("/info");
    Ok(Definition {
        title: text_of(info.get("title")),
        version: text_of(info.get("version")),
        description: text_of(info.get("description")),
        paths,
        models,
        authorizers,
        request_validators: reader.request_validators(),
        gateway_responses: reader.gateway_responses(),
        settings: reader.settings(),
        documentation: documentation::parts(&mut reader, &prefix),
        notes: reader.notes,
    })
}

/// The verb of a member in a path item.
fn verb_of(key: &str) -> Option<HttpMethod> {
    match key {
        "get" => Some(HttpMethod::Get),
        "put" => Some(HttpMethod::Put),
        "post" => Some(HttpMethod::Post),
        "delete" => Some(HttpMethod::Delete),
        "patch" => Some(HttpMethod::Patch),
        "options" => Some(HttpMethod::Options),
        "head" => Some(HttpMethod::Head),
        extension::ANY_METHOD => Some(HttpMethod::Any),
        _ => None,
    }
}

/// A string, or a number as one: YAML parses unquoted versions and status codes as numbers. Empty counts as none.
fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The strings in a list; everything else is left out.
fn texts_of(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The member `name` as an object; empty if there is none.
fn object_of<'v>(
    members: &'v Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = (&'v String, &'v Value)> {
    members.get(name).and_then(Value::as_object).into_iter().flatten()
}
