//! Authorizers in the data plane. A Lambda authorizer's function decides who the caller is, and its result is cached; a
//! token authorizer checks a token that a user pool has signed.
//!
//! [`compile`](crate::gateway::compile) creates a [`CompiledAuthorizer`] for each authorizer of a deployment, once for
//! each stage that serves it. The phase `pipeline::authorize` uses it through an [`AuthorizerRunner`]. The result is a policy
//! for the caller, which is evaluated for each request.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html>

mod compiled;
mod event;
mod facts;
mod identity;
mod issuers;
mod lambda;
mod results;
mod runner;
mod token;
mod user_pools;
mod verdict;

pub(crate) use compiled::{AuthorizerSetting, CompiledAuthorizer};
pub(crate) use facts::AuthorizerFacts;
pub use issuers::{Issuer, IssuerUnreachable, Issuers};
pub(crate) use runner::AuthorizerRunner;
pub(crate) use user_pools::AuthorizerPools;
pub use user_pools::{KeySet, KeySetError, OwnUserPools, UserPool, UserPoolKeys, UserPools};
