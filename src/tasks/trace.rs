//! The header with which what a task calls joins the trace of its execution.

use http::{HeaderName, HeaderValue};

use crate::engine::TaskCall;

/// The header; none if the execution was started without one.
pub(super) fn trace_header(call: &TaskCall) -> Option<(HeaderName, HeaderValue)> {
    let value = HeaderValue::try_from(&**call.trace_header.as_ref()?).ok()?;
    Some((HeaderName::from_static("x-amzn-trace-id"), value))
}
