//! `$context.requestOverride` and `$context.responseOverride` while a template runs.

use super::host::Kind;
use crate::gateway::context::{OverrideMap, Overrides};
use crate::vtl::Value;

/// The overrides as values of the language. This and the next template can read what was assigned.
#[derive(Debug, Default)]
pub(super) struct LiveOverrides {
    request_header: Vec<(String, Value)>,
    request_querystring: Vec<(String, Value)>,
    request_path: Vec<(String, Value)>,
    response_header: Vec<(String, Value)>,
    response_status: Option<Value>,
    /// What the current template has assigned.
    assigned: Vec<(Kind, String)>,
}

/// A template may override a parameter only once: the guide says that more than once gives a 5XX response. The response
/// template may override again what the request template did, because the guide is about one template.
#[derive(Debug, thiserror::Error)]
#[error("{place}{name} is overridden more than once; keep the value in a variable and override once")]
pub(super) struct OverriddenTwice {
    place: &'static str,
    name: String,
}

impl LiveOverrides {
    /// `$context.requestOverride.header`, `….header.X`, `$context.responseOverride.status`, …
    pub(super) fn get(&self, kind: Kind, property: &str) -> Value {
        let map = match (kind, property) {
            (Kind::RequestOverride, "header") => return Kind::RequestHeader.value(),
            (Kind::RequestOverride, "querystring") => return Kind::RequestQuerystring.value(),
            (Kind::RequestOverride, "path") => return Kind::RequestPath.value(),
            (Kind::ResponseOverride, "header") => return Kind::ResponseHeader.value(),
            (Kind::ResponseOverride, "status") => {
                return self.response_status.clone().unwrap_or(Value::Empty);
            }
            (Kind::RequestHeader, _) => &self.request_header,
            (Kind::RequestQuerystring, _) => &self.request_querystring,
            (Kind::RequestPath, _) => &self.request_path,
            (Kind::ResponseHeader, _) => &self.response_header,
            _ => return Value::Empty,
        };
        let found = map.iter().find(|(name, _)| is_same(kind, name, property));
        found.map_or(Value::Empty, |(_, value)| value.clone())
    }

    /// Assigns a value; ignores anything that is not an override.
    pub(super) fn set(&mut self, kind: Kind, property: &str, value: Value) -> Result<(), OverriddenTwice> {
        let (place, map) = match (kind, property) {
            (Kind::ResponseOverride, "status") => ("$context.responseOverride.", None),
            (Kind::RequestHeader, _) => ("$context.requestOverride.header.", Some(&mut self.request_header)),
            (Kind::RequestQuerystring, _) => {
                ("$context.requestOverride.querystring.", Some(&mut self.request_querystring))
            }
            (Kind::RequestPath, _) => ("$context.requestOverride.path.", Some(&mut self.request_path)),
            (Kind::ResponseHeader, _) => {
                ("$context.responseOverride.header.", Some(&mut self.response_header))
            }
            _ => return Ok(()),
        };
        if self.assigned.iter().any(|(other, name)| *other == kind && is_same(kind, name, property)) {
            return Err(OverriddenTwice { place, name: property.to_owned() });
        }
        self.assigned.push((kind, property.to_owned()));
        let Some(map) = map else {
            self.response_status = Some(value);
            return Ok(());
        };
        match map.iter_mut().find(|(name, _)| is_same(kind, name, property)) {
            Some((_, old)) => *old = value,
            None => map.push((property.to_owned(), value)),
        }
        Ok(())
    }
}

/// Header names are case-insensitive.
fn is_same(kind: Kind, one: &str, other: &str) -> bool {
    match kind {
        Kind::RequestHeader | Kind::ResponseHeader => one.eq_ignore_ascii_case(other),
        _ => one == other,
    }
}

impl From<Overrides> for LiveOverrides {
    fn from(overrides: Overrides) -> Self {
        let live = |map: OverrideMap| {
            map.into_iter()
                .map(|(name, values)| match values.as_slice() {
                    [one] => (name, Value::str(one)),
                    many => (name, Value::list(many.iter().map(|value| Value::str(value)).collect())),
                })
                .collect()
        };
        Self {
            request_header: live(overrides.request_header),
            request_querystring: live(overrides.request_querystring),
            request_path: live(overrides.request_path),
            response_header: live(overrides.response_header),
            response_status: overrides.response_status.as_deref().map(Value::str),
            assigned: Vec::new(),
        }
    }
}

impl From<LiveOverrides> for Overrides {
    fn from(live: LiveOverrides) -> Self {
        let settle = |map: Vec<(String, Value)>| {
            map.into_iter().map(|(name, value)| (name, texts(&value))).collect::<OverrideMap>()
        };
        Self {
            request_header: settle(live.request_header),
            request_querystring: settle(live.request_querystring),
            request_path: settle(live.request_path),
            response_header: settle(live.response_header),
            response_status: live.response_status.map(|value| value.to_display_string()),
        }
    }
}

/// A list sets several values, anything else one, null none.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(list) => list.items().iter().map(Value::to_display_string).collect(),
        value if value.is_null() => Vec::new(),
        value => vec![value.to_display_string()],
    }
}
