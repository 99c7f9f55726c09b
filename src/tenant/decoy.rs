//! Credentials that nobody has, for logins of users whom nobody knows: who asks cannot tell them from those of a user who is
//! there. They follow from the user's id and a key of the tenant, so that whoever asks again gets the same.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::audit::{Kind, Note};
use super::challenge::{Access, Api, Begun, Factor};
use super::env::Env;
use super::event::Event;
use super::ids::{CredentialId, UserId};
use super::login::{Offer, allowed};
use super::rejection::Rejection;
use super::state::TenantState;
use super::{Command, Decision, Initialize, Touched};

/// Made once and kept for good: a decoy that changed would be none.
#[derive(Clone)]
pub struct DecoyKey(hmac::Key, Zeroizing<[u8; 32]>);

impl DecoyKey {
    pub fn new(secret: [u8; 32]) -> Self {
        let secret = Zeroizing::new(secret);
        Self(hmac::Key::new(hmac::HMAC_SHA256, &*secret), secret)
    }

    pub fn secret(&self) -> &[u8; 32] {
        &self.1
    }

    /// One, and for some users two; as long as the ids that authenticators make.
    fn decoys(&self, user: &str) -> Vec<CredentialId> {
        let choice = self.draw(0, user);
        let count = if choice[0] < 64 { 2 } else { 1 };
        let numbers = (1..=count).zip(&choice[1..]);
        numbers
            .filter_map(|(number, choice)| {
                let halves = [self.draw(2 * number, user), self.draw(2 * number + 1, user)];
                let length = LENGTHS[usize::from(*choice) % LENGTHS.len()];
                CredentialId::parse(&halves.concat()[..length])
            })
            .collect()
    }

    /// Whom a ceremony is for whose user id cannot be one.
    fn stand_in(&self, text: &str) -> UserId {
        let name = self.draw(u8::MAX, text).map(|byte| format!("{byte:02x}"));
        UserId::parse(&name.concat()).expect("64 digits make a user id")
    }

    fn draw(&self, number: u8, user: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&[number]);
        context.update(user.as_bytes());
        let tag = context.sign();
        tag.as_ref()
            .try_into()
            .expect("a tag of SHA-256 has 32 bytes")
    }
}

impl fmt::Debug for DecoyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecoyKey")
    }
}

/// A login of whoever has that id. Where nobody does, or they have no passkey, it is begun all the same, and never ends well.
#[derive(Debug)]
pub struct InitializeLoginOf {
    pub user_id: Box<str>,
    pub key: Arc<DecoyKey>,
}

impl Initialize for InitializeLoginOf {
    fn note(&self) -> Note {
        Note {
            user: UserId::parse(&self.user_id),
            ..Note::of(Kind::begun(Factor::Passkey.login()))
        }
    }

    fn decide(self, state: &TenantState, env: &Env, worker: u8) -> Result<Begun, Rejection> {
        let spelt = canonical(&self.user_id);
        // Made for everybody, and for most in vain: the time tells nothing either.
        let (decoys, stand_in) = (self.key.decoys(&spelt), self.key.stand_in(&spelt));
        let user = known(state, &self.user_id)
            .or_else(|| UserId::parse(&spelt))
            .unwrap_or(stand_in);
        let offer = Offer {
            allowed: allowed(state, &user, Factor::Passkey).unwrap_or(decoys),
            user: Some(user),
            factor: Factor::Passkey,
            access: Access::Unkeyed,
            api: Api::Public,
        };
        Ok(offer.begin(state, env, worker))
    }
}

/// A UUID is the same in any spelling; all else is as it is.
fn canonical(text: &str) -> Box<str> {
    let uuid = Uuid::try_parse(text);
    uuid.map_or_else(|_| text.into(), |uuid| uuid.to_string().into())
}

/// One whose very id is spelt so comes first.
fn known(state: &TenantState, text: &str) -> Option<UserId> {
    UserId::parse(text).filter(|user| state.users.contains_key(user))
}

/// Gives the tenant its key; whoever comes second keeps the first one.
#[derive(Debug)]
pub struct CreateDecoyKey;

impl Command for CreateDecoyKey {
    type Outcome = Arc<DecoyKey>;

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::DecoyKey]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<Arc<DecoyKey>>, Rejection> {
        if let Some(key) = &state.decoy_key {
            return Ok(Decision::new(Vec::new(), Arc::clone(key)));
        }
        let mut secret = [0; 32];
        secret.copy_from_slice(&env.secret()[..32]);
        let key = Arc::new(DecoyKey::new(secret));
        let created = vec![Event::DecoyKeyCreated(Arc::clone(&key))];
        Ok(Decision::new(created, key))
    }
}

/// Of the ids of real credentials: platforms and password managers have 16, 20 or 32 bytes, security keys up to 64.
const LENGTHS: [usize; 8] = [16, 16, 16, 20, 20, 32, 32, 64];
