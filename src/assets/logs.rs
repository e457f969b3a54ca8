//! Amazon CloudWatch Logs: the table of its operations.
//!
//! See <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html>. A group's events are those that
//! clients put, which are in the store, and what this server logs for it, of which the newest are in memory ([`Feed`]) and in
//! files.

mod events;
mod feed;
mod groups;
mod pattern;
mod saved;
mod shapes;
mod streams;
mod tables;
mod tags;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

pub use self::feed::Feed;
use self::saved::{Group, Saved};
use crate::clock::Clock;
use crate::functions::{Functions, Log, LogLine};
use crate::id::AccountRegion;
use crate::store::{self, Store};
use crate::wire::{
    ApiError, Code, Handler, JsonNames, Operation, Permission, Protocol, Registration, Route, Service,
    Special, Structure, handler,
};

const ALREADY_EXISTS: Code = Code::model("ResourceAlreadyExistsException", 400);
const NOT_FOUND: Code = Code::model("ResourceNotFoundException", 400);
const INVALID_PARAMETER: Code = Code::model("InvalidParameterException", 400);
const LIMIT_EXCEEDED: Code = Code::model("LimitExceededException", 400);

/// What functions log to: this, and their names.
const OF_FUNCTIONS: &str = "/aws/lambda/";

/// Log groups of all accounts. Clones share everything.
#[derive(Clone)]
pub struct LogGroups {
    store: Store,
    clock: Arc<dyn Clock>,
    feed: Arc<Feed>,
    /// Those of functions; none in tests.
    functions: Option<Functions>,
    saved: Arc<Saved>,
}

impl fmt::Debug for LogGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogGroups")
    }
}

impl LogGroups {
    /// Brings the tables in `store` up to date. Blocks.
    ///
    /// # Errors
    /// Any [`store::Error`].
    pub fn migrate(store: &Store) -> Result<(), store::Error> {
        store.migrate("logs", tables::STEPS)?;
        store.declare(tables::RECORDS)
    }

    /// Opens the tables in `store`; `feed` has what this server logs, `functions` what functions do, and `folder` what both had
    /// when the server was ended. Blocks.
    ///
    /// # Errors
    /// Any [`store::Error`].
    pub fn open(
        store: Store,
        clock: Arc<dyn Clock>,
        feed: Arc<Feed>,
        functions: Option<Functions>,
        folder: PathBuf,
    ) -> Result<Self, store::Error> {
        Self::migrate(&store)?;
        let saved = Saved::open(folder, |(home, group)| {
            let of_function = group.strip_prefix(OF_FUNCTIONS).zip(functions.as_ref());
            match of_function {
                Some((name, functions)) => Some(functions.log(home, name)),
                None => feed.log(home, group),
            }
        });
        Ok(Self { store, clock, feed, functions, saved: Arc::new(saved) })
    }

    /// Takes away what is older than its group's retention, of what is in memory.
    ///
    /// # Errors
    /// Any [`store::Error`].
    pub async fn expire(&self) -> Result<(), store::Error> {
        let logs = self.logs();
        let homes: HashSet<AccountRegion> = logs.iter().map(|((home, _), _)| home.clone()).collect();
        let read = self.store.read(move |tx| {
            let mut retained: BTreeMap<(AccountRegion, String), i64> = BTreeMap::new();
            for home in homes {
                for (name, group) in tables::groups(tx, &home)? {
                    retained.extend(group.retention_days.map(|days| ((home.clone(), name), days)));
                }
            }
            Ok::<_, store::Error>(retained)
        });
        let retained = read.await?;
        let now = self.clock.now();
        for (group, log) in logs {
            if let Some(days) = retained.get(&group) {
                log.clear_before(events::oldest(now, *days));
            }
        }
        Ok(())
    }

    /// Writes what was logged since the last time where it is found after a restart.
    pub async fn save(&self) {
        let (saved, logs) = (self.saved.clone(), self.logs());
        // It says itself what it can't write.
        let _ = tokio::task::spawn_blocking(move || saved.save(logs)).await;
    }

    /// What is in memory, group by group.
    fn logs(&self) -> Vec<(Group, Arc<Log>)> {
        let of_functions = self.functions.iter().flat_map(Functions::logs);
        let of_functions =
            of_functions.map(|((home, name), log)| ((home, format!("{OF_FUNCTIONS}{name}")), log));
        self.feed.all().into_iter().chain(of_functions).collect()
    }

    /// What is in memory for a group; `None` if there is nothing.
    fn lines(&self, home: &AccountRegion, group: &str) -> Option<Vec<LogLine>> {
        let of_function = group.strip_prefix(OF_FUNCTIONS).zip(self.functions.as_ref());
        let of_function = of_function.filter(|(name, functions)| functions.has_logged(home, name));
        let of_function = of_function.map(|(name, functions)| functions.log(home, name).lines(0, usize::MAX));
        match (self.feed.lines(home, group), of_function) {
            (Some(mut lines), Some(more)) => {
                lines.extend(more);
                Some(lines)
            }
            (lines, more) => lines.or(more),
        }
    }

    /// Forgets what is in memory for a group, and in its file.
    async fn forget(&self, home: &AccountRegion, group: &str) {
        self.feed.forget(home, group);
        let of_function = group.strip_prefix(OF_FUNCTIONS).zip(self.functions.as_ref());
        if let Some((name, functions)) =
            of_function.filter(|(name, functions)| functions.has_logged(home, name))
        {
            functions.log(home, name).clear();
        }
        self.save().await;
    }

