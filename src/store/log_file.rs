//! Reads SQLite's write-ahead log without SQLite: which of its frames are valid, and which pages they contain.
//!
//! SQLite silently ignores everything after the first invalid frame.
//! <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::options::PAGE_BYTES;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const PAGE: usize = PAGE_BYTES as usize;
const FRAME_BYTES: usize = FRAME_HEADER_BYTES + PAGE;
/// The first bytes of the log; the last bit says that its checksums are over big-endian words.
const MAGIC: u32 = 0x377f_0682;

/// Distinguish a log from the previous one in the same file: SQLite increases the first word and chooses the second at
/// random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Salts(pub(super) u32, pub(super) u32);

/// The checksum of the log up to the end of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checksum(pub(super) u32, pub(super) u32);

/// A position in a log: the end of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogPoint {
    /// Which log.
    pub(super) salts: Salts,
    /// The number of frames up to there.
    pub(super) frames: u32,
    /// The checksum up to there.
    pub(super) checksum: Checksum,
}

/// How far a log has been read: to the end of its last commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    pub(super) point: LogPoint,
    /// The number of commits up to there.
    pub(super) commits: u64,
    /// The number of pages in the database after the last of them.
    pub(super) pages: u32,
    is_big_endian: bool,
}

/// Checksums of pages, by page number.
pub(super) type PageSums = BTreeMap<u32, u32>;

/// Reads a log, and continues when it has grown.
pub(super) struct LogReader {
    file: File,
    cursor: Option<Cursor>,
}

