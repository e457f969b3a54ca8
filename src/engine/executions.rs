//! Executions as records: finding, describing, listing, and their histories.

mod ending;
mod history;
pub(super) mod redrivable;

use std::sync::Arc;
use std::time::Duration;

pub(super) use self::ending::{count_ended, write_ending};
pub use self::history::HistoryPage;
pub use self::redrivable::NotRedrivable;
use super::base::Base;
use super::execution::{ExecutionStart, ExecutionStatus};
use super::express_kept::KeptExpress;
use super::logging::Logging;
use super::machine::EVENTS_MAX;
use super::map_child::{self, MapChild};
use super::page::{Page, page_size};
use super::state_machines::{StateMachines, find_revision, home_key, home_of, kind_of, logging_of, versions};
use super::{Error, StateMachine, tags};
use crate::asl::StateMachineType;
use crate::clock::Timestamp;
use crate::id::{AccountRegion, ExecutionArn, MapRunArn, Qualifier, StateMachineArn};
use crate::json::Payload;
use crate::store::{self, Param, Row, Tx};

/// What DescribeExecution tells.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionDescription {
    /// Its ARN.
    pub arn: ExecutionArn,
    /// Its machine.
    pub state_machine_arn: StateMachineArn,
    /// How it stands.
    pub status: ExecutionStatus,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// The input as it came.
    pub input: String,
    /// The output of one that succeeded.
    pub output: Option<String>,
    /// The error of one that failed or was stopped.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
    /// The trace header it was started with.
    pub trace_header: Option<String>,
    /// The version it was started with, if it was started by one or through an alias.
    pub version: Option<u64>,
    /// The alias it was started through.
    pub alias: Option<String>,
    /// How often it was redriven.
    pub redrive_count: u32,
    /// When it was redriven the last time.
    pub redriven: Option<Timestamp>,
    /// Why it can't be redriven now; `None` if it can.
    pub not_redrivable: Option<NotRedrivable>,
    /// The Map Run that it is a child of.
    pub map_run: Option<MapRunArn>,
}

/// An entry of ListExecutions.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionItem {
    /// Its ARN.
    pub arn: ExecutionArn,
    /// Its machine.
    pub state_machine_arn: StateMachineArn,
    /// How it stands.
    pub status: ExecutionStatus,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// The version it was started with, if it was started by one or through an alias.
    pub version: Option<u64>,
    /// The alias it was started through.
    pub alias: Option<String>,
    /// How often it was redriven.
    pub redrive_count: u32,
    /// When it was redriven the last time.
    pub redriven: Option<Timestamp>,
    /// The Map Run that it is a child of.
    pub map_run: Option<MapRunArn>,
    /// How many of the Map Run's items it has.
    pub n_items: Option<u64>,
    pub(super) id: i64,
}

macro_rules! listing {
    ($more:literal) => {
        concat!(
            "SELECT id, name, status, started, stopped, version, alias, redrive_count, redriven FROM execution
             WHERE machine = ?1 AND status = ?2 AND id < ?3 ",
            $more,
            " ORDER BY id DESC LIMIT ?4"
        )
    };
}

/// A machine's executions of one status; each of the three has an index of its own.
const LIST: &str = listing!("");
/// Those started with a version.
const LIST_VERSION: &str = listing!("AND version = ?5");
/// Those started through an alias.
const LIST_ALIAS: &str = listing!("AND alias = ?5");

/// Which executions ListExecutions lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecutionFilter {
    /// Only those that stand so.
    pub status: Option<ExecutionStatus>,
    /// Only those that were redriven, or were not: of the children of a Map Run.
    pub is_redriven: Option<bool>,
    /// Page size.
    pub max_results: Option<u32>,
    /// Where to go on.
    pub next_token: Option<String>,
}

/// Everything needed to fold an execution, besides its journal.
pub(super) struct Loaded {
    pub(super) status: ExecutionStatus,
    pub(super) home: AccountRegion,
    pub(super) start: ExecutionStart,
    pub(super) revision: i64,
    pub(super) definition: String,
    pub(super) kind: StateMachineType,
    pub(super) logging: Logging,
    pub(super) trace_header: Option<Arc<str>>,
    pub(super) map_child: Option<MapChild>,
    /// Most events of its history.
    pub(super) events_max: u64,
    /// How long Express executions of its machine are kept after their end, if they are.
    pub(super) express_history: Option<Duration>,
}

