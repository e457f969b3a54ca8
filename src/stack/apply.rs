//! Applies templates: creates, updates, replaces or deletes what differs from the stack's record.
//!
//! The record is written after every step, so that after a crash no resource is unknown to its stack. If a step fails,
//! the earlier steps are undone in reverse order, and the stack is as it was before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::error::Error;
use super::intrinsic::Attributes;
use super::kind::{Kind, Naming, Properties, ServedStage, Updated};
use super::lint;
use super::objects::{self, Objects};
use super::operations::{OperationError, Operations};
use super::parameter;
use super::plan::{Outputs, Plan};
use super::record::{self, Made};
use super::scope::Tally;
use super::template::{Declared, Template};
use crate::clock::Ids;
use crate::id::AccountRegion;
use crate::store::{self, SealedColumn, Store};

/// The stacks of one account and region.
pub struct Stacks {
    store: Store,
    operations: Arc<dyn Operations>,
    objects: Arc<dyn Objects>,
    ids: Arc<dyn Ids>,
    home: AccountRegion,
    ssm_parameters: BTreeMap<String, String>,
    // One template at a time: two that share resources would undo each other's changes.
    turn: Mutex<()>,
}

/// The result of applying a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// All resources of the template and all deleted ones, in the order in which they were processed.
    pub changes: Vec<Change>,
    /// The template's outputs, resolved.
    pub outputs: Map<String, Value>,
    /// Content that is accepted as on AWS but won't work: mapping templates that don't parse.
    pub warnings: Vec<String>,
}

/// The change of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The name in the template.
    pub logical_id: String,
    /// The type.
    pub kind: Kind,
    /// What happened to the resource.
    pub action: Action,
    /// The value of `Ref`: an id, a name or an ARN.
    pub physical_id: String,
}

/// What can happen to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was made.
    Created,
    /// It was updated in place.
    Updated,
    /// A new resource replaced it.
    Replaced,
    /// It was already as the template requires.
    Unchanged,
    /// The template no longer contains it, so it was deleted.
    Deleted,
    /// The template no longer contains it but had asked to retain it: it stays, and belongs to no stack.
    Retained,
}

impl Action {
    /// The word in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Replaced => "replaced",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Retained => "retained",
        }
    }
}

/// How to undo a step.
enum Undo {
    /// Delete what was created. If it is a deployment that was created for a stage, the stage's previous state is
    /// included.
    Delete(Made, Option<ServedStage>),
    Restore {
        before: Made,
        after: Properties,
    },
}

impl Stacks {
    /// The columns that are encrypted.
    pub const SEALED: &[&SealedColumn] = &[&record::RESOURCES];

    /// Only creates or upgrades the room's tables.
    ///
    /// # Errors
    /// If the store can't be written, or was written by a newer version.
    pub fn migrate(store: &Store) -> Result<(), Error> {
        Ok(record::migrate(store)?)
    }

    /// Opens the stacks, and creates or upgrades their tables. `ssm_parameters` are the Systems Manager parameters for
    /// templates, by name.
    ///
    /// # Errors
    /// If the store can't be written, or was written by a newer version.
    pub fn open(
        store: Store,
        operations: Arc<dyn Operations>,
        objects: Arc<dyn Objects>,
        ids: Arc<dyn Ids>,
        home: AccountRegion,
        ssm_parameters: BTreeMap<String, String>,
    ) -> Result<Self, store::Error> {
        record::migrate(&store)?;
        Ok(Self { store, operations, objects, ids, home, ssm_parameters, turn: Mutex::new(()) })
    }

