//! What belongs to one account and region is not there for any other: not to be seen, changed or deleted.
//!
//! Every home owns one of everything. Every operation of every service is then called from every other home with the
//! owner's ids and ARNs. `STEPGATE_PAIRS` calls more random ones of (owner, caller, operation).

mod estate;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::coverage::least;
use super::super::harness::{SERVICES, World};
use super::super::{ApiError, Operation};
use crate::clock::{Ids, SeededIds};
use crate::id::{AccountId, AccountRegion, Region};
use crate::identity::Caller;

/// Random pairs that are tried where nothing else is said.
const PAIRS: usize = 1_000;

/// Who calls at the same time: they share the store's commits.
const CALLERS: usize = 16;

/// Two accounts in three regions, one of another partition.
const HOMES: [(&str, &str); 6] = [
    ("123456789012", "us-east-1"),
    ("123456789012", "eu-west-1"),
    ("123456789012", "cn-north-1"),
    ("210987654321", "us-east-1"),
    ("210987654321", "eu-west-1"),
    ("210987654321", "cn-north-1"),
];

/// Members that are given the owner's values and don't name anything that is only the owner's.
const NOBODY_S: [&str; 9] = [
    "verb",
    "statusCode",
    "responseType",
    "exportType",
    "startDate",
    "endDate",
    "includeValue",
    "includeValues",
    "patchOperations",
];

/// What is called by a name that its maker chose may be made by others under the same name: it is theirs then. And
/// what AWS says of a plan that isn't there is on record: it has no keys.
const ALSO_ELSEWHERE: [&str; 4] = ["CreateRole", "CreatePolicy", "GetFederationToken", "GetUsagePlanKeys"];

/// What needs nothing but a name: under the owner's name, a caller would make one of their own, which later calls find.
const NAMED_ANEW: [&str; 3] = ["CreateUser", "CreateGroup", "CreateInstanceProfile"];

/// Who owns things, and may call.
struct Home {
    at: AccountRegion,
    /// In every text of the owner's that isn't needed to name something.
    mark: String,
    /// The value of the owner's API key.
    secret: String,
}

impl Home {
    fn new((account, region): (&str, &str)) -> Self {
        let at = AccountRegion {
            account: AccountId::parse(account).unwrap(),
            region: Region::parse(region).unwrap(),
        };
        let mark = format!("only for {account} in {region}.");
        let secret = format!("value-only-for-{account}-{region}-");
        Self { at, mark, secret }
    }

    fn caller(&self) -> Caller {
        Caller::root(self.at.account.clone())
    }
}

async fn call(world: &World, home: &Home, operation: &Operation, input: &Value) -> Result<Value, ApiError> {
    let input = Bytes::from(input.to_string());
    let region = home.at.region.clone();
    let answer = world.api.invoke(operation.service, operation.name, input, home.caller(), region);
    // A worker that polls for work of others, or a test call of their method, would wait for ever.
    let answer = tokio::time::timeout(Duration::from_secs(300), answer).await;
    let bytes = answer.unwrap_or_else(|_| panic!("{} waits", operation.name))?;
    Ok(serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes))))
}

/// An operation with the input that names as much of the owner's as it can.
struct Naming {
    operation: &'static Operation,
    input: Value,
    /// Whether it names anything that only the owner has.
    names_any: bool,
}

impl Naming {
    fn new(operation: &'static Operation, names: &HashMap<&'static str, Value>) -> Self {
        let mut input = least(operation.input);
        let mut names_any = false;
        for member in operation.input.members {
            // Tags name their resource by an ARN.
            let name = match (member.name, operation.service.name) {
                ("resourceArn", "states") => "stateMachineArn",
                ("resourceArn", _) => "restApiArn",
                (name, _) => name,
            };
            if let Some(value) = names.get(name).filter(|_| !NAMED_ANEW.contains(&operation.name)) {
                input.insert(member.name.to_owned(), value.clone());
                // What may be left out narrows a list.
                names_any |= member.required && !NOBODY_S.contains(&name);
            }
        }
        Self { operation, input: Value::Object(input), names_any }
    }

    /// Whether this reads something that only the owner has.
    fn reads(&self) -> bool {
        let reads = ["Get", "List", "Describe"].iter().any(|verb| self.operation.name.starts_with(verb));
        // A worker's poll would wait for work, and keys are new each time.
        self.names_any && reads && !["GetActivityTask", "GetFederationToken"].contains(&self.operation.name)
    }
}

