//! Files that are lost, damaged or foreign: the store refuses to open, or nothing is missing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;

use super::*;
use crate::clock::{Ids, SeededIds};

const DB: &str = "stepgate.db";
const WAL: &str = "stepgate.db-wal";
const MARKS: &str = "stepgate.marks";
const FILES: [&str; 4] = [DB, WAL, MARKS, "secrets.key"];

/// Rows larger than a page, by key.
type Rows = BTreeMap<String, i64>;

async fn add(store: &Store, rows: &mut Rows, n: i64) {
    for _ in 0..n {
        let v = i64::try_from(rows.len()).unwrap();
        let key = format!("{v}-{}", "x".repeat(1_000 + 37 * rows.len()));
        let stored = key.clone();
        let sql = "INSERT INTO pair (k, v) VALUES (?1, ?2)";
        let added: Result<usize, Error> =
            store.write(move |tx| tx.execute(sql, &[Param::Text(&stored), v.into()])).await;
        added.unwrap();
        rows.insert(key, v);
    }
}

async fn all(store: &Store) -> Result<Rows, Error> {
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.int(1)?));
    let rows = store.read(move |tx| tx.query("SELECT k, v FROM pair", &[], read)).await?;
    Ok(rows.into_iter().collect())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in FILES.iter().filter(|file| from.join(file).exists()) {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

fn reopen(dir: &Path, options: Options) -> Result<Store, Error> {
    Store::open(dir, options, Arc::new(SystemClock::new()))
}

/// Waits until the log is in the database.
async fn fold(store: &Store) {
    store.inner.writer.folder().unwrap().fold();
    // This comes after it.
    let after: Result<(), Error> = store.write(|_| Ok(())).await;
    after.unwrap();
}

/// A directory as a crash leaves it: some rows in the database, some only in the log.
async fn crashed(dir: &Dir) -> Rows {
    let mut rows = Rows::new();
    let store = dir.open(Options::default());
    add(&store, &mut rows, 20).await;
    fold(&store).await;
    add(&store, &mut rows, 20).await;
    rows
}

fn flip(path: &Path, at: u64, bit: u8) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ (1 << bit)], at).unwrap();
}

fn cut(path: &Path, len: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(len).unwrap();
}

