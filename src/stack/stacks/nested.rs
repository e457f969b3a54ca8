//! Nested stacks: a stack that is a resource of another is worked on while that one is.
//!
//! Each is a stack of its own, with its own work written down. Its name follows from the step that makes it, so that a
//! step that was interrupted finds what it had begun.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use super::Stacks;
use super::begin::{Draft, Ended, Given, Prepared, Refusal};
use super::one::NotMade;
use super::run::Run;
use crate::id::AccountRegion;
use crate::stack::error::Error;
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Naming, Properties, Updated};
use crate::stack::model::{Head, Made, OnFailure, Phase, Progress, Settings, Verb, Work};
use crate::stack::objects::NESTED_TEMPLATE;
use crate::stack::operations::OperationError;
use crate::stack::record;
use crate::stack::status::Status;

/// How deep stacks may be nested: a template can name itself, and each is worked on within the one around it.
const DEPTH_MAX: usize = 5;
/// The longest name of a stack.
const NAME_MAX: usize = 128;

type Driven<'a> = Pin<Box<dyn Future<Output = Result<Ended, Error>> + Send + 'a>>;

impl Stacks {
    /// Does what is to be done to a nested stack, whose parent has the turn.
    fn drive_nested<'a>(&'a self, home: &'a AccountRegion, id: &'a str) -> Driven<'a> {
        Box::pin(self.drive(home, id, None))
    }
}

impl From<Refusal> for NotMade {
    fn from(refusal: Refusal) -> Self {
        let message = match refusal {
            Refusal::Invalid(message)
            | Refusal::Exists(message)
            | Refusal::Capabilities(message)
            | Refusal::NoChangeSet(message)
            | Refusal::ChangeSetStatus(message)
            | Refusal::Limit(message) => message,
            Refusal::Internal(error) => return Self::Store(error),
        };
        Self::Refused(OperationError::said(message), None)
    }
}

