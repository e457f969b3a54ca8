//! The budget of the gateway's objects in one evaluation. The language's own budget counts a call of them as one step,
//! however much of a body it reads.

/// The most values created and 64-byte pieces of text read in one evaluation; the largest body has some five million
/// values.
const STEPS_MAX: u64 = 20_000_000;
const BYTES_PER_STEP: u64 = 64;

/// The steps that are left.
#[derive(Debug)]
pub(super) struct Allowance(u64);

/// No steps are left.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template reads too much: more than {STEPS_MAX} values")]
pub(super) struct Exhausted;

impl Default for Allowance {
    fn default() -> Self {
        Self(STEPS_MAX)
    }
}

impl Allowance {
    #[cfg(test)]
    pub(super) fn of(steps: u64) -> Self {
        Self(steps)
    }

    pub(super) fn left(&self) -> u64 {
        self.0
    }

    pub(super) fn spend(&mut self, steps: u64) -> Result<(), Exhausted> {
        self.0 = self.0.checked_sub(steps).ok_or(Exhausted)?;
        Ok(())
    }

    /// Charges for reading or creating a text.
    pub(super) fn spend_text(&mut self, text: &str) -> Result<(), Exhausted> {
        self.spend(text.len() as u64 / BYTES_PER_STEP)
    }
}
