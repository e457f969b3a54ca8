//! The phases of a request, one file each, and the types that pass between them.
//!
//! A phase is a function, or two if it acts both before and after the following phases. [`Gateway`](super::Gateway)
//! calls them in order. The request's type changes from phase to phase, so the type proves which phases have run, and
//! none can be skipped or moved: `Arrived → Staged → Routed → Authorized → Admitted → Validated → Prepared`, and back
//! `Replied → Answered → Finished`.

pub(crate) mod access_log;
pub(crate) mod authorize;
pub(crate) mod cache;
pub(crate) mod compress;
pub(crate) mod integrate;
pub(crate) mod map_request;
pub(crate) mod map_response;
pub(crate) mod plan;
pub(crate) mod respond;
pub(crate) mod route;
pub(crate) mod stage;
pub(crate) mod stream;
pub(crate) mod validate;

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::backends::AwsCall;
use super::bulkhead::{Bulkhead, Held};
use super::compile::{CompiledIntegration, CompiledMethod, CompiledStage};
use super::context::Context;
use super::mapping::payload::Payload;
use super::refusal::Refusal;
use crate::connect;
use crate::connect::{Body, Request, Response, collect, full};

/// The largest body of a request or response, in bytes: API Gateway's payload quota.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A request as it arrived, with a known address.
pub(crate) struct Arrived {
    pub(crate) context: Box<Context>,
    pub(crate) body: Body,
}

/// … whose stage was found.
pub(crate) struct Staged {
    pub(super) context: Box<Context>,
    pub(super) stage: Arc<CompiledStage>,
    pub(super) body: Body,
}

/// … whose method was found.
pub(crate) struct Routed {
    pub(super) context: Box<Context>,
    pub(super) stage: Arc<CompiledStage>,
    pub(super) method: Arc<CompiledMethod>,
    pub(super) body: Body,
    /// The memory reserved for the body, if it was read before.
    pub(super) held: Option<Held>,
}

/// … whose caller may call the method.
pub(crate) struct Authorized {
    pub(super) routed: Routed,
    /// The API key from the method's authorizer, for APIs with the key source `AUTHORIZER`.
    pub(super) usage_identifier: Option<UsageIdentifier>,
}

/// The value of an API key, as an authorizer returns it (`usageIdentifierKey`).
pub(crate) struct UsageIdentifier(pub(super) String);

/// … whose caller is within the limits of plans and rates.
pub(crate) struct Admitted(pub(super) Routed);

/// … that has everything the method requires.
pub(crate) struct Validated {
    pub(super) routed: Routed,
    /// The body, if validation had to read it; `routed` then has an empty one.
    pub(super) body: Option<Payload>,
}

/// The integration request is ready.
pub(crate) struct Prepared {
    pub(super) exchange: Exchange,
    pub(super) call: Call,
}

/// The integration has answered.
pub(crate) struct Replied {
    pub(super) exchange: Exchange,
    pub(super) reply: Reply,
}

/// What both sides of an integration need: the request's context, and its body.
pub(crate) struct Exchange {
    pub(super) context: Box<Context>,
    pub(super) stage: Arc<CompiledStage>,
    pub(super) method: Arc<CompiledMethod>,
    /// The method request's body; empty if it is streamed.
    pub(super) request: Payload,
}

/// The call of a backend.
pub(crate) enum Call {
    /// Calls nothing; the template chose this status.
    Mock(u16),
    /// An HTTP request, with its limits.
    Http(Box<Request>, connect::Call),
    /// A call to an AWS service, with its timeout.
    Aws(Box<AwsCall>, Duration),
    /// A call of a function whose response is streamed, with its timeout.
    Function(Box<AwsCall>, Duration),
}

/// A backend's response.
pub(crate) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: ReplyBody,
}

/// The body of a backend's response.
pub(crate) enum ReplyBody {
    /// Completely received.
    Whole(Bytes),
    /// Still being received.
    Streaming(Body),
}

/// The method's response, without the headers that every response gets.
pub(crate) struct Answered {
    pub(super) context: Box<Context>,
    pub(super) response: Response,
}

/// The final response.
pub(crate) struct Finished {
    pub(crate) context: Box<Context>,
    pub(crate) response: Response,
}

/// A phase refused the request. The context is returned with the reason.
pub(crate) struct Refused {
    pub(super) context: Box<Context>,
    pub(super) refusal: Refusal,
}

impl Routed {
    pub(super) fn refuse(self, refusal: Refusal) -> Refused {
        Refused { context: self.context, refusal }
    }

    /// Takes the body and reads all of it.
    ///
    /// # Errors
    /// As [`Bulkhead::read`].
    pub(crate) async fn read_body(&mut self, bulkhead: &Bulkhead) -> Result<Payload, Refusal> {
        let body = mem::replace(&mut self.body, full(Bytes::new()));
        match self.held.take() {
            // Its memory is reserved already. Reserving it twice could deadlock with another request.
            Some(held) => match collect(body, PAYLOAD_BYTES_MAX).await {
                Ok(bytes) => Ok(Payload::held(bytes, Some(held))),
                Err(_) => Err(Refusal::BodyBroken),
            },
            None => {
                let payload = bulkhead.read(body).await?;
                if let Some(notes) = &mut self.context.notes {
                    notes.body(payload.bytes());
                }
                Ok(payload)
            }
        }
    }

    /// Puts a body back, so that a later phase can read it again.
    pub(crate) fn put_back(&mut self, body: Payload) {
        let (bytes, held) = body.into_parts();
        self.body = full(bytes);
        self.held = held;
    }
}

impl Admitted {
    /// Whether the method's response is streamed.
    pub(crate) fn streams(&self) -> bool {
        self.0.method.integration.as_ref().is_some_and(CompiledIntegration::streams)
    }
}

impl Exchange {
    /// The method's integration, which `map_request` has found.
    pub(super) fn integration(&self) -> Option<&CompiledIntegration> {
        self.method.integration.as_ref()
    }

    pub(super) fn refuse(self, refusal: Refusal) -> Refused {
        Refused { context: self.context, refusal }
    }
}

/// A test call, which skips authorizers, keys and rates.
pub(super) fn tested(
    context: Box<Context>,
    stage: Arc<CompiledStage>,
    method: Arc<CompiledMethod>,
    body: Body,
) -> Admitted {
    Admitted(Routed { context, stage, method, body, held: None })
}
