//! `stepgate keys`

mod rotate;

use std::process::ExitCode;

use anyhow::Context;

use super::arguments::{Rotate, RotateStore, Serve};
use super::settings::Settings;
use super::{logs, output};
use crate::server::{self, Secrets};

/// `stepgate keys rotate`
pub(super) fn rotate(arguments: &Rotate) -> anyhow::Result<ExitCode> {
    rotate::run(arguments)
}

/// `stepgate keys rotate-store`
pub(super) fn rotate_store(arguments: &RotateStore) -> anyhow::Result<ExitCode> {
    let RotateStore { config, data_dir, store_url, new_key_file, new_key_env } = arguments.clone();
    let settings = Settings::load(&Serve { config, data_dir, store_url, ..Serve::default() })?;
    logs::start(&settings.log)?;
    let options = settings.server;
    // A server creates a missing directory; here a missing one means a wrong name.
    let data_dir = &options.data_dir;
    let holds = if options.store.url.is_some() { "stepgate.node" } else { "stepgate.db" };
    std::fs::metadata(data_dir.join(holds))
        .with_context(|| format!("{} is no data directory", data_dir.display()))?;
    let new = Secrets { key_file: new_key_file, key_env: new_key_env, ..Secrets::default() };
    let new = Some(new).filter(Secrets::is_elsewhere);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let n_secrets = runtime.block_on(server::rotate_store(&options, new.as_ref()))?;
    output::line(&format!("{n_secrets} secrets are encrypted with a new data key"));
    output::line(match (&new, options.secrets.is_elsewhere()) {
        (Some(_), _) => {
            "its master key is the new one from now on: name it in [secrets] before the next start"
        }
        (None, true) => "its master key is that of [secrets], as before",
        (None, false) => "its master key is new, too: secrets.key in the data directory",
    });
    Ok(ExitCode::SUCCESS)
}
