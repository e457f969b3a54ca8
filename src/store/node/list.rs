//! What is known of the nodes that share a database.

use crate::{Error, Tx};

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Its number.
    pub number: i64,
    /// What it is called.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// When it came, in milliseconds since the epoch, by the database's time.
    pub joined_ms: i64,
    /// Whether everything of it is open.
    pub is_open: bool,
    /// How long its lease still lasts, in milliseconds; negative if it has run out.
    pub lease_ms: i64,
    /// Its shards.
    pub shards: Vec<i64>,
}

const NODES: &str = "SELECT node, name, version, joined, is_open,
    expires - CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)
    FROM store_lease WHERE holder <> '' ORDER BY node";

pub(crate) fn read(tx: &Tx<'_>) -> Result<Vec<NodeRow>, Error> {
    let mut nodes = tx.query(NODES, &[], |row| {
        Ok(NodeRow {
            number: row.int(0)?,
            name: row.text(1)?,
            version: row.text(2)?,
            joined_ms: row.int(3)?,
            is_open: row.int(4)? != 0,
            lease_ms: row.int(5)?,
            shards: Vec::new(),
        })
    })?;
    let sql = "SELECT shard, node FROM store_shard ORDER BY shard";
    for (shard, node) in tx.query(sql, &[], |row| Ok((row.int(0)?, row.int(1)?)))? {
        if let Some(node) = nodes.iter_mut().find(|it| it.number == node) {
            node.shards.push(shard);
        }
    }
    Ok(nodes)
}
