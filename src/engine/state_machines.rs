//! State machines with their versions and aliases: the control plane, and what executions are started with.

pub(super) mod aliases;
mod deletion;
mod rows;
pub(super) mod versions;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use quick_cache::sync::Cache;

pub use self::aliases::{Alias, Route};
use self::deletion::Deleting;
pub(super) use self::rows::{encryption_of, find, find_revision, home_key, home_of, kind_of, logging_of};
use self::rows::{insert, insert_revision, published_at_creation};
pub use self::versions::{Publish, Version};

use super::Error;
use super::base::Base;
use super::encryption::Encryption;
use super::logging::{LogLevel, LogPlan, Logging, Logs};
use super::machine::EVENTS_MAX;
use super::page::{Page, page_size};
use super::tags::{self, Tag};
use crate::asl::{self, Program, StateMachineType};
use crate::clock::Timestamp;
use crate::id::{AccountRegion, Qualifier, StateMachineArn, check_name};
use crate::store::Param;

/// What a state machine is created with.
#[derive(Clone, Debug)]
pub struct CreateStateMachine {
    /// Account and region.
    pub home: AccountRegion,
    /// Its name.
    pub name: String,
    /// Its definition, in the Amazon States Language.
    pub definition: String,
    /// The role its executions run under.
    pub role_arn: String,
    /// Standard or Express.
    pub kind: StateMachineType,
    /// What it logs, and where.
    pub logging: Logging,
    /// Whether it traces; kept and shown.
    pub tracing: bool,
    /// With whose key it is encrypted, if that was said.
    pub encryption: Option<Encryption>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Whether its first revision is published as a version at once.
    pub publish: Option<Publish>,
}

/// What of a state machine is changed.
#[derive(Clone, Debug)]
pub struct UpdateStateMachine {
    /// The machine.
    pub arn: String,
    /// A new definition.
    pub definition: Option<String>,
    /// A new role.
    pub role_arn: Option<String>,
    /// A new logging configuration.
    pub logging: Option<Logging>,
    /// A new tracing configuration.
    pub tracing: Option<bool>,
    /// A new encryption configuration.
    pub encryption: Option<Encryption>,
    /// Whether the outcome is published as a version.
    pub publish: Option<Publish>,
}

/// How a machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateMachineStatus {
    /// It can be started.
    Active,
    /// It goes when its last execution has ended.
    Deleting,
}

/// A state machine, as one of its revisions.
#[derive(Clone, Debug, PartialEq)]
pub struct StateMachine {
    /// Its ARN.
    pub arn: StateMachineArn,
    /// Standard or Express.
    pub kind: StateMachineType,
    /// How it stands.
    pub status: StateMachineStatus,
    /// Its definition, as given.
    pub definition: String,
    /// The role its executions run under.
    pub role_arn: String,
    /// Where it logs.
    pub logging: Logging,
    /// Whether it traces.
    pub tracing: bool,
    /// With whose key it is encrypted, if that was said.
    pub encryption: Option<Encryption>,
    /// When it was created.
    pub created: Timestamp,
    /// When this revision was made.
    pub updated: Timestamp,
    /// The revision's id; `None` for the one it was created with.
    pub revision_id: Option<String>,
    /// The version it was asked for by, or that was just published of it.
    pub version: Option<u64>,
    /// The description of that version.
    pub description: Option<String>,
    pub(super) id: i64,
    pub(super) revision: i64,
}

/// An entry of ListStateMachines.
#[derive(Clone, Debug, PartialEq)]
pub struct StateMachineItem {
    /// Its ARN.
    pub arn: StateMachineArn,
    /// Standard or Express.
    pub kind: StateMachineType,
    /// When it was created.
    pub created: Timestamp,
    id: i64,
}

/// What UpdateStateMachine answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// When.
    pub updated: Timestamp,
    /// The current revision, if it is not the one the machine was created with.
    pub revision_id: Option<String>,
    /// The version, if one was to be published.
    pub version: Option<Version>,
}