impl LogReader {
    /// `None` if there is no log.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        match File::open(path) {
            Ok(file) => Ok(Some(Self { file, cursor: None })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How far it has read; `None` while no valid log was found.
    pub(super) fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// The length of the file, valid or not.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Reads further commits, up to `until` or to the last. Returns the checksums of the pages that they wrote, in
    /// their last version. A log that has restarted is read from its beginning.
    ///
    /// While the log is being written, the last commit in it may still fail and be overwritten.
    pub(super) fn read_on(&mut self, until: Option<LogPoint>) -> io::Result<PageSums> {
        let Some(begin) = self.header()? else { return Ok(PageSums::new()) };
        if until.is_some_and(|until| until.salts != begin.point.salts) {
            // The log has restarted and has no successful commit yet; what was in it before has been read.
            return Ok(PageSums::new());
        }
        let mut done = match self.cursor {
            Some(cursor) if cursor.point.salts == begin.point.salts => cursor,
            Some(_) | None => begin,
        };
        // Pages, and the frames with their last versions: pages in use are in many frames, and only the last is summed.
        let (mut last, mut uncommitted) = (BTreeMap::<u32, u32>::new(), BTreeMap::<u32, u32>::new());
        let mut point = done.point;
        let mut frame = vec![0; FRAME_BYTES];
        let is_end = |point: &LogPoint| until.is_some_and(|until| until.frames <= point.frames);
        while !is_end(&point) && read_whole(&self.file, &mut frame, offset(point.frames))? {
            let (header, page) = frame.split_at(FRAME_HEADER_BYTES);
            let number = be(header, 0);
            let checksum =
                sum(sum(point.checksum, &header[..8], done.is_big_endian), page, done.is_big_endian);
            let stored = Checksum(be(header, 16), be(header, 20));
            let is_good = Salts(be(header, 8), be(header, 12)) == point.salts && checksum == stored;
            if number == 0 || !is_good {
                break;
            }
            uncommitted.insert(number, point.frames);
            point = LogPoint { frames: point.frames + 1, checksum, ..point };
            let pages_after_commit = be(header, 4);
            if pages_after_commit != 0 {
                last.append(&mut uncommitted);
                done = Cursor { point, commits: done.commits + 1, pages: pages_after_commit, ..done };
            }
        }
        let mut sums = PageSums::new();
        for (number, at) in last {
            if !read_whole(&self.file, &mut frame, offset(at))? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            sums.insert(number, page_sum(number, &frame[FRAME_HEADER_BYTES..]));
        }
        self.cursor = Some(done);
        Ok(sums)
    }

    /// The checksum in the log at the end of a frame; `None` if there is no such frame.
    pub(super) fn checksum_at(&self, frames: u32) -> io::Result<Option<Checksum>> {
        Ok(point_at(&self.file, frames)?.map(|point| point.checksum))
    }

    fn header(&self) -> io::Result<Option<Cursor>> {
        let mut header = [0; HEADER_BYTES];
        if !read_whole(&self.file, &mut header, 0)? {
            return Ok(None);
        }
        let magic = be(&header, 0);
        let is_big_endian = magic == MAGIC + 1;
        let checksum = sum(Checksum::default(), &header[..24], is_big_endian);
        let is_good = magic & !1 == MAGIC
            && u64::from(be(&header, 8)) == PAGE_BYTES
            && checksum == Checksum(be(&header, 24), be(&header, 28));
        let point = LogPoint { salts: Salts(be(&header, 16), be(&header, 20)), frames: 0, checksum };
        Ok(is_good.then_some(Cursor { point, commits: 0, pages: 0, is_big_endian }))
    }
}

/// The position at the end of frame number `frames`, without validation; `None` if there is no such frame.
pub(super) fn point_at(log: &File, frames: u32) -> io::Result<Option<LogPoint>> {
    let Some(last) = frames.checked_sub(1) else { return Ok(None) };
    let mut header = [0; FRAME_HEADER_BYTES];
    if !read_whole(log, &mut header, offset(last))? {
        return Ok(None);
    }
    let salts = Salts(be(&header, 8), be(&header, 12));
    Ok(Some(LogPoint { salts, frames, checksum: Checksum(be(&header, 16), be(&header, 20)) }))
}

/// The checksum of a page with its number. Never 0, which means that it was not computed.
pub(super) fn page_sum(number: u32, page: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(page);
    hasher.finalize().max(1)
}

fn offset(frames: u32) -> u64 {
    HEADER_BYTES as u64 + u64::from(frames) * FRAME_BYTES as u64
}

/// Returns false if the file ends before that.
pub(super) fn read_whole(file: &File, bytes: &mut [u8], at: u64) -> io::Result<bool> {
    match file.read_exact_at(bytes, at) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn be(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// SQLite's checksum, over pairs of words.
fn sum(before: Checksum, bytes: &[u8], is_big_endian: bool) -> Checksum {
    let Checksum(mut a, mut b) = before;
    for pair in bytes.chunks_exact(8) {
        let word = |at: usize| {
            let word = [pair[at], pair[at + 1], pair[at + 2], pair[at + 3]];
            if is_big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
        };
        a = a.wrapping_add(word(0)).wrapping_add(b);
        b = b.wrapping_add(word(4)).wrapping_add(a);
    }
    Checksum(a, b)
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::*;

    #[test]
    fn what_comes_after_the_last_good_commit_is_not_read() {
        let dir = std::env::temp_dir().join(format!("stepgate-log-file-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let connection = Options::default().open_writer(&dir.join("stepgate.db")).unwrap();
        let log = dir.join("stepgate.db-wal");
        let run = |sql: &str| connection.execute_batch(sql).unwrap();
        let whole = || {
            let mut reader = LogReader::open(&log).unwrap().unwrap();
            let sums = reader.read_on(None).unwrap();
            (reader.cursor().unwrap(), sums)
        };
        run("CREATE TABLE t (x)");
        let (first, sums) = whole();
        run("CREATE TABLE u (x)");
        let (second, _) = whole();
        assert_eq!((first.commits, second.commits), (1, 2));
        assert_eq!((first.pages, second.pages), (2, 3));

        // As if the second commit had been written and had then failed.
        let mut reader = LogReader::open(&log).unwrap().unwrap();
        assert_eq!(reader.read_on(Some(first.point)).unwrap(), sums);
        assert_eq!(reader.read_on(Some(first.point)).unwrap(), PageSums::new());
        assert_eq!(reader.cursor().unwrap().point, first.point);
        assert_eq!(reader.read_on(Some(second.point)).unwrap().keys().copied().collect::<Vec<_>>(), [1, 3]);
        assert_eq!(point_at(&reader.file, second.point.frames).unwrap(), Some(second.point));

        // A restarted log counts once it contains a successful commit.
        run("PRAGMA wal_checkpoint(RESTART); CREATE TABLE v (x);");
        assert_eq!(reader.read_on(Some(second.point)).unwrap(), PageSums::new());
        assert_eq!(reader.cursor().unwrap().point, second.point);
        let (third, sums) = whole();
        assert_eq!(third.point.salts.0, second.point.salts.0.wrapping_add(1));
        assert_eq!(reader.read_on(Some(third.point)).unwrap(), sums);
        drop(connection);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
