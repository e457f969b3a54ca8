//! Operations: the rows of the services' tables.

use std::future::Future;
use std::pin::Pin;

use super::{ApiError, Call, Reply, Service, Structure};

/// A row of a table: everything about one operation.
#[derive(Debug)]
pub struct Operation {
    /// The service it belongs to.
    pub service: &'static Service,
    /// Its name, such as `StartExecution`.
    pub name: &'static str,
    /// How a request names it.
    pub route: Route,
    /// The shape of its input.
    pub input: &'static Structure,
    /// Its implementation.
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
        /// The status code for success.
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
    /// This function.
    Supported(fn(Call) -> HandlerFuture),
    /// None yet: the operation answers that it isn't supported, in its protocol's form.
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
