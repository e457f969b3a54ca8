//! Functions that really run: processes of this machine's interpreters.

mod events;
mod instances;
mod kept;
mod languages;

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;
use crate::clock::{Clock, Ids, RandomIds, SystemClock};
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{self, Store};

/// Answers of destinations, by what was told to which.
#[derive(Default)]
struct Outside {
    told: Mutex<Vec<(String, Value)>>,
    change: tokio::sync::Notify,
}

impl Ports for Outside {
    fn variables(
        &self,
        _: AccountRegion,
        _: String,
        role: String,
    ) -> BoxFuture<'static, BTreeMap<String, String>> {
        Box::pin(async move { BTreeMap::from([("AWS_ACCESS_KEY_ID".to_owned(), format!("key of {role}"))]) })
    }

    fn object(
        &self,
        _: AccountRegion,
        _: String,
        _: String,
        _: Option<String>,
    ) -> BoxFuture<'static, Result<Vec<u8>, String>> {
        Box::pin(async { Err("there are no objects".to_owned()) })
    }

    fn call(
        &self,
        _: SourceFunction,
        _: &'static str,
        _: String,
        operation: &'static str,
        _: Value,
    ) -> BoxFuture<'static, Result<Value, String>> {
        Box::pin(std::future::ready(Err(format!("no {operation}"))))
    }

    fn tell(&self, _: SourceFunction, to: String, record: Bytes) -> BoxFuture<'static, Result<(), String>> {
        self.told.lock().unwrap().push((to, serde_json::from_slice(&record).unwrap()));
        self.change.notify_one();
        Box::pin(async { Ok(()) })
    }
}

/// A fixture of its own; what is in its folder goes with it.
struct Fixture {
    functions: Functions,
    outside: Arc<Outside>,
    home: AccountRegion,
    folder: PathBuf,
    ids: Arc<dyn Ids>,
}

impl Fixture {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Options)) -> Self {
        let ids: Arc<dyn Ids> = Arc::new(RandomIds);
        let folder = std::env::temp_dir().join(format!("stepgate-functions-{}", ids.uuid()));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let store = Store::open(&folder.join("store"), store::Options::disturbed(), clock.clone()).unwrap();
        let own = std::env::current_exe().unwrap();
        let supervisor = [own.into_os_string()]
            .into_iter()
            .chain(["supervisor::tests::as_supervisor", "--exact", "--nocapture"].map(Into::into));
        let mut options = Options {
            folder: folder.join("run"),
            supervisor: supervisor.collect(),
            near_versions: true,
            concurrency: 20,
            idle: Duration::from_secs(60),
            retry_delay: Duration::from_millis(10),
            sdks: Sdks::default(),
        };
        change(&mut options);
        let outside = Arc::new(Outside::default());
        let functions = Functions::open(store, clock, ids.clone(), options, outside.clone()).unwrap();
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        };
        Self { functions, outside, home, folder, ids }
    }

    /// Makes a function of these files.
    async fn make(&self, name: &str, runtime: &str, handler: &str, files: &[(&str, &str)]) -> View {
        self.make_with(name, runtime, handler, files, |_| ()).await
    }

    async fn make_with(
        &self,
        name: &str,
        runtime: &str,
        handler: &str,
        files: &[(&str, &str)],
        change: impl FnOnce(&mut Settings),
    ) -> View {
        let mut settings = Settings {
            runtime: runtime.to_owned(),
            handler: handler.to_owned(),
            role: "arn:aws:iam::123456789012:role/R".to_owned(),
            timeout_s: 20,
            memory_mb: 256,
            ..Settings::default()
        };
        change(&mut settings);
        let new = NewFunction {
            name: name.to_owned(),
            settings,
            code: zipped(files),
            tags: BTreeMap::new(),
            publish: false,
        };
        self.functions.create(&self.home, new).await.unwrap()
    }

    fn called<'a>(&'a self, name: &'a str) -> Called<'a> {
        Called { home: &self.home, name, qualifier: None, source: Source::Permitted }
    }

    fn invocation(&self, event: &Value) -> Invocation {
        let request_id = self.ids.uuid().to_string();
        Invocation { request_id, payload: event.to_string().into(), ..Invocation::default() }
    }

    async fn answer(&self, name: &str, event: &Value) -> Answer {
        self.functions.invoke(self.called(name), self.invocation(event)).await.unwrap()
    }

    /// The answer of a function that does not fail.
    async fn value(&self, name: &str, event: &Value) -> Value {
        let answer = self.answer(name, event).await;
        let (error, log) = (answer.function_error, answer.log_tail.clone());
        let value = value(answer).await;
        assert_eq!(error, None, "{value} {log}");
        value
    }

    /// The error of a function that fails, and its log's end.
    async fn error(&self, name: &str, event: &Value) -> (Value, String) {
        let answer = self.answer(name, event).await;
        assert_eq!(answer.function_error, Some("Unhandled"));
        let log = answer.log_tail.clone();
        (value(answer).await, log)
    }
}

async fn value(answer: Answer) -> Value {
    let (bytes, broken) = answer.payload.collect(usize::MAX).await;
    assert_eq!(broken, None);
    serde_json::from_slice(&bytes).unwrap()
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.functions.close();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
