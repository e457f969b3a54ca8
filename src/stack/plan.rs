//! Plans what applying a template will do, as far as that is known before anything changes. `stepgate validate` and
//! `stepgate apply` both use this, so that neither refuses what the other accepts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::condition;
use super::creation_policy::Awaited;
use super::elsewhere::Reach;
use super::error::Error;
use super::intrinsic::Attributes;
use super::kind::Properties;
use super::order;
use super::scope::{Names, Scope, Tally};
use super::template::{Declared, Output, Template, all_at_once};

/// A template with decided conditions and ordered resources.
pub(super) struct Plan<'a> {
    template: &'a Template,
    pub(super) scope: Scope<'a>,
    /// The resources that exist, in the order of creation.
    pub(super) ordered: Vec<&'a Declared>,
}

/// Everything as it will be, except the ids of resources.
pub(super) struct Rehearsal<'a> {
    pub(super) resources: Vec<Rehearsed<'a>>,
    /// Errors in what may not exist, because that is undecided.
    pub(super) doubts: Vec<Error>,
}

/// A resource as it will be.
pub(super) struct Rehearsed<'a> {
    pub(super) resource: &'a Declared,
    pub(super) properties: Properties,
    /// Whether it certainly exists.
    pub(super) is_sure: bool,
    /// The names of properties that depend on values known only at deployment.
    pub(super) guessed: BTreeSet<String>,
}

/// The template's outputs, and those that other stacks can import, by export name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outputs {
    pub(super) values: Map<String, Value>,
    pub(super) exports: BTreeMap<String, String>,
    /// The names under which outputs are exported, by the outputs' own.
    pub(super) export_names: BTreeMap<String, String>,
}

impl<'a> Plan<'a> {
    /// Plans `template` with these parameters; those in `guessed` are guesses.
    ///
    /// # Errors
    /// Whatever is wrong with the template independent of its resources, rules that are not satisfied, and what is not
    /// supported of the resources that exist.
    pub(super) fn new(
        template: &'a Template,
        reach: &Reach,
        parameters: Map<String, Value>,
        guessed: BTreeSet<String>,
        exports: Option<BTreeMap<String, String>>,
    ) -> Result<Self, Error> {
        let (mappings, conditions) = (&template.mappings, BTreeMap::new());
        let mut scope = Scope { parameters, guessed, mappings, conditions, exports };
        condition::assert_rules(&template.rules, &scope)?;
        scope.conditions = condition::decide(&template.conditions, &scope)?;
        refuse_unsupported(template, reach, &scope)?;
        let ordered = order::by_dependency(template, &scope)?;
        order::check_outputs(template, &scope, &ordered)?;
        Ok(Self { template, scope, ordered })
    }

