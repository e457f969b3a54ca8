//! How far the shards of streams have been read.

use super::StartingPosition;
use crate::functions::control::Functions;
use crate::functions::error::Error;
use crate::store::{Param, Record, Tx, record};

/// How far a shard has been read for a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    pub(super) shard: String,
    /// Where its reading begins if nothing has been handled yet.
    pub(super) position: StartingPosition,
    /// The last record that needs not be read again.
    pub(super) sequence: Option<String>,
    /// Whether the shard is closed and was read to its end.
    pub(super) is_finished: bool,
}

record! {
    /// How far a shard has been read.
    pub(super) struct CheckpointV1 of Checkpoint {
        "shard" shard: String,
        "position" position: (String, Option<i64>),
        "sequence" sequence: Option<String>,
        "is_finished" is_finished: bool,
    }
}

/// What is known of the shards of a mapping.
fn all(tx: &Tx<'_>, source: &str) -> Result<Vec<Checkpoint>, Error> {
    let sql = "SELECT record FROM function_checkpoint WHERE source = ?1 ORDER BY shard";
    let rows = tx.query(sql, &[Param::Text(source)], |row| row.text(0))?;
    rows.iter().map(|record| Ok(Checkpoint::decode(record.as_bytes())?)).collect()
}

fn put(tx: &Tx<'_>, source: &str, checkpoint: &Checkpoint) -> Result<(), Error> {
    let record = checkpoint.encode()?;
    let sql = "INSERT INTO function_checkpoint (source, shard, record) VALUES (?1, ?2, ?3)
               ON CONFLICT (source, shard) DO UPDATE SET record = excluded.record";
    tx.execute(sql, &[source, &checkpoint.shard, &record].map(Param::Text))?;
    Ok(())
}

/// Whether a mapping is still there: one that is gone leaves nothing behind.
fn is_there(tx: &Tx<'_>, source: &str) -> Result<bool, Error> {
    let sql = "SELECT id FROM function_source WHERE id = ?1";
    Ok(tx.query_one(sql, &[Param::Text(source)], |row| row.text(0))?.is_some())
}

/// Forgets all of a mapping.
pub(super) fn forget(tx: &Tx<'_>, source: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM function_checkpoint WHERE source = ?1", &[Param::Text(source)])?;
    Ok(())
}

impl Functions {
    pub(super) async fn checkpoints(&self, source: &str) -> Result<Vec<Checkpoint>, Error> {
        let source = source.to_owned();
        self.inner.store.read(move |tx| all(tx, &source)).await
    }

    /// Keeps these, and forgets those of shards that are no more.
    pub(super) async fn keep_checkpoints(
        &self,
        source: &str,
        kept: Vec<Checkpoint>,
        gone: Vec<String>,
    ) -> Result<(), Error> {
        let source = source.to_owned();
        let written = self.inner.store.write(move |tx| {
            if !is_there(tx, &source)? {
                return Ok(());
            }
            for shard in &gone {
                let sql = "DELETE FROM function_checkpoint WHERE source = ?1 AND shard = ?2";
                tx.execute(sql, &[source.as_str(), shard].map(Param::Text))?;
            }
            kept.iter().try_for_each(|checkpoint| put(tx, &source, checkpoint))
        });
        written.await
    }
}
