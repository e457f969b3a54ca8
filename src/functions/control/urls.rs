//! Function URLs as they are kept: <https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html>.

use std::sync::Arc;

use super::permissions::{document, qualified};
use super::{Functions, KNOWN_MAX};
use crate::functions::deployed::function_arn;
use crate::functions::error::Error;
use crate::functions::model::{Cors, Function, UrlConfig};
use crate::functions::tables;
use crate::id::AccountRegion;
use crate::policy::{Policy, PolicyKind};

/// Characters of a URL's id.
const ID_LENGTH: usize = 32;

/// What a URL's configuration says.
#[derive(Clone, Debug, Default)]
pub struct UrlChange {
    /// `AWS_IAM` or `NONE`.
    pub auth_type: Option<String>,
    /// `BUFFERED` or `RESPONSE_STREAM`.
    pub invoke_mode: Option<String>,
    /// What pages of other origins may do.
    pub cors: Option<Cors>,
}

/// Where a URL leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UrlTarget {
    pub(crate) home: AccountRegion,
    pub(crate) name: String,
    /// The alias, if it is an alias's URL.
    pub(crate) qualifier: Option<String>,
}

/// A URL and what its calls need to know.
pub(crate) struct UrlFound {
    pub(crate) target: UrlTarget,
    pub(crate) config: UrlConfig,
    /// The ARN of the function or the alias.
    pub(crate) arn: String,
    /// The function's policy: `None` if it has none.
    pub(crate) policy: Option<Policy>,
}

impl Functions {
    /// Gives a function, or one of its aliases, a URL.
    pub async fn create_url(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<String>,
        given: UrlChange,
    ) -> Result<UrlConfig, Error> {
        let (of, id, now) =
            (home.clone(), self.inner.ids.lower_alphanumeric(ID_LENGTH), self.inner.clock.now());
        self.change(home, name, move |_, function| {
            let qualifier = checked(&of, function, qualifier.clone())?;
            if function.urls.contains_key(&qualifier) {
                return Err(Error::Conflict(format!(
                    "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig \
                     exists for this Lambda function",
                    qualified(&of, &function.name, &qualifier)
                )));
            }
            let url = UrlConfig {
                id: id.clone(),
                auth_type: given.auth_type.clone().unwrap_or_else(|| "AWS_IAM".to_owned()),
                invoke_mode: given.invoke_mode.clone().unwrap_or_else(|| "BUFFERED".to_owned()),
                cors: given.cors.clone(),
                created: now,
                last_modified: now,
            };
            function.urls.insert(qualifier, url.clone());
            Ok(url)
        })
        .await
    }

    /// Changes a URL's configuration; what isn't given stays.
    pub async fn update_url(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<String>,
        given: UrlChange,
    ) -> Result<UrlConfig, Error> {
        let (of, now) = (home.clone(), self.inner.clock.now());
        self.change(home, name, move |_, function| {
            let qualifier = checked(&of, function, qualifier.clone())?;
            let url = function.urls.get_mut(&qualifier).ok_or_else(missing)?;
            if let Some(auth_type) = given.auth_type.clone() {
                url.auth_type = auth_type;
            }
            if let Some(invoke_mode) = given.invoke_mode.clone() {
                url.invoke_mode = invoke_mode;
            }
            if given.cors.is_some() {
                url.cors = given.cors.clone();
            }
            url.last_modified = now;
            Ok(url.clone())
        })
        .await
    }

    /// Takes a URL away for ever: another one has another id.
    pub async fn delete_url(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<String>,
    ) -> Result<(), Error> {
        let of = home.clone();
        self.change(home, name, move |_, function| {
            let qualifier = checked(&of, function, qualifier.clone())?;
            function.urls.remove(&qualifier).map(|_| ()).ok_or_else(missing)
        })
        .await
    }

    /// The URL of a function or an alias.
    pub async fn url(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<String>,
    ) -> Result<UrlConfig, Error> {
        self.look(home, name, move |_, home, mut function| {
            let qualifier = checked(home, &function, qualifier)?;
            function.urls.remove(&qualifier).ok_or_else(missing)
        })
        .await
    }

    /// All URLs of a function, by alias; `""` for the function's own.
    pub async fn urls(&self, home: &AccountRegion, name: &str) -> Result<Vec<(String, UrlConfig)>, Error> {
        self.look(home, name, |_, _, function| Ok(function.urls.into_iter().collect())).await
    }

    /// What the URL of this id leads to, if there is one.
    ///
    /// A URL is read, and its policy understood, when it is first called and after its function was changed.
    pub(crate) async fn find_url(&self, id: &str) -> Result<Option<Arc<UrlFound>>, Error> {
        let n_changes = {
            let cache = self.inner.cache();
            if let Some(found) = cache.by_url.get(id) {
                return Ok(found.clone());
            }
            cache.n_changes
        };
        let found = self.read_url(id).await?.map(Arc::new);
        let mut cache = self.inner.cache();
        // As in `cached`: what was read before a change must not come back.
        if cache.n_changes == n_changes {
            if KNOWN_MAX <= cache.by_url.len() {
                cache.by_url.clear();
            }
            cache.by_url.insert(id.to_owned(), found.clone());
        }
        Ok(found)
    }

    async fn read_url(&self, id: &str) -> Result<Option<UrlFound>, Error> {
        let wanted = id.to_owned();
        let read = self.inner.store.read(move |tx| tables::url(tx, &wanted)).await?;
        let Some((home, name, qualifier)) = read else { return Ok(None) };
        let qualifier = Some(qualifier).filter(|qualifier| !qualifier.is_empty());
        let target = UrlTarget { home, name, qualifier };
        let known = match self.cached(&target.home, &target.name).await {
            Ok(known) => known,
            Err(Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let qualifier = target.qualifier.as_deref().unwrap_or_default();
        let Some(config) = known.function.urls.get(qualifier).cloned() else { return Ok(None) };
        let arn = qualified(&target.home, &target.name, qualifier);
        let policy = known.function.policies.get(qualifier).map(|policy| document(policy, &arn));
        // Statements are made by this room, so they can be read again.
        let policy = policy.and_then(|policy| Policy::from_value(&policy, PolicyKind::Resource).ok());
        Ok(Some(UrlFound { target, config, arn, policy }))
    }
}

/// The key of a URL: an alias, or `""`.
fn checked(home: &AccountRegion, function: &Function, qualifier: Option<String>) -> Result<String, Error> {
    let qualifier = qualifier.unwrap_or_default();
    if qualifier.is_empty() || function.aliases.contains_key(&qualifier) {
        return Ok(qualifier);
    }
    let arn = function_arn(home, &function.name);
    Err(Error::NotFound(format!("Function does not exist: {arn}:{qualifier}")))
}

fn missing() -> Error {
    Error::NotFound("The resource you requested does not exist.".to_owned())
}
