//! What no AWS operation is about, as policies name it: the last requests, and the server itself.
//!
//! The same policies decide as about AWS operations; the resource is `*`. Both are about all accounts of the server, so they are
//! for its own account.

/// Looks at the last requests to deployed APIs.
pub const GET_REQUESTS: &str = "stepgate:GetRequests";
/// Has them recorded, or forgotten.
pub const RECORD_REQUESTS: &str = "stepgate:RecordRequests";
/// Sends one again.
pub const SEND_REQUESTS: &str = "stepgate:SendRequests";
/// Looks at the settings, files, figures and audit log of the server.
pub const GET_SERVER: &str = "stepgate:GetServer";