/// What StartExecution needs of a machine.
#[derive(Clone)]
pub(super) struct LoadedMachine {
    pub(super) id: i64,
    pub(super) revision: i64,
    /// The version that was asked for, by its ARN or through an alias.
    pub(super) version: Option<u64>,
    /// The alias that was asked for.
    pub(super) alias: Option<Arc<str>>,
    pub(super) kind: StateMachineType,
    pub(super) arn: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) role_arn: Arc<str>,
    pub(super) home: AccountRegion,
    pub(super) region: Arc<str>,
    pub(super) program: Arc<Program>,
    pub(super) definition_bytes: usize,
    pub(super) log: Option<Arc<LogPlan>>,
    /// Most events of an execution's history.
    pub(super) events_max: u64,
    /// How long Express executions are kept after their end, if they are.
    pub(super) express_history: Option<Duration>,
}

impl LoadedMachine {
    /// The ARN of the version that was asked for.
    pub(super) fn version_arn(&self) -> Option<Arc<str>> {
        self.version.map(|number| format!("{}:{number}", self.arn).into())
    }

    /// The ARN of the alias that was asked for.
    pub(super) fn alias_arn(&self) -> Option<Arc<str>> {
        self.alias.as_ref().map(|name| format!("{}:{name}", self.arn).into())
    }
}

/// Compiled programs kept, by revision.
const PROGRAMS_KEPT: usize = 1000;
/// Machines kept for StartExecution.
const MACHINES_KEPT: usize = 1000;

/// The control plane over state machines, and the cache of what executions are started with.
pub struct StateMachines {
    base: Arc<Base>,
    logs: Arc<dyn Logs>,
    machines: RwLock<Machines>,
    programs: Cache<i64, Arc<Program>>,
    deleting: Deleting,
}

/// State machines by ARN, as StartExecution needs them; filled as they are asked for.
#[derive(Default)]
struct Machines {
    by_arn: HashMap<String, Arc<LoadedMachine>>,
    /// Counts changes, so that nobody keeps what was read before one.
    n_changes: u64,
}

impl StateMachines {
    pub(super) fn new(base: Arc<Base>, logs: Arc<dyn Logs>) -> Self {
        Self {
            base,
            logs,
            machines: RwLock::default(),
            programs: Cache::new(PROGRAMS_KEPT),
            deleting: Deleting::default(),
        }
    }

    /// CreateStateMachine. Idempotent by name: the same definition text, type, logging, tracing, encryption and wish to publish
    /// answer what there is; role and tags are not compared and not changed.
    ///
    /// # Errors
    /// `InvalidName`, `InvalidDefinition`, `InvalidArn`, `StateMachineAlreadyExists`, `StateMachineDeleting`,
    /// `InvalidLoggingConfiguration`, `TooManyTags`.
    pub async fn create(&self, create: CreateStateMachine) -> Result<StateMachine, Error> {
        check_name(&create.name)?;
        crate::id::Arn::parse_role(&create.role_arn).map_err(|error| Error::InvalidArn(error.to_string()))?;
        check_logging(&create.logging, &*self.logs)?;
        let program = self.compile(&create.definition, create.kind)?;
        tags::check(&create.tags)?;
        let (id, revision, now) = (self.base.next_id()?, self.base.next_id()?, self.base.now());
        let arn = StateMachineArn::new(&create.home, &create.name);
        let wanted = StateMachine {
            arn: arn.clone(),
            kind: create.kind,
            status: StateMachineStatus::Active,
            definition: create.definition,
            role_arn: create.role_arn,
            logging: create.logging,
            tracing: create.tracing,
            encryption: create.encryption,
            created: now,
            updated: now,
            revision_id: None,
            version: None,
            description: None,
            id,
            revision,
        };
        let publish = create.publish;
        let made = self
            .base
            .store
            .write(move |tx| {
                let mut made = match find(tx, &wanted.arn)? {
                    Some(found) => {
                        let asked = published_at_creation(tx, found.id)?;
                        same_or_refused(found, &wanted, asked == publish)?
                    }
                    None => {
                        insert(tx, &wanted, publish.as_ref())?;
                        tags::put(tx, &wanted.arn.to_string(), &create.tags)?;
                        wanted.clone()
                    }
                };
                if let Some(publish) = &publish {
                    made.version = Some(versions::publish(tx, &made, publish, now)?.number);
                }
                Ok::<_, Error>(made)
            })
            .await?;
        if made.id == id {
            self.programs.insert(revision, program);
        }
        Ok(made)
    }

