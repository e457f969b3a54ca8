//! Writing the results of a Map Run: to files in a bucket, or as the Map's own result.
//!
//! The children's rows are gone through a page at a time, so that memory is bounded by a file and not by the run.
//! Files have the same names whenever they are written: what a crash interrupted is written again, over itself.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::Error;
use super::super::event::Failure;
use super::super::execution::ExecutionStatus;
use super::super::executions::{status_code, status_of};
use super::super::machine::{Input, PAYLOAD_BYTES_MAX, ResultsRequest};
use super::super::objects::ObjectName;
use super::super::open::Engine;
use super::super::runner::Origin;
use super::items::object_name;
use super::{key_columns, stored};
use crate::asl::{OutputType, Transformation};
use crate::clock::Timestamp;
use crate::id::ExecutionArn;
use crate::json::{self, Payload};

/// Children read at one time.
const AT_ONCE: i64 = 200;
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
    state_machine_arn: String,
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
            let (id, key) = (origin.id, request.key);
            let Some(written) = engine.persist(id, || engine.results(&origin, &request)).await else {
                return;
            };
            engine.insist(id, Input::ResultsWritten { key, written }, |_| Ok(())).await;
        });
    }

    async fn results(
        &self,
        origin: &Origin,
        request: &ResultsRequest,
    ) -> Result<Result<Payload, Failure>, Error> {
        let [frame, started] = key_columns(request.key);
        let (parent, arn) = (origin.id, ExecutionArn::parse(&origin.arn)?);
        let run = self
            .inner
            .store
            .read(move |tx| {
                let sql = "SELECT r.id, r.run, m.name FROM map_run r JOIN state_machine m ON m.id = r.machine
                           WHERE r.execution = ?1 AND r.frame = ?2 AND r.started_event = ?3";
                let params = [parent.into(), frame.into(), started.into()];
                let found =
                    tx.query_one(sql, &params, |row| Ok((row.int(0)?, row.text(1)?, row.text(2)?)))?;
                let (row, id, labelled) =
                    found.ok_or_else(|| Error::Corrupt("no such Map Run".to_owned()))?;
                let arn = super::run_arn(&arn, &labelled, id.clone());
                let state_machine_arn = arn.state_machine().to_string();
                Ok::<_, Error>(Run { row, id, arn: arn.to_string(), state_machine_arn })
            })
            .await?;
        match &request.writing.arguments {
            None => self.result_of_children(&run, request.transformation).await,
            Some(arguments) => {
                // The prefix may be left out; the key is made here.
                let mut arguments = arguments.value().clone();
                let prefix = arguments.get("Prefix").and_then(Value::as_str).unwrap_or_default().to_owned();
                if let Some(arguments) = arguments.as_object_mut() {
                    arguments.insert("Key".to_owned(), "".into());
                    arguments.remove("VersionId");
                }
                let Ok(bucket) = object_name(&origin.home, &arguments, "Key") else {
                    return Ok(Err(failed("The field 'Bucket' is required but was missing")));
                };
                let prefix = match prefix.strip_suffix('/').unwrap_or(&prefix) {
                    "" => run.id.clone(),
                    prefix => format!("{prefix}/{}", run.id),
                };
                let to = Folder { bucket, prefix };
                match self.export_results(&run, request, &to).await {
                    Ok(output) => Ok(Ok(output)),
                    Err(Stop::Store(error)) => Err(error),
                    Err(Stop::Failed(failure)) => Ok(Err(failure)),
                }
            }
        }
    }

    /// The results of the children that succeeded, as the Map's own: one byte too long is enough.
    async fn result_of_children(
        &self,
        run: &Run,
        transformation: Transformation,
    ) -> Result<Result<Payload, Failure>, Error> {
        let mut text = String::from("[");
        let mut after = 0;
        loop {
            let children = self.children_of(run.row, ExecutionStatus::Succeeded, after).await?;
            let Some(last) = children.last() else { break };
            after = last.row;
            for child in &children {
                for result in results_of(child, run, transformation) {
                    if 1 < text.len() {
                        text.push(',');
                    }
                    text.push_str(&result);
                }
            }
            if PAYLOAD_BYTES_MAX < text.len() {
                break;
            }
        }
        text.push(']');
        Ok(Payload::from_text(text).map_err(|error| failed(error.to_string())))
    }

    async fn export_results(
        &self,
        run: &Run,
        request: &ResultsRequest,
        to: &Folder,
    ) -> Result<Payload, Stop> {
        let extension = match request.output_type {
            OutputType::Json => "json",
            OutputType::JsonLines => "jsonl",
        };
        let file = |name| File::new(name, extension, request.output_type);
        let mut succeeded = file("SUCCEEDED");
        self.write_children(run, ExecutionStatus::Succeeded, request.transformation, to, &mut succeeded)
            .await?;
        self.finish_file(to, &mut succeeded).await?;
        // Of what did not succeed there is nothing but what is known of it.
        let mut unsuccessful = file("FAILED");
        for status in [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted] {
            self.write_children(run, status, Transformation::None, to, &mut unsuccessful).await?;
        }
        self.finish_file(to, &mut unsuccessful).await?;
        let mut pending = file("PENDING");
        self.write_pending(run, request, to, &mut pending).await?;
        self.finish_file(to, &mut pending).await?;
        let manifest = json!({
            "DestinationBucket": to.bucket.bucket,
            "MapRunArn": run.arn,
            "ResultFiles": {
                "FAILED": unsuccessful.written, "PENDING": pending.written, "SUCCEEDED": succeeded.written,
            },
        });
        let key = format!("{}/manifest.json", to.prefix);
        self.put_file(to, &key, json::compact(&manifest)).await?;
        Ok(Payload::from_value(json!({
            "MapRunArn": run.arn,
            "ResultWriterDetails": {"Bucket": to.bucket.bucket, "Key": key},
        })))
    }

    async fn write_children(
        &self,
        run: &Run,
        status: ExecutionStatus,
        transformation: Transformation,
        to: &Folder,
        file: &mut File,
    ) -> Result<(), Stop> {
        let mut after = 0;
        loop {
            let children = self.children_of(run.row, status, after).await?;
            let Some(last) = children.last() else { return Ok(()) };
            after = last.row;
            for child in &children {
                for result in results_of(child, run, transformation) {
                    self.add_result(to, file, &result).await?;
                }
            }
        }
    }

    /// The items that no child has had, as inputs of children that never began.
    async fn write_pending(
        &self,
        run: &Run,
        request: &ResultsRequest,
        to: &Folder,
        file: &mut File,
    ) -> Result<(), Stop> {
        let put = |item: &str| {
            json::compact(&json!({"Input": item, "InputDetails": {"Included": true}, "Status": "PENDING"}))
        };
        if let Some(items) = &request.items {
            let items = items.value().as_array().map_or(&[][..], Vec::as_slice);
            for item in items.iter().skip(request.next_item) {
                self.add_result(to, file, &put(&json::compact(item))).await?;
            }
            return Ok(());
        }
        let (row, mut next) = (run.row, request.next_item);
        loop {
            let items = self.inner.store.read(move |tx| stored::load(tx, row, next, ITEMS_AT_ONCE)).await?;
            if items.is_empty() {
                return Ok(());
            }
            next += items.len();
            for item in items {
                self.add_result(to, file, &put(item.text())).await?;
            }
        }
    }

    async fn add_result(&self, to: &Folder, file: &mut File, result: &str) -> Result<(), Stop> {
        file.add(result);
        match FILE_BYTES <= file.text.len() {
            true => self.finish_file(to, file).await,
            false => Ok(()),
        }
    }

    /// Writes what is in the file, if anything is.
    async fn finish_file(&self, to: &Folder, file: &mut File) -> Result<(), Stop> {
        let Some((name, text)) = file.take() else { return Ok(()) };
        let key = format!("{}/{name}", to.prefix);
        file.written.push(json!({"Key": key, "Size": text.len()}));
        self.put_file(to, &key, text).await
    }

    async fn put_file(&self, to: &Folder, key: &str, text: String) -> Result<(), Stop> {
        let object = ObjectName { key: key.to_owned(), ..to.bucket.clone() };
        self.inner.objects.write(object, text.into()).await.map_err(|failure| {
            Stop::Failed(failed(failure.cause.unwrap_or_else(|| "The results could not be written.".into())))
        })
    }

    async fn children_of(&self, run: i64, status: ExecutionStatus, after: i64) -> Result<Vec<Child>, Error> {
        let read = move |tx: &crate::store::Tx<'_>| {
            let sql = "SELECT id, name, status, input, output, error, cause, started, stopped, redrive_count
                       FROM execution WHERE map_run = ?1 AND status = ?2 AND ?3 < id ORDER BY id LIMIT ?4";
            let params = [run.into(), status_code(status).into(), after.into(), AT_ONCE.into()];
            Ok(tx.query(sql, &params, |row| {
                Ok(Child {
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
                })
            })?)
        };
        self.inner.store.read(read).await
    }
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
        Transformation::None => vec![told(child, run)],
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

/// What is known of a child, with the members in AWS's order.
fn told(child: &Child, run: &Run) -> String {
    let included = || json!({"Included": true});
    let mut told = Map::new();
    let mut say = |name: &str, value: Value| {
        told.insert(name.to_owned(), value);
    };
    if let Some(cause) = &child.cause {
        say("Cause", cause.as_str().into());
    }
    if let Some(error) = &child.error {
        say("Error", error.as_str().into());
    }
    let executions = run.state_machine_arn.replacen(":stateMachine:", ":execution:", 1);
    say("ExecutionArn", format!("{executions}:{}", child.name).into());
    say("Input", child.input.as_str().into());
    say("InputDetails", included());
    say("Name", child.name.as_str().into());
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
    say("StateMachineArn", run.state_machine_arn.as_str().into());
    say("Status", child.status.as_str().into());
    if let Some(stopped) = child.stopped {
        say("StopDate", stopped.to_iso8601().into());
    }
    json::compact(&Value::Object(told))
}
