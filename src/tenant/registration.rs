//! Registration: options for a user, and the credential that comes back.

use uuid::Uuid;

use super::audit::{Kind, Note};
use super::challenge::{Access, Api, Begun, Ceremony, Factor, Purpose};
use super::credential::Credential;
use super::env::Env;
use super::event::Event;
use super::ids::{Challenge, CredentialId, Timestamp, plain_uuid};
use super::packed::{Account, Stored};
use super::policy::Policy;
use super::rejection::Rejection;
use super::state::TenantState;
use super::token::Proof;
use super::user::{Profile, User};
use super::{Command, Decision, Initialize, Touched};
use crate::webauthn::options::{Descriptor, UserEntity};
use crate::webauthn::registration::Registration;

#[derive(Debug)]
pub struct InitializeRegistration {
    pub user: Profile,
    pub factor: Factor,
    pub access: Access,
    pub api: Api,
}

impl Initialize for InitializeRegistration {
    fn note(&self) -> Note {
        Note::of(Kind::begun(self.factor.registration())).about(&self.user.id)
    }

    /// The user's name travels with the challenge; it becomes the user's when a credential is registered.
    fn decide(self, state: &TenantState, env: &Env, worker: u8) -> Result<Begun, Rejection> {
        let rules = &state.policy.settings.rules;
        let account = state.users.get(&self.user.id);
        if account.is_some_and(|account| is_full(account, state)) {
            return Err(Rejection::TooManyCredentials);
        }
        let ceremonies = state.policy.ceremonies(self.factor);
        let challenge = env.challenge(worker);
        let exclude = state
            .credentials_in(account)
            .filter(|_| rules.exclude_credentials)
            .map(descriptor);
        let compact = match self.api {
            Api::Passkey => None,
            // The handle must lead back to the very same id.
            Api::Public => plain_uuid(self.user.id.as_str()),
        };
        let handle = match &compact {
            Some(uuid) => &uuid.as_bytes()[..],
            None => self.user.id.as_str().as_bytes(),
        };
        let template = &state.policy.templates(self.factor).creation;
        let options = template.render(&entity(&self.user, handle), &challenge.0, exclude);
        let ceremony = Ceremony {
            factor: self.factor,
            access: self.access,
            user_verification: ceremonies.user_verification,
            expires_at: ceremonies.expiry(env.now),
            api: self.api,
            purpose: Purpose::Registration {
                user_existed: account.is_some(),
                user: self.user,
            },
        };
        Ok(Begun {
            challenge,
            ceremony,
            options,
        })
    }
}

/// A verified registration, to be made durable.
#[derive(Debug)]
pub struct Register {
    pub challenge: Challenge,
    pub expires_at: Timestamp,
    pub factor: Factor,
    pub user: Profile,
    pub user_existed: bool,
    pub credential_id: CredentialId,
    /// What its authenticator is called, where that is known.
    pub name: Option<Box<str>>,
    pub registration: Registration,
}

impl Command for Register {
    type Outcome = Proof;

    fn touches(&self) -> Vec<Touched> {
        vec![
            Touched::User(self.user.id.clone()),
            Touched::Credential(self.credential_id.clone()),
        ]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<Proof>, Rejection> {
        let account = state.users.get(&self.user.id);
        if self.user_existed && account.is_none() {
            return Err(Rejection::UserGone);
        }
        if account.is_some_and(|account| is_full(account, state)) {
            return Err(Rejection::TooManyCredentials);
        }
        // L3 §7.1 step 27: the id must not be known, for this user or for another.
        if state.credentials.contains_key(&self.credential_id) {
            return Err(Rejection::CredentialTaken);
        }
        let user = User {
            internal_id: account.map_or_else(|| env.uuid(), Account::internal_id),
            created_at: account.map_or(env.now, Account::created_at),
            profile: self.profile(account),
        };
        let consumed = Event::ChallengeConsumed {
            challenge: self.challenge,
            expires_at: self.expires_at,
        };
        let outcome = Proof {
            user: self.user.id.clone(),
            credential: self.credential_id.clone(),
            operation: self.factor.registration(),
            transaction: None,
            user_verified: self.registration.user_verified,
            backup_eligible: self.registration.backup_eligible,
        };
        let registered = Event::CredentialRegistered(self.credential(env.now));
        Ok(outcome.decided(vec![consumed, Event::UserSaved(user), registered]))
    }

    /// Only a challenge that was accepted before a restart is in the store and not in the state.
    fn on_conflict() -> Rejection {
        Rejection::ChallengeUnknown
    }
}

impl Register {
    /// Only the Public API knows an address; a registration at the other does not take it away.
    fn profile(&self, account: Option<Account<'_>>) -> Profile {
        let known = account.and_then(Account::email);
        Profile {
            email: self.user.email.clone().or(known),
            ..self.user.clone()
        }
    }

    fn credential(self, now: Timestamp) -> Credential {
        let registration = self.registration;
        Credential {
            id: self.credential_id,
            user: self.user.id,
            public_key: registration.public_key.into(),
            name: self
                .name
                .unwrap_or_else(|| default_name(&registration.transports).into()),
            aaguid: Uuid::from_bytes(registration.aaguid),
            attestation_format: registration.attestation_format,
            attestation_verified: registration.attestation_type.is_verified(),
            transports: registration.transports.join(",").into(),
            counter: registration.counter,
            user_verified: registration.user_verified,
            backup_eligible: registration.backup_eligible,
            backed_up: registration.backed_up,
            is_mfa: self.factor == Factor::Mfa,
            created_at: now,
            last_used_at: now,
            backup_eligible_changed: false,
        }
    }
}

impl Policy {
    fn credentials_per_user(&self) -> usize {
        usize::try_from(self.settings.rules.credentials_per_user).unwrap_or(usize::MAX)
    }
}

fn is_full(account: Account<'_>, state: &TenantState) -> bool {
    account.credentials_count() >= state.policy.credentials_per_user()
}

/// Something a person recognises in a list, where the authenticator is none that we know by name.
fn default_name(transports: &[String]) -> &'static str {
    let has = |name: &str| transports.iter().any(|transport| transport == name);
    if has("internal") {
        "Passkey on this device"
    } else if has("hybrid") || has("cable") {
        "Passkey on a phone"
    } else if has("usb") || has("nfc") || has("ble") {
        "Security key"
    } else {
        "Passkey"
    }
}

fn entity<'a>(user: &'a Profile, handle: &'a [u8]) -> UserEntity<'a> {
    UserEntity {
        id: handle,
        name: &user.name,
        display_name: &user.display_name,
        icon: user.icon.as_deref(),
    }
}

fn descriptor(credential: Stored<'_>) -> Descriptor<'_> {
    Descriptor {
        id: credential.id_bytes(),
        transports: credential.transports(),
    }
}
