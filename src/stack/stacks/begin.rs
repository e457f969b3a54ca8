//! Checks what is asked for, and begins to do it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Change, Stacks, run};
use crate::id::AccountRegion;
use crate::stack::capabilities;
use crate::stack::diff::{self, Difference};
use crate::stack::error::Error;
use crate::stack::model::{Event, Head, Made, OnFailure, Progress, Settings, Verb, Work};
use crate::stack::record;
use crate::stack::scope::Tally;
use crate::stack::status::Status;
use crate::stack::template::Template;

/// The most stacks of an account in a region; CloudFormation's own limit.
const STACKS_MAX: usize = 2_000;
/// Why stacks are worked on.
const ASKED: &str = "User Initiated";

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Draft {
    /// The template; the stack's own if none is given.
    pub(in super::super) template: Option<String>,
    pub(in super::super) parameters: Vec<Given>,
    pub(in super::super) tags: Option<BTreeMap<String, String>>,
    pub(in super::super) capabilities: Vec<String>,
    pub(in super::super) role: Option<String>,
    pub(in super::super) actor: Option<String>,
    pub(in super::super) notifications: Option<Vec<String>>,
    pub(in super::super) timeout_min: Option<u32>,
    pub(in super::super) rollback: Option<Map<String, Value>>,
    /// Whether it is only to be looked at, for now.
    pub(in super::super) is_change_set: bool,
}

/// A parameter's value as given.
#[derive(Clone, Debug)]
pub(in super::super) struct Given {
    pub(in super::super) key: String,
    pub(in super::super) value: Option<String>,
    pub(in super::super) is_previous: bool,
}

/// A draft that can be carried out.
pub(super) struct Prepared {
    pub(super) settings: Settings,
    pub(super) differences: Vec<Difference>,
    /// Whether nothing would change.
    pub(super) is_idle: bool,
}

/// Why something isn't begun.
#[derive(Debug)]
pub(in super::super) enum Refusal {
    /// The request or its template is wrong.
    Invalid(String),
    /// There is one of this name.
    Exists(String),
    /// The caller has to say that it may do this.
    Capabilities(String),
    /// There is no such change set.
    NoChangeSet(String),
    /// The change set can't be carried out.
    ChangeSetStatus(String),
    /// There are too many.
    Limit(String),
    /// The store can't be read or written.
    Internal(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(_) => Self::Internal(error),
            other => Self::Invalid(other.as_validation()),
        }
    }
}

/// How a piece of work ended.
pub(in super::super) struct Ended {
    pub(in super::super) changes: Vec<Change>,
    pub(in super::super) outputs: Map<String, Value>,
    pub(in super::super) warnings: Vec<String>,
    pub(in super::super) failure: Option<Error>,
}

/// A stack to be made.
pub(in super::super) struct NewStack {
    pub(in super::super) name: String,
    pub(in super::super) draft: Draft,
    pub(in super::super) on_failure: OnFailure,
    pub(in super::super) disables_rollback: bool,
    pub(in super::super) is_protected: bool,
    pub(in super::super) policy: Option<String>,
    pub(in super::super) token: Option<String>,
}

/// What is to become of a stack.
pub(in super::super) struct NewUpdate {
    pub(in super::super) name: String,
    pub(in super::super) draft: Draft,
    pub(in super::super) policy: Option<String>,
    /// The stack policy that holds meanwhile.
    pub(in super::super) during: Option<String>,
    pub(in super::super) disables_rollback: bool,
    pub(in super::super) token: Option<String>,
}

impl Stacks {
    /// Begins to make a stack; returns its id.
    pub(in super::super) async fn create(
        &self,
        home: &AccountRegion,
        asked: NewStack,
    ) -> Result<String, Refusal> {
        if let Some(old) = record::find(&self.store, home, &asked.name).await? {
            if asked.token.is_some() && old.token == asked.token {
                return Ok(old.id);
            }
            return Err(Refusal::Exists(format!("Stack [{}] already exists", asked.name)));
        }
        self.check_room(home).await?;
        let mut head = self.new_head(home, &asked.name, Settings::default());
        let prepared = self.prepare(home, &head, None, asked.draft).await?;
        head.settings = prepared.settings.clone();
        head.is_protected = asked.is_protected;
        head.disables_rollback = asked.disables_rollback;
        head.policy = asked.policy;
        head.token = asked.token;
        let id = head.id.clone();
        let work = Work {
            verb: Verb::Create,
            target: prepared.settings,
            before: Vec::new(),
            on_failure: asked.on_failure,
            retain: Vec::new(),
            policy: None,
            is_attended: false,
        };
        if !self.start(home, None, head, work, Progress::default(), Some(ASKED)).await? {
            return Err(Refusal::Exists(format!("Stack [{}] already exists", asked.name)));
        }
        Ok(id)
    }

