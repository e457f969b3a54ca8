//! What a stack is made of, as stored: the base that the next template is compared with.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::Error;
use super::intrinsic::Attributes;
use super::kind::Kind;
use crate::id::AccountRegion;
use crate::store::{self, Param, Store};

/// The room's tables.
const SCHEMA: &[&str] = &["CREATE TABLE stack (
    home TEXT NOT NULL,
    name TEXT NOT NULL,
    resources TEXT NOT NULL,
    PRIMARY KEY (home, name)
)"];

/// One resource of a stack: what it was made from and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) logical_id: String,
    #[serde(with = "kind_name")]
    pub(super) kind: Kind,
    pub(super) properties: Map<String, Value>,
    pub(super) attributes: Attributes,
    #[serde(default)]
    pub(super) retention: Retention,
}

/// When the resource outlives its place in the stack: `DeletionPolicy` and `UpdateReplacePolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retention {
    pub(super) on_delete: bool,
    pub(super) on_replace: bool,
}

mod kind_name {
    //! A kind is stored under its name in templates.

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Kind;

    pub(super) fn serialize<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(kind.type_name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
        let name = String::deserialize(deserializer)?;
        Kind::parse(&name).ok_or_else(|| D::Error::custom(format!("unknown resource type {name}")))
    }
}

/// Declares the tables.
pub(super) fn migrate(store: &Store) -> Result<(), store::Error> {
    store.migrate("stack", SCHEMA)
}

/// The stack's resources in the order they were made; `None` if there is no such stack.
pub(super) async fn load(
    store: &Store,
    home: &AccountRegion,
    name: &str,
) -> Result<Option<Vec<Made>>, Error> {
    let (home, name) = (key(home), name.to_owned());
    let text: Option<String> = store
        .read(move |tx| {
            let sql = "SELECT resources FROM stack WHERE home = ?1 AND name = ?2";
            tx.query_one(sql, &[Param::Text(&home), Param::Text(&name)], |row| row.text(0))
        })
        .await?;
    let Some(text) = text else { return Ok(None) };
    let made = serde_json::from_str(&text);
    made.map(Some).map_err(|error| Error::at("the stored stack", error.to_string()))
}

/// Replaces the stack's record.
pub(super) async fn save(
    store: &Store,
    home: &AccountRegion,
    name: &str,
    made: &[Made],
) -> Result<(), Error> {
    let text = serde_json::to_string(made).map_err(|error| Error::at("the stack", error.to_string()))?;
    let (home, name) = (key(home), name.to_owned());
    store
        .write(move |tx| {
            let sql = "INSERT INTO stack (home, name, resources) VALUES (?1, ?2, ?3)
                       ON CONFLICT (home, name) DO UPDATE SET resources = excluded.resources";
            tx.execute(sql, &[Param::Text(&home), Param::Text(&name), Param::Text(&text)])?;
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

fn key(home: &AccountRegion) -> String {
    format!("{}/{}", home.account, home.region)
}