    /// UpdateStateMachine. What does not change anything makes no revision, unless it is to be published with another
    /// description than it has; running executions keep theirs.
    ///
    /// # Errors
    /// `MissingRequiredParameter`, `InvalidDefinition`, `StateMachineDoesNotExist`, `StateMachineDeleting`,
    /// `InvalidArn`, `InvalidLoggingConfiguration`.
    pub async fn update(&self, update: UpdateStateMachine) -> Result<Updated, Error> {
        let UpdateStateMachine { arn, definition, role_arn, logging, tracing, encryption, publish } = update;
        let is_idle = definition.is_none() && role_arn.is_none() && logging.is_none() && tracing.is_none();
        if is_idle && encryption.is_none() {
            return Err(Error::MissingRequiredParameter);
        }
        let parsed = unqualified(&arn)?;
        if let Some(role_arn) = &role_arn {
            crate::id::Arn::parse_role(role_arn).map_err(|error| Error::InvalidArn(error.to_string()))?;
        }
        if let Some(logging) = &logging {
            check_logging(logging, &*self.logs)?;
        }
        let kind = self.describe(&arn).await?.kind;
        let program = definition.as_ref().map(|text| self.compile(text, kind)).transpose()?;
        let (revision, now) = (self.base.next_id()?, self.base.now());
        let revision_id = self.base.ids.uuid().to_string();
        let (updated, is_new) = self
            .base
            .store
            .write(move |tx| {
                let found = find(tx, &parsed)?.ok_or_else(|| not_found(&parsed))?;
                if found.status == StateMachineStatus::Deleting {
                    return Err(Error::StateMachineDeleting(parsed.to_string()));
                }
                let next = StateMachine {
                    definition: definition.as_ref().unwrap_or(&found.definition).clone(),
                    role_arn: role_arn.as_ref().unwrap_or(&found.role_arn).clone(),
                    logging: logging.as_ref().unwrap_or(&found.logging).clone(),
                    tracing: tracing.unwrap_or(found.tracing),
                    encryption: encryption.as_ref().or(found.encryption.as_ref()).cloned(),
                    ..found.clone()
                };
                let is_new = next != found || versions::has_other_description(tx, &found, publish.as_ref())?;
                let current = if is_new {
                    let revision_id = Some(revision_id.clone());
                    let next = StateMachine { revision, updated: now, revision_id, ..next };
                    insert_revision(tx, &next)?;
                    let sql = "UPDATE state_machine SET revision = ?2 WHERE id = ?1";
                    tx.execute(sql, &[next.id.into(), revision.into()])?;
                    next
                } else {
                    found
                };
                let version = publish.as_ref().map(|publish| versions::publish(tx, &current, publish, now));
                // AWS answers the time of the call, also when nothing changed.
                let updated =
                    Updated { updated: now, revision_id: current.revision_id, version: version.transpose()? };
                Ok((updated, is_new))
            })
            .await?;
        if is_new {
            if let Some(program) = program {
                self.programs.insert(revision, program);
            }
            self.forget(&arn);
        }
        Ok(updated)
    }

