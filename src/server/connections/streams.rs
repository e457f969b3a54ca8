//! The tasks for an HTTP/2 connection's streams. Each can be ended separately.

use std::sync::Arc;

use super::open::{Exchange, Open};

tokio::task_local! {
    /// The exchange that this task answers.
    static STREAM: Arc<Exchange>;
}

/// Spawns a task for each stream and registers it with the connection, so that the sweep finds it: if one of many
/// clients behind a proxy reads slowly, only its stream is ended.
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
        let known = OpenStream { open: self.0.clone(), exchange: exchange.clone() };
        let task = tokio::spawn(STREAM.scope(exchange.clone(), async move {
            let _known = known;
            stream.await;
        }));
        exchange.runs_as(task.abort_handle());
    }
}

/// The exchange of the current task's stream; `None` on an HTTP/1 connection, which has one exchange at a time.
pub(super) fn current() -> Option<Arc<Exchange>> {
    STREAM.try_with(Arc::clone).ok()
}

struct OpenStream {
    open: Arc<Open>,
    exchange: Arc<Exchange>,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.open.remove_stream(&self.exchange);
    }
}
