//! `stepgate migrate`

use std::process::ExitCode;

use anyhow::{Context, bail};

use super::arguments::{Migrate, Serve};
use super::output;
use super::settings::Settings;
use crate::server::{self, DatabaseUrl, Direction};
use crate::store::Stage;

/// After how many rows progress is shown again.
const SHOWN_EACH: u64 = 50_000;

pub(super) fn run(arguments: &Migrate) -> anyhow::Result<ExitCode> {
    let Migrate { from, to, config } = arguments.clone();
    let mut settings = Settings::load(&Serve { config, ..Serve::default() })?;
    super::logs::start(&settings.log)?;
    let options = &mut settings.server;
    let (directory, url, direction) = match (is_url(&from), is_url(&to)) {
        (false, true) => (from, to, Direction::ToServer),
        (true, false) => (to, from, Direction::ToDirectory),
        _ => bail!(
            "one of --from and --to is a data directory, the other one the URL of a database, postgres://…"
        ),
    };
    if direction == Direction::ToServer {
        let database = std::path::Path::new(&directory).join("stepgate.db");
        std::fs::metadata(&database).with_context(|| format!("{directory} is no data directory"))?;
    }
    options.data_dir = directory.clone().into();
    options.store.url = Some(DatabaseUrl(url));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let mut shown = 0;
    let moved = runtime.block_on(server::migrate(options, direction, |progress| {
        let server::Progress { table, n_rows, of, stage } = progress;
        match stage {
            Stage::Verified => {
                shown = 0;
                output::progress(&format!("{table}: {of} rows, the same on both sides"));
            }
            Stage::Copying if shown + SHOWN_EACH <= *n_rows => {
                shown = *n_rows;
                output::progress(&format!("{table}: {n_rows} of {of} rows"));
            }
            Stage::Copying => {}
        }
    }))?;
    output::line(&format!("{} rows of {} tables were moved and compared", moved.n_rows, moved.n_tables));
    output::line(&match direction {
        Direction::ToServer => format!(
            "set [store] url, and keep {directory} as the data directory: stepgate.db in it is not used any more"
        ),
        Direction::ToDirectory => format!("unset [store] url, with {directory} as the data directory"),
    });
    Ok(ExitCode::SUCCESS)
}

fn is_url(place: &str) -> bool {
    place.starts_with("postgres://") || place.starts_with("postgresql://")
}
