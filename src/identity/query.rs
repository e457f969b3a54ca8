//! Query strings: decoded once, in order, with repeated parameters.
//!
//! Signatures, templates, mappings and the AWS APIs read the same pairs, so that a parameter has the same value for all
//! of them.

use std::borrow::Cow;
use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// Decoded parameters in the order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes `k=v&k2=v2`. `k` and `k=` have the empty value; `+` is a space; invalid UTF-8 becomes U+FFFD.
    pub fn parse(raw: &str) -> Self {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name).into_owned(), decode(value).into_owned())
        });
        Self(pairs.collect())
    }

    /// The last value of `name`. Names are case-sensitive.
    pub fn last(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Each name once, at its first position, with its last value.
    pub fn singles(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let groups: Vec<_> = self.grouped().collect();
        groups.into_iter().filter_map(|(name, values)| Some((name, *values.last()?)))
    }

    /// Each name once, at its first position, with all its values in order.
    pub fn grouped(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let mut places = HashMap::with_capacity(self.0.len());
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            let place = *places.entry(name.as_str()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, values)) => values.push(value),
                None => groups.push((name, vec![value])),
            }
        }
        groups.into_iter()
    }

    /// All pairs, as they arrived.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// Sorts the values of each name by their bytes, at the positions where the name occurred: a signature does not
    /// cover any other order.
    pub(super) fn sorted(self) -> Self {
        let mut places: Vec<usize> = (0..self.0.len()).collect();
        let name = |place: &usize| self.0.get(*place).map(|(name, _)| name);
        places.sort_by_key(name);
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        // In both orders, the pairs of one name are in the same sequence.
        let mut placed: Vec<_> = places.into_iter().zip(sorted).collect();
        placed.sort_unstable_by_key(|(place, _)| *place);
        Self(placed.into_iter().map(|(_, pair)| pair).collect())
    }

    /// Removes the parameters for whose names `is_dropped` is true.
    pub(super) fn without(mut self, is_dropped: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|(name, _)| !is_dropped(name));
        self
    }

    /// A query string that parses to this value.
    pub(super) fn to_raw(&self) -> String {
        let mut raw = String::new();
        for (name, value) in &self.0 {
            append(&mut raw, name, value);
        }
        raw
    }
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode(spaced.as_bytes()).decode_utf8_lossy().into_owned())
}

/// Everything except RFC 3986's unreserved characters.
pub const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Appends `name=value`, encoded, to a query string under construction.
pub fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.extend(utf8_percent_encode(name, ENCODED));
    query.push('=');
    query.extend(utf8_percent_encode(value, ENCODED));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once() {
        let query = Query::parse("a=1%20b+c&a=%2B&k=&j&%C3%A9=x&bad=%FF&&=v");
        assert_eq!(query.last("a"), Some("+"));
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1 b c", "+"]);
        assert_eq!(query.last("k"), Some(""));
        assert_eq!(query.last("j"), Some(""));
        assert_eq!(query.last("é"), Some("x"));
        assert_eq!(query.last("bad"), Some("\u{fffd}"));
        assert_eq!(query.last(""), Some("v"));
        assert_eq!(query.last("A"), None);
        let names: Vec<_> = query.singles().collect();
        assert_eq!(names.first(), Some(&("a", "+")));
        assert_eq!(names.len(), 6);
    }

    #[test]
    fn repeats_are_sorted_where_they_stand() {
        let query = Query::parse("b=2&a=z&b=1&a=y&c").sorted();
        assert_eq!(query.to_raw(), "b=1&a=y&b=2&a=z&c=");
    }

    #[test]
    fn appended_values_are_encoded() {
        let mut query = "x=1".to_owned();
        append(&mut query, "a b", "c&d=é");
        assert_eq!(query, "x=1&a%20b=c%26d%3D%C3%A9");
    }
}
