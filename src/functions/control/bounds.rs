//! How much of a function runs at one time, and how its events are handled.

use super::{Functions, existing_version, not_found};
use crate::functions::deployed::function_arn;
use crate::functions::error::Error;
use crate::functions::model::{EventConfig, Function, LATEST};
use crate::functions::tables;
use crate::id::AccountRegion;
use crate::store::Tx;

/// What must stay unreserved. AWS keeps 100 of 1,000.
const UNRESERVED_MIN: u32 = 1;
/// How many functions with provisioned concurrency are looked for when the server starts.
const PROVISIONED_MAX: usize = 10_000;

impl Functions {
    /// Reserves invocations at one time, or takes the bound away.
    pub async fn reserve(
        &self,
        home: &AccountRegion,
        name: &str,
        reserved: Option<u32>,
    ) -> Result<(), Error> {
        let limits = self.limits(home).await?;
        self.change(home, name, move |_, function| {
            let own = function.reserved.unwrap_or(0);
            let left = limits.unreserved + own;
            if reserved.is_some_and(|reserved| left < reserved + UNRESERVED_MIN) {
                return Err(Error::Invalid(format!(
                    "Specified ReservedConcurrentExecutions for function decreases account's \
                     UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MIN}]."
                )));
            }
            function.reserved = reserved;
            Ok(())
        })
        .await?;
        self.retire(home, name);
        Ok(())
    }

    /// Keeps instances of a version or an alias ready; none with `None`.
    pub async fn provision(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: String,
        n: Option<u32>,
    ) -> Result<(), Error> {
        let (of, concurrency) = (home.clone(), self.inner.runner.concurrency());
        self.change(home, name, move |tx, function| {
            if qualifier == LATEST {
                let text =
                    "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
                return Err(Error::Invalid(text.to_owned()));
            }
            check_qualifier(tx, &of, function, &qualifier)?;
            let Some(n) = n else {
                function.provisioned.remove(&qualifier);
                return Ok(());
            };
            let bound = function.reserved.unwrap_or(concurrency);
            if bound < n {
                return Err(Error::Invalid(format!(
                    "Requested Provisioned Concurrency should not be greater than the \
                     reservedConcurrentExecution for function ({bound})."
                )));
            }
            function.provisioned.insert(qualifier.clone(), n);
            Ok(())
        })
        .await?;
        self.retire(home, name);
        Ok(())
    }

    /// What is provisioned of a function: wanted and there, by version or alias.
    pub async fn provisioned(
        &self,
        home: &AccountRegion,
        name: &str,
    ) -> Result<Vec<(String, u32, u32)>, Error> {
        let known = self.cached(home, name).await?;
        let mut found = Vec::new();
        for (qualifier, wanted) in &known.function.provisioned {
            let version = known.function.aliases.get(qualifier).map_or(qualifier, |alias| &alias.version);
            let running = self.running(home, &known, version).await?;
            found.push((qualifier.clone(), *wanted, self.inner.runner.n_instances(&running).min(*wanted)));
        }
        Ok(found)
    }

    /// Tells the runner what is to be kept ready, of all functions.
    pub(super) async fn provision_all(&self) {
        let _one_at_a_time = self.inner.provisioning.lock().await;
        let read = self.inner.store.read(|tx| tables::provisioned(tx, PROVISIONED_MAX)).await;
        let found = match read {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "what is provisioned can't be read");
                return;
            }
        };
        for (home, name) in found {
            let Ok(known) = self.cached(&home, &name).await else { continue };
            for (qualifier, wanted) in &known.function.provisioned {
                let version = known.function.aliases.get(qualifier).map_or(qualifier, |alias| &alias.version);
                if let Ok(running) = self.running(&home, &known, version).await {
                    self.inner.runner.provision(&running, *wanted);
                }
            }
        }
    }

    /// Changes how events are handled. `change` gets what was set before, or nothing.
    pub async fn configure_events(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<String>,
        change: impl Fn(Option<EventConfig>) -> EventConfig + Send + 'static,
    ) -> Result<EventConfig, Error> {
        let of = home.clone();
        self.change(home, name, move |tx, function| {
            let qualifier = qualifier.clone().unwrap_or_else(|| LATEST.to_owned());
            check_qualifier(tx, &of, function, &qualifier)?;
            let new = change(function.events.get(&qualifier).cloned());
            function.events.insert(qualifier, new.clone());
            Ok(new)
        })
        .await
    }

    /// Forgets how events are handled.
    pub async fn forget_events(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<String>,
    ) -> Result<(), Error> {
        let of = home.clone();
        self.change(home, name, move |_, function| {
            let qualifier = qualifier.clone().unwrap_or_else(|| LATEST.to_owned());
            match function.events.remove(&qualifier) {
                Some(_) => Ok(()),
                None => Err(no_config(&of, function, &qualifier)),
            }
        })
        .await
    }

    /// How events are handled, by version or alias.
    pub async fn event_config(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<String>,
    ) -> Result<EventConfig, Error> {
        self.look(home, name, move |_, home, mut function| {
            let qualifier = qualifier.unwrap_or_else(|| LATEST.to_owned());
            function.events.remove(&qualifier).ok_or_else(|| no_config(home, &function, &qualifier))
        })
        .await
    }
}

fn check_qualifier(
    tx: &Tx<'_>,
    home: &AccountRegion,
    function: &Function,
    qualifier: &str,
) -> Result<(), Error> {
    if function.aliases.contains_key(qualifier) {
        return Ok(());
    }
    let found = existing_version(tx, home, &function.name, qualifier);
    found.map(|_| ()).map_err(|_| not_found(home, &function.name, Some(qualifier)))
}

fn no_config(home: &AccountRegion, function: &Function, qualifier: &str) -> Error {
    let arn = function_arn(home, &function.name);
    Error::NotFound(format!("The function {arn}:{qualifier} doesn't have an EventInvokeConfig"))
}
