//! Ending Waits before their time. AWS has nothing like it.

use std::sync::Arc;

use super::machine::Input;
use super::open::Engine;
use super::{Error, executions};
use crate::id::ExecutionArn;

impl Engine {
    /// Ends the Waits that an execution is in: that of the state `only`, or all. Answers the names of the states, once
    /// that is on disk. What waits in an execution that this one started is that one's.
    ///
    /// # Errors
    /// `InvalidArn`, `ExecutionDoesNotExist`, `NoWait`.
    pub async fn skip_wait(&self, arn: &str, only: Option<String>) -> Result<Vec<Arc<str>>, Error> {
        let (engine, arn) = (self.clone(), ExecutionArn::parse(arn)?);
        let only: Option<Arc<str>> = only.map(Into::into);
        self.whole(async move { engine.until_ahead(|| engine.skip(&arn, only.clone())).await }).await
    }

    async fn skip(&self, arn: &ExecutionArn, only: Option<Arc<str>>) -> Result<Vec<Arc<str>>, Error> {
        let of = arn.clone();
        let found = self.inner.base.store.read(move |tx| executions::find(tx, &of)).await?;
        let id = found.ok_or_else(|| Error::ExecutionDoesNotExist(arn.to_string()))?.id;
        let place = self.inner.live.place(id);
        // Whoever holds the place is alone with the execution: what waits now waits until the step is taken.
        let mut slot = self.fold(id, &place).await?;
        let Some(live) = slot.take() else {
            return Err(Error::NoWait("The execution has ended.".to_owned()));
        };
        let waiting = live.execution.waiting(&live.program, only.as_deref());
        let mut waiting: Vec<Arc<str>> = waiting.map(|(_, name)| name).collect();
        if waiting.is_empty() {
            *slot = Some(live);
            return Err(Error::NoWait(match only {
                Some(only) => format!("The execution does not wait in the state '{only}'."),
                None => "The execution waits in no Wait state.".to_owned(),
            }));
        }
        waiting.sort_unstable();
        match self.take_step((slot, place), live, Input::WaitsSkipped(only), (), |(), _| Ok(())).await? {
            Some(_) => Ok(waiting),
            None => Err(Error::NoWait("The execution waits in no Wait state.".to_owned())),
        }
    }
}
