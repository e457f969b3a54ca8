//! Reading threads, each with its own connection, beside the writer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::job::{Answer, Owner, Query};
use super::secrets::Secrets;
use super::statements::Link;
use super::{Error, Options, Tx};

/// A handle to the reading threads, which end when it is dropped or stopped.
pub(super) struct Readers {
    jobs: Mutex<Option<mpsc::Sender<Query>>>,
}

impl Readers {
    /// Starts the threads.
    pub(super) fn start(path: &Path, options: &Options, secrets: &Arc<Secrets>) -> Result<Self, Error> {
        let (jobs, inbox) = mpsc::channel::<Query>();
        let inbox = Arc::new(Mutex::new(inbox));
        for _ in 0..options.readers.max(1) {
            let connection = options.open_reader(path)?;
            let (inbox, secrets) = (inbox.clone(), secrets.clone());
            thread::Builder::new()
                .name("store-reader".into())
                .spawn(move || run(&connection, &secrets, &inbox))
                .map_err(|error| Error::Io(error.to_string()))?;
        }
        Ok(Self::over(jobs))
    }

    /// The handle to threads that take `jobs`.
    pub(super) fn over(jobs: mpsc::Sender<Query>) -> Self {
        Self { jobs: Mutex::new(Some(jobs)) }
    }

    /// Queues `job`. All of its statements see the same snapshot.
    pub(super) fn send<T, E>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Answer<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.queue(Query::new(job, Owner::Future(sender)));
        Answer::of(receiver)
    }

    fn queue(&self, job: Query) {
        if let Some(jobs) = &*self.jobs.lock().unwrap_or_else(PoisonError::into_inner) {
            // If sending fails, the result's sender is dropped, which the receiver notices.
            let _ = jobs.send(job);
        }
    }

    /// Lets the threads end after the queued jobs.
    pub(super) fn stop(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn run(connection: &Connection, secrets: &Secrets, inbox: &Mutex<mpsc::Receiver<Query>>) {
    loop {
        let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        let statement = |sql| -> Result<(), Error> {
            connection.prepare_cached(sql)?.execute([])?;
            Ok(())
        };
        match statement("BEGIN") {
            Ok(()) => {
                job.run(&Tx::new(Link::Sqlite(connection), secrets));
                if !connection.is_autocommit()
                    && let Err(error) = statement("ROLLBACK")
                {
                    tracing::error!(%error, "a reader could not end its snapshot");
                }
            }
            Err(error) => job.refuse(error),
        }
    }
}
