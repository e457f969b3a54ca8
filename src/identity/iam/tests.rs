//! Users, keys and policies over restarts, and deleted roles.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::clock::{SeededIds, Timestamp, VirtualClock};
use crate::id::{AccountRegion, Region};
use crate::identity::Caller;
use crate::store::{Options, Param};

struct World {
    iam: Iam,
    store: Store,
    keys: Arc<Keys>,
    account: AccountId,
    dir: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

async fn open(dir: &Path, seed: u64) -> (Iam, Store, Arc<Keys>) {
    let clock = Arc::new(VirtualClock::new(Timestamp::from_millis(1_700_000_000_000)));
    let store = Store::open(dir, Options::disturbed(), clock.clone()).unwrap();
    let keys = Arc::new(Keys::default());
    let iam = Iam::open(store.clone(), clock, Arc::new(SeededIds::new(seed))).unwrap();
    (iam.signing(keys.clone()).await.unwrap(), store, keys)
}

impl World {
    async fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-iam-{}-{n}", std::process::id()));
        let (iam, store, keys) = open(&dir, 1).await;
        Self { iam, store, keys, account: AccountId::parse("123456789012").unwrap(), dir }
    }

    /// Closes the store and opens it again.
    async fn restart(mut self) -> Self {
        self.store.close().await;
        // The store keeps its lock until its last clone is gone.
        let elsewhere = std::env::temp_dir().join(format!("{}-closed", self.dir.display()));
        (self.iam, self.store, self.keys) = open(&elsewhere, 9).await;
        (self.iam, self.store, self.keys) = open(&self.dir, 2).await;
        let _ = std::fs::remove_dir_all(elsewhere);
        self
    }

    async fn user(&self, name: &str) {
        let new = NewUser {
            name: name.to_owned(),
            path: "/".to_owned(),
            permissions_boundary: None,
            tags: Vec::new(),
        };
        self.iam.create_user(&self.account, new).await.unwrap();
    }

    async fn role(&self, name: &str) -> String {
        self.iam.create_role(&self.account, new_role(name)).await.unwrap().arn
    }

    async fn allow(&self, role: &str) {
        let name = "p".to_owned();
        self.iam.put_inline_policy(&self.account, Holder::Role, role, name, document("s3:*")).await.unwrap();
    }

    fn caller(&self, key: &str) -> Option<Caller> {
        self.keys.find(key).map(|found| found.credential.caller.clone())
    }

    async fn may(&self, key: &str, action: &str) -> bool {
        let region = Region::parse("us-east-1").unwrap();
        let Some(caller) = self.caller(key) else { return false };
        self.iam.allows(&caller, &region, action, "*").await.unwrap()
    }

    async fn assume(&self, role: &str) -> Result<Caller, RoleError> {
        let of = RoleUse {
            role_arn: role.into(),
            service: "states.amazonaws.com",
            session: "s".to_owned(),
            source_arn: None,
            task_role: None,
        };
        let home =
            AccountRegion { account: self.account.clone(), region: Region::parse("us-east-1").unwrap() };
        self.iam.assume(&of, &home).await
    }
}

fn document(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
        .to_string()
}

/// A role that Step Functions may assume.
fn new_role(name: &str) -> NewRole {
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "states.amazonaws.com"}}});
    NewRole {
        name: name.to_owned(),
        path: "/".to_owned(),
        assume_role_policy_document: trust.to_string(),
        description: None,
        max_session_duration: 3_600,
        permissions_boundary: None,
        tags: Vec::new(),
        is_complete: false,
    }
}

#[tokio::test]
async fn keys_groups_and_policies_outlive_a_restart() {
    let mut world = World::new().await;
    let account = world.account.clone();
    world.user("ann").await;
    let (key, secret) = world.iam.create_access_key(&account, "ann").await.unwrap();
    let (other, _) = world.iam.create_access_key(&account, "ann").await.unwrap();
    world.iam.update_access_key(&account, "ann", &other.id, false).await.unwrap();
    world.iam.create_group(&account, "g".to_owned(), "/".to_owned()).await.unwrap();
    world.iam.add_to_group(&account, "g", "ann").await.unwrap();
    world
        .iam
        .put_inline_policy(&account, Holder::Group, "g", "p".to_owned(), document("s3:*"))
        .await
        .unwrap();
    for _ in 0..2 {
        assert!(world.may(&key.id, "s3:GetObject").await);
        assert!(!world.may(&key.id, "sqs:SendMessage").await);
        assert!(world.keys.find(&key.id).unwrap().credential.secret.matches(&secret));
        assert_eq!(world.caller(&other.id), None);
        world = world.restart().await;
    }
    world.iam.remove_from_group(&account, "g", "ann").await.unwrap();
    assert!(!world.may(&key.id, "s3:GetObject").await);
    world.iam.delete_access_key(&account, "ann", &key.id).await.unwrap();
    assert_eq!(world.caller(&key.id), None);
    // Another user of the name is another user.
    let gone =
        Caller::user(account.clone(), keys::identity(&world.iam.user(&account, "ann").await.unwrap()), "a");
    world.iam.delete_access_key(&account, "ann", &other.id).await.unwrap();
    world.iam.delete_user(&account, "ann").await.unwrap();
    world.user("ann").await;
    world.iam.put_inline_policy(&account, Holder::User, "ann", "p".to_owned(), document("*")).await.unwrap();
    let region = Region::parse("us-east-1").unwrap();
    assert!(!world.iam.allows(&gone, &region, "s3:GetObject", "*").await.unwrap());
}

