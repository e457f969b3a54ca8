//! The engine's tables.

/// Schema versions, oldest first. Keys are integers in the order of time; names stand in one narrow index.
/// Times are milliseconds since the epoch, statuses the numbers of `executions::status_code`.
pub(super) const STEPS: &[&str] = &[
    "
CREATE TABLE state_machine (
    id BIGINT PRIMARY KEY,
    home TEXT NOT NULL,
    name TEXT NOT NULL,
    kind BIGINT NOT NULL,
    created BIGINT NOT NULL,
    deleting BIGINT NOT NULL DEFAULT 0,
    revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX state_machine_name ON state_machine (home, name);
CREATE TABLE state_machine_revision (
    id BIGINT PRIMARY KEY,
    machine BIGINT NOT NULL,
    revision_id TEXT,
    definition TEXT NOT NULL,
    role_arn TEXT NOT NULL,
    logging TEXT NOT NULL,
    tracing BIGINT NOT NULL,
    updated BIGINT NOT NULL
);
CREATE TABLE execution (
    id INTEGER PRIMARY KEY,
    machine BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name TEXT NOT NULL,
    status BIGINT NOT NULL,
    started BIGINT NOT NULL,
    stopped BIGINT,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    cause TEXT,
    trace_header TEXT
);
CREATE UNIQUE INDEX execution_name ON execution (machine, name);
CREATE INDEX execution_status ON execution (machine, status, id);
CREATE TABLE journal (
    execution BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    first_event BIGINT NOT NULL,
    entries TEXT NOT NULL,
    PRIMARY KEY (execution, batch)
) WITHOUT ROWID;
CREATE TABLE timer (
    execution BIGINT NOT NULL,
    frame BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    stamp BIGINT NOT NULL,
    due BIGINT NOT NULL,
    PRIMARY KEY (execution, frame, kind, stamp)
) WITHOUT ROWID;
CREATE INDEX timer_due ON timer (due);
CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    execution BIGINT NOT NULL,
    frame BIGINT NOT NULL,
    scheduled BIGINT NOT NULL,
    activity BIGINT,
    token TEXT NOT NULL,
    input TEXT NOT NULL,
    credentials_role TEXT
);
CREATE UNIQUE INDEX task_key ON task (execution, frame, scheduled);
CREATE TABLE activity (
    id INTEGER PRIMARY KEY,
    home TEXT NOT NULL,
    name TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE UNIQUE INDEX activity_name ON activity (home, name);
CREATE TABLE tag (
    id INTEGER PRIMARY KEY,
    resource TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL
);
CREATE UNIQUE INDEX tag_key ON tag (resource, key);
",
    "
CREATE TABLE nested (
    parent BIGINT NOT NULL,
    frame BIGINT NOT NULL,
    scheduled BIGINT NOT NULL,
    child BIGINT NOT NULL,
    is_json BIGINT NOT NULL,
    is_orphan BIGINT NOT NULL,
    PRIMARY KEY (parent, frame, scheduled)
) WITHOUT ROWID;
CREATE INDEX nested_child ON nested (child);
",
    "
ALTER TABLE state_machine ADD COLUMN last_version BIGINT NOT NULL DEFAULT 0;
CREATE TABLE state_machine_version (
    machine BIGINT NOT NULL,
    version BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    description TEXT,
    created BIGINT NOT NULL,
    PRIMARY KEY (machine, version)
) WITHOUT ROWID;
CREATE UNIQUE INDEX state_machine_version_revision ON state_machine_version (machine, revision);
CREATE TABLE state_machine_alias (
    id BIGINT PRIMARY KEY,
    machine BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    routing TEXT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
);
CREATE UNIQUE INDEX state_machine_alias_name ON state_machine_alias (machine, name);
ALTER TABLE execution ADD COLUMN version BIGINT;
ALTER TABLE execution ADD COLUMN alias TEXT;
UPDATE state_machine_revision SET logging = REPLACE(logging, '\"destinations\":[]', '\"destinations\":null');
",
    "
ALTER TABLE execution ADD COLUMN redrive_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE execution ADD COLUMN redriven BIGINT;
CREATE TABLE redrive_token (
    execution BIGINT NOT NULL,
    token TEXT NOT NULL,
    redriven BIGINT NOT NULL,
    PRIMARY KEY (execution, token)
) WITHOUT ROWID;
",
    "ALTER TABLE state_machine ADD COLUMN publish TEXT",
    "
CREATE INDEX execution_version ON execution (machine, version, status, id) WHERE version IS NOT NULL;
CREATE INDEX execution_alias ON execution (machine, alias, status, id) WHERE alias IS NOT NULL;
",
    "
CREATE TABLE map_run (
    id INTEGER PRIMARY KEY,
    execution BIGINT NOT NULL,
    frame BIGINT NOT NULL,
    started_event BIGINT NOT NULL,
    machine BIGINT NOT NULL,
    run TEXT NOT NULL,
    status BIGINT NOT NULL,
    started BIGINT NOT NULL,
    stopped BIGINT,
    limits TEXT NOT NULL,
    batch TEXT NOT NULL,
    n_items BIGINT NOT NULL
);
CREATE UNIQUE INDEX map_run_key ON map_run (execution, frame, started_event);
CREATE UNIQUE INDEX map_run_run ON map_run (run);
CREATE INDEX map_run_machine ON map_run (machine);
CREATE INDEX map_run_running ON map_run (id) WHERE status = 0;
ALTER TABLE execution ADD COLUMN map_run BIGINT;
ALTER TABLE execution ADD COLUMN map_index BIGINT;
ALTER TABLE execution ADD COLUMN map_items BIGINT;
CREATE INDEX execution_map_run ON execution (map_run, status, id) WHERE map_run IS NOT NULL;
ALTER TABLE state_machine_revision ADD COLUMN processor_of BIGINT;
CREATE INDEX revision_processor ON state_machine_revision (processor_of) WHERE processor_of IS NOT NULL;
",
    // ARNs name the partition of their region since.
    "
UPDATE tag SET resource = 'arn:aws-cn:' || SUBSTR(resource, 9) WHERE resource LIKE 'arn:aws:states:cn-%';
UPDATE tag SET resource = 'arn:aws-us-gov:' || SUBSTR(resource, 9) WHERE resource LIKE 'arn:aws:states:us-gov-%';
",
    // Items of Map Runs that are too many for the journal, and what a redrive needs.
    "
CREATE TABLE map_item (
    run BIGINT NOT NULL,
    first BIGINT NOT NULL,
    items TEXT NOT NULL,
    PRIMARY KEY (run, first)
) WITHOUT ROWID;
ALTER TABLE map_run ADD COLUMN redrive_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE map_run ADD COLUMN redriven BIGINT;
CREATE INDEX execution_map_child ON execution (map_run, map_index) WHERE map_run IS NOT NULL;
",
    // How a child had ended that waits for its turn after a redrive.
    "ALTER TABLE execution ADD COLUMN ended_as BIGINT",
    // More events than AWS lets an execution have.
    "ALTER TABLE execution ADD COLUMN events_max BIGINT",
    // Asynchronous Express executions that have not ended.
    "
CREATE TABLE express_begun (
    id INTEGER PRIMARY KEY,
    revision BIGINT NOT NULL,
    name TEXT NOT NULL,
    run TEXT NOT NULL,
    version BIGINT,
    alias TEXT,
    input TEXT NOT NULL,
    trace_header TEXT
);
",
    "
ALTER TABLE state_machine_revision ADD COLUMN encryption TEXT;
ALTER TABLE activity ADD COLUMN encryption TEXT;
",
    // Where the items of a row were read.
    "ALTER TABLE map_item ADD COLUMN source TEXT",
    // Tags get their ids from the store.
    "INSERT INTO key_sequence (name, reserved) SELECT 'engine tag', COALESCE(MAX(id), 0) + 1 FROM tag",
    // Which part of what is to be done later each belongs to, for nodes that share a database.
    "
ALTER TABLE timer ADD COLUMN shard BIGINT NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN shard BIGINT NOT NULL DEFAULT 0;
ALTER TABLE map_run ADD COLUMN shard BIGINT NOT NULL DEFAULT 0;
ALTER TABLE execution ADD COLUMN shard BIGINT NOT NULL DEFAULT 0;
ALTER TABLE express_begun ADD COLUMN shard BIGINT NOT NULL DEFAULT 0;
CREATE INDEX task_activity ON task (activity, id) WHERE activity IS NOT NULL;
",
];
