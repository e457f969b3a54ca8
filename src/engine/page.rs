//! Pages of a listing, and the tokens that lead from one to the next.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Error;

/// Entries of a page when the caller does not say (or says 0).
const PAGE_DEFAULT: usize = 100;

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
    pub(super) fn cut(mut items: Vec<T>, max: usize, position: impl Fn(&T) -> String) -> Self {
        let has_more = max < items.len();
        items.truncate(max);
        let next_token = match items.last() {
            Some(last) if has_more => Some(token(&position(last))),
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

/// An opaque token for a position.
pub(super) fn token(position: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("p1:{position}"))
}

/// The position that a token stands for.
///
/// # Errors
/// [`Error::InvalidToken`] for a token that was not made here.
pub(super) fn position(token: &str) -> Result<String, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::InvalidToken)?;
    let text = String::from_utf8(bytes).map_err(|_| Error::InvalidToken)?;
    text.strip_prefix("p1:").map(str::to_owned).ok_or(Error::InvalidToken)
}

/// A position that is a number.
pub(super) fn number_position(token: Option<&str>) -> Result<Option<i64>, Error> {
    let Some(token) = token else { return Ok(None) };
    position(token)?.parse().map(Some).map_err(|_| Error::InvalidToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_behind_the_last_entry() {
        let page = Page::cut(vec![1, 2, 3], 2, |n| n.to_string());
        assert_eq!(page.items, [1, 2]);
        assert_eq!(number_position(page.next_token.as_deref()), Ok(Some(2)));
        assert_eq!(Page::cut(vec![1, 2], 2, |n: &i32| n.to_string()).next_token, None);
    }

    #[test]
    fn made_up_tokens_are_refused() {
        for bad in ["", "x", "cDE6eA", "!!"] {
            assert_eq!(number_position(Some(bad)), Err(Error::InvalidToken), "{bad}");
        }
    }
}
