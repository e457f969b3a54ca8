//! A parsed CloudFormation template: sections, resources and their dependencies.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::document;
use super::elsewhere::Reach;
use super::error::Error;
use super::extended;
use super::include::{self, Included};
use super::kind::{Kind, PACKED};
use super::loops;
use super::model::{Retention, Settings};
use super::objects::TEXT;
use super::sam;
use super::unknown_types::UnknownTypes;

/// The most resources of a template; CloudFormation's own limit.
const RESOURCES_MAX: usize = 500;
/// The most entries of each other section; CloudFormation's own limit for parameters, mappings and outputs.
const ENTRIES_MAX: usize = 200;

/// A template whose structure has been checked; its intrinsic functions are not resolved yet.
#[derive(Clone, Debug)]
pub struct Template {
    /// What was parsed.
    pub(super) text: String,
    pub(super) description: Option<String>,
    /// The `Metadata` section, and what `Transform` names.
    pub(super) metadata: Map<String, Value>,
    pub(super) transforms: Vec<String>,
    /// Whether macros make another template of it.
    pub(super) has_macros: bool,
    /// What they have made of it.
    processed: Option<String>,
    /// What it includes.
    pub(super) included: Included,
    pub(super) parameters: Map<String, Value>,
    pub(super) mappings: Value,
    pub(super) rules: Map<String, Value>,
    pub(super) conditions: Map<String, Value>,
    pub(super) resources: Vec<Declared>,
    pub(super) outputs: Vec<(String, Output)>,
}

/// An output of a template.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) value: Value,
    pub(super) description: Option<String>,
    pub(super) condition: Option<String>,
    /// The export name, not resolved yet.
    pub(super) export: Option<Value>,
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
    pub(super) metadata: Option<Value>,
    /// What has to be heard of the resource before it counts as made.
    pub(super) creation_policy: Option<Value>,
}

impl Declared {
    /// Its location in the template.
    pub(super) fn location(&self) -> String {
        format!("Resources/{}", self.logical_id)
    }

    /// What is not supported of it.
    pub(super) fn unsupported(&self, reach: &Reach) -> Vec<Error> {
        let (logical_id, kind) = (&self.logical_id, &self.kind);
        if !kind.is_known() {
            if reach.unknown_types == UnknownTypes::Skip || reach.way(kind.type_name()).is_some() {
                return Vec::new();
            }
            let (logical_id, kind) = (logical_id.clone(), kind.type_name().to_owned());
            return vec![match reach.setting(&kind) {
                Some(setting) => Error::Elsewhere { logical_id, kind, setting },
                None => {
                    let supported = Kind::ALL.iter().map(Kind::type_name).collect::<Vec<_>>().join(", ");
                    Error::UnsupportedType { logical_id, kind, supported }
                }
            }];
        }
        let unsupported = self
            .properties
            .keys()
            .filter(|property| !kind.is_open() && !kind.properties().contains(&property.as_str()));
        let unsupported = unsupported.map(|property| Error::UnsupportedProperty {
            logical_id: logical_id.clone(),
            kind: kind.type_name().to_owned(),
            property: property.clone(),
        });
        unsupported.collect()
    }
}

/// A file or folder that a template names where CloudFormation wants an object of S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// The resource that it belongs to.
    pub logical_id: String,
    /// As the template says it: relative to the template's own folder.
    pub path: String,
}

impl Template {
    /// The folders that the template names, as templates for `aws cloudformation package` do: `Code: ./folder`.
    pub fn folders(&self) -> Vec<Beside> {
        self.beside(Kind::package)
    }

    /// The documents that it names likewise: `BodyS3Location: ./api.yaml`.
    pub fn documents(&self) -> Vec<Beside> {
        self.beside(Kind::document)
    }

    fn beside(&self, property: fn(&Kind) -> Option<&'static str>) -> Vec<Beside> {
        let named = self.resources.iter().filter_map(|resource| {
            let path = resource.properties.get(property(&resource.kind)?)?.as_str()?.to_owned();
            Some(Beside { logical_id: resource.logical_id.clone(), path })
        });
        named.collect()
    }

    /// Puts a folder's archive, in base64, in its place.
    pub fn set_package(&mut self, logical_id: &str, archive: String) {
        self.set(logical_id, Kind::package, serde_json::json!({ PACKED: archive }));
    }

    /// Puts a document's text in its place.
    pub fn set_document(&mut self, logical_id: &str, text: String) {
        self.set(logical_id, Kind::document, serde_json::json!({ TEXT: text }));
    }

