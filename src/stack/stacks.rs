//! The stacks of a server: begins what is asked for, does it step by step, and undoes what fails.
//!
//! What is to be done, how far it is, what there is and what has happened are written with every step. Whoever goes on
//! with it needs nothing else: after a crash the work continues where it was. Of all stacks one is worked on at a time.

mod begin;
mod change_sets;
mod custom;
mod drift;
mod forward;
mod nested;
mod one;
mod remove;
mod run;
mod signals;
mod undo;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};
use tokio::sync::{Mutex, Notify};

use super::dynamic;
use super::elsewhere::Reach;
use super::error::Error;
use super::include;
use super::kind::Kind;
use super::model::{Head, Made, OnFailure, Progress, Settings, Verb, Work};
use super::objects::Objects;
use super::operations::{Accounts, Actor, Operations};
use super::parameter;
use super::plan::Plan;
use super::record;
use super::scope::Tally;
use super::status::Status;
use super::template::{Declared, Template};
use crate::clock::{Clock, Ids};
use crate::id::AccountRegion;
use crate::store::{self, SealedColumn, Store};

pub(super) use self::begin::{Draft, Given, NewStack, NewUpdate, Refusal};
pub(super) use self::change_sets::NewChangeSet;
pub use self::custom::{ANSWER_BYTES_MAX, ANSWERS_PATH};

/// What `stepgate apply` is answered if the stack would lose an API.
pub const DROPPED_APIS: &str = "StackWouldLoseApi";

/// The stacks of a server.
pub struct Stacks {
    pub(super) store: Store,
    accounts: Arc<dyn Accounts>,
    pub(super) objects: Arc<dyn Objects>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) clock: Arc<dyn Clock>,
    home: AccountRegion,
    ssm_parameters: BTreeMap<String, String>,
    // One stack at a time: two that share resources would undo each other's changes.
    turn: Mutex<()>,
    /// Wakes the worker.
    wake: Notify,
    /// Updates that were cancelled, by the stacks' ids.
    cancelled: std::sync::Mutex<BTreeSet<String>>,
    /// Wakes those who wait for the answer of a custom resource's function.
    answered: Notify,
    /// Where this server listens, once it does.
    endpoint: OnceLock<String>,
    pub(super) reach: Reach,
    drifts: std::sync::Mutex<drift::Drifts>,
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

/// What stacks work with.
pub struct Ports {
    /// Where they are kept.
    pub store: Store,
    /// How they change things.
    pub accounts: Arc<dyn Accounts>,
    /// Documents and packages.
    pub objects: Arc<dyn Objects>,
    /// Names and ids.
    pub ids: Arc<dyn Ids>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Stacks {
    /// The columns that are encrypted.
    pub const SEALED: &[&SealedColumn] = &[
        &record::RESOURCES,
        &record::HEADS,
        &record::WORKS,
        &record::PROGRESS,
        &record::EVENTS,
        &record::CHANGE_SETS,
        &record::REQUESTS,
        &record::DRIFTS,
    ];

    /// Only creates or upgrades the room's tables.
    ///
    /// # Errors
    /// If the store can't be written, or was written by a newer version.
    pub fn migrate(store: &Store) -> Result<(), Error> {
        Ok(record::migrate(store)?)
    }

    /// Opens the stacks, and creates or upgrades their tables. `home` is where templates are applied;
    /// `ssm_parameters` are the Systems Manager parameters for templates, by name.
    ///
    /// # Errors
    /// If the store can't be written, or was written by a newer version.
    pub fn open(
        ports: Ports,
        home: AccountRegion,
        ssm_parameters: BTreeMap<String, String>,
    ) -> Result<Self, store::Error> {
        let Ports { store, accounts, objects, ids, clock } = ports;
        record::migrate(&store)?;
        let (turn, wake, cancelled) = (Mutex::new(()), Notify::new(), std::sync::Mutex::default());
        let (answered, endpoint, reach) = (Notify::new(), OnceLock::new(), Reach::default());
        Ok(Self {
            store,
            accounts,
            objects,
            ids,
            clock,
            home,
            ssm_parameters,
            turn,
            wake,
            cancelled,
            answered,
            endpoint,
            reach,
            drifts: std::sync::Mutex::default(),
        })
    }

    /// The same, with what there is elsewhere.
    #[must_use]
    pub fn reaching(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// The operations of `home` in the name of whoever asks, as a stack's `actor` is kept.
    pub(super) fn operations_of(&self, home: &AccountRegion, actor: Option<String>) -> Arc<dyn Operations> {
        let settings = Settings { actor, ..Settings::default() };
        self.accounts.operations(home, &run::actor(&settings))
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
    ///
    /// Boxed, so that all work on stacks is compiled here and not again where it is asked for.
    pub fn apply<'a>(
        &'a self,
        name: &'a str,
        template: &'a Template,
        parameters: &'a Map<String, Value>,
    ) -> Pin<Box<dyn Future<Output = Result<Applied, Error>> + Send + 'a>> {
        Box::pin(self.apply_here(name, template, parameters))
    }

    async fn apply_here(
        &self,
        name: &str,
        template: &Template,
        parameters: &Map<String, Value>,
    ) -> Result<Applied, Error> {
        if !self.store.shards().has_first() {
            let problem = "stacks are changed by another node of this server: apply the template there";
            return Err(Error::at("Stack", problem.to_owned()));
        }
        let _turn = self.turn.lock().await;
        let _woken = Woken(&self.wake);
        let home = &self.home;
        let mut old = record::find(&self.store, home, name).await?;
        if let Some(head) = &old
            && head.status.is_busy()
        {
            if !self.is_abandoned(home, &head.id).await? {
                let problem = format!("stack {name} is in {} state and can not be updated", head.status);
                return Err(Error::at("Stack", problem));
            }
            self.drive(home, &head.id.clone(), None).await?;
            old = record::find(&self.store, home, name).await?;
        }
        let before = record::load(&self.store, home, name).await?.unwrap_or_default();
        let target = Settings {
            template: template.text.clone(),
            parameters: parameters.clone(),
            resolved: self.resolved(home, &Actor::Account, template, parameters).await,
            ..old.as_ref().map(|old| old.settings.clone()).unwrap_or_default()
        };
        let head = match old {
            Some(old) => old,
            None => self.new_head(home, name, target.clone()),
        };
        // Everything that can be checked in advance is checked before anything changes.
        self.plan(home, &head, template, &target).await?.rehearse()?;
        let expected = record::find(&self.store, home, name).await?.map(|head| head.status);
        let verb = match expected {
            Some(status) if status != Status::ReviewInProgress => Verb::Update,
            _ => Verb::Create,
        };
        let on_failure = if verb == Verb::Create { OnFailure::Delete } else { OnFailure::Rollback };
        let work =
            Work { verb, target, before, on_failure, retain: Vec::new(), policy: None, is_attended: true };
        let id = head.id.clone();
        if !self.start(home, expected, head, work, Progress::default(), None).await? {
            return Err(Error::at("Stack", format!("something else is being done to stack {name}")));
        }
        let ended = self.drive(home, &id, Some(template.clone())).await?;
        match ended.failure {
            Some(error) => Err(error),
            None => Ok(Applied { changes: ended.changes, outputs: ended.outputs, warnings: ended.warnings }),
        }
    }

    /// The APIs of the stack `name` that `template` doesn't have: applying it would delete them. Their logical ids.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn dropped_apis(&self, name: &str, template: &Template) -> Result<Vec<String>, Error> {
        let made = record::load(&self.store, &self.home, name).await?.unwrap_or_default();
        let is_api = |kind: &Kind| kind.type_name() == "AWS::ApiGateway::RestApi";
        let is_kept =
            |made: &Made| template.resources().any(|(id, kind)| id == made.logical_id && is_api(kind));
        let dropped = made.into_iter().filter(|made| is_api(&made.kind) && !is_kept(made));
        Ok(dropped.map(|made| made.logical_id).collect())
    }