/// A row of the table.
pub(super) struct Found {
    pub(super) id: i64,
    pub(super) revision: i64,
    pub(super) status: ExecutionStatus,
    pub(super) started: Timestamp,
    pub(super) stopped: Option<Timestamp>,
    pub(super) input: String,
    output: Option<String>,
    error: Option<String>,
    cause: Option<String>,
    trace_header: Option<String>,
    pub(super) version: Option<u64>,
    pub(super) alias: Option<String>,
    pub(super) redrive_count: u32,
    pub(super) redriven: Option<Timestamp>,
    /// Whether the machine is being deleted, or gone.
    pub(super) machine_is_deleting: bool,
    /// The Map Run that it is a child of.
    pub(super) map_run: Option<MapRunArn>,
    /// Most events of its history.
    pub(super) events_max: u64,
}

pub(super) const STATUSES: [ExecutionStatus; 6] = [
    ExecutionStatus::Running,
    ExecutionStatus::Succeeded,
    ExecutionStatus::Failed,
    ExecutionStatus::TimedOut,
    ExecutionStatus::Aborted,
    ExecutionStatus::PendingRedrive,
];

/// The number a status is stored as.
pub(super) fn status_code(status: ExecutionStatus) -> i64 {
    match status {
        ExecutionStatus::Running => 0,
        ExecutionStatus::Succeeded => 1,
        ExecutionStatus::Failed => 2,
        ExecutionStatus::TimedOut => 3,
        ExecutionStatus::Aborted => 4,
        ExecutionStatus::PendingRedrive => 5,
    }
}

/// The status of a stored number.
pub(super) fn status_of(code: i64) -> Result<ExecutionStatus, store::Error> {
    let status = usize::try_from(code).ok().and_then(|code| STATUSES.get(code));
    status.copied().ok_or_else(|| store::Error::Corrupt(format!("execution status {code}")))
}

/// Reading what executions are and did.
pub struct Executions {
    base: Arc<Base>,
    state_machines: Arc<StateMachines>,
    express_kept: Arc<KeptExpress>,
}

impl Executions {
    pub(super) fn new(
        base: Arc<Base>,
        state_machines: Arc<StateMachines>,
        express_kept: Arc<KeptExpress>,
    ) -> Self {
        Self { base, state_machines, express_kept }
    }

    /// DescribeExecution.
    ///
    /// # Errors
    /// `InvalidArn`, `ExecutionDoesNotExist`.
    pub async fn describe(&self, arn: &str) -> Result<ExecutionDescription, Error> {
        // Of the child of a Map Run there is a row.
        if let Ok(express) = ExecutionArn::parse_express(arn)
            && !express.machine.contains('/')
            && let Some(kept) = self.express_kept.describe(&express, self.base.now())
        {
            return Ok(kept);
        }
        let arn = ExecutionArn::parse_kept(arn)?;
        let now = self.base.now();
        self.base
            .store
            .read(move |tx| {
                let found = find(tx, &arn)?.ok_or_else(|| Error::ExecutionDoesNotExist(arn.to_string()))?;
                Ok(ExecutionDescription {
                    not_redrivable: redrivable::refused(tx, &found, now)?,
                    map_run: found.map_run,
                    redrive_count: found.redrive_count,
                    redriven: found.redriven,
                    state_machine_arn: StateMachineArn::new(&arn.home, &arn.machine),
                    arn,
                    status: found.status,
                    started: found.started,
                    stopped: found.stopped,
                    input: found.input,
                    output: found.output,
                    error: found.error,
                    cause: found.cause,
                    trace_header: found.trace_header,
                    version: found.version,
                    alias: found.alias,
                })
            })
            .await
    }

    /// DescribeStateMachineForExecution: the revision that an execution was started with.
    ///
    /// # Errors
    /// `InvalidArn`, `ExecutionDoesNotExist`.
    pub async fn state_machine(&self, execution_arn: &str) -> Result<StateMachine, Error> {
        let arn = ExecutionArn::parse(execution_arn)?;
        self.base
            .store
            .read(move |tx| {
                let not_found = || Error::ExecutionDoesNotExist(arn.to_string());
                let row = find(tx, &arn)?.ok_or_else(not_found)?;
                find_revision(tx, row.revision)?.ok_or_else(not_found)
            })
            .await
    }

