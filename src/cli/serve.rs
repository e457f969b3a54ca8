//! `stepgate serve`

use std::process::ExitCode;

use anyhow::Context;

use super::arguments::Serve;
use super::settings::Settings;
use super::{logs, welcome};
use crate::server::Server;

pub(super) fn run(arguments: &Serve) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(arguments)?;
    logs::start(&settings.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("stepgate")
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        // As soon as the server reports that it is ready, somebody may stop it.
        let stop = stop_signal().context("cannot listen for signals")?;
        let server = Server::start(settings.server).await?;
        welcome::print(&server, arguments.json)?;
        server.run(stop).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Completes on the first SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
