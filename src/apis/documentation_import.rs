//! Documentation parts in an OpenAPI document: the content of its `x-amazon-apigateway-documentation`.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::documentation_part::DocumentationPartLocation;
use super::words::words;
use crate::apis::error::{BadRequest, Conflict};
use crate::apis::openapi::Document;

const EXTENSION: &str = "x-amazon-apigateway-documentation";

words! {
    /// What an import does with existing parts.
    pub enum PutMode { Merge = "merge", Overwrite = "overwrite" }
}

/// Locations, each once, and their content, in the document's order.
pub(super) type Parts = Vec<(DocumentationPartLocation, Map<String, Value>)>;

/// Parses the parts in an OpenAPI document, and says what had to be left out.
///
/// # Errors
/// [`BadRequest::Importer`] if it isn't an OpenAPI document.
pub(super) fn read(body: &[u8]) -> Result<(Parts, Vec<String>), BadRequest> {
    let document = Document::read(body).ok_or(BadRequest::Importer)?;
    Ok(document.member(EXTENSION).map(documentation_parts_of).unwrap_or_default())
}

/// Parses the parts in the extension. Invalid ones are left out with a warning.
pub(crate) fn documentation_parts_of(extension: &Value) -> (Parts, Vec<String>) {
    let (mut imported, mut warnings) = (Parts::new(), Vec::new());
    let Some(parts) = extension.get("documentationParts").and_then(Value::as_array) else {
        warnings.push(format!("Unable to import {EXTENSION}: documentationParts is not a list"));
        return (imported, warnings);
    };
    let mut seen = HashSet::new();
    for (index, part) in parts.iter().enumerate() {
        match read_part(part) {
            Ok((location, _)) if seen.contains(&location) => {
                let reason = Conflict::DocumentationPart(location.to_string());
                warnings.push(warning(index, &reason.to_string()));
            }
            Ok((location, properties)) => {
                seen.insert(location.clone());
                imported.push((location, properties));
            }
            Err(reason) => warnings.push(warning(index, &reason)),
        }
    }
    (imported, warnings)
}

/// AWS's message is not recorded.
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
        let (parts, warnings) = read(body.as_bytes()).unwrap();
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
        for fine in [
            "swagger: '2.0'",
            r#"{"swagger": "2.0"}"#,
            r#"{"openapi": "3.0.1", "info": {}}"#,
            &document("[]"),
        ] {
            let (parts, warnings) = read(fine.as_bytes()).unwrap();
            assert!(parts.is_empty() && warnings.is_empty(), "{fine}");
        }
        assert_eq!(read(document("7").as_bytes()).unwrap().1.len(), 1);
    }
}