    fn set(&mut self, logical_id: &str, property: fn(&Kind) -> Option<&'static str>, value: Value) {
        let resource = self.resources.iter_mut().find(|resource| resource.logical_id == logical_id);
        if let Some(resource) = resource
            && let Some(property) = property(&resource.kind)
        {
            resource.properties.insert(property.to_owned(), value);
        }
    }
}

impl Template {
    /// Parses a YAML or JSON template, and checks its sections. Whether all types and properties are supported is looked at
    /// when conditions say what exists.
    ///
    /// # Errors
    /// [`Error::Syntax`], [`Error::Template`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_with(text, &Map::new(), &Included::new())
    }

    /// The same with values of its parameters, which loops may be about, and with the documents that it includes.
    ///
    /// # Errors
    /// The same.
    pub(super) fn parse_with(
        text: &str,
        given: &Map<String, Value>,
        included: &Included,
    ) -> Result<Self, Error> {
        let Value::Object(mut sections) = document::parse(text)? else {
            return Err(Error::at("/", "a template is an object with a Resources section"));
        };
        let has_includes = include::insert(&mut sections, included)?;
        let mut named = Vec::new();
        for (section, value) in &sections {
            match section.as_str() {
                "AWSTemplateFormatVersion"
                | "Description"
                | "Metadata"
                | "Parameters"
                | "Mappings"
                | "Rules"
                | "Conditions"
                | "Resources"
                | "Outputs"
                // The Serverless Application Model's.
                | "Globals" => {}
                "Transform" => named = transforms(value)?,
                other => {
                    let said = format!("Invalid template property or properties [{other}]");
                    return Err(Error::at(other, "no such section in a template").said(said));
                }
            }
        }
        let is_extended = named.iter().any(|name| name == LANGUAGE_EXTENSIONS);
        if is_extended {
            loops::unroll(&mut sections, given)?;
            extended::fill(&mut sections, given)?;
        }
        let is_serverless = named.iter().any(|name| name == sam::NAME);
        if is_serverless || is_extended {
            sections.shift_remove("Transform");
        }
        let mut processed = None;
        if is_serverless {
            sam::translate(&mut sections).map_err(|errors| match <[Error; 1]>::try_from(errors) {
                Ok([error]) => error,
                Err(errors) => Error::Several(errors),
            })?;
        }
        if is_serverless || is_extended || has_includes {
            processed = serde_json::to_string_pretty(&sections).ok();
        }
        let mut section = |name: &str| match sections.remove(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map),
            Some(_) => Err(Error::at(name, "expected an object")),
        };
        let mut bounded = |name: &str| {
            let entries = section(name)?;
            if ENTRIES_MAX < entries.len() {
                let problem = format!("expected at most {ENTRIES_MAX}, found {}", entries.len());
                return Err(Error::at(name, problem));
            }
            Ok(entries)
        };
        let (parameters, mappings, outputs) =
            (bounded("Parameters")?, bounded("Mappings")?, bounded("Outputs")?);
        let (declared, rules, conditions) =
            (section("Resources")?, section("Rules")?, section("Conditions")?);
        if declared.is_empty() || RESOURCES_MAX < declared.len() {
            let problem = format!("expected 1 to {RESOURCES_MAX} resources, found {}", declared.len());
            let error = Error::at("Resources", problem);
            return Err(match declared.is_empty() {
                true => error.said("Template format error: At least one Resources member must be defined."),
                false => error,
            });
        }
        let resources = declared.into_iter().map(|(id, value)| resource(id, value));
        let resources = resources.collect::<Result<Vec<_>, Error>>()?;
        let description = sections.remove("Description").and_then(|it| it.as_str().map(str::to_owned));
        let metadata = match sections.remove("Metadata") {
            Some(Value::Object(metadata)) => metadata,
            _ => Map::new(),
        };
        Ok(Self {
            text: text.to_owned(),
            description,
            metadata,
            has_macros: has_includes || named.iter().any(|name| name != LANGUAGE_EXTENSIONS),
            transforms: named,
            processed,
            included: included.iter().filter(|(key, _)| include::is_key(key)).map(owned).collect(),
            resources,
            parameters,
            mappings: Value::Object(mappings),
            rules,
            conditions,
            outputs: outputs.into_iter().map(output).collect::<Result<_, _>>()?,
        })
    }

    /// The template of a stack.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn of(settings: &Settings) -> Result<Self, Error> {
        Self::parse_with(&settings.template, &settings.parameters, &settings.resolved)
    }

    /// The template as macros have made it.
    pub(super) fn processed(&self) -> String {
        self.processed.as_ref().unwrap_or(&self.text).clone()
    }

    /// Names of the template's parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters.keys().map(String::as_str)
    }

    /// The logical ids and types of the resources, as declared.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.resources.iter().map(|r| (r.logical_id.as_str(), &r.kind))
    }
}

