//! What is listed and read in one way, whatever kind of part it is.

use super::super::ids::ApiId;
use super::super::page::{Page, PageRequest};
use super::super::part::{OfAccount, OfApi};
use super::super::rest_apis::Apis;
use crate::apis::error::Error;
use crate::id::AccountRegion;

impl Apis {
    /// An API's parts of a kind, by key.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such API; [`Error`] of the store.
    pub async fn parts<T: OfApi>(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        page: PageRequest,
    ) -> Result<Page<T>, Error> {
        let api_id = api_id.clone();
        self.read(owner, move |rows| {
            rows.api(&api_id)?;
            Ok(Page::of(rows.parts::<T>(&api_id)?, |part| part.key().to_owned(), &page)?)
        })
        .await
    }

    /// One part of an API.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the API, which has to be there, has no such part; [`Error`] of the store.
    pub async fn part<T: OfApi>(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        key: impl AsRef<str>,
    ) -> Result<T, Error> {
        let (api_id, key) = (api_id.clone(), key.as_ref().to_owned());
        self.read(owner, move |rows| rows.part(&api_id, &key)).await
    }

    /// What an account has of a kind in a region, by key.
    ///
    /// # Errors
    /// [`Error`] of the store.
    pub async fn all_owned<T: OfAccount>(
        &self,
        owner: &AccountRegion,
        page: PageRequest,
    ) -> Result<Page<T>, Error> {
        self.read(owner, move |rows| {
            Ok(Page::of(rows.all_owned::<T>()?, |part| part.key().to_owned(), &page)?)
        })
        .await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; [`Error`] of the store.
    pub async fn owned<T: OfAccount>(&self, owner: &AccountRegion, key: impl AsRef<str>) -> Result<T, Error> {
        let key = key.as_ref().to_owned();
        self.read(owner, move |rows| rows.owned(&key)).await
    }
}
