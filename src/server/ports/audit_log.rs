//! `wire::Audit`: a line for each call of the AWS APIs, in a file or on standard output.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::log_files::{Files, Stdout};
use super::log_writer::LogWriter;
use crate::meter;
use crate::server::options::{AuditLog as Options, AuditTarget};
use crate::wire::Audit;

/// Takes lines for the thread that writes them.
pub(super) struct AuditLog {
    writer: LogWriter,
    file: Arc<str>,
}

impl AuditLog {
    /// Begins to write where `options` say; `None` if nowhere.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn open(options: &Options, data_dir: &Path) -> io::Result<Option<Self>> {
        let file = options.file.clone().unwrap_or_else(|| data_dir.join("audit.jsonl"));
        let sink: Box<dyn super::log_writer::Sink> = match options.to {
            AuditTarget::Off => return Ok(None),
            AuditTarget::Stdout => Box::new(Stdout),
            AuditTarget::File => Box::new(Files::new(PathBuf::new(), |path| Some(path.into()))),
        };
        let writer = LogWriter::open(sink, meter::AUDIT_LINES_DROPPED)?;
        Ok(Some(Self { writer, file: file.to_string_lossy().into() }))
    }

    /// Waits until everything is written that was taken.
    pub(super) fn close(&self) {
        self.writer.close();
    }
}

impl Audit for AuditLog {
    fn record(&self, line: String) {
        self.writer.log(&self.file, line);
    }
}
