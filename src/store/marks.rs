//! `stepgate.marks`: what was acknowledged, and a checksum of every page, stored beside the database so that loss and
//! damage are detected.
//!
//! | bytes | what |
//! |---|---|
//! | 0, 512 | the mark, in two slots: the newer valid one counts |
//! | 1024, 1536 | which log the checksums include, in two slots |
//! | 4096 + 4 × (N − 1) | the checksum of page N; 0 if it was never computed |
//!
//! All numbers are little-endian.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Error;
use super::directory::{Directory, at, private_file};
use super::log_file::{Checksum, LogPoint, PageSums, Salts, read_whole};
use crate::clock::Timestamp;

/// The file within the data directory.
pub(super) const FILE: &str = "stepgate.marks";
const UNFINISHED: &str = "stepgate.marks.new";
/// The first bytes of a record, which include its version.
const MAGIC: &[u8; 8] = b"SGMARK\x00\x01";
const RECORD_BYTES: usize = 72;
const MARK_AT: u64 = 0;
const COVERED_AT: u64 = 1024;
const SLOT_BYTES: u64 = 512;
const SUMS_AT: u64 = 4096;

/// The most that has been acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Everything is in the database; there is no log.
    Clean,
    /// A log begins; nothing in it has been acknowledged.
    Opening,
    /// The log up to this point.
    Acknowledged(Acknowledged),
}

/// The last commit that was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Acknowledged {
    /// Where it ends.
    pub(super) point: LogPoint,
    /// The number of commits in the log up to it.
    pub(super) commits: u64,
    /// The time of the commit.
    pub(super) time: Timestamp,
}

/// What the page checksums cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Covered {
    /// The position up to which the log is included; `None` before the first page of this log is.
    pub(super) log: Option<(Salts, u32)>,
    /// The number of pages in the database at that point.
    pub(super) pages: u32,
}

impl Covered {
    /// Whether the checksums include everything up to `point`.
    pub(super) fn includes(&self, point: &LogPoint) -> bool {
        self.log.is_some_and(|(salts, frames)| match salts == point.salts {
            true => point.frames <= frames,
            // A later log begins only when everything in the previous one is in the database.
            false => (1..1 << 31).contains(&salts.0.wrapping_sub(point.salts.0)),
        })
    }
}

/// The open file. Writes are not synced; only [`Marks::sync`] waits for the disk.
#[derive(Debug)]
pub(super) struct Marks {
    file: File,
    path: PathBuf,
    /// The numbers of the last records.
    marks: AtomicU64,
    covereds: AtomicU64,
}

