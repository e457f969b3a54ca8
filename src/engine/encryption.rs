//! `encryptionConfiguration` of state machines and activities: kept and shown.
//!
//! What is encrypted on disk, and with which key, is for the server's settings to say: no key of KMS is asked for.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html>

use super::Error;

/// With whose key data are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// AWS's own, which all are encrypted with of which nothing else was said.
    AwsOwnedKey,
    /// A key of KMS.
    CustomerManagedKey {
        /// Its id, alias or ARN, as given.
        key_id: String,
        /// How long a data key is used, in seconds.
        reuse_period_seconds: u32,
    },
}

/// What AWS uses a data key for if nothing is said, in seconds.
const REUSE_PERIOD_SECONDS: u32 = 300;

impl Encryption {
    /// A key of KMS, if there is everything that it takes; the one of AWS, if there is nothing that it doesn't take.
    ///
    /// # Errors
    /// `InvalidEncryptionConfiguration`.
    pub fn new(
        is_customer_managed: bool,
        key_id: Option<String>,
        reuse_period_seconds: Option<u32>,
    ) -> Result<Self, Error> {
        let refused = |said| Err(Error::InvalidEncryptionConfiguration(said));
        match (is_customer_managed, key_id, reuse_period_seconds) {
            (false, None, None) => Ok(Self::AwsOwnedKey),
            (false, Some(_), _) => refused("Custom kmsKeyId is not allowed when selecting AWS_OWNED_KEY."),
            (false, None, Some(_)) => {
                refused("Custom kmsDataKeyReusePeriodSeconds is not allowed when selecting AWS_OWNED_KEY.")
            }
            (true, None, _) => refused("Must set a valid kmsKeyId."),
            (true, Some(key_id), period) => {
                let reuse_period_seconds = period.unwrap_or(REUSE_PERIOD_SECONDS);
                Ok(Self::CustomerManagedKey { key_id, reuse_period_seconds })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_with_its_type() {
        let key = || Some("alias/orders".to_owned());
        assert_eq!(Encryption::new(false, None, None), Ok(Encryption::AwsOwnedKey));
        for (period, expect) in [(None, 300), (Some(60), 60)] {
            let made = Encryption::new(true, key(), period).unwrap();
            let reuse_period_seconds = expect;
            assert_eq!(made, Encryption::CustomerManagedKey { key_id: key().unwrap(), reuse_period_seconds });
        }
        for (is_customer_managed, key, period, expect) in [
            (false, key(), None, "Custom kmsKeyId is not allowed when selecting AWS_OWNED_KEY."),
            (
                false,
                None,
                Some(300),
                "Custom kmsDataKeyReusePeriodSeconds is not allowed when selecting AWS_OWNED_KEY.",
            ),
            (true, None, None, "Must set a valid kmsKeyId."),
            (true, None, Some(300), "Must set a valid kmsKeyId."),
        ] {
            let made = Encryption::new(is_customer_managed, key, period);
            assert_eq!(made, Err(Error::InvalidEncryptionConfiguration(expect)));
        }
    }
}
