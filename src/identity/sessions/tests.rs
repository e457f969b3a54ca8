//! Sessions from start to expiry, on a store of their own.

mod web;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::clock::{SeededIds, VirtualClock};
use crate::id::Region;
use crate::identity::Owner;
use crate::identity::iam::{Holder, NewPolicy, NewRole, NewUser};
use crate::identity::{AuthError, Authenticator, Head, TargetUri, sign};
use crate::policy::Decision::{self, Allow, ExplicitDeny, ImplicitDeny};
use crate::policy::Request;
use crate::store::Options;

const ROLE: &str = "arn:aws:iam::123456789012:role/app/R";

struct World {
    sessions: Sessions,
    iam: Iam,
    keys: Arc<Keys>,
    clock: Arc<VirtualClock>,
    account: AccountId,
    dir: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

async fn open(dir: &std::path::Path, clock: &Arc<VirtualClock>, seed: u64) -> (Sessions, Iam, Arc<Keys>) {
    let store = Store::open(dir, Options::disturbed(), clock.clone()).unwrap();
    let (ids, keys) = (Arc::new(SeededIds::new(seed)), Arc::new(Keys::default()));
    let iam = Iam::open(store.clone(), clock.clone(), ids.clone()).unwrap();
    let sessions = Sessions::open(store, clock.clone(), ids, keys.clone(), iam.clone()).await.unwrap();
    (sessions, iam, keys)
}

impl World {
    async fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-sessions-{}-{n}", std::process::id()));
        let clock = Arc::new(VirtualClock::new(Timestamp::from_millis(1_700_000_000_000)));
        let (sessions, iam, keys) = open(&dir, &clock, 1).await;
        let account = AccountId::parse("123456789012").unwrap();
        Self { sessions, iam, keys, clock, account, dir }
    }

    /// Closes the store and opens it again.
    async fn restart(mut self) -> Self {
        self.sessions.store.close().await;
        // The store keeps its lock until its last clone is gone.
        let elsewhere = std::env::temp_dir().join(format!("{}-closed", self.dir.display()));
        let (sessions, iam, keys) = open(&elsewhere, &self.clock, 9).await;
        (self.sessions, self.iam, self.keys) = (sessions, iam, keys);
        let (sessions, iam, keys) = open(&self.dir, &self.clock, 2).await;
        (self.sessions, self.iam, self.keys) = (sessions, iam, keys);
        let _ = std::fs::remove_dir_all(elsewhere);
        self
    }

    fn root(&self) -> Caller {
        Caller::root(self.account.clone())
    }

    async fn role(&self, trust: Value, boundary: Option<&str>) {
        let new = NewRole {
            name: "R".to_owned(),
            path: "/app/".to_owned(),
            assume_role_policy_document: trust.to_string(),
            description: None,
            max_session_duration: 7_200,
            permissions_boundary: boundary.map(str::to_owned),
            tags: Vec::new(),
            is_complete: false,
        };
        self.iam.create_role(&self.account, new).await.unwrap();
    }

    async fn put(&self, policy: &str, statement: Value) {
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        let put = self.iam.put_inline_policy(&self.account, Holder::Role, "R", policy.to_owned(), document);
        put.await.unwrap();
    }

    async fn assume(&self, change: impl FnOnce(&mut AssumeRole)) -> Result<NewSession, String> {
        self.assume_as(&self.root(), change).await
    }

    async fn assume_as(
        &self,
        caller: &Caller,
        change: impl FnOnce(&mut AssumeRole),
    ) -> Result<NewSession, String> {
        let mut request =
            AssumeRole { role_arn: ROLE.to_owned(), session_name: "me".to_owned(), ..AssumeRole::default() };
        change(&mut request);
        self.sessions.assume_role(caller, request, &mut Vec::new()).await.map_err(|error| error.to_string())
    }

    /// Whether a caller may call `GET /x` of an API.
    async fn may(&self, caller: &Caller) -> Decision {
        let grants = self.iam.grants(caller).await.unwrap();
        let facts = CallFacts { caller, now: self.clock.now(), region: None, conditions: &[] };
        let resource = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/x";
        let caller = caller.for_policies();
        grants.decide(
            &Request { caller, action: "execute-api:Invoke", resource, facts: &facts },
            None,
            Owner::Same,
        )
    }

