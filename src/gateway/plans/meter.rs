//! One key under one plan: its buckets and its usage.
//!
//! All of it is behind one lock, for which only requests with this key compete. So checking and counting are atomic,
//! however many connections the caller has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::buckets::Buckets;
use super::reading::{MeterReading, RefusedCounts};
use super::terms::Terms;
use super::throttle::{Limiter, Wait};
use crate::apis::QuotaSettings;
use crate::apis::{Balance, Day, Entry, KeptBucket, Opening, Scope, Subject, Used, block, remaining};
use crate::clock::{Clock, Timestamp};

/// One key under one plan.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) subject: Subject,
    /// Held while asking the usage store, so that they are asked only once.
    pub(crate) asking: Arc<tokio::sync::Mutex<()>>,
    /// Whether it was used since the last check.
    is_used: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The revision of the current terms.
    revision: Option<u64>,
    quota: Option<QuotaSettings>,
    buckets: Buckets,
    /// `None` until the usage store have answered.
    account: Option<Account>,
    /// Nothing may be counted until the usage store have answered.
    is_closed: bool,
    /// Somebody is about to reserve more.
    is_topping_up: bool,
    refused: RefusedCounts,
}

/// The usage as of a day.
#[derive(Clone, Copy, Debug)]
struct Account {
    day: Day,
    before: u64,
    today: u64,
    reserved: u64,
    extra: i64,
    /// Today's usage in the usage store.
    recorded: u64,
    /// The quota has changed in a way that the usage store don't know yet, so they have to be asked again.
    is_stale: bool,
}

/// A request with the key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'r> {
    /// The plan's terms.
    pub(crate) terms: &'r Terms,
    /// Which of the key's callers sent it, if the plan distinguishes them.
    pub(crate) caller: Option<&'r str>,
    /// The day on which it arrived.
    pub(crate) day: Day,
    /// Limits that all callers share: the method's and the account's.
    pub(crate) outer: &'r [Option<&'r Limiter>],
}

/// The decision about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Admitted {
        standing: Standing,
        /// The reserve is running low.
        is_low: bool,
    },
    Throttled(Wait),
    QuotaExceeded(Standing),
    /// The usage store have to be asked first.
    Ask,
}

/// The state of a key's quota, for response headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) quota: Option<QuotaSettings>,
    /// Requests left of the quota.
    pub(crate) remaining: u64,
}

impl Account {
    /// The requests left, as far as is known.
    fn remaining(&self, quota: &QuotaSettings) -> u64 {
        remaining(quota, self.extra, self.before.saturating_add(self.today))
    }
}

impl State {
    fn standing(&self) -> Standing {
        let remaining = match (&self.quota, &self.account) {
            (Some(quota), Some(account)) => account.remaining(quota),
            (_, None) | (None, _) => 0,
        };
        Standing { quota: self.quota, remaining }
    }

    /// Whether the usage store have to be asked before a request on `day` is counted.
    fn has_to_ask(&self, day: Day) -> bool {
        let Some(account) = &self.account else { return true };
        self.is_closed || account.is_stale || account.day < day || {
            let has_more = |quota: &QuotaSettings| 0 < account.remaining(quota);
            self.quota.as_ref().is_some_and(has_more) && account.reserved <= account.today
        }
    }

    /// Adopts a quota, unless a newer one is in effect.
    fn adopt(&mut self, terms: &Terms) {
        if self.revision.is_some_and(|revision| terms.revision <= revision) {
            return;
        }
        let shape = |quota: &Option<QuotaSettings>| quota.map(|quota| (quota.period, quota.offset));
        if shape(&self.quota) != shape(&terms.quota)
            && let Some(account) = &mut self.account
        {
            account.is_stale = true;
        }
        self.quota = terms.quota;
        self.revision = Some(terms.revision);
    }
}

