//! Functions and their versions: made, read, changed, published, deleted.

use std::collections::BTreeMap;

use super::checks::{check_revision, check_settings, check_size, checked};
use super::{Functions, existing, existing_version, not_found};
use crate::functions::error::Error;
use crate::functions::model::{CodeRef, Function, LATEST, RuntimeUpdates, Settings, Version};
use crate::functions::tables;
use crate::id::AccountRegion;
use crate::store::Tx;

/// The bytes of all packages together: AWS's quota.
const CODE_BYTES_MAX: i64 = 75 * 1024 * 1024 * 1024;
/// The most functions of the server, and versions of one function.
const FUNCTIONS_MAX: i64 = 10_000;
const VERSIONS_MAX: u64 = 100_000;
/// The most tags.
const TAGS_MAX: usize = 50;

/// A function to be made.
#[derive(Clone, Debug)]
pub struct NewFunction {
    /// Its name.
    pub name: String,
    /// What `$LATEST` is.
    pub settings: Settings,
    /// A ZIP archive.
    pub code: Vec<u8>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Whether version 1 is published at once.
    pub publish: bool,
}

/// A new package for `$LATEST`.
#[derive(Clone, Debug)]
pub struct CodeChange {
    /// A ZIP archive.
    pub code: Vec<u8>,
    /// `x86_64` or `arm64`.
    pub architecture: Option<String>,
    /// Whether a version is published at once.
    pub publish: bool,
    /// Whether nothing is to be changed.
    pub dry_run: bool,
    /// The revision that is meant.
    pub revision_id: Option<String>,
}

/// A version of a function, and what it was asked for by.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// What is kept of the function.
    pub function: Function,
    /// The version.
    pub version: Version,
}

/// The server's bounds and what is used of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Invocations at one time.
    pub concurrency: u32,
    /// Those that no function has reserved.
    pub unreserved: u32,
    /// The bytes of all packages.
    pub code_bytes: i64,
    /// What they may have.
    pub code_bytes_max: i64,
    /// How many functions there are.
    pub functions: i64,
}

impl Functions {
    /// Makes a function.
    ///
    /// # Errors
    /// [`Error::Conflict`] if there is one, and whatever is wrong with the package, the runtime or the settings.
    pub async fn create(&self, home: &AccountRegion, new: NewFunction) -> Result<View, Error> {
        let NewFunction { name, settings, code, tags, publish } = new;
        check_settings(&settings)?;
        if TAGS_MAX < tags.len() {
            return Err(Error::Invalid(format!("Tag limit exceeded: at most {TAGS_MAX} tags")));
        }
        let (code, bytes) = checked(code).await?;
        let bytes = self.check_runs(&settings, bytes).await?;
        let version = self.latest(settings, code);
        let (of, published_id) = (home.clone(), self.inner.ids.uuid().to_string());
        self.write(home, &name.clone(), move |tx| {
            if tables::function(tx, &of, &name)?.is_some() {
                return Err(Error::Conflict(format!("Function already exist: {name}")));
            }
            if FUNCTIONS_MAX <= tables::count(tx)? {
                return Err(Error::Invalid(format!("This server keeps {FUNCTIONS_MAX} functions.")));
            }
            put_code(tx, &version, &bytes)?;
            let mut function =
                Function { name: name.clone(), next_version: 1, tags: tags.clone(), ..Function::default() };
            tables::put_version(tx, &of, &function.name, &version)?;
            let shown = match publish {
                true => publish_from(tx, &of, &mut function, version.clone(), None, published_id.clone())?,
                false => version.clone(),
            };
            tables::put_function(tx, &of, &function)?;
            Ok(View { function, version: shown })
        })
        .await
    }

    fn latest(&self, settings: Settings, code: CodeRef) -> Version {
        Version {
            version: LATEST.to_owned(),
            settings,
            code,
            last_modified: self.inner.clock.now(),
            revision_id: self.inner.ids.uuid().to_string(),
        }
    }