/// A home with what it owns.
struct Estate {
    home: Home,
    calls: Vec<Naming>,
}

impl Estate {
    async fn new(world: &World, home: (&str, &str)) -> Self {
        let home = Home::new(home);
        let names = estate::furnish(world, &home).await;
        let operations = SERVICES.into_iter().flat_map(|service| service.operations);
        let calls = operations.map(|operation| Naming::new(operation, &names)).collect();
        Self { home, calls }
    }

    /// All that the owner can read of it.
    async fn read(&self, world: &World) -> Vec<String> {
        let mut seen = Vec::new();
        for naming in self.calls.iter().filter(|naming| naming.reads()) {
            let said = call(world, &self.home, naming.operation, &naming.input).await;
            seen.push(format!("{}: {said:?}", naming.operation.name));
        }
        seen
    }

    /// Calls operation number `n` with what is here from the home of `other`, who learns and does nothing by it;
    /// else says what.
    async fn told(&self, world: &World, other: &Self, n: usize) -> Option<String> {
        let Naming { operation, input, names_any } = &self.calls[n];
        let (owner, caller) = (&self.home, &other.home);
        let is_of_accounts = matches!(operation.service.name, "iam" | "sts");
        // Roles, policies and sessions are an account's, in all of its regions.
        if is_of_accounts && owner.at.account == caller.at.account {
            return None;
        }
        let said = call(world, caller, operation, input).await;
        let told = format!("{said:?}");
        let shows = told.contains(&owner.mark)
            || told.contains(&owner.secret)
            || is_of_accounts && said.is_ok() && told.contains(owner.at.account.as_str());
        let does = said.is_ok() && *names_any && !ALSO_ELSEWHERE.contains(&operation.name);
        (shows || does)
            .then(|| format!("{} of {} in {}: {told}", operation.name, owner.at.account, owner.at.region))
    }
}

#[tokio::test]
async fn no_home_sees_or_changes_what_another_has() {
    let world = Arc::new(World::new().await);
    let mut estates = Vec::new();
    for home in HOMES {
        estates.push(Estate::new(&world, home).await);
    }
    let estates = Arc::new(estates);
    let mut before = Vec::new();
    for estate in &*estates {
        let seen = estate.read(&world).await;
        let count = |text: &str| seen.iter().filter(|said| said.contains(text)).count();
        assert!(50 < count(": Ok("), "hardly anything is there");
        assert!(10 < count(&estate.home.mark), "the mark is hardly anywhere");
        assert!(0 < count(&estate.home.secret), "the key's value is nowhere");
        before.push(seen);
    }

    let n_calls = estates[0].calls.len();
    let mut told = Vec::new();
    for (owner, caller) in pairs() {
        for n in 0..n_calls {
            told.extend(estates[owner].told(&world, &estates[caller], n).await);
        }
    }
    assert!(told.is_empty(), "{told:#?}");

    let n_pairs = std::env::var("STEPGATE_PAIRS").map_or(PAIRS, |text| text.parse().unwrap());
    let mut callers = tokio::task::JoinSet::new();
    for seed in 0..CALLERS {
        let (world, estates) = (Arc::clone(&world), Arc::clone(&estates));
        callers.spawn(async move {
            let ids = SeededIds::new(seed as u64);
            let any = |n: usize| (ids.unit() * n as f64) as usize;
            let pairs: Vec<_> = pairs().collect();
            let mut drawn = HashSet::new();
            for _ in 0..n_pairs / CALLERS {
                let ((owner, caller), n) = (pairs[any(pairs.len())], any(n_calls));
                assert_eq!(estates[owner].told(&world, &estates[caller], n).await, None);
                drawn.insert((owner, n));
            }
            drawn
        });
    }
    let drawn: HashSet<_> = callers.join_all().await.into_iter().flatten().collect();
    let most = n_pairs.min(HOMES.len() * n_calls);
    assert!(most / 2 <= drawn.len(), "{} of {most} operations and owners were drawn", drawn.len());

    for (estate, before) in estates.iter().zip(&before) {
        for (before, after) in before.iter().zip(&estate.read(&world).await) {
            assert_eq!(before, after);
        }
    }
}

/// Who owns and who calls.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    let all = (0..HOMES.len()).flat_map(|owner| (0..HOMES.len()).map(move |caller| (owner, caller)));
    all.filter(|(owner, caller)| owner != caller)
}
