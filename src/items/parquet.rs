//! Parquet: a row is an object. Column types become what JSON has for them; bytes become Base64.
//!
//! <https://parquet.apache.org/docs/file-format/>

use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

use ::parquet::errors::{ParquetError, Result as Parquet};
use ::parquet::file::metadata::ParquetMetaData;
use ::parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use ::parquet::record::Field;
use bytes::Bytes;

use super::{Error, ITEM_BYTES_MAX, Sink, Source, json};

/// Longest footer, which stands in memory as a whole.
pub(super) const FOOTER_BYTES_MAX: u32 = 5 * 1024 * 1024;
/// Largest row group, unpacked: a column of it may stand in memory as a whole.
pub(super) const ROW_GROUP_BYTES_MAX: i64 = 256 * 1024 * 1024;
/// Most columns.
pub(super) const COLUMNS_MAX: usize = 10_000;
/// Most values of a list's or map's column in a row group: one row may have them all, as values in memory.
pub(super) const LISTED_VALUES_MAX: i64 = 4 * 1024 * 1024;
/// The footer's length and the format's mark.
const TAIL_BYTES: u64 = 8;

/// An object as the parser asks for it.
struct Chunks(Arc<dyn Source>);

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Parquet<Self::T> {
        Ok(BufReader::with_capacity(256 * 1024, From { source: self.0.clone(), next: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Parquet<Bytes> {
        let bytes = self.0.read_at(start, length).map_err(|error| ParquetError::External(Box::new(error)))?;
        match bytes.len() == length {
            true => Ok(bytes),
            false => Err(ParquetError::EOF("the object ends before its data does".to_owned())),
        }
    }
}

/// An object from somewhere on.
struct From {
    source: Arc<dyn Source>,
    next: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.source.read_at(self.next, buffer.len())?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.next += bytes.len() as u64;
        Ok(bytes.len())
    }
}

pub(super) fn read(source: Arc<dyn Source>, sink: &mut Sink<'_>) -> Result<(), Error> {
    let unreadable =
        |error: ParquetError| Error::new(format!("The object can't be read as Parquet: {error}"));
    if let Some(start) = source.len().checked_sub(TAIL_BYTES) {
        let tail = source.read_at(start, 4)?;
        let length = tail.as_ref().try_into().map_or(0, u32::from_le_bytes);
        if FOOTER_BYTES_MAX < length {
            return Err(Error::new(format!(
                "The object's Parquet footer has more than {FOOTER_BYTES_MAX} bytes."
            )));
        }
    }
    let file = SerializedFileReader::new(Chunks(source)).map_err(unreadable)?;
    check(file.metadata())?;
    for row in file.get_row_iter(None).map_err(unreadable)? {
        let row = row.map_err(unreadable)?;
        // Text is shared in the row, but not in the item.
        let mut left = ITEM_BYTES_MAX;
        if !row.get_column_iter().all(|(_, field)| fits(field, &mut left)) {
            return Err(Error::new(format!(
                "An item has more than {ITEM_BYTES_MAX} bytes; an item may have {ITEM_BYTES_MAX} at the most."
            )));
        }
        let item = row.to_json_value();
        if let ControlFlow::Break(()) = sink(json::compact(&item))? {
            break;
        }
    }
    Ok(())
}

/// Whether what the footer says of the object is within the limits.
fn check(metadata: &ParquetMetaData) -> Result<(), Error> {
    let columns = metadata.file_metadata().schema_descr().columns();
    if COLUMNS_MAX < columns.len() {
        return Err(Error::new(format!("The object has more than {COLUMNS_MAX} columns.")));
    }
    for group in metadata.row_groups() {
        let sizes = group.columns().iter().map(|column| column.uncompressed_size().max(0));
        let size = sizes.fold(0, i64::saturating_add).max(group.total_byte_size());
        if ROW_GROUP_BYTES_MAX < size {
            return Err(Error::new(format!(
                "A row group of the object has more than {ROW_GROUP_BYTES_MAX} bytes."
            )));
        }
        let mut listed = group.columns().iter().filter(|column| 0 < column.column_descr().max_rep_level());
        if listed.any(|column| LISTED_VALUES_MAX < column.num_values()) {
            return Err(Error::new(format!(
                "A row group of the object has lists of more than {LISTED_VALUES_MAX} values."
            )));
        }
    }
    Ok(())
}

/// Whether the texts of a field fit into what is left.
fn fits(field: &Field, left: &mut usize) -> bool {
    let taken = match field {
        Field::Str(text) => text.len(),
        Field::Bytes(bytes) => bytes.len(),
        Field::Group(row) => return row.get_column_iter().all(|(_, field)| fits(field, left)),
        Field::ListInternal(list) => return list.elements().iter().all(|field| fits(field, left)),
        Field::MapInternal(map) => {
            return map.entries().iter().all(|(key, value)| fits(key, left) && fits(value, left));
        }
        _ => 1,
    };
    match left.checked_sub(taken) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}
