//! Where steps of machines with JSONata are taken: expressions may take seconds, which others don't wait for.
//!
//! They run on the blocking pool, in as many places as there are processors; who finds none free waits in line. A step
//! gives way after [`Limits::step_time_max`](super::machine::Limits), so that a machine that does nothing but evaluate
//! goes to the end of the line again and again. Steps of other machines never come here.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;

use super::Error;
use crate::asl::Program;
use crate::store;

/// The places.
pub(super) struct Evaluations(Arc<Semaphore>);

impl Evaluations {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(available_parallelism().map_or(2, usize::from))))
    }

    /// Does `work` with `context`, which takes a step of `program`.
    ///
    /// # Errors
    /// `Closed` if the process ends before it is done.
    pub(super) async fn decide<C: Clone + Send + 'static, T: Send + 'static>(
        &self,
        context: &C,
        program: &Program,
        work: impl FnOnce(&C) -> T + Send + 'static,
    ) -> Result<T, Error> {
        if !program.has_jsonata() {
            return Ok(work(context));
        }
        let place = self.0.clone().acquire_owned().await;
        let place = place.map_err(|_| Error::Store(store::Error::Closed))?;
        let context = context.clone();
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&context);
            drop(place);
            done
        });
        match done.await {
            Ok(done) => Ok(done),
            Err(error) if error.is_panic() => Err(Error::Store(store::Error::Panicked)),
            // The runtime is shutting down.
            Err(_) => Err(Error::Store(store::Error::Closed)),
        }
    }
}
