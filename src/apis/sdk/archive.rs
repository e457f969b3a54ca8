//! Creates ZIP files; the same files give the same bytes.

use std::io::{self, Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The archive could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// An entry could not be created.
    #[error(transparent)]
    Zip(#[from] zip::result::ZipError),
    /// An entry could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// An archive of `files`, given as names with texts.
pub(super) fn archive(files: &[(String, String)]) -> Result<Vec<u8>, Broken> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(name.as_str(), options)?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}
