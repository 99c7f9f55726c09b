//! Login: options for a known user or for anybody, and the assertion that comes back.

use uuid::Uuid;

use super::audit::{Kind, Note};
use super::challenge::{Access, Api, Begun, Ceremony, Factor, Purpose};
use super::credential::Credential;
use super::env::Env;
use super::event::Event;
use super::ids::{Challenge, CredentialId, Timestamp, UserId};
use super::packed::Stored;
use super::rejection::Rejection;
use super::settings::{BackupEligibleChange, CounterPolicy};
use super::state::TenantState;
use super::token::Proof;
use super::{Command, Decision, Initialize, Touched};
use crate::webauthn::authentication::Authentication;
use crate::webauthn::options::Descriptor;

#[derive(Debug)]
pub struct InitializeLogin {
    /// `None`: discoverable, whoever has a passkey of the tenant.
    pub user: Option<UserId>,
    pub factor: Factor,
    pub access: Access,
    pub api: Api,
}

impl Initialize for InitializeLogin {
    fn note(&self) -> Note {
        Note {
            user: self.user.clone(),
            ..Note::of(Kind::begun(self.factor.login()))
        }
    }

    fn decide(self, state: &TenantState, env: &Env, worker: u8) -> Result<Begun, Rejection> {
        let allowed = match &self.user {
            Some(user) => allowed(state, user, self.factor)?,
            None => Vec::new(),
        };
        let offer = Offer {
            user: self.user,
            allowed,
            factor: self.factor,
            access: self.access,
            api: self.api,
        };
        Ok(offer.begin(state, env, worker))
    }
}

/// A login that may begin: for whom, and with what.
pub(super) struct Offer {
    pub(super) user: Option<UserId>,
    pub(super) allowed: Vec<CredentialId>,
    pub(super) factor: Factor,
    pub(super) access: Access,
    pub(super) api: Api,
}

impl Offer {
    pub(super) fn begin(self, state: &TenantState, env: &Env, worker: u8) -> Begun {
        let ceremonies = state.policy.ceremonies(self.factor);
        let challenge = env.challenge(worker);
        let template = &state.policy.templates(self.factor).request;
        let options = template.render(&challenge.0, self.allowed.iter().map(descriptor));
        let ceremony = Ceremony {
            purpose: Purpose::Login {
                user: self.user,
                allowed: self.allowed,
            },
            factor: self.factor,
            access: self.access,
            user_verification: ceremonies.user_verification,
            expires_at: ceremonies.expiry(env.now),
            api: self.api,
        };
        Begun {
            challenge,
            ceremony,
            options,
        }
    }
}

/// What an assertion claims: which credential it is from, whose, under which ceremony.
#[derive(Debug)]
pub struct Claim<'a> {
    pub credential: &'a CredentialId,
    pub user_handle: Option<&'a [u8]>,
    pub factor: Factor,
    /// The user and the credentials that the ceremony is for; no user when it is discoverable.
    pub user: Option<&'a UserId>,
    pub allowed: &'a [CredentialId],
}

/// Finds the credential whose signature is to be checked (L3 §7.2 steps 5 and 6). A second factor is its user's by the ceremony
/// alone: the contract (§2.8) has the handle ignored.
pub fn credential_for(claim: &Claim<'_>, state: &TenantState) -> Result<Credential, Rejection> {
    let user = match claim.user {
        Some(user) => {
            if claim.factor == Factor::Passkey {
                same_user(claim.user_handle, user)?;
            }
            if !state.users.contains_key(user) {
                return Err(Rejection::UserUnknown);
            }
            if !claim.allowed.contains(claim.credential) {
                return Err(Rejection::CredentialNotAllowed);
            }
            user.clone()
        }
        None => user_of_handle(claim.user_handle, state)?,
    };
    let stored = state.credential(claim.credential);
    stored
        .filter(|stored| stored.is_of(&user) && is_usable(*stored, claim.factor))
        .map(Stored::credential)
        .ok_or(Rejection::CredentialUnknown)
}

/// A verified assertion, to be made durable.
#[derive(Debug)]
pub struct Login {
    pub challenge: Challenge,
    pub expires_at: Timestamp,
    pub factor: Factor,
    /// As it was when its signature was checked.
    pub credential: Credential,
    pub authentication: Authentication,
}

