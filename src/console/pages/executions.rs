//! The executions of a state machine, filtered.

use serde_json::{Value, json};

use super::addresses::address;
use super::machine::row;
use crate::clock::Timestamp;
use crate::console::aws::{Aws, list, millis, text};
use crate::console::failure::Failure;
use crate::console::live::list_key;
use crate::console::shown;
use crate::console::visit::Visit;

/// Executions of a page.
const PAGE: u64 = 50;
/// Executions that are gone through for those of a name or a time.
const SEARCHED_MAX: usize = 10_000;
/// Aliases, and versions, that can be chosen from.
const QUALIFIERS_MAX: u64 = 100;
const STATUSES: &[&str] = &["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

/// What the address asks for.
struct Filter<'v> {
    status: &'static str,
    /// A part of the name.
    named: &'v str,
    /// An alias, or the number of a version.
    of: &'v str,
    /// When it started, in milliseconds, and as it was written.
    after: Option<i64>,
    before: Option<i64>,
    written: (&'v str, &'v str),
}

impl<'v> Filter<'v> {
    fn read(visit: &'v Visit<'_>) -> Result<Self, Failure> {
        let status = STATUSES.iter().find(|status| **status == visit.query("status")).copied();
        let of = visit.query("of");
        if !of.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
            return Err(Failure::invalid(format!("{of:?} is no alias or version.")));
        }
        let written = (visit.query("after"), visit.query("before"));
        Ok(Self {
            status: status.unwrap_or_default(),
            named: visit.query("name").trim(),
            of,
            after: moment(written.0)?,
            before: moment(written.1)?,
            written,
        })
    }

    /// Whether ListExecutions can't do it.
    fn is_search(&self) -> bool {
        !self.named.is_empty() || self.after.is_some() || self.before.is_some()
    }

    fn is_any(&self) -> bool {
        self.is_search() || !self.status.is_empty() || !self.of.is_empty()
    }

    fn lets_through(&self, execution: &Value) -> bool {
        let started = millis(execution, "startDate").unwrap_or_default();
        text(execution, "name").contains(self.named)
            && self.after.is_none_or(|after| after <= started)
            && self.before.is_none_or(|before| started < before)
    }

    /// Whether nothing of what comes after this one was started late enough. The newest come first.
    fn ends_at(&self, execution: &Value) -> bool {
        self.after.is_some_and(|after| millis(execution, "startDate").is_some_and(|at| at < after))
    }

    fn address(&self, arn: &str, token: &str) -> String {
        let (after, before) = self.written;
        address(
            "/state-machines/view",
            &[
                ("arn", arn),
                ("status", self.status),
                ("name", self.named),
                ("of", self.of),
                ("after", after),
                ("before", before),
                ("token", token),
            ],
        )
    }
}

/// A moment as browsers write it, without a zone: in UTC.
pub(super) fn moment(text: &str) -> Result<Option<i64>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let found =
        [format!("{text}:00Z"), format!("{text}Z")].iter().find_map(|it| Timestamp::parse_rfc3339(it));
    let found =
        found.ok_or_else(|| Failure::invalid(format!("{text:?} is no time such as 2026-01-31T12:00.")))?;
    Ok(Some(found.as_millis()))
}

