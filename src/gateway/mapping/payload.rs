//! A complete body, parsed as JSON on demand.

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::Value;

use crate::gateway::bulkhead::Held;
use crate::gateway::compile::essence;
use crate::json;

/// Bytes, and their JSON once it is parsed.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    bytes: Bytes,
    /// The reserved memory of a large body.
    held: Option<Held>,
    json: OnceLock<Result<Value, NotJson>>,
}

/// How templates see a body: as a document with members, or as text.
///
/// AWS doesn't document what `$input` does with a body that is not JSON. Its own blueprints for webhooks treat forms as
/// text (`$input.path('$').split('&')`, `{"body": $input.json('$')}`), whereas an invalid body of type
/// `application/json` is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// JSON; anything else fails.
    Json,
    /// Text, even if it could be parsed as JSON.
    Text,
    /// JSON if it can be parsed, otherwise text: backends often send JSON with another type.
    Either,
}

impl Reading {
    /// For the client's body, by its `Content-Type`; a missing one counts as JSON.
    pub(crate) fn of_request(content_type: Option<&str>) -> Self {
        if content_type.is_none_or(is_json) { Self::Json } else { Self::Text }
    }

    /// For the backend's body, by its `Content-Type`.
    pub(crate) fn of_response(content_type: Option<&str>) -> Self {
        if content_type.is_none_or(is_json) { Self::Json } else { Self::Either }
    }
}

/// `application/json` and similar types: `text/json`, `application/problem+json`, `application/x-amz-json-1.1`.
fn is_json(content_type: &str) -> bool {
    if content_type == "application/json" {
        return true; // By far the most frequent one, on every request's way.
    }
    let kind = essence(content_type).to_ascii_lowercase();
    kind.is_empty() || kind.split_once('/').is_some_and(|(_, subtype)| subtype.contains("json"))
}

/// Why a payload is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotJson(pub(crate) String);

impl Payload {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self::held(bytes, None)
    }

    /// The same, with its reserved memory.
    pub(crate) fn held(bytes: Bytes, held: Option<Held>) -> Self {
        Self { bytes, held, json: OnceLock::new() }
    }

    /// Frees the parsed document. If it is needed again, it is parsed again.
    pub(crate) fn forget_json(&mut self) {
        self.json = OnceLock::new();
    }

    /// The bytes and their reserved memory.
    pub(crate) fn into_parts(self) -> (Bytes, Option<Held>) {
        (self.bytes, self.held)
    }

    /// The bytes as they are.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The document, parsed once; `None` for an empty payload.
    ///
    /// Errors have Jackson's messages, as AWS prints them.
    pub(crate) fn json(&self) -> Result<Option<&Value>, NotJson> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let parse = || {
            let text = String::from_utf8_lossy(&self.bytes);
            json::parse(&text).map_err(|error| {
                // The gateway's parser gets bytes, and its messages say so.
                NotJson(error.located(&text).replacen("(String)", "(byte[])", 1))
            })
        };
        match self.json.get_or_init(parse) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.clone()),
        }
    }

    /// What `$input` sees; `None` for an empty payload.
    pub(crate) fn document(&self, reading: Reading) -> Result<Option<Cow<'_, Value>>, NotJson> {
        match reading {
            Reading::Text if self.is_empty() => Ok(None),
            Reading::Text => Ok(Some(Cow::Owned(self.text()))),
            Reading::Json => Ok(self.json()?.map(Cow::Borrowed)),
            Reading::Either => match self.json() {
                Ok(document) => Ok(document.map(Cow::Borrowed)),
                Err(NotJson(_)) => Ok(Some(Cow::Owned(self.text()))),
            },
        }
    }

    fn text(&self) -> Value {
        Value::String(String::from_utf8_lossy(&self.bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_no_document_and_text_is_an_error() {
        assert_eq!(Payload::default().json(), Ok(None));
        assert_eq!(Payload::new("[1]".into()).json(), Ok(Some(&serde_json::json!([1]))));
        assert!(Payload::new("xyz".into()).json().is_err());
    }

    #[test]
    fn what_a_body_is_read_as_depends_on_its_type() {
        for (content_type, request, response) in [
            (None, Reading::Json, Reading::Json),
            (Some(""), Reading::Json, Reading::Json),
            (Some("application/json; charset=utf-8"), Reading::Json, Reading::Json),
            (Some("Application/Vnd.API+JSON"), Reading::Json, Reading::Json),
            (Some("application/x-amz-json-1.0"), Reading::Json, Reading::Json),
            (Some("application/x-www-form-urlencoded"), Reading::Text, Reading::Either),
            (Some("text/plain"), Reading::Text, Reading::Either),
            (Some("json"), Reading::Text, Reading::Either),
        ] {
            assert_eq!(Reading::of_request(content_type), request, "{content_type:?}");
            assert_eq!(Reading::of_response(content_type), response, "{content_type:?}");
        }
        let read = |text: &'static str, reading| {
            Payload::new(text.into()).document(reading).map(|it| it.map(Cow::into_owned))
        };
        assert_eq!(read("[1]", Reading::Text), Ok(Some("[1]".into())));
        assert_eq!(read("[1]", Reading::Either), Ok(Some(serde_json::json!([1]))));
        assert_eq!(read("a=1", Reading::Either), Ok(Some("a=1".into())));
        assert!(read("a=1", Reading::Json).is_err());
        for reading in [Reading::Json, Reading::Text, Reading::Either] {
            assert_eq!(read("", reading), Ok(None), "{reading:?}");
        }
    }
}
