//! Rows of tasks: what no worker has yet, and calls under way.

use super::machine::TaskRun;
use super::{Error, journal};
use crate::store::{Param, Tx};

/// A task that waits for a worker, or for its call.
pub(super) fn write_task(
    tx: &Tx<'_>,
    id: i64,
    row: i64,
    activity: Option<i64>,
    run: &TaskRun,
) -> Result<(), Error> {
    let [frame, scheduled] = journal::task_columns(run.task);
    let sql =
        "INSERT INTO task (id, execution, frame, scheduled, activity, token, input, credentials_role, shard)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let params = [
        row.into(),
        id.into(),
        frame.into(),
        scheduled.into(),
        activity.into(),
        Param::Text(&run.token),
        Param::Text(run.input.text()),
        run.credentials_role.as_deref().into(),
        tx.shard(id)?.into(),
    ];
    tx.put(sql, &params)?;
    Ok(())
}

/// The attempt is over, handed out, or taken by a service.
pub(super) fn remove_task(tx: &Tx<'_>, id: i64, frame: i64, scheduled: i64) -> Result<(), Error> {
    let sql = "DELETE FROM task WHERE execution = ?1 AND frame = ?2 AND scheduled = ?3";
    tx.put(sql, &[id.into(), frame.into(), scheduled.into()])?;
    Ok(())
}
