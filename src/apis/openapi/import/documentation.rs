//! Imports documentation: the parts in the extension, and those made from descriptions.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::document::Dialect;
use super::super::extension;
use super::super::texts::{INFO, Texts, location, members, picked, plain_response};
use super::{Reader, base_path, object_of, verb_of};
use crate::apis::{DocumentationPartLocation, DocumentationPartType, documentation_parts_of};

/// A location and its documentation.
type Part = (DocumentationPartLocation, Map<String, Value>);

/// All parts, each location once. Those in the extension take precedence over those made from descriptions.
///
/// A document with the extension repeats its parts in OpenAPI's own members, as exports do, so only what is there and
/// not in the extension becomes a part. The descriptions in `info` and in schemas are kept by the API and its models.
pub(super) fn parts(reader: &mut Reader<'_>, prefix: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let extension = reader.document.member(extension::DOCUMENTATION);
    if let Some(extension) = extension {
        let (explicit, warnings) = documentation_parts_of(extension);
        parts = explicit;
        warnings.into_iter().for_each(|warning| reader.notes.warn(warning));
    }
    let said = Texts::new(parts.clone());
    let dialect = reader.document.dialect;
    let is_repeated = |(place, properties): &Part| {
        extension.is_some()
            && match place.kind {
                DocumentationPartType::Api | DocumentationPartType::Model => true,
                DocumentationPartType::Response if is_plain(place, properties) => true,
                _ => said.about(place, dialect) == *properties,
            }
    };
    let mut seen: HashSet<DocumentationPartLocation> =
        parts.iter().map(|(location, _)| location.clone()).collect();
    let described = descriptions(reader, prefix).into_iter().filter(|part| !is_repeated(part));
    parts.extend(described.filter(|(location, _)| seen.insert(location.clone())));
    parts
}

/// Whether a response has the description that exports write for undocumented responses.
fn is_plain(place: &DocumentationPartLocation, properties: &Map<String, Value>) -> bool {
    let plain = plain_response(place.status_code.as_deref().unwrap_or_default());
    properties.get("description").and_then(Value::as_str) == Some(&plain)
}

fn descriptions(reader: &Reader<'_>, prefix: &str) -> Vec<Part> {
    let document = reader.document;
    let mut found = Found { parts: Vec::new(), dialect: document.dialect };
    let info = picked(&document.object("/info"), INFO);
    let mut properties = picked(&document.object(""), members(DocumentationPartType::Api, document.dialect));
    if !info.is_empty() {
        properties.insert("info".to_owned(), Value::Object(info));
    }
    found.push(location(DocumentationPartType::Api, None, None, None, None), properties);
    for (name, scheme) in document.object(document.dialect.security_schemes()) {
        let Some(scheme) = document.resolve(&scheme).and_then(Value::as_object) else { continue };
        if scheme.contains_key(extension::AUTHORIZER) {
            found.see(location(DocumentationPartType::Authorizer, None, None, None, Some(&name)), scheme);
        }
    }
    let pointer = document.dialect.schemas().trim_matches(['#', '/']);
    for (name, schema) in document.object(&format!("/{pointer}")) {
        let schema = schema.as_object().cloned().unwrap_or_default();
        let location = location(DocumentationPartType::Model, None, None, None, Some(&name));
        found.see(location, &schema);
    }
    for (path, item) in document.object("/paths") {
        let Some(item) = document.resolve(&item).and_then(Value::as_object).cloned() else { continue };
        let path = base_path::join(prefix, &path);
        let here = location(DocumentationPartType::Resource, Some(&path), None, None, None);
        found.see(here, &item);
        for (key, operation) in &item {
            let (Some(verb), Some(operation)) = (verb_of(key), operation.as_object()) else { continue };
            describe_operation(reader, &mut found, &path, verb.as_str(), operation);
        }
    }
    found.parts
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
    found.see(place(DocumentationPartType::Method, None, None), operation);
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
        found.see(place(kind, None, name), parameter);
    }
    if document.dialect == Dialect::V3
        && let Some(body) = operation.get("requestBody").and_then(|body| document.resolve(body)?.as_object())
    {
        found.see(place(DocumentationPartType::RequestBody, None, None), body);
    }
    for (status, response) in object_of(operation, "responses") {
        let Some(response) = document.resolve(response).and_then(Value::as_object) else { continue };
        if !DocumentationPartLocation::is_status_code(status) {
            continue;
        }
        let status = Some(status.as_str());
        found.see(place(DocumentationPartType::Response, status, None), response);
        for (name, header) in object_of(response, "headers") {
            let Some(header) = document.resolve(header).and_then(Value::as_object) else { continue };
            let here = place(DocumentationPartType::ResponseHeader, status, Some(name.as_str()));
            found.see(here, header);
        }
    }
}

/// The parts found so far. Locations without documentation are left out.
struct Found {
    parts: Vec<Part>,
    dialect: Dialect,
}

impl Found {
    /// Adds the documentation in an entity's members.
    fn see(&mut self, location: DocumentationPartLocation, entity: &Map<String, Value>) {
        let properties = picked(entity, members(location.kind, self.dialect));
        self.push(location, properties);
    }

    fn push(&mut self, location: DocumentationPartLocation, properties: Map<String, Value>) {
        if !properties.is_empty() {
            self.parts.push((location, properties));
        }
    }
}
