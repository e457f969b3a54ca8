//! Times on the wire.

use serde::{Serialize, Serializer};

use crate::clock::Timestamp;

/// A time as Step Functions sends it: epoch seconds with the fraction to the millisecond.
///
/// AWS prints a Java double, `1.486772644911E9`; the same number in plain decimals is what we print.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct EpochSeconds(pub(super) Timestamp);

impl Serialize for EpochSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_seconds_f64())
    }
}

impl From<Timestamp> for EpochSeconds {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_plain_decimals() {
        for (millis, text) in
            [(1_486_772_644_911, "1486772644.911"), (1_700_000_000_000, "1700000000.0"), (1, "0.001")]
        {
            let time = EpochSeconds(Timestamp::from_millis(millis));
            assert_eq!(serde_json::to_string(&time).unwrap(), text);
        }
    }
}
