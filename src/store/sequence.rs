//! Numbers for keys, each handed out once in the life of a store.
//!
//! A block of numbers is reserved on disk before any of them is used, so that handing one out touches memory only. What is
//! left of a block when the program ends is never used: numbers have gaps. Whoever else has the store open has blocks of
//! its own. So that numbers are in the order of time there, too, but for a second or two, a node that shares the database
//! takes a new block every second.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Error, Param, Store, Tx};

/// How many numbers are reserved at a time: at 100,000 a second, a write every ten seconds.
const BLOCK: i64 = 1 << 20;
/// How long numbers of a block are handed out if others have blocks, too.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// See [`Store::sequence`].
pub struct Sequence {
    store: Store,
    name: &'static str,
    /// The first number that this run of the program handed out or will.
    first: i64,
    state: Arc<Mutex<State>>,
}

struct State {
    next: i64,
    /// The first number behind the block that is handed out now.
    end: i64,
    /// The block that comes after it, or why there is none yet.
    spare: Result<i64, Error>,
    /// The writer was asked for one.
    is_asked: bool,
    /// When the block was begun, by the monotonic clock.
    begun: Duration,
}

impl Sequence {
    /// Opens the sequence `name`. One that is not in the store begins with the number that `first` answers.
    pub(super) fn open<E: From<Error> + Send + 'static>(
        store: &Store,
        name: &'static str,
        first: impl Fn(&Tx<'_>) -> Result<i64, E> + Send + 'static,
    ) -> Result<Self, E> {
        let first = store.inner.writer.send_blocking(move |tx| -> Result<i64, E> {
            if !has(tx, name)? {
                let sql = "INSERT INTO key_sequence (name, reserved) VALUES (?1, ?2)";
                tx.execute(sql, &[Param::Text(name), first(tx)?.into()])?;
            }
            Ok(tx.take_numbers(name, BLOCK)?)
        })?;
        let state = State {
            next: first,
            end: first.saturating_add(BLOCK),
            spare: Err(none()),
            is_asked: false,
            begun: store.monotonic(),
        };
        Ok(Self { store: store.clone(), name, first, state: Arc::new(Mutex::new(state)) })
    }

    /// A number that nobody has had, larger than all before it of this run of the program and of earlier ones. Never
    /// waits: the writer reserves the next block as soon as half of this one is used.
    ///
    /// # Errors
    /// Those of the store, if the block is used up and no other could be reserved meanwhile.
    pub fn next(&self) -> Result<i64, Error> {
        let mut state = lock(&self.state);
        let is_old =
            self.store.is_shared() && SHARED_FOR <= self.store.monotonic().saturating_sub(state.begun);
        let number = if state.next < state.end && !(is_old && state.spare.is_ok()) {
            Ok(state.next)
        } else {
            let spare = std::mem::replace(&mut state.spare, Err(none()));
            if let Ok(first) = &spare {
                state.end = first.saturating_add(BLOCK);
                state.begun = self.store.monotonic();
            }
            spare
        };
        if let Ok(number) = &number {
            state.next = number.saturating_add(1);
        }
        let is_half = state.end.saturating_sub(state.next) < BLOCK / 2;
        if (is_half || is_old) && state.spare.is_err() && !state.is_asked {
            state.is_asked = true;
            drop(state);
            self.ask();
        }
        number
    }

    /// Numbers below it are of earlier runs of the program.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// Asks the writer to reserve a block.
    fn ask(&self) {
        let (name, state) = (self.name, self.state.clone());
        self.store.inner.writer.send_then(
            move |tx| tx.take_numbers(name, BLOCK),
            move |reserved: Result<i64, Error>| {
                if let Err(error) = &reserved {
                    // The next number asks again.
                    tracing::warn!(%error, name, "numbers could not be reserved");
                }
                let mut state = lock(&state);
                state.is_asked = false;
                state.spare = reserved;
            },
        );
    }
}

