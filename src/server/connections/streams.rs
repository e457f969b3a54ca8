//! The tasks that answer an HTTP/2 connection's streams, each of which can be ended by itself.

use std::sync::Arc;

use super::open::{Exchange, Open};

tokio::task_local! {
    /// The exchange that this task is there for.
    static STREAM: Arc<Exchange>;
}

/// Spawns a task for each stream, known to its connection so that the sweep finds it: one slow reader of many behind
/// a proxy loses its stream, the others keep theirs.
#[derive(Clone)]
pub(in super::super) struct Streams(Arc<Open>);

impl Streams {
    pub(in super::super) fn new(open: Arc<Open>) -> Self {
        Self(open)
    }
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let exchange = self.0.add_stream();
        let known = Known { open: self.0.clone(), exchange: exchange.clone() };
        let task = tokio::spawn(STREAM.scope(exchange.clone(), async move {
            let _known = known;
            stream.await;
        }));
        exchange.runs_as(task.abort_handle());
    }
}

/// The exchange of the stream whose task this is; none on an HTTP/1 connection, which has one at a time.
pub(super) fn current() -> Option<Arc<Exchange>> {
    STREAM.try_with(Arc::clone).ok()
}

struct Known {
    open: Arc<Open>,
    exchange: Arc<Exchange>,
}

impl Drop for Known {
    fn drop(&mut self) {
        self.open.remove_stream(&self.exchange);
    }
}