    /// Refuses another stack if there are as many as there may be.
    pub(super) async fn check_room(&self, home: &AccountRegion) -> Result<(), Refusal> {
        let all = record::all(&self.store, home).await?;
        let n_stacks = all.iter().filter(|head| head.status != Status::DeleteComplete).count();
        match n_stacks < STACKS_MAX {
            true => Ok(()),
            false => Err(Refusal::Limit(format!("Limit for stack has been exceeded ({STACKS_MAX})"))),
        }
    }

    /// Begins to update a stack; returns its id.
    pub(in super::super) async fn update(
        &self,
        home: &AccountRegion,
        asked: NewUpdate,
    ) -> Result<String, Refusal> {
        let NewUpdate { name, draft, policy, during, disables_rollback, token } = asked;
        if token.is_some()
            && let Some(head) = record::find(&self.store, home, &name).await?
            && head.token == token
        {
            return Ok(head.id);
        }
        let mut head = self.updatable(home, &name).await?;
        let prepared = self.prepare(home, &head, Some(&head), draft).await?;
        if prepared.is_idle {
            return Err(Refusal::Invalid("No updates are to be performed.".to_owned()));
        }
        head.policy = policy.or(head.policy);
        head.disables_rollback = disables_rollback;
        head.token = token;
        let on_failure = if disables_rollback { OnFailure::Nothing } else { OnFailure::Rollback };
        self.begin_update(home, head, prepared.settings, on_failure, during).await
    }

    pub(super) async fn begin_update(
        &self,
        home: &AccountRegion,
        head: Head,
        target: Settings,
        on_failure: OnFailure,
        policy: Option<String>,
    ) -> Result<String, Refusal> {
        let (id, status) = (head.id.clone(), head.status);
        let before = record::load(&self.store, home, &head.name).await?.unwrap_or_default();
        let (verb, retain) = (Verb::Update, Vec::new());
        let work = Work { verb, target, before, on_failure, retain, policy, is_attended: false };
        match self.start(home, Some(status), head, work, Progress::default(), Some(ASKED)).await? {
            true => Ok(id),
            false => Err(Refusal::Invalid(format!("Stack:{id} is being changed and can not be updated."))),
        }
    }

    /// The stack of this name or id, if it can be updated now.
    pub(super) async fn updatable(&self, home: &AccountRegion, name: &str) -> Result<Head, Refusal> {
        let head = record::find(&self.store, home, name).await?;
        let head = head.filter(|head| head.status != Status::DeleteComplete);
        let head = head.ok_or_else(|| Refusal::Invalid(format!("Stack [{name}] does not exist")))?;
        match head.status.takes_updates() {
            true => Ok(head),
            false => Err(Refusal::Invalid(format!(
                "Stack:{} is in {} state and can not be updated.",
                head.id, head.status
            ))),
        }
    }

    /// Begins to delete a stack. That there is none is no failure.
    pub(in super::super) async fn delete(
        &self,
        home: &AccountRegion,
        name: &str,
        retain: Vec<String>,
        (role, actor): (Option<String>, Option<String>),
        token: Option<String>,
    ) -> Result<(), Refusal> {
        let Some(mut head) = record::find(&self.store, home, name).await? else { return Ok(()) };
        if matches!(head.status, Status::DeleteComplete | Status::DeleteInProgress) {
            return Ok(());
        }
        if head.is_protected {
            return Err(Refusal::Invalid(format!(
                "Stack [{}] cannot be deleted while TerminationProtection is enabled",
                head.name
            )));
        }
        if head.status.is_busy() {
            return Err(Refusal::Invalid(format!(
                "Stack [{}] cannot be deleted while in status {}",
                head.id, head.status
            )));
        }
        let made = record::load(&self.store, home, &head.name).await?.unwrap_or_default();
        if !retain.is_empty() && head.status != Status::DeleteFailed {
            return Err(Refusal::Invalid(format!(
                "Invalid operation on stack [{}]. RetainResources can be specified only for a stack in DELETE_FAILED",
                head.id
            )));
        }
        let unknown: Vec<&String> =
            retain.iter().filter(|id| !made.iter().any(|made| made.logical_id == **id)).collect();
        if !unknown.is_empty() {
            let unknown: Vec<&str> = unknown.into_iter().map(String::as_str).collect();
            return Err(Refusal::Invalid(format!(
                "The specified resources to retain must be in a valid state. Do not specify: [{}]",
                unknown.join(", ")
            )));
        }
        let status = head.status;
        head.token = token;
        head.settings.role = role.or(head.settings.role);
        head.settings.actor = actor;
        let target = head.settings.clone();
        let id = head.id.clone();
        let work = Work {
            verb: Verb::Delete,
            target,
            before: Vec::new(),
            on_failure: OnFailure::Nothing,
            retain,
            policy: None,
            is_attended: false,
        };
        // A rollback that failed may have left things that belong to nothing.
        let progress = Progress { phase: crate::stack::model::Phase::Delete, ..Progress::default() };
        match self.start(home, Some(status), head, work, progress, Some(ASKED)).await? {
            true => Ok(()),
            false => Err(Refusal::Invalid(format!("Stack [{id}] is being changed and cannot be deleted"))),
        }
    }

