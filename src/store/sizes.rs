//! How much each table takes, for people who look.

use super::{Error, Tx};

/// What a table takes, with its indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub name: String,
    /// In bytes.
    pub bytes: u64,
}

// Reads every page of the database.
const SQLITE: &str = "SELECT COALESCE(s.tbl_name, d.name), SUM(d.pgsize) FROM dbstat d \
                      LEFT JOIN sqlite_schema s ON s.name = d.name WHERE d.aggregate = 1 \
                      GROUP BY 1 ORDER BY 2 DESC, 1";
const POSTGRES: &str = "SELECT relname::TEXT, pg_total_relation_size(oid)::BIGINT FROM pg_class \
                        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY 2 DESC, 1";

/// All tables, the largest first.
pub(super) fn sizes(tx: &Tx<'_>) -> Result<Vec<TableSize>, Error> {
    let sql = if tx.is_on_server() { POSTGRES } else { SQLITE };
    tx.query(sql, &[], |row| {
        let bytes = u64::try_from(row.int(1)?).unwrap_or(0);
        Ok(TableSize { name: row.text(0)?, bytes })
    })
}
