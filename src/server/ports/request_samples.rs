//! `gateway::Samples`: requests that are sampled, a line of JSON each.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::log_files::Files;
use super::log_writer::LogWriter;
use crate::gateway::{Samples, Sampling};
use crate::meter;
use crate::server::console_options::InspectorOptions;

/// Takes lines for the thread that writes them.
pub(super) struct RequestSamples {
    writer: LogWriter,
    file: Arc<str>,
}

impl RequestSamples {
    /// Begins to write; `None` if nothing is sampled.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn open(options: &InspectorOptions, data_dir: &Path) -> io::Result<Option<Arc<Self>>> {
        if options.sample_every == 0 {
            return Ok(None);
        }
        let file = options.file.clone().unwrap_or_else(|| data_dir.join("requests.jsonl"));
        let files = Files::new(PathBuf::new(), |path| Some(path.into()));
        let writer = LogWriter::open(Box::new(files), meter::SAMPLES_DROPPED)?;
        Ok(Some(Arc::new(Self { writer, file: file.to_string_lossy().into() })))
    }

    /// How requests are sampled into it.
    pub(super) fn sampling(self: &Arc<Self>, options: &InspectorOptions) -> Sampling {
        Sampling { every: options.sample_every, has_bodies: options.bodies, samples: self.clone() }
    }

    /// Waits until everything is written that was taken.
    pub(super) fn close(&self) {
        self.writer.close();
    }
}

impl Samples for RequestSamples {
    fn record(&self, line: String) {
        self.writer.log(&self.file, line);
    }
}
