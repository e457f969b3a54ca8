//! The files of objects: written once, never changed, removed when no row names them and nobody reads them.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes read from a file at one time.
const READ_BYTES: u64 = 128 * 1024;

/// The folder with all of them.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    in_use: Mutex<HashMap<String, Use>>,
}

#[derive(Debug, Default)]
struct Use {
    n_readers: usize,
    is_doomed: bool,
}

impl Files {
    /// Those in `root`, which is made if it isn't there.
    pub(super) fn open(root: PathBuf) -> io::Result<Self> {
        make_folder(&root)?;
        Ok(Self { root, in_use: Mutex::default() })
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.root.join(id.get(..2).unwrap_or("00"))
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder(id).join(id)
    }

    /// Begins a file. Blocks.
    pub(super) fn create(self: &Arc<Self>, id: String) -> io::Result<Written> {
        let folder = self.folder(&id);
        make_folder(&folder)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(folder.join(&id))?;
        Ok(Written {
            file,
            unless_kept: UnlessKept { files: self.clone(), id, is_kept: AtomicBool::new(false) },
        })
    }

    /// Keeps files from being removed while they are read.
    pub(super) fn lease(self: &Arc<Self>, ids: Vec<String>) -> Lease {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        for id in &ids {
            in_use.entry(id.clone()).or_default().n_readers += 1;
        }
        Lease { files: self.clone(), ids }
    }

    /// Removes files that no row names any more, once nobody reads them. Blocks.
    pub(super) fn remove(&self, ids: &[String]) {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            match in_use.get_mut(id) {
                Some(used) => used.is_doomed = true,
                None => self.unlink(id),
            }
        }
    }

    fn unlink(&self, id: &str) {
        match fs::remove_file(self.path(id)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // It is tried again at the next start.
            Err(error) => tracing::warn!(id, %error, "the file of an object can't be removed"),
        }
    }

    fn release(&self, ids: &[String]) {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            let Some(used) = in_use.get_mut(id) else { continue };
            used.n_readers = used.n_readers.saturating_sub(1);
            if used.n_readers == 0 {
                let is_doomed = used.is_doomed;
                in_use.remove(id);
                if is_doomed {
                    self.unlink(id);
                }
            }
        }
    }

    /// The files that are there. Blocks.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for folder in fs::read_dir(&self.root)? {
            let folder = folder?;
            if !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                names.extend(file?.file_name().into_string());
            }
        }
        Ok(names)
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// A file that is being written.
pub(super) struct Written {
    file: File,
    unless_kept: UnlessKept,
}

/// Removes a file, unless a row names it.
pub(super) struct UnlessKept {
    files: Arc<Files>,
    id: String,
    is_kept: AtomicBool,
}

impl Written {
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Writes it to the disk. What is returned belongs into the job that writes the row.
    pub(super) fn finish(self) -> io::Result<UnlessKept> {
        self.file.sync_all()?;
        File::open(self.unless_kept.files.folder(&self.unless_kept.id))?.sync_all()?;
        Ok(self.unless_kept)
    }
}

impl UnlessKept {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// There is a row in the transaction now. Should that fail, the next start removes the file.
    pub(super) fn keep(&self) {
        self.is_kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for UnlessKept {
    fn drop(&mut self) {
        if !*self.is_kept.get_mut() {
            self.files.unlink(&self.id);
        }
    }
}

/// Files that are being read.
#[derive(Debug)]
pub(super) struct Lease {
    files: Arc<Files>,
    ids: Vec<String>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.files.release(&self.ids);
    }
}

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) id: String,
    pub(super) start: u64,
    pub(super) length: u64,
}

/// The bytes of pieces, one after another.
pub(super) struct Reading {
    lease: Option<Arc<Lease>>,
    pieces: std::collections::VecDeque<Piece>,
    open: Option<File>,
    left: u64,
    pending: Option<JoinHandle<(Option<File>, io::Result<Bytes>)>>,
}

impl Reading {
    pub(super) fn new(lease: Lease, pieces: Vec<Piece>) -> Self {
        let left = pieces.iter().map(|piece| piece.length).sum();
        let pieces = pieces.into_iter().filter(|piece| 0 < piece.length).collect();
        Self { lease: Some(Arc::new(lease)), pieces, open: None, left, pending: None }
    }

    /// Opens the first file, so that one that isn't there is noticed before the answer begins. Blocks.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        if let (Some(piece), Some(lease)) = (self.pieces.front(), &self.lease) {
            self.open = Some(opened(&lease.files, piece)?);
        }
        Ok(())
    }
}

fn opened(files: &Files, piece: &Piece) -> io::Result<File> {
    let mut file = File::open(files.path(&piece.id))?;
    file.seek(SeekFrom::Start(piece.start))?;
    Ok(file)
}

/// The next bytes of a piece, and its file where they end.
fn read(lease: &Lease, open: Option<File>, piece: &Piece) -> (Option<File>, io::Result<Bytes>) {
    let mut file = match open.map_or_else(|| opened(&lease.files, piece), Ok) {
        Ok(file) => file,
        Err(error) => return (None, Err(error)),
    };
    let mut bytes = Vec::new();
    match (&mut file).take(piece.length.min(READ_BYTES)).read_to_end(&mut bytes) {
        Ok(0) => (None, Err(io::ErrorKind::UnexpectedEof.into())),
        Ok(_) => (Some(file), Ok(bytes.into())),
        Err(error) => (None, Err(error)),
    }
}

impl http_body::Body for Reading {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let Some(piece) = this.pieces.front().cloned() else {
            this.lease = None;
            return Poll::Ready(None);
        };
        let Some(lease) = &this.lease else { return Poll::Ready(None) };
        let pending = this.pending.get_or_insert_with(|| {
            let (lease, open) = (lease.clone(), this.open.take());
            spawn_blocking(move || read(&lease, open, &piece))
        });
        let Poll::Ready(joined) = Pin::new(pending).poll(cx) else { return Poll::Pending };
        this.pending = None;
        let (open, bytes) = joined.unwrap_or_else(|error| (None, Err(io::Error::other(error))));
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                this.pieces.clear();
                return Poll::Ready(Some(Err(error)));
            }
        };
        let n = bytes.len() as u64;
        this.left = this.left.saturating_sub(n);
        if let Some(piece) = this.pieces.front_mut() {
            (piece.start, piece.length) = (piece.start + n, piece.length.saturating_sub(n));
            if piece.length == 0 {
                this.pieces.pop_front();
            } else {
                this.open = open;
            }
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
