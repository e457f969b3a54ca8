//! Writing the results of a Map Run: to files in a bucket, or as the Map's own result.
//!
//! The children's rows are gone through a page at a time, so that memory is bounded by a file and not by the run.
//! Files have the same names whenever they are written: what a crash interrupted is written again, over itself.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>

use std::ops::ControlFlow;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;

use super::super::Error;
use super::super::event::Failure;
use super::super::execution::{ExecutionStatus, MapRunAttempt};
use super::super::executions::{status_code, status_of};
use super::super::machine::{Input, PAYLOAD_BYTES_MAX, ResultsRequest};
use super::super::map_child::{key_columns, run_arn};
use super::super::map_run_rows::{settle, tally};
use super::super::objects::ObjectName;
use super::super::open::Engine;
use super::super::origin::Origin;
use super::items::{Asks, object_name};
use super::stored;
use crate::asl::{OutputType, Transformation};
use crate::clock::Timestamp;
use crate::id::{ExecutionArn, StateMachineArn};
use crate::json::{self, Payload};
use crate::store::{self, Tx};

/// Children read at one time …
const AT_ONCE: i64 = 200;
/// … unless their inputs and outputs have so many bytes.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// A file that is this long is written, and another begun: files stand in memory as a whole. AWS's have 5 GB.
const FILE_BYTES: usize = 16 * 1024 * 1024;
/// Items loaded at one time.
const ITEMS_AT_ONCE: usize = 1000;

fn failed(cause: impl Into<std::sync::Arc<str>>) -> Failure {
    Failure::new("States.ResultWriterFailed", cause)
}

/// A run as its results tell of it.
struct Run {
    row: i64,
    /// Its ARN's last part.
    id: String,
    arn: String,
    machine: StateMachineArn,
}

/// A child that has ended.
struct Child {
    row: i64,
    name: String,
    status: ExecutionStatus,
    input: String,
    output: Option<String>,
    error: Option<String>,
    cause: Option<String>,
    started: Timestamp,
    stopped: Option<Timestamp>,
    redrive_count: i64,
}

impl Engine {
    /// Writes what `request` asks for, and lets the execution know.
    pub(in super::super) fn write_results(&self, origin: Origin, request: ResultsRequest) {
        let engine = self.clone();
        tokio::spawn(async move {
            let (id, attempt) = (origin.id, request.attempt);
            let Some(_turn) = tally::turn(&engine.inner.map_runs.writers).await else { return };
            let Some(written) = engine.inner.base.persist(id, || engine.results(&origin, &request)).await
            else {
                return;
            };
            engine.advance_persistently(id, Input::ResultsWritten { attempt, written }, |_| Ok(())).await;
        });
    }

    async fn results(
        &self,
        origin: &Origin,
        request: &ResultsRequest,
    ) -> Result<Result<Payload, Failure>, Error> {
        let (parent, attempt, arn) = (origin.id, request.attempt, ExecutionArn::parse(&origin.arn)?);
        let run = move |tx: &Tx<'_>| {
            // Whoever waited for its turn after a redrive does so no more: it is told as it had ended.
            settle(tx, parent, attempt)?;
            run_of(tx, parent, &arn, attempt)
        };
        let run = self.inner.base.store.write(run).await?;
        let writer = Writer { engine: self.clone(), handle: Handle::current(), run };
        let (asks, request) = (Asks::of(origin), request.clone());
        // Pages of children are megabytes of text: none is made on a thread that serves others.
        match tokio::task::spawn_blocking(move || writer.results(&asks, &request)).await {
            Ok(Ok(output)) => Ok(Ok(output)),
            Ok(Err(Stop::Failed(failure))) => Ok(Err(failure)),
            Ok(Err(Stop::Store(error))) => Err(error),
            Err(error) if error.is_panic() => Err(Error::Store(store::Error::Panicked)),
            Err(_) => Err(Error::Store(store::Error::Closed)),
        }
    }
}

