//! What a Map in DISTRIBUTED mode has beyond one in INLINE mode.

use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::StateMachineType;
use super::super::diagnostics::Code;
use super::super::fields::{Fields, Queried};
use super::super::number::Count;
use super::super::query_language::QueryLanguage;
use super::super::template::Template;
use super::item_reader::ItemReader;
use super::result_writer::ResultWriter;
use crate::id::check_name;
use crate::json;

/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 40;

/// A Map whose iterations are executions of their own.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html>
#[derive(Clone, Debug)]
pub struct Distributed {
    /// What the child executions run.
    pub processor: Arc<Processor>,
    /// `ItemReader`: where items come from, if not from the input.
    pub reader: Option<ItemReader>,
    /// `ItemBatcher`: how many items a child gets, if not one.
    pub batcher: Option<ItemBatcher>,
    /// `ResultWriter`: what becomes of the results, if not the Map's result as they are.
    pub writer: Option<ResultWriter>,
}

/// The item processor as a machine of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processor {
    /// `Label`, or one made of the state's name: part of the names of the machine, its executions and Map Runs.
    pub label: Arc<str>,
    /// `ExecutionType`.
    pub kind: StateMachineType,
    /// Its definition: the item processor without `ProcessorConfig`.
    pub definition: Arc<str>,
}

/// `ItemBatcher`; at least one of the two bounds is there.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html>
#[derive(Clone, Debug)]
pub struct ItemBatcher {
    /// `MaxItemsPerBatch` or its path.
    pub max_items: Option<Count>,
    /// `MaxInputBytesPerBatch` or its path.
    pub max_bytes: Option<Count>,
    /// `BatchInput`: goes to every child beside its items.
    pub batch_input: Option<Template>,
}

/// Most bytes of a child's input.
const BATCH_BYTES_MAX: u64 = 262_144;

/// Fields that only a Map in DISTRIBUTED mode has.
const FIELDS: &[&str] = &["ItemReader", "ItemBatcher", "ResultWriter", "Label"];

/// Refuses what a Map in INLINE mode hasn't got.
pub(super) fn refuse_inline(state: &Fields<'_>) {
    for name in FIELDS.iter().filter(|name| state.has(name)) {
        state.problem(format!("Field '{name}' is not supported"));
    }
}

impl Distributed {
    /// Reads the fields of a Map in DISTRIBUTED mode whose `processor` is made for executions of `kind`.
    /// `language` is the whole machine's, which the children's states start from as well.
    pub(super) fn read(
        state: &Fields<'_>,
        processor: &Fields<'_>,
        kind: StateMachineType,
        language: QueryLanguage,
    ) -> Option<Self> {
        let label = read_label(state);
        let reader = state.object("ItemReader").map(|reader| ItemReader::read(&reader));
        let batcher = state.object("ItemBatcher").map(|batcher| ItemBatcher::read(&batcher));
        let writer = state.object("ResultWriter").map(|writer| ResultWriter::read(&writer));
        let mut definition = serde_json::Map::new();
        if language == QueryLanguage::Jsonata {
            definition.insert("QueryLanguage".to_owned(), language.as_str().into());
        }
        definition.extend(
            processor
                .iter()
                .filter(|(name, _)| *name != "ProcessorConfig")
                .map(|(name, value)| (name.to_owned(), value.clone())),
        );
        let definition = json::compact(&Value::Object(definition)).into();
        Some(Self {
            processor: Arc::new(Processor { label: label?, kind, definition }),
            reader: reader.map_or(Some(None), |reader| reader.map(Some))?,
            batcher: batcher.map_or(Some(None), |batcher| batcher.map(Some))?,
            writer: writer.map_or(Some(None), |writer| writer.map(Some))?,
        })
    }
}

/// `Label`, or one that is always the same for a state of this name. Of AWS's words the ends are known.
fn read_label(state: &Fields<'_>) -> Option<Arc<str>> {
    if !state.has("Label") {
        let digest = Sha256::digest(state.at.to_string());
        let id = uuid::Builder::from_sha1_bytes(digest[..16].try_into().ok()?).into_uuid();
        return Some(id.to_string().into());
    }
    let label = state.string("Label")?;
    let at = state.at.field("Label");
    if LABEL_CHARS_MAX < label.chars().count() {
        let message = format!(
            "Invalid Label name: {label} exceeds the {LABEL_CHARS_MAX}-character limit allowed by the service"
        );
        state.findings.field(Code::InvalidLabelName, &at, message);
        return None;
    }
    if check_name(label).is_err() {
        state.findings.field(Code::InvalidLabelName, &at, format!("Invalid Label: '{label}'"));
        return None;
    }
    Some(label.into())
}

impl ItemBatcher {
    fn read(batcher: &Fields<'_>) -> Option<Self> {
        batcher.allow_in_language(
            &["MaxItemsPerBatch", "MaxInputBytesPerBatch", "BatchInput"],
            &["MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"],
            &[],
        );
        let bound = |name, path_name, max| {
            if batcher.at_most_one(&[name, path_name])? == name {
                match batcher.query(name) {
                    Queried::Query(query) => Some(Count::Query(query)),
                    Queried::Broken => None,
                    Queried::None => batcher.integer(name, 1, max).map(Count::Literal),
                }
            } else {
                batcher.reference_path(path_name).map(Count::Path)
            }
        };
        let max_items = bound("MaxItemsPerBatch", "MaxItemsPerBatchPath", 100_000_000);
        let max_bytes = bound("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath", BATCH_BYTES_MAX);
        let is_bounded = batcher.iter().any(|(name, _)| name != "BatchInput");
        if !is_bounded {
            // In the manner of the others; AWS's wording is not recorded.
            batcher.problem(
                "This object should have only one of the following fields: [MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath]",
            );
            return None;
        }
        Some(Self { max_items, max_bytes, batch_input: batcher.template("BatchInput") })
    }
}
