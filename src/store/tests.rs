//! The store on real files: groups, failures, full disks and crashes.

mod again;
#[path = "../../tests/support/postgres.rs"]
mod cluster;
mod keys;
mod loss;
mod migration;
mod postgres;
mod records;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::clock::SystemClock;

const TABLES: &[&str] = &["CREATE TABLE pair (k TEXT PRIMARY KEY, v BIGINT NOT NULL)"];

struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("stepgate-store-{}-{n}", std::process::id())))
    }

    /// Opens a store in which each job is run again, by itself and with its group, unless a test has other plans.
    fn open(&self, mut options: Options) -> Store {
        options.conflicts.get_or_insert_with(Conflicts::always_once);
        let store = Store::open(&self.0, options, Arc::new(SystemClock::new())).unwrap();
        store.migrate("test", TABLES).unwrap();
        store
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn put(store: &Store, k: &'static str, v: i64) -> Result<usize, Error> {
    let sql = "INSERT INTO pair (k, v) VALUES (?1, ?2)";
    store.write(move |tx| tx.execute(sql, &[k.into(), v.into()])).await
}

async fn sum(store: &Store) -> Option<i64> {
    let sql = "SELECT SUM(v) FROM pair";
    let sum: Result<Option<Option<i64>>, Error> =
        store.read(move |tx| tx.query_one(sql, &[], |row| row.opt_int(0))).await;
    sum.unwrap().flatten()
}

#[tokio::test]
async fn what_is_written_is_read_again_after_opening_anew() {
    let dir = Dir::new();
    let store = dir.open(Options::default());
    put(&store, "a", 1).await.unwrap();
    store.close().await;
    assert!(matches!(put(&store, "b", 2).await, Err(Error::Closed)));
    drop(store);
    assert_eq!(sum(&dir.open(Options::default())).await, Some(1));
}

#[tokio::test]
async fn a_failing_job_takes_back_its_own_writes_only() {
    let dir = Dir::new();
    let store = dir.open(Options::default());
    let jobs = (0..50).map(|i| {
        let store = store.clone();
        tokio::spawn(async move {
            let name = format!("k{i}");
            store
                .write(move |tx| {
                    let sql = "INSERT INTO pair (k, v) VALUES (?1, 1)";
                    tx.execute(sql, &[Param::Text(&name)])?;
                    if i % 2 == 0 { Err(Error::Sql("no".into())) } else { Ok(()) }
                })
                .await
        })
    });
    let mut failed = 0;
    for job in jobs.collect::<Vec<_>>() {
        failed += usize::from(job.await.unwrap().is_err());
    }
    assert_eq!((failed, sum(&store).await), (25, Some(25)));
}

#[tokio::test]
async fn a_panicking_job_fails_alone() {
    let dir = Dir::new();
    let store = dir.open(Options::default());
    let panicked: Result<(), Error> = store
        .write(|tx| {
            tx.execute("INSERT INTO pair (k, v) VALUES ('x', 7)", &[])?;
            panic!("a bug in a job");
        })
        .await;
    assert!(matches!(panicked, Err(Error::Panicked)));
    put(&store, "a", 1).await.unwrap();
    assert_eq!(sum(&store).await, Some(1));
}

#[tokio::test]
async fn readers_cannot_write() {
    let dir = Dir::new();
    let store = dir.open(Options::default());
    let written = store.read(|tx| tx.execute("INSERT INTO pair (k, v) VALUES ('x', 7)", &[])).await;
    assert!(matches!(written, Err(Error::Sql(_))), "{written:?}");
}

#[tokio::test]
async fn one_process_at_a_time() {
    let dir = Dir::new();
    let _store = dir.open(Options::default());
    let second = Store::open(&dir.0, Options::default(), Arc::new(SystemClock::new()));
    assert!(matches!(second, Err(Error::Locked(_))));
}

#[tokio::test]
async fn one_process_at_a_time_also_when_the_lock_file_is_gone() {
    let dir = Dir::new();
    let _store = dir.open(Options::default());
    for undo in [|lock: PathBuf| std::fs::remove_file(lock), |lock: PathBuf| std::fs::write(lock, "new")] {
        undo(dir.0.join("stepgate.lock")).unwrap();
        let second = Store::open(&dir.0, Options::default(), Arc::new(SystemClock::new()));
        assert!(matches!(second, Err(Error::Locked(_))));
    }
}

#[tokio::test]
async fn files_are_their_owners_alone_whatever_was_there() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Dir::new();
    std::fs::create_dir_all(dir.0.join("access-logs/1/eu")).unwrap();
    std::fs::create_dir_all(dir.0.join("tls")).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set_mode =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let others = ["access-logs/1/eu/a.log", "tls/development.key", "secrets.key.new"];
    let own = [
        "stepgate.db",
        "stepgate.db-wal",
        "stepgate.db-shm",
        "stepgate.lock",
        "stepgate.marks",
        "secrets.key",
    ];
    for file in others {
        std::fs::write(dir.0.join(file), "").unwrap();
        set_mode(&dir.0.join(file), 0o644);
    }
    std::fs::write(dir.0.join("tls/development.pem"), "").unwrap();
    set_mode(&dir.0.join("tls/development.pem"), 0o644);
    set_mode(&dir.0, 0o755);
    std::fs::write(dir.0.join("stepgate.db"), "").unwrap();
    std::fs::remove_file(dir.0.join("secrets.key.new")).unwrap();
    let store = dir.open(Options::default());
    put(&store, "a", 1).await.unwrap();
    let closed = || others[..2].iter().chain(&own).filter(|file| mode(&dir.0.join(file)) != 0o600);
    assert_eq!(closed().collect::<Vec<_>>(), Vec::<&&str>::new());
    // The certificate is public, and the directory's permissions are somebody else's decision.
    assert_eq!(mode(&dir.0.join("tls/development.pem")), 0o644);
    assert_eq!(mode(&dir.0), 0o755);
    drop(store);
    own.iter().for_each(|file| set_mode(&dir.0.join(file), 0o666));
    let _store = dir.open(Options::default());
    assert_eq!(closed().collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[tokio::test]
async fn a_full_disk_fails_the_job_loses_nothing_and_ends() {
    let dir = Dir::new();
    let store = dir.open(Options::default());
    put(&store, "a", 1).await.unwrap();
    store.close().await;
    drop(store);
    let full = dir.open(Options { pages_max: Some(12), ..Options::default() });
    let big = |k: &'static str| {
        let text = "x".repeat(200_000);
        let sql = "INSERT INTO pair (k, v) VALUES (?1 || ?2, 1)";
        full.write(move |tx| tx.execute(sql, &[Param::Text(k), Param::Text(&text)]))
    };
    assert!(matches!(big("b").await, Err(Error::DiskFull)));
    assert_eq!(put(&full, "c", 2).await.unwrap(), 1);
    assert_eq!(sum(&full).await, Some(3));
    full.close().await;
    drop(full);
    // With space again, service resumes.
    let store = dir.open(Options::default());
    put(&store, "d", 4).await.unwrap();
    assert_eq!(sum(&store).await, Some(7));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let dir = Dir::new();
    let store = dir.open(Options::default());
    store.migrate("other", &["CREATE TABLE a (x BIGINT)", "CREATE TABLE b (x BIGINT)"]).unwrap();
    store.migrate("other", &["CREATE TABLE a (x BIGINT)", "CREATE TABLE b (x BIGINT)"]).unwrap();
    let older = store.migrate("other", &["CREATE TABLE a (x BIGINT)"]);
    assert!(matches!(older, Err(Error::Newer { found: 2, known: 1, .. })));
}

#[tokio::test]
async fn what_a_job_refused_is_told_also_when_it_came_first() {
    let dir = Dir::new();
    let store = dir.open(Options::default());
    let refused: Result<(), Error> = store
        .write(|tx| {
            tx.execute("INSERT INTO pair (k, v) VALUES ('x', 7)", &[])?;
            Err(Error::Sql("no".into()))
        })
        .await;
    assert_eq!(refused, Err(Error::Sql("no".into())));
    put(&store, "x", 1).await.unwrap();
    assert_eq!(sum(&store).await, Some(1));
}

#[tokio::test]
async fn a_group_ends_at_its_bytes() {
    let dir = Dir::new();
    let largest = Arc::new(AtomicUsize::new(0));
    let jobs = Arc::new(AtomicUsize::new(0));
    let probe = {
        let (largest, jobs) = (largest.clone(), jobs.clone());
        Probe::new(move |moment| {
            if moment == Moment::BeforeCommit {
                largest.fetch_max(jobs.swap(0, Ordering::Relaxed), Ordering::Relaxed);
            }
        })
    };
    // Jobs are counted when they run.
    let conflicts = Some(Conflicts::new(|_, _| false));
    let store =
        dir.open(Options { group_bytes_max: 4_000, probe: Some(probe), conflicts, ..Options::default() });
    let all: Vec<_> = (0..40)
        .map(|n| {
            let (store, jobs) = (store.clone(), jobs.clone());
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        jobs.fetch_add(1, Ordering::Relaxed);
                        let key = format!("{n}{}", "x".repeat(1_000));
                        tx.execute("INSERT INTO pair (k, v) VALUES (?1, 1)", &[Param::Text(&key)])
                    })
                    .await
            })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.unwrap(), Ok(1));
    }
    assert!(largest.load(Ordering::Relaxed) <= 4, "{largest:?}");
    assert_eq!(sum(&store).await, Some(40));
}

