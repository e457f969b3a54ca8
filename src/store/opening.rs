//! Checks before SQLite opens the database: whether everything acknowledged is still there, and every page is as it was
//! written.
//!
//! SQLite detects neither: it treats a log that it can't read as empty, and its pages have no checksums.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use super::directory::{DATABASE, Directory, LOG, at};
use super::log_file::{LogPoint, LogReader, PageSums, page_sum, read_whole};
use super::marks::{self, Acknowledged, Covered, Mark, Marks};
use super::options::PAGE_BYTES;
use super::schema::store_version;
use super::statements::{Link, Statements};
use super::{Error, Options};

/// How many pages are read at a time.
const PAGES_AT_ONCE: u32 = 128;
/// The new name of a log that is no longer used.
const SET_ASIDE: &str = "stepgate.db-wal.set-aside";
/// Belongs to the rollback mode, which is left when the database is created.
const JOURNAL: &str = "stepgate.db-journal";

/// Why the store should not be opened as it is.
struct Problem {
    what: String,
    /// Whether the log is unusable.
    discards_log: bool,
}

/// Checks the files and prepares them for SQLite. Returns the marks. They record that a log begins, unless there is one
/// that continues.
///
/// # Errors
/// [`Error::Lost`] if something acknowledged is lost, or may be, and the options don't accept that.
pub(super) fn check(directory: &Directory, options: &Options) -> Result<Marks, Error> {
    let database = directory.file(DATABASE);
    let is_empty = fs::metadata(&database).map_err(|error| at(&database, &error))?.len() == 0;
    let Some(marks) = Marks::open(directory)? else {
        if is_empty {
            return match LogReader::open(&directory.file(LOG)) {
                Ok(Some(log)) if log.len().is_ok_and(|len| len != 0) => {
                    let what = format!("{LOG} is there and {DATABASE} is empty");
                    refuse_or(options, Problem { what, discards_log: true })
                        .and_then(|()| set_log_aside(directory))
                        .and_then(|()| Marks::create(directory, 0, &PageSums::new()))
                }
                Ok(_) => Marks::create(directory, 0, &PageSums::new()),
                Err(error) => Err(at(&directory.file(LOG), &error)),
            };
        }
        return take_over(directory, options, options.accept_loss);
    };
    match judge(directory, &marks)? {
        Ok(keeps_log) => {
            if !keeps_log {
                set_log_aside(directory)?;
                begin_log(&marks)?;
            }
            Ok(marks)
        }
        Err(problem) => {
            let discards_log = problem.discards_log;
            refuse_or(options, problem)?;
            if discards_log {
                set_log_aside(directory)?;
            }
            drop(marks);
            take_over(directory, options, true)
        }
    }
}

fn refuse_or(options: &Options, problem: Problem) -> Result<(), Error> {
    if !options.accept_loss {
        return Err(Error::Lost(problem.what));
    }
    tracing::warn!("going on with a loss, as was asked: {}", problem.what);
    Ok(())
}

/// Whether to keep the log, or what is wrong.
fn judge(directory: &Directory, marks: &Marks) -> Result<Result<bool, Problem>, Error> {
    let damaged = || {
        let what = format!("{} is damaged: what was acknowledged can't be told", marks::FILE);
        Ok(Err(Problem { what, discards_log: false }))
    };
    let (Some(mark), Some(covered)) = (marks.mark()?, marks.covered()?) else { return damaged() };
    if covered.pages != 0 && directory.file(JOURNAL).exists() {
        let what = format!("{JOURNAL} is not this database's");
        return Ok(Err(Problem { what, discards_log: false }));
    }
    let path = directory.file(LOG);
    let said = |error: std::io::Error| at(&path, &error);
    let mut log = LogReader::open(&path).map_err(said)?;
    let (mut pages, mut len) = (PageSums::new(), 0);
    if let Some(log) = &mut log {
        pages = log.read_on(None).map_err(said)?;
        len = log.len().map_err(said)?;
    }
    let keeps_log = match mark {
        Mark::Opening => Ok(false),
        Mark::Clean if len == 0 => Ok(false),
        Mark::Clean => {
            let what = format!("{LOG} is not this database's: it was closed without a log");
            Err(Problem { what, discards_log: true })
        }
        Mark::Acknowledged(last) => fits(log.as_ref(), &last, &covered).map_err(said)?,
    };
    let keeps_log = match keeps_log {
        Ok(keeps_log) => keeps_log,
        Err(problem) => return Ok(Err(problem)),
    };
    if !keeps_log {
        pages.clear();
    }
    let problem = damaged_page(&directory.file(DATABASE), marks, covered.pages, &pages)?;
    Ok(problem.map_or(Ok(keeps_log), |what| Err(Problem { what, discards_log: false })))
}

