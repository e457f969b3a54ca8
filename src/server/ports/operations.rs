//! `stack::Operations`: a template's changes are calls of the same table of operations that clients call.

use std::sync::Arc;

use serde_json::Value;

use crate::id::Region;
use crate::identity::Caller;
use crate::stack::{OperationError, OperationFuture, Operations};
use crate::wire::{self, ApiError, Structure};

/// Calls as the account that the server's stacks belong to.
pub(super) struct AsAccount {
    api: Arc<wire::Api>,
    caller: Caller,
    region: Region,
}

impl AsAccount {
    pub(super) fn new(api: Arc<wire::Api>, caller: Caller, region: Region) -> Self {
        Self { api, caller, region }
    }

    async fn answer(&self, service: &str, operation: &str, input: Value) -> Result<Value, ApiError> {
        let service = self.api.services().named(service);
        let service = service.ok_or_else(|| ApiError::bare(wire::Code::UnknownOperation))?;
        let (caller, region) = (self.caller.clone(), self.region.clone());
        let output = self.api.invoke(service, operation, input.to_string().into(), caller, region).await?;
        // Outputs that aren't JSON are documents, which no resource type reads.
        Ok(serde_json::from_slice(&output).unwrap_or_default())
    }
}

impl Operations for AsAccount {
    fn input(&self, service: &str, operation: &str) -> Option<&'static Structure> {
        Some(self.api.services().named(service)?.operation(operation)?.input)
    }

    fn call<'a>(
        &'a self,
        service: &'static str,
        operation: &'static str,
        input: Value,
    ) -> OperationFuture<'a> {
        Box::pin(async move {
            self.answer(service, operation, input).await.map_err(|error| OperationError {
                operation,
                code: error.code.name.to_owned(),
                message: error.message.unwrap_or_default().into_owned(),
            })
        })
    }
}
