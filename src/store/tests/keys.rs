//! Secrets on disk: encrypted, with a key that can be found again and rotated.

use std::fs;

use super::*;

const COLUMN: SealedColumn = SealedColumn {
    table: "secret",
    column: "sealed",
    key: &["name"],
    lookup: Some(Lookup { column: "lookup", of: |value| String::from_utf8(value.to_vec()).ok() }),
};
const STEPS: &[Step] = &[Step::Sql("CREATE TABLE secret (name TEXT PRIMARY KEY, lookup BLOB, sealed BLOB)")];
const VALUE: &str = "a-very-secret-value";

async fn put_secret(store: &Store, name: &'static str, value: &'static str) {
    store.migrate("secrets", STEPS).unwrap();
    let put: Result<usize, Error> = store
        .write(move |tx| {
            let sealed = tx.seal(&COLUMN, &[name], value.as_bytes())?;
            let lookup = tx.lookup(&COLUMN, value);
            let sql = "INSERT INTO secret (name, lookup, sealed) VALUES (?1, ?2, ?3)";
            tx.execute(sql, &[name.into(), Param::Blob(&lookup), Param::Blob(&sealed)])
        })
        .await;
    assert_eq!(put, Ok(1));
}

/// The name found by the value, and the value found by the name.
async fn find(store: &Store, value: &'static str) -> Result<Option<(String, String)>, Error> {
    store
        .read(move |tx| {
            let sql = "SELECT name, sealed FROM secret WHERE lookup = ?1";
            let lookup = tx.lookup(&COLUMN, value);
            let found = tx.query_one(sql, &[Param::Blob(&lookup)], |row| Ok((row.text(0)?, row.blob(1)?)))?;
            let unseal = |(name, sealed): (String, Vec<u8>)| {
                let value = tx.unseal(&COLUMN, &[&name], &sealed)?;
                Ok((name, String::from_utf8(value).unwrap()))
            };
            found.map(unseal).transpose()
        })
        .await
}

fn found(name: &str) -> Result<Option<(String, String)>, Error> {
    Ok(Some((name.to_owned(), VALUE.to_owned())))
}

fn given(digit: &str) -> MasterKeySource {
    MasterKeySource::Given(MasterKey::parse(&digit.repeat(64)).unwrap())
}

fn open(dir: &Dir, master_key: MasterKeySource) -> Result<Store, Error> {
    Store::open(&dir.0, Options { master_key, ..Options::default() }, Arc::new(SystemClock::new()))
}

async fn close(store: Store) {
    store.close().await;
    drop(store);
}

/// Whether any file in the directory contains the text.
fn is_on_disk(dir: &Dir, text: &str) -> bool {
    let files = fs::read_dir(&dir.0).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
}

#[tokio::test]
async fn secrets_are_read_again_and_are_not_on_disk() {
    let dir = Dir::new();
    let store = open(&dir, MasterKeySource::Beside).unwrap();
    put_secret(&store, "a", VALUE).await;
    put_secret(&store, "b", "another-secret-value").await;
    assert!(!is_on_disk(&dir, VALUE));
    close(store).await;
    assert!(!is_on_disk(&dir, VALUE));
    let store = open(&dir, MasterKeySource::Beside).unwrap();
    assert_eq!(find(&store, VALUE).await, found("a"));
    assert_eq!(find(&store, "no such value").await, Ok(None));
}

#[tokio::test]
async fn values_cannot_change_places() {
    let dir = Dir::new();
    let store = open(&dir, MasterKeySource::Beside).unwrap();
    put_secret(&store, "a", VALUE).await;
    put_secret(&store, "b", "another-secret-value").await;
    let swap = "UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE name = 'b') WHERE name = 'a'";
    let swapped: Result<usize, Error> = store.write(move |tx| tx.execute(swap, &[])).await;
    assert_eq!(swapped, Ok(1));
    assert!(matches!(find(&store, VALUE).await, Err(Error::Corrupt(_))));
}

