//! Calls the three kinds of integrations.

pub(crate) mod mock;

mod aws;
mod http;

pub(crate) use http::refusal as http_refusal;

use std::sync::Arc;

use super::backends::Backends;
use super::pipeline::{Call, Reply, ReplyBody};
use super::refusal::Refusal;
use crate::connect::{ClientIdentity, HttpClient};
use ::http::{HeaderMap, StatusCode};
use bytes::Bytes;

/// What integrations need to make outbound calls.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) client: HttpClient,
    pub(crate) backends: Arc<dyn Backends>,
}

/// Makes the call; `identity` is the certificate for HTTPS backends that ask for one.
pub(crate) async fn perform(
    outside: &Outside,
    identity: Option<&ClientIdentity>,
    call: Call,
) -> Result<Reply, Refusal> {
    match call {
        Call::Mock(status) => Ok(Reply {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
            headers: HeaderMap::new(),
            body: ReplyBody::Whole(Bytes::new()),
        }),
        Call::Http(request, bounds) => http::perform(&outside.client, identity, *request, bounds).await,
        Call::Aws(call, timeout) => aws::perform(&*outside.backends, *call, timeout).await,
        Call::Function(call, timeout) => aws::stream(&*outside.backends, *call, timeout).await,
    }
}