impl Meter {
    pub(crate) fn new(subject: Subject) -> Self {
        Self { subject, asking: Arc::default(), is_used: AtomicBool::new(true), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides about a request, and counts it if it is admitted.
    ///
    /// The most specific limit is checked first: the key's own rate, its quota, then the outer limits. So a caller who
    /// exceeds its quota takes nothing from what all callers share, and a refused request takes nothing from the key's
    /// own bucket.
    pub(crate) fn admit(&self, attempt: Attempt<'_>, clock: &Arc<dyn Clock>) -> Verdict {
        let Attempt { terms, caller, day, outer } = attempt;
        if !self.is_used.load(Ordering::Relaxed) {
            self.is_used.store(true, Ordering::Relaxed);
        }
        let mut guard = self.state();
        let state = &mut *guard;
        state.adopt(terms);
        if state.has_to_ask(day) {
            return Verdict::Ask;
        }
        let standing = state.standing();
        let bucket = state.buckets.bucket(terms, caller, clock);
        let mark = bucket.map(Limiter::mark);
        if let Some(Err(wait)) = bucket.map(Limiter::take) {
            state.refused.by_rate += 1;
            return Verdict::Throttled(wait);
        }
        let give_back = || {
            if let (Some(bucket), Some(mark)) = (bucket, mark) {
                bucket.reset(mark);
            }
        };
        if standing.quota.is_some() && standing.remaining == 0 {
            give_back();
            state.refused.by_quota += 1;
            return Verdict::QuotaExceeded(standing);
        }
        for limiter in outer.iter().flatten() {
            if let Err(wait) = limiter.take() {
                give_back();
                state.refused.by_shared += 1;
                return Verdict::Throttled(wait);
            }
        }
        let quota = state.quota;
        let Some(account) = &mut state.account else { return Verdict::Ask };
        account.today += 1;
        let left = account.reserved.saturating_sub(account.today);
        let low = |quota: QuotaSettings| left <= block(&quota) / 2 && left < account.remaining(&quota);
        let is_low = quota.is_some_and(low) && !state.is_topping_up;
        state.is_topping_up |= is_low;
        let remaining = standing.remaining.saturating_sub(1);
        Verdict::Admitted { standing: Standing { remaining, ..standing }, is_low }
    }

    /// What to ask the usage store so that requests on `day` can be counted; `None` if they can be counted already. The
    /// caller holds `asking`.
    pub(crate) fn ask(&self, day: Day) -> Option<Entry> {
        let mut state = self.state();
        let is_topping_up = std::mem::take(&mut state.is_topping_up);
        if !is_topping_up && !state.has_to_ask(day) {
            return None;
        }
        let (used, open) = match state.account {
            None => (None, Opening { day, quota: state.quota, reserved: 0 }),
            Some(account) => {
                // Time may have gone backwards; days don't.
                let (next, quota) = (day.max(account.day), state.quota);
                let reserved = account.reserved.saturating_sub(account.today);
                let reserved = if next == account.day { reserved } else { 0 };
                // Requests counted from here on would be missing from a day that ends, or be counted in the wrong
                // period.
                state.is_closed = account.day < next || account.is_stale;
                let used = (account.day, Used { count: account.today, recorded: account.recorded });
                (Some(used), Opening { day: next, quota, reserved })
            }
        };
        Some(Entry { subject: self.subject.clone(), used, open: Some(open) })
    }

    /// Applies the usage store' answer to `asked`.
    pub(crate) fn credit(&self, asked: &Entry, balance: Balance) {
        let Some(open) = asked.open else { return };
        let mut state = self.state();
        let Balance { before, mut today, reserved, extra } = balance;
        if let Some(account) = &state.account
            && account.day == open.day
            && let Some((_, used)) = asked.used
        {
            // Requests continued while the usage store were asked.
            today = today.saturating_add(account.today.saturating_sub(used.count));
        }
        // The quota may have changed again meanwhile.
        let shape = |quota: &Option<QuotaSettings>| quota.map(|quota| (quota.period, quota.offset));
        let is_stale = shape(&state.quota) != shape(&open.quota);
        state.account =
            Some(Account { day: open.day, before, today, reserved, extra, recorded: reserved, is_stale });
        state.is_closed = false;
    }

    /// Asking the usage store failed.
    pub(crate) fn give_up(&self) {
        self.state().is_closed = false;
    }

    /// Makes the next request ask the usage store: they have newer information.
    pub(crate) fn expire(&self) {
        if let Some(account) = &mut self.state().account {
            account.is_stale = true;
        }
    }

    /// Today's usage, exact at any moment.
    pub(crate) fn used(&self) -> Option<(Day, u64)> {
        self.state().account.map(|account| (account.day, account.today))
    }

    /// What it knows at this moment.
    pub(crate) fn reading(&self) -> MeterReading {
        let state = self.state();
        let (buckets, n_callers) = state.buckets.readings();
        let quota = state.quota.filter(|_| state.account.is_some());
        MeterReading {
            key: self.subject.key.clone(),
            used: state.account.map(|account| (account.day, account.today)),
            quota: quota.map(|quota| (quota, state.standing().remaining)),
            buckets,
            n_callers,
            refused: state.refused,
        }
    }

    /// What the usage store don't know yet about a key without a quota; it is written from time to time.
    pub(crate) fn write_up(&self) -> Option<Entry> {
        let mut state = self.state();
        if state.quota.is_some() || state.is_closed {
            return None;
        }
        let account = state.account.as_mut().filter(|account| account.recorded < account.today)?;
        let used = Some((account.day, Used { count: account.today, recorded: account.recorded }));
        account.recorded = account.today;
        Some(Entry { subject: self.subject.clone(), used, open: None })
    }

    /// What [`Meter::write_up`] said could not be written.
    pub(crate) fn not_written(&self, entry: &Entry) {
        let Some((day, used)) = entry.used else { return };
        if let Some(account) = self.state().account.as_mut().filter(|account| account.day == day) {
            account.recorded = account.recorded.saturating_sub(used.count.saturating_sub(used.recorded));
        }
    }

    /// Makes the next request ask the usage store if nothing is left of the quota, as far as is known.
    pub(crate) fn look_again(&self) {
        let mut state = self.state();
        let Some(quota) = state.quota else { return };
        if let Some(account) = state.account.as_mut().filter(|account| account.remaining(&quota) == 0) {
            account.is_stale = true;
        }
    }

    /// Closes the account by writing the exact usage. The caller holds `asking`, and calls [`Meter::closed`]
    /// afterwards.
    pub(crate) fn close(&self) -> Option<Entry> {
        let mut state = self.state();
        let account = state.account?;
        state.is_closed = true;
        let used = Some((account.day, Used { count: account.today, recorded: account.recorded }));
        (account.recorded != account.today).then(|| Entry { subject: self.subject.clone(), used, open: None })
    }

    /// The account is closed: the next request asks the usage store.
    pub(crate) fn closed(&self) {
        let mut state = self.state();
        state.account = None;
        state.is_closed = false;
        state.is_topping_up = false;
    }

    /// Whether it was not used since the last call and its buckets are full, so that it can be dropped.
    pub(crate) fn is_idle(&self) -> bool {
        if self.is_used.swap(false, Ordering::Relaxed) {
            return false;
        }
        self.state().buckets.is_full()
    }

    /// Whether the stored levels of its buckets have not been loaded yet.
    pub(crate) fn is_new(&self) -> bool {
        self.state().buckets.is_new()
    }

    /// Restores the stored levels of its buckets, by name.
    pub(crate) fn restore(&self, kept: Vec<(String, Timestamp)>) {
        self.state().buckets.restore(kept);
    }

    /// Buckets that have changed and need at least `worth` to fill.
    pub(crate) fn bucket_changes(&self, worth: Duration) -> Vec<KeptBucket> {
        let changes = self.state().buckets.changes(worth);
        let kept = |(name, full_at)| KeptBucket { scope: Scope::Key(self.subject.clone()), name, full_at };
        changes.into_iter().map(kept).collect()
    }

    /// Drops callers whose buckets are full.
    pub(crate) fn trim(&self, now: Timestamp) {
        self.state().buckets.trim(now);
    }
}