    /// Goes on with a rollback that has failed, passing over some resources.
    pub(in super::super) async fn continue_rollback(
        &self,
        home: &AccountRegion,
        name: &str,
        skip: Vec<String>,
        token: Option<String>,
    ) -> Result<(), Refusal> {
        let head = record::find(&self.store, home, name).await?;
        let mut head = head.ok_or_else(|| Refusal::Invalid(format!("Stack [{name}] does not exist")))?;
        let work = record::work(&self.store, home, &head.id).await?;
        let Some((work, mut progress)) = work.filter(|_| head.status == Status::UpdateRollbackFailed) else {
            return Err(Refusal::Invalid(format!(
                "Stack:{} is in {} state and can not continue to roll back.",
                head.id, head.status
            )));
        };
        progress.skipped = skip;
        head.token = token;
        let id = head.id.clone();
        head.status = Status::UpdateRollbackInProgress;
        head.reason = Some(ASKED.to_owned());
        let event = self.event_of(&head);
        let expected = Some(Status::UpdateRollbackFailed);
        let begun =
            record::begin(&self.store, home, expected, head, Some(work), progress, Some(event)).await?;
        self.wake.notify_one();
        match begun {
            true => Ok(()),
            false => Err(Refusal::Invalid(format!("Stack:{id} is being changed."))),
        }
    }

    /// Cancels an update: what it has done is undone.
    pub(in super::super) async fn cancel(&self, home: &AccountRegion, name: &str) -> Result<(), Refusal> {
        let head = record::find(&self.store, home, name).await?;
        let head = head.ok_or_else(|| Refusal::Invalid(format!("Stack [{name}] does not exist")))?;
        if head.status != Status::UpdateInProgress {
            return Err(Refusal::Invalid(
                "CancelUpdateStack cannot be called from current stack status".to_owned(),
            ));
        }
        if !self.store.shards().has_first() {
            return Err(Refusal::Invalid(format!(
                "Stack:{} is being changed by another node of this server: cancel the update there.",
                head.id
            )));
        }
        let mut cancelled = self.cancelled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        cancelled.insert(head.id);
        Ok(())
    }

    pub(super) fn is_cancelled(&self, id: &str) -> bool {
        self.cancelled.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains(id)
    }

    pub(super) fn event_of(&self, head: &Head) -> Event {
        super::run::stack_event(head, self.ids.uuid().to_string(), self.clock.now())
    }

