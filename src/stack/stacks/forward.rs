//! Makes every resource match the template.

use serde_json::Value;

use super::Action;
use super::one::NotMade;
use super::run::{HALF_MADE, Run};
use crate::stack::elsewhere;
use crate::stack::error::Error;
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Interrupted, Kind, Naming, Properties, ServedStage, Updated};
use crate::stack::lint;
use crate::stack::model::{Begun, Made, OnFailure, OutputMade, Verb};
use crate::stack::objects;
use crate::stack::operations::OperationError;
use crate::stack::plan::Outputs;
use crate::stack::record;
use crate::stack::scope::Tally;
use crate::stack::stack_policy::{Deed, StackPolicy};
use crate::stack::status::Status;
use crate::stack::tags::tag;
use crate::stack::template::{Declared, Template};

/// Why a new resource is made for one that exists.
const REPLACEMENT: &str =
    "Requested update requires the creation of a new physical resource; hence creating one.";

/// The same of one that its own provider replaces.
const REPLACED: &str = "Requested update required the provider to create a new physical resource";
/// Why something that the template asks for isn't made.
const SKIPPED: &str = "Skipped: this server has no such resource type, and its settings say to go on without";

impl Run<'_> {
    /// Makes every resource match the template, and resolves the outputs.
    ///
    /// # Errors
    /// What can't be made.
    pub(super) async fn forward(&mut self) -> Result<(), Error> {
        let template = match self.template.take() {
            Some(template) => template,
            None => Template::of(&self.work.target)?,
        };
        let plan = self.stacks.plan(self.home, &self.head, &template, &self.work.target).await?;
        self.remember_redeployments();
        let tally = Tally::new();
        for resource in &plan.ordered {
            if self.stacks.is_cancelled(&self.head.id) {
                return Err(Error::at("Stack", "Update cancelled by user"));
            }
            let properties = plan.properties(resource, &self.resources, &tally);
            let properties = match properties {
                Ok(properties) => self.completed(resource, properties).await,
                Err(error) => Err(error),
            };
            let properties = match properties {
                Ok(properties) => properties,
                Err(error) => return Err(self.refused(resource, error).await?),
            };
            self.awaited = match plan.awaited(resource, &self.resources, &tally) {
                Ok(awaited) => awaited,
                Err(error) => return Err(self.refused(resource, error).await?),
            };
            self.step(resource, properties).await?;
        }
        let outputs = plan.outputs(&self.resources, &tally)?;
        self.check_exports(&outputs).await?;
        self.imports = tally.imports();
        self.exports = outputs.exports.clone();
        self.head.outputs = shown_outputs(&template, &outputs);
        self.outputs = outputs.values;
        // From here on the order is that in which resources can be deleted, backwards.
        let place = |made: &Made| plan.ordered.iter().position(|r| r.logical_id == made.logical_id);
        self.made.sort_by_key(|made| place(made).unwrap_or(usize::MAX));
        let wanted = |made: &Made| place(made).is_some();
        for made in self.made.iter().filter(|made| !wanted(made)) {
            self.policy_allows(Deed::Delete, &made.logical_id, &made.kind)
                .map_err(|problem| Error::at(format!("Resources/{}", made.logical_id), problem))?;
        }
        let mut gone: Vec<Made> = self.made.extract_if(.., |made| !wanted(made)).collect();
        gone.reverse();
        self.progress.garbage.reverse();
        self.progress.garbage.splice(0..0, gone);
        Ok(())
    }

    /// The properties with documents in place of their locations, and the stack's tags.
    async fn completed(&self, resource: &Declared, mut properties: Properties) -> Result<Properties, Error> {
        let at = resource.location();
        objects::fetch(&*self.stacks.objects, &resource.kind, &mut properties, &at).await?;
        tag(&resource.kind, &mut properties, &self.work.target.tags);
        Ok(properties)
    }

    /// Notes which APIs a run that was interrupted has changed already.
    fn remember_redeployments(&mut self) {
        for made in self.made.iter().filter(|made| made.kind.is_deployed()) {
            let before = self.work.before.iter().find(|before| before.logical_id == made.logical_id);
            let is_same = before.is_some_and(|before| {
                before.properties == made.properties && before.attributes == made.attributes
            });
            if !is_same {
                self.redeploy.extend(api_of(&made.kind, &made.properties, &made.attributes));
            }
        }
    }

    async fn step(&mut self, resource: &Declared, properties: Properties) -> Result<(), Error> {
        let kind = &resource.kind;
        let old = self.made.iter().find(|made| made.logical_id == resource.logical_id).cloned();
        let old = match old {
            Some(old) if old.kind == *kind => Some(old),
            // A different type with the same name is a different resource.
            Some(old) => {
                self.made.retain(|made| made.logical_id != resource.logical_id);
                self.progress.garbage.push(old);
                None
            }
            None => None,
        };
        self.warnings.extend(lint::warnings(&resource.logical_id, kind, &properties));
        if self.skips(kind) {
            let warning = format!("{}: {}: {SKIPPED}", resource.location(), kind.type_name());
            tracing::warn!("{warning}");
            self.warnings.push(warning);
        }
        if let Some(old) = &old {
            self.check_policy(resource, old, &properties).await?;
        }
        let (action, made) = match old {
            None => (Action::Created, self.make(resource, properties, None).await?),
            Some(old)
                if old.properties == properties
                    && !self.must_redeploy(&old, &properties)
                    && kind.knows_attributes(&old.attributes) =>
            {
                (Action::Unchanged, self.keep(resource, old).await?)
            }
            Some(old)
                if elsewhere::replaces(kind, &old.properties, &properties)
                    || self.must_redeploy(&old, &properties) =>
            {
                (Action::Replaced, self.make(resource, properties, Some(old)).await?)
            }
            Some(old) => self.update(resource, properties, old).await?,
        };
        if action != Action::Unchanged && kind.is_deployed() {
            self.redeploy.extend(api_of(kind, &made.properties, &made.attributes));
        }
        self.changed(&made, action);
        self.resources.insert(made.logical_id, made.attributes);
        Ok(())
    }

    /// Whether nothing is made of this type.
    fn skips(&self, kind: &Kind) -> bool {
        !kind.is_known() && self.stacks.reach.way(kind.type_name()).is_none()
    }

    /// Whether the stack policy allows what is to be done to a resource.
    async fn check_policy(
        &mut self,
        resource: &Declared,
        old: &Made,
        properties: &Properties,
    ) -> Result<(), Error> {
        let replaces = elsewhere::replaces(&resource.kind, &old.properties, properties);
        if old.properties == *properties {
            return Ok(());
        }
        let deed = if replaces { Deed::Replace } else { Deed::Modify };
        match self.policy_allows(deed, &resource.logical_id, &resource.kind) {
            Ok(()) => Ok(()),
            Err(problem) => Err(self.refused(resource, Error::at(resource.location(), problem)).await?),
        }
    }

    fn policy_allows(&self, deed: Deed, logical_id: &str, kind: &Kind) -> Result<(), String> {
        let text = self.work.policy.as_ref().or(self.head.policy.as_ref());
        let policy = text.and_then(|text| StackPolicy::parse(text).ok());
        let policy = policy.filter(|_| self.work.verb == Verb::Update);
        policy.map_or(Ok(()), |policy| policy.check(deed, logical_id, kind.type_name()))
    }

    /// A resource that is as it should be. Policies about its future can change without a change of it.
    async fn keep(&mut self, resource: &Declared, old: Made) -> Result<Made, Error> {
        let mut made = self.made.iter_mut().filter(|made| made.logical_id == resource.logical_id);
        if let Some(made) = made.find(|made| made.retention != resource.retention) {
            made.retention = resource.retention;
            self.commit(Vec::new(), None).await?;
        }
        Ok(old)
    }

    fn must_redeploy(&self, old: &Made, properties: &Properties) -> bool {
        let api = properties.get("RestApiId").and_then(Value::as_str);
        let before = self.work.before.iter().find(|before| before.logical_id == old.logical_id);
        // A run that was interrupted may have replaced it already.
        let is_new = before.is_none_or(|before| before.attributes != old.attributes);
        old.kind == Kind::Deployment && !is_new && api.is_some_and(|api| self.redeploy.contains(api))
    }

    async fn update(
        &mut self,
        resource: &Declared,
        properties: Properties,
        old: Made,
    ) -> Result<(Action, Made), Error> {
        let kind = &resource.kind;
        let names = (resource.logical_id.as_str(), kind.type_name(), old.attributes.reference.as_str());
        let event = self.event(names, Status::UpdateInProgress, None, Some(&properties));
        self.progress.step = Some(Begun {
            logical_id: resource.logical_id.clone(),
            suffix: String::new(),
            time: self.stacks.clock.now(),
            update: Some(properties.clone()),
        });
        self.commit(vec![event], None).await?;
        match self.update_one(&old, &properties).await {
            Ok(Updated::InPlace(attributes)) => {
                let made = self.put(resource, properties, attributes);
                let event = self.event_of(&made, Status::UpdateComplete, None);
                self.commit(vec![event], None).await?;
                Ok((Action::Updated, made))
            }
            Ok(Updated::Replaced(attributes)) => {
                let made = self.put(resource, properties, attributes);
                self.progress.garbage.push(old);
                let replaced = self.event_of(&made, Status::UpdateInProgress, Some(REPLACED.to_owned()));
                let event = self.event_of(&made, Status::UpdateComplete, None);
                self.commit(vec![replaced, event], None).await?;
                Ok((Action::Replaced, made))
            }
            Ok(Updated::Replace) => {
                let made = self.make(resource, properties, Some(old)).await?;
                Ok((Action::Replaced, made))
            }
            Err(NotMade::Store(error)) => Err(error),
            Err(NotMade::Refused(refusal, _)) => {
                let error = Error::Operation { logical_id: resource.logical_id.clone(), refusal };
                let (reason, names) = (error.reason(), names);
                let event = self.event(names, Status::UpdateFailed, Some(reason), Some(&properties));
                self.commit(vec![event], None).await?;
                Err(error)
            }
        }
    }

    /// Makes a resource, in the place of another one if there is one.
    async fn make(
        &mut self,
        resource: &Declared,
        properties: Properties,
        replaced: Option<Made>,
    ) -> Result<Made, Error> {
        let (begun, failed, complete) = match &replaced {
            None => (Status::CreateInProgress, Status::CreateFailed, Status::CreateComplete),
            Some(_) => (Status::UpdateInProgress, Status::UpdateFailed, Status::UpdateComplete),
        };
        let operations = self.operations.clone();
        let id = resource.logical_id.as_str();
        let kind = &resource.kind;
        let before = replaced.as_ref().map_or("", |old| old.attributes.reference.as_str());
        let names = (id, kind.type_name(), before);
        let resumed = self.progress.step.take().filter(|step| step.logical_id == id && step.update.is_none());
        let is_resumed = resumed.is_some();
        let step = match resumed {
            Some(step) => step,
            None => Begun {
                logical_id: id.to_owned(),
                suffix: self.stacks.ids.upper_alphanumeric(12),
                time: self.stacks.clock.now(),
                update: None,
            },
        };
        let (suffix, time) = (step.suffix.clone(), step.time);
        let result = async {
            let region = &self.home.region;
            let served = match self.progress.served.contains_key(id) {
                true => None,
                false => ServedStage::before(&*operations, region, kind, &properties).await?,
            };
            Ok::<_, OperationError>(served)
        };
        let served = result.await;
        let reason = replaced.is_some().then(|| REPLACEMENT.to_owned());
        let event = self.event(names, begun, reason, Some(&properties));
        self.progress.step = Some(step);
        if let Ok(Some(served)) = &served {
            self.progress.served.insert(id.to_owned(), served.to_map());
        }
        self.commit(vec![event], None).await?;
        let naming = Naming { home: self.home, stack: &self.head.name, logical_id: id, suffix, is_resumed };
        let removed = match is_resumed {
            true => {
                let known = self.made.iter().map(|made| made.attributes.reference.as_str());
                let known: Vec<&str> = known.collect();
                let step =
                    Interrupted { naming: &naming, properties: &properties, begun: time, known: &known };
                kind.remove_leftover(&*operations, &step).await
            }
            false => Ok(()),
        };
        let made = match served.and(removed) {
            Ok(()) => self.create_awaited(kind, &naming, &properties).await,
            Err(refused) => Err(refused.into()),
        };
        match made {
            Ok(attributes) => {
                let made = self.put(resource, properties, attributes);
                // Publishing a version again returns the existing one, so the replacement may be the same version.
                let is_other = |old: &Made| old.attributes.reference != made.attributes.reference;
                self.progress.garbage.extend(replaced.filter(is_other));
                let initiated = self.event_of(&made, begun, Some("Resource creation Initiated".to_owned()));
                let skipped = self.skips(kind).then(|| SKIPPED.to_owned());
                let complete = self.event_of(&made, complete, skipped);
                self.commit(vec![initiated, complete], None).await?;
                Ok(made)
            }
            Err(NotMade::Store(error)) => Err(error),
            Err(NotMade::Refused(refusal, left)) => {
                let error = Error::Operation { logical_id: id.to_owned(), refusal };
                self.progress.step = None;
                self.progress.served.remove(id);
                let physical_id = left.as_ref().map_or(before, |left| left.reference.as_str());
                let names = (id, kind.type_name(), physical_id);
                let event = self.event(names, failed, Some(error.reason()), Some(&properties));
                // What is there although it failed is removed with the rest, or changed by the next update.
                if let Some(left) = left {
                    let mut properties = properties;
                    if self.work.on_failure == OnFailure::Nothing {
                        properties.insert(HALF_MADE.to_owned(), Value::Bool(true));
                    }
                    self.progress.garbage.extend(replaced);
                    self.put(resource, properties, left);
                }
                self.commit(vec![event], None).await?;
                Err(error)
            }
        }
    }

    /// Puts what was made or changed at the end of what there is.
    fn put(&mut self, resource: &Declared, properties: Properties, attributes: Attributes) -> Made {
        let made = Made {
            logical_id: resource.logical_id.clone(),
            kind: resource.kind.clone(),
            properties,
            attributes,
            retention: resource.retention,
        };
        self.made.retain(|made| made.logical_id != resource.logical_id);
        self.made.push(made.clone());
        self.progress.step = None;
        made
    }

    /// A resource whose properties can't be resolved.
    async fn refused(&mut self, resource: &Declared, error: Error) -> Result<Error, Error> {
        if matches!(error, Error::Store(_)) {
            return Err(error);
        }
        let made = self.made.iter().find(|made| made.logical_id == resource.logical_id);
        let physical_id = made.map_or("", |made| made.attributes.reference.as_str());
        let status = if made.is_some() { Status::UpdateFailed } else { Status::CreateFailed };
        let names = (resource.logical_id.as_str(), resource.kind.type_name(), physical_id);
        let event = self.event(names, status, Some(error.to_string()), None);
        self.commit(vec![event], None).await?;
        Ok(error)
    }

    /// Whether the stack may export all that, and no longer export what it did.
    async fn check_exports(&self, outputs: &Outputs) -> Result<(), Error> {
        let (store, name) = (&self.stacks.store, &self.head.name);
        record::check_exports(store, self.home, name, &outputs.exports).await?;
        let own = record::exported(store, self.home).await?;
        for (export, importer) in record::imports(store, self.home, name).await? {
            let Some(old) = own.iter().find(|old| old.name == export && old.stack == *name) else { continue };
            let problem = match outputs.exports.get(&export) {
                None => "deleted",
                Some(value) if *value != old.value => "updated",
                Some(_) => continue,
            };
            let problem = format!("Export {export} cannot be {problem} as it is in use by {importer}");
            return Err(Error::at("Outputs", problem));
        }
        Ok(())
    }
}

/// The API that a resource is or is part of.
fn api_of(kind: &Kind, properties: &Properties, attributes: &Attributes) -> Option<String> {
    match *kind == Kind::RestApi {
        true => Some(attributes.reference.clone()),
        false => properties.get("RestApiId").and_then(Value::as_str).map(str::to_owned),
    }
}

fn shown_outputs(template: &Template, outputs: &Outputs) -> Vec<OutputMade> {
    let shown = template.outputs.iter().filter_map(|(key, output)| {
        let value = outputs.values.get(key)?;
        Some(OutputMade {
            key: key.clone(),
            value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            description: output.description.clone(),
            export: outputs.export_names.get(key).cloned(),
        })
    });
    shown.collect()
}
