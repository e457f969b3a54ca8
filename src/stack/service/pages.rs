//! Lists in pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::invalid;
use crate::wire::ApiError;

/// What a page has at most.
pub(super) const PAGE_MAX: usize = 100;

/// What `token` stands for.
pub(super) fn opened(token: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(token) = token else { return Ok(None) };
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
    text.map(Some).ok_or_else(|| invalid("The NextToken is not valid."))
}

/// A token for `text`.
pub(super) fn closed(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The page of `items` that `token` asks for, and the token of the next.
pub(super) fn page<T>(items: Vec<T>, token: Option<&str>) -> Result<(Vec<T>, Option<String>), ApiError> {
    let from = opened(token)?.map_or(Ok(0), |from| from.parse::<usize>());
    let from = from.map_err(|_| invalid("The NextToken is not valid."))?;
    let to = from.saturating_add(PAGE_MAX);
    let next = (to < items.len()).then(|| closed(&to.to_string()));
    Ok((items.into_iter().skip(from).take(PAGE_MAX).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_as_long_as_they_may_be() {
        let items = |n: usize| (0..n).collect::<Vec<_>>();
        assert_eq!(page(items(PAGE_MAX), None).unwrap().1, None);
        let (first, next) = page(items(PAGE_MAX + 1), None).unwrap();
        assert_eq!(first.len(), PAGE_MAX);
        let (rest, none) = page(items(PAGE_MAX + 1), next.as_deref()).unwrap();
        assert_eq!((rest, none), (vec![PAGE_MAX], None));
        assert!(page(items(1), Some("nonsense")).is_err());
    }
}
