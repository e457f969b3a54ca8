//! The evaluation of policies, compared with a second evaluator that is written from AWS's description and as plainly as
//! possible.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

mod generate;
mod naive;

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;

use serde_json::Value;

use self::generate::{Case, Random, Who};
use super::{Grants, Layer, Owner};
use crate::policy::{Caller, Decision, Facts, Policy, PolicyKind, Request};

/// How many combinations `cargo test` tries; `STEPGATE_POLICIES` sets another number.
const COMBINATIONS: u64 = 5_000;

/// The values of condition keys, by lower-case name.
#[derive(Debug)]
struct Known<'a>(&'a [(String, Vec<String>)]);

impl Facts for Known<'_> {
    fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
        let (_, values) = self.0.iter().find(|(name, _)| name == key)?;
        Some(values.iter().map(|value| Cow::Borrowed(value.as_str())).collect())
    }
}

/// The product's answer.
fn decide(case: &Case) -> Decision {
    let layer = |documents: &[Value]| -> Layer {
        let compile =
            |document: &Value| Arc::new(Policy::parse(&document.to_string(), PolicyKind::Identity).unwrap());
        documents.iter().map(compile).collect()
    };
    let facts = Known(&case.facts);
    let caller = match case.who {
        Who::Nobody => Caller::Anonymous,
        Who::Aws(arn, account) => Caller::Aws { arn, account },
        Who::Service(name, region) => Caller::Service { name, region },
        Who::Federated(provider) => Caller::Federated { provider },
    };
    let request = Request { caller, action: &case.action, resource: &case.resource, facts: &facts };
    let theirs = case
        .resource_policy
        .as_ref()
        .map(|document| Policy::parse(&document.to_string(), PolicyKind::Resource).unwrap().decide(&request));
    let bounds = case.bounds.iter().map(|documents| layer(documents)).collect();
    let grants = Grants::Policies { identity: layer(&case.identity), bounds };
    grants.decide(&request, theirs, if case.is_same_account { Owner::Same } else { Owner::Other })
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().map_or(default, |text| text.parse().unwrap())
}

/// `STEPGATE_POLICIES=1000000 cargo test --release -p stepgate-identity evaluation` tries a million combinations, from the
/// seed `STEPGATE_SEED` on; a seed that disagrees is printed with its combination, and the seeds that agreed always.
#[test]
fn two_evaluators_agree() {
    let (first, count) = (number("STEPGATE_SEED", 0), number("STEPGATE_POLICIES", COMBINATIONS));
    let mut found = [0_u64; 3];
    for seed in first..first + count {
        let case = generate::case(&mut Random::new(seed));
        let (ours, plain) = (decide(&case), naive::decide(&case));
        assert_eq!(ours, plain, "STEPGATE_SEED={seed} STEPGATE_POLICIES=1: {case:#?}");
        found[match ours {
            Decision::Allow => 0,
            Decision::ExplicitDeny => 1,
            Decision::ImplicitDeny => 2,
        }] += 1;
    }
    let [allowed, denied, not_allowed] = found;
    let last = first + count - 1;
    let said =
        format!("seeds {first} to {last}: {allowed} allowed, {denied} denied, {not_allowed} not allowed");
    writeln!(std::io::stdout(), "{said}").unwrap();
    // Allowed, denied, not allowed: if one of them were rare, the combinations would show little.
    assert!(count < COMBINATIONS || found.iter().all(|n| count / 20 < *n), "{found:?}");
}