impl Command for Login {
    type Outcome = Proof;

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::Credential(self.credential.id.clone())]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<Proof>, Rejection> {
        let mut credential = self.still_registered(state)?;
        let rules = &state.policy.settings.rules;
        let shrinks = !grows(credential.counter, self.authentication.counter);
        if rules.counter == CounterPolicy::Reject && shrinks {
            return Err(Rejection::CounterNotGreater);
        }
        let eligible = self.authentication.backup_eligible;
        let changes = eligible != credential.backup_eligible;
        if changes && !may_change(rules.backup_eligible_change, &credential) {
            return Err(Rejection::BackupEligibilityChanged);
        }
        let accepted = accepted(shrinks, changes);
        credential.counter = self.authentication.counter;
        credential.backup_eligible = eligible;
        credential.backup_eligible_changed |= changes;
        credential.backed_up = self.authentication.backed_up;
        credential.user_verified |= self.authentication.user_verified;
        credential.last_used_at = env.now;
        let outcome = Proof {
            user: credential.user.clone(),
            credential: credential.id.clone(),
            operation: self.factor.login(),
            transaction: None,
            user_verified: self.authentication.user_verified,
            backup_eligible: eligible,
        };
        let consumed = Event::ChallengeConsumed {
            challenge: self.challenge,
            expires_at: self.expires_at,
        };
        let events = vec![consumed, Event::CredentialChanged(credential)];
        Ok(outcome.decided(events).accepting(accepted.as_deref()))
    }

    /// Only a challenge that was accepted before a restart is in the store and not in the state.
    fn on_conflict() -> Rejection {
        Rejection::ChallengeUnknown
    }
}

impl Login {
    /// The credential as it is now. It may have been used meanwhile, but not deleted, nor registered again with another key.
    fn still_registered(&self, state: &TenantState) -> Result<Credential, Rejection> {
        let stored = state.credential(&self.credential.id);
        stored
            .map(Stored::credential)
            .filter(|now| {
                now.public_key == self.credential.public_key && now.user == self.credential.user
            })
            .ok_or(Rejection::CredentialUnknown)
    }
}

/// What may be used, in the order of registration.
pub(super) fn allowed(
    state: &TenantState,
    user: &UserId,
    factor: Factor,
) -> Result<Vec<CredentialId>, Rejection> {
    let account = state.users.get(user).ok_or(Rejection::UserNotFound)?;
    let usable = state
        .credentials_in(Some(account))
        .filter(|stored| is_usable(*stored, factor));
    let allowed: Vec<CredentialId> = usable.map(Stored::id).collect();
    if allowed.is_empty() {
        return Err(Rejection::NoUsableCredential);
    }
    Ok(allowed)
}

/// A second factor never signs in by itself; a passkey may serve as a second factor.
fn is_usable(stored: Stored<'_>, factor: Factor) -> bool {
    match factor {
        Factor::Passkey => !stored.is_mfa(),
        Factor::Mfa => true,
    }
}

const fn may_change(rule: BackupEligibleChange, credential: &Credential) -> bool {
    match rule {
        BackupEligibleChange::Reject => false,
        BackupEligibleChange::AcceptOnce => !credential.backup_eligible_changed,
        BackupEligibleChange::Warn => true,
    }
}

/// Zero on both sides: an authenticator without a counter (L3 §7.2 step 23).
const fn grows(stored: u32, received: u32) -> bool {
    received > stored || (received == 0 && stored == 0)
}

/// What was wrong with an assertion that the tenant's rules let pass.
fn accepted(shrinks: bool, changes: bool) -> Option<String> {
    let wrong = [
        shrinks.then_some(Rejection::CounterNotGreater),
        changes.then_some(Rejection::BackupEligibilityChanged),
    ];
    let wrong: Vec<String> = wrong.iter().flatten().map(Rejection::to_string).collect();
    (!wrong.is_empty()).then(|| format!("accepted, although {}", wrong.join(" and ")))
}

fn user_of_handle(handle: Option<&[u8]>, state: &TenantState) -> Result<UserId, Rejection> {
    let handle = handle.ok_or(Rejection::UserHandleUnreadable)?;
    let known = |user: &UserId| state.users.contains_key(user);
    let user = spellings(handle).into_iter().flatten().find(known);
    user.ok_or(if is_uuid(handle) {
        Rejection::UserHandleUnknown
    } else {
        Rejection::UserHandleUnreadable
    })
}

fn is_uuid(handle: &[u8]) -> bool {
    let text = std::str::from_utf8(handle);
    handle.len() == 16 || text.is_ok_and(|text| Uuid::try_parse(text).is_ok())
}

/// Authenticators may leave the handle out where the user is known; one that sends it must send the right one.
fn same_user(handle: Option<&[u8]>, user: &UserId) -> Result<(), Rejection> {
    match handle {
        Some(handle)
            if !spellings(handle)
                .into_iter()
                .flatten()
                .any(|spelt| spelt == *user) =>
        {
            Err(Rejection::UserHandleMismatch)
        }
        _ => Ok(()),
    }
}

/// A handle is the user id's UTF-8 bytes, or else the 16 bytes of a UUID: passkeys made by old installs or on the other API.
fn spellings(handle: &[u8]) -> [Option<UserId>; 2] {
    let text = std::str::from_utf8(handle).ok().and_then(UserId::parse);
    let uuid = Uuid::from_slice(handle).ok();
    [text, uuid.and_then(|uuid| UserId::parse(&uuid.to_string()))]
}

/// Transports are left out on purpose: with them some platforms offer only the built-in authenticator.
pub(super) fn descriptor(id: &CredentialId) -> Descriptor<'_> {
    Descriptor {
        id: id.as_bytes(),
        transports: "",
    }
}