impl Run<'_> {
    pub(super) async fn create_nested(
        &self,
        naming: &Naming<'_>,
        properties: &Properties,
    ) -> Result<Attributes, NotMade> {
        let (stacks, home) = (self.stacks, self.home);
        let name = naming.generated(NAME_MAX);
        // Where it had to be cut, it begins anywhere.
        let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).to_owned();
        let begun = record::find(&stacks.store, home, &name).await?;
        let begun = begun.filter(|begun| begun.parent.as_deref() == Some(self.head.id.as_str()));
        let id = match begun {
            Some(begun) => begun.id,
            None => self.begin_nested(&name, properties).await?,
        };
        let head = self.driven(&id).await?;
        match head.status {
            Status::CreateComplete => Ok(attributes(&head)),
            _ => {
                let reason = head.reason.as_deref().unwrap_or_default();
                let message = format!("Embedded stack {id} was not successfully created: {reason}");
                let left = Attributes { reference: id, ..Attributes::default() };
                Err(NotMade::Refused(OperationError::said(message), Some(left)))
            }
        }
    }

    /// Begins to make a nested stack; returns its id.
    async fn begin_nested(&self, name: &str, properties: &Properties) -> Result<String, NotMade> {
        let (stacks, home) = (self.stacks, self.home);
        self.check_depth().await?;
        stacks.check_room(home).await?;
        let mut head = stacks.new_head(home, name, Settings::default());
        let Prepared { settings, .. } = stacks.prepare(home, &head, None, self.draft(properties)?).await?;
        head.settings = settings.clone();
        head.parent = Some(self.head.id.clone());
        head.disables_rollback = self.head.disables_rollback;
        let id = head.id.clone();
        let work = Work {
            verb: Verb::Create,
            target: settings,
            before: Vec::new(),
            // The parent removes it, if that is wanted.
            on_failure: OnFailure::Nothing,
            retain: Vec::new(),
            policy: None,
            is_attended: false,
        };
        match stacks.start(home, None, head, work, Progress::default(), None).await? {
            true => Ok(id),
            false => Err(OperationError::said(format!("Stack [{name}] already exists")).into()),
        }
    }

    pub(super) async fn update_nested(&self, made: &Made, new: &Properties) -> Result<Updated, NotMade> {
        let (stacks, home) = (self.stacks, self.home);
        let id = &made.attributes.reference;
        let head = self.driven(id).await?;
        if matches!(head.status, Status::DeleteComplete) {
            return Err(OperationError::said(format!("Stack [{id}] does not exist")).into());
        }
        let old = (head.status != Status::ReviewInProgress).then_some(&head);
        let prepared = stacks.prepare(home, &head, old, self.draft(new)?).await?;
        // An update that was interrupted may have been carried out, or undone.
        let is_done = prepared.is_idle && head.status != Status::UpdateFailed;
        let head = match is_done {
            true => head,
            false => {
                let on_failure = match self.work.on_failure {
                    OnFailure::Nothing => OnFailure::Nothing,
                    OnFailure::Rollback | OnFailure::Delete => OnFailure::Rollback,
                };
                let head = stacks.updatable(home, id).await?;
                stacks.begin_update(home, head, prepared.settings, on_failure, None).await?;
                self.driven(id).await?
            }
        };
        match head.status {
            Status::UpdateComplete | Status::CreateComplete => Ok(Updated::InPlace(attributes(&head))),
            Status::UpdateRollbackComplete if is_done => Ok(Updated::InPlace(attributes(&head))),
            status => {
                let reason = head.reason.as_deref().unwrap_or_default();
                let message = format!(
                    "Embedded stack {id} was not successfully updated. Currently in {status} with reason: {reason}"
                );
                Err(OperationError::said(message).into())
            }
        }
    }

    pub(super) async fn delete_nested(&self, made: &Made) -> Result<(), NotMade> {
        let (stacks, home) = (self.stacks, self.home);
        let id = &made.attributes.reference;
        let Some(found) = record::find(&stacks.store, home, id).await? else { return Ok(()) };
        let is_being_deleted = found.status == Status::DeleteInProgress;
        let mut head = self.driven(id).await?;
        if head.status != Status::DeleteComplete && !is_being_deleted {
            let status = head.status;
            let work = Work {
                verb: Verb::Delete,
                target: head.settings.clone(),
                before: Vec::new(),
                on_failure: OnFailure::Nothing,
                retain: Vec::new(),
                policy: None,
                is_attended: false,
            };
            let progress = Progress { phase: Phase::Delete, ..Progress::default() };
            if !stacks.start(home, Some(status), head, work, progress, None).await? {
                let message = format!("Stack [{id}] is being changed and cannot be deleted");
                return Err(OperationError::said(message).into());
            }
            head = self.driven(id).await?;
        }
        match head.status {
            Status::DeleteComplete => Ok(()),
            _ => {
                let reason = head.reason.as_deref().unwrap_or_default();
                let message = format!("Embedded stack {id} was not successfully deleted: {reason}");
                Err(OperationError::said(message).into())
            }
        }
    }

    /// The nested stack, when all that was begun is done.
    async fn driven(&self, id: &str) -> Result<Head, NotMade> {
        let (stacks, home) = (self.stacks, self.home);
        let gone = || OperationError::said(format!("Stack [{id}] does not exist"));
        let head = record::find(&stacks.store, home, id).await?.ok_or_else(gone)?;
        if !head.status.is_busy() {
            return Ok(head);
        }
        stacks.drive_nested(home, id).await?;
        Ok(record::find(&stacks.store, home, id).await?.ok_or_else(gone)?)
    }

    /// What the nested stack is to be made of.
    fn draft(&self, properties: &Properties) -> Result<Draft, OperationError> {
        let template = properties.get(NESTED_TEMPLATE).and_then(Value::as_str);
        let template = template.ok_or_else(|| OperationError::said("TemplateURL is missing"))?;
        let parameters = properties.get("Parameters").and_then(Value::as_object).into_iter().flatten();
        let parameters = parameters.map(|(key, value)| Given {
            key: key.clone(),
            value: Some(text(value)),
            is_previous: false,
        });
        let parent = &self.work.target;
        let mut tags = parent.tags.clone();
        for tag in properties.get("Tags").and_then(Value::as_array).into_iter().flatten() {
            let member = |name: &str| tag.get(name).map(text).unwrap_or_default();
            tags.insert(member("Key"), member("Value"));
        }
        let topics = properties.get("NotificationARNs").and_then(Value::as_array);
        Ok(Draft {
            template: Some(template.to_owned()),
            parameters: parameters.collect(),
            tags: Some(tags),
            capabilities: self.capabilities(),
            role: parent.role.clone(),
            actor: parent.actor.clone(),
            notifications: Some(topics.into_iter().flatten().map(text).collect()),
            timeout_min: None,
            rollback: None,
            is_change_set: false,
        })
    }

    /// What the parent's template may do. Nobody is asked where the account applies one.
    fn capabilities(&self) -> Vec<String> {
        match self.work.is_attended {
            true => ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"].map(str::to_owned).to_vec(),
            false => self.work.target.capabilities.clone(),
        }
    }

    /// Refuses a stack that would be nested too deep.
    async fn check_depth(&self) -> Result<(), NotMade> {
        let mut parent = self.head.parent.clone();
        let mut depth = 1;
        while let Some(id) = parent {
            depth += 1;
            if DEPTH_MAX < depth {
                let message = format!("stacks are nested more than {DEPTH_MAX} deep");
                return Err(OperationError::said(message).into());
            }
            parent = record::find(&self.stacks.store, self.home, &id).await?.and_then(|head| head.parent);
        }
        Ok(())
    }
}

/// What a nested stack answers to `Ref` and `Fn::GetAtt`.
fn attributes(head: &Head) -> Attributes {
    let outputs = head.outputs.iter().map(|output| (format!("Outputs.{}", output.key), output.value.clone()));
    Attributes { reference: head.id.clone(), attributes: outputs.collect() }
}

/// A parameter's value: lists as they are given on the command line.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
