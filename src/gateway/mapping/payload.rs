//! A body that is there as a whole, read as JSON when somebody asks.

use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::Value;

use crate::gateway::bulkhead::Held;
use crate::json;

/// Bytes, and what they are as JSON.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    bytes: Bytes,
    /// The memory that a large one takes, of what all share.
    held: Option<Held>,
    json: OnceLock<Result<Value, NotJson>>,
}

/// Why a payload is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotJson(pub(crate) String);

impl Payload {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self::held(bytes, None)
    }

    /// The same, with the memory that was taken for it.
    pub(crate) fn held(bytes: Bytes, held: Option<Held>) -> Self {
        Self { bytes, held, json: OnceLock::new() }
    }

    /// Gives back what parsing took; who asks for the document again has it parsed again.
    pub(crate) fn forget_json(&mut self) {
        self.json = OnceLock::new();
    }

    /// The bytes, and the memory that was taken for them.
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

    /// The document; parsed once. `None` for an empty payload.
    ///
    /// Fails with Jackson's words, as AWS prints them.
    pub(crate) fn json(&self) -> Result<Option<&Value>, NotJson> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let parse = || {
            let text = String::from_utf8_lossy(&self.bytes);
            json::parse(&text).map_err(|error| {
                // The gateway's parser is given bytes, and says so.
                NotJson(error.located(&text).replacen("(String)", "(byte[])", 1))
            })
        };
        match self.json.get_or_init(parse) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.clone()),
        }
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
}
