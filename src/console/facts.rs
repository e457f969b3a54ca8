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

    /// For who may see the server (`stepgate:GetServer`): `settings` without secrets, each with where it comes from; `files`; `disk`;
    /// the `audit` log's end; what is `waiting`; the `writer`'s last half hour; and `tables` with their sizes, unless that takes
    /// long.
    fn operation(&self) -> FactsFuture<'_>;

    /// The tables with their sizes, however long that takes: `[{"name", "bytes"}]`.
    fn tables(&self) -> FactsFuture<'_>;
}
