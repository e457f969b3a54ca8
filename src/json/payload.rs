//! A document that keeps its original text.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::check::validate;
use super::print::{compact, quoted};
use super::syntax::SyntaxError;

/// A JSON document as text, as a tree, or both; each is computed from the other on demand.
///
/// Clones share the document. Two payloads are equal if their texts are equal. Serialises as a string that contains the
/// text, to JSON only.
#[derive(Clone)]
pub struct Payload {
    inner: Arc<Inner>,
}

/// At least one of the two is always set.
struct Inner {
    text: OnceLock<Arc<str>>,
    value: OnceLock<Value>,
    /// The text as a JSON string, of short texts: a state's input stands in a history several times, and escaping takes
    /// several times as long as copying.
    quoted: OnceLock<Option<Box<RawValue>>>,
}

/// The longest text whose form as a string is kept, in bytes.
const QUOTED_BYTES_MAX: usize = 4 * 1024;

impl Inner {
    fn new(text: OnceLock<Arc<str>>, value: OnceLock<Value>) -> Self {
        Self { text, value, quoted: OnceLock::new() }
    }
}

impl Payload {
    /// Takes a document's text unchanged, and only checks that it is well formed.
    ///
    /// # Errors
    /// Those of [`parse`](super::parse).
    pub fn from_text(text: impl Into<Arc<str>>) -> Result<Self, SyntaxError> {
        let text = text.into();
        validate(&text)?;
        Ok(Self { inner: Arc::new(Inner::new(OnceLock::from(text), OnceLock::new())) })
    }

    /// Takes a tree. Its compact text is produced on demand.
    #[must_use]
    pub fn from_value(value: Value) -> Self {
        Self { inner: Arc::new(Inner::new(OnceLock::new(), OnceLock::from(value))) }
    }

    /// The document's text: the original, or compact if there is none.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text_ref()
    }

    /// The document's text, shared.
    #[must_use]
    pub fn shared_text(&self) -> Arc<str> {
        self.text_ref().clone()
    }

    /// The document's tree; parsed on first use.
    #[must_use]
    pub fn value(&self) -> &Value {
        let Inner { text, value, .. } = &*self.inner;
        value.get_or_init(|| {
            let text = text.get().expect("a payload without a tree has a text");
            super::parse(text).expect("a payload's text was validated")
        })
    }

    /// The document's tree, without copying it if nobody else holds this payload.
    #[must_use]
    pub fn into_value(self) -> Value {
        let _made = self.value();
        match Arc::try_unwrap(self.inner) {
            Ok(inner) => inner.value.into_inner().expect("the tree was just made"),
            Err(shared) => shared.value.get().expect("the tree was just made").clone(),
        }
    }

    /// The length of the text in bytes of UTF-8, which is what AWS's size limits count.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.text_ref().len()
    }

    fn text_ref(&self) -> &Arc<str> {
        let Inner { text, value, .. } = &*self.inner;
        text.get_or_init(|| compact(value.get().expect("a payload without a text has a tree")).into())
    }
}

impl Default for Payload {
    /// `{}`, which AWS uses if the input is absent.
    fn default() -> Self {
        Self::from_value(Value::Object(serde_json::Map::new()))
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self::from_value(value)
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) || self.text() == other.text()
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Payload").field(&self.text()).finish()
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text();
        let quoted = if QUOTED_BYTES_MAX < text.len() {
            None
        } else {
            // `None` can't be: what is quoted is JSON.
            self.inner.quoted.get_or_init(|| RawValue::from_string(quoted(text)).ok()).as_ref()
        };
        match quoted {
            Some(quoted) => quoted.serialize(serializer),
            None => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Payload;

    #[test]
    fn untouched_text_stays_as_it_was() {
        let payload = Payload::from_text("{ \"a\" : 1.50 }").unwrap();
        assert_eq!(payload.value(), &json!({"a": 1.5}));
        assert_eq!(payload.text(), "{ \"a\" : 1.50 }");
        assert_eq!(payload.len_bytes(), 14);
    }

    #[test]
    fn a_tree_prints_compact() {
        let payload = Payload::from_value(json!({"a": [1, 2]}));
        assert_eq!(payload.text(), "{\"a\":[1,2]}");
        assert_eq!(payload.into_value(), json!({"a": [1, 2]}));
        assert_eq!(Payload::default().text(), "{}");
    }

    #[test]
    fn malformed_text_is_refused_at_once() {
        for text in ["", "not", "{\"a\":1", "1e999", "\"\\ud800\""] {
            assert!(Payload::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn serialises_as_a_string() {
        let payload = Payload::from_text("{\"a\": 1}").unwrap();
        let stored = serde_json::to_string(&payload).unwrap();
        assert_eq!(stored, "\"{\\\"a\\\": 1}\"");
        assert_eq!(serde_json::from_str::<Payload>(&stored).unwrap(), payload);
        assert!(serde_json::from_str::<Payload>("\"{\"").is_err());
    }

    #[test]
    fn short_and_long_texts_serialise_alike() {
        let every: String = (0..=0x24F).filter_map(char::from_u32).collect();
        for length in [1, 100, super::QUOTED_BYTES_MAX, 100_000] {
            let payload = Payload::from_value(json!({"every": every, "more": "\"\\ü ".repeat(length / 4)}));
            let expect = serde_json::to_string(payload.text()).unwrap();
            // Twice: the second is the one that is kept.
            assert_eq!(serde_json::to_string(&payload).unwrap(), expect);
            assert_eq!(serde_json::to_string(&payload).unwrap(), expect);
            assert_eq!(serde_json::to_value(&payload).unwrap(), json!(payload.text()));
        }
    }
}
