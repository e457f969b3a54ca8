//! Query strings: decoded once, in order, repeats kept.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// Decoded parameters in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes `k=v&k2=v2`. `k` and `k=` have the empty value; `+` is a space; what is no UTF-8 becomes
    /// U+FFFD.
    pub(crate) fn parse(raw: &str) -> Self {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name).into_owned(), decode(value).into_owned())
        });
        Self(pairs.collect())
    }

    /// The last value of `name`; names know case.
    pub(crate) fn last(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Each name once, where it first came, with its last value.
    pub(crate) fn singles(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.0.iter().enumerate().filter_map(|(index, (name, _))| {
            let is_first = self.0.iter().take(index).all(|(earlier, _)| earlier != name);
            is_first.then(|| (name.as_str(), self.last(name).unwrap_or_default()))
        })
    }

    /// Everything, as it came.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode(spaced.as_bytes()).decode_utf8_lossy().into_owned())
}

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Appends `name=value`, encoded, to a query string under construction.
pub(crate) fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.extend(utf8_percent_encode(name, KEPT));
    query.push('=');
    query.extend(utf8_percent_encode(value, KEPT));
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
    fn appended_values_are_encoded() {
        let mut query = "x=1".to_owned();
        append(&mut query, "a b", "c&d=é");
        assert_eq!(query, "x=1&a%20b=c%26d%3D%C3%A9");
    }
}