fn run_of(tx: &Tx<'_>, parent: i64, execution: &ExecutionArn, attempt: MapRunAttempt) -> Result<Run, Error> {
    let [frame, started] = key_columns(attempt.key);
    let sql = "SELECT r.id, r.run, m.name FROM map_run r JOIN state_machine m ON m.id = r.machine
               WHERE r.execution = ?1 AND r.frame = ?2 AND r.started_event = ?3";
    let params = [parent.into(), frame.into(), started.into()];
    let found = tx.query_one(sql, &params, |row| Ok((row.int(0)?, row.text(1)?, row.text(2)?)))?;
    let (row, id, labelled) = found.ok_or_else(|| Error::Corrupt("no such Map Run".to_owned()))?;
    let arn = run_arn(execution, &labelled, id.clone());
    Ok(Run { row, id, arn: arn.to_string(), machine: arn.state_machine() })
}

/// Goes through the children of a run, on a thread that may block.
struct Writer {
    engine: Engine,
    handle: Handle,
    run: Run,
}

impl Writer {
    fn results(&self, asks: &Asks, request: &ResultsRequest) -> Result<Payload, Stop> {
        let Some(arguments) = &request.writing.arguments else {
            return self.result_of_children(request.transformation);
        };
        // The prefix may be left out; the key is made here.
        let mut arguments = arguments.value().clone();
        let prefix = arguments.get("Prefix").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(arguments) = arguments.as_object_mut() {
            arguments.insert("Key".to_owned(), "".into());
            arguments.remove("VersionId");
        }
        let Ok(bucket) = object_name(asks, &arguments, "Key") else {
            return Err(Stop::Failed(failed("The field 'Bucket' is required but was missing")));
        };
        let prefix = match prefix.strip_suffix('/').unwrap_or(&prefix) {
            "" => self.run.id.clone(),
            prefix => format!("{prefix}/{}", self.run.id),
        };
        self.export(request, &Folder { bucket, prefix })
    }

    /// The results of the children that succeeded, as the Map's own: one byte too long is enough.
    fn result_of_children(&self, transformation: Transformation) -> Result<Payload, Stop> {
        let mut text = String::from("[");
        let mut after = 0;
        while text.len() <= PAYLOAD_BYTES_MAX {
            let children = self.children(ExecutionStatus::Succeeded, after)?;
            let Some(last) = children.last() else { break };
            after = last.row;
            for result in children.iter().flat_map(|child| results_of(child, &self.run, transformation)) {
                if 1 < text.len() {
                    text.push(',');
                }
                text.push_str(&result);
            }
        }
        text.push(']');
        Payload::from_text(text).map_err(|error| Stop::Failed(failed(error.to_string())))
    }

    fn export(&self, request: &ResultsRequest, to: &Folder) -> Result<Payload, Stop> {
        let extension = match request.output_type {
            OutputType::Json => "json",
            OutputType::JsonLines => "jsonl",
        };
        let file = |name| File::new(name, extension, request.output_type);
        let mut succeeded = file("SUCCEEDED");
        self.write_children(ExecutionStatus::Succeeded, request.transformation, to, &mut succeeded)?;
        self.finish_file(to, &mut succeeded)?;
        // Of what did not succeed there is nothing but what is known of it.
        let mut unsuccessful = file("FAILED");
        for status in [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted] {
            self.write_children(status, Transformation::None, to, &mut unsuccessful)?;
        }
        self.finish_file(to, &mut unsuccessful)?;
        let mut pending = file("PENDING");
        self.write_pending(request, to, &mut pending)?;
        self.finish_file(to, &mut pending)?;
        let manifest = json!({
            "DestinationBucket": to.bucket.bucket,
            "MapRunArn": self.run.arn,
            "ResultFiles": {
                "FAILED": unsuccessful.written, "PENDING": pending.written, "SUCCEEDED": succeeded.written,
            },
        });
        let key = format!("{}/manifest.json", to.prefix);
        self.put_file(to, &key, json::compact(&manifest))?;
        Ok(Payload::from_value(json!({
            "MapRunArn": self.run.arn,
            "ResultWriterDetails": {"Bucket": to.bucket.bucket, "Key": key},
        })))
    }

