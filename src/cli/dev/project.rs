//! Which tool a project is for, and what is deployed of it.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::{cdk, sam, serverless};
use crate::cli::apply::{self, Deployment};
use crate::cli::arguments::DevProject;
use crate::cli::remote::Remote;

/// A project in a folder.
pub(super) enum Project {
    Cdk(cdk::App),
    Serverless(serverless::Service),
    Template(sam::Application),
}

impl Project {
    /// Looks what `folder` is; a file is a template.
    pub(super) fn find(folder: &Path, arguments: &DevProject) -> anyhow::Result<Self> {
        let parameters = apply::parameters(&arguments.parameters)?;
        let stack = arguments.stack_name.clone();
        if folder.is_file() {
            return Ok(Self::Template(sam::Application::new(folder, stack, parameters)?));
        }
        let is_there = |name: &&&str| folder.join(name).is_file();
        if folder.join(cdk::SETTINGS).is_file() {
            if stack.is_some() {
                bail!(
                    "the stacks of a CDK project have the names that its app gives them: --stack-name isn't for them"
                );
            }
            return Ok(Self::Cdk(cdk::App { folder: folder.to_owned(), parameters }));
        }
        if serverless::FILES.iter().any(|name| is_there(&name)) {
            let stage = arguments.stage.clone();
            return Ok(Self::Serverless(serverless::Service {
                folder: folder.to_owned(),
                stage,
                stack,
                parameters,
            }));
        }
        match sam::FILES.iter().find(is_there) {
            Some(name) => Ok(Self::Template(sam::Application::new(&folder.join(name), stack, parameters)?)),
            None => bail!(
                "{} is no project: it has neither {}, nor serverless.yml, nor template.yaml",
                folder.display(),
                cdk::SETTINGS
            ),
        }
    }

    /// The stacks to deploy, in this order.
    pub(super) async fn build(&self, remote: Remote<'_>) -> anyhow::Result<Vec<Deployment>> {
        match self {
            Self::Cdk(app) => app.build(remote).await,
            Self::Serverless(service) => service.build(),
            Self::Template(application) => application.build(),
        }
    }

    /// The folders that it is made of.
    pub(super) fn roots(&self) -> Vec<PathBuf> {
        match self {
            Self::Cdk(app) => vec![app.folder.clone()],
            Self::Serverless(service) => vec![service.folder.clone()],
            Self::Template(application) => application.roots(),
        }
    }
}
