//! What a stack is made of, as stored: the base that the next template is compared with.

mod change_sets;
mod drifts;
mod forms;
mod heads;
mod journal;
mod requests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::Error;
use super::intrinsic::Attributes;
use super::kind::Kind;
use super::model::{ChangeSet, Drift, Event, Head, Made, Progress, Request, Retention, Shown, Work};
use crate::id::AccountRegion;
use crate::store::{
    self, Param, Record as _, Row, SealedColumn, Step, Store, Stored, Tx, Unreadable, record, records,
};

use self::drifts::DriftV1;
use self::forms::{ChangeSetV1, EventV1, HeadV1, ProgressV1, RequestV1, ShownV1, WorkV1};

pub(super) use self::change_sets::{change_set, change_sets, drop_change_set, save_change_set};
pub(super) use self::drifts::{drifts, save_drift};
pub(super) use self::heads::{adopt, all, begin, find, importers, imports, put, unfinished, work};
#[cfg(test)]
pub(super) use self::journal::EVENTS_MAX;
pub(super) use self::journal::{Commit, End, Noted, commit, events, save_exports, shown};
pub use self::requests::Answered;
pub(super) use self::requests::{HANDLE, SIGNALLED, answer, note_sent, request, request_by_id, save_request};

/// The room's tables.
const SCHEMA: &[Step] = &[
    Step::Sql(
        "CREATE TABLE stack (
    home TEXT NOT NULL,
    name TEXT NOT NULL,
    resources TEXT NOT NULL,
    PRIMARY KEY (home, name)
)",
    ),
    Step::Sql("ALTER TABLE stack ADD COLUMN sealed BLOB"),
    Step::Run(seal_all),
    Step::Sql(
        "CREATE TABLE stack_export (
    home TEXT NOT NULL,
    name TEXT NOT NULL,
    stack TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (home, name)
)",
    ),
    Step::Sql(
        "CREATE TABLE stack_head (
    home TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    is_gone INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (home, id)
);
CREATE INDEX stack_head_name ON stack_head (home, name);
CREATE TABLE stack_work (
    home TEXT NOT NULL,
    stack TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (home, stack)
);
CREATE TABLE stack_progress (
    home TEXT NOT NULL,
    stack TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (home, stack)
);
CREATE TABLE stack_event (
    home TEXT NOT NULL,
    stack TEXT NOT NULL,
    number TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (home, stack, number)
);
CREATE TABLE stack_resource (
    home TEXT NOT NULL,
    stack TEXT NOT NULL,
    logical_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    PRIMARY KEY (home, stack, logical_id)
);
CREATE TABLE stack_change_set (
    home TEXT NOT NULL,
    stack TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (home, stack, name)
);
CREATE TABLE stack_import (
    home TEXT NOT NULL,
    export TEXT NOT NULL,
    stack TEXT NOT NULL,
    PRIMARY KEY (home, export, stack)
)",
    ),
    Step::Sql(
        "CREATE TABLE stack_request (
    home TEXT NOT NULL,
    id TEXT NOT NULL,
    stack TEXT NOT NULL,
    logical_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (home, id)
);
CREATE INDEX stack_request_resource ON stack_request (home, stack, logical_id);
CREATE INDEX stack_request_id ON stack_request (id)",
    ),
    Step::Sql(
        "CREATE TABLE stack_drift (
    home TEXT NOT NULL,
    stack TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (home, stack)
)",
    ),
];

/// Where resources are: values of API keys are among their properties.
pub(super) const RESOURCES: SealedColumn =
    SealedColumn { table: "stack", column: "sealed", key: &["home", "name"], lookup: None };
/// What was asked for: values of parameters may be secrets.
pub(super) const HEADS: SealedColumn =
    SealedColumn { table: "stack_head", column: "sealed", key: &["home", "id"], lookup: None };
/// The same of what is being done, with the resources before.
pub(super) const WORKS: SealedColumn =
    SealedColumn { table: "stack_work", column: "sealed", key: &["home", "stack"], lookup: None };
/// Resources that are to be removed, with their properties.
pub(super) const PROGRESS: SealedColumn =
    SealedColumn { table: "stack_progress", column: "sealed", key: &["home", "stack"], lookup: None };
/// Events have properties of resources.
pub(super) const EVENTS: SealedColumn =
    SealedColumn { table: "stack_event", column: "sealed", key: &["home", "stack", "number"], lookup: None };
/// Change sets have what was asked for.
pub(super) const CHANGE_SETS: SealedColumn = SealedColumn {
    table: "stack_change_set",
    column: "sealed",
    key: &["home", "stack", "name"],
    lookup: None,
};

/// What custom resources' functions were asked: whoever knows the secret may answer, and answers may be secrets.
pub(super) const REQUESTS: SealedColumn =
    SealedColumn { table: "stack_request", column: "sealed", key: &["home", "id"], lookup: None };

/// Drifts have properties, as templates and as services say them.
pub(super) const DRIFTS: SealedColumn =
    SealedColumn { table: "stack_drift", column: "sealed", key: &["home", "stack"], lookup: None };

/// What a stack is made of, in the order it was made.
pub(super) struct Resources(Vec<Made>);

records! {
    /// All kinds.
    pub(super) const RECORDS;
    Resources, "cloudformation resources": now 1 => Vec<MadeV1>;
    Head, "cloudformation stack": now 1 => HeadV1;
    Work, "cloudformation work": now 1 => WorkV1;
    Progress, "cloudformation progress": now 1 => ProgressV1;
    Event, "cloudformation event": now 1 => EventV1;
    Shown, "cloudformation resource": now 1 => ShownV1;
    ChangeSet, "cloudformation change set": now 1 => ChangeSetV1;
    Request, "cloudformation custom resource request": now 1 => RequestV1;
    Drift, "cloudformation drift": now 1 => DriftV1;
}

