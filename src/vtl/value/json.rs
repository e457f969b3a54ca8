//! Conversion of values from and to JSON.

use serde_json::Value as Json;

use crate::vtl::value::{List, ListKind, Map, Value};

/// Deeper nesting becomes null, so that no value can exhaust the stack.
const DEPTH_MAX: u32 = 512;
/// Beyond this many nodes, the rest becomes null: a list that contains another list twice, thirty levels deep, has a
/// billion.
const NODES_MAX: u32 = 4_000_000;

impl Value {
    /// Makes a value that prints as API Gateway prints values from JSON.
    ///
    /// Numbers get Java's types: int or long by size, big integer beyond, double for anything with a fraction or an
    /// exponent. Null becomes [`Value::Empty`]. Lists print as JSON text, objects as Java prints maps.
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Empty,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(number) => number
                .as_i64()
                .map(Self::integer)
                .or_else(|| number.as_u64().map(|n| Self::Big(n.into())))
                .or_else(|| number.as_f64().map(Self::Double))
                .unwrap_or_default(),
            Json::String(text) => Self::str(text),
            Json::Array(items) => {
                Self::List(List::new(ListKind::Json, items.iter().map(Self::from_json).collect()))
            }
            Json::Object(members) => Self::Map(Map::from_entries(
                members.iter().map(|(name, value)| (Self::str(name), Self::from_json(value))),
            )),
        }
    }

    /// The number of values in `json`, which is the cost of converting it.
    pub fn count(json: &Json) -> u64 {
        match json {
            Json::Null | Json::Bool(_) | Json::Number(_) => 1,
            Json::String(text) => 1 + text.len() as u64 / 64,
            Json::Array(items) => 1 + items.iter().map(Self::count).sum::<u64>(),
            Json::Object(members) => 1 + members.values().map(|member| 1 + Self::count(member)).sum::<u64>(),
        }
    }

    /// The same for a value of a template, up to `max`.
    pub fn weight(&self, max: u64) -> u64 {
        let mut weight = 0;
        self.weigh(0, max, &mut weight);
        weight
    }

    fn weigh(&self, depth: u32, max: u64, weight: &mut u64) {
        if DEPTH_MAX < depth || max <= *weight {
            return;
        }
        *weight += 1;
        match self {
            Self::Str(text) => *weight += text.len() as u64 / 64,
            Self::List(list) => list.items().iter().for_each(|item| item.weigh(depth + 1, max, weight)),
            Self::Map(map) => {
                map.visit(|key, value| {
                    key.weigh(depth + 1, max, weight);
                    value.weigh(depth + 1, max, weight);
                    None::<()>
                });
            }
            Self::Entry(entry) => entry.value().weigh(depth + 1, max, weight),
            _ => {}
        }
    }

    /// Converts to JSON. Blocks, loops and host objects become null, keys become strings.
    pub fn to_json(&self) -> Json {
        self.to_json_within(0, &mut { NODES_MAX })
    }

    fn to_json_within(&self, depth: u32, nodes: &mut u32) -> Json {
        if DEPTH_MAX < depth || *nodes == 0 {
            return Json::Null;
        }
        *nodes -= 1;
        match self {
            Self::Null | Self::Empty | Self::Block(_) | Self::Loop(_) | Self::Object(_) => Json::Null,
            Self::Bool(b) => Json::Bool(*b),
            Self::Int(n) => Json::from(*n),
            Self::Long(n) => Json::from(*n),
            Self::Big(n) => big_to_json(*n),
            Self::Double(d) => Json::from(*d),
            Self::Str(text) => Json::from(&**text),
            Self::List(list) => {
                list.items().iter().map(|item| item.to_json_within(depth + 1, nodes)).collect()
            }
            Self::Map(map) => {
                let mut members = serde_json::Map::new();
                map.visit(|key, value| {
                    members.insert(key.to_display_string(), value.to_json_within(depth + 1, nodes));
                    None::<()>
                });
                Json::Object(members)
            }
            Self::Entry(entry) => {
                let value = entry.value().to_json_within(depth + 1, nodes);
                Json::Object([(entry.key().to_display_string(), value)].into_iter().collect())
            }
        }
    }
}

/// JSON numbers have 64 bits here. Beyond that, readers would use the nearest double anyway.
fn big_to_json(n: i128) -> Json {
    i64::try_from(n).map(Json::from).or_else(|_| u64::try_from(n).map(Json::from)).unwrap_or_else(|_| {
        #[allow(clippy::cast_precision_loss)]
        let nearest = n as f64;
        Json::from(nearest)
    })
}
