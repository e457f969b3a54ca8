//! `stepgate nodes`: the nodes that share a database, as one of them tells.

use std::process::ExitCode;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::arguments::Nodes;
use super::output;
use super::remote::{Remote, block_on};

/// The server's answer.
#[derive(Debug, Deserialize)]
struct Answer {
    nodes: Vec<Node>,
}

/// A node.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    number: i64,
    name: String,
    version: String,
    joined: String,
    is_open: bool,
    lease_ms: i64,
    shards: Vec<i64>,
    late_timers: i64,
    calls: i64,
    oldest_late_ms: i64,
}

pub(super) fn run(arguments: &Nodes) -> anyhow::Result<ExitCode> {
    let remote = Remote { endpoint: &arguments.endpoint };
    let request = remote.request(Method::GET, "/_stepgate/nodes", "iam", &[], Bytes::new())?;
    let answer = block_on(remote.send(request))?;
    if !answer.status.is_success() {
        match answer.refusal() {
            Some((kind, message)) => bail!("the server refused: {kind}: {message}"),
            None => bail!("{} is no Stepgate server: it answered {}", arguments.endpoint, answer.status),
        }
    }
    let no_server = || format!("{} is no Stepgate server", arguments.endpoint);
    if arguments.json {
        let all: Value = serde_json::from_slice(&answer.body).with_context(no_server)?;
        output::line(&serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    let Answer { nodes } = serde_json::from_slice(&answer.body).with_context(no_server)?;
    if nodes.is_empty() {
        output::line("this server shares its data with no other: [store] url isn't set");
        return Ok(ExitCode::SUCCESS);
    }
    table(&nodes).iter().for_each(|line| output::line(line));
    Ok(ExitCode::SUCCESS)
}

/// A line for each node, in columns.
fn table(nodes: &[Node]) -> Vec<String> {
    let header =
        ["NODE", "NAME", "VERSION", "SINCE", "LEASE", "SHARDS", "CALLS", "LATE TIMERS"].map(String::from);
    let row = |node: &Node| {
        let lease = match (node.lease_ms, node.is_open) {
            (ms, _) if ms < 0 => "run out".to_owned(),
            (_, false) => "opening".to_owned(),
            (ms, true) => format!("{:.1} s", ms as f64 / 1000.0),
        };
        let late = match node.late_timers {
            0 => "0".to_owned(),
            n => format!("{n}, by {:.1} s", node.oldest_late_ms as f64 / 1000.0),
        };
        [
            node.number.to_string(),
            node.name.clone(),
            node.version.clone(),
            node.joined.clone(),
            lease,
            node.shards.len().to_string(),
            node.calls.to_string(),
            late,
        ]
    };
    let rows: Vec<[String; 8]> = std::iter::once(header).chain(nodes.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..8).map(width).collect();
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_stand_in_columns() {
        let node = |number, name: &str, late_timers| Node {
            number,
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            joined: "2026-12-01T00:00:00Z".to_owned(),
            is_open: number == 1,
            lease_ms: 8_400,
            shards: (0..32).collect(),
            late_timers,
            calls: 3,
            oldest_late_ms: 1_500,
        };
        let lines = table(&[node(1, "a", 0), node(2, "longer", 7)]);
        assert_eq!(
            lines[0],
            "NODE  NAME    VERSION  SINCE                 LEASE    SHARDS  CALLS  LATE TIMERS"
        );
        assert_eq!(lines[1], "1     a       1.0.0    2026-12-01T00:00:00Z  8.4 s    32      3      0");
        assert_eq!(
            lines[2],
            "2     longer  1.0.0    2026-12-01T00:00:00Z  opening  32      3      7, by 1.5 s"
        );
    }
}
