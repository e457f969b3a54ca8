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
    /// `s3:listObjectsV2` with the `Transformation` LOAD_AND_FLATTEN: the items stand in the objects under a prefix.
    Listed(InputType),
    /// `s3:getObject`: the items stand in one object.
    Object(InputType),
    /// `s3:getObject` of an S3 Inventory's manifest: the items are the rows of its files.
    Inventory,
    /// `s3:getObject` of a list of files that Athena wrote: the items stand in those.
    Athena(InputType),
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
    /// Rows in columns.
    Parquet,
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

/// `ManifestType`.
#[derive(Clone, Copy, PartialEq)]
enum ManifestType {
    Inventory,
    Athena,
}

const MANIFESTS: &[(&str, ManifestType)] =
    &[("ATHENA_DATA", ManifestType::Athena), ("S3_INVENTORY", ManifestType::Inventory)];

/// `Transformation`.
const TRANSFORMATIONS: &[(&str, bool)] = &[("NONE", false), ("LOAD_AND_FLATTEN", true)];

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
            Some("s3:listObjectsV2") => read_listing(config.as_ref()),
            Some("s3:getObject") => read_object(reader, config.as_ref()),
            Some(_) | None => {
                reader.field_problem(
                    "Resource",
                    "The field 'Resource' does not match any of the allowed values",
                );
                None
            }
        };
        let max_items = config.as_ref().and_then(MaxItems::read);
        Some(Self { source: source?, parameters, max_items })
    }
}

const CONFIG_FIELDS: &[&str] = &[
    "InputType",
    "CSVHeaderLocation",
    "CSVHeaders",
    "CSVDelimiter",
    "ItemsPointer",
    "ManifestType",
    "MaxItems",
    "Transformation",
];

/// `s3:listObjectsV2`: its objects are items, or have them.
fn read_listing(config: Option<&Fields<'_>>) -> Option<ItemSource> {
    let Some(config) = config else { return Some(ItemSource::Listing) };
    config.allow_in_language(CONFIG_FIELDS, &["MaxItemsPath"], &[]);
    let is_loaded = match config.has("Transformation") {
        true => config.word("Transformation", TRANSFORMATIONS)?,
        false => false,
    };
    match is_loaded {
        // As it is without a Transformation: what an InputType says of objects that nobody reads is passed over.
        false => Some(ItemSource::Listing),
        true => {
            config.require(&["InputType"]);
            read_format(config).map(ItemSource::Listed)
        }
    }
}

/// `s3:getObject`: the object has items, or names others that have.
fn read_object(reader: &Fields<'_>, config: Option<&Fields<'_>>) -> Option<ItemSource> {
    let Some(config) = config else {
        reader.require(&["ReaderConfig"]);
        return None;
    };
    config.allow_in_language(CONFIG_FIELDS, &["MaxItemsPath"], &[]);
    // It is for listings; AWS's wording is not recorded.
    if config.has("Transformation") && config.word("Transformation", TRANSFORMATIONS)? {
        let problem = "LOAD_AND_FLATTEN is only for the resource s3:listObjectsV2".to_owned();
        config.field_problem("Transformation", problem);
        return None;
    }
    let manifest = match config.has("ManifestType") {
        true => Some(config.word("ManifestType", MANIFESTS)?),
        false => None,
    };
    match manifest {
        // AWS: an inventory is in CSV, and no InputType is given. MANIFEST was the word for it before there were others.
        Some(ManifestType::Inventory) => match config.has("InputType") {
            false => Some(ItemSource::Inventory),
            true => match config.word("InputType", FORMATS)? {
                Format::Manifest | Format::Csv => Some(ItemSource::Inventory),
                Format::Json | Format::JsonLines | Format::Parquet => {
                    config.field_problem("InputType", "An S3_INVENTORY is read as CSV".to_owned());
                    None
                }
            },
        },
        Some(ManifestType::Athena) => {
            config.require(&["InputType"]);
            read_format(config).map(ItemSource::Athena)
        }
        None => {
            config.require(&["InputType"]);
            match config.word("InputType", FORMATS)? {
                Format::Manifest => Some(ItemSource::Inventory),
                Format::Csv | Format::Json | Format::JsonLines | Format::Parquet => {
                    read_format(config).map(ItemSource::Object)
                }
            }
        }
    }
}

/// What an object with items is made of.
fn read_format(config: &Fields<'_>) -> Option<InputType> {
    match config.word("InputType", FORMATS)? {
        Format::Json => {
            if config.has("CSVHeaderLocation") {
                config.problem("Field 'CSVHeaderLocation' is not supported");
                return None;
            }
            Some(InputType::Json { pointer: config.string("ItemsPointer").map(str::to_owned) })
        }
        Format::JsonLines => Some(InputType::JsonLines),
        Format::Parquet => Some(InputType::Parquet),
        Format::Manifest => {
            config.field_problem("InputType", "A manifest has no items of its own".to_owned());
            None
        }
        Format::Csv => {
            let is_given = config.word("CSVHeaderLocation", &[("FIRST_ROW", false), ("GIVEN", true)]);
            if !config.has("CSVHeaderLocation") {
                config.problem("The field 'CSVHeaderLocation' is required");
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
