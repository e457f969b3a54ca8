//! Calls: requests that are authenticated, routed and checked.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::incoming::Incoming;
use super::permission::Decided;
use super::{ApiError, Code, Operation};
use crate::clock::Timestamp;
use crate::id::AccountRegion;
use crate::identity::{Caller, ConditionValues, TrustDecision};
use crate::json;

/// An AWS service that calls for a user's resource, as policies of what is called name the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behalf {
    /// The service: `apigateway.amazonaws.com`.
    pub principal: &'static str,
    /// The ARN of the resource.
    pub source_arn: String,
}

/// What a handler gets.
pub struct Call {
    /// The caller.
    pub caller: Caller,
    /// The account and region of the resources: the caller's account, and the region of the signature.
    pub home: AccountRegion,
    /// The operation called.
    pub operation: &'static Operation,
    /// The request id, as in the response.
    pub request_id: String,
    /// The header `X-Amzn-Trace-Id`.
    pub trace_id: Option<String>,
    /// When the call was made.
    pub time: Timestamp,
    /// The service of AWS that calls, if that has no role: a policy of what is called has to allow it.
    pub behalf: Option<Behalf>,
    /// The condition keys of the request, for services that ask policies of their own (`Special::asks_policies`).
    pub request_conditions: Vec<ConditionValues>,
    /// What such policies decided, if the audit log wants to know.
    pub(super) decided: Option<Arc<Mutex<Vec<Decided>>>>,
    pub(super) state: Arc<dyn Any + Send + Sync>,
    pub(super) input: Value,
    pub(super) payload: Bytes,
    /// A body that is still to come.
    pub(super) stream: Mutex<Option<Incoming>>,
}

impl Call {
    /// A member of the input that is a text, before a handler takes the input.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.input.get(member).and_then(Value::as_str)
    }

    /// What the service works on, as it was registered.
    pub fn state<T: 'static>(&self) -> &T {
        let Some(state) = self.state.downcast_ref() else {
            unreachable!("a service's own function registers it, with the state that its handlers know")
        };
        state
    }

    /// The members, which satisfy their shapes' constraints, as the handler's own type. May be called only once.
    pub fn take_input<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        // The check has already reported invalid input with AWS's messages, so a failure here means that a table is
        // incomplete.
        json::decode(self.input.take()).map_err(|error| {
            tracing::error!(operation = self.operation.name, %error, "checked input has another type");
            ApiError::bare(Code::InternalFailure)
        })
    }

    /// Writes to the audit log what trust policies decided.
    pub fn decided(&self, decisions: Vec<TrustDecision>) {
        if let Some(decided) = &self.decided {
            let mut decided = decided.lock().unwrap_or_else(PoisonError::into_inner);
            decided.extend(decisions.into_iter().map(Decided::of_trust));
        }
    }

    /// The body, for operations with a member at [`super::Location::Payload`].
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The body as it comes, for operations with a member at [`super::Location::Stream`]. There is one.
    pub fn stream(&self) -> Incoming {
        let coming = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        coming.unwrap_or_else(|| Incoming::whole(self.payload.clone()))
    }
}

/// What `X-Amzn-Trace-Id` says.
pub(super) fn trace_id(headers: &HeaderMap) -> Option<String> {
    headers.get("x-amzn-trace-id").and_then(|id| id.to_str().ok()).map(str::to_owned)
}