    /// ListExecutions of one machine, or of those started with a version or through an alias, the newest first.
    ///
    /// # Errors
    /// `InvalidArn`, `StateMachineDoesNotExist`, `StateMachineTypeNotSupported` for Express, `InvalidToken`.
    pub async fn list(
        &self,
        state_machine_arn: &str,
        filter: ExecutionFilter,
    ) -> Result<Page<ExecutionItem>, Error> {
        let parsed = StateMachineArn::parse(state_machine_arn)?;
        // An alias lists what was started through it, whichever versions it has stood for.
        let (version, alias) = match &parsed.qualifier {
            None => (None, None),
            Some(Qualifier::Version(number)) => (Some(versions::stored(*number)), None),
            Some(Qualifier::Alias(alias)) => {
                self.state_machines.describe_alias(state_machine_arn).await?;
                (None, Some(alias.clone()))
            }
        };
        let machine = match alias {
            None => self.state_machines.describe(state_machine_arn).await?,
            Some(_) => self.state_machines.describe(&parsed.unqualified().to_string()).await?,
        };
        let status = filter.status.map_or("", ExecutionStatus::as_str);
        let listing = self.base.listing("ListExecutions", &[state_machine_arn, status]);
        let before = listing.position(filter.next_token.as_deref())?.unwrap_or(i64::MAX);
        let max = page_size(filter.max_results);
        let limit = i64::try_from(max).unwrap_or(i64::MAX - 1) + 1;
        let arn = machine.arn.unqualified();
        if machine.kind == StateMachineType::Express {
            let tagged = arn.to_string();
            let wishes = self.base.store.read(move |tx| tags::wishes(tx, &tagged)).await?;
            if wishes.express_history.is_none() {
                return Err(Error::StateMachineTypeNotSupported);
            }
            let (kept, now) = (&self.express_kept, self.base.now());
            let items = kept.list(&parsed, filter.status, before, max.saturating_add(1), now);
            return Ok(Page::cut(items, max, &listing, |item| item.id));
        }
        let items: Result<Vec<ExecutionItem>, Error> = self
            .base
            .store
            .read(move |tx| {
                // Each status has its own run of the index; a listing of all merges them.
                let mut items = Vec::new();
                for status in filter.status.map_or_else(|| STATUSES.to_vec(), |status| vec![status]) {
                    let (sql, qualifier) = match (version, alias.as_deref()) {
                        (None, None) => (LIST, None),
                        (Some(version), _) => (LIST_VERSION, Some(version.into())),
                        (None, Some(alias)) => (LIST_ALIAS, Some(Param::Text(alias))),
                    };
                    let mut params =
                        vec![machine.id.into(), status_code(status).into(), before.into(), limit.into()];
                    params.extend(qualifier);
                    items.extend(tx.query(sql, &params, |row| read_item(row, &arn))?);
                }
                items.sort_by_key(|item| std::cmp::Reverse(item.id));
                items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                Ok(items)
            })
            .await;
        Ok(Page::cut(items?, max, &listing, |item| item.id))
    }
}

/// Most events of an execution's history, of its column.
fn events_max(stored: Option<i64>) -> u64 {
    stored.and_then(|max| u64::try_from(max).ok()).unwrap_or(EVENTS_MAX)
}

/// Reads the columns of a listing.
pub(super) fn read_item(row: &Row<'_>, machine: &StateMachineArn) -> Result<ExecutionItem, store::Error> {
    Ok(ExecutionItem {
        id: row.int(0)?,
        arn: ExecutionArn::of(&machine.home, &machine.full_name(), &row.text(1)?),
        state_machine_arn: machine.clone(),
        status: status_of(row.int(2)?)?,
        started: Timestamp::from_millis(row.int(3)?),
        stopped: row.opt_int(4)?.map(Timestamp::from_millis),
        version: row.opt_int(5)?.and_then(versions::number),
        alias: row.opt_text(6)?,
        redrive_count: redrivable::count(row.int(7)?),
        redriven: row.opt_int(8)?.map(Timestamp::from_millis),
        map_run: None,
        n_items: None,
    })
}

impl ExecutionItem {
    /// Its place in a listing.
    pub(super) fn position(&self) -> i64 {
        self.id
    }
}

