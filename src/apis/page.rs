//! Lists in pages: `limit` entries at a time, starting at an opaque `position`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::apis::error::BadRequest;

const LIMIT_DEFAULT: i64 = 25;
const LIMIT_MAX: i64 = 500;

/// The page that a client requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Where the previous page ended, as returned with it.
    pub position: Option<String>,
    /// How many entries, 25 by default. AWS accepts any number: more than 500 count as 500, less than one as none.
    pub limit: Option<i64>,
}

impl PageRequest {
    /// The number of entries to return.
    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.limit.unwrap_or(LIMIT_DEFAULT).clamp(0, LIMIT_MAX)).unwrap_or(0)
    }

    /// The key of the last entry of the previous page; `None` for the first page.
    pub(crate) fn after(&self) -> Result<Option<String>, BadRequest> {
        self.position.as_deref().map(decode).transpose()
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub position: Option<String>,
}

impl<T> Page<T> {
    /// A page of `entries`, which are in the order of their keys. A position contains the last key shown, so that
    /// entries that are created or deleted between two pages neither repeat nor hide others.
    pub(crate) fn of(
        entries: Vec<T>,
        key: impl Fn(&T) -> String,
        request: &PageRequest,
    ) -> Result<Self, BadRequest> {
        let after = request.after()?;
        let limit = request.len();
        let is_next = |entry: &T| after.as_ref().is_none_or(|after| *after < key(entry));
        let items = entries.into_iter().filter(is_next).take(limit + 1).collect();
        Ok(Self::cut(items, key, limit))
    }

    /// A page of `items`, which begin after the previous page and contain one more than `limit` if there are more.
    pub(crate) fn cut(mut items: Vec<T>, key: impl Fn(&T) -> String, limit: usize) -> Self {
        let is_last = items.len() <= limit;
        items.truncate(limit);
        let last = if is_last { None } else { items.last() };
        let position = last.map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        Self { items, position }
    }

    /// The same page with converted entries.
    pub fn map<U>(self, entry: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(entry).collect(), position: self.position }
    }
}

fn decode(position: &str) -> Result<String, BadRequest> {
    let bytes = URL_SAFE_NO_PAD.decode(position).map_err(|_| BadRequest::Position)?;
    String::from_utf8(bytes).map_err(|_| BadRequest::Position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(position: Option<&str>, limit: Option<i64>) -> Result<Page<u32>, BadRequest> {
        let request = PageRequest { position: position.map(str::to_owned), limit };
        Page::of((0..60).collect(), |n| format!("{n:04}"), &request)
    }

    #[test]
    fn pages_follow_one_another() {
        let (mut seen, mut position) = (Vec::new(), None);
        loop {
            let page = page(position.as_deref(), None).unwrap();
            seen.extend(page.items);
            position = page.position;
            if position.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..60).collect::<Vec<_>>());
    }

    #[test]
    fn odd_limits_are_no_error() {
        assert_eq!(page(None, Some(60)).unwrap().position, None);
        assert_eq!(page(None, Some(9_999)).unwrap().items.len(), 60);
        for none in [0, -1, i64::MIN] {
            assert_eq!(page(None, Some(none)).unwrap(), Page { items: Vec::new(), position: None });
        }
    }

    #[test]
    fn positions_are_ours_or_refused() {
        assert_eq!(page(Some("***"), None), Err(BadRequest::Position));
        assert_eq!(page(Some("_w"), None), Err(BadRequest::Position));
    }
}
