//! Who has signed in.

mod sign_ins;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::COOKIE;
use sha2::{Digest, Sha256};

pub(super) use self::sign_ins::SignIns;
use super::oidc::Person;
use crate::clock::{Clock, Ids};
use crate::id::Region;
use crate::identity::{AuthError, Authenticator, Caller, NewSession, Secret};

/// Sessions at one time. Beyond, the one that was used longest ago ends.
pub(super) const SESSIONS_MAX: usize = 1_000;
/// How long a session lasts.
pub(super) const LASTS: Duration = Duration::from_secs(12 * 3_600);
/// How long it lasts without being used.
pub(super) const IDLE: Duration = Duration::from_secs(2 * 3_600);
/// How often other nodes are told that a session is used: it may end that much early there.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// The longest key, secret or token.
const FIELD_BYTES_MAX: usize = 8 * 1024;

/// What people tell of themselves.
pub(super) struct Told<'t> {
    pub(super) access_key_id: &'t str,
    pub(super) secret: &'t str,
    pub(super) token: Option<&'t str>,
    pub(super) region: Region,
}

/// Who has signed in, as of now.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) caller: Caller,
    /// The region that lists show.
    pub(super) region: Region,
    /// What each form of the session has to send.
    pub(super) csrf: Arc<str>,
}

/// The sessions of this process: when it ends, people sign in again, unless other nodes know them, too. A key that is
/// deleted anywhere ends its sessions with the next request, because the key is asked for again each time.
pub(super) struct Sessions {
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// By the digest of what the cookie says.
    open: Mutex<HashMap<[u8; 32], Session>>,
    /// All of them, of all nodes, if there may be others.
    shared: Option<SignIns>,
}

#[derive(Clone)]
pub(super) struct Session {
    pub(super) proof: Proof,
    pub(super) region: Region,
    pub(super) csrf: Arc<str>,
    /// When it ends at the latest.
    pub(super) ends: Duration,
    pub(super) used: Duration,
    /// When other nodes were last told that it is used.
    pub(super) told: Duration,
}

/// Why a session is somebody's.
#[derive(Clone)]
pub(super) enum Proof {
    /// They know a key, which is asked for each time.
    Key { access_key_id: String, secret: Secret, token: Option<Secret> },
    /// A provider has said who they are.
    Said(Box<(Caller, Person)>),
}

/// What is known of a cookie in memory.
enum Known {
    Found(SignedIn),
    /// Its key is none any more.
    Ended,
    Nothing,
}

impl Sessions {
    pub(super) fn new(
        authenticator: Arc<Authenticator>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        shared: Option<SignIns>,
    ) -> Self {
        Self { authenticator, clock, ids, open: Mutex::default(), shared }
    }

    /// Begins a session. Returns what its cookie says, and who it is of.
    ///
    /// # Errors
    /// If there is no such key, or its secret is another.
    pub(super) async fn begin(&self, told: Told<'_>) -> Result<(String, Caller), AuthError> {
        let lengths = [told.access_key_id.len(), told.secret.len(), told.token.map_or(0, str::len)];
        if lengths.iter().any(|length| FIELD_BYTES_MAX < *length) {
            return Err(AuthError::UnrecognizedClient);
        }
        let (secret, token) = (Secret::new(told.secret), told.token.map(Secret::new));
        let caller = self.authenticator.prove(told.access_key_id, &secret, token.as_ref())?;
        let proof = Proof::Key { access_key_id: told.access_key_id.to_owned(), secret, token };
        Ok((self.open(proof, told.region).await, caller))
    }

    /// The same with keys that were just made.
    ///
    /// # Errors
    /// If they are none any more.
    pub(super) async fn begin_with(
        &self,
        keys: NewSession,
        region: Region,
    ) -> Result<(String, Caller), AuthError> {
        let NewSession { access_key_id, secret_access_key, session_token, .. } = keys;
        self.begin(Told {
            access_key_id: &access_key_id,
            secret: &secret_access_key,
            token: Some(&session_token),
            region,
        })
        .await
    }

    /// Begins a session of whom a provider has named.
    ///
    /// # Errors
    /// None; as of who tells a key.
    pub(super) async fn begin_as(
        &self,
        caller: Caller,
        person: Person,
        region: Region,
    ) -> Result<(String, Caller), AuthError> {
        let proof = Proof::Said(Box::new((caller.clone(), person)));
        Ok((self.open(proof, region).await, caller))
    }

