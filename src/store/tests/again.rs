//! Jobs that others are in the way of: run again, with nothing left of the run before.

use super::*;

fn opened(dir: &Dir, meets: impl Fn(Place, u32) -> bool + Send + Sync + 'static) -> Store {
    dir.open(Options { conflicts: Some(Conflicts::new(meets)), ..Options::default() })
}

/// Counts the runs of a job, which nothing but a test may do.
fn counted(store: &Store, runs: &Arc<AtomicUsize>, k: &'static str) -> Answer<usize, Error> {
    let runs = runs.clone();
    store.write(move |tx| {
        tx.execute("INSERT INTO pair (k, v) VALUES (?1, 1)", &[k.into()])?;
        Ok::<_, Error>(runs.fetch_add(1, Ordering::SeqCst) + 1)
    })
}

#[tokio::test]
async fn a_job_that_met_a_conflict_is_run_again_and_answers_what_its_last_run_did() {
    let (dir, runs) = (Dir::new(), Arc::default());
    let store = opened(&dir, |place, run| place == Place::Job && run < 3);
    assert_eq!(counted(&store, &runs, "a").await, Ok(3));
    assert_eq!(sum(&store).await, Some(1), "of the runs before, nothing is left");
}

#[tokio::test]
async fn jobs_of_a_group_that_can_t_be_committed_are_all_run_again() {
    let (dir, runs) = (Dir::new(), Arc::default());
    let store = opened(&dir, |place, run| place == Place::Commit && run == 1);
    // They wait together behind one that waits for all of them to be there.
    let (go_on, told) = std::sync::mpsc::channel::<()>();
    let told = Mutex::new(told);
    let first = store.write(move |_| Ok::<_, Error>(told.lock().unwrap().recv().is_err()));
    let jobs = [counted(&store, &runs, "a"), counted(&store, &runs, "b"), counted(&store, &runs, "a")];
    drop(go_on);
    assert_eq!(first.await, Ok(true));
    let [a, b, again] = jobs;
    // The third fails in each run, after which only it is undone, and is run again, as somebody else might have been.
    assert_eq!((a.await, b.await), (Ok(3), Ok(4)));
    assert!(matches!(again.await, Err(Error::Exists(_))));
    assert_eq!(sum(&store).await, Some(2));
}

#[tokio::test]
async fn a_job_is_given_up_after_some_runs() {
    for always in [Place::Job, Place::Commit] {
        let (dir, runs) = (Dir::new(), Arc::new(AtomicUsize::new(0)));
        let meets = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let store = {
            let meets = meets.clone();
            opened(&dir, move |place, _| place == always && meets.load(Ordering::SeqCst))
        };
        meets.store(true, Ordering::SeqCst);
        let error = counted(&store, &runs, "a").await.unwrap_err();
        assert!(matches!(error, Error::Conflict(_)) && error.may_pass(), "{error}");
        assert_eq!(runs.load(Ordering::SeqCst), 4);
        assert_eq!(sum(&store).await, None);
        meets.store(false, Ordering::SeqCst);
        assert_eq!(counted(&store, &runs, "a").await, Ok(5));
    }
}

#[tokio::test]
async fn a_job_that_looks_before_it_inserts_sees_what_came_in_between_when_it_is_run_again() {
    let dir = Dir::new();
    let store = opened(&dir, |_, _| false);
    put(&store, "a", 7).await.unwrap();
    // Its first look is from before that, as it would be beside another writer.
    let is_early = std::sync::atomic::AtomicBool::new(true);
    let found = store.write(move |tx| {
        let sql = "SELECT v FROM pair WHERE k = 'a'";
        let found = tx.query_one(sql, &[], |row| row.int(0))?;
        match found.filter(|_| !is_early.swap(false, Ordering::SeqCst)) {
            Some(found) => Ok(found),
            None => tx.execute("INSERT INTO pair (k, v) VALUES ('a', 1)", &[]).map(|_| 1),
        }
    });
    assert_eq!(found.await, Ok(7));
}

#[tokio::test]
async fn a_job_can_t_go_on_after_a_statement_that_failed() {
    let dir = Dir::new();
    let store = opened(&dir, |_, _| false);
    put(&store, "a", 1).await.unwrap();
    let ignoring = store.write(|tx| {
        tx.execute("INSERT INTO pair (k, v) VALUES ('b', 1)", &[])?;
        let _ = tx.execute("INSERT INTO pair (k, v) VALUES ('a', 1)", &[]);
        Ok::<_, Error>(())
    });
    assert!(matches!(ignoring.await, Err(Error::Exists(_))));
    assert_eq!(sum(&store).await, Some(1));
}

#[tokio::test]
async fn a_job_gives_back_what_it_borrowed_and_holds_nothing_any_more() {
    let dir = Dir::new();
    let store = dir.open(Options::default());
    let (input, held) = (vec!["a".to_owned(), "b".to_owned()], Arc::new(()));
    let holds = held.clone();
    let insert = move |keys: &Vec<String>, tx: &Tx<'_>| {
        let _held = &holds;
        let sql = "INSERT INTO pair (k, v) VALUES (?1, 1)";
        keys.iter().try_fold(0, |n, key| Ok::<_, Error>(n + tx.execute(sql, &[Param::Text(key)])?))
    };
    let (input, n) = store.write_with(input, insert).await.unwrap();
    assert_eq!((input.as_slice(), n), (["a".to_owned(), "b".to_owned()].as_slice(), 2));
    assert_eq!(Arc::strong_count(&held), 1);
    let none = store.write_with(input, |_, tx| tx.execute("INSERT INTO pair (k) VALUES (NULL)", &[])).await;
    assert!(matches!(none, Err(Error::Sql(_))), "{none:?}");
}