    fn write_children(
        &self,
        status: ExecutionStatus,
        transformation: Transformation,
        to: &Folder,
        file: &mut File,
    ) -> Result<(), Stop> {
        let mut after = 0;
        loop {
            let children = self.children(status, after)?;
            let Some(last) = children.last() else { return Ok(()) };
            after = last.row;
            for result in children.iter().flat_map(|child| results_of(child, &self.run, transformation)) {
                self.add_result(to, file, &result)?;
            }
        }
    }

    /// The items that no child has had, as inputs of children that never began.
    fn write_pending(&self, request: &ResultsRequest, to: &Folder, file: &mut File) -> Result<(), Stop> {
        let put = |item: &str| {
            json::compact(&json!({"Input": item, "InputDetails": {"Included": true}, "Status": "PENDING"}))
        };
        if let Some(items) = &request.items {
            let items = items.value().as_array().map_or(&[][..], Vec::as_slice);
            for item in items.iter().skip(request.next_item) {
                self.add_result(to, file, &put(&json::compact(item)))?;
            }
            return Ok(());
        }
        let (row, mut next) = (self.run.row, request.next_item);
        loop {
            let (items, _) = self.read(move |tx| stored::load(tx, row, next, ITEMS_AT_ONCE))?;
            if items.is_empty() {
                return Ok(());
            }
            next += items.len();
            for item in items {
                self.add_result(to, file, &put(item.text()))?;
            }
        }
    }

    fn add_result(&self, to: &Folder, file: &mut File, result: &str) -> Result<(), Stop> {
        file.add(result);
        match FILE_BYTES <= file.text.len() {
            true => self.finish_file(to, file),
            false => Ok(()),
        }
    }

    /// Writes what is in the file, if anything is.
    fn finish_file(&self, to: &Folder, file: &mut File) -> Result<(), Stop> {
        let Some((name, text)) = file.take() else { return Ok(()) };
        let key = format!("{}/{name}", to.prefix);
        file.written.push(json!({"Key": key, "Size": text.len()}));
        self.put_file(to, &key, text)
    }

    fn put_file(&self, to: &Folder, key: &str, text: String) -> Result<(), Stop> {
        let object = ObjectName { key: key.to_owned(), ..to.bucket.clone() };
        let written = self.handle.block_on(self.engine.inner.objects.write(object, text.into()));
        written.map_err(|failure| {
            Stop::Failed(failed(failure.cause.unwrap_or_else(|| "The results could not be written.".into())))
        })
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.handle.block_on(self.engine.inner.base.store.read(read))
    }

    /// Children of a status behind `after`, as many as are read at one time.
    fn children(&self, status: ExecutionStatus, after: i64) -> Result<Vec<Child>, Error> {
        let run = self.run.row;
        self.read(move |tx| page(tx, run, status, after))
    }
}

