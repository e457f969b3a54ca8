//! Logging to standard error: readable on a terminal, JSON elsewhere.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use super::arguments::LogFormat;
use super::settings::Log;

/// Starts logging. `RUST_LOG` takes precedence over the setting.
pub(super) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(level) => EnvFilter::try_new(level).context("RUST_LOG")?,
        Err(_) => EnvFilter::try_new(&log.level).context("setting log.level")?,
    };
    // The driver of PostgreSQL would log the values of statements: inputs and outputs.
    let quiet = "tokio_postgres=warn".parse().context("a directive")?;
    let filter = filter.add_directive(quiet);
    let on_terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let pretty = match log.format {
        LogFormat::Auto => on_terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    if pretty {
        builder.with_ansi(on_terminal && std::env::var_os("NO_COLOR").is_none()).init();
    } else {
        builder.json().flatten_event(true).init();
    }
    Ok(())
}