fn owned((key, text): (&String, &String)) -> (String, String) {
    (key.clone(), text.clone())
}

/// Refuses what is not supported, all of it at once.
pub(super) fn all_at_once(mut unsupported: Vec<Error>) -> Result<(), Error> {
    match unsupported.len() {
        0 => Ok(()),
        1 => Err(unsupported.remove(0)),
        _ => Err(Error::Several(unsupported)),
    }
}

/// Transforms that are done here.
const TRANSFORMS: &[&str] = &[sam::NAME, LANGUAGE_EXTENSIONS];
/// Whose functions need no macro here.
const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

/// The names of the transforms.
fn transforms(value: &Value) -> Result<Vec<String>, Error> {
    let given = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    match given.iter().find(|one| !one.as_str().is_some_and(|name| TRANSFORMS.contains(&name))) {
        None => Ok(given.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()),
        Some(other) => {
            let name = other.get("Name").unwrap_or(other);
            let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
            let problem = format!("the macro {name} is not run here: apply the template that it makes");
            Err(Error::at("Transform", problem))
        }
    }
}

fn output((name, value): (String, Value)) -> Result<(String, Output), Error> {
    let at = format!("Outputs/{name}");
    let Value::Object(mut members) = value else {
        return Err(Error::at(at, "expected an object with a Value"));
    };
    let value = members.remove("Value").ok_or_else(|| Error::at(&at, "Value is missing"))?;
    let export = match members.remove("Export") {
        None => None,
        Some(mut export) => match export.get_mut("Name") {
            Some(name) => Some(name.take()),
            None => return Err(Error::at(format!("{at}/Export"), "Name is missing")),
        },
    };
    let condition = condition(members.remove("Condition"), &at)?;
    let description = members.remove("Description").and_then(|it| it.as_str().map(str::to_owned));
    Ok((name, Output { value, description, condition, export }))
}

/// The name of a condition.
fn condition(value: Option<Value>, at: &str) -> Result<Option<String>, Error> {
    match value {
        None => Ok(None),
        Some(Value::String(name)) => Ok(Some(name)),
        Some(_) => Err(Error::at(format!("{at}/Condition"), "expected the name of a condition")),
    }
}

fn resource(logical_id: String, value: Value) -> Result<Declared, Error> {
    let location = format!("Resources/{logical_id}");
    if loops::is_loop(&logical_id) {
        let problem = format!("Fn::ForEach needs Transform: {LANGUAGE_EXTENSIONS}");
        return Err(Error::at(location, problem));
    }
    if logical_id.is_empty() || !logical_id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let said = format!("Template format error: Resource name {logical_id} is non alphanumeric.");
        return Err(Error::at(location, "a logical id is alphanumeric").said(said));
    }
    let Value::Object(mut value) = value else {
        return Err(Error::at(location, "a resource is an object with a Type"));
    };
    let kind = match value.remove("Type") {
        Some(Value::String(kind)) => Kind::parse(&kind).unwrap_or_else(|| Kind::unknown(&kind)),
        _ => {
            let said = format!(
                "Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
            );
            return Err(Error::at(location, "Type is missing").said(said));
        }
    };
    let properties = match value.remove("Properties") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(Error::at(format!("{location}/Properties"), "expected an object")),
    };
    let depends_on = match value.remove("DependsOn") {
        None => BTreeSet::new(),
        Some(Value::String(one)) => BTreeSet::from([one]),
        Some(Value::Array(many)) if many.iter().all(Value::is_string) => {
            many.into_iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
        }
        Some(_) => return Err(Error::at(format!("{location}/DependsOn"), "expected a list of logical ids")),
    };
    let retention = Retention {
        on_delete: policy(value.remove("DeletionPolicy"), &location, "DeletionPolicy")?,
        on_replace: policy(value.remove("UpdateReplacePolicy"), &location, "UpdateReplacePolicy")?,
    };
    let condition = condition(value.remove("Condition"), &location)?;
    let metadata = value.remove("Metadata");
    let creation_policy = value.remove("CreationPolicy");
    for attribute in value.keys() {
        match attribute.as_str() {
            // The policy is about groups of instances and the like; no supported resource has it.
            // Custom resources' own schemas have versions.
            "UpdatePolicy" | "Version" => {}
            other => {
                let said = format!("Invalid template resource property '{other}'");
                return Err(Error::at(format!("{location}/{other}"), "attribute is not supported").said(said));
            }
        }
    }
    Ok(Declared { logical_id, kind, properties, depends_on, condition, retention, metadata, creation_policy })
}

