//! GetExecutionHistory: the journal, read back.

use std::ops::ControlFlow;

use super::super::event::HistoryEvent;
use super::super::page::{Listing, page_size};
use super::super::{Error, journal};
use super::{Executions, find};
use crate::id::ExecutionArn;

/// Bytes of journal read for one page at the most, if it is more than one batch.
const PAGE_BYTES_MAX: usize = 8 << 20;

/// Events of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// In the order asked for.
    pub events: Vec<HistoryEvent>,
    /// Leads to the next page, if there is one.
    pub next_token: Option<String>,
}

impl Executions {
    /// GetExecutionHistory. `reverse_order` answers the newest events first.
    ///
    /// # Errors
    /// `InvalidArn`, `ExecutionDoesNotExist`, `InvalidToken`.
    pub async fn history(
        &self,
        arn: &str,
        max_results: Option<u32>,
        reverse_order: bool,
        next_token: Option<&str>,
    ) -> Result<HistoryPage, Error> {
        let order = if reverse_order { "reverse" } else { "" };
        let listing = self.base.listing("GetExecutionHistory", &[arn, order]);
        let (from, mut max) = (listing.position(next_token)?, page_size(max_results));
        if let Ok(express) = ExecutionArn::parse_express(arn)
            && let Some(events) = self.express_kept.history(&express, self.base.now())?
        {
            return Ok(page_of(events, from, max, reverse_order, &listing));
        }
        let arn = ExecutionArn::parse(arn)?;
        self.base
            .store
            .read(move |tx| {
                let not_found = || Error::ExecutionDoesNotExist(arn.to_string());
                let id = find(tx, &arn)?.ok_or_else(not_found)?.id;
                // A batch holds consecutive events, so the page begins in the last batch that starts at or before
                // it. Notes alone have no first event and are passed over.
                let sql = match reverse_order {
                    false => {
                        "SELECT entries FROM journal WHERE execution = ?1 AND 0 < first_event AND ?2 <= batch
                         ORDER BY batch"
                    }
                    true => {
                        "SELECT entries FROM journal WHERE execution = ?1 AND 0 < first_event AND batch <= ?2
                         ORDER BY batch DESC"
                    }
                };
                let begin = from.unwrap_or(if reverse_order { i64::MAX } else { 1 });
                let batch = journal::batch_of(tx, id, begin)?.unwrap_or(0);
                let (mut events, mut n_bytes) = (Vec::new(), 0);
                tx.visit(sql, &[id.into(), batch.into()], |row| {
                    let batch = row.text(0)?;
                    n_bytes += batch.len();
                    let mut entries = journal::parse(&batch)?;
                    if reverse_order {
                        entries.reverse();
                    }
                    let of_page = |event: &HistoryEvent| {
                        let id = journal::number(event.id);
                        if reverse_order { id <= begin } else { begin <= id }
                    };
                    events.extend(entries.into_iter().filter_map(|entry| entry.event).filter(of_page));
                    // A page of large events has fewer of them; the one behind the last tells that there are more.
                    if PAGE_BYTES_MAX < n_bytes && 1 < events.len() {
                        max = max.min(events.len() - 1);
                    }
                    let is_full = max < events.len();
                    Ok::<_, Error>(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })?;
                let next_token = events.get(max).map(|next| listing.token(journal::number(next.id)));
                events.truncate(max);
                Ok(HistoryPage { events, next_token })
            })
            .await
    }
}

/// A page of events that are at hand.
fn page_of(
    mut events: Vec<HistoryEvent>,
    from: Option<i64>,
    max: usize,
    reverse_order: bool,
    listing: &Listing,
) -> HistoryPage {
    let begin = from.unwrap_or(if reverse_order { i64::MAX } else { 1 });
    events.retain(|event| {
        let id = journal::number(event.id);
        if reverse_order { id <= begin } else { begin <= id }
    });
    if reverse_order {
        events.reverse();
    }
    let next_token = events.get(max).map(|next| listing.token(journal::number(next.id)));
    events.truncate(max);
    HistoryPage { events, next_token }
}