    /// Opens a session, and returns what its cookie says.
    async fn open(&self, proof: Proof, region: Region) -> String {
        let (cookie, csrf) = (self.random(), self.random().into());
        let now = self.clock.monotonic();
        let session = Session { proof, region, csrf, ends: now + LASTS, used: now, told: now };
        let key = digest(&cookie);
        self.insert(key, session.clone());
        if let Some(shared) = &self.shared {
            shared.tell(&key, &session).await;
        }
        cookie
    }

    fn insert(&self, key: [u8; 32], session: Session) {
        let now = self.clock.monotonic();
        let mut open = self.lock();
        open.retain(|_, session| session.is_on(now));
        if SESSIONS_MAX <= open.len()
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key)
        {
            open.remove(&oldest);
        }
        open.insert(key, session);
    }

    /// Whose session a cookie is of, if it goes on as far as this process knows.
    pub(super) fn find(&self, cookie: &str) -> Option<SignedIn> {
        match self.known(&digest(cookie)) {
            Known::Found(signed) => Some(signed),
            Known::Ended | Known::Nothing => None,
        }
    }

    /// The same as all nodes know it. `federate` says who somebody is whom a provider has named.
    pub(super) async fn find_anywhere<F>(
        &self,
        cookie: &str,
        federate: impl FnOnce(Person) -> F,
    ) -> Option<SignedIn>
    where
        F: Future<Output = Option<Caller>>,
    {
        let key = digest(cookie);
        let known = self.known(&key);
        let Some(shared) = &self.shared else {
            return if let Known::Found(signed) = known { Some(signed) } else { None };
        };
        match known {
            Known::Found(signed) => {
                let is_due = self.lock().get_mut(&key).is_some_and(Session::has_to_be_told);
                if is_due {
                    shared.used(&key).await;
                }
                Some(signed)
            }
            Known::Ended => {
                shared.end(&key).await;
                None
            }
            Known::Nothing => {
                let session = shared.find(&key, federate).await?;
                // A key that is not known here may be known in a moment.
                self.proven(&session)?;
                self.insert(key, session);
                self.find(cookie)
            }
        }
    }

    fn proven(&self, session: &Session) -> Option<Caller> {
        match &session.proof {
            Proof::Key { access_key_id, secret, token } => {
                self.authenticator.prove(access_key_id, secret, token.as_ref()).ok()
            }
            Proof::Said(said) => Some(said.0.clone()),
        }
    }

    fn known(&self, key: &[u8; 32]) -> Known {
        let now = self.clock.monotonic();
        let mut open = self.lock();
        if self.shared.as_ref().is_some_and(SignIns::have_ended) {
            // Which those were is seen by looking for the others again.
            open.clear();
        }
        let Some(session) = open.get_mut(key) else { return Known::Nothing };
        let proven = self.proven(session);
        if !session.is_on(now) {
            open.remove(key);
            return Known::Nothing;
        }
        let Some(caller) = proven else {
            open.remove(key);
            return Known::Ended;
        };
        session.used = now;
        Known::Found(SignedIn { caller, region: session.region.clone(), csrf: session.csrf.clone() })
    }

    /// Ends a session.
    pub(super) async fn end(&self, cookie: &str) {
        let key = digest(cookie);
        self.lock().remove(&key);
        if let Some(shared) = &self.shared {
            shared.end(&key).await;
        }
    }

    fn random(&self) -> String {
        let mut bytes = [0; 32];
        self.ids.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_on(&self, now: Duration) -> bool {
        now < self.ends && now.saturating_sub(self.used) < IDLE
    }

    /// Whether other nodes have not been told for some time that it is used; they are now.
    fn has_to_be_told(&mut self) -> bool {
        let is_due = TELL_EVERY <= self.used.saturating_sub(self.told);
        if is_due {
            self.told = self.used;
        }
        is_due
    }
}

/// Sessions are found by digests, so that the time of looking one up tells nothing about its cookie.
fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}

/// The name of the cookie. Browsers keep the cookies of all ports of a host together, so it has the port.
pub(super) fn cookie_name(authority: &str) -> String {
    let port = authority.rsplit(':').next().filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
    format!("stepgate-console-{}", port.filter(|port| !port.is_empty()).unwrap_or("default"))
}