    /// Writes down what is to be done, and wakes who does it; false if the stack's status isn't `expected`.
    pub(super) async fn start(
        &self,
        home: &AccountRegion,
        expected: Option<Status>,
        mut head: Head,
        work: Work,
        progress: Progress,
        reason: Option<&str>,
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        head.status = match work.verb {
            Verb::Create => Status::CreateInProgress,
            Verb::Update => Status::UpdateInProgress,
            Verb::Delete => Status::DeleteInProgress,
        };
        if work.verb == Verb::Update {
            head.updated = Some(now);
        }
        head.reason = Some(reason.unwrap_or(ASKED).to_owned());
        let event = self.event_of(&head);
        self.cancelled.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&head.id);
        let is_attended = work.is_attended;
        let begun =
            record::begin(&self.store, home, expected, head, Some(work), progress, Some(event)).await?;
        if !is_attended {
            self.wake.notify_one();
        }
        Ok(begun)
    }

    /// A stack that isn't there yet.
    pub(super) fn new_head(&self, home: &AccountRegion, name: &str, settings: Settings) -> Head {
        let (region, account) = (&home.region, &home.account);
        let partition = region.partition();
        let uuid = self.ids.uuid();
        Head {
            id: format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{uuid}"),
            name: name.to_owned(),
            status: Status::ReviewInProgress,
            reason: None,
            created: self.clock.now(),
            updated: None,
            deleted: None,
            settings,
            outputs: Vec::new(),
            is_protected: false,
            disables_rollback: false,
            policy: None,
            change_set: None,
            token: None,
            parent: None,
        }
    }

    /// Checks a draft for the stack `head`, as far as possible before anything changes. `old` is what the stack is now.
    pub(super) async fn prepare(
        &self,
        home: &AccountRegion,
        head: &Head,
        old: Option<&Head>,
        draft: Draft,
    ) -> Result<Prepared, Refusal> {
        let text = draft.template.or_else(|| old.map(|old| old.settings.template.clone()));
        let missing =
            || Refusal::Invalid("Either Template URL or Template Body must be specified.".to_owned());
        let text = text.ok_or_else(missing)?;
        // Which of them it has, it says itself.
        let mut said = old.map(|old| old.settings.parameters.clone()).unwrap_or_default();
        let values = draft
            .parameters
            .iter()
            .filter_map(|given| Some((given.key.clone(), given.value.clone()?.into())));
        said.extend(values);
        let template = self.parse(home, &text, &said).await?;
        let parameters = given(&template, &draft.parameters, old)?;
        // Its loops may be about them.
        let template = Template::parse_with(&text, &parameters, &template.included)?;
        capabilities::check(&template, &draft.capabilities, draft.is_change_set)
            .map_err(Refusal::Capabilities)?;
        let was = old.map(|old| old.settings.clone()).unwrap_or_default();
        let mut settings = Settings {
            template: text,
            parameters,
            resolved: BTreeMap::new(),
            tags: draft.tags.unwrap_or(was.tags),
            capabilities: draft.capabilities,
            role: draft.role.or(was.role),
            actor: draft.actor,
            notifications: draft.notifications.unwrap_or(was.notifications),
            timeout_min: draft.timeout_min,
            rollback: draft.rollback.unwrap_or(was.rollback),
        };
        let actor = run::actor(&settings);
        settings.resolved = self.resolved(home, &actor, &template, &settings.parameters).await;
        let made = match old {
            Some(_) => record::load(&self.store, home, &head.name).await?.unwrap_or_default(),
            None => Vec::new(),
        };
        let plan = self.plan(home, head, &template, &settings).await?;
        plan.rehearse()?;
        let differences = diff::differences(&diff::Sides {
            plan: &plan,
            made: &made,
            old: old.map(|old| &old.settings),
            new: &settings,
            objects: &*self.objects,
        })
        .await?;
        let is_idle = match old {
            None => false,
            Some(old) => {
                differences.is_empty()
                    && settings.notifications == old.settings.notifications
                    && settings.tags == old.settings.tags
                    && same_outputs(&plan.outputs(&attributes(&made), &Tally::new())?, old)
            }
        };
        Ok(Prepared { settings, differences, is_idle })
    }
}

fn attributes(made: &[Made]) -> BTreeMap<String, crate::stack::intrinsic::Attributes> {
    made.iter().map(|made| (made.logical_id.clone(), made.attributes.clone())).collect()
}

/// Whether a stack's outputs would stay as they are.
fn same_outputs(new: &crate::stack::plan::Outputs, old: &Head) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    new.values.len() == old.outputs.len()
        && old.outputs.iter().all(|output| {
            new.values.get(&output.key).is_some_and(|value| text(value) == output.value)
                && new.export_names.get(&output.key) == output.export.as_ref()
        })
}

/// The values of a template's parameters, of those given and those that the stack has.
fn given(template: &Template, given: &[Given], old: Option<&Head>) -> Result<Map<String, Value>, Refusal> {
    let previous = old.map(|old| &old.settings.parameters);
    let mut values = Map::new();
    let mut unknown = Vec::new();
    for Given { key, value, is_previous } in given {
        if !template.parameters.contains_key(key) {
            unknown.push(key.as_str());
            continue;
        }
        match (value, is_previous) {
            (Some(value), false) => {
                values.insert(key.clone(), Value::String(value.clone()));
            }
            (None, true) => {
                let Some(previous) = previous else {
                    return Err(Refusal::Invalid(format!(
                        "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
                    )));
                };
                // Where no value was given, the default is what it was.
                values.extend(previous.get(key).map(|value| (key.clone(), value.clone())));
            }
            _ => {
                return Err(Refusal::Invalid(format!(
                    "Invalid input for parameter key {key}. Need to specify either usePreviousValue as true or a value for the parameter"
                )));
            }
        }
    }
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        return Err(Refusal::Invalid(format!("Parameters: [{unknown}] do not exist in the template")));
    }
    let lacks = |(name, declared): &(&String, &Value)| {
        !values.contains_key(name.as_str()) && declared.get("Default").is_none()
    };
    let missing: Vec<&str> =
        template.parameters.iter().filter(lacks).map(|(name, _)| name.as_str()).collect();
    match missing.is_empty() {
        true => Ok(values),
        false => Err(Refusal::Invalid(format!("Parameters: [{}] must have values", missing.join(", ")))),
    }
}