    /// What the signature of a request with a session's key proves.
    fn verify(&self, session: &NewSession) -> Result<Caller, AuthError> {
        let request = http::Request::get("http://localhost/").body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        let credential = Credential {
            caller: session.caller.clone(),
            secret: crate::identity::Secret::new(&session.secret_access_key),
            session_token: Some(crate::identity::Secret::new(&session.session_token)),
            expires: None,
        };
        let region = Region::parse("us-east-1").unwrap();
        sign(&mut parts, b"", &credential, "execute-api", &region, self.clock.now());
        let authenticator = Authenticator::new(self.keys.clone(), self.clock.clone());
        let uri = TargetUri::take(&mut parts).unwrap();
        Ok(authenticator.authenticate(Head::new(&parts, &uri), b"", "execute-api")?.caller)
    }
}

fn trusting(principal: Value) -> Value {
    let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn own() -> Value {
    trusting(json!({"AWS": "arn:aws:iam::123456789012:root"}))
}

fn allow() -> Value {
    json!({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*/dev/GET/*"})
}

#[tokio::test]
async fn a_session_has_a_key_until_it_ends_and_through_a_restart() {
    let world = World::new().await;
    world.role(own(), None).await;
    let session = world.assume(|_| {}).await.unwrap();
    assert!(session.access_key_id.starts_with("ASIA") && session.access_key_id.len() == 20);
    assert_eq!(session.expires, world.clock.now() + Duration::from_secs(3_600));
    assert_eq!(&*session.caller.arn, "arn:aws:sts::123456789012:assumed-role/R/me");
    assert!(session.caller.user_id.starts_with("AROA") && session.caller.user_id.ends_with(":me"));
    assert_eq!(world.verify(&session).unwrap(), session.caller);

    let world = world.restart().await;
    assert_eq!(world.verify(&session).unwrap(), session.caller);
    let forged = NewSession { session_token: "other".to_owned(), ..session.clone() };
    assert_eq!(world.verify(&forged).unwrap_err(), AuthError::UnrecognizedClient);
    world.clock.advance(Duration::from_secs(3_600));
    assert_eq!(world.verify(&session).unwrap_err(), AuthError::ExpiredToken);
    // A day later it is forgotten.
    world.clock.advance(Duration::from_secs(24 * 3_600));
    world.assume(|_| {}).await.unwrap();
    assert_eq!(world.verify(&session).unwrap_err(), AuthError::UnrecognizedClient);
}

#[tokio::test]
async fn the_trust_policy_says_who_may_assume_a_role() {
    let denied = format!(
        "User: arn:aws:iam::123456789012:root is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    );
    let with = |condition: Value| {
        let mut trust = own();
        trust["Statement"][0]["Condition"] = condition;
        trust
    };
    let external = || with(json!({"StringEquals": {"sts:ExternalId": "x-1"}}));
    for (name, trust, id, is_allowed) in [
        ("the account", own(), None, true),
        ("everybody", trusting(json!("*")), None, true),
        ("another account", trusting(json!({"AWS": "210987654321"})), None, false),
        ("a service", trusting(json!({"Service": "states.amazonaws.com"})), None, false),
        ("nobody", json!({"Statement": []}), None, false),
        ("an id that was told", external(), Some("x-1"), true),
        ("an id that was not told", external(), None, false),
        ("another id", external(), Some("x-2"), false),
    ] {
        let world = World::new().await;
        world.role(trust, None).await;
        let assumed = world.assume(|request| request.external_id = id.map(str::to_owned)).await;
        assert_eq!(assumed.err(), (!is_allowed).then(|| denied.clone()), "{name}");
    }
    // Nobody can find out whether a role exists.
    let world = World::new().await;
    assert_eq!(world.assume(|_| {}).await.unwrap_err(), denied);
    world.role(own(), None).await;
    let elsewhere = "arn:aws:iam::123456789012:role/R".to_owned();
    assert!(world.assume(|request| request.role_arn = elsewhere).await.is_err());
}

#[tokio::test]
async fn what_is_asked_for_has_limits() {
    let world = World::new().await;
    world.role(own(), None).await;
    let lasting =
        |seconds| move |request: &mut AssumeRole| request.duration = Some(Duration::from_secs(seconds));
    assert!(world.assume(lasting(7_200)).await.is_ok());
    let too_long = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    assert_eq!(world.assume(lasting(7_201)).await.unwrap_err(), too_long);
    for arn in ["", "R", "arn:aws:iam::x:role/R", "arn:aws:iam::123456789012:user/R", "arn:aws:s3:::role/R"] {
        let arn = arn.to_owned();
        let said = world.assume(|request| request.role_arn = arn.clone()).await.unwrap_err();
        assert_eq!(said, format!("{arn} is invalid"));
    }
    let said = world.assume(|request| request.policy = Some("{}".to_owned())).await.unwrap_err();
    assert_eq!(said, "Syntax errors in policy: a statement needs Statement");
    let arn = "arn:aws:iam::123456789012:policy/none".to_owned();
    let said = world.assume(|request| request.policy_arns = vec![arn]).await.unwrap_err();
    assert_eq!(said, "Policy arn:aws:iam::123456789012:policy/none was not found.");
}

#[tokio::test]
async fn a_session_may_what_its_role_may_from_one_moment_to_the_next() {
    let world = World::new().await;
    world.role(own(), None).await;
    let session = world.assume(|_| {}).await.unwrap().caller;
    assert_eq!(world.may(&world.root()).await, Allow);
    assert_eq!(world.may(&session).await, ImplicitDeny);
    world.put("p", allow()).await;
    assert_eq!(world.may(&session).await, Allow);
    world.put("q", json!({"Effect": "Deny", "Action": "*", "Resource": "*/GET/x"})).await;
    assert_eq!(world.may(&session).await, ExplicitDeny);
    world.iam.delete_inline_policy(&world.account, Holder::Role, "R", "q".to_owned()).await.unwrap();
    world.iam.delete_inline_policy(&world.account, Holder::Role, "R", "p".to_owned()).await.unwrap();
    assert_eq!(world.may(&session).await, ImplicitDeny);

    for (arn, expect) in [
        ("arn:aws:iam::aws:policy/AmazonAPIGatewayInvokeFullAccess", Allow),
        ("arn:aws:iam::aws:policy/AdministratorAccess", Allow),
        ("arn:aws:iam::aws:policy/PowerUserAccess", Allow),
        ("arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess", ImplicitDeny),
        ("arn:aws:iam::aws:policy/AmazonAPIGatewayAdministrator", ImplicitDeny),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", ImplicitDeny),
    ] {
        world.iam.attach_policy(&world.account, Holder::Role, "R", arn.to_owned()).await.unwrap();
        assert_eq!(world.may(&session).await, expect, "{arn}");
        world.iam.detach_policy(&world.account, Holder::Role, "R", arn.to_owned()).await.unwrap();
    }
    let document = json!({"Statement": allow()}).to_string();
    let new = NewPolicy {
        name: "own".to_owned(),
        path: "/".to_owned(),
        document,
        description: None,
        tags: Vec::new(),
    };
    let arn = world.iam.create_policy(&world.account, new).await.unwrap().arn;
    world.iam.attach_policy(&world.account, Holder::Role, "R", arn.clone()).await.unwrap();
    assert_eq!(world.may(&session).await, Allow);
    // What is no policy is refused, so that it can't be one that might have denied the call.
    let broken = json!({"Version": "2012-10-17", "Statement": {"Effect": "Perhaps"}}).to_string();
    let put = world.iam.put_inline_policy(&world.account, Holder::Role, "R", "broken".to_owned(), broken);
    assert!(put.await.is_err());
    assert_eq!(world.may(&session).await, Allow);
    // Another role with the same name is not the one that was assumed.
    world.iam.detach_policy(&world.account, Holder::Role, "R", arn).await.unwrap();
    world.iam.delete_role(&world.account, "R").await.unwrap();
    assert_eq!(world.may(&session).await, ImplicitDeny);
    world.role(own(), None).await;
    world.put("p", allow()).await;
    assert_eq!(world.may(&session).await, ImplicitDeny);
    assert_eq!(world.may(&world.assume(|_| {}).await.unwrap().caller).await, Allow);
}

#[tokio::test]
async fn boundaries_and_session_policies_take_away() {
    let invoke = "arn:aws:iam::aws:policy/AmazonAPIGatewayInvokeFullAccess";
    let states = "arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess";
    let unknown = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let elsewhere =
        json!({"Statement": {"Effect": "Allow", "Action": "execute-api:*", "Resource": "*/prod/*"}});
    let here = json!({"Statement": allow()});
    for (name, boundary, policy, arns, is_allowed) in [
        ("nothing", None, None, &[][..], true),
        ("a boundary around it", Some(invoke), None, &[], true),
        ("a boundary elsewhere", Some(states), None, &[], false),
        ("a boundary that isn't known", Some(unknown), None, &[], false),
        ("a session policy", None, Some(&here), &[], true),
        ("a session policy elsewhere", None, Some(&elsewhere), &[], false),
        ("a managed one besides", None, Some(&elsewhere), &[invoke], true),
        ("managed ones", None, None, &[states], false),
        ("managed ones that aren't known", None, None, &[unknown], false),
        ("all together", Some(invoke), Some(&here), &[states], true),
        ("all together but the boundary", Some(states), Some(&here), &[invoke], false),
    ] {
        let world = World::new().await;
        world.role(own(), boundary).await;
        world.put("p", allow()).await;
        let begun = world.assume(|request| {
            request.policy = policy.map(Value::to_string);
            request.policy_arns = arns.iter().map(|arn| (*arn).to_owned()).collect();
        });
        let session = begun.await.unwrap();
        let expect = if is_allowed { Decision::Allow } else { Decision::ImplicitDeny };
        assert_eq!(world.may(&session.caller).await, expect, "{name}");
        let world = world.restart().await;
        assert_eq!(world.may(&world.verify(&session).unwrap()).await, expect, "{name}, restarted");
    }
}

#[tokio::test]
async fn sessions_begin_with_sessions_where_both_sides_allow() {
    let session = "arn:aws:sts::123456789012:assumed-role/R/me";
    for (name, trust, statement, is_allowed) in [
        ("the account trusts, the role may not", own(), allow(), false),
        (
            "the account trusts, the role may",
            own(),
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}),
            true,
        ),
        (
            "the account trusts, the role may another",
            own(),
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::123456789012:role/S"}),
            false,
        ),
        ("the session itself is trusted", trusting(json!({"AWS": [session, "123456789012"]})), allow(), true),
        (
            "trusted, but denied",
            trusting(json!({"AWS": [session, "123456789012"]})),
            json!({"Effect": "Deny", "Action": "sts:*", "Resource": "*"}),
            false,
        ),
    ] {
        let world = World::new().await;
        world.role(trust, None).await;
        world.put("p", statement).await;
        let first = world.assume(|_| {}).await.unwrap();
        let second = world.assume_as(&first.caller, |_| {}).await;
        assert_eq!(second.is_ok(), is_allowed, "{name}");
        if is_allowed {
            let long = |request: &mut AssumeRole| request.duration = Some(Duration::from_secs(3_601));
            let said = world.assume_as(&first.caller, long).await.unwrap_err();
            assert!(said.contains("role chaining"), "{said}");
        }
    }
}

#[tokio::test]
async fn the_account_has_sessions_that_begin_no_others() {
    let world = World::new().await;
    let session =
        world.sessions.session_token(&world.root(), Some(Duration::from_secs(43_200))).await.unwrap();
    assert_eq!(session.expires, world.clock.now() + Duration::from_secs(3_600));
    let caller = world.verify(&session).unwrap();
    assert_eq!(&*caller.arn, "arn:aws:iam::123456789012:root");
    assert_eq!(world.may(&caller).await, Decision::Allow);
    let said = world.sessions.session_token(&caller, None).await.unwrap_err();
    assert_eq!(said.to_string(), "Cannot call GetSessionToken with session credentials");
    let world = world.restart().await;
    assert_eq!(world.verify(&session).unwrap(), caller);
}

#[tokio::test]
async fn tags_and_who_is_behind_a_session_are_asked_for_and_handed_down() {
    let world = World::new().await;
    let tagged = |actions: Value| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"},
            "Action": actions, "Condition": {"StringEqualsIfExists": {"aws:RequestTag/team": ["blue", "red"]}}}]})
    };
    world.role(tagged(json!("sts:AssumeRole")), None).await;
    world
        .put(
            "p",
            json!({"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/Team": "blue", "aws:SourceIdentity": "ann"}}}),
        )
        .await;
    let tag = |value: &str| vec![("team".to_owned(), value.to_owned())];
    let denied = |action: &str| {
        format!(
            "User: arn:aws:iam::123456789012:root is not authorized to perform: {action} on resource: {ROLE}"
        )
    };
    let with_tags = |request: &mut AssumeRole| request.tags = tag("blue");
    assert_eq!(world.assume(with_tags).await.unwrap_err(), denied("sts:TagSession"));
    let behind = |request: &mut AssumeRole| request.source_identity = Some("ann".to_owned());
    assert_eq!(world.assume(behind).await.unwrap_err(), denied("sts:SetSourceIdentity"));

    let all = tagged(json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])).to_string();
    world.iam.update_assume_role_policy(&world.account, "R", all).await.unwrap();
    let other = |request: &mut AssumeRole| request.tags = tag("green");
    assert_eq!(world.assume(other).await.unwrap_err(), denied("sts:AssumeRole"));
    let none = world.assume(|_| {}).await.unwrap().caller;
    assert_eq!(world.may(&none).await, ImplicitDeny);
    let whole = |request: &mut AssumeRole| {
        (request.tags, request.transitive) = (tag("blue"), vec!["Team".to_owned()]);
        request.source_identity = Some("ann".to_owned());
    };
    let first = world.assume(whole).await.unwrap().caller;
    assert_eq!(world.may(&first).await, Allow);
    // What the next session has of it, it can't change.
    let second = world.assume_as(&first, |_| {}).await.unwrap().caller;
    assert_eq!(world.may(&second).await, Allow);
    assert!(
        world.assume_as(&first, |it| it.tags = tag("red")).await.unwrap_err().contains("transitive tag key")
    );
    let changed = |it: &mut AssumeRole| it.source_identity = Some("bob".to_owned());
    assert!(world.assume_as(&first, changed).await.is_err());
    // Tags are named once, and those that are handed down are tags.
    let twice = |it: &mut AssumeRole| it.tags = [tag("blue"), tag("red")].concat();
    assert!(world.assume(twice).await.unwrap_err().starts_with("Duplicate tag keys"));
    assert!(world.assume(|it| it.transitive = vec!["x".to_owned()]).await.is_err());
    let (key, issued) = (second.access_key_id.clone().unwrap(), second.session_tags());
    let world = world.restart().await;
    assert_eq!(world.keys.find(&key).unwrap().credential.caller.session_tags(), issued);
}

