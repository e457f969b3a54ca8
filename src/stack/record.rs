//! What a stack is made of, as stored: the base that the next template is compared with.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::Error;
use super::intrinsic::Attributes;
use super::kind::Kind;
use crate::id::AccountRegion;
use crate::store::{
    self, Param, Record as _, Row, SealedColumn, Step, Store, Stored, Tx, Unreadable, record, records,
};

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
];

/// Where resources are: values of API keys are among their properties.
pub(super) const RESOURCES: SealedColumn =
    SealedColumn { table: "stack", column: "sealed", key: &["home", "name"], lookup: None };

/// One resource of a stack: what it was made from and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) logical_id: String,
    pub(super) kind: Kind,
    pub(super) properties: Map<String, Value>,
    pub(super) attributes: Attributes,
    pub(super) retention: Retention,
}

/// When the resource outlives its place in the stack: `DeletionPolicy` and `UpdateReplacePolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Retention {
    pub(super) on_delete: bool,
    pub(super) on_replace: bool,
}

/// What a stack is made of, in the order it was made.
pub(super) struct Resources(Vec<Made>);

records! {
    /// All kinds.
    pub(super) const RECORDS;
    Resources, "cloudformation resources": now 1 => Vec<MadeV1>;
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
        self.type_name().to_owned()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        Self::parse(&form).ok_or(Unreadable { what: "resource type", value: form })
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

/// Replaces the stack's record.
pub(super) async fn save(
    store: &Store,
    home: &AccountRegion,
    name: &str,
    made: &[Made],
) -> Result<(), Error> {
    let text = Resources(made.to_vec()).encode()?;
    let (home, name) = (key(home), name.to_owned());
    store
        .write(move |tx| {
            let sealed = tx.seal(&RESOURCES, &[&home, &name], text.as_bytes())?;
            let sql = "INSERT INTO stack (home, name, sealed) VALUES (?1, ?2, ?3)
                       ON CONFLICT (home, name) DO UPDATE SET sealed = excluded.sealed";
            tx.execute(sql, &[Param::Text(&home), Param::Text(&name), Param::Blob(&sealed)])?;
            Ok::<_, store::Error>(())
        })
        .await?;
    Ok(())
}

/// True if any stack was ever applied in this store.
pub(super) async fn any(store: &Store) -> Result<bool, Error> {
    let one = store.read(|tx| tx.query_one("SELECT 1 FROM stack LIMIT 1", &[], |row| row.int(0))).await?;
    Ok(one.is_some())
}

/// What all stacks export, by name.
pub(super) async fn exports(store: &Store, home: &AccountRegion) -> Result<BTreeMap<String, String>, Error> {
    let home = key(home);
    let pairs = store
        .read(move |tx| {
            let sql = "SELECT name, value FROM stack_export WHERE home = ?1";
            tx.query(sql, &[Param::Text(&home)], |row| Ok((row.text(0)?, row.text(1)?)))
        })
        .await?;
    Ok(pairs.into_iter().collect())
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

/// Makes `exports` what stack `name` exports.
pub(super) async fn save_exports(
    store: &Store,
    home: &AccountRegion,
    name: &str,
    exports: BTreeMap<String, String>,
) -> Result<(), Error> {
    let (home, name) = (key(home), name.to_owned());
    store
        .write(move |tx| {
            let sql = "DELETE FROM stack_export WHERE home = ?1 AND stack = ?2";
            tx.execute(sql, &[Param::Text(&home), Param::Text(&name)])?;
            for (export, value) in &exports {
                let sql = "INSERT INTO stack_export (home, name, stack, value) VALUES (?1, ?2, ?3, ?4)";
                let row = [&home, export, &name, value].map(|text| Param::Text(text));
                tx.execute(sql, &row)?;
            }
            Ok::<_, store::Error>(())
        })
        .await?;
    Ok(())
}

fn key(home: &AccountRegion) -> String {
    format!("{}/{}", home.account, home.region)
}