/// The executions that the filters let through.
///
/// # Errors
/// What the operation says, and for filters that are none.
pub(super) async fn executions(visit: &Visit<'_>, aws: &Aws, arn: &str) -> Result<Value, Failure> {
    let filter = Filter::read(visit)?;
    let token = visit.query("token");
    let of = if filter.of.is_empty() { arn.to_owned() } else { format!("{arn}:{}", filter.of) };
    let mut input =
        json!({"stateMachineArn": of, "maxResults": if filter.is_search() { 1_000 } else { PAGE }});
    if !filter.status.is_empty() {
        input["statusFilter"] = filter.status.into();
    }
    if !token.is_empty() {
        input["nextToken"] = token.into();
    }
    let mut found: Vec<Value> = Vec::new();
    let (mut n_searched, mut key) = (0, None);
    let next = loop {
        let listed = match aws.states("ListExecutions", input.clone()).await {
            // AWS has no list of Express executions.
            Err(failure) if failure.code == "StateMachineTypeNotSupported" => {
                return Ok(json!({"message": failure.message, "rows": []}));
            }
            listed => listed?,
        };
        let items = list(&listed, "executions");
        key.get_or_insert_with(|| list_key(items));
        n_searched += items.len();
        found.extend(items.iter().filter(|it| filter.lets_through(it)).cloned());
        let is_over = items.last().is_some_and(|last| filter.ends_at(last));
        let next = listed.get("nextToken").and_then(Value::as_str).filter(|_| !is_over).map(str::to_owned);
        match next {
            Some(next) if filter.is_search() && found.len() < 50 && n_searched < SEARCHED_MAX => {
                input["nextToken"] = next.into();
            }
            next => break next,
        }
    };
    let now = visit.shared.clock.now().as_millis();
    let rows: Vec<_> = found.iter().map(|execution| row(execution, now)).collect();
    let statuses: Vec<_> = STATUSES
        .iter()
        .map(|word| {
            json!({"value": word, "label": shown::status(word)["label"], "selected": *word == filter.status})
        })
        .collect();
    // Only the newest are watched.
    let live = (token.is_empty() && !filter.is_any()).then(|| address("/live", &[("machine", arn)]));
    Ok(json!({
        "rows": rows, "statuses": statuses, "named": filter.named, "arn": arn,
        "after": filter.written.0, "before": filter.written.1,
        "qualifiers": if visit.part().is_empty() { qualifiers(aws, arn, filter.of).await } else { Vec::new() },
        "next": next.map(|token| filter.address(arn, &token)),
        "first": (!token.is_empty()).then(|| filter.address(arn, "")),
        "isFiltered": filter.is_any(),
        "live": live, "key": key,
        "part": address("/state-machines/view", &[("arn", arn), ("part", "executions")]),
        "searched": filter.is_search().then_some(n_searched),
        "base": crate::console::PREFIX,
    }))
}

/// Aliases and versions to choose from. Who may not list them goes without.
async fn qualifiers(aws: &Aws, arn: &str, chosen: &str) -> Vec<Value> {
    let input = json!({"stateMachineArn": arn, "maxResults": QUALIFIERS_MAX});
    let mut found = Vec::new();
    for (operation, lists, member, label) in [
        ("ListStateMachineAliases", "stateMachineAliases", "stateMachineAliasArn", "Alias"),
        ("ListStateMachineVersions", "stateMachineVersions", "stateMachineVersionArn", "Version"),
    ] {
        let listed = aws.states(operation, input.clone()).await.unwrap_or_default();
        found.extend(list(&listed, lists).iter().map(|it| {
            let name = shown::name_of(text(it, member));
            json!({"value": name, "label": format!("{label} {name}"), "selected": name == chosen})
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_utc_to_the_minute_or_second() {
        assert_eq!(moment("").unwrap(), None);
        assert_eq!(moment("2023-11-14T22:13").unwrap(), Some(1_699_999_980_000));
        assert_eq!(moment("2023-11-14T22:13:20").unwrap(), Some(1_700_000_000_000));
        for wrong in ["x", "2023-11-14", "2023-13-14T22:13", "2023-11-14T22:13Z"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_was_started_too_early_ends_the_search() {
        let filter = Filter {
            status: "",
            named: "a",
            of: "",
            after: Some(2_000),
            before: Some(4_000),
            written: ("", ""),
        };
        let execution = |name: &str, at: i64| json!({"name": name, "startDate": at});
        for (name, at, passes, ends) in [
            ("a", 1, false, true),
            ("a", 2, true, false),
            ("b", 2, false, false),
            ("ba", 3, true, false),
            ("a", 4, false, false),
        ] {
            let execution = execution(name, at);
            assert_eq!(
                (filter.lets_through(&execution), filter.ends_at(&execution)),
                (passes, ends),
                "{name} {at}"
            );
        }
    }
}
