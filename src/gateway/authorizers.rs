//! Authorizers in the data plane: who calls is asked of a Lambda function, whose answer is kept for a while, or told
//! by a token that a user pool signed.
//!
//! [`compile`](crate::gateway::compile) makes a [`CompiledAuthorizer`] of each authorizer of a deployment, once for
//! each stage that serves it; the phase `pipeline::authorize` has an [`Examiner`] ask it. What it answers is a policy
//! for the caller, which is evaluated anew for each request.
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
