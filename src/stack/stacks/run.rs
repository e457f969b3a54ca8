//! One piece of work on a stack: its phases one after the other, each step written down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::{Action, Change, Stacks};
use crate::clock::Timestamp;
use crate::id::AccountRegion;
use crate::stack::creation_policy::Awaited;
use crate::stack::error::Error;
use crate::stack::intrinsic::Attributes;
use crate::stack::model::{Event, Head, Made, OnFailure, Phase, Progress, STACK, Settings, Verb, Work};
use crate::stack::objects::NESTED_TEMPLATE;
use crate::stack::operations::{Actor, Operations};
use crate::stack::record::{self, Commit, End, Noted};
use crate::stack::status::Status;
use crate::stack::template::Template;

/// Stands among the properties of what failed and is there all the same: no template says it, so that an update changes it.
pub(super) const HALF_MADE: &str = "Stepgate::HalfMade";

/// One piece of work being done.
pub(super) struct Run<'a> {
    pub(super) stacks: &'a Stacks,
    pub(super) home: &'a AccountRegion,
    pub(super) operations: Arc<dyn Operations>,
    pub(super) head: Head,
    pub(super) work: Work,
    pub(super) progress: Progress,
    pub(super) made: Vec<Made>,
    /// The template, if whoever attends to the work has it.
    pub(super) template: Option<Template>,
    pub(super) resources: BTreeMap<String, Attributes>,
    /// APIs of which a part has changed: their deployments are replaced.
    pub(super) redeploy: BTreeSet<String>,
    pub(super) changes: Vec<Change>,
    pub(super) warnings: Vec<String>,
    pub(super) outputs: Map<String, Value>,
    pub(super) exports: BTreeMap<String, String>,
    pub(super) imports: BTreeSet<String>,
    pub(super) failure: Option<Error>,
    /// Values of parameters with `NoEcho`, which events don't show.
    pub(super) secrets: Vec<String>,
    /// What has to be heard of the resource that is being made.
    pub(super) awaited: Option<Awaited>,
    /// The request to a custom resource's function that the next step deals with.
    pub(super) answered: Mutex<Option<String>>,
}

