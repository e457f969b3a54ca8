//! What resolving a template's functions may cost.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::Error;

/// Values resolved and bytes of text made for one template, which is of a megabyte at the most itself.
const UNITS_MAX: usize = 16 * 1024 * 1024;

/// The units that are left.
#[derive(Debug)]
pub(super) struct Budget(AtomicUsize);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicUsize::new(UNITS_MAX))
    }
}

impl Budget {
    /// Takes `units` for what stands at `at`.
    ///
    /// # Errors
    /// [`Error::Template`] if there are not so many left.
    pub(super) fn spend(&self, units: usize, at: &str) -> Result<(), Error> {
        let left = |left: usize| left.checked_sub(units);
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::at(
                at,
                format!("the template's functions make more than {UNITS_MAX} values and bytes of text"),
            )),
        }
    }
}
