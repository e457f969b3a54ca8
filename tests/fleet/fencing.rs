//! Watches, in the database itself, that nothing is written but by who may.
//!
//! Triggers note each change of a fencing number's row, in the order in which these are committed, and which transaction wrote
//! anything of executions. A transaction that wrote must have checked a fencing number; and who checks a number must be the
//! process that has it: not one whose number was raised by another.

use std::collections::{BTreeMap, BTreeSet};

use crate::nodes::Fleet;

const WATCH: &str = "
CREATE SEQUENCE watch_order;
CREATE TABLE watch_fence (n BIGINT, node BIGINT, before BIGINT, after BIGINT, process TEXT, holder TEXT, tx BIGINT);
CREATE TABLE watch_write (tx BIGINT, process TEXT);
CREATE FUNCTION watch_fence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    -- Under the row's lock, so this is the order of the commits.
    INSERT INTO watch_fence VALUES (nextval('watch_order'), NEW.node, OLD.fence, NEW.fence,
        current_setting('application_name'),
        CASE WHEN OLD.fence <> NEW.fence THEN (SELECT name FROM store_lease WHERE node = NEW.node AND holder <> '') END,
        txid_current());
    RETURN NULL;
END $$;
CREATE FUNCTION watch_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO watch_write VALUES (txid_current(), current_setting('application_name'));
    RETURN NULL;
END $$;
CREATE TRIGGER watch AFTER UPDATE ON store_fence FOR EACH ROW EXECUTE FUNCTION watch_fence();
CREATE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON execution FOR EACH STATEMENT EXECUTE FUNCTION watch_write();
CREATE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON journal FOR EACH STATEMENT EXECUTE FUNCTION watch_write();
CREATE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON timer FOR EACH STATEMENT EXECUTE FUNCTION watch_write();
CREATE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON task FOR EACH STATEMENT EXECUTE FUNCTION watch_write();
GRANT ALL ON watch_fence, watch_write, watch_order TO node;
";

/// Begins to watch; no node writes before that has been done.
pub(crate) fn watch(fleet: &Fleet) {
    fleet.sql(WATCH);
}

/// Checks what was watched, and forgets all but who has which number.
pub(crate) fn check(fleet: &Fleet) -> Vec<String> {
    let mut problems = Vec::new();
    let unchecked = fleet.sql(
        "SELECT DISTINCT w.process FROM watch_write w
         WHERE NOT EXISTS (SELECT 1 FROM watch_fence f WHERE f.tx = w.tx AND f.process = w.process)",
    );
    if !unchecked.is_empty() {
        problems.push(format!("{unchecked} wrote without a check of the fencing number"));
    }
    let rows =
        fleet.sql("SELECT node, before, after, process, COALESCE(holder, '') FROM watch_fence ORDER BY n");
    let mut owners: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut raised = BTreeSet::new();
    for row in rows.lines() {
        let columns: Vec<&str> = row.split('|').collect();
        let [node, before, after, process, holder] = columns[..] else { panic!("{row}") };
        if before != after {
            // A process raises its own number when it comes, or connects again; who raises another's takes over.
            let is_own = !holder.is_empty() && process.starts_with(&format!("{holder}-"));
            owners.insert(node.to_owned(), is_own.then(|| process.to_owned()));
            raised.insert(node.to_owned());
        } else if owners.get(node).is_some_and(|owner| owner.as_deref() != Some(process)) {
            problems.push(format!("{process} wrote as node {node}, which {:?} is", owners[node]));
        }
    }
    problems
}
