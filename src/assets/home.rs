//! Account and region, as part of keys in the store: `ACCOUNT/REGION`.

use crate::id::AccountRegion;

/// The text that is stored.
pub(crate) fn text(home: &AccountRegion) -> String {
    format!("{}/{}", home.account, home.region)
}
