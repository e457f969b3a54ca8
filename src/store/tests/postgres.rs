//! The store on a real PostgreSQL server.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::cluster::Cluster;
use super::*;
use crate::Postgres;

/// A database of a test's own, and a data directory.
struct Place {
    cluster: &'static Cluster,
    database: String,
    url: String,
    dir: Dir,
}

impl Place {
    fn new(test: &str) -> Option<Self> {
        let cluster = Cluster::shared()?;
        let url = cluster.database(test);
        Some(Self { cluster, database: test.to_owned(), url, dir: Dir::new() })
    }

    fn settings(&self) -> Postgres {
        Postgres { lease: Duration::from_secs(3), readers: 2, ..Postgres::at(self.url.clone()) }
    }

    fn try_open(&self, dir: &Dir, settings: Postgres, options: Options) -> Result<Store, Error> {
        let options = Options { postgres: Some(settings), ..options };
        let store = Store::open(&dir.0, options, Arc::new(SystemClock::new()))?;
        store.migrate("test", TABLES)?;
        store.opened();
        Ok(store)
    }

    fn open(&self, options: Options) -> Store {
        self.try_open(&self.dir, self.settings(), options).unwrap()
    }

    /// Gives another data directory a copy of the first one's key: its own is another.
    fn share_key(&self, dir: &Dir) {
        std::fs::create_dir_all(&dir.0).unwrap();
        std::fs::copy(self.dir.0.join("secrets.key"), dir.0.join("secrets.key")).unwrap();
    }

    /// Ends all connections to the database.
    fn cut(&self) {
        let of = &self.database;
        self.cluster.sql(
            "postgres",
            &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{of}'"),
        );
    }
}

/// All of the table, added up.
async fn total(store: &Store) -> Result<i64, Error> {
    let sql = "SELECT CAST(COALESCE(SUM(v), 0) AS BIGINT) FROM pair";
    store.read(move |tx| tx.query_one(sql, &[], |row| row.int(0))).await.map(Option::unwrap_or_default)
}

macro_rules! place {
    ($test:literal) => {
        match Place::new($test) {
            Some(place) => place,
            None => return,
        }
    };
}

#[tokio::test]
async fn what_is_written_is_read_again_after_opening_anew() {
    let place = place!("anew");
    let store = place.open(Options::disturbed());
    put(&store, "a", 1).await.unwrap();
    assert!(matches!(put(&store, "a", 2).await, Err(Error::Exists(_))));
    let null = store.write(|tx| tx.execute("INSERT INTO pair (k, v) VALUES ('b', NULL)", &[])).await;
    assert!(matches!(null, Err(Error::Sql(_))), "{null:?}");
    let written = store.read(|tx| tx.execute("INSERT INTO pair (k, v) VALUES ('x', 7)", &[])).await;
    assert!(matches!(written, Err(Error::Sql(_))), "{written:?}");
    store.close().await;
    assert!(matches!(put(&store, "b", 2).await, Err(Error::Closed)));
    drop(store);
    assert_eq!(total(&place.open(Options::default())).await, Ok(1));
}

#[tokio::test]
async fn a_failing_job_takes_back_its_own_writes_only() {
    let place = place!("failing");
    let store = place.open(Options::default());
    let jobs = (0..60).map(|i| {
        let store = store.clone();
        tokio::spawn(async move {
            let name = format!("k{i}");
            let insert = "INSERT INTO pair (k, v) VALUES (?1, 1)";
            store
                .write(move |tx| {
                    tx.put(insert, &[Param::Text(&name)])?;
                    match i % 4 {
                        0 => Err(Error::Sql("no".into())),
                        // A failure of which the job is not told.
                        1 => tx.put(insert, &[Param::Text(&name)]),
                        2 => panic!("a bug in a job"),
                        _ => Ok(()),
                    }
                })
                .await
        })
    });
    let mut outcomes = Vec::new();
    for job in jobs.collect::<Vec<_>>() {
        outcomes.push(job.await.unwrap());
    }
    for (n, outcome) in outcomes.iter().enumerate() {
        match (n % 4, outcome) {
            (0, Err(Error::Sql(_)))
            | (1, Err(Error::Exists(_)))
            | (2, Err(Error::Panicked))
            | (3, Ok(())) => {}
            _ => panic!("{n}: {outcome:?}"),
        }
    }
    assert_eq!(total(&store).await, Ok(15));
}

