//! The phases of a request, one a file, and the types that pass between them.
//!
//! A phase is a function, or two where it has work before and after the next ones. [`Gateway`](super::Gateway) calls
//! them in their order. The request's type changes from phase to phase, so that each proves what it did and none can
//! be left out or moved:
//! `Arrived → Staged → Routed → Authorized → Admitted → Validated → Prepared`, and back
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
pub(crate) mod validate;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::backends::AwsCall;
use super::compile::{CompiledIntegration, CompiledMethod, CompiledStage};
use super::context::Context;
use super::mapping::payload::Payload;
use super::refusal::Refusal;
use crate::connect;
use crate::connect::{Body, Request, Response};

/// Largest body of a request or an answer, in bytes: API Gateway's payload quota.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A request as it came, for a known address.
pub(crate) struct Arrived {
    pub(crate) context: Box<Context>,
    pub(crate) body: Body,
}

/// … whose stage is found.
pub(crate) struct Staged {
    pub(super) context: Box<Context>,
    pub(super) stage: Arc<CompiledStage>,
    pub(super) body: Body,
}

/// … whose method is found.
pub(crate) struct Routed {
    pub(super) context: Box<Context>,
    pub(super) stage: Arc<CompiledStage>,
    pub(super) method: Arc<CompiledMethod>,
    pub(super) body: Body,
}

/// … whose caller may call the method.
pub(crate) struct Authorized {
    pub(super) routed: Routed,
    /// What the method's authorizer answered, for APIs that take their keys from there.
    pub(super) usage_identifier: Option<UsageIdentifier>,
}

/// The value of an API key, as an authorizer names it (`usageIdentifierKey`).
pub(crate) struct UsageIdentifier(pub(super) String);

/// … who keeps within plans and rates.
pub(crate) struct Admitted(pub(super) Routed);

/// … with all that the method requires.
pub(crate) struct Validated {
    pub(super) routed: Routed,
    /// The body, if it had to be read for that; `routed` has none then.
    pub(super) body: Option<Payload>,
}

/// The integration request is made.
pub(crate) struct Prepared {
    pub(super) exchange: Exchange,
    pub(super) call: Call,
}

/// The integration has answered.
pub(crate) struct Replied {
    pub(super) exchange: Exchange,
    pub(super) reply: Reply,
}

/// What both sides of an integration need: whose request it is and what its body was.
pub(crate) struct Exchange {
    pub(super) context: Box<Context>,
    pub(super) stage: Arc<CompiledStage>,
    pub(super) method: Arc<CompiledMethod>,
    /// The method request's body; empty where it streams.
    pub(super) request: Payload,
}

/// One call of a backend.
pub(crate) enum Call {
    /// Nothing is called; the template said this status.
    Mock(u16),
    /// An HTTP request, with its bounds.
    Http(Box<Request>, connect::Call),
    /// A service of this house, and how long it may take.
    Aws(Box<AwsCall>, Duration),
}

/// What a backend answered.
pub(crate) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: ReplyBody,
}

/// The body of a backend's answer.
pub(crate) enum ReplyBody {
    /// All there.
    Whole(Bytes),
    /// Still coming.
    Streaming(Body),
}

/// The answer of the method, before what every answer gets.
pub(crate) struct Answered {
    pub(super) context: Box<Context>,
    pub(super) response: Response,
}

/// The answer on its way out.
pub(crate) struct Finished {
    pub(crate) context: Box<Context>,
    pub(crate) response: Response,
}

/// A phase said no; the context goes back out with the reason.
pub(crate) struct Refused {
    pub(super) context: Box<Context>,
    pub(super) refusal: Refusal,
}

impl Routed {
    pub(super) fn refuse(self, refusal: Refusal) -> Refused {
        Refused { context: self.context, refusal }
    }
}

impl Exchange {
    /// The method's integration, which `map_request` found.
    pub(super) fn integration(&self) -> Option<&CompiledIntegration> {
        self.method.integration.as_ref()
    }

    pub(super) fn refuse(self, refusal: Refusal) -> Refused {
        Refused { context: self.context, refusal }
    }
}

/// A test call, which is admitted without asking: authorizers, keys and rates don't apply to it.
pub(super) fn tested(
    context: Box<Context>,
    stage: Arc<CompiledStage>,
    method: Arc<CompiledMethod>,
    body: Body,
) -> Admitted {
    Admitted(Routed { context, stage, method, body })
}
