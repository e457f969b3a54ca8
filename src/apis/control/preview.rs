//! What an import would change: it is done, looked at and taken back, all within one job of the store.

use serde_json::Value;

use super::super::documentation_import::PutMode;
use super::super::ids::ApiId;
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::exports::document;
use super::imports::{Import, ImportOptions};
use crate::apis::error::Error;
use crate::id::AccountRegion;
use crate::store;

/// An API's working copy before and after an import, as OpenAPI 3.0 documents with all extensions, without documentation.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewedImport {
    /// As it is.
    pub before: Value,
    /// As it would be.
    pub after: Value,
    /// What would be left out of the document, and why.
    pub warnings: Vec<String>,
}

/// How the job ends: never well, so that nothing of it is kept.
enum Undone {
    Previewed(Box<PreviewedImport>),
    Failed(Error),
}

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<store::Error> for Undone {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Apis {
    /// What [`Apis::put_rest_api`] would change.
    pub async fn preview_import(
        &self,
        owner: &AccountRegion,
        id: &ApiId,
        body: &[u8],
        mode: PutMode,
        options: ImportOptions,
    ) -> Result<PreviewedImport, Error> {
        let (apis, id, owner) = (self.clone(), id.clone(), owner.clone());
        let definition = options.read(body, &owner, &id)?;
        let job = self.store().write(move |tx| -> Result<(), Undone> {
            let rows = Rows::new(tx, owner.clone());
            let api = rows.api(&id)?;
            let before = document(&rows.working_copy(&id)?, &owner)?;
            let import = Import { rows: &rows, apis: &apis, mode, options: &options };
            let warnings = import.run(api, definition.clone())?.warnings;
            let after = document(&rows.working_copy(&id)?, &owner)?;
            Err(Undone::Previewed(Box::new(PreviewedImport { before, after, warnings })))
        });
        match job.await {
            Ok(()) => Err(Error::Unfinished),
            Err(Undone::Previewed(previewed)) => Ok(*previewed),
            Err(Undone::Failed(error)) => Err(error),
        }
    }
}
