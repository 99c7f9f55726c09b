//! The core: given events, when a command is decided, then events or a rejection. Nothing here waits or chances.

mod audit;
mod authenticator;
mod canonical_json;
mod declared;
mod decoy;
pub(crate) mod issuer;
mod keys;
mod login;
mod pending;
mod registration;
mod rotation;
mod session;
mod session_tokens;
mod settings;
mod tokens;
mod transaction;
mod user;

use uuid::Uuid;

use super::challenge::{Access, Api, Ceremony, Factor, Purpose};
use super::credential::Credential;
use super::env::{Env, RANDOM_BYTES};
use super::event::{Event, TenantProfile};
use super::ids::{Challenge, CredentialId, TenantId, Timestamp, UserId};
use super::registration::Register;
use super::settings::{Ceremonies, Cors, RelyingParty, Rules, Settings};
use super::state::TenantState;
use super::user::{Profile, User};
use crate::webauthn::attestation::AttestationType;
use crate::webauthn::cose::Algorithm;
use crate::webauthn::options::UserVerification;
use crate::webauthn::registration::Registration;

/// A tenant to which this has happened, each event by a commit of its own.
pub(crate) fn given(events: Vec<Event>) -> TenantState {
    given_rules(Rules::DEFAULT, events)
}

fn given_rules(rules: Rules, events: Vec<Event>) -> TenantState {
    let mut state = TenantState::new(TenantId(Uuid::nil()), profile(rules));
    for (event, revision) in events.into_iter().zip(1..) {
        state.apply(event, revision);
    }
    state
}

pub(crate) fn profile(rules: Rules) -> TenantProfile {
    let origin = "https://example.org".to_owned();
    let cors = Cors {
        allowed_origins: vec![origin.clone()],
        allow_unsafe_wildcard: false,
    };
    let relying_party = RelyingParty {
        id: "example.org".to_owned(),
        display_name: "Shop".to_owned(),
        icon: None,
        origins: vec![origin],
        related_origins: Vec::new(),
        top_origins: Vec::new(),
        allow_cross_origin: false,
    };
    TenantProfile {
        display_name: "Shop".into(),
        created_at: Timestamp(0),
        settings: Settings {
            mfa: Ceremonies::mfa(30_000),
            rules,
            ..Settings::new(cors, relying_party, 60_000)
        },
    }
}

/// A moment, and random bytes that tell it from others.
fn env(seconds: u64) -> Env {
    Env {
        now: Timestamp(seconds * 1_000_000),
        random: [seconds.to_le_bytes()[0]; RANDOM_BYTES],
    }
}

/// A discoverable login.
pub(crate) fn ceremony(access: Access, expires_at: u64) -> Ceremony {
    Ceremony {
        purpose: Purpose::Login {
            user: None,
            allowed: Vec::new(),
        },
        factor: Factor::Passkey,
        access,
        user_verification: UserVerification::Preferred,
        expires_at: Timestamp(expires_at),
        api: Api::Passkey,
    }
}

fn challenge(number: u8) -> Challenge {
    Challenge([number; 32])
}

fn credential_id(text: &str) -> CredentialId {
    CredentialId::parse(text.as_bytes()).unwrap()
}

fn user_id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

fn person(id: &str) -> Profile {
    Profile {
        id: user_id(id),
        name: format!("{id}@example.org").into(),
        display_name: id.into(),
        icon: None,
        email: None,
    }
}

fn user_saved(id: &str) -> Event {
    Event::UserSaved(User {
        profile: person(id),
        internal_id: Uuid::from_u128(7),
        created_at: Timestamp(1),
    })
}

/// A user with one passkey whose counter stands at 10.
pub(crate) fn registered(user: &str, credential: &str) -> Vec<Event> {
    vec![
        user_saved(user),
        Event::CredentialRegistered(passkey(user, credential)),
    ]
}

fn passkey(user: &str, id: &str) -> Credential {
    Credential {
        id: credential_id(id),
        user: user_id(user),
        public_key: b"a key".as_slice().into(),
        name: "Passkey".into(),
        aaguid: Uuid::nil(),
        attestation_format: "none".into(),
        attestation_verified: false,
        transports: "internal".into(),
        counter: 10,
        user_verified: true,
        backup_eligible: false,
        backed_up: false,
        is_mfa: false,
        created_at: Timestamp(1),
        last_used_at: Timestamp(1),
        backup_eligible_changed: false,
    }
}

fn register(user: &str, credential: &str) -> Register {
    Register {
        challenge: challenge(1),
        expires_at: Timestamp(99),
        factor: Factor::Passkey,
        user: person(user),
        user_existed: false,
        credential_id: credential_id(credential),
        name: None,
        registration: Registration {
            credential_id: credential.as_bytes().to_vec(),
            public_key: b"a key".to_vec(),
            algorithm: Algorithm::Es256,
            counter: 3,
            aaguid: [5; 16],
            user_verified: true,
            backup_eligible: true,
            backed_up: false,
            attestation_format: "none".into(),
            attestation_type: AttestationType::None,
            transports: vec!["internal".to_owned(), "hybrid".to_owned()],
        },
    }
}