#[tokio::test]
async fn the_wrong_key_or_none_is_refused() {
    let dir = Dir::new();
    let store = open(&dir, MasterKeySource::Beside).unwrap();
    put_secret(&store, "a", VALUE).await;
    close(store).await;
    assert!(matches!(open(&dir, given("1")), Err(Error::MasterKey(_))));
    let key = fs::read(dir.0.join("secrets.key")).unwrap();
    for replaced in [None, Some(&b"nonsense"[..]), Some(&[0xff; 40][..]), Some("00".repeat(32).as_bytes())] {
        fs::remove_file(dir.0.join("secrets.key")).unwrap();
        if let Some(bytes) = replaced {
            fs::write(dir.0.join("secrets.key"), bytes).unwrap();
        }
        assert!(matches!(open(&dir, MasterKeySource::Beside), Err(Error::MasterKey(_))), "{replaced:?}");
        fs::write(dir.0.join("secrets.key"), &key).unwrap();
    }
    let store = open(&dir, MasterKeySource::Beside).unwrap();
    assert_eq!(find(&store, VALUE).await, found("a"));
}

#[tokio::test]
async fn keys_change_and_move() {
    let dir = Dir::new();
    let store = open(&dir, MasterKeySource::Beside).unwrap();
    put_secret(&store, "a", VALUE).await;
    put_secret(&store, "b", "another-secret-value").await;
    // What has no secret has none afterwards.
    let without = |tx: &Tx<'_>| tx.execute("INSERT INTO secret (name) VALUES ('c')", &[]);
    store.write(without).await.unwrap();
    close(store).await;
    let mut source = MasterKeySource::Beside;
    for next in [MasterKeySource::Beside, given("1"), given("1"), given("2"), MasterKeySource::Beside] {
        let (key, database) =
            (fs::read(dir.0.join("secrets.key")).ok(), fs::read(dir.0.join("stepgate.db")).unwrap());
        let store = open(&dir, source.clone()).unwrap();
        assert_eq!(store.rotate(vec![&COLUMN], next.clone()).await, Ok(2));
        close(store).await;
        assert_ne!(fs::read(dir.0.join("stepgate.db")).unwrap(), database);
        assert!(fs::read(dir.0.join("secrets.key")).ok() != key || key.is_none());
        assert!(!dir.0.join("secrets.key.new").exists());
        let store = open(&dir, next.clone()).unwrap();
        assert_eq!(find(&store, VALUE).await, found("a"));
        close(store).await;
        source = next;
    }
    assert!(matches!(open(&dir, given("1")), Err(Error::MasterKey(_))));
}

/// A rotation that is interrupted anywhere either happened or did not.
#[tokio::test]
async fn a_change_of_keys_that_is_cut_short_is_mended() {
    let (dir, images) = (Dir::new(), Dir::new());
    let store = open(&dir, MasterKeySource::Beside).unwrap();
    put_secret(&store, "a", VALUE).await;
    close(store).await;
    let taken: Arc<Mutex<Vec<PathBuf>>> = Arc::default();
    let probe = {
        let (from, to, taken) = (dir.0.clone(), images.0.clone(), taken.clone());
        Probe::new(move |_| {
            let mut taken = taken.lock().unwrap();
            let image = to.join(taken.len().to_string());
            crash_image(&from, &image);
            if from.join("secrets.key.new").exists() {
                fs::copy(from.join("secrets.key.new"), image.join("secrets.key.new")).unwrap();
            }
            taken.push(image);
        })
    };
    let options = Options { probe: Some(probe), ..Options::default() };
    let store = Store::open(&dir.0, options, Arc::new(SystemClock::new())).unwrap();
    assert_eq!(store.rotate(vec![&COLUMN], MasterKeySource::Beside).await, Ok(1));
    drop(store);
    let taken = std::mem::take(&mut *taken.lock().unwrap());
    assert!(taken.iter().any(|image| image.join("secrets.key.new").exists()));
    for image in taken {
        let store = Store::open(&image, Options::default(), Arc::new(SystemClock::new())).unwrap();
        assert_eq!(find(&store, VALUE).await, found("a"), "{}", image.display());
        assert!(!image.join("secrets.key.new").exists());
        assert_eq!(store.rotate(vec![&COLUMN], MasterKeySource::Beside).await, Ok(1));
    }
}
