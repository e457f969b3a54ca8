//! The names of all methods, for checks that inspect a template without evaluating it.

/// Whether any value of the language has a method of this name.
pub fn is_method(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}

const NAMES: &[&str] = &[
    "add",
    "addAll",
    "bitCount",
    "booleanValue",
    "byteValue",
    "charAt",
    "clear",
    "clone",
    "codePointAt",
    "compare",
    "compareTo",
    "compareToIgnoreCase",
    "concat",
    "contains",
    "containsAll",
    "containsKey",
    "containsValue",
    "contentEquals",
    "copyValueOf",
    "decode",
    "divide",
    "divideUnsigned",
    "doubleValue",
    "endsWith",
    "ensureCapacity",
    "entrySet",
    "equals",
    "equalsIgnoreCase",
    "floatValue",
    "format",
    "get",
    "getBytes",
    "getHasNext",
    "getKey",
    "getOrDefault",
    "getValue",
    "hasNext",
    "hashCode",
    "indent",
    "indexOf",
    "intValue",
    "intern",
    "isBlank",
    "isEmpty",
    "isFinite",
    "isInfinite",
    "isNaN",
    "iterator",
    "join",
    "keySet",
    "lastIndexOf",
    "length",
    "listIterator",
    "logicalAnd",
    "logicalOr",
    "logicalXor",
    "longValue",
    "matches",
    "max",
    "min",
    "mod",
    "multiply",
    "next",
    "numberOfLeadingZeros",
    "numberOfTrailingZeros",
    "parseBoolean",
    "parseDouble",
    "parseInt",
    "parseLong",
    "put",
    "putAll",
    "putIfAbsent",
    "regionMatches",
    "remainderUnsigned",
    "remove",
    "removeAll",
    "repeat",
    "replace",
    "replaceAll",
    "replaceFirst",
    "retainAll",
    "reverse",
    "set",
    "setValue",
    "shortValue",
    "signum",
    "size",
    "sort",
    "split",
    "startsWith",
    "stop",
    "strip",
    "stripIndent",
    "stripLeading",
    "stripTrailing",
    "subList",
    "subSequence",
    "substring",
    "subtract",
    "sum",
    "toArray",
    "toBinaryString",
    "toCharArray",
    "toHexString",
    "toLowerCase",
    "toOctalString",
    "toString",
    "toUpperCase",
    "translateEscapes",
    "trim",
    "trimToSize",
    "valueOf",
    "values",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The files that match on a method's name and its arguments.
    const SOURCES: &[&str] = &[
        include_str!("collection.rs"),
        include_str!("entry.rs"),
        include_str!("list.rs"),
        include_str!("map.rs"),
        include_str!("number.rs"),
        include_str!("string.rs"),
        include_str!("../methods.rs"),
    ];

    #[test]
    fn every_method_is_listed_and_sorted() {
        assert!(NAMES.is_sorted(), "the table is searched by halves");
        for source in SOURCES {
            let code = source.split("#[cfg(test)]").next().unwrap();
            for line in code.lines() {
                // `("name" | "other", [Value::Int(_)]) => …`: names stand before the arguments.
                let Some(arm) = line.trim_start().strip_prefix("(\"") else { continue };
                let names = arm.split(['[', '_', ')']).next().unwrap();
                for name in names.split('"').step_by(2).filter(|name| !name.trim().is_empty()) {
                    assert!(is_method(name) || name == "topmost", "{name} in {line}");
                }
            }
        }
    }

    #[test]
    fn names_of_other_languages_are_none() {
        for name in ["push", "toUpper", "substr", "map", "forEach", "stringify", ""] {
            assert!(!is_method(name), "{name}");
        }
    }
}