    /// Whether no stack was ever applied.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        Ok(!record::any(&self.store).await?)
    }

    /// Makes the stack `name` match `template`, with `parameters` overriding the template's defaults.
    ///
    /// # Errors
    /// Any [`Error`]; the stack is then as it was before.
    pub async fn apply(
        &self,
        name: &str,
        template: &Template,
        parameters: &Map<String, Value>,
    ) -> Result<Applied, Error> {
        let _turn = self.turn.lock().await;
        let old = record::load(&self.store, &self.home, name).await?.unwrap_or_default();
        let plan = self.plan(name, template, parameters).await?;
        // Everything that can be checked in advance is checked before anything changes.
        plan.rehearse()?;
        let mut run = Run {
            stacks: self,
            name,
            made: old.clone(),
            resources: BTreeMap::new(),
            redeploy: BTreeSet::new(),
            replaced: Vec::new(),
            undo: Vec::new(),
            changes: Vec::new(),
            warnings: Vec::new(),
        };
        match run.make(&plan).await {
            Ok(outputs) => {
                run.remove_leftovers(&plan.ordered).await?;
                record::save_exports(&self.store, &self.home, name, outputs.exports).await?;
                Ok(Applied { changes: run.changes, outputs: outputs.values, warnings: run.warnings })
            }
            Err(error) => {
                run.undo().await?;
                Err(error)
            }
        }
    }

    /// The stack's current state with the template's outputs; `None` if there is no such stack, or if the template has
    /// resources that the stack doesn't. Changes nothing.
    ///
    /// # Errors
    /// If the store can't be read, or an output can't be resolved.
    pub async fn describe(
        &self,
        name: &str,
        template: &Template,
        parameters: &Map<String, Value>,
    ) -> Result<Option<Applied>, Error> {
        let Some(made) = record::load(&self.store, &self.home, name).await? else { return Ok(None) };
        let has = |r: &Declared| made.iter().any(|m| m.logical_id == r.logical_id);
        if !template.resources.iter().all(has) {
            return Ok(None);
        }
        let plan = self.plan(name, template, parameters).await?;
        let changes = made.iter().map(|m| Change {
            logical_id: m.logical_id.clone(),
            kind: m.kind,
            action: Action::Unchanged,
            physical_id: m.attributes.reference.clone(),
        });
        let changes = changes.collect();
        let resources = made.into_iter().map(|m| (m.logical_id, m.attributes)).collect();
        let outputs = plan.outputs(&resources, &Tally::new())?.values;
        Ok(Some(Applied { changes, outputs, warnings: Vec::new() }))
    }

    async fn plan<'a>(
        &self,
        name: &str,
        template: &'a Template,
        given: &Map<String, Value>,
    ) -> Result<Plan<'a>, Error> {
        let pseudo = parameter::pseudo(&self.home, name);
        let values = parameter::values(&template.parameters, given, &self.ssm_parameters, pseudo)?;
        let exports = record::exports(&self.store, &self.home).await?;
        Plan::new(template, values, BTreeSet::new(), Some(exports))
    }
}

/// One template being applied.
struct Run<'a> {
    stacks: &'a Stacks,
    name: &'a str,
    made: Vec<Made>,
    resources: BTreeMap<String, Attributes>,
    /// APIs of which a part has changed: their deployments are replaced.
    redeploy: BTreeSet<String>,
    replaced: Vec<Made>,
    undo: Vec<Undo>,
    changes: Vec<Change>,
    warnings: Vec<String>,
}

