//! What no AWS operation tells: how the server itself is.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

/// What is told, in a while.
pub type FactsFuture<'f> = Pin<Box<dyn Future<Output = Value> + Send + 'f>>;

/// Tells about the server.
pub trait Facts: Send + Sync {
    /// `{"isHealthy": …, "version": …, "endpoint": …}`, for everybody who has signed in.
    fn health(&self) -> FactsFuture<'_>;

    /// For the account alone: `{"settings": TEXT, "files": [{"name", "bytes"}], "isAudited": …, "audit": [LINE]}`. Settings come
    /// without secrets.
    fn operation(&self) -> FactsFuture<'_>;
}
