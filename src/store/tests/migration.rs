//! Moving everything from one database to the other, and back.

use super::cluster::Cluster;
use super::*;
use crate::{Postgres, Stage};

const TABLES: &[&str] = &["
CREATE TABLE pair (k TEXT PRIMARY KEY, v BIGINT NOT NULL);
CREATE TABLE thing (a BIGINT, b TEXT, r DOUBLE PRECISION, data BLOB, PRIMARY KEY (b, a)) WITHOUT ROWID;
CREATE TABLE numbered (id INTEGER PRIMARY KEY, text TEXT);
"];
static SECRETS: SealedColumn = SealedColumn { table: "thing", column: "data", key: &["b"], lookup: None };
const N: i64 = 1_700;

fn options(url: &str) -> Options {
    Options { postgres: Some(Postgres::at(url.to_owned())), ..Options::default() }
}

fn open(dir: &Dir, options: Options) -> Result<Store, Error> {
    let store = Store::open(&dir.0, options, Arc::new(SystemClock::new()))?;
    store.migrate("test", TABLES)?;
    Ok(store)
}

fn both(dir: &Dir, url: &str, into_server: bool) -> Result<(Store, Store), Error> {
    let (from, to) = Store::open_both(&dir.0, options(url), into_server, Arc::new(SystemClock::new()))?;
    from.migrate("test", TABLES)?;
    to.migrate("test", TABLES)?;
    Ok((from, to))
}

async fn fill(store: &Store) {
    let filled = store.write(|tx| {
        for n in 0..N {
            let name = format!("{}ä{}", ["b", "B", "a", "_"][usize::try_from(n % 4).unwrap()], n / 4);
            tx.put("INSERT INTO pair (k, v) VALUES (?1, ?2)", &[Param::Text(&name), n.into()])?;
            let real = if n % 3 == 0 { Param::Null } else { Param::Real(n as f64 / 7.0) };
            let data = if n % 5 == 0 { Param::Null } else { Param::Blob(&[0, 255, 39]) };
            let sql = "INSERT INTO thing (a, b, r, data) VALUES (?1, ?2, ?3, ?4)";
            tx.put(sql, &[(n % 9).into(), Param::Text(&name), real, data])?;
            let text = (n % 2 == 0).then_some(name.as_str());
            tx.put("INSERT INTO numbered (id, text) VALUES (?1, ?2)", &[(n * n).into(), text.into()])?;
        }
        let sealed = tx.seal(&SECRETS, &["secret"], b"hidden")?;
        tx.execute("INSERT INTO thing (a, b, data) VALUES (1, 'secret', ?1)", &[Param::Blob(&sealed)])?;
        tx.take_numbers("rows", 42)
    });
    filled.await.unwrap();
}

/// What the store says of itself.
async fn told(store: &Store) -> (i64, Vec<String>, Vec<u8>, i64) {
    let read = store.read(|tx| {
        let sql = "SELECT CAST(SUM(v) AS BIGINT) FROM pair";
        let sum = tx.query_one(sql, &[], |row| row.int(0))?.unwrap_or_default();
        let sql = "SELECT b FROM thing WHERE r IS NULL ORDER BY b, a LIMIT 50";
        let names = tx.query(sql, &[], |row| row.text(0))?;
        let sealed = tx.query_one("SELECT data FROM thing WHERE b = 'secret'", &[], |row| row.blob(0))?;
        Ok::<_, Error>((sum, names, tx.unseal(&SECRETS, &["secret"], &sealed.unwrap_or_default())?))
    });
    let (sum, names, secret) = read.await.unwrap();
    (sum, names, secret, store.write(|tx| tx.take_numbers("rows", 1)).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_was_cut_short_goes_on_and_everything_comes_back() {
    let Some(cluster) = Cluster::shared() else { return };
    let (url, dir) = (cluster.database("migration"), Dir::new());
    let store = open(&dir, Options::default()).unwrap();
    fill(&store).await;
    let before = told(&store).await;
    store.close().await;
    drop(store);

    // Cut short in the middle of a table.
    let (from, to) = both(&dir, &url, true).unwrap();
    let (middle, mut is_there) = tokio::sync::mpsc::unbounded_channel();
    let moving = tokio::spawn(async move {
        migrate(&from, &to, |progress| {
            if progress.table == "thing" && 1_000 <= progress.n_rows {
                let _ = middle.send(());
            }
        })
        .await
    });
    is_there.recv().await.unwrap();
    moving.abort();
    assert!(moving.await.is_err_and(|error| error.is_cancelled()), "it was not over yet");
    let unfinished = open(&dir, options(&url)).map(drop).unwrap_err();
    assert!(unfinished.to_string().contains("stepgate migrate"), "{unfinished}");

    let (from, to) = both(&dir, &url, true).unwrap();
    let (mut first_of_things, mut verified) = (None, 0);
    let moved = migrate(&from, &to, |progress| {
        if progress.table == "thing" {
            first_of_things.get_or_insert(progress.n_rows);
        }
        verified += usize::from(progress.stage == Stage::Verified);
    });
    let moved = moved.await.unwrap();
    assert!(first_of_things.is_some_and(|n| 1_000 <= n), "{first_of_things:?}");
    assert_eq!(moved.n_tables, verified);
    assert!(3 * u64::try_from(N).unwrap() < moved.n_rows, "{moved:?}");
    drop((from, to));
    // What is in use is not written over.
    let again = both(&dir, &url, true).map(drop).unwrap_err();
    assert!(again.to_string().contains("in use"), "{again}");

    let server = open(&dir, options(&url)).unwrap();
    let there = told(&server).await;
    // A number was taken on the way.
    assert_eq!((&there.0, &there.1, &there.2, there.3), (&before.0, &before.1, &before.2, before.3 + 1));
    put(&server, "new", 1_000_000).await.unwrap();
    server.close().await;
    drop(server);

    let elsewhere = Dir::new();
    std::fs::create_dir_all(&elsewhere.0).unwrap();
    std::fs::copy(dir.0.join("secrets.key"), elsewhere.0.join("secrets.key")).unwrap();
    let (from, to) = both(&elsewhere, &url, false).unwrap();
    migrate(&from, &to, |_| {}).await.unwrap();
    drop((from, to));
    let back = told(&open(&elsewhere, Options::default()).unwrap()).await;
    assert_eq!(back, (before.0 + 1_000_000, before.1, before.2, before.3 + 2));
}
