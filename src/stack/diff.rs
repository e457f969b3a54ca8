//! What would become of a stack's resources: what change sets show, and whether an update has anything to do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::elsewhere;
use super::error::Error;
use super::intrinsic::{self, Attributes};
use super::kind::{Kind, MadeBy, Properties};
use super::model::{Made, Settings};
use super::objects::{self, Objects};
use super::plan::Plan;
use super::scope::Tally;
use super::tags::tag;
use super::template::{Declared, Template};

/// What is compared.
pub(super) struct Sides<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) made: &'a [Made],
    /// What the stack was made of.
    pub(super) old: Option<&'a Settings>,
    pub(super) new: &'a Settings,
    pub(super) objects: &'a dyn Objects,
}

/// What would become of one resource.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub(super) logical_id: String,
    pub(super) kind: Kind,
    pub(super) physical_id: Option<String>,
    pub(super) what: What,
}

/// What would be done to a resource.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// It is made.
    Add,
    /// It changes, or another takes its place. The flag says that the old one stays then.
    Modify(Vec<Detail>, Replacement, bool),
    /// It is deleted, or leaves the stack.
    Remove { is_retained: bool },
}

/// Whether another resource takes the place of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    True,
    False,
    Conditional,
}

/// A property that changes, or another part of a resource.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    /// `Properties`, `Tags` or `DeletionPolicy`.
    pub(super) part: &'static str,
    pub(super) property: Option<String>,
    pub(super) replaces: bool,
    /// What it changes with, if not by itself.
    pub(super) cause: Cause,
}

/// Why a property changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The template says something else.
    Template,
    /// A parameter has another value.
    Parameter(Option<String>),
    /// Another resource is another one or has other attributes.
    Resource(String),
    /// Part of what it is a snapshot of changes.
    Automatic,
}

/// What would become of a stack, in the order of the template; what is removed comes last.
///
/// # Errors
/// [`Error::Template`] for functions that fail.
pub(super) async fn differences(sides: &Sides<'_>) -> Result<Vec<Difference>, Error> {
    let tally = Tally::of_rehearsal();
    let old_template = sides.old.and_then(|old| Template::of(old).ok());
    let mut known: BTreeMap<String, Attributes> = BTreeMap::new();
    // Resources that will be others, or have other attributes, than they are.
    let mut changing: BTreeSet<String> = BTreeSet::new();
    let mut redeploy: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for resource in &sides.plan.ordered {
        let (id, kind) = (&resource.logical_id, &resource.kind);
        let mut properties = sides.plan.properties(resource, &known, &tally)?;
        objects::fetch(sides.objects, kind, &mut properties, &resource.location()).await?;
        tag(kind, &mut properties, &sides.new.tags);
        let made = sides.made.iter().find(|made| made.logical_id == *id);
        let Some(made) = made.filter(|made| made.kind == *kind) else {
            known.insert(id.clone(), kind.guess(id));
            changing.insert(id.clone());
            if kind.is_deployed() {
                redeploy.extend(api_of(kind, &properties, &known[id]));
            }
            let add =
                Difference { logical_id: id.clone(), kind: kind.clone(), physical_id: None, what: What::Add };
            found.push(add);
            continue;
        };
        let before =
            old_template.as_ref().and_then(|old| old.resources.iter().find(|old| old.logical_id == *id));
        let mut details = details(resource, before, made, &properties, &changing);
        if made.retention != resource.retention {
            let cause = Cause::Template;
            details.push(Detail { part: "DeletionPolicy", property: None, replaces: false, cause });
        }
        let redeploys = *kind == Kind::Deployment
            && properties.get("RestApiId").and_then(Value::as_str).is_some_and(|api| redeploy.contains(api));
        if redeploys && details.is_empty() {
            details.push(Detail {
                part: "Properties",
                property: None,
                replaces: true,
                cause: Cause::Automatic,
            });
        }
        if details.is_empty() {
            known.insert(id.clone(), made.attributes.clone());
            continue;
        }
        let replaces = details.iter().any(|detail| detail.replaces);
        let is_certain =
            details.iter().any(|detail| detail.replaces && !matches!(detail.cause, Cause::Resource(_)));
        let replacement = match (replaces, is_certain) {
            (false, _) => Replacement::False,
            (true, true) => Replacement::True,
            (true, false) => Replacement::Conditional,
        };
        if kind.is_deployed() && details.iter().any(|detail| detail.part != "DeletionPolicy") {
            redeploy.extend(api_of(kind, &properties, &made.attributes));
        }
        let attributes = if replaces {
            changing.insert(id.clone());
            kind.guess(id)
        } else {
            let mut attributes = made.attributes.clone();
            // Who makes them knows what they will answer.
            if matches!(kind.made_by(), MadeBy::Function | MadeBy::Stacks) {
                attributes.attributes = kind.guess(id).attributes;
                changing.insert(id.clone());
            }
            // Every change of a state machine is another revision.
            if *kind == Kind::StateMachine {
                let guess = kind.guess(id).attributes.remove("StateMachineRevisionId");
                attributes.attributes.extend(guess.map(|it| ("StateMachineRevisionId".to_owned(), it)));
                changing.insert(id.clone());
            }
            attributes
        };
        known.insert(id.clone(), attributes);
        found.push(Difference {
            logical_id: id.clone(),
            kind: kind.clone(),
            physical_id: Some(made.attributes.reference.clone()),
            what: What::Modify(details, replacement, made.retention.on_replace),
        });
    }
    for made in sides.made.iter().rev() {
        let stays = |r: &&&Declared| r.logical_id == made.logical_id && r.kind == made.kind;
        if sides.plan.ordered.iter().find(stays).is_none() {
            found.push(Difference {
                logical_id: made.logical_id.clone(),
                kind: made.kind.clone(),
                physical_id: Some(made.attributes.reference.clone()),
                what: What::Remove { is_retained: made.retention.on_delete },
            });
        }
    }
    Ok(found)
}

