//! What a document says for people: the parts of its extension, and those made of its descriptions.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::document::Dialect;
use super::super::extension;
use super::{Reader, base_path, object_of, verb_of};
use crate::gateway::api::{DocumentationPartLocation, DocumentationPartType, documentation_parts_of};

/// A place and what is written about it.
type Part = (DocumentationPartLocation, Map<String, Value>);

/// All parts, each place once: the extension's win over those made of descriptions.
pub(super) fn parts(reader: &mut Reader<'_>, prefix: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(extension) = reader.document.member(extension::DOCUMENTATION) {
        let (explicit, warnings) = documentation_parts_of(extension);
        parts = explicit;
        warnings.into_iter().for_each(|warning| reader.notes.warn(warning));
    }
    let mut seen: HashSet<DocumentationPartLocation> =
        parts.iter().map(|(location, _)| location.clone()).collect();
    let described = descriptions(reader, prefix);
    parts.extend(described.into_iter().filter(|(location, _)| seen.insert(location.clone())));
    parts
}

fn descriptions(reader: &Reader<'_>, prefix: &str) -> Vec<Part> {
    let document = reader.document;
    let mut found = Found(Vec::new());
    let info = picked(&document.object("/info"), &["description", "termsOfService", "contact", "license"]);
    if !info.is_empty() {
        let properties = Map::from_iter([("info".to_owned(), Value::Object(info))]);
        found.push(location(DocumentationPartType::Api, None, None, None, None), properties);
    }
    let pointer = document.dialect.schemas().trim_matches(['#', '/']);
    for (name, schema) in document.object(&format!("/{pointer}")) {
        let schema = schema.as_object().cloned().unwrap_or_default();
        let location = location(DocumentationPartType::Model, None, None, None, Some(&name));
        found.push(location, picked(&schema, &["title", "description"]));
    }
    for (path, item) in document.object("/paths") {
        let Some(item) = document.resolve(&item).and_then(Value::as_object).cloned() else { continue };
        let path = base_path::join(prefix, &path);
        let here = location(DocumentationPartType::Resource, Some(&path), None, None, None);
        found.push(here, picked(&item, &["summary", "description"]));
        for (key, operation) in &item {
            let (Some(verb), Some(operation)) = (verb_of(key), operation.as_object()) else { continue };
            describe_operation(reader, &mut found, &path, verb.as_str(), operation);
        }
    }
    found.0
}

fn describe_operation(
    reader: &Reader<'_>,
    found: &mut Found,
    path: &str,
    verb: &str,
    operation: &Map<String, Value>,
) {
    let document = reader.document;
    let place = |kind, status, name| location(kind, Some(path), Some(verb), status, name);
    let own = picked(operation, &["tags", "summary", "description", "externalDocs", "deprecated"]);
    found.push(place(DocumentationPartType::Method, None, None), own);
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    for parameter in parameters.filter_map(|it| document.resolve(it)?.as_object()) {
        let kind = match parameter.get("in").and_then(Value::as_str) {
            Some("query") => DocumentationPartType::QueryParameter,
            Some("header") => DocumentationPartType::RequestHeader,
            Some("path") => DocumentationPartType::PathParameter,
            Some("body") => DocumentationPartType::RequestBody,
            Some(_) | None => continue,
        };
        let name = parameter.get("name").and_then(Value::as_str);
        let name = name.filter(|_| kind != DocumentationPartType::RequestBody);
        found.push(place(kind, None, name), picked(parameter, &["description"]));
    }
    if document.dialect == Dialect::V3
        && let Some(body) = operation.get("requestBody").and_then(|body| document.resolve(body)?.as_object())
    {
        found.push(place(DocumentationPartType::RequestBody, None, None), picked(body, &["description"]));
    }
    for (status, response) in object_of(operation, "responses") {
        let Some(response) = document.resolve(response).and_then(Value::as_object) else { continue };
        if !DocumentationPartLocation::is_status_code(status) {
            continue;
        }
        let status = Some(status.as_str());
        found.push(place(DocumentationPartType::Response, status, None), picked(response, &["description"]));
        for (name, header) in object_of(response, "headers") {
            let Some(header) = document.resolve(header).and_then(Value::as_object) else { continue };
            let here = place(DocumentationPartType::ResponseHeader, status, Some(name.as_str()));
            found.push(here, picked(header, &["description"]));
        }
    }
}

/// Parts under way; places where nothing is written make none.
struct Found(Vec<Part>);

impl Found {
    fn push(&mut self, location: DocumentationPartLocation, properties: Map<String, Value>) {
        if !properties.is_empty() {
            self.0.push((location, properties));
        }
    }
}

fn location(
    kind: DocumentationPartType,
    path: Option<&str>,
    method: Option<&str>,
    status_code: Option<&str>,
    name: Option<&str>,
) -> DocumentationPartLocation {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    DocumentationPartLocation {
        kind,
        path: owned(path),
        method: owned(method),
        status_code: owned(status_code),
        name: owned(name),
    }
}

/// The members of these names that say something.
fn picked(members: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let says = |value: &&Value| !value.is_null() && value.as_str() != Some("");
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), members.get(*name).filter(says)?.clone())))
        .collect()
}
