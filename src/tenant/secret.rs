//! API keys: made here, shown once, kept as digests.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use uuid::Uuid;

use super::audit::{Kind, Note};
use super::env::Env;
use super::event::Event;
use super::ids::{Timestamp, uuid_bytes};
use super::rejection::Rejection;
use super::state::TenantState;
use super::token::commands::FIRST_KEY_NAME;
use super::{Command, Decision, Touched};

/// The digest, which every request compares with, comes first in memory: so it lies in one cache line.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
#[repr(C)]
pub struct ApiKey {
    #[cbor(n(2), with = "minicbor::bytes")]
    pub digest: [u8; 32],
    #[cbor(n(0), with = "uuid_bytes")]
    pub id: Uuid,
    #[n(1)]
    pub name: Box<str>,
    /// The first characters of the key, to tell it from the others in a list.
    #[n(3)]
    pub hint: Box<str>,
    #[n(4)]
    pub created_at: Timestamp,
    /// By a settings file, which also takes it away again.
    #[cbor(n(5), default)]
    pub declared: bool,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.id)
    }
}

impl ApiKey {
    /// A new key and its text, which nobody can tell again.
    pub fn generate(name: &str, env: &Env) -> (Self, NewApiKey) {
        let secret = URL_SAFE.encode(env.secret());
        let key = Self {
            id: env.uuid(),
            name: name.into(),
            digest: digest(secret.as_bytes()),
            hint: secret[..HINT_LENGTH].into(),
            created_at: env.now,
            declared: false,
        };
        let shown = NewApiKey {
            id: key.id,
            name: key.name.clone(),
            secret,
            created_at: key.created_at,
        };
        (key, shown)
    }
}

/// An API key with its text, for the one answer that shows it.
#[derive(PartialEq, Eq)]
pub struct NewApiKey {
    pub id: Uuid,
    pub name: Box<str>,
    pub secret: String,
    pub created_at: Timestamp,
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewApiKey({})", self.id)
    }
}

/// Whether `presented` is one of the keys. Every key is compared in full, so the time tells nothing.
pub fn is_api_key(keys: &[ApiKey], presented: &[u8]) -> bool {
    let digest = digest(presented);
    let digest = halves(&digest);
    let matching = keys.iter().fold(Choice::from(0), |found, key| {
        let [first, second] = halves(&key.digest);
        found | first.ct_eq(&digest[0]) & second.ct_eq(&digest[1])
    });
    matching.into()
}

/// Two numbers are compared in less time than 32 bytes, and as constant.
fn halves(digest: &[u8; 32]) -> [u128; 2] {
    let (halves, _) = digest.as_chunks();
    [halves[0], halves[1]].map(u128::from_ne_bytes)
}

#[derive(Debug)]
pub struct CreateApiKey {
    pub name: Box<str>,
}

impl Command for CreateApiKey {
    type Outcome = NewApiKey;

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::ApiKeys, Touched::SigningKeys]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<NewApiKey>, Rejection> {
        if is_name_taken(state, &self.name) {
            return Err(Rejection::KeyNameTaken);
        }
        if state.api_keys.len() >= API_KEYS_MAX {
            return Err(Rejection::TooManyApiKeys);
        }
        let (key, shown) = ApiKey::generate(&self.name, env);
        let created = vec![Event::ApiKeyCreated(key)];
        Ok(Decision::new(created, shown).noting(Note::of(Kind::SecretCreated)))
    }
}

/// A new key in the place of the one of that name, if there is one.
#[derive(Debug)]
pub struct ReplaceApiKey {
    pub name: Box<str>,
}

impl Command for ReplaceApiKey {
    type Outcome = NewApiKey;

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::ApiKeys]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<NewApiKey>, Rejection> {
        let (key, shown) = ApiKey::generate(&self.name, env);
        let replaced = state.api_keys.iter().filter(|key| key.name == self.name);
        let mut events: Vec<Event> = replaced.map(|key| Event::ApiKeyDeleted(key.id)).collect();
        events.push(Event::ApiKeyCreated(key));
        Ok(Decision::new(events, shown).noting(Note::of(Kind::SecretCreated)))
    }
}

#[derive(Debug)]
pub struct DeleteApiKey {
    pub id: Uuid,
}

impl Command for DeleteApiKey {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::ApiKeys]
    }

    fn decide(self, state: &TenantState, _: &Env) -> Result<Decision<()>, Rejection> {
        if !state.api_keys.iter().any(|key| key.id == self.id) {
            return Err(Rejection::SecretNotFound);
        }
        let deleted = vec![Event::ApiKeyDeleted(self.id)];
        Ok(Decision::new(deleted, ()).noting(Note::of(Kind::SecretDeleted)))
    }
}

/// Keys of both kinds share their names (contract §5.4). The first signing key has its name before it is made.
pub(super) fn is_name_taken(state: &TenantState, name: &str) -> bool {
    state.api_keys.iter().any(|key| *key.name == *name)
        || state.signing_keys.iter().any(|key| *key.name == *name)
        || state.session_keys.iter().any(|key| *key.name == *name)
        || name == FIRST_KEY_NAME && state.signing_keys.is_empty()
}

/// The keys have 512 random bits, so a plain digest is as good as a slow one.
pub(super) fn digest(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

pub(super) const HINT_LENGTH: usize = 4;

/// Every request compares with every key, so their number is bounded.
pub(super) const API_KEYS_MAX: usize = 100;
