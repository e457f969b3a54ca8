//! What a form sends.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;

use super::failure::Failure;
use crate::connect::{self, Body};
use crate::gateway::Bulkhead;
use crate::identity::Query;

/// The most bytes of a form: the largest input of an execution, each of its bytes encoded, and what is beside it.
pub(super) const FORM_BYTES_MAX: usize = 1024 * 1024;

/// The fields of a form, decoded.
pub(super) struct Form(Query);

impl Form {
    /// Reads a form.
    ///
    /// # Errors
    /// For what is no form, or too large a one.
    pub(super) async fn read(parts: &Parts, body: Body, bodies: &Bulkhead) -> Result<Self, Failure> {
        let declared =
            parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if declared.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
            let message = "A form is application/x-www-form-urlencoded.";
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message));
        }
        let (bytes, _held) =
            bodies.collect_for_aws(body, FORM_BYTES_MAX).await.map_err(|error| match error {
                connect::Error::NoRoom => {
                    Failure::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", error.to_string())
                }
                error => Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLarge", error.to_string()),
            })?;
        Ok(Self::parse(&bytes))
    }

    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(Query::parse(&String::from_utf8_lossy(bytes)))
    }

    /// A field; empty if it isn't there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.last(name).unwrap_or_default()
    }

    /// A field in which something is.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        Some(self.text(name).trim()).filter(|text| !text.is_empty())
    }

    /// A field that has to be there.
    ///
    /// # Errors
    /// If it isn't.
    pub(super) fn required(&self, name: &str) -> Result<&str, Failure> {
        self.filled(name).ok_or_else(|| Failure::invalid(format!("{name} is missing.")))
    }
}
