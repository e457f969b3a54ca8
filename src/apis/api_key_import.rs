//! Parses files of API keys: CSV as in
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html>.
//!
//! The header row names the columns, in any order and letter case. `Name` and `Key` are required; `Description`,
//! `Enabled` and `UsagePlanIds` are optional; others are ignored.

use std::collections::BTreeMap;
use std::fmt;

use super::api_key::ApiKeyValue;
use crate::apis::error::KeyProblem;

/// The most rows in a file.
const ROWS_MAX: usize = 1_000_000;
/// Warnings about one file that are told.
const WARNINGS_MAX: usize = 1_000;

/// A row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImportedKey {
    /// The line number, for warnings, which don't show values.
    line: usize,
    pub(super) name: String,
    pub(super) value: ApiKeyValue,
    pub(super) description: String,
    pub(super) enabled: bool,
    pub(super) usage_plan_ids: Vec<String>,
}

impl ImportedKey {
    /// A warning about this row.
    pub(super) fn warning(&self, problem: &impl fmt::Display) -> String {
        warning(self.line, problem)
    }
}

/// Adds a warning, unless there are so many that nobody reads more.
pub(super) fn warn(warnings: &mut Vec<String>, text: impl FnOnce() -> String) {
    if warnings.len() < WARNINGS_MAX {
        warnings.push(text());
    }
}

fn warning(line: usize, problem: &impl fmt::Display) -> String {
    format!("Line {line}: {problem}")
}

/// The number of keys in `file`, and warnings about invalid rows.
///
/// # Errors
/// [`KeyProblem`] if the whole file is invalid.
pub fn look_at_keys(file: &[u8]) -> Result<(usize, Vec<String>), KeyProblem> {
    parse(file).map(|(keys, warnings)| (keys.len(), warnings))
}

/// The keys in a file, and warnings about invalid rows. If two rows have the same key, the later one counts, because an
/// import overwrites existing keys.
pub(super) fn parse(file: &[u8]) -> Result<(Vec<ImportedKey>, Vec<String>), KeyProblem> {
    let text = std::str::from_utf8(file).map_err(|_| KeyProblem::File("it is not UTF-8"))?;
    let mut records = Records { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    let (_, header) = records.next_record()?.ok_or(KeyProblem::Columns)?;
    let column = |wanted: &str| header.iter().position(|name| name.trim().eq_ignore_ascii_case(wanted));
    let (name, key) = (column("Name"), column("Key"));
    let (Some(name), Some(key)) = (name, key) else { return Err(KeyProblem::Columns) };
    let (description, enabled, plans) = (column("Description"), column("Enabled"), column("UsagePlanIds"));
    let (mut keys, mut warnings, mut places) = (Vec::<ImportedKey>::new(), Vec::new(), BTreeMap::new());
    let mut n_rows = 0_usize;
    while let Some((line, fields)) = records.next_record()? {
        if fields.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        n_rows += 1;
        if ROWS_MAX < n_rows {
            return Err(KeyProblem::File("it has more than 1,000,000 rows"));
        }
        let field =
            |column: Option<usize>| column.and_then(|column| fields.get(column)).map_or("", |it| it.trim());
        let value = field(Some(key)).to_owned();
        let key = ImportedKey {
            line,
            name: field(Some(name)).to_owned(),
            value: ApiKeyValue::new(value.clone()),
            description: field(description).to_owned(),
            enabled: field(enabled).is_empty() || field(enabled).eq_ignore_ascii_case("true"),
            usage_plan_ids: field(plans)
                .split(',')
                .map(|id| id.trim().to_owned())
                .filter(|id| !id.is_empty())
                .collect(),
        };
        let place = *places.entry(value).or_insert(keys.len());
        match keys.get_mut(place) {
            Some(before) => {
                warn(&mut warnings, || warning(line, &format!("the key of line {} once more", before.line)));
                *before = key;
            }
            None => keys.push(key),
        }
    }
    Ok((keys, warnings))
}

/// The rest of a file.
struct Records<'t> {
    rest: &'t str,
    line: usize,
}

impl Records<'_> {
    /// The next record and the line on which it begins; `None` at the end (RFC 4180, with any kind of line end).
    fn next_record(&mut self) -> Result<Option<(usize, Vec<String>)>, KeyProblem> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (line, mut fields) = (self.line, Vec::new());
        loop {
            let (field, after) = next_field(self.rest)?;
            self.line += field.matches('\n').count();
            fields.push(field);
            if let Some(rest) = after.strip_prefix(',') {
                self.rest = rest;
                continue;
            }
            self.rest =
                after.strip_prefix("\r\n").or_else(|| after.strip_prefix(['\n', '\r'])).unwrap_or(after);
            self.line += 1;
            return Ok(Some((line, fields)));
        }
    }
}

