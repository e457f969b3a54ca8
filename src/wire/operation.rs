//! Operations and services: the rows of the tables.

use std::future::Future;
use std::pin::Pin;

use super::{ApiError, Call, Reply, Structure, apis, iam, states, sts};

/// A row: all there is to know about one operation.
#[derive(Debug)]
pub struct Operation {
    /// The service it belongs to.
    pub service: Service,
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

/// What carries an operation out. Written with [`handler`](super::handler).
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
macro_rules! handler {
    ($function:path) => {
        $crate::wire::Handler::Supported(|mut call| {
            Box::pin(async move {
                let input = call.take_input()?;
                let output = $function(&call, input).await?;
                $crate::wire::Reply::of(&output)
            })
        })
    };
}
pub(crate) use handler;

/// An AWS service that Stepgate answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// AWS Step Functions, 2016-11-23.
    States,
    /// Amazon API Gateway, 2015-07-09.
    ApiGateway,
    /// AWS Identity and Access Management, 2010-05-08.
    Iam,
    /// AWS Security Token Service, 2011-06-15.
    Sts,
}

/// How a service's requests and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// JSON bodies under REST paths.
    RestJson,
    /// `application/x-amz-json-1.0`.
    Json10,
    /// Form bodies in, XML out.
    Query,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 4] = [Self::States, Self::ApiGateway, Self::Iam, Self::Sts];

    /// The name it is signed for, and its label in metrics.
    pub const fn signing_name(self) -> &'static str {
        match self {
            Self::States => "states",
            Self::ApiGateway => "apigateway",
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }

    /// How it talks.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::States => Protocol::Json10,
            Self::ApiGateway => Protocol::RestJson,
            Self::Iam | Self::Sts => Protocol::Query,
        }
    }

    /// Its table.
    pub fn operations(self) -> &'static [Operation] {
        match self {
            Self::States => states::OPERATIONS,
            Self::ApiGateway => apis::OPERATIONS,
            Self::Iam => iam::OPERATIONS,
            Self::Sts => sts::OPERATIONS,
        }
    }
}