/// What a cookie says.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|line| line.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SeededIds, Timestamp, VirtualClock};
    use crate::id::AccountId;
    use crate::identity::{Credential, Keys};

    struct Fixture {
        keys: Arc<Keys>,
        clock: Arc<VirtualClock>,
        sessions: Sessions,
    }

    fn fixture() -> Fixture {
        let keys = Arc::new(Keys::default());
        let clock = Arc::new(VirtualClock::new(Timestamp::from_millis(0)));
        let account = AccountId::parse("123456789012").unwrap();
        keys.insert("AKID", Credential::root(account, "AKID", Secret::new("hush")));
        let authenticator = Arc::new(Authenticator::new(keys.clone(), clock.clone()));
        let sessions = Sessions::new(authenticator, clock.clone(), Arc::new(SeededIds::new(1)), None);
        Fixture { keys, clock, sessions }
    }

    fn told(secret: &str) -> Told<'_> {
        Told { access_key_id: "AKID", secret, token: None, region: Region::parse("eu-west-1").unwrap() }
    }

    #[tokio::test]
    async fn a_session_is_of_who_tells_the_secret() {
        let Fixture { sessions, .. } = fixture();
        assert_eq!(sessions.begin(told("other")).await.unwrap_err(), AuthError::UnrecognizedClient);
        assert!(sessions.begin(told(&"x".repeat(FIELD_BYTES_MAX + 1))).await.is_err());
        let (cookie, _) = sessions.begin(told("hush")).await.unwrap();
        let found = sessions.find(&cookie).unwrap();
        assert_eq!(
            (&*found.caller.arn, found.region.as_str()),
            ("arn:aws:iam::123456789012:root", "eu-west-1")
        );
        let (other, _) = sessions.begin(told("hush")).await.unwrap();
        assert!(other != cookie && sessions.find(&other).unwrap().csrf != found.csrf);
        sessions.end(&cookie).await;
        assert!(sessions.find(&cookie).is_none() && sessions.find(&other).is_some());
        assert!(sessions.find("").is_none());
    }

    #[tokio::test]
    async fn a_session_ends_with_its_key() {
        let Fixture { keys, sessions, .. } = fixture();
        let (cookie, _) = sessions.begin(told("hush")).await.unwrap();
        let account = AccountId::parse("123456789012").unwrap();
        keys.insert("AKID", Credential::root(account.clone(), "AKID", Secret::new("new")));
        assert!(sessions.find(&cookie).is_none());
        // … for good.
        keys.insert("AKID", Credential::root(account, "AKID", Secret::new("hush")));
        assert!(sessions.find(&cookie).is_none());
    }

    #[tokio::test]
    async fn a_session_ends_after_its_time_and_when_it_is_not_used() {
        let Fixture { clock, sessions, .. } = fixture();
        let (cookie, _) = sessions.begin(told("hush")).await.unwrap();
        let second = Duration::from_secs(1);
        for _ in 0..6 {
            clock.advance(IDLE - second);
            assert!(sessions.find(&cookie).is_some());
        }
        clock.advance(second * 6);
        assert!(sessions.find(&cookie).is_none(), "it has lasted long enough");
        let (cookie, _) = sessions.begin(told("hush")).await.unwrap();
        clock.advance(IDLE);
        assert!(sessions.find(&cookie).is_none(), "nobody used it");
    }

    #[tokio::test]
    async fn of_too_many_sessions_the_one_unused_longest_ends() {
        let Fixture { clock, sessions, .. } = fixture();
        let mut cookies = Vec::new();
        for _ in 0..SESSIONS_MAX {
            clock.advance(Duration::from_millis(1));
            cookies.push(sessions.begin(told("hush")).await.unwrap().0);
        }
        clock.advance(Duration::from_millis(1));
        assert!(sessions.find(&cookies[0]).is_some());
        sessions.begin(told("hush")).await.unwrap();
        assert!(sessions.find(&cookies[0]).is_some());
        assert!(sessions.find(&cookies[1]).is_none());
        assert_eq!(sessions.lock().len(), SESSIONS_MAX);
    }

    #[test]
    fn cookies_of_other_ports_and_sites_are_passed_over() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=1; stepgate-console-4567=other".parse().unwrap());
        headers.append(COOKIE, "stepgate-console-4566=mine; b=2".parse().unwrap());
        assert_eq!(cookie_name("localhost:4566"), "stepgate-console-4566");
        assert_eq!(cookie_name("console.example"), "stepgate-console-default");
        assert_eq!(cookie_name("[::1]"), "stepgate-console-default");
        assert_eq!(cookie(&headers, "stepgate-console-4566"), Some("mine"));
        assert_eq!(cookie(&headers, "stepgate-console-default"), None);
    }
}