/// Whether the log matches the marks; false if the database is complete without it.
fn fits(
    log: Option<&LogReader>,
    last: &Acknowledged,
    covered: &Covered,
) -> std::io::Result<Result<bool, Problem>> {
    let is_covered = covered.includes(&last.point);
    let Some((log, cursor)) = log.and_then(|log| Some((log, log.cursor()?))) else {
        // It was truncated after it was moved into the database; otherwise it is damaged or missing.
        let problem = || lost(last, &format!("{LOG} is missing or can't be read"), last.commits, true);
        return Ok(if is_covered { Ok(false) } else { Err(problem()) });
    };
    let LogPoint { salts, frames, .. } = cursor.point;
    if salts == last.point.salts {
        let reaches =
            last.point.frames <= frames && log.checksum_at(last.point.frames)? == Some(last.point.checksum);
        // Pages in the database may be newer than a log that has lost its end.
        let is_behind = covered.log.is_some_and(|(of, until)| of == salts && frames < until);
        if reaches && !is_behind {
            return Ok(Ok(true));
        }
        if is_covered {
            tracing::warn!("{LOG} is damaged; the database has everything that was acknowledged without it");
            return Ok(Ok(false));
        }
        let n_lost = last.commits.saturating_sub(cursor.commits);
        let what = format!("{LOG} ends too early, or is damaged, after {} of its pages", frames);
        return Ok(Err(lost(last, &what, n_lost, is_behind)));
    }
    if is_covered && let Some((of, until)) = covered.log {
        if salts == of {
            return Ok(Ok(until <= frames));
        }
        if salts.0 == of.0.wrapping_add(1) {
            return Ok(Ok(true));
        }
    }
    let n_lost = if is_covered { 0 } else { last.commits };
    Ok(Err(lost(last, &format!("{LOG} is not this database's, or not its newest"), n_lost, true)))
}

fn lost(last: &Acknowledged, what: &str, n_commits: u64, discards_log: bool) -> Problem {
    let what = match n_commits {
        0 => what.to_owned(),
        n => format!(
            "{what}: {n} acknowledged commits are lost, the last of them of {}",
            last.time.to_iso8601()
        ),
    };
    Problem { what, discards_log }
}

/// What is wrong with the first page that is not as it was written. Pages in `newer` are taken from the log.
fn damaged_page(
    database: &Path,
    marks: &Marks,
    pages: u32,
    newer: &PageSums,
) -> Result<Option<String>, Error> {
    let file = File::open(database).map_err(|error| at(database, &error))?;
    let mut bytes = vec![0; PAGE_BYTES as usize];
    let mut first = 1;
    while first <= pages {
        let n = PAGES_AT_ONCE.min(pages - first + 1);
        for (number, sum) in (first..).zip(marks.sums(first, n as usize)?) {
            if sum == 0 || newer.contains_key(&number) {
                continue;
            }
            let at_page = u64::from(number - 1) * PAGE_BYTES;
            if !read_whole(&file, &mut bytes, at_page).map_err(|error| at(database, &error))? {
                return Ok(Some(format!("{DATABASE} ends before page {number} of {pages}")));
            }
            if page_sum(number, &bytes) != sum {
                return Ok(Some(format!(
                    "{DATABASE} is damaged, or older than it was: page {number} of {pages} is not as it was written"
                )));
            }
        }
        first += n;
    }
    Ok(None)
}

/// Records that a log begins, so that its content counts for nothing until the first acknowledgement.
fn begin_log(marks: &Marks) -> Result<(), Error> {
    let pages = marks.covered()?.map_or(0, |covered| covered.pages);
    // In this order: checksums that cover no log, beside a mark in one, would look like a loss.
    marks.put(Mark::Opening)?;
    marks.put_covered(Covered { log: None, pages })?;
    marks.sync()
}

fn set_log_aside(directory: &Directory) -> Result<(), Error> {
    let log = directory.file(LOG);
    match fs::metadata(&log) {
        // Kept for anybody who wants to examine it.
        Ok(metadata) if metadata.len() != 0 => {
            fs::rename(&log, directory.file(SET_ASIDE)).map_err(|error| at(&log, &error))?;
            directory.sync()
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(at(&log, &error)),
    }
}

/// Creates marks for a database as SQLite finds it: from a version without marks, or after accepting a loss.
fn take_over(directory: &Directory, options: &Options, is_loss_accepted: bool) -> Result<Marks, Error> {
    let database = directory.file(DATABASE);
    let connection = options.open_writer(&database)?;
    // A database without the table never had marks.
    let had_marks = matches!(store_version(&Statements::new(Link::Sqlite(&connection))), Ok(Some(1..)));
    if !is_loss_accepted && had_marks {
        let what = format!("{} is missing: what was acknowledged can't be told", marks::FILE);
        return Err(Error::Lost(what));
    }
    if is_loss_accepted {
        let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(Error::Corrupt(found));
        }
    }
    let is_busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy != 0 {
        return Err(Error::Locked(directory.path().display().to_string()));
    }
    connection.close().map_err(|(_, error)| error)?;
    let file = File::open(&database).map_err(|error| at(&database, &error))?;
    let (mut sums, mut number) = (BTreeMap::new(), 1);
    let mut bytes = vec![0; PAGE_BYTES as usize];
    let said = |error: std::io::Error| at(&database, &error);
    while read_whole(&file, &mut bytes, u64::from(number - 1) * PAGE_BYTES).map_err(said)? {
        sums.insert(number, page_sum(number, &bytes));
        number += 1;
    }
    Marks::create(directory, number - 1, &sums)
}
