//! Documentation parts of an OpenAPI document: what its `x-amazon-apigateway-documentation` holds.
//!
//! Documents are JSON, as
//! [ImportDocumentationParts](https://docs.aws.amazon.com/apigateway/latest/api/API_ImportDocumentationParts.html)
//! asks for.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::documentation_part::DocumentationPartLocation;
use super::words::words;
use crate::gateway::error::{BadRequest, Conflict};

const EXTENSION: &str = "x-amazon-apigateway-documentation";

words! {
    /// What becomes of what is there when a document is imported.
    pub enum PutMode { Merge = "merge", Overwrite = "overwrite" }
}

/// What a document holds.
pub(super) struct Imported {
    /// Places, each once, and what is written about them, in the document's order.
    pub(super) parts: Vec<(DocumentationPartLocation, Map<String, Value>)>,
    /// What had to be left out, and why.
    pub(super) warnings: Vec<String>,
}

/// Reads a document. Parts that make no sense are left out with a warning.
///
/// # Errors
/// [`BadRequest::Importer`] for what is no OpenAPI document.
pub(super) fn read(body: &[u8]) -> Result<Imported, BadRequest> {
    let document: Map<String, Value> = serde_json::from_slice(body).map_err(|_| BadRequest::Importer)?;
    if !["openapi", "swagger"].iter().any(|version| document.contains_key(*version)) {
        return Err(BadRequest::Importer);
    }
    let mut imported = Imported { parts: Vec::new(), warnings: Vec::new() };
    let Some(extension) = document.get(EXTENSION) else { return Ok(imported) };
    let Some(parts) = extension.get("documentationParts").and_then(Value::as_array) else {
        imported.warnings.push(format!("Unable to import {EXTENSION}: documentationParts is not a list"));
        return Ok(imported);
    };
    let mut seen = HashSet::new();
    for (index, part) in parts.iter().enumerate() {
        match read_part(part) {
            Ok((location, _)) if seen.contains(&location) => {
                let reason = Conflict::DocumentationPart(location.to_string());
                imported.warnings.push(warning(index, &reason.to_string()));
            }
            Ok((location, properties)) => {
                seen.insert(location.clone());
                imported.parts.push((location, properties));
            }
            Err(reason) => imported.warnings.push(warning(index, &reason)),
        }
    }
    Ok(imported)
}

/// AWS's words are not on record.
fn warning(index: usize, reason: &str) -> String {
    format!("Unable to import documentation part {index}: {reason}")
}

fn read_part(part: &Value) -> Result<(DocumentationPartLocation, Map<String, Value>), String> {
    let location = DocumentationPartLocation::deserialize(part.get("location").unwrap_or(&Value::Null));
    let location = location.map_err(|error| format!("invalid location: {error}"))?;
    let location = location.resolve().map_err(|error| error.to_string())?;
    let properties = part.get("properties").and_then(Value::as_object);
    let properties = properties.ok_or_else(|| BadRequest::DocumentationProperties.to_string())?;
    Ok((location, properties.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(parts: &str) -> String {
        format!(r#"{{"openapi": "3.0.0", "{EXTENSION}": {{"documentationParts": {parts}}}}}"#)
    }

    #[test]
    fn parts_that_make_no_sense_are_left_out_with_a_warning() {
        let body = document(
            r#"[{"location": {"type": "METHOD", "method": "GET"}, "properties": {"a": 1}},
                {"location": {"type": "METHOD", "method": "GET", "path": "/"}, "properties": {}},
                {"location": {"type": "API", "name": "x"}, "properties": {}},
                {"location": {"type": "NOTHING"}, "properties": {}},
                {"location": {"type": "API"}, "properties": "text"},
                7]"#,
        );
        let Imported { parts, warnings } = read(body.as_bytes()).unwrap();
        let parts: Vec<String> = parts.iter().map(|(location, _)| location.to_string()).collect();
        assert_eq!(parts, ["type 'METHOD', path '/', method 'GET'"]);
        assert_eq!(warnings.len(), 5, "{warnings:?}");
        assert_eq!(
            warnings[0],
            "Unable to import documentation part 1: Documentation part already exists for the specified \
             location: type 'METHOD', path '/', method 'GET'."
        );
    }

    #[test]
    fn only_openapi_documents_are_read() {
        for bad in ["", "{'key:value}", "a: b", "[]", "{}", "\"openapi\""] {
            assert!(matches!(read(bad.as_bytes()), Err(BadRequest::Importer)), "{bad}");
        }
        for fine in [r#"{"swagger": "2.0"}"#, r#"{"openapi": "3.0.1", "info": {}}"#, &document("[]")] {
            let Imported { parts, warnings } = read(fine.as_bytes()).unwrap();
            assert!(parts.is_empty() && warnings.is_empty(), "{fine}");
        }
        assert_eq!(read(document("7").as_bytes()).unwrap().warnings.len(), 1);
    }
}
