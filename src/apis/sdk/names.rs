//! The names of an SDK's functions: `petsPetIdGet` for `GET /pets/{petId}`.

use std::collections::HashSet;

use crate::apis::HttpMethod;

/// The names used so far; no two methods share one.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// The function's name for a method.
    pub(super) fn of(&mut self, path: &str, verb: HttpMethod) -> String {
        let mut words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let mut name = match words.next() {
            None => "root".to_owned(),
            Some(first) => with_first(first, |c| c.to_ascii_lowercase()),
        };
        words.for_each(|word| name.push_str(&with_first(word, |c| c.to_ascii_uppercase())));
        name.push_str(&with_first(&verb.as_str().to_ascii_lowercase(), |c| c.to_ascii_uppercase()));
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            name.insert(0, '_');
        }
        // `/a-b` and `/a/b` give the same name; AWS doesn't say what happens to the second.
        let mut unique = name.clone();
        let mut n = 1;
        while !self.0.insert(unique.clone()) {
            n += 1;
            unique = format!("{name}{n}");
        }
        unique
    }
}

fn with_first(word: &str, change: fn(&char) -> char) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| change(&first)).into_iter().chain(chars).collect()
}

/// The variables of a path; `{proxy+}` without the plus sign.
pub(super) fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| name.trim_end_matches('+'))
}

/// A valid npm package name.
pub(super) fn file_name_of(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(100).collect();
    format!("{}-client", if name.is_empty() { "api" } else { &name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_by_path_and_verb() {
        let mut names = Names::default();
        for (path, verb, expect) in [
            ("/", HttpMethod::Get, "rootGet"),
            ("/pets", HttpMethod::Post, "petsPost"),
            ("/pets/{petId}", HttpMethod::Get, "petsPetIdGet"),
            ("/pets/{petId}", HttpMethod::Options, "petsPetIdOptions"),
            ("/Orders/{proxy+}", HttpMethod::Delete, "ordersProxyDelete"),
            ("/my-pets/a_b.c", HttpMethod::Patch, "myPetsABCPatch"),
            ("/my/pets/a_b.c", HttpMethod::Patch, "myPetsABCPatch2"),
            ("/2023/x", HttpMethod::Get, "_2023XGet"),
        ] {
            assert_eq!(names.of(path, verb), expect, "{path}");
        }
    }

    #[test]
    fn packages_have_names_that_npm_takes() {
        for (text, expect) in [("My API", "my-api-client"), ("*/", "api-client"), ("äb", "b-client")] {
            assert_eq!(file_name_of(text), expect);
        }
    }
}