record! {
    /// A resource.
    pub(super) struct MadeV1 of Made {
        "logical_id" logical_id: String,
        "kind" kind: String,
        "properties" properties: Map<String, Value>,
        "attributes" attributes: AttributesV1,
        #[serde(default)]
        "retention" retention: RetentionV1,
    }

    /// What a resource answers to `Ref` and `Fn::GetAtt`.
    struct AttributesV1 of Attributes {
        "reference" reference: String,
        "attributes" attributes: BTreeMap<String, String>,
    }

    /// When a resource outlives its place in the stack.
    #[derive(Default)]
    struct RetentionV1 of Retention {
        "on_delete" on_delete: bool,
        "on_replace" on_replace: bool,
    }
}

impl Stored<Vec<MadeV1>> for Resources {
    fn to_stored(&self) -> Vec<MadeV1> {
        self.0.to_stored()
    }

    fn from_stored(form: Vec<MadeV1>) -> Result<Self, Unreadable> {
        Vec::from_stored(form).map(Self)
    }
}

/// A kind is stored under its name in templates.
impl Stored<String> for Kind {
    fn to_stored(&self) -> String {
        self.stored_name()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        Self::of_stored(&form).ok_or(Unreadable { what: "resource type", value: form })
    }
}

/// Encrypts resources that an earlier version has stored in plain text.
fn seal_all(tx: &Tx<'_>) -> Result<(), store::Error> {
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?));
    for (home, name, resources) in tx.query("SELECT home, name, resources FROM stack", &[], read)? {
        let sealed = tx.seal(&RESOURCES, &[&home, &name], resources.as_bytes())?;
        let sql = "UPDATE stack SET sealed = ?3 WHERE home = ?1 AND name = ?2";
        tx.execute(sql, &[Param::Text(&home), Param::Text(&name), Param::Blob(&sealed)])?;
    }
    tx.execute("ALTER TABLE stack DROP COLUMN resources", &[])?;
    Ok(())
}

/// Declares the tables.
pub(super) fn migrate(store: &Store) -> Result<(), store::Error> {
    store.migrate("stack", SCHEMA)?;
    store.declare(RECORDS)
}

/// The stack's resources in the order they were made; `None` if there is no such stack.
pub(super) async fn load(
    store: &Store,
    home: &AccountRegion,
    name: &str,
) -> Result<Option<Vec<Made>>, Error> {
    let (home, name) = (key(home), name.to_owned());
    let text: Option<Vec<u8>> = store
        .read(move |tx| {
            let sql = "SELECT sealed FROM stack WHERE home = ?1 AND name = ?2";
            let sealed = tx.query_one(sql, &[Param::Text(&home), Param::Text(&name)], |row| row.blob(0))?;
            sealed.map(|sealed| tx.unseal(&RESOURCES, &[&home, &name], &sealed)).transpose()
        })
        .await?;
    let Some(text) = text else { return Ok(None) };
    let Resources(made) = Resources::decode(&text)?;
    Ok(Some(made))
}

/// True if any stack was ever applied in this store.
pub(super) async fn any(store: &Store) -> Result<bool, Error> {
    let one = store.read(|tx| tx.query_one("SELECT 1 FROM stack LIMIT 1", &[], |row| row.int(0))).await?;
    Ok(one.is_some())
}

/// What all stacks export, by name.
pub(super) async fn exports(store: &Store, home: &AccountRegion) -> Result<BTreeMap<String, String>, Error> {
    let exported = exported(store, home).await?.into_iter();
    Ok(exported.map(|Exported { name, value, .. }| (name, value)).collect())
}

/// A value that a stack exports.
pub(super) struct Exported {
    pub(super) name: String,
    pub(super) stack: String,
    pub(super) value: String,
}

/// What all stacks export, in the order of the names.
pub(super) async fn exported(store: &Store, home: &AccountRegion) -> Result<Vec<Exported>, Error> {
    let home = key(home);
    let all = store.read(move |tx| {
        let sql = "SELECT name, stack, value FROM stack_export WHERE home = ?1 ORDER BY name";
        let read =
            |row: &Row<'_>| Ok(Exported { name: row.text(0)?, stack: row.text(1)?, value: row.text(2)? });
        tx.query(sql, &[Param::Text(&home)], read)
    });
    Ok(all.await?)
}

/// Whether stack `name` may export all that: a name is exported once.
///
/// # Errors
/// [`Error::Template`] naming the stack that has the name.
pub(super) async fn check_exports(
    store: &Store,
    home: &AccountRegion,
    name: &str,
    exports: &BTreeMap<String, String>,
) -> Result<(), Error> {
    if exports.is_empty() {
        return Ok(());
    }
    let (home, name) = (key(home), name.to_owned());
    let others = store
        .read(move |tx| {
            let sql = "SELECT name, stack FROM stack_export WHERE home = ?1 AND stack <> ?2";
            tx.query(sql, &[Param::Text(&home), Param::Text(&name)], |row| Ok((row.text(0)?, row.text(1)?)))
        })
        .await?;
    match others.into_iter().find(|(export, _)| exports.contains_key(export)) {
        None => Ok(()),
        Some((export, stack)) => Err(Error::at(
            "Outputs",
            format!("Export with name {export} is already exported by stack {stack}"),
        )),
    }
}

fn key(home: &AccountRegion) -> String {
    format!("{}/{}", home.account, home.region)
}