fn len(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

fn said(outcome: Result<Store, Error>) -> String {
    match outcome {
        Ok(_) => "opened".to_owned(),
        Err(error @ (Error::Lost(_) | Error::Corrupt(_))) => error.to_string(),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_crash_leaves_is_whole() {
    let dir = Dir::new();
    let mut rows = crashed(&dir).await;
    for _ in 0..3 {
        let store = reopen(&dir.0, Options::default()).unwrap();
        assert_eq!(all(&store).await.unwrap(), rows);
        add(&store, &mut rows, 5).await;
    }
    let store = reopen(&dir.0, Options::default()).unwrap();
    store.close().await;
    drop(store);
    assert_eq!(len(&dir.0.join(WAL)), 0);
    // Complete even without its log.
    fs::remove_file(dir.0.join(WAL)).unwrap();
    assert_eq!(all(&reopen(&dir.0, Options::default()).unwrap()).await.unwrap(), rows);
}

#[tokio::test]
async fn a_loss_is_told_and_accepted_only_when_asked() {
    let (dir, other) = (Dir::new(), Dir::new());
    let rows = crashed(&dir).await;
    crashed(&other).await;
    let (n_wal, n_db) = (len(&dir.0.join(WAL)), len(&dir.0.join(DB)));
    type Damage<'a> = &'a dyn Fn(&Path);
    // What is done to a copy, the message, and how many rows are left then; `None` if nothing can be recovered.
    let cases: [(&str, Damage<'_>, &str, Option<usize>); 14] = [
        ("log deleted", &|d| fs::remove_file(d.join(WAL)).unwrap(), "20 acknowledged commits", Some(20)),
        ("log emptied", &|d| cut(&d.join(WAL), 0), "20 acknowledged commits", Some(20)),
        ("log zeroed", &|d| fs::write(d.join(WAL), vec![0; 100_000]).unwrap(), "20 acknowledged", Some(20)),
        ("head of the log", &|d| flip(&d.join(WAL), 17, 3), "20 acknowledged commits", Some(20)),
        ("first frame", &|d| flip(&d.join(WAL), 32 + 24 + 100, 0), "20 acknowledged commits", Some(20)),
        ("last byte", &|d| flip(&d.join(WAL), n_wal - 1, 0), "1 acknowledged commits", Some(39)),
        ("log cut", &|d| cut(&d.join(WAL), n_wal - 1), "1 acknowledged commits", Some(39)),
        (
            "another's log",
            &|d| fs::copy(other.0.join(WAL), d.join(WAL)).map(drop).unwrap(),
            "not this",
            Some(20),
        ),
        ("another's database", &|d| fs::copy(other.0.join(DB), d.join(DB)).map(drop).unwrap(), "page", None),
        ("database cut", &|d| cut(&d.join(DB), n_db / 2), "ends before page", None),
        ("database emptied", &|d| cut(&d.join(DB), 0), "ends before page", None),
        ("marks deleted", &|d| fs::remove_file(d.join(MARKS)).unwrap(), "is missing", Some(40)),
        ("marks emptied", &|d| cut(&d.join(MARKS), 0), "is damaged", Some(40)),
        ("a journal", &|d| fs::write(d.join("stepgate.db-journal"), "x").unwrap(), "not this", Some(40)),
    ];
    for (name, damage, word, left) in cases {
        let copied = Dir::new();
        copy(&dir.0, &copied.0);
        damage(&copied.0);
        let refused = said(reopen(&copied.0, Options::default()));
        assert!(refused.contains(word) && refused.contains("--accept-loss"), "{name}: {refused}");
        // Refusing changes nothing.
        assert_eq!(said(reopen(&copied.0, Options::default())), refused, "{name}");
        let accepting = Options { accept_loss: true, ..Options::default() };
        let Some(left) = left else { continue };
        let store = reopen(&copied.0, accepting).unwrap();
        let found = all(&store).await.unwrap();
        assert_eq!(found.len(), left, "{name}");
        assert!(found.iter().all(|(key, value)| rows.get(key) == Some(value)), "{name}");
        let mut found = found;
        add(&store, &mut found, 0).await;
        drop(store);
        // Once the loss is accepted, the store opens normally.
        let store = reopen(&copied.0, Options::default()).unwrap();
        assert_eq!(all(&store).await.unwrap(), found, "{name}");
    }
}

#[tokio::test]
async fn older_files_in_place_of_newer_ones_are_noticed() {
    let (dir, older) = (Dir::new(), Dir::new());
    let mut rows = crashed(&dir).await;
    copy(&dir.0, &older.0);
    let store = reopen(&dir.0, Options::default()).unwrap();
    add(&store, &mut rows, 20).await;
    fold(&store).await;
    add(&store, &mut rows, 1).await;
    drop(store);
    for names in [&[DB][..], &[WAL], &[MARKS], &[DB, WAL]] {
        let copied = Dir::new();
        copy(&dir.0, &copied.0);
        for name in names {
            fs::copy(older.0.join(name), copied.0.join(name)).unwrap();
        }
        let refused = said(reopen(&copied.0, Options::default()));
        assert_ne!(refused, "opened", "{names:?}");
    }
    assert_eq!(all(&reopen(&dir.0, Options::default()).unwrap()).await.unwrap(), rows);
}

#[tokio::test]
async fn a_log_that_the_database_can_do_without_may_be_damaged() {
    let dir = Dir::new();
    let mut rows = Rows::new();
    let store = dir.open(Options::default());
    add(&store, &mut rows, 20).await;
    // Moved, with the log unchanged.
    store.inner.checkpoint.as_ref().unwrap().stop();
    drop(store);
    let options = Options::default();
    let checkpointed = {
        let store = reopen(&dir.0, options).unwrap();
        add(&store, &mut rows, 1).await;
        fold(&store).await;
        add(&store, &mut rows, 1).await;
        fold(&store).await;
        store
    };
    drop(checkpointed);
    assert_eq!(len(&dir.0.join(WAL)), 0);
    fs::write(dir.0.join(WAL), b"not a log at all").unwrap();
    assert_eq!(all(&reopen(&dir.0, Options::default()).unwrap()).await.unwrap(), rows);
}

/// A directory of a version without marks, with its log, as a crash left it.
#[tokio::test]
async fn a_directory_of_an_earlier_version_is_taken_over() {
    let dir = Dir::new();
    let image = Dir::new();
    fs::create_dir_all(&dir.0).unwrap();
    fs::create_dir_all(&image.0).unwrap();
    let connection = Options::default().open_writer(&dir.0.join(DB)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE schema_version (room TEXT PRIMARY KEY, version BIGINT NOT NULL);
             INSERT INTO schema_version VALUES ('test', 1);
             CREATE TABLE pair (k TEXT PRIMARY KEY, v BIGINT NOT NULL);
             INSERT INTO pair VALUES ('a', 1), ('b', 2);",
        )
        .unwrap();
    copy(&dir.0, &image.0);
    drop(connection);
    let store = image.open(Options::default());
    assert_eq!(sum(&store).await, Some(3));
    put(&store, "c", 4).await.unwrap();
    drop(store);
    let store = image.open(Options::default());
    assert_eq!(sum(&store).await, Some(7));
    drop(store);
    cut(&image.0.join(WAL), 0);
    assert_ne!(said(reopen(&image.0, Options::default())), "opened");
}

/// `STEPGATE_FLIPS` is the number of flips (300 by default); `STEPGATE_SEED` repeats a run's choices.
#[tokio::test]
async fn a_flipped_bit_is_refused_or_changes_nothing() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let n_flips = number("STEPGATE_FLIPS").unwrap_or(300);
    let seed = number("STEPGATE_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let ids = SeededIds::new(seed);
    let below = |n: u64| (ids.unit() * n as f64) as u64;
    let dir = Dir::new();
    let rows = crashed(&dir).await;
    let (mut n_refused, mut n_whole) = (0, 0);
    for n in 0..n_flips {
        let copied = Dir::new();
        copy(&dir.0, &copied.0);
        let file = copied.0.join(FILES[usize::try_from(n % 4).unwrap()]);
        let (at, bit) = (below(len(&file)), u8::try_from(below(8)).unwrap());
        flip(&file, at, bit);
        let place = format!("STEPGATE_SEED={seed}: bit {bit} of byte {at} of {}", file.display());
        match reopen(&copied.0, Options::default()) {
            Ok(store) => {
                assert_eq!(all(&store).await.as_ref(), Ok(&rows), "{place}");
                n_whole += 1;
            }
            Err(Error::Lost(_) | Error::Corrupt(_) | Error::MasterKey(_)) => n_refused += 1,
            Err(other) => panic!("{place}: {other:?}"),
        }
    }
    assert_eq!(n_refused + n_whole, n_flips);
    assert!(n_flips < 100 || n_flips / 4 < n_refused, "{n_refused} of {n_flips} were noticed");
}