impl Run<'_> {
    /// Makes every resource match the plan, and resolves the outputs.
    async fn make(&mut self, plan: &Plan<'_>) -> Result<Outputs, Error> {
        let tally = Tally::new();
        for resource in &plan.ordered {
            let mut properties = plan.properties(resource, &self.resources, &tally)?;
            let at = resource.location();
            objects::fetch(&*self.stacks.objects, resource.kind, &mut properties, &at).await?;
            self.step(resource, properties).await?;
        }
        let outputs = plan.outputs(&self.resources, &tally)?;
        let Stacks { store, home, .. } = self.stacks;
        record::check_exports(store, home, self.name, &outputs.exports).await?;
        Ok(outputs)
    }

    async fn step(&mut self, resource: &Declared, properties: Properties) -> Result<(), Error> {
        let kind = resource.kind;
        let refused = |refusal| Error::Operation { logical_id: resource.logical_id.clone(), refusal };
        let old = self.made.iter().find(|made| made.logical_id == resource.logical_id).cloned();
        let old = match old {
            Some(old) if old.kind == kind => Some(old),
            // A different type with the same name is a different resource.
            Some(old) => {
                self.made.retain(|made| made.logical_id != resource.logical_id);
                self.replaced.push(old);
                None
            }
            None => None,
        };
        let (action, attributes) = match old {
            None => {
                let attributes = self.create(resource, &properties).await.map_err(refused)?;
                (Action::Created, attributes)
            }
            Some(old)
                if old.properties == properties
                    && !self.must_redeploy(kind, &properties)
                    && kind.knows_attributes(&old.attributes) =>
            {
                (Action::Unchanged, old.attributes)
            }
            Some(old) => {
                let operations = &*self.stacks.operations;
                let region = &self.stacks.home.region;
                let made =
                    kind.update(operations, region, &old.attributes, &old.properties, &properties).await;
                if made.is_err() {
                    // The update may have failed half way.
                    self.undo.push(Undo::Restore { before: old.clone(), after: properties.clone() });
                }
                match made.map_err(refused)? {
                    Updated::InPlace(attributes) => {
                        self.undo.push(Undo::Restore { before: old, after: properties.clone() });
                        (Action::Updated, attributes)
                    }
                    Updated::Replace => {
                        let attributes = self.create(resource, &properties).await.map_err(refused)?;
                        self.replaced.push(old);
                        (Action::Replaced, attributes)
                    }
                }
            }
        };
        self.warnings.extend(lint::warnings(&resource.logical_id, kind, &properties));
        if action == Action::Unchanged {
            // Policies about its future can change without a change of the resource.
            let mut made = self.made.iter_mut().filter(|made| made.logical_id == resource.logical_id);
            if let Some(made) = made.find(|made| made.retention != resource.retention) {
                made.retention = resource.retention;
                self.save().await?;
            }
        } else {
            if kind.is_deployed() {
                let api = match kind == Kind::RestApi {
                    true => Some(attributes.reference.clone()),
                    false => properties.get("RestApiId").and_then(Value::as_str).map(str::to_owned),
                };
                self.redeploy.extend(api);
            }
            let made = Made {
                logical_id: resource.logical_id.clone(),
                kind,
                properties,
                attributes: attributes.clone(),
                retention: resource.retention,
            };
            self.made.retain(|made| made.logical_id != resource.logical_id);
            self.made.push(made);
            self.save().await?;
        }
        self.changes.push(Change {
            logical_id: resource.logical_id.clone(),
            kind,
            action,
            physical_id: attributes.reference.clone(),
        });
        self.resources.insert(resource.logical_id.clone(), attributes);
        Ok(())
    }

    fn must_redeploy(&self, kind: Kind, properties: &Properties) -> bool {
        let api = properties.get("RestApiId").and_then(Value::as_str);
        kind == Kind::Deployment && api.is_some_and(|api| self.redeploy.contains(api))
    }

    async fn create(
        &mut self,
        resource: &Declared,
        properties: &Properties,
    ) -> Result<Attributes, OperationError> {
        let naming = Naming {
            region: &self.stacks.home.region,
            stack: self.name,
            logical_id: &resource.logical_id,
            suffix: self.stacks.ids.upper_alphanumeric(12),
        };
        let operations = &*self.stacks.operations;
        let stage =
            ServedStage::before(operations, &self.stacks.home.region, resource.kind, properties).await?;
        let attributes = resource.kind.create(operations, &naming, properties).await?;
        let made = Made {
            logical_id: resource.logical_id.clone(),
            kind: resource.kind,
            properties: properties.clone(),
            attributes: attributes.clone(),
            retention: resource.retention,
        };
        self.undo.push(Undo::Delete(made, stage));
        Ok(attributes)
    }

    /// Deletes replaced resources and those that the template no longer contains, dependants first.
    async fn remove_leftovers(&mut self, wanted: &[&Declared]) -> Result<(), Error> {
        let is_wanted = |made: &Made| wanted.iter().any(|r| r.logical_id == made.logical_id);
        let gone: Vec<Made> = self.made.iter().filter(|made| !is_wanted(made)).cloned().collect();
        let gone = gone.iter().rev().map(|made| (made, made.retention.on_delete));
        let replaced = self.replaced.iter().rev().map(|made| (made, made.retention.on_replace));
        for (made, retained) in gone.chain(replaced) {
            // Publishing a version again returns the existing one, so the replacement may be the same version.
            let is_back = self.made.iter().any(|other| {
                other.logical_id == made.logical_id
                    && other.kind == made.kind
                    && made.kind == Kind::StateMachineVersion
                    && other.attributes.reference == made.attributes.reference
                    && is_wanted(other)
            });
            if !retained && !is_back {
                let deleted =
                    made.kind.delete(&*self.stacks.operations, &made.attributes, &made.properties).await;
                if let Err(source) = deleted {
                    // The stack already matches the template. A resource that can't be deleted is reported, not a
                    // reason to undo.
                    tracing::warn!(logical_id = made.logical_id, %source, "could not remove what is no longer needed");
                }
            }
            if is_wanted(made) {
                continue;
            }
            self.made.retain(|other| other.logical_id != made.logical_id);
            self.changes.push(Change {
                logical_id: made.logical_id.clone(),
                kind: made.kind,
                action: if retained { Action::Retained } else { Action::Deleted },
                physical_id: made.attributes.reference.clone(),
            });
        }
        self.save().await
    }

    async fn undo(&mut self) -> Result<(), Error> {
        let operations = &*self.stacks.operations;
        while let Some(undo) = self.undo.pop() {
            // If a step can't be undone, the record keeps the actual state, so that the next template changes that.
            let (logical_id, undone, restored, unrestored) = match undo {
                Undo::Delete(made, stage) => {
                    let undone = match &stage {
                        Some(stage) => stage.restore(operations, &made.attributes, &made.properties).await,
                        None => made.kind.delete(operations, &made.attributes, &made.properties).await,
                    };
                    let id = made.logical_id.clone();
                    let before = self.replaced.iter().find(|old| old.logical_id == id).cloned();
                    let unrestored = before.clone().unwrap_or(made);
                    (id, undone, before, unrestored)
                }
                Undo::Restore { before, after } => {
                    let Made { kind, attributes, properties, .. } = &before;
                    let region = &self.stacks.home.region;
                    let undone = kind.update(operations, region, attributes, &after, properties).await;
                    let undone = undone.map(|_| ());
                    let unrestored = Made { properties: after, ..before.clone() };
                    (before.logical_id.clone(), undone, Some(before), unrestored)
                }
            };
            self.made.retain(|made| made.logical_id != logical_id);
            match undone {
                Ok(()) => self.made.extend(restored),
                Err(source) => {
                    tracing::error!(logical_id, %source, "could not undo a step of a failed template");
                    self.made.push(unrestored);
                }
            }
        }
        self.save().await
    }

    async fn save(&self) -> Result<(), Error> {
        record::save(&self.stacks.store, &self.stacks.home, self.name, &self.made).await
    }
}
