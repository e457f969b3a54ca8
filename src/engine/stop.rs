//! StopExecution.

use super::Error;
use super::event::Failure;
use super::executions::find;
use super::machine::Input;
use super::open::Engine;
use crate::clock::Timestamp;
use crate::id::ExecutionArn;

impl Engine {
    /// StopExecution; answers when the execution ended. One that has ended already stays as it is.
    ///
    /// # Errors
    /// `InvalidArn`, `ExecutionDoesNotExist`.
    pub async fn stop_execution(&self, arn: &str, failure: Failure) -> Result<Timestamp, Error> {
        let parsed = ExecutionArn::parse(arn)?;
        let text = parsed.to_string();
        let id = self
            .inner
            .base
            .store
            .read(move |tx| Ok::<_, Error>(find(tx, &parsed)?.map(|found| found.id)))
            .await?
            .ok_or(Error::ExecutionDoesNotExist(text))?;
        self.advance(id, Input::Stopped(failure), |_| Ok(())).await?;
        // Also when it had ended already.
        Ok(self.executions().describe(arn).await?.stopped.unwrap_or_else(|| self.inner.base.now()))
    }
}
