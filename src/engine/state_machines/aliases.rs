//! Aliases of state machines: names that stand for one or two versions, by weight.

use std::sync::Arc;

use super::super::Error;
use super::super::page::{Page, page_size};
use super::StateMachines;
use super::versions;
use super::{LoadedMachine, StateMachine, StateMachineStatus, not_found};
use crate::clock::Timestamp;
use crate::id::{Qualifier, StateMachineArn};
use crate::store::{Param, Record as _, Row, Tx};

/// Most aliases of one machine.
const ALIASES_MAX: usize = 100;

/// A version that an alias stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The version's number.
    pub version: u64,
    /// How many of a hundred starts it gets.
    pub weight: u8,
}

/// An alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Its ARN: the machine's with the name behind it.
    pub arn: StateMachineArn,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// The versions it stands for; the weights sum up to 100.
    pub routing: Vec<Route>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was changed the last time.
    pub updated: Timestamp,
    id: i64,
}

impl StateMachines {
    /// CreateStateMachineAlias; `routing` is ARNs of versions with their weights. Idempotent: the same name,
    /// description and routing answer what there is.
    ///
    /// # Errors
    /// `InvalidArn`, `InvalidRoutingConfiguration`, `AliasDoesNotExist` for a version that is not there,
    /// `AliasConflict`, `StateMachineDeleting`, `QuotaExceeded`.
    pub async fn create_alias(
        &self,
        name: String,
        description: Option<String>,
        routing: Vec<(String, u8)>,
    ) -> Result<Alias, Error> {
        let (machine, routing) = check_routing(routing)?;
        let (id, now) = (self.base.next_id()?, self.base.now());
        self.base.store
            .write(move |tx| {
                let machine = active(tx, &machine)?;
                check_versions(tx, &machine, &routing)?;
                if let Some(found) = find(tx, &machine, &name)? {
                    let is_same = found.routing == routing && found.description == description;
                    return if is_same { Ok(found) } else { Err(Error::AliasConflict) };
                }
                if ALIASES_MAX <= all(tx, &machine)?.len() {
                    return Err(Error::QuotaExceeded("aliases"));
                }
                let alias = Alias {
                    arn: alias_arn(&machine.arn, &name),
                    name: name.clone(),
                    description: description.clone(),
                    routing: routing.clone(),
                    created: now,
                    updated: now,
                    id,
                };
                let routing = routing_text(&alias.routing)?;
                let sql = "INSERT INTO state_machine_alias (id, machine, name, description, routing, created, updated)
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
                let params = [
                    id.into(),
                    machine.id.into(),
                    Param::Text(&alias.name),
                    alias.description.as_deref().into(),
                    Param::Text(&routing),
                    now.as_millis().into(),
                ];
                tx.execute(sql, &params)?;
                Ok(alias)
            })
            .await
    }

    /// DescribeStateMachineAlias.
    ///
    /// # Errors
    /// `InvalidArn`, `AliasDoesNotExist`.
    pub async fn describe_alias(&self, arn: &str) -> Result<Alias, Error> {
        let (machine, name) = parse(arn)?;
        self.base
            .store
            .read(move |tx| {
                let machine = super::find(tx, &machine)?.ok_or(Error::AliasDoesNotExist)?;
                find(tx, &machine, &name)?.ok_or(Error::AliasDoesNotExist)
            })
            .await
    }

    /// UpdateStateMachineAlias; answers when.
    ///
    /// # Errors
    /// `InvalidArn`, `NothingToUpdate`, `InvalidRoutingConfiguration`, `AliasDoesNotExist`.
    pub async fn update_alias(
        &self,
        arn: &str,
        description: Option<String>,
        routing: Option<Vec<(String, u8)>>,
    ) -> Result<Timestamp, Error> {
        let (machine, name) = parse(arn)?;
        if description.is_none() && routing.is_none() {
            return Err(Error::NothingToUpdate);
        }
        let routing = routing.map(check_routing).transpose()?;
        let now = self.base.now();
        self.base.store
            .write(move |tx| {
                let found = super::find(tx, &machine)?.ok_or(Error::AliasDoesNotExist)?;
                let alias = find(tx, &found, &name)?.ok_or(Error::AliasDoesNotExist)?;
                let routing = match &routing {
                    None => &alias.routing,
                    Some((of, routing)) if *of == machine => {
                        check_versions(tx, &found, routing)?;
                        routing
                    }
                    // Versions of another machine are none of this one.
                    Some(_) => return Err(Error::AliasDoesNotExist),
                };
                let routing = routing_text(routing)?;
                let description = description.as_ref().or(alias.description.as_ref());
                let sql = "UPDATE state_machine_alias SET description = ?2, routing = ?3, updated = ?4 WHERE id = ?1";
                let params = [
                    alias.id.into(),
                    description.map(String::as_str).into(),
                    Param::Text(&routing),
                    now.as_millis().into(),
                ];
                tx.execute(sql, &params)?;
                Ok(now)
            })
            .await
    }

