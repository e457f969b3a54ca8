//! Calls of functions.

use bytes::Bytes;

use super::permissions::{ServiceCall, permits};
use super::{Functions, events, not_found};
use crate::functions::deployed::{Running, function_arn};
use crate::functions::error::Error;
use crate::functions::invocation::{Answer, EVENT_BYTES_MAX, Invocation, PAYLOAD_BYTES_MAX};
use crate::functions::model::LATEST;
use crate::id::AccountRegion;
use crate::json;

/// On whose behalf a function is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody whose own policies have been asked already.
    Permitted,
    /// A service that the function's policy must let in.
    Service {
        /// Such as `apigateway.amazonaws.com`.
        principal: &'static str,
        /// The ARN of what calls.
        arn: String,
        /// Its account.
        account: String,
    },
}

/// A call of a function.
#[derive(Clone, Debug)]
pub struct Called<'a> {
    /// Whose function.
    pub home: &'a AccountRegion,
    /// Its name.
    pub name: &'a str,
    /// A version or an alias.
    pub qualifier: Option<&'a str>,
    /// On whose behalf.
    pub source: Source,
}

impl Functions {
    /// Calls a function and answers what it answers. `invocation.invoked_arn` is filled in.
    ///
    /// # Errors
    /// If the function isn't called. One that fails has answered.
    pub async fn invoke(&self, called: Called<'_>, mut invocation: Invocation) -> Result<Answer, Error> {
        check_payload(&invocation.payload, PAYLOAD_BYTES_MAX)?;
        let running = self.find(&called).await?;
        invocation.invoked_arn = invoked_arn(called.home, called.name, called.qualifier);
        self.inner.runner.invoke(running, invocation).await
    }

    /// Takes an event that a function handles later, and says so once it is kept.
    ///
    /// # Errors
    /// If it isn't kept.
    pub async fn enqueue(&self, called: Called<'_>, invocation: Invocation) -> Result<(), Error> {
        check_payload(&invocation.payload, EVENT_BYTES_MAX)?;
        self.find(&called).await?;
        let (home, qualifier) = (called.home.clone(), called.qualifier.map(str::to_owned));
        let event = events::Event::new(home, called.name, qualifier, invocation, self.inner.clock.now());
        self.inner.store.write(move |tx| events::put(tx, &event)).await?;
        self.inner.new_event.notify_one();
        Ok(())
    }

    /// Whether a call would be made.
    ///
    /// # Errors
    /// Why not.
    pub async fn dry_run(&self, called: Called<'_>) -> Result<(), Error> {
        self.find(&called).await.map(|_| ())
    }

    /// The version that a call is for. An alias of two versions leads to either, by its weights.
    pub(super) async fn find(&self, called: &Called<'_>) -> Result<Running, Error> {
        let Called { home, name, qualifier, source } = called;
        let wanted = qualifier.unwrap_or(LATEST);
        // What isn't there is named as the version that was meant.
        let missing = || not_found(home, name, Some(wanted));
        let known = self.cached(home, name).await.map_err(|error| match error {
            Error::NotFound(_) => missing(),
            error => error,
        })?;
        let function = &known.function;
        if let Source::Service { principal, arn, account } = source {
            let policy = function.policies.get(qualifier.unwrap_or_default());
            let call = ServiceCall { service: principal, source_arn: arn, source_account: account };
            if !policy.is_some_and(|policy| permits(policy, &call)) {
                return Err(Error::Denied(format!(
                    "User: {principal} is not authorized to perform: lambda:InvokeFunction on resource: {} because no \
                     resource-based policy allows the lambda:InvokeFunction action",
                    invoked_arn(home, name, *qualifier)
                )));
            }
        }
        let version = match function.aliases.get(wanted) {
            None => wanted,
            Some(alias) => {
                let chance = if alias.weights.is_empty() { 1.0 } else { self.inner.ids.unit() };
                let mut sum = 0.0;
                let other = alias.weights.iter().find(|(_, weight)| {
                    sum += **weight;
                    chance < sum
                });
                other.map_or(alias.version.as_str(), |(version, _)| version)
            }
        };
        self.running(home, &known, version).await.map_err(|error| match error {
            Error::NotFound(_) => missing(),
            error => error,
        })
    }
}

fn invoked_arn(home: &AccountRegion, name: &str, qualifier: Option<&str>) -> String {
    let arn = function_arn(home, name);
    match qualifier {
        Some(qualifier) => format!("{arn}:{qualifier}"),
        None => arn,
    }
}

fn check_payload(payload: &Bytes, bytes_max: usize) -> Result<(), Error> {
    if bytes_max < payload.len() {
        return Err(Error::EventTooLarge(bytes_max));
    }
    if payload.is_empty() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(payload);
    // Lambda's parser gets bytes, and its messages say so.
    let located = |error: json::SyntaxError| error.located(&text).replacen("(String)", "(byte[])", 1);
    json::validate(&text).map_err(|error| Error::NotJson(located(error)))
}
