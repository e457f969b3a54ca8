//! Asynchronous Express executions run at least once, as AWS promises: a start is on disk before it is answered, and what
//! the process had not seen end runs again, from its input and under its ARN, in the next one.
//!
//! A synchronous one has its caller, who learns that it is gone, and runs at most once.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::super::Error;
use super::super::execution::ExecutionStart;
use super::super::in_memory::InMemory;
use super::super::open::Engine;
use super::super::state_machines::{self, LoadedMachine, versions};
use crate::json::Payload;
use crate::store::{Param, Row, Tx};

/// Rows read at one time after a restart …
const READ_AT_ONCE: usize = 500;
/// … and executions of them that run at one time.
const AGAIN_AT_ONCE: usize = 1000;

/// A row.
struct Stored {
    row: i64,
    revision: i64,
    name: String,
    run: String,
    version: Option<i64>,
    alias: Option<String>,
    input: String,
    trace_header: Option<String>,
}

impl Engine {
    /// Writes that an execution has begun; answers its row once that is on disk.
    pub(super) async fn write_begun(
        &self,
        machine: &LoadedMachine,
        start: &ExecutionStart,
        trace_header: Option<String>,
    ) -> Result<i64, Error> {
        let row = self.inner.base.next_id()?;
        let run: Arc<str> = start.arn.rsplit(':').next().unwrap_or_default().into();
        let (revision, version, alias) = (machine.revision, machine.version, machine.alias.clone());
        let (name, input) = (start.name.clone(), start.input.clone());
        let insert = move |tx: &Tx<'_>| {
            let sql =
                "INSERT INTO express_begun (id, revision, name, run, version, alias, input, trace_header, shard)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            let params = [
                row.into(),
                revision.into(),
                Param::Text(&name),
                Param::Text(&run),
                version.map(versions::stored).into(),
                alias.as_deref().into(),
                Param::Text(input.text()),
                trace_header.as_deref().into(),
                tx.shard(row)?.into(),
            ];
            tx.execute(sql, &params)?;
            Ok::<_, Error>(())
        };
        self.inner.base.store.write_apart(insert).await?;
        Ok(row)
    }

    /// Runs an execution whose row is written to its end, and removes the row.
    pub(super) fn run_begun(&self, row: i64, run: InMemory) -> tokio::task::JoinHandle<()> {
        // Whoever started it finds it at once.
        run.keep(self);
        let engine = self.clone();
        tokio::spawn(async move {
            // What the process doesn't see end runs again in the next one.
            if engine.clone().run_counted(run).await.is_some() {
                engine.is_over(row);
            }
        })
    }

    fn is_over(&self, row: i64) {
        if !self.inner.express_over.push(row) {
            return;
        }
        let engine = self.clone();
        tokio::spawn(async move {
            while let Some(rows) = engine.inner.express_over.take() {
                let rows: Arc<[i64]> = rows.into();
                let removed = engine.inner.base.persist(0, || {
                    let rows = rows.clone();
                    engine.inner.base.store.write_apart(move |tx| {
                        for row in rows.iter() {
                            tx.execute("DELETE FROM express_begun WHERE id = ?1", &[(*row).into()])?;
                        }
                        Ok::<_, Error>(())
                    })
                });
                removed.await;
            }
        });
    }

    /// The rows of these shards.
    pub(in super::super) async fn interrupted_express(&self, shards: i64) -> Result<Vec<i64>, Error> {
        let read = self.inner.base.store.read(move |tx| {
            let sql =
                "SELECT id FROM express_begun WHERE ((?1 >> CAST(shard AS INTEGER)) & 1) = 1 ORDER BY id";
            Ok::<_, Error>(tx.query(sql, &[shards.into()], |row| row.int(0))?)
        });
        read.await
    }

    /// Runs again what was not seen to end by who ran it.
    pub(in super::super) async fn recover_express(&self, rows: Vec<i64>) {
        let turns = Arc::new(Semaphore::new(AGAIN_AT_ONCE));
        for rows in rows.chunks(READ_AT_ONCE) {
            let found = self
                .inner
                .base
                .persist(0, || {
                    let rows = rows.to_vec();
                    self.inner.base.store.read(move |tx| read(tx, &rows))
                })
                .await;
            for stored in found.unwrap_or_default() {
                let Ok(turn) = turns.clone().acquire_owned().await else { return };
                let row = stored.row;
                match self.begun_again(stored).await {
                    Ok(Some(run)) => {
                        let running = self.run_begun(row, run);
                        tokio::spawn(async move {
                            let _ended = running.await;
                            drop(turn);
                        });
                    }
                    // Its machine was deleted, and forgotten.
                    Ok(None) => self.is_over(row),
                    Err(error) => {
                        tracing::error!(%error, row, "an Express execution can't be run again");
                    }
                }
            }
        }
    }

    async fn begun_again(&self, stored: Stored) -> Result<Option<InMemory>, Error> {
        let revision = stored.revision;
        let found = self.inner.base.store.read(move |tx| state_machines::find_revision(tx, revision)).await?;
        let Some(found) = found else { return Ok(None) };
        let mut machine = self.inner.state_machines.loaded(found).await?;
        machine.version = stored.version.and_then(versions::number);
        machine.alias = stored.alias.map(Into::into);
        let input = Payload::from_text(stored.input).map_err(|error| Error::Corrupt(error.to_string()))?;
        Ok(Some(self.express_of(&machine, &stored.name, stored.run.into(), input, stored.trace_header)))
    }
}

fn read(tx: &Tx<'_>, rows: &[i64]) -> Result<Vec<Stored>, Error> {
    let sql = "SELECT id, revision, name, run, version, alias, input, trace_header FROM express_begun WHERE id = ?1";
    let stored = |row: &Row<'_>| {
        Ok(Stored {
            row: row.int(0)?,
            revision: row.int(1)?,
            name: row.text(2)?,
            run: row.text(3)?,
            version: row.opt_int(4)?,
            alias: row.opt_text(5)?,
            input: row.text(6)?,
            trace_header: row.opt_text(7)?,
        })
    };
    let found = rows.iter().map(|row| tx.query_one(sql, &[(*row).into()], stored));
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}