impl Run<'_> {
    /// Does what is left to do.
    ///
    /// # Errors
    /// If the store can't be read or written; the work is then still to be done.
    pub(super) async fn finish(&mut self) -> Result<(), Error> {
        if self.work.is_attended && self.template.is_none() && self.progress.phase == Phase::Forward {
            // What it was made of was only in the request.
            self.failed(None, Error::at("Stack", "the server stopped before it was done")).await?;
        }
        loop {
            let is_done = match self.progress.phase {
                Phase::Forward => match self.forward().await {
                    Ok(()) => {
                        self.begin_cleanup().await?;
                        false
                    }
                    Err(error @ Error::Store(_)) => return Err(error),
                    Err(error) => self.failed(None, error).await?,
                },
                Phase::Cleanup => self.clean_up().await?,
                Phase::Undo => self.undo().await?,
                Phase::UndoCleanup => self.clean_up_undone().await?,
                Phase::Delete => self.delete().await?,
            };
            if is_done {
                return Ok(());
            }
        }
    }

    /// Decides what becomes of a stack that can't be made as asked; true if nothing. `resource` is what failed, if it
    /// was one.
    async fn failed(&mut self, resource: Option<&str>, error: Error) -> Result<bool, Error> {
        let failed = resource.map(str::to_owned).or_else(|| error.logical_id().map(str::to_owned));
        let verb = if self.work.verb == Verb::Create { "create" } else { "update" };
        let reason = match failed {
            Some(id) => format!("The following resource(s) failed to {verb}: [{id}]. "),
            None => error.to_string(),
        };
        self.failure = Some(error);
        self.progress.failure = Some(reason.clone());
        let (phase, status, reason) = match (self.work.verb, self.work.on_failure) {
            (Verb::Create, OnFailure::Rollback) => (
                Some(Phase::UndoCleanup),
                Status::RollbackInProgress,
                format!("{reason}. Rollback requested by user.").replace(". .", "."),
            ),
            (Verb::Create, OnFailure::Delete) => (
                Some(Phase::Delete),
                Status::DeleteInProgress,
                format!("{reason}. Delete requested by user.").replace(". .", "."),
            ),
            (Verb::Create, OnFailure::Nothing) => (None, Status::CreateFailed, reason),
            (Verb::Update | Verb::Delete, OnFailure::Nothing) => (None, Status::UpdateFailed, reason),
            (Verb::Update | Verb::Delete, _) => (Some(Phase::Undo), Status::UpdateRollbackInProgress, reason),
        };
        let Some(phase) = phase else {
            self.head.settings = self.work.target.clone();
            // What a failed step may have changed is not known: the next update changes all of it.
            self.progress.step = None;
            self.end(status, Some(reason), End::Failed).await?;
            return Ok(true);
        };
        self.progress.phase = phase;
        if phase == Phase::UndoCleanup {
            self.throw_away_made();
        }
        self.status(status, Some(reason)).await?;
        Ok(false)
    }

    /// The stack gets another status.
    pub(super) async fn status(&mut self, status: Status, reason: Option<String>) -> Result<(), Error> {
        self.head.status = status;
        self.head.reason.clone_from(&reason);
        let event = self.of_stack(status, reason);
        self.commit(vec![event], None).await
    }

    /// The work is over.
    pub(super) async fn end(
        &mut self,
        status: Status,
        reason: Option<String>,
        end: End,
    ) -> Result<(), Error> {
        let now = self.stacks.clock.now();
        self.head.status = status;
        self.head.reason.clone_from(&reason);
        if status == Status::DeleteComplete {
            self.head.deleted = Some(now);
        }
        let event = self.of_stack(status, reason);
        self.commit(vec![event], Some(end)).await
    }

    /// An event of a resource, which it shows as its state.
    pub(super) fn event(
        &self,
        made: (&str, &str, &str),
        status: Status,
        reason: Option<String>,
        properties: Option<&Map<String, Value>>,
    ) -> Noted {
        let (logical_id, kind, physical_id) = made;
        let time = self.stacks.clock.now();
        let masked = |properties: &Map<String, Value>| {
            let mut shown = Value::Object(shown(properties));
            let made = self.made.iter().flat_map(|made| made.attributes.secrets());
            let secrets: Vec<&str> = self.secrets.iter().map(String::as_str).chain(made).collect();
            mask(&mut shown, &secrets);
            shown.as_object().cloned().unwrap_or_default()
        };
        Noted {
            is_shown: true,
            event: Event {
                id: format!("{logical_id}-{status}-{}", time.to_iso8601()),
                logical_id: logical_id.to_owned(),
                physical_id: physical_id.to_owned(),
                kind: kind.to_owned(),
                time,
                status,
                reason,
                properties: properties.map(masked),
                token: self.head.token.clone(),
            },
        }
    }

    /// An event of a resource that was made.
    pub(super) fn event_of(&self, made: &Made, status: Status, reason: Option<String>) -> Noted {
        let names = (made.logical_id.as_str(), made.kind.type_name(), made.attributes.reference.as_str());
        self.event(names, status, reason, Some(&made.properties))
    }

    fn of_stack(&self, status: Status, reason: Option<String>) -> Noted {
        let event = stack_event(&self.head, self.stacks.ids.uuid().to_string(), self.stacks.clock.now());
        Noted { is_shown: false, event: Event { status, reason, ..event } }
    }

    /// Writes down where the work is.
    pub(super) async fn commit(&self, events: Vec<Noted>, end: Option<End>) -> Result<(), Error> {
        let (made, progress) = (Some(self.made.as_slice()), Some(&self.progress));
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner).take();
        let commit = Commit { head: &self.head, made, progress, events, answered, end };
        record::commit(&self.stacks.store, self.home, commit).await
    }

    pub(super) fn changed(&mut self, made: &Made, action: Action) {
        self.changes.push(Change {
            logical_id: made.logical_id.clone(),
            kind: made.kind.clone(),
            action,
            physical_id: made.attributes.reference.clone(),
        });
    }
}

/// What is shown in place of a value that must not be.
const HIDDEN: &str = "****";
/// A text that has a shorter secret within it, has it by accident.
const SECRET_BYTES_MIN: usize = 4;

/// Puts asterisks in place of secrets.
fn mask(value: &mut Value, secrets: &[&str]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, secrets)),
        Value::Object(members) => members.values_mut().for_each(|member| mask(member, secrets)),
        Value::String(text) => {
            for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
                if text == secret {
                    HIDDEN.clone_into(text);
                } else if SECRET_BYTES_MIN <= secret.len() && text.contains(secret) {
                    *text = text.replace(secret, HIDDEN);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Properties as the template has written them.
pub(super) fn shown(properties: &Map<String, Value>) -> Map<String, Value> {
    let given = properties.iter().filter(|(name, _)| *name != NESTED_TEMPLATE && *name != HALF_MADE);
    given.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// An event of a stack as it is now.
pub(super) fn stack_event(head: &Head, id: String, time: Timestamp) -> Event {
    Event {
        id,
        logical_id: head.name.clone(),
        physical_id: head.id.clone(),
        kind: STACK.to_owned(),
        time,
        status: head.status,
        reason: head.reason.clone(),
        properties: None,
        token: head.token.clone(),
    }
}

/// In whose name the resources of a stack are made.
pub(super) fn actor(settings: &Settings) -> Actor {
    let session = settings.actor.as_ref().and_then(|actor| actor.split_once(' '));
    match (&settings.role, session) {
        (Some(role), _) => Actor::Role(role.clone()),
        (None, Some((id, arn))) => Actor::Session { role_id: id.to_owned(), role_arn: arn.to_owned() },
        (None, None) => Actor::Account,
    }
}