impl Marks {
    /// `None` if there is no such file.
    pub(super) fn open(directory: &Directory) -> Result<Option<Self>, Error> {
        let path = directory.file(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let file = private_file(&path)?;
        Ok(Some(Self { file, path, marks: AtomicU64::new(0), covereds: AtomicU64::new(0) }))
    }

    /// Creates the file for a database with these pages and no log.
    pub(super) fn create(directory: &Directory, pages: u32, sums: &PageSums) -> Result<Self, Error> {
        let (path, unfinished) = (directory.file(FILE), directory.file(UNFINISHED));
        let file = private_file(&unfinished)?;
        file.set_len(0).map_err(|error| at(&unfinished, &error))?;
        let marks = Self { file, path: path.clone(), marks: AtomicU64::new(0), covereds: AtomicU64::new(0) };
        marks.put_sums(sums)?;
        for _ in 0..2 {
            marks.put_covered(Covered { log: None, pages })?;
            marks.put(Mark::Opening)?;
        }
        marks.sync()?;
        std::fs::rename(&unfinished, &path).map_err(|error| at(&path, &error))?;
        directory.sync()?;
        Ok(marks)
    }

    /// The newest valid mark.
    pub(super) fn mark(&self) -> Result<Option<Mark>, Error> {
        let newest = self.newest(MARK_AT, &self.marks)?;
        Ok(newest.and_then(|mut fields| {
            let kind = fields.next()?;
            let salts = Salts(fields.next_u32()?, fields.next_u32()?);
            let frames = fields.next_u32()?;
            let checksum = Checksum(fields.next_u32()?, fields.next_u32()?);
            let commits = fields.next_u64()?;
            let time = Timestamp::from_millis(fields.next_u64()?.cast_signed());
            match kind {
                0 => Some(Mark::Clean),
                1 => Some(Mark::Opening),
                2 => {
                    let point = LogPoint { salts, frames, checksum };
                    Some(Mark::Acknowledged(Acknowledged { point, commits, time }))
                }
                _ => None,
            }
        }))
    }

    /// Writes a mark.
    pub(super) fn put(&self, mark: Mark) -> Result<(), Error> {
        let nothing = Acknowledged {
            point: LogPoint { salts: Salts(0, 0), frames: 0, checksum: Checksum::default() },
            commits: 0,
            time: Timestamp::from_millis(0),
        };
        let (kind, Acknowledged { point, commits, time }) = match mark {
            Mark::Clean => (0, nothing),
            Mark::Opening => (1, nothing),
            Mark::Acknowledged(it) => (2, it),
        };
        let words = [point.salts.0, point.salts.1, point.frames, point.checksum.0, point.checksum.1];
        self.put_record(MARK_AT, &self.marks, kind, words, [commits, time.as_millis().cast_unsigned()])
    }

    /// The newest valid record of what the checksums cover.
    pub(super) fn covered(&self) -> Result<Option<Covered>, Error> {
        let newest = self.newest(COVERED_AT, &self.covereds)?;
        Ok(newest.and_then(|mut fields| {
            let kind = fields.next()?;
            let log = (Salts(fields.next_u32()?, fields.next_u32()?), fields.next_u32()?);
            let pages = fields.next_u32()?;
            Some(Covered { log: (kind != 0).then_some(log), pages })
        }))
    }

    /// Writes what the checksums cover.
    pub(super) fn put_covered(&self, covered: Covered) -> Result<(), Error> {
        let (salts, frames) = covered.log.unwrap_or((Salts(0, 0), 0));
        let words = [salts.0, salts.1, frames, covered.pages, 0];
        let kind = u8::from(covered.log.is_some());
        self.put_record(COVERED_AT, &self.covereds, kind, words, [0, 0])
    }

    /// Writes checksums of pages.
    pub(super) fn put_sums(&self, sums: &PageSums) -> Result<(), Error> {
        // Consecutive pages are written at once.
        let mut run: Option<(u32, Vec<u8>)> = None;
        for (page, sum) in sums {
            match &mut run {
                Some((first, bytes)) if u64::from(*first) + bytes.len() as u64 / 4 == u64::from(*page) => {
                    bytes.extend(sum.to_le_bytes());
                }
                _ => {
                    if let Some((first, bytes)) = run.replace((*page, sum.to_le_bytes().to_vec())) {
                        self.write(&bytes, sum_at(first))?;
                    }
                }
            }
        }
        run.map_or(Ok(()), |(first, bytes)| self.write(&bytes, sum_at(first)))
    }

    /// The checksums of `len` pages from `first`; 0 for those never computed.
    pub(super) fn sums(&self, first: u32, len: usize) -> Result<Vec<u32>, Error> {
        let mut bytes = vec![0; len * 4];
        let mut n_read = 0;
        while n_read < bytes.len() {
            match self.file.read_at(&mut bytes[n_read..], sum_at(first) + n_read as u64) {
                Ok(0) => break,
                Ok(n) => n_read += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(at(&self.path, &error)),
            }
        }
        Ok(bytes.chunks_exact(4).map(|sum| u32::from_le_bytes([sum[0], sum[1], sum[2], sum[3]])).collect())
    }

    /// Waits until what was written is on disk.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(|error| at(&self.path, &error))
    }

    fn write(&self, bytes: &[u8], offset: u64) -> Result<(), Error> {
        self.file.write_all_at(bytes, offset).map_err(|error| at(&self.path, &error))
    }

    /// Overwrites the older of two records.
    fn put_record(
        &self,
        begin: u64,
        last: &AtomicU64,
        kind: u8,
        words: [u32; 5],
        longs: [u64; 2],
    ) -> Result<(), Error> {
        let number = last.load(Ordering::Relaxed) + 1;
        let mut record = Vec::with_capacity(RECORD_BYTES);
        record.extend(MAGIC);
        record.extend(number.to_le_bytes());
        record.push(kind);
        words.iter().for_each(|word| record.extend(word.to_le_bytes()));
        longs.iter().for_each(|long| record.extend(long.to_le_bytes()));
        record.resize(RECORD_BYTES - 4, 0);
        record.extend(crc32fast::hash(&record).to_le_bytes());
        self.write(&record, begin + number % 2 * SLOT_BYTES)?;
        // Only now: a record that could not be written uses up no number.
        last.store(number, Ordering::Relaxed);
        Ok(())
    }

    fn newest(&self, begin: u64, last: &AtomicU64) -> Result<Option<Fields>, Error> {
        let mut newest: Option<Fields> = None;
        for slot in 0..2 {
            let mut record = [0; RECORD_BYTES];
            let at_slot = begin + slot * SLOT_BYTES;
            if !read_whole(&self.file, &mut record, at_slot).map_err(|error| at(&self.path, &error))? {
                continue;
            }
            let (body, sum) = record.split_at(RECORD_BYTES - 4);
            if !body.starts_with(MAGIC) || crc32fast::hash(body).to_le_bytes() != *sum {
                continue;
            }
            let mut fields = Fields { record, at: MAGIC.len() };
            let number = fields.next_u64().unwrap_or(0);
            if newest.is_none() || last.load(Ordering::Relaxed) < number {
                last.store(number, Ordering::Relaxed);
                newest = Some(fields);
            }
        }
        Ok(newest)
    }
}

fn sum_at(page: u32) -> u64 {
    SUMS_AT + u64::from(page.saturating_sub(1)) * 4
}

/// Reads a record from left to right.
struct Fields {
    record: [u8; RECORD_BYTES],
    at: usize,
}

impl Fields {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = self.record.get(self.at..self.at + N)?.try_into().ok()?;
        self.at += N;
        Some(bytes)
    }

    fn next(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn next_u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn next_u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}