/// Copies the files as they would be if the process died now.
fn crash_image(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in ["stepgate.db", "stepgate.db-wal", "stepgate.marks", "secrets.key"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_moment_keeps_what_was_told_and_nothing_by_halves() {
    let (dir, images) = (Dir::new(), Dir::new());
    let told: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    type Image = (PathBuf, BTreeSet<String>);
    let taken: Arc<Mutex<Vec<Image>>> = Arc::default();
    let probe = {
        let (from, to, told, taken) = (dir.0.clone(), images.0.clone(), told.clone(), taken.clone());
        let moments = AtomicUsize::new(0);
        Probe::new(move |_| {
            let n = moments.fetch_add(1, Ordering::Relaxed);
            let told = told.lock().unwrap().clone();
            // Every fourth one, so that all moments of a commit get their turn.
            if n.is_multiple_of(4) && !told.is_empty() {
                let image = to.join(n.to_string());
                crash_image(&from, &image);
                taken.lock().unwrap().push((image, told));
            }
        })
    };
    let store = dir.open(Options { probe: Some(probe), ..Options::default() });
    let writers = (0..4).map(|writer| {
        let (store, told) = (store.clone(), told.clone());
        tokio::spawn(async move {
            for n in 0..15 {
                let name = format!("{writer}-{n}");
                let key = name.clone();
                let both: Result<(), Error> = store
                    .write(move |tx| {
                        let sql = "INSERT INTO pair (k, v) VALUES (?1 || ?2, 1)";
                        tx.execute(sql, &[Param::Text(&key), Param::Text(":left")])?;
                        tx.execute(sql, &[Param::Text(&key), Param::Text(":right")])?;
                        Ok(())
                    })
                    .await;
                both.unwrap();
                told.lock().unwrap().insert(name);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let taken = std::mem::take(&mut *taken.lock().unwrap());
    assert!(8 < taken.len(), "{}", taken.len());
    for (image, told) in taken {
        let store = Store::open(&image, Options::default(), Arc::new(SystemClock::new())).unwrap();
        let keys = store.read(|tx| tx.query("SELECT k FROM pair", &[], |row| row.text(0)));
        let keys: Result<Vec<String>, Error> = keys.await;
        let keys: BTreeSet<String> = keys.unwrap().into_iter().collect();
        for name in &told {
            assert!(keys.contains(&format!("{name}:left")), "{name} was told and is gone");
        }
        for key in &keys {
            let (name, side) = key.split_once(':').unwrap();
            let other = if side == "left" { "right" } else { "left" };
            assert!(keys.contains(&format!("{name}:{other}")), "{name} is there by halves");
        }
    }
}

#[tokio::test]
async fn a_disk_that_fills_up_within_a_group_fails_it_and_the_next_goes_on() {
    let dir = Dir::new();
    let store = dir.open(Options { pages_max: Some(24), ..Options::default() });
    let mut outcomes = Vec::new();
    for round in 0..30 {
        let jobs = (0..4).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        let key = format!("{round}-{n}{}", "x".repeat(3_000));
                        tx.execute("INSERT INTO pair (k, v) VALUES (?1, 1)", &[Param::Text(&key)])
                    })
                    .await
            })
        });
        for job in jobs.collect::<Vec<_>>() {
            outcomes.push(job.await.unwrap());
        }
    }
    let kept = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(1) | Err(Error::DiskFull))));
    assert!(kept < outcomes.len());
    // What was acknowledged is there, no more and no less.
    assert_eq!(sum(&store).await, Some(i64::try_from(kept).unwrap()));
    let freed: Result<usize, Error> = store.write(|tx| tx.execute("DELETE FROM pair", &[])).await;
    assert_eq!(freed, Ok(kept));
    put(&store, "again", 5).await.unwrap();
    assert_eq!(sum(&store).await, Some(5));
}

#[tokio::test]
async fn a_second_row_of_the_same_key_is_told_apart() {
    let dir = Dir::new();
    let store = dir.open(Options::default());
    put(&store, "a", 1).await.unwrap();
    assert!(matches!(put(&store, "a", 2).await, Err(Error::Exists(_))));
    let null = store.write(|tx| tx.execute("INSERT INTO pair (k, v) VALUES ('b', NULL)", &[])).await;
    assert!(matches!(null, Err(Error::Sql(_))), "{null:?}");
    assert_eq!(sum(&store).await, Some(1));
}
