//! Pages of a listing, and the tokens that lead from one to the next.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Error;
use crate::clock::Timestamp;

/// Entries of a page when the caller does not say (or says 0).
const PAGE_DEFAULT: usize = 100;
/// How long a token leads on.
const TOKEN_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// One page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// Its entries.
    pub items: Vec<T>,
    /// Leads to the next page, if there is one.
    pub next_token: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of at most `max` out of `items`, of which one more than that was asked for. `position` is
    /// where the next page begins after an entry.
    pub(super) fn cut(
        mut items: Vec<T>,
        max: usize,
        listing: &Listing,
        position: impl Fn(&T) -> i64,
    ) -> Self {
        let has_more = max < items.len();
        items.truncate(max);
        let next_token = match items.last() {
            Some(last) if has_more => Some(listing.token(position(last))),
            _ => None,
        };
        Self { items, next_token }
    }
}

/// How many entries a caller that said `max_results` gets.
pub(super) fn page_size(max_results: Option<u32>) -> usize {
    match max_results {
        None | Some(0) => PAGE_DEFAULT,
        Some(n) => n as usize,
    }
}

/// What is listed: tokens of another listing, or of another day, are refused. The size of pages may change on the way.
pub(super) struct Listing {
    key: String,
    now: Timestamp,
}

impl Listing {
    /// The listing that `operation` makes of `parameters`.
    pub(super) fn new(operation: &str, parameters: &[&str], now: Timestamp) -> Self {
        let mut hash = Sha256::new_with_prefix(operation);
        for parameter in parameters {
            // None of them has one inside.
            hash.update([0]);
            hash.update(parameter);
        }
        let key = URL_SAFE_NO_PAD.encode(&hash.finalize()[..9]);
        Self { key, now }
    }

    /// An opaque token for a position.
    pub(super) fn token(&self, position: i64) -> String {
        let until = (self.now + TOKEN_KEPT).as_millis();
        URL_SAFE_NO_PAD.encode(format!("p2:{}:{until}:{position}", self.key))
    }

    /// The position that a token stands for; `None` without one.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that was not made here for this listing, or too long ago.
    pub(super) fn position(&self, token: Option<&str>) -> Result<Option<i64>, Error> {
        let Some(token) = token else { return Ok(None) };
        self.read(token).map(Some).ok_or(Error::InvalidToken)
    }

    fn read(&self, token: &str) -> Option<i64> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let mut parts = text.strip_prefix("p2:")?.split(':');
        let (key, until, position) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
        let is_good = key == self.key && self.now < Timestamp::from_millis(until) && parts.next().is_none();
        position.parse().ok().filter(|_| is_good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(operation: &str, parameters: &[&str], day: u64) -> Listing {
        let now = Timestamp::from_millis(0) + Duration::from_secs(day * 24 * 60 * 60);
        Listing::new(operation, parameters, now)
    }

    #[test]
    fn a_token_leads_behind_the_last_entry() {
        let listing = listing("List", &[], 0);
        let page = Page::cut(vec![1, 2, 3], 2, &listing, |n| *n);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(listing.position(page.next_token.as_deref()), Ok(Some(2)));
        assert_eq!(Page::cut(vec![1, 2], 2, &listing, |n: &i64| *n).next_token, None);
    }

    #[test]
    fn a_token_is_for_one_listing_and_one_day() {
        let token = listing("List", &["a", "b"], 1).token(7);
        for (operation, parameters, day, is_good) in [
            ("List", &["a", "b"][..], 1, true),
            ("List", &["ab"], 1, false),
            ("List", &["a"], 1, false),
            ("Other", &["a", "b"], 1, false),
            ("List", &["a", "b"], 2, false),
        ] {
            let found = listing(operation, parameters, day).position(Some(&token));
            assert_eq!(found.is_ok(), is_good, "{operation} {parameters:?} {day}");
        }
    }

    #[test]
    fn made_up_tokens_are_refused() {
        for bad in ["", "x", "cDE6eA", "cDI6eA", "!!"] {
            assert_eq!(listing("List", &[], 0).position(Some(bad)), Err(Error::InvalidToken), "{bad}");
        }
    }
}
