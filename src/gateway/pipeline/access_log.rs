//! Writes the stage's access log and counts its metrics. This is the last phase, because a line contains the status
//! that the API's gateway response gave to a refusal.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};

use super::Finished;
use crate::clock::Clock;
use crate::connect::{Body, BoxError, Response, boxed, empty};
use crate::gateway::AccessLogs;
use crate::gateway::compile::AccessLog;
use crate::gateway::context::{Context, Outcome};
use crate::gateway::mapping::payload::Payload;
use crate::gateway::mapping::source::Facts;

/// `Finished → Response`. `inspect` takes the log of a request that has one.
pub(crate) fn log(
    finished: Finished,
    clock: &dyn Clock,
    logs: &Arc<dyn AccessLogs>,
    inspect: impl FnOnce(&mut Context, &HeaderMap),
) -> Response {
    let Finished { mut context, response } = finished;
    let latency = clock.monotonic().saturating_sub(context.started);
    let (status, length) = (response.status().as_u16(), response.body().size_hint().exact());
    context.outcome = Some(Outcome { status, length, latency });
    if context.log.is_some() {
        inspect(&mut context, response.headers());
    }
    let Some(stage) = &context.stage else { return response };
    stage.meters.answered(status, latency);
    if stage.access_log.is_none() {
        return response;
    }
    // The times of a stream are known only when it ends.
    if length.is_some() && context.integration.stream.is_none() {
        write(&context, &**logs);
        return response;
    }
    // The number of bytes sent is known only when the body ends, so the line is written then.
    response.map(|body| boxed(Counted { body, sent: 0, context, logs: logs.clone() }))
}

/// Writes a line to its destination, or to the server's log with the target `stepgate::access`.
fn write(context: &Context, logs: &dyn AccessLogs) {
    let Some(stage) = &context.stage else { return };
    let Some(AccessLog { format, destination_arn }) = &stage.access_log else { return };
    let body = Payload::default();
    let line = one_line(format.render(Facts { context, request: &body, response: None }, "-"));
    match destination_arn {
        Some(arn) => logs.log(arn, line),
        None => {
            tracing::info!(target: "stepgate::access", api = %stage.api_id, stage = %stage.name, "{line}");
        }
    }
}

/// Values may contain line breaks (a certificate's PEM), but a request is one line. JSON stays valid.
fn one_line(text: String) -> String {
    if text.contains(['\n', '\r']) { text.replace('\n', "\\n").replace('\r', "\\r") } else { text }
}

/// A body that writes the line when it ends or is dropped.
struct Counted {
    body: Body,
    sent: u64,
    context: Box<Context>,
    logs: Arc<dyn AccessLogs>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        // A stream that is left alone ends here, before its times are written.
        self.body = empty();
        if let Some(outcome) = &mut self.context.outcome {
            outcome.length = Some(self.sent);
        }
        write(&self.context, &*self.logs);
    }
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            let n_bytes = frame.data_ref().map_or(0, Bytes::len);
            self.sent = self.sent.saturating_add(u64::try_from(n_bytes).unwrap_or(u64::MAX));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
