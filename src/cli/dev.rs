//! `stepgate dev`: a project's stacks, deployed to a running server anew with every file that is saved.

mod cdk;
mod project;
mod sam;
mod serverless;
mod tool;
mod watch;

use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use self::project::Project;
use self::watch::{PAUSE, Watch};
use super::apply::{self, Applied};
use super::arguments::DevProject;
use super::output;
use super::remote::{Remote, block_on};

/// After a file was saved, this many looks at most wait until no other one is.
const LOOKS_MAX: usize = 20;

pub(super) fn run(arguments: &DevProject) -> anyhow::Result<ExitCode> {
    let folder = arguments.folder.canonicalize();
    let folder = folder.with_context(|| format!("cannot read {}", arguments.folder.display()))?;
    let project = Project::find(&folder, arguments)?;
    let remote = Remote { endpoint: &arguments.endpoint };
    block_on(async {
        if arguments.once {
            deploy(&project, remote, arguments.json).await?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut watch = Watch::default();
        loop {
            // Looked at before anything is read: what is saved while it is deployed is deployed next.
            settle(&mut watch, &project).await?;
            if let Err(error) = deploy(&project, remote, arguments.json).await {
                fail(&error, arguments.json);
            }
            while !watch.look(&project.roots())? {
                tokio::time::sleep(PAUSE).await;
            }
        }
    })
}

/// Waits until files that are saved together are all saved.
async fn settle(watch: &mut Watch, project: &Project) -> anyhow::Result<()> {
    for _ in 0..LOOKS_MAX {
        if !watch.look(&project.roots())? {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn deploy(project: &Project, remote: Remote<'_>, as_json: bool) -> anyhow::Result<()> {
    for deployment in project.build(remote).await? {
        let stack = &deployment.stack;
        let applied = apply::deploy(remote, &deployment).await;
        report(&applied.with_context(|| format!("stack {stack}"))?, as_json)?;
    }
    Ok(())
}

fn report(applied: &Applied, as_json: bool) -> anyhow::Result<()> {
    for warning in &applied.warnings {
        output::warning(warning);
    }
    if as_json {
        let mut told: Value = serde_json::to_value(applied)?;
        told["event"] = json!("deployed");
        output::line(&told.to_string());
    } else {
        apply::lines(applied).iter().for_each(|line| output::line(line));
    }
    Ok(())
}

fn fail(error: &anyhow::Error, as_json: bool) {
    output::failure(error);
    if as_json {
        output::line(&json!({ "event": "failed", "error": format!("{error:#}") }).to_string());
    }
}
