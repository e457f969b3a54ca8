//! Admission control: limits the requests in flight, and reserves some capacity for operating the server.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::meter;

/// The class of a request for admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A request to a deployed API.
    Data,
    /// A call of an AWS API. Anyone may send one, but it has to be signed.
    Control,
    /// The server's own pages, which read no body and answer at once.
    Page,
}

/// The limits for all listeners together.
#[derive(Clone)]
pub(super) struct Admission {
    places: Arc<Semaphore>,
    for_control: Arc<Semaphore>,
    for_pages: Arc<Semaphore>,
    gauge: metrics::Gauge,
    shed: metrics::Counter,
}

/// A slot for a request in flight; released when dropped.
pub(super) struct Admitted {
    gauge: metrics::Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Admission {
    /// `in_flight` slots for all requests, plus `reserved` for the AWS APIs, and as many for the server's own pages.
    pub(super) fn new(in_flight: usize, reserved: usize) -> Self {
        let places = |n: usize| Arc::new(Semaphore::new(n.min(Semaphore::MAX_PERMITS)));
        Self {
            places: places(in_flight),
            for_control: places(reserved),
            for_pages: places(reserved),
            gauge: metrics::gauge!(meter::REQUESTS_IN_FLIGHT),
            shed: metrics::counter!(meter::REQUESTS_SHED),
        }
    }

    /// A slot that all requests share, if one is free.
    pub(super) fn admit(&self) -> Option<Admitted> {
        Some(self.admitted(self.places.clone().try_acquire_owned().ok()?))
    }

    /// A slot reserved for `class`. Requests are shed instead of queued: a caller that is told to retry is better off
    /// than one that waits.
    pub(super) fn admit_kept(&self, class: Class) -> Option<Admitted> {
        let kept = match class {
            Class::Data => None,
            Class::Control => self.for_control.clone().try_acquire_owned().ok(),
            Class::Page => self.for_pages.clone().try_acquire_owned().ok(),
        };
        if kept.is_none() {
            self.shed.increment(1);
        }
        Some(self.admitted(kept?))
    }

    fn admitted(&self, permit: OwnedSemaphorePermit) -> Admitted {
        self.gauge.increment(1.0);
        Admitted { gauge: self.gauge.clone(), _permit: permit }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_places_are_for_their_class_alone() {
        let admission = Admission::new(1, 1);
        let first = admission.admit().unwrap();
        assert!(admission.admit().is_none());
        assert!(admission.admit_kept(Class::Data).is_none());
        let control = admission.admit_kept(Class::Control).unwrap();
        assert!(admission.admit_kept(Class::Control).is_none());
        let page = admission.admit_kept(Class::Page).unwrap();
        assert!(admission.admit_kept(Class::Page).is_none());
        drop((control, page));
        assert!(admission.admit().is_none());
        drop(first);
        assert!(admission.admit().is_some());
    }
}