/// The field at the beginning of `text`, and the text after it: a comma, the end of a line, or nothing.
///
/// A list of plans may also be in single quotes, because AWS's guide shows both. A single quote without a closing one
/// in the field is an ordinary character.
fn next_field(text: &str) -> Result<(String, &str), KeyProblem> {
    if let Some(field) = text.strip_prefix('\'').and_then(single_quoted) {
        return Ok(field);
    }
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n', '\r']).unwrap_or(text.len());
        let (field, after) = text.split_at(end);
        return Ok((field.to_owned(), after));
    };
    let mut field = String::new();
    loop {
        let (part, after) = rest.split_once('"').ok_or(KeyProblem::File("a quote is not closed"))?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None if after.is_empty() || after.starts_with([',', '\n', '\r']) => return Ok((field, after)),
            None => return Err(KeyProblem::File("text follows a closing quote")),
        }
    }
}

/// The text before the quote that closes the field, on the same line, and the text after it.
fn single_quoted(text: &str) -> Option<(String, &str)> {
    let line = text.split(['\n', '\r']).next()?;
    let (at, _) = line.match_indices('\'').find(|(at, _)| {
        let after = line.get(at + 1..).unwrap_or_default();
        after.is_empty() || after.starts_with(',')
    })?;
    Some((text.get(..at)?.to_owned(), text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str) -> Result<(Vec<String>, Vec<String>), String> {
        let (keys, warnings) = parse(file.as_bytes()).map_err(|problem| problem.to_string())?;
        let show = |key: ImportedKey| {
            let plans = key.usage_plan_ids.join("+");
            let value = key.value.expose();
            format!("{}:{}|{value}|{}|{}|{plans}", key.line, key.name, key.description, key.enabled)
        };
        Ok((keys.into_iter().map(show).collect(), warnings))
    }

    #[test]
    fn columns_come_in_any_order_and_case() {
        let file = "name,Extra,key,DESCRIPTION,Enabled,usageplanIds\r\n\
            a,x,apikey1,\"an \"\"old\"\" one\",TRUE,\"c7y23b, u1\"\r\n\
            \r\n\
            b,x,apikey2,\"two\nlines\",FALSE,\r\n\
            c,,apikey3";
        let (keys, warnings) = check(file).unwrap();
        assert_eq!(
            keys,
            [
                "2:a|apikey1|an \"old\" one|true|c7y23b+u1",
                "4:b|apikey2|two\nlines|false|",
                "6:c|apikey3||true|"
            ]
        );
        assert!(warnings.is_empty());
    }

    #[test]
    fn a_key_counts_once() {
        let (keys, warnings) = check("Key,Name\nk,a\nk,b\n").unwrap();
        assert_eq!(
            (keys.as_slice(), warnings.as_slice()),
            (
                ["3:b|k||true|".to_owned()].as_slice(),
                ["Line 3: the key of line 2 once more".to_owned()].as_slice(),
            )
        );
    }

    #[test]
    fn files_have_so_many_rows_and_warnings_and_no_more() {
        let file = |n: usize| format!("Key,Name\n{}\n,\n", "k,a\n".repeat(n));
        let (keys, warnings) = check(&file(ROWS_MAX)).unwrap();
        assert_eq!((keys.len(), warnings.len()), (1, WARNINGS_MAX));
        assert!(check(&file(ROWS_MAX + 1)).unwrap_err().contains("more than 1,000,000 rows"));
    }

    #[test]
    fn lists_of_plans_are_in_quotes_of_either_kind() {
        let file = "Key,UsagePlanIds,Name\nk1,\"p1,p2\",a\nk2,'p1,p2',b\nk3,'p1',c\nk4,,'tis d\nk5,'p1,it's";
        let (keys, _) = check(file).unwrap();
        assert_eq!(
            keys,
            [
                "2:a|k1||true|p1+p2",
                "3:b|k2||true|p1+p2",
                "4:c|k3||true|p1",
                "5:'tis d|k4||true|",
                "6:it's|k5||true|'p1"
            ]
        );
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        for (file, problem) in [
            ("", "the header row must name the columns Name and Key"),
            ("Name\na\n", "the header row must name the columns Name and Key"),
            ("Name,Key\n\"a,b\n", "a quote is not closed"),
            ("Name,Key\n\"a\"b,c\n", "text follows a closing quote"),
        ] {
            assert_eq!(check(file).unwrap_err(), format!("Invalid API Key file: {problem}"));
        }
        assert!(parse(b"Name,Key\n\xff,a").is_err());
    }
}
