//! Drift: what resources are, compared with what their stack has made of them. Only what the template says is compared, and
//! only of types that can be read; of all others it is said that they were not checked.
//!
//! What was last found of a stack is kept in the store, and in memory for whoever asks.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value, json};

use super::{Stacks, run};
use crate::clock::Timestamp;
use crate::id::AccountRegion;
use crate::stack::elsewhere::{self, Place};
use crate::stack::error::Error;
use crate::stack::kind::{Live, live};
use crate::stack::model::{Drift, DriftStatus, Head, Made, ResourceDrift};
use crate::stack::operations::{OperationError, Operations};
use crate::stack::record;

/// The most stacks whose drift is known at one time.
const KNOWN_MAX: u16 = 2_000;

/// Drifts by the stacks' ids.
pub(in super::super) type Drifts = BTreeMap<String, Arc<Drift>>;

impl Stacks {
    /// Learns what was found before the server was started.
    pub(super) async fn recall_drifts(&self) -> Result<(), Error> {
        let found = record::drifts(&self.store).await?;
        let mut drifts = self.drifts.lock().unwrap_or_else(PoisonError::into_inner);
        drifts.extend(found.into_iter().map(|drift| (drift.stack.clone(), Arc::new(drift))));
        Ok(())
    }

    /// What was last found of a stack.
    pub(in super::super) fn drift(&self, stack: &str) -> Option<Arc<Drift>> {
        self.drifts.lock().unwrap_or_else(PoisonError::into_inner).get(stack).cloned()
    }

    /// What was found under this id.
    pub(in super::super) fn detected(&self, id: &str) -> Option<Arc<Drift>> {
        let drifts = self.drifts.lock().unwrap_or_else(PoisonError::into_inner);
        drifts.values().find(|drift| drift.id == id).cloned()
    }

    /// Looks at resources of a stack: at those of these logical ids, or at all.
    ///
    /// # Errors
    /// If the store can't be read.
    pub(in super::super) async fn detect_drift(
        &self,
        home: &AccountRegion,
        head: &Head,
        wanted: Option<&[String]>,
    ) -> Result<Arc<Drift>, Error> {
        let made = record::load(&self.store, home, &head.name).await?.unwrap_or_default();
        let operations = self.accounts.operations(home, &run::actor(&head.settings));
        let before = self.drift(&head.id);
        let (mut resources, mut failures) = (Vec::new(), Vec::new());
        for made in made {
            let known = before.as_ref().and_then(|before| before.of(&made.logical_id).cloned());
            if wanted.is_some_and(|wanted| !wanted.contains(&made.logical_id)) {
                resources.extend(known);
                continue;
            }
            match self.compare(&*operations, made.clone()).await {
                Ok(drift) => resources.push(drift),
                Err(error) => failures.push(format!("{}: {error}", made.logical_id)),
            }
        }
        let drift = Arc::new(Drift {
            id: self.ids.uuid().to_string(),
            stack: head.id.clone(),
            time: self.clock.now(),
            resources,
            failures,
        });
        record::save_drift(&self.store, home, &drift, KNOWN_MAX.into()).await?;
        let mut drifts = self.drifts.lock().unwrap_or_else(PoisonError::into_inner);
        if usize::from(KNOWN_MAX) <= drifts.len()
            && let Some(any) = drifts.keys().next().cloned()
        {
            drifts.remove(&any);
        }
        drifts.insert(head.id.clone(), drift.clone());
        Ok(drift)
    }

    async fn compare(
        &self,
        operations: &dyn Operations,
        made: Made,
    ) -> Result<ResourceDrift, OperationError> {
        let time = self.clock.now();
        let properties = run::shown(&made.properties);
        if elsewhere::is_made(&made.attributes) {
            let place = Place { operations, clock: &*self.clock };
            let found = elsewhere::live(&place, made.kind.type_name(), &made.attributes).await?;
            let found = found.map(|found| found.map(|found| whole(&properties, &found)));
            return Ok(match found {
                None => drift_of(made, DriftStatus::NotChecked, Vec::new(), time),
                Some(None) => drift_of(made, DriftStatus::Deleted, Vec::new(), time),
                Some(Some(pairs)) => compared(made, pairs, time),
            });
        }
        Ok(match live(&made.kind, operations, &made.attributes, &properties).await? {
            Live::Unknown => drift_of(made, DriftStatus::NotChecked, Vec::new(), time),
            Live::Gone => drift_of(made, DriftStatus::Deleted, Vec::new(), time),
            Live::There(found) => {
                let expected = Value::Object(properties);
                let pairs = found.into_iter().filter_map(|(path, actual)| {
                    Some((path.to_owned(), expected.pointer(path)?.clone(), actual))
                });
                compared(made, pairs.collect(), time)
            }
        })
    }
}

