//! Moving everything durable from the data directory to a database server, or back.

use std::sync::Arc;

use super::error::Error;
use super::options::Options;
use crate::apis::Apis;
use crate::assets::{logs, s3, ssm};
use crate::clock::{Clock, SystemClock};
use crate::cognito;
use crate::engine::Engine;
use crate::functions::Functions;
use crate::identity::Sessions;
use crate::identity::iam::Iam;
use crate::stack::Stacks;
use crate::store::{self, Moved, Store};

pub use crate::store::Progress;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the database in the data directory.
    ToServer,
    /// To a new database in the data directory.
    ToDirectory,
}

/// Moves everything durable between the data directory and the database server of `options`; no server may use either. The
/// place it comes from stays as it is. One that was interrupted goes on when it is run again.
///
/// # Errors
/// Any [`Error`]. What was moved is not used by a server before all of it is.
pub async fn migrate(
    options: &Options,
    direction: Direction,
    progress: impl FnMut(&Progress<'_>),
) -> Result<Moved, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store_options = store::Options {
        master_key: options.secrets.source()?,
        postgres: options.store.settings()?,
        ..store::Options::default()
    };
    let into_server = direction == Direction::ToServer;
    let (from, to) = Store::open_both(&options.data_dir, store_options, into_server, clock)?;
    // Every room brings its tables up to date, so that they are alike.
    for store in [&from, &to] {
        upgrade(store)?;
    }
    let moved = store::migrate(&from, &to, progress).await;
    to.close().await;
    from.close().await;
    Ok(moved?)
}

/// Makes the tables of all rooms, or upgrades them.
fn upgrade(store: &Store) -> Result<(), Error> {
    Iam::migrate(store)?;
    Sessions::migrate(store)?;
    s3::Buckets::migrate(store)?;
    ssm::Parameters::migrate(store)?;
    logs::LogGroups::migrate(store)?;
    Engine::migrate(store)?;
    Functions::migrate(store)?;
    Apis::migrate(store)?;
    cognito::migrate(store)?;
    Stacks::migrate(store).map_err(|reason| Error::Stack { name: String::new(), reason })
}
