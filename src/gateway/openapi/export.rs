//! From a frozen API to a document.
//!
//! The same parts are written for both dialects; [`Writer`] knows which one is spoken.

mod operation;
mod root;
mod schemas;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::document::Dialect;
use super::texts::{Texts, location};
use crate::gateway::api::{
    DeploymentSnapshot, DocumentationPart, DocumentationPartLocation, DocumentationPartType,
    DocumentationVersion, Resource,
};
use crate::gateway::error::BadRequest;

/// Which extensions a document has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    /// `x-amazon-apigateway-integration`.
    pub(crate) integrations: bool,
    /// What security schemes mean.
    pub(crate) authorizers: bool,
    /// All of the above, and what belongs to the API as a whole.
    pub(crate) apigateway: bool,
    /// What is written about the API.
    pub(crate) documentation: bool,
}

impl Extensions {
    /// `integrations,authorizers,apigateway,documentation,postman`; the last changes nothing.
    pub(crate) fn parse(list: &str) -> Result<Self, BadRequest> {
        let mut extensions = Self::default();
        for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "integrations" => extensions.integrations = true,
                "authorizers" => extensions.authorizers = true,
                "apigateway" => extensions = Self { apigateway: true, ..extensions },
                "documentation" => extensions.documentation = true,
                // AWS adds nothing that is on record: the document is one that Postman reads.
                "postman" => {}
                other => return Err(BadRequest::ExportExtensions(other.to_owned())),
            }
        }
        extensions.integrations |= extensions.apigateway;
        extensions.authorizers |= extensions.apigateway;
        extensions.documentation |= extensions.apigateway;
        Ok(extensions)
    }
}

/// What is exported.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Export<'e> {
    /// What the stage's deployment froze.
    pub(crate) snapshot: &'e DeploymentSnapshot,
    /// The stage's name and region.
    pub(crate) stage: &'e str,
    pub(crate) region: &'e str,
    /// `info.version`.
    pub(crate) version: &'e str,
    /// The stage's documentation.
    pub(crate) documentation: Option<&'e DocumentationVersion>,
    /// Which words are used.
    pub(crate) dialect: Dialect,
    /// What is written besides the standard's own.
    pub(crate) extensions: Extensions,
}

/// Writes the document.
///
/// # Errors
/// [`BadRequest::ExportModels`] for a body that the dialect can't describe.
pub(crate) fn export(export: &Export<'_>) -> Result<Value, BadRequest> {
    let parts = export.documentation.iter().flat_map(|version| &version.parts);
    let mut writer = Writer {
        export,
        texts: Texts::new(parts.filter_map(said).collect()),
        base: super::model_url_base(export.snapshot.api.id.as_str()),
        schemes: BTreeSet::new(),
        models: Vec::new(),
    };
    let mut paths = Map::new();
    let with_methods = export.snapshot.resources.iter().filter(|resource| !resource.methods.is_empty());
    for resource in with_methods {
        paths.insert(resource.path.clone(), writer.path_item(resource)?);
    }
    Ok(writer.document(paths))
}

/// A document under way.
/// A part with its properties read; one of no properties says nothing.
fn said(part: &DocumentationPart) -> Option<(DocumentationPartLocation, Map<String, Value>)> {
    Some((part.location.clone(), serde_json::from_str(&part.properties).ok()?))
}

struct Writer<'e> {
    export: &'e Export<'e>,
    /// What is written about the API, for OpenAPI's own members.
    texts: Texts,
    /// What models are referred to by, up to their names.
    base: String,
    /// Security schemes that methods named.
    schemes: BTreeSet<String>,
    /// Models that methods named, in their order, and those that they refer to.
    models: Vec<String>,
}

impl Writer<'_> {
    fn path_item(&mut self, resource: &Resource) -> Result<Value, BadRequest> {
        let here = location(DocumentationPartType::Resource, Some(&resource.path), None, None, None);
        let mut item = self.texts.about(&here, self.export.dialect);
        for (verb, method) in &resource.methods {
            let operation = self.operation(resource, *verb, method)?;
            item.insert(operation::key_of(*verb), operation);
        }
        Ok(item.into())
    }

    fn document(mut self, paths: Map<String, Value>) -> Value {
        let export = self.export;
        let api = &export.snapshot.api;
        let mut info = Map::from_iter([("title".to_owned(), json!(api.name))]);
        info.extend(api.description.as_ref().map(|text| ("description".to_owned(), json!(text))));
        info.extend(self.texts.info());
        info.insert("version".to_owned(), json!(export.version));
        let host = format!("{}.execute-api.{}.amazonaws.com", api.id, export.region);
        let schemas = self.schemas();
        let schemes = self.security_schemes();
        let mut document = Map::new();
        let mut put = |name: &str, value: Value| drop(document.insert(name.to_owned(), value));
        match export.dialect {
            Dialect::Swagger2 => {
                put("swagger", json!("2.0"));
                put("info", info.into());
                put("host", json!(host));
                put("basePath", json!(format!("/{}", export.stage)));
                put("schemes", json!(["https"]));
                put("paths", paths.into());
                if !schemes.is_empty() {
                    put("securityDefinitions", schemes.into());
                }
                if !schemas.is_empty() {
                    put("definitions", schemas.into());
                }
            }
            Dialect::V3 => {
                let mut server = Map::from_iter([
                    ("url".to_owned(), json!(format!("https://{host}/{{basePath}}"))),
                    ("variables".to_owned(), json!({ "basePath": { "default": export.stage } })),
                ]);
                server.extend(self.endpoint());
                put("openapi", json!("3.0.1"));
                put("info", info.into());
                put("servers", json!([server]));
                put("paths", paths.into());
                let mut components = Map::new();
                if !schemas.is_empty() {
                    components.insert("schemas".to_owned(), schemas.into());
                }
                if !schemes.is_empty() {
                    components.insert("securitySchemes".to_owned(), schemes.into());
                }
                put("components", components.into());
            }
        }
        let whole = location(DocumentationPartType::Api, None, None, None, None);
        document.extend(self.texts.about(&whole, export.dialect));
        document.extend(self.root_extensions());
        document.into()
    }
}
