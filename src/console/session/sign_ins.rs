//! Who has signed in, as all nodes know it.

use std::sync::{Arc, Mutex, PoisonError};

use super::super::oidc::{Granted, Person};
use super::{IDLE, LASTS, Proof, Session};
use crate::clock::Clock;
use crate::id::Region;
use crate::identity::{Caller, SessionError, Sessions, SignIn};
use crate::store::Changed;

/// Sessions of the console in the store.
pub(in super::super) struct SignIns {
    sessions: Sessions,
    clock: Arc<dyn Clock>,
    /// Tells that some have ended elsewhere.
    ended: Mutex<Changed>,
}

impl SignIns {
    /// Those of the nodes that share the store; `None` if nobody does.
    pub(in super::super) fn of(sessions: &Sessions, clock: Arc<dyn Clock>) -> Option<Self> {
        let sessions = sessions.are_shared().then(|| sessions.clone())?;
        let ended = Mutex::new(sessions.sign_ins_ended());
        Some(Self { sessions, clock, ended })
    }

    /// Whether some have ended elsewhere since this was asked last.
    pub(super) fn have_ended(&self) -> bool {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let have = ended.has_changed().unwrap_or(false);
        ended.mark_unchanged();
        have
    }

    /// Lets others know of a session. If that fails, it is one of this node alone.
    pub(super) async fn tell(&self, key: &[u8; 32], session: &Session) {
        let now = self.clock.now();
        let over = (now - LASTS, now - IDLE);
        noted(self.sessions.sign_in(id(key), now, stored(session), over).await);
    }

    pub(super) async fn used(&self, key: &[u8; 32]) {
        noted(self.sessions.sign_in_was_used(id(key), self.clock.now()).await);
    }

    pub(super) async fn end(&self, key: &[u8; 32]) {
        noted(self.sessions.sign_out(id(key)).await);
    }

    /// A session that another node began, or this one before it was started again.
    pub(super) async fn find<F>(&self, key: &[u8; 32], federate: impl FnOnce(Person) -> F) -> Option<Session>
    where
        F: Future<Output = Option<Caller>>,
    {
        let found = self.sessions.find_sign_in(id(key)).await;
        let (began, used, sign_in) = found.unwrap_or_else(|error| {
            noted(Err(error));
            None
        })?;
        let SignIn { region, csrf, name, secret, token, subject, role } = sign_in;
        let proof = match secret {
            Some(secret) => Proof::Key { access_key_id: name, secret, token },
            None => {
                let person = Person { subject: subject?, name, granted: granted(&role?)? };
                Proof::Said(Box::new((federate(person.clone()).await?, person)))
            }
        };
        // In the time of this process, which began later than they may have.
        let (wall, now) = (self.clock.now(), self.clock.monotonic());
        let (age, idle) = (wall.since(began), wall.since(used));
        if LASTS <= age || IDLE <= idle {
            return None;
        }
        Some(Session {
            proof,
            region: Region::parse(&region)?,
            csrf: csrf.into(),
            ends: now + (LASTS - age),
            used: now,
            told: now.saturating_sub(idle),
        })
    }
}

/// What others find it by: a digest of what the cookie says, which is not to be had from it.
fn id(key: &[u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn stored(session: &Session) -> SignIn {
    let (region, csrf) = (session.region.as_str().to_owned(), session.csrf.to_string());
    match &session.proof {
        Proof::Key { access_key_id, secret, token } => SignIn {
            region,
            csrf,
            name: access_key_id.clone(),
            secret: Some(secret.clone()),
            token: token.clone(),
            subject: None,
            role: None,
        },
        Proof::Said(said) => SignIn {
            region,
            csrf,
            name: said.1.name.clone(),
            secret: None,
            token: None,
            subject: Some(said.1.subject.clone()),
            role: Some(role(&said.1.granted).to_owned()),
        },
    }
}

/// How a role of the console is stored. Sessions of IAM's roles have keys.
fn role(granted: &Granted) -> &str {
    match granted {
        Granted::Admin => "admin",
        Granted::Developer => "developer",
        Granted::Viewer => "viewer",
        Granted::Role(arn) => arn,
    }
}

fn granted(role: &str) -> Option<Granted> {
    match role {
        "admin" => Some(Granted::Admin),
        "developer" => Some(Granted::Developer),
        "viewer" => Some(Granted::Viewer),
        _ => None,
    }
}

fn noted(result: Result<(), SessionError>) {
    if let Err(error) = result {
        tracing::error!(%error, "sessions of the console, which other nodes should know");
    }
}
