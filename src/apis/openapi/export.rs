//! Converts a frozen API to a document.
//!
//! Both dialects have the same parts; [`Writer`] knows which dialect to write.

mod operation;
mod root;
mod schemas;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::document::Dialect;
use super::texts::{Texts, location};
use crate::apis::error::BadRequest;
use crate::apis::{
    DeploymentSnapshot, DocumentationPart, DocumentationPartLocation, DocumentationPartType,
    DocumentationVersion, Resource,
};

/// The extensions to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    /// `x-amazon-apigateway-integration`.
    pub(crate) integrations: bool,
    /// The extensions in security schemes.
    pub(crate) authorizers: bool,
    /// All of the above, and the extensions of the API as a whole.
    pub(crate) apigateway: bool,
    /// The documentation.
    pub(crate) documentation: bool,
}

impl Extensions {
    /// Parses `integrations,authorizers,apigateway,documentation,postman`; the last has no effect.
    pub(crate) fn parse(list: &str) -> Result<Self, BadRequest> {
        let mut extensions = Self::default();
        for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "integrations" => extensions.integrations = true,
                "authorizers" => extensions.authorizers = true,
                "apigateway" => extensions = Self { apigateway: true, ..extensions },
                "documentation" => extensions.documentation = true,
                // It is not recorded that AWS adds anything: the document is one that Postman can read.
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

/// What to export, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Export<'e> {
    /// The snapshot of the stage's deployment.
    pub(crate) snapshot: &'e DeploymentSnapshot,
    /// The stage's name and region.
    pub(crate) stage: &'e str,
    pub(crate) region: &'e str,
    /// `info.version`.
    pub(crate) version: &'e str,
    /// The stage's documentation version.
    pub(crate) documentation: Option<&'e DocumentationVersion>,
    /// The dialect to write.
    pub(crate) dialect: Dialect,
    /// The extensions to write.
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

/// A part with its properties parsed; `None` if it has none.
fn said(part: &DocumentationPart) -> Option<(DocumentationPartLocation, Map<String, Value>)> {
    Some((part.location.clone(), serde_json::from_str(&part.properties).ok()?))
}

struct Writer<'e> {
    export: &'e Export<'e>,
    /// The documentation for OpenAPI's own members.
    texts: Texts,
    /// The URL of the models up to their names.
    base: String,
    /// The security schemes that methods use.
    schemes: BTreeSet<String>,
    /// The models that methods use, in order of use, and those to which they refer.
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
