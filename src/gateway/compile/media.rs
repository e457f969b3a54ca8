//! Media types: they select templates, and some are binary.

/// The type and subtype of a header value, without parameters: `application/json; charset=utf-8` →
/// `application/json`.
pub(crate) fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// The first type in an `Accept` header, without parameters.
pub(crate) fn first_accepted(accept: &str) -> &str {
    essence(accept.split(',').next().unwrap_or_default())
}

/// An API's `binaryMediaTypes`.
#[derive(Debug, Default)]
pub(crate) struct BinaryTypes(Vec<String>);

impl BinaryTypes {
    pub(crate) fn new(types: &[String]) -> Self {
        Self(types.iter().map(|kind| kind.trim().to_ascii_lowercase()).collect())
    }

    /// Whether no type is binary.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `essence` is one of the types, which may contain wildcards: `image/*`, `*/*`.
    pub(crate) fn contains(&self, essence: &str) -> bool {
        self.0.iter().any(|kind| match kind.split_once("/*") {
            Some(("*", "")) => true,
            Some((wild, "")) => {
                essence.split_once('/').is_some_and(|(family, _)| family.eq_ignore_ascii_case(wild))
            }
            Some(_) | None => kind.eq_ignore_ascii_case(essence),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_later_types_do_not_count() {
        assert_eq!(essence("application/json; charset=utf-8"), "application/json");
        assert_eq!(essence(""), "");
        assert_eq!(first_accepted("image/png;q=0.1, text/html"), "image/png");
    }

    #[test]
    fn binary_types_may_be_wild() {
        let types = BinaryTypes::new(&["image/*".to_owned(), "Application/Zip".to_owned()]);
        for yes in ["image/png", "IMAGE/gif", "application/zip"] {
            assert!(types.contains(yes), "{yes}");
        }
        for no in ["text/plain", "images/png", "image", ""] {
            assert!(!types.contains(no), "{no}");
        }
        assert!(BinaryTypes::new(&["*/*".to_owned()]).contains(""));
        assert!(!BinaryTypes::default().contains("image/png"));
    }
}
