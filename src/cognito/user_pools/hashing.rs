//! Work that takes a while, off the serving threads: as much at a time as there are processors.

use tokio::task::spawn_blocking;

use super::password::{self, Kept};
use super::srp::SALT_BYTES;
use crate::cognito::Cognito;
use crate::cognito::error::Error;

/// Does `work` on the blocking pool when it is its turn.
pub(super) async fn off<T: Send + 'static>(
    cognito: &Cognito,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let turn = cognito.0.hashing.acquire().await.map_err(|_| Error::Key)?;
    let done = spawn_blocking(work).await.map_err(|_| Error::Key);
    drop(turn);
    done
}

/// What is kept of a password.
pub(super) async fn keep(
    cognito: &Cognito,
    pool_id: &str,
    username: &str,
    password: String,
) -> Result<Kept, Error> {
    let (pool, username) = (pool_name(pool_id).to_owned(), username.to_owned());
    let mut salts = [[0; SALT_BYTES]; 2];
    salts.iter_mut().for_each(|salt| cognito.0.ids.fill(salt));
    off(cognito, move || Kept::new(&pool, &username, &password, salts)).await?
}

/// Whether it is the password that is kept; takes as long if none is.
pub(super) async fn check(cognito: &Cognito, kept: Option<Kept>, password: String) -> Result<bool, Error> {
    off(cognito, move || match kept {
        Some(kept) => kept.is(&password),
        None => {
            password::waste_time(&password);
            Ok(false)
        }
    })
    .await?
}

/// What SRP calls a pool: its id without the region.
pub(super) fn pool_name(pool_id: &str) -> &str {
    pool_id.split_once('_').map_or(pool_id, |(_, name)| name)
}