#[tokio::test]
async fn keys_for_somebody_else_may_do_what_both_may() {
    let world = World::new().await;
    let account = world.account.clone();
    let new = NewUser {
        name: "ann".to_owned(),
        path: "/".to_owned(),
        permissions_boundary: None,
        tags: Vec::new(),
    };
    world.iam.create_user(&account, new).await.unwrap();
    let invoke = json!({"Version": "2012-10-17", "Statement": allow()}).to_string();
    let nothing = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    let iam = world.iam.clone().signing(world.keys.clone()).await.unwrap();
    let (key, _) = iam.create_access_key(&account, "ann").await.unwrap();
    let ann = world.keys.find(&key.id).unwrap().credential.caller.clone();
    for (of_user, of_session, is_allowed) in [
        (&invoke, Some(&invoke), true),
        (&invoke, None, false),
        (&invoke, Some(&nothing), false),
        (&nothing, Some(&invoke), false),
    ] {
        let put = iam.put_inline_policy(&account, Holder::User, "ann", "p".to_owned(), of_user.clone());
        put.await.unwrap();
        let request = FederationToken {
            name: "guest".to_owned(),
            policy: of_session.cloned(),
            ..FederationToken::default()
        };
        let session = world.sessions.federation_token(&ann, request).await.unwrap();
        assert_eq!(&*session.caller.arn, "arn:aws:sts::123456789012:federated-user/guest");
        let expect = if is_allowed { Allow } else { ImplicitDeny };
        // Grants are asked of the instance that wrote the policy: each has its own cache.
        let grants = iam.grants(&session.caller).await.unwrap();
        let facts =
            CallFacts { caller: &session.caller, now: world.clock.now(), region: None, conditions: &[] };
        let resource = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/x";
        let caller = session.caller.for_policies();
        let request = Request { caller, action: "execute-api:Invoke", resource, facts: &facts };
        assert_eq!(grants.decide(&request, None, Owner::Same), expect, "{of_user} {of_session:?}");
        assert!(world.sessions.federation_token(&session.caller, FederationToken::default()).await.is_err());
    }
    // The account's own guests may do what they are given.
    let request =
        FederationToken { name: "guest".to_owned(), policy: Some(invoke), ..FederationToken::default() };
    let session = world.sessions.federation_token(&world.root(), request).await.unwrap();
    assert_eq!(world.may(&session.caller).await, Allow);
    // A user's session is the user, and can't start another.
    let session = world.sessions.session_token(&ann, None).await.unwrap();
    assert_eq!((&session.caller.arn, &session.caller.user_id), (&ann.arn, &ann.user_id));
    assert!(world.sessions.session_token(&session.caller, None).await.is_err());
    assert_eq!(session.expires, world.clock.now() + Duration::from_secs(12 * 3_600));
}