/// A property's path, its value of the template, and its value now.
type Pair = (String, Value, Option<Value>);

/// All properties of a template beside those that there are.
fn whole(properties: &Map<String, Value>, found: &Map<String, Value>) -> Vec<Pair> {
    let pairs = properties.iter();
    pairs.map(|(name, value)| (format!("/{name}"), value.clone(), found.get(name).cloned())).collect()
}

fn compared(made: Made, pairs: Vec<Pair>, time: Timestamp) -> ResourceDrift {
    let differs = pairs.iter().any(|(_, expected, actual)| !is_same(expected, actual.as_ref()));
    let status = if differs { DriftStatus::Modified } else { DriftStatus::InSync };
    drift_of(made, status, pairs, time)
}

fn drift_of(made: Made, status: DriftStatus, pairs: Vec<Pair>, time: Timestamp) -> ResourceDrift {
    let (mut expected, mut actual, mut differences) = (Map::new(), Map::new(), Vec::new());
    for (path, wanted, found) in pairs {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if !is_same(&wanted, found.as_ref()) {
            let difference = [
                ("PropertyPath", path.clone()),
                ("ExpectedValue", text(&wanted)),
                ("ActualValue", found.as_ref().map_or_else(|| "null".to_owned(), text)),
                ("DifferenceType", if found.is_some() { "NOT_EQUAL" } else { "REMOVE" }.to_owned()),
            ];
            let difference = difference.map(|(name, value)| (name.to_owned(), Value::String(value)));
            differences.push(Map::from_iter(difference));
        }
        put(&mut expected, &path, wanted);
        if let Some(found) = found {
            put(&mut actual, &path, found);
        }
    }
    ResourceDrift {
        logical_id: made.logical_id,
        physical_id: made.attributes.reference,
        kind: made.kind.type_name().to_owned(),
        status,
        expected,
        actual,
        differences,
        time,
    }
}

/// Puts a value where a JSON pointer says.
fn put(members: &mut Map<String, Value>, path: &str, value: Value) {
    match path.trim_start_matches('/').split_once('/') {
        None => {
            members.insert(path.trim_start_matches('/').to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = members.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// Whether a value is what the template says, however the template has written it: numbers and truths as texts, documents as
/// texts or not, in any order of their members.
fn is_same(expected: &Value, actual: Option<&Value>) -> bool {
    let plain = |value: &Value| -> Value {
        match value {
            Value::String(text) => {
                let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
                let document = |text: &str| {
                    let parsed: Value = serde_json::from_str(text).ok()?;
                    (parsed.is_object() || parsed.is_array()).then_some(parsed)
                };
                document(text).or_else(|| document(&decoded)).unwrap_or_else(|| value.clone())
            }
            other => other.clone(),
        }
    };
    match (plain(expected), actual.map(plain)) {
        // What is empty may not be there at all.
        (expected, None) => {
            matches!(&expected, Value::Null)
                || expected.as_str() == Some("")
                || expected.as_array().is_some_and(Vec::is_empty)
                || expected.as_object().is_some_and(Map::is_empty)
        }
        (Value::Object(expected), Some(Value::Object(actual))) => {
            // What the template doesn't say is nobody's drift.
            expected.iter().all(|(name, value)| is_same(value, actual.get(name)))
        }
        (Value::Array(expected), Some(Value::Array(actual))) => {
            expected.len() == actual.len()
                && expected.iter().zip(&actual).all(|(expected, actual)| is_same(expected, Some(actual)))
        }
        (expected, Some(actual)) => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            expected == actual || text(&expected) == text(&actual)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_as_what_they_say() {
        let same = |expected: Value, actual: Value| is_same(&expected, Some(&actual));
        assert!(same(json!("5"), json!(5)));
        assert!(same(json!(true), json!("true")));
        assert!(same(json!({"a": 1, "b": 2}), json!("{\"b\":2,\"a\":1}")));
        assert!(same(json!({"Version": "1"}), json!("%7B%22Version%22%3A%221%22%7D")));
        assert!(same(json!({"a": 1}), json!({"a": 1, "added": 2})));
        assert!(!same(json!({"a": 1}), json!({"a": 2})));
        assert!(!same(json!(["a"]), json!(["a", "b"])));
        assert!(!same(json!("x"), json!("y")));
        assert!(is_same(&json!(""), None) && is_same(&json!({}), None));
        assert!(!is_same(&json!("x"), None));
    }

    #[test]
    fn values_stand_where_their_paths_say() {
        let mut members = Map::new();
        put(&mut members, "/Quota/Limit", json!(1));
        put(&mut members, "/Quota/Period", json!("DAY"));
        put(&mut members, "/Name", json!("n"));
        assert_eq!(Value::Object(members), json!({"Quota": {"Limit": 1, "Period": "DAY"}, "Name": "n"}));
    }
}