    /// DeleteStateMachineAlias. One that is not there is gone already.
    ///
    /// # Errors
    /// `InvalidArn`.
    pub async fn delete_alias(&self, arn: &str) -> Result<(), Error> {
        let (machine, name) = parse(arn)?;
        self.base
            .store
            .write(move |tx| {
                if let Some(machine) = super::find(tx, &machine)? {
                    let sql = "DELETE FROM state_machine_alias WHERE machine = ?1 AND name = ?2";
                    tx.execute(sql, &[machine.id.into(), Param::Text(&name)])?;
                }
                Ok(())
            })
            .await
    }

    /// ListStateMachineAliases of a machine, or of those that refer to a version; the oldest first, as AWS was seen
    /// to answer.
    ///
    /// # Errors
    /// `InvalidArn`, `StateMachineDoesNotExist`, `InvalidToken`.
    pub async fn list_aliases(
        &self,
        arn: &str,
        max_results: Option<u32>,
        next_token: Option<&str>,
    ) -> Result<Page<Alias>, Error> {
        let machine = self.describe(arn).await?;
        let listing = self.base.listing("ListStateMachineAliases", &[arn]);
        let (after, max) = (listing.position(next_token)?.unwrap_or(0), page_size(max_results));
        let aliases: Result<Vec<Alias>, Error> = self
            .base
            .store
            .read(move |tx| {
                let mut aliases = all(tx, &machine)?;
                aliases.retain(|alias| {
                    let is_of = |version| alias.routing.iter().any(|route| route.version == version);
                    after < alias.id && machine.version.is_none_or(is_of)
                });
                aliases.truncate(max.saturating_add(1));
                Ok(aliases)
            })
            .await;
        Ok(Page::cut(aliases?, max, &listing, |alias| alias.id))
    }

    /// What a start means by `arn`. An alias is looked up every time, so that a change of its routing holds for
    /// the next start, and chooses one of its versions by weight.
    pub(in super::super) async fn start_target(&self, arn: &str) -> Result<Arc<LoadedMachine>, Error> {
        // Most starts are of a machine that was started before: nothing to parse.
        if arn.matches(':').nth(6).is_none() {
            return self.machine(arn).await;
        }
        let parsed = StateMachineArn::parse(arn)?;
        let Some(Qualifier::Alias(name)) = &parsed.qualifier else { return self.machine(arn).await };
        let alias = match self.describe_alias(arn).await {
            Err(Error::AliasDoesNotExist) => return Err(not_found(&parsed)),
            found => found?,
        };
        let mut random = [0; 8];
        self.base.ids.fill(&mut random);
        let version = choose(&alias.routing, u64::from_le_bytes(random)).ok_or_else(|| not_found(&parsed))?;
        let version = StateMachineArn { qualifier: Some(Qualifier::Version(version)), ..parsed.clone() };
        let machine = self.machine(&version.to_string()).await?;
        Ok(Arc::new(LoadedMachine { alias: Some(name.as_str().into()), ..(*machine).clone() }))
    }
}

/// The version that a random number falls to.
fn choose(routing: &[Route], random: u64) -> Option<u64> {
    let mut left = random % 100;
    for route in routing {
        match left.checked_sub(u64::from(route.weight)) {
            None => return Some(route.version),
            Some(rest) => left = rest,
        }
    }
    None
}

fn alias_arn(machine: &StateMachineArn, name: &str) -> StateMachineArn {
    StateMachineArn { qualifier: Some(Qualifier::Alias(name.to_owned())), ..machine.unqualified() }
}

/// The machine and the name that an alias's ARN is of.
fn parse(arn: &str) -> Result<(StateMachineArn, String), Error> {
    let parsed = StateMachineArn::parse(arn)?;
    match &parsed.qualifier {
        Some(Qualifier::Alias(name)) if parsed.label.is_none() => Ok((parsed.unqualified(), name.clone())),
        Some(_) | None => Err(Error::InvalidArn(arn.to_owned())),
    }
}

fn active(tx: &Tx<'_>, arn: &StateMachineArn) -> Result<StateMachine, Error> {
    let machine = super::find(tx, arn)?.ok_or(Error::AliasDoesNotExist)?;
    match machine.status {
        StateMachineStatus::Active => Ok(machine),
        StateMachineStatus::Deleting => Err(Error::StateMachineDeleting(arn.to_string())),
    }
}