#[tokio::test]
async fn texts_are_in_the_order_of_their_bytes_and_values_are_what_they_were() {
    let place = place!("values");
    let store = place.open(Options::default());
    let steps: &[&str] =
        &["CREATE TABLE thing (k TEXT PRIMARY KEY, n BIGINT, r DOUBLE PRECISION, b BLOB) WITHOUT ROWID"];
    store.migrate("things", Box::leak(steps.to_vec().into_boxed_slice())).unwrap();
    let names = ["b", "B", "a", "ä", "A", "_", "~", "z", "aa", "a/", "a-b", "Z"];
    store
        .write(move |tx| {
            let sql = "INSERT INTO thing (k, n, r, b) VALUES (?1, ?2, ?3, ?4)";
            for (n, name) in names.iter().enumerate() {
                let params = match n {
                    0 => [Param::Text(name), Param::Null, Param::Null, Param::Null],
                    1 => [Param::Text(name), Param::Int(i64::MIN), Param::Real(-0.5), Param::Blob(&[])],
                    _ => {
                        [Param::Text(name), Param::Int(i64::MAX), Param::Real(1e300), Param::Blob(&[0, 255])]
                    }
                };
                tx.put(sql, &params)?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    let read = store.read(|tx| {
        tx.query("SELECT k, n, b FROM thing WHERE ?1 <= k ORDER BY k", &[Param::Text("A")], |row| {
            Ok((row.text(0)?, row.opt_int(1)?, row.opt_blob(2)?))
        })
    });
    let read: Result<Vec<_>, Error> = read.await;
    let mut sorted: Vec<&str> = names.iter().copied().filter(|name| "A" <= *name).collect();
    sorted.sort_unstable();
    let read = read.unwrap();
    assert_eq!(read.iter().map(|(k, ..)| k.as_str()).collect::<Vec<_>>(), sorted);
    let of = |name: &str| read.iter().find(|(k, ..)| k == name).map(|(_, n, b)| (*n, b.clone())).unwrap();
    assert_eq!(of("b"), (None, None));
    assert_eq!(of("B"), (Some(i64::MIN), Some(vec![])));
    assert_eq!(of("z"), (Some(i64::MAX), Some(vec![0, 255])));
}

#[tokio::test]
async fn secrets_are_read_again_and_can_be_encrypted_anew() {
    let place = place!("secrets");
    static COLUMN: SealedColumn = SealedColumn { table: "secret", column: "s", key: &["k"], lookup: None };
    let steps: &[&str] = &["CREATE TABLE secret (k TEXT PRIMARY KEY, s BLOB NOT NULL)"];
    let steps: &'static [&str] = Box::leak(steps.to_vec().into_boxed_slice());
    let store = place.open(Options::default());
    store.migrate("secrets", steps).unwrap();
    let sealed = store.write(|tx| {
        let sealed = tx.seal(&COLUMN, &["a"], b"hidden")?;
        tx.execute("INSERT INTO secret (k, s) VALUES ('a', ?1)", &[Param::Blob(&sealed)])
    });
    assert_eq!(sealed.await, Ok(1));
    assert_eq!(store.rotate(vec![&COLUMN], MasterKeySource::Beside).await, Ok(1));
    store.close().await;
    drop(store);
    let store = place.open(Options::default());
    let read = store.read(|tx| {
        let sealed = tx.query_one("SELECT s FROM secret WHERE k = 'a'", &[], |row| row.blob(0))?;
        tx.unseal(&COLUMN, &["a"], &sealed.unwrap_or_default())
    });
    assert_eq!(read.await, Ok(b"hidden".to_vec()));
}

#[tokio::test]
async fn who_wants_to_be_alone_is_refused_and_a_standby_takes_over() {
    let place = place!("second");
    let store = place.open(Options::default());
    put(&store, "a", 1).await.unwrap();
    let other = Dir::new();
    let alone = Postgres { is_alone: true, ..place.settings() };
    let second = place.try_open(&other, alone, Options::default());
    assert_eq!(second.map(drop), Err(Error::Taken("stepgate".to_owned())));
    place.share_key(&other);
    let (settings, other) = (Postgres { standby: true, ..place.settings() }, Arc::new(other));
    let options = Options { postgres: Some(settings), ..Options::default() };
    let standby = {
        let other = other.clone();
        std::thread::spawn(move || Store::open(&other.0, options, Arc::new(SystemClock::new())))
    };
    put(&store, "b", 2).await.unwrap();
    assert!(!standby.is_finished());
    store.close().await;
    let standby = standby.join().unwrap().unwrap();
    assert_eq!(total(&standby).await, Ok(3));
    put(&standby, "c", 4).await.unwrap();
}

#[tokio::test]
async fn who_has_lost_the_database_writes_nothing_any_more() {
    let place = place!("fenced");
    let store = place.open(Options::default());
    put(&store, "a", 1).await.unwrap();
    // As another node does, after this one's lease has run out.
    place.cluster.sql(
        &place.database,
        "BEGIN; UPDATE store_lease SET holder = ''; UPDATE store_fence SET fence = fence + 1; COMMIT",
    );
    assert!(put(&store, "b", 2).await.is_err());
    assert!(matches!(store.until_lost().await, Error::Fenced));
    assert_eq!(put(&store, "c", 2).await, Err(Error::Closed));
    assert!(total(&store).await.is_err());
    assert_eq!(place.cluster.sql(&place.database, "SELECT COUNT(*) FROM pair"), "1");
}

/// Waits until a node has so many shards, and lets it use them.
async fn has_shards(store: &Store, n: u32) -> u64 {
    let mut owned = store.shards().owned();
    let owned = *owned.wait_for(|owned| owned.count_ones() == n).await.unwrap();
    store.shards().begin(owned);
    owned
}

#[tokio::test]
async fn nodes_share_the_work_and_see_what_others_change() {
    let place = place!("several");
    let first = place.open(Options::default());
    has_shards(&first, 64).await;
    let dir = Dir::new();
    place.share_key(&dir);
    let second = place.try_open(&dir, place.settings(), Options::default()).unwrap();
    // One comes, and gets its part.
    assert_eq!(has_shards(&second, 32).await & has_shards(&first, 32).await, 0);
    assert!(first.shards().has_first() && !second.shards().has_first());
    assert_eq!(second.nodes().borrow().clone(), Nodes { count: 2, rank: 1 });
    let shard_of = |store: &Store| store.write(|tx| tx.shard(7));
    let (of_first, of_second) = (shard_of(&first).await.unwrap(), shard_of(&second).await.unwrap());
    assert!(first.shards().used() >> of_first & 1 == 1 && second.shards().used() >> of_second & 1 == 1);
    // What one writes, the other is told of.
    let mut changed = second.watch("pairs", &["pair"]);
    first.watch("pairs", &["pair"]);
    put(&first, "a", 1).await.unwrap();
    changed.changed().await.unwrap();
    assert_eq!(total(&second).await, Ok(1));
    let mut announced = first.watch("news", &[]);
    second.watch("news", &[]);
    let announce = |tx: &Tx<'_>| {
        tx.announce("news");
        Ok::<_, Error>(())
    };
    second.write_apart(announce).await.unwrap();
    announced.changed().await.unwrap();
    // The first one's lease runs out: the second takes over, and the first writes nothing.
    let late = "UPDATE store_lease SET expires = 0, holder = 'of before' WHERE node = 1";
    place.cluster.sql(&place.database, late);
    has_shards(&second, 64).await;
    assert!(put(&first, "b", 2).await.is_err());
    assert!(matches!(first.until_lost().await, Error::Fenced));
    put(&second, "c", 4).await.unwrap();
    assert_eq!(total(&second).await, Ok(5));
    // It comes back from the same directory, under its number.
    first.close().await;
    drop(first);
    let again = place.open(Options::default());
    assert_eq!(has_shards(&again, 32).await & has_shards(&second, 32).await, 0);
    second.close().await;
    has_shards(&again, 64).await;
}

#[tokio::test]
async fn nodes_are_upgraded_one_after_the_other() {
    const MADE: Step = Step::Sql("CREATE TABLE thing (k TEXT PRIMARY KEY)");
    const EXPANDED: Step = Step::Expand("ALTER TABLE thing ADD COLUMN v BIGINT");
    const CONTRACTED: Step = Step::Sql("ALTER TABLE thing DROP COLUMN k");
    let place = place!("upgraded");
    let first = place.open(Options::default());
    first.migrate("things", &[MADE]).unwrap();
    let dir = Dir::new();
    place.share_key(&dir);
    // The next version comes beside it, and adds what it needs; the first goes on, also when it is started again.
    let second = place.try_open(&dir, place.settings(), Options::default()).unwrap();
    second.migrate("things", &[MADE, EXPANDED]).unwrap();
    put(&first, "a", 1).await.unwrap();
    first.close().await;
    drop(first);
    let first = place.open(Options::default());
    first.migrate("things", &[MADE]).unwrap();
    // What it would not understand is refused as long as it is there.
    let refused = second.migrate("things", &[MADE, EXPANDED, CONTRACTED]).unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("the tables of things") && said.contains("(stepgate)"), "{said}");
    first.close().await;
    drop(first);
    second.migrate("things", &[MADE, EXPANDED, CONTRACTED]).unwrap();
    let first = place.open(Options::default());
    let newer = Error::Newer { room: "things", found: 3, known: 1 };
    assert_eq!(first.migrate("things", &[MADE]), Err(newer));
}

#[tokio::test]
async fn nodes_of_the_first_version_are_taken_for_such_and_distant_ones_are_refused() {
    let place = place!("formats");
    // What a node of the first version that shared databases has written, without a format.
    place.cluster.sql(
        &place.database,
        "CREATE TABLE store_lease (
             node BIGINT PRIMARY KEY, holder TEXT NOT NULL, place TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
             joined BIGINT NOT NULL, is_open BIGINT NOT NULL, expires BIGINT NOT NULL);
         INSERT INTO store_lease (node, holder, place, name, version, joined, is_open, expires)
         VALUES (7, 'somebody', 'elsewhere', 'the first', '0.1.0', 0, 1, 9000000000000)",
    );
    let store = place.open(Options::default());
    let listed = store.node_list().await.unwrap();
    assert_eq!(listed.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["stepgate", "the first"]);
    store.close().await;
    drop(store);
    place.cluster.sql(&place.database, "UPDATE store_lease SET format = 3 WHERE node = 7");
    let refused = place.try_open(&place.dir, place.settings(), Options::default()).map(drop).unwrap_err();
    let known = Error::Format { node: "the first".to_owned(), found: 3, known: 1 };
    assert_eq!(refused, known);
    assert!(refused.to_string().contains("only neighbouring versions"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_write_the_same_rows_take_turns() {
    let place = place!("turns");
    let first = place.open(Options::default());
    has_shards(&first, 64).await;
    let dir = Dir::new();
    place.share_key(&dir);
    let second = place.try_open(&dir, place.settings(), Options::default()).unwrap();
    let writers = [&first, &second].map(|store| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..100 {
                let add = |tx: &Tx<'_>| {
                    // Reads, and then writes what follows from it.
                    let sql = "SELECT v FROM pair WHERE k = 'sum'";
                    let sum = tx.query_one(sql, &[], |row| row.int(0))?.unwrap_or(0);
                    let sql = "INSERT INTO pair (k, v) VALUES ('sum', ?1) ON CONFLICT (k) DO UPDATE SET v = excluded.v";
                    tx.put(sql, &[(sum + 1).into()])
                };
                let added: Result<(), Error> = match n % 2 {
                    0 => store.write(add).await,
                    _ => store.write_apart(add).await,
                };
                added.unwrap();
            }
        })
    });
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(total(&second).await, Ok(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_lose_nothing_and_write_nothing_twice() {
    let place = place!("cut");
    let store = place.open(Options::default());
    let is_over = Arc::new(AtomicBool::new(false));
    let writers = (0..4).map(|writer| {
        let (store, is_over) = (store.clone(), is_over.clone());
        tokio::spawn(async move {
            let (mut told, mut failed) = (0, 0);
            while !is_over.load(Ordering::SeqCst) {
                // Not idempotent: a run too many would be seen.
                let added = store.write(move |tx| {
                    let sql =
                        "INSERT INTO pair (k, v) VALUES (?1, 1) ON CONFLICT (k) DO UPDATE SET v = pair.v + 1";
                    tx.put(sql, &[Param::Text(&writer.to_string())])
                });
                match added.await {
                    Ok::<(), Error>(()) => told += 1,
                    Err(error) if error.may_pass() => failed += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            (told, failed)
        })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..12 {
        let before = place.cluster.sql(&place.database, "SELECT COALESCE(SUM(v), 0) FROM pair");
        place.cut();
        // Until they have written again.
        while place.cluster.sql(&place.database, "SELECT COALESCE(SUM(v), 0) FROM pair") == before {}
    }
    is_over.store(true, Ordering::SeqCst);
    let (mut told, mut failed) = (0, 0);
    for writer in writers {
        let (own, own_failed) = writer.await.unwrap();
        told += own;
        failed += own_failed;
    }
    assert_eq!(total(&store).await, Ok(told), "{failed} failed");
    assert_eq!(failed, 0, "an outage of no length");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_down_is_used_again() {
    let Some(cluster) = Cluster::start() else { return };
    let dir = Dir::new();
    let settings = Postgres::at(cluster.database("down"));
    let options = Options { postgres: Some(settings), ..Options::default() };
    let store = Store::open(&dir.0, options, Arc::new(SystemClock::new())).unwrap();
    store.migrate("test", TABLES).unwrap();
    put(&store, "a", 1).await.unwrap();
    cluster.restart();
    put(&store, "b", 2).await.unwrap();
    cluster.stop();
    let waiting = store.write(|tx| tx.execute("INSERT INTO pair (k, v) VALUES ('c', 4)", &[]));
    let waiting = tokio::spawn(waiting);
    assert!(total(&store).await.is_err_and(|error| error.may_pass()));
    cluster.go_on();
    waiting.await.unwrap().unwrap();
    assert_eq!(cluster.sql("down", "SELECT SUM(v) FROM pair"), "7");
    while total(&store).await != Ok(7) {}
}

#[tokio::test]
async fn what_was_taken_for_granted_and_is_not_so_is_done_again() {
    let place = place!("guesses");
    let store = place.open(Options::default());
    put(&store, "a", 1).await.unwrap();
    let jobs = (0..20).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(move |tx| {
                    let name = ["a", "b"][n % 2];
                    if !tx.holds("SELECT 1 FROM pair WHERE k = ?1", &[Param::Text(name)])? {
                        return Ok((n, false, false));
                    }
                    let sql = "INSERT INTO pair (k, v) VALUES (?1, 1) ON CONFLICT (k) DO NOTHING";
                    let is_new = tx.holds(sql, &[Param::Text(&format!("n{}", n / 4))])?;
                    Ok::<_, Error>((n, true, is_new))
                })
                .await
        })
    });
    let mut n_new = 0;
    for job in jobs.collect::<Vec<_>>() {
        let (n, has, is_new) = job.await.unwrap().unwrap();
        assert_eq!(has, n % 2 == 0, "{n}");
        n_new += i64::from(is_new);
    }
    assert_eq!((n_new, total(&store).await), (5, Ok(6)));
}

#[tokio::test]
async fn numbers_are_handed_out_once() {
    let place = place!("numbers");
    let store = place.open(Options::disturbed());
    let sequence = store.sequence("keys", |_| Ok::<_, Error>(42)).unwrap();
    assert_eq!((sequence.next(), sequence.next()), (Ok(42), Ok(43)));
    let take = |n| store.write(move |tx| tx.take_numbers("rows", n));
    assert_eq!((take(1).await, take(3).await, take(1).await), (Ok(1), Ok(2), Ok(5)));
    drop(sequence);
    store.close().await;
    drop(store);
    let again = place.open(Options::default()).sequence("keys", |_| Err(Error::Closed)).unwrap();
    assert!(43 < again.next().unwrap());
}

#[tokio::test]
async fn a_database_that_can_t_be_reached_is_named_without_its_password() {
    let dir = Dir::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = Postgres::at(format!("postgres://somebody:verysecret@127.0.0.1:{port}/nothing"));
    assert!(!format!("{settings:?}").contains("verysecret"));
    let options = Options { postgres: Some(settings), ..Options::default() };
    let error = Store::open(&dir.0, options, Arc::new(SystemClock::new())).map(drop).unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error}");
    assert!(!error.to_string().contains("verysecret"), "{error}");
}