    /// DescribeStateMachine, by the ARN of a machine, a version or an alias. Of the two versions that an alias may stand
    /// for, the one is described that most executions are of.
    ///
    /// # Errors
    /// `InvalidArn`, `StateMachineDoesNotExist`.
    pub async fn describe(&self, arn: &str) -> Result<StateMachine, Error> {
        let parsed = StateMachineArn::parse(arn)?;
        if parsed.label.is_some() {
            return Err(Error::LabeledArn(arn.to_owned()));
        }
        self.base
            .store
            .read(move |tx| {
                let found = match &parsed.qualifier {
                    None => find(tx, &parsed)?,
                    Some(Qualifier::Version(number)) => versions::find(tx, &parsed, *number)?,
                    Some(Qualifier::Alias(name)) => aliases::find_routed(tx, &parsed, name)?,
                };
                found.ok_or_else(|| not_found(&parsed))
            })
            .await
    }

    /// ListStateMachines, by age.
    ///
    /// # Errors
    /// `InvalidToken`.
    pub async fn list(
        &self,
        home: AccountRegion,
        max_results: Option<u32>,
        next_token: Option<&str>,
    ) -> Result<Page<StateMachineItem>, Error> {
        let listing = self.base.listing("ListStateMachines", &[&home_key(&home)]);
        let (after, max) = (listing.position(next_token)?.unwrap_or(0), page_size(max_results));
        let limit = i64::try_from(max).unwrap_or(i64::MAX - 1) + 1;
        let items: Result<Vec<StateMachineItem>, Error> = self
            .base
            .store
            .read(move |tx| {
                let sql = "SELECT id, name, kind, created FROM state_machine
                           WHERE home = ?1 AND ?2 < id AND deleting < 2 ORDER BY id LIMIT ?3";
                let params = [Param::Text(&home_key(&home)), after.into(), limit.into()];
                Ok(tx.query(sql, &params, |row| {
                    Ok(StateMachineItem {
                        arn: StateMachineArn::new(&home, &row.text(1)?),
                        kind: kind_of(row.int(2)?),
                        created: Timestamp::from_millis(row.int(3)?),
                        id: row.int(0)?,
                    })
                })?)
            })
            .await;
        Ok(Page::cut(items?, max, &listing, |item| item.id))
    }

    /// The machine or version that `arn` names, compiled; cached until it is changed or deleted.
    pub(super) async fn machine(&self, arn: &str) -> Result<Arc<LoadedMachine>, Error> {
        let machines = || self.machines.read().unwrap_or_else(PoisonError::into_inner);
        let (cached, changes) = {
            let machines = machines();
            (machines.by_arn.get(arn).cloned(), machines.n_changes)
        };
        if let Some(machine) = cached {
            return Ok(machine);
        }
        let described = self.describe(arn).await?;
        if described.status == StateMachineStatus::Deleting {
            return Err(Error::StateMachineDeleting(arn.to_owned()));
        }
        let machine = Arc::new(self.loaded(described).await?);
        let mut machines = self.machines.write().unwrap_or_else(PoisonError::into_inner);
        // What was read before a change is good for this call, but not for those after it.
        if machines.n_changes == changes {
            if MACHINES_KEPT <= machines.by_arn.len() {
                machines.by_arn.clear();
            }
            machines.by_arn.insert(arn.to_owned(), machine.clone());
        }
        Ok(machine)
    }

    /// A machine as its executions are started with it.
    pub(super) async fn loaded(&self, described: StateMachine) -> Result<LoadedMachine, Error> {
        let program = self.program(described.revision, &described.definition, described.kind)?;
        // A Map's children are like their parent.
        let StateMachineArn { home, name, .. } = &described.arn;
        let tagged = StateMachineArn::new(home, name).to_string();
        let wishes = self.base.store.read(move |tx| tags::wishes(tx, &tagged)).await?;
        Ok(LoadedMachine {
            id: described.id,
            revision: described.revision,
            version: described.version,
            alias: None,
            kind: described.kind,
            name: described.arn.full_name(),
            role_arn: described.role_arn.into(),
            region: Arc::from(described.arn.home.region.as_str()),
            home: described.arn.home.clone(),
            arn: StateMachineArn { qualifier: None, ..described.arn }.to_string().into(),
            program,
            definition_bytes: described.definition.len(),
            log: LogPlan::new(&described.logging),
            events_max: wishes.history_events_max.unwrap_or(EVENTS_MAX),
            express_history: wishes.express_history,
        })
    }

