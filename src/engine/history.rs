//! GetExecutionHistory: the journal, read back.

use super::event::HistoryEvent;
use super::open::Engine;
use super::page::{number_position, page_size, token};
use super::{Error, executions, journal};
use crate::id::ExecutionArn;

/// Events of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// In the order asked for.
    pub events: Vec<HistoryEvent>,
    /// Leads to the next page, if there is one.
    pub next_token: Option<String>,
}

impl Engine {
    /// GetExecutionHistory. `reverse_order` answers the newest events first.
    ///
    /// # Errors
    /// `InvalidArn`, `ExecutionDoesNotExist`, `InvalidToken`.
    pub async fn get_execution_history(
        &self,
        arn: &str,
        max_results: Option<u32>,
        reverse_order: bool,
        next_token: Option<&str>,
    ) -> Result<HistoryPage, Error> {
        let arn = ExecutionArn::parse(arn)?;
        let from = number_position(next_token)?;
        let max = page_size(max_results);
        self.inner
            .store
            .read(move |tx| {
                let not_found = || Error::ExecutionDoesNotExist(arn.to_string());
                let id = executions::find(tx, &arn)?.ok_or_else(not_found)?.id;
                // A batch holds consecutive events, so the page begins in the last batch that starts at or before
                // it. Notes alone have no first event and are passed over.
                let limit = i64::try_from(max).unwrap_or(i64::MAX - 2) + 2;
                let batches = match reverse_order {
                    false => {
                        let sql = "SELECT entries FROM journal WHERE execution = ?1 AND 0 < first_event
                               AND first_event >= COALESCE((SELECT MAX(first_event) FROM journal
                                   WHERE execution = ?1 AND first_event <= ?2), 0)
                               ORDER BY batch LIMIT ?3";
                        tx.query(sql, &[id.into(), from.unwrap_or(1).into(), limit.into()], |row| {
                            row.text(0)
                        })?
                    }
                    true => {
                        let sql = "SELECT entries FROM journal WHERE execution = ?1 AND 0 < first_event
                               AND first_event <= ?2 ORDER BY batch DESC LIMIT ?3";
                        tx.query(sql, &[id.into(), from.unwrap_or(i64::MAX).into(), limit.into()], |row| {
                            row.text(0)
                        })?
                    }
                };
                let mut events = Vec::new();
                for batch in batches {
                    let mut entries = journal::parse(&batch)?;
                    if reverse_order {
                        entries.reverse();
                    }
                    let of_page = |event: &HistoryEvent| {
                        let id = journal::number(event.id);
                        from.is_none_or(|from| if reverse_order { id <= from } else { from <= id })
                    };
                    events.extend(entries.into_iter().filter_map(|entry| entry.event).filter(of_page));
                    if max < events.len() {
                        break;
                    }
                }
                let next_token = events.get(max).map(|next| token(&next.id.to_string()));
                events.truncate(max);
                Ok(HistoryPage { events, next_token })
            })
            .await
    }
}
