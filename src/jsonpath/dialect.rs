//! Dialects of JsonPath: the library changed its language in version 2.1.

/// The two dialects that one parser supports.
///
/// <https://github.com/json-path/JsonPath/blob/master/changelog.md>
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Today's JsonPath, which API Gateway's `$input` uses.
    #[default]
    Current,
    /// JsonPath before 2.1, which Step Functions still uses:
    /// - There are no functions: `.length()` is a member of that name.
    /// - `[-1]` finds nothing; `[(@.length-1)]` is the last element.
    /// - In filters, everything without quotes is a string. It is compared as a number or boolean with numbers and
    ///   booleans.
    /// - In filters, no operators are words, `null` does not exist, and scalars never match.
    /// - Several names in brackets end a path.
    Early,
}

impl Dialect {
    pub(super) fn is_early(self) -> bool {
        self == Self::Early
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Dialect;
    use crate::jsonpath::{Path, ReadError};

    #[track_caller]
    fn check(path: &str, root: &Value, expect: &Value) {
        assert_eq!(*Path::compile_in(path, Dialect::Early).unwrap().read(root).unwrap(), *expect, "{path}");
    }

    #[track_caller]
    fn check_error(path: &str, root: &Value, expect: &str) {
        let error = Path::compile_in(path, Dialect::Early).unwrap().read(root).unwrap_err();
        assert_eq!(error.to_string(), expect, "{path}");
    }

    #[test]
    fn functions_are_names() {
        let root = json!({"list": [1, 2], "text": "abc", "odd": {"length()": 7, "sum($": {"n)": 8}}});
        check_error("$.list.length()", &root, "Property ['length()'] not found in path $['list']");
        check_error("$.list.sum()", &root, "Property ['sum()'] not found in path $['list']");
        check_error("$.text.length()", &root, "Property ['length()'] not found in path $['text']");
        check_error("$.odd.size()", &root, "No results for path: $['odd']['size()']");
        check_error("$.length()", &root, "No results for path: $['length()']");
        check("$.odd.length()", &root, &json!(7));
        check("$.odd.sum($.n)", &root, &json!(8));
        check("$..length()", &root, &json!([7]));
        check("$.list[*].min()", &root, &json!([]));
    }

    #[test]
    fn arrays_count_from_the_start_unless_told_their_length() {
        let root =
            json!({"a": [{"n": 1}, {"n": 2}, {"n": 3}], "of": [{"a": [1, 2]}, {"a": [3]}], "none": []});
        for last in
            ["$.a[(@.length-1)].n", "$.a[(@.length - 1)].n", "$.a[( @.size() -1 )].n", "$.a[@.length-1].n"]
        {
            check(last, &root, &json!(3));
        }
        check("$.a[(@.length-3)].n", &root, &json!(1));
        check("$.of[*].a[(@.length-1)]", &root, &json!([2, 3]));
        check("$..a[(@.length-1)].n", &root, &json!([3]));
        check_error("$.a[-1]", &root, "Index out of bounds when evaluating path $['a'][-1]");
        check_error("$.a[-1].n", &root, "Index out of bounds when evaluating path $['a'][-1]");
        check_error("$.a[3]", &root, "Index out of bounds when evaluating path $['a'][3]");
        check_error("$.none[(@.length-1)]", &root, "Index out of bounds when evaluating path $['none'][-1]");
        check_error("$.of[(@.length-3)]", &root, "Index out of bounds when evaluating path $['of'][-1]");
        // In slices, an open end counts from the back, as today.
        check("$.a[-1:].n", &root, &json!([3]));
        check("$.a[:-2].n", &root, &json!([1]));
        check("$.a[1:].n", &root, &json!([2, 3]));
        check("$.a[0,2].n", &root, &json!([1, 3]));
        check("$.of[*].a[1]", &root, &json!([2]));
        for bad in [
            "$.a[(@.length)]",
            "$.a[(@.length+1)]",
            "$.a[(@.count-1)]",
            "$.a[(@.length-x)]",
            "$.a[(@.length--1)]",
        ] {
            assert!(Path::compile_in(bad, Dialect::Early).is_err(), "{bad}");
        }
        assert!(Path::compile("$.a[(@.length-1)]").is_err(), "of the early dialect only");
        assert!(Path::compile_in("$.a[(@.length-1)]", Dialect::Early).unwrap().is_definite());
    }

    #[test]
    fn only_a_last_index_past_the_end_is_told_apart() {
        let root = json!({"a": [{"n": 1}]});
        for (path, expect) in [
            ("$.a[1]", true),
            ("$.a[-1]", false),
            ("$.a[1].n", false),
            ("$.a[(@.length-2)]", false),
            ("$.b[0]", false),
            ("$.a[0].m", false),
        ] {
            match Path::compile_in(path, Dialect::Early).unwrap().read(&root) {
                Err(ReadError::NotFound { is_past_end, .. }) => assert_eq!(is_past_end, expect, "{path}"),
                other => panic!("{path}: {other:?}"),
            }
        }
    }

    #[test]
    fn words_in_filters_are_texts() {
        let root = json!([
            {"k": "es", "n": 1, "t": true, "d": "2024-01-01", "x": null},
            {"k": "fr", "n": "1", "t": false, "d": "2024-02-01"},
            {"k": "a b", "n": 10, "t": "true", "d": "null", "x": [1]},
            "es",
            7,
        ]);
        for (filter, expect) in [
            ("@.k==es", json!(["es"])),
            ("@.k == a b", json!(["a b"])),
            ("@.k=='es' || @.k==fr", json!(["es", "fr"])),
            ("@.k==es&&@.t==true", json!(["es"])),
            ("(@.k == es || @.k == fr) && @.n == 1", json!(["es", "fr"])),
            ("@.k != es", json!(["fr", "a b"])),
            ("!(@.k == es)", json!(["fr", "a b"])),
            // A written number is also a string, and so is one in quotes.
            ("@.n == 1", json!(["es", "fr"])),
            ("@.n == '1'", json!(["es", "fr"])),
            ("@.n > 1", json!(["a b"])),
            ("@.n >= 1", json!(["es", "fr", "a b"])),
            ("@.n == one", json!([])),
            ("@.t == true", json!(["es", "a b"])),
            ("@.t == 'true'", json!(["es", "a b"])),
            ("@.t == false", json!(["fr"])),
            ("@.d == 2024-02-01", json!(["fr"])),
            // The text `null` is null, and sorts before everything else.
            ("@.d < 2024-02-01", json!(["es", "a b"])),
            ("@.k =~ /e.*/", json!(["es"])),
            ("@.k =~ /E.*/i", json!(["es"])),
            // No relation holds for something that is missing or can't be compared.
            ("@.none != es", json!([])),
            ("@.x != 1", json!(["es"])),
            ("@.x == null", json!(["es"])),
            ("@.d == null", json!(["a b"])),
            // Only something with a value exists.
            ("@.x", json!(["a b"])),
            ("!@.x", json!(["es", "fr"])),
            ("@.k.length() > 1", json!([])),
        ] {
            check(&format!("$[?({filter})].k"), &root, &expect);
        }
        check("$[?(@ == es)]", &root, &json!([]));
        check("$[?(@ == 7)]", &root, &json!([]));
    }

    #[test]
    fn operators_are_symbols() {
        for filter in [
            "@.a in ['b']",
            "@.a nin ['b']",
            "@.a contains 'b'",
            "@.a size 1",
            "@.a empty true",
            "@.a subsetof ['b']",
            "'b' in @.a",
        ] {
            let path = format!("$.l[?({filter})]");
            assert!(Path::compile(&path).is_ok(), "{path}");
            let root = json!({"l": [{"a": "b"}]});
            check_error(&path, &root, "Filter operators that are words are not supported");
        }
    }

    #[test]
    fn several_names_end_a_path() {
        let rows = json!({"a": {"v": 1}, "b": {"v": 2}, "l": [{"x": 1, "y": 2, "z": 3}, {"x": 4}]});
        check("$['a','b']", &rows, &json!({"a": {"v": 1}, "b": {"v": 2}}));
        check("$.l.[*].['x', 'z']", &rows, &json!([{"x": 1, "z": 3}, {"x": 4}]));
        check_error("$['a', 'b'].v", &rows, "Multi properties can only be used as path leafs: $['a', 'b']");
    }

    #[test]
    fn dots_may_stand_before_brackets_and_all_is_read_to_the_end() {
        let root = json!({"abc": {"def ghi": 5}, "l": [{"b": 6}]});
        check("$.abc.['def ghi']", &root, &json!(5));
        check("$.l.[0].b", &root, &json!(6));
        check("$.l[0]b", &root, &json!(6));
        check("$.[?(@.abc)].l[0].b", &root, &json!([6]));
        for bad in ["$.l[", "$.l[0", "$.l[0].", "$..", "$", "$.l[]"] {
            assert_eq!(Path::compile_in(bad, Dialect::Early).is_err(), bad != "$", "{bad}");
        }
    }
}