    /// The values of the Systems Manager parameters that a template's parameters name: those of the settings, and of the
    /// service.
    async fn resolved(
        &self,
        home: &AccountRegion,
        actor: &Actor,
        template: &Template,
        parameters: &Map<String, Value>,
    ) -> BTreeMap<String, String> {
        let operations = self.accounts.operations(home, actor);
        let names = parameter::ssm_names(&template.parameters, parameters);
        let mut resolved = dynamic::parameters(&*operations, names, self.ssm_parameters.clone()).await;
        resolved.extend(template.included.clone());
        resolved
    }

    /// Parses a template whose parameters have the values `given`, with the documents that it includes.
    ///
    /// # Errors
    /// [`Error::Syntax`], [`Error::Template`], also if a document can't be read.
    pub(super) async fn parse(
        &self,
        home: &AccountRegion,
        text: &str,
        given: &Map<String, Value>,
    ) -> Result<Template, Error> {
        let pseudo = parameter::pseudo(home, "", "", &[]);
        let included = include::fetch(&*self.objects, text, given, &pseudo).await?;
        Template::parse_with(text, given, &included)
    }

    /// The same of a template that is to be applied.
    ///
    /// # Errors
    /// The same.
    pub async fn parse_here(&self, text: &str, given: &Map<String, Value>) -> Result<Template, Error> {
        self.parse(&self.home, text, given).await
    }

    /// Whether nobody is doing what is being done to a stack. Whoever asks has the turn.
    async fn is_abandoned(&self, home: &AccountRegion, id: &str) -> Result<bool, Error> {
        let work = record::work(&self.store, home, id).await?;
        Ok(work.is_some_and(|(work, _)| work.is_attended))
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
        let settings = Settings {
            parameters: parameters.clone(),
            resolved: self.resolved(&self.home, &Actor::Account, template, parameters).await,
            ..Settings::default()
        };
        let head = match record::find(&self.store, &self.home, name).await? {
            Some(head) => head,
            None => self.new_head(&self.home, name, settings.clone()),
        };
        let plan = self.plan(&self.home, &head, template, &settings).await?;
        let changes = made.iter().map(|m| Change {
            logical_id: m.logical_id.clone(),
            kind: m.kind.clone(),
            action: Action::Unchanged,
            physical_id: m.attributes.reference.clone(),
        });
        let changes = changes.collect();
        let resources = made.into_iter().map(|m| (m.logical_id, m.attributes)).collect();
        let outputs = plan.outputs(&resources, &Tally::new())?.values;
        Ok(Some(Applied { changes, outputs, warnings: Vec::new() }))
    }

    /// Plans what makes a stack of `settings`.
    pub(super) async fn plan<'a>(
        &self,
        home: &AccountRegion,
        head: &Head,
        template: &'a Template,
        settings: &Settings,
    ) -> Result<Plan<'a>, Error> {
        let pseudo = parameter::pseudo(home, &head.name, &head.id, &settings.notifications);
        let values =
            parameter::values(&template.parameters, &settings.parameters, &settings.resolved, pseudo)?;
        let exports = record::exports(&self.store, home).await?;
        Plan::new(template, &self.reach, values, BTreeSet::new(), Some(exports))
    }
}

/// Wakes the worker when whoever attends to a stack leaves it, done or not.
struct Woken<'a>(&'a Notify);

impl Drop for Woken<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
