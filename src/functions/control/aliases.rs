//! Aliases: names for versions.

use std::collections::BTreeMap;

use super::{Functions, existing_version};
use crate::functions::deployed::function_arn;
use crate::functions::error::Error;
use crate::functions::model::{Alias, Function, LATEST};
use crate::id::AccountRegion;
use crate::store::Tx;

/// The most aliases of a function.
const ALIASES_MAX: usize = 10_000;

impl Functions {
    /// Makes an alias.
    pub async fn create_alias(
        &self,
        home: &AccountRegion,
        name: &str,
        alias: String,
        version: String,
        description: String,
        weights: BTreeMap<String, f64>,
    ) -> Result<Alias, Error> {
        let (of, revision_id) = (home.clone(), self.inner.ids.uuid().to_string());
        self.change(home, name, move |tx, function| {
            if function.aliases.contains_key(&alias) {
                let arn = function_arn(&of, &function.name);
                return Err(Error::Conflict(format!("Alias already exists: {arn}:{alias}")));
            }
            if ALIASES_MAX <= function.aliases.len() {
                return Err(Error::Invalid(format!("A function has at most {ALIASES_MAX} aliases.")));
            }
            let new = Alias {
                version: version.clone(),
                description: description.clone(),
                weights: weights.clone(),
                revision_id: revision_id.clone(),
            };
            check(tx, &of, function, &new)?;
            function.aliases.insert(alias.clone(), new.clone());
            Ok(new)
        })
        .await
    }

    /// Changes an alias.
    pub async fn update_alias(
        &self,
        home: &AccountRegion,
        name: &str,
        alias: String,
        revision_id: Option<String>,
        change: impl Fn(&mut Alias) + Send + 'static,
    ) -> Result<Alias, Error> {
        let (of, new_revision) = (home.clone(), self.inner.ids.uuid().to_string());
        self.change(home, name, move |tx, function| {
            let mut new = found(&of, function, &alias)?.clone();
            if revision_id.clone().is_some_and(|wanted| wanted != new.revision_id) {
                return Err(Error::Revision);
            }
            change(&mut new);
            new.revision_id = new_revision.clone();
            check(tx, &of, function, &new)?;
            function.aliases.insert(alias.clone(), new.clone());
            Ok(new)
        })
        .await
    }

    /// Deletes an alias; one that isn't there doesn't matter.
    pub async fn delete_alias(&self, home: &AccountRegion, name: &str, alias: String) -> Result<(), Error> {
        self.change(home, name, move |_, function| {
            function.aliases.remove(&alias);
            function.policies.remove(&alias);
            function.events.remove(&alias);
            function.provisioned.remove(&alias);
            function.urls.remove(&alias);
            Ok(())
        })
        .await?;
        self.retire(home, name);
        Ok(())
    }

    /// An alias.
    pub async fn alias(&self, home: &AccountRegion, name: &str, alias: &str) -> Result<Alias, Error> {
        let alias = alias.to_owned();
        self.look(home, name, move |_, home, function| found(home, &function, &alias).cloned()).await
    }

    /// All aliases of a function.
    pub async fn aliases(&self, home: &AccountRegion, name: &str) -> Result<BTreeMap<String, Alias>, Error> {
        self.look(home, name, |_, _, function| Ok(function.aliases)).await
    }
}

fn found<'a>(home: &AccountRegion, function: &'a Function, alias: &str) -> Result<&'a Alias, Error> {
    function.aliases.get(alias).ok_or_else(|| {
        let arn = function_arn(home, &function.name);
        Error::NotFound(format!("Cannot find alias arn: {arn}:{alias}"))
    })
}

fn check(tx: &Tx<'_>, home: &AccountRegion, function: &Function, alias: &Alias) -> Result<(), Error> {
    existing_version(tx, home, &function.name, &alias.version)?;
    if 1 < alias.weights.len() {
        let text = "Number of items in AdditionalVersionWeights cannot be greater than 1";
        return Err(Error::Invalid(text.to_owned()));
    }
    for (version, weight) in &alias.weights {
        if !(0.0..=1.0).contains(weight) {
            return Err(Error::Invalid(format!(
                "Invalid value for version weight {weight}. Version weight must be between 0 and 1"
            )));
        }
        if alias.version == LATEST || version == LATEST {
            let text = "$LATEST is not supported for an alias pointing to more than 1 version";
            return Err(Error::Invalid(text.to_owned()));
        }
        if *version == alias.version {
            return Err(Error::Invalid(format!(
                "Invalid function version {version}. Function version {version} is already included in routing \
                 configuration."
            )));
        }
        existing_version(tx, home, &function.name, version)?;
    }
    Ok(())
}
