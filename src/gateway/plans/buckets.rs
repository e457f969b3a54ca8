//! The buckets of one key under one plan: one set for the key, or one for each of its callers where the plan tells
//! them apart.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::terms::Terms;
use super::throttle::{Limiter, Rate};
use crate::clock::{Clock, Timestamp};

/// Callers of one key with buckets of their own. Those beyond share one set, so that nobody fills the memory by
/// coming from many addresses.
const CALLERS_MAX: usize = 10_000;
/// How long nobody looks for callers to forget after none was found.
const TRIM_EVERY: Duration = Duration::from_secs(1);

/// All buckets of a key under a plan.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    /// Of the key as a whole; of callers that can't be told, or are too many.
    shared: BucketSet,
    callers: HashMap<Box<str>, BucketSet>,
    /// When it is worth to look for callers with full buckets again.
    trim_at: Duration,
    /// What is known from before the server started, by the bucket's name; `None` until it was asked for.
    restored: Option<HashMap<String, Timestamp>>,
}

/// The buckets of one caller.
#[derive(Debug, Default)]
struct BucketSet {
    /// Of the terms that hold.
    revision: Option<u64>,
    plan: Option<Limiter>,
    methods: Vec<(Arc<str>, Limiter)>,
}

impl Buckets {
    /// The bucket that a request of `caller` takes from, under terms of which the newest hold; `None` where nothing
    /// limits it.
    pub(super) fn bucket(
        &mut self,
        terms: &Terms,
        caller: Option<&str>,
        clock: &Arc<dyn Clock>,
    ) -> Option<&Limiter> {
        if terms.rate.is_none() && terms.method.is_none() {
            return None;
        }
        let caller = caller.filter(|caller| self.has_room(caller, clock));
        let restored = &mut self.restored;
        let make = |method: &str, rate: Rate| {
            let restored = restored.as_mut().filter(|restored| !restored.is_empty());
            match restored.and_then(|it| it.remove(&name(method, caller.unwrap_or_default()))) {
                Some(full_at) => Limiter::resumed(rate, clock.clone(), full_at),
                None => Limiter::new(rate, clock.clone()),
            }
        };
        let set = match caller {
            None => &mut self.shared,
            // Looked up first: a name is copied once, not with each request.
            Some(caller) if self.callers.contains_key(caller) => self.callers.get_mut(caller)?,
            Some(caller) => self.callers.entry(caller.into()).or_default(),
        };
        set.adopt(terms, make);
        set.bucket(terms)
    }

    fn has_room(&mut self, caller: &str, clock: &Arc<dyn Clock>) -> bool {
        if self.callers.len() < CALLERS_MAX || self.callers.contains_key(caller) {
            return true;
        }
        let now = clock.monotonic();
        if self.trim_at <= now {
            self.trim(clock.now());
            self.trim_at = now + TRIM_EVERY;
        }
        self.callers.len() < CALLERS_MAX
    }

    /// Forgets callers whose buckets are full, and of what was restored whatever is full at `now`.
    pub(super) fn trim(&mut self, now: Timestamp) {
        self.callers.retain(|_, set| !set.is_full());
        self.callers.shrink_to_fit();
        if let Some(restored) = &mut self.restored {
            restored.retain(|_, full_at| now < *full_at);
            restored.shrink_to_fit();
        }
    }

    /// Whether nothing is missing anywhere.
    pub(super) fn is_full(&self) -> bool {
        self.shared.is_full() && self.callers.values().all(BucketSet::is_full)
    }

    /// Whether nobody has asked yet how full they were when the server stopped.
    pub(super) fn is_new(&self) -> bool {
        self.restored.is_none()
    }

    /// Takes over how full buckets were, by their names.
    pub(super) fn restore(&mut self, kept: Vec<(String, Timestamp)>) {
        self.restored.get_or_insert_with(|| kept.into_iter().collect());
    }

