//! Numbers for keys, each handed out once in the life of a store.
//!
//! A block of numbers is reserved on disk before any of them is used, so that handing one out touches memory only. What is
//! left of a block when the program ends is never used: numbers have gaps, but each is larger than all before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::{Error, Param, Store, Tx};

/// How many numbers are reserved at a time: at 100,000 a second, a write every ten seconds.
const BLOCK: i64 = 1 << 20;

/// See [`Store::sequence`].
pub struct Sequence {
    store: Store,
    state: Arc<State>,
}

struct State {
    name: &'static str,
    /// The first number that this run of the program handed out or will.
    first: i64,
    next: AtomicI64,
    /// Numbers below it are reserved, or the writer has been asked to reserve them. Those up to half a block from it are
    /// reserved in any case.
    requested: AtomicI64,
}

impl Sequence {
    /// Opens the sequence `name`. One that is not in the store begins with the number that `first` answers.
    pub(super) fn open<E: From<Error> + Send + 'static>(
        store: &Store,
        name: &'static str,
        first: impl FnOnce(&Tx<'_>) -> Result<i64, E> + Send + 'static,
    ) -> Result<Self, E> {
        let first = store.inner.writer.send_blocking(move |tx| -> Result<i64, E> {
            let first = match reserved(tx, name)? {
                Some(reserved) => reserved,
                None => first(tx)?,
            };
            reserve(tx, name, first.saturating_add(BLOCK))?;
            Ok(first)
        })?;
        let state = State {
            name,
            first,
            next: AtomicI64::new(first),
            requested: AtomicI64::new(first.saturating_add(BLOCK)),
        };
        Ok(Self { store: store.clone(), state: Arc::new(state) })
    }

    /// A number that nobody has had. Never waits: when half of the reserved numbers are used, the writer is asked to
    /// reserve more, before it is asked to store what they are the keys of.
    pub fn next(&self) -> i64 {
        let number = self.state.next.fetch_add(1, Ordering::Relaxed);
        let requested = self.state.requested.load(Ordering::Relaxed);
        if requested.saturating_sub(number) < BLOCK / 2 {
            self.request(requested, number.saturating_add(BLOCK));
        }
        number
    }

    /// Numbers below it are of earlier runs of the program.
    pub fn first(&self) -> i64 {
        self.state.first
    }

    /// Asks the writer to reserve numbers from `before` to `until`, unless somebody else just did.
    fn request(&self, before: i64, until: i64) {
        let state = self.state.clone();
        let exchange = |state: &State, from, to| {
            state.requested.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        if !exchange(&state, before, until) {
            return;
        }
        let name = state.name;
        self.store.inner.writer.send_then(
            move |tx| reserve(tx, name, until),
            move |result: Result<(), Error>| {
                if let Err(error) = result {
                    // The next number asks again.
                    exchange(&state, until, before);
                    tracing::warn!(%error, name, "numbers could not be reserved");
                }
            },
        );
    }
}

/// Numbers below it have been reserved; `None` if there is no such sequence.
fn reserved(tx: &Tx<'_>, name: &str) -> Result<Option<i64>, Error> {
    let sql = "SELECT reserved FROM key_sequence WHERE name = ?1";
    tx.query_one(sql, &[Param::Text(name)], |row| row.int(0))
}

/// Reserves all numbers below `until`.
fn reserve(tx: &Tx<'_>, name: &str, until: i64) -> Result<(), Error> {
    let sql = "INSERT INTO key_sequence (name, reserved) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET reserved = excluded.reserved
               WHERE key_sequence.reserved < excluded.reserved";
    tx.execute(sql, &[Param::Text(name), Param::Int(until)]).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Options;
    use crate::clock::SystemClock;

    fn open(dir: &std::path::Path) -> Store {
        Store::open(dir, Options::default(), Arc::new(SystemClock::new())).unwrap()
    }

    #[tokio::test]
    async fn no_number_is_handed_out_twice_whenever_the_program_ends() {
        let dir = std::env::temp_dir().join(format!("stepgate-sequence-{}", std::process::id()));
        let store = open(&dir);
        let sequence = store.sequence("keys", |_| Ok::<_, Error>(42)).unwrap();
        assert_eq!((sequence.first(), sequence.next(), sequence.next()), (42, 42, 43));
        // More than a block: it goes on without a gap.
        let mut last = 43;
        for _ in 0..2 * BLOCK {
            let next = sequence.next();
            assert_eq!(next, last + 1);
            last = next;
        }
        // What was asked for before is done when this is.
        store.read(|_| Ok::<_, Error>(())).await.unwrap();
        store.write(|_| Ok::<_, Error>(())).await.unwrap();
        let on_disk = store.read(|tx| reserved(tx, "keys")).await.unwrap();
        assert!(last < on_disk.unwrap(), "{last} {on_disk:?}");
        drop(sequence);
        store.close().await;
        drop(store);
        let store = open(&dir);
        let again = store.sequence("keys", |_| Err(Error::Closed)).unwrap();
        assert!(last < again.next());
        let other = store.sequence("others", |_| Ok::<_, Error>(1)).unwrap();
        assert_eq!(other.next(), 1);
        drop((again, other, store));
        std::fs::remove_dir_all(dir).unwrap();
    }
}