/// The execution of an ARN. Machines that are gone keep their executions: the newest machine of the name that
/// has such an execution is meant.
pub(super) fn find(tx: &Tx<'_>, arn: &ExecutionArn) -> Result<Option<Found>, Error> {
    let sql = "SELECT e.id, e.revision, e.status, e.started, e.stopped, e.input, e.output, e.error, e.cause,
               e.trace_header, e.version, e.alias, e.redrive_count, e.redriven, m.deleting, m.name,
               (SELECT run FROM map_run r WHERE r.id = e.map_run), e.events_max
               FROM state_machine m JOIN execution e ON e.machine = m.id AND e.name = ?3
               WHERE m.home = ?1 AND (m.name = ?2 OR (?2 || ':' <= m.name AND m.name < ?2 || ';'))
               ORDER BY m.id DESC LIMIT 1";
    let home = home_key(&arn.home);
    let name = arn.full_name();
    let params = [Param::Text(&home), Param::Text(&arn.machine), Param::Text(&name)];
    Ok(tx.query_one(sql, &params, |row| {
        Ok(Found {
            id: row.int(0)?,
            revision: row.int(1)?,
            status: status_of(row.int(2)?)?,
            started: Timestamp::from_millis(row.int(3)?),
            stopped: row.opt_int(4)?.map(Timestamp::from_millis),
            input: row.text(5)?,
            output: row.opt_text(6)?,
            error: row.opt_text(7)?,
            cause: row.opt_text(8)?,
            trace_header: row.opt_text(9)?,
            version: row.opt_int(10)?.and_then(versions::number),
            alias: row.opt_text(11)?,
            redrive_count: redrivable::count(row.int(12)?),
            redriven: row.opt_int(13)?.map(Timestamp::from_millis),
            machine_is_deleting: row.int(14)? != 0,
            map_run: match row.opt_text(16)? {
                None => None,
                Some(run) => Some(map_child::run_arn(arn, &row.text(15)?, run)),
            },
            events_max: events_max(row.opt_int(17)?),
        })
    })?)
}

/// What is needed to fold an execution, besides its journal; `None` if there never was one.
pub(super) fn load(tx: &Tx<'_>, id: i64) -> Result<Option<Loaded>, Error> {
    struct Columns {
        home: String,
        machine_name: String,
        name: String,
        input: String,
        started: i64,
        revision: i64,
        definition: String,
        kind: i64,
        role_arn: String,
        status: ExecutionStatus,
        logging: String,
        version: Option<i64>,
        alias: Option<String>,
        map_child: Option<MapChild>,
        events_max: u64,
        trace_header: Option<String>,
    }
    let sql = "SELECT m.home, m.name, e.name, e.input, e.started, e.revision, r.definition, m.kind, r.role_arn, e.status,
               r.logging, e.version, e.alias, p.execution, p.frame, p.started_event, e.map_index, e.map_items,
               e.events_max, e.trace_header
               FROM execution e JOIN state_machine m ON m.id = e.machine
               JOIN state_machine_revision r ON r.id = e.revision
               LEFT JOIN map_run p ON p.id = e.map_run WHERE e.id = ?1";
    let columns = tx.query_one(sql, &[id.into()], |row| {
        Ok(Columns {
            home: row.text(0)?,
            machine_name: row.text(1)?,
            name: row.text(2)?,
            input: row.text(3)?,
            started: row.int(4)?,
            revision: row.int(5)?,
            definition: row.text(6)?,
            kind: row.int(7)?,
            role_arn: row.text(8)?,
            status: status_of(row.int(9)?)?,
            logging: row.text(10)?,
            version: row.opt_int(11)?,
            alias: row.opt_text(12)?,
            map_child: match row.opt_int(13)? {
                None => None,
                Some(parent) => {
                    Some(MapChild::read(parent, [row.int(14)?, row.int(15)?], [row.int(16)?, row.int(17)?]))
                }
            },
            events_max: events_max(row.opt_int(18)?),
            trace_header: row.opt_text(19)?,
        })
    })?;
    let Some(columns) = columns else { return Ok(None) };
    let home = home_of(&columns.home)?;
    // One that is gone keeps its row under its name and id; no name has a colon.
    let machine_name = columns.machine_name.split(':').next().unwrap_or_default();
    let machine = StateMachineArn::new(&home, machine_name);
    let input = Payload::from_text(columns.input).map_err(|error| Error::Corrupt(error.to_string()))?;
    let arn = ExecutionArn::of(&home, machine_name, &columns.name);
    // A Map's children are like their parent.
    let tagged = StateMachineArn { label: None, ..machine.clone() };
    let express_history = tags::wishes(tx, &tagged.to_string())?.express_history;
    let start = ExecutionStart {
        arn: arn.to_string().into(),
        name: arn.name,
        input,
        role_arn: columns.role_arn.into(),
        version_arn: columns.version.map(|number| format!("{machine}:{number}").into()),
        alias_arn: columns.alias.map(|name| format!("{machine}:{name}").into()),
        state_machine_arn: machine.to_string().into(),
        state_machine_name: machine_name.into(),
        region: Arc::from(home.region.as_str()),
        started: Timestamp::from_millis(columns.started),
        is_synchronous: false,
    };
    Ok(Some(Loaded {
        status: columns.status,
        home,
        start,
        revision: columns.revision,
        definition: columns.definition,
        kind: kind_of(columns.kind),
        logging: logging_of(&columns.logging)?,
        trace_header: columns.trace_header.map(Into::into),
        map_child: columns.map_child,
        events_max: columns.events_max,
        express_history,
    }))
}
