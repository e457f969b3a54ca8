//! What every part of the engine works with: the store, time and ids.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::page::Listing;
use super::{Error, Options};
use crate::clock::{Clock, Ids, Timestamp};
use crate::store::{self, Sequence, Store};

/// How long a step that could not be written waits before it is tried again: from this …
const AGAIN_FIRST: Duration = Duration::from_millis(50);
/// … doubling up to this.
const AGAIN_MOST: Duration = Duration::from_secs(5);

/// Shared by the parts of an engine.
pub(super) struct Base {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) options: Options,
    /// The integer keys of all tables.
    pub(super) keys: Sequence,
    /// Long polls are answered at once.
    pub(super) draining: watch::Sender<bool>,
    /// The engine's own tasks end.
    pub(super) closed: watch::Sender<bool>,
}

impl Base {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The next integer key. Keys grow with time over all tables.
    pub(super) fn next_id(&self) -> Result<i64, Error> {
        Ok(self.keys.next()?)
    }

    /// A UUID of version 7: random, but in the order of time.
    pub(super) fn ordered_uuid(&self) -> String {
        let mut random = [0; 10];
        self.ids.fill(&mut random);
        let millis = u64::try_from(self.now().as_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
    }

    /// The listing that `operation` makes of `parameters`.
    pub(super) fn listing(&self, operation: &str, parameters: &[&str]) -> Listing {
        Listing::new(operation, parameters, self.now())
    }

    /// Does `work` for execution `id` again until it is done, as long as what keeps it from that may pass; `None` if
    /// the process ends, or trying again does not help.
    pub(super) async fn persist<T, F>(&self, id: i64, mut work: impl FnMut() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut wait = AGAIN_FIRST;
        loop {
            let error = match work().await {
                Ok(done) => return Some(done),
                Err(error) => error,
            };
            match &error {
                Error::Store(store::Error::Closed) | Error::Superseded => return None,
                Error::Store(cause) if cause.may_pass() => {
                    tracing::warn!(%error, execution = id, again_in = ?wait, "a step was not written");
                }
                // Trying again does not help; the execution stays as it is until the next start.
                _ => {
                    tracing::error!(%error, execution = id, "a step can't be taken");
                    return None;
                }
            }
            self.clock.sleep_until(self.now() + wait).await;
            wait = (wait * 2).min(AGAIN_MOST);
        }
    }
}