#[tokio::test]
async fn a_policy_of_an_earlier_version_has_one_version() {
    let world = World::new().await;
    let account = world.account.clone();
    let arn = "arn:aws:iam::123456789012:policy/Old";
    let record = json!({"name": "Old", "path": "/", "policy_id": "ANPAOLD", "arn": arn, "create_date": 5,
        "document": document("s3:*"), "description": "d"})
    .to_string();
    let insert = move |tx: &Tx<'_>| {
        let sql = "INSERT INTO iam_policy (account, name_key, arn, record) VALUES (?1, ?2, ?3, ?4)";
        tx.execute(sql, &["123456789012", "old", arn, &record].map(Param::Text))
    };
    world.store.write(insert).await.unwrap();
    let (policy, usage) = world.iam.policy(&account, arn).await.unwrap();
    assert_eq!((policy.default_version, policy.document()), (1, document("s3:*").as_str()));
    assert_eq!(usage, Usage::default());
    let version = world.iam.create_policy_version(&account, arn, document("sqs:*"), true).await.unwrap();
    assert_eq!(version.number, 2);
    let world = world.restart().await;
    let (policy, _) = world.iam.policy(&account, arn).await.unwrap();
    assert_eq!((policy.versions.len(), policy.document()), (2, document("sqs:*").as_str()));
}

#[tokio::test]
async fn deleted_roles_are_remembered_until_there_is_one_again() {
    let mut world = World::new().await;
    let account = world.account.clone();
    let unknown = "arn:aws:iam::123456789012:role/other";
    let role = world.role("R").await;
    // One that never had a policy is let through as well, until it has one.
    assert!(world.assume(&role).await.unwrap().acting().is_none());
    world.allow("R").await;
    assert!(world.assume(&role).await.unwrap().acting().is_some());
    // A template's role is complete as it is made.
    let complete = NewRole { is_complete: true, ..new_role("Complete") };
    let complete = world.iam.create_role(&account, complete).await.unwrap().arn;
    assert!(world.assume(&complete).await.unwrap().acting().is_some());
    // Who can't be asked is let through; also one whose name has another path.
    assert!(world.assume(unknown).await.unwrap().acting().is_none());
    assert!(world.assume("arn:aws:iam::123456789012:role/p/R").await.unwrap().acting().is_none());
    world.iam.delete_inline_policy(&account, Holder::Role, "R", "p".to_owned()).await.unwrap();
    world.iam.delete_role(&account, "R").await.unwrap();
    for _ in 0..2 {
        assert!(matches!(world.assume(&role).await, Err(RoleError::NotAssumed { .. })));
        world = world.restart().await;
    }
    world.role("r").await;
    world.allow("r").await;
    assert!(world.assume(&role.replace("/R", "/r")).await.unwrap().acting().is_some());
    for (enforcement, is_assumed) in [(Enforcement::Strict, false), (Enforcement::Warn, true)] {
        world.iam = world.iam.clone().enforcing(enforcement);
        assert_eq!(world.assume(unknown).await.is_ok(), is_assumed, "{enforcement:?}");
    }
}

#[tokio::test]
async fn there_are_as_many_of_everything_as_aws_has() {
    let world = World::new().await;
    let (iam, account) = (&world.iam, &world.account);
    world.user("ann").await;
    for n in 0..11 {
        iam.create_group(account, format!("g{n}"), "/".to_owned()).await.unwrap();
        let added = iam.add_to_group(account, &format!("g{n}"), "ann").await;
        assert_eq!(added.is_ok(), n < 10, "{n}");
    }
    for n in 0..11 {
        let arn = format!("arn:aws:iam::aws:policy/Unknown{n}");
        let attached = iam.attach_policy(account, Holder::User, "ann", arn).await;
        assert_eq!(attached.is_ok(), n < 10, "{n}");
    }
    // White space doesn't count.
    let statement = |n: usize| {
        let rest = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "a:b", "Resource": ""}});
        let fill = n - holder::counted(&rest.to_string());
        rest.to_string().replace("\"Resource\":\"\"", &format!("\"Resource\":   \"{}\"", "x".repeat(fill)))
    };
    let put = |n: usize| iam.put_inline_policy(account, Holder::User, "ann", "p".to_owned(), statement(n));
    assert!(put(2_048).await.is_ok());
    assert!(matches!(put(2_049).await, Err(IamError::InlineTooLarge(Holder::User, 2_048))));
    let managed = |name: &str, n: usize| {
        let (name, document) = (name.to_owned(), statement(n));
        let new = NewPolicy { name, path: "/".to_owned(), document, description: None, tags: Vec::new() };
        iam.create_policy(account, new)
    };
    assert!(managed("fits", 6_144).await.is_ok());
    assert!(matches!(managed("large", 6_145).await, Err(IamError::TooMany("PolicySize", 6_144))));
}
