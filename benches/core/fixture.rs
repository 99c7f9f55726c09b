//! A tenant to measure with: its settings, its user, its credentials. The same at every run but for the environment.

use std::time::{SystemTime, UNIX_EPOCH};

use keywright::forge::ec2_key;
use keywright::tenant::credential::Credential;
use keywright::tenant::env::{Env, RANDOM_BYTES};
use keywright::tenant::event::{Event, TenantProfile};
use keywright::tenant::ids::{CredentialId, TenantId, Timestamp, UserId};
use keywright::tenant::settings::{Cors, RelyingParty, Rules, Settings};
use keywright::tenant::state::TenantState;
use keywright::tenant::user::{Profile, User};
use rand::RngExt;
use uuid::Uuid;

pub(crate) const RP_ID: &str = "example.org";
pub(crate) const ORIGIN: &str = "https://example.org";
pub(crate) const NOW: Timestamp = Timestamp(1_795_000_000_000_000);

/// Time and randomness as the server makes them for each decision of an actor.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench is its own composition root"
)]
pub(crate) fn environment() -> Env {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since_epoch.unwrap_or_default().as_micros();
    let mut random = [0; RANDOM_BYTES];
    rand::rng().fill(&mut random);
    Env {
        now: Timestamp(u64::try_from(micros).unwrap_or(u64::MAX)),
        random,
    }
}

/// An environment that costs nothing.
pub(crate) const fn still() -> Env {
    Env {
        now: NOW,
        random: [42; RANDOM_BYTES],
    }
}

pub(crate) fn settings() -> Settings {
    let cors = Cors {
        allowed_origins: vec![ORIGIN.to_owned()],
        allow_unsafe_wildcard: false,
    };
    let relying_party = RelyingParty {
        id: RP_ID.to_owned(),
        display_name: "An example".to_owned(),
        icon: None,
        origins: vec![ORIGIN.to_owned()],
        related_origins: Vec::new(),
        top_origins: Vec::new(),
        allow_cross_origin: false,
    };
    Settings {
        rules: Rules {
            credentials_per_user: 1_000,
            ..Rules::DEFAULT
        },
        ..Settings::new(cors, relying_party, TIMEOUT_MILLISECONDS)
    }
}

pub(crate) fn tenant_profile() -> TenantProfile {
    TenantProfile {
        display_name: "A tenant".into(),
        settings: settings(),
        created_at: NOW,
    }
}

/// A tenant whose user 0 has so many credentials. Without any there is no user: one exists once a credential does.
pub(crate) fn tenant_state(credentials: u64) -> TenantState {
    let mut state = TenantState::new(TenantId(Uuid::from_u128(1)), tenant_profile());
    if credentials > 0 {
        state.apply(Event::UserSaved(user(0)), 1);
    }
    for number in 0..credentials {
        state.apply(Event::CredentialRegistered(credential(number, 0)), 1);
    }
    state
}

pub(crate) fn user_id(number: u64) -> UserId {
    let text = Uuid::from_u64_pair(number, 0).to_string();
    UserId::parse(&text).expect("a UUID is neither empty nor too long")
}

pub(crate) fn profile(number: u64) -> Profile {
    Profile {
        id: user_id(number),
        name: "somebody@example.org".into(),
        display_name: "Somebody With A Name".into(),
        icon: None,
        email: None,
    }
}

pub(crate) fn user(number: u64) -> User {
    User {
        profile: profile(number),
        internal_id: Uuid::from_u64_pair(0, number),
        created_at: NOW,
    }
}

pub(crate) fn credential_id(number: u64) -> CredentialId {
    let mut bytes = [0xc5; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    CredentialId::parse(&bytes).expect("32 bytes are enough and not too many")
}

/// Of ES256, as it is encoded; on no curve, which nobody looks at who reads it back.
fn public_key(number: u64) -> Vec<u8> {
    let mut coordinate = [0x77; 32];
    coordinate[..8].copy_from_slice(&number.to_be_bytes());
    ec2_key(-7, 1, &coordinate, &[0x77; 32])
}

/// Made at a time that has nothing to do with its id, as in life: those who read tenants back put them in order.
pub(crate) fn credential(number: u64, of_user: u64) -> Credential {
    Credential {
        id: credential_id(number),
        user: user_id(of_user),
        public_key: public_key(number).into(),
        name: "Passkey on this device".into(),
        aaguid: Uuid::from_u64_pair(7, 7),
        attestation_format: "none".into(),
        attestation_verified: false,
        transports: "hybrid,internal".into(),
        counter: 0,
        user_verified: true,
        backup_eligible: true,
        backed_up: true,
        is_mfa: false,
        created_at: Timestamp(NOW.0 + number * 2_654_435_761 % 1_000_000_007),
        last_used_at: NOW,
        backup_eligible_changed: false,
    }
}

const TIMEOUT_MILLISECONDS: i64 = 300_000;
