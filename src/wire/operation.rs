//! Operations: the rows of the services' tables.

use std::future::Future;
use std::pin::Pin;

use super::{ApiError, Call, Reply, Service, Structure};

/// A row: all there is to know about one operation.
#[derive(Debug)]
pub struct Operation {
    /// The service it belongs to.
    pub service: &'static Service,
    /// Its name, such as `StartExecution`.
    pub name: &'static str,
    /// How a request names it.
    pub route: Route,
    /// What it takes.
    pub input: &'static Structure,
    /// What carries it out.
    pub handler: Handler,
}

/// How a request names an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// rest-json: a method and a path.
    Rest {
        /// The HTTP method.
        method: &'static str,
        /// Path with `{labels}`, and `?name=value` where a query parameter tells two operations apart:
        /// `/restapis?mode=import`.
        uri: &'static str,
        /// The status of success.
        status: u16,
    },
    /// AWS JSON: `X-Amz-Target: PREFIX.NAME`.
    Target,
    /// AWS query: `Action=NAME`.
    Action,
}

/// What a handler returns.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Reply, ApiError>> + Send>>;

/// What carries an operation out. Written with [`handler!`](crate::handler).
#[derive(Clone, Copy, Debug)]
pub enum Handler {
    /// This does.
    Supported(fn(Call) -> HandlerFuture),
    /// Nothing yet: the operation answers that it isn't supported, in its protocol's words.
    Unsupported,
}

/// Makes the [`Handler`] of `async fn(&Call, Input) -> Result<Output, ApiError>`.
///
/// `Input` is `Deserialize` and gets the checked members; `Output` is `Serialize`, or a [`Reply`] itself.
#[macro_export]
macro_rules! handler {
    ($function:path) => {
        $crate::Handler::Supported(|mut call| {
            Box::pin(async move {
                let input = call.take_input()?;
                let output = $function(&call, input).await?;
                $crate::Reply::of(&output)
            })
        })
    };
}
