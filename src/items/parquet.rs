//! Parquet: a row is an object. Column types become what JSON has for them; bytes become Base64.
//!
//! <https://parquet.apache.org/docs/file-format/>

use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

use ::parquet::errors::{ParquetError, Result as Parquet};
use ::parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use bytes::Bytes;

use super::{Error, Sink, Source, json};

/// Longest footer, which stands in memory as a whole.
const FOOTER_BYTES_MAX: u32 = 5 * 1024 * 1024;
/// Largest row group, unpacked: a column of it may stand in memory as a whole.
const ROW_GROUP_BYTES_MAX: i64 = 256 * 1024 * 1024;
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
    let largest = file.metadata().row_groups().iter().map(|group| {
        let columns: i64 = group.columns().iter().map(|column| column.uncompressed_size().max(0)).sum();
        group.total_byte_size().max(columns)
    });
    if largest.max().is_some_and(|largest| ROW_GROUP_BYTES_MAX < largest) {
        return Err(Error::new(format!(
            "A row group of the object has more than {ROW_GROUP_BYTES_MAX} bytes."
        )));
    }
    for row in file.get_row_iter(None).map_err(unreadable)? {
        let item = row.map_err(unreadable)?.to_json_value();
        if let ControlFlow::Break(()) = sink(json::compact(&item))? {
            break;
        }
    }
    Ok(())
}