    /// The groups that this server logs to.
    fn own(&self, home: &AccountRegion) -> Vec<String> {
        let of_functions = self.functions.iter().flat_map(|functions| functions.loggers(home));
        let of_functions = of_functions.map(|name| format!("{OF_FUNCTIONS}{name}"));
        self.feed.groups(home).into_iter().chain(of_functions).collect()
    }
}

fn not_found() -> ApiError {
    ApiError::new(NOT_FOUND, "The specified log group does not exist.")
}

fn no_such_stream() -> ApiError {
    ApiError::new(NOT_FOUND, "The specified log stream does not exist.")
}

/// CloudWatch Logs, 2014-03-28.
pub static SERVICE: Service = Service {
    name: "logs",
    protocol: Protocol::Json11(JsonNames { target_prefix: "Logs_20140328", error_namespace: "" }),
    body_bytes_max: 4 * 1_048_576,
    operations: OPERATIONS,
    permissions,
    special: Special { violation: INVALID_PARAMETER, ..Special::NONE },
};

/// The service on `groups`.
pub fn service(groups: LogGroups) -> Registration {
    SERVICE.on(groups)
}

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Target, input, handler }
}

static OPERATIONS: &[Operation] = &[
    row("AssociateKmsKey", &shapes::NOTHING, Handler::Unsupported),
    row("CreateExportTask", &shapes::NOTHING, Handler::Unsupported),
    row("CreateLogGroup", &shapes::CREATE_GROUP, handler!(groups::create)),
    row("CreateLogStream", &shapes::STREAM, handler!(streams::create)),
    row("DeleteLogGroup", &shapes::GROUP, handler!(groups::delete)),
    row("DeleteLogStream", &shapes::STREAM, handler!(streams::delete)),
    row("DeleteMetricFilter", &shapes::NOTHING, Handler::Unsupported),
    row("DeleteResourcePolicy", &shapes::NOTHING, Handler::Unsupported),
    row("DeleteRetentionPolicy", &shapes::GROUP, handler!(groups::delete_retention)),
    row("DeleteSubscriptionFilter", &shapes::NOTHING, Handler::Unsupported),
    row("DescribeLogGroups", &shapes::DESCRIBE_GROUPS, handler!(groups::describe)),
    row("DescribeLogStreams", &shapes::DESCRIBE_STREAMS, handler!(streams::describe)),
    row("DescribeMetricFilters", &shapes::NOTHING, Handler::Unsupported),
    row("DescribeResourcePolicies", &shapes::NOTHING, Handler::Unsupported),
    row("DescribeSubscriptionFilters", &shapes::NOTHING, Handler::Unsupported),
    row("DisassociateKmsKey", &shapes::NOTHING, Handler::Unsupported),
    row("FilterLogEvents", &shapes::FILTER_EVENTS, handler!(events::filter)),
    row("GetLogEvents", &shapes::GET_EVENTS, handler!(events::get)),
    row("GetQueryResults", &shapes::NOTHING, Handler::Unsupported),
    row("ListTagsForResource", &shapes::RESOURCE, handler!(tags::list)),
    row("ListTagsLogGroup", &shapes::GROUP, handler!(tags::list_of_group)),
    row("PutLogEvents", &shapes::PUT_EVENTS, handler!(events::put)),
    row("PutMetricFilter", &shapes::NOTHING, Handler::Unsupported),
    row("PutResourcePolicy", &shapes::NOTHING, Handler::Unsupported),
    row("PutRetentionPolicy", &shapes::PUT_RETENTION, handler!(groups::put_retention)),
    row("PutSubscriptionFilter", &shapes::NOTHING, Handler::Unsupported),
    row("StartLiveTail", &shapes::NOTHING, Handler::Unsupported),
    row("StartQuery", &shapes::NOTHING, Handler::Unsupported),
    row("TagLogGroup", &shapes::TAG_GROUP, handler!(tags::add_to_group)),
    row("TagResource", &shapes::TAG, handler!(tags::add)),
    row("UntagLogGroup", &shapes::UNTAG_GROUP, handler!(tags::remove_from_group)),
    row("UntagResource", &shapes::UNTAG, handler!(tags::remove)),
];

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html>.
fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let group = text("logGroupName").map(str::to_owned);
    let group = group.or_else(|| group_of(text("logGroupIdentifier").or_else(|| text("resourceArn"))?));
    let resource = match (operation.name, group) {
        ("DescribeLogGroups", _) => arn(home, "", true),
        (_, Some(group)) => match text("logStreamName") {
            Some(stream) => format!("{}:log-stream:{stream}", arn(home, &group, false)),
            None => arn(home, &group, true),
        },
        (_, None) => "*".to_owned(),
    };
    vec![Permission::to(operation, Some(resource))]
}

/// The ARN of a group, or that of all that is in it.
fn arn(home: &AccountRegion, group: &str, with_streams: bool) -> String {
    let (partition, region, account) = (home.region.partition(), &home.region, &home.account);
    let end = if with_streams { ":*" } else { "" };
    format!("arn:{partition}:logs:{region}:{account}:log-group:{group}{end}")
}

/// The group that is named, by its name or its ARN.
fn group_of(name_or_arn: &str) -> Option<String> {
    match name_or_arn.strip_prefix("arn:") {
        None => Some(name_or_arn.to_owned()),
        Some(rest) => {
            let group = rest.splitn(5, ':').nth(4)?.strip_prefix("log-group:")?;
            Some(group.strip_suffix(":*").unwrap_or(group).to_owned())
        }
    }
}
