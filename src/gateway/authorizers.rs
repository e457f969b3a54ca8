//! Authorizers in the data plane. A Lambda authorizer's function decides who the caller is, and its result is cached; a
//! token authorizer checks a token that a user pool has signed.
//!
//! [`compile`](crate::gateway::compile) creates a [`CompiledAuthorizer`] for each authorizer of a deployment, once for
//! each stage that serves it. The phase `pipeline::authorize` uses it through an [`Examiner`]. The result is a policy
//! for the caller, which is evaluated for each request.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html>

mod compiled;
mod event;
mod examine;
mod facts;
mod identity;
mod lambda;
mod results;
mod token;
mod user_pools;
mod verdict;

pub(crate) use compiled::{AuthorizerSetting, CompiledAuthorizer};
pub(crate) use examine::Examiner;
pub(crate) use facts::AuthorizerFacts;
pub(crate) use user_pools::Pool;
pub use user_pools::{KeySet, KeySetError, UserPool, UserPoolKeys, UserPools};