    /// A version, by number or alias; `$LATEST` without.
    pub async fn view(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<&str>,
    ) -> Result<View, Error> {
        let (home, name) = (home.clone(), name.to_owned());
        let qualifier = qualifier.map(str::to_owned);
        self.inner
            .store
            .read(move |tx| {
                let missing = || not_found(&home, &name, qualifier.as_deref());
                let function = tables::function(tx, &home, &name)?.ok_or_else(missing)?;
                let wanted = qualifier.as_deref().unwrap_or(LATEST);
                let number = function.aliases.get(wanted).map_or(wanted, |alias| &alias.version);
                let version = tables::version(tx, &home, &name, number)?.ok_or_else(missing)?;
                Ok(View { function, version })
            })
            .await
    }

    /// The `$LATEST` of functions after `after`, by name, and whether there are more.
    pub async fn list(
        &self,
        home: &AccountRegion,
        after: &str,
        max: usize,
    ) -> Result<(Vec<View>, bool), Error> {
        let (home, after) = (home.clone(), after.to_owned());
        self.inner
            .store
            .read(move |tx| {
                let mut names = tables::names(tx, &home, &after, max + 1)?;
                let is_more = max < names.len();
                names.truncate(max);
                let view = |name: String| {
                    let function = existing(tx, &home, &name)?;
                    let version = existing_version(tx, &home, &name, LATEST)?;
                    Ok::<_, Error>(View { function, version })
                };
                Ok((names.into_iter().map(view).collect::<Result<_, _>>()?, is_more))
            })
            .await
    }

    /// The versions of a function after number `after`, and whether there are more.
    pub async fn versions(
        &self,
        home: &AccountRegion,
        name: &str,
        after: i64,
        max: usize,
    ) -> Result<(Vec<Version>, bool), Error> {
        let (home, name) = (home.clone(), name.to_owned());
        self.inner
            .store
            .read(move |tx| {
                existing(tx, &home, &name)?;
                let mut versions = tables::versions(tx, &home, &name, after, max + 1)?;
                let is_more = max < versions.len();
                versions.truncate(max);
                Ok((versions, is_more))
            })
            .await
    }

    /// The archive of a package, in base64 SHA-256.
    pub async fn package(&self, sha256: &str) -> Result<Vec<u8>, Error> {
        let sha256 = sha256.to_owned();
        self.inner.store.read(move |tx| tables::code(tx, &sha256)).await
    }

    /// Gives `$LATEST` another package.
    pub async fn update_code(
        &self,
        home: &AccountRegion,
        name: &str,
        change: CodeChange,
    ) -> Result<View, Error> {
        let CodeChange { code, architecture, publish, dry_run, revision_id } = change;
        let before = self.view(home, name, None).await?;
        let (code, bytes) = checked(code).await?;
        let bytes = self.check_runs(&before.version.settings, bytes).await?;
        let (now, new_revision) = (self.inner.clock.now(), self.inner.ids.uuid().to_string());
        let published_id = self.inner.ids.uuid().to_string();
        let of = home.clone();
        let view = self
            .change(home, name, move |tx, function| {
                let mut version = existing_version(tx, &of, &function.name, LATEST)?;
                check_revision(&version, revision_id.as_deref())?;
                version.code = code.clone();
                if let Some(architecture) = architecture.clone() {
                    version.settings.architecture = architecture;
                }
                check_size(&version)?;
                if dry_run {
                    return Ok(View { function: function.clone(), version });
                }
                (version.last_modified, version.revision_id) = (now, new_revision.clone());
                put_code(tx, &version, &bytes)?;
                tables::put_version(tx, &of, &function.name, &version)?;
                let shown = match publish {
                    true => publish_from(tx, &of, function, version, None, published_id.clone())?,
                    false => version,
                };
                Ok(View { function: function.clone(), version: shown })
            })
            .await?;
        self.retire(home, name);
        Ok(view)
    }

