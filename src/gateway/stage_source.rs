//! The store as the data plane's source of stages and keys.

use super::backends::BoxFuture;
use super::stages::{SourceError, StageSource};
use crate::apis::{ApiId, Apis, LiveKey, LiveStage, StageName};
use crate::id::AccountRegion;

impl StageSource for Apis {
    fn load<'a>(
        &'a self,
        api: &'a ApiId,
        stage: &'a StageName,
    ) -> BoxFuture<'a, Result<Option<LiveStage>, SourceError>> {
        Box::pin(async move { self.live_stage(api, stage).await.map_err(|error| SourceError(error.into())) })
    }

    fn apis_with_stage<'a>(&'a self, stage: &'a StageName) -> BoxFuture<'a, Result<Vec<ApiId>, SourceError>> {
        // The inherent method of the same name, which reads the store.
        Box::pin(async move {
            Self::apis_with_stage(self, stage).await.map_err(|error| SourceError(error.into()))
        })
    }

    fn key<'a>(
        &'a self,
        owner: &'a AccountRegion,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<LiveKey>, SourceError>> {
        Box::pin(async move { self.live_key(owner, value).await.map_err(|error| SourceError(error.into())) })
    }
}
