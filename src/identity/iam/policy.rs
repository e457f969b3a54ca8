//! Managed policies.

use sha2::{Digest, Sha256};

use super::{AWS_POLICY_PREFIX, IamError, Tag, aws_managed};
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
    /// Tags.
    pub tags: Vec<Tag>,
}

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Its number; `v1` has 1.
    pub number: u32,
    /// The policy document: JSON.
    pub document: String,
    /// When it was created.
    pub create_date: Timestamp,
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
    /// The document of the only version, where versions weren't kept yet; else empty.
    pub(super) first: String,
    /// Text for people.
    pub description: Option<String>,
    /// Its versions, oldest first.
    pub versions: Vec<PolicyVersion>,
    /// The number of the version that counts.
    pub default_version: u32,
    /// The greatest number that a version has had.
    pub last_version: u32,
    /// When another version began to count.
    pub update_date: Timestamp,
    /// Tags.
    pub tags: Vec<Tag>,
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
            first: String::new(),
            description: new.description,
            versions: vec![PolicyVersion { number: 1, document: new.document, create_date: now }],
            default_version: 1,
            last_version: 1,
            update_date: now,
            tags: new.tags,
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
        let known = aws_managed::known(arn);
        let (number, create_date, update_date) = known
            .map_or((1, Timestamp::EPOCH, Timestamp::EPOCH), |known| {
                (known.number, known.created, known.updated)
            });
        let document = known.map(|known| known.document.clone()).unwrap_or_default();
        Self {
            name: name.to_owned(),
            path,
            policy_id,
            arn: arn.to_owned(),
            create_date,
            first: String::new(),
            description: None,
            versions: vec![PolicyVersion { number, document, create_date: update_date }],
            default_version: number,
            last_version: number,
            update_date,
            tags: Vec::new(),
        }
    }

    /// A policy as it was stored before there were versions gets its first.
    pub(super) fn settled(mut self) -> Self {
        if self.versions.is_empty() {
            let document = std::mem::take(&mut self.first);
            self.versions.push(PolicyVersion { number: 1, document, create_date: self.create_date });
            (self.default_version, self.last_version, self.update_date) = (1, 1, self.create_date);
        }
        self
    }

    /// The document that counts; empty for an AWS managed policy that isn't known here.
    pub fn document(&self) -> &str {
        let counts = |version: &&PolicyVersion| version.number == self.default_version;
        self.versions.iter().find(counts).map_or("", |version| &version.document)
    }

    /// The version of this number.
    ///
    /// # Errors
    /// [`IamError::NoVersion`] if there is none.
    pub fn version(&self, number: u32) -> Result<&PolicyVersion, IamError> {
        let found = self.versions.iter().find(|version| version.number == number);
        found.ok_or_else(|| IamError::NoVersion(self.arn.clone(), format!("v{number}")))
    }

    pub(super) fn set_default(&mut self, number: u32, now: Timestamp) {
        (self.default_version, self.update_date) = (number, now);
    }
}