    /// Changes how `$LATEST` is configured. `layers` are ARNs of layers' versions.
    pub async fn update_configuration(
        &self,
        home: &AccountRegion,
        name: &str,
        revision_id: Option<String>,
        change: impl Fn(&mut Settings) + Send + 'static,
    ) -> Result<View, Error> {
        let before = self.view(home, name, None).await?;
        let mut after = before.version.settings.clone();
        change(&mut after);
        check_settings(&after)?;
        let settings = &before.version.settings;
        if (&after.runtime, &after.layers) != (&settings.runtime, &settings.layers) {
            let code = self.package(&before.version.code.sha256).await?;
            self.check_runs(&after, code).await?;
        }
        let (now, new_revision) = (self.inner.clock.now(), self.inner.ids.uuid().to_string());
        let of = home.clone();
        let view = self
            .change(home, name, move |tx, function| {
                let mut version = existing_version(tx, &of, &function.name, LATEST)?;
                check_revision(&version, revision_id.as_deref())?;
                if version.revision_id != before.version.revision_id {
                    return Err(Error::Conflict(format!(
                        "The operation cannot be performed at this time. An update is in progress for resource: {}",
                        crate::functions::deployed::function_arn(&of, &function.name)
                    )));
                }
                version.settings = after.clone();
                check_size(&version)?;
                (version.last_modified, version.revision_id) = (now, new_revision.clone());
                tables::put_version(tx, &of, &function.name, &version)?;
                Ok(View { function: function.clone(), version })
            })
            .await?;
        self.retire(home, name);
        Ok(view)
    }

    /// Publishes `$LATEST` under the next number; what has not changed since the last one is that one.
    pub async fn publish(
        &self,
        home: &AccountRegion,
        name: &str,
        code_sha256: Option<String>,
        description: Option<String>,
        revision_id: Option<String>,
    ) -> Result<View, Error> {
        let (of, new_revision) = (home.clone(), self.inner.ids.uuid().to_string());
        self.change(home, name, move |tx, function| {
            let version = existing_version(tx, &of, &function.name, LATEST)?;
            check_revision(&version, revision_id.as_deref())?;
            if let Some(wanted) = code_sha256.clone().filter(|wanted| *wanted != version.code.sha256) {
                return Err(Error::Invalid(format!(
                    "CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({}). Please try again with \
                     the CodeSHA256 in $LATEST.",
                    version.code.sha256
                )));
            }
            let version = publish_from(tx, &of, function, version, description.clone(), new_revision.clone())?;
            Ok(View { function: function.clone(), version })
        })
        .await
    }

    /// Deletes a function with all versions, or one version that no alias has.
    pub async fn delete(&self, home: &AccountRegion, name: &str, version: Option<&str>) -> Result<(), Error> {
        let of = home.clone();
        let Some(version) = version.map(str::to_owned) else {
            let named = name.to_owned();
            self.write(home, name, move |tx| {
                existing(tx, &of, &named)?;
                tables::delete_function(tx, &of, &named)
            })
            .await?;
            self.inner.runner.forget(home, name);
            return Ok(());
        };
        if version == LATEST {
            return Err(Error::Invalid(
                "$LATEST version cannot be deleted without deleting the function.".to_owned(),
            ));
        }
        self.change(home, name, move |tx, function| {
            let has = |alias: &crate::functions::model::Alias| {
                alias.version == version || alias.weights.contains_key(&version)
            };
            let by: Vec<&str> = function
                .aliases
                .iter()
                .filter(|(_, alias)| has(alias))
                .map(|(name, _)| name.as_str())
                .collect();
            if !by.is_empty() {
                return Err(Error::Conflict(format!(
                    "Version {version} is referenced by aliases [{}]. Deletion is not allowed.",
                    by.join(", ")
                )));
            }
            existing_version(tx, &of, &function.name, &version)?;
            function.policies.remove(&version);
            function.events.remove(&version);
            function.provisioned.remove(&version);
            function.runtime_updates.remove(&version);
            tables::delete_version(tx, &of, &function.name, &version)
        })
        .await?;
        self.retire(home, name);
        Ok(())
    }