/// What can be said of a routing configuration without the store: its machine and routes.
fn check_routing(routing: Vec<(String, u8)>) -> Result<(StateMachineArn, Vec<Route>), Error> {
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    let arns = || list(routing.iter().map(|(arn, _)| arn.clone()).collect());
    let invalid = |text: String| Err(Error::InvalidRoutingConfiguration(text));
    let mut machine = None;
    let mut routes: Vec<Route> = Vec::with_capacity(routing.len());
    for (arn, weight) in &routing {
        let parsed = StateMachineArn::parse(arn)?;
        let Some(Qualifier::Version(version)) = parsed.qualifier else {
            let received = arns();
            return invalid(format!(
                "Routing configuration must contain state machine version ARNs. Received: {received}"
            ));
        };
        let of = parsed.unqualified();
        if machine.get_or_insert_with(|| of.clone()) != &of {
            let received = arns();
            return invalid(format!(
                "Routing configuration must contain versions of one state machine. Received: {received}"
            ));
        }
        if routes.iter().any(|route| route.version == version) {
            let received = arns();
            return invalid(format!(
                "Routing configuration must contain distinct state machine version ARNs. Received: {received}"
            ));
        }
        routes.push(Route { version, weight: *weight });
    }
    let sum: u32 = routes.iter().map(|route| u32::from(route.weight)).sum();
    match machine {
        Some(machine) if sum == 100 => Ok((machine, routes)),
        Some(_) | None => {
            let weights = list(routes.iter().map(|route| route.weight.to_string()).collect());
            invalid(format!("Sum of routing configuration weights must equal 100. Received: {weights}"))
        }
    }
}

fn check_versions(tx: &Tx<'_>, machine: &StateMachine, routing: &[Route]) -> Result<(), Error> {
    for route in routing {
        if versions::find(tx, &machine.arn, route.version)?.is_none() {
            return Err(Error::AliasDoesNotExist);
        }
    }
    Ok(())
}

/// All routes of an alias, as they are stored.
pub(in super::super) struct Routing(pub(in super::super) Vec<Route>);

fn routing_text(routing: &[Route]) -> Result<String, Error> {
    Ok(Routing(routing.to_vec()).encode()?)
}

fn find(tx: &Tx<'_>, machine: &StateMachine, name: &str) -> Result<Option<Alias>, Error> {
    let sql = "SELECT id, name, description, routing, created, updated FROM state_machine_alias
               WHERE machine = ?1 AND name = ?2";
    let params = [machine.id.into(), Param::Text(name)];
    tx.query_one(sql, &params, |row| Ok(read(row, &machine.arn)))?.transpose()
}

/// The version that most executions started through an alias are of; the first of two alike.
pub(super) fn find_routed(
    tx: &Tx<'_>,
    arn: &StateMachineArn,
    name: &str,
) -> Result<Option<StateMachine>, Error> {
    let machine = arn.unqualified();
    let Some(found) = super::find(tx, &machine)? else { return Ok(None) };
    let Some(alias) = find(tx, &found, name)? else { return Ok(None) };
    let most = alias.routing.iter().rev().max_by_key(|route| route.weight);
    let Some(version) = most.map(|route| route.version) else { return Ok(None) };
    let qualified = StateMachineArn { qualifier: Some(Qualifier::Version(version)), ..machine };
    versions::find(tx, &qualified, version)
}

/// All aliases of a machine, the oldest first: no more than the quota.
pub(in super::super) fn all(tx: &Tx<'_>, machine: &StateMachine) -> Result<Vec<Alias>, Error> {
    let sql = "SELECT id, name, description, routing, created, updated FROM state_machine_alias
               WHERE machine = ?1 ORDER BY id";
    tx.query(sql, &[machine.id.into()], |row| Ok(read(row, &machine.arn)))?.into_iter().collect()
}

fn read(row: &Row<'_>, machine: &StateMachineArn) -> Result<Alias, Error> {
    let (name, routing) = (row.text(1)?, row.text(3)?);
    Ok(Alias {
        id: row.int(0)?,
        arn: alias_arn(machine, &name),
        name,
        description: row.opt_text(2)?,
        routing: Routing::decode(routing.as_bytes())?.0,
        created: Timestamp::from_millis(row.int(4)?),
        updated: Timestamp::from_millis(row.int(5)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:m";

    fn refusal(routing: &[(&str, u8)]) -> String {
        let routing = routing.iter().map(|(tail, weight)| (format!("{ARN}{tail}"), *weight)).collect();
        check_routing(routing).map(|_| String::new()).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn routing_is_of_distinct_versions_and_sums_up_to_a_hundred() {
        assert_eq!(refusal(&[(":1", 100)]), "");
        assert_eq!(refusal(&[(":1", 30), (":2", 70)]), "");
        let sum = "Sum of routing configuration weights must equal 100. Received: [70, 29]";
        assert_eq!(refusal(&[(":1", 70), (":2", 29)]), sum);
        assert!(refusal(&[(":1", 50), (":1", 50)]).contains("distinct"));
        assert!(refusal(&[("", 100)]).contains("must contain state machine version ARNs"));
        assert!(refusal(&[(":PROD", 100)]).contains("must contain state machine version ARNs"));
        assert!(refusal(&[(":1", 50), ("n:2", 50)]).contains("of one state machine"));
    }

    #[test]
    fn weights_share_a_hundred_numbers() {
        let routing = [Route { version: 1, weight: 30 }, Route { version: 2, weight: 70 }];
        let n_first = (0..100).filter(|random| choose(&routing, *random) == Some(1)).count();
        assert_eq!(n_first, 30);
        assert_eq!(choose(&routing, 130), Some(2));
        assert_eq!(choose(&[Route { version: 1, weight: 0 }, Route { version: 2, weight: 100 }], 0), Some(2));
        assert_eq!(choose(&[], 0), None);
    }
}
