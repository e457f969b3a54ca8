//! Places for requests: so many are answered at one time, and some are kept for who looks after the server.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::meter;

/// Whom a request is for, as far as places go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A deployed API.
    Data,
    /// The AWS APIs: strangers may ask, but each has to sign.
    Control,
    /// The server's own pages, which read no body and answer at once.
    Page,
}

/// The places of all listeners.
#[derive(Clone)]
pub(super) struct Admission {
    places: Arc<Semaphore>,
    for_control: Arc<Semaphore>,
    for_pages: Arc<Semaphore>,
    gauge: metrics::Gauge,
    shed: metrics::Counter,
}

/// A place among the requests in flight, given back when dropped.
pub(super) struct Admitted {
    gauge: metrics::Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Admission {
    /// `in_flight` places for all requests; `reserved` more for the AWS APIs, and as many for the server's own pages.
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

    /// One of the places for all, if there is one.
    pub(super) fn admit(&self) -> Option<Admitted> {
        Some(self.admitted(self.places.clone().try_acquire_owned().ok()?))
    }

    /// One of those that are kept for `class`. Sheds instead of queueing: a caller that is told to come back is better
    /// off than one that waits.
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
