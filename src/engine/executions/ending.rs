//! The end of an execution, in its row and in the metrics.

use metrics::counter;

use super::super::Error;
use super::super::execution::Ending;
use super::status_code;
use crate::json::Payload;
use crate::meter;
use crate::store::Tx;

/// Writes how an execution has ended.
pub(in super::super) fn write_ending(tx: &Tx<'_>, id: i64, ending: &Ending) -> Result<(), Error> {
    let sql =
        "UPDATE execution SET status = ?2, stopped = ?3, output = ?4, error = ?5, cause = ?6 WHERE id = ?1";
    let params = [
        id.into(),
        status_code(ending.status).into(),
        ending.stopped.as_millis().into(),
        ending.output.as_ref().map(Payload::text).into(),
        ending.failure.error.as_deref().into(),
        ending.failure.cause.as_deref().into(),
    ];
    tx.put(sql, &params)?;
    Ok(())
}

/// Counts an execution that has ended.
pub(in super::super) fn count_ended(ending: &Ending) {
    counter!(meter::EXECUTIONS_ENDED, "status" => ending.status.as_str()).increment(1);
}
