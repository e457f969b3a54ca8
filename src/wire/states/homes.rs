//! Regions and accounts are apart: what an ARN names elsewhere isn't there for the caller.
//!
//! Asked once for every operation, as all of Step Functions' may take whole ARNs of what this server keeps by region.
//! API Gateway's have ids, looked up in the caller's own account and region.

use serde_json::Value;

use crate::engine::Error;
use crate::id::{AccountRegion, Arn, StatesArn};
use crate::wire::{ApiError, Operation};

/// Refuses a call whose input names something of Step Functions that is elsewhere than at `home`.
///
/// # Errors
/// What the operation answers of a thing that doesn't exist; of one that would be deleted, that the ARN is invalid.
pub(super) fn check(operation: &Operation, input: &Value, home: &AccountRegion) -> Result<(), ApiError> {
    match elsewhere(input, home) {
        Some((arn, text)) => Err(refusal(operation.name, &arn, text).into()),
        None => Ok(()),
    }
}

/// The first ARN that names something elsewhere. Members that are texts of JSON, such as an execution's input, name
/// nothing to the operation.
fn elsewhere<'a>(input: &'a Value, home: &AccountRegion) -> Option<(StatesArn, &'a str)> {
    match input {
        Value::Object(members) => members.iter().find_map(|(name, value)| match value {
            Value::String(text) if name.ends_with("Arn") && Arn::is_of(text, home) => None,
            Value::String(text) if name.ends_with("Arn") => {
                StatesArn::parse(text).ok().filter(|arn| arn.home() != home).map(|arn| (arn, text.as_str()))
            }
            value => elsewhere(value, home),
        }),
        Value::Array(items) => items.iter().find_map(|item| elsewhere(item, home)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn refusal(operation: &str, arn: &StatesArn, text: &str) -> Error {
    let text = text.to_owned();
    match arn {
        _ if operation.starts_with("Delete") => Error::InvalidArn(text),
        _ if operation.ends_with("Resource") => Error::ResourceNotFound(text),
        _ if operation.ends_with("Alias") => Error::AliasDoesNotExist,
        StatesArn::StateMachine(_) => Error::StateMachineDoesNotExist(text),
        StatesArn::Execution(_) | StatesArn::Express(_) => Error::ExecutionDoesNotExist(text),
        StatesArn::Activity(_) => Error::ActivityDoesNotExist(text),
        StatesArn::MapRun(_) => Error::MapRunDoesNotExist(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::{Ids, SeededIds};
    use crate::id::{AccountId, Region};
    use crate::wire::coverage::least;

    const ACCOUNTS: [&str; 3] = ["123456789012", "210987654321", "000000000000"];
    const REGIONS: [&str; 5] = ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "us-east-2"];
    const RESOURCES: [&str; 8] = [
        "stateMachine:M",
        "stateMachine:M:1",
        "stateMachine:M:PROD",
        "stateMachine:M/L",
        "execution:M:E",
        "express:M:E:r",
        "activity:A",
        "mapRun:M/L:r",
    ];

    fn home(account: usize, region: usize) -> AccountRegion {
        AccountRegion {
            account: AccountId::parse(ACCOUNTS[account]).unwrap(),
            region: Region::parse(REGIONS[region]).unwrap(),
        }
    }

    fn arn(home: &AccountRegion, resource: usize) -> String {
        let AccountRegion { account, region } = home;
        format!("arn:{}:states:{region}:{account}:{}", region.partition(), RESOURCES[resource])
    }

    /// An operation's input in which whatever may be an ARN is `text`, and whether anything was.
    fn naming(operation: &Operation, text: &str) -> (Value, bool) {
        let mut input = Value::Object(least(operation.input));
        let mut is_named = false;
        for member in operation.input.members {
            if member.name.ends_with("Arn") && member.name != "roleArn" {
                input[member.name] = json!(text);
            } else if member.name == "routingConfiguration" {
                input[member.name] = json!([{"stateMachineVersionArn": text, "weight": 100}]);
            } else {
                continue;
            }
            is_named = true;
        }
        (input, is_named)
    }

    #[test]
    fn nobody_sees_what_is_elsewhere() {
        let homes: Vec<AccountRegion> = (0..3).flat_map(|a| (0..5).map(move |r| home(a, r))).collect();
        let mut calls = Vec::new();
        for operation in super::super::OPERATIONS {
            for (owner, resource) in
                homes.iter().flat_map(|owner| (0..RESOURCES.len()).map(move |r| (owner, r)))
            {
                let (input, is_named) = naming(operation, &arn(owner, resource));
                calls.push((operation, input, is_named.then_some(owner)));
            }
        }
        let ids = SeededIds::new(7);
        let any = |n: usize| (ids.unit() * n as f64) as usize;
        let mut n_refused = 0;
        for _ in 0..1_000_000 {
            let (caller, (operation, input, owner)) = (&homes[any(homes.len())], &calls[any(calls.len())]);
            let expect = owner.is_none_or(|owner| owner == caller);
            assert_eq!(
                check(operation, input, caller).is_ok(),
                expect,
                "{} {input} by {caller:?}",
                operation.name
            );
            n_refused += usize::from(!expect);
        }
        assert!(500_000 < n_refused, "{n_refused}");
    }

    #[test]
    fn refusals_are_those_of_what_does_not_exist() {
        let (here, there) = (home(0, 0), home(0, 1));
        for (operation, member, resource, code) in [
            ("DescribeStateMachine", "stateMachineArn", 0, "StateMachineDoesNotExist"),
            ("StartExecution", "stateMachineArn", 1, "StateMachineDoesNotExist"),
            ("DeleteStateMachine", "stateMachineArn", 0, "InvalidArn"),
            ("DescribeExecution", "executionArn", 4, "ExecutionDoesNotExist"),
            ("StopExecution", "executionArn", 4, "ExecutionDoesNotExist"),
            ("GetActivityTask", "activityArn", 6, "ActivityDoesNotExist"),
            ("DescribeMapRun", "mapRunArn", 7, "ResourceNotFound"),
            ("TagResource", "resourceArn", 0, "ResourceNotFound"),
            ("DescribeStateMachineAlias", "stateMachineAliasArn", 2, "ResourceNotFound"),
        ] {
            let operation = super::super::SERVICE.operation(operation).unwrap();
            let error = check(operation, &json!({ member: arn(&there, resource) }), &here).unwrap_err();
            assert_eq!(error.code.name, code, "{}", operation.name);
        }
        let inner = json!({ "otherArn": arn(&there, 0) }).to_string();
        let text = json!({"stateMachineArn": arn(&here, 0), "input": inner});
        assert!(check(super::super::SERVICE.operation("StartExecution").unwrap(), &text, &here).is_ok());
    }
}