    /// Called after a machine or a version was changed, tagged or deleted; forgets the versions of a machine as well.
    pub(super) fn forget(&self, arn: &str) {
        let mut machines = self.machines.write().unwrap_or_else(PoisonError::into_inner);
        let is_of =
            |key: &str| key.strip_prefix(arn).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
        machines.by_arn.retain(|key, _| !is_of(key));
        machines.n_changes += 1;
    }

    /// Another node has changed a machine: all are read again when they are asked for.
    pub(super) fn forget_all(&self) {
        let mut machines = self.machines.write().unwrap_or_else(PoisonError::into_inner);
        machines.by_arn.clear();
        machines.n_changes += 1;
    }

    /// The program of a revision, which ran when it was made.
    pub(super) fn program(
        &self,
        revision: i64,
        definition: &str,
        kind: StateMachineType,
    ) -> Result<Arc<Program>, Error> {
        if let Some(program) = self.programs.get(&revision) {
            return Ok(program);
        }
        let compiled = asl::compile_stored(definition, kind);
        let program = compiled.map(Arc::new).map_err(|wrong| Error::InvalidDefinition(wrong.to_string()))?;
        self.programs.insert(revision, program.clone());
        Ok(program)
    }

    fn compile(&self, definition: &str, kind: StateMachineType) -> Result<Arc<Program>, Error> {
        let compiled = asl::compile(definition, kind);
        compiled.map(Arc::new).map_err(|diagnostics| Error::InvalidDefinition(diagnostics.to_string()))
    }
}

/// The ARN of a machine as such, neither of a version nor of an alias.
pub(super) fn unqualified(arn: &str) -> Result<StateMachineArn, Error> {
    let parsed = StateMachineArn::parse(arn)?;
    match parsed.qualifier {
        _ if parsed.label.is_some() => Err(Error::LabeledArn(arn.to_owned())),
        None => Ok(parsed),
        Some(Qualifier::Version(_) | Qualifier::Alias(_)) => Err(not_found(&parsed)),
    }
}

pub(super) fn not_found(arn: &StateMachineArn) -> Error {
    Error::StateMachineDoesNotExist(arn.to_string())
}

/// AWS's rule: a level other than OFF needs exactly one destination, the ARN of all streams of a log group, which has to
/// be there.
fn check_logging(logging: &Logging, logs: &dyn Logs) -> Result<(), Error> {
    if logging.level == LogLevel::Off {
        return Ok(());
    }
    match logging.destinations.as_deref() {
        Some([other]) if !other.contains(":log-group:") => {
            Err(Error::InvalidLoggingConfiguration("Provided ARN is not CloudWatch Logs Log Group ARN."))
        }
        Some([log_group]) if !log_group.ends_with(":*") => {
            Err(Error::InvalidLoggingConfiguration("Log Group ARN must be provided with '*' qualifier."))
        }
        Some([log_group]) if logs.takes(log_group) => Ok(()),
        Some([_]) => Err(Error::InvalidLoggingConfiguration("Log Destination not found.")),
        Some(_) | None => {
            Err(Error::InvalidLoggingConfiguration("Must specify exactly one Log Destination."))
        }
    }
}

fn same_or_refused(
    found: StateMachine,
    wanted: &StateMachine,
    is_published_alike: bool,
) -> Result<StateMachine, Error> {
    if found.status == StateMachineStatus::Deleting {
        return Err(Error::StateMachineDeleting(found.arn.to_string()));
    }
    let own = Encryption::AwsOwnedKey;
    let is_same = found.definition == wanted.definition
        && found.kind == wanted.kind
        && found.logging == wanted.logging
        && found.tracing == wanted.tracing
        && found.encryption.as_ref().unwrap_or(&own) == wanted.encryption.as_ref().unwrap_or(&own)
        && is_published_alike;
    if is_same { Ok(found) } else { Err(Error::StateMachineAlreadyExists(found.arn.to_string())) }
}
