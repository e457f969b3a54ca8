//! What was found of stacks' drift: of each, the newest.

use serde_json::{Map, Value};

use super::{DRIFTS, key};
use crate::id::AccountRegion;
use crate::stack::error::Error;
use crate::stack::model::{Drift, DriftStatus, ResourceDrift};
use crate::store::{self, Param, Record as _, Row, Store, Stored, Tx, Unreadable, record};

record! {
    /// A stack's drift.
    pub(super) struct DriftV1 of Drift {
        "id" id: String,
        "stack" stack: String,
        "time" time: i64,
        "resources" resources: Vec<ResourceDriftV1>,
        "failures" failures: Vec<String>,
    }

    /// A resource's drift.
    struct ResourceDriftV1 of ResourceDrift {
        "logical_id" logical_id: String,
        "physical_id" physical_id: String,
        "kind" kind: String,
        "status" status: String,
        "expected" expected: Map<String, Value>,
        "actual" actual: Map<String, Value>,
        "differences" differences: Vec<Map<String, Value>>,
        "time" time: i64,
    }
}

impl Stored<String> for DriftStatus {
    fn to_stored(&self) -> String {
        self.as_str().to_owned()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        Self::parse(&form).ok_or(Unreadable { what: "drift", value: form })
    }
}

/// Keeps what was found, in the place of what was found before, while the stack is there. At most `n_max` are kept of all
/// stacks: any other goes.
pub(in super::super) async fn save_drift(
    store: &Store,
    home: &AccountRegion,
    drift: &Drift,
    n_max: i64,
) -> Result<(), Error> {
    let (home, stack, text) = (key(home), drift.stack.clone(), drift.encode()?);
    let written = store.write(move |tx| {
        let sql = "SELECT stack FROM stack_drift WHERE NOT (home = ?1 AND stack = ?2) ORDER BY home, stack LIMIT 1 OFFSET ?3";
        let row = [Param::Text(&home), Param::Text(&stack), Param::Int(n_max - 1)];
        let other: Option<String> = tx.query_one(sql, &row, |row| row.text(0))?;
        if let Some(other) = other {
            tx.execute("DELETE FROM stack_drift WHERE stack = ?1", &[Param::Text(&other)])?;
        }
        let sealed = tx.seal(&DRIFTS, &[&home, &stack], text.as_bytes())?;
        let sql = "INSERT INTO stack_drift (home, stack, sealed) VALUES (?1, ?2, ?3)
                   ON CONFLICT (home, stack) DO UPDATE SET sealed = excluded.sealed";
        tx.execute(sql, &[Param::Text(&home), Param::Text(&stack), Param::Blob(&sealed)])?;
        Ok::<_, store::Error>(())
    });
    Ok(written.await?)
}

/// All that is kept.
pub(in super::super) async fn drifts(store: &Store) -> Result<Vec<Drift>, Error> {
    let texts = store.read(|tx| {
        let read = |row: &Row<'_>| Ok::<_, store::Error>((row.text(0)?, row.text(1)?, row.blob(2)?));
        let rows = tx.query("SELECT home, stack, sealed FROM stack_drift ORDER BY home, stack", &[], read)?;
        rows.iter().map(|(home, stack, sealed)| tx.unseal(&DRIFTS, &[home, stack], sealed)).collect()
    });
    let texts: Vec<Vec<u8>> = texts.await?;
    texts.iter().map(|text| Ok(Drift::decode(text)?)).collect()
}

/// Forgets what was found of a stack.
pub(super) fn drop_drift(tx: &Tx<'_>, home: &str, stack: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM stack_drift WHERE home = ?1 AND stack = ?2";
    tx.execute(sql, &[Param::Text(home), Param::Text(stack)]).map(drop)
}
