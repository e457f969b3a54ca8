//! Managed policies.

use sha2::{Digest, Sha256};

use super::AWS_POLICY_PREFIX;
use crate::clock::Timestamp;
use crate::id::AccountId;

/// The input for creating a policy.
#[derive(Clone, Debug)]
pub struct NewPolicy {
    /// Its name.
    pub name: String,
    /// Its path, `/` or `/…/`.
    pub path: String,
    /// The policy document: JSON.
    pub document: String,
    /// Text for people.
    pub description: Option<String>,
}

/// See [Policy](https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// `ANPA` and 17 more characters.
    pub policy_id: String,
    /// Its ARN.
    pub arn: String,
    /// When it was created.
    pub create_date: Timestamp,
    /// The policy document: JSON; empty for AWS managed policies.
    pub document: String,
    /// Text for people.
    pub description: Option<String>,
}

impl Policy {
    pub(super) fn create(account: &AccountId, policy_id: String, now: Timestamp, new: NewPolicy) -> Self {
        let arn = format!("arn:aws:iam::{account}:policy{}{}", new.path, new.name);
        Self {
            name: new.name,
            path: new.path,
            policy_id,
            arn,
            create_date: now,
            document: new.document,
            description: new.description,
        }
    }

    /// The AWS managed policy with this ARN. Its id is derived from the ARN, so it never changes.
    pub(super) fn of_aws(arn: &str) -> Self {
        let full = arn.strip_prefix(AWS_POLICY_PREFIX).unwrap_or(arn);
        let (path, name) = match full.rsplit_once('/') {
            Some((path, name)) => (format!("/{path}/"), name),
            None => ("/".to_owned(), full),
        };
        let digest = Sha256::digest(arn.as_bytes());
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let letters = digest.iter().take(17).filter_map(|b| alphabet.get(usize::from(b % 32)));
        let policy_id = format!("ANPA{}", letters.map(|b| char::from(*b)).collect::<String>());
        Self {
            name: name.to_owned(),
            path,
            policy_id,
            arn: arn.to_owned(),
            create_date: Timestamp::EPOCH,
            document: String::new(),
            description: None,
        }
    }
}
