//! `Map.Item.Source` of the context object: where an item was read.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The source of items that are data of the execution.
pub(crate) const STATE_DATA: &str = "STATE_DATA";

/// The sources of items: neighbours of the same source stand together, with the place of the first. AWS names the bucket for
/// a listing, and an object for what stands in objects; here that is the one that the item stands in, also where a manifest
/// or a listing led to it, of which AWS says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sources(Vec<(usize, Arc<str>)>);

impl Sources {
    /// Those of items which all have the same.
    pub(crate) fn all(source: impl Into<Arc<str>>) -> Self {
        Self(vec![(0, source.into())])
    }

    /// Of items that stand in an object, or are the objects of a bucket.
    pub(crate) fn in_s3(bucket: &str, key: Option<&str>) -> Arc<str> {
        match key {
            Some(key) => format!("S3://{bucket}/{key}").into(),
            None => format!("S3://{bucket}").into(),
        }
    }

    /// Whether none is known, as of items that an earlier version read.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The item at `index`, and those behind it, are of `source`. Called in the order of the items.
    pub(crate) fn push(&mut self, index: usize, source: &Arc<str>) {
        if self.0.last().is_none_or(|(_, last)| last != source) {
            self.0.push((index, source.clone()));
        }
    }

    /// The source of the item at `index`.
    pub(crate) fn of(&self, index: usize) -> Option<&str> {
        let behind = self.0.partition_point(|(first, _)| *first <= index);
        self.0.get(behind.checked_sub(1)?).map(|(_, source)| &**source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_their_source() {
        let mut sources = Sources::default();
        for (index, source) in [(3, "a"), (4, "a"), (5, "b"), (9, "c")] {
            sources.push(index, &source.into());
        }
        assert_eq!(serde_json::to_string(&sources).unwrap(), r#"[[3,"a"],[5,"b"],[9,"c"]]"#);
        let of = |index| sources.of(index);
        assert_eq!([of(2), of(3), of(4), of(8), of(9)], [None, Some("a"), Some("a"), Some("b"), Some("c")]);
        assert_eq!((Sources::default().of(0), Sources::all("x").of(7)), (None, Some("x")));
    }
}
