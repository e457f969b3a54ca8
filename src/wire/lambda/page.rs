//! Pages of lists.

use serde::Deserialize;

use crate::functions::Reference;
use crate::wire::{ApiError, Call};

/// Items of a page, also where more are asked for: AWS answers no more either.
const ITEMS_MAX: usize = 50;

/// Which page of a list is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    pub(super) marker: Option<String>,
    max_items: Option<usize>,
}

impl Page {
    /// How many items it has at most.
    pub(super) fn max(&self) -> usize {
        self.max_items.map_or(ITEMS_MAX, |max| max.min(ITEMS_MAX))
    }

    /// The page's items out of those after its marker, and the marker of the next page, if there is one, which
    /// `marker` makes of the last item.
    pub(super) fn of<T>(
        &self,
        found: impl Iterator<Item = T>,
        marker: impl FnOnce(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let mut items: Vec<T> = found.take(self.max() + 1).collect();
        let is_more = self.max() < items.len();
        items.truncate(self.max());
        let next = items.last().filter(|_| is_more).map(marker);
        (items, next)
    }
}

/// A page of what a function has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfFunction {
    function_name: String,
    #[serde(flatten)]
    pub(super) page: Page,
}

impl OfFunction {
    /// The function's name.
    pub(super) fn name(&self, call: &Call) -> Result<String, ApiError> {
        Ok(Reference::parse(&self.function_name, None, &call.home)?.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_has_a_next_one_only_if_there_is_more() {
        let page = |max: Option<usize>, n: usize| {
            let page: Page = serde_json::from_value(json!({ "MaxItems": max })).unwrap();
            let (items, next) = page.of(0..n, usize::to_string);
            (items.len(), next)
        };
        assert_eq!(page(Some(2), 3), (2, Some("1".to_owned())));
        assert_eq!(page(Some(2), 2), (2, None));
        assert_eq!(page(Some(2), 0), (0, None));
        assert_eq!(page(None, 51), (50, Some("49".to_owned())));
        assert_eq!(page(Some(10_000), 51), (50, Some("49".to_owned())));
    }
}