fn api_of(kind: &Kind, properties: &Properties, attributes: &Attributes) -> Option<String> {
    match *kind == Kind::RestApi {
        true => Some(attributes.reference.clone()),
        false => properties.get("RestApiId").and_then(Value::as_str).map(str::to_owned),
    }
}

/// The properties that change, with why.
fn details(
    resource: &Declared,
    before: Option<&Declared>,
    made: &Made,
    properties: &Properties,
    changing: &BTreeSet<String>,
) -> Vec<Detail> {
    let mut names: Vec<&String> = made.properties.keys().chain(properties.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let changed = names.into_iter().filter(|name| made.properties.get(*name) != properties.get(*name));
    let details = changed.map(|name| {
        let mut one = made.properties.clone();
        match properties.get(name) {
            Some(value) => one.insert(name.clone(), value.clone()),
            None => one.shift_remove(name),
        };
        let replaces = elsewhere::replaces(&resource.kind, &made.properties, &one);
        let written = resource.properties.get(name);
        let was_written = before.and_then(|before| before.properties.get(name));
        let names = written.map(names_in).unwrap_or_default();
        let cause = match names.iter().find(|name| changing.contains(*name)) {
            _ if before.is_some() && written != was_written => Cause::Template,
            Some(other) => Cause::Resource(other.clone()),
            None => Cause::Parameter(names.into_iter().next()),
        };
        let part = if name == "Tags" { "Tags" } else { "Properties" };
        Detail { part, property: (part == "Properties").then(|| name.clone()), replaces, cause }
    });
    details.collect()
}

/// The names to which a value refers.
fn names_in(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(names_in).collect(),
        Value::Object(map) => match intrinsic::call(map) {
            Some(("Ref", Value::String(name))) => vec![name.clone()],
            Some(("Fn::GetAtt", Value::String(text))) => text.split('.').take(1).map(str::to_owned).collect(),
            Some(("Fn::GetAtt", Value::Array(parts))) => {
                parts.first().and_then(Value::as_str).map(str::to_owned).into_iter().collect()
            }
            Some(("Fn::Sub", argument)) => {
                let text = argument.as_str().or_else(|| argument.get(0)?.as_str()).unwrap_or_default();
                let names = intrinsic::sub_names(text);
                let names = names.filter_map(|name| name.split('.').next().map(str::to_owned));
                names.chain(argument.get(1).map(names_in).unwrap_or_default()).collect()
            }
            _ => map.values().flat_map(names_in).collect(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

impl Difference {
    /// As DescribeChangeSet shows it.
    pub(super) fn to_change(&self) -> Map<String, Value> {
        let mut change = Map::new();
        let (action, policy) = match &self.what {
            What::Add => ("Add", None),
            What::Modify(_, Replacement::False, _) => ("Modify", None),
            What::Modify(_, _, is_retained) => {
                ("Modify", Some(if *is_retained { "ReplaceAndRetain" } else { "ReplaceAndDelete" }))
            }
            What::Remove { is_retained } => ("Remove", Some(if *is_retained { "Retain" } else { "Delete" })),
        };
        change.extend(policy.map(|policy| ("PolicyAction".to_owned(), json!(policy))));
        change.insert("Action".to_owned(), json!(action));
        change.insert("LogicalResourceId".to_owned(), json!(self.logical_id));
        change.extend(self.physical_id.as_ref().map(|id| ("PhysicalResourceId".to_owned(), json!(id))));
        change.insert("ResourceType".to_owned(), json!(self.kind.type_name()));
        let mut scope: Vec<&str> = Vec::new();
        let mut shown = Vec::new();
        if let What::Modify(details, replacement, _) = &self.what {
            let replacement = match replacement {
                Replacement::True => "True",
                Replacement::False => "False",
                Replacement::Conditional => "Conditional",
            };
            change.insert("Replacement".to_owned(), json!(replacement));
            for detail in details {
                if !scope.contains(&detail.part) {
                    scope.push(detail.part);
                }
                shown.push(detail.to_json());
            }
        }
        change.insert("Scope".to_owned(), json!(scope));
        change.insert("Details".to_owned(), json!(shown));
        change
    }
}

impl Detail {
    fn to_json(&self) -> Value {
        let mut target = Map::from_iter([("Attribute".to_owned(), json!(self.part))]);
        target.extend(self.property.as_ref().map(|name| ("Name".to_owned(), json!(name))));
        let recreation = match (&self.cause, self.replaces) {
            (_, false) => "Never",
            (_, true) => "Always",
        };
        target.insert("RequiresRecreation".to_owned(), json!(recreation));
        let (evaluation, source, cause) = match &self.cause {
            Cause::Template => ("Static", "DirectModification", None),
            Cause::Parameter(Some(name)) => ("Static", "ParameterReference", Some(name)),
            Cause::Parameter(None) => ("Static", "DirectModification", None),
            Cause::Resource(name) => ("Dynamic", "ResourceReference", Some(name)),
            Cause::Automatic => ("Static", "Automatic", None),
        };
        let mut detail = json!({ "Target": target, "Evaluation": evaluation, "ChangeSource": source });
        if let Some(cause) = cause {
            detail["CausingEntity"] = json!(cause);
        }
        detail
    }
}
