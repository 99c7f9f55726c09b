//! What may be asked of a tenant's signing keys: to be there, to be followed by another, to go.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use uuid::Uuid;

use super::key::{KeyKind, PrivateKey, SigningKey};
use super::rotation::KeyState;
use crate::tenant::audit::{Kind, Note};
use crate::tenant::env::Env;
use crate::tenant::event::Event;
use crate::tenant::ids::Timestamp;
use crate::tenant::rejection::Rejection;
use crate::tenant::secret::{HINT_LENGTH, is_name_taken};
use crate::tenant::state::TenantState;
use crate::tenant::{Command, Decision, Touched};

/// Gives the tenant its first signing key; whoever comes second keeps the first one.
#[derive(Debug)]
pub struct AddFirstSigningKey {
    pub private: PrivateKey,
}

/// A key that takes over once it has been shown for a while.
#[derive(Debug)]
pub struct CreateSigningKey {
    pub name: Box<str>,
    pub private: PrivateKey,
    pub publish_ahead: Duration,
}

/// The same where the tenant wants another kind of key than its newest. Whoever comes second changes nothing.
#[derive(Debug)]
pub struct RenewSigningKey {
    pub private: PrivateKey,
    pub publish_ahead: Duration,
}

/// Only once nobody needs it.
#[derive(Debug)]
pub struct DeleteSigningKey {
    pub kid: Uuid,
}

/// A new key with its `secret`, for the one answer that shows it: the contract has one for each key. It opens nothing.
pub struct NewSigningKey {
    pub key: Arc<SigningKey>,
    pub secret: String,
}

impl fmt::Debug for NewSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewSigningKey({})", self.key.kid)
    }
}

impl Command for AddFirstSigningKey {
    type Outcome = Arc<SigningKey>;

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::SigningKeys]
    }

    fn decide(
        self,
        state: &TenantState,
        env: &Env,
    ) -> Result<Decision<Arc<SigningKey>>, Rejection> {
        if let Some(key) = state.signing_key(env.now) {
            return Ok(Decision::new(Vec::new(), key));
        }
        // There is no other to sign meanwhile.
        let making = Making {
            name: FIRST_KEY_NAME.into(),
            private: self.private,
            signs_from: env.now,
        };
        let made = making.decide(state, env)?;
        Ok(told(made, |shown| shown.key))
    }
}

impl Command for CreateSigningKey {
    type Outcome = NewSigningKey;

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::SigningKeys, Touched::ApiKeys]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<NewSigningKey>, Rejection> {
        if is_name_taken(state, &self.name) {
            return Err(Rejection::KeyNameTaken);
        }
        let making = Making {
            name: self.name,
            private: self.private,
            signs_from: after(env.now, self.publish_ahead),
        };
        making.decide(state, env)
    }
}

impl Command for RenewSigningKey {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::SigningKeys]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        if kind_to_renew(state) != Some(self.private.kind) {
            return Ok(Decision::new(Vec::new(), ()));
        }
        let making = Making {
            name: format!("{} {}", self.private.kind.algorithm(), env.uuid()).into(),
            private: self.private,
            signs_from: after(env.now, self.publish_ahead),
        };
        let made = making.decide(state, env)?;
        Ok(told(made, drop))
    }
}

/// The kind that the tenant's next key should have, where its newest has another and there is room for one more.
pub fn kind_to_renew(state: &TenantState) -> Option<KeyKind> {
    let newest = state.signing_keys.newest()?;
    let wanted = KeyKind::wanted(&state.policy.settings);
    let is_due = newest.private.kind != wanted && state.signing_keys.len() < SIGNING_KEYS_MAX;
    is_due.then_some(wanted)
}

impl Command for DeleteSigningKey {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::SigningKeys]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        let mut keys = state.signing_keys.states(env.now);
        let found = keys.find(|(key, _)| key.kid == self.kid);
        let (key, state) = found.ok_or(Rejection::SecretNotFound)?;
        match state {
            KeyState::Active => return Err(Rejection::SigningKeyInUse),
            KeyState::Retiring => return Err(Rejection::SigningKeyNeeded),
            KeyState::Pending if key.signs_from <= after(env.now, DELETION_TAKES) => {
                return Err(Rejection::SigningKeyInUse);
            }
            KeyState::Pending | KeyState::Retired => {}
        }
        let deleted = vec![Event::SigningKeyDeleted(self.kid)];
        Ok(Decision::new(deleted, ()).noting(Note::of(Kind::SecretDeleted)))
    }
}

/// What every new key has in common.
struct Making {
    name: Box<str>,
    private: PrivateKey,
    signs_from: Timestamp,
}

impl Making {
    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<NewSigningKey>, Rejection> {
        if state.signing_keys.len() >= SIGNING_KEYS_MAX {
            return Err(Rejection::TooManySigningKeys);
        }
        let secret = URL_SAFE.encode(env.secret());
        // Keys stand in the order of their creation, whatever a clock says that was set back.
        let newest = state.signing_keys.newest().map(|key| key.created_at.0);
        let created_at = newest.map_or(env.now.0, |newest| env.now.0.max(newest.saturating_add(1)));
        let key = Arc::new(SigningKey {
            kid: env.uuid(),
            name: self.name,
            hint: secret[..HINT_LENGTH].into(),
            created_at: Timestamp(created_at),
            signs_from: self.signs_from,
            token_lifetime_seconds_max: state.policy.settings.rules.token_lifetime_seconds,
            private: Arc::new(self.private),
        });
        let created = vec![Event::SigningKeyCreated(Arc::clone(&key))];
        let decision = Decision::new(created, NewSigningKey { key, secret });
        Ok(decision.noting(Note::of(Kind::SigningKeyCreated)))
    }
}

/// For whoever does not want to be shown all of it.
fn told<T>(made: Decision<NewSigningKey>, tell: fn(NewSigningKey) -> T) -> Decision<T> {
    Decision {
        events: made.events,
        note: made.note,
        outcome: tell(made.outcome),
    }
}

/// What a longer life of tokens means to the keys that may sign them: each is needed so much longer.
pub fn prolonged(state: &TenantState, lifetime_seconds: u32, now: Timestamp) -> Vec<Event> {
    let keys = state.signing_keys.published(now);
    let shorter = keys.filter(|key| key.token_lifetime_seconds_max < lifetime_seconds);
    let longer = |key: &Arc<SigningKey>| SigningKey {
        token_lifetime_seconds_max: lifetime_seconds,
        ..SigningKey::clone(key)
    };
    shorter
        .map(|key| Event::SigningKeyChanged(Arc::new(longer(key))))
        .collect()
}

fn after(now: Timestamp, pause: Duration) -> Timestamp {
    now.plus_milliseconds(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}

/// As the contract calls the key that a tenant has from the start.
pub const FIRST_KEY_NAME: &str = "Initial JWK Key";

/// The key set is read by everybody who checks tokens, and every request that signs looks through the keys.
pub const SIGNING_KEYS_MAX: usize = 100;

/// Until a deletion is durable its key must not sign. Far longer than any commit takes.
const DELETION_TAKES: Duration = Duration::from_mins(1);
