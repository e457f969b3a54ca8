//! A CloudFormation template taken apart: sections, resources and what they depend on.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::document;
use super::error::Error;
use super::kind::Kind;
use super::record::Retention;

/// Most resources of one template, CloudFormation's own limit.
const RESOURCES_MAX: usize = 500;

/// Tells the makers of the CDK what is used of it; makes nothing.
const CDK_METADATA: &str = "AWS::CDK::Metadata";

/// A template whose shape has been checked; intrinsic functions are not yet resolved.
#[derive(Clone, Debug)]
pub struct Template {
    pub(super) parameters: Map<String, Value>,
    pub(super) mappings: Value,
    pub(super) rules: Map<String, Value>,
    pub(super) conditions: Map<String, Value>,
    pub(super) resources: Vec<Declared>,
    pub(super) outputs: Map<String, Value>,
}

/// A resource as the template declares it.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) logical_id: String,
    pub(super) kind: Kind,
    pub(super) properties: Map<String, Value>,
    pub(super) depends_on: BTreeSet<String>,
    pub(super) condition: Option<String>,
    pub(super) retention: Retention,
}

impl Template {
    /// Reads a YAML or JSON template and checks its sections, resource types and property names.
    ///
    /// # Errors
    /// [`Error::Syntax`], [`Error::Template`], [`Error::UnsupportedType`], [`Error::UnsupportedProperty`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let Value::Object(mut sections) = document::parse(text)? else {
            return Err(Error::at("/", "a template is an object with a Resources section"));
        };
        for section in sections.keys() {
            match section.as_str() {
                "AWSTemplateFormatVersion"
                | "Description"
                | "Metadata"
                | "Parameters"
                | "Mappings"
                | "Rules"
                | "Conditions"
                | "Resources"
                | "Outputs" => {}
                "Transform" => {
                    return Err(Error::at(
                        "Transform",
                        "transforms are not supported: package the template first",
                    ));
                }
                other => return Err(Error::at(other, "no such section in a template")),
            }
        }
        let mut section = |name: &str| match sections.remove(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map),
            Some(_) => Err(Error::at(name, "expected an object")),
        };
        let declared = section("Resources")?;
        if declared.is_empty() || RESOURCES_MAX < declared.len() {
            let problem = format!("expected 1 to {RESOURCES_MAX} resources, found {}", declared.len());
            return Err(Error::at("Resources", problem));
        }
        Ok(Self {
            resources: declared
                .into_iter()
                .filter(|(_, value)| value.get("Type").and_then(Value::as_str) != Some(CDK_METADATA))
                .map(|(id, value)| resource(id, value))
                .collect::<Result<_, _>>()?,
            parameters: section("Parameters")?,
            mappings: Value::Object(section("Mappings")?),
            rules: section("Rules")?,
            conditions: section("Conditions")?,
            outputs: section("Outputs")?,
        })
    }

    /// Names of the template's parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters.keys().map(String::as_str)
    }

    /// Logical ids and types of the resources, as declared.
    pub fn resources(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.resources.iter().map(|r| (r.logical_id.as_str(), r.kind))
    }
}

fn resource(logical_id: String, value: Value) -> Result<Declared, Error> {
    let location = format!("Resources/{logical_id}");
    if logical_id.is_empty() || !logical_id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Error::at(location, "a logical id is alphanumeric"));
    }
    let Value::Object(mut value) = value else {
        return Err(Error::at(location, "a resource is an object with a Type"));
    };
    let kind = match value.remove("Type") {
        Some(Value::String(kind)) => Kind::parse(&kind).ok_or_else(|| Error::UnsupportedType {
            logical_id: logical_id.clone(),
            kind,
            supported: Kind::ALL.iter().map(|k| k.type_name()).collect::<Vec<_>>().join(", "),
        })?,
        _ => return Err(Error::at(location, "Type is missing")),
    };
    let properties = match value.remove("Properties") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(Error::at(format!("{location}/Properties"), "expected an object")),
    };
    let depends_on = match value.remove("DependsOn") {
        None => BTreeSet::new(),
        Some(Value::String(one)) => BTreeSet::from([one]),
        Some(Value::Array(many)) => many.into_iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        Some(_) => return Err(Error::at(format!("{location}/DependsOn"), "expected a list of logical ids")),
    };
    let retention = Retention {
        on_delete: policy(value.remove("DeletionPolicy"), &location, "DeletionPolicy")?,
        on_replace: policy(value.remove("UpdateReplacePolicy"), &location, "UpdateReplacePolicy")?,
    };
    let condition = value.remove("Condition").and_then(|v| v.as_str().map(str::to_owned));
    for attribute in value.keys() {
        match attribute.as_str() {
            "Metadata" => {}
            other => return Err(Error::at(format!("{location}/{other}"), "attribute is not supported")),
        }
    }
    for property in properties.keys() {
        if !kind.properties().contains(&property.as_str()) {
            let property = property.clone();
            return Err(Error::UnsupportedProperty { logical_id, kind: kind.type_name(), property });
        }
    }
    Ok(Declared { logical_id, kind, properties, depends_on, condition, retention })
}

/// Whether a policy keeps the resource. Nothing here has snapshots, so that one is refused, as it is on AWS
/// for types without them.
fn policy(value: Option<Value>, location: &str, name: &str) -> Result<bool, Error> {
    match value.as_ref().and_then(Value::as_str) {
        None | Some("Delete") => Ok(false),
        // "Except on create" is how a failed creation is undone here anyway.
        Some("Retain" | "RetainExceptOnCreate") => Ok(true),
        Some(other) => Err(Error::at(format!("{location}/{name}"), format!("{other:?} is not supported"))),
    }
}