    /// Names of buckets that have changed and take at least `worth` to be full, and when they will be.
    pub(super) fn changes(&self, worth: Duration) -> Vec<(String, Timestamp)> {
        let callers = self.callers.iter().map(|(caller, set)| (&**caller, set));
        let sets = std::iter::once(("", &self.shared)).chain(callers);
        sets.flat_map(|(caller, set)| set.changes(caller, worth)).collect()
    }
}

/// What a bucket is kept as: methods have no line breaks.
fn name(method: &str, caller: &str) -> String {
    format!("{method}\n{caller}")
}

impl BucketSet {
    /// Takes terms over, unless newer ones hold.
    fn adopt(&mut self, terms: &Terms, mut make: impl FnMut(&str, Rate) -> Limiter) {
        if self.revision.is_none_or(|revision| revision < terms.revision) {
            self.plan = terms.rate.map(|rate| match &self.plan {
                Some(bucket) => bucket.changed(rate),
                None => make("", rate),
            });
            self.revision = Some(terms.revision);
        }
        let Some((name, rate)) = &terms.method else { return };
        match self.methods.iter_mut().find(|(known, _)| Arc::ptr_eq(known, name) || known == name) {
            Some((_, bucket)) if bucket.rate() == *rate || self.revision != Some(terms.revision) => {}
            Some((_, bucket)) => *bucket = bucket.changed(*rate),
            None => self.methods.push((name.clone(), make(name, *rate))),
        }
    }

    /// The bucket for a method: its own in place of the plan's.
    fn bucket(&self, terms: &Terms) -> Option<&Limiter> {
        match &terms.method {
            Some((name, _)) => self
                .methods
                .iter()
                .find(|(known, _)| Arc::ptr_eq(known, name) || known == name)
                .map(|(_, bucket)| bucket),
            None => self.plan.as_ref(),
        }
    }

    fn is_full(&self) -> bool {
        let is_full = |bucket: &Limiter| bucket.missing() <= 0.0;
        self.plan.iter().all(is_full) && self.methods.iter().all(|(_, bucket)| is_full(bucket))
    }

    fn changes(&self, caller: &str, worth: Duration) -> Vec<(String, Timestamp)> {
        let plan = self.plan.iter().map(|bucket| ("", bucket));
        let methods = self.methods.iter().map(|(method, bucket)| (&**method, bucket));
        plan.chain(methods)
            .filter_map(|(method, bucket)| Some((name(method, caller), bucket.change(worth)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;
    use crate::gateway::api::{HttpMethod, ThrottleSettings, UsagePlan, test_usage_plan};

    fn terms(rate: f64) -> Terms {
        let throttle = Some(ThrottleSettings { rate_limit: Some(rate), burst_limit: Some(1) });
        let plan = UsagePlan { throttle, ..test_usage_plan() };
        Terms::new(&plan, &"abc".into(), &"dev".into(), HttpMethod::Get, "/").unwrap()
    }

    #[test]
    fn callers_beyond_the_limit_share_a_bucket_until_others_are_full_again() {
        let virtual_clock = Arc::new(VirtualClock::new(Timestamp::EPOCH));
        let clock: Arc<dyn Clock> = virtual_clock.clone();
        let (terms, mut buckets) = (terms(0.5), Buckets::default());
        virtual_clock.advance(Duration::from_secs(10));
        let mut take =
            |caller: usize| buckets.bucket(&terms, Some(&caller.to_string()), &clock).unwrap().take().is_ok();
        assert!((0..CALLERS_MAX).all(&mut take));
        assert!(!take(0));
        assert!(take(CALLERS_MAX) && !take(CALLERS_MAX + 1));
        virtual_clock.advance(Duration::from_secs(2));
        assert!(take(CALLERS_MAX + 1) && take(CALLERS_MAX + 2) && take(0) && !take(0));
        assert_eq!(buckets.callers.len(), 3);
        assert!(!buckets.is_full());
        virtual_clock.advance(Duration::from_secs(2));
        assert!(buckets.is_full());
        buckets.restore(vec![("full".to_owned(), Timestamp::EPOCH)]);
        buckets.trim(clock.now());
        assert!(buckets.restored.as_ref().is_some_and(HashMap::is_empty));
        assert!(buckets.callers.is_empty());
    }
}
