//! Paths of patch operations: JSON pointers (RFC 6901).

/// The parts of `path`, unescaped (`~1` is `/`, `~0` is `~`); `None` if it doesn't begin with `/`.
pub(super) fn parts(path: &str) -> Option<Vec<String>> {
    Some(path.strip_prefix('/')?.split('/').map(unescape).collect())
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_and_tildes_are_escaped_in_keys() {
        assert_eq!(
            parts("/requestTemplates/application~1json").unwrap(),
            ["requestTemplates", "application/json"]
        );
        assert_eq!(parts("/a/~01").unwrap(), ["a", "~1"]);
        assert_eq!(parts("/").unwrap(), [""]);
        assert_eq!(parts(""), None);
        assert_eq!(parts("name"), None);
    }
}
