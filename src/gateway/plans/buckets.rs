//! The buckets of one key under one plan: one set for the key, or one set for each of its callers if the plan
//! distinguishes them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::reading::BucketReading;
use super::terms::Terms;
use super::throttle::Limiter;
use crate::apis::Rate;
use crate::clock::{Clock, Timestamp};

/// How many callers of a key have their own buckets. All others share one set, so that nobody can fill the memory by
/// calling from many addresses.
const CALLERS_MAX: usize = 10_000;
/// How long to wait before looking again for callers to drop, after none was found.
const TRIM_EVERY: Duration = Duration::from_secs(1);

/// All buckets of a key under a plan.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    /// For the key as a whole; for callers who are unknown or too many.
    shared: BucketSet,
    callers: HashMap<Box<str>, BucketSet>,
    /// When to look again for callers with full buckets.
    trim_at: Duration,
    /// The stored levels from before the server started, by bucket name; `None` until they were loaded.
    restored: Option<HashMap<String, Timestamp>>,
}

/// The buckets of one caller.
#[derive(Debug, Default)]
struct BucketSet {
    /// The revision of the current terms.
    revision: Option<u64>,
    plan: Option<Limiter>,
    methods: Vec<(Arc<str>, Limiter)>,
}

impl Buckets {
    /// The bucket for a request of `caller`, with these terms or newer ones; `None` if nothing limits it.
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
            // Looked up first, so that the name is not copied for each request.
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

    /// Drops callers whose buckets are full, and stored levels that are full at `now`.
    pub(super) fn trim(&mut self, now: Timestamp) {
        self.callers.retain(|_, set| !set.is_full());
        self.callers.shrink_to_fit();
        if let Some(restored) = &mut self.restored {
            restored.retain(|_, full_at| now < *full_at);
            restored.shrink_to_fit();
        }
    }

    /// Whether all buckets are full.
    pub(super) fn is_full(&self) -> bool {
        self.shared.is_full() && self.callers.values().all(BucketSet::is_full)
    }

    /// The buckets that the key has as a whole, and how many callers have their own.
    pub(super) fn readings(&self) -> (Vec<BucketReading>, usize) {
        let BucketSet { plan, methods, .. } = &self.shared;
        let plan = plan.iter().map(|bucket| ("", bucket));
        let methods = methods.iter().map(|(method, bucket)| (&**method, bucket));
        let readings = plan.chain(methods).map(|(method, bucket)| bucket.reading(method));
        (readings.collect(), self.callers.len())
    }

    /// Whether the stored levels have not been loaded yet.
    pub(super) fn is_new(&self) -> bool {
        self.restored.is_none()
    }

    /// Restores the stored levels of buckets, by name.
    pub(super) fn restore(&mut self, kept: Vec<(String, Timestamp)>) {
        self.restored.get_or_insert_with(|| kept.into_iter().collect());
    }

    /// The names of buckets that have changed and need at least `worth` to fill, and when they will be full.
    pub(super) fn changes(&self, worth: Duration) -> Vec<(String, Timestamp)> {
        let callers = self.callers.iter().map(|(caller, set)| (&**caller, set));
        let sets = std::iter::once(("", &self.shared)).chain(callers);
        sets.flat_map(|(caller, set)| set.changes(caller, worth)).collect()
    }
}

/// The name under which a bucket is stored: methods contain no line breaks.
fn name(method: &str, caller: &str) -> String {
    format!("{method}\n{caller}")
}

impl BucketSet {
    /// Adopts terms, unless newer ones are in effect.
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

    /// The bucket for a method: its own if it has one, otherwise the plan's.
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
    use super::super::share::Share;
    use super::*;
    use crate::apis::fixtures::test_usage_plan;
    use crate::apis::{HttpMethod, ThrottleSettings, UsagePlan};
    use crate::clock::VirtualClock;

    fn terms(rate: f64) -> Terms {
        let throttle = Some(ThrottleSettings { rate_limit: Some(rate), burst_limit: Some(1) });
        let plan = UsagePlan { throttle, ..test_usage_plan() };
        Terms::new(&plan, &"abc".into(), &"dev".into(), HttpMethod::Get, "/", &Share::default()).unwrap()
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
