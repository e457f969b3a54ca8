//! The port through which a stack changes things: AWS operations, called as a client would.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use crate::id::AccountRegion;
use crate::wire::Structure;

/// A service's error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.line())]
pub struct OperationError {
    /// The operation that was called.
    pub operation: &'static str,
    /// AWS's error code.
    pub code: String,
    /// AWS's message.
    pub message: String,
}

impl OperationError {
    /// What isn't an operation's error, in words that need nothing around them.
    pub(super) fn said(message: impl Into<String>) -> Self {
        Self { operation: "", code: String::new(), message: message.into() }
    }

    fn line(&self) -> String {
        let Self { operation, code, message } = self;
        match operation.is_empty() {
            true => message.clone(),
            false => format!("{operation}: {code}: {message}"),
        }
    }
}

/// The result of an operation.
pub type OperationFuture<'a> = Pin<Box<dyn Future<Output = Result<Value, OperationError>> + Send + 'a>>;

/// In whose name the resources of a stack are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The account.
    Account,
    /// The role of this ARN.
    Role(String),
    /// Somebody who has assumed this role, or this user, who may do what its policies allow.
    Session {
        /// The id of the role or user.
        role_id: String,
        /// Its ARN.
        role_arn: String,
    },
}

/// Operations of accounts and regions.
pub trait Accounts: Send + Sync {
    /// Those of `home`, in the name of `actor`.
    fn operations(&self, home: &AccountRegion, actor: &Actor) -> Arc<dyn Operations>;
}

/// Calls AWS operations in the name of an [`Actor`].
pub trait Operations: Send + Sync {
    /// What `operation` of `service` takes; `None` if it isn't known.
    fn input(&self, service: &str, operation: &str) -> Option<&'static Structure>;

    /// Calls `operation` of `service` (`states`, `apigateway`, `iam`) with `input`, whose members are named as in the
    /// service model. Returns the output.
    fn call<'a>(
        &'a self,
        service: &'static str,
        operation: &'static str,
        input: Value,
    ) -> OperationFuture<'a>;
}