    /// Resolves everything with placeholders for the resources.
    ///
    /// # Errors
    /// [`Error::Template`] for what would fail whatever the resources will be.
    pub(super) fn rehearse(&self) -> Result<Rehearsal<'a>, Error> {
        let resources: BTreeMap<String, Attributes> =
            self.ordered.iter().map(|r| (r.logical_id.clone(), r.kind.guess(&r.logical_id))).collect();
        let tally = Tally::of_rehearsal();
        let names = Names { scope: &self.scope, resources: &resources, tally: &tally };
        let (mut resources, mut doubts) = (Vec::with_capacity(self.ordered.len()), Vec::new());
        for resource in &self.ordered {
            let condition = resource.condition.as_deref();
            let is_sure = order::is_there(condition, &self.scope, &resource.location())? == Some(true);
            match rehearse(resource, &names) {
                Ok((properties, guessed)) => {
                    resources.push(Rehearsed { resource, properties, is_sure, guessed });
                }
                Err(doubt) if !is_sure => doubts.push(doubt),
                Err(error) => return Err(error),
            }
        }
        self.outputs_of(&names, &mut doubts)?;
        Ok(Rehearsal { resources, doubts })
    }

    /// The properties of `resource`, which may refer to `resources`.
    ///
    /// # Errors
    /// [`Error::Template`] for functions that fail.
    pub(super) fn properties(
        &self,
        resource: &Declared,
        resources: &BTreeMap<String, Attributes>,
        tally: &Tally,
    ) -> Result<Properties, Error> {
        let names = Names { scope: &self.scope, resources, tally };
        let at = format!("{}/Properties", resource.location());
        match names.resolve(&Value::Object(resource.properties.clone()), &at)? {
            Some(Value::Object(properties)) => Ok(properties),
            _ => Err(Error::at(at, "expected an object")),
        }
    }

    /// The signals that have to be heard before `resource` counts as made.
    ///
    /// # Errors
    /// [`Error::Template`] for functions that fail, and for what is no such policy.
    pub(super) fn awaited(
        &self,
        resource: &Declared,
        resources: &BTreeMap<String, Attributes>,
        tally: &Tally,
    ) -> Result<Option<Awaited>, Error> {
        let Some(policy) = &resource.creation_policy else { return Ok(None) };
        let names = Names { scope: &self.scope, resources, tally };
        let at = format!("{}/CreationPolicy", resource.location());
        let policy = names.resolve(policy, &at)?.unwrap_or_default();
        Awaited::of(&policy).map_err(|problem| Error::at(at, problem))
    }

    /// The outputs, which may refer to `resources`.
    ///
    /// # Errors
    /// [`Error::Template`] for functions that fail.
    pub(super) fn outputs(
        &self,
        resources: &BTreeMap<String, Attributes>,
        tally: &Tally,
    ) -> Result<Outputs, Error> {
        self.outputs_of(&Names { scope: &self.scope, resources, tally }, &mut Vec::new())
    }

    fn outputs_of(&self, names: &Names<'_>, doubts: &mut Vec<Error>) -> Result<Outputs, Error> {
        let mut outputs = Outputs::default();
        for (name, output) in &self.template.outputs {
            let at = format!("Outputs/{name}");
            match order::is_there(output.condition.as_deref(), &self.scope, &at)? {
                Some(true) => outputs.add(name, output, names, &at)?,
                Some(false) => {}
                None => doubts.extend(outputs.add(name, output, names, &at).err()),
            }
        }
        Ok(outputs)
    }
}

/// Refuses what is not supported of what exists under the conditions, all of it at once.
fn refuse_unsupported(template: &Template, reach: &Reach, scope: &Scope<'_>) -> Result<(), Error> {
    let mut unsupported = Vec::new();
    for resource in &template.resources {
        if order::is_there(resource.condition.as_deref(), scope, &resource.location())? != Some(false) {
            unsupported.extend(resource.unsupported(reach));
        }
    }
    all_at_once(unsupported)
}

/// The properties of `resource`, and which of them depend on guesses.
fn rehearse(resource: &Declared, names: &Names<'_>) -> Result<(Properties, BTreeSet<String>), Error> {
    let (mut properties, mut guessed) = (Properties::new(), BTreeSet::new());
    for (name, value) in &resource.properties {
        let mark = names.tally.mark();
        let at = format!("{}/Properties/{name}", resource.location());
        if let Some(value) = names.resolve(value, &at)? {
            properties.insert(name.clone(), value);
        }
        if names.tally.guessed_since(mark) {
            guessed.insert(name.clone());
        }
    }
    Ok((properties, guessed))
}

impl Outputs {
    fn add(&mut self, name: &str, output: &Output, names: &Names<'_>, at: &str) -> Result<(), Error> {
        let Some(value) = names.resolve(&output.value, at)? else { return Ok(()) };
        if let Some(export) = &output.export {
            let at = format!("{at}/Export/Name");
            let under = names.resolve(export, &at)?;
            let Some(under) = under.as_ref().and_then(Value::as_str).filter(|name| !name.is_empty()) else {
                return Err(Error::at(at, "expected a name"));
            };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.export_names.insert(name.to_owned(), under.to_owned());
            // Two guesses may be equal although the real values aren't.
            let is_taken = self.exports.insert(under.to_owned(), text).is_some();
            if is_taken && names.scope.guessed.is_empty() {
                return Err(Error::at(at, format!("two outputs are exported as {under}")));
            }
        }
        self.values.insert(name.to_owned(), value);
        Ok(())
    }
}
