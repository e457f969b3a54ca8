//! Asynchronous Express executions that have ended, whose rows are to go.

use std::sync::{Mutex, PoisonError};

/// Rows of executions that have ended, and are yet to be removed; those that come while some are go together.
#[derive(Default)]
pub(super) struct Over(Mutex<Option<Vec<i64>>>);

impl Over {
    /// Takes one in; whether somebody has to remove it, because nobody is about to.
    pub(super) fn push(&self, row: i64) -> bool {
        let mut over = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = over.is_none();
        over.get_or_insert_default().push(row);
        is_first
    }

    /// What there is to remove; `None` says that nobody is about to remove any more.
    pub(super) fn take(&self) -> Option<Vec<i64>> {
        let mut over = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match over.as_mut().filter(|rows| !rows.is_empty()) {
            Some(rows) => Some(std::mem::take(rows)),
            None => {
                *over = None;
                None
            }
        }
    }
}