/// Nobody has asked, or there is no answer yet.
fn none() -> Error {
    Error::Io("numbers are used up faster than they can be reserved".to_owned())
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn has(tx: &Tx<'_>, name: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM key_sequence WHERE name = ?1";
    Ok(tx.query_one(sql, &[Param::Text(name)], |row| row.int(0))?.is_some())
}

impl Tx<'_> {
    /// Takes `n` numbers in a row that nobody has had under `name`, and returns the first. If the job is not kept,
    /// another one gets them. A [`Sequence`] is quicker, but leaves gaps.
    ///
    /// # Errors
    /// Any [`Error`] of the database.
    pub fn take_numbers(&self, name: &str, n: i64) -> Result<i64, Error> {
        let sql = "INSERT INTO key_sequence (name, reserved) VALUES (?1, 1 + ?2)
                   ON CONFLICT (name) DO UPDATE SET reserved = key_sequence.reserved + ?2 RETURNING reserved";
        let reserved = self.query_one(sql, &[Param::Text(name), n.into()], |row| row.int(0))?;
        reserved.map(|reserved| reserved - n).ok_or_else(|| Error::Sql("no row was returned".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
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
        assert_eq!((sequence.first(), sequence.next(), sequence.next()), (42, Ok(42), Ok(43)));
        // More than a block: it goes on without a gap.
        let mut last = 43;
        for n in 0..2 * BLOCK {
            if n % (BLOCK / 4) == 0 {
                // What was asked for before is done when this is.
                store.write(|_| Ok::<_, Error>(())).await.unwrap();
            }
            let next = sequence.next().unwrap();
            assert_eq!(next, last + 1);
            last = next;
        }
        drop(sequence);
        store.close().await;
        drop(store);
        let store = open(&dir);
        let again = store.sequence("keys", |_| Err(Error::Closed)).unwrap();
        assert!(last < again.next().unwrap());
        // Who else has it open gets other numbers.
        let beside = store.sequence("keys", |_| Err(Error::Closed)).unwrap();
        assert_eq!(beside.next().unwrap(), again.first() + BLOCK);
        let (mut blocks, mut blocks_beside) = (BTreeSet::new(), BTreeSet::new());
        for n in 0..2 * BLOCK {
            if n % (BLOCK / 4) == 0 {
                store.write(|_| Ok::<_, Error>(())).await.unwrap();
            }
            blocks.insert((again.next().unwrap() - 42) / BLOCK);
            blocks_beside.insert((beside.next().unwrap() - 42) / BLOCK);
        }
        assert_eq!((blocks.len(), blocks_beside.len()), (3, 3));
        assert!(blocks.is_disjoint(&blocks_beside), "{blocks:?} {blocks_beside:?}");
        drop(beside);
        let other = store.sequence("others", |_| Ok::<_, Error>(1)).unwrap();
        assert_eq!(other.next(), Ok(1));
        drop((again, other, store));
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn who_needs_numbers_faster_than_they_are_reserved_is_told() {
        let dir = std::env::temp_dir().join(format!("stepgate-sequence-end-{}", std::process::id()));
        let store = open(&dir);
        let sequence = store.sequence("keys", |_| Ok::<_, Error>(1)).unwrap();
        // The writer has something else to do.
        let (go_on, told) = std::sync::mpsc::channel::<()>();
        let told = Mutex::new(told);
        let busy = store.write(move |_| Ok::<_, Error>(told.lock().unwrap().recv().is_err()));
        for number in 1..=BLOCK {
            assert_eq!(sequence.next(), Ok(number));
        }
        assert!(sequence.next().is_err_and(|error| error.may_pass()));
        drop(go_on);
        assert!(busy.await.unwrap());
        store.write(|_| Ok::<_, Error>(())).await.unwrap();
        assert_eq!(sequence.next(), Ok(BLOCK + 1));
        drop((sequence, store));
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn numbers_of_a_transaction_have_no_gaps() {
        let dir = std::env::temp_dir().join(format!("stepgate-sequence-tx-{}", std::process::id()));
        let store = open(&dir);
        let take = |n| store.write(move |tx| tx.take_numbers("rows", n));
        assert_eq!((take(1).await, take(3).await), (Ok(1), Ok(2)));
        let given_up = store.write(|tx| tx.take_numbers("rows", 7).and(Err::<i64, _>(Error::Closed)));
        assert_eq!(given_up.await, Err(Error::Closed));
        assert_eq!(take(1).await, Ok(5));
        drop(store);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