/// Whether a policy retains the resource. No resource has snapshots here, so `Snapshot` is refused, as on AWS for types
/// without them.
fn policy(value: Option<Value>, location: &str, name: &str) -> Result<bool, Error> {
    match value.as_ref().and_then(Value::as_str) {
        None | Some("Delete") => Ok(false),
        // "Except on create" describes how a failed creation is undone here anyway.
        Some("Retain" | "RetainExceptOnCreate") => Ok(true),
        Some(other) => Err(Error::at(format!("{location}/{name}"), format!("{other:?} is not supported"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(sections: &Value) -> Result<Template, String> {
        Template::parse(&sections.to_string()).map_err(|error| error.to_string())
    }

    fn with(mut sections: Value) -> Value {
        sections["Resources"] = json!({"A": {"Type": "AWS::StepFunctions::Activity"}});
        sections
    }

    #[test]
    fn sections_and_attributes_that_change_nothing_are_taken() {
        for sections in [
            json!({"Transform": "AWS::Serverless-2016-10-31", "Globals": {"Api": {"TracingEnabled": true}}}),
            json!({"Transform": ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]}),
            json!({"AWSTemplateFormatVersion": "2010-09-09", "Metadata": {"AWS::CloudFormation::Interface": {}}}),
            json!({"Parameters": null, "Conditions": {}, "Outputs": {}}),
        ] {
            assert!(parse(&with(sections)).is_ok());
        }
        let resource = json!({
            "Type": "AWS::StepFunctions::Activity", "Metadata": {"cfn_nag": {}}, "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Delete", "DependsOn": [], "UpdatePolicy": {}, "CreationPolicy": {}, "Version": 1,
        });
        assert!(parse(&json!({"Resources": {"A": resource}})).is_ok());
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for (sections, want) in [
            (json!({"Transform": "Custom"}), "Transform: the macro Custom is not run here"),
            (json!({"Transform": {"Name": "AWS::Include"}}), "Transform: Parameters.Location is missing"),
            (json!({"Resource": {}}), "Resource: no such section"),
            (json!({"Outputs": {"O": {}}}), "Outputs/O: Value is missing"),
            (json!({"Outputs": {"O": {"Value": 1, "Export": {}}}}), "Outputs/O/Export: Name is missing"),
        ] {
            let error = parse(&with(sections)).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
        let unknown =
            Template::parse(&json!({"Resources": {"A": {"Type": "AWS::Serverless::Api"}}}).to_string());
        let error = super::super::check(&unknown.unwrap()).unwrap_err().to_string();
        assert!(error.contains("resource type AWS::Serverless::Api is not supported"), "{error}");
        let error = parse(&json!({"Resources": {"Fn::ForEach::Workers": ["Name", ["a"], {}]}})).unwrap_err();
        assert!(error.contains("Fn::ForEach needs Transform: AWS::LanguageExtensions"), "{error}");
        let resource = json!({"Type": "AWS::StepFunctions::Activity", "DependsOn": [1]});
        let error = parse(&json!({"Resources": {"A": resource}})).unwrap_err();
        assert!(error.contains("expected a list of logical ids"), "{error}");
    }

    #[test]
    fn sections_have_as_many_entries_as_on_aws() {
        let entries = |n: usize, entry: Value| -> Value {
            (0..n).map(|i| (format!("E{i}"), entry.clone())).collect::<Map<_, _>>().into()
        };
        let activity = json!({"Type": "AWS::StepFunctions::Activity"});
        assert!(parse(&json!({"Resources": entries(500, activity.clone())})).is_ok());
        let error = parse(&json!({"Resources": entries(501, activity)})).unwrap_err();
        assert!(error.contains("expected 1 to 500 resources, found 501"), "{error}");
        for (section, entry) in [
            ("Parameters", json!({"Type": "String"})),
            ("Mappings", json!({"a": {"b": "c"}})),
            ("Outputs", json!({"Value": "x"})),
        ] {
            assert!(parse(&with(json!({section: entries(200, entry.clone())}))).is_ok(), "{section}");
            let error = parse(&with(json!({section: entries(201, entry)}))).unwrap_err();
            assert!(error.contains("expected at most 200, found 201"), "{error}");
        }
    }
}
