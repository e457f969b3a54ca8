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
    let ended = runtime.block_on(async {
        // As soon as the server reports that it is ready, somebody may stop it.
        let mut stop = Box::pin(stop_signal().context("cannot listen for signals")?);
        let mut starting = Server::start(settings.server);
        let server = tokio::select! {
            biased;
            server = &mut starting => server?,
            // A standby may have to wait for long.
            () = &mut stop => return Ok::<_, anyhow::Error>(None),
        };
        welcome::print(&server, arguments.json)?;
        server.run(stop).await?;
        Ok(Some(ExitCode::SUCCESS))
    });
    match ended? {
        Some(code) => Ok(code),
        None => {
            // What still waits for a database waits in vain.
            runtime.shutdown_background();
            Ok(ExitCode::SUCCESS)
        }
    }
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