fn page(tx: &Tx<'_>, run: i64, status: ExecutionStatus, after: i64) -> Result<Vec<Child>, Error> {
    let sql = "SELECT id, name, status, input, output, error, cause, started, stopped, redrive_count
               FROM execution WHERE map_run = ?1 AND status = ?2 AND ?3 < id ORDER BY id LIMIT ?4";
    let params = [run.into(), status_code(status).into(), after.into(), AT_ONCE.into()];
    let (mut children, mut n_bytes) = (Vec::new(), 0);
    tx.visit(sql, &params, |row| {
        let child = Child {
            row: row.int(0)?,
            name: row.text(1)?,
            status: status_of(row.int(2)?)?,
            input: row.text(3)?,
            output: row.opt_text(4)?,
            error: row.opt_text(5)?,
            cause: row.opt_text(6)?,
            started: Timestamp::from_millis(row.int(7)?),
            stopped: row.opt_int(8)?.map(Timestamp::from_millis),
            redrive_count: row.int(9)?,
        };
        n_bytes += child.input.len() + child.output.as_ref().map_or(0, String::len);
        children.push(child);
        Ok::<_, Error>(match PAGE_BYTES <= n_bytes {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    })?;
    Ok(children)
}

/// Why there are no results: for the time being, or for good.
enum Stop {
    Store(Error),
    Failed(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// Where files are written.
struct Folder {
    bucket: ObjectName,
    prefix: String,
}

/// One of the three kinds of files, with what is not written yet.
struct File {
    name: &'static str,
    extension: &'static str,
    output_type: OutputType,
    text: String,
    /// Those that are written, as the manifest names them.
    written: Vec<Value>,
}

impl File {
    fn new(name: &'static str, extension: &'static str, output_type: OutputType) -> Self {
        Self { name, extension, output_type, text: String::new(), written: Vec::new() }
    }

    fn add(&mut self, result: &str) {
        match (self.output_type, self.text.is_empty()) {
            (OutputType::Json, true) => self.text.push('['),
            (OutputType::Json, false) => self.text.push(','),
            (OutputType::JsonLines, _) => {}
        }
        self.text.push_str(result);
        if self.output_type == OutputType::JsonLines {
            self.text.push('\n');
        }
    }

    fn take(&mut self) -> Option<(String, String)> {
        if self.text.is_empty() {
            return None;
        }
        let mut text = std::mem::take(&mut self.text);
        if self.output_type == OutputType::Json {
            text.push(']');
        }
        Some((format!("{}_{}.{}", self.name, self.written.len(), self.extension), text))
    }
}

/// What stands for a child among the results.
fn results_of(child: &Child, run: &Run, transformation: Transformation) -> Vec<String> {
    let output = || child.output.clone().unwrap_or_else(|| "null".to_owned());
    match transformation {
        Transformation::None => vec![child_record(child, run)],
        Transformation::Compact => vec![output()],
        Transformation::Flatten => {
            let output = output();
            match serde_json::from_str::<Vec<Box<RawValue>>>(&output) {
                Ok(members) => members.iter().map(|member| member.get().to_owned()).collect(),
                Err(_) => vec![output], // No array.
            }
        }
    }
}

/// The record of a child, with the members in AWS's order.
fn child_record(child: &Child, run: &Run) -> String {
    let included = || json!({"Included": true});
    let mut record = Map::new();
    let mut say = |name: &str, value: Value| {
        record.insert(name.to_owned(), value);
    };
    if let Some(cause) = &child.cause {
        say("Cause", cause.as_str().into());
    }
    if let Some(error) = &child.error {
        say("Error", error.as_str().into());
    }
    let arn = ExecutionArn::of(&run.machine.home, &run.machine.full_name(), &child.name);
    say("ExecutionArn", arn.to_string().into());
    say("Input", child.input.as_str().into());
    say("InputDetails", included());
    say("Name", (*arn.name).into());
    if let Some(output) = &child.output {
        say("Output", output.as_str().into());
        say("OutputDetails", included());
    }
    say("RedriveCount", child.redrive_count.into());
    match child.status {
        ExecutionStatus::Succeeded => {
            say("RedriveStatus", "NOT_REDRIVABLE".into());
            say("RedriveStatusReason", "Execution is SUCCEEDED and cannot be redriven".into());
        }
        ExecutionStatus::Running
        | ExecutionStatus::Failed
        | ExecutionStatus::TimedOut
        | ExecutionStatus::Aborted
        | ExecutionStatus::PendingRedrive => say("RedriveStatus", "REDRIVABLE_BY_MAP_RUN".into()),
    }
    say("StartDate", child.started.to_iso8601().into());
    say("StateMachineArn", run.machine.to_string().into());
    say("Status", child.status.as_str().into());
    if let Some(stopped) = child.stopped {
        say("StopDate", stopped.to_iso8601().into());
    }
    json::compact(&Value::Object(record))
}
