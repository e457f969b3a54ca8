//! Threads that read, each with a connection of its own.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use super::Lease;
use crate::job::Query;
use crate::postgres::{Connector, Session};
use crate::readers::Readers;
use crate::secrets::Secrets;
use crate::statements::Link;
use crate::{Error, Postgres, Tx};

/// Starts the threads. They connect when there is something to read.
pub(crate) fn start(
    settings: &Postgres,
    lease: &Arc<Lease>,
    secrets: &Arc<Secrets>,
) -> Result<Readers, Error> {
    let connector = Connector::new(settings)?;
    let (jobs, inbox) = mpsc::channel::<Query>();
    let inbox = Arc::new(Mutex::new(inbox));
    for _ in 0..settings.readers.max(1) {
        let reader = Reader { connector: connector.clone(), lease: lease.clone(), secrets: secrets.clone() };
        let inbox = inbox.clone();
        thread::Builder::new()
            .name("store-reader".into())
            .spawn(move || reader.run(&inbox))
            .map_err(|error| Error::Io(error.to_string()))?;
    }
    Ok(Readers::over(jobs))
}

struct Reader {
    connector: Connector,
    lease: Arc<Lease>,
    secrets: Arc<Secrets>,
}

impl Reader {
    fn run(&self, inbox: &Mutex<mpsc::Receiver<Query>>) {
        let mut session: Option<Session> = None;
        loop {
            let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = job else { return };
            if self.lease.lost().is_some() {
                job.refuse(Error::Closed);
                continue;
            }
            let current =
                session.take().filter(Session::is_alive).map_or_else(|| self.connector.connect(), Ok);
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
            match current.and_then(|current| current.defer_control(begin).map(|()| current)) {
                Ok(current) => {
                    job.run(&Tx::new(Link::Postgres(&current), &self.secrets));
                    match current.control("ROLLBACK") {
                        Ok(()) => session = Some(current),
                        Err(error) => tracing::debug!(%error, "a reader could not end its snapshot"),
                    }
                }
                Err(error) => job.refuse(error),
            }
        }
    }
}