    /// The server's bounds.
    pub async fn limits(&self, home: &AccountRegion) -> Result<Limits, Error> {
        let (home, concurrency) = (home.clone(), self.inner.runner.concurrency());
        self.inner
            .store
            .read(move |tx| {
                let names = tables::names(tx, &home, "", usize::MAX)?;
                let mut reserved = 0;
                for name in &names {
                    reserved += existing(tx, &home, name)?.reserved.unwrap_or(0);
                }
                Ok(Limits {
                    concurrency,
                    unreserved: concurrency.saturating_sub(reserved),
                    code_bytes: tables::code_bytes(tx)?,
                    code_bytes_max: CODE_BYTES_MAX,
                    functions: i64::try_from(names.len()).unwrap_or(i64::MAX),
                })
            })
            .await
    }

    /// Says whether a function that calls itself without end is stopped.
    pub async fn set_recursion(
        &self,
        home: &AccountRegion,
        name: &str,
        recursive_loop: String,
    ) -> Result<(), Error> {
        self.change(home, name, move |_, function| {
            function.recursive_loop = Some(recursive_loop.clone());
            Ok(())
        })
        .await
    }

    /// Says when a version gets a new runtime.
    pub async fn set_runtime_updates(
        &self,
        home: &AccountRegion,
        name: &str,
        version: String,
        updates: RuntimeUpdates,
    ) -> Result<(), Error> {
        let of = home.clone();
        self.change(home, name, move |tx, function| {
            existing_version(tx, &of, &function.name, &version)?;
            function.runtime_updates.insert(version.clone(), updates.clone());
            Ok(())
        })
        .await
    }

    /// Sets tags, and removes others.
    pub async fn tag(
        &self,
        home: &AccountRegion,
        name: &str,
        set: BTreeMap<String, String>,
        removed: Vec<String>,
    ) -> Result<(), Error> {
        self.change(home, name, move |_, function| {
            function.tags.retain(|key, _| !removed.contains(key));
            function.tags.extend(set.clone());
            if TAGS_MAX < function.tags.len() {
                return Err(Error::Invalid(format!("Tag limit exceeded: at most {TAGS_MAX} tags")));
            }
            Ok(())
        })
        .await
    }

    /// Ends the instances of what was changed: nothing is known of the function, so that nothing of it is current.
    pub(super) fn retire(&self, home: &AccountRegion, name: &str) {
        self.inner.runner.retire(home, name, |_| false);
        let functions = self.clone();
        tokio::spawn(async move { functions.provision_all().await });
    }
}

/// Publishes `latest`.
fn publish_from(
    tx: &Tx<'_>,
    home: &AccountRegion,
    function: &mut Function,
    latest: Version,
    description: Option<String>,
    revision_id: String,
) -> Result<Version, Error> {
    if 1 < function.next_version {
        let last = (function.next_version - 1).to_string();
        let last = tables::version(tx, home, &function.name, &last)?;
        // AWS publishes nothing new if nothing is new. The description that a version was given when it was published is
        // no change of `$LATEST`.
        let is_last = |last: &Version| {
            let mut settings = last.settings.clone();
            if last.last_modified == latest.last_modified {
                settings.description.clone_from(&latest.settings.description);
            }
            last.code == latest.code && settings == latest.settings
        };
        if let Some(last) = last.filter(is_last) {
            return Ok(last);
        }
    }
    let mut new = latest;
    if let Some(description) = description {
        new.settings.description = description;
    }
    if VERSIONS_MAX < function.next_version {
        return Err(Error::Invalid(format!("A function has at most {VERSIONS_MAX} versions.")));
    }
    new.version = function.next_version.to_string();
    new.revision_id = revision_id;
    function.next_version += 1;
    tables::put_version(tx, home, &function.name, &new)?;
    Ok(new)
}

fn put_code(tx: &Tx<'_>, version: &Version, bytes: &[u8]) -> Result<(), Error> {
    check_size(version)?;
    if CODE_BYTES_MAX < tables::code_bytes(tx)?.saturating_add(i64::try_from(bytes.len()).unwrap_or(i64::MAX))
    {
        return Err(Error::CodeStorage);
    }
    tables::put_code(tx, &version.code.sha256, bytes)
}
