//! `ItemReader`: items of a Map from an object, or the objects, of a bucket.

use super::super::data_error::{DataError, shown};
use super::super::fields::{Fields, Queried};
use super::super::intrinsic::Scope;
use super::super::number::{integer, integer_of};
use super::super::path_expr::PathExpr;
use super::super::query::Query;
use super::super::template::Template;
use crate::id::Arn;

/// Where the items of a Map come from.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>
#[derive(Clone, Debug)]
pub struct ItemReader {
    /// What is read.
    pub source: ItemSource,
    /// `Parameters` or `Arguments`: bucket and key, or prefix.
    pub parameters: Option<Template>,
    /// `MaxItems` or its path.
    pub max_items: Option<MaxItems>,
}

/// What an [`ItemReader`] reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemSource {
    /// `s3:listObjectsV2`: the items are the objects under a prefix.
    Listing,
    /// `s3:getObject`: the items stand in one object.
    Object(InputType),
}

impl ItemSource {
    /// Whether it has an `ItemsPointer`.
    pub fn has_pointer(&self) -> bool {
        matches!(self, Self::Object(InputType::Json { pointer: Some(_) }))
    }
}

/// `ReaderConfig.InputType`, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputType {
    /// Lines of cells.
    Csv {
        /// `CSVHeaders`; `None` takes them from the first line.
        headers: Option<Vec<String>>,
        /// `CSVDelimiter`.
        delimiter: char,
    },
    /// A document.
    Json {
        /// `ItemsPointer`: where in it the array stands.
        pointer: Option<String>,
    },
    /// A document a line.
    JsonLines,
}

/// `MaxItems` or `MaxItemsPath`; zero is all.
#[derive(Clone, Debug)]
pub enum MaxItems {
    /// In the definition.
    Literal(u64),
    /// In the data: a number, or a text of digits.
    Path(PathExpr),
    /// An expression; its value must be an integer.
    Query(Query),
}

const ITEMS_MAX: u64 = 100_000_000;

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Csv,
    Json,
    JsonLines,
    Parquet,
    Manifest,
}

const FORMATS: &[(&str, Format)] = &[
    ("CSV", Format::Csv),
    ("JSON", Format::Json),
    ("JSONL", Format::JsonLines),
    ("PARQUET", Format::Parquet),
    ("MANIFEST", Format::Manifest),
];

const DELIMITERS: &[(&str, char)] =
    &[("COMMA", ','), ("PIPE", '|'), ("SEMICOLON", ';'), ("SPACE", ' '), ("TAB", '\t')];

impl ItemReader {
    pub(super) fn read(reader: &Fields<'_>) -> Option<Self> {
        reader.require(&["Resource"]);
        reader.allow_in_language(&["Resource", "ReaderConfig"], &["Parameters"], &["Arguments"]);
        let config = reader.object("ReaderConfig");
        let parameters = reader.template(if reader.is_jsonata() { "Arguments" } else { "Parameters" });
        let resource = reader.string("Resource")?;
        let arn = Arn::parse(resource).ok().filter(|arn| arn.service == "states");
        let source = match arn.as_ref().map(|arn| arn.resource.as_str()) {
            Some("s3:listObjectsV2") => Some(ItemSource::Listing),
            Some("s3:getObject") => read_format(reader, config.as_ref()).map(ItemSource::Object),
            // AWS's wording is not recorded.
            Some(_) | None => {
                reader.field_problem("Resource", format!("The resource '{resource}' can't be read from"));
                None
            }
        };
        let max_items = config.as_ref().and_then(MaxItems::read);
        Some(Self { source: source?, parameters, max_items })
    }
}

fn read_format(reader: &Fields<'_>, config: Option<&Fields<'_>>) -> Option<InputType> {
    let Some(config) = config else {
        reader.require(&["ReaderConfig"]);
        return None;
    };
    config.require(&["InputType"]);
    let of_both = [
        "InputType",
        "CSVHeaderLocation",
        "CSVHeaders",
        "CSVDelimiter",
        "ItemsPointer",
        "ManifestType",
        "MaxItems",
        "Transformation",
    ];
    config.allow_in_language(&of_both, &["MaxItemsPath"], &[]);
    if config.has("Transformation") {
        config.findings.refuse(&config.at.field("Transformation"), "The Transformation of ItemReader");
    }
    let refuse = |what: &str| {
        config.findings.refuse(&config.at.field("InputType"), what);
        None
    };
    match config.word("InputType", FORMATS)? {
        Format::Json => Some(InputType::Json { pointer: config.string("ItemsPointer").map(str::to_owned) }),
        Format::JsonLines => Some(InputType::JsonLines),
        Format::Parquet => refuse("The InputType PARQUET of ItemReader"),
        Format::Manifest => refuse("The InputType MANIFEST of ItemReader"),
        Format::Csv => {
            let is_given = config.word("CSVHeaderLocation", &[("FIRST_ROW", false), ("GIVEN", true)]);
            if is_given.is_none() {
                config.require(&["CSVHeaderLocation"]);
            }
            let delimiter = match config.has("CSVDelimiter") {
                true => config.word("CSVDelimiter", DELIMITERS)?,
                false => ',',
            };
            let headers = match is_given? {
                false => None,
                true => {
                    config.require(&["CSVHeaders"]);
                    let headers = config.filled_array("CSVHeaders")?;
                    Some(headers.iter().map(shown).collect())
                }
            };
            Some(InputType::Csv { headers, delimiter })
        }
    }
}

impl MaxItems {
    fn read(config: &Fields<'_>) -> Option<Self> {
        if config.at_most_one(&["MaxItems", "MaxItemsPath"])? == "MaxItems" {
            match config.query("MaxItems") {
                Queried::Query(query) => Some(Self::Query(query)),
                Queried::Broken => None,
                Queried::None => config.integer("MaxItems", 0, ITEMS_MAX).map(Self::Literal),
            }
        } else {
            config.reference_path("MaxItemsPath").map(Self::Path)
        }
    }

    /// How many items are read at the most.
    ///
    /// # Errors
    /// `States.Runtime` for data that is no integer.
    pub fn resolve(&self, scope: &dyn Scope) -> Result<i64, DataError> {
        match self {
            Self::Literal(count) => Ok(i64::try_from(*count).unwrap_or(i64::MAX)),
            Self::Query(query) => integer_of(query, scope),
            Self::Path(path) => {
                let value = path.read(scope)?;
                integer(&value).ok_or_else(|| {
                    let (shown, path) = (shown(&value), path.text());
                    DataError::runtime(format!(
                        "The MaxItemsPath field refers to value \"{shown}\" which is not a valid integer: {path}"
                    ))
                })
            }
        }
    }
}
